/* SPDX-License-Identifier: Apache-2.0 */
#include "enrol_world.h"

static enum rf_err flash_result(const struct fake_flash *f, struct rf_why *why)
{
    return f->fails ? rf_why_set(why, RF_ERR_IO, "file-io", "no space") : RF_OK;
}

static enum rf_err save_pending(void *arg, const struct rf_key *key, struct rf_why *why)
{
    struct fake_flash *f = arg;
    if (f->gate != NULL)
        sem_wait(f->gate);
    if (f->fails)
        return flash_result(f, why);
    rf_key_free(f->pending);
    f->pending = rf_key_ref((struct rf_key *)(uintptr_t)key);
    if (f->shared != NULL)
        f->shared->has_pending = true;
    return RF_OK;
}

static enum rf_err load_pending(void *arg, struct rf_key **out, struct rf_why *why)
{
    struct fake_flash *f = arg;
    if (f->pending == NULL)
        return rf_why_set(why, RF_ERR_NOT_FOUND, "file-not-found", "no such file");
    *out = rf_key_ref(f->pending);
    return RF_OK;
}

static enum rf_err save_lsc(void *arg, const struct rf_key *key, const struct rf_cert *cert,
                            struct rf_why *why)
{
    struct fake_flash *f = arg;
    if (f->gate != NULL)
        sem_wait(f->gate);
    if (f->fails)
        return flash_result(f, why);
    rf_key_free(f->key);
    rf_cert_unref(f->cert);
    f->key = rf_key_ref((struct rf_key *)(uintptr_t)key);
    f->cert = rf_cert_ref((struct rf_cert *)(uintptr_t)cert);
    f->saved++;
    if (f->shared != NULL)
        f->shared->has_new = true;
    return RF_OK;
}

static enum rf_err remove_lsc(void *arg, struct rf_why *why)
{
    struct fake_flash *f = arg;
    if (f->fails)
        return flash_result(f, why);
    f->removed++;
    return RF_OK;
}

static const struct rf_enrol_flash flash_ops = {.save_pending = save_pending,
                                                .load_pending = load_pending,
                                                .save_lsc = save_lsc,
                                                .remove_lsc = remove_lsc};

struct id capf, ccm, stranger, issuer, mic_root, mic, old_lsc;
static struct rf_lists installed;

static void on_step(void *arg, enum rf_enrol_step step)
{
    struct world *w = arg;
    assert_true(w->n_steps < 16);
    w->steps[w->n_steps++] = step;
}

static void on_done(void *arg, const struct rf_enrol_result *result)
{
    struct world *w = arg;
    w->done++;
    w->result = *result;
    if (result->cert != NULL)
        w->result_cert = rf_cert_ref((struct rf_cert *)(uintptr_t)result->cert);
    rf_enrol_free(w->enrol); /* allowed here */
    w->enrol = NULL;
}

struct world *world_new(enum rf_enrol_mode mode)
{
    struct world *w = rf_new(struct world);
    rf_clock_fake_init(&w->clock, TEST_NOW);
    w->timers = rf_timers_new(&w->clock.clock);
    w->answers = rf_mailbox_new("test", 16);
    w->worker = rf_worker_start("test", 4, w);
    rf_lists_install(&w->lists, RF_LIST_CTL, installed.ctl);
    w->mic = (struct rf_phone_id){.cert = mic.cert, .key = mic.key};
    w->lsc = (struct rf_phone_id){.cert = old_lsc.cert, .key = old_lsc.key};
    assert_err(rf_secret_set(&w->string, rf_slice_str("70314159")), RF_OK);
    w->conf = (struct rf_enrol_conf){.device = DEVICE,
                                     .host = "192.0.2.1",
                                     .port = 3804,
                                     .mode = mode,
                                     .auth_string = &w->string,
                                     .lists = &w->lists,
                                     .mic = &w->mic,
                                     .lsc = &w->lsc,
                                     .has_time = true,
                                     .net = net_ops(),
                                     .net_arg = &w->net,
                                     .clock = &w->clock.clock,
                                     .timers = w->timers,
                                     .worker = w->worker,
                                     .answers = w->answers,
                                     .flash = &flash_ops,
                                     .flash_arg = &w->flash,
                                     .on_step = on_step,
                                     .on_done = on_done,
                                     .arg = w};
    return w;
}

void world_free(struct world *w)
{
    rf_enrol_free(w->enrol);
    rf_worker_stop(w->worker);
    rf_mailbox_free(w->answers);
    rf_timers_free(w->timers);
    net_fini(&w->net);
    rf_lists_fini(&w->lists);
    rf_key_free(w->flash.pending);
    rf_key_free(w->flash.key);
    rf_cert_unref(w->flash.cert);
    rf_cert_unref(w->result_cert);
    rf_free(w);
}

void settle(struct world *w)
{
    do
        rf_timers_run(w->timers);
    while (net_settle(&w->net));
    rf_timers_run(w->timers);
}

void passes(struct world *w, uint64_t ms)
{
    rf_clock_fake_advance(&w->clock, ms);
    settle(w);
}

void worker_answers(struct world *w)
{
    assert_true(rf_mailbox_wait(w->answers, 60000));
    assert_int_equal(rf_mailbox_run(w->answers, w), 1);
    settle(w);
}

void starts(struct world *w)
{
    struct rf_why why = {0};
    assert_err(rf_enrol_start(&w->conf, &w->enrol, &why), RF_OK);
    w->link = net_last(&w->net);
}

void connects(struct world *w)
{
    starts(w);
    net_accept(w->link, capf.cert, "TLS_AES_256_GCM_SHA384");
}

void says(struct world *w, struct rf_capf_msg msg)
{
    uint8_t bytes[RF_CAPF_FRAME_MAX];
    struct rf_slice frame;
    if (msg.session == 0)
        msg.session = SESSION;
    assert_err(rf_capf_encode(&msg, bytes, sizeof bytes, &frame), RF_OK);
    net_give(w->link, frame);
    settle(w);
}

const struct rf_capf_msg *expect(struct world *w, enum rf_capf_command command)
{
    struct rf_capf_frame frame;
    struct rf_why why = {0};
    size_t n;
    struct rf_slice rest = rf_slice_part(net_taken(w->link), w->read_at, SIZE_MAX);
    assert_err(rf_capf_frame_next(rest, &frame, &n, &why), RF_OK);
    assert_err(rf_capf_decode(&frame, &w->msg, &why), RF_OK);
    w->read_at += n;
    assert_int_equal(w->msg.command, command);
    assert_int_equal(w->msg.session, SESSION);
    return &w->msg;
}

void expect_nothing(const struct world *w)
{
    assert_int_equal(net_taken(w->link).len, w->read_at);
}

void asks_auth(struct world *w)
{
    says(w, (struct rf_capf_msg){.command = RF_CAPF_AUTH_REQ,
                                 .has_version = true,
                                 .version = 3,
                                 .has_auth_type = true,
                                 .auth_type = (uint8_t)w->conf.mode});
}

void authenticates(struct world *w)
{
    connects(w);
    asks_auth(w);
    if (w->conf.mode >= RF_ENROL_LSC_FIRST)
        worker_answers(w);
    expect(w, RF_CAPF_AUTH_RES);
}

void asks_key(struct world *w)
{
    says(w, (struct rf_capf_msg){.command = RF_CAPF_KEYGEN_REQ,
                                 .has_key_type = true,
                                 .key_type = RF_CAPF_KEY_EC,
                                 .has_curve = true,
                                 .curve = RF_CAPF_CURVE_P256});
}

void gives_key(struct world *w)
{
    asks_key(w);
    worker_answers(w);
    assert_true(expect(w, RF_CAPF_KEYGEN_RES)->has_public_key);
    assert_slice_eq(w->msg.public_key, rf_key_spki(w->flash.pending));
    w->made = w->flash.pending;
}

void sends_cert(struct world *w, struct rf_slice der)
{
    says(w, (struct rf_capf_msg){.command = RF_CAPF_STORE_CERT_REQ,
                                 .has_cert_type = true,
                                 .cert_type = RF_CAPF_CERT_LSC,
                                 .has_cert = true,
                                 .cert_inner_type = RF_CAPF_CERT_LSC,
                                 .cert = der});
}

struct rf_cert *issue(struct rf_slice spki, const char *name)
{
    struct rf_issue_lsc spec = {
        .device_name = rf_slice_str(name), .spki = spki, .now_s = TEST_NOW, .days = 300};
    struct rf_cert *cert = NULL;
    assert_err(rf_issue_lsc(&spec, issuer.cert, issuer.vault, &cert, NULL), RF_OK);
    return cert;
}

void ends(struct world *w, enum rf_capf_reason reason)
{
    says(w, (struct rf_capf_msg){
                .command = RF_CAPF_END_SESSION, .has_reason = true, .reason = (uint8_t)reason});
}

void installs(struct world *w)
{
    gives_key(w);
    struct rf_cert *cert = issue(rf_key_spki(w->made), DEVICE);
    sends_cert(w, rf_cert_der(cert));
    worker_answers(w);
    assert_int_equal(expect(w, RF_CAPF_STORE_CERT_RES)->reason, RF_CAPF_REASON_UPDATE);
    assert_true(rf_cert_eq(w->flash.cert, cert));
    rf_cert_unref(cert);
}

void expect_outcome(const struct world *w, enum rf_enrol_outcome outcome)
{
    assert_int_equal(w->done, 1);
    assert_string_equal(rf_enrol_outcome_name(w->result.outcome), rf_enrol_outcome_name(outcome));
}

void expect_failed(const struct world *w, const char *code, bool may_retry)
{
    expect_outcome(w, RF_ENROL_FAILED);
    assert_string_equal(w->result.why.code, code);
    assert_int_equal(w->result.may_retry, may_retry);
    assert_int_equal(w->flash.saved + w->flash.removed, 0);
}

int keys_are_made(void **state)
{
    struct rf_issue_lsc spec = {
        .device_name = rf_slice_str(DEVICE), .now_s = TEST_NOW, .days = 300};
    capf = self_id(RF_CERT_ROLE_CAPF, "CAPF-test", 0);
    ccm = self_id(RF_CERT_ROLE_CCM, "ccm.test", 0);
    stranger = self_id(RF_CERT_ROLE_CAPF, "CAPF-test", 0);
    struct rf_issue_self self = {.role = RF_CERT_ROLE_LSC_ISSUER,
                                 .cn = "LSC issuer",
                                 .now_s = TEST_NOW - 400 * 86400,
                                 .days = 1000};
    id_set_key(&issuer, new_key(0));
    assert_err(rf_issue_self_signed(&self, issuer.vault, &issuer.cert, NULL), RF_OK);
    mic_root = self_id(RF_CERT_ROLE_MIC_ROOT, "test root", 0);
    mic = mic_id(DEVICE, &mic_root, 0);
    id_set_key(&old_lsc, new_key(0));
    spec.spki = rf_key_spki(old_lsc.key);
    assert_err(rf_issue_lsc(&spec, issuer.cert, issuer.vault, &old_lsc.cert, NULL), RF_OK);
    installed = phone_lists((struct phone_list_row[]){{capf.cert, RF_TRUSTLIST_ROLE_CAPF},
                                                      {ccm.cert, RF_TRUSTLIST_ROLE_CCM_TFTP}},
                            2);
    return 0;
}

int keys_are_gone(void **state)
{
    struct id *all[] = {&capf, &ccm, &stranger, &issuer, &mic_root, &mic, &old_lsc};
    for (size_t i = 0; i < sizeof all / sizeof *all; i++)
        id_fini(all[i]);
    rf_lists_fini(&installed);
    return 0;
}
