//! Bookings, read one by one.

use ::booking::{Booking, BookingCode, BookingHead, BookingId, BookingStatus};
use kernel::CampaignId;
use sea_orm::{ColumnTrait, EntityTrait, QueryFilter, QueryOrder, QuerySelect};

use crate::convert::{bytes_16, parse};
use crate::fault::Fault;
use crate::store::Session;
use crate::tables::booking;
use crate::vault::Place;

impl Session {
    pub(crate) async fn read_booking(&self, id: BookingId) -> Result<Option<Booking>, Fault> {
        let row = booking::Entity::find_by_id(id.as_bytes().to_vec())
            .one(&self.pools.read)
            .await
            .map_err(Fault::at("read a booking"))?;
        match row {
            Some(row) => self.opened(row).await.map(Some),
            None => Ok(None),
        }
    }

    /// Without who it is: what is stored of the person may be unreadable, and is not needed.
    pub(crate) async fn read_booking_head(
        &self,
        id: BookingId,
    ) -> Result<Option<BookingHead>, Fault> {
        use booking::Column;
        let columns = [
            Column::Id,
            Column::Campaign,
            Column::Slot,
            Column::PassId,
            Column::PersonKey,
            Column::ManageTokenHash,
            Column::Status,
            Column::CancelledAtMs,
            Column::TokenGeneration,
            Column::Sequence,
            Column::LinkAskedAtMs,
            Column::Car,
        ];
        let row = booking::Entity::find_by_id(id.as_bytes().to_vec())
            .select_only()
            .columns(columns)
            .into_model::<booking::Head>()
            .one(&self.pools.read)
            .await
            .map_err(Fault::at("read a booking"))?;
        row.map(booking::head).transpose()
    }

    /// Mostly one index entry, or none: codes are drawn at random.
    pub(crate) async fn read_bookings_with_code(
        &self,
        campaign: &CampaignId,
        code: BookingCode,
        bookings_max: u32,
    ) -> Result<Vec<Booking>, Fault> {
        use booking::Column;
        let rows = booking::Entity::find()
            .filter(Column::Campaign.eq(campaign.as_str()))
            .filter(Column::Code.eq(code.as_str()))
            .filter(Column::Status.eq(booking::status_name(BookingStatus::Confirmed)))
            .order_by_asc(Column::Id)
            .limit(u64::from(bookings_max))
            .all(&self.pools.read)
            .await
            .map_err(Fault::at("read the bookings with a code"))?;
        let mut bookings = Vec::with_capacity(rows.len());
        for row in rows {
            bookings.push(self.opened(row).await?);
        }
        Ok(bookings)
    }

    /// The booking of a row, with the person that is sealed in it.
    async fn opened(&self, row: booking::Model) -> Result<Booking, Fault> {
        let campaign: CampaignId = parse("campaign id", &row.campaign)?;
        let id = BookingId::from_bytes(bytes_16("booking id", &row.id)?);
        let place = Place::of_booking(&campaign, &id);
        let person = self.vault.open_person(&self.pools.read, &place, &row.person.0).await?;
        booking::from_row(row, person)
    }
}
