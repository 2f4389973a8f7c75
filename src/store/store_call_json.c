/* SPDX-License-Identifier: Apache-2.0 */
#include "store/store_call_json.h"

#include "base/text.h"

#include <stdio.h>
#include <string.h>

/* As members of running calls are named. */
static const struct keys {
    const char *device, *number, *name, *signalling, *srtp, *certificate;
} keys[RF_STORE_CALL_ENDS] = {
    [RF_STORE_CALLING] = {"calling_device", "calling", "calling_name", "calling_signalling",
                          "calling_srtp", "calling_certificate"},
    [RF_STORE_CALLED] = {"called_device", "called", "called_name", "called_signalling",
                         "called_srtp", "called_certificate"},
};

/* ---- written ---- */

static void set_text(struct rf_json *j, const char *key, const char *text)
{
    rf_json_set_str(j, key, text[0] != '\0' ? text : NULL);
}

static void set_end(struct rf_json *j, const struct keys *k, const struct rf_store_call_end *e)
{
    set_text(j, k->device, e->device);
    set_text(j, k->number, e->number);
    set_text(j, k->name, e->name);
    set_text(j, k->signalling, e->signalling);
    set_text(j, k->srtp, e->srtp);
    if (e->has_cert)
        rf_json_set_hex(j, k->certificate, rf_slice_of(e->cert, sizeof e->cert));
    else
        rf_json_set_null(j, k->certificate);
}

static void set_origin(struct rf_json *j, const char *origin)
{
    struct rf_slice rest = rf_slice_str(origin);
    struct rf_slice name;
    if (rf_next_piece(&rest, ':', &name) && name.len > 0)
        rf_json_set_slice(j, "origin", name);
    else
        rf_json_set_null(j, "origin");
}

struct rf_json *rf_store_call_to_json(const struct rf_store_call *c)
{
    struct rf_json *j = rf_json_obj();
    rf_json_set_int(j, "id", c->id);
    rf_json_set_int(j, "call", c->call);
    rf_json_set_int(j, "start_s", c->start_s);
    if (c->answered_s != 0)
        rf_json_set_int(j, "answered_s", c->answered_s);
    else
        rf_json_set_null(j, "answered_s");
    rf_json_set_int(j, "end_s", c->end_s);
    rf_json_set_int(j, "seconds", c->answered_s != 0 ? c->end_s - c->answered_s : 0);
    rf_json_set_int(j, "code", c->code);
    rf_json_set_str(j, "cause", c->cause);
    rf_json_set_str(j, "security", c->security);
    set_text(j, "codec", c->codec);
    for (int i = 0; i < RF_STORE_CALL_ENDS; i++)
        set_end(j, &keys[i], &c->ends[i]);
    set_text(j, "original", c->original);
    set_text(j, "redirecting", c->redirecting);
    set_text(j, "by", c->by);
    set_origin(j, c->origin);
    return j;
}

/* ---- read ---- */

static enum rf_err refuse(struct rf_why *why, const char *text)
{
    return rf_why_set(why, RF_ERR_BAD, "record-format", "%s", text);
}

static enum rf_err need_int(const struct rf_json *j, const char *key, int64_t max, int64_t *out,
                            struct rf_why *why)
{
    struct rf_why told = {0};
    return rf_json_need_int(j, key, 0, max, out, &told) == RF_OK ? RF_OK : refuse(why, told.text);
}

/* null is empty. */
static enum rf_err need_text(const struct rf_json *j, const char *key, char *out, size_t cap,
                             struct rf_why *why)
{
    const struct rf_json *value = rf_json_get(j, key);
    const char *text = rf_json_str(j, key);
    char null[8];
    const char *other = text == NULL ? rf_json_text(value, null, sizeof null) : NULL;
    if (text == NULL && (other == NULL || strcmp(other, "null") != 0))
        return rf_why_set(why, RF_ERR_BAD, "record-format", "\"%s\" is no text", key);
    if (text != NULL && strlen(text) >= cap)
        return rf_why_set(why, RF_ERR_BAD, "record-format", "\"%s\" is longer than %zu bytes", key,
                          cap - 1);
    snprintf(out, cap, "%s", text != NULL ? text : "");
    return RF_OK;
}

static enum rf_err read_cert(const struct rf_json *j, const char *key,
                             struct rf_store_call_end *out, struct rf_why *why)
{
    char hex[2 * sizeof out->cert + 1];
    size_t n = 0;
    enum rf_err err = need_text(j, key, hex, sizeof hex, why);
    if (err != RF_OK)
        return err;
    out->has_cert = hex[0] != '\0';
    if (out->has_cert && (rf_unhex(rf_slice_str(hex), out->cert, sizeof out->cert, &n) != RF_OK ||
                          n != sizeof out->cert))
        return rf_why_set(why, RF_ERR_BAD, "record-format", "\"%s\" is no fingerprint", key);
    return RF_OK;
}

static enum rf_err read_end(const struct rf_json *j, const struct keys *k,
                            struct rf_store_call_end *e, struct rf_why *why)
{
    enum rf_err err;
    if ((err = need_text(j, k->device, e->device, sizeof e->device, why)) != RF_OK ||
        (err = need_text(j, k->number, e->number, sizeof e->number, why)) != RF_OK ||
        (err = need_text(j, k->name, e->name, sizeof e->name, why)) != RF_OK ||
        (err = need_text(j, k->signalling, e->signalling, sizeof e->signalling, why)) != RF_OK ||
        (err = need_text(j, k->srtp, e->srtp, sizeof e->srtp, why)) != RF_OK)
        return err;
    return read_cert(j, k->certificate, e, why);
}

static enum rf_err read_times(const struct rf_json *j, struct rf_store_call *c, struct rf_why *why)
{
    char null[32];
    const char *answered = rf_json_text(rf_json_get(j, "answered_s"), null, sizeof null);
    enum rf_err err = need_int(j, "start_s", INT64_MAX, &c->start_s, why);
    if (err == RF_OK)
        err = need_int(j, "end_s", INT64_MAX, &c->end_s, why);
    if (err != RF_OK || (answered != NULL && strcmp(answered, "null") == 0))
        return err;
    return need_int(j, "answered_s", INT64_MAX, &c->answered_s, why);
}

static enum rf_err read_call(const struct rf_json *j, struct rf_store_call *c, struct rf_why *why)
{
    int64_t call = 0;
    int64_t code = 0;
    enum rf_err err;
    if ((err = need_int(j, "call", UINT32_MAX, &call, why)) != RF_OK ||
        (err = need_int(j, "code", 127, &code, why)) != RF_OK ||
        (err = read_times(j, c, why)) != RF_OK ||
        (err = need_text(j, "cause", c->cause, sizeof c->cause, why)) != RF_OK ||
        (err = need_text(j, "security", c->security, sizeof c->security, why)) != RF_OK ||
        (err = need_text(j, "codec", c->codec, sizeof c->codec, why)) != RF_OK ||
        (err = need_text(j, "original", c->original, sizeof c->original, why)) != RF_OK ||
        (err = need_text(j, "redirecting", c->redirecting, sizeof c->redirecting, why)) != RF_OK)
        return err;
    c->call = (uint32_t)call;
    c->code = (uint32_t)code;
    return need_text(j, "by", c->by, sizeof c->by, why);
}

enum rf_err rf_store_call_from_json(const struct rf_json *json, struct rf_store_call *out,
                                    struct rf_why *why)
{
    struct rf_store_call c = {0};
    enum rf_err err = read_call(json, &c, why);
    for (int i = 0; i < RF_STORE_CALL_ENDS && err == RF_OK; i++)
        err = read_end(json, &keys[i], &c.ends[i], why);
    *out = err == RF_OK ? c : (struct rf_store_call){0};
    return err;
}
