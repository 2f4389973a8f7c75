/* SPDX-License-Identifier: Apache-2.0 */
/* `ringfence factory phone` and `factory issued`: phones by one or by the number. */
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "app/ringfence/commands.h"
#include "app/ringfence/passphrase.h"
#include "base/clock.h"
#include "base/file.h"
#include "base/text.h"
#include "service/phone/flash.h"
#include "service/setup/factory_batch.h"

/* The load lists of a firmware folder. */
struct lists_seen {
    char last[RF_LOADS_NAME_MAX + 1];
    size_t n;
};

static enum rf_err see_name(void *arg, const char *name)
{
    struct lists_seen *seen = arg;
    if (!rf_slice_ends_with(rf_slice_str(name), ".loads"))
        return RF_OK;
    snprintf(seen->last, sizeof seen->last, "%s", name);
    seen->n++;
    return RF_OK;
}

/* Which firmware a phone leaves with is not for an order of names to decide. */
static enum rf_err find_list(const char *dir, struct lists_seen *seen, struct rf_why *why)
{
    enum rf_err err = rf_dir_each(dir, see_name, seen, why);
    if (err == RF_OK && seen->n == 0)
        return rf_why_set(why, RF_ERR_NOT_FOUND, "no-firmware",
                          "%s holds no .loads list: `ringfence factory firmware` makes one", dir);
    if (err == RF_OK && seen->n > 1)
        return rf_why_set(why, RF_ERR_DENIED, "firmware-many",
                          "%s holds %zu .loads lists; a phone is made with one: give each firmware "
                          "a folder of its own",
                          dir, seen->n);
    return err;
}

/* What is the same for every phone of a command. */
struct line {
    const struct cmd_ctx *ctx;
    struct rf_factory f;
    struct rf_flash_make make; /* all but identity and MIC */
    struct rf_cert_list chain;
    struct lists_seen seen;
    enum rf_key_type key_type;
    unsigned count;
    int64_t made_s;
    struct rf_secret secret; /* of the devices; len 0: none */
    char dir[PATH_MAX];      /* of a batch: each phone is a folder in it */
};

static void line_fini(struct line *l)
{
    rf_secret_fini(&l->secret);
    rf_cert_list_fini(&l->chain);
    rf_factory_fini(&l->f);
}

static enum rf_err line_open(struct line *l, struct rf_why *why)
{
    enum rf_err err = rf_factory_open(l->ctx->args[0], &l->f, why);
    if (err == RF_OK)
        err = find_list(l->make.load_dir, &l->seen, why);
    if (err != RF_OK)
        return err;
    if (!rf_cert_list_add(&l->chain, l->f.issuer))
        return rf_why_set(why, RF_ERR_LIMIT, "cert-count", "too many certificates");
    l->make.mic_chain = &l->chain;
    l->make.image_keys = &l->f.image_keys;
    l->make.loads_name = l->seen.last;
    return RF_OK;
}

static enum rf_err put_phone(struct line *l, const char *flash, const struct rf_factory_mic *mic,
                             struct rf_why *why)
{
    l->make.secret = l->secret.len > 0 ? &l->secret : NULL;
    l->make.mic_key = mic->key;
    l->make.mic = mic->cert;
    return rf_flash_create(flash, &l->make, why);
}

/* Copy an option's value; one that was not given leaves `out` empty. */
static bool fits(const struct cmd_ctx *ctx, const char *option, char *out, size_t cap)
{
    const char *value = cmd_get(ctx, option);
    return value == NULL || rf_slice_to_str(rf_slice_str(value), out, cap);
}

static int make_one(struct line *l)
{
    RF_AUTO(rf_factory_mic_fini) struct rf_factory_mic mic = {0};
    struct rf_flash_identity *id = &l->make.identity;
    const char *flash = cmd_get(l->ctx, "flash");
    struct rf_why why = {0};
    if (id->serial_number[0] == '\0')
        snprintf(id->serial_number, sizeof id->serial_number, "RF-%s", id->device);
    enum rf_err err = line_open(l, &why);
    if (err == RF_OK)
        err = rf_factory_mic_make(&l->f, id->device, id->model, id->serial_number, l->key_type,
                                  cmd_get(l->ctx, "sha1") != NULL, l->made_s, &mic, &why);
    if (err == RF_OK)
        err = put_phone(l, flash, &mic, &why);
    if (err != RF_OK)
        return cmd_refuse(l->ctx, flash, &why);
    struct rf_json *j = rf_json_obj();
    rf_json_set_str(j, "flash", flash);
    rf_json_set_str(j, "device", id->device);
    rf_json_set_str(j, "model", id->model);
    rf_json_set_str(j, "mic_subject", rf_cert_subject(mic.cert));
    rf_json_set_str(j, "mic", rf_cert_fingerprint(mic.cert));
    return cmd_show(l->ctx, j);
}

/* ---- a batch ---- */

static enum rf_err find_phone(void *arg, const struct rf_factory_phone *phone, struct rf_cert **mic,
                              struct rf_why *why)
{
    struct line *l = arg;
    RF_AUTO(rf_freep) char *dir = rf_path_join(l->dir, phone->device);
    RF_AUTO(rf_flash_freep) struct rf_flash *flash = NULL;
    RF_AUTO(rf_flash_pair_fini) struct rf_flash_pair pair = {0};
    enum rf_err err = rf_flash_open(dir, &flash, why);
    if (err == RF_OK)
        err = rf_flash_use_secret(flash, l->secret.len > 0 ? &l->secret : NULL, why);
    if (err == RF_OK)
        err = rf_flash_mic_load(flash, &pair, why);
    if (err == RF_OK)
        *mic = rf_steal(&pair.cert);
    return err;
}

static enum rf_err make_phone(void *arg, const struct rf_factory_phone *phone,
                              const struct rf_factory_mic *mic, struct rf_why *why)
{
    struct line *l = arg;
    struct rf_flash_identity *id = &l->make.identity;
    RF_AUTO(rf_freep) char *dir = rf_path_join(l->dir, phone->device);
    snprintf(id->device, sizeof id->device, "%s", phone->device);
    snprintf(id->serial_number, sizeof id->serial_number, "%s", phone->serial_number);
    return put_phone(l, dir, mic, why);
}

/* To people alone, and not into what a program reads. */
static void show_progress(void *arg, unsigned done)
{
    const struct line *l = arg;
    if (isatty(STDERR_FILENO) == 0)
        return;
    fprintf(stderr, "\r%u of %u phones%s", done, l->count, done == l->count ? "\n" : "");
    fflush(stderr);
}

/* The same folder by whatever name it is called later. */
static enum rf_err find_dir(struct line *l, struct rf_why *why)
{
    const char *given = cmd_get(l->ctx, "flash");
    enum rf_err err = rf_dir_make(given, 0755, why);
    if (err == RF_OK && realpath(given, l->dir) == NULL)
        err = rf_why_set(why, RF_ERR_IO, "file-io", "%s: cannot be reached", given);
    return err;
}

static int make_batch(struct line *l)
{
    const struct rf_flash_identity *id = &l->make.identity;
    const struct rf_factory_batch batch = {
        .first = cmd_get(l->ctx, "name"),
        .count = l->count,
        .model = cmd_get(l->ctx, "model"),
        .hardware = id->hardware,
        .serial = cmd_get(l->ctx, "serial"),
        .key_type = l->key_type,
        .place = l->dir,
        .find = find_phone,
        .make = make_phone,
        .progress = show_progress,
        .arg = l,
    };
    struct rf_factory_batch_done done;
    struct rf_why why = {0};
    enum rf_err err = line_open(l, &why);
    if (err == RF_OK)
        err = find_dir(l, &why);
    if (err == RF_OK)
        err = rf_factory_batch_make(&l->f, &batch, l->made_s, &done, &why);
    if (err != RF_OK)
        return cmd_refuse(l->ctx, cmd_get(l->ctx, "flash"), &why);
    RF_AUTO(rf_freep) char *list = rf_path_join(l->f.dir, done.list);
    RF_AUTO(rf_freep) char *signature = rf_path_join(l->f.dir, done.signature);
    struct rf_json *j = rf_json_obj();
    rf_json_set_int(j, "batch", done.number);
    rf_json_set_int(j, "phones", l->count);
    rf_json_set_int(j, "made_now", done.made);
    rf_json_set_str(j, "first", batch.first);
    rf_json_set_str(j, "last", done.last);
    rf_json_set_str(j, "folder", l->dir);
    rf_json_set_str(j, "list", list);
    rf_json_set_str(j, "signature", signature);
    return cmd_show(l->ctx, j);
}

static int run_phone(struct cmd_ctx *ctx)
{
    RF_AUTO(line_fini)
    struct line l = {.ctx = ctx,
                     .make.load_dir = cmd_get(ctx, "firmware"),
                     .key_type = cmd_get(ctx, "ec") != NULL ? RF_KEY_EC : RF_KEY_RSA};
    struct rf_flash_identity *id = &l.make.identity;
    const char *count = cmd_get(ctx, "count");
    uint64_t n = 0;
    if (!fits(ctx, "name", id->device, sizeof id->device) ||
        !fits(ctx, "model", id->model, sizeof id->model) ||
        !fits(ctx, "hardware", id->hardware, sizeof id->hardware) ||
        !fits(ctx, "serial", id->serial_number, sizeof id->serial_number))
        return cmd_usage(ctx, "a name, model, hardware id or serial number is too long");
    if (!cmd_factory_made(ctx, &l.made_s))
        return cmd_usage(ctx, "--age-days wants a number of days up to %d", RF_FACTORY_CA_DAYS);
    const char *secret = cmd_get(ctx, "device-secret");
    struct rf_why why = {0};
    if (secret != NULL && passphrase_read(secret, &l.secret, &why) != RF_OK)
        return cmd_refuse(ctx, secret, &why);
    if (count == NULL)
        return make_one(&l);
    if (!rf_parse_u64(rf_slice_str(count), 1, RF_FACTORY_BATCH_MAX, &n))
        return cmd_usage(ctx, "--count wants a number from 1 to %d", RF_FACTORY_BATCH_MAX);
    if (cmd_get(ctx, "sha1") != NULL)
        return cmd_usage(ctx, "--sha1 is for one phone, not for a batch");
    l.count = (unsigned)n;
    return make_batch(&l);
}

static const struct cmd_option phone_options[] = {
    {.name = "name",
     .arg = "SEP...",
     .help = "device name: SEP and 12 hex digits; with --count the first",
     .is_required = true},
    {.name = "flash",
     .arg = "DIR",
     .help = "the phone's flash folder; with --count one that holds those of all",
     .is_required = true},
    {.name = "firmware", .arg = "DIR", .help = "folder of its first firmware", .is_required = true},
    {.name = "model", .arg = "MODEL", .help = "e.g. 7962", .is_required = true},
    {.name = "hardware", .arg = "ID", .help = "its hardware id, e.g. rf-1", .is_required = true},
    {.name = "serial",
     .arg = "N",
     .help = "serial number; default: from the device name. With --count: N-00001 and so on"},
    {.name = "age-days",
     .arg = "N",
     .help = "as if made N days ago (by a factory that old): after 3650 its MIC has expired"},
    {.name = "ec", .help = "the MIC has a key on P-256; default: RSA 2048"},
    {.name = "sha1", .help = "the MIC is signed with SHA-1 (weak), as those of old phones are"},
    {.name = "device-secret",
     .arg = "FILE",
     .help = "encrypt the private keys under the text of this file (- is standard input)"},
    {.name = "count", .arg = "N", .help = "make a batch of N phones, and seal the list of them"},
};

const struct cmd cmd_factory_phone = {
    .name = "factory phone",
    .args = "DIR",
    .args_min = 1,
    .args_max = 1,
    .options = phone_options,
    .n_options = sizeof phone_options / sizeof *phone_options,
    .summary = "Make a software phone: flash folder with MIC, image key and first firmware",
    .help =
        "With --count N a batch: N phones whose names are counted up from --name, each in a\n"
        "folder of --flash that is named like it. What was issued is written to a list that is\n"
        "signed with the MIC issuer's key and never written again (`ringfence factory issued`).\n"
        "A batch that broke off goes on when the same command is given again.",
    .has_json = true,
    .run = run_phone,
};

/* ---- what was issued ---- */

static enum rf_err add_list(void *arg, const struct rf_factory_issued *list, struct rf_why *why)
{
    struct rf_json *row = rf_json_obj();
    (void)why;
    rf_json_set_int(row, "batch", list->number);
    rf_json_set_int(row, "phones", list->phones);
    rf_json_set_str(row, "first", list->first);
    rf_json_set_str(row, "last", list->last);
    rf_json_set_str(row, "sealed", list->sealed);
    rf_json_arr_add_take(arg, row);
    return RF_OK;
}

static int run_issued(struct cmd_ctx *ctx)
{
    static const struct cmd_column columns[] = {
        {"batch", "batch"}, {"phones", "phones"}, {"first", "first"},
        {"last", "last"},   {"sealed", "sealed"},
    };
    RF_AUTO(rf_factory_fini) struct rf_factory f = {0};
    RF_AUTO(rf_json_freep) struct rf_json *rows = rf_json_arr();
    struct rf_why why = {0};
    enum rf_err err = rf_factory_open(ctx->args[0], &f, &why);
    if (err == RF_OK)
        err = rf_factory_issued(&f, add_list, rows, &why);
    if (err != RF_OK)
        return cmd_refuse(ctx, ctx->args[0], &why);
    struct rf_json *j = rf_json_obj();
    rf_json_set_take(j, "batches", rf_steal(&rows));
    return cmd_show_rows(ctx, j, "batches", columns, sizeof columns / sizeof *columns,
                         "no batch was made");
}

const struct cmd cmd_factory_issued = {
    .name = "factory issued",
    .args = "DIR",
    .args_min = 1,
    .args_max = 1,
    .summary = "Check the sealed lists of what a factory issued, and show them",
    .help =
        "Each list is DIR/issued/batch-NNNNNN.list: device, model, serial number, key,\n"
        "fingerprint of the MIC, and from when to when it is valid. A list that is not what the\n"
        "factory signed, or does not follow the one before it, is refused.",
    .has_json = true,
    .run = run_issued,
};
