/* SPDX-License-Identifier: Apache-2.0 */
/* Signing a body that is never held whole. The header's length does not depend on the body, so the
 * header is ready before the first piece but for its signature. */
#include "trust/sigfile.h"
#include "trust/sigfile_int.h"

struct rf_sigmake {
    struct rf_vault_key *key;   /* the caller's */
    const struct rf_cert *cert; /* the caller's */
    enum rf_digest digest;
    struct rf_signedfile_layout layout;
    struct rf_hash *hash;
    uint8_t head[RF_SIGFILE_OVERHEAD_MAX];
    bool is_done;
};

enum rf_err rf_sigmake_new(struct rf_vault_key *key, const struct rf_cert *cert,
                           const struct rf_sigfile_spec *spec, bool is_image,
                           struct rf_sigmake **out, struct rf_why *why)
{
    RF_AUTO(rf_sigmake_freep) struct rf_sigmake *m = rf_new(struct rf_sigmake);
    struct rf_signedfile_spec header;
    enum rf_err err = rf_sigfile_header(key, cert, spec, is_image, &header, why);
    if (err == RF_OK)
        err = rf_signedfile_encode(&header, m->head, sizeof(m->head), &m->layout, why);
    if (err != RF_OK)
        return err;
    m->key = key;
    m->cert = cert;
    m->digest = spec->digest;
    m->hash = rf_hash_new(spec->digest);
    struct rf_slice head = rf_slice_of(m->head, m->layout.header_len);
    size_t after = m->layout.signature_tlv_off + m->layout.signature_tlv_len;
    rf_hash_add(m->hash, rf_slice_part(head, 0, m->layout.signature_tlv_off));
    rf_hash_add(m->hash, rf_slice_part(head, after, SIZE_MAX));
    *out = rf_steal(&m);
    return RF_OK;
}

void rf_sigmake_add(struct rf_sigmake *m, struct rf_slice piece)
{
    rf_bug_on(m->is_done);
    rf_hash_add(m->hash, piece);
}

enum rf_err rf_sigmake_finish(struct rf_sigmake *m, struct rf_slice *header, struct rf_why *why)
{
    RF_AUTO(rf_buf_fini) struct rf_buf sig = RF_BUF(RF_SIGNATURE_MAX);
    uint8_t md[RF_DIGEST_MAX];
    rf_bug_on(m->is_done);
    m->is_done = true;
    *header = (struct rf_slice){0};
    struct rf_slice digested = rf_slice_of(md, rf_hash_end(m->hash, md));
    enum rf_err err = rf_vault_sign_digest(m->key, m->digest, digested, &sig, why);
    if (err == RF_OK)
        err = rf_sigfile_put_signature(m->cert, m->digest, digested, rf_buf_slice(&sig), &m->layout,
                                       m->head, sizeof(m->head), why);
    if (err == RF_OK)
        *header = rf_slice_of(m->head, m->layout.header_len);
    return err;
}

void rf_sigmake_free(struct rf_sigmake *m)
{
    if (m == NULL)
        return;
    rf_hash_free(m->hash);
    rf_free(m);
}

void rf_sigmake_freep(struct rf_sigmake **m)
{
    rf_sigmake_free(*m);
    *m = NULL;
}
