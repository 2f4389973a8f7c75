/* SPDX-License-Identifier: Apache-2.0 */
/* What a user may change in a phone, and that it is locked before. */
#include "phone_kit.h"

#include "service/phone/settings.h"

static void settle(struct kit *k)
{
    kit_boot(k);
    kit_until_registering(k);
    kit_registered(k);
    kit_off(k);
}

static struct rf_flash_options stored(const struct kit *k)
{
    RF_AUTO(rf_flash_freep) struct rf_flash *flash = NULL;
    struct rf_flash_options options;
    assert_err(rf_flash_open(k->flash_dir, &flash, NULL), RF_OK);
    assert_err(rf_flash_options_read(flash, &options, NULL), RF_OK);
    return options;
}

static bool has_lists(const struct kit *k)
{
    RF_AUTO(rf_freep) char *ctl = rf_path_join(k->flash_dir, "CTLFile.tlv");
    RF_AUTO(rf_freep) char *itl = rf_path_join(k->flash_dir, "ITLFile.tlv");
    assert_int_equal(rf_file_exists(ctl), rf_file_exists(itl));
    return rf_file_exists(ctl);
}

static void sec_28_erasing_lists_and_changing_the_server_need_an_unlocked_phone(void **state)
{
    struct kit *k = *state;
    const struct rf_settings_change change = {.tftp = "192.0.2.9:69"};
    struct rf_why why = {0};
    char before[65], after[65];
    settle(k);
    kit_flash_hash(k, before);
    assert_refused(rf_settings_erase(k->flash_dir, TEST_NOW, &why), RF_ERR_DENIED, why,
                   "settings-locked");
    why = (struct rf_why){0};
    assert_refused(rf_settings_change(k->flash_dir, &change, TEST_NOW, &why), RF_ERR_DENIED, why,
                   "settings-locked");
    kit_flash_hash(k, after);
    assert_string_equal(before, after);
    assert_true(has_lists(k));
    assert_false(kit_has_status(k, "Erasing CTL and ITL files"));
    /* Unlocked: possible, and to be read in the messages. */
    assert_err(rf_settings_unlock(k->flash_dir, TEST_NOW, NULL), RF_OK);
    assert_true(kit_has_status(k, "Settings unlocked"));
    assert_err(rf_settings_erase(k->flash_dir, TEST_NOW + 1, NULL), RF_OK);
    assert_true(kit_has_status(k, "Erasing CTL and ITL files"));
    assert_false(has_lists(k));
    /* That left the menu: locked again. */
    why = (struct rf_why){0};
    assert_refused(rf_settings_erase(k->flash_dir, TEST_NOW + 2, &why), RF_ERR_DENIED, why,
                   "settings-locked");
}

static void sec_28_another_server_forgets_the_lists_of_the_old_one(void **state)
{
    struct kit *k = *state;
    const struct rf_settings_change change = {.tftp = "192.0.2.9:69"}, away = {.tftp = ""};
    settle(k);
    assert_err(rf_settings_unlock(k->flash_dir, TEST_NOW, NULL), RF_OK);
    assert_err(rf_settings_change(k->flash_dir, &change, TEST_NOW, NULL), RF_OK);
    assert_string_equal(stored(k).tftp, "192.0.2.9:69");
    assert_false(has_lists(k));
    assert_true(kit_has_status(k, "Settings changed"));
    assert_true(kit_has_status(k, "Erasing CTL and ITL files"));
    /* The same again changes nothing; taking it away does. */
    settle(k);
    assert_err(rf_settings_unlock(k->flash_dir, TEST_NOW, NULL), RF_OK);
    assert_err(rf_settings_change(k->flash_dir, &change, TEST_NOW, NULL), RF_OK);
    assert_true(has_lists(k));
    assert_err(rf_settings_change(k->flash_dir, &away, TEST_NOW, NULL), RF_OK);
    assert_string_equal(stored(k).tftp, "");
    assert_false(has_lists(k));
}

static void sec_28_it_locks_by_itself(void **state)
{
    struct kit *k = *state;
    struct rf_why why = {0};
    settle(k);
    /* After a time, and when the clock was turned back to before. */
    static const int64_t moments[] = {TEST_NOW + RF_FLASH_UNLOCKED_S, TEST_NOW - 1};
    for (size_t i = 0; i < 2; i++) {
        assert_err(rf_settings_unlock(k->flash_dir, TEST_NOW, NULL), RF_OK);
        why = (struct rf_why){0};
        assert_refused(rf_settings_erase(k->flash_dir, moments[i], &why), RF_ERR_DENIED, why,
                       "settings-locked");
    }
    /* By hand, and when the phone boots. */
    assert_err(rf_settings_unlock(k->flash_dir, TEST_NOW, NULL), RF_OK);
    assert_err(rf_settings_lock(k->flash_dir, TEST_NOW, NULL), RF_OK);
    assert_true(kit_has_status(k, "Settings locked"));
    why = (struct rf_why){0};
    assert_refused(rf_settings_erase(k->flash_dir, TEST_NOW, &why), RF_ERR_DENIED, why,
                   "settings-locked");
    assert_err(rf_settings_unlock(k->flash_dir, TEST_NOW, NULL), RF_OK);
    settle(k);
    why = (struct rf_why){0};
    assert_refused(rf_settings_erase(k->flash_dir, TEST_NOW, &why), RF_ERR_DENIED, why,
                   "settings-locked");
    assert_true(has_lists(k));
}

static void a_running_phone_is_not_changed_from_beside(void **state)
{
    struct kit *k = *state;
    struct rf_why why = {0};
    settle(k);
    assert_err(rf_settings_unlock(k->flash_dir, TEST_NOW, NULL), RF_OK);
    kit_boot(k);
    kit_until_registering(k);
    assert_refused(rf_settings_unlock(k->flash_dir, TEST_NOW, &why), RF_ERR_AGAIN, why,
                   "flash-busy");
}

static void options_come_back_and_damaged_ones_stop_the_phone(void **state)
{
    struct kit *k = *state;
    enum rf_rollback reject = RF_ROLLBACK_REJECT;
    bool yes = true;
    const struct rf_settings_change change = {
        .min_load_version = "1.0", .file_rollback = &reject, .sha512_sticks = &yes};
    struct rf_flash_options o = stored(k);
    assert_int_equal(o.file_rollback, RF_ROLLBACK_WARN);
    assert_false(o.sha512_sticks);
    assert_err(rf_settings_unlock(k->flash_dir, TEST_NOW, NULL), RF_OK);
    assert_err(rf_settings_change(k->flash_dir, &change, TEST_NOW, NULL), RF_OK);
    o = stored(k);
    assert_string_equal(o.min_load_version, "1.0");
    assert_int_equal(o.file_rollback, RF_ROLLBACK_REJECT);
    assert_true(o.sha512_sticks);
    settle(k);
    /* A floor that cannot be read is not "no floor". */
    kit_flash_put(k, "options.json", rf_slice_str("{\"min_load_version\":\"1.0\"}"));
    kit_boot(k);
    kit_until(k, "halted code=flash-options");
}

static void sec_10a_the_knob_that_the_phone_keeps_refuses_an_older_file(void **state)
{
    struct kit *k = *state;
    enum rf_rollback reject = RF_ROLLBACK_REJECT;
    const struct rf_settings_change change = {.file_rollback = &reject};
    RF_AUTO(rf_phonexml_freep) struct rf_phonexml *c = kit_config();
    settle(k);
    assert_err(rf_settings_unlock(k->flash_dir, TEST_NOW, NULL), RF_OK);
    assert_err(rf_settings_change(k->flash_dir, &change, TEST_NOW, NULL), RF_OK);
    kit_serve(k, CONFIG, kit_signed(c, CONFIG, &ids.tftp, RF_DIGEST_SHA512, TEST_NOW - 5000));
    kit_serve(k, ITL, kit_list(RF_LIST_ITL, &ids.sast, TEST_NOW - 5000));
    kit_boot(k);
    kit_until(k, "list-refused list=ITL file=" ITL " code=time-rollback");
    kit_until(k, "config-refused file=" CONFIG " code=time-rollback");
    kit_until_registering(k);
    kit_off(k);
    /* For one run the command line says otherwise. */
    k->conf.has_file_rollback = true;
    k->conf.file_rollback = RF_ROLLBACK_WARN;
    kit_boot(k);
    kit_until_registering(k);
    assert_true(kit_saw(k, "older=1"));
    assert_false(kit_saw(k, "refused"));
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, kit_up, kit_down)
    const struct CMUnitTest tests[] = {
        TEST(sec_28_erasing_lists_and_changing_the_server_need_an_unlocked_phone),
        TEST(sec_28_another_server_forgets_the_lists_of_the_old_one),
        TEST(sec_28_it_locks_by_itself),
        TEST(a_running_phone_is_not_changed_from_beside),
        TEST(options_come_back_and_damaged_ones_stop_the_phone),
        TEST(sec_10a_the_knob_that_the_phone_keeps_refuses_an_older_file),
    };
    return cmocka_run_group_tests(tests, kit_ids_up, kit_ids_down);
}
