/* SPDX-License-Identifier: Apache-2.0 */
/* Devices of the database as call control wants them, and the way of a change there:
 * store worker, main loop, call-control thread. Changes by operators go the same way, so that the
 * order of the database is the order in call control. */
#include <stdio.h>
#include <string.h>

#include "app/ringfenced/server_int.h"
#include "base/faults.h"
#include "base/log.h"
#include "service/site/families.h"

/* ---- translation ---- */

static enum rf_err copy(const char *from, char *to, size_t cap, const char *what,
                        struct rf_why *why)
{
    if (strlen(from) >= cap)
        return rf_why_set(why, RF_ERR_LIMIT, "value", "\"%s\": wants at most %zu bytes", what,
                          cap - 1);
    snprintf(to, cap, "%s", from);
    return RF_OK;
}

static enum rf_err line_of(const struct rf_store_phone *phone, size_t i, struct rf_call_party *out,
                           struct rf_why *why)
{
    const struct rf_store_line *line = &phone->lines[i];
    if (!rf_call_number_ok(line->dn))
        return rf_why_set(why, RF_ERR_BAD, "line-number",
                          "\"dn\" of line %zu: wants 1 to %d of 0-9 * + A-D", i + 1,
                          RF_CALL_NUMBER_MAX);
    for (size_t k = 0; k < i; k++)
        if (strcmp(phone->lines[k].dn, line->dn) == 0)
            return rf_why_set(why, RF_ERR_EXISTS, "line-exists", "line %s stands there twice",
                              line->dn);
    enum rf_err err = copy(line->dn, out->number, sizeof out->number, "dn", why);
    if (err != RF_OK)
        return err;
    const char *name = line->display_name[0] != '\0' ? line->display_name : line->label;
    return copy(name, out->name, sizeof out->name, "display_name", why);
}

static enum rf_err rule_of(const struct rf_store_line *line, struct rf_call_line_rule *out,
                           struct rf_why *why)
{
    static const enum rf_store_forward forwards[RF_CALL_FORWARD_N] = {
        [RF_CALL_FORWARD_ALL] = RF_STORE_FORWARD_ALL,
        [RF_CALL_FORWARD_BUSY] = RF_STORE_FORWARD_BUSY,
        [RF_CALL_FORWARD_NO_ANSWER] = RF_STORE_FORWARD_NO_ANSWER,
        [RF_CALL_FORWARD_UNREGISTERED] = RF_STORE_FORWARD_UNREGISTERED,
    };
    enum rf_err err = RF_OK;
    for (int f = 0; f < RF_CALL_FORWARD_N && err == RF_OK; f++)
        err = copy(line->rule.forward[forwards[f]], out->forward[f], sizeof out->forward[f],
                   rf_store_forward_name(forwards[f]), why);
    out->calls_max = line->rule.calls_max;
    out->busy_trigger = line->rule.busy_trigger;
    out->is_shared = line->is_shared;
    return err;
}

static enum rf_sccp_cert_state state_of(const struct rf_store_cert *cert)
{
    if (cert->state == RF_STORE_CERT_CONFIRMED)
        return RF_SCCP_CERT_CURRENT;
    return cert->state == RF_STORE_CERT_UNCONFIRMED ? RF_SCCP_CERT_UNCONFIRMED
                                                    : RF_SCCP_CERT_SUPERSEDED;
}

/* Whose turn it is for the few places there are. What is in force first: a phone that is given one
 * LSC after the other and confirms none goes on with the old one. Then a MIC that was revoked: not
 * listed it would count. An LSC that finds no room is refused all the same, because what our issuer
 * made has to be listed. */
enum rank { RANK_IN_FORCE, RANK_ENDED_MIC, RANK_UNCONFIRMED, RANK_ENDED_LSC, RANKS };

static enum rank rank_of(const struct rf_store_cert *cert)
{
    switch (cert->state) {
    case RF_STORE_CERT_CONFIRMED:
        return RANK_IN_FORCE;
    case RF_STORE_CERT_UNCONFIRMED:
        return RANK_UNCONFIRMED;
    case RF_STORE_CERT_SUPERSEDED:
    case RF_STORE_CERT_REVOKED:
        break;
    }
    return cert->kind == RF_STORE_MIC ? RANK_ENDED_MIC : RANK_ENDED_LSC;
}

/* Of one rank the youngest first. */
static void add_certs(const struct rf_store_certs *certs, enum rank rank,
                      struct rf_sccp_device *out)
{
    for (size_t i = certs->n; i-- > 0 && out->n_certs < RF_SCCP_DEVICE_CERTS;) {
        const struct rf_store_cert *cert = &certs->items[i];
        if (rank_of(cert) != rank)
            continue;
        struct rf_sccp_device_cert *to = &out->certs[out->n_certs++];
        memcpy(to->sha256, cert->sha256, sizeof to->sha256);
        to->state = state_of(cert);
    }
}

static enum rf_sccp_mode_wanted mode_of(enum rf_store_mode mode)
{
    switch (mode) {
    case RF_STORE_NONSECURE:
        return RF_SCCP_MODE_NON_SECURE;
    case RF_STORE_AUTHENTICATED:
        return RF_SCCP_MODE_AUTHENTICATED;
    case RF_STORE_ENCRYPTED:
        break;
    }
    return RF_SCCP_MODE_ENCRYPTED;
}

/* What both ends of a call can do is what is chosen from. doc: docs/call-control.md, "Keys" */
uint32_t device_suites(const char *srtp_80_models, const char *srtp_gcm_models, const char *model)
{
    uint32_t suites = RF_CALL_ABLE(RF_CALL_SRTP_AES_CM_128_HMAC_SHA1_32);
    if (rf_family_model_listed(srtp_80_models, model))
        suites |= RF_CALL_ABLE(RF_CALL_SRTP_AES_CM_128_HMAC_SHA1_80);
    if (rf_family_model_listed(srtp_gcm_models, model))
        suites |= RF_CALL_ABLE(RF_CALL_SRTP_AEAD_AES_128_GCM);
    return suites;
}

void device_models_use(struct server *s, const struct rf_site_conf *conf)
{
    struct device_models *older = atomic_load(&s->device_models);
    if (older != NULL && strcmp(older->srtp_80, conf->srtp_80_models) == 0 &&
        strcmp(older->srtp_gcm, conf->srtp_gcm_models) == 0 &&
        strcmp(older->untrusted, conf->untrusted_models) == 0)
        return;
    struct device_models *now = rf_new(struct device_models);
    *now = (struct device_models){.older = older,
                                  .srtp_80 = rf_strdup(conf->srtp_80_models),
                                  .srtp_gcm = rf_strdup(conf->srtp_gcm_models),
                                  .untrusted = rf_strdup(conf->untrusted_models)};
    atomic_store(&s->device_models, now);
}

void device_models_free(struct server *s)
{
    struct device_models *now = atomic_load(&s->device_models);
    while (now != NULL) {
        struct device_models *older = now->older;
        rf_free(now->srtp_80);
        rf_free(now->srtp_gcm);
        rf_free(now->untrusted);
        rf_free(now);
        now = older;
    }
}

enum rf_err device_of(const struct device_models *models, const struct rf_store_phone *phone,
                      const struct rf_store_certs *certs, struct rf_sccp_device *out,
                      struct rf_why *why)
{
    const struct rf_store_device *d = &phone->device;
    *out = (struct rf_sccp_device){
        .mode = mode_of(d->mode),
        .has_srtp = d->has_srtp,
        .suites = device_suites(models->srtp_80, models->srtp_gcm, d->model),
        .is_untrusted = rf_family_model_listed(models->untrusted, d->model)};
    if (!rf_sccp_device_name_ok(rf_slice_str(d->name)))
        return rf_why_set(why, RF_ERR_BAD, "device-name",
                          "\"name\": wants SEP and 12 hexadecimal digits in upper case, or 1 to 15 "
                          "of A-Z 0-9 - _");
    if (phone->n_lines > RF_CALL_LINES_MAX)
        return rf_why_set(why, RF_ERR_LIMIT, "lines", "\"lines\": wants at most %d",
                          RF_CALL_LINES_MAX);
    out->call.media_policy = d->media_policy == RF_STORE_MEDIA_REQUIRE ? RF_CALL_MEDIA_REQUIRE
                                                                       : RF_CALL_MEDIA_BEST_EFFORT;
    enum rf_err err = copy(d->name, out->call.name, sizeof out->call.name, "name", why);
    for (size_t i = 0; i < phone->n_lines && err == RF_OK; i++) {
        err = line_of(phone, i, &out->call.lines[i], why);
        if (err == RF_OK)
            err = rule_of(&phone->lines[i], &out->call.rules[i], why);
    }
    out->call.is_protected = d->is_protected;
    if (err != RF_OK)
        return err;
    out->call.n_lines = phone->n_lines;
    snprintf(out->model, sizeof out->model, "%s", d->model);
    /* What the phone shows as its own name; a description may be longer than fits. */
    snprintf(out->label, sizeof out->label, "%.*s", (int)sizeof out->label - 1, d->description);
    for (int rank = 0; certs != NULL && rank < RANKS; rank++)
        add_certs(certs, (enum rank)rank, out);
    return RF_OK;
}

/* ---- by which TLS they came ---- */

static void modern_setting(const char *name, char key[48])
{
    snprintf(key, 48, "tls.modern.%s", name);
}

enum rf_err device_modern_load(struct rf_store *store, const char *name,
                               uint8_t sha256[RF_SCCP_FP_LEN], struct rf_why *why)
{
    char key[48];
    RF_AUTO(rf_buf_fini) struct rf_buf value = RF_BUF(RF_SCCP_FP_LEN);
    modern_setting(name, key);
    enum rf_err err = rf_store_setting_load(store, key, &value, why);
    if (err == RF_ERR_NOT_FOUND)
        return RF_OK;
    if (err == RF_OK && value.len == RF_SCCP_FP_LEN)
        memcpy(sha256, value.p, RF_SCCP_FP_LEN);
    return err;
}

struct modern {
    struct rf_job job;
    char name[RF_STORE_DEVICE_NAME];
    uint8_t sha256[RF_SCCP_FP_LEN];
    enum rf_err err;
    struct rf_why why;
};

static void modern_work(struct rf_job *job, void *store)
{
    struct modern *m = (struct modern *)job;
    char key[48];
    modern_setting(m->name, key);
    m->err = rf_store_setting_save(store, key, rf_slice_of(m->sha256, sizeof m->sha256), &m->why);
}

static void modern_settled(struct rf_job *job, enum rf_err err, const struct rf_why *why)
{
    const struct modern *m = (const struct modern *)job;
    if (m->err != RF_OK || err != RF_OK)
        rf_error(RF_CAT_STORE, "not noted that it speaks TLS 1.2: %s dev=%s",
                 rf_why_text(m->err != RF_OK ? &m->why : why), m->name);
}

static void modern_done(struct rf_job *job, void *reader)
{
    rf_free((struct modern *)job);
}

/* Kept over a restart: else that would be the moment for a downgrade. */
void event_of_modern(void *arg, const char *dev, const uint8_t sha256[RF_SCCP_FP_LEN])
{
    struct server *s = arg;
    struct modern *m = rf_new(struct modern);
    m->job = (struct rf_job){
        .work = modern_work, .done = modern_done, .settled = modern_settled, .is_patient = true};
    snprintf(m->name, sizeof m->name, "%s", dev);
    memcpy(m->sha256, sha256, sizeof m->sha256);
    if (rf_worker_post(s->store_worker, &m->job) == RF_OK)
        return;
    rf_warn(RF_CAT_STORE,
            "not noted that it speaks TLS 1.2: the database has too much to do "
            "dev=%s",
            dev);
    rf_free(m);
}

/* ---- all of them, at the start ---- */

static enum rf_err load_one(struct server *s, const struct rf_store_phone *phone,
                            struct rf_sccp_device *out, struct rf_why *why)
{
    struct rf_store_certs certs = {0};
    enum rf_err err = rf_store_cert_list(s->store, phone->device.name, &certs, why);
    if (err == RF_OK)
        err = device_of(atomic_load(&s->device_models), phone, &certs, out, why);
    if (err == RF_OK)
        err = device_modern_load(s->store, phone->device.name, out->modern_cert, why);
    rf_store_certs_fini(&certs);
    return err;
}

/* A device that call control would not take (of an older or newer version) does not keep the others
 * from working. */
enum rf_err devices_load(struct server *s, struct rf_why *why)
{
    struct rf_store_phones phones = {0};
    enum rf_err err = rf_store_device_list(s->store, &phones, why);
    if (err != RF_OK)
        return err;
    size_t n = 0;
    for (size_t i = 0; i < phones.n; i++) {
        struct rf_sccp_device device;
        struct rf_why refused = {0};
        if (!rf_fault_skips("devices.quarantine") && phones.items[i].device.is_quarantined)
            continue; /* nobody may register as it */
        err = load_one(s, &phones.items[i], &device, &refused);
        if (err == RF_OK)
            err = rf_sccp_device_update(s->sccp, &device, &refused);
        n += err == RF_OK;
        if (err != RF_OK)
            rf_error(RF_CAT_MAIN, "device left out: %s dev=%s", rf_why_text(&refused),
                     phones.items[i].device.name);
    }
    rf_info(RF_CAT_MAIN, "devices loaded n=%zu left-out=%zu", n, phones.n - n);
    rf_store_phones_fini(&phones);
    return RF_OK;
}

/* ---- one of them, when something changed ---- */

struct refresh {
    struct rf_job job;
    struct rf_msg msg;
    struct server *s;
    char name[RF_STORE_DEVICE_NAME];
    enum rf_err err;
    struct rf_why why;
    struct rf_sccp_device device;
};

static void refresh_load(struct rf_job *job, void *state)
{
    struct refresh *r = (struct refresh *)job;
    struct rf_store_phone phone = {.lines = NULL};
    struct rf_store_certs certs = {0};
    r->err = rf_store_device_load(state, r->name, &phone, &r->why);
    if (r->err == RF_OK && phone.device.is_quarantined)
        r->err = RF_ERR_NOT_FOUND; /* nobody may register as it */
    if (r->err == RF_OK)
        r->err = rf_store_cert_list(state, r->name, &certs, &r->why);
    if (r->err == RF_OK)
        r->err = device_of(atomic_load(&r->s->device_models), &phone, &certs, &r->device, &r->why);
    rf_store_phone_fini(&phone);
    rf_store_certs_fini(&certs);
}

/* What it read in a group that failed may be what is not there. */
static void refresh_settled(struct rf_job *job, enum rf_err err, const struct rf_why *why)
{
    struct refresh *r = (struct refresh *)job;
    if (err == RF_OK)
        return;
    r->err = err;
    r->why = *why;
}

enum rf_err device_use(struct server *s, const struct rf_sccp_device *device, struct rf_why *why)
{
    for (size_t i = 0; i < device->call.n_lines; i++)
        if (device->call.rules[i].is_shared)
            rf_call_forward_all_set(rf_sccp_service_calls(s->sccp), device->call.lines[i].number,
                                    device->call.rules[i].forward[RF_CALL_FORWARD_ALL]);
    return rf_sccp_device_update(s->sccp, device, why);
}

static void refresh_use(struct rf_msg *msg, void *reader)
{
    struct refresh *r = (struct refresh *)((char *)msg - offsetof(struct refresh, msg));
    struct rf_why why = {0};
    if (reader != NULL && device_use(r->s, &r->device, &why) != RF_OK)
        rf_error(RF_CAT_MAIN, "device not refreshed: %s dev=%s", rf_why_text(&why), r->name);
    rf_free(r);
}

static void refresh_loaded(struct rf_job *job, void *reader)
{
    struct refresh *r = (struct refresh *)job;
    if (reader != NULL && r->err == RF_OK) {
        r->msg.run = refresh_use;
        sccp_post(r->s, &r->msg);
        return;
    }
    /* Removed meanwhile: then it was removed from call control, too. */
    if (reader != NULL && r->err != RF_ERR_NOT_FOUND)
        rf_error(RF_CAT_MAIN, "device not refreshed: %s dev=%s", rf_why_text(&r->why), r->name);
    rf_free(r);
}

void device_refresh(struct server *s, const char *name)
{
    struct refresh *r = rf_new(struct refresh);
    r->s = s;
    snprintf(r->name, sizeof r->name, "%s", name);
    r->job = (struct rf_job){.work = refresh_load,
                             .done = refresh_loaded,
                             .answer_to = rf_loop_mailbox(s->loop),
                             .settled = refresh_settled};
    if (rf_worker_post(s->store_worker, &r->job) == RF_OK)
        return;
    rf_error(RF_CAT_MAIN, "device not refreshed: the database has too much to do dev=%s", name);
    rf_free(r);
}

/* ---- one that nobody added ---- */

struct quarantine {
    struct rf_job job;
    struct rf_msg msg;
    struct server *s;
    struct rf_store_phone phone;
    bool is_proved;
    struct rf_address address; /* if it is not */
    enum rf_err err;
    struct rf_why why;
};

#define DAY_MS (24 * 3600 * (uint64_t)1000)

/* The places are few, and names cost nothing: one address has its share of them. The oldest address
 * that is remembered makes room for another. */
static struct quarantined_of *quarantined_of(struct server *s, const struct rf_address *address)
{
    struct quarantined_of *all = s->quarantined, *one = NULL, *oldest = &all[0];
    uint64_t now_ms = rf_now_ms(rf_clock_real());
    uint8_t source[RF_ADDRESS_SOURCE];
    rf_address_source(address, source);
    for (size_t i = 0; i < QUARANTINE_SOURCES && one == NULL; i++) {
        if (all[i].n > 0 && now_ms - all[i].since_ms >= DAY_MS)
            all[i].n = 0;
        if (all[i].n > 0 && rf_slice_eq(rf_slice_of(all[i].source, sizeof source),
                                        rf_slice_of(source, sizeof source)))
            one = &all[i];
        else if (oldest->n > 0 && (all[i].n == 0 || all[i].since_ms < oldest->since_ms))
            oldest = &all[i];
    }
    if (one == NULL) {
        one = oldest;
        *one = (struct quarantined_of){.since_ms = now_ms};
        memcpy(one->source, source, sizeof source);
    }
    return one;
}

/* Taken before it is asked for, since many may come at once. */
static bool quarantine_take(const struct quarantine *q)
{
    if (q->is_proved)
        return true;
    struct quarantined_of *one = quarantined_of(q->s, &q->address);
    if (one->n >= QUARANTINED_OF_ONE && !rf_fault_skips("devices.quarantine-address"))
        return false;
    one->n++;
    return true;
}

static void quarantine_give_back(const struct quarantine *q)
{
    struct quarantined_of *one = q->is_proved ? NULL : quarantined_of(q->s, &q->address);
    if (one != NULL && one->n > 0)
        one->n--;
}

static void quarantine_work(struct rf_job *job, void *state)
{
    struct quarantine *q = (struct quarantine *)job;
    int64_t now_s = rf_wall_s(rf_clock_real());
    struct rf_store_event e = {.time_s = now_s,
                               .uid = -1,
                               .severity = RF_STORE_WARN,
                               .category = "security",
                               .code = "device-quarantined"};
    snprintf(e.device, sizeof e.device, "%s", q->phone.device.name);
    snprintf(e.text, sizeof e.text,
             "%s is not known and wanted to register: it is in quarantine until it is approved",
             q->phone.device.name);
    q->err = rf_store_device_add(state, &q->phone, now_s, &e, &q->why);
}

static void quarantine_done(struct rf_job *job, void *reader)
{
    struct quarantine *q = (struct quarantine *)job;
    if (reader != NULL && q->err != RF_OK)
        quarantine_give_back(q);
    if (reader != NULL && q->err == RF_OK)
        rf_warn(RF_CAT_MAIN,
                "a phone nobody added wanted to register and is in quarantine: `ringfence device "
                "approve` makes it a device dev=%s",
                q->phone.device.name);
    else if (reader != NULL && q->err != RF_ERR_EXISTS)
        rf_warn(RF_CAT_MAIN, "no quarantine: %s dev=%s", rf_why_text(&q->why),
                q->phone.device.name);
    rf_free(q);
}

static void quarantine_begin(struct rf_msg *msg, void *reader)
{
    struct quarantine *q = (struct quarantine *)((char *)msg - offsetof(struct quarantine, msg));
    if (reader == NULL || q->s->site->conf->auto_register != RF_SITE_AUTO_QUARANTINE ||
        !quarantine_take(q)) {
        rf_free(q);
        return;
    }
    if (rf_worker_post(q->s->store_worker, &q->job) == RF_OK)
        return;
    quarantine_give_back(q);
    rf_free(q);
}

void device_quarantine(struct server *s, const char *name, const char *address)
{
    struct quarantine *q = rf_new(struct quarantine);
    q->s = s;
    q->is_proved = address == NULL;
    if (!q->is_proved && rf_address_parse(address, 0, &q->address, NULL) != RF_OK)
        q->address = (struct rf_address){0}; /* all of these are one */
    q->phone.device.is_quarantined = true;
    snprintf(q->phone.device.name, sizeof q->phone.device.name, "%s", name);
    q->job = (struct rf_job){
        .work = quarantine_work, .done = quarantine_done, .answer_to = rf_loop_mailbox(s->loop)};
    q->msg.run = quarantine_begin;
    rf_mailbox_post_answer(rf_loop_mailbox(s->loop), &q->msg);
}
