//! Counts as real numbers and back, in one place.

/// A count as a real number; above 2⁵³ it is rounded, which no rule here can notice.
#[expect(clippy::cast_precision_loss, reason = "counts of people are far below 2^53")]
pub(super) fn real(count: u64) -> f64 {
    count as f64
}

/// A span of milliseconds as a real number.
#[expect(clippy::cast_precision_loss, reason = "spans are far below 2^53 ms")]
pub(super) fn real_ms(span_ms: i64) -> f64 {
    span_ms as f64
}

/// The whole part; 0 for what is negative or no number, the largest count for what is beyond it.
#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "the conversion saturates, and maps what is no number to 0"
)]
pub(super) fn whole(number: f64) -> u64 {
    number as u64
}

/// The nearest count.
pub(super) fn nearest(number: f64) -> u64 {
    whole(number + 0.5)
}

/// `number` to six significant digits, as many as anybody is told.
pub(super) fn rounded(number: f64) -> f64 {
    format!("{number:.5e}").parse().unwrap_or(number)
}

/// `count` as far as 32 bits go.
pub(super) fn narrow(count: u64) -> u32 {
    u32::try_from(count).unwrap_or(u32::MAX)
}
