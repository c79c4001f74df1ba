//! Letters.

use booking::{
    BookingId, Mail, MailAbout, MailId, MailKind, MailStatus, NewMail, OfferId, Person, Reason,
    WaitlistEntryId,
};
use kernel::Timestamp;
use sea_orm::entity::prelude::*;

use super::booking::StoredPerson;
use super::event;
use crate::convert::{self, bytes_16, parse, unreadable};
use crate::dialect::Kind::{Bytes, Millis, Number, Text};
use crate::dialect::{Cell, Column as SetColumn, number, text};
use crate::fault::Fault;

#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "mail")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false, column_type = "Text")]
    pub campaign: String,
    #[sea_orm(primary_key, auto_increment = false)]
    pub number: i64,
    #[sea_orm(primary_key, auto_increment = false, column_type = "Text")]
    pub kind: String,
    #[sea_orm(primary_key, auto_increment = false)]
    pub copy: i32,
    #[sea_orm(column_type = "Blob")]
    pub about: Vec<u8>,
    pub rank: i32,
    #[sea_orm(column_type = "Text")]
    pub status: String,
    pub made_at_ms: i64,
    pub due_at_ms: i64,
    pub attempts: i32,
    #[sea_orm(column_type = "Blob", nullable)]
    pub lease: Option<Vec<u8>>,
    pub settled_at_ms: Option<i64>,
    #[sea_orm(column_type = "Text", nullable)]
    pub reason: Option<String>,
    #[sea_orm(column_type = "Text", nullable)]
    pub recipient: Option<StoredPerson>,
    #[sea_orm(column_type = "Blob", nullable)]
    pub request_key: Option<Vec<u8>>,
    #[sea_orm(column_type = "Blob", nullable)]
    pub offer: Option<Vec<u8>>,
}

impl ActiveModelBehavior for ActiveModel {}

/// New letters.
pub(crate) const NEW: &[SetColumn] = &[
    ("campaign", Text),
    ("number", Millis),
    ("kind", Text),
    ("about", Bytes),
    ("offer", Bytes),
    ("rank", Number),
    ("made_at_ms", Millis),
    ("due_at_ms", Millis),
];

pub(crate) fn to_row(new: &NewMail) -> Result<[Cell<'_>; NEW.len()], Fault> {
    let (about, offer) = match &new.about {
        MailAbout::Booking(booking) => (booking.as_bytes(), Cell::Null),
        MailAbout::Entry(entry) => (entry.as_bytes(), Cell::Null),
        MailAbout::Offer { offer, entry } => (entry.as_bytes(), Cell::Bytes(offer.as_bytes())),
    };
    Ok([
        text(new.id.campaign.as_str()),
        Cell::Number(event::number(new.id.number)?),
        text(new.id.kind.as_str()),
        Cell::Bytes(about),
        offer,
        number(new.id.kind.rank()),
        Cell::Number(new.made_at.unix_ms()),
        Cell::Number(new.due_at.unix_ms()),
    ])
}

/// Which id it is follows from the kind.
pub(crate) fn about(row: &Model) -> Result<MailAbout, Fault> {
    let about = bytes_16("id of what a letter is about", &row.about)?;
    Ok(match (MailKind::from_name(&row.kind), &row.offer) {
        (Some(MailKind::Offer), Some(offer)) => MailAbout::Offer {
            offer: OfferId::from_bytes(bytes_16("offer id", offer)?),
            entry: WaitlistEntryId::from_bytes(about),
        },
        (Some(MailKind::Waitlisted), None) => MailAbout::Entry(WaitlistEntryId::from_bytes(about)),
        (Some(MailKind::Offer | MailKind::Waitlisted) | None, _) => {
            return Err(unreadable("what a letter is about"));
        }
        (Some(_), _) => MailAbout::Booking(BookingId::from_bytes(about)),
    })
}

/// `recipient` is what is sealed in the row.
pub(crate) fn from_row(row: &Model, recipient: Option<Person>) -> Result<Mail, Fault> {
    Ok(Mail {
        id: MailId {
            campaign: parse("campaign id", &row.campaign)?,
            number: convert::number("number of an event", row.number)?,
            kind: MailKind::from_name(&row.kind).ok_or_else(|| unreadable("kind of a letter"))?,
            copy: convert::number("number of a copy", row.copy)?,
        },
        about: about(row)?,
        made_at: Timestamp::from_unix_ms(row.made_at_ms),
        due_at: Timestamp::from_unix_ms(row.due_at_ms),
        attempts: convert::number("number of attempts", row.attempts)?,
        status: MailStatus::from_name(&row.status)
            .ok_or_else(|| unreadable("status of a letter"))?,
        settled_at: row.settled_at_ms.map(Timestamp::from_unix_ms),
        reason: row.reason.as_deref().map(Reason::new),
        recipient,
    })
}
