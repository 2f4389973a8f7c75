/* SPDX-License-Identifier: Apache-2.0 */
/* Phones by the number: names and serial numbers are counted up, what was issued is sealed, and a
 * batch that broke off goes on with nothing lost and nothing issued twice. A phone is one file
 * here: its MIC. */
#include <signal.h>
#include <sys/wait.h>

#include "setup_place.h"

#include "service/setup/factory_batch.h"
#include "trust/path.h"
#include "trust/vault.h"

#define FIRST "SEP0011223344FE"

/* A factory of the test's own, and the folder of its phones. */
struct works {
    char *dir;
    char *phones;
    struct rf_factory f;
    struct rf_factory_batch batch;
    unsigned break_after; /* so many phones are made, then no more; 0: all */
    unsigned made;
    unsigned told; /* the last that progress said */
};

static int group_setup(void **state)
{
    (void)state;
    shared_begin();
    RF_AUTO(rf_freep) char *dir = shared_path("factory");
    assert_err(rf_factory_make(dir, "Example Phones", SETUP_NOW, NULL), RF_OK);
    return 0;
}

static int group_teardown(void **state)
{
    (void)state;
    remove_tree(shared.root);
    return 0;
}

static char *phone_file(const struct works *w, const char *device)
{
    return rf_strf("%s/%s.pem", w->phones, device);
}

static enum rf_err find(void *arg, const struct rf_factory_phone *phone, struct rf_cert **mic,
                        struct rf_why *why)
{
    RF_AUTO(rf_freep) char *path = phone_file(arg, phone->device);
    return rf_cert_from_pem_file(path, mic, why);
}

static enum rf_err make(void *arg, const struct rf_factory_phone *phone,
                        const struct rf_factory_mic *mic, struct rf_why *why)
{
    struct works *w = arg;
    RF_AUTO(rf_freep) char *path = phone_file(w, phone->device);
    RF_AUTO(rf_buf_fini) struct rf_buf pem = RF_BUF(FILE_LIMIT);
    if (w->break_after != 0 && w->made == w->break_after)
        return rf_why_set(why, RF_ERR_IO, "test-break", "no more");
    assert_true(rf_key_matches(mic->key, mic->cert));
    assert_err(rf_cert_to_pem(mic->cert, &pem), RF_OK);
    w->made++;
    return rf_file_replace(path, rf_buf_slice(&pem), RF_FILE_PUBLIC, why);
}

static void progress(void *arg, unsigned done)
{
    struct works *w = arg;
    assert_int_equal(done, w->told + 1);
    w->told = done;
}

/* Filled in place: the batch points to it. */
static void works_open(struct works *w)
{
    RF_AUTO(rf_freep) char *from = shared_path("factory");
    *w = (struct works){.dir = new_dir(), .phones = new_dir()};
    copy_dir(from, w->dir);
    assert_err(rf_factory_open(w->dir, &w->f, NULL), RF_OK);
    w->batch = (struct rf_factory_batch){.first = FIRST,
                                         .count = 3,
                                         .model = "8861",
                                         .hardware = "rf-1",
                                         .key_type = RF_KEY_EC,
                                         .place = w->phones,
                                         .find = find,
                                         .make = make,
                                         .progress = progress,
                                         .arg = w};
}

static void works_fini(struct works *w)
{
    rf_factory_fini(&w->f);
    rf_free(w->dir);
    rf_free(w->phones);
}

static struct rf_factory_batch_done done;

static enum rf_err run(struct works *w, struct rf_why *why)
{
    *why = (struct rf_why){0};
    w->told = 0;
    return rf_factory_batch_make(&w->f, &w->batch, SETUP_NOW, &done, why);
}

static struct rf_buf read_issued(const struct works *w, const char *name)
{
    RF_AUTO(rf_freep) char *path = rf_strf("%s/issued/%s", w->dir, name);
    return read_path(path);
}

static bool is_there(const struct works *w, const char *name)
{
    RF_AUTO(rf_freep) char *path = rf_strf("%s/issued/%s", w->dir, name);
    return rf_file_exists(path);
}

static bool has(const struct rf_buf *text, const char *piece)
{
    return rf_slice_find(rf_buf_slice(text), rf_slice_str(piece)) != SIZE_MAX;
}

static struct rf_cert *mic_of(const struct works *w, const char *device)
{
    RF_AUTO(rf_freep) char *path = phone_file(w, device);
    struct rf_cert *mic = NULL;
    assert_err(rf_cert_from_pem_file(path, &mic, NULL), RF_OK);
    return mic;
}

/* The list has a row for that phone, with the certificate that lies in it. */
static void assert_row(const struct works *w, const struct rf_buf *list, const char *device,
                       const char *serial, const char *key)
{
    RF_AUTO(rf_cert_freep) struct rf_cert *mic = mic_of(w, device);
    RF_AUTO(rf_freep)
    char *row = rf_strf("\n%s %s %s %s %s 20", device, w->batch.model, serial, key,
                        rf_cert_fingerprint(mic));
    RF_AUTO(rf_freep) char *sn = rf_strf("PID:CP-%s SN:%s", w->batch.model, serial);
    assert_true(has(list, row));
    assert_string_equal(rf_cert_subject_attr(mic, "serialNumber"), sn);
}

static size_t rows_of(const struct rf_buf *list)
{
    struct rf_slice rest = rf_buf_slice(list), line;
    size_t n = 0;
    while (rf_next_piece(&rest, '\n', &line))
        n += rf_slice_starts_with(line, "SEP");
    return n;
}

static void a_batch_is_named_numbered_and_sealed(void **state)
{
    (void)state;
    RF_AUTO(works_fini) struct works w;
    struct rf_why why;
    works_open(&w);
    assert_err(run(&w, &why), RF_OK);
    assert_int_equal(done.number, 1);
    assert_int_equal(done.made, 3);
    assert_int_equal(w.told, 3);
    assert_string_equal(done.last, "SEP001122334500"); /* the count carries over */
    assert_string_equal(done.list, "issued/batch-000001.list");
    RF_AUTO(rf_buf_fini) struct rf_buf list = read_issued(&w, "batch-000001.list");
    RF_AUTO(rf_buf_fini) struct rf_buf sig = read_issued(&w, "batch-000001.sig");
    struct rf_slice text = rf_buf_slice(&list);
    assert_true(rf_slice_starts_with(text, "ringfence factory batch 1\nbefore -\nsealed "
                                           "2026-12-01T00:00:00Z\nphones 3\n\n" FIRST " "));
    assert_int_equal(rows_of(&list), 3);
    assert_row(&w, &list, FIRST, "RF-" FIRST, "EC-P256");
    assert_row(&w, &list, "SEP0011223344FF", "RF-SEP0011223344FF", "EC-P256");
    assert_row(&w, &list, "SEP001122334500", "RF-SEP001122334500", "EC-P256");
    assert_err(rf_cert_verify(w.f.issuer, RF_DIGEST_SHA256, &text, 1, rf_buf_slice(&sig), NULL),
               RF_OK);
    assert_false(is_there(&w, "batch.open"));
    /* The second, with RSA keys and serial numbers of its own, follows the first. */
    uint8_t digest[RF_DIGEST_MAX];
    char hex[65];
    size_t n = rf_digest_of(RF_DIGEST_SHA256, text, digest);
    RF_AUTO(rf_freep)
    char *before = rf_strf("batch 2\nbefore %s\n", rf_hex(rf_slice_of(digest, n), hex, sizeof hex));
    w.batch.first = "SEP001122334501"; /* right behind the first batch */
    w.batch.count = 1;
    w.batch.serial = "AB12";
    w.batch.key_type = RF_KEY_RSA;
    assert_err(run(&w, &why), RF_OK);
    assert_int_equal(done.number, 2);
    RF_AUTO(rf_buf_fini) struct rf_buf second = read_issued(&w, "batch-000002.list");
    assert_true(has(&second, before));
    assert_row(&w, &second, "SEP001122334501", "AB12-00001", "RSA-2048");
    RF_AUTO(rf_buf_fini) struct rf_buf again = read_issued(&w, "batch-000001.list");
    assert_slice_eq(rf_buf_slice(&again), text);
}

static void its_mics_lead_to_the_root(void **state)
{
    (void)state;
    static const enum rf_key_type types[] = {RF_KEY_EC, RF_KEY_RSA};
    RF_AUTO(works_fini) struct works w;
    struct rf_why why;
    works_open(&w);
    RF_AUTO(rf_anchors_freep) struct rf_anchors *root = rf_anchors_new(RF_PURPOSE_CAPF);
    RF_AUTO(rf_cert_list_fini) struct rf_cert_list chain = {0};
    struct rf_path_policy policy = {.now_s = SETUP_NOW, .is_lsc_purpose = true};
    assert_err(rf_anchors_add(root, w.f.root, NULL), RF_OK);
    assert_true(rf_cert_list_add(&chain, w.f.issuer));
    w.batch.count = 1;
    for (size_t i = 0; i < 2; i++) {
        w.batch.first = i == 0 ? "SEPAABBCCDDEE00" : "SEPAABBCCDDEE01";
        w.batch.key_type = types[i];
        assert_err(run(&w, &why), RF_OK);
        RF_AUTO(rf_cert_freep) struct rf_cert *mic = mic_of(&w, w.batch.first);
        assert_int_equal(rf_cert_key_type(mic), types[i]);
        assert_int_equal(rf_cert_key_bits(mic), i == 0 ? 256 : 2048);
        assert_err(rf_path_check(root, mic, &chain, &policy, NULL, NULL), RF_OK);
    }
}

static void a_batch_that_broke_off_goes_on(void **state)
{
    (void)state;
    RF_AUTO(works_fini) struct works w;
    struct rf_why why;
    works_open(&w);
    w.break_after = 2;
    assert_refused(run(&w, &why), RF_ERR_IO, why, "test-break");
    assert_true(is_there(&w, "batch.open"));
    assert_false(is_there(&w, "batch-000001.list"));
    RF_AUTO(rf_cert_freep) struct rf_cert *kept = mic_of(&w, FIRST);
    w.break_after = 0;
    /* Any other words are another batch. */
    struct rf_factory_batch ours = w.batch, others[7];
    for (size_t i = 0; i < sizeof others / sizeof *others; i++)
        others[i] = ours;
    others[0].first = "SEP0011223344FD";
    others[1].count = 4;
    others[2].model = "7962";
    others[3].hardware = "rf-2";
    others[4].serial = "X";
    others[5].key_type = RF_KEY_RSA;
    others[6].place = "/elsewhere";
    for (size_t i = 0; i < sizeof others / sizeof *others; i++) {
        w.batch = others[i];
        assert_refused(run(&w, &why), RF_ERR_EXISTS, why, "batch-open");
    }
    assert_int_equal(w.made, 2);
    w.batch = ours;
    assert_err(run(&w, &why), RF_OK);
    assert_int_equal(done.number, 1);
    assert_int_equal(done.made, 1);
    assert_int_equal(w.told, 3);
    RF_AUTO(rf_cert_freep) struct rf_cert *still = mic_of(&w, FIRST);
    assert_true(rf_cert_eq(kept, still));
    RF_AUTO(rf_buf_fini) struct rf_buf list = read_issued(&w, "batch-000001.list");
    assert_int_equal(rows_of(&list), 3);
    assert_row(&w, &list, FIRST, "RF-" FIRST, "EC-P256");
}

/* In a process of its own, which must die there. */
static void killed_at(struct works *w, const char *point)
{
    struct rf_why why;
    int status = 0;
    pid_t child = fork();
    assert_true(child >= 0);
    if (child == 0) {
        setenv("RINGFENCE_CRASH_AT", point, 1);
        (void)!run(w, &why);
        _exit(0);
    }
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_true(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL);
}

static void killed_anywhere_it_is_sealed_once(void **state)
{
    (void)state;
    static const struct {
        const char *point;
        unsigned made; /* by the call that goes on */
    } rows[] = {
        {"factory.batch-begun", 3},
        {"factory.batch-phone", 2},
        {"factory.batch-signed", 0},
        {"factory.batch-sealed", 0},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        RF_AUTO(works_fini) struct works w;
        struct rf_why why;
        works_open(&w);
        killed_at(&w, rows[i].point);
        assert_err(run(&w, &why), RF_OK);
        assert_int_equal(done.number, 1);
        assert_int_equal(done.made, rows[i].made);
        assert_false(is_there(&w, "batch.open"));
        assert_false(is_there(&w, "batch-000002.list"));
        RF_AUTO(rf_buf_fini) struct rf_buf list = read_issued(&w, "batch-000001.list");
        assert_int_equal(rows_of(&list), 3);
        assert_row(&w, &list, FIRST, "RF-" FIRST, "EC-P256");
        assert_err(rf_factory_issued(&w.f, NULL, NULL, NULL), RF_OK);
        w.batch.first = "SEP001122334501";
        assert_err(run(&w, &why), RF_OK);
        assert_int_equal(done.number, 2);
    }
}

static void no_name_is_given_twice(void **state)
{
    (void)state;
    static const struct {
        const char *first;
        unsigned count;
        bool is_free;
    } rows[] = {
        {FIRST, 3, false},
        {"SEP001122334500", 1, false}, /* the last of the first batch */
        {"SEP0011223344F0", 15, false},
        {"SEP0011223344F0", 14, true},
        {"SEP001122334501", 2, true},
    };
    RF_AUTO(works_fini) struct works w;
    struct rf_why why;
    works_open(&w);
    assert_err(run(&w, &why), RF_OK);
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        RF_AUTO(rf_freep) char *place = new_dir(); /* it is not the place that refuses */
        char *kept = w.phones;
        w.phones = place;
        w.batch.place = place;
        w.batch.first = rows[i].first;
        w.batch.count = rows[i].count;
        if (rows[i].is_free)
            assert_err(run(&w, &why), RF_OK);
        else
            assert_refused(run(&w, &why), RF_ERR_EXISTS, why, "batch-issued");
        w.phones = kept;
    }
}

static void a_batch_fits_its_names(void **state)
{
    (void)state;
    static const struct {
        const char *first, *serial;
        unsigned count;
        const char *code;
    } bad[] = {
        {FIRST, NULL, 0, "batch-count"},
        {FIRST, NULL, RF_FACTORY_BATCH_MAX + 1, "batch-count"},
        {"SEP00112233445", NULL, 1, "batch-names"},
        {"SEP0011223344fe", NULL, 1, "batch-names"},
        {"ATA001122334455", NULL, 1, "batch-names"},
        {"SEPFFFFFFFFFFFF", NULL, 2, "batch-names"},
        {FIRST, "123456789012345678901234567", 1, "batch-serial"},
    };
    RF_AUTO(works_fini) struct works w;
    struct rf_why why;
    works_open(&w);
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        w.batch.first = bad[i].first;
        w.batch.serial = bad[i].serial;
        w.batch.count = bad[i].count;
        assert_refused(run(&w, &why), RF_ERR_BAD, why, bad[i].code);
        assert_false(is_there(&w, "batch.open"));
    }
    w.batch.first = "SEPFFFFFFFFFFFF";
    w.batch.serial = "12345678901234567890123456";
    w.batch.count = 1;
    assert_err(run(&w, &why), RF_OK);
    /* What fails before its first phone was never begun. */
    w.batch.first = FIRST;
    w.batch.serial = NULL;
    w.batch.model = "no model";
    assert_refused(run(&w, &why), RF_ERR_BAD, why, "issue-name");
    assert_false(is_there(&w, "batch.open"));
    w.batch.model = "8861";
    assert_err(run(&w, &why), RF_OK);
    assert_int_equal(done.number, 2);
}

static void phones_of_others_are_not_taken_in(void **state)
{
    (void)state;
    RF_AUTO(works_fini) struct works w;
    RF_AUTO(rf_factory_mic_fini) struct rf_factory_mic mic = {0};
    struct rf_factory_phone second = {.device = "SEP0011223344FF", .serial_number = "RF-other"};
    struct rf_why why;
    works_open(&w);
    assert_err(rf_factory_mic_make(&w.f, second.device, "8861", second.serial_number, RF_KEY_EC,
                                   false, SETUP_NOW, &mic, NULL),
               RF_OK);
    RF_AUTO(rf_freep) char *path = phone_file(&w, second.device);
    /* A new batch finds one in its place. */
    assert_err(make(&w, &second, &mic, NULL), RF_OK);
    assert_refused(run(&w, &why), RF_ERR_EXISTS, why, "flash-exists");
    assert_false(is_there(&w, "batch.open"));
    assert_err(rf_file_remove(path, NULL), RF_OK);
    /* One that goes on finds one that it did not make. */
    w.made = 0;
    w.break_after = 1;
    assert_refused(run(&w, &why), RF_ERR_IO, why, "test-break");
    w.break_after = 0;
    assert_err(make(&w, &second, &mic, NULL), RF_OK);
    assert_refused(run(&w, &why), RF_ERR_DENIED, why, "batch-phone");
    assert_true(is_there(&w, "batch.open"));
    assert_err(rf_file_remove(path, NULL), RF_OK);
    assert_err(run(&w, &why), RF_OK);
    assert_int_equal(done.made, 2);
}

static void one_batch_at_a_time(void **state)
{
    (void)state;
    RF_AUTO(works_fini) struct works w;
    struct rf_why why;
    int lock = -1;
    works_open(&w);
    RF_AUTO(rf_freep) char *dir = rf_path_join(w.dir, "issued");
    assert_err(rf_dir_make(dir, 0700, NULL), RF_OK);
    assert_err(rf_dir_lock(dir, &lock, NULL), RF_OK);
    assert_refused(run(&w, &why), RF_ERR_AGAIN, why, "folder-busy");
    rf_dir_unlock(lock);
    assert_err(run(&w, &why), RF_OK);
}

/* The lists. */

static void write_issued(const struct works *w, const char *name, const struct rf_buf *bytes)
{
    RF_AUTO(rf_freep) char *path = rf_strf("%s/issued/%s", w->dir, name);
    assert_err(rf_file_replace(path, rf_buf_slice(bytes), RF_FILE_PUBLIC, NULL), RF_OK);
}

/* The lists are refused, and no batch is made behind them. */
static void assert_lists(struct works *w, enum rf_err want, const char *code)
{
    struct rf_why why = {0};
    assert_refused(rf_factory_issued(&w->f, NULL, NULL, &why), want, why, code);
    w->batch.first = "SEP0011223355AA";
    assert_refused(run(w, &why), want, why, code);
}

static enum rf_err count_phones(void *arg, const struct rf_factory_issued *list, struct rf_why *why)
{
    unsigned *n = arg;
    (void)why;
    *n += list->phones;
    assert_string_equal(list->sealed, "2026-12-01T00:00:00Z");
    assert_string_equal(list->last, list->number == 1 ? "SEP001122334500" : "SEP001122334503");
    return RF_OK;
}

static void a_list_that_was_changed_is_refused(void **state)
{
    (void)state;
    RF_AUTO(works_fini) struct works w;
    struct rf_why why;
    unsigned n = 0;
    works_open(&w);
    assert_err(rf_factory_issued(&w.f, count_phones, &n, NULL), RF_OK);
    assert_int_equal(n, 0);
    assert_err(run(&w, &why), RF_OK);
    w.batch.first = "SEP001122334501";
    assert_err(run(&w, &why), RF_OK);
    assert_err(rf_factory_issued(&w.f, count_phones, &n, NULL), RF_OK);
    assert_int_equal(n, 6);
    RF_AUTO(rf_buf_fini) struct rf_buf list1 = read_issued(&w, "batch-000001.list");
    RF_AUTO(rf_buf_fini) struct rf_buf sig1 = read_issued(&w, "batch-000001.sig");
    RF_AUTO(rf_buf_fini) struct rf_buf list2 = read_issued(&w, "batch-000002.list");
    RF_AUTO(rf_buf_fini) struct rf_buf sig2 = read_issued(&w, "batch-000002.sig");
    RF_AUTO(rf_freep) char *first_path = rf_strf("%s/issued/batch-000001.list", w.dir);
    /* One digit of a fingerprint. */
    size_t at = list1.len - 60;
    list1.p[at] ^= 1;
    write_issued(&w, "batch-000001.list", &list1);
    assert_lists(&w, RF_ERR_CRYPTO, "sig-mismatch");
    list1.p[at] ^= 1;
    /* Each well signed, but not in this place. */
    write_issued(&w, "batch-000001.list", &list2);
    write_issued(&w, "batch-000001.sig", &sig2);
    assert_lists(&w, RF_ERR_DENIED, "batch-order");
    write_issued(&w, "batch-000001.sig", &sig1);
    assert_err(rf_file_remove(first_path, NULL), RF_OK);
    assert_lists(&w, RF_ERR_DENIED, "batch-missing");
    assert_true(is_there(&w, "batch-000002.list"));
    write_issued(&w, "batch-000001.list", &list1);
    assert_err(rf_factory_issued(&w.f, NULL, NULL, NULL), RF_OK);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_batch_is_named_numbered_and_sealed),
        cmocka_unit_test(its_mics_lead_to_the_root),
        cmocka_unit_test(a_batch_that_broke_off_goes_on),
        cmocka_unit_test(killed_anywhere_it_is_sealed_once),
        cmocka_unit_test(no_name_is_given_twice),
        cmocka_unit_test(a_batch_fits_its_names),
        cmocka_unit_test(phones_of_others_are_not_taken_in),
        cmocka_unit_test(one_batch_at_a_time),
        cmocka_unit_test(a_list_that_was_changed_is_refused),
    };
    return cmocka_run_group_tests(tests, group_setup, group_teardown);
}
