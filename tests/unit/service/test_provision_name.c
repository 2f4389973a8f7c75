/* SPDX-License-Identifier: Apache-2.0 */
/* Names as they are asked for: what each means, and every refusal beside the name without its one
 * fault. Then the listing they are looked up in. */
#include "unit.h"

#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"
#include "service/provision/provision_int.h"

static struct provision_name parse(const char *asked)
{
    struct provision_name name;
    struct rf_why why = {0};
    enum rf_err err = provision_name_parse(rf_slice_str(asked), &name, &why);
    if (err != RF_OK)
        print_error("%s: %s\n", asked, rf_why_text(&why));
    assert_int_equal(err, RF_OK);
    assert_string_equal(name.name, asked[0] == '/' ? asked + 1 : asked);
    return name;
}

static void names_mean_what_the_table_says(void **state)
{
    static const struct {
        const char *asked;
        enum provision_kind kind;
        const char *device;
    } rows[] = {
        {"CTLSEP001122334455.tlv", PROVISION_CTL, "SEP001122334455"},
        {"ITLSEP0011223344AF.tlv", PROVISION_ITL, "SEP0011223344AF"},
        {"CTLFile.tlv", PROVISION_CTL, ""},
        {"ITLFile.tlv", PROVISION_ITL, ""},
        {"SEP001122334455.cnf.xml.sgn", PROVISION_CONFIG, "SEP001122334455"},
        {"SEP001122334455.cnf.xml", PROVISION_CONFIG_PLAIN, "SEP001122334455"},
        {"SEP001122334455.cnf.xml.enc.sgn", PROVISION_CONFIG_ENCODED, "SEP001122334455"},
        {"SCCP42.9-4-2SR3-1S.loads", PROVISION_FILE, ""},
        {"term42.default.loads", PROVISION_FILE, ""},
        {"XMLDefault.cnf.xml", PROVISION_DEFAULT, ""},
        {"XMLDefault.cnf.xml.sgn", PROVISION_DEFAULT_SIGNED, ""},
        {"New_Zealand/the tones.xml", PROVISION_FILE, ""},
        {"New_Zealand/g3-tones.xml", PROVISION_FILE, ""},
        /* not quite */
        {"SEP00112233445.cnf.xml", PROVISION_FILE, ""},
        {"SEP0011223344556.cnf.xml", PROVISION_FILE, ""},
        {"SEP00112233445G.cnf.xml", PROVISION_FILE, ""},
        {"xSEP001122334455.cnf.xml", PROVISION_FILE, ""},
        {"a/SEP001122334455.cnf.xml", PROVISION_FILE, ""},
        {"SEP001122334455.cnf.xml.sgn.sgn", PROVISION_FILE, ""},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct provision_name name = parse(rows[i].asked);
        assert_int_equal(name.kind, rows[i].kind);
        assert_string_equal(name.device, rows[i].device);
    }
}

struct refusal {
    const char *asked;
    size_t len; /* 0: strlen */
    const char *code;
    const char *twin; /* the same without the fault */
};

static void check_refusals(const struct refusal *rows, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        struct provision_name name;
        struct rf_why why = {0};
        size_t len = rows[i].len != 0 ? rows[i].len : strlen(rows[i].asked);
        enum rf_err err = provision_name_parse(rf_slice_of(rows[i].asked, len), &name, &why);
        if (strcmp(why.code, rows[i].code) != 0)
            print_error("%s: %s\n", rows[i].asked, rf_why_text(&why));
        assert_refused(err, RF_ERR_NOT_FOUND, why, rows[i].code);
        parse(rows[i].twin);
    }
}
#define CHECK(rows) check_refusals((rows), sizeof(rows) / sizeof *(rows))

static void names_that_walk_are_refused(void **state)
{
    static const struct refusal rows[] = {
        {"../keys/tftp.pem", 0, "name-traversal", "keys/tftp.pem"},
        {"..", 0, "name-traversal", "a"},
        {".", 0, "name-traversal", "a"},
        {"a/../b", 0, "name-traversal", "a/b"},
        {"a/./b", 0, "name-traversal", "a/b"},
        {"a/..", 0, "name-traversal", "a"},
        {"//etc/passwd", 0, "name-component", "/etc/passwd"},
        {"/../x", 0, "name-traversal", "/x"},
        {"/", 0, "name-empty", "/a"},
        {"C:/x", 0, "name-absolute", "C/x"},
        {"c:x", 0, "name-absolute", "cx"},
        {"..\\x", 0, "name-backslash", "x"},
        {"\\x", 0, "name-backslash", "x"},
        {"a//b", 0, "name-component", "a/b"},
        {"a/", 0, "name-component", "a"},
        {"a/b/c/d/e", 0, "name-deep", "a/b/c/d"},
        {"%2e%2e/x", 0, "name-character", "2e2e/x"},
        {"a%00b", 0, "name-character", "a00b"},
    };
    CHECK(rows);
}

static void names_of_odd_bytes_are_refused(void **state)
{
    static const struct refusal rows[] = {
        {"CTLFile.tlv\0.txt", 16, "name-nul", "CTLFile.tlv"},
        {"\0", 1, "name-nul", "a"},
        {"a\nb", 0, "name-control", "ab"},
        {"a\x1b[2Jb", 0, "name-control", "ab"},
        {"a\x7f", 0, "name-control", "a"},
        {"caf\xc3\xa9", 0, "name-control", "cafe"},
        {"a b", 0, "name-character", "ab"},
        {"a*", 0, "name-character", "a"},
        {"a;rm", 0, "name-character", "arm"},
        {"~root", 0, "name-character", "root"},
        {"a=b", 0, "name-character", "a-b"},
    };
    CHECK(rows);
    struct rf_why why = {0};
    struct provision_name name;
    assert_refused(provision_name_parse((struct rf_slice){0}, &name, &why), RF_ERR_NOT_FOUND, why,
                   "name-empty");
    /* What is shown of it is safe for a log line. */
    why = (struct rf_why){0};
    (void)(provision_name_parse(rf_slice_str("a\x1b[2Jb"), &name, &why) == RF_OK);
    assert_null(strchr(why.text, '\x1b'));
}

static void hidden_names_and_listings_are_refused(void **state)
{
    static const struct refusal rows[] = {
        {".ssh", 0, "file-hidden", "ssh"},
        {".new.loads", 0, "file-hidden", "new.loads"},
        {"a/.b", 0, "file-hidden", "a/b"},
        {"...", 0, "file-hidden", "a"},
        {"ConfigFileCacheList.txt", 0, "name-listing", "ConfigFileCacheLists.txt"},
        {"FileList.txt", 0, "name-listing", "Files.txt"},
        {"binfilecachelist.txt", 0, "name-listing", "binfile.txt"},
        {"PerfMon.txt", 0, "name-listing", "Perf.txt"},
    };
    CHECK(rows);
}

static void other_spellings_are_ours(void **state)
{
    static const char *const rows[][2] = {
        {"sep0011223344AF.cnf.xml.sgn", "SEP0011223344AF.cnf.xml.sgn"},
        {"SEP0011223344af.cnf.xml.sgn", "SEP0011223344AF.cnf.xml.sgn"},
        {"SEP0011223344AF.CNF.XML", "SEP0011223344AF.cnf.xml"},
        {"CTLsep0011223344AF.tlv", "CTLSEP0011223344AF.tlv"},
        {"/itlfile.tlv", "ITLFile.tlv"},
        {"CTLFILE.TLV", "CTLFile.tlv"},
        {"/CTLFile.tlv", "CTLFile.tlv"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct provision_name name, ours;
        assert_err(provision_name_parse(rf_slice_str(rows[i][0]), &name, NULL), RF_OK);
        assert_err(provision_name_parse(rf_slice_str(rows[i][1]), &ours, NULL), RF_OK);
        assert_string_equal(name.name, rows[i][1]);
        assert_int_equal(name.kind, ours.kind);
        assert_string_equal(name.device, ours.device);
    }
}

static void the_longest_name_is_255_bytes(void **state)
{
    char text[300];
    memset(text, 'a', sizeof text);
    struct provision_name name;
    struct rf_why why = {0};
    assert_err(provision_name_parse(rf_slice_of(text, 255), &name, &why), RF_OK);
    assert_int_equal(strlen(name.name), 255);
    assert_refused(provision_name_parse(rf_slice_of(text, 256), &name, &why), RF_ERR_NOT_FOUND, why,
                   "name-long");
}

/* A million random names: every one that is let through is made of safe components. */
static void random_names_never_become_a_path(void **state)
{
    static const char alphabet[] = "aZ0._-+/\\.%:\0 ~SEP.cnf.xml";
    uint64_t x = 88172645463325252ULL;
    size_t let_through = 0;
    for (unsigned run = 0; run < 1000000; run++) {
        char text[24];
        x ^= x << 13;
        x ^= x >> 7;
        x ^= x << 17;
        size_t len = x % sizeof text;
        uint64_t y = x;
        for (size_t i = 0; i < len; i++) {
            y = y * 6364136223846793005ULL + 1442695040888963407ULL;
            text[i] = alphabet[(y >> 33) % (sizeof alphabet - 1)];
        }
        struct provision_name name;
        if (provision_name_parse(rf_slice_of(text, len), &name, NULL) != RF_OK)
            continue;
        let_through++;
        assert_int_equal(strlen(name.name), len - (text[0] == '/'));
        assert_true(name.name[0] != '/' && name.name[0] != '.');
        assert_null(strstr(name.name, "/."));
        assert_null(strstr(name.name, "//"));
        assert_null(strpbrk(name.name, "\\%:~"));
        const char *blank = strchr(name.name, ' ');
        const char *slash = strchr(name.name, '/');
        assert_true(blank == NULL || (slash != NULL && slash < blank));
    }
    assert_true(let_through > 1000);
}

/* ---- the listing ---- */

struct place {
    char dir[64];
};

static int set_up(void **state)
{
    struct place *p = rf_new(struct place);
    test_tmp(p->dir, sizeof p->dir, "prov");
    assert_non_null(mkdtemp(p->dir));
    *state = p;
    return 0;
}

static int tear_down(void **state)
{
    struct place *p = *state;
    RF_AUTO(rf_freep) char *sub = rf_path_join(p->dir, "sub");
    rmdir(sub);
    static const char *const odd[] = {"link.sbn", "fifo", ".hidden"}; /* not rf_dir_empty's */
    for (size_t i = 0; i < sizeof odd / sizeof *odd; i++) {
        RF_AUTO(rf_freep) char *path = rf_path_join(p->dir, odd[i]);
        unlink(path);
    }
    assert_err(rf_dir_empty(p->dir, NULL), RF_OK);
    assert_int_equal(rmdir(p->dir), 0);
    rf_free(p);
    return 0;
}

static void put(const struct place *p, const char *name, const char *text, unsigned mode)
{
    RF_AUTO(rf_freep) char *path = rf_path_join(p->dir, name);
    assert_err(rf_file_replace(path, rf_slice_str(text), mode, NULL), RF_OK);
}

static enum rf_err open_read(const struct place *p, const char *name, struct rf_buf *out,
                             struct rf_why *why)
{
    int fd = -1;
    struct provision_identity id;
    enum rf_err err = provision_file_open(p->dir, name, &fd, &id, why);
    if (err == RF_OK) {
        err = provision_file_read(fd, &id, out, why);
        close(fd);
    }
    return err;
}

static void expect_file(const struct place *p, const char *name, const char *text)
{
    RF_AUTO(rf_buf_fini) struct rf_buf got = {0};
    assert_err(open_read(p, name, &got, NULL), RF_OK);
    assert_slice_str(rf_buf_slice(&got), text);
}

static void expect_refused(const struct place *p, const char *name, const char *code)
{
    struct rf_buf got = {0};
    struct rf_why why = {0};
    assert_refused(open_read(p, name, &got, &why), RF_ERR_NOT_FOUND, why, code);
}

static void files_are_found_by_their_listed_name(void **state)
{
    struct place *p = *state;
    put(p, "One.loads", "one", 0644);
    put(p, "empty.sbn", "", 0644);
    put(p, ".hidden", "h", 0644);
    expect_file(p, "One.loads", "one");
    expect_file(p, "empty.sbn", "");
    expect_refused(p, "Two.loads", "file-not-found");
    expect_file(p, "one.loads", "one"); /* only that one can be meant */
    expect_file(p, "ONE.LOADS", "one");
    expect_refused(p, ".hidden", "file-not-found");
    expect_refused(p, ".", "file-not-found");
    expect_refused(p, "..", "file-not-found");
    /* With both spellings there, each is itself. */
    put(p, "one.loads", "other", 0644);
    expect_file(p, "One.loads", "one");
    expect_file(p, "one.loads", "other");
    expect_refused(p, "ONE.LOADS", "file-case");
}

static void links_folders_and_open_files_are_refused(void **state)
{
    struct place *p = *state;
    put(p, "real.sbn", "real", 0644);
    RF_AUTO(rf_freep) char *real = rf_path_join(p->dir, "real.sbn");
    RF_AUTO(rf_freep) char *link = rf_path_join(p->dir, "link.sbn");
    RF_AUTO(rf_freep) char *sub = rf_path_join(p->dir, "sub");
    RF_AUTO(rf_freep) char *fifo = rf_path_join(p->dir, "fifo");
    assert_int_equal(symlink(real, link), 0);
    assert_int_equal(mkdir(sub, 0755), 0);
    assert_int_equal(mkfifo(fifo, 0644), 0);
    expect_refused(p, "link.sbn", "file-kind");
    expect_refused(p, "sub", "file-kind");
    expect_refused(p, "fifo", "file-kind");
    expect_refused(p, "sub/real.sbn", "file-not-found");
    expect_file(p, "real.sbn", "real");
    assert_int_equal(chmod(real, 0646), 0);
    expect_refused(p, "real.sbn", "file-writable");
    assert_int_equal(chmod(real, 0644), 0);
    expect_file(p, "real.sbn", "real");
    /* Longer than what is served: a hole will do. */
    assert_int_equal(truncate(real, (off_t)RF_PROVISION_FILE_MAX + 1), 0);
    expect_refused(p, "real.sbn", "file-too-large");
}

static void a_file_written_to_while_it_is_read_is_not_used(void **state)
{
    struct place *p = *state;
    put(p, "a", "before", 0644);
    RF_AUTO(rf_freep) char *path = rf_path_join(p->dir, "a");
    RF_AUTO(rf_buf_fini) struct rf_buf got = {0};
    struct rf_why why = {0};
    struct provision_identity id;
    int fd = -1;
    assert_err(provision_file_open(p->dir, "a", &fd, &id, NULL), RF_OK);
    /* Replaced whole: the old content is still what was opened. */
    put(p, "a", "after!", 0644);
    assert_err(provision_file_read(fd, &id, &got, NULL), RF_OK);
    assert_slice_str(rf_buf_slice(&got), "before");
    rf_buf_fini(&got);
    close(fd);
    /* Written in place. */
    assert_err(provision_file_open(p->dir, "a", &fd, &id, NULL), RF_OK);
    assert_int_equal(truncate(path, 3), 0);
    assert_refused(provision_file_read(fd, &id, &got, &why), RF_ERR_AGAIN, why, "file-changed");
    why = (struct rf_why){0};
    assert_int_equal(truncate(path, 9), 0);
    assert_refused(provision_file_read(fd, &id, &got, &why), RF_ERR_AGAIN, why, "file-changed");
    close(fd);
}

static void loads_are_known_by_their_lists(void **state)
{
    struct place *p = *state;
    RF_AUTO(rf_buf_fini) struct rf_buf loads = {0};
    put(p, "one.loads", "", 0644);
    put(p, "two.sbn", "", 0644);
    put(p, "ten.loads", "", 0644);
    assert_err(provision_loads_list(p->dir, &loads, NULL), RF_OK);
    assert_true(provision_loads_have(rf_buf_slice(&loads), "one"));
    assert_true(provision_loads_have(rf_buf_slice(&loads), "ten"));
    static const char *const none[] = {"", "two", "on", "ne", "One", "one.loads", "one.loads\nten"};
    for (size_t i = 0; i < sizeof none / sizeof *none; i++)
        assert_false(provision_loads_have(rf_buf_slice(&loads), none[i]));
    struct rf_why why = {0};
    struct rf_buf nothing = {0};
    assert_refused(provision_loads_list("/nonexistent", &nothing, &why), RF_ERR_IO, why, "file-io");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(names_mean_what_the_table_says),
        cmocka_unit_test(names_that_walk_are_refused),
        cmocka_unit_test(names_of_odd_bytes_are_refused),
        cmocka_unit_test(hidden_names_and_listings_are_refused),
        cmocka_unit_test(other_spellings_are_ours),
        cmocka_unit_test(the_longest_name_is_255_bytes),
        cmocka_unit_test(random_names_never_become_a_path),
        cmocka_unit_test_setup_teardown(files_are_found_by_their_listed_name, set_up, tear_down),
        cmocka_unit_test_setup_teardown(links_folders_and_open_files_are_refused, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(a_file_written_to_while_it_is_read_is_not_used, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(loads_are_known_by_their_lists, set_up, tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
