//! What citizens ask, through whatever page or app they use. One folder is a resource, one file in it an
//! endpoint.

pub(crate) mod booking;
pub(crate) mod campaign;
pub(crate) mod feed;
pub(crate) mod hold;
pub(crate) mod pass;
pub(crate) mod waitlist;
