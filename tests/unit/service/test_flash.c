/* SPDX-License-Identifier: Apache-2.0 */
/* The flash of a software phone: what is private stays private, what is replaced is replaced whole,
 * and the slot that runs is never written. */
#include "unit.h"

#include "base/file.h"
#include "service/phone/flash.h"
#include "trust/issue.h"

#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#define NOW 1796083200 /* 2026-12-01 */

struct place {
    char dir[64];
    struct rf_flash *flash;
};

static void put(struct place *p, const char *name, const char *text, unsigned mode)
{
    RF_AUTO(rf_freep) char *path = rf_path_join(p->dir, name);
    assert_err(rf_file_replace(path, rf_slice_str(text), mode, NULL), RF_OK);
}

static bool has(struct place *p, const char *name)
{
    RF_AUTO(rf_freep) char *path = rf_path_join(p->dir, name);
    return rf_file_exists(path);
}

static const char identity_text[] = "{\"device\":\"SEP001122334455\",\"model\":\"8861\","
                                    "\"serial_number\":\"RF1\",\"hardware\":\"rf-soft-1\"}";

static int set_up(void **state)
{
    struct place *p = rf_new(struct place);
    test_tmp(p->dir, sizeof p->dir, "flash");
    assert_non_null(mkdtemp(p->dir));
    put(p, "identity.json", identity_text, 0644);
    put(p, "boot.json", "{\"active\":\"a\",\"a\":\"rf-1.loads\",\"b\":\"\"}", 0644);
    assert_err(rf_flash_open(p->dir, &p->flash, NULL), RF_OK);
    *state = p;
    return 0;
}

static int tear_down(void **state)
{
    struct place *p = *state;
    static const char *const slots[] = {"slot.a", "slot.b"};
    for (size_t i = 0; i < 2; i++) {
        RF_AUTO(rf_freep) char *path = rf_path_join(p->dir, slots[i]);
        if (rf_file_exists(path)) {
            assert_err(rf_dir_empty(path, NULL), RF_OK);
            assert_int_equal(rmdir(path), 0);
        }
    }
    assert_err(rf_dir_empty(p->dir, NULL), RF_OK);
    assert_int_equal(rmdir(p->dir), 0);
    rf_flash_free(p->flash);
    rf_free(p);
    return 0;
}

static void a_phone_says_who_it_is(void **state)
{
    struct place *p = *state;
    assert_string_equal(p->flash->identity.device, "SEP001122334455");
    assert_string_equal(p->flash->identity.model, "8861");
    assert_string_equal(p->flash->identity.hardware, "rf-soft-1");
    struct rf_flash *none = NULL;
    struct rf_why why = {0};
    assert_refused(rf_flash_open("/nonexistent", &none, &why), RF_ERR_NOT_FOUND, why, "no-flash");
    static const char *const bad[] = {
        "{\"device\":\"SEP00112233445\",\"model\":\"8861\",\"serial_number\":\"1\","
        "\"hardware\":\"h\"}",
        "{\"device\":\"SEP001122334455\",\"model\":\"88/61\",\"serial_number\":\"1\","
        "\"hardware\":\"h\"}",
        "{\"device\":\"SEP001122334455\",\"model\":\"8861\",\"serial_number\":\"1\"}",
        "{\"device\":\"SEP001122334455\",\"model\":\"8861\",\"serial_number\":\"1\","
        "\"hardware\":\"\"}",
        "SEP001122334455",
    };
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        why = (struct rf_why){0};
        put(p, "identity.json", bad[i], 0644);
        assert_refused(rf_flash_open(p->dir, &none, &why), RF_ERR_BAD, why, "flash-identity");
    }
}

static void keys_that_others_may_read_are_refused(void **state)
{
    struct place *p = *state;
    static const char *const names[] = {"mic.pem", "lsc.pem", "lsc-pending.pem"};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        struct rf_flash *flash = NULL;
        struct rf_why why = {0};
        put(p, names[i], "key", 0640);
        assert_refused(rf_flash_open(p->dir, &flash, &why), RF_ERR_DENIED, why, "key-mode");
        assert_non_null(strstr(why.text, names[i]));
        put(p, names[i], "key", 0600);
        assert_err(rf_flash_open(p->dir, &flash, NULL), RF_OK);
        rf_flash_free(flash);
    }
}

/* Power failed while a key was written: the half of it that nobody will read is removed. */
static void what_was_never_finished_is_swept(void **state)
{
    struct place *p = *state;
    put(p, "lsc.pem.new.Ab12Cd", "half a key", 0600);
    struct rf_flash *flash = NULL;
    /* Only by the phone itself: for others it may be a file that is being written. */
    assert_err(rf_flash_open(p->dir, &flash, NULL), RF_OK);
    assert_true(has(p, "lsc.pem.new.Ab12Cd"));
    assert_err(rf_flash_sweep(flash, NULL), RF_OK);
    rf_flash_free(flash);
    assert_false(has(p, "lsc.pem.new.Ab12Cd"));
    assert_true(has(p, "identity.json"));
}

static void one_at_a_time_holds_a_flash(void **state)
{
    struct place *p = *state;
    struct rf_flash *second = NULL;
    struct rf_why why = {0};
    assert_err(rf_flash_lock(p->flash, NULL), RF_OK);
    /* Who only looks is not kept away. */
    assert_err(rf_flash_open(p->dir, &second, NULL), RF_OK);
    assert_refused(rf_flash_lock(second, &why), RF_ERR_AGAIN, why, "flash-busy");
    assert_non_null(strstr(why.text, p->dir));
    rf_flash_free(p->flash);
    p->flash = NULL;
    assert_err(rf_flash_lock(second, NULL), RF_OK);
    rf_flash_free(second);
}

static void the_slot_that_runs_is_never_written(void **state)
{
    struct place *p = *state;
    struct rf_flash_boot boot = {0};
    assert_err(rf_flash_boot_read(p->flash, &boot, NULL), RF_OK);
    assert_int_equal(boot.active, RF_FLASH_A);
    assert_string_equal(boot.loads[RF_FLASH_A], "rf-1.loads");
    struct rf_slice bytes = rf_slice_str("component");
    struct rf_why why = {0};
    assert_refused(rf_flash_slot_write(p->flash, RF_FLASH_A, "x.sbn", bytes, &why), RF_ERR_DENIED,
                   why, "slot-active");
    why = (struct rf_why){0};
    assert_refused(rf_flash_slot_clear(p->flash, RF_FLASH_A, &why), RF_ERR_DENIED, why,
                   "slot-active");
    assert_false(has(p, "slot.a/x.sbn"));
    assert_err(rf_flash_slot_clear(p->flash, RF_FLASH_B, NULL), RF_OK);
    assert_err(rf_flash_slot_write(p->flash, RF_FLASH_B, "x.sbn", bytes, NULL), RF_OK);
    assert_true(has(p, "slot.b/x.sbn"));
    /* The switch: now B runs, and A may be written. */
    boot.active = RF_FLASH_B;
    snprintf(boot.loads[RF_FLASH_B], sizeof boot.loads[0], "rf-2.loads");
    assert_err(rf_flash_boot_write(p->flash, &boot, NULL), RF_OK);
    why = (struct rf_why){0};
    assert_refused(rf_flash_slot_clear(p->flash, RF_FLASH_B, &why), RF_ERR_DENIED, why,
                   "slot-active");
    assert_true(has(p, "slot.b/x.sbn"));
    assert_err(rf_flash_slot_clear(p->flash, RF_FLASH_A, NULL), RF_OK);
    assert_err(rf_flash_slot_write(p->flash, RF_FLASH_A, "x.sbn", bytes, NULL), RF_OK);
}

static void a_component_stays_in_its_slot(void **state)
{
    struct place *p = *state;
    static const char *const names[] = {"../boot.json", "a/b", ".hidden", ""};
    assert_err(rf_flash_slot_clear(p->flash, RF_FLASH_B, NULL), RF_OK);
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        struct rf_why why = {0};
        assert_refused(rf_flash_slot_write(p->flash, RF_FLASH_B, names[i], rf_slice_str("x"), &why),
                       RF_ERR_BAD, why, "flash-name");
    }
}

static void a_damaged_boot_note_is_refused(void **state)
{
    struct place *p = *state;
    static const char *const bad[] = {
        "{\"active\":\"c\",\"a\":\"rf-1.loads\",\"b\":\"\"}",
        "{\"active\":\"a\",\"a\":\"../rf-1.loads\",\"b\":\"\"}",
        "{\"active\":\"a\",\"a\":\"rf-1.loads\"}",
        "{\"active\":\"a\",",
    };
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        struct rf_flash_boot boot = {0};
        struct rf_why why = {0};
        put(p, "boot.json", bad[i], 0644);
        assert_refused(rf_flash_boot_read(p->flash, &boot, &why), RF_ERR_BAD, why, "flash-boot");
    }
}

static struct rf_key *new_key(void)
{
    struct rf_key *k = NULL;
    assert_err(rf_key_new_ec(RF_CURVE_P256, &k, NULL), RF_OK);
    return k;
}

static struct rf_cert *cert_of(struct rf_key *key)
{
    struct rf_cert *cert = NULL;
    RF_AUTO(rf_vault_freep) struct rf_vault_key *vault = rf_vault_key_from_key(key);
    struct rf_issue_self spec = {
        .role = RF_CERT_ROLE_CCM, .cn = "SEP001122334455", .now_s = NOW, .days = 100};
    assert_err(rf_issue_self_signed(&spec, vault, &cert, NULL), RF_OK);
    return cert;
}

static void an_lsc_replaces_key_and_certificate_as_one(void **state)
{
    struct place *p = *state;
    struct rf_flash_pair pair = {0};
    struct rf_why why = {0};
    assert_err(rf_flash_lsc_load(p->flash, &pair, &why), RF_ERR_NOT_FOUND);
    RF_AUTO(rf_key_freep) struct rf_key *first = new_key();
    RF_AUTO(rf_key_freep) struct rf_key *second = new_key();
    RF_AUTO(rf_cert_freep) struct rf_cert *first_cert = cert_of(first);
    RF_AUTO(rf_cert_freep) struct rf_cert *second_cert = cert_of(second);
    struct rf_cert_list chain = {.n = 1, .cert = {second_cert}};
    assert_err(rf_flash_pending_store(p->flash, first, NULL), RF_OK);
    assert_err(rf_flash_lsc_store(p->flash, first, first_cert, &chain, NULL), RF_OK);
    assert_false(has(p, "lsc-pending.pem"));
    struct stat st;
    RF_AUTO(rf_freep) char *path = rf_flash_path(p->flash, RF_FLASH_LSC);
    assert_int_equal(stat(path, &st), 0);
    assert_int_equal(st.st_mode & 07777, 0600);
    /* A certificate for another key: refused, and the pair that works stays. */
    assert_err(rf_flash_pending_store(p->flash, second, NULL), RF_OK);
    why = (struct rf_why){0};
    assert_refused(rf_flash_lsc_store(p->flash, second, first_cert, NULL, &why), RF_ERR_DENIED, why,
                   "key-cert-mismatch");
    assert_true(has(p, "lsc-pending.pem"));
    assert_err(rf_flash_lsc_load(p->flash, &pair, NULL), RF_OK);
    assert_true(rf_cert_eq(pair.cert, first_cert));
    assert_true(rf_key_matches(pair.key, first_cert));
    assert_int_equal(pair.chain.n, 1);
    rf_flash_pair_fini(&pair);
    assert_err(rf_flash_lsc_store(p->flash, second, second_cert, NULL, NULL), RF_OK);
    assert_err(rf_flash_lsc_load(p->flash, &pair, NULL), RF_OK);
    assert_true(rf_cert_eq(pair.cert, second_cert));
    assert_int_equal(pair.chain.n, 0);
    rf_flash_pair_fini(&pair);
    assert_err(rf_flash_lsc_remove(p->flash, NULL), RF_OK);
    assert_err(rf_flash_lsc_load(p->flash, &pair, NULL), RF_ERR_NOT_FOUND);
}

/* What lies on flash is what the server is told, also when the key that waited cannot be removed.
 */
static void a_stored_lsc_is_no_failure(void **state)
{
    struct place *p = *state;
    struct rf_flash_pair pair = {0};
    RF_AUTO(rf_key_freep) struct rf_key *key = new_key();
    RF_AUTO(rf_cert_freep) struct rf_cert *cert = cert_of(key);
    RF_AUTO(rf_freep) char *pending = rf_flash_path(p->flash, RF_FLASH_LSC_PENDING);
    assert_int_equal(mkdir(pending, 0700), 0);
    assert_err(rf_flash_lsc_store(p->flash, key, cert, NULL, NULL), RF_OK);
    assert_err(rf_flash_lsc_load(p->flash, &pair, NULL), RF_OK);
    assert_true(rf_cert_eq(pair.cert, cert));
    rf_flash_pair_fini(&pair);
    assert_int_equal(rmdir(pending), 0);
}

static void a_pending_key_comes_back_as_it_was(void **state)
{
    struct place *p = *state;
    RF_AUTO(rf_key_freep) struct rf_key *key = new_key();
    RF_AUTO(rf_key_freep) struct rf_key *back = NULL;
    assert_err(rf_flash_pending_load(p->flash, &back, NULL), RF_ERR_NOT_FOUND);
    assert_err(rf_flash_pending_store(p->flash, key, NULL), RF_OK);
    assert_err(rf_flash_pending_load(p->flash, &back, NULL), RF_OK);
    assert_slice_eq(rf_key_spki(back), rf_key_spki(key));
    assert_err(rf_flash_pending_remove(p->flash, NULL), RF_OK);
    assert_err(rf_flash_pending_remove(p->flash, NULL), RF_OK);
}

static void lists_and_configuration_come_back(void **state)
{
    struct place *p = *state;
    RF_AUTO(rf_buf_fini) struct rf_buf ctl = {0};
    RF_AUTO(rf_buf_fini) struct rf_buf itl = {0};
    RF_AUTO(rf_buf_fini) struct rf_buf config = {0};
    assert_err(rf_flash_list_read(p->flash, RF_LIST_CTL, &ctl, NULL), RF_ERR_NOT_FOUND);
    assert_err(rf_flash_list_write(p->flash, RF_LIST_CTL, rf_slice_str("ctl"), NULL), RF_OK);
    assert_err(rf_flash_list_write(p->flash, RF_LIST_ITL, rf_slice_str("itl"), NULL), RF_OK);
    assert_err(rf_flash_config_write(p->flash, rf_slice_str("config"), NULL), RF_OK);
    assert_err(rf_flash_list_read(p->flash, RF_LIST_CTL, &ctl, NULL), RF_OK);
    assert_err(rf_flash_list_read(p->flash, RF_LIST_ITL, &itl, NULL), RF_OK);
    assert_err(rf_flash_config_read(p->flash, &config, NULL), RF_OK);
    assert_slice_str(rf_buf_slice(&ctl), "ctl");
    assert_slice_str(rf_buf_slice(&itl), "itl");
    assert_slice_str(rf_buf_slice(&config), "config");
}

static void the_state_comes_back_and_a_damaged_one_is_refused(void **state)
{
    struct place *p = *state;
    struct rf_flash_state s = {.mode = 2};
    assert_err(rf_flash_state_read(p->flash, &s, NULL), RF_OK);
    assert_int_equal(s.mode, 0);
    struct rf_flash_state put_in = {.mode = 3, .config_timestamp = 4000000000u};
    snprintf(put_in.config_sha256, sizeof put_in.config_sha256, "%064d", 7);
    assert_err(rf_flash_state_write(p->flash, &put_in, NULL), RF_OK);
    assert_err(rf_flash_state_read(p->flash, &s, NULL), RF_OK);
    assert_int_equal(s.mode, 3);
    assert_int_equal(s.config_timestamp, 4000000000u);
    assert_string_equal(s.config_sha256, put_in.config_sha256);
    struct rf_why why = {0};
    put(p, "state.json", "{\"mode\":4,\"config_sha256\":\"\",\"config_timestamp\":0}", 0644);
    assert_refused(rf_flash_state_read(p->flash, &s, &why), RF_ERR_BAD, why, "flash-state");
    assert_int_equal(s.mode, 0);
}

static void the_latest_thirty_status_messages_are_kept(void **state)
{
    struct place *p = *state;
    RF_AUTO(rf_freep) struct rf_flash_status *all = rf_new(struct rf_flash_status);
    rf_flash_status_read(p->flash, all);
    assert_int_equal(all->n, 0);
    for (int i = 0; i < RF_FLASH_STATUS_MAX + 3; i++) {
        char text[32];
        snprintf(text, sizeof text, "message %d", i);
        assert_err(rf_flash_status_add(p->flash, NOW + i, text, NULL), RF_OK);
    }
    rf_flash_status_read(p->flash, all);
    assert_int_equal(all->n, RF_FLASH_STATUS_MAX);
    assert_string_equal(all->message[0].text, "message 3");
    assert_int_equal(all->message[0].at_s, NOW + 3);
    assert_string_equal(all->message[RF_FLASH_STATUS_MAX - 1].text, "message 32");
    put(p, "status.json", "{\"messages\":", 0644);
    rf_flash_status_read(p->flash, all);
    assert_int_equal(all->n, 0);
    assert_err(rf_flash_status_add(p->flash, NOW, "after damage", NULL), RF_OK);
    rf_flash_status_read(p->flash, all);
    assert_int_equal(all->n, 1);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        TEST(a_phone_says_who_it_is),
        TEST(keys_that_others_may_read_are_refused),
        TEST(what_was_never_finished_is_swept),
        TEST(one_at_a_time_holds_a_flash),
        TEST(the_slot_that_runs_is_never_written),
        TEST(a_component_stays_in_its_slot),
        TEST(a_damaged_boot_note_is_refused),
        TEST(an_lsc_replaces_key_and_certificate_as_one),
        TEST(a_stored_lsc_is_no_failure),
        TEST(a_pending_key_comes_back_as_it_was),
        TEST(lists_and_configuration_come_back),
        TEST(the_state_comes_back_and_a_damaged_one_is_refused),
        TEST(the_latest_thirty_status_messages_are_kept),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
