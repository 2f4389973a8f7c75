/* SPDX-License-Identifier: Apache-2.0 */
#include "store/store_call.h"

#include "base/faults.h"
#include "store/store_int.h"

#include <string.h>

/* What phones dial, and call control takes. */
#define NUMBER_CHARS "0123456789*+ABCD"

static enum rf_err check_number(const char *number, bool needed, const char *field,
                                struct rf_why *why)
{
    enum rf_err err = rf_store_check_text(number, RF_STORE_DN, needed, field, why);
    if (err == RF_OK && strspn(number, NUMBER_CHARS) != strlen(number))
        return rf_why_set(why, RF_ERR_BAD, "store-value", "%s %s: 1 to %d of 0-9 * + A-D", field,
                          number, RF_STORE_DN - 1);
    return err;
}

/* ---- lines ---- */

static const char *const forward_fields[RF_STORE_FORWARD_N] = {
    [RF_STORE_FORWARD_ALL] = "forward_all",
    [RF_STORE_FORWARD_BUSY] = "forward_busy",
    [RF_STORE_FORWARD_NO_ANSWER] = "forward_no_answer",
    [RF_STORE_FORWARD_UNREGISTERED] = "forward_unregistered",
};

const char *rf_store_forward_name(enum rf_store_forward forward)
{
    return forward_fields[forward];
}

enum rf_err rf_store_check_rule(const struct rf_store_line *line, struct rf_why *why)
{
    const struct rf_store_line_rule *rule = &line->rule;
    for (int f = 0; f < RF_STORE_FORWARD_N; f++) {
        enum rf_err err = check_number(rule->forward[f], false, forward_fields[f], why);
        if (err != RF_OK)
            return err;
        if (!rf_fault_skips("store.forward-itself") && rule->forward[f][0] != '\0' &&
            strcmp(rule->forward[f], line->dn) == 0)
            return rf_why_set(why, RF_ERR_BAD, "store-value", "%s: line %s is forwarded to itself",
                              forward_fields[f], line->dn);
    }
    if (rule->calls_max > RF_STORE_LINE_CALLS_MAX || rule->busy_trigger > RF_STORE_LINE_CALLS_MAX)
        return rf_why_set(why, RF_ERR_BAD, "store-value",
                          "line %s: calls_max and busy_trigger are 0 (the default) to %d", line->dn,
                          RF_STORE_LINE_CALLS_MAX);
    return RF_OK;
}

enum rf_err rf_store_check_protected(const struct rf_store_device *d, struct rf_why *why)
{
    if (!d->is_protected || rf_fault_skips("store.protected") ||
        (d->mode == RF_STORE_ENCRYPTED && d->has_srtp))
        return RF_OK;
    return rf_why_set(why, RF_ERR_DENIED, "protected-mode",
                      "%s is protected (it tells by a tone whether a call is secure), which wants "
                      "mode encrypted and SRTP: give it these, or say `--protected no`",
                      d->name);
}

/* Has another device the number, and forwards all its calls? Then they go there by this line, too.
 */
static enum rf_err look_elsewhere(struct rf_store *store, const char *device,
                                  const struct rf_store_line *line, char forward_all[RF_STORE_DN],
                                  struct rf_why *why)
{
    struct rf_db q = rf_db_of(store, RF_SQL_RULE_ELSEWHERE);
    rf_db_text(&q, line->dn);
    rf_db_text(&q, device);
    if (rf_db_row(&q))
        rf_db_get_text(&q, forward_all, RF_STORE_DN);
    return rf_db_end(&q, why);
}

static enum rf_err put_forward_all(struct rf_store *store, const char *number, const char *target,
                                   struct rf_why *why)
{
    struct rf_db q = rf_db_of(store, RF_SQL_RULE_FORWARD);
    rf_db_text(&q, number);
    rf_db_text(&q, target);
    return rf_db_run(&q, why);
}

enum rf_err rf_store_rule_put(struct rf_store *store, const char *device,
                              const struct rf_store_line *line, bool is_new, struct rf_why *why)
{
    struct rf_store_line_rule rule = line->rule;
    char *all = rule.forward[RF_STORE_FORWARD_ALL];
    enum rf_err err = RF_OK;
    if (line->is_shared && is_new && all[0] == '\0')
        err = look_elsewhere(store, device, line, all, why);
    if (err != RF_OK)
        return err;
    struct rf_db q = rf_db_of(store, RF_SQL_RULE_ADD);
    rf_db_text(&q, device);
    rf_db_int(&q, line->index);
    for (int f = 0; f < RF_STORE_FORWARD_N; f++)
        rf_db_text(&q, rule.forward[f]);
    rf_db_int(&q, rule.calls_max);
    rf_db_int(&q, rule.busy_trigger);
    err = rf_db_run(&q, why);
    return err == RF_OK && line->is_shared ? put_forward_all(store, line->dn, all, why) : err;
}

void rf_store_rule_read(struct rf_db *q, struct rf_store_line_rule *rule)
{
    for (int f = 0; f < RF_STORE_FORWARD_N; f++)
        rf_db_get_text(q, rule->forward[f], sizeof rule->forward[f]);
    rule->calls_max = (uint8_t)rf_db_get_u32(q, RF_STORE_LINE_CALLS_MAX);
    rule->busy_trigger = (uint8_t)rf_db_get_u32(q, RF_STORE_LINE_CALLS_MAX);
}

enum rf_err rf_store_protected_put(struct rf_store *store, const struct rf_store_device *d,
                                   struct rf_why *why)
{
    struct rf_db q =
        rf_db_of(store, d->is_protected ? RF_SQL_PROTECTED_ADD : RF_SQL_PROTECTED_CLEAR);
    rf_db_text(&q, d->name);
    return rf_db_run(&q, why);
}

static enum rf_err save_forward_all(struct rf_store *store, const char *number, const char *target,
                                    uint32_t *changed, struct rf_why *why)
{
    enum rf_err err = put_forward_all(store, number, target, why);
    int64_t n = rf_db_changed(store);
    if (err == RF_OK && n == 0)
        return rf_why_set(why, RF_ERR_NOT_FOUND, "line-unknown", "no device has line %s", number);
    if (err == RF_OK && changed != NULL)
        *changed = (uint32_t)n;
    return err;
}

enum rf_err rf_store_forward_all_save(struct rf_store *store, const char *number,
                                      const char *target, uint32_t *changed,
                                      const struct rf_store_event *event, struct rf_why *why)
{
    enum rf_err err = check_number(target, false, "forward_all", why);
    if (err == RF_OK) /* not quiet: what branches are told has it */
        err = rf_db_begin(store, why);
    if (err != RF_OK)
        return err;
    return rf_db_finish(store, save_forward_all(store, number, target, changed, why), event, why);
}

/* ---- Meet-Me ---- */

static enum rf_err find_line(struct rf_store *store, const char *number,
                             char device[RF_STORE_DEVICE_NAME], struct rf_why *why)
{
    struct rf_db q = rf_db_of(store, RF_SQL_LINE_OWNER);
    rf_db_text(&q, number);
    device[0] = '\0';
    if (rf_db_row(&q))
        rf_db_get_text(&q, device, RF_STORE_DEVICE_NAME);
    return rf_db_end(&q, why);
}

enum rf_err rf_store_meet_me_clash(struct rf_store *store, const char *number, struct rf_why *why)
{
    struct rf_db q = rf_db_of(store, RF_SQL_MEET_ME_FIND);
    rf_db_text(&q, number);
    bool is_there = rf_db_row(&q);
    enum rf_err err = rf_db_end(&q, why);
    if (err == RF_OK && is_there && !rf_fault_skips("store.meet-me-line"))
        return rf_why_set(why, RF_ERR_EXISTS, "meet-me-exists",
                          "%s is a Meet-Me number (`ringfence meet-me remove` frees it)", number);
    return err;
}

static enum rf_err count_others(struct rf_store *store, const char *number, struct rf_why *why)
{
    struct rf_db q = rf_db_of(store, RF_SQL_MEET_ME_COUNT);
    rf_db_text(&q, number);
    int64_t n = rf_db_row(&q) ? rf_db_get(&q) : 0;
    enum rf_err err = rf_db_end(&q, why);
    if (err == RF_OK && n >= RF_STORE_MEET_MES_MAX)
        return rf_why_set(why, RF_ERR_LIMIT, "store-full", "%d Meet-Me numbers are the most",
                          RF_STORE_MEET_MES_MAX);
    return err;
}

static enum rf_err save_meet_me(struct rf_store *store, const struct rf_store_meet_me *m,
                                struct rf_why *why)
{
    char device[RF_STORE_DEVICE_NAME];
    enum rf_err err = find_line(store, m->number, device, why);
    if (err == RF_OK && device[0] != '\0' && !rf_fault_skips("store.meet-me-line"))
        return rf_why_set(why, RF_ERR_EXISTS, "line-exists", "%s is a line of %s", m->number,
                          device);
    if (err == RF_OK)
        err = count_others(store, m->number, why);
    if (err != RF_OK)
        return err;
    struct rf_db q = rf_db_of(store, RF_SQL_MEET_ME_SAVE);
    rf_db_text(&q, m->number);
    rf_db_int(&q, m->least);
    rf_db_int(&q, m->added_s);
    return rf_db_run(&q, why);
}

enum rf_err rf_store_meet_me_save(struct rf_store *store, const struct rf_store_meet_me *meet_me,
                                  const struct rf_store_event *event, struct rf_why *why)
{
    enum rf_err err = check_number(meet_me->number, true, "Meet-Me number", why);
    if (err == RF_OK)
        err = rf_db_begin_quiet(store, why);
    if (err != RF_OK)
        return err;
    return rf_db_finish(store, save_meet_me(store, meet_me, why), event, why);
}

static enum rf_err remove_meet_me(struct rf_store *store, const char *number, struct rf_why *why)
{
    struct rf_db q = rf_db_of(store, RF_SQL_MEET_ME_REMOVE);
    rf_db_text(&q, number);
    enum rf_err err = rf_db_run(&q, why);
    if (err == RF_OK && rf_db_changed(store) == 0)
        return rf_why_set(why, RF_ERR_NOT_FOUND, "meet-me-unknown",
                          "%s is no Meet-Me number (`ringfence meet-me list`)", number);
    return err;
}

enum rf_err rf_store_meet_me_remove(struct rf_store *store, const char *number,
                                    const struct rf_store_event *event, struct rf_why *why)
{
    enum rf_err err = rf_db_begin_quiet(store, why);
    if (err != RF_OK)
        return err;
    return rf_db_finish(store, remove_meet_me(store, number, why), event, why);
}

enum rf_err rf_store_meet_me_list(struct rf_store *store, struct rf_store_meet_mes *out,
                                  struct rf_why *why)
{
    struct rf_store_meet_mes found = {0};
    enum rf_err grown = RF_OK;
    struct rf_db q = rf_db_of(store, RF_SQL_MEET_ME_LIST);
    while (grown == RF_OK && rf_db_row(&q)) {
        grown = rf_store_grow((void **)&found.items, found.n, sizeof *found.items,
                              RF_STORE_MEET_MES_MAX, why);
        if (grown != RF_OK)
            break;
        struct rf_store_meet_me *m = &found.items[found.n++];
        rf_db_get_text(&q, m->number, sizeof m->number);
        m->least = (enum rf_store_least)rf_db_get_u32(&q, RF_STORE_LEAST_ENCRYPTED);
        m->added_s = rf_db_get(&q);
    }
    enum rf_err err = rf_db_end(&q, why);
    err = grown != RF_OK ? grown : err;
    if (err == RF_OK)
        *out = found;
    else
        rf_store_meet_mes_fini(&found);
    return err;
}

void rf_store_meet_mes_fini(struct rf_store_meet_mes *meet_mes)
{
    rf_free(meet_mes->items);
    *meet_mes = (struct rf_store_meet_mes){0};
}
