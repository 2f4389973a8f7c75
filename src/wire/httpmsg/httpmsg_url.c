/* SPDX-License-Identifier: Apache-2.0 */
/* The URL of a service, of a list, of a responder, of a CA. */
#include "base/text.h"
#include "wire/httpmsg/httpmsg.h"

#include <string.h>

static enum rf_err bad(struct rf_why *why, const char *what)
{
    return rf_why_set(why, RF_ERR_BAD, "http-url", "no URL that is asked here: %s", what);
}

static bool is_plain(struct rf_slice text)
{
    struct rf_rd rd = rf_rd_of(text);
    uint8_t c = 0;
    while (rf_rd_u8(&rd, &c))
        if (c <= 0x20 || c >= 0x7f)
            return false;
    return true;
}

static size_t find_any(struct rf_slice text, const char *of)
{
    size_t first = text.len;
    for (; *of != '\0'; of++) {
        size_t at = rf_slice_find(text, rf_slice_of(of, 1));
        first = at < first ? at : first;
    }
    return first;
}

/* "host", "host:port", "[address]:port" */
static enum rf_err take_authority(struct rf_slice text, struct rf_httpmsg_url *out,
                                  struct rf_why *why)
{
    uint64_t port = out->is_https ? 443 : 80;
    bool has_brackets = rf_slice_starts_with(text, "[");
    size_t end = has_brackets ? rf_slice_find(text, rf_slice_str("]")) : find_any(text, ":");
    if (find_any(text, "@") != text.len)
        return bad(why, "a user or password may not stand in it");
    if (end == SIZE_MAX)
        return bad(why, "a bracket is not closed");
    size_t first = has_brackets ? 1 : 0;
    struct rf_slice rest = rf_slice_part(text, end + first, SIZE_MAX);
    out->host = rf_slice_part(text, first, end - first);
    if (out->host.len == 0)
        return bad(why, "it names no host");
    if (has_brackets && find_any(out->host, ":") == out->host.len)
        return bad(why, "brackets are for IPv6 addresses");
    if (rest.len == 0 || rf_slice_eq_str(rest, ":")) {
        out->port = (uint16_t)port;
        return RF_OK;
    }
    if (!rf_slice_starts_with(rest, ":") ||
        !rf_parse_u64(rf_slice_part(rest, 1, SIZE_MAX), 1, UINT16_MAX, &port))
        return bad(why, "its port is none");
    out->port = (uint16_t)port;
    return RF_OK;
}

enum rf_err rf_httpmsg_url_decode(struct rf_slice text, struct rf_httpmsg_url *out,
                                  struct rf_why *why)
{
    struct rf_httpmsg_url url = {0};
    char scheme[9];
    *out = url;
    if (text.len > RF_HTTPMSG_TARGET_MAX)
        return rf_why_set(why, RF_ERR_LIMIT, "http-target-long", "a URL of more than %d bytes",
                          RF_HTTPMSG_TARGET_MAX);
    if (!is_plain(text))
        return bad(why, "a blank, a control byte or no ASCII stands in it");
    rf_slice_to_str(rf_slice_part(text, 0, 8), scheme, sizeof scheme);
    url.is_https = strcasecmp(scheme, "https://") == 0;
    if (!url.is_https && strncasecmp(scheme, "http://", 7) != 0)
        return bad(why, "it begins neither with https:// nor with http://");
    struct rf_slice rest = rf_slice_part(text, url.is_https ? 8 : 7, SIZE_MAX);
    rest = rf_slice_part(rest, 0, find_any(rest, "#"));
    size_t at = find_any(rest, "/?");
    enum rf_err err = take_authority(rf_slice_part(rest, 0, at), &url, why);
    if (err != RF_OK)
        return err;
    url.target = rf_slice_part(rest, at, SIZE_MAX);
    if (url.target.len == 0)
        url.target = rf_slice_str("/");
    else if (!rf_slice_starts_with(url.target, "/"))
        return bad(why, "a query without a path");
    *out = url;
    return RF_OK;
}
