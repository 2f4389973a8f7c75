/* SPDX-License-Identifier: Apache-2.0 */
/* What the centre sends to the router of a branch, and when it sends it again. The link is a few
 * numbers, the clock is turned by hand; database, signer and the threads that use them are as in
 * the daemon. */
#include "../trust/pki.h"

#include "app/ringfenced/branches_int.h"
#include "base/file_tree.h"
#include "service/srst/branch_centre.h"
#include "service/srst/snapshot.h"
#include "store/store_call.h"
#include "store/store_srst.h"
#include "store_place.h"

#define BRANCH  "branch1"
#define SECOND  "branch2"
#define HOST    "192.0.2.11"
#define TICK_MS 2000

/* ---- the link ---- */

struct rf_branch_centre {
    struct rf_branch_centre_conf conf;
    bool is_there, is_second_there; /* the router is connected */
    unsigned lists, snapshots, reviews;
    char order[16];  /* of list (l) and snapshot (s) */
    uint64_t serial; /* of the last snapshot */
    size_t phones;   /* of all snapshots; 100 for each of the second branch */
    struct id signer;
    unsigned kept, not_kept, other; /* answers to records */
    bool is_gone;                   /* the router, before it is told that a call is another */
    char event[RF_WHY_CODE_MAX];    /* the last one */
};
static struct rf_branch_centre centre;

enum rf_err rf_branch_centre_new(const struct rf_branch_centre_conf *conf,
                                 struct rf_branch_centre **out, struct rf_why *why)
{
    centre.conf = *conf;
    *out = &centre;
    return RF_OK;
}

void rf_branch_centre_free(struct rf_branch_centre *c)
{
}

uint16_t rf_branch_centre_port(const struct rf_branch_centre *c)
{
    return 2446;
}

const struct rf_listener *rf_branch_centre_listener(const struct rf_branch_centre *c)
{
    return NULL;
}

enum rf_err rf_branch_centre_make_tls(const struct rf_branch_centre *c, struct rf_tls **out,
                                      struct rf_why *why)
{
    return RF_OK;
}

void rf_branch_centre_use_tls(struct rf_branch_centre *c, struct rf_tls *take_tls)
{
}

bool rf_branch_centre_has(const struct rf_branch_centre *c, const char *name)
{
    return (c->is_there && strcmp(name, BRANCH) == 0) ||
           (c->is_second_there && strcmp(name, SECOND) == 0);
}

static enum rf_err sent(struct rf_branch_centre *c, const char *name, const char *what,
                        unsigned *count)
{
    size_t n = strlen(c->order);
    assert_true(rf_branch_centre_has(c, name));
    snprintf(c->order + n, sizeof c->order - n, "%s", what);
    (*count)++;
    return RF_OK;
}

enum rf_err rf_branch_centre_send_list(struct rf_branch_centre *c, const char *name,
                                       struct rf_slice bytes, struct rf_why *why)
{
    assert_slice_str(bytes, "the list");
    return sent(c, name, "l", &c->lists);
}

enum rf_err rf_branch_centre_send_snapshot(struct rf_branch_centre *c, const char *name,
                                           struct rf_slice bytes, struct rf_why *why)
{
    RF_AUTO(rf_srst_snapshot_fini) struct rf_srst_snapshot got = {.n = 0};
    char file[RF_SRST_FILE_NAME];
    rf_srst_file_name(name, file);
    const struct rf_sigfile_policy policy = {.expected_name = rf_slice_str(file), .rsa_min = 2048};
    struct rf_sigfile_info info;
    assert_err(rf_sigfile_verify(bytes, c->signer.cert, &policy, &info, NULL), RF_OK);
    assert_err(rf_srst_snapshot_parse(info.body, &got, NULL), RF_OK);
    assert_string_equal(got.branch, name);
    c->serial = got.serial;
    c->phones += got.n * (strcmp(name, BRANCH) == 0 ? 1 : 100);
    return sent(c, name, "s", &c->snapshots);
}

enum rf_err rf_branch_centre_release(struct rf_branch_centre *c, const char *name,
                                     struct rf_why *why)
{
    return RF_OK;
}

void rf_branch_centre_kept(struct rf_branch_centre *c, const char *origin, int64_t id)
{
    c->kept++;
}

bool rf_branch_centre_other_call(struct rf_branch_centre *c, const char *origin,
                                 const struct rf_why *why)
{
    c->other += !c->is_gone;
    return !c->is_gone;
}

void rf_branch_centre_not_kept(struct rf_branch_centre *c, const char *origin,
                               const struct rf_why *why)
{
    c->not_kept++;
}

void rf_branch_centre_review(struct rf_branch_centre *c)
{
    c->reviews++;
}

/* ---- the rest of the program ---- */

void event_of_branch(struct server *s, enum rf_store_severity severity, const char *code,
                     const char *fmt, ...)
{
    snprintf(centre.event, sizeof centre.event, "%s", code);
}

uint32_t device_suites(const char *srtp_80_models, const char *srtp_gcm_models, const char *model)
{
    return 0;
}

/* ---- a centre with one reference ---- */

struct world {
    struct rf_clock_fake clock;
    struct place place;
    struct rf_site site;
    struct id issuer, router;
    struct server server;
    char *list;
};

static void save_reference(struct world *w, const char *name, const struct rf_cert *cert)
{
    struct rf_store_srst srst = {
        .host = HOST, .sccp_port = 2000, .provider_port = 2445, .added_s = TEST_NOW};
    struct rf_rd der = rf_rd_of(rf_cert_der(cert));
    snprintf(srst.name, sizeof srst.name, "%s", name);
    srst.cert_len = rf_cert_der(cert).len;
    assert_true(srst.cert_len <= sizeof srst.cert && rf_rd_copy(&der, srst.cert, srst.cert_len));
    assert_err(rf_store_srst_save(w->place.store, &srst, NULL, NULL), RF_OK);
}

/* Before any thread. */
static void fork_signer(struct world *w)
{
    RF_AUTO(rf_freep) char *path = data_path("fixtures/keys/tftp.pem");
    const struct rf_signer_key_conf key = {.name = "tftp",
                                           .key_path = path,
                                           .cert_path = path,
                                           .may_sign = RF_SIGNER_MAY(RF_DIGEST_SHA512)};
    struct rf_why why = {0};
    enum rf_err err = rf_signer_fork(&key, 1, &w->server.signer, &why);
    if (err != RF_OK)
        print_error("%s\n", rf_why_text(&why));
    assert_int_equal(err, RF_OK);
}

#define turn_until(w, cond)                                                                        \
    do {                                                                                           \
        uint64_t turn_end = rf_now_ms(rf_clock_real()) + 5000;                                     \
        while (!(cond)) {                                                                          \
            if (rf_now_ms(rf_clock_real()) > turn_end)                                             \
                fail_msg("waited in vain for %s (sent %s)", #cond, centre.order);                  \
            rf_loop_turn((w)->server.loop, 10);                                                    \
        }                                                                                          \
    } while (0)

static int set_up(void **state)
{
    struct world *w = rf_new(struct world);
    struct server *s = &w->server;
    struct rf_why why = {0};
    centre = (struct rf_branch_centre){.signer = fixture_id("tftp")};
    fork_signer(w);
    rf_clock_fake_init(&w->clock, TEST_NOW);
    place_make(&w->place);
    place_open(&w->place);
    w->site =
        (struct rf_site){.dir = rf_path_join(w->place.dir, "site"), .conf = rf_site_conf_new()};
    assert_err(rf_site_make(w->site.dir, &why), RF_OK);
    w->site.conf->branch = true;
    w->list = rf_site_list_path_in(w->site.dir, false, "");
    w->issuer = self_id(RF_CERT_ROLE_LSC_ISSUER, "hq-LSC-issuer", 0);
    w->router = self_id(RF_CERT_ROLE_CCM, "router", 0);
    save_reference(w, BRANCH, w->router.cert);
    s->site = &w->site;
    s->lsc_issuer = w->issuer.cert;
    s->store = w->place.store;
    s->loop = rf_loop_new(&w->clock.clock, "main");
    s->store_worker = rf_worker_start("store", STORE_JOBS_MAX, s->store);
    s->signer_worker = rf_worker_start("signer", 16, s->signer);
    assert_err(branches_listen(s, &(struct rf_site_ports){.branch = 2446}, &why), RF_OK);
    branches_run(s);
    turn_until(w, centre.reviews == 1); /* it knows its references */
    *state = w;
    return 0;
}

static int tear_down(void **state)
{
    struct world *w = *state;
    struct server *s = &w->server;
    rf_worker_stop(s->store_worker);
    rf_worker_stop(s->signer_worker);
    branches_free(s);
    rf_loop_free(s->loop);
    rf_signer_close(s->signer);
    assert_err(rf_tree_remove(w->site.dir, NULL), RF_OK);
    rf_free(w->site.dir);
    rf_site_conf_free(w->site.conf);
    place_drop(&w->place);
    id_fini(&w->issuer);
    id_fini(&w->router);
    id_fini(&centre.signer);
    rf_free(w->list);
    rf_free(w);
    return 0;
}

static void write_list(struct world *w)
{
    assert_err(rf_file_replace(w->list, rf_slice_str("the list"), 0644, NULL), RF_OK);
}

/* The router comes, with a snapshot of this serial. */
static void comes(struct world *w, const char *name, uint64_t serial)
{
    struct rf_branch_hello hello = {.serial = serial};
    snprintf(hello.name, sizeof hello.name, "%s", name);
    centre.is_there = true;
    centre.conf.ops->hello(centre.conf.arg, &hello, HOST);
}

/* And says which it has. */
static void says(struct world *w, uint64_t serial)
{
    const struct rf_branch_state state = {.serial = serial};
    centre.conf.ops->state(centre.conf.arg, BRANCH, &state);
}

/* Whatever is to follow by itself has had its time. */
static void ticks(struct world *w)
{
    for (int i = 0; i < 5; i++) {
        rf_clock_fake_advance(&w->clock, TICK_MS / 5);
        for (int k = 0; k < 5; k++)
            rf_loop_turn(w->server.loop, 2);
    }
}

/* By the next tick; one more where the threads are slow and a look is still under way. */
#define tick_until(w, cond)                                                                        \
    do {                                                                                           \
        for (int tick_i = 0; tick_i < 50 && !(cond); tick_i++) {                                   \
            rf_clock_fake_advance(&(w)->clock, TICK_MS);                                           \
            for (int tick_k = 0; tick_k < 50 && !(cond); tick_k++)                                 \
                rf_loop_turn((w)->server.loop, 2);                                                 \
        }                                                                                          \
        turn_until(w, cond);                                                                       \
    } while (0)

/* ---- the list ---- */

static void the_list_goes_before_the_snapshot(void **state)
{
    struct world *w = *state;
    write_list(w);
    comes(w, BRANCH, 0);
    turn_until(w, centre.snapshots == 1);
    assert_string_equal(centre.order, "ls");
    branches_reload(&w->server, w->site.conf);
    ticks(w);
    ticks(w);
    assert_string_equal(centre.order, "ls"); /* neither is another */
}

/* It is not there, it is no file, it is too long: the snapshot goes all the same, and the list with
 * the next look when it can be read. */
static void a_list_that_cannot_be_read_keeps_no_snapshot_back(void **state)
{
    struct world *w = *state;
    RF_AUTO(rf_buf_fini) struct rf_buf much = RF_BUF(RF_TRUSTLIST_BYTES_MAX + 1);
    assert_non_null(rf_buf_room(&much, RF_TRUSTLIST_BYTES_MAX + 1));
    memset(much.p, 'x', RF_TRUSTLIST_BYTES_MAX + 1);
    much.len = RF_TRUSTLIST_BYTES_MAX + 1;
    for (unsigned i = 0; i < 3; i++) {
        centre.order[0] = '\0';
        if (i == 1)
            assert_err(rf_dir_make(w->list, 0755, NULL), RF_OK);
        if (i == 2)
            assert_err(rf_file_replace(w->list, rf_buf_slice(&much), 0644, NULL), RF_OK);
        comes(w, BRANCH, 0);
        turn_until(w, centre.snapshots == i + 1);
        assert_string_equal(centre.order, "s");
        if (i == 1)
            assert_int_equal(rmdir(w->list), 0);
        write_list(w);
        branches_reload(&w->server, w->site.conf);
        tick_until(w, centre.lists == i + 1);
        assert_string_equal(centre.order, "sl");
        assert_int_equal(unlink(w->list), 0);
    }
}

/* ---- several ---- */

static void add_phone(struct world *w, const char *name, const char *branch)
{
    struct rf_store_line line = {.index = 1, .is_shared = true, .dn = "2001", .label = "Ada"};
    struct rf_store_phone phone = {
        .device = {.model = "8861", .mode = RF_STORE_ENCRYPTED}, .lines = &line, .n_lines = 1};
    snprintf(phone.device.name, sizeof phone.device.name, "%s", name);
    assert_err(rf_store_device_add(w->place.store, &phone, TEST_NOW, NULL, NULL), RF_OK);
    if (branch != NULL)
        assert_err(
            rf_store_srst_use_set(w->place.store, RF_STORE_LAYER_DEVICE, name, branch, NULL, NULL),
            RF_OK);
}

/* Also a router that comes while the others are looked up, which is before anything was turned. */
static void each_branch_is_told_of_its_own_phones(void **state)
{
    struct world *w = *state;
    unsigned before = centre.reviews;
    write_list(w);
    rf_worker_stop(w->server.store_worker); /* the database is this thread's for a while */
    save_reference(w, SECOND, w->issuer.cert);
    add_phone(w, "SEP001122334401", BRANCH);
    add_phone(w, "SEP001122334402", SECOND);
    add_phone(w, "SEP001122334403", SECOND);
    add_phone(w, "SEP001122334404", NULL);
    w->server.store_worker = rf_worker_start("store", STORE_JOBS_MAX, w->server.store);
    tick_until(w, centre.reviews > before);
    comes(w, BRANCH, 0);
    centre.is_second_there = true;
    comes(w, SECOND, 0);
    turn_until(w, centre.snapshots == 2);
    assert_int_equal(centre.phones, 201);
    ticks(w);
    assert_int_equal(centre.snapshots, 2);
}

/* ---- what changes at a phone ---- */

static void its_user_forwards(struct world *w, const char *target)
{
    rf_worker_stop(w->server.store_worker);
    assert_err(rf_store_forward_all_save(w->place.store, "2001", target, NULL, NULL, NULL), RF_OK);
    w->server.store_worker = rf_worker_start("store", STORE_JOBS_MAX, w->server.store);
}

static void what_a_user_forwards_reaches_the_branch(void **state)
{
    struct world *w = *state;
    rf_worker_stop(w->server.store_worker);
    add_phone(w, "SEP001122334401", BRANCH);
    w->server.store_worker = rf_worker_start("store", STORE_JOBS_MAX, w->server.store);
    comes(w, BRANCH, 0);
    turn_until(w, centre.snapshots == 1);
    ticks(w);
    unsigned before = centre.snapshots;
    its_user_forwards(w, "2009");
    tick_until(w, centre.snapshots == before + 1);
    ticks(w);
    its_user_forwards(w, "2009"); /* it is so already */
    ticks(w);
    ticks(w);
    assert_int_equal(centre.snapshots, before + 1);
}

/* ---- the database's worker is left to others ---- */

static void a_look_is_followed_by_ten_times_its_time(void **state)
{
    assert_int_equal(branches_rest_ms(0), 0);
    assert_int_equal(branches_rest_ms(1), 10);
    assert_int_equal(branches_rest_ms(5999), 59990);
    assert_int_equal(branches_rest_ms(6000), 60000);
    assert_int_equal(branches_rest_ms(UINT64_MAX), 60000);
}

/* A change waits for the end of the rest; a router that comes does not. */
static void no_tick_looks_while_it_rests(void **state)
{
    struct world *w = *state;
    struct branches *b = w->server.branches;
    comes(w, BRANCH, 0);
    turn_until(w, centre.snapshots == 1 && !b->is_looking);
    b->rest_until_ms = branches_now_ms(b) + 60000;
    unsigned before = centre.reviews;
    branches_reload(&w->server, w->site.conf);
    rf_clock_fake_advance(&w->clock, 59999 - TICK_MS);
    ticks(w);
    assert_int_equal(centre.reviews, before);
    comes(w, BRANCH, 0);
    turn_until(w, centre.snapshots == 2 && !b->is_looking);
    b->rest_until_ms = branches_now_ms(b) + 1;
    before = centre.reviews;
    branches_reload(&w->server, w->site.conf);
    tick_until(w, centre.reviews > before);
}

/* ---- sent again ---- */

static void a_snapshot_that_is_not_kept_is_sent_again_later_each_time(void **state)
{
    static const unsigned waits_s[] = {30, 60, 120, 240, 480, 600, 600};
    struct world *w = *state;
    comes(w, BRANCH, 0);
    turn_until(w, centre.snapshots == 1);
    for (unsigned i = 0; i < sizeof waits_s / sizeof *waits_s; i++) {
        rf_clock_fake_advance(&w->clock, 1000 * waits_s[i] - 1 - TICK_MS);
        ticks(w);
        says(w, 0);
        ticks(w);
        assert_int_equal(centre.snapshots, i + 1);
        says(w, 0);
        says(w, 0); /* once more before it goes */
        tick_until(w, centre.snapshots == i + 2);
    }
    says(w, centre.serial); /* it has kept it after all: from the beginning, if it loses that */
    rf_clock_fake_advance(&w->clock, 30000);
    says(w, 0);
    tick_until(w, centre.snapshots == 9);
    rf_clock_fake_advance(&w->clock, 59999 - TICK_MS);
    ticks(w);
    says(w, 0);
    ticks(w);
    assert_int_equal(centre.snapshots, 9);
    says(w, 0);
    tick_until(w, centre.snapshots == 10);
}

static void one_that_is_kept_is_not(void **state)
{
    struct world *w = *state;
    comes(w, BRANCH, 0);
    turn_until(w, centre.snapshots == 1);
    for (int i = 0; i < 20; i++) {
        rf_clock_fake_advance(&w->clock, 60000);
        says(w, centre.serial);
        ticks(w);
    }
    comes(w, BRANCH, centre.serial); /* nor to one that comes with it */
    ticks(w);
    ticks(w);
    assert_int_equal(centre.snapshots, 1);
}

/* ---- a centre out of a backup ---- */

/* Its database knows the snapshot of then; the router took later ones. */
static void a_router_with_a_later_snapshot_gets_one_above_it(void **state)
{
    struct world *w = *state;
    comes(w, BRANCH, 0);
    turn_until(w, centre.snapshots == 1);
    uint64_t later = centre.serial + 1000;
    comes(w, BRANCH, later);
    tick_until(w, centre.snapshots == 2);
    assert_int_equal(centre.serial, later + 1);
    says(w, later);
    ticks(w);
    assert_int_equal(centre.snapshots, 2); /* on its way */
    says(w, centre.serial);
    comes(w, BRANCH, centre.serial);
    ticks(w);
    ticks(w);
    assert_int_equal(centre.snapshots, 2);
    assert_int_equal(centre.serial, later + 1);
}

/* Not with its hello, but while it is connected. */
static void also_when_it_says_so_later(void **state)
{
    struct world *w = *state;
    comes(w, BRANCH, 0);
    turn_until(w, centre.snapshots == 1);
    uint64_t first = centre.serial;
    says(w, first);
    ticks(w);
    assert_int_equal(centre.snapshots, 1);
    says(w, first + 1000);
    tick_until(w, centre.snapshots == 2);
    assert_int_equal(centre.serial, first + 1001);
}

static void one_that_says_what_cannot_be_gets_none_and_harms_nobody(void **state)
{
    struct world *w = *state;
    comes(w, BRANCH, INT64_MAX);
    ticks(w);
    ticks(w);
    assert_int_equal(centre.snapshots, 0);
    comes(w, BRANCH, 1);
    tick_until(w, centre.snapshots == 1);
    assert_true(centre.serial < RF_STORE_SRST_SERIAL_MAX);
}

/* ---- records ---- */

#define ORIGIN BRANCH ":00112233445566778899aabbccddeeff"

static void sends(int64_t id, uint32_t call)
{
    struct rf_store_call c = {.call = call, .start_s = TEST_NOW, .end_s = TEST_NOW, .code = 16};
    snprintf(c.cause, sizeof c.cause, "normal");
    snprintf(c.security, sizeof c.security, "encrypted");
    centre.conf.ops->record(centre.conf.arg, BRANCH, ORIGIN, id, &c);
}

/* Not as kept: the router would let it go, and nobody has it. */
static void a_call_with_the_number_of_another_is_told(void **state)
{
    struct world *w = *state;
    sends(1, 1);
    turn_until(w, centre.kept == 1);
    sends(1, 1); /* the same once more */
    turn_until(w, centre.kept == 2);
    assert_int_equal(centre.other + centre.not_kept, 0);
    assert_string_equal(centre.event, "");
    sends(1, 2);
    turn_until(w, centre.other == 1);
    assert_string_equal(centre.event, RF_BRANCH_OTHER_EPOCH);
    assert_int_equal(centre.kept, 2);
    assert_int_equal(centre.not_kept, 0);
    centre.event[0] = '\0'; /* others that were under way when its link was ended say no more */
    centre.is_gone = true;
    sends(1, 3);
    sends(2, 4);
    turn_until(w, centre.kept == 3);
    assert_string_equal(centre.event, "");
}

#define IN_WORLD(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        IN_WORLD(the_list_goes_before_the_snapshot),
        IN_WORLD(a_list_that_cannot_be_read_keeps_no_snapshot_back),
        IN_WORLD(each_branch_is_told_of_its_own_phones),
        IN_WORLD(what_a_user_forwards_reaches_the_branch),
        cmocka_unit_test(a_look_is_followed_by_ten_times_its_time),
        IN_WORLD(no_tick_looks_while_it_rests),
        IN_WORLD(a_snapshot_that_is_not_kept_is_sent_again_later_each_time),
        IN_WORLD(one_that_is_kept_is_not),
        IN_WORLD(a_router_with_a_later_snapshot_gets_one_above_it),
        IN_WORLD(also_when_it_says_so_later),
        IN_WORLD(one_that_says_what_cannot_be_gets_none_and_harms_nobody),
        IN_WORLD(a_call_with_the_number_of_another_is_told),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
