//! Giving a pass back.

use super::{Bookings, Failure};
use crate::pass::{EndPass, EndPassOutcome, PassGrant};

impl Bookings {
    /// Gives a pass back: nothing new begins with it. The waiting room hears of it once the pass has
    /// no open hold.
    pub async fn end_pass(&self, pass: PassGrant) -> Result<EndPassOutcome, Failure> {
        self.submit(EndPass { pass }).await
    }
}
