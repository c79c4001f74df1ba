//! The files that a configuration names.

use std::path::Path;

use waiting_room_redis::RedisAddress;

use super::Loaded;
use crate::addresses::RoomStoreAddress;

/// One line for each file that is not there and would be missed. Keys of services that live in this process alone are
/// made on first use.
#[must_use]
pub fn missing(loaded: &Loaded) -> Vec<String> {
    let config = &loaded.config;
    let mut named: Vec<(&str, &Path)> = Vec::new();
    if !config.has_embedded_rooms() {
        named.push(("waiting_room.keys_file", &config.waiting_room.keys_file));
    }
    if !config.has_embedded_database() {
        named.push(("booking.keys_file", &config.booking.keys_file));
    }
    if !config.booking.jwks.contains("://") {
        named.push(("booking.jwks", Path::new(&config.booking.jwks)));
    }
    if let RoomStoreAddress::Redis(address) = &config.waiting_room.store_url
        && let Some(authority) = authority(address)
    {
        named.push(("waiting_room.store_url", authority));
    }
    if config.webhooks.is_on() {
        named.push(("webhooks.endpoints_file", &config.webhooks.endpoints_file));
    }
    if config.webhooks.tells_of_rooms() {
        named.push(("webhooks.room_endpoints_file", &config.webhooks.room_endpoints_file));
    }
    named.extend(config.campaigns.files.iter().map(|file| ("campaigns.files", file.as_path())));
    let missing = named.into_iter().filter(|(_, path)| !path.is_file());
    missing
        .map(|(setting, path)| {
            format!("{}: `{setting}`: there is no file {}", loaded.origin(setting), path.display())
        })
        .collect()
}

/// The file of the authority that a Redis is verified by.
fn authority(address: &RedisAddress) -> Option<&Path> {
    let tls = match address {
        RedisAddress::Single { tls, .. }
        | RedisAddress::Sentinel { tls, .. }
        | RedisAddress::Cluster { tls, .. } => tls.as_ref(),
        RedisAddress::Socket { .. } => None,
    };
    tls?.ca.as_deref()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::load;

    fn missing_of(text: &str) -> Vec<String> {
        missing(&load(Some(("town.toml", text)), Vec::new()).expect("valid"))
    }

    #[test]
    fn files_that_are_not_there_are_named() {
        assert_eq!(missing_of(""), [""; 0], "everything is embedded, and the keys are fetched");
        let text = "[waiting_room]\nstore_url = \"rediss://h?ca=/none/ca.pem\"\nkeys_file = \"/none/room.toml\"\n\n[booking]\ndatabase_url = \"postgres://h/d\"\njwks = \"/none/jwks.json\"\n\n[campaigns]\nfiles = [\"/none/a.toml\", \"/none/b.toml\"]\n\n[webhooks]\nendpoints_file = \"/none/w.toml\"\n";
        assert_eq!(
            missing_of(text),
            [
                "town.toml:3: `waiting_room.keys_file`: there is no file /none/room.toml",
                "default: `booking.keys_file`: there is no file keys/booking.toml",
                "town.toml:7: `booking.jwks`: there is no file /none/jwks.json",
                "town.toml:2: `waiting_room.store_url`: there is no file /none/ca.pem",
                "town.toml:13: `webhooks.endpoints_file`: there is no file /none/w.toml",
                "town.toml:10: `campaigns.files`: there is no file /none/a.toml",
                "town.toml:10: `campaigns.files`: there is no file /none/b.toml",
            ]
        );
    }

    #[test]
    fn files_that_are_there_are_not() {
        let folder = tempfile::tempdir().expect("a folder");
        let file = folder.path().join("jwks.json");
        std::fs::write(&file, "{}").expect("written");
        assert_eq!(missing_of(&format!("[booking]\njwks = \"{}\"\n", file.display())), [""; 0]);
    }
}
