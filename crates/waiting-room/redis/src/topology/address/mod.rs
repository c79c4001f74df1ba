//! Where Redis is: one form of URL for every topology, parsed once.
//!
//! | form | means |
//! |---|---|
//! | `redis://[user:password@]host[:6379][/database]` | one server |
//! | `rediss://…[?ca=/path/ca.pem]` | the same with TLS, verified by the system's authorities or by that one |
//! | `redis+unix://[user:password@]/path[?database=0]` | one server through a socket of this machine |
//! | `redis+sentinel://[user:password@]host[:26379],…/master[/database][?sentinel_user=…&sentinel_password=…]` | the master that Sentinels name |
//! | `redis+cluster://[user:password@]host[:6379],…` | a Redis Cluster, reached through any of these nodes |
//!
//! `rediss+sentinel://` and `rediss+cluster://` are these with TLS, to the Sentinels as well; they take `ca` too.
//! `:password@` alone is for the user that Redis calls `default`. What a URL reserves is written as `%` and
//! two hexadecimal digits (`%40` for `@`); addresses of IPv6 stand in brackets.

mod parse;

use std::fmt;
use std::path::PathBuf;

use parse::quote;

/// Where Redis is, and who we are there. `Display` and `Debug` show every part but the passwords.
#[derive(Clone, PartialEq, Eq)]
pub enum RedisAddress {
    /// One server, reached over the network.
    Single {
        /// The server.
        server: HostPort,
        /// Who we are there.
        login: Option<Login>,
        /// Whether and how the connection is encrypted.
        tls: Option<Tls>,
        /// The number of the database.
        database: u16,
    },
    /// One server, reached through a socket of this machine.
    Socket {
        /// The socket.
        path: PathBuf,
        /// Who we are there.
        login: Option<Login>,
        /// The number of the database.
        database: u16,
    },
    /// The server that is the master according to Sentinels.
    Sentinel {
        /// At least one Sentinel.
        sentinels: Vec<HostPort>,
        /// What the Sentinels call the master.
        master: String,
        /// Who we are at the Sentinels.
        sentinel_login: Option<Login>,
        /// Who we are at the master.
        login: Option<Login>,
        /// Whether and how the connections are encrypted.
        tls: Option<Tls>,
        /// The number of the database.
        database: u16,
    },
    /// A Redis Cluster.
    Cluster {
        /// At least one node; the others are learned from it.
        nodes: Vec<HostPort>,
        /// Who we are at every node.
        login: Option<Login>,
        /// Whether and how the connections are encrypted.
        tls: Option<Tls>,
    },
}

/// A host and a port.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct HostPort {
    /// A name or an address, that of IPv6 without brackets.
    pub host: String,
    /// 1 to 65535.
    pub port: u16,
}

/// A user and the password.
#[derive(Clone, PartialEq, Eq)]
pub struct Login {
    /// The ACL user; Redis's `default` user if there is none.
    pub user: Option<String>,
    /// The password.
    pub password: String,
}

/// An encrypted connection, whose peer is verified.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Tls {
    /// A PEM file with the authorities to trust; those of the system if there is none.
    pub ca: Option<PathBuf>,
}

/// What is wrong with an address. It repeats nothing of the address: that may hold a password.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum RedisAddressError {
    /// The beginning is unknown.
    #[error(
        "must begin with redis://, rediss:// (TLS), redis+unix://, redis+sentinel://, rediss+sentinel://, \
         redis+cluster:// or rediss+cluster://"
    )]
    Scheme,
    /// No server is named, or its name has a character that none has.
    #[error(
        "must name a host after the scheme, such as redis://127.0.0.1:6379; in a password, write `/`, `?`, `#` \
         and `@` as %2F, %3F, %23 and %40"
    )]
    Host,
    /// A port is none.
    #[error("has a port that is not a number from 1 to 65535")]
    Port,
    /// Several servers without a word on how they belong together.
    #[error(
        "names several hosts: begin it with redis+sentinel:// or redis+cluster:// to say what they are"
    )]
    SeveralHosts,
    /// The part before `@` has no password.
    #[error("must have `user:password` or `:password` before the `@`")]
    Login,
    /// The database is none.
    #[error("has a database that is not a number from 0 to 65535")]
    Database,
    /// A cluster has but one database.
    #[error("must end after the hosts: a cluster has one database only")]
    ClusterDatabase,
    /// The Sentinels are not told whose master is meant.
    #[error("must name the master after the hosts: redis+sentinel://host:26379/master")]
    MasterName,
    /// A socket is named by its whole path.
    #[error("must have the socket's path after the scheme: redis+unix:///run/redis/redis.sock")]
    SocketPath,
    /// A parameter is unknown, stands twice, or is empty.
    #[error("has a parameter that is empty, stands twice, or does not exist here; there are: {0}")]
    Parameter(&'static str),
    /// A user of the Sentinels without a password.
    #[error("has a `sentinel_user` without a `sentinel_password`")]
    SentinelLogin,
    /// A `%` that stands for nothing.
    #[error("has a `%` that is not followed by two hexadecimal digits, or stands for no text")]
    Encoding,
    /// There is something after a `#`.
    #[error(
        "must not have a `#`: in a password, write %23; certificates are always verified, and `?ca=` names \
         an authority of your own"
    )]
    Fragment,
}

impl RedisAddress {
    /// How the connections are encrypted, if they are.
    #[must_use]
    pub fn tls(&self) -> Option<&Tls> {
        match self {
            Self::Single { tls, .. } | Self::Sentinel { tls, .. } | Self::Cluster { tls, .. } => {
                tls.as_ref()
            }
            Self::Socket { .. } => None,
        }
    }
}

impl fmt::Display for RedisAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let scheme = if self.tls().is_some() { "rediss" } else { "redis" };
        let mut parameters = Vec::new();
        match self {
            Self::Single { server, login, database, .. } => {
                write!(f, "{scheme}://{}{server}/{database}", Shown(login))?;
            }
            Self::Socket { path, login, database } => {
                let path = quote(&path.to_string_lossy());
                write!(f, "redis+unix://{}{path}", Shown(login))?;
                parameters.push(format!("database={database}"));
            }
            Self::Sentinel { sentinels, master, sentinel_login, login, database, .. } => {
                let (hosts, master) = (Listed(sentinels), quote(master));
                write!(f, "{scheme}+sentinel://{}{hosts}/{master}/{database}", Shown(login))?;
                if let Some(Login { user, .. }) = sentinel_login {
                    parameters
                        .extend(user.iter().map(|user| format!("sentinel_user={}", quote(user))));
                    parameters.push("sentinel_password=***".to_owned());
                }
            }
            Self::Cluster { nodes, login, .. } => {
                write!(f, "{scheme}+cluster://{}{}", Shown(login), Listed(nodes))?;
            }
        }
        if let Some(Tls { ca: Some(ca) }) = self.tls() {
            parameters.push(format!("ca={}", quote(&ca.to_string_lossy())));
        }
        if parameters.is_empty() { Ok(()) } else { write!(f, "?{}", parameters.join("&")) }
    }
}

impl fmt::Debug for RedisAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "RedisAddress({self})")
    }
}

impl fmt::Display for HostPort {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { host, port } = self;
        if host.contains(':') { write!(f, "[{host}]:{port}") } else { write!(f, "{host}:{port}") }
    }
}

impl fmt::Debug for Login {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Login").field("user", &self.user).finish_non_exhaustive()
    }
}

/// A login without its password, as it stands in a URL.
struct Shown<'a>(&'a Option<Login>);

impl fmt::Display for Shown<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            Some(login) => write!(f, "{}:***@", quote(login.user.as_deref().unwrap_or_default())),
            None => Ok(()),
        }
    }
}

struct Listed<'a>(&'a [HostPort]);

impl fmt::Display for Listed<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, host) in self.0.iter().enumerate() {
            let separator = if index == 0 { "" } else { "," };
            write!(f, "{separator}{host}")?;
        }
        Ok(())
    }
}
