//! A town, three instances, and the people.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use kernel::{Clock as _, Timestamp};
use pass::IdentityKind;
use waiting_room::live::LiveChange;
use waiting_room::service::JoinRequest;
use waiting_room::service::outcome::{
    IssuedPass, JoinOutcome, LeaveOutcome, RedeemOutcome, RoomError,
};
use waiting_room::state::RoomState;
use waiting_room::store::Created;
use waiting_room::view::Standing;
use waiting_room::{Rooms, WaitingRoom};

use super::crowd::{Crowd, Holder};
use super::steps::Step;
use crate::harness::{ROOM, Town, person, poll, try_join};

pub const INSTANCES: usize = 3;

/// How long it takes an operator to notice that everything is lost, and to mend it.
const REPAIR_S: u64 = 120;

pub struct World {
    town: Town,
    instances: Vec<Arc<WaitingRoom>>,
    crowd: Crowd,
    backup: Option<Rooms>,
    /// Admissions since the store last lost something and the pace was last changed.
    admitted_at: Vec<Timestamp>,
}

impl World {
    pub async fn new() -> Self {
        let town = Town::at(-300, |settings| settings.identity = IdentityKind::Person).await;
        let mut instances = Vec::new();
        for _ in 0..INSTANCES {
            instances.push(town.instance().await);
        }
        let crowd = Crowd::default();
        Self { town, instances, crowd, backup: None, admitted_at: Vec::new() }
    }

    pub async fn take(&mut self, step: Step) {
        match step {
            Step::Arrive { instance, people } => {
                for person in people {
                    self.arrive(instance, person).await;
                }
            }
            Step::Pass { s, renewing } => self.pass(s, renewing).await,
            Step::Renew { instance } => self.instances[instance].renew().await,
            Step::Poll { instance, from, count } => self.poll(instance, from, count),
            Step::Redeem { instance, from, count } => {
                for who in self.some(from, count) {
                    self.redeem(instance, who).await;
                }
            }
            Step::Leave { instance, who } => self.leave(instance, who).await,
            Step::Report { instance, places_left } => {
                let report = self.town.counted(places_left);
                self.instances[instance].report(ROOM, report).await.expect("taken over");
            }
            Step::Set { paused, max_active, pace_per_minute, burst } => {
                self.admitted_at.clear();
                self.town
                    .set(LiveChange {
                        paused: Some(paused),
                        max_active: Some(max_active),
                        pace_per_minute: Some(pace_per_minute),
                        burst: Some(burst),
                        ..LiveChange::default()
                    })
                    .await;
            }
            Step::Restart { instance } => {
                // One that is restarted while the room listens forgets what it has heard, and that is one loss more.
                if self.truth().await.quiet_until <= self.town.clock.now() {
                    self.instances[instance] = self.town.instance().await;
                }
            }
            Step::BackUp => self.backup = Some(self.town.store.store.back_up()),
            Step::Lose { everything, with_all_instances } => {
                self.lose(everything, with_all_instances).await;
            }
        }
    }

    async fn truth(&self) -> RoomState {
        self.town.truth().await.expect("the room is there")
    }

    /// Which tickets are meant; around the end it goes on with the first.
    fn some(&self, from: usize, count: usize) -> Vec<usize> {
        let all = self.crowd.holders.len();
        (from..from + count.min(all)).map(|who| who % all).collect()
    }

    async fn arrive(&mut self, instance: usize, number: usize) {
        let before = self.truth().await;
        let identity = person(number);
        let request = JoinRequest { identity: Some(&identity), ..JoinRequest::default() };
        match try_join(&self.instances[instance], request).await {
            Ok(JoinOutcome::New(answer)) => {
                self.crowd.issue(answer.epoch.min(self.truth().await.memory.epoch), answer.entry);
                if let Some(pass) = answer.pass.clone() {
                    self.let_in(number, &pass, before.active).await;
                }
                self.crowd.enter(number, answer);
            }
            Err(RoomError::Quiet { for_s }) => assert!(for_s > 0),
            other => panic!("expected an entry, got {other:?}"),
        }
    }

    /// P11: never more than `max_active` at once, and in no window more than the pace and a burst.
    async fn let_in(&mut self, person: usize, pass: &IssuedPass, active_before: u32) {
        self.crowd.let_in(person, self.town.pass_id(pass));
        let truth = self.truth().await;
        if truth.active <= active_before {
            return;
        }
        let live = truth.memory.live;
        assert!(!live.paused, "P11: let in while the room is paused");
        assert!(truth.active <= live.max_active, "P11: {} at once", truth.active);
        let now = self.town.clock.now();
        self.admitted_at.push(now);
        for (index, from) in self.admitted_at.iter().enumerate() {
            let admitted = self.admitted_at.len() - index;
            let window_ms = now.since(*from).as_millis();
            let paced = (window_ms * u128::from(live.pace_per_minute)).div_ceil(60_000);
            let most = paced + u128::from(live.burst);
            assert!(admitted as u128 <= most, "P11: {admitted} since {from}, at most {most}");
        }
    }

    async fn pass(&self, s: u64, renewing: bool) {
        let mut left = s;
        while left > 0 {
            let some = left.min(if renewing { 1 + s / 10 } else { s });
            self.town.pass_s(some);
            left -= some;
            if renewing {
                self.renew_all().await;
            }
        }
    }

    async fn renew_all(&self) {
        for instance in &self.instances {
            instance.renew().await;
        }
    }

    fn poll(&mut self, instance: usize, from: usize, count: usize) {
        let mut standings = Vec::new();
        for who in self.some(from, count) {
            let Holder { answer, .. } = &mut self.crowd.holders[who];
            standings.push(poll(&self.instances[instance], answer));
            self.crowd.holders[who].told(*standings.last().expect("just pushed"));
        }
    }

    async fn redeem(&mut self, instance: usize, who: usize) {
        let before = self.truth().await.active;
        let holder = &self.crowd.holders[who];
        let outcome = self.instances[instance].redeem(ROOM, &holder.answer.ticket).await;
        match outcome.expect("an outcome") {
            RedeemOutcome::Pass { pass, .. } => {
                let person = holder.person;
                self.crowd.holders[who].answer.pass = Some(pass.clone());
                self.let_in(person, &pass, before).await;
            }
            RedeemOutcome::NotYourTurn { .. } | RedeemOutcome::Used { .. } => (),
            RedeemOutcome::Closed => panic!("P12: closed before its time"),
        }
    }

    async fn leave(&mut self, instance: usize, who: usize) {
        let Some(who) = self.some(who, 1).pop() else { return };
        let Some(pass) = self.crowd.holders[who].answer.pass.clone() else { return };
        match self.instances[instance].leave(ROOM, &pass.pass).await {
            Ok(LeaveOutcome::Left) | Err(RoomError::PassInvalid) => (),
            Ok(LeaveOutcome::LeaveAtBooking) => {
                let mut report = self.town.counted(30);
                report.departures = vec![self.town.pass_id(&pass)];
                self.instances[instance].report(ROOM, report).await.expect("taken over");
            }
            Err(other) => panic!("{other}"),
        }
    }

    /// The store loses what came after the last backup, or everything, and perhaps the instances are lost as well.
    ///
    /// Then an operator has to mend it, and everybody who waits asks again within one poll interval. Otherwise every
    /// instance that lives renews its view within the time that the room is quiet.
    async fn lose(&mut self, everything: bool, with_all_instances: bool) {
        self.admitted_at.clear();
        match (&self.backup, everything) {
            (Some(backup), false) => self.town.store.store.restore(backup.clone()),
            (_, true) => {
                self.backup = None;
                self.town.store.store.forget();
            }
            (None, false) => return,
        }
        if with_all_instances {
            self.town.pass_s(REPAIR_S);
            let applied = self.town.apply().await;
            assert_eq!(applied, if everything { Created::Healing } else { Created::Unchanged });
            for instance in 0..INSTANCES {
                self.instances[instance] = self.town.instance().await;
            }
            for (who, instance) in (0..self.crowd.holders.len()).zip((0..INSTANCES).cycle()) {
                self.poll_unheard(instance, who);
            }
        }
        // Each tells the store what it knows, and hears what the others told.
        self.renew_all().await;
        self.renew_all().await;
    }

    /// Presents a ticket to an instance that has just been restarted, as all do who wait.
    fn poll_unheard(&mut self, instance: usize, who: usize) {
        let answer = &mut self.crowd.holders[who].answer;
        let asked =
            self.instances[instance].ask(ROOM, &answer.ticket).expect("P12: a valid ticket");
        answer.ticket = asked.ticket;
    }

    /// P18: at the end people come when they are called, places are there, and time passes: all who have not been let
    /// in are, within a bounded time.
    pub async fn let_everybody_in(&mut self) {
        let levers = LiveChange {
            paused: Some(false),
            max_active: Some(20),
            pace_per_minute: Some(120),
            burst: Some(20),
            ..LiveChange::default()
        };
        self.admitted_at.clear();
        self.town.set(levers).await;
        self.pass(60, true).await;
        let people: BTreeSet<usize> = (0..self.crowd.holders.len()).collect();
        let mut waiting = people;
        // The longest anybody waits for is the next opening; then the pace is two a second.
        for round in 0..3_600 {
            if waiting.is_empty() {
                return;
            }
            self.come(&mut waiting, round % INSTANCES).await;
            let mut standings = Vec::new();
            for &who in &waiting {
                let holder = &mut self.crowd.holders[who];
                let standing = poll(&self.instances[round % INSTANCES], &mut holder.answer);
                holder.told(standing);
                standings.push(standing);
            }
            Crowd::check_order(&standings);
            let gathers = standings.iter().all(|s| matches!(s, Standing::Gathering { .. }));
            self.town.clock.advance(Duration::from_secs(if gathers { 60 } else { 2 }));
            self.renew_all().await;
        }
        panic!("P18: {} still wait", waiting.len());
    }

    /// Whoever is called comes, and gives the pass back at once.
    async fn come(&mut self, waiting: &mut BTreeSet<usize>, instance: usize) {
        let mut report = self.town.counted(1_000);
        for who in waiting.clone() {
            let holder = &self.crowd.holders[who];
            let outcome = self.instances[instance].redeem(ROOM, &holder.answer.ticket).await;
            match outcome.expect("an outcome") {
                RedeemOutcome::Pass { pass, .. } => {
                    let pass_id = self.town.pass_id(&pass);
                    self.crowd.let_in(holder.person, pass_id);
                    report.departures.push(pass_id);
                    waiting.remove(&who);
                }
                RedeemOutcome::Used { .. } => {
                    waiting.remove(&who);
                }
                RedeemOutcome::NotYourTurn { .. } => (),
                RedeemOutcome::Closed => panic!("P12: closed before its time"),
            }
        }
        self.instances[instance].report(ROOM, report).await.expect("taken over");
    }
}
