/* SPDX-License-Identifier: Apache-2.0 */
/* `ringfence rotate`: the guided change of a key. */
#include <stdio.h>

#include "app/ringfence/commands.h"
#include "app/ringfence/lists.h"

/* What the administrator does next. */
static const char *advice(const struct rf_setup_rotation *r)
{
    bool waits = rf_setup_phones_count(&r->phones, RF_SETUP_STRANDED) +
                     rf_setup_phones_count(&r->phones, RF_SETUP_UNSURE) >
                 0;
    /* Listeners take up another key with a reload, the signer process does not. */
    bool is_signers = r->what == RF_SETUP_TFTP || r->what == RF_SETUP_LSC_ISSUER;
    if (r->is_broken_off)
        return "`ringfence rotate next`: a step broke off, and that does it to its end";
    if (r->what == RF_SETUP_MOVE && r->step == RF_SETUP_OVERLAP)
        return waits ? "reset the phones named here: they do not know the other site yet"
                     : "let the phones ask the other site; `ringfence rotate abort` ends it";
    switch (r->step) {
    case RF_SETUP_NONE:
        return r->wants_restart ? "`ringfence reload`" : "nothing: it is done";
    case RF_SETUP_OVERLAP:
        return r->wants_restart && is_signers ? "start ringfenced again"
               : r->wants_restart             ? "`ringfence reload`"
               : waits ? "reset the phones named here, then `ringfence rotate next`"
                       : "`ringfence rotate next`";
    case RF_SETUP_SWITCHING:
    case RF_SETUP_SWITCHED:
    case RF_SETUP_SWITCHING_BACK:
        break;
    }
    if (r->wants_restart)
        return is_signers ? "start ringfenced again, then `ringfence rotate next`"
                          : "`ringfence reload`, then `ringfence rotate next`";
    if (!waits)
        return "`ringfence rotate next`";
    return r->what == RF_SETUP_LSC_ISSUER
               ? "give the phones named here new certificates, then `ringfence rotate next`"
               : "reset the phones named here, then `ringfence rotate next`";
}

static struct rf_json *rotation_json(const struct rf_setup_rotation *r, bool is_any)
{
    struct rf_json *j = rf_json_obj();
    rf_json_set_str(j, "key", is_any ? rf_setup_what_name(r->what) : NULL);
    rf_json_set_str(j, "step", rf_setup_step_name(r->step));
    if (r->since_s != 0)
        rf_json_set_int(j, "since_s", r->since_s);
    rf_json_set_bool(j, "restart", r->wants_restart);
    rf_json_set_take(j, "phones", lists_phones_json(&r->phones));
    if (r->cert != NULL)
        rf_json_set_str(j, "fingerprint", rf_cert_fingerprint(r->cert));
    if (r->lists.list[0] != NULL) {
        struct rf_json *published = rf_json_obj();
        lists_set(published, &r->lists);
        rf_json_set_take(j, "published", published);
    }
    rf_json_set_str(j, "next", advice(r));
    return j;
}

/* Whoever is the reason: phones without the list, or those that would be stranded by one. */
static int refuse(const struct cmd_ctx *ctx, const struct rf_setup_rotation *r,
                  const struct rf_why *why)
{
    return lists_refuse(ctx, ctx->site, r->lists.phones.n > 0 ? &r->lists.phones : &r->phones, why);
}

static int run_begin(struct cmd_ctx *ctx)
{
    RF_AUTO(rf_site_freep) struct rf_site *site = NULL;
    RF_AUTO(rf_secret_fini) struct rf_secret passphrase = {.len = 0};
    RF_AUTO(rf_setup_rotation_fini) struct rf_setup_rotation r = {0};
    RF_AUTO(rf_cert_freep) struct rf_cert *to = NULL;
    const char *path = cmd_get(ctx, "to");
    enum rf_setup_what what = RF_SETUP_CCM;
    char drawn[LISTS_DRAWN] = "";
    struct rf_setup_run run;
    struct rf_why why = {0};
    if (!rf_setup_what_parse(ctx->args[0], &what))
        return cmd_usage(
            ctx, "\"%s\" is none of ccm, tftp, capf, https, tvs, sast, sast2, lsc-issuer, move",
            ctx->args[0]);
    if ((what == RF_SETUP_MOVE) != (path != NULL))
        return cmd_usage(ctx, "--to names the other site's SAST: with move, and only then");
    enum rf_err err = lists_open(ctx, &site, &run, &why);
    if (err == RF_OK && what == RF_SETUP_SAST2)
        err = lists_passphrase(ctx, &passphrase, drawn, &why);
    if (err == RF_OK && path != NULL)
        err = rf_cert_from_pem_file(path, &to, &why);
    if (err == RF_OK)
        err = to != NULL ? rf_setup_rotation_move(&run, to, &r, &why)
                         : rf_setup_rotation_begin(&run, what, &passphrase, &r, &why);
    int status;
    if (err == RF_OK) {
        struct rf_json *j = rotation_json(&r, true);
        if (what == RF_SETUP_SAST2)
            lists_set_spare(j, ctx, drawn);
        status = cmd_show(ctx, j);
    } else {
        status = refuse(ctx, &r, &why);
    }
    rf_wipe(drawn, sizeof drawn);
    return status;
}

typedef enum rf_err (*step_fn)(const struct rf_setup_run *run, struct rf_setup_rotation *out,
                               struct rf_why *why);

static int run_step(struct cmd_ctx *ctx, step_fn step, bool is_any)
{
    RF_AUTO(rf_site_freep) struct rf_site *site = NULL;
    RF_AUTO(rf_setup_rotation_fini) struct rf_setup_rotation r = {0};
    struct rf_setup_run run;
    struct rf_why why = {0};
    enum rf_err err = lists_open(ctx, &site, &run, &why);
    if (err == RF_OK)
        err = step(&run, &r, &why);
    if (err != RF_OK)
        return refuse(ctx, &r, &why);
    return cmd_show(ctx, rotation_json(&r, is_any || r.step != RF_SETUP_NONE));
}

static int run_status(struct cmd_ctx *ctx)
{
    return run_step(ctx, rf_setup_rotation_load, false);
}

static int run_next(struct cmd_ctx *ctx)
{
    return run_step(ctx, rf_setup_rotation_next, true);
}

static int run_abort(struct cmd_ctx *ctx)
{
    return run_step(ctx, rf_setup_rotation_abort, true);
}

static const struct cmd_option begin_options[] = {
    {.name = "sast2-passphrase-file",
     .arg = "FILE",
     .help = "with sast2: passphrase of its key (- reads it); else one is drawn and shown"},
    {.name = "to",
     .arg = "CERT",
     .help = "with move: the SAST of the site that phones move to, its certs/sast1.pem"},
    {.name = "force", .help = "publish even when phones are stranded"},
};

static const struct cmd_option force_options[] = {
    {.name = "force", .help = "go on without the phones that are not ready"},
};

const struct cmd cmd_rotate_begin = {
    .name = "rotate begin",
    .args = "KEY",
    .args_min = 1,
    .args_max = 1,
    .options = begin_options,
    .n_options = sizeof begin_options / sizeof *begin_options,
    .summary = "Begin to change a key: make the new one, and make it known to the phones",
    .help =
        "KEY is ccm, tftp, capf, https, tvs, sast, sast2, lsc-issuer, or move. One at a time. The\n"
        "old key is used until `ringfence rotate next`, which waits until every phone knows the "
        "new\n"
        "one. sast2 is done at once. With move no key is made: phones learn to believe another\n"
        "site, so that they take its lists once they ask there.",
    .uses_site = true,
    .has_json = true,
    .run = run_begin,
};

const struct cmd cmd_rotate_status = {
    .name = "rotate status",
    .args = "",
    .summary = "Show where the change of a key stands, and which phones it waits for",
    .uses_site = true,
    .has_json = true,
    .run = run_status,
};

const struct cmd cmd_rotate_next = {
    .name = "rotate next",
    .args = "",
    .options = force_options,
    .n_options = sizeof force_options / sizeof *force_options,
    .summary = "Go on: switch to the new key, or forget the old one",
    .uses_site = true,
    .has_json = true,
    .run = run_next,
};

const struct cmd cmd_rotate_abort = {
    .name = "rotate abort",
    .args = "",
    .options = force_options,
    .n_options = sizeof force_options / sizeof *force_options,
    .summary = "Go one step back: to the old key, and then to lists without the new one",
    .uses_site = true,
    .has_json = true,
    .run = run_abort,
};
