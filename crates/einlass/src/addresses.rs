//! Where the two stores are: read once, when the configuration is loaded, and known by kind from then on.

use std::fmt;
use std::str::FromStr;

use waiting_room_redis::RedisAddress;
use waiting_room_redis::topology::RedisAddressError;

/// `waiting_room.store_url`
#[derive(Clone, Debug, PartialEq, Eq, serde::Deserialize)]
#[serde(try_from = "String")]
pub enum RoomStoreAddress {
    /// `memory:`, the memory of this process.
    Memory,
    /// Redis, which all instances share.
    Redis(RedisAddress),
}

/// What is wrong with `waiting_room.store_url`, without repeating it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum RoomStoreAddressError {
    /// Neither `memory:` nor an address of Redis.
    #[error("must be \"memory:\", or the address of a Redis, which {}", RedisAddressError::Scheme)]
    Kind,
    /// It means Redis, and is wrong further on.
    #[error(transparent)]
    Redis(RedisAddressError),
}

impl FromStr for RoomStoreAddress {
    type Err = RoomStoreAddressError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        if text == "memory:" {
            return Ok(Self::Memory);
        }
        text.parse().map(Self::Redis).map_err(|wrong| match wrong {
            RedisAddressError::Scheme => RoomStoreAddressError::Kind,
            wrong => RoomStoreAddressError::Redis(wrong),
        })
    }
}

impl TryFrom<String> for RoomStoreAddress {
    type Error = RoomStoreAddressError;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        text.parse()
    }
}

/// `booking.database_url`
#[derive(Clone, PartialEq, Eq, serde::Deserialize)]
#[serde(try_from = "String")]
pub enum DatabaseAddress {
    /// A file, for one process.
    Sqlite(String),
    /// A server, which all instances share.
    Postgres(String),
}

/// `booking.database_url` means no database.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("must begin with sqlite:// and name a file, or begin with postgres://")]
pub struct DatabaseAddressError;

impl DatabaseAddress {
    /// The whole URL, with the password.
    #[must_use]
    pub fn url(&self) -> &str {
        match self {
            Self::Sqlite(url) | Self::Postgres(url) => url,
        }
    }
}

impl fmt::Debug for DatabaseAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Sqlite(url) => f.debug_tuple("Sqlite").field(url).finish(),
            // The URL may hold a password.
            Self::Postgres(_) => f.debug_tuple("Postgres").finish_non_exhaustive(),
        }
    }
}

impl FromStr for DatabaseAddress {
    type Err = DatabaseAddressError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        match text.split_once("://") {
            Some(("sqlite", file)) if !file.is_empty() => Ok(Self::Sqlite(text.to_owned())),
            Some(("postgres" | "postgresql", _)) => Ok(Self::Postgres(text.to_owned())),
            _ => Err(DatabaseAddressError),
        }
    }
}

impl TryFrom<String> for DatabaseAddress {
    type Error = DatabaseAddressError;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        text.parse()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_store_is_known_by_its_address() {
        assert_eq!("memory:".parse(), Ok(RoomStoreAddress::Memory));
        for url in ["redis://h", "rediss://h", "redis+unix:///s", "redis+cluster://a,b"] {
            assert!(matches!(url.parse(), Ok(RoomStoreAddress::Redis(_))), "{url}");
        }
        assert!(matches!("sqlite://f.db".parse(), Ok(DatabaseAddress::Sqlite(_))));
        assert!(matches!("postgres://h/d".parse(), Ok(DatabaseAddress::Postgres(_))));
        assert!(matches!("postgresql://h/d".parse(), Ok(DatabaseAddress::Postgres(_))));
    }

    #[test]
    fn what_is_wrong_is_said_without_the_password() {
        for (url, wrong) in [
            (
                "memory",
                "must be \"memory:\", or the address of a Redis, which must begin with redis://",
            ),
            ("redsi://:geheim@x", "must be \"memory:\""),
            ("redis://:geheim@x:0", "has a port that is not a number from 1 to 65535"),
        ] {
            let found = url.parse::<RoomStoreAddress>().expect_err(url).to_string();
            assert!(found.starts_with(wrong), "{url}: {found}");
            assert!(!found.contains("geheim"), "{found}");
        }
        for url in ["sqlite://", "sqlite:x", "mysql://u:geheim@h/d", ""] {
            assert_eq!(url.parse::<DatabaseAddress>(), Err(DatabaseAddressError), "{url}");
        }
        let postgres = "postgres://u:geheim@h/d".parse::<DatabaseAddress>();
        assert_eq!(format!("{postgres:?}"), "Ok(Postgres(..))");
    }
}
