/* SPDX-License-Identifier: Apache-2.0 */
#include "service/site/families.h"

#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "base/text.h"
#include "wire/sccp/sccp_names.h"

/* doc: docs/firmware.md, "Families": names as real files have them. The 79x1, 79x2 and 79x5 share
 * a scheme: the number stands in the load's name and in each image's. */
#define TNP(nn) "jar" nn "* cnu" nn "* apps" nn "* dsp" nn "* cvm" nn "*"

static const struct rf_family families[] = {
    {"7941/61", "SCCP41.* SIP41.* term41.* term61.*", TNP("41"), "7941 7941GE 7961 7961GE",
     RF_FAMILY_TEXT},
    {"7942/62", "SCCP42.* SIP42.* term42.* term62.*", TNP("42"), "7942 7962", RF_FAMILY_TEXT},
    {"7945/65", "SCCP45.* SIP45.* term45.* term65.*", TNP("45"), "7945 7965", RF_FAMILY_TEXT},
    {"7970/71", "SCCP70.* SIP70.* term70.* term71.*", TNP("70"), "7970 7971 7971GE",
     RF_FAMILY_TEXT},
    {"7975", "SCCP75.* SIP75.* term75.*", TNP("75"), "7975", RF_FAMILY_TEXT},
    {"7906/11", "SCCP11.* SIP11.* term06.* term11.*", TNP("11"), "7906 7911", RF_FAMILY_TEXT},
    {"7931", "SCCP31.* SIP31.* term31.*", TNP("31"), "7931", RF_FAMILY_TEXT},
    {"7940/60", "P003* P0S3*", "P003* P0S3*", "7940 7960", RF_FAMILY_TEXT},
    {"6901", "SCCP6901.*", "APP6901* KNL6901*", "6901", RF_FAMILY_TEXT},
    {"6911", "SCCP6911.*", "APP6911* BFS6911* KNL6911*", "6911", RF_FAMILY_TEXT},
    {"6921/41/61", "SCCP69xx.*", "BOOT69xx* DSP69xx* SCCP69xx*", "6921 6941 6961", RF_FAMILY_TEXT},
    {"6945", "SCCP6945.*", "SCCP6945* BOOT6945*", "6945", RF_FAMILY_TEXT},
    {"8941/45", "SCCP894x.*", "SCCP894x* BOOT894x*", "8941 8945", RF_FAMILY_TEXT},
    {"7921", "CP7921G-*", "TNUX-* TNUXR-* SYS-* WLAN-* APPS-* GUI-* JSYS-* JUI-*", "7921",
     RF_FAMILY_TEXT},
    {"7925", "CP7925G-*", "TNUXH-* TNUXRH-* SYSH-* WLANH-* APPSH-* GUIH-* JSYSH-* JUIH-*", "7925",
     RF_FAMILY_TEXT},
    {"7926", "CP7926G-*", "TNUXS-* TNUXRS-* SYSS-* WLANS-* APPSS-* GUIS-* JSYSS-* JUIS-* EA15FW-*",
     "7926", RF_FAMILY_TEXT},
    {"78xx", "sip78xx.*",
     "sboot78xx* kern78xx* rootfs78xx* sboot2.78xx* kern2.78xx* rootfs2.78xx* sboot278xx* "
     "kern278xx* rootfs278xx*",
     "7811 7821 7841 7861", RF_FAMILY_BINARY},
    {"7832", "sip7832.*", "*7832.*", "7832", RF_FAMILY_BINARY},
    {"8845/65", "sip8845_65.*", "*8845_65.*", "8845 8865", RF_FAMILY_BINARY},
    {"8832", "sip8832.*", "*8832.*", "8832", RF_FAMILY_BINARY},
    {"8821", "sip8821.*", "*8821.*", "8821", RF_FAMILY_BINARY},
    {"88xx", "sip88xx.*", "*88xx.*", "8811 8841 8851 8861", RF_FAMILY_BINARY},
    {"8961", "sip8961.*", "*8961.*", "8961", RF_FAMILY_BINARY},
    {"9951", "sip9951.*", "*9951.*", "9951", RF_FAMILY_BINARY},
    {"9971", "sip9971.*", "*9971.*", "9971", RF_FAMILY_BINARY},
    {"7902", "CP7902*", "CP7902*", "7902", RF_FAMILY_NONE},
    {"7905", "CP7905*", "CP7905*", "7905", RF_FAMILY_NONE},
    {"7912", "CP7912*", "CP7912*", "7912", RF_FAMILY_NONE},
    {"7910", "P004*", "P004*", "7910", RF_FAMILY_NONE},
    {"7914", "S00105*", "S00105*", "7914", RF_FAMILY_NONE},
    {"7915", "B015-*", "B015-*", "7915", RF_FAMILY_NONE},
    {"7916", "B016-*", "B016-*", "7916", RF_FAMILY_NONE},
    {"7920", "cmterm_7920.*", "cmterm_7920.*", "7920", RF_FAMILY_NONE},
    {"7935", "P00503*", "P00503*", "7935", RF_FAMILY_NONE},
    {"7936", "cmterm_7936.*", "cmterm_7936.*", "7936", RF_FAMILY_NONE},
    {"7937", "apps37sccp.*", "apps37sccp.*", "7937", RF_FAMILY_NONE},
    {"7985", "cmterm_7985.*", "cmterm_7985.*", "7985", RF_FAMILY_NONE},
    {"ATA 186/188", "ATA03*", "ATA03*", "ATA186 ATA188", RF_FAMILY_NONE},
    {"ringphone", "ringphone-*", "rfapp.* rfsnd.*", "*", RF_FAMILY_TEXT},
};
#define FAMILIES (sizeof families / sizeof *families)

/* Of a bare image; a .sbn of them is a signed container as all others are. */
static const char *const bare_suffixes[] = {".bin", ".sbin", ".zup"};

static char lower(char c)
{
    return c >= 'A' && c <= 'Z' ? (char)(c - 'A' + 'a') : c;
}

/* One pattern, whatever the case of letters; '*' is any text. The last star is gone back to. */
static bool fits_one(struct rf_slice pattern, const char *name)
{
    char p[40];
    size_t i = 0, k = 0, star = SIZE_MAX, mark = 0;
    if (!rf_slice_to_str(pattern, p, sizeof p))
        return false;
    while (name[k] != '\0') {
        if (p[i] == '*') {
            star = i++;
            mark = k;
        } else if (p[i] != '\0' && lower(p[i]) == lower(name[k])) {
            i++;
            k++;
        } else if (star != SIZE_MAX) {
            i = star + 1;
            k = ++mark;
        } else {
            return false;
        }
    }
    while (p[i] == '*')
        i++;
    return p[i] == '\0';
}

static bool fits(const char *patterns, const char *name)
{
    struct rf_slice rest = rf_slice_str(patterns), pattern;
    while (rf_next_piece(&rest, ' ', &pattern))
        if (fits_one(pattern, name))
            return true;
    return false;
}

const struct rf_family *rf_family_of_load(const char *load)
{
    for (size_t i = 0; i < FAMILIES; i++)
        if (fits(families[i].loads, load))
            return &families[i];
    return NULL;
}

const struct rf_family *rf_family_of_image(const char *file)
{
    for (size_t i = 0; i < FAMILIES; i++)
        if (fits(families[i].images, file))
            return &families[i];
    return NULL;
}

/* Without the make in front and the G for global behind. */
static void bare_model(const char *model, char out[16])
{
    const char *from = strncasecmp(model, "CP-", 3) == 0 ? model + 3 : model;
    snprintf(out, 16, "%.15s", from);
    size_t n = strlen(out);
    if (n > 1 && lower(out[n - 1]) == 'g')
        out[n - 1] = '\0';
}

static bool is_like(struct rf_slice pattern, struct rf_slice model)
{
    struct rf_rd p = rf_rd_of(pattern), m = rf_rd_of(model);
    uint8_t want = 0, is = 0;
    while (rf_rd_u8(&p, &want))
        if (!rf_rd_u8(&m, &is) || (want == 'x' ? is < '0' || is > '9' : is != want))
            return false;
    return rf_rd_done(&m);
}

bool rf_family_model_listed(const char *patterns, const char *model)
{
    char bare[16];
    struct rf_slice rest = rf_slice_str(patterns), pattern;
    bare_model(model, bare);
    while (rf_next_piece(&rest, ' ', &pattern))
        if (pattern.len > 0 && is_like(pattern, rf_slice_str(bare)))
            return true;
    return false;
}

/* ---- what models can ---- */

/* The first row that the model begins with counts. doc: docs/phones.md, "What is refused" */
static const struct {
    const char *heads; /* blanks part them */
    enum rf_model_can can;
} abilities[] = {
    {"7902 7905 7912 7920", RF_MODEL_CAN_NOTHING},
    {"7940 7960", RF_MODEL_CAN_LISTS},
};

static const struct {
    const char *heads;
    enum rf_model_digests digests;
} digests[] = {
    {"ringphone 78 88", RF_MODEL_BOTH},
    {"8961 99", RF_MODEL_SHA1_RATHER},
    {"894 69 79", RF_MODEL_SHA1},
};

static bool begins_with(const char *model, const char *heads)
{
    char bare[16];
    struct rf_slice rest = rf_slice_str(heads), head;
    bare_model(model, bare);
    while (rf_next_piece(&rest, ' ', &head))
        if (strncasecmp(bare, (const char *)head.p, head.len) == 0)
            return true;
    return false;
}

enum rf_model_can rf_family_model_can(const char *model)
{
    for (size_t i = 0; i < sizeof abilities / sizeof *abilities; i++)
        if (begins_with(model, abilities[i].heads))
            return abilities[i].can;
    return RF_MODEL_CAN_ALL;
}

enum rf_model_digests rf_family_model_digests(const char *model)
{
    for (size_t i = 0; i < sizeof digests / sizeof *digests; i++)
        if (begins_with(model, digests[i].heads))
            return digests[i].digests;
    return RF_MODEL_DIGESTS_UNKNOWN;
}

/* ---- names and numbers ---- */

void rf_family_model_name(const char *model, char name[32])
{
    char bare[16];
    bare_model(model, bare);
    snprintf(name, 32, "Cisco %s", bare);
}

/* Models that only speak SIP where they are real (a software phone may have their hardware), and
 * those that the phone protocol has under a longer name. doc: docs/wire/sccp.md, "Numbers" */
static const struct {
    const char *model;
    uint32_t number;
} numbers[] = {
    {"7811", 36213}, {"7821", 621},   {"7832", 36247}, {"7841", 622},  {"7861", 623},
    {"8811", 36217}, {"8831", 659},   {"8832", 36258}, {"8841", 683},  {"8845", 36224},
    {"8851", 684},   {"8861", 685},   {"8865", 36225}, {"8961", 540},  {"9951", 537},
    {"9971", 493},   {"7971", 119},   {"7921", 365},   {"7925", 484},  {"7926", 577},
    {"7920", 30002}, {"7935", 9},     {"7936", 30019}, {"7937", 431},  {"7985", 302},
    {"7941GE", 309}, {"7961GE", 308}, {"7971GE", 119}, {"ATA186", 12}, {"ATA188", 13},
};

uint32_t rf_family_model_number(const char *model)
{
    char bare[16], with_g[18];
    uint32_t number = 0;
    bare_model(model, bare);
    for (size_t i = 0; i < sizeof numbers / sizeof *numbers; i++)
        if (strcasecmp(bare, numbers[i].model) == 0)
            return numbers[i].number;
    if (rf_sccp_number(RF_SCCP_NAMES_DEVICE_TYPE, rf_slice_str(bare), &number))
        return number;
    snprintf(with_g, sizeof with_g, "%sG", bare);
    return rf_sccp_number(RF_SCCP_NAMES_DEVICE_TYPE, rf_slice_str(with_g), &number) ? number : 0;
}

bool rf_family_next_model(const struct rf_family *family, size_t *at, char model[16])
{
    struct rf_slice rest = rf_slice_str(family->models), piece;
    for (size_t i = 0; rf_next_piece(&rest, ' ', &piece); i++)
        if (i == *at && !rf_slice_eq_str(piece, "*")) {
            ++*at;
            return rf_slice_to_str(piece, model, 16);
        }
    return false;
}

bool rf_family_serves(const struct rf_family *family, const char *model)
{
    char wanted[16], one[16];
    if (strcmp(family->models, "*") == 0)
        return true;
    bare_model(model, wanted);
    for (size_t at = 0; rf_family_next_model(family, &at, one);)
        if (strcasecmp(one, wanted) == 0)
            return true;
    return false;
}

bool rf_family_is_bare(const char *file)
{
    const struct rf_family *family = rf_family_of_image(file);
    if (family == NULL || family->list != RF_FAMILY_NONE)
        return false;
    for (size_t i = 0; i < sizeof bare_suffixes / sizeof *bare_suffixes; i++)
        if (rf_slice_ends_with(rf_slice_str(file), bare_suffixes[i]))
            return true;
    return false;
}
