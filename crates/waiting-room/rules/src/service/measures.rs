//! What is told of a room to those who watch over it: the figures of its view, as metrics.
//!
//! Each instance tells what the room as a whole has come to, as it last read it; only admissions are those that
//! it has answered itself. The labels are rooms that it serves, lanes and phases, and so bounded.

use metrics::{Counter, Gauge, counter, gauge};

use crate::lane::{Lane, PerLane};
use crate::settings::RoomId;
use crate::view::{Phase, RoomView, in_line};

const PHASES: [(Phase, &str); 6] = [
    (Phase::Announced, "announced"),
    (Phase::Gathering, "gathering"),
    (Phase::Open, "open"),
    (Phase::Paused, "paused"),
    (Phase::SoldOut, "sold_out"),
    (Phase::Closed, "closed"),
];

/// The metrics of one room. When it is dropped they tell of nobody.
pub(super) struct RoomMeasures {
    lanes: [LaneMeasures; Lane::ALL.len()],
    phases: [(Phase, Gauge); PHASES.len()],
    passes_present: Gauge,
    seats: Gauge,
    seats_max: Gauge,
    pace: Gauge,
    places_left: Gauge,
    report_age: Gauge,
    show_rate: Gauge,
    admissions: Counter,
}

struct LaneMeasures {
    entries: Counter,
    called: Counter,
    gathering: Gauge,
    in_line: Gauge,
}

impl RoomMeasures {
    pub(super) fn of(room: &RoomId) -> Self {
        let room = room.to_string();
        let of_lane = |lane: Lane| {
            let labels = [("room", room.clone()), ("lane", lane.name().to_owned())];
            LaneMeasures {
                entries: counter!("waiting_room_entries_total", &labels),
                called: counter!("waiting_room_called_total", &labels),
                gathering: gauge!("waiting_room_people_gathering", &labels),
                in_line: gauge!("waiting_room_people_in_line", &labels),
            }
        };
        let in_phase = |(phase, name)| {
            (phase, gauge!("waiting_room_phase", "room" => room.clone(), "phase" => name))
        };
        Self {
            lanes: Lane::ALL.map(of_lane),
            phases: PHASES.map(in_phase),
            passes_present: gauge!("waiting_room_passes_present", "room" => room.clone()),
            seats: gauge!("waiting_room_seats", "room" => room.clone()),
            seats_max: gauge!("waiting_room_seats_max", "room" => room.clone()),
            pace: gauge!("waiting_room_pace_per_minute", "room" => room.clone()),
            places_left: gauge!("waiting_room_places_left", "room" => room.clone()),
            report_age: gauge!("waiting_room_report_age_seconds", "room" => room.clone()),
            show_rate: gauge!("waiting_room_show_rate_ratio", "room" => room.clone()),
            admissions: counter!("waiting_room_admissions_total", "room" => room),
        }
    }

    /// Somebody got a pass who had none yet, as far as the ticket tells.
    pub(super) fn admitted(&self) {
        self.admissions.increment(1);
    }

    /// Tells of the room as it is in this view.
    pub(super) fn tell(&self, view: &RoomView) {
        let (state, memory) = (&view.state, &view.state.memory);
        let places = view.line.places(&memory.entered);
        let gathering = memory.entered.zip(&places, u64::saturating_sub);
        self.tell_lanes(&memory.entered, &memory.called, &gathering, &in_line(view));
        for (phase, measure) in &self.phases {
            measure.set(i32::from(*phase == view.phase));
        }
        self.passes_present.set(state.active);
        self.seats.set(state.allowance.min(memory.live.max_active));
        self.seats_max.set(memory.live.max_active);
        self.pace.set(memory.live.pace_per_minute);
        self.show_rate.set(view.show_rate());
        if let Some(report) = &state.report {
            self.places_left.set(report.places_left);
            self.report_age.set(view.as_of.since(report.counted_at));
        } else {
            // Nobody has counted.
            self.places_left.set(f64::NAN);
            self.report_age.set(f64::NAN);
        }
    }

    fn tell_lanes(
        &self,
        entered: &PerLane<u64>,
        called: &PerLane<u64>,
        gathering: &PerLane<u64>,
        in_line: &PerLane<u64>,
    ) {
        for (lane, measures) in Lane::ALL.into_iter().zip(&self.lanes) {
            measures.entries.absolute(entered[lane]);
            measures.called.absolute(called[lane]);
            measures.gathering.set(real(gathering[lane]));
            measures.in_line.set(real(in_line[lane]));
        }
    }
}

impl Drop for RoomMeasures {
    fn drop(&mut self) {
        for lane in &self.lanes {
            lane.gathering.set(0);
            lane.in_line.set(0);
        }
        for (_, phase) in &self.phases {
            phase.set(0);
        }
        for measure in [&self.passes_present, &self.seats, &self.seats_max, &self.pace] {
            measure.set(0);
        }
        for measure in [&self.places_left, &self.report_age, &self.show_rate] {
            measure.set(f64::NAN);
        }
    }
}

#[expect(clippy::cast_precision_loss, reason = "counts of people are far below 2^53")]
fn real(people: u64) -> f64 {
    people as f64
}
