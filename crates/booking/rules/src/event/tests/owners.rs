//! What people do with their own bookings.

use crate::contract::scene;
use crate::event::{Actor, What};

/// What is done with one's own booking.
pub(super) fn told() -> Vec<(Actor, What, &'static str)> {
    let booking = scene::booking_id(1);
    vec![
        (
            Actor::TokenOf(booking),
            What::ContactChanged { booking },
            r#""actor":{"token_of":"booking_00000001030303030303030303030303"},"what":"contact_changed","booking":"booking_00000001030303030303030303030303"}"#,
        ),
        (
            Actor::TokenOf(booking),
            What::PersonErased { booking },
            r#""actor":{"token_of":"booking_00000001030303030303030303030303"},"what":"person_erased","booking":"booking_00000001030303030303030303030303"}"#,
        ),
        (
            Actor::Letter,
            What::TokenRotated { booking },
            r#""actor":"letter","what":"token_rotated","booking":"booking_00000001030303030303030303030303"}"#,
        ),
        (
            Actor::TokenOf(booking),
            What::CarOpened { booking },
            r#""actor":{"token_of":"booking_00000001030303030303030303030303"},"what":"car_opened","booking":"booking_00000001030303030303030303030303"}"#,
        ),
        (
            Actor::CodeOf(booking),
            What::LinkAsked { booking },
            r#""actor":{"code_of":"booking_00000001030303030303030303030303"},"what":"link_asked","booking":"booking_00000001030303030303030303030303"}"#,
        ),
    ]
}
