/* SPDX-License-Identifier: Apache-2.0 */
/* The certificates that our listeners show. Which are in use is noted in the database, so that the
 * rotation of a key knows when the former one is not needed any more; and a reload takes others up
 * without a link lost: those that are open keep what they were opened with. The keys of the signer
 * process change by a restart only. doc: docs/key-rotation.md, docs/server.md */
#include <stdio.h>

#include "app/ringfenced/server_int.h"
#include "base/file.h"
#include "base/log.h"

static enum rf_err make_capf(struct server *s, struct rf_tls *out[RF_TLS_PROFILES],
                             struct rf_why *why)
{
    return rf_capf_service_make_tls(s->capf, out, why);
}

static void use_capf(struct server *s, struct rf_tls *take[RF_TLS_PROFILES])
{
    rf_listeners_use_tls(rf_capf_service_listeners(s->capf), take);
}

static bool has_capf(const struct server *s)
{
    return s->capf != NULL;
}

static bool has_provider(const struct server *s)
{
    return s->provider != NULL;
}

static enum rf_err make_provider(struct server *s, struct rf_tls *out[RF_TLS_PROFILES],
                                 struct rf_why *why)
{
    return rf_srst_provider_make_tls(s->provider, &out[RF_TLS_MODERN], why);
}

static void use_provider(struct server *s, struct rf_tls *take[RF_TLS_PROFILES])
{
    rf_srst_provider_use_tls(s->provider, rf_steal(&take[RF_TLS_MODERN]));
}

static bool has_tvs(const struct server *s)
{
    return s->tvs != NULL;
}

static enum rf_err make_tvs(struct server *s, struct rf_tls *out[RF_TLS_PROFILES],
                            struct rf_why *why)
{
    return rf_tvs_service_make_tls(s->tvs, out, why);
}

static void use_tvs(struct server *s, struct rf_tls *take[RF_TLS_PROFILES])
{
    rf_listeners_use_tls(rf_tvs_service_listeners(s->tvs), take);
}

static enum rf_err make_https(struct server *s, struct rf_tls *out[RF_TLS_PROFILES],
                              struct rf_why *why)
{
    return https_tls_make(s, &out[RF_TLS_MODERN], why);
}

static void use_https(struct server *s, struct rf_tls *take[RF_TLS_PROFILES])
{
    https_tls_use(s, rf_steal(&take[RF_TLS_MODERN]));
}

static bool has_https(const struct server *s)
{
    return s->https != NULL;
}

static const struct own {
    const char *name;
    enum rf_site_item cert;
    const char *setting;                      /* NULL: not noted */
    bool is_optional;                         /* sites of an older version have none */
    bool (*is_served)(const struct server *); /* NULL: always */
    /* NULL: the signer's, by a restart only */
    enum rf_err (*make)(struct server *s, struct rf_tls *out[RF_TLS_PROFILES], struct rf_why *why);
    void (*use)(struct server *s, struct rf_tls *take[RF_TLS_PROFILES]);
    bool is_routers; /* a router has it, too */
} owns[OWN_N] = {
    [OWN_CCM] = {"ccm", RF_SITE_CERT_CCM, RF_STORE_IN_USE_CCM, .make = sccp_tls_make,
                 .use = sccp_tls_use, .is_routers = true},
    [OWN_PROVIDER] = {"provider", RF_SITE_CERT_CCM, NULL, false, has_provider, make_provider,
                      use_provider, true},
    [OWN_CAPF] = {"capf", RF_SITE_CERT_CAPF, RF_STORE_IN_USE_CAPF, false, has_capf, make_capf,
                  use_capf},
    [OWN_TVS] = {"tvs", RF_SITE_CERT_TVS, RF_STORE_IN_USE_TVS, true, has_tvs, make_tvs, use_tvs},
    [OWN_HTTPS] = {"https", RF_SITE_CERT_HTTPS, RF_STORE_IN_USE_HTTPS, true, has_https, make_https,
                   use_https},
    [OWN_TFTP] = {"tftp", RF_SITE_CERT_TFTP, RF_STORE_IN_USE_TFTP},
    [OWN_LSC_ISSUER] = {"lsc-issuer", RF_SITE_CERT_LSC_ISSUER, RF_STORE_IN_USE_LSC_ISSUER},
};

/* *out stays NULL where it is not of this role, or an optional one is not there. */
static enum rf_err load(const struct server *s, const struct own *own, struct rf_cert **out,
                        struct rf_why *why)
{
    RF_AUTO(rf_freep) char *path = rf_site_path(s->site, own->cert);
    if ((s->role->is_router && !own->is_routers) || (own->is_optional && !rf_file_exists(path)))
        return RF_OK;
    return rf_cert_from_pem_file(path, out, why);
}

/* ---- at the start: before any thread ---- */

enum rf_err certs_prepare(struct server *s, struct rf_why *why)
{
    enum rf_err err = RF_OK;
    for (size_t i = 0; i < OWN_N && err == RF_OK; i++) {
        err = load(s, &owns[i], &s->own[i], why);
        if (err == RF_OK && s->own[i] != NULL && owns[i].setting != NULL)
            err = rf_store_setting_save(s->store, owns[i].setting, rf_cert_sha256(s->own[i]), why);
    }
    if (err == RF_OK)
        s->ccm = rf_cert_ref(s->own[OWN_CCM]);
    return err;
}

void certs_free(struct server *s)
{
    for (size_t i = 0; i < OWN_N; i++)
        rf_cert_unref(s->own[i]);
    rf_cert_unref(s->ccm);
}

/* ---- a reload ---- */

void certs_fresh_fini(struct certs_fresh *f)
{
    for (size_t i = 0; i < OWN_N; i++) {
        rf_cert_unref(f->cert[i]);
        for (int k = 0; k < RF_TLS_PROFILES; k++)
            rf_tls_free(f->tls[i][k]);
    }
    *f = (struct certs_fresh){.cert = {NULL}};
}

enum rf_err certs_look(struct server *s, struct certs_fresh *out, struct rf_why *why)
{
    enum rf_err err = RF_OK;
    for (size_t i = 0; i < OWN_N && err == RF_OK; i++) {
        const struct own *own = &owns[i];
        RF_AUTO(rf_cert_freep) struct rf_cert *cert = NULL;
        if (own->make == NULL || (own->is_served != NULL && !own->is_served(s)))
            continue;
        err = load(s, own, &cert, why);
        if (err != RF_OK || cert == NULL || (s->own[i] != NULL && rf_cert_eq(cert, s->own[i])))
            continue;
        err = own->make(s, out->tls[i], why);
        if (err == RF_OK)
            out->cert[i] = rf_steal(&cert);
    }
    return err;
}

struct noting {
    struct rf_job job;
    struct rf_cert *cert[OWN_N];
};

static void note_work(struct rf_job *job, void *store)
{
    const struct noting *n = (const struct noting *)job;
    struct rf_why why = {0};
    for (size_t i = 0; i < OWN_N; i++)
        if (n->cert[i] != NULL && owns[i].setting != NULL &&
            rf_store_setting_save(store, owns[i].setting, rf_cert_sha256(n->cert[i]), &why) !=
                RF_OK)
            rf_error(RF_CAT_STORE, "the certificate in use was not noted: %s key=%s",
                     rf_why_text(&why), owns[i].name);
}

static void note_done(struct rf_job *job, void *reader)
{
    struct noting *n = (struct noting *)job;
    for (size_t i = 0; i < OWN_N; i++)
        rf_cert_unref(n->cert[i]);
    rf_free(n);
}

struct other_ccm {
    struct rf_msg msg;
    struct server *s;
    struct rf_cert *cert;
};

/* Call-control thread. What registers from now on came through a handshake with this one, but for
 * links that were in the middle of theirs. */
static void use_ccm(struct rf_msg *msg, void *reader)
{
    struct other_ccm *o = (struct other_ccm *)msg;
    if (reader != NULL) {
        rf_cert_unref(o->s->ccm);
        o->s->ccm = rf_steal(&o->cert);
    }
    rf_cert_unref(o->cert);
    rf_free(o);
}

static void tell_calls(struct server *s, struct rf_cert *cert)
{
    struct other_ccm *o = rf_new(struct other_ccm);
    *o = (struct other_ccm){.msg.run = use_ccm, .s = s, .cert = rf_cert_ref(cert)};
    sccp_post(s, &o->msg);
}

size_t certs_use(struct server *s, struct certs_fresh *fresh)
{
    struct noting *n = rf_new(struct noting);
    size_t changed = 0;
    n->job = (struct rf_job){
        .work = note_work, .done = note_done, .answer_to = rf_loop_mailbox(s->loop)};
    for (size_t i = 0; i < OWN_N; i++) {
        if (fresh->cert[i] == NULL)
            continue;
        owns[i].use(s, fresh->tls[i]);
        rf_cert_unref(s->own[i]);
        s->own[i] = rf_steal(&fresh->cert[i]);
        n->cert[i] = rf_cert_ref(s->own[i]);
        changed++;
        rf_info(RF_CAT_TLS, "another certificate is shown from now on key=%s cert=%s", owns[i].name,
                rf_cert_short(s->own[i]));
        event_of_server(s, RF_STORE_INFO, "certificate-changed", "%s shows %s (%s) from now on",
                        owns[i].name, rf_cert_subject(s->own[i]), rf_cert_short(s->own[i]));
    }
    if (n->cert[OWN_CCM] != NULL)
        tell_calls(s, n->cert[OWN_CCM]);
    if (changed > 0 && rf_worker_post(s->store_worker, &n->job) == RF_OK)
        return changed;
    if (changed > 0)
        rf_error(RF_CAT_STORE, "the certificates in use were not noted: the database has too much "
                               "to do; start the server again before a rotation goes on");
    note_done(&n->job, s);
    return changed;
}
