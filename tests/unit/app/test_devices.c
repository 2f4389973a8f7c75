/* SPDX-License-Identifier: Apache-2.0 */
/* A device of the database as call control gets it: which of its certificates find room. */
#include "db_aside.h"

#include <stdlib.h>
#include <unistd.h>

#include "app/ringfenced/server_int.h"
#include "base/file.h"

/* devices.c posts what has changed; nothing here changes. */
void sccp_post(struct server *s, struct rf_msg *take_msg)
{
    (void)s;
    (void)take_msg;
    fail_msg("nothing is posted here");
}

static char rough[] = "8831", strong[] = "88xx 8945", strongest[] = "8861";
static const struct device_models models = {
    .srtp_80 = strong, .srtp_gcm = strongest, .untrusted = rough};

#define MANY (3 * RF_SCCP_DEVICE_CERTS)

struct list {
    struct rf_store_cert items[MANY];
    struct rf_store_certs certs;
    struct rf_sccp_device device;
};

/* The next younger certificate; its fingerprint is its place in the list. */
static uint8_t add(struct list *l, enum rf_store_cert_kind kind, enum rf_store_cert_state state)
{
    uint8_t number = (uint8_t)l->certs.n;
    assert_true(l->certs.n < MANY);
    l->items[l->certs.n] = (struct rf_store_cert){.kind = kind, .state = state};
    memset(l->items[l->certs.n].sha256, number, RF_SCCP_FP_LEN);
    l->certs.n++;
    return number;
}

static void translate(struct list *l)
{
    struct rf_store_phone phone = {.device = {.name = "SEP001122334455"}};
    struct rf_why why = {0};
    l->certs.items = l->items;
    assert_err(device_of(&models, &phone, &l->certs, &l->device, &why), RF_OK);
    assert_true(l->device.n_certs <= RF_SCCP_DEVICE_CERTS);
}

static bool has(const struct list *l, uint8_t number, enum rf_sccp_cert_state state)
{
    for (size_t i = 0; i < l->device.n_certs; i++)
        if (l->device.certs[i].sha256[0] == number)
            return l->device.certs[i].state == state;
    return false;
}

/* A phone whose link breaks whenever it has stored its new LSC is given one after the other, and
 * none is confirmed. The one it has is in force until then. */
static void an_lsc_in_force_is_not_crowded_out(void **state)
{
    struct list l = {0};
    uint8_t in_force = add(&l, RF_STORE_LSC, RF_STORE_CERT_CONFIRMED);
    uint8_t youngest = 0;
    for (int i = 0; i < RF_SCCP_DEVICE_CERTS + 2; i++)
        youngest = add(&l, RF_STORE_LSC, RF_STORE_CERT_UNCONFIRMED);
    translate(&l);
    assert_true(has(&l, in_force, RF_SCCP_CERT_CURRENT));
    assert_true(has(&l, youngest, RF_SCCP_CERT_UNCONFIRMED));
}

/* An LSC that is not listed is refused; a MIC that is not listed is the manufacturer's word, so a
 * revoked one has to be. */
static void a_revoked_mic_is_not_crowded_out(void **state)
{
    struct list l = {0};
    uint8_t revoked = add(&l, RF_STORE_MIC, RF_STORE_CERT_REVOKED);
    uint8_t in_force = add(&l, RF_STORE_LSC, RF_STORE_CERT_CONFIRMED);
    for (int i = 0; i < RF_SCCP_DEVICE_CERTS; i++)
        add(&l, RF_STORE_LSC, RF_STORE_CERT_SUPERSEDED);
    for (int i = 0; i < RF_SCCP_DEVICE_CERTS; i++)
        add(&l, RF_STORE_LSC, RF_STORE_CERT_UNCONFIRMED);
    translate(&l);
    assert_true(has(&l, revoked, RF_SCCP_CERT_SUPERSEDED));
    assert_true(has(&l, in_force, RF_SCCP_CERT_CURRENT));
}

static void what_fits_is_all_there(void **state)
{
    struct list l = {0};
    uint8_t ended = add(&l, RF_STORE_LSC, RF_STORE_CERT_SUPERSEDED);
    uint8_t mic = add(&l, RF_STORE_MIC, RF_STORE_CERT_CONFIRMED);
    uint8_t lsc = add(&l, RF_STORE_LSC, RF_STORE_CERT_CONFIRMED);
    uint8_t coming = add(&l, RF_STORE_LSC, RF_STORE_CERT_UNCONFIRMED);
    translate(&l);
    assert_int_equal(l.device.n_certs, 4);
    assert_true(has(&l, ended, RF_SCCP_CERT_SUPERSEDED));
    assert_true(has(&l, mic, RF_SCCP_CERT_CURRENT));
    assert_true(has(&l, lsc, RF_SCCP_CERT_CURRENT));
    assert_true(has(&l, coming, RF_SCCP_CERT_UNCONFIRMED));
}

static void a_line_is_handled_as_the_database_says(void **state)
{
    struct rf_store_line lines[2] = {
        {.index = 1,
         .dn = "2001",
         .is_shared = true,
         .rule = {.forward = {"3001", "3002", "3003", "3004"}, .calls_max = 6, .busy_trigger = 3}},
        {.index = 2, .dn = "2002"}};
    struct rf_store_phone phone = {
        .device = {.name = "SEP001122334455", .is_protected = true}, .lines = lines, .n_lines = 2};
    struct rf_sccp_device out;
    assert_err(device_of(&models, &phone, NULL, &out, NULL), RF_OK);
    const struct rf_call_line_rule *rule = out.call.rules;
    assert_true(out.call.is_protected);
    assert_true(rule[0].is_shared);
    assert_false(rule[1].is_shared);
    assert_string_equal(rule[0].forward[RF_CALL_FORWARD_ALL], "3001");
    assert_string_equal(rule[0].forward[RF_CALL_FORWARD_BUSY], "3002");
    assert_string_equal(rule[0].forward[RF_CALL_FORWARD_NO_ANSWER], "3003");
    assert_string_equal(rule[0].forward[RF_CALL_FORWARD_UNREGISTERED], "3004");
    assert_string_equal(rule[1].forward[RF_CALL_FORWARD_ALL], "");
    assert_int_equal(rule[0].calls_max, 6);
    assert_int_equal(rule[0].busy_trigger, 3);
}

static void what_a_model_can_do_is_the_sites_word_sec_82_sec_85(void **state)
{
    static const struct {
        const char *model;
        uint32_t more;
        bool is_untrusted;
    } rows[] = {
        {"7962", 0, false},
        {"8945", RF_CALL_ABLE(RF_CALL_SRTP_AES_CM_128_HMAC_SHA1_80), false},
        {"CP-8861",
         RF_CALL_ABLE(RF_CALL_SRTP_AES_CM_128_HMAC_SHA1_80) |
             RF_CALL_ABLE(RF_CALL_SRTP_AEAD_AES_128_GCM),
         false},
        {"8831", RF_CALL_ABLE(RF_CALL_SRTP_AES_CM_128_HMAC_SHA1_80), true},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct rf_store_phone phone = {.device = {.name = "SEP001122334455"}};
        struct rf_sccp_device out;
        snprintf(phone.device.model, sizeof phone.device.model, "%s", rows[i].model);
        assert_err(device_of(&models, &phone, NULL, &out, NULL), RF_OK);
        assert_int_equal(out.suites,
                         RF_CALL_ABLE(RF_CALL_SRTP_AES_CM_128_HMAC_SHA1_32) | rows[i].more);
        assert_int_equal(out.is_untrusted, rows[i].is_untrusted);
    }
}

/* ---- quarantine ---- */

struct site {
    char dir[64];
    char path[96];
    struct rf_site site;
    struct rf_site_conf conf;
    struct server *server;
    pthread_t thread;
};

static void *serve(void *arg)
{
    rf_loop_run(arg);
    return NULL;
}

static int site_begin(void **state)
{
    struct site *t = rf_new(struct site);
    struct rf_why why = {0};
    test_tmp(t->dir, sizeof t->dir, "devices");
    assert_non_null(mkdtemp(t->dir));
    snprintf(t->path, sizeof t->path, "%s/db", t->dir);
    t->conf.auto_register = RF_SITE_AUTO_QUARANTINE;
    t->site.conf = &t->conf;
    struct server *s = t->server = rf_new(struct server);
    s->site = &t->site;
    assert_err(rf_store_open(t->path, &s->store, &why), RF_OK);
    s->store_worker = rf_worker_start("store", STORE_JOBS_MAX, s->store);
    s->loop = rf_loop_new(rf_clock_real(), "main");
    assert_int_equal(pthread_create(&t->thread, NULL, serve, s->loop), 0);
    *state = t;
    return 0;
}

static int site_end(void **state)
{
    struct site *t = *state;
    rf_loop_stop(t->server->loop);
    pthread_join(t->thread, NULL);
    rf_worker_stop(t->server->store_worker);
    rf_loop_free(t->server->loop);
    rf_store_close(t->server->store);
    rf_free(t->server);
    assert_err(rf_dir_empty(t->dir, NULL), RF_OK);
    assert_int_equal(rmdir(t->dir), 0);
    rf_free(t);
    return 0;
}

/* So many unknown phones want to register, and say so twice. */
static void come(struct site *t, unsigned first, unsigned n, const char *address)
{
    char name[32];
    for (unsigned twice = 0; twice < 2; twice++) {
        for (unsigned i = 0; i < n; i++) {
            snprintf(name, sizeof name, "SEP0011223%05X", first + i);
            device_quarantine(t->server, name, address);
        }
    }
}

static bool are_in(struct site *t, int64_t n)
{
    static const char sql[] = "SELECT count(*) FROM device_trust WHERE quarantined = 1";
    for (int i = 0; i < 100 && db_number(t->path, sql) < n; i++)
        usleep(50 * 1000);
    usleep(200 * 1000); /* for one too many */
    return db_number(t->path, sql) == n;
}

/* The places are 256. One that can take them all keeps everybody else out. */
static void sec_122_an_address_has_few_places_in_quarantine(void **state)
{
    struct site *t = *state;
    come(t, 0, 60, "192.0.2.1");
    assert_true(are_in(t, QUARANTINED_OF_ONE));
    come(t, 100, 60, "192.0.2.2"); /* others have theirs */
    assert_true(are_in(t, 2 * QUARANTINED_OF_ONE));
    come(t, 200, 60, "2001:db8::1");
    come(t, 300, 60, "2001:db8::2"); /* of the same /64 */
    assert_true(are_in(t, 3 * QUARANTINED_OF_ONE));
    come(t, 400, 60, NULL); /* phones that proved who they are */
    assert_true(are_in(t, 3 * QUARANTINED_OF_ONE + 60));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_lsc_in_force_is_not_crowded_out),
        cmocka_unit_test(a_revoked_mic_is_not_crowded_out),
        cmocka_unit_test(what_fits_is_all_there),
        cmocka_unit_test(a_line_is_handled_as_the_database_says),
        cmocka_unit_test(what_a_model_can_do_is_the_sites_word_sec_82_sec_85),
        cmocka_unit_test_setup_teardown(sec_122_an_address_has_few_places_in_quarantine, site_begin,
                                        site_end),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
