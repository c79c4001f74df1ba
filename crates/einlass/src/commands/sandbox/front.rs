//! What meets each request in the sandbox before the services do: magic words, and ordered answers.

use std::sync::Arc;

use actix_web::Error;
use actix_web::body::BoxBody;
use actix_web::dev::{Payload, ServiceRequest, ServiceResponse};
use actix_web::http::header::CONTENT_LENGTH;
use actix_web::middleware::Next;
use actix_web::web::Bytes;
use kernel::Clock;
use serde_json::Value;
use web::json::BODY_LENGTH_MAX;

use super::magic::{self, Spell};
use super::orders::{Fate, Orders};
use crate::front::{Answering, Front};

/// The sandbox's own requests carry this header, and are left alone.
pub const OWN: &str = "einlass-sandbox";

/// The front of both services.
pub struct MagicFront {
    /// What was ordered in advance.
    pub orders: Arc<Orders>,
    /// The sandbox's clock.
    pub clock: Arc<dyn Clock>,
}

impl Front for MagicFront {
    fn meet(&self, request: ServiceRequest, next: Next<BoxBody>) -> Answering {
        if !is_of_a_frontend(&request) {
            return Box::pin(async move { next.call(request).await });
        }
        let ordered = self.orders.take(request.method(), request.path());
        let clock = Arc::clone(&self.clock);
        Box::pin(answer(request, next, ordered, clock))
    }
}

/// What the services say to each other, and the sandbox's own crowd, nobody wants to disturb.
fn is_of_a_frontend(request: &ServiceRequest) -> bool {
    let path = request.path();
    path.starts_with("/v1/") && !path.ends_with("/signals") && !request.headers().contains_key(OWN)
}

async fn answer(
    mut request: ServiceRequest,
    next: Next<BoxBody>,
    ordered: Option<Fate>,
    clock: Arc<dyn Clock>,
) -> Result<ServiceResponse, Error> {
    let fate = match ordered {
        Some(fate) => fate,
        None => fate(spoken(&mut request).await),
    };
    if !fate.delay.is_zero() {
        #[expect(clippy::disallowed_methods, reason = "an answer that is slow on purpose")]
        tokio::time::sleep(fate.delay).await;
    }
    if let Some(code) = fate.refused {
        return Ok(request.error_response(magic::refusal(code, &*clock)));
    }
    let answer = next.call(request).await?;
    if fate.is_lost {
        // The server closes a connection whose response fails, and a browser sees what it sees when the
        // network is gone.
        return Ok(answer.map_body(|_, _| BoxBody::new(lost::Lost)));
    }
    Ok(answer)
}

fn fate(spell: Option<Spell>) -> Fate {
    match spell {
        None => Fate::default(),
        Some(Spell::Slow) => Fate { delay: magic::SLOW, ..Fate::default() },
        Some(Spell::Refuse(code)) => Fate { refused: Some(code), ..Fate::default() },
    }
}

/// The magic word of a request, in its query or its body.
async fn spoken(request: &mut ServiceRequest) -> Option<Spell> {
    let query = request.query_string().split('&');
    let mut asked = query.filter_map(|pair| pair.strip_prefix("postcode="));
    if let Some(spell) = asked.find_map(magic::spell_of_postcode) {
        return Some(spell);
    }
    let length = request.headers().get(CONTENT_LENGTH)?.to_str().ok()?.parse::<usize>().ok()?;
    if length > BODY_LENGTH_MAX {
        return None;
    }
    let bytes = request.extract::<Bytes>().await.ok()?;
    let spell = serde_json::from_slice(&bytes).ok().and_then(|body: Value| within(&body));
    request.set_payload(Payload::from(bytes));
    spell
}

fn within(body: &Value) -> Option<Spell> {
    if let Value::Array(entries) = body {
        return entries.iter().find_map(within);
    }
    let members = body.as_object()?;
    members.iter().find_map(|(name, value)| match (name.as_str(), value) {
        ("postcode", Value::String(postcode)) => magic::spell_of_postcode(postcode),
        ("family_name", Value::String(name)) => magic::spell_of_name(name),
        _ => within(value),
    })
}

mod lost {
    //! A response whose body breaks off.

    use std::io::{Error, ErrorKind};
    use std::pin::Pin;
    use std::task::{Context, Poll};

    use actix_web::body::{BodySize, MessageBody};
    use actix_web::web::Bytes;

    pub(super) struct Lost;

    impl MessageBody for Lost {
        type Error = Error;

        fn size(&self) -> BodySize {
            BodySize::Sized(1)
        }

        fn poll_next(
            self: Pin<&mut Self>,
            _: &mut Context<'_>,
        ) -> Poll<Option<Result<Bytes, Error>>> {
            Poll::Ready(Some(Err(ErrorKind::ConnectionReset.into())))
        }
    }
}
