/* SPDX-License-Identifier: Apache-2.0 */
/* The walk: the order of a phone's boot, what is asked for in each step, and which judge sees it.
 * doc: docs/ringphone.md, "How it boots" */
#include "service/doctor/doctor_int.h"

#include "base/text.h"
#include "trust/encfile.h"

#include <stdio.h>
#include <string.h>

/* ---- B4, B5: the lists ---- */

static struct rf_list **place(struct rf_lists *lists, enum rf_list_kind kind)
{
    return kind == RF_LIST_CTL ? &lists->ctl : &lists->itl;
}

int64_t doctor_now_s(const struct doctor_walk *w)
{
    return w->conf->now_s != 0 ? w->conf->now_s : rf_wall_s(rf_loop_clock(w->conf->loop));
}

static void take_list(struct doctor_walk *w, enum rf_list_kind kind, const char *name,
                      struct rf_slice bytes)
{
    struct doctor_list_ask ask = {.kind = kind,
                                  .name = name,
                                  .bytes = bytes,
                                  .lists = &w->lists,
                                  .model = w->conf->patient->model,
                                  .now_s = doctor_now_s(w)};
    struct doctor_list found;
    doctor_judge_list(w->report, &ask, &found);
    if (found.list != NULL && (found.is_taken || found.is_as_if))
        rf_lists_install(&w->lists, kind, found.list);
    else if (found.list != NULL)
        *place(&w->refused, kind) = rf_list_ref(found.list);
    rf_list_unref(found.list);
}

enum answer { THERE, MISSING, SILENT };

/* Silence is not judged here: whether the server says anything at all is known only later. */
static enum answer try_list(struct doctor_walk *w, enum rf_list_kind kind, const char *name)
{
    enum rf_doctor_step step = kind == RF_LIST_CTL ? RF_DOCTOR_CTL : RF_DOCTOR_ITL;
    struct doctor_got got;
    doctor_get_told(w, name, &got);
    if (got.result == RF_FETCH_OK)
        take_list(w, kind, name, rf_buf_slice(&got.bytes));
    else if (got.result == RF_FETCH_TOO_LONG)
        doctor_say(w->report, step, RF_DOCTOR_LIST_SIZE, name, "%s", got.why.text);
    else if (got.result != RF_FETCH_NOT_FOUND && got.result != RF_FETCH_TIMEOUT)
        doctor_judge_fetch(w->report, step, name, got.result, &got.why, true);
    enum answer answer = got.result == RF_FETCH_NOT_FOUND ? MISSING
                         : got.result == RF_FETCH_TIMEOUT ? SILENT
                                                          : THERE;
    doctor_got_fini(&got);
    return answer;
}

static void tell_list(struct doctor_walk *w, enum rf_list_kind kind, const char *name,
                      enum answer answer)
{
    enum rf_doctor_step step = kind == RF_LIST_CTL ? RF_DOCTOR_CTL : RF_DOCTOR_ITL;
    const struct rf_list *have = *place(&w->lists, kind);
    if (answer == MISSING)
        doctor_well(w->report, step, name, "not there%s",
                    have != NULL ? ": the phone keeps the one it has" : "");
    else if (answer == SILENT)
        doctor_say(w->report, step, w->is_heard ? RF_DOCTOR_FILE_SILENT : RF_DOCTOR_SERVER_SILENT,
                   name, "%s", "");
}

void doctor_walk_lists(struct doctor_walk *w)
{
    char ctl_name[DOCTOR_NAME_MAX], itl_name[DOCTOR_NAME_MAX];
    snprintf(ctl_name, sizeof ctl_name, "CTL%s.tlv", w->conf->patient->device);
    snprintf(itl_name, sizeof itl_name, "ITL%s.tlv", w->conf->patient->device);
    enum answer ctl = try_list(w, RF_LIST_CTL, ctl_name);
    if (ctl != SILENT)
        tell_list(w, RF_LIST_CTL, ctl_name, ctl);
    enum answer itl = try_list(w, RF_LIST_ITL, itl_name);
    w->has_own_list = ctl == THERE || itl == THERE;
    if (itl == MISSING)
        itl = try_list(w, RF_LIST_ITL, rf_list_kind_file(RF_LIST_ITL));
    if (ctl == SILENT)
        tell_list(w, RF_LIST_CTL, ctl_name, ctl);
    if (itl != SILENT || w->is_heard)
        tell_list(w, RF_LIST_ITL, itl_name, itl);
    if (ctl == MISSING && itl == MISSING && rf_lists_is_empty(&w->lists))
        doctor_say(w->report, RF_DOCTOR_ITL, RF_DOCTOR_NO_LISTS, "", "%s", "");
}

/* ---- B6, B7: the configuration ---- */

static struct doctor_config_ask config_ask(const struct doctor_walk *w, enum rf_doctor_step step,
                                           const char *name, const struct rf_phonexml *c)
{
    return (struct doctor_config_ask){.step = step,
                                      .name = name,
                                      .config = c,
                                      .lists = &w->lists,
                                      .patient = w->conf->patient,
                                      .has_string = w->conf->auth_string != NULL &&
                                                    w->conf->auth_string->len > 0};
}

/* Nothing under this name. Why? */
static void config_missing(struct doctor_walk *w, const char *name)
{
    struct rf_doctor_report *r = w->report;
    char other[DOCTOR_NAME_MAX];
    struct doctor_got got;
    bool wants_signed = rf_lists_wants_signed(&w->lists);
    if (wants_signed) {
        snprintf(other, sizeof other, "%s.cnf.xml", w->conf->patient->device);
        doctor_get(w, NULL, other, DOCTOR_LOOK_MAX, &got);
        bool is_there = got.result == RF_FETCH_OK && got.bytes.len > 0;
        doctor_got_fini(&got);
        if (is_there) {
            doctor_say(r, RF_DOCTOR_CONFIG, RF_DOCTOR_UNSIGNED_ONLY, name, "%s is there", other);
            return;
        }
    }
    if (doctor_other_case(w, NULL, name, other, sizeof other)) {
        doctor_say(r, RF_DOCTOR_CONFIG, RF_DOCTOR_NAME_CASE, name, "there is %s", other);
        return;
    }
    snprintf(other, sizeof other, "XMLDefault.cnf.xml%s", wants_signed ? ".sgn" : "");
    doctor_get(w, NULL, other, DOCTOR_LOOK_MAX, &got);
    doctor_say(r, RF_DOCTOR_CONFIG, RF_DOCTOR_DEVICE_UNKNOWN, name, "%s; %s is %s",
               w->has_own_list ? "there are trust lists under its name" : "nothing has its name",
               other, got.result == RF_FETCH_OK ? "there" : "not there either");
    doctor_got_fini(&got);
}

/* Verify, where the phone would. True: `body` may be read. */
static bool open_file(struct doctor_walk *w, enum rf_doctor_step step, const char *name,
                      struct rf_slice bytes, struct rf_slice *body, enum rf_signedfile_kind *kind)
{
    struct doctor_file file;
    struct doctor_file_ask ask = {.step = step,
                                  .name = name,
                                  .bytes = bytes,
                                  .lists = &w->lists,
                                  .refused = &w->refused,
                                  .model = w->conf->patient->model,
                                  .now_s = doctor_now_s(w),
                                  .previous_timestamp = w->conf->patient->config_timestamp};
    *body = bytes;
    *kind = RF_SIGNEDFILE_KIND_FILE;
    if (!rf_slice_ends_with(rf_slice_str(name), ".sgn")) {
        if (!doctor_judge_bytes(w->report, step, name, bytes))
            return false;
        doctor_well(w->report, step, name, "%zu bytes, unsigned: no list names a file signer",
                    bytes.len);
        return true;
    }
    doctor_judge_file(w->report, &ask, &file);
    *body = file.info.body;
    *kind = file.info.kind;
    return file.is_ours;
}

/* What only the whole configuration names. */
static void skip_unread(struct doctor_walk *w)
{
    w->report->is_skipped[RF_DOCTOR_FILES] = true;
    w->report->is_skipped[RF_DOCTOR_CM] = true;
    w->report->is_skipped[RF_DOCTOR_TVS] = true;
    w->report->is_skipped[RF_DOCTOR_REGISTER] = w->conf->with_register;
}

/* The encrypted file behind a stub. */
static void open_encrypted(struct doctor_walk *w, const char *name, struct rf_slice bytes)
{
    RF_AUTO(rf_buf_wipe) struct rf_buf plain = RF_BUF(RF_ENCFILE_PLAIN_MAX);
    RF_AUTO(rf_vault_freep) struct rf_vault_key *vault = NULL;
    const struct rf_doctor_patient *p = w->conf->patient;
    const struct rf_phone_id *own = p->lsc.cert != NULL ? &p->lsc : &p->mic;
    enum rf_signedfile_kind kind;
    struct rf_slice body;
    struct rf_why why = {0};
    if (!open_file(w, RF_DOCTOR_ENCRYPTED, name, bytes, &body, &kind))
        return;
    if (kind != RF_SIGNEDFILE_KIND_ENCRYPTED) {
        doctor_say(w->report, RF_DOCTOR_ENCRYPTED, RF_DOCTOR_WRONG_KIND, name,
                   "it is a %s, not encrypted", rf_signedfile_kind_name(kind));
        return;
    }
    if (own->key == NULL) {
        doctor_say(w->report, RF_DOCTOR_ENCRYPTED, RF_DOCTOR_CONFIG_UNREAD, name,
                   "give --flash, or --key with certificate and key in one file");
        skip_unread(w);
        return;
    }
    vault = rf_vault_key_from_key(own->key);
    if (rf_encfile_decrypt(bytes, vault, &plain, &why) != RF_OK) {
        doctor_say(w->report, RF_DOCTOR_ENCRYPTED, RF_DOCTOR_DECRYPT, name, "%s",
                   rf_why_text(&why));
        return;
    }
    w->config = doctor_judge_xml(w->report, RF_DOCTOR_ENCRYPTED, name, rf_buf_slice(&plain), false);
}

static void get_encrypted(struct doctor_walk *w)
{
    char name[DOCTOR_NAME_MAX];
    struct doctor_got got;
    snprintf(name, sizeof name, "%s.cnf.xml.enc.sgn", w->conf->patient->device);
    doctor_get(w, NULL, name, DOCTOR_LOOK_MAX, &got);
    if (got.result == RF_FETCH_OK)
        open_encrypted(w, name, rf_buf_slice(&got.bytes));
    else if (got.result == RF_FETCH_NOT_FOUND)
        doctor_say(w->report, RF_DOCTOR_ENCRYPTED, RF_DOCTOR_ENCRYPTED_MISSING, name, "%s", "");
    else
        doctor_judge_fetch(w->report, RF_DOCTOR_ENCRYPTED, name, got.result, &got.why, true);
    doctor_got_fini(&got);
}

static void take_config(struct doctor_walk *w, const char *name, struct rf_slice bytes)
{
    enum rf_signedfile_kind kind;
    struct rf_slice body;
    if (!open_file(w, RF_DOCTOR_CONFIG, name, bytes, &body, &kind))
        return;
    struct rf_phonexml *c = doctor_judge_xml(w->report, RF_DOCTOR_CONFIG, name, body, false);
    if (c == NULL)
        return;
    if (c->is_full && !c->is_encrypted) {
        w->config = c;
    } else {
        struct doctor_config_ask ask = config_ask(w, RF_DOCTOR_CONFIG, name, c);
        w->stub = c;
        if (doctor_judge_stub(w->report, &ask))
            get_encrypted(w);
    }
    if (w->config != NULL) {
        struct doctor_config_ask ask = config_ask(w, RF_DOCTOR_CONFIG, name, w->config);
        doctor_judge_config(w->report, &ask);
    }
}

void doctor_walk_config(struct doctor_walk *w)
{
    char name[DOCTOR_NAME_MAX];
    struct doctor_got got;
    bool was_heard = w->is_heard;
    snprintf(name, sizeof name, "%s.cnf.xml%s", w->conf->patient->device,
             rf_lists_wants_signed(&w->lists) ? ".sgn" : "");
    doctor_get_told(w, name, &got);
    if (got.result == RF_FETCH_OK)
        take_config(w, name, rf_buf_slice(&got.bytes));
    else if (got.result == RF_FETCH_NOT_FOUND)
        config_missing(w, name);
    else
        doctor_judge_fetch(w->report, RF_DOCTOR_CONFIG, name, got.result, &got.why, was_heard);
    doctor_got_fini(&got);
}

/* ---- all of it ---- */

static void walk_all(struct doctor_walk *w)
{
    doctor_judge_self(w->report, w->conf->patient, doctor_now_s(w));
    doctor_walk_lists(w);
    if (doctor_has(w->report, RF_DOCTOR_SERVER_SILENT)) {
        doctor_walk_http(w);
        return;
    }
    doctor_walk_config(w);
    doctor_walk_http(w);
    doctor_walk_files(w);
    doctor_walk_load(w);
    doctor_walk_servers(w);
    doctor_walk_enrol(w);
    doctor_walk_register(w);
}

struct rf_doctor_report *rf_doctor_walk(const struct rf_doctor_conf *conf)
{
    struct rf_doctor_report *r = rf_new(struct rf_doctor_report);
    struct doctor_walk w = {.conf = conf, .report = r};
    rf_slice_to_str(rf_slice_str(conf->patient->device), r->device, sizeof r->device);
    rf_slice_to_str(rf_slice_str(conf->patient->model), r->model, sizeof r->model);
    snprintf(r->server, sizeof r->server, "%s:%u", conf->host, conf->port);
    r->on_line = conf->on_line;
    r->arg = conf->arg;
    if (conf->patient->lists.ctl != NULL)
        w.lists.ctl = rf_list_ref(conf->patient->lists.ctl);
    if (conf->patient->lists.itl != NULL)
        w.lists.itl = rf_list_ref(conf->patient->lists.itl);
    walk_all(&w);
    rf_lists_fini(&w.lists);
    rf_lists_fini(&w.refused);
    rf_phonexml_free(w.config);
    rf_phonexml_free(w.stub);
    return r;
}
