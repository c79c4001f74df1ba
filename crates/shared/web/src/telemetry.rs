//! Logs: one JSON object per line on standard error.

use tracing_subscriber::EnvFilter;

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
    /// There is a log already.
    #[error("the log is set up already")]
    Installed(#[source] Box<dyn std::error::Error + Send + Sync>),
}

/// Sets up the log of this process, down to `level`.
pub fn init(level: &str) -> Result<(), TelemetryError> {
    let filter = EnvFilter::try_new(level)
        .map_err(|source| TelemetryError::InvalidLevel { level: level.to_owned(), source })?;
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
        assert!(matches!(init("info,web=loud"), Err(TelemetryError::InvalidLevel { .. })));
        init("warn,web=debug").expect("a valid level");
        assert!(matches!(init("warn"), Err(TelemetryError::Installed(_))));
    }
}
