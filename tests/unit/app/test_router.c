/* SPDX-License-Identifier: Apache-2.0 */
/* A router that is told another snapshot while phones are at it: who leaves, who comes, and that
 * whoever is as before notices nothing. */
#include "../trust/pki.h"

#include "app/ringfenced/server_int.h"

#define PHONE_A "SEP001122334455"
#define PHONE_B "SEP00112233AABB"
#define PHONE_C "SEP00112233CCDD"

/* ---- the rest of the program ---- */

static unsigned sent, closed;

void sccp_op_send(void *arg, rf_sccp_link_ref link, struct rf_slice bytes, bool has_key)
{
    sent++;
}

void sccp_op_close(void *arg, rf_sccp_link_ref link, const char *reason)
{
    closed++;
}

void sccp_op_pause(void *arg, rf_sccp_link_ref link, bool is_paused)
{
}

void event_of_sccp(void *arg, const struct rf_sccp_event *event)
{
}

void record_keep(void *arg, const struct rf_call_record *record)
{
}

/* Call control follows at once. */
void sccp_post(struct server *s, struct rf_msg *take_msg)
{
    take_msg->run(take_msg, s);
}

void signalling_free(struct signalling *now)
{
    rf_anchors_unref(now->lsc);
    rf_anchors_unref(now->cas);
    rf_anchors_unref(now->mic);
    rf_free(now);
}

void signalling_use(struct server *s, struct signalling *take_now)
{
    take_now->older = atomic_load(&s->signalling);
    atomic_store(&s->signalling, take_now);
}

void event_of_branch(struct server *s, enum rf_store_severity severity, const char *code,
                     const char *fmt, ...)
{
}

void status_add_listener(struct rf_admin_status *out, const struct rf_listener *listener,
                         const char *tls)
{
}

void status_add_sccp(const struct server *s, struct rf_admin_status *out)
{
}

const struct rf_listener *rf_srst_provider_listener(const struct rf_srst_provider *p)
{
    return NULL;
}

/* ---- a router with what it has been told ---- */

struct world {
    struct rf_clock_fake clock;
    struct rf_timers *timers;
    struct rf_site site;
    struct server server;
    struct id issuer, other;
};

static int set_up(void **state)
{
    struct world *w = rf_new(struct world);
    struct server *s = &w->server;
    struct rf_why why = {0};
    rf_clock_fake_init(&w->clock, TEST_NOW);
    w->timers = rf_timers_new(&w->clock.clock);
    w->site = (struct rf_site){.dir = (char[]){"/nowhere"}, .conf = rf_site_conf_new()};
    w->issuer = self_id(RF_CERT_ROLE_LSC_ISSUER, "hq-LSC-issuer", 0);
    w->other = self_id(RF_CERT_ROLE_LSC_ISSUER, "other-LSC-issuer", 0);
    s->site = &w->site;
    device_models_use(s, w->site.conf);
    s->blocked = rf_blocklist_new();
    s->sccp = rf_sccp_service_new(&(struct rf_sccp_service_conf){.clock = &w->clock.clock,
                                                                 .timers = w->timers,
                                                                 .ops = &sccp_ops_router,
                                                                 .arg = s,
                                                                 .blocked = s->blocked});
    assert_err(router_prepare(s, &why), RF_OK);
    sent = closed = 0;
    *state = w;
    return 0;
}

static int tear_down(void **state)
{
    struct world *w = *state;
    struct signalling *now = atomic_load(&w->server.signalling);
    rf_sccp_service_free(w->server.sccp);
    while (now != NULL) {
        struct signalling *older = now->older;
        signalling_free(now);
        now = older;
    }
    router_free(&w->server);
    device_models_free(&w->server);
    rf_blocklist_free(w->server.blocked);
    rf_timers_free(w->timers);
    rf_site_conf_free(w->site.conf);
    id_fini(&w->issuer);
    id_fini(&w->other);
    rf_free(w);
    return 0;
}

static void add_issuer(struct rf_srst_anchors *to, struct rf_cert *cert)
{
    struct rf_cert **items = rf_new_n(struct rf_cert *, to->n + 1);
    for (size_t i = 0; i < to->n; i++)
        items[i] = to->items[i];
    rf_free(to->items);
    to->items = items;
    to->items[to->n++] = rf_cert_ref(cert);
}

static struct rf_srst_snapshot snapshot_of(struct world *w, uint64_t serial)
{
    struct rf_srst_snapshot s = {
        .branch = "branch1", .serial = serial, .site = "hq", .keepalive_s = 30, .rsa_min = 2048};
    s.phones = rf_new_n(struct rf_store_phone, 4);
    s.certs = rf_new_n(struct rf_store_certs, 4);
    s.suites = rf_new_n(uint32_t, 4);
    s.untrusted = rf_new_n(bool, 4);
    add_issuer(&s.lsc_issuers, w->issuer.cert);
    return s;
}

/* Not secure: a phone may come without TLS, and this test needs no certificates. */
static void add(struct rf_srst_snapshot *s, const char *name, const char *dn)
{
    struct rf_store_phone *p = &s->phones[s->n++];
    snprintf(p->device.name, sizeof p->device.name, "%s", name);
    p->device.mode = RF_STORE_NONSECURE;
    p->lines = rf_new(struct rf_store_line);
    p->n_lines = 1;
    p->lines[0].index = 1;
    snprintf(p->lines[0].dn, sizeof p->lines[0].dn, "%s", dn);
}

static void tell(struct world *w, struct rf_srst_snapshot *s)
{
    struct rf_why why = {0};
    uint64_t serial = s->serial;
    enum rf_err err = router_apply(&w->server, s, &why);
    if (err != RF_OK)
        print_error("%s\n", rf_why_text(&why));
    assert_int_equal(err, RF_OK);
    assert_int_equal(s->n, 0); /* it was taken */
    assert_int_equal(router_snapshot(&w->server)->serial, serial);
}

static void comes(struct world *w, rf_sccp_link_ref link, const char *name)
{
    struct rf_sccp_frame frame = {.id = RF_SCCP_REGISTER};
    struct rf_sccp_msg msg = {.id = RF_SCCP_REGISTER,
                              .reg = {.device_name = rf_slice_str(name), .protocol_ver = 22}};
    struct rf_sccp_peer peer = {.address = "192.0.2.7", .port = (uint16_t)(1000 + link)};
    rf_sccp_link_opened(w->server.sccp, link, &peer);
    rf_sccp_link_message(w->server.sccp, link, &frame, &msg);
}

static bool is_registered(struct world *w, const char *name)
{
    struct rf_sccp_device_status st;
    return rf_sccp_device_status(w->server.sccp, name, &st) == RF_OK && st.is_registered;
}

static bool is_known(struct world *w, const char *name, const char *dn)
{
    struct rf_sccp_device_status st;
    return rf_sccp_device_status(w->server.sccp, name, &st) == RF_OK && st.n_lines == 1 &&
           strcmp(st.lines[0].number, dn) == 0;
}

static size_t signallings(struct world *w)
{
    size_t n = 0;
    for (const struct signalling *s = atomic_load(&w->server.signalling); s != NULL; s = s->older)
        n++;
    return n;
}

/* ---- tests ---- */

static void nobody_until_it_is_told(void **state)
{
    struct world *w = *state;
    struct rf_srst_snapshot s = snapshot_of(w, 1);
    assert_true(atomic_load(&w->server.signalling)->is_closed);
    assert_int_equal(router_snapshot(&w->server)->serial, 0);
    comes(w, 1, PHONE_A);
    assert_false(is_registered(w, PHONE_A));
    add(&s, PHONE_A, "2001");
    tell(w, &s);
    const struct signalling *now = atomic_load(&w->server.signalling);
    assert_false(now->is_closed);
    assert_null(now->mic);
    assert_int_equal(rf_anchors_n(now->lsc), 1);
    comes(w, 2, PHONE_A);
    assert_true(is_registered(w, PHONE_A));
}

static void who_is_as_before_notices_nothing(void **state)
{
    struct world *w = *state;
    struct rf_srst_snapshot s = snapshot_of(w, 1), next = snapshot_of(w, 2);
    struct rf_call_control *calls = rf_sccp_service_calls(w->server.sccp);
    add(&s, PHONE_A, "2001");
    add(&s, PHONE_B, "2002");
    tell(w, &s);
    comes(w, 1, PHONE_A);
    comes(w, 2, PHONE_B);
    assert_true(is_registered(w, PHONE_A) && is_registered(w, PHONE_B));
    rf_call_forward_all_set(calls, "2001", "2009"); /* as its user would */
    size_t before = signallings(w);
    sent = closed = 0;
    add(&next, PHONE_A, "2001");
    add(&next, PHONE_C, "2002"); /* the line moves to another phone */
    tell(w, &next);
    assert_true(is_registered(w, PHONE_A));
    assert_int_equal(closed, 1); /* that of B */
    assert_int_equal(sent, 1);   /* which is told to reset */
    assert_true(is_known(w, PHONE_C, "2002"));
    assert_int_equal(signallings(w), before); /* nothing new to believe */
    rf_call_forward_all_set(calls, "2001", "2009");
    assert_int_equal(sent, 1); /* it is forwarded still: there was nothing to tell */
    comes(w, 3, PHONE_B);
    assert_false(is_registered(w, PHONE_B));
    comes(w, 4, PHONE_C);
    assert_true(is_registered(w, PHONE_C));
}

static void lines_may_change_places(void **state)
{
    struct world *w = *state;
    struct rf_srst_snapshot s = snapshot_of(w, 1), next = snapshot_of(w, 2);
    add(&s, PHONE_A, "2001");
    add(&s, PHONE_B, "2002");
    tell(w, &s);
    comes(w, 1, PHONE_A);
    add(&next, PHONE_A, "2002");
    add(&next, PHONE_B, "2001");
    tell(w, &next);
    assert_true(is_known(w, PHONE_A, "2002") && is_known(w, PHONE_B, "2001"));
    assert_true(is_registered(w, PHONE_A)); /* and is told to start anew, by itself */
}

/* One that call control would not take leaves the others alone, and is looked at again. */
static void a_bad_device_is_left_out(void **state)
{
    struct world *w = *state;
    struct rf_srst_snapshot s = snapshot_of(w, 1), next = snapshot_of(w, 2);
    add(&s, PHONE_A, "2001");
    add(&s, PHONE_B, "no number");
    add(&s, PHONE_C, "2001"); /* a line of A's that is not shared */
    tell(w, &s);
    assert_true(is_known(w, PHONE_A, "2001"));
    assert_false(is_known(w, PHONE_B, "no number"));
    assert_false(is_known(w, PHONE_C, "2001"));
    add(&next, PHONE_A, "2003");
    add(&next, PHONE_C, "2001");
    tell(w, &next);
    assert_true(is_known(w, PHONE_A, "2003") && is_known(w, PHONE_C, "2001"));
}

/* What was said of it before does not hold any more: neither where what is said now cannot be, nor
 * where call control would not take it. Beside it the same with a number that can be. */
static void who_is_left_out_later_is_let_in_no_more(void **state)
{
    static const char *const numbers[] = {"no number", "2001"}; /* that one is A's */
    struct world *w = *state;
    uint64_t serial = 0;
    rf_sccp_link_ref link = 0;
    for (size_t i = 0; i < 2; i++) {
        struct rf_srst_snapshot good = snapshot_of(w, ++serial), bad = snapshot_of(w, ++serial);
        add(&good, PHONE_A, "2001");
        add(&good, PHONE_B, "2002");
        tell(w, &good);
        comes(w, ++link, PHONE_A);
        comes(w, ++link, PHONE_B);
        assert_true(is_registered(w, PHONE_A) && is_registered(w, PHONE_B));
        add(&bad, PHONE_A, "2001");
        add(&bad, PHONE_B, numbers[i]);
        tell(w, &bad);
        assert_true(is_registered(w, PHONE_A));
        assert_false(is_registered(w, PHONE_B));
        comes(w, ++link, PHONE_B);
        assert_false(is_registered(w, PHONE_B));
        struct rf_srst_snapshot next = snapshot_of(w, ++serial);
        add(&next, PHONE_A, "2001");
        add(&next, PHONE_B, "2003");
        tell(w, &next);
        assert_true(is_known(w, PHONE_B, "2003"));
        comes(w, ++link, PHONE_B);
        assert_true(is_registered(w, PHONE_A) && is_registered(w, PHONE_B));
    }
}

/* Whom the signalling believes, and who is blocked, is all or nothing. */
static void beliefs_that_are_refused_change_nothing(void **state)
{
    struct world *w = *state;
    struct rf_srst_snapshot s = snapshot_of(w, 1), bad = snapshot_of(w, 2),
                            next = snapshot_of(w, 3);
    struct id leaf = self_id(RF_CERT_ROLE_CCM, "no CA", 0);
    struct rf_why why = {0};
    add(&s, PHONE_A, "2001");
    tell(w, &s);
    size_t before = signallings(w);
    add_issuer(&bad.mic_roots, leaf.cert);
    assert_refused(router_apply(&w->server, &bad, &why), RF_ERR_DENIED, why, "anchor-not-ca");
    assert_int_equal(bad.serial, 2); /* still the caller's */
    assert_int_equal(signallings(w), before);
    assert_true(is_known(w, PHONE_A, "2001"));
    assert_int_equal(router_snapshot(&w->server)->serial, 1);
    /* The same with a CA, and with somebody blocked. */
    add_issuer(&next.mic_roots, w->other.cert);
    next.blocked = rf_new_bytes(32);
    next.n_blocked = 1;
    struct rf_rd sha = rf_rd_of(rf_cert_sha256(w->other.cert));
    assert_true(rf_rd_copy(&sha, next.blocked, 32));
    tell(w, &next);
    assert_int_equal(signallings(w), before + 1);
    assert_non_null(atomic_load(&w->server.signalling)->mic);
    why = (struct rf_why){0};
    assert_refused(rf_blocklist_check(w->server.blocked, w->other.cert, &why), RF_ERR_DENIED, why,
                   "cert-blocked");
    assert_int_equal(rf_blocklist_check(w->server.blocked, w->issuer.cert, NULL), RF_OK);
    rf_srst_snapshot_fini(&bad);
    id_fini(&leaf);
}

/* For five minutes; who is there is told to restart. */
static void the_centre_wants_its_phones_back(void **state)
{
    struct world *w = *state;
    struct rf_srst_snapshot s = snapshot_of(w, 1);
    add(&s, PHONE_A, "2001");
    add(&s, PHONE_B, "2002");
    tell(w, &s);
    comes(w, 1, PHONE_A);
    sent = 0;
    router_release(&w->server);
    assert_int_equal(sent, 1);
    comes(w, 2, PHONE_B);
    assert_false(is_registered(w, PHONE_B));
    rf_clock_fake_advance(&w->clock, 300 * 1000);
    comes(w, 3, PHONE_B);
    assert_true(is_registered(w, PHONE_B));
}

/* What is shown of it: copies, for whoever asked. */
static void devices_are_shown_in_turn(void **state)
{
    struct world *w = *state;
    struct rf_srst_snapshot s = snapshot_of(w, 1);
    struct rf_store_phone phone;
    struct rf_store_certs certs;
    size_t at = 0, n = 0;
    assert_false(router_next(&w->server, &at, &phone, &certs));
    add(&s, PHONE_A, "2001");
    add(&s, PHONE_B, "2002");
    s.certs[1].items = rf_new(struct rf_store_cert);
    s.certs[1].n = 1;
    s.certs[1].items[0].sha256[0] = 0xab;
    tell(w, &s);
    while (router_next(&w->server, &at, &phone, &certs)) {
        assert_string_equal(phone.device.name, n == 0 ? PHONE_A : PHONE_B);
        assert_string_equal(phone.lines[0].dn, n == 0 ? "2001" : "2002");
        assert_int_equal(certs.n, n);
        assert_true(n == 0 || certs.items[0].sha256[0] == 0xab);
        rf_store_phone_fini(&phone);
        rf_store_certs_fini(&certs);
        n++;
    }
    assert_int_equal(n, 2);
}

#define IN_WORLD(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        IN_WORLD(nobody_until_it_is_told),
        IN_WORLD(who_is_as_before_notices_nothing),
        IN_WORLD(lines_may_change_places),
        IN_WORLD(a_bad_device_is_left_out),
        IN_WORLD(who_is_left_out_later_is_let_in_no_more),
        IN_WORLD(beliefs_that_are_refused_change_nothing),
        IN_WORLD(the_centre_wants_its_phones_back),
        IN_WORLD(devices_are_shown_in_turn),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
