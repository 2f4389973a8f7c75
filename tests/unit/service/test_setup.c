/* SPDX-License-Identifier: Apache-2.0 */
/* A site that is made, is never replaced, and publishes lists that phones take; what is brought
 * into it from outside. */
#include "setup_place.h"

#include "service/setup/factory.h"
#include "service/setup/issuers.h"
#include "service/setup/setup.h"
#include "trust/issue.h"
#include "trust/name.h"
#include "trust/path.h"
#include "trust/sigfile.h"
#include "trust/srst_cert.h"

static const struct {
    enum rf_site_item key, cert;
    const char *cn, *step;
    bool is_ca;
    uint32_t usage; /* that must be there */
    int days;
} identities[] = {
    {RF_SITE_KEY_SAST1, RF_SITE_CERT_SAST1, "CN=hq-SAST-1,O=hq", "SAST-1", false,
     RF_KU_DIGITAL_SIGNATURE, RF_SETUP_DAYS},
    {RF_SITE_KEY_SAST2, RF_SITE_CERT_SAST2, "CN=hq-SAST-2,O=hq", "SAST-2", false,
     RF_KU_DIGITAL_SIGNATURE, RF_SETUP_SAST2_DAYS},
    {RF_SITE_KEY_CCM, RF_SITE_CERT_CCM, "CN=hq-CCM,O=hq", "CCM", false,
     RF_KU_DIGITAL_SIGNATURE | RF_KU_KEY_ENCIPHERMENT, RF_SETUP_DAYS},
    {RF_SITE_KEY_TFTP, RF_SITE_CERT_TFTP, "CN=hq-TFTP,O=hq", "TFTP", false, RF_KU_DIGITAL_SIGNATURE,
     RF_SETUP_DAYS},
    {RF_SITE_KEY_CAPF, RF_SITE_CERT_CAPF, "CN=hq-CAPF,O=hq", "CAPF", true,
     RF_KU_DIGITAL_SIGNATURE | RF_KU_KEY_ENCIPHERMENT | RF_KU_KEY_CERT_SIGN, RF_SETUP_DAYS},
    {RF_SITE_KEY_LSC_ISSUER, RF_SITE_CERT_LSC_ISSUER, "CN=hq-LSC-issuer,O=hq", "LSC-issuer", true,
     RF_KU_KEY_CERT_SIGN, RF_SETUP_SAST2_DAYS},
    {RF_SITE_KEY_HTTPS, RF_SITE_CERT_HTTPS, "CN=hq-HTTPS,O=hq", "HTTPS", false,
     RF_KU_DIGITAL_SIGNATURE, RF_SETUP_DAYS},
};
#define IDENTITIES (sizeof identities / sizeof *identities)

static struct rf_site_conf *conf_of(const char *name, const char *value)
{
    struct rf_site_conf *conf = rf_site_conf_new();
    assert_err(rf_site_conf_set(&conf, "name", "hq", NULL), RF_OK);
    assert_err(rf_site_conf_set(&conf, "advertise", "cm.example.net", NULL), RF_OK);
    if (name != NULL)
        assert_err(rf_site_conf_set(&conf, name, value, NULL), RF_OK);
    return conf;
}

struct steps {
    char text[256];
};

static void on_step(void *arg, const char *what, const struct rf_cert *cert)
{
    struct steps *s = arg;
    size_t n = strlen(s->text);
    assert_non_null(cert);
    snprintf(s->text + n, sizeof s->text - n, "%s ", what);
}

static enum rf_err make_site(const char *dir, struct steps *steps, struct rf_why *why)
{
    RF_AUTO(rf_site_conf_freep) struct rf_site_conf *conf = conf_of(NULL, NULL);
    RF_AUTO(rf_secret_fini) struct rf_secret passphrase = {.len = 0};
    assert_err(rf_secret_set(&passphrase, rf_slice_str(PASSPHRASE)), RF_OK);
    struct rf_setup_site make = {
        .dir = dir,
        .conf = conf,
        .sast2_passphrase = &passphrase,
        .now_s = SETUP_NOW,
        .on_step = steps != NULL ? on_step : NULL,
        .arg = steps,
    };
    return rf_setup_site_make(&make, why);
}

static int group_setup(void **state)
{
    (void)state;
    shared_begin();
    RF_AUTO(rf_freep) char *site = shared_path("site");
    RF_AUTO(rf_freep) char *factory = shared_path("factory");
    struct steps steps = {""};
    struct rf_why why = {0};
    if (make_site(site, &steps, &why) != RF_OK)
        print_error("%s\n", why.text);
    assert_string_equal(why.code, "");
    assert_string_equal(steps.text, "SAST-1 SAST-2 CCM TFTP CAPF LSC-issuer TVS HTTPS ");
    assert_err(rf_factory_make(factory, "Example Phones", SETUP_NOW, NULL), RF_OK);
    return 0;
}

static int group_teardown(void **state)
{
    (void)state;
    remove_tree(shared.root);
    return 0;
}

/* Each test has a copy of the site. */
static int set_up(void **state)
{
    RF_AUTO(rf_freep) char *from = shared_path("site");
    static const enum rf_site_item folders[] = {RF_SITE_KEYS, RF_SITE_CERTS, RF_SITE_LISTS,
                                                RF_SITE_DB_DIR};
    char *dir = new_dir();
    assert_err(rf_site_make(dir, NULL), RF_OK);
    copy_dir(from, dir);
    for (size_t i = 0; i < sizeof folders / sizeof *folders; i++) {
        RF_AUTO(rf_freep) char *a = rf_site_path_in(from, folders[i]);
        RF_AUTO(rf_freep) char *b = rf_site_path_in(dir, folders[i]);
        copy_dir(a, b);
    }
    *state = dir;
    return 0;
}

static int tear_down(void **state)
{
    rf_free(*state);
    return 0;
}

static struct rf_cert *cert_at(const char *dir, enum rf_site_item item)
{
    RF_AUTO(rf_freep) char *path = rf_site_path_in(dir, item);
    struct rf_cert *cert = NULL;
    assert_err(rf_cert_from_pem_file(path, &cert, NULL), RF_OK);
    return cert;
}

static enum rf_err load_key(const char *dir, enum rf_site_item item, const char *passphrase,
                            struct rf_key **out, struct rf_why *why)
{
    RF_AUTO(rf_freep) char *path = rf_site_path_in(dir, item);
    RF_AUTO(rf_secret_fini) struct rf_secret secret = {.len = 0};
    if (passphrase != NULL)
        assert_err(rf_secret_set(&secret, rf_slice_str(passphrase)), RF_OK);
    return rf_key_load(path, passphrase != NULL ? &secret : NULL, out, why);
}

/* All keys and certificates in one string of bytes: to see that nothing was touched. */
static struct rf_buf keys_of(const char *dir)
{
    struct rf_buf all = RF_BUF(FILE_LIMIT);
    for (size_t i = 0; i < IDENTITIES; i++) {
        RF_AUTO(rf_freep) char *key = rf_site_path_in(dir, identities[i].key);
        RF_AUTO(rf_freep) char *cert = rf_site_path_in(dir, identities[i].cert);
        RF_AUTO(rf_buf_fini) struct rf_buf a = read_path(key);
        RF_AUTO(rf_buf_fini) struct rf_buf b = read_path(cert);
        assert_err(rf_buf_add_slice(&all, rf_buf_slice(&a)), RF_OK);
        assert_err(rf_buf_add_slice(&all, rf_buf_slice(&b)), RF_OK);
    }
    return all;
}

static void the_site_opens_and_its_private_files_are_private(void **state)
{
    const char *dir = *state;
    RF_AUTO(rf_site_freep) struct rf_site *site = NULL;
    static const struct {
        enum rf_site_item item;
        unsigned mode;
    } rows[] = {
        {RF_SITE_KEYS, 0700},      {RF_SITE_DB_DIR, 0700},
        {RF_SITE_CERTS, 0755},     {RF_SITE_LISTS, 0755},
        {RF_SITE_IMAGES, 0755},    {RF_SITE_RUN, 0755},
        {RF_SITE_DB, 0600},        {RF_SITE_CONF, 0644},
        {RF_SITE_CTL, 0644},       {RF_SITE_ITL, 0644},
        {RF_SITE_KEY_CCM, 0600},   {RF_SITE_KEY_TFTP, 0600},
        {RF_SITE_KEY_CAPF, 0600},  {RF_SITE_KEY_SAST1, 0600},
        {RF_SITE_KEY_SAST2, 0600}, {RF_SITE_KEY_LSC_ISSUER, 0600},
        {RF_SITE_KEY_HTTPS, 0600}, {RF_SITE_CERT_CCM, 0644},
    };
    RF_AUTO(rf_freep) char *made = shared_path("site");
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        RF_AUTO(rf_freep) char *path = rf_site_path_in(made, rows[i].item);
        assert_int_equal(mode_of(path), rows[i].mode);
    }
    assert_err(rf_site_open(dir, &site, NULL), RF_OK);
    assert_string_equal(site->conf->name, "hq");
    RF_AUTO(rf_freep) char *mark = rf_path_join(made, "init.unfinished");
    assert_false(rf_file_exists(mark));
}

static void each_key_is_that_of_its_certificate_and_no_other(void **state)
{
    const char *dir = *state;
    struct rf_cert *certs[IDENTITIES];
    for (size_t i = 0; i < IDENTITIES; i++) {
        RF_AUTO(rf_key_freep) struct rf_key *key = NULL;
        bool is_second = identities[i].key == RF_SITE_KEY_SAST2;
        certs[i] = cert_at(dir, identities[i].cert);
        assert_err(load_key(dir, identities[i].key, is_second ? PASSPHRASE : NULL, &key, NULL),
                   RF_OK);
        assert_true(rf_key_matches(key, certs[i]));
        for (size_t k = 0; k < i; k++)
            assert_false(rf_key_matches(key, certs[k]));
        assert_string_equal(rf_cert_subject(certs[i]), identities[i].cn);
        assert_int_equal(rf_cert_is_ca(certs[i]), identities[i].is_ca);
        assert_int_equal(rf_cert_key_usage(certs[i]) & identities[i].usage, identities[i].usage);
        bool is_ec = identities[i].key == RF_SITE_KEY_HTTPS;
        assert_int_equal(rf_cert_key_type(certs[i]), is_ec ? RF_KEY_EC : RF_KEY_RSA);
        assert_int_equal(rf_cert_key_bits(certs[i]), is_ec ? 256 : RF_SETUP_RSA_BITS);
        assert_int_equal(rf_cert_not_after(certs[i]), SETUP_NOW + identities[i].days * 86400LL);
        bool is_server =
            identities[i].key == RF_SITE_KEY_CCM || identities[i].key == RF_SITE_KEY_CAPF || is_ec;
        assert_int_equal(rf_cert_san_n(certs[i]), is_server ? 1 : 0);
        if (is_server)
            assert_slice_str(rf_cert_san(certs[i], 0).value, "cm.example.net");
        /* The key's file brings the certificate, for whoever takes it away. */
        RF_AUTO(rf_cert_freep) struct rf_cert *beside = cert_at(dir, identities[i].key);
        assert_true(rf_cert_eq(beside, certs[i]));
    }
    assert_err(rf_cert_capf_check(certs[4], NULL), RF_OK);
    assert_err(rf_cert_capf_check(certs[2], NULL), RF_ERR_DENIED);
    for (size_t i = 0; i < IDENTITIES; i++)
        rf_cert_unref(certs[i]);
}

static void the_second_sast_opens_only_with_its_passphrase(void **state)
{
    const char *dir = *state;
    RF_AUTO(rf_key_freep) struct rf_key *key = NULL;
    struct rf_why why = {0};
    assert_refused(load_key(dir, RF_SITE_KEY_SAST2, NULL, &key, &why), RF_ERR_DENIED, why,
                   "key-passphrase");
    why = (struct rf_why){0};
    assert_refused(load_key(dir, RF_SITE_KEY_SAST2, PASSPHRASE "x", &key, &why), RF_ERR_DENIED, why,
                   "key-passphrase");
    assert_null(key);
    assert_err(load_key(dir, RF_SITE_KEY_SAST2, PASSPHRASE, &key, NULL), RF_OK);
    RF_AUTO(rf_freep) char *path = rf_site_path_in(dir, RF_SITE_KEY_SAST2);
    RF_AUTO(rf_buf_fini) struct rf_buf pem = read_path(path);
    assert_true(rf_slice_find(rf_buf_slice(&pem), rf_slice_str("BEGIN ENCRYPTED PRIVATE KEY")) !=
                SIZE_MAX);
}

/* A router has one key, the certificate that its phones are told, and no lists of its own. */
static void a_router_has_one_key(void **state)
{
    (void)state;
    char dir[TEST_TMP];
    test_tmp(dir, sizeof dir, "router");
    assert_non_null(mkdtemp(dir));
    RF_AUTO(rf_freep) char *site = rf_path_join(dir, "site");
    RF_AUTO(rf_site_conf_freep) struct rf_site_conf *conf = conf_of("role", "srst");
    RF_AUTO(rf_cert_freep) struct rf_cert *cert = NULL;
    struct steps steps = {.text = ""};
    struct rf_why why = {0};
    struct rf_setup_site make = {
        .dir = site, .conf = conf, .now_s = SETUP_NOW, .on_step = on_step, .arg = &steps};
    assert_err(rf_setup_site_make(&make, &why), RF_OK);
    assert_string_equal(steps.text, "SRST ");
    RF_AUTO(rf_freep) char *path = rf_site_path_in(site, RF_SITE_CERT_CCM);
    assert_err(rf_cert_from_pem_file(path, &cert, &why), RF_OK);
    assert_string_equal(rf_cert_subject(cert), "CN=hq-SRST,O=hq");
    assert_int_equal(rf_cert_key_bits(cert), 2048);
    assert_true(rf_cert_der(cert).len <= RF_SRST_CERT_DER_MAX);
    static const enum rf_site_item lacking[] = {RF_SITE_KEY_SAST1, RF_SITE_KEY_TFTP,
                                                RF_SITE_KEY_LSC_ISSUER, RF_SITE_KEY_STORE,
                                                RF_SITE_CTL};
    for (size_t i = 0; i < sizeof lacking / sizeof *lacking; i++) {
        RF_AUTO(rf_freep) char *other = rf_site_path_in(site, lacking[i]);
        assert_false(rf_file_exists(other));
    }
    struct rf_site *opened = NULL;
    assert_err(rf_site_open(site, &opened, &why), RF_OK);
    assert_int_equal(opened->conf->role, RF_SITE_ROLE_SRST);
    RF_AUTO(rf_cert_freep) struct rf_cert *next = NULL;
    RF_AUTO(rf_cert_freep) struct rf_cert *there = NULL;
    RF_AUTO(rf_key_freep) struct rf_key *key = NULL;
    assert_err(rf_setup_router_renew(site, opened->conf, SETUP_NOW, &next, &why), RF_OK);
    assert_false(rf_cert_eq(next, cert));
    assert_non_null(strstr(rf_cert_subject(next), "CN=hq-SRST-20"));
    assert_err(rf_cert_from_pem_file(path, &there, &why), RF_OK);
    assert_true(rf_cert_eq(next, there));
    assert_err(load_key(site, RF_SITE_KEY_CCM, NULL, &key, &why), RF_OK);
    rf_site_free(opened);
    assert_refused(rf_setup_site_make(&make, &why), RF_ERR_EXISTS, why, "site-exists");
    remove_tree(dir);
}

static void a_site_is_never_replaced(void **state)
{
    const char *dir = *state;
    RF_AUTO(rf_buf_fini) struct rf_buf before = keys_of(dir);
    struct rf_why why = {0};
    assert_refused(make_site(dir, NULL, &why), RF_ERR_EXISTS, why, "site-exists");
    assert_non_null(strstr(why.text, dir));
    RF_AUTO(rf_buf_fini) struct rf_buf after = keys_of(dir);
    assert_slice_eq(rf_buf_slice(&before), rf_buf_slice(&after));
}

/* A configuration that somebody deleted does not make the phones' keys worthless. */
static void keys_without_configuration_are_not_replaced_either(void **state)
{
    const char *dir = *state;
    RF_AUTO(rf_freep) char *conf = rf_site_path_in(dir, RF_SITE_CONF);
    RF_AUTO(rf_freep) char *mark = rf_path_join(dir, "init.unfinished");
    RF_AUTO(rf_buf_fini) struct rf_buf before = keys_of(dir);
    struct rf_why why = {0};
    assert_err(rf_file_remove(conf, NULL), RF_OK);
    assert_refused(make_site(dir, NULL, &why), RF_ERR_EXISTS, why, "site-keys");
    assert_non_null(strstr(why.text, "ringfence.conf"));
    assert_false(rf_file_exists(mark));
    RF_AUTO(rf_buf_fini) struct rf_buf after = keys_of(dir);
    assert_slice_eq(rf_buf_slice(&before), rf_buf_slice(&after));
}

static void a_making_that_broke_off_is_begun_anew(void **state)
{
    const char *dir = *state;
    RF_AUTO(rf_freep) char *conf = rf_site_path_in(dir, RF_SITE_CONF);
    RF_AUTO(rf_freep) char *in_the_way = rf_site_path_in(dir, RF_SITE_CERT_SAST1);
    RF_AUTO(rf_freep) char *mark = rf_path_join(dir, "init.unfinished");
    RF_AUTO(rf_buf_fini) struct rf_buf before = keys_of(dir);
    RF_AUTO(rf_site_freep) struct rf_site *site = NULL;
    struct steps steps = {""};
    struct rf_why why = {0};
    assert_err(rf_file_remove(conf, NULL), RF_OK);
    assert_err(rf_file_replace(mark, rf_slice_str("x"), 0644, NULL), RF_OK);
    /* It breaks off again, where a certificate cannot be written. */
    assert_err(rf_file_remove(in_the_way, NULL), RF_OK);
    assert_err(rf_dir_make(in_the_way, 0755, NULL), RF_OK);
    assert_err(make_site(dir, NULL, &why), RF_ERR_IO);
    assert_non_null(strstr(why.text, in_the_way));
    assert_true(rf_file_exists(mark));
    why = (struct rf_why){0};
    assert_refused(rf_site_open(dir, &site, &why), RF_ERR_NOT_FOUND, why, "no-site");
    assert_int_equal(rmdir(in_the_way), 0);
    assert_err(make_site(dir, &steps, NULL), RF_OK);
    assert_string_equal(steps.text, "SAST-1 SAST-2 CCM TFTP CAPF LSC-issuer TVS HTTPS ");
    RF_AUTO(rf_buf_fini) struct rf_buf after = keys_of(dir);
    assert_false(rf_slice_eq(rf_buf_slice(&before), rf_buf_slice(&after)));
    assert_err(rf_site_open(dir, &site, NULL), RF_OK);
    assert_false(rf_file_exists(mark));
}

/* Lists. */

/* What a phone holds that fetched the site's lists now. */
static struct rf_lists installed_from(const char *dir)
{
    struct rf_lists lists = {0};
    for (int kind = RF_LIST_CTL; kind <= RF_LIST_ITL; kind++) {
        RF_AUTO(rf_freep)
        char *path = rf_site_path_in(dir, kind == RF_LIST_CTL ? RF_SITE_CTL : RF_SITE_ITL);
        RF_AUTO(rf_buf_fini) struct rf_buf bytes = read_path(path);
        assert_err(rf_lists_load(&lists, (enum rf_list_kind)kind, rf_buf_slice(&bytes), NULL),
                   RF_OK);
    }
    return lists;
}

/* What that phone does with the list that lies there now. */
static enum rf_err considered(const struct rf_lists *phone, const char *dir, enum rf_list_kind kind,
                              enum rf_list_action *action, struct rf_why *why)
{
    RF_AUTO(rf_freep)
    char *path = rf_site_path_in(dir, kind == RF_LIST_CTL ? RF_SITE_CTL : RF_SITE_ITL);
    RF_AUTO(rf_buf_fini) struct rf_buf bytes = read_path(path);
    RF_AUTO(rf_list_verdict_fini) struct rf_list_verdict verdict = {0};
    struct rf_list_policy policy = {
        .has_now = true, .now_s = SETUP_NOW + 86400, .rollback = RF_ROLLBACK_REJECT};
    enum rf_err err = rf_lists_consider(phone, kind, rf_buf_slice(&bytes), &policy, &verdict, why);
    *action = verdict.action;
    return err;
}

static enum rf_err publish(const char *dir, int64_t now_s, bool is_forced,
                           struct rf_setup_lists *out, struct rf_why *why)
{
    RF_AUTO(rf_site_conf_freep) struct rf_site_conf *conf = conf_of(NULL, NULL);
    *out = (struct rf_setup_lists){0};
    return rf_setup_lists_publish(dir, conf, now_s, is_forced, out, why);
}

static uint32_t time_of(const struct rf_list *list)
{
    return rf_list_content(list)->header.timestamp;
}

/* Another key and certificate in an item's place. */
static void replace_identity(const char *dir, enum rf_site_item key_item,
                             enum rf_site_item cert_item, enum rf_cert_role role)
{
    RF_AUTO(rf_key_freep) struct rf_key *key = NULL;
    RF_AUTO(rf_vault_freep) struct rf_vault_key *vault = NULL;
    RF_AUTO(rf_cert_freep) struct rf_cert *cert = NULL;
    RF_AUTO(rf_freep) char *key_path = rf_site_path_in(dir, key_item);
    RF_AUTO(rf_freep) char *cert_path = rf_site_path_in(dir, cert_item);
    RF_AUTO(rf_buf_fini) struct rf_buf pem = RF_BUF(FILE_LIMIT);
    struct rf_issue_self spec = {
        .role = role, .cn = "renewed", .org = "hq", .now_s = SETUP_NOW, .days = 100};
    assert_err(rf_key_new_rsa(1024, &key, NULL), RF_OK);
    vault = rf_vault_key_from_key(key);
    assert_err(rf_issue_self_signed(&spec, vault, &cert, NULL), RF_OK);
    assert_err(rf_key_save(key, key_path, NULL, cert, NULL), RF_OK);
    assert_err(rf_cert_to_pem(cert, &pem), RF_OK);
    assert_err(rf_file_replace(cert_path, rf_buf_slice(&pem), 0644, NULL), RF_OK);
}

static void a_new_site_has_both_lists_signed_by_its_first_sast(void **state)
{
    const char *dir = *state;
    static const struct {
        enum rf_site_item cert;
        uint16_t role;
    } want[] = {
        {RF_SITE_CERT_SAST1, RF_TRUSTLIST_ROLE_SAST},
        {RF_SITE_CERT_SAST2, RF_TRUSTLIST_ROLE_SAST},
        {RF_SITE_CERT_CCM, RF_TRUSTLIST_ROLE_CCM},
        {RF_SITE_CERT_TFTP, RF_TRUSTLIST_ROLE_TFTP},
        {RF_SITE_CERT_CAPF, RF_TRUSTLIST_ROLE_CAPF},
        {RF_SITE_CERT_TVS, RF_TRUSTLIST_ROLE_TVS}, /* in the ITL only */
    };
    RF_AUTO(rf_lists_fini) struct rf_lists phone = installed_from(dir);
    RF_AUTO(rf_cert_freep) struct rf_cert *sast = cert_at(dir, RF_SITE_CERT_SAST1);
    const struct rf_list *both[] = {phone.ctl, phone.itl};
    struct rf_list_policy policy = {.has_now = true, .now_s = SETUP_NOW};
    for (int kind = RF_LIST_CTL; kind <= RF_LIST_ITL; kind++) {
        const struct rf_list *list = both[kind];
        assert_err(rf_list_verify_own(list, (enum rf_list_kind)kind, &policy, NULL), RF_OK);
        assert_true(rf_cert_eq(rf_list_own_signer(list), sast));
        assert_int_equal(rf_list_n(list), sizeof want / sizeof *want - (kind == RF_LIST_CTL));
        for (size_t i = 0; i < rf_list_n(list); i++) {
            RF_AUTO(rf_cert_freep) struct rf_cert *cert = cert_at(dir, want[i].cert);
            assert_int_equal(rf_list_role(list, i), want[i].role);
            assert_true(rf_cert_eq(rf_list_cert(list, i), cert));
        }
        assert_int_equal(rf_list_content(list)->header.hash, RF_DIGEST_SHA512);
        assert_int_equal(time_of(list), SETUP_NOW);
    }
    /* A phone fresh from the factory takes them. */
    struct rf_lists none = {0};
    enum rf_list_action action;
    assert_err(considered(&none, dir, RF_LIST_CTL, &action, NULL), RF_OK);
    assert_int_equal(action, RF_LIST_FIRST_TRUST);
}

static void what_did_not_change_is_not_written_and_no_key_is_opened(void **state)
{
    const char *dir = *state;
    RF_AUTO(rf_freep) char *ctl = rf_site_path_in(dir, RF_SITE_CTL);
    RF_AUTO(rf_freep) char *key = rf_site_path_in(dir, RF_SITE_KEY_SAST1);
    struct stat before, after;
    RF_AUTO(rf_setup_lists_fini) struct rf_setup_lists lists = {0};
    struct rf_why why = {0};
    assert_int_equal(stat(ctl, &before), 0);
    assert_err(rf_file_remove(key, NULL), RF_OK);
    assert_err(publish(dir, SETUP_NOW + 60, false, &lists, NULL), RF_OK);
    assert_false(lists.is_new[RF_LIST_CTL]);
    assert_false(lists.is_new[RF_LIST_ITL]);
    assert_int_equal(time_of(lists.list[RF_LIST_ITL]), SETUP_NOW);
    assert_int_equal(stat(ctl, &after), 0);
    assert_int_equal(before.st_ino, after.st_ino);
    /* Where there is something to sign, it is missed. */
    rf_setup_lists_fini(&lists);
    assert_err(publish(dir, SETUP_NOW + 60, true, &lists, &why), RF_ERR_NOT_FOUND);
    assert_non_null(strstr(why.text, key));
    assert_int_equal(stat(ctl, &after), 0);
    assert_int_equal(before.st_ino, after.st_ino);
}

static void a_changed_certificate_makes_a_list_that_phones_take(void **state)
{
    const char *dir = *state;
    RF_AUTO(rf_lists_fini) struct rf_lists phone = installed_from(dir);
    RF_AUTO(rf_setup_lists_fini) struct rf_setup_lists lists = {0};
    enum rf_list_action action;
    replace_identity(dir, RF_SITE_KEY_TFTP, RF_SITE_CERT_TFTP, RF_CERT_ROLE_TFTP);
    assert_err(publish(dir, SETUP_NOW + 60, false, &lists, NULL), RF_OK);
    RF_AUTO(rf_cert_freep) struct rf_cert *tftp = cert_at(dir, RF_SITE_CERT_TFTP);
    for (int kind = RF_LIST_CTL; kind <= RF_LIST_ITL; kind++) {
        assert_true(lists.is_new[kind]);
        assert_int_equal(time_of(lists.list[kind]), SETUP_NOW + 60);
        assert_true(rf_cert_eq(rf_list_cert(lists.list[kind], 3), tftp));
        assert_err(considered(&phone, dir, (enum rf_list_kind)kind, &action, NULL), RF_OK);
        assert_int_equal(action, RF_LIST_UPDATE);
    }
}

static void another_digest_is_a_change(void **state)
{
    const char *dir = *state;
    RF_AUTO(rf_site_conf_freep) struct rf_site_conf *conf = conf_of("digest", "sha1");
    RF_AUTO(rf_setup_lists_fini) struct rf_setup_lists lists = {0};
    assert_err(rf_setup_lists_publish(dir, conf, SETUP_NOW, false, &lists, NULL), RF_OK);
    assert_true(lists.is_new[RF_LIST_CTL]);
    assert_int_equal(rf_list_content(lists.list[RF_LIST_CTL])->header.hash, RF_DIGEST_SHA1);
    rf_setup_lists_fini(&lists);
    assert_err(rf_setup_lists_publish(dir, conf, SETUP_NOW, false, &lists, NULL), RF_OK);
    assert_false(lists.is_new[RF_LIST_CTL]);
}

/* A site made before there was an HTTPS server: its key is made when its lists are to name it. */
static void lists_of_version_11_name_the_https_server(void **state)
{
    const char *dir = *state;
    RF_AUTO(rf_site_conf_freep) struct rf_site_conf *conf = conf_of("list_version", "1.1");
    RF_AUTO(rf_freep) char *key = rf_site_path_in(dir, RF_SITE_KEY_HTTPS);
    RF_AUTO(rf_freep) char *cert = rf_site_path_in(dir, RF_SITE_CERT_HTTPS);
    RF_AUTO(rf_lists_fini) struct rf_lists phone = installed_from(dir);
    enum rf_list_action action;
    assert_int_equal(rf_list_n(phone.ctl), 5);
    assert_false(rf_list_is_11(phone.ctl));
    assert_err(rf_file_remove(key, NULL), RF_OK);
    assert_err(rf_file_remove(cert, NULL), RF_OK);
    for (int round = 0; round < 2; round++) {
        RF_AUTO(rf_setup_lists_fini) struct rf_setup_lists lists = {0};
        assert_err(rf_setup_lists_publish(dir, conf, SETUP_NOW, false, &lists, NULL), RF_OK);
        assert_int_equal(lists.is_new[RF_LIST_ITL], round == 0);
        RF_AUTO(rf_cert_freep) struct rf_cert *https = cert_at(dir, RF_SITE_CERT_HTTPS);
        assert_int_equal(rf_cert_key_type(https), RF_KEY_EC);
        for (int kind = RF_LIST_CTL; kind <= RF_LIST_ITL; kind++) {
            assert_true(rf_list_is_11(lists.list[kind]));
            size_t last = kind == RF_LIST_CTL ? 5 : 6; /* TVS stands before it in the ITL */
            assert_int_equal(rf_list_n(lists.list[kind]), last + 1);
            assert_int_equal(rf_list_role(lists.list[kind], last), RF_TRUSTLIST_ROLE_TFTP);
            assert_true(rf_cert_eq(rf_list_cert(lists.list[kind], last), https));
        }
        assert_err(considered(&phone, dir, RF_LIST_ITL, &action, NULL), RF_OK);
        assert_int_equal(action, RF_LIST_UPDATE);
    }
    assert_int_equal(mode_of(key), 0600);
    /* And back. */
    RF_AUTO(rf_setup_lists_fini) struct rf_setup_lists lists = {0};
    assert_err(publish(dir, SETUP_NOW, false, &lists, NULL), RF_OK);
    assert_false(rf_list_is_11(lists.list[RF_LIST_CTL]));
    assert_int_equal(rf_list_n(lists.list[RF_LIST_CTL]), 5);
}

static void the_time_stamp_never_goes_back(void **state)
{
    const char *dir = *state;
    RF_AUTO(rf_lists_fini) struct rf_lists phone = installed_from(dir);
    static const struct {
        int64_t now, want;
    } rows[] = {
        {SETUP_NOW - 1000000, SETUP_NOW + 1}, /* a clock that was set back */
        {SETUP_NOW, SETUP_NOW + 2},
        {SETUP_NOW + 2, SETUP_NOW + 3},
        {SETUP_NOW + 100, SETUP_NOW + 100},
    };
    enum rf_list_action action;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        RF_AUTO(rf_setup_lists_fini) struct rf_setup_lists lists = {0};
        assert_err(publish(dir, rows[i].now, true, &lists, NULL), RF_OK);
        assert_int_equal(time_of(lists.list[RF_LIST_CTL]), rows[i].want);
        assert_int_equal(time_of(lists.list[RF_LIST_ITL]), rows[i].want);
        assert_err(considered(&phone, dir, RF_LIST_ITL, &action, NULL), RF_OK);
        assert_int_equal(action, RF_LIST_UPDATE);
    }
}

static void put_list_of_time(const char *dir, uint32_t timestamp)
{
    RF_AUTO(rf_cert_freep) struct rf_cert *sast = cert_at(dir, RF_SITE_CERT_SAST1);
    RF_AUTO(rf_cert_freep) struct rf_cert *tftp = cert_at(dir, RF_SITE_CERT_TFTP);
    RF_AUTO(rf_key_freep) struct rf_key *key = NULL;
    RF_AUTO(rf_vault_freep) struct rf_vault_key *vault = NULL;
    RF_AUTO(rf_buf_fini) struct rf_buf bytes = RF_BUF(RF_TRUSTLIST_BYTES_MAX);
    RF_AUTO(rf_freep) char *path = rf_site_path_in(dir, RF_SITE_CTL);
    const struct rf_list_entry entries[] = {{sast, RF_TRUSTLIST_ROLE_SAST, NULL},
                                            {tftp, RF_TRUSTLIST_ROLE_TFTP, NULL}};
    struct rf_list_spec spec = {RF_LIST_CTL, entries, 2, RF_DIGEST_SHA512, false, timestamp};
    assert_err(load_key(dir, RF_SITE_KEY_SAST1, NULL, &key, NULL), RF_OK);
    vault = rf_vault_key_from_key(key);
    assert_err(rf_list_build(&spec, vault, sast, &bytes, NULL), RF_OK);
    assert_err(rf_file_replace(path, rf_buf_slice(&bytes), 0644, NULL), RF_OK);
}

static void no_list_follows_the_last_time_stamp_there_is(void **state)
{
    const char *dir = *state;
    RF_AUTO(rf_setup_lists_fini) struct rf_setup_lists lists = {0};
    struct rf_why why = {0};
    put_list_of_time(dir, UINT32_MAX);
    assert_refused(publish(dir, SETUP_NOW, false, &lists, &why), RF_ERR_LIMIT, why, "list-time");
    put_list_of_time(dir, UINT32_MAX - 1);
    assert_err(publish(dir, SETUP_NOW, false, &lists, NULL), RF_OK);
    assert_int_equal(time_of(lists.list[RF_LIST_CTL]), UINT32_MAX);
}

static void sec_20_a_list_that_phones_would_refuse_is_not_published(void **state)
{
    const char *dir = *state;
    RF_AUTO(rf_lists_fini) struct rf_lists phone = installed_from(dir);
    RF_AUTO(rf_setup_lists_fini) struct rf_setup_lists lists = {0};
    enum rf_list_action action;
    struct rf_why why = {0};
    replace_identity(dir, RF_SITE_KEY_SAST1, RF_SITE_CERT_SAST1, RF_CERT_ROLE_SAST);
    assert_refused(publish(dir, SETUP_NOW + 60, false, &lists, &why), RF_ERR_DENIED, why,
                   "list-strands");
    assert_false(lists.is_new[RF_LIST_CTL]);
    assert_err(considered(&phone, dir, RF_LIST_CTL, &action, NULL), RF_OK);
    assert_int_equal(action, RF_LIST_SAME);
    /* Where no phone has a list yet it may be forced; one that has would indeed refuse it. */
    rf_setup_lists_fini(&lists);
    assert_err(publish(dir, SETUP_NOW + 60, true, &lists, NULL), RF_OK);
    why = (struct rf_why){0};
    assert_refused(considered(&phone, dir, RF_LIST_CTL, &action, &why), RF_ERR_DENIED, why,
                   "list-signer-unknown");
}

static void sec_21_sec_31_the_second_sast_signs_when_the_first_is_lost(void **state)
{
    const char *dir = *state;
    RF_AUTO(rf_lists_fini) struct rf_lists phone = installed_from(dir);
    RF_AUTO(rf_setup_lists_fini) struct rf_setup_lists lists = {0};
    RF_AUTO(rf_key_freep) struct rf_key *key = NULL;
    RF_AUTO(rf_cert_freep) struct rf_cert *second = cert_at(dir, RF_SITE_CERT_SAST2);
    RF_AUTO(rf_freep) char *first_key = rf_site_path_in(dir, RF_SITE_KEY_SAST1);
    RF_AUTO(rf_freep) char *first_cert = rf_site_path_in(dir, RF_SITE_CERT_SAST1);
    RF_AUTO(rf_buf_fini) struct rf_buf pem = RF_BUF(FILE_LIMIT);
    enum rf_list_action action;
    /* The one that was kept elsewhere takes the first place; a new one takes its own. */
    assert_err(load_key(dir, RF_SITE_KEY_SAST2, PASSPHRASE, &key, NULL), RF_OK);
    assert_err(rf_key_save(key, first_key, NULL, second, NULL), RF_OK);
    assert_err(rf_cert_to_pem(second, &pem), RF_OK);
    assert_err(rf_file_replace(first_cert, rf_buf_slice(&pem), 0644, NULL), RF_OK);
    replace_identity(dir, RF_SITE_KEY_SAST2, RF_SITE_CERT_SAST2, RF_CERT_ROLE_SAST);
    assert_err(publish(dir, SETUP_NOW + 60, false, &lists, NULL), RF_OK);
    for (int kind = RF_LIST_CTL; kind <= RF_LIST_ITL; kind++) {
        assert_true(rf_cert_eq(rf_list_own_signer(lists.list[kind]), second));
        assert_err(considered(&phone, dir, (enum rf_list_kind)kind, &action, NULL), RF_OK);
        assert_int_equal(action, RF_LIST_UPDATE);
    }
}

static void a_damaged_or_missing_list_is_published_again(void **state)
{
    const char *dir = *state;
    RF_AUTO(rf_freep) char *ctl = rf_site_path_in(dir, RF_SITE_CTL);
    RF_AUTO(rf_freep) char *itl = rf_site_path_in(dir, RF_SITE_ITL);
    RF_AUTO(rf_lists_fini) struct rf_lists phone = installed_from(dir);
    RF_AUTO(rf_setup_lists_fini) struct rf_setup_lists lists = {0};
    RF_AUTO(rf_buf_fini) struct rf_buf bytes = read_path(ctl);
    enum rf_list_action action;
    bytes.p[bytes.len - 1] ^= 1;
    assert_err(rf_file_replace(ctl, rf_buf_slice(&bytes), 0644, NULL), RF_OK);
    assert_err(rf_file_remove(itl, NULL), RF_OK);
    assert_err(publish(dir, SETUP_NOW + 60, false, &lists, NULL), RF_OK);
    assert_true(lists.is_new[RF_LIST_CTL]);
    assert_true(lists.is_new[RF_LIST_ITL]);
    assert_err(considered(&phone, dir, RF_LIST_CTL, &action, NULL), RF_OK);
    assert_err(considered(&phone, dir, RF_LIST_ITL, &action, NULL), RF_OK);
    assert_int_equal(action, RF_LIST_UPDATE);
}

/* Manufacturers. */

static size_t roots_in(const char *dir)
{
    RF_AUTO(rf_freep) char *folder = rf_site_path_in(dir, RF_SITE_MIC_ROOTS);
    RF_AUTO(rf_anchors_freep) struct rf_anchors *anchors = rf_anchors_new(RF_PURPOSE_CAPF);
    assert_err(rf_anchors_add_dir(anchors, folder, NULL), RF_OK);
    return rf_anchors_n(anchors);
}

static void a_manufacturer_is_imported_once(void **state)
{
    const char *dir = *state;
    RF_AUTO(rf_freep) char *path = shared_path("factory/mic-roots.pem");
    RF_AUTO(rf_cert_list_fini) struct rf_cert_list roots = {0};
    size_t added = 0;
    assert_err(rf_certs_from_pem_file(path, &roots, NULL), RF_OK);
    assert_err(rf_setup_mic_import(dir, &roots, &added, NULL), RF_OK);
    assert_int_equal(added, 2);
    assert_int_equal(roots_in(dir), 2);
    added = 0;
    assert_err(rf_setup_mic_import(dir, &roots, &added, NULL), RF_OK);
    assert_int_equal(added, 0);
    assert_int_equal(roots_in(dir), 2);
    assert_err(rf_setup_mic_import(dir, &roots, NULL, NULL), RF_OK);
}

/* One that is no CA has none of its file imported. */
static void only_a_ca_vouches_for_phones(void **state)
{
    const char *dir = *state;
    RF_AUTO(rf_freep) char *path = shared_path("factory/mic-roots.pem");
    RF_AUTO(rf_cert_list_fini) struct rf_cert_list roots = {0};
    RF_AUTO(rf_cert_freep) struct rf_cert *no_ca = cert_at(dir, RF_SITE_CERT_TFTP);
    size_t added = 0;
    struct rf_why why = {0};
    assert_err(rf_certs_from_pem_file(path, &roots, NULL), RF_OK);
    assert_true(rf_cert_list_add(&roots, no_ca));
    assert_refused(rf_setup_mic_import(dir, &roots, &added, &why), RF_ERR_DENIED, why,
                   "anchor-not-ca");
    assert_int_equal(added, 0);
    assert_int_equal(roots_in(dir), 0);
}

typedef enum rf_err (*import_fn)(const char *site_dir, const struct rf_cert_list *certs,
                                 size_t *added, struct rf_why *why);

static enum rf_err import_some(const char *dir, import_fn import, unsigned first, unsigned n,
                               struct rf_why *why)
{
    RF_AUTO(rf_cert_list_fini) struct rf_cert_list certs = {0};
    make_issuers(&certs, first, n);
    return import(dir, &certs, NULL, why);
}

/* With the site's own issuer. What one command more took would keep the server from starting. */
static void no_more_issuers_are_imported_than_a_server_takes(void **state)
{
    const char *dir = *state;
    struct rf_why why = {0};
    for (unsigned i = 0; i < 3; i++)
        assert_err(import_some(dir, rf_setup_issuer_import, 10 * i, 10, NULL), RF_OK);
    for (unsigned i = 3; i < 6; i++)
        assert_err(import_some(dir, rf_setup_mic_import, 10 * i, 10, NULL), RF_OK);
    assert_refused(import_some(dir, rf_setup_mic_import, 60, 4, &why), RF_ERR_LIMIT, why,
                   "anchor-count");
    assert_non_null(strstr(why.text, "ringfence lsc forget"));
    assert_int_equal(roots_in(dir), 30);
    assert_err(import_some(dir, rf_setup_ca_import, 64, 3, NULL), RF_OK);
    why = (struct rf_why){0};
    assert_refused(import_some(dir, rf_setup_issuer_import, 67, 1, &why), RF_ERR_LIMIT, why,
                   "anchor-count");
}

#define AT_SITE(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        AT_SITE(the_site_opens_and_its_private_files_are_private),
        AT_SITE(each_key_is_that_of_its_certificate_and_no_other),
        AT_SITE(the_second_sast_opens_only_with_its_passphrase),
        cmocka_unit_test(a_router_has_one_key),
        AT_SITE(a_site_is_never_replaced),
        AT_SITE(keys_without_configuration_are_not_replaced_either),
        AT_SITE(a_making_that_broke_off_is_begun_anew),
        AT_SITE(a_new_site_has_both_lists_signed_by_its_first_sast),
        AT_SITE(what_did_not_change_is_not_written_and_no_key_is_opened),
        AT_SITE(a_changed_certificate_makes_a_list_that_phones_take),
        AT_SITE(another_digest_is_a_change),
        AT_SITE(lists_of_version_11_name_the_https_server),
        AT_SITE(the_time_stamp_never_goes_back),
        AT_SITE(no_list_follows_the_last_time_stamp_there_is),
        AT_SITE(sec_20_a_list_that_phones_would_refuse_is_not_published),
        AT_SITE(sec_21_sec_31_the_second_sast_signs_when_the_first_is_lost),
        AT_SITE(a_damaged_or_missing_list_is_published_again),
        AT_SITE(a_manufacturer_is_imported_once),
        AT_SITE(only_a_ca_vouches_for_phones),
        AT_SITE(no_more_issuers_are_imported_than_a_server_takes),
    };
    return cmocka_run_group_tests(tests, group_setup, group_teardown);
}
