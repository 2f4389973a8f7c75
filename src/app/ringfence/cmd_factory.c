/* SPDX-License-Identifier: Apache-2.0 */
/* `ringfence factory`: the manufacturer of software phones. */
#include <stdio.h>
#include <string.h>

#include "app/ringfence/commands.h"
#include "base/clock.h"
#include "base/file.h"
#include "base/text.h"
#include "service/setup/factory.h"

bool cmd_factory_made(const struct cmd_ctx *ctx, int64_t *made_s)
{
    const char *text = cmd_get(ctx, "age-days");
    uint64_t days = 0;
    bool is_fit = text == NULL || rf_parse_u64(rf_slice_str(text), 0, RF_FACTORY_CA_DAYS, &days);
    *made_s = rf_wall_s(rf_clock_real()) - (int64_t)days * 86400;
    return is_fit;
}

static int run_init(struct cmd_ctx *ctx)
{
    int64_t made_s = 0;
    const char *org = cmd_get(ctx, "org");
    RF_AUTO(rf_factory_fini) struct rf_factory f = {0};
    struct rf_why why = {0};
    if (!cmd_factory_made(ctx, &made_s))
        return cmd_usage(ctx, "--age-days wants a number of days up to %d", RF_FACTORY_CA_DAYS);
    enum rf_err err =
        rf_factory_make(ctx->args[0], org != NULL ? org : "Ringphone Works", made_s, &why);
    if (err == RF_OK)
        err = rf_factory_open(ctx->args[0], &f, &why);
    if (err != RF_OK)
        return cmd_refuse(ctx, ctx->args[0], &why);
    RF_AUTO(rf_freep) char *roots = rf_path_join(ctx->args[0], "mic-roots.pem");
    struct rf_json *j = rf_json_obj();
    rf_json_set_str(j, "factory", ctx->args[0]);
    rf_json_set_str(j, "mic_root", rf_cert_fingerprint(f.root));
    rf_json_set_str(j, "mic_issuer", rf_cert_fingerprint(f.issuer));
    rf_json_set_str(j, "image_key", rf_cert_fingerprint(f.image_cert));
    rf_json_set_str(j, "roots_file", roots);
    return cmd_show(ctx, j);
}

static const struct cmd_option init_options[] = {
    {.name = "org", .arg = "NAME", .help = "the manufacturer's name; never that of a real one"},
    {.name = "age-days", .arg = "N", .help = "as if it had been made N days ago"},
};

const struct cmd cmd_factory_init = {
    .name = "factory init",
    .args = "DIR",
    .args_min = 1,
    .args_max = 1,
    .options = init_options,
    .n_options = sizeof init_options / sizeof *init_options,
    .summary = "Make a manufacturer of software phones: MIC root, issuing CA, image key",
    .help = "DIR/mic-roots.pem is what a site imports (`ringfence mic import`) to know its phones.",
    .has_json = true,
    .run = run_init,
};

static int run_image_key(struct cmd_ctx *ctx)
{
    bool is_next = cmd_get(ctx, "next") != NULL, is_retire = cmd_get(ctx, "retire") != NULL;
    RF_AUTO(rf_factory_fini) struct rf_factory f = {0};
    struct rf_why why = {0};
    if (is_next == is_retire)
        return cmd_usage(ctx, "wants --next or --retire");
    enum rf_err err = rf_factory_open(ctx->args[0], &f, &why);
    if (err == RF_OK)
        err = is_next ? rf_factory_key_next(&f, rf_wall_s(rf_clock_real()), &why)
                      : rf_factory_key_retire(&f, &why);
    if (err != RF_OK)
        return cmd_refuse(ctx, ctx->args[0], &why);
    struct rf_json *j = rf_json_obj();
    rf_json_set_int(j, "generation", f.image_keys.generation);
    rf_json_set_str(j, "signs_now", rf_cert_fingerprint(f.image_cert));
    struct rf_json *keys = rf_json_arr();
    for (size_t i = 0; i < f.image_keys.list.n; i++)
        rf_json_arr_add_str(keys, rf_cert_fingerprint(f.image_keys.list.cert[i]));
    rf_json_set_take(j, "keys", keys);
    return cmd_show(ctx, j);
}

static const struct cmd_option image_key_options[] = {
    {.name = "next", .help = "make the key that will follow; firmware then tells phones of it"},
    {.name = "retire", .help = "let that key sign, and tell phones that the old one is over"},
};

const struct cmd cmd_factory_image_key = {
    .name = "factory image-key",
    .args = "DIR",
    .args_min = 1,
    .args_max = 1,
    .options = image_key_options,
    .n_options = sizeof image_key_options / sizeof *image_key_options,
    .summary = "Change the key that signs firmware",
    .help =
        "Two steps, with a new firmware after each that every phone has to run before the next:\n"
        "--next, a firmware (signed by the old key, it tells phones the next one);\n"
        "--retire, a firmware (signed by the next key, after it the old one is refused).",
    .has_json = true,
    .run = run_image_key,
};

/* "name=text" options into display texts. */
static enum rf_err displays_of(const struct cmd_ctx *ctx, struct rf_fwpart_display *out, size_t *n,
                               struct rf_why *why)
{
    const char *given;
    for (*n = 0; (given = cmd_nth(ctx, "display", *n)) != NULL; (*n)++) {
        struct rf_slice rest = rf_slice_str(given), name;
        if (*n == RF_FWPART_DISPLAYS_MAX)
            return rf_why_set(why, RF_ERR_LIMIT, "display-count", "more than %d display texts",
                              RF_FWPART_DISPLAYS_MAX);
        if (strchr(given, '=') == NULL || !rf_next_piece(&rest, '=', &name))
            return rf_why_set(why, RF_ERR_BAD, "display", "--display %s: wants NAME=TEXT", given);
        out[*n] = (struct rf_fwpart_display){name, rest};
    }
    return RF_OK;
}

static int run_firmware(struct cmd_ctx *ctx)
{
    RF_AUTO(rf_factory_fini) struct rf_factory f = {0};
    struct rf_fwpart_display displays[RF_FWPART_DISPLAYS_MAX];
    char loads[RF_LOADS_NAME_MAX + 1];
    struct rf_why why = {0};
    struct rf_factory_firmware make = {
        .version = cmd_get(ctx, "version"),
        .hardware = cmd_get(ctx, "hardware"),
        .display = displays,
        .out_dir = cmd_get(ctx, "out"),
    };
    enum rf_err err = displays_of(ctx, displays, &make.display_n, &why);
    if (err == RF_OK)
        err = rf_factory_open(ctx->args[0], &f, &why);
    if (err == RF_OK)
        err = rf_factory_firmware_make(&f, &make, loads, &why);
    if (err != RF_OK)
        return cmd_refuse(ctx, ctx->args[0], &why);
    RF_AUTO(rf_freep) char *load = rf_strf("%.*s", (int)(strlen(loads) - strlen(".loads")), loads);
    struct rf_json *j = rf_json_obj();
    rf_json_set_str(j, "folder", make.out_dir);
    rf_json_set_str(j, "load", load);
    rf_json_set_str(j, "list", loads);
    rf_json_set_str(j, "version", make.version);
    rf_json_set_str(j, "hardware", make.hardware);
    return cmd_show(ctx, j);
}

static const struct cmd_option firmware_options[] = {
    {.name = "version", .arg = "V", .help = "e.g. 1.0", .is_required = true},
    {.name = "hardware", .arg = "ID", .help = "hardware it is for, e.g. rf-1", .is_required = true},
    {.name = "out", .arg = "DIR", .help = "where the load goes", .is_required = true},
    {.name = "display",
     .arg = "NAME=TEXT",
     .help = "a text phones show, e.g. idle=Hello",
     .repeats = true},
};

const struct cmd cmd_factory_firmware = {
    .name = "factory firmware",
    .args = "DIR",
    .args_min = 1,
    .args_max = 1,
    .options = firmware_options,
    .n_options = sizeof firmware_options / sizeof *firmware_options,
    .summary = "Make and sign a firmware for software phones",
    .help = "Writes ringphone-V.loads and its components. Phones take it from a site after\n"
            "`ringfence image import`, when their configuration names the load ringphone-V.",
    .has_json = true,
    .run = run_firmware,
};
