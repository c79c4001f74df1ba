//! The texts of a letter, from the templates of its language.

use booking::{Language, Slot};
use minijinja::syntax::SyntaxConfig;
use minijinja::{Environment, Value, context};

use super::when::{deadline, when};
use super::{About, LetterError, Letterhead, Material};

/// What a letter says, three times.
pub(super) struct Texts {
    pub subject: String,
    pub plain: String,
    pub html: String,
}

/// Subject, text and HTML of each language, by their names. What ends in `.html` is escaped.
const TEMPLATES: [(&str, &str); 10] = [
    ("de/subject.txt", include_str!("../../templates/de/subject.txt")),
    ("de/booking.txt", include_str!("../../templates/de/booking.txt")),
    ("de/booking.html", include_str!("../../templates/de/booking.html")),
    ("de/waitlist.txt", include_str!("../../templates/de/waitlist.txt")),
    ("de/waitlist.html", include_str!("../../templates/de/waitlist.html")),
    ("en/subject.txt", include_str!("../../templates/en/subject.txt")),
    ("en/booking.txt", include_str!("../../templates/en/booking.txt")),
    ("en/booking.html", include_str!("../../templates/en/booking.html")),
    ("en/waitlist.txt", include_str!("../../templates/en/waitlist.txt")),
    ("en/waitlist.html", include_str!("../../templates/en/waitlist.html")),
];

pub(super) fn render(material: &Material<'_>, head: &Letterhead) -> Result<Texts, LetterError> {
    let language = material.person.language();
    let title = match language {
        Language::De => &material.campaign.title_de,
        Language::En => &material.campaign.title_en,
    };
    let common = context! {
        kind => material.mail.id.kind.as_str(),
        name => format!("{} {}", material.person.given_name(), material.person.family_name()),
        title => title,
    };
    let values = context! { ..of_subject(material, head), ..common };
    let template = match material.about {
        About::Booking { .. } => "booking",
        About::Entry { .. } | About::Offer { .. } => "waitlist",
    };
    let mut environment = Environment::new();
    let syntax = SyntaxConfig::builder().trim_blocks(true).lstrip_blocks(true).build();
    environment.set_syntax(syntax.map_err(|_| LetterError::Unwritable)?);
    let tag = language.tag();
    for (name, template) in TEMPLATES.iter().filter(|(name, _)| name.starts_with(tag)) {
        environment.add_template(name, template).map_err(|_| LetterError::Unwritable)?;
    }
    let render = |part: &str| {
        let template = environment.get_template(&format!("{tag}/{part}"));
        template.and_then(|template| template.render(&values)).map_err(|_| LetterError::Unwritable)
    };
    let subject = render("subject.txt")?.split_whitespace().collect::<Vec<_>>().join(" ");
    let plain = render(&format!("{template}.txt"))?;
    Ok(Texts { subject, plain, html: render(&format!("{template}.html"))? })
}

/// What the templates say of what the letter is about. Links have their secret behind the `#`, which no browser
/// sends, and opening one changes nothing.
fn of_subject(material: &Material<'_>, head: &Letterhead) -> Value {
    let url = head.public_url.as_ref();
    let link = |fragment: String| url.map(|url| format!("{url}#{fragment}"));
    match material.about {
        About::Booking { booking, slot, manage_token } => {
            let registration = &booking.registration;
            let link = link(format!("booking={}&token={manage_token}", registration.booking));
            context! {
                code => registration.code.as_str(),
                link => link.filter(|_| !material.is_cancelled()),
                ..of_slot(material, slot)
            }
        }
        About::Entry { entry, token } => context! {
            link => link(format!("waitlist={entry}&token={token}")),
        },
        About::Offer { offer, slot, token } => {
            let answer = |answer: &str| {
                let (entry, offer) = (offer.entry, offer.id);
                link(format!("waitlist={entry}&token={token}&offer={offer}&answer={answer}"))
            };
            let (zone, language) = (&material.campaign.time_zone, material.person.language());
            context! {
                until => deadline(offer.expires_at, zone, language),
                accept => answer("accept"),
                decline => answer("decline"),
                ..of_slot(material, slot)
            }
        }
    }
}

fn of_slot(material: &Material<'_>, slot: &Slot) -> Value {
    let site = material.campaign.site(&slot.site);
    context! {
        when => when(slot, &material.campaign.time_zone, material.person.language()),
        site => site.map(|site| site.name.as_str()),
        address => site.map(|site| site.address.as_str()),
    }
}
