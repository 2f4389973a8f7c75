/* SPDX-License-Identifier: Apache-2.0 */
#include "service/phone/install.h"

#include "base/file.h"
#include "base/text.h"
#include "service/phone/phone_int.h"

#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

struct brought {
    const char *const *paths;
    size_t n;
    char *list;   /* path of the .loads list */
    char *beside; /* its folder */
};

static void brought_fini(struct brought *b)
{
    rf_free(b->list);
    rf_free(b->beside);
}

static bool is_folder(const char *path)
{
    struct stat st;
    return stat(path, &st) == 0 && S_ISDIR(st.st_mode);
}

static const char *base_name(const char *path)
{
    const char *slash = strrchr(path, '/');
    return slash != NULL ? slash + 1 : path;
}

static bool is_list_name(const char *name)
{
    return rf_slice_ends_with(rf_slice_str(name), ".loads") ||
           rf_slice_ends_with(rf_slice_str(name), ".LOADS");
}

/* ---- the list ---- */

struct look {
    struct brought *b;
    const char *folder;
    struct rf_why *why;
};

static enum rf_err found_list(struct brought *b, char *take_path, char *take_folder,
                              struct rf_why *why)
{
    if (b->list != NULL) {
        enum rf_err err = rf_why_set(why, RF_ERR_BAD, "install-lists",
                                     "%s and %s: one load at a time", b->list, take_path);
        rf_free(take_path);
        rf_free(take_folder);
        return err;
    }
    b->list = take_path;
    b->beside = take_folder;
    return RF_OK;
}

static enum rf_err look_at(void *arg, const char *name)
{
    const struct look *l = arg;
    if (!is_list_name(name))
        return RF_OK;
    return found_list(l->b, rf_path_join(l->folder, name), rf_strdup(l->folder), l->why);
}

static char *folder_of(const char *path)
{
    const char *slash = strrchr(path, '/');
    return slash != NULL ? rf_strf("%.*s", (int)(slash - path), path) : rf_strdup(".");
}

static enum rf_err find_list(struct brought *b, struct rf_why *why)
{
    enum rf_err err = RF_OK;
    for (size_t i = 0; i < b->n && err == RF_OK; i++) {
        struct look look = {.b = b, .folder = b->paths[i], .why = why};
        if (is_folder(b->paths[i]))
            err = rf_dir_each(b->paths[i], look_at, &look, why);
        else if (is_list_name(b->paths[i]))
            err = found_list(b, rf_strdup(b->paths[i]), folder_of(b->paths[i]), why);
    }
    if (err == RF_OK && b->list == NULL)
        return rf_why_set(why, RF_ERR_NOT_FOUND, "install-list",
                          "no .loads list among what was given: a load is its list and its "
                          "components");
    return err;
}

/* ---- its components ---- */

static char *in_folder(const char *folder, const char *name)
{
    RF_AUTO(rf_freep) char *path = rf_path_join(folder, name);
    return rf_file_exists(path) ? rf_steal(&path) : NULL;
}

/* Where a component lies, or NULL. */
static char *find_part(const struct brought *b, const char *name)
{
    for (size_t i = 0; i < b->n; i++) {
        char *path = NULL;
        if (is_folder(b->paths[i]))
            path = in_folder(b->paths[i], name);
        else if (strcmp(base_name(b->paths[i]), name) == 0)
            path = rf_strdup(b->paths[i]);
        if (path != NULL)
            return path;
    }
    return in_folder(b->beside, name);
}

static enum rf_err take_part(const struct brought *b, struct phone_update *u,
                             const struct phone_judge *j, struct rf_why *why)
{
    const struct rf_loads_entry *entry = &u->list.loads.entry[u->at];
    RF_AUTO(rf_buf_fini) struct rf_buf file = {0};
    rf_slice_to_str(entry->name, u->failed_file, sizeof u->failed_file);
    RF_AUTO(rf_freep) char *path = find_part(b, u->failed_file);
    if (path == NULL && entry->is_optional)
        return RF_OK;
    if (path == NULL)
        return rf_why_set(why, RF_ERR_NOT_FOUND, "image-missing",
                          "%s names %s, which was not given", u->loads_name, u->failed_file);
    enum rf_err err = rf_file_read(path, RF_PHONE_LOAD_MAX - u->total, &file, why);
    if (err != RF_OK)
        return err;
    u->total += file.len;
    return phone_update_part(u, j, &file, why);
}

static enum rf_err take_all(const struct brought *b, struct phone_update *u,
                            const struct phone_judge *j, struct rf_why *why)
{
    RF_AUTO(rf_buf_fini) struct rf_buf file = {0};
    if (!rf_slice_to_str(rf_slice_str(base_name(b->list)), u->loads_name, sizeof u->loads_name))
        return rf_why_set(why, RF_ERR_LIMIT, "install-list", "%s: the name is too long", b->list);
    phone_load_name(u->loads_name, u->name, sizeof u->name);
    memcpy(u->failed_file, u->loads_name, sizeof u->failed_file);
    enum rf_err err =
        rf_file_read(b->list, RF_LOADS_BYTES_MAX + RF_SIGFILE_OVERHEAD_MAX, &file, why);
    if (err == RF_OK)
        err = phone_update_list(u, j, rf_buf_slice(&file), why);
    for (; err == RF_OK && u->at < u->list.loads.entry_n; u->at++)
        err = take_part(b, u, j, why);
    return err;
}

/* ---- the whole ---- */

static void phone_update_freep(struct phone_update **u)
{
    phone_update_free(*u);
}

static enum rf_err install(const struct rf_flash *flash, const struct brought *b,
                           struct rf_phone_installed *out, struct rf_why *why)
{
    RF_AUTO(phone_update_freep) struct phone_update *u = rf_new(struct phone_update);
    RF_AUTO(rf_image_keys_fini) struct rf_image_keys keys = {0};
    struct rf_flash_options options;
    struct rf_flash_boot boot;
    enum rf_err err = rf_flash_image_keys(flash, &keys, why);
    if (err == RF_OK)
        err = rf_flash_options_read(flash, &options, why);
    if (err != RF_OK)
        return err;
    struct phone_judge judge = {
        .flash = flash, .keys = &keys, .min_version = options.min_load_version};
    err = take_all(b, u, &judge, why);
    if (err == RF_OK)
        err = phone_update_install(u, &judge, &boot, why);
    if (err != RF_OK)
        return err;
    memcpy(out->load, u->loads_name, sizeof out->load);
    memcpy(out->version, u->version, sizeof out->version);
    memcpy(out->signer, u->list.list_info.signer, sizeof out->signer);
    out->slot = boot.active;
    return RF_OK;
}

enum rf_err rf_phone_install(const char *dir, const char *const *paths, size_t n, int64_t now_s,
                             struct rf_phone_installed *out, struct rf_why *why)
{
    RF_AUTO(rf_flash_freep) struct rf_flash *flash = NULL;
    RF_AUTO(brought_fini) struct brought b = {.paths = paths, .n = n};
    struct rf_why inner = {0};
    char text[RF_FLASH_STATUS_TEXT_MAX];
    *out = (struct rf_phone_installed){0};
    enum rf_err err = rf_flash_open(dir, &flash, why);
    if (err == RF_OK)
        err = rf_flash_lock(flash, why);
    if (err == RF_OK)
        err = rf_flash_sweep(flash, why);
    if (err == RF_OK)
        err = find_list(&b, why);
    if (err != RF_OK)
        return err;
    err = install(flash, &b, out, &inner);
    if (err == RF_OK)
        snprintf(text, sizeof text, "Load installed locally: %s", out->load);
    else
        snprintf(text, sizeof text, "%s", phone_refusal_status(inner.code));
    /* The message is for people; what was done does not hang on it. */
    (void)!rf_flash_status_add(flash, now_s, text, NULL);
    return err == RF_OK ? RF_OK : rf_why_set(why, err, inner.code, "%s", inner.text);
}
