//! The contracts of the ports, on both databases.

mod postgres {
    booking::booking_store_contract!(crate::fixture::on_postgres);
    booking::mail_store_contract!(crate::fixture::on_postgres);
    booking::waitlist_contract!(crate::fixture::on_postgres);
    booking::webhook_store_contract!(crate::fixture::on_postgres);
}

mod sqlite {
    booking::booking_store_contract!(crate::fixture::on_sqlite);
    booking::mail_store_contract!(crate::fixture::on_sqlite);
    booking::waitlist_contract!(crate::fixture::on_sqlite);
    booking::webhook_store_contract!(crate::fixture::on_sqlite);
}
