/* SPDX-License-Identifier: Apache-2.0 */
/* The settings of a running phone: who gets in, and what he does there. Notices settings.access,
 * settings.lock, settings.password, settings.pause. */
#include "phone_kit.h"

static const struct rf_secret typed = {.bytes = "48213", .len = 5};

static void run_with(struct kit *k, const struct rf_phonexml *c)
{
    kit_serve_config(k, c);
    kit_boot(k);
    kit_until_registering(k);
    kit_registered(k);
}

static void run(struct kit *k)
{
    RF_AUTO(rf_phonexml_freep) struct rf_phonexml *c = kit_config();
    run_with(k, c);
}

static const char *unlock_code(struct kit *k, const char *keys)
{
    static struct rf_why why;
    why = (struct rf_why){0};
    return rf_phone_unlock(k->phone, rf_slice_str(keys), &why) == RF_OK ? "" : why.code;
}

static const char *update_code(struct kit *k, const struct rf_secret *string)
{
    static struct rf_why why;
    why = (struct rf_why){0};
    return rf_phone_lsc_update(k->phone, string, &why) == RF_OK ? "" : why.code;
}

static const char *erase_code(struct kit *k)
{
    static struct rf_why why;
    why = (struct rf_why){0};
    return rf_phone_trust_erase(k->phone, &why) == RF_OK ? "" : why.code;
}

static void unlocks(struct kit *k)
{
    assert_string_equal(unlock_code(k, "**#"), "");
}

static struct rf_phone_view look(struct kit *k)
{
    struct rf_phone_view view;
    rf_phone_look(k->phone, &view);
    return view;
}

/* ---- the lock ---- */

static void sec_28_nothing_is_erased_while_it_is_locked(void **state)
{
    struct kit *k = *state;
    char before[65], after[65];
    run(k);
    kit_flash_hash(k, before);
    assert_string_equal(erase_code(k), "settings-locked");
    assert_string_equal(update_code(k, &typed), "settings-locked");
    assert_string_equal(unlock_code(k, "**"), "settings-keys");
    assert_string_equal(erase_code(k), "settings-locked");
    kit_off(k);
    kit_flash_hash(k, after);
    assert_string_equal(before, after);
    assert_false(kit_has_status(k, "Erasing CTL and ITL files"));
    assert_int_equal(k->enrol.n, 0);
}

static void sec_28_unlocked_the_lists_go_and_the_next_are_taken_on_first_trust(void **state)
{
    struct kit *k = *state;
    run(k);
    unlocks(k);
    assert_string_equal(erase_code(k), "");
    assert_false(look(k).is_unlocked); /* and locked again */
    kit_until(k, "status text=Settings locked");
    kit_until(k, "list list=CTL file=" CTL " action=first-trust");
    kit_until_registering(k);
    assert_int_equal(k->station.stopped, 1); /* it has said goodbye */
    kit_registered(k);
    kit_off(k);
    assert_true(kit_has_status(k, "Settings unlocked"));
    assert_true(kit_has_status(k, "Erasing CTL and ITL files"));
    assert_true(kit_has_status(k, "Settings locked"));
}

static void in_a_call_nothing_is_erased(void **state)
{
    struct kit *k = *state;
    struct rf_why why = {0};
    run(k);
    unlocks(k);
    kit_call(k, RF_STATION_CONNECTED);
    assert_string_equal(erase_code(k), "in-call");
    assert_err(rf_phone_restart(k->phone, &why), RF_ERR_DENIED);
    assert_string_equal(why.code, "in-call");
    kit_call(k, RF_STATION_IDLE);
    assert_string_equal(erase_code(k), "");
    kit_off(k);
}

static void the_configuration_says_who_gets_in(void **state)
{
    static const struct {
        bool has;
        uint32_t access;
        const char *code;
    } rows[] = {{true, 0, "settings-off"},
                {true, 2, "settings-restricted"},
                {true, 7, "settings-off"},
                {true, 1, ""},
                {false, 0, ""}};
    struct kit *k = *state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        RF_AUTO(rf_phonexml_freep) struct rf_phonexml *c = kit_config();
        c->has_settings_access = rows[i].has;
        c->settings_access = rows[i].access;
        run_with(k, c);
        assert_string_equal(unlock_code(k, "**#"), rows[i].code);
        assert_string_equal(erase_code(k), rows[i].code);
        kit_off(k);
    }
}

static void settings_are_closed_by_a_configuration_that_comes_while_they_are_open(void **state)
{
    struct kit *k = *state;
    RF_AUTO(rf_phonexml_freep) struct rf_phonexml *c = kit_config();
    run_with(k, c);
    unlocks(k);
    c->has_settings_access = true;
    kit_serve_config(k, c);
    kit_reset(k, RF_SCCP_RESET_APPLY_CONFIG);
    kit_until_registering(k);
    kit_registered(k);
    assert_string_equal(erase_code(k), "settings-off");
    kit_off(k);
}

static void a_password_takes_the_place_of_the_keys(void **state)
{
    struct kit *k = *state;
    RF_AUTO(rf_phonexml_freep) struct rf_phonexml *c = kit_config();
    snprintf(c->phone_password, sizeof c->phone_password, "open sesame");
    run_with(k, c);
    assert_true(look(k).has_password);
    assert_string_equal(unlock_code(k, "**#"), "settings-password");
    assert_string_equal(unlock_code(k, "open sesam"), "settings-password");
    assert_string_equal(unlock_code(k, "open sesame "), "settings-password");
    assert_string_equal(unlock_code(k, ""), "settings-password");
    assert_false(look(k).is_unlocked);
    assert_string_equal(unlock_code(k, "open sesame"), "");
    assert_true(look(k).is_unlocked);
    assert_false(kit_saw(k, "sesame")); /* in no event */
    rf_phone_lock(k->phone);
    /* Five in a row, and even the right one has to wait. */
    for (int i = 0; i < 5; i++)
        assert_string_equal(unlock_code(k, "guess"), "settings-password");
    assert_string_equal(unlock_code(k, "open sesame"), "settings-pause");
    kit_pass(k, RF_PHONE_UNLOCK_PAUSE_MS - 1);
    assert_string_equal(unlock_code(k, "open sesame"), "settings-pause");
    kit_pass(k, 1);
    assert_string_equal(unlock_code(k, "open sesame"), "");
    kit_off(k);
    assert_true(kit_has_status(k, "Settings: wrong password"));
}

static void the_settings_lock_when_nothing_is_done_in_them(void **state)
{
    struct kit *k = *state;
    run(k);
    unlocks(k);
    kit_pass(k, RF_PHONE_UNLOCKED_MS - 1);
    assert_true(look(k).is_unlocked);
    k->enrol.will_be = (struct rf_enrol_result){.outcome = RF_ENROL_NOTHING};
    assert_string_equal(update_code(k, &typed), ""); /* that counts as use */
    kit_until(k, "enrol-done outcome=nothing");
    kit_pass(k, RF_PHONE_UNLOCKED_MS - 1);
    assert_true(look(k).is_unlocked);
    kit_pass(k, 1);
    assert_false(look(k).is_unlocked);
    kit_until(k, "status text=Settings locked");
    unlocks(k);
    kit_reset(k, RF_SCCP_RESET_RESET); /* a boot locks them, too */
    kit_until_registering(k);
    assert_false(look(k).is_unlocked);
    kit_off(k);
}

/* ---- the LSC ---- */

static void update_begins(struct kit *k, const struct rf_secret *string)
{
    unlocks(k);
    k->enrol.is_held = true;
    k->enrol.will_be =
        (struct rf_enrol_result){.outcome = RF_ENROL_INSTALLED, .is_confirmed = true, .reason = 1};
    assert_string_equal(update_code(k, string), "");
    kit_until(k, "enrol-step step=key-asked");
    assert_true(look(k).is_enrolling);
}

static void sec_53_a_typed_string_gets_an_lsc_while_the_phone_works_on(void **state)
{
    struct kit *k = *state;
    run(k);
    update_begins(k, &typed);
    assert_int_equal(k->enrol.conf.mode, RF_ENROL_BY_STRING);
    assert_true(rf_secret_eq(&typed, rf_secret_slice(&k->enrol.string)));
    assert_string_equal(update_code(k, &typed), "enrol-busy");
    kit_pass(k, 30u * 60u * 1000u); /* half an hour for the key */
    assert_true(k->station.is_there);
    assert_int_equal(k->station.stopped, 0);
    kit_call(k, RF_STATION_CONNECTED);
    kit_enrol_ends(k);
    kit_until(k, "enrol-done outcome=installed");
    assert_int_equal(k->station.stopped, 0); /* not away from under a call */
    assert_true(look(k).keys_wait);
    assert_int_equal(k->enrol.conf.auth_string->len, 0); /* used: wiped */
    kit_call(k, RF_STATION_IDLE);
    kit_until_registering(k);
    assert_int_equal(k->station.stopped, 1);
    assert_true(rf_cert_eq(k->station.conf.id->cert, ids.lsc.cert));
    kit_registered(k);
    assert_int_equal(k->enrol.n, 1);
    assert_true(rf_cert_eq(look(k).lsc, ids.lsc.cert));
    kit_off(k);
}

static void without_a_string_it_goes_by_certificate(void **state)
{
    struct kit *k = *state;
    run(k);
    update_begins(k, NULL);
    assert_int_equal(k->enrol.conf.mode, RF_ENROL_LSC_FIRST);
    kit_enrol_ends(k);
    kit_until_registering(k);
    assert_true(rf_cert_eq(k->station.conf.id->cert, ids.lsc.cert));
    kit_off(k);
}

static void abort_leaves_all_as_it_was(void **state)
{
    struct kit *k = *state;
    struct rf_why why = {0};
    run(k);
    assert_err(rf_phone_lsc_abort(k->phone, &why), RF_ERR_NOT_FOUND);
    assert_string_equal(why.code, "enrol-none");
    update_begins(k, &typed);
    rf_phone_lock(k->phone); /* giving up needs no key */
    assert_err(rf_phone_lsc_abort(k->phone, NULL), RF_OK);
    kit_until(k, "enrol-done outcome=failed");
    assert_true(kit_saw(k, "code=aborted"));
    assert_int_equal(k->enrol.aborted, 1);
    assert_false(look(k).is_enrolling);
    assert_int_equal(k->station.stopped, 0);
    assert_int_equal(k->enrol.conf.auth_string->len, 0);
    assert_null(look(k).lsc);
    kit_off(k);
    kit_boot(k);
    kit_until_registering(k);
    assert_true(rf_cert_eq(k->station.conf.id->cert, ids.mic.cert));
    kit_off(k);
}

static void sec_62_a_lost_link_is_tried_again_beside_the_work(void **state)
{
    struct kit *k = *state;
    run(k);
    unlocks(k);
    k->enrol.will_be =
        (struct rf_enrol_result){.outcome = RF_ENROL_FAILED, .may_retry = true, .reason = -1};
    rf_why_set(&k->enrol.will_be.why, RF_ERR_IO, "end", "the link ended");
    assert_string_equal(update_code(k, &typed), "");
    for (unsigned i = 1; i <= 3; i++) {
        kit_until(k, "enrol-done outcome=failed");
        assert_int_equal(k->enrol.n, i);
        assert_true(rf_secret_eq(&typed, rf_secret_slice(&k->enrol.string)));
        kit_pass(k, RF_ENROL_RETRY_MS);
    }
    assert_int_equal(k->enrol.n, 3);
    assert_false(look(k).is_enrolling);
    assert_string_equal(update_code(k, NULL), "");
    kit_until(k, "enrol-done outcome=failed");
    /* Between two tries he gives up. */
    assert_true(look(k).is_enrolling);
    assert_err(rf_phone_lsc_abort(k->phone, NULL), RF_OK);
    kit_until(k, "code=aborted");
    kit_pass(k, RF_ENROL_RETRY_MS);
    assert_int_equal(k->enrol.n, 4);
    assert_int_equal(k->station.stopped, 0);
    kit_off(k);
}

static void a_reset_ends_it_and_the_keys_are_looked_at_anew(void **state)
{
    struct kit *k = *state;
    run(k);
    update_begins(k, &typed);
    kit_reset(k, RF_SCCP_RESET_APPLY_CONFIG);
    kit_until_registering(k);
    assert_false(k->enrol.is_running);
    assert_true(kit_saw(k, "fetch file=" CTL));
    kit_registered(k);
    kit_off(k);
}

/* The new pair is there while the phone leaves: a boot reads it anyway, and stays one. */
static void an_enrolment_that_ends_in_a_reset_leaves_it_a_reset(void **state)
{
    struct kit *k = *state;
    run(k);
    update_begins(k, &typed);
    kit_reset(k, RF_SCCP_RESET_RESET);
    kit_enrol_ends(k);
    kit_until_registering(k);
    assert_true(kit_saw(k, "boots=2"));
    assert_true(rf_cert_eq(k->station.conf.id->cert, ids.lsc.cert));
    kit_registered(k);
    kit_off(k);
    /* The twin: on a restart its keys are read on the way. */
    run(k);
    update_begins(k, &typed);
    kit_reset(k, RF_SCCP_RESET_RESTART);
    kit_enrol_ends(k);
    kit_until_registering(k);
    assert_false(kit_saw(k, "boots=2"));
    assert_true(rf_cert_eq(k->station.conf.id->cert, ids.lsc.cert));
    kit_off(k);
}

static void serve_stub(struct kit *k, size_t capf_n)
{
    RF_AUTO(rf_phonexml_freep) struct rf_phonexml *c = kit_config();
    c->is_full = false;
    c->is_encrypted = true;
    c->capf_n = capf_n;
    c->capf_auth_mode = capf_n > 0 ? RF_PHONEXML_CAPF_STRING : RF_PHONEXML_CAPF_NONE;
    kit_serve_config(k, c);
}

/* A stub tells where to enrol, and a phone without anything else waits for its user. */
static void sec_73_a_phone_with_a_stub_alone_takes_the_string(void **state)
{
    struct kit *k = *state;
    RF_AUTO(rf_phonexml_freep) struct rf_phonexml *c = kit_config();
    serve_stub(k, 1);
    kit_boot(k);
    kit_until(k, "not-registering code=config-stub");
    assert_true(kit_saw(k, "type the string with `lsc update`"));
    kit_until(k, "wait wait_ms=");
    assert_int_equal(look(k).capf_mode, RF_PHONEXML_CAPF_STRING);
    assert_string_equal(update_code(k, &typed), "settings-locked");
    update_begins(k, &typed);
    assert_int_equal(k->enrol.conf.mode, RF_ENROL_BY_STRING);
    assert_true(rf_secret_eq(&typed, rf_secret_slice(&k->enrol.string)));
    kit_serve_config(k, c); /* what the server has for it from now on */
    kit_enrol_ends(k);
    kit_until_registering(k);
    assert_true(rf_cert_eq(k->station.conf.id->cert, ids.lsc.cert));
    kit_registered(k);
    kit_off(k);
}

static void a_stub_without_a_capf_server_leaves_nothing_to_type(void **state)
{
    struct kit *k = *state;
    serve_stub(k, 0);
    kit_boot(k);
    kit_until(k, "not-registering code=config-stub");
    kit_until(k, "wait wait_ms=");
    unlocks(k);
    assert_string_equal(update_code(k, &typed), "enrol-no-server");
    assert_int_equal(k->enrol.n, 0);
    kit_off(k);
}

/* Beside a full configuration such a stub changes nothing of where to enrol. */
static void a_stub_without_a_capf_server_leaves_that_of_the_configuration(void **state)
{
    struct kit *k = *state;
    run(k);
    kit_off(k);
    serve_stub(k, 0);
    kit_boot(k);
    kit_until_registering(k);
    kit_registered(k);
    update_begins(k, &typed);
    assert_string_equal(k->enrol.host, "192.0.2.6");
    kit_off(k);
}

static void stopping_ends_it(void **state)
{
    struct kit *k = *state;
    run(k);
    update_begins(k, &typed);
    kit_off(k);
}

/* An enrolment that the configuration orders, and a key that takes its time. */
static void a_key_that_takes_long_at_the_boot_is_made_beside_the_work(void **state)
{
    struct kit *k = *state;
    RF_AUTO(rf_phonexml_freep) struct rf_phonexml *c = kit_config();
    c->capf_auth_mode = RF_PHONEXML_CAPF_MIC_FIRST;
    kit_serve_config(k, c);
    k->enrol.is_held = true;
    k->enrol.will_be =
        (struct rf_enrol_result){.outcome = RF_ENROL_INSTALLED, .is_confirmed = true, .reason = 1};
    kit_boot(k);
    kit_until(k, "enrol-step step=key-asked");
    kit_pass(k, RF_PHONE_BESIDE_MS - 1);
    assert_false(k->station.is_there);
    kit_pass(k, 1);
    kit_until_registering(k);
    assert_true(rf_cert_eq(k->station.conf.id->cert, ids.mic.cert));
    kit_registered(k);
    kit_pass(k, 30u * 60u * 1000u);
    kit_enrol_ends(k);
    kit_until_registering(k);
    assert_true(rf_cert_eq(k->station.conf.id->cert, ids.lsc.cert));
    assert_int_equal(k->enrol.n, 1);
    kit_registered(k);
    kit_off(k);
}

static void a_key_that_is_there_soon_is_waited_for(void **state)
{
    struct kit *k = *state;
    RF_AUTO(rf_phonexml_freep) struct rf_phonexml *c = kit_config();
    c->capf_auth_mode = RF_PHONEXML_CAPF_MIC_FIRST;
    kit_serve_config(k, c);
    k->enrol.is_held = true;
    k->enrol.will_be =
        (struct rf_enrol_result){.outcome = RF_ENROL_INSTALLED, .is_confirmed = true, .reason = 1};
    kit_boot(k);
    kit_until(k, "enrol-step step=key-asked");
    kit_enrol_ends(k);
    kit_until_registering(k);
    assert_int_equal(k->station.n, 1);
    assert_true(rf_cert_eq(k->station.conf.id->cert, ids.lsc.cert));
    kit_pass(k, RF_PHONE_BESIDE_MS);
    kit_registered(k);
    kit_off(k);
}

static void restart_boots_anew(void **state)
{
    struct kit *k = *state;
    run(k);
    assert_err(rf_phone_restart(k->phone, NULL), RF_OK);
    kit_until_registering(k);
    assert_true(kit_saw(k, "boots=2"));
    struct rf_why why = {0};
    kit_registered(k);
    assert_err(rf_phone_restart(k->phone, NULL), RF_OK);
    assert_err(rf_phone_restart(k->phone, &why), RF_ERR_DENIED); /* it is on its way */
    assert_string_equal(why.code, "not-now");
    kit_off(k);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
#define TEST(name) cmocka_unit_test_setup_teardown(name, kit_up, kit_down)
        TEST(sec_28_nothing_is_erased_while_it_is_locked),
        TEST(sec_28_unlocked_the_lists_go_and_the_next_are_taken_on_first_trust),
        TEST(in_a_call_nothing_is_erased),
        TEST(the_configuration_says_who_gets_in),
        TEST(settings_are_closed_by_a_configuration_that_comes_while_they_are_open),
        TEST(a_password_takes_the_place_of_the_keys),
        TEST(the_settings_lock_when_nothing_is_done_in_them),
        TEST(sec_53_a_typed_string_gets_an_lsc_while_the_phone_works_on),
        TEST(without_a_string_it_goes_by_certificate),
        TEST(abort_leaves_all_as_it_was),
        TEST(sec_62_a_lost_link_is_tried_again_beside_the_work),
        TEST(a_reset_ends_it_and_the_keys_are_looked_at_anew),
        TEST(an_enrolment_that_ends_in_a_reset_leaves_it_a_reset),
        TEST(sec_73_a_phone_with_a_stub_alone_takes_the_string),
        TEST(a_stub_without_a_capf_server_leaves_nothing_to_type),
        TEST(a_stub_without_a_capf_server_leaves_that_of_the_configuration),
        TEST(stopping_ends_it),
        TEST(a_key_that_takes_long_at_the_boot_is_made_beside_the_work),
        TEST(a_key_that_is_there_soon_is_waited_for),
        TEST(restart_boots_anew),
#undef TEST
    };
    return cmocka_run_group_tests(tests, kit_ids_up, kit_ids_down);
}
