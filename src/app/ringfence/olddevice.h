/* SPDX-License-Identifier: Apache-2.0 */
/* A device as another server configured it, brought through the API of the running server. */
#ifndef APP_RINGFENCE_OLDDEVICE_H
#define APP_RINGFENCE_OLDDEVICE_H

#include "app/ringfence/cmd.h"
#include "service/setup/files_import.h"

struct olddevice_in {
    const struct rf_files_item *item;
    const struct rf_files_report *report; /* firmware that came, or would come, with it */
    const char *model;                    /* for those whose load does not tell; may be NULL */
    bool asks;                            /* the server is asked what it has of this device */
    bool is_brought;                      /* and the device is added */
    bool is_overwritten;                  /* also where it is there already */
};

/** Read it, and add it if so asked: an object with device, model, mode, load, lines, `state`
 * ("new", "changed": there already; null where nobody was asked), `added`, `code` and `reason` of a
 * refusal, `set`: each value of its configuration that is set, and `left`: each that is not, with
 * `why` and `text`. Secrets, and what may be one, are named without their value. */
struct rf_json *olddevice_bring(const struct cmd_ctx *ctx, const struct olddevice_in *in);
/** A row of devices: `set` and `left` are how many. */
struct rf_json *olddevice_row(const struct rf_json *device);
/** What was left of all of them: path, why, and how many devices have it. */
struct rf_json *olddevice_left_rows(const struct rf_json *devices);

#endif
