/* SPDX-License-Identifier: Apache-2.0 */
/* The key of the secrets in the database. A site that was made before there were any gets one; one
 * whose key is lost goes on without: phones whose configuration has a secret keep the one they
 * have. */
#include "app/ringfenced/server_int.h"
#include "base/log.h"
#include "trust/wrap.h"

static enum rf_err make(struct server *s, const char *path, struct rf_why *why)
{
    bool has_secrets = false;
    enum rf_err err = rf_store_config_has_secrets(s->store, &has_secrets, why);
    if (err != RF_OK)
        return err;
    if (has_secrets) {
        rf_error(
            RF_CAT_MAIN,
            "%s is not there, and the database has secrets that it opens: phones with a "
            "secret get no new configuration until it is back from a backup, or the secrets are "
            "unset and the server is started again",
            path);
        return RF_OK;
    }
    err = rf_wrap_key_make(path, why);
    return err == RF_OK ? rf_wrap_key_load(path, &s->wrap_key, why) : err;
}

enum rf_err secrets_prepare(struct server *s, struct rf_why *why)
{
    RF_AUTO(rf_freep) char *path = rf_site_path(s->site, RF_SITE_KEY_STORE);
    struct rf_why own = {0};
    enum rf_err err = rf_wrap_key_load(path, &s->wrap_key, &own);
    if (err == RF_ERR_NOT_FOUND)
        return make(s, path, why);
    return err == RF_OK ? RF_OK : rf_why_set(why, err, own.code, "%s", own.text);
}
