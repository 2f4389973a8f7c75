/* SPDX-License-Identifier: Apache-2.0 */
/* An existing tree of files for phones (a tftpboot folder, or an archive of one), sorted into a
 * site: firmware into images/, what phones ask for beside it (ring lists, locales, tones,
 * backgrounds, dial rules) into files/, and configurations of devices, which are told and not kept.
 * What is not taken is told with its reason, and keeps nothing else from being taken.
 *
 * Thread: one; everything blocks. doc: docs/firmware.md, "An existing tree" */
#ifndef SERVICE_SETUP_FILES_IMPORT_H
#define SERVICE_SETUP_FILES_IMPORT_H

#include "service/setup/image_import.h"

/** Bytes of a file here: what is longer is not served. */
#define RF_FILES_BYTES_MAX ((uint64_t)100 * 1024 * 1024)
/** Of a document phones parse. */
#define RF_FILES_XML_MAX   ((uint64_t)4 * 1024 * 1024)
#define RF_FILES_DEPTH_MAX 4

enum rf_files_kind { RF_FILES_FILE, RF_FILES_FIRMWARE, RF_FILES_DEVICE, RF_FILES_REFUSED };
const char *rf_files_kind_name(enum rf_files_kind kind); /* "file", "firmware" … */

struct rf_files_item {
    char path[RF_SOURCE_PATH_MAX + 1];   /* where it stood */
    char target[RF_SOURCE_PATH_MAX + 1]; /* of a file: below files/; of a device: its name */
    enum rf_files_kind kind;
    enum rf_image_what what; /* of a file */
    uint64_t size;
    char code[RF_WHY_CODE_MAX]; /* of what is refused, and of a warning */
    char text[RF_WHY_TEXT_MAX];
    unsigned number;      /* in waiting; 0: no longer */
    struct rf_buf device; /* a device's configuration as it stood */
};

struct rf_files_import {
    const char *site_dir;
    bool is_forced; /* another file of the same name is replaced */
    bool is_dry;
};

struct rf_files_report {
    struct rf_files_item *items; /* in the order of the source */
    size_t n_items;
    struct rf_image_report images;
};
void rf_files_report_fini(struct rf_files_report *report);

/**
 * Sort one tree into the site. `out` is filled in any case.
 *
 * A refused item has one of: import-link, import-device, file-hidden, name-deep, name-character,
 * file-empty, file-size, file-signed (by another server), file-generated (this server makes it),
 * file-unknown, file-xml, file-exists, file-twice, archive-nested; those of rf_image_import for
 * firmware.
 *
 * Returns RF_OK; RF_ERR_BAD import-none (nothing of use in it); what rf_source_read and the stage
 * give: then nothing was taken.
 */
RF_MUST_CHECK enum rf_err rf_files_import(const struct rf_files_import *how, const char *path,
                                          struct rf_files_report *out, struct rf_why *why);

/** Put one file under a name phones ask for: "RINGLIST.XML", "New_Zealand/g3-tones.xml". What it
 * holds is the administrator's business, but for its size. Codes as above, as refusals. */
RF_MUST_CHECK enum rf_err rf_files_add(const struct rf_files_import *how, const char *path,
                                       const char *name, struct rf_why *why);
/** RF_ERR_NOT_FOUND file-unknown. */
RF_MUST_CHECK enum rf_err rf_files_remove(const char *site_dir, const char *name,
                                          struct rf_why *why);

/** Every file of files/, by name. */
RF_MUST_CHECK enum rf_err rf_files_each(const char *site_dir,
                                        void (*each)(void *arg, const char *name, uint64_t size),
                                        void *arg, struct rf_why *why);

/** May phones ask for it: at most 4 parts of letters, digits and . _ - +, none beginning with a
 * dot. RF_ERR_DENIED file-hidden, name-deep, name-character. Pure. */
RF_MUST_CHECK enum rf_err rf_files_check_name(const char *name, struct rf_why *why);
/** "SEP001122334455" of a device's configuration; false for any other name. Pure. */
bool rf_files_device_of(const char *name, char device[16]);

#endif
