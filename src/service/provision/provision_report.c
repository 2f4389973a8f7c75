/* SPDX-License-Identifier: Apache-2.0 */
/* The line in the log that every request ends with, the same for all transports.
 * doc: docs/provisioning.md, "In the log" */
#include "service/provision/provision_int.h"

#include <string.h>

/* Lines a minute about what strangers can cause at will. */
#define LOG_BURST 120

static enum rf_log_level level_of(const struct rf_provision_report *r)
{
    /* Phones ask for much that need not be there. */
    if (r->is_complete || r->is_last_ack_missing || r->is_looked_at ||
        strcmp(r->code, "file-not-found") == 0)
        return RF_LOG_INFO;
    return RF_LOG_WARN;
}

static const char *result_of(const struct rf_provision_report *r)
{
    if (r->is_complete)
        return "sent";
    return r->is_last_ack_missing ? "sent, last ACK missing"
           : r->is_looked_at      ? "looked at"
           : r->bytes > 0         ? "partly sent"
                                  : "not sent";
}

/* " key=value", or nothing where there is no value. What does not fit is not worth the line. */
static void add(struct rf_buf *line, const char *key, const char *value)
{
    if (value == NULL || value[0] == '\0')
        return;
    enum rf_err err = rf_buf_addf(line, " %s=%s", key, value);
    (void)err;
}

static void add_number(struct rf_buf *line, const char *key, uint64_t value)
{
    enum rf_err err = rf_buf_addf(line, " %s=%llu", key, (unsigned long long)value);
    (void)err;
}

void provision_log(struct rf_log_limit *limit, const struct rf_provision_report *r, uint64_t now_ms)
{
    if (!rf_log_allows(limit, LOG_BURST, now_ms))
        return;
    RF_AUTO(rf_buf_fini) struct rf_buf line = RF_BUF(2048);
    add(&line, "name", r->name);
    add(&line, "to", r->peer);
    if (r->port != 0)
        add_number(&line, "port", r->port);
    add(&line, "via", rf_provision_via_name(r->via));
    add(&line, "dev", r->device);
    if (r->content != NULL) {
        add(&line, "what", rf_content_variant(r->content));
        add(&line, "generation", rf_content_generation(r->content));
        add_number(&line, "size", rf_content_bytes(r->content).len);
    }
    add_number(&line, "bytes", r->bytes);
    add_number(&line, "ms", r->duration_ms);
    if (r->repeated != 0)
        add_number(&line, "repeated", r->repeated);
    add(&line, "tls", r->tls);
    add(&line, "cipher", r->cipher);
    add(&line, "cert", r->subject);
    add(&line, "code", r->code);
    rf_log(r->via == RF_PROVISION_TFTP ? RF_CAT_TFTP : RF_CAT_PROVISION, level_of(r), "%s%.*s%s%s",
           result_of(r), (int)line.len, line.len > 0 ? (const char *)line.p : "",
           r->text[0] != '\0' ? ": " : "", r->text);
}
