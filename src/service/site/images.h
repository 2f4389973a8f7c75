/* SPDX-License-Identifier: Apache-2.0 */
/* The loads that lie in a site's images/: each list, what it names, and whether that is all there.
 * Nothing here verifies a signature (only the maker's phones hold the key) and nothing is written.
 *
 *     struct rf_images images = {0};
 *     if (rf_images_scan(folder, &images, &why) == RF_OK)
 *         load = rf_images_find(&images, "SCCP42.9-4-2SR3-1S");
 *     rf_images_fini(&images);
 *
 * Thread: any; blocks on files. doc: docs/firmware.md */
#ifndef SERVICE_SITE_IMAGES_H
#define SERVICE_SITE_IMAGES_H

#include "base/mem.h"
#include "service/site/families.h"
#include "wire/loads/loads.h"

#define RF_IMAGES_FILES_MAX 16384
/** A list with its container; binary ones are longer than wire/loads reads. */
#define RF_IMAGES_LIST_MAX ((size_t)256 * 1024)

struct rf_image_file {
    char name[RF_LOADS_NAME_MAX + 1];
    uint64_t size;
};

enum rf_image_part_state {
    RF_IMAGE_PART_THERE,
    RF_IMAGE_PART_MISSING,
    RF_IMAGE_PART_OPTIONAL, /* not there, and need not be */
    RF_IMAGE_PART_SIZE,     /* another size than the list says */
    RF_IMAGE_PART_DIGEST,   /* another content than the list says */
};
const char *rf_image_part_state_name(enum rf_image_part_state state); /* "there", "missing" … */

/** What a list names. */
struct rf_image_part {
    char name[RF_LOADS_NAME_MAX + 1];
    enum rf_image_part_state state;
    uint64_t size;        /* of the file; 0: not there */
    bool is_other_family; /* its name is that of another family's images */
};

struct rf_image_load {
    char name[RF_LOADS_NAME_MAX + 1]; /* as configurations name it: without suffix */
    char file[RF_LOADS_NAME_MAX + 1];
    const struct rf_family *family; /* NULL: not known */
    bool is_opaque;                 /* its list is the phone's to read: its parts are those of the
                                       names seen in it that are there */
    bool is_bare;                   /* an image without a list */
    bool is_complete;
    struct rf_why why; /* of a list that cannot be read; code empty: it can */
    struct rf_image_part *parts;
    size_t n_parts;
};

struct rf_images {
    struct rf_image_file *files; /* by name */
    size_t n_files;
    struct rf_image_load *loads; /* by name */
    size_t n_loads;
};
void rf_images_fini(struct rf_images *images);

/** Look at a folder; one that is not there is empty. RF_ERR_LIMIT images-many; RF_ERR_IO. */
RF_MUST_CHECK enum rf_err rf_images_scan(const char *folder, struct rf_images *out,
                                         struct rf_why *why);
/** By name or by file name; NULL. */
const struct rf_image_load *rf_images_find(const struct rf_images *images, const char *load);
/** Does the load name this file? */
bool rf_image_load_has(const struct rf_image_load *load, const char *file);

/** An image that is here, and that no load is or names. */
bool rf_images_is_orphan(const struct rf_images *images, const char *file);

/** Would a phone that is told this load find its list, or it itself, in the folder? */
bool rf_image_load_is_here(const char *folder, const char *load);
/** A bare file name, as lists name images. */
bool rf_image_is_name(struct rf_slice name);
/** Is it a load's name: what phones put behind it is there? */
bool rf_image_is_list(const char *file);
/** Without .loads or .LOADS, or what a bare image has. */
void rf_image_load_name(const char *file, char name[RF_LOADS_NAME_MAX + 1]);

/** Where the parts of a load are looked for. */
struct rf_image_finder {
    void *arg;
    /** The path of an image, a new string, or NULL: not there. */
    char *(*path)(void *arg, const char *name);
};
/** Judge one list: `list` is its whole file. `out` gets all but the name; release with
 * rf_image_load_fini. RF_ERR_IO when a part cannot be read; a list that cannot be read is told in
 * out->why. */
RF_MUST_CHECK enum rf_err rf_image_load_judge(const char *file, struct rf_slice list,
                                              const struct rf_image_finder *finder,
                                              struct rf_image_load *out, struct rf_why *why);
void rf_image_load_fini(struct rf_image_load *load);
/** "a, b and 3 more": parts in that state, for a message. Returns how many there are. */
size_t rf_image_load_name_parts(const struct rf_image_load *load, enum rf_image_part_state state,
                                char *buf, size_t cap);

#endif
