/* SPDX-License-Identifier: Apache-2.0 */
/* Which certificates responders are asked about, in which order and how often, when there are more
 * than can be asked at once; and what a responder that is silent costs the others. */
#include "crl_site.h"
#include "ocsp_stub.h"

#include "service/revocation/revocation_service.h"
#include "trust/path.h"

#define PHONES  100
#define SOON_MS 5000 /* of real time; a question that gets no answer takes 8 s */

struct place {
    struct rf_clock_fake clock;
    struct rf_loop *loop;
    struct rf_revocation_service *svc;
    struct rf_site_conf *conf;
    struct rf_anchors *anchors;
    struct stub makers, strangers;
    struct id phone[PHONES];
    unsigned questions[PHONES];
};

static void on_event(void *arg, bool is_bad, const char *code, const char *text)
{
    (void)arg;
    (void)is_bad;
    (void)code;
    (void)text;
}

static void on_changed(void *arg)
{
    (void)arg;
}

static int place_up(void **state)
{
    struct place *w = rf_new(struct place);
    (void)empty(state);
    rf_clock_fake_init(&w->clock, TEST_NOW);
    w->loop = rf_loop_new(&w->clock.clock, "test");
    w->conf = rf_site_conf_new();
    w->anchors = rf_anchors_new(RF_PURPOSE_SIGNALLING);
    assert_err(rf_anchors_add(w->anchors, p.maker.cert, NULL), RF_OK);
    assert_err(rf_anchors_add(w->anchors, p.stranger.cert, NULL), RF_OK);
    stub_open(&w->makers);
    stub_open(&w->strangers);
    struct rf_revocation_service_conf conf = {.loop = w->loop,
                                              .site_dir = p.dir,
                                              .own = p.own.cert,
                                              .on_event = on_event,
                                              .on_changed = on_changed,
                                              .arg = w};
    rf_revocation_service_new(&conf, &w->svc);
    *state = w;
    return 0;
}

static int place_down(void **state)
{
    struct place *w = *state;
    rf_revocation_service_stop(w->svc);
    rf_loop_free(w->loop);
    rf_revocation_service_free(w->svc);
    rf_site_conf_free(w->conf);
    rf_anchors_unref(w->anchors);
    stub_close(&w->makers);
    stub_close(&w->strangers);
    for (size_t i = 0; i < PHONES; i++)
        id_fini(&w->phone[i]);
    rf_free(w);
    return 0;
}

static void set(struct place *w, const char *name, const char *value)
{
    assert_err(rf_site_conf_set(&w->conf, name, value, NULL), RF_OK);
}

/* A responder for each of the two issuers. */
static void begin(struct place *w, const char *check_s)
{
    RF_AUTO(rf_freep)
    char *urls = rf_strf("%s=http://127.0.0.1:%u/ %s=http://127.0.0.1:%u/",
                         rf_cert_fingerprint(p.maker.cert), w->makers.port,
                         rf_cert_fingerprint(p.stranger.cert), w->strangers.port);
    set(w, "revocation", "strict");
    set(w, "revocation_check_s", check_s);
    set(w, "ocsp_url", urls);
    assert_err(rf_revocation_service_set(w->svc, w->conf, NULL), RF_OK);
}

/* One of them comes: refused, and the reason. */
static void come(struct place *w, size_t i, const char *code)
{
    struct rf_why why = {0};
    const struct rf_path_policy policy = {.now_s = TEST_NOW,
                                          .revocation = rf_revocation_service_known(w->svc)};
    assert_err(rf_path_check(w->anchors, w->phone[i].cert, NULL, &policy, NULL, &why),
               RF_ERR_DENIED);
    if (code != NULL)
        assert_string_equal(why.code, code);
    rf_loop_turn(w->loop, 0);
}

static void come_first(struct place *w, size_t from, size_t to, const struct id *issuer)
{
    for (size_t i = from; i < to; i++) {
        RF_AUTO(rf_freep) char *name = rf_strf("SEP%012zX", i);
        w->phone[i] = mic_id(name, issuer, 0);
        come(w, i, NULL);
    }
}

static void later(struct place *w, uint64_t ms)
{
    rf_clock_fake_advance(&w->clock, ms);
    rf_loop_turn(w->loop, 0);
}

static size_t whose(const struct place *w, const ASN1_INTEGER *number)
{
    for (size_t i = 0; i < PHONES; i++)
        if (w->phone[i].cert != NULL &&
            ASN1_INTEGER_cmp(X509_get_serialNumber(rf_cert_x509(w->phone[i].cert)), number) == 0)
            return i;
    fail_msg("a question about nobody");
    return 0;
}

/* The next one; time goes on while nobody asks. */
static int next_question(struct place *w, struct stub *s)
{
    uint64_t end_ms = rf_now_ms(rf_clock_real()) + SOON_MS;
    int fd = stub_accept(s, w->loop, 200);
    while (fd < 0 && rf_now_ms(rf_clock_real()) < end_ms) {
        later(w, 1000);
        fd = stub_accept(s, w->loop, 200);
    }
    assert_true(fd >= 0);
    return fd;
}

/* The next question, answered; about whom. */
static size_t answer_one(struct place *w, struct stub *s)
{
    int fd = next_question(w, s);
    ASN1_INTEGER *number = stub_read(fd);
    size_t i = whose(w, number);
    ASN1_INTEGER_free(number);
    stub_say_no(fd);
    w->questions[i]++;
    return i;
}

/* A second in which it answers so many; answers are read before the next one begins. */
static void answer_for_a_second(struct place *w, size_t n)
{
    later(w, 1000);
    for (size_t i = 0; i < n; i++)
        (void)answer_one(w, &w->makers);
    for (int i = 0; i < 10; i++)
        rf_loop_turn(w->loop, 1);
}

static void expect_no_question(struct place *w, struct stub *s)
{
    assert_int_equal(stub_accept(s, w->loop, 100), -1);
}

static void expect_questions(const struct place *w, size_t from, size_t to, unsigned min,
                             unsigned max)
{
    for (size_t i = from; i < to; i++)
        assert_in_range(w->questions[i], min, max);
}

static size_t asked(const struct place *w, size_t from, size_t to)
{
    size_t n = 0;
    for (size_t i = from; i < to; i++)
        n += w->questions[i] > 0;
    return n;
}

static void each_gets_its_turn_when_more_are_due_than_can_be_asked(void **state)
{
    struct place *w = *state;
    begin(w, "1");
    come_first(w, 0, PHONES, &p.maker);
    for (size_t s = 0; s < 60; s++)
        answer_for_a_second(w, 10);
    expect_questions(w, 0, PHONES, 4, 9);
}

static void what_a_phone_waits_for_is_asked_first(void **state)
{
    struct place *w = *state;
    begin(w, "1");
    come_first(w, 0, PHONES - 1, &p.maker);
    for (size_t i = 0; i < 2 * (PHONES - 1); i++) { /* nobody of them waits any more */
        later(w, 100);
        (void)answer_one(w, &w->makers);
    }
    come_first(w, PHONES - 1, PHONES, &p.maker);
    /* 16 are under way, and its own may come late: whoever asks is a thread. In line there are 83.
     */
    for (size_t i = 0; i < 16 + 40 && w->questions[PHONES - 1] == 0; i++)
        (void)answer_one(w, &w->makers);
    assert_int_equal(w->questions[PHONES - 1], 1);
}

static void those_who_wait_leave_turns_to_the_others(void **state)
{
    struct place *w = *state;
    const size_t n = 20;
    begin(w, "1");
    come_first(w, 0, n, &p.maker);
    come_first(w, n, PHONES, &p.maker);
    for (size_t s = 0; s < 60; s++) {
        for (size_t i = n; i < PHONES; i++)
            come(w, i, NULL);
        answer_for_a_second(w, 10);
    }
    expect_questions(w, 0, PHONES, 3, 14);
}

static void one_that_is_silent_keeps_no_other_waiting(void **state)
{
    struct place *w = *state;
    begin(w, "1");
    come_first(w, 0, 80, &p.maker);
    come_first(w, 80, 85, &p.stranger);
    uint64_t end_ms = rf_now_ms(rf_clock_real()) + SOON_MS;
    while (asked(w, 80, 85) < 5 && rf_now_ms(rf_clock_real()) < end_ms) {
        (void)answer_one(w, &w->strangers); /* while the makers' says nothing */
        later(w, 1000);
    }
    assert_int_equal(asked(w, 80, 85), 5);
}

/* Each certificate would find out for itself, in eight seconds. */
static void one_that_is_silent_is_left_alone_for_a_while(void **state)
{
    struct place *w = *state;
    begin(w, "240");
    come_first(w, 0, 40, &p.maker);
    for (size_t i = 0; i < 16; i++) {
        int fd = stub_accept(&w->makers, w->loop, SOON_MS);
        assert_true(fd >= 0);
        close(fd);
    }
    expect_no_question(w, &w->makers);
    for (size_t i = 0; i < 40; i++)
        come(w, i, "ocsp-failed");
    later(w, 29000);
    expect_no_question(w, &w->makers);
    later(w, 1000);
    int fd = stub_accept(&w->makers, w->loop, SOON_MS);
    assert_true(fd >= 0);
    expect_no_question(w, &w->makers); /* one is enough */
    close(fd);
    expect_no_question(w, &w->makers);
    later(w, 30000);
    for (size_t i = 0; i < 40; i++) /* it answers again */
        (void)answer_one(w, &w->makers);
    expect_questions(w, 0, 40, 1, 1);
}

/* A wall clock that is set back by months does not stop anything. */
static void a_clock_that_is_set_back_keeps_nobody_waiting(void **state)
{
    struct place *w = *state;
    begin(w, "1");
    come_first(w, 0, 5, &p.maker);
    for (size_t i = 0; i < 5; i++)
        (void)answer_one(w, &w->makers);
    expect_no_question(w, &w->makers);
    w->clock.s_at_zero -= (int64_t)100 * 86400;
    later(w, 2000);
    for (size_t i = 0; i < 5; i++)
        (void)answer_one(w, &w->makers);
    expect_questions(w, 0, 5, 2, 2);
}

static void expect_fetched(struct place *w)
{
    int fd = stub_accept(&w->strangers, w->loop, SOON_MS);
    assert_true(fd >= 0);
    stub_say_no(fd);
    expect_no_question(w, &w->strangers);
}

static void nor_does_a_list_wait_that_is_fetched(void **state)
{
    struct place *w = *state;
    RF_AUTO(rf_freep) char *url = rf_strf("http://127.0.0.1:%u/a.crl", w->strangers.port);
    set(w, "crl_url", url);
    set(w, "revocation", "lenient");
    set(w, "revocation_check_s", "1");
    assert_err(rf_revocation_service_set(w->svc, w->conf, NULL), RF_OK);
    later(w, 1000);
    expect_fetched(w);
    w->clock.s_at_zero -= (int64_t)100 * 86400;
    later(w, 2000);
    expect_fetched(w);
}

/* The setting names the former certificate of the maker. */
static void an_issuer_that_renewed_its_certificate_has_its_responder(void **state)
{
    struct place *w = *state;
    struct rf_issue_self spec = {.role = RF_CERT_ROLE_MIC_ISSUER,
                                 .cn = "Maker",
                                 .org = "Ringfence test",
                                 .now_s = TEST_NOW,
                                 .days = 2000};
    struct rf_cert *renewed = NULL;
    RF_AUTO(rf_freep) char *path = rf_path_join(p.dir, "trust/mic-roots/renewed.pem");
    assert_err(rf_issue_self_signed(&spec, p.maker.vault, &renewed, NULL), RF_OK);
    assert_err(rf_anchors_add(w->anchors, renewed, NULL), RF_OK);
    write_cert("trust/mic-roots/renewed.pem", renewed);
    begin(w, "1");
    assert_err(rf_file_remove(path, NULL), RF_OK);
    w->phone[0] = mic_id("SEP001122334455", &p.maker, 0);
    come(w, 0, "ocsp-asked");
    assert_int_equal(answer_one(w, &w->makers), 0);
    rf_cert_unref(renewed);
}

#define IN_PLACE(test) cmocka_unit_test_setup_teardown(test, place_up, place_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        IN_PLACE(each_gets_its_turn_when_more_are_due_than_can_be_asked),
        IN_PLACE(what_a_phone_waits_for_is_asked_first),
        IN_PLACE(those_who_wait_leave_turns_to_the_others),
        IN_PLACE(one_that_is_silent_keeps_no_other_waiting),
        IN_PLACE(one_that_is_silent_is_left_alone_for_a_while),
        IN_PLACE(a_clock_that_is_set_back_keeps_nobody_waiting),
        IN_PLACE(nor_does_a_list_wait_that_is_fetched),
        IN_PLACE(an_issuer_that_renewed_its_certificate_has_its_responder),
    };
    return cmocka_run_group_tests(tests, up, down);
}
