//! `docs/draw.md` says what the program does: every number in it is computed again.

use std::path::Path;
use std::process::Command;

use waiting_room::draw::{DrawKey, Lots, PublicEntropy, lot, seed};

const DOCUMENT: &str = include_str!("../../../../docs/draw.md");
const SUBJECT: &str = "000102030405060708090a0b0c0d0e0f";
const ENTRIES: u32 = 127_261;

/// The content of the fenced block that begins with this line.
fn block(fence: &str, first_line: &str) -> &'static str {
    let start = format!("```{fence}\n{first_line}");
    let (_, rest) = DOCUMENT.split_once(&start).unwrap_or_else(|| panic!("no block {start}"));
    let begin = DOCUMENT.len() - rest.len() - first_line.len();
    let (content, _) = DOCUMENT[begin..].split_once("```").expect("a block ends");
    content
}

/// What the console block shows below its command.
fn shown(command: &str) -> &'static str {
    let (_, shown) = block("console", command).split_once('\n').expect("output");
    shown
}

fn example() -> tempfile::TempDir {
    let folder = tempfile::tempdir().expect("folder");
    std::fs::write(folder.path().join("status.json"), block("json", "{")).expect("written");
    folder
}

fn output_of(program: &Path, arguments: &[&str], folder: &Path) -> String {
    let output = Command::new(program)
        .args(arguments)
        .current_dir(folder)
        .output()
        .expect("the program runs");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).expect("text")
}

#[test]
fn verify_draw_prints_what_the_document_shows() {
    let folder = example();
    let command = block("console", "$ einlass verify-draw").lines().next().expect("a command");
    let arguments: Vec<&str> = command.split(' ').skip(2).collect();
    let printed = output_of(Path::new(env!("CARGO_BIN_EXE_einlass")), &arguments, folder.path());
    assert_eq!(printed, shown("$ einlass verify-draw"));
}

/// The script is at most twenty lines long without the empty ones, and agrees with the program.
#[test]
fn the_python_script_prints_what_the_document_shows() {
    let folder = example();
    let script = block("python", "import");
    assert!(script.lines().filter(|line| !line.is_empty()).count() <= 20, "{script}");
    std::fs::write(folder.path().join("draw.py"), script).expect("written");
    let python = test_support::locate_python().expect("python3 runs the script of the document");
    let printed = output_of(&python, &["draw.py", "status.json", "0", SUBJECT], folder.path());
    assert_eq!(printed, shown("$ python3 draw.py"));
}

#[test]
fn the_vectors_are_those_of_the_program() {
    let room = "speyer-2021-06-20".parse().expect("slug");
    let secret = DrawKey::new(&[7; 32]).secret(&room, 1, 0);
    let (_, vectors) = DOCUMENT.split_once("## Test vectors").expect("vectors");
    let rows: Vec<Vec<&str>> = vectors
        .lines()
        .filter(|line| line.starts_with("| `") || line.starts_with("| none"))
        .map(|line| line.split('|').map(|cell| cell.trim().trim_matches('`')).collect())
        .collect();
    assert_eq!(rows.len(), 8);
    for row in rows {
        let entropy = if row.contains(&"none") { "" } else { "3 8 21 22 30 41" };
        let bytes = PublicEntropy::from_text(entropy).map(|entropy| entropy.as_bytes().to_vec());
        let seed = seed(&room, 1, 0, ENTRIES.into(), &secret, &bytes.unwrap_or_default());
        match row[..] {
            ["", _, published, ""] => assert_eq!(published, seed.to_string()),
            ["", subject, _, number, place, ""] => {
                let subject = u128::from_str_radix(subject, 16).expect("hex").to_be_bytes();
                let lots = Lots { first: 0, entries: ENTRIES.into(), seed };
                assert_eq!(number, lot(&seed, &subject).to_string());
                assert_eq!(place, lots.place(&subject).to_string());
            }
            _ => panic!("{row:?}"),
        }
    }
}

#[test]
fn the_figures_of_the_text_are_right() {
    let entries = f64::from(ENTRIES);
    let product = u128::from(lot_of_the_example()) * u128::from(ENTRIES);
    let hundredths = (product * 100) >> 64;
    let quotient = format!("{}.{:02}…", hundredths / 100, hundredths % 100);
    let one_ticket: f64 = 1_000.0 / 10_100.0;
    let hundred_tickets = 1.0 - (1.0 - one_ticket).powi(100);
    // Of as many subjects as places, the number at one place follows Poisson's distribution.
    let empty = (-1.0_f64).exp();
    let shared = 1.0 - 2.0 * empty;
    // The best of a hundred independent places is on average at 1/101 of the line.
    let best = entries / 101.0;
    for figure in [
        format!("/ 2⁶⁴ = {quotient}"),
        format!("with {:.1} %", one_ticket * 100.0),
        format!("with {:.3} %", hundred_tickets * 100.0),
        format!("mit {:.1} %", one_ticket * 100.0).replace('.', ","),
        format!("mit {:.3} %", hundred_tickets * 100.0).replace('.', ","),
        format!("about {:.0} of 100 places", empty * 100.0),
        format!("and {:.0} are shared", shared * 100.0),
        format!("place 1,{:.0} among 127,261", best - 1_000.0),
        format!("Platz 1.{:.0} bringen", best - 1_000.0),
    ] {
        let text = DOCUMENT.split_whitespace().collect::<Vec<_>>().join(" ");
        assert!(text.contains(&figure), "{figure}");
    }
}

fn lot_of_the_example() -> u64 {
    let (_, rest) = DOCUMENT.split_once("\nlot         ").expect("a lot");
    rest.lines().next().and_then(|number| number.parse().ok()).expect("a number")
}
