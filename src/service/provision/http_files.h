/* SPDX-License-Identifier: Apache-2.0 */
/* Files by HTTP and HTTPS: GET and HEAD, from memory, one answer at a time on a connection. What a
 * name means is provision.h's. Never blocks, never writes, never redirects, never lists.
 *
 * Thread: that of the loop.
 * doc: docs/wire/http-files.md; docs/provisioning.md, "From a name to a file" */
#ifndef SERVICE_PROVISION_HTTP_FILES_H
#define SERVICE_PROVISION_HTTP_FILES_H

#include "net/link.h"
#include "service/provision/provision.h"
#include "trust/blocklist.h"
#include "trust/revocation.h"

#define RF_HTTP_FILES_CONNECTIONS 2048u
#define RF_HTTP_FILES_PER_ADDRESS 8u
/** A whole head is there so long after the connection was made; with TLS, after its handshake. */
#define RF_HTTP_FILES_HEAD_MS     10000u
#define RF_HTTP_FILES_HEAD_TLS_MS 5000u
/** A kept connection asks again within this. */
#define RF_HTTP_FILES_IDLE_MS 15000u
/** Nothing of an answer taken for so long: given up. */
#define RF_HTTP_FILES_STALL_MS 60000u
/** What a phone is told when the server is busy. */
#define RF_HTTP_FILES_RETRY_S 5u

struct rf_http_files;

/* Codes of reports that are HTTP's own: http-method, http-body, http-stalled, http-gone
 * (the client left), and those of rf_httpmsg_request_decode and
 * rf_httpmsg_target_decode. */

struct rf_http_files_conf {
    struct rf_loop *loop;
    struct rf_provision *provision;
    const char *address; /* numeric */
    uint16_t port;       /* 0: the kernel chooses */
    struct rf_tls *tls;  /* NULL: HTTP. Its rule lets every certificate in: see `trusts` */
    /* HTTPS: is the path of this client's certificate one that counts? Asked once a connection,
     * when it opens. What it was presented for is compared later, with the device of a request. */
    enum rf_err (*trusts)(void *arg, const struct rf_peer *peer, struct rf_why *why);
    void *trusts_arg;
    /* Issuers of LSCs: what they issued proves something only while the database has it. May be
     * NULL; borrowed. */
    const struct rf_anchors *listed;
    const struct rf_blocklist *blocked; /* asked with each request; may be NULL; borrowed */
    struct rf_revocation *revocation;   /* as well */
    bool wants_proof;         /* HTTPS: no configuration without the certificate of its device */
    uint32_t handshake_ms;    /* 0: the link's default */
    uint32_t connections_max; /* 0: RF_HTTP_FILES_CONNECTIONS */
    uint32_t connections_per_address; /* 0: RF_HTTP_FILES_PER_ADDRESS */
    uint32_t failures_a_minute;       /* HTTPS: as the listener's; 0: no limit */
    rf_provision_report_fn on_report; /* may be NULL */
    void *report_arg;
    rf_listener_alarm_fn on_alarm; /* may be NULL; with report_arg */
};

RF_MUST_CHECK enum rf_err rf_http_files_open(const struct rf_http_files_conf *conf,
                                             struct rf_http_files **out, struct rf_why *why);
uint16_t rf_http_files_port(const struct rf_http_files *s);
/** Connections that come from now on use this policy; for a server that has one. */
void rf_http_files_set_tls(struct rf_http_files *s, struct rf_tls *tls);
const struct rf_listener *rf_http_files_listener(const struct rf_http_files *s);
uint32_t rf_http_files_connections(const struct rf_http_files *s);
/** From now on (a reload). */
void rf_http_files_set_wants_proof(struct rf_http_files *s, bool wants_proof);
/** Drops all connections. Before rf_provision_free. NULL is fine. */
void rf_http_files_close(struct rf_http_files *s);

#endif
