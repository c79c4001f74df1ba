use campaign_file::{CampaignFile, Declaration, Eligibility};
use jiff::civil::date;

use crate::{SPEYER, speyer};

fn read(text: &str) -> CampaignFile {
    CampaignFile::parse(&format!("{SPEYER}{text}")).unwrap_or_else(|errors| panic!("{errors}"))
}

#[test]
fn nothing_is_asked_that_the_file_does_not_say() {
    assert_eq!(speyer().eligibility, Eligibility::default());
    assert_eq!(speyer().declarations, []);
    assert_eq!(read("[eligibility]").eligibility, Eligibility::default());
}

#[test]
fn dates_of_birth_and_ages_are_read() {
    let campaign = read(
        "[eligibility]\nborn_from = 1940-01-01\nborn_until = 2003-06-20\nage_min = 18\n\
         age_max = 65\nage_on = 2021-06-20\n",
    );
    let on = date(2021, 6, 20);
    let expected = Eligibility {
        born_from: Some(date(1940, 1, 1)),
        born_until: Some(date(2003, 6, 20)),
        age_min: Some((18, on)),
        age_max: Some((65, on)),
    };
    assert_eq!(campaign.eligibility, expected);
}

#[test]
fn declarations_are_read_in_their_order() {
    let declaration = |id: &str, required| {
        format!(
            "[[declarations]]\nid = \"{id}\"\nversion = 2\nrequired = {required}\ntext = {{ de = \"Ja.\", en = \"Yes.\" }}\n"
        )
    };
    let text = declaration("residence", true) + &declaration("news", false);
    let expected = [("residence", true), ("news", false)].map(|(id, required)| Declaration {
        id: id.parse().expect("a name"),
        version: 2,
        required,
        text_de: "Ja.".to_owned(),
        text_en: "Yes.".to_owned(),
    });
    assert_eq!(read(&text).declarations, expected);
}

/// A row may say otherwise than the list; a row that says nothing is as the list says.
#[test]
fn a_row_goes_before_the_list() {
    let altrip = "ars = \"073385008001\", name = \"Altrip\"";
    let eligible = |text: &str| {
        let campaign = CampaignFile::parse(text).expect("right");
        let mut rows = campaign.residence.rows().iter();
        rows.find(|row| row.name == "Altrip").expect("in the table").eligible
    };
    assert!(eligible(SPEYER));
    assert!(!eligible(&SPEYER.replace(altrip, &format!("{altrip}, eligible = false"))));
    let other = SPEYER.replace("  \"073385008\",", "  \"073385008021\",");
    assert!(!eligible(&other));
}
