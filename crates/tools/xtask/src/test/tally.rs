//! How many tests passed and failed, read from what the runners print.

use std::fmt;

use anyhow::Result;

/// The sum over several runs. Empty until a run has said how it ended.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Tally {
    sum: Option<Sum>,
}

/// Prints as the closing line of `cargo xtask test`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Sum {
    passed: u64,
    failed: u64,
}

impl fmt::Display for Sum {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{} passed, {} failed", self.passed, self.failed)
    }
}

impl Tally {
    /// All that ran; `None` if nothing came so far as to run.
    pub fn sum(&self) -> Option<Sum> {
        self.sum
    }

    /// Counts a run of nextest: its summary only, since the output it shows of a failed test holds
    /// lines of libtest.
    pub fn of_nextest(
        &mut self,
        run: impl FnOnce(&mut dyn FnMut(&str)) -> Result<()>,
    ) -> Result<()> {
        run(&mut |line| self.add(nextest_summary(&without_colours(line))))
    }

    /// Counts a run of libtest, whose every binary prints a result.
    pub fn of_libtest(
        &mut self,
        run: impl FnOnce(&mut dyn FnMut(&str)) -> Result<()>,
    ) -> Result<()> {
        run(&mut |line| self.add(libtest_result(&without_colours(line))))
    }

    fn add(&mut self, counted: Option<Sum>) {
        let Some(counted) = counted else { return };
        let sum = self.sum.get_or_insert_default();
        sum.passed += counted.passed;
        sum.failed += counted.failed;
    }
}

/// `Summary [   3.152s] 12 tests run: 10 passed (1 slow), 1 failed, 1 timed out, 0 skipped`
fn nextest_summary(line: &str) -> Option<Sum> {
    let (_, counts) = line.trim().strip_prefix("Summary [")?.split_once(" run: ")?;
    Some(sum_of(&without_brackets(counts), ','))
}

/// `test result: ok. 3 passed; 0 failed; 1 ignored; 0 measured; 0 filtered out; finished in 0.31s`
fn libtest_result(line: &str) -> Option<Sum> {
    let (_, counts) = line.trim().strip_prefix("test result: ")?.split_once(". ")?;
    Some(sum_of(counts, ';'))
}

/// What neither passed nor was left out has failed: `failed`, `timed out`, `exec failed`.
fn sum_of(counts: &str, separator: char) -> Sum {
    let mut sum = Sum::default();
    for part in counts.split(separator) {
        let Some((number, what)) = part.trim().split_once(' ') else { continue };
        let Ok(number) = number.parse::<u64>() else { continue };
        match what {
            "passed" => sum.passed += number,
            "skipped" | "ignored" | "measured" | "filtered out" => {}
            _ => sum.failed += number,
        }
    }
    sum
}

fn without_brackets(text: &str) -> String {
    let mut depth = 0_usize;
    text.chars()
        .filter(|character| match character {
            '(' => {
                depth += 1;
                false
            }
            ')' => {
                depth = depth.saturating_sub(1);
                false
            }
            _ => depth == 0,
        })
        .collect::<String>()
        .replace(" ,", ",")
}

/// Removes the escape sequences `ESC [ … m`.
fn without_colours(line: &str) -> String {
    let mut pieces = line.split("\u{1b}[");
    let first = pieces.next().unwrap_or_default().to_owned();
    pieces.fold(first, |text, piece| text + piece.split_once('m').map_or(piece, |(_, rest)| rest))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sum(passed: u64, failed: u64) -> Sum {
        Sum { passed, failed }
    }

    #[test]
    fn reads_what_nextest_prints() {
        for (line, expected) in [
            ("     Summary [   3.152s] 12 tests run: 12 passed, 0 skipped\n", Some(sum(12, 0))),
            ("Summary [1s] 1 test run: 0 passed, 1 failed, 0 skipped", Some(sum(0, 1))),
            (
                "Summary [9s] 9 tests run: 5 passed (1 slow, 1 leaky), 2 failed, 1 timed out, 1 exec failed, 3 skipped",
                Some(sum(5, 4)),
            ),
            (
                "\u{1b}[31;1m     Summary\u{1b}[0m [   0.031s] \u{1b}[1m2\u{1b}[0m tests run: \u{1b}[1m1\u{1b}[0m \u{1b}[32;1mpassed\u{1b}[0m, \u{1b}[1m1\u{1b}[0m \u{1b}[31;1mfailed\u{1b}[0m, \u{1b}[1m0\u{1b}[0m \u{1b}[33;1mskipped\u{1b}[0m",
                Some(sum(1, 1)),
            ),
            ("        PASS [   0.031s] ( 1/12) test-support eventually::tests::it", None),
            ("test result: FAILED. 0 passed; 1 failed; 0 ignored; 0 measured", None),
        ] {
            assert_eq!(nextest_summary(&without_colours(line)), expected, "{line}");
        }
    }

    #[test]
    fn adds_up_the_results_of_libtest() {
        let mut tally = Tally::default();
        assert_eq!(tally.sum(), None);
        tally
            .of_libtest(|line| {
                line("running 4 tests\n");
                line("test result: ok. 3 passed; 0 failed; 1 ignored; 0 measured; 2 filtered out; finished in 0.31s\n");
                line("test result: FAILED. 1 passed; 2 failed; 0 ignored; 0 measured; 0 filtered out\n");
                Ok(())
            })
            .expect("the run succeeds");
        assert_eq!(tally.sum(), Some(sum(4, 2)));
        assert_eq!(sum(4, 2).to_string(), "4 passed, 2 failed");
    }
}
