/* SPDX-License-Identifier: Apache-2.0 */
/* A snapshot of a branch with two devices, and the same as a signed file. Needs trust's site. */
#ifndef UNIT_SERVICE_SRST_SAMPLE_H
#define UNIT_SERVICE_SRST_SAMPLE_H

#include "../trust/list.h"

#include "service/srst/snapshot.h"

#define BRANCH  "branch1"
#define PHONE_A "SEP001122334455"
#define PHONE_B "SEP0011223344AA"

static inline void sample_anchor(struct rf_srst_anchors *to, struct rf_cert *cert)
{
    to->items = rf_new(struct rf_cert *);
    to->items[0] = rf_cert_ref(cert);
    to->n = 1;
}

static inline void sample_phone(struct rf_srst_snapshot *s, const char *name, const char *dn)
{
    struct rf_store_phone *p = &s->phones[s->n];
    snprintf(p->device.name, sizeof p->device.name, "%s", name);
    snprintf(p->device.model, sizeof p->device.model, "7975");
    p->device.mode = RF_STORE_ENCRYPTED;
    p->device.media_policy = RF_STORE_MEDIA_REQUIRE;
    p->device.has_srtp = true;
    p->lines = rf_new(struct rf_store_line);
    p->n_lines = 1;
    p->lines[0].index = 1;
    snprintf(p->lines[0].dn, sizeof p->lines[0].dn, "%s", dn);
    s->n++;
}

/* The first with all that a device may have, the second with as little as may be. */
static inline struct rf_srst_snapshot sample(void)
{
    struct rf_srst_snapshot s = {
        .branch = BRANCH, .serial = 7, .made_s = TEST_NOW, .site = "hq", .keepalive_s = 30};
    s.rsa_min = 2048;
    s.phones = rf_new_n(struct rf_store_phone, 2);
    s.certs = rf_new_n(struct rf_store_certs, 2);
    s.suites = rf_new_n(uint32_t, 2);
    s.untrusted = rf_new_n(bool, 2);
    s.blocked = rf_new_bytes(64);
    s.n_blocked = 2;
    memset(s.blocked, 0xb1, 64);
    sample_anchor(&s.lsc_issuers, site.capf.cert);
    sample_anchor(&s.lsc_cas, site.ccm.cert);
    sample_anchor(&s.mic_roots, site.sast.cert);
    sample_phone(&s, PHONE_A, "2001");
    sample_phone(&s, PHONE_B, "2002");
    s.phones[1].device.mode = RF_STORE_NONSECURE;
    s.phones[1].device.has_srtp = false;
    s.phones[1].device.media_policy = RF_STORE_MEDIA_BEST_EFFORT;
    s.phones[0].device.is_protected = true;
    snprintf(s.phones[0].device.description, RF_STORE_TEXT, "Reception");
    struct rf_store_line *l = &s.phones[0].lines[0];
    snprintf(l->label, sizeof l->label, "Desk");
    snprintf(l->display_name, sizeof l->display_name, "Ann \xc3\xa4");
    l->is_shared = true;
    for (int f = 0; f < RF_STORE_FORWARD_N; f++)
        snprintf(l->rule.forward[f], RF_STORE_DN, "300%d", f);
    l->rule.calls_max = 4;
    l->rule.busy_trigger = 2;
    s.suites[0] = 7;
    s.untrusted[1] = true;
    s.certs[0].items = rf_new_n(struct rf_store_cert, 2);
    s.certs[0].n = 2;
    for (size_t i = 0; i < 2; i++) {
        struct rf_store_cert *c = &s.certs[0].items[i];
        snprintf(c->device, sizeof c->device, "%s", PHONE_A);
        memset(c->sha256, 0xc0 + (int)i, sizeof c->sha256);
        c->kind = i == 0 ? RF_STORE_LSC : RF_STORE_MIC;
        c->state = i == 0 ? RF_STORE_CERT_CONFIRMED : RF_STORE_CERT_REVOKED;
    }
    snprintf(s.certs[0].items[0].issuer, sizeof s.certs[0].items[0].issuer, "CN=CAPF-hq");
    return s;
}

static inline struct rf_buf sample_text(const struct rf_srst_snapshot *s)
{
    struct rf_buf b = RF_BUF(RF_SRST_BODY_MAX);
    struct rf_why why = {0};
    enum rf_err err = rf_srst_snapshot_write(s, &b, &why);
    if (err != RF_OK)
        print_error("%s\n", rf_why_text(&why));
    assert_int_equal(err, RF_OK);
    return b;
}

/* Signed by one of the site's keys under a name. */
static inline struct rf_buf signed_file(const char *name, struct rf_slice body, const struct id *by,
                                        int64_t made_s)
{
    struct rf_buf file = RF_BUF(RF_SRST_FILE_MAX);
    const struct rf_sigfile_spec spec = {
        .name = name, .digest = RF_DIGEST_SHA512, .timestamp = (uint32_t)made_s, .body = body};
    assert_err(rf_sigfile_sign(by->vault, by->cert, &spec, &file, NULL), RF_OK);
    return file;
}

static inline struct rf_buf sample_file(uint64_t serial)
{
    RF_AUTO(rf_srst_snapshot_fini) struct rf_srst_snapshot s = sample();
    s.serial = serial;
    RF_AUTO(rf_buf_fini) struct rf_buf text = sample_text(&s);
    return signed_file("SRST-" BRANCH ".json.sgn", rf_buf_slice(&text), &site.tftp, TEST_NOW - 60);
}

#endif
