/* SPDX-License-Identifier: Apache-2.0 */
/* A phone boots: trust lists and configurations, what is taken, what is refused, and that a refusal
 * leaves the flash as it was. Each refusal stands beside the same boot without its one fault. */
#include "phone_kit.h"

/* ---- the good way ---- */

static void sec_19_first_lists_are_taken_and_the_phone_registers(void **state)
{
    struct kit *k = *state;
    kit_boot(k);
    kit_until_registering(k);
    assert_true(
        kit_saw(k, "boot device=" DEVICE " slot=A load=rf-1 version=1.0 hardware=" HARDWARE));
    assert_true(kit_saw(k, "display key=boot text=starting"));
    assert_true(kit_saw(k, "list list=CTL file=" CTL " action=first-trust"));
    assert_true(kit_saw(k, "status text=CTL and ITL installed"));
    assert_true(kit_saw(k, "config file=" CONFIG " full=1 verified=1"));
    const struct rf_station_conf *s = &k->station.conf;
    assert_string_equal(s->device, DEVICE);
    assert_int_equal(s->device_type, 404);
    assert_int_equal(s->version, 22);
    assert_string_equal(k->station.load, "rf-1");
    assert_int_equal(s->mode, RF_STATION_ENCRYPTED);
    assert_int_equal(s->n_servers, 1);
    assert_string_equal(s->servers[0].host, "192.0.2.5");
    assert_int_equal(s->servers[0].port, 2000);
    assert_true(rf_cert_eq(s->id->cert, ids.mic.cert));
    assert_int_equal(s->id->chain.n, 1);
    assert_int_equal(s->alarm, RF_SCCP_ALARM_REASON_INITIALIZED);
    assert_err(rf_lists_find_server(s->lists, ids.ccm.cert, RF_TRUSTLIST_ROLE_CCM, NULL), RF_OK);
    kit_registered(k);
    assert_true(kit_saw(k, "display key=idle text=hello from rf-1"));
    assert_string_equal(rf_phone_device(k->phone), DEVICE);
    assert_non_null(rf_phone_sound(k->phone, RF_FWPART_SOUND_RING, "ring"));
    kit_off(k);
    assert_true(kit_has_status(k, "CTL and ITL installed"));
    RF_AUTO(rf_buf_fini) struct rf_buf ctl = kit_flash_file(k, "CTLFile.tlv");
    RF_AUTO(rf_buf_fini) struct rf_buf itl = kit_flash_file(k, "ITLFile.tlv");
    RF_AUTO(rf_buf_fini) struct rf_buf config = kit_flash_file(k, "config.cnf.xml.sgn");
    assert_slice_eq(rf_buf_slice(&ctl), rf_buf_slice(&kit_file(k, CTL)->bytes));
    assert_slice_eq(rf_buf_slice(&itl), rf_buf_slice(&kit_file(k, ITL)->bytes));
    assert_slice_eq(rf_buf_slice(&config), rf_buf_slice(&kit_file(k, CONFIG)->bytes));
}

/* A boot to registration, then off: the phone has all it needs on flash. */
static void settle(struct kit *k)
{
    kit_boot(k);
    kit_until_registering(k);
    kit_registered(k);
    kit_off(k);
}

static void a_second_boot_writes_nothing(void **state)
{
    struct kit *k = *state;
    char before[65], after[65];
    settle(k);
    kit_flash_hash(k, before);
    settle(k);
    kit_flash_hash(k, after);
    assert_string_equal(before, after);
    assert_true(kit_saw(k, "action=same"));
    assert_false(kit_saw(k, "installed"));
    assert_false(kit_saw(k, "Trust List updated"));
}

static void a_dead_server_does_not_stop_a_phone_that_knows_enough(void **state)
{
    struct kit *k = *state;
    settle(k);
    static const char *const names[] = {CTL, ITL, CONFIG};
    for (size_t i = 0; i < 3; i++)
        kit_answer(k, names[i], RF_FETCH_TIMEOUT);
    kit_boot(k);
    kit_until_registering(k);
    assert_true(kit_saw(k, "status text=TFTP timeout"));
    assert_false(kit_saw(k, "auth error"));
    assert_false(kit_asked(k, "ITLFile.tlv")); /* only when the device's own is not there */
    assert_int_equal(k->station.conf.mode, RF_STATION_ENCRYPTED);
}

static void a_phone_that_knows_nothing_waits_longer_each_time(void **state)
{
    struct kit *k = *state;
    k->file_n = 0; /* the kit's bytes are freed with their names */
    for (size_t i = 0; i < sizeof k->file / sizeof *k->file; i++)
        rf_buf_fini(&k->file[i].bytes);
    kit_boot(k);
    kit_until(k, "wait wait_ms=");
    assert_true(kit_saw(k, "status text=File Not Found CTLFile.tlv"));
    assert_true(kit_asked(k, "ITLFile.tlv"));
    assert_true(kit_saw(k, "status text=No Trust List installed"));
    assert_true(kit_asked(k, DEVICE ".cnf.xml")); /* no list: nobody demands a signature */
    assert_true(kit_asked(k, "XMLDefault.cnf.xml"));
    assert_true(kit_saw(k, "status text=File not found XMLDefault.cnf.xml"));
    assert_true(kit_saw(k, "not-registering code=no-configuration"));
    uint64_t base = 15000;
    for (int i = 0; i < 3; i++) {
        int wait = rf_timers_wait_ms(k->timers);
        assert_in_range(wait, base * 3 / 4, base * 5 / 4);
        kit_pass(k, (uint64_t)wait);
        kit_until(k, "wait wait_ms=");
        base *= 2;
    }
}

/* ---- trust lists ---- */

static void refuse_list(struct kit *k, enum rf_list_kind kind, const char *code)
{
    char before[65], after[65];
    kit_flash_hash(k, before);
    kit_boot(k);
    kit_until(k, "list-refused");
    kit_until_registering(k);
    char want[96];
    snprintf(want, sizeof want, "list-refused list=%s file=%s code=%s", rf_list_kind_name(kind),
             kind == RF_LIST_CTL ? CTL : ITL, code);
    if (!kit_saw(k, want))
        print_error("want %s in\n%.*s", want, (int)k->log.len, (char *)k->log.p);
    assert_true(kit_saw(k, want));
    assert_true(kit_saw(k, "status text=Trust List update failed"));
    /* The call manager hears of it. */
    assert_int_equal(k->station.conf.alarm, RF_SCCP_ALARM_REASON_FILE_AUTH_FAILED);
    assert_non_null(strstr(k->station.alarm_text, code));
    kit_registered(k);
    kit_off(k);
    kit_flash_hash(k, after);
    assert_string_equal(before, after);
}

static void sec_20_a_list_by_a_stranger_is_refused_and_the_old_one_stays(void **state)
{
    struct kit *k = *state;
    settle(k);
    kit_serve(k, CTL, kit_list(RF_LIST_CTL, &ids.stranger, TEST_NOW - 10));
    refuse_list(k, RF_LIST_CTL, "list-signer-unknown");
    /* The twin of it: the same list by one this phone knows. */
    kit_serve(k, CTL, kit_list(RF_LIST_CTL, &ids.sast, TEST_NOW - 10));
    kit_boot(k);
    kit_until_registering(k);
    assert_true(kit_saw(k, "list list=CTL file=" CTL " action=update"));
    assert_true(kit_saw(k, "status text=Trust List updated"));
    assert_int_equal(k->station.conf.alarm, RF_SCCP_ALARM_REASON_INITIALIZED);
}

static void sec_21_a_list_by_the_second_sast_is_taken(void **state)
{
    struct kit *k = *state;
    settle(k);
    kit_serve(k, ITL, kit_list(RF_LIST_ITL, &ids.sast2, TEST_NOW - 10));
    kit_boot(k);
    kit_until_registering(k);
    assert_true(kit_saw(k, "list list=ITL file=" ITL " action=update"));
    kit_off(k);
    RF_AUTO(rf_buf_fini) struct rf_buf itl = kit_flash_file(k, "ITLFile.tlv");
    assert_slice_eq(rf_buf_slice(&itl), rf_buf_slice(&kit_file(k, ITL)->bytes));
}

static void sec_31a_a_list_with_one_bit_changed_is_refused(void **state)
{
    struct kit *k = *state;
    settle(k);
    kit_flip(k, ITL, 20);
    kit_boot(k);
    kit_until(k, "list-refused list=ITL");
    kit_until_registering(k);
    kit_off(k);
    kit_flip(k, ITL, 20);
    kit_boot(k);
    kit_until_registering(k);
    assert_false(kit_saw(k, "list-refused"));
}

/* The same bit in what would be the first list: nothing is installed. */
static void sec_31a_a_damaged_first_list_is_not_installed(void **state)
{
    struct kit *k = *state;
    kit_file(k, CTL)->bytes.len -= 20;
    kit_flip(k, ITL, 20);
    kit_boot(k);
    kit_until(k, "wait wait_ms=");
    /* Not even well made: the server's fault. */
    assert_true(kit_saw(k, "status text=CTL update failed"));
    assert_true(kit_saw(k, "status text=Trust List update failed"));
    assert_true(kit_saw(k, "status text=No Trust List installed"));
    kit_off(k);
    RF_AUTO(rf_freep) char *path = rf_path_join(k->flash_dir, "CTLFile.tlv");
    assert_false(rf_file_exists(path));
}

static void sec_31b_a_signer_whose_record_is_no_sast_is_refused(void **state)
{
    struct kit *k = *state;
    settle(k);
    /* Signed by the call manager's key, which is in the phone's lists in another role. */
    struct rf_list_entry entries[] = {{ids.ccm.cert, RF_TRUSTLIST_ROLE_SAST, NULL},
                                      {ids.tftp.cert, RF_TRUSTLIST_ROLE_TFTP, NULL}};
    kit_serve(k, CTL, kit_list_of(RF_LIST_CTL, &ids.ccm, TEST_NOW - 10, entries, 2));
    refuse_list(k, RF_LIST_CTL, "list-signer-role");
}

static void an_itl_is_judged_by_the_ctl_that_came_first(void **state)
{
    struct kit *k = *state;
    kit_serve(k, ITL, kit_list(RF_LIST_ITL, &ids.stranger, TEST_NOW - 10));
    kit_boot(k);
    kit_until_registering(k);
    assert_true(kit_saw(k, "list-refused list=ITL"));
    assert_true(kit_saw(k, "status text=CTL Installed"));
    assert_false(kit_saw(k, "CTL and ITL installed"));
}

static void the_common_itl_is_asked_for_when_there_is_no_own(void **state)
{
    struct kit *k = *state;
    kit_answer(k, CTL, RF_FETCH_NOT_FOUND);
    kit_answer(k, ITL, RF_FETCH_NOT_FOUND);
    kit_serve(k, "ITLFile.tlv", kit_list(RF_LIST_ITL, &ids.sast, TEST_NOW - 200));
    kit_boot(k);
    kit_until_registering(k);
    assert_true(kit_saw(k, "list list=ITL file=ITLFile.tlv action=first-trust"));
    assert_true(kit_saw(k, "status text=ITL installed"));
}

/* A list that went bad on flash is not "no list": the next one would be believed at first sight. */
static void a_damaged_stored_list_stops_the_phone(void **state)
{
    struct kit *k = *state;
    settle(k);
    RF_AUTO(rf_buf_fini) struct rf_buf ctl = kit_flash_file(k, "CTLFile.tlv");
    ctl.p[ctl.len - 20] ^= 1;
    kit_flash_put(k, "CTLFile.tlv", rf_buf_slice(&ctl));
    kit_boot(k);
    kit_until(k, "halted code=stored-list");
    assert_int_equal(k->asked.len, 0);
    kit_off(k);
    ctl.p[ctl.len - 20] ^= 1;
    kit_flash_put(k, "CTLFile.tlv", rf_buf_slice(&ctl));
    kit_boot(k);
    kit_until_registering(k);
}

/* ---- the configuration ---- */

static void refuse_config(struct kit *k, const char *code, const char *status)
{
    char before[65], after[65];
    kit_flash_hash(k, before);
    kit_boot(k);
    kit_until(k, "config-refused");
    kit_until_registering(k);
    char want[96];
    snprintf(want, sizeof want, "config-refused file=" CONFIG " code=%s", code);
    if (!kit_saw(k, want))
        print_error("want %s in\n%.*s", want, (int)k->log.len, (char *)k->log.p);
    assert_true(kit_saw(k, want));
    assert_true(kit_saw(k, status));
    /* It registers with what it had, and says why. */
    assert_string_equal(k->station.conf.servers[0].host, "192.0.2.5");
    assert_int_equal(k->station.conf.alarm, RF_SCCP_ALARM_REASON_FILE_AUTH_FAILED);
    assert_non_null(strstr(k->station.alarm_text, code));
    kit_registered(k);
    kit_off(k);
    kit_flash_hash(k, after);
    assert_string_equal(before, after);
}

static const char auth_error[] = "status text=File auth error: " CONFIG;

/* What the site serves now: another call manager. */
static struct rf_phonexml *other_config(void)
{
    struct rf_phonexml *c = kit_config();
    snprintf(c->cm[0].name, sizeof c->cm[0].name, "192.0.2.99");
    return c;
}

static void takes_other_config(struct kit *k)
{
    kit_boot(k);
    kit_until_registering(k);
    assert_false(kit_saw(k, "config-refused"));
    assert_string_equal(k->station.conf.servers[0].host, "192.0.2.99");
    kit_off(k);
}

static void sec_10_a_signed_configuration_is_applied_and_kept(void **state)
{
    struct kit *k = *state;
    RF_AUTO(rf_phonexml_freep) struct rf_phonexml *c = other_config();
    settle(k);
    kit_serve_config(k, c);
    takes_other_config(k);
    RF_AUTO(rf_buf_fini) struct rf_buf stored = kit_flash_file(k, "config.cnf.xml.sgn");
    assert_slice_eq(rf_buf_slice(&stored), rf_buf_slice(&kit_file(k, CONFIG)->bytes));
}

static void sec_11_a_changed_configuration_is_refused_and_the_stored_one_used(void **state)
{
    struct kit *k = *state;
    RF_AUTO(rf_phonexml_freep) struct rf_phonexml *c = other_config();
    settle(k);
    kit_serve_config(k, c);
    static const size_t at[] = {0, 30, 700};
    for (size_t i = 0; i < 3; i++) {
        kit_flip(k, CONFIG, at[i]);
        refuse_config(k, "sig-mismatch", auth_error);
        kit_flip(k, CONFIG, at[i]);
    }
    takes_other_config(k);
}

static void sec_12_a_configuration_by_a_server_of_another_role_is_refused(void **state)
{
    struct kit *k = *state;
    RF_AUTO(rf_phonexml_freep) struct rf_phonexml *c = other_config();
    settle(k);
    kit_serve(k, CONFIG, kit_signed(c, CONFIG, &ids.capf, RF_DIGEST_SHA512, TEST_NOW - 10));
    refuse_config(k, "signer-role", auth_error);
    kit_serve(k, CONFIG, kit_signed(c, CONFIG, &ids.stranger, RF_DIGEST_SHA512, TEST_NOW - 10));
    refuse_config(k, "signer-unknown", auth_error);
    kit_serve(k, CONFIG, kit_signed(c, CONFIG, &ids.tftp, RF_DIGEST_SHA512, TEST_NOW - 10));
    takes_other_config(k);
}

static void sec_13_another_phones_configuration_is_refused(void **state)
{
    struct kit *k = *state;
    RF_AUTO(rf_phonexml_freep) struct rf_phonexml *c = other_config();
    settle(k);
    kit_serve(k, CONFIG,
              kit_signed(c, OTHER ".cnf.xml.sgn", &ids.tftp, RF_DIGEST_SHA512, TEST_NOW - 10));
    refuse_config(k, "file-name", auth_error);
    kit_serve(k, CONFIG, kit_signed(c, CONFIG, &ids.tftp, RF_DIGEST_SHA512, TEST_NOW - 10));
    takes_other_config(k);
}

static void sec_14_an_unsigned_configuration_is_never_applied(void **state)
{
    struct kit *k = *state;
    RF_AUTO(rf_phonexml_freep) struct rf_phonexml *c = other_config();
    settle(k);
    /* Under the signed name... */
    kit_serve(k, CONFIG, kit_signed(c, CONFIG, NULL, RF_DIGEST_SHA512, 0));
    kit_boot(k);
    kit_until(k, "config-refused");
    kit_until_registering(k);
    assert_true(kit_saw(k, auth_error));
    assert_string_equal(k->station.conf.servers[0].host, "192.0.2.5");
    kit_off(k);
    /* ... and under its own, which is not even asked for. */
    kit_serve(k, DEVICE ".cnf.xml", kit_signed(c, CONFIG, NULL, RF_DIGEST_SHA512, 0));
    kit_answer(k, CONFIG, RF_FETCH_NOT_FOUND);
    kit_boot(k);
    kit_until_registering(k);
    assert_true(kit_saw(k, "status text=File not found " CONFIG));
    assert_false(kit_asked(k, DEVICE ".cnf.xml"));
    assert_false(kit_asked(k, "XMLDefault.cnf.xml.sgn"));
    assert_string_equal(k->station.conf.servers[0].host, "192.0.2.5");
}

static void sec_10a_an_older_configuration_is_told_or_refused_as_the_operator_wants(void **state)
{
    struct kit *k = *state;
    RF_AUTO(rf_phonexml_freep) struct rf_phonexml *c = other_config();
    settle(k);
    kit_serve(k, CONFIG, kit_signed(c, CONFIG, &ids.tftp, RF_DIGEST_SHA512, TEST_NOW - 5000));
    k->conf.has_file_rollback = true;
    k->conf.file_rollback = RF_ROLLBACK_REJECT;
    refuse_config(k, "time-rollback", auth_error);
    k->conf.file_rollback = RF_ROLLBACK_WARN;
    takes_other_config(k);
    assert_true(kit_saw(k, "older=1"));
}

static void a_configuration_of_tomorrow_is_refused(void **state)
{
    struct kit *k = *state;
    RF_AUTO(rf_phonexml_freep) struct rf_phonexml *c = other_config();
    settle(k);
    kit_serve(k, CONFIG, kit_signed(c, CONFIG, &ids.tftp, RF_DIGEST_SHA512, TEST_NOW + 86400));
    refuse_config(k, "time-future", auth_error);
    kit_pass(k, 86400 * 1000);
    takes_other_config(k);
}

static void a_configuration_signed_with_sha1_is_taken_only_where_that_is_allowed(void **state)
{
    struct kit *k = *state;
    RF_AUTO(rf_phonexml_freep) struct rf_phonexml *c = other_config();
    settle(k);
    kit_serve(k, CONFIG, kit_signed(c, CONFIG, &ids.tftp, RF_DIGEST_SHA1, TEST_NOW - 10));
    refuse_config(k, "digest-refused", auth_error);
    k->conf.allow_sha1 = true;
    takes_other_config(k);
    assert_true(kit_saw(k, "digest=sha1"));
}

static void a_signed_file_that_is_no_configuration_for_us_is_refused(void **state)
{
    struct kit *k = *state;
    RF_AUTO(rf_phonexml_freep) struct rf_phonexml *c = other_config();
    settle(k);
    snprintf(c->device_protocol, sizeof c->device_protocol, "SIP");
    kit_serve_config(k, c);
    refuse_config(k, "config-protocol", "status text=ERROR PARSING CONFIG file");
    snprintf(c->device_protocol, sizeof c->device_protocol, "SCCP");
    kit_serve_config(k, c);
    takes_other_config(k);
    c->is_default = true;
    kit_serve_config(k, c);
    kit_boot(k);
    kit_until(k, "config-refused file=" CONFIG " code=config-root");
}

static void a_configuration_that_is_too_large_says_so(void **state)
{
    struct kit *k = *state;
    settle(k);
    kit_answer(k, CONFIG, RF_FETCH_TOO_LONG);
    kit_boot(k);
    kit_until_registering(k);
    assert_true(kit_saw(k, "status text=CFG TFTP Size Error"));
}

/* The signer left the lists after the file was stored: it was verified then, and still counts. What
 * was changed on flash does not. */
static void the_stored_configuration_counts_as_long_as_it_is_what_was_stored(void **state)
{
    struct kit *k = *state;
    settle(k);
    struct rf_list_entry entries[] = {{ids.sast.cert, RF_TRUSTLIST_ROLE_SAST, NULL},
                                      {ids.ccm.cert, RF_TRUSTLIST_ROLE_CCM, NULL},
                                      {ids.tvs.cert, RF_TRUSTLIST_ROLE_TFTP, NULL}};
    kit_serve(k, CTL, kit_list_of(RF_LIST_CTL, &ids.sast, TEST_NOW - 10, entries, 3));
    kit_serve(k, ITL, kit_list_of(RF_LIST_ITL, &ids.sast, TEST_NOW - 10, entries, 3));
    settle(k); /* the served configuration is refused now: its signer is gone */
    assert_true(kit_saw(k, "config-refused file=" CONFIG " code=signer-unknown"));
    assert_string_equal(k->station.conf.servers[0].host, "192.0.2.5");
    kit_answer(k, CONFIG, RF_FETCH_NOT_FOUND);
    settle(k);
    assert_false(kit_saw(k, "config-refused"));
    RF_AUTO(rf_buf_fini) struct rf_buf stored = kit_flash_file(k, "config.cnf.xml.sgn");
    stored.p[stored.len - 30] ^= 1;
    kit_flash_put(k, "config.cnf.xml.sgn", rf_buf_slice(&stored));
    kit_boot(k);
    kit_until(k, "config-refused file=config.cnf.xml.sgn");
    kit_until(k, "not-registering code=no-configuration");
}

/* ---- modes ---- */

static struct rf_phonexml *plain_config(void)
{
    struct rf_phonexml *c = other_config();
    c->security_mode = RF_PHONEXML_MODE_NON_SECURE;
    return c;
}

static void a_verified_file_may_make_the_phone_non_secure(void **state)
{
    struct kit *k = *state;
    RF_AUTO(rf_phonexml_freep) struct rf_phonexml *c = plain_config();
    settle(k);
    kit_serve_config(k, c);
    takes_other_config(k);
    assert_int_equal(k->station.conf.mode, RF_STATION_NON_SECURE);
}

/* The lists are gone (erased by somebody with the phone in his hands), the state is not: a file
 * that anybody could have made does not take the phone into the clear. */
static void an_unverified_file_never_lowers_the_mode(void **state)
{
    struct kit *k = *state;
    RF_AUTO(rf_phonexml_freep) struct rf_phonexml *c = plain_config();
    settle(k);
    static const char *const gone[] = {"CTLFile.tlv", "ITLFile.tlv", "config.cnf.xml.sgn"};
    for (size_t i = 0; i < 3; i++) {
        RF_AUTO(rf_freep) char *path = rf_path_join(k->flash_dir, gone[i]);
        assert_err(rf_file_remove(path, NULL), RF_OK);
    }
    kit_answer(k, CTL, RF_FETCH_NOT_FOUND);
    kit_answer(k, ITL, RF_FETCH_NOT_FOUND);
    kit_serve(k, DEVICE ".cnf.xml", kit_signed(c, CONFIG, NULL, RF_DIGEST_SHA512, 0));
    kit_boot(k);
    kit_until(k, "not-registering code=mode-lowered");
    kit_until(k, "wait wait_ms=");
    assert_int_equal(k->station.n, 1);
    kit_off(k);
    /* The twin: a phone that was never told to be secure takes it. */
    RF_AUTO(rf_freep) char *path = rf_path_join(k->flash_dir, "state.json");
    assert_err(rf_file_remove(path, NULL), RF_OK);
    kit_boot(k);
    kit_until_registering(k);
    assert_int_equal(k->station.conf.mode, RF_STATION_NON_SECURE);
    assert_true(kit_saw(k, "verified=0"));
    kit_off(k);
    /* And keeps nothing of it. */
    RF_AUTO(rf_freep) char *config = rf_path_join(k->flash_dir, "config.cnf.xml.sgn");
    assert_false(rf_file_exists(config));
}

/* A power cut between the raised mode and the new file leaves the old file beside it. */
static void a_stored_file_never_lowers_the_mode(void **state)
{
    struct kit *k = *state;
    RF_AUTO(rf_phonexml_freep) struct rf_phonexml *c = plain_config();
    settle(k);
    RF_AUTO(rf_buf_fini) struct rf_buf secure = kit_flash_file(k, "state.json");
    kit_serve_config(k, c);
    takes_other_config(k);
    RF_AUTO(rf_buf_fini) struct rf_buf plain = kit_flash_file(k, "state.json");
    kit_answer(k, CONFIG, RF_FETCH_TIMEOUT);
    kit_flash_put(k, "state.json", rf_buf_slice(&secure));
    kit_boot(k);
    kit_until(k, "not-registering code=mode-lowered");
    kit_until(k, "wait wait_ms=");
    kit_off(k);
    /* The twin: nothing was raised since. */
    kit_flash_put(k, "state.json", rf_buf_slice(&plain));
    kit_boot(k);
    kit_until_registering(k);
    assert_int_equal(k->station.conf.mode, RF_STATION_NON_SECURE);
    kit_off(k);
    /* And with its file server back a phone like that goes where its file says. */
    kit_flash_put(k, "state.json", rf_buf_slice(&secure));
    kit_serve_config(k, c);
    kit_boot(k);
    kit_until_registering(k);
    assert_int_equal(k->station.conf.mode, RF_STATION_NON_SECURE);
}

static void secure_without_a_list_is_never_in_the_clear(void **state)
{
    struct kit *k = *state;
    RF_AUTO(rf_phonexml_freep) struct rf_phonexml *c = kit_config();
    kit_answer(k, CTL, RF_FETCH_NOT_FOUND);
    kit_answer(k, ITL, RF_FETCH_NOT_FOUND);
    kit_serve(k, DEVICE ".cnf.xml", kit_signed(c, CONFIG, NULL, RF_DIGEST_SHA512, 0));
    kit_boot(k);
    kit_until(k, "not-registering code=secure-no-list");
    kit_until(k, "wait wait_ms=");
    assert_int_equal(k->station.n, 0);
    /* It asked for a list five times: once, and four times again. */
    size_t times = 0;
    struct rf_slice rest = rf_buf_slice(&k->asked);
    for (size_t at; (at = rf_slice_find(rest, rf_slice_str(CTL))) != SIZE_MAX; times++)
        rest = rf_slice_part(rest, at + 1, rest.len);
    assert_int_equal(times, 5);
}

static void a_default_file_serves_a_phone_that_never_had_its_own(void **state)
{
    struct kit *k = *state;
    RF_AUTO(rf_phonexml_freep) struct rf_phonexml *c = plain_config();
    c->is_default = true;
    c->load_information[0] = '\0';
    c->model_load_n = 2;
    c->model_load[0].model = 7;
    snprintf(c->model_load[0].load, sizeof c->model_load[0].load, "other");
    c->model_load[1].model = 404;
    snprintf(c->model_load[1].load, sizeof c->model_load[1].load, "rf-2");
    kit_answer(k, CONFIG, RF_FETCH_NOT_FOUND);
    kit_serve(k, "XMLDefault.cnf.xml.sgn",
              kit_signed(c, "XMLDefault.cnf.xml.sgn", &ids.tftp, RF_DIGEST_SHA512, TEST_NOW - 10));
    kit_boot(k);
    kit_until(k, "load-installed load=rf-2");
    kit_until_registering(k);
    assert_int_equal(k->station.conf.mode, RF_STATION_NON_SECURE);
    kit_off(k);
    RF_AUTO(rf_freep) char *config = rf_path_join(k->flash_dir, "config.cnf.xml.sgn");
    assert_false(rf_file_exists(config));
}

/* What fits every phone changes, too. */
static void a_phone_that_runs_on_a_default_file_asks_for_it_again(void **state)
{
    struct kit *k = *state;
    RF_AUTO(rf_phonexml_freep) struct rf_phonexml *c = plain_config();
    c->is_default = true;
    c->load_information[0] = '\0';
    kit_answer(k, CONFIG, RF_FETCH_NOT_FOUND);
    for (uint32_t i = 0; i < 2; i++) {
        snprintf(c->cm[0].name, sizeof c->cm[0].name, "192.0.2.%u", 50 + i);
        kit_serve(k, "XMLDefault.cnf.xml.sgn",
                  kit_signed(c, "XMLDefault.cnf.xml.sgn", &ids.tftp, RF_DIGEST_SHA512,
                             TEST_NOW - 10 + i));
        if (i == 0)
            kit_boot(k);
        else
            kit_reset(k, RF_SCCP_RESET_RESTART);
        kit_until_registering(k);
        assert_string_equal(k->station.conf.servers[0].host, c->cm[0].name);
        kit_registered(k);
    }
    /* The twin: one with a file of its own keeps that. */
    RF_AUTO(rf_phonexml_freep) struct rf_phonexml *own = kit_config();
    kit_serve_config(k, own);
    kit_reset(k, RF_SCCP_RESET_RESTART);
    kit_until_registering(k);
    assert_string_equal(k->station.conf.servers[0].host, "192.0.2.5");
    kit_registered(k);
    kit_answer(k, CONFIG, RF_FETCH_NOT_FOUND);
    kit_reset(k, RF_SCCP_RESET_RESTART);
    kit_until_registering(k);
    assert_string_equal(k->station.conf.servers[0].host, "192.0.2.5");
    kit_registered(k);
    kit_off(k);
}

static void a_configuration_without_a_call_manager_is_said_to_be_one(void **state)
{
    struct kit *k = *state;
    RF_AUTO(rf_phonexml_freep) struct rf_phonexml *c = kit_config();
    c->cm_n = 0;
    kit_serve_config(k, c);
    kit_boot(k);
    kit_until(k, "not-registering code=no-call-manager");
    kit_until(k, "wait wait_ms=");
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, kit_up, kit_down)
    const struct CMUnitTest tests[] = {
        TEST(sec_19_first_lists_are_taken_and_the_phone_registers),
        TEST(a_second_boot_writes_nothing),
        TEST(a_dead_server_does_not_stop_a_phone_that_knows_enough),
        TEST(a_phone_that_knows_nothing_waits_longer_each_time),
        TEST(sec_20_a_list_by_a_stranger_is_refused_and_the_old_one_stays),
        TEST(sec_21_a_list_by_the_second_sast_is_taken),
        TEST(sec_31a_a_list_with_one_bit_changed_is_refused),
        TEST(sec_31a_a_damaged_first_list_is_not_installed),
        TEST(sec_31b_a_signer_whose_record_is_no_sast_is_refused),
        TEST(an_itl_is_judged_by_the_ctl_that_came_first),
        TEST(the_common_itl_is_asked_for_when_there_is_no_own),
        TEST(a_damaged_stored_list_stops_the_phone),
        TEST(sec_10_a_signed_configuration_is_applied_and_kept),
        TEST(sec_11_a_changed_configuration_is_refused_and_the_stored_one_used),
        TEST(sec_12_a_configuration_by_a_server_of_another_role_is_refused),
        TEST(sec_13_another_phones_configuration_is_refused),
        TEST(sec_14_an_unsigned_configuration_is_never_applied),
        TEST(sec_10a_an_older_configuration_is_told_or_refused_as_the_operator_wants),
        TEST(a_configuration_of_tomorrow_is_refused),
        TEST(a_configuration_signed_with_sha1_is_taken_only_where_that_is_allowed),
        TEST(a_signed_file_that_is_no_configuration_for_us_is_refused),
        TEST(a_configuration_that_is_too_large_says_so),
        TEST(the_stored_configuration_counts_as_long_as_it_is_what_was_stored),
        TEST(a_verified_file_may_make_the_phone_non_secure),
        TEST(an_unverified_file_never_lowers_the_mode),
        TEST(a_stored_file_never_lowers_the_mode),
        TEST(secure_without_a_list_is_never_in_the_clear),
        TEST(a_default_file_serves_a_phone_that_never_had_its_own),
        TEST(a_phone_that_runs_on_a_default_file_asks_for_it_again),
        TEST(a_configuration_without_a_call_manager_is_said_to_be_one),
    };
    return cmocka_run_group_tests(tests, kit_ids_up, kit_ids_down);
}
