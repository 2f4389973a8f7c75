/* SPDX-License-Identifier: Apache-2.0 */
/* Trust lists for the tests of trust/: a site's keys, its lists, and lists that our own builder
 * would not make. */
#ifndef UNIT_TRUST_LIST_H
#define UNIT_TRUST_LIST_H

#include "base/text.h"
#include "container.h"
#include "trust/lists.h"

static const struct rf_list_policy at_now = {.has_now = true, .now_s = TEST_NOW};

/* All keys are those of the fixtures: RSA 2048, and one on P-384. */
static struct {
    struct id sast, sast2, ccm, tftp, capf, tvs, web_ec;
} site;

static inline int site_setup(void **state)
{
    (void)state;
    site.sast = fixture_id("sast");
    site.sast2 = fixture_id("sast2");
    site.ccm = fixture_id("ccm");
    site.tftp = fixture_id("tftp");
    site.capf = fixture_id("capf");
    site.tvs = fixture_id("tvs");
    site.web_ec = fixture_id("web-ec");
    return 0;
}

static inline int site_teardown(void **state)
{
    (void)state;
    id_fini(&site.sast);
    id_fini(&site.sast2);
    id_fini(&site.ccm);
    id_fini(&site.tftp);
    id_fini(&site.capf);
    id_fini(&site.tvs);
    id_fini(&site.web_ec);
    return 0;
}

static inline struct rf_buf built(enum rf_list_kind kind, const struct rf_list_entry *entries,
                                  size_t n, const struct id *by, uint32_t timestamp)
{
    struct rf_list_spec spec = {kind, entries, n, RF_DIGEST_SHA512, false, timestamp};
    struct rf_buf out = RF_BUF(RF_TRUSTLIST_BYTES_MAX);
    struct rf_why why = {0};
    enum rf_err err = rf_list_build(&spec, by->vault, by->cert, &out, &why);
    if (err != RF_OK)
        print_error("not built: %s (%s)\n", why.text, why.code);
    assert_int_equal(err, RF_OK);
    out.max = CONTENT_MAX; /* room for tests that add to it */
    return out;
}

/* What a site's server hands out: two SASTs, call manager, file server, CAPF; TVS in the ITL. */
static inline struct rf_buf site_list(enum rf_list_kind kind, const struct id *by,
                                      uint32_t timestamp)
{
    const struct rf_list_entry entries[] = {
        {site.sast.cert, RF_TRUSTLIST_ROLE_SAST, NULL},
        {site.sast2.cert, RF_TRUSTLIST_ROLE_SAST, NULL},
        {site.ccm.cert, RF_TRUSTLIST_ROLE_CCM, "cm.example.net"},
        {site.tftp.cert, RF_TRUSTLIST_ROLE_TFTP, NULL},
        {site.capf.cert, RF_TRUSTLIST_ROLE_CAPF, NULL},
        {site.tvs.cert, RF_TRUSTLIST_ROLE_TVS, NULL},
    };
    return built(kind, entries, kind == RF_LIST_CTL ? 5 : 6, by, timestamp);
}

static inline struct rf_trustlist_record record_of(const struct id *id, uint16_t role)
{
    return (struct rf_trustlist_record){
        .subject = rf_slice_str(rf_cert_subject(id->cert)),
        .role = role,
        .issuer = rf_slice_str(rf_cert_issuer(id->cert)),
        .serial = rf_cert_serial(id->cert),
        .public_key = rf_cert_public_key(id->cert),
        .signature = rf_cert_signature(id->cert),
        .certificate = rf_cert_der(id->cert),
    };
}

/* These records under this header, signed. */
static inline struct rf_buf list_with_header(const struct rf_signedfile_spec *header,
                                             const struct rf_trustlist_record *records, size_t n,
                                             const struct id *by)
{
    struct rf_buf b = RF_BUF(CONTENT_MAX);
    struct rf_signedfile_layout at;
    struct rf_slice whole;
    uint8_t *to = rf_buf_room(&b, RF_TRUSTLIST_BYTES_MAX);
    assert_non_null(to);
    assert_err(
        rf_trustlist_encode(header, records, n, to, RF_TRUSTLIST_BYTES_MAX, &at, &whole, NULL),
        RF_OK);
    b.len = whole.len;
    assert_err(rf_sigfile_sign_in_place(by->vault, by->cert, (enum rf_digest)header->hash, &at, b.p,
                                        b.len, NULL),
               RF_OK);
    return b;
}

static inline struct rf_buf list_of_records(const struct rf_trustlist_record *records, size_t n,
                                            const struct id *by, const char *name)
{
    struct rf_signedfile_spec header = header_by(by, name);
    return list_with_header(&header, records, n, by);
}

/* Taken and installed; how. */
static inline enum rf_list_action install(struct rf_lists *lists, enum rf_list_kind kind,
                                          const struct rf_buf *bytes)
{
    struct rf_list_verdict v;
    struct rf_why why = {0};
    enum rf_err err = rf_lists_consider(lists, kind, rf_buf_slice(bytes), &at_now, &v, &why);
    if (err != RF_OK)
        print_error("refused: %s (%s)\n", why.text, why.code);
    assert_int_equal(err, RF_OK);
    assert_non_null(v.list);
    assert_int_equal(strlen(v.signer), 64);
    enum rf_list_action action = v.action;
    rf_lists_install(lists, kind, v.list);
    rf_list_verdict_fini(&v);
    return action;
}

static inline void refused(const struct rf_lists *lists, enum rf_list_kind kind,
                           const struct rf_buf *bytes, enum rf_err want, const char *code)
{
    struct rf_list_verdict v;
    struct rf_why why = {0};
    assert_refused(rf_lists_consider(lists, kind, rf_buf_slice(bytes), &at_now, &v, &why), want,
                   why, code);
    assert_null(v.list);
    assert_int_equal(v.signer[0], '\0');
}

#endif
