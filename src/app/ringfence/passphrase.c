/* SPDX-License-Identifier: Apache-2.0 */
#include "app/ringfence/passphrase.h"

#include "app/ringfence/cmd.h"
#include "base/random.h"
#include "base/text.h"

#include <stdio.h>
#include <termios.h>
#include <unistd.h>

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

static enum rf_err take(struct rf_slice text, const char *from, struct rf_secret *out,
                        struct rf_why *why)
{
    text = rf_trim(text);
    if (text.len < LEAST)
        return rf_why_set(why, RF_ERR_BAD, "passphrase-short",
                          "%s: a passphrase has at least %d characters", from, LEAST);
    return rf_secret_set(out, text);
}

enum rf_err passphrase_read(const char *path, struct rf_secret *out, struct rf_why *why)
{
    struct rf_buf file = {0};
    enum rf_err err = cmd_read(path, RF_SECRET_MAX, &file, why);
    if (err == RF_OK)
        err = take(rf_buf_slice(&file), path, out, why);
    rf_buf_wipe(&file);
    return err;
}

static enum rf_err try_key(const char *pem, struct rf_slice text, struct rf_key **out,
                           struct rf_why *why)
{
    RF_AUTO(rf_secret_fini) struct rf_secret passphrase = {.len = 0};
    enum rf_err err = rf_secret_set(&passphrase, text);
    return err == RF_OK ? rf_key_load(pem, &passphrase, out, why) : err;
}

static struct rf_slice without_line_end(struct rf_slice text)
{
    size_t n = text.len;
    n -= rf_slice_ends_with(rf_slice_part(text, 0, n), "\n");
    n -= n < text.len && rf_slice_ends_with(rf_slice_part(text, 0, n), "\r");
    return rf_slice_part(text, 0, n);
}

enum rf_err passphrase_key_load(const char *pem, const char *file_or_null, struct rf_key **out,
                                struct rf_why *why)
{
    struct rf_buf file = {0};
    struct rf_why exact_why = {0};
    if (file_or_null == NULL)
        return rf_key_load(pem, NULL, out, why);
    enum rf_err err = cmd_read(file_or_null, RF_SECRET_MAX, &file, &exact_why);
    struct rf_slice exact = without_line_end(rf_buf_slice(&file));
    struct rf_slice trimmed = rf_trim(exact);
    if (err == RF_OK)
        err = try_key(pem, exact, out, &exact_why);
    /* A key that was made here has a passphrase without blanks around it. */
    if (err == RF_ERR_DENIED && trimmed.len < exact.len &&
        try_key(pem, trimmed, out, &(struct rf_why){0}) == RF_OK)
        err = RF_OK;
    rf_buf_wipe(&file);
    return err == RF_OK ? RF_OK : rf_why_set(why, err, exact_why.code, "%s", exact_why.text);
}

enum rf_err passphrase_get(const char *path_or_null, struct rf_secret *out, struct rf_why *why)
{
    char line[RF_SECRET_MAX] = "";
    struct termios shown;
    if (path_or_null != NULL)
        return passphrase_read(path_or_null, out, why);
    if (isatty(STDIN_FILENO) == 0 || tcgetattr(STDIN_FILENO, &shown) != 0)
        return rf_why_set(why, RF_ERR_BAD, "passphrase-missing",
                          "there is no terminal to ask for the passphrase: use --passphrase-file");
    struct termios hidden = shown;
    hidden.c_lflag &= ~(tcflag_t)ECHO;
    setvbuf(stdin, NULL, _IONBF, 0); /* a buffer of the library would keep a copy */
    fputs("Passphrase: ", stderr);
    tcsetattr(STDIN_FILENO, TCSAFLUSH, &hidden);
    bool is_read = fgets(line, sizeof line, stdin) != NULL;
    tcsetattr(STDIN_FILENO, TCSAFLUSH, &shown);
    fputc('\n', stderr);
    enum rf_err err =
        is_read ? take(rf_slice_str(line), "terminal", out, why)
                : rf_why_set(why, RF_ERR_BAD, "passphrase-missing", "no passphrase was given");
    rf_wipe(line, sizeof line);
    return err;
}
