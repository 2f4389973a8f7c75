/* SPDX-License-Identifier: Apache-2.0 */
/* Firmware from a user's hand, the floor, slots that are damaged or cannot be read, and image keys
 * that are changed: whatever way a load comes, it is judged alike. */
#include "phone_kit.h"

#include "service/phone/install.h"
#include "service/phone/settings.h"
#include "trust/image_keys.h"

#include <sys/stat.h>
#include <unistd.h>

static const struct kit_load rf_2 = {"rf-2", HARDWARE, &ids.image};

static void settle(struct kit *k)
{
    kit_boot(k);
    kit_until_registering(k);
    kit_registered(k);
    kit_off(k);
}

static void want_load(struct kit *k, const char *load)
{
    RF_AUTO(rf_phonexml_freep) struct rf_phonexml *c = kit_config();
    snprintf(c->load_information, sizeof c->load_information, "%s", load);
    kit_serve_config(k, c);
}

/* The server's three files of a load as a folder of the user's. */
static void put_load(struct kit *k, const char *load)
{
    static const char *const forms[][2] = {{"", ".loads"}, {"rfapp.", ".sbn"}, {"rfsnd.", ".sbn"}};
    RF_AUTO(rf_freep) char *dir = rf_path_join(k->dir, "usb");
    assert_err(rf_dir_make(dir, 0700, NULL), RF_OK);
    assert_err(rf_dir_empty(dir, NULL), RF_OK);
    for (size_t i = 0; i < 3; i++) {
        RF_AUTO(rf_freep) char *name = rf_strf("%s%s%s", forms[i][0], load, forms[i][1]);
        RF_AUTO(rf_freep) char *path = rf_path_join(dir, name);
        assert_err(rf_file_replace(path, rf_buf_slice(&kit_file(k, name)->bytes), 0644, NULL),
                   RF_OK);
    }
}

static void drop_usb(const struct kit *k)
{
    RF_AUTO(rf_freep) char *dir = rf_path_join(k->dir, "usb");
    assert_err(rf_dir_empty(dir, NULL), RF_OK);
    assert_int_equal(rmdir(dir), 0);
}

static enum rf_err install(struct kit *k, struct rf_phone_installed *done, struct rf_why *why)
{
    RF_AUTO(rf_freep) char *dir = rf_path_join(k->dir, "usb");
    const char *paths[] = {dir};
    *why = (struct rf_why){0};
    return rf_phone_install(k->flash_dir, paths, 1, TEST_NOW, done, why);
}

/* Refused with this code and message, and the flash as it was. */
static void refuses(struct kit *k, const char *load, const char *code, const char *status)
{
    struct rf_phone_installed done;
    struct rf_why why;
    char before[65], after[65];
    put_load(k, load);
    kit_flash_hash(k, before);
    enum rf_err err = install(k, &done, &why);
    if (strcmp(why.code, code) != 0)
        print_error("wanted %s: %s\n", code, rf_why_text(&why));
    assert_int_not_equal(err, RF_OK);
    assert_string_equal(why.code, code);
    kit_flash_hash(k, after);
    assert_string_equal(before, after);
    if (status != NULL)
        assert_true(kit_has_status(k, status));
}

static void sec_01_a_user_installs_a_signed_load(void **state)
{
    struct kit *k = *state;
    struct rf_phone_installed done;
    struct rf_why why;
    settle(k);
    put_load(k, "rf-2");
    assert_err(install(k, &done, &why), RF_OK);
    assert_string_equal(done.load, "rf-2.loads");
    assert_string_equal(done.version, "2.0");
    assert_int_equal(done.slot, RF_FLASH_B);
    assert_string_equal(done.signer, rf_cert_fingerprint(ids.image.cert));
    assert_true(kit_has_status(k, "Load installed locally: rf-2.loads"));
    want_load(k, "rf-2");
    kit_boot(k);
    kit_until_registering(k);
    assert_true(kit_saw(k, " slot=B load=rf-2 version=2.0"));
    kit_off(k);
    drop_usb(k);
}

/* The same faults as over the network, in the same words. */
static void
a_user_may_not_what_a_network_may_not_sec_02_sec_03_sec_04_sec_05_sec_07_sec_09(void **state)
{
    struct kit *k = *state;
    const struct kit_load rf_1 = {"rf-1", HARDWARE, &ids.image};
    struct rf_phone_installed done;
    struct rf_why why;
    settle(k);
    kit_flip(k, "rfsnd.rf-2.sbn", 0);
    refuses(k, "rf-2", "sig-mismatch", "Checksum Error");
    kit_flip(k, "rfsnd.rf-2.sbn", 0);
    kit_flip(k, "rf-2.loads", kit_file(k, "rf-2.loads")->bytes.len - 41);
    refuses(k, "rf-2", "sig-mismatch", "Checksum Error");
    kit_serve_load(k, &(struct kit_load){"rf-2", HARDWARE, &ids.other_image});
    refuses(k, "rf-2", "signer-unknown", "Checksum Error");
    kit_serve_load(k, &(struct kit_load){"rf-2", "rf-soft-9", &ids.image});
    refuses(k, "rf-2", "image-hardware", "Load rejected HC");
    kit_serve_load(k, &rf_2);
    struct rf_buf bare = RF_BUF(4096);
    assert_err(rf_buf_addf(&bare, "version=2.0\nhardware=" HARDWARE "\n"), RF_OK);
    kit_serve(k, "rfapp.rf-2.sbn", bare);
    refuses(k, "rf-2", "version-first", "Checksum Error");
    kit_serve_load(k, &rf_2);
    kit_serve(k, "rfsnd.rf-2.sbn", kit_snd(&rf_1));
    refuses(k, "rf-2", "file-name", "Version error");
    kit_serve_load(k, &rf_2);
    put_load(k, "rf-2");
    assert_err(install(k, &done, &why), RF_OK);
    drop_usb(k);
}

static void a_load_is_given_whole(void **state)
{
    struct kit *k = *state;
    struct rf_phone_installed done;
    struct rf_why why = {0};
    settle(k);
    put_load(k, "rf-2");
    RF_AUTO(rf_freep) char *list = rf_path_join(k->dir, "usb/rf-2.loads");
    RF_AUTO(rf_freep) char *part = rf_path_join(k->dir, "usb/rfsnd.rf-2.sbn");
    RF_AUTO(rf_freep) char *other = rf_path_join(k->dir, "usb/rf-3.loads");
    RF_AUTO(rf_freep) char *away = rf_path_join(k->dir, "rfsnd.rf-2.sbn");
    const char *only_part[] = {part}, *only_list[] = {list}, *both[] = {list, away};
    why = (struct rf_why){0};
    assert_refused(rf_phone_install(k->flash_dir, only_part, 1, TEST_NOW, &done, &why),
                   RF_ERR_NOT_FOUND, why, "install-list");
    /* A component that lies elsewhere has to be given too. */
    assert_int_equal(rename(part, away), 0);
    why = (struct rf_why){0};
    assert_refused(rf_phone_install(k->flash_dir, only_list, 1, TEST_NOW, &done, &why),
                   RF_ERR_NOT_FOUND, why, "image-missing");
    assert_int_equal(rename(list, other), 0);
    assert_refused(install(k, &done, &why), RF_ERR_DENIED, why, "file-name");
    assert_int_equal(link(other, list), 0);
    assert_refused(install(k, &done, &why), RF_ERR_BAD, why, "install-lists");
    assert_err(rf_phone_install(k->flash_dir, both, 2, TEST_NOW, &done, &why), RF_OK);
    drop_usb(k);
}

static void a_running_phone_takes_nothing_from_beside(void **state)
{
    struct kit *k = *state;
    struct rf_phone_installed done;
    struct rf_why why;
    kit_boot(k);
    kit_until_registering(k);
    put_load(k, "rf-2");
    assert_refused(install(k, &done, &why), RF_ERR_AGAIN, why, "flash-busy");
    kit_off(k);
    assert_err(install(k, &done, &why), RF_OK);
    drop_usb(k);
}

/* ---- loads that do not hold together ---- */

/* rf-2 as a list of these components. */
static void serve_list_of(struct kit *k, const char *const *names, size_t n)
{
    uint8_t buf[1024];
    struct rf_slice body;
    struct rf_loads loads = {.entry_n = n};
    for (size_t i = 0; i < n; i++)
        loads.entry[i].name = rf_slice_str(names[i]);
    assert_err(rf_loads_encode(&loads, buf, sizeof buf, &body, NULL), RF_OK);
    kit_serve(k, "rf-2.loads", kit_image(&ids.image, "rf-2.loads", body));
}

static void a_load_that_could_not_boot_is_refused_before_it_is_written(void **state)
{
    struct kit *k = *state;
    static const char *const no_app[] = {"rfsnd.rf-2.sbn"};
    static const char *const two_apps[] = {"rfapp.rf-2.sbn", "rfapp.rf-1.sbn"};
    static const char *const whole[] = {"rfapp.rf-2.sbn", "rfsnd.rf-2.sbn"};
    settle(k);
    want_load(k, "rf-2");
    settle(k); /* the other slot is full now, and stays as it is */
    want_load(k, "rf-1");
    settle(k);
    serve_list_of(k, no_app, 1);
    refuses(k, "rf-2", "image-app", "Checksum Error");
    serve_list_of(k, two_apps, 2);
    put_load(k, "rf-2");
    RF_AUTO(rf_freep) char *usb = rf_path_join(k->dir, "usb/rfapp.rf-1.sbn");
    assert_err(
        rf_file_replace(usb, rf_buf_slice(&kit_file(k, "rfapp.rf-1.sbn")->bytes), 0644, NULL),
        RF_OK);
    struct rf_phone_installed done;
    struct rf_why why;
    assert_refused(install(k, &done, &why), RF_ERR_BAD, why, "image-app");
    serve_list_of(k, whole, 2);
    kit_serve(k, "rfsnd.rf-2.sbn",
              kit_image(&ids.image, "rfsnd.rf-2.sbn", rf_slice_str("RFSN no sound")));
    refuses(k, "rf-2", "snd-version", "Checksum Error");
    kit_serve_load(k, &rf_2);
    put_load(k, "rf-2");
    assert_err(install(k, &done, &why), RF_OK);
    drop_usb(k);
}

static void sec_06_a_load_longer_than_its_limit_is_refused(void **state)
{
    struct kit *k = *state;
    char before[65], after[65];
    settle(k);
    want_load(k, "rf-2");
    kit_flash_hash(k, before);
    k->conf.load_max =
        kit_file(k, "rfapp.rf-2.sbn")->bytes.len + kit_file(k, "rfsnd.rf-2.sbn")->bytes.len - 1;
    kit_boot(k);
    kit_until(k, "load-refused load=rf-2 file=rfsnd.rf-2.sbn code=file-too-large");
    kit_until_registering(k);
    assert_string_equal(k->station.load, "rf-1");
    kit_off(k);
    RF_AUTO(rf_freep) char *b = rf_path_join(k->flash_dir, "slot.b/rf-2.loads");
    assert_false(rf_file_exists(b));
    kit_flash_hash(k, before);
    k->conf.load_max = 0;
    kit_boot(k);
    kit_until(k, "load-installed load=rf-2");
    kit_until_registering(k);
    kit_flash_hash(k, after);
    assert_string_not_equal(before, after);
}

/* ---- the floor ---- */

static void set_floor(struct kit *k, const char *version)
{
    struct rf_settings_change change = {.min_load_version = version};
    assert_err(rf_settings_unlock(k->flash_dir, TEST_NOW, NULL), RF_OK);
    assert_err(rf_settings_change(k->flash_dir, &change, TEST_NOW, NULL), RF_OK);
}

static void sec_08_the_floor_that_the_phone_keeps_refuses_an_older_load(void **state)
{
    struct kit *k = *state;
    struct rf_phone_installed done;
    struct rf_why why = {0};
    char before[65], after[65];
    struct rf_settings_change change = {.min_load_version = "2.0"};
    settle(k);
    /* A floor above what runs would be a phone that refuses itself. */
    assert_err(rf_settings_unlock(k->flash_dir, TEST_NOW, NULL), RF_OK);
    why = (struct rf_why){0};
    assert_refused(rf_settings_change(k->flash_dir, &change, TEST_NOW, &why), RF_ERR_DENIED, why,
                   "floor-above");
    want_load(k, "rf-2");
    settle(k);
    set_floor(k, "2.0");
    want_load(k, "rf-1");
    settle(k); /* takes the configuration */
    kit_flash_hash(k, before);
    kit_boot(k);
    kit_until(k, "load-refused load=rf-1 file=rfapp.rf-1.sbn code=image-version");
    kit_until_registering(k);
    assert_true(kit_saw(k, "status text=Version error"));
    assert_string_equal(k->station.load, "rf-2");
    kit_off(k);
    kit_flash_hash(k, after);
    assert_string_equal(before, after);
    /* Nor from the user's hand; and a command line only raises it. */
    refuses(k, "rf-1", "image-version", "Version error");
    k->conf.min_load_version = "1.0";
    kit_boot(k);
    kit_until(k, "load-refused load=rf-1");
    kit_until_registering(k);
    kit_off(k);
    k->conf.min_load_version = NULL;
    /* Off: taken, and told. */
    set_floor(k, "");
    kit_boot(k);
    kit_until(k, "load-installed load=rf-1 slot=A version=1.0 older=1");
    kit_until_registering(k);
    assert_string_equal(k->station.load, "rf-1");
    kit_off(k);
    put_load(k, "rf-2");
    assert_err(install(k, &done, &why), RF_OK);
    drop_usb(k);
}

/* ---- slots ---- */

static void damage(struct kit *k, const char *name)
{
    RF_AUTO(rf_buf_fini) struct rf_buf bytes = kit_flash_file(k, name);
    bytes.p[bytes.len - 3] ^= 4;
    kit_flash_put(k, name, rf_buf_slice(&bytes));
}

/* A folder in the place of a file is one that cannot be read. */
static void make_unreadable(const struct kit *k, const char *name, bool is_on)
{
    RF_AUTO(rf_freep) char *path = rf_path_join(k->flash_dir, name);
    RF_AUTO(rf_freep) char *aside = rf_path_join(k->dir, "aside");
    if (is_on) {
        assert_int_equal(rename(path, aside), 0);
        assert_int_equal(mkdir(path, 0700), 0);
    } else {
        assert_int_equal(rmdir(path), 0);
        assert_int_equal(rename(aside, path), 0);
    }
}

static void sec_08_a_slot_below_the_floor_is_not_fallen_back_to(void **state)
{
    struct kit *k = *state;
    settle(k);
    want_load(k, "rf-2");
    settle(k);
    set_floor(k, "2.0");
    damage(k, "slot.b/rfapp.rf-2.sbn");
    kit_boot(k);
    kit_until(k, "halted code=no-firmware");
    assert_true(kit_saw(k, "slot-refused slot=A load=rf-1 code=image-version"));
    assert_true(kit_saw(k, "slot-refused slot=B load=rf-2 code=sig-mismatch"));
    kit_off(k);
    /* The twin: without the floor the older load runs. */
    set_floor(k, "");
    want_load(k, "rf-1");
    kit_boot(k);
    kit_until_registering(k);
    assert_string_equal(k->station.load, "rf-1");
}

static void a_slot_that_cannot_be_read_is_not_given_up(void **state)
{
    struct kit *k = *state;
    char before[65], after[65];
    settle(k);
    want_load(k, "rf-2");
    settle(k);
    make_unreadable(k, "slot.b/rfapp.rf-2.sbn", true);
    kit_boot(k);
    kit_until(k, "slot-refused slot=B load=rf-2 code=image-io");
    /* From the other slot for now; and what the configuration names is not put in the place of what
     * runs. */
    kit_until(k, "load-refused load=rf-2 file=rf-2.loads code=slot-unread");
    kit_until_registering(k);
    assert_true(kit_saw(k, "status text=Flash read error"));
    assert_string_equal(k->station.load, "rf-1");
    kit_off(k);
    make_unreadable(k, "slot.b/rfapp.rf-2.sbn", false);
    kit_flash_hash(k, before);
    kit_boot(k);
    kit_until_registering(k);
    assert_string_equal(k->station.load, "rf-2");
    kit_off(k);
    kit_flash_hash(k, after);
    assert_string_equal(before, after);
}

static void with_no_slot_to_be_read_the_phone_tries_again(void **state)
{
    struct kit *k = *state;
    settle(k);
    make_unreadable(k, "slot.a/rfapp.rf-1.sbn", true);
    kit_boot(k);
    kit_until(k, "code=slot-unread");
    assert_false(kit_saw(k, "halted"));
    assert_int_equal(k->asked.len, 0);
    make_unreadable(k, "slot.a/rfapp.rf-1.sbn", false);
    kit_pass(k, (uint64_t)rf_timers_wait_ms(k->timers));
    kit_until_registering(k);
    assert_string_equal(k->station.load, "rf-1");
}

/* Recovery: nothing boots, and only signed firmware gets in. */
static void a_phone_without_firmware_takes_only_a_signed_one_sec_04_sec_07(void **state)
{
    struct kit *k = *state;
    struct rf_phone_installed done;
    struct rf_why why;
    settle(k);
    want_load(k, "rf-2");
    settle(k);
    damage(k, "slot.a/rf-1.loads");
    damage(k, "slot.b/rf-2.loads");
    kit_boot(k);
    kit_until(k, "halted code=no-firmware");
    kit_off(k);
    kit_serve_load(k, &(struct kit_load){"rf-2", HARDWARE, &ids.other_image});
    refuses(k, "rf-2", "signer-unknown", "Checksum Error");
    struct rf_buf bare = RF_BUF(4096);
    assert_err(rf_buf_addf(&bare, "rfapp.rf-2.sbn\r\nrfsnd.rf-2.sbn\r\n"), RF_OK);
    kit_serve(k, "rf-2.loads", bare);
    refuses(k, "rf-2", "version-first", "Checksum Error");
    kit_serve_load(k, &rf_2);
    put_load(k, "rf-2");
    assert_err(install(k, &done, &why), RF_OK);
    kit_boot(k);
    kit_until_registering(k);
    assert_string_equal(k->station.load, "rf-2");
    kit_off(k);
    drop_usb(k);
}

/* ---- image keys ---- */

/* rf-2 (version 2.0) signed by one key, with an rfkeys of this generation and these keys. */
static void serve_keys(struct kit *k, const struct id *signer, uint32_t generation,
                       const struct id *first, const struct id *second)
{
    static const char *const names[] = {"rfapp.rf-2.sbn", "rfsnd.rf-2.sbn", "rfkeys.rf-2.sbn"};
    RF_AUTO(rf_buf_fini) struct rf_buf text = RF_BUF(RF_IMAGE_KEYS_BYTES_MAX);
    struct rf_image_keys keys = {.generation = generation};
    uint8_t buf[1024];
    struct rf_slice body;
    struct rf_loads loads = {.entry_n = 3};
    keys.list.cert[keys.list.n++] = first->cert;
    if (second != NULL)
        keys.list.cert[keys.list.n++] = second->cert;
    assert_err(rf_image_keys_encode(&keys, &text, NULL), RF_OK);
    kit_serve_load(k, &(struct kit_load){"rf-2", HARDWARE, signer});
    for (size_t i = 0; i < 3; i++)
        loads.entry[i].name = rf_slice_str(names[i]);
    assert_err(rf_loads_encode(&loads, buf, sizeof buf, &body, NULL), RF_OK);
    kit_serve(k, "rf-2.loads", kit_image(signer, "rf-2.loads", body));
    kit_serve(k, "rfkeys.rf-2.sbn", kit_image(signer, "rfkeys.rf-2.sbn", rf_buf_slice(&text)));
}

static uint32_t generation_of(const struct kit *k, size_t *n)
{
    RF_AUTO(rf_flash_freep) struct rf_flash *flash = NULL;
    RF_AUTO(rf_image_keys_fini) struct rf_image_keys keys = {0};
    assert_err(rf_flash_open(k->flash_dir, &flash, NULL), RF_OK);
    assert_err(rf_flash_image_keys(flash, &keys, NULL), RF_OK);
    *n = keys.list.n;
    return keys.generation;
}

static void takes_rf_2(struct kit *k)
{
    want_load(k, "rf-1");
    settle(k);
    want_load(k, "rf-2");
    kit_boot(k);
    kit_until(k, "load-installed load=rf-2");
    kit_until_registering(k);
    assert_string_equal(k->station.load, "rf-2");
    kit_registered(k);
    kit_off(k);
}

static void the_key_of_firmware_is_changed_and_the_old_one_retired_sec_04(void **state)
{
    struct kit *k = *state;
    const struct kit_load by_new = {"rf-1", HARDWARE, &ids.other_image};
    const struct kit_load by_old = {"rf-1", HARDWARE, &ids.image};
    size_t n;
    settle(k);
    /* The next key signs: not known yet. */
    serve_keys(k, &ids.other_image, 1, &ids.image, &ids.other_image);
    want_load(k, "rf-2");
    kit_boot(k);
    kit_until(k, "load-refused load=rf-2 file=rf-2.loads code=signer-unknown");
    kit_off(k);
    assert_int_equal(generation_of(k, &n), 0);
    /* The old key signs a firmware that names both. */
    serve_keys(k, &ids.image, 1, &ids.image, &ids.other_image);
    takes_rf_2(k);
    assert_true(kit_saw(k, "image-keys generation=1 keys=2"));
    assert_int_equal(generation_of(k, &n), 1);
    assert_int_equal(n, 2);
    /* Now the new one signs a firmware that names itself alone. */
    kit_serve_load(k, &by_new);
    serve_keys(k, &ids.other_image, 2, &ids.other_image, NULL);
    takes_rf_2(k);
    assert_true(kit_saw(k, "image-keys generation=2 keys=1"));
    /* What the old key signed is a stranger's: from the network, and in the other slot. */
    kit_serve_load(k, &by_old);
    want_load(k, "rf-1");
    kit_boot(k);
    kit_until(k, "load-refused load=rf-1 file=rf-1.loads code=signer-unknown");
    kit_until_registering(k);
    assert_string_equal(k->station.load, "rf-2");
    kit_off(k);
    kit_serve_load(k, &by_new);
    kit_boot(k);
    kit_until(k, "load-installed load=rf-1");
}

static void an_older_firmware_does_not_bring_a_retired_key_back(void **state)
{
    struct kit *k = *state;
    size_t n;
    settle(k);
    serve_keys(k, &ids.image, 2, &ids.image, NULL);
    takes_rf_2(k);
    /* Well signed by the key that counts, from before: it names one more key, and is just firmware.
     */
    serve_keys(k, &ids.image, 1, &ids.image, &ids.other_image);
    takes_rf_2(k);
    assert_false(kit_saw(k, "image-keys"));
    assert_int_equal(generation_of(k, &n), 2);
    assert_int_equal(n, 1);
    /* The twin: later than what the phone has. */
    serve_keys(k, &ids.image, 3, &ids.image, &ids.other_image);
    takes_rf_2(k);
    assert_int_equal(generation_of(k, &n), 3);
    assert_int_equal(n, 2);
}

static void keys_that_would_leave_the_phone_without_firmware_are_refused(void **state)
{
    struct kit *k = *state;
    struct rf_phone_installed done;
    struct rf_why why;
    settle(k);
    /* Retired before the phone knew the next one: signed by the old key, which it then refuses. */
    serve_keys(k, &ids.image, 1, &ids.other_image, NULL);
    put_load(k, "rf-2");
    RF_AUTO(rf_freep) char *path = rf_path_join(k->dir, "usb/rfkeys.rf-2.sbn");
    assert_err(
        rf_file_replace(path, rf_buf_slice(&kit_file(k, "rfkeys.rf-2.sbn")->bytes), 0644, NULL),
        RF_OK);
    char before[65], after[65];
    kit_flash_hash(k, before);
    assert_refused(install(k, &done, &why), RF_ERR_DENIED, why, "image-keys");
    kit_flash_hash(k, after);
    assert_string_equal(before, after);
    kit_serve(k, "rfkeys.rf-2.sbn",
              kit_image(&ids.image, "rfkeys.rf-2.sbn", rf_slice_str("generation=x\n")));
    assert_err(
        rf_file_replace(path, rf_buf_slice(&kit_file(k, "rfkeys.rf-2.sbn")->bytes), 0644, NULL),
        RF_OK);
    assert_refused(install(k, &done, &why), RF_ERR_BAD, why, "image-keys");
    serve_keys(k, &ids.image, 1, &ids.image, NULL);
    assert_err(
        rf_file_replace(path, rf_buf_slice(&kit_file(k, "rfkeys.rf-2.sbn")->bytes), 0644, NULL),
        RF_OK);
    assert_err(install(k, &done, &why), RF_OK);
    drop_usb(k);
}

/* The way a file beside the firmware cannot become a key: only what was verified as part of a load
 * is looked at. */
static void keys_come_in_a_verified_load_or_not_at_all(void **state)
{
    struct kit *k = *state;
    size_t n;
    settle(k);
    serve_keys(k, &ids.image, 1, &ids.image, &ids.other_image);
    kit_flip(k, "rfkeys.rf-2.sbn", 50);
    want_load(k, "rf-2");
    kit_boot(k);
    kit_until(k, "load-refused load=rf-2 file=rfkeys.rf-2.sbn code=sig-mismatch");
    kit_until_registering(k);
    kit_off(k);
    assert_int_equal(generation_of(k, &n), 0);
    kit_flip(k, "rfkeys.rf-2.sbn", 50);
    takes_rf_2(k);
    assert_int_equal(generation_of(k, &n), 1);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, kit_up, kit_down)
    const struct CMUnitTest tests[] = {
        TEST(sec_01_a_user_installs_a_signed_load),
        TEST(a_user_may_not_what_a_network_may_not_sec_02_sec_03_sec_04_sec_05_sec_07_sec_09),
        TEST(a_load_is_given_whole),
        TEST(a_running_phone_takes_nothing_from_beside),
        TEST(a_load_that_could_not_boot_is_refused_before_it_is_written),
        TEST(sec_06_a_load_longer_than_its_limit_is_refused),
        TEST(sec_08_the_floor_that_the_phone_keeps_refuses_an_older_load),
        TEST(sec_08_a_slot_below_the_floor_is_not_fallen_back_to),
        TEST(a_slot_that_cannot_be_read_is_not_given_up),
        TEST(with_no_slot_to_be_read_the_phone_tries_again),
        TEST(a_phone_without_firmware_takes_only_a_signed_one_sec_04_sec_07),
        TEST(the_key_of_firmware_is_changed_and_the_old_one_retired_sec_04),
        TEST(an_older_firmware_does_not_bring_a_retired_key_back),
        TEST(keys_that_would_leave_the_phone_without_firmware_are_refused),
        TEST(keys_come_in_a_verified_load_or_not_at_all),
    };
    return cmocka_run_group_tests(tests, kit_ids_up, kit_ids_down);
}
