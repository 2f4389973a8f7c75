/* SPDX-License-Identifier: Apache-2.0 */
#include "trust/key.h"

#include <errno.h>
#include <fcntl.h>
#include <stdatomic.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <openssl/bio.h>
#include <openssl/ec.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/pkcs12.h>
#include <openssl/rsa.h>

#include "base/file.h"
#include "trust/trust_int.h"

#define KEY_PASSPHRASE_ITERATIONS 300000

struct rf_key {
    atomic_uint refs;
    EVP_PKEY *pkey;
    uint8_t *spki;
    size_t spki_len;
    struct rf_spki_info info;
};

void rf_pkey_describe(const EVP_PKEY *pkey, struct rf_spki_info *out)
{
    *out = (struct rf_spki_info){.type = RF_KEY_OTHER, .curve = RF_CURVE_NONE};
    out->bits = (unsigned)EVP_PKEY_get_bits(pkey);
    if (EVP_PKEY_is_a(pkey, "RSA"))
        out->type = RF_KEY_RSA;
    if (!EVP_PKEY_is_a(pkey, "EC"))
        return;
    out->type = RF_KEY_EC;
    static const struct {
        const char *name;
        enum rf_curve curve;
    } curves[] = {{"prime256v1", RF_CURVE_P256}, {"P-256", RF_CURVE_P256},
                  {"secp384r1", RF_CURVE_P384},  {"P-384", RF_CURVE_P384},
                  {"secp521r1", RF_CURVE_P521},  {"P-521", RF_CURVE_P521}};
    char group[64] = "";
    size_t n = 0;
    if (EVP_PKEY_get_group_name(pkey, group, sizeof(group), &n) != 1)
        return;
    for (size_t i = 0; i < sizeof(curves) / sizeof(curves[0]); i++)
        if (strcmp(group, curves[i].name) == 0)
            out->curve = curves[i].curve;
}

bool rf_pkey_spki(const EVP_PKEY *pkey, uint8_t **out, size_t *len)
{
    unsigned char *der = NULL;
    int n = i2d_PUBKEY(pkey, &der);
    uint8_t *copy = n > 0 ? rf_try_alloc((size_t)n, RF_CERT_DER_MAX) : NULL;
    if (copy != NULL) {
        memcpy(copy, der, (size_t)n);
        *out = copy;
        *len = (size_t)n;
    }
    OPENSSL_free(der);
    return copy != NULL;
}

/* Owns pkey from here on, whatever the result. */
static enum rf_err wrap(EVP_PKEY *pkey, struct rf_key **out, struct rf_why *why)
{
    RF_AUTO(rf_key_freep) struct rf_key *k = rf_new(struct rf_key);
    atomic_init(&k->refs, 1);
    k->pkey = pkey;
    if (!rf_pkey_spki(pkey, &k->spki, &k->spki_len))
        return rf_why_openssl(why, RF_ERR_CRYPTO, "key-parse", "public half of the key");
    rf_pkey_describe(pkey, &k->info);
    ERR_clear_error();
    *out = rf_steal(&k);
    return RF_OK;
}

enum rf_err rf_key_new_rsa(unsigned bits, struct rf_key **out, struct rf_why *why)
{
    if (bits < 512 || bits > 4096)
        return rf_why_set(why, RF_ERR_LIMIT, "key-size", "RSA keys have 512 to 4096 bits, not %u",
                          bits);
    EVP_PKEY *pkey = EVP_RSA_gen(bits);
    if (pkey == NULL)
        return rf_why_openssl(why, RF_ERR_CRYPTO, "key-generate", "making an RSA key");
    return wrap(pkey, out, why);
}

enum rf_err rf_key_new_ec(enum rf_curve curve, struct rf_key **out, struct rf_why *why)
{
    const char *name = curve == RF_CURVE_P256   ? "P-256"
                       : curve == RF_CURVE_P384 ? "P-384"
                       : curve == RF_CURVE_P521 ? "P-521"
                                                : NULL;
    EVP_PKEY *pkey = name != NULL ? EVP_EC_gen(name) : NULL;
    if (pkey == NULL)
        return rf_why_openssl(why, RF_ERR_CRYPTO, "key-generate", "making an EC key");
    return wrap(pkey, out, why);
}

struct passphrase {
    const struct rf_secret *secret;
    bool was_asked;
};

static int on_passphrase(char *buf, int size, int rwflag, void *arg)
{
    struct passphrase *p = arg;
    p->was_asked = true;
    if (p->secret == NULL || p->secret->len > (size_t)size)
        return -1;
    memcpy(buf, p->secret->bytes, p->secret->len);
    return (int)p->secret->len;
}

enum rf_err rf_key_from_pem(struct rf_slice pem, const struct rf_secret *passphrase,
                            struct rf_key **out, struct rf_why *why)
{
    struct passphrase p = {.secret = passphrase};
    BIO *bio = pem.len <= RF_PEM_MAX ? BIO_new_mem_buf(pem.p, (int)pem.len) : NULL;
    EVP_PKEY *pkey = bio != NULL ? PEM_read_bio_PrivateKey(bio, NULL, on_passphrase, &p) : NULL;
    BIO_free(bio);
    if (pkey != NULL)
        return wrap(pkey, out, why);
    ERR_clear_error();
    if (p.was_asked)
        return rf_why_set(why, RF_ERR_DENIED, "key-passphrase",
                          passphrase == NULL ? "the private key is protected by a passphrase; "
                                               "give it"
                                             : "the passphrase does not open the private key");
    if (rf_slice_find(pem, rf_slice_str("PRIVATE KEY-----")) == SIZE_MAX)
        return rf_why_set(why, RF_ERR_NOT_FOUND, "pem-no-key", "no private key in the PEM text");
    return rf_why_set(why, RF_ERR_BAD, "key-parse", "the private key cannot be read");
}

/* A whole file, without copies left behind. Private keys only; the rest uses base/file. */
static enum rf_err read_private(const char *path, struct rf_buf *out, struct rf_why *why)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    struct stat st;
    if (fd < 0)
        return rf_why_set(why, errno == ENOENT ? RF_ERR_NOT_FOUND : RF_ERR_IO,
                          errno == ENOENT ? "file-not-found" : "file-io", "read %s: %s", path,
                          strerror(errno));
    enum rf_err err = RF_ERR_IO;
    size_t want = 0;
    if (fstat(fd, &st) == 0 && S_ISREG(st.st_mode) && st.st_size <= RF_PEM_MAX) {
        want = (size_t)st.st_size;
        *out = RF_BUF(want + 1);
        uint8_t *to = rf_buf_room(out, want + 1);
        ssize_t n = to != NULL ? read(fd, to, want + 1) : -1;
        out->len = n > 0 ? (size_t)n : 0;
        err = n >= 0 && (size_t)n <= want ? RF_OK : RF_ERR_IO;
    }
    close(fd);
    if (err != RF_OK) {
        rf_buf_wipe(out);
        return rf_why_set(why, err, "file-io", "read %s: not a regular file of at most %d bytes",
                          path, RF_PEM_MAX);
    }
    return RF_OK;
}

enum rf_err rf_key_load(const char *path, const struct rf_secret *passphrase, struct rf_key **out,
                        struct rf_why *why)
{
    struct rf_why inner = {0};
    struct rf_buf text = {0};
    enum rf_err err = read_private(path, &text, why);
    if (err != RF_OK)
        return err;
    err = rf_key_from_pem(rf_buf_slice(&text), passphrase, out, &inner);
    rf_buf_wipe(&text);
    if (err != RF_OK)
        return rf_why_set(why, err, inner.code, "%s: %s", path, inner.text);
    return RF_OK;
}

/* PKCS#8 with PBKDF2 (many rounds) and AES-256. */
static int write_encrypted(BIO *bio, const EVP_PKEY *pkey, const struct rf_secret *passphrase)
{
    PKCS8_PRIV_KEY_INFO *p8 = EVP_PKEY2PKCS8(pkey);
    X509_ALGOR *pbe = PKCS5_pbe2_set_iv(EVP_aes_256_cbc(), KEY_PASSPHRASE_ITERATIONS, NULL, 0, NULL,
                                        NID_hmacWithSHA256);
    X509_SIG *sealed = NULL;
    if (p8 != NULL && pbe != NULL)
        sealed = PKCS8_set0_pbe((const char *)passphrase->bytes, (int)passphrase->len, p8, pbe);
    if (sealed == NULL)
        X509_ALGOR_free(pbe); /* else it belongs to `sealed` */
    PKCS8_PRIV_KEY_INFO_free(p8);
    int ok = sealed != NULL && PEM_write_bio_PKCS8(bio, sealed) == 1;
    X509_SIG_free(sealed);
    return ok;
}

enum rf_err rf_key_to_pem(const struct rf_key *k, const struct rf_secret *passphrase,
                          struct rf_buf *out, struct rf_why *why)
{
    BIO *bio = BIO_new(BIO_s_mem());
    int ok = bio != NULL &&
             (passphrase != NULL
                  ? write_encrypted(bio, k->pkey, passphrase)
                  : PEM_write_bio_PKCS8PrivateKey(bio, k->pkey, NULL, NULL, 0, NULL, NULL));
    enum rf_err err = RF_OK;
    if (ok != 1) {
        err = rf_why_openssl(why, RF_ERR_CRYPTO, "key-write", "writing a private key");
    } else {
        char *p = NULL;
        long n = BIO_get_mem_data(bio, &p);
        err = rf_buf_add(out, p, (size_t)n);
    }
    BIO_free(bio); /* OpenSSL wipes it */
    return err;
}

enum rf_err rf_key_save(const struct rf_key *k, const char *path,
                        const struct rf_secret *passphrase, const struct rf_cert *cert,
                        struct rf_why *why)
{
    struct rf_buf pem = RF_BUF(RF_PEM_MAX);
    if (rf_buf_room(&pem, 32768) == NULL) /* so that it never moves and leaves a copy */
        return rf_why_set(why, RF_ERR_NOMEM, "no-memory", "no memory to write %s", path);
    enum rf_err err = rf_key_to_pem(k, passphrase, &pem, why);
    if (err == RF_OK && cert != NULL)
        err = rf_cert_to_pem(cert, &pem);
    if (err == RF_OK)
        err = rf_file_replace(path, rf_buf_slice(&pem), RF_FILE_PRIVATE, why);
    rf_buf_wipe(&pem);
    return err;
}

void rf_buf_wipe(struct rf_buf *b)
{
    if (b->p != NULL)
        rf_wipe(b->p, b->cap);
    rf_buf_fini(b);
}

enum rf_key_type rf_key_type(const struct rf_key *k)
{
    return k->info.type;
}

unsigned rf_key_bits(const struct rf_key *k)
{
    return k->info.bits;
}

struct rf_slice rf_key_spki(const struct rf_key *k)
{
    return rf_slice_of(k->spki, k->spki_len);
}

bool rf_key_matches(const struct rf_key *k, const struct rf_cert *cert)
{
    return EVP_PKEY_eq(k->pkey, rf_cert_pkey(cert)) == 1;
}

EVP_PKEY *rf_key_pkey(const struct rf_key *k)
{
    return k->pkey;
}

struct rf_key *rf_key_ref(struct rf_key *k)
{
    atomic_fetch_add(&k->refs, 1);
    return k;
}

void rf_key_free(struct rf_key *k)
{
    if (k == NULL || atomic_fetch_sub(&k->refs, 1) != 1)
        return;
    EVP_PKEY_free(k->pkey);
    rf_free(k->spki);
    rf_free(k);
}

void rf_key_freep(struct rf_key **k)
{
    rf_key_free(*k);
    *k = NULL;
}
