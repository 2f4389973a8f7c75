/* SPDX-License-Identifier: Apache-2.0 */
/* What the configuration names beside itself. Each refusal leaves the file before it in its place,
 * and the phone registers. */
#include "phone_kit.h"

#include "service/phone/security.h"
#include "service/phone/settings.h"

#include <semaphore.h>

#define LOCALE   "German_Germany/mk-sccp.jar"
#define TONES    "New_Zealand/g3-tones.xml"
#define DIAL     "DR1.xml"
#define SOFTKEYS "SK1.xml"
#define FEATURES "FP1.xml"
#define RINGS    "Ringlist.xml"
#define RING     "bell.raw"
#define IMAGES   "Desktops/320x196x4/List.xml"
#define IMAGE    "Desktops/320x196x4/a.png"

#define RING_LIST                                                                                  \
    "<CiscoIPPhoneRingList><Ring><DisplayName>Bell</DisplayName><FileName>" RING                   \
    "</FileName></Ring></CiscoIPPhoneRingList>"
#define IMAGE_LIST                                                                                 \
    "<CiscoIPPhoneImageList><ImageItem Image=\"TFTP:" IMAGE "\" URL=\"TFTP:" IMAGE "\"/>"          \
    "</CiscoIPPhoneImageList>"

static char bell[300];

static const struct {
    const char *name;
    const char *body;
    const char *status; /* what is said when it is refused, beside "File auth error" */
} files[] = {
    {LOCALE, "PK a jar", "Error update locale"},
    {TONES, "<tones/>", "Error update locale"},
    {DIAL, "<DIALTEMPLATE><TEMPLATE MATCH=\"9.\"/></DIALTEMPLATE>", NULL},
    {SOFTKEYS, "<softKeyCfg/>", NULL},
    {FEATURES, "<featurePolicy name=\"a\"/>", NULL},
    {RINGS, RING_LIST, NULL},
    {RING, bell, NULL},
    {IMAGES, IMAGE_LIST, NULL},
    {IMAGE, "\x89PNG", NULL},
};
#define FILES_N (sizeof files / sizeof *files)

static struct rf_phonexml *config(void)
{
    struct rf_phonexml *c = kit_config();
    snprintf(c->user_locale, sizeof c->user_locale, "German_Germany");
    snprintf(c->network_locale, sizeof c->network_locale, "New_Zealand");
    snprintf(c->dial_template, sizeof c->dial_template, DIAL);
    snprintf(c->softkey_file, sizeof c->softkey_file, SOFTKEYS);
    snprintf(c->feature_policy, sizeof c->feature_policy, FEATURES);
    return c;
}

static char *signed_name(const char *name)
{
    return rf_strf("%s.sgn", name);
}

static void serve_at(struct kit *k, size_t i, const struct id *signer, enum rf_digest digest,
                     uint32_t timestamp)
{
    RF_AUTO(rf_freep) char *name = signed_name(files[i].name);
    kit_serve_file(k, name, rf_slice_str(files[i].body), signer, digest, timestamp);
}

static void serve(struct kit *k, size_t i)
{
    serve_at(k, i, &ids.tftp, RF_DIGEST_SHA512, TEST_NOW - 100);
}

static int files_up(void **state)
{
    kit_up(state);
    struct kit *k = *state;
    RF_AUTO(rf_phonexml_freep) struct rf_phonexml *c = config();
    memset(bell, 'b', sizeof bell - 1);
    kit_serve_config(k, c);
    for (size_t i = 0; i < FILES_N; i++)
        serve(k, i);
    return 0;
}

static void settle(struct kit *k)
{
    kit_boot(k);
    kit_until_registering(k);
    kit_registered(k);
    kit_off(k);
}

/* As it lies on flash. */
static struct rf_buf stored(const struct kit *k, const char *name)
{
    RF_AUTO(rf_flash_freep) struct rf_flash *flash = NULL;
    struct rf_buf bytes = {0};
    assert_err(rf_flash_open(k->flash_dir, &flash, NULL), RF_OK);
    assert_err(rf_flash_file_read(flash, name, 1 << 20, &bytes, NULL), RF_OK);
    return bytes;
}

static bool is_stored(const struct kit *k, const char *name)
{
    RF_AUTO(rf_flash_freep) struct rf_flash *flash = NULL;
    assert_err(rf_flash_open(k->flash_dir, &flash, NULL), RF_OK);
    return rf_flash_file_exists(flash, name);
}

static void stored_is_served(struct kit *k, size_t i)
{
    RF_AUTO(rf_freep) char *name = signed_name(files[i].name);
    RF_AUTO(rf_buf_fini) struct rf_buf bytes = stored(k, files[i].name);
    assert_slice_eq(rf_buf_slice(&bytes), rf_buf_slice(&kit_file(k, name)->bytes));
}

static void sec_10_every_file_the_configuration_names_is_taken_and_kept(void **state)
{
    struct kit *k = *state;
    char before[65], after[65];
    settle(k);
    static const char *const kinds[FILES_N] = {"locale",    "tones",      "dial-rules",
                                               "soft-keys", "features",   "ring-list",
                                               "ring",      "image-list", "image"};
    for (size_t i = 0; i < FILES_N; i++) {
        RF_AUTO(rf_freep)
        char *want = rf_strf("file file=%s.sgn kind=%s action=stored signer=%s digest=sha512",
                             files[i].name, kinds[i], rf_cert_fingerprint(ids.tftp.cert));
        assert_true(kit_saw(k, want));
        stored_is_served(k, i);
        assert_false(kit_asked(k, files[i].name)); /* the unsigned name */
    }
    assert_false(kit_saw(k, "file-refused"));
    RF_AUTO(rf_security_freep) struct rf_security *page = NULL;
    assert_err(rf_security_read(k->flash_dir, NULL, &page, NULL), RF_OK);
    assert_int_equal(page->file_n, FILES_N);
    for (size_t i = 0; i < FILES_N; i++) {
        assert_true(page->file[i].is_verified);
        assert_string_equal(page->file[i].signer, rf_cert_fingerprint(ids.tftp.cert));
    }
    assert_string_equal(page->file[1].name, IMAGES);
    /* Again: the same, and nothing is written. */
    kit_flash_hash(k, before);
    settle(k);
    kit_flash_hash(k, after);
    assert_string_equal(before, after);
    assert_true(kit_saw(k, "file file=" RINGS ".sgn kind=ring-list action=same"));
    /* What an unchanged list names is not fetched again. */
    assert_false(kit_asked(k, RING ".sgn"));
    assert_true(kit_asked(k, DIAL ".sgn"));
}

/* One file is served with a fault: refused, told, the one before it in its place. */
static void refuses(struct kit *k, size_t i, const char *code)
{
    char before[65], after[65];
    kit_flash_hash(k, before);
    kit_boot(k);
    kit_until_registering(k);
    RF_AUTO(rf_freep) char *want = rf_strf("file-refused file=%s.sgn ", files[i].name);
    RF_AUTO(rf_freep) char *reason = rf_strf("code=%s", code);
    RF_AUTO(rf_freep) char *status = rf_strf("status text=File auth error: %s.sgn", files[i].name);
    if (!kit_saw(k, want) || !kit_saw(k, reason))
        print_error("want %s %s in\n%.*s", want, reason, (int)k->log.len, (char *)k->log.p);
    assert_true(kit_saw(k, want));
    assert_true(kit_saw(k, reason));
    assert_true(kit_saw(k, status));
    if (files[i].status != NULL) {
        RF_AUTO(rf_freep) char *more = rf_strf("status text=%s", files[i].status);
        assert_true(kit_saw(k, more));
    }
    /* It registers, and tells its call manager. */
    assert_int_equal(k->station.conf.alarm, RF_SCCP_ALARM_REASON_FILE_AUTH_FAILED);
    assert_non_null(strstr(k->station.alarm_text, "file_rejected"));
    kit_registered(k);
    kit_off(k);
    kit_flash_hash(k, after);
    assert_string_equal(before, after);
}

static void takes_all(struct kit *k)
{
    settle(k);
    assert_false(kit_saw(k, "file-refused"));
}

static void sec_17_a_file_with_one_bit_changed_is_refused_and_the_old_one_stays(void **state)
{
    struct kit *k = *state;
    settle(k);
    for (size_t i = 0; i < FILES_N; i++) {
        RF_AUTO(rf_freep) char *name = signed_name(files[i].name);
        /* A newer one of each, so that the lists are new and what they name is fetched. */
        for (size_t n = 0; n < FILES_N; n++)
            serve_at(k, n, &ids.tftp, RF_DIGEST_SHA512, TEST_NOW - 90 + 2 * (uint32_t)i);
        kit_flip(k, name, 0);
        settle(k); /* the others are taken */
        kit_flip(k, name, 0);
        RF_AUTO(rf_buf_fini) struct rf_buf before = stored(k, files[i].name);
        assert_false(rf_slice_eq(rf_buf_slice(&before), rf_buf_slice(&kit_file(k, name)->bytes)));
        RF_AUTO(rf_freep) char *want = rf_strf("file-refused file=%s ", name);
        assert_true(kit_saw(k, want));
        assert_true(kit_saw(k, "code=sig-mismatch"));
    }
    for (size_t n = 0; n < FILES_N; n++)
        serve_at(k, n, &ids.tftp, RF_DIGEST_SHA512, TEST_NOW - 50);
    takes_all(k);
    for (size_t i = 0; i < 6; i++) {
        RF_AUTO(rf_freep) char *name = signed_name(files[i].name);
        kit_flip(k, name, 0);
        refuses(k, i, "sig-mismatch");
        kit_flip(k, name, 0);
    }
    takes_all(k);
}

static void sec_17_a_first_file_that_is_refused_is_not_kept(void **state)
{
    struct kit *k = *state;
    kit_flip(k, DIAL ".sgn", 0);
    kit_flip(k, RINGS ".sgn", 0);
    settle(k);
    assert_false(is_stored(k, DIAL));
    assert_false(is_stored(k, RINGS));
    assert_false(kit_asked(k, RING ".sgn")); /* named by nothing that is believed */
    assert_true(is_stored(k, SOFTKEYS));
}

static void sec_12_a_file_by_a_server_of_another_role_is_refused(void **state)
{
    struct kit *k = *state;
    settle(k);
    serve_at(k, 2, &ids.ccm, RF_DIGEST_SHA512, TEST_NOW - 10);
    refuses(k, 2, "signer-role");
    serve_at(k, 2, &ids.capf, RF_DIGEST_SHA512, TEST_NOW - 10);
    refuses(k, 2, "signer-role");
    serve_at(k, 2, &ids.stranger, RF_DIGEST_SHA512, TEST_NOW - 10);
    refuses(k, 2, "signer-unknown");
    serve(k, 2);
    takes_all(k);
}

/* One country's tones for another's: the same last part of the name. */
static void sec_13_a_file_of_another_name_is_refused(void **state)
{
    struct kit *k = *state;
    static const char *const others[] = {"Australia/g3-tones.xml.sgn", "g3-tones.xml.sgn",
                                         "New_Zealand/g3-tones.xml",
                                         "new_zealand/g3-tones.xml.sgn"};
    settle(k);
    for (size_t i = 0; i < 4; i++) {
        kit_serve_file(k, others[i], rf_slice_str("<tones/>"), &ids.tftp, RF_DIGEST_SHA512,
                       TEST_NOW - 10);
        struct rf_buf wrong = kit_file(k, others[i])->bytes;
        kit_file(k, others[i])->bytes = (struct rf_buf){0};
        kit_serve(k, TONES ".sgn", wrong);
        refuses(k, 1, "file-name");
    }
    serve(k, 1);
    takes_all(k);
}

static void sec_14_an_unsigned_file_is_never_taken_nor_asked_for(void **state)
{
    struct kit *k = *state;
    struct rf_buf plain = RF_BUF(4096);
    settle(k);
    assert_err(rf_buf_addf(&plain, "%s", files[2].body), RF_OK);
    kit_serve(k, DIAL ".sgn", plain);
    refuses(k, 2, "version-first");
    /* The signed one is not there, an unsigned one is. */
    plain = RF_BUF(4096);
    assert_err(rf_buf_addf(&plain, "%s", files[2].body), RF_OK);
    kit_serve(k, DIAL, plain);
    kit_answer(k, DIAL ".sgn", RF_FETCH_NOT_FOUND);
    settle(k);
    assert_true(kit_saw(k, "status text=File not found " DIAL ".sgn"));
    assert_false(kit_asked(k, DIAL));
    assert_true(is_stored(k, DIAL)); /* the old one */
    serve(k, 2);
    takes_all(k);
}

static void sec_16_a_file_with_sha1_is_taken_only_where_that_is_allowed(void **state)
{
    struct kit *k = *state;
    settle(k);
    serve_at(k, 3, &ids.tftp, RF_DIGEST_SHA1, TEST_NOW - 10);
    refuses(k, 3, "digest-refused");
    k->conf.allow_sha1 = true;
    takes_all(k);
    assert_true(kit_saw(k, "file file=" SOFTKEYS ".sgn kind=soft-keys action=stored"));
}

/* Who has signed with SHA-512 is not believed with SHA-1, once the phone's user wants it so. */
static void sec_16_sha512_once_sticks_to_a_signer(void **state)
{
    struct kit *k = *state;
    bool yes = true;
    const struct rf_settings_change change = {.sha512_sticks = &yes};
    settle(k);
    k->conf.allow_sha1 = true;
    assert_err(rf_settings_unlock(k->flash_dir, TEST_NOW, NULL), RF_OK);
    assert_err(rf_settings_change(k->flash_dir, &change, TEST_NOW, NULL), RF_OK);
    assert_err(rf_settings_lock(k->flash_dir, TEST_NOW, NULL), RF_OK);
    serve_at(k, 3, &ids.tftp, RF_DIGEST_SHA1, TEST_NOW - 10);
    refuses(k, 3, "digest-refused");
    /* Another signer, of whom nothing but SHA-1 was seen. */
    struct rf_list_entry entries[] = {{ids.sast.cert, RF_TRUSTLIST_ROLE_SAST, NULL},
                                      {ids.ccm.cert, RF_TRUSTLIST_ROLE_CCM, NULL},
                                      {ids.tvs.cert, RF_TRUSTLIST_ROLE_TFTP, NULL},
                                      {ids.tftp.cert, RF_TRUSTLIST_ROLE_TFTP, NULL}};
    kit_serve(k, CTL, kit_list_of(RF_LIST_CTL, &ids.sast, TEST_NOW - 10, entries, 4));
    serve_at(k, 3, &ids.tvs, RF_DIGEST_SHA1, TEST_NOW - 10);
    takes_all(k);
    stored_is_served(k, 3);
    serve_at(k, 3, &ids.tvs, RF_DIGEST_SHA512, TEST_NOW - 9);
    takes_all(k);
    serve_at(k, 3, &ids.tvs, RF_DIGEST_SHA1, TEST_NOW - 8);
    refuses(k, 3, "digest-refused");
}

static void sec_10a_an_older_file_is_told_or_refused_as_the_user_wants(void **state)
{
    struct kit *k = *state;
    settle(k);
    serve_at(k, 2, &ids.tftp, RF_DIGEST_SHA512, TEST_NOW - 5000);
    k->conf.has_file_rollback = true;
    k->conf.file_rollback = RF_ROLLBACK_REJECT;
    refuses(k, 2, "time-rollback");
    k->conf.file_rollback = RF_ROLLBACK_WARN;
    takes_all(k);
    assert_true(kit_saw(k, "older=1"));
    stored_is_served(k, 2);
    /* Older than that of another signer says nothing. */
    struct rf_list_entry entries[] = {{ids.sast.cert, RF_TRUSTLIST_ROLE_SAST, NULL},
                                      {ids.ccm.cert, RF_TRUSTLIST_ROLE_CCM, NULL},
                                      {ids.tvs.cert, RF_TRUSTLIST_ROLE_TFTP, NULL},
                                      {ids.tftp.cert, RF_TRUSTLIST_ROLE_TFTP, NULL}};
    kit_serve(k, CTL, kit_list_of(RF_LIST_CTL, &ids.sast, TEST_NOW - 10, entries, 4));
    serve_at(k, 2, &ids.tvs, RF_DIGEST_SHA512, TEST_NOW - 9000);
    k->conf.file_rollback = RF_ROLLBACK_REJECT;
    takes_all(k);
    assert_false(kit_saw(k, "older=1"));
    serve_at(k, 2, &ids.tftp, RF_DIGEST_SHA512, TEST_NOW + 86400);
    refuses(k, 2, "time-future");
}

static void a_signed_file_that_is_not_what_it_should_be_is_refused(void **state)
{
    struct kit *k = *state;
    static const struct {
        const char *name, *body, *code;
        size_t i;
    } rows[] = {
        {DIAL ".sgn", "<softKeyCfg/>", "root-unknown", 2},
        {SOFTKEYS ".sgn", "<softKeyCfg>", "xml-syntax", 3},
        {RINGS ".sgn", "<CiscoIPPhoneImageList/>", "root-unknown", 5},
        {RINGS ".sgn",
         "<CiscoIPPhoneRingList><Ring><FileName>../mic.pem</FileName></Ring></"
         "CiscoIPPhoneRingList>",
         "value-file", 5},
        {IMAGES ".sgn", "", "xml-syntax", 7},
    };
    settle(k);
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        kit_serve_file(k, rows[i].name, rf_slice_str(rows[i].body), &ids.tftp, RF_DIGEST_SHA512,
                       TEST_NOW - 10);
        refuses(k, rows[i].i, rows[i].code);
        serve(k, rows[i].i);
    }
    takes_all(k);
    /* A ring too short to be one, of a list that is new. */
    serve_at(k, 5, &ids.tftp, RF_DIGEST_SHA512, TEST_NOW - 20);
    kit_serve_file(k, RING ".sgn", rf_slice_part(rf_slice_str(bell), 0, 239), &ids.tftp,
                   RF_DIGEST_SHA512, TEST_NOW - 10);
    settle(k);
    assert_true(kit_saw(k, "file-refused file=" RING ".sgn kind=ring code=ring-length"));
    RF_AUTO(rf_buf_fini) struct rf_buf old = stored(k, RING);
    assert_true(old.len > 299);
}

static void a_file_that_is_too_large_is_refused(void **state)
{
    struct kit *k = *state;
    settle(k);
    kit_answer(k, DIAL ".sgn", RF_FETCH_TOO_LONG);
    kit_boot(k);
    kit_until_registering(k);
    assert_true(kit_saw(k, "file-refused file=" DIAL ".sgn kind=dial-rules code=file-too-large"));
    assert_true(kit_saw(k, "file file=" SOFTKEYS ".sgn")); /* and it goes on */
    kit_off(k);
    assert_true(is_stored(k, DIAL));
}

static void a_missing_locale_is_said_and_a_missing_ring_list_is_not(void **state)
{
    struct kit *k = *state;
    kit_answer(k, LOCALE ".sgn", RF_FETCH_NOT_FOUND);
    kit_answer(k, RINGS ".sgn", RF_FETCH_NOT_FOUND);
    settle(k);
    assert_true(kit_saw(k, "status text=Error update locale"));
    assert_true(kit_saw(k, "status text=File not found " LOCALE ".sgn"));
    assert_false(kit_saw(k, "status text=File not found " RINGS));
}

static void what_comes_with_the_firmware_is_not_asked_for(void **state)
{
    struct kit *k = *state;
    RF_AUTO(rf_phonexml_freep) struct rf_phonexml *c = kit_config();
    snprintf(c->user_locale, sizeof c->user_locale, "English_United_States");
    snprintf(c->network_locale, sizeof c->network_locale, "United_States");
    kit_serve_config(k, c);
    settle(k);
    assert_false(kit_asked(k, "English_United_States/mk-sccp.jar.sgn"));
    assert_false(kit_asked(k, "United_States/g3-tones.xml.sgn"));
    assert_false(kit_saw(k, "Error update locale"));
}

/* A server that is not there is not waited for file after file. */
static void a_dead_server_is_asked_once(void **state)
{
    struct kit *k = *state;
    kit_answer(k, LOCALE ".sgn", RF_FETCH_TIMEOUT);
    kit_boot(k);
    kit_until_registering(k);
    assert_true(kit_saw(k, "status text=TFTP timeout"));
    assert_false(kit_asked(k, TONES ".sgn"));
    kit_registered(k);
}

static void what_nothing_names_any_more_is_removed(void **state)
{
    struct kit *k = *state;
    RF_AUTO(rf_phonexml_freep) struct rf_phonexml *c = config();
    settle(k);
    /* The ring list cannot be had: what the stored one names stays. */
    kit_flip(k, RINGS ".sgn", 0);
    settle(k);
    assert_true(is_stored(k, RING));
    kit_answer(k, RINGS ".sgn", RF_FETCH_NOT_FOUND);
    settle(k);
    assert_true(is_stored(k, RING) && is_stored(k, RINGS));
    /* Other dial rules, and a ring list without that ring. */
    snprintf(c->dial_template, sizeof c->dial_template, "DR2.xml");
    kit_serve_config(k, c);
    kit_serve_file(k, "DR2.xml.sgn", rf_slice_str("<dialTemplate/>"), &ids.tftp, RF_DIGEST_SHA512,
                   TEST_NOW - 10);
    kit_serve_file(k, RINGS ".sgn", rf_slice_str("<CiscoIPPhoneRingList/>"), &ids.tftp,
                   RF_DIGEST_SHA512, TEST_NOW - 10);
    settle(k);
    assert_true(is_stored(k, "DR2.xml") && is_stored(k, RINGS) && is_stored(k, IMAGE));
    assert_false(is_stored(k, DIAL) || is_stored(k, RING));
}

/* A worker that takes nothing more until it is let go on. */
struct plug {
    struct rf_job job;
    sem_t *pull, *out;
};

static void plug_work(struct rf_job *job, void *state)
{
    const struct plug *plug = (const struct plug *)job;
    (void)state;
    while (sem_wait(plug->pull) != 0)
        continue;
    sem_post(plug->out);
}

static void plug_done(struct rf_job *job, void *reader)
{
    (void)job;
    (void)reader;
}

/* What a ring list names is not known while nobody can judge it: nothing of it is thrown away. */
static void a_file_that_could_not_be_judged_costs_no_other(void **state)
{
    struct kit *k = *state;
    struct plug plugs[80];
    sem_t pull, out;
    size_t n = 0;
    settle(k);
    assert_int_equal(sem_init(&pull, 0, 0), 0);
    assert_int_equal(sem_init(&out, 0, 0), 0);
    kit_boot(k);
    kit_until(k, "file file=" FEATURES); /* the ring list is asked for */
    for (; n < 80; n++) {
        plugs[n] = (struct plug){{.work = plug_work, .done = plug_done}, &pull, &out};
        if (rf_worker_post(k->worker, &plugs[n].job) != RF_OK)
            break;
    }
    kit_until(k, "fetch file=" RINGS);
    for (size_t i = 0; i < n; i++) {
        sem_post(&pull);
        while (sem_wait(&out) != 0)
            continue;
    }
    kit_until_registering(k);
    kit_registered(k);
    kit_off(k);
    assert_true(is_stored(k, RING) && is_stored(k, RINGS) && is_stored(k, IMAGE));
    sem_destroy(&pull);
    sem_destroy(&out);
}

/* Lists that name no signer of files: taken, and gone with the power. */
static void without_a_signer_in_the_lists_files_are_used_and_not_kept(void **state)
{
    struct kit *k = *state;
    struct rf_list_entry entries[] = {{ids.sast.cert, RF_TRUSTLIST_ROLE_SAST, NULL},
                                      {ids.ccm.cert, RF_TRUSTLIST_ROLE_CCM, NULL}};
    RF_AUTO(rf_phonexml_freep) struct rf_phonexml *c = config();
    struct rf_buf plain = RF_BUF(4096);
    kit_serve(k, CTL, kit_list_of(RF_LIST_CTL, &ids.sast, TEST_NOW - 10, entries, 2));
    kit_serve(k, ITL, kit_list_of(RF_LIST_ITL, &ids.sast, TEST_NOW - 10, entries, 2));
    kit_serve(k, DEVICE ".cnf.xml", kit_signed(c, "", NULL, RF_DIGEST_SHA512, 0));
    assert_err(rf_buf_addf(&plain, "%s", files[2].body), RF_OK);
    kit_serve(k, DIAL, plain);
    settle(k);
    assert_true(kit_saw(k, "file file=" DIAL " kind=dial-rules action=unsigned sha256="));
    assert_false(is_stored(k, DIAL));
}

/* One bit of every byte of a small file, as the phone meets it. */
static void sec_11_every_bit_of_a_small_file_counts(void **state)
{
    struct kit *k = *state;
    RF_AUTO(rf_phonexml_freep) struct rf_phonexml *c = kit_config();
    char before[65], after[65];
    snprintf(c->softkey_file, sizeof c->softkey_file, SOFTKEYS);
    kit_serve_config(k, c);
    settle(k);
    kit_flash_hash(k, before);
    kit_boot(k);
    kit_until_registering(k);
    kit_registered(k);
    size_t len = kit_file(k, SOFTKEYS ".sgn")->bytes.len;
    for (size_t i = 0; i < len; i++) {
        kit_flip(k, SOFTKEYS ".sgn", i);
        rf_buf_fini(&k->log);
        k->log_at = 0;
        kit_pass(k, 60000);
        kit_reset(k, RF_SCCP_RESET_APPLY_CONFIG);
        kit_until_registering(k);
        kit_registered(k);
        if (!kit_saw(k, "file-refused file=" SOFTKEYS ".sgn"))
            print_error("byte %zu from the end\n", i);
        assert_true(kit_saw(k, "file-refused file=" SOFTKEYS ".sgn"));
        kit_flip(k, SOFTKEYS ".sgn", i);
    }
    kit_off(k);
    kit_flash_hash(k, after);
    assert_string_equal(before, after);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, files_up, kit_down)
    const struct CMUnitTest tests[] = {
        TEST(sec_10_every_file_the_configuration_names_is_taken_and_kept),
        TEST(sec_17_a_file_with_one_bit_changed_is_refused_and_the_old_one_stays),
        TEST(sec_17_a_first_file_that_is_refused_is_not_kept),
        TEST(sec_12_a_file_by_a_server_of_another_role_is_refused),
        TEST(sec_13_a_file_of_another_name_is_refused),
        TEST(sec_14_an_unsigned_file_is_never_taken_nor_asked_for),
        TEST(sec_16_a_file_with_sha1_is_taken_only_where_that_is_allowed),
        TEST(sec_16_sha512_once_sticks_to_a_signer),
        TEST(sec_10a_an_older_file_is_told_or_refused_as_the_user_wants),
        TEST(a_signed_file_that_is_not_what_it_should_be_is_refused),
        TEST(a_file_that_is_too_large_is_refused),
        TEST(a_missing_locale_is_said_and_a_missing_ring_list_is_not),
        TEST(what_comes_with_the_firmware_is_not_asked_for),
        TEST(a_dead_server_is_asked_once),
        TEST(what_nothing_names_any_more_is_removed),
        TEST(a_file_that_could_not_be_judged_costs_no_other),
        TEST(without_a_signer_in_the_lists_files_are_used_and_not_kept),
        TEST(sec_11_every_bit_of_a_small_file_counts),
    };
    return cmocka_run_group_tests(tests, kit_ids_up, kit_ids_down);
}
