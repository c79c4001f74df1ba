//! The way to Redis, whatever its topology: one server, the master behind Sentinels, or a Cluster.
//!
//! [`RedisAddress`] says which it is, [`Connections`] gets there and back in time: no trip takes longer than
//! [`RedisConfig::trip_deadline`], and a connection that failed is not used again. Underneath, every
//! topology is made of the same [`node`]: one server and its pool of connections. Sentinels and a
//! Cluster only decide which server a trip goes to, and learn anew when it turns out to be the wrong one.
//!
//! Deciding that here, instead of by the cluster and Sentinel clients of the `redis` crate, has two reasons. The
//! cluster client holds back every request while it learns the slots anew, those to healthy masters too; and
//! the Sentinel client does not notice that a connected master has been demoted. Both leave a trip no deadline of its own.
//!
//! Nothing is repeated that may have been carried out: a trip that ends without an answer is a
//! failure, and the caller knows whether the operation bears repetition.

mod address;
mod cluster;
mod config;
mod connections;
mod dial;
mod node;
mod request;
mod sentinel;
mod slots;

pub use crate::failure::RedisFailure;
pub use address::{HostPort, Login, RedisAddress, RedisAddressError, Tls};
pub use config::{RedisConfig, SetupError};
pub use connections::Connections;

pub(crate) use node::Node;
