/* SPDX-License-Identifier: Apache-2.0 */
/* The number plan: a tree with a branch for each digit, so that a number is found, and known to be
 * unfinished, in as many steps as it has digits, however many there are. */
#include "service/call/call_int.h"

#include "base/mem.h"

#include <string.h>

static const char digits_of_numbers[] = "0123456789*+ABCD";
#define BRANCHES (sizeof digits_of_numbers - 1)

struct plan_node {
    struct plan_node *branch[BRANCHES];
    size_t n_below; /* lines in its branches */
    struct plan_line *lines;
};

bool rf_call_number_ok(const char *number)
{
    size_t n = strspn(number, digits_of_numbers);
    return n > 0 && n <= RF_CALL_NUMBER_MAX && number[n] == '\0';
}

/* Of a digit, or BRANCHES when it is none. */
static size_t branch_of(char digit)
{
    const char *at = digit != '\0' ? strchr(digits_of_numbers, digit) : NULL;
    return at != NULL ? (size_t)(at - digits_of_numbers) : BRANCHES;
}

static struct plan_node *node_of(const struct rf_call_control *cc, const char *number)
{
    struct plan_node *node = cc->plan;
    for (; node != NULL && *number != '\0'; number++) {
        size_t b = branch_of(*number);
        node = b < BRANCHES ? node->branch[b] : NULL;
    }
    return node;
}

struct plan_line *call_plan_find(const struct rf_call_control *cc, const char *number)
{
    const struct plan_node *node = node_of(cc, number);
    return node != NULL ? node->lines : NULL;
}

bool call_plan_may_follow(const struct rf_call_control *cc, const char *digits)
{
    const struct plan_node *node = node_of(cc, digits);
    return node != NULL && node->n_below > 0;
}

void call_plan_add(struct rf_call_control *cc, struct plan_line *line)
{
    if (cc->plan == NULL)
        cc->plan = rf_new(struct plan_node);
    struct plan_node *node = cc->plan;
    for (const char *c = call_line_number(line->dev, line->line); *c != '\0'; c++) {
        size_t b = branch_of(*c);
        rf_bug_on(b == BRANCHES);
        node->n_below++;
        if (node->branch[b] == NULL)
            node->branch[b] = rf_new(struct plan_node);
        node = node->branch[b];
    }
    struct plan_line **at = &node->lines;
    while (*at != NULL)
        at = &(*at)->next;
    line->next = NULL;
    *at = line;
}

/* Branches that are empty stay: numbers come back. */
void call_plan_remove(struct rf_call_control *cc, struct plan_line *line)
{
    struct plan_node *node = cc->plan;
    for (const char *c = call_line_number(line->dev, line->line); *c != '\0'; c++) {
        node->n_below--;
        node = node->branch[branch_of(*c)];
    }
    struct plan_line **at = &node->lines;
    while (*at != line)
        at = &(*at)->next;
    *at = line->next;
}

/* As deep as a number is long. */
static void node_free(struct plan_node *node)
{
    for (size_t b = 0; node != NULL && b < BRANCHES; b++)
        node_free(node->branch[b]);
    rf_free(node);
}

void call_plan_free(struct rf_call_control *cc)
{
    node_free(cc->plan);
    cc->plan = NULL;
}
