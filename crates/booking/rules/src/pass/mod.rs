//! What a pass allows and what it has used.

mod end_pass;

use kernel::{Ags, CampaignId, Timestamp};
use pass::{LEEWAY, PassId, Subject};

use crate::batch::Decision;

pub use end_pass::{EndPass, EndPassOutcome};

/// What a verified pass allows: the part of its claims that the rules look at.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PassGrant {
    /// The pass. What it has used is counted under this id.
    pub pass_id: PassId,
    /// The campaign it opens.
    pub campaign: CampaignId,
    /// The municipality its holder lives in.
    pub ags: Ags,
    /// Persons it may hold seats for and book, in sum.
    pub seats: u8,
    /// When it ends, its leeway included: the rules take it as long as it is verified. Nothing held under it lasts
    /// longer.
    pub expires_at: Timestamp,
    /// Who must be the first person booked with it; `None` if it is bound to nobody.
    pub binding: Option<Subject>,
}

impl From<&pass::Claims> for PassGrant {
    fn from(claims: &pass::Claims) -> Self {
        Self {
            pass_id: claims.pass_id,
            campaign: claims.campaign.clone(),
            ags: claims.ags,
            seats: claims.seats,
            expires_at: claims.expires_at.plus(LEEWAY),
            binding: claims.binding,
        }
    }
}

impl PassGrant {
    /// Seats that it may still hold or book when so many are held or booked.
    #[must_use]
    pub fn seats_left(&self, seats_taken: u8) -> u8 {
        self.seats.saturating_sub(seats_taken)
    }
}

/// How the person to be booked stands to the binding of the pass.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BindingCheck {
    /// The pass is bound to nobody.
    Unbound,
    /// It is bound to this person.
    Matches,
    /// It is bound to somebody else.
    Differs,
}

/// How many guesses at who is booked a pass has: answers that tell something of a person without a seat being
/// gone for it. Such is that somebody is booked already, or that a booking could be corrected to them, or, with a
/// booking whose seat comes back, that somebody was not. The code of a car that nobody is in is one, too. A family
/// that mistypes needs a few; whoever tries dates of birth needs many.
pub const GUESSES_MAX: u8 = 8;

/// What a pass has used.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PassUse {
    /// The pass.
    pub pass_id: PassId,
    /// Its campaign.
    pub campaign: CampaignId,
    /// Seats of active holds without a person.
    pub seats_held: u8,
    /// Persons booked or waiting. A seat whose booking is cancelled, or whose person leaves the waitlist,
    /// comes back to the pass.
    pub seats_booked: u8,
    /// Bookings and entries of the waitlist ever made with it, ended ones included. A booking that comes of an
    /// entry counts once.
    pub bookings: u8,
    /// Persons it may hold seats for and book, in sum.
    pub seats: u8,
    /// How many guesses it has used, see [`GUESSES_MAX`].
    pub guesses: u8,
    /// When it was given back, if it was: since then nothing new begins with it.
    pub ended_at: Option<Timestamp>,
    /// When the pass ends: after that the row is of no use.
    pub expires_at: Timestamp,
}

impl PassUse {
    /// Seats that came back.
    #[must_use]
    pub fn seats_returned(&self) -> u8 {
        self.bookings.saturating_sub(self.seats_booked)
    }

    fn guesses_left(&self) -> u8 {
        GUESSES_MAX.saturating_sub(self.guesses.saturating_add(self.seats_returned()))
    }
}

impl Decision {
    /// The use of a pass, to be changed.
    pub(crate) fn pass_use(&mut self, pass: &PassGrant) -> &mut PassUse {
        self.touched.passes.insert(pass.pass_id);
        self.state.passes.entry(pass.pass_id).or_insert_with(|| PassUse {
            pass_id: pass.pass_id,
            campaign: pass.campaign.clone(),
            seats_held: 0,
            seats_booked: 0,
            bookings: 0,
            seats: pass.seats,
            guesses: 0,
            ended_at: None,
            expires_at: pass.expires_at,
        })
    }

    /// Whether the pass was given back.
    pub(crate) fn has_ended(&self, pass: &PassGrant) -> bool {
        self.state.passes.get(&pass.pass_id).is_some_and(|used| used.ended_at.is_some())
    }

    /// Whether the pass may book this person: the one it is bound to comes first, the others of the
    /// same car after that.
    pub(crate) fn may_be_booked(&self, pass: &PassGrant, binding: BindingCheck) -> bool {
        match binding {
            BindingCheck::Unbound | BindingCheck::Matches => true,
            BindingCheck::Differs => {
                self.state.passes.get(&pass.pass_id).is_some_and(|used| used.seats_booked > 0)
            }
        }
    }

    /// Whether a seat that the pass has booked may be somebody else's: where it could as well be given
    /// back and booked for them, because a seat of the pass is booked besides.
    pub(crate) fn may_be_exchanged(&self, pass: &PassGrant, binding: BindingCheck) -> bool {
        match binding {
            BindingCheck::Unbound | BindingCheck::Matches => true,
            BindingCheck::Differs => {
                self.state.passes.get(&pass.pass_id).is_some_and(|used| used.seats_booked > 1)
            }
        }
    }

    /// The seat of a booking that is cancelled comes back to its pass.
    pub(crate) fn return_seat(&mut self, pass_id: PassId) {
        if let Some(used) = self.state.passes.get_mut(&pass_id) {
            used.seats_booked = used.seats_booked.saturating_sub(1);
            self.touched.passes.insert(pass_id);
        }
    }

    /// Whether the pass may not learn any more who is booked already.
    pub(crate) fn has_guessed_too_often(&self, pass: &PassGrant) -> bool {
        self.state.passes.get(&pass.pass_id).is_some_and(|used| used.guesses_left() == 0)
    }

    /// The pass is about to learn whether a person is booked, and no seat pays for it.
    pub(crate) fn count_guess(&mut self, pass: &PassGrant) {
        self.pass_use(pass).guesses += 1;
    }

    /// The pass is about to learn of so many persons whether they are booked, and no seat pays for it. Whether
    /// it has as many guesses: if not, none is left, for it learns at least that one of them is booked.
    pub(crate) fn count_guesses(&mut self, pass: &PassGrant, persons: usize) -> bool {
        let used = self.pass_use(pass);
        let (left, needed) = (used.guesses_left(), u8::try_from(persons).unwrap_or(u8::MAX));
        used.guesses += needed.min(left);
        needed <= left
    }

    /// Seats that the pass may still hold or book.
    pub(crate) fn seats_left(&self, pass: &PassGrant) -> u8 {
        let used = self.state.passes.get(&pass.pass_id);
        pass.seats_left(used.map_or(0, |used| used.seats_held.saturating_add(used.seats_booked)))
    }
}
