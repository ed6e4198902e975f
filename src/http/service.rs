//! The routes as a tower service, for apps built on axum, hyper or anything else of that family.
//!
//! Takes requests with any body. WebSockets are upgraded on the connection that the app serves, so
//! it must serve it with upgrades (axum does; hyper: `with_upgrades`).

use std::{
    convert::Infallible,
    error::Error,
    fmt,
    future::Future,
    pin::Pin,
    sync::{Mutex, PoisonError},
    task::{Context, Poll},
};

use hyper::body::{Body, Frame, SizeHint};
use tower_service::Service;
use warp::{
    filters::BoxedFilter,
    http::{Request, Uri},
    reply::Response,
};

/// All routes as a warp filter, to be mounted under any path of a warp app.
pub type Filter = BoxedFilter<(Response,)>;

/// All routes of a server as a [`tower_service::Service`]. Cheap to clone.
#[derive(Clone)]
pub struct Routes(Filter);

impl Routes {
    /// The routes behind a filter.
    #[must_use]
    pub fn new(routes: Filter) -> Self {
        Self(routes)
    }

    /// The routes as a warp filter.
    #[must_use]
    pub fn filter(&self) -> Filter {
        self.0.clone()
    }
}

impl fmt::Debug for Routes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Routes")
    }
}

impl<B> Service<Request<B>> for Routes
where
    B: Body + Send + 'static,
    B::Error: Into<Box<dyn Error + Send + Sync>>,
{
    type Response = Response;
    type Error = Infallible;
    type Future = Pin<Box<dyn Future<Output = Result<Response, Infallible>> + Send>>;

    fn poll_ready(&mut self, _context: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, mut request: Request<B>) -> Self::Future {
        give_path(request.uri_mut());
        let request = request.map(|body| Shareable(Mutex::new(Box::pin(body))));
        Box::pin(warp::service(self.0.clone()).call(request))
    }
}

/// What is asked for may be a host without a path, as in `CONNECT host:80`. Nothing here is, and warp
/// panics over it: it becomes a path that no route has.
pub(super) fn give_path(target: &mut Uri) {
    if target.path_and_query().is_none() {
        *target = Uri::from_static("*");
    }
}

/// A body that may be shared between threads, as warp asks although it never does. Polling never
/// waits for the lock: who may poll has it to himself.
struct Shareable<B>(Mutex<Pin<Box<B>>>);

impl<B: Body> Body for Shareable<B> {
    type Data = B::Data;
    type Error = B::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<B::Data>, B::Error>>> {
        let body = self.0.get_mut().unwrap_or_else(PoisonError::into_inner);
        body.as_mut().poll_frame(context)
    }

    fn is_end_stream(&self) -> bool {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).size_hint()
    }
}
