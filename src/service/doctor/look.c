/* SPDX-License-Identifier: Apache-2.0 */
/* Getting one file, and waiting for it. */
#include "service/doctor/doctor_int.h"

#include "base/text.h"

#include <stdio.h>
#include <string.h>

struct pending {
    struct doctor_got *got;
    bool is_done;
};

static void on_fetched(void *arg, enum rf_fetch_result result, struct rf_buf *file,
                       const struct rf_why *why)
{
    struct pending *p = arg;
    p->got->result = result;
    p->got->bytes = *file;
    p->got->why = *why;
    *file = (struct rf_buf){0};
    p->is_done = true;
}

static void by_tftp(struct doctor_walk *w, const char *host, const char *name, size_t max,
                    struct doctor_got *out)
{
    const struct rf_doctor_conf *conf = w->conf;
    struct pending p = {.got = out};
    void *fetch = NULL;
    *out = (struct doctor_got){0};
    if (conf->fetch->get(conf->fetcher, host, name, max, on_fetched, &p, &fetch, &out->why) !=
        RF_OK) {
        out->result = RF_FETCH_ERROR;
        return;
    }
    while (!p.is_done)
        rf_loop_turn(conf->loop, -1);
    w->is_heard |= host == NULL && out->result != RF_FETCH_TIMEOUT;
}

/* As phones go on to TFTP, but the other way round: what HTTP hands out counts as fetched. */
static bool by_http(struct doctor_walk *w, const char *name, size_t max, struct doctor_got *out)
{
    const struct doctor_http_ask ask = {.name = name, .port = w->conf->http_port};
    struct doctor_http answer;
    doctor_http_ask(w, &ask, max, &answer);
    bool is_file = answer.status == 200 && answer.is_whole && answer.has_length && !answer.is_page;
    bool is_answer = is_file || answer.status == 404;
    if (is_answer) {
        rf_buf_fini(&out->bytes);
        out->result = answer.status == 404 ? RF_FETCH_NOT_FOUND : RF_FETCH_OK;
        out->bytes = answer.body;
        answer.body = (struct rf_buf){0};
    }
    doctor_http_fini(&answer);
    return is_answer;
}

static bool may_http(const struct doctor_walk *w, const char *host)
{
    return host == NULL && w->conf->http_port != 0 &&
           rf_fetch_ways_of(w->conf->patient->model).http;
}

void doctor_get(struct doctor_walk *w, const char *host, const char *name, size_t max,
                struct doctor_got *out)
{
    *out = (struct doctor_got){.result = RF_FETCH_TIMEOUT};
    if (w->is_by_http && may_http(w, host) && by_http(w, name, max, out))
        return;
    by_tftp(w, host, name, max, out);
    if (out->result != RF_FETCH_TIMEOUT || w->is_heard || !may_http(w, host) ||
        !by_http(w, name, max, out))
        return;
    w->is_by_http = w->is_heard = true;
    doctor_say_as(w->report, RF_DOCTOR_WARNING, RF_DOCTOR_HTTP, RF_DOCTOR_SERVER_SILENT, name,
                  "by TFTP; by HTTP it answers, and is asked there from now on");
}

void doctor_get_told(struct doctor_walk *w, const char *name, struct doctor_got *out)
{
    doctor_get(w, NULL, name, DOCTOR_LOOK_MAX, out);
    if (w->told_n == DOCTOR_TOLD_MAX)
        return;
    struct doctor_told *told = &w->told[w->told_n++];
    rf_slice_to_str(rf_slice_str(name), told->name, sizeof told->name);
    told->result = out->result;
    told->len = out->bytes.len;
}

void doctor_got_fini(struct doctor_got *got)
{
    rf_buf_wipe(&got->bytes);
}

/* ---- names in another case ---- */

static char in_case(char c, bool is_upper)
{
    if (is_upper && c >= 'a' && c <= 'z')
        return (char)(c - 'a' + 'A');
    return (char)(!is_upper && c >= 'A' && c <= 'Z' ? c - 'A' + 'a' : c);
}

/* From `from` on, up to the first `end`. */
static void turn(char *name, size_t from, char end, bool is_upper)
{
    for (size_t i = from; name[i] != '\0' && name[i] != end; i++)
        name[i] = in_case(name[i], is_upper);
}

static bool is_there(struct doctor_walk *w, const char *host, const char *asked, const char *name)
{
    struct doctor_got got;
    if (strcmp(asked, name) == 0)
        return false;
    doctor_get(w, host, name, DOCTOR_LOOK_MAX, &got);
    bool is_found =
        (got.result == RF_FETCH_OK && got.bytes.len > 0) || got.result == RF_FETCH_TOO_LONG;
    doctor_got_fini(&got);
    return is_found;
}

bool doctor_other_case(struct doctor_walk *w, const char *host, const char *name, char *out,
                       size_t cap)
{
    const char *dot = strrchr(name, '.');
    size_t suffix = dot != NULL ? (size_t)(dot - name) : 0;
    for (int way = 0; way < 5; way++) {
        rf_slice_to_str(rf_slice_str(name), out, cap);
        if (way == 0 && rf_slice_starts_with(rf_slice_str(name), "SEP"))
            turn(out, 3, '.', false); /* SEP0011223344aa.cnf.xml.sgn */
        else if (way == 1 || way == 2)
            turn(out, suffix, '\0', way == 1); /* rf-1.LOADS */
        else if (way > 2)
            turn(out, 0, '\0', way == 3);
        if (is_there(w, host, name, out))
            return true;
    }
    return false;
}
