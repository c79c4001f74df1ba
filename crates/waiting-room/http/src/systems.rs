//! What other systems ask: the booking service reports, whoever verifies passes reads the keys, and proxies ask
//! whom to let through.

pub(crate) mod authorize;
pub(crate) mod jwks;
pub(crate) mod signals;
