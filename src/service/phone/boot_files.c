/* SPDX-License-Identifier: Apache-2.0 */
/* Asking for files, and what becomes of the trust lists and the configuration: B4 to B7 of the
 * table in boot_fsm.c. */
#include "service/phone/boot_int.h"

#include "base/faults.h"
#include "base/text.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

/* ---- asking for files ---- */

void phone_fetch_end(struct rf_phone *p)
{
    if (p->fetch != NULL)
        p->conf.fetch->cancel(p->fetch);
    p->fetch = NULL;
    rf_buf_fini(&p->got);
}

static void on_fetched(void *arg, enum rf_fetch_result result, struct rf_buf *file,
                       const struct rf_why *why)
{
    struct rf_phone *p = arg;
    struct phone_values v;
    p->fetch = NULL;
    rf_buf_fini(&p->got);
    p->got = *file;
    *file = (struct rf_buf){0};
    p->got_result = result;
    p->got_why = *why;
    phone_note_way(p);
    phone_values_start(&v, RF_PHONE_FETCH);
    phone_add(&v, "file", p->file);
    phone_add(&v, "result", rf_fetch_result_name(result));
    phone_add_n(&v, "bytes", (int64_t)p->got.len);
    phone_add(&v, "via", rf_fetch_via_name(p->got_via));
    phone_emit(p, &v);
    phone_event(p, result == RF_FETCH_OK          ? PHONE_EV_GOT
                   : result == RF_FETCH_NOT_FOUND ? PHONE_EV_MISSING
                                                  : PHONE_EV_FAILED);
}

static void get_from(struct rf_phone *p, const char *host, size_t max)
{
    p->got_why = (struct rf_why){0};
    rf_buf_fini(&p->got);
    phone_tell_fetcher(p);
    if (p->conf.fetch->get(p->conf.fetcher, host, p->file, max, on_fetched, p, &p->fetch,
                           &p->got_why) == RF_OK)
        return;
    p->fetch = NULL;
    p->got_result = RF_FETCH_ERROR;
    phone_event(p, PHONE_EV_FAILED);
}

static RF_PRINTF(3, 4) void get(struct rf_phone *p, size_t max, const char *fmt, ...)
{
    va_list ap;
    va_start(ap, fmt);
    vsnprintf(p->file, sizeof p->file, fmt, ap);
    va_end(ap);
    get_from(p, NULL, max);
}

/* Firmware comes from a server of its own where the configuration names one, and then only there.
 */
void phone_get_image(struct rf_phone *p, const char *name, size_t max)
{
    const char *host = p->config->load_server;
    snprintf(p->file, sizeof p->file, "%s", name);
    get_from(p, host[0] != '\0' ? host : NULL, max);
}

/* MAC as it stands in file names. */
static const char *mac(const struct rf_phone *p)
{
    return p->flash->identity.device + 3;
}

/* Trouble on the way, in the words of a phone; never for a file that was refused. */
void phone_tell_transport(struct rf_phone *p, const char *too_long)
{
    phone_status(p, "%s",
                 p->got_result == RF_FETCH_TIMEOUT    ? "TFTP timeout"
                 : p->got_result == RF_FETCH_ACCESS   ? "TFTP access error"
                 : p->got_result == RF_FETCH_TOO_LONG ? too_long
                                                      : "TFTP error");
}

/* ---- B4, B5: the lists ---- */

static void get_ctl(struct rf_phone *p)
{
    /* A load that was installed and does not run now is not installed in a circle. */
    if (p->installed_load[0] != '\0' && strcmp(p->installed_load, p->firmware->name) != 0)
        memcpy(p->refused_load, p->installed_load, sizeof p->refused_load);
    p->note[RF_LIST_CTL] = (struct phone_list_note){.was_there = p->lists.ctl != NULL};
    p->note[RF_LIST_ITL] = (struct phone_list_note){.was_there = p->lists.itl != NULL};
    rf_cert_unref(rf_steal(&p->vouched)); /* TVS is asked anew, or its answer is kept still */
    p->is_common_itl = false;
    p->is_config_fresh = false;
    get(p, RF_TRUSTLIST_BYTES_MAX, "CTLSEP%s.tlv", mac(p));
}

void phone_act_get_ctl(void *self, const void *data)
{
    (void)data;
    get_ctl(self);
}

static void get_itl(struct rf_phone *p)
{
    get(p, RF_TRUSTLIST_BYTES_MAX, "ITLSEP%s.tlv", mac(p));
}

void phone_act_check_ctl(void *self, const void *data)
{
    (void)data;
    phone_do_list(self, RF_LIST_CTL);
}

void phone_act_check_itl(void *self, const void *data)
{
    (void)data;
    phone_do_list(self, RF_LIST_ITL);
}

void phone_act_get_itl(void *self, const void *data)
{
    (void)data;
    get_itl(self);
}

void phone_act_no_ctl(void *self, const void *data)
{
    (void)data;
    phone_status(self, "File Not Found %s", rf_list_kind_file(RF_LIST_CTL));
    get_itl(self);
}

/* The old list stays, whatever was wrong with the new one. */
static void list_refused(struct rf_phone *p, enum rf_list_kind kind)
{
    static const char *const not_verified[] = {"list-signer-unknown", "list-signer-role",
                                               "list-signer-not-own", "sig-mismatch",
                                               "time-rollback",       "time-future"};
    bool is_broken = true;
    struct phone_values v;
    phone_values_start(&v, RF_PHONE_LIST_REFUSED);
    phone_add(&v, "list", rf_list_kind_name(kind));
    phone_add(&v, "file", p->file);
    phone_add_why(&v, &p->got_why);
    phone_emit(p, &v);
    for (size_t i = 0; i < sizeof not_verified / sizeof *not_verified; i++)
        is_broken &= strcmp(not_verified[i], p->got_why.code) != 0;
    p->note[kind].is_refused = true;
    if (kind == RF_LIST_CTL && is_broken)
        phone_status(p, "CTL update failed");
    phone_status(p, "Trust List update failed");
    phone_alarm(p, RF_SCCP_ALARM_REASON_FILE_AUTH_FAILED, "list_rejected %s %s",
                rf_list_kind_name(kind), p->got_why.code);
}

/* One that is too long for a list is refused as any other; else it did not come. */
static void list_unfetched(struct rf_phone *p, enum rf_list_kind kind)
{
    if (p->got_result == RF_FETCH_TOO_LONG)
        list_refused(p, kind);
    else
        phone_tell_transport(p, "");
}

void phone_act_ctl_unfetched(void *self, const void *data)
{
    (void)data;
    list_unfetched(self, RF_LIST_CTL);
    get_itl(self);
}

void phone_act_ctl_refused(void *self, const void *data)
{
    (void)data;
    list_refused(self, RF_LIST_CTL);
    get_itl(self);
}

/* With a file signer in the lists nothing else is asked for. */
static const char *suffix(const struct rf_phone *p)
{
    return rf_lists_wants_signed(&p->lists) ? ".sgn" : "";
}

void phone_get_file(struct rf_phone *p, const char *name, size_t max)
{
    get(p, max, "%s%s", name, suffix(p));
}

static void get_device_file(struct rf_phone *p, const char *tail)
{
    p->is_enc_asked = strcmp(tail, ".enc.sgn") == 0;
    get(p, RF_FLASH_CONFIG_MAX, "%s.cnf.xml%s", p->flash->identity.device, tail);
}

/* Once a configuration came encrypted it is asked for first: no stub in between. */
static void get_config(struct rf_phone *p)
{
    rf_phonexml_free(rf_steal(&p->stub));
    p->is_default_asked = false;
    p->is_config_fresh = false;
    bool is_encrypted = p->state.is_encrypted && rf_lists_wants_signed(&p->lists);
    get_device_file(p, is_encrypted ? ".enc.sgn" : suffix(p));
}

/* Both lists are through: say once what became of them. */
static void lists_done(struct rf_phone *p)
{
    const struct phone_list_note *ctl = &p->note[RF_LIST_CTL], *itl = &p->note[RF_LIST_ITL];
    bool first_ctl = ctl->is_new && !ctl->was_there, first_itl = itl->is_new && !itl->was_there;
    if (first_ctl && first_itl)
        phone_status(p, "CTL and ITL installed");
    else if (first_ctl)
        phone_status(p, "CTL Installed");
    else if (first_itl)
        phone_status(p, "ITL installed");
    if ((ctl->is_new && ctl->was_there) || (itl->is_new && itl->was_there))
        phone_status(p, "Trust List updated");
    if (p->lists.ctl == NULL && p->lists.itl == NULL)
        phone_status(p, "No Trust List installed");
    get_config(p);
}

void phone_act_lists_done(void *self, const void *data)
{
    (void)data;
    lists_done(self);
}

/* The device's own list is not there: then the common one, and then none. */
void phone_act_other_itl(void *self, const void *data)
{
    struct rf_phone *p = self;
    (void)data;
    if (p->is_common_itl) {
        phone_event(p, PHONE_EV_ENOUGH);
        return;
    }
    p->is_common_itl = true;
    get(p, RF_TRUSTLIST_BYTES_MAX, "%s", rf_list_kind_file(RF_LIST_ITL));
}

void phone_act_itl_unfetched(void *self, const void *data)
{
    (void)data;
    list_unfetched(self, RF_LIST_ITL);
    lists_done(self);
}

void phone_act_itl_refused(void *self, const void *data)
{
    (void)data;
    list_refused(self, RF_LIST_ITL);
    lists_done(self);
}

/* ---- B6, B7: the configuration ---- */

void phone_act_get_config(void *self, const void *data)
{
    (void)data;
    get_config(self);
}

void phone_act_check_config(void *self, const void *data)
{
    (void)data;
    phone_do_config(self);
}

/* The default file fits every phone, so it never stands in for a device's file that was there.
 * Where only signed files are taken, a missing signed one does not lead to the unsigned name. */
void phone_act_other_config(void *self, const void *data)
{
    struct rf_phone *p = self;
    (void)data;
    /* Encryption was switched off: there is a plain one, or a stub. */
    if (p->is_enc_asked) {
        get_device_file(p, suffix(p));
        return;
    }
    phone_status(p, "File not found %s", p->file);
    bool has_own = (p->config != NULL && !p->config->is_default) || p->stub != NULL;
    if (p->is_default_asked || has_own || p->state.mode != 0) {
        phone_event(p, PHONE_EV_ENOUGH);
        return;
    }
    p->is_default_asked = true;
    get(p, RF_FLASH_CONFIG_MAX, rf_lists_wants_signed(&p->lists) ? "%s.cnf.xml.sgn" : "%s.cnf.xml",
        "XMLDefault");
}

void phone_act_config_unfetched(void *self, const void *data)
{
    (void)data;
    phone_tell_transport(self, "CFG TFTP Size Error");
    phone_event(self, PHONE_EV_ENOUGH);
}

bool phone_may_enrol(const struct rf_phone *p, const struct rf_phonexml *c)
{
    bool has_string = p->conf.auth_string != NULL && p->conf.auth_string->len > 0;
    return c->capf_n > 0 && !p->is_enrolled && !p->is_enrol_refused &&
           p->enrol_tries < PHONE_ENROL_TRIES &&
           (c->capf_auth_mode != RF_PHONEXML_CAPF_STRING || has_string);
}

/* For a key that is not ours any more: the stub says for which one. Whatever else was wrong with
 * it, the stored one goes on. */
void phone_act_config_refused(void *self, const void *data)
{
    struct rf_phone *p = self;
    (void)data;
    bool is_key = p->is_enc_asked && strcmp(p->got_why.code, "decrypt") == 0;
    phone_event(p, is_key ? PHONE_EV_TO_STUB : PHONE_EV_AS_STORED);
}

void phone_act_get_stub(void *self, const void *data)
{
    (void)data;
    get_device_file(self, suffix(self));
}

/* May CAPF be told of our certificate, because a file was encrypted for another one? In the mode by
 * string that is the user's to begin. One that was stored a moment ago, and whose session was lost
 * then, is known to the server as soon as we register with it. */
static bool may_rekey(const struct rf_phone *p)
{
    const struct rf_phonexml *stub = p->stub;
    bool is_on_its_way = p->is_unconfirmed && p->config != NULL;
    return stub != NULL && stub->capf_n > 0 && !p->is_enrol_refused && !is_on_its_way &&
           stub->capf_auth_mode != RF_PHONEXML_CAPF_STRING &&
           (rf_fault_skips("phone.rekeys") || p->rekeys < PHONE_ENROL_TRIES);
}

/* A stub says only what it takes to get the encrypted file: an enrolment that waits comes first,
 * then the file, if it is encrypted for the certificate we have.
 * doc: docs/provisioning.md, "What phones ask for" */
void phone_act_full_or_stub(void *self, const void *data)
{
    struct rf_phone *p = self;
    const struct rf_phonexml *stub = p->stub;
    const struct rf_cert *own = p->lsc.cert != NULL ? p->lsc.cert : p->mic.cert;
    (void)data;
    if (stub == NULL) {
        phone_event(p, PHONE_EV_FULL);
        return;
    }
    bool is_ours = strcmp(stub->cert_hash, rf_cert_md5(own)) == 0;
    bool is_due = stub->capf_auth_mode != RF_PHONEXML_CAPF_NONE && phone_may_enrol(p, stub);
    if (!stub->is_encrypted)
        phone_status(p, "Small config file with encrConfig == false");
    else if (!is_ours)
        phone_status(p, "Config file Certificate Mismatch");
    if (is_due || (stub->is_encrypted && !is_ours && may_rekey(p)))
        phone_event(p, PHONE_EV_ENROL);
    else if (stub->is_encrypted && is_ours)
        get_device_file(p, ".enc.sgn");
    else
        phone_event(p, PHONE_EV_AS_STORED);
}

void phone_act_enc_refused(void *self, const void *data)
{
    struct rf_phone *p = self;
    (void)data;
    /* For a key that is not ours any more: enrol, and both sides know it. */
    bool is_key = strcmp(p->got_why.code, "decrypt") == 0;
    phone_event(p, is_key && may_rekey(p) ? PHONE_EV_ENROL : PHONE_EV_AS_STORED);
}

void phone_act_enc_missing(void *self, const void *data)
{
    struct rf_phone *p = self;
    (void)data;
    if (p->got_result == RF_FETCH_NOT_FOUND)
        phone_status(p, "File not found %s", p->file);
    else
        phone_tell_transport(p, "CFG TFTP Size Error");
    phone_event(p, PHONE_EV_AS_STORED);
}
