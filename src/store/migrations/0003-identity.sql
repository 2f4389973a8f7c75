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
