//! What is told of bookings: mail, and what comes back of it, and webhooks.
//!
//! The rules say which letters there are ([`booking::mail`]), a store keeps them. Here is the rest:
//! [`letter`] writes one, in the language of whom it goes to; [`transport`] hands it to a mail server or
//! lays it into a folder; [`worker`] goes along the events and sends what is due; [`report`] reads what mail
//! servers send back. [`webhooks`] sends the messages that other systems want ([`booking::webhook`]).
//!
//! A booking never waits for any of it, and nothing here changes one, but that the letter with a lost link gives it
//! another token.

pub mod letter;
pub mod report;
mod rounds;
pub mod transport;
pub mod webhooks;
pub mod worker;
