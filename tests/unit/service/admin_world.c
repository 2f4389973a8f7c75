/* SPDX-License-Identifier: Apache-2.0 */
#include "admin_world.h"

#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/file.h"
#include "base/text.h"

/* ---- the pretended program ---- */

static void op_status(void *arg, struct rf_admin_status *out)
{
    *out = (struct rf_admin_status){.version = "9.9",
                                    .started_s = WORLD_NOW - 60,
                                    .signer_pid = 4711,
                                    .sccp_base = 2000,
                                    .sccp_tls = 2443,
                                    .capf = 3804,
                                    .tftp = 69,
                                    .capf_sessions = 2,
                                    .tftp_transfers = 3,
                                    .schema = 1};
}

static const struct rf_site_conf *op_conf(void *arg)
{
    return ((struct world *)arg)->site.conf;
}

static enum rf_err op_reload(void *arg, rf_admin_reload_fn each, void *each_arg, struct rf_why *why)
{
    struct world *w = arg;
    w->reloads++;
    if (w->reload_fails != RF_OK)
        return rf_why_set(why, w->reload_fails, "conf-value", "line 3: nonsense");
    each(each_arg, "keepalive_s", true);
    each(each_arg, "workers", false);
    return RF_OK;
}

static void op_device_changed(void *arg, const char *name)
{
    struct world *w = arg;
    snprintf(w->changed, sizeof w->changed, "%s", name);
}

static void op_config_changed(void *arg, enum rf_store_layer layer, const char *name,
                              enum rf_admin_reset how)
{
    struct world *w = arg;
    w->config_how = how;
    snprintf(w->config_changed, sizeof w->config_changed, "%s %s", rf_store_layer_name(layer),
             name);
    w->config_changes++;
}

static void op_configs_changed(void *arg, const char (*names)[RF_STORE_DEVICE_NAME], size_t n,
                               enum rf_admin_reset how)
{
    struct world *w = arg;
    w->config_how = how;
    w->told[0] = '\0';
    for (size_t i = 0; i < n; i++) {
        size_t len = strlen(w->told);
        snprintf(w->told + len, sizeof w->told - len, "%s ", names[i]);
    }
}

static void *op_config_view(void *arg)
{
    struct world *w = arg;
    w->views++;
    return w;
}

static void op_config_release(void *view)
{
    struct world *w = view;
    w->views--;
}

static enum rf_err op_config_show(void *view, struct rf_store *store, const char *device,
                                  int64_t now_s, struct rf_json *out, struct rf_why *why)
{
    struct rf_store_phone phone = {.lines = NULL};
    enum rf_err err = rf_store_device_load(store, device, &phone, why);
    rf_store_phone_fini(&phone);
    rf_json_set_str(out, "document", "<device/>");
    return err;
}

static enum rf_err op_config_lint(void *view, struct rf_store *store, const char *device,
                                  int64_t now_s, struct rf_json *findings, struct rf_why *why)
{
    struct rf_json *one = rf_json_obj();
    rf_json_set_str(one, "device", device);
    rf_json_arr_add_take(findings, one);
    return RF_OK;
}

static void op_event(void *arg, const struct rf_store_event *event)
{
    struct world *w = arg;
    w->event = *event;
    w->events++;
}

static void note_blocking(struct world *w, const char *word)
{
    size_t n = strlen(w->blocking);
    snprintf(w->blocking + n, sizeof w->blocking - n, "%s ", word);
}

static enum rf_err op_blocked_renew(void *arg, struct rf_store *store, struct rf_why *why)
{
    (void)store;
    (void)why;
    note_blocking(arg, "renew");
    return RF_OK;
}

static void op_certs_changed(void *arg, const char *name)
{
    note_blocking(arg, name);
}

static void op_blocked_end(void *arg)
{
    note_blocking(arg, "end");
}

static void op_to_calls(void *arg, struct rf_msg *take_msg)
{
    struct world *w = arg;
    w->messages++;
    rf_mailbox_post_answer(rf_loop_mailbox(w->loop), take_msg);
}

static enum rf_err op_device_check(void *arg, const struct rf_store_phone *phone,
                                   struct rf_why *why)
{
    for (size_t i = 0; i < phone->n_lines; i++)
        if (strspn(phone->lines[i].dn, "0123456789*+") != strlen(phone->lines[i].dn))
            return rf_why_set(why, RF_ERR_BAD, "line-number", "no number");
    return strncmp(phone->device.name, "SEP", 3) == 0
               ? RF_OK
               : rf_why_set(why, RF_ERR_BAD, "device-name", "no name");
}

static void op_counts(void *arg, struct rf_admin_counts *out)
{
    *out = (struct rf_admin_counts){
        .devices = 5, .registered = 4, .links = 6, .calls = 1, .in = 100, .out = 200, .dropped = 7};
}

static void op_live(void *arg, const char *name, struct rf_admin_live *out)
{
    struct world *w = arg;
    w->looked++;
    *out = (struct rf_admin_live){.last_cause = "securityMismatch"};
    if (strcmp(name, w->registered) != 0)
        return;
    *out = (struct rf_admin_live){.is_registered = true,
                                  .since_s = WORLD_NOW - 5,
                                  .address = "192.0.2.7",
                                  .tls_version = "TLSv1.3",
                                  .suite = "TLS_AES_256_GCM_SHA384",
                                  .running_load = "RF70.1-0-1",
                                  .cert_sha256 = {0xab, 0xcd},
                                  .has_cert = true,
                                  .sccp_version = 22,
                                  .in_call = true,
                                  .in = 11,
                                  .out = 12,
                                  .last_alarm = "25: Name=" PHONE_A};
}

static bool op_call_next(void *arg, uint32_t *at, struct rf_admin_call *out)
{
    if ((*at)++ > 0)
        return false;
    *out = (struct rf_admin_call){.id = 7,
                                  .state = "CONNECTED",
                                  .calling_device = PHONE_A,
                                  .called_device = PHONE_B,
                                  .calling = "2001",
                                  .called = "2002",
                                  .security = "encrypted",
                                  .start_s = WORLD_NOW - 9};
    return true;
}

static enum rf_err op_device_set(void *arg, const struct rf_store_phone *phone,
                                 const struct rf_store_certs *certs, struct rf_why *why)
{
    struct world *w = arg;
    if (w->set_fails != RF_OK)
        return rf_why_set(why, w->set_fails, "device-limit", "call control is full");
    snprintf(w->set, sizeof w->set, "%s", phone->device.name);
    w->set_lines = phone->n_lines;
    w->set_certs = certs->n;
    return RF_OK;
}

static enum rf_err op_meet_me_set(void *arg, const struct rf_store_meet_me *meet_me,
                                  struct rf_why *why)
{
    struct world *w = arg;
    if (w->set_fails != RF_OK)
        return rf_why_set(why, w->set_fails, "line-number-taken", "call control has it");
    w->meet_me = *meet_me;
    return RF_OK;
}

static void op_meet_me_remove(void *arg, const char *number)
{
    struct world *w = arg;
    snprintf(w->unmet, sizeof w->unmet, "%s", number);
}

static void op_device_remove(void *arg, const char *name)
{
    struct world *w = arg;
    snprintf(w->removed, sizeof w->removed, "%s", name);
}

static enum rf_err op_device_reset(void *arg, const char *name, enum rf_admin_reset type)
{
    struct world *w = arg;
    if (strcmp(name, w->registered) != 0)
        return RF_ERR_NOT_FOUND;
    snprintf(w->reset, sizeof w->reset, "%s", name);
    w->reset_type = type;
    w->resets++;
    return RF_OK;
}

static void op_campaigns_changed(void *arg)
{
    ((struct world *)arg)->campaign_changes++;
}

static void op_revocation_show(void *arg, struct rf_json *out)
{
    const struct world *w = arg;
    rf_json_set_str(out, "mode", "strict");
    rf_json_set_int(out, "uses", w->revocation_uses);
}

static void *op_revocation_begin(void *arg)
{
    return arg;
}

static enum rf_err op_revocation_make(void *made, struct rf_why *why)
{
    const struct world *w = made;
    return w->revocation_fails ? rf_why_set(why, RF_ERR_LIMIT, "crl-count", "too many") : RF_OK;
}

static void op_revocation_use(void *made)
{
    ((struct world *)made)->revocation_uses++;
}

static void op_revocation_drop(void *made)
{
    ((struct world *)made)->revocation_drops++;
}

/* The devices of a router's snapshot. */
static bool op_branch_next(void *arg, size_t *at, struct rf_store_phone *phone,
                           struct rf_store_certs *certs)
{
    static const char *const names[] = {PHONE_A, PHONE_B};
    (void)arg;
    if (*at >= 2)
        return false;
    *phone = (struct rf_store_phone){.lines = rf_new(struct rf_store_line), .n_lines = 1};
    *certs = (struct rf_store_certs){.items = rf_new(struct rf_store_cert), .n = 1};
    snprintf(phone->device.name, sizeof phone->device.name, "%s", names[*at]);
    snprintf(phone->lines->dn, sizeof phone->lines->dn, "200%zu", ++*at);
    return true;
}

static const struct rf_admin_ops ops = {.status = op_status,
                                        .branch_next = op_branch_next,
                                        .campaigns_changed = op_campaigns_changed,
                                        .conf = op_conf,
                                        .reload = op_reload,
                                        .device_changed = op_device_changed,
                                        .certs_changed = op_certs_changed,
                                        .config_changed = op_config_changed,
                                        .configs_changed = op_configs_changed,
                                        .config_view = op_config_view,
                                        .config_release = op_config_release,
                                        .config_show = op_config_show,
                                        .config_lint = op_config_lint,
                                        .revocation_show = op_revocation_show,
                                        .revocation_begin = op_revocation_begin,
                                        .revocation_make = op_revocation_make,
                                        .revocation_use = op_revocation_use,
                                        .revocation_drop = op_revocation_drop,
                                        .blocked_renew = op_blocked_renew,
                                        .blocked_end = op_blocked_end,
                                        .event = op_event,
                                        .to_calls = op_to_calls,
                                        .device_check = op_device_check,
                                        .counts = op_counts,
                                        .live = op_live,
                                        .call_next = op_call_next,
                                        .device_set = op_device_set,
                                        .device_remove = op_device_remove,
                                        .device_reset = op_device_reset,
                                        .meet_me_set = op_meet_me_set,
                                        .meet_me_remove = op_meet_me_remove};

/* ---- life ---- */

static void *serve(void *arg)
{
    rf_loop_run(arg);
    return NULL;
}

static void start(struct world *w)
{
    struct rf_why why = {0};
    w->loop = rf_loop_new(&w->clock.clock, "admin");
    w->store_worker = rf_worker_start("store", 16, w->store);
    w->conf.loop = w->loop;
    w->conf.store = w->store_worker;
    enum rf_err err = rf_admin_open(&w->conf, &w->admin, &why);
    if (err != RF_OK)
        print_error("%s\n", why.text);
    assert_err(err, RF_OK);
    assert_int_equal(pthread_create(&w->thread, NULL, serve, w->loop), 0);
}

static void stop(struct world *w)
{
    rf_loop_stop(w->loop);
    assert_int_equal(pthread_join(w->thread, NULL), 0);
    rf_worker_stop(w->store_worker);
    rf_admin_free(w->admin);
    rf_loop_free(w->loop);
}

void world_restart(struct world *w)
{
    stop(w);
    start(w);
}

int world_set_up(void **state)
{
    struct world *w = rf_new(struct world);
    struct rf_why why = {0};
    test_tmp(w->dir, sizeof w->dir, "admin");
    assert_non_null(mkdtemp(w->dir));
    assert_err(rf_site_make(w->dir, &why), RF_OK);
    rf_clock_fake_init(&w->clock, WORLD_NOW);
    w->site = (struct rf_site){.dir = w->dir, .conf = rf_site_conf_new()};
    w->socket = rf_site_path(&w->site, RF_SITE_ADMIN_SOCK);
    RF_AUTO(rf_freep) char *db = rf_site_path(&w->site, RF_SITE_DB);
    assert_err(rf_store_open(db, &w->store, &why), RF_OK);
    snprintf(w->log_path, sizeof w->log_path, "%s/log", w->dir);
    w->log_fd = open(w->log_path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    assert_true(w->log_fd >= 0);
    rf_log_setup(w->log_fd, RF_LOG_DEBUG);
    assert_err(rf_secret_set(&w->wrap_key, rf_slice_str("0123456789abcdef0123456789abcdef")),
               RF_OK);
    w->conf = (struct rf_admin_conf){.site = &w->site,
                                     .ops = &ops,
                                     .arg = w,
                                     .uid = geteuid(),
                                     .gid = getegid(),
                                     .wrap_key = &w->wrap_key};
    w->settled = rf_mailbox_new("settled", 1);
    start(w);
    *state = w;
    return 0;
}

int world_tear_down(void **state)
{
    static const char *const dirs[] = {"trust/mic-roots", "trust", "keys", "certs", "lists", "db",
                                       "images",          "files", "run",  ""};
    struct world *w = *state;
    stop(w);
    rf_store_close(w->store);
    rf_log_setup(2, RF_LOG_INFO);
    close(w->log_fd);
    for (size_t i = 0; i < sizeof dirs / sizeof *dirs; i++) {
        RF_AUTO(rf_freep) char *path = rf_path_join(w->dir, dirs[i]);
        assert_err(rf_dir_empty(path, NULL), RF_OK);
        assert_int_equal(rmdir(path), 0);
    }
    rf_mailbox_free(w->settled);
    rf_json_free(w->json);
    rf_buf_fini(&w->text);
    rf_site_conf_free(w->site.conf);
    rf_free(w->socket);
    rf_free(w);
    return 0;
}

/* ---- asking ---- */

/* A message there and back: what this thread did is seen by the server's, and the other way round.
 */
struct settle {
    struct rf_msg msg;
    struct world *w;
};

static void settle_free(struct rf_msg *msg, void *reader)
{
    rf_free(msg);
}

static void settle_back(struct rf_msg *msg, void *reader)
{
    struct settle *s = (struct settle *)msg;
    msg->run = settle_free;
    rf_mailbox_post_answer(s->w->settled, msg);
}

static void settle(struct world *w)
{
    struct settle *s = rf_new(struct settle);
    *s = (struct settle){.msg.run = settle_back, .w = w};
    rf_mailbox_post_answer(rf_loop_mailbox(w->loop), &s->msg);
    while (rf_mailbox_run(w->settled, w) == 0)
        rf_mailbox_wait(w->settled, -1);
}

void ask(struct world *w, enum rf_http_method method, const char *path, const char *body)
{
    RF_AUTO(rf_http_answer_fini) struct rf_http_answer answer = {0};
    struct rf_why why = {0};
    struct rf_http_call call = {.socket_path = w->socket,
                                .method = method,
                                .target = path,
                                .content_type = body != NULL ? "application/json" : NULL,
                                .body = rf_slice_str(body)};
    settle(w);
    enum rf_err err = rf_http_request(&call, &answer, &why);
    settle(w);
    if (err != RF_OK)
        print_error("%s: %s\n", path, why.text);
    assert_err(err, RF_OK);
    rf_json_free(w->json);
    w->json = NULL;
    rf_buf_fini(&w->text);
    w->text = RF_BUF(RF_HTTP_BODY_MAX);
    assert_err(rf_buf_add_slice(&w->text, rf_buf_slice(&answer.body)), RF_OK);
    assert_err(rf_buf_add(&w->text, "", 1), RF_OK); /* strstr wants its NUL, which does not count */
    w->text.len--;
    w->status = answer.status;
    if (strcmp(answer.content_type, "application/json") == 0)
        assert_err(rf_json_parse(rf_buf_slice(&w->text), &w->json, NULL), RF_OK);
}

void answers(struct world *w, enum rf_http_method method, const char *path, const char *body,
             int status)
{
    ask(w, method, path, body);
    if (w->status != status)
        print_error("%s: %d %.*s\n", path, w->status, (int)w->text.len, (const char *)w->text.p);
    assert_int_equal(w->status, status);
}

void refused(struct world *w, enum rf_http_method method, const char *path, const char *body,
             int status, const char *code)
{
    answers(w, method, path, body, status);
    if (strcmp(text_of(w, "error.code"), code) != 0)
        print_error("%s %s: %s\n", path, body != NULL ? body : "", text_of(w, "error.text"));
    assert_string_equal(text_of(w, "error.code"), code);
    assert_true(text_of(w, "error.text")[0] != '\0');
}

const struct rf_json *member(struct world *w, const char *path)
{
    const struct rf_json *at = w->json;
    struct rf_slice rest = rf_slice_str(path);
    struct rf_slice piece;
    while (rf_next_piece(&rest, '.', &piece)) {
        char key[64];
        uint64_t i;
        assert_true(rf_slice_to_str(piece, key, sizeof key));
        at = rf_json_is_arr(at) && rf_parse_u64(piece, 0, 100000, &i) ? rf_json_at(at, (size_t)i)
                                                                      : rf_json_get(at, key);
    }
    return at;
}

const char *text_of(struct world *w, const char *path)
{
    static char buf[64];
    const struct rf_json *j = member(w, path);
    if (j == NULL) {
        print_error("no %s in %.*s\n", path, (int)w->text.len, (const char *)w->text.p);
        fail();
    }
    const char *text = rf_json_text(j, buf, sizeof buf);
    return text != NULL ? text : "";
}

int64_t number_of(struct world *w, const char *path)
{
    uint64_t n = 0;
    assert_true(rf_parse_u64(rf_slice_str(text_of(w, path)), 0, INT64_MAX, &n));
    return (int64_t)n;
}

static bool is_in_file(const char *path, const char *text)
{
    RF_AUTO(rf_buf_fini) struct rf_buf file = {0};
    if (!rf_file_exists(path))
        return false;
    assert_err(rf_file_read(path, (size_t)16 * 1024 * 1024, &file, NULL), RF_OK);
    return rf_slice_find(rf_buf_slice(&file), rf_slice_str(text)) != SIZE_MAX;
}

bool is_in_log(struct world *w, const char *text)
{
    return is_in_file(w->log_path, text);
}

bool is_in_site(struct world *w, const char *text)
{
    static const char *const tails[] = {"", "-wal", "-journal"};
    RF_AUTO(rf_freep) char *db = rf_site_path(&w->site, RF_SITE_DB);
    for (size_t i = 0; i < sizeof tails / sizeof *tails; i++) {
        RF_AUTO(rf_freep) char *path = rf_strf("%s%s", db, tails[i]);
        if (is_in_file(path, text))
            return true;
    }
    return false;
}
