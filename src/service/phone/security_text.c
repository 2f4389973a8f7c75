/* SPDX-License-Identifier: Apache-2.0 */
/* The security page for people, in the order of a phone's menu. */
#include "service/phone/security.h"

#include "base/text.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

/* Lines add up in `out`; one that did not fit is remembered. */
struct page_out {
    struct rf_buf *out;
    enum rf_err err;
};

static RF_PRINTF(2, 3) void line(struct page_out *o, const char *fmt, ...)
{
    char text[512];
    va_list ap;
    va_start(ap, fmt);
    vsnprintf(text, sizeof text, fmt, ap);
    va_end(ap);
    rf_blank_controls(text, strlen(text));
    if (o->err == RF_OK)
        o->err = rf_buf_addf(o->out, "%s\n", text);
}

static void cert_lines(struct page_out *o, const struct rf_cert *c)
{
    char from[32], to[32], hex[2 * 64 + 1];
    line(o, "    subject      %s", rf_cert_subject(c));
    line(o, "    issuer       %s", rf_cert_issuer(c));
    line(o, "    serial       %s", rf_hex(rf_cert_serial(c), hex, sizeof hex));
    line(o, "    valid        %s to %s", rf_time_text(rf_cert_not_before(c), from, sizeof from),
         rf_time_text(rf_cert_not_after(c), to, sizeof to));
    line(o, "    fingerprint  %s", rf_cert_fingerprint(c));
}

static void slot_lines(struct page_out *o, const struct rf_security *page)
{
    line(o, "Firmware");
    for (size_t i = 0; i < 2; i++) {
        const struct rf_security_slot *s = &page->slot[i];
        line(o, "    slot %s%s  %s", rf_flash_slot_name((enum rf_flash_slot)i),
             page->active == (enum rf_flash_slot)i ? " (runs)" : "       ",
             s->load[0] != '\0' ? s->load : "empty");
        if (s->is_verified)
            line(o, "        verified, version %s, image key %s", s->version, s->signer);
        else if (s->why.code[0] != '\0')
            line(o, "        NOT VERIFIED: %s", rf_why_text(&s->why));
    }
}

static void option_lines(struct page_out *o, const struct rf_security *page)
{
    const struct rf_flash_options *have = &page->options;
    line(o, "Image keys  generation %u", page->image_keys.generation);
    for (size_t i = 0; i < page->image_keys.list.n; i++)
        line(o, "    %s", rf_cert_fingerprint(page->image_keys.list.cert[i]));
    line(o, "Settings  %s", page->is_unlocked ? "UNLOCKED" : "locked");
    if (page->options_why.code[0] != '\0')
        line(o, "    DAMAGED: %s", rf_why_text(&page->options_why));
    line(o, "    firmware from version  %s",
         have->min_load_version[0] != '\0' ? have->min_load_version : "any");
    line(o, "    older files            %s", rf_rollback_name(have->file_rollback));
    line(o, "    SHA-512 sticks         %s", have->sha512_sticks ? "yes" : "no");
    line(o, "    SRST in the clear      %s", have->allows_srst_clear ? "ALLOWED" : "refused");
    line(o, "    TFTP server            %s", have->tftp[0] != '\0' ? have->tftp : "as it is told");
}

static void list_lines(struct page_out *o, const struct rf_security_list *s, enum rf_list_kind kind)
{
    if (s->list == NULL) {
        line(o, "%s  %s", rf_list_kind_name(kind), s->is_installed ? "DAMAGED" : "Not Installed");
        if (s->is_installed)
            line(o, "    %s", rf_why_text(&s->why));
        return;
    }
    line(o, "%s  Installed", rf_list_kind_name(kind));
    line(o, "    fingerprint  %s", rf_list_fingerprint(s->list));
    for (size_t i = 0; i < rf_list_n(s->list); i++) {
        const struct rf_trustlist_record *r = &rf_list_content(s->list)->record[i];
        const struct rf_cert *c = rf_list_cert(s->list, i);
        char role[24], subject[160];
        line(o, "    %-9s %s", rf_trustlist_role_text(rf_list_role(s->list, i), role, sizeof role),
             rf_escape(r->subject.len > 0 ? r->subject : r->dns, subject, sizeof subject));
        if (c != NULL)
            line(o, "              %s", rf_cert_fingerprint(c));
    }
}

static void own_lines(struct page_out *o, const char *name, const struct rf_cert *c,
                      const struct rf_why *why)
{
    line(o, "%s  %s", name, c != NULL ? "Installed" : "Not Installed");
    if (c != NULL)
        cert_lines(o, c);
    else if (why->code[0] != '\0')
        line(o, "    %s", rf_why_text(why));
}

static void config_lines(struct page_out *o, const struct rf_phonexml *c)
{
    line(o, "    load %s, call manager %s", c->load_information,
         c->cm_n > 0 ? c->cm[0].name : "none");
    for (size_t i = 0; i < c->capf_n; i++)
        line(o, "    CAPF server      %s port %u", c->capf[i].name, c->capf[i].port);
    for (size_t i = 0; i < c->tvs_n; i++)
        line(o, "    TVS server       %s port %u", c->tvs[i].name, c->tvs[i].port);
    line(o, "    web access       %s", rf_security_web_name(c));
    line(o, "    settings access  %s%s", rf_security_settings_name(c),
         c->phone_password[0] != '\0' ? ", with a password" : "");
}

enum rf_err rf_security_text(const struct rf_security *page, struct rf_buf *out)
{
    struct page_out o = {.out = out};
    line(&o, "%s  model %s, hardware %s", page->identity.device, page->identity.model,
         page->identity.hardware);
    line(&o, "Security mode  %s", rf_security_mode_name(page->mode));
    slot_lines(&o, page);
    option_lines(&o, page);
    list_lines(&o, &page->list[RF_LIST_CTL], RF_LIST_CTL);
    list_lines(&o, &page->list[RF_LIST_ITL], RF_LIST_ITL);
    line(&o, "Private keys  %s",
         page->is_protected ? "encrypted under the device secret" : "in the clear, mode 0600");
    own_lines(&o, "MIC", page->mic, &page->mic_why);
    own_lines(&o, "LSC", page->lsc, &page->lsc_why);
    if (page->is_lsc_pending)
        line(&o, "    a key waits for its certificate");
    line(&o, "Configuration  %s", page->config != NULL ? "stored" : "none");
    if (page->config != NULL)
        config_lines(&o, page->config);
    else if (page->config_why.code[0] != '\0')
        line(&o, "    %s", rf_why_text(&page->config_why));
    for (size_t i = 0; i < page->file_n; i++) {
        const struct rf_security_file *f = &page->file[i];
        if (i == 0)
            line(&o, "Files");
        line(&o, "    %s", f->name);
        line(&o, "        %s%s", f->is_verified ? "verified, SHA-256 " : "NOT VERIFIED: ",
             f->is_verified ? f->sha256 : rf_why_text(&f->why));
    }
    return o.err;
}
