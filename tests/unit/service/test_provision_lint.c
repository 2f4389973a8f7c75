/* SPDX-License-Identifier: Apache-2.0 */
/* What a configuration is told to operators to be, and what is found in it. Each finding has its
 * twin: the same without the one fault, and nothing is said. */
#include "provision_world.h"

#include "trust/wrap.h"

#define A      "SEP001122334455"
#define MEMBER "devicePool/callManagerGroup/members/member"
#define CM(n)  MEMBER "[" #n "]/callManager/processNodeName"
#define SRST   "devicePool/srstInfo/"

static void set(struct world *w, const char *path, const char *value)
{
    struct rf_store_config_change c = {.path = path, .value = rf_slice_str(value)};
    assert_err(
        rf_store_config_save(w->store, RF_STORE_LAYER_DEVICE, A, &c, 1, WORLD_NOW, NULL, NULL),
        RF_OK);
}

static void add(struct world *w)
{
    struct rf_store_line line = {.index = 1, .dn = "2001"};
    struct rf_store_phone phone = {.lines = &line, .n_lines = 1};
    snprintf(phone.device.name, sizeof phone.device.name, A);
    snprintf(phone.device.model, sizeof phone.device.model, "8861");
    phone.device.mode = RF_STORE_ENCRYPTED;
    assert_err(rf_store_device_add(w->store, &phone, WORLD_NOW, NULL, NULL), RF_OK);
}

/* "code@path " or "code!@path " for an error. */
static void note(void *arg, const struct rf_provision_finding *f)
{
    assert_string_not_equal(f->text, "");
    assert_err(rf_buf_addf(arg, "%s%s@%s ", f->code, f->is_error ? "!" : "", f->path), RF_OK);
}

static void finds(struct world *w, const char *want)
{
    RF_AUTO(rf_buf_fini) struct rf_buf got = RF_BUF(4096);
    struct rf_provision_view *view = rf_provision_view_take(w->p);
    assert_err(rf_provision_lint(view, w->store, A, WORLD_NOW, note, &got, NULL), RF_OK);
    rf_provision_view_release(view);
    if (!rf_slice_eq_str(rf_buf_slice(&got), want))
        print_error("%.*s\n", (int)got.len, (const char *)got.p);
    assert_slice_str(rf_buf_slice(&got), want);
}

static void a_usual_device_has_nothing(void **state)
{
    struct world *w = *state;
    add(w);
    finds(w, "");
}

static void a_device_wants_a_line(void **state)
{
    struct world *w = *state;
    world_add(w, A, RF_STORE_ENCRYPTED, "");
    finds(w, "line-missing!@ ");
}

static void servers_are_looked_over(void **state)
{
    struct world *w = *state;
    add(w);
    set(w, CM(2), "192.0.2.12");
    set(w, MEMBER "[2]/callManager/ports/ethernetPhonePort", "2000");
    finds(w, "");
    set(w, MEMBER "[2]/callManager/ports/ethernetPhonePort", "2100");
    finds(w, "port-secure@" MEMBER "[2]/callManager/ports/ethernetPhonePort ");
    set(w, MEMBER "[2]/callManager/ports/ethernetPhonePort", "2443");
    finds(w, "port-secure!@" MEMBER "[2]/callManager/ports/ethernetPhonePort ");
    set(w, MEMBER "[2]/callManager/ports/ethernetPhonePort", "");
    set(w, MEMBER "[2]/@priority", "0");
    finds(w, "priority-twice!@" MEMBER "[2]/@priority ");
    set(w, MEMBER "[2]/@priority", "1");
    set(w, CM(4), "192.0.2.14");
    finds(w, "member-unused@" CM(4) " ");
    set(w, CM(4), "");
    set(w, CM(2), "cm2.example.net");
    finds(w, "name-dns@" CM(2) " ");
    set(w, CM(2), "2001:db8::12");
    finds(w, "");
    set(w, "TVS/members/member[1]/port", "2445");
    finds(w, "member-empty@TVS/members/member[1]/address ");
}

static void the_ports_of_our_call_managers_are_fine(void **state)
{
    struct world *w = *state;
    add(w);
    world_set(w, "call_managers", "127.0.0.1 192.0.2.12:2100");
    finds(w, "");
    world_set(w, "call_managers", "127.0.0.1 cm2.example.net:2100");
    finds(w, "name-dns@" CM(2) " ");
    set(w, MEMBER "[2]/callManager/ports/ethernetPhonePort", "2101");
    finds(w, "name-dns@" CM(2) " port-secure@" MEMBER "[2]/callManager/ports/ethernetPhonePort ");
}

static void in_the_clear_the_port_is_what_it_is(void **state)
{
    struct world *w = *state;
    add(w);
    set(w, CM(2), "192.0.2.12");
    set(w, MEMBER "[2]/callManager/ports/ethernetPhonePort", "2443");
    world_set(w, "cluster", "nonsecure");
    finds(w, "");
}

static void survivable_routers_are_looked_over(void **state)
{
    struct world *w = *state;
    char cert[1981];
    add(w);
    set(w, SRST "srstOption", "Enable");
    finds(w, "srst-address!@" SRST "ipAddr1 ");
    set(w, SRST "ipAddr1", "192.0.2.61");
    finds(w, "");
    set(w, SRST "isSecure", "true");
    finds(w, "srst-certificate@" SRST "certificate ");
    memset(cert, 'A', sizeof cert);
    cert[1976] = '\0';
    set(w, SRST "certificate", cert);
    finds(w, "");
    cert[1976] = 'A';
    cert[1980] = '\0';
    set(w, SRST "certificate", cert);
    finds(w, "certificate-long!@" SRST "certificate ");
    set(w, SRST "certificate", "AAAA");
    set(w, SRST "isSecure", "false");
    finds(w, "srst-certificate@" SRST "certificate ");
    set(w, SRST "srstOption", "Use Default Gateway");
    set(w, SRST "ipAddr1", "");
    set(w, SRST "certificate", "");
    finds(w, "");
}

static void open_doors_are_named(void **state)
{
    struct world *w = *state;
    add(w);
    set(w, "vendorConfig/sshAccess", "0");
    set(w, "vendorConfig/webAccess", "2");
    finds(w, "switch-open@vendorConfig/webAccess switch-open@vendorConfig/sshAccess ");
    set(w, "vendorConfig/sshAccess", "1");
    set(w, "vendorConfig/webAccess", "0");
    finds(w, "switch-open@vendorConfig/webAccess web-commands!@authenticationURL ");
    set(w, "secureAuthenticationURL", "https://192.0.2.1/");
    finds(w, "switch-open@vendorConfig/webAccess ");
}

static void what_is_not_there_is_named(void **state)
{
    struct world *w = *state;
    add(w);
    struct rf_store_device d = world_device(w, A);
    snprintf(d.load, sizeof d.load, "RF42.2-0S");
    struct rf_store_line line = {.index = 1, .dn = "2001"};
    struct rf_store_phone phone = {.device = d, .lines = &line, .n_lines = 1};
    assert_err(rf_store_device_change(w->store, &phone, WORLD_NOW, NULL, NULL), RF_OK);
    set(w, "networkLocale", "Germany");
    set(w, "networkLocaleInfo/name", "France");
    finds(w, "load-missing@loadInformation locale-missing@networkLocale "
             "locale-differs!@networkLocaleInfo/name ");
    set(w, "networkLocaleInfo/name", "Germany");
    finds(w, "load-missing@loadInformation locale-missing@networkLocale ");
    set(w, "userLocale/name", ".."); /* no way out of the folder */
    finds(w, "config-value!@ ");
}

static void elements_that_do_nothing_are_named(void **state)
{
    struct world *w = *state;
    add(w);
    set(w, "not/known", "1");
    set(w, "sipProfile/callStats", "true");
    finds(w, "element-sip@sipProfile/callStats element-unknown@not/known ");
    set(w, "not/known", "");
    set(w, "sipProfile/callStats", "");
    finds(w, "");
}

static void a_secret_that_stays_behind_is_named(void **state)
{
    struct world *w = *state;
    char bound[RF_STORE_CONFIG_BOUND];
    RF_AUTO(rf_buf_fini) struct rf_buf wrapped = RF_BUF(RF_WRAPPED_MAX);
    add(w);
    rf_store_config_bound(RF_STORE_LAYER_DEVICE, A, "sshPassword", bound);
    assert_err(rf_wrap(&w->wrap_key, rf_slice_str(bound), rf_slice_str("x"), &wrapped, NULL),
               RF_OK);
    struct rf_store_config_change c = {
        .path = "sshPassword", .value = rf_buf_slice(&wrapped), .is_secret = true};
    assert_err(
        rf_store_config_save(w->store, RF_STORE_LAYER_DEVICE, A, &c, 1, WORLD_NOW, NULL, NULL),
        RF_OK);
    finds(w, "secrets-withheld@ ");
    struct rf_store_phone phone = {0};
    assert_err(rf_store_device_load(w->store, A, &phone, NULL), RF_OK);
    phone.device.encrypt = RF_STORE_ENCRYPT_ON;
    assert_err(rf_store_device_change(w->store, &phone, WORLD_NOW, NULL, NULL), RF_OK);
    rf_store_phone_fini(&phone);
    finds(w, "stub-only@ ");
}

static void an_operation_without_an_end_is_named(void **state)
{
    struct world *w = *state;
    add(w);
    world_schedule(w, A, RF_STORE_AUTH_NULL, 0);
    finds(w, "capf-forever@capfAuthMode ");
    world_schedule(w, A, RF_STORE_AUTH_NULL, WORLD_NOW + 100);
    finds(w, "");
}

static void what_cannot_be_made_is_a_finding(void **state)
{
    struct world *w = *state;
    struct rf_why why = {0};
    struct rf_provision_view *view = rf_provision_view_take(w->p);
    assert_refused(rf_provision_lint(view, w->store, A, WORLD_NOW, note, NULL, &why),
                   RF_ERR_NOT_FOUND, why, "device-unknown");
    rf_provision_view_release(view);
    add(w);
    set(w, "vendorConfig/webAccess", "9");
    finds(w, "config-value!@ ");
}

/* ---- shown ---- */

struct seen {
    const char *path;
    char value[64], word[32], layer[32];
    bool is_secret;
};

static void look_for(void *arg, const struct rf_provision_value *v)
{
    struct seen *s = arg;
    if (strcmp(v->path, s->path) != 0)
        return;
    (void)!rf_slice_to_str(v->value, s->value, sizeof s->value);
    (void)!rf_slice_to_str(v->word, s->word, sizeof s->word);
    snprintf(s->layer, sizeof s->layer, "%s", v->layer);
    s->is_secret = v->is_secret;
}

static void a_value_is_shown_with_its_word_and_layer(void **state)
{
    struct world *w = *state;
    struct rf_provision_shown shown;
    struct seen s = {.path = "vendorConfig/webAccess"};
    add(w);
    struct rf_provision_view *view = rf_provision_view_take(w->p);
    assert_err(rf_provision_show(view, w->store, A, WORLD_NOW, &shown, look_for, &s, NULL), RF_OK);
    assert_string_equal(s.value, "1");
    assert_string_equal(s.word, "disabled");
    assert_string_equal(s.layer, "built-in");
    assert_string_equal(shown.protection, "clear");
    assert_string_equal(shown.phone, "");
    rf_provision_shown_fini(&shown);
    set(w, "vendorConfig/webAccess", "0");
    assert_err(rf_provision_show(view, w->store, A, WORLD_NOW, &shown, look_for, &s, NULL), RF_OK);
    assert_string_equal(s.word, "enabled");
    assert_string_equal(s.layer, "device");
    rf_provision_shown_fini(&shown);
    rf_provision_view_release(view);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, world_set_up, world_tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_usual_device_has_nothing),
        TEST(a_device_wants_a_line),
        TEST(servers_are_looked_over),
        TEST(the_ports_of_our_call_managers_are_fine),
        TEST(in_the_clear_the_port_is_what_it_is),
        TEST(survivable_routers_are_looked_over),
        TEST(open_doors_are_named),
        TEST(what_is_not_there_is_named),
        TEST(elements_that_do_nothing_are_named),
        TEST(a_secret_that_stays_behind_is_named),
        TEST(an_operation_without_an_end_is_named),
        TEST(what_cannot_be_made_is_a_finding),
        TEST(a_value_is_shown_with_its_word_and_layer),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
