/* SPDX-License-Identifier: Apache-2.0 */
#include "app/ringphone/ringphone.h"

#include "base/file.h"
#include "base/text.h"

#include <errno.h>
#include <getopt.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum {
    OPT_FLASH = 256,
    OPT_TFTP,
    OPT_AUTH,
    OPT_AUTH_FILE,
    OPT_SECRET,
    OPT_CALL,
    OPT_ANSWER,
    OPT_EXIT_AFTER_CALL,
    OPT_OPEN,
    OPT_CONSOLE,
    OPT_KEY_DELAY,
    OPT_PLAY,
    OPT_RECORD,
    OPT_RECORD_DIR,
    OPT_FOR,
    OPT_GIVE_UP,
    OPT_SCCP_VERSION,
    OPT_CODECS,
    OPT_RETRY,
    OPT_RETRY_MAX,
    OPT_MIN_LOAD,
    OPT_ROLLBACK,
    OPT_KEYLOG,
    OPT_JSON,
    OPT_SHA1,
    OPT_TLS,
    OPT_NO_EC,
    OPT_BARE,
    OPT_PLAIN_TFTP,
    OPT_HTTP,
    OPT_HTTPS,
    OPT_WINDOW,
    OPT_NO_CLOCK,
    OPT_LOG_LEVEL,
    OPT_HELP,
    OPT_VERSION,
};

static const struct option long_options[] = {
    {"flash", required_argument, NULL, OPT_FLASH},
    {"tftp", required_argument, NULL, OPT_TFTP},
    {"http-port", required_argument, NULL, OPT_HTTP},
    {"https-port", required_argument, NULL, OPT_HTTPS},
    {"tftp-window", required_argument, NULL, OPT_WINDOW},
    {"auth-string", required_argument, NULL, OPT_AUTH},
    {"auth-string-file", required_argument, NULL, OPT_AUTH_FILE},
    {"device-secret", required_argument, NULL, OPT_SECRET},
    {"call", required_argument, NULL, OPT_CALL},
    {"answer", no_argument, NULL, OPT_ANSWER},
    {"exit-after-call", no_argument, NULL, OPT_EXIT_AFTER_CALL},
    {"open", required_argument, NULL, OPT_OPEN},
    {"console", no_argument, NULL, OPT_CONSOLE},
    {"key-delay-ms", required_argument, NULL, OPT_KEY_DELAY},
    {"play", required_argument, NULL, OPT_PLAY},
    {"record", required_argument, NULL, OPT_RECORD},
    {"record-dir", required_argument, NULL, OPT_RECORD_DIR},
    {"for", required_argument, NULL, OPT_FOR},
    {"give-up", required_argument, NULL, OPT_GIVE_UP},
    {"sccp-version", required_argument, NULL, OPT_SCCP_VERSION},
    {"codecs", required_argument, NULL, OPT_CODECS},
    {"retry-ms", required_argument, NULL, OPT_RETRY},
    {"retry-max-ms", required_argument, NULL, OPT_RETRY_MAX},
    {"min-load", required_argument, NULL, OPT_MIN_LOAD},
    {"file-rollback", required_argument, NULL, OPT_ROLLBACK},
    {"keylog", required_argument, NULL, OPT_KEYLOG},
    {"json", no_argument, NULL, OPT_JSON},
    {"allow-sha1", no_argument, NULL, OPT_SHA1},
    {"tls", required_argument, NULL, OPT_TLS},
    {"no-ec", no_argument, NULL, OPT_NO_EC},
    {"bare-digest", no_argument, NULL, OPT_BARE},
    {"no-tftp-options", no_argument, NULL, OPT_PLAIN_TFTP},
    {"no-clock", no_argument, NULL, OPT_NO_CLOCK},
    {"log-level", required_argument, NULL, OPT_LOG_LEVEL},
    {"help", no_argument, NULL, OPT_HELP},
    {"version", no_argument, NULL, OPT_VERSION},
    {NULL, 0, NULL, 0},
};

static RF_PRINTF(1, 2) int wrong(const char *fmt, ...)
{
    va_list ap;
    fputs("ringphone: ", stderr);
    va_start(ap, fmt);
    vfprintf(stderr, fmt, ap);
    va_end(ap);
    fputs("; `ringphone --help` explains\n", stderr);
    return EXIT_USAGE;
}

bool options_duration(const char *text, uint32_t *ms)
{
    static const struct {
        const char *unit;
        uint32_t ms;
    } units[] = {{"ms", 1}, {"s", 1000}, {"m", 60000}, {"", 1000}};
    struct rf_slice s = rf_slice_str(text);
    uint64_t n;
    for (size_t i = 0; i < sizeof units / sizeof *units; i++) {
        size_t tail = strlen(units[i].unit);
        if (!rf_slice_ends_with(s, units[i].unit))
            continue;
        if (!rf_parse_u64(rf_slice_part(s, 0, s.len - tail), 1, UINT32_MAX / units[i].ms, &n))
            return false;
        *ms = (uint32_t)n * units[i].ms;
        return true;
    }
    return false;
}

bool options_host_port(const char *text, uint16_t usual, char *host, size_t cap, uint16_t *port)
{
    struct rf_slice s = rf_slice_str(text), name = s, number = {0};
    bool has_brackets = rf_slice_starts_with(s, "[");
    size_t colon = rf_slice_find(s, rf_slice_str(has_brackets ? "]:" : ":"));
    struct rf_address address;
    uint64_t n = usual;
    /* "2001:db8::1" without brackets is all address. */
    bool is_v6 = !has_brackets && colon != SIZE_MAX &&
                 rf_slice_find(rf_slice_part(s, colon + 1, s.len), rf_slice_str(":")) != SIZE_MAX;
    if (has_brackets) {
        size_t end = rf_slice_find(s, rf_slice_str("]"));
        if (end == SIZE_MAX || (colon == SIZE_MAX && end + 1 != s.len))
            return false;
        name = rf_slice_part(s, 1, end - 1);
        number = colon != SIZE_MAX ? rf_slice_part(s, end + 2, s.len) : number;
    } else if (colon != SIZE_MAX && !is_v6) {
        name = rf_slice_part(s, 0, colon);
        number = rf_slice_part(s, colon + 1, s.len);
    }
    bool has_port = colon != SIZE_MAX && !is_v6;
    if (has_port && !rf_parse_u64(number, 1, 65535, &n))
        return false;
    *port = (uint16_t)n;
    return rf_slice_to_str(name, host, cap) &&
           rf_address_parse(host, *port, &address, NULL) == RF_OK;
}

static bool take_number(const char *text, uint64_t min, uint64_t max, uint32_t *out)
{
    uint64_t n;
    if (!rf_parse_u64(rf_slice_str(text), min, max, &n))
        return false;
    *out = (uint32_t)n;
    return true;
}

/* The string must not be read off the list of processes. */
static bool take_auth(char *text, struct options *o)
{
    size_t n = strlen(text);
    bool is_taken = rf_secret_set(&o->auth_string, rf_slice_str(text)) == RF_OK && n > 0;
    rf_wipe(text, n);
    return is_taken;
}

bool options_auth_file(const char *path, struct rf_secret *out)
{
    char line[RF_SECRET_MAX + 2] = "";
    /* check-bytes: opened for reading */
    FILE *f = strcmp(path, "-") == 0 ? stdin : fopen(path, "re");
    if (f != NULL)
        setvbuf(f, NULL, _IONBF, 0); /* a buffer of the library would keep a copy */
    bool is_read = f != NULL && fgets(line, sizeof line, f) != NULL;
    if (f != NULL && f != stdin)
        fclose(f);
    struct rf_slice text = rf_trim(rf_slice_str(line));
    bool is_taken = is_read && text.len > 0 && rf_secret_set(out, text) == RF_OK;
    rf_wipe(line, sizeof line);
    return is_taken;
}

static int take_text(int c, struct options *o)
{
    switch (c) {
    case OPT_FLASH:
        if (optarg[0] == '\0')
            return wrong("--flash wants a folder");
        o->flash = optarg;
        return EXIT_DONE;
    case OPT_CALL:
        if (optarg[0] == '\0' || strlen(optarg) > RF_STATION_NUMBER_MAX ||
            strspn(optarg, "0123456789*#ABCD") != strlen(optarg))
            return wrong("\"%s\" is no number to call", optarg);
        o->call = optarg;
        return EXIT_DONE;
    case OPT_OPEN:
        if (optarg[0] == '\0')
            return wrong("--open wants a URL, or the name of a service");
        o->open = optarg;
        return EXIT_DONE;
    case OPT_PLAY:
        if (o->n_play == PLAYS_MAX)
            return wrong("--play stands at most %d times", PLAYS_MAX);
        o->play[o->n_play++] = optarg;
        return EXIT_DONE;
    case OPT_RECORD_DIR:
        if (optarg[0] == '\0')
            return wrong("--record-dir wants a folder");
        o->record_dir = optarg;
        return EXIT_DONE;
    case OPT_RECORD:
        o->record = optarg;
        return EXIT_DONE;
    case OPT_MIN_LOAD:
        if (optarg[0] == '\0' || strlen(optarg) >= RF_FLASH_VERSION_SIZE)
            return wrong("--min-load wants a version of at most %d bytes",
                         RF_FLASH_VERSION_SIZE - 1);
        o->min_load = optarg;
        return EXIT_DONE;
    case OPT_KEYLOG:
        o->keylog = optarg;
        return EXIT_DONE;
    case OPT_AUTH:
        return take_auth(optarg, o) ? EXIT_DONE
                                    : wrong("--auth-string wants 1 to %d bytes", RF_SECRET_MAX);
    case OPT_AUTH_FILE:
        return options_auth_file(optarg, &o->auth_string)
                   ? EXIT_DONE
                   : wrong("%s has no authentication string in its first line", optarg);
    case OPT_SECRET:
        return options_auth_file(optarg, &o->device_secret)
                   ? EXIT_DONE
                   : wrong("%s has no device secret in its first line", optarg);
    default:
        return EXIT_USAGE;
    }
}

static int take_value(int c, struct options *o)
{
    uint32_t n = 0;
    bool is_good = false;
    const char *want = "";
    switch (c) {
    case OPT_TFTP:
        is_good = options_host_port(optarg, 69, o->tftp_host, sizeof o->tftp_host, &o->tftp_port);
        want = "an address, and a port if it is not 69: 192.0.2.1:6969";
        break;
    case OPT_HTTP:
    case OPT_HTTPS:
        is_good = strcmp(optarg, "no") == 0 || take_number(optarg, 1, 65535, &n);
        *(c == OPT_HTTP ? &o->http_port : &o->https_port) = n;
        *(c == OPT_HTTP ? &o->has_http_port : &o->has_https_port) = true;
        want = "a port, or no";
        break;
    case OPT_WINDOW:
        is_good = take_number(optarg, 1, 64, &o->tftp_window);
        want = "1 to 64 blocks";
        break;
    case OPT_KEY_DELAY:
        is_good = take_number(optarg, 1, 86400000, &o->key_delay_ms);
        want = "1 to 86400000 milliseconds";
        break;
    case OPT_FOR:
        is_good = options_duration(optarg, &o->for_ms);
        want = "a time: 5s, 500ms, 2m";
        break;
    case OPT_GIVE_UP:
        is_good = options_duration(optarg, &o->give_up_ms);
        want = "a time: 5s, 500ms, 2m";
        break;
    case OPT_SCCP_VERSION:
        is_good = take_number(optarg, 3, 22, &n);
        o->sccp_version = n;
        want = "3 to 22";
        break;
    case OPT_CODECS:
        is_good = rf_media_codecs_parse(optarg, &o->codecs);
        want = "some of ulaw, alaw and g722, each once, with commas between";
        break;
    case OPT_RETRY:
        is_good = take_number(optarg, 10, 600000, &o->retry_ms);
        want = "10 to 600000 milliseconds";
        break;
    case OPT_RETRY_MAX:
        is_good = take_number(optarg, 10, 86400000, &o->retry_max_ms);
        want = "10 to 86400000 milliseconds";
        break;
    case OPT_ROLLBACK:
        is_good = rf_rollback_parse(optarg, &o->file_rollback);
        o->has_file_rollback = true;
        want = "off, warn or reject";
        break;
    case OPT_TLS:
        o->legacy_tls = strcmp(optarg, "legacy") == 0;
        is_good = o->legacy_tls || strcmp(optarg, "modern") == 0;
        want = "modern or legacy";
        break;
    case OPT_LOG_LEVEL:
        is_good = rf_log_level_parse(optarg, &o->log_level);
        want = "error, warn, info or debug";
        break;
    default:
        return EXIT_USAGE;
    }
    return is_good ? EXIT_DONE : wrong("\"%s\": wants %s", optarg, want);
}

static void take_flag(int c, struct options *o)
{
    o->is_answering |= c == OPT_ANSWER;
    o->exits_after_call |= c == OPT_EXIT_AFTER_CALL;
    o->has_console |= c == OPT_CONSOLE;
    o->is_json |= c == OPT_JSON;
    o->allow_sha1 |= c == OPT_SHA1;
    o->bare_digest |= c == OPT_BARE;
    o->no_ec |= c == OPT_NO_EC;
    o->no_tftp_options |= c == OPT_PLAIN_TFTP;
    o->no_clock |= c == OPT_NO_CLOCK;
}

static int take_one(int c, struct options *o, char **argv)
{
    if (c == ':')
        return wrong("%s wants a value", argv[optind - 1]);
    if (c == '?')
        return wrong("%s is no option", argv[optind - 1]);
    switch (c) {
    case OPT_FLASH:
    case OPT_CALL:
    case OPT_OPEN:
    case OPT_PLAY:
    case OPT_RECORD:
    case OPT_RECORD_DIR:
    case OPT_MIN_LOAD:
    case OPT_KEYLOG:
    case OPT_AUTH:
    case OPT_AUTH_FILE:
    case OPT_SECRET:
        return take_text(c, o);
    case OPT_TFTP:
    case OPT_FOR:
    case OPT_GIVE_UP:
    case OPT_SCCP_VERSION:
    case OPT_CODECS:
    case OPT_RETRY:
    case OPT_RETRY_MAX:
    case OPT_ROLLBACK:
    case OPT_TLS:
    case OPT_LOG_LEVEL:
    case OPT_HTTP:
    case OPT_HTTPS:
    case OPT_WINDOW:
    case OPT_KEY_DELAY:
        return take_value(c, o);
    default:
        take_flag(c, o);
        return EXIT_DONE;
    }
}

/* The file is written beside its place and renamed, so it is the folder that counts. */
bool options_can_write(const char *option, const char *path)
{
    const char *slash = strrchr(path, '/');
    RF_AUTO(rf_freep)
    char *folder = slash == NULL ? rf_strdup("./.") : rf_strf("%.*s/.", (int)(slash - path), path);
    struct stat st;
    errno = 0;
    if (stat(path, &st) == 0 && S_ISDIR(st.st_mode))
        errno = EISDIR;
    else if (access(folder, W_OK | X_OK) == 0)
        return true;
    fprintf(stderr, "ringphone: %s %s: nothing can be written there: %s\n", option, path,
            strerror(errno));
    return false;
}

static int check_whole(const struct options *o, int argc, char **argv)
{
    if (optind < argc)
        return wrong("\"%s\" is neither an option nor a page (security, status, install, unlock, "
                     "lock, erase, set, protect, unprotect, doctor, fleet)",
                     argv[optind]);
    if (o->flash == NULL)
        return wrong("--flash DIR is missing");
    if (o->call != NULL && o->is_answering)
        return wrong("--call and --answer are two phones");
    if (o->record != NULL && o->record_dir != NULL)
        return wrong("--record and --record-dir: one of them");
    if (o->record != NULL && !options_can_write("--record", o->record))
        return EXIT_USAGE;
    uint32_t first_ms = o->retry_ms != 0 ? o->retry_ms : RF_PHONE_RETRY_FIRST_MS;
    if (o->retry_max_ms != 0 && o->retry_max_ms < first_ms)
        return wrong("--retry-max-ms %u is below --retry-ms, %u", o->retry_max_ms, first_ms);
    return EXIT_DONE;
}

int options_stored(struct options *o)
{
    RF_AUTO(rf_flash_freep) struct rf_flash *flash = NULL;
    struct rf_flash_options stored = {0};
    /* What is wrong with the flash is the phone's to say. */
    bool has_stored = rf_flash_open(o->flash, &flash, NULL) == RF_OK &&
                      rf_flash_options_read(flash, &stored, NULL) == RF_OK &&
                      stored.tftp[0] != '\0';
    if (has_stored &&
        !options_host_port(stored.tftp, 69, o->tftp_host, sizeof o->tftp_host, &o->tftp_port))
        return wrong("the stored TFTP server \"%s\" is no address", stored.tftp);
    if (o->tftp_port == 0)
        return wrong("--tftp HOST[:PORT] is missing, and none is stored");
    return EXIT_DONE;
}

int options_take(int argc, char **argv, struct options *o, bool *is_over)
{
    opterr = 0;
    if (argc < 2) {
        help_print(stderr);
        return EXIT_USAGE;
    }
    for (int c; (c = getopt_long(argc, argv, ":h", long_options, NULL)) != -1;) {
        if (c == OPT_HELP || c == 'h' || c == OPT_VERSION) {
            if (c == OPT_VERSION)
                puts("ringphone " RF_VERSION);
            else
                help_print(stdout);
            *is_over = true;
            return EXIT_DONE;
        }
        int status = take_one(c, o, argv);
        if (status != EXIT_DONE)
            return status;
    }
    return check_whole(o, argc, argv);
}
