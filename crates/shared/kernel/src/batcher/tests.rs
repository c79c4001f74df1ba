use std::sync::{Arc, Mutex};
use std::time::Duration;

use futures_util::future::join_all;
use tokio::sync::Semaphore;
use tokio::task::JoinHandle;
use tokio::time::Instant;

use super::*;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Down;

type Answer = Result<u32, SubmitError<Down>>;

const LIMITS: BatcherLimits = BatcherLimits::new(4, 3);

/// How the next trips go.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Goes {
    Well,
    Failing,
    Away,
    Panicking,
    Short,
}

/// A store whose trips wait for a permit, double their commands, and remember the batches.
struct Gate {
    permits: Arc<Semaphore>,
    goes: Arc<Mutex<Goes>>,
    trips: Arc<Mutex<Vec<Vec<u32>>>>,
    batcher: Batcher<u32, u32, Down>,
    task: JoinHandle<()>,
}

impl Gate {
    fn with(limits: BatcherLimits) -> Self {
        let permits = Arc::new(Semaphore::new(0));
        let (goes, trips) = (Arc::new(Mutex::new(Goes::Well)), Arc::new(Mutex::new(Vec::new())));
        let (permits_in, goes_in, trips_in) = (permits.clone(), goes.clone(), trips.clone());
        let (batcher, task) = Batcher::spawn("test", limits, move |commands: Vec<u32>| {
            let (permits, goes, trips) = (permits_in.clone(), goes_in.clone(), trips_in.clone());
            async move {
                trips.lock().expect("lock").push(commands.clone());
                permits.acquire().await.expect("open").forget();
                let goes = *goes.lock().expect("lock");
                match goes {
                    Goes::Well => Ok(commands.into_iter().map(|number| number * 2).collect()),
                    Goes::Failing => Err(TripError::Failed(Down)),
                    Goes::Away => Err(TripError::Away(Down)),
                    Goes::Panicking => panic!("the trip was told to"),
                    Goes::Short => Ok(vec![]),
                }
            }
        });
        Self { permits, goes, trips, batcher, task }
    }

    fn submit(&self, number: u32) -> JoinHandle<Answer> {
        let batcher = self.batcher.clone();
        tokio::spawn(async move { batcher.submit(number).await })
    }

    /// Submits when a trip may be made at once.
    async fn try_with_permit(&self, number: u32) -> Answer {
        self.permits.add_permits(1);
        self.batcher.submit(number).await
    }

    fn goes(&self, goes: Goes) {
        *self.goes.lock().expect("lock") = goes;
    }

    fn trips(&self) -> Vec<Vec<u32>> {
        self.trips.lock().expect("lock").clone()
    }
}

/// Lets every task run until it waits for something.
async fn settle() {
    for _ in 0..32 {
        tokio::task::yield_now().await;
    }
}

async fn answers(tasks: Vec<JoinHandle<Answer>>) -> Vec<Answer> {
    join_all(tasks).await.into_iter().map(|answer| answer.expect("joined")).collect()
}

#[tokio::test(start_paused = true)]
async fn trips_keep_their_distance_while_busy_and_the_first_goes_at_once() {
    const EVERY: Duration = Duration::from_millis(10);
    let gate = Gate::with(BatcherLimits { trip_every: EVERY, ..LIMITS });
    gate.permits.add_permits(9);
    let before = Instant::now();
    assert_eq!(gate.batcher.submit(1).await, Ok(2));
    assert_eq!(before.elapsed(), Duration::ZERO);
    let waiting = vec![gate.submit(2), gate.submit(3)];
    assert_eq!(answers(waiting).await, [Ok(4), Ok(6)]);
    assert_eq!((before.elapsed(), gate.trips()), (EVERY, vec![vec![1], vec![2, 3]]));
    tokio::time::advance(EVERY).await;
    let idle = Instant::now();
    assert_eq!(gate.batcher.submit(4).await, Ok(8));
    assert_eq!(idle.elapsed(), Duration::ZERO);
}

#[tokio::test(start_paused = true)]
async fn what_gathers_during_a_trip_shares_the_next_one() {
    let gate = Gate::with(LIMITS);
    let first = gate.submit(1);
    settle().await;
    let rest: Vec<_> = (2..=5).map(|number| gate.submit(number)).collect();
    settle().await;
    gate.permits.add_permits(3);
    assert_eq!(first.await.expect("joined"), Ok(2));
    assert_eq!(answers(rest).await, [Ok(4), Ok(6), Ok(8), Ok(10)]);
    assert_eq!(gate.trips(), [vec![1], vec![2, 3, 4], vec![5]]);
}

#[tokio::test(start_paused = true)]
async fn a_full_queue_refuses_at_once() {
    let gate = Gate::with(LIMITS);
    let under_way = gate.submit(0);
    settle().await;
    let waiting: Vec<_> = (1..=4).map(|number| gate.submit(number)).collect();
    settle().await;
    assert_eq!((gate.batcher.depth(), gate.batcher.depth_max()), (4, 4));
    assert_eq!(gate.batcher.submit(5).await, Err(SubmitError::Full), "P14");
    gate.permits.add_permits(3);
    assert_eq!(under_way.await.expect("joined"), Ok(0));
    assert_eq!(answers(waiting).await, [Ok(2), Ok(4), Ok(6), Ok(8)]);
}

#[tokio::test(start_paused = true)]
async fn a_caller_that_goes_away_during_its_trip_changes_nothing() {
    let gate = Gate::with(LIMITS);
    let gone = gate.submit(7);
    settle().await;
    gone.abort();
    settle().await;
    gate.permits.add_permits(2);
    assert_eq!(gate.batcher.submit(8).await, Ok(16));
    assert_eq!(gate.trips(), [vec![7], vec![8]]);
}

#[tokio::test(start_paused = true)]
async fn a_caller_that_has_gone_before_the_trip_is_skipped_only_where_the_limits_say_so() {
    for (skip_abandoned, carried_out) in [(true, vec![3]), (false, vec![2, 3])] {
        let gate = Gate::with(BatcherLimits { skip_abandoned, ..LIMITS });
        let first = gate.submit(1);
        settle().await;
        let gone = gate.submit(2);
        settle().await;
        gone.abort();
        settle().await;
        gate.permits.add_permits(2);
        assert_eq!(gate.batcher.submit(3).await, Ok(6));
        assert_eq!(first.await.expect("joined"), Ok(2));
        assert_eq!(gate.trips(), [vec![1], carried_out], "skip_abandoned: {skip_abandoned}");
    }
}

#[tokio::test(start_paused = true)]
async fn nobody_waits_longer_than_the_limit_while_a_trip_hangs() {
    let gate = Gate::with(LIMITS);
    let hanging = gate.submit(1);
    settle().await;
    let began = Instant::now();
    assert_eq!(gate.batcher.submit(2).await, Err(SubmitError::Shed), "P14");
    assert_eq!(began.elapsed(), LIMITS.wait_max);
    gate.permits.add_permits(1);
    assert_eq!(hanging.await.expect("joined"), Ok(2), "what has begun is waited for");
    assert_eq!(gate.try_with_permit(3).await, Ok(6));
    assert_eq!(gate.trips(), [vec![1], vec![3]], "what was shed is not carried out");
}

#[tokio::test(start_paused = true)]
async fn shutdown_refuses_new_commands_and_answers_the_accepted_ones() {
    let gate = Gate::with(LIMITS);
    let accepted: Vec<_> = (1..=4).map(|number| gate.submit(number)).collect();
    settle().await;
    gate.batcher.shut_down();
    assert_eq!(gate.batcher.submit(9).await, Err(SubmitError::ShuttingDown));
    gate.permits.add_permits(8);
    assert_eq!(answers(accepted).await, [Ok(2), Ok(4), Ok(6), Ok(8)], "P16");
    gate.task.await.expect("ended");
    assert_eq!(gate.batcher.submit(9).await, Err(SubmitError::ShuttingDown));
}

#[tokio::test(start_paused = true)]
async fn a_batcher_ends_with_its_last_entrance_and_nobody_waits_for_one_that_was_killed() {
    let gate = Gate::with(LIMITS);
    drop(gate.batcher);
    gate.task.await.expect("ended");

    let killed = Gate::with(LIMITS);
    let under_way = killed.submit(1);
    settle().await;
    let waiting = killed.submit(2);
    settle().await;
    killed.task.abort();
    assert_eq!(under_way.await.expect("joined"), Err(SubmitError::Lost));
    assert_eq!(waiting.await.expect("joined"), Err(SubmitError::ShuttingDown));
    assert_eq!(killed.batcher.submit(3).await, Err(SubmitError::ShuttingDown));
}

#[tokio::test(start_paused = true)]
async fn a_trip_that_misbehaves_loses_only_its_own_batch() {
    let gate = Gate::with(LIMITS);
    for goes in [Goes::Panicking, Goes::Short] {
        gate.goes(goes);
        let lost = gate.submit(1);
        settle().await;
        let next = gate.submit(2);
        settle().await;
        gate.permits.add_permits(1);
        assert_eq!(lost.await.expect("joined"), Err(SubmitError::Lost), "P20");
        gate.goes(Goes::Well);
        gate.permits.add_permits(1);
        assert_eq!(next.await.expect("joined"), Ok(4), "P20");
    }
}

#[tokio::test(start_paused = true)]
async fn a_failed_batch_says_nothing_about_the_next_one() {
    let gate = Gate::with(LIMITS);
    gate.goes(Goes::Failing);
    assert_eq!(gate.try_with_permit(1).await, Err(SubmitError::Failed(Down)));
    gate.goes(Goes::Well);
    assert_eq!(gate.try_with_permit(2).await, Ok(4));
}

#[tokio::test(start_paused = true)]
async fn without_probes_every_command_is_tried() {
    let gate = Gate::with(BatcherLimits { probe_after: None, ..LIMITS });
    gate.goes(Goes::Away);
    let tasks: Vec<_> = (1..=4).map(|number| gate.submit(number)).collect();
    gate.permits.add_permits(2);
    assert_eq!(answers(tasks).await, [Err(SubmitError::Failed(Down)); 4]);
    gate.goes(Goes::Well);
    assert_eq!(gate.try_with_permit(5).await, Ok(10));
}

#[tokio::test(start_paused = true)]
async fn a_store_that_is_away_fails_the_queue_and_is_probed_until_it_is_back() {
    let gate = Gate::with(LIMITS);
    gate.goes(Goes::Away);
    let under_way = gate.submit(1);
    settle().await;
    let waiting = gate.submit(2);
    settle().await;
    gate.permits.add_permits(1);
    assert_eq!(under_way.await.expect("joined"), Err(SubmitError::Failed(Down)));
    assert_eq!(waiting.await.expect("joined"), Err(SubmitError::Away));
    assert_eq!(gate.batcher.submit(3).await, Err(SubmitError::Away), "no trip is made");

    tokio::time::advance(BatcherLimits::PROBE_AFTER).await;
    assert_eq!(gate.try_with_permit(4).await, Err(SubmitError::Failed(Down)), "a failing probe");
    assert_eq!(gate.batcher.submit(5).await, Err(SubmitError::Away));

    tokio::time::advance(BatcherLimits::PROBE_AFTER).await;
    gate.goes(Goes::Well);
    let probe = gate.submit(6);
    settle().await;
    assert_eq!(gate.batcher.submit(7).await, Err(SubmitError::Away), "one probe at a time");
    gate.permits.add_permits(1);
    assert_eq!(probe.await.expect("joined"), Ok(12));
    assert_eq!(gate.try_with_permit(8).await, Ok(16));
    assert_eq!(gate.trips(), [vec![1], vec![4], vec![6], vec![8]]);
}

#[tokio::test(start_paused = true)]
async fn a_probe_that_comes_to_nothing_does_not_keep_the_batcher_shut() {
    let gate = Gate::with(LIMITS);
    gate.goes(Goes::Away);
    assert_eq!(gate.try_with_permit(1).await, Err(SubmitError::Failed(Down)));

    tokio::time::advance(BatcherLimits::PROBE_AFTER).await;
    assert_eq!(gate.batcher.submit(2).now_or_never(), None, "queued, and dropped at once");
    settle().await;
    gate.goes(Goes::Panicking);
    assert_eq!(gate.try_with_permit(3).await, Err(SubmitError::Lost), "the next one is the probe");
    assert_eq!(gate.batcher.submit(4).await, Err(SubmitError::Away), "it has proved nothing");

    tokio::time::advance(BatcherLimits::PROBE_AFTER).await;
    gate.goes(Goes::Failing);
    assert_eq!(gate.try_with_permit(5).await, Err(SubmitError::Failed(Down)));
    gate.goes(Goes::Well);
    assert_eq!(gate.try_with_permit(6).await, Ok(12), "a store that answers badly is there");
    assert_eq!(gate.trips(), [vec![1], vec![3], vec![5], vec![6]]);
}

/// A rush of 20,000 commands onto a store whose every trip takes two seconds.
struct Rush {
    goes: Arc<Mutex<Goes>>,
    trips: Arc<Mutex<Vec<Vec<u32>>>>,
    batcher: Batcher<u32, u32, Down>,
}

const CROWD: u32 = 20_000;
const TRIP: Duration = Duration::from_secs(2);

impl Rush {
    fn on_a_store_that(goes: Goes) -> Self {
        let (goes, trips) = (Arc::new(Mutex::new(goes)), Arc::new(Mutex::new(Vec::new())));
        let (goes_in, trips_in) = (goes.clone(), trips.clone());
        let limits = BatcherLimits::new(CROWD as usize, 1_000);
        let (batcher, _task) = Batcher::spawn("rush", limits, move |commands: Vec<u32>| {
            trips_in.lock().expect("lock").push(commands.clone());
            let goes = *goes_in.lock().expect("lock");
            async move {
                tokio::time::interval_at(Instant::now() + TRIP, TRIP).tick().await;
                match goes {
                    Goes::Well => Ok(commands),
                    Goes::Failing | Goes::Away | Goes::Panicking | Goes::Short => {
                        Err(TripError::Away(Down))
                    }
                }
            }
        });
        Self { goes, trips, batcher }
    }

    /// Submits the whole crowd at once; returns the answers and the longest wait for one.
    async fn everybody_at_once(&self) -> (Vec<Answer>, Duration) {
        let waits = join_all((0..CROWD).map(async |number| {
            let began = Instant::now();
            (self.batcher.submit(number).await, began.elapsed())
        }))
        .await;
        let longest = waits.iter().map(|(_, wait)| *wait).max().expect("a crowd");
        (waits.into_iter().map(|(answer, _)| answer).collect(), longest)
    }

    fn carried_out(&self) -> usize {
        self.trips.lock().expect("lock").iter().map(Vec::len).sum()
    }
}

#[tokio::test(start_paused = true)]
async fn a_store_that_hangs_answers_a_whole_crowd_within_one_trip_and_leaves_no_phantoms() {
    let rush = Rush::on_a_store_that(Goes::Away);
    let (answers, longest) = rush.everybody_at_once().await;
    assert!(longest <= BatcherLimits::WAIT_MAX, "{longest:?}, and twenty trips are 40 s (P14)");
    let tried = answers.iter().filter(|answer| **answer == Err(SubmitError::Failed(Down))).count();
    assert_eq!(rush.carried_out(), tried, "one trip");
    assert!((1..=1_000).contains(&tried), "{tried}");
    assert!(!answers.iter().any(Result::is_ok));

    let began = Instant::now();
    assert_eq!(rush.batcher.submit(1).await, Err(SubmitError::Away), "P14");
    assert_eq!(began.elapsed(), Duration::ZERO);
    tokio::time::advance(10 * TRIP).await;
    assert_eq!(rush.carried_out(), tried, "nobody who has gone is carried out afterwards");

    *rush.goes.lock().expect("lock") = Goes::Well;
    assert_eq!(rush.batcher.submit(CROWD).await, Ok(CROWD), "the probe");
    assert_eq!(rush.batcher.submit(CROWD + 1).await, Ok(CROWD + 1));
    assert_eq!(rush.carried_out(), tried + 2);
}

#[tokio::test(start_paused = true)]
async fn a_store_that_is_slow_serves_whom_it_can_and_sheds_the_rest_in_time() {
    let rush = Rush::on_a_store_that(Goes::Well);
    let (answers, longest) = rush.everybody_at_once().await;
    let served = answers.iter().filter(|answer| answer.is_ok()).count();
    let shed = answers.iter().filter(|answer| **answer == Err(SubmitError::Shed)).count();
    assert_eq!(served + shed, CROWD as usize);
    assert_eq!(rush.carried_out(), served, "whoever was shed is not carried out");
    assert!(longest <= BatcherLimits::WAIT_MAX + TRIP, "a wait and a trip: {longest:?} (P14)");
}
