//! How a connection to one server is made.

use std::fs;

use redis::aio::MultiplexedConnection;
use redis::io::tcp::{TcpSettings, socket2::TcpKeepalive};
use redis::{
    AsyncConnectionConfig, Client, ConnectionAddr, ConnectionInfo, IntoConnectionInfo, Pipeline,
    RedisConnectionInfo, RedisResult, TlsCertificates, Value,
};

use super::address::{HostPort, Login, RedisAddress, Tls};
use super::config::{RedisConfig, SetupError};

/// Makes connections to any server of a topology: with the same login, encryption and time limits.
#[derive(Clone)]
pub(super) struct Dialer {
    /// Of any host: the form is what is used.
    form: ConnectionAddr,
    redis: RedisConnectionInfo,
    tcp: TcpSettings,
    limits: AsyncConnectionConfig,
}

impl Dialer {
    pub(super) fn new(config: &RedisConfig) -> Result<Self, SetupError> {
        let form = match (config.address.tls(), &config.address) {
            (Some(tls), _) => encrypted(tls)?,
            (None, RedisAddress::Socket { path, .. }) => ConnectionAddr::Unix(path.clone()),
            (None, _) => ConnectionAddr::Tcp(String::new(), 0),
        };
        let (login, database) = match &config.address {
            RedisAddress::Single { login, database, .. }
            | RedisAddress::Socket { login, database, .. }
            | RedisAddress::Sentinel { login, database, .. } => (login, *database),
            RedisAddress::Cluster { login, .. } => (login, 0),
        };
        let limits = AsyncConnectionConfig::new()
            .set_connection_timeout(Some(config.connect_timeout))
            .set_response_timeout(Some(config.response_timeout));
        let redis = logged_in(login.as_ref()).set_db(i64::from(database));
        Ok(Self { form, redis, tcp: tcp_settings(config), limits })
    }

    /// The same for somebody else, in the first database.
    pub(super) fn with_login(&self, login: Option<&Login>) -> Self {
        Self { redis: logged_in(login), ..self.clone() }
    }

    pub(super) fn limits(&self) -> AsyncConnectionConfig {
        self.limits.clone()
    }

    /// How this server is reached; without one, where the form alone says it.
    pub(super) fn info(&self, server: Option<&HostPort>) -> RedisResult<ConnectionInfo> {
        let address = match (&self.form, server) {
            (ConnectionAddr::TcpTls { tls_params, .. }, Some(HostPort { host, port })) => {
                let (tls_params, host) = (tls_params.clone(), host.clone());
                ConnectionAddr::TcpTls { host, port: *port, insecure: false, tls_params }
            }
            (ConnectionAddr::Tcp(..), Some(HostPort { host, port })) => {
                ConnectionAddr::Tcp(host.clone(), *port)
            }
            (form, _) => form.clone(),
        };
        let info = address.into_connection_info()?;
        Ok(info.set_redis_settings(self.redis.clone()).set_tcp_settings(self.tcp.clone()))
    }

    /// Asks a server something over a connection for this alone.
    pub(super) async fn ask(
        &self,
        server: &HostPort,
        questions: &Pipeline,
    ) -> RedisResult<Vec<Value>> {
        let client = Client::open(self.info(Some(server))?)?;
        let mut connection: MultiplexedConnection =
            client.get_multiplexed_async_connection_with_config(&self.limits).await?;
        questions.query_async(&mut connection).await
    }
}

fn logged_in(login: Option<&Login>) -> RedisConnectionInfo {
    let info = RedisConnectionInfo::default();
    let Some(Login { user, password }) = login else { return info };
    let info = info.set_password(password);
    match user {
        Some(user) => info.set_username(user),
        None => info,
    }
}

fn tcp_settings(config: &RedisConfig) -> TcpSettings {
    let probes = TcpKeepalive::new().with_time(config.keep_alive).with_interval(config.keep_alive);
    let settings = TcpSettings::default().set_nodelay(true).set_keepalive(probes);
    #[cfg(any(target_os = "android", target_os = "fuchsia", target_os = "linux"))]
    let settings = settings.set_user_timeout(config.user_timeout);
    settings
}

fn encrypted(tls: &Tls) -> Result<ConnectionAddr, SetupError> {
    choose_cryptography();
    let form =
        ConnectionAddr::TcpTls { host: String::new(), port: 0, insecure: false, tls_params: None };
    let Some(path) = &tls.ca else { return Ok(form) };
    let unusable = |error| SetupError::Authority(path.clone(), error);
    let pem = fs::read(path).map_err(|error| SetupError::ReadAuthority(path.clone(), error))?;
    // An empty list of authorities is accepted below, and no server would ever be.
    if !String::from_utf8_lossy(&pem).contains("-----BEGIN CERTIFICATE-----") {
        return Err(SetupError::NoAuthority(path.clone()));
    }
    let certificates = TlsCertificates { client_tls: None, root_cert: Some(pem) };
    let client = Client::build_with_tls(form, certificates).map_err(unusable)?;
    Ok(client.get_connection_info().addr().clone())
}

/// rustls panics at the first connection where a process has several cryptography libraries and has not said
/// which one to use; other dependencies bring `ring` besides ours. A choice that was made already stays.
fn choose_cryptography() {
    let _ = rustls::crypto::aws_lc_rs::default_provider().install_default();
}

#[cfg(test)]
mod tests {
    use super::*;

    fn dialer(address: &str) -> Result<Dialer, SetupError> {
        Dialer::new(&RedisConfig::new(address.parse().expect("an address")))
    }

    /// The self-test of the cryptography: what `redis` does for each connection does not panic here.
    #[tokio::test]
    async fn encryption_needs_nothing_set_up_before() {
        for round in 0..2 {
            let dialer = dialer("rediss://127.0.0.1:1").expect("the system's authorities");
            let server = HostPort { host: "127.0.0.1".into(), port: 1 };
            let refused = dialer.ask(&server, redis::pipe().cmd("PING")).await;
            assert!(refused.is_err_and(|error| error.is_connection_refusal()), "round {round}");
        }
        let config = rustls::ClientConfig::builder();
        assert!(!config.crypto_provider().cipher_suites.is_empty());
    }

    #[test]
    fn an_authority_that_cannot_be_used_is_named() {
        let folder = std::env::temp_dir();
        let missing = dialer("rediss://h?ca=/nowhere/ca.pem").err().expect("no such file");
        assert_eq!(missing.to_string(), "failed to read the certificate authority /nowhere/ca.pem");
        let file = folder.join(format!("einlass-no-authority-{}.pem", std::process::id()));
        for (text, message) in [("", "no certificate"), ("-----BEGIN CERTIFICATE-----\nx", "use")] {
            fs::write(&file, text).expect("the folder is writable");
            let refused = dialer(&format!("rediss://h?ca={}", file.display()));
            let refused = refused.err().map(|error| error.to_string()).unwrap_or_default();
            assert!(refused.contains(message), "{text}: {refused}");
        }
        fs::remove_file(file).expect("it is ours");
    }
}
