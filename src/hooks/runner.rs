//! Calls hooks so that one which panics or hangs harms nobody but whom it was called for.
//!
//! Hooks run on the runtime that the server was built on, whatever thread asks: a document's thread
//! can neither open sockets nor be held up.

use std::{
    collections::HashMap,
    fmt,
    future::Future,
    pin::Pin,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use bytes::Bytes;
use tokio::{runtime::Handle, sync::watch, time::timeout};

use super::{
    Authenticate, Connect, FirstContent, Hooks, Lane, Load, Refusal, Stateless, Told, Update,
    lane::Place,
};
use crate::{
    identity::Access,
    ids::DocumentName,
    telemetry::{
        Meter, happenings::HookFailed, meter::Hook, numbers::Label, warnings::HooksUntold,
    },
};

/// Somebody's hooks, or none. Cheap to clone.
#[derive(Clone, Default)]
pub(crate) struct Runner(Option<Arc<Inner>>);

pub(super) struct Inner {
    hooks: Box<dyn Calls>,
    runtime: Handle,
    patience: Duration,
    places: Mutex<HashMap<DocumentName, Place>>,
    meter: Arc<Meter>,
    /// How many lanes have something to tell.
    busy: watch::Sender<usize>,
}

type Call<T> = Pin<Box<dyn Future<Output = T> + Send>>;

/// [`Hooks`] as an object.
trait Calls: Send + Sync {
    fn connect(&self, it: Connect) -> Call<Result<(), Refusal>>;
    fn authenticate(&self, it: Authenticate) -> Call<Result<Access, Refusal>>;
    fn load(&self, it: Load) -> Call<Result<(), Refusal>>;
    fn first_content(&self, it: FirstContent) -> Call<Result<Option<Bytes>, Refusal>>;
    fn update(&self, it: Update) -> Call<Result<(), Refusal>>;
    fn stateless(&self, it: Stateless) -> Call<Result<String, Refusal>>;
    fn tell(&self, told: Told) -> Call<()>;
    fn shutdown(&self) -> Call<()>;
}

/// The hooks behind a shared pointer, so that calls live as long as they like.
struct Shared<H>(Arc<H>);

/// Calls a method within the future, so that a panic before the first await is caught as well.
macro_rules! call {
    ($self:ident.$method:ident($($it:ident)?)) => {{
        let hooks = Arc::clone(&$self.0);
        Box::pin(async move { hooks.$method($($it)?).await })
    }};
}

impl<H: Hooks> Calls for Shared<H> {
    fn connect(&self, it: Connect) -> Call<Result<(), Refusal>> {
        call!(self.connect(it))
    }

    fn authenticate(&self, it: Authenticate) -> Call<Result<Access, Refusal>> {
        call!(self.authenticate(it))
    }

    fn load(&self, it: Load) -> Call<Result<(), Refusal>> {
        call!(self.load(it))
    }

    fn first_content(&self, it: FirstContent) -> Call<Result<Option<Bytes>, Refusal>> {
        call!(self.first_content(it))
    }

    fn update(&self, it: Update) -> Call<Result<(), Refusal>> {
        call!(self.update(it))
    }

    fn stateless(&self, it: Stateless) -> Call<Result<String, Refusal>> {
        call!(self.stateless(it))
    }

    fn tell(&self, told: Told) -> Call<()> {
        match told {
            Told::Updated(it) => call!(self.updated(it)),
            Told::Saved(it) => call!(self.saved(it)),
            Told::Stored(it) => call!(self.stored(it)),
            Told::Presence(it) => call!(self.presence(it)),
            Told::Version(it) => call!(self.version(it)),
            Told::Unload(it) => call!(self.unload(it)),
        }
    }

    fn shutdown(&self) -> Call<()> {
        call!(self.shutdown())
    }
}

impl Runner {
    /// Calls these hooks on this runtime, each for at most so long.
    pub(crate) fn new(
        hooks: impl Hooks,
        runtime: Handle,
        patience: Duration,
        meter: Arc<Meter>,
    ) -> Self {
        Self(Some(Arc::new(Inner {
            hooks: Box::new(Shared(Arc::new(hooks))),
            runtime,
            patience,
            meter,
            places: Mutex::default(),
            busy: watch::Sender::new(0),
        })))
    }

    /// Whether there are any, so that nothing is prepared for nobody.
    pub(crate) fn is_some(&self) -> bool {
        self.0.is_some()
    }

    /// See [`Hooks::connect`].
    pub(crate) async fn connect(&self, it: Connect) -> Result<(), Refusal> {
        let Some(inner) = &self.0 else { return Ok(()) };
        inner.ask(Hook::Connect, inner.hooks.connect(it)).await
    }

    /// See [`Hooks::authenticate`].
    pub(crate) async fn authenticate(&self, it: Authenticate) -> Result<Access, Refusal> {
        let given = it.access;
        let Some(inner) = &self.0 else { return Ok(given) };
        let access = inner.ask(Hook::Authenticate, inner.hooks.authenticate(it)).await?;
        Ok(access.min(given))
    }

    /// See [`Hooks::load`].
    pub(crate) async fn load(&self, it: Load) -> Result<(), Refusal> {
        let Some(inner) = &self.0 else { return Ok(()) };
        inner.ask(Hook::Load, inner.hooks.load(it)).await
    }

    /// See [`Hooks::first_content`].
    pub(crate) async fn first_content(&self, it: FirstContent) -> Result<Option<Bytes>, Refusal> {
        let Some(inner) = &self.0 else { return Ok(None) };
        inner.ask(Hook::FirstContent, inner.hooks.first_content(it)).await
    }

    /// See [`Hooks::update`].
    pub(crate) async fn update(&self, it: Update) -> Result<(), Refusal> {
        let Some(inner) = &self.0 else { return Ok(()) };
        inner.ask(Hook::Update, inner.hooks.update(it)).await
    }

    /// See [`Hooks::stateless`].
    pub(crate) async fn stateless(&self, it: Stateless) -> Result<String, Refusal> {
        let Some(inner) = &self.0 else { return Ok(it.payload) };
        inner.ask(Hook::Stateless, inner.hooks.stateless(it)).await
    }

    /// A way to tell of a document; `None` when nobody listens.
    pub(crate) fn lane(&self, document: &DocumentName) -> Option<Lane> {
        self.0.as_ref().map(|inner| Lane::start(inner, document))
    }

    /// Tells one thing of a document that may not be loaded.
    pub(crate) fn tell(&self, document: &DocumentName, told: Told) {
        if let Some(lane) = self.lane(document) {
            lane.tell(told);
        }
    }

    /// Waits until all is told, then calls [`Hooks::shutdown`].
    pub(crate) async fn shutdown(&self) {
        let Some(inner) = &self.0 else { return };
        let mut busy = inner.busy.subscribe();
        if timeout(inner.patience, busy.wait_for(|lanes| *lanes == 0)).await.is_err() {
            HooksUntold { documents: &*inner.busy.borrow() }.note();
        }
        let _failed = inner.guarded(Hook::Shutdown, inner.hooks.shutdown()).await.is_none();
    }
}

impl Inner {
    pub(super) async fn tell(&self, told: Told) {
        let what = told.hook();
        let _failed = self.guarded(what, self.hooks.tell(told)).await.is_none();
    }

    pub(super) fn meter(&self) -> &Meter {
        &self.meter
    }

    pub(super) fn runtime(&self) -> &Handle {
        &self.runtime
    }

    pub(super) fn busy(&self) -> &watch::Sender<usize> {
        &self.busy
    }

    /// Where each document is told of.
    pub(super) fn places(&self) -> MutexGuard<'_, HashMap<DocumentName, Place>> {
        self.places.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A hook that fails has not said yes.
    async fn ask<T: Send + 'static>(
        &self,
        what: Hook,
        call: Call<Result<T, Refusal>>,
    ) -> Result<T, Refusal> {
        let failed = || Err(Refusal::new("the server cannot decide that now, try again later"));
        self.guarded(what, call).await.unwrap_or_else(failed)
    }

    /// Runs a call where a panic ends nothing else and for no longer than it may take.
    async fn guarded<T: Send + 'static>(&self, which: Hook, call: Call<T>) -> Option<T> {
        let reason = match self.runtime.spawn(timeout(self.patience, call)).await {
            Ok(Ok(answer)) => return Some(answer),
            Ok(Err(_late)) => format!("it took longer than {:?}", self.patience),
            Err(ended) if ended.is_panic() => "it panicked".to_owned(),
            // The runtime is being stopped.
            Err(_) => return None,
        };
        self.meter.note(&HookFailed { hook: &which.value(), reason: &reason, which });
        None
    }
}

impl fmt::Debug for Runner {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Runner").field(&self.0.is_some()).finish()
    }
}
