//! The plans that PostgreSQL makes of the statements of batches while its tables are empty: they are kept for as long as
//! a connection lives, and must not read a whole campaign once it has bookings.

use sea_orm::{ConnectionTrait, Database, DbBackend, Statement};

use super::WriteTexts;
use crate::statements::Statements;

#[tokio::test]
async fn no_batch_reads_all_bookings_of_a_campaign() {
    let url = test_support::shared_postgres_database().await;
    crate::migrate(&url).await.expect("migrates");
    let options = crate::connect::postgres(&url, &crate::DbOptions::default(), 1);
    let database = Database::connect(options).await.expect("connects");
    let statements = Statements::new(DbBackend::Postgres);
    let WriteTexts::Joint(write) = &statements.write else { panic!("one text for all sets") };
    for (number, text) in [&statements.load, &statements.optimistic, write].into_iter().enumerate()
    {
        let parameters = (1..100).take_while(|number| text.contains(&format!("${number}"))).count();
        let prepare = format!("PREPARE plan_{number} AS {text}");
        database.execute_unprepared(&prepare).await.expect("prepares");
        let nulls = vec!["NULL"; parameters].join(", ");
        let explain = format!("EXPLAIN EXECUTE plan_{number}({nulls})");
        let rows = database.query_all_raw(Statement::from_string(DbBackend::Postgres, explain));
        let plan: Vec<String> = rows
            .await
            .expect("explains")
            .iter()
            .map(|row| row.try_get_by_index(0).expect("a line"))
            .collect();
        let plan = plan.join("\n");
        assert!(plan.contains("booking"), "{plan}");
        for too_much in [
            "booking_slot",
            "booking_code",
            "Seq Scan on booking",
            "Seq Scan on waitlist_entry",
            "Seq Scan on offer",
        ] {
            assert!(!plan.contains(too_much), "{too_much} in {text}\n{plan}");
        }
        // Whether somebody waits is asked with every new booking.
        let is_found = text == write || plan.contains("waitlist_entry_person");
        assert!(is_found, "a person is not looked for by the key in {text}\n{plan}");
    }
}
