-- SPDX-License-Identifier: Apache-2.0
-- What trust needs: who holds which list.

-- What a device is known to hold, from what real phones give and nothing else.
CREATE TABLE device_held (
    device        TEXT    NOT NULL REFERENCES device (name) ON DELETE CASCADE, -- whose phone
    item          TEXT    NOT NULL,             -- what: "ctl", "itl", "config"; see store.h
    sha256        BLOB    NOT NULL CHECK (length(sha256) = 32), -- of the file it holds
    how           TEXT    NOT NULL,             -- what says so: "fetched" to the end, "handshake", "alarm"
    at_s          INTEGER NOT NULL,             -- since when that is known
    last_s        INTEGER NOT NULL,             -- when it was seen last
    tries         INTEGER NOT NULL,             -- how often since the phone registered last
    PRIMARY KEY (device, item)
) STRICT, WITHOUT ROWID;

-- Firmware. The load of devices that name none, by model.
CREATE TABLE model_load (
    model         TEXT    NOT NULL PRIMARY KEY, -- as devices have it, e.g. 7962
    load          TEXT    NOT NULL,             -- without .loads
    changed_s     INTEGER NOT NULL              -- when it was set
) STRICT, WITHOUT ROWID;

-- Where a device gets its firmware, if not from us and not from the site's other server.
CREATE TABLE load_server (
    device        TEXT    NOT NULL PRIMARY KEY REFERENCES device (name) ON DELETE CASCADE, -- whose phone
    host          TEXT    NOT NULL              -- name or address
) STRICT, WITHOUT ROWID;

-- The load a phone does not run although its configuration names it.
CREATE TABLE load_refused (
    device        TEXT    NOT NULL PRIMARY KEY REFERENCES device (name) ON DELETE CASCADE, -- whose phone
    load          TEXT    NOT NULL,             -- what its configuration names; empty: nothing
    running       TEXT    NOT NULL,             -- what it runs; empty: not told
    file          TEXT    NOT NULL,             -- what it refused; empty: not told
    reason        TEXT    NOT NULL,             -- one of our words, e.g. "hardware"
    how           TEXT    NOT NULL,             -- what says so: "alarm", or "registration"
    text          TEXT    NOT NULL,             -- what the phone said, escaped
    first_s       INTEGER NOT NULL,             -- first seen
    last_s        INTEGER NOT NULL,             -- last seen
    count         INTEGER NOT NULL              -- times seen
) STRICT, WITHOUT ROWID;

-- Every trust list that was given out, so that it can be said what a phone that holds it would do.
CREATE TABLE list_archive (
    id            INTEGER PRIMARY KEY AUTOINCREMENT, -- rises by time of publication
    sha256        BLOB    NOT NULL UNIQUE CHECK (length(sha256) = 32), -- of the file
    kind          TEXT    NOT NULL,             -- "ctl", "itl"
    published_s   INTEGER NOT NULL,             -- when it was kept here
    bytes         BLOB    NOT NULL CHECK (length(bytes) BETWEEN 1 AND 65536) -- the file
) STRICT;

-- Configurations. What operators set over what is built in; a later layer wins.
CREATE TABLE config_value (
    layer         INTEGER NOT NULL CHECK (layer BETWEEN 0 AND 3), -- 0 site, 1 model, 2 profile, 3 device
    name          TEXT    NOT NULL,             -- of the model, profile or device; empty for the site
    path          TEXT    NOT NULL,             -- of the element, e.g. vendorConfig/webAccess
    value         BLOB    NOT NULL CHECK (length(value) <= 2048), -- text; of a secret, wrapped by the key of the site
    secret        INTEGER NOT NULL CHECK (secret BETWEEN 0 AND 1), -- value is wrapped
    forced        INTEGER NOT NULL CHECK (forced BETWEEN 0 AND 1), -- an element that the table does not know
    changed_s     INTEGER NOT NULL,             -- when it was set
    PRIMARY KEY (layer, name, path)
) STRICT, WITHOUT ROWID;
CREATE TRIGGER config_value_device AFTER DELETE ON device BEGIN
    DELETE FROM config_value WHERE layer = 3 AND name = OLD.name;
END;

-- How a device's configuration is made, where it differs from the others'.
CREATE TABLE config_use (
    device        TEXT    NOT NULL PRIMARY KEY REFERENCES device (name) ON DELETE CASCADE, -- whose
    profile       TEXT    NOT NULL,             -- named set of values; empty: none
    encrypt       INTEGER NOT NULL CHECK (encrypt BETWEEN 0 AND 2) -- 0 as its mode says, 1 never, 2 always
) STRICT, WITHOUT ROWID;

-- What a device is believed to be, and how its files are signed.
CREATE TABLE device_trust (
    device        TEXT    NOT NULL PRIMARY KEY REFERENCES device (name) ON DELETE CASCADE, -- which
    digest        INTEGER NOT NULL CHECK (digest BETWEEN 0 AND 2),      -- of its signed files: 0 by model, 1 SHA-1, 2 SHA-512
    quarantined   INTEGER NOT NULL CHECK (quarantined BETWEEN 0 AND 1)  -- registered by itself, not approved
) STRICT, WITHOUT ROWID;

-- Phones that nobody added, as they asked for their configuration.
CREATE TABLE device_pending (
    name          TEXT    NOT NULL PRIMARY KEY, -- device name it asked as
    address       TEXT    NOT NULL,             -- where from, the last time
    first_s       INTEGER NOT NULL,             -- first seen
    last_s        INTEGER NOT NULL,             -- last seen
    count         INTEGER NOT NULL,             -- requests
    asked         TEXT    NOT NULL              -- names of files it asked for, blanks between
) STRICT, WITHOUT ROWID;
CREATE INDEX device_pending_last ON device_pending (last_s);

-- What devices fetched last, and how it ended.
CREATE TABLE device_fetch (
    device        TEXT    NOT NULL REFERENCES device (name) ON DELETE CASCADE, -- whose phone
    item          INTEGER NOT NULL CHECK (item BETWEEN 0 AND 3), -- 0 CTL, 1 ITL, 2 configuration, 3 load
    name          TEXT    NOT NULL,             -- file name it asked for, escaped
    generation    TEXT    NOT NULL,             -- which one it was; empty: not known
    result        TEXT    NOT NULL,             -- empty: fetched to the end; else the reason's code
    address       TEXT    NOT NULL,             -- where from
    at_s          INTEGER NOT NULL,             -- when it ended
    PRIMARY KEY (device, item)
) STRICT, WITHOUT ROWID;
