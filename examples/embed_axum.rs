//! Coscribe beside an axum app's own routes and login: `cargo run --example embed_axum [ADDRESS]`.
//!
//! Who is signed in may open documents below /docs; only Ada may change the handbook.

use std::{
    collections::HashMap,
    io::{Write, stdin, stdout},
    sync::{Arc, Mutex},
};

use axum::{
    Router,
    extract::State,
    http::header::{LOCATION, SET_COOKIE},
    response::{Html, IntoResponse},
    routing::get,
};
use coscribe::{
    Server,
    auth::{Answering, Authorizer, Denied, Grant, Question, User},
    identity::Access,
};

/// Who is signed in, by the value of their cookie.
#[derive(Default)]
struct Sessions(Mutex<HashMap<String, String>>);

impl Authorizer for Sessions {
    fn authorize<'a>(&'a self, question: &'a Question) -> Answering<'a, Grant> {
        Box::pin(async move {
            let cookie = question.credentials.cookie("session");
            let sessions = self.0.lock().expect("nobody panics with it");
            let name = cookie.and_then(|cookie| sessions.get(cookie));
            let name = name.ok_or_else(|| Denied::Unauthorized("sign in at /login".into()))?;
            let handbook = question.document.as_ref().is_some_and(|it| it.as_str() == "handbook");
            let access = if handbook && name != "Ada" { Access::View } else { Access::Edit };
            let user = User { id: name.to_lowercase().into(), name: name.as_str().into() };
            Ok(Grant { user: Some(user), ..Grant::of(access) })
        })
    }
}

/// A page of the app itself.
fn page(body: &str) -> Html<String> {
    Html(format!(r#"<title>App</title><link rel="icon" href="/docs/icon.svg">{body}"#))
}

async fn home() -> Html<String> {
    page(r#"<a href="/login">Sign in</a> <a href="/docs/d/handbook">Handbook</a>"#)
}

async fn form() -> Html<String> {
    page(r#"<form method="post"><input name="name"><button>Go</button></form>"#)
}

/// A real app would ask for more than a name.
#[expect(clippy::disallowed_methods, reason = "the app draws its own secrets")]
async fn login(State(sessions): State<Arc<Sessions>>, body: String) -> impl IntoResponse {
    let name = body.strip_prefix("name=").unwrap_or_default().to_owned();
    let secret = uuid::Uuid::new_v4().to_string();
    let cookie = format!("session={secret}; Path=/; HttpOnly; SameSite=Lax");
    sessions.0.lock().expect("nobody panics with it").insert(secret, name);
    (axum::http::StatusCode::SEE_OTHER, [(SET_COOKIE, cookie), (LOCATION, "/".into())])
}

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    let address = std::env::args().nth(1).unwrap_or_else(|| "127.0.0.1:8080".into());
    let sessions = Arc::new(Sessions::default());
    let building = Server::builder().memory().authorizer(sessions.clone());
    // axum takes the prefix off the path, so the pages must be told of it.
    let server = building.base("/docs")?.build().await?;

    let app = Router::new()
        .route("/", get(home))
        .route("/login", get(form).post(login))
        .with_state(sessions)
        .nest_service("/docs", server.service());
    let socket = tokio::net::TcpListener::bind(address).await?;
    writeln!(stdout(), "http://{}/; press return to stop", socket.local_addr()?)?;
    let serving = tokio::spawn(async { axum::serve(socket, app).await });
    tokio::task::spawn_blocking(|| stdin().read_line(&mut String::new())).await??;
    server.shutdown().await?;
    serving.abort();
    Ok(())
}
