-- Rows of the accounts log: whom to tell, and names to write.
CREATE TABLE organisation (
    only INTEGER PRIMARY KEY CHECK (only = 1),
    locale TEXT NOT NULL
);
CREATE TABLE users (
    id TEXT PRIMARY KEY,
    display_name TEXT NOT NULL,
    email TEXT NOT NULL,
    slack_member_id TEXT NOT NULL,
    role TEXT NOT NULL,
    time_zone TEXT NOT NULL,
    active INTEGER NOT NULL DEFAULT 1
) WITHOUT ROWID;
CREATE TABLE teams (
    id TEXT PRIMARY KEY,
    display_name TEXT NOT NULL,
    parent TEXT NOT NULL,
    slack_channel TEXT NOT NULL
) WITHOUT ROWID;
CREATE TABLE accounts (id TEXT PRIMARY KEY, display_name TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE subscriptions (
    id TEXT PRIMARY KEY,
    account_id TEXT NOT NULL
) WITHOUT ROWID;
-- Rows of the risk log. Dates are days since 1970-01-01.
CREATE TABLE risks (
    id TEXT PRIMARY KEY,
    account_id TEXT NOT NULL,
    display_name TEXT NOT NULL,
    owner_user TEXT NOT NULL,
    owner_team TEXT NOT NULL,
    leads_to_churn INTEGER NOT NULL,
    due INTEGER,
    action TEXT NOT NULL,
    open INTEGER NOT NULL DEFAULT 1
) WITHOUT ROWID;
CREATE INDEX risks_overdue ON risks (due) WHERE open = 1;
-- Facts that were not imported, kept to try rules out on: by when they were recorded.
CREATE TABLE past_facts (
    number INTEGER PRIMARY KEY,
    source TEXT NOT NULL,
    position INTEGER NOT NULL,
    recorded_at INTEGER NOT NULL,
    data BLOB NOT NULL
);
CREATE INDEX past_facts_by_time ON past_facts (recorded_at);
-- Rows of the own log: the keys of all rules that were ever defined.
CREATE TABLE rules (key TEXT PRIMARY KEY) WITHOUT ROWID;
-- Rows of the own log: a delivery's state, as the domain folds it, and what lists and queues ask.
CREATE TABLE deliveries (
    number INTEGER PRIMARY KEY,
    id TEXT NOT NULL UNIQUE,
    rule TEXT NOT NULL,
    account_id TEXT NOT NULL,
    -- Messages that travel one after the other: one channel's, one webhook's, all email.
    lane TEXT NOT NULL,
    -- As in the API.
    state INTEGER NOT NULL,
    attempts INTEGER NOT NULL DEFAULT 0,
    in_flight INTEGER,
    -- Numbers of attempts, separated by spaces.
    ambiguous TEXT NOT NULL DEFAULT '',
    -- When something is to be done; NULL when nothing is.
    due_at INTEGER,
    -- When the last attempt began or, if that is known, ended: its message had arrived by then.
    seen_at INTEGER,
    -- When somebody last wanted it sent.
    wanted_at INTEGER,
    -- What the next attempt follows from: the last event, and the chain and trace that it belongs to.
    last_event BLOB NOT NULL,
    correlation_id BLOB NOT NULL,
    traceparent TEXT NOT NULL,
    -- Until when the other side asked everybody to wait.
    throttled_until INTEGER NOT NULL DEFAULT 0
);
CREATE INDEX deliveries_due ON deliveries (lane, due_at) WHERE due_at IS NOT NULL;
CREATE INDEX deliveries_by_state ON deliveries (state, number);
CREATE INDEX deliveries_ambiguous ON deliveries (number) WHERE ambiguous <> '';
CREATE INDEX deliveries_by_account ON deliveries (account_id);
