/* SPDX-License-Identifier: Apache-2.0 */
/* Which files a model asks for beside its configuration. */
#include "service/phone/phone_int.h"

#include "base/text.h"

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
