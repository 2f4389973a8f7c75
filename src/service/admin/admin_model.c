/* SPDX-License-Identifier: Apache-2.0 */
/* What a model cannot do is refused when it is saved, where that is known. doc: docs/phones.md,
 * "What is refused" */
#include "service/admin/admin_int.h"

#include "base/faults.h"
#include "service/site/families.h"
#include "service/site/models.h"

#include <string.h>

static enum rf_err check_load(struct admin_task *t, const struct rf_store_device *d,
                              struct rf_why *why)
{
    const struct rf_family *family = rf_family_of_load(d->load);
    if (family == NULL || rf_family_serves(family, d->model))
        return RF_OK;
    return admin_refuse(t, 409, why, "load-model", "%s is a load of the %s and not of the %s",
                        d->load, family->name, d->model);
}

static enum rf_err check_digest(struct admin_task *t, const struct rf_store_device *d,
                                struct rf_why *why)
{
    if (d->digest != RF_STORE_DIGEST_SHA512 || rf_family_model_digests(d->model) != RF_MODEL_SHA1)
        return RF_OK;
    return admin_refuse(t, 409, why, "model-digest",
                        "a %s verifies files that are signed with SHA-1, and no others: it would "
                        "refuse all it gets. Say --digest model",
                        d->model);
}

void admin_note_modes(struct admin_task *t)
{
    const struct rf_site_conf *conf = ADMIN_OPS(t, conf)(ADMIN_ARG(t));
    t->change.has_authenticated = conf->authenticated_sccp_port != 0;
}

static enum rf_err check_authenticated(struct admin_task *t, const struct rf_store_device *d,
                                       struct rf_why *why)
{
    if (d->mode != RF_STORE_AUTHENTICATED)
        return RF_OK;
    if (!t->change.has_authenticated)
        return admin_refuse(t, 409, why, "mode-authenticated",
                            "nothing listens for authenticated devices here: set "
                            "authenticated_sccp_port and authenticated_networks (weak, everybody "
                            "on the way can read along), or say --mode encrypted");
    if (rf_model_find(d->model)->tls == RF_MODEL_TLS_OLD)
        return admin_refuse(t, 409, why, "model-mode",
                            "a %s speaks TLS 1.0, and the port of authenticated devices takes 1.2 "
                            "alone: say --mode encrypted, which it can by the legacy ports",
                            d->model);
    return RF_OK;
}

/* Encrypted means that its calls are, too, where both ends can: so it says if they cannot. */
static enum rf_err check_srtp(struct admin_task *t, const struct rf_store_device *d,
                              struct rf_why *why)
{
    if (d->mode != RF_STORE_ENCRYPTED || !d->has_srtp || rf_model_find(d->model)->has_srtp)
        return RF_OK;
    return admin_refuse(t, 409, why, "model-srtp",
                        "a %s has no SRTP: say --srtp no (then its signalling is encrypted, and "
                        "its calls are in the clear), or --mode nonsecure",
                        d->model);
}

static enum rf_err check_security(struct admin_task *t, const struct rf_store_device *d,
                                  struct rf_why *why)
{
    enum rf_model_can can = rf_family_model_can(d->model);
    bool has_tls = rf_model_find(d->model)->tls != RF_MODEL_TLS_NONE;
    if ((can == RF_MODEL_CAN_NOTHING || !has_tls) && d->mode != RF_STORE_NONSECURE)
        return admin_refuse(t, 409, why, "model-mode",
                            "a %s knows neither trust lists nor TLS, so it can only be nonsecure "
                            "(--mode nonsecure)",
                            d->model);
    if (can != RF_MODEL_CAN_ALL && d->encrypt == RF_STORE_ENCRYPT_ON)
        return admin_refuse(t, 409, why, "model-encrypt",
                            "a %s verifies no files, so it could not read an encrypted "
                            "configuration: say --encrypt-config auto",
                            d->model);
    enum rf_err err = check_authenticated(t, d, why);
    return err == RF_OK ? check_srtp(t, d, why) : err;
}

/* What it has been refused for before does not keep it from other changes. */
static bool is_as_before(const struct rf_store_device *d, const struct rf_store_device *before)
{
    return before != NULL && strcmp(d->model, before->model) == 0 &&
           strcmp(d->load, before->load) == 0 && d->mode == before->mode &&
           d->has_srtp == before->has_srtp && d->encrypt == before->encrypt &&
           d->digest == before->digest;
}

enum rf_err admin_check_model(struct admin_task *t, const struct rf_store_device *d,
                              const struct rf_store_device *before, struct rf_why *why)
{
    if (rf_fault_skips("admin.model") || is_as_before(d, before))
        return RF_OK;
    enum rf_err err = check_security(t, d, why);
    if (err == RF_OK)
        err = check_digest(t, d, why);
    return err == RF_OK ? check_load(t, d, why) : err;
}
