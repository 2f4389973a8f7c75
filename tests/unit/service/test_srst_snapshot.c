/* SPDX-License-Identifier: Apache-2.0 */
/* What a survivable router is told: written and read again, refused for each fault beside the same
 * thing without it, and believed only when it is signed for this router. */
#include "srst_sample.h"

#include "wire/json/json.h"

/* ---- written and read ---- */

static void what_is_written_is_read(void **state)
{
    (void)state;
    RF_AUTO(rf_srst_snapshot_fini) struct rf_srst_snapshot s = sample();
    RF_AUTO(rf_srst_snapshot_fini) struct rf_srst_snapshot got = {0};
    RF_AUTO(rf_buf_fini) struct rf_buf text = sample_text(&s);
    struct rf_why why = {0};
    assert_err(rf_srst_snapshot_parse(rf_buf_slice(&text), &got, &why), RF_OK);
    assert_string_equal(got.branch, BRANCH);
    assert_int_equal(got.serial, 7);
    assert_int_equal(got.made_s, TEST_NOW);
    assert_string_equal(got.site, "hq");
    assert_int_equal(got.keepalive_s, 30);
    assert_int_equal(got.rsa_min, 2048);
    assert_true(got.lsc_issuers.n == 1 && rf_cert_eq(got.lsc_issuers.items[0], site.capf.cert));
    assert_true(got.lsc_cas.n == 1 && rf_cert_eq(got.lsc_cas.items[0], site.ccm.cert));
    assert_true(got.mic_roots.n == 1 && rf_cert_eq(got.mic_roots.items[0], site.sast.cert));
    assert_slice_eq(rf_slice_of(got.blocked, 32 * got.n_blocked), rf_slice_of(s.blocked, 64));
    assert_int_equal(got.n, 2);
    for (size_t i = 0; i < 2; i++) {
        assert_slice_eq(rf_slice_of(&got.phones[i].device, sizeof got.phones[i].device),
                        rf_slice_of(&s.phones[i].device, sizeof s.phones[i].device));
        assert_int_equal(got.phones[i].n_lines, 1);
        assert_slice_eq(rf_slice_of(got.phones[i].lines, sizeof *got.phones[i].lines),
                        rf_slice_of(s.phones[i].lines, sizeof *s.phones[i].lines));
        assert_int_equal(got.suites[i], s.suites[i]);
        assert_int_equal(got.untrusted[i], s.untrusted[i]);
        assert_int_equal(got.certs[i].n, s.certs[i].n);
    }
    for (size_t i = 0; i < 2; i++)
        assert_slice_eq(rf_slice_of(&got.certs[0].items[i], sizeof *got.certs[0].items),
                        rf_slice_of(&s.certs[0].items[i], sizeof *s.certs[0].items));
    RF_AUTO(rf_buf_fini) struct rf_buf again = sample_text(&got);
    assert_slice_eq(rf_buf_slice(&again), rf_buf_slice(&text));
}

static void a_branch_without_devices_is_one(void **state)
{
    (void)state;
    RF_AUTO(rf_srst_snapshot_fini) struct rf_srst_snapshot got = {0};
    struct rf_srst_snapshot s = {.branch = "b", .serial = 1, .site = "hq", .keepalive_s = 1};
    s.rsa_min = 2048;
    RF_AUTO(rf_buf_fini) struct rf_buf text = sample_text(&s);
    assert_err(rf_srst_snapshot_parse(rf_buf_slice(&text), &got, NULL), RF_OK);
    assert_true(got.n == 0 && got.mic_roots.n == 0 && got.n_blocked == 0);
}

static void the_digest_is_of_the_content(void **state)
{
    (void)state;
    RF_AUTO(rf_srst_snapshot_fini) struct rf_srst_snapshot s = sample();
    uint8_t first[32], second[32];
    assert_err(rf_srst_snapshot_digest(&s, first, NULL), RF_OK);
    s.serial = 8;
    s.made_s++;
    assert_err(rf_srst_snapshot_digest(&s, second, NULL), RF_OK);
    assert_memory_equal(first, second, 32);
    s.certs[0].items[0].state = RF_STORE_CERT_REVOKED;
    assert_err(rf_srst_snapshot_digest(&s, second, NULL), RF_OK);
    assert_memory_not_equal(first, second, 32);
}

static void names_of_references(void **state)
{
    (void)state;
    static const char *const good[] = {"b", "branch-1", "Branch-2",
                                       "0123456789012345678901234567890"};
    static const char *const bad[] = {"",    "-b",        "a_b",
                                      "a b", "a/b",       "a.b",
                                      "..",  "b\xc3\xa4", "01234567890123456789012345678901"};
    char file[RF_SRST_FILE_NAME];
    for (size_t i = 0; i < sizeof good / sizeof *good; i++)
        assert_true(rf_srst_name_ok(good[i]));
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        assert_false(rf_srst_name_ok(bad[i]));
    rf_srst_file_name(good[3], file);
    assert_string_equal(file, "SRST-0123456789012345678901234567890.json.sgn");
}

/* ---- refused ---- */

/* The sample with one change. */
struct fault {
    const char *path; /* members and numbers, '/' between; the last is set, or taken away */
    const char *json; /* {"v": ...}; NULL: it is taken away */
    enum rf_err err;
    const char *code;
};

static struct rf_json *go_to(struct rf_json *j, const char *path, char last[32])
{
    struct rf_slice rest = rf_slice_str(path);
    struct rf_slice piece;
    const struct rf_json *at = j;
    last[0] = '\0';
    while (rf_next_piece(&rest, '/', &piece)) {
        uint64_t i;
        if (last[0] != '\0')
            at = rf_parse_u64(rf_slice_str(last), 0, 9, &i) ? rf_json_at(at, (size_t)i)
                                                            : rf_json_get(at, last);
        assert_true(rf_slice_to_str(piece, last, 32));
    }
    assert_non_null(at);
    return (struct rf_json *)(uintptr_t)at;
}

static struct rf_json *sample_json(void)
{
    RF_AUTO(rf_srst_snapshot_fini) struct rf_srst_snapshot s = sample();
    RF_AUTO(rf_buf_fini) struct rf_buf text = sample_text(&s);
    struct rf_json *j = NULL;
    assert_err(rf_json_parse(rf_buf_slice(&text), &j, NULL), RF_OK);
    return j;
}

static enum rf_err parse_json(const struct rf_json *j, struct rf_why *why)
{
    RF_AUTO(rf_srst_snapshot_fini) struct rf_srst_snapshot got = {0};
    RF_AUTO(rf_buf_fini) struct rf_buf text = RF_BUF(RF_SRST_BODY_MAX);
    assert_err(rf_json_dump(j, 0, &text), RF_OK);
    enum rf_err err = rf_srst_snapshot_parse(rf_buf_slice(&text), &got, why);
    if (err != RF_OK)
        assert_true(got.n == 0 && got.phones == NULL && got.branch[0] == '\0');
    return err;
}

static void change(struct rf_json *j, const struct fault *f)
{
    char last[32];
    struct rf_json *at = go_to(j, f->path, last);
    if (f->json == NULL) {
        assert_non_null(rf_json_get(at, last));
        rf_json_unset(at, last);
        return;
    }
    RF_AUTO(rf_json_freep) struct rf_json *value = NULL;
    assert_err(rf_json_parse(rf_slice_str(f->json), &value, NULL), RF_OK);
    rf_json_set_take(at, last, rf_json_dup(rf_json_get(value, "v")));
}

#define BAD "snapshot-format"
#define X32 "0123456789012345678901234567890X"
#define X128                                                                                       \
    X32 X32 X32 X32 /* and */                                                                      \
        "X"

static const struct fault faults[] = {
    {"format", NULL, RF_ERR_BAD, BAD},
    {"format", "{\"v\":2}", RF_ERR_BAD, BAD},
    {"branch", NULL, RF_ERR_BAD, BAD},
    {"branch", "{\"v\":\"a/b\"}", RF_ERR_BAD, BAD},
    {"branch", "{\"v\":\"" X32 "\"}", RF_ERR_BAD, BAD},
    {"serial", NULL, RF_ERR_BAD, BAD},
    {"serial", "{\"v\":0}", RF_ERR_BAD, BAD},
    {"serial", "{\"v\":\"7\"}", RF_ERR_BAD, BAD},
    {"made_s", "{\"v\":-1}", RF_ERR_BAD, BAD},
    {"site", "{\"v\":\"\"}", RF_ERR_BAD, BAD},
    {"site", "{\"v\":\"a\\u0007b\"}", RF_ERR_BAD, BAD},
    {"keepalive_s", "{\"v\":0}", RF_ERR_BAD, BAD},
    {"rsa_min", "{\"v\":100}", RF_ERR_BAD, BAD},
    {"lsc_issuers", NULL, RF_ERR_BAD, BAD},
    {"lsc_issuers", "{\"v\":[\"AAAA\"]}", RF_ERR_BAD, BAD},
    {"lsc_issuers", "{\"v\":[\"AAA\"]}", RF_ERR_BAD, BAD},
    {"lsc_issuers", "{\"v\":[1]}", RF_ERR_BAD, BAD},
    {"lsc_cas", "{\"v\":{}}", RF_ERR_BAD, BAD},
    {"mic_roots", "{\"v\":1}", RF_ERR_BAD, BAD},
    {"blocked", NULL, RF_ERR_BAD, BAD},
    {"blocked", "{\"v\":[\"00\"]}", RF_ERR_BAD, BAD},
    {"devices", NULL, RF_ERR_BAD, BAD},
    {"devices", "{\"v\":[1]}", RF_ERR_BAD, BAD},
    {"devices/0/name", NULL, RF_ERR_BAD, BAD},
    {"devices/0/name", "{\"v\":\"SEP0011223344556\"}", RF_ERR_BAD, BAD},
    {"devices/1/name", "{\"v\":\"" PHONE_A "\"}", RF_ERR_BAD, "snapshot-device"},
    {"devices/1/name", "{\"v\":\"A\"}", RF_ERR_BAD, "snapshot-device"},
    {"devices/0/model", "{\"v\":\"" X32 "\"}", RF_ERR_BAD, BAD},
    {"devices/0/description", "{\"v\":1}", RF_ERR_BAD, BAD},
    {"devices/0/mode", NULL, RF_ERR_BAD, BAD},
    {"devices/0/mode", "{\"v\":\"nonsecure\"}", RF_ERR_BAD, BAD},
    {"devices/0/has_srtp", NULL, RF_ERR_BAD, BAD},
    {"devices/0/has_srtp", "{\"v\":1}", RF_ERR_BAD, BAD},
    {"devices/0/media_policy", NULL, RF_ERR_BAD, BAD},
    {"devices/0/media_policy", "{\"v\":\"any\"}", RF_ERR_BAD, BAD},
    {"devices/0/protected", NULL, RF_ERR_BAD, BAD},
    {"devices/0/suites", "{\"v\":4294967296}", RF_ERR_BAD, BAD},
    {"devices/0/untrusted", "{\"v\":2}", RF_ERR_BAD, BAD},
    {"devices/0/lines", NULL, RF_ERR_BAD, BAD},
    {"devices/0/lines/0/dn", NULL, RF_ERR_BAD, BAD},
    {"devices/0/lines/0/dn", "{\"v\":\"0123456789012345678901234\"}", RF_ERR_BAD, BAD},
    {"devices/0/lines/0/label", "{\"v\":\"" X128 "\"}", RF_ERR_BAD, BAD},
    {"devices/0/lines/0/shared", "{\"v\":1}", RF_ERR_BAD, BAD},
    {"devices/0/lines/0/forward_busy", "{\"v\":null}", RF_ERR_BAD, BAD},
    {"devices/0/lines/0/calls_max", "{\"v\":9}", RF_ERR_BAD, BAD},
    {"devices/0/lines/0/busy_trigger", "{\"v\":-1}", RF_ERR_BAD, BAD},
    {"devices/0/certs", NULL, RF_ERR_BAD, BAD},
    {"devices/0/certs/0/sha256", NULL, RF_ERR_BAD, BAD},
    {"devices/0/certs/0/kind", "{\"v\":\"msc\"}", RF_ERR_BAD, BAD},
    {"devices/0/certs/0/state", "{\"v\":\"\"}", RF_ERR_BAD, BAD},
    {"devices/0/certs/0/issuer", "{\"v\":[]}", RF_ERR_BAD, BAD},
    /* and what may be: */
    {"later", "{\"v\":{}}", RF_OK, ""},
    {"mic_roots", NULL, RF_OK, ""},
    {"devices/0/later", "{\"v\":1}", RF_OK, ""},
    {"devices/0/suites", NULL, RF_OK, ""},
    {"devices/0/untrusted", "{\"v\":1}", RF_OK, ""},
    {"devices/0/lines/0/forward_busy", NULL, RF_OK, ""},
    {"devices/0/lines/0/label", NULL, RF_OK, ""},
    {"devices/0/certs/0/issuer", NULL, RF_OK, ""},
    {"devices/0/lines", "{\"v\":[]}", RF_OK, ""},
};

static void each_fault_is_refused(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof faults / sizeof *faults; i++) {
        RF_AUTO(rf_json_freep) struct rf_json *j = sample_json();
        struct rf_why why = {0};
        change(j, &faults[i]);
        enum rf_err err = parse_json(j, &why);
        if (err != faults[i].err || strcmp(why.code, faults[i].code) != 0)
            print_error("%s %s: %s\n", faults[i].path, faults[i].json, rf_why_text(&why));
        assert_int_equal(err, faults[i].err);
        assert_string_equal(why.code, faults[i].code);
    }
}

static void what_is_no_json_is_refused(void **state)
{
    (void)state;
    static const char *const texts[] = {"", "{", "[]", "1", "{\"format\":1,\"format\":1}"};
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
        struct rf_srst_snapshot got;
        struct rf_why why = {0};
        assert_refused(rf_srst_snapshot_parse(rf_slice_str(texts[i]), &got, &why), RF_ERR_BAD, why,
                       BAD);
    }
}

/* As many as may be, and one more. */
static const struct {
    const char *path, *one, *code;
    size_t max;
} limits[] = {
    {"lsc_issuers", NULL, "snapshot-anchors", RF_SRST_ANCHORS_MAX},
    {"blocked", "\"" X32 X32 "\"", "snapshot-blocked", RF_SRST_BLOCKED_MAX},
    {"devices/0/lines", "{\"dn\":\"2001\"}", "snapshot-lines", RF_SRST_LINES_MAX},
    {"devices/0/certs", "{\"sha256\":\"" X32 X32 "\",\"kind\":\"lsc\",\"state\":\"confirmed\"}",
     "snapshot-certs", RF_SRST_DEVICE_CERTS_MAX},
};

static struct rf_json *so_many(size_t n, const struct rf_json *one)
{
    struct rf_json *arr = rf_json_arr();
    for (size_t i = 0; i < n; i++)
        rf_json_arr_add_take(arr, rf_json_dup(one));
    return arr;
}

static void numbers_are_bounded(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof limits / sizeof *limits; i++) {
        RF_AUTO(rf_json_freep) struct rf_json *j = sample_json();
        RF_AUTO(rf_json_freep) struct rf_json *one = NULL;
        RF_AUTO(rf_buf_fini) struct rf_buf text = RF_BUF(1024);
        struct rf_why why = {0};
        char last[32];
        struct rf_json *at = go_to(j, limits[i].path, last);
        if (limits[i].one == NULL) {
            one = rf_json_dup(rf_json_get(at, last));
        } else {
            assert_err(rf_buf_addf(&text, "[%s]", limits[i].one), RF_OK);
            for (size_t k = 0; k < text.len; k++)
                text.p[k] = text.p[k] == 'X' ? 'f' : text.p[k];
            assert_err(rf_json_parse(rf_buf_slice(&text), &one, NULL), RF_OK);
        }
        rf_json_set_take(at, last, so_many(limits[i].max, rf_json_at(one, 0)));
        assert_err(parse_json(j, &why), RF_OK);
        rf_json_set_take(at, last, so_many(limits[i].max + 1, rf_json_at(one, 0)));
        assert_refused(parse_json(j, &why), RF_ERR_LIMIT, why, limits[i].code);
    }
}

static void devices_are_bounded(void **state)
{
    (void)state;
    RF_AUTO(rf_json_freep) struct rf_json *j = sample_json();
    struct rf_json *arr = rf_json_arr();
    struct rf_why why = {0};
    for (size_t i = 0; i < RF_SRST_DEVICES_MAX + 1; i++) {
        struct rf_json *d = rf_json_dup(rf_json_at(rf_json_get(j, "devices"), 0));
        char name[16];
        snprintf(name, sizeof name, "SEP%012zX", i);
        rf_json_set_str(d, "name", name);
        rf_json_arr_add_take(arr, d);
        if (i + 1 == RF_SRST_DEVICES_MAX) {
            rf_json_set_take(j, "devices", rf_json_dup(arr));
            assert_err(parse_json(j, &why), RF_OK); /* more than a megabyte */
        }
    }
    rf_json_set_take(j, "devices", arr);
    assert_refused(parse_json(j, &why), RF_ERR_LIMIT, why, "snapshot-devices");
}

static void what_is_beyond_a_limit_is_not_written(void **state)
{
    (void)state;
    RF_AUTO(rf_srst_snapshot_fini) struct rf_srst_snapshot s = sample();
    RF_AUTO(rf_buf_fini) struct rf_buf out = RF_BUF(RF_SRST_BODY_MAX);
    RF_AUTO(rf_buf_fini) struct rf_buf small = RF_BUF(1000);
    struct rf_why why = {0};
    assert_refused(rf_srst_snapshot_write(&s, &small, &why), RF_ERR_LIMIT, why, "snapshot-size");
    assert_err(rf_srst_snapshot_write(&s, &out, NULL), RF_OK);
    static const struct {
        size_t lines, certs, devices, blocked, anchors;
        const char *code;
    } rows[] = {
        {RF_SRST_LINES_MAX + 1, 0, 1, 0, 0, "snapshot-lines"},
        {0, RF_SRST_DEVICE_CERTS_MAX + 1, 1, 0, 0, "snapshot-certs"},
        {0, 0, RF_SRST_DEVICES_MAX + 1, 0, 0, "snapshot-devices"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct rf_srst_snapshot much = s; /* refused before anything of it is looked at */
        struct rf_store_phone phone = {.n_lines = rows[i].lines};
        struct rf_store_certs certs = {.n = rows[i].certs};
        much.phones = &phone;
        much.certs = &certs;
        much.n = rows[i].devices;
        why = (struct rf_why){0};
        assert_refused(rf_srst_snapshot_write(&much, &out, &why), RF_ERR_LIMIT, why, rows[i].code);
    }
}

/* ---- believed ---- */

static struct rf_lists lists;

static int lists_set_up(void **state)
{
    site_setup(state);
    struct rf_buf ctl = site_list(RF_LIST_CTL, &site.sast, TEST_NOW - 100);
    install(&lists, RF_LIST_CTL, &ctl);
    rf_buf_fini(&ctl);
    return 0;
}

static int lists_tear_down(void **state)
{
    rf_lists_fini(&lists);
    return site_teardown(state);
}

static enum rf_err open_file(struct rf_buf *take_file, const char *name, uint64_t held,
                             struct rf_why *why)
{
    RF_AUTO(rf_srst_snapshot_fini) struct rf_srst_snapshot got = {0};
    const struct rf_srst_expect expect = {
        .name = name, .held = held, .has_now = true, .now_s = TEST_NOW};
    *why = (struct rf_why){0};
    enum rf_err err = rf_srst_snapshot_open(rf_buf_slice(take_file), &lists, &expect, &got, why);
    assert_int_equal(got.n, err == RF_OK ? 2 : 0);
    rf_buf_fini(take_file);
    return err;
}

static void a_signed_snapshot_is_believed(void **state)
{
    (void)state;
    struct rf_why why;
    struct rf_buf file = sample_file(7);
    assert_err(open_file(&file, BRANCH, 0, &why), RF_OK);
    file = sample_file(7);
    assert_err(open_file(&file, BRANCH, 6, &why), RF_OK);
    file = sample_file(7); /* the same again: at the start */
    assert_err(open_file(&file, BRANCH, 7, &why), RF_OK);
}

static void an_older_snapshot_is_refused(void **state)
{
    (void)state;
    struct rf_why why;
    struct rf_buf file = sample_file(7);
    assert_refused(open_file(&file, BRANCH, 8, &why), RF_ERR_DENIED, why, "snapshot-older");
}

static void a_snapshot_of_another_branch_is_refused(void **state)
{
    (void)state;
    struct rf_why why;
    RF_AUTO(rf_srst_snapshot_fini) struct rf_srst_snapshot s = sample();
    RF_AUTO(rf_buf_fini) struct rf_buf text = sample_text(&s);
    struct rf_buf file = sample_file(7);
    assert_refused(open_file(&file, "branch2", 0, &why), RF_ERR_DENIED, why, "file-name");
    /* The name of the file is right, what is in it is another's. */
    file = signed_file("SRST-branch2.json.sgn", rf_buf_slice(&text), &site.tftp, TEST_NOW - 60);
    assert_refused(open_file(&file, "branch2", 0, &why), RF_ERR_DENIED, why,
                   "snapshot-other-branch");
    file = signed_file("SRST-" BRANCH ".json.sgn", rf_buf_slice(&text), &site.tftp, TEST_NOW - 60);
    assert_err(open_file(&file, BRANCH, 0, &why), RF_OK);
}

static void who_signed_it_is_asked(void **state)
{
    (void)state;
    struct rf_why why;
    RF_AUTO(rf_srst_snapshot_fini) struct rf_srst_snapshot s = sample();
    RF_AUTO(rf_buf_fini) struct rf_buf text = sample_text(&s);
    const char *name = "SRST-" BRANCH ".json.sgn";
    struct id stranger = self_id(RF_CERT_ROLE_TFTP, "stranger", 2048);
    struct rf_buf file = signed_file(name, rf_buf_slice(&text), &stranger, TEST_NOW - 60);
    assert_refused(open_file(&file, BRANCH, 0, &why), RF_ERR_NOT_FOUND, why, "signer-unknown");
    file = signed_file(name, rf_buf_slice(&text), &site.capf, TEST_NOW - 60);
    assert_refused(open_file(&file, BRANCH, 0, &why), RF_ERR_DENIED, why, "signer-role");
    file = signed_file(name, rf_buf_slice(&text), &site.tftp, TEST_NOW + 60);
    assert_refused(open_file(&file, BRANCH, 0, &why), RF_ERR_DENIED, why, "time-future");
    file = sample_file(7);
    file.p[file.len - 2] ^= 1;
    assert_refused(open_file(&file, BRANCH, 0, &why), RF_ERR_CRYPTO, why, "sig-mismatch");
    file = signed_file(name, rf_slice_str("{}"), &site.tftp, TEST_NOW - 60);
    assert_refused(open_file(&file, BRANCH, 0, &why), RF_ERR_BAD, why, BAD);
    id_fini(&stranger);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_written_is_read),
        cmocka_unit_test(a_branch_without_devices_is_one),
        cmocka_unit_test(the_digest_is_of_the_content),
        cmocka_unit_test(names_of_references),
        cmocka_unit_test(each_fault_is_refused),
        cmocka_unit_test(what_is_no_json_is_refused),
        cmocka_unit_test(numbers_are_bounded),
        cmocka_unit_test(devices_are_bounded),
        cmocka_unit_test(what_is_beyond_a_limit_is_not_written),
        cmocka_unit_test(a_signed_snapshot_is_believed),
        cmocka_unit_test(an_older_snapshot_is_refused),
        cmocka_unit_test(a_snapshot_of_another_branch_is_refused),
        cmocka_unit_test(who_signed_it_is_asked),
    };
    return cmocka_run_group_tests(tests, lists_set_up, lists_tear_down);
}
