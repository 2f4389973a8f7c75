/* SPDX-License-Identifier: Apache-2.0 */
#include "codec.h"
#include "wire/trustlist/trustlist.h"

static enum rf_err decode(struct rf_slice in, void *msg, struct rf_why *why)
{
    return rf_trustlist_decode(in, msg, why);
}

static enum rf_err encode(const void *msg, uint8_t *buf, size_t cap, struct rf_slice *out)
{
    const struct rf_trustlist *list = msg;
    const struct rf_signedfile *sf = &list->header;
    struct rf_signedfile_spec spec = {
        .signer = sf->signer,
        .issuer = sf->issuer,
        .serial = sf->serial,
        .hash = sf->hash,
        .signature_len = sf->signature.len,
        .file_name = sf->file_name,
        .has_timestamp = sf->has_timestamp,
        .timestamp = sf->timestamp,
        .has_signer_version = sf->has_signer_version,
        .signer_major = sf->signer_major,
        .signer_minor = sf->signer_minor,
    };
    struct rf_signedfile_layout at;
    struct rf_why why = {0};
    enum rf_err err =
        rf_trustlist_encode(&spec, list->record, list->record_n, buf, cap, &at, out, &why);
    if (err == RF_OK)
        memcpy(buf + at.signature_off, sf->signature.p, sf->signature.len);
    return err;
}

/* A list cut between two records is a list (whose signature will not verify): cuts are counted by a
 * test of their own. */
static const struct codec codec = {.name = "trustlist",
                                   .msg_size = sizeof(struct rf_trustlist),
                                   .decode = decode,
                                   .encode = encode,
                                   .may_be_cut = true};

static const struct rf_signedfile_spec *spec(void)
{
    static struct rf_signedfile_spec s;
    s = (struct rf_signedfile_spec){
        .signer = rf_slice_str("CN=S"),
        .issuer = rf_slice_str("CN=I"),
        .serial = rf_slice_of("\x12", 1),
        .hash = RF_SIGNEDFILE_SHA512,
        .signature_len = 64,
        .file_name = rf_slice_str("ITLFile.tlv"),
        .has_timestamp = true,
        .timestamp = 5,
        .has_signer_version = true,
        .signer_major = 1,
    };
    return &s;
}

/* A list with header version 1.minor whose body is these bytes. */
static struct rf_slice list_of(const void *body, size_t n, uint8_t *buf, size_t cap)
{
    struct rf_signedfile_layout at;
    struct rf_slice whole;
    struct rf_why why = {0};
    assert_err(rf_trustlist_encode(spec(), NULL, 0, buf, cap, &at, &whole, &why), RF_OK);
    assert_true(whole.len + n <= cap);
    memcpy(buf + whole.len, body, n);
    return rf_slice_of(buf, whole.len + n);
}

static uint8_t buf[CODEC_BUF_MAX];

#define ISSUER                                                                                     \
    "\x05\0\x05"                                                                                   \
    "CN=I\0"
#define SERIAL "\x06\0\x01\x12"
#define ROLE   "\x04\0\x02\0\x03"

struct row {
    const char *name;
    const char *body;
    size_t len;
    enum rf_err err;
    const char *code;
};
#define ROW(name, body, err, code)                                                                 \
    {                                                                                              \
        name, body, sizeof(body) - 1, err, code                                                    \
    }

static const struct row rows[] = {
    ROW("no record", "", RF_OK, NULL),
    ROW("the smallest record", "\x01\0\x02\0\x16" ISSUER SERIAL ROLE, RF_OK, NULL),
    ROW("another order", "\x01\0\x02\0\x16" ROLE SERIAL ISSUER, RF_OK, NULL),
    ROW("an unknown role", "\x01\0\x02\0\x16" ISSUER SERIAL "\x04\0\x02\x12\x34", RF_OK, NULL),
    ROW("an unknown tag", "\x01\0\x02\0\x1a" ISSUER SERIAL ROLE "\x20\0\x01z", RF_OK, NULL),
    ROW("an IPv4 address", "\x01\0\x02\0\x1d" ISSUER SERIAL ROLE "\x0a\0\x04\x7f\0\0\x01", RF_OK,
        NULL),
    ROW("record length 0", "\x01\0\x02\0\0" ISSUER SERIAL ROLE, RF_ERR_BAD, "record-length"),
    ROW("record length 4", "\x01\0\x02\0\x04" ISSUER SERIAL ROLE, RF_ERR_BAD, "record-length"),
    ROW("record length past the end", "\x01\0\x02\0\x17" ISSUER SERIAL ROLE, RF_ERR_SHORT, "short"),
    ROW("record length one short", "\x01\0\x02\0\x15" ISSUER SERIAL ROLE, RF_ERR_BAD,
        "record-overrun"),
    ROW("record length of three bytes", "\x01\0\x03\0\0\x17" ISSUER SERIAL ROLE, RF_ERR_BAD,
        "record-length"),
    ROW("another first tag", "\x02\0\x02\0\x16" ISSUER SERIAL ROLE, RF_ERR_BAD, "record-tag"),
    ROW("a byte behind the last", "\x01\0\x02\0\x16" ISSUER SERIAL ROLE "\x01", RF_ERR_SHORT,
        "short"),
    ROW("role twice", "\x01\0\x02\0\x1b" ISSUER SERIAL ROLE ROLE, RF_ERR_BAD, "record-tag-twice"),
    ROW("length twice", "\x01\0\x02\0\x1b" ISSUER SERIAL ROLE "\x01\0\x02\0\x16", RF_ERR_BAD,
        "record-tag-twice"),
    ROW("no role", "\x01\0\x02\0\x11" ISSUER SERIAL, RF_ERR_BAD, "record-missing-role"),
    ROW("nobody: addresses only, as of a server in non-secure mode",
        "\x01\0\x02\0\x21\x02\0\x0d"
        "10.48.47.153\0"
        "\x04\0\x02\0\x02\x0a\0\x04\x0a\x30\x2f\x99",
        RF_OK, NULL),
    ROW("nobody, and no role", "\x01\0\x02\0\x0c\x0a\0\x04\x0a\x30\x2f\x99", RF_ERR_BAD,
        "record-missing-role"),
    ROW("a certificate", "\x01\0\x02\0\x1a" ISSUER SERIAL ROLE "\x09\0\x01z", RF_OK, NULL),
    ROW("a certificate without issuer", "\x01\0\x02\0\x12" SERIAL ROLE "\x09\0\x01z", RF_ERR_BAD,
        "record-missing-issuer"),
    ROW("a certificate without serial", "\x01\0\x02\0\x16" ISSUER ROLE "\x09\0\x01z", RF_ERR_BAD,
        "record-missing-serial"),
    ROW("a digest", "\x01\0\x02\0\x1a" ISSUER SERIAL ROLE "\x0b\0\x01z", RF_OK, NULL),
    ROW("a digest without issuer", "\x01\0\x02\0\x12" SERIAL ROLE "\x0b\0\x01z", RF_ERR_BAD,
        "record-missing-issuer"),
    ROW("a digest without serial", "\x01\0\x02\0\x16" ISSUER ROLE "\x0b\0\x01z", RF_ERR_BAD,
        "record-missing-serial"),
    ROW("role of one byte", "\x01\0\x02\0\x15" ISSUER SERIAL "\x04\0\x01\x03", RF_ERR_BAD,
        "record-value-length"),
    ROW("an address of three bytes", "\x01\0\x02\0\x1c" ISSUER SERIAL ROLE "\x0a\0\x03\x7f\0\0",
        RF_ERR_BAD, "record-value-length"),
    ROW("hash algorithm of no byte", "\x01\0\x02\0\x19" ISSUER SERIAL ROLE "\x0c\0\0", RF_ERR_BAD,
        "record-value-length"),
    ROW("issuer without NUL",
        "\x01\0\x02\0\x15\x05\0\x04"
        "CN=I" SERIAL ROLE,
        RF_ERR_BAD, "text-no-nul"),
    ROW("subject with two",
        "\x01\0\x02\0\x1c" ISSUER SERIAL ROLE "\x03\0\x03"
        "a\0\0",
        RF_ERR_BAD, "text-inner-nul"),
    ROW("DNS name with a line end",
        "\x01\0\x02\0\x1c" ISSUER SERIAL ROLE "\x02\0\x03"
        "a\n\0",
        RF_ERR_BAD, "text-control"),
    ROW("serial with the sign byte", "\x01\0\x02\0\x17" ISSUER "\x06\0\x02\0\x92" ROLE, RF_ERR_BAD,
        "serial-not-minimal"),
    ROW("serial of no byte", "\x01\0\x02\0\x15" ISSUER "\x06\0\0" ROLE, RF_ERR_BAD, "serial-empty"),
};

static void a_record_is_refused_for_each_fault_and_taken_without_it(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        codec_check_refused(
            &codec, &(struct codec_refusal){rows[i].name,
                                            list_of(rows[i].body, rows[i].len, buf, sizeof buf),
                                            rows[i].err, rows[i].code});
}

static void versions_of_other_files_are_no_list(void **state)
{
    (void)state;
    static const struct {
        uint8_t major, minor;
        enum rf_err err;
        const char *code;
    } versions[] = {
        {1, 2, RF_OK, NULL},
        {1, 3, RF_OK, NULL}, /* an unknown minor version */
        {1, 0, RF_ERR_BAD, "not-a-trust-list"},
        {1, 1, RF_ERR_BAD, "not-a-trust-list"},
        {2, 0, RF_ERR_BAD, "not-a-trust-list"},
        {2, 2, RF_ERR_BAD, "not-a-trust-list"},
        {3, 2, RF_ERR_UNKNOWN, "version-major"},
    };
    for (size_t i = 0; i < sizeof versions / sizeof *versions; i++) {
        struct rf_slice in = list_of("", 0, buf, sizeof buf);
        buf[3] = versions[i].major;
        buf[4] = versions[i].minor;
        codec_check_refused(
            &codec, &(struct codec_refusal){"version", in, versions[i].err, versions[i].code});
    }
}

static struct rf_slice build_records(uint64_t n, uint8_t *to, size_t cap)
{
    static const char one[] = "\x01\0\x02\0\x16" ISSUER SERIAL ROLE;
    struct rf_slice s = list_of("", 0, to, cap);
    for (uint64_t i = 0; i < n; i++)
        memcpy(to + s.len + i * (sizeof one - 1), one, sizeof one - 1);
    return rf_slice_of(to, s.len + n * (sizeof one - 1));
}

/* One record with a certificate such that the whole list has `n` bytes (n of 0: an empty file). */
static struct rf_slice build_bytes(uint64_t n, uint8_t *to, size_t cap)
{
    if (n == 0)
        return rf_slice_of(to, 0);
    static const char one[] = "\x01\0\x02\0\0" ISSUER SERIAL ROLE "\x09\0\0";
    struct rf_slice s = list_of(one, sizeof one - 1, to, cap);
    size_t more = n - s.len;
    size_t record = sizeof one - 1 + more;
    size_t start = s.len - (sizeof one - 1);
    memset(to + s.len, 0xcc, more);
    to[start + 3] = (uint8_t)(record >> 8);
    to[start + 4] = (uint8_t)record;
    to[s.len - 2] = (uint8_t)(more >> 8);
    to[s.len - 1] = (uint8_t)more;
    return rf_slice_of(to, n);
}

static void counts_and_sizes_have_their_limits(void **state)
{
    (void)state;
    codec_check_number(&codec,
                       &(struct codec_number){"records", build_records, RF_TRUSTLIST_RECORDS_MAX,
                                              RF_OK, NULL, RF_ERR_LIMIT, "record-count"});
    codec_check_number(&codec,
                       &(struct codec_number){"bytes", build_bytes, RF_TRUSTLIST_BYTES_MAX,
                                              RF_ERR_SHORT, "short", RF_ERR_LIMIT, "list-size"});
}

static void unknown_tags_are_counted_and_roles_kept(void **state)
{
    (void)state;
    static const char body[] = "\x01\0\x02\0\x1d" ISSUER SERIAL "\x04\0\x02\x12\x34"
                               "\x20\0\0"
                               "\x21\0\x01z";
    struct rf_trustlist list;
    struct rf_why why = {0};
    assert_err(rf_trustlist_decode(list_of(body, sizeof body - 1, buf, sizeof buf), &list, &why),
               RF_OK);
    assert_int_equal(list.record_n, 1);
    assert_int_equal(list.record[0].role, 0x1234);
    assert_null(list.record[0].certificate.p);
    assert_int_equal(list.unknown_n, 2);
    assert_int_equal(list.unknown_first, 0x20);
}

static void a_full_record_is_written_and_read(void **state)
{
    (void)state;
    struct rf_trustlist_record r = {
        .dns = rf_slice_str("cm.example.net"),
        .subject = rf_slice_str("CN=cm"),
        .role = RF_TRUSTLIST_ROLE_CCM,
        .issuer = rf_slice_str("CN=ca"),
        .serial = rf_slice_of("\x01\x02", 2),
        .public_key = rf_slice_str("key"),
        .signature = rf_slice_str("sig"),
        .certificate = rf_slice_str("der"),
        .ip = rf_slice_of("\x7f\0\0\x01", 4),
        .hash = rf_slice_str("01234567890123456789"),
        .hash_algorithm = 1,
    };
    struct rf_signedfile_layout at;
    struct rf_slice whole;
    struct rf_why why = {0};
    assert_err(rf_trustlist_encode(spec(), &r, 1, buf, sizeof buf, &at, &whole, &why), RF_OK);
    codec_check_known(&codec, &(struct codec_known){"full record", whole, NULL});
    struct rf_trustlist list;
    assert_err(rf_trustlist_decode(whole, &list, &why), RF_OK);
    const struct rf_trustlist_record *got = &list.record[0];
    assert_slice_str(got->dns, "cm.example.net");
    assert_slice_str(got->subject, "CN=cm");
    assert_slice_str(got->issuer, "CN=ca");
    assert_int_equal(got->role, RF_TRUSTLIST_ROLE_CCM);
    assert_slice_eq(got->serial, r.serial);
    assert_slice_str(got->public_key, "key");
    assert_slice_str(got->signature, "sig");
    assert_slice_str(got->certificate, "der");
    assert_slice_eq(got->ip, r.ip);
    assert_slice_eq(got->hash, r.hash);
    assert_int_equal(got->hash_algorithm, 1);
}

static void the_builder_refuses_what_phones_do_not_take(void **state)
{
    (void)state;
    static struct rf_trustlist_record many[RF_TRUSTLIST_BUILD_MAX + 1];
    static uint8_t big[3000];
    const struct rf_trustlist_record good = {.issuer = rf_slice_str("CN=I"),
                                             .serial = rf_slice_of("\x12", 1)};
    for (size_t i = 0; i < RF_TRUSTLIST_BUILD_MAX + 1; i++)
        many[i] = good;
    struct rf_signedfile_layout at;
    struct rf_slice whole;
    struct rf_why why = {0};
    assert_err(rf_trustlist_encode(spec(), many, 39, buf, sizeof buf, &at, &whole, &why), RF_OK);
    assert_refused(rf_trustlist_encode(spec(), many, 40, buf, sizeof buf, &at, &whole, &why),
                   RF_ERR_LIMIT, why, "record-count");
    assert_int_equal(whole.len, 0);
    for (size_t i = 0; i < RF_TRUSTLIST_BUILD_MAX; i++)
        many[i].certificate = rf_slice_of(big, sizeof big);
    why = (struct rf_why){0};
    assert_refused(rf_trustlist_encode(spec(), many, 39, buf, sizeof buf, &at, &whole, &why),
                   RF_ERR_LIMIT, why, "list-size");

    struct rf_trustlist_record bad[5];
    static const char *const codes[] = {"record-missing-issuer", "record-missing-serial",
                                        "record-value-length", "serial-not-minimal",
                                        "text-control"};
    for (size_t i = 0; i < 5; i++)
        bad[i] = good;
    bad[0].certificate = bad[1].hash = rf_slice_str("c");
    bad[0].issuer = (struct rf_slice){0};
    bad[1].serial = (struct rf_slice){0};
    bad[2].ip = rf_slice_str("12345");
    bad[3].serial = rf_slice_of("\0\x12", 2);
    bad[4].subject = rf_slice_of("a\0b", 3);
    for (size_t i = 0; i < 5; i++) {
        why = (struct rf_why){0};
        assert_refused(rf_trustlist_encode(spec(), &bad[i], 1, buf, sizeof buf, &at, &whole, &why),
                       RF_ERR_BAD, why, codes[i]);
    }
}

static void check_itl(const void *msg)
{
    static const uint16_t roles[] = {RF_TRUSTLIST_ROLE_SAST, RF_TRUSTLIST_ROLE_CCM,
                                     RF_TRUSTLIST_ROLE_TFTP, RF_TRUSTLIST_ROLE_CAPF,
                                     RF_TRUSTLIST_ROLE_TVS};
    const struct rf_trustlist *list = msg;
    assert_int_equal(list->record_n, 5);
    for (size_t r = 0; r < 5; r++) {
        bool found = false;
        for (size_t i = 0; i < list->record_n; i++)
            found = found || list->record[i].role == roles[r];
        assert_true(found);
        assert_true(list->record[r].certificate.len > 500);
        assert_true(list->record[r].public_key.len > 60);
    }
    assert_int_equal(list->unknown_n, 0);
    assert_int_equal(list->header.hash, RF_SIGNEDFILE_SHA1);
    assert_int_equal(list->header.signer_minor, 0);
}

static void check_ec(const void *msg)
{
    const struct rf_trustlist *list = msg;
    size_t ec = 0;
    for (size_t i = 0; i < list->record_n; i++)
        if (list->record[i].role == RF_TRUSTLIST_ROLE_TFTP && list->record[i].public_key.len == 97)
            ec++;
    assert_int_equal(ec, 1);
    assert_int_equal(list->header.signer_minor, 1);
    assert_int_equal(list->header.hash, RF_SIGNEDFILE_SHA512);
}

static void lists_of_another_implementation_are_read_and_written_alike(void **state)
{
    (void)state;
    static const struct {
        const char *file;
        void (*check)(const void *msg);
    } files[] = {
        {"fixtures/made/ITLFile.tlv", check_itl},
        {"fixtures/made/itl-1.1-ec.tlv", check_ec},
        {"fixtures/made/itl-next-by-sast2.tlv", NULL},
    };
    for (size_t i = 0; i < sizeof files / sizeof *files; i++) {
        struct rf_slice file = codec_data_file(files[i].file);
        codec_check_known(&codec, &(struct codec_known){files[i].file, file, files[i].check});
        free((void *)(uintptr_t)file.p);
    }
}

static void a_list_may_only_be_cut_between_records(void **state)
{
    (void)state;
    struct rf_slice file = codec_data_file("fixtures/made/ITLFile.tlv");
    size_t taken = 0;
    struct rf_why why;
    for (size_t n = 0; n < file.len; n++)
        taken += codec_run(&codec, rf_slice_part(file, 0, n), &why) == RF_OK;
    assert_int_equal(taken, 5); /* after the header and after four of five records */
    free((void *)(uintptr_t)file.p);
}

static void roles_have_names_both_ways(void **state)
{
    (void)state;
    static const uint16_t roles[] = {0, 1, 2, 3, 4, 7, 21};
    static const char *const names[] = {"SAST", "CCM",        "CCM+TFTP", "TFTP",
                                        "CAPF", "APP-SERVER", "TVS"};
    static const char *const words[] = {"sast", "ccm",        "ccm-tftp", "tftp",
                                        "capf", "app-server", "tvs"};
    uint16_t role;
    char text[16];
    for (size_t i = 0; i < sizeof roles / sizeof *roles; i++) {
        assert_string_equal(rf_trustlist_role_name(roles[i]), names[i]);
        assert_string_equal(rf_trustlist_role_word(roles[i]), words[i]);
        assert_true(rf_trustlist_role_from_word(rf_slice_str(words[i]), &role));
        assert_int_equal(role, roles[i]);
        assert_string_equal(rf_trustlist_role_text(roles[i], text, sizeof text), names[i]);
    }
    assert_null(rf_trustlist_role_name(9));
    assert_string_equal(rf_trustlist_role_text(9, text, sizeof text), "role-9");
    assert_null(rf_trustlist_role_word(9));
    assert_false(rf_trustlist_role_from_word(rf_slice_str("cc"), &role));
    assert_false(rf_trustlist_role_from_word(rf_slice_str("SAST"), &role));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_record_is_refused_for_each_fault_and_taken_without_it),
        cmocka_unit_test(versions_of_other_files_are_no_list),
        cmocka_unit_test(counts_and_sizes_have_their_limits),
        cmocka_unit_test(unknown_tags_are_counted_and_roles_kept),
        cmocka_unit_test(a_full_record_is_written_and_read),
        cmocka_unit_test(the_builder_refuses_what_phones_do_not_take),
        cmocka_unit_test(lists_of_another_implementation_are_read_and_written_alike),
        cmocka_unit_test(a_list_may_only_be_cut_between_records),
        cmocka_unit_test(roles_have_names_both_ways),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
