/* SPDX-License-Identifier: Apache-2.0 */
/* Firmware from outside into a site's images/: files, folders, zip and tar. All of one call or none
 * of it: everything waits beside the folder until it is judged, and lists become visible last. A
 * load is judged by what its list says; no signature is verified, since only the maker's phones
 * hold the key, and no byte is changed.
 *
 * Thread: one; everything blocks. doc: docs/firmware.md */
#ifndef SERVICE_SETUP_IMAGE_IMPORT_H
#define SERVICE_SETUP_IMAGE_IMPORT_H

#include "service/setup/source.h"
#include "service/setup/stage.h"
#include "service/site/images.h"
#include "service/site/site.h"

struct rf_image_import {
    const char *site_dir;
    bool is_forced;  /* another file of the same name is replaced */
    bool is_partial; /* a list is taken though an image it names is missing */
    bool is_dry;     /* judge, and change nothing */
    /* What is no image is passed over in silence, links and devices as well, and what is refused is
     * told in the report and keeps nothing else from being taken. */
    bool is_tree;
};

enum rf_image_what { RF_IMAGE_NEW, RF_IMAGE_SAME, RF_IMAGE_REPLACED };
const char *rf_image_what_name(enum rf_image_what what); /* "new", "same", "replaced" */

struct rf_image_taken {
    char name[RF_LOADS_NAME_MAX + 1];
    char from[RF_SOURCE_PATH_MAX + 1];
    enum rf_image_what what;
    uint64_t size;
    uint8_t sha256[32];
    unsigned number; /* in waiting; 0: no longer */
    bool is_left;    /* of a tree: a list that was not taken; `ignored` says why */
    bool is_signed;  /* a container; else a bare image of an old model */
};

struct rf_image_note {
    char what[RF_SOURCE_PATH_MAX + 1];
    char code[RF_WHY_CODE_MAX];
    char text[RF_WHY_TEXT_MAX];
};

/** What came of it; also on failure, as far as it went. */
struct rf_image_report {
    struct rf_image_taken *files;
    size_t n_files;
    struct rf_image_note *ignored; /* what is no image, in folders and archives */
    size_t n_ignored;
    struct rf_image_note *warnings;
    size_t n_warnings;
    struct rf_image_load *loads; /* the lists among the files, judged */
    size_t n_loads;
};
void rf_image_report_fini(struct rf_image_report *report);

/**
 * Bring what lies at these paths. `out` is filled in any case; release with rf_image_report_fini.
 *
 * Returns RF_OK; the codes of rf_source_read; RF_ERR_DENIED import-link, import-device, file-kind
 * (another kind of container), image-name (a signed name that is no bare file name), image-size and
 * image-digest (other than the list says), archive-nested; RF_ERR_BAD import-none (no image at
 * all), the codes of wire/signedfile and wire/loads; RF_ERR_EXISTS image-exists, image-twice;
 * RF_ERR_NOT_FOUND image-missing; RF_ERR_AGAIN folder-busy.
 */
RF_MUST_CHECK enum rf_err rf_image_import(const struct rf_image_import *how,
                                          const char *const *paths, size_t n,
                                          struct rf_image_report *out, struct rf_why *why);

/** Take a load away: its list first, then the images that no other list names. Or one image that no
 * list names, by its file name. *removed (may be NULL) counts files. RF_ERR_NOT_FOUND load-unknown.
 */
RF_MUST_CHECK enum rf_err rf_image_remove(const char *site_dir, const char *load, size_t *removed,
                                          struct rf_why *why);

#endif
