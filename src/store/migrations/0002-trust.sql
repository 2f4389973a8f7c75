-- SPDX-License-Identifier: Apache-2.0
-- What trust needs: who holds which list.

-- What a device is known to hold, from what real phones give and nothing else.
CREATE TABLE device_held (
    device        TEXT    NOT NULL REFERENCES device (name) ON DELETE CASCADE, -- whose phone
    item          TEXT    NOT NULL,             -- what: "ctl", "itl", "config"
    sha256        BLOB    NOT NULL CHECK (length(sha256) = 32), -- of the file it holds
    how           TEXT    NOT NULL,             -- what says so: "fetched" to the end, or "alarm"
    at_s          INTEGER NOT NULL,             -- since when that is known
    PRIMARY KEY (device, item)
) STRICT, WITHOUT ROWID;
