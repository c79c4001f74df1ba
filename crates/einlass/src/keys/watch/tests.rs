use std::path::Path;

use kernel::{ManualClock, SeededEntropy};

use super::super::NewKeys;
use super::super::rotate::{Kind, drop_ticket_key, rotate};
use super::*;

fn at(minutes: u64) -> Timestamp {
    Timestamp::default().plus(Duration::from_mins(minutes))
}

fn watch(path: &Path) -> KeyWatch {
    let keys = WaitingRoomKeys::read(path).expect("keys");
    let in_force = KeysInForce::new(&keys, "einlass");
    KeyWatch::new(path.to_owned(), &keys, in_force, Arc::new(ManualClock::at(at(0))))
}

impl KeyWatch {
    fn look(&mut self) {
        let read = WaitingRoomKeys::read(&self.path);
        self.found(read.map_err(|error| error.to_string()));
    }

    /// How many keys are published, and how many tickets are accepted by.
    fn in_force(&self) -> (usize, String) {
        let signing = self.in_force.signing.load();
        (self.in_force.public.load().len(), format!("{:?}", signing.ticket_keys))
    }
}

#[test]
fn a_file_is_taken_as_a_whole_or_not_at_all() {
    let folder = tempfile::tempdir().expect("a folder");
    let (path, entropy) = (folder.path().join("room.toml"), SeededEntropy::new(1));
    let booking = folder.path().join("booking.toml");
    NewKeys::generate(&entropy).write(&path, &booking).expect("written");
    let mut watch = watch(&path);
    let rotate = |now| rotate(&path, &[Kind::Pass, Kind::Ticket], now, &entropy).expect("rotated");
    rotate(at(0));
    watch.look();
    let with_next = (2, "TicketKeys(current 1, 2 in all)".to_owned());
    assert_eq!((watch.in_force(), &watch.refusal), (with_next.clone(), &None));

    rotate(at(10));
    let good = std::fs::read_to_string(&path).expect("a key file");
    let other_key = |text: &str, section: &str| {
        let start = text.find(section).expect("there") + section.len();
        let key = text[start..].find("key = \"").expect("a key") + start + 7;
        // Another first character is another key.
        let first = if text[key..].starts_with('A') { "B" } else { "A" };
        format!("{}{first}{}", &text[..key], &text[key + 1..])
    };
    for (broken, why) in [
        (good[..good.len() / 2].to_owned(), "not valid"),
        (String::new(), "not valid"),
        (other_key(&good, "[draw]"), "[draw] may not change"),
        (other_key(&good, "[identity]"), "[identity] may not change"),
        (good.replace("credential = \"", "credential = \"x"), "[signals] may not change"),
        (other_key(&good, "[[ticket]]"), "the ticket key 1 may not change"),
    ] {
        std::fs::write(&path, broken).expect("written");
        watch.look();
        let refusal = watch.refusal.clone().expect("refused");
        assert!(refusal.contains(why), "{refusal}");
        assert_eq!(watch.in_force(), with_next, "the keys of before stay in force: {why}");
    }
    std::fs::remove_file(&path).expect("removed");
    watch.look();
    assert_eq!(watch.in_force(), with_next);

    kernel::private_file::create(&path).expect("made");
    std::fs::write(&path, &good).expect("written");
    watch.look();
    let with_retired = (2, "TicketKeys(current 2, 2 in all)".to_owned());
    assert_eq!((watch.in_force(), &watch.refusal), (with_retired, &None));
    let signs = watch.in_force.signing.load().minter.key().kid().to_owned();
    assert_eq!(signs, WaitingRoomKeys::read(&path).expect("keys").signing_key.kid());

    drop_ticket_key(&path, 1).expect("dropped");
    watch.look();
    assert_eq!(watch.in_force().1, "TicketKeys(current 2, 1 in all)");
}

#[test]
fn the_states_of_the_keys_and_how_long_one_signs_are_told() {
    let metrics = web::metrics::Metrics::install().expect("the only recorder of this process");
    let folder = tempfile::tempdir().expect("a folder");
    let (path, entropy) = (folder.path().join("room.toml"), SeededEntropy::new(1));
    let booking = folder.path().join("booking.toml");
    NewKeys::generate(&entropy).write(&path, &booking).expect("written");
    let mut watch = watch(&path);
    for minutes in [0, 10, 20] {
        rotate(&path, &[Kind::Ticket], at(minutes), &entropy).expect("rotated");
        watch.look();
    }
    watch.measure(at(30));
    let text = metrics.render();
    for line in [
        "waiting_room_keys{kind=\"pass\",state=\"current\"} 1",
        "waiting_room_keys{kind=\"ticket\",state=\"retired\"} 1",
        "waiting_room_keys{kind=\"ticket\",state=\"next\"} 1",
        "waiting_room_key_age_seconds{kind=\"ticket\"} 1200",
        "waiting_room_keys_changed_timestamp_seconds 1200",
        "waiting_room_key_file_refused 0",
        "waiting_room_key_files_total{outcome=\"taken\"} 3",
    ] {
        assert!(text.lines().any(|told| told == line), "{line} in\n{text}");
    }
    std::fs::write(&path, "broken").expect("written");
    watch.look();
    watch.look();
    watch.measure(at(30));
    let text = metrics.render();
    assert!(text.contains("waiting_room_key_file_refused 1\n"), "{text}");
    assert!(text.contains("outcome=\"refused\"} 1\n"), "said once: {text}");
}
