/* SPDX-License-Identifier: Apache-2.0 */
/* What phones tell, without a word, about what they hold: handed to the store worker by threads
 * that may not wait. doc: docs/trust-lists.md, "What a phone holds" */
#include <stdio.h>
#include <string.h>

#include "app/ringfenced/server_int.h"
#include "base/file.h"
#include "base/log.h"
#include "base/metrics.h"
#include "base/text.h"
#include "service/held/held.h"

/* ---- on the store worker ---- */

enum seen { SEEN_LIST, SEEN_CONFIG, SEEN_REGISTERED, SEEN_CAPF, SEEN_ALARM };

struct notice {
    struct rf_job job;
    enum seen seen;
    char device[RF_STORE_DEVICE_NAME];
    enum rf_list_kind kind;
    struct rf_buf bytes;
    uint8_t sha256[32];
    struct rf_cert *cert;
    struct rf_held_cache *cache; /* the server's; of the store worker */
};

static enum rf_err note_config(struct rf_store *store, const struct notice *n, int64_t now_s,
                               struct rf_why *why)
{
    struct rf_store_held held = {.item = RF_STORE_HELD_CONFIG, .how = RF_STORE_HOW_FETCHED};
    snprintf(held.device, sizeof held.device, "%s", n->device);
    memcpy(held.sha256, n->sha256, sizeof held.sha256);
    return rf_store_held_note(store, &held, now_s, NULL, NULL, why);
}

static enum rf_err note_it(struct rf_store *store, const struct notice *n, int64_t now_s,
                           struct rf_why *why)
{
    struct rf_held_fetch fetch = {
        .device = n->device, .kind = n->kind, .bytes = rf_buf_slice(&n->bytes)};
    switch (n->seen) {
    case SEEN_LIST:
        return rf_held_on_list(store, n->cache, &fetch, now_s, why);
    case SEEN_CONFIG:
        return note_config(store, n, now_s, why);
    case SEEN_REGISTERED:
        return rf_held_on_registered(store, n->cache, n->device, n->cert, now_s, why);
    case SEEN_CAPF:
        return rf_held_on_capf(store, n->device, n->cert, now_s, why);
    case SEEN_ALARM:
        break;
    }
    return rf_held_on_alarm(store, n->device, n->kind, now_s, why);
}

static void not_noted(const struct notice *n, const struct rf_why *why)
{
    rf_error(RF_CAT_STORE, "what a phone holds was not noted: %s dev=%s", rf_why_text(why),
             n->device);
}

static void notice_work(struct rf_job *job, void *state)
{
    const struct notice *n = (struct notice *)job;
    struct rf_why why = {0};
    enum rf_err err = note_it(state, n, rf_wall_s(rf_clock_real()), &why);
    /* A stranger's phone, or one that was removed a moment ago. */
    if (err != RF_OK && err != RF_ERR_NOT_FOUND)
        not_noted(n, &why);
}

static void notice_settled(struct rf_job *job, enum rf_err err, const struct rf_why *why)
{
    if (err != RF_OK)
        not_noted((struct notice *)job, why);
}

static void notice_done(struct rf_job *job, void *reader)
{
    struct notice *n = (struct notice *)job;
    rf_buf_fini(&n->bytes);
    rf_cert_unref(n->cert);
    rf_free(n);
}

/* A device that is none has nothing in the database. */
static struct notice *notice_of(enum seen seen, const char *device)
{
    if (!rf_sccp_device_name_ok(rf_slice_str(device)))
        return NULL;
    struct notice *n = rf_new(struct notice);
    n->job = (struct rf_job){
        .work = notice_work, .done = notice_done, .settled = notice_settled, .is_patient = true};
    n->seen = seen;
    snprintf(n->device, sizeof n->device, "%s", device);
    return n;
}

/* Dropped, the device stays as known as it was: the next start of the phone tells it again. */
static void post(struct server *s, struct notice *n)
{
    n->cache = s->held_cache;
    if (rf_worker_post(s->store_worker, &n->job) == RF_OK)
        return;
    rf_count(HELD_DROPPED);
    rf_debug(RF_CAT_STORE,
             "what a phone holds was not noted: the database has too much to do dev=%s", n->device);
    notice_done(&n->job, NULL);
}

/* ---- what is seen ---- */

static bool is_list(const char *name, enum rf_list_kind *kind)
{
    struct rf_slice text = rf_slice_str(name);
    if (!rf_slice_ends_with(text, ".tlv"))
        return false;
    *kind = rf_slice_starts_with(text, "CTL") ? RF_LIST_CTL : RF_LIST_ITL;
    return rf_slice_starts_with(text, "CTL") || rf_slice_starts_with(text, "ITL");
}

void held_of_file(struct server *s, const struct rf_provision_report *report)
{
    enum rf_list_kind kind = RF_LIST_CTL;
    const uint8_t *sha256 = report->content != NULL ? rf_content_sha256(report->content) : NULL;
    /* Only what has certainly arrived counts. */
    if (!report->is_complete || sha256 == NULL || report->device[0] == '\0')
        return;
    bool is_a_list = is_list(rf_content_name(report->content), &kind);
    struct notice *n = notice_of(is_a_list ? SEEN_LIST : SEEN_CONFIG, report->device);
    if (n == NULL)
        return;
    n->kind = kind;
    memcpy(n->sha256, sha256, sizeof n->sha256);
    n->bytes = RF_BUF(RF_TRUSTLIST_BYTES_MAX);
    if (is_a_list && rf_buf_add_slice(&n->bytes, rf_content_bytes(report->content)) != RF_OK) {
        notice_done(&n->job, NULL);
        return;
    }
    post(s, n);
}

/* ringphone's own words; those of real phones are not known. */
static bool is_list_alarm(const char *text, enum rf_list_kind *kind)
{
    *kind = strstr(text, "list_rejected ITL") != NULL ? RF_LIST_ITL : RF_LIST_CTL;
    return strstr(text, "list_rejected ") != NULL;
}

void held_of_sccp(struct server *s, const struct rf_sccp_event *event)
{
    enum rf_list_kind kind = RF_LIST_CTL;
    bool is_registered =
        strcmp(event->kind, "registered") == 0 && strstr(event->text, " tls=none ") == NULL;
    bool is_alarm = strcmp(event->kind, "alarm") == 0 && is_list_alarm(event->text, &kind);
    if ((!is_registered && !is_alarm) || s->ccm == NULL)
        return;
    struct notice *n = notice_of(is_registered ? SEEN_REGISTERED : SEEN_ALARM, event->dev);
    if (n == NULL)
        return;
    n->kind = kind;
    n->cert = rf_cert_ref(s->ccm);
    post(s, n);
}

void held_of_capf(struct server *s, const char *device)
{
    struct notice *n = notice_of(SEEN_CAPF, device);
    if (n == NULL)
        return;
    n->cert = rf_cert_ref(s->own[OWN_CAPF]);
    post(s, n);
}
