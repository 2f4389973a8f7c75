/* SPDX-License-Identifier: Apache-2.0 */
/* What becomes of the lists in a site's folder while a server runs: who is told, and when. */
#include "crl_site.h"

#include "service/revocation/revocation_service.h"
#include "store/store.h"
#include "trust/path.h"

struct place {
    struct rf_clock_fake clock;
    struct rf_loop *loop;
    struct rf_revocation_service *svc;
    struct rf_site_conf *conf;
    unsigned changes;
    char said[512]; /* codes, a blank behind each */
};

static void on_event(void *arg, bool is_bad, const char *code, const char *text)
{
    struct place *w = arg;
    size_t n = strlen(w->said);
    assert_true(text[0] != '\0');
    assert_int_equal(is_bad, strcmp(code, "crl-changed") != 0);
    snprintf(w->said + n, sizeof w->said - n, "%s ", code);
}

static void on_changed(void *arg)
{
    ((struct place *)arg)->changes++;
}

static int place_up(void **state)
{
    struct place *w = rf_new(struct place);
    (void)empty(state);
    rf_clock_fake_init(&w->clock, TEST_NOW);
    w->loop = rf_loop_new(&w->clock.clock, "test");
    w->conf = rf_site_conf_new();
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
    rf_revocation_service_free(NULL);
    rf_site_conf_free(w->conf);
    rf_free(w);
    return 0;
}

static void set(struct place *w, const char *mode)
{
    assert_err(rf_site_conf_set(&w->conf, "revocation", mode, NULL), RF_OK);
    assert_err(rf_revocation_service_set(w->svc, w->conf, NULL), RF_OK);
}

static void expect_said(struct place *w, const char *codes)
{
    assert_string_equal(w->said, codes);
    w->said[0] = '\0';
}

static void leave_list(const char *name, const struct list_spec *s)
{
    RF_AUTO(rf_buf_fini) struct rf_buf der = list_der(s);
    RF_AUTO(rf_freep) char *path = rf_strf("trust/crl/%s", name);
    write_file(path, rf_buf_slice(&der));
}

static enum rf_err later(struct place *w)
{
    return rf_revocation_check(rf_revocation_service_known(w->svc), p.phone.cert, NULL);
}

static void a_new_list_is_told_and_in_force(void **state)
{
    struct place *w = *state;
    leave_list("a.crl", &(struct list_spec){.by = &p.maker});
    set(w, "lenient");
    expect_said(w, "crl-changed ");
    assert_int_equal(w->changes, 1);
    assert_err(later(w), RF_OK);
    set(w, "lenient"); /* the same again */
    expect_said(w, "");
    leave_list("a.crl", &(struct list_spec){.by = &p.maker, .revoked = {p.phone.cert}});
    leave_list("b.crl", &(struct list_spec){.by = &p.stranger});
    set(w, "lenient");
    expect_said(w, "crl-changed crl-refused ");
    assert_err(later(w), RF_ERR_DENIED);
    set(w, "off");
    assert_err(later(w), RF_OK);
}

static void a_list_that_gets_too_old_is_told_once(void **state)
{
    struct place *w = *state;
    leave_list("a.crl", &(struct list_spec){.by = &p.maker, .revoked = {p.phone.cert}});
    set(w, "lenient");
    expect_said(w, "crl-changed ");
    rf_clock_fake_advance(&w->clock, (uint64_t)(HOUR - 10) * 1000);
    rf_loop_turn(w->loop, 0);
    expect_said(w, "");
    for (int i = 0; i < 3; i++) {
        rf_clock_fake_advance(&w->clock, 11 * 1000);
        rf_loop_turn(w->loop, 0);
    }
    expect_said(w, "crl-expired ");
    assert_err(later(w), RF_ERR_DENIED); /* what it said still holds */
}

/* What was begun first and is ready last knows less. */
static void the_folder_is_read_again_in_the_order_in_which_that_began(void **state)
{
    struct place *w = *state;
    set(w, "lenient");
    void *first = rf_revocation_service_begin(w->svc);
    assert_err(rf_revocation_service_make(first, NULL), RF_OK);
    /* A reading for use takes the real time. */
    int64_t now_s = rf_wall_s(rf_clock_real());
    leave_list("a.crl", &(struct list_spec){.by = &p.maker,
                                            .this_s = now_s - HOUR,
                                            .next_s = now_s + HOUR,
                                            .revoked = {p.phone.cert}});
    void *second = rf_revocation_service_begin(w->svc);
    assert_err(rf_revocation_service_make(second, NULL), RF_OK);
    rf_revocation_service_use(second);
    expect_said(w, "crl-changed ");
    assert_err(later(w), RF_ERR_DENIED);
    rf_revocation_service_use(first);
    assert_err(later(w), RF_ERR_DENIED);
    void *third = rf_revocation_service_begin(w->svc);
    assert_err(rf_revocation_service_make(third, NULL), RF_OK);
    rf_revocation_service_drop(third);
    assert_int_equal(w->changes, 2);
}

static void it_says_what_it_knows(void **state)
{
    struct place *w = *state;
    leave_list("a.crl", &(struct list_spec){.by = &p.maker, .revoked = {p.phone.cert}});
    leave_list("b.crl", &(struct list_spec){.by = &p.stranger});
    assert_err(rf_site_conf_set(&w->conf, "ocsp_url", "http://ocsp.example/", NULL), RF_OK);
    set(w, "strict");
    RF_AUTO(rf_json_freep) struct rf_json *j = rf_json_obj();
    rf_revocation_service_show(w->svc, j);
    assert_string_equal(rf_json_str(j, "mode"), "strict");
    const struct rf_json *lists = rf_json_get(j, "lists");
    assert_int_equal(rf_json_len(lists), 2);
    assert_string_equal(rf_json_str(rf_json_at(lists, 0), "file"), "a.crl");
    assert_null(rf_json_str(rf_json_at(lists, 0), "code"));
    assert_string_equal(rf_json_str(rf_json_at(lists, 1), "code"), "crl-issuer-unknown");
    const struct rf_json *responders = rf_json_get(j, "responders");
    assert_int_equal(rf_json_len(responders), 1);
    assert_string_equal(rf_json_str(rf_json_at(responders, 0), "url"), "http://ocsp.example/");
    assert_int_equal(rf_json_len(rf_json_get(j, "sources")), 0);
}

/* What keeps a server from starting says where it is, and what helps. */
static void too_many_responders_are_told_with_what_helps(void **state)
{
    struct place *w = *state;
    struct rf_why why = {0};
    RF_AUTO(rf_freep) char *folder = rf_site_path_in(p.dir, RF_SITE_RESPONDERS);
    assert_err(rf_dir_make(folder, 0755, NULL), RF_OK);
    for (int i = 0; i <= RF_CERT_LIST_MAX; i++) {
        RF_AUTO(rf_freep) char *name = rf_strf("trust/ocsp/%02d.pem", i);
        assert_err(rf_revocation_service_set(w->svc, w->conf, NULL), RF_OK);
        write_cert(name, p.stranger.cert);
    }
    assert_refused(rf_revocation_service_set(w->svc, w->conf, &why), RF_ERR_LIMIT, why,
                   "cert-count");
    assert_non_null(strstr(why.text, "trust/ocsp"));
    assert_non_null(strstr(why.text, "ringfence ocsp remove"));
    assert_err(rf_dir_empty(folder, NULL), RF_OK);
}

/* Strict would refuse the phones for which there is no room. */
static void a_full_site_has_room_for_two_answers_a_device(void **state)
{
    (void)state;
    assert_true(RF_REVOCATION_ANSWERS_MAX >= 2 * RF_STORE_DEVICES_MAX);
}

#define IN_PLACE(test) cmocka_unit_test_setup_teardown(test, place_up, place_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        IN_PLACE(a_new_list_is_told_and_in_force),
        IN_PLACE(a_list_that_gets_too_old_is_told_once),
        IN_PLACE(the_folder_is_read_again_in_the_order_in_which_that_began),
        IN_PLACE(it_says_what_it_knows),
        IN_PLACE(too_many_responders_are_told_with_what_helps),
        cmocka_unit_test(a_full_site_has_room_for_two_answers_a_device),
    };
    return cmocka_run_group_tests(tests, up, down);
}
