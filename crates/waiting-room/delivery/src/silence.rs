//! That the store is silent, which nobody can note.

use std::sync::Arc;

use futures_util::future::join_all;
use kernel::Timestamp;
use waiting_room::notice::{Outcome, silence_message};
use waiting_room::view::RoomView;
use webhook::{Answer, Message, schedule};

use crate::telling::count;
use crate::{Receiver, Shared};

/// Tells everybody who wants to know, until they have taken it, the store answers again, or the worker is stopped.
pub(crate) async fn tell(shared: Arc<Shared>, view: Arc<RoomView>, since: Timestamp) {
    let (id, body) = silence_message(&view.settings, since);
    let message = Message { id, body };
    let room = &view.settings.room;
    let wants = |receiver: &&Receiver| receiver.wants(room, "room.unhealthy");
    let those = shared.receivers.iter().filter(wants);
    join_all(those.map(|receiver| tell_one(&shared, &view, receiver, &message))).await;
}

async fn tell_one(shared: &Shared, view: &RoomView, receiver: &Receiver, message: &Message) {
    let desk = &shared.desk;
    let room = view.settings.room.as_str();
    let mut stopped = shared.stopped.clone();
    let is_silent = || desk.rooms.silence(room).is_ok_and(|silence| silence >= desk.silent_after);
    for attempts in 1.. {
        let answer = receiver.sender.send(message, desk.rooms.now()).await;
        let wait = match &answer {
            Answer::Taken | Answer::Gone => None,
            Answer::NotTaken(refused) => {
                schedule::wait_after(attempts, refused.retry_after, &*desk.entropy)
            }
        };
        let outcome =
            wait.map_or(Outcome::Done, |wait| Outcome::Later(desk.rooms.now().plus(wait)));
        count(receiver.endpoint.name.as_str(), &message.id, &answer, outcome);
        let Some(wait) = wait else { return };
        let is_stopped =
            tokio::time::timeout(wait, stopped.wait_for(|stopped| *stopped)).await.is_ok();
        if is_stopped || !is_silent() {
            return;
        }
    }
}
