/* SPDX-License-Identifier: Apache-2.0 */
/* Which loads are there. The folder is read again when it is another than before; two looks with
 * one number saw the same. File worker. */
#include "service/provision/provision_int.h"

#include <errno.h>
#include <string.h>

/* A folder changed so shortly before we looked may change again within the same tick of its clock
 * and show no other time. */
#define SETTLED_S 2

struct provision_look *provision_look_ref(struct provision_look *look)
{
    atomic_fetch_add(&look->refs, 1);
    return look;
}

void provision_look_unref(struct provision_look *look)
{
    if (look == NULL || atomic_fetch_sub(&look->refs, 1) > 1)
        return;
    rf_buf_fini(&look->loads);
    rf_free(look);
}

static bool is_settled(const struct provision_identity *id)
{
    int64_t now_s = rf_wall_s(rf_clock_real());
    return id->mtime.tv_sec + SETTLED_S < now_s && id->ctime.tv_sec + SETTLED_S < now_s;
}

enum rf_err provision_look(struct provision_looker *looker, const struct provision_facts *facts,
                           struct provision_look **out, struct rf_why *why)
{
    struct stat st;
    if (stat(facts->images, &st) != 0)
        return rf_why_set(why, RF_ERR_IO, "file-io", "look at %s: %s", facts->images,
                          strerror(errno));
    struct provision_identity now = provision_identity_of(&st);
    if (looker->last != NULL && looker->is_settled && looker->facts == facts->serial &&
        provision_identity_same(&looker->images, &now)) {
        *out = provision_look_ref(looker->last);
        return RF_OK;
    }
    struct provision_look *look = rf_new(struct provision_look);
    look->refs = 1;
    enum rf_err err = provision_loads_list(facts->images, &look->loads, why);
    if (err != RF_OK) {
        provision_look_unref(look);
        return err;
    }
    look->number = ++looker->number;
    looker->images = now;
    looker->facts = facts->serial;
    looker->is_settled = is_settled(&now);
    provision_look_unref(looker->last);
    looker->last = provision_look_ref(look);
    *out = look;
    return RF_OK;
}
