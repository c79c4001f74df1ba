//! The binary: configuration, life cycle, and the only place that names adapters.

pub mod config;
