/* SPDX-License-Identifier: Apache-2.0 */
#include "app/ringphone/ringphone.h"

#include "base/text.h"
#include "wire/json/json.h"

#include <stdio.h>
#include <string.h>

#define LINE_MAX_BYTES ((size_t)32 * 1024)

static void print_json(const struct rf_phone_event *event, const char *device, uint64_t ms)
{
    RF_AUTO(rf_json_freep) struct rf_json *j = rf_json_obj();
    RF_AUTO(rf_buf_fini) struct rf_buf line = RF_BUF(LINE_MAX_BYTES);
    rf_json_set_int(j, "t_ms", (int64_t)ms);
    rf_json_set_str(j, "event", event->name);
    rf_json_set_str(j, "device", device);
    for (size_t i = 0; i < event->n; i++) {
        const struct rf_phone_value *v = &event->value[i];
        if (v->type == RF_PHONE_TEXT)
            rf_json_set_str(j, v->key, v->text);
        else if (v->type == RF_PHONE_NUMBER)
            rf_json_set_int(j, v->key, v->number);
        else
            rf_json_set_bool(j, v->key, v->number != 0);
    }
    if (rf_json_dump(j, 0, &line) == RF_OK)
        printf("%.*s\n", (int)line.len, (const char *)line.p);
}

static void print_words(const struct rf_phone_event *event, uint64_t ms)
{
    printf("%7llu.%03llu  %-16s", (unsigned long long)(ms / 1000), (unsigned long long)(ms % 1000),
           event->name);
    for (size_t i = 0; i < event->n; i++) {
        const struct rf_phone_value *v = &event->value[i];
        char text[300];
        if (v->type == RF_PHONE_TEXT)
            printf(" %s=%s", v->key, rf_escape(rf_slice_str(v->text), text, sizeof text));
        else if (v->type == RF_PHONE_NUMBER)
            printf(" %s=%lld", v->key, (long long)v->number);
        else
            printf(" %s=%s", v->key, v->number != 0 ? "yes" : "no");
    }
    putchar('\n');
}

void print_event(const struct rf_phone_event *event, const char *device, bool is_json,
                 uint64_t ms_since_start)
{
    if (is_json)
        print_json(event, device, ms_since_start);
    else
        print_words(event, ms_since_start);
    fflush(stdout);
}

int print_refused(const char *page, bool is_json, const struct rf_why *why)
{
    fprintf(stderr, "ringphone %s: %s\n", page, rf_why_text(why));
    if (!is_json)
        return EXIT_REFUSED;
    RF_AUTO(rf_json_freep) struct rf_json *j = rf_json_obj();
    RF_AUTO(rf_buf_fini) struct rf_buf line = RF_BUF(LINE_MAX_BYTES);
    rf_json_set_bool(j, "ok", false);
    rf_json_set_str(j, "code", why->code);
    rf_json_set_str(j, "reason", why->text);
    if (rf_json_dump(j, 2, &line) == RF_OK)
        printf("%.*s\n", (int)line.len, (const char *)line.p);
    return EXIT_REFUSED;
}
