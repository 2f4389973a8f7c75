/* SPDX-License-Identifier: Apache-2.0 */
/* Which phones a fleet has, and what they need of the system. */
#include "app/ringphone/fleet.h"

#include "base/file.h"

#include <dirent.h>
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>

/* Of a phone: the lock on its flash, its link, and files that it fetches one after the other, whose
 * sockets stay a while for a block that is repeated; with media, two streams at most. */
#define FILES_A_PHONE 8u
/* Of the process: loop, workers, report. */
#define FILES_BESIDE 128u
/* As ringfenced has it in provision_names, if nobody changed it. */
#define ONE_ADDRESS_MAX 3

static bool is_file_in(const char *dir, const char *name)
{
    RF_AUTO(rf_freep) char *path = rf_path_join(dir, name);
    return rf_file_exists(path);
}

static bool is_flash(const char *dir)
{
    return is_file_in(dir, rf_flash_item_path(RF_FLASH_IDENTITY));
}

static bool wrong(const char *fmt, ...) RF_PRINTF(1, 2);
static bool wrong(const char *fmt, ...)
{
    va_list ap;
    fputs("ringphone fleet: ", stderr);
    va_start(ap, fmt);
    vfprintf(stderr, fmt, ap);
    va_end(ap);
    fputc('\n', stderr);
    return false;
}

static int no_dots(const struct dirent *entry)
{
    return entry->d_name[0] != '.';
}

static void names_free(struct dirent **names, size_t n)
{
    for (size_t i = 0; i < n; i++)
        rf_free(names[i]);
    rf_free(names);
}

/* Those that are flash folders to the front; `begun`: those that a batch has not finished. */
static size_t sort_out(const char *dir, struct dirent **names, size_t n, size_t *begun)
{
    size_t found = 0;
    for (size_t i = 0; i < n; i++) {
        RF_AUTO(rf_freep) char *flash = rf_path_join(dir, names[i]->d_name);
        struct dirent *name = names[i];
        *begun += !is_flash(flash) && is_file_in(flash, rf_flash_item_path(RF_FLASH_MIC));
        if (!is_flash(flash))
            continue;
        names[i] = names[found];
        names[found++] = name;
    }
    return found;
}

static bool judge(const struct fleet_options *o, size_t found, size_t begun)
{
    if (found == 0)
        return wrong("%s has no flash folders%s: `ringfence factory phone --count N --flash %s` "
                     "makes them",
                     o->dir, begun > 0 ? ", only some that were begun" : "", o->dir);
    if (o->count > found)
        return wrong("--count %zu is more than the %zu phones of %s%s", o->count, found, o->dir,
                     begun > 0 ? "; a batch there is not finished: give its command again" : "");
    if (o->count == 0 && found > FLEET_PHONES_MAX)
        return wrong("%s has %zu phones, and a process has room for %u: give --count", o->dir,
                     found, FLEET_PHONES_MAX);
    return true;
}

/* What is wrong with a flash is the phone's to say, when it boots: then its folder's name has to
 * do.
 */
static void name_phone(struct fleet *f, struct fleet_phone *p, const char *folder)
{
    RF_AUTO(rf_flash_freep) struct rf_flash *flash = NULL;
    bool is_open = rf_flash_open(p->dir, &flash, NULL) == RF_OK;
    fleet_row_init(&p->row, &f->totals, is_open ? flash->identity.device : folder);
}

struct place {
    const struct fleet_phone *phone;
};

static int by_device(const void *a, const void *b)
{
    const struct place *x = a, *y = b;
    return strcmp(x->phone->row.device, y->phone->row.device);
}

/* They would take the registration away from each other. */
static bool are_different(const struct fleet *f)
{
    RF_AUTO(rf_freep) struct place *sorted = rf_new_n(struct place, f->n);
    for (size_t i = 0; i < f->n; i++)
        sorted[i].phone = &f->phone[i];
    qsort(sorted, f->n, sizeof *sorted, by_device);
    for (size_t i = 1; i < f->n; i++) {
        const struct fleet_phone *a = sorted[i - 1].phone, *b = sorted[i].phone;
        if (strcmp(a->row.device, b->row.device) == 0)
            return wrong("%s and %s are both %s: a device is one phone", a->dir, b->dir,
                         a->row.device);
    }
    return true;
}

/* Not wrong: the server may allow it, or be another. */
static void warn_of_one_address(const struct fleet *f)
{
    if (!f->o->has_from && f->n > ONE_ADDRESS_MAX)
        fprintf(stderr,
                "ringphone fleet: %zu phones share one address, and a server may give one address "
                "no more than %d configurations (ringfenced: provision_names); --from gives each "
                "phone its own\n",
                f->n, ONE_ADDRESS_MAX);
}

/* The address of the network itself is nobody's. */
static bool give_addresses(const struct fleet *f)
{
    for (size_t i = 0; f->o->has_from && i < f->n; i++)
        if (!rf_network_nth(&f->o->from, (uint32_t)i + 1, f->phone[i].local))
            return wrong("--from has %zu addresses for %zu phones: give a larger network", i, f->n);
    return true;
}

static void take(struct fleet *f, struct dirent **names)
{
    f->phone = rf_new_n(struct fleet_phone, f->n);
    f->totals.goal = f->o->goal;
    for (size_t i = 0; i < f->n; i++) {
        f->phone[i].fleet = f;
        f->phone[i].dir = rf_path_join(f->o->dir, names[i]->d_name);
        name_phone(f, &f->phone[i], names[i]->d_name);
    }
}

bool fleet_find(struct fleet *f)
{
    const char *dir = f->o->dir;
    struct dirent **names = NULL;
    size_t begun = 0;
    if (is_flash(dir))
        return wrong("%s is the flash of one phone: give the folder that holds the folders of "
                     "many, or `ringphone --flash %s`",
                     dir, dir);
    int n = scandir(dir, &names, no_dots, alphasort);
    if (n < 0)
        return wrong("%s: %s", dir, strerror(errno));
    size_t found = sort_out(dir, names, (size_t)n, &begun);
    bool is_good = judge(f->o, found, begun);
    f->n = !is_good ? 0 : f->o->count != 0 ? f->o->count : found;
    if (is_good)
        take(f, names);
    names_free(names, (size_t)n);
    if (!is_good || !are_different(f) || !give_addresses(f))
        return false;
    warn_of_one_address(f);
    return true;
}

bool fleet_make_room(const struct fleet *f)
{
    struct rlimit limit;
    rlim_t need = (rlim_t)f->n * FILES_A_PHONE + FILES_BESIDE;
    if (getrlimit(RLIMIT_NOFILE, &limit) != 0)
        return wrong("the limit of open files cannot be read: %s", strerror(errno));
    if (limit.rlim_cur == RLIM_INFINITY || limit.rlim_cur >= need)
        return true;
    struct rlimit more = {.rlim_cur = need,
                          .rlim_max = limit.rlim_max == RLIM_INFINITY || limit.rlim_max >= need
                                          ? limit.rlim_max
                                          : need};
    if (setrlimit(RLIMIT_NOFILE, &more) == 0)
        return true;
    return wrong(
        "%zu phones need %llu open files and the hard limit is %llu: raise it (ulimit -Hn, "
        "LimitNOFILE=), or give --count %llu",
        f->n, (unsigned long long)need, (unsigned long long)limit.rlim_max,
        (unsigned long long)(limit.rlim_max > FILES_BESIDE
                                 ? (limit.rlim_max - FILES_BESIDE) / FILES_A_PHONE
                                 : 0));
}
