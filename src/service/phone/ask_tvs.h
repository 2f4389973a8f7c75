/* SPDX-License-Identifier: Apache-2.0 */
/* The phone asks its site's trust verification service about one certificate that its lists do not
 * hold: the addresses are tried in their order until one answers. The service itself must stand in
 * the lists with role TVS; nobody else is asked, and what others say is not heard.
 *
 *     struct rf_ask_tvs_conf conf = {.device = "SEP001122334455", .model = "8861",
 *                                    .server = config->tvs, .server_n = config->tvs_n,
 *                                    .lists = &lists, .cert = signer, ...};
 *     rf_ask_tvs_start(&conf, &ask);
 *     conf.on_done then comes once; free the question in it or later
 *
 * Thread: that of the loop that runs `timers`.
 * doc: docs/wire/tvs.md; docs/security-rules.md, "Trust lists" */
#ifndef SERVICE_PHONE_ASK_TVS_H
#define SERVICE_PHONE_ASK_TVS_H

#include "base/timer.h"
#include "service/phone/phone_link.h"
#include "trust/lists.h"
#include "wire/phonexml/phonexml.h"
#include "wire/tvs/tvs.h"

/** For an answer, after the handshake. */
#define RF_ASK_TVS_ANSWER_MS 5000u
/** An answer is kept no longer than this, whatever the server says. */
#define RF_ASK_TVS_TTL_MAX_S 604800u

struct rf_ask_tvs_result {
    /** RF_OK: vouched for. RF_ERR_DENIED tvs-invalid: a server said no. RF_ERR_NOT_FOUND tvs-none:
     * there is nobody to ask. Else why the last one could not be asked. */
    struct rf_why why;
    enum rf_err err;
    uint32_t roles; /* bit n: role n of trust lists */
    uint32_t ttl_s;
    const char *server; /* that answered, or was tried last; "": none */
};

struct rf_ask_tvs_conf {
    const char *device;
    const char *model;                       /* of its name in the question; may be "" */
    const struct rf_phonexml_server *server; /* borrowed as long as the question lives */
    size_t server_n;
    const struct rf_lists *lists; /* likewise */
    const struct rf_phone_id *id; /* shown when asked for; NULL: none. References are taken */
    struct rf_cert *cert;         /* the question; a reference is taken */
    int64_t floor_s;              /* as in struct rf_enrol_conf */
    const char *keylog_path;
    const struct rf_phone_link_ops *net;
    void *net_arg;
    struct rf_timers *timers;
    /** Once, never from inside rf_ask_tvs_start. rf_ask_tvs_free is allowed. */
    void (*on_done)(void *arg, const struct rf_ask_tvs_result *result);
    void *arg;
};

struct rf_ask_tvs;

struct rf_ask_tvs *rf_ask_tvs_start(const struct rf_ask_tvs_conf *conf);
/** No on_done any more. NULL is fine. */
void rf_ask_tvs_free(struct rf_ask_tvs *ask);

#endif
