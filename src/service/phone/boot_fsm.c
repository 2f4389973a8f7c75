/* SPDX-License-Identifier: Apache-2.0 */
/* The phone from power on to registered and back: the table, and what each row does. Each action
 * starts one thing; what comes of it is the next event.
 * doc: docs/security-rules.md, "Boot states". B1 to B3 (802.1X, DHCP, VPN) are the machine's that
 * a software phone runs on; S1 (SRST) is a part of R1: the station goes there. */
#include "service/phone/boot_int.h"

#include "service/site/families.h"

#include <stdio.h>
#include <string.h>

/* ---- B0 ---- */

static void act_boot(void *self, const void *data)
{
    struct rf_phone *p = self;
    (void)data;
    phone_settings_end(p);
    p->boots++;
    p->is_enrolled = false;
    p->is_unconfirmed = false;
    p->rekeys = 0;
    p->enrol_tries = 0;
    p->capf_at = 0;
    p->list_rounds = 0;
    phone_update_free(rf_steal(&p->update));
    phone_do_boot(p);
}

static void act_halt(void *self, const void *data)
{
    struct rf_phone *p = self;
    struct phone_values v;
    (void)data;
    phone_values_start(&v, RF_PHONE_HALTED);
    phone_add_why(&v, &p->got_why);
    phone_emit(p, &v);
}

/* ---- B8: the load ---- */

static const char *wanted_load(const struct rf_phone *p)
{
    const struct rf_phonexml *c = p->config;
    uint32_t model = rf_family_model_number(p->flash->identity.model);
    if (!c->is_default)
        return c->load_information;
    for (size_t i = 0; i < c->model_load_n; i++)
        if (c->model_load[i].model == model && model != 0)
            return c->model_load[i].load;
    return "";
}

/* Said once: from then on it is a load that was refused. */
static void refuse_circle(struct rf_phone *p, const char *load)
{
    struct rf_why why = {0};
    struct phone_values v;
    rf_why_set(&why, RF_ERR_DENIED, "load-circle",
               "firmware was changed %u times without registering: no more until the server resets "
               "this phone",
               p->installs);
    phone_values_start(&v, RF_PHONE_LOAD_REFUSED);
    phone_add(&v, "load", load);
    phone_add_why(&v, &why);
    phone_emit(p, &v);
    phone_alarm(p, RF_SCCP_ALARM_REASON_LOAD_REJECTED, "image_rejected %s", why.code);
    rf_slice_to_str(rf_slice_str(load), p->refused_load, sizeof p->refused_load);
}

static void act_decide_load(void *self, const void *data)
{
    struct rf_phone *p = self;
    (void)data;
    const char *load = p->is_config_fresh ? wanted_load(p) : "";
    bool is_other = load[0] != '\0' && strcmp(load, p->firmware->name) != 0 &&
                    strcmp(load, p->refused_load) != 0;
    if (is_other && p->installs >= PHONE_INSTALLS_MAX) {
        refuse_circle(p, load);
        is_other = false;
    }
    phone_event(p, !p->is_config_fresh ? PHONE_EV_AS_STORED
                   : is_other          ? PHONE_EV_OTHER_LOAD
                                       : PHONE_EV_SAME_LOAD);
}

static void act_get_loads(void *self, const void *data)
{
    struct rf_phone *p = self;
    struct phone_values v;
    (void)data;
    phone_update_free(p->update);
    p->update = rf_new(struct phone_update);
    rf_slice_to_str(rf_slice_str(wanted_load(p)), p->update->name, sizeof p->update->name);
    snprintf(p->update->loads_name, sizeof p->update->loads_name, "%s.loads", p->update->name);
    phone_values_start(&v, RF_PHONE_LOAD_WANTED);
    phone_add(&v, "load", p->update->name);
    phone_add(&v, "running", p->firmware->name);
    phone_emit(p, &v);
    phone_display(p, "upgrading");
    phone_get_image(p, p->update->loads_name, RF_LOADS_BYTES_MAX + RF_SIGFILE_OVERHEAD_MAX);
}

static void act_check_loads(void *self, const void *data)
{
    (void)data;
    phone_do_loads(self);
}

static void update_dropped(struct rf_phone *p)
{
    phone_update_free(p->update);
    p->update = NULL;
}

static void act_load_unfetched(void *self, const void *data)
{
    struct rf_phone *p = self;
    (void)data;
    if (p->got_result == RF_FETCH_NOT_FOUND)
        phone_status(p, "File not found %s", p->file);
    else if (p->got_result != RF_FETCH_TOO_LONG)
        phone_tell_transport(p, "");
    phone_load_refused(p, p->file, &p->got_why);
    phone_event(p, PHONE_EV_REFUSED);
}

static void act_get_part(void *self, const void *data)
{
    struct rf_phone *p = self;
    struct phone_update *u = p->update;
    (void)data;
    rf_slice_to_str(u->list.loads.entry[u->at].name, u->failed_file, sizeof u->failed_file);
    phone_get_image(p, u->failed_file, p->conf.load_max - u->total);
}

static void act_check_part(void *self, const void *data)
{
    struct rf_phone *p = self;
    (void)data;
    p->update->total += p->got.len;
    phone_do_part(p);
}

static void next_part(struct rf_phone *p)
{
    struct phone_update *u = p->update;
    u->at++;
    phone_event(p, u->at < u->list.loads.entry_n ? PHONE_EV_NEXT_PART : PHONE_EV_ALL_PARTS);
}

static void act_next_part(void *self, const void *data)
{
    (void)data;
    next_part(self);
}

static void act_part_missing(void *self, const void *data)
{
    struct rf_phone *p = self;
    if (p->update->list.loads.entry[p->update->at].is_optional)
        next_part(p);
    else
        act_load_unfetched(self, data);
}

static void act_install(void *self, const void *data)
{
    (void)data;
    phone_do_install(self);
}

/* The load that runs is the one: what else the configuration names comes next. A default file names
 * nothing of this phone. */
static void act_no_load(void *self, const void *data)
{
    struct rf_phone *p = self;
    update_dropped(p);
    if (p->config->is_default)
        phone_event(p, PHONE_EV_ALL_FILES);
    else
        phone_act_files_begin(self, data);
}

/* ---- B9, C1: enrolment ---- */

static void act_decide_mode(void *self, const void *data);

static void act_decide_enrol(void *self, const void *data)
{
    struct rf_phone *p = self;
    (void)data;
    phone_files_end(p);
    bool is_pending = p->config->capf_auth_mode != RF_PHONEXML_CAPF_NONE;
    phone_event(p,
                is_pending && phone_may_enrol(p, p->config) ? PHONE_EV_ENROL : PHONE_EV_NO_ENROL);
}

static void act_enrol(void *self, const void *data)
{
    (void)data;
    phone_enrol_begin(self);
}

static void act_enrol_later(void *self, const void *data)
{
    struct rf_phone *p = self;
    (void)data;
    phone_timer(p, p->conf.enrol_retry_ms, PHONE_EV_T_RETRY);
}

static void act_read_keys(void *self, const void *data)
{
    struct rf_phone *p = self;
    (void)data;
    p->keys_wait = false;
    phone_do_keys(p);
}

/* The key takes long: until it is there the phone works with what it has. */
static void act_beside(void *self, const void *data)
{
    struct rf_phone *p = self;
    p->is_enrol_beside = true;
    act_decide_mode(self, data);
}

/* ---- B10, R0, R1 ---- */

static void act_decide_mode(void *self, const void *data)
{
    struct rf_phone *p = self;
    (void)data;
    update_dropped(p);
    phone_decide_mode(p);
}

static void act_register(void *self, const void *data)
{
    (void)data;
    phone_station_begin(self);
}

static void act_registered(void *self, const void *data)
{
    (void)data;
    phone_display(self, "idle");
}

/* The station is not freed from inside its own event. */
static void act_leave(void *self, const void *data)
{
    (void)data;
    struct rf_phone *p = self;
    phone_timer(p, p->leave_ms, PHONE_EV_T_NOW);
    p->leave_ms = 0;
}

/* What an enrolment beside has written by now counts; a boot reads the keys anyway. */
static void end_beside(struct rf_phone *p)
{
    bool is_cut = phone_beside_end(p);
    if ((is_cut || p->keys_wait) && p->leave_to != PHONE_EV_TO_BOOT)
        p->leave_to = PHONE_EV_TO_KEYS;
    p->keys_wait = false;
}

/* A phone that is registered leaves of its own will. */
static void act_unregister(void *self, const void *data)
{
    struct rf_phone *p = self;
    (void)data;
    p->conf.parts->station_stop(p->station);
}

static void act_left(void *self, const void *data)
{
    struct rf_phone *p = self;
    (void)data;
    phone_station_end(p);
    phone_service_end(p);
    end_beside(p);
    p->enrol_tries = 0;
    p->capf_at = 0;
    p->list_rounds = 0;
    phone_event(p, p->leave_to);
}

static void wait_for_better(struct rf_phone *p, const struct rf_why *why)
{
    struct phone_values v;
    update_dropped(p);
    phone_station_end(p);
    uint64_t ms = phone_backoff(p);
    phone_values_start(&v, RF_PHONE_WAIT);
    phone_add_n(&v, "wait_ms", (int64_t)ms);
    if (why != NULL)
        phone_add_why(&v, why);
    phone_emit(p, &v);
    phone_timer(p, ms, PHONE_EV_T_RETRY);
}

static void act_wait(void *self, const void *data)
{
    (void)data;
    wait_for_better(self, NULL);
}

static void act_wait_for_slot(void *self, const void *data)
{
    struct rf_phone *p = self;
    (void)data;
    wait_for_better(p, &p->got_why);
}

/* Nothing waits any more for better times. */
static void act_changed(void *self, const void *data)
{
    struct rf_phone *p = self;
    (void)data;
    rf_timer_stop(p->conf.timers, &p->timer);
    end_beside(p);
    p->list_rounds = 0;
    phone_event(p, p->leave_to);
}

static void act_wake(void *self, const void *data)
{
    struct rf_phone *p = self;
    (void)data;
    if (p->is_enrol_beside) { /* its certificate may be what is wanted */
        phone_timer(p, p->conf.retry_first_ms, PHONE_EV_T_RETRY);
        return;
    }
    p->list_rounds = 0;
    p->enrol_tries = 0;
    phone_event(p, p->firmware != NULL ? PHONE_EV_TO_LISTS : PHONE_EV_TO_BOOT);
}

/* ---- the end ---- */

static void act_stop_talking(void *self, const void *data)
{
    struct rf_phone *p = self;
    (void)data;
    phone_enrol_end(p);
    if (p->station != NULL)
        p->conf.parts->station_stop(p->station);
    else
        phone_event(p, PHONE_EV_LEFT);
}

static void act_stop(void *self, const void *data)
{
    struct rf_phone *p = self;
    rf_timer_stop(p->conf.timers, &p->timer);
    phone_fetch_end(p);
    phone_tvs_end(p);
    phone_service_end(p);
    phone_settings_end(p);
    /* Nor is the enrolment freed from inside its own event. */
    if (p->enrol != NULL)
        phone_timer(p, 0, PHONE_EV_T_NOW);
    else
        act_stop_talking(p, data);
}

static void act_drain(void *self, const void *data)
{
    (void)data;
    phone_do_barrier(self);
}

static void act_drain_later(void *self, const void *data)
{
    (void)data;
    phone_timer(self, 20, PHONE_EV_T_RETRY);
}

static void act_stopped(void *self, const void *data)
{
    struct phone_values v;
    (void)data;
    phone_values_start(&v, RF_PHONE_STOPPED);
    phone_emit(self, &v);
}

/* ---- the table ---- */

#define ROW(in, ev, action, to)                                                                    \
    {                                                                                              \
        PHONE_##in, PHONE_EV_##ev, action, PHONE_##to                                              \
    }
#define STAY(in, ev, action)                                                                       \
    {                                                                                              \
        PHONE_##in, PHONE_EV_##ev, action, RF_FSM_SAME                                             \
    }

static const struct rf_fsm_row rows[] = {
    ROW(OFF, START, act_boot, B0_VERIFY),
    ROW(OFF, STOP, act_stopped, STOPPED),
    ROW(B0_VERIFY, READY, phone_act_get_ctl, B4_CTL),
    ROW(B0_VERIFY, DAMAGED, act_halt, B_REC),
    ROW(B0_VERIFY, UNREAD, act_wait_for_slot, R_WAIT),
    ROW(B0_VERIFY, BUSY, act_wait, R_WAIT),

    ROW(B4_CTL, GOT, phone_act_check_ctl, B4V_CTL),
    ROW(B4_CTL, MISSING, phone_act_no_ctl, B5_ITL),
    ROW(B4_CTL, FAILED, phone_act_ctl_unfetched, B5_ITL),
    ROW(B4V_CTL, ACCEPTED, phone_act_get_itl, B5_ITL),
    ROW(B4V_CTL, REFUSED, phone_act_ctl_refused, B5_ITL),
    ROW(B4V_CTL, BUSY, phone_act_get_itl, B5_ITL),
    ROW(B4V_CTL, ASK_TVS, phone_act_ask_tvs, T1_CTL),
    ROW(T1_CTL, VOUCHED, phone_act_check_ctl, B4V_CTL),
    ROW(T1_CTL, REFUSED, phone_act_ctl_refused, B5_ITL),

    ROW(B5_ITL, GOT, phone_act_check_itl, B5V_ITL),
    STAY(B5_ITL, MISSING, phone_act_other_itl),
    ROW(B5_ITL, ENOUGH, phone_act_lists_done, B7_CONFIG),
    ROW(B5_ITL, FAILED, phone_act_itl_unfetched, B7_CONFIG),
    ROW(B5V_ITL, ACCEPTED, phone_act_lists_done, B7_CONFIG),
    ROW(B5V_ITL, REFUSED, phone_act_itl_refused, B7_CONFIG),
    ROW(B5V_ITL, BUSY, phone_act_lists_done, B7_CONFIG),
    ROW(B5V_ITL, ASK_TVS, phone_act_ask_tvs, T1_ITL),
    ROW(T1_ITL, VOUCHED, phone_act_check_itl, B5V_ITL),
    ROW(T1_ITL, REFUSED, phone_act_itl_refused, B7_CONFIG),

    ROW(B7_CONFIG, GOT, phone_act_check_config, B7V_CONFIG),
    STAY(B7_CONFIG, MISSING, phone_act_other_config),
    STAY(B7_CONFIG, FAILED, phone_act_config_unfetched),
    ROW(B7_CONFIG, ENOUGH, act_decide_mode, B10_DECIDE),
    ROW(B7V_CONFIG, ACCEPTED, phone_act_full_or_stub, B6_DECIDE),
    STAY(B7V_CONFIG, REFUSED, phone_act_config_refused),
    ROW(B7V_CONFIG, TO_STUB, phone_act_get_stub, B7_CONFIG),
    ROW(B7V_CONFIG, AS_STORED, act_decide_mode, B10_DECIDE),
    ROW(B7V_CONFIG, BUSY, act_decide_mode, B10_DECIDE),

    ROW(B6_DECIDE, FULL, act_decide_load, B8_DECIDE),
    ROW(B6_DECIDE, ENROL, act_enrol, C1_CAPF),
    ROW(B6_DECIDE, AS_STORED, act_decide_mode, B10_DECIDE),
    ROW(B6_DECIDE, GOT, phone_act_check_config, B6V_DECIDE),
    STAY(B6_DECIDE, MISSING, phone_act_enc_missing),
    STAY(B6_DECIDE, FAILED, phone_act_enc_missing),
    ROW(B6V_DECIDE, ACCEPTED, act_decide_load, B8_DECIDE),
    STAY(B6V_DECIDE, REFUSED, phone_act_enc_refused),
    ROW(B6V_DECIDE, ENROL, act_enrol, C1_CAPF),
    ROW(B6V_DECIDE, AS_STORED, act_decide_mode, B10_DECIDE),
    ROW(B6V_DECIDE, BUSY, act_decide_mode, B10_DECIDE),

    ROW(B8_DECIDE, OTHER_LOAD, act_get_loads, B8_LOADS),
    ROW(B8_DECIDE, SAME_LOAD, act_no_load, AUX_FILE),
    ROW(B8_DECIDE, AS_STORED, act_decide_mode, B10_DECIDE),
    ROW(B8_LOADS, GOT, act_check_loads, B8V_LOADS),
    STAY(B8_LOADS, MISSING, act_load_unfetched),
    STAY(B8_LOADS, FAILED, act_load_unfetched),
    ROW(B8_LOADS, REFUSED, act_no_load, AUX_FILE),
    ROW(B8V_LOADS, ACCEPTED, act_get_part, B8_PART),
    ROW(B8V_LOADS, REFUSED, act_no_load, AUX_FILE),
    ROW(B8V_LOADS, BUSY, act_no_load, AUX_FILE),
    ROW(B8_PART, GOT, act_check_part, B8V_PART),
    STAY(B8_PART, MISSING, act_part_missing),
    STAY(B8_PART, FAILED, act_load_unfetched),
    STAY(B8_PART, NEXT_PART, act_get_part),
    ROW(B8_PART, ALL_PARTS, act_install, B8_INSTALL),
    ROW(B8_PART, REFUSED, act_no_load, AUX_FILE),
    STAY(B8V_PART, ACCEPTED, act_next_part),
    ROW(B8V_PART, NEXT_PART, act_get_part, B8_PART),
    ROW(B8V_PART, ALL_PARTS, act_install, B8_INSTALL),
    ROW(B8V_PART, REFUSED, act_no_load, AUX_FILE),
    ROW(B8V_PART, BUSY, act_no_load, AUX_FILE),
    ROW(B8_INSTALL, INSTALLED, act_boot, B0_VERIFY),
    ROW(B8_INSTALL, REFUSED, act_no_load, AUX_FILE),
    ROW(B8_INSTALL, BUSY, act_no_load, AUX_FILE),

    STAY(AUX_FILE, NEXT_FILE, phone_act_get_file),
    ROW(AUX_FILE, GOT, phone_act_check_file, AUXV_FILE),
    ROW(AUX_FILE, MISSING, phone_act_file_missing, AUXV_FILE),
    STAY(AUX_FILE, FAILED, phone_act_file_unfetched),
    ROW(AUX_FILE, ALL_FILES, act_decide_enrol, B9_DECIDE),
    ROW(AUXV_FILE, ACCEPTED, phone_act_next_file, AUX_FILE),
    STAY(AUXV_FILE, REFUSED, phone_act_file_refused),
    ROW(AUXV_FILE, BUSY, phone_act_file_unjudged, AUX_FILE),

    ROW(B9_DECIDE, ENROL, act_enrol, C1_CAPF),
    ROW(B9_DECIDE, NO_ENROL, act_decide_mode, B10_DECIDE),
    ROW(C1_CAPF, CHANGED, act_read_keys, C1_KEYS),
    ROW(C1_CAPF, AGAIN, act_enrol_later, C1_PAUSE),
    ROW(C1_CAPF, NO_ENROL, act_decide_mode, B10_DECIDE),
    ROW(C1_CAPF, BESIDE, act_beside, B10_DECIDE),
    ROW(C1_PAUSE, T_RETRY, act_enrol, C1_CAPF),
    ROW(C1_KEYS, READY, phone_act_get_ctl, B4_CTL),
    ROW(C1_KEYS, DAMAGED, act_halt, B_REC),
    ROW(C1_KEYS, BUSY, act_enrol_later, C1_KEYS),
    ROW(C1_KEYS, T_RETRY, act_read_keys, C1_KEYS),

    ROW(B10_DECIDE, REGISTER, act_register, R1_REGISTER),
    ROW(B10_DECIDE, NO_LISTS, phone_act_get_ctl, B4_CTL),
    ROW(B10_DECIDE, GIVE_UP, act_wait, R_WAIT),
    ROW(R1_REGISTER, GIVE_UP, act_wait, R_WAIT),
    ROW(R1_REGISTER, REGISTERED, act_registered, RUN),
    ROW(R1_REGISTER, ROUNDS, act_leave, R_LEAVE),
    ROW(R1_REGISTER, RESET, act_leave, R_LEAVE),
    ROW(RUN, LOST, NULL, R1_REGISTER),
    ROW(RUN, RESET, act_leave, R_LEAVE),
    ROW(R1_REGISTER, CHANGED, act_unregister, R_LEAVE),
    ROW(RUN, CHANGED, act_unregister, R_LEAVE),
    STAY(R_LEAVE, LEFT, act_leave),
    STAY(R_LEAVE, T_NOW, act_left),
    ROW(R_LEAVE, TO_BOOT, act_boot, B0_VERIFY),
    ROW(R_LEAVE, TO_LISTS, phone_act_get_ctl, B4_CTL),
    ROW(R_LEAVE, TO_CONFIG, phone_act_get_config, B7_CONFIG),
    ROW(R_LEAVE, TO_KEYS, act_read_keys, C1_KEYS),
    STAY(R_WAIT, T_RETRY, act_wake),
    ROW(R_WAIT, TO_LISTS, phone_act_get_ctl, B4_CTL),
    ROW(R_WAIT, TO_BOOT, act_boot, B0_VERIFY),
    STAY(R_WAIT, CHANGED, act_changed),
    ROW(R_WAIT, TO_KEYS, act_read_keys, C1_KEYS),

    {RF_FSM_ANY, PHONE_EV_STOP, act_stop, PHONE_STOPPING},
    STAY(STOPPING, STOP, NULL),
    STAY(STOPPING, T_NOW, act_stop_talking),
    STAY(STOPPING, LEFT, act_drain),
    STAY(STOPPING, BUSY, act_drain_later),
    STAY(STOPPING, T_RETRY, act_drain),
    ROW(STOPPING, DRAINED, act_stopped, STOPPED),
    STAY(STOPPED, STOP, NULL),
};

static const char *const state_names[] = {
#define STATE_NAME(name) [PHONE_##name] = #name,
    PHONE_STATES(STATE_NAME)
#undef STATE_NAME
};

static const char *const event_names[] = {
#define EVENT_NAME(name) [PHONE_EV_##name] = #name,
    PHONE_EVENTS(EVENT_NAME)
#undef EVENT_NAME
};

static const struct rf_fsm_def boot_fsm = {
    .name = "phone",
    .cat = RF_CAT_PHONE,
    .rows = rows,
    .n_rows = sizeof rows / sizeof *rows,
    .state_names = state_names,
    .n_states = PHONE_STATE_N,
    .event_names = event_names,
    .n_events = PHONE_EV_N,
    .label = phone_label,
};

const struct rf_fsm_def *rf_phone_boot_fsm_def(void)
{
    return &boot_fsm;
}

const char *rf_phone_boot_action_name(rf_fsm_action action)
{
    static const struct rf_fsm_name names[] = {
#define FILES(action) {phone_act_##action, #action}
#define NAME(action)                                                                               \
    {                                                                                              \
        act_##action, #action                                                                      \
    }
        NAME(boot),
        NAME(halt),
        FILES(get_ctl),
        FILES(check_ctl),
        FILES(no_ctl),
        FILES(ctl_unfetched),
        FILES(ask_tvs),
        FILES(ctl_refused),
        FILES(get_itl),
        FILES(check_itl),
        FILES(other_itl),
        FILES(itl_unfetched),
        FILES(itl_refused),
        FILES(lists_done),
        FILES(get_config),
        FILES(check_config),
        FILES(other_config),
        FILES(config_unfetched),
        FILES(config_refused),
        FILES(get_stub),
        FILES(full_or_stub),
        FILES(enc_refused),
        FILES(enc_missing),
        NAME(decide_load),
        NAME(get_loads),
        NAME(check_loads),
        NAME(load_unfetched),
        NAME(get_part),
        NAME(check_part),
        NAME(next_part),
        NAME(part_missing),
        NAME(install),
        NAME(no_load),
        FILES(get_file),
        FILES(check_file),
        FILES(file_missing),
        FILES(file_refused),
        FILES(file_unfetched),
        FILES(next_file),
        FILES(file_unjudged),
        NAME(decide_enrol),
        NAME(enrol),
        NAME(enrol_later),
        NAME(beside),
        NAME(unregister),
        NAME(changed),
        NAME(read_keys),
        NAME(decide_mode),
        NAME(register),
        NAME(registered),
        NAME(leave),
        NAME(left),
        NAME(wait),
        NAME(wait_for_slot),
        NAME(wake),
        NAME(stop),
        NAME(stop_talking),
        NAME(drain),
        NAME(drain_later),
        NAME(stopped),
#undef NAME
#undef FILES
    };
    return rf_fsm_name_find(names, sizeof names / sizeof *names, action);
}
