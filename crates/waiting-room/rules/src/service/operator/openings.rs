//! Openings that the operator moves, opens at once, or holds back.

use std::collections::BTreeMap;
use std::time::Duration;

use kernel::Timestamp;

use super::Shown;
use crate::live::{LiveMistake, OpeningLever};
use crate::memory::Memory;
use crate::settings::RoomSettings;

/// An opening is moved to no instant that is nearer: the change has to be everywhere before.
const LEAD: Duration = Duration::from_secs(1);

/// What becomes of an opening.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OpeningChange {
    /// It opens at once.
    Now,
    /// It opens at this instant.
    At(Timestamp),
    /// It does not open until it is released.
    Held,
    /// It opens when the settings say, or at once where that was earlier. One that is held back although its draw was
    /// held, as may be after a loss, is released to when that was.
    Planned,
}

/// The levers of the openings after these changes, which are made for what was `shown`; or everything that is
/// wrong with them.
pub(super) fn moved(
    shown: &Shown,
    changes: &BTreeMap<u16, OpeningChange>,
) -> Result<BTreeMap<u16, OpeningLever>, Vec<LiveMistake>> {
    let mut levers = shown.reading.state.memory.live.openings.clone();
    let mut mistakes = Vec::new();
    for (number, change) in changes {
        match lever(shown, *number, *change) {
            Ok(Some(lever)) => {
                levers.insert(*number, lever);
            }
            Ok(None) => {
                levers.remove(number);
            }
            Err(mistake) => mistakes.push(mistake),
        }
    }
    if mistakes.is_empty() {
        let memory = &shown.reading.state.memory;
        mistakes = out_of_order(&shown.settings, &levers, &to_come(memory, changes));
    }
    if mistakes.is_empty() { Ok(levers) } else { Err(mistakes) }
}

/// The boundary that ends the gathering of an opening.
const fn draw_of(number: u16) -> u16 {
    2 * number + 1
}

/// The changes that move an opening, and do not only release one whose draw was held.
fn to_come(
    memory: &Memory,
    changes: &BTreeMap<u16, OpeningChange>,
) -> BTreeMap<u16, OpeningChange> {
    let is_to_come = |number: &u16| !memory.frozen.contains_key(&draw_of(*number));
    let changes = changes.iter().filter(|(number, _)| is_to_come(number));
    changes.map(|(number, change)| (*number, *change)).collect()
}

/// The lever that an opening gets; `None` for none.
fn lever(
    shown: &Shown,
    number: u16,
    change: OpeningChange,
) -> Result<Option<OpeningLever>, LiveMistake> {
    let opening = shown.settings.openings.get(usize::from(number));
    let opening = opening.ok_or(LiveMistake::NoSuchOpening(number))?;
    let memory = &shown.reading.state.memory;
    if let Some(draw) = memory.frozen.get(&draw_of(number)) {
        let is_held = memory.live.openings.get(&number) == Some(&OpeningLever::Held);
        let is_release = matches!(change, OpeningChange::Planned | OpeningChange::Now);
        // To when it was, so that everybody who was in the draw stays in it.
        let released = (is_held && is_release).then_some(OpeningLever::At(draw.at));
        return released.map(Some).ok_or(LiveMistake::OpeningIsOver(number));
    }
    let soon = shown.reading.now.plus(LEAD);
    let lever = match change {
        OpeningChange::Held => Some(OpeningLever::Held),
        OpeningChange::Planned if opening.opens_at > soon => None,
        OpeningChange::Planned | OpeningChange::Now => Some(OpeningLever::At(soon)),
        OpeningChange::At(at) if at < soon => return Err(LiveMistake::OpeningInThePast(number)),
        OpeningChange::At(at) => Some(OpeningLever::At(at)),
    };
    let is_too_late = matches!(lever, Some(OpeningLever::At(at)) if at >= shown.settings.closes_at);
    if is_too_late { Err(LiveMistake::OpeningAfterTheEnd(number)) } else { Ok(lever) }
}

/// Those of the changes that would leave openings in another order.
fn out_of_order(
    settings: &RoomSettings,
    levers: &BTreeMap<u16, OpeningLever>,
    changes: &BTreeMap<u16, OpeningChange>,
) -> Vec<LiveMistake> {
    let known = (0_u16..).zip(&settings.openings).filter_map(|(number, opening)| {
        let at = match levers.get(&number) {
            Some(OpeningLever::Held) => return None,
            Some(OpeningLever::At(at)) => *at,
            None => opening.opens_at,
        };
        Some((number, at))
    });
    let known: Vec<(u16, Timestamp)> = known.collect();
    let is_changed =
        |pair: &&[(u16, Timestamp)]| pair.iter().any(|(number, _)| changes.contains_key(number));
    let wrong = known.windows(2).filter(|pair| pair[0].1 >= pair[1].1).filter(is_changed);
    wrong
        .map(|pair| {
            let is_second = changes.contains_key(&pair[1].0);
            LiveMistake::OpeningOutOfOrder(if is_second { pair[1].0 } else { pair[0].0 })
        })
        .collect()
}

/// The first instant at which an opening shall be that the changes move.
pub(super) fn first_moved(
    memory: &Memory,
    levers: &BTreeMap<u16, OpeningLever>,
    changes: &BTreeMap<u16, OpeningChange>,
) -> Option<Timestamp> {
    let changes = to_come(memory, changes);
    let moved = changes.keys().filter_map(|number| match levers.get(number) {
        Some(OpeningLever::At(at)) => Some(*at),
        Some(OpeningLever::Held) | None => None,
    });
    moved.min()
}
