//! The bounds on everything a campaign file may say.

use std::ops::RangeInclusive;

/// Longest file, in bytes: far above the largest residence table allowed here.
pub(crate) const FILE_BYTES_MAX: usize = 4 * 1024 * 1024;
/// Mistakes that are listed; further ones are only counted.
pub(crate) const MISTAKES_MAX: usize = 1_000;
/// Longest text, in characters.
pub(crate) const TEXT_LENGTH_MAX: usize = 200;
/// Longest text of a declaration, in characters.
pub(crate) const DECLARATION_LENGTH_MAX: usize = 2_000;
/// Longest site id: leaves room for date and time in a slot id.
pub(crate) const SITE_ID_LENGTH_MAX: usize = 48;

pub(crate) const SITES: RangeInclusive<usize> = 1..=100;
pub(crate) const SLOT_RULES: RangeInclusive<usize> = 1..=100;
pub(crate) const TRANCHES: RangeInclusive<usize> = 1..=50;
pub(crate) const MUNICIPALITIES: RangeInclusive<usize> = 1..=20_000;
pub(crate) const DECLARATIONS: RangeInclusive<usize> = 1..=20;
pub(crate) const ORIGINS: RangeInclusive<usize> = 1..=50;
/// Longest address of a page, in bytes.
pub(crate) const ADDRESS_LENGTH_MAX: usize = 1_000;
pub(crate) const SLOTS_MAX: usize = 10_000;

pub(crate) const INCARNATION: RangeInclusive<u32> = 1..=1_000_000;

pub(crate) const PLACES: RangeInclusive<u32> = 1..=1_000_000;
pub(crate) const EVERY_MINUTES: RangeInclusive<u32> = 1..=1_440;

pub(crate) const SEATS: RangeInclusive<u8> = 1..=4;
pub(crate) const HOLD_TTL_S: RangeInclusive<u32> = 10..=3_600;
/// Up to a week.
pub(crate) const LEAD_S: RangeInclusive<u32> = 0..=604_800;
pub(crate) const HOLD_RENEWALS: RangeInclusive<u8> = 0..=3;

/// A call-up may have to look at everybody who waits.
pub(crate) const WAITLIST_PLACES: RangeInclusive<u32> = 1..=10_000;
/// Up to a week.
pub(crate) const OFFER_TTL_MINUTES: RangeInclusive<u32> = 1..=10_080;
/// More than three people for one place would be unkind.
pub(crate) const OVER_OFFER_PERCENT: RangeInclusive<u32> = 100..=300;

pub(crate) const MAX_ACTIVE: RangeInclusive<u32> = 1..=100_000;
/// Of `max_active`, in percent, if the file does not say.
pub(crate) const MIN_ACTIVE_PERCENT_DEFAULT: u32 = 10;
pub(crate) const PACE_PER_MINUTE: RangeInclusive<u32> = 1..=1_000_000;
pub(crate) const BURST: RangeInclusive<u32> = 1..=100_000;
pub(crate) const CLAIM_WINDOW_S: RangeInclusive<u32> = 10..=86_400;
pub(crate) const PLACES_FACTOR_PERCENT: RangeInclusive<u32> = 1..=1_000;
pub(crate) const PASS_TTL_S: RangeInclusive<u32> = 10..=86_400;
pub(crate) const POLL_S: RangeInclusive<u32> = 1..=600;
/// A week: who arrives earlier than that has mistaken the date.
pub(crate) const GATHERS_BEFORE_S: RangeInclusive<u32> = 1..=604_800;
pub(crate) const GATHERS_BEFORE_S_DEFAULT: u32 = 3_600;

/// Up to three years: nobody needs to know for longer who was there.
pub(crate) const PURGE_AFTER_DAYS: RangeInclusive<u16> = 0..=1_096;
pub(crate) const PURGE_AFTER_DAYS_DEFAULT: u16 = 30;

/// Years a date may lie in; anything else is a slip of the pen.
pub(crate) const YEARS: RangeInclusive<u16> = 2000..=2199;
/// Years somebody may be born in: a date of birth before them is not believed.
pub(crate) const BIRTH_YEARS: RangeInclusive<u16> = 1900..=2199;
pub(crate) const AGE_YEARS: RangeInclusive<u8> = 0..=120;
/// The version of a declaration.
pub(crate) const VERSION: RangeInclusive<u32> = 1..=1_000_000;
