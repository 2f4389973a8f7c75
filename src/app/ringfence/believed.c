/* SPDX-License-Identifier: Apache-2.0 */
/* Whom to believe: a certificate of the command line, or one that a trust list holds for signing
 * files. */
#include "app/ringfence/container.h"

bool believed_is_given(const struct cmd_ctx *ctx)
{
    return cmd_get(ctx, "cert") != NULL || cmd_get(ctx, "list") != NULL;
}

static enum rf_err add_list(const char *path, struct rf_lists *lists, struct rf_why *why)
{
    RF_AUTO(rf_list_freep) struct rf_list *list = NULL;
    struct rf_list_policy policy = {0};
    struct rf_why inner = {0};
    enum rf_err err = tlv_open(path, &list, &inner);
    if (err == RF_OK)
        err = rf_list_verify_own(list, tlv_kind(list), &policy, &inner);
    if (err != RF_OK)
        return rf_why_set(why, err, inner.code, "the list %s: %s", path, rf_why_text(&inner));
    enum rf_list_kind kind = tlv_kind(list);
    if ((kind == RF_LIST_CTL ? lists->ctl : lists->itl) != NULL)
        return rf_why_set(why, RF_ERR_EXISTS, "list-twice",
                          "%s is a second %s: a phone holds one CTL and one ITL", path,
                          rf_list_kind_name(kind));
    rf_lists_install(lists, kind, list);
    return RF_OK;
}

enum rf_err believed_load(const struct cmd_ctx *ctx, struct believed *b, struct rf_why *why)
{
    const char *path;
    *b = (struct believed){0};
    if (cmd_get(ctx, "cert") != NULL)
        return rf_cert_from_pem_file(cmd_get(ctx, "cert"), &b->cert, why);
    enum rf_err err = RF_OK;
    for (size_t n = 0; err == RF_OK && (path = cmd_nth(ctx, "list", n)) != NULL; n++)
        err = add_list(path, &b->lists, why);
    return err;
}

/* Where the signer that was found stands, for the report. */
static void note_place(struct believed *b, const struct rf_list *list, enum rf_list_kind kind)
{
    for (size_t i = 0; list != NULL && i < rf_list_n(list); i++) {
        uint16_t role = rf_list_role(list, i);
        if (rf_list_cert(list, i) != b->signer ||
            (role != RF_TRUSTLIST_ROLE_TFTP && role != RF_TRUSTLIST_ROLE_CCM_TFTP))
            continue;
        b->list = rf_list_kind_name(kind);
        b->role = role;
    }
}

enum rf_err believed_find(struct believed *b, const struct rf_signedfile *sf, struct rf_why *why)
{
    b->signer = b->cert;
    if (b->cert != NULL)
        return RF_OK;
    if (rf_signedfile_kind_of(sf) == RF_SIGNEDFILE_KIND_LIST)
        return rf_why_set(why, RF_ERR_DENIED, "file-kind",
                          "this is a trust list, which a SAST signs: `ringfence list verify "
                          "--installed` says whether a phone that holds a list takes it");
    enum rf_err err = rf_lists_find_file_signer(&b->lists, sf->issuer, sf->serial, &b->signer, why);
    if (err != RF_OK)
        return err;
    note_place(b, b->lists.itl, RF_LIST_ITL);
    note_place(b, b->lists.ctl, RF_LIST_CTL);
    return RF_OK;
}

enum rf_err believed_verify(struct believed *b, struct container *c, struct container_pass *pass,
                            const struct rf_sigfile_policy *policy, struct rf_sigfile_info *info,
                            struct rf_why *why)
{
    enum rf_err err = believed_find(b, container_sf(c), why);
    if (err == RF_OK)
        err = container_pass(c, pass, why);
    return err != RF_OK ? err : rf_sigver_finish(c->ver, b->signer, policy, info, why);
}

void believed_fini(struct believed *b)
{
    rf_cert_unref(b->cert);
    rf_lists_fini(&b->lists);
}
