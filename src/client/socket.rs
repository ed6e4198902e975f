//! Connections one after another: dial, pump frames both ways, pause, dial again.
//!
//! Decides nothing about documents; it hands frames to `document` and does what comes back.

use std::{sync::Arc, time::Duration};

use futures_util::{Sink, SinkExt, Stream, StreamExt};
use tokio::{
    select,
    sync::watch,
    time::{interval, sleep, timeout},
};
use tokio_tungstenite::{
    connect_async_tls_with_config,
    tungstenite::{
        Error, Message,
        http::{Response, StatusCode},
        protocol::{CloseFrame, WebSocketConfig, frame::coding::CloseCode},
    },
};

use super::{
    document::Outcome,
    options::{Address, Options, pause},
    shared::Shared,
    status::{End, Status},
};

/// Time to reach the server and be answered.
const DIAL_TIMEOUT: Duration = Duration::from_secs(20);

/// A server says something every 15 seconds; one that is silent for so long is gone.
const SILENCE_MAX: Duration = Duration::from_secs(30);

/// How often presence is looked at.
const PRESENCE_CHECK: Duration = Duration::from_secs(3);

/// Time for the last frames and the closing handshake.
const GOODBYE_TIMEOUT: Duration = Duration::from_secs(2);

/// Largest frame taken from a server: a document of the largest size in one piece, with room.
const FRAME_BYTES: usize = 128 << 20;

/// Buffers of a connection. The library would take 128 KiB at once, too much for a load generator
/// with thousands of clients.
const BUFFER_BYTES: usize = 8 << 10;

/// Connects until the client has ended or `closing` turns true.
pub(super) async fn run(
    shared: Arc<Shared>,
    address: Address,
    options: Options,
    mut closing: watch::Receiver<bool>,
) {
    let _guard = EndOnDrop(Arc::clone(&shared));
    let mut failures = 0_u32;
    while !*closing.borrow() {
        shared.set_status(Status::Connecting);
        let outcome = connection(&shared, &address, closing.clone()).await;
        let was_synced = shared.lock().is_synced();
        shared.lock().disconnected();
        match outcome {
            Outcome::Fine => break,
            Outcome::End(end) => return shared.set_status(Status::Ended(end)),
            Outcome::Reconnect(reason) => {
                tracing::debug!(reason, "the connection is lost");
                shared.set_status(Status::Offline { reason });
            }
        }
        if was_synced {
            failures = 0;
        }
        let pause = pause(&options.pause, failures, &*options.random);
        failures = failures.saturating_add(1);
        select! {
            () = sleep(pause) => {}
            _ = closing.wait_for(|closing| *closing) => {}
        }
    }
}

/// Whatever way the task ends, nobody waits for it for ever.
struct EndOnDrop(Arc<Shared>);

impl Drop for EndOnDrop {
    fn drop(&mut self) {
        self.0.set_status(Status::Ended(End::Closed));
    }
}

/// One connection from dialling to its end. [`Outcome::Fine`] when we closed it.
async fn connection(
    shared: &Shared,
    address: &Address,
    mut closing: watch::Receiver<bool>,
) -> Outcome {
    let url = address.url(shared.lock().epoch());
    let config = WebSocketConfig::default()
        .read_buffer_size(BUFFER_BYTES)
        .write_buffer_size(BUFFER_BYTES)
        .max_message_size(Some(FRAME_BYTES))
        .max_frame_size(Some(FRAME_BYTES));
    let dial = connect_async_tls_with_config(url, Some(config), true, address.connector());
    let dialled = select! {
        dialled = timeout(DIAL_TIMEOUT, dial) => dialled,
        _ = closing.wait_for(|closing| *closing) => return Outcome::Fine,
    };
    let socket = match dialled {
        Ok(Ok((socket, _))) => socket,
        Ok(Err(Error::Http(response))) => return refused(&response),
        Ok(Err(error)) => return Outcome::Reconnect(format!("cannot connect: {error}")),
        Err(_) => return Outcome::Reconnect("the server does not answer".to_owned()),
    };
    shared.lock().connected();
    let (mut sink, mut stream) = socket.split();
    let outcome = select! {
        outcome = read(shared, &mut stream) => outcome,
        outcome = write(shared, &mut sink, closing) => match outcome {
            Outcome::Fine => Outcome::Fine,
            // The server hung up while we were writing; what it said before may still be unread.
            broken => match timeout(GOODBYE_TIMEOUT, read(shared, &mut stream)).await {
                Ok(Outcome::End(end)) => Outcome::End(end),
                _ => broken,
            },
        },
    };
    // Our close frame, and then the server's: that shows it has read everything before ours.
    let hang_up = async {
        sink.close().await?;
        while !matches!(stream.next().await.transpose()?, None | Some(Message::Close(_))) {}
        Ok::<(), Error>(())
    };
    match timeout(GOODBYE_TIMEOUT, hang_up).await {
        Ok(Ok(())) => {}
        Ok(Err(error)) => tracing::debug!(%error, "the connection did not end cleanly"),
        Err(_) => tracing::debug!("the server does not hang up"),
    }
    outcome
}

async fn read(
    shared: &Shared,
    stream: &mut (impl Stream<Item = Result<Message, Error>> + Unpin),
) -> Outcome {
    loop {
        let outcome = match timeout(SILENCE_MAX, stream.next()).await {
            Ok(Some(Ok(Message::Binary(frame)))) => shared.receive(&frame),
            Ok(Some(Ok(Message::Close(frame)))) => closed(frame.as_ref()),
            // Pings are answered by the library; a text means nothing in this protocol.
            Ok(Some(Ok(_))) => Outcome::Fine,
            Ok(Some(Err(error))) => Outcome::Reconnect(format!("the connection broke: {error}")),
            Ok(None) => Outcome::Reconnect("the server hung up".to_owned()),
            Err(_) => Outcome::Reconnect("the server fell silent".to_owned()),
        };
        if outcome != Outcome::Fine {
            return outcome;
        }
    }
}

/// Writes what is due whenever there is something; says goodbye when closing.
async fn write(
    shared: &Shared,
    sink: &mut (impl Sink<Message, Error = Error> + Unpin),
    mut closing: watch::Receiver<bool>,
) -> Outcome {
    let mut presence_check = interval(PRESENCE_CHECK);
    loop {
        if let Err(error) = drain(shared, sink).await {
            return Outcome::Reconnect(format!("the connection broke: {error}"));
        }
        select! {
            () = shared.woken() => {}
            _ = presence_check.tick() => shared.expire_presence(),
            _ = closing.wait_for(|closing| *closing) => break,
        }
    }
    shared.lock().presence().set(None);
    let goodbye = async {
        drain(shared, sink).await?;
        sink.send(Message::Close(Some(CloseFrame { code: CloseCode::Normal, reason: "".into() })))
            .await
    };
    if let Ok(Err(error)) = timeout(GOODBYE_TIMEOUT, goodbye).await {
        tracing::debug!(%error, "the connection broke while it was being closed");
    }
    Outcome::Fine
}

/// Hands everything that is due to the socket and flushes once.
async fn drain(
    shared: &Shared,
    sink: &mut (impl Sink<Message, Error = Error> + Unpin),
) -> Result<(), Error> {
    while let Some(frame) = shared.next_frame() {
        sink.feed(Message::Binary(frame)).await?;
    }
    sink.flush().await
}

/// What a close frame means: 4400 to 4499 stand for what a retry cannot fix.
fn closed(frame: Option<&CloseFrame>) -> Outcome {
    let (code, reason) = frame.map_or((1005, ""), |it| (u16::from(it.code), it.reason.as_str()));
    match code {
        4409 => Outcome::End(End::Replaced),
        4400..=4499 if reason.is_empty() => denied(format!("close code {code}")),
        4400..=4499 => denied(reason.to_owned()),
        _ => Outcome::Reconnect(format!("the server closed the connection ({code}): {reason}")),
    }
}

/// What an answer other than an upgrade means. Servers in trouble, and proxies in front of those
/// that restart, answer 5xx, 408 or 429; the other 4xx are about us.
fn refused(response: &Response<Option<Vec<u8>>>) -> Outcome {
    let status = response.status();
    let body = response.body().as_deref().unwrap_or_default();
    let text = format!("{status} {}", String::from_utf8_lossy(body).trim());
    let passing = matches!(status, StatusCode::REQUEST_TIMEOUT | StatusCode::TOO_MANY_REQUESTS);
    if status.is_client_error() && !passing {
        denied(text.trim_end().to_owned())
    } else {
        Outcome::Reconnect(format!("the server answered {}", text.trim_end()))
    }
}

fn denied(reason: String) -> Outcome {
    Outcome::End(End::Denied { reason })
}
