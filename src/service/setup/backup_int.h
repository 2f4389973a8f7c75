/* SPDX-License-Identifier: Apache-2.0 */
/* What making and bringing back a backup share. */
#ifndef SERVICE_SETUP_BACKUP_INT_H
#define SERVICE_SETUP_BACKUP_INT_H

#include "base/bytes.h"

/** The first entry: a line that says what this is, with the version and the time. */
#define RF_BACKUP_NOTE      "ringfence-backup"
#define RF_BACKUP_NOTE_TEXT "ringfence backup, version 1, made at "

/** Bytes of a name below the site (there is room for the longest below files/), and its parts. */
#define BACKUP_NAME_BYTES_MAX 300
#define BACKUP_NAME_PARTS_MAX 8

/** The one rule of names, for whoever makes a backup and whoever reads one. */
enum backup_name {
    BACKUP_NAME_FINE,
    BACKUP_NAME_HIDDEN, /* a part begins with a dot: no site has it, and none is led out of */
    BACKUP_NAME_DEEP,   /* more than so many parts */
    BACKUP_NAME_LONG,
    BACKUP_NAME_BAD, /* empty, or an empty part */
};
enum backup_name backup_name_judge(const char *name);

#endif
