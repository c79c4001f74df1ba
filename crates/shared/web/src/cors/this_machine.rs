//! Which origins belong to this machine.

use actix_web::http::header::HeaderValue;

const HOSTS: [&str; 3] = ["localhost", "127.0.0.1", "[::1]"];
/// What a page has that was opened from a file.
const NO_ORIGIN: &str = "null";

/// Whether the page comes from this machine, from whatever port.
pub(super) fn is_origin(origin: &HeaderValue) -> bool {
    let Ok(origin) = origin.to_str() else { return false };
    let host = origin.strip_prefix("http://").or_else(|| origin.strip_prefix("https://"));
    origin == NO_ORIGIN || host.is_some_and(is_host)
}

fn is_host(host: &str) -> bool {
    HOSTS.iter().filter_map(|name| host.strip_prefix(name)).any(|rest| {
        let port = rest.strip_prefix(':');
        rest.is_empty() || port.is_some_and(|port| port.bytes().all(|byte| byte.is_ascii_digit()))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn this_machine_has_a_few_names_and_every_port() {
        for origin in [
            "http://localhost:5173",
            "http://127.0.0.1",
            "https://[::1]:8443",
            "http://[::1]",
            "null",
        ] {
            assert!(is_origin(&HeaderValue::from_static(origin)), "{origin}");
        }
        for origin in [
            "http://localhost.example",
            "http://localhost:80.example",
            "http://127.0.0.10:80",
            "https://impfen.example",
            "file://localhost",
            "",
        ] {
            assert!(!is_origin(&HeaderValue::from_static(origin)), "{origin}");
        }
    }
}
