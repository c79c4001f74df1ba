//! Rooms that do not ask where people live.

use kernel::ResidenceTable;
use waiting_room::RoomSettings;

use crate::harness::{Harness, JOIN_SPEYER, bearer, settings};

const URI: &str = "/v1/rooms/shop/tickets";

async fn shop() -> Harness {
    // Long before people gather.
    let harness = Harness::start_at(-4_000).await;
    let residence = ResidenceTable::new(Vec::new());
    harness.create(&RoomSettings { residence, ..settings("shop") }).await;
    harness.at(-60).await;
    harness
}

#[actix_web::test]
async fn whoever_comes_joins() {
    let harness = shop().await;
    let status = harness.get("/v1/rooms/shop").send().await;
    assert_eq!(status.json["asks_residence"], false);
    let joined = harness.post(URI, "{}").send().await;
    assert_eq!((joined.status, joined.json["entry"].as_u64()), (201, Some(0)));
    assert_eq!(harness.post(URI, JOIN_SPEYER).send().await.status, 201, "which does no harm");
    let again = harness.post(URI, "{}").header("authorization", bearer(&joined)).send().await;
    assert_eq!((again.status, again.json["entry"].as_u64()), (200, Some(0)));
}

/// The pass says so: eight zeros are no municipality.
#[actix_web::test]
async fn the_pass_is_for_no_municipality() {
    let harness = shop().await;
    harness.at(10).await;
    let joined = harness.post(URI, "{}").send().await;
    let pass = joined.json["pass"]["pass"].as_str().expect("a pass");
    let call = harness.get("/v1/authorize?room=shop").header("einlass-pass", pass);
    assert_eq!(call.send().await.header("einlass-pass-ags"), "00000000");
}
