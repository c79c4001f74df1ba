//! One person's confirmed place.

pub(crate) mod calendar;
pub(crate) mod cancel;
pub(crate) mod car;
pub(crate) mod contact;
pub(crate) mod correct;
pub(crate) mod create;
pub(crate) mod data;
mod declaration;
pub(crate) mod erase;
pub(crate) mod lost_link;
pub(crate) mod mail;
pub(crate) mod r#move;
mod own;
mod person;
pub(crate) mod qr;
pub(crate) mod show;
pub(crate) mod token;

use actix_web::HttpResponse;
use booking::campaign::{SiteId, SlotId};
use booking::{Booked, BookingCode, BookingId, CarId, Person};
use kernel::{CampaignId, Timestamp};
use serde::Serialize;
use utoipa::ToSchema;
use web::Problem;
use web::document::{Only, Union, Variant};
use web::reply;

use crate::app::App;

pub(crate) use declaration::DeclaredBody;
pub(crate) use mail::MailBody;
pub(crate) use person::{NewPerson, PersonBody, Reading};

/// One person's place.
#[derive(Serialize, ToSchema)]
#[schema(as = Booking)]
pub(crate) struct BookingBody<'a> {
    #[schema(value_type = String, example = "booking_017a09a9b40070008000000000000001")]
    pub(crate) id: BookingId,
    /// What is shown at the gate.
    #[schema(value_type = String, example = "7Q2MX4KD")]
    pub(crate) code: BookingCode,
    #[schema(value_type = String, example = "speyer-2021-06-20")]
    pub(crate) campaign: &'a CampaignId,
    #[schema(value_type = String, example = "boe-fashion-20210620-0700")]
    pub(crate) slot: &'a SlotId,
    #[schema(value_type = String, example = "boe-fashion")]
    pub(crate) site: &'a SiteId,
    #[schema(value_type = String, format = DateTime, example = "2021-06-20T05:00:00.000Z")]
    pub(crate) starts_at: Timestamp,
    #[schema(value_type = String, format = DateTime, example = "2021-06-20T05:10:00.000Z")]
    pub(crate) ends_at: Timestamp,
    pub(crate) status: BookingState,
    /// Only of a confirmed booking: who it was is erased with a cancellation.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub(crate) person: Option<PersonBody<'a>>,
    /// What was declared with the booking. The reply to a booking leaves it out.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    #[schema(required = false)]
    pub(crate) declarations: Vec<DeclaredBody<'a>>,
    #[schema(value_type = String, format = DateTime, example = "2021-06-14T06:02:41.118Z")]
    pub(crate) booked_at: Timestamp,
    /// The car that others may come in with this code, or that the person comes in.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(
        value_type = Option<String>, nullable = false,
        example = "car_5f0c9a41d27e4b83b6d0f2a91c7e3d58",
    )]
    pub(crate) car: Option<CarId>,
    /// How the mail about it stands; where a booking is shown.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub(crate) mail: Option<MailBody>,
    /// Only of a cancelled booking.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(
        value_type = Option<String>, format = DateTime, nullable = false,
        example = "2021-06-15T09:12:08.007Z",
    )]
    pub(crate) cancelled_at: Option<Timestamp>,
}

/// A booking of one kind has what the other has not.
pub(crate) const KINDS: Union = Union {
    schema: "Booking",
    by: "status",
    known: "KnownBooking",
    other: "OtherBooking",
    variants: &[
        Variant {
            value: "confirmed",
            schema: "ConfirmedBooking",
            description: "A booking whose person has the place.",
            always: &["person"],
        },
        Variant {
            value: "cancelled",
            schema: "CancelledBooking",
            description: "A booking whose place was given back. Who it was is erased.",
            always: &["cancelled_at"],
        },
        Variant {
            value: "erased",
            schema: "ErasedBooking",
            description: "A booking whose time has begun and whose person is erased. The place stays counted.",
            always: &[],
        },
    ],
    only: &[&[
        Only { member: "person", of: &["confirmed"] },
        Only { member: "declarations", of: &["confirmed"] },
        Only { member: "cancelled_at", of: &["cancelled"] },
    ]],
};

/// A booking as whoever booked is told it: with its token.
#[derive(Serialize, ToSchema)]
pub(crate) struct NewlyBooked<'a> {
    /// Shows, moves and cancels the booking as a bearer token. It is told to nobody else.
    #[schema(example = "hT0b4TzvSFmTkYqIabhIuNe1tX4YcZdyA9qLr6gWc3o")]
    pub(crate) manage_token: String,
    #[serde(flatten)]
    pub(crate) booking: BookingBody<'a>,
}

/// Whether the person has the place.
#[derive(Clone, Copy, Serialize, ToSchema)]
#[schema(as = BookingStatus)]
#[serde(rename_all = "snake_case")]
pub(crate) enum BookingState {
    /// The person has the place.
    Confirmed,
    /// The place was given back.
    Cancelled,
    /// Who has the place is erased.
    Erased,
}

impl BookingState {
    fn of(cancelled_at: Option<Timestamp>) -> Self {
        if cancelled_at.is_some() { Self::Cancelled } else { Self::Confirmed }
    }
}

impl App {
    /// 201: the person is booked. A repeated request gets the same reply, unless the booking has changed since:
    /// the person is the one that was sent, and the token is derived from the booking.
    pub(crate) fn booked(
        &self,
        campaign: &CampaignId,
        booked: &Booked,
        person: &Person,
    ) -> Result<HttpResponse, Problem> {
        let location = format!("/v1/bookings/{}", booked.booking);
        reply::created(location, &self.newly_booked(campaign, booked, person))
    }

    /// What is told of a booking to who has just booked.
    pub(crate) fn newly_booked<'a>(
        &self,
        campaign: &'a CampaignId,
        booked: &'a Booked,
        person: &'a Person,
    ) -> NewlyBooked<'a> {
        let booking = BookingBody {
            id: booked.booking,
            code: booked.code,
            campaign,
            slot: &booked.slot,
            site: &booked.site,
            starts_at: booked.starts_at,
            ends_at: booked.ends_at,
            status: BookingState::of(booked.cancelled_at),
            person: booked.cancelled_at.is_none().then(|| PersonBody::from(person)),
            declarations: Vec::new(),
            booked_at: booked.booked_at,
            car: booked.car,
            mail: None,
            cancelled_at: booked.cancelled_at,
        };
        let manage_token = self.bookings.manage_token(booked.booking, booked.token_generation);
        NewlyBooked { manage_token, booking }
    }
}
