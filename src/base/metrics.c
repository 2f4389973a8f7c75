/* SPDX-License-Identifier: Apache-2.0 */
#include "base/metrics.h"

static uint64_t values[RF_METRIC_N];

static const struct {
    const char *name;
    const char *help;
} table[] = {
#define RF_METRIC_ROW(symbol, name, help) {name, help},
    RF_METRICS(RF_METRIC_ROW)
#undef RF_METRIC_ROW
};

void rf_metric_add(enum rf_metric metric, uint64_t n)
{
    __atomic_fetch_add(&values[metric], n, __ATOMIC_RELAXED);
}

uint64_t rf_metric_get(enum rf_metric metric)
{
    return __atomic_load_n(&values[metric], __ATOMIC_RELAXED);
}

const char *rf_metric_name(enum rf_metric metric)
{
    return metric < RF_METRIC_N ? table[metric].name : "?";
}

const char *rf_metric_help(enum rf_metric metric)
{
    return metric < RF_METRIC_N ? table[metric].help : "?";
}
