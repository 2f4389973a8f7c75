/* SPDX-License-Identifier: Apache-2.0 */
/* The manufacturer of software phones: what it makes verifies as a real manufacturer's would, and
 * nobody can take it for one. */
#include "setup_place.h"

#include "service/setup/factory.h"
#include "trust/image.h"
#include "trust/name.h"
#include "trust/path.h"

static const char org[] = "Example Phones";

static int group_setup(void **state)
{
    (void)state;
    shared_begin();
    RF_AUTO(rf_freep) char *dir = shared_path("factory");
    assert_err(rf_factory_make(dir, org, SETUP_NOW, NULL), RF_OK);
    return 0;
}

static int group_teardown(void **state)
{
    (void)state;
    remove_tree(shared.root);
    return 0;
}

static struct rf_factory opened(void)
{
    RF_AUTO(rf_freep) char *dir = shared_path("factory");
    struct rf_factory f = {0};
    assert_err(rf_factory_open(dir, &f, NULL), RF_OK);
    return f;
}

static struct rf_anchors *anchors_of(const struct rf_factory *f)
{
    struct rf_anchors *anchors = rf_anchors_new(RF_PURPOSE_CAPF);
    assert_err(rf_anchors_add(anchors, f->root, NULL), RF_OK);
    return anchors;
}

static void a_factory_has_a_root_an_issuer_and_an_image_key(void **state)
{
    (void)state;
    static const struct {
        const char *name;
        unsigned mode;
    } files[] = {{"factory/mic-root.pem", 0600},   {"factory/mic-issuer.pem", 0600},
                 {"factory/image-key.pem", 0600},  {"factory/mic-roots.pem", 0644},
                 {"factory/image-keys.pem", 0644}, {"factory", 0700}};
    for (size_t i = 0; i < sizeof files / sizeof *files; i++) {
        RF_AUTO(rf_freep) char *path = shared_path(files[i].name);
        assert_int_equal(mode_of(path), files[i].mode);
    }
    RF_AUTO(rf_factory_fini) struct rf_factory f = opened();
    assert_string_equal(rf_cert_subject(f.root), "CN=Example Phones MIC Root,O=Example Phones");
    assert_true(rf_cert_is_ca(f.root));
    assert_true(rf_cert_is_ca(f.issuer));
    assert_int_equal(rf_cert_path_len(f.issuer), 0);
    assert_slice_eq(rf_cert_issuer_der(f.issuer), rf_cert_subject_der(f.root));
    assert_false(rf_cert_is_ca(f.image_cert));
    assert_true(rf_key_matches(f.issuer_key, f.issuer));
    assert_true(rf_key_matches(f.image_key, f.image_cert));
    /* What sites and phones get holds no key. */
    RF_AUTO(rf_freep) char *roots_path = shared_path("factory/mic-roots.pem");
    RF_AUTO(rf_buf_fini) struct rf_buf roots = read_path(roots_path);
    assert_true(rf_slice_find(rf_buf_slice(&roots), rf_slice_str("PRIVATE")) == SIZE_MAX);
    RF_AUTO(rf_cert_list_fini) struct rf_cert_list list = {0};
    assert_err(rf_certs_from_pem_file(roots_path, &list, NULL), RF_OK);
    assert_int_equal(list.n, 2);
    assert_true(rf_cert_eq(list.cert[0], f.root));
    assert_true(rf_cert_eq(list.cert[1], f.issuer));
}

static void names_of_real_manufacturers_are_refused(void **state)
{
    (void)state;
    static const char *const names[] = {"Cisco",   "cisco systems", "The CISCO of Town", "Linksys",
                                        "Yealink", "Snom",          "Polycom",           "Avaya",
                                        "Mitel",   "Tandberg"};
    RF_AUTO(rf_freep) char *dir = new_dir();
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        struct rf_why why = {0};
        assert_refused(rf_factory_make(dir, names[i], SETUP_NOW, &why), RF_ERR_DENIED, why,
                       "factory-name");
    }
    assert_int_equal(rmdir(dir), 0); /* nothing was written */
    struct rf_why why = {0};
    assert_refused(rf_factory_make(dir, "", SETUP_NOW, &why), RF_ERR_BAD, why, "issue-name");
    assert_err(rf_factory_make(dir, "Cisc", SETUP_NOW, NULL), RF_OK);
}

static void a_factory_is_never_replaced(void **state)
{
    (void)state;
    RF_AUTO(rf_freep) char *dir = shared_path("factory");
    RF_AUTO(rf_freep) char *path = shared_path("factory/mic-issuer.pem");
    RF_AUTO(rf_buf_fini) struct rf_buf before = read_path(path);
    struct rf_why why = {0};
    assert_refused(rf_factory_make(dir, org, SETUP_NOW, &why), RF_ERR_EXISTS, why,
                   "factory-exists");
    RF_AUTO(rf_buf_fini) struct rf_buf after = read_path(path);
    assert_slice_eq(rf_buf_slice(&before), rf_buf_slice(&after));
}

static void only_a_whole_factory_opens(void **state)
{
    (void)state;
    RF_AUTO(rf_freep) char *from = shared_path("factory");
    RF_AUTO(rf_freep) char *dir = new_dir();
    RF_AUTO(rf_freep) char *image_key = rf_path_join(dir, "image-key.pem");
    RF_AUTO(rf_freep) char *issuer = rf_path_join(dir, "mic-issuer.pem");
    RF_AUTO(rf_factory_fini) struct rf_factory f = {0};
    struct rf_why why = {0};
    assert_refused(rf_factory_open(dir, &f, &why), RF_ERR_NOT_FOUND, why, "no-factory");
    copy_dir(from, dir);
    assert_err(rf_factory_open(dir, &f, NULL), RF_OK);
    /* The image key's certificate in front of the issuer's key. */
    RF_AUTO(rf_buf_fini) struct rf_buf pem = RF_BUF(FILE_LIMIT);
    assert_err(rf_cert_to_pem(f.image_cert, &pem), RF_OK);
    assert_err(rf_key_to_pem(f.issuer_key, NULL, &pem, NULL), RF_OK);
    assert_err(rf_file_replace(image_key, rf_buf_slice(&pem), 0600, NULL), RF_OK);
    rf_factory_fini(&f);
    why = (struct rf_why){0};
    assert_refused(rf_factory_open(dir, &f, &why), RF_ERR_DENIED, why, "key-cert-mismatch");
    assert_null(f.dir);
    assert_err(rf_file_remove(issuer, NULL), RF_OK);
    why = (struct rf_why){0};
    assert_err(rf_factory_open(dir, &f, &why), RF_ERR_NOT_FOUND);
    assert_non_null(strstr(why.text, issuer));
}

/* Firmware. */

static enum rf_err make(const struct rf_factory *f, const char *version, const char *hardware,
                        const char *dir, char *loads, struct rf_why *why)
{
    struct rf_factory_firmware firmware = {
        .version = version, .hardware = hardware, .out_dir = dir};
    return rf_factory_firmware_make(f, &firmware, loads, why);
}

static enum rf_err verify(const struct rf_factory *f, const char *dir, const char *loads,
                          const char *hardware, struct rf_load *load, struct rf_why *why)
{
    RF_AUTO(rf_cert_list_fini) struct rf_cert_list keys = {0};
    struct rf_load_want want = {.hardware = rf_slice_str(hardware)};
    assert_true(rf_cert_list_add(&keys, f->image_cert));
    return rf_load_verify_dir(dir, loads, &keys, &want, load, why);
}

static void sec_01_a_firmware_verifies_as_a_whole(void **state)
{
    (void)state;
    RF_AUTO(rf_factory_fini) struct rf_factory f = opened();
    RF_AUTO(rf_freep) char *parent = new_dir();
    RF_AUTO(rf_freep) char *dir = rf_path_join(parent, "firmware/1.0"); /* is made */
    RF_AUTO(rf_load_fini) struct rf_load load = {.name = ""};
    char loads[RF_LOADS_NAME_MAX + 1];
    assert_err(make(&f, "1.0", "rf-1", dir, loads, NULL), RF_OK);
    assert_string_equal(loads, "ringphone-1.0.loads");
    assert_err(verify(&f, dir, loads, "rf-1", &load, NULL), RF_OK);
    assert_string_equal(load.version, "1.0");
    assert_string_equal(load.hardware, "rf-1");
    assert_int_equal(load.component_n, 2);
    assert_string_equal(load.component[0].name, "rfapp.1.0.sbn");
    assert_string_equal(load.component[1].name, "rfsnd.1.0.sbn");
}

static void sec_04_sec_05_a_firmware_is_for_its_maker_and_its_hardware(void **state)
{
    (void)state;
    RF_AUTO(rf_factory_fini) struct rf_factory f = opened();
    RF_AUTO(rf_factory_fini) struct rf_factory other = {0};
    RF_AUTO(rf_freep) char *dir = new_dir();
    RF_AUTO(rf_freep) char *elsewhere = new_dir();
    RF_AUTO(rf_load_fini) struct rf_load load = {.name = ""};
    char loads[RF_LOADS_NAME_MAX + 1];
    struct rf_why why = {0};
    assert_err(rf_factory_make(elsewhere, "Other Phones", SETUP_NOW, NULL), RF_OK);
    assert_err(rf_factory_open(elsewhere, &other, NULL), RF_OK);
    assert_err(make(&f, "1.0", "rf-1", dir, loads, NULL), RF_OK);
    assert_refused(verify(&f, dir, loads, "rf-2", &load, &why), RF_ERR_DENIED, why,
                   "image-hardware");
    why = (struct rf_why){0};
    assert_refused(verify(&other, dir, loads, "rf-1", &load, &why), RF_ERR_DENIED, why,
                   "signer-unknown");
    assert_err(verify(&f, dir, loads, "rf-1", &load, NULL), RF_OK);
}

static void versions_and_hardware_are_words(void **state)
{
    (void)state;
    RF_AUTO(rf_factory_fini) struct rf_factory f = opened();
    RF_AUTO(rf_freep) char *dir = new_dir();
    static const char *const bad[] = {"",
                                      ".",
                                      "..",
                                      ".1",
                                      "1/0",
                                      "../1",
                                      "1 0",
                                      "1\n",
                                      "1=0",
                                      "\xc3\xa9",
                                      "123456789012345678901234567890123"};
    static const char *const good[] = {"1", "1.0", "9-4_2SR3.1a",
                                       "12345678901234567890123456789012"};
    char loads[RF_LOADS_NAME_MAX + 1];
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        struct rf_why why = {0};
        assert_refused(make(&f, bad[i], "rf-1", dir, loads, &why), RF_ERR_BAD, why,
                       "firmware-version");
        why = (struct rf_why){0};
        assert_refused(make(&f, "1.0", bad[i], dir, loads, &why), RF_ERR_BAD, why,
                       "firmware-hardware");
    }
    assert_int_equal(rmdir(dir), 0); /* nothing was written */
    for (size_t i = 0; i < sizeof good / sizeof *good; i++) {
        RF_AUTO(rf_load_fini) struct rf_load load = {.name = ""};
        assert_err(make(&f, good[i], good[i], dir, loads, NULL), RF_OK);
        assert_err(verify(&f, dir, loads, good[i], &load, NULL), RF_OK);
        assert_string_equal(load.version, good[i]);
    }
}

static enum rf_err make_with(const struct rf_factory *f, const struct rf_fwpart_display *display,
                             size_t n, const char *dir, struct rf_why *why)
{
    char loads[RF_LOADS_NAME_MAX + 1];
    struct rf_factory_firmware firmware = {
        .version = "3", .hardware = "rf-1", .display = display, .display_n = n, .out_dir = dir};
    return rf_factory_firmware_make(f, &firmware, loads, why);
}

static void assert_display(const struct rf_factory *f, const char *dir, const char *name,
                           const char *text)
{
    RF_AUTO(rf_load_fini) struct rf_load load = {.name = ""};
    struct rf_fwpart_app app;
    assert_err(verify(f, dir, "ringphone-3.loads", "rf-1", &load, NULL), RF_OK);
    assert_err(rf_fwpart_app_decode(load.app_body, &app, NULL), RF_OK);
    assert_slice_str(rf_fwpart_app_display(&app, name), text);
}

static void display_texts_are_those_that_were_given(void **state)
{
    (void)state;
    RF_AUTO(rf_factory_fini) struct rf_factory f = opened();
    RF_AUTO(rf_freep) char *dir = new_dir();
    struct rf_fwpart_display texts[RF_FWPART_DISPLAYS_MAX];
    char names[RF_FWPART_DISPLAYS_MAX][8];
    struct rf_why why = {0};
    assert_err(make_with(&f, NULL, 0, dir, NULL), RF_OK);
    assert_display(&f, dir, "idle", "Ready");
    texts[0] = (struct rf_fwpart_display){rf_slice_str("idle"), rf_slice_str("Hello = you")};
    texts[1] = (struct rf_fwpart_display){rf_slice_str("more"), rf_slice_str("")};
    assert_err(make_with(&f, texts, 2, dir, NULL), RF_OK);
    assert_display(&f, dir, "idle", "Hello = you");
    assert_display(&f, dir, "ringing", "Incoming call");
    for (size_t i = 0; i < RF_FWPART_DISPLAYS_MAX; i++) {
        snprintf(names[i], sizeof names[i], "t%zu", i);
        texts[i] = (struct rf_fwpart_display){rf_slice_str(names[i]), rf_slice_str("x")};
    }
    assert_err(make_with(&f, texts, 60, dir, NULL), RF_OK);
    assert_display(&f, dir, "t59", "x");
    assert_refused(make_with(&f, texts, 61, dir, &why), RF_ERR_LIMIT, why, "display-count");
    /* Texts that would be two lines of the component. */
    texts[0] = (struct rf_fwpart_display){rf_slice_str("idle"), rf_slice_str("a\nversion=9")};
    why = (struct rf_why){0};
    assert_refused(make_with(&f, texts, 1, dir, &why), RF_ERR_BAD, why, "value-control");
    assert_display(&f, dir, "t59", "x"); /* the one before is still whole */
}

static struct rf_buf sounds_of(const struct rf_factory *f, const char *version)
{
    RF_AUTO(rf_freep) char *dir = new_dir();
    RF_AUTO(rf_freep) char *path = rf_strf("%s/rfsnd.%s.sbn", dir, version);
    RF_AUTO(rf_cert_list_fini) struct rf_cert_list keys = {0};
    RF_AUTO(rf_buf_fini) struct rf_buf file = {0};
    struct rf_image_info info;
    struct rf_slice body;
    struct rf_buf out = RF_BUF(FILE_LIMIT);
    char loads[RF_LOADS_NAME_MAX + 1];
    assert_true(rf_cert_list_add(&keys, f->image_cert));
    assert_err(make(f, version, "rf-1", dir, loads, NULL), RF_OK);
    file = read_path(path);
    assert_err(
        rf_image_verify(rf_buf_slice(&file), (struct rf_slice){NULL, 0}, &keys, &info, &body, NULL),
        RF_OK);
    assert_err(rf_buf_add_slice(&out, body), RF_OK);
    return out;
}

static void another_version_rings_otherwise(void **state)
{
    (void)state;
    RF_AUTO(rf_factory_fini) struct rf_factory f = opened();
    RF_AUTO(rf_buf_fini) struct rf_buf one = sounds_of(&f, "1.0");
    RF_AUTO(rf_buf_fini) struct rf_buf again = sounds_of(&f, "1.0");
    RF_AUTO(rf_buf_fini) struct rf_buf two = sounds_of(&f, "2.0");
    struct rf_fwpart_snd a, b;
    assert_slice_eq(rf_buf_slice(&one), rf_buf_slice(&again));
    assert_err(rf_fwpart_snd_decode(rf_buf_slice(&one), &a, NULL), RF_OK);
    assert_err(rf_fwpart_snd_decode(rf_buf_slice(&two), &b, NULL), RF_OK);
    assert_int_equal(a.sound_n, 5);
    assert_int_equal(a.sound[0].kind, RF_FWPART_SOUND_RING);
    assert_int_equal(a.sound[0].samples.len, 8000); /* one second */
    assert_false(rf_slice_eq(a.sound[0].samples, b.sound[0].samples));
    assert_slice_eq(a.sound[1].samples, b.sound[1].samples); /* tones are everybody's */
}

/* Another image key. */

/* Does a phone with these keys believe a firmware of this factory? */
static enum rf_err believed(const struct rf_factory *f, const struct rf_cert_list *keys,
                            const char *version, struct rf_image_keys *brings, struct rf_why *why)
{
    RF_AUTO(rf_freep) char *dir = new_dir();
    RF_AUTO(rf_freep) char *path = rf_strf("%s/rfkeys.%s.sbn", dir, version);
    RF_AUTO(rf_buf_fini) struct rf_buf file = {0};
    char loads[RF_LOADS_NAME_MAX + 1];
    struct rf_load load;
    struct rf_load_want want = {0};
    struct rf_image_info info;
    struct rf_slice body;
    *why = (struct rf_why){0};
    assert_err(make(f, version, "rf-1", dir, loads, NULL), RF_OK);
    enum rf_err err = rf_load_verify_dir(dir, loads, keys, &want, &load, why);
    if (err != RF_OK)
        return err;
    assert_int_equal(load.component_n, f->image_keys.generation != 0 ? 3 : 2);
    rf_load_fini(&load);
    if (f->image_keys.generation == 0)
        return RF_OK;
    file = read_path(path);
    assert_err(rf_image_verify(rf_buf_slice(&file), (struct rf_slice){0}, keys, &info, &body, NULL),
               RF_OK);
    assert_err(rf_image_keys_decode(body, brings, NULL), RF_OK);
    return RF_OK;
}

static void the_image_key_is_changed_in_two_steps(void **state)
{
    (void)state;
    RF_AUTO(rf_freep) char *from = shared_path("factory");
    RF_AUTO(rf_freep) char *dir = new_dir();
    RF_AUTO(rf_factory_fini) struct rf_factory f = {0};
    RF_AUTO(rf_image_keys_fini) struct rf_image_keys first = {0}, second = {0}, none = {0};
    struct rf_why why = {0};
    copy_dir(from, dir);
    assert_err(rf_factory_open(dir, &f, NULL), RF_OK);
    struct rf_cert_list old = {.n = 1, .cert = {f.image_cert}};
    RF_AUTO(rf_cert_list_fini) struct rf_cert_list kept = {0};
    assert_true(rf_cert_list_add(&kept, f.image_cert));
    assert_err(believed(&f, &old, "1.0", &none, &why), RF_OK);
    assert_refused(rf_factory_key_retire(&f, &why), RF_ERR_NOT_FOUND, why, "image-key-next");
    /* A next key: the old one signs, and says both. */
    assert_err(rf_factory_key_next(&f, SETUP_NOW, NULL), RF_OK);
    why = (struct rf_why){0};
    assert_refused(rf_factory_key_next(&f, SETUP_NOW, &why), RF_ERR_EXISTS, why, "image-key-next");
    rf_factory_fini(&f);
    assert_err(rf_factory_open(dir, &f, NULL), RF_OK);
    assert_true(rf_cert_eq(f.image_cert, kept.cert[0]));
    assert_err(believed(&f, &kept, "2.0", &first, &why), RF_OK);
    assert_int_equal(first.generation, 1);
    assert_int_equal(first.list.n, 2);
    /* The old one retires: the next one signs, and says itself alone. */
    assert_err(rf_factory_key_retire(&f, NULL), RF_OK);
    assert_err(believed(&f, &first.list, "3.0", &second, &why), RF_OK);
    assert_int_equal(second.generation, 2);
    assert_int_equal(second.list.n, 1);
    assert_refused(believed(&f, &kept, "3.0", &none, &why), RF_ERR_DENIED, why, "signer-unknown");
    rf_factory_fini(&f);
    assert_err(rf_factory_open(dir, &f, NULL), RF_OK);
    assert_true(rf_cert_eq(f.image_cert, second.list.cert[0]));
    assert_false(rf_cert_eq(f.image_cert, kept.cert[0]));
    assert_err(rf_factory_key_next(&f, SETUP_NOW, NULL), RF_OK); /* and again, for the next time */
    assert_int_equal(f.image_keys.generation, 3);
}

/* MICs. */

static enum rf_err mic(const struct rf_factory *f, const char *device, const char *model,
                       const char *serial, struct rf_factory_mic *out, struct rf_why *why)
{
    return rf_factory_mic_make(f, device, model, serial, RF_KEY_RSA, false, SETUP_NOW, out, why);
}

static void a_mic_names_its_phone_and_chains_to_the_root(void **state)
{
    (void)state;
    RF_AUTO(rf_factory_fini) struct rf_factory f = opened();
    RF_AUTO(rf_factory_mic_fini) struct rf_factory_mic m = {0};
    RF_AUTO(rf_anchors_freep) struct rf_anchors *anchors = anchors_of(&f);
    RF_AUTO(rf_cert_list_fini) struct rf_cert_list chain = {0};
    struct rf_path_policy policy = {.now_s = SETUP_NOW};
    const struct rf_cert *anchor = NULL;
    struct rf_why why = {0};
    assert_err(mic(&f, "SEP001122334455", "7962", "RF-1", &m, NULL), RF_OK);
    assert_slice_str(rf_cert_cn(m.cert), "CP-7962-SEP001122334455");
    assert_string_equal(rf_cert_subject_attr(m.cert, "serialNumber"), "PID:CP-7962 SN:RF-1");
    assert_string_equal(rf_cert_subject_attr(m.cert, "O"), org);
    assert_true(rf_key_matches(m.key, m.cert));
    assert_int_equal(rf_key_bits(m.key), 2048);
    assert_int_equal(rf_cert_not_after(m.cert), SETUP_NOW + RF_FACTORY_MIC_DAYS * 86400LL);
    assert_refused(rf_path_check(anchors, m.cert, NULL, &policy, NULL, &why), RF_ERR_DENIED, why,
                   "path-unknown-issuer");
    assert_true(rf_cert_list_add(&chain, f.issuer));
    assert_err(rf_path_check(anchors, m.cert, &chain, &policy, &anchor, NULL), RF_OK);
    assert_true(rf_cert_eq(anchor, f.root));
}

static void a_mic_is_for_a_device_name_only(void **state)
{
    (void)state;
    RF_AUTO(rf_factory_fini) struct rf_factory f = opened();
    static const struct {
        const char *device, *model, *serial;
    } bad[] = {
        {"SEP00112233445G", "7962", "1"},
        {"SEP001122334455", "", "1"},
        {"SEP001122334455", "7962", ""},
    };
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        struct rf_factory_mic m = {0};
        struct rf_why why = {0};
        assert_refused(mic(&f, bad[i].device, bad[i].model, bad[i].serial, &m, &why), RF_ERR_BAD,
                       why, "issue-name");
        assert_null(m.key);
        assert_null(m.cert);
    }
    RF_AUTO(rf_factory_mic_fini) struct rf_factory_mic m = {0};
    assert_err(mic(&f, "SEP001122334455", "7962", "1", &m, NULL), RF_OK);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_factory_has_a_root_an_issuer_and_an_image_key),
        cmocka_unit_test(names_of_real_manufacturers_are_refused),
        cmocka_unit_test(a_factory_is_never_replaced),
        cmocka_unit_test(only_a_whole_factory_opens),
        cmocka_unit_test(sec_01_a_firmware_verifies_as_a_whole),
        cmocka_unit_test(sec_04_sec_05_a_firmware_is_for_its_maker_and_its_hardware),
        cmocka_unit_test(versions_and_hardware_are_words),
        cmocka_unit_test(display_texts_are_those_that_were_given),
        cmocka_unit_test(another_version_rings_otherwise),
        cmocka_unit_test(the_image_key_is_changed_in_two_steps),
        cmocka_unit_test(a_mic_names_its_phone_and_chains_to_the_root),
        cmocka_unit_test(a_mic_is_for_a_device_name_only),
    };
    return cmocka_run_group_tests(tests, group_setup, group_teardown);
}
