/* SPDX-License-Identifier: Apache-2.0 */
#include "phones.h"

#include "base/secret.h"

/* ---- media ---- */

static struct phone_stream *stream_find(struct phone *p, rf_media_id id)
{
    assert_true(id >= 1 && id <= p->n_streams && p->streams[id - 1].is_open);
    return &p->streams[id - 1];
}

static enum rf_err media_open(void *media, const struct rf_media_conf *conf, rf_media_id *out,
                              uint16_t *out_port, struct rf_why *why)
{
    struct phone *p = media;
    if (p->media_fails)
        return rf_why_set(why, RF_ERR_IO, "media-socket", "no socket in this test");
    assert_true(p->n_streams < PHONE_STREAMS);
    struct phone_stream *s = &p->streams[p->n_streams++];
    *s = (struct phone_stream){
        .conf = *conf, .is_open = true, .port = (uint16_t)(p->port_base + 2 * p->n_streams)};
    *out = (rf_media_id)p->n_streams;
    *out_port = s->port;
    return RF_OK;
}

static enum rf_err media_receive(void *media, rf_media_id id, enum rf_media_codec codec,
                                 const struct rf_media_key *key, struct rf_why *why)
{
    struct phone_stream *s = stream_find(media, id);
    assert_int_equal(codec, RF_MEDIA_PCMU);
    s->receive_key = *key;
    s->is_receiving = true;
    return RF_OK;
}

static void media_receive_stop(void *media, rf_media_id id)
{
    stream_find(media, id)->is_receiving = false;
}

static enum rf_err media_send(void *media, rf_media_id id, const char *remote, uint16_t port,
                              enum rf_media_codec codec, const struct rf_media_key *key,
                              struct rf_media_clip *clip, uint8_t tos, struct rf_why *why)
{
    struct phone_stream *s = stream_find(media, id);
    assert_int_equal(codec, RF_MEDIA_PCMU);
    s->send_key = *key;
    s->is_sending = true;
    s->remote_port = port;
    snprintf(s->remote, sizeof s->remote, "%s", remote);
    return RF_OK;
}

static void media_send_stop(void *media, rf_media_id id)
{
    stream_find(media, id)->is_sending = false;
}

/* Events come by the mailbox, as media's do. */
struct media_msg {
    struct rf_msg msg;
    struct rf_media_conf conf;
    struct rf_media_event event;
};

static void media_run(struct rf_msg *msg, void *reader)
{
    struct media_msg *m = (struct media_msg *)msg;
    m->conf.on_event(reader, &m->event);
    rf_free(m);
}

static void media_post(struct phone *p, rf_media_id id, enum rf_media_event_kind kind)
{
    struct media_msg *m = rf_new(struct media_msg);
    m->msg.run = media_run;
    m->conf = p->streams[id - 1].conf;
    m->event = (struct rf_media_event){.kind = kind,
                                       .stream = id,
                                       .number = m->conf.number,
                                       .stats = {.sent_packets = 100, .received_packets = 99}};
    rf_mailbox_post_answer(m->conf.events_to, &m->msg);
}

static void media_ask(void *media, rf_media_id id)
{
    media_post(media, id, RF_MEDIA_STATS);
}

static void media_close(void *media, rf_media_id id)
{
    struct phone_stream *s = stream_find(media, id);
    s->is_open = s->is_receiving = s->is_sending = false;
    media_post(media, id, RF_MEDIA_CLOSED);
}

const struct rf_station_media_ops *phone_media(void)
{
    static const struct rf_station_media_ops ops = {.open = media_open,
                                                    .receive = media_receive,
                                                    .receive_stop = media_receive_stop,
                                                    .send = media_send,
                                                    .send_stop = media_send_stop,
                                                    .ask = media_ask,
                                                    .close = media_close};
    return &ops;
}

struct phone_stream *stream_of(struct phone *p)
{
    for (size_t i = 0; i < p->n_streams; i++)
        if (p->streams[i].is_open)
            return &p->streams[i];
    fail();
    return NULL;
}

static void assert_same_key(const struct rf_media_key *x, const struct rf_media_key *y)
{
    assert_int_equal(x->suite, y->suite);
    assert_memory_equal(x->master, y->master, sizeof x->master);
    assert_memory_equal(x->salt, y->salt, sizeof x->salt);
}

void expect_crossed(struct phone *pa, struct phone *pb, enum rf_media_suite suite)
{
    struct phone_stream *a = stream_of(pa), *b = stream_of(pb);
    assert_true(a->is_receiving && a->is_sending && b->is_receiving && b->is_sending);
    assert_string_equal(a->remote, b->conf.local);
    assert_string_equal(b->remote, a->conf.local);
    assert_int_equal(a->remote_port, b->port);
    assert_int_equal(b->remote_port, a->port);
    assert_int_equal(a->send_key.suite, suite);
    assert_same_key(&a->send_key, &b->receive_key);
    assert_same_key(&b->send_key, &a->receive_key);
    if (suite == RF_MEDIA_CLEAR)
        return;
    assert_memory_not_equal(a->send_key.master, b->send_key.master, 16);
    assert_memory_not_equal(a->send_key.salt, b->send_key.salt, 14);
}

/* ---- the service's side of the network: a link is phone and number of its link ---- */

static rf_sccp_link_ref ref_of(const struct phone *p)
{
    return (p == &p->w->b ? 1000u : 0u) + p->net.n;
}

static struct phone *phone_of(struct world *w, rf_sccp_link_ref ref)
{
    struct phone *p = ref > 1000 ? &w->b : &w->a;
    return ref_of(p) == ref ? p : NULL; /* NULL: of a link that is gone */
}

static void net_send(void *arg, rf_sccp_link_ref ref, struct rf_slice bytes, bool has_key)
{
    struct phone *p = phone_of(arg, ref);
    if (p != NULL)
        assert_err(rf_buf_add_slice(&p->to_phone, bytes), RF_OK);
}

static void deliver(struct phone *p)
{
    struct rf_slice all = rf_buf_slice(&p->to_phone);
    if (all.len == 0)
        return;
    struct rf_buf copy = RF_BUF(all.len);
    assert_err(rf_buf_add_slice(&copy, all), RF_OK);
    rf_buf_drop(&p->to_phone, all.len);
    if (net_last(&p->net)->is_open)
        net_give(net_last(&p->net), rf_buf_slice(&copy));
    rf_buf_fini(&copy);
}

static void net_close(void *arg, rf_sccp_link_ref ref, const char *reason)
{
    struct phone *p = phone_of(arg, ref);
    if (p == NULL || net_last(&p->net)->is_gone)
        return;
    deliver(p);
    net_break(net_last(&p->net), "end");
}

static void on_event(void *arg, const struct rf_sccp_event *event)
{
    struct world *w = arg;
    w->events_refused += strcmp(event->kind, "register-refused") == 0;
}

static void on_record(void *arg, const struct rf_call_record *record)
{
    struct world *w = arg;
    w->record = *record;
    w->records++;
}

static const struct rf_sccp_service_ops service_ops = {
    .send = net_send, .close = net_close, .on_event = on_event, .on_record = on_record};

/* A link that waits is accepted while there is a server, else refused. True when there was one. */
static bool pump_open(struct phone *p)
{
    struct net_link *l = p->net.n > 0 ? net_last(&p->net) : NULL;
    struct world *w = p->w;
    if (l == NULL || l->is_open || l->is_gone || l->is_closing)
        return false;
    if (w->svc == NULL) {
        net_break(l, "connect-refused");
        return true;
    }
    rf_buf_drop(&p->to_phone, p->to_phone.len);
    net_accept(l, w->ccm.cert, p->suite);
    if (!l->is_open)
        return true;
    struct rf_sccp_peer peer = {.address = p->net.local,
                                .port = 50000,
                                .has_tls = l->has_tls,
                                .is_encrypted = l->has_tls && p->suite != NULL,
                                .tls_version = l->has_tls ? "TLSv1.3" : "",
                                .suite = l->has_tls && p->suite != NULL ? p->suite : "",
                                .cert = l->own};
    rf_sccp_link_opened(w->svc, ref_of(p), &peer);
    return true;
}

/* What the phone wrote goes to the service, frame by frame. */
static bool pump_phone(struct phone *p)
{
    struct net_link *l = p->net.n > 0 ? net_last(&p->net) : NULL;
    rf_sccp_link_ref ref = ref_of(p);
    bool any = false;
    while (l != NULL && l->is_open && p->w->svc != NULL && net_taken(l).len > 0) {
        struct rf_sccp_frame frame;
        struct rf_why why = {0};
        size_t n;
        struct rf_buf copy = RF_BUF(RF_SCCP_LENGTH_MAX + 8);
        assert_err(rf_sccp_frame_next(net_taken(l), &frame, &n, &why), RF_OK);
        assert_err(rf_buf_add_slice(&copy, rf_slice_part(net_taken(l), 0, n)), RF_OK);
        net_drop(l, n);
        assert_err(rf_sccp_frame_next(rf_buf_slice(&copy), &frame, &n, &why), RF_OK);
        rf_sccp_link_frame(p->w->svc, ref, &frame);
        rf_buf_fini(&copy);
        any = true;
    }
    return any;
}

static bool pump_close(struct phone *p)
{
    rf_sccp_link_ref ref = ref_of(p);
    if (!net_settle(&p->net))
        return false;
    if (p->w->svc != NULL)
        rf_sccp_link_closed(p->w->svc, ref, "end");
    return true;
}

static bool pump(struct phone *p)
{
    bool any = pump_open(p);
    any |= pump_phone(p);
    any |= p->to_phone.len > 0;
    deliver(p);
    any |= pump_close(p);
    return any;
}

void settle(struct world *w)
{
    bool any = true;
    while (any) {
        rf_timers_run(w->timers);
        any = pump(&w->a);
        any |= pump(&w->b);
        any |= rf_mailbox_run(w->answers, w) > 0;
    }
}

void passes(struct world *w, uint64_t ms)
{
    while (ms > 0) {
        int next = rf_timers_wait_ms(w->timers);
        uint64_t step = next < 0 || (uint64_t)next > ms ? ms : next == 0 ? 1 : (uint64_t)next;
        rf_clock_fake_advance(&w->clock, step);
        settle(w);
        ms -= step;
    }
}

/* ---- what a phone reports ---- */

void phone_on_event(void *arg, const struct rf_station_event *event)
{
    struct phone *p = arg;
    size_t n = strlen(p->heard_digits);
    struct rf_why why = {0};
    p->registered += event->kind == RF_STATION_REGISTERED;
    p->lost += event->kind == RF_STATION_LOST;
    p->resets += event->kind == RF_STATION_RESET;
    p->clips += event->kind == RF_STATION_CLIP_DONE;
    if (event->kind == RF_STATION_LINK_COUNTS) {
        p->in += event->in;
        p->out += event->out;
        p->dropped += event->dropped;
    }
    if (event->kind == RF_STATION_REFUSED) {
        snprintf(p->refused, sizeof p->refused, "%s", event->text);
        snprintf(p->refused_code, sizeof p->refused_code, "%s", event->why.code);
    }
    if (event->kind == RF_STATION_CALL_INFO) {
        p->security = event->security;
        snprintf(p->calling, sizeof p->calling, "%s %s", event->calling_number,
                 event->calling_name);
        snprintf(p->called, sizeof p->called, "%s %s", event->called_number, event->called_name);
    }
    if (event->kind == RF_STATION_DTMF && n + 1 < sizeof p->heard_digits)
        p->heard_digits[n] = event->digit;
    if (event->kind != RF_STATION_CALL)
        return;
    p->call = event->call_state;
    if (p->call == RF_STATION_FAILED)
        snprintf(p->failed, sizeof p->failed, "%s", event->text);
    if (p->call == RF_STATION_RING_IN && p->answers)
        assert_err(rf_station_answer(p->st, &why), RF_OK);
}

/* ---- the world ---- */

static void issue_lsc(struct world *w, struct id *to, const char *name)
{
    id_set_key(to, new_key(0));
    struct rf_issue_lsc spec = {.device_name = rf_slice_str(name),
                                .spki = rf_key_spki(to->key),
                                .now_s = TEST_NOW,
                                .days = 300};
    assert_err(rf_issue_lsc(&spec, w->issuer.cert, w->issuer.vault, &to->cert, NULL), RF_OK);
}

static void phone_init(struct world *w, struct phone *p, const char *name, const struct id *lsc,
                       const char *local, unsigned version)
{
    p->w = w;
    p->name = name;
    p->suite = "TLS_AES_256_GCM_SHA384";
    p->net.local = local;
    p->port_base = p == &w->a ? 24000 : 25000;
    p->id = (struct rf_phone_id){.cert = lsc->cert, .key = lsc->key};
    p->to_phone = RF_BUF((size_t)256 * 1024);
    p->conf = (struct rf_station_conf){.device = name,
                                       .device_type = 30006,
                                       .version = version,
                                       .load = "RF70.1-0-1",
                                       .servers = {{"192.0.2.1", 2000}},
                                       .n_servers = 1,
                                       .mode = RF_STATION_ENCRYPTED,
                                       .lists = &w->lists,
                                       .id = &p->id,
                                       .retry_first_ms = 1000,
                                       .retry_max_ms = 2000,
                                       .net = net_ops(),
                                       .net_arg = &p->net,
                                       .clock = &w->clock.clock,
                                       .timers = w->timers,
                                       .answers = w->answers,
                                       .media = phone_media(),
                                       .media_arg = p,
                                       .on_event = phone_on_event,
                                       .arg = p};
}

static void device_init(struct rf_sccp_device *d, const char *name, const char *number,
                        const char *user)
{
    *d = (struct rf_sccp_device){
        .mode = RF_SCCP_MODE_ENCRYPTED, .has_srtp = true, .call = {.n_lines = 1}};
    snprintf(d->call.name, sizeof d->call.name, "%s", name);
    snprintf(d->label, sizeof d->label, "phone of %s", user);
    snprintf(d->call.lines[0].number, sizeof d->call.lines[0].number, "%s", number);
    snprintf(d->call.lines[0].name, sizeof d->call.lines[0].name, "%s", user);
}

void server_starts(struct world *w)
{
    struct rf_why why = {0};
    assert_null(w->svc);
    w->svc = rf_sccp_service_new(&(struct rf_sccp_service_conf){.clock = &w->clock.clock,
                                                                .timers = w->timers,
                                                                .ops = &service_ops,
                                                                .arg = w,
                                                                .server_name = "ringfence"});
    assert_err(rf_sccp_devices_set(w->svc, w->devices, 2, &why), RF_OK);
}

void server_dies(struct world *w)
{
    struct phone *phones[] = {&w->a, &w->b};
    rf_sccp_service_free(w->svc);
    w->svc = NULL;
    for (size_t i = 0; i < 2; i++) {
        rf_buf_drop(&phones[i]->to_phone, phones[i]->to_phone.len);
        if (phones[i]->net.n > 0 && !net_last(&phones[i]->net)->is_gone)
            net_break(net_last(&phones[i]->net), "tcp-reset");
    }
    settle(w);
}

struct world *world_new(unsigned version_a, unsigned version_b)
{
    struct world *w = rf_new(struct world);
    rf_clock_fake_init(&w->clock, TEST_NOW);
    w->timers = rf_timers_new(&w->clock.clock);
    w->answers = rf_mailbox_new("test", 64);
    w->ccm = self_id(RF_CERT_ROLE_CCM, "ccm.test", 0);
    w->issuer = self_id(RF_CERT_ROLE_LSC_ISSUER, "LSC issuer", 0);
    issue_lsc(w, &w->lsc[0], NAME_A);
    issue_lsc(w, &w->lsc[1], NAME_B);
    w->lists = phone_lists((struct phone_list_row[]){{w->ccm.cert, RF_TRUSTLIST_ROLE_CCM}}, 1);
    phone_init(w, &w->a, NAME_A, &w->lsc[0], "10.1.2.1", version_a);
    phone_init(w, &w->b, NAME_B, &w->lsc[1], "10.1.2.2", version_b);
    device_init(&w->devices[0], NAME_A, "2001", "Ada");
    device_init(&w->devices[1], NAME_B, "2002", "Ben");
    server_starts(w);
    return w;
}

void world_free(struct world *w)
{
    struct phone *phones[] = {&w->a, &w->b};
    rf_sccp_service_free(w->svc);
    for (size_t i = 0; i < 2; i++) {
        rf_station_free(phones[i]->st);
        rf_buf_fini(&phones[i]->to_phone);
    }
    rf_mailbox_run(w->answers, w);
    rf_mailbox_free(w->answers);
    assert_int_equal(rf_timers_wait_ms(w->timers), -1);
    rf_timers_free(w->timers);
    for (size_t i = 0; i < 2; i++)
        net_fini(&phones[i]->net);
    rf_lists_fini(&w->lists);
    id_fini(&w->ccm);
    id_fini(&w->issuer);
    id_fini(&w->lsc[0]);
    id_fini(&w->lsc[1]);
    rf_free(w);
}

void makes(struct phone *p)
{
    struct rf_why why = {0};
    assert_err(rf_station_new(&p->conf, &p->st, &why), RF_OK);
    rf_station_start(p->st);
    settle(p->w);
}

void boots(struct world *w)
{
    makes(&w->a);
    makes(&w->b);
    assert_int_equal(w->a.registered, 1);
    assert_int_equal(w->b.registered, 1);
}

/* ---- users ---- */

void calls(struct phone *p, const char *number)
{
    struct rf_why why = {0};
    assert_err(rf_station_call(p->st, number, &why), RF_OK);
    settle(p->w);
    passes(p->w, 200 * strlen(number) + 200);
}

void hangs_up(struct phone *p)
{
    struct rf_why why = {0};
    assert_err(rf_station_hang_up(p->st, &why), RF_OK);
    settle(p->w);
}

void expect_states(struct world *w, enum rf_station_call_state a, enum rf_station_call_state b)
{
    assert_string_equal(rf_station_call_state_name(w->a.call), rf_station_call_state_name(a));
    assert_string_equal(rf_station_call_state_name(w->b.call), rf_station_call_state_name(b));
}

void talk(struct world *w)
{
    struct rf_why why = {0};
    calls(&w->a, "2002");
    expect_states(w, RF_STATION_RING_OUT, RF_STATION_RING_IN);
    assert_err(rf_station_answer(w->b.st, &why), RF_OK);
    settle(w);
    expect_states(w, RF_STATION_CONNECTED, RF_STATION_CONNECTED);
}

void expect_no_call(struct world *w)
{
    expect_states(w, RF_STATION_IDLE, RF_STATION_IDLE);
    for (size_t i = 0; i < w->a.n_streams; i++)
        assert_false(w->a.streams[i].is_open);
    for (size_t i = 0; i < w->b.n_streams; i++)
        assert_false(w->b.streams[i].is_open);
    struct rf_sccp_device_status status;
    uint32_t at = 0;
    while (w->svc != NULL && rf_sccp_device_next(w->svc, &at, &status))
        assert_false(status.in_call);
}
