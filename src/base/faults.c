/* SPDX-License-Identifier: Apache-2.0 */
#include "base/faults.h"

#ifdef RF_TEST_HOOKS
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
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

/* That it is there already, or cannot be made, changes nothing for who asks. */
static void note_asked(const char *check)
{
    char path[PATH_MAX];
    const char *folder = getenv("RINGFENCE_CHECKS_ASKED");
    if (folder == NULL || snprintf(path, sizeof path, "%s/%s", folder, check) >= (int)sizeof path)
        return;
    (void)mknod(path, S_IFREG | 0600, 0);
}

bool rf_fault_skips(const char *check)
{
    note_asked(check);
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
