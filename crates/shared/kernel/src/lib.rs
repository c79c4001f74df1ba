//! What every other crate stands on: time, randomness, ids, residence, differences, what is wrong with a field,
//! the batcher, and files that only their owner may read.
//!
//! Pure: it knows nothing of HTTP, Redis or databases. Clock and randomness are values that are
//! handed in, so that every run can be replayed.

pub mod batcher;
pub mod clock;
pub mod difference;
pub mod entropy;
pub mod field_problem;
pub mod id;
pub mod private_file;
pub mod residence;
pub mod timestamp;

pub use batcher::{Batcher, BatcherLimits, SubmitError, TripError};
pub use clock::{
    Clock, ManualClock, MonotonicClock, Sending, SteadyClock, Stopwatch, SyncedClock, SystemClock,
};
pub use difference::{FieldChange, differences};
pub use entropy::{Entropy, OsEntropy, SeededEntropy};
pub use field_problem::FieldProblem;
pub use id::{CampaignId, InvalidId, Slug};
pub use residence::{Ags, Municipality, Postcode, ResidenceAnswer, ResidenceTable};
pub use timestamp::Timestamp;
