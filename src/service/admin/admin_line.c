/* SPDX-License-Identifier: Apache-2.0 */
/* How the calls of a line are handled: shared, forwarded, how many. doc: docs/calls.md */
#include "service/admin/admin_int.h"

#include <stdio.h>
#include <string.h>

static enum rf_err read_number(const struct rf_json *j, const char *key, uint8_t *out,
                               struct rf_why *why)
{
    int64_t value = 0;
    if (rf_json_get(j, key) == NULL)
        return RF_OK;
    if (!rf_json_int(j, key, &value) || value < 0 || value > RF_STORE_LINE_CALLS_MAX)
        return rf_why_set(why, RF_ERR_BAD, "value", "\"%s\": wants 0 (the default) to %d", key,
                          RF_STORE_LINE_CALLS_MAX);
    *out = (uint8_t)value;
    return RF_OK;
}

/* The database says which numbers can be. */
static enum rf_err read_forward(const struct rf_json *j, const char *key, char to[RF_STORE_DN],
                                struct rf_why *why)
{
    const char *text = NULL;
    if (rf_json_get(j, key) == NULL)
        return RF_OK;
    enum rf_err err = rf_json_need_str(j, key, &text, why);
    if (err == RF_OK && !rf_slice_to_str(rf_slice_str(text), to, RF_STORE_DN))
        return rf_why_set(why, RF_ERR_BAD, "value", "\"%s\": wants a number of at most %d digits",
                          key, RF_STORE_DN - 1);
    return err;
}

enum rf_err admin_read_rule(const struct rf_json *j, struct rf_store_line *line, struct rf_why *why)
{
    struct rf_store_line_rule *rule = &line->rule;
    enum rf_err err = RF_OK;
    if (rf_json_get(j, "shared") != NULL)
        err = rf_json_need_bool(j, "shared", &line->is_shared, why);
    for (int f = 0; f < RF_STORE_FORWARD_N && err == RF_OK; f++)
        err =
            read_forward(j, rf_store_forward_name((enum rf_store_forward)f), rule->forward[f], why);
    if (err == RF_OK)
        err = read_number(j, "calls_max", &rule->calls_max, why);
    return err == RF_OK ? read_number(j, "busy_trigger", &rule->busy_trigger, why) : err;
}

static const char *const rule_members[] = {"dn",
                                           "shared",
                                           "forward_all",
                                           "forward_busy",
                                           "forward_no_answer",
                                           "forward_unregistered",
                                           "calls_max",
                                           "busy_trigger",
                                           NULL};

static struct rf_store_line *line_with(struct rf_store_phone *phone, const char *dn)
{
    for (size_t i = 0; i < phone->n_lines; i++)
        if (strcmp(phone->lines[i].dn, dn) == 0)
            return &phone->lines[i];
    return NULL;
}

static enum rf_err read_one(const struct rf_json *j, struct rf_store_phone *phone,
                            struct rf_why *why)
{
    const char *dn = NULL;
    struct rf_store_line scratch = {0};
    enum rf_err err = admin_members(j, rule_members, why);
    if (err == RF_OK)
        err = rf_json_need_str(j, "dn", &dn, why);
    if (err != RF_OK)
        return err;
    struct rf_store_line *line = line_with(phone, dn);
    if (line == NULL && phone->device.name[0] == '\0')
        line = &scratch; /* a change whose device is not looked up yet */
    if (line == NULL)
        return rf_why_set(why, RF_ERR_BAD, "line-unknown", "%s has no line %.24s",
                          phone->device.name, dn);
    return admin_read_rule(j, line, why);
}

enum rf_err admin_read_rules(const struct rf_json *body, struct rf_store_phone *phone,
                             struct rf_why *why)
{
    const struct rf_json *rules = rf_json_get(body, "line_rules");
    enum rf_err err = RF_OK;
    if (rules == NULL)
        return RF_OK;
    if (!rf_json_is_arr(rules) || rf_json_len(rules) > ADMIN_LINE_RULES_MAX)
        return rf_why_set(why, RF_ERR_BAD, "value", "\"line_rules\": wants a list of at most %d",
                          ADMIN_LINE_RULES_MAX);
    for (size_t i = 0; i < rf_json_len(rules) && err == RF_OK; i++)
        err = read_one(rf_json_at(rules, i), phone, why);
    return err;
}

void admin_show_rule(struct rf_json *j, const struct rf_store_line *line)
{
    rf_json_set_bool(j, "shared", line->is_shared);
    for (int f = 0; f < RF_STORE_FORWARD_N; f++)
        rf_json_set_str(j, rf_store_forward_name((enum rf_store_forward)f), line->rule.forward[f]);
    rf_json_set_int(j, "calls_max", line->rule.calls_max);
    rf_json_set_int(j, "busy_trigger", line->rule.busy_trigger);
}
