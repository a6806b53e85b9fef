-- Rows of the onboarding log: what lists filter by. What an onboarding says in full, and where it
-- stands today, is folded from its stream when it is shown.
CREATE TABLE onboardings (
    id TEXT PRIMARY KEY,
    account_id TEXT NOT NULL,
    product TEXT NOT NULL,
    owner_user TEXT NOT NULL,
    owner_team TEXT NOT NULL,
    phase TEXT NOT NULL,
    -- 1: completed; 2: ended with its account.
    completed INTEGER NOT NULL DEFAULT 0
) WITHOUT ROWID;
CREATE INDEX onboardings_by_account ON onboardings (account_id);
CREATE INDEX onboardings_by_completion ON onboardings (completed);
-- Rows of the accounts log. Contact that is voided stays, for questions about earlier instants.
CREATE TABLE contacts (
    entry_id TEXT PRIMARY KEY,
    account_id TEXT NOT NULL,
    contact_date INTEGER NOT NULL,
    recorded_at INTEGER NOT NULL,
    voided_at INTEGER
) WITHOUT ROWID;
CREATE INDEX contacts_by_account ON contacts (account_id, contact_date);
CREATE TABLE accounts (
    id TEXT PRIMARY KEY,
    touch_model INTEGER NOT NULL
) WITHOUT ROWID;
CREATE TABLE templates (
    id TEXT PRIMARY KEY,
    product TEXT NOT NULL,
    tier TEXT NOT NULL,
    -- Key of the kind of programme; empty for onboardings.
    programme TEXT NOT NULL
) WITHOUT ROWID;
-- What new members of the team go through (ONB-10).
CREATE TABLE programmes (
    id TEXT PRIMARY KEY,
    member TEXT NOT NULL,
    mentor TEXT NOT NULL,
    lead TEXT NOT NULL,
    key TEXT NOT NULL,
    phase TEXT NOT NULL,
    -- 1: completed; 2: ended.
    ended INTEGER NOT NULL
) WITHOUT ROWID;
CREATE INDEX programmes_by_end ON programmes (ended);
-- Work: on which day to look again at an onboarding (ONB-7), and how many changes there have been. A
-- change sets the day to 0; whoever looked sets it, unless there was another change meanwhile.
CREATE TABLE watched (
    id TEXT PRIMARY KEY,
    due INTEGER NOT NULL,
    touched INTEGER NOT NULL
) WITHOUT ROWID;
CREATE INDEX watched_by_due ON watched (due, id);
-- Work: accounts of which something changed, and from which day on. A row goes when their onboardings
-- are to be looked at.
CREATE TABLE changed_accounts (
    number INTEGER PRIMARY KEY,
    account_id TEXT NOT NULL,
    day INTEGER NOT NULL
);
CREATE INDEX changed_accounts_by_day ON changed_accounts (day);
-- Won deals, by their position in the accounts log: which was the first of an account and product (RX-1).
CREATE TABLE won_deals (
    position INTEGER PRIMARY KEY,
    account_id TEXT NOT NULL,
    product TEXT NOT NULL
);
CREATE INDEX won_deals_by_account ON won_deals (account_id, product, position);
CREATE TABLE salespeople (
    deal_id TEXT PRIMARY KEY,
    user_id TEXT NOT NULL
) WITHOUT ROWID;
-- Rows of the own log: what customers learn from (ONB-9), in its newest version.
CREATE TABLE contents (
    id TEXT PRIMARY KEY,
    key TEXT NOT NULL,
    product TEXT NOT NULL,
    feature TEXT NOT NULL,
    purpose TEXT NOT NULL,
    retired INTEGER NOT NULL
) WITHOUT ROWID;
CREATE TABLE completions (
    account_id TEXT NOT NULL,
    content_id TEXT NOT NULL,
    contact_id TEXT NOT NULL,
    date INTEGER,
    PRIMARY KEY (account_id, content_id, contact_id)
) WITHOUT ROWID;
CREATE TABLE seminars (
    id TEXT PRIMARY KEY,
    feature TEXT NOT NULL,
    purpose TEXT NOT NULL,
    date INTEGER,
    cancelled INTEGER NOT NULL
) WITHOUT ROWID;
CREATE INDEX seminars_by_date ON seminars (date, id);
-- Attendance that is taken back stays, for questions about earlier instants.
CREATE TABLE attendances (
    account_id TEXT NOT NULL,
    seminar_id TEXT NOT NULL,
    contact_id TEXT NOT NULL,
    recorded_at INTEGER NOT NULL,
    voided_at INTEGER
);
CREATE INDEX attendances_by_account ON attendances (account_id);
CREATE INDEX attendances_by_seminar ON attendances (seminar_id);
-- Rows of the healthscore log: dates on which signals told of a sign-in.
CREATE TABLE sign_ins (
    account_id TEXT NOT NULL,
    date INTEGER NOT NULL,
    recorded_at INTEGER NOT NULL,
    PRIMARY KEY (account_id, date)
) WITHOUT ROWID;
-- Rows of the healthscore log: features that signals said to be used.
CREATE TABLE used_features (
    account_id TEXT NOT NULL,
    feature TEXT NOT NULL,
    PRIMARY KEY (account_id, feature)
) WITHOUT ROWID;
