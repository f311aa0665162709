//! Jobs and their variations.

use jobs::{JobId, JobSpec, Priority, VariationId, VariationState};
use rusqlite::{OptionalExtension, Row, Transaction, params};

use crate::{Error, Library, Result};

const INSERT_JOB: &str =
    "INSERT INTO jobs (id, created_ms, spec, model_sha256, priority) VALUES (?1, ?2, ?3, ?4, ?5)";
const INSERT_VARIATION: &str =
    "INSERT INTO variations (job, number, seed, state) VALUES (?1, ?2, ?3, 'queued')";
const JOBS_IN_QUEUE: &str = "SELECT id, created_ms, spec, model_sha256, priority FROM jobs WHERE cleared = 0 ORDER BY id DESC";
const ONE_JOB: &str = "SELECT id, created_ms, spec, model_sha256, priority FROM jobs WHERE id = ?1";
const VARIATIONS: &str =
    "SELECT v.job, v.number, v.seed, v.state, v.attempt, v.started_ms, v.ended_ms, v.error_code,
        v.error_message, p.id, coalesce(p.bars, 0), p.bars_expected
    FROM variations v LEFT JOIN pieces p
        ON p.job = v.job AND p.variation = v.number AND p.deleted_ms IS NULL
    WHERE v.job = ?1 ORDER BY v.number";
const STATE: &str = "SELECT state FROM variations WHERE job = ?1 AND number = ?2";
const TO_RUNNING: &str = "UPDATE variations
    SET state = 'running', attempt = attempt + 1, started_ms = ?3, ended_ms = NULL
    WHERE job = ?1 AND number = ?2";
const TO_QUEUED: &str = "UPDATE variations
    SET state = 'queued', ended_ms = NULL, error_code = ?3, error_message = ?4
    WHERE job = ?1 AND number = ?2";
const TO_FINAL: &str = "UPDATE variations
    SET state = ?3, ended_ms = ?4, error_code = ?5, error_message = ?6
    WHERE job = ?1 AND number = ?2";
const SHOW_JOB: &str = "UPDATE jobs SET cleared = 0 WHERE id = ?1";
const RESTORE_PIECE: &str = "UPDATE pieces SET deleted_ms = NULL WHERE job = ?1 AND variation = ?2";
const CLEAR_FINISHED: &str = "UPDATE jobs SET cleared = 1 WHERE cleared = 0 AND NOT EXISTS (
    SELECT 1 FROM variations
    WHERE variations.job = jobs.id AND state IN ('queued', 'running'))";
const UNFINISHED: &str = "SELECT v.job, v.number, j.priority
    FROM variations v JOIN jobs j ON j.id = v.job
    WHERE v.state IN ('queued', 'running') ORDER BY v.job, v.number";
const PRIORITISE: &str = "UPDATE jobs SET priority = ?2 WHERE id = ?1";
const REQUEUE_RUNNING: &str = "UPDATE variations
    SET state = 'queued', error_code = ?1, error_message = ?2 WHERE state = 'running'";

/// A job with its variations.
#[derive(Debug, Clone, PartialEq)]
pub struct Job {
    /// Its identity.
    pub id: JobId,
    /// When it was queued.
    pub created_ms: i64,
    /// What was asked for.
    pub spec: JobSpec,
    /// The weights it was asked of.
    pub model_sha256: String,
    /// How soon its variations get their slots.
    pub priority: Priority,
    /// In order of their number.
    pub variations: Vec<Variation>,
}

/// A variation as it stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Variation {
    /// Which.
    pub id: VariationId,
    /// The seed that decides it.
    pub seed: u64,
    /// Where it stands.
    pub state: VariationState,
    /// How often it was begun.
    pub attempt: u32,
    /// When it was last begun.
    pub started_ms: Option<i64>,
    /// When it reached a final state.
    pub ended_ms: Option<i64>,
    /// Why it failed, or what last interrupted it.
    pub error: Option<Interruption>,
    /// Its piece, unless that was deleted.
    pub piece: Option<String>,
    /// Bars of the piece.
    pub bars: u32,
    /// Bars the model announced.
    pub bars_expected: Option<u32>,
}

/// Why a variation stopped.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Interruption {
    /// For programs.
    pub code: String,
    /// For people.
    pub message: String,
}

impl Library {
    /// Queues a job: with the return it is safe.
    ///
    /// # Errors
    /// Those of the database; nothing is queued then.
    pub fn enqueue(
        &self,
        spec: &JobSpec,
        model_sha256: &str,
        priority: Priority,
        now_ms: i64,
    ) -> Result<JobId> {
        let id = JobId::new();
        let mut connection = self.connection();
        let transaction = connection.transaction()?;
        let json = serde_json::to_string(spec)?;
        transaction.execute(
            INSERT_JOB,
            params![
                id.to_string(),
                now_ms,
                json,
                model_sha256,
                priority.as_str()
            ],
        )?;
        {
            let mut insert = transaction.prepare(INSERT_VARIATION)?;
            for (number, seed) in (1u32..).zip(&spec.seeds) {
                insert.execute(params![id.to_string(), number, seed.cast_signed()])?;
            }
        }
        transaction.commit()?;
        Ok(id)
    }

    /// The jobs in the queue's view, newest first.
    ///
    /// # Errors
    /// Those of the database.
    pub fn queue(&self) -> Result<Vec<Job>> {
        let connection = self.connection();
        let mut select = connection.prepare(JOBS_IN_QUEUE)?;
        let rows = select.query_map([], job_row)?;
        let mut jobs = Vec::new();
        for row in rows {
            jobs.push(whole_job(&connection, row?)?);
        }
        Ok(jobs)
    }

    /// One job.
    ///
    /// # Errors
    /// [`Error::NotFound`]; those of the database.
    pub fn job(&self, id: JobId) -> Result<Job> {
        let connection = self.connection();
        let row = connection
            .query_row(ONE_JOB, [id.to_string()], job_row)
            .optional()?
            .ok_or_else(|| Error::NotFound(format!("job {id}")))?;
        whole_job(&connection, row)
    }

    /// One variation.
    ///
    /// # Errors
    /// [`Error::NotFound`]; those of the database.
    pub fn variation(&self, id: VariationId) -> Result<Variation> {
        let job = self.job(id.job)?;
        let mut variations = job.variations.into_iter();
        variations
            .find(|variation| variation.id == id)
            .ok_or_else(|| Error::NotFound(format!("variation {id}")))
    }

    /// Its variations that wait get their slots sooner, or later, from now on.
    ///
    /// # Errors
    /// [`Error::NotFound`]; those of the database.
    pub fn prioritise(&self, id: JobId, priority: Priority) -> Result<()> {
        let values = params![id.to_string(), priority.as_str()];
        match self.connection().execute(PRIORITISE, values)? {
            0 => Err(Error::NotFound(format!("job {id}"))),
            _ => Ok(()),
        }
    }

    /// Variations that wait or ran when the program ended, oldest first.
    ///
    /// # Errors
    /// Those of the database.
    pub fn unfinished(&self) -> Result<Vec<(VariationId, Priority)>> {
        let connection = self.connection();
        let mut select = connection.prepare(UNFINISHED)?;
        let rows = select.query_map([], |row| {
            Ok((
                row.get::<_, String>(0)?,
                row.get::<_, u32>(1)?,
                row.get::<_, String>(2)?,
            ))
        })?;
        rows.map(|row| {
            let (job, number, priority) = row?;
            let job = parse_job_id(&job)?;
            Ok((VariationId { job, number }, parse_priority(&priority)?))
        })
        .collect()
    }

    /// Puts every running variation back in the queue, with the reason: their worker is gone.
    ///
    /// # Errors
    /// Those of the database.
    pub fn requeue_running(&self, why: &Interruption) -> Result<()> {
        self.connection()
            .execute(REQUEUE_RUNNING, [&why.code, &why.message])?;
        Ok(())
    }

    /// A variation has a slot.
    ///
    /// # Errors
    /// [`Error::NotNow`] unless it was queued; those of the database.
    pub fn begin(&self, id: VariationId, now_ms: i64) -> Result<()> {
        self.change(
            id,
            VariationState::Running,
            |_| true,
            |transaction| {
                transaction.execute(TO_RUNNING, params![id.job.to_string(), id.number, now_ms])
            },
        )
    }

    /// A variation that ran waits again; `why` says what interrupted it.
    ///
    /// # Errors
    /// [`Error::NotNow`] unless it was running; those of the database.
    pub fn requeue(&self, id: VariationId, why: &Interruption) -> Result<()> {
        let ran = |state| state == VariationState::Running;
        self.change(id, VariationState::Queued, ran, |transaction| {
            queue_again(transaction, id, Some(why))
        })
    }

    /// A variation that failed or was cancelled waits again, because the user wants it: its job is
    /// back in the queue's view and its piece out of the trash.
    ///
    /// # Errors
    /// [`Error::NotNow`] if it is done, waiting or running; those of the database.
    pub fn retry(&self, id: VariationId) -> Result<()> {
        self.change(
            id,
            VariationState::Queued,
            VariationState::is_final,
            |transaction| {
                let job = id.job.to_string();
                transaction.execute(SHOW_JOB, [&job])?;
                transaction.execute(RESTORE_PIECE, params![job, id.number])?;
                queue_again(transaction, id, None)
            },
        )
    }

    /// A variation came to a final state.
    ///
    /// # Errors
    /// [`Error::NotNow`] if it cannot from where it stands; those of the database.
    pub fn end(
        &self,
        id: VariationId,
        state: VariationState,
        why: Option<&Interruption>,
        now_ms: i64,
    ) -> Result<()> {
        debug_assert!(state.is_final());
        self.change(
            id,
            state,
            |_| true,
            |transaction| {
                transaction.execute(
                    TO_FINAL,
                    params![
                        id.job.to_string(),
                        id.number,
                        state.as_str(),
                        now_ms,
                        why.map(|why| &why.code),
                        why.map(|why| &why.message)
                    ],
                )
            },
        )
    }

    /// Takes jobs of which nothing waits or runs out of the queue's view. Their pieces stay.
    ///
    /// # Errors
    /// Those of the database.
    pub fn clear_finished(&self) -> Result<()> {
        self.connection().execute(CLEAR_FINISHED, [])?;
        Ok(())
    }

    fn change(
        &self,
        id: VariationId,
        next: VariationState,
        from: impl FnOnce(VariationState) -> bool,
        write: impl FnOnce(&Transaction<'_>) -> rusqlite::Result<usize>,
    ) -> Result<()> {
        let mut connection = self.connection();
        let transaction = connection.transaction()?;
        let state: Option<String> = transaction
            .query_row(STATE, params![id.job.to_string(), id.number], |row| {
                row.get(0)
            })
            .optional()?;
        let state = state.ok_or_else(|| Error::NotFound(format!("variation {id}")))?;
        let state = parse_state(&state)?;
        if !state.may_become(next) || !from(state) {
            return Err(Error::NotNow(state, next));
        }
        write(&transaction)?;
        transaction.commit()?;
        Ok(())
    }
}

fn queue_again(
    transaction: &Transaction<'_>,
    id: VariationId,
    why: Option<&Interruption>,
) -> rusqlite::Result<usize> {
    transaction.execute(
        TO_QUEUED,
        params![
            id.job.to_string(),
            id.number,
            why.map(|why| &why.code),
            why.map(|why| &why.message)
        ],
    )
}

struct JobRow {
    id: String,
    created_ms: i64,
    spec: String,
    model_sha256: String,
    priority: String,
}

fn job_row(row: &Row<'_>) -> rusqlite::Result<JobRow> {
    Ok(JobRow {
        id: row.get(0)?,
        created_ms: row.get(1)?,
        spec: row.get(2)?,
        model_sha256: row.get(3)?,
        priority: row.get(4)?,
    })
}

fn whole_job(connection: &rusqlite::Connection, row: JobRow) -> Result<Job> {
    let mut select = connection.prepare_cached(VARIATIONS)?;
    let mut rows = select.query([&row.id])?;
    let mut variations = Vec::new();
    while let Some(row) = rows.next()? {
        variations.push(variation(row)?);
    }
    Ok(Job {
        id: parse_job_id(&row.id)?,
        created_ms: row.created_ms,
        spec: serde_json::from_str(&row.spec)?,
        model_sha256: row.model_sha256,
        priority: parse_priority(&row.priority)?,
        variations,
    })
}

fn variation(row: &Row<'_>) -> Result<Variation> {
    let code: Option<String> = row.get(7)?;
    let message: Option<String> = row.get(8)?;
    Ok(Variation {
        id: VariationId {
            job: parse_job_id(&row.get::<_, String>(0)?)?,
            number: row.get(1)?,
        },
        seed: row.get::<_, i64>(2)?.cast_unsigned(),
        state: parse_state(&row.get::<_, String>(3)?)?,
        attempt: row.get(4)?,
        started_ms: row.get(5)?,
        ended_ms: row.get(6)?,
        error: code
            .zip(message)
            .map(|(code, message)| Interruption { code, message }),
        piece: row.get(9)?,
        bars: row.get(10)?,
        bars_expected: row.get(11)?,
    })
}

pub(crate) fn parse_job_id(text: &str) -> Result<JobId> {
    let id = uuid::Uuid::parse_str(text);
    id.map(JobId)
        .map_err(|_| Error::Damaged(format!("job id {text:?}")))
}

fn parse_priority(word: &str) -> Result<Priority> {
    Priority::parse(word).ok_or_else(|| Error::Damaged(format!("priority {word:?}")))
}

pub(crate) fn parse_state(word: &str) -> Result<VariationState> {
    VariationState::parse(word).ok_or_else(|| Error::Damaged(format!("state {word:?}")))
}
