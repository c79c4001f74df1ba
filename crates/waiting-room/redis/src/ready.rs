//! Whether Redis is set up so that it keeps what it acknowledged.

use std::collections::HashMap;

use redis::InfoDict;

use crate::failure::RedisFailure;
use crate::pool::Connections;

/// What must be set, and what happens otherwise.
const DURABLE: [(&str, &str, &str); 3] = [
    ("appendonly", "yes", "a restart would forget every room"),
    ("appendfsync", "always", "a crash could forget entries and redemptions already acknowledged"),
    ("maxmemory-policy", "noeviction", "short of memory it would forget rooms"),
];
/// BITCOUNT by bits, and scripts that are replicated by their effects.
const VERSION_MIN: u32 = 7;

/// What is wrong with this Redis, and how to mend it; empty if nothing is.
pub(crate) async fn faults(
    connections: &Connections,
    require_durable: bool,
) -> Result<Vec<String>, RedisFailure> {
    let info: InfoDict = connections.query(redis::cmd("INFO").arg("server")).await?;
    let version: String = info.get("redis_version").unwrap_or_default();
    let mut faults: Vec<String> = version_fault(&version).into_iter().collect();
    if require_durable && faults.is_empty() {
        let mut command = redis::cmd("CONFIG");
        command.arg("GET");
        for (setting, ..) in DURABLE {
            command.arg(setting);
        }
        faults.extend(durability_faults(&connections.query(&command).await?));
    }
    Ok(faults)
}

fn version_fault(version: &str) -> Option<String> {
    let major: u32 = version.split('.').next()?.parse().unwrap_or(0);
    (major < VERSION_MIN)
        .then(|| format!("it is version '{version}': install Redis {VERSION_MIN}.0 or later"))
}

fn durability_faults(settings: &HashMap<String, String>) -> Vec<String> {
    let fault = |(setting, wanted, otherwise): (&str, &str, &str)| {
        let actual = settings.get(setting).map_or("unknown", String::as_str);
        (actual != wanted).then(|| {
            format!(
                "{setting} is {actual}, and {otherwise}: set '{setting} {wanted}' in redis.conf, \
                 or now with CONFIG SET {setting} {wanted}"
            )
        })
    };
    DURABLE.into_iter().filter_map(fault).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn debian_s_defaults_have_two_faults() {
        let debian =
            [("appendonly", "no"), ("appendfsync", "everysec"), ("maxmemory-policy", "noeviction")];
        let settings = debian.map(|(key, value)| (key.to_owned(), value.to_owned())).into();
        let faults = durability_faults(&settings);
        assert_eq!(faults.len(), 2, "{faults:?}");
        assert!(
            faults[0].starts_with("appendonly is no, and a restart would forget"),
            "{faults:?}"
        );
        assert!(faults[1].ends_with("CONFIG SET appendfsync always"), "{faults:?}");
    }

    #[test]
    fn old_versions_are_named() {
        for (version, is_old) in [("7.0.15", false), ("8.2.1", false), ("6.2.14", true), ("", true)]
        {
            assert_eq!(version_fault(version).is_some(), is_old, "{version}");
        }
    }
}
