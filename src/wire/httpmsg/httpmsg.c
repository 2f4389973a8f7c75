/* SPDX-License-Identifier: Apache-2.0 */
/* Reading heads. */
#include "wire/httpmsg/httpmsg.h"

#include "base/text.h"

/* ---- characters ---- */

static bool is_in(uint8_t c, const char *set)
{
    for (; *set != '\0'; set++)
        if ((uint8_t)*set == c)
            return true;
    return false;
}

static bool is_letter(uint8_t c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

/* spec: RFC 9110 5.6.2 */
static bool is_token(struct rf_slice s, size_t max)
{
    struct rf_rd rd = rf_rd_of(s);
    uint8_t c = 0;
    if (s.len == 0 || s.len > max)
        return false;
    while (rf_rd_u8(&rd, &c))
        if (!is_letter(c) && !(c >= '0' && c <= '9') && !is_in(c, "!#$%&'*+-.^_`|~"))
            return false;
    return true;
}

/* No control byte; a tab only where blanks are. */
static bool is_text(struct rf_slice s, uint8_t lowest)
{
    struct rf_rd rd = rf_rd_of(s);
    uint8_t c = 0;
    while (rf_rd_u8(&rd, &c))
        if ((c < lowest && !(c == '\t' && lowest == ' ')) || c == 0x7f)
            return false;
    return true;
}

static uint8_t lower(uint8_t c)
{
    return c >= 'A' && c <= 'Z' ? (uint8_t)(c - 'A' + 'a') : c;
}

static bool is_word(struct rf_slice s, const char *word)
{
    struct rf_rd rd = rf_rd_of(s);
    uint8_t c = 0;
    for (; *word != '\0'; word++)
        if (!rf_rd_u8(&rd, &c) || lower(c) != (uint8_t)*word)
            return false;
    return rf_rd_done(&rd);
}

/* ---- lines ---- */

/* The next line without its end; false when there is no line end any more. */
static bool next_line(struct rf_rd *rd, struct rf_slice *line)
{
    struct rf_rd ahead = *rd;
    size_t n = 0;
    uint8_t c = 0;
    uint8_t before = 0;
    while (rf_rd_u8(&ahead, &c) && c != '\n') {
        before = c;
        n++;
    }
    if (c != '\n')
        return false;
    if (!rf_rd_slice(rd, n, line) || !rf_rd_skip(rd, 1))
        return false;
    if (n > 0 && before == '\r')
        *line = rf_slice_part(*line, 0, n - 1);
    return true;
}

static bool skip_empty_lines(struct rf_rd *rd, struct rf_slice *first)
{
    do
        if (!next_line(rd, first))
            return false;
    while (first->len == 0);
    return true;
}

size_t rf_httpmsg_head_len(struct rf_slice in)
{
    struct rf_rd rd = rf_rd_of(in);
    struct rf_slice line;
    if (!skip_empty_lines(&rd, &line))
        return 0;
    while (next_line(&rd, &line))
        if (line.len == 0)
            return rf_rd_offset(&rd);
    return 0;
}

/* ---- fields ---- */

static enum rf_err set_once(struct rf_slice *to, struct rf_slice value, const char *name,
                            struct rf_why *why)
{
    if (to->p != NULL)
        return rf_why_set(why, RF_ERR_BAD, "http-field-twice", "%s is there twice", name);
    *to = value;
    return RF_OK;
}

/* Two lengths are two opinions of where the next message begins. */
static enum rf_err set_length(struct rf_httpmsg_fields *f, struct rf_slice value,
                              struct rf_why *why)
{
    if (f->has_length)
        return rf_why_set(why, RF_ERR_BAD, "http-field-twice", "Content-Length is there twice");
    f->has_length = true;
    if (value.len > 19 || !rf_parse_u64(value, 0, INT64_MAX, &f->length))
        return rf_why_set(why, RF_ERR_BAD, "http-length", "Content-Length is no number");
    return RF_OK;
}

static void set_connection(struct rf_httpmsg_fields *f, struct rf_slice value)
{
    struct rf_slice word;
    while (rf_next_piece(&value, ',', &word)) {
        f->wants_close |= is_word(rf_trim(word), "close");
        f->wants_kept |= is_word(rf_trim(word), "keep-alive");
    }
}

static enum rf_err set_field(struct rf_httpmsg_fields *f, struct rf_slice name,
                             struct rf_slice value, struct rf_why *why)
{
    if (is_word(name, "host"))
        return set_once(&f->host, value, "Host", why);
    if (is_word(name, "content-type"))
        return set_once(&f->type, value, "Content-Type", why);
    if (is_word(name, "content-length"))
        return set_length(f, value, why);
    if (is_word(name, "connection"))
        set_connection(f, value);
    else if (is_word(name, "transfer-encoding"))
        f->has_coding = true;
    else if (is_word(name, "user-agent") || is_word(name, "server"))
        f->agent = value;
    return RF_OK;
}

/* spec: RFC 9112 5: no blank in front of the colon, and no folded lines: other readers take such a
 * line for another field than we would. */
static enum rf_err read_field(struct rf_slice line, struct rf_httpmsg_fields *f, struct rf_why *why)
{
    struct rf_slice rest = line;
    struct rf_slice name;
    if (!rf_next_piece(&rest, ':', &name) || name.len == line.len ||
        !is_token(name, RF_HTTPMSG_HEAD_MAX) || !is_text(rest, ' '))
        return rf_why_set(why, RF_ERR_BAD, "http-field", "a header line is none");
    return set_field(f, name, rf_trim(rest), why);
}

static enum rf_err read_fields(struct rf_rd *rd, struct rf_httpmsg_fields *f, struct rf_why *why)
{
    struct rf_slice line;
    for (size_t n = 0; next_line(rd, &line); n++) {
        if (line.len == 0)
            return rf_rd_done(rd) ? RF_OK
                                  : rf_why_bad(why, rd, "http-trailing", "bytes behind the head");
        if (n >= RF_HTTPMSG_FIELDS_MAX)
            return rf_why_set(why, RF_ERR_LIMIT, "http-fields", "more than %d header lines",
                              RF_HTTPMSG_FIELDS_MAX);
        enum rf_err err = read_field(line, f, why);
        if (err != RF_OK)
            return err;
    }
    return rf_why_set(why, RF_ERR_SHORT, "http-short", "the head does not end");
}

/* ---- the first line ---- */

/* HTTP/1.<digit>; higher ones of 1 speak 1.1 with us. */
static enum rf_err read_version(struct rf_slice text, unsigned *minor, struct rf_why *why)
{
    uint64_t digit = 0;
    if (!rf_slice_starts_with(text, "HTTP/"))
        return rf_why_set(why, RF_ERR_BAD, "http-line", "not HTTP");
    if (text.len != 8 || !rf_slice_starts_with(text, "HTTP/1.") ||
        !rf_parse_u64(rf_slice_part(text, 7, 1), 0, 9, &digit))
        return rf_why_set(why, RF_ERR_UNKNOWN, "http-version", "not a version of HTTP/1");
    *minor = (unsigned)digit;
    return RF_OK;
}

static enum rf_err read_request_line(struct rf_slice line, struct rf_httpmsg_request *out,
                                     struct rf_why *why)
{
    struct rf_slice rest = line;
    struct rf_slice version;
    if (!rf_next_piece(&rest, ' ', &out->method_text) || !rf_next_piece(&rest, ' ', &out->target) ||
        !rf_next_piece(&rest, ' ', &version) || rest.len > 0 ||
        !is_token(out->method_text, RF_HTTPMSG_METHOD_MAX) || out->target.len == 0 ||
        !is_text(out->target, '!'))
        return rf_why_set(why, RF_ERR_BAD, "http-line", "the first line is no request");
    if (out->target.len > RF_HTTPMSG_TARGET_MAX)
        return rf_why_set(why, RF_ERR_LIMIT, "http-target-long", "a target of %zu bytes",
                          out->target.len);
    out->method = rf_slice_eq_str(out->method_text, "GET")    ? RF_HTTPMSG_GET
                  : rf_slice_eq_str(out->method_text, "HEAD") ? RF_HTTPMSG_HEAD
                                                              : RF_HTTPMSG_OTHER;
    return read_version(version, &out->minor, why);
}

static enum rf_err read_status_line(struct rf_slice line, struct rf_httpmsg_response *out,
                                    struct rf_why *why)
{
    struct rf_slice rest = line;
    struct rf_slice version, status;
    uint64_t n = 0;
    if (!rf_next_piece(&rest, ' ', &version))
        return rf_why_set(why, RF_ERR_BAD, "http-line", "the first line is no answer");
    enum rf_err err = read_version(version, &out->minor, why);
    if (err != RF_OK)
        return err;
    if (!rf_next_piece(&rest, ' ', &status) || status.len != 3 ||
        !rf_parse_u64(status, 100, 599, &n) || !is_text(rest, ' '))
        return rf_why_set(why, RF_ERR_BAD, "http-status", "the status is no number");
    out->status = (unsigned)n;
    return RF_OK;
}

static enum rf_err begin(struct rf_slice head, struct rf_rd *rd, struct rf_slice *first,
                         struct rf_why *why)
{
    if (head.len > RF_HTTPMSG_HEAD_MAX)
        return rf_why_set(why, RF_ERR_LIMIT, "http-head-long", "a head of more than %d bytes",
                          RF_HTTPMSG_HEAD_MAX);
    *rd = rf_rd_of(head);
    if (!skip_empty_lines(rd, first))
        return rf_why_set(why, RF_ERR_SHORT, "http-short", "the head does not end");
    return RF_OK;
}

enum rf_err rf_httpmsg_request_decode(struct rf_slice head, struct rf_httpmsg_request *out,
                                      struct rf_why *why)
{
    struct rf_httpmsg_request r = {0};
    struct rf_rd rd;
    struct rf_slice line;
    *out = r;
    enum rf_err err = begin(head, &rd, &line, why);
    if (err == RF_OK)
        err = read_request_line(line, &r, why);
    if (err == RF_OK)
        err = read_fields(&rd, &r.fields, why);
    if (err == RF_OK)
        *out = r;
    return err;
}

enum rf_err rf_httpmsg_response_decode(struct rf_slice head, struct rf_httpmsg_response *out,
                                       struct rf_why *why)
{
    struct rf_httpmsg_response r = {0};
    struct rf_rd rd;
    struct rf_slice line;
    *out = r;
    enum rf_err err = begin(head, &rd, &line, why);
    if (err == RF_OK)
        err = read_status_line(line, &r, why);
    if (err == RF_OK)
        err = read_fields(&rd, &r.fields, why);
    if (err == RF_OK)
        *out = r;
    return err;
}

/* ---- targets ---- */

static bool hex_digit(uint8_t c, uint8_t *out)
{
    if (c >= '0' && c <= '9')
        *out = (uint8_t)(c - '0');
    else if (lower(c) >= 'a' && lower(c) <= 'f')
        *out = (uint8_t)(lower(c) - 'a' + 10);
    else
        return false;
    return true;
}

/* The path: behind "http://host", up to a query or fragment, without its first slash. */
static bool find_path(struct rf_slice target, struct rf_slice *path)
{
    struct rf_slice rest = target;
    struct rf_slice piece;
    for (int i = 0; i < 2; i++) {
        const char *scheme = i == 0 ? "http://" : "https://";
        size_t len = rf_slice_str(scheme).len;
        if (is_word(rf_slice_part(target, 0, len), scheme)) {
            rest = rf_slice_part(target, len, SIZE_MAX);
            size_t slash = rf_slice_find(rest, rf_slice_str("/"));
            rest = slash == SIZE_MAX ? rf_slice_of(NULL, 0) : rf_slice_part(rest, slash, SIZE_MAX);
        }
    }
    if (!rf_slice_starts_with(rest, "/"))
        return false;
    rest = rf_slice_part(rest, 1, SIZE_MAX);
    *path = rest;
    for (int i = 0; i < 2; i++) {
        rest = *path;
        if (rf_next_piece(&rest, i == 0 ? '#' : '?', &piece))
            *path = piece;
    }
    return true;
}

/* One byte of a path, an escape undone. */
static bool next_byte(struct rf_rd *rd, uint8_t *out)
{
    uint8_t c = 0, high = 0, low = 0;
    if (!rf_rd_u8(rd, out))
        return false;
    if (*out != '%')
        return true;
    if (!rf_rd_u8(rd, &c) || !hex_digit(c, &high) || !rf_rd_u8(rd, &c) || !hex_digit(c, &low))
        return false;
    *out = (uint8_t)(high << 4 | low);
    return true;
}

/* What another decoding would turn into a dot, a slash or a backslash. */
static bool is_encoded_twice(struct rf_slice name)
{
    static const char *const escapes[] = {"%2e", "%2E", "%2f", "%2F", "%5c", "%5C"};
    for (size_t i = 0; i < sizeof escapes / sizeof *escapes; i++)
        if (rf_slice_find(name, rf_slice_str(escapes[i])) != SIZE_MAX)
            return true;
    return false;
}

enum rf_err rf_httpmsg_target_decode(struct rf_slice target, char *buf, size_t cap,
                                     struct rf_slice *out, struct rf_why *why)
{
    struct rf_wr wr = rf_wr_of(buf, cap);
    struct rf_slice path, name;
    *out = rf_slice_of(NULL, 0);
    if (!find_path(target, &path))
        return rf_why_set(why, RF_ERR_BAD, "http-target", "no path in the request");
    struct rf_rd rd = rf_rd_of(path);
    while (!rf_rd_done(&rd)) {
        uint8_t c = 0;
        if (!next_byte(&rd, &c))
            return rf_why_set(why, RF_ERR_BAD, "http-target", "a %% without two digits");
        if (c == 0)
            return rf_why_set(why, RF_ERR_BAD, "http-nul", "a NUL in the name");
        rf_wr_u8(&wr, c);
    }
    if (rf_wr_done(&wr, &name) != RF_OK)
        return rf_why_set(why, RF_ERR_LIMIT, "http-target-long", "a name of more than %zu bytes",
                          cap);
    if (is_encoded_twice(name))
        return rf_why_set(why, RF_ERR_BAD, "http-encoded-twice",
                          "the name is percent-encoded more than once");
    *out = name;
    return RF_OK;
}
