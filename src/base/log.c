/* SPDX-License-Identifier: Apache-2.0 */
#include "base/log.h"

#include "base/text.h"

#include <pthread.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

/* The categories: name, level by default, what they tell. */
static struct {
    const char *name;
    enum rf_log_level level;
    const char *help;
} cats[RF_CAT_N] = {
    [RF_CAT_MAIN] = {"main", RF_LOG_INFO, "start, stop, signals"},
    [RF_CAT_CONF] = {"conf", RF_LOG_INFO, "configuration read and applied"},
    [RF_CAT_NET] = {"net", RF_LOG_INFO, "listeners and links"},
    [RF_CAT_TLS] = {"tls", RF_LOG_INFO, "handshakes and their refusals"},
    [RF_CAT_TRUST] = {"trust", RF_LOG_INFO, "certificates, lists and files believed or refused"},
    [RF_CAT_SIGNER] = {"signer", RF_LOG_INFO, "the process that holds the signing keys"},
    [RF_CAT_STORE] = {"store", RF_LOG_INFO, "database"},
    [RF_CAT_MEDIA] = {"media", RF_LOG_INFO, "RTP and SRTP streams"},
    [RF_CAT_CALL] = {"call", RF_LOG_INFO, "life of calls"},
    [RF_CAT_SCCP] = {"sccp", RF_LOG_INFO, "registered SCCP phones and their messages"},
    [RF_CAT_CAPF] = {"capf", RF_LOG_INFO, "enrolment"},
    [RF_CAT_TVS] = {"tvs", RF_LOG_INFO, "trust verification"},
    [RF_CAT_PROVISION] = {"provision", RF_LOG_INFO, "files made and served"},
    [RF_CAT_TFTP] = {"tftp", RF_LOG_INFO, "TFTP transfers"},
    [RF_CAT_ADMIN] = {"admin", RF_LOG_INFO, "changes by operators"},
    [RF_CAT_PHONE] = {"phone", RF_LOG_INFO, "the phone endpoint"},
};

static int log_fd = STDERR_FILENO;
static pthread_mutex_t log_lock = PTHREAD_MUTEX_INITIALIZER;

static const char *const level_names[] = {"error", "warn", "info", "debug"};

void rf_log_setup(int fd, enum rf_log_level level)
{
    log_fd = fd;
    for (size_t i = 0; i < RF_CAT_N; i++)
        __atomic_store_n(&cats[i].level, level, __ATOMIC_RELAXED);
}

void rf_log_set_level(enum rf_log_cat cat, enum rf_log_level level)
{
    __atomic_store_n(&cats[cat].level, level, __ATOMIC_RELAXED);
}

bool rf_log_wants(enum rf_log_cat cat, enum rf_log_level level)
{
    return level <= __atomic_load_n(&cats[cat].level, __ATOMIC_RELAXED);
}

const char *rf_log_cat_name(enum rf_log_cat cat)
{
    return cat < RF_CAT_N ? cats[cat].name : "?";
}

bool rf_log_level_parse(const char *text, enum rf_log_level *out)
{
    for (size_t i = 0; i < sizeof level_names / sizeof *level_names; i++) {
        if (strcmp(text, level_names[i]) == 0) {
            *out = (enum rf_log_level)i;
            return true;
        }
    }
    return false;
}

void rf_log(enum rf_log_cat cat, enum rf_log_level level, const char *fmt, ...)
{
    if (!rf_log_wants(cat, level))
        return;
    char line[1024];
    struct timespec ts;
    struct tm tm;
    clock_gettime(CLOCK_REALTIME, &ts);
    gmtime_r(&ts.tv_sec, &tm);
    size_t n = strftime(line, sizeof line, "%Y-%m-%dT%H:%M:%S", &tm);
    n += (size_t)snprintf(line + n, sizeof line - n, ".%03ldZ %s %s: ", ts.tv_nsec / 1000000,
                          level_names[level], rf_log_cat_name(cat));
    va_list ap;
    va_start(ap, fmt);
    int m = vsnprintf(line + n, sizeof line - n - 1, fmt, ap);
    va_end(ap);
    if (m < 0)
        return;
    size_t end = n + (size_t)m;
    if (end > sizeof line - 2)
        end = sizeof line - 2;
    rf_blank_controls(line + n, end - n); /* one line, whatever a peer put into it */
    line[end++] = '\n';
    pthread_mutex_lock(&log_lock);
    for (size_t done = 0; done < end;) {
        ssize_t w = write(log_fd, line + done, end - done);
        if (w <= 0)
            break; /* nowhere left to complain */
        done += (size_t)w;
    }
    pthread_mutex_unlock(&log_lock);
}

bool rf_log_allows(struct rf_log_limit *limit, uint32_t burst, uint64_t now_ms)
{
    if (limit->used == 0 || now_ms - limit->window_ms >= 60000) {
        limit->window_ms = now_ms;
        limit->used = 0;
    }
    if (limit->used >= burst) {
        limit->dropped++;
        return false;
    }
    limit->used++;
    return true;
}
