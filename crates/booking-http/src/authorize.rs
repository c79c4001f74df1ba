//! Who is asking: the holder of a pass, or of a manage token.

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
    pub(crate) fn pass(
        &self,
        request: &HttpRequest,
        campaign: &CampaignId,
    ) -> Result<PassGrant, Problem> {
        let token = bearer(request, Code::PassInvalid)?;
        self.verify(token, campaign)
    }

    /// What the request's pass allows, in whichever campaign it is for: the path names a hold, and
    /// the hold says nothing of its campaign to a stranger.
    pub(crate) fn pass_of_any_campaign(&self, request: &HttpRequest) -> Result<PassGrant, Problem> {
        let token = bearer(request, Code::PassInvalid)?;
        let campaign = claimed_campaign(token).ok_or_else(|| Problem::new(Code::PassInvalid))?;
        self.verify(token, &campaign)
    }

    fn verify(&self, token: &str, campaign: &CampaignId) -> Result<PassGrant, Problem> {
        match self.passes.verify(token, campaign, self.bookings.now()) {
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
