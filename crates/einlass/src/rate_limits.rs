//! The rate limits as they are configured.

use std::sync::Arc;
use std::time::Duration;

use waiting_room::door::proof::LEVEL_MAX;
use waiting_room_http::Proofs;
use web::client_address::{ForwardedHeader, InvalidNetwork};
use web::limits::{AddressPressure, Allowance, LimitClock, LimitParts, Pressure, Usual};
use web::{AddressLimit, RateLimit, TrustedProxies};

use crate::config::LimitsConfig;
use crate::process::Process;

/// The limits of the waiting room.
pub fn of_the_waiting_room(
    config: &LimitsConfig,
    process: &Process,
) -> anyhow::Result<waiting_room_http::RateLimits> {
    let proxies = trusted_proxies(config)?;
    let parts = parts(config, process);
    let join = Allowance { per_minute: config.join_per_minute, burst: config.join_burst };
    let hotline_join =
        Allowance { per_minute: config.hotline_join_per_minute, burst: config.hotline_join_burst };
    let redeem = Allowance { per_minute: config.redeem_per_minute, burst: config.redeem_burst };
    let redeem_by_ticket = Allowance {
        per_minute: config.ticket_redeem_per_minute,
        burst: config.ticket_redeem_burst,
    };
    let resume_codes = Allowance {
        per_minute: config.ticket_resume_code_per_minute,
        burst: config.ticket_resume_code_burst,
    };
    let resume = Allowance { per_minute: config.resume_per_minute, burst: config.resume_burst };
    let resume_by_room =
        Allowance { per_minute: config.room_resume_per_minute, burst: config.room_resume_burst };
    let by_person =
        Allowance { per_minute: config.person_join_per_minute, burst: config.person_join_burst };
    Ok(waiting_room_http::RateLimits {
        join: AddressLimit::new("join", join, proxies.clone(), &parts),
        join_by_subject: AddressLimit::new("join-person", by_person, proxies.clone(), &parts),
        proofs: proofs(config, &proxies, &parts),
        hotline_join: RateLimit::new("hotline-join", hotline_join, &parts),
        redeem: AddressLimit::new("redeem", redeem, proxies.clone(), &parts),
        resume: AddressLimit::new("resume", resume, proxies, &parts),
        resume_by_room: RateLimit::new("resume-room", resume_by_room, &parts),
        resume_codes_by_pass: RateLimit::new("resume-codes-pass", resume_codes, &parts),
        redeem_by_pass: RateLimit::new("redeem-pass", redeem_by_ticket, &parts),
    })
}

/// What is asked of those who join too often.
fn proofs(config: &LimitsConfig, proxies: &TrustedProxies, parts: &LimitParts) -> Proofs {
    // Where anybody may join as often as they like, nobody is asked for anything.
    if config.join_per_minute == 0 || config.join_free == 0 {
        return Proofs::off();
    }
    let usual = |requests| Usual {
        requests,
        half_life: Duration::from_secs(config.join_free_half_life_s),
        pressure_max: LEVEL_MAX,
    };
    // Whoever joins may as well ask how.
    let challenges = Allowance { per_minute: config.join_per_minute, burst: config.join_burst };
    let waiting =
        Allowance { per_minute: config.proof_wait_per_minute, burst: config.proof_wait_burst };
    let limit = |name, allowance| AddressLimit::new(name, allowance, proxies.clone(), parts);
    Proofs {
        addresses: AddressPressure::new(
            "join-free",
            usual(config.join_free),
            proxies.clone(),
            parts,
        ),
        rooms: Pressure::new("room-join-free", usual(config.room_join_free), parts),
        challenges: limit("challenge", challenges),
        waiting: limit("proof-wait", waiting),
        wait: Duration::from_secs(config.proof_wait_s),
        work: config.proof_work,
    }
}

/// The limits of the booking API.
pub fn of_the_booking_api(
    config: &LimitsConfig,
    process: &Process,
) -> anyhow::Result<booking_http::RateLimits> {
    let proxies = trusted_proxies(config)?;
    let parts = parts(config, process);
    let by_address =
        Allowance { per_minute: config.lost_link_per_minute, burst: config.lost_link_burst };
    let by_code = Allowance {
        per_minute: config.code_lost_link_per_minute,
        burst: config.code_lost_link_burst,
    };
    Ok(booking_http::RateLimits {
        lost_links: AddressLimit::new("lost-links", by_address, proxies, &parts),
        lost_links_by_code: RateLimit::new("lost-links-code", by_code, &parts),
    })
}

fn parts(config: &LimitsConfig, process: &Process) -> LimitParts {
    LimitParts {
        keys_max: config.keys_max,
        clock: LimitClock::monotonic(),
        entropy: Arc::clone(&process.entropy),
    }
}

/// The proxies whose word is taken for a client's address.
pub fn trusted_proxies(config: &LimitsConfig) -> Result<TrustedProxies, InvalidNetwork> {
    // Another name was refused when the configuration was checked.
    let header = ForwardedHeader::named(&config.forwarded_header).unwrap_or_default();
    TrustedProxies::parse(&config.trusted_proxies, header)
}
