/* SPDX-License-Identifier: Apache-2.0 */
/* `ringfence capf requests`: certificates that another CA is asked for. */
#include <stdio.h>
#include <string.h>

#include "app/ringfence/api.h"
#include "app/ringfence/commands.h"
#include "base/file.h"
#include "base/text.h"
#include "trust/cert.h"

#define TEXT_MAX ((size_t)64 * 1024 * 1024)

static int run_list(struct cmd_ctx *ctx)
{
    static const struct cmd_column columns[] = {
        {"device", "device"},  {"state", "state"},        {"tries", "tries"},
        {"reason", "reason"},  {"next_s", "asked again"}, {"created_s", "since"},
        {"key_sha256", "key"},
    };
    struct rf_json *answer = NULL;
    struct rf_why why = {0};
    if (api_ask(ctx, RF_HTTP_GET, "/v1/capf/requests", NULL, &answer, &why) != RF_OK)
        return cmd_refuse(ctx, "requests", &why);
    return cmd_show_rows(ctx, answer, "requests", columns, sizeof columns / sizeof *columns,
                         "no request waits for a CA");
}

const struct cmd cmd_capf_requests_list = {
    .name = "capf requests",
    .args = "",
    .summary = "List the certificates that another CA is asked for",
    .help = "waiting: to be asked for, or exported. sent: the CA has it. made: the certificate is\n"
            "here and the phone fetches it when it comes. stale: the operation it was for has\n"
            "ended; `ringfence capf drop` takes it away.",
    .uses_site = true,
    .has_json = true,
    .run = run_list,
};

/* ---- export ---- */

static bool is_plain(const char *name)
{
    return name[0] != '.' && name[0] != '\0' &&
           strspn(name, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_.") ==
               strlen(name);
}

struct export
{
    const char *dir;
    struct rf_json *rows;
    struct rf_buf csv;
    size_t n;
};

static enum rf_err export_one(struct export *e, const struct rf_json *r, struct rf_why *why)
{
    const char *device = rf_json_str(r, "device"), *key = rf_json_str(r, "key_sha256");
    const char *cn = rf_json_str(r, "cn"), *pem = rf_json_str(r, "key");
    RF_AUTO(rf_freep) char *name = rf_strf("%.15s.pub.pem", is_plain(device) ? device : key);
    RF_AUTO(rf_freep) char *path = rf_path_join(e->dir, name);
    enum rf_err err = rf_file_replace(path, rf_slice_str(pem), RF_FILE_PUBLIC, why);
    if (err == RF_OK && rf_buf_addf(&e->csv, "%s,%s,%s,%s\n", is_plain(device) ? device : "",
                                    is_plain(cn) ? cn : "", name, key) != RF_OK)
        err = rf_why_set(why, RF_ERR_LIMIT, "export-size", "too many requests");
    if (err != RF_OK)
        return err;
    struct rf_json *row = rf_json_obj();
    rf_json_set_str(row, "device", device);
    rf_json_set_str(row, "cn", cn);
    rf_json_set_str(row, "file", name);
    rf_json_set_str(row, "key_sha256", key);
    rf_json_arr_add_take(e->rows, row);
    e->n++;
    return RF_OK;
}

static enum rf_err export_all(struct export *e, const struct rf_json *answer, struct rf_why *why)
{
    const struct rf_json *requests = rf_json_get(answer, "requests");
    enum rf_err err = rf_dir_make(e->dir, 0755, why);
    if (err == RF_OK && rf_buf_addf(&e->csv, "device,cn,file,key_sha256\n") != RF_OK)
        err = RF_ERR_LIMIT;
    for (size_t i = 0; i < rf_json_len(requests) && err == RF_OK; i++) {
        const char *state = rf_json_str(rf_json_at(requests, i), "state");
        if (state != NULL && strcmp(state, "waiting") == 0)
            err = export_one(e, rf_json_at(requests, i), why);
    }
    RF_AUTO(rf_freep) char *csv = rf_path_join(e->dir, "requests.csv");
    return err == RF_OK ? rf_file_replace(csv, rf_buf_slice(&e->csv), RF_FILE_PUBLIC, why) : err;
}

static int run_export(struct cmd_ctx *ctx)
{
    RF_AUTO(rf_json_freep) struct rf_json *answer = NULL;
    RF_AUTO(rf_json_freep) struct rf_json *rows = rf_json_arr();
    struct export e = {.dir = cmd_get(ctx, "out"), .rows = rows, .csv = RF_BUF(TEXT_MAX)};
    struct rf_why why = {0};
    enum rf_err err = api_ask(ctx, RF_HTTP_GET, "/v1/capf/requests", NULL, &answer, &why);
    if (err == RF_OK)
        err = export_all(&e, answer, &why);
    rf_buf_fini(&e.csv);
    if (err != RF_OK)
        return cmd_refuse(ctx, e.dir, &why);
    struct rf_json *j = rf_json_obj();
    rf_json_set_str(j, "out", e.dir);
    rf_json_set_int(j, "exported", (int64_t)e.n);
    rf_json_set_take(j, "requests", rf_steal(&rows));
    rf_json_set_str(j, "next",
                    "have the CA make certificates for these keys and names, then "
                    "`ringfence capf import`");
    return cmd_show(ctx, j);
}

static const struct cmd_option export_options[] = {
    {.name = "out", .arg = "DIR", .help = "folder; made when it is not there", .is_required = true},
};

const struct cmd cmd_capf_requests_export = {
    .name = "capf export",
    .args = "",
    .options = export_options,
    .n_options = sizeof export_options / sizeof *export_options,
    .summary = "Write what a CA needs to know: names and public keys",
    .help =
        "requests.csv, and each phone's public key as PEM. They are no PKCS#10: only the phone\n"
        "could sign one, and it does not. docs/issuers.md has commands that issue from them.",
    .uses_site = true,
    .has_json = true,
    .run = run_export,
};

/* ---- import ---- */

struct import {
    struct cmd_ctx *ctx;
    struct rf_json *rows;
    size_t imported, refused;
};

static void import_one(struct import *in, const char *file, const struct rf_cert *cert)
{
    RF_AUTO(rf_buf_fini) struct rf_buf pem = RF_BUF(4 * RF_CERT_DER_MAX);
    RF_AUTO(rf_json_freep) struct rf_json *answer = NULL;
    struct rf_why why = {0};
    struct rf_json *row = rf_json_obj(), *body = rf_json_obj();
    rf_bug_on(rf_cert_to_pem(cert, &pem) != RF_OK);
    rf_json_set_slice(body, "certificate", rf_buf_slice(&pem));
    enum rf_err err = api_ask(in->ctx, RF_HTTP_POST, "/v1/capf/requests", body, &answer, &why);
    rf_json_set_str(row, "file", file);
    rf_json_set_str(row, "subject", rf_cert_subject(cert));
    rf_json_set_str(row, "device", err == RF_OK ? rf_json_str(answer, "device") : NULL);
    rf_json_set_str(row, "result", err == RF_OK ? "imported" : why.code);
    rf_json_set_str(row, "text", err == RF_OK ? NULL : why.text);
    rf_json_arr_add_take(in->rows, row);
    in->imported += err == RF_OK;
    in->refused += err != RF_OK;
}

static enum rf_err import_file(struct import *in, const char *file, struct rf_why *why)
{
    RF_AUTO(rf_cert_list_fini) struct rf_cert_list certs = {0};
    enum rf_err err = rf_certs_from_pem_file(file, &certs, why);
    for (size_t i = 0; i < certs.n && err == RF_OK; i++)
        if (!rf_cert_is_ca(certs.cert[i])) /* a CA's own, beside them */
            import_one(in, file, certs.cert[i]);
    return err;
}

static int run_import(struct cmd_ctx *ctx)
{
    static const struct cmd_column columns[] = {
        {"file", "file"}, {"device", "device"}, {"result", "result"}, {"text", "why"}};
    struct import in = {.ctx = ctx, .rows = rf_json_arr()};
    struct rf_why why = {0};
    for (size_t i = 0; i < ctx->n_args; i++)
        if (import_file(&in, ctx->args[i], &why) != RF_OK) {
            rf_json_free(in.rows);
            return cmd_refuse(ctx, ctx->args[i], &why);
        }
    struct rf_json *j = rf_json_obj();
    rf_json_set_int(j, "imported", (int64_t)in.imported);
    rf_json_set_int(j, "refused", (int64_t)in.refused);
    rf_json_set_take(j, "certificates", in.rows);
    int status = cmd_show_rows(ctx, j, "certificates", columns, sizeof columns / sizeof *columns,
                               "there is no certificate of a phone in these files");
    return status == 0 && (in.refused > 0 || in.imported == 0) ? 1 : status;
}

const struct cmd cmd_capf_requests_import = {
    .name = "capf import",
    .args = "PEM...",
    .args_min = 1,
    .args_max = 64,
    .summary = "Take certificates that a CA made for exported requests",
    .help =
        "Each is matched by its key and checked: name, usage, issuer, dates. The phone is told\n"
        "to come and fetches it. One for a key that no request waits for is listed as\n"
        "request-unknown and dropped: the phone made another key since.",
    .uses_site = true,
    .has_json = true,
    .run = run_import,
};

/* ---- drop ---- */

static int drop_one(struct cmd_ctx *ctx, const char *device, struct rf_json *dropped)
{
    RF_AUTO(rf_json_freep) struct rf_json *answer = NULL;
    struct rf_why why = {0};
    struct rf_json *body = rf_json_obj();
    rf_json_set_str(body, "device", device);
    if (api_ask(ctx, RF_HTTP_DELETE, "/v1/capf/requests", body, &answer, &why) != RF_OK)
        return cmd_refuse(ctx, device, &why);
    rf_json_arr_add_str(dropped, device);
    return 0;
}

static int drop_stale(struct cmd_ctx *ctx, struct rf_json *dropped)
{
    RF_AUTO(rf_json_freep) struct rf_json *answer = NULL;
    struct rf_why why = {0};
    int status = 0;
    if (api_ask(ctx, RF_HTTP_GET, "/v1/capf/requests", NULL, &answer, &why) != RF_OK)
        return cmd_refuse(ctx, "requests", &why);
    const struct rf_json *requests = rf_json_get(answer, "requests");
    for (size_t i = 0; i < rf_json_len(requests) && status == 0; i++) {
        const struct rf_json *r = rf_json_at(requests, i);
        if (strcmp(rf_json_str(r, "state"), "stale") == 0)
            status = drop_one(ctx, rf_json_str(r, "device"), dropped);
    }
    return status;
}

static int run_drop(struct cmd_ctx *ctx)
{
    bool is_stale = cmd_get(ctx, "stale") != NULL;
    if (is_stale == (ctx->n_args == 1))
        return cmd_usage(ctx, "wants a device, or --stale");
    struct rf_json *dropped = rf_json_arr();
    int status = is_stale ? drop_stale(ctx, dropped) : drop_one(ctx, ctx->args[0], dropped);
    if (status != 0) {
        rf_json_free(dropped);
        return status;
    }
    struct rf_json *j = rf_json_obj();
    rf_json_set_take(j, "dropped", dropped);
    return cmd_show(ctx, j);
}

static const struct cmd_option drop_options[] = {
    {.name = "stale", .help = "all whose operation has ended"},
};

const struct cmd cmd_capf_requests_drop = {
    .name = "capf drop",
    .args = "[DEVICE]",
    .args_min = 0,
    .args_max = 1,
    .options = drop_options,
    .n_options = sizeof drop_options / sizeof *drop_options,
    .summary = "Forget a request, with the certificate that came of it",
    .help = "A phone whose operation is still scheduled makes a new one when it comes again.",
    .uses_site = true,
    .has_json = true,
    .run = run_drop,
};
