/* SPDX-License-Identifier: Apache-2.0 */
#include "service/capf/capf_sessions.h"

#include "base/faults.h"
#include "base/metrics.h"
#include "base/random.h"
#include "base/text.h"
#include "service/capf/capf_int.h"
#include "service/capf/capf_sources.h"

#include <stdio.h>
#include <string.h>

/* Lines and events a minute about sessions that proved nothing: those that named no device of ours,
 * and those of a device, or the few that share its place. Anybody can learn a name. */
#define UNPROVED_PER_MINUTE 30
#define UNPROVED_PLACES     32
/* No string is judged for so long after a wrong one that could not be counted. */
#define UNCOUNTED_MS 60000
/* Above so many sessions each new one ends the oldest in which nobody has said a word: who connects
 * and is silent must not keep phones out. */
#define CROWDED (RF_CAPF_SESSIONS_MAX - 16)

/* What jobs hold on to: they may come back when the sessions are gone. Loop's thread. */
struct home {
    struct rf_capf_sessions *all; /* NULL: gone */
    uint32_t refs;
};

struct rf_capf_sessions {
    struct rf_capf_sessions_conf conf;
    struct capf_knobs knobs;
    struct rf_handles *handles;
    struct home *home;
    uint32_t jobs;
    uint64_t opened;          /* ever */
    uint64_t strings_from_ms; /* none is judged before */
    struct capf_sources *sources;
    struct rf_log_limit strangers;
    struct rf_log_limit unproved[UNPROVED_PLACES];
};

struct capf_job {
    struct rf_job job;
    struct home *home;
    rf_handle session;
    struct capf_case *c;
    capf_work work;
    int event;
};

static void home_unref(struct home *home)
{
    if (--home->refs == 0)
        rf_free(home);
}

static void sweep(struct rf_capf_sessions *all);

static struct rf_anchors *anchors_ref(struct rf_anchors *anchors)
{
    return anchors != NULL ? rf_anchors_ref(anchors) : NULL;
}

struct rf_capf_sessions *rf_capf_sessions_new(const struct rf_capf_sessions_conf *conf)
{
    struct rf_capf_sessions *all = rf_new(struct rf_capf_sessions);
    all->conf = *conf;
    all->conf.knobs = NULL;
    rf_anchors_ref(all->conf.anchors);
    rf_cert_ref(all->conf.lsc_issuer);
    all->conf.listed = anchors_ref(conf->listed);
    all->conf.cas = anchors_ref(conf->cas);
    all->handles = rf_handles_new(RF_CAPF_SESSIONS_MAX);
    all->sources = capf_sources_new();
    all->home = rf_new(struct home);
    *all->home = (struct home){.all = all, .refs = 1};
    rf_capf_sessions_set_knobs(all, conf->knobs);
    sweep(all);
    return all;
}

void rf_capf_sessions_set_knobs(struct rf_capf_sessions *all, const struct rf_site_conf *knobs)
{
    all->knobs =
        (struct capf_knobs){.null_string = knobs->capf_null_string,
                            .bare_digest = knobs->capf_bare_digest,
                            .accept_mic = knobs->accept_mic_for_capf,
                            .expired_mic = knobs->expired_mic,
                            .sha1_certs = knobs->capf_sha1_certs,
                            .subject_has_model = knobs->lsc_subject == RF_SITE_SUBJECT_MODEL,
                            .rsa_min = knobs->rsa_min,
                            .lsc_days = knobs->lsc_days,
                            .lsc_key_bits = knobs->lsc_key_bits,
                            .lsc_issuer = knobs->lsc_issuer,
                            .cmp_wait_s = knobs->cmp_wait_s,
                            .keepalive_ms = knobs->capf_keepalive_s * 1000u};
    capf_sources_set(all->sources, knobs->capf_source_tries, knobs->capf_source_wait_s);
    snprintf(all->knobs.legacy_models, sizeof all->knobs.legacy_models, "%s", knobs->legacy_models);
}

void rf_capf_sessions_set_anchors(struct rf_capf_sessions *all, struct rf_anchors *anchors)
{
    rf_anchors_ref(anchors);
    rf_anchors_unref(all->conf.anchors);
    all->conf.anchors = anchors;
}

uint32_t rf_capf_sessions_n(const struct rf_capf_sessions *all)
{
    return rf_handles_n(all->handles);
}

uint32_t rf_capf_sessions_jobs(const struct rf_capf_sessions *all)
{
    return all->jobs;
}

void rf_capf_sessions_each_link(const struct rf_capf_sessions *all,
                                void (*fn)(void *arg, uint64_t link), void *arg)
{
    uint32_t at = 0;
    const struct capf_session *s;
    while ((s = rf_handles_next(all->handles, &at)) != NULL)
        if (!s->is_lost)
            fn(arg, s->link);
}

static void session_free(struct capf_session *s)
{
    capf_string_judged(s);
    rf_timer_stop(s->all->conf.timers, &s->timer);
    rf_handle_remove(s->all->handles, s->handle);
    capf_case_free(s->c);
    rf_free(s);
}

void rf_capf_sessions_free(struct rf_capf_sessions *all)
{
    if (all == NULL)
        return;
    uint32_t at = 0;
    struct capf_session *s;
    while ((s = rf_handles_next(all->handles, &at)) != NULL)
        session_free(s);
    rf_handles_free(all->handles);
    capf_sources_free(all->sources);
    all->home->all = NULL;
    home_unref(all->home);
    rf_anchors_unref(all->conf.anchors);
    rf_cert_unref(all->conf.lsc_issuer);
    rf_anchors_unref(all->conf.listed);
    rf_anchors_unref(all->conf.cas);
    rf_free(all);
}

/* ---- events into a session ---- */

/* The session may be gone afterwards. */
static void deliver(struct capf_session *s, int event, const void *data)
{
    struct rf_capf_sessions *all = s->all;
    rf_fsm_handle(&s->fsm, event, data);
    if (s->fsm.state != CAPF_ST_ENDED)
        return;
    struct rf_why why = {0};
    uint64_t link = s->link;
    bool is_lost = s->is_lost;
    rf_why_set(&why, RF_OK, "closed-here", "the session has ended");
    session_free(s);
    if (!is_lost)
        all->conf.ops->close(all->conf.ops_arg, link, &why);
}

static void on_timer(void *owner, uint64_t number)
{
    struct rf_capf_sessions *all = owner;
    struct capf_session *s = rf_handle_find(all->handles, (rf_handle)number);
    if (s == NULL)
        return;
    s->timer = 0;
    deliver(s, s->fsm.state == CAPF_ST_CA_BUSY ? CAPF_EV_T_CA : CAPF_EV_T_SILENT, NULL);
}

void capf_timer_start(struct capf_session *s, uint64_t ms)
{
    rf_timer_stop(s->all->conf.timers, &s->timer);
    s->timer = rf_timer_start(s->all->conf.timers, ms, on_timer, s->all, s->handle);
}

void capf_entered(struct capf_session *s, int state)
{
    const struct rf_capf_sessions_conf *conf = &s->all->conf;
    bool is_waiting = capf_state_waits(state);
    rf_timer_stop(conf->timers, &s->timer);
    if (is_waiting)
        capf_timer_start(s,
                         state == CAPF_ST_WAIT_KEY ? s->c->knobs.keepalive_ms : RF_CAPF_ANSWER_MS);
    if (state == CAPF_ST_CA_BUSY) /* the phone's bytes wait as well */
        capf_timer_start(s, s->c->ca_after_ms);
    if (!s->is_lost)
        conf->ops->hold(conf->ops_arg, s->link, !is_waiting);
}

static size_t count_from(const struct rf_capf_sessions *all, const char *host)
{
    size_t n = 0;
    uint32_t at = 0;
    const struct capf_session *s;
    while ((s = rf_handles_next(all->handles, &at)) != NULL)
        n += strcmp(s->host, host) == 0;
    return n;
}

static struct capf_case *case_new(const struct rf_capf_sessions *all, const struct capf_session *s)
{
    struct capf_case *c = rf_new(struct capf_case);
    c->session_id = s->id;
    memcpy(c->host, s->host, sizeof c->host);
    c->is_legacy = s->is_legacy;
    c->knobs = all->knobs;
    c->anchors = rf_anchors_ref(all->conf.anchors);
    c->lsc_issuer = rf_cert_ref(all->conf.lsc_issuer);
    c->listed = anchors_ref(all->conf.listed);
    c->cas = anchors_ref(all->conf.cas);
    c->blocked = all->conf.blocked;
    c->revocation = all->conf.revocation;
    c->issuer_key = all->conf.issuer_key;
    c->frame = RF_BUF(RF_CAPF_BODY_MAX);
    c->given = RF_BUF(RF_CAPF_CERT_MAX);
    return c;
}

static void make_room(struct rf_capf_sessions *all)
{
    uint32_t at = 0;
    struct capf_session *s;
    struct capf_session *oldest = NULL;
    if (rf_handles_n(all->handles) < CROWDED || rf_fault_skips("capf.silent-make-room"))
        return;
    while ((s = rf_handles_next(all->handles, &at)) != NULL)
        if (s->fsm.state == CAPF_ST_WAIT_AUTH && (oldest == NULL || s->number < oldest->number))
            oldest = s;
    if (oldest != NULL)
        deliver(oldest, CAPF_EV_T_SILENT, NULL);
}

rf_handle rf_capf_session_open(struct rf_capf_sessions *all, uint64_t link, const char *host,
                               bool is_legacy)
{
    if (!rf_fault_skips("capf.sessions-per-address") &&
        count_from(all, host) >= RF_CAPF_SESSIONS_PER_ADDRESS) {
        rf_count(CAPF_REFUSED);
        return 0;
    }
    make_room(all);
    struct capf_session *s = rf_new(struct capf_session);
    s->all = all;
    s->number = ++all->opened;
    s->link = link;
    s->is_legacy = is_legacy;
    s->id = rf_random_u32(); /* A5: not to be guessed, and fresh for the SUDI data */
    snprintf(s->host, sizeof s->host, "%s", host);
    s->handle = rf_handle_add(all->handles, s);
    if (s->handle == 0) {
        rf_count(CAPF_REFUSED);
        rf_free(s);
        return 0;
    }
    s->c = case_new(all, s);
    rf_count(CAPF_SESSIONS);
    capf_fsm_init(s);
    rf_handle handle = s->handle;
    deliver(s, CAPF_EV_OPENED, NULL);
    return handle;
}

/* ---- messages ---- */

static int event_of(uint8_t command)
{
    switch (command) {
    case RF_CAPF_AUTH_RES:
        return CAPF_EV_AUTH_RES;
    case RF_CAPF_IN_PROGRESS:
        return CAPF_EV_IN_PROGRESS;
    case RF_CAPF_KEYGEN_RES:
        return CAPF_EV_KEYGEN_RES;
    case RF_CAPF_STORE_CERT_RES:
        return CAPF_EV_STORE_RES;
    case RF_CAPF_DELETE_CERT_RES:
        return CAPF_EV_DELETE_RES;
    case RF_CAPF_FETCH_CERT_RES:
        return CAPF_EV_FETCH_RES;
    default:
        return CAPF_EV_BAD;
    }
}

static void bad(struct capf_session *s)
{
    deliver(s, CAPF_EV_BAD, NULL);
}

static void take_frame(struct capf_session *s, const struct rf_capf_frame *frame)
{
    struct rf_capf_msg msg;
    s->why = (struct rf_why){0};
    if (!rf_fault_skips("capf.session-id") && frame->session != s->id) {
        rf_why_set(&s->why, RF_ERR_BAD, "capf-session", "%s of session %08x in session %08x",
                   rf_capf_command_name(frame->command), frame->session, s->id);
        bad(s);
        return;
    }
    if (rf_capf_decode(frame, &msg, &s->why) != RF_OK) {
        bad(s);
        return;
    }
    rf_debug(RF_CAT_CAPF, "in %s session=%08x dev=%s unknown_elements=%zu",
             rf_capf_command_name(msg.command), s->id, s->shown, msg.unknown_n);
    int event = event_of(msg.command);
    if (event == CAPF_EV_BAD)
        rf_why_set(&s->why, RF_ERR_BAD, "capf-command", "%s (%u) is not served",
                   rf_capf_command_name(msg.command), msg.command);
    struct capf_in in = {.frame = frame, .msg = &msg};
    deliver(s, event, &in);
}

/* Only while the session waits for the phone: what comes earlier is left where it is. */
size_t rf_capf_session_data(struct rf_capf_sessions *all, rf_handle session, struct rf_slice data)
{
    size_t used = 0;
    struct capf_session *s;
    while ((s = rf_handle_find(all->handles, session)) != NULL && capf_state_waits(s->fsm.state)) {
        struct rf_capf_frame frame;
        size_t n = 0;
        struct rf_why why = {0};
        enum rf_err err = rf_capf_frame_next(rf_slice_part(data, used, SIZE_MAX), &frame, &n, &why);
        if (err == RF_ERR_AGAIN)
            break;
        if (err != RF_OK) {
            s->why = why;
            bad(s);
            break;
        }
        used += n;
        take_frame(s, &frame);
    }
    return rf_handle_find(all->handles, session) == NULL ? data.len : used;
}

void rf_capf_session_lost(struct rf_capf_sessions *all, rf_handle session, const struct rf_why *why)
{
    struct capf_session *s = rf_handle_find(all->handles, session);
    if (s == NULL)
        return;
    s->is_lost = true;
    s->why = *why;
    if (s->c != NULL)
        deliver(s, CAPF_EV_LOST, NULL);
}

void capf_send(struct capf_session *s, struct rf_capf_msg *msg)
{
    const struct rf_capf_sessions_conf *conf = &s->all->conf;
    uint8_t buf[RF_CAPF_FRAME_MAX];
    struct rf_slice frame;
    if (s->is_lost)
        return;
    msg->session = s->id;
    enum rf_err err = rf_capf_encode(msg, buf, sizeof buf, &frame);
    rf_bug_on(err != RF_OK); /* our own certificates and numbers: all bounded */
    /* doc: docs/wire/capf.md, "Frame": in one write. A link that takes no more is lost, and says
     * so. */
    err = conf->ops->send(conf->ops_arg, s->link, frame);
    rf_debug(RF_CAT_CAPF, "out %s session=%08x dev=%s%s", rf_capf_command_name(msg->command), s->id,
             s->device, err == RF_OK ? "" : " failed");
}

/* ---- workers ---- */

struct rf_worker *capf_store_worker(const struct capf_session *s)
{
    return s->all->conf.store;
}

struct rf_worker *capf_signer_worker(const struct capf_session *s)
{
    return s->all->conf.signer;
}

struct rf_worker *capf_check_worker(const struct capf_session *s)
{
    return s->all->conf.checks;
}

struct rf_worker *capf_ca_worker(const struct capf_session *s)
{
    return s->all->conf.ca;
}

static void job_work(struct rf_job *job, void *worker_state)
{
    struct capf_job *j = (struct capf_job *)job;
    j->event = j->work(j->c, worker_state);
}

/* The database's worker groups: what a step wrote is kept, or not, after the step. */
static void job_settled(struct rf_job *job, enum rf_err err, const struct rf_why *why)
{
    struct capf_job *j = (struct capf_job *)job;
    if (err == RF_OK || rf_fault_skips("capf.not-kept"))
        capf_kept(j->event);
    else
        j->event = capf_not_kept(j->c, j->event, why);
}

/* Whom a loss concerns: what was begun and cannot be undone goes on, and a refusal is written down
 * as what it is. */
static int event_after_loss(int event)
{
    switch (event) {
    case CAPF_EV_HELD:
    case CAPF_EV_CONFIRMED:
    case CAPF_EV_DONE:
    case CAPF_EV_REFUSED:
    case CAPF_EV_RECORDED:
        return event;
    default:
        return CAPF_EV_LOST;
    }
}

static void job_done(struct rf_job *job, void *reader)
{
    struct capf_job *j = (struct capf_job *)job;
    struct rf_capf_sessions *all = reader != NULL ? j->home->all : NULL;
    struct capf_session *s = NULL;
    int event = j->event;
    if (all != NULL) {
        all->jobs--;
        s = rf_handle_find(all->handles, j->session);
    }
    if (s != NULL)
        s->c = j->c;
    else
        capf_case_free(j->c);
    home_unref(j->home);
    rf_free(j);
    if (s != NULL)
        deliver(s, s->is_lost ? event_after_loss(event) : event, NULL);
}

static struct capf_job *job_new(struct rf_capf_sessions *all, rf_handle session,
                                struct capf_case *take_case, capf_work work)
{
    struct capf_job *j = rf_new(struct capf_job);
    j->job = (struct rf_job){
        .work = job_work, .done = job_done, .answer_to = all->conf.answers, .settled = job_settled};
    j->home = all->home;
    j->home->refs++;
    j->session = session;
    j->work = work;
    j->c = take_case;
    j->c->now_s = rf_wall_s(all->conf.clock);
    all->jobs++;
    return j;
}

/* Before any session's jobs, since the worker takes them in order. */
static void sweep(struct rf_capf_sessions *all)
{
    struct capf_job *j = job_new(all, 0, rf_new(struct capf_case), capf_sweep);
    if (rf_worker_post(all->conf.store, &j->job) == RF_OK)
        return;
    rf_warn(RF_CAT_CAPF, "operations left \"in progress\" stay so: the database worker is full");
    job_done(&j->job, all);
}

static void take_back(struct capf_session *s, struct capf_job *j)
{
    s->c = j->c;
    s->all->jobs--;
    home_unref(j->home);
    bool is_recording = j->work == capf_record;
    rf_free(j);
    if (is_recording) {
        rf_error(RF_CAT_CAPF, "the database worker is full: not written down dev=%s code=%s",
                 s->shown, s->c->end.code);
        s->c->is_unwritten = true;
        rf_fsm_post(&s->fsm, CAPF_EV_RECORDED, NULL, 0);
        return;
    }
    capf_refuse(s->c, s->c->is_admitted ? CAPF_RECORD_FAIL : CAPF_RECORD_NOTHING, CAPF_REASON_NONE,
                "busy", "a worker has no room; the phone comes again");
    rf_fsm_post(&s->fsm, CAPF_EV_REFUSED, NULL, 0);
}

/* What is not proved fills neither the list of events nor the log; a try that was used up is
 * written down whatever came before. */
static bool may_record(struct rf_capf_sessions *all, const struct capf_case *c)
{
    struct rf_log_limit *limit = &all->strangers;
    struct rf_rd rd = rf_rd_of(rf_slice_str(c->device));
    uint32_t h = 2166136261u;
    uint8_t letter;
    if (c->is_admitted || c->end.record == CAPF_RECORD_TRY)
        return true;
    bool has_place = c->is_known && !c->is_source_waiting; /* else one address fills all places */
    while (has_place && rf_rd_u8(&rd, &letter))
        h = (h ^ letter) * 16777619u;
    if (has_place)
        limit = &all->unproved[h % UNPROVED_PLACES];
    return rf_log_allows(limit, UNPROVED_PER_MINUTE, rf_now_ms(all->conf.clock));
}

void capf_ask(struct capf_session *s, struct rf_worker *worker, capf_work work)
{
    struct rf_capf_sessions *all = s->all;
    if (work == capf_record && !may_record(all, s->c)) {
        s->c->end.record = CAPF_RECORD_NOTHING;
        rf_fsm_post(&s->fsm, CAPF_EV_RECORDED, NULL, 0);
        return;
    }
    struct capf_job *j = job_new(all, s->handle, rf_steal(&s->c), work);
    if (rf_worker_post(worker, &j->job) != RF_OK)
        take_back(s, j);
}

bool capf_counts_tries(const struct capf_session *s)
{
    return rf_now_ms(s->all->conf.clock) >= s->all->strings_from_ms ||
           rf_fault_skips("capf.uncounted-try");
}

/* What is judged for the session has its place until it was found right or wrong. */
bool capf_may_judge(struct capf_session *s)
{
    s->is_judged = capf_source_take(s->all->sources, s->host, rf_now_ms(s->all->conf.clock));
    if (!s->is_judged)
        rf_count(CAPF_SOURCE_REFUSED);
    return s->is_judged;
}

void capf_string_judged(struct capf_session *s)
{
    bool is_wrong = s->c != NULL && s->c->end.record == CAPF_RECORD_TRY;
    if (!s->is_judged)
        return;
    s->is_judged = false;
    if (is_wrong)
        s->c->source_wait_s =
            capf_source_wrong(s->all->sources, s->host, rf_now_ms(s->all->conf.clock));
    else
        capf_source_right(s->all->sources, s->host);
}

size_t rf_capf_sessions_waiting(const struct rf_capf_sessions *all, struct rf_capf_waiting *out,
                                size_t max)
{
    return capf_sources_waiting(all->sources, rf_now_ms(all->conf.clock), out, max);
}

bool capf_is_taken(const struct capf_session *s, struct rf_slice device)
{
    uint32_t at = 0;
    const struct capf_session *other;
    while ((other = rf_handles_next(s->all->handles, &at)) != NULL)
        if (other != s && rf_slice_eq_str(device, other->device))
            return true;
    return false;
}

/* ---- the end ---- */

static void log_done(const struct capf_session *s)
{
    const struct capf_case *c = s->c;
    char lsc[17];
    rf_info(RF_CAT_CAPF, "certificate operation done dev=%s op=%s auth=%s cert=%s from=%s",
            s->device, rf_store_op_name(c->op.op), rf_store_auth_name(c->op.auth),
            c->lsc.der.len > 0 ? capf_short(&c->lsc, lsc)
            : c->shown != NULL ? rf_cert_short(c->shown)
                               : "-",
            s->host);
}

static void log_refused(const struct capf_session *s)
{
    const struct capf_ending *end = &s->c->end;
    enum rf_log_level level = end->severity == RF_STORE_ERROR  ? RF_LOG_ERROR
                              : end->severity == RF_STORE_WARN ? RF_LOG_WARN
                                                               : RF_LOG_INFO;
    char text[RF_WHY_TEXT_MAX];
    if (end->record == CAPF_RECORD_NOTHING && end->severity != RF_STORE_ERROR)
        level = RF_LOG_DEBUG; /* a stranger who left, or one too many who proved nothing */
    rf_log(RF_CAT_CAPF, level, "session ended: %s dev=%s code=%s reason=%d from=%s",
           rf_escape(rf_slice_str(end->text), text, sizeof text), s->shown, end->code, end->reason,
           s->host);
}

void capf_tell_changed(const struct capf_session *s, bool is_done)
{
    const struct rf_capf_sessions_conf *conf = &s->all->conf;
    if (conf->on_changed != NULL)
        conf->on_changed(conf->arg, s->device, is_done);
}

void capf_over(struct capf_session *s)
{
    const struct capf_case *c = s->c;
    bool has_failed =
        !c->is_done && (c->end.record == CAPF_RECORD_FAIL || c->end.record == CAPF_RECORD_TRY);
    if (c->is_done) {
        log_done(s);
    } else {
        log_refused(s);
        rf_count(CAPF_REFUSED);
    }
    if (c->end.record == CAPF_RECORD_TRY && c->is_unwritten)
        s->all->strings_from_ms = rf_now_ms(s->all->conf.clock) + UNCOUNTED_MS;
    if (c->is_done || has_failed || c->has_confirmed)
        capf_tell_changed(s, c->is_done);
}
