/* SPDX-License-Identifier: Apache-2.0 */
/* A router's link to its centre: begun when the router serves, ended before anything else ends.
 * What comes by it goes to router_apply. */
#include "app/ringfenced/server_int.h"
#include "base/log.h"

void uplink_begin(struct server *s)
{
    if (s->site->conf->centre[0] == '\0')
        rf_warn(RF_CAT_MAIN,
                "this router has no centre: set the option centre to ADDRESS:PORT of its "
                "branch listener");
}

void uplink_end(struct server *s)
{
}
