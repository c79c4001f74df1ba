//! What the replies say about an overload.

use std::time::Duration;

use loadtest::open_loop::Exchange;

/// How many ask, and when: half as many as can book, then ten times as many, then half again.
#[derive(Clone, Copy, Debug)]
pub struct Phases {
    /// Bookings that can be made.
    pub peak_per_s: f64,
    pub calm: Duration,
    pub overload: Duration,
    pub after: Duration,
}

/// What came of it.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Judged {
    /// Requests sent during the overload.
    pub offered_per_s: f64,
    /// Bookings made during the overload.
    pub goodput_per_s: f64,
    /// Of those sent during the overload; `None` if nobody was refused.
    pub refusal_p99: Option<Duration>,
    /// After the overload.
    pub recovery: Duration,
}

const CALM: f64 = 0.5;
const OVERLOAD: f64 = 10.0;
/// Recovery is looked at in steps.
const STEP: Duration = Duration::from_millis(250);

impl Phases {
    /// Phases of an overload that lasts so long.
    pub fn around(peak_per_s: f64, overload_s: u32) -> Self {
        Self {
            peak_per_s,
            calm: Duration::from_secs(2),
            overload: Duration::from_secs(overload_s.into()),
            after: Duration::from_secs(12),
        }
    }

    /// When the requests are due.
    pub fn due(&self) -> Vec<Duration> {
        let mut due = Vec::new();
        let mut begins = Duration::ZERO;
        for (lasts, rate) in [(self.calm, CALM), (self.overload, OVERLOAD), (self.after, CALM)] {
            let every = Duration::from_secs_f64(1.0 / (self.peak_per_s * rate));
            let mut at = Duration::ZERO;
            while at < lasts {
                due.push(begins + at);
                at += every;
            }
            begins += lasts;
        }
        due
    }

    /// No more than these can be made in all.
    pub fn bookings_max(&self) -> f64 {
        let calm_s = (self.calm + self.after).as_secs_f64();
        self.peak_per_s * (calm_s * CALM + self.overload.as_secs_f64())
    }

    fn overload_ends(&self) -> Duration {
        self.calm + self.overload
    }

    fn end(&self) -> Duration {
        self.overload_ends() + self.after
    }
}

/// Judges all replies. 201 is a booking, everything else a refusal.
pub fn judge(phases: &Phases, exchanges: &[Exchange]) -> Judged {
    let overload = phases.calm..phases.overload_ends();
    let per_second = |count: usize| f64_of(count) / phases.overload.as_secs_f64();
    let sent = exchanges.iter().filter(|exchange| overload.contains(&exchange.sent)).count();
    let booked = exchanges
        .iter()
        .filter(|exchange| is_booked(exchange) && overload.contains(&exchange.answered))
        .count();
    let refusals = exchanges
        .iter()
        .filter(|exchange| !is_booked(exchange) && overload.contains(&exchange.sent));
    Judged {
        offered_per_s: per_second(sent),
        goodput_per_s: per_second(booked),
        refusal_p99: quantile(refusals.map(latency).collect(), 99),
        recovery: recovery(phases, exchanges),
    }
}

/// Until the end of the last step in which it was not as before.
fn recovery(phases: &Phases, exchanges: &[Exchange]) -> Duration {
    let due_in = |from: Duration, to: Duration| {
        exchanges.iter().filter(move |exchange| (from..to).contains(&exchange.due))
    };
    let before = due_in(Duration::ZERO, phases.calm).map(latency_from_due).collect();
    let usual = quantile(before, 99).unwrap_or_default();
    let mut recovered_at = phases.overload_ends();
    let mut step = phases.overload_ends();
    while step < phases.end() {
        let (asked, next) = (due_in(step, step + STEP), step + STEP);
        let latencies: Vec<Duration> = asked.clone().map(latency_from_due).collect();
        let is_as_before = asked.clone().all(is_booked)
            && quantile(latencies, 50).is_some_and(|median| median <= usual);
        if !is_as_before {
            recovered_at = next;
        }
        step = next;
    }
    recovered_at.saturating_sub(phases.overload_ends())
}

fn is_booked(exchange: &Exchange) -> bool {
    exchange.status == 201
}

/// What the server needed.
fn latency(exchange: &Exchange) -> Duration {
    exchange.answered.saturating_sub(exchange.sent)
}

/// What a person waits, also while the load generator is late.
fn latency_from_due(exchange: &Exchange) -> Duration {
    exchange.answered.saturating_sub(exchange.due)
}

fn quantile(mut values: Vec<Duration>, percent: usize) -> Option<Duration> {
    values.sort_unstable();
    let rank = (values.len() * percent).div_ceil(100);
    values.get(rank.checked_sub(1)?).copied()
}

#[expect(clippy::cast_precision_loss, reason = "far fewer requests than 2^52")]
fn f64_of(count: usize) -> f64 {
    count as f64
}

#[cfg(test)]
mod tests {
    use super::*;

    const PHASES: Phases = Phases {
        peak_per_s: 100.0,
        calm: Duration::from_secs(1),
        overload: Duration::from_secs(2),
        after: Duration::from_secs(3),
    };

    fn ms(ms: u64) -> Duration {
        Duration::from_millis(ms)
    }

    /// Each is booked within 10 ms, but for those `refused` says, who learn it within 2 ms.
    fn exchanges(refused: impl Fn(Duration) -> bool) -> Vec<Exchange> {
        let exchange = |due: Duration| {
            let (status, takes) = if refused(due) { (503, ms(2)) } else { (201, ms(10)) };
            Exchange { due, sent: due, answered: due + takes, status }
        };
        PHASES.due().into_iter().map(exchange).collect()
    }

    #[test]
    fn requests_are_due_at_the_rate_of_each_phase() {
        let due = PHASES.due();
        let within =
            |from: u64, to: u64| due.iter().filter(|due| (ms(from)..ms(to)).contains(*due)).count();
        assert_eq!(
            (within(0, 1_000), within(1_000, 3_000), within(3_000, 6_000)),
            (50, 2_000, 150)
        );
        assert_eq!(due.len(), 2_200);
        assert!(due.is_sorted());
        assert_eq!(PHASES.bookings_max().to_bits(), 400.0_f64.to_bits());
    }

    #[test]
    fn what_was_refused_is_no_goodput() {
        let overload = ms(1_000)..ms(3_000);
        let nine_of_ten =
            |due: Duration| overload.contains(&due) && !due.as_millis().is_multiple_of(10);
        let judged = judge(&PHASES, &exchanges(nine_of_ten));
        assert_eq!(judged.offered_per_s.to_bits(), 1_000.0_f64.to_bits());
        assert!((99.0..=100.0).contains(&judged.goodput_per_s), "{judged:?}");
        assert_eq!((judged.refusal_p99, judged.recovery), (Some(ms(2)), Duration::ZERO));
        let judged = judge(&PHASES, &exchanges(|_| false));
        assert_eq!(judged.refusal_p99, None);
    }

    #[test]
    fn it_has_recovered_when_it_is_as_before() {
        let until =
            |last: u64| judge(&PHASES, &exchanges(|due| due >= ms(2_000) && due <= ms(last)));
        assert_eq!(until(3_100).recovery, ms(250));
        assert_eq!(until(4_000).recovery, ms(1_250));
        assert_eq!(until(9_999).recovery, ms(3_000), "never");
        let mut slow = exchanges(|_| false);
        for exchange in
            slow.iter_mut().filter(|exchange| (ms(3_000)..ms(3_700)).contains(&exchange.due))
        {
            exchange.answered = ms(3_800);
        }
        assert_eq!(judge(&PHASES, &slow).recovery, ms(750));
    }

    #[test]
    fn quantiles() {
        let values = |count: u64| (1..=count).map(ms).rev().collect::<Vec<_>>();
        assert_eq!(quantile(values(200), 99), Some(ms(198)));
        assert_eq!(quantile(values(1), 50), Some(ms(1)));
        assert_eq!(quantile(values(0), 50), None);
    }
}
