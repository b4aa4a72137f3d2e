-- +goose Up
PRAGMA user_version = 8;

-- What people write next to events (remarks.go): notes, and the changes of cases. Rows are added and never changed. id is random and
-- the same in every store that has the remark, so that those of two stores can be united. Times as in record.
CREATE TABLE remark (
    seq    INTEGER PRIMARY KEY,
    id     TEXT NOT NULL,
    time   INTEGER NOT NULL,
    author TEXT NOT NULL,
    folder TEXT NOT NULL, -- id of the case; '': none
    event  TEXT NOT NULL, -- id of the event; '': none
    kind   TEXT NOT NULL,
    text   TEXT NOT NULL
) STRICT;
CREATE UNIQUE INDEX remark_id ON remark (id);
CREATE INDEX remark_event ON remark (event);

-- +goose Down
SELECT 'a store does not go back' WHERE false;
