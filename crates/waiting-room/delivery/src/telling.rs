//! One notice to one endpoint.

use std::sync::Arc;

use waiting_room::RoomId;
use waiting_room::notice::{Notice, Notices, Outcome, message};
use waiting_room::store::Result;
use waiting_room::view::RoomView;
use webhook::{Answer, Message, schedule};

use crate::{Known, Shared, set};

/// How often it is tried to note what became of a message, where others note things at the same time: what is not
/// noted is sent again.
const NOTES_MAX: u32 = 10;

/// A notice that is lent to this worker.
pub(crate) struct Due {
    receiver: usize,
    notice: Notice,
    attempts: u32,
    message: Message,
}

/// Whether somebody is still to be told something.
pub(crate) fn waits(shared: &Shared, room: &RoomId, notices: &Notices) -> bool {
    shared
        .receivers
        .iter()
        .any(|receiver| notices.waits(&receiver.endpoint.name, |event| receiver.wants(room, event)))
}

/// Lends this worker what is due, for each endpoint the next notice.
pub(crate) async fn lend(shared: &Shared, view: &RoomView, known: &mut Known) -> Result<Vec<Due>> {
    let (desk, room) = (&shared.desk, &view.settings.room);
    let mut lent = Vec::new();
    for (receiver, to) in shared.receivers.iter().enumerate() {
        let Some(notices) = &known.notices else { break };
        let now = desk.rooms.now();
        let due = notices.due(&to.endpoint.name, |event| to.wants(room, event), now);
        let Some((notice, attempts)) = due else { continue };
        let next = notices.lent(&to.endpoint.name, notice, now);
        if !set(desk, view, &next).await? {
            known.notices = None;
            break;
        }
        let (id, body) = message(&view.settings, &next, notice);
        lent.push(Due { receiver, notice, attempts: attempts + 1, message: Message { id, body } });
        known.notices = Some(next);
    }
    Ok(lent)
}

/// Sends it, and notes what came of it.
pub(crate) async fn tell(shared: Arc<Shared>, view: Arc<RoomView>, due: Due) {
    let desk = &shared.desk;
    let to = &shared.receivers[due.receiver];
    let answer = to.sender.send(&due.message, desk.rooms.now()).await;
    let (endpoint, id) = (&to.endpoint.name, &due.message.id);
    let outcome = match &answer {
        // Whoever wants nothing further is asked once more for each notice.
        Answer::Taken | Answer::Gone => Outcome::Done,
        Answer::NotTaken(refused) => {
            match schedule::wait_after(due.attempts, refused.retry_after, &*desk.entropy) {
                Some(wait) => Outcome::Later(desk.rooms.now().plus(wait)),
                None => Outcome::Done,
            }
        }
    };
    count(endpoint.as_str(), id, &answer, outcome);
    let mut tries = tokio::time::interval(desk.every);
    for _ in 0..NOTES_MAX {
        tries.tick().await;
        match settle(&shared, &view, &due, outcome).await {
            Ok(true) => return,
            Ok(false) => (),
            Err(error) => {
                tracing::warn!(%endpoint, %id, %error, "failed to note what became of a message");
            }
        }
    }
}

/// Whether it is noted, by whomever.
async fn settle(shared: &Shared, view: &RoomView, due: &Due, outcome: Outcome) -> Result<bool> {
    let endpoint = &shared.receivers[due.receiver].endpoint.name;
    let known = shared.desk.store.notices(&view.settings.room).await?;
    let next = known.and_then(|known| known.settled(endpoint, due.notice.number, outcome));
    match next {
        Some(next) => set(&shared.desk, view, &next).await,
        None => Ok(true),
    }
}

pub(crate) fn count(endpoint: &str, id: &str, answer: &Answer, outcome: Outcome) {
    let outcome = match (answer, outcome) {
        (Answer::Taken, _) => "taken",
        (Answer::Gone, _) => "gone",
        (Answer::NotTaken(refused), Outcome::Done) => {
            let reason = refused.reason.to_string();
            tracing::warn!(endpoint, id, reason, "a message is given up");
            "failed"
        }
        (Answer::NotTaken(refused), Outcome::Later(_)) => {
            let reason = refused.reason.to_string();
            tracing::info!(endpoint, id, reason, "a message was not taken");
            "later"
        }
    };
    let endpoint = endpoint.to_owned();
    metrics::counter!("waiting_room_webhooks_total", "endpoint" => endpoint, "outcome" => outcome)
        .increment(1);
}
