/* SPDX-License-Identifier: Apache-2.0 */
/* Certificates that end: of which the site warns, when, and that it says so once. */
#include "../trust/pki.h"

#include "base/log.h"
#include "service/expiry/expiry.h"
#include "service/site/site.h"
#include "store/store_srst.h"
#include "store_place.h"

#define PHONE "SEP001122334455"
#define DAY   RF_EXPIRY_DAY_S
#define LIFE  400 /* days, and ten more for each kind */

static const struct {
    enum rf_expiry_kind kind;
    enum rf_cert_role role;
    const char *path; /* in the site; NULL: in the database */
    const char *next;
} rows[] = {
    {RF_EXPIRY_SAST1, RF_CERT_ROLE_SAST, "certs/sast1.pem", "`ringfence rotate begin sast`"},
    {RF_EXPIRY_SAST2, RF_CERT_ROLE_SAST, "certs/sast2.pem", "`ringfence rotate begin sast2`"},
    {RF_EXPIRY_CCM, RF_CERT_ROLE_CCM, "certs/ccm.pem",
     "`ringfence rotate begin ccm`, of a survivable router `ringfence srst renew`"},
    {RF_EXPIRY_TFTP, RF_CERT_ROLE_TFTP, "certs/tftp.pem", "`ringfence rotate begin tftp`"},
    {RF_EXPIRY_CAPF, RF_CERT_ROLE_CAPF, "certs/capf.pem", "`ringfence rotate begin capf`"},
    {RF_EXPIRY_TVS, RF_CERT_ROLE_TVS, "certs/tvs.pem", "`ringfence rotate begin tvs`"},
    {RF_EXPIRY_HTTPS, RF_CERT_ROLE_TVS, "certs/https.pem", "`ringfence rotate begin https`"},
    {RF_EXPIRY_LSC_ISSUER, RF_CERT_ROLE_LSC_ISSUER, "certs/lsc-issuer.pem",
     "`ringfence rotate begin lsc-issuer`"},
    {RF_EXPIRY_OTHER_ISSUER, RF_CERT_ROLE_LSC_ISSUER, "trust/lsc-issuers/a.pem",
     "`ringfence capf install`"},
    {RF_EXPIRY_MIC_ROOT, RF_CERT_ROLE_MIC_ROOT, "trust/mic-roots/a.pem", "`ringfence mic import`"},
    {RF_EXPIRY_LIST_ENTRY, RF_CERT_ROLE_CCM, "trust/list/ccm-a.pem", "`ringfence list add`"},
    {RF_EXPIRY_TVS_ADDED, RF_CERT_ROLE_TVS, NULL, "`ringfence tvs add`"},
    {RF_EXPIRY_LSC, RF_CERT_ROLE_TVS, NULL, "`ringfence capf install " PHONE},
    {RF_EXPIRY_MIC, RF_CERT_ROLE_TVS, NULL, "`ringfence capf install " PHONE},
    {RF_EXPIRY_SRST, RF_CERT_ROLE_CCM, NULL, "`ringfence srst update`"},
};
#define ROWS_N (sizeof rows / sizeof *rows)

/* Made once: what takes time is the keys. */
static struct rf_cert *certs[ROWS_N];

static int make_certs(void **state)
{
    (void)state;
    RF_AUTO(rf_key_freep) struct rf_key *key = new_key(0);
    struct rf_vault_key *vault = rf_vault_key_from_key(key);
    for (size_t i = 0; i < ROWS_N; i++) {
        struct rf_issue_self spec = {.role = rows[i].role,
                                     .cn = rf_expiry_kind_name(rows[i].kind),
                                     .now_s = TEST_NOW,
                                     .days = LIFE + 10 * (unsigned)i};
        assert_err(rf_issue_self_signed(&spec, vault, &certs[i], NULL), RF_OK);
    }
    rf_vault_free(vault);
    return 0;
}

static int drop_certs(void **state)
{
    (void)state;
    for (size_t i = 0; i < ROWS_N; i++)
        rf_cert_freep(&certs[i]);
    return 0;
}

/* ---- a site with one certificate of each kind ---- */

struct town {
    struct place place; /* the database lies beside the site */
    char site[96];
    struct rf_store_events events;
};

static void write_cert(const struct town *t, const char *rest, const struct rf_cert *cert)
{
    RF_AUTO(rf_buf_fini) struct rf_buf pem = RF_BUF(4 * RF_CERT_DER_MAX);
    RF_AUTO(rf_freep) char *path = rf_path_join(t->site, rest);
    assert_err(rf_cert_to_pem(cert, &pem), RF_OK);
    assert_err(rf_file_replace(path, rf_buf_slice(&pem), RF_FILE_PUBLIC, NULL), RF_OK);
}

static struct rf_store_cert row_of(const char *device, struct rf_slice sha256, int64_t from_s,
                                   int64_t until_s)
{
    struct rf_store_cert c = {.der = RF_BUF(RF_STORE_DER_MAX),
                              .serial = "01",
                              .not_before_s = from_s,
                              .not_after_s = until_s};
    snprintf(c.device, sizeof c.device, "%s", device);
    memcpy(c.sha256, sha256.p, sizeof c.sha256);
    assert_err(rf_buf_add(&c.der, "x", 1), RF_OK);
    return c;
}

/* The phone asked for it, got it and confirmed it. */
static void give_lsc(struct town *t, const char *device, struct rf_slice sha256, int64_t from_s,
                     int64_t until_s)
{
    struct rf_store_capf op = {.op = RF_STORE_OP_INSTALL, .auth = RF_STORE_AUTH_MIC};
    struct rf_store_cert c = row_of(device, sha256, from_s, until_s);
    int64_t id = 0;
    snprintf(op.device, sizeof op.device, "%s", device);
    assert_err(rf_store_capf_schedule(t->place.store, &op, from_s, NULL, &id, NULL), RF_OK);
    assert_err(rf_store_capf_issue(t->place.store, id, &c, from_s, NULL, NULL), RF_OK);
    assert_err(rf_store_capf_confirm(t->place.store, device, c.sha256, from_s, NULL, NULL), RF_OK);
    rf_store_cert_fini(&c);
}

static void add_device(struct town *t, const char *name)
{
    struct rf_store_phone phone = {.device = {.mode = RF_STORE_ENCRYPTED}};
    snprintf(phone.device.name, sizeof phone.device.name, "%s", name);
    assert_err(rf_store_device_add(t->place.store, &phone, TEST_NOW, NULL, NULL), RF_OK);
}

static int set_up(void **state)
{
    struct town *t = rf_new(struct town);
    place_make(&t->place);
    place_open(&t->place);
    snprintf(t->site, sizeof t->site, "%s/site", t->place.dir);
    assert_err(rf_site_make(t->site, NULL), RF_OK);
    add_device(t, PHONE);
    *state = t;
    return 0;
}

static int tear_down(void **state)
{
    struct town *t = *state;
    rf_store_events_fini(&t->events);
    rf_store_close(t->place.store);
    t->place.store = NULL;
    RF_AUTO(rf_freep) char *command = rf_strf("rm -rf %s", t->place.dir);
    assert_int_equal(system(command), 0);
    rf_free(t);
    return 0;
}

static void add_tvs(struct town *t, struct rf_cert *cert)
{
    struct rf_store_tvs added = {.roles = 2, .der = RF_BUF(RF_STORE_DER_MAX)};
    memcpy(added.sha256, rf_cert_sha256(cert).p, sizeof added.sha256);
    assert_err(rf_buf_add_slice(&added.der, rf_cert_der(cert)), RF_OK);
    assert_err(rf_store_tvs_save(t->place.store, &added, NULL, NULL), RF_OK);
    rf_buf_fini(&added.der);
}

static void add_router(struct town *t, const struct rf_cert *cert)
{
    struct rf_store_srst srst = {
        .name = "branch1", .host = "192.0.2.9", .sccp_port = 2000, .provider_port = 2445};
    srst.cert_len = rf_cert_der(cert).len;
    memcpy(srst.cert, rf_cert_der(cert).p, srst.cert_len);
    assert_err(rf_store_srst_save(t->place.store, &srst, NULL, NULL), RF_OK);
}

static void fill(struct town *t)
{
    static const char *const folders[] = {"trust/lsc-issuers", "trust/list"};
    for (size_t i = 0; i < sizeof folders / sizeof *folders; i++) {
        RF_AUTO(rf_freep) char *path = rf_path_join(t->site, folders[i]);
        assert_err(rf_dir_make(path, 0755, NULL), RF_OK);
    }
    for (size_t i = 0; i < ROWS_N; i++) {
        struct rf_cert *c = certs[i];
        if (rows[i].path != NULL)
            write_cert(t, rows[i].path, c);
        else if (rows[i].kind == RF_EXPIRY_TVS_ADDED)
            add_tvs(t, c);
        else if (rows[i].kind == RF_EXPIRY_SRST)
            add_router(t, c);
        else if (rows[i].kind == RF_EXPIRY_LSC)
            give_lsc(t, PHONE, rf_cert_sha256(c), TEST_NOW, rf_cert_not_after(c));
        else {
            struct rf_store_cert mic =
                row_of(PHONE, rf_cert_sha256(c), TEST_NOW, rf_cert_not_after(c));
            assert_err(rf_store_mic_note(t->place.store, &mic, TEST_NOW, NULL), RF_OK);
            rf_store_cert_fini(&mic);
        }
    }
}

static struct rf_expiry_certs gathered(struct town *t, int64_t now_s)
{
    struct rf_expiry_certs found = {.n = 0};
    assert_err(rf_expiry_gather(t->site, t->place.store, now_s + RF_EXPIRY_AHEAD_S, &found, NULL),
               RF_OK);
    return found;
}

/* One look of the server at this time; returns how many were told. */
static size_t look(struct town *t, int64_t now_s)
{
    struct rf_expiry_told told;
    RF_AUTO(rf_expiry_certs_fini) struct rf_expiry_certs found = gathered(t, now_s);
    assert_err(rf_expiry_tell(t->place.store, &found, now_s, &told, NULL), RF_OK);
    return told.n;
}

static const struct rf_store_events *events(struct town *t)
{
    struct rf_store_event_query all = {.limit = 0};
    rf_store_events_fini(&t->events);
    assert_err(rf_store_event_list(t->place.store, &all, &t->events, NULL), RF_OK);
    return &t->events;
}

/* ---- the clock ---- */

#define STRIDE (3 * DAY)

/* Exactly these, in this order, each within a stride of its time. */
static void assert_told(struct town *t, size_t row)
{
    static const struct {
        const char *code;
        int64_t days;
    } want[] = {
        {"ends-180-days", 180}, {"ends-90-days", 90}, {"ends-30-days", 30},
        {"ends-7-days", 7},     {"ended", 0},
    };
    int64_t end = rf_cert_not_after(certs[row]);
    bool is_device = rows[row].kind == RF_EXPIRY_LSC || rows[row].kind == RF_EXPIRY_MIC;
    size_t n = 0;
    for (size_t i = 0; i < t->events.n; i++) {
        const struct rf_store_event *e = &t->events.items[i];
        if (strstr(e->text, rf_cert_short(certs[row])) == NULL)
            continue;
        assert_true(n < 5);
        assert_string_equal(e->code, want[n].code);
        assert_string_equal(e->category, "expiry");
        assert_in_range(e->time_s, end - want[n].days * DAY, end - want[n].days * DAY + STRIDE);
        assert_string_equal(e->device, is_device ? PHONE : "");
        bool is_error = want[n].days == 0 && rows[row].kind != RF_EXPIRY_MIC;
        assert_int_equal(e->severity, is_error ? RF_STORE_ERROR : RF_STORE_WARN);
        assert_non_null(strstr(e->text, rf_expiry_kind_name(rows[row].kind)));
        assert_non_null(strstr(e->text, rows[row].next));
        n++;
    }
    assert_int_equal(n, 5);
}

static void sec_112_each_kind_is_warned_of_before_its_end_and_once(void **state)
{
    struct town *t = *state;
    int64_t last = rf_cert_not_after(certs[ROWS_N - 1]) + 30 * DAY;
    fill(t);
    for (int64_t now = TEST_NOW + DAY / 2, n = 0; now < last; now += STRIDE, n++) {
        look(t, now);
        assert_int_equal(look(t, now + 3600), 0); /* the next hour */
        if (n % 20 == 0) {
            place_open(&t->place); /* a new start */
            assert_int_equal(look(t, now + 7200), 0);
        }
    }
    assert_int_equal(events(t)->n, 5 * ROWS_N);
    for (size_t i = 0; i < ROWS_N; i++)
        assert_told(t, i);
}

static void what_was_passed_at_once_is_told_once(void **state)
{
    struct town *t = *state;
    int64_t end = rf_cert_not_after(certs[2]);
    write_cert(t, "certs/ccm.pem", certs[2]);
    assert_int_equal(look(t, end - 20 * DAY), 1);
    assert_string_equal(events(t)->items[0].code, "ends-30-days");
    assert_int_equal(look(t, end - 100 * DAY), 0); /* the clock was set back */
    assert_int_equal(look(t, end + 1), 1);
    assert_string_equal(events(t)->items[1].code, "ended");
}

static void a_new_certificate_has_warnings_of_its_own_and_the_old_is_forgotten(void **state)
{
    struct town *t = *state;
    struct rf_store_saids said = {.n = 0};
    int64_t end = rf_cert_not_after(certs[12]);
    give_lsc(t, PHONE, rf_cert_sha256(certs[12]), TEST_NOW, end);
    assert_int_equal(look(t, end - 6 * DAY), 1);
    give_lsc(t, PHONE, rf_cert_sha256(certs[13]), end - 6 * DAY, end + 300 * DAY);
    assert_int_equal(look(t, end - 5 * DAY), 0); /* nobody relies on the old one */
    assert_err(rf_store_said_list(t->place.store, &said, NULL), RF_OK);
    assert_int_equal(said.n, 0);
    rf_store_saids_fini(&said);
    assert_int_equal(look(t, end + 125 * DAY), 1);
    assert_string_equal(events(t)->items[1].code, "ends-180-days");
}

static void a_step_as_long_as_the_life_is_none(void **state)
{
    (void)state;
    struct rf_expiry_cert c = {.kind = RF_EXPIRY_LSC, .not_before_s = 0, .not_after_s = 31 * DAY};
    assert_int_equal(rf_expiry_step(&c, 0), RF_EXPIRY_NOT_YET);
    assert_int_equal(rf_expiry_step(&c, 1 * DAY - 1), RF_EXPIRY_NOT_YET);
    assert_int_equal(rf_expiry_step(&c, 1 * DAY), 30);
    assert_int_equal(rf_expiry_step(&c, 24 * DAY - 1), 30);
    assert_int_equal(rf_expiry_step(&c, 24 * DAY), 7);
    assert_int_equal(rf_expiry_step(&c, 31 * DAY), 7);
    assert_int_equal(rf_expiry_step(&c, 31 * DAY + 1), 0);
    c.not_before_s = 1 * DAY;
    assert_int_equal(rf_expiry_step(&c, 1 * DAY), RF_EXPIRY_NOT_YET);
    assert_int_equal(rf_expiry_step(&c, 24 * DAY), 7);
}

static void days_are_whole_and_fall_below_zero(void **state)
{
    (void)state;
    struct rf_expiry_cert c = {.kind = RF_EXPIRY_LSC, .not_after_s = 10 * DAY};
    assert_int_equal(rf_expiry_days_left(&c, 0), 10);
    assert_int_equal(rf_expiry_days_left(&c, 1), 9);
    assert_int_equal(rf_expiry_days_left(&c, 10 * DAY), 0);
    assert_int_equal(rf_expiry_days_left(&c, 10 * DAY + 1), -1);
    assert_int_equal(rf_expiry_days_left(&c, 11 * DAY), -1);
    assert_int_equal(rf_expiry_days_left(&c, 11 * DAY + 1), -2);
}

static void renewal_is_due_at_two_thirds_of_the_life(void **state)
{
    (void)state;
    assert_false(rf_expiry_is_due(1000, 1000 + 300 * DAY, 1000 + 200 * DAY - 2));
    assert_true(rf_expiry_is_due(1000, 1000 + 300 * DAY, 1000 + 200 * DAY));
    assert_true(rf_expiry_is_due(1000, 1000 + 300 * DAY, 1000 + 301 * DAY));
    assert_false(rf_expiry_is_due(1000, 1000 + 300 * DAY, 1000));
}

static void an_lsc_that_has_ended_proves_nothing(void **state)
{
    (void)state;
    struct rf_expiry_cert c = {.kind = RF_EXPIRY_LSC, .device = PHONE, .not_after_s = 100};
    char buf[RF_EXPIRY_NEXT_MAX];
    assert_string_equal(rf_expiry_next(&c, 100, buf),
                        "`ringfence capf install " PHONE " --auth lsc`");
    assert_string_equal(rf_expiry_next(&c, 101, buf),
                        "`ringfence capf install " PHONE "`, by string or by its MIC");
}

static void a_fleet_is_told_in_portions(void **state)
{
    struct town *t = *state;
    struct rf_expiry_certs all = {.n = RF_EXPIRY_TOLD_MAX + 3};
    struct rf_expiry_told told;
    all.items = rf_new_n(struct rf_expiry_cert, all.n);
    for (size_t i = 0; i < all.n; i++) {
        all.items[i] = (struct rf_expiry_cert){
            .kind = RF_EXPIRY_MIC, .device = PHONE, .not_after_s = TEST_NOW + 20 * DAY};
        all.items[i].sha256[0] = (uint8_t)(i & 0xff);
        all.items[i].sha256[31] = (uint8_t)(i >> 8);
    }
    assert_err(rf_expiry_tell(t->place.store, &all, TEST_NOW, &told, NULL), RF_OK);
    assert_int_equal(told.n, RF_EXPIRY_TOLD_MAX);
    assert_true(told.has_more);
    assert_err(rf_expiry_tell(t->place.store, &all, TEST_NOW, &told, NULL), RF_OK);
    assert_int_equal(told.n, 3);
    assert_false(told.has_more);
    assert_err(rf_expiry_tell(t->place.store, &all, TEST_NOW, &told, NULL), RF_OK);
    assert_int_equal(told.n, 0);
    assert_int_equal(events(t)->n, all.n);
    rf_expiry_certs_fini(&all);
}

/* ---- which ---- */

static void what_cannot_be_read_does_not_hide_the_others(void **state)
{
    struct town *t = *state;
    RF_AUTO(rf_freep) char *bad = rf_path_join(t->site, "trust/mic-roots/0.pem");
    assert_err(rf_file_replace(bad, rf_slice_str("nothing"), RF_FILE_PUBLIC, NULL), RF_OK);
    write_cert(t, "trust/mic-roots/1.pem", certs[9]);
    write_cert(t, "trust/mic-roots/2.pem", certs[9]); /* the same: once */
    write_cert(t, "trust/mic-roots/3.txt", certs[8]); /* none of ours */
    RF_AUTO(rf_expiry_certs_fini)
    struct rf_expiry_certs found = gathered(t, rf_cert_not_after(certs[9]));
    assert_int_equal(found.n, 1);
    assert_int_equal(found.items[0].kind, RF_EXPIRY_MIC_ROOT);
    assert_string_equal(found.items[0].subject, rf_cert_subject(certs[9]));
}

static void the_soonest_comes_first_and_what_is_far_not_at_all(void **state)
{
    struct town *t = *state;
    write_cert(t, "certs/sast1.pem", certs[5]);
    write_cert(t, "certs/ccm.pem", certs[2]);
    write_cert(t, "certs/tftp.pem", certs[9]);
    int64_t now_s = rf_cert_not_after(certs[9]) - RF_EXPIRY_AHEAD_S;
    RF_AUTO(rf_expiry_certs_fini) struct rf_expiry_certs found = gathered(t, now_s);
    assert_int_equal(found.n, 2);
    assert_int_equal(found.items[0].kind, RF_EXPIRY_CCM);
    assert_int_equal(found.items[1].kind, RF_EXPIRY_SAST1);
    RF_AUTO(rf_expiry_certs_fini) struct rf_expiry_certs later = gathered(t, now_s + 1);
    assert_int_equal(later.n, 3);
}

static void certificates_of_removed_devices_and_unconfirmed_ones_do_not_count(void **state)
{
    struct town *t = *state;
    add_device(t, "SEP001122334466");
    give_lsc(t, PHONE, rf_cert_sha256(certs[12]), TEST_NOW, TEST_NOW + 300 * DAY);
    give_lsc(t, "SEP001122334466", rf_cert_sha256(certs[13]), TEST_NOW, TEST_NOW + 300 * DAY);
    RF_AUTO(rf_expiry_certs_fini)
    struct rf_expiry_certs both = gathered(t, TEST_NOW + 200 * DAY);
    assert_int_equal(both.n, 2);
    assert_err(rf_store_device_remove(t->place.store, "SEP001122334466", TEST_NOW, NULL, NULL),
               RF_OK);
    struct rf_store_capf op = {
        .device = PHONE, .op = RF_STORE_OP_INSTALL, .auth = RF_STORE_AUTH_MIC};
    struct rf_store_cert sent =
        row_of(PHONE, rf_cert_sha256(certs[0]), TEST_NOW, TEST_NOW + 250 * DAY);
    int64_t id = 0;
    assert_err(rf_store_capf_schedule(t->place.store, &op, TEST_NOW, NULL, &id, NULL), RF_OK);
    assert_err(rf_store_capf_issue(t->place.store, id, &sent, TEST_NOW, NULL, NULL), RF_OK);
    rf_store_cert_fini(&sent);
    RF_AUTO(rf_expiry_certs_fini)
    struct rf_expiry_certs found = gathered(t, TEST_NOW + 200 * DAY);
    assert_int_equal(found.n, 1);
    assert_string_equal(found.items[0].device, PHONE);
    assert_int_equal(found.items[0].not_after_s, TEST_NOW + 300 * DAY);
}

#define IN_TOWN(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        IN_TOWN(sec_112_each_kind_is_warned_of_before_its_end_and_once),
        IN_TOWN(what_was_passed_at_once_is_told_once),
        IN_TOWN(a_new_certificate_has_warnings_of_its_own_and_the_old_is_forgotten),
        cmocka_unit_test(a_step_as_long_as_the_life_is_none),
        cmocka_unit_test(days_are_whole_and_fall_below_zero),
        cmocka_unit_test(renewal_is_due_at_two_thirds_of_the_life),
        cmocka_unit_test(an_lsc_that_has_ended_proves_nothing),
        IN_TOWN(a_fleet_is_told_in_portions),
        IN_TOWN(what_cannot_be_read_does_not_hide_the_others),
        IN_TOWN(the_soonest_comes_first_and_what_is_far_not_at_all),
        IN_TOWN(certificates_of_removed_devices_and_unconfirmed_ones_do_not_count),
    };
    return cmocka_run_group_tests(tests, make_certs, drop_certs);
}
