/* SPDX-License-Identifier: Apache-2.0 */
/* The small JSON files of the flash: which slot boots, what was stored, status messages. */
#include "service/phone/flash_int.h"

#include "base/file.h"

#include <string.h>

enum rf_err rf_flash_json_read(const char *path, struct rf_json **out, struct rf_why *why)
{
    RF_AUTO(rf_buf_fini) struct rf_buf text = {0};
    struct rf_why inner = {0};
    enum rf_err err = rf_file_read(path, RF_FLASH_JSON_MAX, &text, why);
    if (err != RF_OK)
        return err;
    err = rf_json_parse(rf_buf_slice(&text), out, &inner);
    return err == RF_OK ? RF_OK : rf_why_set(why, err, inner.code, "%s: %s", path, inner.text);
}

enum rf_err rf_flash_json_write(const char *path, const struct rf_json *j, struct rf_why *why)
{
    RF_AUTO(rf_buf_fini) struct rf_buf text = RF_BUF(RF_FLASH_JSON_MAX);
    enum rf_err err = rf_json_dump(j, 2, &text);
    if (err == RF_OK)
        err = rf_buf_addf(&text, "\n");
    if (err != RF_OK)
        return rf_why_set(why, err, "flash-io", "%s: too large", path);
    return rf_file_replace(path, rf_buf_slice(&text), RF_FILE_PUBLIC, why);
}

/* ---- which slot boots ---- */

static const char *const slot_key[2] = {[RF_FLASH_A] = "a", [RF_FLASH_B] = "b"};

static enum rf_err boot_decode(const struct rf_json *j, struct rf_flash_boot *boot,
                               struct rf_why *why)
{
    const char *text = NULL;
    enum rf_err err = rf_json_need_str(j, "active", &text, why);
    if (err != RF_OK)
        return err;
    if (strcmp(text, "a") != 0 && strcmp(text, "b") != 0)
        return rf_why_set(why, RF_ERR_BAD, "flash-boot", "active is neither a nor b");
    boot->active = text[0] == 'a' ? RF_FLASH_A : RF_FLASH_B;
    for (size_t i = 0; i < 2; i++) {
        err = rf_json_need_str(j, slot_key[i], &text, why);
        if (err != RF_OK)
            return err;
        if (strchr(text, '/') != NULL || text[0] == '.' ||
            !rf_slice_to_str(rf_slice_str(text), boot->loads[i], sizeof boot->loads[i]))
            return rf_why_set(why, RF_ERR_BAD, "flash-boot", "%s names no list", slot_key[i]);
    }
    return RF_OK;
}

enum rf_err rf_flash_boot_read(const struct rf_flash *flash, struct rf_flash_boot *out,
                               struct rf_why *why)
{
    RF_AUTO(rf_freep) char *path = rf_flash_path(flash, RF_FLASH_BOOT);
    RF_AUTO(rf_json_freep) struct rf_json *j = NULL;
    struct rf_why inner = {0};
    struct rf_flash_boot boot = {0};
    enum rf_err err = rf_flash_json_read(path, &j, &inner);
    if (err == RF_ERR_NOT_FOUND || err == RF_ERR_IO)
        return rf_why_set(why, err, inner.code, "%s", inner.text);
    if (err == RF_OK)
        err = boot_decode(j, &boot, &inner);
    if (err != RF_OK)
        return rf_why_set(why, RF_ERR_BAD, "flash-boot", "%s: %s", path, inner.text);
    *out = boot;
    return RF_OK;
}

enum rf_err rf_flash_boot_write(const struct rf_flash *flash, const struct rf_flash_boot *boot,
                                struct rf_why *why)
{
    RF_AUTO(rf_freep) char *path = rf_flash_path(flash, RF_FLASH_BOOT);
    RF_AUTO(rf_json_freep) struct rf_json *j = rf_json_obj();
    rf_json_set_str(j, "active", slot_key[boot->active]);
    for (size_t i = 0; i < 2; i++)
        rf_json_set_str(j, slot_key[i], boot->loads[i]);
    return rf_flash_json_write(path, j, why);
}

/* ---- what is known about what was stored ---- */

/* What later versions added: absent in a flash that an earlier one wrote. */
static void state_more(const struct rf_json *j, struct rf_flash_state *out)
{
    const struct rf_json *strong = rf_json_get(j, "sha512_signers");
    const char *signer = rf_json_str(j, "config_signer");
    if (signer != NULL)
        rf_slice_to_str(rf_slice_str(signer), out->config_signer, sizeof out->config_signer);
    (void)rf_json_bool(j, "encrypted", &out->is_encrypted);
    const char *content = rf_json_str(j, "vouched_sha256");
    int64_t at = 0;
    if (content != NULL && rf_json_int(j, "vouched_at", &at) && at > 0 && at <= UINT32_MAX) {
        out->vouched_s = (uint32_t)at;
        rf_slice_to_str(rf_slice_str(content), out->vouched_sha256, sizeof out->vouched_sha256);
    }
    for (size_t i = 0; i < rf_json_len(strong) && out->strong_n < RF_FLASH_STRONG_MAX; i++) {
        const char *one = rf_json_at_str(strong, i);
        if (one != NULL)
            rf_slice_to_str(rf_slice_str(one), out->strong[out->strong_n++], 65);
    }
}

enum rf_err rf_flash_state_read(const struct rf_flash *flash, struct rf_flash_state *out,
                                struct rf_why *why)
{
    RF_AUTO(rf_freep) char *path = rf_flash_path(flash, RF_FLASH_STATE);
    RF_AUTO(rf_json_freep) struct rf_json *j = NULL;
    struct rf_why inner = {0};
    int64_t mode = 0, stamp = 0;
    const char *digest = NULL;
    *out = (struct rf_flash_state){0};
    if (!rf_file_exists(path))
        return RF_OK;
    enum rf_err err = rf_flash_json_read(path, &j, &inner);
    if (err == RF_OK)
        err = rf_json_need_int(j, "mode", 0, 3, &mode, &inner);
    if (err == RF_OK)
        err = rf_json_need_str(j, "config_sha256", &digest, &inner);
    if (err == RF_OK)
        err = rf_json_need_int(j, "config_timestamp", 0, UINT32_MAX, &stamp, &inner);
    if (err != RF_OK ||
        !rf_slice_to_str(rf_slice_str(digest), out->config_sha256, sizeof out->config_sha256)) {
        *out = (struct rf_flash_state){0};
        return rf_why_set(why, RF_ERR_BAD, "flash-state", "%s: %s", path, inner.text);
    }
    out->mode = (uint32_t)mode;
    out->config_timestamp = (uint32_t)stamp;
    state_more(j, out);
    return RF_OK;
}

enum rf_err rf_flash_state_write(const struct rf_flash *flash, const struct rf_flash_state *state,
                                 struct rf_why *why)
{
    RF_AUTO(rf_freep) char *path = rf_flash_path(flash, RF_FLASH_STATE);
    RF_AUTO(rf_json_freep) struct rf_json *j = rf_json_obj();
    rf_json_set_int(j, "mode", state->mode);
    rf_json_set_str(j, "config_sha256", state->config_sha256);
    rf_json_set_int(j, "config_timestamp", state->config_timestamp);
    rf_json_set_str(j, "config_signer", state->config_signer);
    rf_json_set_bool(j, "encrypted", state->is_encrypted);
    if (state->vouched_s != 0) {
        rf_json_set_int(j, "vouched_at", state->vouched_s);
        rf_json_set_str(j, "vouched_sha256", state->vouched_sha256);
    }
    struct rf_json *strong = rf_json_arr();
    for (size_t i = 0; i < state->strong_n; i++)
        rf_json_arr_add_str(strong, state->strong[i]);
    rf_json_set_take(j, "sha512_signers", strong);
    return rf_flash_json_write(path, j, why);
}

/* ---- status messages ---- */

void rf_flash_status_read(const struct rf_flash *flash, struct rf_flash_status *out)
{
    RF_AUTO(rf_freep) char *path = rf_flash_path(flash, RF_FLASH_STATUS);
    RF_AUTO(rf_json_freep) struct rf_json *j = NULL;
    struct rf_why why = {0};
    *out = (struct rf_flash_status){0};
    if (rf_flash_json_read(path, &j, &why) != RF_OK)
        return;
    const struct rf_json *all = rf_json_get(j, "messages");
    for (size_t i = 0; i < rf_json_len(all) && out->n < RF_FLASH_STATUS_MAX; i++) {
        struct rf_flash_message *m = &out->message[out->n];
        const struct rf_json *one = rf_json_at(all, i);
        const char *text = rf_json_str(one, "text");
        if (text == NULL || !rf_json_int(one, "at", &m->at_s))
            continue;
        rf_slice_to_str(rf_slice_str(text), m->text, sizeof m->text);
        out->n++;
    }
}

enum rf_err rf_flash_status_add(const struct rf_flash *flash, int64_t at_s, const char *text,
                                struct rf_why *why)
{
    RF_AUTO(rf_freep) char *path = rf_flash_path(flash, RF_FLASH_STATUS);
    RF_AUTO(rf_freep) struct rf_flash_status *all = rf_new(struct rf_flash_status);
    rf_flash_status_read(flash, all);
    if (all->n == RF_FLASH_STATUS_MAX) {
        all->n--;
        memmove(&all->message[0], &all->message[1], all->n * sizeof all->message[0]);
    }
    all->message[all->n].at_s = at_s;
    rf_slice_to_str(rf_slice_str(text), all->message[all->n].text, RF_FLASH_STATUS_TEXT_MAX);
    all->n++;
    RF_AUTO(rf_json_freep) struct rf_json *j = rf_json_obj();
    struct rf_json *list = rf_json_arr();
    for (size_t i = 0; i < all->n; i++) {
        struct rf_json *one = rf_json_obj();
        rf_json_set_int(one, "at", all->message[i].at_s);
        rf_json_set_str(one, "text", all->message[i].text);
        rf_json_arr_add_take(list, one);
    }
    rf_json_set_take(j, "messages", list);
    return rf_flash_json_write(path, j, why);
}
