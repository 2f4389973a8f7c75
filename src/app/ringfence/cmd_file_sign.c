/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>
#include <time.h>

#include "app/ringfence/commands.h"
#include "app/ringfence/container.h"
#include "base/clock.h"
#include "base/file.h"

struct work {
    struct rf_key *key;
    struct rf_vault_key *vault;
    struct rf_cert *cert;
    struct rf_buf body;
    struct rf_buf out;
};

static void work_fini(struct work *w)
{
    rf_vault_free(w->vault);
    rf_key_free(w->key);
    rf_cert_unref(w->cert);
    rf_buf_fini(&w->body);
    rf_buf_fini(&w->out);
}

/* The signed name is that of the output file, without its folder. */
static const char *base_name(const char *path)
{
    const char *slash = strrchr(path, '/');
    return slash != NULL ? slash + 1 : path;
}

static enum rf_err sign(struct cmd_ctx *ctx, struct work *w, struct rf_sigfile_spec *spec,
                        struct rf_why *why)
{
    const char *pem = cmd_get(ctx, "key");
    enum rf_err err = rf_key_load(pem, NULL, &w->key, why);
    if (err == RF_OK)
        err = rf_cert_from_pem_file(pem, &w->cert, why);
    if (err == RF_OK)
        err = cmd_read(ctx->args[0], CONTAINER_BYTES_MAX, &w->body, why);
    if (err != RF_OK)
        return err;
    w->vault = rf_vault_key_from_key(w->key);
    w->out = RF_BUF(w->body.len + RF_SIGFILE_OVERHEAD_MAX);
    spec->body = rf_buf_slice(&w->body);
    err = rf_sigfile_sign(w->vault, w->cert, spec, &w->out, why);
    return err != RF_OK
               ? err
               : cmd_write(cmd_get(ctx, "out"), rf_buf_slice(&w->out), RF_FILE_PUBLIC, why);
}

static int run(struct cmd_ctx *ctx)
{
    RF_AUTO(work_fini) struct work w = {0};
    struct rf_why why = {0};
    const char *out = cmd_get(ctx, "out"), *digest = cmd_get(ctx, "digest");
    struct rf_sigfile_spec spec = {
        .name = cmd_get(ctx, "name"),
        .digest = RF_DIGEST_SHA512,
        .timestamp = (uint32_t)rf_wall_s(rf_clock_real()),
    };
    if (digest != NULL && (!rf_digest_from_name(digest, &spec.digest) ||
                           (spec.digest != RF_DIGEST_SHA1 && spec.digest != RF_DIGEST_SHA512)))
        return cmd_usage(ctx, "--digest is sha1 or sha512, not %s", digest);
    if (spec.name == NULL && strcmp(out, "-") == 0)
        return cmd_usage(ctx, "--out - has no name to sign: give --name NAME");
    if (spec.name == NULL)
        spec.name = base_name(out);
    if (spec.name[0] == '\0')
        return cmd_usage(ctx, "there is no name to sign: give --name NAME");
    if (sign(ctx, &w, &spec, &why) != RF_OK)
        return cmd_refuse(ctx, ctx->args[0], &why);
    if (strcmp(out, "-") == 0)
        return CMD_OK;
    struct rf_json *j = rf_json_obj();
    rf_json_set_bool(j, "ok", true);
    rf_json_set_str(j, "out", out);
    rf_json_set_str(j, "name", spec.name);
    rf_json_set_str(j, "digest", rf_digest_name(spec.digest));
    rf_json_set_str(j, "signer", rf_cert_subject(w.cert));
    rf_json_set_int(j, "bytes", (int64_t)w.out.len);
    return cmd_show(ctx, j);
}

static const struct cmd_option options[] = {
    {.name = "key",
     .arg = "PEM",
     .help = "certificate and private key in one file",
     .is_required = true},
    {.name = "out", .arg = "FILE", .help = "where to write it", .is_required = true},
    {.name = "digest",
     .arg = "sha1|sha512",
     .help = "default sha512; sha1 is weak, for old phones"},
    {.name = "name", .arg = "NAME", .help = "the name phones ask for; default: that of --out"},
};

const struct cmd cmd_file_sign = {
    .name = "file sign",
    .args = "FILE",
    .args_min = 1,
    .args_max = 1,
    .options = options,
    .n_options = sizeof options / sizeof *options,
    .summary = "Sign a file (.sgn)",
    .help = "A phone compares the signed name with the name it asked for, folder and suffix\n"
            "included: name the file as it will be served, or give --name.",
    .has_json = true,
    .run = run,
};
