//! Who is asking: the holder of a pass, of a manage token, or of the token of an entry of the waitlist.

use actix_web::HttpRequest;
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use booking::PassGrant;
use kernel::CampaignId;
use pass::PassError;
use serde::Deserialize;
use web::{Code, Problem, bearer};

use crate::app::App;

impl App {
    /// What the request's pass allows in `campaign`.
    pub(crate) async fn pass(
        &self,
        request: &HttpRequest,
        campaign: &CampaignId,
    ) -> Result<PassGrant, Problem> {
        let token = bearer(request, Code::PassInvalid)?;
        self.verify(token, campaign).await
    }

    /// What the request's pass allows, in whichever campaign it is for: the path names a hold, and
    /// the hold says nothing of its campaign to a stranger.
    pub(crate) async fn pass_of_any_campaign(
        &self,
        request: &HttpRequest,
    ) -> Result<PassGrant, Problem> {
        let token = bearer(request, Code::PassInvalid)?;
        let campaign = claimed_campaign(token).ok_or_else(|| Problem::new(Code::PassInvalid))?;
        self.verify(token, &campaign).await
    }

    /// Verifies a pass. One that has ended may still repeat what was asked with it, and the rules let it begin
    /// nothing new. One that was signed with a new key makes the keys be read again first.
    async fn verify(&self, token: &str, campaign: &CampaignId) -> Result<PassGrant, Problem> {
        let verify = || self.passes.verify_to_repeat(token, campaign, self.bookings.now());
        let verified = match verify() {
            Err(PassError::UnknownKey { .. }) => {
                (self.refresh_keys)().await;
                verify()
            }
            known => known,
        };
        match verified {
            Ok(claims) => Ok(PassGrant::from(&claims)),
            Err(PassError::WrongAudience) => Err(Problem::new(Code::PassWrongCampaign)),
            Err(
                PassError::Malformed
                | PassError::WrongAlgorithm
                | PassError::WrongType
                | PassError::UnknownKey { .. }
                | PassError::BadSignature
                | PassError::WrongIssuer
                | PassError::Expired
                | PassError::NotYetValid
                | PassError::ClaimInvalid(_),
            ) => Err(Problem::new(Code::PassInvalid)),
        }
    }
}

/// The token that manages a booking.
pub(crate) fn manage_token(request: &HttpRequest) -> Result<&str, Problem> {
    bearer(request, Code::ManageTokenInvalid)
}

/// The token that manages an entry of a waitlist.
pub(crate) fn waitlist_token(request: &HttpRequest) -> Result<&str, Problem> {
    bearer(request, Code::WaitlistTokenInvalid)
}

/// The campaign that a token says it is for. Nothing is proven by it: the pass is verified for that
/// campaign afterwards, and its signature covers the claim.
fn claimed_campaign(token: &str) -> Option<CampaignId> {
    #[derive(Deserialize)]
    struct Claimed {
        aud: CampaignId,
    }
    let payload = token.split('.').nth(1)?;
    let payload = URL_SAFE_NO_PAD.decode(payload).ok()?;
    serde_json::from_slice(&payload).ok().map(|Claimed { aud }| aud)
}

#[cfg(test)]
mod tests {
    use crate::harness::Api;

    /// Nobody is refused because the keys were read a moment too early.
    #[actix_web::test]
    async fn a_pass_of_a_new_key_is_accepted_at_once() {
        let api = Api::start().await;
        let pass = api.pass_of_new_key();
        let reply = api.hold("c", 1, "k1").bearer(&pass).send().await;
        assert_eq!(reply.status, 201, "{}", reply.json);
        let id = reply.json["id"].as_str().expect("an id");
        let shown = api.get(&format!("/v1/holds/{id}")).bearer(&pass).send().await;
        assert_eq!(shown.status, 200);
    }
}
