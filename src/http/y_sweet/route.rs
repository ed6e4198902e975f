//! Which address and method mean what under `/y-sweet`. Pure functions over a path.

use warp::http::Method;

use crate::{http::api::Failure, ids::DocumentName};

/// What is asked.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Route {
    Ready,
    CheckStore,
    New,
    Issue(DocumentName),
    Read(DocumentName),
    Write(DocumentName),
    Socket(DocumentName),
}

/// Reads a whole path that is not decoded. Addresses of early versions of y-sweet are among them.
pub(super) fn route(method: &Method, path: &str) -> Result<Route, Failure> {
    let rest = path.strip_prefix("/y-sweet/").ok_or(Failure::NoAddress)?;
    let segments: Vec<&str> = rest.split('/').collect();
    let (gets, posts) = (*method == Method::GET, *method == Method::POST);
    let (methods, found) = match segments[..] {
        ["ready"] => ("GET", gets.then_some(Ok(Route::Ready))),
        ["check_store"] => ("GET, POST", (gets || posts).then_some(Ok(Route::CheckStore))),
        ["doc", "new"] => ("POST", posts.then_some(Ok(Route::New))),
        ["doc", id, "auth"] => ("POST", posts.then(|| name(id).map(Route::Issue))),
        ["d" | "doc", id, "as-update"] => ("GET", gets.then(|| name(id).map(Route::Read))),
        ["d" | "doc", id, "update"] => ("POST", posts.then(|| name(id).map(Route::Write))),
        ["doc", "ws", id] => ("GET", gets.then(|| name(id).map(Route::Socket))),
        ["d", id, "ws", again] if id == again => ("GET", gets.then(|| name(id).map(Route::Socket))),
        ["d", _, "ws", _] => {
            let why = "the address names the document twice, which must be the same name";
            return Err(Failure::Bad(why.to_owned()));
        }
        _ => return Err(Failure::NoAddress),
    };
    found.unwrap_or(Err(Failure::Method(methods)))
}

/// A name that y-sweet would take. It needs no decoding.
pub(super) fn name(text: &str) -> Result<DocumentName, Failure> {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-_".contains(&byte);
    if !text.bytes().all(plain) {
        let why = "with y-sweet, a document's name has letters, digits, - and _ only";
        return Err(Failure::Bad(why.to_owned()));
    }
    Ok(DocumentName::new(text)?)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn asked(method: Method, path: &str) -> Result<Route, u16> {
        route(&method, path).map_err(|failure| failure.response().status().as_u16())
    }

    #[test]
    fn the_addresses_are_those_of_y_sweet() {
        let x = || DocumentName::new("x-1_Y").unwrap();
        for (method, path, route) in [
            (Method::GET, "ready", Route::Ready),
            (Method::POST, "check_store", Route::CheckStore),
            (Method::GET, "check_store", Route::CheckStore),
            (Method::POST, "doc/new", Route::New),
            (Method::POST, "doc/x-1_Y/auth", Route::Issue(x())),
            (Method::GET, "d/x-1_Y/as-update", Route::Read(x())),
            (Method::GET, "doc/x-1_Y/as-update", Route::Read(x())),
            (Method::POST, "d/x-1_Y/update", Route::Write(x())),
            (Method::POST, "doc/x-1_Y/update", Route::Write(x())),
            (Method::GET, "d/x-1_Y/ws/x-1_Y", Route::Socket(x())),
            (Method::GET, "doc/ws/x-1_Y", Route::Socket(x())),
        ] {
            assert_eq!(asked(method, &format!("/y-sweet/{path}")), Ok(route), "{path}");
        }
    }

    #[test]
    fn everything_else_is_refused() {
        for (method, path, status) in [
            (Method::GET, "", 404),
            (Method::GET, "d/x", 404),
            (Method::GET, "d/x/ws", 404),
            (Method::GET, "d/x/as-update/", 404),
            (Method::GET, "d/x/ws/y", 400),
            (Method::GET, "d/a.b/as-update", 400),
            (Method::GET, "d/a%2Fb/as-update", 400),
            (Method::GET, "d//as-update", 400),
            (Method::GET, "d/../as-update", 400),
            (Method::GET, "doc/new", 405),
            (Method::POST, "d/x/as-update", 405),
            (Method::DELETE, "d/x/update", 405),
        ] {
            assert_eq!(asked(method, &format!("/y-sweet/{path}")), Err(status), "{path}");
        }
        assert_eq!(asked(Method::GET, "/y-sweet"), Err(404));
        assert_eq!(
            asked(Method::GET, &format!("/y-sweet/d/{}/as-update", "x".repeat(257))),
            Err(400)
        );
    }
}
