//! The tables, and how older files become them. A migration is never edited; the next one follows.

use rusqlite::Connection;

use crate::{Error, Result};

/// `user_version` n means that the first n of these have run.
const MIGRATIONS: &[&str] = &[
    include_str!("migrations/1.sql"),
    include_str!("migrations/2.sql"),
];

fn version(connection: &Connection) -> Result<u32> {
    Ok(connection.pragma_query_value(None, "user_version", |row| row.get(0))?)
}

fn known() -> u32 {
    u32::try_from(MIGRATIONS.len()).unwrap_or(u32::MAX)
}

pub(crate) fn check_readable(connection: &Connection) -> Result<()> {
    let (found, known) = (version(connection)?, known());
    if found > known {
        return Err(Error::TooNew { found, known });
    }
    Ok(())
}

pub(crate) fn migrate(connection: &mut Connection) -> Result<()> {
    check_readable(connection)?;
    let found = version(connection)?;
    let transaction = connection.transaction()?;
    for migration in MIGRATIONS.iter().skip(found as usize) {
        transaction.execute_batch(migration)?;
    }
    transaction.pragma_update(None, "user_version", known())?;
    transaction.commit()?;
    Ok(())
}
