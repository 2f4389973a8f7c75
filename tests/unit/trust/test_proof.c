/* SPDX-License-Identifier: Apache-2.0 */
#include "pki.h"

#include <openssl/bn.h>
#include <openssl/ecdsa.h>
#include <openssl/evp.h>
#include <openssl/rsa.h>

#include "trust/digest.h"
#include "trust/openssl.h"
#include "trust/proof.h"

#define NAME "SEP001122334455"

struct proof {
    struct rf_buf sha1, sha512;
};

static struct proof new_proof(void)
{
    return (struct proof){RF_BUF(RF_SIGNATURE_MAX), RF_BUF(RF_SIGNATURE_MAX)};
}

static void proof_fini(struct proof *p)
{
    rf_buf_fini(&p->sha1);
    rf_buf_fini(&p->sha512);
}

static struct proof sign_name(const struct id *id, const char *name, bool is_bare)
{
    struct proof p = new_proof();
    assert_err(
        rf_proof_sign(id->vault, id->cert, rf_slice_str(name), is_bare, &p.sha1, &p.sha512, NULL),
        RF_OK);
    return p;
}

static struct proof sign_session(const struct id *id, uint32_t session, bool is_bare)
{
    struct proof p = new_proof();
    assert_err(rf_sudi_sign(id->vault, id->cert, session, is_bare, &p.sha1, &p.sha512, NULL),
               RF_OK);
    return p;
}

static enum rf_err check(const struct id *id, const char *name, const struct proof *p,
                         bool allow_bare, bool *used_bare, struct rf_why *why)
{
    *why = (struct rf_why){0};
    return rf_proof_check(id->cert, rf_slice_str(name), rf_buf_slice(&p->sha1),
                          rf_buf_slice(&p->sha512), allow_bare, used_bare, why);
}

static enum rf_err check_sudi(const struct id *id, const struct id *first, uint32_t session,
                              const struct proof *p, bool allow_bare, bool *used_bare,
                              struct rf_why *why)
{
    *why = (struct rf_why){0};
    return rf_sudi_check(id->cert, first != NULL ? first->cert : NULL, session,
                         rf_buf_slice(&p->sha1), rf_buf_slice(&p->sha512), allow_bare, used_bare,
                         why);
}

static void a_proof_holds_for_its_name_and_key_only(void **state)
{
    struct id ids[] = {fixture_id("phone"), self_id(RF_CERT_ROLE_CCM, NAME, 0)};
    struct id others[] = {fixture_id("ccm"), self_id(RF_CERT_ROLE_CCM, NAME, 0)};
    for (size_t i = 0; i < 2; i++) {
        struct proof p = sign_name(&ids[i], NAME, false), q = sign_name(&others[i], NAME, false);
        struct rf_why why;
        bool used_bare = true;
        assert_err(check(&ids[i], NAME, &p, false, &used_bare, &why), RF_OK);
        assert_false(used_bare);
        assert_err(check(&ids[i], NAME, &p, true, NULL, &why), RF_OK);
        assert_refused(check(&ids[i], "SEP001122334456", &p, true, NULL, &why), RF_ERR_CRYPTO, why,
                       "proof-mismatch");
        assert_refused(check(&others[i], NAME, &p, true, NULL, &why), RF_ERR_CRYPTO, why,
                       "proof-mismatch");
        assert_err(check(&others[i], NAME, &q, false, NULL, &why), RF_OK);
        proof_fini(&p);
        proof_fini(&q);
        id_fini(&ids[i]);
        id_fini(&others[i]);
    }
}

/* The bytes are those that phones sign: the name, one NUL, the certificate. */
static void the_signed_bytes_are_name_nul_certificate(void **state)
{
    struct id id = fixture_id("phone");
    struct proof p = sign_name(&id, NAME, false);
    struct rf_slice parts[] = {rf_slice_of(NAME, sizeof(NAME)), rf_cert_der(id.cert)};
    assert_err(rf_cert_verify(id.cert, RF_DIGEST_SHA1, parts, 2, rf_buf_slice(&p.sha1), NULL),
               RF_OK);
    assert_err(rf_cert_verify(id.cert, RF_DIGEST_SHA512, parts, 2, rf_buf_slice(&p.sha512), NULL),
               RF_OK);
    struct proof s = sign_session(&id, 0x01020304, false);
    parts[0] = rf_slice_of("\x04\x03\x02\x01", 4);
    assert_err(rf_cert_verify(id.cert, RF_DIGEST_SHA1, parts, 2, rf_buf_slice(&s.sha1), NULL),
               RF_OK);
    assert_err(rf_cert_verify(id.cert, RF_DIGEST_SHA512, parts, 2, rf_buf_slice(&s.sha512), NULL),
               RF_OK);
    proof_fini(&p);
    proof_fini(&s);
    id_fini(&id);
}

static void both_signatures_must_be_there_and_hold(void **state)
{
    struct id id = fixture_id("phone");
    struct proof p = sign_name(&id, NAME, false), other = sign_name(&id, "SEP001122334456", false);
    struct rf_buf *each[] = {&p.sha1, &p.sha512}, *wrong[] = {&other.sha1, &other.sha512};
    for (size_t i = 0; i < 2; i++) {
        struct rf_buf kept = *each[i];
        struct rf_why why;
        *each[i] = (struct rf_buf){0};
        assert_refused(check(&id, NAME, &p, true, NULL, &why), RF_ERR_BAD, why, "proof-missing");
        assert_refused(check_sudi(&id, NULL, 1, &p, true, NULL, &why), RF_ERR_BAD, why,
                       "proof-missing");
        *each[i] = *wrong[i];
        assert_refused(check(&id, NAME, &p, true, NULL, &why), RF_ERR_CRYPTO, why,
                       "proof-mismatch");
        *each[i] = kept;
        each[i]->p[7] ^= 1;
        assert_refused(check(&id, NAME, &p, true, NULL, &why), RF_ERR_CRYPTO, why,
                       "proof-mismatch");
        each[i]->p[7] ^= 1;
        each[i]->len--;
        assert_refused(check(&id, NAME, &p, true, NULL, &why), RF_ERR_CRYPTO, why,
                       "proof-mismatch");
        each[i]->len++;
        assert_err(check(&id, NAME, &p, false, NULL, &why), RF_OK);
    }
    /* SHA-1 and SHA-512 do not stand for each other. */
    struct proof swapped = {p.sha512, p.sha1};
    struct rf_why why;
    assert_refused(check(&id, NAME, &swapped, true, NULL, &why), RF_ERR_CRYPTO, why,
                   "proof-mismatch");
    proof_fini(&p);
    proof_fini(&other);
    id_fini(&id);
}

static void a_bare_digest_needs_its_knob_sec_60a(void **state)
{
    struct id id = fixture_id("phone");
    struct proof bare = sign_name(&id, NAME, true), named = sign_name(&id, NAME, false);
    struct proof mixed[] = {{bare.sha1, named.sha512}, {named.sha1, bare.sha512}};
    struct rf_why why;
    bool used_bare = true;
    assert_refused(check(&id, NAME, &bare, false, &used_bare, &why), RF_ERR_DENIED, why,
                   "proof-bare-digest");
    assert_false(used_bare);
    assert_err(check(&id, NAME, &bare, true, &used_bare, &why), RF_OK);
    assert_true(used_bare);
    assert_err(check(&id, NAME, &named, true, &used_bare, &why), RF_OK);
    assert_false(used_bare);
    for (size_t i = 0; i < 2; i++) {
        assert_refused(check(&id, NAME, &mixed[i], false, NULL, &why), RF_ERR_DENIED, why,
                       "proof-bare-digest");
        assert_err(check(&id, NAME, &mixed[i], true, &used_bare, &why), RF_OK);
        assert_true(used_bare);
    }
    /* The knob takes another form, not another name. */
    assert_refused(check(&id, "SEP001122334456", &bare, true, &used_bare, &why), RF_ERR_CRYPTO, why,
                   "proof-mismatch");
    assert_false(used_bare);
    proof_fini(&bare);
    proof_fini(&named);
    id_fini(&id);
}

/* The private operation on a block of our making. */
static struct rf_buf raw_sign(struct rf_key *key, const uint8_t *block, size_t n)
{
    struct rf_buf sig = RF_BUF(RF_SIGNATURE_MAX);
    size_t len = n;
    EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new(rf_key_pkey(key), NULL);
    assert_int_equal(EVP_PKEY_sign_init(ctx), 1);
    assert_int_equal(EVP_PKEY_CTX_set_rsa_padding(ctx, RSA_NO_PADDING), 1);
    assert_int_equal(EVP_PKEY_sign(ctx, rf_buf_room(&sig, n), &len, block, n), 1);
    sig.len = len;
    EVP_PKEY_CTX_free(ctx);
    return sig;
}

/* 00 01 FF..FF 00 digest with one byte of it changed, or none (at = SIZE_MAX). */
static struct rf_buf block_signature(const struct id *id, enum rf_digest alg, size_t at)
{
    uint8_t md[RF_DIGEST_MAX], block[256];
    struct rf_slice parts[] = {rf_slice_of(NAME, sizeof(NAME)), rf_cert_der(id->cert)};
    size_t n = rf_digest_of_parts(alg, parts, 2, md);
    memset(block, 0xff, sizeof(block));
    block[0] = 0;
    block[1] = 1;
    block[sizeof(block) - n - 1] = 0;
    memcpy(block + sizeof(block) - n, md, n);
    if (at < sizeof(block))
        block[at] ^= 1;
    return raw_sign(id->key, block, sizeof(block));
}

/* The digest at the end of the block is right each time. */
static void the_whole_block_is_compared_even_with_the_knob_on_sec_60a(void **state)
{
    struct id id = fixture_id("phone");
    static const size_t changed[] = {1, 2, 100, 190, 191};
    struct proof p = {block_signature(&id, RF_DIGEST_SHA1, SIZE_MAX),
                      block_signature(&id, RF_DIGEST_SHA512, SIZE_MAX)};
    struct rf_why why;
    assert_err(check(&id, NAME, &p, true, NULL, &why), RF_OK);
    for (size_t i = 0; i < sizeof(changed) / sizeof(changed[0]); i++) {
        struct proof bad = {p.sha1, block_signature(&id, RF_DIGEST_SHA512, changed[i])};
        assert_refused(check(&id, NAME, &bad, true, NULL, &why), RF_ERR_CRYPTO, why,
                       "proof-mismatch");
        rf_buf_fini(&bad.sha512);
    }
    proof_fini(&p);
    id_fini(&id);
}

static void names_that_cannot_be_signed_are_refused(void **state)
{
    struct id id = fixture_id("phone");
    struct proof p = new_proof(), good = sign_name(&id, NAME, false);
    uint8_t name[RF_PROOF_NAME_MAX + 1];
    memset(name, 'A', sizeof(name));
    struct rf_slice bad[] = {
        {0},
        rf_slice_of(name, sizeof(name)),
        rf_slice_of("SEP001122\0"
                    "4455",
                    14),
        rf_slice_of(NAME "\0", sizeof(NAME)),
        rf_slice_str("SEP\n"),
        rf_slice_str("SEP\x7f"),
    };
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        struct rf_why why = {0};
        assert_refused(rf_proof_sign(id.vault, id.cert, bad[i], false, &p.sha1, &p.sha512, &why),
                       RF_ERR_BAD, why, "proof-name");
        why = (struct rf_why){0};
        assert_refused(rf_proof_check(id.cert, bad[i], rf_buf_slice(&good.sha1),
                                      rf_buf_slice(&good.sha512), false, NULL, &why),
                       RF_ERR_BAD, why, "proof-name");
        assert_int_equal(p.sha1.len, 0);
    }
    struct rf_slice longest = rf_slice_of(name, RF_PROOF_NAME_MAX);
    assert_err(rf_proof_sign(id.vault, id.cert, longest, false, &p.sha1, &p.sha512, NULL), RF_OK);
    assert_err(rf_proof_check(id.cert, longest, rf_buf_slice(&p.sha1), rf_buf_slice(&p.sha512),
                              false, NULL, NULL),
               RF_OK);
    proof_fini(&p);
    proof_fini(&good);
    id_fini(&id);
}

static void sudi_data_holds_for_its_session_only(void **state)
{
    struct id rsa = fixture_id("phone"), ec = self_id(RF_CERT_ROLE_CCM, NAME, 0);
    struct id other = fixture_id("ccm");
    struct proof p = sign_session(&rsa, 0x12345678, false), q = sign_session(&ec, 1, false);
    struct proof bare = sign_session(&rsa, 0x12345678, true);
    struct rf_why why;
    bool used_bare = true;
    assert_err(check_sudi(&rsa, &rsa, 0x12345678, &p, false, &used_bare, &why), RF_OK);
    assert_false(used_bare);
    assert_err(check_sudi(&rsa, &other, 0x12345678, &p, false, NULL, &why), RF_OK);
    assert_err(check_sudi(&ec, &ec, 1, &q, false, NULL, &why), RF_OK);
    assert_refused(check_sudi(&rsa, &rsa, 0x12345679, &p, true, NULL, &why), RF_ERR_CRYPTO, why,
                   "proof-mismatch");
    assert_refused(check_sudi(&rsa, &rsa, 0x78563412, &p, true, NULL, &why), RF_ERR_CRYPTO, why,
                   "proof-mismatch");
    assert_refused(check_sudi(&ec, &ec, 2, &q, true, NULL, &why), RF_ERR_CRYPTO, why,
                   "proof-mismatch");
    assert_refused(check_sudi(&other, &rsa, 0x12345678, &p, true, NULL, &why), RF_ERR_CRYPTO, why,
                   "proof-mismatch");
    assert_refused(check_sudi(&rsa, &rsa, 0x12345678, &bare, false, NULL, &why), RF_ERR_DENIED, why,
                   "proof-bare-digest");
    assert_err(check_sudi(&rsa, &rsa, 0x12345678, &bare, true, &used_bare, &why), RF_OK);
    assert_true(used_bare);
    /* A key of another type than that of the first proof; without that proof it is not compared. */
    assert_refused(check_sudi(&ec, &rsa, 1, &q, true, NULL, &why), RF_ERR_DENIED, why,
                   "sudi-key-type");
    assert_refused(check_sudi(&rsa, &ec, 0x12345678, &p, true, NULL, &why), RF_ERR_DENIED, why,
                   "sudi-key-type");
    assert_err(check_sudi(&ec, NULL, 1, &q, false, NULL, &why), RF_OK);
    proof_fini(&p);
    proof_fini(&q);
    proof_fini(&bare);
    id_fini(&rsa);
    id_fini(&ec);
    id_fini(&other);
}

static void id_of(const struct proof *p, uint8_t out[32])
{
    rf_proof_id(rf_buf_slice(&p->sha1), rf_buf_slice(&p->sha512), out);
}

/* The same signature with n - s for s: as valid, but other bytes. */
static struct rf_buf mirrored(const struct rf_buf *sig)
{
    const unsigned char *at = sig->p;
    ECDSA_SIG *pair = d2i_ECDSA_SIG(NULL, &at, (long)sig->len);
    BIGNUM *order = NULL, *r = BN_dup(ECDSA_SIG_get0_r(pair)), *s = BN_new();
    assert_true(
        BN_hex2bn(&order, "FFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551") > 0);
    assert_int_equal(BN_sub(s, order, ECDSA_SIG_get0_s(pair)), 1);
    assert_int_equal(ECDSA_SIG_set0(pair, r, s), 1);
    struct rf_buf out = RF_BUF(RF_SIGNATURE_MAX);
    unsigned char *der = NULL;
    int n = i2d_ECDSA_SIG(pair, &der);
    assert_true(n > 0);
    assert_err(rf_buf_add(&out, der, (size_t)n), RF_OK);
    OPENSSL_free(der);
    ECDSA_SIG_free(pair);
    BN_free(order);
    return out;
}

static void a_proof_keeps_its_identity_however_it_is_written(void **state)
{
    struct id rsa = fixture_id("phone"), ec = self_id(RF_CERT_ROLE_CCM, NAME, 0);
    struct proof a = sign_name(&rsa, NAME, false), b = sign_name(&rsa, "SEP001122334456", false);
    struct proof c = sign_name(&ec, NAME, false), d = sign_name(&ec, NAME, false);
    struct proof twin = {mirrored(&c.sha1), mirrored(&c.sha512)};
    struct proof *all[] = {&a, &b, &c, &d};
    uint8_t ids[4][32], again[32];
    struct rf_why why;
    for (size_t i = 0; i < 4; i++) {
        id_of(all[i], ids[i]);
        id_of(all[i], again);
        assert_memory_equal(ids[i], again, 32);
        for (size_t k = 0; k < i; k++)
            assert_memory_not_equal(ids[i], ids[k], 32);
    }
    assert_err(check(&ec, NAME, &twin, false, NULL, &why), RF_OK);
    assert_false(rf_slice_eq(rf_buf_slice(&twin.sha1), rf_buf_slice(&c.sha1)));
    id_of(&twin, again);
    assert_memory_equal(again, ids[2], 32);
    /* Bytes cannot wander from one signature into the other. */
    struct rf_slice whole = rf_buf_slice(&a.sha1);
    uint8_t x[32], y[32];
    rf_proof_id(rf_slice_part(whole, 0, 100), rf_slice_part(whole, 100, 100), x);
    rf_proof_id(rf_slice_part(whole, 0, 101), rf_slice_part(whole, 101, 99), y);
    assert_memory_not_equal(x, y, 32);
    for (size_t i = 0; i < 4; i++)
        proof_fini(all[i]);
    proof_fini(&twin);
    id_fini(&rsa);
    id_fini(&ec);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_proof_holds_for_its_name_and_key_only),
        cmocka_unit_test(the_signed_bytes_are_name_nul_certificate),
        cmocka_unit_test(both_signatures_must_be_there_and_hold),
        cmocka_unit_test(a_bare_digest_needs_its_knob_sec_60a),
        cmocka_unit_test(the_whole_block_is_compared_even_with_the_knob_on_sec_60a),
        cmocka_unit_test(names_that_cannot_be_signed_are_refused),
        cmocka_unit_test(sudi_data_holds_for_its_session_only),
        cmocka_unit_test(a_proof_keeps_its_identity_however_it_is_written),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
