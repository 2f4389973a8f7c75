/* SPDX-License-Identifier: Apache-2.0 */
/* Before lists or certificates change: what would each phone do? Asked of the code that the phone
 * itself runs, with the lists that it is known to hold. doc: docs/trust-lists.md, "Preflight" */
#include "service/setup/setup_int.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/faults.h"
#include "base/file.h"
#include "service/held/held.h"
#include "store/store_held.h"
#include "trust/path.h"
#include "wire/trustlist/trustlist.h"

const char *rf_setup_holds_name(enum rf_setup_holds holds)
{
    static const char *const names[] = {"unknown", "older", "current"};
    return names[holds];
}

void rf_setup_phones_fini(struct rf_setup_phones *phones)
{
    rf_free(phones->items);
    *phones = (struct rf_setup_phones){0};
}

size_t rf_setup_phones_count(const struct rf_setup_phones *phones, enum rf_setup_fate fate)
{
    size_t n = 0;
    for (size_t i = 0; i < phones->n; i++)
        n += phones->items[i].fate == fate;
    return n;
}

enum rf_err setup_store_open(const char *dir, struct rf_store **out, struct rf_why *why)
{
    RF_AUTO(rf_freep) char *path = rf_site_path_in(dir, RF_SITE_DB);
    *out = NULL;
    return rf_file_exists(path) ? rf_store_open(path, out, why) : RF_OK;
}

/* ---- one device at a time ---- */

struct look {
    const char *dir;
    struct rf_store *store;
    struct rf_held_cache *cache;
    struct rf_setup_phone *phone;
    struct rf_lists lists; /* that it is known to hold */
    struct rf_store_certs certs;
};
typedef enum rf_err (*judge_fn)(const struct look *look, const void *arg, struct rf_why *why);

/* The first thing that is found says enough. */
static void RF_PRINTF(4, 5) judge(struct rf_setup_phone *phone, enum rf_setup_fate fate,
                                  const char *code, const char *fmt, ...)
{
    char text[RF_WHY_TEXT_MAX];
    va_list ap;
    if (phone->fate != RF_SETUP_FINE)
        return;
    va_start(ap, fmt);
    vsnprintf(text, sizeof text, fmt, ap);
    va_end(ap);
    phone->fate = fate;
    (void)rf_why_set(&phone->why, RF_ERR_DENIED, code, "%s", text);
}

static bool is_given(const struct look *look, enum rf_list_kind kind, const uint8_t sha256[32])
{
    RF_AUTO(rf_freep)
    char *path = rf_site_list_path_in(look->dir, kind == RF_LIST_ITL, look->phone->device);
    RF_AUTO(rf_buf_fini) struct rf_buf bytes = {0};
    uint8_t md[RF_DIGEST_MAX];
    if (rf_file_read(path, RF_TRUSTLIST_BYTES_MAX, &bytes, NULL) != RF_OK)
        return false;
    size_t n = rf_digest_of(RF_DIGEST_SHA256, rf_buf_slice(&bytes), md);
    return rf_slice_eq(rf_slice_of(md, n), rf_slice_of(sha256, 32));
}

static void fill(const struct look *look, const struct rf_store_helds *rows)
{
    struct rf_setup_phone *phone = look->phone;
    phone->is_seen = rows->n > 0 || look->certs.n > 0;
    for (int k = RF_LIST_CTL; k <= RF_LIST_ITL; k++) {
        enum rf_list_kind kind = (enum rf_list_kind)k;
        bool is_ctl = kind == RF_LIST_CTL;
        const struct rf_store_held *held =
            rf_store_helds_find(rows, phone->device, rf_held_item_of(kind));
        phone->has_refused[kind] = rf_store_helds_find(rows, phone->device,
                                                       is_ctl ? RF_STORE_HELD_CTL_REFUSED
                                                              : RF_STORE_HELD_ITL_REFUSED) != NULL;
        if (held == NULL)
            continue;
        phone->held[kind] = *held;
        phone->holds[kind] = is_given(look, kind, held->sha256) ? RF_SETUP_CURRENT : RF_SETUP_OLDER;
    }
}

static enum rf_err look_at(struct look *look, judge_fn each, const void *arg, struct rf_why *why)
{
    struct rf_store_helds rows = {0};
    enum rf_err err = rf_store_held_list(look->store, look->phone->device, &rows, why);
    if (err == RF_OK)
        err = rf_store_cert_list(look->store, look->phone->device, &look->certs, why);
    if (err == RF_OK)
        err =
            rf_held_lists(look->store, look->cache, &rows, look->phone->device, &look->lists, why);
    if (err == RF_OK)
        fill(look, &rows);
    if (err == RF_OK && each != NULL)
        err = each(look, arg, why);
    rf_store_certs_fini(&look->certs);
    rf_lists_fini(&look->lists);
    rf_store_helds_fini(&rows);
    return err;
}

/* Every device; `spare` more rows in front. */
static enum rf_err each_device(const char *dir, struct rf_store *store, size_t spare, judge_fn each,
                               const void *arg, struct rf_setup_phones *out, struct rf_why *why)
{
    RF_AUTO(rf_held_cache_freep) struct rf_held_cache *cache = rf_held_cache_new();
    struct rf_store_phones devices = {0};
    enum rf_err err = store != NULL ? rf_store_device_list(store, &devices, why) : RF_OK;
    if (err == RF_OK && devices.n + spare > 0)
        out->items = rf_new_n(struct rf_setup_phone, devices.n + spare);
    out->n = spare;
    for (size_t i = 0; i < devices.n && err == RF_OK; i++) {
        struct look look = {
            .dir = dir, .store = store, .cache = cache, .phone = &out->items[out->n++]};
        snprintf(look.phone->device, sizeof look.phone->device, "%s", devices.items[i].device.name);
        err = look_at(&look, each, arg, why);
    }
    rf_store_phones_fini(&devices);
    if (err != RF_OK)
        rf_setup_phones_fini(out);
    return err;
}

enum rf_err rf_setup_phones_list(const char *dir, struct rf_setup_phones *out, struct rf_why *why)
{
    RF_AUTO(rf_store_closep) struct rf_store *store = NULL;
    enum rf_err err = setup_store_open(dir, &store, why);
    return err == RF_OK ? each_device(dir, store, 0, NULL, NULL, out, why) : err;
}

/* ---- a publication ---- */

static bool has(const struct rf_lists *lists, const struct rf_cert *cert, uint16_t role)
{
    return rf_lists_find_server(lists, cert, role, NULL) == RF_OK;
}

/* As the phone would: the CTL first, each judged by what is installed by then. */
static void judge_taking(const struct look *look, const struct setup_pair *pair)
{
    struct rf_lists now = {.ctl = NULL};
    rf_lists_install(&now, RF_LIST_CTL, look->lists.ctl);
    rf_lists_install(&now, RF_LIST_ITL, look->lists.itl);
    for (int k = RF_LIST_CTL; k <= RF_LIST_ITL; k++) {
        enum rf_list_kind kind = (enum rf_list_kind)k;
        RF_AUTO(rf_list_verdict_fini) struct rf_list_verdict verdict = {0};
        struct rf_why why = {0};
        const struct rf_list *next = kind == RF_LIST_CTL ? pair->next.ctl : pair->next.itl;
        if (rf_fault_skips("setup.preflight-signer") ||
            rf_lists_consider(&now, kind, rf_list_bytes(next), &(struct rf_list_policy){0},
                              &verdict, &why) == RF_OK)
            rf_lists_install(&now, kind, verdict.list);
        else
            judge(look->phone, RF_SETUP_STRANDED, why.code, "would refuse the new %s: %.200s",
                  rf_list_kind_name(kind), why.text);
    }
    rf_lists_fini(&now);
}

static const struct {
    enum rf_site_item cert;
    uint16_t role;
    const char *code;
    const char *name;
    const char *in_use;
} services[] = {
    {RF_SITE_CERT_CCM, RF_TRUSTLIST_ROLE_CCM, "ccm-not-held", "call manager", RF_STORE_IN_USE_CCM},
    {RF_SITE_CERT_TFTP, RF_TRUSTLIST_ROLE_TFTP, "tftp-not-held", "signer of files",
     RF_STORE_IN_USE_TFTP},
    {RF_SITE_CERT_CAPF, RF_TRUSTLIST_ROLE_CAPF, "capf-not-held", "CAPF", RF_STORE_IN_USE_CAPF},
    {RF_SITE_CERT_HTTPS, RF_TRUSTLIST_ROLE_TFTP, NULL, "HTTPS", RF_STORE_IN_USE_HTTPS},
};
#define SERVICES (sizeof services / sizeof *services)

/* Does this publication take away a certificate of that role that the phone knows? */
static bool is_dropped(const struct rf_lists *held, const struct setup_pair *pair, uint16_t role)
{
    const struct rf_cert *cert;
    for (size_t i = 0; (cert = rf_lists_nth(&pair->old, role, i)) != NULL; i++)
        if (has(held, cert, role) && !has(&pair->next, cert, role))
            return true;
    return false;
}

/* The certificate that the phone knows goes out of the list, and the one that stays it has not got:
 * as long as it does not start anew it believes nobody here. */
static enum rf_err judge_services(const struct look *look, const struct setup_pair *pair,
                                  struct rf_why *why)
{
    for (size_t i = 0; i < SERVICES; i++) {
        RF_AUTO(rf_freep) char *path = rf_site_path_in(look->dir, services[i].cert);
        RF_AUTO(rf_cert_freep) struct rf_cert *cert = NULL;
        if (services[i].code == NULL)
            continue;
        enum rf_err err = rf_cert_from_pem_file(path, &cert, why);
        if (err != RF_OK)
            return err;
        if (!rf_fault_skips("setup.preflight-service") &&
            is_dropped(&look->lists, pair, services[i].role) &&
            !has(&look->lists, cert, services[i].role))
            judge(look->phone, RF_SETUP_STRANDED, services[i].code,
                  "knows as %s only a certificate that the new list drops, and not yet %s (%s): "
                  "change it with `ringfence rotate begin`",
                  services[i].name, rf_cert_subject(cert), rf_cert_short(cert));
    }
    return RF_OK;
}

static const struct rf_store_cert *lsc_of(const struct rf_store_certs *certs)
{
    for (size_t i = certs->n; i-- > 0;)
        if (certs->items[i].kind == RF_STORE_LSC &&
            certs->items[i].state == RF_STORE_CERT_CONFIRMED)
            return &certs->items[i];
    return NULL;
}

static enum rf_err issuers_load(const char *dir, struct rf_anchors **out, struct rf_why *why)
{
    RF_AUTO(rf_freep) char *path = rf_site_path_in(dir, RF_SITE_CERT_LSC_ISSUER);
    RF_AUTO(rf_freep) char *former = rf_site_path_in(dir, RF_SITE_LSC_ISSUERS);
    RF_AUTO(rf_freep) char *cas = rf_site_path_in(dir, RF_SITE_LSC_CAS);
    RF_AUTO(rf_cert_freep) struct rf_cert *cert = NULL;
    RF_AUTO(rf_anchors_freep) struct rf_anchors *anchors = rf_anchors_new(RF_PURPOSE_SIGNALLING);
    enum rf_err err = rf_cert_from_pem_file(path, &cert, why);
    if (err == RF_OK)
        err = rf_anchors_add(anchors, cert, why);
    if (err == RF_OK)
        err = rf_anchors_add_dir(anchors, former, why);
    if (err == RF_OK)
        err = rf_anchors_add_dir(anchors, cas, why);
    if (err == RF_OK)
        *out = rf_steal(&anchors);
    return err;
}

struct publication {
    const struct setup_plan *plan;
    struct rf_anchors *issuers;
};

/* The call manager lets in who has a certificate by an issuer that it believes. */
static void judge_lsc(const struct look *look, const struct publication *p)
{
    const struct rf_store_cert *lsc = lsc_of(&look->certs);
    RF_AUTO(rf_cert_freep) struct rf_cert *cert = NULL;
    struct rf_path_policy policy = {.now_s = p->plan->run->now_s, .is_lsc_purpose = true};
    struct rf_why why = {0};
    if (lsc == NULL || rf_fault_skips("setup.preflight-lsc") ||
        rf_cert_from_der(rf_buf_slice(&lsc->der), &cert, &why) != RF_OK)
        return;
    enum rf_err err = rf_path_check(p->issuers, cert, NULL, &policy, NULL, &why);
    bool is_strange =
        strcmp(why.code, "path-unknown-issuer") == 0 || strcmp(why.code, "path-signature") == 0;
    if (err != RF_OK && is_strange)
        judge(
            look->phone, RF_SETUP_STRANDED, "lsc-issuer",
            "has an LSC by an issuer that is believed no more, and would not register: change the "
            "issuer with `ringfence rotate begin lsc-issuer`, which keeps the former one");
}

static enum rf_err judge_publication(const struct look *look, const void *arg, struct rf_why *why)
{
    const struct publication *p = arg;
    const struct setup_pair *pair = setup_plan_pair(p->plan, look->phone->device);
    judge_lsc(look, p);
    if (look->lists.ctl == NULL && look->lists.itl == NULL) {
        if (look->phone->is_seen)
            judge(look->phone, RF_SETUP_UNSURE, "held-unknown",
                  "nobody knows which list it holds: taken to hold one that was published last");
        return RF_OK;
    }
    judge_taking(look, pair);
    return judge_services(look, pair, why);
}

/* Phones of which nothing is known, and those that are not in the database, hold what was given out
 * last if they hold anything. */
static void judge_present(const struct setup_plan *plan, struct rf_setup_phone *everyone)
{
    for (int k = RF_LIST_CTL; k <= RF_LIST_ITL; k++) {
        enum rf_list_kind kind = (enum rf_list_kind)k;
        const struct setup_pair *pair = plan->pairs;
        const struct rf_list *next = kind == RF_LIST_CTL ? pair->next.ctl : pair->next.itl;
        RF_AUTO(rf_list_verdict_fini) struct rf_list_verdict verdict = {0};
        if (!rf_fault_skips("setup.list-strands") &&
            rf_lists_consider(&pair->old, kind, rf_list_bytes(next), &(struct rf_list_policy){0},
                              &verdict, NULL) != RF_OK)
            judge(everyone, RF_SETUP_STRANDED, "list-strands",
                  "phones that hold the present lists know no SAST %s and would refuse the new "
                  "%s. Bring back the SAST they know; --force publishes for phones without lists",
                  rf_cert_short(pair->records.cert[0]), rf_list_kind_name(kind));
    }
}

static enum rf_err in_use_load(struct rf_store *store, const char *setting, struct rf_buf *out,
                               struct rf_why *why)
{
    struct rf_why none = {0};
    enum rf_err err = store != NULL ? rf_store_setting_load(store, setting, out, &none) : RF_OK;
    if (err != RF_OK && err != RF_ERR_NOT_FOUND)
        return rf_why_set(why, err, none.code, "%s", none.text);
    return RF_OK;
}

/* What the server that runs signs with, and shows, has to be in the lists until it runs no more. */
static enum rf_err judge_server(const struct setup_plan *plan, struct rf_setup_phone *everyone,
                                struct rf_why *why)
{
    enum rf_err err = RF_OK;
    for (size_t i = 0; i < SERVICES && err == RF_OK; i++) {
        RF_AUTO(rf_buf_fini) struct rf_buf in_use = RF_BUF(RF_STORE_SETTING_MAX);
        const struct setup_pair *pair = plan->pairs;
        const struct rf_cert *cert;
        bool is_there = false, was_there = false;
        /* Lists of version 1.0 lead no phone to HTTPS: they ask for signed files, by HTTP. */
        if (strcmp(services[i].in_use, RF_STORE_IN_USE_HTTPS) == 0 &&
            !rf_list_is_11(pair->next.itl))
            continue;
        err = in_use_load(plan->store, services[i].in_use, &in_use, why);
        for (size_t k = 0; (cert = rf_lists_nth(&pair->next, services[i].role, k)) != NULL; k++)
            is_there |= rf_slice_eq(rf_cert_sha256(cert), rf_buf_slice(&in_use));
        for (size_t k = 0; (cert = rf_lists_nth(&pair->old, services[i].role, k)) != NULL; k++)
            was_there |= rf_slice_eq(rf_cert_sha256(cert), rf_buf_slice(&in_use));
        if (!rf_fault_skips("setup.preflight-server") && in_use.len > 0 && was_there && !is_there)
            judge(everyone, RF_SETUP_STRANDED, "server-uses",
                  "the server still uses a certificate (%s) that the new lists drop: start "
                  "ringfenced again first, so that it uses what lies in certs/ now",
                  services[i].name);
    }
    return err;
}

enum rf_err setup_preflight(const struct setup_plan *plan, struct rf_setup_phones *out,
                            struct rf_why *why)
{
    struct publication p = {.plan = plan};
    enum rf_err err = issuers_load(plan->run->dir, &p.issuers, why);
    if (err == RF_OK)
        err = each_device(plan->run->dir, plan->store, 1, judge_publication, &p, out, why);
    if (err == RF_OK) {
        judge_present(plan, out->items);
        err = judge_server(plan, out->items, why);
    }
    rf_anchors_unref(p.issuers);
    return err;
}

/* ---- a rotation ---- */

struct wanted {
    const struct rf_cert *cert;
    uint16_t role;
};

static enum rf_err judge_holding(const struct look *look, const void *arg, struct rf_why *why)
{
    const struct wanted *w = arg;
    const struct rf_lists *lists = &look->lists;
    if (lists->ctl == NULL && lists->itl == NULL) {
        if (look->phone->is_seen && !rf_fault_skips("setup.rotation-unknown"))
            judge(look->phone, RF_SETUP_UNSURE, "held-unknown",
                  "nobody knows which list it holds: reset it, and it fetches the new one");
        return RF_OK;
    }
    /* Both: the phone asks the CTL first, and takes an update by either. */
    if (!rf_fault_skips("setup.rotation-lacks") && !has(lists, w->cert, w->role))
        judge(look->phone, RF_SETUP_STRANDED, "list-lacks",
              "has not fetched a list with %s (%s) yet: reset it", rf_cert_subject(w->cert),
              rf_cert_short(w->cert));
    return RF_OK;
}

enum rf_err setup_who_lacks(const char *dir, const struct rf_cert *cert, uint16_t role,
                            struct rf_setup_phones *out, struct rf_why *why)
{
    RF_AUTO(rf_store_closep) struct rf_store *store = NULL;
    struct wanted w = {cert, role};
    enum rf_err err = setup_store_open(dir, &store, why);
    return err == RF_OK ? each_device(dir, store, 0, judge_holding, &w, out, why) : err;
}

static enum rf_err judge_issued(const struct look *look, const void *arg, struct rf_why *why)
{
    struct rf_anchors *former = (struct rf_anchors *)(uintptr_t)arg;
    const struct rf_store_cert *lsc = lsc_of(&look->certs);
    RF_AUTO(rf_cert_freep) struct rf_cert *cert = NULL;
    struct rf_path_policy policy = {.now_s = lsc != NULL ? lsc->not_before_s : 0,
                                    .is_lsc_purpose = true};
    if (lsc == NULL)
        return RF_OK;
    enum rf_err err = rf_cert_from_der(rf_buf_slice(&lsc->der), &cert, why);
    if (err == RF_OK && !rf_fault_skips("setup.rotation-lsc") &&
        rf_path_check(former, cert, NULL, &policy, NULL, NULL) == RF_OK)
        judge(look->phone, RF_SETUP_STRANDED, "lsc-former",
              "its LSC is by the former issuer: give it a new one with `ringfence capf install`");
    return err;
}

enum rf_err setup_who_is_issued_by(const char *dir, const struct rf_cert *issuer,
                                   struct rf_setup_phones *out, struct rf_why *why)
{
    RF_AUTO(rf_store_closep) struct rf_store *store = NULL;
    RF_AUTO(rf_anchors_freep) struct rf_anchors *former = rf_anchors_new(RF_PURPOSE_SIGNALLING);
    enum rf_err err = setup_store_open(dir, &store, why);
    if (err == RF_OK)
        err = rf_anchors_add(former, (struct rf_cert *)(uintptr_t)issuer, why);
    return err == RF_OK ? each_device(dir, store, 0, judge_issued, former, out, why) : err;
}

enum rf_err setup_server_uses(const char *dir, const char *setting, const struct rf_cert *cert,
                              bool *uses, struct rf_why *why)
{
    RF_AUTO(rf_store_closep) struct rf_store *store = NULL;
    RF_AUTO(rf_buf_fini) struct rf_buf in_use = RF_BUF(RF_STORE_SETTING_MAX);
    enum rf_err err = setup_store_open(dir, &store, why);
    if (err == RF_OK)
        err = in_use_load(store, setting, &in_use, why);
    *uses = err == RF_OK &&
            (in_use.len == 0 || rf_slice_eq(rf_buf_slice(&in_use), rf_cert_sha256(cert)));
    return err;
}
