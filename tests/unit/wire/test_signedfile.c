/* SPDX-License-Identifier: Apache-2.0 */
#include "codec.h"
#include "wire/signedfile/signedfile.h"

static enum rf_err decode(struct rf_slice in, void *msg, struct rf_why *why)
{
    return rf_signedfile_decode(in, in.len, msg, why);
}

/* Written again as it was read: the header only, and the signature put back. */
static enum rf_err encode(const void *msg, uint8_t *buf, size_t cap, struct rf_slice *out)
{
    const struct rf_signedfile *sf = msg;
    struct rf_signedfile_spec spec = {
        .form = sf->minor == 1 ? RF_SIGNEDFILE_FORM_IMAGE : RF_SIGNEDFILE_FORM_FILE,
        .major = sf->major,
        .minor = sf->minor,
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
        .has_encryption = sf->has_encryption,
        .encryption = sf->encryption,
    };
    struct rf_signedfile_layout at;
    struct rf_why why = {0};
    enum rf_err err = rf_signedfile_encode(&spec, buf, cap, &at, &why);
    if (err != RF_OK)
        return err;
    assert_int_equal(at.signature_tlv_off, sf->signature_tlv_off);
    assert_int_equal(at.signature_tlv_len, sf->signature_tlv_len);
    memcpy(buf + at.signature_off, sf->signature.p, sf->signature.len);
    *out = rf_slice_of(buf, at.header_len);
    return RF_OK;
}

static const struct codec codec = {.name = "signedfile",
                                   .msg_size = sizeof(struct rf_signedfile),
                                   .decode = decode,
                                   .encode = encode};

/* --- a header written by hand, tag by tag --- */

struct hand {
    uint8_t bytes[CODEC_BUF_MAX];
    size_t len;
};

static struct hand hand;

static void put(const void *p, size_t n)
{
    assert_true(hand.len + n <= sizeof hand.bytes);
    memcpy(hand.bytes + hand.len, p, n);
    hand.len += n;
}

static void put_tlv(uint8_t tag, const void *p, size_t n)
{
    uint8_t head[3] = {tag, (uint8_t)(n >> 8), (uint8_t)n};
    put(head, 3);
    put(p, n);
}

static void put_len_pad(size_t from)
{
    while ((hand.len - from) % 4 != 0)
        put("\x0d", 1);
    hand.bytes[from + 8] = (uint8_t)((hand.len - from) >> 8);
    hand.bytes[from + 9] = (uint8_t)(hand.len - from);
}

static const uint8_t sig64[64] = {0x5a};

/* The parts of a good header, each replaceable by a test; NULL leaves the good one. */
struct parts {
    const char *version; /* 5 bytes */
    const char *len_tag; /* 5 bytes */
    const char *signer_info;
    size_t signer_info_len;
    const char *signature_info;
    size_t signature_info_len;
    const void *signature;
    size_t signature_len;
    bool no_signature;
    const char *name;
    size_t name_len;
    bool no_name;
    const void *extra; /* raw bytes behind the file name */
    size_t extra_len;
    const char *tail; /* raw bytes behind the padding, counted in the header */
    size_t tail_len;
    int len_delta; /* added to the header length written */
};

#define INFO(s)    .signer_info = (s), .signer_info_len = sizeof(s) - 1
#define SIGINFO(s) .signature_info = (s), .signature_info_len = sizeof(s) - 1
#define EXTRA(s)   .extra = (s), .extra_len = sizeof(s) - 1
#define SIGNER                                                                                     \
    "\x04\0\x05"                                                                                   \
    "CN=S\0"
#define ISSUER                                                                                     \
    "\x06\0\x05"                                                                                   \
    "CN=I\0"
#define SERIAL       "\x05\0\x02\x12\x34"
#define HASH1        "\x08\0\x01\x01"
#define ALGO(a, m)   "\x09\0\x08\x0a\0\x01" a "\x0b\0\x01" m
#define GOOD_INFO    "\x03\0\x15" SIGNER ISSUER SERIAL
#define GOOD_SIGINFO "\x07\0\x0f" HASH1 ALGO("\0", "\0")

static struct rf_slice build(const struct parts *p)
{
    hand.len = 0;
    put(p->version != NULL ? p->version : "\x01\0\x02\x01\0", 5);
    put(p->len_tag != NULL ? p->len_tag : "\x02\0\x02\0\0", 5);
    if (p->signer_info != NULL)
        put(p->signer_info, p->signer_info_len);
    else
        put(GOOD_INFO, sizeof GOOD_INFO - 1);
    if (p->signature_info != NULL)
        put(p->signature_info, p->signature_info_len);
    else
        put(GOOD_SIGINFO, sizeof GOOD_SIGINFO - 1);
    if (p->signature != NULL)
        put_tlv(12, p->signature, p->signature_len);
    else if (!p->no_signature)
        put_tlv(12, sig64, sizeof sig64);
    if (p->name != NULL)
        put_tlv(14, p->name, p->name_len);
    else if (!p->no_name)
        put_tlv(14, "f.xml.sgn", 10);
    if (p->extra != NULL)
        put(p->extra, p->extra_len);
    put_len_pad(0);
    if (p->tail != NULL) {
        put(p->tail, p->tail_len);
        put_len_pad(0);
    }
    if (p->len_tag != NULL)
        memcpy(hand.bytes + 5, p->len_tag, 5);
    else
        hand.bytes[9] = (uint8_t)(hand.bytes[9] + p->len_delta);
    put("body", 4);
    return rf_slice_of(hand.bytes, hand.len);
}

struct refusal_row {
    const char *name;
    struct parts parts;
    enum rf_err err;
    const char *code;
};

#define BAD RF_ERR_BAD
#define UNK RF_ERR_UNKNOWN

static const struct refusal_row rows[] = {
    {"the good one", {0}, RF_OK, NULL},
    {"issuer, serial, signer in another order",
     {INFO("\x03\0\x15" SERIAL ISSUER SIGNER)},
     RF_OK,
     NULL},
    {"algorithm info before the hash", {SIGINFO("\x07\0\x0f" ALGO("\0", "\0") HASH1)}, RF_OK, NULL},
    {"unknown minor", {.version = "\x01\0\x02\x01\x07"}, RF_OK, NULL},
    {"a serial of one zero byte", {INFO("\x03\0\x14" SIGNER ISSUER "\x05\0\x01\0")}, RF_OK, NULL},
    {"unknown tag at top", {EXTRA("\x77\0\x02zz")}, RF_OK, NULL},
    {"unknown tag in a group",
     {INFO("\x03\0\x19" SIGNER "\x78\0\x01z" ISSUER SERIAL)},
     RF_OK,
     NULL},

    {"other first tag", {.version = "\x03\0\x02\x01\0"}, BAD, "version-first"},
    {"version of three bytes", {.version = "\x01\0\x03\x01\0"}, BAD, "tag-length"},
    {"version 3.0", {.version = "\x01\0\x02\x03\0"}, UNK, "version-major"},
    {"version 0.0", {.version = "\x01\0\x02\0\0"}, UNK, "version-major"},
    {"other second tag", {.len_tag = "\x04\0\x02\0\x90"}, BAD, "header-length-second"},
    {"length of one byte", {.len_tag = "\x02\0\x01\0\x90"}, BAD, "tag-length"},
    {"header length 0", {.len_tag = "\x02\0\x02\0\0"}, BAD, "header-length"},
    {"header length 9", {.len_tag = "\x02\0\x02\0\x09"}, BAD, "header-length"},
    {"header length only of its start", {.len_tag = "\x02\0\x02\0\x0c"}, BAD, "header-overrun"},
    {"header length cuts the signature", {.len_tag = "\x02\0\x02\0\x60"}, BAD, "header-overrun"},
    {"header length not covering the signature",
     {.len_tag = "\x02\0\x02\0\x24"},
     BAD,
     "header-overrun"},
    {"header length past the file", {.len_tag = "\x02\0\x02\xff\xfc"}, BAD, "header-beyond-file"},
    {"header length one more", {.len_delta = 1}, BAD, "header-alignment"},
    {"header length into the body", {.len_delta = 4}, BAD, "header-overrun"},
    {"signer info overruns its group",
     {INFO("\x03\0\x14" SIGNER ISSUER SERIAL)},
     BAD,
     "group-overrun"},
    {"signer info longer than its children",
     {INFO("\x03\0\x16" SIGNER ISSUER SERIAL)},
     BAD,
     "group-overrun"},
    {"signature info shorter",
     {SIGINFO("\x07\0\x0e" HASH1 ALGO("\0", "\0"))},
     BAD,
     "group-overrun"},
    {"signer twice", {INFO("\x03\0\x1d" SIGNER SIGNER ISSUER SERIAL)}, BAD, "tag-twice"},
    {"version twice", {EXTRA("\x01\0\x02\x01\0")}, BAD, "tag-twice"},
    {"header length twice", {EXTRA("\x02\0\x02\x01\0")}, BAD, "tag-twice"},
    {"file name twice", {EXTRA("\x0e\0\x02g\0")}, BAD, "tag-twice"},
    {"signature twice", {EXTRA("\x0c\0\x01z")}, BAD, "tag-twice"},
    {"signer at top level", {EXTRA(SIGNER)}, BAD, "tag-misplaced"},
    {"file name in a group",
     {INFO("\x03\0\x1a" SIGNER ISSUER SERIAL "\x0e\0\x02g\0")},
     BAD,
     "tag-misplaced"},
    {"padding in a group",
     {INFO("\x03\0\x16" SIGNER ISSUER SERIAL "\x0d")},
     BAD,
     "padding-inside-group"},
    {"a tag behind the padding",
     {.extra = "\x0d", .extra_len = 1, .tail = "\x0f\0\x04\0\0\0\x01", .tail_len = 7},
     BAD,
     "data-after-padding"},
    {"no signer info", {.signer_info = ""}, BAD, "missing-signer-info"},
    {"no signer name", {INFO("\x03\0\x0d" ISSUER SERIAL)}, BAD, "missing-signer-name"},
    {"no serial", {INFO("\x03\0\x10" SIGNER ISSUER)}, BAD, "missing-serial"},
    {"no issuer", {INFO("\x03\0\x0d" SIGNER SERIAL)}, BAD, "missing-issuer"},
    {"no signature info", {.signature_info = ""}, BAD, "missing-signature-info"},
    {"no hash", {SIGINFO("\x07\0\x0b" ALGO("\0", "\0"))}, BAD, "missing-hash-algorithm"},
    {"no algorithm info", {SIGINFO("\x07\0\x04" HASH1)}, BAD, "missing-algorithm-info"},
    {"no algorithm",
     {SIGINFO("\x07\0\x0b" HASH1 "\x09\0\x04\x0b\0\x01\0")},
     BAD,
     "missing-signature-algorithm"},
    {"no modulus", {SIGINFO("\x07\0\x0b" HASH1 "\x09\0\x04\x0a\0\x01\0")}, BAD, "missing-modulus"},
    {"no signature", {.no_signature = true}, BAD, "missing-signature"},
    {"no file name", {.no_name = true}, BAD, "missing-file-name"},
    {"hash of two bytes",
     {SIGINFO("\x07\0\x10\x08\0\x02\x01\x01" ALGO("\0", "\0"))},
     BAD,
     "tag-length"},
    {"hash algorithm 4",
     {SIGINFO("\x07\0\x0f\x08\0\x01\x04" ALGO("\0", "\0"))},
     UNK,
     "hash-algorithm"},
    {"hash algorithm 0",
     {SIGINFO("\x07\0\x0f\x08\0\x01\0" ALGO("\0", "\0"))},
     UNK,
     "hash-algorithm"},
    {"signature algorithm 1",
     {SIGINFO("\x07\0\x0f" HASH1 ALGO("\x01", "\0"))},
     UNK,
     "signature-algorithm"},
    {"modulus code 4", {SIGINFO("\x07\0\x0f" HASH1 ALGO("\0", "\x04"))}, UNK, "modulus"},
    {"modulus of 1024 bits",
     {SIGINFO("\x07\0\x0f" HASH1 ALGO("\0", "\x01"))},
     BAD,
     "modulus-mismatch"},
    {"a signature one byte short",
     {.signature = sig64, .signature_len = 63},
     BAD,
     "modulus-mismatch"},
    {"an empty signature", {.signature = sig64, .signature_len = 0}, BAD, "modulus-mismatch"},
    {"name without NUL", {.name = "f.xml.sgn", .name_len = 9}, BAD, "text-no-nul"},
    {"name with two", {.name = "f.xml\0sgn", .name_len = 10}, BAD, "text-inner-nul"},
    {"name with a line end", {.name = "f.xml\nsgn", .name_len = 10}, BAD, "text-control"},
    {"empty name", {.name = "", .name_len = 1}, BAD, "text-empty"},
    {"name of no byte", {.name = "", .name_len = 0}, BAD, "text-no-nul"},
    {"signer without NUL",
     {INFO("\x03\0\x14\x04\0\x04"
           "CN=S" ISSUER SERIAL)},
     BAD,
     "text-no-nul"},
    {"issuer with two",
     {INFO("\x03\0\x15" SIGNER "\x06\0\x05"
           "C\0=I\0" SERIAL)},
     BAD,
     "text-inner-nul"},
    {"serial of no byte", {INFO("\x03\0\x13" SIGNER ISSUER "\x05\0\0")}, BAD, "serial-empty"},
    {"serial with the sign byte",
     {INFO("\x03\0\x15" SIGNER ISSUER "\x05\0\x02\0\x81")},
     BAD,
     "serial-not-minimal"},
    {"time stamp of three bytes", {EXTRA("\x0f\0\x03\0\0\0")}, BAD, "tag-length"},
    {"signer version of one byte", {EXTRA("\x1c\0\x01\x01")}, BAD, "tag-length"},
    {"encryption info without key", {EXTRA("\x10\0\0")}, BAD, "encryption-incomplete"},
    {"encryption hash alone", {EXTRA("\x1a\0\x01\x01")}, BAD, "encryption-incomplete"},
    {"an unknown tag past the header", {EXTRA("\x77\0\x40z")}, BAD, "header-overrun"},
};

static void a_header_is_refused_for_each_fault_and_taken_without_it(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        codec_check_refused(&codec, &(struct codec_refusal){rows[i].name, build(&rows[i].parts),
                                                            rows[i].err, rows[i].code});
}

static struct rf_slice build_serial(uint64_t n, uint8_t *buf, size_t cap)
{
    (void)cap;
    static uint8_t info[512];
    uint8_t serial[256];
    memset(serial, 0x11, sizeof serial);
    assert_true(n <= sizeof serial);
    hand.len = 0;
    put("\x03\0\0" SIGNER ISSUER, 19);
    put_tlv(5, serial, n);
    hand.bytes[2] = (uint8_t)(hand.len - 3);
    size_t len = hand.len;
    memcpy(info, hand.bytes, len);
    struct parts p = {.signer_info = (const char *)info, .signer_info_len = len};
    struct rf_slice s = build(&p);
    memcpy(buf, s.p, s.len);
    return rf_slice_of(buf, s.len);
}

static void a_serial_has_1_to_64_bytes(void **state)
{
    (void)state;
    codec_check_number(&codec, &(struct codec_number){"serial", build_serial,
                                                      RF_SIGNEDFILE_SERIAL_MAX, RF_ERR_BAD,
                                                      "serial-empty", RF_ERR_BAD, "serial-long"});
}

static void unknown_things_are_counted(void **state)
{
    (void)state;
    struct rf_signedfile sf;
    struct rf_why why = {0};
    struct parts p = {.version = "\x01\0\x02\x01\x07",
                      INFO("\x03\0\x19" SIGNER "\x78\0\x01z" ISSUER SERIAL),
                      EXTRA("\x77\0\x02zz")};
    struct rf_slice in = build(&p);
    assert_err(rf_signedfile_decode(in, in.len, &sf, &why), RF_OK);
    assert_true(sf.is_minor_unknown);
    assert_int_equal(sf.unknown_n, 2);
    assert_int_equal(sf.unknown_first, 0x78);
    assert_int_equal(rf_signedfile_kind_of(&sf), RF_SIGNEDFILE_KIND_UNKNOWN);
    p = (struct parts){0};
    in = build(&p);
    assert_err(rf_signedfile_decode(in, in.len, &sf, &why), RF_OK);
    assert_false(sf.is_minor_unknown);
    assert_int_equal(sf.unknown_n, 0);
}

/* --- the worked header of the provisioning notes, byte for byte --- */

static const char worked_head[] = "\x01\0\x02\x01\0"
                                  "\x02\0\x02\x01\x80"
                                  "\x03\0\x37"
                                  "\x04\0\x13"
                                  "CN=TFTP,OU=Ex,O=Ex\0"
                                  "\x06\0\x13"
                                  "CN=TFTP,OU=Ex,O=Ex\0"
                                  "\x05\0\x08\x01\x02\x03\x04\x05\x06\x07\x08"
                                  "\x07\0\x0f\x08\0\x01\x01\x09\0\x08\x0a\0\x01\0\x0b\0\x01\x02"
                                  "\x0c\x01\0";
static const char worked_tail[] = "\x0e\0\x1c"
                                  "SEP001122334455.cnf.xml.sgn\0"
                                  "\x0f\0\x04\x68\xe7\x78\0\x0d";

static struct rf_signedfile_spec worked_spec(void)
{
    return (struct rf_signedfile_spec){
        .form = RF_SIGNEDFILE_FORM_FILE,
        .major = 1,
        .signer = rf_slice_str("CN=TFTP,OU=Ex,O=Ex"),
        .issuer = rf_slice_str("CN=TFTP,OU=Ex,O=Ex"),
        .serial = rf_slice_of("\1\2\3\4\5\6\7\x8", 8),
        .hash = RF_SIGNEDFILE_SHA1,
        .signature_len = 256,
        .file_name = rf_slice_str("SEP001122334455.cnf.xml.sgn"),
        .has_timestamp = true,
        .timestamp = 1760000000,
    };
}

static struct rf_slice worked_bytes(void)
{
    static const uint8_t zeros[256];
    hand.len = 0;
    put(worked_head, sizeof worked_head - 1);
    put(zeros, sizeof zeros);
    put(worked_tail, sizeof worked_tail - 1);
    return rf_slice_of(hand.bytes, hand.len);
}

static void check_worked(const void *msg)
{
    const struct rf_signedfile *sf = msg;
    assert_int_equal(sf->header_len, 384);
    assert_slice_str(sf->signer, "CN=TFTP,OU=Ex,O=Ex");
    assert_slice_str(sf->issuer, "CN=TFTP,OU=Ex,O=Ex");
    assert_slice_eq(sf->serial, rf_slice_of("\1\2\3\4\5\6\7\x8", 8));
    assert_int_equal(sf->hash, RF_SIGNEDFILE_SHA1);
    assert_int_equal(sf->modulus_code, 2);
    assert_int_equal(sf->signature.len, 256);
    assert_int_equal(sf->signature_tlv_off, 86);
    assert_int_equal(sf->signature_tlv_len, 259);
    assert_slice_str(sf->file_name, "SEP001122334455.cnf.xml.sgn");
    assert_true(sf->has_timestamp);
    assert_int_equal(sf->timestamp, 1760000000);
    assert_false(sf->has_encryption);
    assert_false(sf->has_signer_version);
    assert_int_equal(rf_signedfile_kind_of(sf), RF_SIGNEDFILE_KIND_FILE);
}

static void the_worked_header_is_written_byte_for_byte(void **state)
{
    (void)state;
    struct rf_signedfile_spec spec = worked_spec();
    uint8_t buf[512];
    struct rf_signedfile_layout at;
    struct rf_why why = {0};
    assert_err(rf_signedfile_encode(&spec, buf, sizeof buf, &at, &why), RF_OK);
    assert_int_equal(at.header_len, 384);
    assert_int_equal(at.signature_off, 89);
    assert_slice_eq(rf_slice_of(buf, at.header_len), worked_bytes());
}

static void the_worked_header_is_read(void **state)
{
    (void)state;
    uint8_t copy[384];
    struct rf_slice bytes = worked_bytes();
    assert_int_equal(bytes.len, sizeof copy);
    memcpy(copy, bytes.p, bytes.len);
    codec_check_known(&codec, &(struct codec_known){"worked header", rf_slice_of(copy, sizeof copy),
                                                    check_worked});
}

/* A refusal can say at which byte a tag stands: the offsets of the worked header. */
static void each_tag_says_where_it_stands(void **state)
{
    (void)state;
    static const uint16_t want[RF_SIGNEDFILE_TAG_N] = {
        [3] = 10, [4] = 13,  [5] = 57,  [6] = 35,  [7] = 68,   [8] = 71,
        [9] = 75, [10] = 78, [11] = 82, [12] = 86, [14] = 345, [15] = 376,
    };
    struct rf_signedfile sf;
    struct rf_slice header = worked_bytes();
    assert_err(rf_signedfile_decode(header, header.len, &sf, NULL), RF_OK);
    for (size_t tag = 0; tag < RF_SIGNEDFILE_TAG_N; tag++)
        assert_int_equal(sf.tag_off[tag], want[tag]);
}

static void the_header_length_is_learnt_from_ten_bytes(void **state)
{
    (void)state;
    size_t n;
    struct rf_why why = {0};
    struct rf_slice bytes = worked_bytes();
    assert_err(rf_signedfile_header_len(rf_slice_part(bytes, 0, 10), &n, &why), RF_OK);
    assert_int_equal(n, 384);
    for (size_t cut = 0; cut < 10; cut++)
        assert_err(rf_signedfile_header_len(rf_slice_part(bytes, 0, cut), &n, NULL), RF_ERR_SHORT);
    struct rf_signedfile sf;
    assert_err(rf_signedfile_decode(bytes, 5000000, &sf, &why), RF_OK);
    struct rf_signedfile_ranges r = rf_signedfile_ranges_of(&sf, 5000000);
    assert_int_equal(r.before_len, 86);
    assert_int_equal(r.after_off, 345);
    assert_int_equal(r.after_len, 5000000 - 345);
    assert_int_equal(r.body_off, 384);
    assert_int_equal(r.body_len, 5000000 - 384);
}

static void an_image_header_has_its_own_order(void **state)
{
    (void)state;
    struct rf_signedfile_spec spec = worked_spec();
    spec.form = RF_SIGNEDFILE_FORM_IMAGE;
    spec.minor = 1;
    struct rf_signedfile_layout at;
    struct rf_why why = {0};
    uint8_t buf[512];
    assert_refused(rf_signedfile_encode(&spec, buf, sizeof buf, &at, &why), RF_ERR_BAD, why,
                   "form");
    spec.has_timestamp = false;
    why = (struct rf_why){0};
    assert_err(rf_signedfile_encode(&spec, buf, sizeof buf, &at, &why), RF_OK);
    assert_int_equal(buf[13], 4);
    assert_int_equal(buf[35], 5);
    assert_int_equal(buf[46], 6);
    struct rf_signedfile sf;
    assert_err(rf_signedfile_decode(rf_slice_of(buf, at.header_len), at.header_len, &sf, &why),
               RF_OK);
    assert_int_equal(rf_signedfile_kind_of(&sf), RF_SIGNEDFILE_KIND_IMAGE);
    codec_check_known(&codec,
                      &(struct codec_known){"image", rf_slice_of(buf, at.header_len), NULL});
}

struct writer_row {
    const char *code;
    enum rf_err err;
    void (*spoil)(struct rf_signedfile_spec *spec);
};

static void no_signer(struct rf_signedfile_spec *s)
{
    s->signer.len = 0;
}
static void issuer_line(struct rf_signedfile_spec *s)
{
    s->issuer = rf_slice_str("CN=a\nb");
}
static void name_nul(struct rf_signedfile_spec *s)
{
    s->file_name = rf_slice_of("a\0b", 3);
}
static void no_serial(struct rf_signedfile_spec *s)
{
    s->serial.len = 0;
}
static void signed_serial(struct rf_signedfile_spec *s)
{
    s->serial = rf_slice_of("\0\x80", 2);
}
static void rsa_3072(struct rf_signedfile_spec *s)
{
    s->signature_len = 384;
}
static void hash_4(struct rf_signedfile_spec *s)
{
    s->hash = (enum rf_signedfile_hash)4;
}
static void major_3(struct rf_signedfile_spec *s)
{
    s->major = 3;
}
static void short_iv(struct rf_signedfile_spec *s)
{
    s->has_encryption = true;
    s->encryption.iv = rf_slice_str("0123456789abcde");
}
static void no_key(struct rf_signedfile_spec *s)
{
    s->has_encryption = true;
    s->encryption.iv = rf_slice_str("0123456789abcdef");
}
static void huge_name(struct rf_signedfile_spec *s)
{
    static char name[70000];
    memset(name, 'n', sizeof name);
    s->file_name = rf_slice_of(name, sizeof name);
}

static void the_writer_refuses_what_the_reader_would(void **state)
{
    (void)state;
    static const struct writer_row writer_rows[] = {
        {"text-empty", RF_ERR_BAD, no_signer},
        {"text-control", RF_ERR_BAD, issuer_line},
        {"text-control", RF_ERR_BAD, name_nul},
        {"serial-empty", RF_ERR_BAD, no_serial},
        {"serial-not-minimal", RF_ERR_BAD, signed_serial},
        {"modulus", RF_ERR_BAD, rsa_3072},
        {"hash-algorithm", RF_ERR_BAD, hash_4},
        {"version-major", RF_ERR_BAD, major_3},
        {"encryption-iv", RF_ERR_BAD, short_iv},
        {"encryption-incomplete", RF_ERR_BAD, no_key},
        {"buffer-full", RF_ERR_LIMIT, huge_name},
    };
    static uint8_t buf[131072];
    for (size_t i = 0; i < sizeof writer_rows / sizeof *writer_rows; i++) {
        struct rf_signedfile_spec spec = worked_spec();
        struct rf_signedfile_layout at;
        struct rf_why why = {0};
        writer_rows[i].spoil(&spec);
        assert_refused(rf_signedfile_encode(&spec, buf, sizeof buf, &at, &why), writer_rows[i].err,
                       why, writer_rows[i].code);
        assert_int_equal(at.header_len, 0);
    }
}

/* --- containers made by another implementation --- */

static void check_sha512(const void *msg)
{
    const struct rf_signedfile *sf = msg;
    assert_int_equal(rf_signedfile_kind_of(sf), RF_SIGNEDFILE_KIND_FILE);
    assert_int_equal(sf->hash, RF_SIGNEDFILE_SHA512);
    assert_slice_str(sf->file_name, "SEP001122334455.cnf.xml.sgn");
}

static void check_encrypted(const void *msg)
{
    const struct rf_signedfile *sf = msg;
    assert_int_equal(rf_signedfile_kind_of(sf), RF_SIGNEDFILE_KIND_ENCRYPTED);
    assert_slice_str(sf->file_name, "SEP001122334455.cnf.xml.enc.sgn");
    assert_true(sf->has_encryption);
    assert_int_equal(sf->encryption.iv.len, 16);
    assert_in_range(sf->encryption.pad_len, 1, 16);
    assert_int_equal(sf->encryption.key_bits, 8 * sf->encryption.wrapped_key.len);
    assert_int_equal(sf->encryption.hash, sf->hash);
    assert_int_equal(sf->encryption.plain_hash.len, rf_signedfile_hash_len(sf->hash));
}

static void check_list(const void *msg)
{
    const struct rf_signedfile *sf = msg;
    assert_int_equal(rf_signedfile_kind_of(sf), RF_SIGNEDFILE_KIND_LIST);
    assert_slice_str(sf->file_name, "ITLFile.tlv");
    assert_true(sf->has_signer_version);
    assert_int_equal(sf->signer_major, 1);
}

static void headers_of_another_implementation_are_read_and_written_alike(void **state)
{
    (void)state;
    static const struct {
        const char *file;
        void (*check)(const void *msg);
    } files[] = {
        {"fixtures/made/sha1.cnf.xml.sgn", NULL},
        {"fixtures/made/sha512.cnf.xml.sgn", check_sha512},
        {"fixtures/made/encrypted.cnf.xml.enc.sgn", check_encrypted},
        {"fixtures/made/encrypted-stub.cnf.xml.sgn", NULL},
        {"fixtures/made/ITLFile.tlv", check_list},
        {"fixtures/made/itl-1.1-ec.tlv", check_list},
        {"fixtures/made/itl-next-by-sast2.tlv", check_list},
    };
    for (size_t i = 0; i < sizeof files / sizeof *files; i++) {
        struct rf_slice file = codec_data_file(files[i].file);
        size_t n;
        struct rf_why why = {0};
        assert_err(rf_signedfile_header_len(file, &n, &why), RF_OK);
        codec_check_known(&codec, &(struct codec_known){files[i].file, rf_slice_part(file, 0, n),
                                                        files[i].check});
        free((void *)(uintptr_t)file.p);
    }
}

static void a_clear_body_is_found(void **state)
{
    (void)state;
    struct rf_slice file = codec_data_file("fixtures/made/sha1.cnf.xml.sgn");
    struct rf_slice clear = codec_data_file("fixtures/made/clear.cnf.xml");
    struct rf_signedfile sf;
    struct rf_why why = {0};
    assert_err(rf_signedfile_decode(file, file.len, &sf, &why), RF_OK);
    struct rf_signedfile_ranges r = rf_signedfile_ranges_of(&sf, file.len);
    assert_slice_eq(rf_slice_part(file, r.body_off, r.body_len), clear);
    free((void *)(uintptr_t)file.p);
    free((void *)(uintptr_t)clear.p);
}

static void names_and_sizes(void **state)
{
    (void)state;
    uint8_t code;
    assert_int_equal(rf_signedfile_modulus_bytes(3), 512);
    assert_int_equal(rf_signedfile_modulus_bytes(4), 0);
    assert_true(rf_signedfile_modulus_code(64, &code));
    assert_int_equal(code, 0);
    assert_false(rf_signedfile_modulus_code(384, &code));
    assert_string_equal(rf_signedfile_hash_name(RF_SIGNEDFILE_SHA256), "sha256");
    assert_int_equal(rf_signedfile_hash_len(RF_SIGNEDFILE_SHA256), 32);
    assert_string_equal(rf_signedfile_hash_name((enum rf_signedfile_hash)9), "?");
    assert_string_equal(rf_signedfile_kind_name(RF_SIGNEDFILE_KIND_LIST), "trust list");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_header_is_refused_for_each_fault_and_taken_without_it),
        cmocka_unit_test(a_serial_has_1_to_64_bytes),
        cmocka_unit_test(unknown_things_are_counted),
        cmocka_unit_test(the_worked_header_is_written_byte_for_byte),
        cmocka_unit_test(the_worked_header_is_read),
        cmocka_unit_test(each_tag_says_where_it_stands),
        cmocka_unit_test(the_header_length_is_learnt_from_ten_bytes),
        cmocka_unit_test(an_image_header_has_its_own_order),
        cmocka_unit_test(the_writer_refuses_what_the_reader_would),
        cmocka_unit_test(headers_of_another_implementation_are_read_and_written_alike),
        cmocka_unit_test(a_clear_body_is_found),
        cmocka_unit_test(names_and_sizes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
