-- Rows of the healthscore log: where the signals of an account are. The signals themselves are read from
-- their streams, of which an account has one a month.
CREATE TABLE months (
    account BLOB PRIMARY KEY, -- the id
    first INTEGER NOT NULL, -- months since year 0, in UTC
    last INTEGER NOT NULL
) WITHOUT ROWID;
