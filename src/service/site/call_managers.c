/* SPDX-License-Identifier: Apache-2.0 */
#include "service/site/call_managers.h"

#include <arpa/inet.h>
#include <string.h>

#include "base/text.h"
#include "service/site/site.h"

#define HOST_LETTERS "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-."
#define HOST_MAX     63
#define PORT_MAX     (65535 - RF_SITE_TLS_OFFSET)

static enum rf_err refuse(struct rf_why *why, struct rf_slice entry, const char *wants)
{
    char shown[80];
    return rf_why_set(why, RF_ERR_BAD, "conf-value", "call_managers: %s: wants %s",
                      rf_escape(entry, shown, sizeof shown), wants);
}

/* "a", "a:1", "::1", "[::1]", "[::1]:1" in place; *port is NULL when there is none. False: brackets
 * that do not close, or something else than a port behind them. */
static bool split(char *text, bool is_bracketed, char **host, char **port)
{
    *host = is_bracketed ? text + 1 : text;
    *port = NULL;
    char *end = strchr(*host, is_bracketed ? ']' : ':');
    if (end == NULL)
        return !is_bracketed;
    if (is_bracketed)
        *end++ = '\0';
    else if (strchr(end + 1, ':') != NULL)
        return true; /* an IPv6 address without a port */
    if (*end == '\0')
        return true;
    bool is_port = *end == ':';
    *end = '\0';
    *port = end + 1;
    return is_port;
}

static bool is_host(const char *text, bool is_bracketed)
{
    uint8_t raw[16];
    if (is_bracketed || strchr(text, ':') != NULL)
        return inet_pton(AF_INET6, text, raw) == 1 && strcmp(text, "::") != 0;
    return text[0] != '\0' && strspn(text, HOST_LETTERS) == strlen(text) &&
           strcmp(text, "0.0.0.0") != 0;
}

static enum rf_err parse_one(struct rf_slice entry, struct rf_site_call_manager *out,
                             struct rf_why *why)
{
    char text[HOST_MAX + sizeof "[]:65535"];
    char *host = text, *port = NULL;
    uint64_t number = 0;
    if (!rf_slice_to_str(entry, text, sizeof text))
        return refuse(why, entry, "a host of at most 63 characters");
    bool is_bracketed = text[0] == '[';
    if (!split(text, is_bracketed, &host, &port) || !is_host(host, is_bracketed) ||
        !rf_slice_to_str(rf_slice_str(host), out->host, sizeof out->host))
        return refuse(why, entry, "HOST, HOST:PORT or [IPV6]:PORT that phones can reach");
    if (port != NULL && !rf_parse_u64(rf_slice_str(port), 1, PORT_MAX, &number))
        return refuse(why, entry, "a port from 1 to 65092, as sccp_port: phones add 443 to it");
    out->port = (uint16_t)number;
    return RF_OK;
}

static bool has(const struct rf_site_call_managers *all, const struct rf_site_call_manager *one)
{
    for (size_t i = 0; i < all->n; i++)
        if (strcmp(all->at[i].host, one->host) == 0 && all->at[i].port == one->port)
            return true;
    return false;
}

enum rf_err rf_site_call_managers_parse(const char *text, struct rf_site_call_managers *out,
                                        struct rf_why *why)
{
    struct rf_slice rest = rf_slice_str(text), entry;
    struct rf_site_call_managers found = {.n = 0};
    *out = found;
    while (rest.len > 0 && rf_next_piece(&rest, ' ', &entry)) {
        struct rf_site_call_manager one = {.port = 0};
        if (entry.len == 0)
            continue;
        enum rf_err err = parse_one(entry, &one, why);
        if (err != RF_OK)
            return err;
        if (has(&found, &one))
            return refuse(why, entry, "to stand there once");
        if (found.n == RF_SITE_CALL_MANAGERS_MAX)
            return refuse(why, entry, "to be left out: phones use the first three");
        found.at[found.n++] = one;
    }
    *out = found;
    return RF_OK;
}
