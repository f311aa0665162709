//! Settings: one JSON value for each key.

use rusqlite::{OptionalExtension, params};
use serde::{Serialize, de::DeserializeOwned};

use crate::{Library, Result};

const GET: &str = "SELECT value FROM settings WHERE key = ?1";
const PUT: &str = "INSERT INTO settings (key, value) VALUES (?1, ?2)
    ON CONFLICT (key) DO UPDATE SET value = excluded.value";

impl Library {
    /// The value of a key, if it was ever set.
    ///
    /// # Errors
    /// Those of the database; a value that is no `T`.
    pub fn setting<T: DeserializeOwned>(&self, key: &str) -> Result<Option<T>> {
        let connection = self.connection();
        let json: Option<String> = connection
            .query_row(GET, [key], |row| row.get(0))
            .optional()?;
        Ok(json.map(|json| serde_json::from_str(&json)).transpose()?)
    }

    /// Sets the value of a key.
    ///
    /// # Errors
    /// Those of the database.
    pub fn put_setting<T: Serialize>(&self, key: &str, value: &T) -> Result<()> {
        let json = serde_json::to_string(value)?;
        self.connection().execute(PUT, params![key, json])?;
        Ok(())
    }
}
