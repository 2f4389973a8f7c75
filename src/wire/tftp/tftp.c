/* SPDX-License-Identifier: Apache-2.0 */
#include "wire/tftp/tftp.h"

#include "base/text.h"

/* ASCII only, as the names of options and modes are. */
static uint8_t lower(uint8_t c)
{
    return c >= 'A' && c <= 'Z' ? (uint8_t)(c - 'A' + 'a') : c;
}

static bool same_word(struct rf_slice s, const char *word)
{
    struct rf_rd a = rf_rd_of(s);
    struct rf_rd b = rf_rd_of(rf_slice_str(word));
    if (rf_rd_left(&a) != rf_rd_left(&b))
        return false;
    uint8_t x, y;
    while (rf_rd_u8(&a, &x) && rf_rd_u8(&b, &y))
        if (lower(x) != lower(y))
            return false;
    return true;
}

static enum rf_tftp_mode mode_of(struct rf_slice s)
{
    if (same_word(s, "octet"))
        return RF_TFTP_MODE_OCTET;
    if (same_word(s, "netascii"))
        return RF_TFTP_MODE_NETASCII;
    if (same_word(s, "mail"))
        return RF_TFTP_MODE_MAIL;
    return RF_TFTP_MODE_OTHER;
}

static bool number(struct rf_slice value, uint64_t min, uint64_t max, uint64_t *out)
{
    *out = 0;
    return value.len <= RF_TFTP_DIGITS_MAX && rf_parse_u64(value, min, max, out);
}

/* Known option: 1 to 4 for the check of repetitions; 0 for any other name. */
static unsigned option_of(struct rf_slice name)
{
    if (same_word(name, "blksize"))
        return 1;
    if (same_word(name, "timeout"))
        return 2;
    if (same_word(name, "tsize"))
        return 3;
    if (same_word(name, "windowsize"))
        return 4;
    return 0;
}

static bool set_option(unsigned which, struct rf_slice value, struct rf_tftp_options *o)
{
    uint64_t n;
    switch (which) {
    case 1:
        o->has_blksize = number(value, RF_TFTP_BLKSIZE_MIN, RF_TFTP_BLKSIZE_MAX, &n);
        o->blksize = o->has_blksize ? (uint16_t)n : 0;
        return o->has_blksize;
    case 2:
        o->has_timeout = number(value, 1, 255, &n);
        o->timeout_s = o->has_timeout ? (uint8_t)n : 0;
        return o->has_timeout;
    case 3:
        o->has_tsize = number(value, 0, UINT64_MAX, &n);
        o->tsize = o->has_tsize ? n : 0;
        return o->has_tsize;
    default:
        o->has_windowsize = number(value, 1, 65535, &n);
        o->windowsize = o->has_windowsize ? (uint16_t)n : 0;
        return o->has_windowsize;
    }
}

/* spec: RFC 2347: names compare without case, each occurs at most once. */
static enum rf_err decode_options(struct rf_rd *rd, struct rf_tftp_options *o, struct rf_why *why)
{
    struct rf_slice seen[RF_TFTP_OPTIONS_MAX];
    size_t seen_n = 0;
    while (!rf_rd_done(rd)) {
        struct rf_slice name, value;
        if (!rf_rd_z(rd, &name) || !rf_rd_z(rd, &value))
            return rf_why_rd(why, rd, "option");
        if (name.len == 0)
            return rf_why_bad(why, rd, "tftp-option-name", "option without a name");
        if (seen_n == RF_TFTP_OPTIONS_MAX)
            return rf_why_set(why, RF_ERR_LIMIT, "tftp-options", "more than %u options",
                              RF_TFTP_OPTIONS_MAX);
        for (size_t i = 0; i < seen_n; i++) {
            char other[RF_TFTP_REQUEST_MAX];
            if (rf_slice_to_str(seen[i], other, sizeof other) && same_word(name, other))
                return rf_why_bad(why, rd, "tftp-option-twice", "option %s occurs twice", other);
        }
        seen[seen_n++] = name;
        unsigned which = option_of(name);
        if (which == 0)
            o->unknown_n++;
        else if (!set_option(which, value, o))
            o->refused_n++;
    }
    return RF_OK;
}

static enum rf_err decode_request(struct rf_rd *rd, struct rf_tftp_packet *out, struct rf_why *why)
{
    if (!rf_rd_z(rd, &out->name))
        return rf_why_rd(why, rd, "file name");
    if (!rf_rd_z(rd, &out->mode_text))
        return rf_why_rd(why, rd, "mode");
    out->mode = mode_of(out->mode_text);
    return decode_options(rd, &out->options, why);
}

static enum rf_err decode_error(struct rf_rd *rd, struct rf_tftp_packet *out, struct rf_why *why)
{
    if (!rf_rd_u16be(rd, &out->error_code))
        return rf_why_rd(why, rd, "error code");
    /* Some senders leave out the NUL: the code is what counts. */
    if (!rf_rd_z(rd, &out->error_text))
        out->error_text = rf_rd_rest(rd);
    return RF_OK;
}

static enum rf_err decode_body(struct rf_rd *rd, uint16_t op, struct rf_tftp_packet *out,
                               struct rf_why *why)
{
    switch (op) {
    case RF_TFTP_RRQ:
    case RF_TFTP_WRQ:
        return decode_request(rd, out, why);
    case RF_TFTP_DATA:
        if (!rf_rd_u16be(rd, &out->block))
            return rf_why_rd(why, rd, "block");
        if (rf_rd_left(rd) > RF_TFTP_BLKSIZE_MAX)
            return rf_why_set(why, RF_ERR_LIMIT, "tftp-data-long", "%zu bytes in one block",
                              rf_rd_left(rd));
        out->data = rf_rd_rest(rd);
        return RF_OK;
    case RF_TFTP_ACK:
        if (!rf_rd_u16be(rd, &out->block))
            return rf_why_rd(why, rd, "block");
        if (!rf_rd_done(rd))
            return rf_why_bad(why, rd, "tftp-trailing", "bytes after an ACK");
        return RF_OK;
    case RF_TFTP_ERROR:
        return decode_error(rd, out, why);
    case RF_TFTP_OACK:
        return decode_options(rd, &out->options, why);
    default:
        return rf_why_set(why, RF_ERR_UNKNOWN, "tftp-opcode", "opcode %u is not known", op);
    }
}

enum rf_err rf_tftp_decode(struct rf_slice in, struct rf_tftp_packet *out, struct rf_why *why)
{
    *out = (struct rf_tftp_packet){0};
    struct rf_rd rd = rf_rd_of(in);
    uint16_t op;
    if (!rf_rd_u16be(&rd, &op))
        return rf_why_rd(why, &rd, "opcode");
    bool has_options = op == RF_TFTP_RRQ || op == RF_TFTP_WRQ || op == RF_TFTP_OACK;
    if (has_options && in.len > RF_TFTP_REQUEST_MAX)
        return rf_why_set(why, RF_ERR_LIMIT, "tftp-request-long", "request of %zu bytes", in.len);
    enum rf_err err = decode_body(&rd, op, out, why);
    if (err != RF_OK) {
        *out = (struct rf_tftp_packet){0};
        return err;
    }
    out->op = (enum rf_tftp_op)op;
    return RF_OK;
}

static void put_number(struct rf_wr *wr, bool has, const char *name, uint64_t v)
{
    if (!has)
        return;
    char digits[24];
    size_t at = sizeof digits;
    do {
        digits[--at] = (char)('0' + v % 10);
        v /= 10;
    } while (v > 0);
    rf_wr_z(wr, rf_slice_str(name));
    rf_wr_z(wr, rf_slice_of(&digits[at], sizeof digits - at));
}

static void put_options(struct rf_wr *wr, const struct rf_tftp_options *o)
{
    put_number(wr, o->has_blksize, "blksize", o->blksize);
    put_number(wr, o->has_timeout, "timeout", o->timeout_s);
    put_number(wr, o->has_tsize, "tsize", o->tsize);
    put_number(wr, o->has_windowsize, "windowsize", o->windowsize);
}

enum rf_err rf_tftp_encode(const struct rf_tftp_packet *p, uint8_t *buf, size_t cap,
                           struct rf_slice *out)
{
    bool has_options = p->op == RF_TFTP_RRQ || p->op == RF_TFTP_WRQ || p->op == RF_TFTP_OACK;
    size_t max = has_options ? RF_TFTP_REQUEST_MAX : RF_TFTP_PACKET_MAX;
    struct rf_wr wr = rf_wr_of(buf, cap < max ? cap : max);
    rf_wr_u16be(&wr, (uint16_t)p->op);
    switch (p->op) {
    case RF_TFTP_RRQ:
    case RF_TFTP_WRQ:
        rf_wr_z(&wr, p->name);
        rf_wr_z(&wr, p->mode_text.len > 0 ? p->mode_text : rf_slice_str("octet"));
        put_options(&wr, &p->options);
        break;
    case RF_TFTP_DATA:
        rf_wr_u16be(&wr, p->block);
        rf_wr_slice(&wr, p->data);
        break;
    case RF_TFTP_ACK:
        rf_wr_u16be(&wr, p->block);
        break;
    case RF_TFTP_ERROR:
        rf_wr_u16be(&wr, p->error_code);
        rf_wr_z(&wr, p->error_text);
        break;
    case RF_TFTP_OACK:
        put_options(&wr, &p->options);
        break;
    }
    return rf_wr_done(&wr, out);
}

const char *rf_tftp_op_name(unsigned op)
{
    static const char *const names[] = {"unknown", "RRQ", "WRQ", "DATA", "ACK", "ERROR", "OACK"};
    return op < sizeof names / sizeof *names ? names[op] : names[0];
}

const char *rf_tftp_error_name(uint16_t code)
{
    static const char *const names[] = {
        "error",       "file not found",    "access violation",
        "disk full",   "illegal operation", "unknown transfer id",
        "file exists", "no such user",      "option negotiation refused",
    };
    return code < sizeof names / sizeof *names ? names[code] : names[0];
}
