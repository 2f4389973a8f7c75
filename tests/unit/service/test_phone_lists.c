/* SPDX-License-Identifier: Apache-2.0 */
/* Trust lists over the life of a phone: first trust, another signer, the empty list, and a server
 * that is somebody else's. */
#include "phone_kit.h"

#include "../trust/container.h"

static void settle(struct kit *k)
{
    kit_boot(k);
    kit_until_registering(k);
    kit_registered(k);
    kit_off(k);
}

static bool flash_has(const struct kit *k, const char *name)
{
    RF_AUTO(rf_freep) char *path = rf_path_join(k->flash_dir, name);
    return rf_file_exists(path);
}

static void is_on_flash(struct kit *k, const char *stored, const char *served)
{
    RF_AUTO(rf_buf_fini) struct rf_buf bytes = kit_flash_file(k, stored);
    assert_slice_eq(rf_buf_slice(&bytes), rf_buf_slice(&kit_file(k, served)->bytes));
}

/* A list is served; the phone refuses it, says why, and nothing on its flash has changed. */
static void refuses(struct kit *k, const char *list, const char *code)
{
    char before[65], after[65];
    RF_AUTO(rf_freep) char *want = rf_strf("list-refused list=%s file=", list);
    RF_AUTO(rf_freep) char *reason = rf_strf("code=%s", code);
    kit_flash_hash(k, before);
    kit_boot(k);
    kit_until(k, want);
    kit_until_registering(k);
    if (!kit_saw(k, reason))
        print_error("want %s in\n%.*s", reason, (int)k->log.len, (char *)k->log.p);
    assert_true(kit_saw(k, reason));
    assert_true(kit_saw(k, "status text=Trust List update failed"));
    kit_registered(k);
    kit_off(k);
    kit_flash_hash(k, after);
    assert_string_equal(before, after);
}

/* ---- the first ones ---- */

static void sec_19_an_itl_alone_and_then_the_first_ctl_under_it(void **state)
{
    struct kit *k = *state;
    kit_answer(k, CTL, RF_FETCH_NOT_FOUND);
    settle(k);
    assert_true(kit_saw(k, "list list=ITL file=" ITL " action=first-trust"));
    assert_true(kit_saw(k, "status text=ITL installed"));
    /* The first CTL is no first trust any more: the ITL has to know who signed it. */
    kit_serve(k, CTL, kit_list(RF_LIST_CTL, &ids.stranger, TEST_NOW - 100));
    refuses(k, "CTL", "list-signer-unknown");
    assert_false(flash_has(k, "CTLFile.tlv"));
    kit_serve(k, CTL, kit_list(RF_LIST_CTL, &ids.sast2, TEST_NOW - 100));
    settle(k);
    assert_true(kit_saw(k, "list list=CTL file=" CTL " action=update"));
    assert_true(kit_saw(k, "status text=CTL Installed"));
    is_on_flash(k, "CTLFile.tlv", CTL);
}

static void sec_19_a_ctl_alone_and_then_the_first_itl_under_it(void **state)
{
    struct kit *k = *state;
    kit_answer(k, ITL, RF_FETCH_NOT_FOUND);
    settle(k);
    assert_true(kit_saw(k, "status text=CTL Installed"));
    kit_serve(k, ITL, kit_list(RF_LIST_ITL, &ids.stranger, TEST_NOW - 100));
    refuses(k, "ITL", "list-signer-unknown");
    kit_serve(k, ITL, kit_list(RF_LIST_ITL, &ids.sast, TEST_NOW - 100));
    settle(k);
    assert_true(kit_saw(k, "status text=ITL installed"));
}

/* ---- later ones ---- */

static void sec_25_an_older_list_is_refused_or_marked(void **state)
{
    struct kit *k = *state;
    settle(k);
    kit_serve(k, CTL, kit_list(RF_LIST_CTL, &ids.sast, TEST_NOW - 300));
    k->conf.has_file_rollback = true;
    k->conf.file_rollback = RF_ROLLBACK_REJECT;
    refuses(k, "CTL", "time-rollback");
    k->conf.file_rollback = RF_ROLLBACK_WARN;
    settle(k);
    assert_true(kit_saw(k, "older=1"));
    is_on_flash(k, "CTLFile.tlv", CTL);
    k->conf.file_rollback = RF_ROLLBACK_OFF;
    kit_serve(k, CTL, kit_list(RF_LIST_CTL, &ids.sast, TEST_NOW - 400));
    settle(k);
    assert_false(kit_saw(k, "older=1"));
    is_on_flash(k, "CTLFile.tlv", CTL);
}

static void sec_26_a_list_beyond_its_limit_leaves_the_old_one(void **state)
{
    struct kit *k = *state;
    char before[65], after[65];
    settle(k);
    struct rf_buf big = kit_list(RF_LIST_CTL, &ids.sast, TEST_NOW - 10);
    size_t more = RF_TRUSTLIST_BYTES_MAX + 1 - big.len;
    big.max = RF_TRUSTLIST_BYTES_MAX + 1;
    assert_non_null(rf_buf_room(&big, more));
    memset(big.p + big.len, 0, more);
    big.len += more;
    kit_serve(k, CTL, big);
    kit_flash_hash(k, before);
    kit_boot(k);
    kit_until(k, "fetch file=" CTL " result=too-long");
    kit_until_registering(k);
    assert_true(kit_saw(k, "list-refused list=CTL file=" CTL " code=file-too-large"));
    assert_true(kit_saw(k, "status text=Trust List update failed"));
    kit_registered(k);
    kit_off(k);
    kit_flash_hash(k, after);
    assert_string_equal(before, after);
    kit_serve(k, CTL, kit_list(RF_LIST_CTL, &ids.sast, TEST_NOW - 10));
    settle(k);
    assert_true(kit_saw(k, "status text=Trust List updated"));
}

static void sec_31b_a_list_by_one_that_is_no_sast_is_refused_for_both_kinds(void **state)
{
    struct kit *k = *state;
    const struct rf_list_entry entries[] = {{ids.ccm.cert, RF_TRUSTLIST_ROLE_SAST, NULL},
                                            {ids.tftp.cert, RF_TRUSTLIST_ROLE_TFTP, NULL}};
    settle(k);
    kit_serve(k, ITL, kit_list_of(RF_LIST_ITL, &ids.ccm, TEST_NOW - 10, entries, 2));
    refuses(k, "ITL", "list-signer-role");
    kit_serve(k, ITL, kit_list(RF_LIST_ITL, &ids.sast, TEST_NOW - 10));
    settle(k);
    assert_true(kit_saw(k, "action=update"));
}

static void sec_31c_newer_minor_versions_and_unknown_tags_are_taken_with_a_warning(void **state)
{
    struct kit *k = *state;
    settle(k);
    assert_false(kit_saw(k, "odd=1"));
    struct rf_buf b = kit_list(RF_LIST_ITL, &ids.sast, TEST_NOW - 10);
    add_unknown_tag(&b);
    sign_again(&b, &ids.sast);
    kit_serve(k, ITL, b);
    settle(k);
    assert_true(kit_saw(k, "list list=ITL file=" ITL " action=update"));
    assert_true(kit_saw(k, "odd=1"));
    b = kit_list(RF_LIST_ITL, &ids.sast, TEST_NOW - 9);
    b.p[4] = 3; /* 1.3 */
    sign_again(&b, &ids.sast);
    kit_serve(k, ITL, b);
    settle(k);
    assert_true(kit_saw(k, "odd=1"));
    is_on_flash(k, "ITLFile.tlv", ITL);
    /* Another major version is another format. */
    b = kit_list(RF_LIST_ITL, &ids.sast, TEST_NOW - 8);
    b.p[3] = 3;
    kit_serve(k, ITL, b);
    refuses(k, "ITL", "version-major");
}

/* ---- the empty ITL ---- */

static struct rf_buf empty_itl(void)
{
    const struct rf_list_entry only[] = {{ids.sast.cert, RF_TRUSTLIST_ROLE_SAST, NULL},
                                         {ids.ccm.cert, RF_TRUSTLIST_ROLE_CCM, NULL}};
    return kit_list_of(RF_LIST_ITL, &ids.sast, TEST_NOW - 20, only, 2);
}

static void sec_27_an_empty_itl_without_a_ctl_makes_way_for_any(void **state)
{
    struct kit *k = *state;
    RF_AUTO(rf_phonexml_freep) struct rf_phonexml *c = kit_config();
    kit_answer(k, CTL, RF_FETCH_NOT_FOUND);
    settle(k);
    kit_serve(k, ITL, empty_itl());
    /* Nobody signs files any more: unsigned ones are taken, and none is kept. */
    snprintf(c->cm[0].name, sizeof c->cm[0].name, "192.0.2.99");
    kit_serve(k, DEVICE ".cnf.xml", kit_signed(c, "", NULL, RF_DIGEST_SHA512, 0));
    settle(k);
    assert_true(kit_saw(k, "config file=" DEVICE ".cnf.xml full=1 verified=0"));
    assert_string_equal(k->station.conf.servers[0].host, "192.0.2.99");
    /* And any next list, of a signer nobody has heard of. */
    kit_serve(k, ITL, kit_list(RF_LIST_ITL, &ids.stranger, TEST_NOW - 10));
    settle(k);
    assert_true(kit_saw(k, "list list=ITL file=" ITL " action=first-trust"));
    is_on_flash(k, "ITLFile.tlv", ITL);
}

static void sec_27_with_a_ctl_the_empty_itl_opens_nothing(void **state)
{
    struct kit *k = *state;
    settle(k);
    kit_serve(k, ITL, empty_itl());
    settle(k);
    assert_true(kit_saw(k, "action=update"));
    kit_serve(k, ITL, kit_list(RF_LIST_ITL, &ids.stranger, TEST_NOW - 10));
    refuses(k, "ITL", "list-signer-unknown");
    kit_answer(k, ITL, RF_FETCH_NOT_FOUND);
    kit_serve(k, CTL, kit_list(RF_LIST_CTL, &ids.stranger, TEST_NOW - 10));
    refuses(k, "CTL", "list-signer-unknown");
    /* Files are still taken signed, and nothing else: the CTL names who signs them. */
    assert_false(kit_asked(k, DEVICE ".cnf.xml"));
}

/* ---- the signer is lost, or another's ---- */

static struct rf_buf next_list(enum rf_list_kind kind, const struct id *signer,
                               const struct id *other, uint32_t timestamp)
{
    const struct rf_list_entry entries[] = {{signer->cert, RF_TRUSTLIST_ROLE_SAST, NULL},
                                            {other->cert, RF_TRUSTLIST_ROLE_SAST, NULL},
                                            {ids.ccm.cert, RF_TRUSTLIST_ROLE_CCM, NULL},
                                            {ids.tftp.cert, RF_TRUSTLIST_ROLE_TFTP, NULL},
                                            {ids.capf.cert, RF_TRUSTLIST_ROLE_CAPF, NULL}};
    return kit_list_of(kind, signer, timestamp, entries, 5);
}

static void serve_lists(struct kit *k, const struct id *signer, const struct id *other,
                        uint32_t timestamp)
{
    kit_serve(k, CTL, next_list(RF_LIST_CTL, signer, other, timestamp));
    kit_serve(k, ITL, next_list(RF_LIST_ITL, signer, other, timestamp));
}

static void sec_31_a_lost_signing_key_is_replaced_by_way_of_the_second_sast(void **state)
{
    struct kit *k = *state;
    settle(k);
    /* A new key alone gets nowhere. */
    serve_lists(k, &ids.stranger, &ids.sast2, TEST_NOW - 90);
    refuses(k, "CTL", "list-signer-unknown");
    /* The second SAST signs a list that has the new one; after that reset the new one signs. */
    serve_lists(k, &ids.sast2, &ids.stranger, TEST_NOW - 80);
    kit_boot(k);
    kit_until_registering(k);
    assert_true(kit_saw(k, "status text=Trust List updated"));
    kit_registered(k);
    serve_lists(k, &ids.stranger, &ids.sast2, TEST_NOW - 70);
    kit_reset(k, RF_SCCP_RESET_RESET);
    kit_until_registering(k);
    assert_false(kit_saw(k, "list-refused"));
    kit_registered(k);
    kit_off(k);
    is_on_flash(k, "CTLFile.tlv", CTL);
    is_on_flash(k, "ITLFile.tlv", ITL);
    /* The lost one is over: whoever found it signs nothing that this phone takes. */
    serve_lists(k, &ids.sast, &ids.sast2, TEST_NOW - 60);
    refuses(k, "CTL", "list-signer-unknown");
}

/* Everything a phone asks for, well made by somebody else. */
static void serve_attack(struct kit *k)
{
    RF_AUTO(rf_phonexml_freep) struct rf_phonexml *c = kit_config();
    const struct rf_list_entry entries[] = {{ids.stranger.cert, RF_TRUSTLIST_ROLE_SAST, NULL},
                                            {ids.tvs.cert, RF_TRUSTLIST_ROLE_CCM_TFTP, NULL}};
    snprintf(c->cm[0].name, sizeof c->cm[0].name, "198.51.100.66");
    snprintf(c->load_information, sizeof c->load_information, "rf-2");
    c->security_mode = RF_PHONEXML_MODE_NON_SECURE;
    kit_serve(k, CTL, kit_list_of(RF_LIST_CTL, &ids.stranger, TEST_NOW - 5, entries, 2));
    kit_serve(k, ITL, kit_list_of(RF_LIST_ITL, &ids.stranger, TEST_NOW - 5, entries, 2));
    kit_serve(k, "ITLFile.tlv", kit_list_of(RF_LIST_ITL, &ids.stranger, TEST_NOW - 5, entries, 2));
    kit_serve(k, CONFIG, kit_signed(c, CONFIG, &ids.tvs, RF_DIGEST_SHA512, TEST_NOW - 5));
    kit_serve(k, DEVICE ".cnf.xml", kit_signed(c, "", NULL, RF_DIGEST_SHA512, 0));
    c->is_default = true;
    kit_serve(k, "XMLDefault.cnf.xml.sgn",
              kit_signed(c, "XMLDefault.cnf.xml.sgn", &ids.tvs, RF_DIGEST_SHA512, TEST_NOW - 5));
    kit_serve(k, "XMLDefault.cnf.xml", kit_signed(c, "", NULL, RF_DIGEST_SHA512, 0));
    kit_serve_load(k, &(struct kit_load){"rf-2", HARDWARE, &ids.other_image});
    kit_serve_file(k, "Ringlist.xml.sgn", rf_slice_str("<CiscoIPPhoneRingList/>"), &ids.tvs,
                   RF_DIGEST_SHA512, TEST_NOW - 5);
}

static void sec_30_an_attackers_server_with_lists_and_files_gets_nowhere(void **state)
{
    struct kit *k = *state;
    char before[65], after[65];
    settle(k);
    kit_flash_hash(k, before);
    serve_attack(k);
    kit_boot(k);
    kit_until_registering(k);
    assert_true(kit_saw(k, "list-refused list=CTL"));
    assert_true(kit_saw(k, "list-refused list=ITL"));
    assert_true(kit_saw(k, "config-refused file=" CONFIG " code=signer-unknown"));
    assert_false(kit_asked(k, DEVICE ".cnf.xml") || kit_asked(k, "rf-2.loads"));
    /* It works on with what it has, at the call managers it knows. */
    assert_string_equal(k->station.conf.servers[0].host, "192.0.2.5");
    assert_int_equal(k->station.conf.mode, RF_STATION_ENCRYPTED);
    kit_registered(k);
    kit_off(k);
    kit_flash_hash(k, after);
    assert_string_equal(before, after);
}

static void sec_123_an_attackers_file_does_not_take_a_phone_into_the_clear(void **state)
{
    struct kit *k = *state;
    RF_AUTO(rf_phonexml_freep) struct rf_phonexml *c = kit_config();
    char before[65], after[65];
    c->security_mode = RF_PHONEXML_MODE_NON_SECURE;
    settle(k);
    kit_flash_hash(k, before);
    for (unsigned i = 0; i < 4; i++) {
        const struct id *by = i == 0   ? NULL
                              : i == 1 ? &ids.stranger
                              : i == 2 ? &ids.ccm
                                       : &ids.tftp;
        kit_serve(k, CONFIG,
                  kit_signed(c, i == 3 ? OTHER ".cnf.xml.sgn" : CONFIG, by, RF_DIGEST_SHA512,
                             TEST_NOW - 5));
        kit_boot(k);
        kit_until(k, "config-refused file=" CONFIG);
        kit_until_registering(k);
        assert_int_equal(k->station.conf.mode, RF_STATION_ENCRYPTED);
        kit_registered(k);
        kit_off(k);
        kit_flash_hash(k, after);
        assert_string_equal(before, after);
    }
    /* The twin: the site's own word. */
    kit_serve_config(k, c);
    kit_boot(k);
    kit_until_registering(k);
    assert_int_equal(k->station.conf.mode, RF_STATION_NON_SECURE);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, kit_up, kit_down)
    const struct CMUnitTest tests[] = {
        TEST(sec_19_an_itl_alone_and_then_the_first_ctl_under_it),
        TEST(sec_19_a_ctl_alone_and_then_the_first_itl_under_it),
        TEST(sec_25_an_older_list_is_refused_or_marked),
        TEST(sec_26_a_list_beyond_its_limit_leaves_the_old_one),
        TEST(sec_31b_a_list_by_one_that_is_no_sast_is_refused_for_both_kinds),
        TEST(sec_31c_newer_minor_versions_and_unknown_tags_are_taken_with_a_warning),
        TEST(sec_27_an_empty_itl_without_a_ctl_makes_way_for_any),
        TEST(sec_27_with_a_ctl_the_empty_itl_opens_nothing),
        TEST(sec_31_a_lost_signing_key_is_replaced_by_way_of_the_second_sast),
        TEST(sec_30_an_attackers_server_with_lists_and_files_gets_nowhere),
        TEST(sec_123_an_attackers_file_does_not_take_a_phone_into_the_clear),
    };
    return cmocka_run_group_tests(tests, kit_ids_up, kit_ids_down);
}
