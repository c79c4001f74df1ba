//! Which rooms this instance serves: those that exist, opened one by one, so that one that cannot be
//! served takes no other with it (P20).

use std::collections::{BTreeSet, HashMap};
use std::sync::atomic::Ordering;
use std::sync::{Arc, PoisonError};

use futures_util::StreamExt as _;
use futures_util::stream;

use super::room::{Room, ask};
use super::{OpenRoom, WaitingRoom};
use crate::audit::By;
use crate::draw::DrawKey;
use crate::settings::RoomId;
use crate::store::{Created, Result, RoomStoreError};
use crate::{RoomSettings, view::RoomView};

/// Rooms listed at a time.
const PAGE: usize = 500;
/// Rooms opened at once.
const OPENING_MAX: usize = 16;

/// Why an instance does not serve a room that exists.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Refusal {
    /// Its keys do not fit the room, so the instance is set up wrongly.
    Keys(String),
    /// The room cannot be understood.
    Room(String),
}

/// What is behind a name on the list.
enum Found {
    Room(Box<Room>),
    Refused(Refusal),
    Nothing,
}

impl WaitingRoom {
    /// Creates a room, as only an operator does, and opens it here.
    pub async fn create(&self, settings: &RoomSettings, by: &By) -> Result<Created> {
        let created = self.parts.store.create(settings, &by.created(settings)).await?;
        if let Ok(open) = self.open(settings.room.as_str())
            && created == Created::Replaced
        {
            open.room.end();
        }
        self.discover().await?;
        Ok(created)
    }

    /// Opens rooms that exist and are not open here, and closes those that are over. Reads the settings
    /// of a room once.
    pub async fn discover(&self) -> Result<()> {
        self.close_those_over();
        self.look_at_durability().await;
        let mut listed = BTreeSet::new();
        loop {
            let page = self.parts.store.list(listed.last(), PAGE).await?;
            let is_last = page.len() < PAGE;
            listed.extend(page);
            if is_last {
                break;
            }
        }
        let known = self.rooms.load_full();
        let unknown = listed.into_iter().filter(|room| !known.contains_key(room));
        let opened: Vec<(RoomId, Result<Found>)> = stream::iter(unknown)
            .map(|room| async {
                let opened = self.read_first(&room).await;
                (room, opened)
            })
            .buffer_unordered(OPENING_MAX)
            .collect()
            .await;
        let mut failure = None;
        for (room, opened) in opened {
            match opened {
                Ok(Found::Room(opened)) => {
                    self.refused().remove(&room);
                    self.take_up(&Arc::new(*opened));
                }
                Ok(Found::Nothing) => {
                    self.refused().remove(&room);
                }
                Ok(Found::Refused(why)) => self.refuse(room, why),
                Err(RoomStoreError::Unusable(why)) => self.refuse(room, Refusal::Room(why)),
                Err(error) => failure = Some(error),
            }
        }
        if let Some(error) = failure {
            return Err(error);
        }
        self.all_rooms_seen.store(true, Ordering::Relaxed);
        Ok(())
    }

    /// What of this instance's keys does not fit a room that exists; then it should serve nobody.
    #[must_use]
    pub fn key_conflict(&self) -> Option<String> {
        self.refused().values().find_map(|refusal| match refusal {
            Refusal::Keys(why) => Some(why.clone()),
            Refusal::Room(_) => None,
        })
    }

    /// Whether the store can be used, and keeps what it acknowledges.
    pub async fn store_ready(&self) -> Result<()> {
        self.parts.store.ready().await
    }

    /// Whether all rooms that exist have been looked at since the start.
    #[must_use]
    pub fn has_seen_all_rooms(&self) -> bool {
        self.all_rooms_seen.load(Ordering::Relaxed)
    }

    /// Those of `rooms` that are not served here.
    #[must_use]
    pub fn missing<'a>(&self, rooms: impl IntoIterator<Item = &'a RoomId>) -> Vec<&'a RoomId> {
        let open = self.rooms.load();
        rooms.into_iter().filter(|room| !open.contains_key(*room)).collect()
    }

    fn refused(&self) -> std::sync::MutexGuard<'_, HashMap<RoomId, Refusal>> {
        self.refused.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Says once why a room is not served.
    fn refuse(&self, room: RoomId, why: Refusal) {
        let mut refused = self.refused();
        if refused.get(&room) != Some(&why) {
            tracing::error!(%room, ?why, "this room is not served");
            refused.insert(room, why);
        }
    }

    async fn read_first(&self, room: &RoomId) -> Result<Found> {
        let store = &self.parts.store;
        let Some(settings) = store.settings(room).await? else { return Ok(Found::Nothing) };
        let has_identity_key = self.parts.identity_key.is_some();
        if let Err(why) = ensure_servable(&settings, &self.parts.draw_key, has_identity_key) {
            return Ok(Found::Refused(why));
        }
        let sending = self.clock.sending();
        let answer = store.read(&[ask(&settings, None)]).await?.pop();
        let reading = match answer {
            Some(Err(RoomStoreError::Behind(_) | RoomStoreError::Replaced(_))) | None => {
                return Ok(Found::Nothing);
            }
            Some(reading) => reading?,
        };
        if settings.incarnation != reading.state.memory.incarnation {
            // It was replaced between the two questions; the next discovery finds it whole.
            return Ok(Found::Nothing);
        }
        self.clock.observe(sending, reading.now);
        let key = self.parts.draw_key.clone();
        let opened = Room::open(settings, Arc::clone(store), Arc::clone(&self.clock), key, reading);
        Ok(Found::Room(Box::new(opened)))
    }

    fn take_up(&self, room: &Arc<Room>) {
        let open = Arc::new(self.serve(room));
        self.rooms.rcu(|rooms| {
            let mut rooms = HashMap::clone(rooms);
            rooms.entry(room.id().clone()).or_insert_with(|| Arc::clone(&open));
            rooms
        });
    }

    fn close_those_over(&self) {
        let rooms = self.rooms.load_full();
        let over: Vec<&Arc<OpenRoom>> = rooms.values().filter(|open| open.room.is_over()).collect();
        for open in over {
            tracing::warn!(room = %open.room.id(), "the room was removed or begun anew");
            open.shut_down();
            self.rooms.rcu(|rooms| {
                let mut rooms = HashMap::clone(rooms);
                rooms.remove(open.room.id());
                rooms
            });
        }
    }

    /// The views of all rooms, in no order.
    #[must_use]
    pub fn views(&self) -> Vec<Arc<RoomView>> {
        self.rooms.load().values().map(|open| Arc::clone(&open.room.view())).collect()
    }
}

/// Refuses a room that this instance would serve wrongly.
fn ensure_servable(
    settings: &RoomSettings,
    draw_key: &DrawKey,
    has_identity_key: bool,
) -> std::result::Result<(), Refusal> {
    let RoomSettings { room, format, identity, .. } = settings;
    if *format > RoomSettings::FORMAT {
        return Err(Refusal::Room(format!(
            "room {room} was created by a newer version of this program: update this instance"
        )));
    }
    if identity.needs_key() && !has_identity_key {
        return Err(Refusal::Keys(format!(
            "room {room} asks for identity, and the key file has no [identity] key"
        )));
    }
    if !settings.is_drawn_with(draw_key) {
        return Err(Refusal::Keys(format!(
            "room {room} was created under another draw key: its published commitments cannot be \
             kept with the configured one"
        )));
    }
    Ok(())
}
