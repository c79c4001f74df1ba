//! Pages of what operators read in lists.

use std::str::FromStr;

use web::problem::Form;
use web::{Code, Mistake, Problem};

/// How many a page has unless it is said.
const LIMIT: u32 = 50;
/// How many it has at most.
const LIMIT_MAX: u32 = 200;

fn wrong(field: &str, mistake: Mistake) -> Problem {
    Problem::new(Code::InvalidRequest).field(field, mistake)
}

/// How many a page has.
pub(super) fn limit(asked: Option<u32>) -> Result<usize, Problem> {
    let limit = asked.unwrap_or(LIMIT);
    if (1..=LIMIT_MAX).contains(&limit) {
        Ok(limit as usize)
    } else {
        Err(wrong("limit", Mistake::OutOfRange { least: 1, most: LIMIT_MAX.into() }))
    }
}

/// Where a page begins, as the parameter `field` says it, which looks `like` this.
pub(super) fn start<T: FromStr>(
    field: &str,
    asked: Option<String>,
    like: &'static str,
) -> Result<Option<T>, Problem> {
    let start = asked.map(|text| text.parse()).transpose();
    start.map_err(|_| wrong(field, Mistake::Form(Form::Like(like.into()))))
}
