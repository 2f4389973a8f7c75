/* SPDX-License-Identifier: Apache-2.0 */
/* Counters, declared in one table (metrics.c): name, unit, help. Every refusal and every full
 * mailbox has one. Any thread; never blocks. */
#ifndef BASE_METRICS_H
#define BASE_METRICS_H

#include "base/mem.h"

/* X(symbol, exported name, help) */
#define RF_METRICS(X)                                                                              \
    X(TLS_HANDSHAKES, "rf_tls_handshakes_total", "handshakes completed")                           \
    X(TLS_RESUMED, "rf_tls_resumed_total", "handshakes that resumed a session")                    \
    X(TLS_REFUSED, "rf_tls_refused_total", "handshakes refused")                                   \
    X(TLS_LEGACY, "rf_tls_legacy_handshakes_total", "handshakes completed on legacy listeners")    \
    X(TLS_WEAK, "rf_tls_weak_handshakes_total", "of them, with TLS below 1.2 or a weak suite")     \
    X(TLS_DOWNGRADES, "rf_tls_downgrades_total", "second tries with a lower TLS version refused")  \
    X(STORM_REFUSED, "rf_net_storm_refused_total", "links refused after too many bad handshakes")  \
    X(LINKS_OPEN, "rf_net_links_opened_total", "links accepted or connected")                      \
    X(LINKS_REFUSED, "rf_net_links_refused_total", "links refused by a limit")                     \
    X(EVENTS_DROPPED, "rf_main_events_dropped_total", "events not kept: too many waited")          \
    X(RECORDS, "rf_main_call_records_total", "records of calls written")                           \
    X(CALLS_UNRECORDED, "rf_main_calls_unrecorded_total",                                          \
      "calls that nobody answered and that have no record: a device made too many")                \
    X(RECORDS_DROPPED, "rf_main_call_records_dropped_total", "records of calls lost")              \
    X(HELD_DROPPED, "rf_main_held_dropped_total", "what phones hold, not noted: too many waited")  \
    X(MAILBOX_FULL, "rf_base_mailbox_full_total", "messages refused because a mailbox was full")   \
    X(SCCP_IN, "rf_sccp_messages_in_total", "SCCP messages received")                              \
    X(SCCP_OUT, "rf_sccp_messages_out_total", "SCCP messages sent")                                \
    X(SCCP_BAD, "rf_sccp_bad_total", "SCCP messages dropped as malformed or unexpected")           \
    X(REGISTERED, "rf_sccp_registrations_total", "registrations accepted")                         \
    X(REGISTER_REFUSED, "rf_sccp_registrations_refused_total", "registrations refused")            \
    X(IMAGE_REJECTED, "rf_sccp_images_rejected_total", "loads that phones said they refused")      \
    X(CALLS, "rf_call_calls_total", "calls started")                                               \
    X(CALL_UNHANDLED, "rf_call_unhandled_total", "events without a row in a state table")          \
    X(CAPF_SESSIONS, "rf_capf_sessions_total", "CAPF sessions opened")                             \
    X(CAPF_ISSUED, "rf_capf_issued_total", "certificates issued")                                  \
    X(CAPF_CONFIRMED, "rf_capf_confirmed_total", "certificates confirmed by the phone")            \
    X(CAPF_REFUSED, "rf_capf_refused_total", "CAPF sessions refused")                              \
    X(CAPF_SOURCE_REFUSED, "rf_capf_source_refused_total",                                         \
      "authentication strings not judged: too many wrong ones from there")                         \
    X(CAMPAIGN_BEGUN, "rf_campaign_begun_total", "operations that campaigns began")                \
    X(CAMPAIGN_DONE, "rf_campaign_succeeded_total", "of them, those that succeeded")               \
    X(CAMPAIGN_FAILED, "rf_campaign_failed_total", "devices that failed in a campaign")            \
    X(TVS_QUESTIONS, "rf_tvs_questions_total", "certificates that phones asked TVS about")         \
    X(TVS_INVALID, "rf_tvs_invalid_total", "of them, those that TVS did not vouch for")            \
    X(TVS_REFUSED, "rf_tvs_refused_total", "connections to TVS ended for what was sent")           \
    X(TFTP_REQUESTS, "rf_tftp_requests_total", "TFTP requests")                                    \
    X(TFTP_REFUSED, "rf_tftp_refused_total", "TFTP requests refused")                              \
    X(TFTP_BYTES, "rf_tftp_bytes", "TFTP payload bytes sent")                                      \
    X(HTTP_REQUESTS, "rf_http_requests_total", "requests for files by HTTP and HTTPS")             \
    X(HTTP_REFUSED, "rf_http_refused_total", "requests for files by HTTP and HTTPS refused")       \
    X(HTTP_BYTES, "rf_http_bytes", "payload bytes sent by HTTP and HTTPS")                         \
    X(HTTPS_UNPROVEN, "rf_https_unproven_total", "client certificates that prove nothing")         \
    X(FILES_SIGNED, "rf_provision_files_signed_total", "files signed")                             \
    X(PROVISION_ALARMS, "rf_provision_alarms_total", "things noticed of phones that fetch")        \
    X(NAMES_GUESSED, "rf_provision_names_guessed_total", "requests dropped as guessing of names")  \
    X(NAMES_LISTED, "rf_provision_listings_total", "names under which other servers list files")   \
    X(SHA1_SIGNED, "rf_provision_sha1_signed_total", "files signed with SHA-1, which is weak")     \
    X(SIGNATURES, "rf_signer_signatures_total", "signatures made by the signer")                   \
    X(RTP_IN, "rf_media_rtp_in_total", "RTP packets received")                                     \
    X(RTP_OUT, "rf_media_rtp_out_total", "RTP packets sent")                                       \
    X(SRTP_REFUSED, "rf_media_srtp_refused_total", "SRTP packets refused (tag or replay)")         \
    X(RTP_REFUSED, "rf_media_rtp_refused_total", "RTP packets refused (source or format)")         \
    X(RTCP_REFUSED, "rf_media_rtcp_refused_total", "reports of media refused")                     \
    X(MEDIA_LATE, "rf_media_ticks_late_total", "times 20 ms that the media server was late")

enum rf_metric {
#define RF_METRIC_ENUM(symbol, name, help) RF_METRIC_##symbol,
    RF_METRICS(RF_METRIC_ENUM)
#undef RF_METRIC_ENUM
        RF_METRIC_N
};

void rf_metric_add(enum rf_metric metric, uint64_t n);
uint64_t rf_metric_get(enum rf_metric metric);
const char *rf_metric_name(enum rf_metric metric);
const char *rf_metric_help(enum rf_metric metric);
#define rf_count(symbol) rf_metric_add(RF_METRIC_##symbol, 1)

#endif
