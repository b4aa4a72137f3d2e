-- +goose Up
-- From here on an event may hold the phrases that its sentences were made of (codec version 2), which programs of before cannot
-- read. No table changes: a store of schema 5 can still be read without writing to it.
PRAGMA user_version = 6;

-- +goose Down
SELECT 'a store does not go back' WHERE false;
