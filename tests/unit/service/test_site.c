/* SPDX-License-Identifier: Apache-2.0 */
/* The site folder: its layout, what its configuration refuses, modes of private files, ports. */
#include "unit.h"

#include "base/file.h"
#include "service/site/call_managers.h"
#include "service/site/site.h"

#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

struct place {
    char dir[64];
};

static int set_up(void **state)
{
    struct place *p = rf_new(struct place);
    test_tmp(p->dir, sizeof p->dir, "site");
    assert_non_null(mkdtemp(p->dir));
    assert_err(rf_site_make(p->dir, NULL), RF_OK);
    *state = p;
    return 0;
}

static int tear_down(void **state)
{
    struct place *p = *state;
    static const enum rf_site_item folders[] = {RF_SITE_KEYS,   RF_SITE_CERTS,     RF_SITE_LISTS,
                                                RF_SITE_DB_DIR, RF_SITE_IMAGES,    RF_SITE_FILES,
                                                RF_SITE_RUN,    RF_SITE_MIC_ROOTS, RF_SITE_TRUST};
    for (size_t i = 0; i < sizeof folders / sizeof *folders; i++) {
        RF_AUTO(rf_freep) char *path = rf_site_path_in(p->dir, folders[i]);
        assert_err(rf_dir_empty(path, NULL), RF_OK);
        assert_int_equal(rmdir(path), 0);
    }
    assert_err(rf_dir_empty(p->dir, NULL), RF_OK);
    assert_int_equal(rmdir(p->dir), 0);
    rf_free(p);
    return 0;
}

static void write_item(struct place *p, enum rf_site_item item, const char *text, unsigned mode)
{
    RF_AUTO(rf_freep) char *path = rf_site_path_in(p->dir, item);
    assert_err(rf_file_replace(path, rf_slice_str(text), mode, NULL), RF_OK);
}

static struct rf_site *open_site(struct place *p)
{
    struct rf_site *site = NULL;
    struct rf_why why = {0};
    enum rf_err err = rf_site_open(p->dir, &site, &why);
    if (err != RF_OK)
        print_error("%s\n", rf_why_text(&why));
    assert_int_equal(err, RF_OK);
    return site;
}

static void a_new_site_has_its_folders_and_opens(void **state)
{
    struct place *p = *state;
    struct rf_site *site = NULL;
    struct rf_why why = {0};
    assert_refused(rf_site_open(p->dir, &site, &why), RF_ERR_NOT_FOUND, why, "no-site");
    RF_AUTO(rf_site_conf_freep) struct rf_site_conf *conf = rf_site_conf_new();
    assert_err(rf_site_conf_create(p->dir, conf, NULL), RF_OK);
    why = (struct rf_why){0};
    assert_err(rf_site_conf_create(p->dir, conf, &why), RF_ERR_EXISTS);
    char slash[80];
    snprintf(slash, sizeof slash, "%s//", p->dir);
    assert_err(rf_site_open(slash, &site, NULL), RF_OK);
    assert_string_equal(site->dir, p->dir);
    RF_AUTO(rf_freep) char *db = rf_site_path(site, RF_SITE_DB);
    char want[96];
    snprintf(want, sizeof want, "%s/db/ringfence.db", p->dir);
    assert_string_equal(db, want);
    assert_string_equal(rf_site_item_path(RF_SITE_KEY_TFTP), "keys/tftp.pem");
    /* What was written says the same as the defaults. */
    assert_true(rf_site_conf_compare(conf, site->conf, NULL, NULL));
    assert_int_equal(site->conf->sccp_port, 2000);
    assert_string_equal(rf_site_advertised(site->conf), "127.0.0.1");
    rf_site_free(site);
    struct stat st;
    RF_AUTO(rf_freep) char *keys = rf_site_path_in(p->dir, RF_SITE_KEYS);
    assert_int_equal(stat(keys, &st), 0);
    assert_int_equal(st.st_mode & 07777, 0700);
}

static void wrong_configurations_are_refused_with_their_reason(void **state)
{
    struct place *p = *state;
    static const struct {
        const char *text, *code, *names;
    } rows[] = {
        {"sccp_port = 65093\n", "conf-value",
         "line 1: sccp_port = 65093: wants a number from 0 to 65092 (port)"},
        {"role = foo\n", "conf-value", "role = foo: wants call-manager or srst"},
        {"\nlsc_days = 1826\n", "conf-value", "line 2"},
        {"digest = md5\n", "conf-value", "digest"},
        {"capf_null_string = true\n", "conf-value", "capf_null_string"},
        {"colour = red\n", "conf-unknown", "colour"},
        {"name = a\nname = b\n", "conf-twice", "line 2"},
        {"just words\n", "conf-line", "line 1"},
        {"name = two words\n", "conf-value", "name"},
        {"name =\n", "conf-value", "name"},
        {"listen = localhost\n", "conf-value", "listen"},
        {"listen = 0.0.0.0\n", "conf-advertise", "advertise"},
        {"listen = ::\n", "conf-advertise", "advertise"},
        {"advertise = 0.0.0.0\n", "conf-value", "advertise"},
        {"advertise = a/b\n", "conf-value", "advertise"},
        {"\ncall_managers = 192.0.2.1 a/b\n", "conf-value", "line 2: call_managers: a/b:"},
        {"call_managers = 192.0.2.1:65093\n", "conf-value", "192.0.2.1:65093: wants a port"},
        {"call_managers = cm1:\n", "conf-value", "cm1:: wants a port"},
        {"call_managers = cm1:0\n", "conf-value", "cm1:0: wants a port"},
        {"call_managers = :2000\n", "conf-value", ":2000: wants HOST"},
        {"call_managers = 0.0.0.0\n", "conf-value", "0.0.0.0: wants HOST"},
        {"call_managers = [::]:2000\n", "conf-value", "[::]:2000: wants HOST"},
        {"call_managers = [fd00::1\n", "conf-value", "[fd00::1: wants HOST"},
        {"call_managers = [fd00::1]2000\n", "conf-value", "[fd00::1]2000: wants HOST"},
        {"call_managers = [cm1]:2000\n", "conf-value", "[cm1]:2000: wants HOST"},
        {"call_managers = fd00::g\n", "conf-value", "fd00::g: wants HOST"},
        {"call_managers = a,b\n", "conf-value", "a,b: wants HOST"},
        {"call_managers = cm1 cm2 cm1\n", "conf-value", "cm1: wants to stand there once"},
        {"call_managers = cm1 cm2 cm3 cm4\n", "conf-value", "cm4: wants to be left out"},
        {"call_managers = "
         "a123456789b123456789c123456789d123456789e123456789f123456789abcd\n",
         "conf-value", "wants"},
        {"admin_group = a b\n", "conf-value", "admin_group"},
        {"date_template = D/M\n", "conf-value", "date_template"},
        {"date_template = DA/M/Y\n", "conf-value", "date_template"},
        {"time_zone =\n", "conf-value", "time_zone"},
        {"load_server = a b\n", "conf-value", "load_server"},
        {"locale = ../x\n", "conf-value", "locale"},
        {"sccp_port = 3361\n", "conf-ports", "capf_port"},
        {"http = yes\nhttps = yes\nhttps_port = 6970\n", "conf-ports", "http_port"},
        {"https_unsigned = 78xx;\n", "conf-value", "https_unsigned"},
        {"\nlegacy_sccp_port = 2100\n", "conf-legacy", "line 2: legacy_sccp_port"},
        {"legacy_capf_port = 3805\nlegacy_models = 79xx\n", "conf-legacy", "legacy_networks"},
        {"legacy_capf_port = 3805\nlegacy_networks = 10.0.0.0/8\n", "conf-legacy", "legacy_models"},
        {"legacy_capf_port = 3805\nlegacy_networks = 10.0.0.0/8\nlegacy_models =  \n",
         "conf-legacy", "legacy_models"},
        {"legacy_models = 79xx;\n", "conf-value", "legacy_models"},
        {"srtp_80_models = 88xx,\n", "conf-value", "srtp_80_models"},
        {"srtp_gcm_models = 88/61\n", "conf-value", "srtp_gcm_models"},
        {"untrusted_models = 8831;\n", "conf-value", "untrusted_models"},
        {"legacy_networks = everybody\n", "conf-value", "legacy_networks"},
        {"legacy_capf_port = 3804\nlegacy_models = 79xx\nlegacy_networks = ::/0\n", "conf-ports",
         "legacy_capf_port"},
        {"legacy_tvs_port = 2447\nlegacy_models = 79xx\n", "conf-legacy", "legacy_networks"},
        {"tvs = yes\nlegacy_tvs_port = 2445\nlegacy_models = 79xx\nlegacy_networks = ::/0\n",
         "conf-ports", "legacy_tvs_port"},
        {"\nlegacy_tvs_port = 2447\nlegacy_models = 79xx\nlegacy_networks = ::/0\n", "conf-legacy",
         "line 2: legacy_tvs_port"},
        {"legacy_sccp_port = 2000\nlegacy_models = 79xx\nlegacy_networks = ::/0\n", "conf-ports",
         "legacy_sccp_port"},
        {"\nauthenticated_sccp_port = 2200\n", "conf-authenticated",
         "line 2: authenticated_sccp_port"},
        {"sccp_tls_min = 1.3\nauthenticated_sccp_port = 2200\nauthenticated_networks = ::/0\n",
         "conf-authenticated", "line 2: authenticated_sccp_port"},
        {"sccp_tls_min = 1.3\nlegacy_sccp_port = 2100\nlegacy_models = 79xx\nlegacy_networks = "
         "::/0\n",
         "conf-authenticated", "line 2: legacy_sccp_port"},
        {"sccp_tls_min = 1.1\n", "conf-value", "sccp_tls_min"},
        {"authenticated_networks = everybody\n", "conf-value", "authenticated_networks"},
        {"authenticated_sccp_port = 2000\nauthenticated_networks = ::/0\n", "conf-ports",
         "authenticated_sccp_port"},
        {"plain_networks = everybody\n", "conf-value", "plain_networks"},
        {"plain_networks = ::/0\nsccp_port = 3804\n", "conf-ports", "capf_port"},
        {"tvs = yes\ntvs_port = 6970\nhttp = yes\n", "conf-ports", "tvs_port"},
        {"role = gateway\n", "conf-value", "role"},
        {"role = srst\ntvs = yes\n", "conf-srst-provider", "tvs_port = 2445"},
        {"role = srst\nsrst_provider_port = 4000\ntvs = yes\ntvs_port = 4000\n",
         "conf-srst-provider", "line 2: srst_provider_port"},
        {"role = srst\nsrst_provider_port = 2443\n", "conf-ports", "srst_provider_port"},
        {"centre = 192.0.2.10\n", "conf-value", "centre"},
        {"centre = :2446\n", "conf-value", "centre"},
        {"centre = 192.0.2.10:\n", "conf-value", "centre"},
        {"centre = 192.0.2.10:0\n", "conf-value", "centre"},
        {"centre = 192.0.2.10:65536\n", "conf-value", "centre"},
        {"centre = hq.example:2446\n", "conf-value", "centre"},
        {"centre = fd00::1:2446\n", "conf-value", "centre"},
        {"centre = []:2446\n", "conf-value", "centre"},
        {"centre = [:2446\n", "conf-value", "centre"},
        {"centre = [192.0.2.10]:2446\n", "conf-value", "centre"},
        {"role = srst\nname = -b\n", "conf-value", "line 2: name"},
        {"role = srst\nname = a23456789b123456789c123456789d12\n", "conf-value", "name"},
        {"branch = yes\nbranch_port = 3804\n", "conf-ports", "capf_port"},
        {"srst_monitor_s = 86401\n", "conf-value", "srst_monitor_s"},
        {"revocation = maybe\n", "conf-value", "revocation"},
        {"crl_url = https://ca.example/x.crl\n", "conf-value", "crl_url"},
        {"crl_url = http://a/x.crl  http://b/y.crl\n", "conf-value", "crl_url"},
        {"ocsp_url = 00=http://ocsp.example/\n", "conf-value", "ocsp_url"},
        {"lsc_key_bits = 1024\n", "conf-key-size", "rsa_min"},
    };
    RF_AUTO(rf_freep) char *path = rf_site_path_in(p->dir, RF_SITE_CONF);
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct rf_site_conf *conf = NULL;
        struct rf_why why = {0};
        write_item(p, RF_SITE_CONF, rows[i].text, 0644);
        if (strcmp((rf_site_conf_load(path, &conf, &why) == RF_ERR_BAD ? why.code : "accepted"),
                   rows[i].code) != 0)
            print_error("row %zu: %s\n", i, rf_why_text(&why));
        assert_null(conf);
        assert_string_equal(why.code, rows[i].code);
        assert_non_null(strstr(why.text, rows[i].names));
        assert_non_null(strstr(why.text, path));
    }
    struct rf_site *site = NULL;
    struct rf_why why = {0};
    assert_refused(rf_site_open(p->dir, &site, &why), RF_ERR_BAD, why, "conf-key-size");
}

static void values_at_their_limits_are_taken(void **state)
{
    struct place *p = *state;
    write_item(
        p, RF_SITE_CONF,
        "# a site\n\n  name = Branch-7\nlisten = 0.0.0.0\nadvertise = cm.example.net\n"
        "sccp_port = 65092\ncapf_port=0\nlsc_days = 1825\nrsa_min = 512\nlsc_key_bits = 512\n"
        "date_template = M.D.YYA\ndigest = sha1\nlog_level = debug\n"
        "crl_url = http://a.example/x.crl http://192.0.2.1:81/y\nocsp_url = http://o.example/ "
        "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef=http://p.example:82\n",
        0644);
    struct rf_site *site = open_site(p);
    assert_string_equal(site->conf->name, "Branch-7");
    assert_string_equal(rf_site_advertised(site->conf), "cm.example.net");
    assert_int_equal(site->conf->digest, RF_SITE_SHA1);
    assert_int_equal(site->conf->log_level, RF_LOG_DEBUG);
    struct rf_site_ports ports;
    assert_err(rf_site_ports_wanted(site, &ports, NULL), RF_OK);
    assert_int_equal(ports.sccp_tls, 65535);
    assert_int_equal(rf_site_port_base(&ports), 65092);
    rf_site_free(site);
}

/* Each beside a row above. */
static void a_router_is_configured(void **state)
{
    struct place *p = *state;
    static const char *const texts[] = {
        "role = srst\n",
        "role = srst\ntvs = yes\ntvs_port = 2444\n",
        "role = srst\nsrst_provider_port = 0\ntvs = yes\ntvs_port = 0\n",
        "tvs = yes\n", /* at a call manager nothing else has that port */
        "role = srst\ncapf_port = 2443\n",
        "role = srst\nname = a23456789b123456789c123456789d1\n",
        "name = -b\n",
        "role = srst\ncentre = 192.0.2.10:2446\n",
        "role = srst\ncentre = [fd00::1]:65535\n",
    };
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
        write_item(p, RF_SITE_CONF, texts[i], 0644);
        struct rf_site *site = open_site(p);
        char host[RF_SITE_CENTRE_HOST];
        uint16_t port = 0;
        bool has_centre = rf_site_centre(site->conf, host, &port);
        assert_true(has_centre == (strstr(texts[i], "centre") != NULL));
        if (has_centre && port == 65535)
            assert_string_equal(host, "fd00::1");
        else if (has_centre)
            assert_true(port == 2446 && strcmp(host, "192.0.2.10") == 0);
        rf_site_free(site);
    }
}

static void ports_of_a_router_are_kept(void **state)
{
    struct place *p = *state;
    write_item(p, RF_SITE_CONF, "role = srst\nsccp_port = 0\nsrst_provider_port = 0\n", 0644);
    struct rf_site *site = open_site(p);
    struct rf_site_ports ports;
    struct rf_why why = {0};
    struct rf_site_ports bound = {.sccp_tls = 40443, .provider = 40002};
    assert_err(rf_site_ports_wanted(site, &ports, NULL), RF_OK);
    assert_int_equal(ports.provider, 0);
    assert_err(rf_site_ports_save(site, &bound, NULL), RF_OK);
    assert_err(rf_site_ports_wanted(site, &ports, NULL), RF_OK);
    assert_int_equal(ports.sccp_tls, 40443);
    assert_int_equal(ports.provider, 40002);
    write_item(p, RF_SITE_PORTS, "{\"sccp_tls\":444,\"provider\":0}", 0644);
    assert_refused(rf_site_ports_wanted(site, &ports, &why), RF_ERR_BAD, why, "ports-file");
    rf_site_free(site);
    write_item(p, RF_SITE_CONF, "role = srst\n", 0644);
    site = open_site(p);
    assert_err(rf_site_ports_wanted(site, &ports, NULL), RF_OK);
    assert_int_equal(ports.provider, 2445);
    rf_site_free(site);
}

static void call_managers_stand_in_their_order(void **state)
{
    (void)state;
    struct rf_site_call_managers all;
    assert_err(rf_site_call_managers_parse("", &all, NULL), RF_OK);
    assert_int_equal(all.n, 0);
    assert_err(rf_site_call_managers_parse(" cm1.example  [fd00::1]:65092 fd00::2", &all, NULL),
               RF_OK);
    assert_int_equal(all.n, 3);
    assert_string_equal(all.at[0].host, "cm1.example");
    assert_int_equal(all.at[0].port, 0);
    assert_string_equal(all.at[1].host, "fd00::1");
    assert_int_equal(all.at[1].port, 65092);
    assert_string_equal(all.at[2].host, "fd00::2");
    assert_int_equal(all.at[2].port, 0);
    /* Two on one machine. */
    assert_err(rf_site_call_managers_parse("192.0.2.1:2000 192.0.2.1:1", &all, NULL), RF_OK);
    assert_int_equal(all.at[1].port, 1);
    struct rf_why why = {0};
    assert_refused(rf_site_call_managers_parse("cm1 cm2:x", &all, &why), RF_ERR_BAD, why,
                   "conf-value");
    assert_int_equal(all.n, 0);
}

static void one_option_can_be_set_by_name(void **state)
{
    (void)state;
    RF_AUTO(rf_site_conf_freep) struct rf_site_conf *conf = rf_site_conf_new();
    struct rf_why why = {0};
    assert_err(rf_site_conf_set(&conf, "sccp_port", "0", NULL), RF_OK);
    assert_err(rf_site_conf_set(&conf, "advertise", "192.0.2.1", NULL), RF_OK);
    assert_int_equal(conf->sccp_port, 0);
    assert_refused(rf_site_conf_set(&conf, "sccp_port", "x", &why), RF_ERR_BAD, why, "conf-value");
    why = (struct rf_why){0};
    assert_refused(rf_site_conf_set(&conf, "name", "a\nlisten = ::", &why), RF_ERR_BAD, why,
                   "conf-value");
    why = (struct rf_why){0};
    assert_refused(rf_site_conf_set(&conf, "colour", "red", &why), RF_ERR_BAD, why, "conf-unknown");
    assert_int_equal(conf->sccp_port, 0);
    assert_string_equal(conf->advertise, "192.0.2.1");
}

static void options_that_ask_of_each_other_are_set_in_any_order(void **state)
{
    (void)state;
    RF_AUTO(rf_site_conf_freep) struct rf_site_conf *conf = rf_site_conf_new();
    static const struct rf_site_setting settings[] = {
        {"listen", "0.0.0.0"}, {"sccp_port", "3361"},      {"advertise", "192.0.2.1"},
        {"capf_port", "2443"}, {"advertise", "192.0.2.2"},
    };
    struct rf_why why = {0};
    /* Alone each asks for the other. */
    assert_refused(rf_site_conf_set_all(&conf, settings, 1, &why), RF_ERR_BAD, why,
                   "conf-advertise");
    why = (struct rf_why){0};
    assert_refused(rf_site_conf_set_all(&conf, settings + 1, 2, &why), RF_ERR_BAD, why,
                   "conf-ports");
    why = (struct rf_why){0};
    assert_refused(rf_site_conf_set_all(&conf, settings, 5, &why), RF_ERR_BAD, why, "conf-twice");
    assert_string_equal(conf->listen, "127.0.0.1");
    assert_err(rf_site_conf_set_all(&conf, settings, 4, NULL), RF_OK);
    assert_string_equal(conf->listen, "0.0.0.0");
    assert_string_equal(conf->advertise, "192.0.2.1");
    assert_int_equal(conf->sccp_port, 3361);
    assert_int_equal(conf->capf_port, 2443);
}

/* As many as are taken, and then another option: none of them is cut or lost. */
static void long_texts_stay_whole_when_another_option_is_set(void **state)
{
    (void)state;
    RF_AUTO(rf_site_conf_freep) struct rf_site_conf *conf = rf_site_conf_new();
    RF_AUTO(rf_buf_fini) struct rf_buf text = RF_BUF(4096);
    for (int i = 0; i < 32; i++)
        assert_err(rf_buf_addf(&text, "%s2001:db8:aaaa:bbbb:cccc:dddd:eeee:%x/128",
                               i > 0 ? "," : "", 0x1000 + i),
                   RF_OK);
    assert_true(text.len > 1024);
    assert_err(rf_buf_add(&text, "", 1), RF_OK);
    const char *networks = (const char *)text.p;
    assert_err(rf_site_conf_set(&conf, "provision_networks", networks, NULL), RF_OK);
    assert_err(rf_site_conf_set(&conf, "workers", "3", NULL), RF_OK);
    assert_string_equal(conf->provision_networks, networks);
    assert_int_equal(conf->workers, 3);
}

struct said {
    char text[512];
};

static void say_difference(void *arg, const struct rf_conf_option *option, bool applies)
{
    struct said *said = arg;
    size_t n = strlen(said->text);
    snprintf(said->text + n, sizeof said->text - n, "%s%s ", option->name, applies ? "+" : "-");
}

static void say_weak(void *arg, const char *name, const char *value)
{
    struct said *said = arg;
    size_t n = strlen(said->text);
    snprintf(said->text + n, sizeof said->text - n, "%s=%s ", name, value);
}

static void a_reload_names_what_applies_and_what_does_not(void **state)
{
    (void)state;
    RF_AUTO(rf_site_conf_freep) struct rf_site_conf *now = rf_site_conf_new();
    RF_AUTO(rf_site_conf_freep) struct rf_site_conf *wanted = rf_site_conf_new();
    struct said said = {""};
    assert_true(rf_site_conf_compare(now, wanted, say_difference, &said));
    assert_string_equal(said.text, "");
    assert_err(rf_site_conf_set(&wanted, "keepalive_s", "60", NULL), RF_OK);
    assert_true(rf_site_conf_compare(now, wanted, say_difference, &said));
    assert_err(rf_site_conf_set(&wanted, "tftp_port", "6969", NULL), RF_OK);
    said = (struct said){""};
    assert_false(rf_site_conf_compare(now, wanted, say_difference, &said));
    assert_string_equal(said.text, "tftp_port- keepalive_s+ ");
}

static void weak_choices_are_named(void **state)
{
    (void)state;
    RF_AUTO(rf_site_conf_freep) struct rf_site_conf *conf = rf_site_conf_new();
    struct said said = {""};
    rf_site_conf_weak(conf, say_weak, &said);
    assert_string_equal(said.text, "");
    assert_err(rf_site_conf_set(&conf, "lsc_key_bits", "3072", NULL), RF_OK);
    assert_err(rf_site_conf_set(&conf, "rsa_min", "3072", NULL), RF_OK);
    assert_err(rf_site_conf_set(&conf, "revocation", "strict", NULL), RF_OK);
    rf_site_conf_weak(conf, say_weak, &said);
    assert_string_equal(said.text, ""); /* stronger than the default */
    static const char *const set[][2] = {{"rsa_min", "1024"},
                                         {"digest", "sha1"},
                                         {"cluster", "nonsecure"},
                                         {"keylog", "/tmp/keys"},
                                         {"revocation", "off"},
                                         {"accept_mic_for_signalling", "yes"},
                                         {"capf_null_string", "yes"},
                                         {"capf_bare_digest", "yes"},
                                         {"plain_networks", "10.0.0.0/8"}};
    for (size_t i = 0; i < sizeof set / sizeof *set; i++)
        assert_err(rf_site_conf_set(&conf, set[i][0], set[i][1], NULL), RF_OK);
    rf_site_conf_weak(conf, say_weak, &said);
    assert_string_equal(
        said.text,
        "keylog=/tmp/keys plain_networks=10.0.0.0/8 digest=sha1 cluster=nonsecure rsa_min=1024 "
        "revocation=off accept_mic_for_signalling=yes capf_null_string=yes "
        "capf_bare_digest=yes ");
}

static void private_files_open_to_others_stop_the_start(void **state)
{
    struct place *p = *state;
    struct rf_site *site = NULL;
    struct rf_why why = {0};
    write_item(p, RF_SITE_CONF, "name = x\n", 0644);
    static const unsigned modes[] = {0640, 0604, 0620, 0601};
    for (size_t i = 0; i < sizeof modes / sizeof *modes; i++) {
        write_item(p, RF_SITE_KEY_LSC_ISSUER, "key", modes[i]);
        why = (struct rf_why){0};
        assert_refused(rf_site_open(p->dir, &site, &why), RF_ERR_DENIED, why, "key-mode");
        assert_non_null(strstr(why.text, "lsc-issuer.pem"));
    }
    write_item(p, RF_SITE_KEY_LSC_ISSUER, "key", 0600);
    rf_site_free(open_site(p));
    /* A key of another name lies there too. */
    RF_AUTO(rf_freep) char *keys = rf_site_path_in(p->dir, RF_SITE_KEYS);
    RF_AUTO(rf_freep) char *other = rf_path_join(keys, "spare.pem");
    assert_err(rf_file_replace(other, rf_slice_str("key"), 0644, NULL), RF_OK);
    why = (struct rf_why){0};
    assert_refused(rf_site_open(p->dir, &site, &why), RF_ERR_DENIED, why, "key-mode");
    assert_int_equal(chmod(other, 0400), 0);
    rf_site_free(open_site(p));
    assert_int_equal(chmod(keys, 0755), 0);
    why = (struct rf_why){0};
    assert_refused(rf_site_open(p->dir, &site, &why), RF_ERR_DENIED, why, "key-mode");
    assert_int_equal(chmod(keys, 0700), 0);
    RF_AUTO(rf_freep) char *link = rf_site_path_in(p->dir, RF_SITE_KEY_CAPF);
    assert_int_equal(symlink("tftp.pem", link), 0);
    why = (struct rf_why){0};
    assert_refused(rf_site_open(p->dir, &site, &why), RF_ERR_DENIED, why, "key-kind");
    assert_int_equal(unlink(link), 0);
    rf_site_free(open_site(p));
    if (geteuid() != 0)
        return; /* only root can give a file away */
    assert_int_equal(chown(other, 65534, 65534), 0);
    why = (struct rf_why){0};
    assert_refused(rf_site_open(p->dir, &site, &why), RF_ERR_DENIED, why, "key-owner");
}

static void ports_of_http_are_kept_where_it_is_served(void **state)
{
    struct place *p = *state;
    write_item(p, RF_SITE_CONF,
               "tftp_port = 69\nhttp = yes\nhttp_port = 0\nhttps = yes\nhttps_port = 0\n", 0644);
    struct rf_site *site = open_site(p);
    struct rf_site_ports ports;
    struct rf_why why = {0};
    struct rf_site_ports bound = {
        .sccp_tls = 40443, .capf = 40001, .tftp = 69, .http = 40970, .https = 40971};
    assert_err(rf_site_ports_save(site, &bound, NULL), RF_OK);
    assert_err(rf_site_ports_wanted(site, &ports, NULL), RF_OK);
    assert_int_equal(ports.http, 40970);
    assert_int_equal(ports.https, 40971);
    /* Those of an older site have none. */
    write_item(p, RF_SITE_PORTS, "{\"sccp_tls\":444,\"capf\":1,\"tftp\":1}", 0644);
    assert_err(rf_site_ports_wanted(site, &ports, NULL), RF_OK);
    assert_int_equal(ports.http, 0);
    assert_int_equal(ports.https, 0);
    write_item(p, RF_SITE_PORTS, "{\"sccp_tls\":444,\"capf\":1,\"tftp\":1,\"http\":0}", 0644);
    assert_refused(rf_site_ports_wanted(site, &ports, &why), RF_ERR_BAD, why, "ports-file");
    rf_site_free(site);
    write_item(p, RF_SITE_CONF, "http = yes\nhttp_port = 40972\n", 0644);
    write_item(p, RF_SITE_PORTS, "{\"sccp_tls\":444,\"capf\":1,\"tftp\":1}", 0644);
    site = open_site(p);
    assert_err(rf_site_ports_wanted(site, &ports, NULL), RF_OK);
    assert_int_equal(ports.http, 40972);
    rf_site_free(site);
}

static void the_port_for_routers_is_kept_while_they_may_come(void **state)
{
    struct place *p = *state;
    write_item(p, RF_SITE_CONF, "tftp_port = 69\nbranch = yes\nbranch_port = 0\n", 0644);
    struct rf_site *site = open_site(p);
    struct rf_site_ports ports;
    struct rf_site_ports bound = {.sccp_tls = 40443, .capf = 40001, .tftp = 69, .branch = 40446};
    assert_err(rf_site_ports_save(site, &bound, NULL), RF_OK);
    assert_err(rf_site_ports_wanted(site, &ports, NULL), RF_OK);
    assert_int_equal(ports.branch, 40446);
    rf_site_free(site);
    write_item(p, RF_SITE_CONF, "branch = yes\n", 0644);
    site = open_site(p);
    assert_err(rf_site_ports_wanted(site, &ports, NULL), RF_OK);
    assert_int_equal(ports.branch, 2446);
    rf_site_free(site);
    write_item(p, RF_SITE_CONF, "sccp_port = 0\n", 0644);
    site = open_site(p);
    assert_err(rf_site_ports_wanted(site, &ports, NULL), RF_OK);
    assert_int_equal(ports.sccp_tls, 40443);
    assert_int_equal(ports.branch, 0);
    rf_site_free(site);
}

static void ports_are_chosen_once_and_kept(void **state)
{
    struct place *p = *state;
    write_item(p, RF_SITE_CONF, "sccp_port = 0\ncapf_port = 0\ntftp_port = 6969\n", 0644);
    struct rf_site *site = open_site(p);
    struct rf_site_ports ports;
    struct rf_why why = {0};
    assert_refused(rf_site_ports_load(site, &ports, &why), RF_ERR_NOT_FOUND, why, "no-ports");
    assert_err(rf_site_ports_wanted(site, &ports, NULL), RF_OK);
    assert_int_equal(ports.sccp_tls, 0);
    assert_int_equal(ports.capf, 0);
    assert_int_equal(ports.tftp, 6969);
    struct rf_site_ports bound = {.sccp_tls = 40443, .capf = 40001, .tftp = 6969};
    assert_err(rf_site_ports_save(site, &bound, NULL), RF_OK);
    assert_int_equal(rf_site_port_base(&bound), 40000);
    assert_err(rf_site_ports_wanted(site, &ports, NULL), RF_OK);
    assert_int_equal(ports.sccp_tls, 40443);
    assert_int_equal(ports.capf, 40001);
    assert_err(rf_site_ports_load(site, &ports, NULL), RF_OK);
    assert_int_equal(ports.tftp, 6969);
    bound.sccp_tls = 443;
    why = (struct rf_why){0};
    assert_refused(rf_site_ports_save(site, &bound, &why), RF_ERR_BAD, why, "ports-base");
    bound.sccp_tls = 444;
    assert_err(rf_site_ports_save(site, &bound, NULL), RF_OK);
    static const char *const bad[] = {"",
                                      "{}",
                                      "[]",
                                      "{\"sccp_tls\":443,\"capf\":1,\"tftp\":1}",
                                      "{\"sccp_tls\":444,\"capf\":0,\"tftp\":1}",
                                      "{\"sccp_tls\":444,\"capf\":1,\"tftp\":65536}",
                                      "{\"sccp_tls\":444,\"capf\":1,\"tftp\":\"1\"}"};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        write_item(p, RF_SITE_PORTS, bad[i], 0644);
        why = (struct rf_why){0};
        assert_refused(rf_site_ports_wanted(site, &ports, &why), RF_ERR_BAD, why, "ports-file");
    }
    rf_site_free(site);
}

#define AT_PLACE(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        AT_PLACE(a_new_site_has_its_folders_and_opens),
        AT_PLACE(wrong_configurations_are_refused_with_their_reason),
        AT_PLACE(values_at_their_limits_are_taken),
        AT_PLACE(a_router_is_configured),
        AT_PLACE(ports_of_a_router_are_kept),
        cmocka_unit_test(call_managers_stand_in_their_order),
        cmocka_unit_test(one_option_can_be_set_by_name),
        cmocka_unit_test(long_texts_stay_whole_when_another_option_is_set),
        cmocka_unit_test(options_that_ask_of_each_other_are_set_in_any_order),
        cmocka_unit_test(a_reload_names_what_applies_and_what_does_not),
        cmocka_unit_test(weak_choices_are_named),
        AT_PLACE(private_files_open_to_others_stop_the_start),
        AT_PLACE(the_port_for_routers_is_kept_while_they_may_come),
        AT_PLACE(ports_are_chosen_once_and_kept),
        AT_PLACE(ports_of_http_are_kept_where_it_is_served),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
