/* SPDX-License-Identifier: Apache-2.0 */
/* Many files into a folder: nothing before the commit, everything behind it, and what a crash left
 * is finished by the next. (Power cuts at every write: tests/e2e/test_image_store.py.) */
#include "setup_place.h"

#include <fcntl.h>
#include <sys/stat.h>

#include "service/setup/files_import.h"
#include "service/setup/stage.h"
#include "service/site/images.h"
#include "service/site/site.h"

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

static unsigned wait_with(struct rf_stage *stage, const char *content)
{
    struct rf_file_out out;
    unsigned number = 0;
    assert_err(rf_stage_file(stage, &out, &number, NULL), RF_OK);
    assert_err(rf_file_out_add(&out, rf_slice_str(content), NULL), RF_OK);
    assert_err(rf_file_out_commit(&out, NULL), RF_OK);
    return number;
}

static void holds(const char *folder, const char *name, const char *content)
{
    RF_AUTO(rf_freep) char *path = rf_path_join(folder, name);
    if (content == NULL) {
        assert_false(rf_file_exists(path));
        return;
    }
    RF_AUTO(rf_buf_fini) struct rf_buf b = read_path(path);
    assert_slice_eq(rf_buf_slice(&b), rf_slice_str(content));
}

static void put_file(const char *folder, const char *name, const char *content)
{
    RF_AUTO(rf_freep) char *path = rf_path_join(folder, name);
    assert_err(rf_file_replace(path, rf_slice_str(content), RF_FILE_PUBLIC, NULL), RF_OK);
}

static void nothing_is_seen_before_the_commit(void **state)
{
    RF_AUTO(rf_freep) char *folder = new_dir();
    struct rf_stage stage = {.lock_fd = -1};
    put_file(folder, "old", "old");
    assert_err(rf_stage_open(folder, &stage, NULL), RF_OK);
    unsigned a = wait_with(&stage, "a");
    assert_err(rf_stage_put(&stage, a, "a", NULL), RF_OK);
    assert_err(rf_stage_drop(&stage, "old", NULL), RF_OK);
    holds(folder, "a", NULL);
    rf_stage_close(&stage);
    holds(folder, "a", NULL);
    holds(folder, "old", "old");
    holds(folder, RF_STAGE_DIR, NULL);
    rf_stage_close(&stage);
}

static void a_commit_does_all_of_it(void **state)
{
    RF_AUTO(rf_freep) char *folder = new_dir();
    struct rf_stage stage = {.lock_fd = -1};
    put_file(folder, "old", "old");
    assert_err(rf_stage_open(folder, &stage, NULL), RF_OK);
    unsigned a = wait_with(&stage, "a"), b = wait_with(&stage, "b");
    assert_err(rf_stage_drop(&stage, "old", NULL), RF_OK);
    assert_err(rf_stage_drop(&stage, "never", NULL), RF_OK);
    assert_err(rf_stage_put(&stage, b, "deep/er/b c", NULL), RF_OK);
    assert_err(rf_stage_put(&stage, a, "a", NULL), RF_OK);
    assert_err(rf_stage_commit(&stage, NULL), RF_OK);
    rf_stage_close(&stage);
    holds(folder, "a", "a");
    holds(folder, "deep/er/b c", "b");
    holds(folder, "old", NULL);
    holds(folder, RF_STAGE_DIR, NULL);
    assert_false(rf_stage_is_unfinished(folder));
}

static void a_folder_has_one_owner_at_a_time(void **state)
{
    RF_AUTO(rf_freep) char *folder = new_dir();
    struct rf_stage one = {.lock_fd = -1}, two = {.lock_fd = -1};
    struct rf_why why = {0};
    assert_err(rf_stage_open(folder, &one, NULL), RF_OK);
    assert_refused(rf_stage_open(folder, &two, &why), RF_ERR_AGAIN, why, "folder-busy");
    rf_stage_close(&two);
    rf_stage_close(&one);
    assert_err(rf_stage_open(folder, &two, NULL), RF_OK);
    rf_stage_close(&two);
}

/* As a crash leaves it: the list of what is to be done, some of it done already. */
static char *crashed(const char *todo)
{
    RF_AUTO(rf_freep) char *folder = new_dir();
    RF_AUTO(rf_freep) char *dir = rf_path_join(folder, RF_STAGE_DIR);
    assert_err(rf_dir_make(dir, 0700, NULL), RF_OK);
    put_file(dir, "000001", "one");
    if (todo != NULL)
        put_file(dir, "todo", todo);
    put_file(folder, "list", "new list");
    return rf_steal(&folder);
}

static void what_a_crash_left_is_finished_or_dropped(void **state)
{
    RF_AUTO(rf_freep) char *decided = crashed("drop list\nput 1 one\nput 2 list\n");
    RF_AUTO(rf_freep) char *undecided = crashed(NULL);
    struct rf_stage stage = {.lock_fd = -1};
    assert_true(rf_stage_is_unfinished(decided));
    assert_false(rf_stage_is_unfinished(undecided));
    assert_err(rf_stage_open(decided, &stage, NULL), RF_OK);
    rf_stage_close(&stage);
    holds(decided, "one", "one");
    holds(decided, "list", "new list"); /* that step was done: it is not dropped again */
    holds(decided, RF_STAGE_DIR, NULL);
    assert_err(rf_stage_open(undecided, &stage, NULL), RF_OK);
    rf_stage_close(&stage);
    holds(undecided, "one", NULL);
    holds(undecided, RF_STAGE_DIR, NULL);
}

static void count_file(void *arg, const char *name, uint64_t size)
{
    (void)size;
    assert_string_equal(name, "ring.xml");
    ++*(unsigned *)arg;
}

static void half_written_files_are_none_and_go_when_they_are_old(void **state)
{
    RF_AUTO(rf_freep) char *site = new_dir();
    RF_AUTO(rf_freep) char *folder = rf_site_path_in(site, RF_SITE_FILES);
    static const char young[] = "ring.xml.new.aB34ef", old[] = "ring.xml.new.000000";
    RF_AUTO(rf_freep) char *old_path = rf_path_join(folder, old);
    const struct timespec long_ago[2] = {{.tv_sec = 1000}, {.tv_sec = 1000}};
    struct rf_stage stage = {.lock_fd = -1};
    struct rf_images images;
    unsigned n = 0;
    assert_err(rf_dir_make(folder, 0755, NULL), RF_OK);
    put_file(folder, "ring.xml", "x");
    put_file(folder, young, "x");
    put_file(folder, old, "x");
    assert_int_equal(utimensat(AT_FDCWD, old_path, long_ago, 0), 0);
    assert_err(rf_files_each(site, count_file, &n, NULL), RF_OK);
    assert_int_equal(n, 1);
    assert_err(rf_images_scan(folder, &images, NULL), RF_OK);
    assert_int_equal(images.n_files, 1);
    rf_images_fini(&images);
    assert_err(rf_stage_open(folder, &stage, NULL), RF_OK);
    rf_stage_close(&stage);
    holds(folder, old, NULL);
    holds(folder, young, "x"); /* somebody may be writing it by hand */
    holds(folder, "ring.xml", "x");
}

static void a_list_that_is_not_ours_is_refused_and_kept(void **state)
{
    static const char *const bad[] = {
        "put 1 ../one\n", "put 1 /etc/one\n", "put x one\n", "put 0 one\n",  "move 1 one\n",
        "put 1\n",        "drop .hidden\n",   "drop\n",      "put 1 a//b\n",
    };
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        RF_AUTO(rf_freep) char *folder = crashed(bad[i]);
        struct rf_stage stage = {.lock_fd = -1};
        struct rf_why why = {0};
        assert_refused(rf_stage_open(folder, &stage, &why), RF_ERR_BAD, why, "stage-damaged");
        rf_stage_close(&stage);
        assert_true(rf_stage_is_unfinished(folder));
        holds(folder, "list", "new list");
    }
    RF_AUTO(rf_freep) char *good = crashed("put 1 a/b\n");
    struct rf_stage stage = {.lock_fd = -1};
    assert_err(rf_stage_open(good, &stage, NULL), RF_OK);
    rf_stage_close(&stage);
    holds(good, "a/b", "one");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(nothing_is_seen_before_the_commit),
        cmocka_unit_test(a_commit_does_all_of_it),
        cmocka_unit_test(a_folder_has_one_owner_at_a_time),
        cmocka_unit_test(what_a_crash_left_is_finished_or_dropped),
        cmocka_unit_test(half_written_files_are_none_and_go_when_they_are_old),
        cmocka_unit_test(a_list_that_is_not_ours_is_refused_and_kept),
    };
    return cmocka_run_group_tests(tests, group_setup, group_teardown);
}
