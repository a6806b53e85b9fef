-- Rows of the onboarding log: what lists filter by. What an onboarding says in full, and where it
-- stands today, is folded from its stream when it is shown.
CREATE TABLE onboardings (
    id TEXT PRIMARY KEY,
    account_id TEXT NOT NULL,
    product TEXT NOT NULL,
    owner_user TEXT NOT NULL,
    owner_team TEXT NOT NULL,
    phase TEXT NOT NULL,
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
    tier TEXT NOT NULL
) WITHOUT ROWID;
