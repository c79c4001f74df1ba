//! The simulated people against a fake waiting room and booking API, and the two loops against a tiny server.

mod closed_loop;
mod fake;
mod http;
mod open_loop;
mod rush;
