//! Answers that were ordered in advance, for requests that carry no name and no postcode.

use std::collections::VecDeque;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use actix_web::http::Method;
use serde::Deserialize;
use web::Code;

use super::magic;

/// What is to happen to the next requests of a kind.
#[derive(Clone, Debug, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Order {
    /// A part of the path, such as `/ticket`.
    path: String,
    /// The method; every one if it is left out.
    method: Option<String>,
    /// The code of the refusal; without one the answer is what it would be.
    code: Option<String>,
    /// How long the answer waits.
    #[serde(default)]
    delay_ms: u64,
    /// The request is carried out, and its answer is lost: the connection ends as if the network had.
    #[serde(default)]
    lost: bool,
    /// For so many requests.
    #[serde(default = "once")]
    times: u32,
}

fn once() -> u32 {
    1
}

/// An order that cannot be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NoSuchCode;

/// What happens to one request.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Fate {
    /// The answer waits for so long.
    pub delay: Duration,
    /// The request is refused, and has no effect.
    pub refused: Option<Code>,
    /// The request has its effect, and nobody hears of it.
    pub is_lost: bool,
}

/// The orders that are not used up.
#[derive(Debug, Default)]
pub struct Orders(Mutex<VecDeque<Order>>);

impl Orders {
    /// Takes an order down.
    pub fn add(&self, order: Order) -> Result<(), NoSuchCode> {
        if order.code.as_deref().is_some_and(|name| magic::code(name).is_none()) {
            return Err(NoSuchCode);
        }
        self.orders().push_back(order);
        Ok(())
    }

    /// Forgets all of them.
    pub fn clear(&self) {
        self.orders().clear();
    }

    /// What was ordered for this request, which uses it up.
    pub fn take(&self, method: &Method, path: &str) -> Option<Fate> {
        let mut orders = self.orders();
        orders.retain(|order| order.times > 0);
        let is_meant = |order: &&mut Order| {
            let is_method = order
                .method
                .as_deref()
                .is_none_or(|name| name.eq_ignore_ascii_case(method.as_str()));
            is_method && path.contains(&order.path)
        };
        let order = orders.iter_mut().find(is_meant)?;
        order.times -= 1;
        Some(Fate {
            delay: Duration::from_millis(order.delay_ms),
            refused: order.code.as_deref().and_then(magic::code),
            is_lost: order.lost,
        })
    }

    fn orders(&self) -> MutexGuard<'_, VecDeque<Order>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn order(json: &str) -> Order {
        serde_json::from_str(json).expect("an order")
    }

    #[test]
    fn an_order_is_for_its_requests_and_used_up() {
        let orders = Orders::default();
        let refused =
            r#"{"path": "/passes", "method": "post", "code": "not-your-turn", "times": 2}"#;
        orders.add(order(refused)).expect("a code of the catalogue");
        orders
            .add(order(r#"{"path": "/passes", "delay_ms": 3000, "lost": true}"#))
            .expect("no code");
        let (get, post) = (Method::GET, Method::POST);
        let passes = "/v1/rooms/open/passes";
        assert_eq!(orders.take(&post, "/v1/rooms/open/tickets"), None);
        let slow = Fate { delay: Duration::from_secs(3), is_lost: true, ..Fate::default() };
        assert_eq!(orders.take(&get, passes), Some(slow));
        let not_yet = Fate { refused: Some(Code::NotYourTurn), ..Fate::default() };
        for _ in 0..2 {
            assert_eq!(orders.take(&post, passes), Some(not_yet));
        }
        assert_eq!(orders.take(&post, passes), None);
        orders.add(order(r#"{"path": ""}"#)).expect("no code");
        orders.clear();
        assert_eq!(orders.take(&get, passes), None);
    }

    #[test]
    fn only_the_catalogue_can_be_ordered() {
        assert_eq!(Orders::default().add(order(r#"{"path": "", "code": "tea"}"#)), Err(NoSuchCode));
    }
}
