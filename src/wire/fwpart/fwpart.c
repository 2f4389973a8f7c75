/* SPDX-License-Identifier: Apache-2.0 */
/* doc: docs/wire/firmware-components.md */
#include "wire/fwpart/fwpart.h"

#include "base/text.h"

#include <string.h>

#define DISPLAY_PREFIX "display."

static bool is_key_byte(uint8_t c)
{
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '.' ||
           c == '_' || c == '-';
}

static enum rf_err check_key(struct rf_slice key, struct rf_why *why)
{
    struct rf_rd rd = rf_rd_of(key);
    uint8_t c;
    if (key.len == 0)
        return rf_why_set(why, RF_ERR_BAD, "key", "a line without a key");
    if (key.len > RF_FWPART_KEY_MAX)
        return rf_why_set(why, RF_ERR_LIMIT, "key-long", "a key of %zu bytes", key.len);
    while (rf_rd_u8(&rd, &c))
        if (!is_key_byte(c))
            return rf_why_set(why, RF_ERR_BAD, "key", "byte 0x%02x in a key", c);
    return RF_OK;
}

/* How many bytes follow a UTF-8 lead byte; false for a byte that cannot lead. */
static bool utf8_lead(uint8_t c, unsigned *more, uint32_t *code)
{
    if (c < 0x80) {
        *more = 0;
        *code = c;
    } else if (c >= 0xc2 && c <= 0xdf) {
        *more = 1;
        *code = c & 0x1fu;
    } else if ((c & 0xf0) == 0xe0) {
        *more = 2;
        *code = c & 0x0fu;
    } else if (c >= 0xf0 && c <= 0xf4) {
        *more = 3;
        *code = c & 0x07u;
    } else {
        return false;
    }
    return true;
}

/* spec: RFC 3629 3: no overlong forms, no surrogates, nothing above U+10FFFF. */
static bool utf8_next(struct rf_rd *rd, uint32_t *code)
{
    static const uint32_t least[] = {0, 0x80, 0x800, 0x10000};
    unsigned more;
    uint8_t c;
    if (!rf_rd_u8(rd, &c) || !utf8_lead(c, &more, code))
        return false;
    for (unsigned i = 0; i < more; i++) {
        if (!rf_rd_u8(rd, &c) || (c & 0xc0) != 0x80)
            return false;
        *code = *code << 6 | (c & 0x3fu);
    }
    return *code >= least[more] && *code <= 0x10ffff && (*code < 0xd800 || *code > 0xdfff);
}

static enum rf_err check_value(struct rf_slice value, struct rf_why *why)
{
    struct rf_rd rd = rf_rd_of(value);
    if (value.len > RF_FWPART_VALUE_MAX)
        return rf_why_set(why, RF_ERR_LIMIT, "value-long", "a value of %zu bytes", value.len);
    while (!rf_rd_done(&rd)) {
        uint32_t code;
        if (!utf8_next(&rd, &code))
            return rf_why_set(why, RF_ERR_BAD, "value-utf8", "a value that is not UTF-8");
        if (code < 0x20 || (code >= 0x7f && code < 0xa0))
            return rf_why_set(why, RF_ERR_BAD, "value-control", "a control character in a value");
    }
    return RF_OK;
}

static enum rf_err set_once(struct rf_slice *to, struct rf_slice value, struct rf_why *why)
{
    if (to->p != NULL)
        return rf_why_set(why, RF_ERR_BAD, "key-twice", "a key is given twice");
    *to = value;
    return RF_OK;
}

static enum rf_err add_display(struct rf_fwpart_app *out, struct rf_slice name,
                               struct rf_slice text, struct rf_why *why)
{
    if (name.len == 0)
        return rf_why_set(why, RF_ERR_BAD, "key", "a display text without a name");
    for (size_t i = 0; i < out->display_n; i++)
        if (rf_slice_eq(out->display[i].name, name))
            return rf_why_set(why, RF_ERR_BAD, "key-twice", "a display text is given twice");
    if (out->display_n == RF_FWPART_DISPLAYS_MAX)
        return rf_why_set(why, RF_ERR_LIMIT, "display-count", "more than %d display texts",
                          RF_FWPART_DISPLAYS_MAX);
    out->display[out->display_n++] = (struct rf_fwpart_display){.name = name, .text = text};
    return RF_OK;
}

static enum rf_err decode_line(struct rf_slice line, struct rf_fwpart_app *out, struct rf_why *why)
{
    if (line.len == 0 || rf_slice_starts_with(line, "#"))
        return RF_OK;
    size_t at = rf_slice_find(line, rf_slice_str("="));
    if (at == SIZE_MAX)
        return rf_why_set(why, RF_ERR_BAD, "line", "a line without \"=\"");
    struct rf_slice key = rf_slice_part(line, 0, at);
    struct rf_slice value = rf_slice_part(line, at + 1, SIZE_MAX);
    enum rf_err err = check_key(key, why);
    if (err == RF_OK)
        err = check_value(value, why);
    if (err != RF_OK)
        return err;
    if (rf_slice_eq_str(key, "version"))
        return set_once(&out->version, value, why);
    if (rf_slice_eq_str(key, "hardware"))
        return set_once(&out->hardware, value, why);
    if (rf_slice_starts_with(key, DISPLAY_PREFIX))
        return add_display(out, rf_slice_part(key, sizeof DISPLAY_PREFIX - 1, SIZE_MAX), value,
                           why);
    out->unknown_n++;
    return RF_OK;
}

static enum rf_err decode_app(struct rf_slice in, struct rf_fwpart_app *out, struct rf_why *why)
{
    if (in.len > RF_FWPART_APP_BYTES_MAX)
        return rf_why_set(why, RF_ERR_LIMIT, "app-size", "a component of %zu bytes", in.len);
    struct rf_slice line;
    while (rf_next_piece(&in, '\n', &line)) {
        if (rf_slice_ends_with(line, "\r"))
            line.len--;
        enum rf_err err = decode_line(line, out, why);
        if (err != RF_OK)
            return err;
    }
    if (out->version.len == 0)
        return rf_why_set(why, RF_ERR_BAD, "missing-version", "no version");
    if (out->hardware.len == 0)
        return rf_why_set(why, RF_ERR_BAD, "missing-hardware", "no hardware id");
    return RF_OK;
}

enum rf_err rf_fwpart_app_decode(struct rf_slice in, struct rf_fwpart_app *out, struct rf_why *why)
{
    memset(out, 0, sizeof *out);
    enum rf_err err = decode_app(in, out, why);
    if (err != RF_OK)
        memset(out, 0, sizeof *out);
    return err;
}

struct rf_slice rf_fwpart_app_display(const struct rf_fwpart_app *app, const char *name)
{
    for (size_t i = 0; i < app->display_n; i++)
        if (rf_slice_eq_str(app->display[i].name, name))
            return app->display[i].text;
    return (struct rf_slice){0};
}

static enum rf_err put_line(struct rf_wr *wr, const char *prefix, struct rf_slice key,
                            struct rf_slice value, struct rf_why *why)
{
    enum rf_err err = check_key(key, why);
    if (err == RF_OK && key.len + strlen(prefix) > RF_FWPART_KEY_MAX)
        err = rf_why_set(why, RF_ERR_LIMIT, "key-long", "a key of %zu bytes",
                         key.len + strlen(prefix));
    if (err == RF_OK)
        err = check_value(value, why);
    rf_wr_slice(wr, rf_slice_str(prefix));
    rf_wr_slice(wr, key);
    rf_wr_u8(wr, '=');
    rf_wr_slice(wr, value);
    rf_wr_u8(wr, '\n');
    return err;
}

enum rf_err rf_fwpart_app_encode(const struct rf_fwpart_app *app, uint8_t *buf, size_t cap,
                                 struct rf_slice *out, struct rf_why *why)
{
    *out = (struct rf_slice){0};
    if (app->display_n > RF_FWPART_DISPLAYS_MAX)
        return rf_why_set(why, RF_ERR_LIMIT, "display-count", "more than %d display texts",
                          RF_FWPART_DISPLAYS_MAX);
    struct rf_wr wr = rf_wr_of(buf, cap);
    enum rf_err err = put_line(&wr, "", rf_slice_str("version"), app->version, why);
    if (err == RF_OK)
        err = put_line(&wr, "", rf_slice_str("hardware"), app->hardware, why);
    for (size_t i = 0; err == RF_OK && i < app->display_n; i++)
        err = put_line(&wr, DISPLAY_PREFIX, app->display[i].name, app->display[i].text, why);
    if (err != RF_OK)
        return err;
    struct rf_slice written;
    if (rf_wr_done(&wr, &written) != RF_OK)
        return rf_why_set(why, RF_ERR_LIMIT, "buffer-full", "the component does not fit %zu bytes",
                          cap);
    struct rf_fwpart_app again; /* what is missing or twice, the reader says */
    err = rf_fwpart_app_decode(written, &again, why);
    if (err == RF_OK)
        *out = written;
    return err;
}
