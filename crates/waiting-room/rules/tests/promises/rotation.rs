//! Keys are replaced while people wait, on one instance a while before the other: no ticket, no pass and no
//! repetition of a join is lost.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use arc_swap::ArcSwap;
use kernel::{Clock as _, SeededEntropy};
use pass::{KeySet, PassMinter, PassVerifier, SigningKey};
use tokio::task::JoinHandle;
use waiting_room::WaitingRoom;
use waiting_room::line::ticket::TicketKeys;
use waiting_room::service::outcome::Answer;
use waiting_room::service::{JoinRequest, Signing};

use crate::harness::{ROOM, Town, join, join_as, join_many, redeem};

/// The steps of a rotation: which keys there are, the signing one first.
const STEPS: [&[u8]; 4] = [&[1], &[1, 2], &[2, 1], &[2]];
/// So many of them leave all tickets valid: the last one takes the retired key away.
const HARMLESS: usize = 3;

fn pass_key(id: u8) -> SigningKey {
    SigningKey::generate(&SeededEntropy::new(id.into()))
}

fn signing(ids: &[u8]) -> Signing {
    let mut ticket_keys = TicketKeys::new(ids[0], &[ids[0]; 32]);
    for id in &ids[1..] {
        ticket_keys = ticket_keys.accepting(*id, &[*id; 32]).expect("another id");
    }
    Signing { ticket_keys, minter: PassMinter::new(pass_key(ids[0]), "einlass") }
}

/// An instance, what it signs with, and what it publishes.
struct Instance {
    room: Arc<WaitingRoom>,
    signing: Arc<ArcSwap<Signing>>,
    published: Arc<ArcSwap<KeySet>>,
}

impl Instance {
    async fn start(town: &Town) -> Self {
        let signing = Arc::new(ArcSwap::from_pointee(signing(STEPS[0])));
        let published = Arc::new(ArcSwap::default());
        let shared = (Arc::clone(&signing), Arc::clone(&published));
        let room = town.instance_with(|parts| {
            (parts.signing, parts.verifier) = (shared.0, PassVerifier::new("einlass", shared.1));
        });
        let instance = Self { room: room.await, signing, published };
        instance.take(STEPS[0]);
        instance
    }

    fn take(&self, ids: &[u8]) {
        let keys = ids.iter().map(|id| pass_key(*id).public_key().clone());
        self.published.store(Arc::new(KeySet::new(keys).expect("keys")));
        self.signing.store(Arc::new(signing(ids)));
    }

    /// Asks for this ticket until `stop` says so; returns how often.
    fn poll_on(&self, ticket: String, stop: &Arc<AtomicBool>) -> JoinHandle<u64> {
        let (room, stop) = (Arc::clone(&self.room), Arc::clone(stop));
        tokio::spawn(async move {
            let mut asked = 0;
            while !stop.load(Ordering::Relaxed) || asked == 0 {
                room.ask(ROOM, &ticket).expect("the ticket is valid all the time");
                asked += 1;
                tokio::task::yield_now().await;
            }
            asked
        })
    }
}

async fn assert_all_valid(town: &Town, instances: &[Instance; 2], answers: &[Answer]) {
    for instance in instances {
        instance.room.renew().await;
        for answer in answers {
            instance.room.ask(ROOM, &answer.ticket).expect("P12: the ticket is valid");
            let Some(issued) = redeem(&instance.room, answer).await else { continue };
            for verifying in instances {
                let verifier = PassVerifier::new("einlass", Arc::clone(&verifying.published));
                let (room, now) = (&town.settings.room, town.clock.now());
                verifier.verify(&issued.pass, room, now).expect("the pass is valid everywhere");
            }
        }
    }
}

#[tokio::test]
async fn a_rotation_loses_no_ticket_and_no_pass() {
    let town = Town::at(-60, |settings| {
        (settings.gate.max_active, settings.gate.burst) = (1_000, 1_000);
    })
    .await;
    let instances = [Instance::start(&town).await, Instance::start(&town).await];
    let mut answers = join_many(&instances[0].room, 20).await;
    town.pass_s(61);
    for ids in &STEPS[1..HARMLESS] {
        for ahead in &instances {
            let stop = Arc::new(AtomicBool::new(false));
            let polls: Vec<_> = answers
                .iter()
                .zip(instances.iter().cycle())
                .map(|(answer, instance)| instance.poll_on(answer.ticket.clone(), &stop))
                .collect();
            ahead.take(ids);
            for instance in &instances {
                answers.push(join(&instance.room).await);
            }
            assert_all_valid(&town, &instances, &answers).await;
            stop.store(true, Ordering::Relaxed);
            for asked in polls {
                assert!(asked.await.expect("no ticket was refused") > 0);
            }
            town.pass_s(1);
        }
    }
    // Without the retired key its tickets are worth nothing: therefore it is taken away only on purpose.
    instances[0].take(STEPS[HARMLESS]);
    instances[0].room.ask(ROOM, &answers[0].ticket).expect_err("the key is not known");
    let newest = answers.last().expect("somebody joined");
    instances[0].room.ask(ROOM, &newest.ticket).expect("signed by the new key");
}

#[tokio::test]
async fn a_join_is_repeated_under_its_key_whichever_key_signs() {
    let town = Town::at(-60, |_| ()).await;
    let [ahead, behind] = [Instance::start(&town).await, Instance::start(&town).await];
    for ids in &STEPS[1..HARMLESS] {
        ahead.take(ids);
        let text = format!("the-key-of-step-{ids:?}");
        let request = JoinRequest { key: Some(&text), ..JoinRequest::default() };
        let first = join_as(&behind.room, request).await;
        let again = join_as(&ahead.room, request).await;
        assert_eq!((again.entry, again.subject), (first.entry, first.subject));
        behind.take(ids);
    }
    assert_eq!(town.truth().await.expect("known").memory.entered.total(), 2);
}
