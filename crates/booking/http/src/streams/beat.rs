//! One look for all who follow a campaign, and the word to them that there is something to tell.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use booking::Bookings;
use kernel::CampaignId;
use tokio::sync::watch;
use tokio::time::{MissedTickBehavior, interval};

use super::Streams;

/// After so long without news everybody is told that the stream is there.
const QUIET_MAX: Duration = Duration::from_secs(15);

/// Wakes somebody who listens: there is news, or there was none for long. It ends when the service stops or the
/// campaign is gone.
pub(crate) type Beats = watch::Receiver<()>;

/// The campaigns that somebody follows, each with what its task beats.
#[derive(Default)]
pub(super) struct Followed(Mutex<HashMap<CampaignId, Beats>>);

impl Streams {
    /// The beats of a campaign from now on. The first who asks starts its task, and it ends when nobody listens.
    pub(crate) fn follow(
        self: &Arc<Self>,
        bookings: &Arc<Bookings>,
        campaign: &CampaignId,
    ) -> Beats {
        let mut followed = self.followed.0.lock().unwrap_or_else(PoisonError::into_inner);
        let running = followed.get(campaign).filter(|beats| beats.has_changed().is_ok());
        if let Some(beats) = running {
            let mut beats = beats.clone();
            beats.mark_unchanged();
            return beats;
        }
        let (sender, beats) = watch::channel(());
        followed.insert(campaign.clone(), beats.clone());
        // Whoever asks looks for themselves after this, so nothing is missed.
        let known = self.news(&bookings.view(), campaign);
        let (streams, bookings) = (Arc::clone(self), Arc::clone(bookings));
        actix_web::rt::spawn(beat(streams, bookings, campaign.clone(), known, sender));
        beats
    }

    /// Ends the beats of a campaign if nobody listens to them.
    fn is_left_alone(&self, campaign: &CampaignId, sender: &watch::Sender<()>) -> bool {
        let mut followed = self.followed.0.lock().unwrap_or_else(PoisonError::into_inner);
        // One of them is kept here for whoever comes.
        let is_left_alone = sender.receiver_count() <= 1;
        if is_left_alone {
            followed.remove(campaign);
        }
        is_left_alone
    }
}

/// Looks at the view now and then, however many listen, and wakes them where it has to.
async fn beat(
    streams: Arc<Streams>,
    bookings: Arc<Bookings>,
    campaign: CampaignId,
    mut known: Option<u64>,
    sender: watch::Sender<()>,
) {
    let every = streams.limits.every;
    let mut looks = interval(every);
    looks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let mut quiet = Duration::ZERO;
    loop {
        looks.tick().await;
        let news = streams.news(&bookings.view(), &campaign);
        if news.is_none() || streams.is_draining() || streams.is_left_alone(&campaign, &sender) {
            return;
        }
        quiet += every;
        if news != known || quiet >= QUIET_MAX {
            (known, quiet) = (news, Duration::ZERO);
            sender.send_replace(());
        }
    }
}

#[cfg(test)]
mod tests {
    use std::future::Future as _;
    use std::pin::pin;
    use std::sync::atomic::{AtomicUsize, Ordering};
    use std::task::{Context, Wake, Waker};

    use booking::contract::scene;

    use super::*;
    use crate::harness::Api;

    #[derive(Default)]
    struct Wakes(AtomicUsize);

    impl Wake for Wakes {
        fn wake(self: Arc<Self>) {
            self.0.fetch_add(1, Ordering::Relaxed);
        }
    }

    /// Waits until the task of the campaign has looked at a view that is not read yet.
    async fn until_looked_at(api: &Api) {
        api.refreshed().await;
        let generation = api.bookings.view().generation;
        let mut looks = interval(Duration::from_millis(1));
        while api.app.streams.looked_at(&scene::slot("rehearsal")) < generation {
            looks.tick().await;
        }
    }

    /// However often the places are counted, who listens is woken when they have changed, and once each.
    #[actix_web::test]
    async fn who_listens_sleeps_until_there_is_news() {
        let api = Api::start().await;
        let (streams, campaign) = (&api.app.streams, scene::slot("rehearsal"));
        let follow = || streams.follow(&api.bookings, &campaign);
        let mut listening: Vec<Beats> = (0..3).map(|_| follow()).collect();
        let wakes: Vec<Arc<Wakes>> = (0..3).map(|_| Arc::default()).collect();
        let [one, two, three] = listening.get_disjoint_mut([0, 1, 2]).expect("three");
        let mut futures = [pin!(one.changed()), pin!(two.changed()), pin!(three.changed())];
        for (future, wakes) in futures.iter_mut().zip(&wakes) {
            let waker = Waker::from(Arc::clone(wakes));
            assert!(future.as_mut().poll(&mut Context::from_waker(&waker)).is_pending());
        }
        let woken =
            || wakes.iter().map(|wakes| wakes.0.load(Ordering::Relaxed)).collect::<Vec<_>>();
        for _ in 0..10 {
            until_looked_at(&api).await;
        }
        assert_eq!(woken(), [0, 0, 0]);
        assert_eq!(api.book_slot("a", "Anna", "k1").send().await.status, 201);
        until_looked_at(&api).await;
        until_looked_at(&api).await;
        assert_eq!(woken(), [1, 1, 1]);
    }

    /// One task looks for all of them, and none when nobody listens.
    #[actix_web::test]
    async fn a_campaign_is_looked_at_while_somebody_follows_it() {
        let api = Api::start().await;
        let (streams, campaign) = (&api.app.streams, scene::slot("rehearsal"));
        let first = streams.follow(&api.bookings, &campaign);
        let second = streams.follow(&api.bookings, &campaign);
        assert!(first.same_channel(&second), "one task for both");
        drop((first, second));
        let is_followed = || !streams.followed.0.lock().expect("no panic").is_empty();
        let mut looks = interval(Duration::from_millis(1));
        while is_followed() {
            looks.tick().await;
        }
        let mut third = streams.follow(&api.bookings, &campaign);
        api.drain.start();
        third.changed().await.expect_err("another task has looked, and ended with the service");
    }
}
