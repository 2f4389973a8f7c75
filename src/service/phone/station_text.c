/* SPDX-License-Identifier: Apache-2.0 */
/* Texts of the server: UTF-8 or ISO 8859-1 by what the phone announced, with references to words
 * that the phone says in its own language. doc: docs/wire/sccp.md, "Frames" */
#include "service/phone/station_int.h"
#include "wire/sccp/sccp_names.h"

#include <string.h>

#define LABEL_DICTIONARY 0x80
#define LABEL_SECOND     0x1e

struct text_out {
    char *buf;
    size_t cap;
    size_t len;
    bool is_full; /* nothing is cut in the middle of a letter */
};

static void put(struct text_out *o, const char *bytes, size_t n)
{
    if (o->is_full || o->len + n >= o->cap) {
        o->is_full = true;
        return;
    }
    memcpy(o->buf + o->len, bytes, n);
    o->len += n;
}

static void put_byte(struct text_out *o, uint8_t b)
{
    char c = b < 0x20 || b == 0x7f ? ' ' : (char)b;
    put(o, &c, 1);
}

/* An unknown code shows nothing */
static void put_label(struct text_out *o, struct rf_rd *rd, uint8_t prefix)
{
    uint8_t code = 0;
    if (!rf_rd_u8(rd, &code) || prefix != LABEL_DICTIONARY)
        return;
    const char *word = rf_sccp_name(RF_SCCP_NAMES_SOFTKEY_EVENT, code);
    if (word != NULL)
        put(o, word, strlen(word));
}

/* C1: in UTF-8 too a terminal may obey them */
static bool is_control(uint8_t letter)
{
    return letter >= 0x80 && letter < 0xa0;
}

static void put_latin1(struct text_out *o, uint8_t b)
{
    if (is_control(b)) {
        put(o, " ", 1);
        return;
    }
    char two[2] = {(char)(0xc0 | b >> 6), (char)(0x80 | (b & 0x3f))};
    put(o, two, 2);
}

/* The bytes that follow this first byte of a letter; 0 when none starts with it. */
static size_t more_of(uint8_t first)
{
    if (first >= 0xc2 && first <= 0xdf)
        return 1;
    if (first >= 0xe0 && first <= 0xef)
        return 2;
    return first >= 0xf0 && first <= 0xf4 ? 3 : 0;
}

static void put_utf8(struct text_out *o, struct rf_rd *rd, uint8_t first)
{
    char letter[4] = {(char)first};
    size_t n = more_of(first);
    size_t got = 0;
    uint8_t b;
    while (got < n && rf_rd_peek_u8(rd, &b) && (b & 0xc0) == 0x80 && rf_rd_skip(rd, 1))
        letter[++got] = (char)b;
    if (n == 0 || got < n)
        put(o, "?", 1);
    else if (first == 0xc2 && is_control((uint8_t)letter[1]))
        put(o, " ", 1);
    else
        put(o, letter, n + 1);
}

const char *station_text(struct rf_slice text, bool is_utf8, char *buf, size_t cap)
{
    struct text_out o = {.buf = buf, .cap = cap};
    struct rf_rd rd = rf_rd_of(text);
    uint8_t b;
    while (rf_rd_u8(&rd, &b) && !o.is_full) {
        if (b == LABEL_DICTIONARY || b == LABEL_SECOND)
            put_label(&o, &rd, b);
        else if (b < 0x80)
            put_byte(&o, b);
        else if (is_utf8)
            put_utf8(&o, &rd, b);
        else
            put_latin1(&o, b);
    }
    buf[o.len] = '\0';
    return buf;
}
