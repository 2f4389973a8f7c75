/* SPDX-License-Identifier: Apache-2.0 */
/* What the commands on the store of images share: a load as JSON, and who uses which, as a running
 * server tells. */
#ifndef APP_RINGFENCE_IMAGES_H
#define APP_RINGFENCE_IMAGES_H

#include "app/ringfence/cmd.h"
#include "service/setup/image_import.h"

/** Name, family, models, state; with its parts and their sizes. */
struct rf_json *images_load_json(const struct rf_image_load *load, bool with_parts);
/** What an import took, found and warned of. */
struct rf_json *images_report_json(const struct rf_image_report *report);

/** Answers of the server. */
struct images_users {
    struct rf_json *devices; /* GET /v1/devices */
    struct rf_json *loads;   /* GET /v1/loads */
};
void images_users_fini(struct images_users *users);
/** RF_ERR_NOT_FOUND no-server. */
RF_MUST_CHECK enum rf_err images_users_ask(const struct cmd_ctx *ctx, struct images_users *out,
                                           struct rf_why *why);
/** Devices whose configuration names this load: an array of names, the caller's. */
struct rf_json *images_users_devices(const struct images_users *users, const char *load);
/** Models whose load it is. */
struct rf_json *images_users_models(const struct images_users *users, const char *load);
/** What phones refused of it: an array, the caller's. NULL: of all. */
struct rf_json *images_users_refused(const struct images_users *users, const char *load);
/** RF_ERR_DENIED load-in-use. */
RF_MUST_CHECK enum rf_err images_users_none(const struct images_users *users, const char *load,
                                            struct rf_why *why);

#endif
