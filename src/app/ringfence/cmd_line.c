/* SPDX-License-Identifier: Apache-2.0 */
/* Options of `ringfence device` about one line: "DN=VALUE". */
#include <string.h>

#include "app/ringfence/commands.h"
#include "base/text.h"

enum kind { FLAG, NUMBER, COUNT };

static const struct {
    const char *option;
    const char *key;
    enum kind kind;
} rules[] = {
    {"shared", "shared", FLAG},
    {"forward-all", "forward_all", NUMBER},
    {"forward-busy", "forward_busy", NUMBER},
    {"forward-no-answer", "forward_no_answer", NUMBER},
    {"forward-unregistered", "forward_unregistered", NUMBER},
    {"calls-max", "calls_max", COUNT},
    {"busy-trigger", "busy_trigger", COUNT},
};

static bool set_value(struct rf_json *one, size_t i, struct rf_slice value)
{
    uint64_t count = 0;
    switch (rules[i].kind) {
    case FLAG:
        rf_json_set_bool(one, rules[i].key, rf_slice_eq_str(value, "yes"));
        return rf_slice_eq_str(value, "yes") || rf_slice_eq_str(value, "no");
    case COUNT:
        if (!rf_parse_u64(value, 0, UINT8_MAX, &count))
            return false;
        rf_json_set_int(one, rules[i].key, (int64_t)count);
        return true;
    case NUMBER:
        break;
    }
    rf_json_set_slice(one, rules[i].key, value);
    return true;
}

static int add_rule(const struct cmd_ctx *ctx, struct rf_json *list, size_t i, const char *text)
{
    struct rf_slice rest = rf_slice_str(text), dn;
    if (strchr(text, '=') == NULL || !rf_next_piece(&rest, '=', &dn) || dn.len == 0)
        return cmd_usage(ctx, "--%s %s: wants a line's number and a value, e.g. 2001=%s",
                         rules[i].option, text,
                         rules[i].kind == FLAG    ? "yes"
                         : rules[i].kind == COUNT ? "4"
                                                  : "2002");
    struct rf_json *one = rf_json_obj();
    rf_json_set_slice(one, "dn", dn);
    bool is_good = set_value(one, i, rest);
    rf_json_arr_add_take(list, one);
    return is_good ? CMD_OK
                   : cmd_usage(ctx, "--%s %s: wants %s after =", rules[i].option, text,
                               rules[i].kind == FLAG ? "yes or no" : "a count");
}

int cmd_line_rules(const struct cmd_ctx *ctx, struct rf_json *body)
{
    RF_AUTO(rf_json_freep) struct rf_json *list = rf_json_arr();
    int status = CMD_OK;
    const char *text;
    for (size_t i = 0; i < sizeof rules / sizeof *rules; i++)
        for (size_t n = 0; (text = cmd_nth(ctx, rules[i].option, n)) != NULL && status == CMD_OK;
             n++)
            status = add_rule(ctx, list, i, text);
    if (status == CMD_OK && rf_json_len(list) > 0)
        rf_json_set_take(body, "line_rules", rf_steal(&list));
    return status;
}
