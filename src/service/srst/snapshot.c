/* SPDX-License-Identifier: Apache-2.0 */
#include "service/srst/snapshot.h"

#include "base/faults.h"
#include "service/srst/snapshot_int.h"
#include "trust/digest.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

const char *const rf_srst_mode_words[RF_SRST_MODES] = {
    [RF_STORE_NONSECURE] = "non-secure",
    [RF_STORE_AUTHENTICATED] = "authenticated",
    [RF_STORE_ENCRYPTED] = "encrypted",
};
const char *const rf_srst_kind_words[RF_SRST_KINDS] = {
    [RF_STORE_LSC] = "lsc",
    [RF_STORE_MIC] = "mic",
};
const char *const rf_srst_state_words[RF_SRST_STATES] = {
    [RF_STORE_CERT_UNCONFIRMED] = "unconfirmed",
    [RF_STORE_CERT_CONFIRMED] = "confirmed",
    [RF_STORE_CERT_SUPERSEDED] = "superseded",
    [RF_STORE_CERT_REVOKED] = "revoked",
};

enum rf_err rf_srst_limit(size_t n, size_t max, const char *code, const char *what,
                          struct rf_why *why)
{
    if (n <= max)
        return RF_OK;
    return rf_why_set(why, RF_ERR_LIMIT, code, "%zu %s, and %zu are the most", n, what, max);
}

/* ---- names ---- */

bool rf_srst_name_ok(const char *name)
{
    static const char chars[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-";
    size_t n = strspn(name, chars);
    return n > 0 && n < RF_SRST_NAME && name[n] == '\0' && name[0] != '-';
}

void rf_srst_file_name(const char *name, char out[RF_SRST_FILE_NAME])
{
    snprintf(out, RF_SRST_FILE_NAME, "SRST-%.*s.json.sgn", RF_SRST_NAME - 1, name);
}

/* ---- what it owns ---- */

enum rf_err rf_srst_room(struct rf_srst_snapshot *s, size_t n, struct rf_why *why)
{
    s->phones = rf_try_alloc(n * sizeof *s->phones, RF_SRST_ALLOC_MAX);
    s->certs = rf_try_alloc(n * sizeof *s->certs, RF_SRST_ALLOC_MAX);
    s->suites = rf_try_alloc(n * sizeof *s->suites, RF_SRST_ALLOC_MAX);
    s->untrusted = rf_try_alloc(n * sizeof *s->untrusted, RF_SRST_ALLOC_MAX);
    if (s->phones == NULL || s->certs == NULL || s->suites == NULL || s->untrusted == NULL)
        return rf_why_set(why, RF_ERR_NOMEM, "no-memory", "no memory for devices");
    return RF_OK;
}

static void anchors_fini(struct rf_srst_anchors *anchors)
{
    for (size_t i = 0; i < anchors->n; i++)
        rf_cert_unref(anchors->items[i]);
    rf_free(anchors->items);
    *anchors = (struct rf_srst_anchors){0};
}

void rf_srst_snapshot_fini(struct rf_srst_snapshot *s)
{
    anchors_fini(&s->lsc_issuers);
    anchors_fini(&s->lsc_cas);
    anchors_fini(&s->mic_roots);
    for (size_t i = 0; i < s->n; i++) {
        rf_store_phone_fini(&s->phones[i]);
        rf_store_certs_fini(&s->certs[i]);
    }
    rf_free(s->blocked);
    rf_free(s->phones);
    rf_free(s->certs);
    rf_free(s->suites);
    rf_free(s->untrusted);
    *s = (struct rf_srst_snapshot){0};
}

/* ---- the same content? ---- */

enum rf_err rf_srst_snapshot_digest(const struct rf_srst_snapshot *s, uint8_t out[32],
                                    struct rf_why *why)
{
    RF_AUTO(rf_buf_fini) struct rf_buf text = RF_BUF(RF_SRST_BODY_MAX);
    uint8_t md[RF_DIGEST_MAX];
    struct rf_srst_snapshot content = *s; /* borrows */
    content.serial = 1;
    content.made_s = 0;
    enum rf_err err = rf_srst_snapshot_write(&content, &text, why);
    if (err != RF_OK)
        return err;
    (void)rf_digest_of(RF_DIGEST_SHA256, rf_buf_slice(&text), md);
    memcpy(out, md, 32);
    return RF_OK;
}

/* ---- believed or refused ---- */

static enum rf_err check(const struct rf_srst_snapshot *s, const struct rf_srst_expect *expect,
                         struct rf_why *why)
{
    if (!rf_fault_skips("srst.snapshot-branch") && strcmp(s->branch, expect->name) != 0)
        return rf_why_set(why, RF_ERR_DENIED, "snapshot-other-branch",
                          "the snapshot is for %s, this router is %s", s->branch, expect->name);
    if (!rf_fault_skips("srst.snapshot-age") && s->serial < expect->held)
        return rf_why_set(why, RF_ERR_DENIED, "snapshot-older",
                          "snapshot %" PRIu64 " is older than %" PRIu64 ", which is held",
                          s->serial, expect->held);
    return RF_OK;
}

enum rf_err rf_srst_snapshot_open(struct rf_slice file, const struct rf_lists *lists,
                                  const struct rf_srst_expect *expect, struct rf_srst_snapshot *out,
                                  struct rf_why *why)
{
    char name[RF_SRST_FILE_NAME];
    struct rf_sigfile_info info;
    *out = (struct rf_srst_snapshot){0};
    enum rf_err err = rf_srst_limit(file.len, RF_SRST_FILE_MAX, "snapshot-size", "bytes", why);
    if (err != RF_OK)
        return err;
    rf_srst_file_name(expect->name, name);
    const struct rf_sigfile_policy policy = {.expected_name = rf_slice_str(name),
                                             .has_now = expect->has_now,
                                             .now_s = expect->now_s,
                                             .rsa_min = 2048};
    err = rf_lists_verify_file(lists, file, &policy, &info, NULL, why);
    if (err == RF_OK)
        err = rf_srst_snapshot_parse(info.body, out, why);
    if (err == RF_OK)
        err = check(out, expect, why);
    if (err != RF_OK)
        rf_srst_snapshot_fini(out);
    return err;
}
