//! The routes as a filter, and the WebSockets among them: who may not is told at the handshake,
//! because a client of y-sweet that is let in and sent away again keeps its token.

use std::{future::Future, net::SocketAddr, sync::Arc};

use hyper::upgrade::OnUpgrade;
use warp::{
    Filter,
    filters::BoxedFilter,
    http::{HeaderMap, Method},
    reply::Response,
};

use super::{
    Failure, refused,
    route::{Route, route},
};
use crate::{
    auth::{Authorizer, Credentials, Question},
    http::{
        Accepted, Carrier, LOCALHOST, Peer, Site,
        api::Asked,
        check_draining, check_origin, credentials,
        mount::{Mounted, mounted},
        no_room, problem,
        rights::Whence,
        slots::Slot,
        upgrade::Handshake,
    },
    identity::Access,
    ids::DocumentName,
};

/// What a WebSocket is made of besides a request.
struct Line {
    on_upgrade: Option<OnUpgrade>,
    peer: Option<SocketAddr>,
    slot: Option<Slot>,
}

/// Whether a path, as it is below the mount, is one of these.
pub(in crate::http) fn is_ours(path: &str) -> bool {
    path.strip_prefix("y-sweet").is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
}

/// All routes as one filter.
pub(in crate::http) fn routes<H, F>(site: &Arc<Site>, handler: H) -> BoxedFilter<(Response,)>
where
    H: Fn(Carrier, Accepted) -> F + Clone + Send + Sync + 'static,
    F: Future<Output = ()> + Send + 'static,
{
    let site = Arc::clone(site);
    let line = warp::ext::optional::<OnUpgrade>()
        .and(warp::ext::optional::<Peer>())
        .and(warp::ext::optional::<Slot>())
        .map(|on_upgrade, peer: Option<Peer>, slot| Line {
            on_upgrade,
            peer: peer.map(|Peer(address)| address),
            slot,
        });
    mounted(&site.base)
        .and(warp::path("y-sweet"))
        .and(warp::method())
        .and(warp::query::<Vec<(String, String)>>())
        .and(warp::header::headers_cloned())
        .and(line)
        .and(warp::body::stream())
        .then(
            move |mounted: Mounted,
                  method: Method,
                  query: Vec<(String, String)>,
                  headers: HeaderMap,
                  line: Line,
                  body| {
                let (site, handler) = (Arc::clone(&site), handler.clone());
                let Mounted { base, path } = mounted;
                let credentials = credentials::of(&headers, &query, line.peer);
                let whence = Whence::default();
                let asked = Asked { method, query, headers, base, credentials, user: None, whence };
                async move {
                    match route(&asked.method, &path) {
                        Err(failure) => failure.response(),
                        Ok(Route::Socket(name)) => connect(&site, asked, line, name, handler).await,
                        Ok(route) => site.y_sweet.answer(route, &asked, body).await,
                    }
                }
            },
        )
        .boxed()
}

async fn connect<H, F>(
    site: &Site,
    asked: Asked,
    line: Line,
    name: DocumentName,
    handler: H,
) -> Response
where
    H: Fn(Carrier, Accepted) -> F + Send + 'static,
    F: Future<Output = ()> + Send + 'static,
{
    let Asked { method, query, headers, mut credentials, .. } = asked;
    let handshake = match Handshake::check(&method, &headers, line.on_upgrade) {
        Ok(handshake) => handshake,
        Err(response) => return *response,
    };
    if let Err(response) = check_draining(site) {
        return *response;
    }
    let name = match site.y_sweet.led(&name).await {
        Ok(name) => name,
        Err(failure) => return failure.response(),
    };
    if let Err(foreign) = check_origin(site, &headers) {
        // A page shows the token that its app has given it; a cookie it would show without knowing.
        credentials.cookies = None;
        if !opens(site, &name, &credentials).await {
            return problem(foreign.status(), &foreign.to_string());
        }
    }
    if let Err(failure) = may_connect(site, &name, &credentials).await {
        return failure.response();
    }
    let from = line.peer.map_or(LOCALHOST, |address| address.ip());
    let slot = match line.slot.map_or_else(|| site.slots.take(from), Ok) {
        Ok(slot) => slot,
        Err(full) => return no_room(full),
    };
    let subprotocol = handshake.subprotocol().map(str::to_owned);
    let document = Ok(Some(name));
    let accepted = Accepted { peer: line.peer, document, query, subprotocol, credentials };
    handshake.accept(Some(slot), move |stream| handler(stream, accepted))
}

/// Whether one of y-sweet's tokens is shown that opens the document.
async fn opens(site: &Site, name: &DocumentName, credentials: &Credentials) -> bool {
    let question = Question::about(name, credentials.clone());
    let grant = site.y_sweet.tokens.authorize(&question).await;
    grant.is_ok_and(|grant| grant.access >= Access::View)
}

/// A client shows the token that it has, three times, before it fetches another: that its time is
/// over is no guess, and not counted as one.
async fn may_connect(
    site: &Site,
    name: &DocumentName,
    credentials: &Credentials,
) -> Result<(), Failure> {
    let y_sweet = &site.y_sweet;
    if y_sweet.tokens.has_expired(credentials) {
        return Err(Failure::Unauthorized("this token has expired".to_owned()));
    }
    y_sweet.rights.about(name, credentials).await.map_err(refused)?;
    y_sweet.check_bin(name).await
}
