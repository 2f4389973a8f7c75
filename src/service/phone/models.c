/* SPDX-License-Identifier: Apache-2.0 */
/* Model numbers, as the phone protocol (device type) and loadInformation<N> use them.
 * doc: docs/wire/sccp.md, "Numbers" */
#include "service/phone/phone_int.h"

#include "base/text.h"
#include "wire/sccp/sccp_names.h"

#include <stdio.h>

/* Models that only speak SIP where they are real; a software phone may have their hardware. */
static const struct {
    const char *model;
    uint32_t number;
} others[] = {
    {"7811", 36213}, {"7821", 621}, {"7832", 36247}, {"7841", 622}, {"7861", 623},
    {"8811", 36217}, {"8831", 659}, {"8832", 36258}, {"8841", 683}, {"8845", 36224},
    {"8851", 684},   {"8861", 685}, {"8865", 36225}, {"8961", 540}, {"9951", 537},
    {"9971", 493},   {"7971", 119}, {"7921", 365},   {"7925", 484}, {"7926", 577},
    {"7920", 30002}, {"7935", 9},   {"7936", 30019}, {"7937", 431}, {"7985", 302},
};

uint32_t rf_phone_model_number(const char *model)
{
    struct rf_slice name = rf_slice_str(model);
    uint32_t number = 0;
    for (size_t i = 0; i < sizeof others / sizeof *others; i++)
        if (rf_slice_eq_str(name, others[i].model))
            return others[i].number;
    if (rf_sccp_number(RF_SCCP_NAMES_DEVICE_TYPE, name, &number))
        return number;
    /* "7962G" and "7941" are written as often as "7962" and "7941G". */
    char other[32];
    bool has_g = rf_slice_ends_with(name, "G");
    struct rf_slice bare = rf_slice_part(name, 0, has_g ? name.len - 1 : name.len);
    snprintf(other, sizeof other, "%.*s%s", (int)bare.len, (const char *)bare.p, has_g ? "" : "G");
    return rf_sccp_number(RF_SCCP_NAMES_DEVICE_TYPE, rf_slice_str(other), &number) ? number : 0;
}

/* doc: docs/wire/phone-configuration.md, "The files beside it" */
static const struct {
    const char *model; /* or how it begins */
    struct phone_model_files files;
} model_files[] = {
    {"7906", {"tc-sccp.jar", "g3-tones.xml", NULL}},
    {"7911", {"tc-sccp.jar", "g3-tones.xml", NULL}},
    {"7940", {"SCCP-dictionary.xml", "7960-tones.xml", NULL}},
    {"7960", {"SCCP-dictionary.xml", "7960-tones.xml", NULL}},
    {"7941", {"mk-sccp.jar", "g3-tones.xml", "320x196x4"}},
    {"7942", {"mk-sccp.jar", "g3-tones.xml", "320x196x4"}},
    {"7961", {"mk-sccp.jar", "g3-tones.xml", "320x196x4"}},
    {"7962", {"mk-sccp.jar", "g3-tones.xml", "320x196x4"}},
    {"7945", {"be-sccp.jar", "g3-tones.xml", "320x212x16"}},
    {"7965", {"be-sccp.jar", "g3-tones.xml", "320x212x16"}},
    {"7970", {"td-sccp.jar", "g3-tones.xml", "320x212x12"}},
    {"7971", {"td-sccp.jar", "g3-tones.xml", "320x212x12"}},
    {"7975", {"td-sccp.jar", "g3-tones.xml", "320x216x16"}},
    {"792", {"7921-dictionary.xml", "g3-tones.xml", NULL}},
    {"69", {"rtl-sccp.jar", "g3-tones.xml", NULL}},
    {"78", {"sp-sip.jar", "g3-tones.xml", NULL}},
    {"8845", {"sl-bev-sip.jar", "g3-tones.xml", "800x480x24"}},
    {"8865", {"sl-bev-sip.jar", "g3-tones.xml", "800x480x24"}},
    {"8941", {"gb-sccp-sip.jar", "g3-tones.xml", "640x480x24"}},
    {"8945", {"gb-sccp-sip.jar", "g3-tones.xml", "640x480x24"}},
    {"8961", {"gh-sip.jar", "g3-tones.xml", "640x480x24"}},
    {"88", {"sl-be-sip.jar", "g3-tones.xml", "800x480x24"}},
    {"9951", {"lk-sip.jar", "g4-tones.xml", "640x480x24"}},
    {"9971", {"gd-sip.jar", "g4-tones.xml", "640x480x24"}},
    {"", {NULL, "g3-tones.xml", NULL}},
};

const struct phone_model_files *phone_model_files(const char *model)
{
    size_t i = 0;
    while (!rf_slice_starts_with(rf_slice_str(model), model_files[i].model))
        i++;
    return &model_files[i].files;
}
