/* SPDX-License-Identifier: Apache-2.0 */
#include "provision_world.h"

#include <unistd.h>

#include "base/text.h"
#include "trust/sigfile.h"
#include "wire/phonexml/phonexml.h"
#include "wire/trustlist/trustlist.h"

static enum rf_err world_key(void *state, struct rf_vault_key **key, struct rf_cert **cert,
                             struct rf_why *why)
{
    struct world *w = state;
    if (w->signer_fails != RF_OK)
        return rf_why_set(why, w->signer_fails, "signer-gone", "the signer process ended");
    *key = rf_vault_key_from_key(w->signer.key);
    *cert = rf_cert_ref(w->signer.cert);
    return RF_OK;
}

static void note_alarm(void *arg, const char *code, const char *device, const char *text)
{
    struct world *w = arg;
    (void)text;
    w->alarms_n++;
    snprintf(w->alarm, sizeof w->alarm, "%s %s", code, device);
}

static void start(struct world *w)
{
    RF_AUTO(rf_freep) char *db = rf_site_path(w->site, RF_SITE_DB);
    assert_err(rf_store_open(db, &w->store, NULL), RF_OK);
    w->loop = rf_loop_new(&w->clock.clock, "test");
    w->store_worker = rf_worker_start("store", 1024, w->store);
    w->signer_worker = rf_worker_start("signer", 1024, w);
    w->second_signer_worker = rf_worker_start("signer", 1024, w);
    struct rf_provision_conf conf = {.loop = w->loop,
                                     .site = w->site,
                                     .ports = &w->ports,
                                     .store = w->store_worker,
                                     .db = w->store,
                                     .on_alarm = note_alarm,
                                     .alarm_arg = w,
                                     .signer = w->signer_worker,
                                     .signer_too = w->second_signer_worker,
                                     .signing_key = world_key,
                                     .wrap_key = &w->wrap_key};
    w->p = rf_provision_new(&conf);
}

static void stop(struct world *w)
{
    rf_provision_free(w->p);
    rf_worker_stop(w->store_worker);
    rf_worker_stop(w->signer_worker);
    rf_worker_stop(w->second_signer_worker);
    rf_loop_free(w->loop);
    rf_store_close(w->store);
}

void world_restart(struct world *w)
{
    world_forget(w);
    stop(w);
    start(w);
}

struct world *world_new(void)
{
    struct world *w = rf_new(struct world);
    test_tmp(w->dir, sizeof w->dir, "world");
    assert_non_null(mkdtemp(w->dir));
    assert_err(rf_site_make(w->dir, NULL), RF_OK);
    RF_AUTO(rf_site_conf_freep) struct rf_site_conf *conf = rf_site_conf_new();
    assert_err(rf_site_conf_create(w->dir, conf, NULL), RF_OK);
    assert_err(rf_site_open(w->dir, &w->site, NULL), RF_OK);
    w->ports = (struct rf_site_ports){.sccp_tls = 2443, .capf = 3804, .tftp = 69};
    rf_clock_fake_init(&w->clock, WORLD_NOW);
    w->signer = fixture_id("tftp");
    assert_err(rf_secret_set(&w->wrap_key, rf_slice_str("0123456789abcdef0123456789abcdef")),
               RF_OK);
    start(w);
    return w;
}

void world_free(struct world *w)
{
    world_forget(w);
    stop(w);
    static const enum rf_site_item folders[] = {RF_SITE_KEYS,   RF_SITE_CERTS,     RF_SITE_LISTS,
                                                RF_SITE_DB_DIR, RF_SITE_IMAGES,    RF_SITE_FILES,
                                                RF_SITE_RUN,    RF_SITE_MIC_ROOTS, RF_SITE_TRUST};
    for (size_t i = 0; i < sizeof folders / sizeof *folders; i++) {
        RF_AUTO(rf_freep) char *path = rf_site_path(w->site, folders[i]);
        assert_err(rf_dir_empty(path, NULL), RF_OK);
        assert_int_equal(rmdir(path), 0);
    }
    assert_err(rf_dir_empty(w->dir, NULL), RF_OK);
    assert_int_equal(rmdir(w->dir), 0);
    rf_site_free(w->site);
    id_fini(&w->signer);
    rf_free(w);
}

int world_set_up(void **state)
{
    *state = world_new();
    return 0;
}

int world_tear_down(void **state)
{
    world_free(*state);
    return 0;
}

/* ---- the site ---- */

void world_put(struct world *w, const char *rest, struct rf_slice content)
{
    RF_AUTO(rf_freep) char *path = rf_path_join(w->dir, rest);
    assert_err(rf_file_replace(path, content, 0644, NULL), RF_OK);
}

void world_remove(struct world *w, const char *rest)
{
    RF_AUTO(rf_freep) char *path = rf_path_join(w->dir, rest);
    assert_err(rf_file_remove(path, NULL), RF_OK);
}

void world_put_list(struct world *w, const char *name, const int *roles)
{
    static const uint8_t serial[] = {7}, hash[20] = {1};
    struct rf_trustlist_record records[8] = {0};
    size_t n = 0;
    for (; roles[n] >= 0; n++)
        records[n] = (struct rf_trustlist_record){.role = (uint16_t)roles[n],
                                                  .issuer = rf_slice_str("CN=x"),
                                                  .serial = rf_slice_of(serial, sizeof serial),
                                                  .hash = rf_slice_of(hash, sizeof hash),
                                                  .hash_algorithm = RF_SIGNEDFILE_SHA1};
    world_put_records(w, name, records, n);
}

void world_put_records(struct world *w, const char *name, const struct rf_trustlist_record *records,
                       size_t n)
{
    static const uint8_t serial[] = {7};
    struct rf_signedfile_spec spec = {.signer = rf_slice_str("CN=x"),
                                      .issuer = rf_slice_str("CN=x"),
                                      .serial = rf_slice_of(serial, sizeof serial),
                                      .hash = RF_SIGNEDFILE_SHA512,
                                      .signature_len = 256,
                                      .file_name = rf_slice_str(name),
                                      .has_timestamp = true,
                                      .timestamp = WORLD_NOW};
    uint8_t bytes[8192];
    struct rf_signedfile_layout layout;
    struct rf_slice whole;
    assert_err(rf_trustlist_encode(&spec, records, n, bytes, sizeof bytes, &layout, &whole, NULL),
               RF_OK);
    RF_AUTO(rf_freep) char *rest = rf_path_join("lists", name);
    world_put(w, rest, whole);
}

void world_set(struct world *w, const char *option, const char *value)
{
    assert_err(rf_site_conf_set(&w->site->conf, option, value, NULL), RF_OK);
    rf_provision_set_site(w->p, w->site, &w->ports);
}

/* ---- devices; the store is used here while its worker has nothing to do ---- */

struct barrier {
    struct rf_job job;
    bool is_done;
};

static void barrier_work(struct rf_job *job, void *state)
{
    (void)job;
    (void)state;
}

static void barrier_done(struct rf_job *job, void *reader)
{
    (void)reader;
    ((struct barrier *)job)->is_done = true;
}

/* Twice: what is noted while the first batch of notes is written makes one more. */
void world_settle(struct world *w)
{
    for (unsigned i = 0; i < 2; i++) {
        struct barrier b = {.job = {.work = barrier_work,
                                    .done = barrier_done,
                                    .answer_to = rf_loop_mailbox(w->loop)}};
        assert_err(rf_worker_post(w->store_worker, &b.job), RF_OK);
        while (!b.is_done)
            rf_loop_turn(w->loop, 10);
    }
}

void world_add(struct world *w, const char *name, enum rf_store_mode mode, const char *load)
{
    world_settle(w);
    struct rf_store_phone phone = {0};
    snprintf(phone.device.name, sizeof phone.device.name, "%s", name);
    snprintf(phone.device.model, sizeof phone.device.model, "8861");
    snprintf(phone.device.load, sizeof phone.device.load, "%s", load);
    phone.device.mode = mode;
    assert_err(rf_store_device_add(w->store, &phone, rf_wall_s(&w->clock.clock), NULL, NULL),
               RF_OK);
}

struct rf_store_device world_device(struct world *w, const char *name)
{
    world_settle(w);
    struct rf_store_phone phone = {0};
    assert_err(rf_store_device_load(w->store, name, &phone, NULL), RF_OK);
    struct rf_store_device device = phone.device;
    rf_store_phone_fini(&phone);
    return device;
}

void world_change(struct world *w, const struct rf_store_device *device)
{
    world_settle(w);
    struct rf_store_phone phone = {.device = *device};
    assert_err(rf_store_device_change(w->store, &phone, rf_wall_s(&w->clock.clock), NULL, NULL),
               RF_OK);
}

int64_t world_schedule(struct world *w, const char *name, enum rf_store_auth auth,
                       int64_t complete_by_s)
{
    world_settle(w);
    struct rf_store_capf op = {
        .op = RF_STORE_OP_INSTALL, .auth = auth, .key_bits = 2048, .complete_by_s = complete_by_s};
    snprintf(op.device, sizeof op.device, "%s", name);
    if (auth == RF_STORE_AUTH_STRING)
        snprintf(op.string_hash, sizeof op.string_hash, "x");
    int64_t id = 0;
    assert_err(rf_store_capf_schedule(w->store, &op, rf_wall_s(&w->clock.clock), NULL, &id, NULL),
               RF_OK);
    return id;
}

/* ---- asking ---- */

static void got_it(void *arg, uint64_t number, enum rf_err err, struct rf_content *content,
                   const struct rf_why *why)
{
    struct world *w = arg;
    assert_true(w->answers_n < WORLD_ANSWERS);
    assert_true((err == RF_OK) == (content != NULL));
    if (err != RF_OK)
        assert_string_not_equal(why->code, "");
    w->answers[w->answers_n++] =
        (struct answer){.number = number,
                        .err = err,
                        .content = content != NULL ? rf_content_ref(content) : NULL,
                        .why = *why};
}

enum rf_err world_ask(struct world *w, struct rf_slice name)
{
    size_t before = w->answers_n;
    struct rf_provision_ask ask = {.name = name, .via = w->via, .from = w->from};
    memcpy(ask.device, w->proven, sizeof ask.device);
    enum rf_err err = rf_provision_get(w->p, &ask, got_it, w, ++w->number);
    assert_int_equal(w->answers_n, before); /* never from inside */
    return err;
}

void world_wait(struct world *w, size_t answers)
{
    for (unsigned turn = 0; w->answers_n < answers && turn < 2000; turn++)
        rf_loop_turn(w->loop, 10);
    world_settle(w);
    assert_int_equal(w->answers_n, answers);
}

void world_forget(struct world *w)
{
    for (size_t i = 0; i < w->answers_n; i++)
        rf_content_unref(w->answers[i].content);
    w->answers_n = 0;
}

const struct answer *world_get(struct world *w, const char *name)
{
    world_forget(w);
    assert_err(world_ask(w, rf_slice_str(name)), RF_OK);
    world_wait(w, 1);
    if (w->answers[0].err != RF_OK)
        print_message("%s: %s\n", name, rf_why_text(&w->answers[0].why));
    return &w->answers[0];
}

const struct answer *world_get_as(struct world *w, const char *name, enum rf_provision_via via,
                                  const char *from, const char *device)
{
    struct rf_provision_ask ask = {.name = rf_slice_str(name), .via = via};
    assert_err(rf_address_parse(from, 1024, &ask.from, NULL), RF_OK);
    snprintf(ask.device, sizeof ask.device, "%s", device);
    memcpy(ask.cert_sha256, w->cert_sha256, sizeof ask.cert_sha256);
    ask.must_be_known = w->must_be_known;
    world_forget(w);
    assert_err(rf_provision_get(w->p, &ask, got_it, w, ++w->number), RF_OK);
    world_wait(w, 1);
    return &w->answers[0];
}

struct rf_phonexml *world_config(struct world *w, const char *name)
{
    const struct answer *a = world_get(w, name);
    struct rf_phonexml *c = NULL;
    assert_int_equal(a->err, RF_OK);
    struct rf_slice body = rf_content_bytes(a->content);
    struct rf_sigfile_policy policy = {.expected_name = rf_slice_str(name),
                                       .has_now = true,
                                       .now_s = rf_wall_s(&w->clock.clock),
                                       .allow_sha1 = true};
    struct rf_sigfile_info info;
    struct rf_why why = {0};
    if (rf_slice_ends_with(rf_slice_str(name), ".sgn")) {
        enum rf_err err = rf_sigfile_verify(body, w->signer.cert, &policy, &info, &why);
        if (err != RF_OK)
            print_error("%s\n", rf_why_text(&why));
        assert_int_equal(err, RF_OK);
        body = info.body;
    }
    assert_err(rf_phonexml_decode(body, &c, NULL), RF_OK);
    return c;
}
