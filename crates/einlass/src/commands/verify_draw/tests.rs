use clap::Parser;
use serde_json::{Value, json};
use waiting_room::draw::{DrawKey, Lots, Secret, seed};

use super::*;

/// The command as somebody types it.
#[derive(Parser)]
struct Typed {
    #[command(flatten)]
    command: VerifyDraw,
}

struct Ran {
    code: anyhow::Result<u8>,
    text: String,
}

/// Runs the command on a file with this content.
async fn run(content: &str, options: &[&str]) -> Ran {
    let folder = tempfile::tempdir().expect("folder");
    let file = folder.path().join("status.json");
    std::fs::write(&file, content).expect("written");
    let mut typed = vec!["verify-draw", file.to_str().expect("path")];
    typed.extend(options);
    let command = Typed::try_parse_from(&typed).expect("options").command;
    let text = serde_json::from_str::<PublishedRoom>(content)
        .ok()
        .and_then(|room| {
            let checked = room.check(command.opening, command.commitment).ok()?;
            command.report(&room, &checked).ok()
        })
        .unwrap_or_default();
    Ran { code: command.run().await, text }
}

async fn refusal(content: &str, options: &[&str]) -> String {
    format!("{:#}", run(content, options).await.code.expect_err("refused"))
}

fn secret() -> Secret {
    DrawKey::new(&[4; 32]).secret(&"town".parse().expect("slug"), 2, 0)
}

fn lots() -> Lots {
    let room = "town".parse().expect("slug");
    Lots { first: 200, entries: 50, seed: seed(&room, 2, 0, 50, &secret(), b"") }
}

fn status(change: impl FnOnce(&mut Value)) -> String {
    let mut draw = json!({
        "opening": 0, "commitment": secret().commitment(), "frozen_at": "2021-06-14T06:00:00Z",
        "first_entry": 200, "entries": 50, "secret": secret(), "entropy": null, "seed": lots().seed,
    });
    change(&mut draw);
    json!({"room": "town", "incarnation": 2, "phase": "open", "draws": [draw]}).to_string()
}

const SUBJECT: &str = "000102030405060708090A0b0c0d0e0f";

#[tokio::test]
async fn shows_the_lot_and_the_place_of_a_subject() {
    let noted = secret().commitment().to_string();
    let good = run(&status(|_| ()), &["--subject", SUBJECT, "--commitment", &noted]).await;
    assert_eq!(good.code.expect("verified"), 0);
    let bytes = subject(SUBJECT).expect("a subject");
    assert_eq!((bytes[0], bytes[15]), (0, 15));
    let place = lots().place(&bytes);
    for line in [
        "room        town, incarnation 2, opening 0".to_owned(),
        format!("noted       {noted}  fits"),
        format!("commitment  {noted}  fits"),
        format!("seed        {}  fits", lots().seed),
        "entries     50  fits".to_owned(),
        format!("lot         {}", lot(&lots().seed, &bytes)),
        format!("place       {place} of the places 200 to 249"),
        "everything that is published fits together".to_owned(),
    ] {
        assert!(good.text.lines().any(|found| found == line), "{line}: {}", good.text);
    }
}

#[tokio::test]
async fn says_what_does_not_fit() {
    let forged = run(&status(|draw| draw["secret"] = "ab".repeat(32).into()), &[]).await;
    assert_eq!(forged.code.expect("verified"), 1);
    assert!(forged.text.contains("DOES NOT FIT: the revealed secret"), "{}", forged.text);
    assert!(forged.text.contains("DOES NOT FIT: the published seed"), "{}", forged.text);
    let other = run(&status(|_| ()), &["--commitment", &"cd".repeat(32)]).await;
    assert_eq!(other.code.expect("verified"), 1);
    assert!(other.text.contains("DOES NOT FIT: the published commitment"), "{}", other.text);
    assert!(!other.text.contains("everything"), "{}", other.text);
}

#[tokio::test]
async fn a_draw_that_was_not_held_binds_by_its_commitment() {
    let ahead = |draw: &mut Value| {
        draw.as_object_mut()
            .expect("object")
            .retain(|name, _| ["opening", "commitment"].contains(&&**name));
    };
    let noted = secret().commitment().to_string();
    let same = run(&status(ahead), &["--commitment", &noted, "--subject", SUBJECT]).await;
    assert_eq!(same.code.expect("verified"), 0);
    assert!(same.text.contains("not held yet"), "{}", same.text);
    let other = run(&status(ahead), &["--commitment", &"cd".repeat(32)]).await;
    assert_eq!(other.code.expect("verified"), 1);
}

#[tokio::test]
async fn wrong_documents_are_refused_with_the_reason() {
    for (content, reason) in [
        ("<html>", "is not the public status of a room"),
        ("[]", "is not the public status of a room"),
        (r#"{"room": "town", "draws": []}"#, "missing field `incarnation`"),
        (r#"{"room": "town", "incarnation": 1, "draws": []}"#, "no opening 0"),
        (&status(|draw| draw["secret"] = json!("12")), "64 hexadecimal digits"),
        (&status(|draw| draw["entropy"] = json!("zz")), "hexadecimal digits of its UTF-8"),
        (&status(|draw| draw["seed"] = json!("+1".repeat(32))), "64 hexadecimal digits"),
        (&status(|draw| draw["entries"] = Value::Null), "without `entries`"),
    ] {
        let refused = refusal(content, &[]).await;
        assert!(refused.contains(reason), "{reason}: {refused}");
    }
    let lane = refusal(&status(|_| ()), &["--subject", SUBJECT, "--lane", "hotline"]).await;
    assert!(lane.contains("no lane hotline; it has public"), "{lane}");
    let missing = Typed::try_parse_from(["verify-draw", "/nowhere/status.json"]).expect("options");
    let missing = missing.command.run().await.expect_err("no file");
    assert!(format!("{missing:#}").contains("failed to read /nowhere/status.json"), "{missing:#}");
}

#[test]
fn wrong_options_are_refused() {
    for options in [["--subject", "12"], ["--subject", "zz"], ["--commitment", "12"]] {
        let typed = ["verify-draw", "status.json"].iter().chain(&options);
        assert!(Typed::try_parse_from(typed).is_err(), "{options:?}");
    }
}
