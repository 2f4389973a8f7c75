/* SPDX-License-Identifier: Apache-2.0 */
/* Proofs of possession. doc: docs/wire/capf-proof.md; docs/security-rules.md, "CAPF"
 * (A5, A6) */
#include "trust/proof.h"

#include "base/faults.h"

#define PARTS_MAX 3

/* What one block signs. */
struct message {
    struct rf_slice part[PARTS_MAX];
    size_t n;
    uint8_t session[4];
};

static enum rf_err check_name(struct rf_slice name, struct rf_why *why)
{
    struct rf_rd rd = rf_rd_of(name);
    uint8_t c;
    bool is_bad = name.len == 0 || name.len > RF_PROOF_NAME_MAX;
    while (rf_rd_u8(&rd, &c))
        is_bad |= c < 0x20 || c == 0x7f;
    if (!rf_fault_skips("proof.name") && is_bad)
        return rf_why_set(why, RF_ERR_BAD, "proof-name",
                          "a device name that is signed has 1 to %d bytes and none of them is a "
                          "control byte",
                          RF_PROOF_NAME_MAX);
    return RF_OK;
}

/* device name | 00 | certificate */
static void name_message(struct rf_slice name, const struct rf_cert *cert, struct message *out)
{
    *out = (struct message){.part = {name, rf_slice_of("", 1), rf_cert_der(cert)}, .n = 3};
}

/* session id, little-endian | certificate. `out` stays where it is: a part points into it. */
static void session_message(uint32_t session_id, const struct rf_cert *cert, struct message *out)
{
    *out = (struct message){0};
    struct rf_wr wr = rf_wr_of(out->session, sizeof(out->session));
    rf_wr_u32le(&wr, session_id);
    out->part[0] = rf_slice_of(out->session, sizeof(out->session));
    out->part[1] = rf_cert_der(cert);
    out->n = 2;
}

static enum rf_err sign_one(struct rf_vault_key *key, const struct message *m, enum rf_digest alg,
                            bool is_bare, struct rf_buf *sig, struct rf_why *why)
{
    uint8_t md[RF_DIGEST_MAX];
    struct rf_slice digest = rf_slice_of(md, rf_digest_of_parts(alg, m->part, m->n, md));
    if (is_bare && rf_vault_key_type(key) == RF_KEY_RSA)
        return rf_vault_sign_bare(key, digest, sig, why);
    return rf_vault_sign_digest(key, alg, digest, sig, why);
}

static enum rf_err sign_both(struct rf_vault_key *key, const struct message *m, bool is_bare,
                             struct rf_buf *sha1_sig, struct rf_buf *sha512_sig, struct rf_why *why)
{
    enum rf_err err = sign_one(key, m, RF_DIGEST_SHA1, is_bare, sha1_sig, why);
    return err == RF_OK ? sign_one(key, m, RF_DIGEST_SHA512, is_bare, sha512_sig, why) : err;
}

/* Whole blocks are compared for either form: the bare digest is another block, not a looser one. */
static enum rf_err check_one(const struct rf_cert *cert, const struct message *m,
                             enum rf_digest alg, struct rf_slice sig, bool allow_bare,
                             bool *used_bare, struct rf_why *why)
{
    uint8_t md[RF_DIGEST_MAX];
    struct rf_slice digest = rf_slice_of(md, rf_digest_of_parts(alg, m->part, m->n, md));
    if (rf_cert_verify_digest(cert, alg, digest, sig, NULL) == RF_OK)
        return RF_OK;
    bool is_bare = rf_cert_verify_bare(cert, digest, sig, NULL) == RF_OK;
    if (!rf_fault_skips("proof.match") && !is_bare)
        return rf_why_set(why, RF_ERR_CRYPTO, "proof-mismatch",
                          "the %s signature is not that of %s over these bytes: the sender does "
                          "not hold that key, or signed another name or session",
                          rf_digest_name(alg), rf_cert_subject(cert));
    if (!rf_fault_skips("proof.bare-digest") && !allow_bare)
        return rf_why_set(why, RF_ERR_DENIED, "proof-bare-digest",
                          "the %s proof of %s is a bare digest; capf_bare_digest takes those, "
                          "for phones that write no other",
                          rf_digest_name(alg), rf_cert_subject(cert));
    *used_bare = true;
    return RF_OK;
}

static enum rf_err check_both(const struct rf_cert *cert, const struct message *m,
                              struct rf_slice sha1_sig, struct rf_slice sha512_sig, bool allow_bare,
                              bool *used_bare, struct rf_why *why)
{
    bool is_bare = false;
    enum rf_err err = check_one(cert, m, RF_DIGEST_SHA1, sha1_sig, allow_bare, &is_bare, why);
    if (err == RF_OK)
        err = check_one(cert, m, RF_DIGEST_SHA512, sha512_sig, allow_bare, &is_bare, why);
    if (used_bare != NULL)
        *used_bare = err == RF_OK && is_bare;
    return err;
}

static enum rf_err check_present(struct rf_slice sha1_sig, struct rf_slice sha512_sig,
                                 struct rf_why *why)
{
    if (sha1_sig.len == 0 || sha512_sig.len == 0)
        return rf_why_set(why, RF_ERR_BAD, "proof-missing",
                          "the proof needs its %s signature: both must be there",
                          sha1_sig.len == 0 ? "SHA-1" : "SHA-512");
    return RF_OK;
}

enum rf_err rf_proof_sign(struct rf_vault_key *key, const struct rf_cert *cert,
                          struct rf_slice device_name, bool is_bare, struct rf_buf *sha1_sig,
                          struct rf_buf *sha512_sig, struct rf_why *why)
{
    struct message m;
    enum rf_err err = check_name(device_name, why);
    if (err != RF_OK)
        return err;
    name_message(device_name, cert, &m);
    return sign_both(key, &m, is_bare, sha1_sig, sha512_sig, why);
}

enum rf_err rf_proof_check(const struct rf_cert *cert, struct rf_slice device_name,
                           struct rf_slice sha1_sig, struct rf_slice sha512_sig, bool allow_bare,
                           bool *used_bare, struct rf_why *why)
{
    struct message m;
    if (used_bare != NULL)
        *used_bare = false;
    enum rf_err err = check_name(device_name, why);
    if (err == RF_OK)
        err = check_present(sha1_sig, sha512_sig, why);
    if (err != RF_OK)
        return err;
    name_message(device_name, cert, &m);
    return check_both(cert, &m, sha1_sig, sha512_sig, allow_bare, used_bare, why);
}

enum rf_err rf_sudi_sign(struct rf_vault_key *key, const struct rf_cert *cert, uint32_t session_id,
                         bool is_bare, struct rf_buf *sha1_sig, struct rf_buf *sha512_sig,
                         struct rf_why *why)
{
    struct message m;
    session_message(session_id, cert, &m);
    return sign_both(key, &m, is_bare, sha1_sig, sha512_sig, why);
}

enum rf_err rf_sudi_check(const struct rf_cert *sudi_cert, const struct rf_cert *cert,
                          uint32_t session_id, struct rf_slice sha1_sig, struct rf_slice sha512_sig,
                          bool allow_bare, bool *used_bare, struct rf_why *why)
{
    struct message m;
    if (used_bare != NULL)
        *used_bare = false;
    enum rf_err err = check_present(sha1_sig, sha512_sig, why);
    if (err != RF_OK)
        return err;
    bool is_other = cert != NULL && rf_cert_key_type(sudi_cert) != rf_cert_key_type(cert);
    if (!rf_fault_skips("proof.sudi-key-type") && is_other)
        return rf_why_set(why, RF_ERR_DENIED, "sudi-key-type",
                          "the key of the SUDI certificate is of another type than that of %s",
                          rf_cert_subject(cert));
    session_message(session_id, sudi_cert, &m);
    return check_both(sudi_cert, &m, sha1_sig, sha512_sig, allow_bare, used_bare, why);
}

/* A DER length below 256, which is all an ECDSA signature of these curves has. */
static bool take_der(struct rf_rd *rd, uint8_t tag, struct rf_rd *content)
{
    uint8_t got, len;
    return rf_rd_u8(rd, &got) && got == tag && rf_rd_u8(rd, &len) &&
           (len < 0x80 || (len == 0x81 && rf_rd_u8(rd, &len))) && rf_rd_sub(rd, len, content);
}

/* Of (r, s) anybody makes (r, n - s), which is as valid: only r tells two ECDSA signatures apart.
 * An RSA signature has one form. */
static struct rf_slice identity_of(struct rf_slice sig)
{
    struct rf_rd rd = rf_rd_of(sig), pair, r, s;
    if (take_der(&rd, 0x30, &pair) && rf_rd_done(&rd) && take_der(&pair, 0x02, &r) &&
        take_der(&pair, 0x02, &s) && rf_rd_done(&pair))
        return rf_rd_rest(&r);
    return sig;
}

void rf_proof_id(struct rf_slice sha1_sig, struct rf_slice sha512_sig, uint8_t out[32])
{
    struct rf_slice part[4] = {{0}, identity_of(sha1_sig), {0}, identity_of(sha512_sig)};
    uint8_t len[2][4];
    for (size_t i = 0; i < 2; i++) {
        struct rf_wr wr = rf_wr_of(len[i], sizeof(len[i]));
        rf_wr_u32be(&wr, (uint32_t)part[2 * i + 1].len);
        part[2 * i] = rf_slice_of(len[i], sizeof(len[i]));
    }
    uint8_t md[RF_DIGEST_MAX];
    size_t n = rf_digest_of_parts(RF_DIGEST_SHA256, part, 4, md);
    struct rf_wr wr = rf_wr_of(out, 32);
    rf_wr_bytes(&wr, md, n);
}
