/* SPDX-License-Identifier: Apache-2.0 */
#include "phone_kit.h"

#include "base/text.h"

#include <stdlib.h>
#include <unistd.h>

struct kit_ids ids;

/* ---- keys, once ---- */

/* The keys of the fixtures save the time of making RSA keys; the certificates are new. */
static struct id with_key(const char *key, enum rf_cert_role role, const char *cn)
{
    struct id from = fixture_id(key);
    struct id id = {0};
    struct rf_issue_self spec = {
        .role = role, .cn = cn, .org = "Ringfence test", .now_s = TEST_NOW, .days = 1000};
    id_set_key(&id, rf_key_ref(from.key));
    assert_err(rf_issue_self_signed(&spec, id.vault, &id.cert, NULL), RF_OK);
    id_fini(&from);
    return id;
}

int kit_ids_up(void **state)
{
    (void)state;
    ids.sast = with_key("sast", RF_CERT_ROLE_SAST, "sast1");
    ids.sast2 = with_key("sast2", RF_CERT_ROLE_SAST, "sast2");
    ids.stranger = with_key("phone", RF_CERT_ROLE_SAST, "stranger");
    ids.ccm = with_key("ccm", RF_CERT_ROLE_CCM, "ccm");
    ids.tftp = with_key("tftp", RF_CERT_ROLE_TFTP, "tftp");
    ids.capf = with_key("capf", RF_CERT_ROLE_CAPF, "capf");
    ids.tvs = with_key("tvs", RF_CERT_ROLE_TVS, "tvs");
    ids.image = with_key("tvs", RF_CERT_ROLE_IMAGE_SIGNER, "image key");
    ids.other_image = with_key("phone", RF_CERT_ROLE_IMAGE_SIGNER, "another image key");
    ids.mic_ca = self_id(RF_CERT_ROLE_MIC_ROOT, "MIC root", 0);
    ids.mic = mic_id(DEVICE, &ids.mic_ca, 0);
    ids.lsc = mic_id(DEVICE, &ids.mic_ca, 0);
    return 0;
}

int kit_ids_down(void **state)
{
    (void)state;
    struct id *all = (struct id *)&ids;
    for (size_t i = 0; i < sizeof ids / sizeof *all; i++)
        id_fini(&all[i]);
    return 0;
}

/* ---- files of the server ---- */

struct kit_file *kit_file(struct kit *k, const char *name)
{
    for (size_t i = 0; i < k->file_n; i++)
        if (strcmp(k->file[i].name, name) == 0)
            return &k->file[i];
    return NULL;
}

static struct kit_file *place(struct kit *k, const char *name)
{
    struct kit_file *f = kit_file(k, name);
    if (f == NULL) {
        assert_true(k->file_n < sizeof k->file / sizeof *k->file);
        f = &k->file[k->file_n++];
        snprintf(f->name, sizeof f->name, "%s", name);
    }
    rf_buf_fini(&f->bytes);
    return f;
}

void kit_serve(struct kit *k, const char *name, struct rf_buf take_bytes)
{
    struct kit_file *f = place(k, name);
    f->result = RF_FETCH_OK;
    f->bytes = take_bytes;
}

void kit_answer(struct kit *k, const char *name, enum rf_fetch_result result)
{
    place(k, name)->result = result;
}

void kit_flip(struct kit *k, const char *name, size_t at_from_end)
{
    struct kit_file *f = kit_file(k, name);
    assert_non_null(f);
    assert_true(at_from_end < f->bytes.len);
    f->bytes.p[f->bytes.len - 1 - at_from_end] ^= 0x10;
}

struct rf_buf kit_list_of(enum rf_list_kind kind, const struct id *signer, uint32_t timestamp,
                          const struct rf_list_entry *entries, size_t n)
{
    struct rf_buf out = RF_BUF(RF_TRUSTLIST_BYTES_MAX);
    struct rf_list_spec spec = {.kind = kind,
                                .entries = entries,
                                .n = n,
                                .digest = RF_DIGEST_SHA512,
                                .timestamp = timestamp};
    struct rf_why why = {0};
    if (rf_list_build(&spec, signer->vault, signer->cert, &out, &why) != RF_OK)
        print_error("list: %s\n", rf_why_text(&why));
    assert_true(out.len > 0);
    return out;
}

struct rf_buf kit_list(enum rf_list_kind kind, const struct id *signer, uint32_t timestamp)
{
    const struct rf_list_entry entries[] = {
        {signer->cert, RF_TRUSTLIST_ROLE_SAST, NULL},
        {signer == &ids.sast2 ? ids.sast.cert : ids.sast2.cert, RF_TRUSTLIST_ROLE_SAST, NULL},
        {ids.ccm.cert, RF_TRUSTLIST_ROLE_CCM, NULL},
        {ids.tftp.cert, RF_TRUSTLIST_ROLE_TFTP, NULL},
        {ids.capf.cert, RF_TRUSTLIST_ROLE_CAPF, NULL},
    };
    return kit_list_of(kind, signer, timestamp, entries, 5);
}

struct rf_phonexml *kit_config(void)
{
    struct rf_phonexml *c = rf_phonexml_new();
    c->cm_n = 1;
    snprintf(c->cm[0].name, sizeof c->cm[0].name, "192.0.2.5");
    c->cm[0].port = 2000;
    c->security_mode = RF_PHONEXML_MODE_ENCRYPTED;
    c->transport = RF_PHONEXML_TRANSPORT_TLS;
    snprintf(c->load_information, sizeof c->load_information, "rf-1");
    snprintf(c->version_stamp, sizeof c->version_stamp, "stamp-1");
    c->has_capf_auth_mode = true;
    c->capf_n = 1;
    snprintf(c->capf[0].name, sizeof c->capf[0].name, "192.0.2.6");
    c->capf[0].port = 3804;
    return c;
}

struct rf_buf kit_signed(const struct rf_phonexml *c, const char *name, const struct id *signer,
                         enum rf_digest digest, uint32_t timestamp)
{
    RF_AUTO(rf_buf_fini) struct rf_buf xml = RF_BUF(RF_PHONEXML_BYTES_MAX);
    struct rf_buf out = RF_BUF(RF_PHONEXML_BYTES_MAX + RF_SIGFILE_OVERHEAD_MAX);
    assert_err(rf_phonexml_encode(c, &xml, NULL), RF_OK);
    if (signer == NULL) {
        assert_err(rf_buf_add_slice(&out, rf_buf_slice(&xml)), RF_OK);
        return out;
    }
    struct rf_sigfile_spec spec = {
        .name = name, .digest = digest, .timestamp = timestamp, .body = rf_buf_slice(&xml)};
    assert_err(rf_sigfile_sign(signer->vault, signer->cert, &spec, &out, NULL), RF_OK);
    return out;
}

void kit_serve_file(struct kit *k, const char *name, struct rf_slice body, const struct id *signer,
                    enum rf_digest digest, uint32_t timestamp)
{
    struct rf_buf out = RF_BUF(body.len + RF_SIGFILE_OVERHEAD_MAX);
    struct rf_sigfile_spec spec = {
        .name = name, .digest = digest, .timestamp = timestamp, .body = body};
    assert_err(rf_sigfile_sign(signer->vault, signer->cert, &spec, &out, NULL), RF_OK);
    kit_serve(k, name, out);
}

void kit_serve_config(struct kit *k, const struct rf_phonexml *c)
{
    kit_serve(k, CONFIG, kit_signed(c, CONFIG, &ids.tftp, RF_DIGEST_SHA512, TEST_NOW - 100));
}

/* ---- firmware ---- */

struct rf_buf kit_image(const struct id *signer, const char *name, struct rf_slice body)
{
    struct rf_buf out = RF_BUF(body.len + RF_SIGFILE_OVERHEAD_MAX);
    struct rf_sigfile_spec spec = {.name = name, .digest = RF_DIGEST_SHA512, .body = body};
    assert_err(rf_image_sign(signer->vault, signer->cert, &spec, &out, NULL), RF_OK);
    return out;
}

struct rf_buf kit_app(const struct kit_load *l)
{
    uint8_t buf[1024];
    struct rf_slice body;
    char name[64], text[64];
    struct rf_fwpart_app app = {.version =
                                    rf_slice_str(strcmp(l->load, "rf-1") == 0 ? "1.0" : "2.0"),
                                .hardware = rf_slice_str(l->hardware),
                                .display_n = 2};
    snprintf(text, sizeof text, "hello from %s", l->load);
    app.display[0] =
        (struct rf_fwpart_display){.name = rf_slice_str("idle"), .text = rf_slice_str(text)};
    app.display[1] =
        (struct rf_fwpart_display){.name = rf_slice_str("boot"), .text = rf_slice_str("starting")};
    assert_err(rf_fwpart_app_encode(&app, buf, sizeof buf, &body, NULL), RF_OK);
    snprintf(name, sizeof name, "rfapp.%s.sbn", l->load);
    return kit_image(l->signer, name, body);
}

struct rf_buf kit_snd(const struct kit_load *l)
{
    uint8_t buf[1024];
    struct rf_slice body;
    char name[64];
    struct rf_fwpart_snd snd = {.sound_n = 1};
    snd.sound[0] = (struct rf_fwpart_sound){.kind = RF_FWPART_SOUND_RING,
                                            .name = rf_slice_str("ring"),
                                            .samples = rf_slice_str(l->load)};
    assert_err(rf_fwpart_snd_encode(&snd, buf, sizeof buf, &body, NULL), RF_OK);
    snprintf(name, sizeof name, "rfsnd.%s.sbn", l->load);
    return kit_image(l->signer, name, body);
}

struct rf_buf kit_loads(const struct kit_load *l)
{
    uint8_t buf[1024];
    struct rf_slice body;
    char app[64], snd[64], name[64];
    struct rf_loads loads = {.entry_n = 3};
    snprintf(app, sizeof app, "rfapp.%s.sbn", l->load);
    snprintf(snd, sizeof snd, "rfsnd.%s.sbn", l->load);
    loads.entry[0].name = rf_slice_str(app);
    loads.entry[1].name = rf_slice_str(snd);
    /* An optional one that no server has. */
    loads.entry[2] =
        (struct rf_loads_entry){.name = rf_slice_str("rfopt.sbn"),
                                .is_optional = true,
                                .has_digest = true,
                                .size_bytes = 1,
                                .md5 = rf_slice_str("0123456789abcdef0123456789abcdef")};
    assert_err(rf_loads_encode(&loads, buf, sizeof buf, &body, NULL), RF_OK);
    snprintf(name, sizeof name, "%s.loads", l->load);
    return kit_image(l->signer, name, body);
}

void kit_serve_load(struct kit *k, const struct kit_load *l)
{
    char name[64];
    snprintf(name, sizeof name, "%s.loads", l->load);
    kit_serve(k, name, kit_loads(l));
    snprintf(name, sizeof name, "rfapp.%s.sbn", l->load);
    kit_serve(k, name, kit_app(l));
    snprintf(name, sizeof name, "rfsnd.%s.sbn", l->load);
    kit_serve(k, name, kit_snd(l));
}

/* ---- the flash ---- */

static void make_phone(struct kit *k)
{
    RF_AUTO(rf_freep) char *load_dir = rf_path_join(k->dir, "load");
    const struct kit_load first = {"rf-1", HARDWARE, &ids.image};
    struct rf_buf bytes[3] = {kit_loads(&first), kit_app(&first), kit_snd(&first)};
    static const char *const names[] = {"rf-1.loads", "rfapp.rf-1.sbn", "rfsnd.rf-1.sbn"};
    assert_err(rf_dir_make(load_dir, 0700, NULL), RF_OK);
    for (size_t i = 0; i < 3; i++) {
        RF_AUTO(rf_freep) char *path = rf_path_join(load_dir, names[i]);
        assert_err(rf_file_replace(path, rf_buf_slice(&bytes[i]), 0644, NULL), RF_OK);
        rf_buf_fini(&bytes[i]);
    }
    struct rf_cert_list chain = {.n = 1, .cert = {ids.mic_ca.cert}};
    struct rf_image_keys keys = {.list = {.n = 1, .cert = {ids.image.cert}}};
    struct rf_flash_make make = {
        .identity = {.device = DEVICE, .model = "7962", .serial_number = "RF1"},
        .mic_key = ids.mic.key,
        .mic = ids.mic.cert,
        .mic_chain = &chain,
        .image_keys = &keys,
        .load_dir = load_dir,
        .loads_name = "rf-1.loads"};
    snprintf(make.identity.hardware, sizeof make.identity.hardware, HARDWARE);
    struct rf_why why = {0};
    if (rf_flash_create(k->flash_dir, &make, &why) != RF_OK)
        print_error("flash: %s\n", rf_why_text(&why));
    assert_string_equal(why.code, "");
}

struct hashing {
    const struct kit *k;
    const char *sub;
    struct rf_hash *hash;
};

static enum rf_err hash_one(void *arg, const char *name)
{
    const struct hashing *h = arg;
    RF_AUTO(rf_buf_fini) struct rf_buf bytes = {0};
    RF_AUTO(rf_freep) char *path = rf_strf("%s/%s%s", h->k->flash_dir, h->sub, name);
    if (strcmp(name, "status.json") == 0)
        return RF_OK;
    assert_err(rf_file_read(path, 1 << 20, &bytes, NULL), RF_OK);
    rf_hash_add(h->hash, rf_slice_str(path));
    rf_hash_add(h->hash, rf_buf_slice(&bytes));
    return RF_OK;
}

void kit_flash_hash(const struct kit *k, char out[65])
{
    static const char *const subs[] = {"", "slot.a/", "slot.b/", "files/"};
    uint8_t md[RF_DIGEST_MAX];
    struct hashing h = {.k = k, .hash = rf_hash_new(RF_DIGEST_SHA256)};
    for (size_t i = 0; i < 4; i++) {
        RF_AUTO(rf_freep) char *dir = rf_path_join(k->flash_dir, subs[i]);
        h.sub = subs[i];
        if (rf_file_exists(dir))
            assert_err(rf_dir_each(dir, hash_one, &h, NULL), RF_OK);
    }
    size_t n = rf_hash_end(h.hash, md);
    rf_hash_free(h.hash);
    rf_hex(rf_slice_of(md, n), out, 65);
}

struct rf_buf kit_flash_file(const struct kit *k, const char *name)
{
    struct rf_buf bytes = {0};
    RF_AUTO(rf_freep) char *path = rf_path_join(k->flash_dir, name);
    assert_err(rf_file_read(path, 1 << 20, &bytes, NULL), RF_OK);
    return bytes;
}

void kit_flash_put(const struct kit *k, const char *name, struct rf_slice bytes)
{
    RF_AUTO(rf_freep) char *path = rf_path_join(k->flash_dir, name);
    assert_err(rf_file_replace(path, bytes, 0600, NULL), RF_OK);
}

bool kit_has_status(const struct kit *k, const char *text)
{
    RF_AUTO(rf_flash_freep) struct rf_flash *flash = NULL;
    RF_AUTO(rf_freep) struct rf_flash_status *all = rf_new(struct rf_flash_status);
    assert_err(rf_flash_open(k->flash_dir, &flash, NULL), RF_OK);
    rf_flash_status_read(flash, all);
    for (size_t i = 0; i < all->n; i++)
        if (strcmp(all->message[i].text, text) == 0)
            return true;
    return false;
}

/* ---- the pretend TFTP server ---- */

static enum rf_err fetch_get(void *fetcher, const char *host, const char *name, size_t max,
                             rf_fetch_done done, void *arg, void **fetch, struct rf_why *why)
{
    struct kit *k = fetcher;
    (void)why;
    assert_string_equal(k->fetch.name, "");
    k->fetch = (struct kit_fetch){.max = max, .done = done, .arg = arg};
    snprintf(k->fetch.name, sizeof k->fetch.name, "%s", name);
    snprintf(k->fetch.host, sizeof k->fetch.host, "%s", host != NULL ? host : "");
    assert_err(rf_buf_addf(&k->asked, "%s%s%s\n", k->fetch.host, host != NULL ? ":" : "", name),
               RF_OK);
    *fetch = &k->fetch;
    return RF_OK;
}

static void fetch_cancel(void *fetch)
{
    ((struct kit_fetch *)fetch)->name[0] = '\0';
}

static enum rf_fetch_via fetch_via(const void *fetcher)
{
    return ((const struct kit *)fetcher)->via;
}

static void deliver(struct kit *k)
{
    struct kit_fetch f = k->fetch;
    const struct kit_file *file = kit_file(k, f.name);
    struct rf_buf bytes = RF_BUF(f.max);
    enum rf_fetch_result result = file == NULL ? RF_FETCH_NOT_FOUND : file->result;
    struct rf_why why = {0};
    if (result == RF_FETCH_OK && rf_buf_add_slice(&bytes, rf_buf_slice(&file->bytes)) != RF_OK)
        result = RF_FETCH_TOO_LONG;
    if (result != RF_FETCH_OK)
        rf_why_set(&why, RF_ERR_IO,
                   result == RF_FETCH_NOT_FOUND  ? "file-not-found"
                   : result == RF_FETCH_TIMEOUT  ? "tftp-timeout"
                   : result == RF_FETCH_TOO_LONG ? "file-too-large"
                                                 : "tftp-error",
                   "%s", f.name);
    k->fetch.name[0] = '\0';
    f.done(f.arg, result, &bytes, &why);
    rf_buf_fini(&bytes);
}

/* ---- the pretend talking halves; their net_arg is the kit ---- */

static enum rf_err enrol_start(const struct rf_enrol_conf *conf, struct rf_enrol **out,
                               struct rf_why *why)
{
    struct kit *k = conf->net_arg;
    (void)why;
    assert_false(k->enrol.is_running);
    k->enrol.n++;
    k->enrol.conf = *conf;
    snprintf(k->enrol.host, sizeof k->enrol.host, "%s", conf->host);
    k->enrol.string = (struct rf_secret){0};
    if (conf->auth_string != NULL)
        assert_err(rf_secret_set(&k->enrol.string, rf_secret_slice(conf->auth_string)), RF_OK);
    k->enrol.is_running = true;
    k->enrol.has_stepped = false;
    *out = (struct rf_enrol *)(void *)k;
    return RF_OK;
}

/* As the real one's, its end comes later. */
static void enrol_abort(struct rf_enrol *enrol)
{
    struct kit *k = (struct kit *)(void *)enrol;
    k->enrol.aborted++;
    k->enrol.is_held = false;
    k->enrol.will_be = (struct rf_enrol_result){.outcome = RF_ENROL_FAILED, .reason = -1};
    rf_why_set(&k->enrol.will_be.why, RF_ERR_DENIED, "aborted", "as the user wants");
}

static void enrol_free(struct rf_enrol *enrol)
{
    struct kit *k = (struct kit *)(void *)enrol;
    if (k == NULL)
        return;
    k->enrol.is_running = false;
    rf_free(rf_steal(&k->enrol.result));
}

static struct rf_ask_tvs *ask_tvs_start(const struct rf_ask_tvs_conf *conf)
{
    struct kit *k = conf->net_arg;
    assert_false(k->tvs.is_running);
    k->tvs.n++;
    k->tvs.conf = *conf;
    k->tvs.is_running = true;
    return (struct rf_ask_tvs *)(void *)k;
}

static void ask_tvs_free(struct rf_ask_tvs *ask)
{
    struct kit *k = (struct kit *)(void *)ask;
    if (k != NULL)
        k->tvs.is_running = false;
}

static void finish_tvs(struct kit *k)
{
    k->tvs.conf.on_done(k->tvs.conf.arg, &k->tvs.will_be);
}

/* What the real one does on the worker before it says INSTALLED. */
static void finish_enrol(struct kit *k)
{
    const struct rf_enrol_conf *c = &k->enrol.conf;
    struct rf_enrol_result result = k->enrol.will_be;
    c->on_step(c->arg, RF_ENROL_STEP_CONNECTED);
    assert_true(k->enrol.is_running); /* it is not freed from inside its own machine */
    if (result.outcome == RF_ENROL_INSTALLED) {
        assert_err(c->flash->save_pending(c->flash_arg, ids.lsc.key, NULL), RF_OK);
        assert_err(c->flash->save_lsc(c->flash_arg, ids.lsc.key, ids.lsc.cert, NULL), RF_OK);
        result.cert = ids.lsc.cert;
    } else if (result.outcome == RF_ENROL_DELETED) {
        assert_err(c->flash->remove_lsc(c->flash_arg, NULL), RF_OK);
    }
    /* As the real one's, the result lives no longer than the enrolment. */
    k->enrol.result = rf_new(struct rf_enrol_result);
    *k->enrol.result = result;
    c->on_done(c->arg, k->enrol.result);
    rf_free(rf_steal(&k->enrol.result));
}

static enum rf_err station_new(const struct rf_station_conf *conf, struct rf_station **out,
                               struct rf_why *why)
{
    struct kit *k = conf->net_arg;
    assert_false(k->station.is_there);
    if (conf->n_servers == 0)
        return rf_why_set(why, RF_ERR_BAD, "station-servers", "no server");
    k->station.n++;
    k->station.conf = *conf;
    k->station.is_there = true;
    snprintf(k->station.load, sizeof k->station.load, "%s", conf->load);
    snprintf(k->station.alarm_text, sizeof k->station.alarm_text, "%s",
             conf->alarm_text != NULL ? conf->alarm_text : "");
    *out = (struct rf_station *)(void *)k;
    return RF_OK;
}

static struct kit *of(const struct rf_station *st)
{
    return (struct kit *)(uintptr_t)st;
}

static void say(struct kit *k, const struct rf_station_event *ev)
{
    assert_true(k->station.is_there);
    k->station.conf.on_event(k->station.conf.arg, ev);
}

static void station_start(struct rf_station *st)
{
    of(st)->station.started++;
}

static void station_stop(struct rf_station *st)
{
    of(st)->station.stopped++;
    say(of(st), &(struct rf_station_event){.kind = RF_STATION_STOPPED});
}

static void station_free(struct rf_station *st)
{
    if (st == NULL)
        return;
    of(st)->station.freed++;
    of(st)->station.is_there = false;
}

static void station_alarm(struct rf_station *st, enum rf_sccp_alarm_severity severity,
                          enum rf_sccp_alarm_reason number, const char *text)
{
    struct kit_station *s = &of(st)->station;
    (void)severity;
    s->alarms++;
    s->alarm = number;
    snprintf(s->alarm_said, sizeof s->alarm_said, "%s", text);
}

static void station_status(const struct rf_station *st, struct rf_station_status *out)
{
    *out = (struct rf_station_status){.call = of(st)->station.call};
}

static const struct rf_phone_parts parts = {
    .enrol_start = enrol_start,
    .enrol_abort = enrol_abort,
    .enrol_free = enrol_free,
    .ask_tvs_start = ask_tvs_start,
    .ask_tvs_free = ask_tvs_free,
    .station_new = station_new,
    .station_start = station_start,
    .station_stop = station_stop,
    .station_free = station_free,
    .station_alarm = station_alarm,
    .station_status = station_status,
};

/* The network's argument is the kit, as that of the halves. */
static enum rf_err net_open(void *arg, const struct rf_phone_link_conf *conf, void **link,
                            struct rf_why *why)
{
    return net_ops()->open(&((struct kit *)arg)->net, conf, link, why);
}

static const struct rf_phone_link_ops *kit_net(void)
{
    static struct rf_phone_link_ops ops;
    ops = *net_ops();
    ops.open = net_open;
    return &ops;
}

void kit_registered(struct kit *k)
{
    say(k, &(struct rf_station_event){
               .kind = RF_STATION_REGISTERED, .server = "192.0.2.5:2443", .version = 22});
}

void kit_enrol_ends(struct kit *k)
{
    assert_true(k->enrol.is_running && k->enrol.is_held);
    k->enrol.is_held = false;
}

void kit_call(struct kit *k, enum rf_station_call_state state)
{
    k->station.call = state;
    say(k, &(struct rf_station_event){.kind = RF_STATION_CALL, .call_state = state, .ref = 1});
}

void kit_reset(struct kit *k, enum rf_sccp_reset_type type)
{
    say(k, &(struct rf_station_event){.kind = RF_STATION_RESET, .reset = type});
}

/* ---- events, and letting it go on ---- */

static bool holds(const struct rf_buf *text, size_t from, const char *part, size_t *end)
{
    struct rf_slice rest = rf_slice_part(rf_buf_slice(text), from, text->len);
    size_t at = rf_slice_find(rest, rf_slice_str(part));
    if (at == SIZE_MAX)
        return false;
    if (end != NULL)
        *end = from + at + strlen(part);
    return true;
}

static void on_event(void *arg, const struct rf_phone_event *event)
{
    struct kit *k = arg;
    size_t line = k->log.len;
    assert_err(rf_buf_addf(&k->log, "%s", event->name), RF_OK);
    for (size_t i = 0; i < event->n; i++) {
        const struct rf_phone_value *v = &event->value[i];
        if (v->type == RF_PHONE_TEXT)
            assert_err(rf_buf_addf(&k->log, " %s=%s", v->key, v->text), RF_OK);
        else
            assert_err(rf_buf_addf(&k->log, " %s=%lld", v->key, (long long)v->number), RF_OK);
    }
    assert_err(rf_buf_addf(&k->log, "\n"), RF_OK);
    k->is_stopped |= event->kind == RF_PHONE_STOPPED;
    if (k->stop_at != NULL && holds(&k->log, line, k->stop_at, NULL)) {
        k->stop_at = NULL;
        rf_phone_stop(k->phone);
    }
}

bool kit_saw(const struct kit *k, const char *part)
{
    return holds(&k->log, 0, part, NULL);
}

bool kit_asked(const struct kit *k, const char *name)
{
    char line[128];
    snprintf(line, sizeof line, "%s\n", name);
    return holds(&k->asked, 0, line, NULL);
}

/* One step; false when nothing can happen any more without time passing or the worker. */
static bool step(struct kit *k)
{
    if (rf_mailbox_run(k->answers, k) > 0)
        return true;
    if (k->fetch.name[0] != '\0') {
        deliver(k);
        return true;
    }
    if (k->enrol.is_running && k->enrol.is_held && !k->enrol.has_stepped) {
        k->enrol.has_stepped = true;
        k->enrol.conf.on_step(k->enrol.conf.arg, RF_ENROL_STEP_KEY_ASKED);
        return true;
    }
    if (k->enrol.is_running && !k->enrol.is_held) {
        finish_enrol(k);
        return true;
    }
    if (k->tvs.is_running) {
        finish_tvs(k);
        return true;
    }
    if (net_settle(&k->net))
        return true;
    if (rf_timers_wait_ms(k->timers) == 0) {
        rf_timers_run(k->timers);
        return true;
    }
    return false;
}

void kit_until(struct kit *k, const char *part)
{
    while (!holds(&k->log, k->log_at, part, &k->log_at)) {
        if (step(k) || rf_mailbox_wait(k->answers, 20000))
            continue;
        print_error("never came: %s\n%.*s", part, (int)k->log.len, (char *)k->log.p);
        fail();
    }
}

void kit_until_registering(struct kit *k)
{
    while (k->station.started == k->station.seen) {
        if (step(k) || rf_mailbox_wait(k->answers, 20000))
            continue;
        print_error("never registered\n%.*s", (int)k->log.len, (char *)k->log.p);
        fail();
    }
    k->station.seen = k->station.started;
}

void kit_pass(struct kit *k, uint64_t ms)
{
    rf_clock_fake_advance(&k->clock, ms);
    rf_timers_run(k->timers);
}

/* ---- life ---- */

void kit_boot(struct kit *k)
{
    k->conf = (struct rf_phone_conf){
        .flash_dir = k->flash_dir,
        .fetch = k->conf.fetch,
        .fetcher = k,
        .device_secret = k->conf.device_secret,
        .auth_string = k->conf.auth_string,
        .min_load_version = k->conf.min_load_version,
        .allow_sha1 = k->conf.allow_sha1,
        .has_file_rollback = k->conf.has_file_rollback,
        .file_rollback = k->conf.file_rollback,
        .load_max = k->conf.load_max,
        .no_clock = k->conf.no_clock,
        .parts = &parts,
        .net = kit_net(),
        .net_arg = k,
        .clock = &k->clock.clock,
        .timers = k->timers,
        .worker = k->worker,
        .answers = k->answers,
        .on_event = on_event,
        .arg = k,
    };
    rf_buf_fini(&k->log);
    rf_buf_fini(&k->asked);
    k->log_at = 0;
    k->is_stopped = false;
    k->station.seen = k->station.started;
    k->phone = rf_phone_new(&k->conf);
    rf_phone_start(k->phone);
}

void kit_off(struct kit *k)
{
    if (k->phone == NULL)
        return;
    rf_phone_stop(k->phone);
    while (!k->is_stopped)
        if (!step(k))
            assert_true(rf_mailbox_wait(k->answers, 20000));
    rf_phone_free(k->phone);
    k->phone = NULL;
    assert_int_equal(rf_timers_wait_ms(k->timers), -1);
    assert_false(k->station.is_there || k->enrol.is_running || k->tvs.is_running);
    assert_string_equal(k->fetch.name, "");
}

int kit_up(void **state)
{
    static const struct rf_fetch_ops fetch = {
        .get = fetch_get, .cancel = fetch_cancel, .last_via = fetch_via};
    struct kit *k = rf_new(struct kit);
    test_tmp(k->dir, sizeof k->dir, "phone");
    assert_non_null(mkdtemp(k->dir));
    snprintf(k->flash_dir, sizeof k->flash_dir, "%s/flash", k->dir);
    rf_clock_fake_init(&k->clock, TEST_NOW);
    k->timers = rf_timers_new(&k->clock.clock);
    k->answers = rf_mailbox_new("phone", 64);
    k->worker = rf_worker_start("phone", 64, k);
    k->log = RF_BUF(1 << 20);
    k->asked = RF_BUF(1 << 16);
    k->conf.fetch = &fetch;
    make_phone(k);
    RF_AUTO(rf_phonexml_freep) struct rf_phonexml *c = kit_config();
    kit_serve_config(k, c);
    kit_serve(k, CTL, kit_list(RF_LIST_CTL, &ids.sast, TEST_NOW - 200));
    kit_serve(k, ITL, kit_list(RF_LIST_ITL, &ids.sast, TEST_NOW - 200));
    kit_serve_load(k, &(struct kit_load){"rf-1", HARDWARE, &ids.image});
    kit_serve_load(k, &(struct kit_load){"rf-2", HARDWARE, &ids.image});
    *state = k;
    return 0;
}

int kit_down(void **state)
{
    struct kit *k = *state;
    kit_off(k);
    rf_worker_stop(k->worker);
    rf_mailbox_free(k->answers);
    rf_timers_free(k->timers);
    static const char *const dirs[] = {"flash/slot.a", "flash/slot.b", "flash/files",
                                       "flash",        "load",         "."};
    for (size_t i = 0; i < 6; i++) {
        RF_AUTO(rf_freep) char *dir = rf_path_join(k->dir, dirs[i]);
        if (!rf_file_exists(dir))
            continue; /* files/: a phone that was never given any */
        assert_err(rf_dir_empty(dir, NULL), RF_OK);
        if (i < 5)
            assert_int_equal(rmdir(dir), 0);
    }
    assert_int_equal(rmdir(k->dir), 0);
    for (size_t i = 0; i < k->file_n; i++)
        rf_buf_fini(&k->file[i].bytes);
    rf_buf_fini(&k->log);
    rf_buf_fini(&k->asked);
    net_fini(&k->net);
    rf_free(k);
    return 0;
}
