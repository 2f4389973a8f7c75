/* SPDX-License-Identifier: Apache-2.0 */
#include "service/provision/provision_layers.h"

#include "base/text.h"
#include "trust/digest.h"
#include "trust/key.h"
#include "trust/wrap.h"
#include "wire/phonexml/phonexml.h"

#include <stdio.h>

#define CM_MEMBER "devicePool/callManagerGroup/members/member"
#define SRST      "devicePool/srstInfo/"

struct builder {
    const struct provision_layers_in *in;
    struct rf_phonexml_tree *t;
    enum rf_err err;
    struct rf_why *why;
};

const char *provision_layer_name(unsigned layer)
{
    static const char *const names[] = {"built-in", "ringfence.conf", "site",  "model",
                                        "profile",  "device",         "server"};
    return layer < sizeof names / sizeof *names ? names[layer] : "?";
}

enum rf_phonexml_mode provision_mode_of(const struct rf_store_device *device,
                                        const struct provision_facts *facts)
{
    if (facts->is_nonsecure)
        return RF_PHONEXML_MODE_NON_SECURE;
    switch (device->mode) {
    case RF_STORE_AUTHENTICATED:
        return RF_PHONEXML_MODE_AUTHENTICATED;
    case RF_STORE_ENCRYPTED:
        return RF_PHONEXML_MODE_ENCRYPTED;
    case RF_STORE_NONSECURE:
        break;
    }
    return RF_PHONEXML_MODE_NON_SECURE;
}

const char *provision_load_server_of(const struct rf_store_device *device,
                                     const struct provision_facts *facts)
{
    return device->load_server[0] != '\0' ? device->load_server : facts->load_server;
}

/* ---- one value ---- */

/* The value as given, checked; nothing is done after the first failure. */
static void set_leaf(struct builder *b, const struct rf_phonexml_leaf *given)
{
    struct rf_phonexml_leaf leaf = *given;
    char path[RF_PHONEXML_PATH_SIZE];
    char shown[80];
    RF_AUTO(rf_buf_wipe) struct rf_buf value = RF_BUF(RF_PHONEXML_VALUE_MAX);
    struct rf_why own = {0};
    if (b->err != RF_OK)
        return;
    enum rf_err err = rf_phonexml_path(leaf.path, path, &leaf.element, &own);
    if (err == RF_OK || err == RF_ERR_NOT_FOUND) {
        own = (struct rf_why){0};
        err = rf_phonexml_value(leaf.element, leaf.value, &value, &own);
    }
    if (err != RF_OK) {
        b->err =
            rf_why_set(b->why, RF_ERR_DENIED, "config-value", "\"%s\" (%s): %s",
                       leaf.is_secret ? "a secret" : rf_escape(leaf.value, shown, sizeof shown),
                       provision_layer_name(leaf.layer), own.text);
        return;
    }
    bool is_made = leaf.element != NULL && (leaf.element->flags & RF_PHONEXML_MADE) != 0;
    if (is_made && leaf.layer != PROVISION_LAYER_SERVER)
        return; /* an older version let it in */
    leaf.path = path;
    leaf.value = rf_buf_slice(&value);
    b->err = rf_phonexml_tree_set(b->t, &leaf, b->why);
}

static void set(struct builder *b, enum provision_layer layer, const char *path, const char *value)
{
    struct rf_phonexml_leaf leaf = {.path = path, .value = rf_slice_str(value), .layer = layer};
    set_leaf(b, &leaf);
}

static void set_number(struct builder *b, enum provision_layer layer, const char *path, unsigned n)
{
    char text[16];
    snprintf(text, sizeof text, "%u", n);
    set(b, layer, path, text);
}

/* ---- what is built in, and ringfence.conf ---- */

static void set_built_in(struct builder *b)
{
    /* doc: docs/device-configuration.md, "What is built in". Phones' own defaults open more. */
    static const char *const values[][2] = {
        {"ipAddressMode", "ipv4"},
        /* Left open, phones would try survivable routers that are none. */
        {SRST "srstOption", "Disable"},
        {"vendorConfig/garp", "ignore"},
        {"vendorConfig/webAccess", "disabled"},
        {"vendorConfig/sshAccess", "disabled"},
        {"vendorConfig/spanToPCPort", "disabled"},
    };
    for (size_t i = 0; i < sizeof values / sizeof *values; i++)
        set(b, PROVISION_LAYER_BUILT_IN, values[i][0], values[i][1]);
}

/* In their order: phones add 443 to a port themselves. */
static void set_call_managers(struct builder *b)
{
    struct rf_site_call_manager cm;
    for (unsigned i = 0; provision_call_manager_of(b->in->facts, b->in->device, i, &cm); i++) {
        char path[RF_PHONEXML_PATH_SIZE];
        snprintf(path, sizeof path, CM_MEMBER "[%u]/callManager/processNodeName", i + 1);
        set(b, PROVISION_LAYER_CONF, path, cm.host);
        snprintf(path, sizeof path, CM_MEMBER "[%u]/callManager/ports/ethernetPhonePort", i + 1);
        set_number(b, PROVISION_LAYER_CONF, path, cm.port);
    }
}

static void set_conf(struct builder *b)
{
    const struct provision_facts *facts = b->in->facts;
    const enum provision_layer layer = PROVISION_LAYER_CONF;
    set(b, layer, "devicePool/dateTimeSetting/dateTemplate", facts->date_template);
    set(b, layer, "devicePool/dateTimeSetting/timeZone", facts->time_zone);
    set_call_managers(b);
    set(b, layer, "userLocale/name", facts->locale);
    set(b, layer, "capfList/capf[1]/processNodeName", facts->host);
    set_number(b, layer, "capfList/capf[1]/phonePort",
               provision_capf_port(facts, b->in->device->model));
    uint16_t tvs_port = provision_tvs_port(facts, b->in->device->model);
    if (tvs_port != 0) {
        set(b, layer, "TVS/members/member[1]/address", facts->host);
        set_number(b, layer, "TVS/members/member[1]/port", tvs_port);
    }
    if (facts->load_server[0] != '\0')
        set(b, layer, "vendorConfig/loadServer", facts->load_server);
}

/* ---- what operators set ---- */

static void set_secret(struct builder *b, const struct rf_store_config_value *v,
                       const struct rf_phonexml_leaf *wrapped)
{
    struct rf_phonexml_leaf leaf = *wrapped;
    RF_AUTO(rf_secret_fini) struct rf_secret secret = {0};
    char bound[RF_STORE_CONFIG_BOUND];
    uint8_t sha256[RF_DIGEST_MAX];
    char label[33];
    const struct rf_secret *key = &b->in->facts->wrap_key;
    rf_store_config_bound(v->layer, v->name, v->path, bound);
    if (key->len == 0)
        b->err = rf_why_set(b->why, RF_ERR_DENIED, "secret-key",
                            "%s: this site has no keys/store.key to open its secrets with: bring "
                            "it back from a backup",
                            v->path);
    else
        b->err = rf_unwrap(key, rf_slice_str(bound), rf_buf_slice(&v->value), &secret, b->why);
    if (b->err != RF_OK)
        return;
    /* Another one each time it is set, and no way back to the secret. */
    rf_digest_of(RF_DIGEST_SHA256, rf_buf_slice(&v->value), sha256);
    rf_hex(rf_slice_of(sha256, 16), label, sizeof label);
    leaf.value = rf_secret_slice(&secret);
    leaf.label = label;
    leaf.is_secret = true;
    set_leaf(b, &leaf);
}

static void set_values(struct builder *b)
{
    const struct rf_store_config_values *values = b->in->values;
    for (size_t i = 0; values != NULL && i < values->n && b->err == RF_OK; i++) {
        const struct rf_store_config_value *v = &values->items[i];
        struct rf_phonexml_leaf leaf = {.path = v->path,
                                        .value = rf_buf_slice(&v->value),
                                        .layer = PROVISION_LAYER_SITE + (unsigned)v->layer};
        if (v->is_secret && v->value.len > 0)
            set_secret(b, v, &leaf);
        else
            set_leaf(b, &leaf);
    }
    if (b->in->device->load_server[0] != '\0')
        set(b, PROVISION_LAYER_DEVICE, "vendorConfig/loadServer", b->in->device->load_server);
}

/* ---- what only the server knows ---- */

/* A phone goes to CAPF for as long as this says so: 0 again when the operation is done, was let
 * lapse, or has no tries left. */
static enum rf_phonexml_capf_mode capf_mode_of(const struct provision_layers_in *in)
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

static bool is_set(const struct builder *b, const char *path)
{
    const struct rf_phonexml_leaf *leaf = rf_phonexml_tree_find(b->t, path);
    return leaf != NULL && leaf->value.len > 0;
}

/* Members are numbered from 0 in the order in which they stand, and one without a port has ours:
 * phones have no default for it. */
static void fill_members(struct builder *b)
{
    for (unsigned i = 1; i <= RF_PHONEXML_CMS_MAX; i++) {
        char name[RF_PHONEXML_PATH_SIZE];
        char port[RF_PHONEXML_PATH_SIZE];
        char priority[RF_PHONEXML_PATH_SIZE];
        snprintf(name, sizeof name, CM_MEMBER "[%u]/callManager/processNodeName", i);
        snprintf(port, sizeof port, CM_MEMBER "[%u]/callManager/ports/ethernetPhonePort", i);
        snprintf(priority, sizeof priority, CM_MEMBER "[%u]/@priority", i);
        if (!is_set(b, name))
            continue;
        if (!is_set(b, port))
            set_number(b, PROVISION_LAYER_SERVER, port,
                       provision_port_base(b->in->facts, b->in->device));
        if (!is_set(b, priority))
            set_number(b, PROVISION_LAYER_SERVER, priority, i - 1);
    }
    for (unsigned i = 1; i <= RF_PHONEXML_TVS_MAX; i++) {
        char name[RF_PHONEXML_PATH_SIZE];
        char priority[RF_PHONEXML_PATH_SIZE];
        snprintf(name, sizeof name, "TVS/members/member[%u]/address", i);
        snprintf(priority, sizeof priority, "TVS/members/member[%u]/@priority", i);
        if (is_set(b, name) && !is_set(b, priority))
            set_number(b, PROVISION_LAYER_SERVER, priority, i - 1);
    }
}

/* All that phones are told of survivable routers is that one: what operators set of further ones
 * would be asked for with its certificate.
 * doc: docs/device-configuration.md, "Survivable routers" */
static void set_srst(struct builder *b, bool is_secure)
{
    static const char *const others[] = {
        SRST "ipAddr2",    SRST "port2",        SRST "ipAddr3",
        SRST "port3",      SRST "sipIpAddr1",   SRST "sipIpAddr2",
        SRST "sipIpAddr3", SRST "sipIpV6Addr1", SRST "certificate"};
    const enum provision_layer layer = PROVISION_LAYER_SERVER;
    const struct rf_store_srst *srst = b->in->srst;
    char base64[RF_BASE64_LEN(RF_STORE_SRST_DER_MAX) + 1];
    if (srst == NULL)
        return;
    for (size_t i = 0; i < sizeof others / sizeof *others; i++)
        if (is_set(b, others[i]))
            set(b, layer, others[i], "");
    set(b, layer, SRST "name", srst->name);
    set(b, layer, SRST "srstOption", "Enable");
    set(b, layer, SRST "userModifiable", "false");
    set(b, layer, SRST "ipAddr1", srst->host);
    set_number(b, layer, SRST "port1", srst->sccp_port);
    set(b, layer, SRST "isSecure", is_secure ? "true" : "false");
    set_number(b, layer, "devicePool/connectionMonitorDuration", b->in->facts->srst_monitor_s);
    if (!is_secure || b->err != RF_OK)
        return;
    b->err = rf_base64(rf_slice_of(srst->cert, srst->cert_len), base64, sizeof base64);
    set(b, layer, SRST "certificate", base64);
}

static void set_made(struct builder *b)
{
    const enum provision_layer layer = PROVISION_LAYER_SERVER;
    enum rf_phonexml_mode mode = provision_mode_of(b->in->device, b->in->facts);
    set(b, layer, "fullConfig", "true");
    set(b, layer, "deviceProtocol", "SCCP");
    /* A load that is not there sends phones into a loop; without the element they keep theirs. */
    if (b->in->has_load)
        set(b, layer, "loadInformation", rf_store_load_of(b->in->device));
    set_number(b, layer, "deviceSecurityMode", mode);
    set_number(b, layer, "transportLayerProtocol",
               mode == RF_PHONEXML_MODE_NON_SECURE ? RF_PHONEXML_TRANSPORT_TCP
                                                   : RF_PHONEXML_TRANSPORT_TLS);
    set_number(b, layer, "capfAuthMode", capf_mode_of(b->in));
    set(b, layer, "encrConfig", "false");
    set_srst(b, mode != RF_PHONEXML_MODE_NON_SECURE);
    fill_members(b);
}

/* ---- all ---- */

enum rf_err provision_layers_build(const struct provision_layers_in *in,
                                   struct rf_phonexml_tree **out, struct rf_why *why)
{
    RF_AUTO(rf_phonexml_tree_freep) struct rf_phonexml_tree *t = NULL;
    if (in->device->protocol != RF_STORE_SCCP)
        return rf_why_set(why, RF_ERR_NOT_FOUND, "config-protocol",
                          "%s is a %s device: only SCCP phones get a configuration here",
                          in->device->name, rf_store_protocol_name(in->device->protocol));
    t = rf_phonexml_tree_new();
    struct builder b = {.in = in, .t = t, .why = why};
    set_built_in(&b);
    set_conf(&b);
    set_values(&b);
    set_made(&b);
    if (b.err == RF_OK)
        *out = rf_steal(&t);
    return b.err;
}

enum rf_err provision_layers_stamp(struct rf_phonexml_tree *t, const char *stamp,
                                   struct rf_why *why)
{
    struct rf_phonexml_leaf leaf = {
        .path = "versionStamp", .value = rf_slice_str(stamp), .layer = PROVISION_LAYER_SERVER};
    char path[RF_PHONEXML_PATH_SIZE];
    enum rf_err err = rf_phonexml_path("versionStamp", path, &leaf.element, why);
    return err == RF_OK ? rf_phonexml_tree_set(t, &leaf, why) : err;
}
