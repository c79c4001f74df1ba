//! The live view of a rush: a bar and numbers, redrawn on a terminal, a line a second elsewhere.

use std::fmt::Write as _;
use std::io::{IsTerminal, Write};
use std::time::Duration;

use tokio::sync::watch;

/// How far a rush is.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Progress {
    /// Phase of the room, or `audit` at the end.
    pub phase: &'static str,
    /// Tickets that wait for the draw.
    pub gathering: u64,
    /// People turned away so far.
    pub turned_away: u64,
    /// Tickets in line.
    pub waiting: u64,
    /// People called so far, by passes issued.
    pub called: u64,
    /// Bookings so far.
    pub booked: u64,
    /// Places bookable now, if known.
    pub places_left: Option<u64>,
    /// Places of the whole campaign.
    pub places: u64,
    /// Since the start.
    pub seconds: f64,
}

const BAR_WIDTH: u64 = 30;

/// Renders two lines of plain ASCII that fit 80 columns, without a line break at the end.
#[must_use]
pub fn render(progress: &Progress) -> String {
    let filled = match progress.places {
        0 => 0,
        places => (progress.booked.min(places) * BAR_WIDTH) / places,
    };
    let mut text = format!("{:6.1} s  {:<9} [", progress.seconds, progress.phase);
    text.extend((0..BAR_WIDTH).map(|cell| if cell < filled { '#' } else { '.' }));
    let places_left = progress.places_left.map_or_else(|| "-".to_owned(), |left| left.to_string());
    write!(
        text,
        "] booked {}/{}\ngathering {}  turned away {}  waiting {}  called {}  places left {places_left}",
        progress.booked,
        progress.places,
        progress.gathering,
        progress.turned_away,
        progress.waiting,
        progress.called,
    )
    .expect("writing to a string does not fail");
    text
}

/// Shows the progress on `out` until the rush drops its sender. On a terminal the two lines are redrawn in place several
/// times a second, elsewhere one line is printed each second. A closed pipe ends the view, not the rush.
pub async fn show(mut progress: watch::Receiver<Progress>, mut out: impl Write + IsTerminal) {
    let live = out.is_terminal();
    let period = Duration::from_millis(if live { 200 } else { 1_000 });
    let mut ticks = tokio::time::interval(period);
    let mut home = "";
    let mut shown = String::new();
    loop {
        let ended = tokio::select! {
            _ = ticks.tick() => false,
            () = gone(&mut progress) => true,
        };
        let text = render(&progress.borrow());
        let written = if live {
            let text = text.replace('\n', "\x1b[K\n");
            let written = writeln!(out, "{home}{text}\x1b[K");
            home = "\x1b[2A\r";
            written
        } else if text == shown {
            Ok(())
        } else {
            writeln!(out, "{}", text.replace('\n', "  "))
        };
        shown = text;
        if ended || written.and_then(|()| out.flush()).is_err() {
            return;
        }
    }
}

/// Resolves when the sender is gone.
async fn gone(progress: &mut watch::Receiver<Progress>) {
    while progress.changed().await.is_ok() {}
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_view_is_plain_and_shows_the_share_that_is_booked() {
        let text = render(&Progress {
            phase: "open",
            gathering: 0,
            turned_away: 16_000,
            waiting: 2_400,
            called: 700,
            booked: 625,
            places_left: Some(0),
            places: 2_500,
            seconds: 12.34,
        });
        assert_eq!(
            text,
            "  12.3 s  open      [#######.......................] booked 625/2500\n\
             gathering 0  turned away 16000  waiting 2400  called 700  places left 0"
        );
        assert!(text.is_ascii());
        assert!(text.lines().all(|line| line.len() <= 80));
    }

    #[test]
    fn nothing_known_yet_is_rendered_too() {
        let text = render(&Progress::default());
        assert!(text.contains("booked 0/0\n"), "{text}");
        assert!(text.ends_with("places left -"), "{text}");
    }
}
