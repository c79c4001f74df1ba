//! What citizens ask, through whatever page or app they use.

pub(crate) mod challenge;
pub(crate) mod join;
pub(crate) mod keep_pass;
pub(crate) mod leave;
pub(crate) mod redeem;
pub(crate) mod status;
pub(crate) mod ticket;
