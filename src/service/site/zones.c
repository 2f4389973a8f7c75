/* SPDX-License-Identifier: Apache-2.0 */
#include "service/site/zones.h"

#include <string.h>

#define DAY_S 86400

/* Summer time, by the laws of 2026. */
enum summer { NEVER, EUROPE, AMERICA, AUSTRALIA, NEW_ZEALAND, EGYPT };

/* A turn of the clock: the `week`th `day` (0 is Sunday; week 5 the last one) of a month, at so many
 * minutes of the day: of UTC, or of what the clock shows before it. */
struct turn {
    int month, week, day, minutes;
};
static const struct {
    bool is_utc;
    struct turn on, off;
} summers[] = {
    [EUROPE] = {true, {3, 5, 0, 60}, {10, 5, 0, 60}},
    [AMERICA] = {false, {3, 2, 0, 120}, {11, 1, 0, 120}},
    [AUSTRALIA] = {false, {10, 1, 0, 120}, {4, 1, 0, 180}},
    [NEW_ZEALAND] = {false, {9, 5, 0, 120}, {4, 1, 0, 180}},
    [EGYPT] = {false, {4, 5, 5, 0}, {10, 5, 4, 1440}},
};

/* Names as phones know them. For GTB, Egypt, E. Europe, Romance and Central Europe the offsets
 * that are printed for phones are swapped; these are those of the places.
 * doc: docs/wire/sccp.md, "Time" */
static const struct {
    const char *name;
    int16_t minutes;
    uint8_t summer;
} zones[] = {
    {"Dateline Standard Time", -720, NEVER},
    {"Samoa Standard Time", -660, NEVER},
    {"Hawaiian Standard Time", -600, NEVER},
    {"Alaskan Standard/Daylight Time", -540, AMERICA},
    {"Pacific Standard/Daylight Time", -480, AMERICA},
    {"Mountain Standard/Daylight Time", -420, AMERICA},
    {"US Mountain Standard Time", -420, NEVER},
    {"Central Standard/Daylight Time", -360, AMERICA},
    {"Mexico Standard/Daylight Time", -360, NEVER},
    {"Canada Central Standard Time", -360, NEVER},
    {"SA Pacific Standard Time", -300, NEVER},
    {"Eastern Standard/Daylight Time", -300, AMERICA},
    {"US Eastern Standard Time", -300, NEVER},
    {"Atlantic Standard/Daylight Time", -240, AMERICA},
    {"SA Western Standard Time", -240, NEVER},
    {"Pacific SA Standard Time", -240, NEVER},
    {"Pacific SA Daylight Time", -180, NEVER},
    {"Newfoundland Standard/Daylight Time", -210, AMERICA},
    {"E. South America Standard/Daylight Time", -180, NEVER},
    {"SA Eastern Standard Time", -180, NEVER},
    {"Mid-Atlantic Standard/Daylight Time", -120, NEVER},
    {"Azores Standard/Daylight Time", -60, EUROPE},
    {"GMT Standard/Daylight Time", 0, EUROPE},
    {"Greenwich Standard Time", 0, NEVER},
    {"W. Europe Standard/Daylight Time", 60, EUROPE},
    {"Romance Standard/Daylight Time", 60, EUROPE},
    {"Central Europe Standard/Daylight Time", 60, EUROPE},
    {"GTB Standard/Daylight Time", 120, EUROPE},
    {"E. Europe Standard/Daylight Time", 120, EUROPE},
    {"Egypt Standard/Daylight Time", 120, EGYPT},
    {"South Africa Standard Time", 120, NEVER},
    {"Jerusalem Standard/Daylight Time", 120, NEVER}, /* its turns follow no such rule */
    {"Saudi Arabia Standard Time", 180, NEVER},
    {"Russian Standard/Daylight Time", 180, NEVER},
    {"Iran Standard/Daylight Time", 210, NEVER},
    {"Caucasus Standard/Daylight Time", 240, NEVER},
    {"Arabian Standard Time", 240, NEVER},
    {"Afghanistan Standard Time", 270, NEVER},
    {"West Asia Standard Time", 300, NEVER},
    {"Ekaterinburg Standard Time", 300, NEVER},
    {"India Standard Time", 330, NEVER},
    {"Central Asia Standard Time", 360, NEVER},
    {"SE Asia Standard Time", 420, NEVER},
    {"China Standard/Daylight Time", 480, NEVER},
    {"Taipei Standard Time", 480, NEVER},
    {"Tokyo Standard Time", 540, NEVER},
    {"Cen. Australia Standard/Daylight Time", 570, AUSTRALIA},
    {"AUS Central Standard Time", 570, NEVER},
    {"E. Australia Standard Time", 600, NEVER},
    {"AUS Eastern Standard/Daylight Time", 600, AUSTRALIA},
    {"West Pacific Standard Time", 600, NEVER},
    {"Tasmania Standard/Daylight Time", 600, AUSTRALIA},
    {"Central Pacific Standard Time", 660, NEVER},
    {"Fiji Standard Time", 720, NEVER},
    {"New Zealand Standard/Daylight Time", 720, NEW_ZEALAND},
};
#define ZONES (sizeof zones / sizeof *zones)

static size_t find(const char *name)
{
    size_t i = 0;
    while (i < ZONES && strcmp(zones[i].name, name) != 0)
        i++;
    return i;
}

bool rf_zone_is_known(const char *name)
{
    return find(name) < ZONES;
}

static bool is_leap(int64_t year)
{
    return (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
}

static int64_t days_of_year(int64_t year)
{
    return is_leap(year) ? 366 : 365;
}

static int days_of_month(int64_t year, int month)
{
    static const int days[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    return days[month - 1] + (month == 2 && is_leap(year) ? 1 : 0);
}

/* Days since 1970 of the first of January. */
static int64_t new_year(int64_t year)
{
    int64_t before = year - 1;
    return (year - 1970) * 365 + (before / 4 - before / 100 + before / 400) - 477;
}

static int64_t year_of(int64_t utc)
{
    int64_t year = 1970 + utc / DAY_S / 366;
    while (new_year(year) + days_of_year(year) <= utc / DAY_S)
        year++;
    return year;
}

/* Seconds since 1970 of a turn in that year, as if the clock meant were UTC. */
static int64_t turn_at(int64_t year, const struct turn *t)
{
    int64_t first = new_year(year);
    for (int month = 1; month < t->month; month++)
        first += days_of_month(year, month);
    int64_t weekday = (first + 4) % 7; /* 1970 began on a Thursday */
    int64_t day = (t->day - weekday + 7) % 7 + 7 * (t->week - 1);
    while (day >= days_of_month(year, t->month))
        day -= 7;
    return (first + day) * DAY_S + t->minutes * 60;
}

static bool is_summer(size_t zone, int64_t utc)
{
    if (zones[zone].summer == NEVER)
        return false;
    int64_t offset = zones[zone].minutes * 60;
    bool is_utc = summers[zones[zone].summer].is_utc;
    int64_t year = year_of(utc + offset);
    int64_t on = turn_at(year, &summers[zones[zone].summer].on) - (is_utc ? 0 : offset);
    int64_t off = turn_at(year, &summers[zones[zone].summer].off) - (is_utc ? 0 : offset + 3600);
    return on < off ? on <= utc && utc < off : utc < off || on <= utc;
}

int32_t rf_zone_offset_s(const char *name, int64_t utc)
{
    size_t zone = find(name);
    if (zone == ZONES || utc < 0)
        return 0;
    return zones[zone].minutes * 60 + (is_summer(zone, utc) ? 3600 : 0);
}
