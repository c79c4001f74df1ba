//! What people book for, in the codes of terminologies.

use serde::{Deserialize, Serialize};

/// What a terminology calls it, as FHIR writes it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Coding {
    /// The terminology, by its address.
    pub system: String,
    /// The code in it.
    pub code: String,
    /// The words for the code.
    pub display: String,
}
