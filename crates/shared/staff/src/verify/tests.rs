use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use arc_swap::ArcSwap;
use jsonwebtoken::jwk::Jwk;
use jsonwebtoken::{Algorithm, EncodingKey, Header};
use kernel::{SeededEntropy, Timestamp};
use pass::{KeySet, SigningKey};
use serde_json::{Value, json};

use super::{LEEWAY, StaffTokenError, StaffVerifier, TOKEN_LENGTH_MAX};
use crate::{Campaigns, Issuer, ProviderClaims, Role, Staff, StaffKeys, StaffSigner, TOKEN_TYPE};

const PROVIDER: &str = "https://login.speyer.example/realms/town";

fn now() -> Timestamp {
    Timestamp::from_unix_s(1_623_650_400)
}

fn key(seed: u64) -> SigningKey {
    SigningKey::generate(&SeededEntropy::new(seed))
}

fn published(seed: u64) -> Arc<ArcSwap<StaffKeys>> {
    let jwks = KeySet::new([key(seed).public_key().clone()]).expect("a key").to_jwks();
    Arc::new(ArcSwap::from_pointee(StaffKeys::from_jwks(&jwks).expect("a JWKS")))
}

/// Takes tokens of the town's key 1 and of the provider's key 2.
fn verifier() -> StaffVerifier {
    let claims = ProviderClaims { roles: "realm_access.roles".into(), ..ProviderClaims::default() };
    StaffVerifier::new(vec![
        Issuer::own(published(1)),
        Issuer::provider(PROVIDER, "einlass", claims, published(2)),
    ])
}

fn erika() -> Staff {
    let speyer = "speyer-2021-06-20".parse().expect("a name");
    Staff {
        subject: "erika".into(),
        roles: BTreeSet::from([Role::Operator, Role::Hotline]),
        campaigns: Campaigns::Only(BTreeSet::from([speyer])),
    }
}

fn signed(seed: u64, header: impl FnOnce(&mut Header), claims: &Value) -> String {
    let key = key(seed);
    let mut fields = Header::new(Algorithm::EdDSA);
    fields.kid = Some(key.kid().to_owned());
    header(&mut fields);
    let encoding = EncodingKey::from_ed_pem(key.to_pkcs8_pem().as_bytes()).expect("a key");
    jsonwebtoken::encode(&fields, claims, &encoding).expect("signed")
}

/// A token of the provider with these claims changed; null takes one away.
fn of_provider(changed: &Value) -> Result<Staff, StaffTokenError> {
    let mut claims = json!({
        "iss": PROVIDER, "aud": ["account", "einlass"], "sub": "f:1:erika", "azp": "console",
        "exp": now().unix_s() + 300,
        "realm_access": {"roles": ["offline_access", "einlass-gate", "einlass-janitor", "operator"]},
    });
    for (name, value) in changed.as_object().expect("claims") {
        claims[name] = value.clone();
    }
    claims.as_object_mut().expect("claims").retain(|_, value| !value.is_null());
    verifier().verify(&signed(2, |_| (), &claims), now())
}

#[test]
fn a_token_says_who_it_is_until_it_ends() {
    let token = StaffSigner::new(&key(1)).issue(&erika(), now(), Duration::from_hours(1));
    let at = |after: Duration| verifier().verify(&token, now().plus(after));
    assert_eq!(at(Duration::ZERO), Ok(erika()));
    let end = Duration::from_hours(1) + LEEWAY;
    assert_eq!(at(end.saturating_sub(Duration::from_secs(1))), Ok(erika()));
    assert_eq!(at(end), Err(StaffTokenError::Expired));
}

#[test]
fn everywhere_is_written_as_a_star() {
    let staff = Staff { campaigns: Campaigns::All, ..erika() };
    let token = StaffSigner::new(&key(1)).issue(&staff, now(), Duration::from_hours(1));
    assert_eq!(verifier().verify(&token, now()), Ok(staff));
}

#[test]
fn only_the_key_of_the_issuer_signs_for_it() {
    let claims = |iss: &str| {
        json!({"iss": iss, "aud": ["einlass-staff", "einlass"], "sub": "eve", "exp": now().unix_s() + 60,
               "roles": ["operator"], "campaigns": ["*"], "realm_access": {"roles": ["einlass-operator"]}})
    };
    let of_type = |header: &mut Header| header.typ = Some(TOKEN_TYPE.into());
    let verify = |token: String| verifier().verify(&token, now()).map(|staff| staff.subject);
    assert_eq!(verify(signed(1, of_type, &claims("einlass"))), Ok("eve".into()));
    assert_eq!(verify(signed(2, of_type, &claims("einlass"))), Err(StaffTokenError::UnknownKey));
    assert_eq!(verify(signed(1, of_type, &claims(PROVIDER))), Err(StaffTokenError::UnknownKey));
    assert_eq!(
        verify(signed(1, of_type, &claims("https://evil.example"))),
        Err(StaffTokenError::UnknownIssuer)
    );
    let pretends = |header: &mut Header| {
        of_type(header);
        header.kid = Some(key(1).kid().to_owned());
    };
    assert_eq!(verify(signed(2, pretends, &claims("einlass"))), Err(StaffTokenError::BadSignature));
    assert_eq!(verify(signed(1, |_| (), &claims("einlass"))), Err(StaffTokenError::Malformed));
    let critical = |header: &mut Header| {
        of_type(header);
        header.crit = Some(vec!["b64".into()]);
    };
    assert_eq!(verify(signed(1, critical, &claims("einlass"))), Err(StaffTokenError::Malformed));
}

#[test]
fn an_algorithm_of_the_tokens_choice_opens_nothing() {
    let claims = json!({"iss": "einlass", "aud": "einlass-staff", "sub": "eve", "exp": now().unix_s() + 60,
                        "roles": ["operator"], "campaigns": ["*"]});
    let mut header = Header::new(Algorithm::HS256);
    header.typ = Some(TOKEN_TYPE.into());
    header.kid = Some(key(1).kid().to_owned());
    // The public key as if it were a shared secret.
    let secret = EncodingKey::from_secret(key(1).public_key().as_bytes());
    let token = jsonwebtoken::encode(&header, &claims, &secret).expect("signed");
    assert_eq!(verifier().verify(&token, now()), Err(StaffTokenError::BadSignature));
    let body = token.split('.').nth(1).expect("a payload");
    for none in
        [format!("eyJhbGciOiJub25lIn0.{body}."), body.into(), format!(".{body}."), String::new()]
    {
        assert_eq!(verifier().verify(&none, now()), Err(StaffTokenError::Malformed), "{none}");
    }
    let long = format!("{token}{}", "A".repeat(TOKEN_LENGTH_MAX));
    assert_eq!(verifier().verify(&long, now()), Err(StaffTokenError::Malformed));
}

#[test]
fn a_provider_names_our_roles_among_its_own() {
    let gate = Staff {
        subject: "f:1:erika".into(),
        roles: BTreeSet::from([Role::Gate]),
        campaigns: Campaigns::All,
    };
    assert_eq!(of_provider(&json!({})), Ok(gate.clone()));
    let speyer = Campaigns::Only(BTreeSet::from(["speyer".parse().expect("a name")]));
    let campaigns = json!({"einlass_campaigns": ["speyer"]});
    assert_eq!(of_provider(&campaigns), Ok(Staff { campaigns: speyer, ..gate }));
}

#[test]
fn a_provider_signs_with_the_keys_that_providers_have() {
    use aws_lc_rs::encoding::AsDer as _;
    use aws_lc_rs::rsa::{KeyPair as RsaKeyPair, KeySize};
    use aws_lc_rs::signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair};

    let ec = EcdsaKeyPair::generate(&ECDSA_P256_SHA256_FIXED_SIGNING).expect("a key");
    let ec = EncodingKey::from_ec_der(ec.to_pkcs8v1().expect("DER").as_ref());
    let rsa = RsaKeyPair::generate(KeySize::Rsa2048).expect("a key").as_der().expect("DER");
    let rsa = pem::encode(&pem::Pem::new("PRIVATE KEY", rsa.as_ref()));
    let rsa = EncodingKey::from_rsa_pem(rsa.as_bytes()).expect("a key");
    let signing = [("ec", Algorithm::ES256, ec), ("rsa", Algorithm::RS256, rsa)];
    let public = signing.iter().map(|(kid, algorithm, key)| {
        let mut jwk = Jwk::from_encoding_key(key, *algorithm).expect("a public key");
        jwk.common.key_id = Some((*kid).into());
        jwk
    });
    let jwks = json!({ "keys": public.collect::<Vec<_>>() });
    let keys = StaffKeys::from_jwks(&jwks.to_string()).expect("a JWKS");
    let provider = Issuer::provider(
        PROVIDER,
        "einlass",
        ProviderClaims::default(),
        Arc::new(ArcSwap::from_pointee(keys)),
    );
    let verifier = StaffVerifier::new(vec![provider]);
    let claims = json!({"iss": PROVIDER, "aud": "einlass", "sub": "erika", "exp": now().unix_s() + 60,
                        "roles": ["einlass-auditor"]});
    for (kid, algorithm, key) in signing {
        let mut header = Header::new(algorithm);
        header.kid = Some(kid.into());
        let token = jsonwebtoken::encode(&header, &claims, &key).expect("signed");
        let staff = verifier.verify(&token, now()).expect(kid);
        assert_eq!(staff.roles, BTreeSet::from([Role::Auditor]));
    }
}

#[test]
fn what_a_token_must_say_is_required() {
    let invalid = StaffTokenError::ClaimInvalid;
    let cases = [
        (json!({"aud": "account"}), StaffTokenError::WrongAudience),
        (json!({"aud": null}), StaffTokenError::WrongAudience),
        (json!({"exp": null}), invalid("exp")),
        (json!({"exp": "tomorrow"}), invalid("exp")),
        (json!({"exp": 1u64 << 32}), invalid("exp")),
        (json!({"exp": now().unix_s() - 31}), StaffTokenError::Expired),
        (json!({"nbf": now().unix_s() + 31}), StaffTokenError::NotYetValid),
        (json!({"nbf": -1}), invalid("nbf")),
        (json!({"sub": null}), invalid("sub")),
        (json!({"sub": ""}), invalid("sub")),
        (json!({"sub": "two\nlines"}), invalid("sub")),
        (json!({"sub": "cli:root"}), invalid("sub")),
        (json!({"sub": "start"}), invalid("sub")),
        (json!({"realm_access": null}), StaffTokenError::NoRole),
        (json!({"realm_access": {"roles": "einlass-gate"}}), StaffTokenError::NoRole),
        (json!({"realm_access": {"roles": ["gate"]}}), StaffTokenError::NoRole),
        (json!({"einlass_campaigns": "speyer"}), invalid("campaigns")),
        (json!({"einlass_campaigns": ["Not A Name"]}), invalid("campaigns")),
        (json!({"einlass_campaigns": vec!["a"; 101]}), invalid("campaigns")),
    ];
    for (changed, expected) in cases {
        assert_eq!(of_provider(&changed), Err(expected), "{changed}");
    }
}

#[test]
fn without_issuers_nobody_is_staff() {
    let token = StaffSigner::new(&key(1)).issue(&erika(), now(), Duration::from_hours(1));
    assert_eq!(StaffVerifier::default().verify(&token, now()), Err(StaffTokenError::UnknownIssuer));
}
