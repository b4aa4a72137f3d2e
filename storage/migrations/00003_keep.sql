-- +goose Up
PRAGMA user_version = 3;

-- What is left of a minute of a source when its observations are gone: minutes since 1970, body as in summary.go.
CREATE TABLE summary (
    minute INTEGER NOT NULL,
    source INTEGER NOT NULL REFERENCES source (id),
    body   BLOB NOT NULL,
    PRIMARY KEY (minute, source)
) STRICT, WITHOUT ROWID;

-- Before this time (as in record) only what is to be kept is left at full rate; unsent is how many records went before
-- every follower had them.
CREATE TABLE swept (
    upto   INTEGER NOT NULL,
    unsent INTEGER NOT NULL
) STRICT;
INSERT INTO swept VALUES (-9223372036854775807, 0);

-- Whether the records around an event had to be given up, for lack of room.
ALTER TABLE event ADD COLUMN bare INTEGER NOT NULL DEFAULT 0;

-- +goose Down
SELECT 'a store does not go back' WHERE false;
