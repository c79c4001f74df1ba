//! Reads an address. By hand: a list of hosts is no URL that a URL parser accepts.

use std::str::FromStr;

use super::{HostPort, Login, RedisAddress, RedisAddressError as Wrong, Tls};

const PORT: u16 = 6379;
const SENTINEL_PORT: u16 = 26379;

impl FromStr for RedisAddress {
    type Err = Wrong;

    fn from_str(text: &str) -> Result<Self, Wrong> {
        let (scheme, rest) = text.split_once("://").ok_or(Wrong::Scheme)?;
        let parts = Parts::split(rest)?;
        match scheme {
            "redis" => single(&parts, false),
            "rediss" => single(&parts, true),
            "redis+unix" => socket(&parts),
            "redis+sentinel" => sentinel(&parts, false),
            "rediss+sentinel" => sentinel(&parts, true),
            "redis+cluster" => cluster(&parts, false),
            "rediss+cluster" => cluster(&parts, true),
            _ => Err(Wrong::Scheme),
        }
    }
}

/// What stands between the scheme and the end.
struct Parts<'a> {
    login: Option<&'a str>,
    hosts: &'a str,
    path: &'a str,
    parameters: Option<&'a str>,
}

impl<'a> Parts<'a> {
    fn split(rest: &'a str) -> Result<Self, Wrong> {
        if rest.contains('#') {
            return Err(Wrong::Fragment);
        }
        let (rest, parameters) = match rest.split_once('?') {
            Some((rest, parameters)) => (rest, Some(parameters)),
            None => (rest, None),
        };
        let (authority, path) = rest.split_at(rest.find('/').unwrap_or(rest.len()));
        let (login, hosts) = match authority.rsplit_once('@') {
            Some((login, hosts)) => (Some(login), hosts),
            None => (None, authority),
        };
        Ok(Self { login, hosts, path, parameters })
    }

    fn login(&self) -> Result<Option<Login>, Wrong> {
        let Some(login) = self.login else { return Ok(None) };
        let (user, password) = login.split_once(':').ok_or(Wrong::Login)?;
        if password.is_empty() {
            return Err(Wrong::Login);
        }
        let user = if user.is_empty() { None } else { Some(unquote(user)?) };
        Ok(Some(Login { user, password: unquote(password)? }))
    }

    fn hosts(&self, default_port: u16) -> Result<Vec<HostPort>, Wrong> {
        self.hosts.split(',').map(|host| host_port(host, default_port)).collect()
    }

    /// The parameters of these names, each at most once; `list` shows the names to a reader.
    fn parameters<const N: usize>(
        &self,
        names: [&str; N],
        list: &'static str,
    ) -> Result<[Option<String>; N], Wrong> {
        let mut values = [const { None }; N];
        for parameter in self.parameters.into_iter().flat_map(|all| all.split('&')) {
            let (name, value) = parameter.split_once('=').ok_or(Wrong::Parameter(list))?;
            let index = names.iter().position(|known| *known == name);
            let value = unquote(value)?;
            let slot = index.map(|index| &mut values[index]).filter(|slot| slot.is_none());
            match slot {
                Some(slot) if !value.is_empty() => *slot = Some(value),
                Some(_) | None => return Err(Wrong::Parameter(list)),
            }
        }
        Ok(values)
    }
}

fn single(parts: &Parts<'_>, is_encrypted: bool) -> Result<RedisAddress, Wrong> {
    let mut hosts = parts.hosts(PORT)?;
    let server = hosts.pop().ok_or(Wrong::Host)?;
    if !hosts.is_empty() {
        return Err(Wrong::SeveralHosts);
    }
    let login = parts.login()?;
    let database = database(parts.path.strip_prefix('/').unwrap_or_default())?;
    Ok(RedisAddress::Single { server, login, tls: only_tls(parts, is_encrypted)?, database })
}

fn socket(parts: &Parts<'_>) -> Result<RedisAddress, Wrong> {
    let path = unquote(parts.path)?;
    if !parts.hosts.is_empty() || path.len() < 2 {
        return Err(Wrong::SocketPath);
    }
    let [number] = parts.parameters(["database"], "database")?;
    let database = database(number.as_deref().unwrap_or_default())?;
    Ok(RedisAddress::Socket { path: path.into(), login: parts.login()?, database })
}

fn sentinel(parts: &Parts<'_>, is_encrypted: bool) -> Result<RedisAddress, Wrong> {
    let sentinels = parts.hosts(SENTINEL_PORT)?;
    let login = parts.login()?;
    let path = parts.path.strip_prefix('/').unwrap_or_default();
    let (master, number) = path.split_once('/').unwrap_or((path, ""));
    let master = unquote(master)?;
    if master.is_empty() {
        return Err(Wrong::MasterName);
    }
    let list = if is_encrypted {
        "sentinel_user, sentinel_password, ca"
    } else {
        "sentinel_user, sentinel_password"
    };
    let [user, password, ca] =
        parts.parameters(["sentinel_user", "sentinel_password", "ca"], list)?;
    if ca.is_some() && !is_encrypted {
        return Err(Wrong::Parameter(list));
    }
    let sentinel_login = match (user, password) {
        (user, Some(password)) => Some(Login { user, password }),
        (None, None) => None,
        (Some(_), None) => return Err(Wrong::SentinelLogin),
    };
    let tls = is_encrypted.then(|| Tls { ca: ca.map(Into::into) });
    let database = database(number)?;
    Ok(RedisAddress::Sentinel { sentinels, master, sentinel_login, login, tls, database })
}

fn cluster(parts: &Parts<'_>, is_encrypted: bool) -> Result<RedisAddress, Wrong> {
    let nodes = parts.hosts(PORT)?;
    let login = parts.login()?;
    if !matches!(parts.path, "" | "/") {
        return Err(Wrong::ClusterDatabase);
    }
    Ok(RedisAddress::Cluster { nodes, login, tls: only_tls(parts, is_encrypted)? })
}

fn only_tls(parts: &Parts<'_>, is_encrypted: bool) -> Result<Option<Tls>, Wrong> {
    if !is_encrypted {
        let none = "none without TLS; begin the address with rediss for `ca`";
        return parts.parameters([], none).map(|[]| None);
    }
    let [ca] = parts.parameters(["ca"], "ca")?;
    Ok(Some(Tls { ca: ca.map(Into::into) }))
}

fn database(number: &str) -> Result<u16, Wrong> {
    if number.is_empty() { Ok(0) } else { number.parse().map_err(|_| Wrong::Database) }
}

fn host_port(text: &str, default_port: u16) -> Result<HostPort, Wrong> {
    let (host, after) = match text.strip_prefix('[').map(|rest| rest.split_once(']')) {
        Some(Some((host, after))) if host.parse::<std::net::Ipv6Addr>().is_ok() => (host, after),
        Some(_) => return Err(Wrong::Host),
        None => {
            let (host, after) = text.split_at(text.find(':').unwrap_or(text.len()));
            let is_name = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | '_');
            if host.is_empty() || !host.chars().all(is_name) {
                return Err(Wrong::Host);
            }
            (host, after)
        }
    };
    let port = match after.strip_prefix(':') {
        Some(port) => port.parse().ok().filter(|port| *port != 0).ok_or(Wrong::Port)?,
        None if after.is_empty() => default_port,
        None => return Err(Wrong::Host),
    };
    Ok(HostPort { host: host.to_owned(), port })
}

/// Replaces `%` and two hexadecimal digits by what they stand for.
fn unquote(text: &str) -> Result<String, Wrong> {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text;
    while let Some((before, after)) = rest.split_once('%') {
        bytes.extend_from_slice(before.as_bytes());
        let digits = after.get(..2).filter(|two| two.bytes().all(|b| b.is_ascii_hexdigit()));
        let digits = digits.ok_or(Wrong::Encoding)?;
        bytes.push(u8::from_str_radix(digits, 16).map_err(|_| Wrong::Encoding)?);
        rest = &after[2..];
    }
    bytes.extend_from_slice(rest.as_bytes());
    String::from_utf8(bytes).map_err(|_| Wrong::Encoding)
}

/// The reverse of [`unquote`], which leaves what a path may hold.
pub(super) fn quote(text: &str) -> String {
    let mut quoted = String::with_capacity(text.len());
    for byte in text.bytes() {
        match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'_' | b'.' | b'~' | b'/' => {
                quoted.push(char::from(byte));
            }
            _ => quoted.extend(['%', digit(byte >> 4), digit(byte & 0xF)]),
        }
    }
    quoted
}

fn digit(half: u8) -> char {
    char::from_digit(u32::from(half), 16).map_or('0', |digit| digit.to_ascii_uppercase())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::{prop_assert_eq, proptest};

    use super::*;

    fn shown(url: &str) -> String {
        url.parse::<RedisAddress>().unwrap_or_else(|wrong| panic!("{url} {wrong}")).to_string()
    }

    #[test]
    fn every_topology_has_its_form_and_shows_no_password() {
        for (url, canonical) in [
            ("redis://127.0.0.1", "redis://127.0.0.1:6379/0"),
            ("redis://[::1]:7000/3", "redis://[::1]:7000/3"),
            ("redis://:geheim@db:1/", "redis://:***@db:1/0"),
            ("redis://room:ge%40heim@db", "redis://room:***@db:6379/0"),
            ("rediss://db.example.de", "rediss://db.example.de:6379/0"),
            (
                "rediss://u:geheim@db?ca=/etc/ca%20x.pem",
                "rediss://u:***@db:6379/0?ca=/etc/ca%20x.pem",
            ),
            ("redis+unix:///run/redis.sock", "redis+unix:///run/redis.sock?database=0"),
            (
                "redis+unix://room:geheim@/run/r?database=2",
                "redis+unix://room:***@/run/r?database=2",
            ),
            (
                "redis+sentinel://s1,s2:26380,[::1]/mymaster",
                "redis+sentinel://s1:26379,s2:26380,[::1]:26379/mymaster/0",
            ),
            (
                "rediss+sentinel://u:geheim@s/m/4?sentinel_user=w&sentinel_password=geheim&ca=/ca",
                "rediss+sentinel://u:***@s:26379/m/4?sentinel_user=w&sentinel_password=***&ca=/ca",
            ),
            ("redis+cluster://:geheim@a:7000,b/", "redis+cluster://:***@a:7000,b:6379"),
            ("rediss+cluster://a?ca=/ca", "rediss+cluster://a:6379?ca=/ca"),
        ] {
            assert_eq!(shown(url), canonical);
        }
        let debug = format!("{:?}", "redis://u:geheim@h".parse::<RedisAddress>());
        assert!(!debug.contains("geheim"), "{debug}");
    }

    proptest! {
        /// Whatever is written is read or refused; what is read shows all but the passwords, and is read
        /// again from what it shows as the same.
        #[test]
        fn what_is_shown_means_the_same(
            scheme in "rediss?(\\+(unix|sentinel|cluster))?",
            rest in "(:\\*\\*\\*@)?[a-z\\[\\]:/,?&=%#@.0-9é-]{0,30}",
        ) {
            if let Ok(address) = format!("{scheme}://{rest}").parse::<RedisAddress>() {
                let shown = address.to_string();
                let again = shown.parse::<RedisAddress>();
                prop_assert_eq!(again.map(|again| again.to_string()), Ok(shown));
            }
        }
    }

    #[test]
    fn what_is_quoted_is_understood() {
        let address = "redis://us%3Aer:p%40%2F%C3%A4@h".parse::<RedisAddress>();
        let Ok(RedisAddress::Single { login: Some(login), .. }) = address else {
            panic!("{address:?}")
        };
        assert_eq!((login.user.as_deref(), login.password.as_str()), (Some("us:er"), "p@/ä"));
    }

    #[test]
    fn what_is_wrong_is_said_without_the_password() {
        for (url, wrong) in [
            ("", Wrong::Scheme),
            ("127.0.0.1:6379", Wrong::Scheme),
            ("http://geheim@h/", Wrong::Scheme),
            ("redis://", Wrong::Host),
            ("redis://u:geheim@", Wrong::Host),
            ("redis://:ge/geheim@h", Wrong::Host),
            ("redis://host name", Wrong::Host),
            ("redis://[::1", Wrong::Host),
            ("redis://[x]", Wrong::Host),
            ("redis://h:0", Wrong::Port),
            ("redis://h:70000", Wrong::Port),
            ("redis://h:", Wrong::Port),
            ("redis://a,b", Wrong::SeveralHosts),
            ("redis://geheim@h", Wrong::Login),
            ("redis://geheim:@h", Wrong::Login),
            ("redis://h/x", Wrong::Database),
            ("redis://h/1/2", Wrong::Database),
            ("redis://u:geheim%4@h", Wrong::Encoding),
            ("redis://u:geheim%FF@h", Wrong::Encoding),
            ("redis://u:geheim%+1@h", Wrong::Encoding),
            ("rediss://h/#insecure", Wrong::Fragment),
            ("rediss://h?ca=", Wrong::Parameter("ca")),
            ("rediss://h?ca=a&ca=b", Wrong::Parameter("ca")),
            ("rediss://h?pass=geheim", Wrong::Parameter("ca")),
            ("redis+unix://h/path", Wrong::SocketPath),
            ("redis+unix://", Wrong::SocketPath),
            ("redis+unix:///", Wrong::SocketPath),
            ("redis+sentinel://s", Wrong::MasterName),
            ("redis+sentinel://s/m/x", Wrong::Database),
            ("redis+sentinel://s/m?sentinel_user=u", Wrong::SentinelLogin),
            ("redis+cluster://a/1", Wrong::ClusterDatabase),
            ("redis+cluster://a,,b", Wrong::Host),
        ] {
            let found = url.parse::<RedisAddress>().expect_err(url);
            assert_eq!(found, wrong, "{url}");
            assert!(!found.to_string().contains("geheim"), "{found}");
        }
        let plain = "redis://h?ca=/ca".parse::<RedisAddress>().expect_err("no TLS").to_string();
        assert!(plain.contains("begin the address with rediss"), "{plain}");
        let sentinel = "redis+sentinel://s/m?ca=/ca".parse::<RedisAddress>();
        assert!(matches!(sentinel, Err(Wrong::Parameter(_))), "{sentinel:?}");
    }
}
