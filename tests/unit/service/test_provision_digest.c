/* SPDX-License-Identifier: Apache-2.0 */
/* Which digest a device's files are signed with, by its model, its own, and what the site allows;
 * then the files themselves. */
#include "provision_world.h"

#include "base/metrics.h"
#include "trust/sigfile.h"

#define A "SEP001122334455"

static struct rf_store_device device(const char *model, enum rf_store_digest digest)
{
    struct rf_store_device d = {.name = A, .digest = digest};
    snprintf(d.model, sizeof d.model, "%s", model);
    return d;
}

static enum rf_digest digest_of(const char *model, enum rf_store_digest own,
                                const struct provision_facts *facts)
{
    struct rf_store_device d = device(model, own);
    enum rf_digest digest = RF_DIGEST_SHA256;
    struct rf_why why = {0};
    assert_err(provision_digest_of(&d, facts, &digest, &why), RF_OK);
    return digest;
}

static void expect_no_digest(const char *model, enum rf_store_digest own,
                             const struct provision_facts *facts, const char *code)
{
    struct rf_store_device d = device(model, own);
    enum rf_digest digest = RF_DIGEST_SHA256;
    struct rf_why why = {0};
    assert_refused(provision_digest_of(&d, facts, &digest, &why), RF_ERR_NOT_FOUND, why, code);
    assert_int_equal(digest, RF_DIGEST_SHA256);
    assert_non_null(strstr(why.text, A));
}

static void the_model_says_which_digest(void **state)
{
    static const struct {
        const char *model;
        enum rf_digest plain, legacy; /* with sign_sha1 off (0: refused) and on */
    } rows[] = {
        {"7962", 0, RF_DIGEST_SHA1},
        {"7906", 0, RF_DIGEST_SHA1},
        {"CP-7975G", 0, RF_DIGEST_SHA1},
        {"6921", 0, RF_DIGEST_SHA1},
        {"8941", 0, RF_DIGEST_SHA1},
        {"8961", 0, RF_DIGEST_SHA1},
        {"9971", 0, RF_DIGEST_SHA1},
        {"7841", RF_DIGEST_SHA512, RF_DIGEST_SHA512},
        {"8861", RF_DIGEST_SHA512, RF_DIGEST_SHA512},
        {"CP-8821", RF_DIGEST_SHA512, RF_DIGEST_SHA512},
        {"ringphone", RF_DIGEST_SHA512, RF_DIGEST_SHA512},
        {"ATA-190", 0, RF_DIGEST_SHA1},
        {"", 0, RF_DIGEST_SHA1},
    };
    struct provision_facts strict = {.digest = RF_DIGEST_SHA512};
    struct provision_facts legacy = {.digest = RF_DIGEST_SHA512, .may_sha1 = true};
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        bool is_known = strcmp(rows[i].model, "ATA-190") != 0 && rows[i].model[0] != '\0';
        assert_int_equal(digest_of(rows[i].model, RF_STORE_DIGEST_MODEL, &legacy), rows[i].legacy);
        if (rows[i].plain == 0)
            expect_no_digest(rows[i].model, RF_STORE_DIGEST_MODEL, &strict,
                             is_known ? "digest-sha1" : "digest-unknown");
        else
            assert_int_equal(digest_of(rows[i].model, RF_STORE_DIGEST_MODEL, &strict),
                             rows[i].plain);
        /* Named for the device, it is that one; SHA-1 only where that is allowed. */
        assert_int_equal(digest_of(rows[i].model, RF_STORE_DIGEST_SHA512, &strict),
                         RF_DIGEST_SHA512);
        assert_int_equal(digest_of(rows[i].model, RF_STORE_DIGEST_SHA1, &legacy), RF_DIGEST_SHA1);
        expect_no_digest(rows[i].model, RF_STORE_DIGEST_SHA1, &strict, "digest-sha1");
    }
    /* The site's own word is for those that know both. */
    struct provision_facts sha1 = {.digest = RF_DIGEST_SHA1, .may_sha1 = true};
    assert_int_equal(digest_of("8861", RF_STORE_DIGEST_MODEL, &sha1), RF_DIGEST_SHA1);
    assert_int_equal(digest_of("8861", RF_STORE_DIGEST_SHA512, &sha1), RF_DIGEST_SHA512);
}

static void whoever_is_nobody_gets_what_every_phone_verifies_or_nothing(void **state)
{
    struct provision_facts strict = {.digest = RF_DIGEST_SHA512};
    struct provision_facts legacy = {.digest = RF_DIGEST_SHA512, .may_sha1 = true};
    enum rf_digest digest = RF_DIGEST_SHA256;
    struct rf_why why = {0};
    assert_refused(provision_digest_of_nobody(&strict, &digest, &why), RF_ERR_NOT_FOUND, why,
                   "digest-nobody");
    assert_err(provision_digest_of_nobody(&legacy, &digest, NULL), RF_OK);
    assert_int_equal(digest, RF_DIGEST_SHA1);
}

static enum rf_digest signed_with(struct world *w)
{
    const struct answer *a = world_get(w, A ".cnf.xml.sgn");
    assert_int_equal(a->err, RF_OK);
    struct rf_sigfile_policy policy = {.expected_name = rf_slice_str(A ".cnf.xml.sgn"),
                                       .allow_sha1 = true};
    struct rf_sigfile_info info;
    assert_err(
        rf_sigfile_verify(rf_content_bytes(a->content), w->signer.cert, &policy, &info, NULL),
        RF_OK);
    return info.digest;
}

/* Of SEC-16 the server's side: what a phone of that policy would refuse is not what it gets, and a
 * weak signature is made by a named choice only. */
static void sec_16_a_phone_gets_the_digest_of_its_model(void **state)
{
    struct world *w = *state;
    world_add(w, A, RF_STORE_ENCRYPTED, "");
    uint64_t weak = rf_metric_get(RF_METRIC_SHA1_SIGNED);
    assert_int_equal(signed_with(w), RF_DIGEST_SHA512);
    struct rf_store_device d = world_device(w, A);
    snprintf(d.model, sizeof d.model, "7962");
    world_change(w, &d);
    const struct answer *a = world_get(w, A ".cnf.xml.sgn");
    assert_refused(a->err, RF_ERR_NOT_FOUND, a->why, "digest-sha1");
    assert_int_equal(rf_metric_get(RF_METRIC_SHA1_SIGNED), weak);
    world_set(w, "sign_sha1", "yes");
    assert_int_equal(signed_with(w), RF_DIGEST_SHA1);
    assert_int_equal(rf_metric_get(RF_METRIC_SHA1_SIGNED), weak + 1);
    d.digest = RF_STORE_DIGEST_SHA512;
    world_change(w, &d);
    assert_int_equal(signed_with(w), RF_DIGEST_SHA512);
    /* And not one file more than asked for with the other. */
    world_set(w, "sign_sha1", "no");
    d.digest = RF_STORE_DIGEST_MODEL;
    snprintf(d.model, sizeof d.model, "8861");
    world_change(w, &d);
    assert_int_equal(signed_with(w), RF_DIGEST_SHA512);
    assert_int_equal(rf_metric_get(RF_METRIC_SHA1_SIGNED), weak + 1);
}

#define IN_WORLD(test) cmocka_unit_test_setup_teardown(test, world_set_up, world_tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_model_says_which_digest),
        cmocka_unit_test(whoever_is_nobody_gets_what_every_phone_verifies_or_nothing),
        IN_WORLD(sec_16_a_phone_gets_the_digest_of_its_model),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
