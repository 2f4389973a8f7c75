/* SPDX-License-Identifier: Apache-2.0 */
#include "service/setup/image_import.h"

#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "base/faults.h"
#include "base/text.h"
#include "trust/digest.h"
#include "wire/signedfile/signedfile.h"

static const char *const what_names[] = {"new", "same", "replaced"};

const char *rf_image_what_name(enum rf_image_what what)
{
    return what_names[what];
}

/* A list that is away while its images change. */
struct hidden {
    unsigned number;
    char file[RF_LOADS_NAME_MAX + 1];
};

/* One import on its way. */
struct import {
    const struct rf_image_import *how;
    char *folder;
    struct rf_stage stage;
    struct rf_image_report *report;
    bool is_alone; /* the path names a file, not a folder or an archive */
    /* The file that is being read. */
    struct rf_file_out out;
    bool is_open;
    unsigned number;
    uint64_t size;
    struct rf_hash *sha256;
    char from[RF_SOURCE_PATH_MAX + 1];
    struct hidden *hidden;
    size_t n_hidden;
};

void rf_image_report_fini(struct rf_image_report *report)
{
    for (size_t i = 0; i < report->n_loads; i++)
        rf_image_load_fini(&report->loads[i]);
    rf_free(report->loads);
    rf_free(report->files);
    rf_free(report->ignored);
    rf_free(report->warnings);
    *report = (struct rf_image_report){.files = NULL};
}

static void note(struct rf_image_note *notes, size_t *n, const char *what, const struct rf_why *why)
{
    if (*n == rf_source_limits.entries)
        return;
    struct rf_image_note *one = &notes[(*n)++];
    snprintf(one->what, sizeof one->what, "%s", what);
    snprintf(one->code, sizeof one->code, "%s", why->code);
    snprintf(one->text, sizeof one->text, "%s", why->text);
}

static void ignore(struct import *i, const struct rf_why *why)
{
    note(i->report->ignored, &i->report->n_ignored, i->from, why);
}

static void warn(struct import *i, const char *what, const char *code, const char *text)
{
    struct rf_why why = {0};
    rf_why_set(&why, RF_ERR_DENIED, code, "%s", text);
    note(i->report->warnings, &i->report->n_warnings, what, &why);
}

/* ---- one file, whole, in waiting ---- */

static const char *base_of(const char *path)
{
    const char *slash = strrchr(path, '/');
    return slash == NULL ? path : slash + 1;
}

/* The name it is kept under: the signed one, or that of a bare image. */
static enum rf_err name_of(const struct import *i, struct rf_slice head,
                           struct rf_image_taken *taken, struct rf_why *why)
{
    struct rf_signedfile sf;
    struct rf_slice name = rf_slice_str(base_of(i->from));
    char shown[96];
    enum rf_err err = rf_signedfile_decode(head, (size_t)i->size, &sf, why);
    taken->is_signed = err == RF_OK;
    if (err != RF_OK && !rf_family_is_bare(base_of(i->from)))
        return err;
    if (taken->is_signed && !rf_fault_skips("images.import-kind") &&
        rf_signedfile_kind_of(&sf) != RF_SIGNEDFILE_KIND_IMAGE)
        return rf_why_set(why, RF_ERR_DENIED, "file-kind", "this is a %s, not an image",
                          rf_signedfile_kind_name(rf_signedfile_kind_of(&sf)));
    if (taken->is_signed)
        name = sf.file_name;
    if ((!rf_fault_skips("images.import-name") && !rf_image_is_name(name)) ||
        !rf_slice_to_str(name, taken->name, sizeof taken->name))
        return rf_why_replace(why, RF_ERR_DENIED, "image-name",
                              "its signed name \"%s\" is no bare file name",
                              rf_escape(name, shown, sizeof shown));
    return RF_OK;
}

/* Is it an image, and which? Refusals other than those that end everything make it ignored. */
static enum rf_err classify(struct import *i, const char *path, struct rf_image_taken *taken,
                            bool *ends_all, struct rf_why *why)
{
    RF_AUTO(rf_buf_fini) struct rf_buf head = {0};
    uint64_t size = 0;
    *ends_all = !i->how->is_tree;
    enum rf_err err = rf_file_head(path, RF_SIGNEDFILE_HEADER_MAX, &head, &size, why);
    if (err != RF_OK)
        return err;
    struct rf_slice first = rf_slice_part(rf_buf_slice(&head), 0, RF_SOURCE_SNIFF);
    if (!rf_fault_skips("images.import-nested") && !rf_family_is_bare(base_of(i->from)) &&
        rf_source_is_archive(first))
        return rf_why_set(why, RF_ERR_DENIED, "archive-nested",
                          "%s is an archive in an archive or folder: name it by itself", i->from);
    err = name_of(i, rf_buf_slice(&head), taken, why);
    *ends_all = i->is_alone || err == RF_OK || strcmp(why->code, "image-name") == 0;
    if (i->how->is_tree && err != RF_OK)
        *ends_all = false;
    return err;
}

static struct rf_image_taken *find_taken(const struct rf_image_report *r, const char *name)
{
    for (size_t i = 0; i < r->n_files; i++)
        if (strcmp(r->files[i].name, name) == 0)
            return &r->files[i];
    return NULL;
}

/* Against what lies there, and against what came before on the same line. */
static enum rf_err compare(struct import *i, struct rf_image_taken *taken, struct rf_why *why)
{
    RF_AUTO(rf_freep) char *path = rf_path_join(i->folder, taken->name);
    const struct rf_image_taken *before = find_taken(i->report, taken->name);
    uint8_t there[32];
    struct rf_why none = {0};
    struct rf_slice mine = rf_slice_of(taken->sha256, 32);
    if (before != NULL) {
        taken->what = RF_IMAGE_SAME;
        if (rf_slice_eq(rf_slice_of(before->sha256, 32), mine))
            return RF_OK;
        return rf_why_set(why, RF_ERR_EXISTS, "image-twice",
                          "%s is here with two contents, from %s and from %s", taken->name,
                          before->from, taken->from);
    }
    enum rf_err err = rf_source_sha256(path, there, &none);
    if (err == RF_ERR_NOT_FOUND)
        return RF_OK;
    if (err != RF_OK)
        return rf_why_set(why, err, none.code, "%s", none.text);
    taken->what = rf_slice_eq(rf_slice_of(there, 32), mine) ? RF_IMAGE_SAME : RF_IMAGE_REPLACED;
    if (taken->what == RF_IMAGE_REPLACED && !i->how->is_forced)
        return rf_why_set(why, RF_ERR_EXISTS, "image-exists",
                          "another file named %s is there; --force replaces it", taken->name);
    return RF_OK;
}

static enum rf_err take(struct import *i, const char *path, struct rf_why *why)
{
    struct rf_image_taken taken = {.size = i->size, .number = i->number};
    struct rf_why inner = {0};
    uint8_t md[RF_DIGEST_MAX];
    bool ends_all = true;
    (void)rf_hash_end(i->sha256, md);
    memcpy(taken.sha256, md, 32);
    snprintf(taken.from, sizeof taken.from, "%s", i->from);
    enum rf_err err = classify(i, path, &taken, &ends_all, &inner);
    bool is_image = err == RF_OK;
    if (is_image)
        err = compare(i, &taken, &inner);
    bool is_fatal = err == RF_ERR_IO || err == RF_ERR_NOMEM;
    if (err != RF_OK && !is_fatal && (is_image ? i->how->is_tree : !ends_all)) {
        if (is_image || !i->how->is_tree || strcmp(inner.code, "image-name") == 0)
            ignore(i, &inner);
        return rf_file_remove(path, why);
    }
    if (err != RF_OK)
        return rf_why_set(why, err, inner.code, "%s", inner.text);
    if (taken.what == RF_IMAGE_SAME) {
        taken.number = 0;
        err = rf_file_remove(path, why);
    }
    if (err == RF_OK && find_taken(i->report, taken.name) == NULL)
        i->report->files[i->report->n_files++] = taken;
    return err;
}

/* ---- what is read ---- */

static bool is_hidden(const char *path)
{
    struct rf_slice rest = rf_slice_str(path), part;
    while (rf_next_piece(&rest, '/', &part))
        if (rf_slice_starts_with(part, ".") || rf_slice_eq_str(part, "__MACOSX"))
            return true;
    return false;
}

static void close_file(struct import *i)
{
    if (i->is_open)
        rf_file_out_abort(&i->out);
    i->is_open = false;
    rf_hash_free(i->sha256);
    i->sha256 = NULL;
}

static enum rf_err on_begin(void *arg, const struct rf_source_entry *entry, bool *wanted,
                            struct rf_why *why)
{
    struct import *i = arg;
    snprintf(i->from, sizeof i->from, "%s", entry->path);
    if (i->how->is_tree && (entry->kind != RF_SOURCE_FILE || is_hidden(entry->path)))
        return RF_OK;
    if (!rf_fault_skips("images.import-link") && entry->kind == RF_SOURCE_LINK)
        return rf_why_set(why, RF_ERR_DENIED, "import-link",
                          "%s is a link: an image is a file of its own", entry->path);
    if (!rf_fault_skips("images.import-device") && entry->kind == RF_SOURCE_OTHER)
        return rf_why_set(why, RF_ERR_DENIED, "import-device", "%s is no regular file",
                          entry->path);
    if (entry->kind != RF_SOURCE_FILE)
        return RF_OK;
    if (is_hidden(entry->path)) {
        struct rf_why hidden = {0};
        rf_why_set(&hidden, RF_ERR_DENIED, "file-hidden", "a hidden file");
        ignore(i, &hidden);
        return RF_OK;
    }
    i->size = 0;
    i->sha256 = rf_hash_new(RF_DIGEST_SHA256);
    enum rf_err err = rf_stage_file(&i->stage, &i->out, &i->number, why);
    i->is_open = err == RF_OK;
    *wanted = i->is_open;
    return err;
}

static enum rf_err on_add(void *arg, struct rf_slice part, struct rf_why *why)
{
    struct import *i = arg;
    i->size += part.len;
    rf_hash_add(i->sha256, part);
    return rf_file_out_add(&i->out, part, why);
}

static enum rf_err on_end(void *arg, struct rf_why *why)
{
    struct import *i = arg;
    RF_AUTO(rf_freep) char *path = rf_stage_path(&i->stage, i->number);
    i->is_open = false;
    enum rf_err err = rf_file_out_commit(&i->out, why);
    if (err == RF_OK)
        err = take(i, path, why);
    close_file(i);
    return err;
}

static bool is_plain_file(const char *path)
{
    RF_AUTO(rf_buf_fini) struct rf_buf head = {0};
    uint64_t size = 0;
    return rf_file_head(path, RF_SOURCE_SNIFF, &head, &size, NULL) == RF_OK &&
           !rf_source_is_archive(rf_buf_slice(&head));
}

static enum rf_err read_all(struct import *i, const char *const *paths, size_t n,
                            struct rf_why *why)
{
    struct rf_source_budget budget = {.limits = &rf_source_limits};
    struct rf_source_sink sink = {.arg = i, .begin = on_begin, .add = on_add, .end = on_end};
    enum rf_err err = RF_OK;
    for (size_t k = 0; k < n && err == RF_OK; k++) {
        struct rf_why inner = {0};
        i->is_alone = is_plain_file(paths[k]);
        err = rf_source_read(paths[k], &budget, &sink, &inner);
        close_file(i);
        if (err != RF_OK)
            return rf_why_set(why, err, inner.code, "%s: %s", paths[k], inner.text);
    }
    if (err == RF_OK && i->report->n_files == 0 && !i->how->is_tree)
        return rf_why_set(why, RF_ERR_BAD, "import-none", "there is no image in it");
    return err;
}

/* ---- the whole is judged ---- */

/* In waiting, else in the folder. */
static char *find_part(void *arg, const char *name)
{
    const struct import *i = arg;
    const struct rf_image_taken *taken = find_taken(i->report, name);
    RF_AUTO(rf_freep)
    char *path = taken != NULL && taken->number != 0 ? rf_stage_path(&i->stage, taken->number)
                                                     : rf_path_join(i->folder, name);
    return rf_file_exists(path) ? rf_steal(&path) : NULL;
}

static enum rf_err refuse_parts(const struct rf_image_load *load, enum rf_image_part_state state,
                                enum rf_err err, const char *code, const char *text,
                                struct rf_why *why)
{
    char names[160];
    if (rf_image_load_name_parts(load, state, names, sizeof names) == 0)
        return RF_OK;
    return rf_why_set(why, err, code, "%s: %s %s", load->file, text, names);
}

static enum rf_err judge_load(struct import *i, struct rf_image_load *load, struct rf_why *why)
{
    char names[160];
    if (load->why.code[0] != '\0')
        return rf_why_set(why, RF_ERR_BAD, load->why.code, "%s is no list that phones can read: %s",
                          load->file, load->why.text);
    enum rf_err err = refuse_parts(load, RF_IMAGE_PART_SIZE, RF_ERR_DENIED, "image-size",
                                   "its list gives another size for", why);
    if (err == RF_OK)
        err = refuse_parts(load, RF_IMAGE_PART_DIGEST, RF_ERR_DENIED, "image-digest",
                           "its list gives another digest for", why);
    if (err == RF_OK && !i->how->is_partial && !rf_fault_skips("images.import-missing"))
        err = refuse_parts(load, RF_IMAGE_PART_MISSING, RF_ERR_NOT_FOUND, "image-missing",
                           "phones could not load it: --partial takes it without", why);
    if (err != RF_OK)
        return err;
    if (rf_image_load_name_parts(load, RF_IMAGE_PART_MISSING, names, sizeof names) > 0)
        warn(i, load->file, "image-missing", names);
    if (load->is_opaque)
        warn(i, load->file, "list-opaque",
             "only its phones read this list: bring all files that came with it");
    for (size_t p = 0; p < load->n_parts; p++)
        if (load->parts[p].is_other_family)
            warn(i, load->file, "image-family", load->parts[p].name);
    return RF_OK;
}

static enum rf_err judge_list(struct import *i, const struct rf_image_taken *taken,
                              struct rf_why *why)
{
    RF_AUTO(rf_freep) char *path = find_part(i, taken->name);
    RF_AUTO(rf_buf_fini) struct rf_buf list = {0};
    struct rf_image_finder finder = {.arg = i, .path = find_part};
    struct rf_image_load *load = &i->report->loads[i->report->n_loads];
    enum rf_err err =
        rf_file_read(path != NULL ? path : taken->name, RF_IMAGES_LIST_MAX, &list, why);
    if (err == RF_OK)
        err = rf_image_load_judge(taken->name, rf_buf_slice(&list), &finder, load, why);
    if (err != RF_OK)
        return err;
    i->report->n_loads++;
    return judge_load(i, load, why);
}

struct doublet {
    struct import *i;
    const struct rf_image_taken *taken;
};

static enum rf_err compare_case(void *arg, const char *name)
{
    const struct doublet *d = arg;
    if (strcasecmp(name, d->taken->name) == 0 && strcmp(name, d->taken->name) != 0)
        warn(d->i, d->taken->name, "image-case", name);
    return RF_OK;
}

/* Names that differ by case alone: phones that spell them in a third way get neither. */
static enum rf_err find_doublets(struct import *i, const struct rf_image_taken *taken,
                                 struct rf_why *why)
{
    struct doublet d = {i, taken};
    for (const struct rf_image_taken *other = i->report->files; other != taken; other++)
        (void)!compare_case(&d, other->name);
    return rf_dir_each(i->folder, compare_case, &d, why);
}

static enum rf_err judge_all(struct import *i, struct rf_why *why)
{
    struct rf_image_report *r = i->report;
    r->loads = rf_new_n(struct rf_image_load, r->n_files);
    for (size_t k = 0; k < r->n_files; k++) {
        enum rf_err err = find_doublets(i, &r->files[k], why);
        if (err == RF_OK && rf_image_is_list(r->files[k].name))
            err = judge_list(i, &r->files[k], why);
        if (err != RF_OK)
            return err;
    }
    return RF_OK;
}

/* In a tree a load that is not whole is left, and the rest is taken. */
static enum rf_err judge_tree(struct import *i, struct rf_why *why)
{
    struct rf_image_report *r = i->report;
    r->loads = rf_new_n(struct rf_image_load, r->n_files);
    for (size_t k = 0; k < r->n_files; k++) {
        struct rf_image_taken *taken = &r->files[k];
        struct rf_why inner = {0};
        enum rf_err err = find_doublets(i, taken, why);
        if (err != RF_OK)
            return err;
        if (!rf_image_is_list(taken->name) || judge_list(i, taken, &inner) == RF_OK)
            continue;
        note(r->ignored, &r->n_ignored, taken->from, &inner);
        taken->number = 0;
        taken->is_left = true;
    }
    return RF_OK;
}

/* ---- and made visible ---- */

static enum rf_err put_all(struct import *i, bool lists, struct rf_why *why)
{
    enum rf_err err = RF_OK;
    for (size_t k = 0; k < i->report->n_files && err == RF_OK; k++) {
        const struct rf_image_taken *taken = &i->report->files[k];
        if (taken->number != 0 && rf_image_is_list(taken->name) == lists)
            err = rf_stage_put(&i->stage, taken->number, taken->name, why);
    }
    return err;
}

static const struct rf_image_taken *find_put(const struct import *i, const char *name)
{
    const struct rf_image_taken *taken = find_taken(i->report, name);
    return taken != NULL && taken->number != 0 ? taken : NULL;
}

static bool names_replaced(const struct import *i, const struct rf_image_load *load)
{
    for (size_t p = 0; p < load->n_parts; p++) {
        const struct rf_image_taken *taken = find_put(i, load->parts[p].name);
        if (taken != NULL && taken->what == RF_IMAGE_REPLACED)
            return true;
    }
    return false;
}

/* The list goes, and comes back at the end: itself, unless another takes its place. */
static enum rf_err hide_list(struct import *i, const struct rf_image_load *load, struct rf_why *why)
{
    RF_AUTO(rf_freep) char *path = rf_path_join(i->folder, load->file);
    RF_AUTO(rf_buf_fini) struct rf_buf list = {0};
    struct rf_file_out out;
    enum rf_err err = rf_stage_drop(&i->stage, load->file, why);
    if (err != RF_OK || find_put(i, load->file) != NULL)
        return err;
    err = rf_file_read(path, RF_IMAGES_LIST_MAX, &list, why);
    if (err == RF_OK)
        err = rf_stage_file(&i->stage, &out, &i->number, why);
    if (err != RF_OK)
        return err;
    err = rf_file_out_add(&out, rf_buf_slice(&list), why);
    if (err != RF_OK) {
        rf_file_out_abort(&out);
        return err;
    }
    err = rf_file_out_commit(&out, why);
    if (err != RF_OK)
        return err;
    struct hidden *hidden = &i->hidden[i->n_hidden++];
    hidden->number = i->number;
    snprintf(hidden->file, sizeof hidden->file, "%s", load->file);
    return RF_OK;
}

/* Where an image takes another's place, lists that name it go first: at no moment does a list
 * stand over images of two releases. */
static enum rf_err hide_lists(struct import *i, struct rf_why *why)
{
    RF_AUTO(rf_images_fini) struct rf_images images = {.files = NULL};
    enum rf_err err = rf_images_scan(i->folder, &images, why);
    i->hidden = rf_new_n(struct hidden, images.n_loads);
    for (size_t k = 0; k < images.n_loads && err == RF_OK; k++)
        if (!images.loads[k].is_bare && names_replaced(i, &images.loads[k]))
            err = hide_list(i, &images.loads[k], why);
    return err;
}

static enum rf_err put_hidden(struct import *i, struct rf_why *why)
{
    enum rf_err err = RF_OK;
    for (size_t k = 0; k < i->n_hidden && err == RF_OK; k++)
        err = rf_stage_put(&i->stage, i->hidden[k].number, i->hidden[k].file, why);
    return err;
}

static enum rf_err run(struct import *i, const char *const *paths, size_t n, struct rf_why *why)
{
    enum rf_err err = rf_stage_open(i->folder, &i->stage, why);
    if (err == RF_OK)
        err = read_all(i, paths, n, why);
    if (err == RF_OK)
        err = i->how->is_tree ? judge_tree(i, why) : judge_all(i, why);
    if (err != RF_OK || i->how->is_dry)
        return err;
    err = hide_lists(i, why);
    if (err == RF_OK)
        err = put_all(i, false, why);
    if (err == RF_OK)
        err = put_all(i, true, why);
    if (err == RF_OK)
        err = put_hidden(i, why);
    return err == RF_OK ? rf_stage_commit(&i->stage, why) : err;
}

enum rf_err rf_image_import(const struct rf_image_import *how, const char *const *paths, size_t n,
                            struct rf_image_report *out, struct rf_why *why)
{
    struct import i = {.how = how, .report = out, .stage = {.lock_fd = -1}};
    i.folder = rf_site_path_in(how->site_dir, RF_SITE_IMAGES);
    *out = (struct rf_image_report){.files =
                                        rf_new_n(struct rf_image_taken, rf_source_limits.entries)};
    out->ignored = rf_new_n(struct rf_image_note, rf_source_limits.entries);
    out->warnings = rf_new_n(struct rf_image_note, rf_source_limits.entries);
    enum rf_err err = run(&i, paths, n, why);
    rf_stage_close(&i.stage);
    rf_free(i.hidden);
    rf_free(i.folder);
    return err;
}

/* ---- and taken away ---- */

static bool is_named_elsewhere(const struct rf_images *images, const struct rf_image_load *load,
                               const char *file)
{
    for (size_t k = 0; k < images->n_loads; k++)
        if (&images->loads[k] != load && rf_image_load_has(&images->loads[k], file))
            return true;
    return false;
}

static enum rf_err drop_load(struct rf_stage *stage, const struct rf_images *images,
                             const struct rf_image_load *load, size_t *removed, struct rf_why *why)
{
    enum rf_err err = rf_stage_drop(stage, load->file, why);
    *removed = 1;
    for (size_t k = 0; k < load->n_parts && err == RF_OK; k++) {
        if (load->parts[k].size == 0 || is_named_elsewhere(images, load, load->parts[k].name))
            continue;
        err = rf_stage_drop(stage, load->parts[k].name, why);
        ++*removed;
    }
    return err;
}

enum rf_err rf_image_remove(const char *site_dir, const char *load, size_t *removed,
                            struct rf_why *why)
{
    RF_AUTO(rf_freep) char *folder = rf_site_path_in(site_dir, RF_SITE_IMAGES);
    struct rf_stage stage = {.lock_fd = -1};
    struct rf_images images = {.files = NULL};
    size_t n = 0;
    enum rf_err err = rf_stage_open(folder, &stage, why);
    if (err == RF_OK)
        err = rf_images_scan(folder, &images, why);
    const struct rf_image_load *found = err == RF_OK ? rf_images_find(&images, load) : NULL;
    bool is_orphan = err == RF_OK && found == NULL && rf_images_is_orphan(&images, load);
    if (err == RF_OK && found == NULL && !is_orphan)
        err = rf_why_set(why, RF_ERR_NOT_FOUND, "load-unknown",
                         "there is no load %s, and no file of that name that no load names: "
                         "`ringfence image list` shows what there is",
                         load);
    if (is_orphan) {
        err = rf_stage_drop(&stage, load, why);
        n = 1;
    } else if (err == RF_OK) {
        err = drop_load(&stage, &images, found, &n, why);
    }
    if (err == RF_OK)
        err = rf_stage_commit(&stage, why);
    if (err == RF_OK && removed != NULL)
        *removed = n;
    rf_images_fini(&images);
    rf_stage_close(&stage);
    return err;
}
