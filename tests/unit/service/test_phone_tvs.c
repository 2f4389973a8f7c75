/* SPDX-License-Identifier: Apache-2.0 */
/* A list whose signer the installed lists do not know: what the phone makes of the answer of TVS.
 */
#include "phone_kit.h"

#define ROLE(role) (UINT32_C(1) << (role))
#define SAST       ROLE(RF_TRUSTLIST_ROLE_SAST)
#define TFTP       ROLE(RF_TRUSTLIST_ROLE_TFTP)

static struct rf_buf list_of(enum rf_list_kind kind, const struct id *signer, uint32_t timestamp,
                             bool has_tvs)
{
    const struct rf_list_entry entries[] = {{signer->cert, RF_TRUSTLIST_ROLE_SAST, NULL},
                                            {ids.sast2.cert, RF_TRUSTLIST_ROLE_SAST, NULL},
                                            {ids.ccm.cert, RF_TRUSTLIST_ROLE_CCM, NULL},
                                            {ids.tftp.cert, RF_TRUSTLIST_ROLE_TFTP, NULL},
                                            {ids.capf.cert, RF_TRUSTLIST_ROLE_CAPF, NULL},
                                            {ids.tvs.cert, RF_TRUSTLIST_ROLE_TVS, NULL}};
    return kit_list_of(kind, signer, timestamp, entries, has_tvs ? 6 : 5);
}

static void serve_lists(struct kit *k, const struct id *signer, uint32_t timestamp)
{
    kit_serve(k, CTL, list_of(RF_LIST_CTL, signer, timestamp, false));
    kit_serve(k, ITL, list_of(RF_LIST_ITL, signer, timestamp, true));
}

/* A phone at home: its lists have a TVS, and its configuration says where that is. */
static void settle(struct kit *k, size_t servers)
{
    RF_AUTO(rf_phonexml_freep) struct rf_phonexml *c = kit_config();
    c->tvs_n = servers;
    for (size_t i = 0; i < servers; i++) {
        snprintf(c->tvs[i].name, sizeof c->tvs[i].name, "192.0.2.%zu", 7 + i);
        c->tvs[i].port = 2445;
    }
    kit_serve_config(k, c);
    serve_lists(k, &ids.sast, TEST_NOW - 500);
    kit_boot(k);
    kit_until_registering(k);
    kit_registered(k);
    kit_off(k);
    assert_int_equal(k->tvs.n, 0); /* nobody had to be asked */
}

static void answers(struct kit *k, enum rf_err err, const char *code, uint32_t roles)
{
    k->tvs.will_be = (struct rf_ask_tvs_result){
        .err = err, .roles = roles, .ttl_s = 86400, .server = "192.0.2.7"};
    if (err != RF_OK)
        rf_why_set(&k->tvs.will_be.why, err, code, "as the test says");
}

/* Nothing on the flash changed, and the phone works on with what it has. */
static void refuses(struct kit *k)
{
    char before[65], after[65];
    kit_flash_hash(k, before);
    kit_boot(k);
    kit_until_registering(k);
    assert_true(kit_saw(k, "list-refused list=CTL file=" CTL " code=list-signer-unknown"));
    assert_true(kit_saw(k, "status text=Trust List update failed"));
    kit_registered(k);
    kit_off(k);
    kit_flash_hash(k, after);
    assert_string_equal(before, after);
}

static void sec_22_a_signer_that_tvs_vouches_for_is_taken_and_the_answer_kept(void **state)
{
    struct kit *k = *state;
    settle(k, 1);
    serve_lists(k, &ids.stranger, TEST_NOW - 900); /* another site: older, and no rollback */
    answers(k, RF_OK, NULL, SAST | TFTP);
    kit_boot(k);
    kit_until_registering(k);
    assert_true(kit_saw(k, "list list=CTL file=" CTL " action=vouched"));
    assert_true(kit_saw(k, "list list=ITL file=" ITL " action=update"));
    assert_true(kit_saw(k, "status text=Trust List updated"));
    assert_int_equal(k->tvs.n, 1);
    assert_ptr_not_equal(k->tvs.conf.cert, NULL);
    assert_string_equal(k->tvs.conf.device, DEVICE);
    assert_int_equal(k->tvs.conf.server_n, 1);
    kit_registered(k);
    kit_off(k);
}

/* Both lists are refused once, so that the second question finds the first one's answer. */
static void sec_22_within_a_day_tvs_is_not_asked_again(void **state)
{
    struct kit *k = *state;
    settle(k, 1);
    kit_answer(k, CTL, RF_FETCH_NOT_FOUND);
    answers(k, RF_OK, NULL,
            TFTP); /* vouched for, but signs no lists: so the question comes again */
    kit_serve(k, ITL, list_of(RF_LIST_ITL, &ids.stranger, TEST_NOW - 400, true));
    kit_boot(k);
    kit_until_registering(k);
    kit_registered(k);
    assert_int_equal(k->tvs.n, 1);
    kit_reset(k, RF_SCCP_RESET_RESET);
    kit_until_registering(k);
    kit_registered(k);
    assert_int_equal(k->tvs.n, 1);
    assert_true(kit_saw(k, "vouched=1 kept=1"));
    kit_pass(k, 86400u * 1000u);
    kit_reset(k, RF_SCCP_RESET_RESET);
    kit_until_registering(k);
    kit_registered(k);
    assert_int_equal(k->tvs.n, 2);
    kit_off(k);
}

static void sec_23_a_signer_known_to_tvs_as_a_file_signer_is_refused(void **state)
{
    struct kit *k = *state;
    settle(k, 1);
    serve_lists(k, &ids.stranger, TEST_NOW - 400);
    answers(k, RF_OK, NULL, TFTP);
    refuses(k);
    assert_int_equal(k->tvs.n, 1); /* of both lists */
}

static void sec_20_a_signer_that_tvs_does_not_know_is_refused(void **state)
{
    struct kit *k = *state;
    settle(k, 1);
    serve_lists(k, &ids.stranger, TEST_NOW - 400);
    answers(k, RF_ERR_DENIED, "tvs-invalid", 0);
    refuses(k);
    assert_true(kit_saw(k, "vouched=0 kept=0 code=tvs-invalid"));
}

static void sec_97_without_an_answer_the_list_is_refused_and_the_phone_works_on(void **state)
{
    struct kit *k = *state;
    settle(k, 2);
    serve_lists(k, &ids.stranger, TEST_NOW - 400);
    answers(k, RF_ERR_IO, "connect-refused", 0);
    refuses(k);
    assert_int_equal(k->tvs.conf.server_n, 2);
    /* Nothing was kept of that: it is asked the next time, too. */
    answers(k, RF_OK, NULL, SAST);
    kit_boot(k);
    kit_until_registering(k);
    assert_true(kit_saw(k, "action=vouched"));
    kit_registered(k);
    kit_off(k);
}

static void nobody_is_asked_where_the_configuration_names_no_tvs(void **state)
{
    struct kit *k = *state;
    settle(k, 0);
    serve_lists(k, &ids.stranger, TEST_NOW - 400);
    answers(k, RF_OK, NULL, SAST);
    refuses(k);
    assert_int_equal(k->tvs.n, 0);
}

static void stopping_in_the_middle_of_a_question_is_the_end_of_it(void **state)
{
    struct kit *k = *state;
    settle(k, 1);
    serve_lists(k, &ids.stranger, TEST_NOW - 400);
    answers(k, RF_OK, NULL, SAST);
    k->stop_at = "fetch file=" CTL;
    kit_boot(k);
    kit_off(k);
}

static void whoever_hears_the_answer_may_stop_the_phone(void **state)
{
    struct kit *k = *state;
    settle(k, 1);
    serve_lists(k, &ids.stranger, TEST_NOW - 400);
    for (int i = 0; i < 2; i++) {
        answers(k, i == 0 ? RF_OK : RF_ERR_DENIED, i == 0 ? NULL : "tvs-invalid", SAST);
        k->stop_at = "tvs server=";
        kit_boot(k);
        kit_until(k, "stopped");
        assert_null(k->stop_at);
        kit_off(k);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
#define TEST(name) cmocka_unit_test_setup_teardown(name, kit_up, kit_down)
        TEST(sec_22_a_signer_that_tvs_vouches_for_is_taken_and_the_answer_kept),
        TEST(sec_22_within_a_day_tvs_is_not_asked_again),
        TEST(sec_23_a_signer_known_to_tvs_as_a_file_signer_is_refused),
        TEST(sec_20_a_signer_that_tvs_does_not_know_is_refused),
        TEST(sec_97_without_an_answer_the_list_is_refused_and_the_phone_works_on),
        TEST(nobody_is_asked_where_the_configuration_names_no_tvs),
        TEST(stopping_in_the_middle_of_a_question_is_the_end_of_it),
        TEST(whoever_hears_the_answer_may_stop_the_phone),
#undef TEST
    };
    return cmocka_run_group_tests(tests, kit_ids_up, kit_ids_down);
}
