use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::PathBuf;

use kernel::SeededEntropy;
use staff::{Campaigns, Issuer, Role, Staff, StaffKeys, StaffVerifier};
use waiting_room::line::ticket::TicketKeys;

use super::super::{KeyFact, KeyFacts, NewKeys, NewStaffKeys};
use super::*;

const BOTH: [Kind; 2] = [Kind::Pass, Kind::Ticket];

fn at(hours: u64, minutes: u64) -> Timestamp {
    let start: Timestamp = "2026-11-28T08:00:00Z".parse().expect("an instant");
    start.plus(Duration::from_hours(hours) + Duration::from_mins(minutes))
}

struct Installation {
    folder: tempfile::TempDir,
    entropy: SeededEntropy,
}

impl Installation {
    fn new() -> Self {
        let (folder, entropy) = (tempfile::tempdir().expect("a folder"), SeededEntropy::new(1));
        let town = Self { folder, entropy };
        NewKeys::generate(&town.entropy)
            .write(&town.path(), &town.folder.path().join("booking.toml"))
            .expect("written");
        town
    }

    fn path(&self) -> PathBuf {
        self.folder.path().join("room.toml")
    }

    fn text(&self) -> String {
        fs::read_to_string(self.path()).expect("a key file")
    }

    fn keys(&self) -> WaitingRoomKeys {
        WaitingRoomKeys::read(&self.path()).expect("a key file that can be used")
    }

    fn rotate(&self, now: Timestamp) -> Vec<String> {
        rotate(&self.path(), &BOTH, now, &self.entropy).expect("rotated")
    }

    /// The states of the keys of passes and of tickets, in the order of the file.
    fn states(&self) -> [String; 2] {
        let KeyFacts { pass, ticket } = self.keys().facts;
        let states = |facts: &[KeyFact]| -> String {
            facts.iter().map(|fact| fact.state.name()).collect::<Vec<_>>().join(" ")
        };
        [states(&pass), states(&ticket)]
    }
}

/// The number of the key that signs tickets.
fn signs(keys: &TicketKeys) -> String {
    format!("{keys:?}").chars().filter(char::is_ascii_digit).take(1).collect()
}

#[test]
fn a_new_key_is_known_before_it_signs_and_the_old_one_outlives_what_it_signed() {
    let town = Installation::new();
    let (before, first) = (town.text(), town.keys());
    let said = town.rotate(at(0, 0));
    assert_eq!(said.len(), 2, "{said:?}");
    assert!(said[0].contains("is the next one") && said[0].contains("T08:10"), "{said:?}");
    assert_eq!(town.states(), ["current next", "current next"]);
    let keys = town.keys();
    assert_eq!(keys.signing_key.kid(), first.signing_key.kid(), "it does not sign yet");
    assert_eq!((keys.public_keys.len(), signs(&keys.ticket_keys).as_str()), (2, "1"));

    let waiting = town.text();
    assert!(town.rotate(at(0, 9))[0].contains("stays the next one until"));
    assert_eq!(town.text(), waiting, "nothing is due");

    let said = town.rotate(at(0, 10));
    assert_eq!(town.states(), ["retired current", "retired current"]);
    let keys = town.keys();
    assert!(said[0].contains(&format!("pass key {} signs", keys.signing_key.kid())), "{said:?}");
    assert_ne!(keys.signing_key.kid(), first.signing_key.kid());
    assert_eq!((keys.public_keys.len(), signs(&keys.ticket_keys).as_str()), (2, "2"));

    town.rotate(at(25, 9));
    assert_eq!(town.states(), ["retired current next", "retired current next"]);
    let said = town.rotate(at(25, 10)).join("\n");
    assert!(said.contains(&format!("pass key {} is dropped", first.signing_key.kid())), "{said}");
    assert_eq!(town.states(), ["current next", "retired current next"], "tickets stay good");

    let text = town.text();
    let rest = |text: &str| text[text.find("# Fixes the secrets").expect("there")..].to_owned();
    assert_eq!(rest(&text), rest(&before), "nothing else is touched");
    assert!(text.starts_with("# The secret keys of the waiting room."), "{text}");
    for about in [ABOUT_PASS_KEYS, ABOUT_TICKET_KEYS] {
        assert_eq!(text.matches(about).count(), 1, "{text}");
    }
    let mode = fs::metadata(town.path()).expect("there").permissions().mode();
    assert_eq!(mode & 0o777, 0o600);
}

#[test]
fn one_kind_can_rotate_alone() {
    let town = Installation::new();
    rotate(&town.path(), &[Kind::Pass], at(0, 0), &town.entropy).expect("rotated");
    assert_eq!(town.states(), ["current next", "current"]);
}

#[test]
fn a_ticket_key_is_dropped_on_purpose_only_and_once_it_is_retired() {
    let town = Installation::new();
    town.rotate(at(0, 0));
    let refused = |id| drop_ticket_key(&town.path(), id).expect_err("refused").to_string();
    assert!(refused(1).ends_with("ticket key 1 is not retired"), "{}", refused(1));
    assert!(refused(2).ends_with("ticket key 2 is not retired"));
    assert!(refused(3).ends_with("there is no ticket key 3"));
    town.rotate(at(0, 10));
    drop_ticket_key(&town.path(), 1).expect("dropped");
    assert_eq!(town.states()[1], "current");
    assert!(town.text().contains(ABOUT_TICKET_KEYS));
    town.rotate(at(1, 0));
    let ids: Vec<String> = town.keys().facts.ticket.into_iter().map(|fact| fact.id).collect();
    assert_eq!(ids, ["2", "3"], "its number is not given to another key at once");
}

#[test]
fn a_new_ticket_key_has_a_number_that_no_other_had_lately() {
    for (known, current, next) in [
        (&[1][..], 0, 2),
        (&[2, 3], 1, 4),
        (&[254, 255], 1, 1),
        (&[255, 1], 1, 2),
        (&[254, 1], 1, 2),
        (&[3, 1], 0, 4),
        (&[255, 2, 1], 0, 3),
    ] {
        assert_eq!(new_ticket_key_id(&numbered(known), current), Ok(next), "{known:?}");
    }
    let all: Vec<u8> = (1..=u8::MAX).collect();
    let refused = new_ticket_key_id(&numbered(&all), 0).expect_err("none is free");
    assert_eq!(refused, "every id from 1 to 255 is in use: drop retired keys");
}

/// Keys with these numbers.
fn numbered(ids: &[u8]) -> ArrayOfTables {
    let entry = |id: &u8| Table::from_iter([("id", value(i64::from(*id)))]);
    ids.iter().map(entry).collect()
}

#[test]
fn what_cannot_be_changed_with_certainty_is_left_alone() {
    let town = Installation::new();
    let text = town.text();
    let (start, end) =
        (text.find("[[ticket]]").expect("there"), text.find("# Fixes").expect("there"));
    let second = text[start..end].replace("id = 1", "id = 2");
    for (changed, why) in [
        (text.replace("[draw]", "[drawing]"), "drawing"),
        (format!("{text}\n{second}"), "none has a `state`"),
        (text.replace("[[ticket]]\n", "[[ticket]]\nstate = \"next\"\n"), "exactly one key"),
    ] {
        fs::write(town.path(), &changed).expect("written");
        let refused = rotate(&town.path(), &BOTH, at(0, 0), &town.entropy).expect_err(why);
        assert!(refused.to_string().contains(why), "{refused}");
        assert_eq!(town.text(), changed);
    }
}

#[test]
fn a_key_of_staff_outlives_its_tokens() {
    let folder = tempfile::tempdir().expect("a folder");
    let (path, jwks) = (folder.path().join("staff.toml"), folder.path().join("jwks.json"));
    let entropy = SeededEntropy::new(1);
    NewStaffKeys::generate(&entropy).write(&path, &jwks).expect("written");
    let token = |now| {
        let keys = StaffKeyFile::read(&path).expect("keys");
        let (subject, roles) = ("erika".to_owned(), [Role::Operator].into());
        let staff = Staff { subject, roles, campaigns: Campaigns::All };
        keys.signer().issue(&staff, now, Duration::from_hours(TOKEN_HOURS_MAX))
    };
    let is_known = |token: &str, now| {
        let published = fs::read_to_string(&jwks).expect("published");
        let keys = std::sync::Arc::new(StaffKeys::from_jwks(&published).expect("keys"));
        StaffVerifier::new(vec![Issuer::own(std::sync::Arc::new(keys.into()))])
            .verify(token, now)
            .is_ok()
    };
    let rotate = |now| rotate_staff(&path, &jwks, now, &entropy).expect("rotated");
    let old = token(at(0, 0));
    rotate(at(0, 0));
    rotate(at(0, 10));
    let (last, new) = (at(0, 9), token(at(0, 10)));
    assert!(is_known(&old, last) && is_known(&new, at(0, 10)));
    rotate(at(TOKEN_HOURS_MAX + 1, 9));
    assert!(is_known(&old, at(1, 0)), "its key is still published");
    rotate(at(TOKEN_HOURS_MAX + 1, 10));
    assert!(!is_known(&old, at(1, 0)) && is_known(&new, at(1, 0)));
}
