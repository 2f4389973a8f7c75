/* SPDX-License-Identifier: Apache-2.0 */
/* One X.509 certificate, parsed once, immutable and shared by counting. It says what the
 * certificate contains; whether to believe it is path.h, name.h and lists.h.
 *
 *     RF_AUTO(rf_cert_freep) struct rf_cert *c = NULL;
 *     if (rf_cert_from_der(der, &c, &why) != RF_OK)
 *         return refuse(...);
 *
 * Thread: any (immutable; the count is atomic). All getters borrow from the certificate. */
#ifndef TRUST_CERT_H
#define TRUST_CERT_H

#include "base/mem.h"

/** V1: longer certificates are refused. */
#define RF_CERT_DER_MAX 8192
/** Certificates a PEM file or a chain may hold. */
#define RF_CERT_LIST_MAX 16

struct rf_cert;

enum rf_key_type {
    RF_KEY_OTHER = 0,
    RF_KEY_RSA,
    RF_KEY_EC,
};

/** Numbers as CAPF element 18, except NONE. */
enum rf_curve {
    RF_CURVE_P256 = 0,
    RF_CURVE_P384 = 1,
    RF_CURVE_P521 = 2,
    RF_CURVE_NONE = 255, /* RSA, or another curve */
};

/** keyUsage bits, as OpenSSL and RFC 5280 name them. */
enum {
    RF_KU_DIGITAL_SIGNATURE = 0x0080,
    RF_KU_NON_REPUDIATION = 0x0040,
    RF_KU_KEY_ENCIPHERMENT = 0x0020,
    RF_KU_DATA_ENCIPHERMENT = 0x0010,
    RF_KU_KEY_AGREEMENT = 0x0008,
    RF_KU_KEY_CERT_SIGN = 0x0004,
    RF_KU_CRL_SIGN = 0x0002,
};

/**
 * Parse one certificate, V1: DER only, the whole slice, at most RF_CERT_DER_MAX bytes.
 *
 * Returns RF_OK; RF_ERR_LIMIT cert-size; RF_ERR_BAD cert-der (not DER, or trailing bytes),
 * cert-parse, cert-key (unusable public key), cert-name (a name of more than 1 KiB, or with control
 * characters), cert-serial.
 */
RF_MUST_CHECK enum rf_err rf_cert_from_der(struct rf_slice der, struct rf_cert **out,
                                           struct rf_why *why);

/** The first certificate of a PEM text; other blocks (keys) are passed over. RF_ERR_NOT_FOUND
 * pem-no-cert; else as rf_cert_from_der. */
RF_MUST_CHECK enum rf_err rf_cert_from_pem(struct rf_slice pem, struct rf_cert **out,
                                           struct rf_why *why);
/** The same from a file of at most 256 KiB; the path stands in `why`. Blocking. */
RF_MUST_CHECK enum rf_err rf_cert_from_pem_file(const char *path, struct rf_cert **out,
                                                struct rf_why *why);

/** Several certificates, in order. Zero-initialise; `fini` releases what is in it. */
struct rf_cert_list {
    size_t n;
    struct rf_cert *cert[RF_CERT_LIST_MAX];
};
/** All certificates of a PEM text, leaf first as they stand. RF_ERR_NOT_FOUND when there is none,
 * RF_ERR_LIMIT cert-count. */
RF_MUST_CHECK enum rf_err rf_certs_from_pem(struct rf_slice pem, struct rf_cert_list *out,
                                            struct rf_why *why);
RF_MUST_CHECK enum rf_err rf_certs_from_pem_file(const char *path, struct rf_cert_list *out,
                                                 struct rf_why *why);
/** Add one (its count goes up); false when the list is full. */
RF_MUST_CHECK bool rf_cert_list_add(struct rf_cert_list *list, struct rf_cert *cert);
void rf_cert_list_fini(struct rf_cert_list *list);

/** Hand each certificate of each *.pem file of a folder to `each`, until it fails; a folder that is
 * not there is empty. Errors of `each`, and those of rf_certs_from_pem_file. Blocking. */
typedef enum rf_err (*rf_cert_each_fn)(void *arg, struct rf_cert *cert, struct rf_why *why);
RF_MUST_CHECK enum rf_err rf_certs_each_in_dir(const char *dir, rf_cert_each_fn each, void *arg,
                                               struct rf_why *why);

struct rf_cert *rf_cert_ref(struct rf_cert *c);
void rf_cert_unref(struct rf_cert *c);
void rf_cert_freep(struct rf_cert **c);

struct rf_slice rf_cert_der(const struct rf_cert *c);
/** PEM text appended to `out`. */
RF_MUST_CHECK enum rf_err rf_cert_to_pem(const struct rf_cert *c, struct rf_buf *out);
/** RFC 4514 text of each RDN joined by ',' in certificate order (not reversed). */
const char *rf_cert_subject(const struct rf_cert *c);
const char *rf_cert_issuer(const struct rf_cert *c);
/** The subject / issuer Name as DER. */
struct rf_slice rf_cert_subject_der(const struct rf_cert *c);
struct rf_slice rf_cert_issuer_der(const struct rf_cert *c);
/** Unsigned, minimal, big-endian, as the containers carry it. */
struct rf_slice rf_cert_serial(const struct rf_cert *c);
/** SHA-256 of the DER, 32 bytes. */
struct rf_slice rf_cert_sha256(const struct rf_cert *c);
/** The same as 64 hex digits. */
const char *rf_cert_fingerprint(const struct rf_cert *c);
/** Its first 16 digits: for messages. */
const char *rf_cert_short(const struct rf_cert *c);
/** MD5 of the DER as 32 hex digits: certHash of configurations; never a security check. */
const char *rf_cert_md5(const struct rf_cert *c);
/** SubjectPublicKeyInfo DER. */
struct rf_slice rf_cert_spki(const struct rf_cert *c);
/** As in tag 7 of list records: RSA PKCS#1 DER, or the uncompressed EC point. */
struct rf_slice rf_cert_public_key(const struct rf_cert *c);
enum rf_key_type rf_cert_key_type(const struct rf_cert *c);
unsigned rf_cert_key_bits(const struct rf_cert *c);
enum rf_curve rf_cert_curve(const struct rf_cert *c);
/** Seconds since 1970. */
int64_t rf_cert_not_before(const struct rf_cert *c);
int64_t rf_cert_not_after(const struct rf_cert *c);
/** basicConstraints CA:TRUE. */
bool rf_cert_is_ca(const struct rf_cert *c);
/** Path length, or -1 when there is none. */
long rf_cert_path_len(const struct rf_cert *c);
bool rf_cert_has_key_usage(const struct rf_cert *c);
/** RF_KU_ bits; 0 when the extension is absent. */
uint32_t rf_cert_key_usage(const struct rf_cert *c);
/** Number of CNs in the subject. */
size_t rf_cert_cn_n(const struct rf_cert *c);
/** The CN when there is exactly one, UTF-8, length as in the certificate (it may hold a NUL: see
 * name.h); the empty slice otherwise. */
struct rf_slice rf_cert_cn(const struct rf_cert *c);
/** First value of another attribute of the subject ("O", "serialNumber", "OU", ...), or NULL.
 * Values with control bytes or NUL are not given out. */
const char *rf_cert_subject_attr(const struct rf_cert *c, const char *attr);

enum rf_san_type {
    RF_SAN_URI,
    RF_SAN_DNS,
};
struct rf_san {
    enum rf_san_type type;
    struct rf_slice value;
};
/** subjectAltName values of type URI and DNS, at most 16 kept; others are left out. */
size_t rf_cert_san_n(const struct rf_cert *c);
struct rf_san rf_cert_san(const struct rf_cert *c, size_t i);

/** The certificate's own signature bytes, as in tag 8 of list records. */
struct rf_slice rf_cert_signature(const struct rf_cert *c);
/** Digest of the certificate's signature algorithm: "sha256", "sha1", ... */
const char *rf_cert_signature_digest(const struct rf_cert *c);
bool rf_cert_is_self_issued(const struct rf_cert *c);
/** Same bytes? */
bool rf_cert_eq(const struct rf_cert *a, const struct rf_cert *b);
/** Issuer text and serial are these bytes. */
bool rf_cert_is(const struct rf_cert *c, struct rf_slice issuer_text, struct rf_slice serial);

#endif
