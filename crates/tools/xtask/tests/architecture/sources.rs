//! What source files must be like.

use std::path::{Path, PathBuf};

use crate::crates::all;
use crate::{assert_none, root};

/// What a reader can still keep in mind, and a review on one page.
const LINES_MAX: usize = 400;

#[test]
fn no_source_file_is_too_long() {
    let root = root();
    let mut problems = Vec::new();
    for file in sources(&root) {
        let text = std::fs::read_to_string(&file).expect("a source file is text");
        let name = file.strip_prefix(&root).unwrap_or(&file);
        problems.extend(too_long(name, text.lines().count()));
    }
    assert_none(&problems);
}

#[test]
fn the_sources_are_found() {
    let this_file = Path::new(file!()).file_name().expect("a file has a name");
    let found = sources(&root());
    assert!(found.iter().any(|file| file.ends_with(this_file)), "{found:?}");
    assert!(found.len() > all().len(), "fewer source files than crates");
}

#[test]
fn one_line_too_many_is_too_long() {
    assert_eq!(too_long(Path::new("a.rs"), LINES_MAX), None);
    assert!(too_long(Path::new("a.rs"), LINES_MAX + 1).is_some());
}

fn too_long(file: &Path, lines: usize) -> Option<String> {
    (lines > LINES_MAX).then(|| {
        format!(
            "{} has {lines} lines, more than {LINES_MAX}: split it along what it is about, into a \
             folder of the same name",
            file.display()
        )
    })
}

/// All `*.rs` of the workspace's crates.
fn sources(root: &Path) -> Vec<PathBuf> {
    let mut folders: Vec<PathBuf> = all().iter().map(|known| root.join(&known.folder)).collect();
    let mut files = Vec::new();
    while let Some(folder) = folders.pop() {
        for entry in folder.read_dir().expect("the folder can be read") {
            let entry = entry.expect("the entry can be read");
            let path = entry.path();
            if entry.file_type().is_ok_and(|kind| kind.is_dir()) {
                if entry.file_name() != "target" {
                    folders.push(path);
                }
            } else if path.extension().is_some_and(|extension| extension == "rs") {
                files.push(path);
            }
        }
    }
    files
}
