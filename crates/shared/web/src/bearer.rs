//! Tokens in the `Authorization` header (RFC 6750).

use actix_web::HttpRequest;
use actix_web::http::header::AUTHORIZATION;

use crate::problem::{Code, Problem};

/// The token of `Authorization: Bearer …`. If it is missing or the header is something else, the
/// request is refused with `code`, which says what kind of token the operation needs.
pub fn bearer(request: &HttpRequest, code: Code) -> Result<&str, Problem> {
    optional_bearer(request, code)?.ok_or_else(|| Problem::new(code))
}

/// As [`bearer`], for an operation that works without a token too. A header that is there and
/// malformed is still refused.
pub fn optional_bearer(request: &HttpRequest, code: Code) -> Result<Option<&str>, Problem> {
    let mut headers = request.headers().get_all(AUTHORIZATION);
    match (headers.next(), headers.next()) {
        (None, _) => Ok(None),
        (Some(value), None) => {
            value.to_str().ok().and_then(token).map(Some).ok_or_else(|| Problem::new(code))
        }
        // Which of two tokens was meant is not for us to guess.
        (Some(_), Some(_)) => Err(Problem::new(code)),
    }
}

fn token(header: &str) -> Option<&str> {
    let (scheme, token) = header.split_once(' ')?;
    let token = token.trim_start_matches(' ');
    let valid = !token.is_empty() && token.bytes().all(|byte| byte.is_ascii_graphic());
    (scheme.eq_ignore_ascii_case("bearer") && valid).then_some(token)
}

#[cfg(test)]
mod tests {
    use super::*;
    use actix_web::test::TestRequest;

    fn read(headers: &[&str]) -> Result<Option<String>, Code> {
        let request = headers
            .iter()
            .fold(TestRequest::default(), |request, value| {
                request.append_header((AUTHORIZATION, *value))
            })
            .to_http_request();
        optional_bearer(&request, Code::TicketInvalid)
            .map(|token| token.map(str::to_owned))
            .map_err(|problem| problem.code())
    }

    #[test]
    fn a_token_is_read() {
        assert_eq!(read(&["Bearer abc.def"]), Ok(Some("abc.def".to_owned())));
        assert_eq!(read(&["bearer abc"]), Ok(Some("abc".to_owned())));
        assert_eq!(read(&[]), Ok(None));
    }

    #[test]
    fn what_is_no_token_is_refused() {
        for bad in ["", "Bearer", "Bearer ", "Basic abc", "Bearer a b", "Bearerabc"] {
            assert_eq!(read(&[bad]), Err(Code::TicketInvalid), "{bad}");
        }
        assert_eq!(read(&["Bearer a", "Bearer b"]), Err(Code::TicketInvalid));
    }

    #[test]
    fn a_missing_token_is_refused_where_one_is_needed() {
        let request = TestRequest::default().to_http_request();
        let problem = bearer(&request, Code::PassInvalid).expect_err("no token");
        assert_eq!(problem.code(), Code::PassInvalid);
    }
}
