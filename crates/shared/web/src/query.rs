//! The parameters of a query.

use std::future::{Ready, ready};

use actix_web::dev::Payload;
use actix_web::{FromRequest, HttpRequest, web};
use serde::de::DeserializeOwned;
use utoipa::IntoParams;

use crate::description::Description;
use crate::problem::{Answers, Code, Mistake, Problem};

/// The parameters of a query. The type says what is allowed: give it `#[serde(deny_unknown_fields)]`, and in
/// `#[param(…)]` the pattern and an example of whatever is not any text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Query<T>(pub T);

impl<T: DeserializeOwned + IntoParams + 'static> FromRequest for Query<T> {
    type Error = Problem;
    type Future = Ready<Result<Self, Problem>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        let query = request.query_string();
        let read = web::Query::<T>::from_query(query).map(|read| Self(read.into_inner()));
        ready(read.map_err(|_| wrong(query, &Description::of_query::<T>(), "query")))
    }
}

impl<T> Answers for Query<T> {
    const CODES: &'static [Code] = &[Code::InvalidRequest];
}

/// Every parameter that is wrong, by its name; what is wrong with all of them together is said of `whole`.
#[cold]
pub(crate) fn wrong(query: &str, description: &Description, whole: &str) -> Problem {
    let whole = |mistake| Problem::new(Code::InvalidRequest).field(whole, mistake);
    let Ok(pairs) = web::Query::<Vec<(String, String)>>::from_query(query) else {
        return whole(Mistake::Invalid);
    };
    let pairs = pairs.into_inner();
    let twice = pairs
        .iter()
        .enumerate()
        .find(|(index, (name, _))| pairs[..*index].iter().any(|(earlier, _)| earlier == name));
    let twice = twice.map(|(_, (name, _))| crate::description::field_at(name));
    match (description.mistakes_in(&description.value_of(pairs)).into_problem(), twice) {
        (Some(problem), None) => problem,
        (Some(problem), Some(name)) => problem.field(name, Mistake::Twice),
        (None, Some(name)) => Problem::new(Code::InvalidRequest).field(name, Mistake::Twice),
        (None, None) => whole(Mistake::Invalid),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use actix_web::test::TestRequest;
    use serde::Deserialize;
    use serde_json::Value;

    use crate::language::Language;

    #[derive(Debug, Deserialize, IntoParams, PartialEq, Eq)]
    #[serde(deny_unknown_fields)]
    struct Asked {
        #[param(value_type = String, pattern = "^[0-9]{5}$", example = "67346")]
        postcode: kernel::Postcode,
        #[param(minimum = 1, maximum = 4)]
        seats: Option<u8>,
    }

    async fn read(query: &str) -> Result<Asked, Vec<(String, String)>> {
        let request = TestRequest::with_uri(&format!("/?{query}")).to_http_request();
        let read = Query::<Asked>::extract(&request).await;
        read.map(|Query(asked)| asked).map_err(|problem| {
            let body = problem.body(Language::De, "request-1");
            let body: Value = serde_json::from_slice(&body).expect("JSON");
            let errors = body["errors"].as_array().expect("a list").iter();
            let text = |value: &Value| value.as_str().map(str::to_owned).expect("a text");
            errors.map(|error| (text(&error["field"]), text(&error["code"]))).collect()
        })
    }

    #[actix_web::test]
    async fn parameters_are_read() {
        let postcode = "67346".parse().expect("a postcode");
        assert_eq!(read("postcode=67346&seats=2").await, Ok(Asked { postcode, seats: Some(2) }));
        assert_eq!(read("postcode=67346").await, Ok(Asked { postcode, seats: None }));
    }

    #[actix_web::test]
    async fn every_wrong_parameter_is_named() {
        let cases: [(&str, &[(&str, &str)]); 6] = [
            ("", &[("postcode", "missing")]),
            (
                "seats=x&lane=2",
                &[("postcode", "missing"), ("lane", "unknown"), ("seats", "wrong-type")],
            ),
            ("postcode=1&seats=9", &[("postcode", "wrong-form"), ("seats", "out-of-range")]),
            ("postcode=abcde", &[("postcode", "wrong-form")]),
            ("postcode=67346&postcode=67346", &[("postcode", "twice")]),
            ("postcode=1&postcode=1", &[("postcode", "wrong-form"), ("postcode", "twice")]),
        ];
        for (query, expected) in cases {
            let found = read(query).await.expect_err(query);
            let found: Vec<_> = found.iter().map(|(field, code)| (&**field, &**code)).collect();
            assert_eq!(found, expected, "{query}");
        }
    }
}
