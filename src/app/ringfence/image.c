/* SPDX-License-Identifier: Apache-2.0 */
#include "app/ringfence/image.h"

#include "base/text.h"

enum rf_err image_keys(const struct cmd_ctx *ctx, struct rf_cert_list *keys, struct rf_why *why)
{
    const char *path;
    enum rf_err err = RF_OK;
    for (size_t n = 0; err == RF_OK && (path = cmd_nth(ctx, "cert", n)) != NULL; n++) {
        RF_AUTO(rf_cert_list_fini) struct rf_cert_list some = {0};
        err = rf_certs_from_pem_file(path, &some, why);
        for (size_t i = 0; err == RF_OK && i < some.n; i++)
            if (!rf_cert_list_add(keys, some.cert[i]))
                err = rf_why_set(why, RF_ERR_LIMIT, "cert-count", "more than %d certificates",
                                 RF_CERT_LIST_MAX);
    }
    return err;
}

enum rf_err image_open(const char *path, struct container *c, struct rf_why *why)
{
    enum rf_err err = container_open(path, c, why);
    if (err != RF_OK)
        return err;
    const struct rf_signedfile *sf = container_sf(c);
    enum rf_signedfile_kind kind = rf_signedfile_kind_of(sf);
    if (kind != RF_SIGNEDFILE_KIND_IMAGE)
        return rf_why_set(why, RF_ERR_DENIED, "file-kind",
                          "header version %u.%u is that of %s, not of an image: "
                          "`ringfence file show` reads it",
                          sf->major, sf->minor, rf_signedfile_kind_name(kind));
    return RF_OK;
}

enum rf_err image_find_signer(const struct rf_signedfile *sf, const struct rf_cert_list *keys,
                              const struct rf_cert **out, struct rf_why *why)
{
    char issuer[96];
    *out = NULL;
    for (size_t i = 0; i < keys->n; i++)
        if (rf_cert_is(keys->cert[i], sf->issuer, sf->serial)) {
            *out = keys->cert[i];
            return RF_OK;
        }
    return rf_why_set(why, RF_ERR_DENIED, "signer-unknown",
                      IMAGE_UNKNOWN ". The header names issuer %s; none of the %zu certificates "
                                    "given is that one",
                      rf_escape(sf->issuer, issuer, sizeof issuer), keys->n);
}

enum rf_err image_judge(struct container *c, struct container_pass *pass,
                        const struct rf_cert *signer, const char *name,
                        struct rf_sigfile_info *info, struct rf_why *why)
{
    struct rf_sigfile_policy policy = container_policy(name);
    policy.is_image = true;
    enum rf_err err = container_pass(c, pass, why);
    return err == RF_OK ? rf_sigver_finish(c->ver, signer, &policy, info, why) : err;
}
