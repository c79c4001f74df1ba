//! What of `[mail]` contradicts each other.

use std::net::IpAddr;
use std::path::Path;

use super::check::Check;
use super::{MailTransport, SmtpSecurity};
use crate::mail;

impl Check<'_> {
    pub(super) fn mail(&mut self) {
        let mail = &self.loaded.config.mail;
        if !mail.is_on() {
            return;
        }
        self.refuse(
            "mail.from",
            mail::mailbox(&mail.from).is_none(),
            "must be an address, such as \"Stadt Speyer <termine@speyer.example>\": letters need a sender",
        );
        for (path, address) in
            [("mail.reply_to", &mail.reply_to), ("mail.bounces_to", &mail.bounces_to)]
        {
            let is_wrong = !address.is_empty() && mail::mailbox(address).is_none();
            self.refuse(path, is_wrong, "must be an address, or empty");
        }
        let url = &mail.public_url;
        self.refuse(
            "mail.public_url",
            !url.is_empty() && (!url.starts_with("http") || url.contains('#')),
            "must begin with https:// and have no \"#\", or be empty: the token of a booking follows behind one",
        );
        for (path, value, range) in [
            ("mail.mails_per_minute", u64::from(mail.mails_per_minute), 1..=1_000_000),
            ("mail.connections", u64::from(mail.connections), 1..=32),
            ("mail.timeout_s", mail.timeout_s, 1..=60),
            ("mail.remind_before_hours", u64::from(mail.remind_before_hours), 0..=720),
        ] {
            let reason = format!("must be {} to {}", range.start(), range.end());
            self.refuse(path, !range.contains(&value), &reason);
        }
        if mail.transport == MailTransport::Smtp {
            self.smtp();
        }
    }

    fn smtp(&mut self) {
        let mail = &self.loaded.config.mail;
        self.refuse(
            "mail.smtp_host",
            mail.smtp_host.is_empty(),
            "must name the mail server: no letter would ever be sent",
        );
        let is_here = mail.smtp_host == "localhost"
            || mail.smtp_host.parse::<IpAddr>().is_ok_and(|address| address.is_loopback());
        self.refuse(
            "mail.smtp_security",
            mail.smtp_security == SmtpSecurity::None && !is_here && !mail.smtp_host.is_empty(),
            "must be \"starttls\" or \"tls\": letters have names and links that manage bookings, and would \
             go over the network for everybody to read",
        );
        self.refuse(
            "mail.smtp_password_file",
            !mail.smtp_user.is_empty() && mail.smtp_password_file == Path::new(""),
            "must name the file with the password of `mail.smtp_user`",
        );
    }
}

#[cfg(test)]
mod tests {
    use crate::config::load;

    fn refused(lines: &str) -> String {
        let text = format!("[mail]\n{lines}\n");
        let loaded = load(Some(("town.toml", &text)), Vec::new());
        loaded.map_or_else(|error| error.0.join("\n"), |_| String::new())
    }

    #[test]
    fn what_would_lose_letters_or_show_them_is_refused() {
        let smtp =
            "transport = \"smtp\"\nfrom = \"Stadt <a@b.example>\"\nsmtp_host = \"mail.b.example\"";
        assert_eq!(refused(smtp), "");
        assert_eq!(refused(""), "", "no mail needs nothing");
        for (lines, setting) in [
            ("transport = \"folder\"".to_owned(), "mail.from"),
            (smtp.replace("mail.b.example", ""), "mail.smtp_host"),
            (format!("{smtp}\nsmtp_security = \"none\""), "mail.smtp_security"),
            (format!("{smtp}\nsmtp_user = \"einlass\""), "mail.smtp_password_file"),
            (format!("{smtp}\npublic_url = \"https://b.example/#x\""), "mail.public_url"),
            (format!("{smtp}\ntimeout_s = 0"), "mail.timeout_s"),
            (format!("{smtp}\nreply_to = \"b.example\""), "mail.reply_to"),
        ] {
            let found = refused(&lines);
            assert!(found.contains(&format!("`{setting}` must")), "{lines}: {found}");
            assert_eq!(found.lines().count(), 1, "{found}");
        }
        let here = smtp.replace("mail.b.example", "127.0.0.1");
        assert_eq!(refused(&format!("{here}\nsmtp_security = \"none\"")), "");
    }
}
