/* SPDX-License-Identifier: Apache-2.0 */
#include "service/srst/branch_msg.h"

#include "base/text.h"
#include "wire/json/json.h"

#include <stdio.h>
#include <string.h>

static enum rf_err refuse(struct rf_why *why, const char *what, const char *text)
{
    return rf_why_set(why, RF_ERR_BAD, "branch-frame", "%s: %s", what, text);
}

static enum rf_err parse(struct rf_slice body, const char *what, struct rf_json **out,
                         struct rf_why *why)
{
    struct rf_why told = {0};
    return rf_json_parse(body, out, &told) == RF_OK ? RF_OK : refuse(why, what, told.text);
}

static enum rf_err need_int(const struct rf_json *j, const char *what, const char *key, int64_t min,
                            int64_t max, int64_t *out, struct rf_why *why)
{
    struct rf_why told = {0};
    return rf_json_need_int(j, key, min, max, out, &told) == RF_OK ? RF_OK
                                                                   : refuse(why, what, told.text);
}

static enum rf_err need_text(const struct rf_json *j, const char *what, const char *key, char *out,
                             size_t cap, struct rf_why *why)
{
    struct rf_why told = {0};
    const char *text;
    if (rf_json_need_str(j, key, &text, &told) != RF_OK)
        return refuse(why, what, told.text);
    if (strlen(text) >= cap)
        return refuse(why, what, "a text is too long");
    snprintf(out, cap, "%s", text);
    return RF_OK;
}

/* ---- hello ---- */

bool rf_branch_epoch_ok(const char *epoch)
{
    return strlen(epoch) == RF_BRANCH_EPOCH - 1 &&
           strspn(epoch, "0123456789abcdef") == RF_BRANCH_EPOCH - 1;
}

static bool is_plain(const char *text)
{
    for (const char *c = text; *c != '\0'; c++)
        if (*c <= ' ' || *c > '~')
            return false;
    return true;
}

static enum rf_err hello_from(const struct rf_json *j, struct rf_branch_hello *out,
                              struct rf_why *why)
{
    int64_t serial = 0;
    enum rf_err err = need_text(j, "hello", "name", out->name, sizeof out->name, why);
    if (err == RF_OK)
        err = need_text(j, "hello", "version", out->version, sizeof out->version, why);
    if (err == RF_OK)
        err = need_text(j, "hello", "epoch", out->epoch, sizeof out->epoch, why);
    if (err == RF_OK)
        err = need_int(j, "hello", "serial", 0, INT64_MAX, &serial, why);
    if (err == RF_OK &&
        !(rf_srst_name_ok(out->name) && rf_branch_epoch_ok(out->epoch) && is_plain(out->version)))
        err = refuse(why, "hello", "its name, version or epoch cannot be");
    out->serial = (uint64_t)serial;
    return err;
}

enum rf_err rf_branch_hello_read(struct rf_slice body, struct rf_branch_hello *out,
                                 struct rf_why *why)
{
    RF_AUTO(rf_json_freep) struct rf_json *j = NULL;
    struct rf_branch_hello hello = {0};
    enum rf_err err = parse(body, "hello", &j, why);
    if (err == RF_OK)
        err = hello_from(j, &hello, why);
    *out = err == RF_OK ? hello : (struct rf_branch_hello){0};
    return err;
}

enum rf_err rf_branch_hello_write(const struct rf_branch_hello *hello, struct rf_buf *out)
{
    RF_AUTO(rf_json_freep) struct rf_json *j = rf_json_obj();
    rf_json_set_str(j, "name", hello->name);
    rf_json_set_str(j, "version", hello->version);
    rf_json_set_str(j, "epoch", hello->epoch);
    rf_json_set_int(j, "serial", (int64_t)hello->serial);
    return rf_json_dump(j, 0, out);
}

/* ---- state ---- */

enum rf_err rf_branch_state_read(struct rf_slice body, struct rf_branch_state *out,
                                 struct rf_why *why)
{
    static const char *const keys[] = {"serial", "phones", "secure_phones", "calls", "since_s"};
    int64_t values[5] = {0};
    RF_AUTO(rf_json_freep) struct rf_json *j = NULL;
    enum rf_err err = parse(body, "state", &j, why);
    for (size_t i = 0; i < 5 && err == RF_OK; i++)
        err = need_int(j, "state", keys[i], 0, i == 0 || i == 4 ? INT64_MAX : UINT32_MAX,
                       &values[i], why);
    *out = (struct rf_branch_state){0};
    if (err != RF_OK)
        return err;
    *out = (struct rf_branch_state){.serial = (uint64_t)values[0],
                                    .phones = (uint32_t)values[1],
                                    .secure_phones = (uint32_t)values[2],
                                    .calls = (uint32_t)values[3],
                                    .since_s = values[4]};
    return RF_OK;
}

enum rf_err rf_branch_state_write(const struct rf_branch_state *state, struct rf_buf *out)
{
    RF_AUTO(rf_json_freep) struct rf_json *j = rf_json_obj();
    rf_json_set_int(j, "serial", (int64_t)state->serial);
    rf_json_set_int(j, "phones", state->phones);
    rf_json_set_int(j, "secure_phones", state->secure_phones);
    rf_json_set_int(j, "calls", state->calls);
    rf_json_set_int(j, "since_s", state->since_s);
    return rf_json_dump(j, 0, out);
}

/* ---- kept, refused ---- */

enum rf_err rf_branch_kept_read(struct rf_slice body, int64_t *id, struct rf_why *why)
{
    RF_AUTO(rf_json_freep) struct rf_json *j = NULL;
    *id = 0;
    enum rf_err err = parse(body, "kept", &j, why);
    return err == RF_OK ? need_int(j, "kept", "id", 1, INT64_MAX, id, why) : err;
}

enum rf_err rf_branch_kept_write(int64_t id, struct rf_buf *out)
{
    RF_AUTO(rf_json_freep) struct rf_json *j = rf_json_obj();
    rf_json_set_int(j, "id", id);
    return rf_json_dump(j, 0, out);
}

enum rf_err rf_branch_refused_read(struct rf_slice body, struct rf_why *out, struct rf_why *why)
{
    RF_AUTO(rf_json_freep) struct rf_json *j = NULL;
    char text[RF_WHY_TEXT_MAX];
    char code[RF_WHY_CODE_MAX];
    *out = (struct rf_why){0};
    enum rf_err err = parse(body, "refused", &j, why);
    if (err == RF_OK)
        err = need_text(j, "refused", "code", code, sizeof code, why);
    if (err == RF_OK && (code[0] == '\0' || !is_plain(code)))
        err = refuse(why, "refused", "its code cannot be");
    if (err == RF_OK)
        err = need_text(j, "refused", "text", text, sizeof text, why);
    if (err == RF_OK)
        (void)rf_why_set(out, RF_ERR_DENIED, code, "the centre refuses: %.200s", text);
    return err;
}

enum rf_err rf_branch_refused_write(const struct rf_why *refused, struct rf_buf *out)
{
    RF_AUTO(rf_json_freep) struct rf_json *j = rf_json_obj();
    rf_json_set_str(j, "code", refused->code);
    rf_json_set_str(j, "text", refused->text);
    return rf_json_dump(j, 0, out);
}
