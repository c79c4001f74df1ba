use altcha::{SolveChallengeOptions, solve_challenge};
use kernel::SeededEntropy;

use super::*;

const NOW: Timestamp = Timestamp::from_unix_s(1_623_650_400);
const EASY: Terms<'_> = Terms { level: 1, work: 3, bond: None };

fn room() -> RoomId {
    "town".parse().expect("a name")
}

fn key() -> ProofKey {
    ProofKey::new(&[5; 32])
}

fn challenge(terms: Terms<'_>) -> Challenge {
    key().challenge(&room(), terms, NOW, &SeededEntropy::new(1))
}

/// As ALTCHA's own library solves it.
fn solve(challenge: Challenge) -> Payload {
    let solution = solve_challenge(SolveChallengeOptions::new(&challenge));
    let solution = solution.expect("it is understood").expect("it is solved");
    Payload { challenge, solution }
}

fn text(payload: &Payload) -> String {
    STANDARD.encode(serde_json::to_vec(payload).expect("JSON"))
}

fn verify(payload: &Payload) -> Option<Proof> {
    key().verify(&text(payload), &room(), NOW)
}

/// What `altcha-lib` 2.8 of npm, which browsers have, gives for `challenge(EASY)`: solved with its `deriveKey` of
/// `algorithms/pbkdf2`, and written with `btoa(JSON.stringify({ challenge, solution }))`.
const OF_A_BROWSER: &str = "eyJjaGFsbGVuZ2UiOnsicGFyYW1ldGVycyI6eyJhbGdvcml0aG0iOiJQQktERjIvU0hBLTI1NiIsImNvc3QiOjEw\
     MDAsImRhdGEiOnsiZnJvbSI6MTYyMzY1MDQwMDAwMCwibGV2ZWwiOjEsInJvb20iOiJ0b3duIn0sImtleUxlbmd0\
     aCI6MzIsImtleVByZWZpeCI6ImZiZDZiOTVhNzUwZjY0NWQ3ZDdjOWRjMGNmM2E2YWFlIiwia2V5U2lnbmF0dXJl\
     IjoiOTMyY2YxOTg1NjJhN2Q3NDQ4YmNjNzVhN2EyNzQzMjJiYmY0ZWYwMTNkMzQ2NWNkYWVhNjEyNDg4MTU0MjNl\
     NyIsIm5vbmNlIjoiNGE2OTBkY2MyNWQxZjRiMGRhYzk0ODMyNWFjMThmNmQiLCJzYWx0IjoiZDMyNTY0MzcxNzM1\
     ZjMyYzU0NzQzZGM1ZTI0ZDJhNDEifSwic2lnbmF0dXJlIjoiNGNlZmQ2NDBiNGQzMzBiNDk3MjgyNzVkNzg4ODgz\
     NzkyY2U4Y2VlY2I3NmUwZTYzMDE1YTg0NjMxZmYzOTgxYiJ9LCJzb2x1dGlvbiI6eyJjb3VudGVyIjoyLCJkZXJp\
     dmVkS2V5IjoiZmJkNmI5NWE3NTBmNjQ1ZDdkN2M5ZGMwY2YzYTZhYWU3NTczOTBhYjQ4Y2ZkNGJhNDI0YzViODEy\
     YTdlMWJmNiIsInRpbWUiOjYuMn19";

#[test]
fn what_a_browser_solves_is_a_proof() {
    let proof = key().verify(OF_A_BROWSER, &room(), NOW).expect("a proof");
    assert_eq!(proof.key(None), Some(&*challenge(EASY).parameters.nonce));
}

#[test]
fn what_altcha_solves_is_a_proof() {
    let solved = solve(challenge(EASY));
    let proof = verify(&solved).expect("a proof");
    assert_eq!(proof.key(None), Some(&*solved.challenge.parameters.nonce));
    assert!(text(&solved).len() <= LENGTH_MAX, "{}", text(&solved).len());
}

#[test]
fn a_changed_or_unsolved_challenge_is_none() {
    let solved = solve(challenge(EASY));
    let mut unsolved = solved.clone();
    unsolved.solution.derived_key = "00".repeat(32);
    let mut easier = solved.clone();
    easier.challenge.parameters.key_prefix = String::new();
    let mut renamed = solved.clone();
    renamed.challenge.parameters.nonce = "00".repeat(16);
    let mut moved = solved.clone();
    let data = moved.challenge.parameters.data.as_mut().expect("data");
    data.insert("room".to_owned(), "village".into());
    let mut other = challenge(EASY);
    other.parameters.salt = "00".repeat(16);
    let other = Payload { challenge: other, solution: solved.solution.clone() };
    let mut unsigned = solved.clone();
    unsigned.challenge.signature = None;
    let mut keyless = solved.clone();
    keyless.challenge.parameters.key_signature = None;
    for forged in [unsolved, easier, renamed, moved, other, unsigned, keyless] {
        assert_eq!(verify(&forged), None);
    }
    let another = ProofKey::new(&[6; 32]);
    assert_eq!(another.verify(&text(&solved), &room(), NOW), None);
    for text in ["", "e30=", "not base64!", &"A".repeat(LENGTH_MAX + 1)] {
        assert_eq!(key().verify(text, &room(), NOW), None, "{text}");
    }
}

#[test]
fn a_proof_holds_in_its_room_and_for_two_minutes() {
    let solved = text(&solve(challenge(EASY)));
    let at = |s| key().verify(&solved, &room(), Timestamp::from_unix_s(NOW.unix_s() + s));
    assert_eq!([-1, 0, 119, 120].map(|s| at(s).is_some()), [false, true, true, false]);
    assert_eq!(key().verify(&solved, &"village".parse().expect("a name"), NOW), None);
}

#[test]
fn a_challenge_made_for_a_key_is_good_with_that_key_only() {
    let own = "a-key-of-the-client";
    let made_for = bond(own);
    let bound = verify(&solve(challenge(Terms { bond: Some(&made_for), ..EASY }))).expect("proof");
    assert_eq!(bound.key(Some(own)), Some(own));
    assert_eq!((bound.key(None), bound.key(Some("another-key-of-it"))), (None, None));
    let free = verify(&solve(challenge(EASY))).expect("a proof");
    assert_eq!(free.key(Some(own)), None);
    assert!(!made_for.contains(own));
}

/// The work is that of the level, whatever number is hidden: between half and one and a half of its mean.
#[test]
fn each_level_costs_twice_the_one_before() {
    let entropy = SeededEntropy::new(7);
    for level in 1..=4_u8 {
        let mean = 4 << (level - 1);
        for _ in 0..5 {
            let terms = Terms { level, work: 4, bond: None };
            let solved = solve(key().challenge(&room(), terms, NOW, &entropy));
            let tried = solved.solution.counter;
            assert!((mean / 2..mean + mean / 2).contains(&tried), "{level}: {tried}");
            let proof = verify(&solved).expect("a proof");
            let enough = (0..=LEVEL_MAX).filter(|asked| proof.suffices(*asked)).max();
            assert_eq!(enough, Some(level + 1));
        }
    }
}

#[test]
fn waiting_is_a_proof_from_its_instant_on() {
    let waiting = key().waiting(&room(), None, NOW, &SeededEntropy::new(1));
    let at = |s| key().verify(&waiting, &room(), Timestamp::from_unix_s(NOW.unix_s() + s));
    assert_eq!([-1, 0, 119, 120].map(|s| at(s).is_some()), [false, true, true, false]);
    assert!(at(0).is_some_and(|proof| proof.suffices(LEVEL_MAX)));
}
