/* SPDX-License-Identifier: Apache-2.0 */
/* Keys change, or are lost, under phones that know the old ones; what breaks off is finished. */
#include "setup_town.h"

/* ---- rotation ---- */

static void phones_come_through_the_rotation_of_every_key(void **state)
{
    (void)state;
    static const enum rf_setup_what order[] = {RF_SETUP_SAST, RF_SETUP_TFTP, RF_SETUP_CAPF,
                                               RF_SETUP_CCM};
    static const enum rf_site_item certs[] = {RF_SITE_CERT_SAST1, RF_SITE_CERT_TFTP,
                                              RF_SITE_CERT_CAPF, RF_SITE_CERT_CCM};
    while (t.n < PHONES)
        add_phone();
    all_boot();
    for (size_t i = 0; i < 4; i++) {
        enum rf_setup_step step;
        struct rf_why why = {0};
        RF_AUTO(rf_cert_freep) struct rf_cert *before = cert_at(certs[i]);
        assert_err(begin(order[i], NULL), RF_OK);
        all_register();
        for (size_t k = 0; k < t.n; k++) { /* until the last of them has the list */
            if (k == 0 || k + 1 == t.n)
                assert_refused(next(&step, false, &why), RF_ERR_AGAIN, why, "rotation-waits");
            assert_true(boots(&t.phones[k]));
            why = (struct rf_why){0};
        }
        all_register();
        assert_err(next(&step, false, NULL), RF_OK);
        all_register(); /* the server still uses the old one */
        if (step == RF_SETUP_SWITCHED) {
            assert_refused(next(&step, true, &why), RF_ERR_AGAIN, why, "rotation-restart");
            server_starts();
            all_register();
            assert_err(next(&step, false, NULL), RF_OK);
        }
        assert_int_equal(step, RF_SETUP_NONE);
        all_register();
        all_boot();
        RF_AUTO(rf_cert_freep) struct rf_cert *after = cert_at(certs[i]);
        assert_false(rf_cert_eq(before, after));
        assert_false(knows(&t.phones[0], before,
                           order[i] == RF_SETUP_SAST   ? RF_TRUSTLIST_ROLE_SAST
                           : order[i] == RF_SETUP_TFTP ? RF_TRUSTLIST_ROLE_TFTP
                           : order[i] == RF_SETUP_CAPF ? RF_TRUSTLIST_ROLE_CAPF
                                                       : RF_TRUSTLIST_ROLE_CCM));
    }
}

static void lists_have_two_sasts_at_each_step(void **state)
{
    (void)state;
    struct phone *p = add_phone();
    enum rf_setup_step step;
    RF_AUTO(rf_cert_freep) struct rf_cert *spare = cert_at(RF_SITE_CERT_SAST2);
    all_boot();
    assert_true(knows(p, spare, RF_TRUSTLIST_ROLE_SAST));
    assert_err(begin(RF_SETUP_SAST, NULL), RF_OK);
    all_boot();
    assert_false(knows(p, spare, RF_TRUSTLIST_ROLE_SAST)); /* the new one stands in its place */
    assert_non_null(rf_lists_nth(&p->lists, RF_TRUSTLIST_ROLE_SAST, 1));
    assert_err(next(&step, false, NULL), RF_OK);
    all_boot();
    assert_true(knows(p, spare, RF_TRUSTLIST_ROLE_SAST));
    size_t n = 0;
    for (size_t i = 0; i < rf_list_n(p->lists.ctl); i++)
        n += rf_list_role(p->lists.ctl, i) == RF_TRUSTLIST_ROLE_SAST;
    assert_int_equal(n, 2);
}

static void a_rotation_waits_for_what_is_unknown_and_is_one_at_a_time(void **state)
{
    (void)state;
    struct phone *p = add_phone();
    enum rf_setup_step step;
    struct rf_why why = {0};
    assert_refused(next(&step, false, &why), RF_ERR_NOT_FOUND, why, "no-rotation");
    assert_err(rf_held_on_registered(t.store, NULL, p->name, t.ccm, t.now_s, NULL), RF_OK);
    assert_err(begin(RF_SETUP_TFTP, NULL), RF_OK);
    why = (struct rf_why){0};
    assert_refused(begin(RF_SETUP_CCM, &why), RF_ERR_EXISTS, why, "rotation-active");
    why = (struct rf_why){0};
    assert_refused(next(&step, false, &why), RF_ERR_AGAIN, why, "rotation-waits");
    assert_err(next(&step, true, NULL), RF_OK);
    assert_int_equal(step, RF_SETUP_SWITCHED);
}

static void a_rotation_is_taken_back(void **state)
{
    (void)state;
    RF_AUTO(rf_cert_freep) struct rf_cert *before = cert_at(RF_SITE_CERT_CCM);
    enum rf_setup_step step;
    struct rf_why why = {0};
    add_phone();
    all_boot();
    assert_err(begin(RF_SETUP_CCM, NULL), RF_OK);
    all_boot();
    assert_err(next(&step, false, NULL), RF_OK);
    server_starts();
    all_register();
    assert_err(give_up(&step, NULL), RF_OK);
    assert_int_equal(step, RF_SETUP_OVERLAP);
    all_register();
    assert_refused(give_up(&step, &why), RF_ERR_AGAIN, why, "rotation-restart");
    server_starts();
    all_register();
    assert_true(rf_cert_eq(t.ccm, before));
    assert_err(give_up(&step, NULL), RF_OK);
    assert_int_equal(step, RF_SETUP_NONE);
    all_boot();
}

static void an_issuer_is_believed_while_phones_have_its_certificates(void **state)
{
    (void)state;
    struct phone *p = add_phone();
    enum rf_setup_step step;
    struct rf_why why = {0};
    RF_AUTO(rf_freep) char *folder = rf_site_path_in(t.dir, RF_SITE_LSC_ISSUERS);
    all_boot();
    give_lsc(p->name, RF_SITE_CERT_LSC_ISSUER, RF_SITE_KEY_LSC_ISSUER);
    assert_err(begin(RF_SETUP_LSC_ISSUER, NULL), RF_OK);
    assert_err(publish(false, NULL, NULL), RF_OK); /* nobody is stranded */
    assert_refused(next(&step, false, &why), RF_ERR_AGAIN, why, "rotation-waits");
    struct rf_anchors *held = rf_anchors_new(RF_PURPOSE_SIGNALLING);
    assert_err(rf_anchors_add_dir(held, folder, NULL), RF_OK);
    assert_int_equal(rf_anchors_n(held), 1);
    rf_anchors_unref(held);
    give_lsc(p->name, RF_SITE_CERT_LSC_ISSUER, RF_SITE_KEY_LSC_ISSUER);
    why = (struct rf_why){0};
    assert_refused(give_up(&step, &why), RF_ERR_DENIED, why, "rotation-used");
    assert_err(next(&step, false, NULL), RF_OK);
    held = rf_anchors_new(RF_PURPOSE_SIGNALLING);
    assert_err(rf_anchors_add_dir(held, folder, NULL), RF_OK);
    assert_int_equal(rf_anchors_n(held), 0);
    rf_anchors_unref(held);
    assert_err(publish(false, NULL, NULL), RF_OK);
}

/* The former issuer and the new one are believed side by side: beside 63 others a server would not
 * start. */
static void an_issuer_is_not_changed_where_a_server_could_not_believe_both(void **state)
{
    (void)state;
    struct rf_why why = {0};
    enum rf_setup_step step;
    struct rf_setup_issuers former = {0};
    for (unsigned i = 0; i < RF_ANCHORS_MAX - 1; i += 9) {
        RF_AUTO(rf_cert_list_fini) struct rf_cert_list others = {0};
        make_issuers(&others, i, 9);
        assert_err(rf_setup_issuer_import(t.dir, &others, NULL, NULL), RF_OK);
    }
    assert_refused(begin(RF_SETUP_LSC_ISSUER, &why), RF_ERR_LIMIT, why, "anchor-count");
    assert_err(give_up(&step, NULL), RF_ERR_NOT_FOUND); /* nothing was begun */
    assert_err(rf_setup_issuers_list(t.dir, &former, NULL), RF_OK);
    assert_int_equal(former.n, RF_ANCHORS_MAX - 1);
    assert_err(rf_setup_issuer_remove(t.dir, rf_cert_fingerprint(former.cert[0]), NULL), RF_OK);
    rf_setup_issuers_fini(&former);
    assert_err(begin(RF_SETUP_LSC_ISSUER, NULL), RF_OK);
}

/* ---- what breaks off ---- */

static void do_begin(void)
{
    struct rf_why why = {0};
    (void)!begin(RF_SETUP_TFTP, &why);
}

static void do_begin_sast(void)
{
    struct rf_why why = {0};
    (void)!begin(RF_SETUP_SAST, &why);
}

static void do_next(void)
{
    enum rf_setup_step step;
    struct rf_why why = {0};
    (void)!next(&step, false, &why);
}

static void a_rotation_that_broke_off_is_finished(void **state)
{
    (void)state;
    enum rf_setup_step step;
    struct rf_why why = {0};
    add_phone();
    all_boot();
    dies_at("rotation.begin", do_begin);
    all_boot();
    assert_refused(begin(RF_SETUP_TFTP, &why), RF_ERR_EXISTS, why, "rotation-active");
    why = (struct rf_why){0};
    assert_refused(next(&step, false, &why), RF_ERR_AGAIN, why, "rotation-waits"); /* published */
    all_boot();
    for (int i = 0; i < 2; i++) {
        dies_at(i == 0 ? "rotation.copy" : "rotation.swap", do_next);
        all_register();
    }
    assert_err(next(&step, false, NULL), RF_OK);
    assert_int_equal(step, RF_SETUP_SWITCHED);
    RF_AUTO(rf_freep) char *key_path = rf_site_path_in(t.dir, RF_SITE_KEY_TFTP);
    RF_AUTO(rf_key_freep) struct rf_key *key = NULL;
    assert_err(rf_key_load(key_path, NULL, &key, NULL), RF_OK);
    server_starts();
    assert_true(rf_key_matches(key, t.tftp));
    all_register();
    dies_at("rotation.forget", do_next);
    all_register();
    assert_err(next(&step, false, NULL), RF_OK);
    assert_int_equal(step, RF_SETUP_NONE);
    all_boot();
}

static bool is_broken_off(void)
{
    struct rf_setup_run run = run_of(false);
    RF_AUTO(rf_setup_rotation_fini) struct rf_setup_rotation r = {0};
    assert_err(rf_setup_rotation_load(&run, &r, NULL), RF_OK);
    return r.is_broken_off;
}

static void what_was_begun_to_its_end_did_not_break_off(void **state)
{
    (void)state;
    static const enum rf_setup_what order[] = {RF_SETUP_TFTP, RF_SETUP_TVS, RF_SETUP_HTTPS,
                                               RF_SETUP_SAST};
    for (size_t i = 0; i < sizeof order / sizeof *order; i++) {
        enum rf_setup_step step;
        assert_err(begin(order[i], NULL), RF_OK);
        assert_false(is_broken_off());
        assert_err(give_up(&step, NULL), RF_OK);
        assert_false(is_broken_off());
    }
    dies_at("rotation.begin", do_begin);
    assert_true(is_broken_off());
}

/* By force phones are left behind, but not all of them. */
static void a_sast_that_no_list_names_does_not_sign_by_force_either(void **state)
{
    (void)state;
    enum rf_setup_step step;
    struct rf_why why = {0};
    RF_AUTO(rf_cert_freep) struct rf_cert *before = cert_at(RF_SITE_CERT_SAST1);
    add_phone();
    all_boot();
    dies_at("lists.written", do_begin_sast);
    assert_refused(next(&step, true, &why), RF_ERR_AGAIN, why, "rotation-waits");
    RF_AUTO(rf_cert_freep) struct rf_cert *now = cert_at(RF_SITE_CERT_SAST1);
    assert_true(rf_cert_eq(before, now));
    all_boot(); /* the lists that name it lie there now */
    assert_err(next(&step, true, NULL), RF_OK);
    assert_int_equal(step, RF_SETUP_NONE);
    all_boot();
}

static void what_force_switches_to_is_in_the_lists(void **state)
{
    (void)state;
    enum rf_setup_step step;
    struct phone *p = add_phone();
    all_boot();
    dies_at("lists.written", do_begin);
    assert_err(next(&step, true, NULL), RF_OK);
    assert_int_equal(step, RF_SETUP_SWITCHED);
    server_starts();
    assert_false(registers(p)); /* as was said */
    all_boot();
}

static void what_begun_lists_strand_is_published_by_force(void **state)
{
    (void)state;
    enum rf_setup_step step;
    struct rf_why why = {0};
    add_phone();
    all_boot();
    dies_at("lists.written", do_begin);
    replace(RF_SITE_KEY_CAPF, RF_SITE_CERT_CAPF, RF_CERT_ROLE_CAPF, "renewed");
    server_starts();
    assert_refused(next(&step, false, &why), RF_ERR_DENIED, why, "list-strands");
    assert_true(is_broken_off());
    assert_err(next(&step, true, NULL), RF_OK);
    assert_int_equal(step, RF_SETUP_SWITCHED);
    server_starts();
    all_boot();
}

static void move_file(enum rf_site_item item, bool is_back)
{
    RF_AUTO(rf_freep) char *path = rf_site_path_in(t.dir, item);
    RF_AUTO(rf_freep) char *away = rf_strf("%s/away.pem", t.dir);
    assert_err(rf_file_rename(is_back ? away : path, is_back ? path : away, NULL), RF_OK);
}

static void lists_that_cannot_be_signed_leave_the_new_one_in_its_place(void **state)
{
    (void)state;
    enum rf_setup_step step;
    struct rf_why why = {0};
    add_phone();
    all_boot();
    assert_err(begin(RF_SETUP_TFTP, NULL), RF_OK);
    move_file(RF_SITE_KEY_SAST1, false);
    for (int i = 0; i < 2; i++) {
        why = (struct rf_why){0};
        assert_refused(give_up(&step, &why), RF_ERR_NOT_FOUND, why, "file-not-found");
        assert_false(is_broken_off());
    }
    move_file(RF_SITE_KEY_SAST1, true);
    all_boot();
    assert_err(give_up(&step, NULL), RF_OK);
    assert_int_equal(step, RF_SETUP_NONE);
    all_boot();
}

static void nothing_goes_back_to_what_is_forgotten(void **state)
{
    (void)state;
    enum rf_setup_step step;
    struct rf_why why = {0};
    add_phone();
    all_boot();
    assert_err(begin(RF_SETUP_SAST, NULL), RF_OK);
    all_boot();
    dies_at("rotation.forget", do_next);
    all_boot();
    assert_true(is_broken_off());
    assert_refused(give_up(&step, &why), RF_ERR_DENIED, why, "rotation-forgotten");
    assert_err(next(&step, false, NULL), RF_OK);
    assert_int_equal(step, RF_SETUP_NONE);
    all_boot();
}

/* ---- recovery ---- */

static struct rf_key *spare_key(void)
{
    RF_AUTO(rf_freep) char *path = rf_site_path_in(t.dir, RF_SITE_KEY_SAST2);
    RF_AUTO(rf_secret_fini) struct rf_secret passphrase = {.len = 0};
    struct rf_key *key = NULL;
    assert_err(rf_secret_set(&passphrase, rf_slice_str(PASSPHRASE)), RF_OK);
    assert_err(rf_key_load(path, &passphrase, &key, NULL), RF_OK);
    return key;
}

static enum rf_err recover(const struct rf_key *key, bool is_forced, struct rf_why *why)
{
    struct rf_setup_run run = run_of(is_forced);
    RF_AUTO(rf_setup_lists_fini) struct rf_setup_lists lists = {0};
    RF_AUTO(rf_secret_fini) struct rf_secret passphrase = {.len = 0};
    assert_err(rf_secret_set(&passphrase, rf_slice_str(PASSPHRASE)), RF_OK);
    return rf_setup_recover(&run, key, &passphrase, &lists, why);
}

static void lose_first_sast(void)
{
    RF_AUTO(rf_freep) char *path = rf_site_path_in(t.dir, RF_SITE_KEY_SAST1);
    assert_err(rf_file_remove(path, NULL), RF_OK);
}

static void sec_21_sec_31_the_second_sast_takes_over(void **state)
{
    (void)state;
    RF_AUTO(rf_key_freep) struct rf_key *spare = spare_key();
    RF_AUTO(rf_cert_freep) struct rf_cert *lost = cert_at(RF_SITE_CERT_SAST1);
    RF_AUTO(rf_cert_freep) struct rf_cert *second = cert_at(RF_SITE_CERT_SAST2);
    while (t.n < 8)
        add_phone();
    all_boot();
    lose_first_sast();
    assert_err(recover(spare, false, NULL), RF_OK);
    all_boot();
    all_register();
    for (size_t i = 0; i < t.n; i++) {
        assert_false(knows(&t.phones[i], lost, RF_TRUSTLIST_ROLE_SAST));
        assert_true(rf_cert_eq(rf_list_own_signer(t.phones[i].lists.ctl), second));
        assert_non_null(rf_lists_nth(&t.phones[i].lists, RF_TRUSTLIST_ROLE_SAST, 1));
    }
    /* And once more, with the new second. */
    RF_AUTO(rf_key_freep) struct rf_key *again = spare_key();
    lose_first_sast();
    assert_err(recover(again, false, NULL), RF_OK);
    all_boot();
}

static void recovery_takes_only_the_key_of_the_second(void **state)
{
    (void)state;
    RF_AUTO(rf_key_freep) struct rf_key *other = NULL;
    RF_AUTO(rf_key_freep) struct rf_key *spare = spare_key();
    struct rf_why why = {0};
    assert_err(rf_key_new_rsa(2048, &other, NULL), RF_OK);
    assert_refused(recover(other, true, &why), RF_ERR_DENIED, why, "recover-key");
    assert_err(recover(spare, false, NULL), RF_OK);
    /* It is the first by now, and signs: there is nothing left to do. */
    why = (struct rf_why){0};
    assert_refused(recover(spare, true, &why), RF_ERR_DENIED, why, "recover-key");
    assert_non_null(strstr(why.text, "rotate begin sast2"));
}

static void a_recovery_that_would_strand_phones_changes_nothing(void **state)
{
    (void)state;
    RF_AUTO(rf_key_freep) struct rf_key *spare = NULL;
    RF_AUTO(rf_freep) char *first = rf_site_path_in(t.dir, RF_SITE_CERT_SAST1);
    struct rf_setup_run run = run_of(false);
    struct rf_why why = {0};
    add_phone();
    all_boot();
    /* Another spare, in lists that the phone has not fetched. */
    {
        RF_AUTO(rf_secret_fini) struct rf_secret passphrase = {.len = 0};
        RF_AUTO(rf_setup_rotation_fini) struct rf_setup_rotation r = {0};
        assert_err(rf_secret_set(&passphrase, rf_slice_str(PASSPHRASE)), RF_OK);
        assert_err(rf_setup_rotation_begin(&run, RF_SETUP_SAST2, &passphrase, &r, NULL), RF_OK);
        assert_int_equal(r.step, RF_SETUP_NONE);
    }
    spare = spare_key();
    RF_AUTO(rf_buf_fini) struct rf_buf before = read_path(first);
    assert_refused(recover(spare, false, &why), RF_ERR_DENIED, why, "list-strands");
    RF_AUTO(rf_buf_fini) struct rf_buf after = read_path(first);
    assert_slice_eq(rf_buf_slice(&before), rf_buf_slice(&after));
    assert_err(publish(true, NULL, NULL), RF_OK); /* by the first, as ever */
    all_boot();
    assert_err(recover(spare, false, NULL), RF_OK);
    all_boot();
}

static void recovery_in_the_middle_of_a_change_of_the_signer(void **state)
{
    (void)state;
    RF_AUTO(rf_key_freep) struct rf_key *spare = spare_key();
    enum rf_setup_step step;
    struct rf_why why = {0};
    add_phone();
    all_boot();
    assert_err(begin(RF_SETUP_SAST, NULL), RF_OK);
    all_boot();
    assert_refused(recover(spare, false, &why), RF_ERR_EXISTS, why, "rotation-active");
    assert_err(next(&step, false, NULL), RF_OK);
    all_boot();
    assert_err(recover(spare, false, NULL), RF_OK);
    all_boot();
}

static void do_recover(void)
{
    struct rf_why why = {0};
    RF_AUTO(rf_key_freep) struct rf_key *spare = spare_key();
    (void)!recover(spare, false, &why);
}

static void a_recovery_that_broke_off_is_begun_again(void **state)
{
    (void)state;
    RF_AUTO(rf_key_freep) struct rf_key *spare = spare_key();
    add_phone();
    all_boot();
    dies_at("recover.first", do_recover);
    all_boot();
    assert_err(recover(spare, false, NULL), RF_OK);
    all_boot();
    dies_at("recover.second", do_recover);
    all_boot();
    assert_err(publish(false, NULL, NULL), RF_OK);
    all_boot();
}

/* ---- a move ---- */

static enum rf_err move(struct rf_cert *to, size_t *lacking, struct rf_why *why)
{
    struct rf_setup_run run = run_of(false);
    RF_AUTO(rf_setup_rotation_fini) struct rf_setup_rotation r = {0};
    enum rf_err err = rf_setup_rotation_move(&run, to, &r, why);
    *lacking = rf_setup_phones_count(&r.phones, RF_SETUP_STRANDED);
    return err;
}

/* What a phone would do with the list of the site that this is the SAST of. */
static enum rf_err takes_list_of(const struct phone *p, struct rf_vault_key *key,
                                 const struct rf_cert *sast, enum rf_list_kind kind,
                                 struct rf_why *why)
{
    struct rf_list_entry entry = {.cert = sast, .role = RF_TRUSTLIST_ROLE_SAST};
    struct rf_list_spec spec = {.kind = kind,
                                .entries = &entry,
                                .n = 1,
                                .digest = RF_DIGEST_SHA512,
                                .timestamp = (uint32_t)t.now_s};
    struct rf_list_policy policy = {.rollback = RF_ROLLBACK_REJECT};
    RF_AUTO(rf_list_verdict_fini) struct rf_list_verdict verdict = {0};
    RF_AUTO(rf_buf_fini) struct rf_buf bytes = RF_BUF(RF_TRUSTLIST_BYTES_MAX);
    assert_err(rf_list_build(&spec, key, sast, &bytes, NULL), RF_OK);
    return rf_lists_consider(&p->lists, kind, rf_buf_slice(&bytes), &policy, &verdict, why);
}

static void phones_move_to_another_site_while_that_is_wanted(void **state)
{
    (void)state;
    RF_AUTO(rf_key_freep) struct rf_key *spare_of_ours = spare_key();
    RF_AUTO(rf_vault_freep) struct rf_vault_key *vault = NULL;
    RF_AUTO(rf_cert_freep) struct rf_cert *theirs = another_sast(&vault);
    RF_AUTO(rf_cert_freep) struct rf_cert *ours = cert_at(RF_SITE_CERT_SAST1);
    RF_AUTO(rf_cert_freep) struct rf_cert *spare = cert_at(RF_SITE_CERT_SAST2);
    struct phone *p = add_phone();
    struct rf_why why = {0};
    enum rf_setup_step step;
    size_t lacking = 0;
    all_boot();
    /* Whose key can sign no list leads nowhere. */
    RF_AUTO(rf_cert_freep) struct rf_cert *dumb = some_cert("another site");
    assert_refused(move(dumb, &lacking, &why), RF_ERR_DENIED, why, "list-sast-key");
    why = (struct rf_why){0};
    assert_refused(takes_list_of(p, vault, theirs, RF_LIST_CTL, &why), RF_ERR_DENIED, why,
                   "list-signer-unknown");
    why = (struct rf_why){0};
    assert_refused(move(ours, &lacking, &why), RF_ERR_DENIED, why, "move-own");
    why = (struct rf_why){0};
    assert_refused(move(spare, &lacking, &why), RF_ERR_DENIED, why, "move-own");
    all_boot();
    assert_true(knows(p, spare, RF_TRUSTLIST_ROLE_SAST)); /* nothing was done */
    assert_err(move(theirs, &lacking, NULL), RF_OK);
    assert_int_equal(lacking, 1);
    all_boot();
    assert_false(knows(p, spare, RF_TRUSTLIST_ROLE_SAST));
    for (int kind = RF_LIST_CTL; kind <= RF_LIST_ITL; kind++)
        assert_err(takes_list_of(p, vault, theirs, (enum rf_list_kind)kind, NULL), RF_OK);
    /* It does not go further here, nor does anything else begin. */
    why = (struct rf_why){0};
    assert_refused(next(&step, true, &why), RF_ERR_DENIED, why, "move-last");
    why = (struct rf_why){0};
    assert_refused(begin(RF_SETUP_TFTP, &why), RF_ERR_EXISTS, why, "rotation-active");
    why = (struct rf_why){0};
    assert_refused(move(theirs, &lacking, &why), RF_ERR_EXISTS, why, "rotation-active");
    why = (struct rf_why){0};
    assert_refused(recover(spare_of_ours, true, &why), RF_ERR_EXISTS, why, "rotation-active");
    assert_err(publish(true, NULL, NULL), RF_OK);
    all_boot();
    assert_err(give_up(&step, NULL), RF_OK);
    assert_int_equal(step, RF_SETUP_NONE);
    all_boot();
    assert_true(knows(p, spare, RF_TRUSTLIST_ROLE_SAST));
    why = (struct rf_why){0};
    assert_refused(takes_list_of(p, vault, theirs, RF_LIST_CTL, &why), RF_ERR_DENIED, why,
                   "list-signer-unknown");
    assert_err(begin(RF_SETUP_TFTP, NULL), RF_OK);
}

static struct rf_cert *other_site;

static void do_move(void)
{
    size_t lacking;
    struct rf_why why = {0};
    (void)!move(other_site, &lacking, &why);
}

static void a_move_that_broke_off_is_finished(void **state)
{
    (void)state;
    RF_AUTO(rf_vault_freep) struct rf_vault_key *vault = NULL;
    RF_AUTO(rf_cert_freep) struct rf_cert *theirs = another_sast(&vault);
    RF_AUTO(rf_key_freep) struct rf_key *key = spare_key();
    enum rf_setup_step step;
    struct rf_why why = {0};
    struct phone *p = add_phone();
    all_boot();
    other_site = theirs;
    dies_at("rotation.begin", do_move);
    all_boot();
    assert_false(knows(p, theirs, RF_TRUSTLIST_ROLE_SAST));
    assert_refused(recover(key, false, &why), RF_ERR_EXISTS, why, "rotation-active");
    assert_err(next(&step, false, NULL), RF_OK);
    assert_int_equal(step, RF_SETUP_OVERLAP);
    all_boot();
    assert_true(knows(p, theirs, RF_TRUSTLIST_ROLE_SAST));
    why = (struct rf_why){0};
    assert_refused(next(&step, false, &why), RF_ERR_DENIED, why, "move-last");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        AT_TOWN(phones_come_through_the_rotation_of_every_key),
        AT_TOWN(lists_have_two_sasts_at_each_step),
        AT_TOWN(a_rotation_waits_for_what_is_unknown_and_is_one_at_a_time),
        AT_TOWN(a_rotation_is_taken_back),
        AT_TOWN(an_issuer_is_believed_while_phones_have_its_certificates),
        AT_TOWN(an_issuer_is_not_changed_where_a_server_could_not_believe_both),
        AT_TOWN(a_rotation_that_broke_off_is_finished),
        AT_TOWN(what_was_begun_to_its_end_did_not_break_off),
        AT_TOWN(a_sast_that_no_list_names_does_not_sign_by_force_either),
        AT_TOWN(what_force_switches_to_is_in_the_lists),
        AT_TOWN(what_begun_lists_strand_is_published_by_force),
        AT_TOWN(lists_that_cannot_be_signed_leave_the_new_one_in_its_place),
        AT_TOWN(nothing_goes_back_to_what_is_forgotten),
        AT_TOWN(sec_21_sec_31_the_second_sast_takes_over),
        AT_TOWN(recovery_takes_only_the_key_of_the_second),
        AT_TOWN(a_recovery_that_would_strand_phones_changes_nothing),
        AT_TOWN(recovery_in_the_middle_of_a_change_of_the_signer),
        AT_TOWN(a_recovery_that_broke_off_is_begun_again),
        AT_TOWN(phones_move_to_another_site_while_that_is_wanted),
        AT_TOWN(a_move_that_broke_off_is_finished),
    };
    return cmocka_run_group_tests(tests, group_setup, group_teardown);
}
