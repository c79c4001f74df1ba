//! The verifiers of `docs/examples/verify-pass`, each in its own language, agree with ours about passes that
//! are right and about passes that are wrong in one way each.

mod cases;
mod document;
mod programs;

use std::sync::Arc;

use arc_swap::ArcSwap;
use pass::{KeySet, PassError, PassVerifier};

use crate::cases::{AUDIENCE, Case, ISSUER, all, key_set};
use crate::programs::{go, java, node, php, python, run};

/// What a verifier says of a token.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Verdict {
    /// It is a pass of this id, for so many persons.
    Accepted(String, u8),
    /// Its key is in none of the sets that were read: time to read them again.
    UnknownKey,
    Refused,
}

impl Verdict {
    /// The line in which the drivers print it.
    fn line(&self) -> String {
        match self {
            Self::Accepted(id, seats) => format!("accepted {id} {seats}"),
            Self::UnknownKey => "unknown key".to_owned(),
            Self::Refused => "refused".to_owned(),
        }
    }
}

/// The cases themselves are right: this is what the booking API says of them.
#[test]
fn ours() {
    let keys = KeySet::from_jwks(&key_set().to_string()).expect("a key set");
    let verifier = PassVerifier::new(ISSUER, Arc::new(ArcSwap::from_pointee(keys)));
    let campaign = AUDIENCE.parse().expect("a campaign");
    assert_agrees(&all(), |case| {
        let now = kernel::Timestamp::from_unix_s(case.now_s);
        let verdict = match verifier.verify(&case.token, &campaign, now) {
            Ok(claims) => Verdict::Accepted(claims.pass_id.to_string(), claims.seats),
            Err(PassError::UnknownKey { .. }) => Verdict::UnknownKey,
            Err(_) => Verdict::Refused,
        };
        verdict.line()
    });
}

#[test]
fn in_node() {
    assert_program_agrees(&mut node());
}

#[test]
fn in_python() {
    assert_program_agrees(&mut python());
}

#[test]
fn in_go() {
    assert_program_agrees(&mut go());
}

#[test]
fn in_java() {
    assert_program_agrees(&mut java());
}

#[test]
fn in_php() {
    assert_program_agrees(&mut php());
}

/// Gives the program all cases at once, as starting it takes longer than all of them.
#[track_caller]
fn assert_program_agrees(program: &mut std::process::Command) {
    let cases = all();
    let lines: String = cases
        .iter()
        .map(|case| [&case.now_s.to_string(), " ", &case.token, "\n"].concat())
        .collect();
    let input = format!("{}\n{ISSUER}\n{AUDIENCE}\n{lines}", key_set());
    let output = run(program, &input);
    let mut verdicts = output.lines();
    assert_agrees(&cases, |_| verdicts.next().unwrap_or("no verdict").to_owned());
    assert_eq!(verdicts.next(), None, "more verdicts than cases");
}

#[track_caller]
fn assert_agrees(cases: &[Case], mut verdict: impl FnMut(&Case) -> String) {
    let mut wrong = Vec::new();
    for case in cases {
        let (expected, found) = (case.verdict.line(), verdict(case));
        if found != expected {
            wrong.push(format!("{}: {found}, not {expected}", case.name));
        }
    }
    assert!(wrong.is_empty(), "\n{}\n", wrong.join("\n"));
}
