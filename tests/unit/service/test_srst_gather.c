/* SPDX-License-Identifier: Apache-2.0 */
/* The centre makes a branch's snapshot from its database and folders. */
#include "../trust/pki.h"

#include "base/file_tree.h"
#include "service/site/site.h"
#include "service/srst/gather.h"
#include "store/store_srst.h"
#include "store_place.h"

#define PHONE  "SEP001122334455"
#define PHONE2 "SEP0011223344AA"
#define NEWBIE "SEP0011223344BB"

struct town {
    struct place place;
    char site[96];
    struct id issuer, former, ca, root;
    uint64_t serial, steps; /* of what was made last; how often it was another */
};

static void write_cert(const struct town *t, const char *rest, const struct rf_cert *cert)
{
    RF_AUTO(rf_buf_fini) struct rf_buf pem = RF_BUF(32768);
    RF_AUTO(rf_freep) char *path = rf_path_join(t->site, rest);
    assert_err(rf_cert_to_pem(cert, &pem), RF_OK);
    assert_err(rf_file_replace(path, rf_buf_slice(&pem), RF_FILE_PUBLIC, NULL), RF_OK);
}

static void make_dir(const struct town *t, const char *rest)
{
    RF_AUTO(rf_freep) char *path = rf_path_join(t->site, rest);
    assert_err(rf_dir_make(path, 0755, NULL), RF_OK);
}

static void add_phone(struct town *t, const char *name, const char *dn, bool is_quarantined)
{
    struct rf_store_line line = {.index = 1};
    struct rf_store_phone phone = {.device = {.model = "7975", .is_quarantined = is_quarantined}};
    snprintf(phone.device.name, sizeof phone.device.name, "%s", name);
    snprintf(line.dn, sizeof line.dn, "%s", dn);
    if (!is_quarantined) {
        phone.device.mode = RF_STORE_ENCRYPTED;
        phone.lines = &line;
        phone.n_lines = 1;
    }
    assert_err(rf_store_device_add(t->place.store, &phone, TEST_NOW, NULL, NULL), RF_OK);
}

static void note_mic(struct town *t, unsigned mark)
{
    struct rf_store_cert c = {.der = RF_BUF(RF_STORE_DER_MAX),
                              .device = PHONE,
                              .serial = "01",
                              .not_before_s = TEST_NOW,
                              .not_after_s = TEST_NOW + 1000};
    memset(c.sha256, (int)mark, sizeof c.sha256);
    assert_err(rf_buf_add(&c.der, c.sha256, 4), RF_OK);
    assert_err(rf_store_mic_note(t->place.store, &c, TEST_NOW, NULL), RF_OK);
    rf_store_cert_fini(&c);
}

static void give_lsc(struct town *t, unsigned mark)
{
    struct rf_store_capf op = {
        .device = PHONE, .op = RF_STORE_OP_INSTALL, .auth = RF_STORE_AUTH_NULL};
    struct rf_store_cert c = {.der = RF_BUF(RF_STORE_DER_MAX),
                              .device = PHONE,
                              .serial = "01",
                              .issuer = "CN=issuer",
                              .not_before_s = TEST_NOW,
                              .not_after_s = TEST_NOW + 1000};
    int64_t id = 0;
    memset(c.sha256, (int)mark, sizeof c.sha256);
    assert_err(rf_buf_add(&c.der, c.sha256, 4), RF_OK);
    assert_err(rf_store_capf_schedule(t->place.store, &op, TEST_NOW, NULL, &id, NULL), RF_OK);
    assert_err(rf_store_capf_issue(t->place.store, id, &c, TEST_NOW, NULL, NULL), RF_OK);
    assert_err(rf_store_capf_confirm(t->place.store, PHONE, c.sha256, TEST_NOW, NULL, NULL), RF_OK);
    rf_store_cert_fini(&c);
}

static int set_up(void **state)
{
    struct town *t = rf_new(struct town);
    place_make(&t->place);
    place_open(&t->place);
    snprintf(t->site, sizeof t->site, "%s/site", t->place.dir);
    assert_err(rf_site_make(t->site, NULL), RF_OK);
    t->issuer = self_id(RF_CERT_ROLE_LSC_ISSUER, "issuer", 0);
    t->former = self_id(RF_CERT_ROLE_LSC_ISSUER, "former", 0);
    t->ca = self_id(RF_CERT_ROLE_LSC_ISSUER, "ca", 0);
    t->root = self_id(RF_CERT_ROLE_MIC_ROOT, "root", 0);
    make_dir(t, "trust/lsc-issuers");
    make_dir(t, "trust/lsc-cas");
    write_cert(t, "trust/lsc-issuers/a.pem", t->former.cert);
    write_cert(t, "trust/lsc-issuers/b.pem", t->issuer.cert);
    write_cert(t, "trust/lsc-cas/a.pem", t->ca.cert);
    write_cert(t, "trust/mic-roots/a.pem", t->root.cert);
    add_phone(t, PHONE2, "2002", false);
    add_phone(t, PHONE, "2001", false);
    add_phone(t, NEWBIE, "", true);
    *state = t;
    return 0;
}

static int tear_down(void **state)
{
    struct town *t = *state;
    assert_err(rf_tree_remove(t->site, NULL), RF_OK);
    place_drop(&t->place);
    id_fini(&t->issuer);
    id_fini(&t->former);
    id_fini(&t->ca);
    id_fini(&t->root);
    rf_free(t);
    return 0;
}

static uint32_t suites(void *arg, const char *model)
{
    (void)arg;
    return strcmp(model, "7975") == 0 ? 3 : 0;
}

static bool is_untrusted(void *arg, const char *model)
{
    return suites(arg, model) != 0;
}

static const char *const names[] = {PHONE2, NEWBIE, "SEP0000000000FF", PHONE, PHONE2};

static struct rf_srst_spec spec_of(const struct town *t)
{
    return (struct rf_srst_spec){.branch = "branch1",
                                 .site = t->site,
                                 .site_name = "hq",
                                 .lsc_issuer = t->issuer.cert,
                                 .keepalive_s = 30,
                                 .rsa_min = 2048,
                                 .now_s = TEST_NOW,
                                 .serial = 1,
                                 .devices = names,
                                 .n_devices = sizeof names / sizeof *names};
}

static struct rf_srst_snapshot gather(const struct town *t, const struct rf_srst_spec *spec)
{
    struct rf_srst_snapshot s;
    struct rf_why why = {0};
    enum rf_err err = rf_srst_snapshot_gather(t->place.store, spec, &s, &why);
    if (err != RF_OK)
        print_error("%s\n", rf_why_text(&why));
    assert_int_equal(err, RF_OK);
    return s;
}

static void devices_in_order_without_strangers(void **state)
{
    struct town *t = *state;
    struct rf_srst_spec spec = spec_of(t);
    give_lsc(t, 1);
    spec.suites = suites;
    spec.is_untrusted = is_untrusted;
    RF_AUTO(rf_srst_snapshot_fini) struct rf_srst_snapshot s = gather(t, &spec);
    assert_int_equal(s.n, 2);
    assert_string_equal(s.phones[0].device.name, PHONE);
    assert_string_equal(s.phones[1].device.name, PHONE2);
    assert_string_equal(s.phones[0].lines[0].dn, "2001");
    assert_int_equal(s.suites[0], 3);
    assert_true(s.untrusted[0]);
    assert_int_equal(s.certs[0].n, 1);
    assert_string_equal(s.certs[0].items[0].issuer, "CN=issuer");
    assert_int_equal(s.certs[1].n, 0);
    assert_int_equal(s.lsc_issuers.n, 2); /* the present one once, and first */
    assert_true(rf_cert_eq(s.lsc_issuers.items[0], t->issuer.cert));
    assert_true(rf_cert_eq(s.lsc_issuers.items[1], t->former.cert));
    assert_int_equal(s.lsc_cas.n, 1);
    assert_int_equal(s.mic_roots.n, 0);
    RF_AUTO(rf_buf_fini) struct rf_buf text = RF_BUF(RF_SRST_BODY_MAX);
    RF_AUTO(rf_srst_snapshot_fini) struct rf_srst_snapshot got = {0};
    assert_err(rf_srst_snapshot_write(&s, &text, NULL), RF_OK);
    assert_err(rf_srst_snapshot_parse(rf_buf_slice(&text), &got, NULL), RF_OK);
}

static void mics_only_where_they_count(void **state)
{
    struct town *t = *state;
    struct rf_srst_spec spec = spec_of(t);
    spec.accepts_mics = true;
    RF_AUTO(rf_srst_snapshot_fini) struct rf_srst_snapshot s = gather(t, &spec);
    assert_int_equal(s.mic_roots.n, 1);
    assert_true(rf_cert_eq(s.mic_roots.items[0], t->root.cert));
}

static void block(struct town *t, uint8_t mark)
{
    struct rf_store_block b = {.at_s = TEST_NOW};
    memset(b.sha256, mark, sizeof b.sha256);
    assert_err(rf_store_block_save(t->place.store, &b, NULL, NULL), RF_OK);
}

static void digest_of(const struct town *t, uint8_t out[32])
{
    struct rf_srst_spec spec = spec_of(t);
    RF_AUTO(rf_srst_snapshot_fini) struct rf_srst_snapshot s = gather(t, &spec);
    assert_err(rf_srst_snapshot_digest(&s, out, NULL), RF_OK);
}

static void only_what_matters_changes_the_digest(void **state)
{
    struct town *t = *state;
    uint8_t before[32], after[32];
    struct rf_store_phone phone = {.lines = NULL};
    block(t, 9);
    digest_of(t, before);
    /* Where it gets its loads is nothing to a router. */
    assert_err(rf_store_device_load(t->place.store, PHONE, &phone, NULL), RF_OK);
    snprintf(phone.device.load, sizeof phone.device.load, "SCCP75.9-4-2");
    assert_err(rf_store_device_change(t->place.store, &phone, TEST_NOW + 5, NULL, NULL), RF_OK);
    digest_of(t, after);
    assert_memory_equal(before, after, 32);
    snprintf(phone.lines[0].label, sizeof phone.lines[0].label, "Desk");
    assert_err(rf_store_device_change(t->place.store, &phone, TEST_NOW + 6, NULL, NULL), RF_OK);
    rf_store_phone_fini(&phone);
    digest_of(t, after);
    assert_memory_not_equal(before, after, 32);
    block(t, 4);
    struct rf_srst_spec spec = spec_of(t);
    RF_AUTO(rf_srst_snapshot_fini) struct rf_srst_snapshot s = gather(t, &spec);
    assert_int_equal(s.n_blocked, 2);
    assert_true(s.blocked[0] == 4 && s.blocked[32] == 9);
}

static void of_many_certificates_those_in_force_stay(void **state)
{
    struct town *t = *state;
    struct rf_srst_spec spec = spec_of(t);
    for (unsigned i = 1; i <= RF_SRST_DEVICE_CERTS_MAX + 3; i++)
        give_lsc(t, i); /* each ends the one before */
    note_mic(t, 100);
    block(t, 100); /* listed as revoked, else it would count */
    RF_AUTO(rf_srst_snapshot_fini) struct rf_srst_snapshot s = gather(t, &spec);
    assert_int_equal(s.certs[0].n, RF_SRST_DEVICE_CERTS_MAX);
    bool has_mic = false, has_present = false, has_first = false;
    for (size_t i = 0; i < s.certs[0].n; i++) {
        const struct rf_store_cert *c = &s.certs[0].items[i];
        has_mic |= c->kind == RF_STORE_MIC && c->state == RF_STORE_CERT_REVOKED;
        has_present |= c->sha256[0] == RF_SRST_DEVICE_CERTS_MAX + 3;
        has_first |= c->sha256[0] == 1;
    }
    assert_true(has_mic && has_present && !has_first);
}

static uint64_t made(struct town *t, int64_t now_s, struct rf_srst_snapshot *out)
{
    struct rf_srst_spec spec = spec_of(t);
    RF_AUTO(rf_buf_fini) struct rf_buf body = RF_BUF(RF_SRST_BODY_MAX);
    uint64_t serial = 0;
    struct rf_store_srst_users users = {0};
    spec.now_s = now_s;
    assert_err(rf_store_srst_devices_of(t->place.store, NULL, &users, NULL), RF_OK);
    assert_err(rf_srst_snapshot_make(t->place.store, &spec, &users, &body, &serial, NULL), RF_OK);
    rf_store_srst_users_fini(&users);
    assert_err(rf_srst_snapshot_parse(rf_buf_slice(&body), out, NULL), RF_OK);
    assert_int_equal(out->serial, serial);
    assert_int_equal(out->made_s, now_s);
    size_t n = out->n;
    rf_srst_snapshot_fini(out);
    out->n = 0;
    assert_true(serial >= t->serial);
    t->steps += serial > t->serial;
    t->serial = serial;
    return t->steps * 100 + n;
}

static void the_serial_grows_with_the_content(void **state)
{
    struct town *t = *state;
    struct rf_store_srst srst = {
        .name = "branch1", .host = "192.0.2.9", .sccp_port = 2000, .provider_port = 2445};
    struct rf_srst_spec spec = spec_of(t);
    struct rf_srst_snapshot s;
    RF_AUTO(rf_buf_fini) struct rf_buf body = RF_BUF(RF_SRST_BODY_MAX);
    struct rf_why why = {0};
    uint64_t serial = 7;
    const struct rf_store_srst_users none = {0};
    assert_refused(rf_srst_snapshot_make(t->place.store, &spec, &none, &body, &serial, &why),
                   RF_ERR_NOT_FOUND, why, "srst-unknown");
    assert_true(serial == 0 && body.len == 0);
    srst.cert[0] = 0x30;
    srst.cert_len = 1;
    assert_err(rf_store_srst_save(t->place.store, &srst, NULL, NULL), RF_OK);
    assert_int_equal(made(t, TEST_NOW, &s), 100); /* the first, without devices */
    assert_int_equal(made(t, TEST_NOW + 9, &s), 100);
    assert_err(
        rf_store_srst_use_set(t->place.store, RF_STORE_LAYER_DEVICE, PHONE, "branch1", NULL, NULL),
        RF_OK);
    assert_int_equal(made(t, TEST_NOW, &s), 201);
    assert_err(
        rf_store_srst_use_set(t->place.store, RF_STORE_LAYER_SITE, "", "branch1", NULL, NULL),
        RF_OK);
    assert_int_equal(made(t, TEST_NOW, &s), 302);
    assert_int_equal(made(t, TEST_NOW, &s), 302);
}

static void too_many_devices_are_refused(void **state)
{
    struct town *t = *state;
    struct rf_srst_spec spec = spec_of(t);
    struct rf_srst_snapshot s;
    struct rf_why why = {0};
    static char text[RF_SRST_DEVICES_MAX + 1][16];
    static const char *many[RF_SRST_DEVICES_MAX + 1];
    for (size_t i = 0; i < RF_SRST_DEVICES_MAX + 1; i++) {
        snprintf(text[i], sizeof text[i], "SEP%012zX", i);
        many[i] = text[i];
    }
    spec.devices = many;
    spec.n_devices = RF_SRST_DEVICES_MAX + 1;
    assert_refused(rf_srst_snapshot_gather(t->place.store, &spec, &s, &why), RF_ERR_LIMIT, why,
                   "snapshot-devices");
    assert_true(s.n == 0 && s.phones == NULL);
    spec.n_devices--;
    s = gather(t, &spec);
    rf_srst_snapshot_fini(&s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(devices_in_order_without_strangers, set_up, tear_down),
        cmocka_unit_test_setup_teardown(mics_only_where_they_count, set_up, tear_down),
        cmocka_unit_test_setup_teardown(only_what_matters_changes_the_digest, set_up, tear_down),
        cmocka_unit_test_setup_teardown(of_many_certificates_those_in_force_stay, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(the_serial_grows_with_the_content, set_up, tear_down),
        cmocka_unit_test_setup_teardown(too_many_devices_are_refused, set_up, tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
