/* SPDX-License-Identifier: Apache-2.0 */
/* The commands of the menu. What may be done is the phone's to say: nothing is judged here. */
#include "app/ringphone/console_int.h"

#include "base/text.h"
#include "service/phone/security.h"

#include <string.h>

void console_answer(struct console *c, enum rf_err err, const struct rf_why *why, const char *ok)
{
    if (err == RF_OK)
        console_ok(c, "%s", ok);
    else
        console_refused(c, why);
}

void console_refuse(struct console *c, const char *code, const char *text)
{
    struct rf_why why = {0};
    (void)rf_why_set(&why, RF_ERR_BAD, code, "%s", text);
    console_refused(c, &why);
}

static struct rf_phone_view look(const struct console *c)
{
    struct rf_phone_view view;
    rf_phone_look(c->conf.phone, &view);
    return view;
}

/* ---- settings ---- */

static const char *access_name(uint32_t access)
{
    return access == 1 ? "full" : access == 2 ? "preferences only" : "none";
}

static void do_settings(struct console *c, const struct words *w)
{
    struct rf_phone_view v = look(c);
    struct rf_json *j = rf_json_obj();
    (void)w;
    rf_json_set_str(j, "device", rf_phone_device(c->conf.phone));
    rf_json_set_str(j, "state", v.state);
    rf_json_set_bool(j, "registered", v.is_registered);
    rf_json_set_bool(j, "fallback", v.is_fallback);
    rf_json_set_str(j, "settings", v.is_unlocked ? "unlocked" : "locked");
    rf_json_set_str(j, "access", access_name(v.settings_access));
    rf_json_set_str(j, "unlocked_by", v.has_password ? "password" : "**#");
    console_object(c, j);
}

static void do_security(struct console *c, const struct words *w)
{
    (void)w;
    console_security(c);
}

static void do_messages(struct console *c, const struct words *w)
{
    (void)w;
    console_messages(c);
}

static void unlock(struct console *c, struct rf_slice typed)
{
    struct rf_why why = {0};
    enum rf_err err = rf_phone_unlock(c->conf.phone, typed, &why);
    console_answer(c, err, &why,
                   "the settings are open until `lock`, or ten minutes after their last use");
}

static void do_unlock(struct console *c, const struct words *w)
{
    if (w->n > 1)
        console_refuse(c, "usage", "unlock **#, or unlock alone where a password is wanted");
    else if (w->n == 1)
        unlock(c, rf_slice_str(w->word[0]));
    else if (look(c).has_password)
        console_ask(c, CONSOLE_PASSWORD, "Password: ");
    else
        unlock(c, rf_slice_str(""));
}

static void do_lock(struct console *c, const struct words *w)
{
    (void)w;
    rf_phone_lock(c->conf.phone);
    console_ok(c, "the settings are locked");
}

/* ---- LSC ---- */

static void update(struct console *c, const struct rf_secret *string)
{
    struct rf_why why = {0};
    enum rf_err err = rf_phone_lsc_update(c->conf.phone, string, &why);
    console_answer(c, err, &why,
                   "the update has begun: `lsc status` shows how far it is, `lsc abort` ends it");
}

static void update_by(struct console *c, struct rf_slice text)
{
    struct rf_secret string = {0};
    if (rf_secret_set(&string, text) == RF_OK)
        update(c, &string);
    else
        console_refuse(c, "enrol-string", "the authentication string is too long");
    rf_secret_fini(&string);
}

static void do_lsc_update(struct console *c, const struct words *w)
{
    struct rf_phone_view v = look(c);
    if (w->n > 1)
        console_refuse(c, "usage", "lsc update [STRING]");
    else if (w->n == 1)
        update_by(c, rf_slice_str(w->word[0]));
    else if (v.is_unlocked && !v.is_enrolling && v.capf_mode == RF_PHONEXML_CAPF_STRING)
        console_ask(c, CONSOLE_STRING, "Authentication string: ");
    else
        update(c, NULL);
}

static void add_cert(struct rf_json *j, const char *name, const struct rf_cert *cert)
{
    char key[24], time[32];
    rf_json_set_str(j, name, cert != NULL ? "Installed" : "Not Installed");
    if (cert == NULL)
        return;
    snprintf(key, sizeof key, "%s_subject", name);
    rf_json_set_str(j, key, rf_cert_subject(cert));
    snprintf(key, sizeof key, "%s_from", name);
    rf_json_set_str(j, key, rf_time_text(rf_cert_not_before(cert), time, sizeof time));
    snprintf(key, sizeof key, "%s_until", name);
    rf_json_set_str(j, key, rf_time_text(rf_cert_not_after(cert), time, sizeof time));
}

static void do_lsc_status(struct console *c, const struct words *w)
{
    struct rf_phone_view v = look(c);
    struct rf_json *j = rf_json_obj();
    (void)w;
    add_cert(j, "lsc", v.lsc);
    add_cert(j, "mic", v.mic);
    rf_json_set_str(j, "update",
                    v.is_enrolling ? "in progress"
                    : v.keys_wait  ? "installed, waits for the end of the call"
                                   : "none");
    if (v.is_enrolling) {
        rf_json_set_str(j, "step", v.enrol_step);
        rf_json_set_int(j, "try", v.enrol_try);
    }
    console_object(c, j);
}

static void do_lsc_abort(struct console *c, const struct words *w)
{
    struct rf_why why = {0};
    (void)w;
    enum rf_err err = rf_phone_lsc_abort(c->conf.phone, &why);
    console_answer(c, err, &why,
                   "the update ends; what was in use stays, and the order of the server too");
}

static void do_trust_erase(struct console *c, const struct words *w)
{
    struct rf_why why = {0};
    (void)w;
    enum rf_err err = rf_phone_trust_erase(c->conf.phone, &why);
    console_answer(c, err, &why, "CTL and ITL are erased: the next ones are taken on first trust");
}

void console_take_secret(struct console *c, enum console_ask what, struct rf_slice text)
{
    if (what == CONSOLE_PASSWORD)
        unlock(c, text);
    else
        update_by(c, text);
}

/* ---- services, life ---- */

static void do_open(struct console *c, const struct words *w)
{
    struct rf_why why = {0};
    enum rf_err err = rf_phone_open(c->conf.phone, w->word[0], &why);
    console_answer(c, err, &why, "opening");
}

static void do_restart(struct console *c, const struct words *w)
{
    struct rf_why why = {0};
    (void)w;
    enum rf_err err = rf_phone_restart(c->conf.phone, &why);
    console_answer(c, err, &why, "restarting");
}

/* wait EVENT [KEY=VALUE] [TIME] */
static void do_wait(struct console *c, const struct words *w)
{
    const char *key = "", *value = "";
    uint32_t ms = 0;
    for (size_t i = 1; i < w->n; i++) {
        char *equals = strchr(w->word[i], '=');
        if (equals != NULL && key[0] == '\0') {
            *equals = '\0';
            key = w->word[i];
            value = equals + 1;
        } else if (ms != 0 || !options_duration(w->word[i], &ms)) {
            console_refuse(c, "usage",
                           "wait EVENT [KEY=VALUE] [TIME], as in `wait registered 30s`");
            return;
        }
    }
    if (strcmp(w->word[0], "registered") == 0 && key[0] == '\0' && look(c).is_registered)
        console_ok(c, "registered"); /* it is */
    else
        console_wait(c, w->word[0], key, value, ms);
}

static void do_quit(struct console *c, const struct words *w)
{
    (void)w;
    console_ok(c, "switching off");
    console_quit(c, false);
}

static void do_help(struct console *c, const struct words *w);

static const struct command commands[] = {
    {"settings", 0, 0, "", "what the phone does, and whether its settings are open", do_settings},
    {"security", 0, 0, "", "the security page: mode, certificates, trust lists, servers",
     do_security},
    {"status messages", 0, 0, "", "the latest 30 status messages", do_messages},
    {"unlock", 0, 1, "**#", "open the settings; alone: by the password, where there is one",
     do_unlock},
    {"lock", 0, 0, "", "lock them", do_lock},
    {"lsc update", 0, 1, "[STRING]", "get or renew the LSC (unlocked)", do_lsc_update},
    {"lsc status", 0, 0, "", "how far that is, and which certificates there are", do_lsc_status},
    {"lsc abort", 0, 0, "", "end it: all stays as it was", do_lsc_abort},
    {"trust erase", 0, 0, "", "forget CTL and ITL (unlocked)", do_trust_erase},
    {"open", 1, 1, "URL|NAME", "open a page of a service by HTTPS", do_open},
    {"wait", 1, 3, "EVENT [KEY=VALUE] [TIME]", "go on when this event has come", do_wait},
    {"restart", 0, 0, "", "leave the call manager and boot", do_restart},
    {"help", 0, 0, "", "this list", do_help},
    {"quit", 0, 0, "", "switch the phone off", do_quit},
};
#define COMMANDS_N (sizeof commands / sizeof *commands)

/* Ours, then those of calls; NULL behind the last. */
static const struct command *command_at(size_t i)
{
    if (i < COMMANDS_N)
        return &commands[i];
    return i - COMMANDS_N < console_call_commands_n ? &console_call_commands[i - COMMANDS_N] : NULL;
}

static void do_help(struct console *c, const struct words *w)
{
    (void)w;
    size_t i = 0;
    struct rf_json *list = rf_json_obj();
    for (const struct command *o = command_at(0); o != NULL; o = command_at(++i)) {
        char usage[64];
        snprintf(usage, sizeof usage, "%s%s%s", o->name, o->usage[0] != '\0' ? " " : "", o->usage);
        if (c->conf.is_json)
            rf_json_set_str(list, usage, o->help);
        else
            printf("%-32s  %s\n", usage, o->help);
    }
    if (c->conf.is_json) {
        console_object(c, list);
    } else {
        rf_json_free(list);
        fflush(stdout);
    }
}

/* ---- a line ---- */

static bool split(char *line, struct words *out)
{
    char *rest = line;
    *out = (struct words){0};
    for (char *word; (word = strsep(&rest, " \t\r")) != NULL;) {
        if (word[0] == '\0')
            continue;
        if (out->n == CONSOLE_WORDS_MAX)
            return false;
        out->word[out->n++] = word;
    }
    return true;
}

/* How many words of the line are this command's name; 0: it is another. */
static size_t fits(const struct command *command, const struct words *w)
{
    char two[80];
    if (strcmp(command->name, w->word[0]) == 0)
        return 1;
    if (w->n < 2)
        return 0;
    snprintf(two, sizeof two, "%s %s", w->word[0], w->word[1]);
    return strcmp(command->name, two) == 0 ? 2 : 0;
}

/* `w` without the command's own n words. */
static void run_one(struct console *c, const struct command *command, const struct words *w,
                    size_t n)
{
    struct words behind = {0};
    char text[120];
    c->command = command->name;
    for (size_t k = n; k < w->n; k++)
        behind.word[behind.n++] = w->word[k];
    if (behind.n >= command->min && behind.n <= command->max) {
        command->run(c, &behind);
        return;
    }
    snprintf(text, sizeof text, "the words are: %s %s", command->name, command->usage);
    console_refuse(c, "usage", text);
}

void console_run(struct console *c, char *line)
{
    struct words w;
    c->command = "";
    if (!split(line, &w)) {
        console_refuse(c, "usage", "too many words; `help` lists what can be said");
        return;
    }
    size_t i = 0;
    for (const struct command *o = command_at(0); w.n > 0 && o != NULL; o = command_at(++i)) {
        size_t n = fits(o, &w);
        if (n > 0) {
            run_one(c, o, &w, n);
            return;
        }
    }
    /* What was typed is not repeated: it may have been a secret in the wrong place. */
    console_refuse(c, "command-unknown", "no such command; `help` lists what can be said");
}
