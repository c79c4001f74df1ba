//! What there is to tell of a room.

use kernel::{ManualClock, Slug};

use super::fixtures::{Trial, by, created, line_settings};
use crate::notice::{Notices, Outcome, Seen, What};
use crate::store::{Created, RoomStore};

fn endpoint() -> Slug {
    "town-hall".parse().expect("a name")
}

/// What the store has, as it was put there.
async fn known(trial: &Trial<'_>) -> Notices {
    let known = trial.store.notices(trial.room()).await.expect("an answer");
    known.expect("something to tell")
}

async fn set(trial: &Trial<'_>, notices: &Notices) -> bool {
    let digest = trial.digest().await;
    trial.store.set_notices(trial.room(), &digest, notices).await.expect("an answer")
}

/// A room of which one opening is noted.
async fn opened(trial: &Trial<'_>) -> Notices {
    let begun = Notices::begin(Seen::default(), &[endpoint()], trial.now());
    assert!(set(trial, &begun).await);
    let seen = Seen::opened(1, trial.now());
    let noted = begun.noted(&seen, None, &[endpoint()], trial.now()).expect("it has opened");
    assert!(set(trial, &noted).await);
    noted
}

/// P19: of two instances that see the same, one notes it.
pub async fn notices_are_compare_and_set(store: &dyn RoomStore, clock: &ManualClock) {
    let trial = Trial::open(store, clock).await;
    assert_eq!(store.notices(trial.room()).await.expect("an answer"), None);
    let mut second = Notices::begin(Seen::default(), &[], trial.now());
    second.version = 2;
    assert!(!set(&trial, &second).await, "the first version is missing");
    let noted = opened(&trial).await;
    assert!(!set(&trial, &noted).await, "somebody was first");
    let before = trial.state().await;
    assert_eq!(known(&trial).await, noted, "as it was put there");
    let mut next = noted.clone();
    next.version += 1;
    assert!(set(&trial, &next).await);
    assert_eq!(trial.state().await, before, "the line knows nothing of it");
}

/// Notices are of one line, and go with it.
pub async fn a_new_line_has_nothing_to_tell(store: &dyn RoomStore, clock: &ManualClock) {
    let trial = Trial::open(store, clock).await;
    opened(&trial).await;
    let replaced = store
        .create(&line_settings("contract", 2), &created(&line_settings("contract", 2)))
        .await
        .expect("an answer");
    assert_eq!(replaced, Created::Replaced);
    assert_eq!(store.notices(trial.room()).await.expect("an answer"), None);
    store.remove(trial.room(), &by().removed()).await.expect("an answer");
    assert_eq!(store.notices(trial.room()).await.expect("an answer"), None);
}

/// P19: a notice is lent to one instance at a time, and to another one if that does not come back.
pub async fn two_instances_tell_a_notice_once(store: &dyn RoomStore, clock: &ManualClock) {
    let trial = Trial::open(store, clock).await;
    let noted = opened(&trial).await;
    let due = |notices: &Notices| notices.due(&endpoint(), |_| true, trial.now());
    let (notice, attempts) = due(&noted).expect("there is something to tell");
    assert_eq!((notice.what, attempts), (What::Opened { opening: 0 }, 0));
    let lent = noted.lent(&endpoint(), notice, trial.now());
    assert!(set(&trial, &lent).await);
    assert!(!set(&trial, &lent).await, "the other one gets none");
    assert_eq!(due(&known(&trial).await), None);
    clock.advance(crate::notice::LENT_FOR);
    let (again, attempts) = due(&known(&trial).await).expect("nobody came back");
    assert_eq!((again, attempts), (notice, 1), "the same one");
    let settled = lent.settled(&endpoint(), notice.number, Outcome::Done).expect("not yet told");
    assert!(set(&trial, &settled).await);
    assert_eq!(due(&known(&trial).await), None);
    assert_eq!(settled.settled(&endpoint(), notice.number, Outcome::Done), None);
}
