/* SPDX-License-Identifier: Apache-2.0 */
/* What the menu answers: a line for people, or an object like an event. What lies on flash is read
 * on the worker, where the phone reads and writes it too. */
#include "app/ringphone/console_int.h"

#include "base/text.h"
#include "service/phone/security.h"

#include <stdarg.h>
#include <string.h>

#define PAGE_MAX ((size_t)1024 * 1024)

/* ---- lines ---- */

static struct rf_json *answer_of(const struct console *c, bool is_ok)
{
    struct rf_json *j = rf_json_obj();
    uint64_t now = rf_now_ms(rf_loop_clock(c->conf.loop));
    rf_json_set_int(j, "t_ms", (int64_t)(now - c->conf.start_ms));
    rf_json_set_str(j, "event", "answer");
    rf_json_set_str(j, "device", rf_phone_device(c->conf.phone));
    rf_json_set_str(j, "command", c->command != NULL ? c->command : "");
    rf_json_set_bool(j, "ok", is_ok);
    return j;
}

static void print_answer(struct rf_json *take_answer)
{
    RF_AUTO(rf_json_freep) struct rf_json *j = take_answer;
    RF_AUTO(rf_buf_fini) struct rf_buf line = RF_BUF(PAGE_MAX);
    if (rf_json_dump(j, 0, &line) == RF_OK)
        printf("%.*s\n", (int)line.len, (const char *)line.p);
    fflush(stdout);
}

void console_ok(struct console *c, const char *fmt, ...)
{
    char text[300];
    va_list ap;
    va_start(ap, fmt);
    vsnprintf(text, sizeof text, fmt, ap);
    va_end(ap);
    if (c->conf.is_json) {
        struct rf_json *j = answer_of(c, true);
        rf_json_set_str(j, "text", text);
        print_answer(j);
        return;
    }
    printf("%s\n", text);
    fflush(stdout);
}

void console_refused(struct console *c, const struct rf_why *why)
{
    if (c->conf.is_json) {
        struct rf_json *j = answer_of(c, false);
        rf_json_set_str(j, "code", why->code);
        rf_json_set_str(j, "why", why->text);
        print_answer(j);
        return;
    }
    printf("refused: %s (%s)\n", rf_why_text(why), why->code);
    fflush(stdout);
}

static void print_member(void *arg, const char *key, const struct rf_json *value)
{
    char text[200];
    (void)arg;
    printf("%-16s  %s\n", key, rf_json_text(value, text, sizeof text));
}

void console_object(struct console *c, struct rf_json *take_object)
{
    if (c->conf.is_json) {
        struct rf_json *j = answer_of(c, true);
        rf_json_set_take(j, "page", take_object);
        print_answer(j);
        return;
    }
    rf_json_each(take_object, print_member, NULL);
    fflush(stdout);
    rf_json_free(take_object);
}

/* ---- pages of the flash ---- */

struct page_job {
    struct rf_job job;
    struct console *console; /* loop's thread only */
    char *flash;
    struct rf_secret secret; /* len 0: none */
    bool is_messages;
    bool is_json;
    bool is_unlocked; /* as the running phone has it */
    struct rf_json *json;
    struct rf_buf text;
    enum rf_err err;
    struct rf_why why;
};

static void read_security(struct page_job *p)
{
    RF_AUTO(rf_security_freep) struct rf_security *page = NULL;
    p->err = rf_security_read(p->flash, p->secret.len > 0 ? &p->secret : NULL, &page, &p->why);
    if (p->err != RF_OK)
        return;
    page->is_unlocked = p->is_unlocked;
    if (p->is_json)
        p->json = rf_security_json(page);
    else
        p->err = rf_security_text(page, &p->text);
}

static void read_messages(struct page_job *p)
{
    RF_AUTO(rf_flash_freep) struct rf_flash *flash = NULL;
    RF_AUTO(rf_freep) struct rf_flash_status *all = rf_new(struct rf_flash_status);
    p->err = rf_flash_open(p->flash, &flash, &p->why);
    if (p->err != RF_OK)
        return;
    rf_flash_status_read(flash, all);
    if (p->is_json)
        p->json = status_json(flash, all);
    for (size_t i = 0; i < all->n && p->err == RF_OK && !p->is_json; i++) {
        char time[32], text[RF_FLASH_STATUS_TEXT_MAX];
        p->err =
            rf_buf_addf(&p->text, "%s  %s\n", rf_time_text(all->message[i].at_s, time, sizeof time),
                        rf_escape(rf_slice_str(all->message[i].text), text, sizeof text));
    }
}

static void page_work(struct rf_job *job, void *state)
{
    struct page_job *p = (struct page_job *)job;
    (void)state;
    if (p->is_messages)
        read_messages(p);
    else
        read_security(p);
}

static void page_done(struct rf_job *job, void *reader)
{
    struct page_job *p = (struct page_job *)job;
    struct console *c = p->console;
    if (reader != NULL) {
        c->is_busy = false;
        if (p->err != RF_OK) {
            console_refused(c, &p->why);
        } else if (p->is_json) {
            struct rf_json *j = answer_of(c, true);
            rf_json_set_take(j, "page", rf_steal(&p->json));
            print_answer(j);
        } else {
            printf("%.*s", (int)p->text.len, (const char *)p->text.p);
            fflush(stdout);
        }
        console_next(c);
    }
    rf_json_free(p->json);
    rf_buf_fini(&p->text);
    rf_free(p->flash);
    rf_secret_fini(&p->secret);
    rf_free(p);
}

static void read_page(struct console *c, bool is_messages)
{
    struct page_job *p = rf_new(struct page_job);
    struct rf_phone_view view;
    struct rf_why why = {0};
    rf_phone_look(c->conf.phone, &view);
    p->job = (struct rf_job){
        .work = page_work, .done = page_done, .answer_to = rf_loop_mailbox(c->conf.loop)};
    p->console = c;
    p->flash = rf_strdup(c->conf.flash);
    if (c->conf.device_secret != NULL)
        (void)!rf_secret_set(&p->secret, rf_secret_slice(c->conf.device_secret));
    p->is_messages = is_messages;
    p->is_json = c->conf.is_json;
    p->is_unlocked = view.is_unlocked;
    p->text = RF_BUF(PAGE_MAX);
    if (rf_worker_post(c->conf.worker, &p->job) == RF_OK) {
        c->is_busy = true;
        return;
    }
    page_done(&p->job, NULL);
    (void)rf_why_set(&why, RF_ERR_AGAIN, "busy", "the phone has too much to do: try again");
    console_refused(c, &why);
}

void console_security(struct console *c)
{
    read_page(c, false);
}

void console_messages(struct console *c)
{
    read_page(c, true);
}
