//! The slots that everybody reads, and a plain server that gives the same bytes, in turns. As for the
//! waiting room, the server has one worker and a core for itself, and the load has another.

use anyhow::Result;
use loadtest::closed_loop::request_bytes;

use super::services::{self, Services};
use crate::Bench;
use crate::campaigns::{Campaign, Gate};
use crate::cores::Place;
use crate::figure::{Aim, Figure, Rate};
use crate::http;
use crate::load::{self, Load, lasting};

const CONNECTIONS: usize = 64;

/// A campaign with so many slots.
struct Case {
    slots: u32,
    campaign: &'static str,
    figure: Figure,
}

impl Case {
    fn new(slots: u32, campaign: &'static str, name: &'static str) -> Self {
        let counted = format!("reads of {slots} slots, {CONNECTIONS} connections");
        Self { slots, campaign, figure: Figure::new(name, None, counted) }
    }

    fn path(&self) -> String {
        format!("/v1/campaigns/{}/slots", self.campaign)
    }
}

/// Measures all.
pub fn measure(bench: &Bench) -> Result<Vec<Figure>> {
    let (server, load) = (Place::Core(bench.cores.server), Place::Core(bench.cores.load));
    bench.cores.move_this_process(load)?;
    let figures = measure_on(bench, server, load);
    bench.cores.move_this_process(Place::Anywhere)?;
    figures
}

fn measure_on(bench: &Bench, server: Place, load_place: Place) -> Result<Vec<Figure>> {
    let mut cases = [
        Case::new(84, "slots-84", "slots_84_vs_plain"),
        Case::new(10_000, "slots-10000", "slots_10000_vs_plain"),
    ];
    let einlass = services::set_up(bench, "slots", 1)?;
    for case in &cases {
        let campaign = Campaign::opening_now(case.campaign, Gate::Wide);
        einlass.apply(&Campaign { slots: case.slots, ..campaign })?;
    }
    let room = einlass.waiting_room(load_place)?;
    let services = Services { room, booking: einlass.booking(server)? };
    let mut replies = Vec::new();
    for case in &cases {
        services.wait_until_open(case.campaign)?;
        replies.push((case.campaign, http::get(services.booking.address, &case.path())?));
    }
    let plain = einlass.plain(server, &replies)?;
    let mut lower = Figure::new(
        "slots_vs_plain",
        Some(Aim::AtLeast(0.8)),
        "the worse of the two below in each round",
    );
    // The first round warms both up and is not counted.
    for round in 0..=bench.rounds {
        let seconds = if round == 0 { 1 } else { bench.seconds };
        let mut worst = f64::INFINITY;
        for case in &mut cases {
            let reading = |server, path: &str| {
                let requests = [request_bytes("GET", path, &[], &[])];
                let limit = lasting(seconds);
                load::measure(
                    server,
                    &Load { connections: CONNECTIONS, limit, requests: &requests, repeat: true },
                )
            };
            let ours = reading(&services.booking, &case.path())?;
            let limit = reading(&plain, &format!("/{}", case.campaign))?;
            eprintln!(
                "{}, round {round}: {:.0}/s, plain {:.0}/s",
                case.figure.name, ours.per_second, limit.per_second
            );
            worst = worst.min(ours.per_second / limit.per_second);
            if round > 0 {
                let ours = Rate::of("einlass booking", &ours);
                case.figure.add_ratio(ours, Rate::of("a plain actix handler", &limit));
            }
        }
        if round > 0 {
            lower.add(worst);
        }
    }
    Ok([lower].into_iter().chain(cases.map(|case| case.figure)).collect())
}
