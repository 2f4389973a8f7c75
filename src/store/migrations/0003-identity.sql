-- SPDX-License-Identifier: Apache-2.0
-- What identity needs: certificates that the trust verification service vouches for, which ends of
-- certificates were told, which are blocked, and which key a phone makes.

-- Beside those of the site's own lists.
CREATE TABLE tvs_cert (
    sha256        BLOB    NOT NULL PRIMARY KEY CHECK (length(sha256) = 32), -- of the DER
    roles         INTEGER NOT NULL CHECK (roles BETWEEN 1 AND 4294967295), -- bit n: role n of trust lists
    ttl_s         INTEGER NOT NULL CHECK (ttl_s BETWEEN 0 AND 4294967295), -- how long phones may keep the answer; 0: as the site says
    added_s       INTEGER NOT NULL,             -- when it was added, or changed
    der           BLOB    NOT NULL CHECK (length(der) BETWEEN 1 AND 8192) -- the certificate
) STRICT, WITHOUT ROWID;

-- Operations for an EC key, where an RSA key will do for a phone that makes none.
CREATE TABLE capf_backup (
    op_id         INTEGER NOT NULL PRIMARY KEY REFERENCES capf_op (id) ON DELETE CASCADE, -- which operation
    rsa_bits      INTEGER NOT NULL              -- size of that key
) STRICT;

-- Warned of a certificate that ends: so that each step is told once.
CREATE TABLE expiry_said (
    sha256        BLOB    NOT NULL PRIMARY KEY CHECK (length(sha256) = 32), -- of the DER
    days          INTEGER NOT NULL CHECK (days BETWEEN 0 AND 180) -- the last step told: days before its end, 0: it has ended
) STRICT, WITHOUT ROWID;
CREATE INDEX device_cert_end ON device_cert (not_after_s);

-- Certificates that operators blocked, of devices or of anybody.
CREATE TABLE cert_blocked (
    sha256        BLOB    NOT NULL PRIMARY KEY CHECK (length(sha256) = 32), -- of the DER
    device        TEXT    NOT NULL,             -- whose it is, as far as it was known; empty: nobody's
    reason        TEXT    NOT NULL,             -- for people; may be empty
    at_s          INTEGER NOT NULL              -- when it was blocked
) STRICT, WITHOUT ROWID;

-- Devices whose expired certificate of the maker counts for an enrolment, for a while.
CREATE TABLE mic_expired (
    device        TEXT    NOT NULL PRIMARY KEY REFERENCES device (name) ON DELETE CASCADE, -- which phone
    until_s       INTEGER NOT NULL,             -- when that ends
    added_s       INTEGER NOT NULL              -- when an operator allowed it
) STRICT, WITHOUT ROWID;

-- Certificate operations for many devices.
CREATE TABLE campaign (
    id            INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT, -- rises by time
    name          TEXT    NOT NULL UNIQUE,      -- as operators call it
    state         INTEGER NOT NULL CHECK (state BETWEEN 0 AND 3), -- 0 running, 1 paused, 2 done, 3 stopped
    standing      INTEGER NOT NULL CHECK (standing IN (0, 1)), -- members come by themselves; it has no end
    op            INTEGER NOT NULL CHECK (op BETWEEN 1 AND 3), -- as capf_op, as the next
    auth          INTEGER NOT NULL CHECK (auth BETWEEN 0 AND 3), -- proof asked for
    key_type      INTEGER NOT NULL CHECK (key_type BETWEEN 0 AND 1), -- 0 RSA, 1 EC
    key_bits      INTEGER NOT NULL,             -- size of the keys to be made
    rsa_bits      INTEGER NOT NULL,             -- RSA of this size where a phone makes no EC key; 0: no
    rate          INTEGER NOT NULL CHECK (rate BETWEEN 1 AND 6000), -- begun in a minute, at most
    parallel      INTEGER NOT NULL CHECK (parallel BETWEEN 0 AND 20480), -- under way, at most; 0: no bound
    from_min      INTEGER NOT NULL CHECK (from_min BETWEEN 0 AND 1439), -- window: minute of the day, local time
    to_min        INTEGER NOT NULL CHECK (to_min BETWEEN 0 AND 1439), -- its end; the same: always open
    turn_s        INTEGER NOT NULL CHECK (turn_s BETWEEN 0 AND 4294967295), -- who has not come by then is put back; 0: no end
    string_s      INTEGER NOT NULL CHECK (string_s BETWEEN 0 AND 4294967295), -- a string is taken so long
    complete_by_s INTEGER NOT NULL,             -- nobody begins after; 0: no end
    created_uid   INTEGER NOT NULL,             -- who started it; -1: the server
    created_s     INTEGER NOT NULL,             -- when
    ended_s       INTEGER NOT NULL              -- when it was done or stopped; 0: not
) STRICT;

-- Their members, as they stand; devices that were removed stay in the report.
CREATE TABLE campaign_member (
    campaign      INTEGER NOT NULL REFERENCES campaign (id) ON DELETE CASCADE, -- of which
    device        TEXT    NOT NULL,             -- name
    state         INTEGER NOT NULL CHECK (state BETWEEN 0 AND 4), -- 0 waits, 1 begun, 2 success, 3 failed, 4 taken over
    turns         INTEGER NOT NULL CHECK (turns BETWEEN 0 AND 4294967295), -- how often it was begun
    failures      INTEGER NOT NULL CHECK (failures BETWEEN 0 AND 4294967295), -- turns that ended with a failed try
    op_id         INTEGER NOT NULL,             -- the operation of its last turn; 0: none
    reason        TEXT    NOT NULL,             -- why it failed; empty otherwise
    last          TEXT    NOT NULL,             -- why its last try failed; may be empty
    string_hash   TEXT    NOT NULL,             -- as capf_op, for its turn; empty: none, or it has ended
    begun_s       INTEGER NOT NULL,             -- when its last turn began; 0: never
    tell_s        INTEGER NOT NULL,             -- when its phone is to be told; 0: it was
    ended_s       INTEGER NOT NULL,             -- when it succeeded, failed or was taken over; 0: not
    cert_before   BLOB    NOT NULL,             -- SHA-256 of its LSC when it began; empty: none
    cert_after    BLOB    NOT NULL,             -- and when it succeeded
    PRIMARY KEY (campaign, device)
) STRICT, WITHOUT ROWID;
CREATE INDEX campaign_member_next ON campaign_member (campaign, state, turns);
CREATE INDEX campaign_member_begun ON campaign_member (campaign, begun_s);
CREATE INDEX campaign_member_open ON campaign_member (device) WHERE state IN (0, 1);
CREATE INDEX campaign_member_tell ON campaign_member (tell_s) WHERE state = 1;

-- Certificates that another CA is asked for: one key of a device at a time. Written before the CA is
-- asked, so that nothing is lost or asked for twice.
CREATE TABLE lsc_request (
    id            INTEGER NOT NULL PRIMARY KEY, -- used inside only
    device        TEXT    NOT NULL UNIQUE REFERENCES device (name) ON DELETE CASCADE, -- who made the key
    op_id         INTEGER NOT NULL,             -- operation for which it was made last
    key_sha256    BLOB    NOT NULL UNIQUE CHECK (length(key_sha256) = 32), -- of the SubjectPublicKeyInfo
    spki          BLOB    NOT NULL CHECK (length(spki) BETWEEN 1 AND 8192), -- the key
    cn            TEXT    NOT NULL,             -- common name that was asked for
    state         INTEGER NOT NULL CHECK (state BETWEEN 0 AND 2), -- 0 waits, 1 sent to the CA, 2 a certificate is here
    tries         INTEGER NOT NULL,             -- how often the CA was asked
    failures      INTEGER NOT NULL,             -- of these without an answer since the last one
    next_s        INTEGER NOT NULL,             -- not asked again before; 0: at once
    reason        TEXT    NOT NULL,             -- code of the last failure, or empty
    cert_sha256   BLOB    NOT NULL,             -- of the certificate; empty: none is here
    der           BLOB    NOT NULL CHECK (length(der) <= 8192), -- the certificate, or empty
    created_s     INTEGER NOT NULL,             -- when the key came
    changed_s     INTEGER NOT NULL              -- the last change
) STRICT;
