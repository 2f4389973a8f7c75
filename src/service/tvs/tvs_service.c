/* SPDX-License-Identifier: Apache-2.0 */
#include "service/tvs/tvs_service.h"

#include "base/metrics.h"
#include "base/text.h"

#include <stdio.h>

/* Bytes of one phone that wait: a whole frame and the beginning of another. */
#define INPUT_MAX (RF_TVS_FRAME_MAX + 4096)

struct rf_tvs_service {
    struct rf_tvs_service_conf conf; /* site: not used after the start */
    struct rf_tvs_book *book;
    struct rf_listeners listeners;
    char *cert_path;
    char *key_path;
    char *keylog;
    uint32_t handshake_ms;
    uint32_t failures_a_minute;
};

struct rf_tvs_service *rf_tvs_service_new(const struct rf_tvs_service_conf *conf)
{
    struct rf_tvs_service *s = rf_new(struct rf_tvs_service);
    const char *keylog = conf->site->conf->keylog;
    s->conf = *conf;
    s->conf.site = NULL;
    s->listeners = (struct rf_listeners){.loop = conf->loop};
    s->book = rf_tvs_book_new(0);
    s->cert_path = rf_site_path(conf->site, RF_SITE_CERT_TVS);
    s->key_path = rf_site_path(conf->site, RF_SITE_KEY_TVS);
    s->keylog = keylog[0] != '\0' ? rf_strdup(keylog) : NULL;
    s->handshake_ms = conf->site->conf->handshake_s * 1000u;
    s->failures_a_minute = conf->site->conf->handshake_failures;
    return s;
}

void rf_tvs_service_set_book(struct rf_tvs_service *s, struct rf_tvs_book *take_book)
{
    rf_tvs_book_free(s->book);
    s->book = take_book;
}

const struct rf_tvs_book *rf_tvs_service_book(const struct rf_tvs_service *s)
{
    return s->book;
}

/* ---- questions ---- */

static void report(const struct rf_tvs_service *s, const struct rf_link *link,
                   const struct rf_tvs_msg *question, const struct rf_tvs_entry *entry,
                   const struct rf_why *why)
{
    char device[RF_TVS_NAME_MAX + 1];
    struct rf_tvs_report r = {
        .address = rf_link_peer(link)->host,
        .device = rf_escape(question->device_name, device, sizeof device),
        .command = rf_tvs_command_name(question->command),
        .fingerprint = entry->cert != NULL ? rf_cert_fingerprint(entry->cert) : "",
        .roles = entry->roles,
        .why = why,
    };
    if (s->conf.report != NULL)
        s->conf.report(s->conf.arg, &r);
}

static size_t roles_of(uint32_t bits, uint8_t roles[RF_TVS_ROLES_MAX])
{
    size_t n = 0;
    for (uint8_t role = 0; role < 32 && n < RF_TVS_ROLES_MAX; role++)
        if ((bits & RF_TVS_ROLE(role)) != 0)
            roles[n++] = role;
    return n;
}

static enum rf_err send_answer(struct rf_link *link, const struct rf_tvs_msg *question,
                               const struct rf_tvs_entry *entry, struct rf_why *why)
{
    uint8_t buf[RF_TVS_FRAME_MAX], roles[RF_TVS_ROLES_MAX];
    struct rf_slice frame;
    bool is_valid = entry->cert != NULL;
    bool is_query = question->command == RF_TVS_QUERY_REQ;
    struct rf_tvs_msg answer = {
        .command = is_query ? RF_TVS_QUERY_RES : RF_TVS_VERIFY_RES,
        .session = question->session,
        .has_status = true,
        .status = is_valid ? RF_TVS_VALID : RF_TVS_INVALID,
        .has_roles = is_valid,
        .roles = rf_slice_of(roles, roles_of(entry->roles, roles)),
        .has_ttl = is_valid,
        .ttl_s = entry->ttl_s,
        .has_cert = is_valid && is_query,
        .cert = is_valid ? rf_cert_der(entry->cert) : rf_slice_of(NULL, 0),
    };
    enum rf_err err = rf_tvs_encode(&answer, buf, sizeof buf, &frame);
    rf_bug_on(err != RF_OK); /* our own certificates: all bounded */
    err = rf_link_write(link, frame);
    return err == RF_OK ? err
                        : rf_why_set(why, err, "tvs-unread", "the phone does not read its answers");
}

static enum rf_err judge(const struct rf_tvs_service *s, const struct rf_tvs_msg *question,
                         struct rf_tvs_entry *entry, struct rf_why *why)
{
    int64_t now_s = rf_wall_s(rf_loop_clock(s->conf.loop));
    *entry = (struct rf_tvs_entry){.cert = NULL};
    if (question->command == RF_TVS_QUERY_REQ)
        return rf_tvs_book_query(s->book, question, now_s, entry, why);
    return rf_tvs_book_verify(s->book, question->cert, now_s, entry, why);
}

/* What the others of a query are, for whoever has a capture of a real phone before him. */
static void log_elements(const struct rf_tvs_msg *question)
{
    for (size_t i = 0; i < question->other_n; i++)
        rf_debug(RF_CAT_TVS, "query element tag=%u bytes=%zu", question->other[i].tag,
                 question->other[i].value.len);
}

static enum rf_err check_question(const struct rf_tvs_msg *m, struct rf_why *why)
{
    if (m->command != RF_TVS_VERIFY_REQ && m->command != RF_TVS_QUERY_REQ)
        return rf_why_set(why, RF_ERR_BAD, "tvs-command", "%s (%u) is not asked of a server",
                          rf_tvs_command_name(m->command), m->command);
    if (m->command == RF_TVS_VERIFY_REQ && !m->has_cert)
        return rf_why_set(why, RF_ERR_BAD, "tvs-no-cert", "nothing to verify");
    return RF_OK;
}

static enum rf_err take_frame(const struct rf_tvs_service *s, struct rf_link *link,
                              const struct rf_tvs_frame *frame, struct rf_why *why)
{
    struct rf_tvs_msg question;
    struct rf_tvs_entry entry;
    struct rf_why reason = {0};
    enum rf_err err = rf_tvs_decode(frame, &question, why);
    if (err == RF_OK)
        err = check_question(&question, why);
    if (err != RF_OK)
        return err;
    if (judge(s, &question, &entry, &reason) != RF_OK) {
        rf_count(TVS_INVALID);
        if (question.command == RF_TVS_QUERY_REQ)
            log_elements(&question);
    }
    rf_count(TVS_QUESTIONS);
    report(s, link, &question, &entry, &reason);
    return send_answer(link, &question, &entry, why);
}

/* ---- links ---- */

static void on_open(struct rf_link *link, const struct rf_peer *peer)
{
    rf_debug(RF_CAT_TVS, "link up from=%s cert=%s", peer->host,
             peer->cert != NULL ? rf_cert_short(peer->cert) : "-");
}

static size_t on_data(struct rf_link *link, struct rf_slice data)
{
    const struct rf_tvs_service *s = rf_link_arg(link);
    size_t used = 0;
    for (;;) {
        struct rf_tvs_frame frame;
        struct rf_why why = {0};
        size_t n = 0;
        enum rf_err err = rf_tvs_frame_next(rf_slice_part(data, used, SIZE_MAX), &frame, &n, &why);
        if (err == RF_ERR_AGAIN)
            return used;
        if (err == RF_OK)
            err = take_frame(s, link, &frame, &why);
        if (err != RF_OK) {
            rf_count(TVS_REFUSED);
            rf_link_close_why(link, &why);
            return data.len;
        }
        used += n;
    }
}

static void on_close(struct rf_link *link, const struct rf_why *why)
{
    rf_debug(RF_CAT_TVS, "link closed: %s from=%s", rf_why_text(why), rf_link_peer(link)->host);
}

static const struct rf_link_calls calls = {
    .on_open = on_open, .on_data = on_data, .on_close = on_close};

/* Whatever it shows: nothing depends on it. */
static enum rf_err note_phone(void *arg, const struct rf_tls_presented *peer,
                              enum rf_tls_alert *alert, struct rf_why *why)
{
    return RF_OK;
}

static enum rf_err make_tls(const void *arg, enum rf_tls_profile profile, struct rf_tls **out,
                            struct rf_why *why)
{
    const struct rf_tvs_service *s = arg;
    struct rf_tls_conf tls = {.name = profile == RF_TLS_LEGACY ? "tvs-legacy" : "tvs",
                              .profile = profile,
                              .cert_path = s->cert_path,
                              .key_path = s->key_path,
                              .ask = RF_TLS_ASK,
                              .verify = note_phone,
                              .keylog_path = s->keylog};
    return rf_tls_server_new(&tls, out, why);
}

enum rf_err rf_tvs_service_make_tls(const struct rf_tvs_service *s,
                                    struct rf_tls *out[RF_TLS_PROFILES], struct rf_why *why)
{
    return rf_listeners_make_tls(&s->listeners, make_tls, s, out, why);
}

enum rf_err rf_tvs_service_listen(struct rf_tvs_service *s, enum rf_tls_profile profile,
                                  const char *address, uint16_t port, const char *networks,
                                  struct rf_why *why)
{
    struct rf_tls *tls[RF_TLS_PROFILES] = {NULL};
    enum rf_err err = make_tls(s, profile, &tls[profile], why);
    if (err != RF_OK)
        return err;
    rf_listeners_use_tls(&s->listeners, tls);
    struct rf_listener_conf conf = {
        .address = address,
        .port = port,
        .link = {.calls = &calls,
                 .arg = s,
                 .input_max = INPUT_MAX,
                 .handshake_ms = s->handshake_ms,
                 .idle_ms = RF_TVS_IDLE_MS},
        .links_max = RF_TVS_LINKS_MAX,
        .links_per_address = RF_TVS_LINKS_PER_ADDRESS,
        .failures_a_minute = s->failures_a_minute,
        .on_alarm = s->conf.on_alarm,
        .alarm_arg = s->conf.arg,
    };
    return rf_listeners_open(&s->listeners, profile, &conf, networks, why);
}

struct rf_listeners *rf_tvs_service_listeners(struct rf_tvs_service *s)
{
    return &s->listeners;
}

void rf_tvs_service_free(struct rf_tvs_service *s)
{
    if (s == NULL)
        return;
    rf_listeners_fini(&s->listeners);
    rf_tvs_book_free(s->book);
    rf_free(s->cert_path);
    rf_free(s->key_path);
    rf_free(s->keylog);
    rf_free(s);
}
