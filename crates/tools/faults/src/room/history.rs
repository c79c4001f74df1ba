//! What a client was told. The judge knows nothing else about the product.

use crate::clock::UnixMs;

/// One request and what came of it.
#[derive(Clone, Debug, PartialEq)]
pub struct Event {
    /// Who asked.
    pub citizen: u32,
    /// Which instance was asked.
    pub instance: usize,
    pub sent: UnixMs,
    /// When the reply had been read, or its absence was certain.
    pub answered: UnixMs,
    pub asked: Asked,
    pub told: Told,
}

/// What was asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Asked {
    /// To join, without a ticket.
    Join,
    /// Where the own ticket stands.
    Poll,
    /// To take the pass.
    Take,
    /// To leave with the pass.
    Leave,
}

/// What the reply said.
#[derive(Clone, Debug, PartialEq)]
pub enum Told {
    /// A ticket's state; with the pass, if it came along.
    State(TicketState, Option<Pass>),
    Pass(Pass),
    /// The pass is ended.
    Left,
    Refused {
        status: u16,
        code: String,
    },
    /// There was no reply, or an unreadable one.
    Nothing {
        why: String,
    },
}

/// Where a ticket stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TicketState {
    pub lane: String,
    /// 0 where the reply names none.
    pub epoch: u64,
    pub entry: u64,
    /// Who the ticket stands for, where the reply says so.
    pub subject: Option<String>,
    pub place: Option<u64>,
    pub standing: Standing,
}

/// The states of a ticket, in their order.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Standing {
    Gathering,
    Waiting,
    Called,
    Used,
}

/// A pass.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pass {
    /// Its claim `jti`.
    pub id: String,
    pub expires_at: UnixMs,
}

impl Event {
    /// The state that was told, if one was.
    pub fn state(&self) -> Option<&TicketState> {
        match &self.told {
            Told::State(state, _) => Some(state),
            Told::Pass(_) | Told::Left | Told::Refused { .. } | Told::Nothing { .. } => None,
        }
    }

    /// The pass that was told, if one was.
    pub fn pass(&self) -> Option<&Pass> {
        match &self.told {
            Told::State(_, pass) => pass.as_ref(),
            Told::Pass(pass) => Some(pass),
            Told::Left | Told::Refused { .. } | Told::Nothing { .. } => None,
        }
    }
}
