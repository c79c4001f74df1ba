//! Where a setting comes from, so that whoever has to correct it finds the place.

use std::fmt;

/// Where a value was set.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Origin {
    /// In the compiled-in defaults.
    Default,
    /// In the configuration file, on this line.
    File {
        /// The file as it was named.
        name: String,
        /// The line, from 1.
        line: usize,
    },
    /// By this environment variable.
    Environment(String),
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Default => f.write_str("default"),
            Self::File { name, line } => write!(f, "{name}:{line}"),
            Self::Environment(variable) => f.write_str(variable),
        }
    }
}
