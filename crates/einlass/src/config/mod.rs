//! The configuration: one annotated file of defaults, overridden by a file and by the environment.

mod check;
mod files;
mod load;
mod mail;
mod origin;
mod secrets;

use std::net::SocketAddr;
use std::path::PathBuf;

use serde::Deserialize;

use crate::addresses::{DatabaseAddress, RoomStoreAddress};

pub use files::missing as missing_files;
pub use load::{ConfigError, DEFAULTS, Loaded, load};
pub use origin::Origin;
pub use secrets::without_passwords;

/// Everything that can be set. `default.toml` documents each setting; it is the reference.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Config {
    /// The waiting room service.
    pub waiting_room: WaitingRoomConfig,
    /// The booking service.
    pub booking: BookingConfig,
    /// Letters about bookings.
    pub mail: MailConfig,
    /// What other systems are told.
    pub webhooks: WebhooksConfig,
    /// Who is staff.
    pub staff: StaffConfig,
    /// How often the same client may ask.
    pub limits: LimitsConfig,
    /// What both services must agree on.
    pub pass: PassConfig,
    /// Campaigns put into force at start.
    pub campaigns: CampaignsConfig,
    /// How a service ends.
    pub shutdown: ShutdownConfig,
    /// What is logged.
    pub log: LogConfig,
}

/// `[waiting_room]`
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct WaitingRoomConfig {
    /// The public address.
    pub listen: SocketAddr,
    /// The address of `/metrics`; empty for none.
    pub metrics_listen: String,
    /// Serving threads; 0 for one per processor.
    pub workers: usize,
    /// `memory:`, or the address of a Redis.
    pub store_url: RoomStoreAddress,
    /// The beginning of every key in Redis.
    pub redis_key_prefix: String,
    /// Connections to Redis.
    pub redis_pool_size: usize,
    /// The bound of one trip.
    pub redis_trip_deadline_ms: u64,
    /// Whether Redis must be set up so that it keeps what it acknowledged.
    pub redis_require_durable: bool,
    /// The secret keys.
    pub keys_file: PathBuf,
    /// The time between two renewals of a view.
    pub renew_every_ms: u64,
    /// Polls a second of one room that all instances together should get.
    pub polls_per_s_max: u32,
    /// Streams of the status of rooms that may be open.
    pub streams_max: usize,
    /// Streams of one client address.
    pub streams_per_address_max: usize,
    /// Arrivals that may wait.
    pub join_queue_depth_max: usize,
    /// Arrivals of one trip.
    pub join_batch_max: usize,
    /// Redemptions that may wait.
    pub redeem_queue_depth_max: usize,
    /// Redemptions of one trip.
    pub redeem_batch_max: usize,
    /// The CORS allow-list.
    pub cors_origins: Vec<String>,
}

/// `[booking]`
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct BookingConfig {
    /// The public address.
    pub listen: SocketAddr,
    /// The address of `/metrics`; empty for none.
    pub metrics_listen: String,
    /// Serving threads; 0 for one per processor.
    pub workers: usize,
    /// `sqlite://…` or `postgres://…`.
    pub database_url: DatabaseAddress,
    /// Connections that write.
    pub database_writers_max: u32,
    /// Connections that only read.
    pub database_readers_max: u32,
    /// The secret keys.
    pub keys_file: PathBuf,
    /// A URL or a file.
    pub jwks: String,
    /// The time between two readings of the public keys.
    pub jwks_refresh_s: u64,
    /// The waiting room's address; empty for none.
    pub signals_url: String,
    /// The time between two reports.
    pub signals_every_ms: u64,
    /// Commands that may wait.
    pub queue_depth_max: usize,
    /// Commands of one transaction.
    pub batch_max: usize,
    /// The time between two counts of the free places.
    pub availability_every_ms: u64,
    /// Streams of places that may be open.
    pub streams_max: usize,
    /// Streams of one client address.
    pub streams_per_address_max: usize,
    /// The base URL of the API from outside; empty for the address on which it listens.
    pub public_url: String,
    /// The page on which citizens book; empty for none.
    pub page_url: String,
    /// The CORS allow-list.
    pub cors_origins: Vec<String>,
}

/// `[mail]`
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct MailConfig {
    /// Where letters go.
    pub transport: MailTransport,
    /// Whether the booking service sends them.
    pub worker: bool,
    /// The folder.
    pub folder: PathBuf,
    /// The mail server.
    pub smtp_host: String,
    /// Its port.
    pub smtp_port: u16,
    /// How the connection is protected.
    pub smtp_security: SmtpSecurity,
    /// Who we are to it; empty for nobody.
    pub smtp_user: String,
    /// The file with the password.
    pub smtp_password_file: PathBuf,
    /// The file of an authority; empty for those that the system trusts.
    pub smtp_authority_file: PathBuf,
    /// Who writes.
    pub from: String,
    /// Where answers go; empty for the same.
    pub reply_to: String,
    /// Where reports go; empty for the same.
    pub bounces_to: String,
    /// The file with the token of who may report about letters; empty if nobody may.
    pub reports_token_file: PathBuf,
    /// The page of the bookings; empty for no links.
    pub public_url: String,
    /// Letters of one worker in a minute.
    pub mails_per_minute: u32,
    /// Connections of one worker.
    pub connections: u8,
    /// The bound of connecting, and of handing over.
    pub timeout_s: u64,
    /// Hours from a reminder to its appointment; 0 for none.
    pub remind_before_hours: u32,
}

/// Where letters go.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum MailTransport {
    /// There are none.
    None,
    /// Into a folder.
    Folder,
    /// To a mail server.
    Smtp,
}

/// How the connection to a mail server is protected.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum SmtpSecurity {
    /// By TLS after a command.
    StartTls,
    /// By TLS from the first byte.
    Tls,
    /// Not.
    None,
}

impl MailConfig {
    /// Whether letters are sent at all.
    #[must_use]
    pub fn is_on(&self) -> bool {
        self.transport != MailTransport::None
    }
}

/// `[webhooks]`
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct WebhooksConfig {
    /// The file of those who are told; empty for nobody.
    pub endpoints_file: PathBuf,
    /// Whether the booking service tells them.
    pub worker: bool,
}

impl WebhooksConfig {
    /// Whether anybody is told anything.
    #[must_use]
    pub fn is_on(&self) -> bool {
        !self.endpoints_file.as_os_str().is_empty()
    }
}

/// `[staff]`
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct StaffConfig {
    /// The key that signs tokens.
    pub keys_file: PathBuf,
    /// Its public half: a URL or a file; empty for no tokens of our own.
    pub jwks: String,
    /// The `OpenID` Connect provider; empty for none.
    pub issuer: String,
    /// What it calls us.
    pub audience: String,
    /// The claim with the roles.
    pub roles_claim: String,
    /// What our roles begin with there.
    pub role_prefix: String,
    /// The claim with the campaigns.
    pub campaigns_claim: String,
    /// The time between two readings of the keys.
    pub refresh_s: u64,
}

/// `[limits]`
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LimitsConfig {
    /// Networks of proxies, in CIDR notation.
    pub trusted_proxies: Vec<String>,
    /// The header in which they name the client.
    pub forwarded_header: String,
    /// Joins from one address in a minute; 0 for any number.
    pub join_per_minute: u32,
    /// Joins from one address at once.
    pub join_burst: u32,
    /// Joins from one address that need no proof of work; 0 for any number.
    pub join_free: u32,
    /// The time in which half of them are forgotten.
    pub join_free_half_life_s: u64,
    /// Joins of one room that need no proof of work; 0 for any number.
    pub room_join_free: u32,
    /// Numbers tried on average for the easiest proof.
    pub proof_work: u32,
    /// What is waited instead.
    pub proof_wait_s: u64,
    /// Proofs for one address to wait for, in a minute; 0 for any number.
    pub proof_wait_per_minute: u32,
    /// Proofs for one address to wait for, at once.
    pub proof_wait_burst: u32,
    /// Joins of one person in a minute; 0 for any number.
    pub person_join_per_minute: u32,
    /// Joins of one person at once.
    pub person_join_burst: u32,
    /// Joins for callers by one member of staff in a minute; 0 for any number.
    pub hotline_join_per_minute: u32,
    /// Joins for callers by one member of staff at once.
    pub hotline_join_burst: u32,
    /// Redemptions from one address in a minute; 0 for any number.
    pub redeem_per_minute: u32,
    /// Redemptions from one address at once.
    pub redeem_burst: u32,
    /// Redemptions of one ticket in a minute; 0 for any number.
    pub ticket_redeem_per_minute: u32,
    /// Redemptions of one ticket at once.
    pub ticket_redeem_burst: u32,
    /// Codes made with one ticket in a minute; 0 for any number.
    pub ticket_resume_code_per_minute: u32,
    /// Codes made with one ticket at once.
    pub ticket_resume_code_burst: u32,
    /// Codes tried from one address in a minute; 0 for any number.
    pub resume_per_minute: u32,
    /// Codes tried from one address at once.
    pub resume_burst: u32,
    /// Codes tried in one room in a minute; 0 for any number.
    pub room_resume_per_minute: u32,
    /// Codes tried in one room at once.
    pub room_resume_burst: u32,
    /// Requests for lost links from one address in a minute; 0 for any number.
    pub lost_link_per_minute: u32,
    /// Requests for lost links from one address at once.
    pub lost_link_burst: u32,
    /// Requests for the link of one booking code in a minute; 0 for any number.
    pub code_lost_link_per_minute: u32,
    /// Requests for the link of one booking code at once.
    pub code_lost_link_burst: u32,
    /// The keys of one limit that are counted separately.
    pub keys_max: usize,
}

impl LimitsConfig {
    /// Turns the limits off that are in the way where everybody comes from one machine and asks as
    /// fast as it can: in demos and tests.
    pub fn turn_off(&mut self) {
        self.join_per_minute = 0;
        self.person_join_per_minute = 0;
        self.redeem_per_minute = 0;
        self.ticket_redeem_per_minute = 0;
        self.lost_link_per_minute = 0;
    }
}

/// `[pass]`
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PassConfig {
    /// The claim `iss`.
    pub issuer: String,
}

/// `[campaigns]`
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CampaignsConfig {
    /// Campaign files.
    pub files: Vec<PathBuf>,
}

/// `[shutdown]`
#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ShutdownConfig {
    /// The first phase: not ready, still serving.
    pub drain_s: u64,
    /// The second phase: requests under way end.
    pub finish_s: u64,
}

/// `[log]`
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LogConfig {
    /// A `tracing` filter.
    pub filter: String,
}

impl Config {
    /// Whether the waiting room keeps its rooms in this process.
    #[must_use]
    pub fn has_embedded_rooms(&self) -> bool {
        self.waiting_room.store_url == RoomStoreAddress::Memory
    }

    /// Whether the booking database is a file of this process.
    #[must_use]
    pub fn has_embedded_database(&self) -> bool {
        matches!(self.booking.database_url, DatabaseAddress::Sqlite(_))
    }
}
