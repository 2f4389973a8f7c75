/* SPDX-License-Identifier: Apache-2.0 */
/* What phones stumble over, found before they do. doc: docs/device-configuration.md, "Lint" */
#include "service/provision/provision_layers.h"

#include "base/file.h"
#include "base/text.h"
#include "service/site/families.h"
#include "wire/phonexml/phonexml.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#define CM_MEMBER "devicePool/callManagerGroup/members/member"
#define SRST      "devicePool/srstInfo/"
#define CM_USED   3                            /* of the members, phones use so many */
#define CERT_MAX  ((size_t)(1480 + 2) / 3 * 4) /* base64 of 1480 bytes of DER */

struct lint {
    const struct provision_facts *facts;
    const struct provision_layers_in *in;
    const struct provision_config *config;
    const struct rf_phonexml_tree *t;
    void (*each)(void *arg, const struct rf_provision_finding *finding);
    void *arg;
};

static void found(const struct lint *l, bool is_error, const char *code, const char *path,
                  const char *fmt, ...) RF_PRINTF(5, 6);
static void found(const struct lint *l, bool is_error, const char *code, const char *path,
                  const char *fmt, ...)
{
    char text[RF_WHY_TEXT_MAX];
    va_list ap;
    va_start(ap, fmt);
    vsnprintf(text, sizeof text, fmt, ap);
    va_end(ap);
    struct rf_provision_finding f = {
        .is_error = is_error, .code = code, .path = path, .text = text};
    l->each(l->arg, &f);
}

static struct rf_slice value_of(const struct lint *l, const char *path)
{
    const struct rf_phonexml_leaf *leaf = rf_phonexml_tree_find(l->t, path);
    return leaf != NULL ? leaf->value : (struct rf_slice){0};
}

static bool is_set(const struct lint *l, const char *path)
{
    return value_of(l, path).len > 0;
}

static bool is(const struct lint *l, const char *path, const char *value)
{
    return rf_slice_eq_str(value_of(l, path), value);
}

/* ---- servers ---- */

/* Is it the port of one of the call managers that ringfence.conf names? */
static bool is_of_the_site(const struct lint *l, uint64_t port)
{
    struct rf_site_call_manager cm;
    for (size_t i = 0; provision_call_manager_of(l->facts, l->in->device, i, &cm); i++)
        if (cm.port == port)
            return true;
    return false;
}

/* A secure phone adds 443 by itself. */
static void check_port(const struct lint *l, const char *path)
{
    uint64_t port = 0;
    struct rf_slice value = value_of(l, path);
    uint16_t ours = provision_port_base(l->facts, l->in->device);
    uint64_t tls = (uint64_t)ours + RF_PHONEXML_TLS_OFFSET;
    if (value.len == 0 || !rf_parse_u64(value, 0, UINT16_MAX, &port) ||
        port == RF_PHONEXML_CM_PORT || port == ours || is_of_the_site(l, port))
        return;
    bool is_tls = port == tls || port == RF_PHONEXML_CM_PORT + RF_PHONEXML_TLS_OFFSET;
    found(l, is_tls, "port-secure", path,
          "%u: a secure phone adds 443 by itself and would call %u; %s", (unsigned)port,
          (unsigned)port + RF_PHONEXML_TLS_OFFSET,
          is_tls ? "write the port in the clear, mostly 2000" : "is that the port of its TLS?");
}

static bool is_number(struct rf_slice host)
{
    struct rf_rd rd = rf_rd_of(host);
    uint8_t c;
    bool has_colon = rf_slice_find(host, rf_slice_str(":")) != SIZE_MAX;
    while (!has_colon && rf_rd_u8(&rd, &c))
        if ((c < '0' || c > '9') && c != '.')
            return false;
    return true;
}

static void check_name(const struct lint *l, const char *path)
{
    struct rf_slice name = value_of(l, path);
    if (!is_number(name))
        found(l, false, "name-dns", path,
              "%.*s is a name: the phone needs a DNS server that knows it", (int)name.len,
              (const char *)name.p);
}

static void check_members(const struct lint *l, const char *stem, const char *name_at,
                          const char *also_at, unsigned most)
{
    for (unsigned i = 1; i <= most; i++) {
        char name[RF_PHONEXML_PATH_SIZE];
        char also[RF_PHONEXML_PATH_SIZE];
        snprintf(name, sizeof name, "%s[%u]/%s", stem, i, name_at);
        snprintf(also, sizeof also, "%s[%u]/%s", stem, i, also_at);
        if (is_set(l, name))
            check_name(l, name);
        else if (is_set(l, also))
            found(l, false, "member-empty", name,
                  "the member has a port and no name: phones pass over it");
    }
}

static void check_priorities(const struct lint *l)
{
    for (unsigned i = 1; i <= RF_PHONEXML_CMS_MAX; i++)
        for (unsigned k = 1; k < i; k++) {
            char a[RF_PHONEXML_PATH_SIZE];
            char b[RF_PHONEXML_PATH_SIZE];
            snprintf(a, sizeof a, CM_MEMBER "[%u]/@priority", i);
            snprintf(b, sizeof b, CM_MEMBER "[%u]/@priority", k);
            if (is_set(l, a) && rf_slice_eq(value_of(l, a), value_of(l, b)))
                found(l, true, "priority-twice", a, "members %u and %u have the same priority", k,
                      i);
        }
}

static void check_servers(const struct lint *l)
{
    check_members(l, CM_MEMBER, "callManager/processNodeName",
                  "callManager/ports/ethernetPhonePort", RF_PHONEXML_CMS_MAX);
    check_members(l, "TVS/members/member", "address", "port", RF_PHONEXML_TVS_MAX);
    check_members(l, "capfList/capf", "processNodeName", "phonePort", RF_PHONEXML_CAPF_MAX);
    check_priorities(l);
    for (unsigned i = 1; i <= RF_PHONEXML_CMS_MAX; i++) {
        char path[RF_PHONEXML_PATH_SIZE];
        snprintf(path, sizeof path, CM_MEMBER "[%u]/callManager/ports/ethernetPhonePort", i);
        if (l->config->is_secure)
            check_port(l, path);
        snprintf(path, sizeof path, CM_MEMBER "[%u]/callManager/processNodeName", i);
        if (i > CM_USED && is_set(l, path))
            found(l, false, "member-unused", path, "phones use the first %d only", CM_USED);
    }
}

static void check_srst(const struct lint *l)
{
    static const char *const ports[] = {SRST "port1", SRST "port2", SRST "port3"};
    struct rf_slice cert = value_of(l, SRST "certificate");
    bool is_secure = is(l, SRST "isSecure", "true");
    bool is_off = is(l, SRST "srstOption", "Disable");
    if (!is_off && !is(l, SRST "srstOption", "Use Default Gateway") && !is_set(l, SRST "ipAddr1"))
        found(l, true, "srst-address", SRST "ipAddr1",
              "survivable routers are switched on and none is named: phones flip to a dead server");
    /* That of a reference was looked at when it was added. */
    for (size_t i = 0; i < 3 && is_secure && l->config->is_secure && l->in->srst == NULL; i++)
        check_port(l, ports[i]);
    if (cert.len > CERT_MAX)
        found(l, true, "certificate-long", SRST "certificate",
              "%zu characters, at most %zu fit whichever way phones count", cert.len, CERT_MAX);
    if (is_secure != (cert.len > 0) && !is_off)
        found(l, false, "srst-certificate", SRST "certificate",
              is_secure ? "isSecure is true and there is no certificate: the router is used in the "
                          "clear"
                        : "there is a certificate and isSecure is not true: it is not used");
}

/* ---- the rest ---- */

/* Doors that phones open at one end of a switch or the other. */
static void check_switches(const struct lint *l)
{
    static const char *const open[][2] = {
        {"vendorConfig/webAccess", "0"}, {"vendorConfig/webAccess", "2"},
        {"vendorConfig/sshAccess", "0"}, {"vendorConfig/spanToPCPort", "0"},
        {"vendorConfig/garp", "0"},      {"vendorConfig/loggingDisplay", "2"},
    };
    for (size_t i = 0; i < sizeof open / sizeof *open; i++) {
        const struct rf_phonexml_leaf *leaf = rf_phonexml_tree_find(l->t, open[i][0]);
        if (leaf == NULL || !rf_slice_eq_str(leaf->value, open[i][1]))
            continue;
        struct rf_slice word = rf_phonexml_word(leaf->element, leaf->value);
        found(l, false, "switch-open", open[i][0], "%s (%.*s), by the %s: is that meant?",
              open[i][1], (int)word.len, (const char *)word.p, provision_layer_name(leaf->layer));
    }
    if (is(l, "vendorConfig/webAccess", "0") && !is_set(l, "authenticationURL") &&
        !is_set(l, "secureAuthenticationURL"))
        found(l, true, "web-commands", "authenticationURL",
              "the phone's pages are open and nobody is asked who may give commands: anybody may");
}

static void check_leaf(void *arg, const struct rf_phonexml_leaf *leaf)
{
    const struct lint *l = arg;
    if (leaf->value.len == 0)
        return;
    if (leaf->element == NULL)
        found(l, false, "element-unknown", leaf->path,
              "no phone is known to have it; some refuse the whole file for it");
    else if ((leaf->element->flags & RF_PHONEXML_SIP) != 0)
        found(l, false, "element-sip", leaf->path, "SIP phones only: this one does not look at it");
}

static bool has_folder(const char *folder, struct rf_slice name)
{
    char text[64];
    struct stat st;
    if (!rf_slice_to_str(name, text, sizeof text))
        return false;
    RF_AUTO(rf_freep) char *path = rf_path_join(folder, text);
    return stat(path, &st) == 0 && S_ISDIR(st.st_mode);
}

static void check_model(const struct lint *l)
{
    const char *model = l->in->device->model;
    if (rf_family_model_number(model) == 0)
        found(l, false, "model-unknown", "",
              "nothing is known of a model %s: it is taken for one that can do everything", model);
}

static void check_files(const struct lint *l)
{
    static const char *const locales[] = {"userLocale/name", "networkLocale"};
    if (l->config->missing_load[0] != '\0')
        found(l, false, "load-missing", "loadInformation",
              "there is no %s.loads in images/: the element is left out, the phone keeps its load",
              l->config->missing_load);
    for (size_t i = 0; i < 2; i++) {
        struct rf_slice name = value_of(l, locales[i]);
        /* Phones have American English in them. */
        if (name.len > 0 && !rf_slice_eq_str(name, "English_United_States") &&
            !rf_slice_eq_str(name, "United_States") && !has_folder(l->facts->files, name))
            found(l, false, "locale-missing", locales[i],
                  "there is no folder files/%.*s: phones ask for it again and again", (int)name.len,
                  (const char *)name.p);
    }
    if (is_set(l, "networkLocale") && is_set(l, "networkLocaleInfo/name") &&
        !rf_slice_eq(value_of(l, "networkLocale"), value_of(l, "networkLocaleInfo/name")))
        found(l, true, "locale-differs", "networkLocaleInfo/name", "it must equal networkLocale");
}

static void check_protection(const struct lint *l)
{
    const struct provision_config *c = l->config;
    if (c->has_secrets && c->protection == PROVISION_CLEAR)
        found(l, false, "secrets-withheld", "",
              "the configuration is not encrypted: its secrets are left out of it, but for the "
              "phone itself by HTTPS");
    if (c->protection == PROVISION_STUB)
        found(l, false, "stub-only", "",
              c->phone != NULL ? "its phone has an EC key: the configuration comes by HTTPS only"
                               : "no key of its phone is known: it must enrol before it is "
                                 "configured");
}

static void check_operation(const struct lint *l)
{
    const struct rf_store_capf *op = l->in->op;
    if (!is(l, "capfAuthMode", "0") && op != NULL && op->complete_by_s == 0 &&
        op->string_expires_s == 0)
        found(l, false, "capf-forever", "capfAuthMode",
              "a certificate operation without an end: the phone goes to CAPF at each start");
}

static void check_all(const struct lint *l, const struct rf_store_phone *phone)
{
    if (phone->n_lines == 0)
        found(l, true, "line-missing", "",
              "the device has no line: its phone can neither call "
              "nor be called");
    check_model(l);
    check_servers(l);
    check_srst(l);
    check_switches(l);
    check_files(l);
    check_protection(l);
    check_operation(l);
    rf_phonexml_tree_each(l->t, check_leaf, (void *)(uintptr_t)l);
}

static enum rf_err look(struct lint *l, struct rf_store *store, struct rf_slice loads,
                        const struct provision_config_source *source, struct rf_why *why)
{
    RF_AUTO(rf_phonexml_tree_freep) struct rf_phonexml_tree *t = NULL;
    struct provision_config config = {.document = {0}};
    struct rf_why own = {0};
    const char *device = source->phone.device.name;
    enum rf_err err = provision_layers_build(&source->in, &t, &own);
    if (err == RF_OK)
        err =
            provision_config_make(store, device, l->facts, loads, source->in.now_s, &config, &own);
    if (err == RF_ERR_IO || err == RF_ERR_NOMEM)
        return rf_why_set(why, err, own.code, "%s", own.text);
    if (err != RF_OK) {
        found(l, true, own.code, "", "%s", own.text);
        return RF_OK;
    }
    l->in = &source->in;
    l->config = &config;
    l->t = t;
    check_all(l, &source->phone);
    provision_config_fini(&config);
    return RF_OK;
}

enum rf_err rf_provision_lint(const struct rf_provision_view *view, struct rf_store *store,
                              const char *device, int64_t now_s,
                              void (*each)(void *arg, const struct rf_provision_finding *finding),
                              void *each_arg, struct rf_why *why)
{
    const struct provision_facts *facts = (const struct provision_facts *)view;
    RF_AUTO(rf_buf_fini) struct rf_buf loads = {0};
    struct provision_config_source source;
    struct lint l = {.facts = facts, .each = each, .arg = each_arg};
    enum rf_err err = provision_loads_list(facts->images, &loads, why);
    if (err == RF_OK)
        err =
            provision_config_load(store, device, facts, rf_buf_slice(&loads), now_s, &source, why);
    if (err != RF_OK)
        return err;
    err = look(&l, store, rf_buf_slice(&loads), &source, why);
    provision_config_source_fini(&source);
    return err;
}
