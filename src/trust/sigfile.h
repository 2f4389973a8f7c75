/* SPDX-License-Identifier: Apache-2.0 */
/* Signed containers: check and make signed files (.sgn), and the signature part of trust lists and
 * images. wire/signedfile reads what the header claims; here it is believed or refused. Nothing of
 * a body may be used before the check has returned RF_OK.
 *
 *     struct rf_sigfile_policy p = {.expected_name = rf_slice_str("SEP001122334455.cnf.xml.sgn"),
 *                                   .now_s = now, .has_now = true, .allow_sha1 = true};
 *     err = rf_sigfile_verify(file, tftp_cert, &p, &info, &why);
 *     use(info.body);
 *
 * A big file is checked as it arrives:
 *     rf_sigver_new(header, file_len, &v, &why);     header: rf_signedfile_header_len bytes
 *     signer = find by rf_sigver_header(v)->issuer and ->serial;
 *     rf_sigver_add(v, body_piece, &why); ...
 *     err = rf_sigver_finish(v, signer, &p, &info, &why);
 *
 * and made with rf_sigmake_new, rf_sigmake_add for all of the body, rf_sigmake_finish: the header
 * is written then, and the body a second time behind it.
 *
 * Thread: any, one at a time per verifier. */
#ifndef TRUST_SIGFILE_H
#define TRUST_SIGFILE_H

#include "trust/vault.h"
#include "wire/signedfile/signedfile.h"

/** Room a signed file needs beside its body. */
#define RF_SIGFILE_OVERHEAD_MAX 4096

/** Knob file_rollback: a time stamp older than that of the stored file. */
enum rf_rollback {
    RF_ROLLBACK_WARN = 0, /* taken, is_rollback is set */
    RF_ROLLBACK_OFF,
    RF_ROLLBACK_REJECT, /* time-rollback */
};

/** What a signed file shall be. */
struct rf_sigfile_policy {
    struct rf_slice expected_name; /* tag 14 must equal it whole; p NULL: not compared (show) */
    bool has_now;                  /* a trusted clock is there */
    int64_t now_s;                 /* a time stamp after it is refused */
    bool allow_sha1;
    bool allow_sha256;     /* defined, never seen */
    unsigned rsa_min;      /* bits of the signer's key; 0 takes 1024 (SEC-10) */
    bool is_image;         /* kind must be an image (1.1); else a file, list or encrypted file */
    bool ignore_signer_id; /* images of the manufacturer: the serial is a placeholder */
    bool has_previous;     /* time stamp of the stored file of the same signer, rule below */
    uint32_t previous_timestamp;
    enum rf_rollback rollback;
};

/** What was found. Texts and slices are the caller's own copies or borrow as said. */
struct rf_sigfile_info {
    enum rf_signedfile_kind kind;
    enum rf_digest digest;
    bool has_timestamp;
    uint32_t timestamp;
    bool is_rollback; /* older than previous_timestamp (warn) */
    bool is_minor_unknown;
    size_t unknown_n; /* unknown tags skipped */
    uint64_t body_len;
    struct rf_slice body; /* rf_sigfile_verify only: borrows from the file */
};

/**
 * Check a whole file held in memory.
 *
 * Steps and their refusals, in this order: header (codes of rf_signedfile_decode); kind
 * (file-kind); name (file-name); digest policy (digest-refused); serial number of the signer is the
 * header's (signer-mismatch); signer's key (key-type, key-too-short, sig-length); time
 * (time-future, time-rollback); signature (sig-mismatch). RF_ERR_DENIED, RF_ERR_CRYPTO for the
 * last.
 */
RF_MUST_CHECK enum rf_err rf_sigfile_verify(struct rf_slice file, const struct rf_cert *signer,
                                            const struct rf_sigfile_policy *policy,
                                            struct rf_sigfile_info *out, struct rf_why *why);

struct rf_sigver;

/** Begin: decode the header (copied) of a file of file_len bytes. */
RF_MUST_CHECK enum rf_err rf_sigver_new(struct rf_slice header, uint64_t file_len,
                                        struct rf_sigver **out, struct rf_why *why);
/** The decoded header, still unbelieved; borrowed. */
const struct rf_signedfile *rf_sigver_header(const struct rf_sigver *v);
/** Hash the next piece of the body. RF_ERR_LIMIT file-long when more comes than file_len said. */
RF_MUST_CHECK enum rf_err rf_sigver_add(struct rf_sigver *v, struct rf_slice piece,
                                        struct rf_why *why);
/** The verdict, once. As rf_sigfile_verify; and RF_ERR_SHORT file-short. out->body is empty. */
RF_MUST_CHECK enum rf_err rf_sigver_finish(struct rf_sigver *v, const struct rf_cert *signer,
                                           const struct rf_sigfile_policy *policy,
                                           struct rf_sigfile_info *out, struct rf_why *why);
void rf_sigver_free(struct rf_sigver *v);
void rf_sigver_freep(struct rf_sigver **v);

/** What to sign. */
struct rf_sigfile_spec {
    const char *name; /* tag 14: the whole relative name it is asked for, suffix included */
    enum rf_digest digest;
    uint32_t timestamp;
    struct rf_slice body;
};

/**
 * Make a .sgn file (header 1.0) into `out` (its maximum set by the caller: body +
 * RF_SIGFILE_OVERHEAD_MAX).
 *
 * Returns RF_OK; RF_ERR_DENIED key-type (not RSA), key-size (no code for that modulus),
 * digest-refused (SHA-256), key-cert-mismatch; RF_ERR_LIMIT; and what rf_vault_sign gives.
 * Thread: that of the vault key; blocks while signing.
 */
RF_MUST_CHECK enum rf_err rf_sigfile_sign(struct rf_vault_key *key, const struct rf_cert *cert,
                                          const struct rf_sigfile_spec *spec, struct rf_buf *out,
                                          struct rf_why *why);
/** Make an image or .loads container (header 1.1, image order, no time stamp) for ringphone. */
RF_MUST_CHECK enum rf_err rf_image_sign(struct rf_vault_key *key, const struct rf_cert *cert,
                                        const struct rf_sigfile_spec *spec, struct rf_buf *out,
                                        struct rf_why *why);

struct rf_sigmake;

/** Sign a file of any size: begin with what rf_sigfile_sign or rf_image_sign (is_image) takes but
 * the body, which comes in pieces by rf_sigmake_add. key and cert stay the caller's. */
RF_MUST_CHECK enum rf_err rf_sigmake_new(struct rf_vault_key *key, const struct rf_cert *cert,
                                         const struct rf_sigfile_spec *spec, bool is_image,
                                         struct rf_sigmake **out, struct rf_why *why);
/** Hash the next piece of the body. */
void rf_sigmake_add(struct rf_sigmake *m, struct rf_slice piece);
/** Sign, once: the header that goes before the same body, borrowed from `m`. */
RF_MUST_CHECK enum rf_err rf_sigmake_finish(struct rf_sigmake *m, struct rf_slice *header,
                                            struct rf_why *why);
void rf_sigmake_free(struct rf_sigmake *m);
void rf_sigmake_freep(struct rf_sigmake **m);

/** The caller made the header (lists, encrypted files): sign `whole` in place at the layout. */
RF_MUST_CHECK enum rf_err
rf_sigfile_sign_in_place(struct rf_vault_key *key, const struct rf_cert *cert,
                         enum rf_digest digest, const struct rf_signedfile_layout *layout,
                         uint8_t *whole, size_t whole_len, struct rf_why *why);

#endif
