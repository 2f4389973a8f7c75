/* SPDX-License-Identifier: Apache-2.0 */
/* What a CAPF session does on the worker: proofs, keys, and everything that touches flash. */
#include "base/faults.h"
#include "service/phone/enrol_int.h"
#include "trust/name.h"
#include "trust/path.h"
#include "trust/proof.h"

#include <string.h>
#include <time.h>

static enum rf_err prove(struct enrol_job *j)
{
    RF_AUTO(rf_vault_freep) struct rf_vault_key *key = rf_vault_key_from_key(j->key);
    enum rf_err err = rf_proof_sign(key, j->cert, rf_slice_str(j->device), j->is_bare, &j->sha1,
                                    &j->sha512, &j->why);
    if (err == RF_OK)
        err = rf_sudi_sign(key, j->cert, j->session, j->is_bare, &j->sudi_sha1, &j->sudi_sha512,
                           &j->why);
    return err;
}

static enum rf_err flash_failed(struct enrol_job *j, enum rf_err err, const char *what)
{
    struct rf_why cause = j->why;
    return rf_why_replace(&j->why, err, "flash", "%s could not be written: %s", what,
                          rf_why_text(&cause));
}

/* As on a model that needs long for it. */
static void take_time(const struct enrol_job *j)
{
    const struct rf_clock *clock = rf_clock_real();
    uint64_t end = rf_now_ms(clock) + j->delay_ms;
    while (j->delay_ms != 0 && !atomic_load(&j->is_dropped) && rf_now_ms(clock) < end)
        (void)nanosleep(&(struct timespec){.tv_nsec = 20000000}, NULL);
}

static bool fits(const struct enrol_job *j, const struct rf_key *key)
{
    struct rf_spki_info info = {0};
    if (rf_spki_info(rf_key_spki(key), &info, NULL) != RF_OK || info.type != j->key_type)
        return false;
    return j->key_type == RF_KEY_EC ? info.curve == j->curve : info.bits == j->rsa_bits;
}

/* The key of the last try, for which a CA may be making the certificate. Not one that is in use: it
 * was left behind, and no server takes a key twice. */
static bool take_waiting(struct enrol_job *j)
{
    RF_AUTO(rf_key_freep) struct rf_key *key = NULL;
    struct rf_why none = {0};
    if (j->wants_new || j->flash->load_pending(j->flash_arg, &key, &none) != RF_OK ||
        !fits(j, key) || (j->cert != NULL && rf_key_matches(key, j->cert)))
        return false;
    j->key = rf_steal(&key);
    j->is_kept = true;
    return true;
}

static enum rf_err make_key(struct enrol_job *j)
{
    if (take_waiting(j))
        return RF_OK;
    take_time(j);
    return j->key_type == RF_KEY_EC ? rf_key_new_ec(j->curve, &j->key, &j->why)
                                    : rf_key_new_rsa(j->rsa_bits, &j->key, &j->why);
}

static enum rf_err save_key(struct enrol_job *j)
{
    if (j->is_kept)
        return RF_OK;
    rf_crash_point("enrol.key-made");
    enum rf_err err = j->flash->save_pending(j->flash_arg, j->key, &j->why);
    if (err != RF_OK)
        return flash_failed(j, err, "the new key");
    rf_crash_point("enrol.key-saved");
    return RF_OK;
}

/* ---- the certificate that came ---- */

/* doc: docs/security-rules.md, "Phone certificates": parsed, for our key, for us, usable */
static enum rf_err check_key(struct enrol_job *j)
{
    if (rf_fault_skips("enrol.key-match") || rf_key_matches(j->key, j->cert))
        return RF_OK;
    return rf_why_set(&j->why, RF_ERR_DENIED, "key-cert-mismatch",
                      "the certificate %s is not for the key this phone made",
                      rf_cert_short(j->cert));
}

static enum rf_err check_name(struct enrol_job *j)
{
    struct rf_why cause = {0};
    if (rf_fault_skips("enrol.cert-name") ||
        rf_name_matches_device(j->cert, rf_slice_str(j->device), NULL, NULL, &cause) == RF_OK)
        return RF_OK;
    return rf_why_set(&j->why, RF_ERR_DENIED, "cert-name", "the certificate is not for %s: %s",
                      j->device, rf_why_text(&cause));
}

static enum rf_err check_dates(struct enrol_job *j)
{
    if (rf_fault_skips("enrol.cert-validity"))
        return RF_OK;
    if (rf_cert_not_before(j->cert) >= rf_cert_not_after(j->cert))
        return rf_why_set(&j->why, RF_ERR_DENIED, "cert-validity",
                          "the certificate ends before it begins");
    if (j->has_time)
        return rf_cert_time_check(j->cert, j->now_s, &j->why);
    return j->floor_s != 0 ? rf_cert_floor_check(j->cert, j->floor_s, &j->why) : RF_OK;
}

/* V4: without these bits no secure registration comes of it */
static enum rf_err check_usage(struct enrol_job *j)
{
    uint32_t need = RF_KU_DIGITAL_SIGNATURE;
    if (rf_fault_skips("enrol.cert-usage"))
        return RF_OK;
    if (rf_cert_is_ca(j->cert))
        return rf_why_set(&j->why, RF_ERR_DENIED, "leaf-is-ca",
                          "the certificate is a certificate authority's");
    if (rf_cert_key_type(j->cert) == RF_KEY_RSA)
        need |= RF_KU_KEY_ENCIPHERMENT;
    if (rf_cert_has_key_usage(j->cert) && (rf_cert_key_usage(j->cert) & need) == need)
        return RF_OK;
    return rf_why_set(&j->why, RF_ERR_DENIED, "key-usage",
                      "the certificate may not be used for TLS (its keyUsage)");
}

static enum rf_err judge(struct enrol_job *j)
{
    enum rf_err err = rf_cert_from_der(rf_buf_slice(&j->der), &j->cert, &j->why);
    if (err == RF_OK)
        err = check_key(j);
    if (err == RF_OK)
        err = check_name(j);
    if (err == RF_OK)
        err = check_dates(j);
    return err == RF_OK ? check_usage(j) : err;
}

static enum rf_err store(struct enrol_job *j)
{
    enum rf_err err = RF_OK;
    if (j->key == NULL)
        err = j->flash->load_pending(j->flash_arg, &j->key, &j->why);
    if (err == RF_ERR_NOT_FOUND)
        return rf_why_replace(&j->why, err, "no-pending-key",
                              "a certificate came, but no key waits for one");
    if (err != RF_OK)
        return flash_failed(j, err, "(read) the key that waits");
    err = judge(j);
    if (err != RF_OK)
        return err;
    err = j->flash->save_lsc(j->flash_arg, j->key, j->cert, &j->why);
    if (err != RF_OK)
        return flash_failed(j, err, "the new certificate");
    rf_crash_point("enrol.cert-saved");
    return RF_OK;
}

static enum rf_err remove_lsc(struct enrol_job *j)
{
    enum rf_err err = j->flash->remove_lsc(j->flash_arg, &j->why);
    return err == RF_OK ? RF_OK : flash_failed(j, err, "the removal of the certificate");
}

static void work(struct rf_job *job, void *state)
{
    struct enrol_job *j = (struct enrol_job *)job;
    switch (j->kind) {
    case ENROL_JOB_PROVE:
        j->err = prove(j);
        break;
    case ENROL_JOB_KEY:
        j->err = make_key(j);
        if (j->err == RF_OK && !j->is_apart)
            j->err = save_key(j);
        break;
    case ENROL_JOB_SAVE:
        j->err = save_key(j);
        break;
    case ENROL_JOB_STORE:
        j->err = store(j);
        break;
    case ENROL_JOB_DELETE:
        j->err = remove_lsc(j);
        break;
    }
}

/* ---- back on the loop's thread ---- */

/* The key is there: on to flash with it, unless the session is at its end. */
static bool save_next(struct enrol_job *j)
{
    struct rf_enrol *e = j->enrol;
    if (!j->is_apart || j->kind != ENROL_JOB_KEY || j->err != RF_OK || e->is_closing ||
        e->link == NULL)
        return false;
    j->kind = ENROL_JOB_SAVE;
    if (rf_worker_post(e->conf.worker, &j->job) == RF_OK)
        return true;
    j->err = rf_why_set(&j->why, RF_ERR_AGAIN, "busy",
                        "this phone has no time for an enrolment "
                        "now");
    return false;
}

static void done(struct rf_job *job, void *reader)
{
    static const int events[] = {[ENROL_JOB_PROVE] = ENROL_EV_PROVED,
                                 [ENROL_JOB_KEY] = ENROL_EV_KEY_MADE,
                                 [ENROL_JOB_SAVE] = ENROL_EV_KEY_MADE,
                                 [ENROL_JOB_STORE] = ENROL_EV_STORED,
                                 [ENROL_JOB_DELETE] = ENROL_EV_DELETED};
    struct enrol_job *j = (struct enrol_job *)job;
    struct rf_enrol *e = j->enrol;
    if (reader != NULL && e != NULL && save_next(j))
        return;
    if (reader != NULL && e != NULL) {
        struct enrol_data data = {.why = &j->why};
        enrol_run(e, j->err == RF_OK ? events[j->kind] : ENROL_EV_JOB_FAILED, &data);
    }
    if (e != NULL && e->job == j)
        e->job = NULL;
    enrol_job_free(j);
}

struct enrol_job *enrol_job_new(struct rf_enrol *e, enum enrol_job_kind kind)
{
    struct enrol_job *j = rf_new(struct enrol_job);
    j->job = (struct rf_job){.work = work, .done = done, .answer_to = e->conf.answers};
    j->enrol = e;
    j->kind = kind;
    j->flash = e->conf.flash;
    j->flash_arg = e->conf.flash_arg;
    memcpy(j->device, e->device, sizeof j->device);
    j->sha1 = j->sha512 = j->sudi_sha1 = j->sudi_sha512 = RF_BUF(RF_SIGNATURE_MAX);
    j->der = RF_BUF(RF_CERT_DER_MAX);
    return j;
}

bool enrol_job_post(struct rf_enrol *e, struct enrol_job *j)
{
    j->is_apart = j->kind == ENROL_JOB_KEY && e->conf.key_worker != NULL;
    enum rf_err err = rf_worker_post(j->is_apart ? e->conf.key_worker : e->conf.worker, &j->job);
    if (err == RF_OK) {
        e->job = j;
        return true;
    }
    enrol_job_free(j);
    e->may_retry = true;
    rf_why_set(&e->why, err, "busy", "this phone has no time for an enrolment now");
    return false;
}

void enrol_job_drop(struct enrol_job *j)
{
    if (j != NULL)
        atomic_store(&j->is_dropped, true);
}

void enrol_job_free(struct enrol_job *j)
{
    rf_key_free(j->key);
    rf_cert_unref(j->cert);
    rf_buf_fini(&j->sha1);
    rf_buf_fini(&j->sha512);
    rf_buf_fini(&j->sudi_sha1);
    rf_buf_fini(&j->sudi_sha512);
    rf_buf_fini(&j->der);
    rf_free(j);
}
