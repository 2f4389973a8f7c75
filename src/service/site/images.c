/* SPDX-License-Identifier: Apache-2.0 */
#include "service/site/images.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/faults.h"
#include "base/file.h"
#include "base/text.h"
#include "wire/signedfile/signedfile.h"

/* As much of an image as is looked at: its header, and the digest its body begins with. */
#define HEAD_BYTES ((size_t)RF_SIGNEDFILE_HEADER_MAX + RF_LOADS_MD5_LEN)

static const char *const part_states[] = {"there", "missing", "optional", "wrong size",
                                          "wrong content"};

const char *rf_image_part_state_name(enum rf_image_part_state state)
{
    return part_states[state];
}

/* ---- names ---- */

static const char *const suffixes[] = {".loads", ".LOADS"};

bool rf_image_is_name(struct rf_slice name)
{
    struct rf_rd rd = rf_rd_of(name);
    uint8_t c = 0;
    if (name.len == 0 || name.len > RF_LOADS_NAME_MAX || rf_slice_starts_with(name, "."))
        return false;
    while (rf_rd_u8(&rd, &c))
        if (c <= ' ' || c > '~' || c == '/' || c == '\\')
            return false;
    return true;
}

bool rf_image_is_list(const char *file)
{
    struct rf_slice name = rf_slice_str(file);
    return rf_slice_ends_with(name, suffixes[0]) || rf_slice_ends_with(name, suffixes[1]);
}

void rf_image_load_name(const char *file, char name[RF_LOADS_NAME_MAX + 1])
{
    size_t n = strlen(file);
    const char *dot = strrchr(file, '.');
    if (dot != NULL && (rf_image_is_list(file) || rf_family_is_bare(file)))
        n = (size_t)(dot - file);
    snprintf(name, RF_LOADS_NAME_MAX + 1, "%.*s", (int)n, file);
}

bool rf_image_load_is_here(const char *folder, const char *load)
{
    static const char *const all[] = {".loads", ".LOADS", ".bin", ".sbin", ".zup"};
    for (size_t i = 0; i < sizeof all / sizeof *all; i++) {
        RF_AUTO(rf_freep) char *path = rf_strf("%s/%s%s", folder, load, all[i]);
        if (rf_file_exists(path))
            return true;
    }
    return false;
}

/* ---- one list ---- */

void rf_image_load_fini(struct rf_image_load *load)
{
    rf_free(load->parts);
    *load = (struct rf_image_load){.parts = NULL};
}

/* Does the image's body begin with the digest that the list gives? The digest is the image's own
 * idea of itself, so this finds images of another release and no forgeries. */
static bool has_digest(struct rf_slice head, struct rf_slice md5)
{
    size_t header_len = 0;
    struct rf_why none = {0};
    if (rf_signedfile_header_len(head, &header_len, &none) != RF_OK)
        return false;
    struct rf_slice body = rf_slice_part(head, header_len, md5.len);
    struct rf_rd a = rf_rd_of(body), b = rf_rd_of(md5);
    uint8_t x = 0, y = 0;
    while (rf_rd_u8(&a, &x) && rf_rd_u8(&b, &y))
        if ((x | 0x20) != (y | 0x20)) /* hexadecimal digits of either case */
            return false;
    return body.len == md5.len;
}

static enum rf_err judge_part(const struct rf_loads_entry *e, const struct rf_image_finder *finder,
                              struct rf_image_part *part, struct rf_why *why)
{
    RF_AUTO(rf_freep) char *path = finder->path(finder->arg, part->name);
    RF_AUTO(rf_buf_fini) struct rf_buf head = {0};
    part->state = e->is_optional ? RF_IMAGE_PART_OPTIONAL : RF_IMAGE_PART_MISSING;
    if (path == NULL)
        return RF_OK;
    enum rf_err err = rf_file_head(path, e->has_digest ? HEAD_BYTES : 0, &head, &part->size, why);
    if (err != RF_OK)
        return err;
    part->state = RF_IMAGE_PART_THERE;
    if (!e->has_digest)
        return RF_OK;
    if (!rf_fault_skips("images.part-size") && part->size != e->size_bytes)
        part->state = RF_IMAGE_PART_SIZE;
    else if (!rf_fault_skips("images.part-digest") && !has_digest(rf_buf_slice(&head), e->md5))
        part->state = RF_IMAGE_PART_DIGEST;
    return RF_OK;
}

static enum rf_err judge_parts(const struct rf_loads *list, const struct rf_image_finder *finder,
                               struct rf_image_load *out, struct rf_why *why)
{
    out->parts = rf_new_n(struct rf_image_part, list->entry_n);
    for (size_t i = 0; i < list->entry_n; i++) {
        struct rf_image_part *part = &out->parts[out->n_parts++];
        if (!rf_slice_to_str(list->entry[i].name, part->name, sizeof part->name))
            rf_bug_on(true); /* wire/loads has judged names */
        const struct rf_family *family = rf_family_of_image(part->name);
        part->is_other_family = family != NULL && out->family != NULL && family != out->family;
        enum rf_err err = judge_part(&list->entry[i], finder, part, why);
        if (err != RF_OK)
            return err;
        out->is_complete = out->is_complete && (part->state == RF_IMAGE_PART_THERE ||
                                                part->state == RF_IMAGE_PART_OPTIONAL);
    }
    return RF_OK;
}

/* What a list holds that only its phones read. Names are guessed from it, so no part is said to be
 * missing; but what is there and named so came with it, counts, and goes with it. */
static enum rf_err judge_opaque(struct rf_slice body, const struct rf_image_finder *finder,
                                struct rf_image_load *out, struct rf_why *why)
{
    RF_AUTO(rf_freep) struct rf_loads_names *names = rf_new(struct rf_loads_names);
    RF_AUTO(rf_buf_fini) struct rf_buf none = {0};
    enum rf_err err = RF_OK;
    rf_loads_scan(body, names);
    out->parts = rf_new_n(struct rf_image_part, names->n);
    for (size_t i = 0; i < names->n && err == RF_OK; i++) {
        struct rf_image_part *part = &out->parts[out->n_parts];
        if (!rf_slice_to_str(names->name[i], part->name, sizeof part->name) ||
            strcmp(part->name, out->file) == 0)
            continue;
        RF_AUTO(rf_freep) char *path = finder->path(finder->arg, part->name);
        if (path == NULL)
            continue;
        err = rf_file_head(path, 0, &none, &part->size, why);
        part->state = RF_IMAGE_PART_THERE;
        out->n_parts++;
    }
    return err;
}

/* The text in a list's container. */
static enum rf_err body_of(struct rf_slice list, struct rf_slice *out, struct rf_why *why)
{
    struct rf_signedfile sf;
    enum rf_err err = rf_signedfile_decode(list, list.len, &sf, why);
    if (err != RF_OK)
        return err;
    if (rf_signedfile_kind_of(&sf) != RF_SIGNEDFILE_KIND_IMAGE)
        return rf_why_set(why, RF_ERR_DENIED, "file-kind", "this is a %s, not an image",
                          rf_signedfile_kind_name(rf_signedfile_kind_of(&sf)));
    struct rf_signedfile_ranges r = rf_signedfile_ranges_of(&sf, list.len);
    *out = rf_slice_part(list, r.body_off, r.body_len);
    return RF_OK;
}

/* Lists of the newer families end for us at their first binary byte. */
static bool may_be_opaque(const struct rf_image_load *load)
{
    if (load->family != NULL)
        return load->family->list == RF_FAMILY_BINARY;
    return strcmp(load->why.code, "control-byte") == 0 || strcmp(load->why.code, "loads-size") == 0;
}

enum rf_err rf_image_load_judge(const char *file, struct rf_slice list,
                                const struct rf_image_finder *finder, struct rf_image_load *out,
                                struct rf_why *why)
{
    RF_AUTO(rf_freep) struct rf_loads *loads = rf_new(struct rf_loads);
    struct rf_slice body = {0};
    *out = (struct rf_image_load){.parts = NULL};
    snprintf(out->file, sizeof out->file, "%s", file);
    rf_image_load_name(file, out->name);
    out->family = rf_family_of_load(out->name);
    if (body_of(list, &body, &out->why) != RF_OK)
        return RF_OK;
    enum rf_err err = rf_loads_decode(body, loads, &out->why);
    if (err != RF_OK && may_be_opaque(out)) {
        out->is_opaque = true;
        out->is_complete = true;
        out->why = (struct rf_why){0};
        return judge_opaque(body, finder, out, why);
    }
    if (err != RF_OK)
        return RF_OK;
    out->is_complete = loads->entry_n > 0;
    if (loads->entry_n == 0)
        (void)rf_why_set(&out->why, RF_ERR_BAD, "loads-empty", "it names no image");
    return judge_parts(loads, finder, out, why);
}

size_t rf_image_load_name_parts(const struct rf_image_load *load, enum rf_image_part_state state,
                                char *buf, size_t cap)
{
    size_t found = 0, shown = 0, n = 0;
    buf[0] = '\0';
    for (size_t i = 0; i < load->n_parts; i++) {
        if (load->parts[i].state != state)
            continue;
        found++;
        if (n + strlen(load->parts[i].name) + 24 > cap)
            continue;
        n += (size_t)snprintf(buf + n, cap - n, "%s%s", shown++ > 0 ? ", " : "",
                              load->parts[i].name);
    }
    if (found > shown)
        snprintf(buf + n, cap - n, " and %zu more", found - shown);
    return found;
}

/* ---- a folder ---- */

void rf_images_fini(struct rf_images *images)
{
    for (size_t i = 0; i < images->n_loads; i++)
        rf_image_load_fini(&images->loads[i]);
    rf_free(images->loads);
    rf_free(images->files);
    *images = (struct rf_images){.files = NULL};
}

struct scan {
    const char *folder;
    struct rf_images *images;
    size_t room;
    size_t loads;
    struct rf_why *why;
};

static enum rf_err note_file(void *arg, const char *name)
{
    struct scan *s = arg;
    struct rf_images *images = s->images;
    if (strlen(name) > RF_LOADS_NAME_MAX || rf_file_is_leftover(name))
        return RF_OK; /* no load can name it, or does */
    if (images->n_files == RF_IMAGES_FILES_MAX)
        return rf_why_set(s->why, RF_ERR_LIMIT, "images-many", "%s holds more than %d files",
                          s->folder, RF_IMAGES_FILES_MAX);
    if (images->n_files == s->room) {
        s->room = s->room == 0 ? 64 : 2 * s->room;
        struct rf_image_file *more = rf_new_n(struct rf_image_file, s->room);
        for (size_t i = 0; i < images->n_files; i++)
            more[i] = images->files[i];
        rf_free(images->files);
        images->files = more;
    }
    RF_AUTO(rf_freep) char *path = rf_path_join(s->folder, name);
    RF_AUTO(rf_buf_fini) struct rf_buf none = {0};
    struct rf_image_file *file = &images->files[images->n_files];
    enum rf_err err = rf_file_head(path, 0, &none, &file->size, s->why);
    if (err == RF_ERR_NOT_FOUND)
        return RF_OK; /* just removed */
    snprintf(file->name, sizeof file->name, "%s", name);
    images->n_files++;
    s->loads += rf_image_is_list(name) || rf_family_is_bare(name);
    return err;
}

static char *path_in_folder(void *arg, const char *name)
{
    const struct scan *s = arg;
    RF_AUTO(rf_freep) char *path = rf_path_join(s->folder, name);
    return rf_file_exists(path) ? rf_steal(&path) : NULL;
}

static enum rf_err note_load(struct scan *s, const char *file)
{
    struct rf_image_load *load = &s->images->loads[s->images->n_loads];
    struct rf_image_finder finder = {.arg = s, .path = path_in_folder};
    RF_AUTO(rf_freep) char *path = rf_path_join(s->folder, file);
    RF_AUTO(rf_buf_fini) struct rf_buf list = {0};
    if (!rf_image_is_list(file)) {
        *load = (struct rf_image_load){.is_bare = true, .is_complete = true};
        snprintf(load->file, sizeof load->file, "%s", file);
        rf_image_load_name(file, load->name);
        load->family = rf_family_of_image(file);
        s->images->n_loads++;
        return RF_OK;
    }
    struct rf_why unread = {0};
    enum rf_err err = rf_file_read(path, RF_IMAGES_LIST_MAX, &list, &unread);
    if (err == RF_ERR_NOT_FOUND)
        return RF_OK;
    if (err == RF_OK)
        err = rf_image_load_judge(file, rf_buf_slice(&list), &finder, load, s->why);
    else if (err == RF_ERR_LIMIT) {
        err = rf_image_load_judge(file, (struct rf_slice){0}, &finder, load, s->why);
        load->why = unread;
    } else {
        return rf_why_set(s->why, err, unread.code, "%s", unread.text);
    }
    s->images->n_loads++;
    return err;
}

enum rf_err rf_images_scan(const char *folder, struct rf_images *out, struct rf_why *why)
{
    struct rf_images images = {.files = NULL};
    struct scan s = {.folder = folder, .images = &images, .why = why};
    enum rf_err err = rf_file_exists(folder) ? rf_dir_each(folder, note_file, &s, why) : RF_OK;
    images.loads = rf_new_n(struct rf_image_load, s.loads);
    for (size_t i = 0; i < images.n_files && err == RF_OK; i++)
        if (rf_image_is_list(images.files[i].name) || rf_family_is_bare(images.files[i].name))
            err = note_load(&s, images.files[i].name);
    if (err == RF_OK)
        *out = images;
    else
        rf_images_fini(&images);
    return err;
}

const struct rf_image_load *rf_images_find(const struct rf_images *images, const char *load)
{
    for (size_t i = 0; i < images->n_loads; i++)
        if (strcmp(images->loads[i].name, load) == 0 || strcmp(images->loads[i].file, load) == 0)
            return &images->loads[i];
    return NULL;
}

bool rf_images_is_orphan(const struct rf_images *images, const char *file)
{
    bool is_here = false;
    if (!rf_image_is_name(rf_slice_str(file)))
        return false;
    for (size_t i = 0; i < images->n_files && !is_here; i++)
        is_here = strcmp(images->files[i].name, file) == 0;
    for (size_t i = 0; i < images->n_loads && is_here; i++)
        is_here = !rf_image_load_has(&images->loads[i], file);
    return is_here;
}

bool rf_image_load_has(const struct rf_image_load *load, const char *file)
{
    if (strcmp(load->file, file) == 0)
        return true;
    for (size_t i = 0; i < load->n_parts; i++)
        if (strcmp(load->parts[i].name, file) == 0)
            return true;
    return false;
}
