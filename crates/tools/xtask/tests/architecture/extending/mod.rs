//! What docs/extending.md says of commands, tables, endpoints and settings is true of those that are there.

mod commands;
mod endpoints;
mod page;
mod settings;
mod tables;

use std::path::Path;

use crate::root;

/// A source file.
#[derive(Clone)]
pub(crate) struct Source {
    /// From the root.
    pub(crate) path: String,
    pub(crate) text: String,
}

impl Source {
    #[cfg(test)]
    fn new(path: &str, text: &str) -> Self {
        Self { path: path.to_owned(), text: text.to_owned() }
    }

    /// Its name without the ending.
    fn stem(&self) -> &str {
        Path::new(&self.path).file_stem().and_then(|stem| stem.to_str()).unwrap_or_default()
    }

    fn is_below(&self, folder: &str) -> bool {
        self.path.strip_prefix(folder).is_some_and(|rest| rest.starts_with('/'))
    }
}

/// All files below `folder`, a path from the root, that end in `.{extension}`.
pub(crate) fn sources(folder: &str, extension: &str) -> Vec<Source> {
    let root = root();
    let mut folders = vec![root.join(folder)];
    let mut found = Vec::new();
    while let Some(folder) = folders.pop() {
        for entry in folder.read_dir().expect("the folder can be read") {
            let path = entry.expect("the entry can be read").path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|its| its == extension) {
                let text = std::fs::read_to_string(&path).expect("a source file is text");
                let path = path.strip_prefix(&root).expect("it lies below the root");
                found.push(Source { path: path.display().to_string(), text });
            }
        }
    }
    found.sort_by(|a, b| a.path.cmp(&b.path));
    assert!(!found.is_empty(), "there is no .{extension} file in {folder}");
    found
}

/// Whether `text` holds `word` as a whole: `ReleaseHolds` does not hold `ReleaseHold`.
fn has_word(text: &str, word: &str) -> bool {
    let is_part = |c: char| c.is_ascii_alphanumeric() || c == '_';
    text.match_indices(word).any(|(start, _)| {
        !text[..start].ends_with(is_part) && !text[start + word.len()..].starts_with(is_part)
    })
}

#[test]
fn a_word_is_found_as_a_whole() {
    assert!(has_word("let hold = ReleaseHold {", "ReleaseHold"));
    assert!(!has_word("ReleaseHolds, PreReleaseHold", "ReleaseHold"));
}
