-- +goose Up
-- From here on there are records of the kinds 32 (messages) and 64 (broadcasts), which programs of before cannot read. No table
-- changes: a store of schema 6 can still be read without writing to it.
PRAGMA user_version = 7;

-- +goose Down
SELECT 'a store does not go back' WHERE false;
