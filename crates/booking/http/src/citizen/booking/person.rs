//! A person, as typed in and as shown to who booked.

use actix_web::HttpRequest;
use actix_web::http::header::ACCEPT_LANGUAGE;
use booking::{FieldProblem, Language, Person, PersonField, PersonFields};
use kernel::Timestamp;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use web::{Code, Problem};

use super::declaration::NewDeclarations;

/// The person to be booked.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct NewPerson {
    #[schema(example = "Erika", min_length = 1, max_length = 100)]
    given_name: String,
    #[schema(example = "Mustermann", min_length = 1, max_length = 100)]
    family_name: String,
    #[schema(format = Date, example = "1980-02-29")]
    date_of_birth: String,
    /// Where the confirmation goes, if anywhere.
    #[schema(nullable = false, format = Email, example = "erika@example.org", max_length = 254)]
    email: Option<String>,
    /// Where a call-up may go.
    #[schema(nullable = false, example = "+49 6232 140", max_length = 32)]
    phone: Option<String>,
    /// In which language the person is written to. Without it the one that the request prefers.
    #[schema(nullable = false)]
    language: Option<LanguageBody>,
    /// What the person declares, of what the campaign lists.
    #[serde(default)]
    declarations: NewDeclarations,
}

/// A language in which people are written to.
#[derive(Clone, Copy, Deserialize, Serialize, ToSchema)]
#[schema(as = LetterLanguage, example = "de")]
#[serde(rename_all = "snake_case")]
pub(super) enum LanguageBody {
    De,
    En,
}

impl From<LanguageBody> for Language {
    fn from(body: LanguageBody) -> Self {
        match body {
            LanguageBody::De => Self::De,
            LanguageBody::En => Self::En,
        }
    }
}

impl From<Language> for LanguageBody {
    fn from(language: Language) -> Self {
        match language {
            Language::De => Self::De,
            Language::En => Self::En,
        }
    }
}

/// What a request says besides the person.
#[derive(Clone, Copy)]
pub(crate) struct Reading {
    now: Timestamp,
    language: Language,
}

impl Reading {
    /// At `now`, in the language that the client prefers, if it says so.
    pub(crate) fn of(request: &HttpRequest, now: Timestamp) -> Self {
        let headers = request.headers();
        let language = if headers.contains_key(ACCEPT_LANGUAGE) {
            preferred_language(request)
        } else {
            Language::default()
        };
        Self { now, language }
    }
}

/// The language in which the client wants to read.
pub(crate) fn preferred_language(request: &HttpRequest) -> Language {
    match web::Language::preferred(request.headers()) {
        web::Language::De => Language::De,
        web::Language::En => Language::En,
    }
}

impl NewPerson {
    /// The person in the field `person`, or a problem that names every field that is wrong.
    pub(crate) fn parse(self, reading: Reading) -> Result<Person, Problem> {
        self.read(reading)
            .map_err(|wrong| name(Problem::new(Code::InvalidRequest), "person.", wrong))
    }

    /// The same where the person is all that was sent.
    pub(crate) fn parse_alone(self, reading: Reading) -> Result<Person, Problem> {
        self.read(reading).map_err(|wrong| name(Problem::new(Code::InvalidRequest), "", wrong))
    }

    /// The persons in the field `persons`, or a problem that names every field of each that is wrong.
    pub(crate) fn parse_all(persons: Vec<Self>, reading: Reading) -> Result<Vec<Person>, Problem> {
        let (mut read, mut problem) = (Vec::new(), None);
        for (place, person) in persons.into_iter().enumerate() {
            match person.read(reading) {
                Ok(person) => read.push(person),
                Err(wrong) => {
                    let whole = problem.take();
                    let whole = whole.unwrap_or_else(|| Problem::new(Code::InvalidRequest));
                    problem = Some(name(whole, &format!("persons[{place}]."), wrong));
                }
            }
        }
        problem.map_or(Ok(read), Err)
    }

    fn read(self, reading: Reading) -> Result<Person, Vec<(PersonField, FieldProblem)>> {
        let Self { given_name, family_name, date_of_birth, email, phone, language, declarations } =
            self;
        let language = language.map_or(reading.language, Language::from);
        let fields =
            PersonFields { given_name, family_name, date_of_birth, email, phone, language };
        let person = Person::parse(fields, reading.now)?;
        Ok(person.declaring(declarations.made_at(reading.now)))
    }
}

/// The problem that also names what is wrong with the person at `path`.
fn name(whole: Problem, path: &str, wrong: Vec<(PersonField, FieldProblem)>) -> Problem {
    wrong.into_iter().fold(whole, |whole, (field, problem)| {
        whole.field(format!("{path}{}", field.as_str()), problem)
    })
}

/// The person of a booking.
#[derive(Serialize, ToSchema)]
#[schema(as = Person)]
pub(crate) struct PersonBody<'a> {
    #[schema(example = "Erika")]
    given_name: &'a str,
    #[schema(example = "Mustermann")]
    family_name: &'a str,
    #[schema(format = Date, example = "1980-02-29")]
    date_of_birth: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false, example = "erika@example.org")]
    email: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false, example = "+49 6232 140")]
    phone: Option<&'a str>,
}

impl<'a> From<&'a Person> for PersonBody<'a> {
    fn from(person: &'a Person) -> Self {
        Self {
            given_name: person.given_name(),
            family_name: person.family_name(),
            date_of_birth: person.date_of_birth().to_string(),
            email: person.email(),
            phone: person.phone(),
        }
    }
}
