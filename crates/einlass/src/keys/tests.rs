use kernel::SeededEntropy;

use super::*;

#[test]
fn new_keys_read_back_and_fit_together() {
    let folder = tempfile::tempdir().expect("folder");
    let (room, booking) = (folder.path().join("k/room.toml"), folder.path().join("k/booking.toml"));
    let keys = NewKeys::generate(&SeededEntropy::new(1));
    keys.write(&room, &booking).expect("written");
    let (room_keys, booking_keys) =
        (WaitingRoomKeys::read(&room).expect("valid"), BookingKeys::read(&booking).expect("valid"));
    let campaign: CampaignId = "speyer".parse().expect("a name");
    let reported = booking_keys.signals.derive(&campaign);
    assert!(room_keys.signals.accepts(&campaign, &reported));
    let subject = |key: &IdentityKey| key.email(&campaign, "anna@example.org");
    assert_eq!(
        room_keys.identity.as_ref().map(subject),
        booking_keys.secrets.identity().map(subject)
    );
    assert!(room_keys.identity.is_some());
    assert_eq!(room_keys.public_keys.len(), 1);
    assert!(matches!(keys.write(&room, &booking), Err(KeysError::Exists(_))));
    let mode =
        std::os::unix::fs::PermissionsExt::mode(&fs::metadata(&room).expect("file").permissions());
    assert_eq!(mode & 0o777, 0o600);
    let readable = std::os::unix::fs::PermissionsExt::from_mode(0o640);
    fs::set_permissions(&room, readable).expect("changed");
    let refused = WaitingRoomKeys::read(&room).err().expect("refused").to_string();
    assert!(refused.contains("chmod 600") && refused.contains("room.toml"), "{refused}");
}

#[test]
fn a_spoiled_key_file_is_refused_without_showing_it() {
    let keys = NewKeys::generate(&SeededEntropy::new(1));
    let path = Path::new("room.toml");
    let secret = URL_SAFE_NO_PAD.encode([7; 31]);
    let short = format!(
        "[person]\nkey = \"{secret}\"\n[manage]\nkey = \"x\"\n[signals]\ncredential = \"y\"\n"
    );
    let error = BookingKeys::parse(&short, path).err().expect("refused").to_string();
    assert!(error.contains("32 bytes") && !error.contains(&secret), "{error}");
    let unknown = format!("{}extra = 1\n", *keys.waiting_room);
    let error = WaitingRoomKeys::parse(&unknown, path).err().expect("refused").to_string();
    assert!(error.contains("extra"), "{error}");
    assert!(WaitingRoomKeys::parse("", path).is_err());
    let guessable = keys.booking.replace("credential = \"", "credential = \"x\"\n# \"");
    let error = BookingKeys::parse(&guessable, path).err().expect("refused").to_string();
    assert!(error.contains("guessed"), "{error}");
}

/// A duplicate used to replace the earlier key without a word, and every ticket got a 401.
#[test]
fn a_key_id_that_is_given_twice_is_refused() {
    let path = Path::new("room.toml");
    let keys = NewKeys::generate(&SeededEntropy::new(1)).waiting_room;
    let key = URL_SAFE_NO_PAD.encode([7; 32]);
    let ticket = |id: u8| format!("{}\n[[ticket]]\nid = {id}\nkey = \"{key}\"\n", *keys);
    let start = keys.find("[[pass]]").expect("there");
    let pass = &keys[start..keys.find("# Sign tickets").expect("there")];
    for (text, named) in [
        (ticket(1), "[[ticket]]: the id 1 is given twice"),
        (format!("{}\n{pass}", *keys), "[[pass]]: the key id"),
    ] {
        let error = WaitingRoomKeys::parse(&text, path).err().expect("refused").to_string();
        assert!(error.contains(named), "{error}");
    }
    assert!(WaitingRoomKeys::parse(&ticket(2), path).is_ok());
}

#[test]
fn a_campaign_that_asks_for_identity_needs_the_key() {
    let path = Path::new("booking.toml");
    let keys = NewKeys::generate(&SeededEntropy::new(1)).booking;
    let start = keys.find("[identity]").expect("there");
    let old = format!("{}{}", &keys[..start], &keys[keys.find("[signals]").expect("there")..]);
    let campaign: CampaignId = "speyer".parse().expect("a name");
    let require = |text: &str, kind| {
        let keys = BookingKeys::parse(text, path).expect("an old file is still valid");
        require_identity(keys.secrets.identity(), path, [(&campaign, kind)])
    };
    assert!(require(&old, IdentityKind::None).is_ok());
    for kind in [IdentityKind::Person, IdentityKind::Email] {
        assert!(require(&keys, kind).is_ok());
        let error = require(&old, kind).expect_err("refused").to_string();
        assert!(error.contains("booking.toml has no [identity] key, and the campaign speyer"));
    }
}
