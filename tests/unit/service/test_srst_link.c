/* SPDX-License-Identifier: Apache-2.0 */
/* A survivable router and its centre over TLS on loopback: who is taken, who is refused, and when a
 * link ends. */
#include "srst_world.h"

/* ---- who is taken ---- */

static void the_accepted_router_and_its_centre(void **state)
{
    struct world *w = *state;
    struct rf_branch_state now = {
        .serial = 4, .phones = 2, .secure_phones = 1, .calls = 1, .since_s = TEST_NOW};
    both_up(w);
    assert_string_equal(w->hello.name, BRANCH);
    assert_string_equal(w->hello.version, "0.5.0");
    assert_string_equal(w->hello.epoch, EPOCH);
    assert_int_equal(w->hello.serial, 3);
    assert_int_equal(w->states, 1);
    assert_int_equal(w->state.serial, 3);
    assert_true(rf_branch_centre_has(w->centre, BRANCH));
    assert_int_equal(rf_branch_centre_n(w->centre), 1);
    assert_true(rf_branch_router_is_up(w->router));
    rf_branch_router_state(w->router, &now); /* too soon after the first */
    turn_some(w);
    assert_int_equal(w->states, 1);
    rf_clock_fake_advance(&w->clock, RF_BRANCH_STATE_MIN_MS);
    turn_until(w, w->states == 2);
    assert_int_equal(w->state.serial, 4);
    assert_int_equal(w->state.phones, 2);
    assert_int_equal(w->state.secure_phones, 1);
    assert_int_equal(w->state.calls, 1);
    assert_int_equal(w->state.since_s, TEST_NOW);
    rf_branch_router_state(w->router, &now); /* nothing new */
    rf_clock_fake_advance(&w->clock, RF_BRANCH_STATE_MS - 1);
    turn_some(w);
    assert_int_equal(w->states, 2);
    rf_clock_fake_advance(&w->clock, 1);
    turn_until(w, w->states == 3);
    assert_int_equal(w->downs + w->gone + w->refused, 0);
}

/* They go on for as long as they talk. */
static void a_link_stays(void **state)
{
    struct world *w = *state;
    both_up(w);
    for (unsigned i = 2; i < 20; i++) {
        rf_clock_fake_advance(&w->clock, RF_BRANCH_STATE_MS);
        turn_until(w, w->states == i);
        turn_some(w);
    }
    assert_int_equal(w->downs + w->gone, 0);
    assert_int_equal(w->hellos, 1);
}

static void another_certificate_is_refused(void **state)
{
    struct world *w = *state;
    open_centre(w, KEY_CCM);
    open_router(w, KEY_OTHER, BRANCH);
    turn_until(w, w->downs == 1 && w->refused == 1);
    assert_string_equal(w->centre_code, "branch-certificate");
    assert_true(w->refused_has_cert);
    assert_string_equal(w->router_code, "tls-alert-bad-certificate");
    assert_int_equal(w->hellos + w->ups, 0);
    assert_false(w->was_up);
}

static void no_certificate_is_accepted_yet(void **state)
{
    struct world *w = *state;
    w->accepted = NULL;
    open_centre(w, KEY_CCM);
    open_router(w, KEY_ROUTER, BRANCH);
    turn_until(w, w->downs == 1 && w->refused == 1);
    assert_string_equal(w->centre_code, "branch-certificate");
    w->accepted = router_id.cert; /* the operator accepts it */
    rf_clock_fake_advance(&w->clock, RF_BRANCH_RETRY_MS);
    turn_until(w, w->ups == 1 && w->hellos == 1);
}

static void a_hello_of_another_name_is_refused(void **state)
{
    struct world *w = *state;
    open_centre(w, KEY_CCM);
    open_router(w, KEY_ROUTER, "branch2");
    turn_until(w, w->downs == 1 && w->refused == 1);
    assert_string_equal(w->centre_code, "branch-name");
    assert_string_equal(w->router_code, "branch-name");
    assert_int_equal(w->hellos + w->ups + w->gone, 0);
}

static void a_server_that_is_not_in_the_list_is_no_centre(void **state)
{
    struct world *w = *state;
    open_centre(w, KEY_OTHER);
    open_router(w, KEY_ROUTER, BRANCH);
    turn_until(w, w->downs == 1);
    assert_string_equal(w->router_code, "server-unknown");
    turn_some(w);
    assert_int_equal(w->hellos, 0);
}

static void a_server_of_another_role_is_no_centre(void **state)
{
    struct world *w = *state;
    open_centre(w, KEY_CAPF);
    open_router(w, KEY_ROUTER, BRANCH);
    turn_until(w, w->downs == 1);
    assert_string_equal(w->router_code, "server-role");
    turn_some(w);
    assert_int_equal(w->hellos, 0);
}

static void without_a_list_there_is_no_centre(void **state)
{
    struct world *w = *state;
    open_centre(w, KEY_CCM);
    rf_lists_fini(&w->lists);
    open_router(w, KEY_ROUTER, BRANCH);
    turn_until(w, w->downs == 1);
    assert_string_equal(w->router_code, "server-unknown");
    struct rf_buf ctl = site_list(RF_LIST_CTL, &site.sast, TEST_NOW - 100);
    install(&w->lists, RF_LIST_CTL, &ctl); /* as it is at each handshake */
    rf_buf_fini(&ctl);
    rf_clock_fake_advance(&w->clock, RF_BRANCH_RETRY_MS);
    turn_until(w, w->ups == 1);
}

static void what_is_no_address_or_name_is_told_at_once(void **state)
{
    struct world *w = *state;
    struct rf_why why = {0};
    struct rf_branch_router_conf conf = {.loop = w->loop,
                                         .host = "127.0.0.1",
                                         .port = 1,
                                         .cert_path = w->keys[KEY_ROUTER],
                                         .key_path = w->keys[KEY_ROUTER],
                                         .lists = &w->lists,
                                         .name = "a b",
                                         .version = "0.5.0",
                                         .epoch = EPOCH,
                                         .ops = &router_ops,
                                         .arg = w};
    assert_refused(rf_branch_router_new(&conf, &w->router, &why), RF_ERR_BAD, why, "branch-frame");
    assert_null(w->router);
    why = (struct rf_why){0};
    conf.name = BRANCH;
    conf.host = "centre.example";
    assert_refused(rf_branch_router_new(&conf, &w->router, &why), RF_ERR_BAD, why, "address-bad");
    conf.host = "127.0.0.1";
    assert_err(rf_branch_router_new(&conf, &w->router, NULL), RF_OK);
}

/* ---- cut, and again ---- */

static void a_router_tries_again_later_and_later(void **state)
{
    struct world *w = *state;
    static const uint64_t waits_s[] = {5, 10, 20, 40, 60, 60};
    open_centre(w, KEY_CCM); /* for its port */
    rf_branch_centre_free(w->centre);
    w->centre = NULL;
    open_router(w, KEY_ROUTER, BRANCH);
    turn_until(w, w->downs == 1);
    assert_string_equal(w->router_code, "connect-refused");
    for (unsigned i = 0; i < sizeof waits_s / sizeof *waits_s; i++) {
        rf_clock_fake_advance(&w->clock, 1000 * waits_s[i] - 1);
        turn_some(w);
        assert_int_equal(w->downs, i + 1);
        rf_clock_fake_advance(&w->clock, 1);
        turn_until(w, w->downs == i + 2);
    }
    open_centre(w, KEY_CCM);
    rf_clock_fake_advance(&w->clock, RF_BRANCH_RETRY_MAX_MS);
    turn_until(w, w->ups == 1);
    rf_branch_centre_free(w->centre); /* and from the beginning */
    w->centre = NULL;
    unsigned downs = w->downs;
    turn_until(w, w->downs == downs + 1);
    assert_true(w->was_up);
    open_centre(w, KEY_CCM);
    rf_clock_fake_advance(&w->clock, RF_BRANCH_RETRY_MS - 1);
    turn_some(w);
    assert_int_equal(w->ups, 1);
    rf_clock_fake_advance(&w->clock, 1);
    turn_until(w, w->ups == 2);
}

static void a_router_that_goes_is_told(void **state)
{
    struct world *w = *state;
    both_up(w);
    rf_branch_router_free(w->router);
    w->router = NULL;
    turn_until(w, w->gone == 1);
    assert_false(rf_branch_centre_has(w->centre, BRANCH));
    assert_int_equal(w->downs, 0);
}

/* ---- ends that are none of ours ---- */

static enum rf_err anybody(void *arg, const struct rf_tls_presented *peer, enum rf_tls_alert *alert,
                           struct rf_why *why)
{
    return RF_OK;
}

static void raw_open(struct rf_link *link, const struct rf_peer *peer)
{
    struct world *w = rf_link_arg(link);
    w->raw = link;
    w->raw_opened++;
}

static size_t raw_data(struct rf_link *link, struct rf_slice data)
{
    struct world *w = rf_link_arg(link);
    assert_err(rf_buf_add_slice(&w->raw_got, data), RF_OK);
    return data.len;
}

static void raw_close(struct rf_link *link, const struct rf_why *why)
{
    struct world *w = rf_link_arg(link);
    w->raw = NULL;
    w->raw_closed++;
}

static const struct rf_link_calls raw_calls = {
    .on_open = raw_open, .on_data = raw_data, .on_close = raw_close};

static void raw_connect(struct world *w)
{
    const struct rf_tls_conf tls = {.name = "raw",
                                    .cert_path = w->keys[KEY_ROUTER],
                                    .key_path = w->keys[KEY_ROUTER],
                                    .verify = anybody};
    rf_tls_free(w->raw_tls);
    assert_err(rf_tls_client_new(&tls, &w->raw_tls, NULL), RF_OK);
    const struct rf_link_conf conf = {.calls = &raw_calls, .arg = w, .tls = w->raw_tls};
    assert_err(rf_link_connect(w->loop, &conf, "127.0.0.1", w->port, &w->raw, NULL), RF_OK);
    unsigned opened = w->raw_opened;
    turn_until(w, w->raw_opened == opened + 1);
}

static void raw_send(struct world *w, unsigned type, const char *body)
{
    RF_AUTO(rf_buf_fini) struct rf_buf b = RF_BUF(65536);
    uint8_t *head = rf_buf_room(&b, 5);
    struct rf_wr wr = rf_wr_of(head, 5);
    rf_wr_u32be(&wr, (uint32_t)strlen(body) + 1);
    rf_wr_u8(&wr, (uint8_t)type);
    b.len = 5;
    assert_err(rf_buf_add_slice(&b, rf_slice_str(body)), RF_OK);
    assert_err(rf_link_write(w->raw, rf_buf_slice(&b)), RF_OK);
}

#define HELLO "{\"name\":\"" BRANCH "\",\"version\":\"1\",\"epoch\":\"" EPOCH "\",\"serial\":0}"

static void frames_that_cannot_be_are_refused(void **state)
{
    struct world *w = *state;
    static const struct {
        unsigned types[2];
        const char *bodies[2];
        bool is_named; /* by then */
    } rows[] = {
        {{RF_BRANCH_STATE}, {"{}"}, false},
        {{RF_BRANCH_RECORD}, {"{\"id\":1}"}, false},
        {{RF_BRANCH_LIST}, {"x"}, false},
        {{99}, {""}, false},
        {{RF_BRANCH_HELLO}, {"{"}, false},
        {{RF_BRANCH_HELLO}, {"{\"name\":\"a/b\"}"}, false},
        {{RF_BRANCH_HELLO},
         {"{\"name\":\"" BRANCH "\",\"version\":\"1\",\"epoch\":\"1\",\"serial\":0}"},
         false},
        {{RF_BRANCH_HELLO, RF_BRANCH_HELLO}, {HELLO, HELLO}, true},
        {{RF_BRANCH_HELLO, RF_BRANCH_STATE}, {HELLO, "{\"serial\":-1}"}, true},
        {{RF_BRANCH_HELLO, RF_BRANCH_RECORD}, {HELLO, "{\"id\":0}"}, true},
    };
    open_centre(w, KEY_CCM);
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        unsigned refused = w->refused;
        unsigned gone = w->gone;
        unsigned closed = w->raw_closed;
        w->centre_code[0] = '\0';
        w->raw_got.len = 0;
        rf_clock_fake_advance(&w->clock, 10000); /* few a minute are told */
        raw_connect(w);
        for (size_t k = 0; k < 2 && rows[i].bodies[k] != NULL; k++)
            raw_send(w, rows[i].types[k], rows[i].bodies[k]);
        turn_until(w, w->raw_closed == closed + 1 && w->refused + w->gone > refused + gone);
        assert_int_equal(w->gone - gone, rows[i].is_named ? 1 : 0);
        assert_string_equal(w->centre_code, "branch-frame");
        struct rf_branch_frame frame;
        size_t used;
        assert_err(
            rf_branch_next(rf_buf_slice(&w->raw_got), RF_BRANCH_FROM_CENTRE, &frame, &used, NULL),
            RF_OK);
        assert_int_equal(frame.type, RF_BRANCH_REFUSED);
    }
    w->raw_got.len = 0; /* and one that can */
    raw_connect(w);
    raw_send(w, RF_BRANCH_HELLO, HELLO);
    raw_send(w, RF_BRANCH_STATE,
             "{\"serial\":0,\"phones\":0,\"secure_phones\":0,\"calls\":0,\"since_s\":0}");
    turn_until(w, w->raw_got.len == RF_BRANCH_HEAD_BYTES);
    assert_int_equal(w->raw_got.p[4], RF_BRANCH_ALIVE);
    assert_int_equal(w->states, 1);
}

static void a_silent_router_is_given_up(void **state)
{
    struct world *w = *state;
    open_centre(w, KEY_CCM);
    raw_connect(w);
    turn_some(w);
    rf_clock_fake_advance(&w->clock, RF_BRANCH_SILENT_MS);
    turn_until(w, w->refused == 1);
    assert_string_equal(w->centre_code, "branch-silent");
    raw_connect(w);
    raw_send(w, RF_BRANCH_HELLO, HELLO);
    turn_until(w, w->hellos == 1);
    rf_clock_fake_advance(&w->clock, RF_BRANCH_SILENT_MS);
    turn_until(w, w->gone == 1);
    assert_string_equal(w->centre_code, "branch-silent");
}

/* A server with the centre's certificate that says what it is told to. */
static void raw_listen(struct world *w)
{
    const struct rf_tls_conf tls = {.name = "raw",
                                    .cert_path = w->keys[KEY_CCM],
                                    .key_path = w->keys[KEY_CCM],
                                    .ask = RF_TLS_REQUIRE,
                                    .verify = anybody};
    assert_err(rf_tls_server_new(&tls, &w->raw_tls, NULL), RF_OK);
    const struct rf_listener_conf conf = {
        .name = "raw",
        .address = "127.0.0.1",
        .link = {.calls = &raw_calls, .arg = w, .tls = w->raw_tls}};
    assert_err(rf_listener_open(w->loop, &conf, &w->raw_listener, NULL), RF_OK);
    w->port = rf_listener_port(w->raw_listener);
}

static void a_silent_centre_is_given_up(void **state)
{
    struct world *w = *state;
    raw_listen(w);
    open_router(w, KEY_ROUTER, BRANCH);
    turn_until(w, w->raw_opened == 1 && w->raw_got.len > 10);
    rf_clock_fake_advance(&w->clock, RF_BRANCH_SILENT_MS);
    turn_until(w, w->downs == 1);
    assert_string_equal(w->router_code, "branch-silent");
    assert_false(w->was_up);
    assert_int_equal(w->ups, 0);
}

static void frames_that_no_centre_sends_are_refused(void **state)
{
    struct world *w = *state;
    static const struct {
        unsigned type;
        const char *body;
        const char *code;
    } rows[] = {
        {RF_BRANCH_STATE, "{}", "branch-frame"},
        {RF_BRANCH_KEPT, "{\"id\":0}", "branch-frame"},
        {RF_BRANCH_KEPT, "", "branch-frame"},
        {RF_BRANCH_ALIVE, "x", "branch-frame"},
        {RF_BRANCH_REFUSED, "{\"code\":\"\",\"text\":\"\"}", "branch-frame"},
        {RF_BRANCH_REFUSED, "{\"code\":\"no-room\",\"text\":\"later\"}", "no-room"},
    };
    raw_listen(w);
    open_router(w, KEY_ROUTER, BRANCH);
    for (unsigned i = 0; i < sizeof rows / sizeof *rows; i++) {
        turn_until(w, w->raw_opened == i + 1);
        raw_send(w, rows[i].type, rows[i].body);
        turn_until(w, w->downs == i + 1 && w->raw_closed == i + 1);
        assert_string_equal(w->router_code, rows[i].code);
        rf_clock_fake_advance(&w->clock, RF_BRANCH_RETRY_MAX_MS);
    }
    assert_int_equal(w->kepts, 0);
    turn_until(w, w->raw_opened == sizeof rows / sizeof *rows + 1);
    raw_send(w, RF_BRANCH_KEPT, "{\"id\":7}");
    turn_until(w, w->kepts == 1);
    assert_int_equal(w->kept, 7);
}

static void a_later_link_takes_the_place(void **state)
{
    struct world *w = *state;
    both_up(w);
    raw_connect(w);
    raw_send(w, RF_BRANCH_HELLO, HELLO);
    turn_until(w, w->hellos == 2 && w->downs == 1);
    assert_string_equal(w->router_code, "branch-replaced");
    assert_int_equal(w->gone + w->refused, 0);
    assert_int_equal(rf_branch_centre_n(w->centre), 1);
    assert_err(rf_branch_centre_release(w->centre, BRANCH, NULL), RF_OK);
    turn_until(w, w->raw_got.len > 0);
    assert_int_equal(w->releases, 0);
}

static void a_certificate_that_is_not_accepted_any_more(void **state)
{
    struct world *w = *state;
    both_up(w);
    rf_branch_centre_review(w->centre);
    turn_some(w);
    assert_int_equal(w->gone + w->downs, 0);
    w->accepted = site.tvs.cert;
    rf_branch_centre_review(w->centre);
    turn_until(w, w->gone == 1 && w->downs == 1);
    assert_string_equal(w->centre_code, "branch-certificate");
    assert_string_equal(w->router_code, "branch-certificate");
}

static void another_certificate_of_the_centre(void **state)
{
    struct world *w = *state;
    struct rf_tls *tls = NULL;
    open_centre(w, KEY_CCM);
    assert_err(rf_branch_centre_make_tls(w->centre, &tls, NULL), RF_OK);
    rf_branch_centre_use_tls(w->centre, tls);
    open_router(w, KEY_ROUTER, BRANCH);
    turn_until(w, w->ups == 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        AT(the_accepted_router_and_its_centre),
        AT(a_link_stays),
        AT(another_certificate_is_refused),
        AT(no_certificate_is_accepted_yet),
        AT(a_hello_of_another_name_is_refused),
        AT(a_server_that_is_not_in_the_list_is_no_centre),
        AT(a_server_of_another_role_is_no_centre),
        AT(without_a_list_there_is_no_centre),
        AT(what_is_no_address_or_name_is_told_at_once),
        AT(a_router_tries_again_later_and_later),
        AT(a_router_that_goes_is_told),
        AT(frames_that_cannot_be_are_refused),
        AT(a_silent_router_is_given_up),
        AT(a_silent_centre_is_given_up),
        AT(frames_that_no_centre_sends_are_refused),
        AT(a_later_link_takes_the_place),
        AT(a_certificate_that_is_not_accepted_any_more),
        AT(another_certificate_of_the_centre),
    };
    return cmocka_run_group_tests(tests, set_up_all, tear_down_all);
}
