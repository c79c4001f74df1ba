//! The socket of a connection, watched.

use std::io;
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use actix_web::rt::net::TcpStream;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::time::{Instant, Interval, MissedTickBehavior, interval_at};

use super::Manners;
use super::refusal::{Refusals, found_in};

/// How often a request's time is looked at. A tick costs a look at the clock for each connection; a request costs none.
const TICKS_OF_A_REQUEST: u32 = 4;

/// So much more patience has an answer under way than an idle connection.
const STUCK_TICKS: u32 = TICKS_OF_A_REQUEST;

/// The socket of one connection, which ends where nothing comes of it, and which writes out the parser's refusals as
/// problems.
pub(super) struct Connection {
    stream: TcpStream,
    ticks: Interval,
    patience: Patience,
    refusals: Rc<Refusals>,
    /// What is written in place of the parser's refusal, and how much of it has been written.
    refusal: Option<(Vec<u8>, usize)>,
}

impl Connection {
    pub(super) fn new(stream: TcpStream, manners: Manners, refusals: Rc<Refusals>) -> Self {
        let tick = (manners.request / TICKS_OF_A_REQUEST).max(Duration::from_millis(1));
        let mut ticks = interval_at(Instant::now() + tick, tick);
        ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        // The protocol does not close what is idle: each tick wakes it, and it then waits anew.
        let still = manners.keep_alive.as_millis() / tick.as_millis();
        let still_ticks_max = u32::try_from(still).unwrap_or(u32::MAX).saturating_sub(1);
        let patience = Patience { still_ticks_max, ..Patience::default() };
        Self { stream, ticks, patience, refusals, refusal: None }
    }

    fn tick(&mut self, context: &mut Context<'_>) {
        while self.ticks.poll_tick(context).is_ready() {
            self.patience.tick();
        }
    }

    /// Writes the problem in place of the `length` bytes of a refusal, which count as written once it is.
    fn poll_refuse(&mut self, context: &mut Context<'_>, length: usize) -> Poll<io::Result<usize>> {
        let Some((bytes, written)) = &mut self.refusal else { return Poll::Ready(Ok(0)) };
        while *written < bytes.len() {
            let count = ready!(Pin::new(&mut self.stream).poll_write(context, &bytes[*written..]))?;
            if count == 0 {
                return Poll::Ready(Err(io::ErrorKind::WriteZero.into()));
            }
            *written += count;
        }
        self.refusal = None;
        Poll::Ready(Ok(length))
    }
}

impl AsyncRead for Connection {
    fn poll_read(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        this.tick(context);
        if this.patience.is_over() {
            tracing::debug!("a connection was given up: its request took too long to arrive");
            // To the protocol the client has closed its side, so that whatever is still at work can answer.
            return Poll::Ready(Ok(()));
        }
        let before = buffer.filled().len();
        let read = Pin::new(&mut this.stream).poll_read(context, buffer);
        if buffer.filled().len() > before {
            this.patience.arrived();
        }
        read
    }
}

impl AsyncWrite for Connection {
    fn poll_write(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &[u8],
    ) -> Poll<io::Result<usize>> {
        let this = self.get_mut();
        this.tick(context);
        let found = found_in(buffer);
        if let (Some(found), None) = (&found, &this.refusal)
            && found.start == 0
        {
            this.refusal = Some((this.refusals.problem(found), 0));
        }
        let written = match found {
            Some(found) if found.start == 0 => this.poll_refuse(context, buffer.len()),
            Some(found) => Pin::new(&mut this.stream).poll_write(context, &buffer[..found.start]),
            None => Pin::new(&mut this.stream).poll_write(context, buffer),
        };
        match written {
            Poll::Ready(_) => this.patience.answered(),
            Poll::Pending if this.patience.is_stuck() => {
                return Poll::Ready(Err(io::ErrorKind::TimedOut.into()));
            }
            Poll::Pending => {}
        }
        written
    }

    fn poll_flush(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.get_mut().stream).poll_flush(context)
    }

    fn poll_shutdown(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.get_mut().stream).poll_shutdown(context)
    }
}

/// For how many ticks nothing has come of a connection.
#[derive(Debug, Default)]
struct Patience {
    still_ticks_max: u32,
    /// Bytes have arrived since the last byte of an answer.
    is_unanswered: bool,
    has_moved: bool,
    unanswered_ticks: u32,
    still_ticks: u32,
}

impl Patience {
    fn arrived(&mut self) {
        self.is_unanswered = true;
        self.has_moved = true;
    }

    fn answered(&mut self) {
        self.is_unanswered = false;
        self.unanswered_ticks = 0;
        self.has_moved = true;
    }

    fn tick(&mut self) {
        self.unanswered_ticks += u32::from(self.is_unanswered);
        self.still_ticks = if self.has_moved { 0 } else { self.still_ticks + 1 };
        self.has_moved = false;
    }

    /// Nothing at all has moved for as long as an idle connection is kept, or a tick longer.
    fn is_still(&self) -> bool {
        self.still_ticks > self.still_ticks_max
    }

    /// The same for an answer under way. A slow reader makes room in the kernel's buffer only now and then.
    fn is_stuck(&self) -> bool {
        self.still_ticks > self.still_ticks_max.saturating_add(STUCK_TICKS)
    }

    fn is_over(&self) -> bool {
        self.unanswered_ticks > TICKS_OF_A_REQUEST || self.is_still()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn patience() -> Patience {
        Patience { still_ticks_max: 10, ..Patience::default() }
    }

    #[test]
    fn a_byte_a_tick_is_not_enough() {
        let mut patience = patience();
        let mut ticks = 0;
        while !patience.is_over() {
            patience.arrived();
            patience.tick();
            ticks += 1;
        }
        assert_eq!(
            ticks,
            TICKS_OF_A_REQUEST + 1,
            "at least the whole time, and at most a tick more"
        );
    }

    #[test]
    fn an_answer_begins_the_time_anew() {
        let mut patience = patience();
        for _ in 0..100 {
            patience.arrived();
            patience.tick();
            patience.tick();
            patience.answered();
            assert!(!patience.is_over());
        }
    }

    #[test]
    fn a_connection_on_which_nothing_moves_is_given_up_later() {
        let mut patience = patience();
        patience.answered();
        for _ in 0..11 {
            patience.tick();
            assert!(!patience.is_over());
        }
        patience.tick();
        assert!(patience.is_over() && patience.is_still() && !patience.is_stuck());
        for _ in 0..STUCK_TICKS {
            patience.tick();
        }
        assert!(patience.is_stuck(), "nobody reads the answer");
    }
}
