/* SPDX-License-Identifier: Apache-2.0 */
/* A site's folder with two issuers, for the tests of service/revocation. */
#ifndef UNIT_SERVICE_CRL_SITE_H
#define UNIT_SERVICE_CRL_SITE_H

#include "../trust/revoke.h"

#include <ftw.h>
#include <sys/stat.h>
#include <unistd.h>

#include "service/revocation/crl_book.h"

static struct {
    struct id own, maker, stranger, no_lists, phone;
    char dir[TEST_TMP];
} p;

static inline int remove_one(const char *path, const struct stat *st, int flag, struct FTW *at)
{
    (void)st;
    (void)flag;
    (void)at;
    return remove(path);
}

static inline void write_file(const char *name, struct rf_slice bytes)
{
    RF_AUTO(rf_freep) char *path = rf_path_join(p.dir, name);
    assert_err(rf_file_replace(path, bytes, 0644, NULL), RF_OK);
}

static inline void write_cert(const char *name, const struct rf_cert *cert)
{
    RF_AUTO(rf_buf_fini) struct rf_buf pem = RF_BUF(4 * RF_CERT_DER_MAX);
    assert_err(rf_cert_to_pem(cert, &pem), RF_OK);
    write_file(name, rf_buf_slice(&pem));
}

static inline int up(void **state)
{
    (void)state;
    p.own = self_id(RF_CERT_ROLE_LSC_ISSUER, "Own", 0);
    p.maker = self_id(RF_CERT_ROLE_MIC_ISSUER, "Maker", 0);
    p.stranger = self_id(RF_CERT_ROLE_MIC_ISSUER, "Stranger", 0);
    p.no_lists = self_id(RF_CERT_ROLE_CAPF, "Signs no lists", 0);
    p.phone = mic_id("SEP001122334455", &p.maker, 0);
    test_tmp(p.dir, sizeof p.dir, "crl");
    assert_non_null(mkdtemp(p.dir));
    assert_err(rf_site_make(p.dir, NULL), RF_OK);
    write_cert("certs/lsc-issuer.pem", p.own.cert);
    write_cert("trust/mic-roots/maker.pem", p.maker.cert);
    write_cert("trust/mic-roots/other.pem", p.no_lists.cert);
    return 0;
}

static inline int down(void **state)
{
    (void)state;
    id_fini(&p.own);
    id_fini(&p.maker);
    id_fini(&p.stranger);
    id_fini(&p.no_lists);
    id_fini(&p.phone);
    return nftw(p.dir, remove_one, 16, FTW_DEPTH | FTW_PHYS);
}

/* Each test begins without lists. */
static inline int empty(void **state)
{
    (void)state;
    RF_AUTO(rf_freep) char *folder = rf_site_path_in(p.dir, RF_SITE_CRLS);
    assert_err(rf_dir_make(folder, 0755, NULL), RF_OK);
    assert_err(rf_dir_empty(folder, NULL), RF_OK);
    return 0;
}

#endif
