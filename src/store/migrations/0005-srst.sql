-- SPDX-License-Identifier: Apache-2.0
-- What survivable routers of branches need: which there are, who uses them, and which records of
-- calls came from them.

-- References to routers, each with the certificate that an operator accepted.
CREATE TABLE srst (
    name          TEXT    NOT NULL PRIMARY KEY, -- as operators call it
    host          TEXT    NOT NULL,             -- address that goes to phones
    sccp_port     INTEGER NOT NULL CHECK (sccp_port BETWEEN 1 AND 65092), -- base port; by TLS 443 more
    provider_port INTEGER NOT NULL CHECK (provider_port BETWEEN 1 AND 65535), -- where its certificate is fetched
    cert          BLOB    NOT NULL CHECK (length(cert) BETWEEN 1 AND 1480), -- the accepted one; the limit is that of phones
    added_s       INTEGER NOT NULL,             -- when it was added, or another certificate was accepted
    serial        INTEGER NOT NULL CHECK (serial >= 0), -- of the last snapshot made for it; 0: none
    digest        BLOB    NOT NULL CHECK (length(digest) IN (0, 32)), -- SHA-256 of what that snapshot says; empty: none
    state         INTEGER NOT NULL CHECK (state BETWEEN 0 AND 3), -- 0 never seen, 1 normal, 2 fallback, 3 unreachable
    since_s       INTEGER NOT NULL,             -- since when it is in that state; 0: never seen
    seen_s        INTEGER NOT NULL,             -- when its router was heard last; 0: never
    phones        INTEGER NOT NULL CHECK (phones BETWEEN 0 AND 4294967295) -- that were registered there then
) STRICT, WITHOUT ROWID;

-- Who uses which; a device's own row counts, else its profile's, else the site's.
CREATE TABLE srst_use (
    layer         INTEGER NOT NULL CHECK (layer IN (0, 2, 3)), -- as config_value: 0 site, 2 profile, 3 device
    name          TEXT    NOT NULL,             -- of the profile or device; empty for the site
    srst          TEXT    NOT NULL,             -- which reference; empty: none, whatever holds below
    PRIMARY KEY (layer, name)
) STRICT, WITHOUT ROWID;
CREATE INDEX srst_use_srst ON srst_use (srst);
CREATE TRIGGER srst_use_device AFTER DELETE ON device BEGIN
    DELETE FROM srst_use WHERE layer = 3 AND name = OLD.name;
END;

-- Records of calls get two columns. The table is made anew so that each keeps its comment; the ids
-- go on where they were.
ALTER TABLE call_record RENAME TO call_record_4;
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
    origin              TEXT    NOT NULL DEFAULT '', -- name of the branch and epoch of its router that made it, a colon between; empty: this server
    origin_id           INTEGER NOT NULL DEFAULT 0, -- its id there
    UNIQUE (run, call)
) STRICT;
INSERT INTO sqlite_sequence (name, seq)
    SELECT 'call_record', seq FROM sqlite_sequence WHERE name = 'call_record_4';
INSERT INTO call_record SELECT *, '', 0 FROM call_record_4;
DROP TABLE call_record_4;
CREATE INDEX call_record_calling ON call_record (calling_device, id);
CREATE INDEX call_record_called ON call_record (called_device, id);
CREATE INDEX call_record_by ON call_record (by_device, id) WHERE by_device <> '';
CREATE INDEX call_record_end ON call_record (end_s);
CREATE UNIQUE INDEX call_record_origin ON call_record (origin, origin_id) WHERE origin <> '';
