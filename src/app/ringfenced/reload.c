/* SPDX-License-Identifier: Apache-2.0 */
/* A configuration read again: what may change while running changes, the rest is named and stays as
 * it was. A file that is wrong, or whose parts do not fit together before a restart, changes
 * nothing. */
#include <stdio.h>

#include "app/ringfenced/server_int.h"
#include "base/log.h"

#define VALUE_MAX 1024

struct plan {
    struct server *s;
    struct rf_site_conf *wanted; /* in the end: what is in force */
    rf_admin_reload_fn each;
    void *each_arg;
    enum rf_err err;
    struct rf_why *why;
};

static void put_back(void *arg, const struct rf_conf_option *option, bool applies)
{
    struct plan *p = arg;
    char value[VALUE_MAX];
    if (applies || p->err != RF_OK)
        return;
    struct rf_why why = {0};
    p->err = rf_site_conf_set(&p->wanted, option->name,
                              rf_conf_text(option, p->s->site->conf, value, sizeof value), &why);
    if (p->err != RF_OK)
        rf_why_set(p->why, p->err, why.code,
                   "%s can only change by a restart, and the rest does not fit without it: %s",
                   option->name, why.text);
}

static void tell(void *arg, const struct rf_conf_option *option, bool applies)
{
    const struct plan *p = arg;
    p->each(p->each_arg, option->name, applies);
}

struct sccp_knobs {
    struct rf_msg msg;
    struct server *s;
    uint32_t keepalive_s;
    char date_template[16];
};

static void sccp_use(struct rf_msg *msg, void *reader)
{
    struct sccp_knobs *k = (struct sccp_knobs *)msg;
    if (reader != NULL) {
        rf_sccp_service_set_keepalive(k->s->sccp, k->keepalive_s);
        rf_sccp_service_set_date_template(k->s->sccp, k->date_template);
    }
    rf_free(k);
}

static void apply(struct server *s, struct rf_site_conf *take_conf)
{
    struct sccp_knobs *k = rf_new(struct sccp_knobs);
    rf_site_conf_free(s->site->conf);
    s->site->conf = take_conf;
    rf_log_setup(2, (enum rf_log_level)take_conf->log_level);
    rf_capf_service_set_site(s->capf, s->site);
    rf_tftp_server_set_retries(s->tftp, take_conf->tftp_retry_ms, take_conf->tftp_tries);
    rf_provision_set_site(s->provision, s->site, &s->ports);
    k->msg.run = sccp_use;
    k->s = s;
    k->keepalive_s = take_conf->keepalive_s;
    snprintf(k->date_template, sizeof k->date_template, "%s", take_conf->date_template);
    sccp_post(s, &k->msg);
}

enum rf_err server_reload(struct server *s, rf_admin_reload_fn each, void *each_arg,
                          struct rf_why *why)
{
    RF_AUTO(rf_freep) char *path = rf_site_path(s->site, RF_SITE_CONF);
    RF_AUTO(rf_site_conf_freep) struct rf_site_conf *file = NULL;
    struct plan p = {.s = s, .each = each, .each_arg = each_arg, .why = why};
    enum rf_err err = rf_site_conf_load(path, &file, why);
    if (err == RF_OK)
        err = rf_site_conf_load(path, &p.wanted, why);
    if (err != RF_OK)
        return err;
    rf_site_conf_compare(s->site->conf, file, put_back, &p);
    err = p.err;
    if (err == RF_OK)
        err = signalling_renew(s, p.wanted, why);
    if (err != RF_OK) {
        rf_site_conf_free(p.wanted);
        return err;
    }
    rf_site_conf_compare(s->site->conf, file, tell, &p);
    apply(s, p.wanted);
    return RF_OK;
}

struct names {
    struct rf_buf applied;
    struct rf_buf waiting;
};

static void add_name(void *arg, const char *option, bool is_applied)
{
    struct names *n = arg;
    struct rf_buf *to = is_applied ? &n->applied : &n->waiting;
    if (rf_buf_addf(to, "%s%s", to->len > 0 ? "," : "", option) != RF_OK)
        rf_debug(RF_CAT_CONF, "too many names for one line: %s", option);
}

static int text_of(const struct rf_buf *b)
{
    return (int)b->len;
}

void server_hup(struct server *s)
{
    struct names n = {.applied = RF_BUF(400), .waiting = RF_BUF(400)};
    struct rf_why why = {0};
    enum rf_err err = server_reload(s, add_name, &n, &why);
    if (err == RF_OK) {
        rf_info(RF_CAT_CONF, "configuration read again applied=%.*s needs-restart=%.*s",
                text_of(&n.applied), n.applied.len > 0 ? (const char *)n.applied.p : "",
                text_of(&n.waiting), n.waiting.len > 0 ? (const char *)n.waiting.p : "");
        event_of_server(s, RF_STORE_INFO, "reload", "configuration read again by signal");
    } else {
        rf_error(RF_CAT_CONF, "configuration not applied, nothing changed: %s code=%s", why.text,
                 why.code);
        event_of_server(s, RF_STORE_WARN, why.code, "configuration not applied: %s", why.text);
    }
    rf_buf_fini(&n.applied);
    rf_buf_fini(&n.waiting);
}
