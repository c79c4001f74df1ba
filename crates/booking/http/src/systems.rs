//! What other systems tell.

pub(crate) mod mail_report;
