/* SPDX-License-Identifier: Apache-2.0 */
/* A phone changes its firmware: all of it or nothing of it. */
#include "phone_kit.h"

#include <unistd.h>

static const struct kit_load rf_2 = {"rf-2", HARDWARE, &ids.image};

static void want_load(struct kit *k, const char *load)
{
    RF_AUTO(rf_phonexml_freep) struct rf_phonexml *c = kit_config();
    snprintf(c->load_information, sizeof c->load_information, "%s", load);
    kit_serve_config(k, c);
}

/* On flash as after a night of service with rf-1. */
static void settle(struct kit *k)
{
    kit_boot(k);
    kit_until_registering(k);
    kit_registered(k);
    kit_off(k);
}

static void sec_01_a_signed_load_is_installed_and_is_another_phone(void **state)
{
    struct kit *k = *state;
    settle(k);
    want_load(k, "rf-2");
    kit_boot(k);
    kit_until(k, "load-installed load=rf-2 slot=B");
    kit_until_registering(k);
    assert_true(kit_saw(k, "load-wanted load=rf-2 running=rf-1"));
    assert_true(kit_saw(k, "load-part load=rf-2 file=rf-2.loads"));
    assert_true(kit_saw(k, "load-part load=rf-2 file=rfapp.rf-2.sbn"));
    assert_true(kit_asked(k, "rfopt.sbn")); /* optional and not there: goes without */
    assert_true(kit_saw(k, " slot=B load=rf-2 version=2.0"));
    assert_string_equal(k->station.load, "rf-2");
    kit_registered(k);
    assert_true(kit_saw(k, "display key=idle text=hello from rf-2"));
    assert_slice_str(rf_phone_sound(k->phone, RF_FWPART_SOUND_RING, "ring")->samples, "rf-2");
    kit_off(k);
    /* The old load stands where it stood, and the slot that runs is not asked for again. */
    kit_boot(k);
    kit_until_registering(k);
    assert_false(kit_asked(k, "rf-2.loads"));
    kit_off(k);
    /* And back: the first slot is written over. */
    want_load(k, "rf-1");
    kit_boot(k);
    kit_until(k, "load-installed load=rf-1 slot=A");
    kit_until_registering(k);
    assert_true(kit_saw(k, " slot=A load=rf-1 version=1.0"));
}

/* Every refusal: nothing is written, the old load registers, and the reason is told to the user and
 * to the call manager. */
static void refuse(struct kit *k, const char *file, const char *code, const char *status,
                   enum rf_sccp_alarm_reason alarm)
{
    char before[65], after[65], want[128];
    want_load(k, "rf-2");
    kit_boot(k); /* the new configuration is taken first: that is a change of its own */
    kit_until_registering(k);
    kit_registered(k);
    kit_off(k);
    kit_flash_hash(k, before);
    kit_boot(k);
    kit_until(k, "load-refused");
    kit_until_registering(k);
    snprintf(want, sizeof want, "load-refused load=rf-2 file=%s code=%s", file, code);
    if (!kit_saw(k, want))
        print_error("want %s in\n%.*s", want, (int)k->log.len, (char *)k->log.p);
    assert_true(kit_saw(k, want));
    snprintf(want, sizeof want, "status text=%s", status);
    assert_true(kit_saw(k, want));
    assert_string_equal(k->station.load, "rf-1");
    assert_int_equal(k->station.conf.alarm, alarm);
    assert_non_null(strstr(k->station.alarm_text, file));
    assert_non_null(strstr(k->station.alarm_text, code));
    kit_registered(k);
    kit_off(k);
    kit_flash_hash(k, after);
    assert_string_equal(before, after);
}

static void takes(struct kit *k)
{
    kit_boot(k);
    kit_until(k, "load-installed load=rf-2");
    kit_until_registering(k);
    assert_string_equal(k->station.load, "rf-2");
    kit_off(k);
}

static void sec_02_a_component_with_one_bit_changed_is_refused(void **state)
{
    struct kit *k = *state;
    size_t body = kit_file(k, "rfsnd.rf-2.sbn")->bytes.len;
    const size_t at[] = {0, 7, 15};
    assert_true(body > 15);
    settle(k);
    for (size_t i = 0; i < 3; i++) {
        kit_flip(k, "rfsnd.rf-2.sbn", at[i]);
        refuse(k, "rfsnd.rf-2.sbn", "sig-mismatch", "Checksum Error",
               RF_SCCP_ALARM_REASON_CHECKSUM);
        kit_flip(k, "rfsnd.rf-2.sbn", at[i]);
    }
    takes(k);
}

/* One bit of every byte of a list's header: versions, lengths of all groups, names, numbers,
 * signature. Not one of them is let in, nor leaves anything behind. */
static void sec_03_a_header_or_signature_with_one_bit_changed_is_refused(void **state)
{
    struct kit *k = *state;
    char before[65], after[65];
    settle(k);
    want_load(k, "rf-2");
    kit_flip(k, "rf-2.loads", 0);
    settle(k); /* takes the configuration */
    kit_flash_hash(k, before);
    kit_boot(k);
    kit_until_registering(k);
    kit_registered(k);
    kit_flip(k, "rf-2.loads", 0);
    size_t len = kit_file(k, "rf-2.loads")->bytes.len;
    size_t header =
        (size_t)kit_file(k, "rf-2.loads")->bytes.p[8] << 8 | kit_file(k, "rf-2.loads")->bytes.p[9];
    assert_in_range(header, 300, len - 1);
    for (size_t i = 0; i < header; i++) {
        kit_flip(k, "rf-2.loads", len - 1 - i);
        rf_buf_fini(&k->log);
        k->log_at = 0;
        kit_pass(k, 60000); /* no storm of resets */
        kit_reset(k, RF_SCCP_RESET_APPLY_CONFIG);
        kit_until_registering(k);
        kit_registered(k);
        if (!kit_saw(k, "load-refused load=rf-2 file=rf-2.loads code="))
            print_error("byte %zu of the header\n", i);
        assert_true(kit_saw(k, "load-refused load=rf-2 file=rf-2.loads code="));
        assert_string_equal(k->station.load, "rf-1");
        kit_flip(k, "rf-2.loads", len - 1 - i);
    }
    assert_false(kit_asked(k, "rfapp.rf-2.sbn"));
    kit_off(k);
    kit_flash_hash(k, after);
    assert_string_equal(before, after);
    takes(k);
}

static void sec_04_a_load_by_a_foreign_key_is_refused(void **state)
{
    struct kit *k = *state;
    const struct kit_load foreign = {"rf-2", HARDWARE, &ids.other_image};
    settle(k);
    kit_serve_load(k, &foreign);
    refuse(k, "rf-2.loads", "signer-unknown", "Checksum Error", RF_SCCP_ALARM_REASON_CHECKSUM);
    kit_serve(k, "rf-2.loads", kit_loads(&rf_2)); /* a good list does not make it better */
    refuse(k, "rfapp.rf-2.sbn", "signer-unknown", "Checksum Error", RF_SCCP_ALARM_REASON_CHECKSUM);
    kit_serve_load(k, &rf_2);
    takes(k);
}

static void sec_05_a_load_for_other_hardware_is_refused_before_it_is_written(void **state)
{
    struct kit *k = *state;
    const struct kit_load other = {"rf-2", "rf-soft-9", &ids.image};
    settle(k);
    kit_serve_load(k, &other);
    refuse(k, "rfapp.rf-2.sbn", "image-hardware", "Load rejected HC",
           RF_SCCP_ALARM_REASON_LOAD_REJECTED);
    kit_serve_load(k, &rf_2);
    takes(k);
}

static void sec_06_a_cut_off_component_is_refused(void **state)
{
    struct kit *k = *state;
    settle(k);
    kit_file(k, "rfapp.rf-2.sbn")->bytes.len -= 1;
    refuse(k, "rfapp.rf-2.sbn", "sig-mismatch", "Checksum Error", RF_SCCP_ALARM_REASON_CHECKSUM);
    kit_file(k, "rfapp.rf-2.sbn")->bytes.len += 1;
    takes(k);
}

#define DIGEST "0123456789abcdef0123456789abcdef"

/* rf-2 with one more component, of which the list says size and first bytes. */
static void serve_listed(struct kit *k, size_t size_more, const char *digest)
{
    uint8_t buf[1024];
    struct rf_slice body;
    struct rf_buf pad = kit_image(&ids.image, "rfpad.rf-2.sbn", rf_slice_str(DIGEST " and more"));
    struct rf_loads loads = {.entry_n = 2};
    loads.entry[0].name = rf_slice_str("rfapp.rf-2.sbn");
    loads.entry[1] = (struct rf_loads_entry){.name = rf_slice_str("rfpad.rf-2.sbn"),
                                             .has_digest = true,
                                             .size_bytes = (uint32_t)(pad.len + size_more),
                                             .md5 = rf_slice_str(digest)};
    assert_err(rf_loads_encode(&loads, buf, sizeof buf, &body, NULL), RF_OK);
    kit_serve(k, "rf-2.loads", kit_image(&ids.image, "rf-2.loads", body));
    kit_serve(k, "rfpad.rf-2.sbn", pad);
}

static void a_component_that_is_not_as_listed_is_refused(void **state)
{
    struct kit *k = *state;
    settle(k);
    serve_listed(k, 1, DIGEST);
    refuse(k, "rfpad.rf-2.sbn", "image-size", "Checksum Error", RF_SCCP_ALARM_REASON_CHECKSUM);
    serve_listed(k, 0, "0123456789abcdef0123456789abcdee");
    refuse(k, "rfpad.rf-2.sbn", "image-digest", "Checksum Error", RF_SCCP_ALARM_REASON_CHECKSUM);
    serve_listed(k, 0, DIGEST);
    takes(k);
}

static void sec_07_an_unsigned_component_is_refused(void **state)
{
    struct kit *k = *state;
    struct rf_buf bare = RF_BUF(4096);
    assert_err(rf_buf_addf(&bare, "version=2.0\nhardware=" HARDWARE "\n"), RF_OK);
    settle(k);
    kit_serve(k, "rfapp.rf-2.sbn", bare);
    refuse(k, "rfapp.rf-2.sbn", "version-first", "Checksum Error", RF_SCCP_ALARM_REASON_CHECKSUM);
    struct rf_buf list = RF_BUF(4096);
    assert_err(rf_buf_addf(&list, "rfapp.rf-2.sbn\r\nrfsnd.rf-2.sbn\r\n"), RF_OK);
    kit_serve_load(k, &rf_2);
    kit_serve(k, "rf-2.loads", list);
    refuse(k, "rf-2.loads", "version-first", "Checksum Error", RF_SCCP_ALARM_REASON_CHECKSUM);
    kit_serve_load(k, &rf_2);
    takes(k);
}

static void sec_08_a_floor_refuses_an_older_load(void **state)
{
    struct kit *k = *state;
    settle(k);
    want_load(k, "rf-2");
    takes(k);
    /* Back to 1.0: refused with a floor at 2.0, taken without. */
    want_load(k, "rf-1");
    k->conf.min_load_version = "2.0";
    kit_boot(k);
    kit_until(k, "load-refused load=rf-1 file=rfapp.rf-1.sbn code=image-version");
    assert_true(kit_saw(k, "status text=Version error"));
    kit_until_registering(k);
    assert_string_equal(k->station.load, "rf-2");
    kit_off(k);
    k->conf.min_load_version = NULL;
    kit_boot(k);
    kit_until(k, "load-installed load=rf-1");
    kit_until_registering(k);
}

static void sec_09_a_component_of_another_load_is_refused(void **state)
{
    struct kit *k = *state;
    const struct kit_load rf_1 = {"rf-1", HARDWARE, &ids.image};
    settle(k);
    kit_serve(k, "rfsnd.rf-2.sbn", kit_snd(&rf_1));
    refuse(k, "rfsnd.rf-2.sbn", "file-name", "Version error", RF_SCCP_ALARM_REASON_LOAD_VERSION);
    kit_serve(k, "rf-2.loads", kit_loads(&rf_1));
    refuse(k, "rf-2.loads", "file-name", "Version error", RF_SCCP_ALARM_REASON_LOAD_VERSION);
    kit_serve_load(k, &rf_2);
    takes(k);
}

static void a_load_that_is_not_there_is_said_to_be_missing(void **state)
{
    struct kit *k = *state;
    settle(k);
    kit_answer(k, "rf-2.loads", RF_FETCH_NOT_FOUND);
    refuse(k, "rf-2.loads", "file-not-found", "Version error",
           RF_SCCP_ALARM_REASON_LOAD_NOT_ON_TFTP);
    assert_true(kit_has_status(k, "File not found rf-2.loads"));
    kit_serve_load(k, &rf_2);
    kit_answer(k, "rfsnd.rf-2.sbn", RF_FETCH_TIMEOUT);
    refuse(k, "rfsnd.rf-2.sbn", "tftp-timeout", "TFTP timeout", RF_SCCP_ALARM_REASON_TFTP_TIMEOUT);
    kit_serve_load(k, &rf_2);
    takes(k);
}

static void a_refused_load_is_tried_again_only_when_the_server_wants_it(void **state)
{
    struct kit *k = *state;
    settle(k);
    want_load(k, "rf-2");
    kit_flip(k, "rfsnd.rf-2.sbn", 0);
    kit_boot(k);
    kit_until(k, "load-refused");
    kit_until_registering(k);
    /* All call managers fail, again and again: the configuration is read anew, the load is not
     * fetched in a circle. */
    rf_buf_fini(&k->asked);
    k->log_at = k->log.len;
    for (unsigned i = 0; i < RF_PHONE_ROUNDS; i++)
        k->station.conf.on_event(k->station.conf.arg,
                                 &(struct rf_station_event){.kind = RF_STATION_WAITS});
    kit_until_registering(k);
    assert_true(kit_asked(k, CONFIG));
    assert_false(kit_asked(k, "rf-2.loads"));
    kit_registered(k);
    kit_flip(k, "rfsnd.rf-2.sbn", 0);
    kit_reset(k, RF_SCCP_RESET_RESET);
    kit_until(k, "load-installed load=rf-2");
    kit_until_registering(k);
    assert_int_equal(k->station.conf.alarm, RF_SCCP_ALARM_REASON_RESET_BY_CM);
}

/* Two loads, both well signed, and a configuration that always names the other one. */
static void a_circle_of_loads_does_not_wear_out_the_flash(void **state)
{
    struct kit *k = *state;
    want_load(k, "rf-2");
    kit_boot(k);
    kit_until(k, "load-installed load=rf-2");
    want_load(k, "rf-1");
    kit_until(k, "load-installed load=rf-1");
    want_load(k, "rf-2");
    kit_until(k, "load-installed load=rf-2");
    want_load(k, "rf-1");
    kit_until(k, "load-refused load=rf-1 code=load-circle");
    kit_until_registering(k);
    assert_string_equal(k->station.load, "rf-2");
    assert_string_equal(k->station.alarm_text, "image_rejected load-circle");
    kit_registered(k);
    /* The twin: whoever runs the server may change it as often as they like. */
    kit_reset(k, RF_SCCP_RESET_RESTART);
    kit_until(k, "load-installed load=rf-1");
    kit_until_registering(k);
}

static void firmware_comes_from_the_server_the_configuration_names(void **state)
{
    struct kit *k = *state;
    RF_AUTO(rf_phonexml_freep) struct rf_phonexml *c = kit_config();
    snprintf(c->load_information, sizeof c->load_information, "rf-2");
    snprintf(c->load_server, sizeof c->load_server, "192.0.2.77");
    kit_serve_config(k, c);
    kit_boot(k);
    kit_until(k, "load-installed load=rf-2");
    assert_true(kit_asked(k, "192.0.2.77:rf-2.loads"));
    assert_true(kit_asked(k, "192.0.2.77:rfapp.rf-2.sbn"));
    assert_false(kit_asked(k, "192.0.2.77:" CONFIG));
}

/* ---- from the factory ---- */

static void the_factory_makes_no_phone_that_would_not_boot(void **state)
{
    struct kit *k = *state;
    RF_AUTO(rf_freep) char *load_dir = rf_path_join(k->dir, "load");
    struct rf_image_keys keys = {.list = {.n = 1, .cert = {ids.image.cert}}};
    struct rf_image_keys other_keys = {.list = {.n = 1, .cert = {ids.other_image.cert}}};
    struct rf_flash_make good = {.identity = {.device = DEVICE,
                                              .model = "7962",
                                              .serial_number = "RF1",
                                              .hardware = HARDWARE},
                                 .mic_key = ids.mic.key,
                                 .mic = ids.mic.cert,
                                 .image_keys = &keys,
                                 .load_dir = load_dir,
                                 .loads_name = "rf-1.loads"};
    struct rf_flash_make bad[7] = {good, good, good, good, good, good, good};
    static const char *const codes[] = {"flash-identity", "name-mismatch",  "key-cert-mismatch",
                                        "image-hardware", "signer-unknown", "image-missing",
                                        "flash-exists"};
    snprintf(bad[0].identity.model, sizeof bad[0].identity.model, "79/62");
    snprintf(bad[1].identity.device, sizeof bad[1].identity.device, OTHER);
    bad[2].mic_key = ids.lsc.key;
    snprintf(bad[3].identity.hardware, sizeof bad[3].identity.hardware, "rf-soft-9");
    bad[4].image_keys = &other_keys;
    bad[5].loads_name = "rf-9.loads";
    RF_AUTO(rf_freep) char *dir = rf_path_join(k->dir, "made");
    for (size_t i = 0; i < 7; i++) {
        struct rf_why why = {0};
        enum rf_err err = rf_flash_create(i == 6 ? k->flash_dir : dir, &bad[i], &why);
        if (strcmp(why.code, codes[i]) != 0)
            print_error("row %zu: %s\n", i, rf_why_text(&why));
        assert_int_not_equal(err, RF_OK);
        assert_string_equal(why.code, codes[i]);
    }
    /* What was begun is finished by the next call, and is a phone then. */
    assert_err(rf_flash_create(dir, &good, NULL), RF_OK);
    struct rf_flash *flash = NULL;
    assert_err(rf_flash_open(dir, &flash, NULL), RF_OK);
    assert_string_equal(flash->identity.device, DEVICE);
    rf_flash_free(flash);
    static const char *const inner[] = {"made/slot.a", "made/slot.b", "made"};
    for (size_t i = 0; i < 3; i++) {
        RF_AUTO(rf_freep) char *path = rf_path_join(k->dir, inner[i]);
        assert_err(rf_dir_empty(path, NULL), RF_OK);
        assert_int_equal(rmdir(path), 0);
    }
}

/* ---- at boot ---- */

static void damage(struct kit *k, const char *name)
{
    RF_AUTO(rf_buf_fini) struct rf_buf bytes = kit_flash_file(k, name);
    bytes.p[bytes.len - 3] ^= 4;
    kit_flash_put(k, name, rf_buf_slice(&bytes));
}

static void a_damaged_slot_falls_back_to_the_other(void **state)
{
    struct kit *k = *state;
    settle(k);
    want_load(k, "rf-2");
    takes(k);
    damage(k, "slot.b/rfapp.rf-2.sbn");
    want_load(k, "rf-1"); /* the site has not noticed anything */
    kit_boot(k);
    kit_until(k, "slot-refused slot=B load=rf-2 code=sig-mismatch");
    kit_until_registering(k);
    assert_true(kit_saw(k, "status text=Checksum Error"));
    assert_true(kit_saw(k, " slot=A load=rf-1 "));
    assert_string_equal(k->station.load, "rf-1");
    assert_int_equal(k->station.conf.alarm, RF_SCCP_ALARM_REASON_CHECKSUM);
    kit_off(k);
    /* The damaged slot may be written again. */
    want_load(k, "rf-2");
    takes(k);
}

static void two_damaged_slots_stop_the_phone(void **state)
{
    struct kit *k = *state;
    settle(k);
    want_load(k, "rf-2");
    takes(k);
    damage(k, "slot.b/rf-2.loads");
    damage(k, "slot.a/rfsnd.rf-1.sbn");
    kit_boot(k);
    kit_until(k, "halted code=no-firmware");
    assert_true(kit_saw(k, "slot-refused slot=A"));
    assert_true(kit_saw(k, "slot-refused slot=B"));
    assert_int_equal(k->asked.len, 0);
    kit_off(k);
    assert_true(kit_has_status(k, "Checksum Error"));
    damage(k, "slot.a/rfsnd.rf-1.sbn"); /* the same bit again: as it was */
    kit_boot(k);
    kit_until_registering(k);
}

static void firmware_for_other_hardware_does_not_run(void **state)
{
    struct kit *k = *state;
    settle(k);
    kit_flash_put(k, "identity.json",
                  rf_slice_str("{\"device\":\"" DEVICE "\",\"model\":\"7962\","
                               "\"serial_number\":\"RF1\",\"hardware\":\"rf-soft-9\"}"));
    kit_boot(k);
    kit_until(k, "halted code=no-firmware");
    assert_true(kit_saw(k, "slot-refused slot=A load=rf-1 code=image-hardware"));
    assert_true(kit_saw(k, "status text=Load rejected HC"));
}

static void a_folder_that_is_no_phone_halts(void **state)
{
    struct kit *k = *state;
    RF_AUTO(rf_freep) char *path = rf_path_join(k->flash_dir, "identity.json");
    assert_err(rf_file_remove(path, NULL), RF_OK);
    kit_boot(k);
    kit_until(k, "halted code=no-flash");
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, kit_up, kit_down)
    const struct CMUnitTest tests[] = {
        TEST(sec_01_a_signed_load_is_installed_and_is_another_phone),
        TEST(sec_02_a_component_with_one_bit_changed_is_refused),
        TEST(sec_03_a_header_or_signature_with_one_bit_changed_is_refused),
        TEST(sec_04_a_load_by_a_foreign_key_is_refused),
        TEST(sec_05_a_load_for_other_hardware_is_refused_before_it_is_written),
        TEST(sec_06_a_cut_off_component_is_refused),
        TEST(a_component_that_is_not_as_listed_is_refused),
        TEST(sec_07_an_unsigned_component_is_refused),
        TEST(sec_08_a_floor_refuses_an_older_load),
        TEST(sec_09_a_component_of_another_load_is_refused),
        TEST(a_load_that_is_not_there_is_said_to_be_missing),
        TEST(a_refused_load_is_tried_again_only_when_the_server_wants_it),
        TEST(a_circle_of_loads_does_not_wear_out_the_flash),
        TEST(firmware_comes_from_the_server_the_configuration_names),
        TEST(the_factory_makes_no_phone_that_would_not_boot),
        TEST(a_damaged_slot_falls_back_to_the_other),
        TEST(two_damaged_slots_stop_the_phone),
        TEST(firmware_for_other_hardware_does_not_run),
        TEST(a_folder_that_is_no_phone_halts),
    };
    return cmocka_run_group_tests(tests, kit_ids_up, kit_ids_down);
}
