//! Bookings over HTTP, and those that pgbench makes with one statement each, in turns.

use anyhow::Result;

use super::people::{CONNECTIONS, People, booking, booking_requests};
use super::sealing;
use super::services::{self, Services};
use crate::Bench;
use crate::campaigns::{Campaign, Gate};
use crate::cores::Place;
use crate::cpu;
use crate::figure::{Aim, Figure, Rate};
use crate::load::{self, lasting};
use crate::pgbench::Pgbench;
use crate::postgres::Postgres;

/// What is compared, and under which names.
struct Contest {
    /// Of the campaigns, the database and the keys in Redis.
    prefix: &'static str,
    /// Of the campaign.
    slots: u32,
    /// Rows that pgbench decrements.
    rows: u32,
    /// Further tables of the configuration.
    further: &'static str,
    rate: Figure,
    p99: Figure,
    ours: CpuFigures,
    limit_cpu: Figure,
}

/// Processor time per booking.
struct CpuFigures {
    all: Figure,
    server: Figure,
    postgres: Figure,
    load: Figure,
    room: Figure,
}

/// Everybody wants the same slot.
pub fn hot(bench: &Bench) -> Result<Vec<Figure>> {
    let mut figures = contest(
        bench,
        Contest {
            prefix: "hot",
            slots: 1,
            rows: 1,
            further: "",
            rate: Figure::new(
                "book_hot_vs_pgbench",
                Some(Aim::AtLeast(4.0)),
                format!(
                    "bookings on one slot, {CONNECTIONS} connections, each with a pass, an \
                     Idempotency-Key and a person of its own"
                ),
            ),
            p99: Figure::new("book_hot_p99_ms", Some(Aim::AtMost(50.0)), "of the same bookings"),
            ours: CpuFigures::new([
                "book_hot_cpu_us",
                "book_hot_cpu_server_us",
                "book_hot_cpu_postgres_us",
                "book_hot_cpu_load_us",
                "book_hot_cpu_room_us",
            ]),
            limit_cpu: limit_cpu("pgbench_hot_cpu_us"),
        },
    )?;
    figures.push(sealing::measure(bench)?);
    Ok(figures)
}

/// Everybody wants one of 84 slots.
pub fn spread(bench: &Bench) -> Result<Vec<Figure>> {
    const SLOTS: u32 = 84;
    const ROWS: u32 = 100;
    contest(
        bench,
        Contest {
            prefix: "spread",
            slots: SLOTS,
            rows: ROWS,
            further: "",
            rate: Figure::new(
                "book_spread_vs_pgbench",
                Some(Aim::AtLeast(1.2)),
                format!(
                    "bookings on {SLOTS} slots in turn, {CONNECTIONS} connections, to those on {ROWS} \
                     rows at random"
                ),
            ),
            p99: Figure::new("book_spread_p99_ms", None, "of the same bookings"),
            ours: CpuFigures::new([
                "book_spread_cpu_us",
                "book_spread_cpu_server_us",
                "book_spread_cpu_postgres_us",
                "book_spread_cpu_load_us",
                "book_spread_cpu_room_us",
            ]),
            limit_cpu: limit_cpu("pgbench_spread_cpu_us"),
        },
    )
}

/// Everybody wants the same slot, and the service makes letters of what happens meanwhile.
pub fn with_letters(bench: &Bench) -> Result<Vec<Figure>> {
    contest(
        bench,
        Contest {
            prefix: "letters",
            slots: 1,
            rows: 1,
            further: "[mail]\ntransport = \"folder\"\nfrom = \"Town <town@example.org>\"\n",
            rate: Figure::new(
                "book_letters_vs_pgbench",
                Some(Aim::AtLeast(4.0)),
                "the same as book_hot_vs_pgbench while the service also makes the letters about the bookings",
            ),
            p99: Figure::new(
                "book_letters_p99_ms",
                Some(Aim::AtMost(50.0)),
                "of the same bookings",
            ),
            ours: CpuFigures::new([
                "book_letters_cpu_us",
                "book_letters_cpu_server_us",
                "book_letters_cpu_postgres_us",
                "book_letters_cpu_load_us",
                "book_letters_cpu_room_us",
            ]),
            limit_cpu: limit_cpu("pgbench_letters_cpu_us"),
        },
    )
}

fn limit_cpu(name: &'static str) -> Figure {
    Figure::new(name, None, "processor time per booking of pgbench and PostgreSQL together, in µs")
}

fn contest(bench: &Bench, mut contest: Contest) -> Result<Vec<Figure>> {
    let prefix = contest.prefix;
    let einlass = services::set_up_with(bench, prefix, bench.workers, contest.further)?;
    let pgbench = Pgbench {
        server: &bench.postgres,
        database: bench.postgres.create_database(&format!("pgbench_{prefix}"))?,
        slots: contest.rows,
    };
    let campaigns: Vec<String> =
        (0..=bench.rounds).map(|round| format!("{prefix}-{round}")).collect();
    for id in &campaigns {
        einlass
            .apply(&Campaign { slots: contest.slots, ..Campaign::opening_now(id, Gate::Wide) })?;
    }
    let services = Services::start(&einlass, Place::Anywhere)?;
    for campaign in &campaigns {
        services.wait_until_open(campaign)?;
    }
    // The first round warms both up and is not counted.
    for (round, campaign) in campaigns.iter().enumerate() {
        let seconds = if round == 0 { 1 } else { bench.seconds };
        let requests = booking_requests(&services, &People::rush(campaign, seconds))?;
        let before = CpuTimes::read(&services, &bench.postgres)?;
        let ours = load::measure(&services.booking, &booking(&requests, lasting(seconds)))?;
        let used = CpuTimes::read(&services, &bench.postgres)?.per_reply(&before, ours.replies);
        let limit = pgbench.best(seconds)?;
        eprintln!(
            "{}, round {round}: {:.0}/s, p99 {:.1} ms, {:.0} µs; pgbench {:.0}/s, {:.0} µs",
            contest.rate.name,
            ours.per_second,
            ours.p99_ms,
            used.all(),
            limit.per_second,
            limit.cpu_us
        );
        if round > 0 {
            contest.rate.add_ratio(Rate::of("einlass booking", &ours), limit.rate());
            contest.p99.add(ours.p99_ms);
            contest.ours.add(&used);
            contest.limit_cpu.add(limit.cpu_us);
        }
    }
    let Contest { rate, p99, ours, limit_cpu, .. } = contest;
    let CpuFigures { all, server, postgres, load, room } = ours;
    Ok(vec![rate, p99, all, limit_cpu, server, postgres, load, room])
}

/// What each part has used: so far in seconds, or per booking in microseconds.
struct CpuTimes {
    server: f64,
    postgres: f64,
    load: f64,
    room: f64,
}

impl CpuTimes {
    fn read(services: &Services, postgres: &Postgres) -> Result<Self> {
        Ok(Self {
            server: services.booking.cpu_s()?,
            postgres: postgres.cpu_s()?,
            load: cpu::of_this_process_s()?,
            room: services.room.cpu_s()?,
        })
    }

    #[expect(clippy::cast_precision_loss, reason = "far fewer bookings than 2^52")]
    fn per_reply(&self, before: &Self, replies: u64) -> Self {
        let per_reply = |of: fn(&Self) -> f64| (of(self) - of(before)) * 1e6 / replies as f64;
        Self {
            server: per_reply(|times| times.server),
            postgres: per_reply(|times| times.postgres),
            load: per_reply(|times| times.load),
            room: per_reply(|times| times.room),
        }
    }

    /// Of all that a booking needs. The waiting room has done its part before.
    fn all(&self) -> f64 {
        self.server + self.postgres + self.load
    }
}

impl CpuFigures {
    fn new([all, server, postgres, load, room]: [&'static str; 5]) -> Self {
        let part = |name, part| Figure::new(name, None, format!("of this, {part}"));
        Self {
            all: Figure::new(
                all,
                None,
                "processor time per booking of booking API, PostgreSQL and load together, in µs",
            ),
            server: part(server, "that of the booking API"),
            postgres: part(postgres, "that of PostgreSQL"),
            load: part(load, "that of the load"),
            room: Figure::new(room, None, "besides, that of the waiting room, which takes signals"),
        }
    }

    fn add(&mut self, used: &CpuTimes) {
        self.all.add(used.all());
        self.server.add(used.server);
        self.postgres.add(used.postgres);
        self.load.add(used.load);
        self.room.add(used.room);
    }
}
