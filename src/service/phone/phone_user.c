/* SPDX-License-Identifier: Apache-2.0 */
/* What the user of a running phone does in its settings: unlock them, get an LSC, end that, forget
 * the trust lists, restart. doc: docs/phone-menu.md; docs/security-rules.md, "Phone certificates"
 */
#include "service/phone/phone_int.h"

#include "base/faults.h"

#include <string.h>

#define ACCESS_FULL 1u

/* ---- the lock ---- */

static uint32_t access_of(const struct rf_phone *p)
{
    return p->config != NULL && p->config->has_settings_access ? p->config->settings_access
                                                               : ACCESS_FULL;
}

static bool has_password(const struct rf_phone *p)
{
    return p->config != NULL && p->config->phone_password[0] != '\0';
}

static void lock_now(struct rf_phone *p)
{
    rf_timer_stop(p->conf.timers, &p->settings.timer);
    p->settings.is_open = false;
}

void phone_settings_end(struct rf_phone *p)
{
    lock_now(p);
}

static void on_idle(void *owner, uint64_t number)
{
    struct rf_phone *p = owner;
    (void)number;
    p->settings.timer = 0;
    rf_phone_lock(p);
}

static void stay_open(struct rf_phone *p)
{
    rf_timer_stop(p->conf.timers, &p->settings.timer);
    p->settings.timer = rf_timer_start(p->conf.timers, RF_PHONE_UNLOCKED_MS, on_idle, p, 0);
}

/* The configuration says who gets in here at all; a value that nobody knows opens nothing. */
static enum rf_err check_access(const struct rf_phone *p, struct rf_why *why)
{
    uint32_t access = access_of(p);
    if (access == ACCESS_FULL || rf_fault_skips("settings.access"))
        return RF_OK;
    if (access == 2)
        return rf_why_set(why, RF_ERR_DENIED, "settings-restricted",
                          "the configuration leaves the user his preferences only "
                          "(settingsAccess 2)");
    return rf_why_set(why, RF_ERR_DENIED, "settings-off",
                      "the configuration gives no access to the settings (settingsAccess %u)",
                      access);
}

/* Whatever changes trust or identity asks here, and keeps the settings open. */
static enum rf_err check_open(struct rf_phone *p, struct rf_why *why)
{
    enum rf_err err = check_access(p, why);
    if (err != RF_OK)
        return err;
    if (!p->settings.is_open && !rf_fault_skips("settings.lock"))
        return rf_why_set(why, RF_ERR_DENIED, "settings-locked",
                          "the settings are locked: unlock them first");
    if (p->settings.is_open)
        stay_open(p);
    return RF_OK;
}

static enum rf_err check_password(struct rf_phone *p, struct rf_slice typed, struct rf_why *why)
{
    struct rf_secret secret = {0};
    uint64_t now = rf_now_ms(p->conf.clock);
    if (now < p->settings.pause_until_ms && !rf_fault_skips("settings.pause"))
        return rf_why_set(why, RF_ERR_AGAIN, "settings-pause",
                          "too many wrong passwords: none is taken for a minute");
    bool is_right = rf_secret_set(&secret, typed) == RF_OK &&
                    rf_secret_eq(&secret, rf_slice_str(p->config->phone_password));
    rf_secret_fini(&secret);
    if (is_right || rf_fault_skips("settings.password")) {
        p->settings.wrong = 0;
        return RF_OK;
    }
    phone_status(p, "Settings: wrong password");
    if (++p->settings.wrong >= RF_PHONE_UNLOCK_TRIES) {
        p->settings.wrong = 0;
        p->settings.pause_until_ms = now + RF_PHONE_UNLOCK_PAUSE_MS;
    }
    return rf_why_set(why, RF_ERR_DENIED, "settings-password", "the password is wrong");
}

enum rf_err rf_phone_unlock(struct rf_phone *p, struct rf_slice typed, struct rf_why *why)
{
    enum rf_err err = check_access(p, why);
    if (err == RF_OK && has_password(p))
        err = check_password(p, typed, why);
    else if (err == RF_OK && !rf_slice_eq_str(typed, "**#"))
        err = rf_why_set(why, RF_ERR_BAD, "settings-keys", "the keys that unlock are **#");
    if (err != RF_OK)
        return err;
    p->settings.is_open = true;
    stay_open(p);
    phone_status(p, "Settings unlocked");
    return RF_OK;
}

void rf_phone_lock(struct rf_phone *p)
{
    if (!p->settings.is_open)
        return;
    lock_now(p);
    phone_status(p, "Settings locked");
}

/* ---- the LSC ---- */

/* It has a station; or it waits for better times with a stub that says where to enrol: then the
 * string that is typed now is what it waits for. */
static bool has_come_far(const struct rf_phone *p)
{
    bool waits_with_stub = p->fsm.state == PHONE_R_WAIT && p->firmware != NULL && p->stub != NULL;
    return (p->station != NULL && p->config != NULL) || waits_with_stub;
}

static enum rf_err check_update(const struct rf_phone *p, struct rf_why *why)
{
    if (p->enrol != NULL || p->is_enrol_beside)
        return rf_why_set(why, RF_ERR_AGAIN, "enrol-busy", "an enrolment runs already");
    if (!has_come_far(p))
        return rf_why_set(why, RF_ERR_DENIED, "not-now",
                          "the phone has not got far enough: wait until it registers");
    if (p->keys_wait)
        return rf_why_set(why, RF_ERR_AGAIN, "enrol-busy",
                          "a new LSC is there, and waits for the end of the call");
    const struct rf_phonexml *c = phone_enrol_config(p);
    if (c == NULL || c->capf_n == 0)
        return rf_why_set(why, RF_ERR_NOT_FOUND, "enrol-no-server",
                          "the configuration names no CAPF server");
    return RF_OK;
}

enum rf_err rf_phone_lsc_update(struct rf_phone *p, const struct rf_secret *auth_string,
                                struct rf_why *why)
{
    enum rf_err err = check_open(p, why);
    if (err == RF_OK)
        err = check_update(p, why);
    if (err != RF_OK)
        return err;
    p->enrol_mode = 0;
    if (auth_string != NULL) {
        if (rf_secret_set(&p->auth, rf_secret_slice(auth_string)) != RF_OK)
            return rf_why_set(why, RF_ERR_BAD, "enrol-string", "the string is too long");
        p->conf.auth_string = &p->auth;
        p->enrol_mode = RF_ENROL_BY_STRING;
    }
    p->is_enrol_by_user = true;
    p->is_enrol_refused = false;
    p->enrol_tries = 0;
    return phone_enrol_beside(p, why);
}

static void tell_aborted(struct rf_phone *p)
{
    struct phone_values v;
    struct rf_why why = {0};
    (void)rf_why_set(&why, RF_ERR_DENIED, "aborted", "the user ended the enrolment");
    phone_values_start(&v, RF_PHONE_ENROL_DONE);
    phone_add(&v, "outcome", rf_enrol_outcome_name(RF_ENROL_FAILED));
    phone_add_flag(&v, "confirmed", false);
    phone_add_n(&v, "reason", -1);
    phone_add_why(&v, &why);
    phone_emit(p, &v);
}

enum rf_err rf_phone_lsc_abort(struct rf_phone *p, struct rf_why *why)
{
    if (p->enrol != NULL) {
        p->conf.parts->enrol_abort(p->enrol); /* its end is told */
        return RF_OK;
    }
    if (!phone_beside_end(p))
        return rf_why_set(why, RF_ERR_NOT_FOUND, "enrol-none", "no enrolment runs");
    tell_aborted(p); /* between two tries */
    return RF_OK;
}

/* ---- lists, restart ---- */

static enum rf_err check_leave(const struct rf_phone *p, struct rf_why *why)
{
    struct rf_station_status status = {0};
    bool can_leave = p->fsm.state == PHONE_RUN || p->fsm.state == PHONE_R1_REGISTER ||
                     p->fsm.state == PHONE_R_WAIT;
    if (!can_leave || p->flash == NULL)
        return rf_why_set(why, RF_ERR_DENIED, "not-now",
                          "the phone is on its way: try again when it has registered, or waits");
    if (p->station != NULL)
        p->conf.parts->station_status(p->station, &status);
    if (status.call != RF_STATION_IDLE)
        return rf_why_set(why, RF_ERR_DENIED, "in-call", "a call is up: hang up first");
    return RF_OK;
}

enum rf_err rf_phone_trust_erase(struct rf_phone *p, struct rf_why *why)
{
    enum rf_err err = check_open(p, why);
    if (err == RF_OK)
        err = check_leave(p, why);
    if (err != RF_OK)
        return err;
    /* Said before it is done: it is in the messages, whatever happens in between. */
    phone_status(p, "Erasing CTL and ITL files");
    phone_do_erase(p);
    rf_phone_lock(p);
    return RF_OK;
}

enum rf_err rf_phone_restart(struct rf_phone *p, struct rf_why *why)
{
    enum rf_err err = check_leave(p, why);
    if (err != RF_OK)
        return err;
    p->leave_to = PHONE_EV_TO_BOOT;
    p->leave_ms = 0;
    phone_event(p, PHONE_EV_CHANGED);
    return RF_OK;
}

/* ---- what the menu shows ---- */

void rf_phone_look(const struct rf_phone *p, struct rf_phone_view *out)
{
    struct rf_station_status status = {0};
    const struct rf_phonexml *c = phone_enrol_config(p);
    if (p->station != NULL)
        p->conf.parts->station_status(p->station, &status);
    *out = (struct rf_phone_view){
        .state = p->fsm.def->state_names[p->fsm.state],
        .is_registered = p->fsm.state == PHONE_RUN,
        .is_fallback = p->fsm.state == PHONE_RUN && status.is_srst,
        .is_unlocked = p->settings.is_open,
        .has_password = has_password(p),
        .settings_access = access_of(p),
        .is_enrolling = p->enrol != NULL || p->is_enrol_beside,
        .enrol_step = p->has_enrol_step ? rf_enrol_step_name(p->enrol_step) : "",
        .enrol_try = p->enrol_tries,
        .keys_wait = p->keys_wait,
        .capf_mode = c != NULL ? c->capf_auth_mode : RF_PHONEXML_CAPF_NONE,
        .mic = p->mic.cert,
        .lsc = p->lsc.cert,
    };
}
