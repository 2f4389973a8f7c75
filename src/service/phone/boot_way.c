/* SPDX-License-Identifier: Apache-2.0 */
/* What the fetcher has to know of the phone to choose the way of a file. */
#include "service/phone/boot_int.h"

/* V3 without a trusted clock: certificates that ended before the time we know it to be at least. */
int64_t phone_floor_s(const struct rf_phone *p)
{
    return p->conf.no_clock ? (int64_t)p->state.config_timestamp : phone_now_s(p);
}

void phone_tell_fetcher(struct rf_phone *p)
{
    struct rf_fetch_phone now = {.model = p->flash->identity.model,
                                 .lists = &p->lists,
                                 .id = p->lsc.cert != NULL ? &p->lsc : &p->mic,
                                 .floor_s = phone_floor_s(p)};
    if (p->conf.fetch->set_phone != NULL)
        p->conf.fetch->set_phone(p->conf.fetcher, &now);
}

void phone_note_way(struct rf_phone *p)
{
    const struct rf_fetch_ops *ops = p->conf.fetch;
    p->got_via = ops->last_via != NULL ? ops->last_via(p->conf.fetcher) : RF_FETCH_TFTP;
}
