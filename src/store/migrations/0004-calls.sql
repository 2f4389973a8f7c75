-- SPDX-License-Identifier: Apache-2.0
-- What calls need: where they are forwarded, which lines are shared, numbers of conferences, and the
-- records of those that ended.

-- How the calls of a line are handled; a line without a row: all by default.
CREATE TABLE line_rule (
    device               TEXT    NOT NULL,      -- whose line
    idx                  INTEGER NOT NULL,      -- which
    forward_all          TEXT    NOT NULL,      -- number where all its calls go; empty: nowhere
    forward_busy         TEXT    NOT NULL,      -- and when it has too many
    forward_no_answer    TEXT    NOT NULL,      -- and when nobody answers
    forward_unregistered TEXT    NOT NULL,      -- and when no phone of it is there
    calls_max            INTEGER NOT NULL CHECK (calls_max BETWEEN 0 AND 8), -- calls at one time; 0: the default
    busy_trigger         INTEGER NOT NULL CHECK (busy_trigger BETWEEN 0 AND 8), -- calls with which it is busy; 0: the default
    PRIMARY KEY (device, idx),
    FOREIGN KEY (device, idx) REFERENCES line (device, idx) ON DELETE CASCADE
) STRICT, WITHOUT ROWID;

-- Phones that say by a tone whether a call is secure.
CREATE TABLE device_protected (
    device        TEXT    NOT NULL PRIMARY KEY REFERENCES device (name) ON DELETE CASCADE -- which phone
) STRICT, WITHOUT ROWID;

-- Numbers under which phones meet.
CREATE TABLE meet_me (
    number        TEXT    NOT NULL PRIMARY KEY, -- what is dialled; no line has it
    least         INTEGER NOT NULL CHECK (least BETWEEN 0 AND 2), -- who may come in: 0 anybody, 1 authenticated, 2 encrypted
    added_s       INTEGER NOT NULL              -- when it was added or changed
) STRICT, WITHOUT ROWID;

-- Calls that ended. Words are those of call control; keys of media are in no column.
CREATE TABLE call_record (
    id                  INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT, -- rises by time of writing
    run                 INTEGER NOT NULL,       -- drawn by the server that wrote it when it started
    call                INTEGER NOT NULL,       -- the call's number in that run
    start_s             INTEGER NOT NULL,       -- when it began
    answered_s          INTEGER NOT NULL,       -- when it was answered; 0: never
    end_s               INTEGER NOT NULL,       -- when it ended
    code                INTEGER NOT NULL CHECK (code BETWEEN 0 AND 127), -- why: ITU-T Q.850
    cause               TEXT    NOT NULL,       -- why, in our words
    security            TEXT    NOT NULL,       -- its status while it was connected
    codec               TEXT    NOT NULL,       -- of its media; empty: there was none
    calling_device      TEXT    NOT NULL,       -- who called
    calling_number      TEXT    NOT NULL,       -- by which line
    calling_name        TEXT    NOT NULL,       -- and name
    calling_signalling  TEXT    NOT NULL,       -- how that phone's signalling ran
    calling_srtp        TEXT    NOT NULL,       -- suite of that phone's media; empty: clear, or none
    calling_cert        BLOB    NOT NULL CHECK (length(calling_cert) IN (0, 32)), -- SHA-256 of that phone's certificate; empty: none
    called_device       TEXT    NOT NULL,       -- who was called; empty: nobody was found
    called_number       TEXT    NOT NULL,       -- what was dialled, or whose line it is
    called_name         TEXT    NOT NULL,       -- and name
    called_signalling   TEXT    NOT NULL,       -- as of the calling one
    called_srtp         TEXT    NOT NULL,       -- as of the calling one
    called_cert         BLOB    NOT NULL CHECK (length(called_cert) IN (0, 32)), -- as of the calling one
    original_number     TEXT    NOT NULL,       -- who was called first; empty: it was not forwarded
    redirecting_number  TEXT    NOT NULL,       -- who sent it on last; empty: nobody
    by_device           TEXT    NOT NULL,       -- which device transferred it; empty: none
    UNIQUE (run, call)
) STRICT;
CREATE INDEX call_record_calling ON call_record (calling_device, id);
CREATE INDEX call_record_called ON call_record (called_device, id);
CREATE INDEX call_record_by ON call_record (by_device, id) WHERE by_device <> '';
CREATE INDEX call_record_end ON call_record (end_s);
