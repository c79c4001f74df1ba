//! A trip to the store: one batch of one campaign, one transaction.
//!
//! A store that answers what it must not may do so because of one command, or of one row that only
//! this command names. So the batch is halved until each such command is alone: it fails, and the
//! others are carried out (P20).

use std::sync::Arc;
use std::time::Duration;

use kernel::{Timestamp, TripError};
use tokio::time::Instant;

use super::Failure;
use super::background::failed;
use super::departures::Departures;
use crate::batch::{Command, Executed, ExecutedPart, Outcome};
use crate::store::{BookingStore, StoreError};

/// Commands of the batch that are not reached by then are not carried out: whoever waits behind
/// them must not wait for ever.
const SEARCH_TIME_MAX: Duration = Duration::from_secs(2);

/// What one command of a batch gets.
pub(super) type Answer = Result<Outcome, Failure>;

/// The way to the store, and who hears what has happened there.
pub(super) struct Trips {
    store: Arc<dyn BookingStore>,
    departures: Arc<Departures>,
}

impl Trips {
    pub(super) fn new(store: Arc<dyn BookingStore>, departures: Arc<Departures>) -> Self {
        Self { store, departures }
    }

    /// Carries out a batch of one campaign.
    pub(super) async fn trip(
        self: Arc<Self>,
        now: Timestamp,
        commands: Vec<Command>,
    ) -> Result<Vec<Answer>, TripError<Failure>> {
        let outcomes = match self.execute_part(&commands, now).await {
            Ok(outcomes) => outcomes,
            Err(error) => {
                let failure = failed("execute a batch", &error);
                return match error {
                    StoreError::Unavailable { .. } => Err(TripError::Away(failure)),
                    StoreError::Broken { .. } if commands.len() > 1 => {
                        Ok(self.without_culprits(now, &commands).await)
                    }
                    StoreError::Busy { .. } | StoreError::Broken { .. } => {
                        Err(TripError::Failed(failure))
                    }
                };
            }
        };
        let is_left = outcomes.iter().map(Option::is_none);
        let rest =
            commands.into_iter().zip(is_left).filter_map(|(command, is)| is.then_some(command));
        let rest: Vec<Command> = rest.collect();
        let mut rest = self.carry_out_rest(now, rest).await.into_iter();
        let answers = outcomes
            .into_iter()
            .map(|outcome| outcome.map_or_else(|| rest.next().unwrap_or(Err(Failure::Broken)), Ok));
        Ok(answers.collect())
    }

    /// Carries out what the store has left of a batch. What becomes of it concerns none of those that are done.
    async fn carry_out_rest(
        self: Arc<Self>,
        now: Timestamp,
        commands: Vec<Command>,
    ) -> Vec<Answer> {
        let count = commands.len();
        if count == 0 {
            return Vec::new();
        }
        match Box::pin(self.trip(now, commands)).await {
            Ok(answers) => answers,
            Err(TripError::Away(failure) | TripError::Failed(failure)) => vec![Err(failure); count],
        }
    }

    /// Carries out a part of the batch, or all of it.
    async fn execute_part(
        &self,
        commands: &[Command],
        now: Timestamp,
    ) -> Result<Vec<Option<Outcome>>, StoreError> {
        let executed = self.store.execute_part(commands, now).await;
        let ExecutedPart { outcomes, events } = self.heard(now, commands, executed)?;
        self.departures.hear(&events);
        if outcomes.len() == commands.len() && outcomes.iter().any(Option::is_some) {
            return Ok(outcomes);
        }
        Err(miscounted(outcomes.len(), commands))
    }

    /// Carries out all of it.
    async fn execute(
        &self,
        commands: &[Command],
        now: Timestamp,
    ) -> Result<Vec<Outcome>, StoreError> {
        let executed = self.store.execute(commands, now).await;
        let Executed { outcomes, events } = self.heard(now, commands, executed)?;
        self.departures.hear(&events);
        if outcomes.len() == commands.len() {
            return Ok(outcomes);
        }
        Err(miscounted(outcomes.len(), commands))
    }

    /// After an error some of it may have taken effect all the same, and a repeat is no event.
    fn heard<T>(
        &self,
        now: Timestamp,
        commands: &[Command],
        executed: Result<T, StoreError>,
    ) -> Result<T, StoreError> {
        executed.inspect_err(|_| {
            for command in commands {
                self.departures.miss(command.campaign(), now);
            }
        })
    }

    /// Carries out what can be of a batch that failed as a whole. Takes at most twice as many
    /// transactions as there are commands, and about 2 · log₂ of that where one is to blame.
    async fn without_culprits(&self, now: Timestamp, commands: &[Command]) -> Vec<Answer> {
        let until = Instant::now() + SEARCH_TIME_MAX;
        let mut answers: Vec<Answer> = Vec::with_capacity(commands.len());
        let mut over = None;
        let (first, second) = commands.split_at(commands.len() / 2);
        let mut parts = vec![second, first];
        while let Some(part) = parts.pop() {
            if over.is_none() && Instant::now() >= until {
                over = Some(Failure::Overloaded);
            }
            if let Some(failure) = over {
                answers.extend(part.iter().map(|_| Err(failure)));
                continue;
            }
            match self.execute(part, now).await {
                Ok(outcomes) => answers.extend(outcomes.into_iter().map(Ok)),
                Err(StoreError::Broken { .. }) if part.len() > 1 => {
                    let (first, second) = part.split_at(part.len() / 2);
                    parts.extend([second, first]);
                }
                Err(error) => {
                    let failure = Failure::from(&error);
                    answers.extend(part.iter().map(|_| Err(failure)));
                    // Only what is broken concerns the part alone.
                    over = (failure != Failure::Broken).then_some(failure);
                }
            }
        }
        let broken = answers.iter().filter(|answer| **answer == Err(Failure::Broken)).count();
        let campaign = commands.first().map(Command::campaign);
        let commands = commands.len();
        tracing::error!(?campaign, commands, broken, "the batch was divided; some of it is broken");
        answers
    }
}

fn miscounted(outcomes: usize, commands: &[Command]) -> StoreError {
    let reason = format!("{outcomes} outcomes for {} commands", commands.len());
    StoreError::Broken { reason, source: None }
}
