/* SPDX-License-Identifier: Apache-2.0 */
/* A place of its own for each test of service/setup, with a copy of one site and one factory that
 * were made once: making keys is what takes time. */
#ifndef UNIT_SERVICE_SETUP_PLACE_H
#define UNIT_SERVICE_SETUP_PLACE_H

#include <fcntl.h>
#include <ftw.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "unit.h"

#include "base/file.h"
#include "base/text.h"
#include "trust/issue.h"

#define SETUP_NOW  1796083200 /* 2026-12-01T00:00:00Z */
#define PASSPHRASE "second-sast"
#define FILE_LIMIT ((size_t)1024 * 1024)

static struct {
    char root[TEST_TMP];
    unsigned n;
} shared;

static inline int remove_one(const char *path, const struct stat *st, int flag, struct FTW *at)
{
    (void)st;
    (void)flag;
    (void)at;
    return remove(path);
}

static inline void remove_tree(const char *dir)
{
    assert_int_equal(nftw(dir, remove_one, 16, FTW_DEPTH | FTW_PHYS), 0);
}

static inline void shared_begin(void)
{
    test_tmp(shared.root, sizeof shared.root, "setup");
    assert_non_null(mkdtemp(shared.root));
}

static inline char *shared_path(const char *name)
{
    return rf_path_join(shared.root, name);
}

/* n authorities' certificates, for one key. */
static inline void make_issuers(struct rf_cert_list *out, unsigned first, unsigned n)
{
    struct rf_key *key = NULL;
    assert_err(rf_key_new_ec(RF_CURVE_P256, &key, NULL), RF_OK);
    struct rf_vault_key *vault = rf_vault_key_from_key(key);
    for (unsigned i = first; i < first + n; i++) {
        RF_AUTO(rf_freep) char *cn = rf_strf("Issuer %u", i);
        RF_AUTO(rf_cert_freep) struct rf_cert *cert = NULL;
        const struct rf_issue_self spec = {
            .role = RF_CERT_ROLE_MIC_ISSUER, .cn = cn, .now_s = SETUP_NOW, .days = 10};
        assert_err(rf_issue_self_signed(&spec, vault, &cert, NULL), RF_OK);
        assert_true(rf_cert_list_add(out, cert));
    }
    rf_vault_free(vault);
    rf_key_free(key);
}

/* A new folder below the shared one; the whole goes at the end. */
static inline char *new_dir(void)
{
    char *dir = rf_strf("%s/%u", shared.root, shared.n++);
    assert_err(rf_dir_make(dir, 0755, NULL), RF_OK);
    return dir;
}

static inline struct rf_buf read_path(const char *path)
{
    struct rf_buf b = {0};
    struct rf_why why = {0};
    if (rf_file_read(path, FILE_LIMIT, &b, &why) != RF_OK)
        print_error("%s\n", why.text);
    assert_string_equal(why.code, "");
    return b;
}

static inline unsigned mode_of(const char *path)
{
    struct stat st;
    assert_int_equal(stat(path, &st), 0);
    return st.st_mode & 07777;
}

struct copying {
    const char *from, *to;
};

static inline enum rf_err copy_one(void *arg, const char *name)
{
    struct copying *c = arg;
    RF_AUTO(rf_freep) char *from = rf_path_join(c->from, name);
    RF_AUTO(rf_freep) char *to = rf_path_join(c->to, name);
    RF_AUTO(rf_buf_fini) struct rf_buf b = read_path(from);
    int fd = open(to, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, mode_of(from));
    assert_true(fd >= 0);
    assert_int_equal(write(fd, b.p, b.len), b.len);
    assert_int_equal(close(fd), 0);
    return RF_OK;
}

/* The files of a folder, not those below it; without the waits for the disc that copies in earnest
 * have. */
static inline void copy_dir(const char *from, const char *to)
{
    struct copying c = {from, to};
    assert_err(rf_dir_make(to, mode_of(from), NULL), RF_OK);
    assert_err(rf_dir_each(from, copy_one, &c, NULL), RF_OK);
}

#endif
