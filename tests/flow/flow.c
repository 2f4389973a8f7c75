/* SPDX-License-Identifier: Apache-2.0 */
#include "flow.h"

#include "base/mem.h"
#include "trust/cert.h"

#include <arpa/inet.h>
#include <stdlib.h>

/* ---- the pretend network ---- */

static struct flow_phone *phone_of(struct flow *f, rf_sccp_link_ref link)
{
    for (size_t i = 0; i < f->n_phones; i++)
        if (f->phones[i].is_open && f->phones[i].link == link)
            return &f->phones[i];
    return NULL;
}

static bool decode(const struct flow_frame *g, struct rf_sccp_msg *out)
{
    struct rf_sccp_frame frame;
    size_t used;
    struct rf_why why = {0};
    assert_err(rf_sccp_frame_next(rf_slice_of(g->bytes, g->len), &frame, &used, &why), RF_OK);
    assert_int_equal(used, g->len);
    return rf_sccp_decode(&frame, out, &why) == RF_OK;
}

static void net_send(void *arg, rf_sccp_link_ref link, struct rf_slice bytes, bool has_key)
{
    struct flow_phone *p = phone_of(arg, link);
    assert_non_null(p);
    assert_true(p->n_got < FLOW_GOT);
    struct flow_frame *g = rf_new_bytes(sizeof *g + bytes.len);
    g->len = bytes.len;
    g->has_key = has_key;
    memcpy(g->bytes, bytes.p, bytes.len);
    p->got[p->n_got++] = g;
    struct rf_sccp_msg msg;
    assert_true(decode(g, &msg)); /* the server sends nothing that its codec cannot read */
    if (msg.id == RF_SCCP_REGISTER_ACK)
        p->version = msg.register_ack.max_protocol_ver;
    if (msg.id == RF_SCCP_OPEN_RECEIVE_CHANNEL) {
        p->party = msg.open_receive_channel.pass_through_party_id;
        p->party_ref = msg.open_receive_channel.call_reference;
    }
    /* another phone's call of a shared line is none of its own */
    bool is_other =
        msg.id == RF_SCCP_CALL_STATE && (msg.call_state.state == RF_SCCP_STATE_REMOTE_MULTILINE ||
                                         msg.call_state.state == RF_SCCP_STATE_REMOTE_HOLD ||
                                         (msg.call_state.state == RF_SCCP_STATE_ON_HOOK &&
                                          msg.call_state.call_reference != p->ref));
    if (msg.id == RF_SCCP_CALL_STATE && !is_other) {
        p->state = msg.call_state.state;
        p->ref = msg.call_state.call_reference;
        p->line = msg.call_state.line_instance;
    }
}

static void net_close(void *arg, rf_sccp_link_ref link, const char *reason)
{
    struct flow_phone *p = phone_of(arg, link);
    if (p == NULL) { /* a link that its phone has left for another */
        assert_in_range(link, 1, ((struct flow *)arg)->last_link);
        return;
    }
    p->is_open = false;
    snprintf(p->closed, sizeof p->closed, "%s", reason);
}

static void net_pause(void *arg, rf_sccp_link_ref link, bool is_paused)
{
    struct flow_phone *p = phone_of(arg, link);
    assert_non_null(p);
    p->is_paused = is_paused;
}

static void on_event(void *arg, const struct rf_sccp_event *event)
{
    struct flow *f = arg;
    assert_true(f->n_events < FLOW_EVENTS);
    struct flow_event *e = &f->events[f->n_events++];
    snprintf(e->kind, sizeof e->kind, "%s", event->kind);
    snprintf(e->dev, sizeof e->dev, "%s", event->dev);
    snprintf(e->text, sizeof e->text, "%s", event->text);
    e->cause = event->cause;
    e->call_id = event->call_id;
}

static void on_unknown(void *arg, const char *name, const char *address, bool is_proved)
{
    struct flow *f = arg;
    assert_true(address[0] != '\0');
    snprintf(f->unknown, sizeof f->unknown, "%s", name);
    f->is_unknown_proved = is_proved;
    f->n_unknown++;
}

static void on_cert_used(void *arg, const char *dev, const uint8_t sha256[RF_SCCP_FP_LEN])
{
    struct flow *f = arg;
    memcpy(f->cert_used, sha256, RF_SCCP_FP_LEN);
    f->n_cert_used++;
}

static void on_record(void *arg, const struct rf_call_record *record)
{
    struct flow *f = arg;
    f->record = *record;
    f->n_records++;
}

static void on_forward(void *arg, const char *dev, const char *number, const char *target)
{
    struct flow *f = arg;
    snprintf(f->forward_device, sizeof f->forward_device, "%s", dev);
    snprintf(f->forward_line, sizeof f->forward_line, "%s", number);
    snprintf(f->forward_number, sizeof f->forward_number, "%s", target);
}

void flow_forward_kept(struct flow *f)
{
    rf_call_forward_all_set(rf_sccp_service_calls(f->svc), f->forward_line, f->forward_number);
}

/* ---- media of the server ---- */

static bool media_has_room(void *arg, unsigned receivers)
{
    return !((const struct flow *)arg)->media_is_full;
}

static enum rf_err media_open(void *arg, const struct rf_call_media_user *user,
                              const struct rf_call_stream *stream, const struct rf_call_key *key,
                              uint32_t *leg, struct rf_call_addr *addr)
{
    struct flow *f = arg;
    if (f->media_is_full)
        return RF_ERR_LIMIT;
    assert_true(f->n_media < FLOW_MEDIA);
    f->media[f->n_media++] =
        (struct flow_media){.is_open = true, .stream = *stream, .receive = *key};
    *leg = (uint32_t)f->n_media;
    *addr = (struct rf_call_addr){.ip = {192, 0, 2, 200}, .port = (uint16_t)(40000 + *leg)};
    return RF_OK;
}

static void media_send(void *arg, uint32_t leg, const struct rf_call_addr *to,
                       const struct rf_call_key *key, uint32_t mix)
{
    struct flow_media *m = &((struct flow *)arg)->media[leg - 1];
    assert_true(m->is_open);
    m->is_sending = true;
    m->to = *to;
    m->send = *key;
    m->mix = mix;
}

static void media_close(void *arg, uint32_t leg)
{
    struct flow_media *m = &((struct flow *)arg)->media[leg - 1];
    assert_true(m->is_open);
    m->is_open = m->is_sending = false;
}

static const struct rf_call_media_ops media_ops = {
    .has_room = media_has_room, .open = media_open, .send = media_send, .close = media_close};

static const struct rf_sccp_service_ops net_ops = {.send = net_send,
                                                   .close = net_close,
                                                   .pause = net_pause,
                                                   .on_event = on_event,
                                                   .on_cert_used = on_cert_used,
                                                   .on_unknown = on_unknown,
                                                   .on_record = on_record,
                                                   .on_forward = on_forward};

/* ---- set-up ---- */

struct rf_sccp_device flow_device(const char *name)
{
    bool is_a = strcmp(name, NAME_A) == 0;
    struct rf_sccp_device d = {
        .mode = RF_SCCP_MODE_ENCRYPTED, .has_srtp = true, .call = {.n_lines = 1}};
    snprintf(d.call.name, sizeof d.call.name, "%s", name);
    snprintf(d.label, sizeof d.label, "phone of %s", is_a ? "Ada" : "Ben");
    snprintf(d.call.lines[0].number, sizeof d.call.lines[0].number, "%s", is_a ? "2001" : "2002");
    snprintf(d.call.lines[0].name, sizeof d.call.lines[0].name, "%s", is_a ? "Ada" : "Ben");
    return d;
}

void flow_add(struct flow *f, const char *device, const char *number, const char *name)
{
    struct rf_sccp_device d = flow_device(NAME_A);
    struct rf_why why = {0};
    snprintf(d.call.name, sizeof d.call.name, "%s", device);
    snprintf(d.call.lines[0].number, sizeof d.call.lines[0].number, "%s", number);
    snprintf(d.call.lines[0].name, sizeof d.call.lines[0].name, "%s", name);
    assert_err(rf_sccp_device_update(f->svc, &d, &why), RF_OK);
}

/* How flows differ. */
struct how {
    struct rf_cert *issuer;
    bool has_media;
    bool is_nonsecure;
    bool is_router;
    enum rf_call_barge barge;
};

static struct flow *make(struct how how)
{
    struct flow *f = rf_new(struct flow);
    rf_clock_fake_init(&f->clock, 1790000000);
    f->timers = rf_timers_new(&f->clock.clock);
    f->blocked = rf_blocklist_new();
    f->svc = rf_sccp_service_new(
        &(struct rf_sccp_service_conf){.clock = &f->clock.clock,
                                       .timers = f->timers,
                                       .ops = &net_ops,
                                       .arg = f,
                                       .server_name = "ringfence",
                                       .barge = how.barge,
                                       .media = how.has_media ? &media_ops : NULL,
                                       .media_arg = f,
                                       .is_nonsecure = how.is_nonsecure,
                                       .is_fallback = how.is_router,
                                       .listed_issuer = how.issuer,
                                       .blocked = f->blocked});
    struct rf_sccp_device devices[] = {flow_device(NAME_A), flow_device(NAME_B)};
    struct rf_why why = {0};
    assert_err(rf_sccp_devices_set(f->svc, devices, 2, &why), RF_OK);
    return f;
}

struct flow *flow_new(void)
{
    return make((struct how){.issuer = NULL});
}

struct flow *flow_new_media(void)
{
    return make((struct how){.has_media = true});
}

struct flow *flow_new_no_barge(void)
{
    return make((struct how){.has_media = true, .barge = RF_CALL_BARGE_REFUSE});
}

struct flow *flow_new_in(bool is_nonsecure)
{
    return make((struct how){.is_nonsecure = is_nonsecure});
}

struct flow *flow_new_router(void)
{
    return make((struct how){.is_router = true});
}

struct flow *flow_new_listing(struct rf_cert *issuer)
{
    return make((struct how){.issuer = issuer});
}

void flow_free(struct flow *f)
{
    rf_sccp_service_free(f->svc);
    rf_blocklist_free(f->blocked);
    rf_timers_free(f->timers);
    for (size_t i = 0; i < f->n_phones; i++) {
        for (size_t k = 0; k < f->phones[i].n_got; k++)
            rf_free(f->phones[i].got[k]);
        rf_cert_unref(f->phones[i].cert);
    }
    rf_free(f);
}

struct flow_phone *flow_phone(struct flow *f, const char *name, char cert, unsigned version)
{
    static const char *const addresses[FLOW_PHONES] = {"10.1.2.1", "10.1.2.2", "10.1.2.3",
                                                       "10.1.2.4"};
    assert_true(f->n_phones < FLOW_PHONES);
    struct flow_phone *p = &f->phones[f->n_phones];
    *p = (struct flow_phone){.f = f,
                             .name = name,
                             .address = addresses[f->n_phones],
                             .announces = version,
                             .media_port = (uint16_t)(24000 + 2 * f->n_phones)};
    f->n_phones++;
    const char *data = getenv("RF_TEST_DATA");
    char path[512];
    snprintf(path, sizeof path, "%s/flow/phone-%c.pem", data != NULL ? data : "tests/data", cert);
    struct rf_why why = {0};
    assert_err(rf_cert_from_pem_file(path, &p->cert, &why), RF_OK);
    return p;
}

/* ---- what a phone does ---- */

void connects(struct flow_phone *p, enum flow_link kind)
{
    p->kind = kind;
    p->link = ++p->f->last_link;
    p->is_open = true;
    p->version = 0;
    p->ref = p->line = p->state = 0;
    struct rf_sccp_peer peer = {.address = p->address,
                                .port = 50000,
                                .has_tls = kind != LINK_PLAIN,
                                .is_encrypted = kind == LINK_TLS,
                                .tls_version = kind == LINK_TLS ? "TLSv1.3" : "TLSv1.2",
                                .suite = kind == LINK_TLS ? "TLS_AES_256_GCM_SHA384" : "NULL-SHA",
                                .cert = kind != LINK_PLAIN ? p->cert : NULL};
    rf_sccp_link_opened(p->f->svc, p->link, &peer);
}

void vanishes(struct flow_phone *p)
{
    p->is_open = false;
    rf_sccp_link_closed(p->f->svc, p->link, "end");
}

static void sends_bytes(struct flow_phone *p, struct rf_slice bytes)
{
    struct rf_sccp_frame frame;
    size_t used;
    struct rf_why why = {0};
    assert_true(p->is_open);
    assert_err(rf_sccp_frame_next(bytes, &frame, &used, &why), RF_OK);
    p->sent++;
    rf_sccp_link_frame(p->f->svc, p->link, &frame);
}

void sends(struct flow_phone *p, const struct rf_sccp_msg *msg)
{
    uint8_t bytes[RF_SCCP_SEND_MAX];
    struct rf_wr wr = rf_wr_of(bytes, sizeof bytes);
    struct rf_why why = {0};
    struct rf_slice frame;
    assert_err(rf_sccp_encode(msg, p->version, &wr, &why), RF_OK);
    assert_err(rf_wr_done(&wr, &frame), RF_OK);
    sends_bytes(p, frame);
}

void sends_empty(struct flow_phone *p, enum rf_sccp_id id)
{
    sends(p, &(struct rf_sccp_msg){.id = id});
}

void sends_zeros(struct flow_phone *p, uint32_t id, size_t n)
{
    uint8_t bytes[256];
    struct rf_wr wr = rf_wr_of(bytes, sizeof bytes);
    struct rf_slice frame;
    rf_wr_u32le(&wr, (uint32_t)n + 4);
    rf_wr_u32le(&wr, 0);
    rf_wr_u32le(&wr, id);
    rf_wr_zero(&wr, n);
    assert_err(rf_wr_done(&wr, &frame), RF_OK);
    sends_bytes(p, frame);
}

void sends_register(struct flow_phone *p)
{
    sends(p, &(struct rf_sccp_msg){.id = RF_SCCP_REGISTER,
                                   .reg = {.device_name = rf_slice_str(p->name),
                                           .instance = 1,
                                           .device_type = 30006,
                                           .max_streams = 5,
                                           .protocol_ver = (uint8_t)p->announces,
                                           .features = {0, p->reads_utf8 ? 0x72 : 0x60, 0x85},
                                           .firmware_load_name = rf_slice_str("RF70.1-0-1")}});
}

static void boots_over(struct flow_phone *p, enum flow_link kind)
{
    connects(p, kind);
    sends_register(p);
    expect(p, RF_SCCP_REGISTER_ACK);
    struct rf_sccp_msg caps = {.id = RF_SCCP_CAPABILITIES_RES, .capabilities_res = {.count = 1}};
    caps.capabilities_res.caps[0].payload = RF_SCCP_CODEC_G711_ULAW_64K;
    caps.capabilities_res.caps[0].max_frames = 40;
    sends(p, &caps);
    forget(p);
}

void boots(struct flow_phone *p)
{
    boots_over(p, LINK_TLS);
}

void boots_plain(struct flow_phone *p)
{
    boots_over(p, LINK_PLAIN);
}

void off_hook(struct flow_phone *p)
{
    /* lifting the handset of an idle phone names no line; a ringing phone names its call */
    bool rings = p->state == RF_SCCP_STATE_RING_IN;
    sends(p, &(struct rf_sccp_msg){.id = RF_SCCP_OFF_HOOK,
                                   .off_hook = {.line_instance = rings ? p->line : 0,
                                                .call_reference = rings ? p->ref : 0}});
}

void on_hook(struct flow_phone *p)
{
    sends(p,
          &(struct rf_sccp_msg){.id = RF_SCCP_ON_HOOK,
                                .on_hook = {.line_instance = p->line, .call_reference = p->ref}});
}

void dials(struct flow_phone *p, const char *digits)
{
    static const char keys[] = "0123456789ABCD*#";
    for (; *digits != '\0'; digits++)
        sends(p, &(struct rf_sccp_msg){
                     .id = RF_SCCP_KEYPAD_BUTTON,
                     .keypad_button = {.button = (uint32_t)(strchr(keys, *digits) - keys),
                                       .line_instance = p->line,
                                       .call_reference = p->ref}});
}

void presses_on(struct flow_phone *p, enum rf_sccp_key key, uint32_t ref)
{
    sends(p, &(struct rf_sccp_msg){.id = RF_SCCP_SOFTKEY_EVENT,
                                   .softkey_event = {.event = (uint32_t)key,
                                                     .line_instance = p->line,
                                                     .call_reference = ref}});
}

void presses(struct flow_phone *p, enum rf_sccp_key key)
{
    presses_on(p, key, p->ref);
}

void acknowledges(struct flow_phone *p, uint32_t status, const char *ip, uint32_t port)
{
    struct rf_sccp_msg m = {.id = RF_SCCP_OPEN_RECEIVE_CHANNEL_ACK,
                            .open_receive_channel_ack = {.status = status,
                                                         .port = port,
                                                         .pass_through_party_id = p->party,
                                                         .call_reference = p->party_ref}};
    struct rf_sccp_addr *a = &m.open_receive_channel_ack.addr;
    a->type = strchr(ip, ':') != NULL ? 1 : 0;
    assert_int_equal(inet_pton(a->type == 1 ? AF_INET6 : AF_INET, ip, a->ip), 1);
    sends(p, &m);
}

void talk(struct flow_phone *a, struct flow_phone *b)
{
    off_hook(a);
    dials(a, b->f->phones[0].name == b->name ? "2001" : "2002");
    expect_state(b, RF_SCCP_STATE_RING_IN);
    off_hook(b);
    media_opens(a, b);
}

void media_opens(struct flow_phone *a, struct flow_phone *b)
{
    expect(a, RF_SCCP_OPEN_RECEIVE_CHANNEL);
    expect(b, RF_SCCP_OPEN_RECEIVE_CHANNEL);
    acknowledges(a, RF_SCCP_MEDIA_OK, a->address, a->media_port);
    acknowledges(b, RF_SCCP_MEDIA_OK, b->address, b->media_port);
    expect(a, RF_SCCP_START_MEDIA_TRANSMISSION);
    expect(b, RF_SCCP_START_MEDIA_TRANSMISSION);
}

/* ---- time ---- */

void passes_silently(struct flow *f, uint64_t ms)
{
    while (ms > 0) {
        int wait = rf_timers_wait_ms(f->timers);
        uint64_t step = wait >= 0 && (uint64_t)wait < ms ? (uint64_t)wait : ms;
        rf_clock_fake_advance(&f->clock, step);
        rf_timers_run(f->timers);
        ms -= step;
    }
}

void passes(struct flow *f, uint64_t ms)
{
    while (ms > 0) {
        uint64_t step = ms < 20000 ? ms : 20000;
        passes_silently(f, step);
        ms -= step;
        for (size_t i = 0; i < f->n_phones; i++)
            if (f->phones[i].is_open)
                sends_empty(&f->phones[i], RF_SCCP_KEEPALIVE);
    }
}

/* ---- expectations ---- */

static void show(struct flow_phone *p, size_t from)
{
    for (size_t i = from; i < p->n_got; i++) {
        struct rf_sccp_msg m;
        if (decode(p->got[i], &m))
            print_error("    %s got %s\n", p->name, rf_sccp_id_name(m.id));
    }
}

static bool find(struct flow_phone *p, bool (*fits)(const struct rf_sccp_msg *, uint32_t),
                 uint32_t value)
{
    for (size_t i = p->at; i < p->n_got; i++) {
        if (decode(p->got[i], &p->msg) && fits(&p->msg, value)) {
            p->at = i + 1;
            return true;
        }
    }
    return false;
}

static bool has_id(const struct rf_sccp_msg *m, uint32_t id)
{
    return m->id == id;
}

static bool has_state(const struct rf_sccp_msg *m, uint32_t state)
{
    return m->id == RF_SCCP_CALL_STATE && m->call_state.state == state;
}

static bool has_tone(const struct rf_sccp_msg *m, uint32_t tone)
{
    return m->id == RF_SCCP_START_TONE && m->start_tone.tone == tone;
}

const struct rf_sccp_msg *expect(struct flow_phone *p, uint32_t id)
{
    if (!find(p, has_id, id)) {
        show(p, p->at);
        fail_msg("%s: no %s", p->name, rf_sccp_id_name(id));
    }
    return &p->msg;
}

void expect_state(struct flow_phone *p, enum rf_sccp_state state)
{
    if (!find(p, has_state, state)) {
        show(p, p->at);
        fail_msg("%s: no CallState %d", p->name, (int)state);
    }
}

void expect_tone(struct flow_phone *p, enum rf_sccp_tone tone)
{
    if (!find(p, has_tone, tone)) {
        show(p, p->at);
        fail_msg("%s: no tone 0x%02x", p->name, (unsigned)tone);
    }
}

bool has_more(struct flow_phone *p, uint32_t id)
{
    size_t at = p->at;
    bool is_there = find(p, has_id, id);
    p->at = at;
    return is_there;
}

bool prompts(struct flow_phone *p, const char *text)
{
    enum rf_sccp_id id = rf_sccp_form(RF_SCCP_DISPLAY_PROMPT_STATUS, p->version);
    while (has_more(p, id))
        if (rf_slice_eq_str(expect(p, id)->display_prompt.text, text))
            return true;
    return false;
}

void expect_none(struct flow_phone *p, uint32_t id)
{
    if (find(p, has_id, id)) {
        show(p, p->at - 1);
        fail_msg("%s: got %s", p->name, rf_sccp_id_name(id));
    }
}

void expect_closed(struct flow_phone *p, const char *part_of_reason)
{
    assert_false(p->is_open);
    if (strstr(p->closed, part_of_reason) == NULL)
        fail_msg("%s: closed for \"%s\", not \"%s\"", p->name, p->closed, part_of_reason);
}

void forget(struct flow_phone *p)
{
    p->at = p->n_got;
}

const struct flow_event *expect_event(struct flow *f, const char *kind)
{
    for (size_t i = f->n_events; i > 0; i--)
        if (strcmp(f->events[i - 1].kind, kind) == 0)
            return &f->events[i - 1];
    fail_msg("no event %s", kind);
    return NULL;
}

size_t events_of(const struct flow *f, const char *kind)
{
    size_t n = 0;
    for (size_t i = 0; i < f->n_events; i++)
        n += strcmp(f->events[i].kind, kind) == 0;
    return n;
}

bool is_registered(struct flow *f, const char *name)
{
    struct rf_sccp_device_status st;
    return rf_sccp_device_status(f->svc, name, &st) == RF_OK && st.is_registered;
}

void expect_no_call(struct flow *f)
{
    assert_int_equal(rf_call_count(rf_sccp_service_calls(f->svc)), 0);
}
