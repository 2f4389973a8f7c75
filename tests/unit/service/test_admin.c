/* SPDX-License-Identifier: Apache-2.0 */
/* The admin API: what each route answers, what it refuses (with its twin), who may ask, and that an
 * authentication string is shown once and nowhere else. */
#include "admin_world.h"

#include <grp.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/file.h"
#include "base/metrics.h"
#include "store/store_seen.h"
#include "trust/pwhash.h"

#define GOOD_A                                                                                     \
    "{\"name\":\"" PHONE_A "\",\"model\":\"8861\",\"mode\":\"encrypted\","                         \
    "\"lines\":[{\"dn\":\"2001\",\"label\":\"Ada\",\"display_name\":\"Ada L.\"}]}"

static void add_a(struct world *w)
{
    answers(w, RF_HTTP_POST, "/v1/devices", GOOD_A, 201);
}

static struct rf_store_events events_of(struct world *w)
{
    struct rf_store_events events = {0};
    struct rf_why why = {0};
    assert_err(rf_store_event_list(w->store, &(struct rf_store_event_query){0}, &events, &why),
               RF_OK);
    return events;
}

/* The youngest event has this code and device, and our uid. */
static void expect_event(struct world *w, const char *code, const char *device)
{
    struct rf_store_events events = events_of(w);
    assert_true(events.n > 0);
    const struct rf_store_event *e = &events.items[events.n - 1];
    assert_string_equal(e->code, code);
    assert_string_equal(e->device, device);
    assert_int_equal(e->uid, getuid());
    assert_int_equal(e->time_s, WORLD_NOW);
    rf_store_events_fini(&events);
}

static size_t events_n(struct world *w)
{
    struct rf_store_events events = events_of(w);
    size_t n = events.n;
    rf_store_events_fini(&events);
    return n;
}

/* ---- routes ---- */

static void paths_and_methods(void **state)
{
    struct world *w = *state;
    refused(w, RF_HTTP_GET, "/", NULL, 404, "no-such-path");
    refused(w, RF_HTTP_GET, "/v1", NULL, 404, "no-such-path");
    refused(w, RF_HTTP_GET, "/v1/status/", NULL, 404, "no-such-path");
    refused(w, RF_HTTP_GET, "/v1/devices/" PHONE_A "/capf/more", NULL, 404, "no-such-path");
    refused(w, RF_HTTP_GET, "/v1/devices/A-NAME-NOBODY-CAN-HAVE", NULL, 404, "no-such-path");
    refused(w, RF_HTTP_GET, "/v1/devices//capf", NULL, 404, "no-such-path");
    refused(w, RF_HTTP_DELETE, "/v1/status", NULL, 405, "method");
    refused(w, RF_HTTP_POST, "/metrics", "{}", 404, "no-such-path");
    answers(w, RF_HTTP_GET, "/v1/status", NULL, 200);
    refused(w, RF_HTTP_GET, "/v1/devices/" PHONE_A, NULL, 404, "device-unknown");
    add_a(w);
    answers(w, RF_HTTP_GET, "/v1/devices/" PHONE_A, NULL, 200);
}

static void bodies_that_are_none(void **state)
{
    struct world *w = *state;
    refused(w, RF_HTTP_POST, "/v1/devices", "", 400, "json-syntax");
    refused(w, RF_HTTP_POST, "/v1/devices", "{\"name\":", 400, "json-syntax");
    refused(w, RF_HTTP_POST, "/v1/devices", "[]", 400, "json-type");
    refused(w, RF_HTTP_POST, "/v1/devices", "{\"name\":\"a\",\"name\":\"b\"}", 400, "json-syntax");
    RF_AUTO(rf_buf_fini) struct rf_buf deep = RF_BUF(4096);
    assert_err(rf_buf_addf(&deep, "{\"lines\":"), RF_OK);
    for (int i = 0; i < RF_JSON_DEPTH_MAX; i++)
        assert_err(rf_buf_addf(&deep, "["), RF_OK);
    assert_err(rf_buf_add(&deep, "", 1), RF_OK);
    refused(w, RF_HTTP_POST, "/v1/devices", (const char *)deep.p, 400, "json-depth");
    add_a(w);
}

/* ---- who may ask ---- */

/* As nobody, with this group besides his own. Returns the status. */
static int ask_as_nobody(struct world *w, gid_t group)
{
    pid_t child = fork();
    assert_true(child >= 0);
    if (child == 0) {
        struct rf_http_answer answer = {0};
        struct rf_http_call call = {
            .socket_path = w->socket, .method = RF_HTTP_GET, .target = "/v1/status"};
        if (setgroups(1, &group) != 0 || setresgid(65534, 65534, 65534) != 0 ||
            setresuid(65534, 65534, 65534) != 0 || rf_http_request(&call, &answer, NULL) != RF_OK)
            _exit(1);
        _exit(answer.status == 200 ? 20 : answer.status == 403 ? 43 : 2);
    }
    int status = 0;
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_true(WIFEXITED(status));
    return WEXITSTATUS(status);
}

/* The kernel looks at the file's mode; here it is open to all, and the server looks again. */
static void only_root_its_user_and_its_group(void **state)
{
    struct world *w = *state;
    struct stat st;
    if (geteuid() != 0)
        skip();
    w->conf.uid = 4242;
    w->conf.gid = 4243;
    world_restart(w);
    assert_int_equal(stat(w->socket, &st), 0);
    assert_int_equal(st.st_mode & 07777, 0660);
    assert_int_equal(st.st_uid, 4242);
    assert_int_equal(st.st_gid, 4243);
    RF_AUTO(rf_freep) char *run = rf_site_path(&w->site, RF_SITE_RUN);
    assert_int_equal(chmod(w->dir, 0755) + chmod(run, 0755) + chmod(w->socket, 0666), 0);
    assert_int_equal(ask_as_nobody(w, 4244), 43);
    assert_true(is_in_log(w, "uid=65534"));
    assert_int_equal(ask_as_nobody(w, 4243), 20);
    w->conf.gid = 4244;
    world_restart(w);
    assert_int_equal(chmod(w->socket, 0666), 0);
    assert_int_equal(ask_as_nobody(w, 4243), 43);
    w->conf.uid = 65534;
    world_restart(w);
    assert_int_equal(ask_as_nobody(w, 4243), 20);
    answers(w, RF_HTTP_GET, "/v1/status", NULL, 200); /* root */
}

/* ---- devices ---- */

static void a_device_is_added_and_shown(void **state)
{
    struct world *w = *state;
    snprintf(w->registered, sizeof w->registered, "%s", PHONE_A);
    add_a(w);
    expect_event(w, "device-added", PHONE_A);
    assert_string_equal(w->set, PHONE_A);
    assert_int_equal(w->set_lines, 1);
    assert_string_equal(w->changed, PHONE_A);
    for (int i = 0; i < 2; i++) { /* the answer to POST is that of GET */
        assert_string_equal(text_of(w, "name"), PHONE_A);
        assert_string_equal(text_of(w, "model"), "8861");
        assert_string_equal(text_of(w, "protocol"), "sccp");
        assert_string_equal(text_of(w, "mode"), "encrypted");
        assert_string_equal(text_of(w, "media_policy"), "best-effort");
        assert_string_equal(text_of(w, "srtp"), "true");
        assert_string_equal(text_of(w, "description"), "");
        assert_string_equal(text_of(w, "load"), "");
        assert_string_equal(text_of(w, "lines.0.index"), "1");
        assert_string_equal(text_of(w, "lines.0.dn"), "2001");
        assert_string_equal(text_of(w, "lines.0.label"), "Ada");
        assert_string_equal(text_of(w, "lines.0.display_name"), "Ada L.");
        assert_int_equal(number_of(w, "added_s"), WORLD_NOW);
        assert_string_equal(text_of(w, "registered"), "true");
        assert_int_equal(number_of(w, "since_s"), WORLD_NOW - 5);
        assert_string_equal(text_of(w, "address"), "192.0.2.7");
        assert_string_equal(text_of(w, "tls_version"), "TLSv1.3");
        assert_string_equal(text_of(w, "suite"), "TLS_AES_256_GCM_SHA384");
        assert_int_equal(strncmp(text_of(w, "certificate"), "abcd0000", 8), 0);
        assert_string_equal(text_of(w, "sccp_version"), "22");
        assert_string_equal(text_of(w, "running_load"), "RF70.1-0-1");
        assert_string_equal(text_of(w, "in_call"), "true");
        assert_string_equal(text_of(w, "last_alarm"), "25: Name=" PHONE_A);
        assert_string_equal(text_of(w, "last_cause"), "null");
        assert_string_equal(text_of(w, "messages.in"), "11");
        assert_string_equal(text_of(w, "messages.out"), "12");
        assert_string_equal(text_of(w, "capf"), "null");
        assert_int_equal(rf_json_len(member(w, "certificates")), 0);
        answers(w, RF_HTTP_GET, "/v1/devices/" PHONE_A, NULL, 200);
    }
    w->registered[0] = '\0';
    answers(w, RF_HTTP_GET, "/v1/devices", NULL, 200);
    assert_string_equal(text_of(w, "devices.0.registered"), "false");
    assert_string_equal(text_of(w, "devices.0.address"), "null");
    assert_string_equal(text_of(w, "devices.0.certificate"), "null");
    assert_string_equal(text_of(w, "devices.0.last_cause"), "securityMismatch");
}

static void certificates_are_shown(void **state)
{
    struct world *w = *state;
    struct rf_store_cert cert = {.sha256 = {1, 2},
                                 .serial = "0a",
                                 .subject = "CN=" PHONE_A,
                                 .issuer = "CN=Site LSC",
                                 .not_before_s = 1,
                                 .not_after_s = 2,
                                 .der = RF_BUF(16)};
    add_a(w);
    snprintf(cert.device, sizeof cert.device, "%s", PHONE_A);
    assert_err(rf_buf_add(&cert.der, "x", 1), RF_OK);
    answers(w, RF_HTTP_POST, "/v1/devices/" PHONE_A "/capf",
            "{\"op\":\"install\",\"auth\":\"mic\"}", 200);
    int64_t op = number_of(w, "id");
    assert_err(rf_store_capf_issue(w->store, op, &cert, WORLD_NOW + 1, NULL, NULL), RF_OK);
    answers(w, RF_HTTP_GET, "/v1/devices/" PHONE_A, NULL, 200);
    assert_string_equal(text_of(w, "capf.op"), "install");
    assert_string_equal(text_of(w, "capf.auth"), "mic");
    assert_string_equal(text_of(w, "capf.state"), "pending");
    assert_string_equal(text_of(w, "certificates.0.kind"), "lsc");
    assert_string_equal(text_of(w, "certificates.0.state"), "unconfirmed");
    assert_int_equal(strncmp(text_of(w, "certificates.0.fingerprint"), "010200", 6), 0);
    assert_string_equal(text_of(w, "certificates.0.subject"), "CN=" PHONE_A);
    assert_string_equal(text_of(w, "certificates.0.issuer"), "CN=Site LSC");
    assert_string_equal(text_of(w, "certificates.0.serial"), "0a");
    assert_int_equal(number_of(w, "certificates.0.issued_s"), WORLD_NOW + 1);
    assert_string_equal(text_of(w, "certificates.0.confirmed_s"), "null");
    /* A change hands the certificates to call control with the rest. */
    answers(w, RF_HTTP_PUT, "/v1/devices/" PHONE_A, "{}", 200);
    assert_int_equal(w->set_certs, 1);
    rf_store_cert_fini(&cert);
}

/* Refused when it is saved, and the twin with the one thing otherwise is taken. */
static void a_model_is_not_asked_for_what_it_cannot(void **state)
{
    struct world *w = *state;
    static const struct {
        const char *model, *bad, *good, *code;
    } rows[] = {
        {"7912", "\"mode\":\"encrypted\"", "\"mode\":\"nonsecure\"", "model-mode"},
        {"CP-7905G", "\"mode\":\"authenticated\"", "\"mode\":\"nonsecure\"", "model-mode"},
        {"7935", "\"mode\":\"encrypted\"", "\"mode\":\"nonsecure\"", "model-mode"},
        {"8861", "\"mode\":\"authenticated\"", "\"mode\":\"encrypted\"", "mode-authenticated"},
        {"7985", "\"mode\":\"encrypted\",\"srtp\":true", "\"srtp\":false", "model-srtp"},
        {"7962", "\"digest\":\"sha512\"", "\"digest\":\"sha1\"", "model-digest"},
        {"7962", "\"load\":\"SCCP75.9\"", "\"load\":\"SCCP42.9\"", "load-model"},
        {"8861", "\"load\":\"sip8845_65.12\"", "\"load\":\"sip88xx.12\"", "load-model"},
        {"7960", "\"encrypt_config\":\"on\"", "\"encrypt_config\":\"auto\"", "model-encrypt"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        RF_AUTO(rf_freep)
        char *bad =
            rf_strf("{\"name\":\"" PHONE_A "\",\"model\":\"%s\",%s}", rows[i].model, rows[i].bad);
        RF_AUTO(rf_freep)
        char *good =
            rf_strf("{\"name\":\"" PHONE_A "\",\"model\":\"%s\",%s}", rows[i].model, rows[i].good);
        RF_AUTO(rf_freep) char *change = rf_strf("{%s}", rows[i].bad);
        refused(w, RF_HTTP_POST, "/v1/devices", bad, 409, rows[i].code);
        answers(w, RF_HTTP_POST, "/v1/devices", good, 201);
        refused(w, RF_HTTP_PUT, "/v1/devices/" PHONE_A, change, 409, rows[i].code);
        answers(w, RF_HTTP_PUT, "/v1/devices/" PHONE_A, "{\"description\":\"x\"}", 200);
        answers(w, RF_HTTP_DELETE, "/v1/devices/" PHONE_A, NULL, 200);
    }
    refused(w, RF_HTTP_POST, "/v1/devices/" PHONE_A "/approve", "{\"model\":\"7912\"}", 409,
            "model-mode");
    /* One that was let in before may be changed otherwise, and made right. */
    struct rf_store_phone old = {.device = {.name = PHONE_A,
                                            .model = "7912",
                                            .mode = RF_STORE_ENCRYPTED,
                                            .media_policy = RF_STORE_MEDIA_BEST_EFFORT}};
    assert_err(rf_store_device_add(w->store, &old, WORLD_NOW, NULL, NULL), RF_OK);
    answers(w, RF_HTTP_PUT, "/v1/devices/" PHONE_A, "{\"description\":\"old\"}", 200);
    refused(w, RF_HTTP_PUT, "/v1/devices/" PHONE_A, "{\"mode\":\"authenticated\"}", 409,
            "model-mode");
    answers(w, RF_HTTP_PUT, "/v1/devices/" PHONE_A, "{\"mode\":\"nonsecure\"}", 200);
}

static void allow_authenticated(struct world *w)
{
    static const struct rf_site_setting settings[] = {{"authenticated_sccp_port", "2200"},
                                                      {"authenticated_networks", "10.0.0.0/8"}};
    assert_err(rf_site_conf_set_all(&w->site.conf, settings, 2, NULL), RF_OK);
}

/* A mode needs its listener, and TLS of its version. */
static void an_authenticated_device_needs_its_port(void **state)
{
    struct world *w = *state;
    const char *body = "{\"name\":\"" PHONE_A "\",\"model\":\"8861\",\"mode\":\"authenticated\"}";
    refused(w, RF_HTTP_POST, "/v1/devices", body, 409, "mode-authenticated");
    allow_authenticated(w);
    answers(w, RF_HTTP_POST, "/v1/devices", body, 201);
    refused(w, RF_HTTP_PUT, "/v1/devices/" PHONE_A, "{\"model\":\"7962\"}", 409, "model-mode");
    answers(w, RF_HTTP_PUT, "/v1/devices/" PHONE_A, "{\"model\":\"9971\"}", 200);
    answers(w, RF_HTTP_PUT, "/v1/devices/" PHONE_A, "{\"model\":\"7962\",\"mode\":\"encrypted\"}",
            200);
    refused(w, RF_HTTP_PUT, "/v1/devices/" PHONE_A, "{\"mode\":\"authenticated\"}", 409,
            "model-mode");
}

/* One member of the good body replaced by a bad one; the good one is taken at the end. */
static void what_devices_may_not_be(void **state)
{
#define DEVICE(name, rest) "{\"name\":\"" name "\",\"model\":\"8861\"" rest "}"
#define NINE_LINES                                                                                 \
    "[{\"dn\":\"1\"},{\"dn\":\"2\"},{\"dn\":\"3\"},{\"dn\":\"4\"},{\"dn\":\"5\"},{\"dn\":\"6\"},"  \
    "{\"dn\":\"7\"},{\"dn\":\"8\"},{\"dn\":\"9\"}]"
    static const struct {
        const char *body;
        const char *code;
    } bad[] = {
        {"{\"model\":\"8861\"}", "json-missing"},
        {"{\"name\":\"" PHONE_A "\"}", "json-missing"},
        {"{\"name\":7,\"model\":\"8861\"}", "json-type"},
        {DEVICE("XYZ", ""), "device-name"},
        {DEVICE("SEP0011223344556", ""), "value"},
        {"{\"name\":\"" PHONE_A "\",\"model\":\"\"}", "value"},
        {"{\"name\":\"" PHONE_A "\",\"model\":\"88 61\"}", "value"},
        {"{\"name\":\"" PHONE_A "\",\"model\":\"123456789012345678901\"}", "value"},
        {DEVICE(PHONE_A, ",\"mode\":\"secure\""), "value"},
        {DEVICE(PHONE_A, ",\"mode\":3"), "value"},
        {DEVICE(PHONE_A, ",\"media_policy\":\"none\""), "value"},
        {DEVICE(PHONE_A, ",\"srtp\":\"yes\""), "json-type"},
        {DEVICE(PHONE_A, ",\"digest\":\"md5\""), "value"},
        {DEVICE(PHONE_A, ",\"load\":\"../../etc/passwd\""), "value"},
        {DEVICE(PHONE_A, ",\"load\":\".hidden\""), "value"},
        {DEVICE(PHONE_A, ",\"load_server\":\"a b\""), "value"},
        {DEVICE(PHONE_A, ",\"description\":\"a\\nb\""), "value"},
        {DEVICE(PHONE_A, ",\"descriptoin\":\"a\""), "json-unknown"},
        {DEVICE(PHONE_A, ",\"lines\":{}"), "value"},
        {DEVICE(PHONE_A, ",\"lines\":" NINE_LINES), "value"},
        {DEVICE(PHONE_A, ",\"lines\":[\"2001\"]"), "json-type"},
        {DEVICE(PHONE_A, ",\"lines\":[{}]"), "json-missing"},
        {DEVICE(PHONE_A, ",\"lines\":[{\"dn\":\"ABC\"}]"), "line-number"},
        {DEVICE(PHONE_A, ",\"lines\":[{\"dn\":\"1234567890123456789012345\"}]"), "value"},
        {DEVICE(PHONE_A, ",\"lines\":[{\"dn\":\"1\",\"number\":\"2\"}]"), "json-unknown"},
        {DEVICE(PHONE_A, ",\"lines\":[{\"dn\":\"1\",\"label\":\"1234567890123456789012345678901234"
                         "567890123456789012345678901234\"}]"),
         "value"},
    };
    struct world *w = *state;
    allow_authenticated(w);
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        refused(w, RF_HTTP_POST, "/v1/devices", bad[i].body, 400, bad[i].code);
    assert_int_equal(events_n(w), 0);
    assert_string_equal(w->set, "");
    answers(w, RF_HTTP_POST, "/v1/devices",
            DEVICE(PHONE_A,
                   ",\"mode\":\"authenticated\",\"media_policy\":\"require\","
                   "\"srtp\":false,\"load\":\"RF70.1-0-1\",\"description\":\"Büro 2\","
                   "\"lines\":[{\"dn\":\"1\"},{\"dn\":\"2\"},{\"dn\":\"3\"},{\"dn\":\"4\"},"
                   "{\"dn\":\"5\"},{\"dn\":\"6\"},{\"dn\":\"7\"},{\"dn\":\"8\"}]"),
            201);
    assert_string_equal(text_of(w, "mode"), "authenticated");
    assert_string_equal(text_of(w, "media_policy"), "require");
    assert_string_equal(text_of(w, "srtp"), "false");
    assert_string_equal(text_of(w, "description"), "Büro 2");
    assert_int_equal(w->set_lines, 8);
}

static void a_site_that_requires_srtp(void **state)
{
    struct world *w = *state;
    w->site.conf->media_policy = RF_SITE_MEDIA_REQUIRE;
    add_a(w);
    assert_string_equal(text_of(w, "media_policy"), "require");
}

static void names_and_lines_are_taken_once(void **state)
{
    struct world *w = *state;
    add_a(w);
    refused(w, RF_HTTP_POST, "/v1/devices", GOOD_A, 409, "device-exists");
    refused(w, RF_HTTP_POST, "/v1/devices",
            "{\"name\":\"" PHONE_B "\",\"model\":\"8861\",\"lines\":[{\"dn\":\"2001\"}]}", 409,
            "line-exists");
    answers(w, RF_HTTP_POST, "/v1/devices",
            "{\"name\":\"" PHONE_B "\",\"model\":\"8861\",\"lines\":[{\"dn\":\"2002\"}]}", 201);
    refused(w, RF_HTTP_PUT, "/v1/devices/" PHONE_B, "{\"lines\":[{\"dn\":\"2001\"}]}", 409,
            "line-exists");
    answers(w, RF_HTTP_PUT, "/v1/devices/" PHONE_B, "{\"lines\":[{\"dn\":\"2003\"}]}", 200);
    answers(w, RF_HTTP_GET, "/v1/devices", NULL, 200);
    assert_int_equal(rf_json_len(member(w, "devices")), 2);
}

static void a_phone_that_asked_is_approved(void **state)
{
    struct world *w = *state;
    struct rf_store_pending seen = {
        .name = PHONE_A, .address = "192.0.2.1", .last_s = 5, .asked = PHONE_A ".cnf.xml.sgn"};
    bool is_new;
    answers(w, RF_HTTP_GET, "/v1/pending", NULL, 200);
    assert_int_equal(rf_json_len(member(w, "pending")), 0);
    refused(w, RF_HTTP_POST, "/v1/devices/" PHONE_A "/approve", "{\"model\":\"8861\"}", 404,
            "pending-unknown");
    assert_err(rf_store_pending_note(w->store, &seen, 1, &is_new, NULL), RF_OK);
    answers(w, RF_HTTP_GET, "/v1/pending", NULL, 200);
    assert_int_equal(rf_json_len(member(w, "pending")), 1);
    assert_string_equal(rf_json_str(rf_json_at(member(w, "pending"), 0), "name"), PHONE_A);
    refused(w, RF_HTTP_POST, "/v1/devices/" PHONE_A "/approve", "{}", 400, "json-missing");
    answers(w, RF_HTTP_POST, "/v1/devices/" PHONE_A "/approve",
            "{\"model\":\"9971\",\"digest\":\"sha512\",\"lines\":[{\"dn\":\"2001\"}]}", 201);
    assert_string_equal(text_of(w, "digest"), "sha512");
    assert_string_equal(text_of(w, "mode"), "encrypted");
    assert_string_equal(w->set, PHONE_A);
    refused(w, RF_HTTP_POST, "/v1/devices/" PHONE_A "/approve", "{\"model\":\"8861\"}", 409,
            "device-exists");
    answers(w, RF_HTTP_GET, "/v1/pending", NULL, 200);
    assert_int_equal(rf_json_len(member(w, "pending")), 0);
    answers(w, RF_HTTP_PUT, "/v1/devices/" PHONE_A, "{\"digest\":\"model\"}", 200);
    assert_string_equal(text_of(w, "digest"), "model");
}

/* It stays what it is until somebody approves it, whatever else is asked for. */
static void sec_122_a_device_in_quarantine_is_only_approved_or_removed(void **state)
{
    struct world *w = *state;
    struct rf_store_phone phone = {.device = {.name = PHONE_A, .is_quarantined = true}};
    assert_err(rf_store_device_add(w->store, &phone, 1, NULL, NULL), RF_OK);
    answers(w, RF_HTTP_GET, "/v1/devices/" PHONE_A, NULL, 200);
    assert_string_equal(text_of(w, "quarantined"), "true");
    refused(w, RF_HTTP_PUT, "/v1/devices/" PHONE_A, "{\"model\":\"8861\",\"mode\":\"encrypted\"}",
            409, "device-quarantined");
    refused(w, RF_HTTP_PUT, "/v1/devices/" PHONE_A,
            "{\"model\":\"8861\",\"lines\":[{\"dn\":\"2001\"}]}", 409, "device-quarantined");
    refused(w, RF_HTTP_POST, "/v1/devices/" PHONE_A "/capf",
            "{\"op\":\"install\",\"auth\":\"mic\"}", 409, "device-quarantined");
    answers(w, RF_HTTP_PUT, "/v1/devices/" PHONE_A, "{\"model\":\"8861\"}", 200);
    assert_string_equal(w->set, ""); /* call control has not heard of it */
    answers(w, RF_HTTP_POST, "/v1/devices/" PHONE_A "/approve",
            "{\"model\":\"8861\",\"lines\":[{\"dn\":\"2001\"}]}", 201);
    assert_string_equal(text_of(w, "quarantined"), "false");
    assert_string_equal(text_of(w, "mode"), "encrypted");
    assert_string_equal(w->set, PHONE_A);
    answers(w, RF_HTTP_POST, "/v1/devices/" PHONE_A "/capf",
            "{\"op\":\"install\",\"auth\":\"mic\"}", 200);
}

static void a_change_keeps_what_it_does_not_name(void **state)
{
    struct world *w = *state;
    add_a(w);
    snprintf(w->registered, sizeof w->registered, "%s", PHONE_A);
    rf_clock_fake_advance(&w->clock, 1000);
    answers(w, RF_HTTP_PUT, "/v1/devices/" PHONE_A, "{\"description\":\"lobby\"}", 200);
    assert_string_equal(text_of(w, "description"), "lobby");
    assert_string_equal(text_of(w, "mode"), "encrypted");
    assert_string_equal(text_of(w, "lines.0.dn"), "2001");
    assert_int_equal(number_of(w, "added_s"), WORLD_NOW);
    assert_int_equal(number_of(w, "changed_s"), WORLD_NOW + 1);
    assert_int_equal(w->resets, 0);
    /* A load is the configuration's matter: the phone has to fetch it. */
    answers(w, RF_HTTP_PUT, "/v1/devices/" PHONE_A, "{\"load\":\"RF70.2\"}", 200);
    assert_int_equal(w->resets, 1);
    assert_int_equal(w->reset_type, RF_ADMIN_RESET);
    answers(w, RF_HTTP_PUT, "/v1/devices/" PHONE_A,
            "{\"name\":\"" PHONE_A "\",\"load\":\"RF70.2\",\"lines\":[]}", 200);
    assert_int_equal(w->resets, 1);
    assert_int_equal(rf_json_len(member(w, "lines")), 0);
    assert_string_equal(text_of(w, "load_server"), "");
    answers(w, RF_HTTP_PUT, "/v1/devices/" PHONE_A, "{\"load_server\":\"192.0.2.9\"}", 200);
    assert_string_equal(text_of(w, "load_server"), "192.0.2.9");
    assert_int_equal(w->resets, 2);
    refused(w, RF_HTTP_PUT, "/v1/devices/" PHONE_A, "{\"name\":\"" PHONE_B "\"}", 400, "value");
    refused(w, RF_HTTP_PUT, "/v1/devices/" PHONE_A, "{\"name\":7}", 400, "value");
    refused(w, RF_HTTP_PUT, "/v1/devices/" PHONE_A, "{\"mode\":\"\"}", 400, "value");
    refused(w, RF_HTTP_PUT, "/v1/devices/" PHONE_B, "{}", 404, "device-unknown");
}

static void a_device_is_removed(void **state)
{
    struct world *w = *state;
    add_a(w);
    refused(w, RF_HTTP_DELETE, "/v1/devices/" PHONE_B, NULL, 404, "device-unknown");
    assert_string_equal(w->removed, "");
    answers(w, RF_HTTP_DELETE, "/v1/devices/" PHONE_A, NULL, 200);
    assert_string_equal(text_of(w, "removed"), PHONE_A);
    assert_string_equal(w->removed, PHONE_A);
    expect_event(w, "device-removed", PHONE_A);
    refused(w, RF_HTTP_DELETE, "/v1/devices/" PHONE_A, NULL, 404, "device-unknown");
    add_a(w);
}

static void call_control_may_say_no(void **state)
{
    struct world *w = *state;
    w->set_fails = RF_ERR_LIMIT;
    refused(w, RF_HTTP_POST, "/v1/devices", GOOD_A, 500, "device-limit");
    w->set_fails = RF_OK;
    refused(w, RF_HTTP_POST, "/v1/devices", GOOD_A, 409,
            "device-exists"); /* durable all the same */
    answers(w, RF_HTTP_PUT, "/v1/devices/" PHONE_A, "{}", 200);
}

/* Call control is asked about so many at a time, and has others' messages in between. */
static void a_long_list_comes_in_batches(void **state)
{
    struct world *w = *state;
    for (int i = 0; i < 2 * RF_ADMIN_BATCH + 1; i++) {
        struct rf_store_phone p = {.device.model = "8861"};
        snprintf(p.device.name, sizeof p.device.name, "SEP0011223300%02X", i);
        assert_err(rf_store_device_add(w->store, &p, WORLD_NOW, NULL, NULL), RF_OK);
    }
    answers(w, RF_HTTP_GET, "/v1/devices", NULL, 200);
    assert_int_equal(rf_json_len(member(w, "devices")), 2 * RF_ADMIN_BATCH + 1);
    assert_int_equal(w->looked, 2 * RF_ADMIN_BATCH + 1);
    assert_int_equal(w->messages, 3);
}

/* ---- certificate operations ---- */

#define CAPF "/v1/devices/" PHONE_A "/capf"

static struct rf_store_capf operation(struct world *w)
{
    struct rf_store_capf op = {0};
    assert_err(rf_store_capf_load(w->store, PHONE_A, &op, NULL), RF_OK);
    return op;
}

static void a_string_is_drawn_and_shown_once(void **state)
{
    struct world *w = *state;
    char string[16];
    char before[16];
    add_a(w);
    snprintf(w->registered, sizeof w->registered, "%s", PHONE_A);
    answers(w, RF_HTTP_POST, CAPF, "{\"op\":\"install\",\"auth\":\"string\"}", 200);
    snprintf(before, sizeof before, "%s", text_of(w, "string"));
    answers(w, RF_HTTP_POST, CAPF, "{\"op\":\"install\",\"auth\":\"string\"}", 200);
    snprintf(string, sizeof string, "%s", text_of(w, "string"));
    assert_int_equal(strlen(string), RF_ADMIN_STRING_DIGITS);
    assert_int_equal(strspn(string, "0123456789"), RF_ADMIN_STRING_DIGITS);
    assert_string_not_equal(string, before);
    assert_string_equal(text_of(w, "device"), PHONE_A);
    assert_string_equal(text_of(w, "op"), "install");
    assert_string_equal(text_of(w, "auth"), "string");
    assert_int_equal(number_of(w, "expires_s"), WORLD_NOW + 72 * 3600);
    struct rf_store_capf op = operation(w);
    assert_int_equal(number_of(w, "id"), op.id);
    assert_true(rf_pwhash_check(op.string_hash, rf_slice_str(string)));
    assert_false(rf_pwhash_check(op.string_hash, rf_slice_str(before)));
    assert_int_equal(op.string_expires_s, WORLD_NOW + 72 * 3600);
    assert_int_equal(op.key_type, RF_STORE_KEY_RSA);
    assert_int_equal(op.key_bits, 2048);
    assert_int_equal(op.created_uid, getuid());
    expect_event(w, "scheduled", PHONE_A);
    assert_string_equal(w->changed, PHONE_A);
    assert_int_equal(w->resets, 2); /* it has to fetch its configuration */
    assert_int_equal(w->reset_type, RF_ADMIN_RESTART);
    answers(w, RF_HTTP_GET, "/v1/devices/" PHONE_A, NULL, 200);
    assert_null(strstr((const char *)w->text.p, string));
    assert_null(strstr((const char *)w->text.p, "scrypt"));
    assert_false(is_in_log(w, string));
    assert_false(is_in_log(w, before));
    assert_false(is_in_log(w, "scrypt"));
    assert_false(is_in_site(w, string));
    assert_true(is_in_site(w, "scrypt")); /* the search would have found it */
}

static void a_given_string_is_never_repeated(void **state)
{
    struct world *w = *state;
    add_a(w);
    refused(w, RF_HTTP_POST, CAPF, "{\"op\":\"install\",\"auth\":\"string\",\"string\":\"987\"}",
            400, "string");
    refused(w, RF_HTTP_POST, CAPF,
            "{\"op\":\"install\",\"auth\":\"string\",\"string\":\"98765432101\"}", 400, "string");
    refused(w, RF_HTTP_POST, CAPF, "{\"op\":\"install\",\"auth\":\"string\",\"string\":\"98765x\"}",
            400, "string");
    refused(w, RF_HTTP_POST, CAPF, "{\"op\":\"install\",\"auth\":\"string\",\"string\":98765432}",
            400, "json-type");
    refused(w, RF_HTTP_POST, CAPF,
            "{\"op\":\"install\",\"auth\":\"string\",\"string\":\"98765432\",\"more\":1}", 400,
            "json-unknown");
    answers(w, RF_HTTP_POST, CAPF,
            "{\"op\":\"install\",\"auth\":\"string\",\"string\":\"9876543210\"}", 200);
    assert_null(member(w, "string"));
    assert_true(rf_pwhash_check(operation(w).string_hash, rf_slice_str("9876543210")));
    answers(w, RF_HTTP_POST, CAPF, "{\"op\":\"install\",\"auth\":\"string\",\"string\":\"9876\"}",
            200);
    assert_false(is_in_log(w, "9876"));
    assert_false(is_in_site(w, "9876543210"));
}

static void operations_that_are_refused(void **state)
{
    static const struct {
        const char *body;
        int status;
        const char *code;
    } bad[] = {
        {"{\"auth\":\"mic\"}", 400, "json-missing"},
        {"{\"op\":\"install\"}", 400, "json-missing"},
        {"{\"op\":\"upgrade\",\"auth\":\"mic\"}", 400, "op"},
        {"{\"op\":\"install\",\"auth\":\"trust\"}", 400, "auth"},
        {"{\"op\":\"install\",\"auth\":\"mic\",\"string\":\"12345678\"}", 400, "string-unused"},
        {"{\"op\":\"none\",\"string\":\"12345678\"}", 400, "string-unused"},
        {"{\"op\":\"install\",\"auth\":\"mic\",\"key_type\":\"dsa\"}", 400, "key-type"},
        {"{\"op\":\"install\",\"auth\":\"mic\",\"key_bits\":1024}", 400, "key-size"},
        {"{\"op\":\"install\",\"auth\":\"mic\",\"key_bits\":8192}", 400, "key-size"},
        {"{\"op\":\"install\",\"auth\":\"mic\",\"key_bits\":0}", 400, "json-range"},
        {"{\"op\":\"install\",\"auth\":\"mic\",\"key_type\":\"ec\",\"key_bits\":2048}", 400,
         "key-size"},
        {"{\"op\":\"install\",\"auth\":\"mic\",\"complete_by_s\":1796083200}", 400,
         "complete-by-past"},
        {"{\"op\":\"install\",\"auth\":\"mic\",\"complete_by_s\":\"soon\"}", 400, "json-type"},
        {"{\"op\":\"install\",\"auth\":\"null\"}", 409, "null-string-off"},
        {"{\"op\":\"install\",\"auth\":\"string\",\"allow_proof\":true}", 400, "proof-unused"},
        {"{\"op\":\"none\",\"allow_proof\":true}", 400, "proof-unused"},
        {"{\"op\":\"install\",\"auth\":\"mic\",\"allow_proof\":1}", 400, "json-type"},
    };
    struct world *w = *state;
    refused(w, RF_HTTP_POST, CAPF, "{\"op\":\"install\",\"auth\":\"mic\"}", 404, "device-unknown");
    add_a(w);
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        refused(w, RF_HTTP_POST, CAPF, bad[i].body, bad[i].status, bad[i].code);
    struct rf_store_capf op = {0};
    assert_err(rf_store_capf_load(w->store, PHONE_A, &op, NULL), RF_ERR_NOT_FOUND);
    answers(w, RF_HTTP_POST, CAPF,
            "{\"op\":\"install\",\"auth\":\"mic\",\"key_type\":\"ec\",\"key_bits\":521,"
            "\"complete_by_s\":1796083201}",
            200);
    assert_int_equal(number_of(w, "expires_s"), WORLD_NOW + 1);
    assert_null(member(w, "string"));
    op = operation(w);
    assert_int_equal(op.auth, RF_STORE_AUTH_MIC);
    assert_int_equal(op.key_type, RF_STORE_KEY_EC);
    assert_int_equal(op.key_bits, 521);
    assert_string_equal(op.string_hash, "");
}

static uint32_t proof_seen(struct world *w)
{
    struct rf_store_proof p = {.device = PHONE_A, .source = "192.0.2.1", .op_id = 7};
    struct rf_store_proof before;
    assert_err(rf_store_proof_see(w->store, &p, WORLD_NOW, &before, NULL), RF_OK);
    return before.count;
}

static void a_proof_is_allowed_once_more_and_the_event_says_so(void **state)
{
    struct world *w = *state;
    struct rf_store_event_query query = {.device = PHONE_A, .limit = 1};
    struct rf_store_events events = {.n = 0};
    add_a(w);
    assert_int_equal(proof_seen(w), 0);
    answers(w, RF_HTTP_POST, CAPF, "{\"op\":\"install\",\"auth\":\"mic\",\"allow_proof\":false}",
            200);
    assert_int_equal(proof_seen(w), 1);
    answers(w, RF_HTTP_POST, CAPF, "{\"op\":\"fetch\",\"auth\":\"lsc\",\"allow_proof\":true}", 200);
    assert_int_equal(proof_seen(w), 0);
    expect_event(w, "scheduled", PHONE_A);
    assert_err(rf_store_event_list(w->store, &query, &events, NULL), RF_OK);
    assert_non_null(strstr(events.items[0].text, "is taken again"));
    rf_store_events_fini(&events);
}

static void what_the_site_allows(void **state)
{
    struct world *w = *state;
    add_a(w);
    w->site.conf->capf_null_string = true;
    answers(w, RF_HTTP_POST, CAPF, "{\"op\":\"install\",\"auth\":\"null\"}", 200);
    assert_string_equal(text_of(w, "expires_s"), "null");
    w->site.conf->accept_mic_for_capf = false;
    refused(w, RF_HTTP_POST, CAPF, "{\"op\":\"install\",\"auth\":\"mic\"}", 409, "mic-off");
    answers(w, RF_HTTP_POST, CAPF, "{\"op\":\"delete\",\"auth\":\"lsc\"}", 200);
    w->site.conf->rsa_min = 1024;
    answers(w, RF_HTTP_POST, CAPF, "{\"op\":\"install\",\"auth\":\"lsc\",\"key_bits\":1024}", 200);
    /* A string does not outlive its operation. */
    answers(w, RF_HTTP_POST, CAPF,
            "{\"op\":\"fetch\",\"auth\":\"string\",\"complete_by_s\":1796083300}", 200);
    assert_int_equal(number_of(w, "expires_s"), WORLD_NOW + 100);
    answers(w, RF_HTTP_POST, CAPF, "{\"op\":\"none\"}", 200);
    assert_string_equal(text_of(w, "auth"), "null");
    assert_int_equal(operation(w).op, RF_STORE_OP_NONE);
    expect_event(w, "dropped", PHONE_A);
}

/* ---- reset ---- */

static void a_phone_is_told_to_reset(void **state)
{
    struct world *w = *state;
    const char *path = "/v1/devices/" PHONE_A "/reset";
    refused(w, RF_HTTP_POST, path, "{\"type\":\"reset\"}", 404, "device-unknown");
    add_a(w);
    refused(w, RF_HTTP_POST, path, "{\"type\":\"reset\"}", 409, "not-registered");
    refused(w, RF_HTTP_POST, path, "{\"type\":\"reboot\"}", 400, "type");
    refused(w, RF_HTTP_POST, path, "{}", 400, "json-missing");
    assert_int_equal(w->events, 0);
    snprintf(w->registered, sizeof w->registered, "%s", PHONE_A);
    answers(w, RF_HTTP_POST, path, "{\"type\":\"reset\"}", 200);
    assert_int_equal(w->reset_type, RF_ADMIN_RESET);
    answers(w, RF_HTTP_POST, path, "{\"type\":\"restart\"}", 200);
    assert_string_equal(text_of(w, "type"), "restart");
    assert_int_equal(w->reset_type, RF_ADMIN_RESTART);
    assert_int_equal(w->events, 2);
    assert_string_equal(w->event.code, "restart");
    assert_string_equal(w->event.device, PHONE_A);
    assert_int_equal(w->event.uid, getuid());
}

/* ---- what is shown ---- */

static void status_is_whole(void **state)
{
    struct world *w = *state;
    w->site.conf->digest = RF_SITE_SHA1;
    answers(w, RF_HTTP_GET, "/v1/status", NULL, 200);
    assert_string_equal(text_of(w, "version"), "9.9");
    assert_string_equal(text_of(w, "site"), "ringfence");
    assert_int_equal(number_of(w, "pid"), getpid());
    assert_string_equal(text_of(w, "signer_pid"), "4711");
    assert_string_equal(text_of(w, "ports.sccp_base"), "2000");
    assert_string_equal(text_of(w, "ports.sccp_tls"), "2443");
    assert_string_equal(text_of(w, "ports.capf"), "3804");
    assert_string_equal(text_of(w, "ports.tftp"), "69");
    assert_string_equal(text_of(w, "weak.0.option"), "digest");
    assert_string_equal(text_of(w, "weak.0.value"), "sha1");
    assert_string_equal(text_of(w, "keylog"), "false");
    assert_string_equal(text_of(w, "devices"), "5");
    assert_string_equal(text_of(w, "registered"), "4");
    assert_string_equal(text_of(w, "links"), "6");
    assert_string_equal(text_of(w, "calls"), "1");
    assert_string_equal(text_of(w, "capf_sessions"), "2");
    assert_string_equal(text_of(w, "tftp_transfers"), "3");
    assert_string_equal(text_of(w, "messages.dropped"), "7");
    assert_string_equal(text_of(w, "schema"), "1");
    assert_int_equal(rf_json_len(member(w, "certificates")), 0); /* this site has none */
    assert_int_equal(rf_json_len(member(w, "lists")), 0);
    RF_AUTO(rf_freep) char *ctl = rf_site_path(&w->site, RF_SITE_CTL);
    assert_err(rf_file_replace(ctl, rf_slice_str("no list"), RF_FILE_PUBLIC, NULL), RF_OK);
    answers(w, RF_HTTP_GET, "/v1/status", NULL, 200);
    assert_string_equal(text_of(w, "lists.0.kind"), "CTL");
    assert_true(text_of(w, "lists.0.error")[0] != '\0');
}

/* What a router has no part for is the centre's. */
static void a_router_refuses_what_is_its_centres(void **state)
{
    struct world *w = *state;
    answers(w, RF_HTTP_GET, "/v1/devices", NULL, 200); /* those of the database */
    assert_int_equal(rf_json_len(member(w, "devices")), 0);
    w->conf.is_router = true;
    world_restart(w);
    answers(w, RF_HTTP_GET, "/v1/status", NULL, 200);
    assert_string_equal(text_of(w, "role"), "srst");
    assert_null(member(w, "revocation"));
    assert_null(member(w, "capf_sessions"));
    assert_non_null(member(w, "srst.snapshot"));
    snprintf(w->registered, sizeof w->registered, "%s", PHONE_B);
    answers(w, RF_HTTP_GET, "/v1/devices", NULL, 200); /* those of the snapshot */
    assert_int_equal(rf_json_len(member(w, "devices")), 2);
    assert_string_equal(text_of(w, "devices.0.name"), PHONE_A);
    assert_string_equal(text_of(w, "devices.1.lines.0.dn"), "2002");
    bool is_registered = false;
    assert_true(rf_json_bool(member(w, "devices.1"), "registered", &is_registered) &&
                is_registered);
    answers(w, RF_HTTP_GET, "/v1/devices/" PHONE_B, NULL, 200);
    assert_string_equal(text_of(w, "name"), PHONE_B);
    refused(w, RF_HTTP_GET, "/v1/devices/SEP000000000000", NULL, 404, "device-unknown");
    answers(w, RF_HTTP_GET, "/v1/events", NULL, 200);
    answers(w, RF_HTTP_GET, "/v1/calls", NULL, 200);
    answers(w, RF_HTTP_GET, "/v1/calls/history", NULL, 200);
    answers(w, RF_HTTP_GET, "/v1/meet-me", NULL, 200);
    answers(w, RF_HTTP_POST, "/v1/reload", "{}", 200);
    refused(w, RF_HTTP_POST, "/v1/devices", "{}", 409, "role-srst");
    refused(w, RF_HTTP_PUT, "/v1/devices/" PHONE_A, "{}", 409, "role-srst");
    refused(w, RF_HTTP_POST, "/v1/devices/" PHONE_A "/capf", "{}", 409, "role-srst");
    refused(w, RF_HTTP_POST, "/v1/meet-me", "{}", 409, "role-srst");
    refused(w, RF_HTTP_GET, "/v1/tvs", NULL, 409, "role-srst");
    refused(w, RF_HTTP_DELETE, "/v1/status", NULL, 405, "method");
    refused(w, RF_HTTP_GET, "/v1/nothing", NULL, 404, "no-such-path");
}

static void metrics_are_text(void **state)
{
    struct world *w = *state;
    rf_count(CALLS);
    answers(w, RF_HTTP_GET, "/metrics", NULL, 200);
    assert_null(w->json);
    RF_AUTO(rf_freep)
    char *line =
        rf_strf("\nrf_call_calls_total %llu\n", (unsigned long long)rf_metric_get(RF_METRIC_CALLS));
    assert_true(rf_slice_find(rf_buf_slice(&w->text), rf_slice_str(line)) != SIZE_MAX);
    assert_true(rf_slice_find(rf_buf_slice(&w->text),
                              rf_slice_str("# TYPE rf_call_calls_total counter\n")) != SIZE_MAX);
}

static void events_are_asked_for(void **state)
{
    struct world *w = *state;
    struct rf_store_event e = {.time_s = 100,
                               .uid = -1,
                               .severity = RF_STORE_WARN,
                               .category = "call",
                               .code = "one",
                               .call = 9,
                               .text = "first"};
    assert_err(rf_store_event_add(w->store, &e, NULL, NULL), RF_OK);
    add_a(w);
    answers(w, RF_HTTP_GET, "/v1/events", NULL, 200);
    assert_int_equal(rf_json_len(member(w, "events")), 2);
    assert_string_equal(text_of(w, "events.0.severity"), "warn");
    assert_string_equal(text_of(w, "events.0.uid"), "null");
    assert_string_equal(text_of(w, "events.0.device"), "null");
    assert_string_equal(text_of(w, "events.0.call"), "9");
    assert_string_equal(text_of(w, "events.0.text"), "first");
    assert_string_equal(text_of(w, "events.1.device"), PHONE_A);
    assert_int_equal(number_of(w, "events.1.uid"), getuid());
    RF_AUTO(rf_freep) char *after = rf_strf("/v1/events?after=%s", text_of(w, "events.0.id"));
    answers(w, RF_HTTP_GET, after, NULL, 200);
    assert_string_equal(text_of(w, "events.0.code"), "device-added");
    answers(w, RF_HTTP_GET, "/v1/events?since=101&device=" PHONE_A "&limit=5", NULL, 200);
    assert_int_equal(rf_json_len(member(w, "events")), 1);
    answers(w, RF_HTTP_GET, "/v1/events?device=" PHONE_B, NULL, 200);
    assert_int_equal(rf_json_len(member(w, "events")), 0);
    answers(w, RF_HTTP_GET, "/v1/events?limit=1", NULL, 200);
    assert_string_equal(text_of(w, "events.0.code"), "device-added");
    refused(w, RF_HTTP_GET, "/v1/events?after=-1", NULL, 400, "query");
    refused(w, RF_HTTP_GET, "/v1/events?since=yesterday", NULL, 400, "query");
    refused(w, RF_HTTP_GET, "/v1/events?limit=10001", NULL, 400, "query");
    refused(w, RF_HTTP_GET, "/v1/events?device=SEP0011223344556677", NULL, 400, "query");
}

static void calls_are_shown(void **state)
{
    struct world *w = *state;
    answers(w, RF_HTTP_GET, "/v1/calls", NULL, 200);
    assert_int_equal(rf_json_len(member(w, "calls")), 1);
    assert_string_equal(text_of(w, "calls.0.id"), "7");
    assert_string_equal(text_of(w, "calls.0.state"), "CONNECTED");
    assert_string_equal(text_of(w, "calls.0.calling_device"), PHONE_A);
    assert_string_equal(text_of(w, "calls.0.called_device"), PHONE_B);
    assert_string_equal(text_of(w, "calls.0.calling"), "2001");
    assert_string_equal(text_of(w, "calls.0.called"), "2002");
    assert_string_equal(text_of(w, "calls.0.security"), "encrypted");
    assert_int_equal(number_of(w, "calls.0.start_s"), WORLD_NOW - 9);
}

static void a_reload_is_told(void **state)
{
    struct world *w = *state;
    answers(w, RF_HTTP_POST, "/v1/reload", NULL, 200);
    assert_string_equal(text_of(w, "applied.0"), "keepalive_s");
    assert_string_equal(text_of(w, "needs_restart.0"), "workers");
    assert_string_equal(w->event.code, "reload");
    assert_int_equal(w->event.uid, getuid());
    w->reload_fails = RF_ERR_BAD;
    refused(w, RF_HTTP_POST, "/v1/reload", "{}", 400, "conf-value");
    assert_string_equal(text_of(w, "error.text"), "line 3: nonsense");
    assert_int_equal(w->event.severity, RF_STORE_WARN);
    assert_int_equal(w->reloads, 2);
    refused(w, RF_HTTP_POST, "/v1/reload", "{\"force\":true}", 400, "json-unknown");
    assert_int_equal(w->reloads, 2);
}

/* ---- a full database worker ---- */

struct plug {
    struct rf_job job;
    atomic_bool *is_at_work;
    atomic_bool *is_released;
};

static void plug_work(struct rf_job *job, void *state)
{
    struct plug *p = (struct plug *)job;
    *p->is_at_work = true;
    while (!*p->is_released)
        usleep(1000);
}

static void plug_done(struct rf_job *job, void *reader)
{
    rf_free(job);
}

static bool plug(struct world *w, atomic_bool *is_at_work, atomic_bool *is_released)
{
    struct plug *p = rf_new(struct plug);
    *p = (struct plug){.job = {.work = plug_work, .done = plug_done},
                       .is_at_work = is_at_work,
                       .is_released = is_released};
    bool is_taken = rf_worker_post(w->store_worker, &p->job) == RF_OK;
    if (!is_taken)
        rf_free(p);
    return is_taken;
}

static void a_server_with_too_much_to_do_says_so(void **state)
{
    struct world *w = *state;
    atomic_bool is_at_work = false;
    atomic_bool is_released = false;
    assert_true(plug(w, &is_at_work, &is_released));
    while (!is_at_work)
        usleep(1000);
    while (plug(w, &is_at_work, &is_released)) /* these wait behind it */
        ;
    refused(w, RF_HTTP_POST, "/v1/devices", GOOD_A, 503, "busy");
    answers(w, RF_HTTP_GET, "/v1/calls", NULL, 200); /* wants no database */
    is_released = true;
    while (!plug(w, &is_at_work, &is_released)) /* until it has come to those behind */
        usleep(1000);
    answers(w, RF_HTTP_GET, "/v1/status", NULL, 200);
    add_a(w);
}

#define IN_WORLD(test) cmocka_unit_test_setup_teardown(test, world_set_up, world_tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        IN_WORLD(paths_and_methods),
        IN_WORLD(bodies_that_are_none),
        IN_WORLD(only_root_its_user_and_its_group),
        IN_WORLD(a_device_is_added_and_shown),
        IN_WORLD(certificates_are_shown),
        IN_WORLD(a_model_is_not_asked_for_what_it_cannot),
        IN_WORLD(an_authenticated_device_needs_its_port),
        IN_WORLD(what_devices_may_not_be),
        IN_WORLD(a_site_that_requires_srtp),
        IN_WORLD(names_and_lines_are_taken_once),
        IN_WORLD(a_phone_that_asked_is_approved),
        IN_WORLD(sec_122_a_device_in_quarantine_is_only_approved_or_removed),
        IN_WORLD(a_change_keeps_what_it_does_not_name),
        IN_WORLD(a_device_is_removed),
        IN_WORLD(call_control_may_say_no),
        IN_WORLD(a_long_list_comes_in_batches),
        IN_WORLD(a_string_is_drawn_and_shown_once),
        IN_WORLD(a_given_string_is_never_repeated),
        IN_WORLD(operations_that_are_refused),
        IN_WORLD(what_the_site_allows),
        IN_WORLD(a_proof_is_allowed_once_more_and_the_event_says_so),
        IN_WORLD(a_phone_is_told_to_reset),
        IN_WORLD(status_is_whole),
        IN_WORLD(a_router_refuses_what_is_its_centres),
        IN_WORLD(metrics_are_text),
        IN_WORLD(events_are_asked_for),
        IN_WORLD(calls_are_shown),
        IN_WORLD(a_reload_is_told),
        IN_WORLD(a_server_with_too_much_to_do_says_so),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
