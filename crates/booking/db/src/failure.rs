//! What a database error means for the batch that met it.
//!
//! SeaORM's portable `SqlErr` knows only unique and foreign keys, so the codes are read here, in the
//! one place that knows them: SQLSTATE (PostgreSQL manual, appendix A) and SQLite's extended result
//! codes (<https://www.sqlite.org/rescode.html>).

use sea_orm::sqlx::Error as SqlxError;
use sea_orm::{DbErr, RuntimeErr};

/// What to do about a database error.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Failure {
    /// Another transaction was in the way or a constraint caught what the loaded state did not
    /// show: load again, decide again.
    Retry,
    /// It answers, but somebody else was in the way for too long. It says nothing about what
    /// touches other rows.
    Busy,
    /// The database cannot be reached or cannot serve now. A later attempt may succeed.
    Unavailable,
    /// A defect: wrong schema, wrong statement, unreadable data. Repeating it does not help.
    Broken,
}

/// Sorts an error into what a caller can do about it.
#[must_use]
pub fn classify(error: &DbErr) -> Failure {
    match error {
        DbErr::ConnectionAcquire(_) => Failure::Unavailable,
        DbErr::Conn(RuntimeErr::SqlxError(source))
        | DbErr::Exec(RuntimeErr::SqlxError(source))
        | DbErr::Query(RuntimeErr::SqlxError(source)) => classify_sqlx(source),
        // `DbErr` has over twenty variants about building and decoding; all of them are defects.
        _ => Failure::Broken,
    }
}

/// Whether a constraint refused what was to be written. If the state was loaded under the lock and
/// it happens again, the rows contradict each other, and no further attempt helps.
#[must_use]
pub(crate) fn is_constraint(error: &DbErr) -> bool {
    code_of(error).is_some_and(|code| {
        ["23505", "23P01", "23514", "275", "1555", "2067", "2579"].contains(&code.as_str())
    })
}

/// Whether other connections could be better than those of this pool: none was to be had, or they
/// lead to a server that has been demoted.
#[must_use]
pub(crate) fn calls_for_new_connections(error: &DbErr) -> bool {
    match error {
        DbErr::ConnectionAcquire(_) => true,
        DbErr::Conn(RuntimeErr::SqlxError(source))
        | DbErr::Exec(RuntimeErr::SqlxError(source))
        | DbErr::Query(RuntimeErr::SqlxError(source))
            if matches!(**source, SqlxError::PoolTimedOut) =>
        {
            true
        }
        _ => code_of(error).is_some_and(|code| code == "25006"),
    }
}

fn code_of(error: &DbErr) -> Option<String> {
    let (DbErr::Conn(RuntimeErr::SqlxError(source))
    | DbErr::Exec(RuntimeErr::SqlxError(source))
    | DbErr::Query(RuntimeErr::SqlxError(source))) = error
    else {
        return None;
    };
    source.as_database_error()?.code().map(std::borrow::Cow::into_owned)
}

/// Whether the connection broke under the statement; another one may still be good.
#[must_use]
pub(crate) fn is_connection_lost(error: &DbErr) -> bool {
    let (DbErr::Conn(RuntimeErr::SqlxError(source))
    | DbErr::Exec(RuntimeErr::SqlxError(source))
    | DbErr::Query(RuntimeErr::SqlxError(source))) = error
    else {
        return false;
    };
    match source.as_ref() {
        SqlxError::Database(database) => database
            .code()
            .is_some_and(|code| matches!(&*code, "57P01" | "57P02" | "57P05" | "25P03")),
        SqlxError::Io(_)
        | SqlxError::Tls(_)
        | SqlxError::Protocol(_)
        | SqlxError::WorkerCrashed => true,
        // The enum is non-exhaustive; what remains says nothing about the connection.
        _ => false,
    }
}

fn classify_sqlx(error: &SqlxError) -> Failure {
    match error {
        SqlxError::Database(database) => {
            database.code().map_or(Failure::Broken, |code| classify_code(&code))
        }
        SqlxError::Io(_)
        | SqlxError::Tls(_)
        | SqlxError::Protocol(_)
        | SqlxError::PoolTimedOut
        | SqlxError::PoolClosed
        | SqlxError::WorkerCrashed
        | SqlxError::BeginFailed => Failure::Unavailable,
        // The enum is non-exhaustive; what remains is about arguments, columns and decoding.
        _ => Failure::Broken,
    }
}

fn classify_code(code: &str) -> Failure {
    match code {
        // unique_violation, exclusion_violation, check_violation, serialization_failure,
        // deadlock_detected; SQLite: BUSY_SNAPSHOT and CONSTRAINT_{CHECK, PRIMARYKEY, UNIQUE, ROWID}.
        "23505" | "23P01" | "23514" | "40001" | "40P01" | "517" | "275" | "1555" | "2067"
        | "2579" => Failure::Retry,
        // query_canceled (statement_timeout), lock_not_available (lock_timeout).
        "57014" | "55P03" => Failure::Busy,
        // Idle in transaction or session time-out, read_only_sql_transaction (a server that was
        // demoted), in_failed_sql_transaction and no_active_sql_transaction (a connection that is
        // out of step).
        "25P03" | "57P05" | "25006" | "25P02" | "25P01" => Failure::Unavailable,
        // SQLite: BUSY, LOCKED, NOMEM, IOERR, FULL, CANTOPEN, PROTOCOL; an extended code carries its
        // primary code in the low byte.
        _ if code.len() < 5 => match code.parse::<u32>().map(|extended| extended & 0xff) {
            Ok(5 | 6 | 7 | 10 | 13 | 14 | 15) => Failure::Unavailable,
            Ok(_) | Err(_) => Failure::Broken,
        },
        // Connection exceptions, insufficient resources, operator intervention (shutdown, crash,
        // still starting), system errors.
        _ if ["08", "53", "57P", "58"].iter().any(|class| code.starts_with(class)) => {
            Failure::Unavailable
        }
        _ => Failure::Broken,
    }
}

#[cfg(test)]
mod tests {
    use std::borrow::Cow;
    use std::error::Error;
    use std::fmt;
    use std::sync::Arc;

    use sea_orm::ConnAcquireErr;
    use sea_orm::sqlx::error::{DatabaseError, ErrorKind};

    use super::*;

    #[derive(Debug)]
    struct Coded(&'static str);

    impl fmt::Display for Coded {
        fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str(self.0)
        }
    }

    impl Error for Coded {}

    impl DatabaseError for Coded {
        fn message(&self) -> &str {
            self.0
        }
        fn code(&self) -> Option<Cow<'_, str>> {
            Some(self.0.into())
        }
        fn as_error(&self) -> &(dyn Error + Send + Sync + 'static) {
            self
        }
        fn as_error_mut(&mut self) -> &mut (dyn Error + Send + Sync + 'static) {
            self
        }
        fn into_error(self: Box<Self>) -> Box<dyn Error + Send + Sync + 'static> {
            self
        }
        fn kind(&self) -> ErrorKind {
            ErrorKind::Other
        }
    }

    fn exec(error: SqlxError) -> DbErr {
        DbErr::Exec(RuntimeErr::SqlxError(Arc::new(error)))
    }

    #[test]
    fn every_known_code_has_its_meaning() {
        let retry = [
            "23505", "23514", "23P01", "40001", "40P01", // PostgreSQL
            "2067", "1555", "275", "517", // SQLite
        ];
        let unavailable = [
            "57P01", "57P02", "57P03", "57P05", "25P02", "25P03", "25006", "08000", "08006",
            "53100", "53300", "58030", // PostgreSQL
            "5", "6", "261", "10", "266", "13", "14", // SQLite
        ];
        let broken =
            ["42P01", "42703", "42601", "23502", "23503", "22P02", "XX000", "1", "787", "19", "?"];
        let table = [
            (Failure::Busy, ["57014", "55P03"].as_slice()),
            (Failure::Retry, retry.as_slice()),
            (Failure::Unavailable, unavailable.as_slice()),
            (Failure::Broken, broken.as_slice()),
        ];
        for (expected, codes) in table {
            for code in codes {
                let error = exec(SqlxError::Database(Box::new(Coded(code))));
                assert_eq!(classify(&error), expected, "{code}");
            }
        }
    }

    #[test]
    fn a_lost_connection_is_unavailability() {
        let reset = std::io::Error::from(std::io::ErrorKind::ConnectionReset);
        for error in [
            exec(SqlxError::Io(reset)),
            exec(SqlxError::WorkerCrashed),
            DbErr::ConnectionAcquire(ConnAcquireErr::Timeout),
            DbErr::ConnectionAcquire(ConnAcquireErr::ConnectionClosed),
        ] {
            assert_eq!(classify(&error), Failure::Unavailable, "{error}");
        }
    }

    #[test]
    fn a_pool_that_leads_nowhere_is_replaced() {
        let demoted = exec(SqlxError::Database(Box::new(Coded("25006"))));
        for error in [
            DbErr::ConnectionAcquire(ConnAcquireErr::Timeout),
            exec(SqlxError::PoolTimedOut),
            demoted,
        ] {
            assert!(calls_for_new_connections(&error), "{error}");
        }
        let locked = exec(SqlxError::Database(Box::new(Coded("55P03"))));
        assert!(!calls_for_new_connections(&locked));
    }

    #[test]
    fn what_the_program_got_wrong_is_broken() {
        for error in [
            DbErr::Type("not a number".into()),
            DbErr::RecordNotFound("booking".into()),
            exec(SqlxError::RowNotFound),
            exec(SqlxError::ColumnNotFound("seats".into())),
        ] {
            assert_eq!(classify(&error), Failure::Broken, "{error}");
        }
    }
}
