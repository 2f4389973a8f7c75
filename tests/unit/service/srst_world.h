/* SPDX-License-Identifier: Apache-2.0 */
/* A survivable router and its centre on one loop with a clock turned by hand, each writing down
 * what happens to it. */
#ifndef UNIT_SERVICE_SRST_WORLD_H
#define UNIT_SERVICE_SRST_WORLD_H

#include "srst_sample.h"

#include "service/srst/branch_centre.h"
#include "service/srst/branch_router.h"
#include "service/srst/forward_read.h"
#include "store/store_call_json.h"
#include "store_place.h"

#define EPOCH "00112233445566778899aabbccddeeff"
#define BIG   (RF_BRANCH_LEN_MAX - 1)

struct world {
    struct rf_clock_fake clock;
    struct rf_loop *loop;
    struct rf_lists lists;
    char *keys[4]; /* PEM files: certificate and key */
    struct place place;

    struct rf_branch_centre *centre;
    uint16_t port;
    struct rf_cert *accepted; /* for BRANCH; NULL: none */
    bool keeps;               /* records are answered at once */
    bool is_busy;             /* or none can be kept, which is said at once */
    unsigned hellos, states, records, gone, refused;
    struct rf_branch_hello hello;
    struct rf_branch_state state;
    struct rf_store_call record;
    char centre_code[RF_WHY_CODE_MAX]; /* of the last refused or gone */
    bool refused_has_cert;
    int64_t record_id;
    char origin[RF_STORE_ORIGIN];

    struct rf_branch_router *router;
    struct rf_srst_forward *forward; /* NULL: records are not forwarded */
    unsigned ups, downs, lists_n, snapshots, kepts, releases;
    int64_t kept;
    bool was_up;
    size_t snapshot_len, list_len;
    char order[8]; /* of list (l) and snapshot (s) */
    char router_code[RF_WHY_CODE_MAX];

    struct rf_tls *raw_tls; /* a client or server that is none of ours */
    struct rf_link *raw;
    struct rf_listener *raw_listener;
    struct rf_buf raw_got;
    unsigned raw_opened, raw_closed;
};

enum { KEY_CCM, KEY_ROUTER, KEY_OTHER, KEY_CAPF };

/* ---- the centre's functions ---- */

static inline bool c_is_accepted(void *arg, const struct rf_cert *cert, const char *name)
{
    const struct world *w = arg;
    return w->accepted != NULL && rf_cert_eq(w->accepted, cert) &&
           (name == NULL || strcmp(name, BRANCH) == 0);
}

static inline void c_refused(void *arg, const char *host, const struct rf_cert *cert,
                             const struct rf_why *why)
{
    struct world *w = arg;
    w->refused++;
    w->refused_has_cert = cert != NULL;
    assert_string_equal(host, "127.0.0.1");
    snprintf(w->centre_code, sizeof w->centre_code, "%s", why->code);
}

static inline void c_hello(void *arg, const struct rf_branch_hello *hello, const char *host)
{
    struct world *w = arg;
    w->hellos++;
    w->hello = *hello;
    assert_string_equal(host, "127.0.0.1");
}

static inline void c_state(void *arg, const char *name, const struct rf_branch_state *state)
{
    struct world *w = arg;
    assert_string_equal(name, BRANCH);
    w->states++;
    w->state = *state;
}

static inline void c_record(void *arg, const char *name, const char *origin, int64_t id,
                            const struct rf_store_call *record)
{
    struct world *w = arg;
    struct rf_why why = {0};
    assert_string_equal(name, BRANCH);
    w->records++;
    w->record = *record;
    w->record_id = id;
    snprintf(w->origin, sizeof w->origin, "%s", origin);
    if (w->is_busy) {
        (void)rf_why_set(&why, RF_ERR_AGAIN, "store-busy", "the database has too much to do");
        rf_branch_centre_not_kept(w->centre, origin, &why);
        return;
    }
    enum rf_err err = rf_store_record_take_from(w->place.store, origin, id, record, &why);
    assert_true(err == RF_OK || err == RF_ERR_EXISTS);
    if (w->keeps)
        rf_branch_centre_kept(w->centre, origin, id);
}

static inline void c_gone(void *arg, const char *name, const struct rf_why *why)
{
    struct world *w = arg;
    assert_string_equal(name, BRANCH);
    w->gone++;
    snprintf(w->centre_code, sizeof w->centre_code, "%s", why->code);
}

static const struct rf_branch_centre_ops centre_ops = {.is_accepted = c_is_accepted,
                                                       .refused = c_refused,
                                                       .hello = c_hello,
                                                       .state = c_state,
                                                       .record = c_record,
                                                       .gone = c_gone};

/* ---- the router's ---- */

static inline void note_order(struct world *w, const char *what)
{
    size_t n = strlen(w->order);
    snprintf(w->order + n, sizeof w->order - n, "%s", what);
}

static inline void r_list(void *arg, struct rf_slice bytes)
{
    struct world *w = arg;
    w->lists_n++;
    w->list_len = bytes.len;
    note_order(w, "l");
}

static inline void r_snapshot(void *arg, struct rf_slice file)
{
    struct world *w = arg;
    w->snapshots++;
    w->snapshot_len = file.len;
    note_order(w, "s");
}

static inline void r_kept(void *arg, int64_t id)
{
    struct world *w = arg;
    w->kepts++;
    w->kept = id;
    if (w->forward != NULL)
        rf_srst_forward_kept(w->forward, id);
}

static inline void r_release(void *arg)
{
    ((struct world *)arg)->releases++;
}

static inline void r_up(void *arg)
{
    struct world *w = arg;
    w->ups++;
    if (w->forward != NULL)
        rf_srst_forward_up(w->forward);
}

static inline void r_down(void *arg, bool was_up, const struct rf_why *why)
{
    struct world *w = arg;
    w->downs++;
    w->was_up = was_up;
    snprintf(w->router_code, sizeof w->router_code, "%s", why->code);
    if (w->forward != NULL)
        rf_srst_forward_down(w->forward);
}

static const struct rf_branch_router_ops router_ops = {.list = r_list,
                                                       .snapshot = r_snapshot,
                                                       .kept = r_kept,
                                                       .release = r_release,
                                                       .up = r_up,
                                                       .down = r_down};

/* ---- a world ---- */

static struct id router_id;

static inline int set_up_all(void **state)
{
    router_id = fixture_id("phone");
    return site_setup(state);
}

static inline int tear_down_all(void **state)
{
    id_fini(&router_id);
    return site_teardown(state);
}

static inline int set_up(void **state)
{
    static const char *const files[] = {"ccm", "phone", "web-ec", "capf"};
    struct world *w = rf_new(struct world);
    rf_clock_fake_init(&w->clock, TEST_NOW);
    w->loop = rf_loop_new(&w->clock.clock, "test");
    for (size_t i = 0; i < 4; i++) {
        RF_AUTO(rf_freep) char *rest = rf_strf("fixtures/keys/%s.pem", files[i]);
        w->keys[i] = data_path(rest);
    }
    struct rf_buf ctl = site_list(RF_LIST_CTL, &site.sast, TEST_NOW - 100);
    install(&w->lists, RF_LIST_CTL, &ctl);
    rf_buf_fini(&ctl);
    w->accepted = router_id.cert;
    w->keeps = true;
    w->raw_got = RF_BUF(1024 * 1024);
    place_make(&w->place);
    place_open(&w->place);
    *state = w;
    return 0;
}

static inline int tear_down(void **state)
{
    struct world *w = *state;
    rf_branch_router_free(w->router);
    rf_srst_forward_free(w->forward);
    rf_link_forget(w->raw);
    rf_listener_close(w->raw_listener);
    rf_branch_centre_free(w->centre);
    rf_loop_free(w->loop);
    rf_tls_free(w->raw_tls);
    rf_lists_fini(&w->lists);
    rf_buf_fini(&w->raw_got);
    for (size_t i = 0; i < 4; i++)
        rf_free(w->keys[i]);
    place_drop(&w->place);
    rf_free(w);
    return 0;
}

static inline void open_centre(struct world *w, int key)
{
    struct rf_why why = {0};
    const struct rf_branch_centre_conf conf = {.loop = w->loop,
                                               .address = "127.0.0.1",
                                               .port = w->port,
                                               .cert_path = w->keys[key],
                                               .key_path = w->keys[key],
                                               .ops = &centre_ops,
                                               .arg = w};
    enum rf_err err = rf_branch_centre_new(&conf, &w->centre, &why);
    if (err != RF_OK)
        print_error("%s\n", rf_why_text(&why));
    assert_int_equal(err, RF_OK);
    w->port = rf_branch_centre_port(w->centre);
}

static inline void open_router(struct world *w, int key, const char *name)
{
    struct rf_why why = {0};
    const struct rf_branch_router_conf conf = {.loop = w->loop,
                                               .host = "127.0.0.1",
                                               .port = w->port,
                                               .cert_path = w->keys[key],
                                               .key_path = w->keys[key],
                                               .lists = &w->lists,
                                               .name = name,
                                               .version = "0.5.0",
                                               .epoch = EPOCH,
                                               .serial = 3,
                                               .ops = &router_ops,
                                               .arg = w};
    enum rf_err err = rf_branch_router_new(&conf, &w->router, &why);
    if (err != RF_OK)
        print_error("%s\n", rf_why_text(&why));
    assert_int_equal(err, RF_OK);
}

static inline uint64_t real_ms(void)
{
    return rf_now_ms(rf_clock_real());
}

#define turn_until(w, cond)                                                                        \
    do {                                                                                           \
        uint64_t turn_end = real_ms() + 5000;                                                      \
        while (!(cond)) {                                                                          \
            if (real_ms() > turn_end)                                                              \
                fail_msg("waited in vain for %s (centre %s, router %s)", #cond, (w)->centre_code,  \
                         (w)->router_code);                                                        \
            rf_loop_turn((w)->loop, 10);                                                           \
        }                                                                                          \
    } while (0)

static inline void turn_some(struct world *w)
{
    for (int i = 0; i < 10; i++)
        rf_loop_turn(w->loop, 2);
}

static inline void both_up(struct world *w)
{
    open_centre(w, KEY_CCM);
    open_router(w, KEY_ROUTER, BRANCH);
    turn_until(w, w->ups == 1 && w->hellos == 1);
}

#define AT(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)

#endif
