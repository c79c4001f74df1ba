//! No error and no warning that `api-spec/check` does not answer.

use crate::{DOCUMENTS, api_spec, document, printed_by, tools};

#[test]
fn redocly_has_nothing_to_say() {
    let mut redocly = tools().node_program("@redocly/cli/bin/cli.js");
    redocly.arg("lint").arg("--config").arg(api_spec("check/redocly.yaml"));
    redocly.args(["--format", "json"]).args(DOCUMENTS.map(document));
    redocly.env("REDOCLY_TELEMETRY", "off").env("REDOCLY_SUPPRESS_UPDATE_NOTICE", "true");
    let printed = printed_by(&mut redocly);
    // One report follows the other.
    let clean = r#""errors": 0,
    "warnings": 0,"#;
    assert_eq!(printed.matches(clean).count(), DOCUMENTS.len(), "{printed}");
}

#[test]
fn spectral_has_nothing_to_say() {
    let mut spectral = tools().node_program("@stoplight/spectral-cli/dist/index.js");
    spectral.arg("lint").arg("--ruleset").arg(api_spec("check/spectral.yaml"));
    let printed =
        printed_by(spectral.args(["--fail-severity", "hint"]).args(DOCUMENTS.map(document)));
    assert!(printed.contains("No results"), "{printed}");
}
