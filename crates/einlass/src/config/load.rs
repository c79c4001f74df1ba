//! Reads the layers and lays them over each other. Every setting exists in the defaults, so a key
//! that is not there is a mistake, and the default's type is the setting's type.

use std::collections::BTreeMap;

use toml_edit::{Document, Item, TableLike, Value};

use super::{Config, Origin, check};
use crate::config::secrets::without_passwords;

/// The annotated defaults.
pub const DEFAULTS: &str = include_str!("default.toml");
const VARIABLE_PREFIX: &str = "EINLASS__";

/// The configuration cannot be used. Each line names a place, what is wrong, and what to do.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{}", .0.join("\n"))]
pub struct ConfigError(pub Vec<String>);

/// A configuration, and where each of its values comes from.
#[derive(Clone, Debug)]
pub struct Loaded {
    /// The values.
    pub config: Config,
    settings: BTreeMap<String, Setting>,
}

#[derive(Clone, Debug)]
struct Setting {
    value: Value,
    origin: Origin,
}

impl Loaded {
    /// Every setting with its value and origin, ordered by name. Passwords in URLs are left out.
    pub fn settings(&self) -> impl Iterator<Item = (&str, String, &Origin)> {
        self.settings.iter().map(|(path, setting)| {
            let value = setting.value.clone().decorated("", "").to_string();
            (path.as_str(), without_passwords(&value), &setting.origin)
        })
    }

    /// Where the value of the setting `path` comes from.
    #[must_use]
    pub fn origin(&self, path: &str) -> &Origin {
        self.settings.get(path).map_or(&Origin::Default, |setting| &setting.origin)
    }
}

/// Lays a file (its name and its text) and the environment over the defaults, and checks the whole.
pub fn load(
    file: Option<(&str, &str)>,
    environment: impl IntoIterator<Item = (String, String)>,
) -> Result<Loaded, ConfigError> {
    let mut settings = defaults();
    let mut mistakes = Vec::new();
    if let Some((name, text)) = file {
        lay_file(&mut settings, name, text, &mut mistakes);
    }
    for (variable, text) in environment {
        if variable.starts_with(VARIABLE_PREFIX) {
            lay_variable(&mut settings, variable, &text, &mut mistakes);
        }
    }
    if !mistakes.is_empty() {
        return Err(ConfigError(mistakes));
    }
    let loaded = Loaded { config: parse(&settings)?, settings };
    let contradictions = check::contradictions(&loaded);
    if contradictions.is_empty() { Ok(loaded) } else { Err(ConfigError(contradictions)) }
}

fn defaults() -> BTreeMap<String, Setting> {
    let document = Document::parse(DEFAULTS).expect("the compiled-in defaults are valid TOML");
    let mut settings = BTreeMap::new();
    for (table_name, table) in document.iter() {
        for (key, item) in table.as_table_like().into_iter().flat_map(TableLike::iter) {
            let value = item.as_value().expect("a section holds values only").clone();
            settings
                .insert(format!("{table_name}.{key}"), Setting { value, origin: Origin::Default });
        }
    }
    settings
}

fn lay_file(
    settings: &mut BTreeMap<String, Setting>,
    name: &str,
    text: &str,
    mistakes: &mut Vec<String>,
) {
    let document = match Document::parse(text) {
        Ok(document) => document,
        Err(error) => {
            mistakes.push(format!("{name}: {}", error.to_string().trim_end()));
            return;
        }
    };
    let line_of = |span: Option<std::ops::Range<usize>>| {
        1 + span.map_or(0, |span| text[..span.start].matches('\n').count())
    };
    for (table_name, item) in document.iter() {
        let Some(table) = item.as_table_like() else {
            let line = line_of(item.span());
            mistakes.push(format!(
                "{name}:{line}: `{table_name}` is not a section; write `[section]` above its settings"
            ));
            continue;
        };
        for (key, item) in table.iter() {
            let line = line_of(table.get_key_value(key).and_then(|(key, _)| key.span()));
            let origin = Origin::File { name: name.to_owned(), line };
            let value = item.as_value().cloned();
            set(settings, &format!("{table_name}.{key}"), value, origin, mistakes);
        }
    }
}

fn lay_variable(
    settings: &mut BTreeMap<String, Setting>,
    variable: String,
    text: &str,
    mistakes: &mut Vec<String>,
) {
    let path = variable[VARIABLE_PREFIX.len()..].to_lowercase().replace("__", ".");
    // Text needs no quotes in the environment; everything else is written as in the file.
    let is_text = settings.get(&path).is_some_and(|known| known.value.is_str());
    let value = if is_text { Some(Value::from(text)) } else { text.parse().ok() };
    set(settings, &path, value, Origin::Environment(variable), mistakes);
}

fn set(
    settings: &mut BTreeMap<String, Setting>,
    path: &str,
    value: Option<Value>,
    origin: Origin,
    mistakes: &mut Vec<String>,
) {
    let Some(known) = settings.get_mut(path) else {
        let hint = nearest(settings.keys(), path);
        mistakes.push(format!("{origin}: there is no setting `{path}`{hint}"));
        return;
    };
    match value {
        Some(value) if value.type_name() == known.value.type_name() => {
            *known = Setting { value, origin };
        }
        _ => mistakes.push(format!(
            "{origin}: `{path}` must be {}, such as {}",
            describe(&known.value),
            known.value.clone().decorated("", "")
        )),
    }
}

fn describe(value: &Value) -> &'static str {
    match value {
        Value::String(_) => "text",
        Value::Integer(_) => "a whole number",
        Value::Boolean(_) => "true or false",
        Value::Array(_) => "a list in brackets",
        Value::Float(_) | Value::Datetime(_) | Value::InlineTable(_) => "of another type",
    }
}

/// Names the setting with the same last part, if there is one in another section.
fn nearest<'a>(known: impl Iterator<Item = &'a String>, path: &str) -> String {
    let last = path.rsplit('.').next().unwrap_or(path);
    let similar: Vec<&str> =
        known.filter(|known| known.ends_with(last)).map(String::as_str).collect();
    match similar.as_slice() {
        [] => "; see `einlass config defaults` for all of them".to_owned(),
        similar => format!("; did you mean `{}`?", similar.join("` or `")),
    }
}

/// What the settings say. Their types are right by now; what is left are values that do not parse, such as an
/// address. Each is tried by itself, so that every one that is wrong is named, and no other. Only the message is
/// shown: the value may hold a password.
fn parse(settings: &BTreeMap<String, Setting>) -> Result<Config, ConfigError> {
    let wrong = settings.iter().filter(|(_, setting)| setting.origin != Origin::Default);
    let wrong = wrong.filter_map(|(path, setting)| {
        let mut alone = defaults();
        alone.insert(path.clone(), setting.clone());
        let message = read(&alone).err()?;
        Some(format!("{}: `{path}`: {message}", setting.origin))
    });
    let wrong: Vec<String> = wrong.collect();
    if !wrong.is_empty() {
        return Err(ConfigError(wrong));
    }
    read(settings).map_err(|message| ConfigError(vec![message]))
}

fn read(settings: &BTreeMap<String, Setting>) -> Result<Config, String> {
    let mut document = toml_edit::DocumentMut::new();
    for (path, setting) in settings {
        let (table, key) = path.split_once('.').expect("settings are named section.key");
        let mut value = setting.value.clone();
        value.decor_mut().clear();
        document[table].or_insert(toml_edit::table())[key] = Item::Value(value);
    }
    toml::from_str(&document.to_string()).map_err(|error| error.message().to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn nothing() -> Vec<(String, String)> {
        Vec::new()
    }

    fn variable(name: &str, value: &str) -> Vec<(String, String)> {
        vec![(name.to_owned(), value.to_owned())]
    }

    fn mistakes(text: &str) -> Vec<String> {
        load(Some(("town.toml", text)), nothing()).expect_err("must be refused").0
    }

    #[test]
    fn the_defaults_are_complete_and_consistent() {
        let loaded = load(None, nothing()).expect("valid");
        assert_eq!(loaded.config.booking.batch_max, 256);
        assert!(loaded.settings().all(|(_, _, origin)| *origin == Origin::Default));
    }

    #[test]
    fn the_file_overrides_the_defaults_and_the_environment_both() {
        let file = Some(("town.toml", "[booking]\nbatch_max = 32\nworkers = 3\n"));
        let loaded = load(file, variable("EINLASS__BOOKING__WORKERS", "4")).expect("valid");
        assert_eq!((loaded.config.booking.batch_max, loaded.config.booking.workers), (32, 4));
        assert_eq!(loaded.origin("booking.batch_max").to_string(), "town.toml:2");
        assert_eq!(loaded.origin("booking.workers").to_string(), "EINLASS__BOOKING__WORKERS");
        let text = load(None, variable("EINLASS__PASS__ISSUER", "town")).expect("valid");
        assert_eq!(text.config.pass.issuer, "town");
        let list = variable("EINLASS__BOOKING__CORS_ORIGINS", r#"["https://a.example"]"#);
        assert_eq!(load(None, list).expect("valid").config.booking.cors_origins.len(), 1);
    }

    #[test]
    fn every_mistake_is_named_with_its_line() {
        assert_eq!(
            mistakes(
                "[booking]\nbatch_max = \"64\"\n\nqueue_dept_max = 5\n[pas]\nissuer = \"x\"\n"
            ),
            [
                "town.toml:2: `booking.batch_max` must be a whole number, such as 256",
                "town.toml:4: there is no setting `booking.queue_dept_max`; see `einlass config defaults` for all of them",
                "town.toml:6: there is no setting `pas.issuer`; did you mean `pass.issuer` or `staff.issuer`?",
            ]
        );
        assert_eq!(
            load(None, variable("EINLASS__BOOKING__BACH", "1")).expect_err("refused").0,
            [
                "EINLASS__BOOKING__BACH: there is no setting `booking.bach`; see `einlass config defaults` for all of them"
            ]
        );
        assert!(mistakes("listen = 1")[0].starts_with("town.toml:1: `listen` is not a section"));
        assert!(mistakes("[booking\n")[0].contains("line 1"));
        assert!(
            mistakes("\n[booking]\nlisten = \"here\"\n")[0]
                .starts_with("town.toml:3: `booking.listen`")
        );
    }

    #[test]
    fn addresses_are_read_once_and_what_is_wrong_is_named_without_the_password() {
        let wrong = "[waiting_room]\nstore_url = \"redis://:geheim@x:0\"\n";
        assert_eq!(
            mistakes(wrong),
            [
                "town.toml:2: `waiting_room.store_url`: has a port that is not a number from 1 to 65535"
            ]
        );
        let database = mistakes("[booking]\ndatabase_url = \"mysql://u:geheim@h/d\"\n");
        assert!(
            database[0].starts_with("town.toml:2: `booking.database_url`: must begin with sqlite"),
            "{database:?}"
        );
    }

    #[test]
    fn passwords_are_not_shown() {
        let url = variable("EINLASS__BOOKING__DATABASE_URL", "postgres://town:geheim@db/einlass");
        let keys = variable("EINLASS__BOOKING__KEYS_FILE", "/etc/einlass/booking.toml");
        let loaded = load(None, url.into_iter().chain(keys)).expect("valid");
        let shown: String = loaded.settings().map(|(_, value, _)| value).collect();
        assert!(!shown.contains("geheim"), "{shown}");
        assert!(shown.contains("postgres://town:***@db/einlass"), "{shown}");
    }

    #[test]
    fn every_value_that_does_not_parse_is_named_and_no_other() {
        let text = "[waiting_room]\nlisten = \"localhost\"\nstore_url = \"redsi://a\"\n\n[booking]\nlisten = \"localhost:80\"\n";
        let found = mistakes(text);
        let begins = [
            "town.toml:6: `booking.listen`",
            "town.toml:2: `waiting_room.listen`",
            "town.toml:3: `waiting_room.store_url`",
        ];
        assert_eq!(found.len(), begins.len(), "{found:?}");
        for (line, begin) in found.iter().zip(begins) {
            assert!(line.starts_with(begin), "{line}");
        }
    }
}
