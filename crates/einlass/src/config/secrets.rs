//! What is left out where a configuration is shown.

/// Parts of the names of parameters whose values are secrets: of PostgreSQL, of Sentinels, of proxies that ask for a
/// token.
const SECRET: [&str; 5] = ["pass", "pwd", "secret", "token", "credential"];

/// Replaces the passwords of the URLs in a text by `***`: those before a host, and those in a query. Where it is not
/// sure what is one, as with a password whose signs are not written as `%40` and the like, it leaves out more.
#[must_use]
pub fn without_passwords(text: &str) -> String {
    let Some((scheme, rest)) = text.split_once("://") else { return text.to_owned() };
    // What follows belongs to the next URL of a list.
    let (url, others) = rest.split_at(rest.find(['"', '\'', ' ']).unwrap_or(rest.len()));
    format!(
        "{scheme}://{}{}",
        without_passwords_in_query(&without_userinfo(url)),
        without_passwords(others)
    )
}

fn without_userinfo(url: &str) -> String {
    let before_query = url.find('?').unwrap_or(url.len());
    // An unwritten `?` in a password: no parameter was named before the `@`.
    let in_query = url.rfind('@').filter(|at| !url[..*at].contains('='));
    let Some(at) = url[..before_query].rfind('@').or(in_query) else { return url.to_owned() };
    let user = url[..at].split(':').next().unwrap_or_default();
    format!("{user}:***{}", &url[at..])
}

fn without_passwords_in_query(url: &str) -> String {
    let Some((before, query)) = url.split_once('?') else { return url.to_owned() };
    let parameters: Vec<String> = query.split('&').map(without_password).collect();
    format!("{before}?{}", parameters.join("&"))
}

fn without_password(parameter: &str) -> String {
    match parameter.split_once('=') {
        Some((name, _)) if SECRET.iter().any(|part| name.to_ascii_lowercase().contains(part)) => {
            format!("{name}=***")
        }
        Some(_) | None => parameter.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn passwords_of_every_form_are_left_out() {
        for (url, shown) in [
            ("memory:", "memory:"),
            ("postgres://db/einlass", "postgres://db/einlass"),
            ("postgres://town:geheim@db/einlass", "postgres://town:***@db/einlass"),
            ("redis://:geheim@h", "redis://:***@h"),
            (
                "redis+sentinel://u:geheim@a,b/m?sentinel_user=s&sentinel_password=geheim&",
                "redis+sentinel://u:***@a,b/m?sentinel_user=s&sentinel_password=***&",
            ),
            (
                "postgres://db/einlass?user=town&password=geheim&sslmode=require",
                "postgres://db/einlass?user=town&password=***&sslmode=require",
            ),
            ("postgres://db?sslPassword=geheim", "postgres://db?sslPassword=***"),
            ("postgres://db?password=ge@heim", "postgres://db?password=***"),
            (
                "https://room/jwks.json?access_token=geheim",
                "https://room/jwks.json?access_token=***",
            ),
            (
                r#"["https://u:geheim@a", "https://b?token=geheim"]"#,
                r#"["https://u:***@a", "https://b?token=***"]"#,
            ),
        ] {
            assert_eq!(without_passwords(url), shown);
        }
    }

    #[test]
    fn what_is_written_wrongly_is_left_out_all_the_more() {
        for url in [
            "redis://:ge/geheim@host",
            "redis://:ge?geheim@host",
            "redis://u:ge#geheim@host",
            "redis://u:ge@geheim@host/1",
            "postgres://town:geheim@db?password=geheim",
        ] {
            let shown = without_passwords(url);
            assert!(!shown.contains("geheim"), "{url}: {shown}");
        }
    }
}
