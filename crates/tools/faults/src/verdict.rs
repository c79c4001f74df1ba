//! What a judge says.

use std::fmt;

/// Examples of each broken promise that are shown.
const SHOWN_MAX: usize = 3;

/// Which promises were broken in a run, and how much of what `C` counts happened in it.
#[derive(Clone, Debug)]
pub struct Verdict<C> {
    pub broken: Vec<Broken>,
    pub seen: C,
}

/// A promise that was not kept, and how it showed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Broken {
    pub promise: &'static str,
    pub times: usize,
    pub examples: Vec<String>,
}

impl<C> Verdict<C> {
    /// Nothing is broken yet.
    pub fn of(seen: C) -> Self {
        Self { broken: Vec::new(), seen }
    }

    /// Adds what was found against a promise, if anything.
    pub fn rule(&mut self, promise: &'static str, found: Vec<String>) {
        if !found.is_empty() {
            let times = found.len();
            let examples = found.into_iter().take(SHOWN_MAX).collect();
            self.broken.push(Broken { promise, times, examples });
        }
    }

    pub fn is_kept(&self) -> bool {
        self.broken.is_empty()
    }
}

impl<C: fmt::Display> fmt::Display for Verdict<C> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.seen)?;
        for Broken { promise, times, examples } in &self.broken {
            write!(f, "\n  broken {times} times: {promise}")?;
            for example in examples {
                write!(f, "\n    {example}")?;
            }
        }
        Ok(())
    }
}
