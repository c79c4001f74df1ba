//! The routes. One file is one endpoint.

mod book_hold;
mod book_slot;
mod booking;
mod campaign;
mod campaigns;
mod cancellation;
mod create_hold;
mod eligibility;
mod end_pass;
mod hold;
mod release_hold;
mod renewal;
mod slots;

pub(crate) use campaign::CampaignBody;
pub(crate) use campaigns::CampaignsBody;
pub(crate) use slots::SlotsBody;

use actix_web::web::Data;
use utoipa_actix_web::service_config::ServiceConfig;

use crate::app::App;

/// Registers the routes of the API. What is registered here is in the OpenAPI document.
pub(crate) fn configure(config: &mut ServiceConfig) {
    config
        .service(campaigns::list_campaigns)
        .service(campaign::show_campaign)
        .service(eligibility::check_eligibility)
        .service(slots::list_slots)
        .service(create_hold::create_hold)
        .service(hold::show_hold)
        .service(release_hold::release_hold)
        .service(renewal::renew_hold)
        .service(book_hold::book_hold)
        .service(book_slot::book_slot)
        .service(end_pass::end_pass)
        .service(booking::show_booking)
        .service(cancellation::cancel_booking);
}

/// The routes of the API, for [`actix_web::App::configure`].
pub fn routes(app: Data<App>) -> impl FnOnce(&mut actix_web::web::ServiceConfig) + Clone {
    move |config| {
        config.app_data(app);
        configure(&mut ServiceConfig::new(config));
    }
}
