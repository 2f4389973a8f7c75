/* SPDX-License-Identifier: Apache-2.0 */
/* A device as another server configured it: what of its file has a place here, and what not. */
#ifndef APP_RINGFENCE_OLDDEVICE_H
#define APP_RINGFENCE_OLDDEVICE_H

#include "app/ringfence/cmd.h"

struct olddevice_in {
    const char *name;  /* "SEP001122334455" */
    const char *path;  /* where its file stood */
    const char *model; /* for those whose load does not tell; may be NULL */
    struct rf_slice xml;
    bool is_added; /* add it through the server */
};

/** Read it, and add it if so asked: an object with device, model, mode, load, lines, `added`,
 * `code` and `reason` of a refusal, and `left`: each value that was not taken, with its path and
 * why
 * ("unknown": no element that is known here; "settable": one that may be set here). Secrets are
 * named without their value. */
struct rf_json *olddevice_bring(const struct cmd_ctx *ctx, const struct olddevice_in *in);
/** The same for a table: `left` is how many. */
struct rf_json *olddevice_row(const struct rf_json *device);

#endif
