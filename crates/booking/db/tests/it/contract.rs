//! The contract of the port, on both databases.

mod postgres {
    booking::booking_store_contract!(crate::fixture::on_postgres);
    booking::waitlist_contract!(crate::fixture::on_postgres);
}

mod sqlite {
    booking::booking_store_contract!(crate::fixture::on_sqlite);
    booking::waitlist_contract!(crate::fixture::on_sqlite);
}
