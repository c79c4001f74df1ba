use jsonwebtoken::EncodingKey;
use serde_json::json;

use super::*;

const ISSUER: &str = "https://einlass.example";
const NOW: Timestamp = Timestamp::from_unix_s(1_623_650_400);

fn key() -> SigningKey {
    SigningKey::generate(&SeededEntropy::new(1))
}

fn campaign() -> CampaignId {
    "speyer-2021-06-20".parse().expect("a valid name")
}

fn claims() -> Claims {
    Claims {
        issuer: ISSUER.to_owned(),
        campaign: campaign(),
        pass_id: PassId::from_bytes([0xa5; 16]),
        issued_at: NOW,
        expires_at: NOW.plus(Duration::from_mins(15)),
        ags: "07318000".parse().expect("a valid key"),
        seats: 4,
        binding: None,
    }
}

fn verifier() -> PassVerifier {
    let keys = KeySet::new([key().public_key().clone()]).expect("one key");
    PassVerifier::new(ISSUER, Arc::new(ArcSwap::from_pointee(keys)))
}

fn header() -> Value {
    json!({"alg": "EdDSA", "typ": "adm+jwt", "kid": key().kid()})
}

fn payload() -> Value {
    json!({
        "iss": ISSUER, "aud": "speyer-2021-06-20", "jti": "a5".repeat(16),
        "iat": NOW.unix_s(), "nbf": NOW.unix_s(), "exp": NOW.unix_s() + 900,
        "ags": "07318000", "seats": 4,
    })
}

/// Sets a member, or removes it.
fn changed(mut object: Value, member: &str, value: Option<Value>) -> Value {
    let members = object.as_object_mut().expect("an object");
    match value {
        Some(value) => members.insert(member.to_owned(), value),
        None => members.remove(member),
    };
    object
}

/// A token with a right signature over whatever is given.
fn signed(header: &Value, payload: &Value) -> String {
    signed_bytes(header.to_string().as_bytes(), payload.to_string().as_bytes())
}

fn signed_bytes(header: &[u8], payload: &[u8]) -> String {
    let message = format!("{}.{}", URL_SAFE_NO_PAD.encode(header), URL_SAFE_NO_PAD.encode(payload));
    let pair = aws_lc_rs::signature::Ed25519KeyPair::from_pkcs8(key().pkcs8()).expect("a key");
    let signature = URL_SAFE_NO_PAD.encode(pair.sign(message.as_bytes()));
    format!("{message}.{signature}")
}

fn verify(token: &str) -> Result<Claims, PassError> {
    verifier().verify(token, &campaign(), NOW)
}

#[test]
fn a_pass_says_what_was_minted() {
    let minter = PassMinter::new(key(), ISSUER);
    let token = minter.mint(&claims());
    assert_eq!(verify(&token), Ok(claims()));
    assert_eq!(minter.mint(&claims()), token, "the same claims give the same bytes");
    assert_eq!(verify(&signed(&header(), &payload())), Ok(claims()));
}

/// Passes are verified by other people's code too: a change of these bytes is a change of the
/// documented format.
#[test]
fn the_format_is_frozen() {
    let key = SigningKey::from_pkcs8_pem(
        "-----BEGIN PRIVATE KEY-----\n\
         MC4CAQAwBQYDK2VwBCIEINTuctv5E1hK1bbY8fdp+K06/nwoy/HU++CXqI9EdVhC\n\
         -----END PRIVATE KEY-----\n",
    )
    .expect("the example key of RFC 8410");
    let token = PassMinter::new(key, ISSUER).mint(&claims());
    assert_eq!(token, FROZEN);
}

const FROZEN: &str = "\
    eyJ0eXAiOiJhZG0rand0IiwiYWxnIjoiRWREU0EiLCJraWQiOiIzWVp4QkoxMmpPM25fbVh0X3Etal9a\
    LVRGUDF2dC1OaUkzT0NmLWZFbkhRIn0.eyJpc3MiOiJodHRwczovL2Vpbmxhc3MuZXhhbXBsZSIsImF1\
    ZCI6InNwZXllci0yMDIxLTA2LTIwIiwianRpIjoiYTVhNWE1YTVhNWE1YTVhNWE1YTVhNWE1YTVhNWE1\
    YTUiLCJpYXQiOjE2MjM2NTA0MDAsIm5iZiI6MTYyMzY1MDQwMCwiZXhwIjoxNjIzNjUxMzAwLCJhZ3Mi\
    OiIwNzMxODAwMCIsInNlYXRzIjo0fQ.nHzXu_uj5QOYTTyD2UTx2axb93932KfNs-rq6ob3mGzYsKtcq\
    LCo4r-wyB84gAOlOJrwdW6KfPn-1UU-OQTfAA";

#[test]
fn unknown_claims_are_ignored() {
    let extended = changed(payload(), "lane", Some(json!("hotline")));
    assert_eq!(verify(&signed(&header(), &extended)), Ok(claims()));
}

#[test]
fn every_claim_but_the_binding_is_required_and_strictly_typed() {
    let far = u64::from(u32::MAX) + 1;
    let numbers = [json!("1623650400"), json!(1.5), json!(-1), json!(far), json!(true), json!([])];
    let cases: [(&'static str, Vec<Value>); 8] = [
        ("iss", vec![json!(7), json!([ISSUER]), json!({})]),
        ("aud", vec![json!(7), json!(["speyer-2021-06-20"]), json!(""), json!("a b")]),
        ("jti", vec![json!(7), json!(""), json!("A5".repeat(16)), json!("a5".repeat(17))]),
        ("iat", numbers.to_vec()),
        ("nbf", numbers.to_vec()),
        ("exp", [numbers.to_vec(), vec![json!(NOW.unix_s())]].concat()),
        ("ags", vec![json!(7_318_000), json!("7318000"), json!("0731800a"), json!("073180000")]),
        ("seats", vec![json!("4"), json!(0), json!(5), json!(260), json!(-1), json!(1.0)]),
    ];
    for (name, values) in cases {
        let values = values.into_iter().chain([Value::Null]).map(Some).chain([None]);
        for value in values {
            let token = signed(&header(), &changed(payload(), name, value.clone()));
            assert_eq!(verify(&token), Err(PassError::ClaimInvalid(name)), "{name}: {value:?}");
        }
    }
}

#[test]
fn a_pass_may_be_bound_to_a_subject() {
    let bound = Claims { binding: Some(Subject::from_bytes([0xb6; 16])), ..claims() };
    let token = PassMinter::new(key(), ISSUER).mint(&bound);
    assert_eq!(verify(&token), Ok(bound.clone()));
    let payload_with = |sub: Value| changed(payload(), "sub", Some(sub));
    let same = signed(&header(), &payload_with(json!("tra2tra2tra2tra2tra2tg")));
    assert_eq!(verify(&same), Ok(bound));
    for bad in [
        Value::Null,
        json!(""),
        json!(7),
        json!("tra2tra2tra2tra2tra2tg=="),
        json!("tra2tra2tra2tra2tra2t"),
        json!("b6".repeat(16)),
    ] {
        let token = signed(&header(), &payload_with(bad.clone()));
        assert_eq!(verify(&token), Err(PassError::ClaimInvalid("sub")), "{bad}");
    }
}

#[test]
fn the_header_must_be_that_of_a_pass() {
    let unknown = PassError::UnknownKey { kid: "other".to_owned() };
    let cases = [
        ("typ", Some(json!("JWT")), PassError::WrongType),
        ("typ", Some(json!("at+jwt")), PassError::WrongType),
        ("typ", Some(json!(7)), PassError::Malformed),
        ("typ", None, PassError::WrongType),
        ("kid", Some(json!("other")), unknown),
        ("kid", Some(json!("")), PassError::Malformed),
        ("kid", Some(json!("a\nb")), PassError::Malformed),
        ("kid", Some(json!("k".repeat(65))), PassError::Malformed),
        ("kid", Some(json!(7)), PassError::Malformed),
        ("kid", None, PassError::Malformed),
        ("alg", Some(json!("none")), PassError::Malformed),
        ("alg", Some(json!("eddsa")), PassError::Malformed),
        ("alg", Some(json!("HS256")), PassError::WrongAlgorithm),
        ("alg", Some(json!("ES256")), PassError::WrongAlgorithm),
        ("alg", None, PassError::Malformed),
        ("crit", Some(json!(["exp"])), PassError::Malformed),
    ];
    for (member, value, expected) in cases {
        let token = signed(&changed(header(), member, value.clone()), &payload());
        assert_eq!(verify(&token), Err(expected), "{member}: {value:?}");
    }
}

#[test]
fn the_public_key_is_no_hmac_secret() {
    let mut header = jsonwebtoken::Header::new(Algorithm::HS256);
    header.typ = Some(TOKEN_TYPE.to_owned());
    header.kid = Some(key().kid().to_owned());
    let secret = EncodingKey::from_secret(key().public_key().as_bytes());
    let token = jsonwebtoken::encode(&header, &payload(), &secret).expect("signs");
    assert_eq!(verify(&token), Err(PassError::WrongAlgorithm));
}

#[test]
fn a_signature_must_be_there_and_right() {
    let token = signed(&header(), &payload());
    let (message, signature) = token.rsplit_once('.').expect("three parts");
    let other_payload = changed(payload(), "ags", Some(json!("07332025")));
    let other_token = signed(&header(), &other_payload);
    let (other_message, _) = other_token.rsplit_once('.').expect("three parts");
    let short = URL_SAFE_NO_PAD.encode([0; 32]);
    for bad in [
        format!("{message}."),
        format!("{message}.{short}"),
        format!("{message}.{}", URL_SAFE_NO_PAD.encode([0; 64])),
        format!("{other_message}.{signature}"),
    ] {
        assert_eq!(verify(&bad), Err(PassError::BadSignature), "{bad}");
    }
    let unsigned = changed(header(), "alg", Some(json!("none")));
    let unsigned = signed(&unsigned, &payload());
    let (unsigned, _) = unsigned.rsplit_once('.').expect("three parts");
    assert_eq!(verify(&format!("{unsigned}.")), Err(PassError::Malformed));
}

#[test]
fn a_pass_of_another_key_with_the_same_id_is_refused() {
    let other = SigningKey::generate(&SeededEntropy::new(2));
    let x = URL_SAFE_NO_PAD.encode(other.public_key().as_bytes());
    let jwk = json!({"kty": "OKP", "crv": "Ed25519", "kid": key().kid(), "x": x});
    let keys = KeySet::from_jwks(&json!({"keys": [jwk]}).to_string()).expect("one key");
    let verifier = PassVerifier::new(ISSUER, Arc::new(ArcSwap::from_pointee(keys)));
    let token = signed(&header(), &payload());
    assert_eq!(verifier.verify(&token, &campaign(), NOW), Err(PassError::BadSignature));
}

#[test]
fn what_is_not_a_token_is_malformed() {
    let token = signed(&header(), &payload());
    let long = format!("{token}{}", "A".repeat(TOKEN_LENGTH_MAX));
    let not_json = signed_bytes(header().to_string().as_bytes(), b"7");
    let cut = token.rsplit_once('.').expect("three parts").0;
    for bad in [
        "",
        ".",
        "..",
        "a.b.c",
        "…",
        cut,
        &format!("{token}.x"),
        &format!("{token}="),
        &long,
        &not_json,
    ] {
        assert_eq!(verify(bad), Err(PassError::Malformed), "{bad}");
    }
}

#[test]
fn issuer_and_campaign_must_be_the_expected_ones() {
    let token = signed(&header(), &payload());
    let other: CampaignId = "speyer-2021-06-21".parse().expect("a valid name");
    assert_eq!(verifier().verify(&token, &other, NOW), Err(PassError::WrongAudience));
    let foreign = changed(payload(), "iss", Some(json!("https://einlass.example/")));
    assert_eq!(verify(&signed(&header(), &foreign)), Err(PassError::WrongIssuer));
}

#[test]
fn time_is_checked_with_five_seconds_of_leeway() {
    let token = signed(&header(), &payload());
    let at = |ms: i64| {
        let now = Timestamp::from_unix_ms(NOW.unix_ms() + ms);
        verifier().verify(&token, &campaign(), now).map(|_| ())
    };
    assert_eq!(at(-5_001), Err(PassError::NotYetValid));
    assert_eq!(at(-5_000), Ok(()));
    assert_eq!(at(904_999), Ok(()));
    assert_eq!(at(905_000), Err(PassError::Expired));
}

#[test]
fn a_rotated_key_set_takes_effect_at_once() {
    let keys = Arc::new(ArcSwap::from_pointee(KeySet::default()));
    let verifier = PassVerifier::new(ISSUER, keys.clone());
    let token = PassMinter::new(key(), ISSUER).mint(&claims());
    let unknown = PassError::UnknownKey { kid: key().kid().to_owned() };
    assert_eq!(verifier.verify(&token, &campaign(), NOW), Err(unknown));
    keys.store(Arc::new(KeySet::new([key().public_key().clone()]).expect("one key")));
    assert_eq!(verifier.verify(&token, &campaign(), NOW), Ok(claims()));
}

#[test]
fn the_self_test_passes() {
    assert_eq!(self_test(), Ok(()));
}

/// Whoever shares the key believes the code alone; everybody else, and whoever has another key, the signature.
#[test]
fn a_code_stands_for_the_signature() {
    let mac_key = crate::IdentityKey::new(&[3; 32]).pass_mac_key();
    let other_key = crate::IdentityKey::new(&[4; 32]).pass_mac_key();
    let mint = |key| PassMinter::new(key, ISSUER).with_mac(Some(mac_key.clone())).mint(&claims());
    let token = mint(key());
    let (signed, _) = token.rsplit_once('.').expect("three parts");
    let unsigned = format!("{signed}.{}", "A".repeat(86));
    let verify = |token: &str, key: Option<&PassMacKey>| {
        verifier().with_mac(key.cloned()).verify(token, &campaign(), NOW)
    };
    for key in [None, Some(&mac_key), Some(&other_key)] {
        assert_eq!(verify(&token, key), Ok(claims()));
    }
    assert_eq!(verify(&unsigned, Some(&mac_key)), Ok(claims()));
    for key in [None, Some(&other_key)] {
        assert_eq!(verify(&unsigned, key), Err(PassError::BadSignature));
    }
    // Another payload, or another key's name, under the same code.
    let parts: Vec<&str> = unsigned.split('.').collect();
    let payload = changed(payload(), "seats", Some(json!(1))).to_string();
    let forged = format!("{}.{}.{}", parts[0], URL_SAFE_NO_PAD.encode(payload), parts[2]);
    assert_eq!(verify(&forged, Some(&mac_key)), Err(PassError::BadSignature));
    let unknown = mint(SigningKey::generate(&SeededEntropy::new(2)));
    let refused = verify(&unknown, Some(&mac_key));
    assert!(matches!(refused, Err(PassError::UnknownKey { .. })), "{refused:?}");
}
