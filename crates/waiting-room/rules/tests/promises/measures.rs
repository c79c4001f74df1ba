//! What is told of a room to those who watch over it.

use metrics_exporter_prometheus::PrometheusBuilder;
use waiting_room::live::LiveChange;
use waiting_room::settings::RoomId;

use crate::harness::{ROOM, Town, join, join_many, redeem};

#[tokio::test]
async fn the_figures_of_a_room_are_told_by_name_and_unit() {
    let recorder = PrometheusBuilder::new().build_recorder();
    let rendered = recorder.handle();
    let _in_this_thread = metrics::set_default_local_recorder(&recorder);
    let town = Town::at(-60, |settings| {
        (settings.gate.max_active, settings.gate.burst) = (5, 5);
    })
    .await;
    let instance = town.instance().await;
    let tells = |lines: &[(&str, &str)]| {
        let text = rendered.render();
        for (name, value) in lines {
            let line = format!("waiting_room_{name} {value}");
            assert!(text.lines().any(|told| told == line), "{line} in\n{text}");
        }
    };
    let mut answers = join_many(&instance, 20).await;
    instance.renew().await;
    tells(&[
        ("entries_total{room=\"town\",lane=\"public\"}", "20"),
        ("entries_total{room=\"town\",lane=\"hotline\"}", "0"),
        ("people_gathering{room=\"town\",lane=\"public\"}", "20"),
        ("people_in_line{room=\"town\",lane=\"public\"}", "0"),
        ("phase{room=\"town\",phase=\"gathering\"}", "1"),
        ("places_left{room=\"town\"}", "NaN"),
        ("report_age_seconds{room=\"town\"}", "NaN"),
    ]);
    town.pass_s(60);
    instance.renew().await;
    let mut admitted = 0;
    for answer in &mut answers {
        admitted += u32::from(redeem(&instance, answer).await.is_some());
    }
    assert_eq!(admitted, 5);
    instance.report(ROOM, town.counted(80)).await.expect("taken over");
    town.pass_s(2);
    town.set(LiveChange { paused: Some(true), ..LiveChange::default() }).await;
    answers.push(join(&instance).await);
    instance.renew().await;
    tells(&[
        ("people_gathering{room=\"town\",lane=\"public\"}", "0"),
        ("phase{room=\"town\",phase=\"gathering\"}", "0"),
        ("phase{room=\"town\",phase=\"paused\"}", "1"),
        ("passes_present{room=\"town\"}", "5"),
        ("seats{room=\"town\"}", "5"),
        ("seats_max{room=\"town\"}", "5"),
        ("admissions_total{room=\"town\"}", "5"),
        ("places_left{room=\"town\"}", "80"),
        ("report_age_seconds{room=\"town\"}", "2"),
    ]);
    let called = instance.view(ROOM).expect("the room").state.memory.called.total();
    tells(&[
        ("called_total{room=\"town\",lane=\"public\"}", called.to_string().as_str()),
        ("people_in_line{room=\"town\",lane=\"public\"}", (21 - called).to_string().as_str()),
    ]);
    let room: RoomId = ROOM.parse().expect("a name");
    waiting_room::RoomStore::remove(&*town.store, &room, &waiting_room::contract::by().removed())
        .await
        .expect("removed");
    instance.renew().await;
    instance.discover().await.expect("the store answers");
    tells(&[
        ("people_in_line{room=\"town\",lane=\"public\"}", "0"),
        ("phase{room=\"town\",phase=\"paused\"}", "0"),
        ("passes_present{room=\"town\"}", "0"),
        ("places_left{room=\"town\"}", "NaN"),
    ]);
}
