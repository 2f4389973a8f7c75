/* SPDX-License-Identifier: Apache-2.0 */
#include "service/setup/setup_int.h"

#include "base/faults.h"
#include "base/file.h"
#include "base/secret.h"
#include "wire/trustlist/trustlist.h"

/* What both lists hold, in this order: the signer comes first. */
static const struct {
    enum rf_site_item cert;
    uint16_t role;
} records[] = {
    {RF_SITE_CERT_SAST1, RF_TRUSTLIST_ROLE_SAST}, {RF_SITE_CERT_SAST2, RF_TRUSTLIST_ROLE_SAST},
    {RF_SITE_CERT_CCM, RF_TRUSTLIST_ROLE_CCM},    {RF_SITE_CERT_TFTP, RF_TRUSTLIST_ROLE_TFTP},
    {RF_SITE_CERT_CAPF, RF_TRUSTLIST_ROLE_CAPF},  {RF_SITE_CERT_HTTPS, RF_TRUSTLIST_ROLE_TFTP},
};
#define RECORDS (sizeof records / sizeof *records)
/* An EC key under the TFTP role is only for lists of version 1.1: it stands last. */
#define RECORDS_10 (RECORDS - 1)

static const enum rf_site_item list_items[2] = {
    [RF_LIST_CTL] = RF_SITE_CTL,
    [RF_LIST_ITL] = RF_SITE_ITL,
};

struct work {
    const char *dir;
    bool is_11;
    size_t n; /* records */
    struct rf_cert *cert[RECORDS];
    struct rf_key *key;
    struct rf_vault_key *vault;
    struct rf_lists old; /* as they lie there: what phones hold */
    enum rf_digest digest;
    int64_t now_s;
    bool is_forced;
};

static void work_fini(struct work *w)
{
    for (size_t i = 0; i < RECORDS; i++)
        rf_cert_unref(w->cert[i]);
    rf_lists_fini(&w->old);
    rf_vault_free(w->vault);
    rf_key_free(w->key);
}

static enum rf_err load_certs(struct work *w, struct rf_why *why)
{
    enum rf_err err = RF_OK;
    for (size_t i = 0; i < w->n && err == RF_OK; i++) {
        RF_AUTO(rf_freep) char *path = rf_site_path_in(w->dir, records[i].cert);
        err = rf_cert_from_pem_file(path, &w->cert[i], why);
    }
    return err;
}

/* The SAST's key is opened only when there is something to sign. */
static enum rf_err load_key(struct work *w, struct rf_why *why)
{
    if (w->vault != NULL)
        return RF_OK;
    RF_AUTO(rf_freep) char *path = rf_site_path_in(w->dir, RF_SITE_KEY_SAST1);
    enum rf_err err = rf_key_load(path, NULL, &w->key, why);
    if (err == RF_OK)
        w->vault = rf_vault_key_from_key(w->key);
    return err;
}

/* The lists that lie there; one that is missing or cannot be read counts as none. */
static void load_old(struct work *w)
{
    for (int kind = RF_LIST_CTL; kind <= RF_LIST_ITL; kind++) {
        RF_AUTO(rf_freep) char *path = rf_site_path_in(w->dir, list_items[kind]);
        RF_AUTO(rf_buf_fini) struct rf_buf bytes = {0};
        RF_AUTO(rf_list_freep) struct rf_list *list = NULL;
        if (rf_file_read(path, RF_TRUSTLIST_BYTES_MAX, &bytes, NULL) == RF_OK &&
            rf_list_open(rf_buf_slice(&bytes), &list, NULL) == RF_OK)
            rf_lists_install(&w->old, (enum rf_list_kind)kind, list);
    }
}

static struct rf_list *old_of(const struct work *w, enum rf_list_kind kind)
{
    return kind == RF_LIST_CTL ? w->old.ctl : w->old.itl;
}

static bool is_current(const struct work *w, const struct rf_list *list, enum rf_list_kind kind)
{
    struct rf_list_policy policy = {0};
    if (list == NULL || w->is_forced || rf_list_n(list) != w->n ||
        rf_list_is_11(list) != w->is_11 ||
        (enum rf_digest)rf_list_content(list)->header.hash != w->digest ||
        rf_list_verify_own(list, kind, &policy, NULL) != RF_OK)
        return false;
    for (size_t i = 0; i < w->n; i++)
        if (rf_list_role(list, i) != records[i].role || rf_list_cert(list, i) == NULL ||
            !rf_cert_eq(rf_list_cert(list, i), w->cert[i]))
            return false;
    return true;
}

/* Phones compare time stamps: a new list is younger than the one it replaces, whatever the clock
 * says now. */
static enum rf_err timestamp_after(const struct rf_list *old, int64_t now_s, uint32_t *out,
                                   struct rf_why *why)
{
    *out = (uint32_t)now_s;
    if (old == NULL || !rf_list_content(old)->header.has_timestamp)
        return RF_OK;
    uint32_t before = rf_list_content(old)->header.timestamp;
    if (before == UINT32_MAX)
        return rf_why_set(
            why, RF_ERR_LIMIT, "list-time",
            "the present list has the last time stamp there is; no list can follow it");
    *out = *out > before ? *out : before + 1;
    return RF_OK;
}

/* A phone takes a list only from a signer that its present lists know. One that none of them would
 * take means a visit to each, so it is not written by accident. */
static enum rf_err check_takers(const struct work *w, enum rf_list_kind kind, struct rf_slice bytes,
                                struct rf_why *why)
{
    RF_AUTO(rf_list_verdict_fini) struct rf_list_verdict verdict = {0};
    if (rf_fault_skips("setup.list-strands") || w->is_forced ||
        rf_lists_consider(&w->old, kind, bytes, &(struct rf_list_policy){0}, &verdict, NULL) ==
            RF_OK)
        return RF_OK;
    return rf_why_set(
        why, RF_ERR_DENIED, "list-strands",
        "phones that hold the present lists know no SAST %s and would refuse the new "
        "%s. Bring back the SAST they know; --force publishes for phones without lists",
        rf_cert_short(w->cert[0]), rf_list_kind_name(kind));
}

static enum rf_err build(struct work *w, enum rf_list_kind kind, struct rf_buf *out,
                         struct rf_why *why)
{
    struct rf_list_entry entries[RECORDS];
    uint32_t timestamp = 0;
    enum rf_err err = load_key(w, why);
    if (err == RF_OK)
        err = timestamp_after(old_of(w, kind), w->now_s, &timestamp, why);
    if (err != RF_OK)
        return err;
    for (size_t i = 0; i < w->n; i++)
        entries[i] = (struct rf_list_entry){.cert = w->cert[i], .role = records[i].role};
    struct rf_list_spec spec = {
        .kind = kind,
        .entries = entries,
        .n = w->n,
        .digest = w->digest,
        .is_11 = w->is_11,
        .timestamp = timestamp,
    };
    err = rf_list_build(&spec, w->vault, w->cert[0], out, why);
    return err != RF_OK ? err : check_takers(w, kind, rf_buf_slice(out), why);
}

static enum rf_err publish(struct work *w, enum rf_list_kind kind, struct rf_setup_lists *out,
                           struct rf_why *why)
{
    RF_AUTO(rf_freep) char *path = rf_site_path_in(w->dir, list_items[kind]);
    RF_AUTO(rf_buf_fini) struct rf_buf bytes = RF_BUF(RF_TRUSTLIST_BYTES_MAX);
    if (is_current(w, old_of(w, kind), kind)) {
        out->list[kind] = rf_list_ref(old_of(w, kind));
        return RF_OK;
    }
    enum rf_err err = build(w, kind, &bytes, why);
    if (err == RF_OK)
        err = rf_file_replace(path, rf_buf_slice(&bytes), RF_FILE_PUBLIC, why);
    out->is_new[kind] = err == RF_OK;
    return err != RF_OK ? err : rf_list_open(rf_buf_slice(&bytes), &out->list[kind], why);
}

void rf_setup_lists_fini(struct rf_setup_lists *lists)
{
    rf_list_unref(lists->list[RF_LIST_CTL]);
    rf_list_unref(lists->list[RF_LIST_ITL]);
    *lists = (struct rf_setup_lists){0};
}

enum rf_err rf_setup_lists_publish(const char *site_dir, const struct rf_site_conf *conf,
                                   int64_t now_s, bool is_forced, struct rf_setup_lists *out,
                                   struct rf_why *why)
{
    RF_AUTO(work_fini)
    struct work w = {
        .dir = site_dir,
        .is_11 = conf->list_version == RF_SITE_LISTS_11,
        .n = conf->list_version == RF_SITE_LISTS_11 ? RECORDS : RECORDS_10,
        .digest = conf->digest == RF_SITE_SHA1 ? RF_DIGEST_SHA1 : RF_DIGEST_SHA512,
        .now_s = now_s,
        .is_forced = is_forced,
    };
    enum rf_err err = w.is_11 ? setup_https_make(site_dir, conf, now_s, why) : RF_OK;
    if (err == RF_OK)
        err = load_certs(&w, why);
    load_old(&w);
    if (err == RF_OK)
        err = publish(&w, RF_LIST_CTL, out, why);
    return err != RF_OK ? err : publish(&w, RF_LIST_ITL, out, why);
}
