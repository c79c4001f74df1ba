//! What people book for, in the codes of terminologies, as other sites read it in the feed: `service_type`.

use crate::limits;
use crate::reader::{Field, Keys, Section};

/// What a terminology calls it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Coding {
    /// The terminology, by its address.
    pub system: String,
    /// The code in it.
    pub code: String,
    /// The words for the code.
    pub display: String,
}

const KEYS: &Keys = &[
    ("system", "system = \"http://terminology.hl7.org/CodeSystem/service-type\""),
    ("code", "code = \"57\""),
    ("display", "display = \"Immunization\""),
];

/// The word for what the example that SMART Scheduling Links publishes is about, and its codings: they may be
/// used verbatim, it says.
const COVID19_IMMUNIZATION: &str = "covid19-immunization";
const CODINGS_OF_IT: [[&str; 3]; 2] = [
    ["http://terminology.hl7.org/CodeSystem/service-type", "57", "Immunization"],
    [
        "http://fhir-registry.smarthealthit.org/CodeSystem/service-type",
        "covid19-immunization",
        "COVID-19 Immunization Appointment",
    ],
];

/// Reads `service_type`; no coding where it is left out.
pub(crate) fn read(file: &Section<'_>) -> Option<Vec<Coding>> {
    let Some(field) = file.optional("service_type") else { return Some(Vec::new()) };
    if field.is_text() {
        return read_word(&field);
    }
    let section = field.section(KEYS)?;
    let text = |key| section.required(key).and_then(|field| field.text(limits::TEXT_LENGTH_MAX));
    let (code, display) = (text("code"), text("display"));
    let system = section.required("system").and_then(|field| read_system(&field));
    Some(vec![Coding { system: system?, code: code?, display: display? }])
}

fn read_word(field: &Field<'_>) -> Option<Vec<Coding>> {
    if field.text(limits::TEXT_LENGTH_MAX)? != COVID19_IMMUNIZATION {
        field.complain(format!(
            "is no word for a service; write \"{COVID19_IMMUNIZATION}\", or a table with system, code and display"
        ));
        return None;
    }
    let codings = CODINGS_OF_IT.map(|coding| {
        let [system, code, display] = coding.map(str::to_owned);
        Coding { system, code, display }
    });
    Some(codings.to_vec())
}

fn read_system(field: &Field<'_>) -> Option<String> {
    let system = field.text(limits::TEXT_LENGTH_MAX)?;
    let is_address = ["https://", "http://", "urn:"].iter().any(|begin| system.starts_with(begin));
    if !is_address || system.contains(' ') {
        field.complain("is no address of a terminology; begin it with https://, http:// or urn:");
        return None;
    }
    Some(system)
}
