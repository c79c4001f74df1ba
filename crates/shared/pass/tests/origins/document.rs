//! `docs/pass.md` shows the verifiers as they are.

use std::path::Path;

const EXAMPLES: [(&str, &str); 5] = [
    ("js", "verify-pass.mjs"),
    ("python", "verify_pass.py"),
    ("go", "verify_pass.go"),
    ("java", "VerifyPass.java"),
    ("php", "verify_pass.php"),
];

#[test]
fn the_document_shows_every_verifier() {
    let docs = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../docs");
    let read = |path: &Path| {
        std::fs::read_to_string(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
    };
    let document = read(&docs.join("pass.md"));
    for (language, name) in EXAMPLES {
        let code = read(&docs.join("examples/verify-pass").join(name));
        assert!(
            document.contains(&format!("```{language}\n{code}```\n")),
            "docs/pass.md does not show docs/examples/verify-pass/{name} as it is: copy it there"
        );
    }
    let files = docs.join("examples/verify-pass").read_dir().expect("the folder is there");
    assert_eq!(files.count(), EXAMPLES.len(), "a verifier that is in no test");
}
