/* SPDX-License-Identifier: Apache-2.0 */
/* Certificates are written here byte by byte, because the key that signs them may be in another
 * process: what is to be signed is encoded, its digest signed by the vault, and both are put
 * together. The signature is checked before anyone gets it. */
#include "trust/issue.h"

#include <string.h>

#include "base/faults.h"
#include "base/random.h"
#include "base/text.h"
#include "trust/issue_der.h"
#include "trust/lsc_check.h"
#include "trust/name.h"
#include "trust/trust_int.h"

#define ISSUE_NAME_MAX  RF_LSC_CN_MAX
#define ISSUE_SITE_BACK 3600  /* notBefore before now, seconds */
#define ISSUE_DEV_BACK  86400 /* for phones, whose clocks are bad */
#define ISSUE_DAYS_MAX  14600
#define LSC_DAYS_MAX    1825
#define DAY_S           86400

#define OID(bytes) rf_slice_of(bytes, sizeof(bytes) - 1)

static const char oid_cn[] = "\x55\x04\x03";
static const char oid_o[] = "\x55\x04\x0a";
static const char oid_ou[] = "\x55\x04\x0b";
static const char oid_l[] = "\x55\x04\x07";
static const char oid_st[] = "\x55\x04\x08";
static const char oid_c[] = "\x55\x04\x06";
static const char oid_serial_number[] = "\x55\x04\x05";
static const char oid_basic_constraints[] = "\x55\x1d\x13";
static const char oid_key_usage[] = "\x55\x1d\x0f";
static const char oid_ext_key_usage[] = "\x55\x1d\x25";
static const char oid_san[] = "\x55\x1d\x11";
static const char oid_ski[] = "\x55\x1d\x0e";
static const char oid_eku_server[] = "\x2b\x06\x01\x05\x05\x07\x03\x01";
static const char oid_eku_client[] = "\x2b\x06\x01\x05\x05\x07\x03\x02";
static const char oid_eku_ipsec[] = "\x2b\x06\x01\x05\x05\x07\x03\x05";
static const char oid_rsa_sha256[] = "\x2a\x86\x48\x86\xf7\x0d\x01\x01\x0b";
static const char oid_rsa_sha1[] = "\x2a\x86\x48\x86\xf7\x0d\x01\x01\x05";
static const char oid_ecdsa_sha1[] = "\x2a\x86\x48\xce\x3d\x04\x01";
static const char oid_ecdsa_sha256[] = "\x2a\x86\x48\xce\x3d\x04\x03\x02";

/* Everything a certificate says, independent of whose it is. */
struct plan {
    struct rf_slice spki;
    struct rf_spki_info key; /* what the SPKI is */
    struct rf_slice subject; /* Name, DER */
    int64_t not_before;
    int64_t not_after;
    bool is_sha1; /* weak; else SHA-256 */
    bool is_ca;
    bool has_path_len; /* 0 */
    uint32_t key_usage;
    bool has_eku_server;
    bool has_eku_client;
    bool has_eku_ipsec;
    struct rf_slice san_dns;
    struct rf_slice san_uri;
};

static void add_rdn(struct rf_der *d, struct rf_slice oid, uint8_t tag, struct rf_slice value)
{
    size_t set = rf_der_begin(d, DER_SET);
    size_t seq = rf_der_begin(d, DER_SEQUENCE);
    rf_der_oid(d, oid);
    rf_der_add(d, tag, value);
    rf_der_end(d, seq);
    rf_der_end(d, set);
}

static bool is_name(struct rf_slice s)
{
    struct rf_rd rd = rf_rd_of(s);
    uint8_t b = 0;
    if (s.len == 0 || s.len > ISSUE_NAME_MAX)
        return false;
    while (rf_rd_u8(&rd, &b))
        if (b < 0x20 || b == 0x7f)
            return false;
    return true;
}

static enum rf_err bad_name(struct rf_slice s, struct rf_why *why)
{
    char text[96];
    return rf_why_set(why, RF_ERR_BAD, "issue-name",
                      "\"%s\" cannot stand in a certificate's name: 1 to %d characters, none of "
                      "them a control byte",
                      rf_escape(s, text, sizeof(text)), ISSUE_NAME_MAX);
}

static enum rf_err check_days(unsigned days, unsigned max, struct rf_why *why)
{
    if (days < 1 || days > max)
        return rf_why_set(why, RF_ERR_BAD, "issue-days", "a validity of 1 to %u days, not %u", max,
                          days);
    return RF_OK;
}

/* Which digest algorithm identifier fits the key that signs. */
static void add_algorithm(struct rf_der *d, enum rf_key_type signer, bool is_sha1)
{
    size_t seq = rf_der_begin(d, DER_SEQUENCE);
    if (signer == RF_KEY_EC) {
        rf_der_oid(d, is_sha1 ? OID(oid_ecdsa_sha1) : OID(oid_ecdsa_sha256));
    } else {
        rf_der_oid(d, is_sha1 ? OID(oid_rsa_sha1) : OID(oid_rsa_sha256));
        rf_der_raw(d, rf_slice_of("\x05\x00", 2)); /* NULL */
    }
    rf_der_end(d, seq);
}

/* Open an extension; close it with end_extension. */
struct extension {
    size_t seq;
    size_t octets;
};

static struct extension begin_extension(struct rf_der *d, struct rf_slice oid, bool is_critical)
{
    struct extension e;
    e.seq = rf_der_begin(d, DER_SEQUENCE);
    rf_der_oid(d, oid);
    if (is_critical)
        rf_der_raw(d, rf_slice_of("\x01\x01\xff", 3)); /* BOOLEAN TRUE */
    e.octets = rf_der_begin(d, DER_OCTET_STRING);
    return e;
}

static void end_extension(struct rf_der *d, struct extension e)
{
    rf_der_end(d, e.octets);
    rf_der_end(d, e.seq);
}

static void add_basic_constraints(struct rf_der *d, const struct plan *p)
{
    struct extension e = begin_extension(d, OID(oid_basic_constraints), true);
    size_t seq = rf_der_begin(d, DER_SEQUENCE);
    if (p->is_ca)
        rf_der_raw(d, rf_slice_of("\x01\x01\xff", 3));
    if (p->has_path_len)
        rf_der_raw(d, rf_slice_of("\x02\x01\x00", 3)); /* INTEGER 0 */
    rf_der_end(d, seq);
    end_extension(d, e);
}

/* The flags are those of the first octet, highest bit first; trailing zero bits do not count. */
static void add_key_usage(struct rf_der *d, uint32_t usage)
{
    uint8_t bits[2] = {0, (uint8_t)usage};
    while (bits[0] < 7 && (bits[1] >> bits[0] & 1) == 0)
        bits[0]++;
    struct extension e = begin_extension(d, OID(oid_key_usage), true);
    rf_der_add(d, DER_BIT_STRING, rf_slice_of(bits, 2));
    end_extension(d, e);
}

static void add_eku(struct rf_der *d, const struct plan *p)
{
    if (!p->has_eku_server && !p->has_eku_client && !p->has_eku_ipsec)
        return;
    struct extension e = begin_extension(d, OID(oid_ext_key_usage), false);
    size_t seq = rf_der_begin(d, DER_SEQUENCE);
    if (p->has_eku_server)
        rf_der_oid(d, OID(oid_eku_server));
    if (p->has_eku_client)
        rf_der_oid(d, OID(oid_eku_client));
    if (p->has_eku_ipsec)
        rf_der_oid(d, OID(oid_eku_ipsec));
    rf_der_end(d, seq);
    end_extension(d, e);
}

static void add_san(struct rf_der *d, const struct plan *p)
{
    if (p->san_dns.len == 0 && p->san_uri.len == 0)
        return;
    struct extension e = begin_extension(d, OID(oid_san), false);
    size_t seq = rf_der_begin(d, DER_SEQUENCE);
    if (p->san_dns.len != 0)
        rf_der_add(d, 0x82, p->san_dns); /* [2] dNSName */
    if (p->san_uri.len != 0)
        rf_der_add(d, 0x86, p->san_uri); /* [6] uniformResourceIdentifier */
    rf_der_end(d, seq);
    end_extension(d, e);
}

/* Subject key identifier: 20 bytes of the SHA-256 of the key (RFC 7093 method 1 in spirit). */
static void add_ski(struct rf_der *d, struct rf_slice spki)
{
    uint8_t md[RF_DIGEST_MAX];
    (void)rf_digest_of(RF_DIGEST_SHA256, spki, md);
    struct extension e = begin_extension(d, OID(oid_ski), false);
    rf_der_add(d, DER_OCTET_STRING, rf_slice_of(md, 20));
    end_extension(d, e);
}

static void add_extensions(struct rf_der *d, const struct plan *p)
{
    size_t explicit3 = rf_der_begin(d, 0xa3);
    size_t seq = rf_der_begin(d, DER_SEQUENCE);
    add_basic_constraints(d, p);
    add_key_usage(d, p->key_usage);
    add_eku(d, p);
    add_san(d, p);
    if (p->is_ca)
        add_ski(d, p->spki);
    rf_der_end(d, seq);
    rf_der_end(d, explicit3);
}

static void add_tbs(struct rf_der *d, const struct plan *p, struct rf_slice issuer,
                    enum rf_key_type signer, struct rf_slice serial)
{
    size_t tbs = rf_der_begin(d, DER_SEQUENCE);
    rf_der_raw(d, rf_slice_of("\xa0\x03\x02\x01\x02", 5)); /* [0] version 3 */
    rf_der_uint(d, serial);
    add_algorithm(d, signer, p->is_sha1);
    rf_der_raw(d, issuer);
    size_t validity = rf_der_begin(d, DER_SEQUENCE);
    rf_der_time(d, p->not_before);
    rf_der_time(d, p->not_after);
    rf_der_end(d, validity);
    rf_der_raw(d, p->subject);
    rf_der_raw(d, p->spki);
    add_extensions(d, p);
    rf_der_end(d, tbs);
}

/* Sign, and check the signature against the signer's key, which is that of `ca`; NULL: its own. */
static enum rf_err sign(const struct plan *p, struct rf_slice tbs, const struct rf_cert *ca,
                        struct rf_vault_key *key, struct rf_buf *sig, struct rf_why *why)
{
    enum rf_digest alg = p->is_sha1 ? RF_DIGEST_SHA1 : RF_DIGEST_SHA256;
    struct rf_why bad = {0};
    uint8_t md[RF_DIGEST_MAX];
    enum rf_err err = rf_vault_sign(key, alg, &tbs, 1, sig, why);
    if (err != RF_OK)
        return err;
    EVP_PKEY *own = ca == NULL ? rf_spki_parse(p->spki) : NULL;
    EVP_PKEY *signer = ca != NULL ? rf_cert_pkey(ca) : own;
    size_t len = rf_digest_of(alg, tbs, md);
    if (signer == NULL || rf_pkey_verify_digest(signer, alg, rf_slice_of(md, len),
                                                rf_buf_slice(sig), "the issuer", &bad) != RF_OK)
        err = rf_why_set(why, RF_ERR_CRYPTO, "sign-failed", "the new certificate's signature: %s",
                         rf_why_text(&bad));
    EVP_PKEY_free(own);
    return err;
}

static bool name_of(struct rf_slice der, char **out)
{
    const unsigned char *p = der.p;
    X509_NAME *name = d2i_X509_NAME(NULL, &p, (long)der.len);
    bool ok = name != NULL && rf_name_text(name, out);
    X509_NAME_free(name);
    return ok;
}

/* SEQUENCE { tbs, algorithm, BIT STRING } */
static enum rf_err assemble(const struct plan *p, struct rf_slice tbs, struct rf_slice issuer,
                            enum rf_key_type signer, struct rf_slice sig, struct rf_issued *out,
                            struct rf_why *why)
{
    struct rf_der d = {.out = RF_BUF(RF_CERT_DER_MAX)};
    size_t cert = rf_der_begin(&d, DER_SEQUENCE);
    rf_der_raw(&d, tbs);
    add_algorithm(&d, signer, p->is_sha1);
    size_t bits = rf_der_begin(&d, DER_BIT_STRING);
    rf_der_raw(&d, rf_slice_of("", 1)); /* no unused bits */
    rf_der_raw(&d, sig);
    rf_der_end(&d, bits);
    rf_der_end(&d, cert);
    out->der = d.out;
    out->not_before_s = p->not_before;
    out->not_after_s = p->not_after;
    if (d.failed)
        return rf_why_set(why, RF_ERR_LIMIT, "cert-size", "the certificate became too long");
    (void)rf_digest_of(RF_DIGEST_SHA256, rf_buf_slice(&out->der), out->sha256);
    if (!name_of(p->subject, &out->subject) || !name_of(issuer, &out->issuer))
        return rf_why_openssl(why, RF_ERR_BAD, "cert-name", "the new certificate's names");
    return RF_OK;
}

void rf_issued_fini(struct rf_issued *issued)
{
    rf_buf_fini(&issued->der);
    rf_free(issued->subject);
    rf_free(issued->issuer);
    *issued = (struct rf_issued){0};
}

/* ca NULL: self-signed. */
static enum rf_err issue(const struct plan *p, const struct rf_cert *ca, struct rf_vault_key *key,
                         struct rf_issued *out, struct rf_why *why)
{
    if (ca != NULL && !rf_cert_is_ca(ca))
        return rf_why_set(why, RF_ERR_DENIED, "issue-not-ca", "%s (%s) is no CA certificate",
                          rf_cert_subject(ca), rf_cert_short(ca));
    if (ca != NULL && !rf_vault_matches(key, ca))
        return rf_why_set(why, RF_ERR_DENIED, "key-cert-mismatch",
                          "the signing key is not that of %s (%s)", rf_cert_subject(ca),
                          rf_cert_short(ca));
    struct rf_slice issuer = ca != NULL ? rf_cert_subject_der(ca) : p->subject;
    enum rf_key_type signer = rf_vault_key_type(key);
    RF_AUTO(rf_buf_fini) struct rf_buf sig = RF_BUF(RF_SIGNATURE_MAX);
    RF_AUTO(rf_issued_fini) struct rf_issued made = {.der = RF_BUF(0)};
    struct rf_der d = {.out = RF_BUF(RF_CERT_DER_MAX)};
    rf_random_bytes(made.serial, sizeof made.serial);
    made.serial[0] = (uint8_t)((made.serial[0] & 0x7f) | 0x40); /* positive, and always 16 bytes */
    add_tbs(&d, p, issuer, signer, rf_slice_of(made.serial, sizeof made.serial));
    enum rf_err err = RF_OK;
    if (d.failed)
        err = rf_why_set(why, RF_ERR_LIMIT, "cert-size", "the certificate became too long");
    if (err == RF_OK)
        err = sign(p, rf_buf_slice(&d.out), ca, key, &sig, why);
    if (err == RF_OK)
        err = assemble(p, rf_buf_slice(&d.out), issuer, signer, rf_buf_slice(&sig), &made, why);
    rf_buf_fini(&d.out);
    if (err != RF_OK)
        return err;
    *out = made;
    made = (struct rf_issued){0};
    return RF_OK;
}

/* The same as one that is read. */
static enum rf_err issue_read(const struct plan *p, const struct rf_cert *ca,
                              struct rf_vault_key *key, struct rf_cert **out, struct rf_why *why)
{
    RF_AUTO(rf_issued_fini) struct rf_issued made = {.der = RF_BUF(0)};
    enum rf_err err = issue(p, ca, key, &made, why);
    return err == RF_OK ? rf_cert_from_der(rf_buf_slice(&made.der), out, why) : err;
}

/* Constraints and usages by role. */
static void plan_role(enum rf_cert_role role, struct plan *p)
{
    uint32_t tls = RF_KU_DIGITAL_SIGNATURE |
                   (p->key.type == RF_KEY_RSA ? (uint32_t)RF_KU_KEY_ENCIPHERMENT : 0u);
    switch (role) {
    case RF_CERT_ROLE_SAST:
    case RF_CERT_ROLE_IMAGE_SIGNER:
        p->key_usage = RF_KU_DIGITAL_SIGNATURE;
        break;
    case RF_CERT_ROLE_CCM:
    case RF_CERT_ROLE_TVS:
        p->key_usage = tls;
        p->has_eku_server = p->has_eku_client = true;
        break;
    case RF_CERT_ROLE_TFTP:
        p->key_usage = tls;
        p->has_eku_server = true;
        break;
    case RF_CERT_ROLE_CAPF:
        p->key_usage = tls | RF_KU_KEY_CERT_SIGN; /* old phones encrypt to an RSA key */
        p->is_ca = p->has_path_len = true;
        break;
    case RF_CERT_ROLE_LSC_ISSUER:
    case RF_CERT_ROLE_MIC_ISSUER:
        p->key_usage = RF_KU_KEY_CERT_SIGN | RF_KU_CRL_SIGN | RF_KU_DIGITAL_SIGNATURE;
        p->is_ca = p->has_path_len = true;
        break;
    case RF_CERT_ROLE_MIC_ROOT:
        p->key_usage = RF_KU_KEY_CERT_SIGN | RF_KU_CRL_SIGN;
        p->is_ca = true;
        break;
    }
}

static enum rf_err issue_site(const struct rf_issue_self *spec, struct rf_slice spki,
                              const struct rf_cert *ca, struct rf_vault_key *key,
                              struct rf_cert **out, struct rf_why *why)
{
    const struct {
        struct rf_slice oid;
        const char *value;
    } parts[] = {{OID(oid_cn), spec->cn}, {OID(oid_ou), spec->unit}, {OID(oid_o), spec->org}};
    struct rf_spki_info info;
    enum rf_err err = check_days(spec->days, ISSUE_DAYS_MAX, why);
    if (err == RF_OK)
        err = rf_spki_info(spki, &info, why);
    if (err != RF_OK)
        return err;
    if (spec->cn == NULL)
        return bad_name((struct rf_slice){0}, why);
    if (spec->dns != NULL && !is_name(rf_slice_str(spec->dns)))
        return bad_name(rf_slice_str(spec->dns), why);
    struct rf_der name = {.out = RF_BUF(1024)};
    size_t seq = rf_der_begin(&name, DER_SEQUENCE);
    for (size_t i = 0; err == RF_OK && i < sizeof(parts) / sizeof(parts[0]); i++) {
        if (parts[i].value == NULL)
            continue;
        if (!is_name(rf_slice_str(parts[i].value)))
            err = bad_name(rf_slice_str(parts[i].value), why);
        add_rdn(&name, parts[i].oid, DER_UTF8, rf_slice_str(parts[i].value));
    }
    rf_der_end(&name, seq);
    struct plan p = {
        .spki = spki,
        .key = info,
        .subject = rf_buf_slice(&name.out),
        .not_before = spec->now_s - ISSUE_SITE_BACK,
        .not_after = spec->now_s + (int64_t)spec->days * DAY_S,
        .san_dns = rf_slice_str(spec->dns),
    };
    if (ca != NULL && p.not_after > rf_cert_not_after(ca))
        p.not_after = rf_cert_not_after(ca);
    plan_role(spec->role, &p);
    if (err == RF_OK)
        err = issue_read(&p, ca, key, out, why);
    rf_buf_fini(&name.out);
    return err;
}

enum rf_err rf_issue_self_signed(const struct rf_issue_self *spec, struct rf_vault_key *key,
                                 struct rf_cert **out, struct rf_why *why)
{
    return issue_site(spec, rf_vault_spki(key), NULL, key, out, why);
}

enum rf_err rf_issue_by_ca(const struct rf_issue_self *spec, struct rf_slice spki,
                           const struct rf_cert *ca, struct rf_vault_key *ca_key,
                           struct rf_cert **out, struct rf_why *why)
{
    return issue_site(spec, spki, ca, ca_key, out, why);
}

static enum rf_err bad_cn(struct rf_slice model, struct rf_slice name, struct rf_why *why)
{
    char m[48], n[96];
    return rf_why_set(
        why, RF_ERR_BAD, "issue-name",
        "no certificate's name can be made of model \"%s\" and device \"%s\": a model "
        "is letters and digits, such as 8861, and a device is SEP and the 12 "
        "hexadecimal digits of its MAC, such as SEP001122334455",
        rf_escape(model, m, sizeof m), rf_escape(name, n, sizeof n));
}

/* "CP-<model>-<name>", or the name alone when there is no model. */
enum rf_err rf_lsc_cn(struct rf_slice model, struct rf_slice name, char cn[RF_LSC_CN_MAX + 1],
                      struct rf_why *why)
{
    struct rf_slice m, n;
    if (!is_name(name))
        return bad_name(name, why);
    if (model.len == 0) {
        snprintf(cn, ISSUE_NAME_MAX + 1, "%.*s", (int)name.len, (const char *)name.p);
        return RF_OK;
    }
    int len = model.len > RF_NAME_MODEL_MAX
                  ? -1
                  : snprintf(cn, ISSUE_NAME_MAX + 1, "CP-%.*s-%.*s", (int)model.len,
                             (const char *)model.p, (int)name.len, (const char *)name.p);
    /* What a reader would not take apart again is not written. */
    if (len < 0 || len > ISSUE_NAME_MAX || !rf_name_split_cn(rf_slice_str(cn), &m, &n) ||
        !rf_slice_eq(m, model) || !rf_slice_eq(n, name))
        return bad_cn(model, name, why);
    return RF_OK;
}

static enum rf_err plan_device(struct plan *p, int64_t now_s, unsigned days,
                               const struct rf_cert *ca, struct rf_why *why)
{
    enum rf_err err = rf_spki_info(p->spki, &p->key, why);
    p->not_before = now_s - ISSUE_DEV_BACK;
    p->not_after = now_s + (int64_t)days * DAY_S;
    if (p->not_before < rf_cert_not_before(ca))
        p->not_before = rf_cert_not_before(ca);
    if (p->not_after > rf_cert_not_after(ca))
        p->not_after = rf_cert_not_after(ca);
    p->key_usage = RF_KU_DIGITAL_SIGNATURE;
    if (p->key.type == RF_KEY_RSA)
        p->key_usage |= RF_KU_KEY_ENCIPHERMENT;
    p->has_eku_server = p->has_eku_client = p->has_eku_ipsec = true;
    return err;
}

/* The characters of a PrintableString that serial numbers need. spec: ITU-T X.680 41.4 */
static bool is_serial_text(struct rf_slice s)
{
    struct rf_rd rd = rf_rd_of(s);
    uint8_t b = 0;
    while (rf_rd_u8(&rd, &b))
        if (!(b >= '0' && b <= '9') && !(b >= 'A' && b <= 'Z') && !(b >= 'a' && b <= 'z') &&
            b != '-' && b != '.' && b != ' ')
            return false;
    return s.len > 0;
}

enum rf_err rf_issue_mic(const struct rf_issue_mic *spec, const struct rf_cert *ca,
                         struct rf_vault_key *ca_key, struct rf_cert **out, struct rf_why *why)
{
    char cn[ISSUE_NAME_MAX + 1], serial[ISSUE_NAME_MAX + 1];
    enum rf_err err = check_days(spec->days, ISSUE_DAYS_MAX, why);
    if (err == RF_OK)
        err = rf_lsc_cn(spec->model, spec->device_name, cn, why);
    if (err == RF_OK && spec->model.len == 0)
        err = bad_name(spec->model, why);
    if (err != RF_OK)
        return err;
    int n = snprintf(serial, sizeof(serial), "PID:CP-%.*s SN:%.*s", (int)spec->model.len,
                     (const char *)spec->model.p, (int)spec->serial_number.len,
                     (const char *)spec->serial_number.p);
    if (n < 0 || (size_t)n >= sizeof(serial) || !is_serial_text(spec->serial_number))
        return bad_name(spec->serial_number, why);
    if (spec->org != NULL && !is_name(rf_slice_str(spec->org)))
        return bad_name(rf_slice_str(spec->org), why);
    struct rf_der name = {.out = RF_BUF(1024)};
    size_t seq = rf_der_begin(&name, DER_SEQUENCE);
    add_rdn(&name, OID(oid_serial_number), DER_PRINTABLE, rf_slice_str(serial));
    add_rdn(&name, OID(oid_cn), DER_UTF8, rf_slice_str(cn));
    if (spec->org != NULL)
        add_rdn(&name, OID(oid_o), DER_UTF8, rf_slice_str(spec->org));
    rf_der_end(&name, seq);
    struct plan p = {
        .spki = spec->spki, .subject = rf_buf_slice(&name.out), .is_sha1 = spec->is_sha1};
    err = plan_device(&p, spec->now_s, spec->days, ca, why);
    if (err == RF_OK)
        err = issue_read(&p, ca, ca_key, out, why);
    rf_buf_fini(&name.out);
    return err;
}

/* No LSC outlives its issuer. A phone would put one that has ended in the place of the certificate
 * it registers with, and be locked out. */
static enum rf_err check_issuer(const struct rf_cert *ca, int64_t now_s, struct rf_why *why)
{
    char when[32];
    if (rf_fault_skips("issue.issuer-ended") || now_s <= rf_cert_not_after(ca))
        return RF_OK;
    return rf_why_set(why, RF_ERR_DENIED, "issuer-ended",
                      "the issuer %s (%s) ended at %s, and no LSC is good after that: "
                      "`ringfence rotate begin lsc-issuer` makes a new one",
                      rf_cert_subject(ca), rf_cert_short(ca),
                      rf_time_text(rf_cert_not_after(ca), when, sizeof when));
}

enum rf_err rf_issue_lsc_unread(const struct rf_issue_lsc *spec, const struct rf_cert *ca,
                                struct rf_vault_key *ca_key, struct rf_issued *out,
                                struct rf_why *why)
{
    const struct {
        const char *attr;
        struct rf_slice oid;
    } copied[] = {{"O", OID(oid_o)},
                  {"OU", OID(oid_ou)},
                  {"L", OID(oid_l)},
                  {"ST", OID(oid_st)},
                  {"C", OID(oid_c)}};
    char cn[ISSUE_NAME_MAX + 1];
    enum rf_err err = check_days(spec->days, LSC_DAYS_MAX, why);
    if (err == RF_OK)
        err = check_issuer(ca, spec->now_s, why);
    if (err == RF_OK)
        err = rf_lsc_cn(spec->model, spec->device_name, cn, why);
    if (err != RF_OK)
        return err;
    struct rf_der name = {.out = RF_BUF(2048)};
    size_t seq = rf_der_begin(&name, DER_SEQUENCE);
    add_rdn(&name, OID(oid_cn), DER_UTF8, rf_slice_str(cn));
    for (size_t i = 0; i < sizeof(copied) / sizeof(copied[0]); i++) {
        const char *value = rf_cert_subject_attr(ca, copied[i].attr);
        uint8_t tag = i == 4 ? DER_PRINTABLE : DER_UTF8; /* countryName is a PrintableString */
        if (value != NULL)
            add_rdn(&name, copied[i].oid, tag, rf_slice_str(value));
    }
    rf_der_end(&name, seq);
    struct plan p = {
        .spki = spec->spki, .subject = rf_buf_slice(&name.out), .san_uri = spec->device_name};
    err = plan_device(&p, spec->now_s, spec->days, ca, why);
    if (err == RF_OK)
        err = issue(&p, ca, ca_key, out, why);
    rf_buf_fini(&name.out);
    return err;
}

enum rf_err rf_issue_lsc(const struct rf_issue_lsc *spec, const struct rf_cert *ca,
                         struct rf_vault_key *ca_key, struct rf_cert **out, struct rf_why *why)
{
    RF_AUTO(rf_issued_fini) struct rf_issued made = {.der = RF_BUF(0)};
    enum rf_err err = rf_issue_lsc_unread(spec, ca, ca_key, &made, why);
    return err == RF_OK ? rf_cert_from_der(rf_buf_slice(&made.der), out, why) : err;
}
