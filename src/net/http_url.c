/* SPDX-License-Identifier: Apache-2.0 */
/* URLs that an operator writes into the configuration: http only, since what is fetched is signed
 * itself.  spec: RFC 3986 3.2, RFC 9110 4.2.1 */
#include "net/http.h"

#include <string.h>

#include "wire/httpmsg/httpmsg.h"

#define DIGITS  "0123456789"
#define LETTERS "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"

static bool is_made_of(const char *text, const char *set)
{
    return text[0] != '\0' && text[strspn(text, set)] == '\0';
}

/* Nothing that would have to be encoded, and of a host only what names and addresses have. */
static bool is_plain(const struct rf_http_url *url)
{
    bool is_v6 = strchr(url->host, ':') != NULL;
    return is_made_of(url->host, is_v6 ? DIGITS "abcdefABCDEF:." : LETTERS DIGITS "-._") &&
           is_made_of(url->target, LETTERS DIGITS "-._~!$&'()*+,;=:@%/?");
}

bool rf_http_url_parse(const char *text, struct rf_http_url *out)
{
    struct rf_httpmsg_url url;
    *out = (struct rf_http_url){.target = "/"};
    if (rf_httpmsg_url_decode(rf_slice_str(text), &url, NULL) != RF_OK || url.is_https ||
        strchr(text, '#') != NULL)
        return false;
    out->port = url.port;
    return rf_slice_to_str(url.host, out->host, sizeof out->host) &&
           rf_slice_to_str(url.target, out->target, sizeof out->target) && is_plain(out);
}
