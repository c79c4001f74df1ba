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
        Some(_) if concerns_us(reason.as_str()) => HandedOver::Unreachable(reason),
        Some(response::Severity::PermanentNegativeCompletion) => HandedOver::Refused(reason),
        Some(_) => HandedOver::NotNow(reason),
        None => HandedOver::Unreachable(reason),
    }
}

/// Whether an answer with these numbers would be the same to whatever letter. Providers say only when they are
/// told of a receiver, or have the whole letter, that the sender has used up a limit or may not send at all.
fn concerns_us(numbers: &str) -> bool {
    let (code, status) = numbers.split_once(' ').unwrap_or((numbers, ""));
    match code {
        // It closes the connection, or wants another password or TLS first.
        "421" | "530" | "535" | "538" => true,
        _ if !code.starts_with('5') => false,
        // This letter is too big for it.
        _ if status == "5.3.4" => false,
        // The limit is used up; the system takes no mail; a policy is against it.
        _ => status == "5.4.5" || status.starts_with("5.3.") || status.starts_with("5.7."),
    }
}

/// The numbers of an answer (RFC 3463), and none of its words: they may quote addresses (P15).
fn reason_of(error: &smtp::Error) -> Reason {
    let Some(code) = error.status() else {
        let is_tls = error.is_tls() || is_refused_handshake(error);
        return Reason::new(if is_tls { "tls" } else { Reason::UNREACHABLE });
    };
    let said = error.to_string();
    let status = Reason::status_in(&said).unwrap_or_default();
    Reason::new(format!("{code} {status}").trim_end())
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_is_about_the_letter_is_final_for_it() {
        for ours in [
            "421 4.3.2",
            "421",
            "530 5.7.0",
            "535",
            "538",
            "550 5.4.5",
            "550 5.7.26",
            "554 5.7.1",
            "554 5.3.2",
        ] {
            assert!(concerns_us(ours), "{ours}");
        }
        for of_the_letter in [
            "550 5.1.1",
            "552 5.2.2",
            "552 5.3.4",
            "550 5.6.0",
            "550",
            "554",
            "451 4.3.0",
            "450 4.7.1",
        ] {
            assert!(!concerns_us(of_the_letter), "{of_the_letter}");
        }
    }
}
