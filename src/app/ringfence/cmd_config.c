/* SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>

#include "app/ringfence/commands.h"
#include "base/file.h"
#include "service/site/site.h"

static char *path_of(const struct cmd_ctx *ctx)
{
    return ctx->n_args > 0 ? rf_strdup(ctx->args[0]) : rf_site_path_in(ctx->site, RF_SITE_CONF);
}

static void add_weak(void *arg, const char *name, const char *value)
{
    struct rf_json *one = rf_json_obj();
    rf_json_set_str(one, "option", name);
    rf_json_set_str(one, "value", value);
    rf_json_arr_add_take(arg, one);
}

static int run_check(struct cmd_ctx *ctx)
{
    RF_AUTO(rf_freep) char *path = path_of(ctx);
    RF_AUTO(rf_site_conf_freep) struct rf_site_conf *conf = NULL;
    struct rf_why why = {0};
    if (rf_site_conf_load(path, &conf, &why) != RF_OK)
        return cmd_refuse(ctx, path, &why);
    struct rf_json *j = rf_json_obj();
    struct rf_json *weak = rf_json_arr();
    rf_json_set_bool(j, "ok", true);
    rf_json_set_str(j, "file", path);
    rf_site_conf_weak(conf, add_weak, weak);
    rf_json_set_take(j, "weak", weak);
    /* Of the site whose file it is; a router has none. */
    if (ctx->n_args == 0 && conf->role == RF_SITE_ROLE_CALL_MANAGER)
        rf_json_set_str(j, "sast2_key", rf_site_sast2_key(ctx->site));
    return cmd_show(ctx, j);
}

const struct cmd cmd_config_check = {
    .name = "config check",
    .args = "[FILE]",
    .args_max = 1,
    .summary = "Check a configuration file; names the weak choices in it",
    .help = "Of the site's own file it says too whether the key of the second SAST is still here:\n"
            "it belongs elsewhere.",
    .uses_site = true,
    .has_json = true,
    .run = run_check,
};

static int run_show(struct cmd_ctx *ctx)
{
    RF_AUTO(rf_freep) char *path = path_of(ctx);
    RF_AUTO(rf_site_conf_freep) struct rf_site_conf *conf = NULL;
    RF_AUTO(rf_buf_fini) struct rf_buf text = RF_BUF((size_t)256 * 1024);
    struct rf_why why = {0};
    bool has_site = ctx->n_args > 0 || rf_file_exists(path);
    if (!has_site)
        conf = rf_site_conf_new();
    else if (rf_site_conf_load(path, &conf, &why) != RF_OK)
        return cmd_refuse(ctx, path, &why);
    if (!ctx->is_json) {
        if (!has_site)
            printf("# There is no site in %s. This is what an option is that a file leaves out;\n"
                   "# `ringfence init` switches some on.\n\n",
                   ctx->site);
        if (rf_conf_write(&rf_site_conf_def, conf, &text) != RF_OK)
            return CMD_REFUSED;
        return fwrite(text.p, 1, text.len, stdout) == text.len ? CMD_OK : CMD_REFUSED;
    }
    struct rf_json *j = rf_json_obj();
    for (size_t i = 0; i < rf_site_conf_def.n; i++) {
        char value[RF_CONF_NUMBER];
        const struct rf_conf_option *o = &rf_site_conf_def.options[i];
        rf_json_set_str(j, o->name, rf_conf_text(o, conf, value));
    }
    return cmd_show(ctx, j);
}

const struct cmd cmd_config_show = {
    .name = "config show",
    .args = "[FILE]",
    .args_max = 1,
    .summary = "Show every option with its value and what it does",
    .help = "Where there is no site yet: what an option is that a file leaves out.",
    .uses_site = true,
    .has_json = true,
    .run = run_show,
};
