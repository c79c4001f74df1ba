//! scratch
#![allow(warnings)]
use booking::contract::scene; use booking::*; use booking_db::*; use kernel::*; use std::sync::Arc; use std::time::Instant;
fn cpu() -> f64 { let s=std::fs::read_to_string("/proc/self/stat").unwrap(); let f:Vec<&str>=s.rsplit(')').next().unwrap().split_whitespace().collect(); (f[11].parse::<f64>().unwrap()+f[12].parse::<f64>().unwrap())*10.0 }
fn pg() -> f64 { let mut t=0.0; for e in std::fs::read_dir("/proc").unwrap() { let e=e.unwrap(); if let Ok(s)=std::fs::read_to_string(e.path().join("stat")) { if s.contains("(postgres)") && { let pm=std::env::var("PM").unwrap(); let r=s.rsplit(')').next().unwrap(); r.split_whitespace().nth(1)==Some(pm.as_str()) } { let f:Vec<&str>=s.rsplit(')').next().unwrap().split_whitespace().collect(); t+=(f[11].parse::<f64>().unwrap()+f[12].parse::<f64>().unwrap())*10.0 } } } t }
#[tokio::main(flavor="current_thread")]
async fn main() {
    let url = std::env::args().nth(1).unwrap(); let n: usize = std::env::args().nth(2).unwrap().parse().unwrap(); let size: usize = std::env::args().nth(3).unwrap().parse().unwrap();
    migrate(&url).await.unwrap();
    let store = connect(&url, &DbOptions::default(), Arc::new(SystemClock)).await.unwrap();
    let mut c = scene::campaign(); for s in &mut c.slots { if s.id.as_str()=="c" { s.capacity=100_000; s.allotments=vec![100_000,0]; } }
    println!("{:?}", store.apply_campaign(&CampaignPlan::new(c).unwrap(), scene::at(0)).await.unwrap());
    let e = OsEntropy; let e: &dyn Entropy = &e;
    let batch = || (0..size).map(|_| { let now=SystemClock.now(); let pass = PassGrant{pass_id: pass::PassId::from_bytes(e.bytes()), ..scene::grant(1,1,scene::at(0))};
        let r0 = scene::registration(1,2); let r = Registration{booking: BookingId::new(now,e), code: BookingCode::new(e), person: r0.person.clone(), person_key: PersonKey(e.bytes()), manage_token_hash: TokenHash(e.bytes())};
        Command::BookSlot(BookSlot{pass, slot: scene::slot("c"), registration: Arc::new(r), idempotency: Idempotency{key:e.bytes(), fingerprint: e.bytes()}}) }).collect::<Vec<_>>();
    let mut batches: Vec<_> = (0..n).map(|_| batch()).collect();
    for _ in 0..20 { store.execute(&batch(), scene::at(1)).await.unwrap(); }
    let (c0,p0,t)=(cpu(),pg(),Instant::now()); let mut lat=vec![];
    for b in &batches { let t=Instant::now(); let o = store.execute(b, scene::at(1)).await.unwrap(); lat.push(t.elapsed()); assert!(o.iter().all(|o| matches!(o, Outcome::BookSlot(BookSlotOutcome::Booked(_))))); }
    let el=t.elapsed(); lat.sort(); let k=n as f64;
    println!("{:.0}/s  wall/batch {:.3} ms p50 {:?} p99 {:?}; cpu/batch own {:.3} ms pg {:.3} ms", k*size as f64/el.as_secs_f64(), el.as_secs_f64()*1e3/k, lat[n/2], lat[n*99/100], (cpu()-c0)/k, (pg()-p0)/k);
}
