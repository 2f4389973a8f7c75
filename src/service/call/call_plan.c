/* SPDX-License-Identifier: Apache-2.0 */
/* The dial plan: a line's number, exactly. */
#include "service/call/call_int.h"

#include <string.h>

bool rf_call_number_ok(const char *number)
{
    size_t n = strspn(number, "0123456789*+ABCD");
    return n > 0 && n <= RF_CALL_NUMBER_MAX && number[n] == '\0';
}

struct device *call_line_find(const struct rf_call_control *cc, const char *number, uint32_t *line)
{
    for (struct device *d = cc->devices; d != NULL; d = d->next) {
        for (size_t i = 0; i < d->conf.n_lines; i++) {
            if (strcmp(d->conf.lines[i].number, number) == 0) {
                *line = (uint32_t)i + 1;
                return d;
            }
        }
    }
    return NULL;
}

bool call_line_may_follow(const struct rf_call_control *cc, const char *digits)
{
    size_t n = strlen(digits);
    for (const struct device *d = cc->devices; d != NULL; d = d->next)
        for (size_t i = 0; i < d->conf.n_lines; i++)
            if (strncmp(d->conf.lines[i].number, digits, n) == 0 &&
                strlen(d->conf.lines[i].number) > n)
                return true;
    return false;
}
