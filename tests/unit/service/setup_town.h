/* SPDX-License-Identifier: Apache-2.0 */
/* A site with a database, a server that is started now and then, and phones that boot from it: for
 * tests of lists and keys that change under them. */
#ifndef UNIT_SERVICE_SETUP_TOWN_H
#define UNIT_SERVICE_SETUP_TOWN_H

#include "setup_place.h"

#include <signal.h>
#include <sys/wait.h>

#include "service/held/held.h"
#include "service/setup/setup.h"
#include "trust/issue.h"
#include "trust/path.h"
#include "wire/trustlist/trustlist.h"

#define PHONES 8 /* tests/e2e has fifty */

/* A phone: what it holds. It starts by fetching its lists, as all do. */
struct phone {
    char name[RF_STORE_DEVICE_NAME];
    struct rf_lists lists;
};

static struct town {
    char *dir;
    struct rf_site_conf *conf;
    struct rf_store *store;
    struct phone phones[PHONES];
    size_t n;
    int64_t now_s;
    struct rf_cert *ccm, *tftp, *capf; /* the server that runs uses these */
} t;

static inline int group_setup(void **state)
{
    (void)state;
    shared_begin();
    RF_AUTO(rf_freep) char *site = shared_path("site");
    RF_AUTO(rf_secret_fini) struct rf_secret passphrase = {.len = 0};
    RF_AUTO(rf_site_conf_freep) struct rf_site_conf *conf = rf_site_conf_new();
    assert_err(rf_secret_set(&passphrase, rf_slice_str(PASSPHRASE)), RF_OK);
    struct rf_setup_site make = {
        .dir = site, .conf = conf, .sast2_passphrase = &passphrase, .now_s = SETUP_NOW};
    assert_err(rf_setup_site_make(&make, NULL), RF_OK);
    return 0;
}

static inline int group_teardown(void **state)
{
    (void)state;
    remove_tree(shared.root);
    return 0;
}

static inline void open_store(void)
{
    RF_AUTO(rf_freep) char *path = rf_site_path_in(t.dir, RF_SITE_DB);
    assert_err(rf_store_open(path, &t.store, NULL), RF_OK);
}

static inline struct rf_cert *cert_at(enum rf_site_item item)
{
    RF_AUTO(rf_freep) char *path = rf_site_path_in(t.dir, item);
    struct rf_cert *cert = NULL;
    assert_err(rf_cert_from_pem_file(path, &cert, NULL), RF_OK);
    return cert;
}

static inline void use(enum rf_site_item item, const char *setting, struct rf_cert **in_use)
{
    rf_cert_unref(*in_use);
    *in_use = cert_at(item);
    assert_err(rf_store_setting_save(t.store, setting, rf_cert_sha256(*in_use), NULL), RF_OK);
}

/* The server is started (again): it uses what lies there now. */
static inline void server_starts(void)
{
    use(RF_SITE_CERT_CCM, RF_STORE_IN_USE_CCM, &t.ccm);
    use(RF_SITE_CERT_TFTP, RF_STORE_IN_USE_TFTP, &t.tftp);
    use(RF_SITE_CERT_CAPF, RF_STORE_IN_USE_CAPF, &t.capf);
}

static inline int set_up(void **state)
{
    (void)state;
    RF_AUTO(rf_freep) char *from = shared_path("site");
    static const enum rf_site_item folders[] = {RF_SITE_KEYS, RF_SITE_CERTS, RF_SITE_LISTS,
                                                RF_SITE_DB_DIR};
    t = (struct town){.dir = new_dir(), .conf = rf_site_conf_new(), .now_s = SETUP_NOW + 60};
    assert_err(rf_site_make(t.dir, NULL), RF_OK);
    copy_dir(from, t.dir);
    for (size_t i = 0; i < sizeof folders / sizeof *folders; i++) {
        RF_AUTO(rf_freep) char *a = rf_site_path_in(from, folders[i]);
        RF_AUTO(rf_freep) char *b = rf_site_path_in(t.dir, folders[i]);
        copy_dir(a, b);
    }
    open_store();
    server_starts();
    return 0;
}

static inline int tear_down(void **state)
{
    (void)state;
    for (size_t i = 0; i < t.n; i++)
        rf_lists_fini(&t.phones[i].lists);
    rf_cert_unref(t.ccm);
    rf_cert_unref(t.tftp);
    rf_cert_unref(t.capf);
    rf_store_close(t.store);
    rf_site_conf_free(t.conf);
    rf_free(t.dir);
    return 0;
}

/* ---- phones ---- */

static inline struct phone *add_phone(void)
{
    struct phone *p = &t.phones[t.n];
    struct rf_store_phone device = {.device = {.mode = RF_STORE_ENCRYPTED}};
    snprintf(p->name, sizeof p->name, "SEP0011223344%02zX", t.n++);
    snprintf(device.device.name, sizeof device.device.name, "%s", p->name);
    assert_err(rf_store_device_add(t.store, &device, t.now_s, NULL, NULL), RF_OK);
    return p;
}

static inline void fetches(struct phone *p, enum rf_list_kind kind)
{
    RF_AUTO(rf_freep) char *path = rf_site_list_path_in(t.dir, kind == RF_LIST_ITL, p->name);
    RF_AUTO(rf_buf_fini) struct rf_buf bytes = read_path(path);
    RF_AUTO(rf_list_verdict_fini) struct rf_list_verdict verdict = {0};
    struct rf_list_policy policy = {.rollback = RF_ROLLBACK_REJECT};
    if (rf_lists_consider(&p->lists, kind, rf_buf_slice(&bytes), &policy, &verdict, NULL) == RF_OK)
        rf_lists_install(&p->lists, kind, verdict.list);
    struct rf_held_fetch fetch = {p->name, kind, rf_buf_slice(&bytes)};
    assert_err(rf_held_on_list(t.store, NULL, &fetch, t.now_s, NULL), RF_OK);
}

static inline bool knows(const struct phone *p, const struct rf_cert *cert, uint16_t role)
{
    return rf_lists_find_server(&p->lists, cert, role, NULL) == RF_OK;
}

/* Its configuration verifies, and it believes the call manager and CAPF. */
static inline bool registers(struct phone *p)
{
    if (!knows(p, t.tftp, RF_TRUSTLIST_ROLE_TFTP) || !knows(p, t.ccm, RF_TRUSTLIST_ROLE_CCM) ||
        !knows(p, t.capf, RF_TRUSTLIST_ROLE_CAPF))
        return false;
    assert_err(rf_held_on_registered(t.store, NULL, p->name, t.ccm, t.now_s, NULL), RF_OK);
    return true;
}

static inline bool boots(struct phone *p)
{
    fetches(p, RF_LIST_CTL);
    fetches(p, RF_LIST_ITL);
    return registers(p);
}

static inline void all_boot(void)
{
    for (size_t i = 0; i < t.n; i++)
        assert_true(boots(&t.phones[i]));
}

/* Those that did not start anew believe the server, too. */
static inline void all_register(void)
{
    for (size_t i = 0; i < t.n; i++)
        assert_true(registers(&t.phones[i]));
}

/* ---- what is done ---- */

static inline struct rf_setup_run run_of(bool is_forced)
{
    t.now_s += 60;
    return (struct rf_setup_run){
        .dir = t.dir, .conf = t.conf, .now_s = t.now_s, .is_forced = is_forced};
}

static inline enum rf_err publish(bool is_forced, struct rf_setup_phones *phones,
                                  struct rf_why *why)
{
    struct rf_setup_run run = run_of(is_forced);
    struct rf_setup_lists lists = {0};
    enum rf_err err = rf_setup_publish(&run, &lists, why);
    if (phones != NULL) {
        *phones = lists.phones;
        lists.phones = (struct rf_setup_phones){0};
    }
    rf_setup_lists_fini(&lists);
    return err;
}

/* The code for this device ("": every phone); "" when it is fine. */
static inline const char *code_of(const struct rf_setup_phones *phones, const char *device)
{
    for (size_t i = 0; i < phones->n; i++)
        if (strcmp(phones->items[i].device, device) == 0)
            return phones->items[i].why.code;
    fail_msg("no row for %s", device);
    return NULL;
}

static inline void assert_strands(const char *everyone, const char *first)
{
    struct rf_setup_phones phones = {0};
    struct rf_why why = {0};
    RF_AUTO(rf_freep) char *ctl = rf_site_path_in(t.dir, RF_SITE_CTL);
    RF_AUTO(rf_buf_fini) struct rf_buf before = read_path(ctl);
    assert_refused(publish(false, &phones, &why), RF_ERR_DENIED, why, "list-strands");
    assert_string_equal(code_of(&phones, ""), everyone);
    assert_string_equal(code_of(&phones, t.phones[0].name), first);
    rf_setup_phones_fini(&phones);
    RF_AUTO(rf_buf_fini) struct rf_buf after = read_path(ctl);
    assert_slice_eq(rf_buf_slice(&before), rf_buf_slice(&after));
}

static inline void replace(enum rf_site_item key_item, enum rf_site_item cert_item,
                           enum rf_cert_role role, const char *cn)
{
    RF_AUTO(rf_key_freep) struct rf_key *key = NULL;
    RF_AUTO(rf_vault_freep) struct rf_vault_key *vault = NULL;
    RF_AUTO(rf_cert_freep) struct rf_cert *cert = NULL;
    RF_AUTO(rf_freep) char *key_path = rf_site_path_in(t.dir, key_item);
    RF_AUTO(rf_freep) char *cert_path = rf_site_path_in(t.dir, cert_item);
    RF_AUTO(rf_buf_fini) struct rf_buf pem = RF_BUF(FILE_LIMIT);
    struct rf_issue_self spec = {
        .role = role, .cn = cn, .org = "hq", .now_s = SETUP_NOW, .days = 100};
    assert_err(rf_key_new_rsa(2048, &key, NULL), RF_OK);
    vault = rf_vault_key_from_key(key);
    assert_err(rf_issue_self_signed(&spec, vault, &cert, NULL), RF_OK);
    assert_err(rf_key_save(key, key_path, NULL, cert, NULL), RF_OK);
    assert_err(rf_cert_to_pem(cert, &pem), RF_OK);
    assert_err(rf_file_replace(cert_path, rf_buf_slice(&pem), 0644, NULL), RF_OK);
}

static inline struct rf_cert *some_cert(const char *cn)
{
    RF_AUTO(rf_key_freep) struct rf_key *key = NULL;
    RF_AUTO(rf_vault_freep) struct rf_vault_key *vault = NULL;
    struct rf_cert *cert = NULL;
    struct rf_issue_self spec = {
        .role = RF_CERT_ROLE_TVS, .cn = cn, .org = "x", .now_s = SETUP_NOW, .days = 100};
    assert_err(rf_key_new_ec(RF_CURVE_P256, &key, NULL), RF_OK);
    vault = rf_vault_key_from_key(key);
    assert_err(rf_issue_self_signed(&spec, vault, &cert, NULL), RF_OK);
    return cert;
}

/* The first SAST of another site, and its key. */
static inline struct rf_cert *another_sast(struct rf_vault_key **vault)
{
    RF_AUTO(rf_key_freep) struct rf_key *key = NULL;
    struct rf_cert *cert = NULL;
    struct rf_issue_self spec = {
        .role = RF_CERT_ROLE_SAST, .cn = "SAST", .org = "new", .now_s = SETUP_NOW, .days = 100};
    assert_err(rf_key_new_rsa(2048, &key, NULL), RF_OK);
    *vault = rf_vault_key_from_key(key);
    assert_err(rf_issue_self_signed(&spec, *vault, &cert, NULL), RF_OK);
    return cert;
}

static inline enum rf_err begin(enum rf_setup_what what, struct rf_why *why)
{
    struct rf_setup_run run = run_of(false);
    RF_AUTO(rf_setup_rotation_fini) struct rf_setup_rotation r = {0};
    return rf_setup_rotation_begin(&run, what, NULL, &r, why);
}

static inline enum rf_err next(enum rf_setup_step *step, bool is_forced, struct rf_why *why)
{
    struct rf_setup_run run = run_of(is_forced);
    RF_AUTO(rf_setup_rotation_fini) struct rf_setup_rotation r = {0};
    enum rf_err err = rf_setup_rotation_next(&run, &r, why);
    *step = r.step;
    return err;
}

static inline enum rf_err give_up(enum rf_setup_step *step, struct rf_why *why)
{
    struct rf_setup_run run = run_of(false);
    RF_AUTO(rf_setup_rotation_fini) struct rf_setup_rotation r = {0};
    enum rf_err err = rf_setup_rotation_abort(&run, &r, why);
    *step = r.step;
    return err;
}

static inline void give_lsc(const char *device, enum rf_site_item ca_item,
                            enum rf_site_item key_item)
{
    RF_AUTO(rf_freep) char *path = rf_site_path_in(t.dir, key_item);
    RF_AUTO(rf_key_freep) struct rf_key *ca_key = NULL;
    RF_AUTO(rf_key_freep) struct rf_key *key = NULL;
    RF_AUTO(rf_vault_freep) struct rf_vault_key *vault = NULL;
    RF_AUTO(rf_cert_freep) struct rf_cert *ca = cert_at(ca_item);
    RF_AUTO(rf_cert_freep) struct rf_cert *cert = NULL;
    RF_AUTO(rf_store_cert_fini) struct rf_store_cert row = {.der = RF_BUF(RF_CERT_DER_MAX)};
    struct rf_store_capf op = {
        .op = RF_STORE_OP_INSTALL, .auth = RF_STORE_AUTH_MIC, .key_bits = 2048};
    int64_t id = 0;
    assert_err(rf_key_load(path, NULL, &ca_key, NULL), RF_OK);
    assert_err(rf_key_new_rsa(2048, &key, NULL), RF_OK);
    vault = rf_vault_key_from_key(ca_key);
    struct rf_issue_lsc spec = {.device_name = rf_slice_str(device),
                                .spki = rf_key_spki(key),
                                .now_s = SETUP_NOW,
                                .days = 100};
    assert_err(rf_issue_lsc(&spec, ca, vault, &cert, NULL), RF_OK);
    snprintf(op.device, sizeof op.device, "%s", device);
    snprintf(row.device, sizeof row.device, "%s", device);
    snprintf(row.serial, sizeof row.serial, "%s", "01");
    snprintf(row.subject, sizeof row.subject, "%s", rf_cert_subject(cert));
    snprintf(row.issuer, sizeof row.issuer, "%s", rf_cert_issuer(cert));
    memcpy(row.sha256, rf_cert_sha256(cert).p, sizeof row.sha256);
    row.not_before_s = rf_cert_not_before(cert);
    row.not_after_s = rf_cert_not_after(cert);
    assert_err(rf_buf_add_slice(&row.der, rf_cert_der(cert)), RF_OK);
    assert_err(rf_store_capf_schedule(t.store, &op, t.now_s, NULL, &id, NULL), RF_OK);
    assert_err(rf_store_capf_issue(t.store, id, &row, t.now_s, NULL, NULL), RF_OK);
    assert_err(rf_store_capf_confirm(t.store, device, row.sha256, t.now_s, NULL, NULL), RF_OK);
}

typedef void (*deed)(void);

/* A child does it and is killed on the way. */
static inline void dies_at(const char *point, deed what)
{
    int status = 0;
    rf_store_close(t.store);
    t.store = NULL;
    fflush(NULL);
    pid_t child = fork();
    assert_true(child >= 0);
    if (child == 0) {
        setenv("RINGFENCE_CRASH_AT", point, 1);
        what();
        _exit(0);
    }
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_true(WIFSIGNALED(status));
    assert_int_equal(WTERMSIG(status), SIGKILL);
    open_store();
}

#define AT_TOWN(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)

#endif
