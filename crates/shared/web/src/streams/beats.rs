//! One look for all who follow a topic, and the word to them that there is something to tell.

use std::collections::HashMap;
use std::hash::Hash;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::watch;
use tokio::time::{MissedTickBehavior, interval};

use super::Streams;

/// After so long without news everybody is told that the stream is there.
pub const QUIET_MAX: Duration = Duration::from_secs(15);

/// What there is to tell of a topic. It wakes whoever listens: there is news, or there was none for long. It ends when the
/// service stops or the topic is gone.
pub type Beats<T> = watch::Receiver<T>;

/// What a look at a topic comes to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Look<T> {
    /// There is something to tell.
    News(T),
    /// What was told last still holds.
    Nothing,
    /// The topic is gone.
    Over,
}

/// The topics that somebody follows, each with what its task beats.
pub(super) struct Followed<K, T>(Mutex<HashMap<K, Beats<T>>>);

impl<K, T> Followed<K, T> {
    pub(super) fn new() -> Self {
        Self(Mutex::default())
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<K, Beats<T>>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl<K: Clone + Eq + Hash + 'static, T: 'static> Streams<K, T> {
    /// The beats of a topic from now on. The first who asks starts its task with what `start` gives: what there is to tell
    /// now, and the look for what is new, which is told how long nobody was told anything. The task ends when nobody
    /// listens.
    pub fn follow<L>(self: &Arc<Self>, topic: &K, start: impl FnOnce() -> (T, L)) -> Beats<T>
    where
        L: FnMut(Duration) -> Look<T> + 'static,
    {
        let mut followed = self.followed.lock();
        let running = followed.get(topic).filter(|beats| beats.has_changed().is_ok());
        if let Some(beats) = running {
            return beats.clone();
        }
        let (first, look) = start();
        let (sender, beats) = watch::channel(first);
        followed.insert(topic.clone(), beats.clone());
        actix_web::rt::spawn(beat(Arc::clone(self), topic.clone(), look, sender));
        beats
    }

    /// Ends the beats of a topic if nobody listens to them.
    fn is_left_alone(&self, topic: &K, sender: &watch::Sender<T>) -> bool {
        let mut followed = self.followed.lock();
        // One of them is kept here for whoever comes.
        let is_left_alone = sender.receiver_count() <= 1;
        if is_left_alone {
            followed.remove(topic);
        }
        is_left_alone
    }

    /// Whether any topic has a task.
    #[cfg(test)]
    pub(super) fn are_followed(&self) -> bool {
        !self.followed.lock().is_empty()
    }
}

/// Looks at a topic now and then, however many listen, and wakes them where it has to.
async fn beat<K: Clone + Eq + Hash + 'static, T: 'static>(
    streams: Arc<Streams<K, T>>,
    topic: K,
    mut look: impl FnMut(Duration) -> Look<T>,
    sender: watch::Sender<T>,
) {
    let mut looks = interval(streams.every);
    looks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let mut quiet = Duration::ZERO;
    loop {
        looks.tick().await;
        if streams.drain.is_draining() || streams.is_left_alone(&topic, &sender) {
            return;
        }
        quiet += streams.every;
        match look(quiet) {
            Look::News(news) => {
                sender.send_replace(news);
                quiet = Duration::ZERO;
            }
            Look::Nothing if quiet >= QUIET_MAX => {
                sender.send_modify(|_| ());
                quiet = Duration::ZERO;
            }
            Look::Nothing => (),
            Look::Over => {
                streams.followed.lock().remove(&topic);
                return;
            }
        }
    }
}
