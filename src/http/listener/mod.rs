//! Takes connections from a network that is not trusted and serves the routes on them.
//!
//! `warp::serve` has no header timeout, accepts HTTP/2 prior knowledge and counts nothing, so this is
//! a loop of our own around hyper's HTTP/1 connection. Knows sockets, TLS and bounds; knows no route.

use std::{convert::Infallible, io, net::SocketAddr, pin::pin, sync::Arc, time::Duration};

use hyper::{body::Incoming, server::conn::http1, service::Service};
use hyper_util::{
    rt::{TokioIo, TokioTimer},
    service::TowerToHyperService,
};
use tokio::{
    io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt},
    net::{TcpListener, TcpSocket, TcpStream},
    sync::{Semaphore, watch},
    task::JoinSet,
    time::{sleep, timeout},
};
use tokio_rustls::TlsAcceptor;
use warp::{
    filters::BoxedFilter,
    http::{HeaderName, HeaderValue, Request, StatusCode},
    reply::Response,
};

use super::{
    AdminListener, Peer,
    mount::Base,
    proxies::TrustedProxies,
    service::give_path,
    slots::{NoRoom, Slot, Slots},
    stalled::Unstalled,
    tls::Tls,
};
use crate::{
    limits::Limits,
    telemetry::{self, Meter, happenings::ConnectionRefused, warnings::AcceptFailed},
};

/// Not among the names that `http` knows, as HTTP/2 has none such.
const KEEP_ALIVE: HeaderName = HeaderName::from_static("keep-alive");

/// Bytes of a request's head, and of what hyper buffers of it. Tokens fit; a kilobyte each for
/// thousands of idle connections would not.
const HEAD_BYTES: usize = 16 * 1024;

/// Lines of a request's head.
const HEAD_LINES: usize = 64;

/// Connections that are being told that there is no room; beyond it they are just closed.
const REFUSALS: usize = 64;

/// How long telling so may take.
const REFUSAL_TIME: Duration = Duration::from_secs(1);

/// Pause when the process has no file descriptor left: time for some to be closed.
const EXHAUSTED_PAUSE: Duration = Duration::from_millis(200);

/// Connections that the system keeps until they are accepted, as far as it allows so many. When everybody
/// comes back at once, who finds no place tries again after a second.
const BACKLOG: u32 = 4096;

/// Bound sockets that accept nothing yet.
#[derive(Debug)]
pub struct Listener {
    sockets: Vec<TcpListener>,
    addresses: Vec<SocketAddr>,
}

/// How to treat connections.
#[derive(Clone, Debug)]
pub struct Options {
    /// Time to send a request's head, also the time between two requests and for the TLS handshake.
    pub header_timeout: Duration,
    /// How long a peer may take no byte while some are waiting.
    pub write_timeout: Duration,
    /// Room for connections.
    pub slots: Slots,
    /// Certificate and key, to speak TLS.
    pub tls: Option<Arc<Tls>>,
    /// What is taken off the addresses that begin so: proxies leave it there or do so themselves.
    pub base: Base,
    /// Who is believed when it says for whom it asks.
    pub proxies: TrustedProxies,
    /// Whether it is for those who run the server, which its requests then say.
    pub admin: bool,
    /// The numbers that connections move.
    pub meter: Arc<Meter>,
}

/// Why an address cannot be listened on.
#[derive(Debug, thiserror::Error)]
#[error("cannot listen on {address}: {source}{}", hint(source))]
pub struct BindError {
    /// The address.
    pub address: SocketAddr,
    /// What the system said.
    pub source: io::Error,
}

impl Options {
    /// What the server's bounds ask for.
    #[must_use]
    pub fn new(limits: &Limits, tls: Option<Arc<Tls>>) -> Self {
        Self {
            header_timeout: limits.header_timeout,
            write_timeout: limits.write_timeout,
            slots: Slots::new(limits.connections, limits.connections_per_address),
            tls,
            base: Base::default(),
            proxies: TrustedProxies::default(),
            admin: false,
            meter: Arc::default(),
        }
    }
}

impl Listener {
    /// Takes all addresses, or none of them.
    ///
    /// # Errors
    /// When one cannot be taken.
    pub async fn bind(addresses: &[SocketAddr]) -> Result<Self, BindError> {
        let mut listener = Self { sockets: Vec::new(), addresses: Vec::new() };
        for &address in addresses {
            let socket = listen(address).map_err(|source| BindError { address, source })?;
            let bound = socket.local_addr().map_err(|source| BindError { address, source })?;
            listener.sockets.push(socket);
            listener.addresses.push(bound);
        }
        Ok(listener)
    }

    /// Where it listens, with the port that the system chose where 0 was asked for.
    #[must_use]
    pub fn addresses(&self) -> &[SocketAddr] {
        &self.addresses
    }

    /// Serves the routes until `stop` turns true, then closes the sockets and returns at once.
    ///
    /// Idle connections are closed then and running requests finish; `options.slots.closed()`
    /// resolves when all connections, WebSockets included, are gone.
    pub async fn serve(
        self,
        routes: BoxedFilter<(Response,)>,
        options: Options,
        stop: watch::Receiver<bool>,
    ) {
        let shared = Arc::new(Shared {
            routes: TowerToHyperService::new(warp::service(routes)),
            options,
            refusals: Arc::new(Semaphore::new(REFUSALS)),
            stop,
        });
        let mut loops = JoinSet::new();
        for socket in self.sockets {
            let shared = Arc::clone(&shared);
            loops.spawn(async move {
                let mut stop = shared.stop.clone();
                tokio::select! {
                    () = stopped(&mut stop) => {}
                    never = accept_all(&socket, &shared) => match never {},
                }
            });
        }
        loops.join_all().await;
    }
}

fn listen(address: SocketAddr) -> io::Result<TcpListener> {
    let socket = match address {
        SocketAddr::V4(_) => TcpSocket::new_v4()?,
        SocketAddr::V6(_) => TcpSocket::new_v6()?,
    };
    // Elsewhere this would share the port with other programs instead of taking it over.
    #[cfg(unix)]
    socket.set_reuseaddr(true)?;
    socket.bind(address)?;
    socket.listen(BACKLOG)
}

/// The routes as hyper wants them.
trait Routes:
    Service<Request<Incoming>, Response = Response, Error = Infallible, Future: Send>
    + Send
    + Sync
    + 'static
{
}

impl<S> Routes for S where
    S: Service<Request<Incoming>, Response = Response, Error = Infallible, Future: Send>
        + Send
        + Sync
        + 'static
{
}

struct Shared<R> {
    routes: R,
    options: Options,
    refusals: Arc<Semaphore>,
    stop: watch::Receiver<bool>,
}

async fn accept_all(socket: &TcpListener, shared: &Arc<Shared<impl Routes>>) -> Infallible {
    let mut exhausted = false;
    loop {
        match socket.accept().await {
            Ok((stream, address)) => {
                exhausted = false;
                take(stream, address, shared);
            }
            Err(error) if concerns_one_connection(&error) => {}
            Err(error) => {
                // The connection stays in the system's queue, so asking again at once would spin.
                if !exhausted {
                    AcceptFailed { reason: &error }.note();
                }
                exhausted = true;
                sleep(EXHAUSTED_PAUSE).await;
            }
        }
    }
}

/// Hands a connection to a task, or to one that refuses it; never waits.
fn take(stream: TcpStream, address: SocketAddr, shared: &Arc<Shared<impl Routes>>) {
    let shared = Arc::clone(shared);
    match shared.options.slots.take(shared.options.proxies.counted(address.ip())) {
        Ok(slot) => {
            tokio::spawn(serve_connection(stream, address, slot, shared));
        }
        Err(reason) => {
            let bound = match reason {
                NoRoom::Full => telemetry::meter::NoRoom::Total,
                NoRoom::Address => telemetry::meter::NoRoom::Address,
            };
            let refused = ConnectionRefused { address: &address, reason: &reason, bound };
            shared.options.meter.note(&refused);
            // Under TLS nothing can be said before a handshake, which is the cost to be saved.
            let may_speak = shared.options.tls.is_none();
            if let (true, Ok(permit)) =
                (may_speak, Arc::clone(&shared.refusals).try_acquire_owned())
            {
                tokio::spawn(async move {
                    let _told = timeout(REFUSAL_TIME, tell_no_room(stream, reason)).await;
                    drop(permit);
                });
            }
        }
    }
}

async fn tell_no_room(mut stream: TcpStream, reason: NoRoom) -> io::Result<()> {
    let body = format!("{reason}; try again soon\n");
    let head = "HTTP/1.1 503 Service Unavailable\r\nretry-after: 5\r\nconnection: close\r\n\
                content-type: text/plain\r\n";
    let answer = format!("{head}content-length: {}\r\n\r\n{body}", body.len());
    stream.write_all(answer.as_bytes()).await?;
    stream.shutdown().await?;
    // Closing with unread bytes resets the connection, and the peer would lose the answer.
    let mut rest = [0; 1024];
    while stream.read(&mut rest).await? > 0 {}
    Ok(())
}

async fn serve_connection(
    stream: TcpStream,
    address: SocketAddr,
    slot: Slot,
    shared: Arc<Shared<impl Routes>>,
) {
    // Without it small frames wait for the acknowledgement of earlier ones. It fails only when the
    // peer has already gone.
    let _gone = stream.set_nodelay(true);
    let options = &shared.options;
    let stream = Unstalled::new(stream, options.write_timeout);
    let Some(tls) = &options.tls else {
        return serve_http(stream, Peer(address), slot, &shared).await;
    };
    let handshake = TlsAcceptor::from(tls.current()).accept(stream);
    match timeout(options.header_timeout, handshake).await {
        Ok(Ok(stream)) => serve_http(stream, Peer(address), slot, &shared).await,
        Ok(Err(error)) => tracing::debug!(%address, %error, "a TLS handshake failed"),
        Err(_) => tracing::debug!(%address, "a TLS handshake took too long"),
    }
}

async fn serve_http<S>(stream: S, peer: Peer, slot: Slot, shared: &Shared<impl Routes>)
where
    S: AsyncRead + AsyncWrite + Send + Unpin + 'static,
{
    let stays = stays(shared.options.header_timeout);
    let service = hyper::service::service_fn(|mut request: Request<Incoming>| {
        let client = shared.options.proxies.client(peer.0, request.headers());
        request.extensions_mut().insert(Peer(client));
        request.extensions_mut().insert(slot.clone());
        give_path(request.uri_mut());
        if shared.options.admin {
            request.extensions_mut().insert(AdminListener);
        }
        if let Some(below) = shared.options.base.taken_off(request.uri()) {
            *request.uri_mut() = below;
        }
        let (answer, stays) = (shared.routes.call(request), stays.clone());
        async move {
            let mut answer = answer.await?;
            if let Some(stays) =
                stays.filter(|_| answer.status() != StatusCode::SWITCHING_PROTOCOLS)
            {
                answer.headers_mut().insert(KEEP_ALIVE, stays);
            }
            Ok::<_, Infallible>(answer)
        }
    });
    let mut connection = pin!(
        http1::Builder::new()
            .timer(TokioTimer::new())
            .header_read_timeout(shared.options.header_timeout)
            .max_headers(HEAD_LINES)
            .max_header_size(HEAD_BYTES)
            .max_buf_size(HEAD_BYTES)
            .serve_connection(TokioIo::new(stream), service)
            .with_upgrades()
    );
    let mut stop = shared.stop.clone();
    let served = tokio::select! {
        served = connection.as_mut() => served,
        () = stopped(&mut stop) => {
            connection.as_mut().graceful_shutdown();
            connection.await
        }
    };
    if let Err(error) = served {
        tracing::debug!(address = %peer.0, %error, "a connection ended early");
    }
}

/// What clients are told about how long a connection stays when nobody asks anything: who keeps one
/// longer may send a request just when it is closed, and cannot know whether that arrived.
fn stays(time: Duration) -> Option<HeaderValue> {
    let seconds = time.as_secs();
    (seconds > 0).then(|| HeaderValue::try_from(format!("timeout={seconds}")).ok()).flatten()
}

/// Resolves when the server stops. A sender that is gone counts as stopping: nobody could tell us later.
async fn stopped(stop: &mut watch::Receiver<bool>) {
    let _told_or_gone = stop.wait_for(|stop| *stop).await.is_ok();
}

/// Whether an error of `accept` is about the connection that would have been accepted rather than
/// about us (accept(2), "Error handling").
fn concerns_one_connection(error: &io::Error) -> bool {
    use io::ErrorKind::{
        ConnectionAborted, ConnectionRefused, ConnectionReset, HostUnreachable, Interrupted,
        NetworkDown, NetworkUnreachable, PermissionDenied, TimedOut,
    };
    matches!(
        error.kind(),
        ConnectionAborted
            | ConnectionRefused
            | ConnectionReset
            | HostUnreachable
            | Interrupted
            | NetworkDown
            | NetworkUnreachable
            | PermissionDenied
            | TimedOut
    )
}

fn hint(error: &io::Error) -> &'static str {
    match error.kind() {
        io::ErrorKind::AddrInUse => {
            "; another program listens there, perhaps another coscribe: stop it, or choose another \
             port with --listen"
        }
        io::ErrorKind::AddrNotAvailable => "; this machine does not have that address",
        io::ErrorKind::PermissionDenied => {
            "; ports below 1024 need a privilege: choose a higher one"
        }
        _ => "",
    }
}

#[cfg(test)]
mod tests;
