//! What the clock asks of a connection, and how it ends.

use std::{
    ops::ControlFlow,
    task::{Context, Poll, Waker},
    time::Duration,
};

use bytes::Bytes;
use tokio::{
    io::{AsyncRead, AsyncWrite},
    time::Instant,
};
use tokio_tungstenite::tungstenite::{
    self, Message,
    protocol::{CloseFrame, frame::coding::CloseCode},
};

use super::{lifetime::Due, pump::Pump};
use crate::{
    crdt::encode_presence,
    document::Taken,
    protocol::{CloseReason, ServerMessage},
    telemetry::meter::Ended,
};

/// How long a refused client waits for its close frame: old y-websocket clients reconnect 100 ms
/// after it, whatever it says.
const REFUSAL_PAUSE: Duration = Duration::from_secs(1);

impl<S: AsyncRead + AsyncWrite + Unpin + Send> Pump<S> {
    /// A refusal's close frame waits a moment; a goodbye goes out at once.
    pub(super) fn begin_close(&mut self, reason: CloseReason) {
        let refusal =
            !matches!(reason, CloseReason::Restart | CloseReason::Normal | CloseReason::Timeout);
        let pause = if refusal { REFUSAL_PAUSE } else { Duration::ZERO };
        self.lifetime.close_at = Some(Instant::now() + pause);
        self.ended = ended(&reason);
        self.outbox.close(reason);
        self.reset_timer();
    }

    pub(super) fn refuse_too_large(&mut self, why: &str) {
        let reason = CloseReason::TooLarge(why.to_owned());
        let denied = ServerMessage::PermissionDenied(why.to_owned());
        for (_, address) in self.sessions.open() {
            if let Some(frame) = address.encode(&denied) {
                self.outbox.push(frame);
            }
        }
        self.outbox.close(reason);
    }

    pub(super) fn on_timer(&mut self) -> ControlFlow<()> {
        let progress = self.socket.get_ref().progress();
        let before = std::mem::replace(&mut self.progress, progress);
        // Nothing is heard from a peer that is not listened to.
        if progress.read != before.read || !self.is_listening() {
            self.lifetime.heard = Instant::now();
        }
        if progress.written != before.written {
            self.lifetime.writing_since = self.lifetime.writing_since.map(|_| Instant::now());
        }
        if self.outbox.is_closing() {
            self.lifetime.told_since.get_or_insert_with(Instant::now);
        }
        let due = self.lifetime.due(Instant::now(), self.limits());
        let sent = match due {
            Due::Nothing(_) => Ok(()),
            Due::Keepalive => {
                self.lifetime.sent = Instant::now();
                self.keepalive().map_or(Ok(()), |frame| self.start_send(Message::Binary(frame)))
            }
            Due::Ping => {
                self.lifetime.pinged = Some(Instant::now());
                self.start_send(Message::Ping(Bytes::new()))
            }
            Due::Silence => {
                self.outbox.close(CloseReason::Timeout);
                self.lifetime.new_since = None;
                self.lifetime.heard = Instant::now();
                Ok(())
            }
            Due::CloseNow => self.send_close(),
            Due::Stalled => return ControlFlow::Break(()),
        };
        self.review();
        match sent {
            Ok(()) => ControlFlow::Continue(()),
            Err(_) => ControlFlow::Break(()),
        }
    }

    pub(super) fn reset_timer(&mut self) {
        let now = Instant::now();
        let at = match self.lifetime.due(now, self.limits()) {
            Due::Nothing(at) => at,
            _ => now,
        };
        let at = self.next_review().map_or(at, |review| review.min(at));
        self.timer.as_mut().reset(at);
    }

    fn send_close(&mut self) -> Result<(), tungstenite::Error> {
        self.lifetime.close_at = None;
        self.lifetime.closing_since = Some(Instant::now());
        let mut context = Context::from_waker(Waker::noop());
        let mut take = || self.outbox.poll_take(&mut context, 0, &mut Vec::new());
        let taken = match take() {
            Poll::Ready(Taken::Review) => take(),
            taken => taken,
        };
        let reason = match taken {
            Poll::Ready(Taken::Close(reason)) => reason,
            _ => CloseReason::Normal,
        };
        let (code, text) = reason.frame(self.sessions.dialect());
        let frame = CloseFrame { code: CloseCode::from(code), reason: text.into() };
        self.start_send(Message::Close(Some(frame)))
    }

    /// An empty awareness message: nothing to anybody but a client's watchdog.
    pub(super) fn keepalive(&self) -> Option<Bytes> {
        let (_, address) = self.sessions.open().into_iter().next()?;
        address.encode(&ServerMessage::Awareness(encode_presence([].iter())))
    }
}

fn ended(reason: &CloseReason) -> Ended {
    match reason {
        CloseReason::Restart => Ended::Restart,
        CloseReason::Overloaded => Ended::Overloaded,
        CloseReason::Malformed(_) => Ended::Malformed,
        CloseReason::Unauthorized(_) => Ended::Unauthorized,
        CloseReason::Forbidden(_) => Ended::Forbidden,
        CloseReason::NotFound(_) => Ended::NotFound,
        CloseReason::Replaced => Ended::Replaced,
        CloseReason::TooLarge(_) => Ended::TooLarge,
        CloseReason::Storage(_) => Ended::Storage,
        CloseReason::Timeout => Ended::Timeout,
        CloseReason::Normal => Ended::Normal,
    }
}
