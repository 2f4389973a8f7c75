/* SPDX-License-Identifier: Apache-2.0 */
/* The devices of a survivable router: those of the snapshot that its centre gave it, looked at on
 * the loop's thread, and how they are now. Its database has none. */
#include "service/admin/admin_int.h"

#include <string.h>

static void add(struct admin_task *t, size_t *room, struct rf_store_phone *take_phone,
                struct rf_store_certs *take_certs)
{
    if (t->n_devices == *room) {
        size_t more = *room == 0 ? 64 : *room * 2;
        struct admin_device *all = rf_new_n(struct admin_device, more);
        if (t->n_devices > 0)
            memcpy(all, t->devices, t->n_devices * sizeof *all);
        rf_free(t->devices);
        t->devices = all;
        *room = more;
    }
    t->devices[t->n_devices++] = (struct admin_device){.phone = *take_phone, .certs = *take_certs};
}

/* Of this name alone, unless that is "". */
static void look(struct admin_task *t, const char *name)
{
    struct rf_store_phone phone;
    struct rf_store_certs certs;
    size_t room = 0;
    for (size_t at = 0; ADMIN_OPS(t, branch_next)(ADMIN_ARG(t), &at, &phone, &certs);) {
        if (name[0] == '\0' || strcmp(name, phone.device.name) == 0) {
            add(t, &room, &phone, &certs);
        } else {
            rf_store_phone_fini(&phone);
            rf_store_certs_fini(&certs);
        }
    }
}

enum rf_err admin_branch_begin(struct admin_task *t, struct rf_http_req *req, struct rf_why *why)
{
    look(t, "");
    return RF_OK;
}

enum rf_err admin_branch_one_begin(struct admin_task *t, struct rf_http_req *req,
                                   struct rf_why *why)
{
    look(t, t->name);
    if (t->n_devices > 0)
        return RF_OK;
    return admin_refuse(t, 404, why, "device-unknown",
                        "%s is none of the devices that the centre gave this router", t->name);
}
