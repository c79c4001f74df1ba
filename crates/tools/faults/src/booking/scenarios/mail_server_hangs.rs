use std::time::Duration;

use anyhow::Result;
use async_trait::async_trait;
use test_support::MailServerMood;

use super::Scenario;
use crate::booking::stage::{Opening, Stage};
use crate::clock::{Span, now, pause};

/// P2, P19: a mail server that falls silent in the middle of a letter keeps nobody from booking, and no letter is
/// lost by it.
pub struct MailServerHangs;

const WAITS: Duration = Duration::from_secs(20);

#[async_trait]
impl Scenario<Stage> for MailServerHangs {
    fn name(&self) -> &'static str {
        "mail-server-hangs"
    }

    fn about(&self) -> &'static str {
        "for some seconds the mail server reads letters and says nothing after their last byte, while people book"
    }

    async fn play(&self, stage: &mut Stage) -> Result<()> {
        stage.open_post(&[None, None]).await?;
        stage.course.mail_breaks = true;
        stage.open(Opening { instances: 2, places: 150, passes: 250 }).await?;
        stage.crowd()?.come(80, 2.0)?;
        stage.post()?.until_taken(20).await?;
        let began = now();
        stage.post()?.server.set_mood(MailServerMood::Hangs)?;
        stage.crowd()?.come(80, 4.0)?;
        stage.crowd()?.wait(20, 4.0, WAITS)?;
        pause(stage.some_seconds(6.0..9.0)).await;
        stage.course.calm.push(Span::since(began, 0));
        stage.post()?.server.set_mood(MailServerMood::Takes)?;
        stage.crowd()?.come(40, 1.0)?;
        stage.until_all_are_through().await
    }
}
