/* SPDX-License-Identifier: Apache-2.0 */
/* Certificates that are blocked: by fingerprint, or all that are known of a device. A change is
 * answered when it is in force and the phones that it concerns are cut off.
 * doc: docs/enrolment.md, "Blocking a certificate" */
#include "service/admin/admin_int.h"

#include "base/text.h"

#include <stdio.h>
#include <string.h>

static enum rf_err read_fingerprint(const char *text, uint8_t out[32], struct rf_why *why)
{
    size_t n = 0;
    if (rf_unhex(rf_slice_str(text), out, 32, &n) == RF_OK && n == 32)
        return RF_OK;
    return rf_why_set(why, RF_ERR_BAD, "value",
                      "\"fingerprint\": wants 64 hexadecimal digits, as `ringfence device show` "
                      "shows them");
}

/* Which: a fingerprint or a device, not both. */
static enum rf_err read_what(struct admin_task *t, struct rf_why *why)
{
    const char *fingerprint = rf_json_str(t->change.body, "fingerprint");
    const char *device = rf_json_str(t->change.body, "device");
    if ((fingerprint == NULL) == (device == NULL))
        return rf_why_set(why, RF_ERR_BAD, "value",
                          "wants \"fingerprint\" or \"device\", one of them");
    t->block.at_s = t->now_s;
    if (fingerprint != NULL)
        return read_fingerprint(fingerprint, t->block.sha256, why);
    if (device[0] == '\0' ||
        !rf_slice_to_str(rf_slice_str(device), t->block.device, sizeof t->block.device))
        return rf_why_set(why, RF_ERR_BAD, "device-name", "\"device\": no device has such a name");
    memcpy(t->name, t->block.device, sizeof t->name); /* for the event */
    return RF_OK;
}

enum rf_err admin_block_begin(struct admin_task *t, struct rf_http_req *req, struct rf_why *why)
{
    static const char *const members[] = {"fingerprint", "device", "reason", NULL};
    enum rf_err err = admin_body(req, members, &t->change.body, why);
    if (err == RF_OK)
        err = read_what(t, why);
    const char *reason = err == RF_OK ? rf_json_str(t->change.body, "reason") : NULL;
    if (reason != NULL &&
        !rf_slice_to_str(rf_slice_str(reason), t->block.reason, sizeof t->block.reason))
        return rf_why_set(why, RF_ERR_BAD, "value", "\"reason\": wants at most %zu bytes",
                          sizeof t->block.reason - 1);
    return err;
}

enum rf_err admin_unblock_begin(struct admin_task *t, struct rf_http_req *req, struct rf_why *why)
{
    static const char *const members[] = {"fingerprint", "device", NULL};
    enum rf_err err = admin_body(req, members, &t->change.body, why);
    return err == RF_OK ? read_what(t, why) : err;
}

/* Whose it is, if anybody's that is known. */
static void find_device(struct admin_task *t, struct rf_store *store)
{
    struct rf_store_cert cert = {.id = 0};
    if (t->name[0] == '\0' && rf_store_cert_load(store, t->block.sha256, &cert, NULL) == RF_OK)
        memcpy(t->name, cert.device, sizeof t->name);
    rf_store_cert_fini(&cert);
}

/* The first digits, or whose they are. */
static const char *what_text(const struct admin_task *t, char buf[48])
{
    char digits[17];
    if (t->block.device[0] != '\0')
        snprintf(buf, 48, "the certificates of %s", t->block.device);
    else
        snprintf(buf, 48, "certificate %s",
                 rf_hex(rf_slice_of(t->block.sha256, 8), digits, sizeof digits));
    return buf;
}

enum rf_err admin_block_store(struct admin_task *t, struct rf_store *store, struct rf_why *why)
{
    char what[48];
    find_device(t, store);
    struct rf_store_event event =
        admin_event(t, "security", "cert-blocked", "blocked: %s%s%s", what_text(t, what),
                    t->block.reason[0] != '\0' ? ": " : "", t->block.reason);
    enum rf_err err = rf_store_block_save(store, &t->block, &event, why);
    return err == RF_OK ? ADMIN_OPS(t, blocked_renew)(ADMIN_ARG(t), store, why) : err;
}

enum rf_err admin_unblock_store(struct admin_task *t, struct rf_store *store, struct rf_why *why)
{
    char what[48];
    find_device(t, store);
    struct rf_store_event event = admin_event(t, "security", "cert-unblocked",
                                              "not blocked any more: %s", what_text(t, what));
    enum rf_err err = rf_store_block_remove(store, &t->block, &event, why);
    return err == RF_OK ? ADMIN_OPS(t, blocked_renew)(ADMIN_ARG(t), store, why) : err;
}

enum rf_err admin_block_calls(struct admin_task *t, struct rf_why *why)
{
    ADMIN_OPS(t, blocked_end)(ADMIN_ARG(t));
    return RF_OK;
}

void admin_block_answer(struct admin_task *t, struct rf_json *out)
{
    char digits[65];
    if (t->name[0] != '\0')
        ADMIN_OPS(t, certs_changed)(ADMIN_ARG(t), t->name);
    if (t->block.device[0] != '\0')
        rf_json_set_str(out, "device", t->block.device);
    else
        rf_json_set_str(
            out, "fingerprint",
            rf_hex(rf_slice_of(t->block.sha256, sizeof t->block.sha256), digits, sizeof digits));
}

/* ---- showing ---- */

enum rf_err admin_blocked_store(struct admin_task *t, struct rf_store *store, struct rf_why *why)
{
    struct rf_store_blocks blocks = {.n = 0};
    enum rf_err err = rf_store_block_list(store, &blocks, why);
    t->shown = rf_json_arr();
    for (size_t i = 0; i < blocks.n && err == RF_OK; i++) {
        const struct rf_store_block *b = &blocks.items[i];
        struct rf_json *one = rf_json_obj();
        char digits[65];
        rf_json_set_str(one, "fingerprint",
                        rf_hex(rf_slice_of(b->sha256, sizeof b->sha256), digits, sizeof digits));
        rf_json_set_str(one, "device", b->device[0] != '\0' ? b->device : NULL);
        rf_json_set_str(one, "reason", b->reason[0] != '\0' ? b->reason : NULL);
        rf_json_set_int(one, "since_s", b->at_s);
        rf_json_arr_add_take(t->shown, one);
    }
    rf_store_blocks_fini(&blocks);
    return err;
}

void admin_blocked_answer(struct admin_task *t, struct rf_json *out)
{
    rf_json_set_take(out, "blocked", rf_steal(&t->shown));
}
