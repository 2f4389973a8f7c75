/* SPDX-License-Identifier: Apache-2.0 */
/* Private keys at rest under a device secret. */
#include "phone_kit.h"

#include "service/phone/security.h"
#include "service/phone/settings.h"

#include <stdlib.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

static const struct rf_secret secret = {.bytes = "correct horse", .len = 13};
static const struct rf_secret other = {.bytes = "battery staple", .len = 14};
static const struct rf_secret brief = {.bytes = "1234567", .len = 7};

#define MIC     "mic.pem"
#define LSC     "lsc.pem"
#define PENDING "lsc-pending.pem"

static bool lies_in_the_clear(const struct kit *k, const char *name)
{
    RF_AUTO(rf_buf_fini) struct rf_buf file = kit_flash_file(k, name);
    struct rf_slice s = rf_buf_slice(&file);
    bool is_clear = rf_slice_find(s, rf_slice_str("BEGIN PRIVATE KEY")) != SIZE_MAX;
    bool is_sealed = rf_slice_find(s, rf_slice_str("BEGIN ENCRYPTED PRIVATE KEY")) != SIZE_MAX;
    RF_AUTO(rf_freep) char *path = rf_path_join(k->flash_dir, name);
    struct stat st;
    assert_int_equal(stat(path, &st), 0);
    assert_int_equal(st.st_mode & 0777, 0600);
    assert_int_equal(is_clear, !is_sealed);
    return is_clear;
}

/* A phone with all three keys. */
static void has_keys(struct kit *k)
{
    RF_AUTO(rf_flash_freep) struct rf_flash *flash = NULL;
    assert_err(rf_flash_open(k->flash_dir, &flash, NULL), RF_OK);
    assert_err(rf_flash_lsc_store(flash, ids.lsc.key, ids.lsc.cert, NULL, NULL), RF_OK);
    assert_err(rf_flash_pending_store(flash, ids.ccm.key, NULL), RF_OK);
}

static void boots_with(struct kit *k, const struct rf_secret *with)
{
    k->conf.device_secret = with;
    kit_boot(k);
    kit_until_registering(k);
    assert_true(rf_cert_eq(k->station.conf.id->cert, ids.lsc.cert));
    kit_registered(k);
    kit_off(k);
}

/* It says why, and changes nothing. */
static void halts_with(struct kit *k, const struct rf_secret *with, const char *code)
{
    char before[65], after[65], line[64];
    kit_flash_hash(k, before);
    k->conf.device_secret = with;
    kit_boot(k);
    snprintf(line, sizeof line, "halted code=%s", code);
    kit_until(k, line);
    assert_false(k->station.is_there);
    kit_off(k);
    kit_flash_hash(k, after);
    assert_string_equal(before, after);
}

static void keys_are_encrypted_and_come_back(void **state)
{
    struct kit *k = *state;
    has_keys(k);
    boots_with(k, NULL); /* a folder as it always was */
    halts_with(k, &secret, "device-secret-unused");
    assert_err(rf_settings_protect(k->flash_dir, &secret, TEST_NOW, NULL), RF_OK);
    assert_false(lies_in_the_clear(k, MIC));
    assert_false(lies_in_the_clear(k, LSC));
    assert_true(kit_has_status(k, "Private keys encrypted"));
    halts_with(k, NULL, "device-secret");
    halts_with(k, &other, "device-secret-wrong");
    boots_with(k, &secret);
    assert_err(rf_settings_unprotect(k->flash_dir, &secret, TEST_NOW, NULL), RF_OK);
    assert_true(lies_in_the_clear(k, MIC));
    assert_true(lies_in_the_clear(k, LSC));
    boots_with(k, NULL);
}

static void what_is_not_the_secret_changes_nothing(void **state)
{
    struct kit *k = *state;
    char before[65], after[65];
    struct rf_why why = {0};
    has_keys(k);
    assert_refused(rf_settings_protect(k->flash_dir, &brief, TEST_NOW, &why), RF_ERR_BAD, why,
                   "device-secret-short");
    why = (struct rf_why){0};
    assert_refused(rf_settings_unprotect(k->flash_dir, &secret, TEST_NOW, &why), RF_ERR_DENIED, why,
                   "device-secret-unused");
    assert_true(lies_in_the_clear(k, MIC));
    assert_err(rf_settings_protect(k->flash_dir, &secret, TEST_NOW, NULL), RF_OK);
    kit_flash_hash(k, before);
    why = (struct rf_why){0};
    assert_refused(rf_settings_protect(k->flash_dir, &other, TEST_NOW, &why), RF_ERR_DENIED, why,
                   "device-secret-wrong");
    why = (struct rf_why){0};
    assert_refused(rf_settings_unprotect(k->flash_dir, &other, TEST_NOW, &why), RF_ERR_DENIED, why,
                   "device-secret-wrong");
    kit_flash_hash(k, after);
    assert_string_equal(before, after);
}

/* A new key and a new certificate are written as the others are. */
static void an_enrolment_writes_under_the_secret(void **state)
{
    struct kit *k = *state;
    RF_AUTO(rf_phonexml_freep) struct rf_phonexml *c = kit_config();
    c->capf_auth_mode = RF_PHONEXML_CAPF_MIC_FIRST;
    kit_serve_config(k, c);
    k->enrol.will_be =
        (struct rf_enrol_result){.outcome = RF_ENROL_INSTALLED, .is_confirmed = true, .reason = 1};
    assert_err(rf_settings_protect(k->flash_dir, &secret, TEST_NOW, NULL), RF_OK);
    boots_with(k, &secret);
    assert_int_equal(k->enrol.n, 1);
    assert_false(lies_in_the_clear(k, LSC));
}

/* Killed in the middle of the change: the folder asks for the secret, and with it all is there. */
static void killed_at(struct kit *k, const char *point, bool is_protecting)
{
    int status = 0;
    pid_t child = fork();
    assert_true(child >= 0);
    if (child == 0) {
        setenv("RINGFENCE_CRASH_AT", point, 1);
        (void)!(is_protecting ? rf_settings_protect(k->flash_dir, &secret, TEST_NOW, NULL)
                              : rf_settings_unprotect(k->flash_dir, &secret, TEST_NOW, NULL));
        _exit(0);
    }
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_true(WIFSIGNALED(status));
}

static void a_power_cut_in_the_middle_loses_nothing(void **state)
{
    static const char *const points[] = {"flash.protect-begun", "flash.protect-half"};
    struct kit *k = *state;
    for (size_t i = 0; i < 2; i++) {
        has_keys(k);
        killed_at(k, points[i], true);
        assert_false(lies_in_the_clear(k, MIC)); /* the first */
        halts_with(k, NULL, "device-secret");
        assert_err(rf_settings_protect(k->flash_dir, &secret, TEST_NOW, NULL), RF_OK);
        assert_false(lies_in_the_clear(k, LSC));
        killed_at(k, points[i], false);
        assert_false(lies_in_the_clear(k, MIC)); /* the last */
        halts_with(k, NULL, "device-secret");
        assert_err(rf_settings_unprotect(k->flash_dir, &secret, TEST_NOW, NULL), RF_OK);
        assert_true(lies_in_the_clear(k, MIC));
        assert_true(lies_in_the_clear(k, LSC));
    }
    boots_with(k, NULL);
}

static void the_key_that_waits_is_encrypted_too(void **state)
{
    struct kit *k = *state;
    RF_AUTO(rf_flash_freep) struct rf_flash *flash = NULL;
    RF_AUTO(rf_key_freep) struct rf_key *key = NULL;
    struct rf_why why = {0};
    has_keys(k);
    assert_err(rf_settings_protect(k->flash_dir, &secret, TEST_NOW, NULL), RF_OK);
    assert_false(lies_in_the_clear(k, PENDING));
    assert_err(rf_flash_open(k->flash_dir, &flash, NULL), RF_OK);
    assert_refused(rf_flash_pending_load(flash, &key, &why), RF_ERR_DENIED, why, "device-secret");
    assert_err(rf_flash_use_secret(flash, &secret, NULL), RF_OK);
    assert_err(rf_flash_pending_load(flash, &key, NULL), RF_OK);
    assert_true(rf_key_matches(key, ids.ccm.cert));
}

static void the_security_page_shows_certificates_without_the_secret(void **state)
{
    struct kit *k = *state;
    has_keys(k);
    assert_err(rf_settings_protect(k->flash_dir, &secret, TEST_NOW, NULL), RF_OK);
    for (int i = 0; i < 2; i++) {
        RF_AUTO(rf_security_freep) struct rf_security *page = NULL;
        assert_err(rf_security_read(k->flash_dir, i == 0 ? NULL : &secret, &page, NULL), RF_OK);
        assert_true(page->is_protected);
        assert_true(rf_cert_eq(page->mic, ids.mic.cert));
        assert_true(rf_cert_eq(page->lsc, ids.lsc.cert));
        assert_string_equal(page->mic_why.code, i == 0 ? "device-secret" : "");
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
#define TEST(name) cmocka_unit_test_setup_teardown(name, kit_up, kit_down)
        TEST(keys_are_encrypted_and_come_back),
        TEST(what_is_not_the_secret_changes_nothing),
        TEST(an_enrolment_writes_under_the_secret),
        TEST(a_power_cut_in_the_middle_loses_nothing),
        TEST(the_key_that_waits_is_encrypted_too),
        TEST(the_security_page_shows_certificates_without_the_secret),
#undef TEST
    };
    return cmocka_run_group_tests(tests, kit_ids_up, kit_ids_down);
}
