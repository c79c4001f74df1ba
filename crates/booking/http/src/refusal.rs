//! Refusals that many endpoints share, and what is read from every request.

use actix_web::HttpRequest;
use booking::{BookingId, Failure, HoldId};
use kernel::CampaignId;
use utoipa::IntoParams;
use web::problem::jittered_s;
use web::{Code, Problem};

use crate::app::App;

/// When a client that was refused for lack of capacity comes back, at the earliest.
const RETRY_AFTER_S: u64 = 2;

/// The campaign in the path.
#[derive(IntoParams)]
#[into_params(parameter_in = Path)]
#[expect(dead_code, reason = "describes the path; handlers read it with `campaign`")]
pub(crate) struct CampaignInPath {
    /// The name of the campaign.
    #[param(example = "speyer-2021-06-20")]
    campaign: String,
}

/// The hold in the path.
#[derive(IntoParams)]
#[into_params(parameter_in = Path)]
#[expect(dead_code, reason = "describes the path; handlers read it with `hold`")]
pub(crate) struct HoldInPath {
    /// The id of the hold.
    #[param(example = "hold_017a09a9b40070008000000000000001")]
    hold: String,
}

/// The booking in the path.
#[derive(IntoParams)]
#[into_params(parameter_in = Path)]
#[expect(dead_code, reason = "describes the path; handlers read it with `booking`")]
pub(crate) struct BookingInPath {
    /// The id of the booking.
    #[param(example = "booking_017a09a9b40070008000000000000001")]
    booking: String,
}

/// The client's name for the request.
#[derive(IntoParams)]
#[into_params(parameter_in = Header)]
#[expect(dead_code, reason = "describes the header; `web::IdempotencyKey` reads it")]
pub(crate) struct IdempotencyHeader {
    /// A random name for this request, 1 to 64 visible ASCII characters. Repeating the request under
    /// the same key has no further effect and gives the same reply.
    #[param(rename = "Idempotency-Key", example = "8e03978e-40d5-43e8-bc93-6894a57f9324")]
    idempotency_key: String,
}

/// The campaign that the path names.
pub(crate) fn campaign(request: &HttpRequest) -> Result<CampaignId, Problem> {
    let name = request.match_info().query("campaign");
    name.parse().map_err(|_| Problem::new(Code::CampaignNotFound))
}

/// The hold that the path names.
pub(crate) fn hold(request: &HttpRequest) -> Result<HoldId, Problem> {
    request.match_info().query("hold").parse().map_err(|_| Problem::new(Code::HoldNotFound))
}

/// The booking that the path names.
pub(crate) fn booking(request: &HttpRequest) -> Result<BookingId, Problem> {
    request.match_info().query("booking").parse().map_err(|_| Problem::new(Code::BookingNotFound))
}

impl App {
    /// What a client is told when a use case has no outcome.
    pub(crate) fn problem(&self, failure: Failure) -> Problem {
        match failure {
            Failure::Overloaded => self.try_again(Code::Overloaded),
            Failure::Unavailable => self.try_again(Code::Unavailable),
            Failure::RequestInProgress => Problem::new(Code::RequestInProgress).retry_after_s(1),
            Failure::Broken => Problem::internal(failure),
        }
    }

    /// The refusal of what may succeed a moment later.
    pub(crate) fn try_again(&self, code: Code) -> Problem {
        Problem::new(code).retry_after_s(jittered_s(RETRY_AFTER_S, &*self.entropy))
    }
}
