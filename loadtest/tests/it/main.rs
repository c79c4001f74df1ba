//! The simulated people against a fake waiting room and booking API, and the closed loop against a tiny server.

mod closed_loop;
mod fake;
mod http;
mod rush;
