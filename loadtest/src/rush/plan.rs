//! The plan of a rush: who comes when, lives where and behaves how. Decided up front by a seeded generator, so a
//! seed replays the same people; only the servers' timing differs between two runs.

use rand::rngs::StdRng;
use rand::seq::IndexedRandom as _;
use rand::{Rng as _, SeedableRng as _};

use super::postcodes::ELSEWHERE;
use super::wire::{Identity, Municipality};

/// Shares of the people who behave in a certain way, each between 0 and 1. `eligible` and `insisting` are shares of
/// all and of those turned away; the others are shares of the eligible.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Shares {
    /// May book: lives in a municipality of the campaign.
    pub eligible: f64,
    /// Polls the own ticket several times as often as asked.
    pub impatient: f64,
    /// Watches the public status instead of the own ticket.
    pub status_pollers: f64,
    /// Leaves for good: half of them while waiting, half with a pass in hand.
    pub walk_away: f64,
    /// Closes the tab and comes back later with the same ticket.
    pub come_back: f64,
    /// Sends a request again under the same key, one after the other or as a double click.
    pub retriers: f64,
    /// Joins in two tabs.
    pub several_tabs: f64,
    /// Books for a car of two to four.
    pub car_groups: f64,
    /// Books on a hold rather than in one step, though alone.
    pub hold_first: f64,
    /// Tries again in another tab after being turned away.
    pub insisting: f64,
    /// Joins the waitlist where no place is left.
    pub waits: f64,
    /// Does not want the place that is offered.
    pub declines: f64,
    /// Cancels one booking once others wait.
    pub cancels: f64,
}

impl Default for Shares {
    fn default() -> Self {
        Self {
            eligible: 0.19,
            impatient: 0.15,
            status_pollers: 0.10,
            walk_away: 0.04,
            come_back: 0.08,
            retriers: 0.15,
            several_tabs: 0.08,
            car_groups: 0.25,
            hold_first: 0.5,
            insisting: 0.05,
            waits: 0.6,
            declines: 0.1,
            cancels: 0.02,
        }
    }
}

/// When a person comes; fractions are of a span only known when the room's openings are.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Arrival {
    /// Fraction of the time between now (or the start of gathering) and the next opening.
    Gathering(f64),
    /// Seconds after the opening, scaled.
    Burst(f64),
    /// Fraction of the time between the next and the last opening.
    Later(f64),
}

/// How a person finds out that it is their turn.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Polls {
    Patient,
    Impatient,
    PublicStatus,
}

/// Whether a person leaves before having booked.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Leaves {
    Never,
    /// For good, after so many polls.
    WhileWaiting(u32),
    /// For good, with a pass in hand.
    WithPass,
    /// Closes the tab after so many polls and comes back after so many seconds, scaled.
    ComesBack(u32, f64),
}

/// What a person does about a reply they already have, or that takes too long for them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Retries {
    Never,
    /// The same request once more; then another one under the same key, which must be refused.
    Again,
    /// The same request twice at the same time.
    DoubleClick,
}

/// Tabs a person has open.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Tabs {
    One,
    /// Uses whichever is called first and forgets the other.
    Two,
    /// Also tries to book a second time with the other.
    TwoAndGreedy,
}

/// One person of the plan.
#[derive(Clone, Debug, PartialEq)]
#[expect(clippy::struct_excessive_bools, reason = "a person is a list of independent traits")]
pub(crate) struct Person {
    pub number: u32,
    pub seed: u64,
    pub arrival: Arrival,
    pub eligible: bool,
    pub postcode: String,
    /// What they answer when asked for the municipality; not known for those from elsewhere.
    pub ags: Option<String>,
    /// Names the municipality unasked.
    pub gives_ags: bool,
    pub insists: bool,
    pub polls: Polls,
    pub leaves: Leaves,
    pub retries: Retries,
    pub tabs: Tabs,
    /// Who they book for, themselves first.
    pub group: Vec<Identity>,
    pub hold_first: bool,
    /// Where in the list of slots they would like to be, 0 to 1.
    pub preference: f64,
    /// How long they look at the slots, scaled.
    pub thinking_s: f64,
    pub waits: bool,
    pub declines: bool,
    pub cancels: bool,
}

/// Draws up the plan: the same arguments give the same people.
pub(crate) fn draw_up(
    people: u32,
    seed: u64,
    shares: &Shares,
    eligible: &[Municipality],
) -> Vec<Person> {
    let elsewhere: Vec<&str> = ELSEWHERE
        .into_iter()
        .filter(|postcode| eligible.iter().all(|place| place.postcode != *postcode))
        .collect();
    let mut rng = StdRng::seed_from_u64(seed);
    (0..people).map(|number| person(number, seed, shares, eligible, &elsewhere, &mut rng)).collect()
}

fn person(
    number: u32,
    seed: u64,
    shares: &Shares,
    eligible: &[Municipality],
    elsewhere: &[&str],
    rng: &mut StdRng,
) -> Person {
    let arrival = match rng.random::<f64>() {
        share if share < 0.60 => Arrival::Gathering(rng.random()),
        // Most of the burst comes within the first moments.
        share if share < 0.85 => Arrival::Burst(rng.random::<f64>().powi(3) * 5.0),
        _ => Arrival::Later(rng.random()),
    };
    let home = eligible.choose(rng).filter(|_| rng.random_bool(shares.eligible));
    let postcode = match home {
        Some(home) => home.postcode.clone(),
        None => (*elsewhere.choose(rng).expect("no campaign covers all of Germany")).to_owned(),
    };
    let own_seed: u64 = rng.random();
    // From a generator of its own: what people do about a waitlist changes nothing else of a plan.
    let mut later = StdRng::seed_from_u64(!own_seed);
    Person {
        number,
        seed: own_seed,
        arrival,
        eligible: home.is_some(),
        postcode,
        ags: home.map(|home| home.ags.clone()),
        gives_ags: rng.random_bool(0.3),
        insists: rng.random_bool(shares.insisting),
        polls: polls(shares, rng),
        leaves: leaves(shares, rng),
        retries: match rng.random::<f64>() {
            share if share < shares.retriers * 0.6 => Retries::Again,
            share if share < shares.retriers => Retries::DoubleClick,
            _ => Retries::Never,
        },
        tabs: match rng.random::<f64>() {
            share if share < shares.several_tabs * 0.5 => Tabs::TwoAndGreedy,
            share if share < shares.several_tabs => Tabs::Two,
            _ => Tabs::One,
        },
        group: group(number, seed, shares, rng),
        hold_first: rng.random_bool(shares.hold_first),
        preference: rng.random(),
        thinking_s: rng.random_range(0.1..1.5),
        waits: later.random_bool(shares.waits),
        declines: later.random_bool(shares.declines),
        cancels: later.random_bool(shares.cancels),
    }
}

fn polls(shares: &Shares, rng: &mut StdRng) -> Polls {
    match rng.random::<f64>() {
        share if share < shares.impatient => Polls::Impatient,
        share if share < shares.impatient + shares.status_pollers => Polls::PublicStatus,
        _ => Polls::Patient,
    }
}

fn leaves(shares: &Shares, rng: &mut StdRng) -> Leaves {
    let polls = rng.random_range(1..4);
    let away_s = rng.random_range(1.0..8.0);
    match rng.random::<f64>() {
        share if share < shares.walk_away * 0.5 => Leaves::WhileWaiting(polls),
        share if share < shares.walk_away => Leaves::WithPass,
        share if share < shares.walk_away + shares.come_back => Leaves::ComesBack(polls, away_s),
        _ => Leaves::Never,
    }
}

fn group(number: u32, seed: u64, shares: &Shares, rng: &mut StdRng) -> Vec<Identity> {
    let size = if rng.random_bool(shares.car_groups) {
        [2, 2, 2, 2, 2, 2, 2, 3, 3, 4][rng.random_range(0..10)]
    } else {
        1
    };
    (0..size).map(|seat| identity(u64::from(number) * 4 + seat, seed)).collect()
}

/// A person who exists once per number: the number is spelt into the family name.
fn identity(number: u64, seed: u64) -> Identity {
    const GIVEN: [&str; 10] =
        ["Anna", "Jörg", "Zoë", "Peter", "Ayşe", "Łukasz", "Marie", "Günther", "Chloé", "Hans"];
    const FAMILY: [&str; 10] = [
        "Müller", "Schmidt", "Weber", "Yılmaz", "Groß", "Nowak", "Becker", "Jäger", "Kühn", "Vogel",
    ];
    let mut rng = StdRng::seed_from_u64(seed ^ number.wrapping_mul(0x9E37_79B9_7F4A_7C15));
    let mut letters = String::new();
    let mut rest = number;
    loop {
        let letter = b'a' + u8::try_from(rest % 26).expect("a remainder of 26 fits a byte");
        letters.insert(0, char::from(letter));
        rest /= 26;
        if rest == 0 {
            break;
        }
    }
    letters[..1].make_ascii_uppercase();
    Identity {
        given_name: (*GIVEN.choose(&mut rng).expect("not empty")).to_owned(),
        family_name: format!("{}-{letters}", FAMILY.choose(&mut rng).expect("not empty")),
        date_of_birth: format!(
            "{}-{:02}-{:02}",
            rng.random_range(1930..2003),
            rng.random_range(1..=12),
            rng.random_range(1..=28),
        ),
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    fn speyer() -> Vec<Municipality> {
        [("67346", "07318000"), ("67105", "07338025")]
            .map(|(postcode, ags)| Municipality {
                postcode: postcode.to_owned(),
                ags: ags.to_owned(),
            })
            .to_vec()
    }

    #[test]
    fn a_seed_replays_the_plan_and_another_one_does_not() {
        let plan = |seed| draw_up(2_000, seed, &Shares::default(), &speyer());
        assert_eq!(plan(7), plan(7));
        assert_ne!(plan(7), plan(8));
    }

    #[test]
    fn the_shares_are_kept() {
        let plan = draw_up(20_000, 1, &Shares::default(), &speyer());
        let count = |test: fn(&Person) -> bool| plan.iter().filter(|person| test(person)).count();
        assert!((3_600..4_000).contains(&count(|person| person.eligible)));
        assert!(
            (11_600..12_400)
                .contains(&count(|person| matches!(person.arrival, Arrival::Gathering(_))))
        );
        assert!((4_600..5_400).contains(&count(|person| person.group.len() > 1)));
        assert!((2_700..3_300).contains(&count(|person| person.polls == Polls::Impatient)));
        assert!((11_600..12_400).contains(&count(|person| person.waits)));
        assert!((300..500).contains(&count(|person| person.cancels)));
        let none = Shares { eligible: 0.0, ..Shares::default() };
        assert!(draw_up(500, 1, &none, &speyer()).iter().all(|person| !person.eligible));
    }

    #[test]
    fn only_the_eligible_live_in_the_campaign() {
        let town = speyer();
        for person in draw_up(3_000, 3, &Shares::default(), &town) {
            let at_home = town.iter().any(|place| place.postcode == person.postcode);
            assert_eq!(at_home, person.eligible, "{}", person.postcode);
            assert_eq!(person.ags.is_some(), person.eligible);
        }
    }

    #[test]
    fn nobody_exists_twice() {
        let plan = draw_up(20_000, 5, &Shares::default(), &speyer());
        let mut names = HashSet::new();
        for identity in plan.iter().flat_map(|person| &person.group) {
            let family = identity.family_name.split_once('-').expect("a spelt number").1;
            assert!(names.insert(family.to_owned()), "{family} exists twice");
        }
    }
}
