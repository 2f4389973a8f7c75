/* SPDX-License-Identifier: Apache-2.0 */
/* Stations and the real service through real sockets and mutual TLS: I/O workers, the call-control
 * mailbox, certificates that are judged by both sides, and once with sound over SRTP. */
#include "phones.h"

#include "net/workers.h"
#include "service/sccp/sccp_link.h"
#include "trust/path.h"

struct server {
    struct id ccm, issuer, other_issuer, lsc_a, lsc_b, lsc_foreign;
    struct rf_anchors *anchors;
    struct rf_tls *tls;
    struct rf_workers *workers;
    struct rf_loop *calls; /* call control, turned by the test */
    struct rf_sccp_links *links;
    struct rf_sccp_service *svc;
    struct rf_listener *listener;
    struct rf_lists lists, foreign_lists;
    struct rf_loop *loop; /* of the phones */
    struct phone a, b;
    unsigned refused_links, refused_registers;
};

/* Time goes on by itself, and it is the day the certificates are for. */
static uint64_t now_ms(const struct rf_clock *clock)
{
    return rf_now_ms(rf_clock_real());
}
static int64_t wall_s(const struct rf_clock *clock)
{
    return TEST_NOW + 60;
}
static const struct rf_clock test_clock = {.now_ms = now_ms, .wall_s = wall_s};

/* ---- the server ---- */

static enum rf_err may_signal(void *arg, const struct rf_tls_presented *peer,
                              enum rf_tls_alert *alert, struct rf_why *why)
{
    const struct rf_path_policy policy = {.now_s = TEST_NOW, .is_lsc_purpose = true};
    *alert = RF_TLS_ALERT_UNKNOWN_CA;
    return rf_path_check(arg, peer->leaf, peer->chain, &policy, NULL, why);
}

static void svc_send(void *arg, rf_sccp_link_ref link, struct rf_slice bytes, bool has_key)
{
    rf_sccp_links_send(((struct server *)arg)->links, link, bytes, has_key);
}
static void svc_close(void *arg, rf_sccp_link_ref link, const char *reason)
{
    rf_sccp_links_close(((struct server *)arg)->links, link, reason);
}
static void svc_event(void *arg, const struct rf_sccp_event *event)
{
    struct server *s = arg;
    s->refused_links += strcmp(event->kind, "link-refused") == 0;
    s->refused_registers += strcmp(event->kind, "register-refused") == 0;
}
static const struct rf_sccp_service_ops svc_ops = {
    .send = svc_send, .close = svc_close, .on_event = svc_event};

static void add_device(struct rf_sccp_device *d, const char *name, const char *number)
{
    *d = (struct rf_sccp_device){
        .mode = RF_SCCP_MODE_ENCRYPTED, .has_srtp = true, .call = {.n_lines = 1}};
    snprintf(d->call.name, sizeof d->call.name, "%s", name);
    snprintf(d->call.lines[0].number, sizeof d->call.lines[0].number, "%s", number);
}

static struct id lsc_id(const struct id *by, const char *name)
{
    struct id id = {0};
    id_set_key(&id, new_key(0));
    struct rf_issue_lsc spec = {.device_name = rf_slice_str(name),
                                .spki = rf_key_spki(id.key),
                                .now_s = TEST_NOW,
                                .days = 300};
    assert_err(rf_issue_lsc(&spec, by->cert, by->vault, &id.cert, NULL), RF_OK);
    return id;
}

static void make_certificates(struct server *s)
{
    struct rf_why why = {0};
    s->ccm = self_id(RF_CERT_ROLE_CCM, "ccm.test", 0);
    s->issuer = self_id(RF_CERT_ROLE_LSC_ISSUER, "LSC issuer", 0);
    s->other_issuer = self_id(RF_CERT_ROLE_LSC_ISSUER, "LSC issuer", 0);
    s->lsc_a = lsc_id(&s->issuer, NAME_A);
    s->lsc_b = lsc_id(&s->issuer, NAME_B);
    s->lsc_foreign = lsc_id(&s->other_issuer, NAME_A);
    s->anchors = rf_anchors_new(RF_PURPOSE_SIGNALLING);
    assert_err(rf_anchors_add(s->anchors, s->issuer.cert, &why), RF_OK);
    s->lists = phone_lists((struct phone_list_row[]){{s->ccm.cert, RF_TRUSTLIST_ROLE_CCM}}, 1);
    s->foreign_lists =
        phone_lists((struct phone_list_row[]){{s->issuer.cert, RF_TRUSTLIST_ROLE_CCM}}, 1);
}

static void phone_init(struct server *s, struct phone *p, const char *name, const struct id *lsc,
                       unsigned version)
{
    p->name = name;
    p->port_base = p == &s->a ? 24000 : 25000;
    p->id = (struct rf_phone_id){.cert = lsc->cert, .key = lsc->key};
    p->conf = (struct rf_station_conf){
        .device = name,
        .device_type = 30006,
        .version = version,
        .servers = {{"127.0.0.1", (uint16_t)(rf_listener_port(s->listener) - 443)}},
        .n_servers = 1,
        .mode = RF_STATION_ENCRYPTED,
        .lists = &s->lists,
        .id = &p->id,
        .retry_first_ms = 60000, /* once is enough to see a refusal */
        .digit_gap_ms = 1,
        .net = rf_phone_link_real(),
        .net_arg = s->loop,
        .clock = rf_loop_clock(s->loop),
        .timers = rf_loop_timers(s->loop),
        .answers = rf_loop_mailbox(s->loop),
        .media = phone_media(),
        .media_arg = p,
        .on_event = phone_on_event,
        .arg = p};
}

static int set_up(void **state)
{
    struct server *s = rf_new(struct server);
    struct rf_why why = {0};
    struct rf_sccp_device devices[2];
    make_certificates(s);
    struct rf_tls_conf tls = {.name = "sccp",
                              .cert = s->ccm.cert,
                              .key = s->ccm.key,
                              .ask = RF_TLS_REQUIRE,
                              .verify = may_signal,
                              .verify_arg = s->anchors,
                              .sessions = 16};
    assert_err(rf_tls_server_new(&tls, &s->tls, &why), RF_OK);
    s->calls = rf_loop_new(&test_clock, "calls");
    s->workers = rf_workers_new(2, &test_clock);
    s->links = rf_sccp_links_new(s->workers, rf_loop_mailbox(s->calls));
    s->svc = rf_sccp_service_new(&(struct rf_sccp_service_conf){.clock = &test_clock,
                                                                .timers = rf_loop_timers(s->calls),
                                                                .ops = &svc_ops,
                                                                .arg = s,
                                                                .server_name = "ringfence"});
    add_device(&devices[0], NAME_A, "2001");
    add_device(&devices[1], NAME_B, "2002");
    assert_err(rf_sccp_devices_set(s->svc, devices, 2, &why), RF_OK);
    rf_sccp_links_serve(s->links, s->svc);
    struct rf_listener_conf conf = {
        .name = "sccp",
        .address = "127.0.0.1",
        .link = {.calls = rf_sccp_link_calls(), .arg = s->links, .tls = s->tls}};
    assert_err(rf_listener_open_on_workers(s->workers, &conf, &s->listener, &why), RF_OK);
    s->loop = rf_loop_new(&test_clock, "phones");
    phone_init(s, &s->a, NAME_A, &s->lsc_a, 22);
    phone_init(s, &s->b, NAME_B, &s->lsc_b, 11);
    *state = s;
    return 0;
}

static int tear_down(void **state)
{
    struct server *s = *state;
    rf_station_free(s->a.st);
    rf_station_free(s->b.st);
    rf_loop_free(s->loop);
    rf_listener_close(s->listener);
    rf_workers_free(s->workers);
    rf_sccp_service_free(s->svc);
    rf_loop_free(s->calls);
    rf_sccp_links_free(s->links);
    rf_tls_free(s->tls);
    rf_anchors_unref(s->anchors);
    rf_lists_fini(&s->lists);
    rf_lists_fini(&s->foreign_lists);
    struct id *ids[] = {&s->ccm,   &s->issuer, &s->other_issuer,
                        &s->lsc_a, &s->lsc_b,  &s->lsc_foreign};
    for (size_t i = 0; i < sizeof ids / sizeof *ids; i++)
        id_fini(ids[i]);
    rf_free(s);
    return 0;
}

/* Turn both loops until this is so; fails after a while. */
#define until(s, condition)                                                                        \
    do {                                                                                           \
        for (int until_i = 0; until_i < 5000 && !(condition); until_i++) {                         \
            rf_loop_turn((s)->calls, 1);                                                           \
            rf_loop_turn((s)->loop, 1);                                                            \
        }                                                                                          \
        assert_true(condition);                                                                    \
    } while (0)

static void starts(struct phone *p)
{
    struct rf_why why = {0};
    assert_err(rf_station_new(&p->conf, &p->st, &why), RF_OK);
    rf_station_start(p->st);
}

static uint32_t registered_of(const struct server *s)
{
    struct rf_sccp_counts counts;
    rf_sccp_counts(s->svc, &counts);
    return counts.registered;
}

/* ---- the tests ---- */

static void call_over_mutual_tls_sec_37_sec_46_sec_75(void **state)
{
    struct server *s = *state;
    struct rf_why why = {0};
    struct rf_sccp_device_status status;
    s->b.answers = true;
    starts(&s->a);
    starts(&s->b);
    until(s, s->a.registered == 1 && s->b.registered == 1);
    assert_err(rf_sccp_device_status(s->svc, NAME_A, &status), RF_OK);
    assert_true(status.has_tls && status.is_encrypted);
    assert_memory_equal(status.cert_sha256, rf_cert_sha256(s->lsc_a.cert).p, 32);
    assert_err(rf_station_call(s->a.st, "2002", &why), RF_OK);
    until(s, s->a.security == RF_SCCP_SECURITY_ENCRYPTED &&
                 s->b.security == RF_SCCP_SECURITY_ENCRYPTED);
    expect_crossed(&s->a, &s->b, RF_MEDIA_AES_CM_128_HMAC_SHA1_32);
    assert_err(rf_station_hang_up(s->b.st, &why), RF_OK);
    until(s, s->a.call == RF_STATION_IDLE && s->b.call == RF_STATION_IDLE);
    rf_station_stop(s->a.st);
    rf_station_stop(s->b.st);
    struct rf_sccp_counts counts;
    until(s, registered_of(s) == 0);
    until(s, s->a.in > 0 && s->b.in > 0); /* both links have ended */
    rf_sccp_counts(s->svc, &counts);
    assert_int_equal(counts.out, s->a.in + s->b.in);
    assert_int_equal(counts.in, s->a.out + s->b.out);
    assert_int_equal(counts.dropped + s->a.dropped + s->b.dropped, 0);
}

/* ---- with sound ---- */

#define SPEECH 8000 /* a second */

struct sound {
    struct phone *phone;
    uint8_t said[SPEECH];
    struct rf_buf heard;
    bool is_done;
};

static void on_sound(void *arg, const struct rf_station_event *event)
{
    struct sound *snd = arg;
    phone_on_event(snd->phone, event);
    if (event->kind != RF_STATION_MEDIA_ENDED)
        return;
    assert_int_equal(event->stats.refused_tag + event->stats.refused_replay, 0);
    assert_err(rf_buf_add_slice(&snd->heard, event->ulaw), RF_OK);
    snd->is_done = true;
}

static void sound_init(struct sound *snd, struct phone *p, struct rf_media *media, uint32_t seed)
{
    struct rf_why why = {0};
    *snd = (struct sound){.phone = p, .heard = RF_BUF(16 * SPEECH)};
    for (size_t i = 0; i < SPEECH; i++) {
        seed = seed * 1664525u + 1013904223u;
        snd->said[i] = (uint8_t)(seed >> 24);
    }
    p->conf.media = rf_station_media_real();
    p->conf.media_arg = media;
    p->conf.record_max = 16 * SPEECH;
    p->conf.on_event = on_sound;
    p->conf.arg = snd;
    assert_err(rf_media_clip_new(rf_slice_of(snd->said, SPEECH), &p->conf.clip, &why), RF_OK);
}

/* What one said stands in what the other heard, sample for sample. */
static void expect_heard(const struct sound *by, const struct sound *from)
{
    size_t at = rf_slice_find(rf_buf_slice(&by->heard), rf_slice_of(from->said, SPEECH / 2));
    assert_true(at != SIZE_MAX);
}

static void call_with_sound_sec_75(void **state)
{
    struct server *s = *state;
    struct rf_media *media = NULL;
    struct sound a, b;
    struct rf_why why = {0};
    assert_err(rf_media_start(&media, &why), RF_OK);
    sound_init(&a, &s->a, media, 1);
    sound_init(&b, &s->b, media, 2);
    s->b.answers = true;
    starts(&s->a);
    starts(&s->b);
    until(s, s->a.registered == 1 && s->b.registered == 1);
    assert_err(rf_station_call(s->a.st, "2002", &why), RF_OK);
    until(s, s->a.clips == 1 && s->b.clips == 1);
    assert_err(rf_station_hang_up(s->a.st, &why), RF_OK);
    until(s, a.is_done && b.is_done && s->a.call == RF_STATION_IDLE);
    expect_heard(&a, &b);
    expect_heard(&b, &a);
    rf_station_free(s->a.st);
    rf_station_free(s->b.st);
    s->a.st = s->b.st = NULL;
    rf_media_stop(media);
    struct sound *both[] = {&a, &b};
    for (size_t i = 0; i < 2; i++) {
        rf_media_clip_unref(both[i]->phone->conf.clip);
        rf_buf_fini(&both[i]->heard);
    }
}

/* The phone leaves in the handshake: the server never learns who it was. */
static void server_that_is_not_in_the_list_sec_42(void **state)
{
    struct server *s = *state;
    struct rf_sccp_counts counts;
    s->a.conf.lists = &s->foreign_lists;
    starts(&s->a);
    until(s, s->a.refused[0] != '\0');
    assert_string_equal(s->a.refused_code, "server-unknown");
    until(s, s->refused_links > 0);
    rf_sccp_counts(s->svc, &counts);
    assert_int_equal(counts.in, 0);
}

static void certificate_of_another_issuer_sec_44b(void **state)
{
    struct server *s = *state;
    s->a.id = (struct rf_phone_id){.cert = s->lsc_foreign.cert, .key = s->lsc_foreign.key};
    starts(&s->a);
    until(s, s->a.refused[0] != '\0');
    assert_string_equal(s->a.refused_code, "tls-alert-unknown-ca");
    assert_int_equal(registered_of(s), 0);
}

static void certificate_of_another_phone_sec_33(void **state)
{
    struct server *s = *state;
    starts(&s->b);
    until(s, s->b.registered == 1);
    s->a.conf.device = NAME_B; /* A's certificate, B's name */
    starts(&s->a);
    until(s, s->a.refused[0] != '\0');
    assert_string_equal(s->a.refused, "Certificate name mismatch");
    assert_string_equal(s->a.refused_code, "register-rejected");
    assert_int_equal(s->refused_registers, 1);
    assert_int_equal(s->b.lost, 0); /* the real one stays */
}

static void nobody_listens(void **state)
{
    struct server *s = *state;
    rf_listener_close(s->listener);
    s->listener = NULL;
    starts(&s->a);
    until(s, s->a.refused[0] != '\0');
    assert_string_equal(s->a.refused_code, "connect-refused");
}

#define TLS_TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TLS_TEST(call_over_mutual_tls_sec_37_sec_46_sec_75),
        TLS_TEST(call_with_sound_sec_75),
        TLS_TEST(server_that_is_not_in_the_list_sec_42),
        TLS_TEST(certificate_of_another_issuer_sec_44b),
        TLS_TEST(certificate_of_another_phone_sec_33),
        TLS_TEST(nobody_listens),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
