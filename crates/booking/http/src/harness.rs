//! The whole API in memory, as the tests of the endpoints use it.

use std::cell::Cell;
use std::sync::Arc;
use std::time::Duration;

use actix_web::http::Method;
use actix_web::web::Data;
use arc_swap::ArcSwap;
use booking::campaign::CampaignPlan;
use booking::contract::scene;
use booking::{
    BookingSecrets, BookingStore, Bookings, BookingsLimits, MailId, MailReport, MemoryStore,
    Reason, TokenHash, Waitlist,
};
use kernel::{Entropy, ManualClock, SeededEntropy, SyncedClock, Timestamp};
use pass::{Claims, IdentityKey, KeySet, PassId, PassMinter, PassVerifier, SigningKey};
use serde_json::{Value, json};
use web::streams::StreamLimits;
use web::test_client::{Call, Reply, TestClient};
use web::{Drain, TrustedProxies};

use crate::{App, MailReports, Parts, PublicUrls, RateLimits, openapi, routes};

/// What the mail provider proves itself by.
pub(crate) const REPORT_TOKEN: &str = "Zm9yIHRoZSBtYWlsIHByb3ZpZGVyIGFsb25l";

/// A report of these tests is the `Message-ID` of the letter that came back.
fn read_report(text: &[u8], domain: &str) -> Option<MailReport> {
    let id = MailId::of_message_id(std::str::from_utf8(text).ok()?, domain)?;
    Some(MailReport { id, reason: Reason::new("5.0.0") })
}

/// How often a test looks whether something has happened that will.
const LOOKS_MAX: u32 = 10_000;

/// The API on the scene of the store's contract, at its first opening.
pub(crate) struct Api {
    pub(crate) bookings: Arc<Bookings>,
    pub(crate) store: Arc<MemoryStore>,
    /// The store's clock. The API follows it at its next look at the store, see [`Self::refreshed`].
    pub(crate) clock: Arc<ManualClock>,
    /// Ends the streams.
    pub(crate) drain: Drain,
    /// A pass for four, of a resident who may book.
    pub(crate) pass: String,
    /// The keys that the waiting room publishes; the API knows those of its start.
    published: Arc<ArcSwap<KeySet>>,
    minter: PassMinter,
    passes: Cell<u8>,
    client: TestClient,
}

impl Api {
    pub(crate) async fn start() -> Self {
        Self::start_of(&scene::plan(), RateLimits::off()).await
    }

    /// The API on a campaign of one place, which Anna has, and two on the waitlist; and her booking.
    pub(crate) async fn sold_out() -> (Self, Reply) {
        Self::sold_out_with(|_| ()).await
    }

    /// The same with other rules of the waitlist.
    pub(crate) async fn sold_out_with(change: impl FnOnce(&mut Waitlist)) -> (Self, Reply) {
        let api = Self::start_with(&small(change)).await;
        let anna = api.book_slot("a", "Anna", "k0").send().await;
        assert_eq!(anna.status, 201, "{anna}");
        api.refreshed().await;
        (api, anna)
    }

    /// The API on this campaign.
    pub(crate) async fn start_with(plan: &CampaignPlan) -> Self {
        Self::start_of(plan, RateLimits::off()).await
    }

    /// The same with limits on what one address may ask.
    pub(crate) async fn limited_to(limits: RateLimits) -> Self {
        Self::start_of(&scene::plan(), limits).await
    }

    async fn start_of(plan: &CampaignPlan, limits: RateLimits) -> Self {
        let clock = Arc::new(ManualClock::at(scene::at(0)));
        let store = Arc::new(MemoryStore::with_mail(clock.clone()));
        store.apply_campaign(plan, scene::at(0)).await.expect("the model answers");
        let entropy: Arc<dyn Entropy> = Arc::new(SeededEntropy::new(1));
        let key = SigningKey::generate(&*entropy);
        let keys = KeySet::new([key.public_key().clone()]).expect("one key is a key set");
        let published = Arc::new(ArcSwap::from_pointee(keys));
        let known = Arc::new(ArcSwap::new(published.load_full()));
        let drain = Drain::new();
        let (bookings, _tasks) = Bookings::start(
            store.clone(),
            Arc::new(SyncedClock::new(Arc::new(ManualClock::at(scene::at(0))))),
            entropy.clone(),
            BookingSecrets::new(&[1; 32], &[2; 32]).with_identity(identity()),
            BookingsLimits { view_every_ms: 1, ..BookingsLimits::default() },
        );
        let app = Data::new(App::new(Parts {
            bookings: bookings.clone(),
            passes: PassVerifier::new("https://room.example", known.clone()),
            refresh_keys: Box::new({
                let (published, known) = (published.clone(), known.clone());
                move || {
                    known.store(published.load_full());
                    Box::pin(std::future::ready(()))
                }
            }),
            streams: StreamLimits {
                streams_max: 2,
                per_address_max: 2,
                proxies: TrustedProxies::none(),
                every: Duration::from_millis(1),
            },
            drain: drain.clone(),
            urls: PublicUrls {
                api: "https://api.example.de".to_owned(),
                page: Some("https://termine.example.de/".to_owned()),
            },
            entropy,
            limits,
            mails: Some(store.clone()),
            reports: Some(MailReports {
                token: TokenHash::of(REPORT_TOKEN),
                domain: "speyer.example".to_owned(),
                read: read_report,
            }),
        }));
        let minter = PassMinter::new(key, "https://room.example");
        let passes = Cell::new(0);
        let client = TestClient::start(&openapi(), routes(app.clone())).await;
        let pass = String::new();
        let mut api =
            Self { bookings, store, clock, drain, pass, published, minter, passes, client };
        api.pass = api.pass_of("07318000", "rehearsal");
        api.refreshed().await;
        api
    }

    /// Another pass for four, for residents of `ags`, valid for 15 minutes from the opening.
    pub(crate) fn pass_of(&self, ags: &str, campaign: &str) -> String {
        self.minter.mint(&self.claims(ags, campaign, scene::at(0)))
    }

    /// A pass of a resident who may book, bound to this person.
    pub(crate) fn bound_pass(&self, given_name: &str, family_name: &str, born: &str) -> String {
        let claims = self.claims("07318000", "rehearsal", scene::at(0));
        let subject = identity().person(&claims.campaign, given_name, family_name, born);
        self.minter.mint(&Claims { binding: Some(subject), ..claims })
    }

    /// A pass signed with a new key, which the waiting room has just published.
    pub(crate) fn pass_of_new_key(&self) -> String {
        let key = SigningKey::generate(&SeededEntropy::new(2));
        let keys = [self.minter.key().public_key().clone(), key.public_key().clone()];
        self.published.store(Arc::new(KeySet::new(keys).expect("two keys")));
        let minter = PassMinter::new(key, self.minter.issuer());
        minter.mint(&self.claims("07318000", "rehearsal", scene::at(0)))
    }

    /// A pass of a resident who may book, minted at `issued_at`.
    pub(crate) fn pass_at(&self, issued_at: Timestamp) -> String {
        self.minter.mint(&self.claims("07318000", "rehearsal", issued_at))
    }

    fn claims(&self, ags: &str, campaign: &str, issued_at: Timestamp) -> Claims {
        self.passes.set(self.passes.get() + 1);
        Claims {
            issuer: "https://room.example".to_owned(),
            campaign: campaign.parse().expect("a name"),
            pass_id: PassId::from_bytes([self.passes.get(); 16]),
            issued_at,
            expires_at: issued_at.plus(Duration::from_mins(15)),
            ags: ags.parse().expect("a municipality key"),
            seats: 4,
            binding: None,
        }
    }

    /// Waits until the service has looked at the store anew.
    pub(crate) async fn refreshed(&self) {
        // A look that was under way may have read before; the one after it has not.
        let seen = self.bookings.view().generation + 2;
        let mut interval = tokio::time::interval(Duration::from_millis(1));
        while self.bookings.view().generation < seen {
            interval.tick().await;
        }
    }

    /// Cancels a booking.
    pub(crate) async fn cancel(&self, booked: &Reply) {
        let path = format!("{}/cancellation", booked.header("location"));
        let token = booked.json["manage_token"].as_str().expect("a token");
        let call = self.request(&Method::POST, &path).bearer(token);
        let reply = call.header("idempotency-key", "cancel").send().await;
        assert_eq!(reply.status, 200, "{reply}");
    }

    /// Joins the waitlist.
    pub(crate) fn join(&self, given_name: &str, key: &str) -> Call {
        let body = json!({"person": person(given_name)});
        self.post("/v1/campaigns/rehearsal/waitlist", key, &body)
    }

    /// The entry of who joined with this reply.
    pub(crate) async fn entry(&self, joined: &Reply) -> Reply {
        let token = joined.json["waitlist_token"].as_str().expect("a token");
        self.get(joined.header("location")).bearer(token).send().await
    }

    /// The offer to who joined with this reply, once there is one.
    pub(crate) async fn offer_of(&self, joined: &Reply) -> OfferOf {
        for _ in 0..LOOKS_MAX {
            let shown = self.entry(joined).await;
            if let Some(id) = shown.json["offer"]["id"].as_str() {
                let path = format!("{}/offers/{id}", joined.header("location"));
                return OfferOf { id: id.to_owned(), path };
            }
            self.refreshed().await;
        }
        panic!("nothing is offered to {joined}");
    }

    /// Accepts an offer.
    pub(crate) fn accept(&self, joined: &Reply, offer: &str, key: &str) -> Call {
        let path = format!("{}/offers/{offer}/acceptance", joined.header("location"));
        let token = joined.json["waitlist_token"].as_str().expect("a token");
        self.request(&Method::POST, &path).bearer(token).header("idempotency-key", key)
    }

    /// Waits until so many offers are open.
    pub(crate) async fn until_offered(&self, offers: u32) {
        let campaign = scene::slot("rehearsal");
        for _ in 0..LOOKS_MAX {
            let view = self.bookings.view();
            let known = view.campaign(&campaign).expect("the campaign is known");
            if known.availability.waitlist.offered == offers {
                return;
            }
            self.refreshed().await;
        }
        panic!("there are never {offers} offers");
    }

    pub(crate) fn request(&self, method: &Method, path: &str) -> Call {
        self.client.request(method, path)
    }

    pub(crate) fn get(&self, path: &str) -> Call {
        self.client.get(path)
    }

    fn post(&self, path: &str, key: &str, body: &Value) -> Call {
        let request = self.request(&Method::POST, path).bearer(&self.pass);
        request.header("idempotency-key", key).json(body)
    }

    pub(crate) fn hold(&self, slot: &str, seats: u8, key: &str) -> Call {
        self.post("/v1/campaigns/rehearsal/holds", key, &json!({"slot": slot, "seats": seats}))
    }

    pub(crate) fn book_slot(&self, slot: &str, given_name: &str, key: &str) -> Call {
        let body = json!({"slot": slot, "person": person(given_name)});
        self.post("/v1/campaigns/rehearsal/bookings", key, &body)
    }

    pub(crate) fn book_hold(&self, hold: &str, given_name: &str, key: &str) -> Call {
        let body = json!({"person": person(given_name)});
        self.post(&format!("/v1/holds/{hold}/bookings"), key, &body)
    }

    pub(crate) fn book_group(&self, hold: &str, given_names: &[&str], key: &str) -> Call {
        let persons: Vec<Value> = given_names.iter().map(|name| person(name)).collect();
        self.post(&format!("/v1/holds/{hold}/bookings"), key, &json!({"persons": persons}))
    }
}

/// An offer, and where it is.
pub(crate) struct OfferOf {
    pub(crate) id: String,
    pub(crate) path: String,
}

/// The campaign of the scene with one opening, one place and two on the waitlist.
pub(crate) fn small(change: impl FnOnce(&mut Waitlist)) -> CampaignPlan {
    let mut campaign = scene::campaign();
    campaign.slots.truncate(1);
    (campaign.slots[0].capacity, campaign.slots[0].allotments) = (1, vec![1]);
    campaign.tranches.truncate(1);
    let mut waitlist = Waitlist::of(2);
    change(&mut waitlist);
    campaign.waitlist = Some(waitlist);
    CampaignPlan::new(campaign).expect("a plan")
}

fn identity() -> IdentityKey {
    IdentityKey::new(&[3; 32])
}

/// A person as typed in.
pub(crate) fn person(given_name: &str) -> Value {
    json!({
        "given_name": given_name,
        "family_name": "Muster",
        "date_of_birth": "1970-01-31",
        "email": "m@example.org",
    })
}
