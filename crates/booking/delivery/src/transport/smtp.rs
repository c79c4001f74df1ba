//! A mail server (SMTP, RFC 5321).
//!
//! The library's time-out covers connecting only, and its pool takes a connection back in whatever state
//! a dropped call has left it. So there is one connection, it is used for one letter after the other, and
//! it is thrown away when anything unexpected happens on it, or a call is dropped.

use std::error::Error as _;
use std::time::Duration;
use std::{fmt, io};

use async_trait::async_trait;
use booking::Reason;
use lettre::Address;
use lettre::transport::smtp::authentication::{self, DEFAULT_MECHANISMS};
use lettre::transport::smtp::client::{AsyncSmtpConnection, Certificate, TlsParameters};
use lettre::transport::smtp::commands::{Data, Mail, Rcpt, Rset};
use lettre::transport::smtp::extension::{ClientId, Extension, MailBodyParameter, MailParameter};
use lettre::transport::smtp::{self, response};
use tokio::time::timeout;

use super::{HandedOver, Transport};
use crate::letter::Letter;

/// A mail server and how it is talked to.
#[derive(Clone)]
pub struct SmtpServer {
    /// Its name, which its certificate has to have.
    pub host: String,
    /// Its port.
    pub port: u16,
    /// How the connection is protected.
    pub security: Security,
    /// An authority of the operator's own, as PEM, besides those that the system trusts.
    pub authority: Option<Vec<u8>>,
    /// Who we are to it, if it asks.
    pub credentials: Option<Credentials>,
    /// Where reports about letters go; the sender if `None`.
    pub bounces_to: Option<Address>,
    /// The longest that it may take to connect, and then to take a letter.
    pub time_max: Duration,
}

/// Who we are to a mail server. `Debug` shows nothing of it.
#[derive(Clone)]
pub struct Credentials {
    /// The user.
    pub user: String,
    /// The password.
    pub password: String,
}

/// How a connection is protected.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Security {
    /// By TLS from the first byte.
    Tls,
    /// By TLS after `STARTTLS`, or not at all used.
    StartTls,
    /// Not.
    None,
}

impl fmt::Debug for Credentials {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Credentials(…)")
    }
}

impl fmt::Debug for SmtpServer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "SmtpServer({}:{}, {:?})", self.host, self.port, self.security)
    }
}

/// One connection to a mail server, opened when it is needed.
pub struct Smtp {
    server: SmtpServer,
    connection: Option<AsyncSmtpConnection>,
}

impl fmt::Debug for Smtp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.server.fmt(f)
    }
}

impl Smtp {
    /// A connection to this server.
    #[must_use]
    pub const fn new(server: SmtpServer) -> Self {
        Self { server, connection: None }
    }

    async fn connect(&self) -> Result<AsyncSmtpConnection, smtp::Error> {
        let SmtpServer { host, port, security, credentials, .. } = &self.server;
        // A name of ours that the receivers could ask for does not exist: we are behind the operator's server.
        let hello = ClientId::Domain("localhost".to_owned());
        let tls = match security {
            Security::None => None,
            Security::Tls | Security::StartTls => Some(self.tls()?),
        };
        let at_once = tls.clone().filter(|_| *security == Security::Tls);
        let server = (host.as_str(), *port);
        let mut connection =
            AsyncSmtpConnection::connect_tokio1(server, None, &hello, at_once, None).await?;
        if let Some(tls) = tls.filter(|_| *security == Security::StartTls) {
            connection.starttls(tls, &hello).await?;
        }
        if let Some(Credentials { user, password }) = credentials {
            let credentials = authentication::Credentials::new(user.clone(), password.clone());
            connection.auth(DEFAULT_MECHANISMS, &credentials).await?;
        }
        Ok(connection)
    }

    fn tls(&self) -> Result<TlsParameters, smtp::Error> {
        let mut tls = TlsParameters::builder(self.server.host.clone());
        if let Some(pem) = &self.server.authority {
            tls = tls.add_root_certificate(Certificate::from_pem(pem)?);
        }
        tls.build_rustls()
    }

    /// The letter over this connection; says whether the connection can be used on.
    async fn send(
        &self,
        connection: &mut AsyncSmtpConnection,
        letter: &Letter,
    ) -> (HandedOver, Then) {
        let sender = self.server.bounces_to.clone().or_else(|| letter.envelope.from().cloned());
        let mut options = Vec::new();
        if !letter.text.is_ascii()
            && connection.server_info().supports_feature(Extension::EightBitMime)
        {
            options.push(MailParameter::Body(MailBodyParameter::EightBitMime));
        }
        let mut named = sender.iter().chain(letter.envelope.to());
        if named.any(|address| !address.to_string().is_ascii()) {
            if !connection.server_info().supports_feature(Extension::SmtpUtfEight) {
                return (HandedOver::Refused(Reason::new("no smtputf8")), Then::GoOn);
            }
            options.push(MailParameter::SmtpUtfEight);
        }
        if let Err(error) = connection.command(Mail::new(sender, options)).await {
            // That is about us, not about the receiver.
            return (HandedOver::Unreachable(reason_of(&error)), Then::Close);
        }
        for receiver in letter.envelope.to() {
            let named = connection.command(Rcpt::new(receiver.clone(), Vec::new())).await;
            if let Err(error) = named {
                let usable = error.status().is_some() && connection.command(Rset).await.is_ok();
                return (refusal(&error), if usable { Then::GoOn } else { Then::Close });
            }
        }
        if let Err(error) = connection.command(Data).await {
            return (refusal(&error), Then::Close);
        }
        match connection.message(&letter.text).await {
            Ok(_) => (HandedOver::Taken, Then::GoOn),
            Err(error) => (refusal(&error), Then::Close),
        }
    }
}

/// What becomes of a connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Then {
    GoOn,
    Close,
}

#[async_trait]
impl Transport for Smtp {
    async fn hand_over(&mut self, letter: &Letter) -> HandedOver {
        let silent = || HandedOver::Unreachable(Reason::new(Reason::SILENT));
        let mut connection = match self.connection.take() {
            // A server may have closed it meanwhile, which is no reason to wait.
            Some(mut connection) => {
                let lives = timeout(self.server.time_max, connection.test_connected()).await;
                lives.unwrap_or(false).then_some(connection)
            }
            None => None,
        };
        if connection.is_none() {
            match timeout(self.server.time_max, self.connect()).await {
                Ok(Ok(fresh)) => connection = Some(fresh),
                Ok(Err(error)) => return HandedOver::Unreachable(reason_of(&error)),
                Err(_elapsed) => return silent(),
            }
        }
        let Some(mut connection) = connection else { return silent() };
        // Dropped here, if it takes too long or the caller leaves, it is closed.
        match timeout(self.server.time_max, self.send(&mut connection, letter)).await {
            Ok((handed_over, Then::GoOn)) => {
                self.connection = Some(connection);
                handed_over
            }
            Ok((handed_over, Then::Close)) => handed_over,
            Err(_elapsed) => silent(),
        }
    }
}

/// What a refusal of the letter means.
fn refusal(error: &smtp::Error) -> HandedOver {
    let reason = reason_of(error);
    match error.status().map(|code| code.severity) {
        Some(response::Severity::PermanentNegativeCompletion) => HandedOver::Refused(reason),
        // 421: it closes the connection, to whatever letter.
        Some(_) if error.status().is_some_and(|code| code.to_string() == "421") => {
            HandedOver::Unreachable(reason)
        }
        Some(_) => HandedOver::NotNow(reason),
        None => HandedOver::Unreachable(reason),
    }
}

/// The numbers of an answer (RFC 3463), and none of its words: they may quote addresses (P15).
fn reason_of(error: &smtp::Error) -> Reason {
    let Some(code) = error.status() else {
        let is_tls = error.is_tls() || is_refused_handshake(error);
        return Reason::new(if is_tls { "tls" } else { Reason::UNREACHABLE });
    };
    let said = error.to_string();
    let enhanced =
        said.split(|c: char| !c.is_ascii_digit() && c != '.').find(|word| is_enhanced(word));
    Reason::new(format!("{code} {}", enhanced.unwrap_or_default()).trim_end())
}

/// A certificate that is not trusted comes as a connection on which something invalid was read.
fn is_refused_handshake(error: &smtp::Error) -> bool {
    let mut source = error.source();
    while let Some(error) = source {
        let io = error.downcast_ref::<io::Error>();
        if io.is_some_and(|error| error.kind() == io::ErrorKind::InvalidData) {
            return true;
        }
        source = error.source();
    }
    false
}

fn is_enhanced(word: &str) -> bool {
    let parts: Vec<&str> = word.split('.').collect();
    let is_number = |part: &&str| (1..=3).contains(&part.len());
    parts.len() == 3 && ["2", "4", "5"].contains(&parts[0]) && parts.iter().all(is_number)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_enhanced_code_has_three_numbers() {
        assert!(is_enhanced("5.1.1") && is_enhanced("4.7.25"));
        assert!(!is_enhanced("127.0.0.1") && !is_enhanced("5.1") && !is_enhanced("9.1.1"));
    }
}
