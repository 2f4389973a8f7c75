/* SPDX-License-Identifier: Apache-2.0 */
/* Loads of ringphone: every way to spoil one, each beside the load that is not spoiled. */
#include "pki.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "trust/digest.h"
#include "trust/image_int.h"
#include "wire/fwpart/fwpart.h"

#define LIST "rf-2.loads"
#define APP  "rfapp.2-0.sbn"
#define SND  "rfsnd.2-0.sbn"
#define OPT  "rfopt.2-0.sbn"
#define MD5  "0123456789abcdef0123456789abcdef"

static struct id maker, foreign;
static struct rf_cert_list keys;
static char dir[64];

static const char app_body[] = "version=2.0\nhardware=RP-1\ndisplay.idle=Ringfence 2\n";
static const char snd_body[] = "RFSN\x01\x00";
static const char opt_body[] = MD5 " anything";
static const struct rf_load_want want_nothing;

static struct rf_slice str(const char *s)
{
    return rf_slice_str(s);
}

static struct rf_buf signed_by(const struct id *id, const char *name, enum rf_digest digest,
                               struct rf_slice body)
{
    struct rf_buf out = RF_BUF(body.len + RF_SIGFILE_OVERHEAD_MAX);
    struct rf_sigfile_spec spec = {.name = name, .digest = digest, .body = body};
    assert_err(rf_image_sign(id->vault, id->cert, &spec, &out, NULL), RF_OK);
    return out;
}

static char *path_of(const char *name)
{
    return rf_path_join(dir, name);
}

static void put(const char *name, struct rf_slice content)
{
    RF_AUTO(rf_freep) char *path = path_of(name);
    assert_err(rf_file_replace(path, content, 0644, NULL), RF_OK);
}

static void put_signed(const char *name, struct rf_slice body)
{
    RF_AUTO(rf_buf_fini) struct rf_buf file = signed_by(&maker, name, RF_DIGEST_SHA512, body);
    put(name, rf_buf_slice(&file));
}

static struct rf_buf get(const char *name)
{
    RF_AUTO(rf_freep) char *path = path_of(name);
    struct rf_buf b = {0};
    assert_err(rf_file_read(path, 1 << 20, &b, NULL), RF_OK);
    return b;
}

static void drop(const char *name)
{
    RF_AUTO(rf_freep) char *path = path_of(name);
    assert_err(rf_file_remove(path, NULL), RF_OK);
}

/* The load that every test begins with. */
static void put_good_load(void)
{
    assert_err(rf_dir_empty(dir, NULL), RF_OK);
    put_signed(LIST, str(APP "\r\n" SND "\r\n"));
    put_signed(APP, str(app_body));
    put_signed(SND, rf_slice_of(snd_body, sizeof(snd_body) - 1));
}

static enum rf_err verify(const struct rf_load_want *want, struct rf_why *why)
{
    struct rf_load load;
    *why = (struct rf_why){0};
    enum rf_err err = rf_load_verify_dir(dir, LIST, &keys, want, &load, why);
    if (err != RF_OK) {
        assert_int_equal(load.component_n, 0);
        assert_int_equal(load.app_file.len + load.loads_file.len, 0);
        assert_int_equal(load.app_body.len, 0);
        assert_string_equal(load.version, "");
    }
    rf_load_fini(&load);
    return err;
}

static void taken(void)
{
    struct rf_why why;
    enum rf_err err = verify(&want_nothing, &why);
    if (err != RF_OK)
        print_error("%s\n", rf_why_text(&why));
    assert_err(err, RF_OK);
}

/* Refused, and the text names the file. */
static void refused(enum rf_err err, const char *code, const char *names)
{
    struct rf_why why;
    assert_refused(verify(&want_nothing, &why), err, why, code);
    assert_non_null(strstr(why.text, names));
}

static int set_up(void **state)
{
    maker = self_id(RF_CERT_ROLE_IMAGE_SIGNER, "image key", 1024);
    foreign = self_id(RF_CERT_ROLE_IMAGE_SIGNER, "image key", 1024);
    assert_true(rf_cert_list_add(&keys, maker.cert));
    test_tmp(dir, sizeof(dir), "image");
    return mkdtemp(dir) != NULL ? 0 : -1;
}

static int tear_down(void **state)
{
    assert_err(rf_dir_empty(dir, NULL), RF_OK);
    rf_cert_list_fini(&keys);
    id_fini(&maker);
    id_fini(&foreign);
    return rmdir(dir);
}

static void a_whole_load_is_taken_sec_01(void **state)
{
    struct rf_load load;
    struct rf_fwpart_app app;
    struct rf_load_want want = {.hardware = str("RP-1"), .min_version = str("2.0")};
    put_good_load();
    assert_err(rf_load_verify_dir(dir, LIST, &keys, &want, &load, NULL), RF_OK);
    assert_string_equal(load.name, LIST);
    assert_string_equal(load.version, "2.0");
    assert_string_equal(load.hardware, "RP-1");
    assert_int_equal(load.loads.entry_n, 2);
    assert_int_equal(load.component_n, 2);
    assert_string_equal(load.list_info.name, LIST);
    assert_string_equal(load.component[0].name, APP);
    assert_string_equal(load.component[1].name, SND);
    assert_err(rf_fwpart_app_decode(load.app_body, &app, NULL), RF_OK);
    assert_slice_str(rf_fwpart_app_display(&app, "idle"), "Ringfence 2");
    rf_load_fini(&load);
}

static void what_was_verified_is_described(void **state)
{
    static const enum rf_digest digests[] = {RF_DIGEST_SHA1, RF_DIGEST_SHA512};
    for (size_t i = 0; i < 2; i++) {
        RF_AUTO(rf_buf_fini) struct rf_buf file = signed_by(&maker, APP, digests[i], str(app_body));
        struct rf_image_info memory, disk;
        struct rf_slice body;
        uint8_t md[RF_DIGEST_MAX];
        put(APP, rf_buf_slice(&file));
        RF_AUTO(rf_freep) char *path = path_of(APP);
        assert_err(rf_image_verify(rf_buf_slice(&file), str(APP), &keys, &memory, &body, NULL),
                   RF_OK);
        assert_err(rf_image_verify_path(path, str(APP), &keys, &disk, NULL), RF_OK);
        assert_slice_str(body, app_body);
        rf_digest_of(RF_DIGEST_SHA256, rf_buf_slice(&file), md);
        const struct rf_image_info *both[] = {&memory, &disk};
        for (size_t k = 0; k < 2; k++) {
            assert_string_equal(both[k]->name, APP);
            assert_int_equal(both[k]->digest, digests[i]);
            assert_int_equal(both[k]->file_len, file.len);
            assert_int_equal(both[k]->body_len, sizeof(app_body) - 1);
            assert_int_equal(both[k]->body_off, file.len - (sizeof(app_body) - 1));
            assert_string_equal(both[k]->signer, rf_cert_fingerprint(maker.cert));
            assert_memory_equal(both[k]->sha256, md, 32);
        }
        /* Without a name to compare any signed name is shown. */
        assert_err(
            rf_image_verify(rf_buf_slice(&file), (struct rf_slice){0}, &keys, &memory, &body, NULL),
            RF_OK);
        assert_string_equal(memory.name, APP);
    }
}

static void one_changed_bit_anywhere_refuses_an_image_sec_02_sec_03(void **state)
{
    RF_AUTO(rf_buf_fini)
    struct rf_buf file = signed_by(&maker, APP, RF_DIGEST_SHA512, str(app_body));
    struct rf_image_info info;
    struct rf_slice body;
    for (size_t i = 0; i < file.len; i++) {
        uint8_t kept = file.p[i];
        file.p[i] ^= (uint8_t)(1u << (i % 8));
        struct rf_why why = {0};
        if (rf_image_verify(rf_buf_slice(&file), str(APP), &keys, &info, &body, &why) == RF_OK)
            fail_msg("taken with a change in byte %zu", i);
        assert_string_not_equal(why.code, "");
        assert_int_equal(body.len, 0);
        assert_string_equal(info.name, "");
        file.p[i] = kept;
    }
    assert_err(rf_image_verify(rf_buf_slice(&file), str(APP), &keys, &info, &body, NULL), RF_OK);
}

static void one_changed_bit_in_any_file_refuses_the_load_sec_02(void **state)
{
    static const char *const names[] = {LIST, APP, SND};
    for (size_t i = 0; i < 3; i++) {
        put_good_load();
        RF_AUTO(rf_buf_fini) struct rf_buf file = get(names[i]);
        RF_AUTO(rf_freep) char *path = path_of(names[i]);
        struct rf_image_info info;
        assert_err(rf_image_verify_path(path, str(names[i]), &keys, &info, NULL), RF_OK);
        size_t at[] = {(size_t)info.body_off, (size_t)(info.body_off + info.body_len / 2),
                       file.len - 1};
        for (size_t k = 0; k < 3; k++) {
            file.p[at[k]] ^= 0x10;
            put(names[i], rf_buf_slice(&file));
            refused(RF_ERR_CRYPTO, "sig-mismatch", names[i]);
            file.p[at[k]] ^= 0x10;
        }
        put(names[i], rf_buf_slice(&file));
        taken();
    }
}

/* Signed by `signer`, but the header names `named`. */
static struct rf_buf forged(const struct id *signer, const struct rf_cert *named,
                            enum rf_signedfile_hash hash, uint8_t minor, const char *name,
                            struct rf_slice body)
{
    struct rf_signedfile_spec spec = {
        .form = RF_SIGNEDFILE_FORM_IMAGE,
        .major = 1,
        .minor = minor,
        .signer = str(rf_cert_subject(named)),
        .issuer = str(rf_cert_issuer(named)),
        .serial = rf_cert_serial(named),
        .hash = hash,
        .signature_len = 128,
        .file_name = str(name),
    };
    struct rf_signedfile_layout layout;
    struct rf_buf out = RF_BUF(RF_SIGFILE_OVERHEAD_MAX + body.len);
    uint8_t *to = rf_buf_room(&out, RF_SIGFILE_OVERHEAD_MAX);
    assert_err(rf_signedfile_encode(&spec, to, RF_SIGFILE_OVERHEAD_MAX, &layout, NULL), RF_OK);
    out.len = layout.header_len;
    assert_err(rf_buf_add_slice(&out, body), RF_OK);
    assert_err(rf_sigfile_sign_in_place(signer->vault, signer->cert, (enum rf_digest)hash, &layout,
                                        out.p, out.len, NULL),
               RF_OK);
    return out;
}

static void a_foreign_signature_is_refused_sec_04(void **state)
{
    struct rf_slice body = rf_slice_of(snd_body, sizeof(snd_body) - 1);
    RF_AUTO(rf_buf_fini) struct rf_buf own = signed_by(&foreign, SND, RF_DIGEST_SHA512, body);
    RF_AUTO(rf_buf_fini)
    struct rf_buf claimed = forged(&foreign, maker.cert, RF_SIGNEDFILE_SHA512, 1, SND, body);
    RF_AUTO(rf_buf_fini)
    struct rf_buf honest = forged(&maker, maker.cert, RF_SIGNEDFILE_SHA512, 1, SND, body);
    put_good_load();
    put(SND, rf_buf_slice(&own));
    refused(RF_ERR_DENIED, "signer-unknown", SND);
    put(SND, rf_buf_slice(&claimed));
    refused(RF_ERR_CRYPTO, "sig-mismatch", SND);
    put(SND, rf_buf_slice(&honest));
    taken();
    /* The foreign key among the phone's keys: its own signature is taken then. */
    struct rf_cert_list both = {0};
    struct rf_load load;
    assert_true(rf_cert_list_add(&both, foreign.cert));
    assert_true(rf_cert_list_add(&both, maker.cert));
    put(SND, rf_buf_slice(&own));
    assert_err(rf_load_verify_dir(dir, LIST, &both, &want_nothing, &load, NULL), RF_OK);
    assert_string_equal(load.component[1].signer, rf_cert_fingerprint(foreign.cert));
    rf_load_fini(&load);
    rf_cert_list_fini(&both);
}

static void containers_of_another_kind_are_refused(void **state)
{
    struct rf_slice body = rf_slice_of(snd_body, sizeof(snd_body) - 1);
    RF_AUTO(rf_buf_fini) struct rf_buf sgn = RF_BUF(RF_SIGFILE_OVERHEAD_MAX);
    struct rf_sigfile_spec spec = {
        .name = SND, .digest = RF_DIGEST_SHA512, .timestamp = TEST_NOW, .body = body};
    RF_AUTO(rf_buf_fini)
    struct rf_buf sha256 = forged(&maker, maker.cert, RF_SIGNEDFILE_SHA256, 1, SND, body);
    put_good_load();
    assert_err(rf_sigfile_sign(maker.vault, maker.cert, &spec, &sgn, NULL), RF_OK);
    put(SND, rf_buf_slice(&sgn));
    refused(RF_ERR_DENIED, "file-kind", SND);
    put(SND, rf_buf_slice(&sha256));
    refused(RF_ERR_DENIED, "digest-refused", SND);
    put_good_load();
    taken();
}

static void firmware_for_other_hardware_is_refused_sec_05(void **state)
{
    struct rf_load_want want = {.hardware = str("RP-2")};
    struct rf_why why;
    put_good_load();
    assert_refused(verify(&want, &why), RF_ERR_DENIED, why, "image-hardware");
    assert_non_null(strstr(why.text, "RP-1"));
    want.hardware = str("RP-10");
    assert_refused(verify(&want, &why), RF_ERR_DENIED, why, "image-hardware");
    want.hardware = str("RP-1");
    assert_err(verify(&want, &why), RF_OK);
}

static void files_cut_or_grown_are_refused_sec_06(void **state)
{
    RF_AUTO(rf_buf_fini)
    struct rf_buf file = signed_by(&maker, APP, RF_DIGEST_SHA512, str(app_body));
    struct rf_image_info info;
    struct rf_slice body;
    for (size_t n = 0; n < file.len; n++)
        assert_true(rf_image_verify(rf_slice_part(rf_buf_slice(&file), 0, n), str(APP), &keys,
                                    &info, &body, NULL) != RF_OK);
    put_good_load();
    static const char *const names[] = {LIST, APP, SND};
    for (size_t i = 0; i < 3; i++) {
        RF_AUTO(rf_buf_fini) struct rf_buf whole = get(names[i]);
        size_t kept[] = {0, 9, 100, whole.len - 1};
        struct rf_why why;
        for (size_t k = 0; k < 4; k++) {
            put(names[i], rf_slice_part(rf_buf_slice(&whole), 0, kept[k]));
            assert_true(verify(&want_nothing, &why) != RF_OK);
            assert_non_null(strstr(why.text, names[i]));
        }
        whole.max = whole.len + 1;
        assert_err(rf_buf_add(&whole, "", 1), RF_OK);
        put(names[i], rf_buf_slice(&whole));
        refused(RF_ERR_CRYPTO, "sig-mismatch", names[i]);
        put(names[i], rf_slice_part(rf_buf_slice(&whole), 0, whole.len - 1));
        taken();
    }
}

static void files_beyond_their_limits_are_refused_sec_06(void **state)
{
    static const struct {
        const char *name;
        off_t len;
        const char *code;
    } rows[] = {
        {LIST, 65536, "loads-size"},
        {APP, 65536, "image-size"},
        {SND, (off_t)RF_IMAGE_BYTES_MAX + 1, "image-size"},
    };
    for (size_t i = 0; i < 3; i++) {
        put_good_load();
        RF_AUTO(rf_freep) char *path = path_of(rows[i].name);
        struct stat st;
        assert_int_equal(stat(path, &st), 0);
        assert_int_equal(truncate(path, rows[i].len), 0); /* grows by a hole */
        refused(RF_ERR_LIMIT, rows[i].code, rows[i].name);
        assert_int_equal(truncate(path, st.st_size), 0);
        taken();
    }
}

/* Larger than the pieces it is read in, and not a whole number of them. */
static void a_large_image_is_read_in_pieces(void **state)
{
    enum { BIG = 3 * 65536 + 17 };
    static uint8_t bytes[BIG];
    for (size_t i = 0; i < BIG; i++)
        bytes[i] = (uint8_t)(i * 7);
    put_good_load();
    put_signed(SND, rf_slice_of(bytes, BIG));
    taken();
    RF_AUTO(rf_buf_fini) struct rf_buf file = get(SND);
    static const size_t from_end[] = {1, 17, 18, 65536 + 17, 2 * 65536 + 18, BIG};
    for (size_t i = 0; i < sizeof(from_end) / sizeof(from_end[0]); i++) {
        file.p[file.len - from_end[i]] ^= 1;
        put(SND, rf_buf_slice(&file));
        refused(RF_ERR_CRYPTO, "sig-mismatch", SND);
        file.p[file.len - from_end[i]] ^= 1;
    }
    put(SND, rf_buf_slice(&file));
    taken();
}

static void unsigned_files_are_refused_sec_07(void **state)
{
    put_good_load();
    put(SND, rf_slice_of(snd_body, sizeof(snd_body) - 1));
    refused(RF_ERR_BAD, "version-first", SND);
    put(SND, rf_slice_of("RFSN\x01\x01\x01\x01"
                         "a\0\0\0\x04"
                         "1234",
                         17));
    refused(RF_ERR_BAD, "version-first", SND);
    put_good_load();
    put(APP, str(app_body));
    refused(RF_ERR_BAD, "version-first", APP);
    put_good_load();
    put(LIST, str(APP "\r\n" SND "\r\n"));
    refused(RF_ERR_BAD, "version-first", LIST);
    put_good_load();
    taken();
}

static void older_firmware_is_refused_only_below_a_floor_sec_08(void **state)
{
    static const struct {
        const char *floor;
        bool is_taken;
    } rows[] = {{"", true},     {"1.9", true},   {"2.0", true},    {"1.10.7", true},
                {"2.1", false}, {"10.0", false}, {"2.0.1", false}, {"2.0a", false}};
    put_good_load();
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct rf_load_want want = {.min_version = str(rows[i].floor)};
        struct rf_why why;
        if (rows[i].is_taken)
            assert_err(verify(&want, &why), RF_OK);
        else
            assert_refused(verify(&want, &why), RF_ERR_DENIED, why, "image-version");
    }
}

static void versions_have_an_order(void **state)
{
    /* Each is behind the one before. */
    static const char *const order[] = {
        "",      "0",     "1", "1.2", "1.2.0", "1.9", "1.10",
        "1.10a", "1.10b", "2", "2-1", "2.0",   "10",  "100000000000000000000000",
        "a1",    "a2",    "b"};
    static const size_t n = sizeof(order) / sizeof(order[0]);
    for (size_t i = 0; i < n; i++)
        for (size_t k = 0; k < n; k++)
            assert_int_equal(rf_image_version_order(str(order[i]), str(order[k])),
                             i < k ? -1 : i > k);
    assert_int_equal(rf_image_version_order(str("1.007"), str("1.7")), 0);
    assert_int_equal(rf_image_version_order(str("0"), str("00")), 0);
}

static void a_component_of_another_release_is_refused_sec_09(void **state)
{
    struct rf_slice body = rf_slice_of(snd_body, sizeof(snd_body) - 1);
    RF_AUTO(rf_buf_fini)
    struct rf_buf other = signed_by(&maker, "rfsnd.1-0.sbn", RF_DIGEST_SHA512, body);
    put_good_load();
    put(SND, rf_buf_slice(&other));
    refused(RF_ERR_DENIED, "file-name", SND);
    RF_AUTO(rf_buf_fini)
    struct rf_buf list = signed_by(&maker, "rf-1.loads", RF_DIGEST_SHA512, str(APP "\r\n"));
    put_good_load();
    put(LIST, rf_buf_slice(&list));
    refused(RF_ERR_DENIED, "file-name", LIST);
    put_good_load();
    taken();
}

static void a_missing_file_is_named(void **state)
{
    static const char *const names[] = {LIST, APP, SND};
    for (size_t i = 0; i < 3; i++) {
        put_good_load();
        drop(names[i]);
        refused(RF_ERR_NOT_FOUND, "image-missing", names[i]);
    }
    put_good_load();
    drop(SND);
    RF_AUTO(rf_freep) char *path = path_of(SND);
    struct rf_image_info info;
    struct rf_why why = {0};
    assert_refused(rf_image_verify_path(path, str(SND), &keys, &info, &why), RF_ERR_NOT_FOUND, why,
                   "image-missing");
    assert_int_equal(mkdir(path, 0700), 0);
    refused(RF_ERR_IO, "image-io", SND);
    assert_int_equal(rmdir(path), 0);
    assert_int_equal(mkfifo(path, 0600), 0);
    refused(RF_ERR_IO, "image-io", SND);
    assert_int_equal(unlink(path), 0);
    put_good_load();
    taken();
}

static void an_optional_image_may_be_missing_but_not_be_wrong(void **state)
{
    struct rf_load load;
    put_good_load();
    put_signed(OPT, str(opt_body));
    RF_AUTO(rf_buf_fini) struct rf_buf opt = get(OPT);
    RF_AUTO(rf_freep)
    char *lines = rf_strf(APP "\r\n#+ " OPT " %zu " MD5 "\r\n" SND "\r\n", opt.len);
    put_signed(LIST, str(lines));
    assert_err(rf_load_verify_dir(dir, LIST, &keys, &want_nothing, &load, NULL), RF_OK);
    assert_int_equal(load.component_n, 3);
    assert_string_equal(load.component[1].name, OPT);
    rf_load_fini(&load);
    opt.p[opt.len - 1] ^= 1;
    put(OPT, rf_buf_slice(&opt));
    refused(RF_ERR_CRYPTO, "sig-mismatch", OPT);
    drop(OPT);
    assert_err(rf_load_verify_dir(dir, LIST, &keys, &want_nothing, &load, NULL), RF_OK);
    assert_int_equal(load.loads.entry_n, 3);
    assert_int_equal(load.component_n, 2);
    assert_string_equal(load.component[1].name, SND);
    rf_load_fini(&load);
}

static void size_and_digest_of_the_list_bind(void **state)
{
    static const char other[] = "0123456789abcdef0123456789abcdee";
    put_good_load();
    put_signed(SND, str(opt_body));
    RF_AUTO(rf_buf_fini) struct rf_buf snd = get(SND);
    for (int i = 0; i < 4; i++) {
        RF_AUTO(rf_freep)
        char *lines =
            rf_strf(APP "\r\n" SND " %zu %s\r\n", snd.len + (i == 1), i == 2 ? other : MD5);
        put_signed(LIST, str(lines));
        if (i == 1)
            refused(RF_ERR_DENIED, "image-size", SND);
        else if (i == 2)
            refused(RF_ERR_DENIED, "image-digest", SND);
        else
            taken();
    }
    /* A body shorter than a digest. */
    put_signed(SND, str("0123456789abcdef"));
    RF_AUTO(rf_buf_fini) struct rf_buf cut = get(SND);
    RF_AUTO(rf_freep) char *lines = rf_strf(APP "\r\n" SND " %zu " MD5 "\r\n", cut.len);
    put_signed(LIST, str(lines));
    refused(RF_ERR_DENIED, "image-digest", SND);
    /* The app is held to it as well. */
    put_good_load();
    RF_AUTO(rf_buf_fini) struct rf_buf app = get(APP);
    RF_AUTO(rf_freep) char *app_line = rf_strf(APP " %zu " MD5 "\r\n", app.len + 1);
    put_signed(LIST, str(app_line));
    refused(RF_ERR_DENIED, "image-size", APP);
}

static void a_load_has_one_readable_app(void **state)
{
    RF_AUTO(rf_freep) char *long_version = rf_strf("version=%064d\nhardware=RP-1\n", 1);
    RF_AUTO(rf_freep) char *longest = rf_strf("version=%063d\nhardware=RP-1\n", 1);
    put_good_load();
    put_signed(LIST, str(SND "\r\n"));
    refused(RF_ERR_BAD, "image-app", LIST);
    put_signed(LIST, str(APP "\r\nrfapp.1-0.sbn\r\n"));
    put_signed("rfapp.1-0.sbn", str(app_body));
    refused(RF_ERR_BAD, "image-app", "rfapp.1-0.sbn");
    put_good_load();
    put_signed(APP, str("hardware=RP-1\n"));
    refused(RF_ERR_BAD, "image-app", APP);
    put_signed(APP, str(long_version));
    refused(RF_ERR_BAD, "image-app", APP);
    put_signed(APP, str(longest));
    taken();
}

static void a_list_is_opened_alone(void **state)
{
    static const char *const bad_names[] = {"", ".loads", "../rf-2.loads", "a/rf-2.loads"};
    struct rf_load load;
    struct rf_why why = {0};
    put_good_load();
    RF_AUTO(rf_buf_fini) struct rf_buf file = get(LIST);
    struct rf_slice whole = rf_buf_slice(&file);
    assert_err(rf_load_open(whole, LIST, &keys, &load, NULL), RF_OK);
    assert_int_equal(load.loads.entry_n, 2);
    assert_slice_str(load.loads.entry[1].name, SND);
    rf_load_fini(&load);
    assert_refused(rf_load_open(whole, "rf-1.loads", &keys, &load, &why), RF_ERR_DENIED, why,
                   "file-name");
    assert_int_equal(load.loads.entry_n + load.loads_file.len, 0);
    for (size_t i = 0; i < 4; i++) {
        why = (struct rf_why){0};
        assert_refused(rf_load_open(whole, bad_names[i], &keys, &load, &why), RF_ERR_BAD, why,
                       "loads-name");
        why = (struct rf_why){0};
        assert_refused(rf_load_verify_dir(dir, bad_names[i], &keys, &want_nothing, &load, &why),
                       RF_ERR_BAD, why, "loads-name");
    }
    RF_AUTO(rf_buf_fini)
    struct rf_buf empty = signed_by(&maker, LIST, RF_DIGEST_SHA512, str("# nothing\r\n"));
    why = (struct rf_why){0};
    assert_refused(rf_load_open(rf_buf_slice(&empty), LIST, &keys, &load, &why), RF_ERR_BAD, why,
                   "loads-empty");
    RF_AUTO(rf_buf_fini)
    struct rf_buf bad = signed_by(&maker, LIST, RF_DIGEST_SHA512, str("../rfapp.sbn\r\n"));
    why = (struct rf_why){0};
    assert_refused(rf_load_open(rf_buf_slice(&bad), LIST, &keys, &load, &why), RF_ERR_BAD, why,
                   "entry-name");
    static uint8_t big[65536];
    why = (struct rf_why){0};
    assert_refused(rf_load_open(rf_slice_of(big, sizeof(big)), LIST, &keys, &load, &why),
                   RF_ERR_LIMIT, why, "loads-size");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_whole_load_is_taken_sec_01),
        cmocka_unit_test(what_was_verified_is_described),
        cmocka_unit_test(one_changed_bit_anywhere_refuses_an_image_sec_02_sec_03),
        cmocka_unit_test(one_changed_bit_in_any_file_refuses_the_load_sec_02),
        cmocka_unit_test(a_foreign_signature_is_refused_sec_04),
        cmocka_unit_test(containers_of_another_kind_are_refused),
        cmocka_unit_test(firmware_for_other_hardware_is_refused_sec_05),
        cmocka_unit_test(files_cut_or_grown_are_refused_sec_06),
        cmocka_unit_test(files_beyond_their_limits_are_refused_sec_06),
        cmocka_unit_test(a_large_image_is_read_in_pieces),
        cmocka_unit_test(unsigned_files_are_refused_sec_07),
        cmocka_unit_test(older_firmware_is_refused_only_below_a_floor_sec_08),
        cmocka_unit_test(versions_have_an_order),
        cmocka_unit_test(a_component_of_another_release_is_refused_sec_09),
        cmocka_unit_test(a_missing_file_is_named),
        cmocka_unit_test(an_optional_image_may_be_missing_but_not_be_wrong),
        cmocka_unit_test(size_and_digest_of_the_list_bind),
        cmocka_unit_test(a_load_has_one_readable_app),
        cmocka_unit_test(a_list_is_opened_alone),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
