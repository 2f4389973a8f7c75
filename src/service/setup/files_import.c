/* SPDX-License-Identifier: Apache-2.0 */
#include "service/setup/files_import.h"

#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>

#include "base/faults.h"
#include "base/text.h"
#include "trust/key.h"
#include "wire/phonexml/phonelist.h"
#include "wire/phonexml/phonexml.h"
#include "wire/signedfile/signedfile.h"

static const char *const kind_names[] = {"file", "firmware", "device", "refused"};

const char *rf_files_kind_name(enum rf_files_kind kind)
{
    return kind_names[kind];
}

void rf_files_report_fini(struct rf_files_report *report)
{
    for (size_t i = 0; i < report->n_items; i++)
        rf_buf_wipe(&report->items[i].device);
    rf_free(report->items);
    rf_image_report_fini(&report->images);
    *report = (struct rf_files_report){.items = NULL};
}

/* ---- names ---- */

static bool is_name_byte(uint8_t c)
{
    return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '.' ||
           c == '_' || c == '-' || c == '+';
}

enum rf_err rf_files_check_name(const char *name, struct rf_why *why)
{
    struct rf_slice rest = rf_slice_str(name), part;
    size_t parts = 0;
    while (rf_next_piece(&rest, '/', &part)) {
        struct rf_rd rd = rf_rd_of(part);
        uint8_t c = 0;
        if (++parts > RF_FILES_DEPTH_MAX)
            return rf_why_set(why, RF_ERR_DENIED, "name-deep", "more than %d parts",
                              RF_FILES_DEPTH_MAX);
        if (rf_slice_starts_with(part, "."))
            return rf_why_set(why, RF_ERR_DENIED, "file-hidden",
                              "names that begin with a dot are not served");
        while (rf_rd_u8(&rd, &c))
            if (!is_name_byte(c))
                return rf_why_set(why, RF_ERR_DENIED, "name-character",
                                  "only letters, digits and . _ - + stand in names");
        if (part.len == 0)
            return rf_why_set(why, RF_ERR_DENIED, "name-character", "an empty part");
    }
    return parts > 0 && strlen(name) <= RF_SOURCE_PATH_MAX
               ? RF_OK
               : rf_why_set(why, RF_ERR_DENIED, "name-character", "no name, or one too long");
}

static const char *base_of(const char *path)
{
    const char *slash = strrchr(path, '/');
    return slash == NULL ? path : slash + 1;
}

static bool ends_with(const char *name, const char *tail)
{
    size_t n = strlen(name), t = strlen(tail);
    return n >= t && strcasecmp(name + n - t, tail) == 0;
}

bool rf_files_device_of(const char *name, char device[16])
{
    static const char digits[] = "0123456789abcdefABCDEF";
    if (strlen(name) != 23 || strncasecmp(name, "SEP", 3) != 0 || strspn(name + 3, digits) != 12 ||
        strcasecmp(name + 15, ".cnf.xml") != 0)
        return false;
    snprintf(device, 16, "SEP%.12s", name + 3);
    for (char *c = device; *c != '\0'; c++)
        if (*c >= 'a' && *c <= 'z')
            *c = (char)(*c - 'a' + 'A');
    return true;
}

/* Trees lie in a folder that has no part in the names phones ask for. */
static const char *without_root(const char *path)
{
    static const char *const roots[] = {"tftpboot/", "tftproot/", "tftp/"};
    for (size_t i = 0; i < sizeof roots / sizeof *roots; i++)
        if (strncasecmp(path, roots[i], strlen(roots[i])) == 0)
            return path + strlen(roots[i]);
    return path;
}

/* Files this server makes for itself, under whatever name. */
static bool is_generated(const char *base)
{
    static const char *const tails[] = {".cnf.xml", ".cnf", ".tlv"};
    static const char *const names[] = {"ConfigFileCacheList.txt", "FileList.txt",
                                        "BinFileCacheList.txt", "PerfMon.txt"};
    for (size_t i = 0; i < sizeof tails / sizeof *tails; i++)
        if (ends_with(base, tails[i]))
            return true;
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        if (strcasecmp(base, names[i]) == 0)
            return true;
    return false;
}

/* What phones ask for beside configurations and firmware, by the ends of names. */
static bool is_companion(const char *base)
{
    static const char *const tails[] = {".xml", ".jar", ".png", ".raw", ".rwb", ".dat"};
    for (size_t i = 0; i < sizeof tails / sizeof *tails; i++)
        if (ends_with(base, tails[i]))
            return true;
    return false;
}

/* ---- one tree on its way ---- */

struct sorting {
    const struct rf_files_import *how;
    char *folder;
    struct rf_stage stage;
    struct rf_files_report *report;
    struct rf_files_item *item; /* that is being read */
    struct rf_file_out out;
    bool is_open;
    bool is_device; /* it is read into memory: it may hold passwords */
    struct rf_buf device;
};

static void refuse(struct rf_files_item *item, const struct rf_why *why)
{
    item->kind = RF_FILES_REFUSED;
    snprintf(item->code, sizeof item->code, "%s", why->code);
    snprintf(item->text, sizeof item->text, "%s", why->text);
}

static enum rf_err check_signed(struct rf_slice head, uint64_t size, struct rf_files_item *item,
                                struct rf_why *why)
{
    struct rf_signedfile sf;
    struct rf_why none = {0};
    if (rf_signedfile_decode(head, (size_t)size, &sf, &none) != RF_OK)
        return RF_OK;
    if (rf_signedfile_kind_of(&sf) != RF_SIGNEDFILE_KIND_IMAGE)
        return rf_why_set(why, RF_ERR_DENIED, "file-signed",
                          "a %s of another server: bring the plain file, it is signed here",
                          rf_signedfile_kind_name(rf_signedfile_kind_of(&sf)));
    item->kind = RF_FILES_FIRMWARE;
    return RF_OK;
}

static enum rf_err check_xml(const char *path, struct rf_why *why)
{
    RF_AUTO(rf_buf_fini) struct rf_buf xml = {0};
    struct rf_why inner = {0};
    enum rf_err err = rf_file_read(path, RF_FILES_XML_MAX, &xml, &inner);
    if (err == RF_ERR_LIMIT)
        return rf_why_set(why, RF_ERR_DENIED, "file-size", "longer than any document of a phone");
    if (err == RF_OK)
        err = rf_phonelist_check(rf_buf_slice(&xml), RF_FILES_XML_MAX, NULL, &inner);
    if (err == RF_OK || rf_fault_skips("files.xml"))
        return RF_OK;
    return rf_why_set(why, RF_ERR_DENIED, "file-xml", "%s", inner.text);
}

/* A whole file in waiting: what is it? */
static enum rf_err classify(struct rf_files_item *item, const char *path, struct rf_why *why)
{
    RF_AUTO(rf_buf_fini) struct rf_buf head = {0};
    const char *base = base_of(item->path);
    uint64_t size = 0;
    enum rf_err err = rf_file_head(path, RF_SIGNEDFILE_HEADER_MAX, &head, &size, why);
    if (err == RF_OK && size == 0)
        return rf_why_set(why, RF_ERR_DENIED, "file-empty", "phones take an empty file for none");
    if (err == RF_OK)
        err = check_signed(rf_buf_slice(&head), size, item, why);
    if (err != RF_OK || item->kind == RF_FILES_FIRMWARE)
        return err;
    if (rf_family_is_bare(base)) {
        item->kind = RF_FILES_FIRMWARE;
        return RF_OK;
    }
    if (is_generated(base))
        return rf_why_set(why, RF_ERR_DENIED, "file-generated", "this server makes its own");
    struct rf_slice first = rf_slice_part(rf_buf_slice(&head), 0, RF_SOURCE_SNIFF);
    if (rf_source_is_archive(first) && !ends_with(base, ".jar"))
        return rf_why_set(why, RF_ERR_DENIED, "archive-nested",
                          "an archive in an archive or folder: name it by itself");
    if (!is_companion(base))
        return rf_why_set(why, RF_ERR_DENIED, "file-unknown",
                          "not of a kind that phones ask for; `ringfence files add` takes it");
    return ends_with(base, ".xml") ? check_xml(path, why) : RF_OK;
}

/* ---- against what is there ---- */

static enum rf_err compare(const struct sorting *s, struct rf_files_item *item, const char *path,
                           struct rf_why *why)
{
    RF_AUTO(rf_freep) char *there = rf_path_join(s->folder, item->target);
    uint8_t mine[32], its[32];
    for (const struct rf_files_item *other = s->report->items; other != item; other++)
        if (other->kind == RF_FILES_FILE && strcmp(other->target, item->target) == 0)
            return rf_why_set(why, RF_ERR_EXISTS, "file-twice", "%s comes to the same name",
                              other->path);
    if (!rf_file_exists(there))
        return RF_OK;
    enum rf_err err = rf_source_sha256(path, mine, why);
    if (err == RF_OK)
        err = rf_source_sha256(there, its, why);
    if (err != RF_OK)
        return err;
    bool is_same = rf_slice_eq(rf_slice_of(mine, 32), rf_slice_of(its, 32));
    item->what = is_same ? RF_IMAGE_SAME : RF_IMAGE_REPLACED;
    if (!is_same && !s->how->is_forced)
        return rf_why_set(why, RF_ERR_EXISTS, "file-exists",
                          "another file of that name is there; --force replaces it");
    return RF_OK;
}

static bool is_fatal(enum rf_err err)
{
    return err == RF_ERR_IO || err == RF_ERR_NOMEM;
}

static enum rf_err take(struct sorting *s, const char *path, struct rf_why *why)
{
    struct rf_files_item *item = s->item;
    struct rf_why inner = {0};
    enum rf_err err = classify(item, path, &inner);
    if (err == RF_OK && item->kind == RF_FILES_FILE)
        err = compare(s, item, path, &inner);
    if (is_fatal(err))
        return rf_why_set(why, err, inner.code, "%s", inner.text);
    if (err != RF_OK)
        refuse(item, &inner);
    if (item->kind == RF_FILES_FILE && item->what != RF_IMAGE_SAME)
        return RF_OK;
    item->number = 0;
    return rf_file_remove(path, why);
}

/* ---- a device's configuration ---- */

static void begin_device(struct sorting *s)
{
    s->is_device = true;
    s->device.len = 0;
    if (s->device.p == NULL) {
        s->device = RF_BUF(RF_PHONEXML_BYTES_MAX);
        rf_bug_on(rf_buf_room(&s->device, RF_PHONEXML_BYTES_MAX) == NULL);
    }
}

static enum rf_err classify_device(const struct sorting *s, struct rf_files_item *item,
                                   struct rf_why *why)
{
    struct rf_slice xml = rf_buf_slice(&s->device);
    if (item->size == 0)
        return rf_why_set(why, RF_ERR_DENIED, "file-empty", "phones take an empty file for none");
    if (item->size > xml.len)
        return rf_why_set(why, RF_ERR_DENIED, "file-size",
                          "longer than any configuration of a phone");
    for (const struct rf_files_item *other = s->report->items; other != item; other++)
        if (other->kind == RF_FILES_DEVICE && strcmp(other->target, item->target) == 0)
            return rf_why_set(why, RF_ERR_EXISTS, "file-twice", "%s is of the same device",
                              other->path);
    item->kind = RF_FILES_DEVICE;
    return check_signed(xml, item->size, item, why);
}

static void take_device(struct sorting *s)
{
    struct rf_files_item *item = s->item;
    struct rf_why inner = {0};
    struct rf_slice xml = rf_buf_slice(&s->device);
    s->is_device = false;
    if (classify_device(s, item, &inner) != RF_OK) {
        refuse(item, &inner);
    } else if (item->kind == RF_FILES_DEVICE) {
        item->device = RF_BUF(xml.len);
        rf_bug_on(rf_buf_add_slice(&item->device, xml) != RF_OK);
    }
}

/* ---- what is read ---- */

static enum rf_err check_entry(const struct rf_source_entry *entry, struct rf_files_item *item,
                               struct rf_why *why)
{
    if (!rf_fault_skips("files.import-link") && entry->kind == RF_SOURCE_LINK)
        return rf_why_set(why, RF_ERR_DENIED, "import-link", "a link: bring the file itself");
    if (!rf_fault_skips("files.import-device") && entry->kind == RF_SOURCE_OTHER)
        return rf_why_set(why, RF_ERR_DENIED, "import-device", "no regular file");
    snprintf(item->target, sizeof item->target, "%s", without_root(entry->path));
    return rf_fault_skips("files.name") ? RF_OK : rf_files_check_name(item->target, why);
}

static enum rf_err on_begin(void *arg, const struct rf_source_entry *entry, bool *wanted,
                            struct rf_why *why)
{
    struct sorting *s = arg;
    struct rf_why inner = {0};
    s->item = &s->report->items[s->report->n_items++];
    snprintf(s->item->path, sizeof s->item->path, "%s", entry->path);
    if (check_entry(entry, s->item, &inner) != RF_OK || entry->kind != RF_SOURCE_FILE) {
        refuse(s->item, &inner);
        return RF_OK;
    }
    *wanted = true;
    if (rf_files_device_of(base_of(s->item->path), s->item->target)) {
        begin_device(s);
        return RF_OK;
    }
    enum rf_err err = rf_stage_file(&s->stage, &s->out, &s->item->number, why);
    s->is_open = err == RF_OK;
    return err;
}

static enum rf_err on_add(void *arg, struct rf_slice part, struct rf_why *why)
{
    struct sorting *s = arg;
    s->item->size += part.len;
    if (s->is_device)
        return s->item->size <= s->device.max ? rf_buf_add_slice(&s->device, part) : RF_OK;
    return rf_file_out_add(&s->out, part, why);
}

static enum rf_err on_end(void *arg, struct rf_why *why)
{
    struct sorting *s = arg;
    if (s->is_device) {
        take_device(s);
        return RF_OK;
    }
    RF_AUTO(rf_freep) char *path = rf_stage_path(&s->stage, s->item->number);
    s->is_open = false;
    enum rf_err err = rf_file_out_commit(&s->out, why);
    return err == RF_OK ? take(s, path, why) : err;
}

static enum rf_err read_tree(struct sorting *s, const char *path, struct rf_why *why)
{
    struct rf_source_budget budget = {.limits = &rf_source_limits};
    struct rf_source_sink sink = {.arg = s, .begin = on_begin, .add = on_add, .end = on_end};
    enum rf_err err = rf_source_read(path, &budget, &sink, why);
    if (s->is_open)
        rf_file_out_abort(&s->out);
    s->is_open = false;
    return err;
}

/* ---- what came of it ---- */

/* Firmware was sorted before: was this one taken? */
static void join_image(struct rf_files_item *item, const struct rf_image_report *images)
{
    for (size_t i = 0; i < images->n_ignored; i++)
        if (strcmp(images->ignored[i].what, item->path) == 0) {
            struct rf_why why = {0};
            rf_why_set(&why, RF_ERR_DENIED, images->ignored[i].code, "%s", images->ignored[i].text);
            refuse(item, &why);
            return;
        }
    for (size_t i = 0; i < images->n_files; i++)
        if (strcmp(images->files[i].from, item->path) == 0) {
            item->what = images->files[i].what;
            snprintf(item->target, sizeof item->target, "%s", images->files[i].name);
        }
}

static void find_doublets(struct rf_files_report *r)
{
    for (size_t i = 0; i < r->n_items; i++)
        for (size_t k = 0; k < i && r->items[i].kind == RF_FILES_FILE; k++)
            if (r->items[k].kind == RF_FILES_FILE && r->items[i].code[0] == '\0' &&
                strcasecmp(r->items[i].target, r->items[k].target) == 0) {
                snprintf(r->items[i].code, sizeof r->items[i].code, "file-case");
                snprintf(r->items[i].text, sizeof r->items[i].text,
                         "%.100s differs only in the case of letters: phones that spell it "
                         "otherwise get neither",
                         r->items[k].target);
            }
}

static bool has_use(const struct rf_files_report *r)
{
    for (size_t i = 0; i < r->n_items; i++)
        if (r->items[i].kind != RF_FILES_REFUSED)
            return true;
    return false;
}

static enum rf_err put_all(struct sorting *s, struct rf_why *why)
{
    enum rf_err err = RF_OK;
    for (size_t i = 0; i < s->report->n_items && err == RF_OK; i++)
        if (s->report->items[i].number != 0 && s->report->items[i].kind == RF_FILES_FILE)
            err = rf_stage_put(&s->stage, s->report->items[i].number, s->report->items[i].target,
                               why);
    return err == RF_OK ? rf_stage_commit(&s->stage, why) : err;
}

/* Everything is read and judged before anything is changed. Then firmware first, in one step; the
 * files behind it, in another: a crash between the two leaves firmware that nobody names yet, and
 * whoever repeats the command gets the rest. */
static enum rf_err sort_files(struct sorting *s, const char *path, struct rf_why *why)
{
    const struct rf_image_import images = {.site_dir = s->how->site_dir,
                                           .is_forced = s->how->is_forced,
                                           .is_dry = s->how->is_dry,
                                           .is_tree = true};
    enum rf_err err = rf_stage_open(s->folder, &s->stage, why);
    if (err == RF_OK)
        err = read_tree(s, path, why);
    find_doublets(s->report);
    if (err == RF_OK)
        err = rf_image_import(&images, &path, 1, &s->report->images, why);
    rf_crash_point("files.firmware");
    for (size_t i = 0; i < s->report->n_items && err == RF_OK; i++)
        if (s->report->items[i].kind == RF_FILES_FIRMWARE)
            join_image(&s->report->items[i], &s->report->images);
    if (err == RF_OK && !has_use(s->report))
        return rf_why_set(why, RF_ERR_BAD, "import-none", "%s: nothing of use to phones in it",
                          path);
    return err == RF_OK && !s->how->is_dry ? put_all(s, why) : err;
}

enum rf_err rf_files_import(const struct rf_files_import *how, const char *path,
                            struct rf_files_report *out, struct rf_why *why)
{
    struct sorting s = {.how = how, .report = out, .stage = {.lock_fd = -1}};
    *out =
        (struct rf_files_report){.items = rf_new_n(struct rf_files_item, rf_source_limits.entries)};
    s.folder = rf_site_path_in(how->site_dir, RF_SITE_FILES);
    enum rf_err err = sort_files(&s, path, why);
    rf_stage_close(&s.stage);
    rf_buf_wipe(&s.device);
    rf_free(s.folder);
    return err;
}

/* ---- one file ---- */

static enum rf_err add_in(struct sorting *s, const char *path, const char *name, struct rf_why *why)
{
    s->item = &s->report->items[s->report->n_items++];
    snprintf(s->item->path, sizeof s->item->path, "%s", name);
    snprintf(s->item->target, sizeof s->item->target, "%s", name);
    RF_AUTO(rf_buf_fini) struct rf_buf file = {0};
    enum rf_err err = rf_file_read(path, RF_FILES_BYTES_MAX, &file, why);
    if (err == RF_OK && file.len == 0)
        err = rf_why_set(why, RF_ERR_DENIED, "file-empty", "phones take an empty file for none");
    if (err == RF_OK)
        err = rf_stage_open(s->folder, &s->stage, why);
    if (err == RF_OK)
        err = rf_stage_file(&s->stage, &s->out, &s->item->number, why);
    if (err != RF_OK)
        return err;
    err = on_add(s, rf_buf_slice(&file), why);
    if (err != RF_OK) {
        rf_file_out_abort(&s->out);
        return err;
    }
    RF_AUTO(rf_freep) char *waiting = rf_stage_path(&s->stage, s->item->number);
    err = rf_file_out_commit(&s->out, why);
    if (err == RF_OK)
        err = compare(s, s->item, waiting, why);
    return err == RF_OK ? put_all(s, why) : err;
}

enum rf_err rf_files_add(const struct rf_files_import *how, const char *path, const char *name,
                         struct rf_why *why)
{
    struct rf_files_item item = {.kind = RF_FILES_FILE};
    struct rf_files_report report = {.items = &item};
    struct sorting s = {.how = how, .report = &report, .stage = {.lock_fd = -1}};
    enum rf_err err = rf_files_check_name(name, why);
    if (err == RF_OK && is_generated(base_of(name)))
        err =
            rf_why_set(why, RF_ERR_DENIED, "file-generated", "this server makes its own %s", name);
    if (err != RF_OK)
        return err;
    s.folder = rf_site_path_in(how->site_dir, RF_SITE_FILES);
    err = add_in(&s, path, name, why);
    rf_stage_close(&s.stage);
    rf_free(s.folder);
    return err;
}

enum rf_err rf_files_remove(const char *site_dir, const char *name, struct rf_why *why)
{
    RF_AUTO(rf_freep) char *folder = rf_site_path_in(site_dir, RF_SITE_FILES);
    RF_AUTO(rf_freep) char *path = rf_path_join(folder, name);
    struct rf_stage stage = {.lock_fd = -1};
    struct stat st;
    enum rf_err err = rf_files_check_name(name, why);
    if (err == RF_OK && (lstat(path, &st) != 0 || S_ISDIR(st.st_mode)))
        err = rf_why_set(why, RF_ERR_NOT_FOUND, "file-unknown",
                         "there is no %s: `ringfence files list` shows what there is", name);
    if (err == RF_OK)
        err = rf_stage_open(folder, &stage, why);
    if (err == RF_OK)
        err = rf_stage_drop(&stage, name, why);
    if (err == RF_OK)
        err = rf_stage_commit(&stage, why);
    rf_stage_close(&stage);
    return err;
}

/* ---- listing ---- */

struct listing {
    void (*each)(void *arg, const char *name, uint64_t size);
    void *arg;
    struct rf_why *why;
};

static int no_dots(const struct dirent *e)
{
    return e->d_name[0] != '.';
}

/* Bounded: no deeper than names may be. */
static enum rf_err list(const struct listing *l, const char *folder, const char *below,
                        unsigned depth)
{
    RF_AUTO(rf_freep)
    char *path = below[0] == '\0' ? rf_strdup(folder) : rf_path_join(folder, below);
    struct dirent **names = NULL;
    enum rf_err err = RF_OK;
    int n = scandir(path, &names, no_dots, alphasort);
    if (n < 0)
        return errno == ENOENT
                   ? RF_OK
                   : rf_why_set(l->why, RF_ERR_IO, "file-io", "list %s: %s", path, strerror(errno));
    for (int i = 0; i < n; i++) {
        RF_AUTO(rf_freep)
        char *name =
            below[0] == '\0' ? rf_strdup(names[i]->d_name) : rf_path_join(below, names[i]->d_name);
        RF_AUTO(rf_freep) char *full = rf_path_join(folder, name);
        struct stat st;
        bool is_there = lstat(full, &st) == 0;
        if (is_there && S_ISREG(st.st_mode) && !rf_file_is_leftover(names[i]->d_name))
            l->each(l->arg, name, (uint64_t)st.st_size);
        else if (is_there && S_ISDIR(st.st_mode) && depth < RF_FILES_DEPTH_MAX && err == RF_OK)
            err = list(l, folder, name, depth + 1);
        rf_free(names[i]);
    }
    rf_free(names);
    return err;
}

enum rf_err rf_files_each(const char *site_dir,
                          void (*each)(void *arg, const char *name, uint64_t size), void *arg,
                          struct rf_why *why)
{
    RF_AUTO(rf_freep) char *folder = rf_site_path_in(site_dir, RF_SITE_FILES);
    struct listing l = {.each = each, .arg = arg, .why = why};
    return list(&l, folder, "", 1);
}
