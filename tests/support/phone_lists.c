/* SPDX-License-Identifier: Apache-2.0 */
/* Stands in for trust/lists.c and trust/proof.c, with their interfaces and nothing of their rules.
 */
#include "phone_lists.h"
#include "trust/proof.h"
#include "unit.h"

struct rf_list {
    struct phone_list_row rows[8];
    size_t n;
};

struct rf_lists phone_lists(const struct phone_list_row *rows, size_t n)
{
    struct rf_list *l = rf_new(struct rf_list);
    l->n = n;
    memcpy(l->rows, rows, n * sizeof *rows);
    return (struct rf_lists){.ctl = l};
}
void rf_lists_fini(struct rf_lists *lists)
{
    rf_free(lists->ctl);
    lists->ctl = NULL;
}
static bool fits(uint16_t has, uint16_t want)
{
    return has == want || (want == RF_TRUSTLIST_ROLE_CCM && has == RF_TRUSTLIST_ROLE_CCM_TFTP);
}
const struct rf_cert *rf_lists_nth(const struct rf_lists *lists, uint16_t role, size_t nth)
{
    for (size_t i = 0; lists->ctl && i < lists->ctl->n; i++)
        if (lists->ctl->rows[i].role == role && nth-- == 0)
            return lists->ctl->rows[i].cert;
    return NULL;
}
enum rf_err rf_lists_find_server(const struct rf_lists *lists, const struct rf_cert *cert,
                                 uint16_t role, struct rf_why *why)
{
    bool known = false;
    for (size_t i = 0; lists->ctl && i < lists->ctl->n; i++) {
        if (!rf_cert_eq(lists->ctl->rows[i].cert, cert))
            continue;
        known = true;
        if (fits(lists->ctl->rows[i].role, role))
            return RF_OK;
    }
    return rf_why_set(why, RF_ERR_DENIED, known ? "server-role" : "server-unknown", "x");
}
enum rf_err rf_proof_sign(struct rf_vault_key *key, const struct rf_cert *cert,
                          struct rf_slice name, bool is_bare, struct rf_buf *a, struct rf_buf *b,
                          struct rf_why *why)
{
    struct rf_slice parts[3] = {name, {(const uint8_t *)"", 1}, rf_cert_der(cert)};
    if (rf_vault_sign(key, RF_DIGEST_SHA1, parts, 3, a, why) != RF_OK)
        return RF_ERR_CRYPTO;
    return rf_vault_sign(key, RF_DIGEST_SHA512, parts, 3, b, why);
}
enum rf_err rf_proof_check(const struct rf_cert *cert, struct rf_slice name, struct rf_slice a,
                           struct rf_slice b, bool allow_bare, bool *used_bare, struct rf_why *why)
{
    struct rf_slice parts[3] = {name, {(const uint8_t *)"", 1}, rf_cert_der(cert)};
    if (rf_cert_verify(cert, RF_DIGEST_SHA1, parts, 3, a, why) != RF_OK)
        return RF_ERR_CRYPTO;
    return rf_cert_verify(cert, RF_DIGEST_SHA512, parts, 3, b, why);
}
static struct rf_slice le(uint32_t v, uint8_t *out)
{
    struct rf_wr wr = rf_wr_of(out, 4);
    rf_wr_u32le(&wr, v);
    return rf_slice_of(out, 4);
}
enum rf_err rf_sudi_sign(struct rf_vault_key *key, const struct rf_cert *cert, uint32_t session,
                         bool is_bare, struct rf_buf *a, struct rf_buf *b, struct rf_why *why)
{
    uint8_t s[4];
    struct rf_slice parts[2] = {le(session, s), rf_cert_der(cert)};
    if (rf_vault_sign(key, RF_DIGEST_SHA1, parts, 2, a, why) != RF_OK)
        return RF_ERR_CRYPTO;
    return rf_vault_sign(key, RF_DIGEST_SHA512, parts, 2, b, why);
}
enum rf_err rf_sudi_check(const struct rf_cert *sudi, const struct rf_cert *cert, uint32_t session,
                          struct rf_slice a, struct rf_slice b, bool allow_bare, bool *used_bare,
                          struct rf_why *why)
{
    uint8_t s[4];
    struct rf_slice parts[2] = {le(session, s), rf_cert_der(sudi)};
    if (rf_cert_verify(sudi, RF_DIGEST_SHA1, parts, 2, a, why) != RF_OK)
        return RF_ERR_CRYPTO;
    return rf_cert_verify(sudi, RF_DIGEST_SHA512, parts, 2, b, why);
}
