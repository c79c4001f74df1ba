//! Why Redis gave no answer that can be used, and what that means to the caller of the port.

use std::time::Duration;

use deadpool_redis::PoolError;
use redis::{ErrorKind, ParsingError, RedisError, ServerErrorKind};
use waiting_room::RoomStoreError;

/// What went wrong on one trip to Redis.
#[derive(Debug, thiserror::Error)]
pub(crate) enum RedisFailure {
    #[error("failed to get a connection to redis")]
    Pool(#[source] PoolError),
    #[error("redis refused a command")]
    Command(#[source] RedisError),
    #[error("redis did not answer within {0:?}")]
    Deadline(Duration),
    #[error("redis holds what cannot be understood: {0}")]
    NotUnderstood(String),
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
        match failure {
            RedisFailure::NotUnderstood(what) => Self::Unusable(what),
            RedisFailure::Pool(PoolError::Backend(error)) | RedisFailure::Command(error)
                if !passes_by_itself(&error) =>
            {
                Self::Unusable(error.to_string())
            }
            RedisFailure::Pool(_) | RedisFailure::Command(_) | RedisFailure::Deadline(_) => {
                Self::Unavailable(Box::new(failure))
            }
        }
    }
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
        // A server that is short of memory, disk or replicas, or busy with a script, says so with a
        // code of its own; a key of a wrong type or a wrong password stays wrong.
        ErrorKind::Extension => !matches!(error.code(), Some("WRONGTYPE" | "NOAUTH" | "WRONGPASS")),
        _ => true,
    }
}

/// Whether the connection must not be used again. A demoted or restarting server answers on the old
/// connection for ever, while a new one may reach its successor; a connection that timed out or broke
/// may still deliver, too late, what nobody waits for.
pub(crate) fn spoils_connection(error: &RedisError) -> bool {
    matches!(
        error.kind(),
        ErrorKind::Io
            | ErrorKind::Parse
            | ErrorKind::Server(
                ServerErrorKind::ReadOnly
                    | ServerErrorKind::BusyLoading
                    | ServerErrorKind::MasterDown
            )
    )
}

#[cfg(test)]
mod tests {
    use super::*;

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
            let port_error = RoomStoreError::from(RedisFailure::Command(error));
            let is_unavailable = matches!(port_error, RoomStoreError::Unavailable(_));
            assert_eq!(is_unavailable, unavailable, "{reply}: {port_error:?}");
        }
    }
}
