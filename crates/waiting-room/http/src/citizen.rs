//! What citizens ask, through whatever page or app they use.

pub(crate) mod challenge;
pub(crate) mod einlass_js;
pub(crate) mod join;
pub(crate) mod keep_pass;
pub(crate) mod leave;
pub(crate) mod redeem;
pub(crate) mod resume;
pub(crate) mod resume_code;
pub(crate) mod status;
pub(crate) mod stream;
pub(crate) mod ticket;
