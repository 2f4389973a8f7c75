/* SPDX-License-Identifier: Apache-2.0 */
#include "app/ringfence/api.h"

#include "app/ringfence/owner.h"
#include "base/text.h"
#include "trust/key.h"

#define STRING_MAX 64
#define ANSWER_MAX ((size_t)64 * 1024 * 1024) /* a fleet's devices with their certificates */

static enum rf_err error_of(const struct rf_http_answer *answer, const struct rf_json *body,
                            struct rf_why *why)
{
    const struct rf_json *e = rf_json_get(body, "error");
    const char *code = rf_json_str(e, "code"), *text = rf_json_str(e, "text");
    enum rf_err err = answer->status == 404   ? RF_ERR_NOT_FOUND
                      : answer->status == 409 ? RF_ERR_EXISTS
                      : answer->status == 403 ? RF_ERR_DENIED
                      : answer->status == 503 ? RF_ERR_AGAIN
                                              : RF_ERR_BAD;
    return rf_why_set(why, err, code != NULL ? code : "api", "%s",
                      text != NULL ? text : "the server refused without a reason");
}

/* It may hold a password. */
static void wiped(struct rf_json **body)
{
    if (*body != NULL)
        rf_json_wipe(*body);
    rf_json_freep(body);
}

static enum rf_err no_server(const struct cmd_ctx *ctx, struct rf_why *why)
{
    RF_AUTO(rf_freep) char *conf = rf_site_path_in(ctx->site, RF_SITE_CONF);
    if (!rf_file_exists(conf))
        return rf_why_replace(why, RF_ERR_NOT_FOUND, "no-site",
                              "%s has no ringfence.conf: `ringfence init` makes a site, --site "
                              "DIR names another",
                              ctx->site);
    return rf_why_replace(why, RF_ERR_NOT_FOUND, "no-server",
                          "no ringfenced runs: start it with `ringfenced --config %s`", conf);
}

enum rf_err api_ask(const struct cmd_ctx *ctx, enum rf_http_method method, const char *target,
                    struct rf_json *take_body, struct rf_json **out, struct rf_why *why)
{
    RF_AUTO(wiped) struct rf_json *body = take_body;
    RF_AUTO(rf_buf_wipe) struct rf_buf text = RF_BUF(RF_HTTP_BODY_MAX);
    RF_AUTO(rf_freep) char *socket = rf_site_path_in(ctx->site, RF_SITE_ADMIN_SOCK);
    RF_AUTO(rf_http_answer_fini) struct rf_http_answer answer = {0};
    RF_AUTO(rf_json_freep) struct rf_json *got = NULL;
    if (body != NULL && rf_json_dump(body, 0, &text) != RF_OK)
        return rf_why_set(why, RF_ERR_LIMIT, "too-long", "the request is too long");
    struct rf_http_call call = {
        .socket_path = socket,
        .method = method,
        .target = target,
        .content_type = body != NULL ? "application/json" : NULL,
        .body = rf_buf_slice(&text),
        /* A change may wait for many slow hashes. */
        .timeout_ms = method == RF_HTTP_GET ? 30000 : 120000,
        .answer_max = ANSWER_MAX,
    };
    owner_raise(); /* an event says who asked */
    enum rf_err err = rf_http_request(&call, &answer, why);
    owner_lower();
    if (err == RF_ERR_NOT_FOUND)
        return no_server(ctx, why);
    if (err != RF_OK)
        return err;
    err = rf_json_parse(rf_buf_slice(&answer.body), &got, why);
    if (err != RF_OK)
        return err;
    if (answer.status < 200 || answer.status > 299)
        return error_of(&answer, got, why);
    *out = rf_steal(&got);
    return RF_OK;
}

char *api_device_path(const char *name, const char *tail)
{
    char encoded[128];
    if (!rf_http_encode(rf_slice_str(name), encoded, sizeof encoded))
        encoded[0] = '\0';
    return rf_strf("/v1/devices/%s%s", encoded, tail);
}

enum rf_err api_add_string(const struct cmd_ctx *ctx, struct rf_json *body, struct rf_why *why)
{
    const char *path = cmd_get(ctx, "string-file");
    struct rf_buf text = {0};
    if (path == NULL)
        return RF_OK;
    enum rf_err err = cmd_read(path, STRING_MAX, &text, why);
    if (err == RF_OK)
        rf_json_set_slice(body, "string", rf_trim(rf_buf_slice(&text)));
    rf_buf_wipe(&text);
    return err;
}

int api_show(const struct cmd_ctx *ctx, enum rf_http_method method, const char *target,
             struct rf_json *take_body, const char *what)
{
    struct rf_json *answer = NULL;
    struct rf_why why = {0};
    if (api_ask(ctx, method, target, take_body, &answer, &why) != RF_OK)
        return cmd_refuse(ctx, what, &why);
    return cmd_show(ctx, answer);
}
