//! A draw as a room publishes it, and whether it fits together.
//!
//! Reads only what everybody can read: the public status of a room, and a commitment that somebody
//! noted before the draw.

use std::collections::BTreeMap;
use std::fmt;

use kernel::{Slug, Timestamp};
use serde::Deserialize;

use super::{Digest, Lots, PublicEntropy, Secret, seed};

/// The lane that a room has if it names none.
pub const PUBLIC_LANE: &str = "public";

/// What a room's public status says of its draws. Other members of the document are not read.
#[derive(Clone, Debug, Deserialize)]
pub struct PublishedRoom {
    /// The room's name.
    pub room: Slug,
    /// The incarnation of its line.
    pub incarnation: u32,
    /// The draws of its openings, held or not.
    pub draws: Vec<PublishedDraw>,
}

/// One draw. Before it only `opening` and `commitment` are there; `seed` comes when it is complete,
/// which takes until the public entropy has been supplied where the room has announced some.
#[derive(Clone, Debug, Deserialize)]
pub struct PublishedDraw {
    /// The number of the opening, from 0.
    pub opening: usize,
    /// SHA-256 of the secret.
    pub commitment: Digest,
    /// When the entries were frozen.
    pub frozen_at: Option<Timestamp>,
    /// The first entry, and the first place, of a room with one lane.
    pub first_entry: Option<u64>,
    /// The entries over all lanes.
    pub entries: Option<u64>,
    /// The lanes of a room that has several, by name.
    pub lanes: Option<BTreeMap<String, PublishedLane>>,
    /// The revealed secret.
    pub secret: Option<Secret>,
    /// The public entropy; none where the room announced none.
    pub entropy: Option<PublicEntropy>,
    /// The seed.
    pub seed: Option<Digest>,
}

/// A lane's part of a draw.
#[derive(Clone, Copy, Debug, Deserialize)]
pub struct PublishedLane {
    /// The first entry, and the first place, in this lane.
    pub first_entry: u64,
    /// How many entries of this lane were drawn.
    pub entries: u64,
}

/// A draw that was looked through.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CheckedDraw {
    /// What the room was bound by in advance.
    pub commitment: Digest,
    /// How far the draw has come.
    pub stage: Stage,
    /// What does not fit; empty if everything does.
    pub mismatches: Vec<Mismatch>,
}

/// How far a draw has come.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Stage {
    /// Nothing is frozen yet.
    Ahead,
    /// This number of entries is frozen, and the announced public entropy is not there yet.
    AwaitsEntropy {
        /// The entries over all lanes.
        entries: u64,
    },
    /// It is complete.
    Held(HeldDraw),
}

/// A complete draw.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HeldDraw {
    /// When the entries were frozen, if the room says so.
    pub frozen_at: Option<Timestamp>,
    /// The entries over all lanes.
    pub entries: u64,
    /// The public entropy that entered the seed.
    pub entropy: Option<PublicEntropy>,
    /// The seed as recomputed.
    pub seed: Digest,
    /// The lots of each lane, under the recomputed seed.
    pub lanes: BTreeMap<String, Lots>,
}

/// Two things that should be equal and are not.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mismatch {
    /// The commitment is another one than was noted before the draw.
    NotedCommitment {
        /// What was noted.
        noted: Digest,
    },
    /// The revealed secret is not the one that the room had bound itself to.
    Secret {
        /// SHA-256 of the revealed secret.
        hash: Digest,
    },
    /// The seed does not follow from what is published.
    Seed {
        /// The published one.
        published: Digest,
    },
    /// The lanes have together more or fewer entries than the draw.
    Lanes {
        /// The entries of all lanes together.
        together: u64,
        /// The entries of the draw.
        entries: u64,
    },
}

impl fmt::Display for Mismatch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NotedCommitment { noted } => {
                write!(f, "the published commitment is not the noted one, {noted}")
            }
            Self::Secret { hash } => write!(
                f,
                "the revealed secret is not the one the room had bound itself to: its SHA-256 is {hash}"
            ),
            Self::Seed { published } => write!(
                f,
                "the published seed {published} does not follow from room, incarnation, opening, \
                 entries, secret and entropy"
            ),
            Self::Lanes { together, entries } => {
                write!(f, "the lanes have {together} entries together, but the draw has {entries}")
            }
        }
    }
}

/// The document cannot be the public status of a room.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NotVerifiable {
    /// There is no such opening.
    #[error("the room has no opening {asked}; it publishes {known} of them, counted from 0")]
    NoSuchOpening {
        /// The opening asked for.
        asked: usize,
        /// How many there are.
        known: usize,
    },
    /// Nobody can tell which one counts.
    #[error("the draw of opening {0} is published twice, so it cannot be told which one counts")]
    Twice(usize),
    /// Of what is published together, a part is missing.
    #[error(
        "the draw of opening {opening} is published without `{missing}`, so it cannot be recomputed"
    )]
    Incomplete {
        /// The opening.
        opening: usize,
        /// The member that is missing.
        missing: &'static str,
    },
    /// The numbers are larger than any room's.
    #[error("the draw of opening {0} has more entries than a room can hold")]
    TooLarge(usize),
}

impl PublishedRoom {
    /// Looks through the draw of one opening, against the commitment `noted` before it if there is one.
    pub fn check(
        &self,
        opening: usize,
        noted: Option<Digest>,
    ) -> Result<CheckedDraw, NotVerifiable> {
        let mut with_number = self.draws.iter().filter(|draw| draw.opening == opening);
        let draw = with_number
            .next()
            .ok_or(NotVerifiable::NoSuchOpening { asked: opening, known: self.draws.len() })?;
        if with_number.next().is_some() {
            return Err(NotVerifiable::Twice(opening));
        }
        let mut mismatches = Vec::new();
        mismatches.extend(
            noted
                .filter(|noted| *noted != draw.commitment)
                .map(|noted| Mismatch::NotedCommitment { noted }),
        );
        let stage = self.stage(draw, &mut mismatches)?;
        Ok(CheckedDraw { commitment: draw.commitment, stage, mismatches })
    }

    fn stage(
        &self,
        draw: &PublishedDraw,
        mismatches: &mut Vec<Mismatch>,
    ) -> Result<Stage, NotVerifiable> {
        let opening = draw.opening;
        let without = |missing| NotVerifiable::Incomplete { opening, missing };
        let (Some(secret), Some(entries)) = (draw.secret, draw.entries) else {
            return match (draw.secret, draw.entries, draw.seed) {
                (None, None, None) => Ok(Stage::Ahead),
                (None, ..) => Err(without("secret")),
                (Some(_), ..) => Err(without("entries")),
            };
        };
        let hash = secret.commitment();
        if hash != draw.commitment {
            mismatches.push(Mismatch::Secret { hash });
        }
        let Some(published) = draw.seed else {
            return match draw.entropy {
                None => Ok(Stage::AwaitsEntropy { entries }),
                Some(_) => Err(without("seed")),
            };
        };
        let entropy = draw.entropy.as_ref().map_or(&[][..], PublicEntropy::as_bytes);
        let seed = seed(&self.room, self.incarnation, opening, entries, &secret, entropy);
        if seed != published {
            mismatches.push(Mismatch::Seed { published });
        }
        let lanes = lanes(draw, entries, seed, mismatches)?;
        let (frozen_at, entropy) = (draw.frozen_at, draw.entropy.clone());
        Ok(Stage::Held(HeldDraw { frozen_at, entries, entropy, seed, lanes }))
    }
}

fn lanes(
    draw: &PublishedDraw,
    entries: u64,
    seed: Digest,
    mismatches: &mut Vec<Mismatch>,
) -> Result<BTreeMap<String, Lots>, NotVerifiable> {
    let published = match (&draw.lanes, draw.first_entry) {
        (Some(lanes), _) => lanes.clone(),
        (None, Some(first_entry)) => {
            BTreeMap::from([(PUBLIC_LANE.to_owned(), PublishedLane { first_entry, entries })])
        }
        (None, None) => {
            let missing = "first_entry";
            return Err(NotVerifiable::Incomplete { opening: draw.opening, missing });
        }
    };
    let sum = |sum: u64, lane: &PublishedLane| {
        lane.first_entry.checked_add(lane.entries)?;
        sum.checked_add(lane.entries)
    };
    let together =
        published.values().try_fold(0, sum).ok_or(NotVerifiable::TooLarge(draw.opening))?;
    if together != entries {
        mismatches.push(Mismatch::Lanes { together, entries });
    }
    let lots = |lane: PublishedLane| Lots { first: lane.first_entry, entries: lane.entries, seed };
    Ok(published.into_iter().map(|(name, lane)| (name, lots(lane))).collect())
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;
    use crate::draw::DrawKey;

    fn status(change: impl FnOnce(&mut Value)) -> PublishedRoom {
        let room: Slug = "town".parse().expect("slug");
        let secret = DrawKey::new(&[4; 32]).secret(&room, 3, 1);
        let seed = seed(&room, 3, 1, 50, &secret, b"3 8 21");
        let mut draw = json!({
            "opening": 1, "opens_at": "2021-06-14T09:00:00Z", "commitment": secret.commitment(),
            "frozen_at": "2021-06-14T09:00:00.120Z", "first_entry": 200, "entries": 50,
            "secret": secret, "entropy": PublicEntropy::from_text("3 8 21").expect("entropy"),
            "seed": seed,
        });
        change(&mut draw);
        let ahead = json!({"opening": 2, "commitment": secret.commitment()});
        serde_json::from_value(json!({"room": room, "incarnation": 3, "draws": [draw, ahead]}))
            .expect("a status")
    }

    fn remove(draw: &mut Value, members: &[&str]) {
        draw.as_object_mut()
            .expect("an object")
            .retain(|name, _| !members.contains(&name.as_str()));
    }

    fn held(checked: &CheckedDraw) -> &HeldDraw {
        match &checked.stage {
            Stage::Held(held) => held,
            Stage::Ahead | Stage::AwaitsEntropy { .. } => panic!("{checked:?}"),
        }
    }

    #[test]
    fn what_fits_has_no_mismatch() {
        let room = status(|_| ());
        let commitment = room.draws[0].commitment;
        let checked = room.check(1, Some(commitment)).expect("verifiable");
        assert_eq!(checked.mismatches, []);
        let lots = held(&checked).lanes[PUBLIC_LANE];
        assert_eq!((lots.first, lots.entries, Some(lots.seed)), (200, 50, room.draws[0].seed));
    }

    #[test]
    fn every_published_member_is_held_against_the_others() {
        let secret = |draw: &mut Value| draw["secret"] = "ab".repeat(32).into();
        let checked = status(secret).check(1, None).expect("verifiable");
        assert!(matches!(checked.mismatches[..], [Mismatch::Secret { .. }, Mismatch::Seed { .. }]));
        for (member, value) in
            [("entries", json!(51)), ("entropy", json!("33")), ("entropy", Value::Null)]
        {
            let checked = status(|draw| draw[member] = value).check(1, None).expect("verifiable");
            assert!(
                checked.mismatches.iter().any(|found| matches!(found, Mismatch::Seed { .. })),
                "{member}: {checked:?}"
            );
        }
        let noted = Digest([7; 32]);
        for opening in [1, 2] {
            let checked = status(|_| ()).check(opening, Some(noted)).expect("verifiable");
            assert_eq!(checked.mismatches, [Mismatch::NotedCommitment { noted }]);
        }
    }

    #[test]
    fn a_draw_can_be_ahead_or_wait_for_its_entropy() {
        assert_eq!(status(|_| ()).check(2, None).expect("verifiable").stage, Stage::Ahead);
        let waiting = status(|draw| remove(draw, &["entropy", "seed"]));
        let checked = waiting.check(1, None).expect("verifiable");
        assert_eq!(checked.stage, Stage::AwaitsEntropy { entries: 50 });
        assert_eq!(checked.mismatches, []);
    }

    #[test]
    fn lanes_have_places_of_their_own_and_together_all_entries() {
        let lanes = |hotline: u64| {
            status(move |draw| {
                draw["lanes"] = json!({
                    "public": {"first_entry": 190, "entries": 45},
                    "hotline": {"first_entry": 10, "entries": hotline},
                });
            })
        };
        let checked = lanes(5).check(1, None).expect("verifiable");
        assert_eq!(checked.mismatches, []);
        let lots = held(&checked).lanes["hotline"];
        assert_eq!((lots.first, lots.entries), (10, 5));
        let checked = lanes(6).check(1, None).expect("verifiable");
        assert_eq!(checked.mismatches, [Mismatch::Lanes { together: 51, entries: 50 }]);
    }

    #[test]
    fn what_cannot_be_recomputed_says_why() {
        let refused =
            |room: PublishedRoom, opening| room.check(opening, None).expect_err("refused");
        assert_eq!(refused(status(|_| ()), 7), NotVerifiable::NoSuchOpening { asked: 7, known: 2 });
        assert_eq!(refused(status(|draw| draw["opening"] = json!(2)), 2), NotVerifiable::Twice(2));
        for missing in ["secret", "entries", "first_entry", "seed"] {
            assert_eq!(
                refused(status(|draw| remove(draw, &[missing])), 1),
                NotVerifiable::Incomplete { opening: 1, missing }
            );
        }
        assert_eq!(
            refused(status(|draw| draw["first_entry"] = json!(u64::MAX)), 1),
            NotVerifiable::TooLarge(1)
        );
    }
}
