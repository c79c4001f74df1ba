use kernel::Slug;

use super::*;
use crate::contract::{START, room_settings};
use crate::draw::DrawKey;
use crate::gate::Step;
use crate::lane::PerLane;
use crate::live::LiveSettings;
use crate::memory::{Frozen, Memory};
use crate::state::{Counts, RoomState};
use crate::view::RoomView;

fn after(s: i64) -> Timestamp {
    Timestamp::from_unix_s(START.unix_s() + s)
}

fn endpoints(names: &[&str]) -> Vec<Slug> {
    names.iter().map(|name| name.parse().expect("a name")).collect()
}

/// A room that opened with 100 entries.
fn open() -> RoomState {
    let mut memory = Memory::of_new_room(&room_settings("town"));
    memory.saw_boundary(0, Frozen { at: after(-3_600), entries: PerLane::public(0) });
    memory.saw_boundary(1, Frozen { at: after(0), entries: PerLane::public(100) });
    RoomState::new(memory, Timestamp::default())
}

fn view(state: &RoomState, s: i64) -> RoomView {
    let settings = std::sync::Arc::new(room_settings("town"));
    RoomView::new(settings, &DrawKey::new(&[1; 32]), state.clone(), after(s), 1)
}

fn counts(s: i64, places_left: u32) -> Counts {
    let counted_at = after(s);
    Counts {
        counted_at,
        places_left,
        held_passes: 0,
        held_seats: 0,
        queue_depth: 0,
        queue_depth_max: 10,
    }
}

/// One instance, what it has told so far, and what it makes of each look.
struct Instance {
    watch: Watch,
    notices: Notices,
}

impl Instance {
    fn start() -> Self {
        let watch = Watch::default();
        Self { watch, notices: Notices::begin(Seen::default(), &endpoints(&["a"]), after(-10)) }
    }

    fn look(&mut self, state: &RoomState, s: i64) -> Vec<What> {
        let before = self.notices.latest;
        let seen = self.watch.look(&view(state, s));
        if let Some(next) = self.notices.noted(&seen, None, &endpoints(&["a"]), after(s)) {
            self.notices = next;
        }
        let new = self.notices.kept.iter().filter(|notice| notice.number > before);
        new.map(|notice| notice.what).collect()
    }
}

#[test]
fn an_opening_is_told_at_once_and_a_pause_when_it_lasts() {
    let (mut state, mut instance) = (open(), Instance::start());
    assert_eq!(instance.look(&state, 1), [What::Opened { opening: 0 }]);
    state.memory.live.paused = true;
    assert_eq!(instance.look(&state, 2), []);
    state.memory.live.paused = false;
    assert_eq!(instance.look(&state, 3), [], "it was a moment");
    state.memory.live.paused = true;
    assert_eq!(instance.look(&state, 4), []);
    assert_eq!(instance.look(&state, 6), [What::Paused]);
    assert_eq!(instance.look(&state, 7), []);
    state.memory.live.paused = false;
    assert_eq!(instance.look(&state, 8), []);
    assert_eq!(instance.look(&state, 10), [What::Resumed]);
}

#[test]
fn places_that_come_back_for_a_moment_are_no_news() {
    let (mut state, mut instance) = (open(), Instance::start());
    instance.look(&state, 1);
    let mut told = Vec::new();
    for s in 2..200 {
        // Each hold that ends is a place for two seconds.
        let places_left = if s < 100 { u32::from(s % 20 < 2) } else { 5 };
        state.report = Some(counts(s, places_left));
        told.extend(instance.look(&state, s).into_iter().map(|what| (s, what)));
    }
    assert_eq!(told, [], "it was never sold out for long");
    for s in 200..240 {
        state.report = Some(counts(s, 0));
        told.extend(instance.look(&state, s).into_iter().map(|what| (s, what)));
    }
    for s in 240..280 {
        state.report = Some(counts(s, 3));
        told.extend(instance.look(&state, s).into_iter().map(|what| (s, what)));
    }
    assert_eq!(told, [(230, What::SoldOut), (270, What::PlacesBack)]);
}

#[test]
fn a_room_that_is_not_well_is_told_why() {
    let (mut state, mut instance) = (open(), Instance::start());
    instance.look(&state, 1);
    state.report = Some(counts(1, 10));
    let late = What::Unhealthy { reason: Ailment::ReportsLate };
    let told: Vec<_> = (2..100).flat_map(|s| instance.look(&state, s)).collect();
    assert_eq!(told, [late], "a minute without a report, and half a minute of that");
    state.report = Some(counts(100, 10));
    let told: Vec<_> = (100..140).flat_map(|s| instance.look(&state, s)).collect();
    assert_eq!(told, [What::Healthy]);
    state.report = None;
    state.ledger.steps = vec![Step { number: 1, at: after(100), invited: 20, ..Step::default() }];
    let nobody = What::Unhealthy { reason: Ailment::NobodyComes };
    let told: Vec<_> = (140..260).flat_map(|s| instance.look(&state, s)).collect();
    assert_eq!(told, [nobody]);
    state.came.insert(1, 1);
    let told: Vec<_> = (260..300).flat_map(|s| instance.look(&state, s)).collect();
    assert_eq!(told, [What::Healthy]);
    state.memory.live = LiveSettings { paused: true, ..state.memory.live };
    state.came.clear();
    let told: Vec<_> = (300..400).flat_map(|s| instance.look(&state, s)).collect();
    assert_eq!(told, [What::Paused], "nobody can come");
}

/// Instances read at different moments: what the slower one still sees is old.
#[test]
fn an_older_look_changes_nothing() {
    let begun = Notices::begin(Seen::default(), &[], after(0));
    let seen = Seen::opened(1, after(5));
    let noted = begun.noted(&seen, None, &[], after(5)).expect("it has opened");
    let older = Seen::opened(2, after(4));
    assert_eq!(noted.noted(&older, None, &[], after(6)), None);
    assert_eq!(noted.noted(&seen, None, &[], after(6)), None, "nothing is told twice");
}

#[test]
fn an_endpoint_is_told_what_happens_from_now_on() {
    let both = endpoints(&["a", "b"]);
    let begun = Notices::begin(Seen::default(), &both[..1], after(0));
    let seen = Seen::opened(1, after(1));
    let noted = begun.noted(&seen, None, &both[..1], after(1)).expect("it has opened");
    let known = noted.noted(&seen, None, &both, after(2)).expect("another endpoint");
    assert_eq!(known.due(&both[1], |_| true, after(2)), None);
    assert!(known.due(&both[0], |_| true, after(2)).is_some());
    assert_eq!(known.due(&both[0], |name| name == "room.paused", after(2)), None, "not wanted");
    let seen = Seen::opened(2, after(3));
    let noted = known.noted(&seen, None, &both, after(3)).expect("the next opening");
    let (notice, _) = noted.due(&both[1], |_| true, after(3)).expect("it is for both");
    assert_eq!((notice.number, notice.what), (2, What::Opened { opening: 1 }));
}

#[test]
fn what_was_not_taken_is_told_again_later() {
    let names = endpoints(&["a"]);
    let begun = Notices::begin(Seen::default(), &names, after(0));
    let seen = Seen::opened(1, after(1));
    let noted = begun.noted(&seen, None, &names, after(1)).expect("it has opened");
    let (notice, _) = noted.due(&names[0], |_| true, after(1)).expect("it is due");
    let lent = noted.lent(&names[0], notice, after(1));
    let later = lent.settled(&names[0], 1, Outcome::Later(after(30))).expect("it was not taken");
    assert_eq!(later.due(&names[0], |_| true, after(29)), None);
    assert_eq!(later.due(&names[0], |_| true, after(30)), Some((notice, 1)));
}

/// A store that was silent could not be told; whoever has it back says so once.
#[test]
fn the_end_of_a_silence_is_noted_once() {
    let begun = Notices::begin(Seen::default(), &[], after(0));
    let seen = Seen::opened(0, after(90));
    let noted = begun.noted(&seen, Some(after(50)), &[], after(90)).expect("it is over");
    assert_eq!(noted.kept.last().map(|notice| notice.what), Some(What::Healthy));
    assert_eq!(noted.noted(&seen, Some(after(49)), &[], after(91)), None, "another one said so");
    let again = noted.noted(&seen, Some(after(200)), &[], after(290));
    assert!(again.is_some(), "the next silence");
}

#[test]
fn the_value_stays_small() {
    let mut notices = Notices::begin(Seen::default(), &endpoints(&["a"]), after(0));
    for opened in 1..=200 {
        let seen = Seen::opened(opened, after(opened.into()));
        notices = notices.noted(&seen, None, &endpoints(&["a"]), after(0)).expect("an opening");
    }
    assert_eq!((notices.kept.len(), notices.latest), (KEPT_MAX, 200));
    let many: Vec<String> = (0..60).map(|number| format!("e{number}")).collect();
    let many: Vec<&str> = many.iter().map(String::as_str).collect();
    let changed = notices.noted(&Seen::default(), None, &endpoints(&many[..40]), after(0));
    let changed = changed.expect("more endpoints").noted(
        &Seen::default(),
        None,
        &endpoints(&many[20..60]),
        after(0),
    );
    assert_eq!(changed.expect("others").endpoints.len(), 40, "those that are named");
}

/// Receivers write programs by `api-spec/webhooks.json`: it has every message, and every message is as it says.
#[test]
fn every_message_is_as_the_schema_says() {
    let path =
        std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../api-spec/webhooks.json");
    let text = std::fs::read_to_string(path).expect("the schema");
    let schema: serde_json::Value = serde_json::from_str(&text).expect("JSON");
    let mut compiler = boon::Compiler::new();
    compiler.enable_format_assertions();
    compiler.add_resource("webhooks.json", schema.clone()).expect("a resource");
    let mut schemas = boon::Schemas::new();
    let messages = compiler.compile("webhooks.json", &mut schemas).expect("a schema");
    let settings = room_settings("town");
    let notices = Notices::begin(Seen::default(), &[], after(0));
    let all = [
        What::Opened { opening: 1 },
        What::SoldOut,
        What::PlacesBack,
        What::Paused,
        What::Resumed,
        What::Unhealthy { reason: Ailment::NobodyComes },
        What::Unhealthy { reason: Ailment::ReportsLate },
        What::Healthy,
    ];
    let told = (1..).zip(all).map(|(number, what)| {
        assert!(NAMES.contains(&what.as_str()));
        message(&settings, &notices, Notice { number, at: after(3), what })
    });
    let told: Vec<_> = told.chain([silence_message(&settings, after(3))]).collect();
    for (id, body) in &told {
        assert!(id.starts_with("room_town_1_"), "{id}");
        let document = serde_json::from_str(body).expect("JSON");
        let valid = schemas.validate(&document, messages);
        assert!(valid.is_ok(), "{body}: {valid:?}");
    }
    assert_eq!(told[0].0, format!("room_town_1_{}_1", START.unix_s()));
    let kinds = schema["oneOf"].as_array().expect("a list").iter();
    let kinds = kinds.filter_map(|schema| schema["properties"]["type"]["const"].as_str());
    let rooms: std::collections::BTreeSet<&str> =
        kinds.filter(|name| name.starts_with("room.")).collect();
    assert_eq!(rooms, NAMES.iter().copied().collect(), "api-spec/webhooks.json has each kind");
}

/// Instances that lose the store at the same time say so under one id.
#[test]
fn a_silence_has_one_id_for_all() {
    let settings = room_settings("town");
    let mark = after(0).unix_s().div_euclid(300) * 300;
    let at = |s: i64| silence_message(&settings, Timestamp::from_unix_s(mark + s));
    assert_eq!(at(10), at(14));
    assert_ne!(at(10).0, at(310).0, "another one has another");
}
