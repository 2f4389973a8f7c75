/* SPDX-License-Identifier: Apache-2.0 */
/* A firmware of ringphone: what it shows and how it sounds is in its components, so that another
 * version is visibly, and audibly, another phone. */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/file.h"
#include "base/text.h"
#include "media/g711.h"
#include "service/setup/factory.h"
#include "trust/sigfile.h"

#define RATE_HZ       8000
#define VERSION_MAX   32
#define SAMPLES_MAX   16000
#define DISPLAYS_MAX  RF_FWPART_DISPLAYS_MAX
#define SND_BYTES_MAX (8 * SAMPLES_MAX)

/* Two sines, on and off, in a loop. Precise tone plan of North America: spec: ITU-T E.180. */
static const struct sound {
    enum rf_fwpart_sound_kind kind;
    const char *name;
    unsigned hz1, hz2; /* 0: the version's own pitch */
    unsigned on_ms, off_ms;
} sounds[] = {
    {RF_FWPART_SOUND_RING, "ring", 0, 0, 600, 400},
    {RF_FWPART_SOUND_TONE, "dial", 350, 440, 1000, 0},
    {RF_FWPART_SOUND_TONE, "ringback", 440, 480, 1000, 1000},
    {RF_FWPART_SOUND_TONE, "busy", 480, 620, 500, 500},
    {RF_FWPART_SOUND_TONE, "reorder", 480, 620, 250, 250},
};
#define SOUNDS (sizeof sounds / sizeof *sounds)

static const struct {
    const char *name;
    const char *text;
} usual_displays[] = {
    {"idle", "Ready"},
    {"enrolling", "Getting a certificate"},
    {"ringing", "Incoming call"},
    {"locked", "Encrypted call"},
};

static bool is_word(const char *text)
{
    size_t n = strlen(text);
    return n > 0 && n <= VERSION_MAX && text[0] != '.' &&
           strspn(text, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789._-") == n;
}

static unsigned pitch_of(const char *version)
{
    unsigned sum = 0;
    for (const char *c = version; *c != '\0'; c++)
        sum = sum * 31 + (unsigned char)*c;
    return 500 + sum % 40 * 25;
}

static struct rf_slice synthesise(const struct sound *s, unsigned own_hz, uint8_t *out)
{
    size_t on = (size_t)s->on_ms * RATE_HZ / 1000, n = on + (size_t)s->off_ms * RATE_HZ / 1000;
    double hz1 = s->hz1 != 0 ? s->hz1 : own_hz, hz2 = s->hz2 != 0 ? s->hz2 : own_hz * 1.25;
    for (size_t i = 0; i < n; i++) {
        double t = 2 * M_PI * (double)i / RATE_HZ;
        double level = i < on ? 6000 * (sin(hz1 * t) + sin(hz2 * t)) : 0;
        out[i] = rf_ulaw_encode((int16_t)level);
    }
    return rf_slice_of(out, n);
}

static void set_display(struct rf_fwpart_app *app, struct rf_slice name, struct rf_slice text)
{
    size_t i = 0;
    while (i < app->display_n && !rf_slice_eq(app->display[i].name, name))
        i++;
    if (i == DISPLAYS_MAX)
        return;
    app->display[i] = (struct rf_fwpart_display){name, text};
    if (i == app->display_n)
        app->display_n++;
}

/* Sign a body and write it under its name. */
static enum rf_err put(const struct rf_factory *f, const char *dir, const char *name,
                       struct rf_slice body, struct rf_why *why)
{
    RF_AUTO(rf_vault_freep) struct rf_vault_key *key = rf_vault_key_from_key(f->image_key);
    RF_AUTO(rf_buf_fini) struct rf_buf out = RF_BUF(body.len + RF_SIGFILE_OVERHEAD_MAX);
    RF_AUTO(rf_freep) char *path = rf_path_join(dir, name);
    struct rf_sigfile_spec spec = {.name = name, .digest = RF_DIGEST_SHA512, .body = body};
    enum rf_err err = rf_image_sign(key, f->image_cert, &spec, &out, why);
    return err != RF_OK ? err : rf_file_replace(path, rf_buf_slice(&out), RF_FILE_PUBLIC, why);
}

static enum rf_err put_app(const struct rf_factory *f, const struct rf_factory_firmware *make,
                           const char *name, struct rf_why *why)
{
    uint8_t body[RF_FWPART_APP_BYTES_MAX];
    struct rf_slice out;
    struct rf_fwpart_app app = {
        .version = rf_slice_str(make->version),
        .hardware = rf_slice_str(make->hardware),
    };
    for (size_t i = 0; i < sizeof usual_displays / sizeof *usual_displays; i++)
        set_display(&app, rf_slice_str(usual_displays[i].name),
                    rf_slice_str(usual_displays[i].text));
    for (size_t i = 0; i < make->display_n; i++)
        set_display(&app, make->display[i].name, make->display[i].text);
    enum rf_err err = rf_fwpart_app_encode(&app, body, sizeof body, &out, why);
    return err != RF_OK ? err : put(f, make->out_dir, name, out, why);
}

static enum rf_err put_snd(const struct rf_factory *f, const struct rf_factory_firmware *make,
                           const char *name, struct rf_why *why)
{
    RF_AUTO(rf_freep) uint8_t *samples = rf_new_n(uint8_t, SOUNDS * SAMPLES_MAX);
    RF_AUTO(rf_freep) uint8_t *body = rf_new_n(uint8_t, SND_BYTES_MAX);
    struct rf_fwpart_snd snd = {.sound_n = SOUNDS};
    struct rf_slice out;
    for (size_t i = 0; i < SOUNDS; i++)
        snd.sound[i] = (struct rf_fwpart_sound){
            .kind = sounds[i].kind,
            .name = rf_slice_str(sounds[i].name),
            .samples = synthesise(&sounds[i], pitch_of(make->version), &samples[i * SAMPLES_MAX]),
        };
    enum rf_err err = rf_fwpart_snd_encode(&snd, body, SND_BYTES_MAX, &out, why);
    return err != RF_OK ? err : put(f, make->out_dir, name, out, why);
}

/* The keys for the firmware after this one, once there is another than the first. */
static enum rf_err put_keys(const struct rf_factory *f, const struct rf_factory_firmware *make,
                            const char *name, struct rf_why *why)
{
    RF_AUTO(rf_buf_fini) struct rf_buf body = RF_BUF(RF_IMAGE_KEYS_BYTES_MAX);
    enum rf_err err = rf_image_keys_encode(&f->image_keys, &body, why);
    return err != RF_OK ? err : put(f, make->out_dir, name, rf_buf_slice(&body), why);
}

static enum rf_err put_list(const struct rf_factory *f, const char *dir, const char *loads,
                            const struct rf_loads *list, struct rf_why *why)
{
    uint8_t body[1024];
    struct rf_slice out;
    enum rf_err err = rf_loads_encode(list, body, sizeof body, &out, why);
    return err != RF_OK ? err : put(f, dir, loads, out, why);
}

enum rf_err rf_factory_firmware_make(const struct rf_factory *f,
                                     const struct rf_factory_firmware *make,
                                     char loads[RF_LOADS_NAME_MAX + 1], struct rf_why *why)
{
    char app[64], snd[64], keys[64];
    bool has_keys = f->image_keys.generation != 0;
    if (!is_word(make->version))
        return rf_why_set(why, RF_ERR_BAD, "firmware-version",
                          "a version is 1 to %d of A-Z a-z 0-9 . _ -", VERSION_MAX);
    if (!is_word(make->hardware))
        return rf_why_set(why, RF_ERR_BAD, "firmware-hardware",
                          "a hardware id is 1 to %d of A-Z a-z 0-9 . _ -", VERSION_MAX);
    if (make->display_n > DISPLAYS_MAX - sizeof usual_displays / sizeof *usual_displays)
        return rf_why_set(why, RF_ERR_LIMIT, "display-count", "too many display texts");
    snprintf(app, sizeof app, "rfapp.%s.sbn", make->version);
    snprintf(snd, sizeof snd, "rfsnd.%s.sbn", make->version);
    snprintf(keys, sizeof keys, "rfkeys.%s.sbn", make->version);
    snprintf(loads, RF_LOADS_NAME_MAX + 1, "ringphone-%s.loads", make->version);
    struct rf_loads list = {
        .entry_n = has_keys ? 3 : 2,
        .entry = {{.name = rf_slice_str(app)},
                  {.name = rf_slice_str(snd)},
                  {.name = rf_slice_str(keys)}},
    };
    enum rf_err err = rf_dir_make(make->out_dir, 0755, why);
    if (err == RF_OK)
        err = put_app(f, make, app, why);
    if (err == RF_OK)
        err = put_snd(f, make, snd, why);
    if (err == RF_OK && has_keys)
        err = put_keys(f, make, keys, why);
    return err != RF_OK ? err : put_list(f, make->out_dir, loads, &list, why);
}
