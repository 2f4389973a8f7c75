/* SPDX-License-Identifier: Apache-2.0 */
#include "pki.h"

#include <sys/stat.h>
#include <unistd.h>

#include "trust/path.h"
#include "trust/revocation.h"

#define DAY 86400

/* The manufacturer: root, issuing CA, one phone. */
struct maker {
    struct id root;
    struct id ca;
    struct id mic;
    struct rf_cert_list chain; /* the issuing CA */
};

static struct maker new_maker(unsigned mic_rsa_bits)
{
    struct maker m = {0};
    m.root = self_id(RF_CERT_ROLE_MIC_ROOT, "Test MIC root", 0);
    m.ca = ca_id(RF_CERT_ROLE_MIC_ISSUER, "Test MIC issuer", &m.root);
    m.mic = mic_id("SEP001122334455", &m.ca, mic_rsa_bits);
    assert_true(rf_cert_list_add(&m.chain, m.ca.cert));
    return m;
}

static void maker_fini(struct maker *m)
{
    rf_cert_list_fini(&m->chain);
    id_fini(&m->mic);
    id_fini(&m->ca);
    id_fini(&m->root);
}

static struct rf_anchors *anchors_of(struct rf_cert *c)
{
    struct rf_anchors *a = rf_anchors_new(RF_PURPOSE_CAPF);
    assert_err(rf_anchors_add(a, c, NULL), RF_OK);
    assert_err(rf_anchors_add(a, c, NULL), RF_OK);
    assert_int_equal(rf_anchors_n(a), 1);
    return a;
}

static const struct rf_path_policy at_now = {.now_s = TEST_NOW};

static void mic_leads_to_root_or_to_issuing_ca(void **state)
{
    struct maker m = new_maker(0);
    struct rf_anchors *root = anchors_of(m.root.cert), *ca = anchors_of(m.ca.cert);
    const struct rf_cert *anchor = NULL;
    struct rf_why why = {0};
    assert_err(rf_path_check(root, m.mic.cert, &m.chain, &at_now, &anchor, NULL), RF_OK);
    assert_true(rf_cert_eq(anchor, m.root.cert));
    assert_err(rf_path_check(ca, m.mic.cert, NULL, &at_now, &anchor, NULL), RF_OK);
    assert_true(rf_cert_eq(anchor, m.ca.cert));
    assert_refused(rf_path_check(root, m.mic.cert, NULL, &at_now, NULL, &why), RF_ERR_DENIED, why,
                   "path-unknown-issuer");
    rf_anchors_freep(&root);
    rf_anchors_freep(&ca);
    maker_fini(&m);
}

static void nothing_leads_to_a_stranger(void **state)
{
    struct maker m = new_maker(0), other = new_maker(0);
    struct rf_anchors *a = anchors_of(other.root.cert), *none = rf_anchors_new(RF_PURPOSE_CAPF);
    struct rf_why why = {0};
    /* Same names throughout, other keys. */
    assert_string_equal(rf_cert_subject(m.root.cert), rf_cert_subject(other.root.cert));
    assert_err(rf_path_check(a, m.mic.cert, &m.chain, &at_now, NULL, NULL), RF_ERR_DENIED);
    assert_refused(rf_path_check(none, m.mic.cert, &m.chain, &at_now, NULL, &why), RF_ERR_DENIED,
                   why, "path-unknown-issuer");
    assert_err(rf_path_check(a, other.mic.cert, &other.chain, &at_now, NULL, NULL), RF_OK);
    rf_anchors_freep(&a);
    rf_anchors_freep(&none);
    maker_fini(&m);
    maker_fini(&other);
}

/* The issuer's name alone is not enough: another key under the same name. */
static void the_signature_must_be_the_issuers(void **state)
{
    struct maker m = new_maker(0), other = new_maker(0);
    struct rf_anchors *a = anchors_of(other.ca.cert);
    struct rf_why why = {0};
    assert_refused(rf_path_check(a, m.mic.cert, NULL, &at_now, NULL, &why), RF_ERR_DENIED, why,
                   "path-signature");
    assert_err(rf_path_check(a, other.mic.cert, NULL, &at_now, NULL, NULL), RF_OK);
    rf_anchors_freep(&a);
    maker_fini(&m);
    maker_fini(&other);
}

static void time_is_the_callers(void **state)
{
    struct maker m = new_maker(0);
    struct rf_anchors *a = anchors_of(m.root.cert);
    struct rf_path_policy late = {.now_s = TEST_NOW + 801 * DAY};
    struct rf_path_policy early = {.now_s = TEST_NOW - 2 * DAY};
    struct rf_path_policy ca_late = {.now_s = TEST_NOW + 901 * DAY};
    struct rf_why why = {0};
    assert_refused(rf_path_check(a, m.mic.cert, &m.chain, &late, NULL, &why), RF_ERR_DENIED, why,
                   "cert-expired");
    assert_non_null(strstr(why.text, rf_cert_short(m.mic.cert)));
    why = (struct rf_why){0};
    assert_refused(rf_path_check(a, m.mic.cert, &m.chain, &early, NULL, &why), RF_ERR_DENIED, why,
                   "cert-not-yet");
    why = (struct rf_why){0};
    assert_refused(rf_path_check(a, m.mic.cert, &m.chain, &ca_late, NULL, &why), RF_ERR_DENIED, why,
                   "cert-expired");
    why = (struct rf_why){0};
    assert_err(rf_cert_floor_check(m.mic.cert, TEST_NOW, NULL), RF_OK);
    assert_err(rf_cert_floor_check(m.mic.cert, TEST_NOW - 1000 * DAY, NULL), RF_OK);
    assert_refused(rf_cert_floor_check(m.mic.cert, TEST_NOW + 801 * DAY, &why), RF_ERR_DENIED, why,
                   "cert-expired");
    rf_anchors_freep(&a);
    maker_fini(&m);
}

static void a_device_is_no_ca_and_not_its_own_issuer(void **state)
{
    struct maker m = new_maker(0);
    struct id phone = fixture_id("phone"), self = self_id(RF_CERT_ROLE_CCM, "SEP001122334455", 0);
    struct rf_anchors *a = anchors_of(m.root.cert);
    struct rf_why why = {0};
    assert_err(rf_anchors_add(a, phone.cert, NULL), RF_OK);
    assert_refused(rf_path_check(a, phone.cert, NULL, &at_now, NULL, &why), RF_ERR_DENIED, why,
                   "leaf-is-ca");
    why = (struct rf_why){0};
    assert_refused(rf_path_check(a, m.ca.cert, NULL, &at_now, NULL, &why), RF_ERR_DENIED, why,
                   "leaf-is-ca");
    why = (struct rf_why){0};
    assert_refused(rf_path_check(a, self.cert, NULL, &at_now, NULL, &why), RF_ERR_DENIED, why,
                   "leaf-is-ca");
    why = (struct rf_why){0};
    assert_refused(rf_anchors_add(a, m.mic.cert, &why), RF_ERR_DENIED, why, "anchor-not-ca");
    rf_anchors_freep(&a);
    id_fini(&phone);
    id_fini(&self);
    maker_fini(&m);
}

/* A certificate for `key`, written by our own issuer but from a CA made to lie. */
static struct rf_cert *lsc_from(const struct id *ca, struct rf_key *key, const char *name)
{
    struct rf_issue_lsc spec = {.device_name = rf_slice_str(name),
                                .spki = rf_key_spki(key),
                                .now_s = TEST_NOW,
                                .days = 100};
    struct rf_cert *c = NULL;
    assert_err(rf_issue_lsc(&spec, ca->cert, ca->vault, &c, NULL), RF_OK);
    return c;
}

/* The issuing CA (path length 0) certifies another CA. */
static void path_length_is_held(void **state)
{
    struct maker m = new_maker(0);
    struct id sub = ca_id(RF_CERT_ROLE_MIC_ISSUER, "Sub", &m.ca);
    struct rf_cert *leaf = lsc_from(&sub, m.mic.key, "SEP001122334455");
    struct rf_anchors *root = anchors_of(m.root.cert), *direct = anchors_of(sub.cert);
    struct rf_why why = {0};
    assert_true(rf_cert_list_add(&m.chain, sub.cert));
    assert_refused(rf_path_check(root, leaf, &m.chain, &at_now, NULL, &why), RF_ERR_DENIED, why,
                   "path-length");
    assert_err(rf_path_check(direct, leaf, NULL, &at_now, NULL, NULL), RF_OK);
    rf_anchors_freep(&root);
    rf_anchors_freep(&direct);
    rf_cert_freep(&leaf);
    id_fini(&sub);
    maker_fini(&m);
}

/* A phone signs a certificate for another phone: refused, though every signature is right. */
static void a_leaf_may_not_issue(void **state)
{
    struct maker m = new_maker(0);
    struct rf_key *other = new_key(0);
    struct id as_ca = {.key = m.mic.key, .cert = m.root.cert, .vault = NULL};
    (void)as_ca;
    /* Sign with the MIC's key under a CA certificate of the MIC's own name. */
    struct id fake = {.key = m.mic.key, .vault = m.mic.vault};
    struct rf_issue_self spec = {
        .role = RF_CERT_ROLE_MIC_ISSUER, .cn = "x", .now_s = TEST_NOW, .days = 10};
    assert_err(rf_issue_self_signed(&spec, m.mic.vault, &fake.cert, NULL), RF_OK);
    struct rf_cert *forged = lsc_from(&fake, other, "SEPAABBCCDDEEFF");
    /* The device certificate with the same subject as the fake CA and its key. */
    struct rf_issue_self dev = {.role = RF_CERT_ROLE_CCM, .cn = "x", .now_s = TEST_NOW, .days = 10};
    struct rf_cert *mic = NULL;
    assert_err(rf_issue_by_ca(&dev, rf_key_spki(m.mic.key), m.ca.cert, m.ca.vault, &mic, NULL),
               RF_OK);
    struct rf_anchors *root = anchors_of(m.root.cert), *ok = anchors_of(fake.cert);
    assert_true(rf_cert_list_add(&m.chain, mic));
    struct rf_why why = {0};
    assert_refused(rf_path_check(root, forged, &m.chain, &at_now, NULL, &why), RF_ERR_DENIED, why,
                   "path-ca");
    assert_err(rf_path_check(ok, forged, NULL, &at_now, NULL, NULL), RF_OK);
    rf_anchors_freep(&root);
    rf_anchors_freep(&ok);
    rf_cert_freep(&forged);
    rf_cert_freep(&mic);
    rf_cert_freep(&fake.cert);
    rf_key_freep(&other);
    maker_fini(&m);
}

static void short_keys_are_refused_unless_allowed(void **state)
{
    struct maker m = new_maker(1024);
    struct rf_anchors *a = anchors_of(m.root.cert);
    struct rf_path_policy legacy = {.now_s = TEST_NOW, .rsa_min = 1024};
    struct rf_why why = {0};
    assert_refused(rf_path_check(a, m.mic.cert, &m.chain, &at_now, NULL, &why), RF_ERR_DENIED, why,
                   "key-too-short");
    assert_err(rf_path_check(a, m.mic.cert, &m.chain, &legacy, NULL, NULL), RF_OK);
    rf_anchors_freep(&a);
    maker_fini(&m);
}

/* Of 256 bits, as P-256, but on a curve that phones and call managers do not have. Made with
 * `openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:secp256k1`; the key was not kept. */
static const char on_secp256k1[] =
    "-----BEGIN CERTIFICATE-----\n"
    "MIIBhjCCASygAwIBAgIUZLYPSNSJoVt2bOONZkza/jkKxwkwCgYIKoZIzj0EAwIw\n"
    "GjEYMBYGA1UEAwwPU0VQMDAxMTIyMzM0NDU1MB4XDTI2MTEyNjA2MDQ0MVoXDTM2\n"
    "MTEyMzA2MDQ0MVowGjEYMBYGA1UEAwwPU0VQMDAxMTIyMzM0NDU1MFYwEAYHKoZI\n"
    "zj0CAQYFK4EEAAoDQgAEnLIBjb0N6udUD2uxeKx5hhKD8/5a1S/r2rQXX+BdvXUk\n"
    "g7NKEtBKfUznUFTiczhSUAruAIvA4qAubZkwI00OSKNTMFEwHQYDVR0OBBYEFFP9\n"
    "4zgSGHQPrJ6tF43e0LblGlRNMB8GA1UdIwQYMBaAFFP94zgSGHQPrJ6tF43e0Lbl\n"
    "GlRNMA8GA1UdEwEB/wQFMAMBAf8wCgYIKoZIzj0EAwIDSAAwRQIhAIQvP4p2IODC\n"
    "+GHuigY223SfE+dmQCmGUrO3qiRWU9vIAiBm4g8vYeZ2HBzI8PPbwRMBO29S87Qb\n"
    "pIJTdrOzvZjOHA==\n"
    "-----END CERTIFICATE-----\n";

static void keys_on_other_curves_are_refused(void **state)
{
    struct id p256 = self_id(RF_CERT_ROLE_MIC_ROOT, "Test P-256", 0);
    struct rf_cert *other = NULL;
    struct rf_why why = {0};
    assert_err(rf_cert_from_pem(rf_slice_str(on_secp256k1), &other, NULL), RF_OK);
    assert_int_equal(rf_cert_key_bits(other), rf_cert_key_bits(p256.cert));
    assert_refused(rf_cert_strength_check(other, 0, &why), RF_ERR_DENIED, why, "key-type");
    assert_err(rf_cert_strength_check(p256.cert, 0, NULL), RF_OK);
    rf_cert_freep(&other);
    id_fini(&p256);
}

static void key_usage_is_demanded(void **state)
{
    struct maker m = new_maker(0);
    struct id rsa = fixture_id("ccm");
    struct rf_issue_self sast = {
        .role = RF_CERT_ROLE_SAST, .cn = "SEP001122334455", .now_s = TEST_NOW, .days = 10};
    struct rf_cert *no_encipherment = NULL;
    struct rf_anchors *a = anchors_of(m.root.cert);
    struct rf_path_policy lsc = {.now_s = TEST_NOW, .is_lsc_purpose = true};
    struct rf_why why = {0};
    assert_err(
        rf_issue_by_ca(&sast, rf_key_spki(rsa.key), m.ca.cert, m.ca.vault, &no_encipherment, NULL),
        RF_OK);
    assert_refused(rf_path_check(a, no_encipherment, &m.chain, &lsc, NULL, &why), RF_ERR_DENIED,
                   why, "key-usage");
    assert_err(rf_path_check(a, no_encipherment, &m.chain, &at_now, NULL, NULL), RF_OK);
    struct rf_cert *lsc_cert = lsc_from(&m.ca, rsa.key, "SEP001122334455");
    assert_err(rf_path_check(a, lsc_cert, &m.chain, &lsc, NULL, NULL), RF_OK);
    assert_err(rf_path_check(a, m.mic.cert, &m.chain, &lsc, NULL, NULL), RF_OK); /* EC */
    rf_cert_freep(&lsc_cert);
    rf_cert_freep(&no_encipherment);
    rf_anchors_freep(&a);
    id_fini(&rsa);
    maker_fini(&m);
}

static void capf_certificate_must_be_one(void **state)
{
    struct id capf = self_id(RF_CERT_ROLE_CAPF, "CAPF-1", 0),
              ccm = self_id(RF_CERT_ROLE_CCM, "c", 0);
    struct id root = self_id(RF_CERT_ROLE_MIC_ROOT, "r", 0);
    struct rf_why why = {0};
    assert_err(rf_cert_capf_check(capf.cert, NULL), RF_OK);
    assert_refused(rf_cert_capf_check(ccm.cert, &why), RF_ERR_DENIED, why, "capf-cert");
    assert_err(rf_cert_capf_check(root.cert, NULL), RF_ERR_DENIED);
    id_fini(&capf);
    id_fini(&ccm);
    id_fini(&root);
}

static void anchors_come_from_a_folder(void **state)
{
    char dir[TEST_TMP];
    test_tmp(dir, sizeof dir, "path");
    assert_non_null(mkdtemp(dir));
    struct maker m = new_maker(0);
    struct rf_buf pem = RF_BUF(65536);
    RF_AUTO(rf_freep) char *path = rf_path_join(dir, "root.pem");
    RF_AUTO(rf_freep) char *other = rf_path_join(dir, "note.txt");
    assert_err(rf_cert_to_pem(m.root.cert, &pem), RF_OK);
    assert_err(rf_file_replace(path, rf_buf_slice(&pem), RF_FILE_PUBLIC, NULL), RF_OK);
    assert_err(rf_file_replace(other, rf_slice_str("hello"), RF_FILE_PUBLIC, NULL), RF_OK);
    struct rf_anchors *a = rf_anchors_new(RF_PURPOSE_CAPF);
    assert_err(rf_anchors_add_dir(a, dir, NULL), RF_OK);
    assert_err(rf_anchors_add_dir(a, "/nowhere/at/all", NULL), RF_OK);
    assert_int_equal(rf_anchors_n(a), 1);
    assert_err(rf_path_check(a, m.mic.cert, &m.chain, &at_now, NULL, NULL), RF_OK);
    rf_anchors_freep(&a);
    assert_int_equal(unlink(path), 0);
    assert_int_equal(unlink(other), 0);
    assert_int_equal(rmdir(dir), 0);
    rf_buf_fini(&pem);
    maker_fini(&m);
}

/* The issuer's key was changed, its name not: both are believed while both are held. */
static void issuers_of_one_name_are_told_apart_by_their_keys(void **state)
{
    (void)state;
    struct id issuers[3], phones[3];
    struct rf_path_policy policy = {.now_s = TEST_NOW};
    for (int i = 0; i < 3; i++) {
        issuers[i] = self_id(RF_CERT_ROLE_LSC_ISSUER, "hq-LSC-issuer", 2048);
        phones[i] = mic_id("SEP001122334455", &issuers[i], 2048);
    }
    for (int first = 0; first < 2; first++) { /* in either order */
        struct rf_anchors *a = rf_anchors_new(RF_PURPOSE_SIGNALLING);
        assert_err(rf_anchors_add(a, issuers[first].cert, NULL), RF_OK);
        assert_err(rf_anchors_add(a, issuers[1 - first].cert, NULL), RF_OK);
        for (int i = 0; i < 2; i++) {
            const struct rf_cert *anchor = NULL;
            assert_err(rf_path_check(a, phones[i].cert, NULL, &policy, &anchor, NULL), RF_OK);
            assert_true(rf_cert_eq(anchor, issuers[i].cert));
        }
        struct rf_why why = {0};
        assert_refused(rf_path_check(a, phones[2].cert, NULL, &policy, NULL, &why), RF_ERR_DENIED,
                       why, "path-signature");
        rf_anchors_unref(a);
    }
    for (int i = 0; i < 3; i++) {
        id_fini(&issuers[i]);
        id_fini(&phones[i]);
    }
}

/* What a check found holds for the same anchors, the same policy and its time, and nothing else. */
static void what_was_found_holds_while_nothing_changes_sec_51(void **state)
{
    struct maker m = new_maker(0), other = new_maker(0);
    struct rf_anchors *a = anchors_of(m.root.cert), *again = anchors_of(m.root.cert);
    struct rf_anchors *less = rf_anchors_new(RF_PURPOSE_CAPF),
                      *others = anchors_of(other.root.cert);
    struct rf_anchors *signalling = rf_anchors_new(RF_PURPOSE_SIGNALLING);
    struct rf_path_policy now = at_now, last = at_now, late = at_now, early = at_now;
    struct rf_path_policy stronger = at_now, lsc = at_now, sha1 = at_now;
    struct rf_path_memo memo = {0};
    assert_err(rf_anchors_add(signalling, m.root.cert, NULL), RF_OK);
    assert_false(rf_path_memo_holds(&memo, a, &now)); /* nothing was found */
    assert_err(rf_path_check_noting(a, m.mic.cert, &m.chain, &now, &memo, NULL), RF_OK);
    assert_true(rf_path_memo_holds(&memo, a, &now));
    assert_true(rf_path_memo_holds(&memo, again, &now)); /* another set of the same */
    assert_false(rf_path_memo_holds(&memo, less, &now));
    assert_false(rf_path_memo_holds(&memo, others, &now));
    assert_false(rf_path_memo_holds(&memo, signalling, &now));
    last.now_s = rf_cert_not_after(m.mic.cert);
    assert_true(rf_path_memo_holds(&memo, a, &last));
    late.now_s = last.now_s + 1;
    assert_false(rf_path_memo_holds(&memo, a, &late));
    early.now_s = TEST_NOW - 2 * DAY;
    assert_false(rf_path_memo_holds(&memo, a, &early));
    stronger.rsa_min = 3072;
    assert_false(rf_path_memo_holds(&memo, a, &stronger));
    lsc.is_lsc_purpose = true;
    assert_false(rf_path_memo_holds(&memo, a, &lsc));
    sha1.allow_sha1 = true;
    assert_false(rf_path_memo_holds(&memo, a, &sha1));
    assert_err(rf_anchors_add(again, other.root.cert, NULL), RF_OK);
    assert_false(rf_path_memo_holds(&memo, again, &now));
    /* Whose end is excused is looked at every time. */
    struct rf_path_policy excused = at_now;
    struct rf_path_memo none = {0};
    excused.excuse_expired = true;
    assert_false(rf_path_memo_holds(&memo, a, &excused));
    assert_err(rf_path_check_noting(a, m.mic.cert, &m.chain, &excused, &none, NULL), RF_OK);
    assert_false(none.is_good);
    /* What is known of revoked certificates changes at any time; where nothing is asked, it does
     * not. */
    struct rf_revocation *known = rf_revocation_new(NULL, NULL);
    struct rf_path_policy asked = at_now;
    asked.revocation = known;
    assert_err(
        rf_revocation_set(known, &(struct rf_revocation_conf){.mode = RF_REVOCATION_LENIENT}, NULL),
        RF_OK);
    assert_true(rf_path_memo_holds(&memo, a, &asked));
    assert_err(
        rf_revocation_set(known, &(struct rf_revocation_conf){.mode = RF_REVOCATION_STRICT}, NULL),
        RF_OK);
    assert_false(rf_path_memo_holds(&memo, a, &asked));
    rf_revocation_free(known);
    /* A check that fails leaves nothing of one before. */
    assert_err(rf_path_check_noting(others, m.mic.cert, &m.chain, &now, &memo, NULL),
               RF_ERR_DENIED);
    assert_false(rf_path_memo_holds(&memo, a, &now) || rf_path_memo_holds(&memo, others, &now));
    struct rf_anchors *all[] = {a, again, less, others, signalling};
    for (size_t i = 0; i < sizeof all / sizeof *all; i++)
        rf_anchors_unref(all[i]);
    maker_fini(&m);
    maker_fini(&other);
}

/* An issuer that ends before the certificate ends the path. */
static void what_was_found_ends_with_the_first_of_the_path(void **state)
{
    struct id root = self_id(RF_CERT_ROLE_MIC_ROOT, "Test MIC root", 0);
    struct id ca = ca_id(RF_CERT_ROLE_MIC_ISSUER, "Test MIC issuer", &root);
    struct id mic = mic_id("SEP001122334455", &ca, 0);
    struct rf_anchors *a = anchors_of(ca.cert);
    struct rf_path_memo memo = {0};
    assert_err(rf_path_check_noting(a, mic.cert, NULL, &at_now, &memo, NULL), RF_OK);
    int64_t first = rf_cert_not_after(ca.cert) < rf_cert_not_after(mic.cert)
                        ? rf_cert_not_after(ca.cert)
                        : rf_cert_not_after(mic.cert);
    int64_t last = rf_cert_not_before(ca.cert) > rf_cert_not_before(mic.cert)
                       ? rf_cert_not_before(ca.cert)
                       : rf_cert_not_before(mic.cert);
    assert_int_equal(memo.to_s, first);
    assert_int_equal(memo.from_s, last);
    rf_anchors_unref(a);
    id_fini(&mic);
    id_fini(&ca);
    id_fini(&root);
}

/* Another certificate of the same name for the same key, as an authority that renews its own. */
static struct rf_cert *renewed(const struct id *ca, enum rf_cert_role role, int64_t now_s,
                               unsigned days)
{
    struct rf_issue_self spec = {
        .role = role, .cn = "Company CA", .org = "Ringfence test", .now_s = now_s, .days = days};
    struct rf_cert *cert = NULL;
    assert_err(rf_issue_self_signed(&spec, ca->vault, &cert, NULL), RF_OK);
    return cert;
}

/* Held in this order and in the other one: which of them ends the path. */
static void expect_anchor(struct rf_cert *one, struct rf_cert *other, const struct id *phone,
                          const struct rf_path_policy *policy, const struct rf_cert *expected)
{
    for (int i = 0; i < 2; i++) {
        struct rf_anchors *a = anchors_of(i == 0 ? one : other);
        const struct rf_cert *anchor = NULL;
        assert_err(rf_anchors_add(a, i == 0 ? other : one, NULL), RF_OK);
        assert_err(rf_path_check(a, phone->cert, NULL, policy, &anchor, NULL), RF_OK);
        assert_true(rf_cert_eq(anchor, expected));
        rf_anchors_unref(a);
    }
}

static void an_authority_may_renew_its_certificate_with_the_same_key(void **state)
{
    (void)state;
    const enum rf_cert_role ca_role = RF_CERT_ROLE_MIC_ISSUER;
    struct id ca = self_id(ca_role, "Company CA", 0);
    struct id phone = mic_id("SEP001122334455", &ca, 0);
    struct rf_cert *over = renewed(&ca, ca_role, TEST_NOW - 20 * DAY, 10);
    struct rf_cert *before = renewed(&ca, ca_role, TEST_NOW - 20 * DAY, 15);
    struct rf_cert *not_yet = renewed(&ca, ca_role, TEST_NOW + 20 * DAY, 2000);
    struct rf_cert *longer = renewed(&ca, ca_role, TEST_NOW, 2000);
    struct rf_cert *no_lists = renewed(&ca, RF_CERT_ROLE_CAPF, TEST_NOW, 2000);
    struct rf_path_policy excused = {.now_s = TEST_NOW, .excuse_expired = true};
    struct rf_why why = {0};
    expect_anchor(over, ca.cert, &phone, &at_now, ca.cert);
    expect_anchor(not_yet, ca.cert, &phone, &at_now, ca.cert);
    expect_anchor(longer, ca.cert, &phone, &at_now, longer);
    expect_anchor(no_lists, ca.cert, &phone, &at_now, ca.cert);
    /* An end is excused where there is none that is valid. */
    expect_anchor(over, ca.cert, &phone, &excused, ca.cert);
    expect_anchor(over, before, &phone, &excused, before);
    struct rf_anchors *ended = anchors_of(over);
    assert_err(rf_anchors_add(ended, before, NULL), RF_OK);
    assert_refused(rf_path_check(ended, phone.cert, NULL, &at_now, NULL, &why), RF_ERR_DENIED, why,
                   "cert-expired");
    rf_anchors_unref(ended);
    rf_cert_unref(over);
    rf_cert_unref(before);
    rf_cert_unref(not_yet);
    rf_cert_unref(longer);
    rf_cert_unref(no_lists);
    id_fini(&phone);
    id_fini(&ca);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(issuers_of_one_name_are_told_apart_by_their_keys),
        cmocka_unit_test(mic_leads_to_root_or_to_issuing_ca),
        cmocka_unit_test(nothing_leads_to_a_stranger),
        cmocka_unit_test(the_signature_must_be_the_issuers),
        cmocka_unit_test(time_is_the_callers),
        cmocka_unit_test(a_device_is_no_ca_and_not_its_own_issuer),
        cmocka_unit_test(path_length_is_held),
        cmocka_unit_test(a_leaf_may_not_issue),
        cmocka_unit_test(short_keys_are_refused_unless_allowed),
        cmocka_unit_test(keys_on_other_curves_are_refused),
        cmocka_unit_test(key_usage_is_demanded),
        cmocka_unit_test(capf_certificate_must_be_one),
        cmocka_unit_test(anchors_come_from_a_folder),
        cmocka_unit_test(what_was_found_holds_while_nothing_changes_sec_51),
        cmocka_unit_test(an_authority_may_renew_its_certificate_with_the_same_key),
        cmocka_unit_test(what_was_found_ends_with_the_first_of_the_path),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
