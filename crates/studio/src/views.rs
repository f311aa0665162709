//! Rows of the library as the user sees them.

use library::{Job, PieceRow, Summary, Variation};

use crate::api::{ErrorView, JobView, Piece, PieceSummary, VariationView};

pub(crate) fn job(job: Job) -> JobView {
    JobView {
        id: job.id,
        created_ms: job.created_ms,
        style: job.spec.style,
        model: job.spec.model,
        sampling: job.spec.sampling,
        limits: job.spec.limits,
        priority: job.priority,
        variations: job.variations.into_iter().map(variation).collect(),
    }
}

pub(crate) fn variation(variation: Variation) -> VariationView {
    VariationView {
        id: variation.id,
        seed: variation.seed,
        state: variation.state,
        attempt: variation.attempt,
        bars: variation.bars,
        bars_expected: variation.bars_expected,
        started_ms: variation.started_ms,
        ended_ms: variation.ended_ms,
        error: variation.error.map(|why| ErrorView {
            code: why.code,
            message: why.message,
        }),
        piece: variation.piece,
    }
}

pub(crate) fn summary(summary: Summary) -> PieceSummary {
    PieceSummary {
        id: summary.id,
        variation: summary.variation,
        title: summary.title,
        style: summary.style,
        model: summary.spec.model,
        seed: summary.seed,
        state: summary.state,
        bars: summary.bars,
        created_ms: summary.created_ms,
    }
}

pub(crate) fn piece(row: PieceRow) -> Piece {
    Piece {
        sampling: row.summary.spec.sampling,
        guard: row.summary.spec.guard,
        dtype: row.dtype,
        limits: row.summary.spec.limits,
        model_sha256: row.model_sha256,
        ending: row.ending,
        first_bar_ms: row.first_bar_ms,
        duration_ms: row.duration_ms,
        text: row.text,
        summary: summary(row.summary),
    }
}
