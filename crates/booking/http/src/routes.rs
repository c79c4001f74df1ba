//! The one list of the routes. Each is a file, in the folder of its resource: [`crate::citizen`].

use actix_web::web::Data;
use utoipa_actix_web::service_config::ServiceConfig;

use crate::app::App;
use crate::citizen::{booking, campaign, feed, hold, pass, waitlist};

/// The routes of the API, for [`actix_web::App::configure`].
pub fn routes(app: Data<App>) -> impl FnOnce(&mut actix_web::web::ServiceConfig) + Clone {
    move |config| {
        config.app_data(app);
        collect(&mut ServiceConfig::new(config));
    }
}

/// Registers the routes. What is registered here is in the OpenAPI document.
pub(crate) fn collect(config: &mut ServiceConfig) {
    config
        .service(campaign::list::list_campaigns)
        .service(campaign::show::show_campaign)
        .service(campaign::eligibility::check_eligibility)
        .service(campaign::slots::list_slots)
        .service(campaign::stream::stream_places)
        .service(feed::manifest::show_manifest)
        .service(feed::locations::list_locations)
        .service(feed::schedules::list_schedules)
        .service(feed::slots::list_slot_resources)
        .service(hold::create::create_hold)
        .service(hold::show::show_hold)
        .service(hold::release::release_hold)
        .service(hold::renew::renew_hold)
        .service(hold::book::book_hold)
        .service(booking::create::book_slot)
        .service(waitlist::status::show_waitlist)
        .service(waitlist::join::join_waitlist)
        .service(waitlist::show::show_waitlist_entry)
        .service(waitlist::leave::leave_waitlist)
        .service(waitlist::accept::accept_offer)
        .service(waitlist::decline::decline_offer)
        .service(pass::end::end_pass)
        .service(booking::show::show_booking)
        .service(booking::cancel::cancel_booking)
        .service(booking::mail::send_mail_again)
        .service(booking::r#move::move_booking)
        .service(booking::calendar::show_calendar_entry)
        .service(booking::qr::show_qr_code)
        .service(booking::contact::change_contact)
        .service(booking::data::show_stored_data)
        .service(booking::erase::erase_person)
        .service(booking::token::rotate_token)
        .service(booking::car::open_car)
        .service(booking::lost_link::ask_link)
        .service(booking::correct::correct_person);
}
