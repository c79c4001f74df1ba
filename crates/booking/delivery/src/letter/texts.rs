//! The texts of a letter, from the templates of its language.

use booking::Language;
use minijinja::syntax::SyntaxConfig;
use minijinja::{Environment, context};

use super::when::when;
use super::{LetterError, Letterhead, Material};

/// What a letter says, three times.
pub(super) struct Texts {
    pub subject: String,
    pub plain: String,
    pub html: String,
}

/// Subject, text and HTML of each language, by their names. What ends in `.html` is escaped.
const TEMPLATES: [(&str, &str); 6] = [
    ("de/subject.txt", include_str!("../../templates/de/subject.txt")),
    ("de/letter.txt", include_str!("../../templates/de/letter.txt")),
    ("de/letter.html", include_str!("../../templates/de/letter.html")),
    ("en/subject.txt", include_str!("../../templates/en/subject.txt")),
    ("en/letter.txt", include_str!("../../templates/en/letter.txt")),
    ("en/letter.html", include_str!("../../templates/en/letter.html")),
];

pub(super) fn render(material: &Material<'_>, head: &Letterhead) -> Result<Texts, LetterError> {
    let language = material.person.language();
    let registration = &material.booking.registration;
    let title = match language {
        Language::De => &material.campaign.title_de,
        Language::En => &material.campaign.title_en,
    };
    let site = material.campaign.site(&material.slot.site);
    let link = head.public_url.as_ref().filter(|_| !material.is_cancelled()).map(|url| {
        format!("{url}#booking={}&token={}", registration.booking, material.manage_token)
    });
    let values = context! {
        kind => material.mail.id.kind.as_str(),
        name => format!("{} {}", material.person.given_name(), material.person.family_name()),
        title => title,
        when => when(material.slot, &material.campaign.time_zone, language),
        site => site.map(|site| site.name.as_str()),
        address => site.map(|site| site.address.as_str()),
        code => registration.code.as_str(),
        link => link,
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
    Ok(Texts { subject, plain: render("letter.txt")?, html: render("letter.html")? })
}
