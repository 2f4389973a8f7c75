/* SPDX-License-Identifier: Apache-2.0 */
/* What is done on the site of a survivable router: `ringfence srst trust`, its first list, and
 * `ringfence srst renew`, another certificate. */
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "app/ringfence/commands.h"
#include "app/ringfence/container.h"
#include "app/ringfence/owner.h"
#include "base/clock.h"
#include "base/faults.h"
#include "base/text.h"
#include "service/setup/setup.h"
#include "trust/srst_cert.h"

static enum rf_err open_router(const struct cmd_ctx *ctx, struct rf_site **out, struct rf_why *why)
{
    enum rf_err err = owner_site_open(ctx, out, why);
    if (err == RF_OK && (*out)->conf->role == RF_SITE_ROLE_SRST)
        return rf_site_sweep((*out)->dir, false, why);
    if (err != RF_OK)
        return err;
    return rf_why_set(why, RF_ERR_DENIED, "role-call-manager",
                      "%s is no survivable router (role = srst)", ctx->site);
}

/* ---- its first list: anybody can make one that is well signed by itself, so a person says that it
 * is the centre's ---- */

static bool is_fingerprint(const char *given, const char *wanted)
{
    char digits[65];
    return rf_fingerprint_read(given, digits) && strcmp(digits, wanted) == 0;
}

/* Only the record that signed, and the whole list: a stranger's list may name the centre's other
 * SAST as well. */
static enum rf_err check_given(const struct rf_list *list, const char *given, struct rf_why *why)
{
    const char *signer = rf_cert_fingerprint(rf_list_own_signer(list));
    if (rf_fault_skips("srst.first-list") || is_fingerprint(given, signer) ||
        is_fingerprint(given, rf_list_fingerprint(list)))
        return RF_OK;
    return rf_why_set(why, RF_ERR_DENIED, "srst-not-accepted",
                      "the list is signed by %s, which is not the fingerprint that was given",
                      signer);
}

static enum rf_err ask(const struct rf_list *list, struct rf_why *why)
{
    char line[16] = "";
    if (isatty(STDIN_FILENO) == 0)
        return rf_why_set(
            why, RF_ERR_DENIED, "srst-not-accepted",
            "there is no terminal to ask whether the signer is the centre's: compare, "
            "and give --fingerprint");
    fprintf(stderr,
            "The list is signed by %s\n  SHA-256 %s\n"
            "At the centre `ringfence status` shows the fingerprint of SAST-1.\n"
            "Are they the same? (yes/no) ",
            rf_cert_subject(rf_list_own_signer(list)),
            rf_cert_fingerprint(rf_list_own_signer(list)));
    if (fgets(line, sizeof line, stdin) != NULL &&
        rf_slice_eq_str(rf_trim(rf_slice_str(line)), "yes"))
        return RF_OK;
    return rf_why_set(why, RF_ERR_DENIED, "srst-not-accepted",
                      "the list was not accepted: nothing has changed");
}

static enum rf_err judge(const struct cmd_ctx *ctx, const struct rf_list *list, struct rf_why *why)
{
    const char *given = cmd_get(ctx, "fingerprint");
    struct rf_list_policy policy = {.has_now = true, .now_s = rf_wall_s(rf_clock_real())};
    enum rf_err err = rf_list_verify_own(list, RF_LIST_CTL, &policy, why);
    if (err != RF_OK)
        return err;
    return given != NULL ? check_given(list, given, why) : ask(list, why);
}

static int run_trust(struct cmd_ctx *ctx)
{
    RF_AUTO(rf_site_freep) struct rf_site *site = NULL;
    RF_AUTO(rf_list_freep) struct rf_list *list = NULL;
    struct rf_why why = {0};
    enum rf_err err = open_router(ctx, &site, &why);
    if (err == RF_OK)
        err = tlv_open(ctx->args[0], &list, &why);
    if (err == RF_OK)
        err = judge(ctx, list, &why);
    if (err != RF_OK)
        return cmd_refuse(ctx, ctx->args[0], &why);
    RF_AUTO(rf_freep) char *path = rf_site_path(site, RF_SITE_CTL);
    err = rf_file_replace(path, rf_list_bytes(list), RF_FILE_PUBLIC, &why);
    if (err != RF_OK)
        return cmd_refuse(ctx, ctx->args[0], &why);
    struct rf_json *j = rf_json_obj();
    rf_json_set_str(j, "list", path);
    rf_json_set_str(j, "fingerprint", rf_list_fingerprint(list));
    rf_json_set_take(j, "signer", container_cert(rf_list_own_signer(list)));
    rf_json_set_str(j, "next", "start ringfenced, or start it again");
    return cmd_show(ctx, j);
}

static const struct cmd_option trust_options[] = {
    {.name = "fingerprint",
     .arg = "HEX",
     .help = "SHA-256 of the centre's SAST-1 certificate, or of the list, got from the centre by "
             "another way; else it is asked on the terminal"},
};

const struct cmd cmd_srst_trust = {
    .name = "srst trust",
    .args = "FILE",
    .args_min = 1,
    .args_max = 1,
    .options = trust_options,
    .n_options = sizeof trust_options / sizeof *trust_options,
    .summary = "On a survivable router: believe the centre whose CTLFile.tlv this is",
    .help =
        "Once, by the router's administrator. What the centre says from then on is verified by\n"
        "this list, and so are the lists that follow it.",
    .uses_site = true,
    .has_json = true,
    .run = run_trust,
};

/* ---- another certificate ---- */

static int run_renew(struct cmd_ctx *ctx)
{
    RF_AUTO(rf_site_freep) struct rf_site *site = NULL;
    RF_AUTO(rf_cert_freep) struct rf_cert *cert = NULL;
    struct rf_why why = {0};
    enum rf_err err = open_router(ctx, &site, &why);
    if (err == RF_OK)
        err = rf_setup_router_renew(site->dir, site->conf, rf_wall_s(rf_clock_real()), &cert, &why);
    if (err != RF_OK)
        return cmd_refuse(ctx, ctx->site, &why);
    struct rf_json *j = rf_json_obj();
    rf_json_set_take(j, "certificate", container_cert(cert));
    rf_json_set_str(j, "next", "here: ringfence reload; at the centre: ringfence srst update");
    return cmd_show(ctx, j);
}

const struct cmd cmd_srst_renew = {
    .name = "srst renew",
    .args = "",
    .summary = "On a survivable router: make another key and certificate",
    .help =
        "The router shows it after `ringfence reload`. Its centre has to accept it by\n"
        "`ringfence srst update`, and phones have to fetch their configuration: until then they\n"
        "do not register here. So do it while the centre is there.",
    .uses_site = true,
    .has_json = true,
    .run = run_renew,
};
