#![allow(missing_docs, clippy::all, clippy::pedantic, clippy::unwrap_used, clippy::disallowed_methods, clippy::allow_attributes_without_reason, clippy::allow_attributes)]
use std::sync::Arc;
use std::time::Duration;
use actix_web::{App, HttpResponse, HttpServer, web as aweb};
use actix_web::web::{Bytes, Data};
use arc_swap::ArcSwap;
use kernel::*;
use pass::*;
use waiting_room::contract::room_settings;
use waiting_room::draw::DrawKey;
use waiting_room::ticket::TicketKeys;
use waiting_room::settings::Opening;
use waiting_room::waiting_room::{Limits, Parts as RoomParts};
use waiting_room::{MemoryRoomStore, WaitingRoom};

fn main() {
    let phase = std::env::args().nth(1).unwrap_or("gathering".into());
    actix_web::rt::System::new().block_on(async move {
        if std::env::args().nth(2).as_deref() == Some("metrics") { actix_web::rt::spawn(web::metrics::Metrics::install().unwrap().run_upkeep()); }
        let clock: Arc<dyn Clock> = Arc::new(SystemClock);
        let now = clock.now();
        let key = SigningKey::generate(&SeededEntropy::new(1));
        let keys = Arc::new(ArcSwap::from_pointee(KeySet::new([key.public_key().clone()]).unwrap()));
        let draw_key = DrawKey::new(&[1; 32]);
        let rooms = Arc::new(WaitingRoom::new(RoomParts {
            store: Arc::new(MemoryRoomStore::new(clock.clone())), clock: clock.clone(),
            entropy: Arc::new(OsEntropy), ticket_keys: TicketKeys::new(1, &[7; 32]), draw_key: draw_key.clone(),
            minter: PassMinter::new(key, "x"), verifier: PassVerifier::new("x", keys.clone()),
            limits: Limits { joins: BatcherLimits { queue_depth_max: 20_000, batch_max: 1000 }, redemptions: BatcherLimits { queue_depth_max: 20_000, batch_max: 1000 }, renew_every: Duration::from_millis(250) },
        }));
        let mut settings = room_settings("town");
        let opens = if phase == "gathering" { now.plus(Duration::from_secs(3000)) } else { now.plus(Duration::from_secs(1)) };
        settings.openings = vec![0,1,2,3].into_iter().map(|i| Opening::committed(&draw_key, &settings.room, i,
            opens.plus(Duration::from_secs(i as u64 * 10800)).minus(Duration::from_secs(3600)), opens.plus(Duration::from_secs(i as u64 * 10800)))).collect();
        settings.closes_at = now.plus(Duration::from_secs(86400));
        rooms.create(&settings).await.unwrap();
        let r = rooms.clone();
        actix_web::rt::spawn(async move { r.keep_renewing().await });
        let mut ticket = String::new();
        for _ in 0..500 {
            match rooms.join("town", None, "67346".parse().unwrap(), None).await.unwrap() {
                waiting_room::outcome::Joined::New(a) => { ticket = a.ticket; }
                other => panic!("{other:?}"),
            }
        }
        println!("{ticket}");
        let app = Data::new(waiting_room_http::App::new(waiting_room_http::Parts { rooms, keys, service_credential: waiting_room_http::ServiceCredential::new("x") }));
        let edge = web::Edge::new("waiting-room", web::Drain::new(), Arc::new(OsEntropy));
        let document = waiting_room_http::document();
        let ours = HttpServer::new(move || {
            App::new().configure(waiting_room_http::configure(app.clone()))
                .configure(web::health::routes(Data::new(web::health::Readiness::new(web::Drain::new()))))
                .configure(web::docs_page::DocsPage::of_json(waiting_room_http::document_json()).routes())
                .configure(web::fallback::problems(&document))
                .wrap(web::cors::allow(&[]))
                .wrap(edge.clone())
        }).workers(1).bind("127.0.0.1:18080").unwrap().run();
        let bodies: Arc<ArcSwap<(Bytes, Bytes, Bytes)>> = Arc::default();
        let load = |name: &str| Bytes::from(std::fs::read(format!("/tmp/wrbench/{name}")).unwrap_or_default());
        bodies.store(Arc::new((load("status"), load("ticket"), load("join"))));
        let plain = HttpServer::new(move || {
            let (s, t, j) = bodies.load().as_ref().clone();
            App::new()
                .route("/status", aweb::get().to(move || { let b = s.clone(); async move { HttpResponse::Ok().content_type("application/json").body(b) } }))
                .route("/ticket", aweb::get().to(move || { let b = t.clone(); async move { HttpResponse::Ok().content_type("application/json").body(b) } }))
                .route("/join", aweb::post().to(move |_: Bytes| { let b = j.clone(); async move { HttpResponse::Created().content_type("application/json").body(b) } }))
        }).workers(1).bind("127.0.0.1:18081").unwrap().run();
        futures_util::future::join(ours, plain).await.0.unwrap();
    });
}
