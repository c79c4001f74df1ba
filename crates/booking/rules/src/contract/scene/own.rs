//! Commands of people about their own bookings.

use std::sync::Arc;

use super::{booking_id, correction, slot, token_hash};
use crate::batch::{Command, Idempotency};
use crate::booking::{
    AskLink, ChangeContact, ErasePerson, NewToken, RotateToken, RotatedBy, TokenHash,
};
use crate::person::Contact;

/// The hash of the token of this generation of booking number `number`.
#[must_use]
pub fn token_hash_of(number: u32, generation: u32) -> TokenHash {
    let TokenHash(mut hash) = token_hash(number);
    hash[28..].copy_from_slice(&(u32::from_be_bytes([5; 4]) + generation).to_be_bytes());
    TokenHash(hash)
}

/// Gives a booking the token of this generation, for the holder of the one before it.
#[must_use]
pub fn rotate(booking: u32, generation: u32, idempotency: Idempotency) -> Command {
    let manage_token_hash = token_hash_of(booking, generation - 1);
    let by = RotatedBy::Holder { manage_token_hash, idempotency };
    let token = NewToken { hash: token_hash_of(booking, generation), generation };
    let (campaign, booking) = (slot("rehearsal"), booking_id(booking));
    Command::RotateToken(RotateToken { campaign, booking, by, token })
}

/// Lets the person of a booking, who is person number `person`, be reached by telephone only.
#[must_use]
pub fn change_contact(
    booking: u32,
    person: u32,
    read_at_sequence: u32,
    idempotency: Idempotency,
) -> Command {
    let contact = Contact::parse(None, Some("+49 621 5040".to_owned()));
    let contact = contact.expect("the scene's contact is plausible");
    Command::ChangeContact(ChangeContact {
        campaign: slot("rehearsal"),
        booking: booking_id(booking),
        manage_token_hash: token_hash(booking),
        person: Arc::new(correction(person).person.with_contact(&contact)),
        read_at_sequence,
        idempotency,
    })
}

/// Erases whom a booking is for.
#[must_use]
pub fn erase(booking: u32, idempotency: Idempotency) -> Command {
    Command::ErasePerson(ErasePerson {
        campaign: slot("rehearsal"),
        booking: booking_id(booking),
        manage_token_hash: token_hash(booking),
        idempotency,
    })
}

/// Asks for the link of a booking that was lost.
#[must_use]
pub fn ask_link(booking: u32) -> Command {
    Command::AskLink(AskLink { campaign: slot("rehearsal"), booking: booking_id(booking) })
}
