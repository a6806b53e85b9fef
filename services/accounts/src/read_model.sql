-- Rows of the accounts log: what lists filter and sort by. Everything with two times (owner, team,
-- tier, group, amounts) is answered by the book.
CREATE TABLE accounts (
    id TEXT PRIMARY KEY,
    display_name TEXT NOT NULL,
    sort_name TEXT NOT NULL,
    words TEXT NOT NULL,
    industry TEXT NOT NULL,
    region TEXT NOT NULL,
    created_at INTEGER NOT NULL,
    merged INTEGER NOT NULL DEFAULT 0
) WITHOUT ROWID;
CREATE INDEX accounts_by_name ON accounts (sort_name, id);
CREATE TABLE users (id TEXT PRIMARY KEY, sort_name TEXT NOT NULL, departed INTEGER NOT NULL)
WITHOUT ROWID;
CREATE TABLE teams (id TEXT PRIMARY KEY, display_name TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE deals (
    id TEXT PRIMARY KEY,
    account_id TEXT NOT NULL,
    close_date INTEGER,
    won INTEGER NOT NULL DEFAULT 0
) WITHOUT ROWID;
CREATE INDEX deals_by_close_date ON deals (close_date, id);
-- `roles` has a bit for each: 1 << the enum's number.
CREATE TABLE contacts (
    id TEXT PRIMARY KEY,
    account_id TEXT NOT NULL,
    sort_name TEXT NOT NULL,
    roles INTEGER NOT NULL,
    departure_date INTEGER,
    created_at INTEGER NOT NULL
) WITHOUT ROWID;
CREATE INDEX contacts_by_account ON contacts (account_id, sort_name, id);
-- `position` in the log is the order in which entries of one day were recorded.
CREATE TABLE contact_log (
    id TEXT PRIMARY KEY,
    account_id TEXT NOT NULL,
    contact_date INTEGER NOT NULL,
    position INTEGER NOT NULL,
    two_way INTEGER NOT NULL,
    voided INTEGER NOT NULL DEFAULT 0
) WITHOUT ROWID;
CREATE INDEX contact_log_by_account ON contact_log (account_id, contact_date, position);
-- Work: ends of contracts whose date may come (RX-7). A row comes with its event, in the transaction
-- that moves the position, and goes when what follows from the date is in the log.
CREATE TABLE churn_dates (
    number INTEGER PRIMARY KEY,
    subscription_id TEXT NOT NULL,
    date INTEGER NOT NULL,
    recorded_at INTEGER NOT NULL,
    imported INTEGER NOT NULL
);
CREATE INDEX churn_dates_by_date ON churn_dates (date, number);
CREATE TABLE contact_log_contacts (
    contact_id TEXT NOT NULL,
    entry_id TEXT NOT NULL,
    PRIMARY KEY (contact_id, entry_id)
) WITHOUT ROWID;
