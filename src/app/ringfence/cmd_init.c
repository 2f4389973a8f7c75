/* SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>
#include <string.h>

#include "app/ringfence/commands.h"
#include "app/ringfence/owner.h"
#include "app/ringfence/passphrase.h"
#include "base/clock.h"
#include "base/text.h"
#include "service/setup/setup.h"

#define OPTION_NAME_MAX 64

struct given {
    struct rf_site_setting settings[CMD_VALUES_MAX + 1];
    char names[CMD_VALUES_MAX][OPTION_NAME_MAX];
    size_t n;
};

static enum rf_err read_given(const struct cmd_ctx *ctx, struct given *out, struct rf_why *why)
{
    const char *role = cmd_get(ctx, "role");
    const char *given;
    out->n = 0;
    for (; (given = cmd_nth(ctx, "set", out->n)) != NULL; out->n++) {
        struct rf_slice rest = rf_slice_str(given), name;
        const char *value = strchr(given, '=');
        if (value == NULL || !rf_next_piece(&rest, '=', &name) ||
            !rf_slice_to_str(rf_trim(name), out->names[out->n], OPTION_NAME_MAX))
            return rf_why_set(why, RF_ERR_BAD, "conf-syntax", "--set %s: wants NAME=VALUE", given);
        out->settings[out->n] = (struct rf_site_setting){out->names[out->n], value + 1};
    }
    if (role != NULL)
        out->settings[out->n++] = (struct rf_site_setting){"role", role};
    return RF_OK;
}

/* What a configuration without these lines does not do: older sites stay as they are. A router has
 * none of it. */
static enum rf_err set_new_sites(struct rf_site_conf **conf, const struct given *given,
                                 struct rf_why *why)
{
    static const struct rf_site_setting settings[] = {
        {"list_version", "1.1"}, {"http", "yes"}, {"https", "yes"}, {"tvs", "yes"}};
    RF_AUTO(rf_site_conf_freep) struct rf_site_conf *alone = rf_site_conf_new();
    struct rf_why none = {0};
    if (rf_site_conf_set_all(&alone, given->settings, given->n, &none) == RF_OK &&
        alone->role == RF_SITE_ROLE_SRST)
        return RF_OK;
    return rf_site_conf_set_all(conf, settings, sizeof settings / sizeof *settings, why);
}

static enum rf_err take_options(const struct cmd_ctx *ctx, struct rf_site_conf **conf,
                                struct rf_why *why)
{
    struct given given;
    enum rf_err err = read_given(ctx, &given, why);
    if (err == RF_OK)
        err = set_new_sites(conf, &given, why);
    return err == RF_OK ? rf_site_conf_set_all(conf, given.settings, given.n, why) : err;
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

/* What a router is known by goes to its centre, and what the centre is known by comes here. */
static int report_router(const struct cmd_ctx *ctx, const struct rf_site_conf *conf,
                         struct rf_json *certificates)
{
    const struct rf_json *cert = rf_json_at(certificates, 0);
    RF_AUTO(rf_freep) char *fingerprint = rf_strdup(rf_json_str(cert, "fingerprint"));
    struct rf_json *j = rf_json_obj();
    rf_json_set_str(j, "site", ctx->site);
    rf_json_set_str(j, "role", "srst");
    rf_json_set_take(j, "certificates", certificates);
    if (ctx->is_json)
        return cmd_print_json(j);
    rf_json_free(j);
    printf("Site of a survivable router made in %s\n\n"
           "Its certificate (SHA-256): %s\n\n"
           "Next:\n",
           ctx->site, fingerprint);
    if (conf->centre[0] == '\0')
        printf("  here        set centre = ADDRESS in %s/ringfence.conf\n", ctx->site);
    printf("  here        ringfence srst trust --site %s FILE   the centre's lists/CTLFile.tlv, "
           "once\n"
           "  here        ringfenced --config %s/ringfence.conf\n"
           "  the centre  ringfence srst add %s ADDRESS   shows this fingerprint: compare\n",
           ctx->site, ctx->site, conf->name);
    return CMD_OK;
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
        err = owner_become(ctx->site, &why);
    if (err == RF_OK)
        err = rf_setup_site_make(&make, &why);
    int status = CMD_REFUSED;
    if (err == RF_OK && conf->role == RF_SITE_ROLE_SRST)
        status = report_router(ctx, conf, steps.certificates);
    else if (err == RF_OK)
        status = report(ctx, steps.certificates, drawn[0] != '\0' ? drawn : NULL);
    else {
        rf_json_free(steps.certificates);
        status = cmd_refuse(ctx, ctx->site, &why);
    }
    rf_wipe(drawn, sizeof drawn);
    return status;
}

static const struct cmd_option options[] = {
    {.name = "role",
     .arg = "ROLE",
     .help = "what the server will be: call-manager (default), or srst, the survivable router of a "
             "branch"},
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
    .help =
        "Never replaces a site that is there. Made by root, it is of the user to whom its folder\n"
        "belongs. A router (--role srst) gets one key and its\n"
        "certificate, and says what to do next.",
    .uses_site = true,
    .has_json = true,
    .run = run,
};
