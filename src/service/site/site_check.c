/* SPDX-License-Identifier: Apache-2.0 */
/* What options of the configuration ask of each other where listeners are concerned; and URLs. */
#include "service/site/site_int.h"

#include "base/faults.h"
#include "base/text.h"
#include "net/http.h"
#include "net/network.h"

#include <arpa/inet.h>
#include <string.h>

#define DIGITS        "0123456789"
#define LETTERS       "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
#define MODEL_LETTERS LETTERS DIGITS "-. "

bool rf_site_has_legacy(const struct rf_site_conf *conf)
{
    return conf->legacy_sccp_port != 0 || conf->legacy_capf_port != 0 || conf->legacy_tvs_port != 0;
}

static enum rf_err check_models(const char *name, const char *value, struct rf_why *why)
{
    if (strlen(value) <= RF_SITE_MODELS_MAX && strspn(value, MODEL_LETTERS) == strlen(value))
        return RF_OK;
    return rf_why_set(why, RF_ERR_BAD, "conf-value", "%s = %.80s: wants models with blanks between",
                      name, value);
}

enum rf_err site_check_models(const struct rf_site_conf *c, struct rf_why *why)
{
    enum rf_err err = check_models("legacy_models", c->legacy_models, why);
    if (err == RF_OK)
        err = check_models("srtp_80_models", c->srtp_80_models, why);
    if (err == RF_OK)
        err = check_models("srtp_gcm_models", c->srtp_gcm_models, why);
    return err == RF_OK ? check_models("untrusted_models", c->untrusted_models, why) : err;
}

/* A weak listener is for somebody: never for all the world by an omission. */
enum rf_err site_check_legacy(const struct rf_site_conf *c, struct rf_why *why)
{
    const char *port = c->legacy_sccp_port != 0   ? "legacy_sccp_port"
                       : c->legacy_capf_port != 0 ? "legacy_capf_port"
                                                  : "legacy_tvs_port";
    struct rf_networks networks;
    struct rf_why inner = {0};
    if (rf_networks_parse(c->legacy_networks, &networks, &inner) != RF_OK)
        return rf_why_set(why, RF_ERR_BAD, "conf-value", "legacy_networks: %s", inner.text);
    if (!rf_site_has_legacy(c))
        return RF_OK;
    if (c->legacy_models[strspn(c->legacy_models, " ")] == '\0')
        return rf_why_set(why, RF_ERR_BAD, "conf-legacy",
                          "%s is set: it wants legacy_models, the models it is for", port);
    if (networks.n == 0)
        return rf_why_set(why, RF_ERR_BAD, "conf-legacy",
                          "%s is set: it wants legacy_networks, from where phones may come", port);
    if (c->legacy_tvs_port != 0 && !c->tvs)
        return rf_why_set(why, RF_ERR_BAD, "conf-legacy",
                          "legacy_tvs_port is set: it wants tvs = yes");
    return RF_OK;
}

static enum rf_err check_networks(const char *name, const char *value, bool *is_none,
                                  struct rf_why *why)
{
    struct rf_networks networks;
    struct rf_why inner = {0};
    if (rf_networks_parse(value, &networks, &inner) != RF_OK)
        return rf_why_set(why, RF_ERR_BAD, "conf-value", "%s: %s", name, inner.text);
    *is_none = networks.n == 0;
    return RF_OK;
}

bool rf_site_has_plain(const struct rf_site_conf *conf)
{
    return strspn(conf->plain_networks, " ,") != strlen(conf->plain_networks);
}

enum rf_err site_check_weak_listeners(const struct rf_site_conf *c, struct rf_why *why)
{
    bool is_none = true;
    enum rf_err err = check_networks("plain_networks", c->plain_networks, &is_none, why);
    if (err == RF_OK)
        err = check_networks("authenticated_networks", c->authenticated_networks, &is_none, why);
    if (err == RF_OK && c->sccp_tls_min == RF_SITE_TLS_13 &&
        (c->authenticated_sccp_port != 0 || c->legacy_sccp_port != 0))
        return rf_why_set(why, RF_ERR_BAD, "conf-authenticated",
                          "%s is set: that is a listener for less than TLS 1.3, and sccp_tls_min "
                          "wants that (which has no suite without encryption)",
                          c->authenticated_sccp_port != 0 ? "authenticated_sccp_port"
                                                          : "legacy_sccp_port");
    if (err == RF_OK && c->authenticated_sccp_port != 0 && is_none)
        return rf_why_set(why, RF_ERR_BAD, "conf-authenticated",
                          "authenticated_sccp_port is set: it wants authenticated_networks, from "
                          "where phones may come");
    return err;
}

/* Two listeners on one port; 0 is none, or chosen by the kernel. */
enum rf_err site_check_ports(const struct rf_site_conf *c, struct rf_why *why)
{
    bool is_router = c->role == RF_SITE_ROLE_SRST;
    const struct {
        const char *name;
        uint32_t port, value; /* value: as it is written */
    } tcp[] = {
        {"sccp_port", c->sccp_port != 0 ? c->sccp_port + RF_SITE_TLS_OFFSET : 0, c->sccp_port},
        {"sccp_port", rf_site_has_plain(c) ? c->sccp_port : 0, c->sccp_port},
        {"authenticated_sccp_port",
         c->authenticated_sccp_port != 0 ? c->authenticated_sccp_port + RF_SITE_TLS_OFFSET : 0,
         c->authenticated_sccp_port},
        {"srst_provider_port", is_router ? c->srst_provider_port : 0, c->srst_provider_port},
        {"capf_port", is_router ? 0 : c->capf_port, c->capf_port},
        {"legacy_sccp_port",
         c->legacy_sccp_port != 0 ? c->legacy_sccp_port + RF_SITE_TLS_OFFSET : 0,
         c->legacy_sccp_port},
        {"legacy_capf_port", c->legacy_capf_port, c->legacy_capf_port},
        {"legacy_tvs_port", c->legacy_tvs_port, c->legacy_tvs_port},
        {"tvs_port", c->tvs ? c->tvs_port : 0, c->tvs_port},
        {"http_port", c->http ? c->http_port : 0, c->http_port},
        {"https_port", c->https ? c->https_port : 0, c->https_port},
        {"branch_port", c->branch ? c->branch_port : 0, c->branch_port},
    };
    for (size_t i = 0; i < sizeof tcp / sizeof *tcp; i++)
        for (size_t k = i + 1; k < sizeof tcp / sizeof *tcp; k++)
            if (tcp[i].port != 0 && tcp[i].port == tcp[k].port)
                return rf_why_set(why, RF_ERR_BAD, "conf-ports",
                                  "%s = %u and %s = %u both mean a listener on port %u",
                                  tcp[i].name, tcp[i].value, tcp[k].name, tcp[k].value,
                                  tcp[i].port);
    return RF_OK;
}

/* 0 is chosen by the kernel, never one that another has. */
static bool has_provider_clash(const struct rf_site_conf *c)
{
    return !rf_fault_skips("site.srst-provider") && c->tvs &&
           c->srst_provider_port == c->tvs_port && c->tvs_port != 0;
}

/* The last colon is the port's; an address of version 6 stands in brackets. */
bool rf_site_centre(const struct rf_site_conf *conf, char host[RF_SITE_CENTRE_HOST], uint16_t *port)
{
    struct rf_slice text = rf_slice_str(conf->centre);
    uint8_t raw[16];
    uint64_t number = 0;
    size_t colon = text.len;
    while (colon > 0 && conf->centre[colon - 1] != ':')
        colon--;
    if (colon < 2 || !rf_parse_u64(rf_slice_part(text, colon, SIZE_MAX), 1, 65535, &number))
        return false;
    bool is_6 = conf->centre[0] == '[' && conf->centre[colon - 2] == ']';
    struct rf_slice address =
        is_6 ? rf_slice_part(text, 1, colon - 3) : rf_slice_part(text, 0, colon - 1);
    *port = (uint16_t)number;
    return rf_slice_to_str(address, host, RF_SITE_CENTRE_HOST) &&
           inet_pton(is_6 ? AF_INET6 : AF_INET, host, raw) == 1;
}

/* The name of its reference at the centre: as rf_srst_name_ok has it. */
static bool is_router_name(const char *name)
{
    return strlen(name) <= 31 && name[0] != '-';
}

enum rf_err site_check_router(const struct rf_site_conf *c, struct rf_why *why)
{
    char host[RF_SITE_CENTRE_HOST], shown[80];
    uint16_t port = 0;
    if (c->centre[0] != '\0' && !rf_site_centre(c, host, &port))
        return rf_why_set(why, RF_ERR_BAD, "conf-value",
                          "centre = %s: wants ADDRESS:PORT, the address in numbers",
                          rf_escape(rf_slice_str(c->centre), shown, sizeof shown));
    if (c->role != RF_SITE_ROLE_SRST)
        return RF_OK;
    if (!is_router_name(c->name))
        return rf_why_set(why, RF_ERR_BAD, "conf-value",
                          "name = %s: of a router wants at most 31 letters, digits and -, the "
                          "first of them no -",
                          c->name);
    if (!has_provider_clash(c))
        return RF_OK;
    return rf_why_set(why, RF_ERR_BAD, "conf-srst-provider",
                      "srst_provider_port = %u and tvs_port = %u are one port: a router's "
                      "certificate provider and TVS cannot both have it; set tvs = no, or another "
                      "port",
                      c->srst_provider_port, c->tvs_port);
}

unsigned site_line_of(struct rf_slice text, const char *told)
{
    struct rf_slice line, name;
    struct rf_slice option = rf_slice_of(told, strspn(told, LETTERS DIGITS "_"));
    for (unsigned number = 1; rf_next_piece(&text, '\n', &line); number++)
        if (rf_next_piece(&line, '=', &name) && rf_slice_eq(rf_trim(name), option))
            return number;
    return 0;
}

/* ---- URLs ---- */

static enum rf_err refuse_urls(struct rf_why *why, const char *name, const char *value,
                               const char *wants)
{
    char shown[80];
    return rf_why_set(why, RF_ERR_BAD, "conf-value", "%s = %s: wants %s", name,
                      rf_escape(rf_slice_str(value), shown, sizeof shown), wants);
}

static bool are_urls(const char *text, bool may_name_issuers)
{
    struct rf_slice rest = rf_slice_str(text);
    struct rf_slice one;
    struct rf_http_url url;
    char word[900];
    size_t n = 0;
    if (strlen(text) > 1000)
        return false;
    while (rest.len > 0 && rf_next_piece(&rest, ' ', &one)) {
        if (++n > RF_SITE_URLS_MAX || !rf_slice_to_str(one, word, sizeof word))
            return false;
        bool names = may_name_issuers && strspn(word, "0123456789abcdef") == 64 && word[64] == '=';
        if (!rf_http_url_parse(names ? &word[65] : word, &url))
            return false;
    }
    return true;
}

enum rf_err site_check_urls(const struct rf_site_conf *c, struct rf_why *why)
{
    if (!are_urls(c->crl_url, false))
        return refuse_urls(
            why, "crl_url", c->crl_url,
            "at most 16 URLs such as http://ca.example/phones.crl, one blank between");
    if (!are_urls(c->ocsp_url, true))
        return refuse_urls(why, "ocsp_url", c->ocsp_url,
                           "at most 16 of http://ocsp.example/ or FINGERPRINT=http://ocsp.example/ "
                           "(64 hexadecimal digits in lower case), one blank between");
    return RF_OK;
}
