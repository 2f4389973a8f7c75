/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "app/ringfence/commands.h"
#include "app/ringfence/container.h"
#include "app/ringfence/passphrase.h"
#include "trust/encfile.h"

#define FILE_BYTES_MAX ((size_t)RF_ENCFILE_PLAIN_MAX + RF_SIGNEDFILE_HEADER_MAX + 16)

struct work {
    struct believed b;
    struct rf_key *key;
    struct rf_vault_key *vault;
    struct rf_buf file;
    struct rf_buf plain; /* holds secrets */
    struct rf_signedfile sf;
    bool has_sf;
};

static void work_fini(struct work *w)
{
    rf_buf_wipe(&w->plain);
    rf_buf_fini(&w->file);
    rf_vault_free(w->vault);
    rf_key_free(w->key);
    believed_fini(&w->b);
}

static enum rf_err load_key(const struct cmd_ctx *ctx, struct work *w, struct rf_why *why)
{
    enum rf_err err = passphrase_key_load(cmd_get(ctx, "phone-key"),
                                          cmd_get(ctx, "passphrase-file"), &w->key, why);
    if (err == RF_OK)
        w->vault = rf_vault_key_from_key(w->key);
    return err;
}

/* The signature first, always: nothing is decrypted that did not come from the server. */
static enum rf_err verify(const struct cmd_ctx *ctx, struct work *w, struct rf_why *why)
{
    struct rf_sigfile_policy policy = container_policy(cmd_get(ctx, "name"));
    struct rf_sigfile_info info;
    struct rf_slice file;
    enum rf_err err = cmd_read(ctx->args[0], FILE_BYTES_MAX, &w->file, why);
    if (err != RF_OK)
        return err;
    file = rf_buf_slice(&w->file);
    err = rf_signedfile_decode(file, file.len, &w->sf, why);
    w->has_sf = err == RF_OK;
    if (err == RF_OK)
        err = believed_load(ctx, &w->b, why);
    if (err == RF_OK)
        err = believed_find(&w->b, &w->sf, why);
    return err == RF_OK ? rf_sigfile_verify(file, w->b.signer, &policy, &info, why) : err;
}

static int run(struct cmd_ctx *ctx)
{
    RF_AUTO(work_fini) struct work w = {.has_sf = false};
    struct rf_why why = {0};
    const char *out = cmd_get(ctx, "out");
    if ((cmd_get(ctx, "cert") == NULL) == (cmd_get(ctx, "list") == NULL))
        return cmd_usage(ctx, "either --cert PEM or --list TLV says whom to believe");
    if (cmd_check_stdin(ctx) != CMD_OK)
        return CMD_USAGE;
    enum rf_err err = load_key(ctx, &w, &why);
    if (err == RF_OK)
        err = verify(ctx, &w, &why);
    w.plain = RF_BUF(RF_ENCFILE_PLAIN_MAX);
    if (err == RF_OK)
        err = rf_encfile_decrypt(rf_buf_slice(&w.file), w.vault, &w.plain, &why);
    if (err == RF_OK)
        err = cmd_write(out, rf_buf_slice(&w.plain), RF_FILE_PRIVATE, &why);
    if (err != RF_OK)
        return container_refuse(ctx, ctx->args[0], &why, w.has_sf ? &w.sf : NULL,
                                w.b.signer != NULL ? w.b.signer : w.b.cert);
    if (strcmp(out, "-") == 0)
        return CMD_OK;
    struct rf_json *j = rf_json_obj();
    rf_json_set_bool(j, "ok", true);
    rf_json_set_str(j, "out", out);
    rf_json_set_slice(j, "name", w.sf.file_name);
    rf_json_set_int(j, "bytes", (int64_t)w.plain.len);
    rf_json_set_take(j, "signer", container_cert(w.b.signer));
    return cmd_show(ctx, j);
}

static const struct cmd_option options[] = {
    {.name = "phone-key", .arg = "PEM", .help = "the phone's private key", .is_required = true},
    {.name = "passphrase-file",
     .arg = "FILE",
     .help = "passphrase of the key (- reads it from standard input)"},
    {.name = "cert", .arg = "PEM", .help = "the signer's certificate"},
    {.name = "list",
     .arg = "TLV",
     .help = "a trust list: who has role TFTP in it may sign",
     .repeats = true},
    {.name = "name", .arg = "NAME", .help = "the name the file was asked for"},
    {.name = "out",
     .arg = "FILE",
     .help = "where to write it, readable for its owner only",
     .is_required = true},
};

const struct cmd cmd_file_decrypt = {
    .name = "file decrypt",
    .args = "FILE",
    .args_min = 1,
    .args_max = 1,
    .options = options,
    .n_options = sizeof options / sizeof *options,
    .summary = "Decrypt a configuration with the phone's key",
    .help = "The signature is verified first. When it holds and the file still cannot be read,\n"
            "one message is all that is said: whether the key or the content is wrong would tell\n"
            "a forger too much.",
    .has_json = true,
    .run = run,
};
