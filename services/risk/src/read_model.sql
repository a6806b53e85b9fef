-- Rows of the risk log: what lists filter and sort by. What a risk says in full is folded from its
-- stream when it is shown. Dates are days since 1970-01-01. Rows lie in the order in which they came:
-- in the order of their ids, which are random, every new row would touch a page of its own.
CREATE TABLE risks (
    number INTEGER PRIMARY KEY,
    key INTEGER NOT NULL, -- the first half of the id
    id TEXT NOT NULL,
    account_id TEXT NOT NULL,
    display_name TEXT NOT NULL,
    type TEXT NOT NULL,
    detail TEXT NOT NULL,
    remarks TEXT NOT NULL,
    owner_user TEXT NOT NULL,
    owner_team TEXT NOT NULL,
    leads_to_churn INTEGER NOT NULL,
    next_action_date INTEGER,
    next_action TEXT NOT NULL,
    open_date INTEGER NOT NULL,
    completion INTEGER NOT NULL DEFAULT 0,
    completion_date INTEGER,
    result TEXT NOT NULL DEFAULT '',
    external_id TEXT NOT NULL,
    updated_at INTEGER NOT NULL
);
-- By half of the id: a new risk goes to a random page of this index, so the fewer pages the better.
CREATE INDEX risks_by_key ON risks (key);
CREATE INDEX risks_by_account ON risks (account_id);
CREATE INDEX risks_by_next_action ON risks (completion, next_action_date);
CREATE INDEX risks_by_completion_date ON risks (completion_date) WHERE completion <> 0;
CREATE INDEX risks_by_external_id ON risks (external_id) WHERE external_id <> '';
-- Closed risks by the words in them. The rowid is the risk's number: FTS5 finds a row by nothing else.
CREATE VIRTUAL TABLE knowledge USING fts5 (
    words, tokenize = 'unicode61 remove_diacritics 0', detail = full
);
CREATE TABLE suggestions (
    id TEXT PRIMARY KEY,
    account_id TEXT NOT NULL,
    state INTEGER NOT NULL,
    suggested_at INTEGER NOT NULL
) WITHOUT ROWID;
-- Rows of the accounts log: whose risks wait for somebody else (ACC-6).
CREATE TABLE departed_users (id TEXT PRIMARY KEY) WITHOUT ROWID;
-- Rows of the accounts log: decision-makers and administrators who left, to know whose they were when
-- they come back.
CREATE TABLE departed_contacts (id TEXT PRIMARY KEY, account_id TEXT NOT NULL) WITHOUT ROWID;
