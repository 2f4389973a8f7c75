/* SPDX-License-Identifier: Apache-2.0 */
/* ringphone doctor: its options, and the printing of what it finds. */
#include "app/ringphone/ringphone.h"

#include "base/text.h"
#include "service/doctor/doctor.h"

#include <arpa/inet.h>
#include <getopt.h>
#include <netdb.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#define PAGE_MAX ((size_t)4 * 1024 * 1024)
/* Until a server that does not answer is given up: three tries of TFTP, each twice as long. */
#define WAIT_MS    5000u
#define TFTP_TRIES 3u
/* Asked when TFTP is at its usual port, too. */
#define HTTP_PORT  6970
#define HTTPS_PORT 6971

struct doctor_options {
    char tftp_host[RF_ADDRESS_TEXT_MAX];
    uint16_t tftp_port;
    const char *mac, *lists, *flash, *key, *image_keys, *model;
    struct rf_secret auth_string;
    int64_t now_s;
    uint32_t wait_ms, settle_ms;
    uint16_t http_port, https_port; /* 0: not asked */
    bool has_http_port, has_https_port;
    bool with_images, with_register, with_capf, is_json, shows_findings;
};

static RF_PRINTF(1, 2) int wrong(const char *fmt, ...)
{
    va_list ap;
    fputs("ringphone doctor: ", stderr);
    va_start(ap, fmt);
    vfprintf(stderr, fmt, ap);
    va_end(ap);
    fputs("; `ringphone doctor --help` explains\n", stderr);
    return EXIT_USAGE;
}

static const struct option long_options[] = {
    {"tftp", required_argument, NULL, 't'},
    {"mac", required_argument, NULL, 'm'},
    {"lists", required_argument, NULL, 'l'},
    {"flash", required_argument, NULL, 'f'},
    {"key", required_argument, NULL, 'k'},
    {"image-keys", required_argument, NULL, 'K'},
    {"model", required_argument, NULL, 'M'},
    {"auth-string-file", required_argument, NULL, 'a'},
    {"now", required_argument, NULL, 'n'},
    {"wait", required_argument, NULL, 'w'},
    {"settle", required_argument, NULL, 's'},
    {"http-port", required_argument, NULL, 'h'},
    {"https-port", required_argument, NULL, 'H'},
    {"images", no_argument, NULL, 'i'},
    {"register", no_argument, NULL, 'r'},
    {"capf", no_argument, NULL, 'c'},
    {"json", no_argument, NULL, 'j'},
    {"findings", no_argument, NULL, 'F'},
    {NULL, 0, NULL, 0},
};

/* A port, or "no". */
static bool take_port(const char *text, uint16_t *out, bool *is_there)
{
    uint64_t n = 0;
    *is_there = true;
    if (strcmp(text, "no") != 0 && !rf_parse_u64(rf_slice_str(text), 1, UINT16_MAX, &n))
        return false;
    *out = (uint16_t)n;
    return true;
}

static void take_word(int c, struct doctor_options *o)
{
    const char **place = c == 'm'   ? &o->mac
                         : c == 'l' ? &o->lists
                         : c == 'f' ? &o->flash
                         : c == 'k' ? &o->key
                         : c == 'K' ? &o->image_keys
                         : c == 'M' ? &o->model
                                    : NULL;
    if (place != NULL)
        *place = optarg;
    o->with_images |= c == 'i';
    o->with_register |= c == 'r';
    o->with_capf |= c == 'c';
    o->is_json |= c == 'j';
    o->shows_findings |= c == 'F';
}

static int take_one(int c, struct doctor_options *o, char **argv)
{
    const char *value = optarg != NULL ? optarg : "";
    if (c == ':')
        return wrong("%s wants a value", argv[optind - 1]);
    if (c == '?')
        return wrong("%s is no option of it", argv[optind - 1]);
    if (optarg != NULL && optarg[0] == '\0')
        return wrong("an option has an empty value");
    if (c == 't' && !options_host_port(value, 69, o->tftp_host, sizeof o->tftp_host, &o->tftp_port))
        return wrong("\"%s\": --tftp wants an address, and a port if it is not 69", optarg);
    if (c == 'w' && !options_duration(value, &o->wait_ms))
        return wrong("\"%s\": --wait wants a time: 5s, 500ms", optarg);
    if ((c == 'h' && !take_port(value, &o->http_port, &o->has_http_port)) ||
        (c == 'H' && !take_port(value, &o->https_port, &o->has_https_port)))
        return wrong("\"%s\": --http-port and --https-port want a port, or no", optarg);
    if (c == 's' && !options_duration(value, &o->settle_ms))
        return wrong("\"%s\": --settle wants a time: 1s, 300ms", optarg);
    if (c == 'n' && !rf_time_parse(value, &o->now_s))
        return wrong("\"%s\": --now wants a time: 2026-11-24T04:27:00Z, a day, or seconds since "
                     "1970",
                     optarg);
    if (c == 'a' && !options_auth_file(value, &o->auth_string))
        return wrong("%s has no authentication string in its first line", optarg);
    take_word(c, o);
    return EXIT_DONE;
}

static int take(int argc, char **argv, struct doctor_options *o)
{
    opterr = 0;
    for (int c; (c = getopt_long(argc, argv, ":", long_options, NULL)) != -1;) {
        int status = take_one(c, o, argv);
        if (status != EXIT_DONE)
            return status;
    }
    if (optind < argc)
        return wrong("\"%s\" is no option of it", argv[optind]);
    if (o->shows_findings)
        return EXIT_DONE;
    if (o->tftp_port == 0)
        return wrong("--tftp HOST[:PORT] is missing");
    if (o->mac == NULL && o->flash == NULL)
        return wrong("--mac MAC is missing, or --flash DIR");
    if (o->lists != NULL && o->flash != NULL)
        return wrong("--lists and --flash are two phones");
    return EXIT_DONE;
}

/* ---- the phone it is about ---- */

static int refused(const struct rf_why *why)
{
    fprintf(stderr, "ringphone doctor: %s\n", rf_why_text(why));
    return EXIT_USAGE;
}

static int make_patient(const struct doctor_options *o, struct rf_doctor_patient *p)
{
    struct rf_why why = {0};
    char device[sizeof p->device];
    if (o->model != NULL && !rf_slice_to_str(rf_slice_str(o->model), p->model, sizeof p->model))
        return wrong("\"%.40s\" is no model: 7962", o->model);
    if (o->mac != NULL && !rf_doctor_patient_mac(p, o->mac))
        return wrong("\"%.40s\" is no MAC: 00:11:22:33:44:55", o->mac);
    memcpy(device, p->device, sizeof device);
    if (o->flash != NULL && rf_doctor_patient_flash(p, o->flash, &why) != RF_OK)
        return refused(&why);
    if (o->mac != NULL && strcmp(device, p->device) != 0)
        return wrong("%s is the flash of %s, not of %s", o->flash, p->device, device);
    if (o->lists != NULL && rf_doctor_patient_lists(p, o->lists, &why) != RF_OK)
        return refused(&why);
    if (o->key != NULL && rf_doctor_patient_cert(p, o->key, &why) != RF_OK)
        return refused(&why);
    if (o->image_keys != NULL) {
        rf_cert_list_fini(&p->image_keys);
        if (rf_certs_from_pem_file(o->image_keys, &p->image_keys, &why) != RF_OK)
            return refused(&why);
    }
    return EXIT_DONE;
}

/* ---- what it finds ---- */

static int print_json(const struct rf_doctor_report *report)
{
    RF_AUTO(rf_json_freep) struct rf_json *j = rf_doctor_report_json(report);
    RF_AUTO(rf_buf_fini) struct rf_buf out = RF_BUF(PAGE_MAX);
    if (rf_json_dump(j, 2, &out) != RF_OK)
        return EXIT_REFUSED;
    printf("%.*s\n", (int)out.len, (const char *)out.p);
    return EXIT_DONE;
}

static void on_line(void *arg, const struct rf_doctor_line *line)
{
    RF_AUTO(rf_buf_fini) struct rf_buf text = RF_BUF((size_t)8192);
    (void)arg;
    if (rf_doctor_line_text(line, &text) == RF_OK)
        printf("%.*s", (int)text.len, (const char *)text.p);
    fflush(stdout);
}

/* The table, as docs/doctor.md has it. */
static int print_findings(void)
{
    for (unsigned i = 0; i < RF_DOCTOR_CODES_N; i++) {
        const struct rf_doctor_row *row = rf_doctor_row((enum rf_doctor_code)i);
        printf("| `%s` | %s | %s | %s |\n", row->code,
               row->grade == RF_DOCTOR_FAULT ? "fault" : rf_doctor_grade_name(row->grade),
               row->means, row->next);
    }
    return EXIT_DONE;
}

/* As a phone with a DNS server would. */
static bool resolve(const char *name, char *out, size_t cap)
{
    struct addrinfo want = {.ai_family = AF_UNSPEC, .ai_socktype = SOCK_STREAM}, *found = NULL;
    if (getaddrinfo(name, NULL, &want, &found) != 0)
        return false;
    bool is_found = getnameinfo(found->ai_addr, found->ai_addrlen, out, (socklen_t)cap, NULL, 0,
                                NI_NUMERICHOST) == 0;
    freeaddrinfo(found);
    return is_found;
}

static int walk(const struct doctor_options *o, const struct rf_doctor_patient *patient)
{
    struct rf_loop *loop = rf_loop_new(rf_clock_real(), "doctor");
    struct rf_fetcher *fetcher = NULL;
    struct rf_why why = {0};
    uint32_t wait_ms = o->wait_ms != 0 ? o->wait_ms : WAIT_MS;
    struct rf_fetch_conf fetch = {
        .loop = loop,
        .host = o->tftp_host,
        .port = o->tftp_port,
        .limits = {.tries = TFTP_TRIES, .retry_ms = wait_ms / 7 + 1, .is_look = true}};
    struct rf_doctor_conf conf = {.loop = loop,
                                  .host = o->tftp_host,
                                  .port = o->tftp_port,
                                  .fetch = rf_fetch_real(),
                                  .net = rf_phone_link_real(),
                                  .net_arg = loop,
                                  .patient = patient,
                                  .now_s = o->now_s,
                                  .resolve = resolve,
                                  .with_images = o->with_images,
                                  .with_register = o->with_register,
                                  .with_capf = o->with_capf,
                                  .auth_string = &o->auth_string,
                                  .settle_ms = o->settle_ms,
                                  .on_line = o->is_json ? NULL : on_line};
    int status = EXIT_REFUSED;
    bool is_usual = o->tftp_port == 69;
    conf.http_port = o->has_http_port ? o->http_port : is_usual ? HTTP_PORT : 0;
    conf.https_port = o->has_https_port ? o->https_port : is_usual ? HTTPS_PORT : 0;
    if (rf_fetcher_new(&fetch, &fetcher, &why) != RF_OK) {
        fprintf(stderr, "ringphone doctor: %s\n", rf_why_text(&why));
    } else {
        conf.fetcher = fetcher;
        if (!o->is_json)
            printf("%s%s%s at %s:%u\n\n", patient->device, patient->model[0] != '\0' ? ", a " : "",
                   patient->model, o->tftp_host, o->tftp_port);
        RF_AUTO(rf_doctor_report_freep) struct rf_doctor_report *report = rf_doctor_walk(&conf);
        bool is_well = rf_doctor_report_is_well(report);
        status = is_well ? EXIT_DONE : EXIT_REFUSED;
        if (o->is_json && print_json(report) != EXIT_DONE)
            status = EXIT_REFUSED;
        if (!o->is_json)
            puts(!is_well                            ? "\nThe first FAULT is where to begin."
                 : rf_doctor_report_is_whole(report) ? "\nNo fault found."
                                                     : "\nNo fault found in what could be looked "
                                                       "at.");
    }
    rf_fetcher_free(fetcher);
    rf_loop_free(loop);
    return status;
}

int page_doctor(int argc, char **argv)
{
    struct doctor_options o = {0};
    struct rf_doctor_patient patient = {0};
    int status = take(argc, argv, &o);
    if (status == EXIT_DONE && o.shows_findings) {
        status = print_findings();
    } else if (status == EXIT_DONE) {
        status = make_patient(&o, &patient);
        if (status == EXIT_DONE)
            status = walk(&o, &patient);
    }
    rf_doctor_patient_fini(&patient);
    rf_secret_fini(&o.auth_string);
    return status;
}
