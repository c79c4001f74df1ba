//! What is asked of those who join too often: a proof of work, the harder the more they are.
//!
//! Nobody is asked as long as there is no pressure. A proof that does not hold, or is not needed, counts as
//! none, so whoever was slow or is no longer asked is not refused for it.

use std::time::Duration;

use actix_web::HttpRequest;
use waiting_room::door::proof::{LEVEL_MAX, Proof, bond};
use waiting_room::view::RoomView;
use web::limits::{AddressPressure, Pressure};
use web::{AddressLimit, Code, Problem};

use crate::app::App;
use crate::refusal;

/// As many as are configured.
const ANY: u32 = u32::MAX;

/// One address gets the first of so many seats of an idle room for nothing.
const SEATS_EACH: u32 = 10;

/// When a proof is asked for, and what it costs.
pub struct Proofs {
    /// The pressure of joins from one address.
    pub addresses: AddressPressure,
    /// The pressure of joins on one room, from wherever they come.
    pub rooms: Pressure,
    /// Challenges for one address: each costs us one try.
    pub challenges: AddressLimit,
    /// Proofs for one address that are waited for.
    pub waiting: AddressLimit,
    /// How long they are waited for.
    pub wait: Duration,
    /// The numbers tried on average for the easiest proof.
    pub work: u32,
}

/// Somebody who joins.
#[derive(Clone, Copy)]
pub(crate) struct Comer<'a> {
    pub(crate) request: &'a HttpRequest,
    pub(crate) room: &'a str,
    /// The client's key of the request.
    pub(crate) key: Option<&'a str>,
}

impl Proofs {
    /// Never asked for.
    #[must_use]
    pub fn off() -> Self {
        Self {
            addresses: AddressPressure::off(),
            rooms: Pressure::off(),
            challenges: AddressLimit::off(),
            waiting: AddressLimit::off(),
            wait: Duration::ZERO,
            work: 1,
        }
    }

    /// How hard a proof the next join has to have; 0 for none.
    pub(crate) fn asked(&self, request: &HttpRequest, view: &RoomView) -> u8 {
        let addresses = self.addresses.of(request, free(view));
        addresses.max(self.rooms.of(&view.settings.room, ANY)).min(LEVEL_MAX)
    }

    /// Lets somebody join who needs no proof or has one, and counts them. The proof is given if it was needed.
    pub(crate) fn admit(
        &self,
        app: &App,
        comer: Comer<'_>,
        text: Option<&str>,
    ) -> Result<Option<Proof>, Problem> {
        let Comer { request, room, key } = comer;
        let view = app.rooms.view(room).map_err(refusal::problem)?;
        let asked = self.asked(request, &view);
        let proof = match (asked, text) {
            (0, _) => None,
            (_, None) => return Err(self.required(comer, &view)),
            (_, Some(text)) => {
                let proof = app.rooms.read_proof(room, text).map_err(refusal::problem)?;
                let is_enough = |proof: &Proof| proof.suffices(asked) && proof.key(key).is_some();
                Some(proof.filter(is_enough).ok_or_else(|| self.required(comer, &view))?)
            }
        };
        self.addresses.count(request);
        self.rooms.count(&view.settings.room);
        Ok(proof)
    }

    /// The refusal of somebody who needs a proof: where a challenge is to be had, and when none is needed.
    pub(crate) fn required(&self, comer: Comer<'_>, view: &RoomView) -> Problem {
        let Comer { request, room, key } = comer;
        let (free, of_room) = (free(view), &view.settings.room);
        let made_for = key.map_or_else(String::new, |key| format!("?for={}", bond(key)));
        let is_of_room = self.rooms.relief(of_room, ANY) > self.addresses.relief(request, free);
        let problem = if is_of_room {
            self.rooms.refusal(Code::ProofRequired, of_room, ANY)
        } else {
            self.addresses.refusal(Code::ProofRequired, request, free)
        };
        problem.with("challenge", format!("/v1/rooms/{room}/challenge{made_for}"))
    }
}

/// Joins of one address that need no proof. While people are let in on arrival each may hold a seat, so they
/// are a tenth of the seats at most.
fn free(view: &RoomView) -> u32 {
    let seats = view.state.memory.live.max_active;
    if view.state.express > 0 { (seats / SEATS_EACH).max(1) } else { ANY }
}
