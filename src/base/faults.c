/* SPDX-License-Identifier: Apache-2.0 */
#include "base/faults.h"

#ifdef RF_TEST_HOOKS
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* Is `name` one of the comma-separated names of the variable? */
static bool named_in(const char *variable, const char *name)
{
    const char *list = getenv(variable);
    size_t n = strlen(name);
    while (list != NULL && *list != '\0') {
        const char *comma = strchrnul(list, ',');
        if ((size_t)(comma - list) == n && strncmp(list, name, n) == 0)
            return true;
        list = *comma == ',' ? comma + 1 : comma;
    }
    return false;
}

bool rf_fault_skips(const char *check)
{
    return named_in("RINGFENCE_SKIP_CHECKS", check);
}

void rf_crash_point(const char *point)
{
    if (named_in("RINGFENCE_CRASH_AT", point))
        kill(getpid(), SIGKILL);
}
#else
/* ISO C wants a translation unit to hold something. */
typedef int rf_faults_are_compiled_out;
#endif
