-- Rows of the healthscore log: where the signals of an account are. The signals themselves are read from
-- their streams, of which an account has one a month.
CREATE TABLE months (
    account BLOB PRIMARY KEY, -- the id
    first INTEGER NOT NULL, -- months since year 0, in UTC
    last INTEGER NOT NULL
) WITHOUT ROWID;

-- Rows of the healthscore log: what was said of bands, the last of each account.
CREATE TABLE told (
    account BLOB PRIMARY KEY,
    band INTEGER NOT NULL, -- 0: none
    changed_at INTEGER NOT NULL -- microseconds, as everywhere here
) WITHOUT ROWID;

-- Rows of the healthscore log: accounts whose signals were said to be silent, and since when.
CREATE TABLE silences (
    account BLOB PRIMARY KEY,
    since INTEGER NOT NULL
) WITHOUT ROWID;

-- Rows of the healthscore log: scores that people set.
CREATE TABLE overrides (
    account BLOB PRIMARY KEY,
    score INTEGER NOT NULL,
    expires_at INTEGER NOT NULL
) WITHOUT ROWID;

-- The queue. Rows come with events, in the transaction that moves the source's position, and go when
-- what follows from them stands in `scores` and `courses`.

-- Signals that arrived: in which stream, from which position to which.
CREATE TABLE arrivals (
    number INTEGER PRIMARY KEY,
    account BLOB NOT NULL,
    month INTEGER NOT NULL,
    first INTEGER NOT NULL,
    last INTEGER NOT NULL,
    UNIQUE (account, month)
);

-- Accounts and subscriptions of which something else was recorded: since when, and the last of it.
CREATE TABLE heard (
    subject BLOB PRIMARY KEY, -- the id
    first INTEGER NOT NULL,
    last INTEGER NOT NULL, -- a position in the accounts log: several things may be recorded at one instant
    is_subscription INTEGER NOT NULL
) WITHOUT ROWID;
CREATE INDEX heard_subscriptions ON heard (first) WHERE is_subscription;

-- What every account has to be looked at for: another scorecard, another time zone.
CREATE TABLE sweeps (
    number INTEGER PRIMARY KEY,
    recorded_at INTEGER NOT NULL,
    after BLOB NOT NULL -- how far: accounts up to this one have been looked at
);

-- What was worked off: scores now, and when each has to be looked at again.
CREATE TABLE scores (
    account BLOB PRIMARY KEY,
    score INTEGER,
    band INTEGER NOT NULL, -- 0: none
    band_since INTEGER,
    card TEXT NOT NULL,
    card_version INTEGER NOT NULL,
    changes_at INTEGER, -- when the score may change next
    silent_since INTEGER, -- as it was said
    due INTEGER
) WITHOUT ROWID;
CREATE INDEX scores_due ON scores (due) WHERE due IS NOT NULL;
CREATE INDEX scores_by_score ON scores (score IS NULL, score, account, band);

-- Accounts whose signals were worked off without a score: they were merged, or the accounts' log did not have
-- them yet. Not all of their signals are among the arrivals.
CREATE TABLE gone (account BLOB PRIMARY KEY) WITHOUT ROWID;

-- How to go on from there: the newest signals, and how bands came about.
CREATE TABLE courses (
    account BLOB PRIMARY KEY,
    course BLOB NOT NULL
) WITHOUT ROWID;

-- Rows of the onboarding log: what signals and reports say of an onboarding.
CREATE TABLE onboardings (
    id BLOB PRIMARY KEY,
    account_id TEXT NOT NULL,
    product TEXT NOT NULL,
    phases TEXT NOT NULL, -- keys, one a line
    start INTEGER, -- a date
    expected_working_days INTEGER NOT NULL, -- of the first plan
    wanted TEXT NOT NULL DEFAULT '', -- what the customer confirmed
    completed INTEGER, -- a date
    issue_set TEXT NOT NULL DEFAULT '', -- with what evidence
    product_used TEXT NOT NULL DEFAULT '',
    effect_felt TEXT NOT NULL DEFAULT ''
) WITHOUT ROWID;

-- Rows of the onboarding log: what customers declared, and what was found.
CREATE TABLE goals (
    onboarding BLOB NOT NULL, -- the id
    goal TEXT NOT NULL, -- its id within the onboarding
    account_id TEXT NOT NULL,
    product TEXT NOT NULL,
    feature TEXT NOT NULL,
    due INTEGER, -- a date
    looks_like TEXT NOT NULL,
    declared_at INTEGER NOT NULL,
    met INTEGER, -- none until somebody reviewed it
    reviewed_at INTEGER, -- when that was recorded
    reviewed INTEGER, -- the date on which it was found
    used TEXT NOT NULL DEFAULT '', -- as it was found
    PRIMARY KEY (onboarding, goal)
) WITHOUT ROWID;
CREATE INDEX goals_of_account ON goals (account_id);
