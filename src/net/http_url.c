/* SPDX-License-Identifier: Apache-2.0 */
/* URLs that an operator writes into the configuration: http only, since what is fetched is signed
 * itself.  spec: RFC 3986 3.2, RFC 9110 4.2.1 */
#include "net/http.h"

#include <string.h>

#include "base/text.h"

static bool is_made_of(struct rf_slice s, const char *set)
{
    struct rf_rd rd = rf_rd_of(s);
    uint8_t b = 0;
    while (rf_rd_u8(&rd, &b))
        if (b == 0 || strchr(set, b) == NULL)
            return false;
    return s.len > 0;
}

#define DIGITS  "0123456789"
#define LETTERS "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"

/* "[address]" or "name", and what is behind it. */
static bool take_host(struct rf_slice authority, struct rf_slice *host, struct rf_slice *rest)
{
    if (!rf_slice_starts_with(authority, "[")) {
        size_t colon = rf_slice_find(authority, rf_slice_str(":"));
        *host = rf_slice_part(authority, 0, colon == SIZE_MAX ? authority.len : colon);
        *rest = rf_slice_part(authority, host->len, SIZE_MAX);
        return is_made_of(*host, LETTERS DIGITS "-._");
    }
    size_t end = rf_slice_find(authority, rf_slice_str("]"));
    if (end == SIZE_MAX)
        return false;
    *host = rf_slice_part(authority, 1, end - 1);
    *rest = rf_slice_part(authority, end + 1, SIZE_MAX);
    return is_made_of(*host, DIGITS "abcdefABCDEF:.");
}

static bool take_port(struct rf_slice rest, uint16_t *port)
{
    uint64_t number = 80;
    if (rest.len > 0 && (!rf_slice_starts_with(rest, ":") ||
                         !rf_parse_u64(rf_slice_part(rest, 1, SIZE_MAX), 1, UINT16_MAX, &number)))
        return false;
    *port = (uint16_t)number;
    return true;
}

bool rf_http_url_parse(const char *text, struct rf_http_url *out)
{
    static const char scheme[] = "http://";
    struct rf_slice all = rf_slice_str(text);
    struct rf_slice host, rest;
    *out = (struct rf_http_url){.target = "/"};
    if (!rf_slice_starts_with(all, scheme))
        return false;
    all = rf_slice_part(all, sizeof scheme - 1, SIZE_MAX);
    size_t slash = rf_slice_find(all, rf_slice_str("/"));
    struct rf_slice authority = rf_slice_part(all, 0, slash == SIZE_MAX ? all.len : slash);
    struct rf_slice target = rf_slice_part(all, authority.len, SIZE_MAX);
    if (!take_host(authority, &host, &rest) || !take_port(rest, &out->port) ||
        !rf_slice_to_str(host, out->host, sizeof out->host))
        return false;
    return target.len == 0 || (is_made_of(target, LETTERS DIGITS "-._~!$&'()*+,;=:@%/?") &&
                               rf_slice_to_str(target, out->target, sizeof out->target));
}
