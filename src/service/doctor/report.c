/* SPDX-License-Identifier: Apache-2.0 */
#include "service/doctor/doctor_int.h"

#include "base/text.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

static RF_PRINTF(6, 0) void add(struct rf_doctor_report *r, enum rf_doctor_grade grade,
                                enum rf_doctor_step step, const struct rf_doctor_row *row,
                                const char *where, const char *fmt, va_list ap)
{
    if (r->n == DOCTOR_LINES_MAX) {
        r->is_cut = true;
        return;
    }
    struct rf_doctor_line *line = &r->line[r->n++];
    line->step = step;
    line->grade = grade;
    line->code = row != NULL ? row->code : "";
    line->next = row != NULL && grade != RF_DOCTOR_FOLLOWS ? row->next : "";
    (void)rf_escape(rf_slice_str(where), line->where, sizeof line->where);
    char more[400];
    vsnprintf(more, sizeof more, fmt, ap);
    const char *means = row != NULL ? row->means : "";
    snprintf(line->what, sizeof line->what, "%s%s%s", means,
             means[0] != '\0' && more[0] != '\0' ? ": " : "", more);
    rf_blank_controls(line->what, strlen(line->what));
    if (r->on_line != NULL)
        r->on_line(r->arg, line);
}

void doctor_well(struct rf_doctor_report *r, enum rf_doctor_step step, const char *where,
                 const char *fmt, ...)
{
    va_list ap;
    va_start(ap, fmt);
    add(r, RF_DOCTOR_WELL, step, NULL, where, fmt, ap);
    va_end(ap);
}

void doctor_say(struct rf_doctor_report *r, enum rf_doctor_step step, enum rf_doctor_code code,
                const char *where, const char *fmt, ...)
{
    const struct rf_doctor_row *row = rf_doctor_row(code);
    enum rf_doctor_grade grade = row->grade;
    va_list ap;
    /* One clock: what it spoils after the first time is no other fault. */
    if (code == RF_DOCTOR_CLOCK_BEHIND && doctor_has(r, code))
        grade = RF_DOCTOR_FOLLOWS;
    va_start(ap, fmt);
    add(r, grade, step, row, where, fmt, ap);
    va_end(ap);
}

void doctor_say_as(struct rf_doctor_report *r, enum rf_doctor_grade grade, enum rf_doctor_step step,
                   enum rf_doctor_code code, const char *where, const char *fmt, ...)
{
    va_list ap;
    va_start(ap, fmt);
    add(r, grade, step, rf_doctor_row(code), where, fmt, ap);
    va_end(ap);
}

bool doctor_has(const struct rf_doctor_report *r, enum rf_doctor_code code)
{
    for (size_t i = 0; i < r->n; i++)
        if (r->line[i].grade == RF_DOCTOR_FAULT &&
            strcmp(r->line[i].code, rf_doctor_row(code)->code) == 0)
            return true;
    return false;
}

bool doctor_has_fault_in(const struct rf_doctor_report *r, enum rf_doctor_step step)
{
    for (size_t i = 0; i < r->n; i++)
        if (r->line[i].grade == RF_DOCTOR_FAULT && r->line[i].step == step)
            return true;
    return false;
}

const struct rf_doctor_line *rf_doctor_report_line(const struct rf_doctor_report *r, size_t i)
{
    return i < r->n ? &r->line[i] : NULL;
}

bool rf_doctor_report_is_well(const struct rf_doctor_report *r)
{
    for (size_t i = 0; i < r->n; i++)
        if (r->line[i].grade == RF_DOCTOR_FAULT)
            return false;
    return true;
}

bool rf_doctor_report_is_whole(const struct rf_doctor_report *r)
{
    for (size_t i = 0; i < sizeof r->is_skipped / sizeof *r->is_skipped; i++)
        if (r->is_skipped[i])
            return false;
    return true;
}

void rf_doctor_report_free(struct rf_doctor_report *r)
{
    rf_free(r);
}

void rf_doctor_report_freep(struct rf_doctor_report **r)
{
    rf_doctor_report_free(*r);
}

static struct rf_json *line_json(const struct rf_doctor_line *line)
{
    struct rf_json *j = rf_json_obj();
    rf_json_set_str(j, "step", rf_doctor_step_name(line->step));
    rf_json_set_str(j, "grade",
                    line->grade == RF_DOCTOR_FAULT ? "fault" : rf_doctor_grade_name(line->grade));
    if (line->code[0] != '\0')
        rf_json_set_str(j, "code", line->code);
    rf_json_set_str(j, "where", line->where);
    rf_json_set_str(j, "what", line->what);
    if (line->next[0] != '\0')
        rf_json_set_str(j, "next", line->next);
    return j;
}

struct rf_json *rf_doctor_report_json(const struct rf_doctor_report *r)
{
    struct rf_json *j = rf_json_obj();
    struct rf_json *lines = rf_json_arr(), *skipped = rf_json_arr();
    rf_json_set_str(j, "device", r->device);
    rf_json_set_str(j, "model", r->model[0] != '\0' ? r->model : NULL);
    rf_json_set_str(j, "server", r->server);
    rf_json_set_bool(j, "well", rf_doctor_report_is_well(r));
    for (size_t i = 0; i < r->n; i++)
        rf_json_arr_add_take(lines, line_json(&r->line[i]));
    rf_json_set_take(j, "lines", lines);
    for (size_t i = 0; i < sizeof r->is_skipped / sizeof *r->is_skipped; i++)
        if (r->is_skipped[i])
            rf_json_arr_add_str(skipped, rf_doctor_step_name((enum rf_doctor_step)i));
    rf_json_set_take(j, "not_walked", skipped);
    if (r->is_cut)
        rf_json_set_bool(j, "cut", true);
    return j;
}

enum rf_err rf_doctor_line_text(const struct rf_doctor_line *line, struct rf_buf *out)
{
    bool is_fault = line->grade >= RF_DOCTOR_WARNING;
    enum rf_err err = rf_buf_addf(out, "%-13s %-8s %s%s%s\n", rf_doctor_step_name(line->step),
                                  rf_doctor_grade_name(line->grade), line->where,
                                  line->where[0] != '\0' ? ": " : "", line->what);
    if (err == RF_OK && line->code[0] != '\0' && line->grade != RF_DOCTOR_NOTE)
        err = rf_buf_addf(out, "%22s (%s)%s%s\n", "", line->code,
                          line->next[0] != '\0' && is_fault ? " -> " : "",
                          is_fault ? line->next : "");
    return err;
}
