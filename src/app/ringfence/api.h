/* SPDX-License-Identifier: Apache-2.0 */
/* The admin API of a running ringfenced, asked over the site's socket. Everything that is live goes
 * through here and nowhere else. doc: docs/admin-api.md */
#ifndef APP_RINGFENCE_API_H
#define APP_RINGFENCE_API_H

#include "app/ringfence/cmd.h"
#include "net/http.h"

/**
 * One request. `body` (may be NULL) is freed. On RF_OK *out is the answer's object, the caller's.
 *
 * Returns RF_OK for an answer of 2xx; else the server's own code and text in `why` (RF_ERR_DENIED,
 * RF_ERR_NOT_FOUND, RF_ERR_EXISTS, RF_ERR_BAD by status), or no-server when nobody listens.
 */
RF_MUST_CHECK enum rf_err api_ask(const struct cmd_ctx *ctx, enum rf_http_method method,
                                  const char *target, struct rf_json *take_body,
                                  struct rf_json **out, struct rf_why *why);

/** "/v1/devices/<name><tail>", the name percent-encoded. A new string. */
char *api_device_path(const char *name, const char *tail);

/** The authentication string of --string-file as "string"; nothing without that option. It comes
 * from a file or standard input, so that it stands in no list of processes. */
RF_MUST_CHECK enum rf_err api_add_string(const struct cmd_ctx *ctx, struct rf_json *body,
                                         struct rf_why *why);

/** Ask and show the answer, or refuse. */
int api_show(const struct cmd_ctx *ctx, enum rf_http_method method, const char *target,
             struct rf_json *take_body, const char *what);

#endif
