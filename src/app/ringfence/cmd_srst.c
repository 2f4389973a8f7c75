/* SPDX-License-Identifier: Apache-2.0 */
/* `ringfence srst`: survivable routers of branches. Their certificate is fetched here and not by
 * the server, so that nothing is kept which no administrator has looked at. */
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "app/ringfence/api.h"
#include "app/ringfence/commands.h"
#include "base/faults.h"
#include "base/text.h"
#include "net/tls_fetch.h"
#include "trust/srst_cert.h"

#define PROVIDER_PORT 2445
#define FETCH_MS      10000
#define HOST_MAX      64

/* ---- a certificate, and whether the administrator takes it ---- */

static enum rf_err take_only(const struct rf_cert_list *list, struct rf_cert **out,
                             struct rf_why *why)
{
    struct rf_cert *cert = NULL;
    enum rf_err err = rf_srst_cert_only(list, &cert, why);
    if (err == RF_OK)
        err = rf_srst_cert_check(cert, (int64_t)time(NULL), why);
    if (err == RF_OK)
        *out = rf_cert_ref(cert);
    return err;
}

static enum rf_err fetch(const char *host, uint16_t port, struct rf_cert **out, struct rf_why *why)
{
    struct rf_cert_list list = {0};
    enum rf_err err = rf_tls_fetch(host, port, FETCH_MS, &list, why);
    if (err == RF_OK)
        err = take_only(&list, out, why);
    rf_cert_list_fini(&list);
    return err;
}

static enum rf_err read_file(const char *path, struct rf_cert **out, struct rf_why *why)
{
    struct rf_cert_list list = {0};
    enum rf_err err = rf_certs_from_pem_file(path, &list, why);
    if (err == RF_OK)
        err = take_only(&list, out, why);
    rf_cert_list_fini(&list);
    return err;
}

static void say_cert(const char *title, const struct rf_cert *cert)
{
    char from[32], to[32], subject[256];
    rf_escape(rf_slice_str(rf_cert_subject(cert)), subject, sizeof subject);
    fprintf(stderr, "%s\n  subject      %s\n  valid        %s to %s\n  fingerprint  %s\n", title,
            subject, rf_time_text(rf_cert_not_before(cert), from, sizeof from),
            rf_time_text(rf_cert_not_after(cert), to, sizeof to), rf_cert_fingerprint(cert));
}

static enum rf_err ask_on_terminal(const struct rf_cert *cert, struct rf_why *why)
{
    char line[16] = "";
    fputs("Compare the fingerprint with the one that the router itself shows, by another way than\n"
          "this one. Is it the same? Type yes to accept the certificate: ",
          stderr);
    if (fgets(line, sizeof line, stdin) != NULL &&
        rf_slice_eq_str(rf_trim(rf_slice_str(line)), "yes"))
        return RF_OK;
    return rf_why_set(why, RF_ERR_DENIED, "srst-not-accepted",
                      "certificate %s was not accepted: nothing was changed", rf_cert_short(cert));
}

/* Nothing that was fetched is taken without somebody who looked at it. */
static enum rf_err accept_cert(const struct cmd_ctx *ctx, const struct rf_cert *cert,
                               struct rf_why *why)
{
    const char *told = cmd_get(ctx, "fingerprint");
    char fingerprint[65];
    if (rf_fault_skips("srst.accepted"))
        return RF_OK;
    if (told == NULL && isatty(STDIN_FILENO) == 1)
        return ask_on_terminal(cert, why);
    if (told == NULL)
        return rf_why_set(why, RF_ERR_DENIED, "srst-not-accepted",
                          "nobody is there to accept certificate %s: compare it with the router's "
                          "and give it by --fingerprint; nothing was changed",
                          rf_cert_fingerprint(cert));
    if (!rf_fingerprint_read(told, fingerprint))
        return rf_why_set(why, RF_ERR_BAD, "srst-fingerprint",
                          "--fingerprint wants 64 hexadecimal digits (SHA-256)");
    if (strcmp(fingerprint, rf_cert_fingerprint(cert)) != 0)
        return rf_why_set(why, RF_ERR_DENIED, "srst-fingerprint",
                          "the certificate there has the fingerprint %s, not the one of "
                          "--fingerprint: somebody else may have answered; nothing was changed",
                          rf_cert_fingerprint(cert));
    return RF_OK;
}

/* ---- add ---- */

/* HOST or HOST:PORT. */
static bool split(const char *text, char host[HOST_MAX], uint64_t *port)
{
    struct rf_slice rest = rf_slice_str(text), head;
    *port = PROVIDER_PORT;
    if (!rf_next_piece(&rest, ':', &head) || head.len == 0 ||
        !rf_slice_to_str(head, host, HOST_MAX))
        return false;
    return strchr(text, ':') == NULL || rf_parse_u64(rest, 1, 65535, port);
}

static enum rf_err set_cert(struct rf_json *body, const struct rf_cert *cert, struct rf_why *why)
{
    RF_AUTO(rf_buf_fini) struct rf_buf pem = RF_BUF(4 * RF_CERT_DER_MAX);
    if (rf_cert_to_pem(cert, &pem) != RF_OK)
        return rf_why_set(why, RF_ERR_LIMIT, "too-long", "the certificate is too long");
    rf_json_set_slice(body, "certificate", rf_buf_slice(&pem));
    rf_json_set_str(body, "fingerprint", rf_cert_fingerprint(cert));
    return RF_OK;
}

static enum rf_err get_cert(const struct cmd_ctx *ctx, const char *host, uint16_t port,
                            struct rf_cert **out, struct rf_why *why)
{
    const char *path = cmd_get(ctx, "cert");
    enum rf_err err = path != NULL ? read_file(path, out, why) : fetch(host, port, out, why);
    if (err != RF_OK)
        return err;
    if (path == NULL)
        say_cert("Certificate of the router:", *out);
    /* A file that the administrator names is one that he or she has. */
    return path == NULL || cmd_get(ctx, "fingerprint") != NULL ? accept_cert(ctx, *out, why)
                                                               : RF_OK;
}

static int run_add(struct cmd_ctx *ctx)
{
    RF_AUTO(rf_cert_freep) struct rf_cert *cert = NULL;
    const char *file = cmd_get(ctx, "cert");
    const char *base = cmd_get(ctx, "sccp-port");
    const char *at = file == NULL && ctx->n_args == 2 ? ctx->args[1] : cmd_get(ctx, "host");
    char host[HOST_MAX];
    uint64_t port = 0, sccp_port = 0;
    struct rf_why why = {0};
    if (at == NULL || (file != NULL) != (cmd_get(ctx, "host") != NULL) ||
        (file != NULL && ctx->n_args == 2))
        return cmd_usage(ctx, "wants HOST or HOST:PORT, or both --cert and --host");
    if (!split(at, host, &port))
        return cmd_usage(ctx, "%s: wants HOST or HOST:PORT", at);
    if (base != NULL && !rf_parse_u64(rf_slice_str(base), 1, 65535 - 443, &sccp_port))
        return cmd_usage(ctx, "--sccp-port %s: wants a port, 1 to %d", base, 65535 - 443);
    enum rf_err err = get_cert(ctx, host, (uint16_t)port, &cert, &why);
    if (err != RF_OK)
        return cmd_refuse(ctx, ctx->args[0], &why);
    struct rf_json *body = rf_json_obj();
    rf_json_set_str(body, "name", ctx->args[0]);
    rf_json_set_str(body, "host", host);
    if (file == NULL || strchr(at, ':') != NULL)
        rf_json_set_int(body, "provider_port", (int64_t)port);
    if (base != NULL)
        rf_json_set_int(body, "sccp_port", (int64_t)sccp_port);
    if (set_cert(body, cert, &why) == RF_OK)
        return api_show(ctx, RF_HTTP_POST, "/v1/srst", body, ctx->args[0]);
    rf_json_free(body);
    return cmd_refuse(ctx, ctx->args[0], &why);
}

#define FINGERPRINT_OPTION                                                                         \
    {                                                                                              \
        .name = "fingerprint", .arg = "HEX",                                                       \
        .help = "accept the certificate with this SHA-256, and no other, without a question"       \
    }

static const struct cmd_option add_options[] = {
    {.name = "cert", .arg = "PEM", .help = "the router's certificate, where it was brought here"},
    {.name = "host", .arg = "HOST", .help = "with --cert: the address that phones are told"},
    {.name = "sccp-port",
     .arg = "PORT",
     .help = "its base port, to which phones add 443; default 2000"},
    FINGERPRINT_OPTION,
};

const struct cmd cmd_srst_add = {
    .name = "srst add",
    .args = "NAME [HOST[:PORT]]",
    .args_min = 1,
    .args_max = 2,
    .options = add_options,
    .n_options = sizeof add_options / sizeof *add_options,
    .summary = "Make a survivable router known, with the certificate that phones are to expect",
    .help =
        "NAME is the name of the router's own site. Its certificate is fetched from its "
        "certificate\n"
        "provider (port 2445), shown, and kept when you type yes; without a terminal "
        "--fingerprint\n"
        "says which one you accept. Anybody may have answered: look at the router itself for its\n"
        "fingerprint. HOST is an IPv4 address in numbers, because phones take no other.\n"
        "Of a router that is known this accepts another certificate or address; phones that use "
        "it\n"
        "start anew.",
    .uses_site = true,
    .has_json = true,
    .run = run_add,
};

/* ---- update ---- */

static const struct rf_json *find(const struct rf_json *answer, const char *name)
{
    const struct rf_json *all = rf_json_get(answer, "srst");
    for (size_t i = 0; i < rf_json_len(all); i++) {
        const char *is = rf_json_str(rf_json_at(all, i), "name");
        if (is != NULL && strcmp(is, name) == 0)
            return rf_json_at(all, i);
    }
    return NULL;
}

static int say_unchanged(const struct cmd_ctx *ctx, const struct rf_cert *cert)
{
    struct rf_json *out = rf_json_obj();
    rf_json_set_str(out, "name", ctx->args[0]);
    rf_json_set_str(out, "outcome", "unchanged");
    rf_json_set_str(out, "fingerprint", rf_cert_fingerprint(cert));
    return cmd_show(ctx, out);
}

static int update(const struct cmd_ctx *ctx, const struct rf_json *known)
{
    RF_AUTO(rf_cert_freep) struct rf_cert *cert = NULL;
    const char *host = rf_json_str(known, "host");
    const char *was = rf_json_str(known, "fingerprint");
    const char *subject = rf_json_str(known, "subject");
    char shown[256];
    int64_t port = 0;
    struct rf_why why = {0};
    if (host == NULL || was == NULL || subject == NULL ||
        !rf_json_int(known, "provider_port", &port)) {
        (void)rf_why_set(&why, RF_ERR_BAD, "api", "the server's answer is not understood");
        return cmd_refuse(ctx, ctx->args[0], &why);
    }
    if (fetch(host, (uint16_t)port, &cert, &why) != RF_OK)
        return cmd_refuse(ctx, ctx->args[0], &why);
    if (strcmp(was, rf_cert_fingerprint(cert)) == 0)
        return say_unchanged(ctx, cert);
    fprintf(stderr, "Accepted until now:\n  subject      %s\n  fingerprint  %s\n",
            rf_escape(rf_slice_str(subject), shown, sizeof shown), was);
    say_cert("Certificate of the router now:", cert);
    if (accept_cert(ctx, cert, &why) != RF_OK)
        return cmd_refuse(ctx, ctx->args[0], &why);
    struct rf_json *body = rf_json_obj();
    rf_json_set_str(body, "name", ctx->args[0]);
    if (set_cert(body, cert, &why) == RF_OK)
        return api_show(ctx, RF_HTTP_POST, "/v1/srst", body, ctx->args[0]);
    rf_json_free(body);
    return cmd_refuse(ctx, ctx->args[0], &why);
}

static int run_update(struct cmd_ctx *ctx)
{
    RF_AUTO(rf_json_freep) struct rf_json *answer = NULL;
    struct rf_why why = {0};
    if (api_ask(ctx, RF_HTTP_GET, "/v1/srst", NULL, &answer, &why) != RF_OK)
        return cmd_refuse(ctx, ctx->args[0], &why);
    const struct rf_json *known = find(answer, ctx->args[0]);
    if (known != NULL)
        return update(ctx, known);
    (void)rf_why_set(&why, RF_ERR_NOT_FOUND, "srst-unknown",
                     "there is no such router: `ringfence srst list` shows them");
    return cmd_refuse(ctx, ctx->args[0], &why);
}

static const struct cmd_option update_options[] = {FINGERPRINT_OPTION};

const struct cmd cmd_srst_update = {
    .name = "srst update",
    .args = "NAME",
    .args_min = 1,
    .args_max = 1,
    .options = update_options,
    .n_options = sizeof update_options / sizeof *update_options,
    .summary =
        "Fetch a survivable router's certificate again, and accept it when it is another one",
    .help =
        "The old one and the new one are shown; the old one stays until you type yes, or\n"
        "--fingerprint says that you accept the new one. Then phones that use the router start\n"
        "anew.",
    .uses_site = true,
    .has_json = true,
    .run = run_update,
};

/* ---- use ---- */

static int run_use(struct cmd_ctx *ctx)
{
    const char *profile = cmd_get(ctx, "profile"), *device = cmd_get(ctx, "device");
    if (profile != NULL && device != NULL)
        return cmd_usage(ctx, "--profile or --device, not both");
    struct rf_json *body = rf_json_obj();
    rf_json_set_str(body, "layer",
                    device != NULL    ? "device"
                    : profile != NULL ? "profile"
                                      : "site");
    if (device != NULL || profile != NULL)
        rf_json_set_str(body, "name", device != NULL ? device : profile);
    rf_json_set_str(body, "srst", ctx->args[0]);
    return api_show(ctx, RF_HTTP_PUT, "/v1/srst/use", body, ctx->args[0]);
}

static const struct cmd_option use_options[] = {
    {.name = "profile", .arg = "PROFILE", .help = "only devices with this profile"},
    {.name = "device", .arg = "DEVICE", .help = "only this one"},
};

const struct cmd cmd_srst_use = {
    .name = "srst use",
    .args = "NAME|none|inherit",
    .args_min = 1,
    .args_max = 1,
    .options = use_options,
    .n_options = sizeof use_options / sizeof *use_options,
    .summary = "Say which survivable router phones go to when no call manager answers",
    .help =
        "Without an option that is the whole site. What is said of a device goes before what is\n"
        "said of its profile, and that before the site: `none` there is no router whatever the\n"
        "site says, `inherit` takes back what was said. Phones whose router is another one start\n"
        "anew.",
    .uses_site = true,
    .has_json = true,
    .run = run_use,
};

/* ---- remove, list ---- */

static int run_remove(struct cmd_ctx *ctx)
{
    struct rf_json *body = rf_json_obj();
    rf_json_set_str(body, "name", ctx->args[0]);
    if (cmd_get(ctx, "force") != NULL)
        rf_json_set_bool(body, "force", true);
    return api_show(ctx, RF_HTTP_DELETE, "/v1/srst", body, ctx->args[0]);
}

static const struct cmd_option remove_options[] = {
    {.name = "force", .help = "also while it is used: it is taken from whoever uses it"},
};

const struct cmd cmd_srst_remove = {
    .name = "srst remove",
    .args = "NAME",
    .args_min = 1,
    .args_max = 1,
    .options = remove_options,
    .n_options = sizeof remove_options / sizeof *remove_options,
    .summary = "Forget a survivable router",
    .uses_site = true,
    .has_json = true,
    .run = run_remove,
};

static int run_release(struct cmd_ctx *ctx)
{
    struct rf_json *body = rf_json_obj();
    rf_json_set_str(body, "name", ctx->args[0]);
    return api_show(ctx, RF_HTTP_POST, "/v1/srst/release", body, ctx->args[0]);
}

const struct cmd cmd_srst_release = {
    .name = "srst release",
    .args = "NAME",
    .args_min = 1,
    .args_max = 1,
    .summary = "Have the phones that are registered at a router start anew",
    .help = "For phones that do not come back by themselves: those that took the router while the\n"
            "site was secure stay there when it is not any more (`ringfence srst list`: stuck).",
    .uses_site = true,
    .has_json = true,
    .run = run_release,
};

static int run_list(struct cmd_ctx *ctx)
{
    static const struct cmd_column columns[] = {
        {"name", "router"},         {"host", "address"},
        {"sccp_port", "base port"}, {"state", "state"},
        {"phones", "phones there"}, {"stuck", "stuck"},
        {"devices", "used by"},     {"since_s", "since"},
        {"seen_s", "heard"},        {"not_after_s", "certificate until"},
        {"fingerprint", "SHA-256"},
    };
    struct rf_json *answer = NULL;
    struct rf_why why = {0};
    if (api_ask(ctx, RF_HTTP_GET, "/v1/srst", NULL, &answer, &why) != RF_OK)
        return cmd_refuse(ctx, "srst", &why);
    return cmd_show_rows(ctx, answer, "srst", columns, sizeof columns / sizeof *columns,
                         "no survivable routers: `ringfence srst add` makes one known");
}

const struct cmd cmd_srst_list = {
    .name = "srst list",
    .args = "",
    .summary = "List the survivable routers, and whether phones are registered there",
    .uses_site = true,
    .has_json = true,
    .run = run_list,
};
