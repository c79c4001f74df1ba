//! What everybody reads, rendered once for all of them.

use std::collections::HashMap;
use std::sync::Arc;

use actix_web::HttpRequest;
use actix_web::HttpResponse;
use actix_web::http::header::{CONTENT_LANGUAGE, HeaderValue, LINK, VARY};
use arc_swap::ArcSwapOption;
use booking::{Campaign, CampaignView, View};
use kernel::CampaignId;
use serde::Serialize;
use web::docs_page::LINKS;
use web::{CachedBody, Code, Language, Problem};

use crate::app::App;
use crate::citizen::campaign::list::CampaignsBody;
use crate::citizen::campaign::show::CampaignBody;
use crate::citizen::campaign::slots::SlotsBody;
use crate::citizen::waitlist::status::StatusBody;

const CAMPAIGN_MAX_AGE_S: u32 = 60;
const SNAPSHOT_MAX_AGE_S: u32 = 1;

/// The rendering of the latest view that somebody has asked for.
#[derive(Default)]
pub(crate) struct RenderedView(ArcSwapOption<Rendered>);

/// One view, rendered.
pub(crate) struct Rendered {
    generation: u64,
    pub(crate) list: Localized,
    campaigns: HashMap<CampaignId, RenderedCampaign>,
}

/// One campaign, rendered.
#[derive(Clone)]
pub(crate) struct RenderedCampaign {
    definition: Arc<Campaign>,
    pub(crate) body: Localized,
    pub(crate) slots: CachedBody,
    pub(crate) waitlist: CachedBody,
}

/// A body in each language.
#[derive(Clone)]
pub(crate) struct Localized {
    en: CachedBody,
    de: CachedBody,
}

impl App {
    /// The latest view, rendered. Whoever comes first after a change renders it.
    pub(crate) fn rendered(&self) -> Result<Arc<Rendered>, Problem> {
        let view = self.bookings.view();
        if view.generation == 0 {
            return Err(self.try_again(Code::Unavailable));
        }
        let latest = self.rendered.0.load_full();
        match latest {
            Some(latest) if latest.generation == view.generation => Ok(latest),
            Some(_) | None => {
                let fresh = Arc::new(Rendered::new(&view, latest.as_deref()));
                self.rendered.0.store(Some(Arc::clone(&fresh)));
                Ok(fresh)
            }
        }
    }
}

impl Rendered {
    fn new(view: &View, earlier: Option<&Self>) -> Self {
        let campaigns: HashMap<_, _> = view
            .campaigns
            .iter()
            .map(|(id, campaign)| {
                let earlier = earlier.and_then(|earlier| earlier.campaigns.get(id));
                (id.clone(), RenderedCampaign::new(campaign, earlier))
            })
            .collect();
        let list = Localized::new(|language| {
            CampaignsBody::new(view.campaigns.values().map(|view| &*view.campaign), language)
        });
        Self { generation: view.generation, list, campaigns }
    }

    pub(crate) fn campaign(&self, id: &CampaignId) -> Result<&RenderedCampaign, Problem> {
        self.campaigns.get(id).ok_or_else(|| Problem::new(Code::CampaignNotFound))
    }
}

impl RenderedCampaign {
    /// Definitions change rarely: their rendering is kept as long as they are the same.
    fn new(view: &CampaignView, earlier: Option<&Self>) -> Self {
        let body = match earlier {
            Some(earlier) if Arc::ptr_eq(&earlier.definition, &view.campaign) => {
                earlier.body.clone()
            }
            Some(_) | None => {
                Localized::new(|language| CampaignBody::new(&view.campaign, language))
            }
        };
        let (slots, waitlist) = (SlotsBody::new(view), StatusBody::new(view));
        let slots = snapshot(to_json(&slots), &to_json(&slots.without_time()));
        let waitlist = snapshot(to_json(&waitlist), &to_json(&waitlist.without_time()));
        Self { definition: Arc::clone(&view.campaign), body, slots, waitlist }
    }
}

impl Localized {
    fn new<T: Serialize>(body: impl Fn(Language) -> T) -> Self {
        let render = |language| CachedBody::json(to_json(&body(language)), CAMPAIGN_MAX_AGE_S);
        Self { en: render(Language::En), de: render(Language::De) }
    }

    /// The body in the language that the client prefers.
    pub(crate) fn respond(&self, request: &HttpRequest) -> HttpResponse {
        let language = Language::preferred(request.headers());
        let mut response = match language {
            Language::En => self.en.respond(request),
            Language::De => self.de.respond(request),
        };
        let headers = response.headers_mut();
        headers.append(VARY, HeaderValue::from_static("accept-language"));
        headers.insert(LINK, LINKS);
        headers.insert(CONTENT_LANGUAGE, HeaderValue::from_static(language.tag()));
        response
    }
}

/// A later snapshot that differs by its time alone is no news.
fn snapshot(body: Vec<u8>, without_time: &[u8]) -> CachedBody {
    CachedBody::json(body, SNAPSHOT_MAX_AGE_S).validated_by(without_time)
}

pub(crate) fn to_json<T: Serialize>(body: &T) -> Vec<u8> {
    serde_json::to_vec(body).expect("wire types can be written as JSON")
}
