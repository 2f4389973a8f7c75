/* SPDX-License-Identifier: Apache-2.0 */
/* Certificates that their issuers revoke: what is known of them, and the site's lists read again.
 * doc: docs/revocation.md */
#include "service/admin/admin_int.h"

void admin_revocation_answer(struct admin_task *t, struct rf_json *out)
{
    ADMIN_OPS(t, revocation_show)(ADMIN_ARG(t), out);
}

/* Somebody changed the folder: there is nothing to say but that. */
enum rf_err admin_revocation_begin(struct admin_task *t, struct rf_http_req *req,
                                   struct rf_why *why)
{
    static const char *const members[] = {NULL};
    enum rf_err err = admin_body(req, members, &t->change.body, why);
    if (err == RF_OK)
        t->revocation = ADMIN_OPS(t, revocation_begin)(ADMIN_ARG(t));
    return err;
}

enum rf_err admin_revocation_store(struct admin_task *t, struct rf_store *store, struct rf_why *why)
{
    return ADMIN_OPS(t, revocation_make)(t->revocation, why);
}

/* Whoever is refused now is refused from this moment on; sessions end right after it. */
void admin_revocation_changed_answer(struct admin_task *t, struct rf_json *out)
{
    ADMIN_OPS(t, revocation_use)(t->revocation);
    t->revocation = NULL;
    admin_revocation_answer(t, out);
}
