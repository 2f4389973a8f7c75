/* SPDX-License-Identifier: Apache-2.0 */
#include "app/ringfence/signing.h"

#include <string.h>

#include "app/ringfence/passphrase.h"
#include "base/clock.h"

enum rf_err signing_load(const struct cmd_ctx *ctx, const char *key_pem, const char *cert_pem,
                         struct signing *s, struct rf_why *why)
{
    enum rf_err err = passphrase_key_load(key_pem, cmd_get(ctx, "passphrase-file"), &s->key, why);
    if (err == RF_OK)
        err = rf_cert_from_pem_file(cert_pem != NULL ? cert_pem : key_pem, &s->cert, why);
    if (err == RF_OK)
        s->vault = rf_vault_key_from_key(s->key);
    return err;
}

void signing_fini(struct signing *s)
{
    rf_vault_free(s->vault);
    rf_key_free(s->key);
    rf_cert_unref(s->cert);
}

int signing_digest(const struct cmd_ctx *ctx, enum rf_digest *out)
{
    const char *digest = cmd_get(ctx, "digest");
    *out = RF_DIGEST_SHA512;
    if (digest != NULL &&
        (!rf_digest_from_name(digest, out) || (*out != RF_DIGEST_SHA1 && *out != RF_DIGEST_SHA512)))
        return cmd_usage(ctx, "--digest is sha1 or sha512, not %s", digest);
    return CMD_OK;
}

struct work {
    struct signing by;
    struct rf_file_in in;
    struct rf_buf piece;
    struct rf_sigmake *make;
    struct rf_sigver *ver;
    struct cmd_out out;
};

static void work_fini(struct work *w)
{
    cmd_out_fini(&w->out);
    rf_sigver_free(w->ver);
    rf_sigmake_free(w->make);
    rf_buf_fini(&w->piece);
    rf_file_in_fini(&w->in);
    signing_fini(&w->by);
}

/* Signing what is signed makes a file that nobody reads: it is a mistake, or a manufacturer's. */
static enum rf_err check_unsigned(struct rf_slice head, uint64_t len, struct rf_why *why)
{
    struct rf_signedfile sf;
    size_t n = 0;
    if (rf_signedfile_header_len(head, &n, NULL) != RF_OK || n > head.len || n > len ||
        rf_signedfile_decode(rf_slice_part(head, 0, n), n, &sf, NULL) != RF_OK)
        return RF_OK;
    return rf_why_set(why, RF_ERR_DENIED, "signed-already",
                      "this is a signed container (%s): sign what `ringfence file strip` gives, "
                      "and serve a manufacturer's file as it is",
                      rf_signedfile_kind_name(rf_signedfile_kind_of(&sf)));
}

/* The first reading: the digest, and the signature. */
static enum rf_err first_pass(struct work *w, const struct signing_job *job, const char *name,
                              struct rf_slice *header, struct rf_why *why)
{
    for (bool is_first = true;; is_first = false) {
        enum rf_err err = rf_file_in_read(&w->in, &w->piece, CONTAINER_PIECE, why);
        struct rf_slice piece = rf_buf_slice(&w->piece);
        if (err == RF_OK && is_first)
            err = check_unsigned(piece, w->in.len, why);
        if (err == RF_OK && is_first && job->check != NULL)
            err = job->check(name, piece, w->in.len, why);
        if (err != RF_OK)
            return err;
        if (piece.len == 0)
            return rf_sigmake_finish(w->make, header, why);
        rf_sigmake_add(w->make, piece);
    }
}

/* The second: header and body go out, and are verified on the way: a file that was changed between
 * the two readings is noticed before the new one has its name. */
static enum rf_err second_pass(struct work *w, const struct signing_job *job,
                               struct rf_slice header, struct rf_why *why)
{
    const struct rf_sigfile_policy policy = {
        .is_image = job->is_image, .allow_sha1 = true, .rsa_min = 512};
    struct rf_sigfile_info info;
    struct rf_why own = {0};
    rf_file_in_seek(&w->in, 0);
    enum rf_err err = rf_sigver_new(header, header.len + w->in.len, &w->ver, why);
    if (err == RF_OK)
        err = cmd_out_add(&w->out, header, why);
    while (err == RF_OK) {
        err = rf_file_in_read(&w->in, &w->piece, CONTAINER_PIECE, why);
        if (err == RF_OK && w->piece.len == 0)
            break;
        if (err == RF_OK)
            err = rf_sigver_add(w->ver, rf_buf_slice(&w->piece), why);
        if (err == RF_OK)
            err = cmd_out_add(&w->out, rf_buf_slice(&w->piece), why);
    }
    if (err != RF_OK)
        return err;
    err = rf_sigver_finish(w->ver, w->by.cert, &policy, &info, &own);
    if (err == RF_ERR_CRYPTO || err == RF_ERR_SHORT)
        return rf_why_set(why, err, "file-changed",
                          "the file was changed while it was being signed: try again");
    return err != RF_OK ? rf_why_set(why, err, own.code, "%s", own.text) : RF_OK;
}

static enum rf_err sign(struct cmd_ctx *ctx, struct work *w, const struct signing_job *job,
                        const struct rf_sigfile_spec *spec, struct rf_why *why)
{
    struct rf_slice header;
    w->piece = RF_BUF(CONTAINER_PIECE);
    enum rf_err err = signing_load(ctx, cmd_get(ctx, "key"), cmd_get(ctx, "key-cert"), &w->by, why);
    if (err == RF_OK)
        err = container_source(ctx->args[0], &w->in, why);
    if (err == RF_OK)
        err = rf_sigmake_new(w->by.vault, w->by.cert, spec, job->is_image, &w->make, why);
    if (err == RF_OK)
        err = first_pass(w, job, spec->name, &header, why);
    if (err == RF_OK && job->bytes_max != 0 && header.len + w->in.len > job->bytes_max)
        err = rf_why_set(why, RF_ERR_LIMIT, "image-size",
                         "signed it would have %llu bytes, an image has at most %llu",
                         (unsigned long long)(header.len + w->in.len),
                         (unsigned long long)job->bytes_max);
    if (err == RF_OK)
        err = cmd_out_begin(&w->out, cmd_get(ctx, "out"), RF_FILE_PUBLIC, why);
    if (err == RF_OK)
        err = second_pass(w, job, header, why);
    return err == RF_OK ? cmd_out_commit(&w->out, why) : err;
}

int signing_run(struct cmd_ctx *ctx, const struct signing_job *job)
{
    RF_AUTO(work_fini) struct work w = {.in = RF_FILE_IN};
    struct rf_why why = {0};
    const char *out = cmd_get(ctx, "out");
    struct rf_sigfile_spec spec = {
        .name = cmd_get(ctx, "name"),
        .timestamp = (uint32_t)rf_wall_s(rf_clock_real()),
    };
    if (signing_digest(ctx, &spec.digest) != CMD_OK || cmd_check_stdin(ctx) != CMD_OK)
        return CMD_USAGE;
    if (spec.name == NULL && strcmp(out, "-") == 0)
        return cmd_usage(ctx, "--out - has no name to sign: give --name NAME");
    if (spec.name == NULL)
        spec.name = cmd_base_name(out); /* that of the output file, without its folder */
    if (spec.name[0] == '\0')
        return cmd_usage(ctx, "there is no name to sign: give --name NAME");
    if (sign(ctx, &w, job, &spec, &why) != RF_OK)
        return container_refuse(ctx, ctx->args[0], &why, NULL, w.by.cert);
    if (strcmp(out, "-") == 0)
        return CMD_OK;
    struct rf_json *j = rf_json_obj();
    rf_json_set_bool(j, "ok", true);
    rf_json_set_str(j, "out", out);
    rf_json_set_str(j, "name", spec.name);
    rf_json_set_str(j, "digest", rf_digest_name(spec.digest));
    if (spec.digest == RF_DIGEST_SHA1)
        rf_json_set_str(j, "weak", "SHA-1");
    rf_json_set_str(j, "signer", rf_cert_subject(w.by.cert));
    rf_json_set_int(j, "bytes", (int64_t)(w.in.len + rf_sigver_header(w.ver)->header_len));
    return cmd_show(ctx, j);
}
