/* SPDX-License-Identifier: Apache-2.0 */
/* Over the admin API: survivable routers with their certificate, and who uses which. */
#include "admin_world.h"

#include "../trust/pki.h"

#include "store/store_srst.h"

#define SRST "/v1/srst"
#define USE  "/v1/srst/use"

struct pems {
    struct rf_buf pem;
    char fingerprint[65];
};
static struct pems router, other; /* made once */

static struct pems pem_of(const char *cn)
{
    struct pems p = {.pem = RF_BUF(4 * RF_CERT_DER_MAX)};
    struct id id = self_id(RF_CERT_ROLE_CCM, cn, 0);
    assert_err(rf_cert_to_pem(id.cert, &p.pem), RF_OK);
    snprintf(p.fingerprint, sizeof p.fingerprint, "%s", rf_cert_fingerprint(id.cert));
    id_fini(&id);
    return p;
}

static int make_pems(void **state)
{
    (void)state;
    router = pem_of("router");
    other = pem_of("other");
    return 0;
}

static int drop_pems(void **state)
{
    (void)state;
    rf_buf_fini(&router.pem);
    rf_buf_fini(&other.pem);
    return 0;
}

/* `more`: further members, each behind a comma. */
static char *body_of(const char *name, const struct pems *cert, const char *fingerprint,
                     const char *more)
{
    RF_AUTO(rf_json_freep) struct rf_json *j = rf_json_obj();
    RF_AUTO(rf_buf_fini) struct rf_buf text = RF_BUF(16384);
    rf_json_set_str(j, "name", name);
    rf_json_set_slice(j, "certificate", rf_buf_slice(&cert->pem));
    rf_json_set_str(j, "fingerprint", fingerprint);
    assert_err(rf_json_dump(j, 0, &text), RF_OK);
    return rf_strf("%.*s%s}", (int)text.len - 1, (const char *)text.p, more);
}

#define HOST ",\"host\":\"192.0.2.9\""

static void post(struct world *w, const char *name, const struct pems *cert, const char *more,
                 int status)
{
    RF_AUTO(rf_freep) char *body = body_of(name, cert, cert->fingerprint, more);
    w->told[0] = '\0';
    answers(w, RF_HTTP_POST, SRST, body, status);
}

static void post_refused(struct world *w, const struct pems *cert, const char *fingerprint,
                         const char *more, int status, const char *code)
{
    RF_AUTO(rf_freep) char *body = body_of("branch1", cert, fingerprint, more);
    refused(w, RF_HTTP_POST, SRST, body, status, code);
}

static void add_device(struct world *w, const char *name, const char *profile)
{
    RF_AUTO(rf_freep)
    char *body = rf_strf("{\"name\":\"%s\",\"model\":\"8861\",\"profile\":\"%s\"}", name, profile);
    answers(w, RF_HTTP_POST, "/v1/devices", body, 201);
}

static void use(struct world *w, const char *rest, const char *told)
{
    w->told[0] = '\0';
    RF_AUTO(rf_freep) char *body = rf_strf("{%s}", rest);
    answers(w, RF_HTTP_PUT, USE, body, 200);
    assert_string_equal(w->told, told);
}

/* text_of cuts */
static void assert_text(struct world *w, const char *path, const char *want)
{
    char text[128];
    assert_non_null(rf_json_text(member(w, path), text, sizeof text));
    assert_string_equal(text, want);
}

/* ---- references ---- */

static void a_router_is_added_and_shown(void **state)
{
    struct world *w = *state;
    post(w, "branch1", &router, HOST ",\"sccp_port\":2100", 201);
    assert_string_equal(text_of(w, "outcome"), "added");
    answers(w, RF_HTTP_GET, SRST, NULL, 200);
    assert_int_equal(rf_json_len(member(w, "srst")), 1);
    assert_string_equal(text_of(w, "srst.0.name"), "branch1");
    assert_string_equal(text_of(w, "srst.0.host"), "192.0.2.9");
    assert_int_equal(number_of(w, "srst.0.sccp_port"), 2100);
    assert_int_equal(number_of(w, "srst.0.provider_port"), 2445);
    assert_text(w, "srst.0.fingerprint", router.fingerprint);
    assert_string_equal(text_of(w, "srst.0.subject"), "CN=router,O=Ringfence test");
    assert_int_equal(number_of(w, "srst.0.not_after_s") / 86400, TEST_NOW / 86400 + 1000);
    assert_string_equal(text_of(w, "srst.0.state"), "never-seen");
    assert_string_equal(text_of(w, "srst.0.seen_s"), "null");
    assert_int_equal(number_of(w, "srst.0.devices"), 0);
    assert_int_equal(number_of(w, "srst.0.serial"), 0);
    answers(w, RF_HTTP_GET, "/v1/events", NULL, 200);
    assert_string_equal(text_of(w, "events.0.code"), "srst-added");
    char text[256];
    assert_non_null(rf_json_text(member(w, "events.0.text"), text, sizeof text));
    assert_non_null(strstr(text, router.fingerprint));
}

static void what_is_heard_of_a_router_is_shown(void **state)
{
    struct world *w = *state;
    post(w, "branch1", &router, HOST, 201);
    assert_err(rf_store_srst_seen(w->store, "branch1", RF_STORE_SRST_FALLBACK, 12, WORLD_NOW, NULL,
                                  NULL, NULL),
               RF_OK);
    answers(w, RF_HTTP_GET, SRST, NULL, 200);
    assert_string_equal(text_of(w, "srst.0.state"), "fallback");
    assert_int_equal(number_of(w, "srst.0.phones"), 12);
    assert_int_equal(number_of(w, "srst.0.since_s"), WORLD_NOW);
    assert_int_equal(number_of(w, "srst.0.seen_s"), WORLD_NOW);
}

static void sec_94_a_certificate_is_kept_under_the_fingerprint_that_was_accepted(void **state)
{
    struct world *w = *state;
    post_refused(w, &other, router.fingerprint, HOST, 409, "srst-fingerprint");
    answers(w, RF_HTTP_GET, SRST, NULL, 200);
    assert_int_equal(rf_json_len(member(w, "srst")), 0);
    post(w, "branch1", &router, HOST, 201);
    post_refused(w, &other, router.fingerprint, "", 409, "srst-fingerprint");
    answers(w, RF_HTTP_GET, SRST, NULL, 200);
    assert_text(w, "srst.0.fingerprint", router.fingerprint);
    post(w, "branch1", &other, "", 200);
    assert_string_equal(text_of(w, "outcome"), "accepted");
    assert_text(w, "replaced", router.fingerprint);
    answers(w, RF_HTTP_GET, SRST, NULL, 200);
    assert_text(w, "srst.0.fingerprint", other.fingerprint);
    assert_string_equal(text_of(w, "srst.0.host"), "192.0.2.9");
    answers(w, RF_HTTP_GET, "/v1/events", NULL, 200);
    assert_string_equal(text_of(w, "events.1.code"), "srst-certificate-accepted");
}

static void a_router_that_cannot_be_is_refused(void **state)
{
    static const struct {
        const char *more, *code;
    } bad[] = {
        {"", "json-missing"},
        {",\"host\":\"router.example\"", "srst-host"},
        {",\"host\":\"::1\"", "srst-host"},
        {",\"host\":\"0.0.0.0\"", "srst-host"},
        {",\"host\":7", "json-type"},
        {HOST ",\"sccp_port\":65093", "json-range"},
        {HOST ",\"provider_port\":0", "json-range"},
        {HOST ",\"colour\":1", "json-unknown"},
    };
    struct world *w = *state;
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        post_refused(w, &router, router.fingerprint, bad[i].more, 400, bad[i].code);
    post_refused(w, &router, "00", HOST, 400, "value");
    struct pems both = {.pem = RF_BUF(4 * RF_CERT_DER_MAX)};
    assert_err(rf_buf_add_slice(&both.pem, rf_buf_slice(&router.pem)), RF_OK);
    assert_err(rf_buf_add_slice(&both.pem, rf_buf_slice(&other.pem)), RF_OK);
    post_refused(w, &both, router.fingerprint, HOST, 400, "srst-certificate-several");
    rf_buf_fini(&both.pem);
    RF_AUTO(rf_freep) char *name = body_of("no name", &router, router.fingerprint, HOST);
    refused(w, RF_HTTP_POST, SRST, name, 400, "store-value");
    post(w, "branch1", &router, HOST, 201);
}

static void phones_are_told_of_what_has_to_do_with_them(void **state)
{
    struct world *w = *state;
    add_device(w, PHONE_A, "");
    add_device(w, PHONE_B, "lobby");
    post(w, "branch1", &router, HOST, 201);
    assert_string_equal(w->told, "");
    use(w, "\"layer\":\"profile\",\"name\":\"lobby\",\"srst\":\"branch1\"", PHONE_B " ");
    assert_int_equal(w->config_how, RF_ADMIN_RESET); /* they take it at their start only */
    post(w, "branch1", &other, "", 200);
    assert_string_equal(w->told, PHONE_B " ");
    post(w, "branch1", &other, "", 200);
    assert_string_equal(text_of(w, "outcome"), "unchanged");
    assert_string_equal(w->told, "");
    post(w, "branch1", &other, ",\"provider_port\":2447", 200);
    assert_string_equal(text_of(w, "outcome"), "changed");
    assert_string_equal(w->told, ""); /* no phone goes there */
    post(w, "branch1", &other, ",\"sccp_port\":2100", 200);
    assert_string_equal(w->told, PHONE_B " ");
}

/* ---- who uses which ---- */

static void uses_are_set_and_shown(void **state)
{
    struct world *w = *state;
    add_device(w, PHONE_A, "");
    add_device(w, PHONE_B, "lobby");
    post(w, "branch1", &router, HOST, 201);
    post(w, "branch2", &other, HOST, 201);
    use(w, "\"layer\":\"site\",\"srst\":\"branch1\"", PHONE_A " " PHONE_B " ");
    use(w, "\"layer\":\"site\",\"srst\":\"branch1\"", "");
    use(w, "\"layer\":\"profile\",\"name\":\"lobby\",\"srst\":\"branch2\"", PHONE_B " ");
    use(w, "\"layer\":\"device\",\"name\":\"" PHONE_A "\",\"srst\":\"none\"", PHONE_A " ");
    answers(w, RF_HTTP_GET, SRST, NULL, 200);
    assert_int_equal(number_of(w, "srst.0.devices"), 0);
    assert_int_equal(number_of(w, "srst.1.devices"), 1);
    assert_int_equal(rf_json_len(member(w, "uses")), 3);
    assert_string_equal(text_of(w, "uses.1.layer"), "profile");
    assert_string_equal(text_of(w, "uses.1.name"), "lobby");
    assert_string_equal(text_of(w, "uses.1.srst"), "branch2");
    assert_string_equal(text_of(w, "uses.2.srst"), "none");
    use(w, "\"layer\":\"device\",\"name\":\"" PHONE_A "\",\"srst\":\"inherit\"", PHONE_A " ");
    use(w, "\"layer\":\"site\",\"srst\":\"none\"", PHONE_A " ");
    answers(w, RF_HTTP_GET, SRST, NULL, 200);
    assert_int_equal(rf_json_len(member(w, "uses")), 1);
}

static void a_use_that_cannot_be_is_refused(void **state)
{
    struct world *w = *state;
    post(w, "branch1", &router, HOST, 201);
    refused(w, RF_HTTP_PUT, USE, "{\"layer\":\"site\",\"srst\":\"x\"}", 404, "srst-unknown");
    refused(w, RF_HTTP_PUT, USE, "{\"layer\":\"model\",\"name\":\"8861\",\"srst\":\"branch1\"}",
            400, "layer");
    refused(w, RF_HTTP_PUT, USE, "{\"layer\":\"site\",\"name\":\"x\",\"srst\":\"branch1\"}", 400,
            "layer");
    refused(w, RF_HTTP_PUT, USE, "{\"layer\":\"profile\",\"srst\":\"branch1\"}", 400,
            "json-missing");
    refused(w, RF_HTTP_PUT, USE, "{\"layer\":\"site\"}", 400, "json-missing");
    refused(w, RF_HTTP_PUT, USE,
            "{\"layer\":\"device\",\"name\":\"" PHONE_A "\",\"srst\":\"branch1\"}", 404,
            "device-unknown");
    use(w, "\"layer\":\"site\",\"srst\":\"branch1\"", "");
}

static void one_that_is_used_is_not_removed_but_by_force(void **state)
{
    struct world *w = *state;
    add_device(w, PHONE_A, "");
    post(w, "branch1", &router, HOST, 201);
    use(w, "\"layer\":\"site\",\"srst\":\"branch1\"", PHONE_A " ");
    refused(w, RF_HTTP_DELETE, SRST, "{\"name\":\"branch1\"}", 409, "srst-used");
    refused(w, RF_HTTP_DELETE, SRST, "{\"name\":\"branch1\",\"force\":1}", 400, "json-type");
    refused(w, RF_HTTP_DELETE, SRST, "{\"name\":\"branch2\"}", 404, "srst-unknown");
    answers(w, RF_HTTP_DELETE, SRST, "{\"name\":\"branch1\",\"force\":true}", 200);
    assert_string_equal(w->told, PHONE_A " ");
    answers(w, RF_HTTP_GET, SRST, NULL, 200);
    assert_int_equal(rf_json_len(member(w, "srst")), 0);
    assert_int_equal(rf_json_len(member(w, "uses")), 0);
}

#define IN_WORLD(test) cmocka_unit_test_setup_teardown(test, world_set_up, world_tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        IN_WORLD(a_router_is_added_and_shown),
        IN_WORLD(what_is_heard_of_a_router_is_shown),
        IN_WORLD(sec_94_a_certificate_is_kept_under_the_fingerprint_that_was_accepted),
        IN_WORLD(a_router_that_cannot_be_is_refused),
        IN_WORLD(phones_are_told_of_what_has_to_do_with_them),
        IN_WORLD(uses_are_set_and_shown),
        IN_WORLD(a_use_that_cannot_be_is_refused),
        IN_WORLD(one_that_is_used_is_not_removed_but_by_force),
    };
    return cmocka_run_group_tests(tests, make_pems, drop_pems);
}
