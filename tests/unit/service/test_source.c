/* SPDX-License-Identifier: Apache-2.0 */
/* What is brought: paths, counts and sizes, with limits small enough to be reached. Archives are
 * made by libarchive here, and by Python in tests/e2e/test_image_store.py. */
#include "setup_place.h"

#include <archive.h>
#include <archive_entry.h>

#include "service/setup/source.h"

static const struct rf_source_limits small = {
    .entries = 4,
    .entry_bytes = 1000,
    .total_bytes = 2500,
    .bomb_bytes = 1000000,
    .bomb_ratio = 100,
};

static int group_setup(void **state)
{
    shared_begin();
    return 0;
}

static int group_teardown(void **state)
{
    remove_tree(shared.root);
    return 0;
}

/* What the sink was told. */
struct told {
    size_t entries, wanted, ended;
    uint64_t bytes;
    char last[RF_SOURCE_PATH_MAX + 1];
    enum rf_source_kind kind;
    bool wants;
    enum rf_err fails;
};

static enum rf_err on_begin(void *arg, const struct rf_source_entry *e, bool *wanted,
                            struct rf_why *why)
{
    struct told *t = arg;
    t->entries++;
    t->kind = e->kind;
    snprintf(t->last, sizeof t->last, "%s", e->path);
    *wanted = t->wants;
    t->wanted += t->wants;
    return t->fails;
}

static enum rf_err on_add(void *arg, struct rf_slice part, struct rf_why *why)
{
    ((struct told *)arg)->bytes += part.len;
    return RF_OK;
}

static enum rf_err on_end(void *arg, struct rf_why *why)
{
    ((struct told *)arg)->ended++;
    return RF_OK;
}

static enum rf_err read_it(const char *path, const struct rf_source_limits *limits,
                           struct told *told, struct rf_why *why)
{
    struct rf_source_budget budget = {.limits = limits};
    struct rf_source_sink sink = {.arg = told, .begin = on_begin, .add = on_add, .end = on_end};
    return rf_source_read(path, &budget, &sink, why);
}

/* An archive with `n` entries of `size` zeros; `name` has a %zu. */
static char *archive_of(const char *name, size_t n, size_t size, bool is_zip)
{
    char *path = rf_strf("%s/%u.archive", shared.root, shared.n++);
    struct archive *a = archive_write_new();
    if (is_zip)
        assert_int_equal(archive_write_set_format_zip(a), ARCHIVE_OK);
    else
        assert_int_equal(archive_write_set_format_ustar(a), ARCHIVE_OK);
    assert_int_equal(archive_write_open_filename(a, path), ARCHIVE_OK);
    RF_AUTO(rf_freep) char *zeros = rf_new_n(char, size + 1);
    for (size_t i = 0; i < n; i++) {
        struct archive_entry *e = archive_entry_new();
        RF_AUTO(rf_freep) char *entry = rf_strf("%s%zu", name, i);
        archive_entry_set_pathname(e, entry);
        archive_entry_set_filetype(e, AE_IFREG);
        archive_entry_set_perm(e, 0644);
        archive_entry_set_size(e, (la_int64_t)size);
        assert_int_equal(archive_write_header(a, e), ARCHIVE_OK);
        assert_int_equal(archive_write_data(a, zeros, size), size);
        archive_entry_free(e);
    }
    assert_int_equal(archive_write_close(a), ARCHIVE_OK);
    archive_write_free(a);
    return path;
}

static void an_archive_is_read_to_its_limits_and_no_further(void **state)
{
    static const struct {
        size_t n, size;
        enum rf_err err;
        const char *code;
    } rows[] = {
        {4, 600, RF_OK, ""},  {5, 1, RF_ERR_LIMIT, "entry-count"},
        {1, 1000, RF_OK, ""}, {1, 1001, RF_ERR_LIMIT, "entry-size"},
        {2, 1000, RF_OK, ""}, {3, 900, RF_ERR_LIMIT, "total-size"},
    };
    for (size_t i = 0; i < 2 * sizeof rows / sizeof *rows; i++) {
        const size_t row = i / 2;
        RF_AUTO(rf_freep) char *path = archive_of("f", rows[row].n, rows[row].size, i % 2 == 0);
        struct told told = {.wants = true};
        struct rf_why why = {0};
        assert_err(read_it(path, &small, &told, &why), rows[row].err);
        assert_string_equal(why.code, rows[row].code);
        if (rows[row].err != RF_OK)
            continue;
        assert_int_equal(told.ended, rows[row].n);
        assert_int_equal(told.bytes, rows[row].n * rows[row].size);
        /* What is not wanted is counted all the same. */
        told = (struct told){0};
        assert_err(read_it(path, &small, &told, NULL), RF_OK);
        assert_int_equal(told.entries, rows[row].n);
        assert_int_equal(told.bytes, 0);
    }
}

static void a_small_archive_that_becomes_large_is_a_bomb(void **state)
{
    static const struct rf_source_limits tight = {.entries = 9,
                                                  .entry_bytes = 10000000,
                                                  .total_bytes = 10000000,
                                                  .bomb_bytes = 100000,
                                                  .bomb_ratio = 100};
    RF_AUTO(rf_freep) char *bomb = archive_of("f", 1, 1000000, true);
    RF_AUTO(rf_freep) char *plain = archive_of("f", 1, 1000000, false);
    struct told told = {.wants = true};
    struct rf_why why = {0};
    assert_refused(read_it(bomb, &tight, &told, &why), RF_ERR_LIMIT, why, "archive-bomb");
    assert_true(told.bytes < 200000);
    assert_err(read_it(plain, &tight, &told, NULL), RF_OK);
}

static void one_budget_is_for_all_that_is_named(void **state)
{
    RF_AUTO(rf_freep) char *path = archive_of("f", 3, 10, true);
    struct told told = {0};
    struct rf_source_budget budget = {.limits = &small};
    struct rf_source_sink sink = {.arg = &told, .begin = on_begin, .add = on_add, .end = on_end};
    struct rf_why why = {0};
    assert_err(rf_source_read(path, &budget, &sink, NULL), RF_OK);
    assert_refused(rf_source_read(path, &budget, &sink, &why), RF_ERR_LIMIT, why, "entry-count");
}

static void paths_stay_below_what_was_named(void **state)
{
    static const struct {
        const char *path, *code, *clean;
    } rows[] = {
        {"a", "", "a"},
        {"./a/./b//c", "", "a/b/c"},
        {"a b/c", "", "a b/c"},
        {".hidden", "", ".hidden"},
        {"a..b", "", "a..b"},
        {"1/2/3/4/5/6/7/8", "", "1/2/3/4/5/6/7/8"},
        {"1/2/3/4/5/6/7/8/9", "path-deep", ""},
        {"/a", "path-absolute", ""},
        {"a/../b", "path-traversal", ""},
        {"..", "path-traversal", ""},
        {"a\\b", "path-name", ""},
        {"a\x01", "path-name", ""},
        {"\xc3\xa9", "path-name", ""},
        {"", "path-name", ""},
        {"./", "path-name", ""},
    };
    char clean[RF_SOURCE_PATH_MAX + 1];
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct rf_why why = {0};
        enum rf_err err = rf_source_check_path(rows[i].path, clean, &why);
        assert_string_equal(why.code, rows[i].code);
        if (err == RF_OK)
            assert_string_equal(clean, rows[i].clean);
    }
    char longest[RF_SOURCE_PATH_MAX + 2];
    memset(longest, 'n', sizeof longest);
    longest[RF_SOURCE_PATH_MAX + 1] = '\0';
    struct rf_why why = {0};
    assert_refused(rf_source_check_path(longest, clean, &why), RF_ERR_DENIED, why, "path-long");
    longest[RF_SOURCE_PATH_MAX] = '\0';
    assert_err(rf_source_check_path(longest, clean, NULL), RF_OK);
}

static void folders_are_read_in_the_order_of_names_and_links_are_told(void **state)
{
    RF_AUTO(rf_freep) char *dir = new_dir();
    RF_AUTO(rf_freep) char *inner = rf_path_join(dir, "b");
    RF_AUTO(rf_freep) char *file = rf_path_join(inner, "one");
    RF_AUTO(rf_freep) char *link = rf_path_join(dir, "z");
    struct told told = {.wants = true};
    assert_err(rf_dir_make(inner, 0755, NULL), RF_OK);
    assert_err(rf_file_replace(file, rf_slice_str("12345"), RF_FILE_PUBLIC, NULL), RF_OK);
    assert_err(read_it(dir, &small, &told, NULL), RF_OK);
    assert_string_equal(told.last, "b/one");
    assert_int_equal(told.bytes, 5);
    assert_int_equal(symlink("/etc/passwd", link), 0);
    told = (struct told){.wants = true};
    assert_err(read_it(dir, &small, &told, NULL), RF_OK);
    assert_string_equal(told.last, "z");
    assert_int_equal(told.kind, RF_SOURCE_LINK);
    assert_int_equal(told.bytes, 5);
    /* The link that the administrator names is followed. */
    told = (struct told){.wants = true};
    assert_int_equal(unlink(link), 0);
    assert_int_equal(symlink(inner, link), 0);
    assert_err(read_it(link, &small, &told, NULL), RF_OK);
    assert_string_equal(told.last, "one");
    struct rf_why why = {0};
    told.fails = RF_ERR_EXISTS;
    assert_err(read_it(dir, &small, &told, &why), RF_ERR_EXISTS);
}

static void what_an_archive_is_shows_at_its_beginning(void **state)
{
    static const char *const archives[] = {"PK\x03\x04", "\x1f\x8b\x08", "BZh9", "\xfd\x37zXZ",
                                           "7z\xbc\xaf\x27\x1c"};
    for (size_t i = 0; i < sizeof archives / sizeof *archives; i++)
        assert_true(rf_source_is_archive(rf_slice_str(archives[i])));
    assert_false(rf_source_is_archive(rf_slice_str("PK")));
    assert_false(rf_source_is_archive(rf_slice_str("\x01")));
    assert_false(rf_source_is_archive(rf_slice_str("")));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_archive_is_read_to_its_limits_and_no_further),
        cmocka_unit_test(a_small_archive_that_becomes_large_is_a_bomb),
        cmocka_unit_test(one_budget_is_for_all_that_is_named),
        cmocka_unit_test(paths_stay_below_what_was_named),
        cmocka_unit_test(folders_are_read_in_the_order_of_names_and_links_are_told),
        cmocka_unit_test(what_an_archive_is_shows_at_its_beginning),
    };
    return cmocka_run_group_tests(tests, group_setup, group_teardown);
}
