/* SPDX-License-Identifier: Apache-2.0 */
/* CAPF on the main loop. Its certificates are believed by anchors of their own: manufacturers'
 * roots and our issuer. doc: docs/security-rules.md, "CAPF" (A4) */
#include "app/ringfenced/server_int.h"
#include "base/log.h"

/* The device has another certificate, or another configuration, than a moment ago. */
static void on_changed(void *arg, const char *device, bool is_done)
{
    struct server *s = arg;
    if (is_done)
        held_of_capf(s, device);
    device_refresh(s, device);
    rf_provision_invalidate(s->provision, device);
    campaigns_news(s, device);
}

/* The manufacturers' alone. */
static enum rf_err make_mic_anchors(struct server *s, struct rf_anchors **out, struct rf_why *why)
{
    RF_AUTO(rf_anchors_freep) struct rf_anchors *anchors = rf_anchors_new(RF_PURPOSE_CAPF);
    RF_AUTO(rf_freep) char *dir = rf_site_path(s->site, RF_SITE_MIC_ROOTS);
    enum rf_err err = rf_anchors_add_dir(anchors, dir, why);
    if (err != RF_OK)
        return err;
    if (rf_anchors_n(anchors) == 0)
        rf_info(RF_CAT_MAIN, "no manufacturer's root in %s: phones enrol by string only", dir);
    *out = rf_steal(&anchors);
    return RF_OK;
}

static enum rf_err make_anchors(struct server *s, const struct rf_anchors *mic,
                                struct rf_anchors **out, struct rf_why *why)
{
    RF_AUTO(rf_anchors_freep) struct rf_anchors *anchors = rf_anchors_new(RF_PURPOSE_CAPF);
    enum rf_err err = rf_anchors_add_all(anchors, mic, why);
    if (err != RF_OK)
        return err;
    rf_anchors_mark_makers(anchors);
    /* Phones show the LSC of a former issuer, or of another site's, when they come for one of ours.
     */
    RF_AUTO(rf_freep) char *former = rf_site_path(s->site, RF_SITE_LSC_ISSUERS);
    err = rf_anchors_add_dir(anchors, former, why);
    if (err == RF_OK)
        err = rf_anchors_add(anchors, s->lsc_issuer, why);
    if (err == RF_OK)
        err = rf_anchors_add_all(anchors, s->lsc_cas, why);
    if (err == RF_OK)
        *out = rf_steal(&anchors);
    return err;
}

enum rf_err capf_anchors_make(struct server *s, struct rf_anchors **mic, struct rf_anchors **all,
                              struct rf_why *why)
{
    struct rf_why inner = {0};
    enum rf_err err = make_mic_anchors(s, mic, &inner);
    if (err == RF_OK)
        err = make_anchors(s, *mic, all, &inner);
    return err == RF_OK ? RF_OK : rf_site_explain_anchors(err, &inner, why);
}

void capf_anchors_use(struct server *s, struct rf_anchors *take_mic, struct rf_anchors *take_all)
{
    rf_anchors_unref(s->mic_anchors);
    s->mic_anchors = take_mic;
    rf_anchors_unref(s->capf_anchors);
    s->capf_anchors = take_all;
    rf_capf_service_set_anchors(s->capf, take_all);
}

enum rf_err capf_prepare(struct server *s, struct rf_why *why)
{
    enum rf_err err = capf_anchors_make(s, &s->mic_anchors, &s->capf_anchors, why);
    if (err != RF_OK)
        return err;
    struct rf_capf_service_conf conf = {.loop = s->loop,
                                        .site = s->site,
                                        .store = s->store_worker,
                                        .signer = s->signer_worker,
                                        .anchors = s->capf_anchors,
                                        .lsc_issuer = s->lsc_issuer,
                                        .listed = s->lsc_listed,
                                        .cas = s->lsc_cas,
                                        .cmp = s->cmp,
                                        .blocked = s->blocked,
                                        .revocation = s->revocation,
                                        .on_changed = on_changed,
                                        .arg = s,
                                        .on_alarm = event_of_listener};
    return rf_capf_service_new(&conf, &s->capf, why);
}

enum rf_err capf_listen(struct server *s, uint16_t port, struct rf_why *why)
{
    const struct rf_site_conf *site = s->site->conf;
    enum rf_err err = RF_OK;
    if (site->legacy_capf_port != 0)
        err = rf_capf_service_listen(s->capf, RF_TLS_LEGACY, site->listen,
                                     (uint16_t)site->legacy_capf_port, site->legacy_networks, why);
    if (err == RF_OK)
        err = rf_capf_service_listen(s->capf, RF_TLS_MODERN, site->listen, port, NULL, why);
    if (err == RF_OK)
        s->ports.capf = rf_listeners_port(rf_capf_service_listeners(s->capf), RF_TLS_MODERN);
    return err;
}
