/* SPDX-License-Identifier: Apache-2.0 */
#include "app/ringfence/passphrase.h"

#include "app/ringfence/cmd.h"
#include "base/random.h"
#include "base/text.h"
#include "trust/key.h"

#define LEAST 8

void passphrase_draw(char out[PASSPHRASE_DRAWN])
{
    static const char letters[] = "abcdefghijkmnpqrstuvwxyz23456789";
    size_t n = 0;
    for (int i = 0; i < PASSPHRASE_GROUPS * 5; i++) {
        if (i > 0 && i % 5 == 0)
            out[n++] = '-';
        out[n++] = letters[rf_random_below(sizeof letters - 1)];
    }
    out[n] = '\0';
}

enum rf_err passphrase_read(const char *path, struct rf_secret *out, struct rf_why *why)
{
    struct rf_buf file = {0};
    enum rf_err err = cmd_read(path, RF_SECRET_MAX, &file, why);
    if (err == RF_OK) {
        struct rf_slice text = rf_trim(rf_buf_slice(&file));
        err = text.len < LEAST
                  ? rf_why_set(why, RF_ERR_BAD, "passphrase-short",
                               "%s: a passphrase has at least %d characters", path, LEAST)
                  : rf_secret_set(out, text);
    }
    rf_buf_wipe(&file);
    return err;
}
