//! The catalogue as a page of the documentation.

use std::fmt::Write;

use super::Mistake;
use super::catalogue::{CATALOGUE, Entry, Text};
use crate::language::Language;

/// The text of `docs/problems.md`.
#[must_use]
pub fn catalogue_markdown() -> String {
    let mut page = String::from(HEAD);
    table(&mut page, "English", ["code", "status", "meaning", "what to do"], |entry| entry.en);
    table(&mut page, "Deutsch", ["Code", "Status", "Bedeutung", "Was tun"], |entry| entry.de);
    mistakes(&mut page);
    page
}

fn mistakes(page: &mut String) {
    page.push_str(
        "\n## What is wrong with a field\n\n| code | English | Deutsch |\n|---|---|---|\n",
    );
    for mistake in Mistake::examples() {
        let (en, de) = (mistake.text(Language::En), mistake.text(Language::De));
        writeln!(page, "| `{}` | {en} | {de} |", mistake.name())
            .expect("a string takes every text");
    }
}

const HEAD: &str = "# Problems

<!-- Written by `catalogue_markdown` in crates/shared/web. UPDATE_DRIFT=1 cargo nextest run -p web writes it again. -->

Whatever the two services refuse, they refuse with a problem of this closed list, as
`application/problem+json` (RFC 9457). Decide on `code`; the texts are for people and may change.

- `type` is `/problems/<code>`, a page of the service that explains the problem to people; `title` and `detail` are in the language of the `Accept-Language` header,
  English or German.
- `request_id` is the value of the `X-Request-Id` header and finds the request in the logs.
- `retry_after_s` says when to try again, as does the `Retry-After` header. Problems with status 429 or
  503 always have it.
- `errors` is a list of `{field, code, detail}`: everything that is wrong in the request, each with the path of its
  field, such as `person.given_name` or `departures[3]`, or with the name of its parameter or header. Its `code` is
  one of the second list.
";

fn table(page: &mut String, language: &str, head: [&str; 4], text: impl Fn(&Entry) -> Text) {
    let [code, status, meaning, to_do] = head;
    let mut line = |line: std::fmt::Arguments<'_>| {
        page.write_fmt(line).expect("a string takes every text");
    };
    line(format_args!("\n## {language}\n\n| {code} | {status} | {meaning} | {to_do} |\n"));
    line(format_args!("|---|---|---|---|\n"));
    for entry in CATALOGUE {
        let (name, status, text) = (entry.name, entry.status.as_u16(), text(entry));
        line(format_args!("| `{name}` | {status} | {} | {} |\n", text.title, text.detail));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    #[expect(
        clippy::disallowed_methods,
        reason = "the variable asks this test to write the page again"
    )]
    fn the_page_is_that_of_the_catalogue() {
        let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../../../docs/problems.md");
        let page = catalogue_markdown();
        if std::env::var("UPDATE_DRIFT").is_ok() {
            std::fs::write(path, &page).expect("the page can be written");
        }
        let checked_in = std::fs::read_to_string(path).unwrap_or_default();
        assert!(checked_in == page, "docs/problems.md differs: run with UPDATE_DRIFT=1");
    }
}
