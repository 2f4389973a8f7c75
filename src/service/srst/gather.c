/* SPDX-License-Identifier: Apache-2.0 */
#include "service/srst/gather.h"

#include "base/faults.h"
#include "service/site/site.h"
#include "service/srst/snapshot_int.h"
#include "store/store_srst.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ---- certificates of the site ---- */

static enum rf_err add_anchor(void *arg, struct rf_cert *cert, struct rf_why *why)
{
    struct rf_srst_anchors *to = arg;
    for (size_t i = 0; i < to->n; i++)
        if (rf_cert_eq(to->items[i], cert))
            return RF_OK;
    enum rf_err err =
        rf_srst_limit(to->n + 1, RF_SRST_ANCHORS_MAX, "snapshot-anchors", "certificates", why);
    if (err == RF_OK)
        to->items[to->n++] = rf_cert_ref(cert);
    return err;
}

static void anchors_new(struct rf_srst_anchors *to)
{
    to->items = rf_new_n(struct rf_cert *, RF_SRST_ANCHORS_MAX);
}

static enum rf_err add_folder(const struct rf_srst_spec *spec, enum rf_site_item folder,
                              struct rf_srst_anchors *to, struct rf_why *why)
{
    RF_AUTO(rf_freep) char *path = rf_site_path_in(spec->site, folder);
    return rf_certs_each_in_dir(path, add_anchor, to, why);
}

/* The same that the centre itself goes by, app/ringfenced/serve_sccp.c. */
static enum rf_err gather_anchors(const struct rf_srst_spec *spec, struct rf_srst_snapshot *s,
                                  struct rf_why *why)
{
    anchors_new(&s->lsc_issuers);
    anchors_new(&s->lsc_cas);
    anchors_new(&s->mic_roots);
    enum rf_err err = add_anchor(&s->lsc_issuers, spec->lsc_issuer, why);
    if (err == RF_OK) /* until every phone has an LSC by the present one */
        err = add_folder(spec, RF_SITE_LSC_ISSUERS, &s->lsc_issuers, why);
    if (err == RF_OK)
        err = add_folder(spec, RF_SITE_LSC_CAS, &s->lsc_cas, why);
    if (err == RF_OK && spec->accepts_mics)
        err = add_folder(spec, RF_SITE_MIC_ROOTS, &s->mic_roots, why);
    return err;
}

/* ---- blocked ---- */

static int by_bytes(const void *a, const void *b)
{
    return memcmp(a, b, 32);
}

static enum rf_err take_blocked(const struct rf_store_blocks *blocks, struct rf_srst_snapshot *s,
                                struct rf_why *why)
{
    enum rf_err err = rf_srst_limit(blocks->n, RF_SRST_BLOCKED_MAX, "snapshot-blocked",
                                    "blocked certificates", why);
    if (err != RF_OK)
        return err;
    s->blocked = rf_try_alloc(blocks->n * 32, RF_SRST_ALLOC_MAX);
    if (s->blocked == NULL)
        return rf_why_set(why, RF_ERR_NOMEM, "no-memory", "no memory for blocked certificates");
    for (size_t i = 0; i < blocks->n; i++)
        memcpy(&s->blocked[32 * s->n_blocked++], blocks->items[i].sha256, 32);
    /* Not by when they were blocked: blocked, unblocked and blocked again is the same content. */
    qsort(s->blocked, s->n_blocked, 32, by_bytes);
    return RF_OK;
}

static enum rf_err gather_blocked(struct rf_store *store, struct rf_srst_snapshot *s,
                                  struct rf_why *why)
{
    struct rf_store_blocks blocks = {0};
    enum rf_err err = rf_store_block_list(store, &blocks, why);
    if (err == RF_OK)
        err = take_blocked(&blocks, s, why);
    rf_store_blocks_fini(&blocks);
    return err;
}

/* ---- certificates of a device ---- */

/* What is wanted least, first: an ended LSC that is not listed is refused all the same, because
 * what the issuer made has to be listed. A revoked MIC has to be listed, else it would count. */
static int worth_of(const struct rf_store_cert *cert)
{
    if (cert->state == RF_STORE_CERT_CONFIRMED)
        return 3;
    if (cert->state == RF_STORE_CERT_UNCONFIRMED)
        return 1;
    return cert->kind == RF_STORE_MIC ? 2 : 0;
}

static void drop_cert(struct rf_store_certs *certs, size_t at)
{
    rf_store_cert_fini(&certs->items[at]);
    certs->n--;
    memmove(&certs->items[at], &certs->items[at + 1], (certs->n - at) * sizeof *certs->items);
}

/* Of one worth the oldest goes first. */
static void trim(struct rf_store_certs *certs)
{
    while (certs->n > RF_SRST_DEVICE_CERTS_MAX) {
        size_t least = 0;
        for (size_t i = 1; i < certs->n; i++)
            if (worth_of(&certs->items[i]) < worth_of(&certs->items[least]))
                least = i;
        drop_cert(certs, least);
    }
}

/* Only what a snapshot carries: the digest is of that. */
static void keep_told(struct rf_store_certs *certs)
{
    trim(certs);
    for (size_t i = 0; i < certs->n; i++)
        rf_buf_fini(&certs->items[i].der);
}

/* ---- devices ---- */

static int by_name(const void *a, const void *b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

/* In order of their names, each once. */
static enum rf_err sort_names(const struct rf_srst_spec *spec, const char ***out, size_t *n,
                              struct rf_why *why)
{
    const char **names = rf_try_alloc((spec->n_devices + 1) * sizeof *names, RF_SRST_ALLOC_MAX);
    *out = names;
    *n = 0;
    if (names == NULL)
        return rf_why_set(why, RF_ERR_NOMEM, "no-memory", "no memory for names");
    if (spec->n_devices == 0)
        return RF_OK;
    memcpy(names, spec->devices, spec->n_devices * sizeof *names);
    qsort(names, spec->n_devices, sizeof *names, by_name);
    for (size_t i = 0; i < spec->n_devices; i++)
        if (*n == 0 || strcmp(names[*n - 1], names[i]) != 0)
            names[(*n)++] = names[i];
    return RF_OK;
}

static enum rf_err add_device(struct rf_store *store, const struct rf_srst_spec *spec,
                              const char *name, struct rf_srst_snapshot *s, struct rf_why *why)
{
    struct rf_store_phone phone = {.lines = NULL};
    struct rf_why gone = {0};
    enum rf_err err = rf_store_device_load(store, name, &phone, &gone);
    if (err == RF_ERR_NOT_FOUND)
        return RF_OK;
    if (err != RF_OK)
        return rf_why_set(why, err, gone.code, "%s", gone.text);
    if (!rf_fault_skips("srst.snapshot-quarantine") &&
        phone.device.is_quarantined) { /* nobody may register as it */
        rf_store_phone_fini(&phone);
        return RF_OK;
    }
    s->phones[s->n] = phone;
    err = rf_store_cert_list(store, name, &s->certs[s->n], why);
    keep_told(&s->certs[s->n]);
    s->suites[s->n] = spec->suites != NULL ? spec->suites(spec->arg, phone.device.model) : 0;
    s->untrusted[s->n] =
        spec->is_untrusted != NULL && spec->is_untrusted(spec->arg, phone.device.model);
    s->n++;
    return err;
}

static enum rf_err gather_devices(struct rf_store *store, const struct rf_srst_spec *spec,
                                  struct rf_srst_snapshot *s, struct rf_why *why)
{
    RF_AUTO(rf_freep) const char **names = NULL;
    size_t n = 0;
    enum rf_err err = sort_names(spec, &names, &n, why);
    if (err == RF_OK)
        err = rf_srst_limit(n, RF_SRST_DEVICES_MAX, "snapshot-devices", "devices", why);
    if (err == RF_OK)
        err = rf_srst_room(s, n, why);
    for (size_t i = 0; i < n && err == RF_OK; i++)
        err = add_device(store, spec, names[i], s, why);
    return err;
}

enum rf_err rf_srst_snapshot_gather(struct rf_store *store, const struct rf_srst_spec *spec,
                                    struct rf_srst_snapshot *out, struct rf_why *why)
{
    *out = (struct rf_srst_snapshot){.serial = spec->serial,
                                     .made_s = spec->now_s,
                                     .keepalive_s = spec->keepalive_s,
                                     .rsa_min = spec->rsa_min};
    snprintf(out->branch, sizeof out->branch, "%s", spec->branch);
    snprintf(out->site, sizeof out->site, "%s", spec->site_name);
    enum rf_err err = gather_anchors(spec, out, why);
    if (err == RF_OK)
        err = gather_blocked(store, out, why);
    if (err == RF_OK)
        err = gather_devices(store, spec, out, why);
    if (err != RF_OK)
        rf_srst_snapshot_fini(out);
    return err;
}

/* ---- the whole of it ---- */

static enum rf_err number(struct rf_store *store, uint64_t held, struct rf_srst_snapshot *s,
                          struct rf_why *why)
{
    uint8_t digest[32];
    enum rf_err err = rf_srst_snapshot_digest(s, digest, why);
    return err == RF_OK ? rf_store_srst_serial(store, s->branch, digest, held, &s->serial, why)
                        : err;
}

static enum rf_err make(struct rf_store *store, const struct rf_srst_spec *spec,
                        struct rf_buf *body, uint64_t *serial, struct rf_why *why)
{
    RF_AUTO(rf_srst_snapshot_fini) struct rf_srst_snapshot s = {0};
    enum rf_err err = rf_srst_snapshot_gather(store, spec, &s, why);
    if (err == RF_OK)
        err = number(store, spec->held, &s, why);
    if (err == RF_OK)
        err = rf_srst_snapshot_write(&s, body, why);
    *serial = err == RF_OK ? s.serial : 0;
    return err;
}

enum rf_err rf_srst_snapshot_make(struct rf_store *store, const struct rf_srst_spec *spec,
                                  const struct rf_store_srst_users *users, struct rf_buf *body,
                                  uint64_t *serial, struct rf_why *why)
{
    struct rf_srst_spec whole = *spec;
    RF_AUTO(rf_freep)
    const char **names = rf_try_alloc((users->n + 1) * sizeof *names, RF_SRST_ALLOC_MAX);
    *serial = 0;
    if (names == NULL)
        return rf_why_set(why, RF_ERR_NOMEM, "no-memory", "no memory for names");
    whole.devices = names;
    whole.n_devices = 0;
    for (size_t i = 0; i < users->n; i++)
        if (strcmp(users->items[i].srst, spec->branch) == 0)
            names[whole.n_devices++] = users->items[i].device;
    return make(store, &whole, body, serial, why);
}
