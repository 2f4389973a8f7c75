/* SPDX-License-Identifier: Apache-2.0 */
/* Time zones by the names that phones know, and what time it is there.
 *
 * Thread: any. Pure. doc: docs/wire/sccp.md, "Time" */
#ifndef SERVICE_SITE_ZONES_H
#define SERVICE_SITE_ZONES_H

#include "base/bytes.h"

/** Is the name in the table? */
bool rf_zone_is_known(const char *name);
/** Local time minus UTC at `utc`, seconds since 1970, with summer time where the zone has it; 0 for
 * a name that is not known. */
int32_t rf_zone_offset_s(const char *name, int64_t utc);

#endif
