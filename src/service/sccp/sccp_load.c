/* SPDX-License-Identifier: Apache-2.0 */
#include "service/sccp/sccp_load.h"

#include <string.h>

#include "base/text.h"

/* doc: docs/wire/sccp.md, "Alarms about firmware". Some numbers are about a load whatever is said,
 * others only when an image or a list is named; words are more exact than numbers. */
static const struct {
    unsigned number;
    const char *reason;
    bool needs_file; /* it may be about any file */
} numbers[] = {
    {0, "rejected", false},  {1, "size", false},      {2, "compression", false},
    {3, "version", false},   {4, "disk-full", true},  {5, "checksum", false},
    {6, "not-found", false}, {7, "tftp", true},       {8, "tftp", true},
    {9, "tftp", true},       {31, "signature", true},
};

/* Status messages of phones, in lower case. */
static const struct {
    const char *words;
    const char *reason;
    bool needs_file;
} phrases[] = {
    {"load rejected hc", "hardware", false}, {"load authentication failed", "signature", false},
    {"auth fail", "signature", true},        {"incorrect load name", "version", false},
    {"version error", "version", false},     {"checksum error", "checksum", false},
    {"load rejected", "rejected", false},    {"file not found", "not-found", true},
};

static const char *const image_suffixes[] = {".loads", ".sbn",    ".sb2", ".sbin",
                                             ".sebn",  ".zz.sgn", ".zup"};

static uint8_t lower(uint8_t c)
{
    return c >= 'A' && c <= 'Z' ? (uint8_t)(c - 'A' + 'a') : c;
}

static struct rf_slice lowered(struct rf_slice text, uint8_t *buf, size_t cap)
{
    struct rf_rd rd = rf_rd_of(rf_slice_part(text, 0, cap));
    struct rf_wr wr = rf_wr_of(buf, cap);
    struct rf_slice out = {0};
    uint8_t c = 0;
    while (rf_rd_u8(&rd, &c))
        rf_wr_u8(&wr, lower(c));
    return rf_wr_done(&wr, &out) == RF_OK ? out : (struct rf_slice){0};
}

static bool is_word(struct rf_slice word)
{
    struct rf_rd rd = rf_rd_of(word);
    uint8_t c = 0;
    while (rf_rd_u8(&rd, &c))
        if (c <= ' ' || c > '~' || c == '"' || c == '\\' || c == '/')
            return false;
    return word.len > 0;
}

/* ".bin1.sgn" of the 894x and 6945, and all that ends as images do. */
static bool is_image(struct rf_slice lower_word)
{
    for (size_t i = 0; i < sizeof image_suffixes / sizeof *image_suffixes; i++)
        if (rf_slice_ends_with(lower_word, image_suffixes[i]))
            return true;
    return rf_slice_ends_with(lower_word, ".bin") ||
           (rf_slice_ends_with(lower_word, ".sgn") &&
            rf_slice_find(lower_word, rf_slice_str(".bin")) != SIZE_MAX);
}

static struct rf_slice bare(struct rf_slice word)
{
    struct rf_slice w = word;
    if (rf_slice_starts_with(w, "(") || rf_slice_starts_with(w, "<"))
        w = rf_slice_part(w, 1, SIZE_MAX);
    while (rf_slice_ends_with(w, ")") || rf_slice_ends_with(w, ">") || rf_slice_ends_with(w, ",") ||
           rf_slice_ends_with(w, ":") || rf_slice_ends_with(w, "."))
        w = rf_slice_part(w, 0, w.len - 1);
    return w;
}

/* The first word that is the name of an image. */
static void find_file(struct rf_slice last, char *file, size_t cap)
{
    uint8_t buf[RF_SCCP_LOAD_FILE_MAX];
    struct rf_slice rest = last, word;
    file[0] = '\0';
    while (rf_next_piece(&rest, ' ', &word)) {
        word = bare(word);
        if (is_word(word) && is_image(lowered(word, buf, sizeof buf)) &&
            rf_slice_to_str(word, file, cap))
            return;
        file[0] = '\0';
    }
}

/* What stands behind "key=", up to the next blank. */
static struct rf_slice value_of(struct rf_slice text, const char *key)
{
    size_t at = rf_slice_find(text, rf_slice_str(key));
    if (at == SIZE_MAX)
        return (struct rf_slice){0};
    struct rf_slice rest = rf_slice_part(text, at + strlen(key), SIZE_MAX), word = {0};
    return rf_next_piece(&rest, ' ', &word) ? word : (struct rf_slice){0};
}

static const char *reason_of(struct rf_slice last, uint64_t number, bool has_number, bool has_file)
{
    uint8_t buf[160];
    struct rf_slice text = lowered(last, buf, sizeof buf);
    for (size_t i = 0; i < sizeof phrases / sizeof *phrases; i++)
        if (rf_slice_find(text, rf_slice_str(phrases[i].words)) != SIZE_MAX &&
            (has_file || !phrases[i].needs_file))
            return phrases[i].reason;
    for (size_t i = 0; has_number && i < sizeof numbers / sizeof *numbers; i++)
        if (numbers[i].number == number && (has_file || !numbers[i].needs_file))
            return numbers[i].reason;
    return NULL;
}

bool rf_sccp_load_alarm_parse(struct rf_slice text, struct rf_sccp_load_alarm *out)
{
    struct rf_slice rest = text, digits;
    uint64_t number = 0;
    *out = (struct rf_sccp_load_alarm){0};
    bool has_number = rf_next_piece(&rest, ':', &digits) && digits.len < text.len &&
                      rf_parse_u64(digits, 0, 99, &number);
    if (!has_number)
        rest = text;
    size_t at = rf_slice_find(rest, rf_slice_str("Last="));
    struct rf_slice last = at == SIZE_MAX ? rest : rf_slice_part(rest, at + 5, SIZE_MAX);
    find_file(last, out->file, sizeof out->file);
    struct rf_slice running = value_of(rest, "Load=");
    if (!is_word(running) || !rf_slice_to_str(running, out->running, sizeof out->running))
        out->running[0] = '\0';
    out->reason = reason_of(last, number, has_number, out->file[0] != '\0');
    return out->reason != NULL;
}
