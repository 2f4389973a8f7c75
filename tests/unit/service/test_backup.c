/* SPDX-License-Identifier: Apache-2.0 */
/* What no honest backup has, and a site that changes while it is read. The rest is seen end to end,
 * in tests/e2e/test_backup.py. */
#include "unit.h"

#include <archive.h>
#include <archive_entry.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/file_tree.h"
#include "service/setup/backup.h"
#include "service/site/site.h"
#include "store/store.h"

#define PASSPHRASE "a passphrase"
#define MAX        ((size_t)4 * 1024 * 1024)

struct place {
    char dir[64];
    char *site;
    struct rf_buf backup;
    unsigned restarts;
    unsigned changes; /* so often a file of the site changes while it is read */
};

static int set_up(void **state)
{
    struct place *p = rf_new(struct place);
    RF_AUTO(rf_site_conf_freep) struct rf_site_conf *conf = rf_site_conf_new();
    RF_AUTO(rf_store_closep) struct rf_store *store = NULL;
    struct rf_why why = {0};
    test_tmp(p->dir, sizeof p->dir, "backup");
    assert_non_null(mkdtemp(p->dir));
    p->site = rf_path_join(p->dir, "site");
    p->backup = RF_BUF(MAX);
    RF_AUTO(rf_freep) char *db = rf_site_path_in(p->site, RF_SITE_DB);
    assert_err(rf_site_make(p->site, &why), RF_OK);
    assert_err(rf_site_conf_create(p->site, conf, &why), RF_OK);
    assert_err(rf_store_open(db, &store, &why), RF_OK);
    *state = p;
    return 0;
}

static int tear_down(void **state)
{
    struct place *p = *state;
    assert_err(rf_tree_remove(p->dir, NULL), RF_OK);
    rf_buf_fini(&p->backup);
    rf_free(p->site);
    rf_free(p);
    return 0;
}

/* ---- made while the site changes ---- */

static enum rf_err keep(void *arg, struct rf_slice bytes, struct rf_why *why)
{
    struct place *p = arg;
    return rf_buf_add_slice(&p->backup, bytes);
}

#define HEAD_LEN 49 /* comes before anything is read */

static enum rf_err keep_and_change(void *arg, struct rf_slice bytes, struct rf_why *why)
{
    struct place *p = arg;
    enum rf_err err = rf_buf_add_slice(&p->backup, bytes);
    if (p->restarts >= p->changes || p->backup.len <= HEAD_LEN)
        return err;
    RF_AUTO(rf_freep) char *path = rf_strf("%s/certs/other.pem", p->site);
    RF_AUTO(rf_freep) char *text = rf_strf("version %u", p->restarts);
    return rf_file_replace(path, rf_slice_str(text), RF_FILE_PUBLIC, why);
}

static enum rf_err again(void *arg, struct rf_why *why)
{
    struct place *p = arg;
    p->restarts++;
    p->backup.len = 0;
    return RF_OK;
}

static enum rf_err make(struct place *p, rf_seal_sink sink, struct rf_why *why)
{
    struct rf_backup make = {
        .site_dir = p->site, .passphrase = rf_slice_str(PASSPHRASE), .now_s = 1700000000};
    struct rf_backup_report report;
    *why = (struct rf_why){0};
    return rf_backup_make(&make, sink, again, p, &report, why);
}

static enum rf_err give(void *arg, uint8_t *buf, size_t cap, size_t *n, struct rf_why *why)
{
    struct rf_rd *rd = arg;
    size_t left = rf_rd_left(rd);
    *n = left < cap ? left : cap;
    assert_true(rf_rd_copy(rd, buf, *n));
    return RF_OK;
}

static enum rf_err restore_to(struct place *p, const char *dir, struct rf_why *why)
{
    struct rf_rd rd = rf_rd_of(rf_buf_slice(&p->backup));
    struct rf_backup_report report;
    *why = (struct rf_why){0};
    return rf_backup_restore(dir, rf_slice_str(PASSPHRASE), give, &rd, &report, why);
}

static enum rf_err restore(struct place *p, struct rf_why *why)
{
    RF_AUTO(rf_freep) char *dir = rf_path_join(p->dir, "new");
    enum rf_err err = restore_to(p, dir, why);
    RF_AUTO(rf_freep) char *begun = rf_path_join(p->dir, "new.restoring");
    assert_false(rf_file_exists(begun));
    assert_int_equal(rf_file_exists(dir), err == RF_OK);
    return err;
}

static void a_site_that_changes_is_read_again(void **state)
{
    struct place *p = *state;
    struct rf_why why;
    p->changes = 1;
    assert_err(make(p, keep_and_change, &why), RF_OK);
    assert_int_equal(p->restarts, 1);
    assert_err(restore(p, &why), RF_OK);
    RF_AUTO(rf_freep) char *path = rf_strf("%s/new/certs/other.pem", p->dir);
    RF_AUTO(rf_buf_fini) struct rf_buf text = {0};
    assert_err(rf_file_read(path, 100, &text, &why), RF_OK);
    assert_slice_str(rf_buf_slice(&text), "version 0");
}

static void a_site_that_always_changes_is_told(void **state)
{
    struct place *p = *state;
    struct rf_why why;
    p->changes = 100;
    assert_refused(make(p, keep_and_change, &why), RF_ERR_AGAIN, why, "backup-changed");
    assert_int_equal(p->restarts, 4);
}

/* ---- what no backup has ---- */

struct entry {
    const char *name;
    const char *text;
    int type; /* AE_IF...; 0: a regular file */
    const char *hardlink;
};

static la_ssize_t collect(struct archive *a, void *arg, const void *bytes, size_t n)
{
    assert_err(rf_buf_add(arg, bytes, n), RF_OK);
    return (la_ssize_t)n;
}

static enum rf_err keep_all(void *arg, struct rf_slice bytes, struct rf_why *why)
{
    return rf_buf_add_slice(arg, bytes);
}

/* Into p->backup: these entries, behind the note unless the first says otherwise. */
static void forge(struct place *p, const struct entry *entries, size_t n, const char *note)
{
    RF_AUTO(rf_buf_fini) struct rf_buf tar = RF_BUF(MAX);
    RF_AUTO(rf_seal_freep) struct rf_seal *seal = NULL;
    struct rf_why why = {0};
    struct archive *a = archive_write_new();
    assert_int_equal(archive_write_set_format_pax_restricted(a), ARCHIVE_OK);
    assert_int_equal(archive_write_open(a, &tar, NULL, collect, NULL), ARCHIVE_OK);
    struct entry first = {.name = "ringfence-backup", .text = note};
    for (size_t i = 0; i <= n; i++) {
        const struct entry *e = i == 0 ? &first : &entries[i - 1];
        struct archive_entry *ae = archive_entry_new();
        archive_entry_set_pathname(ae, e->name);
        archive_entry_set_filetype(ae, e->type != 0 ? (unsigned)e->type : AE_IFREG);
        archive_entry_set_perm(ae, 0600);
        if (e->hardlink != NULL)
            archive_entry_set_hardlink(ae, e->hardlink);
        if (e->type == AE_IFLNK)
            archive_entry_set_symlink(ae, e->text);
        else
            archive_entry_set_size(ae, (la_int64_t)strlen(e->text));
        assert_int_equal(archive_write_header(a, ae), ARCHIVE_OK);
        if (e->type != AE_IFLNK)
            archive_write_data(a, e->text, strlen(e->text));
        archive_entry_free(ae);
    }
    assert_int_equal(archive_write_close(a), ARCHIVE_OK);
    archive_write_free(a);
    p->backup.len = 0;
    assert_err(rf_seal_new(rf_slice_str(PASSPHRASE), 14, keep_all, &p->backup, &seal, &why), RF_OK);
    assert_err(rf_seal_add(seal, rf_buf_slice(&tar), &why), RF_OK);
    assert_err(rf_seal_finish(seal, &why), RF_OK);
}

#define NOTE "ringfence backup, version 1, made at 1700000000\n"

static void what_no_backup_has_is_refused(void **state)
{
    struct place *p = *state;
    struct rf_why why;
    static const struct entry evil[] = {
        {.name = "../out", .text = "x"},
        {.name = "/tmp/rf-backup-out", .text = "x"},
        {.name = "certs/../../out", .text = "x"},
        {.name = "certs//x", .text = "x"},
        {.name = "certs/.hidden", .text = "x"},
        {.name = "a/b/c/d/e/f/g/h/i", .text = "x"},
        {.name = "certs/link", .text = "/etc/passwd", .type = AE_IFLNK},
        {.name = "certs/fifo", .text = "", .type = AE_IFIFO},
        {.name = "certs/folder", .text = "", .type = AE_IFDIR},
        {.name = "certs/hard", .text = "", .hardlink = "ringfence-backup"},
    };
    for (size_t i = 0; i < sizeof evil / sizeof *evil; i++) {
        forge(p, &evil[i], 1, NOTE);
        assert_refused(restore(p, &why), RF_ERR_BAD, why, "backup-entry");
        assert_non_null(strstr(why.text, evil[i].name)); /* whoever made it can look for it */
    }
    forge(p, NULL, 0, "ringfence backup, version 2, made at 1700000000\n");
    assert_refused(restore(p, &why), RF_ERR_BAD, why, "backup-entry");
}

static void half_a_site_is_refused(void **state)
{
    struct place *p = *state;
    struct rf_why why;
    const struct entry few[] = {{.name = "certs/a.pem", .text = "x"}};
    forge(p, few, 1, NOTE);
    assert_refused(restore(p, &why), RF_ERR_BAD, why, "backup-incomplete");
    const struct entry no_db[] = {{.name = "ringfence.conf", .text = ""}};
    forge(p, no_db, 1, NOTE);
    assert_refused(restore(p, &why), RF_ERR_BAD, why, "backup-incomplete");
    /* Their twin, made as it should be. */
    p->backup.len = 0;
    assert_err(make(p, keep, &why), RF_OK);
    assert_err(restore(p, &why), RF_OK);
}

/* ---- what is kept is what can be brought back ---- */

static void put(const struct place *p, const char *name, unsigned mode)
{
    RF_AUTO(rf_freep) char *path = rf_path_join(p->site, name);
    RF_AUTO(rf_freep) char *folder = rf_strf("%.*s", (int)(strrchr(path, '/') - path), path);
    assert_err(rf_dir_make(folder, 0755, NULL), RF_OK);
    assert_err(rf_file_replace(path, rf_slice_str("x"), mode, NULL), RF_OK);
}

/* Of a file that was brought back; 0: it was not. */
static unsigned mode_of(const struct place *p, const char *name)
{
    RF_AUTO(rf_freep) char *path = rf_strf("%s/new/%s", p->dir, name);
    struct stat st;
    return stat(path, &st) == 0 ? st.st_mode & 0777 : 0;
}

static void what_belongs_to_a_site_is_kept_and_nothing_else(void **state)
{
    struct place *p = *state;
    struct rf_why why;
    static const char *const others[] = {
        ".ringfence.conf.swp",
        ".git/objects/pack/a/b/c/d/e/f/g",
        "files/.DS_Store",
        "files/.incoming/000001",
        "files/.incoming/todo",
        "certs/ccm.pem~/.x/y",
        "trust/list/a.pem.new.KCs2dh",
        "keys/next-sast2.pem.new.abcdef",
    };
    static const char *const own[] = {
        "files/ring.new.xml",
        "files/a/b/c/d/e/f/g.xml",
        "trust/mic-roots/M\xc3\xbcller.pem",
        "certs/two words.pem",
    };
    for (size_t i = 0; i < sizeof others / sizeof *others; i++)
        put(p, others[i], RF_FILE_PRIVATE);
    for (size_t i = 0; i < sizeof own / sizeof *own; i++)
        put(p, own[i], RF_FILE_PUBLIC);
    put(p, "files/group.xml", 0640);
    assert_err(make(p, keep, &why), RF_OK);
    assert_err(restore(p, &why), RF_OK);
    assert_int_equal(mode_of(p, "files/group.xml"), RF_FILE_PRIVATE); /* open to no more than was */
    for (size_t i = 0; i < sizeof others / sizeof *others; i++)
        assert_int_equal(mode_of(p, others[i]), 0);
    for (size_t i = 0; i < sizeof own / sizeof *own; i++)
        assert_int_equal(mode_of(p, own[i]), RF_FILE_PUBLIC);
}

static void what_could_not_be_brought_back_is_told_at_once(void **state)
{
    struct place *p = *state;
    struct rf_why why;
    char wide[512];
    snprintf(wide, sizeof wide, "files/%0150d/%0150d", 0, 0);
    static const char deep[] = "files/a/b/c/d/e/f/g/h.xml";
    const char *const names[] = {deep, wide};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        RF_AUTO(rf_freep) char *path = rf_path_join(p->site, names[i]);
        put(p, names[i], RF_FILE_PUBLIC);
        p->backup.len = 0;
        assert_refused(make(p, keep, &why), RF_ERR_DENIED, why, "backup-name");
        assert_non_null(strstr(why.text, i == 0 ? deep : "files/0000000000"));
        assert_err(rf_file_remove(path, NULL), RF_OK);
    }
}

/* ---- where it goes ---- */

static void is_site(const struct place *p, const char *name)
{
    RF_AUTO(rf_freep) char *dir = rf_path_join(p->dir, name);
    RF_AUTO(rf_freep) char *hidden = rf_path_join(dir, ".restoring");
    RF_AUTO(rf_freep) char *beside = rf_strf("%s.restoring", dir);
    RF_AUTO(rf_site_freep) struct rf_site *site = NULL;
    assert_err(rf_site_open(dir, &site, NULL), RF_OK);
    assert_false(rf_file_exists(hidden));
    assert_false(rf_file_exists(beside));
}

/* An empty folder stays what it was: a disc may be mounted there. */
static void an_empty_folder_is_filled_however_it_is_spelled(void **state)
{
    struct place *p = *state;
    static const char *const spelled[] = {"plain", "slash/", "slashes//", "dot/."};
    static const char *const names[] = {"plain", "slash", "slashes", "dot"};
    struct rf_why why;
    assert_err(make(p, keep, &why), RF_OK);
    for (size_t i = 0; i < sizeof spelled / sizeof *spelled; i++) {
        RF_AUTO(rf_freep) char *dir = rf_path_join(p->dir, spelled[i]);
        struct stat before, after;
        RF_AUTO(rf_freep) char *plain = rf_path_join(p->dir, names[i]);
        assert_int_equal(mkdir(plain, 0750), 0);
        assert_int_equal(stat(dir, &before), 0);
        assert_err(restore_to(p, dir, &why), RF_OK);
        is_site(p, names[i]);
        assert_int_equal(stat(dir, &after), 0);
        assert_true(before.st_ino == after.st_ino && before.st_mode == after.st_mode);
    }
    RF_AUTO(rf_freep) char *target = rf_path_join(p->dir, "target");
    RF_AUTO(rf_freep) char *link = rf_path_join(p->dir, "link");
    assert_int_equal(mkdir(target, 0755), 0);
    assert_int_equal(symlink("target", link), 0);
    assert_err(restore_to(p, link, &why), RF_OK);
    is_site(p, "target");
    assert_refused(restore_to(p, target, &why), RF_ERR_EXISTS, why, "site-exists");
}

static void a_folder_that_is_not_there_is_made(void **state)
{
    struct place *p = *state;
    RF_AUTO(rf_freep) char *dir = rf_path_join(p->dir, "a/b//");
    RF_AUTO(rf_freep) char *nowhere = rf_path_join(p->dir, "nowhere");
    struct rf_why why;
    assert_err(make(p, keep, &why), RF_OK);
    assert_err(restore_to(p, dir, &why), RF_OK);
    is_site(p, "a/b");
    assert_int_equal(symlink("leads/nowhere", nowhere), 0);
    assert_refused(restore_to(p, nowhere, &why), RF_ERR_EXISTS, why, "site-exists");
}

static void an_empty_folder_is_empty_again_after_a_refusal(void **state)
{
    struct place *p = *state;
    RF_AUTO(rf_freep) char *dir = rf_path_join(p->dir, "empty");
    RF_AUTO(rf_freep) char *half = rf_path_join(dir, ".restoring/keys");
    RF_AUTO(rf_freep) char *mine = rf_path_join(dir, "mine");
    struct rf_why why;
    const struct entry few[] = {{.name = "certs/a.pem", .text = "x"}};
    assert_int_equal(mkdir(dir, 0755), 0);
    forge(p, few, 1, NOTE);
    assert_refused(restore_to(p, dir, &why), RF_ERR_BAD, why, "backup-incomplete");
    assert_true(rf_dir_is_empty(dir));
    /* What an interrupted one left goes; what it did not leave stays, and is in the way. */
    p->backup.len = 0;
    assert_err(make(p, keep, &why), RF_OK);
    assert_err(rf_dir_make(half, 0700, NULL), RF_OK);
    assert_err(rf_file_replace(mine, rf_slice_str("x"), RF_FILE_PUBLIC, NULL), RF_OK);
    assert_refused(restore_to(p, dir, &why), RF_ERR_EXISTS, why, "site-exists");
    assert_true(rf_file_exists(mine));
    assert_err(rf_file_remove(mine, NULL), RF_OK);
    assert_err(restore_to(p, dir, &why), RF_OK);
    is_site(p, "empty");
}

/* ---- the router of a branch ---- */

static void with_store(const char *site, void (*what)(struct rf_store *store))
{
    RF_AUTO(rf_store_closep) struct rf_store *store = NULL;
    RF_AUTO(rf_freep) char *db = rf_site_path_in(site, RF_SITE_DB);
    assert_err(rf_store_open(db, &store, NULL), RF_OK);
    what(store);
}

static void save_count(struct rf_store *store)
{
    assert_err(rf_store_setting_save(store, RF_STORE_BRANCH_EPOCH, rf_slice_str("00"), NULL),
               RF_OK);
    assert_err(rf_store_setting_save(store, "branch.kept", rf_slice_str("500"), NULL), RF_OK);
}

static void has_kept(struct rf_store *store)
{
    RF_AUTO(rf_buf_fini) struct rf_buf value = RF_BUF(64);
    assert_err(rf_store_setting_load(store, "branch.kept", &value, NULL), RF_OK);
    assert_slice_str(rf_buf_slice(&value), "500");
}

static void has_epoch(struct rf_store *store)
{
    RF_AUTO(rf_buf_fini) struct rf_buf value = RF_BUF(64);
    assert_err(rf_store_setting_load(store, RF_STORE_BRANCH_EPOCH, &value, NULL), RF_OK);
    assert_slice_str(rf_buf_slice(&value), "00");
}

static void has_no_epoch(struct rf_store *store)
{
    RF_AUTO(rf_buf_fini) struct rf_buf value = RF_BUF(64);
    struct rf_why why = {0};
    assert_refused(rf_store_setting_load(store, RF_STORE_BRANCH_EPOCH, &value, &why),
                   RF_ERR_NOT_FOUND, why, "setting-unknown");
}

/* What it had sent is not sent again; the site that goes on beside it counts as before. */
static void a_restored_router_counts_its_calls_anew(void **state)
{
    struct place *p = *state;
    RF_AUTO(rf_freep) char *dir = rf_path_join(p->dir, "new");
    struct rf_why why;
    with_store(p->site, save_count);
    assert_err(make(p, keep, &why), RF_OK);
    assert_err(restore(p, &why), RF_OK);
    with_store(dir, has_kept);
    with_store(dir, has_no_epoch);
    with_store(p->site, has_kept);
    with_store(p->site, has_epoch);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(a_site_that_changes_is_read_again, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_site_that_always_changes_is_told, set_up, tear_down),
        cmocka_unit_test_setup_teardown(what_no_backup_has_is_refused, set_up, tear_down),
        cmocka_unit_test_setup_teardown(half_a_site_is_refused, set_up, tear_down),
        cmocka_unit_test_setup_teardown(what_belongs_to_a_site_is_kept_and_nothing_else, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(what_could_not_be_brought_back_is_told_at_once, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(an_empty_folder_is_filled_however_it_is_spelled, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(a_folder_that_is_not_there_is_made, set_up, tear_down),
        cmocka_unit_test_setup_teardown(an_empty_folder_is_empty_again_after_a_refusal, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(a_restored_router_counts_its_calls_anew, set_up, tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
