use std::collections::BTreeSet;

use super::*;

#[test]
fn every_code_has_its_own_line() {
    for (index, entry) in CATALOGUE.iter().enumerate() {
        assert_eq!(entry.code as usize, index);
        assert_eq!(entry.code.entry().name, entry.name);
    }
    let names: BTreeSet<_> = CATALOGUE.iter().map(|entry| entry.name).collect();
    assert_eq!(names.len(), CATALOGUE.len(), "names are unique");
}

#[test]
fn the_catalogue_is_ordered_by_status_and_name() {
    assert!(CATALOGUE.is_sorted_by_key(|entry| (entry.status.as_u16(), entry.name)));
}

#[test]
fn every_text_is_complete() {
    for entry in CATALOGUE {
        let kebab = entry.name.bytes().all(|byte| matches!(byte, b'a'..=b'z' | b'-'));
        assert!(kebab, "{}", entry.name);
        assert!(entry.status.is_client_error() || entry.status.is_server_error());
        for text in [entry.en, entry.de] {
            assert!(!text.title.is_empty() && !text.title.ends_with('.'), "{}", entry.name);
            assert!(text.detail.ends_with('.'), "{}", entry.name);
        }
        assert_ne!(entry.en, entry.de, "{} is translated", entry.name);
    }
}
