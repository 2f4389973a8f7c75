/* SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>
#include <string.h>

#include "app/ringfence/commands.h"
#include "app/ringfence/passphrase.h"
#include "base/clock.h"
#include "base/text.h"
#include "service/setup/setup.h"

#define OPTION_NAME_MAX 64

static enum rf_err take_options(const struct cmd_ctx *ctx, struct rf_site_conf **conf,
                                struct rf_why *why)
{
    struct rf_site_setting settings[CMD_VALUES_MAX];
    char names[CMD_VALUES_MAX][OPTION_NAME_MAX];
    const char *given;
    size_t n = 0;
    /* What a configuration without these lines does not do: older sites stay as they are. */
    static const struct rf_site_setting new_sites[] = {
        {"list_version", "1.1"}, {"http", "yes"}, {"https", "yes"}, {"tvs", "yes"}};
    enum rf_err err =
        rf_site_conf_set_all(conf, new_sites, sizeof new_sites / sizeof *new_sites, why);
    if (err != RF_OK)
        return err;
    for (; (given = cmd_nth(ctx, "set", n)) != NULL; n++) {
        struct rf_slice rest = rf_slice_str(given), name;
        const char *value = strchr(given, '=');
        if (value == NULL || !rf_next_piece(&rest, '=', &name) ||
            !rf_slice_to_str(rf_trim(name), names[n], sizeof names[n]))
            return rf_why_set(why, RF_ERR_BAD, "conf-syntax", "--set %s: wants NAME=VALUE", given);
        settings[n] = (struct rf_site_setting){names[n], value + 1};
    }
    return rf_site_conf_set_all(conf, settings, n, why);
}

struct report {
    const struct cmd_ctx *ctx;
    struct rf_json *certificates;
};

static void on_step(void *arg, const char *what, const struct rf_cert *cert)
{
    struct report *r = arg;
    struct rf_json *one = rf_json_obj();
    rf_json_set_str(one, "role", what);
    rf_json_set_str(one, "subject", rf_cert_subject(cert));
    rf_json_set_str(one, "fingerprint", rf_cert_fingerprint(cert));
    rf_json_set_int(one, "not_after_s", rf_cert_not_after(cert));
    rf_json_arr_add_take(r->certificates, one);
}

static int report(const struct cmd_ctx *ctx, struct rf_json *certificates, const char *passphrase)
{
    RF_AUTO(rf_freep) char *key = rf_site_path_in(ctx->site, RF_SITE_KEY_SAST2);
    struct rf_json *j = rf_json_obj();
    rf_json_set_str(j, "site", ctx->site);
    rf_json_set_take(j, "certificates", certificates);
    rf_json_set_str(j, "take_away", key);
    if (passphrase != NULL)
        rf_json_set_str(j, "passphrase", passphrase);
    if (ctx->is_json)
        return cmd_print_json(j);
    static const struct cmd_column columns[] = {
        {"role", "certificate"}, {"not_after_s", "valid until"}, {"fingerprint", "SHA-256"}};
    printf("Site made in %s\n\n", ctx->site);
    int status = cmd_show_rows(ctx, j, "certificates", columns, 3, "");
    printf("\nTake away %s, the key of the second SAST: with it the phones can be\n"
           "brought to a new site when this machine is lost. Keep it and its passphrase apart.\n",
           key);
    if (passphrase != NULL)
        printf("Its passphrase, shown this once: %s\n", passphrase);
    printf("\nNext: ringfenced --config %s/ringfence.conf\n", ctx->site);
    return status;
}

static int run(struct cmd_ctx *ctx)
{
    RF_AUTO(rf_site_conf_freep) struct rf_site_conf *conf = rf_site_conf_new();
    RF_AUTO(rf_secret_fini) struct rf_secret passphrase = {.len = 0};
    char drawn[PASSPHRASE_DRAWN] = "";
    const char *file = cmd_get(ctx, "sast2-passphrase-file");
    struct report steps = {.ctx = ctx, .certificates = rf_json_arr()};
    struct rf_why why = {0};
    enum rf_err err = take_options(ctx, &conf, &why);
    if (err == RF_OK && file != NULL)
        err = passphrase_read(file, &passphrase, &why);
    else if (err == RF_OK) {
        passphrase_draw(drawn);
        err = rf_secret_set(&passphrase, rf_slice_str(drawn));
    }
    struct rf_setup_site make = {
        .dir = ctx->site,
        .conf = conf,
        .sast2_passphrase = &passphrase,
        .now_s = rf_wall_s(rf_clock_real()),
        .on_step = on_step,
        .arg = &steps,
    };
    if (err == RF_OK)
        err = rf_setup_site_make(&make, &why);
    int status = CMD_REFUSED;
    if (err == RF_OK)
        status = report(ctx, steps.certificates, drawn[0] != '\0' ? drawn : NULL);
    else {
        rf_json_free(steps.certificates);
        status = cmd_refuse(ctx, ctx->site, &why);
    }
    rf_wipe(drawn, sizeof drawn);
    return status;
}

static const struct cmd_option options[] = {
    {.name = "set",
     .arg = "NAME=VALUE",
     .help = "an option of the configuration; `ringfence config show` lists them",
     .repeats = true},
    {.name = "sast2-passphrase-file",
     .arg = "FILE",
     .help = "passphrase of the second SAST's key (- reads it); else one is drawn and shown"},
};

const struct cmd cmd_init = {
    .name = "init",
    .args = "",
    .options = options,
    .n_options = sizeof options / sizeof *options,
    .summary = "Make a site: keys, certificates, trust lists, database, configuration",
    .help = "Never replaces a site that is there.",
    .uses_site = true,
    .has_json = true,
    .run = run,
};
