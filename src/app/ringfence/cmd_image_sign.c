/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "app/ringfence/commands.h"
#include "app/ringfence/signing.h"
#include "base/text.h"
#include "wire/loads/loads.h"

/* What ringphone would refuse is not signed: a name that no list can hold, a list that it cannot
 * read. */
static enum rf_err check(const char *name, struct rf_slice head, uint64_t body_len,
                         struct rf_why *why)
{
    struct rf_loads loads;
    if (strlen(name) > RF_LOADS_NAME_MAX || strchr(name, '/') != NULL || name[0] == '.')
        return rf_why_set(why, RF_ERR_BAD, "image-name",
                          "the name of an image is a file name of at most %d bytes without folder, "
                          "and does not begin with a dot",
                          RF_LOADS_NAME_MAX);
    if (!rf_slice_ends_with(rf_slice_str(name), ".loads") &&
        !rf_slice_ends_with(rf_slice_str(name), ".LOADS"))
        return RF_OK;
    if (body_len > RF_LOADS_BYTES_MAX)
        return rf_why_set(why, RF_ERR_LIMIT, "loads-size", "a load list of %llu bytes, at most %d",
                          (unsigned long long)body_len, RF_LOADS_BYTES_MAX);
    return rf_loads_decode(head, &loads, why);
}

static int run(struct cmd_ctx *ctx)
{
    return signing_run(ctx, &(struct signing_job){.is_image = true, .check = check});
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
    .help = "Manufacturers' phones take only what their maker signed: serve those images as they\n"
            "are. Lists (.loads) are read first and signed only when a phone can read them.",
    .has_json = true,
    .run = run,
};
