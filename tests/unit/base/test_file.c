/* SPDX-License-Identifier: Apache-2.0 */
#include "base/file.h"
#include "unit.h"

#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

static char dir[64];

static int make_dir(void **state)
{
    (void)state;
    test_tmp(dir, sizeof dir, "file");
    return mkdtemp(dir) == NULL ? -1 : 0;
}

static int remove_dir(void **state)
{
    (void)state;
    struct rf_why why = {0};
    enum rf_err err = rf_dir_empty(dir, &why);
    return err == RF_OK && rmdir(dir) == 0 ? 0 : -1;
}

static enum rf_err count_one(void *arg, const char *name)
{
    (void)name;
    ++*(int *)arg;
    return RF_OK;
}

static int files_in_dir(void)
{
    int n = 0;
    assert_err(rf_dir_each(dir, count_one, &n, NULL), RF_OK);
    return n;
}

static void a_file_is_replaced_whole_and_keeps_its_mode(void **state)
{
    (void)state;
    RF_AUTO(rf_freep) char *path = rf_path_join(dir, "key");
    struct rf_why why = {0};
    assert_err(rf_file_replace(path, rf_slice_str("one"), RF_FILE_PRIVATE, &why), RF_OK);
    assert_err(rf_file_replace(path, rf_slice_str("second"), RF_FILE_PRIVATE, &why), RF_OK);
    struct stat st;
    assert_int_equal(stat(path, &st), 0);
    assert_int_equal(st.st_mode & 0777, 0600);
    RF_AUTO(rf_buf_fini) struct rf_buf got = {0};
    assert_err(rf_file_read(path, 100, &got, &why), RF_OK);
    assert_slice_str(rf_buf_slice(&got), "second");
    assert_int_equal(files_in_dir(), 1);
    assert_err(rf_file_create(path, rf_slice_str("x"), RF_FILE_PUBLIC, &why), RF_ERR_EXISTS);
}

static void a_folder_has_a_name_and_one_holder(void **state)
{
    (void)state;
    struct rf_why why = {0};
    int first, second;
    assert_refused(rf_dir_make("", 0700, &why), RF_ERR_BAD, why, "folder-name");
    assert_err(rf_dir_make(dir, 0700, NULL), RF_OK);
    assert_err(rf_dir_make("/", 0700, NULL), RF_OK);
    assert_err(rf_dir_lock(dir, &first, NULL), RF_OK);
    why = (struct rf_why){0};
    assert_refused(rf_dir_lock(dir, &second, &why), RF_ERR_AGAIN, why, "folder-busy");
    rf_dir_unlock(first);
    assert_err(rf_dir_lock(dir, &second, NULL), RF_OK);
    rf_dir_unlock(second);
    RF_AUTO(rf_freep) char *none = rf_path_join(dir, "none");
    assert_err(rf_dir_lock(none, &first, NULL), RF_ERR_NOT_FOUND);
    assert_int_equal(files_in_dir(), 0);
}

static void nothing_is_seen_before_commit_and_nothing_stays_after_abort(void **state)
{
    (void)state;
    RF_AUTO(rf_freep) char *path = rf_path_join(dir, "image");
    struct rf_file_out out;
    assert_err(rf_file_out_begin(&out, path, RF_FILE_PUBLIC, NULL), RF_OK);
    assert_err(rf_file_out_add(&out, rf_slice_str("half"), NULL), RF_OK);
    assert_false(rf_file_exists(path));
    rf_file_out_abort(&out);
    assert_int_equal(files_in_dir(), 0);
    assert_err(rf_file_out_begin(&out, path, RF_FILE_PUBLIC, NULL), RF_OK);
    assert_err(rf_file_out_add(&out, rf_slice_str("whole"), NULL), RF_OK);
    assert_err(rf_file_out_commit(&out, NULL), RF_OK);
    assert_true(rf_file_exists(path));
    assert_int_equal(files_in_dir(), 1);
}

static void reading_says_why_not(void **state)
{
    (void)state;
    RF_AUTO(rf_freep) char *path = rf_path_join(dir, "big");
    struct rf_buf got = {0};
    struct rf_why why = {0};
    assert_refused(rf_file_read(path, 10, &got, &why), RF_ERR_NOT_FOUND, why, "file-not-found");
    assert_err(rf_file_replace(path, rf_slice_str("0123456789a"), RF_FILE_PUBLIC, NULL), RF_OK);
    why = (struct rf_why){0};
    assert_refused(rf_file_read(path, 10, &got, &why), RF_ERR_LIMIT, why, "file-too-large");
    assert_null(got.p);
    assert_err(rf_file_read(path, 11, &got, NULL), RF_OK);
    rf_buf_fini(&got);
    why = (struct rf_why){0};
    assert_refused(rf_file_read(dir, 10, &got, &why), RF_ERR_IO, why, "file-io");
    assert_err(rf_file_remove(path, NULL), RF_OK);
    assert_err(rf_file_remove(path, NULL), RF_OK);
}

/* root may rename a file over /dev/null, and the machine is hardly usable after that. */
static void only_regular_files_are_replaced(void **state)
{
    (void)state;
    RF_AUTO(rf_freep) char *path = rf_path_join(dir, "pipe");
    struct rf_why why = {0};
    struct stat st;
    assert_int_equal(mkfifo(path, 0600), 0);
    assert_refused(rf_file_replace(path, rf_slice_str("x"), RF_FILE_PUBLIC, &why), RF_ERR_IO, why,
                   "file-io");
    assert_int_equal(stat(path, &st), 0);
    assert_true(S_ISFIFO(st.st_mode));
    assert_int_equal(unlink(path), 0);
    why = (struct rf_why){0};
    assert_refused(rf_file_replace(dir, rf_slice_str("x"), RF_FILE_PUBLIC, &why), RF_ERR_IO, why,
                   "file-io");
    assert_err(rf_file_replace(path, rf_slice_str("x"), RF_FILE_PUBLIC, NULL), RF_OK);
    assert_int_equal(files_in_dir(), 1);
}

/* As a process does that is killed before the file has its name. */
static char *leave(const char *path)
{
    struct rf_file_out out;
    assert_err(rf_file_out_begin(&out, path, RF_FILE_PRIVATE, NULL), RF_OK);
    assert_err(rf_file_out_add(&out, rf_slice_str("half of a key"), NULL), RF_OK);
    close(out.fd);
    rf_free(out.path);
    return out.temp;
}

static void what_was_cut_off_is_known_by_its_name(void **state)
{
    (void)state;
    RF_AUTO(rf_freep) char *path = rf_path_join(dir, "key.pem");
    RF_AUTO(rf_freep) char *left = leave(path);
    assert_true(rf_file_is_leftover(strrchr(left, '/') + 1));
    assert_true(rf_file_is_leftover("app-server-01.pem.new.KCs2dh"));
    static const char *const others[] = {
        "key.pem",       "report.new.xml", ".new.abcdef",       "a.new.abc.ef",
        "a.new.abcdefg", "a.new.abcde",    "what.is.new.today", ""};
    for (size_t i = 0; i < sizeof others / sizeof *others; i++)
        assert_false(rf_file_is_leftover(others[i]));
}

static void what_was_cut_off_is_swept_when_nobody_writes_it(void **state)
{
    (void)state;
    RF_AUTO(rf_freep) char *path = rf_path_join(dir, "key.pem");
    RF_AUTO(rf_freep) char *none = rf_path_join(dir, "none");
    RF_AUTO(rf_freep) char *young = leave(path);
    RF_AUTO(rf_freep) char *old = leave(path);
    const struct timespec long_ago[2] = {{.tv_sec = 1000}, {.tv_sec = 1000}};
    assert_err(rf_file_replace(path, rf_slice_str("a key"), RF_FILE_PRIVATE, NULL), RF_OK);
    assert_int_equal(utimensat(AT_FDCWD, old, long_ago, 0), 0);
    assert_int_equal(utimensat(AT_FDCWD, path, long_ago, 0), 0);
    assert_err(rf_dir_sweep(dir, RF_LEFTOVER_AGE_S, NULL), RF_OK);
    assert_false(rf_file_exists(old));
    assert_true(rf_file_exists(young));
    assert_err(rf_dir_sweep(dir, 0, NULL), RF_OK);
    assert_false(rf_file_exists(young));
    assert_true(rf_file_exists(path));
    assert_err(rf_dir_sweep(none, 0, NULL), RF_OK);
}

#define RIVALS 6

/* Whoever comes second must not take the place of what the first wrote: of two keys one would be
 * lost after it was used. */
static void of_many_that_make_a_file_at_once_one_does(void **state)
{
    (void)state;
    RF_AUTO(rf_freep) char *path = rf_path_join(dir, "store.key");
    for (int round = 0; round < 10; round++) {
        int made = 0, gate[2];
        pid_t child[RIVALS];
        assert_int_equal(pipe(gate), 0);
        for (int i = 0; i < RIVALS; i++) {
            child[i] = fork();
            assert_true(child[i] >= 0);
            if (child[i] == 0) {
                char one;
                close(gate[1]);
                (void)!read(gate[0], &one, 1); /* until it is closed: all start at once */
                _exit(rf_file_create(path, rf_slice_str("x"), RF_FILE_PRIVATE, NULL) == RF_OK ? 7
                                                                                              : 0);
            }
        }
        close(gate[0]);
        close(gate[1]);
        for (int i = 0; i < RIVALS; i++) {
            int status = 0;
            assert_int_equal(waitpid(child[i], &status, 0), child[i]);
            made += WIFEXITED(status) && WEXITSTATUS(status) == 7;
        }
        assert_int_equal(made, 1);
        assert_int_equal(files_in_dir(), 1);
        assert_err(rf_file_remove(path, NULL), RF_OK);
    }
}

static void a_pipe_is_refused_and_not_waited_for(void **state)
{
    (void)state;
    RF_AUTO(rf_freep) char *path = rf_path_join(dir, "pipe");
    struct rf_buf got = {0};
    struct rf_why why = {0};
    assert_int_equal(mkfifo(path, 0600), 0);
    alarm(20);
    assert_refused(rf_file_read(path, 100, &got, &why), RF_ERR_IO, why, "file-io");
    alarm(0);
    assert_int_equal(unlink(path), 0);
    assert_err(rf_file_replace(path, rf_slice_str("x"), RF_FILE_PUBLIC, NULL), RF_OK);
    assert_err(rf_file_read(path, 100, &got, NULL), RF_OK);
    rf_buf_fini(&got);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(a_file_is_replaced_whole_and_keeps_its_mode, make_dir,
                                        remove_dir),
        cmocka_unit_test_setup_teardown(a_folder_has_a_name_and_one_holder, make_dir, remove_dir),
        cmocka_unit_test_setup_teardown(nothing_is_seen_before_commit_and_nothing_stays_after_abort,
                                        make_dir, remove_dir),
        cmocka_unit_test_setup_teardown(reading_says_why_not, make_dir, remove_dir),
        cmocka_unit_test_setup_teardown(only_regular_files_are_replaced, make_dir, remove_dir),
        cmocka_unit_test_setup_teardown(what_was_cut_off_is_known_by_its_name, make_dir,
                                        remove_dir),
        cmocka_unit_test_setup_teardown(what_was_cut_off_is_swept_when_nobody_writes_it, make_dir,
                                        remove_dir),
        cmocka_unit_test_setup_teardown(of_many_that_make_a_file_at_once_one_does, make_dir,
                                        remove_dir),
        cmocka_unit_test_setup_teardown(a_pipe_is_refused_and_not_waited_for, make_dir, remove_dir),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
