/* SPDX-License-Identifier: Apache-2.0 */
/* Joins the SCCP service to real links. On a link's I/O worker: framing and decoding, then a
 * message to the call-control thread's mailbox. On the call-control thread: that message into the
 * service, and what the service sends back to the link's worker. Messages of one link stay in
 * order.
 *
 *     links = rf_sccp_links_new(workers, rf_loop_mailbox(call_loop));
 *     svc conf: .ops = your table, whose send, close, pause call rf_sccp_links_...
 *     rf_sccp_links_serve(links, svc);                 before a listener is opened
 *     listener conf: .link.calls = rf_sccp_link_calls(), .link.arg = links
 *
 * Call control hears of a link with the first bytes on it, or when it has been silent for 100 ms.
 * One that is gone by then has a line in the log and nothing else.
 *
 * The call mailbox full: the link is not read until there is room (tried every 20 ms); a new link
 * is refused. A link that brings 100 messages at once is not read for 20 ms, so that call control
 * can stop it for longer. A worker's mailbox full: that link is closed. Both are counted by the
 * mailbox.
 *
 * End: close the listeners, free the workers, then (on the call thread, or when it is over) the
 * service and its loop, then this. */
#ifndef SERVICE_SCCP_SCCP_LINK_H
#define SERVICE_SCCP_SCCP_LINK_H

#include "net/workers.h"
#include "service/sccp/sccp_service.h"

struct rf_sccp_links;

/** `calls` is the mailbox of the call-control thread. */
struct rf_sccp_links *rf_sccp_links_new(struct rf_workers *workers, struct rf_mailbox *calls);
void rf_sccp_links_free(struct rf_sccp_links *links);
/** The service that gets the messages; it is only touched on the call-control thread. */
void rf_sccp_links_serve(struct rf_sccp_links *links, struct rf_sccp_service *svc);

/** For the listener's link conf, with the struct rf_sccp_links as `arg`. */
const struct rf_link_calls *rf_sccp_link_calls(void);

/* For the service's ops. Call-control thread. */
void rf_sccp_links_send(struct rf_sccp_links *links, rf_sccp_link_ref link, struct rf_slice bytes,
                        bool has_key);
void rf_sccp_links_close(struct rf_sccp_links *links, rf_sccp_link_ref link, const char *reason);
void rf_sccp_links_pause(struct rf_sccp_links *links, rf_sccp_link_ref link, bool is_paused);

#endif
