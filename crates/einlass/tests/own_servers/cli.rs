//! The commands that need no server, as an operator types them.

use std::path::{Path, PathBuf};

use serde_json::json;
use waiting_room::draw::{DrawKey, Lots, seed};

use crate::command::einlass;

fn speyer() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../deploy/campaigns/speyer-2021-06-20.toml")
}

#[test]
fn campaign_check_sums_up_or_names_every_mistake() {
    let folder = tempfile::tempdir().expect("folder");
    let path = speyer();
    let good = einlass(folder.path(), &["campaign", "check", path.to_str().expect("path")], &[]);
    assert_eq!(good.code, 0, "{}", good.err);
    assert!(good.out.contains("84 slots, 2500 places of 2500 in 4 tranches"), "{}", good.out);

    let text = std::fs::read_to_string(&path).expect("the campaign");
    let broken =
        text.replacen("places = 625", "places = -1", 1).replacen("\"67346\"", "\"6734\"", 1);
    assert_ne!(broken, text);
    std::fs::write(folder.path().join("broken.toml"), &broken).expect("written");
    let bad = einlass(folder.path(), &["campaign", "check", "broken.toml"], &[]);
    assert_eq!(bad.code, 1);
    for (needle, what) in [("places = -1", "tranches[0].places"), ("\"6734\"", "postcode")] {
        let line = 1 + broken[..broken.find(needle).expect("there")].matches('\n').count();
        let named = bad
            .err
            .lines()
            .any(|text| text.contains(&format!("line {line},")) && text.contains(what));
        assert!(named, "line {line}, {what}: {}", bad.err);
    }
}

#[test]
fn keys_are_made_once_and_never_overwritten() {
    let folder = tempfile::tempdir().expect("folder");
    let first = einlass(folder.path(), &["keys", "generate"], &[]);
    assert_eq!(first.code, 0, "{}", first.err);
    let made = std::fs::read_to_string(folder.path().join("keys/booking.toml")).expect("made");
    let second = einlass(folder.path(), &["keys", "generate"], &[]);
    assert_eq!(second.code, 1);
    assert!(second.err.contains("are not overwritten"), "{}", second.err);
    let kept = std::fs::read_to_string(folder.path().join("keys/booking.toml")).expect("kept");
    assert_eq!(kept, made);
    for secret in made.split('"').filter(|part| part.len() == 43) {
        assert!(!first.out.contains(secret) && !second.err.contains(secret));
    }
}

#[test]
fn each_campaign_has_its_own_credential_for_reports() {
    let folder = tempfile::tempdir().expect("folder");
    assert_eq!(einlass(folder.path(), &["keys", "generate"], &[]).code, 0);
    let signals = |campaign: &str| {
        let ran = einlass(folder.path(), &["keys", "signals", "--campaign", campaign], &[]);
        assert_eq!(ran.code, 0, "{}", ran.err);
        ran.out.trim().to_owned()
    };
    let speyer = signals("speyer-2021-06-20");
    assert_eq!(speyer.len(), 43);
    assert_eq!(signals("speyer-2021-06-20"), speyer);
    assert_ne!(signals("worms"), speyer);
    let wrong = einlass(folder.path(), &["keys", "signals", "--campaign", "No Name"], &[]);
    assert_ne!(wrong.code, 0);
}

#[test]
fn config_check_shows_origins_and_hides_passwords() {
    let folder = tempfile::tempdir().expect("folder");
    let url = "postgres://town:geheim@db/einlass?sslpassword=geheim";
    let text = format!("[booking]\nbatch_max = 32\ndatabase_url = \"{url}\"\n");
    std::fs::write(folder.path().join("town.toml"), text).expect("written");
    let arguments = ["--config", "town.toml", "config", "check"];
    let keyless = einlass(folder.path(), &arguments, &[]);
    assert_eq!(keyless.code, 1, "{}", keyless.out);
    let missing = "default: `booking.keys_file`: there is no file keys/booking.toml";
    assert!(keyless.err.contains(missing), "{}", keyless.err);
    assert_eq!(einlass(folder.path(), &["keys", "generate"], &[]).code, 0);
    let good = einlass(folder.path(), &arguments, &[("EINLASS__PASS__ISSUER", "town")]);
    assert_eq!(good.code, 0, "{}", good.err);
    for line in
        ["booking.batch_max = 32  # town.toml:2", "pass.issuer = \"town\"  # EINLASS__PASS__ISSUER"]
    {
        assert!(good.out.contains(line), "{}", good.out);
    }
    assert!(!good.out.contains("geheim"), "{}", good.out);
    let bad = einlass(folder.path(), &arguments, &[("EINLASS__BOOKING__BATCHES", "1")]);
    assert_eq!(bad.code, 1);
    assert!(bad.err.contains("EINLASS__BOOKING__BATCHES"), "{}", bad.err);
    let wrong = [("EINLASS__WAITING_ROOM__LISTEN", "localhost"), ("EINLASS__LOG__FILTER", "loud")];
    let bad = einlass(folder.path(), &arguments, &wrong[..1]);
    assert!(
        bad.err.contains("EINLASS__WAITING_ROOM__LISTEN: `waiting_room.listen`: "),
        "{}",
        bad.err
    );
    let bad = einlass(folder.path(), &arguments, &wrong[1..]);
    assert!(bad.err.contains("EINLASS__LOG__FILTER: `log.filter` "), "{}", bad.err);
}

#[test]
fn production_needs_keys_that_are_given() {
    let folder = tempfile::tempdir().expect("folder");
    let redis = [("EINLASS__WAITING_ROOM__STORE_URL", "redis://127.0.0.1:1/")];
    let refused = einlass(folder.path(), &["waiting-room"], &redis);
    assert_eq!(refused.code, 1);
    assert!(refused.err.contains("einlass keys generate"), "{}", refused.err);
}

#[test]
fn verify_draw_recomputes_or_objects() {
    let folder = tempfile::tempdir().expect("folder");
    let room = "town".parse().expect("name");
    let secret = DrawKey::new(&[4; 32]).secret(&room, 1, 0);
    let lots = Lots { first: 0, entries: 50, seed: seed(&room, 1, 0, 50, &secret, b"") };
    let status = |secret: &str| {
        json!({"room": "town", "incarnation": 1, "draws": [{
            "opening": 0, "commitment": DrawKey::new(&[4; 32]).secret(&room, 1, 0).commitment(),
            "first_entry": 0, "entries": 50, "secret": secret, "entropy": null, "seed": lots.seed,
        }]})
    };
    let write = |name: &str, secret: &str| {
        std::fs::write(folder.path().join(name), status(secret).to_string()).expect("written");
    };
    write("good.json", &secret.0.to_string());
    write("forged.json", &"ab".repeat(32));
    let subject = "07".repeat(16);
    let good = einlass(folder.path(), &["verify-draw", "good.json", "--subject", &subject], &[]);
    let place = lots.place(&[7; 16]);
    assert_eq!(good.code, 0, "{}", good.out);
    assert!(good.out.contains(&format!("place       {place} of")), "{}", good.out);
    let forged = einlass(folder.path(), &["verify-draw", "forged.json"], &[]);
    assert_eq!(forged.code, 1);
    assert!(forged.out.contains("DOES NOT FIT"), "{}", forged.out);
}
