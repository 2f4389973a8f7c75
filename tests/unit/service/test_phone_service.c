/* SPDX-License-Identifier: Apache-2.0 */
/* A page of a service: whose server the phone believes, and what it makes of the answer. Notices
 * service.role, service.server, page.plain, page.redirect, page.status, page.too-large. */
#include "phone_kit.h"

#include "service/phone/page.h"

#define ROLE(role) (UINT32_C(1) << (role))
#define APP_SERVER ROLE(RF_TRUSTLIST_ROLE_APP_SERVER)
#define SUITE      "TLS_AES_256_GCM_SHA384"
#define URL        "https://192.0.2.30:8443/menu?who=me"
#define PAGE       "<CiscoIPPhoneText>hello</CiscoIPPhoneText>"

/* Lists with a TVS, and `app` (may be NULL) as application server. */
static struct rf_buf list_of(enum rf_list_kind kind, const struct rf_cert *app)
{
    const struct rf_list_entry entries[] = {{ids.sast.cert, RF_TRUSTLIST_ROLE_SAST, NULL},
                                            {ids.sast2.cert, RF_TRUSTLIST_ROLE_SAST, NULL},
                                            {ids.ccm.cert, RF_TRUSTLIST_ROLE_CCM, NULL},
                                            {ids.tftp.cert, RF_TRUSTLIST_ROLE_TFTP, NULL},
                                            {ids.capf.cert, RF_TRUSTLIST_ROLE_CAPF, NULL},
                                            {ids.tvs.cert, RF_TRUSTLIST_ROLE_TVS, NULL},
                                            {app, RF_TRUSTLIST_ROLE_APP_SERVER, NULL}};
    return kit_list_of(kind, &ids.sast, TEST_NOW - 500, entries, app != NULL ? 7 : 6);
}

static void run_with(struct kit *k, size_t tvs_n, const struct rf_cert *app)
{
    RF_AUTO(rf_phonexml_freep) struct rf_phonexml *c = kit_config();
    c->tvs_n = tvs_n;
    snprintf(c->tvs[0].name, sizeof c->tvs[0].name, "192.0.2.7");
    c->tvs[0].port = 2445;
    snprintf(c->services_url, sizeof c->services_url, "https://192.0.2.31/services");
    kit_serve_config(k, c);
    kit_serve(k, CTL, list_of(RF_LIST_CTL, app));
    kit_serve(k, ITL, list_of(RF_LIST_ITL, app));
    kit_boot(k);
    kit_until_registering(k);
    kit_registered(k);
}

static void tvs_says(struct kit *k, enum rf_err err, const char *code, uint32_t roles,
                     uint32_t ttl_s)
{
    k->tvs.will_be = (struct rf_ask_tvs_result){
        .err = err, .roles = roles, .ttl_s = ttl_s, .server = "192.0.2.7"};
    if (err != RF_OK)
        rf_why_set(&k->tvs.will_be.why, err, code, "as the test says");
}

static void opens(struct kit *k, const char *what)
{
    struct rf_why why = {0};
    if (rf_phone_open(k->phone, what, &why) != RF_OK)
        fail_msg("%s", rf_why_text(&why));
}

static void refuses_to_open(struct kit *k, const char *what, const char *code)
{
    struct rf_why why = {0};
    size_t links = k->net.n;
    assert_true(rf_phone_open(k->phone, what, &why) != RF_OK);
    assert_string_equal(why.code, code);
    assert_int_equal(k->net.n, links);
}

static void answers(struct kit *k, const char *head, const char *body)
{
    char text[1024];
    snprintf(text, sizeof text, "%s\r\nContent-Length: %zu\r\n\r\n%s", head, strlen(body), body);
    net_give(net_last(&k->net), rf_slice_str(text));
}

static void gives_the_page(struct kit *k)
{
    assert_true(net_last(&k->net)->is_open);
    answers(k, "HTTP/1.1 200 OK\r\nContent-Type: text/xml", PAGE);
}

static void meets(struct kit *k, const struct rf_cert *cert)
{
    net_accept(net_last(&k->net), cert, SUITE);
}

/* The first handshake ended before anything was sent; TVS was asked, and there is another one. */
static void meets_again(struct kit *k, const struct rf_cert *cert)
{
    size_t links = k->net.n;
    assert_int_equal(net_taken(k->net.links[links - 1]).len, 0);
    kit_until(k, "tvs server=192.0.2.7");
    assert_int_equal(k->net.n, links + 1);
    meets(k, cert);
}

static void an_application_server_of_the_lists_is_believed(void **state)
{
    struct kit *k = *state;
    run_with(k, 1, ids.stranger.cert);
    opens(k, URL);
    struct net_link *l = net_last(&k->net);
    assert_string_equal(l->host, "192.0.2.30");
    assert_int_equal(l->port, 8443);
    assert_true(l->has_tls);
    assert_null(l->own); /* a service learns no certificate of the phone */
    meets(k, ids.stranger.cert);
    assert_int_equal(rf_slice_find(net_taken(l), rf_slice_str("GET /menu?who=me HTTP/1.1\r\n"
                                                              "Host: 192.0.2.30:8443\r\n")),
                     0);
    gives_the_page(k);
    kit_until(k, "service url=https://192.0.2.30:8443/menu server=192.0.2.30:8443 result=opened "
                 "by=list");
    assert_true(kit_saw(k, "status=200 type=text/xml bytes=42"));
    assert_true(kit_saw(k, "text=" PAGE));
    assert_false(kit_saw(k, "who=me"));
    assert_int_equal(k->tvs.n, 0);
    kit_off(k);
}

static void sec_95_a_server_known_to_tvs_opens_and_within_a_day_it_is_not_asked_again(void **state)
{
    struct kit *k = *state;
    run_with(k, 1, NULL);
    tvs_says(k, RF_OK, NULL, APP_SERVER, 86400);
    opens(k, URL);
    meets(k, ids.stranger.cert);
    meets_again(k, ids.stranger.cert);
    gives_the_page(k);
    kit_until(k, "result=opened by=tvs");
    assert_int_equal(k->tvs.n, 1);
    assert_true(rf_cert_eq(k->tvs.conf.cert, ids.stranger.cert));
    kit_pass(k, 86399u * 1000u);
    opens(k, URL);
    meets(k, ids.stranger.cert);
    gives_the_page(k); /* at once */
    kit_until(k, "result=opened by=tvs");
    assert_int_equal(k->tvs.n, 1);
    kit_pass(k, 1000u);
    opens(k, URL);
    meets(k, ids.stranger.cert);
    meets_again(k, ids.stranger.cert);
    gives_the_page(k);
    kit_until(k, "result=opened by=tvs");
    assert_int_equal(k->tvs.n, 2);
    kit_off(k);
}

static void an_answer_that_may_not_be_kept_is_good_for_one_page(void **state)
{
    struct kit *k = *state;
    run_with(k, 1, NULL);
    tvs_says(k, RF_OK, NULL, APP_SERVER, 0);
    for (int i = 1; i <= 2; i++) {
        opens(k, URL);
        meets(k, ids.stranger.cert);
        meets_again(k, ids.stranger.cert);
        gives_the_page(k);
        kit_until(k, "result=opened by=tvs");
        assert_int_equal(k->tvs.n, i);
    }
    kit_off(k);
}

static void is_refused(struct kit *k, const char *code)
{
    char line[96];
    snprintf(line, sizeof line, "result=refused");
    kit_until(k, line);
    snprintf(line, sizeof line, "code=%s", code);
    assert_true(kit_saw(k, line));
    assert_true(kit_saw(k, "status text=Service not trusted: 192.0.2.30:8443"));
    for (size_t i = 0; i < k->net.n; i++)
        assert_int_equal(net_taken(k->net.links[i]).len, 0); /* nobody got a request */
    kit_off(k);
    assert_true(kit_has_status(k, "Service not trusted: 192.0.2.30:8443"));
}

static void sec_96_a_server_that_tvs_does_not_know_is_refused_with_a_message(void **state)
{
    struct kit *k = *state;
    run_with(k, 1, NULL);
    tvs_says(k, RF_ERR_DENIED, "tvs-invalid", 0, 0);
    opens(k, URL);
    meets(k, ids.stranger.cert);
    is_refused(k, "tvs-invalid");
    assert_int_equal(k->net.n, 1);
}

static void sec_96_one_that_tvs_knows_as_something_else_is_refused(void **state)
{
    struct kit *k = *state;
    run_with(k, 1, NULL);
    tvs_says(k, RF_OK, NULL, ~APP_SERVER, 86400);
    opens(k, URL);
    meets(k, ids.stranger.cert);
    kit_until(k, "code=server-role");
    /* The answer is kept: it is refused without another question. */
    opens(k, URL);
    meets(k, ids.stranger.cert);
    is_refused(k, "server-role");
    assert_int_equal(k->tvs.n, 1);
}

static void sec_96_a_call_manager_of_the_lists_is_no_application_server(void **state)
{
    struct kit *k = *state;
    run_with(k, 1, NULL);
    tvs_says(k, RF_ERR_DENIED, "tvs-invalid", 0, 0);
    opens(k, URL);
    meets(k, ids.ccm.cert);
    is_refused(k, "tvs-invalid");
}

static void sec_96_without_an_answer_of_tvs_it_is_refused(void **state)
{
    struct kit *k = *state;
    run_with(k, 1, NULL);
    tvs_says(k, RF_ERR_IO, "connect-refused", 0, 0);
    opens(k, URL);
    meets(k, ids.stranger.cert);
    is_refused(k, "connect-refused");
}

static void sec_96_where_there_is_no_tvs_the_lists_decide(void **state)
{
    struct kit *k = *state;
    run_with(k, 0, NULL);
    opens(k, URL);
    meets(k, ids.stranger.cert);
    is_refused(k, "service-no-tvs");
    assert_int_equal(k->tvs.n, 0);
}

static void sec_96_the_answer_is_for_one_certificate_and_no_other(void **state)
{
    struct kit *k = *state;
    run_with(k, 1, NULL);
    tvs_says(k, RF_OK, NULL, APP_SERVER, 86400);
    opens(k, URL);
    meets(k, ids.stranger.cert);
    meets_again(k, ids.other_image.cert); /* now it shows another one */
    is_refused(k, "server-unknown");
    assert_int_equal(k->tvs.n, 1);
}

static void what_is_no_page_is_refused(void **state)
{
    static const struct {
        const char *head, *body, *code;
    } rows[] = {
        {"HTTP/1.1 404 Not Found", "", "http-status"},
        {"HTTP/1.1 302 Found\r\nLocation: https://192.0.2.99/", "", "http-redirect"},
        {"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked", "", "http-no-length"},
        {"220 hello", "", "http-bad"},
    };
    struct kit *k = *state;
    run_with(k, 1, ids.stranger.cert);
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        char line[64];
        opens(k, URL);
        meets(k, ids.stranger.cert);
        answers(k, rows[i].head, rows[i].body);
        kit_until(k, "result=failed");
        snprintf(line, sizeof line, "code=%s", rows[i].code);
        kit_until(k, line);
        assert_true(kit_saw(k, "status text=Service not opened: 192.0.2.30:8443"));
    }
    opens(k, URL);
    meets(k, ids.stranger.cert);
    net_give(net_last(&k->net), rf_slice_str("HTTP/1.1 200 OK\r\n\r\n"));
    kit_until(k, "code=http-no-length");
    opens(k, URL);
    meets(k, ids.stranger.cert);
    net_give(net_last(&k->net), rf_slice_str("HTTP/1.1 200 OK\r\nContent-Length: 65537\r\n\r\n"));
    kit_until(k, "code=page-too-large");
    opens(k, URL);
    meets(k, ids.stranger.cert);
    net_give(net_last(&k->net), rf_slice_str("HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhalf"));
    net_break(net_last(&k->net), "end");
    kit_until(k, "code=http-cut");
    opens(k, URL);
    meets(k, ids.stranger.cert);
    kit_pass(k, RF_PAGE_MS);
    kit_until(k, "code=page-timeout");
    kit_off(k);
}

static void what_is_not_opened_at_all(void **state)
{
    struct kit *k = *state;
    run_with(k, 1, ids.stranger.cert);
    refuses_to_open(k, "http://192.0.2.30/menu", "page-plain");
    refuses_to_open(k, "https://services.example/menu", "page-host");
    refuses_to_open(k, "gopher://192.0.2.30/", "http-url");
    refuses_to_open(k, "directory", "service-none");
    opens(k, "services");
    assert_string_equal(net_last(&k->net)->host, "192.0.2.31");
    assert_int_equal(net_last(&k->net)->port, 443);
    refuses_to_open(k, URL, "service-busy");
    kit_reset(k, RF_SCCP_RESET_RESTART); /* the phone leaves, and with it the page */
    kit_until_registering(k);
    assert_true(net_last(&k->net)->is_gone);
    refuses_to_open(k, URL, "not-registered");
    kit_registered(k);
    opens(k, URL);
    kit_off(k);
}

static void stopping_in_the_middle_of_it_is_the_end_of_it(void **state)
{
    struct kit *k = *state;
    run_with(k, 1, NULL);
    tvs_says(k, RF_OK, NULL, APP_SERVER, 86400);
    k->stop_at = "tvs server=192.0.2.7";
    opens(k, URL);
    meets(k, ids.stranger.cert);
    kit_until(k, "stopped");
    kit_off(k);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
#define TEST(name) cmocka_unit_test_setup_teardown(name, kit_up, kit_down)
        TEST(an_application_server_of_the_lists_is_believed),
        TEST(sec_95_a_server_known_to_tvs_opens_and_within_a_day_it_is_not_asked_again),
        TEST(an_answer_that_may_not_be_kept_is_good_for_one_page),
        TEST(sec_96_a_server_that_tvs_does_not_know_is_refused_with_a_message),
        TEST(sec_96_one_that_tvs_knows_as_something_else_is_refused),
        TEST(sec_96_a_call_manager_of_the_lists_is_no_application_server),
        TEST(sec_96_without_an_answer_of_tvs_it_is_refused),
        TEST(sec_96_where_there_is_no_tvs_the_lists_decide),
        TEST(sec_96_the_answer_is_for_one_certificate_and_no_other),
        TEST(what_is_no_page_is_refused),
        TEST(what_is_not_opened_at_all),
        TEST(stopping_in_the_middle_of_it_is_the_end_of_it),
#undef TEST
    };
    return cmocka_run_group_tests(tests, kit_ids_up, kit_ids_down);
}
