-- +goose Up
PRAGMA user_version = 5;

-- Between which times (as in record) a sensor has records and summaries: bounds for who looks for its first and last, as
-- counted up to record number upto in tally. What is deleted makes them no narrower. Sensors of before have the widest, since
-- to count them would read the whole store.
CREATE TABLE reach (
    sensor TEXT PRIMARY KEY,
    first  INTEGER NOT NULL,
    last   INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
INSERT INTO reach SELECT name, -9223372036854775807, 9223372036854775807 FROM sensor;

-- +goose Down
SELECT 'a store does not go back' WHERE false;
