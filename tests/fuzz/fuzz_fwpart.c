/* SPDX-License-Identifier: Apache-2.0 */
/* Both components; what decodes must encode, and decode to the same again. The input as a text and
 * as a name is written only if it reads back as that. */
#include "wire/fwpart/fwpart.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static uint8_t buf[65536], twice[65536];

static void app_again(const struct rf_fwpart_app *app)
{
    static struct rf_fwpart_app app2;
    struct rf_slice out, out2;
    if (rf_fwpart_app_encode(app, buf, sizeof buf, &out, NULL) != RF_OK)
        abort();
    if (rf_fwpart_app_decode(out, &app2, NULL) != RF_OK ||
        rf_fwpart_app_encode(&app2, twice, sizeof twice, &out2, NULL) != RF_OK ||
        !rf_slice_eq(out, out2))
        abort();
    if (rf_fwpart_app_encode(app, twice, out.len - 1, &out2, NULL) != RF_ERR_LIMIT)
        abort();
    struct rf_slice idle = rf_fwpart_app_display(app, "idle");
    if (!rf_slice_eq(idle, rf_fwpart_app_display(&app2, "idle")))
        abort();
}

static void snd_again(const struct rf_fwpart_snd *snd, struct rf_slice in)
{
    struct rf_slice out;
    if (rf_fwpart_snd_encode(snd, buf, sizeof buf, &out, NULL) == RF_OK) {
        if (!rf_slice_eq(in, out))
            abort();
        if (rf_fwpart_snd_encode(snd, twice, out.len - 1, &out, NULL) != RF_ERR_LIMIT)
            abort();
    } else if (in.len <= sizeof buf) {
        abort();
    }
    for (size_t i = 0; i < snd->sound_n; i++) {
        char name[RF_FWPART_SOUND_NAME_MAX + 1];
        const struct rf_fwpart_sound *s = &snd->sound[i];
        if (!rf_slice_to_str(s->name, name, sizeof name) ||
            rf_fwpart_snd_find(snd, s->kind, name) != s)
            abort();
    }
    if (rf_fwpart_snd_find(snd, RF_FWPART_SOUND_RING, "\x01") != NULL)
        abort();
}

static void written_as_asked(struct rf_slice text)
{
    static struct rf_fwpart_app app, app2;
    struct rf_slice out;
    app = (struct rf_fwpart_app){.version = text, .hardware = rf_slice_str("h"), .display_n = 1};
    app.display[0] = (struct rf_fwpart_display){.name = text, .text = text};
    if (rf_fwpart_app_encode(&app, buf, sizeof buf, &out, NULL) == RF_OK &&
        (rf_fwpart_app_decode(out, &app2, NULL) != RF_OK || !rf_slice_eq(app2.version, text) ||
         app2.display_n != 1 || !rf_slice_eq(app2.display[0].name, text)))
        abort();
    struct rf_fwpart_snd snd = {.sound_n = 1}, snd2;
    snd.sound[0] = (struct rf_fwpart_sound){RF_FWPART_SOUND_RING, text, text};
    if (rf_fwpart_snd_encode(&snd, buf, sizeof buf, &out, NULL) == RF_OK &&
        (rf_fwpart_snd_decode(out, &snd2, NULL) != RF_OK || snd2.sound_n != 1 ||
         !rf_slice_eq(snd2.sound[0].samples, text)))
        abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct rf_fwpart_app app;
    struct rf_fwpart_snd snd;
    struct rf_slice in = rf_slice_of(data, size);
    struct rf_why why = {0};
    if (rf_fwpart_app_decode(in, &app, &why) == RF_OK)
        app_again(&app);
    if (rf_fwpart_snd_decode(in, &snd, &why) == RF_OK)
        snd_again(&snd, in);
    written_as_asked(in);
    return 0;
}
