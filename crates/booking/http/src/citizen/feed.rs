//! What other sites may read of the campaigns that can be booked, as SMART Scheduling Links: a manifest
//! and the files that it names (<https://github.com/smart-on-fhir/smart-scheduling-links>). Nothing in it
//! is about persons.

mod address;
pub(crate) mod locations;
pub(crate) mod manifest;
mod resource;
pub(crate) mod schedules;
pub(crate) mod slots;

use std::collections::HashMap;
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use actix_web::http::header::HeaderValue;
use arc_swap::ArcSwapOption;
use booking::{CampaignView, View};
use kernel::{CampaignId, Timestamp};
use serde::Serialize;
use web::{CachedBody, Code, Problem};

use crate::app::App;
use crate::rendered::to_json;

/// For so long nobody has to ask again; the format asks clients to come once a minute at most.
const MAX_AGE_S: u32 = 60;
/// So old a feed may be when somebody asks.
const RENEWED_AFTER: Duration = Duration::from_secs(10);

const NDJSON: HeaderValue = HeaderValue::from_static("application/fhir+ndjson");

/// Where the feeds say that the API and the citizens' page are.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PublicUrls {
    /// The base URL of this API, without a slash at its end.
    pub api: String,
    /// The page on which citizens book, if there is one.
    pub page: Option<String>,
}

impl PublicUrls {
    fn campaign(&self, campaign: &CampaignId) -> String {
        format!("{}/v1/campaigns/{campaign}", self.api)
    }
}

/// The latest feed that somebody has asked for.
#[derive(Default)]
pub(crate) struct LatestFeed(ArcSwapOption<Feed>);

/// The campaigns at one moment. Each file is written when it is first asked for.
struct Feed {
    at: Timestamp,
    view: Arc<View>,
    manifest: OnceLock<CachedBody>,
    locations: OnceLock<CachedBody>,
    schedules: OnceLock<CachedBody>,
    slots: HashMap<CampaignId, OnceLock<CachedBody>>,
}

impl App {
    /// The campaigns as they were a moment ago.
    fn feed(&self) -> Result<Arc<Feed>, Problem> {
        let now = self.bookings.now();
        let latest = self.feed.0.load_full();
        if let Some(latest) = latest.filter(|latest| now < latest.at.plus(RENEWED_AFTER)) {
            return Ok(latest);
        }
        let view = self.bookings.view();
        if view.generation == 0 {
            return Err(self.try_again(Code::Unavailable));
        }
        let feed = Arc::new(Feed::new(now, view));
        self.feed.0.store(Some(Arc::clone(&feed)));
        Ok(feed)
    }
}

impl Feed {
    fn new(at: Timestamp, view: Arc<View>) -> Self {
        let open = view.campaigns.values().filter(|view| !view.campaign.is_closed(at));
        let slots = open.map(|view| (view.campaign.id.clone(), OnceLock::new())).collect();
        Self {
            at,
            manifest: OnceLock::new(),
            locations: OnceLock::new(),
            schedules: OnceLock::new(),
            slots,
            view,
        }
    }

    /// The campaigns in which something can still be booked, in the order of their names.
    fn open(&self) -> impl Iterator<Item = &CampaignView> {
        self.view.campaigns.values().filter(|view| self.slots.contains_key(&view.campaign.id))
    }
}

/// One line for each resource.
fn ndjson<T: Serialize>(resources: impl Iterator<Item = T>) -> CachedBody {
    let mut lines = Vec::new();
    for resource in resources {
        lines.extend(to_json(&resource));
        lines.push(b'\n');
    }
    CachedBody::json(lines, MAX_AGE_S).content_type(NDJSON)
}
