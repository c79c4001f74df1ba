use campaign_file::CampaignFile;

/// A small campaign that is right; each line below is changed by some test.
const RIGHT: &str = r#"id = "probe"
title = "Impftag"
time_zone = "Europe/Berlin"
closes_at = 2021-06-20T09:00
capacity_places = 30
[booking]
hold_ttl_s = 480
[waiting_room]
gathers_before_s = 3600
[gate]
burst = 10
[[sites]]
id = "north"
name = "Nord"
address = "Am Tor 1"
[[sites]]
id = "south"
name = "Süd"
address = "Am Tor 2"
[[slots]]
sites = ["north", "south"]
date = 2021-06-20
from = 07:00
to = 09:00
every_minutes = 10
[[tranches]]
opens_at = 2021-06-14T08:00
places = 10
[[tranches]]
opens_at = 2021-06-14T11:00
places = 20
[waitlist]
places = 5
opens_at = 2021-06-14T11:00
[residence]
municipalities = [
  { postcode = "67346", ags = "07318000", name = "Speyer", eligible = true },
  { postcode = "67454", ags = "07332025", name = "Haßloch", eligible = false },
]
"#;

const TABLE: &str = include_str!("mistakes.txt");

fn mistakes(text: &str) -> Vec<String> {
    match CampaignFile::parse(text) {
        Ok(_) => Vec::new(),
        Err(errors) => errors.to_string().lines().map(str::to_owned).collect(),
    }
}

/// `RIGHT` with one passage replaced.
fn edited(from: &str, to: &str) -> String {
    assert_eq!(RIGHT.matches(from).count(), 1, "'{from}' is not unique");
    RIGHT.replace(from, to)
}

#[test]
fn the_probe_is_right() {
    assert_eq!(mistakes(RIGHT), Vec::<String>::new());
}

/// Every change of the table is answered with exactly the mistakes that the table names.
#[test]
fn each_mistake_is_named_with_its_place_and_what_to_do() {
    let blocks: Vec<_> = TABLE.split("\n\n").collect();
    for block in &blocks {
        let lines = |mark: &str| -> Vec<&str> {
            block.lines().filter_map(|line| line.strip_prefix(mark)).collect()
        };
        let (from, to) = (lines("- ").join("\n"), lines("+ ").join("\n"));
        if !from.is_empty() {
            assert_eq!(mistakes(&edited(&from, &to)), lines("! "), "{block}");
        }
    }
    assert!(blocks.len() > 50, "the table was read as {} blocks", blocks.len());
}

/// One file with many things wrong at once: every one of them is named, in the order of the file.
#[test]
fn all_mistakes_are_named_at_once() {
    let mut text = RIGHT.to_owned();
    for (from, to) in [
        ("\"Europe/Berlin\"", "\"Mars/Olympus\""),
        ("hold_ttl_s = 480", "hold_ttl_s = 0"),
        ("burst = 10", "brust = 10"),
        ("name = \"Süd\"\n", ""),
        ("every_minutes = 10", "every_minutes = 50"),
        ("places = 10\n", "places = \"10\"\n"),
        ("opens_at = 2021-06-14T11:00\nplaces = 20", "opens_at = 2021-06-14T07:00\nplaces = 20"),
        ("\"67346\"", "\"6734x\""),
        ("eligible = false", "eligible = 0"),
    ] {
        assert_eq!(text.matches(from).count(), 1, "'{from}' is not unique");
        text = text.replace(from, to);
    }
    let places: Vec<_> = CampaignFile::parse(&text)
        .expect_err("wrong in many ways")
        .mistakes
        .into_iter()
        .map(|mistake| format!("{}:{} {}", mistake.line, mistake.column, mistake.path))
        .collect();
    assert_eq!(
        places,
        [
            "3:13 time_zone",
            "7:14 booking.hold_ttl_s",
            "11:1 gate.brust",
            "16:1 sites[1].name",
            "24:17 slots[0].every_minutes",
            "27:10 tranches[0].places",
            "29:12 tranches[1].opens_at",
            "36:16 residence.municipalities[0].postcode",
            "37:72 residence.municipalities[1].eligible"
        ]
    );
}

#[test]
fn the_file_and_its_lists_are_bounded() {
    let long = format!("{RIGHT}# {}", "x".repeat(4 * 1024 * 1024));
    assert_eq!(mistakes(&long), ["line 1, column 1: the file is longer than 4194304 bytes"]);
    let tranche = "[[tranches]]\nopens_at = 2021-06-14T08:00\nplaces = 1\n";
    let errors =
        mistakes(&RIGHT.replace("[waitlist]", &format!("{}[waitlist]", tranche.repeat(49))));
    assert_eq!(errors, ["line 26, column 1: tranches: has 51 entries; give 1 to 50"]);
    let rule = "[[slots]]\nsites = [\"north\"]\ndate = 2021-06-20\nfrom = 00:00\nto = 23:59\nevery_minutes = 1\n";
    let errors = mistakes(&RIGHT.replace(
        "[[tranches]]\nopens_at = 2021-06-14T08",
        &format!("{}[[tranches]]\nopens_at = 2021-06-14T08", rule.repeat(7)),
    ));
    let expected = "line 20, column 1: slots: these rules make 10097 slots; make at most 10000, such as by longer slots";
    assert_eq!(errors, [expected]);
}

/// Whatever is cut out or overwritten: the answer is a campaign or mistakes, never a panic.
#[test]
fn no_damage_goes_unexplained() {
    let lines: Vec<_> = RIGHT.lines().collect();
    for (index, line) in lines.iter().enumerate() {
        let key = line.split('=').next().unwrap_or_default();
        for value in [
            "",
            "1",
            "-1",
            "''",
            "'x'",
            "true",
            "[]",
            "[1]",
            "{}",
            "[{}]",
            "2021-06-14",
            "07:00",
            "2021-03-28T02:30",
        ] {
            let damaged = if value.is_empty() { String::new() } else { format!("{key}= {value}") };
            let mut lines = lines.clone();
            lines[index] = &damaged;
            if let Err(errors) = CampaignFile::parse(&lines.join("\n")) {
                assert!(errors.mistakes.iter().all(|mistake| mistake.line <= lines.len()));
            }
        }
    }
    for (end, _) in RIGHT.char_indices() {
        let whole = RIGHT[end..].trim().is_empty();
        assert_eq!(CampaignFile::parse(&RIGHT[..end]).is_ok(), whole, "cut at {end}");
    }
}
