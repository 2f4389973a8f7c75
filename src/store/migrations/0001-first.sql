-- SPDX-License-Identifier: Apache-2.0
-- The first schema. Times are seconds since 1970; flags are 0 or 1; numbered words are the enums of
-- store.h in their order.

-- Phones that may register, be provisioned and hold certificates.
CREATE TABLE device (
    name          TEXT    NOT NULL PRIMARY KEY, -- device name, e.g. SEP and 12 upper-case hex digits
    model         TEXT    NOT NULL,             -- model as the operator writes it, e.g. 7962
    protocol      INTEGER NOT NULL CHECK (protocol BETWEEN 0 AND 1),     -- 0 sccp, 1 sip
    mode          INTEGER NOT NULL CHECK (mode BETWEEN 0 AND 2),         -- device security mode: 0 nonsecure, 1 authenticated, 2 encrypted
    media_policy  INTEGER NOT NULL CHECK (media_policy BETWEEN 0 AND 1), -- 0 best-effort, 1 require: clear media is refused
    has_srtp      INTEGER NOT NULL CHECK (has_srtp BETWEEN 0 AND 1),     -- may be given SRTP keys
    description   TEXT    NOT NULL,             -- for people
    load          TEXT    NOT NULL,             -- firmware load its configuration names; empty: none
    added_s       INTEGER NOT NULL,             -- when it was added
    changed_s     INTEGER NOT NULL              -- when it or its lines were last changed
) STRICT, WITHOUT ROWID;

-- Line buttons of a device.
CREATE TABLE line (
    device        TEXT    NOT NULL REFERENCES device (name) ON DELETE CASCADE, -- whose button
    idx           INTEGER NOT NULL CHECK (idx BETWEEN 1 AND 64),               -- which button, 1 is the first
    dn            TEXT    NOT NULL,             -- directory number
    label         TEXT    NOT NULL,             -- text beside the button
    display_name  TEXT    NOT NULL,             -- name shown to the other party
    shared        INTEGER NOT NULL CHECK (shared BETWEEN 0 AND 1), -- the number may stand on other devices too
    PRIMARY KEY (device, idx),
    UNIQUE (device, dn)
) STRICT, WITHOUT ROWID;
CREATE INDEX line_dn ON line (dn);
CREATE UNIQUE INDEX line_dn_own ON line (dn) WHERE shared = 0;

-- The certificate operation of a device: the pending one, or the record of the last.
CREATE TABLE capf_op (
    id               INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT, -- of this operation, never used again
    device           TEXT    NOT NULL UNIQUE REFERENCES device (name) ON DELETE CASCADE, -- whose certificate
    op               INTEGER NOT NULL CHECK (op BETWEEN 0 AND 3),       -- pending: 0 none, 1 install, 2 delete, 3 fetch
    asked            INTEGER NOT NULL CHECK (asked BETWEEN 1 AND 3),    -- what was scheduled
    auth             INTEGER NOT NULL CHECK (auth BETWEEN 0 AND 3),     -- proof asked for: 0 string, 1 null string, 2 existing LSC, 3 existing MIC
    string_hash      TEXT    NOT NULL,          -- salted slow hash of the authentication string with its parameters; empty: none or used up
    string_expires_s INTEGER NOT NULL,          -- the string is not taken after; 0: with the operation
    tries_left       INTEGER NOT NULL CHECK (tries_left BETWEEN 0 AND 5), -- strings that may still be tried
    state            INTEGER NOT NULL CHECK (state BETWEEN 0 AND 4),    -- 0 none, 1 pending, 2 in progress, 3 success, 4 failed
    reason           TEXT    NOT NULL,          -- why the last try failed; empty otherwise
    key_type         INTEGER NOT NULL CHECK (key_type BETWEEN 0 AND 1), -- 0 RSA, 1 EC
    key_bits         INTEGER NOT NULL,          -- size of the key to be made
    complete_by_s    INTEGER NOT NULL,          -- refused after; 0: no end
    created_uid      INTEGER NOT NULL,          -- who scheduled it; -1: nobody
    created_s        INTEGER NOT NULL,          -- when
    changed_s        INTEGER NOT NULL           -- when state or tries changed
) STRICT;

-- Certificates issued to devices (LSC) or shown by them (MIC). They outlive the device's row.
CREATE TABLE device_cert (
    id            INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT, -- rises by time of issue
    device        TEXT    NOT NULL,             -- device name it is for
    kind          INTEGER NOT NULL CHECK (kind BETWEEN 0 AND 1), -- 0 LSC, 1 MIC
    sha256        BLOB    NOT NULL UNIQUE CHECK (length(sha256) = 32), -- fingerprint of the DER
    serial        TEXT    NOT NULL,             -- serial number, lower-case hex
    subject       TEXT    NOT NULL,             -- subject name
    issuer        TEXT    NOT NULL,             -- issuer name
    not_before_s  INTEGER NOT NULL,             -- valid from
    not_after_s   INTEGER NOT NULL,             -- valid until
    der           BLOB    NOT NULL,             -- the certificate
    state         INTEGER NOT NULL CHECK (state BETWEEN 0 AND 3), -- 0 unconfirmed, 1 confirmed, 2 superseded, 3 revoked
    op_id         INTEGER NOT NULL,             -- operation that made it; 0: none
    issued_s      INTEGER NOT NULL,             -- when it was issued or first seen
    confirmed_s   INTEGER NOT NULL,             -- when the phone said that it holds it; 0: not
    ended_s       INTEGER NOT NULL              -- when it was superseded or revoked; 0: not
) STRICT;
CREATE INDEX device_cert_device ON device_cert (device, id);

-- Proofs of possession seen by CAPF: one seen before is only taken as a retry.
CREATE TABLE capf_proof (
    sha256        BLOB    NOT NULL PRIMARY KEY CHECK (length(sha256) = 32), -- of the proof's bytes
    device        TEXT    NOT NULL,             -- device name in the message
    source        TEXT    NOT NULL,             -- peer's address the first time
    op_id         INTEGER NOT NULL,             -- operation pending the first time
    first_s       INTEGER NOT NULL,             -- first seen
    last_s        INTEGER NOT NULL,             -- last seen
    count         INTEGER NOT NULL              -- times seen
) STRICT, WITHOUT ROWID;
CREATE INDEX capf_proof_last ON capf_proof (last_s);

-- What happened, for `ringfence events`.
CREATE TABLE event (
    id            INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT, -- rises by time of writing
    time_s        INTEGER NOT NULL,             -- when it happened
    uid           INTEGER NOT NULL,             -- user who asked for it; -1: nobody
    severity      INTEGER NOT NULL CHECK (severity BETWEEN 0 AND 2), -- 0 error, 1 warn, 2 info
    category      TEXT    NOT NULL,             -- which part reports
    code          TEXT    NOT NULL,             -- stable reason; may be empty
    device        TEXT    NOT NULL,             -- device name; empty: none
    call          INTEGER NOT NULL,             -- call number; 0: none
    text          TEXT    NOT NULL              -- for people
) STRICT;
CREATE INDEX event_device ON event (device, id);

-- Small values kept by key.
CREATE TABLE setting (
    key           TEXT    NOT NULL PRIMARY KEY, -- dotted name
    value         BLOB    NOT NULL              -- bytes as saved
) STRICT, WITHOUT ROWID;
