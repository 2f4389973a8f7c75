-- SPDX-License-Identifier: Apache-2.0
-- What was proved, and what was only claimed.

-- Operations whose last try failed after the phone had proved who it is. capf_op says how any try
-- ended, and a name is enough for one; this is what counts against the phone.
CREATE TABLE capf_failure (
    op_id         INTEGER NOT NULL PRIMARY KEY REFERENCES capf_op (id) ON DELETE CASCADE, -- which operation
    reason        TEXT    NOT NULL              -- why that try failed
) STRICT;

-- Tries of the string of a campaign's member, once its turn was over and it waits for another: a
-- string has so many in all its turns together.
CREATE TABLE member_string (
    campaign      INTEGER NOT NULL,             -- of which campaign
    device        TEXT    NOT NULL,             -- whose string
    tries_left    INTEGER NOT NULL CHECK (tries_left BETWEEN 0 AND 5), -- as capf_op, when it was put back
    PRIMARY KEY (campaign, device),
    FOREIGN KEY (campaign, device) REFERENCES campaign_member (campaign, device) ON DELETE CASCADE
) STRICT, WITHOUT ROWID;
