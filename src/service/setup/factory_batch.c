/* SPDX-License-Identifier: Apache-2.0 */
/* A list is sealed when its last phone is finished; until then what was made can be read from the
 * phones themselves, so nothing is written twice and a batch may break off anywhere. */
#include "service/setup/factory_batch.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/faults.h"
#include "base/file.h"
#include "base/text.h"
#include "service/setup/factory_issued.h"
#include "trust/name.h"
#include "trust/path.h"

#define OPEN_FILE  "batch.open"
#define OPEN_MAX   ((size_t)8192)
#define MAC_MAX    0xffffffffffffULL
#define MAC_DIGITS 12
#define SERIAL_MAX 26 /* with the place in the batch 32 */

/* A batch under way. */
struct making {
    const struct rf_factory *f;
    const struct rf_factory_batch *b;
    int64_t now_s;
    uint64_t first_mac;
    unsigned number;
    char before[65]; /* digest of the list before ours, or "-" */
    bool goes_on;    /* it was begun by an earlier call */
    bool is_sealed;  /* and its list was */
    struct rf_buf rows;
    struct rf_anchors *issuer;
    struct rf_factory_batch_done done;
};

static void making_fini(struct making *m)
{
    rf_buf_fini(&m->rows);
    rf_anchors_unref(m->issuer);
}

static bool mac_of(struct rf_slice device, uint64_t *out)
{
    uint8_t mac[MAC_DIGITS / 2];
    struct rf_rd rd = rf_rd_of(device);
    struct rf_slice hex;
    size_t n = 0;
    if (!rf_name_is_sep(device) || !rf_rd_skip(&rd, 3) || !rf_rd_slice(&rd, MAC_DIGITS, &hex) ||
        rf_unhex(hex, mac, sizeof mac, &n) != RF_OK)
        return false;
    *out = 0;
    for (size_t i = 0; i < sizeof mac; i++)
        *out = *out << 8 | mac[i];
    return true;
}

static struct rf_factory_phone phone_at(const struct making *m, unsigned i)
{
    struct rf_factory_phone p;
    snprintf(p.device, sizeof p.device, "SEP%012" PRIX64, m->first_mac + i);
    if (m->b->serial == NULL)
        snprintf(p.serial_number, sizeof p.serial_number, "RF-%s", p.device);
    else
        snprintf(p.serial_number, sizeof p.serial_number, "%.*s-%05u", SERIAL_MAX, m->b->serial,
                 (i + 1) % 100000);
    return p;
}

static enum rf_err check_batch(struct making *m, struct rf_why *why)
{
    const struct rf_factory_batch *b = m->b;
    if (b->count == 0 || b->count > RF_FACTORY_BATCH_MAX)
        return rf_why_set(why, RF_ERR_BAD, "batch-count", "a batch has 1 to %d phones, not %u",
                          RF_FACTORY_BATCH_MAX, b->count);
    if (!mac_of(rf_slice_str(b->first), &m->first_mac) || m->first_mac > MAC_MAX - (b->count - 1))
        return rf_why_set(why, RF_ERR_BAD, "batch-names",
                          "%s: wants SEP and 12 upper-case hexadecimal digits, with room for %u "
                          "phones up to SEPFFFFFFFFFFFF",
                          b->first, b->count);
    if (b->serial != NULL && strlen(b->serial) > SERIAL_MAX)
        return rf_why_set(why, RF_ERR_BAD, "batch-serial",
                          "%s: what serial numbers begin with is at most %d characters long",
                          b->serial, SERIAL_MAX);
    struct rf_factory_phone last = phone_at(m, b->count - 1);
    snprintf(m->done.last, sizeof m->done.last, "%s", last.device);
    return RF_OK;
}

/* `find`, whose "no phone yet" is no refusal and leaves nothing in `why`. */
static enum rf_err find_phone(const struct making *m, const struct rf_factory_phone *p,
                              struct rf_cert **mic, struct rf_why *why)
{
    struct rf_why seen = {0};
    enum rf_err err = m->b->find(m->b->arg, p, mic, &seen);
    if (err == RF_OK || err == RF_ERR_NOT_FOUND)
        return err;
    return rf_why_set(why, err, seen.code, "%s", seen.text);
}

/* ---- which batch ---- */

static enum rf_err see_list(void *arg, const struct rf_factory_issued *list, struct rf_why *why)
{
    struct making *m = arg;
    struct rf_slice rest = list->text, line, device;
    uint64_t mac = 0;
    m->number = list->number + 1;
    rf_issued_digest(list->text, m->before);
    while (!m->goes_on && rf_next_piece(&rest, '\n', &line)) {
        if (!rf_next_piece(&line, ' ', &device) || !mac_of(device, &mac))
            continue;
        if (!rf_fault_skips("factory.batch-issued") && mac >= m->first_mac &&
            mac - m->first_mac < m->b->count)
            return rf_why_set(why, RF_ERR_EXISTS, "batch-issued",
                              "%.*s was made in batch %u: no name is given twice", (int)device.len,
                              (const char *)device.p, list->number);
    }
    return RF_OK;
}

/* What a batch is, in words: the same words are the same batch. */
static enum rf_err put_words(const struct making *m, unsigned number, struct rf_buf *out)
{
    const struct rf_factory_batch *b = m->b;
    return rf_buf_addf(out,
                       "batch %u\nfirst %s\ncount %u\nmodel %s\nhardware %s\nserial %s\nkey %s\n"
                       "place %s\n",
                       number, b->first, b->count, b->model, b->hardware,
                       b->serial != NULL ? b->serial : "-", rf_issued_key_name(b->key_type),
                       b->place);
}

/* The batch that broke off: is it ours, and which number has it? */
static bool is_ours(const struct making *m, struct rf_slice open, unsigned *number)
{
    RF_AUTO(rf_buf_fini) struct rf_buf ours = RF_BUF(OPEN_MAX);
    struct rf_slice rest = open, line, word;
    uint64_t n = 0;
    if (!rf_next_piece(&rest, '\n', &line) || !rf_next_piece(&line, ' ', &word) ||
        !rf_parse_u64(line, 1, RF_ISSUED_NUMBER_MAX, &n))
        return false;
    *number = (unsigned)n;
    return put_words(m, *number, &ours) == RF_OK && rf_slice_eq(rf_buf_slice(&ours), open);
}

static enum rf_err read_open(struct making *m, const char *path, unsigned *number,
                             struct rf_why *why)
{
    RF_AUTO(rf_buf_fini) struct rf_buf open = {0};
    struct rf_why seen = {0};
    enum rf_err err = rf_file_read(path, OPEN_MAX, &open, &seen);
    if (err == RF_ERR_NOT_FOUND)
        return RF_OK;
    if (err != RF_OK)
        return rf_why_set(why, err, seen.code, "%s", seen.text);
    m->goes_on = is_ours(m, rf_buf_slice(&open), number);
    if (!m->goes_on && !rf_fault_skips("factory.batch-open"))
        return rf_why_set(why, RF_ERR_EXISTS, "batch-open",
                          "another batch broke off: ask for it again in the words of %s, then for "
                          "this one",
                          path);
    return RF_OK;
}

/* A batch that is new finds no phone where it makes its own: whose would that be? */
static enum rf_err check_place(const struct making *m, struct rf_why *why)
{
    for (unsigned i = 0; i < m->b->count; i++) {
        RF_AUTO(rf_cert_freep) struct rf_cert *mic = NULL;
        struct rf_factory_phone p = phone_at(m, i);
        enum rf_err err = find_phone(m, &p, &mic, why);
        if (err == RF_OK && !rf_fault_skips("factory.batch-place"))
            return rf_why_set(why, RF_ERR_EXISTS, "flash-exists",
                              "%s holds %s already, which is of no batch: choose another folder",
                              m->b->place, p.device);
        if (err != RF_OK && err != RF_ERR_NOT_FOUND)
            return err;
    }
    return RF_OK;
}

static enum rf_err write_open(const struct making *m, const char *path, struct rf_why *why)
{
    RF_AUTO(rf_buf_fini) struct rf_buf words = RF_BUF(OPEN_MAX);
    if (put_words(m, m->number, &words) != RF_OK)
        return rf_why_set(why, RF_ERR_LIMIT, "batch-names", "the words of the batch are too long");
    return rf_file_create(path, rf_buf_slice(&words), RF_FILE_PUBLIC, why);
}

static enum rf_err begin(struct making *m, const char *open_path, struct rf_why *why)
{
    unsigned number = 0;
    m->number = 1;
    snprintf(m->before, sizeof m->before, "-");
    enum rf_err err = read_open(m, open_path, &number, why);
    if (err == RF_OK)
        err = rf_factory_issued(m->f, see_list, m, why);
    if (err != RF_OK)
        return err;
    if (m->goes_on) {
        m->is_sealed = number < m->number;
        m->number = number;
        return RF_OK;
    }
    err = check_place(m, why);
    if (err == RF_OK)
        err = write_open(m, open_path, why);
    rf_crash_point("factory.batch-begun");
    return err;
}

/* ---- the phones ---- */

/* A finished phone that is found was made by us, for this batch. */
static enum rf_err check_found(const struct making *m, const struct rf_factory_phone *p,
                               const struct rf_cert *mic, struct rf_why *why)
{
    const struct rf_path_policy policy = {.now_s = m->now_s};
    RF_AUTO(rf_freep)
    char *serial = rf_strf("PID:CP-%s SN:%s", m->b->model, p->serial_number);
    const char *its = rf_cert_subject_attr(mic, "serialNumber");
    enum rf_err err = rf_path_check(m->issuer, mic, NULL, &policy, NULL, NULL);
    if (err == RF_OK)
        err = rf_name_matches_device(mic, rf_slice_str(p->device), NULL, NULL, NULL);
    bool is_ours =
        its != NULL && strcmp(its, serial) == 0 && rf_cert_key_type(mic) == m->b->key_type;
    if (!rf_fault_skips("factory.batch-phone") && (err != RF_OK || !is_ours))
        return rf_why_set(why, RF_ERR_DENIED, "batch-phone",
                          "%s in %s is not a phone of this batch (its certificate: %s); move its "
                          "folder away and it is made",
                          p->device, m->b->place, rf_cert_subject(mic));
    return RF_OK;
}

static enum rf_err add_row(struct making *m, const struct rf_factory_phone *p,
                           const struct rf_cert *mic, struct rf_why *why)
{
    char from[32], to[32];
    enum rf_err err =
        rf_buf_addf(&m->rows, "%s %s %s %s %s %s %s\n", p->device, m->b->model, p->serial_number,
                    rf_issued_key_name(m->b->key_type), rf_cert_fingerprint(mic),
                    rf_time_text(rf_cert_not_before(mic), from, sizeof from),
                    rf_time_text(rf_cert_not_after(mic), to, sizeof to));
    return err == RF_OK ? RF_OK : rf_why_set(why, err, "batch-size", "the list is too long");
}

static enum rf_err do_one(struct making *m, const struct rf_factory_phone *p, struct rf_why *why)
{
    const struct rf_factory_batch *b = m->b;
    RF_AUTO(rf_cert_freep) struct rf_cert *found = NULL;
    RF_AUTO(rf_factory_mic_fini) struct rf_factory_mic mic = {0};
    enum rf_err err = find_phone(m, p, &found, why);
    if (err == RF_OK)
        err = check_found(m, p, found, why);
    if (err == RF_OK)
        return add_row(m, p, found, why);
    if (err != RF_ERR_NOT_FOUND)
        return err;
    err = rf_factory_mic_make(m->f, p->device, b->model, p->serial_number, b->key_type, false,
                              m->now_s, &mic, why);
    if (err == RF_OK)
        err = b->make(b->arg, p, &mic, why);
    if (err != RF_OK)
        return err;
    m->done.made++;
    rf_crash_point("factory.batch-phone");
    return add_row(m, p, mic.cert, why);
}

static enum rf_err make_phones(struct making *m, struct rf_why *why)
{
    enum rf_err err = RF_OK;
    for (unsigned i = 0; err == RF_OK && i < m->b->count; i++) {
        struct rf_factory_phone p = phone_at(m, i);
        err = do_one(m, &p, why);
        if (err == RF_OK && m->b->progress != NULL)
            m->b->progress(m->b->arg, i + 1);
    }
    return err;
}

static enum rf_err seal(struct making *m, struct rf_why *why)
{
    RF_AUTO(rf_buf_fini) struct rf_buf list = RF_BUF(RF_ISSUED_BYTES_MAX);
    char now[32];
    enum rf_err err = rf_issued_head(&list, m->number, m->before);
    if (err == RF_OK)
        err = rf_buf_addf(&list, "sealed %s\nphones %u\n\n",
                          rf_time_text(m->now_s, now, sizeof now), m->b->count);
    if (err == RF_OK)
        err = rf_buf_add_slice(&list, rf_buf_slice(&m->rows));
    if (err != RF_OK)
        return rf_why_set(why, err, "batch-size", "the list is too long");
    return rf_issued_seal(m->f, m->number, rf_buf_slice(&list), why);
}

static enum rf_err run(struct making *m, const char *open_path, struct rf_why *why)
{
    enum rf_err err = begin(m, open_path, why);
    if (err != RF_OK)
        return err;
    m->done.number = m->number;
    snprintf(m->done.list, sizeof m->done.list, "issued/batch-%06u.list", m->number);
    snprintf(m->done.signature, sizeof m->done.signature, "issued/batch-%06u.sig", m->number);
    if (!m->is_sealed) {
        err = make_phones(m, why);
        if (err == RF_OK)
            err = seal(m, why);
    }
    /* What failed before its first phone was never begun: other words may be right. */
    bool is_over = err == RF_OK || (!m->goes_on && m->rows.len == 0);
    enum rf_err removed = is_over ? rf_file_remove(open_path, err == RF_OK ? why : NULL) : RF_OK;
    return err == RF_OK ? removed : err;
}

enum rf_err rf_factory_batch_make(const struct rf_factory *f, const struct rf_factory_batch *b,
                                  int64_t now_s, struct rf_factory_batch_done *out,
                                  struct rf_why *why)
{
    RF_AUTO(making_fini)
    struct making m = {.f = f, .b = b, .now_s = now_s, .rows = RF_BUF(RF_ISSUED_BYTES_MAX)};
    RF_AUTO(rf_freep) char *dir = rf_path_join(f->dir, RF_ISSUED_DIR);
    RF_AUTO(rf_freep) char *open_path = rf_path_join(dir, OPEN_FILE);
    int lock = -1;
    m.issuer = rf_anchors_new(RF_PURPOSE_CAPF);
    enum rf_err err = check_batch(&m, why);
    if (err == RF_OK)
        err = rf_anchors_add(m.issuer, f->issuer, why);
    if (err == RF_OK)
        err = rf_dir_make(dir, 0700, why);
    if (err == RF_OK)
        err = rf_dir_lock(dir, &lock, why);
    if (err != RF_OK)
        return err;
    err = run(&m, open_path, why);
    rf_dir_unlock(lock);
    if (err == RF_OK)
        *out = m.done;
    return err;
}
