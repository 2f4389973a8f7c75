/* SPDX-License-Identifier: Apache-2.0 */
/* What the tests of trust/ share: the fixtures' keys and files, and a small PKI made on the spot.
 */
#ifndef UNIT_TRUST_PKI_H
#define UNIT_TRUST_PKI_H

#include <stdlib.h>

#include "unit.h"

#include "base/file.h"
#include "trust/issue.h"
#include "trust/key.h"
#include "trust/vault.h"

/* 2026-12-01T00:00:00Z: after the fixtures were made. */
#define TEST_NOW 1796083200

/* A key with its certificate and a vault key on it. */
struct id {
    struct rf_key *key;
    struct rf_cert *cert;
    struct rf_vault_key *vault;
};

static inline char *data_path(const char *rest)
{
    const char *root = getenv("RF_TEST_DATA");
    assert_non_null(root);
    return rf_path_join(root, rest);
}

static inline struct rf_buf read_data(const char *rest)
{
    RF_AUTO(rf_freep) char *path = data_path(rest);
    struct rf_buf b = {0};
    assert_err(rf_file_read(path, 4 * 1024 * 1024, &b, NULL), RF_OK);
    return b;
}

static inline void id_fini(struct id *id)
{
    rf_vault_free(id->vault);
    rf_key_free(id->key);
    rf_cert_unref(id->cert);
    *id = (struct id){0};
}

/* keys/<name>.pem of the fixtures. */
static inline struct id fixture_id(const char *name)
{
    struct id id = {0};
    RF_AUTO(rf_freep) char *rest = rf_strf("fixtures/keys/%s.pem", name);
    RF_AUTO(rf_freep) char *path = data_path(rest);
    assert_err(rf_key_load(path, NULL, &id.key, NULL), RF_OK);
    assert_err(rf_cert_from_pem_file(path, &id.cert, NULL), RF_OK);
    id.vault = rf_vault_key_from_key(id.key);
    return id;
}

static inline void id_set_key(struct id *id, struct rf_key *key)
{
    id->key = key;
    id->vault = rf_vault_key_from_key(key);
}

/* EC unless rsa_bits says otherwise. */
static inline struct rf_key *new_key(unsigned rsa_bits)
{
    struct rf_key *k = NULL;
    if (rsa_bits != 0)
        assert_err(rf_key_new_rsa(rsa_bits, &k, NULL), RF_OK);
    else
        assert_err(rf_key_new_ec(RF_CURVE_P256, &k, NULL), RF_OK);
    return k;
}

static inline struct id self_id(enum rf_cert_role role, const char *cn, unsigned rsa_bits)
{
    struct id id = {0};
    struct rf_issue_self spec = {
        .role = role, .cn = cn, .org = "Ringfence test", .now_s = TEST_NOW, .days = 1000};
    id_set_key(&id, new_key(rsa_bits));
    assert_err(rf_issue_self_signed(&spec, id.vault, &id.cert, NULL), RF_OK);
    return id;
}

static inline struct id ca_id(enum rf_cert_role role, const char *cn, const struct id *ca)
{
    struct id id = {0};
    struct rf_issue_self spec = {.role = role, .cn = cn, .now_s = TEST_NOW, .days = 900};
    id_set_key(&id, new_key(0));
    assert_err(rf_issue_by_ca(&spec, rf_key_spki(id.key), ca->cert, ca->vault, &id.cert, NULL),
               RF_OK);
    return id;
}

static inline struct id mic_id(const char *name, const struct id *ca, unsigned rsa_bits)
{
    struct id id = {0};
    id_set_key(&id, new_key(rsa_bits));
    struct rf_issue_mic spec = {.device_name = rf_slice_str(name),
                                .model = rf_slice_str("8861"),
                                .serial_number = rf_slice_str("RF000001"),
                                .org = "Ringfence test",
                                .spki = rf_key_spki(id.key),
                                .now_s = TEST_NOW,
                                .days = 800};
    assert_err(rf_issue_mic(&spec, ca->cert, ca->vault, &id.cert, NULL), RF_OK);
    return id;
}

#endif
