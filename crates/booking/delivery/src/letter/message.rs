//! The whole letter as it is sent (RFC 5322, MIME).

use std::time::{Duration, SystemTime};

use booking::MailId;
use kernel::Timestamp;
use lettre::address::Envelope;
use lettre::message::header::{ContentType, Header, HeaderName, HeaderValue};
use lettre::message::{Attachment, Mailbox, Message, MultiPart, MultiPartKind, SinglePart};
use lettre::{Address, message};

use super::texts::Texts;
use super::{LetterError, Letterhead, Material, Paper};

/// A letter as it is handed to a transport. `Debug` shows nothing of it (P15).
#[derive(Clone)]
pub struct Letter {
    /// From whom to whom.
    pub(crate) envelope: Envelope,
    /// The whole text.
    pub(crate) text: Vec<u8>,
    /// What it is known by, without the domain.
    pub(crate) id: String,
}

impl std::fmt::Debug for Letter {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Letter({})", self.id)
    }
}

impl Letter {
    /// The letter as it goes over the line.
    #[must_use]
    pub fn text(&self) -> &[u8] {
        &self.text
    }
}

/// Tells other programs not to answer (RFC 3834).
#[derive(Clone)]
struct AutoSubmitted;

impl Header for AutoSubmitted {
    fn name() -> HeaderName {
        HeaderName::new_from_ascii_str("Auto-Submitted")
    }

    fn parse(_: &str) -> Result<Self, Box<dyn std::error::Error + Send + Sync>> {
        Ok(Self)
    }

    fn display(&self) -> HeaderValue {
        HeaderValue::new(Self::name(), "auto-generated".to_owned())
    }
}

/// Puts the parts together. All that is in it follows from the letter, so that a repetition is the same.
pub(super) fn assemble(
    material: &Material<'_>,
    head: &Letterhead,
    texts: &Texts,
    papers: Vec<Paper>,
) -> Result<Letter, LetterError> {
    let id = material.mail.id.to_string();
    let to = material.person.email().and_then(address).ok_or(LetterError::Address)?;
    let from = head.from.email.clone();
    let envelope = Envelope::new(Some(from), vec![to.clone()]).map_err(|_| LetterError::Address)?;
    let mut builder = message()
        .from(head.from.clone())
        .to(Mailbox::new(None, to))
        .subject(texts.subject.clone())
        .message_id(Some(format!("<{id}@{}>", head.from.email.domain())))
        .date(date(material.mail.made_at))
        .header(AutoSubmitted);
    if let Some(reply_to) = &head.reply_to {
        builder = builder.reply_to(reply_to.clone());
    }
    // Without the campaign, whose name may be as long as a boundary may be (70 characters, RFC 2046).
    let MailId { number, kind: tells, copy, .. } = &material.mail.id;
    let of_letter = format!("{number}_{}_{copy}", tells.as_str());
    let part =
        |kind, name: &str| MultiPart::builder().kind(kind).boundary(format!("{name}_{of_letter}"));
    let said = part(MultiPartKind::Alternative, "said")
        .singlepart(SinglePart::plain(texts.plain.clone()))
        .singlepart(SinglePart::html(texts.html.clone()));
    if papers.is_empty() {
        let message = builder.multipart(said).map_err(|_| LetterError::Unwritable)?;
        return Ok(Letter { envelope, text: message.formatted(), id });
    }
    let mut whole = part(MultiPartKind::Mixed, "whole").multipart(said);
    for Paper { name, media_type, content } in papers {
        let media_type = ContentType::parse(&media_type).map_err(|_| LetterError::Unwritable)?;
        whole = whole.singlepart(Attachment::new(name.to_owned()).body(content, media_type));
    }
    let message = builder.multipart(whole).map_err(|_| LetterError::Unwritable)?;
    Ok(Letter { envelope, text: message.formatted(), id })
}

fn message() -> message::MessageBuilder {
    Message::builder()
}

/// The address as mail servers of every age take it: the domain in ASCII.
fn address(text: &str) -> Option<Address> {
    let (user, domain) = text.rsplit_once('@')?;
    let domain = idna::domain_to_ascii(domain).ok()?;
    Address::new(user, domain).ok()
}

fn date(at: Timestamp) -> SystemTime {
    let since_1970 = u64::try_from(at.unix_s()).unwrap_or(0);
    SystemTime::UNIX_EPOCH + Duration::from_secs(since_1970)
}
