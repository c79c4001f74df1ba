//! The draws of a room, as its status publishes them.

use std::collections::BTreeMap;

use kernel::Timestamp;
use serde::Serialize;
use utoipa::ToSchema;
use waiting_room::draw::{Digest, Secret};
use waiting_room::lane::Lane;
use waiting_room::line::Draw;
use waiting_room::settings::Opening;
use waiting_room::view::RoomView;

/// All that is needed to recompute a draw. The commitment is published in advance; the members that
/// follow it are there once the entries are frozen.
#[derive(Serialize, ToSchema)]
pub(super) struct DrawData {
    /// The number of the opening, from 0.
    #[schema(example = 0)]
    opening: usize,
    /// From here on arrivals gather for it.
    #[schema(value_type = String, format = DateTime, example = "2021-06-14T05:00:00.000Z")]
    gathers_from: Timestamp,
    /// When the draw is held.
    #[schema(value_type = String, format = DateTime, example = "2021-06-14T06:00:00.000Z")]
    opens_at: Timestamp,
    /// SHA-256 of the secret, as 64 hexadecimal digits.
    #[schema(value_type = String, pattern = "^[0-9a-f]{64}$")]
    commitment: Digest,
    /// When the entries were frozen.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(
        value_type = Option<String>, format = DateTime, nullable = false,
        example = "2021-06-14T06:00:00.041Z",
    )]
    frozen_at: Option<Timestamp>,
    /// The first entry, and the first place, that was drawn.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false, example = 0)]
    first_entry: Option<u64>,
    /// How many entries were drawn, in all lanes together.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false, example = 127_261)]
    entries: Option<u64>,
    /// The lanes by name, where others than `public` took part too: then `first_entry` and `entries` of
    /// the lane give a place.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    lanes: Option<BTreeMap<&'static str, DrawnLane>>,
    /// The secret, as 64 hexadecimal digits.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>, pattern = "^[0-9a-f]{64}$", nullable = false)]
    secret: Option<Secret>,
    /// The public entropy that was supplied, as the hexadecimal digits of its UTF-8; left out as long as it
    /// is awaited, and where none was announced.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(pattern = "^([0-9a-f]{2})+$", nullable = false, example = "332038203231")]
    entropy: Option<String>,
    /// The seed that follows, as 64 hexadecimal digits; left out as long as public entropy is awaited.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>, pattern = "^[0-9a-f]{64}$", nullable = false)]
    seed: Option<Digest>,
}

/// A lane's part of a draw.
#[derive(Serialize, ToSchema)]
struct DrawnLane {
    /// The first entry, and the first place, of this lane that was drawn.
    #[schema(example = 0)]
    first_entry: u64,
    /// How many entries of this lane were drawn.
    #[schema(example = 120_000)]
    entries: u64,
}

impl DrawData {
    pub(super) fn of(view: &RoomView, number: usize, opening: &Opening) -> Self {
        let held = view.line.draws().iter().find(|draw| usize::from(draw.block.opening) == number);
        let scheduled = view.schedule.openings().get(number);
        Self {
            opening: number,
            gathers_from: scheduled.and_then(|it| it.gathers_from).unwrap_or(opening.gathers_from),
            opens_at: scheduled.and_then(|it| it.opens_at).unwrap_or(opening.opens_at),
            commitment: opening.commitment,
            frozen_at: held.map(|draw| draw.block.end.at),
            first_entry: held.map(|draw| draw.block.start.entries[Lane::Public]),
            entries: held.map(Draw::entries),
            lanes: held.and_then(lanes),
            secret: held.map(|draw| draw.secret),
            entropy: held.and_then(entropy),
            seed: held.and_then(|draw| draw.seed),
        }
    }
}

/// What each lane has of a draw; `None` if nobody but the public lane took part.
fn lanes(draw: &Draw) -> Option<BTreeMap<&'static str, DrawnLane>> {
    let first = draw.block.start.entries;
    let entries = draw.block.end.entries.zip(&first, u64::saturating_sub);
    let is_public_alone = entries[Lane::Public] == entries.total();
    let drawn = |lane| DrawnLane { first_entry: first[lane], entries: entries[lane] };
    (!is_public_alone).then(|| Lane::ALL.map(|lane| (lane.name(), drawn(lane))).into())
}

/// The public entropy of a held draw, if there is any.
fn entropy(draw: &Draw) -> Option<String> {
    let hex = |byte: u8| format!("{byte:02x}");
    (!draw.entropy.is_empty()).then(|| draw.entropy.bytes().map(hex).collect())
}
