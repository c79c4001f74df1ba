//! Lending letters to who sends them, and noting what became of them.

use std::fmt::Write as _;

use booking::{Lease, LeaseId, Mail, MailEnd, MailKind, Settlement};
use sea_orm::{ConnectionTrait, DatabaseTransaction, FromQueryResult, Value};

use super::{OF_KEY, SETTLE, key_of};
use crate::convert::number;
use crate::fault::Fault;
use crate::store::{Session, end};
use crate::tables::mail;

const LEND: &str = "lend letters";

impl Session {
    pub(crate) async fn lend(&self, lease: &Lease) -> Result<Vec<Mail>, Fault> {
        let transaction = self.begin().await?;
        let lent = self.lend_within(&transaction, lease).await;
        end(transaction, lent).await
    }

    async fn lend_within(
        &self,
        transaction: &DatabaseTransaction,
        lease: &Lease,
    ) -> Result<Vec<Mail>, Fault> {
        let mut lent = Vec::new();
        for rank in 0..MailKind::RANKS {
            let wanted = u64::from(lease.mails_max).saturating_sub(lent.len() as u64);
            if wanted == 0 {
                break;
            }
            let values: [Value; 5] = [
                lease.id.0.to_vec().into(),
                lease.until.unix_ms().into(),
                i32::from(rank).into(),
                lease.from.unix_ms().into(),
                number::<_, i64>("number of letters", wanted)?.into(),
            ];
            let find = self.statement(&self.statements.mail.lease, values);
            let rows = mail::Model::find_by_statement(find).all(transaction).await;
            let rows = rows.map_err(Fault::at(LEND))?;
            let mut of_rank = Vec::with_capacity(rows.len());
            for row in rows {
                of_rank.extend(self.readable(transaction, row).await);
            }
            of_rank.sort_by(|a, b| (a.made_at, &a.id).cmp(&(b.made_at, &b.id)));
            lent.append(&mut of_rank);
        }
        Ok(lent)
    }

    /// One that cannot be read takes no other with it (P20); its lease runs out, and it is tried again.
    async fn readable(&self, database: &impl ConnectionTrait, row: mail::Model) -> Option<Mail> {
        let (campaign, number) = (row.campaign.clone(), row.number);
        let mail = self.opened_mail(database, row).await.ok();
        if mail.is_none() {
            tracing::error!(campaign, number, "a stored letter is unreadable");
        }
        mail
    }

    pub(crate) async fn settle(&self, settlements: &[Settlement]) -> Result<(), Fault> {
        let transaction = self.begin().await?;
        let settled = async {
            for settlement in settlements {
                self.settle_one(&transaction, settlement).await?;
            }
            Ok(())
        };
        let settled = settled.await;
        end(transaction, settled).await
    }

    async fn settle_one(
        &self,
        transaction: &DatabaseTransaction,
        settlement: &Settlement,
    ) -> Result<(), Fault> {
        let Settlement { id, lease, at, end } = settlement;
        let mut values = key_of(id)?;
        let reason = end.reason().map(|reason| reason.as_str().to_owned());
        values.push(reason.into());
        let set = if let Some(due_at) = end.due_at() {
            let untried = i32::from(matches!(end, MailEnd::Untried { .. }));
            values.extend([due_at.unix_ms().into(), untried.into()]);
            "reason = $5, due_at_ms = $6, attempts = attempts - $7, lease = NULL"
        } else {
            values.extend([at.unix_ms().into(), end.status().as_str().into()]);
            "reason = $5, settled_at_ms = $6, status = $7, lease = NULL, recipient = NULL"
        };
        let mut sql = format!("UPDATE mail SET {set} WHERE {OF_KEY} AND status = 'pending'");
        if *end != MailEnd::Sent {
            let LeaseId(lease) = lease;
            values.push(lease.to_vec().into());
            let _infallible = write!(sql, " AND lease = ${}", values.len());
        }
        self.run(transaction, SETTLE, &sql, values).await.map(|_| ())
    }
}
