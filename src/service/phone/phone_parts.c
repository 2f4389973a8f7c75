/* SPDX-License-Identifier: Apache-2.0 */
/* The talking halves as they are; tests give others. */
#include "service/phone/phone.h"

const struct rf_phone_parts *rf_phone_parts_real(void)
{
    static const struct rf_phone_parts parts = {
        .enrol_start = rf_enrol_start,
        .enrol_abort = rf_enrol_abort,
        .enrol_free = rf_enrol_free,
        .ask_tvs_start = rf_ask_tvs_start,
        .ask_tvs_free = rf_ask_tvs_free,
        .station_new = rf_station_new,
        .station_start = rf_station_start,
        .station_stop = rf_station_stop,
        .station_free = rf_station_free,
        .station_alarm = rf_station_alarm,
        .station_status = rf_station_status,
    };
    return &parts;
}
