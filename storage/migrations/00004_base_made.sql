-- +goose Up
PRAGMA user_version = 4;

-- Of which record's lines a base was made, and how many bytes of it are theirs and not taken over from the base before. A
-- base of an older Vigie is not here. No column of raw_base: its rows are kilobytes long, and to add one would read or
-- write them all.
CREATE TABLE base_made (
    base INTEGER PRIMARY KEY,
    seq  INTEGER NOT NULL,
    own  INTEGER NOT NULL
) STRICT;

-- +goose Down
SELECT 'a store does not go back' WHERE false;
