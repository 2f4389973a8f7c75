/* SPDX-License-Identifier: Apache-2.0 */
/* What follows for a certificate from lists, from responders, and where neither says anything. */
#include "revoke.h"

#include <pthread.h>
#include <stdatomic.h>

#include "trust/path.h"

static struct {
    struct id root, ca, phone, other;
    struct rf_cert_list chain;
    struct rf_anchors *anchors;      /* the root */
    struct rf_anchors *both_anchors; /* and the issuer */
} p;

static int up(void **state)
{
    (void)state;
    p.root = self_id(RF_CERT_ROLE_MIC_ROOT, "Root", 0);
    p.ca = ca_id(RF_CERT_ROLE_MIC_ISSUER, "Issuer", &p.root);
    p.phone = mic_id("SEP001122334455", &p.ca, 0);
    p.other = mic_id("SEP001122334466", &p.ca, 0);
    assert_true(rf_cert_list_add(&p.chain, p.ca.cert));
    p.anchors = rf_anchors_new(RF_PURPOSE_CAPF);
    assert_err(rf_anchors_add(p.anchors, p.root.cert, NULL), RF_OK);
    p.both_anchors = rf_anchors_new(RF_PURPOSE_CAPF);
    assert_err(rf_anchors_add(p.both_anchors, p.root.cert, NULL), RF_OK);
    assert_err(rf_anchors_add(p.both_anchors, p.ca.cert, NULL), RF_OK);
    return 0;
}

static int down(void **state)
{
    (void)state;
    rf_anchors_unref(p.anchors);
    rf_anchors_unref(p.both_anchors);
    rf_cert_list_fini(&p.chain);
    id_fini(&p.phone);
    id_fini(&p.other);
    id_fini(&p.ca);
    id_fini(&p.root);
    return 0;
}

/* ---- who is told ---- */

struct heard {
    unsigned asked, doubted;
    char about[17];
    char code[RF_WHY_CODE_MAX];
};

static void on_ask(void *arg, const struct rf_cert *cert, const struct rf_cert *issuer)
{
    struct heard *h = arg;
    (void)issuer;
    h->asked++;
    snprintf(h->about, sizeof h->about, "%s", rf_cert_short(cert));
}

static void on_doubt(void *arg, const struct rf_cert *cert, const struct rf_why *why)
{
    struct heard *h = arg;
    (void)cert;
    h->doubted++;
    snprintf(h->code, sizeof h->code, "%s", why->code);
}

static const struct rf_revocation_ops ops = {.ask = on_ask, .doubt = on_doubt};

/* ---- one site ---- */

struct place {
    struct rf_revocation *r;
    struct heard heard;
    struct rf_anchors *anchors;
};

static void place_open(struct place *place)
{
    *place = (struct place){.anchors = p.anchors};
    place->r = rf_revocation_new(&ops, &place->heard);
}

static void place_set(struct place *place, struct rf_revocation_conf conf,
                      const struct list_spec *lists, size_t n)
{
    struct rf_crl *crls[4] = {NULL};
    for (size_t i = 0; i < n; i++)
        crls[i] = list_of(&lists[i]);
    conf.crls = crls;
    conf.n_crls = n;
    assert_err(rf_revocation_set(place->r, &conf, NULL), RF_OK);
    assert_int_equal(rf_revocation_mode(place->r), conf.mode);
    for (size_t i = 0; i < n; i++)
        rf_crl_unref(crls[i]);
    place->heard = (struct heard){.asked = 0};
}

static void expect(struct place *place, const struct id *who, const char *code)
{
    const struct rf_path_policy policy = {.now_s = TEST_NOW, .revocation = place->r};
    struct rf_why why = {0};
    enum rf_err err = rf_path_check(place->anchors, who->cert, &p.chain, &policy, NULL, &why);
    if (strcmp(why.code, code) != 0)
        print_error("want \"%s\": %s\n", code, rf_why_text(&why));
    assert_string_equal(why.code, code);
    assert_err(err, code[0] != '\0' ? RF_ERR_DENIED : RF_OK);
}

static void say(struct place *place, const struct id *who, enum rf_ocsp_status status,
                int64_t until_s, const char *code)
{
    struct rf_revocation_answer answer = {.status = status, .until_s = until_s};
    struct rf_rd rd = rf_rd_of(rf_cert_sha256(who->cert));
    assert_true(rf_rd_copy(&rd, answer.sha256, sizeof answer.sha256));
    snprintf(answer.code, sizeof answer.code, "%s", code);
    assert_err(rf_revocation_answer(place->r, &answer, NULL), RF_OK);
}

static const struct rf_revocation_conf off = {.mode = RF_REVOCATION_OFF};
static const struct rf_revocation_conf lenient = {.mode = RF_REVOCATION_LENIENT};
static const struct rf_revocation_conf strict = {.mode = RF_REVOCATION_STRICT};

/* ---- lists ---- */

static void who_stands_in_the_list_is_refused_in_both_modes(void **state)
{
    (void)state;
    struct place place;
    place_open(&place);
    const struct list_spec lists[] = {{.by = &p.ca, .revoked = {p.phone.cert}}, {.by = &p.root}};
    const struct rf_revocation_conf confs[] = {lenient, strict};
    for (size_t i = 0; i < 2; i++) {
        place_set(&place, confs[i], lists, 2);
        expect(&place, &p.phone, "cert-revoked");
        expect(&place, &p.other, "");
    }
    place_set(&place, off, lists, 2);
    expect(&place, &p.phone, "");
    rf_revocation_free(place.r);
    rf_revocation_free(NULL);
}

static void a_revoked_issuer_takes_its_phones_with_it(void **state)
{
    (void)state;
    struct place place;
    place_open(&place);
    const struct list_spec lists[] = {{.by = &p.ca}, {.by = &p.root, .revoked = {p.ca.cert}}};
    place_set(&place, lenient, lists, 2);
    expect(&place, &p.phone, "cert-revoked");
    place.anchors = p.both_anchors; /* one that is held itself is believed without its issuer */
    expect(&place, &p.phone, "");
    place.anchors = p.anchors;
    place_set(&place, lenient, lists, 1);
    expect(&place, &p.phone, "");
    rf_revocation_free(place.r);
}

static void without_a_list_strict_refuses_and_lenient_does_not(void **state)
{
    (void)state;
    struct place place;
    place_open(&place);
    const struct list_spec lists[] = {{.by = &p.ca}, {.by = &p.root}};
    place_set(&place, strict, lists, 2);
    expect(&place, &p.phone, "");
    place_set(&place, strict, lists, 1); /* nobody knows of the issuer */
    expect(&place, &p.phone, "crl-missing");
    place.anchors = p.both_anchors; /* but it is held itself */
    expect(&place, &p.phone, "");
    place_set(&place, strict, NULL, 0);
    expect(&place, &p.phone, "crl-missing");
    place_set(&place, lenient, NULL, 0);
    expect(&place, &p.phone, "");
    assert_int_equal(place.heard.doubted, 0); /* nothing was set up: nothing to tell */
    rf_revocation_free(place.r);
}

static void a_list_that_does_not_count_is_none(void **state)
{
    (void)state;
    const struct {
        struct list_spec list;
        const char *code;
    } rows[] = {
        {{.by = &p.ca, .next_s = TEST_NOW - 1}, "crl-expired"},
        {{.by = &p.ca, .this_s = TEST_NOW + 1}, "crl-not-yet"},
        {{.by = &p.root, .as = &p.ca}, "crl-signature"},
        {{.by = &p.ca, .critical = "1.2.3.4"}, "crl-extension"},
    };
    struct place place;
    place_open(&place);
    place.anchors = p.both_anchors;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        place_set(&place, strict, &rows[i].list, 1);
        expect(&place, &p.phone, rows[i].code);
        place_set(&place, lenient, &rows[i].list, 1);
        expect(&place, &p.phone, "");
        assert_int_equal(place.heard.doubted, 1);
        assert_string_equal(place.heard.code, rows[i].code);
    }
    rf_revocation_free(place.r);
}

/* What an old list says against a certificate still holds; what a forger says never does. */
static void an_old_list_still_refuses_and_a_forged_one_does_not(void **state)
{
    (void)state;
    struct place place;
    place_open(&place);
    const struct list_spec old = {.by = &p.ca, .next_s = TEST_NOW - 1, .revoked = {p.phone.cert}};
    const struct list_spec forged = {.by = &p.root, .as = &p.ca, .revoked = {p.phone.cert}};
    place_set(&place, lenient, &old, 1);
    expect(&place, &p.phone, "cert-revoked");
    place_set(&place, lenient, &forged, 1);
    expect(&place, &p.phone, "");
    place.anchors = p.both_anchors;
    place_set(&place, strict, &forged, 1);
    expect(&place, &p.phone, "crl-signature");
    rf_revocation_free(place.r);
}

static void our_own_issuer_is_judged_by_our_records_until_it_has_a_list(void **state)
{
    (void)state;
    struct place place;
    struct rf_revocation_conf conf = strict;
    place_open(&place);
    place.anchors = p.both_anchors;
    conf.own_issuer = rf_cert_subject_der(p.ca.cert);
    place_set(&place, conf, NULL, 0);
    expect(&place, &p.phone, "");
    const struct list_spec old = {.by = &p.ca, .next_s = TEST_NOW - 1};
    place_set(&place, conf, &old, 1);
    expect(&place, &p.phone, "crl-expired");
    conf.own_issuer = rf_cert_subject_der(p.root.cert); /* it is another's */
    place_set(&place, conf, NULL, 0);
    expect(&place, &p.phone, "crl-missing");
    rf_revocation_free(place.r);
}

/* ---- responders ---- */

static void a_responder_is_asked_and_its_answer_decides(void **state)
{
    (void)state;
    struct place place;
    struct rf_revocation_conf conf = strict;
    place_open(&place);
    place.anchors = p.both_anchors;
    conf.asked_issuers = rf_cert_sha256(p.ca.cert);
    place_set(&place, conf, NULL, 0);
    expect(&place, &p.phone, "ocsp-asked");
    assert_int_equal(place.heard.asked, 1);
    assert_string_equal(place.heard.about, rf_cert_short(p.phone.cert));
    say(&place, &p.phone, RF_OCSP_GOOD, TEST_NOW, "");
    expect(&place, &p.phone, "");
    expect(&place, &p.other, "ocsp-asked"); /* that was about one of them */
    say(&place, &p.phone, RF_OCSP_GOOD, TEST_NOW - 1, "");
    expect(&place, &p.phone, "ocsp-expired");
    say(&place, &p.phone, RF_OCSP_UNKNOWN, 0, "ocsp-unknown");
    expect(&place, &p.phone, "ocsp-unknown");
    say(&place, &p.phone, RF_OCSP_REVOKED, 0, "");
    expect(&place, &p.phone, "cert-revoked");
    rf_revocation_forget(place.r, rf_cert_sha256(p.phone.cert).p);
    expect(&place, &p.phone, "ocsp-asked");
    rf_revocation_free(place.r);
}

static void lenient_lets_in_tells_and_asks(void **state)
{
    (void)state;
    struct place place;
    struct rf_revocation_conf conf = lenient;
    place_open(&place);
    place.anchors = p.both_anchors;
    conf.asked_issuers = rf_cert_sha256(p.ca.cert);
    place_set(&place, conf, NULL, 0);
    expect(&place, &p.phone, "");
    assert_int_equal(place.heard.asked, 1);
    assert_int_equal(place.heard.doubted, 1);
    assert_string_equal(place.heard.code, "ocsp-asked");
    say(&place, &p.phone, RF_OCSP_UNKNOWN, 0, "ocsp-unknown");
    expect(&place, &p.phone, "");
    assert_string_equal(place.heard.code, "ocsp-unknown");
    say(&place, &p.phone, RF_OCSP_REVOKED, 0, "");
    expect(&place, &p.phone, "cert-revoked");
    rf_revocation_free(place.r);
}

static void either_source_suffices_and_either_refuses(void **state)
{
    (void)state;
    struct place place;
    struct rf_revocation_conf conf = strict;
    const struct list_spec good = {.by = &p.ca};
    const struct list_spec bad = {.by = &p.ca, .revoked = {p.phone.cert}};
    place_open(&place);
    place.anchors = p.both_anchors;
    conf.asks_all = true;
    place_set(&place, conf, &good, 1);
    say(&place, &p.phone, RF_OCSP_UNKNOWN, 0, "ocsp-unknown");
    expect(&place, &p.phone, "");
    say(&place, &p.phone, RF_OCSP_REVOKED, 0, "");
    expect(&place, &p.phone, "cert-revoked");
    say(&place, &p.phone, RF_OCSP_GOOD, TEST_NOW + 1, "");
    place_set(&place, conf, &bad, 1);
    expect(&place, &p.phone, "cert-revoked");
    rf_revocation_free(place.r);
}

static void asking_for_all_is_not_for_our_own(void **state)
{
    (void)state;
    struct place place;
    struct rf_revocation_conf conf = strict;
    place_open(&place);
    place.anchors = p.both_anchors;
    conf.asks_all = true;
    place_set(&place, conf, NULL, 0);
    expect(&place, &p.phone, "ocsp-asked");
    conf.own_issuer = rf_cert_subject_der(p.ca.cert);
    place_set(&place, conf, NULL, 0);
    expect(&place, &p.phone, "");
    assert_int_equal(place.heard.asked, 0);
    conf.asked_issuers = rf_cert_sha256(p.ca.cert); /* unless it is named */
    place_set(&place, conf, NULL, 0);
    expect(&place, &p.phone, "ocsp-asked");
    rf_revocation_free(place.r);
}

/* ---- later ---- */

static void what_was_let_in_is_found_later(void **state)
{
    (void)state;
    struct place place;
    struct rf_why why = {0};
    const struct list_spec bad = {.by = &p.ca, .revoked = {p.phone.cert}};
    place_open(&place);
    assert_err(rf_revocation_check(NULL, p.phone.cert, NULL), RF_OK);
    assert_err(rf_revocation_check(place.r, p.phone.cert, NULL), RF_OK);
    place_set(&place, lenient, &bad, 1);
    assert_refused(rf_revocation_check(place.r, p.phone.cert, &why), RF_ERR_DENIED, why,
                   "cert-revoked");
    assert_err(rf_revocation_check(place.r, p.other.cert, NULL), RF_OK);
    say(&place, &p.other, RF_OCSP_UNKNOWN, 0, "ocsp-unknown");
    assert_err(rf_revocation_check(place.r, p.other.cert, NULL), RF_OK);
    say(&place, &p.other, RF_OCSP_REVOKED, 0, "");
    assert_err(rf_revocation_check(place.r, p.other.cert, NULL), RF_ERR_DENIED);
    place_set(&place, off, &bad, 1);
    assert_err(rf_revocation_check(place.r, p.phone.cert, NULL), RF_OK);
    rf_revocation_free(place.r);
}

/* A path that was good is not looked at again, unless somebody may have revoked it since. */
static void what_was_found_before_holds_until_there_is_something_to_ask(void **state)
{
    (void)state;
    struct place place;
    struct rf_path_memo memo;
    struct rf_revocation_conf conf = lenient;
    const struct list_spec good = {.by = &p.ca};
    place_open(&place);
    const struct rf_path_policy policy = {.now_s = TEST_NOW, .revocation = place.r};
    place_set(&place, lenient, NULL, 0);
    assert_false(rf_revocation_is_asked(NULL));
    assert_false(rf_revocation_is_asked(place.r));
    assert_err(rf_path_check_noting(p.anchors, p.phone.cert, &p.chain, &policy, &memo, NULL),
               RF_OK);
    assert_true(rf_path_memo_holds(&memo, p.anchors, &policy));
    place_set(&place, lenient, &good, 1);
    assert_false(rf_path_memo_holds(&memo, p.anchors, &policy));
    place_set(&place, off, &good, 1);
    assert_true(rf_path_memo_holds(&memo, p.anchors, &policy));
    place_set(&place, strict, NULL, 0);
    assert_false(rf_path_memo_holds(&memo, p.anchors, &policy));
    conf.asks_all = true;
    place_set(&place, conf, NULL, 0);
    assert_false(rf_path_memo_holds(&memo, p.anchors, &policy));
    place_set(&place, lenient, NULL, 0);
    assert_true(rf_path_memo_holds(&memo, p.anchors, &policy));
    rf_revocation_free(place.r);
}

static void more_than_fit_change_nothing(void **state)
{
    (void)state;
    struct place place;
    struct rf_why why = {0};
    struct rf_revocation_answer answer = {.status = RF_OCSP_GOOD};
    place_open(&place);
    struct rf_crl *one = list_of(&(struct list_spec){.by = &p.ca});
    struct rf_crl *many[RF_REVOCATION_CRLS_MAX + 1];
    for (size_t i = 0; i <= RF_REVOCATION_CRLS_MAX; i++)
        many[i] = one;
    struct rf_revocation_conf conf = {
        .mode = RF_REVOCATION_STRICT, .crls = many, .n_crls = RF_REVOCATION_CRLS_MAX + 1};
    assert_refused(rf_revocation_set(place.r, &conf, &why), RF_ERR_LIMIT, why, "crl-count");
    assert_int_equal(rf_revocation_mode(place.r), RF_REVOCATION_OFF);
    conf.n_crls--;
    assert_err(rf_revocation_set(place.r, &conf, NULL), RF_OK);
    rf_crl_unref(one);
    for (unsigned i = 0; i < RF_REVOCATION_ANSWERS_MAX; i++) {
        answer.sha256[0] = (uint8_t)i;
        answer.sha256[1] = (uint8_t)(i >> 8);
        assert_err(rf_revocation_answer(place.r, &answer, NULL), RF_OK);
        assert_err(rf_revocation_answer(place.r, &answer, NULL), RF_OK); /* counts once */
    }
    answer.sha256[2] = 1;
    why = (struct rf_why){0};
    assert_refused(rf_revocation_answer(place.r, &answer, &why), RF_ERR_LIMIT, why, "ocsp-answers");
    answer.sha256[2] = 0;
    rf_revocation_forget(place.r, answer.sha256);
    answer.sha256[2] = 1;
    assert_err(rf_revocation_answer(place.r, &answer, NULL), RF_OK);
    rf_revocation_free(place.r);
}

/* ---- threads ---- */

struct reader {
    struct rf_revocation *r;
    atomic_bool is_over;
    atomic_uint passes;
};

static void *read_on(void *arg)
{
    struct reader *reader = arg;
    while (!atomic_load(&reader->is_over)) {
        enum rf_err err = rf_revocation_check(reader->r, p.phone.cert, NULL);
        rf_bug_on(err != RF_OK && err != RF_ERR_DENIED);
        atomic_fetch_add(&reader->passes, 1);
    }
    return NULL;
}

/* Under the sanitizers: nothing is freed that somebody reads. */
static void it_may_change_while_it_is_read(void **state)
{
    (void)state;
    struct place place;
    const struct list_spec lists[] = {{.by = &p.ca, .revoked = {p.phone.cert}}};
    pthread_t thread;
    place_open(&place);
    struct reader reader = {.r = place.r};
    assert_int_equal(pthread_create(&thread, NULL, read_on, &reader), 0);
    for (unsigned i = 0; i < 200 || atomic_load(&reader.passes) < 200; i++) {
        place_set(&place, i % 2 == 0 ? lenient : off, lists, 1);
        say(&place, &p.phone, i % 3 == 0 ? RF_OCSP_REVOKED : RF_OCSP_GOOD, TEST_NOW, "");
    }
    atomic_store(&reader.is_over, true);
    assert_int_equal(pthread_join(thread, NULL), 0);
    rf_revocation_free(place.r);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(who_stands_in_the_list_is_refused_in_both_modes),
        cmocka_unit_test(a_revoked_issuer_takes_its_phones_with_it),
        cmocka_unit_test(without_a_list_strict_refuses_and_lenient_does_not),
        cmocka_unit_test(a_list_that_does_not_count_is_none),
        cmocka_unit_test(an_old_list_still_refuses_and_a_forged_one_does_not),
        cmocka_unit_test(our_own_issuer_is_judged_by_our_records_until_it_has_a_list),
        cmocka_unit_test(a_responder_is_asked_and_its_answer_decides),
        cmocka_unit_test(lenient_lets_in_tells_and_asks),
        cmocka_unit_test(either_source_suffices_and_either_refuses),
        cmocka_unit_test(asking_for_all_is_not_for_our_own),
        cmocka_unit_test(what_was_let_in_is_found_later),
        cmocka_unit_test(what_was_found_before_holds_until_there_is_something_to_ask),
        cmocka_unit_test(more_than_fit_change_nothing),
        cmocka_unit_test(it_may_change_while_it_is_read),
    };
    return cmocka_run_group_tests(tests, up, down);
}
