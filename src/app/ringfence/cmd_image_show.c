/* SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>

#include "app/ringfence/commands.h"
#include "app/ringfence/container.h"
#include "base/text.h"
#include "wire/fwpart/fwpart.h"

static void add_components(struct rf_json *j, struct rf_slice body)
{
    struct rf_loads loads;
    struct rf_why why = {0};
    if (rf_loads_decode(body, &loads, &why) != RF_OK) {
        rf_json_set_str(j, "components", rf_why_text(&why));
        return;
    }
    struct rf_json *arr = rf_json_arr();
    for (size_t i = 0; i < loads.entry_n; i++) {
        struct rf_json *one = rf_json_obj();
        rf_json_set_slice(one, "name", loads.entry[i].name);
        rf_json_set_bool(one, "optional", loads.entry[i].is_optional);
        if (loads.entry[i].has_digest) {
            rf_json_set_int(one, "size", loads.entry[i].size_bytes);
            rf_json_set_slice(one, "md5", loads.entry[i].md5);
        }
        rf_json_arr_add_take(arr, one);
    }
    rf_json_set_take(j, "components", arr);
}

/* ringphone's own component says which firmware it is. */
static void add_app(struct rf_json *j, struct rf_slice body)
{
    struct rf_fwpart_app app;
    if (rf_fwpart_app_decode(body, &app, NULL) != RF_OK)
        return;
    rf_json_set_slice(j, "version", app.version);
    rf_json_set_slice(j, "hardware", app.hardware);
    for (size_t i = 0; i < app.display_n; i++) {
        char key[RF_FWPART_KEY_MAX + 16];
        char name[RF_FWPART_KEY_MAX + 1];
        (void)rf_slice_to_str(app.display[i].name, name, sizeof name);
        snprintf(key, sizeof key, "display_%s", name);
        rf_json_set_slice(j, key, app.display[i].text);
    }
}

static int run(struct cmd_ctx *ctx)
{
    RF_AUTO(rf_buf_fini) struct rf_buf file = {0};
    struct rf_signedfile sf;
    struct rf_why why = {0};
    if (container_open(ctx->args[0], &file, &sf, &why) != RF_OK)
        return cmd_refuse(ctx, ctx->args[0], &why);
    if (rf_signedfile_kind_of(&sf) != RF_SIGNEDFILE_KIND_IMAGE) {
        rf_why_set(&why, RF_ERR_DENIED, "file-kind",
                   "header version %u.%u is that of %s, not of "
                   "an image: `ringfence file show` reads it",
                   sf.major, sf.minor, rf_signedfile_kind_name(rf_signedfile_kind_of(&sf)));
        return cmd_refuse(ctx, ctx->args[0], &why);
    }
    struct rf_signedfile_ranges r = rf_signedfile_ranges_of(&sf, file.len);
    struct rf_slice body = rf_slice_part(rf_buf_slice(&file), r.body_off, r.body_len);
    struct rf_json *j = rf_json_obj();
    container_header(j, &sf, rf_buf_slice(&file));
    if (rf_slice_ends_with(sf.file_name, ".loads") || rf_slice_ends_with(sf.file_name, ".LOADS"))
        add_components(j, body);
    else
        add_app(j, body);
    rf_json_set_str(j, "verified", "no: `ringfence image verify --cert PEM` does that");
    return cmd_show(ctx, j);
}

const struct cmd cmd_image_show = {
    .name = "image show",
    .args = "FILE",
    .args_min = 1,
    .args_max = 1,
    .summary = "Show a firmware image or load list; nothing is verified",
    .has_json = true,
    .run = run,
};
