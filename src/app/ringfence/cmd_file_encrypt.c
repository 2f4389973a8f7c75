/* SPDX-License-Identifier: Apache-2.0 */
/* doc: docs/wire/encrypted-configuration.md */
#include <stdio.h>
#include <string.h>

#include "app/ringfence/commands.h"
#include "app/ringfence/signing.h"
#include "base/clock.h"
#include "base/faults.h"
#include "base/text.h"
#include "trust/encfile.h"
#include "trust/name.h"
#include "wire/phonexml/phonexml.h"

#define SUFFIX    ".cnf.xml"
#define NAME_ROOM 128

struct work {
    struct signing by;
    struct rf_cert *phone;
    struct rf_buf full; /* holds secrets */
    struct rf_buf stub;
    struct rf_buf stub_file;
    struct rf_buf enc_file;
    struct cmd_out out[2];
    char device[NAME_ROOM];
};

static void work_fini(struct work *w)
{
    cmd_out_fini(&w->out[0]);
    cmd_out_fini(&w->out[1]);
    rf_buf_wipe(&w->full);
    rf_buf_fini(&w->stub);
    rf_buf_fini(&w->stub_file);
    rf_buf_fini(&w->enc_file);
    rf_cert_unref(w->phone);
    signing_fini(&w->by);
}

/* "SEP001122334455" of "x/SEP001122334455.cnf.xml"; false for a name without that suffix. */
static bool device_of_path(const char *path, char *out, size_t cap)
{
    struct rf_slice name = rf_slice_str(cmd_base_name(path));
    return rf_slice_ends_with(name, SUFFIX) && name.len > strlen(SUFFIX) &&
           rf_slice_to_str(rf_slice_part(name, 0, name.len - strlen(SUFFIX)), out, cap);
}

/* The name in a phone's certificate, when it is one. */
static bool device_of_cert(const struct rf_cert *cert, char *out, size_t cap)
{
    struct rf_slice model, name, cn = rf_cert_cn(cert);
    if (rf_name_split_cn(cn, &model, &name))
        return rf_slice_to_str(name, out, cap);
    return rf_name_is_sep(cn) && rf_slice_to_str(cn, out, cap);
}

/* Whose configuration is it: --name, else the name of the file, else that in the certificate. A
 * certificate that names another phone is a mistake: only that phone could read the file. */
static enum rf_err choose_device(const struct cmd_ctx *ctx, struct work *w, struct rf_why *why)
{
    char in_file[NAME_ROOM] = "", in_cert[NAME_ROOM] = "";
    const char *given = cmd_get(ctx, "name");
    bool has_file = device_of_path(ctx->args[0], in_file, sizeof in_file);
    bool has_cert = device_of_cert(w->phone, in_cert, sizeof in_cert);
    const char *device = given != NULL                                       ? given
                         : has_file && rf_name_is_sep(rf_slice_str(in_file)) ? in_file
                         : has_cert                                          ? in_cert
                         : has_file                                          ? in_file
                                                                             : "";
    if (device[0] == '\0' || strchr(device, '/') != NULL || device[0] == '.' ||
        !rf_slice_to_str(rf_slice_str(device), w->device, sizeof w->device))
        return rf_why_set(why, RF_ERR_BAD, "device-name",
                          "for which phone? Give --name SEP..., or name the file "
                          "SEP...%s: the name is signed",
                          SUFFIX);
    if (!rf_fault_skips("encrypt.device-name") && has_cert && strcmp(in_cert, w->device) != 0)
        return rf_why_set(why, RF_ERR_DENIED, "name-mismatch",
                          "--for is the certificate of %s: it alone could read the configuration "
                          "of %s",
                          in_cert, w->device);
    return RF_OK;
}

static enum rf_err make(struct work *w, enum rf_digest digest, struct rf_why *why)
{
    char name[NAME_ROOM + 32];
    struct rf_sigfile_spec spec = {
        .name = name,
        .digest = digest,
        .timestamp = (uint32_t)rf_wall_s(rf_clock_real()),
        .body = rf_buf_slice(&w->full),
    };
    w->stub = RF_BUF(RF_PHONEXML_BYTES_MAX);
    w->enc_file = RF_BUF(w->full.len + 2 * (size_t)RF_SIGFILE_OVERHEAD_MAX);
    enum rf_err err = rf_phonexml_stub(spec.body, rf_cert_md5(w->phone), &w->stub, why);
    if (err != RF_OK)
        return err;
    snprintf(name, sizeof name, "%s%s.enc.sgn", w->device, SUFFIX);
    err = rf_encfile_make(w->by.vault, w->by.cert, w->phone, &spec, &w->enc_file, why);
    if (err != RF_OK)
        return err;
    snprintf(name, sizeof name, "%s%s.sgn", w->device, SUFFIX);
    spec.body = rf_buf_slice(&w->stub);
    w->stub_file = RF_BUF(w->stub.len + RF_SIGFILE_OVERHEAD_MAX);
    return rf_sigfile_sign(w->by.vault, w->by.cert, &spec, &w->stub_file, why);
}

/* Both are on disk before one has its name; the encrypted one comes first, because a new stub
 * beside an old one would send the phone to enrol. */
static enum rf_err write_both(const struct cmd_ctx *ctx, struct work *w, struct rf_why *why)
{
    const char *dir = cmd_get(ctx, "out");
    RF_AUTO(rf_freep) char *enc = rf_strf("%s/%s%s.enc.sgn", dir, w->device, SUFFIX);
    RF_AUTO(rf_freep) char *stub = rf_strf("%s/%s%s.sgn", dir, w->device, SUFFIX);
    enum rf_err err = rf_dir_make(dir, 0755, why);
    if (err == RF_OK)
        err = cmd_out_begin(&w->out[0], enc, RF_FILE_PUBLIC, why);
    if (err == RF_OK)
        err = cmd_out_begin(&w->out[1], stub, RF_FILE_PUBLIC, why);
    if (err == RF_OK)
        err = cmd_out_add(&w->out[0], rf_buf_slice(&w->enc_file), why);
    if (err == RF_OK)
        err = cmd_out_add(&w->out[1], rf_buf_slice(&w->stub_file), why);
    for (size_t i = 0; err == RF_OK && i < 2; i++)
        err = cmd_out_commit(&w->out[i], why);
    return err;
}

/* Room for all of it at once, so that no copy of a secret stays where a smaller buffer was. */
static enum rf_err read_full(const char *path, struct rf_buf *out, struct rf_why *why)
{
    RF_AUTO(rf_file_in_fini) struct rf_file_in in = RF_FILE_IN;
    *out = RF_BUF(RF_PHONEXML_BYTES_MAX);
    if (cmd_is_stream(path))
        return rf_buf_room(out, RF_PHONEXML_BYTES_MAX) == NULL
                   ? rf_why_set(why, RF_ERR_NOMEM, "memory", "no memory for the configuration")
                   : cmd_read(path, RF_PHONEXML_BYTES_MAX, out, why);
    enum rf_err err = rf_file_in_open(&in, path, RF_PHONEXML_BYTES_MAX, why);
    return err != RF_OK ? err : rf_file_in_read(&in, out, RF_PHONEXML_BYTES_MAX, why);
}

static int report(const struct cmd_ctx *ctx, const struct work *w, enum rf_digest digest)
{
    char name[NAME_ROOM + 32];
    struct rf_json *j = rf_json_obj(), *files = rf_json_arr();
    rf_json_set_bool(j, "ok", true);
    rf_json_set_str(j, "device", w->device);
    if (!rf_name_is_sep(rf_slice_str(w->device)))
        rf_json_set_str(j, "note", "phones ask for SEP and 12 digits: none asks for this name");
    snprintf(name, sizeof name, "%s%s.sgn", w->device, SUFFIX);
    rf_json_arr_add_str(files, name);
    snprintf(name, sizeof name, "%s%s.enc.sgn", w->device, SUFFIX);
    rf_json_arr_add_str(files, name);
    rf_json_set_str(j, "folder", cmd_get(ctx, "out"));
    rf_json_set_take(j, "files", files);
    rf_json_set_str(j, "digest", rf_digest_name(digest));
    if (digest == RF_DIGEST_SHA1)
        rf_json_set_str(j, "weak", "SHA-1");
    rf_json_set_str(j, "cert_hash", rf_cert_md5(w->phone));
    rf_json_set_str(j, "signer", rf_cert_subject(w->by.cert));
    rf_json_set_take(j, "encrypted_for", container_cert(w->phone));
    return cmd_show(ctx, j);
}

static int run(struct cmd_ctx *ctx)
{
    RF_AUTO(work_fini) struct work w = {.device = ""};
    struct rf_why why = {0};
    enum rf_digest digest;
    if (signing_digest(ctx, &digest) != CMD_OK || cmd_check_stdin(ctx) != CMD_OK)
        return CMD_USAGE;
    enum rf_err err = signing_load(ctx, cmd_get(ctx, "key"), cmd_get(ctx, "key-cert"), &w.by, &why);
    if (err == RF_OK)
        err = rf_cert_from_pem_file(cmd_get(ctx, "for"), &w.phone, &why);
    if (err == RF_OK)
        err = read_full(ctx->args[0], &w.full, &why);
    if (err == RF_OK)
        err = choose_device(ctx, &w, &why);
    if (err == RF_OK)
        err = make(&w, digest, &why);
    if (err == RF_OK)
        err = write_both(ctx, &w, &why);
    return err != RF_OK ? cmd_refuse(ctx, ctx->args[0], &why) : report(ctx, &w, digest);
}

static const struct cmd_option options[] = {
    SIGNING_OPTIONS,
    {.name = "for",
     .arg = "PEM",
     .help = "certificate of the phone (LSC, else MIC), RSA",
     .is_required = true},
    {.name = "out", .arg = "DIR", .help = "folder for both files", .is_required = true},
    {.name = "name",
     .arg = "SEP...",
     .help = "the phone; default: from the name of CNF, else from its certificate"},
};

const struct cmd cmd_file_encrypt = {
    .name = "file encrypt",
    .args = "CNF",
    .args_min = 1,
    .args_max = 1,
    .options = options,
    .n_options = sizeof options / sizeof *options,
    .summary = "Encrypt a configuration for one phone (.enc.sgn and its stub)",
    .help =
        "Writes SEP....cnf.xml.enc.sgn, encrypted for the key of --for and signed, and\n"
        "SEP....cnf.xml.sgn, the signed stub that a phone reads first: it names the certificate\n"
        "and the CAPF server, and holds no secret. Key and IV are new each time.",
    .has_json = true,
    .run = run,
};
