/* SPDX-License-Identifier: Apache-2.0 */
/* Certificates that the trust verification service vouches for. What is shown is what it answers
 * from now; a change is answered when it is in force. doc: docs/tvs.md */
#include "service/admin/admin_int.h"

#include "base/faults.h"
#include "base/text.h"
#include "trust/cert.h"
#include "wire/trustlist/trustlist.h"

#include <string.h>

#define TTL_MAX 604800

void admin_tvs_answer(struct admin_task *t, struct rf_json *out)
{
    struct rf_json *certs = rf_json_arr();
    ADMIN_OPS(t, tvs_show)(ADMIN_ARG(t), certs);
    rf_json_set_take(out, "certificates", certs);
}

void admin_tvs_changed_answer(struct admin_task *t, struct rf_json *out)
{
    ADMIN_OPS(t, tvs_use)(t->tvs);
    t->tvs = NULL;
    rf_json_set_str(out, "fingerprint", rf_json_str(t->shown, "fingerprint"));
    rf_json_set_str(out, "subject", rf_json_str(t->shown, "subject"));
}

/* ---- adding ---- */

static enum rf_err read_roles(const struct rf_json *body, uint32_t *roles, struct rf_why *why)
{
    const struct rf_json *arr = NULL;
    enum rf_err err = rf_json_need_arr(body, "roles", &arr, why);
    for (size_t i = 0; err == RF_OK && i < rf_json_len(arr); i++) {
        const char *word = rf_json_at_str(arr, i);
        uint16_t role = 0;
        if (word == NULL || !rf_trustlist_role_from_word(rf_slice_str(word), &role))
            return rf_why_set(why, RF_ERR_BAD, "tvs-roles",
                              "roles are sast, ccm, ccm-tftp, tftp, capf, tvs and app-server");
        *roles |= UINT32_C(1) << role;
    }
    if (err == RF_OK && *roles == 0)
        return rf_why_set(why, RF_ERR_BAD, "tvs-roles", "at least one role is wanted");
    return err;
}

static bool is_permitted(const char *fingerprints, const char *fingerprint)
{
    struct rf_slice rest = rf_slice_str(fingerprints), one;
    while (rf_next_piece(&rest, ' ', &one))
        if (rf_slice_eq_str(one, fingerprint))
            return true;
    return false;
}

/* Whoever can add a certificate cannot thereby make lists for all phones. */
static enum rf_err check_signer(struct admin_task *t, const struct rf_cert *cert, uint32_t roles,
                                struct rf_why *why)
{
    const struct rf_site_conf *conf = ADMIN_OPS(t, conf)(ADMIN_ARG(t));
    if (rf_fault_skips("tvs.add-signer") ||
        (roles & (UINT32_C(1) << RF_TRUSTLIST_ROLE_SAST)) == 0 ||
        is_permitted(conf->tvs_list_signers, rf_cert_fingerprint(cert)))
        return RF_OK;
    return admin_refuse(t, 409, why, "tvs-list-signer",
                        "%s would sign trust lists for all phones: name it in tvs_list_signers of "
                        "ringfence.conf first, by its fingerprint %s, then `ringfence reload`",
                        rf_cert_subject(cert), rf_cert_fingerprint(cert));
}

static void remember(struct admin_task *t, const struct rf_cert *cert, uint32_t roles)
{
    t->shown = rf_json_obj();
    rf_json_set_str(t->shown, "fingerprint", rf_cert_fingerprint(cert));
    rf_json_set_str(t->shown, "subject", rf_cert_subject(cert));
    rf_json_set_int(t->shown, "roles", roles);
}

enum rf_err admin_tvs_add_begin(struct admin_task *t, struct rf_http_req *req, struct rf_why *why)
{
    static const char *const members[] = {"certificate", "roles", "ttl_s", NULL};
    RF_AUTO(rf_cert_freep) struct rf_cert *cert = NULL;
    const char *pem = NULL;
    uint32_t roles = 0;
    int64_t ttl_s = 0;
    enum rf_err err = admin_body(req, members, &t->change.body, why);
    if (err == RF_OK)
        err = rf_json_need_str(t->change.body, "certificate", &pem, why);
    if (err == RF_OK)
        err = rf_cert_from_pem(rf_slice_str(pem), &cert, why);
    if (err == RF_OK)
        err = read_roles(t->change.body, &roles, why);
    if (err == RF_OK && rf_json_get(t->change.body, "ttl_s") != NULL)
        err = rf_json_need_int(t->change.body, "ttl_s", 1, TTL_MAX, &ttl_s, why);
    if (err == RF_OK)
        err = check_signer(t, cert, roles, why);
    if (err != RF_OK)
        return err;
    remember(t, cert, roles);
    t->tvs = ADMIN_OPS(t, tvs_begin)(ADMIN_ARG(t));
    return RF_OK;
}

enum rf_err admin_tvs_add_store(struct admin_task *t, struct rf_store *store, struct rf_why *why)
{
    RF_AUTO(rf_cert_freep) struct rf_cert *cert = NULL;
    struct rf_store_tvs row = {.added_s = t->now_s, .der = RF_BUF(RF_STORE_DER_MAX)};
    int64_t roles = 0, ttl_s = 0;
    (void)rf_json_int(t->shown, "roles", &roles);
    (void)rf_json_int(t->change.body, "ttl_s", &ttl_s);
    enum rf_err err =
        rf_cert_from_pem(rf_slice_str(rf_json_str(t->change.body, "certificate")), &cert, why);
    if (err == RF_OK)
        err = rf_buf_add_slice(&row.der, rf_cert_der(cert));
    if (err != RF_OK)
        return err;
    struct rf_rd sha = rf_rd_of(rf_cert_sha256(cert));
    rf_bug_on(!rf_rd_copy(&sha, row.sha256, sizeof row.sha256));
    row.roles = (uint32_t)roles;
    row.ttl_s = (uint32_t)ttl_s;
    struct rf_store_event event = admin_event(t, "tvs", "tvs-added", "TVS vouches for %s (%s)",
                                              rf_cert_subject(cert), rf_cert_short(cert));
    err = rf_store_tvs_save(store, &row, &event, why);
    rf_buf_fini(&row.der);
    return err == RF_OK ? ADMIN_OPS(t, tvs_make)(t->tvs, store, why) : err;
}

/* ---- withdrawing ---- */

enum rf_err admin_tvs_remove_begin(struct admin_task *t, struct rf_http_req *req,
                                   struct rf_why *why)
{
    static const char *const members[] = {"fingerprint", NULL};
    const char *fingerprint = NULL;
    uint8_t sha256[32];
    size_t n = 0;
    enum rf_err err = admin_body(req, members, &t->change.body, why);
    if (err == RF_OK)
        err = rf_json_need_str(t->change.body, "fingerprint", &fingerprint, why);
    if (err != RF_OK)
        return err;
    if (rf_unhex(rf_slice_str(fingerprint), sha256, sizeof sha256, &n) != RF_OK ||
        n != sizeof sha256)
        return rf_why_set(why, RF_ERR_BAD, "value",
                          "\"fingerprint\": wants 64 hexadecimal digits, as `ringfence tvs list` "
                          "shows them");
    t->shown = rf_json_obj();
    rf_json_set_str(t->shown, "fingerprint", fingerprint);
    t->tvs = ADMIN_OPS(t, tvs_begin)(ADMIN_ARG(t));
    return RF_OK;
}

enum rf_err admin_tvs_remove_store(struct admin_task *t, struct rf_store *store, struct rf_why *why)
{
    const char *fingerprint = rf_json_str(t->shown, "fingerprint");
    uint8_t sha256[32];
    size_t n = 0;
    struct rf_store_event event = admin_event(t, "tvs", "tvs-withdrawn",
                                              "TVS does not vouch for %.16s any more", fingerprint);
    enum rf_err err = rf_unhex(rf_slice_str(fingerprint), sha256, sizeof sha256, &n);
    if (err == RF_OK)
        err = rf_store_tvs_remove(store, sha256, &event, why);
    return err == RF_OK ? ADMIN_OPS(t, tvs_make)(t->tvs, store, why) : err;
}
