/* SPDX-License-Identifier: Apache-2.0 */
/* doc: docs/wire/trust-lists.md, "What a builder writes" */
#include <string.h>

#include "app/ringfence/commands.h"
#include "app/ringfence/signing.h"
#include "base/clock.h"
#include "base/text.h"

/* An option for each role; records stand in the list as they stand on the command line. */
static const struct {
    const char *option;
    uint16_t role;
} roles[] = {
    {"sast", RF_TRUSTLIST_ROLE_SAST},
    {"ccm", RF_TRUSTLIST_ROLE_CCM},
    {"tftp", RF_TRUSTLIST_ROLE_TFTP},
    {"ccm-tftp", RF_TRUSTLIST_ROLE_CCM_TFTP},
    {"capf", RF_TRUSTLIST_ROLE_CAPF},
    {"tvs", RF_TRUSTLIST_ROLE_TVS},
    {"app-server", RF_TRUSTLIST_ROLE_APP_SERVER},
};

struct work {
    struct signing by;
    struct rf_list_entry entry[CMD_VALUES_MAX];
    struct rf_cert *cert[CMD_VALUES_MAX];
    size_t n;
    size_t sast_n;
    struct rf_buf out;
};

static void work_fini(struct work *w)
{
    for (size_t i = 0; i < w->n; i++)
        rf_cert_unref(w->cert[i]);
    rf_buf_fini(&w->out);
    signing_fini(&w->by);
}

static enum rf_err load_certs(const struct cmd_ctx *ctx, struct work *w, struct rf_why *why)
{
    for (size_t i = 0; i < ctx->n_given; i++)
        for (size_t k = 0; k < sizeof roles / sizeof *roles; k++) {
            if (strcmp(ctx->given[i].option->name, roles[k].option) != 0)
                continue;
            enum rf_err err = rf_cert_from_pem_file(ctx->given[i].value, &w->cert[w->n], why);
            if (err != RF_OK)
                return err;
            w->entry[w->n] = (struct rf_list_entry){.cert = w->cert[w->n], .role = roles[k].role};
            w->n++;
            w->sast_n += roles[k].role == RF_TRUSTLIST_ROLE_SAST;
        }
    return RF_OK;
}

static int take_version(const struct cmd_ctx *ctx, bool *is_11)
{
    const char *version = cmd_get(ctx, "signer-version");
    *is_11 = version != NULL && strcmp(version, "1.1") == 0;
    if (version != NULL && !*is_11 && strcmp(version, "1.0") != 0)
        return cmd_usage(ctx, "--signer-version is 1.0 or 1.1, not %s", version);
    return CMD_OK;
}

/* The signed name is the common one, also when the file has the name of a device. */
static int take_kind(const struct cmd_ctx *ctx, enum rf_list_kind *kind)
{
    const char *name = cmd_get(ctx, "name");
    *kind = RF_LIST_ITL;
    if (name == NULL &&
        rf_slice_starts_with(rf_slice_str(cmd_base_name(cmd_get(ctx, "out"))), "CTL"))
        *kind = RF_LIST_CTL;
    if (name != NULL && strcmp(name, rf_list_kind_file(RF_LIST_CTL)) == 0)
        *kind = RF_LIST_CTL;
    else if (name != NULL && strcmp(name, rf_list_kind_file(RF_LIST_ITL)) != 0)
        return cmd_usage(ctx,
                         "--name is CTLFile.tlv or ITLFile.tlv, not %s: phones take no other "
                         "signed name, also in a list of one device",
                         name);
    return CMD_OK;
}

static enum rf_err build(const struct cmd_ctx *ctx, struct work *w, struct rf_list_spec *spec,
                         struct rf_why *why)
{
    const char *sast = cmd_get(ctx, "sast"), *key = cmd_get(ctx, "key");
    enum rf_err err = load_certs(ctx, w, why);
    if (err == RF_OK)
        err = signing_load(ctx, key != NULL ? key : sast, sast, &w->by, why);
    if (err != RF_OK)
        return err;
    w->out = RF_BUF(RF_TRUSTLIST_BYTES_MAX);
    spec->entries = w->entry;
    spec->n = w->n;
    err = rf_list_build(spec, w->by.vault, w->by.cert, &w->out, why);
    return err != RF_OK
               ? err
               : cmd_write(cmd_get(ctx, "out"), rf_buf_slice(&w->out), RF_FILE_PUBLIC, why);
}

static int report(const struct cmd_ctx *ctx, const struct work *w, const struct rf_list_spec *spec)
{
    uint8_t md[RF_DIGEST_MAX];
    struct rf_json *j = rf_json_obj();
    rf_json_set_bool(j, "ok", true);
    rf_json_set_str(j, "out", cmd_get(ctx, "out"));
    rf_json_set_str(j, "name", rf_list_kind_file(spec->kind));
    rf_json_set_str(j, "signer_version", spec->is_11 ? "1.1" : "1.0");
    rf_json_set_str(j, "digest", rf_digest_name(spec->digest));
    if (spec->digest == RF_DIGEST_SHA1)
        rf_json_set_str(j, "weak", "SHA-1");
    rf_json_set_int(j, "records", (int64_t)w->n);
    rf_json_set_int(j, "bytes", (int64_t)w->out.len);
    size_t n = rf_digest_of(RF_DIGEST_SHA256, rf_buf_slice(&w->out), md);
    rf_json_set_hex(j, "fingerprint", rf_slice_of(md, n));
    if (w->sast_n < 2)
        rf_json_set_str(j, "warning",
                        "only one SAST: when its key is lost, no phone that holds this list ever "
                        "takes another; give a second --sast whose key is kept elsewhere");
    container_validity(j, w->cert, w->n);
    rf_json_set_take(j, "signer", container_cert(w->by.cert));
    return cmd_show(ctx, j);
}

static int run(struct cmd_ctx *ctx)
{
    RF_AUTO(work_fini) struct work w = {.n = 0};
    struct rf_why why = {0};
    struct rf_list_spec spec = {.timestamp = (uint32_t)rf_wall_s(rf_clock_real())};
    if (signing_digest(ctx, &spec.digest) != CMD_OK || take_version(ctx, &spec.is_11) != CMD_OK ||
        take_kind(ctx, &spec.kind) != CMD_OK)
        return CMD_USAGE;
    if (build(ctx, &w, &spec, &why) != RF_OK)
        return container_refuse(ctx, cmd_get(ctx, "out"), &why, NULL, w.by.cert);
    return strcmp(cmd_get(ctx, "out"), "-") == 0 ? CMD_OK : report(ctx, &w, &spec);
}

#define ROLE(option, text)                                                                         \
    {                                                                                              \
        .name = (option), .arg = "PEM", .help = (text), .repeats = true                            \
    }

static const struct cmd_option options[] = {
    {.name = "sast",
     .arg = "PEM",
     .help = "who may sign lists; the first one signs this one",
     .repeats = true,
     .is_required = true},
    ROLE("ccm", "a call manager"),
    ROLE("tftp", "who signs files"),
    ROLE("ccm-tftp", "a call manager that signs files too"),
    ROLE("capf", "a CAPF server"),
    ROLE("tvs", "a trust verification server"),
    ROLE("app-server", "a server of phone services"),
    {.name = "key",
     .arg = "PEM",
     .help = "the key of the first --sast, when it is in another file"},
    {.name = "passphrase-file",
     .arg = "FILE",
     .help = "passphrase of that key (- reads it from standard input)"},
    {.name = "digest",
     .arg = "sha1|sha512",
     .help = "default sha512; sha1 is weak, for old phones"},
    {.name = "signer-version",
     .arg = "1.0|1.1",
     .help = "default 1.0; 1.1 allows EC keys and provisioning by HTTPS"},
    {.name = "name",
     .arg = "NAME",
     .help = "CTLFile.tlv or ITLFile.tlv; default: CTL when the name of --out begins so, else ITL"},
    {.name = "out", .arg = "FILE", .help = "where to write it", .is_required = true},
};

const struct cmd cmd_list_build = {
    .name = "list build",
    .args = "",
    .options = options,
    .n_options = sizeof options / sizeof *options,
    .summary = "Build and sign a trust list from certificates",
    .help =
        "At most two --sast, each with an RSA key of its own that can sign, 39 certificates and\n"
        "64 KiB: phones fail on more. What was built is read back as a phone does before it is\n"
        "written. A phone that holds a list takes the new one only from a SAST that it knows:\n"
        "see `ringfence list diff`.",
    .has_json = true,
    .run = run,
};
