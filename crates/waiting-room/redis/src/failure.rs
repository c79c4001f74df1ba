//! Why Redis gave no answer that can be used, and what that means to the caller of the port.

use std::error::Error;
use std::io;
use std::sync::Arc;
use std::time::Duration;

use deadpool::managed::{PoolError, TimeoutType};
use redis::{ErrorKind, ParsingError, RedisError, RedisResult, ServerErrorKind, Value};
use waiting_room::RoomStoreError;

/// What went wrong on one trip to Redis. None of them shows a password.
#[derive(Clone, Debug, thiserror::Error)]
pub enum RedisFailure {
    /// There is no connection: nothing was sent.
    #[error("failed to connect to redis at {at}")]
    Connect {
        /// The server.
        at: String,
        /// Why.
        source: RedisError,
    },
    /// All connections stayed in use for as long as a trip may wait for one: nothing was sent.
    #[error("every connection to redis at {at} is in use")]
    Busy {
        /// The server.
        at: String,
    },
    /// Redis refused a command, or the connection broke: it may have been carried out.
    #[error("redis refused a command")]
    Command(#[source] RedisError),
    /// There was no answer in time: the command may have been carried out.
    #[error("redis did not answer within {0:?}")]
    Deadline(Duration),
    /// Sentinels were reached, and the server they name is no master (yet).
    #[error("sentinel names no server that is the master '{0}'")]
    NoMaster(String),
    /// Sentinels watch no such master.
    #[error("sentinel knows no master '{0}': name it as in `sentinel monitor` of sentinel.conf")]
    UnknownMaster(String),
    /// No node of the Cluster knows any master.
    #[error("the redis cluster has no master")]
    NoCluster,
    /// No master has this slot at present.
    #[error("slot {0} of the redis cluster has no master")]
    SlotWithoutMaster(u16),
    /// Redis answered, but not what was asked.
    #[error("redis holds what cannot be understood: {0}")]
    NotUnderstood(String),
}

impl RedisFailure {
    pub(crate) fn of_pool(at: &str, error: PoolError<RedisError>) -> Self {
        let at = at.to_owned();
        match error {
            PoolError::Backend(source) => Self::Connect { at, source },
            PoolError::Timeout(TimeoutType::Create | TimeoutType::Recycle) => {
                Self::Connect { at, source: io::Error::from(io::ErrorKind::TimedOut).into() }
            }
            PoolError::Timeout(TimeoutType::Wait)
            | PoolError::Closed
            | PoolError::NoRuntimeSpecified
            | PoolError::PostCreateHook(_) => Self::Busy { at },
        }
    }

    pub(crate) fn answers_missing(expected: usize) -> Self {
        Self::NotUnderstood(format!("fewer than {expected} answers to {expected} commands"))
    }

    /// Whether a repetition may succeed without anybody mending something.
    pub(crate) fn passes_by_itself(&self) -> bool {
        match self {
            Self::Connect { source: error, .. } | Self::Command(error) => passes_by_itself(error),
            Self::Busy { .. }
            | Self::Deadline(_)
            | Self::NoMaster(_)
            | Self::NoCluster
            | Self::SlotWithoutMaster(_) => true,
            Self::UnknownMaster(_) | Self::NotUnderstood(_) => false,
        }
    }
}

impl From<ParsingError> for RedisFailure {
    fn from(error: ParsingError) -> Self {
        Self::NotUnderstood(error.to_string())
    }
}

impl From<serde_json::Error> for RedisFailure {
    fn from(error: serde_json::Error) -> Self {
        Self::NotUnderstood(error.to_string())
    }
}

impl From<RedisFailure> for RoomStoreError {
    fn from(failure: RedisFailure) -> Self {
        if failure.passes_by_itself() {
            return Self::Unavailable(Box::new(failure));
        }
        match failure {
            RedisFailure::NotUnderstood(what) => Self::Unusable(what),
            RedisFailure::Command(error) => Self::Unusable(error.to_string()),
            RedisFailure::Connect { ref source, .. } => {
                Self::Unusable(format!("{failure}: {source}"))
            }
            RedisFailure::UnknownMaster(_)
            | RedisFailure::Busy { .. }
            | RedisFailure::Deadline(_)
            | RedisFailure::NoMaster(_)
            | RedisFailure::NoCluster
            | RedisFailure::SlotWithoutMaster(_) => Self::Unusable(failure.to_string()),
        }
    }
}

/// What became of the requests of one trip to one server.
pub(crate) type Outcome = Result<Vec<RedisResult<Value>>, RedisFailure>;

/// Whether the server may be the wrong one by now, so that whoever knows the right one is to be asked.
pub(crate) fn casts_doubt_on_master(outcome: &Outcome) -> bool {
    match outcome {
        Ok(answers) => {
            answers.iter().any(|answer| answer.as_ref().is_err_and(is_said_by_no_master))
        }
        Err(RedisFailure::Busy { .. } | RedisFailure::NotUnderstood(_)) => false,
        Err(_) => true,
    }
}

/// Whether the requests certainly had no effect, so that sending them once more, elsewhere, is safe.
pub(crate) fn was_not_carried_out(outcome: &Outcome) -> bool {
    match outcome {
        Ok(answers) => {
            answers.iter().all(|answer| answer.as_ref().is_err_and(is_from_another_role))
        }
        Err(RedisFailure::Connect { .. }) => true,
        Err(_) => false,
    }
}

/// Whether a replica, or a server that starts, has refused.
fn is_from_another_role(error: &RedisError) -> bool {
    matches!(
        error.kind(),
        ErrorKind::Server(
            ServerErrorKind::ReadOnly | ServerErrorKind::BusyLoading | ServerErrorKind::MasterDown
        )
    )
}

/// The same, or a master that has been cut off from its replicas or from the rest of its Cluster.
fn is_said_by_no_master(error: &RedisError) -> bool {
    is_from_another_role(error)
        || error.kind() == ErrorKind::Server(ServerErrorKind::ClusterDown)
        || error.code() == Some("NOREPLICAS")
}

/// Whether a repetition may succeed without anybody mending something.
fn passes_by_itself(error: &RedisError) -> bool {
    match error.kind() {
        ErrorKind::Server(kind) => !matches!(
            kind,
            ServerErrorKind::ResponseError | ServerErrorKind::NoPerm | ServerErrorKind::CrossSlot
        ),
        ErrorKind::Parse
        | ErrorKind::AuthenticationFailed
        | ErrorKind::UnexpectedReturnType
        | ErrorKind::InvalidClientConfig
        | ErrorKind::RESP3NotSupported => false,
        // A certificate that does not fit; everything else that breaks a connection may heal.
        ErrorKind::Io => !is_about_certificates(error),
        // A server that is short of memory, disk or replicas, or busy with a script, says so with a
        // code of its own; a key of a wrong type or a wrong password stays wrong.
        ErrorKind::Extension => !matches!(error.code(), Some("WRONGTYPE" | "NOAUTH" | "WRONGPASS")),
        _ => true,
    }
}

fn is_about_certificates(error: &RedisError) -> bool {
    // The client keeps what it was given in an `Arc`, which is what its source is.
    let given =
        error.source().and_then(|source| source.downcast_ref::<Arc<dyn Error + Send + Sync>>());
    let inner = given.and_then(|given| given.downcast_ref()).and_then(io::Error::get_ref);
    let inner = inner.and_then(|inner| inner.downcast_ref());
    matches!(inner, Some(rustls::Error::InvalidCertificate(_)))
}

/// Whether the connection must not be used again. A demoted or restarting server answers on the old
/// connection for ever, while a new one may reach its successor; a connection that timed out or broke
/// may still deliver, too late, what nobody waits for.
pub(crate) fn spoils_connection(error: &RedisError) -> bool {
    matches!(error.kind(), ErrorKind::Io | ErrorKind::Parse) || is_from_another_role(error)
}

#[cfg(test)]
mod tests {
    use rustls::CertificateError;

    use super::*;

    #[test]
    fn a_certificate_that_does_not_fit_is_to_be_mended() {
        let at =
            |error: io::Error| RedisFailure::Connect { at: "h:1".into(), source: error.into() };
        let unknown = rustls::Error::InvalidCertificate(CertificateError::UnknownIssuer);
        let refused = at(io::Error::new(io::ErrorKind::InvalidData, unknown));
        assert!(!refused.passes_by_itself());
        let text = RoomStoreError::from(refused).to_string();
        assert!(text.contains("failed to connect to redis at h:1: invalid peer"), "{text}");
        assert!(at(io::Error::from(io::ErrorKind::ConnectionRefused)).passes_by_itself());
        assert!(at(io::Error::other("something else")).passes_by_itself());
    }

    /// The error that the client makes of a server's reply.
    fn replied(line: &str) -> RedisError {
        redis::parse_redis_value(format!("-{line}\r\n").as_bytes())
            .and_then(redis::Value::extract_error)
            .expect_err("an error reply")
    }

    #[test]
    fn each_reply_is_classified() {
        for (reply, unavailable, spoils) in [
            ("READONLY You can't write against a read only replica.", true, true),
            ("LOADING Redis is loading the dataset in memory", true, true),
            ("MASTERDOWN Link with MASTER is down", true, true),
            ("OOM command not allowed when used memory > 'maxmemory'.", true, false),
            ("MISCONF Errors writing to the AOF file: No space left on device", true, false),
            ("BUSY Redis is busy running a script.", true, false),
            ("NOREPLICAS Not enough good replicas to write.", true, false),
            ("WRONGTYPE Operation against a key holding the wrong kind of value", false, false),
            ("NOAUTH Authentication required.", false, false),
            ("NOPERM this user has no permissions to run the 'evalsha' command", false, false),
            ("ERR user_script:1: attempt to compare nil with number", false, false),
        ] {
            let error = replied(reply);
            assert_eq!(spoils_connection(&error), spoils, "{reply}");
            let outcome = Ok(vec![Err(error.clone())]);
            assert_eq!(was_not_carried_out(&outcome), spoils, "{reply}");
            let port_error = RoomStoreError::from(RedisFailure::Command(error));
            let is_unavailable = matches!(port_error, RoomStoreError::Unavailable(_));
            assert_eq!(is_unavailable, unavailable, "{reply}: {port_error:?}");
        }
    }
}
