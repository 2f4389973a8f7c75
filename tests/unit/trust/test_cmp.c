/* SPDX-License-Identifier: Apache-2.0 */
/* A CA asked by CMP for a key that we do not hold: what is taken, what is told to the CA, and whose
 * fault a failure is. */
#include "ca_kit.h"

#include <sys/stat.h>
#include <unistd.h>

#define PHONE "SEP001122334455"

struct taker {
    enum rf_err err;
    unsigned times;
    struct rf_cert *cert;
};

static enum rf_err take(void *arg, struct rf_cert *cert, struct rf_why *why)
{
    struct taker *t = arg;
    t->times++;
    if (t->err != RF_OK)
        return rf_why_set(why, t->err, "not-this-one", "not this one");
    rf_cert_unref(t->cert);
    t->cert = rf_cert_ref(cert);
    return RF_OK;
}

struct world {
    struct ca *ca;
    struct rf_cmp *cmp;
    struct rf_key *key;
    struct taker taker;
    struct rf_cmp_deal *deal;
    unsigned after_s;
    bool is_confirmed;
    struct rf_why why;
};

static struct world *world_new(unsigned rsa_bits)
{
    struct world *w = rf_new(struct world);
    w->ca = ca_new("Customer CA");
    struct rf_cmp_spec spec = ca_spec(w->ca);
    assert_err(rf_cmp_open(&spec, &w->cmp, &w->why), RF_OK);
    w->key = new_key(rsa_bits);
    return w;
}

static void begin(struct world *w)
{
    struct rf_cmp_request r = {.spki = rf_key_spki(w->key), .cn = PHONE, .device = PHONE};
    rf_cmp_deal_free(w->deal);
    assert_err(rf_cmp_begin(w->cmp, &r, take, &w->taker, &w->deal, &w->why), RF_OK);
}

static enum rf_err ask(struct world *w)
{
    w->why = (struct rf_why){0};
    return rf_cmp_ask(w->deal, &w->after_s, &w->is_confirmed, &w->why);
}

static void world_free(struct world *w)
{
    rf_cmp_deal_free(w->deal);
    rf_cmp_free(w->cmp);
    rf_key_free(w->key);
    rf_cert_unref(w->taker.cert);
    ca_free(w->ca);
    rf_free(w);
}

static void a_key_of_each_kind_gets_its_certificate(void **state)
{
    static const unsigned bits[] = {0, 2048};
    for (size_t i = 0; i < 2; i++) {
        struct world *w = world_new(bits[i]);
        begin(w);
        assert_err(ask(w), RF_OK);
        assert_true(w->is_confirmed);
        assert_true(rf_key_matches(w->key, w->taker.cert));
        assert_slice_str(rf_cert_cn(w->taker.cert), PHONE);
        assert_int_equal(w->taker.times, 1);
        assert_int_equal(w->ca->requests, 1);
        assert_int_equal(w->ca->accepted, 1);
        assert_int_equal(w->ca->rejected, 0);
        world_free(w);
    }
}

static void what_is_not_taken_is_rejected_to_the_ca(void **state)
{
    struct world *w = world_new(0);
    w->taker.err = RF_ERR_DENIED;
    begin(w);
    assert_err(ask(w), RF_ERR_DENIED);
    assert_string_equal(w->why.code, "not-this-one");
    assert_int_equal(w->ca->accepted, 0);
    assert_int_equal(w->ca->rejected, 1);
    world_free(w);
}

static void a_ca_that_needs_time_is_asked_again(void **state)
{
    struct world *w = world_new(0);
    w->ca->polls = 3;
    begin(w);
    assert_err(ask(w), RF_ERR_AGAIN);
    assert_string_equal(w->why.code, "ca-waiting");
    assert_int_equal(w->after_s, 7);
    assert_int_equal(w->taker.times, 0);
    enum rf_err err;
    unsigned times = 0;
    while ((err = ask(w)) == RF_ERR_AGAIN)
        assert_in_range(++times, 1, 5);
    assert_err(err, RF_OK);
    assert_int_equal(w->ca->requests, 1); /* one request, however often it was asked about */
    assert_int_equal(w->ca->accepted, 1);
    world_free(w);
}

/* It is kept, whatever the CA heard of that. */
static void a_lost_confirmation_loses_no_certificate(void **state)
{
    struct world *w = world_new(0);
    w->ca->loses_confirmation = true;
    begin(w);
    assert_err(ask(w), RF_OK);
    assert_false(w->is_confirmed);
    assert_non_null(w->taker.cert);
    world_free(w);
}

static void a_failure_says_whose_it_is(void **state)
{
    struct world *w = world_new(0);
    w->ca->is_dead = true;
    begin(w);
    assert_err(ask(w), RF_ERR_IO);
    assert_string_equal(w->why.code, "cmp-unreachable");
    w->ca->is_dead = false;
    w->ca->refuses = true;
    begin(w);
    assert_err(ask(w), RF_ERR_DENIED);
    assert_string_equal(w->why.code, "cmp-refused");
    assert_non_null(strstr(w->why.text, "no phones \\x1"));
    assert_null(strchr(w->why.text, '\x1b'));
    w->ca->refuses = false;
    w->ca->is_false = true;
    begin(w);
    assert_int_not_equal(ask(w), RF_OK);
    assert_string_equal(w->why.code, "cmp-untrusted");
    assert_int_equal(w->taker.times, 0);
    w->ca->is_false = false;
    begin(w);
    assert_err(ask(w), RF_OK);
    world_free(w);
}

static void a_ca_that_does_not_trust_the_ra_says_so(void **state)
{
    struct world *w = world_new(0);
    assert_int_equal(OSSL_CMP_SRV_CTX_set_accept_raverified(w->ca->srv, 0), 1);
    begin(w);
    assert_err(ask(w), RF_ERR_DENIED);
    assert_string_equal(w->why.code, "cmp-refused");
    assert_non_null(strstr(w->why.text, "raVerified"));
    world_free(w);
}

static void a_real_address_that_nobody_listens_on(void **state)
{
    struct world *w = world_new(0);
    struct rf_cmp_spec spec = ca_spec(w->ca);
    spec.transfer = NULL;
    spec.url = "http://127.0.0.1:1/pki";
    rf_cmp_free(w->cmp);
    assert_err(rf_cmp_open(&spec, &w->cmp, &w->why), RF_OK);
    begin(w);
    assert_err(ask(w), RF_ERR_IO);
    assert_string_equal(w->why.code, "cmp-unreachable");
    world_free(w);
}

/* ---- what is needed ---- */

static void expect_open(const struct rf_cmp_spec *spec, const char *code)
{
    struct rf_cmp *cmp = NULL;
    struct rf_why why = {0};
    enum rf_err err = rf_cmp_open(spec, &cmp, &why);
    if (code == NULL)
        assert_err(err, RF_OK);
    else
        assert_string_equal(why.code, code);
    rf_cmp_free(cmp);
}

static void what_is_missing_or_wrong_is_named(void **state)
{
    static const struct {
        const char *url, *code;
    } urls[] = {{"http://ca.test", NULL},
                {"http://ca.test:8080/a/b", NULL},
                {"http://[::1]:8080/pki", NULL},
                {"https://ca.test/", "cmp-url"},
                {"ca.test", "cmp-url"},
                {"http://", "cmp-url"},
                {"http://:80/", "cmp-url"},
                {"http://ca.test:0/", "cmp-url"},
                {"http://ca.test:65536/", "cmp-url"},
                {"http://ca.test:x/", "cmp-url"},
                {"", "cmp-url"}};
    struct ca *ca = ca_new("Customer CA");
    const struct rf_cmp_spec good = ca_spec(ca);
    struct rf_cmp_spec s;
    for (size_t i = 0; i < sizeof urls / sizeof *urls; i++) {
        s = good;
        s.url = urls[i].url;
        expect_open(&s, urls[i].code);
    }
    s = good;
    s.reference = "";
    expect_open(&s, "cmp-conf");
    s = good;
    s.recipient = "";
    expect_open(&s, "cmp-conf");
    s = good;
    s.recipient = "/nonsense=x";
    expect_open(&s, "cmp-recipient");
    s = good;
    s.secret_file = NULL;
    expect_open(&s, "cmp-conf"); /* neither secret nor certificate */
    assert_int_equal(chmod(ca->secret_file, 0640), 0);
    expect_open(&good, "key-mode");
    assert_int_equal(chmod(ca->secret_file, 0600), 0);
    expect_open(&good, NULL);
    assert_int_equal(truncate(ca->secret_file, 0), 0);
    expect_open(&good, "cmp-conf");
    ca_free(ca);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_key_of_each_kind_gets_its_certificate),
        cmocka_unit_test(what_is_not_taken_is_rejected_to_the_ca),
        cmocka_unit_test(a_ca_that_needs_time_is_asked_again),
        cmocka_unit_test(a_lost_confirmation_loses_no_certificate),
        cmocka_unit_test(a_failure_says_whose_it_is),
        cmocka_unit_test(a_ca_that_does_not_trust_the_ra_says_so),
        cmocka_unit_test(a_real_address_that_nobody_listens_on),
        cmocka_unit_test(what_is_missing_or_wrong_is_named),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
