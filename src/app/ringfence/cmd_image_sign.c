/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "app/ringfence/commands.h"
#include "app/ringfence/signing.h"
#include "base/text.h"
#include "trust/image.h"
#include "wire/fwpart/fwpart.h"
#include "wire/loads/loads.h"

static enum rf_err check_list(struct rf_slice head, uint64_t body_len, struct rf_why *why)
{
    struct rf_loads loads;
    if (body_len > RF_LOADS_BYTES_MAX)
        return rf_why_set(why, RF_ERR_LIMIT, "loads-size", "a load list of %llu bytes, at most %d",
                          (unsigned long long)body_len, RF_LOADS_BYTES_MAX);
    enum rf_err err = rf_loads_decode(head, &loads, why);
    if (err == RF_OK && loads.entry_n == 0)
        return rf_why_set(why, RF_ERR_BAD, "loads-empty", "the list names no image");
    return err;
}

static enum rf_err check_app(struct rf_slice head, uint64_t body_len, struct rf_why *why)
{
    struct rf_fwpart_app app;
    struct rf_why inner = {0};
    if (body_len > RF_FWPART_APP_BYTES_MAX)
        return rf_why_set(why, RF_ERR_LIMIT, "image-app",
                          "a component " RF_IMAGE_APP_PREFIX "* of %llu bytes, at most %d",
                          (unsigned long long)body_len, RF_FWPART_APP_BYTES_MAX);
    enum rf_err err = rf_fwpart_app_decode(head, &app, &inner);
    return err == RF_OK ? RF_OK
                        : rf_why_set(why, err, "image-app", "the application cannot be read: %s",
                                     inner.text);
}

/* What ringphone would refuse is not signed: a name that no list can hold, a list or an application
 * that it cannot read. Whether the whole is too long is known when its header is. */
static enum rf_err check(const char *name, struct rf_slice head, uint64_t body_len,
                         struct rf_why *why)
{
    if (strlen(name) > RF_LOADS_NAME_MAX || strchr(name, '/') != NULL || name[0] == '.')
        return rf_why_set(why, RF_ERR_BAD, "image-name",
                          "the name of an image is a file name of at most %d bytes without folder, "
                          "and does not begin with a dot",
                          RF_LOADS_NAME_MAX);
    if (rf_slice_starts_with(rf_slice_str(name), RF_IMAGE_APP_PREFIX))
        return check_app(head, body_len, why);
    if (rf_slice_ends_with(rf_slice_str(name), ".loads") ||
        rf_slice_ends_with(rf_slice_str(name), ".LOADS"))
        return check_list(head, body_len, why);
    return RF_OK;
}

static int run(struct cmd_ctx *ctx)
{
    return signing_run(ctx, &(struct signing_job){
                                .is_image = true, .bytes_max = RF_IMAGE_BYTES_MAX, .check = check});
}

static const struct cmd_option options[] = {
    SIGNING_OPTIONS,
    {.name = "out", .arg = "FILE", .help = "where to write it", .is_required = true},
    {.name = "name", .arg = "NAME", .help = "the signed name; default: that of --out"},
};

const struct cmd cmd_image_sign = {
    .name = "image sign",
    .args = "FILE",
    .args_min = 1,
    .args_max = 1,
    .options = options,
    .n_options = sizeof options / sizeof *options,
    .summary = "Sign a firmware image or load list, for ringphone",
    .help =
        "Manufacturers' phones take only what their maker signed: serve those images as they\n"
        "are. Lists (.loads) and the application (rfapp.*) are read first and signed only when\n"
        "ringphone can read them; nothing is longer than 64 MiB.",
    .has_json = true,
    .run = run,
};
