/* SPDX-License-Identifier: Apache-2.0 */
/* Texts of the server: UTF-8 or ISO 8859-1 by what the phone announced, with references to words
 * that the phone says in its own language. doc: docs/wire/sccp.md, "Frames" */
#include "service/phone/station_int.h"
#include "wire/sccp/sccp_names.h"

#include <string.h>

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

/* The words behind 1E. doc: docs/wire/sccp.md, "Frames" */
const char *station_second_word(uint8_t code)
{
    static const char *const words[] = {
        [2] = "Acct",
        [3] = "Flash",
        [4] = "Login",
        [5] = "In home location",
        [6] = "In roaming location",
        [7] = "Enter authorization code",
        [8] = "Enter client matter code",
        [9] = "Calls available for pickup",
        [10] = "CM fallback service operating",
        [11] = "Max phones exceeded",
        [12] = "Waiting to rehome",
        [13] = "Please end call",
        [14] = "Paging",
        [15] = "Select line",
        [16] = "Transfer destination busy",
        [17] = "Select a service",
        [18] = "Local services",
        [19] = "Enter search criteria",
        [20] = "Night service",
        [21] = "Night service active",
        [22] = "Night service disabled",
        [23] = "Login successful",
        [24] = "Wrong pin",
        [25] = "Please enter pin",
        [26] = "Of",
        [27] = "Records 1 to",
        [28] = "No record found",
        [29] = "Search results",
        [30] = "Calls in queue",
        [31] = "Join to hunt group",
        [32] = "Ready",
        [33] = "Not ready",
        [34] = "Call on hold",
        [35] = "Hold reversion",
        [36] = "Setup failed",
        [37] = "No resources",
        [38] = "Device not authorized",
        [39] = "Monitoring",
        [40] = "Recording waits for active call",
        [41] = "Recording already in progress",
        [42] = "Inactive recording session",
        [43] = "Mobility",
        [44] = "Whisper",
        [45] = "Forward all",
        [46] = "Malicious call id",
        [47] = "Group pickup",
        [48] = "Remove last participant",
        [49] = "Other pickup",
        [50] = "Video",
        [51] = "End call",
        [52] = "Conference list",
        [53] = "Quality reporting tool",
        [54] = "Hunt group",
        [55] = "Use line or join to complete",
        [56] = "Do not disturb",
        [57] = "Do not disturb is active",
        [58] = "CFwdALL loop detected",
        [59] = "CFwdALL hops exceeded",
        [60] = "AbbrDial",
        [61] = "Pickup is unavailable",
        [62] = "Conference is unavailable",
        [63] = "Meetme is unavailable",
        [64] = "Cannot retrieve parked call",
        [65] = "Cannot send call to mobile",
        [67] = "Record",
        [68] = "Cannot move conversation",
        [69] = "CW off",
        [70] = "Coaching",
        [79] = "Recording",
        [80] = "Recording failed",
        [81] = "Connecting",
    };
    return code < sizeof words / sizeof *words ? words[code] : NULL;
}

/* The captions behind 80 99 to 127 are those of the network settings. */
static const char *caption(uint8_t code)
{
    static const struct {
        uint8_t first, last;
        const char *words;
    } rows[] = {{99, 99, "Path replacement in progress"},
                {101, 101, "MAC address"},
                {102, 102, "Host name"},
                {103, 103, "Domain name"},
                {104, 104, "IP address"},
                {105, 105, "Subnet mask"},
                {106, 106, "TFTP server 1"},
                {107, 111, "Default router"},
                {112, 116, "DNS server"},
                {117, 117, "Operational VLAN"},
                {118, 118, "Admin VLAN"},
                {119, 123, "Call manager"},
                {124, 124, "Information URL"},
                {125, 125, "Directories URL"},
                {126, 126, "Messages URL"},
                {127, 127, "Services URL"}};
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        if (code >= rows[i].first && code <= rows[i].last)
            return rows[i].words;
    return NULL;
}

/* An unknown code shows nothing */
static void put_label(struct text_out *o, struct rf_rd *rd, uint8_t prefix)
{
    uint8_t code = 0;
    if (!rf_rd_u8(rd, &code))
        return;
    const char *word = prefix == RF_SCCP_LABEL_WORD2 ? station_second_word(code) : caption(code);
    if (word == NULL && prefix == RF_SCCP_LABEL_WORD)
        word = rf_sccp_name(RF_SCCP_NAMES_SOFTKEY_EVENT, code);
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
        if (b == RF_SCCP_LABEL_WORD || b == RF_SCCP_LABEL_WORD2)
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
