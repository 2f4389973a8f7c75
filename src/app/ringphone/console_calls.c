/* SPDX-License-Identifier: Apache-2.0 */
/* Commands of calls: what a user does with the keys of a phone, and what its screen shows. Which
 * key may be pressed is the phone's to say. doc: docs/phone-calls.md, "What its user can do" */
#include "app/ringphone/console_int.h"

#include "base/text.h"
#include "service/phone/station_user.h"

#include <string.h>

/* ---- words ---- */

/* NULL, and it was said. */
static struct rf_station *station(struct console *c)
{
    struct rf_station *st = rf_phone_station(c->conf.phone);
    if (st == NULL)
        console_refuse(c, "not-registered", "the phone is not registered");
    return st;
}

static bool number_of(const char *word, uint32_t *out)
{
    uint64_t n = 0;
    bool is_number = rf_parse_u64(rf_slice_str(word), 0, UINT32_MAX, &n);
    *out = (uint32_t)n;
    return is_number;
}

/* The call that word k names, by nth or reference; 0 without a word. False: it was refused. */
static bool call_of(struct console *c, const struct rf_station *st, const struct words *w, size_t k,
                    uint32_t *nth)
{
    uint32_t n = 0;
    *nth = 0;
    if (w->n <= k)
        return true;
    if (number_of(w->word[k], &n))
        *nth = rf_station_call_find(st, n);
    if (*nth == 0)
        console_refuse(c, "no-call", "there is no such call; `calls` lists them");
    return *nth != 0;
}

/* ---- calls ---- */

/* call NUMBER [line N] */
static void do_call(struct console *c, const struct words *w)
{
    struct rf_why why = {0};
    struct rf_station *st = station(c);
    uint32_t line = 0;
    if (st == NULL)
        return;
    if (w->n > 1 &&
        (w->n != 3 || strcmp(w->word[1], "line") != 0 || !number_of(w->word[2], &line))) {
        console_refuse(c, "usage", "call NUMBER [line N]");
        return;
    }
    enum rf_err err = w->n > 1 ? rf_station_call_on(st, line, w->word[0], &why)
                               : rf_station_call(st, w->word[0], &why);
    console_answer(c, err, &why, "calling");
}

static void do_enbloc(struct console *c, const struct words *w)
{
    struct rf_why why = {0};
    struct rf_station *st = station(c);
    if (st != NULL) {
        enum rf_err err = rf_station_call_enbloc(st, w->word[0], &why);
        console_answer(c, err, &why, "calling");
    }
}

static void do_offhook(struct console *c, const struct words *w)
{
    struct rf_why why = {0};
    struct rf_station *st = station(c);
    (void)w;
    if (st != NULL) {
        enum rf_err err = rf_station_off_hook(st, &why);
        console_answer(c, err, &why, "off hook");
    }
}

static void do_answer(struct console *c, const struct words *w)
{
    struct rf_why why = {0};
    struct rf_station *st = station(c);
    uint32_t nth;
    if (st != NULL && call_of(c, st, w, 0, &nth)) {
        enum rf_err err = rf_station_answer_call(st, nth, &why);
        console_answer(c, err, &why, "answering");
    }
}

static void do_hangup(struct console *c, const struct words *w)
{
    struct rf_why why = {0};
    struct rf_station *st = station(c);
    uint32_t nth;
    if (st != NULL && call_of(c, st, w, 0, &nth)) {
        enum rf_err err = rf_station_hang_up_call(st, nth, &why);
        console_answer(c, err, &why, "hanging up");
    }
}

static void do_digits(struct console *c, const struct words *w)
{
    struct rf_why why = {0};
    struct rf_station *st = station(c);
    uint32_t nth;
    if (st != NULL && call_of(c, st, w, 1, &nth)) {
        enum rf_err err = rf_station_digits(st, w->word[0], nth, &why);
        console_answer(c, err, &why, "pressed");
    }
}

/* ---- keys ---- */

/* The command is the name of what the key does. */
static void do_act(struct console *c, const struct words *w)
{
    struct rf_why why = {0};
    struct rf_station *st = station(c);
    uint32_t nth;
    int act = 0;
    while (strcmp(rf_station_act_name((enum rf_station_act)act), c->command) != 0)
        act++;
    if (st != NULL && call_of(c, st, w, 0, &nth)) {
        enum rf_err err = rf_station_act(st, (enum rf_station_act)act, nth, &why);
        console_answer(c, err, &why, "pressed");
    }
}

/* Forced: a number is an event, and a call may be one that the phone does not have. */
static void force_key(struct console *c, struct rf_station *st, const struct words *w)
{
    struct rf_why why = {0};
    struct rf_station_key key = {.name = w->word[0], .is_forced = true};
    if (number_of(w->word[0], &key.event))
        key.name = NULL;
    if (w->n > 2 && !number_of(w->word[1], &key.ref)) {
        console_refuse(c, "usage", "key NAME|EVENT [CALL] --force");
        return;
    }
    key.nth = rf_station_call_find(st, key.ref);
    key.line = key.ref != 0 ? 1 : 0;
    if (key.nth != 0)
        key.ref = key.line = 0; /* the phone's own */
    enum rf_err err = rf_station_press_key(st, &key, &why);
    console_answer(c, err, &why, "pressed, by force");
}

/* key NAME [CALL] [--force] */
static void do_key(struct console *c, const struct words *w)
{
    struct rf_why why = {0};
    struct rf_station *st = station(c);
    struct rf_station_key key = {.name = w->word[0]};
    if (st == NULL)
        return;
    if (w->n > 1 && strcmp(w->word[w->n - 1], "--force") == 0) {
        force_key(c, st, w);
    } else if (call_of(c, st, w, 1, &key.nth)) {
        enum rf_err err = rf_station_press_key(st, &key, &why);
        console_answer(c, err, &why, "pressed");
    }
}

static void press_place(struct console *c, const struct words *w,
                        enum rf_err (*press)(struct rf_station *, uint32_t, struct rf_why *))
{
    struct rf_why why = {0};
    struct rf_station *st = station(c);
    uint32_t place = 0;
    (void)number_of(w->word[0], &place); /* 0: there is none */
    if (st != NULL) {
        enum rf_err err = press(st, place, &why);
        console_answer(c, err, &why, "pressed");
    }
}

static void do_line(struct console *c, const struct words *w)
{
    press_place(c, w, rf_station_line_key);
}

static void do_button(struct console *c, const struct words *w)
{
    press_place(c, w, rf_station_button);
}

static void do_speaker(struct console *c, const struct words *w)
{
    struct rf_why why = {0};
    struct rf_station *st = station(c);
    (void)w;
    if (st != NULL) {
        enum rf_err err = rf_station_speaker(st, &why);
        console_answer(c, err, &why, "pressed");
    }
}

/* play FILE|none [CALL]. A short file, read while the user waits. */
static void do_play(struct console *c, const struct words *w)
{
    struct rf_why why = {0};
    struct rf_station *st = station(c);
    struct rf_media_clip *clip = NULL;
    uint32_t nth;
    if (st == NULL || !call_of(c, st, w, 1, &nth))
        return;
    enum rf_err err = RF_OK;
    if (strcmp(w->word[0], "none") != 0)
        err = rf_media_clip_load(w->word[0], &clip, &why);
    if (err == RF_OK)
        err = rf_station_play(st, nth, clip, &why);
    rf_media_clip_unref(clip);
    console_answer(c, err, &why, "said from the next stream on");
}

/* ---- what there is to see ---- */

static struct rf_json *call_json(const struct rf_station_call_view *v)
{
    struct rf_json *j = rf_json_obj();
    rf_json_set_int(j, "nth", v->nth);
    rf_json_set_int(j, "call", v->ref);
    rf_json_set_int(j, "line", v->line);
    rf_json_set_str(j, "state", rf_station_call_state_name(v->state));
    rf_json_set_str(j, "word", v->word);
    rf_json_set_bool(j, "incoming", v->is_incoming);
    rf_json_set_str(j, "peer_number", v->peer_number);
    rf_json_set_str(j, "peer_name", v->peer_name);
    rf_json_set_str(j, "icon", rf_station_icon(v->security));
    rf_json_set_str(j, "prompt", v->prompt);
    rf_json_set_str(j, "set", v->key_set);
    rf_json_set_str(j, "keys", v->keys);
    rf_json_set_bool(j, "receiving", v->is_receiving);
    rf_json_set_bool(j, "sending", v->is_sending);
    rf_json_set_str(j, "receive_suite", v->receive_suite);
    rf_json_set_str(j, "send_suite", v->send_suite);
    return j;
}

static void print_call(const struct rf_station_call_view *v)
{
    char number[80], name[300], prompt[600], keys[600];
    printf("%2u  %-10s  line %u  %s %-6s %-20s  %-6s  %s%s%s  [%s]\n", v->nth,
           rf_station_call_state_name(v->state), v->line, v->is_incoming ? "from" : "to",
           rf_escape(rf_slice_str(v->peer_number), number, sizeof number),
           rf_escape(rf_slice_str(v->peer_name), name, sizeof name), rf_station_icon(v->security),
           v->is_receiving ? "hears " : "", v->is_sending ? "speaks " : "",
           rf_escape(rf_slice_str(v->prompt), prompt, sizeof prompt),
           rf_escape(rf_slice_str(v->keys), keys, sizeof keys));
}

static void do_calls(struct console *c, const struct words *w)
{
    struct rf_station_call_view views[RF_STATION_CALLS_MAX];
    struct rf_station *st = rf_phone_station(c->conf.phone);
    size_t n = st != NULL ? rf_station_calls(st, views, RF_STATION_CALLS_MAX) : 0;
    (void)w;
    if (!c->conf.is_json) {
        for (size_t i = 0; i < n; i++)
            print_call(&views[i]);
        printf("%zu call%s\n", n, n == 1 ? "" : "s");
        fflush(stdout);
        return;
    }
    struct rf_json *j = rf_json_obj(), *list = rf_json_arr();
    for (size_t i = 0; i < n; i++)
        rf_json_arr_add_take(list, call_json(&views[i]));
    rf_json_set_take(j, "calls", list);
    console_object(c, j);
}

static void do_screen(struct console *c, const struct words *w)
{
    struct rf_station *st = station(c);
    struct rf_station_screen s;
    char key[32];
    (void)w;
    if (st == NULL)
        return;
    rf_station_screen(st, &s);
    struct rf_json *j = rf_json_obj();
    rf_json_set_str(j, "prompt", s.prompt);
    rf_json_set_str(j, "notify", s.notify);
    rf_json_set_str(j, "keys", s.keys);
    rf_json_set_bool(j, "ringing", s.is_ringing);
    rf_json_set_bool(j, "speaker", s.has_speaker);
    rf_json_set_bool(j, "message", s.has_message);
    for (size_t i = 0; i < s.n_lines; i++) {
        snprintf(key, sizeof key, "line_%u", s.lines[i].line);
        rf_json_set_str(j, key, s.lines[i].number);
        snprintf(key, sizeof key, "line_%u_forward", s.lines[i].line);
        rf_json_set_str(j, key, s.lines[i].forward);
    }
    console_object(c, j);
}

/* ---- the table ---- */

const struct command console_call_commands[] = {
    {"call", 1, 3, "NUMBER [line N]", "call a number, digit by digit", do_call},
    {"enbloc", 1, 1, "NUMBER", "the same in one message", do_enbloc},
    {"offhook", 0, 0, "", "lift the handset", do_offhook},
    {"answer", 0, 1, "[CALL]", "answer the call that rings", do_answer},
    {"hangup", 0, 1, "[CALL]", "end the call", do_hangup},
    {"digits", 1, 2, "DIGITS [CALL]", "press these: a number, or tones in a call", do_digits},
    {"hold", 0, 1, "[CALL]", "press Hold", do_act},
    {"resume", 0, 1, "[CALL]", "press Resume", do_act},
    {"transfer", 0, 1, "[CALL]", "press Transfer", do_act},
    {"conference", 0, 1, "[CALL]", "press Confrn", do_act},
    {"join", 0, 1, "[CALL]", "press Join", do_act},
    {"newcall", 0, 1, "[CALL]", "press NewCall", do_act},
    {"endcall", 0, 1, "[CALL]", "press EndCall", do_act},
    {"park", 0, 1, "[CALL]", "press Park", do_act},
    {"barge", 0, 1, "[CALL]", "press Barge", do_act},
    {"cbarge", 0, 1, "[CALL]", "press cBarge", do_act},
    {"divert", 0, 1, "[CALL]", "press iDivert", do_act},
    {"conflist", 0, 1, "[CALL]", "press ConfList", do_act},
    {"rmlast", 0, 1, "[CALL]", "press RmLstC: the last one leaves the conference", do_act},
    {"redial", 0, 0, "", "press Redial", do_act},
    {"forward", 0, 0, "", "press CfwdAll: on (then `digits`), or off", do_act},
    {"meetme", 0, 0, "", "press MeetMe", do_act},
    {"privacy", 0, 1, "[CALL]", "press Private", do_act},
    {"dnd", 0, 0, "", "press DND", do_act},
    {"pickup", 0, 0, "", "press PickUp", do_act},
    {"gpickup", 0, 0, "", "press GPickUp", do_act},
    {"callback", 0, 1, "[CALL]", "press CallBack", do_act},
    {"key", 1, 3, "NAME [CALL] [--force]", "press any soft key", do_key},
    {"line", 1, 1, "N", "press the key of a line", do_line},
    {"button", 1, 1, "N", "press a button of the phone", do_button},
    {"speaker", 0, 0, "", "press the speaker key", do_speaker},
    {"play", 1, 2, "FILE|none [CALL]", "say this from the next stream on", do_play},
    {"calls", 0, 0, "", "all calls", do_calls},
    {"screen", 0, 0, "", "what the phone shows besides", do_screen},
};
const size_t console_call_commands_n = sizeof console_call_commands / sizeof *console_call_commands;
