//! `GET /.well-known/jwks.json`: the public keys that verify passes.

use actix_web::http::header::HeaderValue;
use actix_web::web::Data;
use actix_web::{HttpRequest, HttpResponse, get};
use utoipa::ToSchema;
use web::CachedBody;

use crate::app::App;

/// How long whoever reads the key set may keep it, in seconds: a new key is published for longer before it signs.
pub const KEY_SET_MAX_AGE_S: u32 = 300;

/// The media type of a key set (RFC 7517, section 8.5.2).
const JWK_SET: HeaderValue = HeaderValue::from_static("application/jwk-set+json");

/// A key set (RFC 7517).
#[derive(ToSchema)]
#[expect(dead_code, reason = "describes the body; the body itself is written by `KeySet`")]
struct JwkSet {
    /// The keys.
    keys: Vec<Jwk>,
}

/// A public key (RFC 8037).
#[derive(ToSchema)]
#[expect(dead_code, reason = "describes the body; the body itself is written by `KeySet`")]
struct Jwk {
    /// The type of the key.
    #[schema(example = "OKP")]
    kty: String,
    /// Its curve.
    #[schema(example = "Ed25519")]
    crv: String,
    /// What it signs with.
    #[schema(example = "EdDSA")]
    alg: String,
    /// What it is for: signatures.
    #[schema(rename = "use", example = "sig")]
    usage: String,
    /// The id that passes name in their header.
    kid: String,
    /// The key, in base64url.
    x: String,
}

/// Show the public keys that verify passes.
///
/// A pass names one of them by `kid`. A verifier that meets a `kid` it does not know reads the set
/// again, once.
#[utoipa::path(
    tag = "services",
    responses(
        (
            status = 200,
            description = "The key set.",
            body = JwkSet,
            content_type = "application/jwk-set+json",
            headers(
                ("ETag" = String, description = "Changes with the keys."),
                ("Cache-Control" = String, description = "`public, max-age=300`"),
            ),
        ),
        (status = 304, description = "Unchanged."),
    ),
)]
#[get("/.well-known/jwks.json")]
pub(crate) async fn show_jwks(app: Data<App>, request: HttpRequest) -> HttpResponse {
    CachedBody::json(app.keys.load().to_jwks(), KEY_SET_MAX_AGE_S)
        .content_type(JWK_SET)
        .respond(&request)
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use arc_swap::ArcSwap;
    use kernel::{SeededEntropy, Timestamp};
    use pass::{KeySet, PassVerifier, SigningKey};
    use waiting_room::contract::START;

    use crate::harness::{Harness, ISSUER};

    #[actix_web::test]
    async fn the_published_keys_verify_the_passes() {
        let harness = Harness::start().await;
        let (_, pass) = harness.admitted().await;
        let reply = harness.get("/.well-known/jwks.json").send().await;
        assert_eq!(reply.status, 200);
        assert_eq!(reply.header("content-type"), "application/jwk-set+json");
        assert_eq!(reply.header("cache-control"), "public, max-age=300");
        let text = std::str::from_utf8(&reply.bytes).expect("text");
        let keys = KeySet::from_jwks(text).expect("a key set");
        let verifier = PassVerifier::new(ISSUER, Arc::new(ArcSwap::from_pointee(keys)));
        let town = "town".parse().expect("a name");
        let now = Timestamp::from_unix_s(START.unix_s() + 20);
        let claims = verifier.verify(&pass, &town, now).expect("a valid pass");
        assert_eq!((claims.ags.to_string().as_str(), claims.seats), ("07318000", 4));
    }

    #[actix_web::test]
    async fn a_rotated_key_is_published_at_once() {
        let harness = Harness::start().await;
        let before = harness.get("/.well-known/jwks.json").send().await;
        let tag = before.header("etag");
        let again = harness.get("/.well-known/jwks.json").header("if-none-match", tag);
        assert_eq!(again.send().await.status, 304);
        let new = SigningKey::generate(&SeededEntropy::new(99));
        let keys = KeySet::new([new.public_key().clone()]).expect("a key set");
        harness.app.keys.store(Arc::new(keys));
        let after = harness.get("/.well-known/jwks.json").send().await;
        assert_eq!(after.json["keys"][0]["kid"], new.kid());
        assert_ne!(after.header("etag"), tag);
    }
}
