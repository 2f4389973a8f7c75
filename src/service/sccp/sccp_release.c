/* SPDX-License-Identifier: Apache-2.0 */
/* All phones are sent back to their call managers: what a router does when its centre says so.
 * doc: docs/server.md, "Roles" */
#include "service/sccp/sccp_int.h"

#define PORTION_MS 1000

bool sccp_is_closed(const struct rf_sccp_service *svc)
{
    return rf_now_ms(svc->conf.clock) < svc->closed_until_ms;
}

void sccp_release_stop(struct rf_sccp_service *svc)
{
    rf_timer_stop(svc->conf.timers, &svc->release);
}

/* A phone in a call restarts when that is over. */
static uint32_t tell_bucket(struct rf_sccp_service *svc, size_t bucket)
{
    uint32_t n = 0;
    for (struct station *st = svc->stations[bucket]; st != NULL; st = st->next)
        if (st->session != NULL &&
            rf_sccp_device_reset(svc, st->conf.call.name, RF_SCCP_RESET_RESTART) == RF_OK)
            n++;
    return n;
}

static void tell_some(void *owner, uint64_t number);

static void go_on(struct rf_sccp_service *svc)
{
    uint32_t told = 0;
    while (svc->release_at < BUCKETS && told < RF_SCCP_RELEASED_A_S)
        told += tell_bucket(svc, svc->release_at++);
    if (svc->release_at < BUCKETS)
        svc->release = rf_timer_start(svc->conf.timers, PORTION_MS, tell_some, svc, 0);
}

static void tell_some(void *owner, uint64_t number)
{
    struct rf_sccp_service *svc = owner;
    (void)number;
    svc->release = 0;
    go_on(svc);
}

void rf_sccp_service_release(struct rf_sccp_service *svc, uint32_t closed_s)
{
    sccp_release_stop(svc);
    svc->closed_until_ms =
        closed_s == 0 ? 0 : rf_now_ms(svc->conf.clock) + (uint64_t)closed_s * 1000;
    svc->release_at = 0;
    if (closed_s != 0)
        go_on(svc);
}
