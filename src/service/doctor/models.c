/* SPDX-License-Identifier: Apache-2.0 */
/* What is known of real phones, by the beginning of the model's number. A row that is not here says
 * nothing: nothing is found then. doc: docs/doctor.md, "Models" */
#include "service/doctor/doctor_int.h"

#include "base/text.h"

static char lower(uint8_t c)
{
    return (char)(c >= 'A' && c <= 'Z' ? c - 'A' + 'a' : c);
}

/* `head` is in lower case. */
static bool starts(struct rf_slice text, const char *head)
{
    struct rf_rd rd = rf_rd_of(text);
    for (uint8_t c = 0; *head != '\0'; head++)
        if (!rf_rd_u8(&rd, &c) || lower(c) != *head)
            return false;
    return true;
}

/* Is the model one of these, given by their beginnings? */
static bool is_of(const char *model, const char *beginnings)
{
    struct rf_slice rest = rf_slice_str(beginnings), piece;
    while (rf_next_piece(&rest, ' ', &piece))
        if (rf_slice_eq(piece, rf_slice_part(rf_slice_str(model), 0, piece.len)))
            return true;
    return false;
}

bool doctor_model_is_old(const char *model)
{
    return is_of(model, "79 69 894");
}

/* The first row that fits counts. */
static const struct {
    const char *load; /* how its name begins, in lower case */
    const char *models;
} families[] = {
    {"sccp41", "7941 7961"},
    {"sip41", "7941 7961"},
    {"sccp42", "7942 7962"},
    {"sip42", "7942 7962"},
    {"sccp45", "7945 7965"},
    {"sip45", "7945 7965"},
    {"sccp70", "7970 7971"},
    {"sip70", "7970 7971"},
    {"sccp75", "7975"},
    {"sip75", "7975"},
    {"sccp11", "7906 7911"},
    {"sip11", "7906 7911"},
    {"sccp31", "7931"},
    {"p003", "7940 7960"},
    {"p0s3", "7940 7960"},
    {"cp7921", "7921"},
    {"cp7925", "7925"},
    {"cp7926", "7926"},
    {"sccp6901", "6901"},
    {"sccp6911", "6911"},
    {"sccp6945", "6945"},
    {"sip6945", "6945"},
    {"sccp69xx", "6921 6941 6961"},
    {"sip69xx", "6921 6941 6961"},
    {"sccp894x", "8941 8945"},
    {"sip894x", "8941 8945"},
    {"sip78xx", "7811 7821 7841 7861"},
    {"sip7832", "7832"},
    {"sip8845_65", "8845 8865"},
    {"sip88xx", "8811 8841 8851 8861"},
    {"sip8821", "8821"},
    {"sip8831", "8831"},
    {"sip8832", "8832"},
    {"sip8961", "8961"},
    {"sip9951", "9951"},
    {"sip9971", "9971"},
};

bool doctor_load_fits(const char *load, const char *model)
{
    for (size_t i = 0; model[0] != '\0' && i < sizeof families / sizeof *families; i++)
        if (starts(rf_slice_str(load), families[i].load))
            return is_of(model, families[i].models);
    return true;
}

/* The two digits behind a word, or the empty slice. */
static struct rf_slice digits_after(struct rf_slice name, const char *const *words)
{
    uint64_t n;
    for (; *words != NULL; words++) {
        struct rf_slice word = rf_slice_str(*words);
        struct rf_slice two = rf_slice_part(name, word.len, 2);
        if (starts(name, *words) && two.len == 2 && rf_parse_u64(two, 0, 99, &n))
            return two;
    }
    return (struct rf_slice){0};
}

bool doctor_part_fits(const char *load, struct rf_slice part)
{
    static const char *const loads[] = {"sccp", "sip", NULL};
    static const char *const parts[] = {"jar", "cnu", "apps", "dsp", "cvm", NULL};
    struct rf_slice want = digits_after(rf_slice_str(load), loads);
    struct rf_slice got = digits_after(part, parts);
    return want.len == 0 || got.len == 0 || rf_slice_eq(want, got);
}

const char *doctor_load_suffix(const char *load)
{
    return starts(rf_slice_str(load), "cp79") ? ".LOADS" : ".loads";
}

static const struct {
    const char *models;
    const char *sccp, *sip;
} jars[] = {
    {"6901 6911 692 694 696", "rtl-sccp.jar", "rtl-sip.jar"},
    {"7906 7911", "tc-sccp.jar", "tc-sip.jar"},
    {"7941 7942 7961 7962", "mk-sccp.jar", "mk-sip.jar"},
    {"7945 7965", "be-sccp.jar", "be-sip.jar"},
    {"7970 7971 7975", "td-sccp.jar", "td-sip.jar"},
    {"7811 7821 7841 7861", "", "sp-sip.jar"},
    {"8841 8851", "", "sl-be-sip.jar"},
    {"8845 8865", "", "sl-bev-sip.jar"},
    {"8941 8945", "gb-sccp-sip.jar", "gb-sccp-sip.jar"},
    {"8961", "", "gh-sip.jar"},
    {"9951", "", "lk-sip.jar"},
    {"9971", "", "gd-sip.jar"},
};

const char *doctor_locale_jar(const char *model, bool is_sip)
{
    for (size_t i = 0; i < sizeof jars / sizeof *jars; i++)
        if (is_of(model, jars[i].models))
            return is_sip ? jars[i].sip : jars[i].sccp;
    return "";
}

const char *doctor_tones_file(const char *model)
{
    if (is_of(model, "7940 7960"))
        return "7960-tones.xml";
    if (is_of(model, "99"))
        return "g4-tones.xml";
    return is_of(model, "69 78 79 88 89") ? "g3-tones.xml" : "";
}
