/* SPDX-License-Identifier: Apache-2.0 */
/* Phones that nobody added, addresses that guess, and what is noticed of phones that fetch. Then
 * the table of what makes which file another one. */
#include "provision_world.h"

#include "base/metrics.h"
#include "store/store_seen.h"

#define A   "SEP001122334455"
#define B   "SEP0011223344AF"
#define SGN ".cnf.xml.sgn"

static void from(struct world *w, const char *host)
{
    assert_err(rf_address_parse(host, 40000, &w->from, NULL), RF_OK);
}

static void expect(struct world *w, const char *name, enum rf_err err, const char *code)
{
    const struct answer *a = world_get(w, name);
    if (a->err != err)
        print_error("%s: %s\n", name, rf_why_text(&a->why));
    if (err == RF_OK)
        assert_int_equal(a->err, RF_OK);
    else
        assert_refused(a->err, err, a->why, code);
}

/* As the transport tells it when it is over. */
static void told(struct world *w, const char *name, const char *device, const char *code)
{
    char host[RF_ADDRESS_TEXT_MAX];
    struct rf_provision_report r = {.name = name,
                                    .peer = rf_address_host(&w->from, host, sizeof host),
                                    .device = device,
                                    .is_complete = code[0] == '\0',
                                    .code = code,
                                    .text = code,
                                    .content = w->answers[0].content};
    rf_provision_tell(w->p, &r);
    world_settle(w);
}

static void fetch(struct world *w, const char *name, const char *device)
{
    expect(w, name, RF_OK, "");
    told(w, name, device, "");
}

/* ---- phones that nobody added ---- */

static void an_unknown_phone_is_noted_and_told_once(void **state)
{
    struct world *w = *state;
    struct rf_store_pending one;
    from(w, "192.0.2.1");
    expect(w, A SGN, RF_ERR_NOT_FOUND, "device-unknown");
    expect(w, A ".cnf.xml", RF_ERR_NOT_FOUND, "device-unknown");
    rf_clock_fake_advance(&w->clock, 60000);
    expect(w, A SGN, RF_ERR_NOT_FOUND, "device-unknown");
    world_settle(w);
    assert_int_equal(w->alarms_n, 1);
    assert_string_equal(w->alarm, "device-pending ");
    assert_err(rf_store_pending_load(w->store, A, &one, NULL), RF_OK);
    assert_string_equal(one.address, "192.0.2.1");
    assert_int_equal(one.count, 3);
    assert_int_equal(one.last_s - one.first_s, 60);
    assert_string_equal(one.asked, A SGN " " A ".cnf.xml");
    /* Added, it is none any more, and at once. */
    expect(w, A SGN, RF_ERR_NOT_FOUND, "device-unknown");
    world_add(w, A, RF_STORE_ENCRYPTED, "");
    expect(w, A SGN, RF_OK, "");
}

static void one_in_quarantine_gets_no_configuration(void **state)
{
    struct world *w = *state;
    world_add(w, A, RF_STORE_NONSECURE, "");
    expect(w, A ".cnf.xml", RF_OK, "");
    struct rf_store_device d = world_device(w, A);
    d.is_quarantined = true;
    world_change(w, &d);
    expect(w, A ".cnf.xml", RF_ERR_NOT_FOUND, "device-quarantined");
    expect(w, A SGN, RF_ERR_NOT_FOUND, "device-quarantined");
}

/* ---- guessing ---- */

static void an_address_that_guesses_names_gets_no_answer(void **state)
{
    struct world *w = *state;
    uint64_t before = rf_metric_get(RF_METRIC_NAMES_GUESSED);
    world_add(w, A, RF_STORE_ENCRYPTED, "");
    world_add(w, B, RF_STORE_ENCRYPTED, "");
    from(w, "192.0.2.1");
    fetch(w, A SGN, A); /* from now on it is there */
    from(w, "192.0.2.9");
    expect(w, "SEP000000000001" SGN, RF_ERR_NOT_FOUND, "device-unknown");
    expect(w, "SEP000000000002" SGN, RF_ERR_NOT_FOUND, "device-unknown");
    expect(w, B SGN, RF_OK, "");
    unsigned alarms = w->alarms_n;
    expect(w, A SGN, RF_ERR_AGAIN, "name-guessing");
    assert_string_equal(w->alarm, "name-guessing ");
    expect(w, "SEP000000000003" SGN, RF_ERR_AGAIN, "name-guessing");
    assert_int_equal(w->alarms_n, alarms + 1);
    assert_int_equal(rf_metric_get(RF_METRIC_NAMES_GUESSED), before + 2);
    /* The twins: names it has asked for, other files, whoever proves to be it. */
    expect(w, B SGN, RF_OK, "");
    expect(w, "CTLFile.tlv", RF_ERR_NOT_FOUND, "file-not-found");
    w->via = RF_PROVISION_HTTPS;
    snprintf(w->proven, sizeof w->proven, "%s", A);
    expect(w, A SGN, RF_OK, "");
    w->via = RF_PROVISION_TFTP;
    w->proven[0] = '\0';
    /* Where its phone was there is no guessing. */
    from(w, "192.0.2.1");
    for (unsigned i = 1; i <= 4; i++) {
        RF_AUTO(rf_freep) char *name = rf_strf("SEP00000000000%u" SGN, i);
        expect(w, name, i <= 2 ? RF_ERR_NOT_FOUND : RF_ERR_AGAIN,
               i <= 2 ? "device-unknown" : "name-guessing");
    }
    expect(w, A SGN, RF_OK, "");
    /* Ten minutes later, or where nobody counts. */
    from(w, "192.0.2.9");
    world_set(w, "provision_names", "0");
    expect(w, A SGN, RF_OK, "");
    world_set(w, "provision_names", "3");
    rf_clock_fake_advance(&w->clock, 11 * 60000);
    expect(w, "SEP000000000004" SGN, RF_ERR_NOT_FOUND, "device-unknown");
}

static void names_of_listings_are_counted(void **state)
{
    struct world *w = *state;
    uint64_t before = rf_metric_get(RF_METRIC_NAMES_LISTED);
    expect(w, "ConfigFileCacheList.txt", RF_ERR_NOT_FOUND, "name-listing");
    expect(w, "perfmon.txt", RF_ERR_NOT_FOUND, "name-listing");
    expect(w, "Perf.txt", RF_ERR_NOT_FOUND, "file-not-found");
    assert_int_equal(rf_metric_get(RF_METRIC_NAMES_LISTED), before + 2);
}

/* ---- what is noticed ---- */

static void what_a_device_fetched_last_is_known(void **state)
{
    struct world *w = *state;
    struct rf_store_fetches all = {0};
    world_add(w, A, RF_STORE_ENCRYPTED, "");
    world_put(w, "images/L.loads", rf_slice_str("l"));
    from(w, "192.0.2.1");
    fetch(w, A SGN, A);
    /* A load says no device: it is the one that is there. */
    fetch(w, "L.loads", "");
    expect(w, "CTLSEP001122334455.tlv", RF_ERR_NOT_FOUND, "file-not-found");
    told(w, "CTLSEP001122334455.tlv", A, "file-not-found");
    told(w, "CTL" B ".tlv", B, "file-not-found"); /* no device */
    assert_err(rf_store_fetch_list(w->store, NULL, &all, NULL), RF_OK);
    assert_int_equal(all.n, 3);
    assert_int_equal(all.items[0].item, RF_STORE_FETCH_CTL);
    assert_string_equal(all.items[0].result, "file-not-found");
    assert_int_equal(all.items[1].item, RF_STORE_FETCH_CONFIG);
    assert_string_equal(all.items[1].result, "");
    assert_int_equal(strlen(all.items[1].generation), 47); /* its version stamp */
    assert_string_equal(all.items[1].address, "192.0.2.1");
    assert_int_equal(all.items[2].item, RF_STORE_FETCH_LOAD);
    assert_string_equal(all.items[2].device, A);
    rf_store_fetches_fini(&all);
    /* Two at one address: nobody can say whose it was. */
    world_add(w, B, RF_STORE_ENCRYPTED, "");
    fetch(w, B SGN, B);
    rf_clock_fake_advance(&w->clock, 5000);
    fetch(w, "L.loads", "");
    assert_err(rf_store_fetch_list(w->store, B, &all, NULL), RF_OK);
    assert_int_equal(all.n, 1);
    rf_store_fetches_fini(&all);
}

static void a_phone_that_fetches_again_and_again_is_told(void **state)
{
    struct world *w = *state;
    world_add(w, A, RF_STORE_ENCRYPTED, "");
    from(w, "192.0.2.1");
    for (unsigned i = 0; i < 3; i++)
        fetch(w, A SGN, A);
    assert_int_equal(w->alarms_n, 0);
    fetch(w, A SGN, A);
    assert_int_equal(w->alarms_n, 1);
    assert_string_equal(w->alarm, "config-again " A);
    fetch(w, A SGN, A);
    assert_int_equal(w->alarms_n, 1); /* once in ten minutes */
    rf_clock_fake_advance(&w->clock, 11 * 60000);
    for (unsigned i = 0; i < 3; i++)
        fetch(w, A SGN, A);
    assert_int_equal(w->alarms_n, 1);
    fetch(w, A SGN, A);
    assert_int_equal(w->alarms_n, 2);
}

/* A first boot: another firmware, an enrolment, and then a configuration in two files. */
static void another_configuration_is_not_the_same_again(void **state)
{
    struct world *w = *state;
    world_add(w, A, RF_STORE_ENCRYPTED, "");
    from(w, "192.0.2.1");
    for (unsigned i = 0; i < 3; i++)
        fetch(w, A SGN, A);
    struct rf_store_device d = world_device(w, A);
    d.mode = RF_STORE_AUTHENTICATED;
    world_change(w, &d);
    for (unsigned i = 0; i < 3; i++)
        fetch(w, A SGN, A);
    assert_int_equal(w->alarms_n, 0);
    fetch(w, A SGN, A);
    assert_int_equal(w->alarms_n, 1);
}

/* ---- what makes which file another one ---- */

static struct rf_buf bytes_of(struct world *w, const char *name)
{
    struct rf_buf b = RF_BUF(65536);
    const struct answer *a = world_get(w, name);
    assert_int_equal(a->err, RF_OK);
    assert_err(rf_buf_add_slice(&b, rf_content_bytes(a->content)), RF_OK);
    return b;
}

static void set_mode(struct world *w)
{
    struct rf_store_device d = world_device(w, A);
    d.mode = RF_STORE_AUTHENTICATED;
    world_change(w, &d);
}

static void set_description(struct world *w)
{
    struct rf_store_device d = world_device(w, A);
    snprintf(d.description, sizeof d.description, "moved");
    world_change(w, &d);
}

static void set_load(struct world *w)
{
    struct rf_store_device d = world_device(w, A);
    snprintf(d.load, sizeof d.load, "L");
    world_change(w, &d);
}

static void set_digest(struct world *w)
{
    world_set(w, "sign_sha1", "yes");
    struct rf_store_device d = world_device(w, A);
    d.digest = RF_STORE_DIGEST_SHA1;
    world_change(w, &d);
}

static void schedule(struct world *w)
{
    world_schedule(w, A, RF_STORE_AUTH_NULL, 0);
}

static void set_site(struct world *w)
{
    world_set(w, "advertise", "192.0.2.99");
}

static void set_nothing_of_theirs(struct world *w)
{
    world_set(w, "event_days", "7");
    world_set(w, "provision_rate", "50");
}

static void put_load(struct world *w)
{
    world_put(w, "images/L.loads", rf_slice_str("l"));
}

static void put_ring(struct world *w)
{
    world_put(w, "files/Ringlist.xml", rf_slice_str("other rings"));
}

static void put_list(struct world *w)
{
    static const int roles[] = {0, -1};
    world_put_list(w, "ITLFile.tlv", roles);
}

static void an_hour_passes(struct world *w)
{
    rf_clock_fake_advance(&w->clock, 3600000);
}

static void restart(struct world *w)
{
    struct rf_store_device d = world_device(w, A);
    world_restart(w);
    rf_provision_seen_at(w->p, &d, "192.0.2.1");
}

static void replace_key(struct world *w)
{
    id_fini(&w->signer);
    w->signer = fixture_id("ccm");
    rf_provision_invalidate(w->p, NULL);
}

enum { NAMES = 4 };
static const char *const served[NAMES] = {A SGN, B SGN, "Ringlist.xml.sgn", "Ringlist.xml"};

/* Which of them are other bytes afterwards ("x"), and which of the configurations another stamp. */
static const struct {
    const char *what;
    void (*event)(struct world *w);
    const char *other;
    bool is_other_stamp;
} events[] = {
    {"the device's mode", set_mode, "x...", true},
    {"its description, which phones are not told", set_description, "....", false},
    {"a load that is not there", set_load, "....", false},
    {"the load that it names", put_load, "x...", true},
    {"its digest, and of what its address shares", set_digest, "x.x.", false},
    {"an operation is scheduled", schedule, "x...", true},
    {"the site's address", set_site, "xx..", true},
    {"options that phones are not told", set_nothing_of_theirs, "....", false},
    {"a ring list", put_ring, "..xx", false},
    {"a trust list", put_list, "....", false},
    {"time", an_hour_passes, "....", false},
    {"another start", restart, "....", false},
    {"the signing key", replace_key, "xxx.", false},
};

static void stamp_in(const struct rf_buf *b, char stamp[64])
{
    struct rf_slice whole = rf_buf_slice(b);
    size_t at = rf_slice_find(whole, rf_slice_str("<versionStamp>"));
    assert_true(at != SIZE_MAX);
    assert_true(rf_slice_to_str(rf_slice_part(whole, at + 14, 47), stamp, 64));
}

static void exactly_what_depends_on_a_change_is_made_anew(void **state)
{
    struct world *w = *state;
    world_set(w, "provision_names", "0");
    from(w, "192.0.2.1");
    world_add(w, A, RF_STORE_NONSECURE, "");
    world_add(w, B, RF_STORE_NONSECURE, "");
    world_put(w, "files/Ringlist.xml", rf_slice_str("rings"));
    fetch(w, B SGN, B);
    for (size_t i = 0; i < sizeof events / sizeof *events; i++) {
        struct rf_buf before[NAMES];
        fetch(w, A SGN, A);
        for (size_t n = 0; n < NAMES; n++)
            before[n] = bytes_of(w, served[n]);
        rf_clock_fake_advance(&w->clock, 2000);
        events[i].event(w);
        for (size_t n = 0; n < NAMES; n++) {
            RF_AUTO(rf_buf_fini) struct rf_buf after = bytes_of(w, served[n]);
            bool is_other = !rf_slice_eq(rf_buf_slice(&before[n]), rf_buf_slice(&after));
            if (is_other != (events[i].other[n] == 'x'))
                print_error("%s: %s is %s\n", events[i].what, served[n],
                            is_other ? "another" : "the same");
            assert_int_equal(is_other, events[i].other[n] == 'x');
            if (n == 0) {
                char one[64], two[64];
                stamp_in(&before[0], one);
                stamp_in(&after, two);
                assert_int_equal(strcmp(one, two) != 0, events[i].is_other_stamp);
            }
            rf_buf_fini(&before[n]);
        }
    }
}

#define IN_WORLD(test) cmocka_unit_test_setup_teardown(test, world_set_up, world_tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        IN_WORLD(an_unknown_phone_is_noted_and_told_once),
        IN_WORLD(one_in_quarantine_gets_no_configuration),
        IN_WORLD(an_address_that_guesses_names_gets_no_answer),
        IN_WORLD(names_of_listings_are_counted),
        IN_WORLD(what_a_device_fetched_last_is_known),
        IN_WORLD(a_phone_that_fetches_again_and_again_is_told),
        IN_WORLD(another_configuration_is_not_the_same_again),
        IN_WORLD(exactly_what_depends_on_a_change_is_made_anew),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
