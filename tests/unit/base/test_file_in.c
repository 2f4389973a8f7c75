/* SPDX-License-Identifier: Apache-2.0 */
/* Files read in pieces, and what comes through a pipe. */
#include "base/file.h"
#include "base/file_in.h"
#include "unit.h"

#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

static char dir[64];

static int make_dir(void **state)
{
    (void)state;
    test_tmp(dir, sizeof dir, "file-in");
    return mkdtemp(dir) == NULL || setenv("TMPDIR", dir, 1) != 0 ? -1 : 0;
}

static int remove_dir(void **state)
{
    (void)state;
    return rf_dir_empty(dir, NULL) == RF_OK && rmdir(dir) == 0 ? 0 : -1;
}

static char *put(const char *name, const char *text)
{
    char *path = rf_path_join(dir, name);
    assert_err(rf_file_replace(path, rf_slice_str(text), RF_FILE_PRIVATE, NULL), RF_OK);
    return path;
}

/* All of it, in pieces of `step`. */
static void assert_reads(struct rf_file_in *in, size_t step, const char *want)
{
    RF_AUTO(rf_buf_fini) struct rf_buf all = RF_BUF(100);
    RF_AUTO(rf_buf_fini) struct rf_buf piece = RF_BUF(step);
    do {
        assert_err(rf_file_in_read(in, &piece, step, NULL), RF_OK);
        assert_err(rf_buf_add_slice(&all, rf_buf_slice(&piece)), RF_OK);
    } while (piece.len != 0);
    assert_slice_str(rf_buf_slice(&all), want);
}

static void a_file_is_read_in_pieces_and_again(void **state)
{
    (void)state;
    RF_AUTO(rf_freep) char *path = put("one", "0123456789");
    RF_AUTO(rf_file_in_fini) struct rf_file_in in = RF_FILE_IN;
    struct rf_why why = {0};
    assert_err(rf_file_in_open(&in, path, 10, &why), RF_OK);
    assert_int_equal(in.len, 10);
    assert_reads(&in, 3, "0123456789");
    assert_reads(&in, 3, "");
    rf_file_in_seek(&in, 8);
    assert_reads(&in, 10, "89");
    RF_AUTO(rf_buf_fini) struct rf_buf piece = RF_BUF(3);
    rf_file_in_seek(&in, 0);
    assert_refused(rf_file_in_read(&in, &piece, 4, &why), RF_ERR_LIMIT, why, "file-io");
}

static void what_is_added_or_cut_meanwhile_is_not_made_up(void **state)
{
    (void)state;
    RF_AUTO(rf_freep) char *path = put("grows", "01234");
    RF_AUTO(rf_file_in_fini) struct rf_file_in in = RF_FILE_IN;
    assert_err(rf_file_in_open(&in, path, 10, NULL), RF_OK);
    int fd = open(path, O_WRONLY | O_APPEND | O_CLOEXEC);
    assert_int_equal(write(fd, "56", 2), 2);
    close(fd);
    assert_reads(&in, 4, "01234");
    assert_int_equal(truncate(path, 2), 0);
    rf_file_in_seek(&in, 0);
    assert_reads(&in, 4, "01");
}

static void only_regular_files_of_a_size_are_opened(void **state)
{
    (void)state;
    RF_AUTO(rf_freep) char *path = put("long", "01234567890");
    RF_AUTO(rf_freep) char *pipe_path = rf_path_join(dir, "pipe");
    RF_AUTO(rf_freep) char *none = rf_path_join(dir, "none");
    struct rf_file_in in;
    struct rf_why why = {0};
    assert_refused(rf_file_in_open(&in, path, 10, &why), RF_ERR_LIMIT, why, "file-too-large");
    assert_err(rf_file_in_open(&in, path, 11, NULL), RF_OK);
    rf_file_in_fini(&in);
    why = (struct rf_why){0};
    assert_refused(rf_file_in_open(&in, none, 10, &why), RF_ERR_NOT_FOUND, why, "file-not-found");
    why = (struct rf_why){0};
    assert_refused(rf_file_in_open(&in, dir, 10, &why), RF_ERR_IO, why, "file-io");
    assert_int_equal(mkfifo(pipe_path, 0600), 0);
    why = (struct rf_why){0};
    assert_refused(rf_file_in_open(&in, pipe_path, 10, &why), RF_ERR_IO, why, "file-io");
    assert_int_equal(in.fd, -1);
    assert_int_equal(unlink(pipe_path), 0);
}

static enum rf_err through_pipe(const char *text, uint64_t limit, struct rf_file_in *in,
                                struct rf_why *why)
{
    int ends[2];
    assert_int_equal(pipe(ends), 0);
    assert_int_equal(write(ends[1], text, strlen(text)), (ssize_t)strlen(text));
    close(ends[1]);
    enum rf_err err = rf_file_in_take(in, ends[0], "a pipe", limit, why);
    close(ends[0]);
    return err;
}

static void a_pipe_has_a_length_and_is_read_twice(void **state)
{
    (void)state;
    RF_AUTO(rf_file_in_fini) struct rf_file_in in = RF_FILE_IN;
    struct rf_why why = {0};
    assert_err(through_pipe("0123456789", 10, &in, &why), RF_OK);
    assert_int_equal(in.len, 10);
    assert_reads(&in, 7, "0123456789");
    rf_file_in_seek(&in, 0);
    assert_reads(&in, 7, "0123456789");
    struct stat st;
    assert_int_equal(fstat(in.fd, &st), 0);
    assert_int_equal(st.st_nlink, 0); /* nobody else sees it */
    struct rf_file_in other;
    assert_refused(through_pipe("01234567890", 10, &other, &why), RF_ERR_LIMIT, why,
                   "file-too-large");
    assert_int_equal(other.fd, -1);
    assert_err(through_pipe("", 10, &other, NULL), RF_OK);
    assert_int_equal(other.len, 0);
    rf_file_in_fini(&other);
}

static void a_file_behind_a_descriptor_is_not_copied(void **state)
{
    (void)state;
    RF_AUTO(rf_freep) char *path = put("input", "0123456789");
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    struct rf_file_in in;
    struct rf_why why = {0};
    struct stat a, b;
    assert_refused(rf_file_in_take(&in, fd, "input", 9, &why), RF_ERR_LIMIT, why, "file-too-large");
    assert_err(rf_file_in_take(&in, fd, "input", 10, NULL), RF_OK);
    assert_int_equal(fstat(fd, &a) + fstat(in.fd, &b), 0);
    assert_int_equal(a.st_ino, b.st_ino);
    assert_reads(&in, 4, "0123456789");
    rf_file_in_fini(&in);
    /* Somebody has read some of it: only the rest is meant. */
    assert_int_equal(lseek(fd, 6, SEEK_SET), 6);
    assert_err(rf_file_in_take(&in, fd, "input", 10, NULL), RF_OK);
    assert_reads(&in, 4, "6789");
    rf_file_in_fini(&in);
    close(fd);
}

static void without_room_on_disk_a_pipe_is_refused(void **state)
{
    (void)state;
    struct rf_file_in in;
    struct rf_why why = {0};
    assert_int_equal(setenv("TMPDIR", "/nonexistent", 1), 0);
    assert_refused(through_pipe("x", 10, &in, &why), RF_ERR_NOT_FOUND, why, "file-not-found");
    assert_int_equal(setenv("TMPDIR", dir, 1), 0);
    assert_err(through_pipe("x", 10, &in, NULL), RF_OK);
    rf_file_in_fini(&in);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_file_is_read_in_pieces_and_again),
        cmocka_unit_test(what_is_added_or_cut_meanwhile_is_not_made_up),
        cmocka_unit_test(only_regular_files_of_a_size_are_opened),
        cmocka_unit_test(a_pipe_has_a_length_and_is_read_twice),
        cmocka_unit_test(a_file_behind_a_descriptor_is_not_copied),
        cmocka_unit_test(without_room_on_disk_a_pipe_is_refused),
    };
    return cmocka_run_group_tests(tests, make_dir, remove_dir);
}
