//! The sandbox's own API: where everything is, the clock, answers to order, and the example page.

use std::sync::Arc;
use std::time::Duration;

use ::web::problem::CATALOGUE;
use ::web::{Body, Code, Mistake, Problem};
use actix_web::http::header::LOCATION;
use actix_web::web::{self, Data, ServiceConfig};
use actix_web::{HttpResponse, Responder};
use kernel::Clock as _;
use serde::Deserialize;
use serde_json::json;
use waiting_room::WaitingRoom;

use super::campaigns::SCENES;
use super::clock::MovableClock;
use super::orders::{NoSuchCode, Order, Orders};

/// The page that `docs/frontend.md` leads to.
const PAGE: &str = include_str!("../../../../../docs/examples/family.html");

/// The clock goes no further at once: in a year every campaign is long over.
const ADVANCE_S_MAX: u32 = 366 * 86_400;

/// What the sandbox can be asked for.
pub struct Control {
    /// The clock of everything.
    pub clock: Arc<MovableClock>,
    /// What was ordered in advance.
    pub orders: Arc<Orders>,
    /// The rooms, which notice at once what time it is.
    pub rooms: Arc<WaitingRoom>,
    /// Where the waiting room is.
    pub room_url: String,
    /// Where the booking API is.
    pub booking_url: String,
}

/// Registers the routes.
pub fn routes(control: Data<Control>) -> impl FnOnce(&mut ServiceConfig) + Clone {
    move |config| {
        config
            .app_data(control)
            .route("/", web::get().to(to_the_page))
            .route("/family.html", web::get().to(page))
            .route("/sandbox", web::get().to(show))
            .route("/sandbox/clock", web::post().to(advance))
            .route("/sandbox/answers", web::post().to(order))
            .route("/sandbox/answers", web::delete().to(forget));
    }
}

impl Control {
    /// The example page's address, with what it has to know.
    pub fn page(&self, campaign: &str) -> String {
        let Self { room_url, booking_url, .. } = self;
        format!("/family.html?room={room_url}/v1/rooms/{campaign}&booking={booking_url}/v1")
    }
}

async fn to_the_page(control: Data<Control>) -> impl Responder {
    HttpResponse::Found().insert_header((LOCATION, control.page("gathering"))).finish()
}

async fn page() -> impl Responder {
    HttpResponse::Ok().content_type("text/html; charset=utf-8").body(PAGE)
}

async fn show(control: Data<Control>) -> impl Responder {
    let campaigns = SCENES.iter().map(|scene| {
        json!({
            "id": scene.id,
            "shows": scene.shows,
            "room": format!("{}/v1/rooms/{}", control.room_url, scene.id),
            "campaign": format!("{}/v1/campaigns/{}", control.booking_url, scene.id),
        })
    });
    let campaigns: Vec<_> = campaigns.collect();
    HttpResponse::Ok().json(json!({"now": control.clock.now(), "campaigns": campaigns}))
}

/// How far the clock goes.
#[derive(Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
struct Advance {
    advance_s: u32,
}

async fn advance(
    control: Data<Control>,
    Body(Advance { advance_s }): Body<Advance>,
) -> Result<impl Responder, Problem> {
    if advance_s > ADVANCE_S_MAX {
        let mistake = Mistake::OutOfRange { least: 0, most: ADVANCE_S_MAX.into() };
        return Err(Problem::new(Code::InvalidRequest).field("advance_s", mistake));
    }
    control.clock.advance(Duration::from_secs(advance_s.into()), &control.rooms).await;
    Ok(HttpResponse::Ok().json(json!({"now": control.clock.now()})))
}

async fn order(
    control: Data<Control>,
    Body(order): Body<Order>,
) -> Result<impl Responder, Problem> {
    let codes = || CATALOGUE.iter().map(|entry| entry.name.to_owned()).collect();
    let wrong =
        |NoSuchCode| Problem::new(Code::InvalidRequest).field("code", Mistake::NoChoice(codes()));
    control.orders.add(order).map_err(wrong)?;
    Ok(HttpResponse::NoContent())
}

async fn forget(control: Data<Control>) -> impl Responder {
    control.orders.clear();
    HttpResponse::NoContent()
}
