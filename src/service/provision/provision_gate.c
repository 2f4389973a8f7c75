/* SPDX-License-Identifier: Apache-2.0 */
/* Who may ask at all, and for whose configuration; what is noticed of phones; and what is told of a
 * request that has ended. doc: docs/provisioning.md, "Unknown phones"; "What is noticed" */
#include "service/provision/provision_run.h"

#include "base/faults.h"
#include "base/metrics.h"
#include "base/text.h"
#include "store/store_seen.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

static uint64_t now_of(const struct rf_provision *p)
{
    return rf_now_ms(rf_loop_clock(p->loop));
}

static void alarm(struct rf_provision *p, const char *code, const char *device, const char *fmt,
                  ...) RF_PRINTF(4, 5);

static void alarm(struct rf_provision *p, const char *code, const char *device, const char *fmt,
                  ...)
{
    char text[RF_WHY_TEXT_MAX];
    va_list ap;
    va_start(ap, fmt);
    vsnprintf(text, sizeof text, fmt, ap);
    va_end(ap);
    rf_count(PROVISION_ALARMS);
    if (rf_log_allows(&p->alarm_log, 60, now_of(p)))
        rf_warn(RF_CAT_PROVISION, "%s code=%s dev=%s", text, code,
                device[0] != '\0' ? device : "-");
    if (p->on_alarm != NULL)
        p->on_alarm(p->alarm_arg, code, device, text);
}

/* ---- at the door ---- */

enum rf_err rf_provision_admit(struct rf_provision *p, const struct rf_address *from,
                               struct rf_why *why)
{
    const struct rf_networks *networks = &p->facts->networks;
    if (!rf_fault_skips("provision.network") && networks->n > 0 &&
        !rf_networks_have(networks, from))
        return rf_why_set(why, RF_ERR_DENIED, "request-network",
                          "the address is in none of provision_networks");
    if (!rf_fault_skips("provision.rate") && !rf_provision_limits_take(p->limits, from, now_of(p)))
        return rf_why_set(why, RF_ERR_AGAIN, "request-rate", "too many requests a second");
    return RF_OK;
}

static struct provision_unknown *unknown_place(struct rf_provision *p, const char *device)
{
    uint32_t h = 2166136261U;
    for (const char *c = device; *c != '\0'; c++)
        h = (h ^ (uint8_t)*c) * 16777619U;
    return &p->unknown[h % PROVISION_UNKNOWN_MAX];
}

static void note_pending(struct request *r)
{
    struct rf_store_pending seen = {.last_s = r->now_s};
    memcpy(seen.name, r->name.device, sizeof seen.name);
    rf_address_host(&r->from, seen.address, sizeof seen.address);
    snprintf(seen.asked, sizeof seen.asked, "%s", r->name.name);
    provision_notes_pending(r->p->notes, &seen);
}

void provision_gate_unknown(struct request *r)
{
    struct rf_provision *p = r->p;
    struct provision_unknown *u = unknown_place(p, r->name.device);
    if (p->db != NULL) {
        memcpy(u->device, r->name.device, sizeof u->device);
        u->until_ms = now_of(p) + PROVISION_UNKNOWN_MS;
        u->store = r->config.store_generation;
    }
    note_pending(r);
}

void provision_gate_new_pending(void *arg, const struct rf_store_pending *seen)
{
    alarm(arg, "device-pending", "",
          "%s at %s asks for its configuration and is no device: `ringfence device approve` makes "
          "it one",
          seen->name, seen->address);
}

static bool was_unknown(const struct request *r)
{
    struct rf_provision *p = r->p;
    const struct provision_unknown *u = unknown_place(p, r->name.device);
    return p->db != NULL && now_of(p) < u->until_ms && u->store == rf_store_generation(p->db) &&
           strcmp(u->device, r->name.device) == 0;
}

/* The same few devices as often as it likes, and any that was there before. */
static bool may_name(struct request *r)
{
    char host[RF_ADDRESS_TEXT_MAX];
    bool is_first = false;
    rf_address_host(&r->from, host, sizeof host);
    if (r->is_proven || provision_seen_is_at(r->p->seen, r->name.device, host) ||
        rf_provision_limits_name(r->p->limits, &r->from, r->name.device, now_of(r->p), &is_first))
        return true;
    rf_count(NAMES_GUESSED);
    if (is_first)
        alarm(r->p, "name-guessing", "",
              "%s asks for the configurations of many devices: it gets no more for ten minutes "
              "(provision_names)",
              host);
    return false;
}

enum rf_err provision_gate(struct request *r)
{
    if (r->name.kind != PROVISION_CONFIG && r->name.kind != PROVISION_CONFIG_PLAIN &&
        r->name.kind != PROVISION_CONFIG_ENCODED)
        return RF_OK;
    if (!rf_fault_skips("provision.name-guessing") && !may_name(r))
        return rf_why_set(&r->why, RF_ERR_AGAIN, "name-guessing",
                          "the address asks for too many different devices");
    if (!was_unknown(r))
        return RF_OK;
    note_pending(r);
    return rf_why_set(&r->why, RF_ERR_NOT_FOUND, "device-unknown",
                      "there is no device %s, nor was there a moment ago", r->name.device);
}

/* ---- when it is over ---- */

static bool item_of(const struct provision_name *name, enum rf_store_fetch_item *item)
{
    switch (name->kind) {
    case PROVISION_CTL:
        *item = RF_STORE_FETCH_CTL;
        return true;
    case PROVISION_ITL:
        *item = RF_STORE_FETCH_ITL;
        return true;
    case PROVISION_CONFIG:
    case PROVISION_CONFIG_PLAIN:
    case PROVISION_CONFIG_ENCODED:
        *item = RF_STORE_FETCH_CONFIG;
        return true;
    case PROVISION_FILE:
        *item = RF_STORE_FETCH_LOAD;
        return rf_slice_ends_with(rf_slice_str(name->name), ".loads");
    case PROVISION_DEFAULT:
    case PROVISION_DEFAULT_SIGNED:
        break;
    }
    return false;
}

static void note_fetch(struct rf_provision *p, const struct rf_provision_report *r,
                       const char *device, enum rf_store_fetch_item item, bool is_sent)
{
    struct rf_store_fetch f = {.item = item, .at_s = rf_wall_s(rf_loop_clock(p->loop))};
    snprintf(f.device, sizeof f.device, "%s", device);
    snprintf(f.name, sizeof f.name, "%s", r->name);
    snprintf(f.address, sizeof f.address, "%s", r->peer);
    if (r->content != NULL)
        snprintf(f.generation, sizeof f.generation, "%s", rf_content_generation(r->content));
    if (!is_sent)
        snprintf(f.result, sizeof f.result, "%s", r->code);
    provision_notes_fetch(p->notes, &f);
}

/* An encrypted configuration is two files, fetched one after the other: the first is counted. */
static bool is_behind_a_stub(const struct rf_content *content)
{
    return content != NULL && strcmp(rf_content_variant(content), "encrypted") == 0;
}

static void notice(struct rf_provision *p, const struct rf_provision_report *r)
{
    struct provision_name name;
    enum rf_store_fetch_item item;
    char device[RF_STORE_DEVICE_NAME] = "";
    bool is_sent = r->is_complete || r->is_last_ack_missing;
    if (r->is_looked_at || provision_name_parse(rf_slice_str(r->name), &name, NULL) != RF_OK ||
        !item_of(&name, &item))
        return;
    if (r->device[0] != '\0')
        snprintf(device, sizeof device, "%s", r->device);
    else if (!provision_seen_only(p->seen, r->peer, device))
        return;
    if (!provision_seen_knows(p->seen, device))
        return;
    note_fetch(p, r, device, item, is_sent);
    if (!is_sent)
        return;
    if (item == RF_STORE_FETCH_CONFIG)
        provision_seen_place(p->seen, device, r->peer);
    if (item == RF_STORE_FETCH_CONFIG && !is_behind_a_stub(r->content) &&
        provision_seen_again(p->seen, device,
                             r->content != NULL ? rf_content_generation(r->content) : "",
                             now_of(p)))
        alarm(p, "config-again", device,
              "%s has fetched the same configuration more than %d times in ten minutes: it refuses "
              "what it gets, or starts again and again",
              device, PROVISION_SEEN_CONFIGS);
}

void rf_provision_tell(struct rf_provision *p, const struct rf_provision_report *report)
{
    provision_log(&p->request_log, report, now_of(p));
    notice(p, report);
}

void rf_provision_seen_at(struct rf_provision *p, const struct rf_store_device *device,
                          const char *host)
{
    enum rf_digest digest = 0;
    if (provision_digest_of(device, p->facts, &digest, NULL) != RF_OK)
        digest = 0;
    provision_seen_know(p->seen, device->name, digest);
    provision_seen_place(p->seen, device->name, host);
}
