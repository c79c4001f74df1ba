//! What other systems ask: the booking service reports, and whoever verifies passes reads the keys.

pub(crate) mod jwks;
pub(crate) mod signals;
