/* SPDX-License-Identifier: Apache-2.0 */
/* Our issuer under another root: the request, and each thing for which its certificate is refused.
 */
#include "ca_kit.h"

#include <openssl/pem.h>

#include "trust/csr.h"

#define CN "Site LSC issuer"

static void a_request_asks_for_a_ca_of_this_key_and_name(void **state)
{
    static const unsigned bits[] = {0, 2048};
    for (size_t i = 0; i < 2; i++) {
        struct rf_why why = {0};
        struct id id = self_id(RF_CERT_ROLE_LSC_ISSUER, CN, bits[i]);
        RF_AUTO(rf_buf_fini) struct rf_buf pem = RF_BUF(65536);
        assert_err(rf_csr_make(id.vault, rf_cert_subject_der(id.cert), &pem, &why), RF_OK);
        BIO *bio = BIO_new_mem_buf(pem.p, (int)pem.len);
        X509_REQ *req = PEM_read_bio_X509_REQ(bio, NULL, NULL, NULL);
        assert_non_null(req);
        unsigned char *name = NULL, *key = NULL;
        int len = i2d_X509_NAME(X509_REQ_get_subject_name(req), &name);
        assert_slice_eq(rf_slice_of(name, (size_t)len), rf_cert_subject_der(id.cert));
        len = i2d_PUBKEY(X509_REQ_get0_pubkey(req), &key);
        assert_slice_eq(rf_slice_of(key, (size_t)len), rf_key_spki(id.key));
        STACK_OF(X509_EXTENSION) *exts = X509_REQ_get_extensions(req);
        assert_int_equal(sk_X509_EXTENSION_num(exts), 2);
        sk_X509_EXTENSION_pop_free(exts, X509_EXTENSION_free);
        OPENSSL_free(name);
        OPENSSL_free(key);
        X509_REQ_free(req);
        BIO_free(bio);
        id_fini(&id);
    }
}

static void a_public_key_is_written_as_pem(void **state)
{
    struct rf_why why = {0};
    RF_AUTO(rf_key_freep) struct rf_key *key = new_key(0);
    RF_AUTO(rf_buf_fini) struct rf_buf pem = RF_BUF(4096);
    assert_err(rf_spki_to_pem(rf_key_spki(key), &pem, &why), RF_OK);
    assert_int_equal(strncmp((const char *)pem.p, "-----BEGIN PUBLIC KEY-----\n", 27), 0);
    assert_err(rf_spki_to_pem(rf_slice_str("nonsense"), &pem, &why), RF_ERR_BAD);
}

/* ---- what came back ---- */

struct world {
    struct ca *ca; /* its root */
    struct id own;
    struct rf_cert_list chain;
};

static void expect(struct world *w, const struct rf_cert *cert, const struct rf_cert *root,
                   const char *code)
{
    struct rf_why why = {0};
    enum rf_err err =
        rf_issuer_check(cert, rf_key_spki(w->own.key), &w->chain, root, TEST_NOW, &why);
    if (code == NULL) {
        assert_err(err, RF_OK);
        return;
    }
    assert_err(err, RF_ERR_DENIED);
    assert_string_equal(why.code, code);
}

static void expect_made(struct world *w, struct ca_make make, const char *code)
{
    w->ca->make = make;
    w->ca->make.is_ca = true;
    w->ca->make.ext_usage = "";
    if (make.key_usage == NULL)
        w->ca->make.key_usage = "critical,keyCertSign,cRLSign,digitalSignature";
    RF_AUTO(rf_cert_freep) struct rf_cert *cert = ca_issue(w->ca, rf_key_spki(w->own.key), CN);
    expect(w, cert, w->ca->id.cert, code);
}

static void each_thing_wrong_is_refused(void **state)
{
    struct world w = {.ca = ca_new("Customer root")};
    id_fini(&w.ca->id);
    w.ca->id = self_id(RF_CERT_ROLE_MIC_ROOT, "Customer root", 0);
    w.own = self_id(RF_CERT_ROLE_LSC_ISSUER, CN, 0);
    expect_made(&w, (struct ca_make){0}, NULL);
    expect_made(&w, (struct ca_make){.is_other_key = true}, "key-cert-mismatch");
    expect_made(&w, (struct ca_make){.key_usage = "critical,digitalSignature"}, "issuer-key-usage");
    expect_made(&w, (struct ca_make){.key_usage = ""}, "issuer-key-usage");
    expect_made(&w, (struct ca_make){.is_sha1 = true}, "cert-digest");
    expect_made(&w, (struct ca_make){.from_s = TEST_NOW - 9000, .until_s = TEST_NOW - 1},
                "cert-expired");
    expect_made(&w, (struct ca_make){.from_s = TEST_NOW + 600}, "cert-not-yet");
    expect_made(&w, (struct ca_make){.is_by_other = true}, "path-signature");
    w.ca->make = (struct ca_make){0};
    RF_AUTO(rf_cert_freep) struct rf_cert *leaf = ca_issue(w.ca, rf_key_spki(w.own.key), CN);
    expect(&w, leaf, w.ca->id.cert, "issuer-not-ca");
    expect(&w, w.own.cert, w.ca->id.cert, "path-unknown-issuer");
    id_fini(&w.own);
    ca_free(w.ca);
}

static void by_a_ca_below_the_root(void **state)
{
    struct world w = {.ca = ca_new("Customer root")};
    struct rf_issue_self spec = {
        .role = RF_CERT_ROLE_LSC_ISSUER, .cn = CN, .now_s = TEST_NOW, .days = 300};
    struct id root = self_id(RF_CERT_ROLE_MIC_ROOT, "Root", 0);
    struct id between = ca_id(RF_CERT_ROLE_MIC_ROOT, "Between", &root);
    struct id narrow = ca_id(RF_CERT_ROLE_LSC_ISSUER, "Narrow", &root); /* path length 0 */
    w.own = self_id(RF_CERT_ROLE_LSC_ISSUER, CN, 0);
    RF_AUTO(rf_cert_freep) struct rf_cert *good = NULL;
    RF_AUTO(rf_cert_freep) struct rf_cert *deep = NULL;
    assert_err(
        rf_issue_by_ca(&spec, rf_key_spki(w.own.key), between.cert, between.vault, &good, NULL),
        RF_OK);
    assert_err(
        rf_issue_by_ca(&spec, rf_key_spki(w.own.key), narrow.cert, narrow.vault, &deep, NULL),
        RF_OK);
    expect(&w, good, root.cert, "path-unknown-issuer"); /* without the one between */
    assert_true(rf_cert_list_add(&w.chain, between.cert));
    assert_true(rf_cert_list_add(&w.chain, narrow.cert));
    expect(&w, good, root.cert, NULL);
    expect(&w, deep, root.cert, "path-length");
    expect(&w, good, between.cert, "issuer-root");
    expect(&w, good, w.ca->id.cert, "path-unknown-issuer");
    rf_cert_list_fini(&w.chain);
    struct id *ids[] = {&root, &between, &narrow, &w.own};
    for (size_t i = 0; i < 4; i++)
        id_fini(ids[i]);
    ca_free(w.ca);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_request_asks_for_a_ca_of_this_key_and_name),
        cmocka_unit_test(a_public_key_is_written_as_pem),
        cmocka_unit_test(each_thing_wrong_is_refused),
        cmocka_unit_test(by_a_ca_below_the_root),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
