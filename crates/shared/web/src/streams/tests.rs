use std::cell::Cell;
use std::future::{Future as _, poll_fn};
use std::net::SocketAddr;
use std::pin::{Pin, pin};
use std::rc::Rc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::{Context, Wake, Waker};

use actix_web::HttpResponse;
use actix_web::body::{BodySize, BoxBody, MessageBody as _, to_bytes};
use actix_web::http::{Method, StatusCode};
use actix_web::test::TestRequest;
use kernel::SeededEntropy;
use tokio::time::interval;

use super::*;
use crate::client_address::ForwardedHeader;
use crate::{Code, Problem, head};

/// Numbers, of one topic.
type Numbers = Streams<&'static str, u64>;

const TOPIC: &str = "numbers";

fn streams(streams_max: usize, per_address_max: usize, drain: &Drain) -> Arc<Numbers> {
    let (proxies, every) = (TrustedProxies::none(), Duration::from_secs(1));
    let limits = StreamLimits { streams_max, per_address_max, proxies, every };
    Arc::new(Streams::new("test", parts(limits, drain)))
}

fn parts(limits: StreamLimits, drain: &Drain) -> StreamParts {
    StreamParts { limits, drain: drain.clone(), entropy: Arc::new(SeededEntropy::new(1)) }
}

fn from(peer: SocketAddr) -> HttpRequest {
    TestRequest::default().peer_addr(peer).to_http_request()
}

/// The number as it changes, and how often it was looked at.
#[derive(Clone, Default)]
struct Source {
    number: Rc<Cell<u64>>,
    looks: Rc<Cell<u32>>,
}

impl Source {
    fn follow(&self, streams: &Arc<Numbers>) -> Beats<u64> {
        let source = self.clone();
        streams.follow(&TOPIC, move || {
            let mut known = source.number.get();
            let look = move |_quiet| {
                source.looks.set(source.looks.get() + 1);
                let number = source.number.get();
                if number == u64::MAX {
                    Look::Over
                } else if number == known {
                    Look::Nothing
                } else {
                    known = number;
                    Look::News(number)
                }
            };
            (known, look)
        })
    }

    /// Waits for so many further looks.
    async fn looked_at(&self, looks: u32) {
        let enough = self.looks.get() + looks;
        let mut ticks = interval(Duration::from_millis(100));
        while self.looks.get() < enough {
            ticks.tick().await;
        }
    }
}

/// A listener who tells each number once, as text.
fn respond(streams: &Numbers, beats: Beats<u64>) -> HttpResponse {
    let request = TestRequest::default().to_http_request();
    let seat = streams.seat(&request).expect("a seat");
    let mut last = None;
    streams.respond(&request, seat, beats, move |number| {
        if last.replace(*number) == Some(*number) {
            return Told::Nothing;
        }
        Told::Events(event("number", *number, number.to_string().as_bytes()))
    })
}

async fn text_of(response: HttpResponse) -> String {
    let body = to_bytes(response.into_body()).await.expect("the stream ends");
    String::from_utf8(body.to_vec()).expect("text")
}

/// The part of an answer that is sent next.
async fn next(body: &mut BoxBody) -> String {
    let part = poll_fn(|context| Pin::new(&mut *body).poll_next(context)).await;
    let part = part.expect("there is more").expect("nothing fails");
    String::from_utf8(part.to_vec()).expect("text")
}

#[tokio::test(start_paused = true)]
async fn what_has_changed_is_told_and_an_end_says_when_to_come_back() {
    tokio::task::LocalSet::new()
        .run_until(async {
            let (drain, source) = (Drain::new(), Source::default());
            let streams = streams(1, 1, &drain);
            let response = respond(&streams, source.follow(&streams));
            assert_eq!(response.headers().get("cache-control").expect("one"), "no-store");
            assert_eq!(response.headers().get("content-type").expect("one"), "text/event-stream");
            let mut body = response.into_body();
            assert!(next(&mut body).await.starts_with("retry: "));
            assert_eq!(next(&mut body).await, "event: number\nid: 0000000000000000\ndata: 0\n\n");
            source.number.set(7);
            assert_eq!(next(&mut body).await, "event: number\nid: 0000000000000007\ndata: 7\n\n");
            drain.start();
            let end = to_bytes(body).await.expect("the stream ends");
            let retry = std::str::from_utf8(&end).expect("text").trim().strip_prefix("retry: ");
            let retry_ms: u64 = retry.expect("a time").parse().expect("a number");
            assert!((2_000..3_000).contains(&retry_ms), "{retry_ms}");
        })
        .await;
}

/// Nobody who is silent is taken for gone by what lies between.
#[tokio::test(start_paused = true)]
async fn a_quiet_stream_says_that_it_is_there() {
    tokio::task::LocalSet::new()
        .run_until(async {
            let source = Source::default();
            let streams = streams(1, 1, &Drain::new());
            let mut body = respond(&streams, source.follow(&streams)).into_body();
            let _greeting = (next(&mut body).await, next(&mut body).await);
            let before = source.looks.get();
            assert_eq!(next(&mut body).await, ":\n\n");
            let looks = u64::from(source.looks.get() - before);
            assert!(looks <= QUIET_MAX.as_secs(), "{looks}");
            source.number.set(1);
            assert!(next(&mut body).await.ends_with("data: 1\n\n"), "it goes on");
        })
        .await;
}

/// Whoever did not read meanwhile is told the newest, and nothing was kept for them.
#[tokio::test(start_paused = true)]
async fn a_slow_reader_skips_what_is_out_of_date() {
    tokio::task::LocalSet::new()
        .run_until(async {
            let (drain, source) = (Drain::new(), Source::default());
            let streams = streams(1, 1, &drain);
            let mut body = respond(&streams, source.follow(&streams)).into_body();
            let _greeting = (next(&mut body).await, next(&mut body).await);
            for number in 1..=50 {
                source.number.set(number);
                source.looked_at(1).await;
            }
            assert!(next(&mut body).await.ends_with("data: 50\n\n"));
            source.number.set(u64::MAX);
            let end = to_bytes(body).await.expect("the stream ends with its topic");
            assert!(end.starts_with(b"retry: "), "and nothing else is told");
        })
        .await;
}

#[derive(Default)]
struct Wakes(AtomicUsize);

impl Wake for Wakes {
    fn wake(self: Arc<Self>) {
        self.0.fetch_add(1, Ordering::Relaxed);
    }
}

/// However often is looked, and however many listen: one looks for all, and wakes each once for each change.
#[tokio::test(start_paused = true)]
async fn who_listens_sleeps_until_there_is_news() {
    tokio::task::LocalSet::new()
        .run_until(async {
            let source = Source::default();
            let streams = streams(3, 3, &Drain::new());
            let mut listening: Vec<_> = (0..3).map(|_| source.follow(&streams)).collect();
            assert!(listening[0].same_channel(&listening[2]), "one task for all");
            let woken_by: Vec<Arc<Wakes>> = (0..3).map(|_| Arc::default()).collect();
            let [one, two, three] = listening.get_disjoint_mut([0, 1, 2]).expect("three");
            let mut futures = [pin!(one.changed()), pin!(two.changed()), pin!(three.changed())];
            for (future, count) in futures.iter_mut().zip(&woken_by) {
                let waker = Waker::from(Arc::clone(count));
                assert!(future.as_mut().poll(&mut Context::from_waker(&waker)).is_pending());
            }
            let woken = || {
                let count = |wakes: &Arc<Wakes>| wakes.0.load(Ordering::Relaxed);
                woken_by.iter().map(count).collect::<Vec<_>>()
            };
            source.looked_at(10).await;
            assert_eq!(woken(), [0, 0, 0]);
            source.number.set(1);
            source.looked_at(3).await;
            assert_eq!(woken(), [1, 1, 1]);
        })
        .await;
}

/// A topic that nobody listens to is not looked at, and whoever comes later begins anew.
#[tokio::test(start_paused = true)]
async fn a_topic_is_looked_at_while_somebody_follows_it() {
    tokio::task::LocalSet::new()
        .run_until(async {
            let (drain, source) = (Drain::new(), Source::default());
            let streams = streams(1, 1, &drain);
            drop(source.follow(&streams));
            let mut ticks = interval(Duration::from_millis(100));
            while streams.are_followed() {
                ticks.tick().await;
            }
            source.number.set(3);
            let mut again = source.follow(&streams);
            assert_eq!(*again.borrow(), 3);
            drain.start();
            again.changed().await.expect_err("its task has looked, and ended with the service");
        })
        .await;
}

#[test]
fn seats_are_limited_and_come_back() {
    let drain = Drain::new();
    let streams = streams(3, 2, &drain);
    let [one, other] = [1, 2].map(|host| from(SocketAddr::from(([192, 0, 2, host], 1))));
    let code = |seat: Result<Seat, Problem>| seat.err().map(|problem| problem.code());
    let first = streams.seat(&one).expect("a seat");
    let _second = streams.seat(&one).expect("a seat");
    let refused = streams.seat(&one).err().expect("two of an address");
    assert_eq!(refused.code(), Code::TooManyStreams);
    assert!(refused.retry_after().is_some_and(|after_s| (30..=60).contains(&after_s)));
    let _third = streams.seat(&other).expect("a seat");
    assert_eq!(code(streams.seat(&other)), Some(Code::TooManyStreams), "three at all");
    drop(first);
    drop(streams.seat(&one).expect("it came back"));
    drain.start();
    assert_eq!(code(streams.seat(&one)), Some(Code::Unavailable));
}

/// The client that counts is the one behind the proxies.
#[test]
fn seats_are_counted_behind_proxies() {
    let proxies = TrustedProxies::parse(["10.0.0.0/8"], ForwardedHeader::default());
    let proxies = proxies.expect("a network");
    let limits =
        StreamLimits { streams_max: 9, per_address_max: 1, proxies, every: Duration::from_secs(1) };
    let streams = Numbers::new("test", parts(limits, &Drain::new()));
    let through = |client: &str| {
        let request = TestRequest::default().peer_addr(SocketAddr::from(([10, 0, 0, 1], 1)));
        request.insert_header(("x-forwarded-for", client)).to_http_request()
    };
    let _first = streams.seat(&through("192.0.2.1")).expect("a seat");
    let _other = streams.seat(&through("192.0.2.2")).expect("a seat");
    assert!(streams.seat(&through("192.0.2.2")).is_err());
}

/// The more listen, the longer their return takes.
#[tokio::test(start_paused = true)]
async fn a_crowd_comes_back_by_and_by() {
    tokio::task::LocalSet::new()
        .run_until(async {
            let (drain, source) = (Drain::new(), Source::default());
            let streams = streams(20_000, 20_000, &drain);
            let request = TestRequest::default().to_http_request();
            let _crowd: Vec<Seat> =
                (0..19_000).map(|_| streams.seat(&request).expect("a seat")).collect();
            let few = (0..100).map(|_| respond(&streams, source.follow(&streams)));
            let few: Vec<HttpResponse> = few.collect();
            drain.start();
            let mut latest = 0;
            for response in few {
                let text = text_of(response).await;
                let last = text.trim().rsplit("retry: ").next().expect("one");
                latest = latest.max(last.parse::<u64>().expect("a number"));
            }
            assert!((15_000..22_000).contains(&latest), "{latest}");
        })
        .await;
}

/// A HEAD has an end.
#[test]
fn a_head_takes_no_stream() {
    let streams = streams(1, 1, &Drain::new());
    let mut asked = TestRequest::default().method(Method::HEAD).to_srv_request();
    head::as_get(&mut asked);
    let request = asked.request().clone();
    let seat = streams.seat(&request).expect("a seat");
    let (_sender, beats) = tokio::sync::watch::channel(1);
    let response = streams.respond(&request, seat, beats, |_| Told::Nothing);
    assert_eq!(response.status(), StatusCode::OK);
    assert_eq!(response.into_body().size(), BodySize::None);
    assert!(streams.seat(&request).is_ok(), "the seat is free again");
}
