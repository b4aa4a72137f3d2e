-- +goose Up
PRAGMA user_version = 2;

-- What a sink's far end refused for good, with its words: so many at most, oldest first out. seq is that of the entry.
CREATE TABLE aside (
    id     INTEGER PRIMARY KEY AUTOINCREMENT,
    seq    INTEGER NOT NULL,
    time   INTEGER NOT NULL, -- when
    status INTEGER NOT NULL, -- HTTP; 0: it was not sent
    reason TEXT NOT NULL,
    point  TEXT NOT NULL
) STRICT;
-- Those of all time, also when the table has let go of them.
CREATE TABLE aside_count (
    total INTEGER NOT NULL
) STRICT;
INSERT INTO aside_count VALUES (0);

-- +goose Down
SELECT 'a store does not go back' WHERE false;
