/* SPDX-License-Identifier: Apache-2.0 */
/* The security page: what it shows of a fresh phone, of one in service, and of damaged things. */
#include "phone_kit.h"

#include "service/phone/security.h"

#include <sys/stat.h>

static struct rf_json *page_of(const struct kit *k)
{
    RF_AUTO(rf_security_freep) struct rf_security *page = NULL;
    RF_AUTO(rf_buf_fini) struct rf_buf text = RF_BUF(1 << 16);
    assert_err(rf_security_read(k->flash_dir, NULL, &page, NULL), RF_OK);
    assert_err(rf_security_text(page, &text), RF_OK);
    assert_true(text.len > 200);
    return rf_security_json(page);
}

static bool flag(const struct rf_json *j, const char *key)
{
    bool value = false;
    assert_true(rf_json_bool(j, key, &value));
    return value;
}

static const struct rf_json *list(const struct rf_json *page, size_t i)
{
    return rf_json_at(rf_json_get(page, "lists"), i);
}

static const struct rf_json *slot(const struct rf_json *page, size_t i)
{
    return rf_json_at(rf_json_get(page, "image"), i);
}

static void settle(struct kit *k)
{
    kit_boot(k);
    kit_until_registering(k);
    kit_registered(k);
    kit_off(k);
}

static void a_fresh_phone_has_its_mic_and_its_firmware(void **state)
{
    struct kit *k = *state;
    RF_AUTO(rf_json_freep) struct rf_json *page = page_of(k);
    assert_string_equal(rf_json_str(page, "device"), DEVICE);
    assert_string_equal(rf_json_str(page, "security_mode"), "Not known");
    assert_string_equal(rf_json_str(slot(page, 0), "load"), "rf-1");
    assert_string_equal(rf_json_str(slot(page, 0), "version"), "1.0");
    assert_string_equal(rf_json_str(slot(page, 0), "signer"), rf_cert_fingerprint(ids.image.cert));
    assert_true(flag(slot(page, 0), "active"));
    assert_true(flag(slot(page, 0), "verified"));
    assert_false(flag(slot(page, 1), "verified"));
    assert_false(flag(list(page, 0), "installed"));
    assert_string_equal(rf_json_str(rf_json_get(page, "mic"), "fingerprint"),
                        rf_cert_fingerprint(ids.mic.cert));
    assert_false(flag(rf_json_get(page, "lsc"), "installed"));
    assert_null(rf_json_str(rf_json_get(page, "lsc"), "code"));
    assert_false(flag(rf_json_get(page, "config"), "stored"));
    assert_int_equal(rf_json_len(rf_json_get(page, "servers")), 0);
}

static void a_phone_in_service_shows_lists_servers_and_mode(void **state)
{
    struct kit *k = *state;
    settle(k);
    RF_AUTO(rf_json_freep) struct rf_json *page = page_of(k);
    assert_string_equal(rf_json_str(page, "security_mode"), "Encrypted");
    assert_true(flag(list(page, RF_LIST_CTL), "verified"));
    const struct rf_json *entries = rf_json_get(list(page, RF_LIST_CTL), "entries");
    assert_int_equal(rf_json_len(entries), 5);
    assert_string_equal(rf_json_str(rf_json_at(entries, 0), "role"), "SAST");
    assert_string_equal(rf_json_str(rf_json_at(entries, 2), "role"), "CCM");
    assert_string_equal(rf_json_str(rf_json_at(entries, 2), "fingerprint"),
                        rf_cert_fingerprint(ids.ccm.cert));
    assert_string_equal(rf_json_str(list(page, RF_LIST_CTL), "signer_fingerprint"),
                        rf_cert_fingerprint(ids.sast.cert));
    /* Three servers in each of the two lists; SASTs are none. */
    assert_int_equal(rf_json_len(rf_json_get(page, "servers")), 6);
    const struct rf_json *config = rf_json_get(page, "config");
    assert_true(flag(config, "stored"));
    assert_string_equal(rf_json_at_str(rf_json_get(config, "call_managers"), 0), "192.0.2.5");
}

static void an_lsc_is_shown_and_a_key_that_waits(void **state)
{
    struct kit *k = *state;
    RF_AUTO(rf_flash_freep) struct rf_flash *flash = NULL;
    assert_err(rf_flash_open(k->flash_dir, &flash, NULL), RF_OK);
    assert_err(rf_flash_lsc_store(flash, ids.lsc.key, ids.lsc.cert, NULL, NULL), RF_OK);
    assert_err(rf_flash_pending_store(flash, ids.lsc.key, NULL), RF_OK);
    RF_AUTO(rf_json_freep) struct rf_json *page = page_of(k);
    const struct rf_json *lsc = rf_json_get(page, "lsc");
    assert_string_equal(rf_json_str(lsc, "fingerprint"), rf_cert_fingerprint(ids.lsc.cert));
    assert_true(flag(lsc, "pending"));
}

static void what_is_damaged_is_shown_with_its_reason(void **state)
{
    struct kit *k = *state;
    settle(k);
    static const char *const names[] = {"CTLFile.tlv", "slot.a/rfapp.rf-1.sbn",
                                        "config.cnf.xml.sgn"};
    for (size_t i = 0; i < 3; i++) {
        RF_AUTO(rf_buf_fini) struct rf_buf bytes = kit_flash_file(k, names[i]);
        bytes.p[bytes.len - 10] ^= 1;
        kit_flash_put(k, names[i], rf_buf_slice(&bytes));
    }
    kit_flash_put(k, "lsc.pem", rf_slice_str("rubbish"));
    RF_AUTO(rf_json_freep) struct rf_json *page = page_of(k);
    assert_true(flag(list(page, RF_LIST_CTL), "installed"));
    assert_false(flag(list(page, RF_LIST_CTL), "verified"));
    assert_non_null(rf_json_str(list(page, RF_LIST_CTL), "code"));
    assert_true(flag(list(page, RF_LIST_ITL), "verified"));
    assert_string_equal(rf_json_str(slot(page, 0), "code"), "sig-mismatch");
    assert_false(flag(rf_json_get(page, "config"), "stored"));
    assert_string_equal(rf_json_str(rf_json_get(page, "config"), "code"), "sig-mismatch");
    assert_string_equal(rf_json_str(rf_json_get(page, "lsc"), "code"), "pem-no-key");
}

static void the_page_changes_nothing_and_shows_no_key(void **state)
{
    struct kit *k = *state;
    char before[65], after[65];
    settle(k);
    kit_flash_hash(k, before);
    RF_AUTO(rf_json_freep) struct rf_json *page = page_of(k);
    kit_flash_hash(k, after);
    assert_string_equal(before, after);
    RF_AUTO(rf_buf_fini) struct rf_buf text = RF_BUF(1 << 16);
    assert_err(rf_json_dump(page, 0, &text), RF_OK);
    assert_int_equal(rf_slice_find(rf_buf_slice(&text), rf_slice_str("PRIVATE")), SIZE_MAX);
    /* Where keys lie that others may read, there is no page but the reason. */
    RF_AUTO(rf_freep) char *mic = rf_path_join(k->flash_dir, "mic.pem");
    struct rf_security *none = NULL;
    struct rf_why why = {0};
    assert_int_equal(chmod(mic, 0644), 0);
    assert_refused(rf_security_read(k->flash_dir, NULL, &none, &why), RF_ERR_DENIED, why,
                   "key-mode");
    assert_int_equal(chmod(mic, 0600), 0);
}

/* Erased by the user: the next lists are taken on first trust, the mode stays. */
static void erased_lists_are_gone_and_the_mode_stays(void **state)
{
    struct kit *k = *state;
    settle(k);
    RF_AUTO(rf_flash_freep) struct rf_flash *flash = NULL;
    assert_err(rf_flash_open(k->flash_dir, &flash, NULL), RF_OK);
    assert_err(rf_flash_lists_erase(flash, NULL), RF_OK);
    RF_AUTO(rf_json_freep) struct rf_json *page = page_of(k);
    assert_false(flag(list(page, RF_LIST_CTL), "installed"));
    assert_string_equal(rf_json_str(page, "security_mode"), "Encrypted");
    kit_serve(k, CTL, kit_list(RF_LIST_CTL, &ids.stranger, TEST_NOW - 10));
    kit_boot(k);
    kit_until(k, "list list=CTL file=" CTL " action=first-trust");
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, kit_up, kit_down)
    const struct CMUnitTest tests[] = {
        TEST(a_fresh_phone_has_its_mic_and_its_firmware),
        TEST(a_phone_in_service_shows_lists_servers_and_mode),
        TEST(an_lsc_is_shown_and_a_key_that_waits),
        TEST(what_is_damaged_is_shown_with_its_reason),
        TEST(the_page_changes_nothing_and_shows_no_key),
        TEST(erased_lists_are_gone_and_the_mode_stays),
    };
    return cmocka_run_group_tests(tests, kit_ids_up, kit_ids_down);
}
