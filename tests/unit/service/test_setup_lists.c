/* SPDX-License-Identifier: Apache-2.0 */
/* Lists change under phones that hold older ones: nobody is stranded unknowingly. */
#include "setup_town.h"

/* ---- preflight ---- */

static void a_harmless_change_passes_and_unknown_phones_are_named(void **state)
{
    (void)state;
    struct phone *known = add_phone(), *unknown = add_phone(), *never = add_phone();
    RF_AUTO(rf_cert_freep) struct rf_cert *cert = some_cert("server");
    struct rf_setup_phones phones = {0};
    assert_true(boots(known));
    assert_err(rf_held_on_registered(t.store, NULL, unknown->name, t.ccm, t.now_s, NULL), RF_OK);
    assert_err(rf_setup_entry_add(t.dir, NULL, "app-server", cert, NULL), RF_OK);
    assert_err(publish(false, &phones, NULL), RF_OK);
    assert_string_equal(code_of(&phones, known->name), "");
    assert_string_equal(code_of(&phones, unknown->name), "held-unknown");
    assert_string_equal(code_of(&phones, never->name), "");
    assert_int_equal(rf_setup_phones_count(&phones, RF_SETUP_UNSURE), 1);
    assert_int_equal(rf_setup_phones_count(&phones, RF_SETUP_STRANDED), 0);
    rf_setup_phones_fini(&phones);
    all_boot();
    assert_true(knows(known, cert, RF_TRUSTLIST_ROLE_APP_SERVER));
    assert_err(rf_setup_phones_list(t.dir, &phones, NULL), RF_OK);
    for (size_t i = 0; i < phones.n; i++) {
        assert_int_equal(phones.items[i].holds[RF_LIST_CTL], RF_SETUP_CURRENT);
        assert_int_equal(phones.items[i].holds[RF_LIST_ITL], RF_SETUP_CURRENT);
    }
    rf_setup_phones_fini(&phones);
}

static void the_only_file_signer_that_a_phone_knows_is_not_dropped(void **state)
{
    (void)state;
    add_phone();
    all_boot();
    replace(RF_SITE_KEY_TFTP, RF_SITE_CERT_TFTP, RF_CERT_ROLE_TFTP, "renewed");
    assert_strands("server-uses", "tftp-not-held");
    server_starts();
    assert_strands("", "tftp-not-held");
    /* It is as was said. */
    assert_err(publish(true, NULL, NULL), RF_OK);
    assert_false(registers(&t.phones[0]));
    assert_true(boots(&t.phones[0]));
}

static void the_same_for_the_call_manager_and_capf(void **state)
{
    (void)state;
    add_phone();
    all_boot();
    replace(RF_SITE_KEY_CCM, RF_SITE_CERT_CCM, RF_CERT_ROLE_CCM, "renewed");
    server_starts();
    assert_strands("", "ccm-not-held");
    assert_err(publish(true, NULL, NULL), RF_OK);
    all_boot();
    replace(RF_SITE_KEY_CAPF, RF_SITE_CERT_CAPF, RF_CERT_ROLE_CAPF, "renewed-2");
    server_starts();
    assert_strands("", "capf-not-held");
}

static void sec_20_a_sast_that_a_phone_does_not_know_is_not_used(void **state)
{
    (void)state;
    add_phone();
    all_boot();
    replace(RF_SITE_KEY_SAST1, RF_SITE_CERT_SAST1, RF_CERT_ROLE_SAST, "stranger");
    assert_strands("list-strands", "list-signer-unknown");
}

/* A phone with an older list does not know the signer, although those with the present one do. */
static void each_phone_is_judged_by_the_list_it_holds(void **state)
{
    (void)state;
    struct phone *early = add_phone(), *late = add_phone();
    enum rf_setup_step step;
    struct rf_setup_phones phones = {0};
    struct rf_why why = {0};
    all_boot();
    assert_err(begin(RF_SETUP_SAST, NULL), RF_OK);
    assert_true(boots(late));
    assert_err(next(&step, true, NULL), RF_OK); /* without the early one */
    assert_int_equal(step, RF_SETUP_NONE);
    RF_AUTO(rf_cert_freep) struct rf_cert *cert = some_cert("server");
    assert_err(rf_setup_entry_add(t.dir, NULL, "tvs", cert, NULL), RF_OK);
    assert_refused(publish(false, &phones, &why), RF_ERR_DENIED, why, "list-strands");
    assert_string_equal(code_of(&phones, early->name), "list-signer-unknown");
    assert_string_equal(code_of(&phones, late->name), "");
    assert_string_equal(code_of(&phones, ""), "");
    rf_setup_phones_fini(&phones);
}

static void phones_with_lscs_of_another_issuer_are_named(void **state)
{
    (void)state;
    struct phone *p = add_phone();
    all_boot();
    give_lsc(p->name, RF_SITE_CERT_LSC_ISSUER, RF_SITE_KEY_LSC_ISSUER);
    assert_err(publish(false, NULL, NULL), RF_OK);
    replace(RF_SITE_KEY_LSC_ISSUER, RF_SITE_CERT_LSC_ISSUER, RF_CERT_ROLE_LSC_ISSUER, "other");
    assert_strands("", "lsc-issuer");
}

static void sec_26_forty_entries_are_refused_by_force_as_well(void **state)
{
    (void)state;
    struct rf_why why = {0};
    /* Both SASTs, CCM, TFTP, CAPF and TVS. */
    const int own = t.conf->list_version == RF_SITE_LISTS_11 ? 7 : 6;
    for (int i = 0; i < RF_TRUSTLIST_BUILD_MAX - own; i++) {
        char cn[32];
        snprintf(cn, sizeof cn, "server-%d", i);
        RF_AUTO(rf_cert_freep) struct rf_cert *cert = some_cert(cn);
        assert_err(rf_setup_entry_add(t.dir, NULL, "app-server", cert, NULL), RF_OK);
    }
    assert_err(publish(false, NULL, NULL), RF_OK);
    RF_AUTO(rf_cert_freep) struct rf_cert *last = some_cert("the-fortieth");
    assert_err(rf_setup_entry_add(t.dir, NULL, "app-server", last, NULL), RF_OK);
    assert_refused(publish(false, NULL, &why), RF_ERR_LIMIT, why, "record-count");
    why = (struct rf_why){0};
    assert_refused(publish(true, NULL, &why), RF_ERR_LIMIT, why, "record-count");
}

/* ---- entries ---- */

static void entries_come_and_go(void **state)
{
    (void)state;
    RF_AUTO(rf_cert_freep) struct rf_cert *cert = some_cert("server");
    RF_AUTO(rf_setup_entries_fini) struct rf_setup_entries entries = {0};
    struct rf_why why = {0};
    assert_refused(rf_setup_entry_add(t.dir, NULL, "sast", cert, &why), RF_ERR_BAD, why,
                   "entry-role");
    why = (struct rf_why){0};
    assert_refused(rf_setup_entry_add(t.dir, "SEP/../../x", "tvs", cert, &why), RF_ERR_BAD, why,
                   "device-name");
    assert_err(rf_setup_entry_add(t.dir, NULL, "tvs", cert, NULL), RF_OK);
    why = (struct rf_why){0};
    assert_refused(rf_setup_entry_add(t.dir, NULL, "tvs", cert, &why), RF_ERR_EXISTS, why,
                   "entry-exists");
    assert_err(rf_setup_entry_add(t.dir, "SEP001122334455", "app-server", cert, NULL), RF_OK);
    assert_err(rf_setup_entries_list(t.dir, &entries, NULL), RF_OK);
    assert_int_equal(entries.n, 2);
    assert_string_equal(entries.items[0].device, "SEP001122334455");
    assert_int_equal(entries.items[0].role, RF_TRUSTLIST_ROLE_APP_SERVER);
    assert_int_equal(entries.items[1].role, RF_TRUSTLIST_ROLE_TVS);
    why = (struct rf_why){0};
    assert_refused(rf_setup_entry_remove(t.dir, NULL, "0123", &why), RF_ERR_BAD, why, "entry-name");
    why = (struct rf_why){0};
    assert_refused(rf_setup_entry_remove(t.dir, "SEP0000000000AA", rf_cert_fingerprint(cert), &why),
                   RF_ERR_NOT_FOUND, why, "entry-unknown");
    assert_err(rf_setup_entry_remove(t.dir, NULL, rf_cert_fingerprint(cert), NULL), RF_OK);
    /* What is no entry is not passed over. */
    RF_AUTO(rf_freep) char *folder = rf_site_path_in(t.dir, RF_SITE_LIST_ENTRIES);
    RF_AUTO(rf_freep) char *stray = rf_path_join(folder, "notes.txt");
    assert_err(rf_file_replace(stray, rf_slice_str("x"), 0644, NULL), RF_OK);
    why = (struct rf_why){0};
    assert_refused(publish(false, NULL, &why), RF_ERR_BAD, why, "entry-name");
    assert_err(rf_file_remove(stray, NULL), RF_OK);
    assert_err(publish(false, NULL, NULL), RF_OK);
}

static void a_device_has_lists_of_its_own_and_gives_them_back(void **state)
{
    (void)state;
    struct phone *own = add_phone(), *other = add_phone();
    RF_AUTO(rf_cert_freep) struct rf_cert *cert = some_cert("server");
    struct rf_setup_run run;
    all_boot();
    assert_err(rf_setup_entry_add(t.dir, own->name, "app-server", cert, NULL), RF_OK);
    for (int i = 0; i < 2; i++) { /* the second time nothing is new */
        RF_AUTO(rf_setup_lists_fini) struct rf_setup_lists lists = {0};
        run = run_of(false);
        assert_err(rf_setup_publish(&run, &lists, NULL), RF_OK);
        assert_int_equal(lists.own_n, i == 0 ? 1 : 0);
        assert_false(lists.is_new[RF_LIST_CTL]);
    }
    all_boot();
    assert_true(knows(own, cert, RF_TRUSTLIST_ROLE_APP_SERVER));
    assert_false(knows(other, cert, RF_TRUSTLIST_ROLE_APP_SERVER));
    assert_true(own->lists.ctl != other->lists.ctl);
    /* Its own list is of the common name inside: any phone would take it. */
    assert_slice_str(rf_list_content(own->lists.ctl)->header.file_name, "CTLFile.tlv");
    assert_err(rf_setup_entry_remove(t.dir, own->name, rf_cert_fingerprint(cert), NULL), RF_OK);
    assert_err(publish(false, NULL, NULL), RF_OK);
    all_boot(); /* rollback would be refused */
    assert_false(knows(own, cert, RF_TRUSTLIST_ROLE_APP_SERVER));
    assert_string_equal(rf_list_fingerprint(own->lists.ctl), rf_list_fingerprint(other->lists.ctl));
}

static void do_publish(void)
{
    struct rf_why why = {0};
    (void)!publish(true, NULL, &why);
}

static void lists_that_broke_off_are_finished(void **state)
{
    (void)state;
    static const char *const points[] = {"lists.written", "lists.half"};
    add_phone();
    all_boot();
    for (size_t i = 0; i < 2; i++) {
        RF_AUTO(rf_cert_freep) struct rf_cert *cert = some_cert("server");
        assert_err(rf_setup_entry_add(t.dir, NULL, "app-server", cert, NULL), RF_OK);
        dies_at(points[i], do_publish);
        all_boot(); /* each file is a whole one */
        assert_err(publish(false, NULL, NULL), RF_OK);
        all_boot();
        assert_true(knows(&t.phones[0], cert, RF_TRUSTLIST_ROLE_APP_SERVER));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        AT_TOWN(a_harmless_change_passes_and_unknown_phones_are_named),
        AT_TOWN(the_only_file_signer_that_a_phone_knows_is_not_dropped),
        AT_TOWN(the_same_for_the_call_manager_and_capf),
        AT_TOWN(sec_20_a_sast_that_a_phone_does_not_know_is_not_used),
        AT_TOWN(each_phone_is_judged_by_the_list_it_holds),
        AT_TOWN(phones_with_lscs_of_another_issuer_are_named),
        AT_TOWN(sec_26_forty_entries_are_refused_by_force_as_well),
        AT_TOWN(entries_come_and_go),
        AT_TOWN(a_device_has_lists_of_its_own_and_gives_them_back),
        AT_TOWN(lists_that_broke_off_are_finished),
    };
    return cmocka_run_group_tests(tests, group_setup, group_teardown);
}
