/* SPDX-License-Identifier: Apache-2.0 */
/* Who issues the certificates of phones, beside our own issuer: former ones, and other CAs. Read
 * once at the start, so that all parts hold the same: a change wants a restart. doc:
 * docs/issuers.md */
#include "app/ringfenced/server_int.h"
#include "base/file.h"
#include "base/log.h"

/* Of the change of the issuer that is under way. It may have another name than the present one. */
static enum rf_err add_old(struct server *s, struct rf_why *why)
{
    RF_AUTO(rf_freep) char *certs = rf_site_path(s->site, RF_SITE_CERTS);
    RF_AUTO(rf_freep) char *path = rf_path_join(certs, "old-lsc-issuer.pem");
    RF_AUTO(rf_cert_freep) struct rf_cert *cert = NULL;
    if (!rf_file_exists(path))
        return RF_OK;
    enum rf_err err = rf_cert_from_pem_file(path, &cert, why);
    return err == RF_OK ? rf_anchors_add(s->lsc_listed, cert, why) : err;
}

static char *path_of(const struct server *s, const char *text)
{
    return text[0] == '\0' || text[0] == '/' ? rf_strdup(text) : rf_path_join(s->site->dir, text);
}

static enum rf_err open_cmp(struct server *s, struct rf_why *why)
{
    const struct rf_site_conf *conf = s->site->conf;
    RF_AUTO(rf_freep) char *cert = path_of(s, conf->cmp_ra_cert);
    RF_AUTO(rf_freep) char *key = path_of(s, conf->cmp_ra_key);
    RF_AUTO(rf_freep) char *secret = path_of(s, conf->cmp_secret_file);
    RF_AUTO(rf_freep) char *trusted = path_of(s, conf->cmp_trusted);
    struct rf_cmp_spec spec = {.url = conf->cmp_url,
                               .ra_cert = cert,
                               .ra_key = key,
                               .reference = conf->cmp_reference,
                               .secret_file = secret,
                               .trusted = trusted,
                               .recipient = conf->cmp_recipient,
                               .timeout_s = conf->cmp_timeout_s,
                               .days = conf->lsc_days,
                               .is_implicit = conf->cmp_implicit_confirm};
    return rf_cmp_open(&spec, &s->cmp, why);
}

static enum rf_err need_ca(const struct server *s, struct rf_why *why)
{
    if (rf_anchors_n(s->lsc_cas) > 0)
        return RF_OK;
    return rf_why_set(why, RF_ERR_NOT_FOUND, "no-lsc-ca",
                      "lsc_issuer asks another CA, and none may issue certificates of phones: "
                      "`ringfence issuer trust` with its issuing certificate");
}

enum rf_err issuers_prepare(struct server *s, struct rf_why *why)
{
    RF_AUTO(rf_freep) char *folder = rf_site_path(s->site, RF_SITE_LSC_CAS);
    uint32_t issuer = s->site->conf->lsc_issuer;
    s->lsc_listed = rf_anchors_new(RF_PURPOSE_SIGNALLING);
    s->lsc_cas = rf_anchors_new(RF_PURPOSE_SIGNALLING);
    enum rf_err err = rf_anchors_add_dir(s->lsc_cas, folder, why);
    if (err == RF_OK)
        err = rf_anchors_add_dir(s->lsc_listed, folder, why);
    if (err == RF_OK)
        err = rf_anchors_add(s->lsc_listed, s->lsc_issuer, why);
    if (err == RF_OK)
        err = add_old(s, why);
    if (err == RF_OK && issuer != RF_SITE_ISSUER_LOCAL)
        err = need_ca(s, why);
    return err == RF_OK && issuer == RF_SITE_ISSUER_CMP ? open_cmp(s, why) : err;
}

void issuers_free(struct server *s)
{
    rf_anchors_unref(s->lsc_listed);
    rf_anchors_unref(s->lsc_cas);
    rf_cmp_free(s->cmp);
}
