/* SPDX-License-Identifier: Apache-2.0 */
/* What making and bringing back a backup share. */
#ifndef SERVICE_SETUP_BACKUP_INT_H
#define SERVICE_SETUP_BACKUP_INT_H

/** The first entry: a line that says what this is, with the version and the time. */
#define RF_BACKUP_NOTE      "ringfence-backup"
#define RF_BACKUP_NOTE_TEXT "ringfence backup, version 1, made at "

#endif
