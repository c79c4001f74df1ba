//! What a person takes along of a booking: the calendar entry (iCalendar, RFC 5545) and the QR code of the
//! booking code (SVG).
//!
//! Both are functions of what is stored and of the time: the same paper hangs on the confirmation mail and
//! is answered by the API. Neither holds a word of who is booked, nor the token that manages the booking:
//! calendars are shared, and pictures are passed on.

mod calendar;
mod qr;

pub use calendar::{CalendarEntry, Parties, calendar};
pub use qr::qr_svg;
