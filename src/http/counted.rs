//! Counts what routes answer, and how soon.

use std::sync::Arc;

use tokio::time::Instant;
use warp::{Filter, filters::BoxedFilter, http::StatusCode, reply::Response};

use crate::telemetry::{
    Meter,
    meter::{Class, Status},
};

/// The same routes, counted as this class.
pub(super) fn counted(
    meter: &Arc<Meter>,
    class: Class,
    routes: BoxedFilter<(Response,)>,
) -> BoxedFilter<(Response,)> {
    let meter = Arc::clone(meter);
    warp::any()
        .map(Instant::now)
        .and(routes)
        .map(move |since: Instant, response: Response| {
            meter.requests[class][status(response.status())].add(1);
            meter.request_time[class].note(since.elapsed());
            response
        })
        .boxed()
}

fn status(status: StatusCode) -> Status {
    match status.as_u16() {
        ..200 => Status::Switched,
        200..300 => Status::Good,
        300..400 => Status::Elsewhere,
        400..500 => Status::Theirs,
        500.. => Status::Ours,
    }
}
