//! Which letters follow from which event. Pure.

use std::time::Duration;

use kernel::Timestamp;

use super::{MailAbout, MailId, MailKind};
use crate::batch::Changes;
use crate::booking::BookingId;
use crate::campaign::{Campaign, SlotId};
use crate::event::chain::Link;
use crate::event::{Event, What};

/// What the operator says about letters.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct MailRules {
    /// How long before an appointment its reminder is due; `None` for no reminders.
    pub remind_before: Option<Duration>,
}

/// A letter to be kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewMail {
    /// What it is known by.
    pub id: MailId,
    /// What it is about.
    pub about: MailAbout,
    /// When what it tells has happened.
    pub made_at: Timestamp,
    /// Nobody sends it before this.
    pub due_at: Timestamp,
}

/// The letters that follow from the events of a link after number `after`, with the campaign as it is in
/// force; `None` if it was removed. Events that only a later program knows are passed over: it is that
/// program that makes letters of them. O(text of the link).
#[must_use]
pub fn follow(
    link: &Link,
    after: u64,
    campaign: Option<&Campaign>,
    rules: &MailRules,
) -> Vec<NewMail> {
    let events = link.read_known();
    let later = events.iter().filter(|event| event.number > after);
    later.flat_map(|event| of_event(link, event, campaign, rules)).collect()
}

fn of_event(
    link: &Link,
    event: &Event,
    campaign: Option<&Campaign>,
    rules: &MailRules,
) -> Vec<NewMail> {
    let of = |kind, about, due_at| NewMail {
        id: MailId { campaign: link.campaign.clone(), number: event.number, kind, copy: 0 },
        about,
        made_at: event.at,
        due_at,
    };
    let mail = |kind, booking, due_at| of(kind, MailAbout::Booking(booking), due_at);
    let reminder = |booking, slot: &SlotId| {
        let slot = campaign?.slot(slot)?;
        let due_at = slot.starts_at.minus(rules.remind_before?);
        // Who books on the day before has just been told.
        (due_at > event.at).then(|| mail(MailKind::Reminder, booking, due_at))
    };
    match &event.what {
        What::Booked { booking, slot, .. } => {
            let confirmed = mail(MailKind::Confirmed, *booking, event.at);
            std::iter::once(confirmed).chain(reminder(*booking, slot)).collect()
        }
        What::Moved { booking, to, .. } => {
            let moved = mail(MailKind::Moved, *booking, event.at);
            std::iter::once(moved).chain(reminder(*booking, to)).collect()
        }
        What::PersonCorrected { booking } => {
            vec![mail(MailKind::Corrected, *booking, event.at)]
        }
        What::Cancelled { booking, .. } => vec![mail(MailKind::Cancelled, *booking, event.at)],
        What::LinkAsked { booking } => vec![mail(MailKind::Link, *booking, event.at)],
        What::WaitlistJoined { entry, .. } => {
            vec![of(MailKind::Waitlisted, MailAbout::Entry(*entry), event.at)]
        }
        What::OfferMade { offer, entry, .. } => {
            let about = MailAbout::Offer { offer: *offer, entry: *entry };
            vec![of(MailKind::Offer, about, event.at)]
        }
        What::ContactChanged { .. }
        | What::PersonErased { .. }
        | What::TokenRotated { .. }
        | What::CarOpened { .. }
        | What::SeatsHeld { .. }
        | What::HoldRenewed { .. }
        | What::HoldEnded { .. }
        | What::PlacesFreed { .. }
        | What::WaitlistLeft { .. }
        | What::OfferAccepted { .. }
        | What::OfferDeclined { .. }
        | What::OfferExpired { .. }
        | What::OfferWithdrawn { .. }
        | What::PassEnded { .. }
        | What::PassUsedUp { .. }
        | What::CampaignChanged { .. }
        | What::CampaignPurged
        | What::CampaignRemoved { .. } => Vec::new(),
    }
}

/// The letters about bookings that a batch cancels. They are kept with the batch: it erases who is to be
/// told. Bookings of the batch itself have nobody any more whom it could be told, and whoever wants to be
/// forgotten is told nothing.
#[must_use]
pub fn of_cancellations(changes: &Changes) -> Vec<NewMail> {
    let is_erased_now = |id: &BookingId| {
        changes.bookings_cancelled.iter().any(|now| now.booking == *id)
            && !changes.bookings_forgotten.contains(id)
    };
    if changes.bookings_cancelled.is_empty() {
        return Vec::new();
    }
    let mut mails = Vec::new();
    for told in &changes.events {
        for event in &told.events {
            let What::Cancelled { booking, .. } = &event.what else { continue };
            if is_erased_now(booking) {
                mails.extend(of_event(&told.link, event, None, &MailRules { remind_before: None }));
            }
        }
    }
    mails
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::contract::scene;
    use crate::event::Actor;
    use crate::event::chain::ChainEnd;

    const DAY: Duration = Duration::from_hours(24);

    fn link(at: u64, happened: Vec<What>) -> Link {
        let happened = happened.into_iter().map(|what| (Actor::Clock, what)).collect();
        ChainEnd::default().continued(&scene::slot("rehearsal"), scene::at(at), happened).link
    }

    fn kinds(mails: &[NewMail]) -> Vec<(u64, MailKind, Timestamp)> {
        mails.iter().map(|mail| (mail.id.number, mail.id.kind, mail.due_at)).collect()
    }

    #[test]
    fn letters_follow_from_what_concerns_a_person() {
        let (campaign, booking) = (scene::campaign(), scene::booking_id(1));
        let [a, c] = ["a", "c"].map(scene::slot);
        let starts = |slot: &SlotId| campaign.slot(slot).expect("a slot").starts_at;
        let link = link(
            10,
            vec![
                What::Booked { booking, slot: a.clone(), hold: None },
                What::PlacesFreed { slot: a.clone(), places: 1 },
                What::Moved { booking, from: a.clone(), to: c.clone() },
                What::PersonCorrected { booking },
                What::Cancelled { booking, slot: c.clone() },
                What::LinkAsked { booking },
            ],
        );
        let rules = MailRules { remind_before: Some(DAY) };
        let at = scene::at(10);
        let expected = vec![
            (1, MailKind::Confirmed, at),
            (1, MailKind::Reminder, starts(&a).minus(DAY)),
            (3, MailKind::Moved, at),
            (3, MailKind::Reminder, starts(&c).minus(DAY)),
            (4, MailKind::Corrected, at),
            (5, MailKind::Cancelled, at),
            (6, MailKind::Link, at),
        ];
        assert_eq!(kinds(&follow(&link, 0, Some(&campaign), &rules)), expected);
        assert_eq!(
            kinds(&follow(&link, 3, Some(&campaign), &rules)),
            expected[4..],
            "from there on"
        );
        let without = MailRules { remind_before: None };
        let kinds = kinds(&follow(&link, 0, Some(&campaign), &without));
        assert!(kinds.iter().all(|(_, kind, _)| *kind != MailKind::Reminder));
    }

    #[test]
    fn who_waits_is_told_so_and_of_every_offer() {
        let (entry, offer) = (scene::waitlist::entry_id(1), scene::waitlist::offer_id(2));
        let (slot, expires_at) = (scene::slot("a"), scene::at(600));
        let happened = vec![
            What::WaitlistJoined { entry, number: 1 },
            What::OfferMade { offer, entry, slot, expires_at },
            What::OfferExpired { offer, entry },
            What::WaitlistLeft { entry, booking: None },
        ];
        let mails = follow(&link(10, happened), 0, None, &MailRules { remind_before: None });
        let about: Vec<_> = mails.iter().map(|mail| (mail.id.kind, mail.about)).collect();
        let expected = [
            (MailKind::Waitlisted, MailAbout::Entry(entry)),
            (MailKind::Offer, MailAbout::Offer { offer, entry }),
        ];
        assert_eq!(about, expected);
    }

    #[test]
    fn who_books_on_the_day_before_needs_no_reminder() {
        let (campaign, booking) = (scene::campaign(), scene::booking_id(1));
        let what = What::Booked { booking, slot: scene::slot("a"), hold: None };
        // The slot starts at 518,400 seconds.
        let rules = MailRules { remind_before: Some(DAY) };
        let late = follow(&link(518_400 - 86_400, vec![what.clone()]), 0, Some(&campaign), &rules);
        assert_eq!(late.len(), 1);
        let early = follow(&link(518_400 - 86_401, vec![what]), 0, Some(&campaign), &rules);
        assert_eq!(early.len(), 2);
    }

    #[test]
    fn what_only_a_later_program_knows_is_passed_over() {
        let booking = scene::booking_id(1);
        let mut link =
            link(1, vec![What::PersonCorrected { booking }, What::PersonCorrected { booking }]);
        link.events = link.events.replacen("person_corrected", "danced", 1);
        let rules = MailRules { remind_before: None };
        assert_eq!(
            kinds(&follow(&link, 0, None, &rules)),
            [(2, MailKind::Corrected, scene::at(1))]
        );
    }
}
