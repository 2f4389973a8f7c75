/* SPDX-License-Identifier: Apache-2.0 */
/* A trust list came whose signer the installed lists do not know: TVS may. T1 of the table in
 * boot_fsm.c. doc: docs/security-rules.md, "Trust lists" */
#include "service/phone/boot_int.h"

#include "base/faults.h"

#include <string.h>

#define SAST (UINT32_C(1) << RF_TRUSTLIST_ROLE_SAST)

/* ---- what was answered before ---- */

static bool is_of(const struct phone_tvs_answer *a, const struct rf_cert *cert)
{
    return rf_slice_eq(rf_slice_of(a->sha256, sizeof a->sha256), rf_cert_sha256(cert));
}

bool phone_tvs_knows(const struct rf_phone *p, const struct rf_cert *cert, uint32_t *roles)
{
    for (size_t i = 0; i < PHONE_TVS_KEPT_MAX; i++) {
        const struct phone_tvs_answer *a = &p->tvs_cache.item[i];
        bool is_fresh = rf_now_ms(p->conf.clock) < a->until_ms || rf_fault_skips("phone.tvs-ttl");
        if (a->until_ms == 0 || !is_of(a, cert) || !is_fresh)
            continue;
        *roles = a->roles;
        return true;
    }
    return false;
}

void phone_tvs_keep(struct rf_phone *p, const struct rf_cert *cert, uint32_t roles, uint32_t ttl_s)
{
    struct phone_tvs_answer *to = &p->tvs_cache.item[0];
    for (size_t i = 0; i < PHONE_TVS_KEPT_MAX; i++) {
        struct phone_tvs_answer *a = &p->tvs_cache.item[i];
        if (is_of(a, cert)) {
            to = a;
            break;
        }
        if (a->until_ms < to->until_ms)
            to = a;
    }
    struct rf_rd sha = rf_rd_of(rf_cert_sha256(cert));
    rf_bug_on(!rf_rd_copy(&sha, to->sha256, sizeof to->sha256));
    to->roles = roles;
    to->until_ms = rf_now_ms(p->conf.clock) + (uint64_t)ttl_s * 1000u;
}

/* ---- the question ---- */

bool phone_has_tvs(const struct rf_phone *p)
{
    return p->config != NULL && p->config->tvs_n > 0 &&
           rf_lists_nth(&p->lists, RF_TRUSTLIST_ROLE_TVS, 0) != NULL;
}

bool phone_may_ask_tvs(struct rf_phone *p, struct rf_cert *cert)
{
    bool was_asked = p->vouched != NULL && rf_cert_eq(p->vouched, cert);
    if (!phone_has_tvs(p) || was_asked)
        return false;
    rf_cert_unref(p->asked);
    p->asked = rf_cert_ref(cert);
    return true;
}

void phone_tvs_tell(struct rf_phone *p, const struct rf_cert *cert,
                    const struct rf_ask_tvs_result *r, bool is_kept)
{
    struct phone_values v;
    phone_values_start(&v, RF_PHONE_TVS);
    phone_add(&v, "server", is_kept ? NULL : r->server);
    phone_add(&v, "cert", rf_cert_fingerprint(cert));
    phone_add_flag(&v, "vouched", r->err == RF_OK);
    phone_add_flag(&v, "kept", is_kept);
    if (r->err == RF_OK) {
        phone_add_n(&v, "roles", r->roles);
        phone_add_n(&v, "ttl_s", r->ttl_s);
    } else {
        phone_add_why(&v, &r->why);
    }
    phone_emit(p, &v);
}

struct rf_ask_tvs *phone_tvs_ask(struct rf_phone *p, struct rf_cert *cert,
                                 void (*on_done)(void *arg, const struct rf_ask_tvs_result *result))
{
    struct rf_ask_tvs_conf conf = {
        .device = p->flash->identity.device,
        .model = p->flash->identity.model,
        .server = p->config->tvs,
        .server_n = p->config->tvs_n,
        .lists = &p->lists,
        .id = p->lsc.cert != NULL ? &p->lsc : &p->mic,
        .cert = cert,
        .floor_s = phone_floor_s(p),
        .keylog_path = p->conf.keylog_path,
        .net = p->conf.net,
        .net_arg = p->conf.net_arg,
        .timers = p->conf.timers,
        .on_done = on_done,
        .arg = p,
    };
    return p->conf.parts->ask_tvs_start(&conf);
}

/* What is vouched for as a web server does not sign lists. */
static void decide(struct rf_phone *p, enum rf_err err, uint32_t roles)
{
    if (err == RF_OK && ((roles & SAST) != 0 || rf_fault_skips("phone.tvs-role"))) {
        rf_cert_unref(p->vouched);
        p->vouched = rf_cert_ref(p->asked);
        phone_event(p, PHONE_EV_VOUCHED);
        return;
    }
    rf_buf_fini(&p->got);
    phone_event(p, PHONE_EV_REFUSED);
}

static void on_answer(void *arg, const struct rf_ask_tvs_result *result)
{
    struct rf_phone *p = arg;
    const struct rf_ask_tvs *ask = p->ask;
    enum rf_err err = result->err;
    uint32_t roles = result->roles, ttl_s = result->ttl_s;
    /* From here on the result may be gone: who hears of it may stop the phone. */
    phone_tvs_tell(p, p->asked, result, false);
    if (p->ask != ask)
        return;
    if (err == RF_OK)
        phone_tvs_keep(p, p->asked, roles, ttl_s);
    p->conf.parts->ask_tvs_free(rf_steal(&p->ask));
    decide(p, err, roles);
}

/* The list and its signer are in hand; got_why says what to refuse it with. */
void phone_act_ask_tvs(void *self, const void *data)
{
    struct rf_phone *p = self;
    struct rf_ask_tvs_result kept = {.err = RF_OK, .server = ""};
    (void)data;
    if (phone_tvs_knows(p, p->asked, &kept.roles)) {
        phone_tvs_tell(p, p->asked, &kept, true);
        decide(p, RF_OK, kept.roles);
        return;
    }
    p->ask = phone_tvs_ask(p, p->asked, on_answer);
}

void phone_tvs_end(struct rf_phone *p)
{
    p->conf.parts->ask_tvs_free(rf_steal(&p->ask));
    rf_cert_unref(rf_steal(&p->asked));
    rf_cert_unref(rf_steal(&p->vouched));
}
