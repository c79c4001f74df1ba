//! Repeating mutations as people do: reloading the page, clicking twice. One key, one effect, same reply (P3).

use rand::Rng as _;
use serde_json::Value;

use super::browser::{Reply, Request};
use super::plan::Retries;
use super::summary::Promise;
use super::visitor::Visitor;

/// `request-in-progress` is waited for so often.
const IN_PROGRESS_MAX: u32 = 100;

impl Visitor<'_> {
    /// Sends a mutation with a new key and `body`, and repeats it as this person does. `other` is a body that must be
    /// refused under the same key. `None` once the rush is stopped.
    pub(super) async fn mutate(
        &mut self,
        request: Request,
        body: &Value,
        other: &Value,
    ) -> Option<Reply> {
        let request = request.key(self.new_key()).json(body);
        match self.person.retries {
            Retries::Never => self.send_settled(&request).await,
            Retries::Again => {
                let first = self.send_settled(&request).await?;
                if first.ok() {
                    self.repeat(&request, &first).await;
                    if self.rng.random_bool(0.5) {
                        self.reuse(&request.clone().json(other)).await;
                    }
                }
                Some(first)
            }
            Retries::DoubleClick => {
                let (one, two) =
                    tokio::join!(self.send_settled(&request), self.send_settled(&request));
                let (one, two) = (one?, two?);
                match (one.ok(), two.ok()) {
                    (true, true) => {
                        self.compare(&request, &one, &two);
                        Some(one)
                    }
                    // A refusal has no effect, so one click may be refused and the other not; from then on the
                    // reply stands.
                    (true, false) => {
                        self.repeat(&request, &one).await;
                        Some(one)
                    }
                    (false, true) => {
                        self.repeat(&request, &two).await;
                        Some(two)
                    }
                    (false, false) => Some(one),
                }
            }
        }
    }

    /// Sends until the request is not in progress elsewhere.
    pub(super) async fn send_settled(&self, request: &Request) -> Option<Reply> {
        for _ in 0..IN_PROGRESS_MAX {
            let reply = self.world.browser.send(request).await?;
            let problem = reply.problem();
            if reply.status != 409 || problem.code != "request-in-progress" {
                return Some(reply);
            }
            let wait_s = problem.retry_after_s.unwrap_or(0.1);
            // Somebody who has clicked waits for the answer even if everything is booked meanwhile.
            crate::clock::pause(std::time::Duration::from_secs_f64(wait_s.clamp(0.01, 5.0))).await;
        }
        self.world.ledger.note(|| format!("{} stayed in progress", request.describe()));
        None
    }

    pub(super) async fn repeat(&self, request: &Request, first: &Reply) {
        if let Some(again) = self.send_settled(request).await {
            self.compare(request, first, &again);
        }
    }

    fn compare(&self, request: &Request, first: &Reply, again: &Reply) {
        // The pass may expire between two requests; overload and 500 are counted as such.
        let undecided = again.status == 401 || again.status == 429 || again.status >= 500;
        if !undecided && (again.status != first.status || again.body != first.body) {
            self.world.ledger.broken(Promise::Idempotency, || {
                format!(
                    "{} replied {}, and {} when repeated{}",
                    request.describe(),
                    first.status,
                    again.status,
                    if again.status == first.status { " with another body" } else { "" },
                )
            });
        }
    }

    /// Another request under a used key must be refused.
    async fn reuse(&self, request: &Request) {
        if let Some(reply) = self.send_settled(request).await
            && reply.ok()
        {
            self.world.ledger.broken(Promise::Idempotency, || {
                format!("{} took another body under the same key", request.describe())
            });
        }
    }
}
