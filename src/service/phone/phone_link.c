/* SPDX-License-Identifier: Apache-2.0 */
#include "service/phone/phone_link.h"

#include "base/faults.h"
#include "service/phone/phone_link_int.h"
#include "trust/path.h"

void rf_phone_id_take(struct rf_phone_id *to, const struct rf_phone_id *from)
{
    *to = (struct rf_phone_id){0};
    if (from == NULL || from->cert == NULL)
        return;
    to->cert = rf_cert_ref(from->cert);
    to->key = rf_key_ref(from->key);
    for (size_t i = 0; i < from->chain.n; i++) {
        bool has_room = rf_cert_list_add(&to->chain, from->chain.cert[i]);
        rf_bug_on(!has_room);
    }
}

void rf_phone_id_fini(struct rf_phone_id *id)
{
    rf_cert_unref(id->cert);
    rf_key_free(id->key);
    rf_cert_list_fini(&id->chain);
    *id = (struct rf_phone_id){0};
}

/* doc: docs/security-rules.md, "Certificate checks": V7, then V3 as a phone without trusted time
 * knows it. Nothing else makes a server acceptable: no public authority, no name. */
enum rf_err phone_server_judge(const struct rf_lists *lists, const struct rf_cert *server,
                               uint16_t role, int64_t floor_s, struct rf_why *why)
{
    enum rf_err err = RF_OK;
    if (server == NULL)
        return rf_why_set(why, RF_ERR_DENIED, "server-unknown", "the server shows no certificate");
    if (!rf_fault_skips("phone.server-role"))
        err = rf_lists_find_server(lists, server, role, why);
    if (err == RF_OK && floor_s != 0)
        err = rf_cert_floor_check(server, floor_s, why);
    return err;
}

bool phone_device_ok(const char *name, size_t max)
{
    size_t n = 0;
    for (; name != NULL && name[n] != '\0'; n++) {
        char c = name[n];
        bool ok = (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') ||
                  c == '-' || c == '_';
        if (!ok || n == max)
            return false;
    }
    return n > 0;
}
