//! What mail servers send back: reports that a letter was not delivered (RFC 3464), and complaints (RFC 5965).

use booking::{MailId, MailReport, Reason};
use mail_parser::{Message, MessageParser, MessagePart, MimeHeaders, PartType};

/// A message says nothing about one of our letters. It does not repeat anything of it (P15).
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NoReport {
    /// It is longer than reports are.
    #[error("the message is longer than {} KiB", MailReport::MESSAGE_LENGTH_MAX / 1024)]
    TooLong,
    /// It is neither a delivery status (RFC 3464) nor a complaint (RFC 5965).
    #[error("the message is no report about a letter (RFC 3464, RFC 5965)")]
    NoStatus,
    /// The letter has arrived, or is still being tried.
    #[error("the report says that the letter was not given up")]
    NotGivenUp,
    /// It is about a letter of somebody else.
    #[error("the report is about no letter that this system has sent")]
    NotOurs,
}

/// Reads a report about a letter from `domain`.
pub fn read(text: &[u8], domain: &str) -> Result<MailReport, NoReport> {
    if text.len() > MailReport::MESSAGE_LENGTH_MAX {
        return Err(NoReport::TooLong);
    }
    let message = MessageParser::default().parse(text).ok_or(NoReport::NoStatus)?;
    let parts = || message.parts.iter();
    let status = parts().find(|part| is_of(part, "message", "delivery-status"));
    let complaint = parts().find(|part| is_of(part, "message", "feedback-report"));
    let reason = match (status, complaint) {
        (Some(status), _) => given_up(status)?,
        (None, Some(_)) => Reason::new(Reason::COMPLAINT),
        (None, None) => return Err(NoReport::NoStatus),
    };
    let id = parts().find_map(|part| letter_in(part, domain)).ok_or(NoReport::NotOurs)?;
    Ok(MailReport { id, reason })
}

fn is_of(part: &MessagePart<'_>, kind: &str, subtype: &str) -> bool {
    part.content_type().is_some_and(|media_type| {
        media_type.ctype().eq_ignore_ascii_case(kind)
            && media_type.subtype().is_some_and(|found| found.eq_ignore_ascii_case(subtype))
    })
}

/// The status of the receiver who did not get it.
fn given_up(part: &MessagePart<'_>) -> Result<Reason, NoReport> {
    let text = String::from_utf8_lossy(part.contents());
    let field = |name: &str| {
        text.lines().find_map(|line| {
            let (found, value) = line.split_once(':')?;
            found.trim().eq_ignore_ascii_case(name).then(|| value.trim().to_ascii_lowercase())
        })
    };
    if field("action").is_none_or(|action| action != "failed") {
        return Err(NoReport::NotGivenUp);
    }
    let status = field("status").unwrap_or_default();
    Ok(Reason::new(Reason::status_in(&status).unwrap_or("5.0.0")))
}

/// The letter that the report brings back, whole or its head.
fn letter_in(part: &MessagePart<'_>, domain: &str) -> Option<MailId> {
    match &part.body {
        PartType::Message(letter) => id_of(letter, domain),
        PartType::Text(head) if is_of(part, "text", "rfc822-headers") => {
            let head = format!("{}\r\n\r\n", head.trim_end());
            id_of(&MessageParser::default().parse(head.as_bytes())?, domain)
        }
        PartType::Text(_)
        | PartType::Html(_)
        | PartType::Binary(_)
        | PartType::InlineBinary(_)
        | PartType::Multipart(_) => None,
    }
}

fn id_of(letter: &Message<'_>, domain: &str) -> Option<MailId> {
    MailId::of_message_id(letter.message_id()?, domain)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn bounce(action: &str, status: &str, brought_back: &str) -> String {
        format!(
            "From: MAILER-DAEMON@mail.example\r\nTo: termine@speyer.example\r\nSubject: Undelivered\r\n\
             MIME-Version: 1.0\r\n\
             Content-Type: multipart/report; report-type=delivery-status; boundary=\"b\"\r\n\r\n\
             --b\r\nContent-Type: text/plain\r\n\r\nSorry, anna@example.org\r\n\
             --b\r\nContent-Type: message/delivery-status\r\n\r\n\
             Reporting-MTA: dns; mail.example\r\n\r\nFinal-Recipient: rfc822; anna@example.org\r\n\
             Action: {action}\r\nStatus: {status}\r\nDiagnostic-Code: smtp; 550 5.1.1 <anna@example.org>\r\n\r\n\
             --b\r\n{brought_back}\r\n--b--\r\n"
        )
    }

    fn read(text: &str) -> Result<MailReport, NoReport> {
        super::read(text.as_bytes(), "speyer.example")
    }

    const WHOLE: &str = "Content-Type: message/rfc822\r\n\r\n\
        Message-ID: <speyer-2021-06-20.17.confirmed.0@speyer.example>\r\nSubject: x\r\n\r\nHello";
    const HEAD: &str = "Content-Type: text/rfc822-headers\r\n\r\n\
        Message-ID: <speyer-2021-06-20.17.confirmed.0@speyer.example>\r\nSubject: x\r\n";

    #[test]
    fn a_bounce_names_the_letter_and_a_code() {
        for brought_back in [WHOLE, HEAD] {
            let report = read(&bounce("failed", "5.1.1", brought_back)).expect("a report");
            assert_eq!(report.id.to_string(), "speyer-2021-06-20.17.confirmed.0");
            assert_eq!(report.reason.as_str(), "5.1.1");
        }
    }

    #[test]
    fn what_is_no_bounce_of_ours_is_said() {
        let read = |text: String| read(&text);
        assert_eq!(read(bounce("delayed", "4.4.1", WHOLE)), Err(NoReport::NotGivenUp));
        let foreign = WHOLE.replace("speyer-2021-06-20.17.confirmed.0", "abc");
        assert_eq!(read(bounce("failed", "5.1.1", &foreign)), Err(NoReport::NotOurs));
        let foreign = WHOLE.replace("@speyer.example", "@worms.example");
        assert_eq!(read(bounce("failed", "5.1.1", &foreign)), Err(NoReport::NotOurs));
        assert_eq!(
            read("Subject: hello\r\n\r\nI am on holiday".to_owned()),
            Err(NoReport::NoStatus)
        );
        assert_eq!(read("x".repeat(MailReport::MESSAGE_LENGTH_MAX + 1)), Err(NoReport::TooLong));
    }

    #[test]
    fn a_complaint_is_noted() {
        let complaint = bounce("failed", "5.1.1", WHOLE)
            .replace("message/delivery-status", "message/feedback-report");
        assert_eq!(read(&complaint).expect("a report").reason.as_str(), "complaint");
    }
}
