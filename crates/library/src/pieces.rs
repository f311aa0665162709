//! Pieces: in the library from their first bar on, deleted only into a trash.

use jobs::{Dtype, Ending, JobSpec, Style, VariationId, VariationState};
use rusqlite::{OptionalExtension, Row, params, params_from_iter, types::Value};
use uuid::Uuid;

use crate::queue::{parse_job_id, parse_state};
use crate::{Error, Library, Result};

// An interrupted variation is written again from its beginning and becomes the same text, so a
// draft that is shorter than what is there adds nothing; only a whole piece replaces it. In another format
// of the weights it becomes another text.
const SAVE: &str = "INSERT INTO pieces (id, job, variation, created_ms, title, period, composer,
        instrumentation, bars, bars_expected, ending, first_bar_ms, duration_ms, text, dtype)
    VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15)
    ON CONFLICT (job, variation) DO UPDATE SET title = excluded.title, bars = excluded.bars,
        bars_expected = excluded.bars_expected, ending = excluded.ending,
        first_bar_ms = excluded.first_bar_ms, duration_ms = excluded.duration_ms,
        text = excluded.text, dtype = excluded.dtype
    WHERE excluded.bars >= pieces.bars OR excluded.ending IS NOT NULL
        OR excluded.dtype IS NOT pieces.dtype";
const SUMMARY: &str =
    "SELECT p.id, p.job, p.variation, p.created_ms, p.title, p.period, p.composer,
        p.instrumentation, p.bars, v.state, v.seed, j.spec
    FROM pieces p
    JOIN variations v ON v.job = p.job AND v.number = p.variation
    JOIN jobs j ON j.id = p.job";
const WHOLE: &str =
    "SELECT p.text, p.ending, p.first_bar_ms, p.duration_ms, j.model_sha256, p.dtype
    FROM pieces p JOIN jobs j ON j.id = p.job WHERE p.id = ?1";
const COUNT: &str = "SELECT count(*) FROM pieces p";
const STYLES: &str = "SELECT DISTINCT period, composer, instrumentation FROM pieces
    WHERE deleted_ms IS NULL ORDER BY period, composer, instrumentation";
const DELETE: &str = "UPDATE pieces SET deleted_ms = ?2 WHERE id = ?1 AND deleted_ms IS NULL";
const RESTORE: &str = "UPDATE pieces SET deleted_ms = NULL WHERE id = ?1";

/// A piece as far as it is written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Draft {
    /// Whose piece it is.
    pub variation: VariationId,
    /// When its first bar came.
    pub created_ms: i64,
    /// For people.
    pub title: String,
    /// The style it was asked for in.
    pub style: Style,
    /// Bars in the text.
    pub bars: u32,
    /// What the model's counter says.
    pub bars_expected: Option<u32>,
    /// Set when the piece is whole.
    pub ending: Option<Ending>,
    /// From the slot to the first bar.
    pub first_bar_ms: Option<i64>,
    /// From the slot to the end.
    pub duration_ms: Option<i64>,
    /// Header and bars.
    pub text: String,
    /// The format of the weights that write it; the model's own if there is none.
    pub dtype: Option<Dtype>,
}

/// A piece in a list.
#[derive(Debug, Clone, PartialEq)]
pub struct Summary {
    /// Its identity: a UUIDv7.
    pub id: String,
    /// Whose piece it is.
    pub variation: VariationId,
    /// When its first bar came.
    pub created_ms: i64,
    /// For people.
    pub title: String,
    /// The style it was asked for in.
    pub style: Style,
    /// Bars in the text.
    pub bars: u32,
    /// Where its variation stands.
    pub state: VariationState,
    /// The seed that decided it.
    pub seed: u64,
    /// The whole request.
    pub spec: JobSpec,
}

/// A piece, whole.
#[derive(Debug, Clone, PartialEq)]
pub struct PieceRow {
    /// What lists show.
    pub summary: Summary,
    /// As the model wrote it.
    pub text: String,
    /// The word of its [`Ending`], if it ended well.
    pub ending: Option<Ending>,
    /// From the slot to the first bar.
    pub first_bar_ms: Option<i64>,
    /// From the slot to the end.
    pub duration_ms: Option<i64>,
    /// The weights that wrote it.
    pub model_sha256: String,
    /// The format in which they were kept; the model's own if there is none.
    pub dtype: Option<Dtype>,
}

/// Which pieces to list.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Filter {
    /// Only of this period.
    pub period: Option<String>,
    /// Only of this composer.
    pub composer: Option<String>,
    /// Only of this instrumentation.
    pub instrumentation: Option<String>,
}

/// Pieces, newest first.
#[derive(Debug, Clone, PartialEq)]
pub struct Page {
    /// Newest first.
    pub pieces: Vec<Summary>,
    /// The id after which the next page begins, if there is one.
    pub next: Option<String>,
    /// How many match in all.
    pub total: u32,
}

impl Filter {
    /// Conditions and their values, those of the trash included.
    fn conditions(&self) -> (String, Vec<Value>) {
        let mut sql = " WHERE p.deleted_ms IS NULL".to_owned();
        let mut values = Vec::new();
        for (column, value) in [
            ("period", &self.period),
            ("composer", &self.composer),
            ("instrumentation", &self.instrumentation),
        ] {
            if let Some(value) = value {
                values.push(Value::Text(value.clone()));
                sql.push_str(&format!(" AND p.{column} = ?{}", values.len()));
            }
        }
        (sql, values)
    }
}

impl Library {
    /// Saves a piece as far as it is written; gives its id, which stays the same.
    ///
    /// # Errors
    /// Those of the database.
    pub fn save(&self, draft: &Draft) -> Result<String> {
        let connection = self.connection();
        connection.execute(
            SAVE,
            params![
                Uuid::now_v7().to_string(),
                draft.variation.job.to_string(),
                draft.variation.number,
                draft.created_ms,
                draft.title,
                draft.style.period,
                draft.style.composer,
                draft.style.instrumentation,
                draft.bars,
                draft.bars_expected,
                draft.ending.map(Ending::as_str),
                draft.first_bar_ms,
                draft.duration_ms,
                draft.text,
                draft.dtype.map(Dtype::as_str),
            ],
        )?;
        Ok(connection.query_row(
            "SELECT id FROM pieces WHERE job = ?1 AND variation = ?2",
            params![draft.variation.job.to_string(), draft.variation.number],
            |row| row.get(0),
        )?)
    }

    /// A page of pieces, newest first, after the piece `after`.
    ///
    /// # Errors
    /// Those of the database.
    pub fn page(&self, filter: &Filter, after: Option<&str>, limit: u32) -> Result<Page> {
        let connection = self.connection();
        let (mut conditions, mut values) = filter.conditions();
        let total = connection.query_row(
            &format!("{COUNT}{conditions}"),
            params_from_iter(&values),
            |row| row.get(0),
        )?;
        if let Some(after) = after {
            values.push(Value::Text(after.to_owned()));
            conditions.push_str(&format!(" AND p.id < ?{}", values.len()));
        }
        // One more than asked for tells whether there is a next page.
        let sql = format!(
            "{SUMMARY}{conditions} ORDER BY p.id DESC LIMIT {}",
            limit + 1
        );
        let mut select = connection.prepare_cached(&sql)?;
        let mut rows = select.query(params_from_iter(&values))?;
        let mut pieces = Vec::new();
        while let Some(row) = rows.next()? {
            pieces.push(summary(row)?);
        }
        let has_next = pieces.len() > limit as usize;
        pieces.truncate(limit as usize);
        let next = pieces.last().filter(|_| has_next).map(|p| p.id.clone());
        Ok(Page {
            pieces,
            next,
            total,
        })
    }

    /// The styles that occur, for a filter to choose from.
    ///
    /// # Errors
    /// Those of the database.
    pub fn styles(&self) -> Result<Vec<Style>> {
        let connection = self.connection();
        let mut select = connection.prepare_cached(STYLES)?;
        let rows = select.query_map([], |row| {
            Ok(Style {
                period: row.get(0)?,
                composer: row.get(1)?,
                instrumentation: row.get(2)?,
            })
        })?;
        Ok(rows.collect::<rusqlite::Result<_>>()?)
    }

    /// One piece, from the trash too.
    ///
    /// # Errors
    /// [`Error::NotFound`]; those of the database.
    pub fn piece(&self, id: &str) -> Result<PieceRow> {
        let connection = self.connection();
        let mut select = connection.prepare_cached(&format!("{SUMMARY} WHERE p.id = ?1"))?;
        let mut rows = select.query([id])?;
        let row = rows.next()?.ok_or_else(|| not_found(id))?;
        let summary = summary(row)?;
        let whole = connection
            .query_row(WHOLE, [id], |row| {
                Ok((
                    row.get::<_, String>(0)?,
                    row.get::<_, Option<String>>(1)?,
                    row.get(2)?,
                    row.get(3)?,
                    row.get(4)?,
                    row.get::<_, Option<String>>(5)?,
                ))
            })
            .optional()?;
        let (text, ending, first_bar_ms, duration_ms, model_sha256, dtype) =
            whole.ok_or_else(|| not_found(id))?;
        let dtype = dtype
            .map(|word| {
                Dtype::parse(&word).ok_or_else(|| Error::Damaged(format!("format {word:?}")))
            })
            .transpose()?;
        let ending = ending
            .map(|word| {
                let value = serde_json::Value::String(word);
                serde_json::from_value(value)
            })
            .transpose()?;
        Ok(PieceRow {
            summary,
            text,
            ending,
            first_bar_ms,
            duration_ms,
            model_sha256,
            dtype,
        })
    }

    /// Puts a piece in the trash.
    ///
    /// # Errors
    /// [`Error::NotFound`] if it is not there, or in the trash already.
    pub fn delete(&self, id: &str, now_ms: i64) -> Result<()> {
        match self.connection().execute(DELETE, params![id, now_ms])? {
            0 => Err(not_found(id)),
            _ => Ok(()),
        }
    }

    /// Takes a piece out of the trash.
    ///
    /// # Errors
    /// [`Error::NotFound`] if there never was one.
    pub fn restore(&self, id: &str) -> Result<()> {
        match self.connection().execute(RESTORE, [id])? {
            0 => Err(not_found(id)),
            _ => Ok(()),
        }
    }
}

fn not_found(id: &str) -> Error {
    Error::NotFound(format!("piece {id}"))
}

fn summary(row: &Row<'_>) -> Result<Summary> {
    Ok(Summary {
        id: row.get(0)?,
        variation: VariationId {
            job: parse_job_id(&row.get::<_, String>(1)?)?,
            number: row.get(2)?,
        },
        created_ms: row.get(3)?,
        title: row.get(4)?,
        style: Style {
            period: row.get(5)?,
            composer: row.get(6)?,
            instrumentation: row.get(7)?,
        },
        bars: row.get(8)?,
        state: parse_state(&row.get::<_, String>(9)?)?,
        seed: row.get::<_, i64>(10)?.cast_unsigned(),
        spec: serde_json::from_str(&row.get::<_, String>(11)?)?,
    })
}
