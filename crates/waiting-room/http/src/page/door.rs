//! The questions at the door, as a form.

use std::borrow::Cow;

use ::web::problem;
use ::web::{Code, Mistake, Problem};
use kernel::{Municipality, Postcode, ResidenceAnswer};
use pass::IdentityKind;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use waiting_room::RoomSettings;
use waiting_room::door::proof::bond;
use waiting_room::service::{GivenIdentity, Residence};
use waiting_room::view::Phase;

use super::document::{Page, WrongField};
use super::texts::{Texts, texts};
use super::visit::Visit;
use super::words;
use crate::proofs::Asker;

/// What a form is for.
#[derive(Clone, Copy, Default, Serialize, Deserialize, PartialEq, Eq, ToSchema)]
#[serde(rename_all = "snake_case")]
pub(super) enum Step {
    /// Get in line.
    #[default]
    Join,
    /// Take the pass.
    Enter,
}

/// What a form sends.
#[derive(Default, Deserialize, ToSchema)]
#[serde(default)]
pub(super) struct Sent {
    pub(super) step: Step,
    key: String,
    proof: String,
    postcode: String,
    ags: String,
    given_name: String,
    family_name: String,
    date_of_birth: String,
    email: String,
}

/// The form.
#[derive(Serialize)]
pub(super) struct Door {
    /// Under which it can be sent twice.
    key: String,
    /// That counts in a while, for an address from which very many join.
    proof: Option<String>,
    fields: Vec<Field>,
    choices: Vec<Choice>,
}

/// A field of the form.
#[derive(Serialize)]
struct Field {
    id: &'static str,
    label: &'static str,
    kind: &'static str,
    autocomplete: &'static str,
    length_max: u32,
    is_number: bool,
    value: String,
    error: Option<Cow<'static, str>>,
}

/// One of the municipalities that share a postcode.
#[derive(Serialize)]
struct Choice {
    ags: String,
    name: String,
    is_chosen: bool,
}

/// What each field is: its name here, its name in the API, and how a browser should treat it.
struct Kind {
    id: &'static str,
    label: fn(&Texts) -> &'static str,
    input: &'static str,
    autocomplete: &'static str,
    length_max: u32,
    is_number: bool,
    typed: fn(&Sent) -> &str,
}

const POSTCODE: Kind = Kind {
    id: "postcode",
    label: |texts| texts.postcode,
    input: "text",
    autocomplete: "postal-code",
    length_max: 5,
    is_number: true,
    typed: |sent| &sent.postcode,
};

const PERSON: [Kind; 3] = [
    Kind {
        id: "given_name",
        label: |texts| texts.given_name,
        input: "text",
        autocomplete: "given-name",
        length_max: 100,
        is_number: false,
        typed: |sent| &sent.given_name,
    },
    Kind {
        id: "family_name",
        label: |texts| texts.family_name,
        input: "text",
        autocomplete: "family-name",
        length_max: 100,
        is_number: false,
        typed: |sent| &sent.family_name,
    },
    Kind {
        id: "date_of_birth",
        label: |texts| texts.date_of_birth,
        input: "date",
        autocomplete: "bday",
        length_max: 10,
        is_number: false,
        typed: |sent| &sent.date_of_birth,
    },
];

const EMAIL: [Kind; 1] = [Kind {
    id: "email",
    label: |texts| texts.email,
    input: "email",
    autocomplete: "email",
    length_max: 254,
    is_number: false,
    typed: |sent| &sent.email,
}];

/// The fields of a room, in the order in which it asks.
fn asked(settings: &RoomSettings) -> impl Iterator<Item = &'static Kind> {
    let residence = settings.asks_residence().then_some(&POSTCODE);
    let identity: &[Kind] = match settings.identity {
        IdentityKind::None => &[],
        IdentityKind::Person => &PERSON,
        IdentityKind::Email => &EMAIL,
    };
    residence.into_iter().chain(identity)
}

impl Sent {
    /// The key of the form, if it is one of ours: others would choose the same one twice.
    pub(super) fn key(&self) -> Option<&str> {
        let is_ours = self.key.len() == 32 && self.key.bytes().all(|byte| byte.is_ascii_hexdigit());
        is_ours.then_some(self.key.as_str())
    }

    /// The proof of work that was waited for.
    pub(super) fn proof(&self) -> Option<&str> {
        Some(self.proof.as_str()).filter(|proof| !proof.is_empty())
    }

    /// What was asked, answered; or every field in which there is nothing, or no postcode.
    pub(super) fn answers(
        &self,
        settings: &RoomSettings,
    ) -> Result<(Option<Residence>, Option<GivenIdentity>), Problem> {
        let empty = asked(settings).filter(|kind| (kind.typed)(self).trim().is_empty());
        let mut mistakes: Vec<_> = empty.map(|kind| (kind.id, Mistake::Empty)).collect();
        let postcode = self.postcode();
        if settings.asks_residence() && postcode.is_none() && !self.postcode.trim().is_empty() {
            mistakes.push((POSTCODE.id, Mistake::Form(problem::Form::Like("67346".into()))));
        }
        if !mistakes.is_empty() {
            let problem = Problem::new(Code::InvalidRequest);
            return Err(mistakes
                .into_iter()
                .fold(problem, |problem, (id, mistake)| problem.field(id, mistake)));
        }
        let choices = self.choices(settings);
        let residence = postcode.filter(|_| settings.asks_residence()).map(|postcode| {
            // Whoever has changed the postcode has not chosen anew.
            let chosen = choices.iter().find(|row| row.ags.to_string() == self.ags);
            (postcode, chosen.map(|row| row.ags))
        });
        let identity = match settings.identity {
            IdentityKind::None => None,
            IdentityKind::Email => Some(GivenIdentity::Email(self.email.clone())),
            IdentityKind::Person => Some(GivenIdentity::Person {
                given_name: self.given_name.clone(),
                family_name: self.family_name.clone(),
                date_of_birth: self.date_of_birth.trim().to_owned(),
            }),
        };
        Ok((residence, identity))
    }

    fn postcode(&self) -> Option<Postcode> {
        self.postcode.trim().parse().ok()
    }

    /// The municipalities to choose from, where the postcode has several.
    fn choices<'a>(&self, settings: &'a RoomSettings) -> Vec<&'a Municipality> {
        let answer = self.postcode().map(|postcode| settings.residence.decide(postcode, None));
        match answer {
            Some(ResidenceAnswer::Ambiguous(rows)) => rows,
            Some(
                ResidenceAnswer::Eligible(_)
                | ResidenceAnswer::NotEligible(_)
                | ResidenceAnswer::Mismatch,
            )
            | None => Vec::new(),
        }
    }
}

/// The page of somebody without a ticket: the form, where people can join.
pub(super) fn page(visit: &Visit<'_>, sent: &Sent, mistakes: &[(&str, &Mistake)]) -> Page {
    let (texts, view) = (texts(visit.language), &visit.view);
    let opens_in = |at: kernel::Timestamp| {
        words::duration(at.since(visit.app.rooms.now()).as_secs(), visit.language)
    };
    let (heading, lines) = match view.phase {
        Phase::Announced => {
            let opens =
                (texts.opens_in)(&opens_in(view.schedule.first_gathering().unwrap_or_default()));
            let lines = vec![opens, texts.same_chance.to_owned()];
            let refresh_s = Some(visit.app.rooms.look_after_s(view));
            let heading = texts.not_open.to_owned();
            return Page { heading, lines, refresh_s, ..Page::default() };
        }
        Phase::Closed => return closed(visit, view.settings.polling.max_s),
        Phase::Gathering => {
            let next = view.next_opening().and_then(|(_, next)| next.opens_at);
            let drawn = next.map(|at| (texts.drawn_in)(&opens_in(at)));
            (texts.get_in_line, drawn.into_iter().collect())
        }
        Phase::Open => (texts.get_in_line, Vec::new()),
        Phase::Paused => (texts.get_in_line, vec![texts.paused.to_owned()]),
        Phase::SoldOut => (texts.get_in_line, vec![texts.sold_out.to_owned()]),
    };
    let door = form(visit, sent, mistakes);
    let errors = wrong_fields(&door.fields);
    Page { heading: heading.to_owned(), errors, lines, door: Some(door), ..Page::default() }
}

/// The page of a closed room. Until its time is up the operator may open it again, so whoever is here asks on, slowly.
pub(super) fn closed(visit: &Visit<'_>, refresh_s: u32) -> Page {
    let texts = texts(visit.language);
    let is_over = visit.app.rooms.now() >= visit.view.settings.closes_at;
    let (heading, detail) = if is_over { texts.over } else { texts.closed };
    Page {
        heading: heading.to_owned(),
        lines: vec![detail.to_owned()],
        refresh_s: (!is_over).then_some(refresh_s),
        ..Page::default()
    }
}

/// The form, with what was typed in and what is wrong with it.
pub(super) fn form(visit: &Visit<'_>, sent: &Sent, mistakes: &[(&str, &Mistake)]) -> Door {
    let (texts, settings) = (texts(visit.language), &visit.view.settings);
    let fields = asked(settings).map(|kind| {
        let mistake = mistakes.iter().find(|(field, _)| field.rsplit('.').next() == Some(kind.id));
        Field {
            id: kind.id,
            label: (kind.label)(texts),
            kind: kind.input,
            autocomplete: kind.autocomplete,
            length_max: kind.length_max,
            is_number: kind.is_number,
            value: (kind.typed)(sent).to_owned(),
            error: mistake.map(|(_, mistake)| mistake.text(visit.language)),
        }
    });
    let choices = sent.choices(settings).into_iter().map(|row| Choice {
        is_chosen: row.ags.to_string() == sent.ags,
        ags: row.ags.to_string(),
        name: row.name.clone(),
    });
    let choices = choices.filter(|_| settings.asks_residence()).collect();
    let key = visit.app.rooms.new_join_key();
    Door { key, proof: None, fields: fields.collect(), choices }
}

impl Door {
    /// The same form, to be sent in a while: with a proof that counts then, if there is one to be had. Whoever has
    /// sent it too early goes on waiting for the same.
    pub(super) fn in_a_while(mut self, visit: &Visit<'_>, sent: &Sent) -> Self {
        if let Some(key) = sent.key() {
            key.clone_into(&mut self.key);
        }
        let is_early = |proof: &&str| visit.app.rooms.is_early_proof(visit.room, proof);
        let early = sent.proof().filter(is_early).map(str::to_owned);
        let (request, view, bond) = (visit.request, &*visit.view, bond(&self.key));
        let asker = Asker { request, view, bond: Some(&bond), wants_to_wait: true };
        let offered = || visit.app.limits.proofs.offer(visit.app, asker).ok()?.waiting;
        self.proof = early.or_else(|| offered().map(|waiting| waiting.proof));
        self
    }
}

fn wrong_fields(fields: &[Field]) -> Vec<WrongField> {
    let wrong = |field: &Field| {
        let text = field.error.as_ref()?.clone().into_owned();
        Some(WrongField { id: field.id, label: field.label, text })
    };
    fields.iter().filter_map(wrong).collect()
}
