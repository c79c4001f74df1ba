//! The booking that a token opens, and what is shown of it.

use std::sync::Arc;

use actix_web::HttpRequest;
use booking::campaign::Slot;
use booking::{Booking, BookingId, BookingLookup, BookingStatus, Campaign, Person};
use web::{Code, Problem};

use super::{BookingBody, BookingState, DeclaredBody, PersonBody};
use crate::app::App;
use crate::authorize::manage_token;

/// A booking with the campaign that it is in.
pub(crate) struct OwnBooking {
    pub(crate) booking: Box<Booking>,
    pub(crate) campaign: Arc<Campaign>,
}

impl App {
    /// The booking that the request's token opens.
    pub(crate) async fn own_booking(
        &self,
        id: BookingId,
        request: &HttpRequest,
    ) -> Result<OwnBooking, Problem> {
        self.opened_booking(id, manage_token(request)?).await
    }

    /// The booking that this token opens.
    pub(crate) async fn opened_booking(
        &self,
        id: BookingId,
        token: &str,
    ) -> Result<OwnBooking, Problem> {
        let lookup = self.bookings.booking(id, token).await;
        let booking = match lookup.map_err(|failure| self.problem(failure))? {
            BookingLookup::Found(booking) => booking,
            BookingLookup::BookingNotFound => return Err(Problem::new(Code::BookingNotFound)),
            BookingLookup::TokenInvalid => return Err(Problem::new(Code::ManageTokenInvalid)),
        };
        let view = self.bookings.view();
        let campaign = view.campaign(&booking.campaign).map(|view| Arc::clone(&view.campaign));
        // A slot that was booked is never removed, so only a view that is not there yet lacks it.
        let campaign = campaign.filter(|campaign| campaign.slot(&booking.slot).is_some());
        let campaign = campaign.ok_or_else(|| self.try_again(Code::Unavailable))?;
        Ok(OwnBooking { booking, campaign })
    }
}

impl OwnBooking {
    pub(crate) fn slot(&self) -> &Slot {
        self.campaign.slot(&self.booking.slot).expect("it was found with its slot")
    }

    /// The booking as it is shown to whoever has its token.
    pub(crate) fn body(&self) -> BookingBody<'_> {
        let (booking, slot) = (&self.booking, self.slot());
        let person = booking.registration.person.as_ref();
        let declared = person.map(Person::declared).unwrap_or_default();
        let (status, cancelled_at) = match booking.status {
            BookingStatus::Confirmed if person.is_none() => (BookingState::Erased, None),
            BookingStatus::Confirmed => (BookingState::Confirmed, None),
            BookingStatus::Cancelled { at } => (BookingState::Cancelled, Some(at)),
        };
        BookingBody {
            id: booking.registration.booking,
            code: booking.registration.code,
            campaign: &booking.campaign,
            slot: &booking.slot,
            site: &slot.site,
            starts_at: slot.starts_at,
            ends_at: slot.ends_at,
            status,
            person: person.map(PersonBody::from),
            declarations: declared.iter().map(DeclaredBody::from).collect(),
            booked_at: booking.booked_at,
            car: booking.car,
            mail: None,
            cancelled_at,
        }
    }
}
