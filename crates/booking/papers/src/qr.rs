//! The QR code of a booking code, as SVG.

use std::fmt::Write as _;

use booking::{BookingCode, Language};
use qrcodegen::{QrCode, QrCodeEcc};

/// Modules of white around the code: ISO/IEC 18004 asks for four.
const QUIET_ZONE: i32 = 4;

/// The QR code of `code` as an SVG picture, about 3 kB. It says what it shows in `language` to whoever
/// does not see it. The code is all that is in it.
#[must_use]
#[expect(clippy::missing_panics_doc, reason = "a booking code has 8 characters, which always fit")]
pub fn qr_svg(code: BookingCode, language: Language) -> String {
    // Half of a scratched code can still be read at this level, and 8 characters fit the smallest size.
    let qr = QrCode::encode_text(code.as_str(), QrCodeEcc::Quartile);
    let qr = qr.expect("8 characters fit a QR code of any level");
    let side = qr.size() + 2 * QUIET_ZONE;
    let (title, description) = match language {
        Language::De => (
            "QR-Code der Buchung",
            format!("Der QR-Code enthält den Buchungscode {code}, der am Einlass vorgezeigt wird."),
        ),
        Language::En => (
            "QR code of the booking",
            format!("The QR code holds the booking code {code}, which is shown at the gate."),
        ),
    };
    let tag = language.tag();
    format!(
        r##"<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {side} {side}" width="{width}" height="{width}" role="img" lang="{tag}" xml:lang="{tag}" aria-labelledby="qr-title-{code}" aria-describedby="qr-desc-{code}" shape-rendering="crispEdges">
<title id="qr-title-{code}">{title}</title>
<desc id="qr-desc-{code}">{description}</desc>
<path fill="#fff" d="M0 0h{side}v{side}H0z"/>
<path fill="#000" d="{dark}"/>
</svg>
"##,
        width = side * 8,
        dark = dark(&qr),
    )
}

/// The dark modules, row by row, each run as one rectangle.
fn dark(qr: &QrCode) -> String {
    let mut path = String::new();
    for y in 0..qr.size() {
        let mut x = 0;
        while x < qr.size() {
            let run = (x..qr.size()).take_while(|x| qr.get_module(*x, y)).count();
            let run = i32::try_from(run).unwrap_or_default();
            if run > 0 {
                let (left, top) = (x + QUIET_ZONE, y + QUIET_ZONE);
                let _ = write!(path, "M{left} {top}h{run}v1h-{run}z");
            }
            x += run.max(1);
        }
    }
    path
}

#[cfg(test)]
mod tests {
    use kernel::SeededEntropy;

    use super::*;

    /// Draws the rectangles of the second path of the picture, eight dots a module.
    fn drawn(svg: &str) -> (usize, Vec<bool>) {
        let between = |start: &str, end: &str| {
            let (_, rest) = svg.split_once(start).expect("the picture has it");
            rest.split_once(end).expect("and it ends").0.to_owned()
        };
        let side: usize = between("viewBox=\"0 0 ", " ").parse().expect("a number");
        let mut dots = vec![false; side * side];
        let path = between("fill=\"#000\" d=\"M", "\"");
        for rectangle in path.split('M') {
            let numbers: Vec<usize> = rectangle
                .split(|character: char| !character.is_ascii_digit())
                .filter(|number| !number.is_empty())
                .map(|number| number.parse().expect("a number"))
                .collect();
            let [x, y, width, 1, back] = numbers[..] else { panic!("{rectangle}") };
            assert_eq!(width, back, "a rectangle is closed");
            dots[y * side + x..y * side + x + width].fill(true);
        }
        (side, dots)
    }

    #[test]
    fn a_reader_reads_the_code() {
        let entropy = SeededEntropy::new(7);
        for _ in 0..5 {
            let code = BookingCode::new(&entropy);
            let (side, dots) = drawn(&qr_svg(code, Language::De));
            let mut image =
                rqrr::PreparedImage::prepare_from_greyscale(side * 8, side * 8, |x, y| {
                    if dots[y / 8 * side + x / 8] { 0 } else { 255 }
                });
            let grids = image.detect_grids();
            let [grid] = &grids[..] else { panic!("{} codes found", grids.len()) };
            let (_, text) = grid.decode().expect("the code can be read");
            assert_eq!(text, code.as_str());
        }
    }

    #[test]
    fn who_does_not_see_it_is_told_what_it_is() {
        let code: BookingCode = "7KQ2M9XA".parse().expect("a code");
        let de = qr_svg(code, Language::De);
        assert!(de.contains("<title id=\"qr-title-7KQ2M9XA\">QR-Code der Buchung</title>"), "{de}");
        assert!(de.contains("den Buchungscode 7KQ2M9XA"), "{de}");
        let en = qr_svg(code, Language::En);
        assert!(
            en.contains("lang=\"en\"") && en.contains("holds the booking code 7KQ2M9XA"),
            "{en}"
        );
        assert!(en.len() < 5_000, "{}", en.len());
    }
}
