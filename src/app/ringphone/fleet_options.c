/* SPDX-License-Identifier: Apache-2.0 */
#include "app/ringphone/fleet.h"

#include "base/text.h"

#include <getopt.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

/* Boots a minute, unless told. */
#define BOOTS_PER_MIN 3000u
#define TALK_MS       10000u
#define PER_MIN_MAX   600000u

enum {
    OPT_DIR = 256,
    OPT_COUNT,
    OPT_TFTP,
    OPT_FROM,
    OPT_HTTP,
    OPT_HTTPS,
    OPT_RATE,
    OPT_FOR,
    OPT_UNTIL,
    OPT_CALLS,
    OPT_CALLS_FOR,
    OPT_TALK,
    OPT_HOLD,
    OPT_TRANSFER,
    OPT_MEDIA,
    OPT_CODECS,
    OPT_WORKERS,
    OPT_RETRY,
    OPT_RETRY_MAX,
    OPT_NO_EC,
    OPT_JSON,
    OPT_EVENTS,
    OPT_EVERY,
    OPT_REPORT,
    OPT_LOG_LEVEL,
};

static const struct option long_options[] = {
    {"dir", required_argument, NULL, OPT_DIR},
    {"count", required_argument, NULL, OPT_COUNT},
    {"tftp", required_argument, NULL, OPT_TFTP},
    {"from", required_argument, NULL, OPT_FROM},
    {"http-port", required_argument, NULL, OPT_HTTP},
    {"https-port", required_argument, NULL, OPT_HTTPS},
    {"rate", required_argument, NULL, OPT_RATE},
    {"for", required_argument, NULL, OPT_FOR},
    {"until", required_argument, NULL, OPT_UNTIL},
    {"calls", required_argument, NULL, OPT_CALLS},
    {"calls-for", required_argument, NULL, OPT_CALLS_FOR},
    {"talk", required_argument, NULL, OPT_TALK},
    {"hold", required_argument, NULL, OPT_HOLD},
    {"transfer", required_argument, NULL, OPT_TRANSFER},
    {"media", required_argument, NULL, OPT_MEDIA},
    {"codecs", required_argument, NULL, OPT_CODECS},
    {"workers", required_argument, NULL, OPT_WORKERS},
    {"retry-ms", required_argument, NULL, OPT_RETRY},
    {"retry-max-ms", required_argument, NULL, OPT_RETRY_MAX},
    {"no-ec", no_argument, NULL, OPT_NO_EC},
    {"json", no_argument, NULL, OPT_JSON},
    {"events", no_argument, NULL, OPT_EVENTS},
    {"every", required_argument, NULL, OPT_EVERY},
    {"report", required_argument, NULL, OPT_REPORT},
    {"log-level", required_argument, NULL, OPT_LOG_LEVEL},
    {NULL, 0, NULL, 0},
};

static const char help[] =
    "ringphone fleet: many phones in one process. Each is the phone that `ringphone` is, with all\n"
    "its checks; they share a loop, and a few workers for files and keys.\n"
    "\n"
    "  ringphone fleet --dir DIR --tftp HOST[:PORT] [options]\n"
    "\n"
    "The phones\n"
    "  --dir DIR            the folder that holds their flash folders, as they are made by\n"
    "                       `ringfence factory phone --count N --flash DIR`\n"
    "  --count N            the first N of them (all)\n"
    "  --tftp HOST[:PORT]   where they boot from; port 69. Not needed by phones that keep one\n"
    "  --from NETWORK       each from an address of its own, in their order: 127.1.0.0/16 on this\n"
    "                       machine, else addresses that it has (all from one)\n"
    "  --rate N/s           so many are switched on a second, or N/min (50/s)\n"
    "  --workers N          threads for their files, signatures and keys (one for each processor)\n"
    "\n"
    "The end\n"
    "  --until GOAL         registered: when all are; enrolled: when all got a certificate in "
    "this\n"
    "                       run, and are registered\n"
    "  --for TIME           at the latest after so long (5s, 500ms, 2m)\n"
    "\n"
    "Calls among them\n"
    "  --calls N/min        so many begin a minute, or N/s, between phones that are idle (none)\n"
    "  --calls-for TIME     none begin later than that after the start (to the end)\n"
    "  --talk TIME          how long one lasts once it is connected (10s)\n"
    "  --hold N             of a hundred, so many callers hold for the second third of it (0)\n"
    "  --transfer N         of a hundred, so many callers give it to a third phone after half (0)\n"
    "  --media none|silence none: no sockets, nothing is sent or heard (none); silence: both\n"
    "\n"
    "How they behave, as options of one phone\n"
    "  --retry-ms N         first wait after a failure (15000), doubled each time\n"
    "  --retry-max-ms N     longest wait (40 times the first)\n"
    "  --codecs LIST        what they speak, the best first: some of g722, ulaw, alaw (ulaw)\n"
    "  --http-port N|no     --https-port N|no     --no-ec     --log-level LEVEL\n"
    "\n"
    "What is told\n"
    "  --report FILE        write what became of each, as JSON\n"
    "  --json               one JSON object a line: fleet-start, fleet-summary, fleet-end\n"
    "  --events             and every event of every phone\n"
    "  --every TIME         between two summaries (5s; on a terminal 1s, in one line)\n"
    "\n"
    "Exit status: 0 all phones had reached the goal when it ended, and were registered then; 1 "
    "not\n"
    "all; 2 wrong usage. SIGTERM and SIGINT end it: the phones unregister first. Twice: at once.\n";

void fleet_help_print(FILE *to)
{
    fputs(help, to);
}

static RF_PRINTF(1, 2) int wrong(const char *fmt, ...)
{
    va_list ap;
    fputs("ringphone fleet: ", stderr);
    va_start(ap, fmt);
    vfprintf(stderr, fmt, ap);
    va_end(ap);
    fputs("; `ringphone fleet --help` explains\n", stderr);
    return EXIT_USAGE;
}

/* "50/s", "90/min", "50": of the unit that the option is spoken of in. */
static bool take_rate(const char *text, bool is_by_second, uint32_t *per_min)
{
    struct rf_slice s = rf_slice_str(text);
    size_t slash = rf_slice_find(s, rf_slice_str("/"));
    uint64_t n;
    if (slash != SIZE_MAX) {
        struct rf_slice unit = rf_slice_part(s, slash, s.len);
        is_by_second = rf_slice_eq(unit, rf_slice_str("/s"));
        if (!is_by_second && !rf_slice_eq(unit, rf_slice_str("/min")))
            return false;
        s = rf_slice_part(s, 0, slash);
    }
    uint32_t unit = is_by_second ? 60 : 1;
    if (!rf_parse_u64(s, 1, PER_MIN_MAX / unit, &n))
        return false;
    *per_min = (uint32_t)n * unit;
    return true;
}

static bool take_number(const char *text, uint64_t min, uint64_t max, uint32_t *out)
{
    uint64_t n;
    if (!rf_parse_u64(rf_slice_str(text), min, max, &n))
        return false;
    *out = (uint32_t)n;
    return true;
}

static bool take_port(const char *text, bool *has, uint16_t *port)
{
    uint32_t n = 0;
    *has = strcmp(text, "no") == 0 || take_number(text, 1, 65535, &n);
    *port = (uint16_t)n;
    return *has;
}

static bool take_network(const char *text, struct fleet_options *o)
{
    struct rf_networks networks;
    o->has_from = rf_networks_parse(text, &networks, NULL) == RF_OK && networks.n == 1;
    o->from = o->has_from ? networks.items[0] : (struct rf_network){0};
    return o->has_from;
}

static bool take_goal(const char *text, struct fleet_options *o)
{
    o->has_until = true;
    for (enum fleet_goal goal = FLEET_GOAL_REGISTERED; goal <= FLEET_GOAL_ENROLLED; goal++)
        if (strcmp(text, fleet_goal_name(goal)) == 0) {
            o->goal = goal;
            return true;
        }
    return false;
}

static bool take_media(const char *text, struct fleet_options *o)
{
    o->has_media = strcmp(text, "silence") == 0;
    return o->has_media || strcmp(text, "none") == 0;
}

static bool take_count(const char *text, struct fleet_options *o)
{
    uint32_t n = 0;
    bool is_good = take_number(text, 1, FLEET_PHONES_MAX, &n);
    o->count = n;
    return is_good;
}

#define WANTS_TIME     "a time: 5s, 500ms, 2m"
#define WANTS_PER_CENT "0 to 100, of a hundred calls"

/* NULL: taken; else what it wants. */
static const char *take_value(int c, struct fleet_options *o)
{
    const char *text = optarg;
    switch (c) {
    case OPT_DIR:
        o->dir = text;
        return text[0] != '\0' ? NULL : "a folder";
    case OPT_REPORT:
        o->report = text;
        return text[0] != '\0' ? NULL : "a file";
    case OPT_COUNT:
        return take_count(text, o) ? NULL : "1 to 20000";
    case OPT_TFTP:
        return options_host_port(text, 69, o->tftp_host, sizeof o->tftp_host, &o->tftp_port)
                   ? NULL
                   : "an address, and a port if it is not 69: 192.0.2.1:6969";
    case OPT_FROM:
        return take_network(text, o) ? NULL : "a network: 127.1.0.0/16";
    case OPT_HTTP:
        return take_port(text, &o->has_http_port, &o->http_port) ? NULL : "a port, or no";
    case OPT_HTTPS:
        return take_port(text, &o->has_https_port, &o->https_port) ? NULL : "a port, or no";
    case OPT_RATE:
        return take_rate(text, true, &o->boots_per_min) ? NULL : "a rate: 50/s, 30/min";
    case OPT_CALLS:
        return take_rate(text, false, &o->calls_per_min) ? NULL : "a rate: 60/min, 5/s";
    case OPT_FOR:
        return options_duration(text, &o->for_ms) ? NULL : WANTS_TIME;
    case OPT_CALLS_FOR:
        return options_duration(text, &o->calls_for_ms) ? NULL : WANTS_TIME;
    case OPT_TALK:
        return options_duration(text, &o->talk_ms) ? NULL : WANTS_TIME;
    case OPT_HOLD:
        return take_number(text, 0, 100, &o->hold) ? NULL : WANTS_PER_CENT;
    case OPT_TRANSFER:
        return take_number(text, 0, 100, &o->transfer) ? NULL : WANTS_PER_CENT;
    case OPT_EVERY:
        return options_duration(text, &o->every_ms) ? NULL : WANTS_TIME;
    case OPT_UNTIL:
        return take_goal(text, o) ? NULL : "registered or enrolled";
    case OPT_MEDIA:
        return take_media(text, o) ? NULL : "none or silence";
    case OPT_CODECS:
        return rf_media_codecs_parse(text, &o->codecs)
                   ? NULL
                   : "some of ulaw, alaw and g722, each once, with commas between";
    case OPT_WORKERS:
        return take_number(text, 1, FLEET_WORKERS_MAX, &o->workers) ? NULL : "1 to 64";
    case OPT_RETRY:
        return take_number(text, 10, 600000, &o->retry_ms) ? NULL : "10 to 600000 milliseconds";
    case OPT_RETRY_MAX:
        return take_number(text, 10, 86400000, &o->retry_max_ms) ? NULL
                                                                 : "10 to 86400000 milliseconds";
    case OPT_LOG_LEVEL:
        return rf_log_level_parse(text, &o->log_level) ? NULL : "error, warn, info or debug";
    default:
        o->is_json |= c == OPT_JSON;
        o->has_events |= c == OPT_EVENTS;
        o->no_ec |= c == OPT_NO_EC;
        return NULL;
    }
}

static void set_defaults(struct fleet_options *o)
{
    long cores = sysconf(_SC_NPROCESSORS_ONLN);
    if (o->boots_per_min == 0)
        o->boots_per_min = BOOTS_PER_MIN;
    if (o->talk_ms == 0)
        o->talk_ms = TALK_MS;
    if (o->workers == 0)
        o->workers = cores < 1                         ? 1
                     : cores > (long)FLEET_WORKERS_MAX ? FLEET_WORKERS_MAX
                                                       : (uint32_t)cores;
    uint64_t longest = (uint64_t)o->retry_ms * 40;
    if (o->retry_max_ms == 0)
        o->retry_max_ms = longest > UINT32_MAX ? UINT32_MAX : (uint32_t)longest;
}

static int check_whole(struct fleet_options *o, int argc, char **argv)
{
    uint32_t first_ms = o->retry_ms != 0 ? o->retry_ms : RF_PHONE_RETRY_FIRST_MS;
    if (optind < argc)
        return wrong("\"%s\" is no option", argv[optind]);
    if (o->dir == NULL)
        return wrong("--dir DIR is missing");
    if (o->has_events && !o->is_json)
        return wrong("--events goes with --json");
    if (o->hold + o->transfer > 100)
        return wrong("--hold %u and --transfer %u are more than a hundred", o->hold, o->transfer);
    if (o->calls_per_min == 0 && o->hold + o->transfer > 0)
        return wrong("--hold and --transfer go with --calls");
    if (o->retry_max_ms != 0 && o->retry_max_ms < first_ms)
        return wrong("--retry-max-ms %u is below --retry-ms, %u", o->retry_max_ms, first_ms);
    if (o->report != NULL && !options_can_write("--report", o->report))
        return EXIT_USAGE;
    set_defaults(o);
    return EXIT_DONE;
}

int fleet_options_take(int argc, char **argv, struct fleet_options *o)
{
    opterr = 0;
    if (argc < 2) {
        fleet_help_print(stderr);
        return EXIT_USAGE;
    }
    for (int c, index = 0; (c = getopt_long(argc, argv, ":", long_options, &index)) != -1;) {
        if (c == ':')
            return wrong("%s wants a value", argv[optind - 1]);
        if (c == '?')
            return wrong("%s is no option", argv[optind - 1]);
        const char *wants = take_value(c, o);
        if (wants != NULL)
            return wrong("--%s \"%s\": wants %s", long_options[index].name, optarg, wants);
    }
    return check_whole(o, argc, argv);
}
