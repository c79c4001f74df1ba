//! What somebody of the town hall does.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// What a member of staff does. Each may do what is theirs and nothing else: whoever does two things has
/// two roles.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Role {
    /// Runs the waiting room: its levers, its openings, its rooms.
    Operator,
    /// Plans campaigns and answers for their bookings.
    Organiser,
    /// Queues and books for callers.
    Hotline,
    /// Checks people in at a site.
    Gate,
    /// Reads what has been done, and changes nothing.
    Auditor,
}

/// No role has this name.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("there is no role '{0}'; there are operator, organiser, hotline, gate and auditor")]
pub struct UnknownRole(String);

impl Role {
    /// Every role.
    pub const ALL: [Self; 5] =
        [Self::Operator, Self::Organiser, Self::Hotline, Self::Gate, Self::Auditor];

    /// The name in tokens and on the command line.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Operator => "operator",
            Self::Organiser => "organiser",
            Self::Hotline => "hotline",
            Self::Gate => "gate",
            Self::Auditor => "auditor",
        }
    }
}

impl FromStr for Role {
    type Err = UnknownRole;

    fn from_str(name: &str) -> Result<Self, UnknownRole> {
        let known = Self::ALL.into_iter().find(|role| role.name() == name);
        known.ok_or_else(|| UnknownRole(name.to_owned()))
    }
}

impl fmt::Display for Role {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_role_is_found_by_its_name_and_written_the_same_in_json() {
        for role in Role::ALL {
            assert_eq!(role.name().parse(), Ok(role));
            let json = serde_json::to_string(&role).expect("JSON");
            assert_eq!(json, format!("\"{role}\""));
        }
        assert!("Operator".parse::<Role>().is_err() && "admin".parse::<Role>().is_err());
    }
}
