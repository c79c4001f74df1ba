//! What can be asked of the booking rules, and what comes of it.
//!
//! Everything that is random or derived from a secret is in the command already when it enters the
//! batch: deciding is pure, and a batch that is tried again gives the same ids.
//!
//! Expected refusals are variants of an outcome, never errors. A refused command has had no effect
//! and is decided anew when it is repeated.

use kernel::CampaignId;

use super::{Decision, Footprint, Idempotency};
use crate::booking::{
    AskLink, AskLinkOutcome, BookGroup, BookGroupOutcome, BookHold, BookHoldOutcome, BookSlot,
    BookSlotOutcome, CancelBooking, CancelOutcome, ChangeContact, ChangeContactOutcome, ClearPlace,
    ClearPlaceOutcome, CorrectOutcome, CorrectPerson, ErasePerson, ErasePersonOutcome, MoveBooking,
    MoveOutcome, RotateToken, RotateTokenOutcome,
};
use crate::car::{OpenCar, OpenCarOutcome};
use crate::event::Actor;
use crate::hold::{
    ExpiredHoldsReleased, HoldOutcome, HoldSeats, ReleaseExpiredHolds, ReleaseHold, ReleaseOutcome,
    RenewHold, RenewOutcome,
};
use crate::pass::{EndPass, EndPassOutcome};
use crate::waitlist::{
    AcceptOffer, AcceptOutcome, CallUp, CallUpOutcome, DeclineOffer, DeclineOutcome, JoinOutcome,
    JoinWaitlist, LeaveOutcome, LeaveWaitlist,
};

/// A command: what it has to know, how it is decided, and what can come of it.
pub(crate) trait Asks: Into<Command> {
    /// What can come of it.
    type Outcome: TryFrom<Outcome, Error = Outcome>;

    /// The campaign whose lock serialises this command.
    fn campaign(&self) -> &CampaignId;

    /// The key under which the command takes effect at most once; `None` where repeating it changes
    /// nothing anyway.
    fn idempotency(&self) -> Option<&Idempotency>;

    /// Who asks.
    fn actor(&self) -> Actor;

    /// Adds what it has to know, besides its campaign and what its key was used for.
    fn touch(&self, footprint: &mut Footprint);

    /// Decides it, given those before it in the batch. What it makes happen it tells
    /// ([`Decision::tell`]); a refusal is no event.
    fn carry_out(&self, decision: &mut Decision) -> Self::Outcome;
}

/// Makes the two enums of the list, and hands each call on to the command meant.
macro_rules! commands {
    ($($(#[$what:meta])* $kind:ident($command:ty) -> $outcome:ty;)*) => {
        /// One thing asked.
        #[derive(Clone, Debug, PartialEq, Eq)]
        pub enum Command {
            $($(#[$what])* $kind($command),)*
        }

        /// What came of one command; the variant is that of the command.
        #[derive(Clone, Debug, PartialEq, Eq)]
        pub enum Outcome {
            $(#[doc = concat!("Of [`Command::", stringify!($kind), "`].")] $kind($outcome),)*
        }

        impl Command {
            /// The campaign whose lock serialises this command.
            #[must_use]
            pub fn campaign(&self) -> &CampaignId {
                match self { $(Self::$kind(command) => command.campaign(),)* }
            }

            /// The key under which the command takes effect at most once; `None` where repeating it
            /// changes nothing anyway.
            #[must_use]
            pub fn idempotency(&self) -> Option<&Idempotency> {
                match self { $(Self::$kind(command) => command.idempotency(),)* }
            }

            pub(super) fn actor(&self) -> Actor {
                match self { $(Self::$kind(command) => command.actor(),)* }
            }

            pub(super) fn touch(&self, footprint: &mut Footprint) {
                match self { $(Self::$kind(command) => command.touch(footprint),)* }
            }

            pub(super) fn carry_out(&self, decision: &mut Decision) -> Outcome {
                match self {
                    $(Self::$kind(command) => Outcome::$kind(command.carry_out(decision)),)*
                }
            }
        }

        $(
            impl From<$command> for Command {
                fn from(command: $command) -> Self {
                    Self::$kind(command)
                }
            }

            impl TryFrom<Outcome> for $outcome {
                type Error = Outcome;

                fn try_from(outcome: Outcome) -> Result<Self, Outcome> {
                    if let Outcome::$kind(outcome) = outcome { Ok(outcome) } else { Err(outcome) }
                }
            }
        )*
    };
}

commands! {
    /// Keep seats of one slot.
    Hold(HoldSeats) -> HoldOutcome;
    /// Start the time of a hold again.
    RenewHold(RenewHold) -> RenewOutcome;
    /// Give the seats of a hold back.
    ReleaseHold(ReleaseHold) -> ReleaseOutcome;
    /// Register a person onto a hold.
    BookHold(BookHold) -> BookHoldOutcome;
    /// Register several persons onto a hold.
    BookGroup(BookGroup) -> BookGroupOutcome;
    /// Hold and book in one step.
    BookSlot(BookSlot) -> BookSlotOutcome;
    /// Give a pass back.
    EndPass(EndPass) -> EndPassOutcome;
    /// Give a booked place back.
    CancelBooking(CancelBooking) -> CancelOutcome;
    /// Take a place of another slot for one's own.
    MoveBooking(MoveBooking) -> MoveOutcome;
    /// Correct whom a booking is for.
    CorrectPerson(CorrectPerson) -> CorrectOutcome;
    /// Change how the person of a booking is reached.
    ChangeContact(ChangeContact) -> ChangeContactOutcome;
    /// Erase whom a booking is for.
    ErasePerson(ErasePerson) -> ErasePersonOutcome;
    /// Give a booking another token.
    RotateToken(RotateToken) -> RotateTokenOutcome;
    /// Let others come in the car of a booking.
    OpenCar(OpenCar) -> OpenCarOutcome;
    /// Ask for the link of a booking that was lost.
    AskLink(AskLink) -> AskLinkOutcome;
    /// Clear what takes a place of a closed slot.
    ClearPlace(ClearPlace) -> ClearPlaceOutcome;
    /// Wait for a place that comes back.
    JoinWaitlist(JoinWaitlist) -> JoinOutcome;
    /// Wait no longer.
    LeaveWaitlist(LeaveWaitlist) -> LeaveOutcome;
    /// Take the place that is offered.
    AcceptOffer(AcceptOffer) -> AcceptOutcome;
    /// Leave the place that is offered to others.
    DeclineOffer(DeclineOffer) -> DeclineOutcome;
    /// Offer places to those who wait.
    CallUp(CallUp) -> CallUpOutcome;
    /// Release what has expired.
    ReleaseExpiredHolds(ReleaseExpiredHolds) -> ExpiredHoldsReleased;
}
