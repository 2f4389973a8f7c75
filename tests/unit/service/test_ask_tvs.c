/* SPDX-License-Identifier: Apache-2.0 */
/* The phone's question to TVS, over a pretend network. */
#include "service/phone/ask_tvs.h"

#include "../trust/pki.h"
#include "phone_net.h"

#define SUITE "TLS_AES_256_GCM_SHA384"

struct world {
    struct id sast, tvs, other, asked;
    struct rf_lists lists;
    struct net net;
    struct rf_clock_fake clock;
    struct rf_timers *timers;
    struct rf_phonexml_server server[2];
    struct rf_ask_tvs *ask;
    struct rf_ask_tvs_result result;
    char server_said[64];
    int done;
};

static struct rf_list *list_with(const struct world *w)
{
    RF_AUTO(rf_buf_fini) struct rf_buf bytes = RF_BUF(RF_TRUSTLIST_BYTES_MAX);
    struct rf_list *list = NULL;
    const struct rf_list_entry entries[] = {{w->sast.cert, RF_TRUSTLIST_ROLE_SAST, NULL},
                                            {w->tvs.cert, RF_TRUSTLIST_ROLE_TVS, NULL},
                                            {w->other.cert, RF_TRUSTLIST_ROLE_CCM, NULL}};
    struct rf_list_spec spec = {.kind = RF_LIST_ITL,
                                .entries = entries,
                                .n = 3,
                                .digest = RF_DIGEST_SHA512,
                                .is_11 = true,
                                .timestamp = TEST_NOW};
    assert_err(rf_list_build(&spec, w->sast.vault, w->sast.cert, &bytes, NULL), RF_OK);
    assert_err(rf_list_open(rf_buf_slice(&bytes), &list, NULL), RF_OK);
    return list;
}

static int up(void **state)
{
    struct world *w = rf_new(struct world);
    w->sast = self_id(RF_CERT_ROLE_SAST, "sast", 2048);
    w->tvs = self_id(RF_CERT_ROLE_TVS, "tvs", 0);
    w->other = self_id(RF_CERT_ROLE_CCM, "ccm", 0);
    w->asked = self_id(RF_CERT_ROLE_SAST, "asked", 0);
    w->lists.itl = list_with(w);
    rf_clock_fake_init(&w->clock, TEST_NOW);
    w->timers = rf_timers_new(&w->clock.clock);
    for (size_t i = 0; i < 2; i++) {
        snprintf(w->server[i].name, sizeof w->server[i].name, "192.0.2.%zu", i + 1);
        w->server[i].port = 2445;
    }
    *state = w;
    return 0;
}

static int down(void **state)
{
    struct world *w = *state;
    rf_ask_tvs_free(w->ask);
    net_fini(&w->net);
    rf_lists_fini(&w->lists);
    id_fini(&w->sast);
    id_fini(&w->tvs);
    id_fini(&w->other);
    id_fini(&w->asked);
    rf_timers_free(w->timers);
    rf_free(w);
    return 0;
}

static void on_done(void *arg, const struct rf_ask_tvs_result *result)
{
    struct world *w = arg;
    w->result = *result;
    snprintf(w->server_said, sizeof w->server_said, "%s", result->server);
    w->done++;
}

static void start(struct world *w, size_t servers)
{
    struct rf_ask_tvs_conf conf = {.device = "SEP001122334455",
                                   .model = "8861",
                                   .server = w->server,
                                   .server_n = servers,
                                   .lists = &w->lists,
                                   .cert = w->asked.cert,
                                   .net = net_ops(),
                                   .net_arg = &w->net,
                                   .timers = w->timers,
                                   .on_done = on_done,
                                   .arg = w};
    w->ask = rf_ask_tvs_start(&conf);
}

static void pass(struct world *w, uint64_t ms)
{
    rf_clock_fake_advance(&w->clock, ms);
    rf_timers_run(w->timers);
}

/* The question as the server reads it. */
static struct rf_tvs_msg question(struct net_link *l)
{
    struct rf_tvs_frame frame;
    struct rf_tvs_msg msg;
    size_t used;
    assert_err(rf_tvs_frame_next(net_taken(l), &frame, &used, NULL), RF_OK);
    assert_err(rf_tvs_decode(&frame, &msg, NULL), RF_OK);
    return msg;
}

static struct rf_tvs_msg valid(uint32_t session)
{
    static const uint8_t roles[] = {0, 3, 21};
    return (struct rf_tvs_msg){.command = RF_TVS_VERIFY_RES,
                               .session = session,
                               .has_status = true,
                               .status = RF_TVS_VALID,
                               .has_roles = true,
                               .roles = rf_slice_of(roles, sizeof roles),
                               .has_ttl = true,
                               .ttl_s = 3600};
}

static void give(struct net_link *l, const struct rf_tvs_msg *msg)
{
    uint8_t buf[256];
    struct rf_slice frame;
    assert_err(rf_tvs_encode(msg, buf, sizeof buf, &frame), RF_OK);
    net_give(l, frame);
}

static void ends_with(struct world *w, enum rf_err err, const char *code)
{
    pass(w, 0);
    assert_int_equal(w->done, 1);
    assert_err(w->result.err, err);
    assert_string_equal(w->result.why.code, code);
}

static void sec_22_the_answer_brings_roles_and_how_long_it_may_be_kept(void **state)
{
    struct world *w = *state;
    start(w, 2);
    struct net_link *l = net_last(&w->net);
    assert_string_equal(l->host, "192.0.2.1");
    assert_int_equal(l->port, 2445);
    assert_true(l->has_tls);
    net_accept(l, w->tvs.cert, SUITE);
    struct rf_tvs_msg q = question(l);
    assert_int_equal(q.command, RF_TVS_VERIFY_REQ);
    assert_slice_str(q.device_name, "CP-8861-SEP001122334455");
    assert_slice_eq(q.cert, rf_cert_der(w->asked.cert));
    struct rf_tvs_msg a = valid(q.session);
    give(l, &a);
    ends_with(w, RF_OK, "");
    assert_int_equal(w->result.roles, 1u << 0 | 1u << 3 | 1u << 21);
    assert_int_equal(w->result.ttl_s, 3600);
    assert_string_equal(w->server_said, "192.0.2.1");
    assert_int_equal(w->net.n, 1);
}

static void a_no_is_final(void **state)
{
    struct world *w = *state;
    start(w, 2);
    struct net_link *l = net_last(&w->net);
    net_accept(l, w->tvs.cert, SUITE);
    struct rf_tvs_msg a = {.command = RF_TVS_VERIFY_RES,
                           .session = question(l).session,
                           .has_status = true,
                           .status = RF_TVS_INVALID};
    give(l, &a);
    ends_with(w, RF_ERR_DENIED, "tvs-invalid");
    assert_int_equal(w->net.n, 1); /* the other one is not asked until somebody says yes */
}

static void sec_24_a_server_that_the_lists_do_not_have_as_tvs_is_not_asked(void **state)
{
    struct world *w = *state;
    start(w, 2);
    net_accept(net_last(&w->net), w->asked.cert, SUITE);
    assert_int_equal(net_taken(w->net.links[0]).len, 0);
    assert_int_equal(w->net.n, 2); /* the next */
    net_accept(net_last(&w->net), w->other.cert, SUITE);
    assert_int_equal(net_taken(w->net.links[1]).len, 0);
    ends_with(w, RF_ERR_IO, "server-role");
}

static void sec_97_the_next_is_asked_when_one_is_silent_or_away(void **state)
{
    struct world *w = *state;
    start(w, 2);
    net_accept(net_last(&w->net), w->tvs.cert, SUITE);
    pass(w, RF_ASK_TVS_ANSWER_MS - 1);
    assert_int_equal(w->net.n, 1);
    pass(w, 1);
    assert_int_equal(w->net.n, 2);
    net_break(net_last(&w->net), "connect-refused");
    ends_with(w, RF_ERR_IO, "connect-refused");
}

static void an_answer_to_another_question_is_none(void **state)
{
    struct world *w = *state;
    start(w, 1);
    struct net_link *l = net_last(&w->net);
    net_accept(l, w->tvs.cert, SUITE);
    struct rf_tvs_msg a = valid(question(l).session + 1);
    give(l, &a);
    ends_with(w, RF_ERR_BAD, "tvs-session");
}

static void what_is_no_answer_is_none(void **state)
{
    struct world *w = *state;
    static const struct {
        struct rf_tvs_msg msg;
        const char *code;
    } bad[] = {
        {{.command = RF_TVS_VERIFY_REQ, .has_status = true}, "tvs-command"},
        {{.command = RF_TVS_QUERY_RES, .has_status = true}, "tvs-command"},
        {{.command = RF_TVS_VERIFY_RES}, "tvs-command"},
    };
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        struct rf_tvs_msg msg = bad[i].msg;
        w->done = 0;
        start(w, 1);
        struct net_link *l = net_last(&w->net);
        net_accept(l, w->tvs.cert, SUITE);
        msg.session = question(l).session;
        give(l, &msg);
        ends_with(w, RF_ERR_BAD, bad[i].code);
        rf_ask_tvs_free(rf_steal(&w->ask));
    }
    w->done = 0;
    start(w, 1);
    net_accept(net_last(&w->net), w->tvs.cert, SUITE);
    net_give(net_last(&w->net), rf_slice_str("HTTP/1.1 400 Bad Request\r\n"));
    ends_with(w, RF_ERR_BAD, "tvs-protocol");
}

static void without_a_server_there_is_nobody_to_ask(void **state)
{
    struct world *w = *state;
    start(w, 0);
    ends_with(w, RF_ERR_NOT_FOUND, "tvs-none");
}

static void a_question_that_is_freed_says_nothing_more(void **state)
{
    struct world *w = *state;
    start(w, 1);
    net_accept(net_last(&w->net), w->tvs.cert, SUITE);
    rf_ask_tvs_free(rf_steal(&w->ask));
    pass(w, 10 * RF_ASK_TVS_ANSWER_MS);
    assert_int_equal(w->done, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
#define TEST(name) cmocka_unit_test_setup_teardown(name, up, down)
        TEST(sec_22_the_answer_brings_roles_and_how_long_it_may_be_kept),
        TEST(a_no_is_final),
        TEST(sec_24_a_server_that_the_lists_do_not_have_as_tvs_is_not_asked),
        TEST(sec_97_the_next_is_asked_when_one_is_silent_or_away),
        TEST(an_answer_to_another_question_is_none),
        TEST(what_is_no_answer_is_none),
        TEST(without_a_server_there_is_nobody_to_ask),
        TEST(a_question_that_is_freed_says_nothing_more),
#undef TEST
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
