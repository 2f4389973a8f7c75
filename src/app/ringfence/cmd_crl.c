/* SPDX-License-Identifier: Apache-2.0 */
/* `ringfence crl import|fetch|list|remove`: lists of revoked certificates. They lie in the site's
 * folder, so that all of this works without a server; one that runs is told. */
#include <string.h>

#include "app/ringfence/api.h"
#include "app/ringfence/commands.h"
#include "app/ringfence/owner.h"
#include "base/clock.h"
#include "base/text.h"
#include "service/revocation/crl_book.h"

static enum rf_err open_book(const struct cmd_ctx *ctx, struct rf_site **site,
                             struct rf_crl_book **book, struct rf_why *why)
{
    enum rf_err err = owner_site_open(ctx, site, why);
    return err == RF_OK ? rf_crl_book_load((*site)->dir, rf_wall_s(rf_clock_real()),
                                           (*site)->conf->capf_sha1_certs, book, why)
                        : err;
}

/* In force at once, or at the next start. */
static enum rf_err tell_server(const struct cmd_ctx *ctx, struct rf_json *out, struct rf_why *why)
{
    RF_AUTO(rf_json_freep) struct rf_json *answer = NULL;
    struct rf_why inner = {0};
    enum rf_err err = api_ask(ctx, RF_HTTP_POST, "/v1/revocation", rf_json_obj(), &answer, &inner);
    bool has_server = strcmp(inner.code, "no-server") != 0;
    rf_json_set_bool(out, "in_force", err == RF_OK);
    if (err == RF_OK || !has_server)
        return RF_OK;
    return rf_why_set(why, err, inner.code,
                      "written, but the server that runs was not told: %s; `ringfence reload`",
                      inner.text);
}

static struct rf_json *held_json(const struct rf_crl_held *h)
{
    struct rf_json *one = rf_json_obj();
    rf_json_set_str(one, "file", h->file);
    rf_json_set_str(one, "issuer", h->crl != NULL ? rf_crl_issuer(h->crl) : NULL);
    rf_json_set_str(one, "number", h->crl != NULL ? rf_crl_number(h->crl) : NULL);
    if (h->crl != NULL) {
        rf_json_set_int(one, "revoked", (int64_t)rf_crl_n(h->crl));
        rf_json_set_int(one, "this_update_s", rf_crl_this_update(h->crl));
        rf_json_set_int(one, "next_update_s", rf_crl_next_update(h->crl));
    }
    rf_json_set_str(one, "state", h->why.code[0] != '\0' ? h->why.code : "good");
    rf_json_set_str(one, "reason", h->why.code[0] != '\0' ? h->why.text : NULL);
    rf_json_set_str(one, "fingerprint", h->issuer != NULL ? rf_cert_fingerprint(h->issuer) : NULL);
    return one;
}

/* One that is there already is as good as taken up. */
static enum rf_err take(struct rf_crl_book *book, const struct rf_site *site, struct rf_slice bytes,
                        struct rf_json *lists, struct rf_why *why)
{
    const struct rf_crl_held *held = NULL;
    struct rf_why inner = {0};
    enum rf_err err = rf_crl_book_put(book, site->dir, bytes, &held, &inner);
    if (err == RF_OK)
        rf_json_arr_add_take(lists, held_json(held));
    if (err == RF_OK || err == RF_ERR_EXISTS)
        return RF_OK;
    return rf_why_set(why, err, inner.code, "%s", inner.text);
}

static int finish(struct cmd_ctx *ctx, struct rf_json *take_lists)
{
    struct rf_why why = {0};
    struct rf_json *out = rf_json_obj();
    rf_json_set_take(out, "lists", take_lists);
    if (tell_server(ctx, out, &why) == RF_OK)
        return cmd_show(ctx, out);
    rf_json_free(out);
    return cmd_refuse(ctx, ctx->site, &why);
}

/* ---- import ---- */

static int run_import(struct cmd_ctx *ctx)
{
    RF_AUTO(rf_site_freep) struct rf_site *site = NULL;
    RF_AUTO(rf_crl_book_freep) struct rf_crl_book *book = NULL;
    struct rf_why why = {0};
    const char *what = ctx->site;
    enum rf_err err = open_book(ctx, &site, &book, &why);
    struct rf_json *lists = rf_json_arr();
    for (size_t i = 0; i < ctx->n_args && err == RF_OK; i++) {
        RF_AUTO(rf_buf_fini) struct rf_buf bytes = {0};
        what = ctx->args[i];
        err = cmd_read(what, RF_CRL_BYTES_MAX, &bytes, &why);
        if (err == RF_OK)
            err = take(book, site, rf_buf_slice(&bytes), lists, &why);
    }
    if (err == RF_OK)
        return finish(ctx, lists);
    rf_json_free(lists);
    return cmd_refuse(ctx, what, &why);
}

const struct cmd cmd_crl_import = {
    .name = "crl import",
    .args = "FILE...",
    .args_min = 1,
    .args_max = 64,
    .summary = "Take up lists of revoked certificates (CRLs) of phones' issuers",
    .help = "DER or PEM. Each is verified first: it must be signed by an issuer that this site\n"
            "knows, must count now, and must not be older than the one it replaces. A server\n"
            "that runs ends the sessions of phones that stand in it at once.",
    .uses_site = true,
    .has_json = true,
    .run = run_import,
};

/* ---- fetch ---- */

static enum rf_err get(const char *text, struct rf_http_answer *answer, struct rf_why *why)
{
    struct rf_http_url url;
    if (!rf_http_url_parse(text, &url))
        return rf_why_set(why, RF_ERR_BAD, "url", "no http URL");
    const struct rf_http_call call = {.host = url.host,
                                      .port = url.port,
                                      .method = RF_HTTP_GET,
                                      .target = url.target,
                                      .timeout_ms = 30000,
                                      .answer_max = RF_CRL_BYTES_MAX};
    enum rf_err err = rf_http_request(&call, answer, why);
    if (err == RF_OK && answer->status != 200)
        return rf_why_set(why, RF_ERR_DENIED, "http-status", "the server answers with %d",
                          answer->status);
    return err;
}

static enum rf_err fetch(struct rf_crl_book *book, const struct rf_site *site, const char *url,
                         struct rf_json *lists, struct rf_why *why)
{
    RF_AUTO(rf_http_answer_fini) struct rf_http_answer answer = {.status = 0};
    enum rf_err err = get(url, &answer, why);
    return err == RF_OK ? take(book, site, rf_buf_slice(&answer.body), lists, why) : err;
}

static int run_fetch(struct cmd_ctx *ctx)
{
    RF_AUTO(rf_site_freep) struct rf_site *site = NULL;
    RF_AUTO(rf_crl_book_freep) struct rf_crl_book *book = NULL;
    struct rf_why why = {0};
    char url[1024] = "";
    enum rf_err err = open_book(ctx, &site, &book, &why);
    if (err != RF_OK)
        return cmd_refuse(ctx, ctx->site, &why);
    struct rf_slice rest = rf_slice_str(site->conf->crl_url), one;
    struct rf_json *lists = rf_json_arr();
    if (rest.len == 0)
        err = rf_why_set(&why, RF_ERR_NOT_FOUND, "crl-no-url",
                         "crl_url in ringfence.conf names no URL");
    while (err == RF_OK && rest.len > 0 && rf_next_piece(&rest, ' ', &one))
        if (rf_slice_to_str(one, url, sizeof url))
            err = fetch(book, site, url, lists, &why);
    if (err == RF_OK)
        return finish(ctx, lists);
    rf_json_free(lists);
    return cmd_refuse(ctx, url[0] != '\0' ? url : ctx->site, &why);
}

const struct cmd cmd_crl_fetch = {
    .name = "crl fetch",
    .args = "",
    .summary = "Fetch the lists of revoked certificates that crl_url names, now",
    .help = "The server does so by itself, every revocation_check_s seconds. This tells what is\n"
            "wrong with a source, and works without a server.",
    .uses_site = true,
    .has_json = true,
    .run = run_fetch,
};

/* ---- list, remove ---- */

static int run_list(struct cmd_ctx *ctx)
{
    static const struct cmd_column columns[] = {
        {"issuer", "issuer"},      {"number", "number"},          {"revoked", "revoked"},
        {"this_update_s", "from"}, {"next_update_s", "next one"}, {"state", "state"},
        {"file", "file"},
    };
    RF_AUTO(rf_site_freep) struct rf_site *site = NULL;
    RF_AUTO(rf_crl_book_freep) struct rf_crl_book *book = NULL;
    struct rf_why why = {0};
    if (open_book(ctx, &site, &book, &why) != RF_OK)
        return cmd_refuse(ctx, ctx->site, &why);
    struct rf_json *j = rf_json_obj();
    struct rf_json *arr = rf_json_arr();
    for (size_t i = 0; i < book->n; i++)
        rf_json_arr_add_take(arr, held_json(&book->held[i]));
    rf_json_set_take(j, "lists", arr);
    return cmd_show_rows(ctx, j, "lists", columns, sizeof columns / sizeof *columns,
                         "no list of revoked certificates");
}

const struct cmd cmd_crl_list = {
    .name = "crl list",
    .args = "",
    .summary =
        "List whose revoked certificates are known, how old that is, and what does not count",
    .uses_site = true,
    .has_json = true,
    .run = run_list,
};

static int run_remove(struct cmd_ctx *ctx)
{
    RF_AUTO(rf_site_freep) struct rf_site *site = NULL;
    RF_AUTO(rf_crl_book_freep) struct rf_crl_book *book = NULL;
    struct rf_why why = {0};
    enum rf_err err = open_book(ctx, &site, &book, &why);
    if (err == RF_OK)
        err = rf_crl_book_remove(book, site->dir, ctx->args[0], &why);
    if (err != RF_OK)
        return cmd_refuse(ctx, ctx->args[0], &why);
    struct rf_json *out = rf_json_obj();
    rf_json_set_str(out, "removed", ctx->args[0]);
    if (tell_server(ctx, out, &why) == RF_OK)
        return cmd_show(ctx, out);
    rf_json_free(out);
    return cmd_refuse(ctx, ctx->site, &why);
}

const struct cmd cmd_crl_remove = {
    .name = "crl remove",
    .args = "WHICH",
    .args_min = 1,
    .args_max = 1,
    .summary = "Take the list of revoked certificates of an issuer away",
    .help = "WHICH is the fingerprint of the issuer's certificate, or a file's name, as\n"
            "`ringfence crl list` shows them. Where revocation is strict, phones of that issuer\n"
            "are refused from then on, unless a responder says that they are good.",
    .uses_site = true,
    .has_json = true,
    .run = run_remove,
};
