//! The one list of the routes. Each is a file, in the folder of those who ask: [`crate::citizen`],
//! [`crate::systems`], [`crate::hotline`] and [`crate::operator`].

use actix_web::web::{self, Data};
use utoipa_actix_web::service_config::ServiceConfig;

use crate::app::App;
use crate::citizen::{
    challenge, einlass_js, join, keep_pass, leave, redeem, resume, resume_code, status, stream,
    ticket,
};
use crate::hotline;
use crate::operator;
use crate::page;
use crate::systems::{authorize, jwks, signals};

/// Registers the routes of the API and the page: `actix_web::App::new().configure(waiting_room_http::routes(app))`.
///
/// Problems are written by [`::web::Edge`], which must be wrapped around the application.
pub fn routes(app: Data<App>) -> impl FnOnce(&mut web::ServiceConfig) + Clone {
    move |config| {
        config.app_data(app);
        collect(&mut ServiceConfig::new(config));
        page::routes(config);
    }
}

/// The one list of the routes, from which the OpenAPI document is made too. Routes are tried in this
/// order, so the most frequent come first.
pub(crate) fn collect(config: &mut ServiceConfig<'_>) {
    config
        .service(status::show_status)
        .service(ticket::show_ticket)
        .service(authorize::authorize)
        .service(stream::stream_status)
        .service(join::join)
        .service(challenge::show_challenge)
        .service(redeem::redeem)
        .service(keep_pass::keep_pass)
        .service(leave::leave)
        .service(resume_code::make_resume_code)
        .service(resume::resume)
        .service(signals::take_signals)
        .service(jwks::show_jwks)
        .service(einlass_js::show_einlass_js)
        .service(hotline::join::join_for_caller)
        .service(operator::list::list_operated_rooms)
        .service(operator::show::show_operated_room)
        .service(operator::change::change_room)
        .service(operator::audit::list_audit_records)
        .service(operator::audit_stream::stream_audit_records);
}
