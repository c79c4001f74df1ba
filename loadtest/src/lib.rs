//! The simulated people: a load test that speaks HTTP only.
//!
//! - [`rush`]: thousands of people who come to a waiting room and book behind it, and an audit of the
//!   promises at the end. It keeps its own wire types, so that it tests the interface and not the code.
//! - [`progress`]: the live view of a rush.
//! - [`closed_loop`]: a generator with very little overhead, for measuring how many requests a server sustains.
//! - [`listening`]: many open streams of events, for measuring how soon everybody knows.
//! - [`open_loop`]: requests at a rate that does not heed the server, for measuring what it does when there are too many.

pub mod closed_loop;
pub mod listening;
pub mod open_loop;
pub mod progress;
pub mod rush;

mod clock;
