/* SPDX-License-Identifier: Apache-2.0 */
/* A configuration read again: what may change while running changes, the rest is named and stays as
 * it was. A file that is wrong, or whose parts do not fit together before a restart, changes
 * nothing. */
#include <stdio.h>

#include "app/ringfenced/server_int.h"
#include "base/log.h"

struct plan {
    struct server *s;
    rf_admin_reload_fn each;
    void *each_arg;
    struct rf_site_setting *kept; /* what only a restart changes, as it is now; values owned */
    size_t n;
};

static void keep(void *arg, const struct rf_conf_option *option, bool applies)
{
    struct plan *p = arg;
    char value[RF_CONF_NUMBER];
    if (applies)
        return;
    const char *text = rf_conf_text(option, p->s->site->conf, value);
    p->kept[p->n++] = (struct rf_site_setting){.name = option->name, .value = rf_strdup(text)};
}

/* The file's configuration, but for what only a restart changes. */
static enum rf_err mix(struct plan *p, const struct rf_site_conf *file, struct rf_site_conf **out,
                       struct rf_why *why)
{
    RF_AUTO(rf_freep) char *path = rf_site_path(p->s->site, RF_SITE_CONF);
    struct rf_why inner = {0};
    p->kept = rf_new_n(struct rf_site_setting, rf_site_conf_def.n);
    rf_site_conf_compare(p->s->site->conf, file, keep, p);
    enum rf_err err = rf_site_conf_load(path, out, why);
    if (err != RF_OK)
        return err;
    if (p->n > 0)
        err = rf_site_conf_set_all(out, p->kept, p->n, &inner);
    if (err != RF_OK)
        return rf_why_set(why, err, inner.code,
                          "what changes only by a restart does not fit the rest until then: %s",
                          inner.text);
    return RF_OK;
}

static void plan_fini(struct plan *p)
{
    for (size_t i = 0; i < p->n; i++)
        rf_free((char *)(uintptr_t)p->kept[i].value);
    rf_free(p->kept);
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
    uint32_t no_answer_s;
    uint32_t return_rate;
    char date_template[16];
    char time_zone[100];
};

static void sccp_use(struct rf_msg *msg, void *reader)
{
    struct sccp_knobs *k = (struct sccp_knobs *)msg;
    if (reader != NULL) {
        if (k->keepalive_s != 0)
            rf_sccp_service_set_keepalive(k->s->sccp, k->keepalive_s);
        rf_sccp_service_set_return_rate(k->s->sccp, k->return_rate);
        rf_sccp_service_set_date_template(k->s->sccp, k->date_template);
        rf_sccp_service_set_time_zone(k->s->sccp, k->time_zone);
        rf_call_timer_set(rf_sccp_service_calls(k->s->sccp), RF_CALL_T_NO_ANSWER,
                          k->no_answer_s * 1000);
    }
    rf_free(k);
}

static void beliefs_fini(struct beliefs *b)
{
    rf_anchors_unref(b->mic);
    rf_anchors_unref(b->capf);
    if (b->signalling != NULL)
        signalling_free(b->signalling);
    *b = (struct beliefs){.capf = NULL};
}

static void beliefs_use(struct server *s, struct beliefs *b)
{
    if (b->capf != NULL)
        capf_anchors_use(s, rf_steal(&b->mic), rf_steal(&b->capf));
    if (b->signalling != NULL)
        signalling_use(s, rf_steal(&b->signalling));
}

static void apply(struct server *s, struct rf_site_conf *take_conf)
{
    struct sccp_knobs *k = rf_new(struct sccp_knobs);
    device_models_use(s, take_conf);
    rf_site_conf_free(s->site->conf);
    s->site->conf = take_conf;
    for (int cat = 0; cat < RF_CAT_N; cat++)
        rf_log_set_level((enum rf_log_cat)cat, (enum rf_log_level)take_conf->log_level);
    for (size_t i = 0; s->role->reload_use[i] != NULL; i++)
        s->role->reload_use[i](s, take_conf);
    k->msg.run = sccp_use;
    k->s = s;
    /* A router's phones keep the time of their centre. */
    k->keepalive_s = s->role->is_router ? 0 : take_conf->keepalive_s;
    k->return_rate = take_conf->return_rate;
    k->no_answer_s = take_conf->no_answer_s;
    snprintf(k->date_template, sizeof k->date_template, "%s", take_conf->date_template);
    snprintf(k->time_zone, sizeof k->time_zone, "%s", take_conf->time_zone);
    sccp_post(s, &k->msg);
}

enum rf_err server_reload(struct server *s, rf_admin_reload_fn each, void *each_arg,
                          struct rf_why *why)
{
    RF_AUTO(rf_freep) char *path = rf_site_path(s->site, RF_SITE_CONF);
    RF_AUTO(rf_site_conf_freep) struct rf_site_conf *file = NULL;
    RF_AUTO(rf_site_conf_freep) struct rf_site_conf *wanted = NULL;
    RF_AUTO(certs_fresh_fini) struct certs_fresh fresh = {.cert = {NULL}};
    RF_AUTO(beliefs_fini) struct beliefs beliefs = {.capf = NULL};
    RF_AUTO(plan_fini) struct plan p = {.s = s, .each = each, .each_arg = each_arg};
    enum rf_err err = rf_site_conf_load(path, &file, why);
    if (err == RF_OK)
        err = mix(&p, file, &wanted, why);
    if (err == RF_OK)
        err = certs_look(s, &fresh, why);
    for (size_t i = 0; err == RF_OK && s->role->reload_check[i] != NULL; i++)
        err = s->role->reload_check[i](s, wanted, &beliefs, why);
    if (err != RF_OK)
        return err;
    rf_site_conf_compare(s->site->conf, file, tell, &p);
    beliefs_use(s, &beliefs);
    apply(s, rf_steal(&wanted));
    certs_use(s, &fresh);
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
