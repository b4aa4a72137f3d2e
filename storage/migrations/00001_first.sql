-- +goose Up
-- user_version is the number of the newest migration that a store has been through; it is what Open looks at.
PRAGMA user_version = 1;

-- The numbers of records and of changes of events are one sequence, handed out by the one writer. This row only holds
-- how far it had come when the newest of them was deleted, so that no number is used twice.
CREATE TABLE sequence (
    spent INTEGER NOT NULL
) STRICT;
INSERT INTO sequence VALUES (0);

-- Who observed: a source line, once, however often it was told. body is NULL for records that had none before them.
CREATE TABLE source (
    id     INTEGER PRIMARY KEY,
    sensor TEXT NOT NULL,
    body   BLOB
) STRICT;
CREATE UNIQUE INDEX source_unique ON source (sensor, body);

-- The source that is in force for a sensor.
CREATE TABLE sensor (
    name   TEXT PRIMARY KEY,
    source INTEGER NOT NULL REFERENCES source (id)
) STRICT, WITHOUT ROWID;

-- Every record but sources. time is in nanoseconds since 1970; kind and body as in codec_record.go.
CREATE TABLE record (
    seq    INTEGER PRIMARY KEY,
    time   INTEGER NOT NULL,
    source INTEGER NOT NULL REFERENCES source (id),
    kind   INTEGER NOT NULL,
    body   BLOB NOT NULL
) STRICT;
CREATE INDEX record_time ON record (time);
-- Gaps, health and clock lines are few among observations (kind 1).
CREATE INDEX record_other ON record (time) WHERE kind <> 1;

-- The raw lines of a record, as their difference from a base (rawlines.go); base 0 is empty.
CREATE TABLE raw_base (
    id   INTEGER PRIMARY KEY,
    text BLOB NOT NULL
) STRICT;
CREATE TABLE raw (
    seq  INTEGER PRIMARY KEY,
    base INTEGER NOT NULL,
    body BLOB NOT NULL
) STRICT;

-- Events whole in body; the columns are there to be searched. seq is that of the last change. Times as in record.
CREATE TABLE event (
    id       TEXT PRIMARY KEY,
    first_seq INTEGER NOT NULL,
    seq      INTEGER NOT NULL,
    sensor   TEXT NOT NULL,
    severity INTEGER NOT NULL,
    state    TEXT NOT NULL,
    first    INTEGER NOT NULL,
    opened   INTEGER NOT NULL,
    last     INTEGER NOT NULL,
    body     BLOB NOT NULL
) STRICT;
CREATE UNIQUE INDEX event_seq ON event (seq);
CREATE INDEX event_opened ON event (opened, id);

CREATE TABLE finding (
    event    TEXT NOT NULL REFERENCES event (id) ON DELETE CASCADE,
    place    INTEGER NOT NULL,
    rule     TEXT NOT NULL,
    version  INTEGER NOT NULL,
    severity INTEGER NOT NULL,
    first    INTEGER NOT NULL,
    last     INTEGER NOT NULL,
    PRIMARY KEY (event, place)
) STRICT, WITHOUT ROWID;
CREATE INDEX finding_rule ON finding (rule);

CREATE TABLE event_cell (
    event TEXT NOT NULL REFERENCES event (id) ON DELETE CASCADE,
    place INTEGER NOT NULL,
    rat   INTEGER NOT NULL,
    cell  INTEGER, -- NULL: not known
    PRIMARY KEY (event, place)
) STRICT, WITHOUT ROWID;
CREATE INDEX event_cell_cell ON event_cell (cell, rat);

-- What people decided, in the order in which they did. The one that counts is the last that was not taken back.
CREATE TABLE verdict (
    id          INTEGER PRIMARY KEY,
    event       TEXT NOT NULL REFERENCES event (id),
    judgement   TEXT NOT NULL,
    reason      TEXT NOT NULL,
    author      TEXT NOT NULL,
    time        INTEGER NOT NULL,
    undone      INTEGER, -- when it was taken back
    undone_by   TEXT
) STRICT;
CREATE INDEX verdict_event ON verdict (event);

-- Every cell that told its identity, as counted up to record number upto in tally.
CREATE TABLE cell (
    rat     INTEGER NOT NULL,
    mcc     TEXT NOT NULL,
    mnc     TEXT NOT NULL,
    area    INTEGER NOT NULL, -- -1: not known
    id      INTEGER NOT NULL,
    first   INTEGER NOT NULL,
    last    INTEGER NOT NULL,
    count   INTEGER NOT NULL,
    serving INTEGER NOT NULL, -- of count: how often as serving cell
    weakest REAL,
    strongest REAL,
    pci     INTEGER, -- as last heard
    arfcn   INTEGER,
    sensor  TEXT NOT NULL,
    PRIMARY KEY (rat, mcc, mnc, area, id)
) STRICT, WITHOUT ROWID;
CREATE INDEX cell_id ON cell (id);

CREATE TABLE tally (
    upto         INTEGER NOT NULL, -- number of the last record that was counted
    observations INTEGER NOT NULL,
    others       INTEGER NOT NULL
) STRICT;
INSERT INTO tally VALUES (0, 0, 0);

-- What others keep here: the state of the analyzer, with the number of the last record in it, and how far followers are.
CREATE TABLE state (
    name TEXT PRIMARY KEY,
    seq  INTEGER NOT NULL,
    body BLOB NOT NULL
) STRICT;
CREATE TABLE cursor (
    name TEXT PRIMARY KEY,
    seq  INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
