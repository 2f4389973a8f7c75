/* SPDX-License-Identifier: Apache-2.0 */
/* The header of signed containers: signed files (.sgn), encrypted configurations (.enc.sgn), trust
 * lists (.tlv), load lists and images. It says what a file claims and which bytes its signature
 * covers; whether to believe it is decided in trust/. Integers are big-endian.
 *
 *     size_t n;
 *     if (rf_signedfile_header_len(first_bytes, &n, &why) == RF_OK)     (read n bytes, then)
 *         err = rf_signedfile_decode(header, file_len, &sf, &why);
 *     struct rf_signedfile_ranges r = rf_signedfile_ranges_of(&sf, file_len);
 *
 * Thread: any.  Allocates: no.
 * Source: doc: docs/wire/signed-files.md */
#ifndef WIRE_SIGNEDFILE_SIGNEDFILE_H
#define WIRE_SIGNEDFILE_SIGNEDFILE_H

#include "base/bytes.h"

/** So many first bytes are enough for rf_signedfile_header_len. */
#define RF_SIGNEDFILE_PREFIX_LEN 10
/** A header is at most this long (its length is a u16). */
#define RF_SIGNEDFILE_HEADER_MAX 65535
/** Serial numbers longer than this are refused; X.509 allows 20 bytes. */
#define RF_SIGNEDFILE_SERIAL_MAX 64

/** Tags are below this. */
#define RF_SIGNEDFILE_TAG_N 29

/** Header tag 8 (and record tag 12 of trust lists). No other number decodes. */
enum rf_signedfile_hash {
    RF_SIGNEDFILE_SHA1 = 1,
    RF_SIGNEDFILE_SHA256 = 2, /* defined, never seen: do not write it */
    RF_SIGNEDFILE_SHA512 = 3,
};

/** What the header version says the file is. */
enum rf_signedfile_kind {
    RF_SIGNEDFILE_KIND_FILE,      /* 1.0: .sgn */
    RF_SIGNEDFILE_KIND_IMAGE,     /* 1.1: .loads and images */
    RF_SIGNEDFILE_KIND_LIST,      /* 1.2: .tlv */
    RF_SIGNEDFILE_KIND_ENCRYPTED, /* 2.0: .enc.sgn */
    RF_SIGNEDFILE_KIND_UNKNOWN,   /* another minor version: taken with a warning */
};

/** Tags 16 to 27. All are there or none. Nothing is judged here: pad count, key size and algorithm
 * numbers are as received, because before the signature is verified nobody may be told which of
 * them is wrong. */
struct rf_signedfile_encryption {
    struct rf_slice iv;          /* 16 bytes */
    uint16_t pad_len;            /* tag 20, wanted 1..16 */
    uint16_t key_bits;           /* tag 23 */
    struct rf_slice wrapped_key; /* tag 25 */
    uint8_t hash;                /* tag 26, numbers as enum rf_signedfile_hash */
    struct rf_slice plain_hash;  /* tag 27 */
};

/** A decoded header. Slices point into the input; texts are without their NUL. */
struct rf_signedfile {
    uint8_t major;
    uint8_t minor;
    uint16_t header_len; /* the body begins here */
    struct rf_slice signer;
    struct rf_slice issuer;
    struct rf_slice serial; /* unsigned, minimal, big-endian */
    enum rf_signedfile_hash hash;
    uint8_t signature_algorithm; /* 0: RSA PKCS#1 v1.5; no other decodes */
    uint8_t modulus_code;        /* fits signature.len */
    struct rf_slice signature;
    size_t signature_tlv_off; /* tag 12 itself, from the first byte of the file */
    size_t signature_tlv_len; /* tag, length and value */
    struct rf_slice file_name;
    bool has_timestamp;
    uint32_t timestamp; /* seconds since 1970 */
    bool has_signer_version;
    uint8_t signer_major;
    uint8_t signer_minor;
    bool has_encryption;
    struct rf_signedfile_encryption encryption;
    /* warnings */
    bool is_minor_unknown;
    size_t unknown_n;      /* unknown tags skipped, at top level and in groups */
    uint8_t unknown_first; /* the first of them */
    /* for messages */
    uint16_t tag_off[RF_SIGNEDFILE_TAG_N]; /* where each known tag begins; 0: not there, or tag 1 */
};

/** Offsets in the file. Signed is [0, before_len) then [after_off, after_off + after_len); the
 * second runs to the end of the file. The body is the content behind the header. */
struct rf_signedfile_ranges {
    size_t before_len;
    size_t after_off;
    size_t after_len;
    size_t body_off;
    size_t body_len;
};

/**
 * Learn the header length from the first bytes of a file.
 *
 * first  at least RF_SIGNEDFILE_PREFIX_LEN bytes; more are not looked at.
 *
 * Returns RF_OK; RF_ERR_SHORT short; RF_ERR_BAD version-first, header-length-second, tag-length,
 * header-length; RF_ERR_UNKNOWN version-major.
 */
RF_MUST_CHECK enum rf_err rf_signedfile_header_len(struct rf_slice first, size_t *out,
                                                   struct rf_why *why);

/**
 * Decode a header, strictly: tag 1 then tag 2, every known tag at most once and in its own group,
 * groups filled exactly, padding last, the header length a multiple of 4 that ends with the padding
 * and lies inside the file.
 *
 * header    the file, or only its first bytes as long as they hold the whole header.
 * file_len  bytes of the whole file.
 * out       filled on RF_OK, zeroed otherwise; borrows from `header`.
 *
 * Returns RF_OK; RF_ERR_SHORT (input ends); RF_ERR_UNKNOWN: version-major, hash-algorithm,
 * signature-algorithm, modulus; RF_ERR_BAD otherwise, why->code one of: version-first,
 * header-length-second, header-length, header-beyond-file, header-alignment, header-overrun,
 * tag-length, tag-twice, tag-misplaced, group-overrun, padding-inside-group, data-after-padding,
 * text-no-nul, text-inner-nul, text-control, text-empty, serial-empty, serial-not-minimal,
 * serial-long, modulus-mismatch, missing-signer-info, missing-signer-name, missing-serial,
 * missing-issuer, missing-signature-info, missing-hash-algorithm, missing-algorithm-info,
 * missing-signature-algorithm, missing-modulus, missing-signature, missing-file-name,
 * encryption-incomplete.
 */
RF_MUST_CHECK enum rf_err rf_signedfile_decode(struct rf_slice header, size_t file_len,
                                               struct rf_signedfile *out, struct rf_why *why);

/** The signed ranges and the body of a decoded file of file_len bytes (the same number that was
 * given to the decoder). */
struct rf_signedfile_ranges rf_signedfile_ranges_of(const struct rf_signedfile *sf,
                                                    size_t file_len);

/** The kind by version number. */
enum rf_signedfile_kind rf_signedfile_kind_of(const struct rf_signedfile *sf);
/** "signed file", "image", "trust list", "encrypted file", "unknown kind". */
const char *rf_signedfile_kind_name(enum rf_signedfile_kind kind);

/** Order of the tags to write. */
enum rf_signedfile_form {
    RF_SIGNEDFILE_FORM_FILE,  /* 1 2 [28] 3{4 6 5} 7{..} 12 14 [15] [16{..} 26 27] 13*: files, lists
                               */
    RF_SIGNEDFILE_FORM_IMAGE, /* 1 2 3{4 5 6} 7{..} 12 14 13*: images and .loads */
};

/** What a header to be written shall say. */
struct rf_signedfile_spec {
    enum rf_signedfile_form form;
    uint8_t major;
    uint8_t minor;
    struct rf_slice signer; /* text without NUL, as are issuer and file_name */
    struct rf_slice issuer;
    struct rf_slice serial;
    enum rf_signedfile_hash hash;
    size_t signature_len; /* 64, 128, 256 or 512 */
    struct rf_slice file_name;
    bool has_timestamp; /* not in images, as are the next two */
    uint32_t timestamp;
    bool has_signer_version;
    uint8_t signer_major;
    uint8_t signer_minor;
    bool has_encryption;
    struct rf_signedfile_encryption encryption;
};

/** Where things are in a written header. */
struct rf_signedfile_layout {
    size_t header_len;
    size_t signature_off; /* the value: put the signature here */
    size_t signature_len;
    size_t signature_tlv_off; /* sign without [tlv_off, tlv_off + tlv_len) */
    size_t signature_tlv_len;
};

/**
 * Write a header with a zeroed signature.
 *
 * buf, cap  the caller's; RF_SIGNEDFILE_HEADER_MAX always suffices.
 *
 * Returns RF_OK; RF_ERR_LIMIT buffer-full; RF_ERR_BAD text-control, text-empty, serial-empty,
 * serial-not-minimal, serial-long, modulus (no code for that signature length), hash-algorithm,
 * version-major, encryption-iv, encryption-incomplete, form (an image with time stamp, signer
 * version or encryption).
 */
RF_MUST_CHECK enum rf_err rf_signedfile_encode(const struct rf_signedfile_spec *spec, uint8_t *buf,
                                               size_t cap, struct rf_signedfile_layout *out,
                                               struct rf_why *why);

/** Bytes of a modulus code: 64, 128, 256, 512; 0 for an unknown code. */
size_t rf_signedfile_modulus_bytes(uint8_t code);
/** The code for so many bytes; false when there is none (384). */
RF_MUST_CHECK bool rf_signedfile_modulus_code(size_t bytes, uint8_t *code);
/** "sha1", "sha256", "sha512", "?". */
const char *rf_signedfile_hash_name(enum rf_signedfile_hash hash);
/** Bytes of such a digest: 20, 32, 64; 0 for an unknown number. */
size_t rf_signedfile_hash_len(enum rf_signedfile_hash hash);
/** The serial rule of headers and records: 1..RF_SIGNEDFILE_SERIAL_MAX bytes, no leading zero byte
 * (one zero byte alone is the number zero). Codes as the decoder. */
RF_MUST_CHECK enum rf_err rf_signedfile_serial_check(struct rf_slice serial, struct rf_why *why);

#endif
