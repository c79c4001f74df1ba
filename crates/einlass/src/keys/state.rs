//! The states of a key, and the step that a rotation takes next. Pure.

use std::time::Duration;

use kernel::Timestamp;
use serde::Deserialize;

/// What a key is used for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum KeyState {
    /// It is published, or accepted, and does not sign yet.
    Next,
    /// It signs.
    Current,
    /// It does not sign any more; what it has signed is good.
    Retired,
}

impl KeyState {
    /// Every state, in the order of a key's life.
    pub const ALL: [Self; 3] = [Self::Next, Self::Current, Self::Retired];

    /// The word in key files and metrics.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Next => "next",
            Self::Current => "current",
            Self::Retired => "retired",
        }
    }
}

/// What a key file says of one key. In a file that says nothing the first key signs.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Standing {
    pub state: Option<KeyState>,
    /// When it got into this state.
    pub since: Option<Timestamp>,
}

/// How long a rotation waits.
#[derive(Clone, Copy, Debug)]
pub(super) struct Waits {
    /// From the day on which a key is known until it signs: everybody who verifies must have it.
    pub known_for: Duration,
    /// From its last signature until it is dropped; `None` if it is never dropped without being told.
    pub kept_for: Option<Duration>,
}

/// What a rotation does with the keys of one kind; numbers are those of the list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Plan {
    /// What they have signed has expired.
    pub dropped: Vec<usize>,
    pub step: Step,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Step {
    /// A new key becomes the next one.
    Add { current: usize },
    /// The next key signs from now on, and the current one is retired.
    Promote { next: usize, current: usize },
    /// The next key is not known for long enough.
    Wait { until: Timestamp },
}

/// The states of the keys of one kind.
pub(super) fn states(keys: &[Standing]) -> Result<Vec<KeyState>, String> {
    if keys.iter().all(|key| key.state.is_none()) {
        let state = |number| if number == 0 { KeyState::Current } else { KeyState::Retired };
        return Ok((0..keys.len()).map(state).collect());
    }
    let states: Option<Vec<KeyState>> = keys.iter().map(|key| key.state).collect();
    let states = states.ok_or("give all of its keys a `state`, or none of them")?;
    let count = |state| states.iter().filter(|known| **known == state).count();
    if count(KeyState::Current) != 1 {
        return Err("exactly one key must have `state = \"current\"`: it signs".into());
    }
    if count(KeyState::Next) > 1 {
        return Err("only one key may have `state = \"next\"`".into());
    }
    Ok(states)
}

/// The one step that is due at `now`.
pub(super) fn plan(keys: &[Standing], now: Timestamp, waits: Waits) -> Result<Plan, String> {
    if keys.len() > 1 && keys.iter().all(|key| key.state.is_none()) {
        return Err("there are several keys, and none has a `state`: write \"next\", \"current\" or \
                    \"retired\" for each, and since when (`since`), so that none is dropped too early"
            .into());
    }
    let states = states(keys)?;
    let find = |state| states.iter().position(|known| *known == state);
    let since = |number: usize| {
        keys[number].since.ok_or_else(|| {
            format!("the {} key does not say `since` when it is that", states[number].name())
        })
    };
    let mut dropped = Vec::new();
    for number in (0..keys.len()).filter(|number| states[*number] == KeyState::Retired) {
        if let Some(kept_for) = waits.kept_for
            && since(number)?.plus(kept_for) <= now
        {
            dropped.push(number);
        }
    }
    let current = find(KeyState::Current).ok_or("there is no key")?;
    let step = match find(KeyState::Next) {
        None => Step::Add { current },
        Some(next) => {
            let until = since(next)?.plus(waits.known_for);
            if until <= now { Step::Promote { next, current } } else { Step::Wait { until } }
        }
    };
    Ok(Plan { dropped, step })
}

#[cfg(test)]
mod tests {
    use super::*;

    const WAITS: Waits =
        Waits { known_for: Duration::from_mins(10), kept_for: Some(Duration::from_hours(25)) };

    fn at(s: i64) -> Timestamp {
        Timestamp::from_unix_s(s)
    }

    fn key(state: KeyState, since_s: i64) -> Standing {
        Standing { state: Some(state), since: Some(at(since_s)) }
    }

    #[test]
    fn a_key_is_known_before_it_signs_and_kept_afterwards() {
        let current = key(KeyState::Current, 0);
        let step = |keys: &[Standing], s| plan(keys, at(s), WAITS).expect("a plan");
        let add = Plan { dropped: vec![], step: Step::Add { current: 0 } };
        assert_eq!(step(&[Standing::default()], 0), add, "a file from before there were states");
        assert_eq!(step(&[current], 0), add);
        let with_next = [current, key(KeyState::Next, 1_000)];
        let wait = Step::Wait { until: at(1_600) };
        assert_eq!(step(&with_next, 1_599), Plan { dropped: vec![], step: wait });
        let promote = Step::Promote { next: 1, current: 0 };
        assert_eq!(step(&with_next, 1_600), Plan { dropped: vec![], step: promote });
        let with_retired = [key(KeyState::Retired, 1_600), key(KeyState::Current, 1_600)];
        let add = Step::Add { current: 1 };
        assert_eq!(step(&with_retired, 91_599), Plan { dropped: vec![], step: add });
        assert_eq!(step(&with_retired, 91_600), Plan { dropped: vec![0], step: add });
        let for_ever = Waits { kept_for: None, ..WAITS };
        let kept = plan(&with_retired, at(i64::MAX / 1_000), for_ever).expect("a plan");
        assert_eq!(kept, Plan { dropped: vec![], step: add });
    }

    #[test]
    fn what_is_not_clear_is_refused() {
        let (next, current) = (key(KeyState::Next, 0), key(KeyState::Current, 0));
        let retired = Standing { since: None, ..key(KeyState::Retired, 0) };
        let refused = |keys: &[Standing]| plan(keys, at(0), WAITS).expect_err("refused");
        for (keys, why) in [
            (&[Standing::default(), Standing::default()][..], "none has a `state`"),
            (&[current, Standing::default()], "all of its keys"),
            (&[current, current], "exactly one"),
            (&[next], "exactly one"),
            (&[current, next, next], "only one"),
            (&[current, retired], "the retired key does not say `since`"),
        ] {
            let refused = refused(keys);
            assert!(refused.contains(why), "{refused}");
        }
        let unstated = states(&[Standing::default(); 2]).expect("as before there were states");
        assert_eq!(unstated, [KeyState::Current, KeyState::Retired]);
    }
}
