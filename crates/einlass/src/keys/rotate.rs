//! `einlass keys rotate`: one step in the life of the keys of a file. Everything else in it stays as it is written.

use std::fs::File;
use std::path::Path;
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use kernel::timestamp::InvalidTimestamp;
use kernel::{Entropy, Timestamp, private_file};
use pass::SigningKey;
use toml_edit::{ArrayOfTables, DocumentMut, Item, Table, value};
use zeroize::Zeroizing;

use super::state::{KeyState, Plan, Standing, Step, Waits, plan};
use super::{KeysError, StaffKeyFile, TOKEN_HOURS_MAX, WaitingRoomKeys, read};

pub(super) const ABOUT_PASS_KEYS: &str = "# Sign passes: the one whose state is \"current\", or the first where none has a state. All are published.\n\
     # `einlass keys rotate` brings in a new one.\n";
pub(super) const ABOUT_TICKET_KEYS: &str =
    "# Sign tickets, likewise. All are accepted: without its key a ticket is worth nothing.\n";
pub(super) const ABOUT_STAFF_KEYS: &str = "# `einlass keys rotate --staff` brings in a new one.\n";

/// A key is known to everybody who verifies before it signs: what proxies keep of the key set, the time between two readings
/// of it, and some minutes for the file to reach every instance.
const KNOWN_FOR: Duration = Duration::from_secs(waiting_room_http::KEY_SET_MAX_AGE_S as u64 + 300);
/// The longest life of a pass that a campaign file can ask for, and an hour for clocks and instances that lag behind.
const PASS_KEY_KEPT_FOR: Duration = Duration::from_hours(25);

/// The keys that rotate.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// They sign passes.
    Pass,
    /// They sign tickets.
    Ticket,
    /// They sign tokens of staff.
    Staff,
}

impl Kind {
    const fn table(self) -> &'static str {
        match self {
            Self::Pass => "pass",
            Self::Ticket => "ticket",
            Self::Staff => "staff",
        }
    }

    const fn about(self) -> &'static str {
        match self {
            Self::Pass => ABOUT_PASS_KEYS,
            Self::Ticket => ABOUT_TICKET_KEYS,
            Self::Staff => ABOUT_STAFF_KEYS,
        }
    }

    fn waits(self) -> Waits {
        let kept_for = match self {
            Self::Pass => Some(PASS_KEY_KEPT_FOR),
            // A ticket is worth a place for as long as its campaign runs, and no key knows for how long that is.
            Self::Ticket => None,
            Self::Staff => Some(Duration::from_hours(TOKEN_HOURS_MAX + 1)),
        };
        Waits { known_for: KNOWN_FOR, kept_for }
    }

    /// The entry of a new key besides those that are known.
    fn generate(
        self,
        (known, current): (&ArrayOfTables, usize),
        entropy: &dyn Entropy,
    ) -> Result<Table, String> {
        let mut entry = Table::new();
        match self {
            Self::Pass | Self::Staff => {
                entry["private_key"] = value(SigningKey::generate(entropy).to_pkcs8_pem().as_str());
            }
            Self::Ticket => {
                let id = new_ticket_key_id(known, current)?;
                let key = Zeroizing::new(entropy.bytes::<32>());
                entry["id"] = value(i64::from(id));
                entry["key"] = value(URL_SAFE_NO_PAD.encode(key.as_slice()));
            }
        }
        Ok(entry)
    }

    /// What the key of an entry is called, for people.
    fn name(self, entry: &Table) -> String {
        let id = match self {
            Self::Pass | Self::Staff => {
                let pem = entry.get("private_key").and_then(Item::as_str).unwrap_or_default();
                SigningKey::from_pkcs8_pem(pem).map(|key| key.kid().to_owned()).unwrap_or_default()
            }
            Self::Ticket => id_of_ticket_key(entry).unwrap_or_default().to_string(),
        };
        format!("{} key {id}", self.table())
    }
}

/// The id after that of the current key, the newest, past those in use. One that was dropped comes late: its tickets are still
/// about, and an instance that has not read the file since has its old key under that id.
fn new_ticket_key_id(known: &ArrayOfTables, current: usize) -> Result<u8, String> {
    let ids: Vec<u8> = known.iter().filter_map(id_of_ticket_key).collect();
    let newest = known.get(current).and_then(id_of_ticket_key).unwrap_or_default();
    let later = (newest..=u8::MAX).skip(1).chain(1..=newest);
    let mut free = later.filter(|id| !ids.contains(id));
    free.next().ok_or_else(|| "every id from 1 to 255 is in use: drop retired keys".to_owned())
}

fn id_of_ticket_key(entry: &Table) -> Option<u8> {
    entry.get("id").and_then(Item::as_integer).and_then(|id| u8::try_from(id).ok())
}

/// Takes the step that is due for keys of these kinds in the file of the waiting room, in one change of the file. Returns
/// what there is to say about it.
pub fn rotate(
    path: &Path,
    kinds: &[Kind],
    now: Timestamp,
    entropy: &dyn Entropy,
) -> Result<Vec<String>, KeysError> {
    change(path, |text| {
        check(text, path)?;
        let (mut text, mut said) = (text.to_owned(), Vec::new());
        for kind in kinds {
            text = step(&text, *kind, (now, entropy), &mut said).map_err(refuse(path))?;
        }
        check(&text, path)?;
        Ok((text, said))
    })
}

/// The same for the keys that sign tokens of staff; `jwks` is the file of their public halves.
pub fn rotate_staff(
    path: &Path,
    jwks: &Path,
    now: Timestamp,
    entropy: &dyn Entropy,
) -> Result<Vec<String>, KeysError> {
    change(path, |text| {
        StaffKeyFile::parse(text, path)?;
        let mut said = Vec::new();
        let text = step(text, Kind::Staff, (now, entropy), &mut said).map_err(refuse(path))?;
        let public = StaffKeyFile::parse(&text, path)?.jwks();
        // Before the file of the keys: what is published without a key that signs does no harm.
        private_file::replace(jwks, &public)
            .map_err(|source| KeysError::Io { path: jwks.to_owned(), source })?;
        Ok((text, said))
    })
}

/// Drops a retired ticket key for good: whoever still has a ticket that it has signed loses the place.
pub fn drop_ticket_key(path: &Path, id: u8) -> Result<Vec<String>, KeysError> {
    change(path, |text| {
        check(text, path)?;
        let text = without_ticket_key(text, id).map_err(refuse(path))?;
        check(&text, path)?;
        Ok((
            text,
            vec![format!("ticket key {id} is dropped, and its tickets are worth nothing any more")],
        ))
    })
}

fn refuse(path: &Path) -> impl Fn(String) -> KeysError {
    let path = path.to_owned();
    move |reason| KeysError::Invalid { path: path.clone(), reason }
}

fn check(text: &str, path: &Path) -> Result<(), KeysError> {
    WaitingRoomKeys::parse(text, path).map(|_| ())
}

/// Replaces the file at `path` by what `how` makes of its text; nobody else changes it meanwhile.
fn change(
    path: &Path,
    how: impl FnOnce(&str) -> Result<(String, Vec<String>), KeysError>,
) -> Result<Vec<String>, KeysError> {
    let failed = |source| KeysError::Io { path: path.to_owned(), source };
    let file = path.canonicalize().map_err(failed)?;
    let folder = File::open(file.parent().unwrap_or(&file)).map_err(failed)?;
    folder.lock().map_err(failed)?;
    let before = read(path)?;
    let (text, said) = how(&before)?;
    let text = Zeroizing::new(text);
    if *text != *before {
        private_file::replace(path, &text).map_err(failed)?;
    }
    Ok(said)
}

/// The text after the step that is due for the keys of one kind.
fn step(
    text: &str,
    kind: Kind,
    (now, entropy): (Timestamp, &dyn Entropy),
    said: &mut Vec<String>,
) -> Result<String, String> {
    let mut document = parse(text)?;
    let keys = keys(&mut document, kind)?;
    let standings = keys.iter().map(standing).collect::<Result<Vec<_>, _>>()?;
    let Plan { dropped, step } = plan(&standings, now, kind.waits())
        .map_err(|why| format!("[[{}]]: {why}", kind.table()))?;
    let name = |keys: &ArrayOfTables, number| {
        keys.get(number).map(|entry| kind.name(entry)).unwrap_or_default()
    };
    match step {
        Step::Add { current } => {
            if standings[current].state.is_none() {
                put(keys, current, KeyState::Current, now);
            }
            let new = kind.generate((keys, current), entropy)?;
            keys.push(new);
            let new = keys.len() - 1;
            put(keys, new, KeyState::Next, now);
            said.push(format!(
                "{} is the next one: when every instance has this file, and not before {}, run this again, and it signs",
                name(keys, new),
                now.plus(KNOWN_FOR)
            ));
        }
        Step::Promote { next, current } => {
            put(keys, next, KeyState::Current, now);
            put(keys, current, KeyState::Retired, now);
            let (new, old) = (name(keys, next), name(keys, current));
            said.push(format!("{new} signs from now on; {old} {}", retired(kind, now)));
        }
        Step::Wait { until } => {
            let next = standings.iter().position(|key| key.state == Some(KeyState::Next));
            let next = next.map(|number| name(keys, number)).unwrap_or_default();
            said.push(format!("{next} stays the next one until {until}: run this again then"));
        }
    }
    for number in dropped.into_iter().rev() {
        said.push(format!("{} is dropped: what it has signed has expired", name(keys, number)));
        remove(keys, number);
    }
    comment(keys, kind.about());
    Ok(document.to_string())
}

fn retired(kind: Kind, now: Timestamp) -> String {
    match kind.waits().kept_for {
        Some(kept_for) => {
            format!(
                "verifies until {}, and is dropped by the next rotation after that",
                now.plus(kept_for)
            )
        }
        None => "is retired, and its tickets stay good until it is dropped by --drop-ticket-key"
            .to_owned(),
    }
}

fn without_ticket_key(text: &str, id: u8) -> Result<String, String> {
    let mut document = parse(text)?;
    let keys = keys(&mut document, Kind::Ticket)?;
    let number = keys.iter().position(|entry| id_of_ticket_key(entry) == Some(id));
    let number = number.ok_or_else(|| format!("there is no ticket key {id}"))?;
    let known = keys.get(number).map(standing).transpose()?.unwrap_or_default();
    if known.state != Some(KeyState::Retired) {
        return Err(format!("ticket key {id} is not retired"));
    }
    remove(keys, number);
    comment(keys, Kind::Ticket.about());
    Ok(document.to_string())
}

/// Says what is wrong without the excerpt that the parser would add: it would show a secret.
fn parse(text: &str) -> Result<DocumentMut, String> {
    text.parse().map_err(|error: toml_edit::TomlError| error.message().to_owned())
}

fn keys(document: &mut DocumentMut, kind: Kind) -> Result<&mut ArrayOfTables, String> {
    let table = kind.table();
    let keys = document.get_mut(table).and_then(Item::as_array_of_tables_mut);
    keys.ok_or_else(|| format!("write the keys as tables [[{table}]], so that they can be changed"))
}

fn standing(entry: &Table) -> Result<Standing, String> {
    let text = |name| entry.get(name).and_then(Item::as_str);
    let state = |name| KeyState::ALL.into_iter().find(|state| state.name() == name);
    let since = text("since").map(str::parse).transpose();
    let since = since.map_err(|error: InvalidTimestamp| error.to_string())?;
    Ok(Standing { state: text("state").and_then(state), since })
}

fn put(keys: &mut ArrayOfTables, number: usize, state: KeyState, since: Timestamp) {
    if let Some(entry) = keys.get_mut(number) {
        entry["state"] = value(state.name());
        entry["since"] = value(since.to_string());
    }
}

/// Takes an entry away; what is written before the first one stays.
fn remove(keys: &mut ArrayOfTables, number: usize) {
    let before = keys.get(0).and_then(|entry| entry.decor().prefix()).cloned();
    keys.remove(number);
    if let (Some(first), Some(before)) = (keys.get_mut(0), before) {
        first.decor_mut().set_prefix(before);
    }
}

/// Writes what the keys are above the first one, in the place of the last paragraph that stood there.
fn comment(keys: &mut ArrayOfTables, about: &str) {
    for (number, entry) in keys.iter_mut().enumerate() {
        let before = entry.decor().prefix().and_then(|before| before.as_str()).unwrap_or_default();
        let head = before.rfind("\n\n").map_or("", |end| &before[..end + 2]);
        let text = if number == 0 { format!("{head}{about}") } else { "\n".to_owned() };
        entry.decor_mut().set_prefix(text);
    }
}

#[cfg(test)]
mod tests;
