/* SPDX-License-Identifier: Apache-2.0 */
/* Requests: who may ask, which route, and the way of each through the threads. */
#include "service/admin/admin_int.h"

#include "base/faults.h"
#include "base/text.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define HASHES_WAITING 64
#define REFUSALS_A_MIN 10
#define JSON           "application/json"

enum stage { STAGE_HASH, STAGE_STORE, STAGE_CALLS, STAGE_ANSWER };

static const struct admin_route routes[] = {
    {RF_HTTP_GET, "/v1/status", admin_status_begin, NULL, admin_status_store, admin_status_calls,
     admin_status_answer, ADMIN_AT_BOTH},
    {RF_HTTP_GET, "/v1/devices", NULL, NULL, admin_devices_store, admin_look_live,
     admin_devices_answer},
    {RF_HTTP_GET, "/v1/devices", admin_branch_begin, NULL, NULL, admin_look_live,
     admin_devices_answer, ADMIN_AT_ROUTER},
    {RF_HTTP_POST, "/v1/devices", admin_add_begin, NULL, admin_add_store, admin_change_calls,
     admin_add_answer},
    {RF_HTTP_GET, "/v1/devices/*", NULL, NULL, admin_device_store, admin_look_live,
     admin_device_answer},
    {RF_HTTP_GET, "/v1/devices/*", admin_branch_one_begin, NULL, NULL, admin_look_live,
     admin_device_answer, ADMIN_AT_ROUTER},
    {RF_HTTP_PUT, "/v1/devices/*", admin_edit_begin, NULL, admin_edit_store, admin_change_calls,
     admin_edit_answer},
    {RF_HTTP_DELETE, "/v1/devices/*", NULL, NULL, admin_remove_store, admin_remove_calls,
     admin_remove_answer},
    {RF_HTTP_POST, "/v1/devices/*/capf", admin_capf_begin, admin_capf_hash, admin_capf_store,
     admin_capf_calls, admin_capf_answer},
    {RF_HTTP_POST, "/v1/devices/*/reset", admin_reset_begin, NULL, admin_reset_store,
     admin_reset_calls, admin_reset_answer},
    {RF_HTTP_GET, "/v1/capf/due", NULL, NULL, admin_due_store, NULL, admin_due_answer},
    {RF_HTTP_GET, "/v1/campaigns", NULL, NULL, admin_campaigns_store, NULL, admin_campaigns_answer},
    {RF_HTTP_POST, "/v1/campaigns", admin_campaign_begin, admin_campaign_hash, admin_campaign_store,
     NULL, admin_campaign_answer},
    {RF_HTTP_GET, "/v1/campaigns/*", NULL, NULL, admin_campaign_show_store, NULL,
     admin_campaign_show_answer},
    {RF_HTTP_POST, "/v1/campaigns/*", admin_campaign_set_begin, NULL, admin_campaign_set_store,
     NULL, admin_campaign_set_answer},
    {RF_HTTP_GET, "/v1/campaigns/*/members", admin_campaign_page, NULL,
     admin_campaign_members_store, NULL, admin_campaign_members_answer},
    {RF_HTTP_GET, "/v1/capf/requests", NULL, NULL, admin_requests_store, NULL,
     admin_requests_answer},
    {RF_HTTP_POST, "/v1/capf/requests", admin_made_begin, NULL, admin_made_store, admin_capf_calls,
     admin_made_answer},
    {RF_HTTP_DELETE, "/v1/capf/requests", admin_drop_begin, NULL, admin_drop_store, NULL,
     admin_drop_answer},
    {RF_HTTP_GET, "/v1/loads", NULL, NULL, admin_loads_store, NULL, admin_loads_answer},
    {RF_HTTP_POST, "/v1/loads", admin_load_begin, NULL, admin_load_store, admin_load_calls,
     admin_load_answer},
    {RF_HTTP_GET, "/v1/pending", NULL, NULL, admin_pending_store, NULL, admin_pending_answer},
    {RF_HTTP_POST, "/v1/devices/*/approve", admin_approve_begin, NULL, admin_approve_store,
     admin_change_calls, admin_approve_answer},
    {RF_HTTP_GET, "/v1/devices/*/config", admin_document_begin, NULL, admin_document_store, NULL,
     admin_document_answer},
    {RF_HTTP_PUT, "/v1/devices/*/config", admin_config_begin, NULL, admin_config_store, NULL,
     admin_config_answer},
    {RF_HTTP_GET, "/v1/templates", admin_template_look, NULL, admin_template_show_store, NULL,
     admin_template_show_answer},
    {RF_HTTP_PUT, "/v1/templates", admin_template_begin, NULL, admin_config_store, NULL,
     admin_config_answer},
    {RF_HTTP_GET, "/v1/lint", admin_lint_begin, NULL, admin_lint_store, NULL, admin_lint_answer},
    {RF_HTTP_GET, "/v1/tvs", NULL, NULL, NULL, NULL, admin_tvs_answer},
    {RF_HTTP_POST, "/v1/tvs", admin_tvs_add_begin, NULL, admin_tvs_add_store, NULL,
     admin_tvs_changed_answer},
    {RF_HTTP_DELETE, "/v1/tvs", admin_tvs_remove_begin, NULL, admin_tvs_remove_store, NULL,
     admin_tvs_changed_answer},
    {RF_HTTP_GET, "/v1/srst", admin_srsts_begin, NULL, admin_srsts_store, NULL, admin_srsts_answer},
    {RF_HTTP_POST, "/v1/srst", admin_srst_begin, NULL, admin_srst_store, NULL, admin_srst_answer},
    {RF_HTTP_DELETE, "/v1/srst", admin_unsrst_begin, NULL, admin_unsrst_store, NULL,
     admin_unsrst_answer},
    {RF_HTTP_PUT, "/v1/srst/use", admin_srst_use_begin, NULL, admin_srst_use_store, NULL,
     admin_srst_use_answer},
    {RF_HTTP_POST, "/v1/srst/release", admin_srst_release_begin, NULL, admin_srst_release_store,
     NULL, admin_srst_release_answer},
    {RF_HTTP_GET, "/v1/blocked", NULL, NULL, admin_blocked_store, NULL, admin_blocked_answer},
    {RF_HTTP_POST, "/v1/blocked", admin_block_begin, NULL, admin_block_store, admin_block_calls,
     admin_block_answer},
    {RF_HTTP_DELETE, "/v1/blocked", admin_unblock_begin, NULL, admin_unblock_store, NULL,
     admin_block_answer},
    {RF_HTTP_GET, "/v1/mics", NULL, NULL, admin_mics_store, NULL, admin_mics_answer},
    {RF_HTTP_GET, "/v1/mics/allowed", NULL, NULL, admin_mic_allowed_store, NULL,
     admin_mic_allowed_answer},
    {RF_HTTP_POST, "/v1/devices/*/mic", admin_mic_allow_begin, NULL, admin_mic_allow_store, NULL,
     admin_mic_allow_answer},
    {RF_HTTP_DELETE, "/v1/devices/*/mic", NULL, NULL, admin_mic_forbid_store, NULL,
     admin_mic_forbid_answer},
    {RF_HTTP_GET, "/v1/revocation", NULL, NULL, NULL, NULL, admin_revocation_answer},
    {RF_HTTP_POST, "/v1/revocation", admin_revocation_begin, NULL, admin_revocation_store, NULL,
     admin_revocation_changed_answer},
    {RF_HTTP_GET, "/v1/events", admin_events_begin, NULL, admin_events_store, NULL,
     admin_events_answer, ADMIN_AT_BOTH},
    {RF_HTTP_GET, "/v1/calls", NULL, NULL, NULL, admin_calls_calls, admin_calls_answer,
     ADMIN_AT_BOTH},
    {RF_HTTP_GET, "/v1/calls/history", admin_records_begin, NULL, admin_records_store, NULL,
     admin_records_answer, ADMIN_AT_BOTH},
    {RF_HTTP_GET, "/v1/meet-me", NULL, NULL, admin_meet_mes_store, NULL, admin_meet_mes_answer,
     ADMIN_AT_BOTH},
    {RF_HTTP_POST, "/v1/meet-me", admin_meet_me_begin, NULL, admin_meet_me_store,
     admin_meet_me_calls, admin_meet_me_answer},
    {RF_HTTP_DELETE, "/v1/meet-me", admin_unmeet_begin, NULL, admin_unmeet_store,
     admin_unmeet_calls, admin_unmeet_answer},
    {RF_HTTP_POST, "/v1/reload", admin_reload_begin, NULL, NULL, NULL, admin_reload_answer,
     ADMIN_AT_BOTH},
};
#define ROUTES_N (sizeof routes / sizeof *routes)

/* ---- what every handler needs ---- */

enum rf_err admin_refuse(struct admin_task *t, int status, struct rf_why *why, const char *code,
                         const char *fmt, ...)
{
    char text[RF_WHY_TEXT_MAX];
    va_list ap;
    va_start(ap, fmt);
    vsnprintf(text, sizeof text, fmt, ap);
    va_end(ap);
    t->status = status;
    return rf_why_replace(why, status == 404 ? RF_ERR_NOT_FOUND : RF_ERR_DENIED, code, "%s", text);
}

struct rf_store_event admin_event(const struct admin_task *t, const char *category,
                                  const char *code, const char *fmt, ...)
{
    struct rf_store_event e = {
        .time_s = t->now_s, .uid = (int64_t)t->uid, .severity = RF_STORE_INFO};
    snprintf(e.category, sizeof e.category, "%s", category);
    snprintf(e.code, sizeof e.code, "%s", code);
    snprintf(e.device, sizeof e.device, "%s", t->name);
    char text[RF_WHY_TEXT_MAX];
    va_list ap;
    va_start(ap, fmt);
    vsnprintf(text, sizeof text, fmt, ap);
    va_end(ap);
    rf_escape(rf_slice_str(text), e.text, sizeof e.text);
    return e;
}

struct member_check {
    const char *const *allowed;
    const char *unknown;
};

static void check_member(void *ctx, const char *key, const struct rf_json *value)
{
    struct member_check *check = ctx;
    for (size_t i = 0; check->allowed[i] != NULL; i++)
        if (strcmp(check->allowed[i], key) == 0)
            return;
    check->unknown = key;
}

enum rf_err admin_members(const struct rf_json *obj, const char *const *members, struct rf_why *why)
{
    struct member_check check = {.allowed = members};
    char shown[64];
    if (!rf_json_is_obj(obj))
        return rf_why_set(why, RF_ERR_BAD, "json-type", "an object is wanted");
    rf_json_each(obj, check_member, &check);
    if (check.unknown != NULL)
        return rf_why_set(why, RF_ERR_BAD, "json-unknown", "there is no member \"%s\" here",
                          rf_escape(rf_slice_str(check.unknown), shown, sizeof shown));
    return RF_OK;
}

enum rf_err admin_body(struct rf_http_req *req, const char *const *members, struct rf_json **out,
                       struct rf_why *why)
{
    RF_AUTO(rf_json_freep) struct rf_json *body = NULL;
    enum rf_err err = rf_json_parse(rf_http_body(req), &body, why);
    if (err == RF_OK)
        err = admin_members(body, members, why);
    if (err == RF_OK)
        *out = rf_steal(&body);
    return err;
}

/* ---- answers ---- */

static int status_of(enum rf_err err)
{
    switch (err) {
    case RF_OK:
        return 200;
    case RF_ERR_NOT_FOUND:
        return 404;
    case RF_ERR_DENIED:
    case RF_ERR_EXISTS:
        return 409;
    case RF_ERR_AGAIN:
        return 503;
    case RF_ERR_SHORT:
    case RF_ERR_BAD:
    case RF_ERR_LIMIT:
    case RF_ERR_UNKNOWN:
        return 400;
    case RF_ERR_IO:
    case RF_ERR_CRYPTO:
    case RF_ERR_NOMEM:
        break;
    }
    return 500;
}

static void reply(struct rf_http_req *req, int status, const struct rf_json *body)
{
    struct rf_buf text = RF_BUF(ADMIN_ANSWER_MAX);
    if (rf_json_dump(body, 0, &text) == RF_OK && rf_buf_addf(&text, "\n") == RF_OK)
        rf_http_reply(req, status, JSON, rf_buf_slice(&text));
    else
        rf_http_reply(req, 500, JSON,
                      rf_slice_str("{\"error\":{\"code\":\"answer-long\",\"text\":\"the answer is "
                                   "too long: ask for less\"}}\n"));
    rf_wipe(text.p, text.len); /* it may hold an authentication string */
    rf_buf_fini(&text);
}

static void reply_error(struct rf_http_req *req, int status, const struct rf_why *why)
{
    RF_AUTO(rf_json_freep) struct rf_json *body = rf_json_obj();
    struct rf_json *error = rf_json_obj();
    rf_json_set_str(error, "code", why->code[0] != '\0' ? why->code : "failed");
    rf_json_set_str(error, "text", why->text);
    rf_json_set_take(body, "error", error);
    reply(req, status, body);
}

static void task_free(struct admin_task *t)
{
    for (size_t i = 0; i < t->n_devices; i++)
        admin_device_fini(&t->devices[i]);
    rf_free(t->devices);
    rf_json_wipe(t->change.body);
    rf_json_free(t->change.body);
    if (t->config.view != NULL)
        ADMIN_OPS(t, config_release)(t->config.view);
    if (t->tvs != NULL)
        ADMIN_OPS(t, tvs_use)(t->tvs);
    if (t->revocation != NULL)
        ADMIN_OPS(t, revocation_drop)(t->revocation);
    rf_secret_fini(&t->change.string);
    rf_wipe(&t->change.capf, sizeof t->change.capf);
    rf_cert_unref(t->lsc);
    rf_json_free(t->shown);
    rf_json_free(t->lists);
    rf_json_free(t->ending);
    rf_json_wipe(t->campaigns);
    rf_json_free(t->campaigns);
    admin_campaign_free(t->campaign);
    admin_srst_free(t->srst);
    rf_free(t->calls);
    rf_free(t);
}

static void finish(struct admin_task *t)
{
    struct rf_http_req *req = rf_http_find(t->admin->http, t->request);
    if (t->err != RF_OK) {
        int status = t->status != 0 ? t->status : status_of(t->err);
        rf_log(RF_CAT_ADMIN, status >= 500 ? RF_LOG_ERROR : RF_LOG_INFO,
               "refused: %s code=%s uid=%u dev=%s", t->why.text, t->why.code, (unsigned)t->uid,
               t->name[0] != '\0' ? t->name : "-");
        if (req != NULL)
            reply_error(req, status, &t->why);
    } else {
        RF_AUTO(rf_json_freep) struct rf_json *out = rf_json_obj();
        t->route->answer(t, out);
        if (req != NULL)
            reply(req, t->status != 0 ? t->status : 200, out);
    }
    task_free(t);
}

/* ---- the way through the threads ---- */

static void go_on(struct admin_task *t);

static void hash_work(struct rf_job *job, void *state)
{
    struct admin_task *t = (struct admin_task *)job;
    t->err = t->route->hash(t, &t->why);
}

static void store_work(struct rf_job *job, void *state)
{
    struct admin_task *t = (struct admin_task *)job;
    t->err = t->route->store(t, state, &t->why);
}

static void job_done(struct rf_job *job, void *reader)
{
    struct admin_task *t = (struct admin_task *)job;
    if (reader != NULL)
        go_on(t);
    else
        task_free(t);
}

static void post_job(struct admin_task *t, struct rf_worker *worker,
                     void (*work)(struct rf_job *job, void *state))
{
    t->job = (struct rf_job){
        .work = work, .done = job_done, .answer_to = rf_loop_mailbox(t->admin->conf.loop)};
    if (rf_worker_post(worker, &t->job) == RF_OK)
        return;
    t->err = rf_why_replace(&t->why, RF_ERR_AGAIN, "busy",
                            "the server has too much to do at the moment: ask again");
    finish(t);
}

static struct admin_task *task_of(struct rf_msg *msg)
{
    return (struct admin_task *)((char *)msg - offsetof(struct admin_task, msg));
}

static void back(struct rf_msg *msg, void *reader)
{
    struct admin_task *t = task_of(msg);
    if (reader != NULL)
        go_on(t);
    else
        task_free(t);
}

static void on_calls(struct rf_msg *msg, void *reader)
{
    struct admin_task *t = task_of(msg);
    if (reader == NULL) {
        task_free(t);
        return;
    }
    t->err = t->route->calls(t, &t->why);
    if (t->err == RF_ERR_AGAIN) {
        t->err = RF_OK;
        ADMIN_OPS(t, to_calls)(ADMIN_ARG(t), msg);
        return;
    }
    msg->run = back;
    rf_mailbox_post_answer(rf_loop_mailbox(t->admin->conf.loop), msg);
}

static void go_on(struct admin_task *t)
{
    while (t->err == RF_OK && t->stage < STAGE_ANSWER) {
        enum stage stage = (enum stage)t->stage++;
        if (stage == STAGE_HASH && t->route->hash != NULL) {
            post_job(t, t->admin->hashes, hash_work);
            return;
        }
        if (stage == STAGE_STORE && t->route->store != NULL) {
            post_job(t, t->admin->conf.store, store_work);
            return;
        }
        if (stage == STAGE_CALLS && t->route->calls != NULL) {
            t->msg.run = on_calls;
            ADMIN_OPS(t, to_calls)(ADMIN_ARG(t), &t->msg);
            return;
        }
    }
    finish(t);
}

/* ---- requests ---- */

/* The name stands where the pattern has "*"; longer than any device's it is nobody's. */
static bool path_fits(const char *pattern, const char *path, char name[RF_STORE_DEVICE_NAME])
{
    struct rf_slice want = rf_slice_str(pattern);
    struct rf_slice got = rf_slice_str(path);
    struct rf_slice w;
    struct rf_slice g;
    while (rf_next_piece(&want, '/', &w)) {
        if (!rf_next_piece(&got, '/', &g))
            return false;
        if (rf_slice_eq_str(w, "*")) {
            if (g.len == 0 || !rf_slice_to_str(g, name, RF_STORE_DEVICE_NAME))
                return false;
        } else if (!rf_slice_eq(w, g)) {
            return false;
        }
    }
    return !rf_next_piece(&got, '/', &g);
}

static bool is_served(const struct admin_route *route, bool is_router)
{
    return route->where == ADMIN_AT_BOTH || (route->where == ADMIN_AT_ROUTER) == is_router;
}

/* 404: there is no such path, 405: not with this method, 409: not in this role. */
static const struct admin_route *route_of(const struct rf_http_req *req, bool is_router,
                                          char name[RF_STORE_DEVICE_NAME], int *status)
{
    *status = 404;
    for (size_t i = 0; i < ROUTES_N; i++) {
        if (!path_fits(routes[i].path, rf_http_path(req), name))
            continue;
        bool is_asked = routes[i].method == rf_http_method(req);
        if (is_asked && is_served(&routes[i], is_router))
            return &routes[i];
        *status = is_asked || *status == 409 ? 409 : 405;
    }
    return NULL;
}

static bool may_ask(const struct rf_admin *admin, const struct rf_http_req *req)
{
    uid_t uid = rf_http_uid(req);
    return rf_fault_skips("admin.uid") || uid == 0 || uid == admin->conf.uid ||
           rf_http_has_group(req, admin->conf.gid);
}

static void refuse_uid(struct rf_admin *admin, struct rf_http_req *req)
{
    struct rf_why why = {0};
    rf_why_set(&why, RF_ERR_DENIED, "not-allowed",
               "user %u may not use this server: it must be root, user %u, or in group %u",
               (unsigned)rf_http_uid(req), (unsigned)admin->conf.uid, (unsigned)admin->conf.gid);
    if (rf_log_allows(&admin->refusals, REFUSALS_A_MIN, rf_now_ms(rf_loop_clock(admin->conf.loop))))
        rf_warn(RF_CAT_ADMIN, "refused: %s uid=%u pid=%ld dev=-", why.text,
                (unsigned)rf_http_uid(req), (long)rf_http_pid(req));
    reply_error(req, 403, &why);
}

static void refuse_path(struct rf_http_req *req, int status)
{
    struct rf_why why = {0};
    char shown[160];
    rf_escape(rf_slice_str(rf_http_path(req)), shown, sizeof shown);
    if (status == 409)
        rf_why_set(&why, RF_ERR_DENIED, "role-srst",
                   "this is an SRST router: do that at the centre");
    else if (status == 405)
        rf_why_set(&why, RF_ERR_BAD, "method", "%s is not asked like this", shown);
    else
        rf_why_set(&why, RF_ERR_NOT_FOUND, "no-such-path", "there is nothing at %s", shown);
    reply_error(req, status, &why);
}

static void on_request(struct rf_http_req *req, void *arg)
{
    struct rf_admin *admin = arg;
    char name[RF_STORE_DEVICE_NAME] = "";
    int status = 404;
    if (!may_ask(admin, req)) {
        refuse_uid(admin, req);
        return;
    }
    if (rf_http_method(req) == RF_HTTP_GET && strcmp(rf_http_path(req), "/metrics") == 0) {
        admin_metrics(req);
        return;
    }
    const struct admin_route *route = route_of(req, admin->conf.is_router, name, &status);
    if (route == NULL) {
        refuse_path(req, status);
        return;
    }
    struct admin_task *t = rf_new(struct admin_task);
    t->admin = admin;
    t->route = route;
    t->request = rf_http_id(req);
    t->uid = rf_http_uid(req);
    t->now_s = rf_wall_s(rf_loop_clock(admin->conf.loop));
    memcpy(t->name, name, sizeof t->name);
    if (route->begin != NULL)
        t->err = route->begin(t, req, &t->why);
    if (t->err != RF_OK && t->status == 0)
        t->status = 400;
    go_on(t);
}

/* ---- life ---- */

/* The kernel lets in whom the file's mode lets in; we look again at who that is. */
static enum rf_err give_socket(const char *path, const struct rf_admin_conf *conf,
                               struct rf_why *why)
{
    uid_t owner = conf->uid == geteuid() ? (uid_t)-1 : conf->uid;
    gid_t group = conf->gid == getegid() ? (gid_t)-1 : conf->gid;
    if ((owner == (uid_t)-1 && group == (gid_t)-1) || lchown(path, owner, group) == 0)
        return RF_OK;
    return rf_why_set(why, RF_ERR_DENIED, "socket-group",
                      "%s cannot be given to group %u: %s; the server's user must be in that group",
                      path, (unsigned)conf->gid, strerror(errno));
}

enum rf_err rf_admin_open(const struct rf_admin_conf *conf, struct rf_admin **out,
                          struct rf_why *why)
{
    struct rf_admin *admin = rf_new(struct rf_admin);
    admin->conf = *conf;
    admin->site.dir = rf_strdup(conf->site->dir);
    admin->conf.site = NULL;
    if (conf->wrap_key != NULL)
        rf_bug_on(rf_secret_set(&admin->wrap_key, rf_secret_slice(conf->wrap_key)) != RF_OK);
    admin->conf.wrap_key = NULL;
    RF_AUTO(rf_freep) char *path = rf_site_path(&admin->site, RF_SITE_ADMIN_SOCK);
    enum rf_err err = rf_http_server_open(conf->loop, path, on_request, admin, &admin->http, why);
    if (err == RF_OK)
        err = give_socket(path, conf, why);
    if (err != RF_OK) {
        rf_admin_free(admin);
        return err;
    }
    admin->hashes = rf_worker_start("admin-hash", HASHES_WAITING, NULL);
    *out = admin;
    return RF_OK;
}

void rf_admin_free(struct rf_admin *admin)
{
    if (admin == NULL)
        return;
    rf_worker_stop(admin->hashes);
    rf_http_server_close(admin->http);
    rf_secret_fini(&admin->wrap_key);
    rf_free(admin->site.dir);
    rf_free(admin);
}
