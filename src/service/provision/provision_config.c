/* SPDX-License-Identifier: Apache-2.0 */
/* The configuration of a device: what of the store and the site goes into it, and its version
 * stamp. doc: docs/provisioning.md, "How a configuration is made"; docs/wire/phone-configuration.md
 */
#include "service/provision/provision_int.h"

#include "base/text.h"
#include "trust/digest.h"
#include "wire/phonexml/phonexml.h"

#include <stdio.h>
#include <string.h>

/* ---- the document ---- */

static enum rf_err put(char *at, size_t cap, const char *value, const char *element,
                       struct rf_why *why)
{
    if (rf_slice_to_str(rf_slice_str(value), at, cap))
        return RF_OK;
    char shown[80];
    return rf_why_set(why, RF_ERR_DENIED, "config-value",
                      "%s: \"%s\" is longer than the %zu characters phones take", element,
                      rf_escape(rf_slice_str(value), shown, sizeof shown), cap - 1);
}
#define PUT(member, value, element) put((member), sizeof(member), (value), (element), why)

static enum rf_phonexml_mode mode_of(const struct provision_config_in *in)
{
    if (in->facts->is_nonsecure)
        return RF_PHONEXML_MODE_NON_SECURE;
    switch (in->device->mode) {
    case RF_STORE_AUTHENTICATED:
        return RF_PHONEXML_MODE_AUTHENTICATED;
    case RF_STORE_ENCRYPTED:
        return RF_PHONEXML_MODE_ENCRYPTED;
    case RF_STORE_NONSECURE:
        break;
    }
    return RF_PHONEXML_MODE_NON_SECURE;
}

/* A phone goes to CAPF for as long as this says so: 0 again when the operation is done, was let
 * lapse, or has no tries left. */
static enum rf_phonexml_capf_mode capf_mode_of(const struct provision_config_in *in)
{
    if (in->op == NULL || in->op->op == RF_STORE_OP_NONE ||
        rf_store_capf_is_open(in->op, in->now_s, NULL) != RF_OK)
        return RF_PHONEXML_CAPF_NONE;
    switch (in->op->auth) {
    case RF_STORE_AUTH_STRING:
        return RF_PHONEXML_CAPF_STRING;
    case RF_STORE_AUTH_NULL:
        return RF_PHONEXML_CAPF_NULL;
    case RF_STORE_AUTH_LSC:
        return RF_PHONEXML_CAPF_LSC_FIRST;
    case RF_STORE_AUTH_MIC:
        return RF_PHONEXML_CAPF_MIC_FIRST;
    }
    return RF_PHONEXML_CAPF_NONE;
}

static enum rf_err put_servers(const struct provision_config_in *in, struct rf_phonexml *c,
                               struct rf_why *why)
{
    const struct provision_facts *facts = in->facts;
    c->cm_n = 1;
    c->cm[0].priority = 0;
    c->cm[0].port = facts->port_base; /* the phone adds 443 itself */
    c->capf_n = 1;
    c->capf[0].port = facts->capf_port;
    c->has_capf_auth_mode = true;
    c->capf_auth_mode = capf_mode_of(in);
    /* Left open, phones would try survivable routers that are none. */
    c->srst.is_present = true;
    enum rf_err err = PUT(c->srst.option, "Disable", "srstOption");
    if (err == RF_OK)
        err = PUT(c->cm[0].name, facts->host, "processNodeName");
    if (err == RF_OK)
        err = PUT(c->capf[0].name, facts->host, "processNodeName");
    return err;
}

static const char *load_server_of(const struct rf_store_device *device,
                                  const struct provision_facts *facts)
{
    return device->load_server[0] != '\0' ? device->load_server : facts->load_server;
}

static enum rf_err put_texts(const struct provision_config_in *in, const char *stamp,
                             struct rf_phonexml *c, struct rf_why *why)
{
    const struct provision_facts *facts = in->facts;
    enum rf_err err = PUT(c->device_protocol, "SCCP", "deviceProtocol");
    if (err == RF_OK)
        err = PUT(c->date_template, facts->date_template, "dateTemplate");
    if (err == RF_OK)
        err = PUT(c->time_zone, facts->time_zone, "timeZone");
    if (err == RF_OK)
        err = PUT(c->user_locale, facts->locale, "userLocale");
    /* A load that is not there sends phones into a loop; without the element they keep theirs. */
    if (err == RF_OK && in->has_load)
        err = PUT(c->load_information, rf_store_load_of(in->device), "loadInformation");
    if (err == RF_OK)
        err = PUT(c->load_server, load_server_of(in->device, facts), "loadServer");
    if (err == RF_OK)
        err = PUT(c->version_stamp, stamp, "versionStamp");
    return err;
}

enum rf_err provision_config_encode(const struct provision_config_in *in, const char *stamp,
                                    struct rf_buf *out, struct rf_why *why)
{
    if (in->device->protocol != RF_STORE_SCCP)
        return rf_why_set(why, RF_ERR_NOT_FOUND, "config-protocol",
                          "%s is a %s device: only SCCP phones get a configuration here",
                          in->device->name, rf_store_protocol_name(in->device->protocol));
    RF_AUTO(rf_phonexml_freep) struct rf_phonexml *c = rf_phonexml_new();
    c->security_mode = mode_of(in);
    c->transport = c->security_mode == RF_PHONEXML_MODE_NON_SECURE ? RF_PHONEXML_TRANSPORT_TCP
                                                                   : RF_PHONEXML_TRANSPORT_TLS;
    c->has_ip_address_mode = true; /* 0: IPv4 */
    enum rf_err err = put_servers(in, c, why);
    if (err == RF_OK)
        err = put_texts(in, stamp, c, why);
    return err == RF_OK ? rf_phonexml_encode(c, out, why) : err;
}

/* ---- the version stamp ---- */

#define UUID_LEN 36

/* The first half of the digest, written as a UUID. */
static void uuid_of(struct rf_slice content, char uuid[UUID_LEN + 1])
{
    uint8_t sha256[RF_DIGEST_MAX];
    char hex[33];
    rf_digest_of(RF_DIGEST_SHA256, content, sha256);
    rf_hex(rf_slice_of(sha256, 16), hex, sizeof hex);
    snprintf(uuid, UUID_LEN + 1, "%.8s-%.4s-%.4s-%.4s-%.12s", hex, hex + 8, hex + 12, hex + 16,
             hex + 20);
}

void provision_stamp_make(struct rf_slice unstamped, int64_t time_s,
                          char stamp[PROVISION_STAMP_MAX])
{
    char uuid[UUID_LEN + 1];
    uuid_of(unstamped, uuid);
    snprintf(stamp, PROVISION_STAMP_MAX, "%u-%s", (unsigned)time_s, uuid);
}

bool provision_stamp_fits(struct rf_slice stamp, struct rf_slice unstamped, int64_t *time_s)
{
    char uuid[UUID_LEN + 1];
    struct rf_slice digits;
    uint64_t n;
    uuid_of(unstamped, uuid);
    struct rf_slice rest = stamp;
    if (!rf_next_piece(&rest, '-', &digits) || !rf_parse_u64(digits, 0, UINT32_MAX, &n) ||
        !rf_slice_eq_str(rest, uuid))
        return false;
    *time_s = (int64_t)n;
    return true;
}

/* ---- with the store ---- */

void provision_config_fini(struct provision_config *c)
{
    rf_buf_fini(&c->document);
}

/* The stamp kept for the device, or a new one, kept before anybody sees it. */
static enum rf_err stamp_for(struct rf_store *store, const char *device, struct rf_slice unstamped,
                             int64_t now_s, char stamp[PROVISION_STAMP_MAX], int64_t *time_s,
                             struct rf_why *why)
{
    char key[40];
    snprintf(key, sizeof key, "config-stamp.%s", device);
    RF_AUTO(rf_buf_fini) struct rf_buf kept = RF_BUF(RF_STORE_SETTING_MAX);
    struct rf_why none = {0};
    enum rf_err err = rf_store_setting_load(store, key, &kept, &none);
    if (err == RF_OK && provision_stamp_fits(rf_buf_slice(&kept), unstamped, time_s) &&
        rf_slice_to_str(rf_buf_slice(&kept), stamp, PROVISION_STAMP_MAX))
        return RF_OK;
    if (err != RF_OK && err != RF_ERR_NOT_FOUND)
        return rf_why_set(why, err, none.code, "%s", none.text);
    *time_s = now_s;
    provision_stamp_make(unstamped, now_s, stamp);
    return rf_store_setting_save(store, key, rf_slice_str(stamp), why);
}

static enum rf_err make(struct rf_store *store, const struct provision_config_in *in,
                        struct provision_config *out, struct rf_why *why)
{
    RF_AUTO(rf_buf_fini) struct rf_buf unstamped = RF_BUF(RF_PHONEXML_BYTES_MAX);
    enum rf_err err = provision_config_encode(in, "", &unstamped, why);
    if (err == RF_OK)
        err = stamp_for(store, in->device->name, rf_buf_slice(&unstamped), in->now_s, out->stamp,
                        &out->changed_s, why);
    out->document = RF_BUF(RF_PHONEXML_BYTES_MAX);
    if (err == RF_OK)
        err = provision_config_encode(in, out->stamp, &out->document, why);
    rf_digest_of(RF_DIGEST_SHA256, rf_buf_slice(&out->document), out->sha256);
    out->is_secure = mode_of(in) != RF_PHONEXML_MODE_NON_SECURE;
    if (!in->has_load)
        snprintf(out->missing_load, sizeof out->missing_load, "%s", rf_store_load_of(in->device));
    return err;
}

enum rf_err provision_config_make(struct rf_store *store, const char *device,
                                  const struct provision_facts *facts, struct rf_slice loads,
                                  int64_t now_s, struct provision_config *out, struct rf_why *why)
{
    struct rf_store_phone phone = {0};
    struct rf_store_capf op = {0};
    *out = (struct provision_config){0};
    enum rf_err err = rf_store_device_load(store, device, &phone, why);
    if (err != RF_OK)
        return err;
    struct rf_why none = {0};
    struct provision_config_in in = {.device = &phone.device, .facts = facts, .now_s = now_s};
    in.has_load = load_server_of(in.device, facts)[0] != '\0'
                      ? rf_store_load_of(in.device)[0] != '\0'
                      : provision_loads_have(loads, rf_store_load_of(in.device));
    err = rf_store_capf_load(store, device, &op, &none);
    if (err == RF_OK)
        in.op = &op;
    else if (err == RF_ERR_NOT_FOUND)
        err = RF_OK;
    else
        (void)rf_why_set(why, err, none.code, "%s", none.text);
    if (err == RF_OK)
        err = make(store, &in, out, why);
    out->device = phone.device;
    if (err != RF_OK)
        provision_config_fini(out);
    rf_store_phone_fini(&phone);
    return err;
}
