//! Whether all data keys can be unwrapped, and wrapping them by the current master key.

use std::collections::BTreeMap;

use booking::StoreError;
use sea_orm::sea_query::Expr;
use sea_orm::{ColumnTrait, EntityTrait, QueryFilter};

use super::MasterKeys;
use super::master::NotUnwrapped;
use crate::convert::parse;
use crate::fault::Fault;
use crate::store::Session;
use crate::tables::campaign_key::{Column, Entity, Model, wrapped};

const READ: &str = "read the keys of the campaigns";

/// What an instance must not serve with.
fn problem(masters: &MasterKeys, rows: &[Model]) -> Result<Option<String>, Fault> {
    // Of each master key: the first campaign that it does not open, and whether it opens any.
    let mut found: BTreeMap<u8, (Option<String>, bool)> = BTreeMap::new();
    for row in rows {
        let campaign = parse("campaign id", &row.campaign)?;
        let wrapped = wrapped(row)?;
        let (missed, opens) = found.entry(wrapped.master).or_default();
        match masters.unwrap(&campaign, &wrapped) {
            Ok(_) => *opens = true,
            Err(why @ NotUnwrapped::Missing(_)) => return Ok(Some(why.of(&campaign))),
            Err(why) => {
                tracing::error!(%campaign, "{}", why.of(&campaign));
                missed.get_or_insert_with(|| why.of(&campaign));
            }
        }
    }
    // One damaged row is no reason to serve nobody (P20).
    Ok(found.into_values().filter(|(_, opens)| !opens).find_map(|(missed, _)| missed))
}

impl Session {
    /// What is wrong with the master keys, and what to do.
    pub(crate) async fn read_key_problem(&self) -> Result<Option<String>, Fault> {
        let Some(masters) = self.vault.masters.as_ref() else { return Ok(None) };
        let rows = Entity::find().all(&self.pools.read).await.map_err(Fault::at(READ))?;
        let problem = problem(masters, &rows)?;
        Ok(problem.map(|problem| {
            format!(
                "{problem}. Nothing is lost: put the master key back under [[personal_data]] in the key file \
                 (`booking.keys_file`), behind the current one if it is a former one, and start again"
            )
        }))
    }

    /// Wraps by the current master key what is wrapped by a former one. How many data keys are left that are not.
    pub(crate) async fn rewrap(&self) -> Result<u64, Fault> {
        let Some(masters) = self.vault.masters.as_ref() else { return Ok(0) };
        let current = masters.current_id();
        let rows = Entity::find()
            .filter(Column::MasterKeyId.ne(i32::from(current)))
            .all(&self.pools.read)
            .await
            .map_err(Fault::at(READ))?;
        let mut left = 0;
        for row in rows {
            let campaign = parse("campaign id", &row.campaign)?;
            let fresh = match masters.rewrap(&campaign, &wrapped(&row)?) {
                Ok(fresh) => fresh,
                Err(why) => {
                    tracing::error!(%campaign, "{}", why.of(&campaign));
                    left += 1;
                    continue;
                }
            };
            // Somebody else may have done it, or the key is gone.
            Entity::update_many()
                .col_expr(Column::MasterKeyId, Expr::value(i32::from(fresh.master)))
                .col_expr(Column::WrappedKey, Expr::value(fresh.bytes))
                .filter(Column::Campaign.eq(row.campaign))
                .filter(Column::WrappedKey.eq(row.wrapped_key))
                .exec(&self.pools.write)
                .await
                .map_err(Fault::at("wrap the key of a campaign anew"))?;
            tracing::info!(%campaign, from = row.master_key_id, to = current, "its key is wrapped by the current master key");
        }
        Ok(left)
    }

    /// The same as a fault of the store.
    pub(crate) async fn check_keys(&self) -> Result<(), StoreError> {
        match self.read_key_problem().await? {
            None => Ok(()),
            Some(reason) => Err(StoreError::Broken { reason, source: None }),
        }
    }
}
