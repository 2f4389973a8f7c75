/* SPDX-License-Identifier: Apache-2.0 */
/* The TFTP server: read requests on one port, each transfer on a socket of its own. What a name
 * means is provision.h's. Never blocks, never writes.
 *
 * Thread: that of the loop.
 * doc: docs/wire/tftp.md; docs/provisioning.md, "From a name to a file" */
#ifndef SERVICE_PROVISION_TFTP_SERVER_H
#define SERVICE_PROVISION_TFTP_SERVER_H

#include "net/address.h"
#include "service/provision/provision.h"

/** Largest block and window agreed to. */
#define RF_TFTP_SERVER_BLKSIZE 1428
#define RF_TFTP_SERVER_WINDOW  16

struct rf_tftp_server;

/* Codes of reports that are TFTP's own: tftp-write-refused, tftp-mode, tftp-busy, tftp-timeout,
 * tftp-peer-error, tftp-replaced, port-unreachable, and those of rf_tftp_decode. */

struct rf_tftp_server_conf {
    struct rf_loop *loop;
    struct rf_provision *provision;
    const char *address;            /* numeric */
    uint16_t port;                  /* 0: the kernel chooses */
    uint32_t retry_ms;              /* first retransmission; 0: 1000 */
    uint32_t tries;                 /* so often a packet is sent in all; 0: 6 */
    uint32_t transfers_max;         /* 0: 512 */
    uint32_t transfers_per_address; /* 0: 4 */
    /* May be NULL. Every request; but of those dropped unseen ten a minute. */
    rf_provision_report_fn on_report;
    void *report_arg;
};

RF_MUST_CHECK enum rf_err rf_tftp_server_open(const struct rf_tftp_server_conf *conf,
                                              struct rf_tftp_server **out, struct rf_why *why);
uint16_t rf_tftp_server_port(const struct rf_tftp_server *s);
uint32_t rf_tftp_server_transfers(const struct rf_tftp_server *s);
/** For transfers that begin from now on; 0: as at opening (a reload). */
void rf_tftp_server_set_retries(struct rf_tftp_server *s, uint32_t retry_ms, uint32_t tries);
/** Drops all transfers. Before rf_provision_free. NULL is fine. */
void rf_tftp_server_close(struct rf_tftp_server *s);

#endif
