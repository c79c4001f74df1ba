//! What the page says, in both languages.

use ::web::Language;
use serde::Serialize;

/// The texts of one language. A pair is a title and what to do, or what is the case and a link to the opposite.
#[derive(Serialize)]
pub(super) struct Texts {
    pub(super) language: &'static str,
    // The form.
    pub(super) join: &'static str,
    pub(super) enter: &'static str,
    pub(super) postcode: &'static str,
    pub(super) municipality: &'static str,
    pub(super) given_name: &'static str,
    pub(super) family_name: &'static str,
    pub(super) date_of_birth: &'static str,
    pub(super) email: &'static str,
    // Headings.
    pub(super) get_in_line: &'static str,
    pub(super) not_open: &'static str,
    pub(super) gathering: &'static str,
    pub(super) waiting: &'static str,
    pub(super) called: &'static str,
    pub(super) inside: &'static str,
    pub(super) used: &'static str,
    // What is the case.
    #[serde(skip)]
    pub(super) opens_in: fn(&str) -> String,
    #[serde(skip)]
    pub(super) drawn_in: fn(&str) -> String,
    #[serde(skip)]
    pub(super) enter_within: fn(&str) -> String,
    #[serde(skip)]
    pub(super) inside_until: fn(&str) -> String,
    pub(super) same_chance: &'static str,
    pub(super) kept: &'static str,
    pub(super) enter_now: &'static str,
    pub(super) used_detail: &'static str,
    pub(super) sold_out: &'static str,
    pub(super) paused: &'static str,
    pub(super) slow: &'static str,
    pub(super) short: &'static str,
    pub(super) likely: &'static str,
    pub(super) possible: &'static str,
    pub(super) unlikely: &'static str,
    // Nobody gets in, for now or for ever.
    pub(super) closed: (&'static str, &'static str),
    pub(super) over: (&'static str, &'static str),
    // Numbers.
    pub(super) place: &'static str,
    pub(super) ahead: &'static str,
    pub(super) wait: &'static str,
    // What is wrong.
    pub(super) wrong_fields: (&'static str, &'static str),
    pub(super) send_again: (&'static str, &'static str),
    pub(super) send_later: (&'static str, &'static str),
    pub(super) no_cookies: (&'static str, &'static str),
    pub(super) ticket_unknown: (&'static str, &'static str),
    // How the page is renewed.
    pub(super) renewed: (&'static str, &'static str),
    pub(super) still: (&'static str, &'static str),
}

/// Those of this language.
pub(super) const fn texts(language: Language) -> &'static Texts {
    match language {
        Language::De => &GERMAN,
        Language::En => &ENGLISH,
    }
}

static GERMAN: Texts = Texts {
    language: "Deutsch",
    join: "Anstellen",
    enter: "Jetzt hineingehen",
    postcode: "Postleitzahl Ihrer Wohnung",
    municipality: "Ihre Gemeinde",
    given_name: "Vorname",
    family_name: "Nachname",
    date_of_birth: "Geburtsdatum (JJJJ-MM-TT)",
    email: "E-Mail-Adresse",
    get_in_line: "Stellen Sie sich an",
    not_open: "Der Warteraum ist noch nicht geöffnet",
    gathering: "Sie sind dabei",
    waiting: "Sie stehen in der Reihe",
    called: "Sie sind an der Reihe",
    inside: "Sie sind drin",
    used: "Sie waren schon an der Reihe",
    opens_in: |time| format!("Anstellen können Sie sich in {time}."),
    drawn_in: |time| {
        format!(
            "In {time} wird der Platz aller gelost, die bis dahin da sind. Wann jemand gekommen ist, spielt keine Rolle."
        )
    },
    enter_within: |time| format!("Bitte gehen Sie innerhalb von {time} hinein."),
    inside_until: |time| format!("Das endet in {time}."),
    same_chance: "Alle, die vor dem Start da sind, haben die gleiche Chance; Sie müssen sich nicht beeilen.",
    kept: "Sie können diese Seite schließen und wiederkommen: Ihr Platz bleibt in diesem Browser erhalten.",
    enter_now: "Bitte gehen Sie jetzt hinein.",
    used_detail: "Ihre Zeit ist abgelaufen. Wenn Sie noch einmal hineinmüssen, stellen Sie sich bitte wieder an.",
    sold_out: "Zurzeit sind alle Plätze vergeben. Es können wieder welche frei werden.",
    paused: "Gerade wird niemand hereingelassen. Ihr Platz in der Reihe ist sicher.",
    slow: "Drinnen ist viel los, deshalb geht es langsamer.",
    short: "Vielleicht sind die Plätze vergeben, bevor Sie an der Reihe sind.",
    likely: "Voraussichtlich ist dann noch ein Platz für Sie frei.",
    possible: "Ob dann noch ein Platz frei ist, hängt davon ab, wie viele vor Ihnen kommen.",
    unlikely: "Nur wenn mehr Menschen als sonst verzichten, ist dann noch ein Platz frei.",
    closed: (
        "Der Warteraum ist geschlossen",
        "Zurzeit kann sich niemand anstellen, und niemand wird hereingelassen. Wird wieder geöffnet, behält seinen Platz, wer schon in der Reihe steht.",
    ),
    over: (
        "Es ist vorbei",
        "Niemand kann sich mehr anstellen, und niemand wird mehr hereingelassen.",
    ),
    place: "Ihr Platz",
    ahead: "Vor Ihnen",
    wait: "Voraussichtlich in",
    wrong_fields: ("Etwas stimmt noch nicht", "Bitte prüfen Sie diese Angaben:"),
    send_again: (
        "Ihre Angaben haben sich geändert",
        "Bitte senden Sie das Formular noch einmal ab.",
    ),
    send_later: (
        "Bitte warten Sie eine Minute",
        "Von Ihrem Internetanschluss stellen sich gerade sehr viele an. Bitte drücken Sie den Knopf in einer Minute noch einmal. Sie verlieren dadurch nichts.",
    ),
    no_cookies: (
        "Ihr Browser hat kein Ticket",
        "Das Ticket ist Ihr Platz in der Reihe und liegt in einem Cookie. Bitte lassen Sie Cookies dieser Seite zu und stellen Sie sich noch einmal an.",
    ),
    ticket_unknown: (
        "Ihr Ticket wird gerade nicht angenommen",
        "Bitte laden Sie diese Seite in einer Minute neu. Wird es auch dann nicht angenommen, stammt es aus einem früheren Warteraum; stellen Sie sich dann bitte neu an.",
    ),
    renewed: ("Diese Seite erneuert sich von selbst.", "Nicht mehr von selbst erneuern"),
    still: ("Diese Seite erneuert sich nicht von selbst.", "Wieder von selbst erneuern"),
};

static ENGLISH: Texts = Texts {
    language: "English",
    join: "Get in line",
    enter: "Go in now",
    postcode: "Postcode of your home",
    municipality: "Your municipality",
    given_name: "Given name",
    family_name: "Family name",
    date_of_birth: "Date of birth (YYYY-MM-DD)",
    email: "E-mail address",
    get_in_line: "Please get in line",
    not_open: "The waiting room is not open yet",
    gathering: "You are in",
    waiting: "You are in line",
    called: "It is your turn",
    inside: "You are inside",
    used: "You have had your turn",
    opens_in: |time| format!("You can get in line in {time}."),
    drawn_in: |time| {
        format!(
            "In {time} a place is drawn for everybody who is here by then. When somebody came makes no difference."
        )
    },
    enter_within: |time| format!("Please go in within {time}."),
    inside_until: |time| format!("This ends in {time}."),
    same_chance: "Everybody who is here before the opening has the same chance; you need not hurry.",
    kept: "You can close this page and come back: your place is kept in this browser.",
    enter_now: "Please go in now.",
    used_detail: "Your time is over. If you have to go in once more, please get in line again.",
    sold_out: "All places are taken at the moment. Some may become free again.",
    paused: "Nobody is let in right now. Your place in line is safe.",
    slow: "It is busy inside, so it takes longer.",
    short: "The places may be gone before it is your turn.",
    likely: "There will probably be a place for you then.",
    possible: "Whether there will be a place then depends on how many come before you.",
    unlikely: "There will be a place then only if more people than usual change their minds.",
    closed: (
        "The waiting room is closed",
        "Right now nobody can get in line, and nobody is let in. If it is opened again, whoever is in line already keeps the place.",
    ),
    over: ("It is over", "Nobody can get in line any more, and nobody is let in."),
    place: "Your place",
    ahead: "Ahead of you",
    wait: "Probably in",
    wrong_fields: ("Something is not right yet", "Please check these fields:"),
    send_again: ("What you entered has changed", "Please send the form once more."),
    send_later: (
        "Please wait a minute",
        "Very many are getting in line from your internet connection. Please press the button again in a minute. You lose nothing by it.",
    ),
    no_cookies: (
        "Your browser has no ticket",
        "The ticket is your place in line, and is kept in a cookie. Please allow cookies of this site and get in line again.",
    ),
    ticket_unknown: (
        "Your ticket is not accepted right now",
        "Please load this page again in a minute. If it is not accepted then either, it is from an earlier waiting room; please get in line anew.",
    ),
    renewed: ("This page renews itself.", "Stop renewing it"),
    still: ("This page does not renew itself.", "Renew it by itself again"),
};
