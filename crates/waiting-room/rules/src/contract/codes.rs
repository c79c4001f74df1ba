//! Priority codes: each is used once.

use kernel::ManualClock;

use super::fixtures::{SOMEBODY, START, Trial, by, created, line_settings, new_entry, pass_id};
use crate::lane::{Lane, PerLane};
use crate::live::LiveChange;
use crate::memory::Memory;
use crate::memory::digest::Digest;
use crate::priority::CodeNumber;
use crate::store::{Arrival, Arrivals, Created, Entered, JoinKey, JoinReply, RoomStore};

fn code(number: u32) -> CodeNumber {
    CodeNumber::new(number).expect("a number")
}

fn with_codes(numbers: &[u32]) -> Arrivals {
    let arrival = |number: &u32| Arrival { code: Some(code(*number)), ..SOMEBODY };
    Arrivals { lane: Lane::Priority, people: numbers.iter().map(arrival).collect() }
}

fn new(entry: u64) -> Entered {
    Entered::New { entry, admitted_until: None }
}

/// P17: of all who come with one code, at the same moment or later, one gets an entry; the others take none.
pub async fn a_code_is_used_once(store: &dyn RoomStore, clock: &ManualClock) {
    let trial = Trial::open(store, clock).await;
    let last = CodeNumber::COUNT_MAX - 1;
    let first = trial.enter(&with_codes(&[7, 7, last, 0])).await;
    assert_eq!(first.people, [new(0), Entered::CodeUsed, new(1), new(2)]);
    let second = trial.enter(&with_codes(&[last, 8, 0, 7])).await;
    assert_eq!(second.people, [Entered::CodeUsed, new(3), Entered::CodeUsed, Entered::CodeUsed]);
    assert_eq!(trial.memory().await.entered, PerLane([0, 0, 4]));
}

/// P3: whoever repeats a join under its key gets the same entry, although the code is used by now.
pub async fn a_join_with_a_code_can_be_repeated(store: &dyn RoomStore, clock: &ManualClock) {
    let trial = Trial::open(store, clock).await;
    let epoch = trial.memory().await.epoch;
    let join = |key: u8, fingerprint: u32| {
        let key = Some(JoinKey { key: [key; 16], fingerprint });
        Arrival { key, code: Some(code(5)), ..SOMEBODY }
    };
    let batch = |people: &[Arrival]| Arrivals { lane: Lane::Priority, people: people.to_vec() };
    let again = Entered::Repeated { epoch, entry: 0, issued_at: START };
    let first = trial.enter(&batch(&[join(1, 10), join(1, 10), join(2, 10)])).await;
    assert_eq!(first.people, [new(0), again, Entered::CodeUsed]);
    trial.pass_s(9);
    let later = trial.enter(&batch(&[join(2, 10), join(1, 10), join(1, 11), SOMEBODY])).await;
    assert_eq!(later.people, [Entered::CodeUsed, again, Entered::KeyReused, new(1)]);
}

/// Those who come with it are let in at once or not, as if the used code had not been there.
pub async fn a_used_code_costs_the_others_nothing(store: &dyn RoomStore, clock: &ManualClock) {
    let trial = Trial::open(store, clock).await;
    trial.enter(&with_codes(&[3])).await;
    trial.call(|call| call.express = 2).await;
    let arrival = |pass: u64, number: Option<u32>| Arrival {
        pass_id: Some(pass_id(pass)),
        code: number.and_then(CodeNumber::new),
        key: None,
    };
    let people = vec![arrival(1, Some(3)), arrival(2, None), arrival(3, Some(4)), arrival(4, None)];
    let entered = trial.enter(&Arrivals { lane: Lane::Public, people }).await.people;
    let let_in = |entry| Entered::New { entry, admitted_until: Some(trial.pass_end()) };
    assert_eq!(entered, [Entered::CodeUsed, let_in(0), let_in(1), new(2)]);
}

/// What is revoked stands in the levers: a join with a code is carried out only for an instance that knows them.
pub async fn codes_need_the_levers_in_force(store: &dyn RoomStore, clock: &ManualClock) {
    let trial = Trial::open(store, clock).await;
    let before = trial.digest().await;
    trial.set_live(LiveChange { burst: Some(3), ..LiveChange::default() }).await;
    let join = async |digest: &Digest, arrivals: &Arrivals| {
        store.join(trial.room(), digest, arrivals).await.expect("join")
    };
    let others = with_codes(&[1, 2]);
    assert_eq!(join(&before, &others).await, JoinReply::LeversChanged);
    assert_eq!(trial.memory().await.entered, PerLane::default(), "nothing was done");
    let nobody = Arrivals { lane: Lane::Priority, people: vec![SOMEBODY] };
    assert!(matches!(join(&before, &nobody).await, JoinReply::Entries(_)), "without codes");
    let JoinReply::Entries(entries) = join(&trial.digest().await, &others).await else {
        panic!("the levers are known")
    };
    assert_eq!(entries.people.into_iter().map(new_entry).collect::<Vec<_>>(), [1, 2]);
}

/// The next line of the room has codes of its own, and none of them is used.
pub async fn a_code_is_used_in_its_line_only(store: &dyn RoomStore, clock: &ManualClock) {
    let trial = Trial::announced(store, clock).await;
    assert_eq!(trial.enter(&with_codes(&[1])).await.people, [new(0)]);
    let settings = line_settings("contract", 2);
    assert_eq!(
        store.create(&settings, &created(&settings)).await.expect("create"),
        Created::Replaced
    );
    let next = Trial { settings, ..trial };
    assert_eq!(next.enter(&with_codes(&[1])).await.people, [new(0)]);

    let settings = line_settings("contract", 3);
    let memory = Memory { epoch: 7, ..Memory::of_new_room(&settings) };
    store.merge(&settings, &memory, std::time::Duration::ZERO).await.expect("merge");
    let next = Trial { settings, ..next };
    assert_eq!(next.enter(&with_codes(&[1, 1])).await.people, [new(0), Entered::CodeUsed]);
    assert!(store.remove(next.room(), &by().removed()).await.expect("remove"));
    let settings = line_settings("contract", 4);
    assert_eq!(store.create(&settings, &created(&settings)).await.expect("create"), Created::New);
    let next = Trial { settings, ..next };
    assert_eq!(next.enter(&with_codes(&[1])).await.people, [new(0)]);
}
