//! Random crowds on several instances: P9, P10 and P11 hold at every step.

use std::collections::{BTreeMap, BTreeSet};

use kernel::Clock as _;
use proptest::prelude::*;
use waiting_room::outcome::Answer;
use waiting_room::view::Standing;

use crate::harness::{ROOM, Town, join_many, redeem};

#[derive(Clone, Debug)]
enum Step {
    Arrive { instance: usize, count: usize },
    Pass { s: u64 },
    Renew { instance: usize },
    Redeem { instance: usize, who: usize },
    Leave { instance: usize, who: usize },
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let instance = 0_usize..2;
    let step = prop_oneof![
        2 => (instance.clone(), 1_usize..20).prop_map(|(instance, count)| Step::Arrive { instance, count }),
        2 => (1_u64..120).prop_map(|s| Step::Pass { s }),
        4 => instance.clone().prop_map(|instance| Step::Renew { instance }),
        8 => (instance.clone(), 0_usize..1_000).prop_map(|(instance, who)| Step::Redeem { instance, who }),
        1 => (instance, 0_usize..1_000).prop_map(|(instance, who)| Step::Leave { instance, who }),
    ];
    prop::collection::vec(step, 1..120)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]
    #[test]
    fn order_and_bounds_hold(steps in steps()) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("runtime");
        runtime.block_on(run(steps));
    }
}

async fn run(steps: Vec<Step>) {
    let town = Town::at(-300, |_| ());
    let instances = [town.instance().await, town.instance().await];
    let mut people: Vec<Answer> = Vec::new();
    let mut passes: BTreeMap<usize, (String, i64)> = BTreeMap::new();
    let mut admitted_s: Vec<i64> = Vec::new();
    for step in steps {
        let now_s = town.clock.now().unix_s();
        match step {
            Step::Arrive { instance, count } => {
                for answer in join_many(&instances[instance], count).await {
                    if let Some(pass) = &answer.pass {
                        admitted_s.push(now_s);
                        passes.insert(people.len(), (pass.pass.clone(), pass.expires_at.unix_s()));
                    }
                    people.push(answer);
                }
            }
            Step::Pass { s } => town.pass_s(s),
            Step::Renew { instance } => instances[instance].renew().await,
            Step::Redeem { instance, who } if !people.is_empty() => {
                let who = who % people.len();
                if let Some(pass) = redeem(&instances[instance], &people[who]).await {
                    let known = passes.insert(who, (pass.pass.clone(), pass.expires_at.unix_s()));
                    match known {
                        // P9: a repetition is the same pass.
                        Some((known, _)) => assert_eq!(known, pass.pass),
                        None => admitted_s.push(now_s),
                    }
                }
            }
            Step::Leave { instance, who } if !passes.is_empty() => {
                let who = *passes.keys().nth(who % passes.len()).expect("not empty");
                let (pass, expires_s) = passes[&who].clone();
                if now_s < expires_s {
                    instances[instance].leave(ROOM, &pass).await.expect("left");
                    passes.insert(who, (pass, now_s));
                }
            }
            Step::Redeem { .. } | Step::Leave { .. } => (),
        }
        check(&town, &instances, &people, &passes, &admitted_s);
    }
}

fn check(
    town: &Town,
    instances: &[std::sync::Arc<waiting_room::WaitingRoom>; 2],
    people: &[Answer],
    passes: &BTreeMap<usize, (String, i64)>,
    admitted_s: &[i64],
) {
    let now_s = town.clock.now().unix_s();
    let gate = town.settings.gate;
    let alive = passes.values().filter(|(_, expires_s)| *expires_s > now_s).count();
    assert!(alive <= gate.max_active as usize, "P11: {alive} passes are alive");
    for (index, from_s) in admitted_s.iter().enumerate() {
        let window = admitted_s[index..].iter().take_while(|at_s| *at_s - from_s <= 60).count();
        assert!(
            window <= (gate.pace_per_minute + gate.burst) as usize + 1,
            "P11: {window} in a minute"
        );
    }
    for instance in instances {
        let standings =
            people.iter().map(|person| instance.ask(ROOM, &person.ticket).expect("valid").standing);
        let (mut called, mut waiting) = (BTreeSet::new(), BTreeSet::new());
        for standing in standings {
            match standing {
                Standing::Called { place } => assert!(called.insert(place)),
                Standing::Waiting { place, .. } => assert!(waiting.insert(place)),
                Standing::Gathering { .. } => (),
            }
        }
        if let (Some(last), Some(first)) = (called.last(), waiting.first()) {
            assert!(last < first, "P10: place {last} is called, place {first} waits");
        }
    }
}
