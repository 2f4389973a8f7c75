/* SPDX-License-Identifier: Apache-2.0 */
/* A head, read as a request and as an answer. The name in a request, asked for by us, comes back as
 * it was. */
#include "wire/httpmsg/httpmsg.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void ask_again(struct rf_slice name)
{
    static uint8_t buf[4 * RF_HTTPMSG_TARGET_MAX];
    static char decoded[RF_HTTPMSG_TARGET_MAX];
    struct rf_httpmsg_ask ask = {.name = name, .host = "192.0.2.1", .port = 6970, .agent = "x"};
    struct rf_httpmsg_request r;
    struct rf_slice head, back;
    if (rf_httpmsg_ask_encode(&ask, buf, sizeof buf, &head) != RF_OK ||
        rf_httpmsg_head_len(head) != head.len)
        abort();
    if (rf_httpmsg_request_decode(head, &r, NULL) != RF_OK)
        return; /* escapes made it too long */
    if (rf_httpmsg_target_decode(r.target, decoded, sizeof decoded, &back, NULL) != RF_OK ||
        !rf_slice_eq(name, back))
        abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static char name[RF_HTTPMSG_TARGET_MAX];
    struct rf_httpmsg_request request;
    struct rf_httpmsg_response response;
    struct rf_slice all = rf_slice_of(data, size), out;
    struct rf_why why = {0};
    struct rf_httpmsg_url url;
    if (rf_httpmsg_url_decode(all, &url, &why) == RF_OK &&
        (url.host.len == 0 || url.port == 0 || url.target.len == 0))
        abort();
    struct rf_slice head = rf_slice_part(all, 0, rf_httpmsg_head_len(all));
    if (rf_httpmsg_request_decode(head, &request, &why) == RF_OK &&
        rf_httpmsg_target_decode(request.target, name, sizeof name, &out, &why) == RF_OK) {
        rf_httpmsg_type_of(out);
        ask_again(out);
    }
    if (rf_httpmsg_response_decode(head, &response, &why) == RF_OK) {
        uint8_t buf[512];
        struct rf_httpmsg_reply reply = {.status = response.status,
                                         .type = rf_httpmsg_type_of(response.fields.type),
                                         .length = response.fields.length,
                                         .date_s = (int64_t)response.fields.length,
                                         .is_kept = response.fields.wants_kept,
                                         .says_allow = response.status == 405,
                                         .retry_after_s = response.status == 503 ? 5 : 0};
        struct rf_httpmsg_response again;
        if (rf_httpmsg_reply_encode(&reply, buf, sizeof buf, &out) != RF_OK ||
            rf_httpmsg_response_decode(out, &again, &why) != RF_OK ||
            again.status != response.status || again.fields.length != response.fields.length)
            abort();
    }
    return 0;
}
