//! Logs: one JSON object per line on standard error.

use tracing_subscriber::EnvFilter;
use tracing_subscriber::filter::LevelFilter;

/// The log could not be set up.
#[derive(Debug, thiserror::Error)]
pub enum TelemetryError {
    /// The level is not one of `off`, `error`, `warn`, `info`, `debug`, `trace`, or a list such as
    /// `info,web=debug`.
    #[error("'{level}' is not a log level")]
    InvalidLevel {
        /// What was given.
        level: String,
        /// What the parser says.
        #[source]
        source: tracing_subscriber::filter::ParseError,
    },
    /// A part of it names no level: read as the name of a module it would turn the rest off.
    #[error(
        "'{level}' is not a log level: error, warn, info, debug, trace or off, also as module=level"
    )]
    UnknownLevel {
        /// The part.
        level: String,
    },
    /// There is a log already.
    #[error("the log is set up already")]
    Installed(#[source] Box<dyn std::error::Error + Send + Sync>),
}

/// Where the protocol tells of what clients get wrong: that is no error of ours, and is told by the server itself.
const PROTOCOL: &str = "actix_http::h1";

/// Reads a level, or a list of levels by module, as [`init`] takes it.
pub fn filter(level: &str) -> Result<EnvFilter, TelemetryError> {
    let invalid = |source| TelemetryError::InvalidLevel { level: level.to_owned(), source };
    let parts: Vec<&str> = level.split(',').map(str::trim).collect();
    let is_known = |part: &&str| {
        let level = part.rsplit('=').next().unwrap_or(part);
        !level.is_empty() && level.parse::<LevelFilter>().is_ok()
    };
    if let Some(unknown) = parts.iter().find(|part| !is_known(part)) {
        return Err(TelemetryError::UnknownLevel { level: (*unknown).to_owned() });
    }
    let asks_for_it = level.contains(PROTOCOL);
    let quiet = if asks_for_it { String::new() } else { format!(",{PROTOCOL}=off") };
    EnvFilter::try_new(format!("{level}{quiet}")).map_err(invalid)
}

/// Sets up the log of this process, down to `level`.
pub fn init(level: &str) -> Result<(), TelemetryError> {
    let filter = filter(level)?;
    tracing_subscriber::fmt()
        .json()
        .flatten_event(true)
        .with_current_span(false)
        .with_span_list(false)
        .with_writer(std::io::stderr)
        .with_env_filter(filter)
        .try_init()
        .map_err(TelemetryError::Installed)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_level_is_checked_and_the_log_is_set_up_once() {
        for unknown in ["", "verbose", "inof", "info,web=loud", "info,,debug", "5x"] {
            assert!(matches!(init(unknown), Err(TelemetryError::UnknownLevel { .. })), "{unknown}");
        }
        init("warn,web=debug").expect("a valid level");
        assert!(matches!(init("warn"), Err(TelemetryError::Installed(_))));
    }

    #[test]
    fn what_clients_get_wrong_is_no_error_unless_the_operator_asks() {
        let protocol = |level: &str| {
            let filter = filter(level).expect("valid").to_string();
            filter
                .split(',')
                .find_map(|part| part.strip_prefix("actix_http::h1=").map(str::to_owned))
        };
        assert_eq!(protocol("debug").as_deref(), Some("off"));
        assert_eq!(protocol("info,web=debug").as_deref(), Some("off"));
        assert_eq!(protocol("info,actix_http::h1=trace").as_deref(), Some("trace"));
    }
}
