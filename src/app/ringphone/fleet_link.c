/* SPDX-License-Identifier: Apache-2.0 */
/* Links from an address of the phone's own. */
#include "app/ringphone/fleet.h"

static enum rf_err link_open(void *net, const struct rf_phone_link_conf *conf, void **link,
                             struct rf_why *why)
{
    const struct fleet_phone *p = net;
    struct rf_phone_link_conf own = *conf;
    own.local = p->local[0] != '\0' ? p->local : NULL;
    return rf_phone_link_real()->open(p->fleet->loop, &own, link, why);
}

struct rf_phone_link_ops fleet_link_ops(void)
{
    struct rf_phone_link_ops ops = *rf_phone_link_real();
    ops.open = link_open;
    return ops;
}
