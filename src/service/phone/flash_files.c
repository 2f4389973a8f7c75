/* SPDX-License-Identifier: Apache-2.0 */
/* Files beside the configuration, each in its envelope. One folder holds them all: a name with
 * folders in it has '%' in place of '/', which no name has. */
#include "service/phone/flash_int.h"

#include "base/file.h"
#include "wire/phonexml/phonelist.h"

#include <string.h>

static void swap(char *name, char from, char to)
{
    for (char *c = strchr(name, from); c != NULL; c = strchr(c, from))
        *c = to;
}

static enum rf_err path_of(const struct rf_flash *flash, const char *name, char **out,
                           struct rf_why *why)
{
    if (!rf_phonelist_name_fits(rf_slice_str(name)))
        return rf_why_set(why, RF_ERR_BAD, "flash-name", "\"%s\" is no name for a stored file",
                          name);
    RF_AUTO(rf_freep) char *flat = rf_strdup(name);
    RF_AUTO(rf_freep) char *dir = rf_flash_path(flash, RF_FLASH_FILES);
    swap(flat, '/', '%');
    *out = rf_path_join(dir, flat);
    return RF_OK;
}

enum rf_err rf_flash_file_read(const struct rf_flash *flash, const char *name, size_t max,
                               struct rf_buf *out, struct rf_why *why)
{
    RF_AUTO(rf_freep) char *path = NULL;
    enum rf_err err = path_of(flash, name, &path, why);
    return err == RF_OK ? rf_file_read(path, max, out, why) : err;
}

enum rf_err rf_flash_file_write(const struct rf_flash *flash, const char *name,
                                struct rf_slice bytes, struct rf_why *why)
{
    RF_AUTO(rf_freep) char *path = NULL;
    RF_AUTO(rf_freep) char *dir = rf_flash_path(flash, RF_FLASH_FILES);
    enum rf_err err = path_of(flash, name, &path, why);
    if (err == RF_OK)
        err = rf_dir_make(dir, 0700, why);
    return err == RF_OK ? rf_file_replace(path, bytes, RF_FILE_PRIVATE, why) : err;
}

bool rf_flash_file_exists(const struct rf_flash *flash, const char *name)
{
    RF_AUTO(rf_freep) char *path = NULL;
    return path_of(flash, name, &path, NULL) == RF_OK && rf_file_exists(path);
}

struct walk {
    rf_flash_file_each each;
    void *arg;
};

static enum rf_err one_file(void *arg, const char *flat)
{
    const struct walk *w = arg;
    RF_AUTO(rf_freep) char *name = rf_strdup(flat);
    swap(name, '%', '/');
    return rf_phonelist_name_fits(rf_slice_str(name)) ? w->each(w->arg, name) : RF_OK;
}

enum rf_err rf_flash_files_each(const struct rf_flash *flash, rf_flash_file_each each, void *arg,
                                struct rf_why *why)
{
    RF_AUTO(rf_freep) char *dir = rf_flash_path(flash, RF_FLASH_FILES);
    struct walk w = {.each = each, .arg = arg};
    return rf_file_exists(dir) ? rf_dir_each(dir, one_file, &w, why) : RF_OK;
}

enum rf_err rf_flash_file_remove(const struct rf_flash *flash, const char *name, struct rf_why *why)
{
    RF_AUTO(rf_freep) char *path = NULL;
    enum rf_err err = path_of(flash, name, &path, why);
    return err == RF_OK ? rf_file_remove(path, why) : err;
}
