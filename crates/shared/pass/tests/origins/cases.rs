//! Tokens that are passes, and tokens that are wrong in one way each: one of every rule under "Verifying" in
//! `docs/pass.md`.

use aws_lc_rs::hmac;
use aws_lc_rs::signature::{Ed25519KeyPair, KeyPair};
use base64::Engine;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use serde_json::{Value, json};

use crate::Verdict;

pub const ISSUER: &str = "https://einlass.example";
pub const AUDIENCE: &str = "speyer-2021-06-20";

const ID: &str = "a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5";
const ISSUED_S: i64 = 1_623_650_400;
const ENDS_S: i64 = ISSUED_S + 900;
const LEEWAY_S: i64 = 5;

/// What is looked at, when, and what is to be said of it.
pub struct Case {
    pub name: String,
    pub token: String,
    pub now_s: i64,
    pub verdict: Verdict,
}

/// A key that signs in the tests, by the number it is made of. The first two are published.
struct Key {
    pair: Ed25519KeyPair,
    kid: String,
}

fn key(number: u8) -> Key {
    let pair = Ed25519KeyPair::from_seed_unchecked(&[number; 32]).expect("any 32 bytes are a seed");
    Key { pair, kid: format!("key-{number}") }
}

impl Key {
    fn public(&self) -> &[u8] {
        self.pair.public_key().as_ref()
    }

    fn signed(&self, header: &Value, claims: &Value) -> String {
        let message = message(header, claims);
        let signature = URL_SAFE_NO_PAD.encode(self.pair.sign(message.as_bytes()));
        format!("{message}.{signature}")
    }
}

/// What the waiting room publishes while it rotates its keys.
pub fn key_set() -> Value {
    let members = [key(1), key(2)].map(|key| {
        json!({"kty": "OKP", "crv": "Ed25519", "use": "sig", "alg": "EdDSA", "kid": key.kid,
            "x": URL_SAFE_NO_PAD.encode(key.public())})
    });
    json!({"keys": members})
}

fn header() -> Value {
    json!({"typ": "adm+jwt", "alg": "EdDSA", "kid": "key-1"})
}

fn claims() -> Value {
    json!({"iss": ISSUER, "aud": AUDIENCE, "jti": ID, "iat": ISSUED_S, "nbf": ISSUED_S, "exp": ENDS_S,
        "ags": "07318000", "seats": 4})
}

fn message(header: &Value, claims: &Value) -> String {
    let part = |value: &Value| URL_SAFE_NO_PAD.encode(value.to_string());
    format!("{}.{}", part(header), part(claims))
}

/// Sets a member, or removes it.
fn with(mut object: Value, member: &str, value: Option<Value>) -> Value {
    let members = object.as_object_mut().expect("an object");
    match value {
        Some(value) => members.insert(member.to_owned(), value),
        None => members.remove(member),
    };
    object
}

fn right() -> String {
    key(1).signed(&header(), &claims())
}

pub fn all() -> Vec<Case> {
    [accepted(), shapes(), headers(), signatures(), bad_claims(), times()]
        .into_iter()
        .flatten()
        .collect()
}

fn case(name: impl Into<String>, token: String, verdict: Verdict) -> Case {
    Case { name: name.into(), token, now_s: ISSUED_S, verdict }
}

fn refused(name: impl Into<String>, token: String) -> Case {
    case(name, token, Verdict::Refused)
}

fn pass(seats: u8) -> Verdict {
    Verdict::Accepted(ID.to_owned(), seats)
}

fn accepted() -> Vec<Case> {
    let claims_with =
        |member, value| key(1).signed(&header(), &with(claims(), member, Some(value)));
    let header_with =
        |member, value| key(1).signed(&with(header(), member, Some(value)), &claims());
    vec![
        case("a pass", right(), pass(4)),
        case("for one person", claims_with("seats", json!(1)), pass(1)),
        case("bound to a person", claims_with("sub", json!("tra2tra2tra2tra2tra2tg")), pass(4)),
        case("with a claim nobody knows", claims_with("lane", json!({"exp": 1})), pass(4)),
        case("with a header nobody knows", header_with("mac", json!("YWJj")), pass(4)),
        case(
            "by the next key",
            key(2).signed(&with(header(), "kid", Some(json!("key-2"))), &claims()),
            pass(4),
        ),
    ]
}

/// Rule 1.
fn shapes() -> Vec<Case> {
    let right = right();
    let (message, _) = right.rsplit_once('.').expect("three parts");
    let long = with(claims(), "note", Some(json!("x".repeat(1_500))));
    let no_object = URL_SAFE_NO_PAD.encode("[]");
    vec![
        refused("nothing", String::new()),
        refused("no JWT", "eyJ0eXAi".to_owned()),
        refused("two parts", message.to_owned()),
        refused("four parts", format!("{right}.AAAA")),
        refused("five parts", format!("{right}..")),
        refused("too long", key(1).signed(&header(), &long)),
        refused("a header that is no JSON", format!("AAAA{}", &right[4..])),
        refused(
            "a header that is no object",
            format!("{no_object}{}", &right[right.find('.').expect("a dot")..]),
        ),
        refused("claims that are no object", key(1).signed(&header(), &json!([]))),
        refused("claims that are null", key(1).signed(&header(), &Value::Null)),
    ]
}

/// Rules 2 to 4, each under a right signature, so that nothing but the header is wrong.
fn headers() -> Vec<Case> {
    let mut cases = Vec::new();
    for (member, value) in [
        ("alg", Some(json!("none"))),
        ("alg", Some(json!("HS256"))),
        ("alg", Some(json!("ES256"))),
        ("alg", Some(json!("eddsa"))),
        ("alg", Some(json!(["EdDSA"]))),
        ("alg", None),
        ("typ", Some(json!("JWT"))),
        ("typ", Some(json!("at+jwt"))),
        ("typ", Some(json!("application/adm+jwt"))),
        ("typ", None),
        ("crit", Some(json!(["exp"]))),
        ("crit", Some(json!([]))),
    ] {
        let name = format!("{member} is {value:?}");
        cases.push(refused(name, key(1).signed(&with(header(), member, value), &claims())));
    }
    let unknown = with(header(), "kid", Some(json!("key-3")));
    cases.push(case(
        "a key that is not published",
        key(3).signed(&unknown, &claims()),
        Verdict::UnknownKey,
    ));
    cases
}

/// Rule 5, and what is tried to get around it.
fn signatures() -> Vec<Case> {
    let right = right();
    let (message, signature) = right.rsplit_once('.').expect("three parts");
    let changed =
        |object: &Value, member: &str, value: Value| with(object.clone(), member, Some(value));
    let moved = |claims: &Value| format!("{}.{signature}", self::message(&header(), claims));
    let other_key = with(header(), "kid", Some(json!("key-2")));
    let own_key =
        json!({"kty": "OKP", "crv": "Ed25519", "x": URL_SAFE_NO_PAD.encode(key(3).public())});
    let first = if signature.starts_with('A') { 'B' } else { 'A' };
    let unsigned = self::message(&changed(&header(), "alg", json!("none")), &claims());
    let mut cases = vec![
        refused("more seats than were signed", moved(&changed(&claims(), "seats", json!(3)))),
        refused(
            "a later end than was signed",
            moved(&changed(&claims(), "exp", json!(ENDS_S + 1))),
        ),
        refused("a changed signature", format!("{message}.{first}{}", &signature[1..])),
        refused("a short signature", format!("{message}.{}", &signature[..40])),
        refused("an empty signature", format!("{message}.")),
        refused("signed by another published key", key(2).signed(&header(), &claims())),
        refused("naming another published key", key(1).signed(&other_key, &claims())),
        refused("signed by nobody's key", key(3).signed(&header(), &claims())),
        refused(
            "bringing its own key",
            key(3).signed(&changed(&header(), "jwk", own_key), &claims()),
        ),
        refused("unsigned", format!("{unsigned}.")),
        refused("unsigned, with a right signature of another", format!("{unsigned}.{signature}")),
    ];
    for (form, secret) in public_key_as_secret() {
        let message = self::message(&changed(&header(), "alg", json!("HS256")), &claims());
        let code = hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, &secret), message.as_bytes());
        let token = format!("{message}.{}", URL_SAFE_NO_PAD.encode(code));
        cases.push(refused(format!("HS256 with the public key as {form}"), token));
    }
    cases
}

/// The public key in the forms in which a library may take it for the secret of an HMAC.
fn public_key_as_secret() -> [(&'static str, Vec<u8>); 3] {
    let public = key(1).public().to_vec();
    let x = URL_SAFE_NO_PAD.encode(&public);
    let der = [&b"\x30\x2a\x30\x05\x06\x03\x2b\x65\x70\x03\x21\x00"[..], &public].concat();
    let pem =
        format!("-----BEGIN PUBLIC KEY-----\n{}\n-----END PUBLIC KEY-----\n", STANDARD.encode(der));
    [("bytes", public), ("base64url", x.into_bytes()), ("PEM", pem.into_bytes())]
}

/// Rules 6 and 7, each under a right signature.
fn bad_claims() -> Vec<Case> {
    let numbers = [json!("1623650400"), json!(1.5), json!(true), json!([]), Value::Null];
    let texts = [json!(7), json!(""), json!({}), Value::Null];
    let wrong: [(&str, Vec<Value>); 9] = [
        ("iss", [&texts[..], &[json!("somebody"), json!([ISSUER])]].concat()),
        ("aud", [&texts[..], &[json!("speyer-2021-06-21"), json!([AUDIENCE])]].concat()),
        (
            "jti",
            [&texts[..], &[json!(ID.to_uppercase()), json!(format!("{ID}a")), json!([ID])]]
                .concat(),
        ),
        ("iat", [&numbers[..], &[json!(ENDS_S), json!(ENDS_S + 1)]].concat()),
        ("nbf", numbers.to_vec()),
        ("exp", numbers.to_vec()),
        ("ags", [&texts[..], &[json!("7318000"), json!("0731800a"), json!("07318000\n")]].concat()),
        (
            "seats",
            [&numbers[..], &[json!("4"), json!(0), json!(5), json!(-1), json!([4])]].concat(),
        ),
        (
            "sub",
            [&texts[..], &[json!("tra2tra2tra2tra2tra2t"), json!("tra2tra2tra2tra2tra2tg==")]]
                .concat(),
        ),
    ];
    let mut cases = Vec::new();
    for (claim, values) in wrong {
        let missing = if claim == "sub" { None } else { Some(None) };
        for value in values.into_iter().map(Some).chain(missing) {
            let name = format!("{claim} is {value:?}");
            cases.push(refused(name, key(1).signed(&header(), &with(claims(), claim, value))));
        }
    }
    cases
}

/// Rule 8, to the second.
fn times() -> Vec<Case> {
    let at =
        |name: &str, now_s, verdict| Case { name: name.to_owned(), token: right(), now_s, verdict };
    vec![
        at("a clock that is slow within the leeway", ISSUED_S - LEEWAY_S, pass(4)),
        at("not valid yet", ISSUED_S - LEEWAY_S - 1, Verdict::Refused),
        at("the last second", ENDS_S + LEEWAY_S - 1, pass(4)),
        at("expired", ENDS_S + LEEWAY_S, Verdict::Refused),
        at("long expired", ENDS_S + 86_400, Verdict::Refused),
    ]
}
