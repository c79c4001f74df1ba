//! A crowd of the module behind a real nginx.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use actix_web::dev::Service as _;
use actix_web::http::Method;
use actix_web::http::header::AUTHORIZATION;
use actix_web::web::Data;
use actix_web::{App, HttpServer};
use kernel::{Clock as _, ManualClock, SeededEntropy, Stopwatch, Timestamp};
use test_support::{ProxyServer, Runtime, read_checked_in, workspace_root};
use waiting_room::live::LiveChange;
use web::{Drain, Edge, cors};

use super::node;
use crate::harness::{Harness, after};

const PEOPLE: u64 = 400;
const ADMISSIONS_PER_MINUTE: u32 = 7_200;
/// Three seconds where nothing else runs, as the benchmark measures; half of what somebody would take who waited for the
/// longest interval.
const COMES_WITHIN: Duration = Duration::from_secs(10);
/// When the people begin to join, seconds after the opening.
const GATHERING_S: i64 = -4;
const TICK: Duration = Duration::from_millis(50);
const TIME_MAX: Duration = Duration::from_mins(2);

/// A request that has reached the waiting room.
struct Arrived {
    at: Timestamp,
    method: Method,
    path: String,
    bearer: String,
}

type Arrivals = Arc<Mutex<Vec<Arrived>>>;

/// The waiting room as a server that notes what reaches it.
fn serve(app: &Data<crate::App>, clock: &Arc<ManualClock>) -> (SocketAddr, Arrivals) {
    let arrivals = Arrivals::default();
    let (app, clock, noted) = (app.clone(), Arc::clone(clock), arrivals.clone());
    let server = HttpServer::new(move || {
        let (clock, noted) = (Arc::clone(&clock), noted.clone());
        App::new()
            .configure(crate::routes(app.clone()))
            .wrap(cors::allow(&[]))
            .wrap(Edge::new("test", Drain::new(), Arc::new(SeededEntropy::new(1))))
            .wrap_fn(move |request, service| {
                let bearer = request.headers().get(AUTHORIZATION);
                let bearer = bearer.and_then(|value| value.to_str().ok()).unwrap_or_default();
                noted.lock().unwrap_or_else(PoisonError::into_inner).push(Arrived {
                    at: clock.now(),
                    method: request.method().clone(),
                    path: request.path().to_owned(),
                    bearer: bearer.to_owned(),
                });
                service.call(request)
            })
    });
    let server = server.workers(1).disable_signals().bind("127.0.0.1:0").expect("a port");
    let address = server.addrs()[0];
    actix_web::rt::spawn(server.run());
    (address, arrivals)
}

async fn cache_in_front_of(address: SocketAddr, folder: &tempfile::TempDir) -> ProxyServer {
    let configuration = read_checked_in("deploy/nginx/status-cache.conf");
    let cache = folder.path().to_str().expect("a path");
    let replaced =
        [("127.0.0.1:8080", address.to_string()), ("/var/cache/nginx/einlass", cache.into())];
    let configuration = replaced.iter().fold(configuration, |text, (known, new)| {
        assert!(text.contains(known), "{known} is not in the configuration");
        text.replace(known, new)
    });
    ProxyServer::nginx(configuration).await.expect("nginx")
}

/// People in one process of Node, which ends when all have their pass.
struct People(Child);

impl People {
    fn start(mut node: Command) -> Self {
        node.stdout(Stdio::null()).stderr(Stdio::inherit());
        Self(node.spawn().expect("Node runs"))
    }

    fn have_ended(&mut self) -> bool {
        let status = self.0.try_wait().expect("it can be waited for");
        status.is_some_and(|status| {
            assert!(status.success(), "they ended badly");
            true
        })
    }
}

impl Drop for People {
    fn drop(&mut self) {
        let _ended_already = self.0.kill();
        let _ = self.0.wait();
    }
}

/// The room as time goes by, which stops before the opening until so many have joined; when each number of places was
/// called.
async fn run(harness: &Harness, people: &mut People, joining: u64) -> BTreeMap<u64, Timestamp> {
    let mut called_at = BTreeMap::new();
    let (started, mut last) = (Stopwatch::start(), Stopwatch::start());
    let mut ticks = tokio::time::interval(TICK);
    while !people.have_ended() {
        assert!(started.elapsed() < TIME_MAX, "not everybody has a pass");
        ticks.tick().await;
        let memory = harness.view().state.memory.clone();
        if memory.entered.total() >= joining || harness.clock.now() < after(-1) {
            harness.clock.advance(last.elapsed());
        }
        last = Stopwatch::start();
        harness.renew().await;
        called_at.entry(memory.called.total()).or_insert_with(|| harness.clock.now());
    }
    called_at
}

/// Nobody who waits asks the waiting room, and whoever is called comes at once.
#[actix_web::test]
async fn a_crowd_behind_a_cache_asks_the_cache_alone() {
    let harness = Harness::start_at(GATHERING_S).await;
    let change = LiveChange {
        max_active: Some(u32::try_from(PEOPLE).expect("few")),
        pace_per_minute: Some(ADMISSIONS_PER_MINUTE),
        burst: Some(20),
        ..LiveChange::default()
    };
    harness.set(change).await;
    let (address, arrivals) = serve(&harness.app, &harness.clock);
    let folder = tempfile::tempdir().expect("a folder");
    let cache = cache_in_front_of(address, &folder).await;
    let mut crowd = node("einlass-crowd.js");
    crowd.args([format!("{}/v1/rooms/town", cache.origin()), PEOPLE.to_string()]);
    let started = Stopwatch::start();
    let called_at = run(&harness, &mut People::start(crowd), PEOPLE).await;
    let arrived = std::mem::take(&mut *arrivals.lock().unwrap_or_else(PoisonError::into_inner));

    let asked = arrived.iter().filter(|arrived| arrived.method == Method::GET).count();
    let allowed = 2.0 * started.elapsed().as_secs_f64();
    assert!(
        u32::try_from(asked).is_ok_and(|asked| f64::from(asked) <= allowed),
        "{asked} requests"
    );

    let view = harness.view();
    assert_eq!(view.line.draws()[0].entries(), PEOPLE, "all joined before the draw");
    let mut came = BTreeMap::new();
    for Arrived { at, bearer, .. } in arrived.iter().filter(|one| one.path.ends_with("/passes")) {
        // Whoever finds all passes taken asks again.
        came.entry(harness.ticket(bearer).id).or_insert((*at, harness.ticket(bearer)));
    }
    let late = came.into_values().map(|(at, ticket)| {
        let place = view.place(&ticket).expect("a place in line");
        let (_, called) = called_at.range(place + 1..).next().expect("nobody comes uncalled");
        at.since(*called)
    });
    let latest = late.max().expect("somebody came");
    assert_eq!(u64::from(view.state.active), PEOPLE, "everybody is in");
    assert!(latest <= COMES_WITHIN, "{latest:?} after the call");
}

/// What the guide shows, as it stands but for the addresses.
#[actix_web::test]
async fn the_lines_of_the_guide_get_a_pass_and_leave() {
    let harness = Harness::start_at(10).await;
    let (address, arrivals) = serve(&harness.app, &harness.clock);
    let guide = read_checked_in("docs/frontend.md");
    let blocks = guide.split("```js\n").filter_map(|block| block.split("```").next());
    let mut with_module = blocks.filter(|lines| lines.starts_with("import { Einlass }"));
    let lines = with_module.next().expect("lines that use the module");
    let module = workspace_root().join("api-spec/clients/einlass.js");
    let lines = lines
        .replace("https://warten.example/einlass.js", module.to_str().expect("a path"))
        .replace("https://warten.example", &format!("http://{address}"))
        .replace("speyer-2021-06-20", "town");
    let folder = tempfile::tempdir().expect("a folder");
    let script = folder.path().join("page.mjs");
    std::fs::write(&script, format!("{lines}\nfunction show() {{}}\n")).expect("written");
    let mut page = Command::new(Runtime::Node.locate().expect("Node"));
    page.arg(script);
    run(&harness, &mut People::start(page), 1).await;
    let arrived = std::mem::take(&mut *arrivals.lock().unwrap_or_else(PoisonError::into_inner));
    let methods: Vec<&str> = arrived.iter().map(|arrived| arrived.method.as_str()).collect();
    assert_eq!((methods.first(), methods.last()), (Some(&"POST"), Some(&"DELETE")));
}
