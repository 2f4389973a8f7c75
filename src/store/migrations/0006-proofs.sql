-- SPDX-License-Identifier: Apache-2.0
-- What was proved, and what was only claimed.

-- Operations whose last try failed after the phone had proved who it is. capf_op says how any try
-- ended, and a name is enough for one; this is what counts against the phone.
CREATE TABLE capf_failure (
    op_id         INTEGER NOT NULL PRIMARY KEY REFERENCES capf_op (id) ON DELETE CASCADE, -- which operation
    reason        TEXT    NOT NULL              -- why that try failed
) STRICT;
