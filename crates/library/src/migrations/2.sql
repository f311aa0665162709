-- How soon a job's variations get their slots: jobs::Priority.
ALTER TABLE jobs ADD COLUMN priority TEXT NOT NULL DEFAULT 'normal';

-- The format in which the model's weights were kept while it wrote the piece (jobs::Dtype); the model's own
-- if NULL.
ALTER TABLE pieces ADD COLUMN dtype TEXT;
