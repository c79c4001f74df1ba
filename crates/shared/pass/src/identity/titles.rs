//! Titles are no part of a name: the same person gives them or leaves them out.

/// Words that are a title by themselves. In Germany only the doctor's degree may stand in an identity
/// card; the others are what people put before their name all the same.
const TITLES: &[&str] = &["dr", "drs", "prof", "professor", "professorin", "doktor", "dipl"];

/// What follows a title and belongs to it: "Dr. rer. nat.", "Prof. Dr. h. c. mult.", "Dr.-Ing.". Only
/// after a title, for some of them are names as well.
const ADDITIONS: &[&[&str]] = &[
    &["rer", "nat"],
    &["rer", "pol"],
    &["rer", "oec"],
    &["h", "c"],
    &["e", "h"],
    &["hc"],
    &["eh"],
    &["med"],
    &["dent"],
    &["vet"],
    &["univ"],
    &["phil"],
    &["jur"],
    &["iur"],
    &["theol"],
    &["oec"],
    &["ing"],
    &["inf"],
    &["kfm"],
    &["habil"],
    &["mult"],
];

/// The words of a name that are no titles; all of them if nothing else would be left of it.
pub(super) fn without_titles(words: &[String]) -> Vec<&str> {
    let mut names = Vec::with_capacity(words.len());
    let mut rest = words;
    let mut after_title = false;
    while let Some((word, others)) = rest.split_first() {
        let addition = ADDITIONS.iter().find(|addition| after_title && begins(rest, addition));
        if let Some(addition) = addition {
            rest = &rest[addition.len()..];
            continue;
        }
        after_title = TITLES.contains(&word.as_str());
        if !after_title && !word.is_empty() {
            names.push(word.as_str());
        }
        rest = others;
    }
    if names.is_empty() { words.iter().map(String::as_str).collect() } else { names }
}

fn begins(words: &[String], beginning: &[&str]) -> bool {
    words.len() >= beginning.len() && words.iter().zip(beginning).all(|(word, part)| word == part)
}

#[cfg(test)]
mod tests {
    use super::super::fold;

    #[test]
    fn titles_are_left_out_wherever_they_stand() {
        for name in [
            "Dr. Anna Berta",
            "DR ANNA BERTA",
            "Prof. Dr. Dr. h. c. mult. Anna Berta",
            "Dr. rer. nat. Anna Berta",
            "Dr.med. Anna Berta",
            "Dipl.-Ing. Anna Berta",
            "Anna Berta, Dr.-Ing.",
            "Anna Professorin Berta",
            "\u{ff24}\u{ff52}. Anna Berta",
            "D\u{ad}r. Anna Berta",
        ] {
            assert_eq!(fold(name), "annaberta", "{name}");
        }
    }

    #[test]
    fn a_name_that_looks_like_a_title_is_a_name() {
        for (name, folded) in [
            ("Phil Ing", "philing"),
            ("Nat Med", "natmed"),
            ("Drago Profus", "dragoprofus"),
            ("Prof", "prof"),
            ("Dr. Dr.", "drdr"),
            ("H C Muster", "hcmuster"),
        ] {
            assert_eq!(fold(name), folded);
        }
    }
}
