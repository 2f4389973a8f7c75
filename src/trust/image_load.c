/* SPDX-License-Identifier: Apache-2.0 */
/* A load: its list and all the components in it. doc: docs/wire/loads.md,
 * "Believing a load"; docs/security-rules.md, "Firmware" */
#include <string.h>

#include "base/faults.h"
#include "base/file.h"
#include "trust/image_int.h"
#include "wire/fwpart/fwpart.h"

#define LIST_BYTES_MAX (RF_LOADS_BYTES_MAX + RF_SIGFILE_OVERHEAD_MAX)
#define APP_BYTES_MAX  (RF_FWPART_APP_BYTES_MAX + RF_SIGFILE_OVERHEAD_MAX)

void rf_load_fini(struct rf_load *load)
{
    rf_buf_fini(&load->loads_file);
    rf_buf_fini(&load->app_file);
    *load = (struct rf_load){0};
}

static enum rf_err check_loads_name(const char *name, struct rf_why *why)
{
    size_t n = strlen(name);
    if (n == 0 || n > RF_LOADS_NAME_MAX || name[0] == '.' || strchr(name, '/') != NULL)
        return rf_why_set(why, RF_ERR_BAD, "loads-name",
                          "the name of a load list is a file name of 1 to %d bytes without folder, "
                          "and does not begin with a dot",
                          RF_LOADS_NAME_MAX);
    return RF_OK;
}

/* Verify and decode the list in load->loads_file, named load->name. */
static enum rf_err open_list(const struct rf_cert_list *keys, struct rf_load *load,
                             struct rf_why *why)
{
    struct rf_slice body;
    enum rf_err err = rf_image_verify(rf_buf_slice(&load->loads_file), rf_slice_str(load->name),
                                      keys, &load->list_info, &body, why);
    if (err == RF_OK)
        err = rf_loads_decode(body, &load->loads, why);
    if (err == RF_OK && load->loads.entry_n == 0)
        err = rf_why_set(why, RF_ERR_BAD, "loads-empty", "the list names no image");
    return err;
}

static enum rf_err begin(const char *name, struct rf_load *load, struct rf_why *why)
{
    *load = (struct rf_load){0};
    enum rf_err err = check_loads_name(name, why);
    if (err == RF_OK)
        rf_bug_on(!rf_slice_to_str(rf_slice_str(name), load->name, sizeof(load->name)));
    return err;
}

enum rf_err rf_load_open(struct rf_slice file, const char *name, const struct rf_cert_list *keys,
                         struct rf_load *load, struct rf_why *why)
{
    struct rf_why inner = {0};
    enum rf_err err = begin(name, load, why);
    if (err != RF_OK)
        return err;
    load->loads_file = RF_BUF(LIST_BYTES_MAX);
    err = rf_buf_add_slice(&load->loads_file, file);
    if (err != RF_OK)
        err = rf_why_set(&inner, RF_ERR_LIMIT, "loads-size", "a load list of %zu bytes", file.len);
    if (err == RF_OK)
        err = open_list(keys, load, &inner);
    if (err == RF_OK)
        return RF_OK;
    rf_load_fini(load);
    return rf_why_set(why, err, inner.code, "%s: %s", name, inner.text);
}

/* What the list says of the component beyond its name. */
static enum rf_err check_entry(const struct rf_loads_entry *entry, const struct rf_image_info *info,
                               struct rf_slice head, struct rf_why *why)
{
    if (!entry->has_digest)
        return RF_OK;
    if (!rf_fault_skips("image.size") && info->file_len != entry->size_bytes)
        return rf_why_set(why, RF_ERR_DENIED, "image-size",
                          "the file has %llu bytes, the list says %u",
                          (unsigned long long)info->file_len, entry->size_bytes);
    if (!rf_fault_skips("image.digest") && !rf_slice_eq(head, entry->md5))
        return rf_why_set(why, RF_ERR_DENIED, "image-digest",
                          "the image does not begin with the digest that the list repeats");
    return RF_OK;
}

static enum rf_err check_app(const struct rf_load_want *want, struct rf_load *load,
                             struct rf_why *why)
{
    struct rf_fwpart_app app;
    struct rf_why inner = {0};
    if (rf_fwpart_app_decode(load->app_body, &app, &inner) != RF_OK)
        return rf_why_set(why, RF_ERR_BAD, "image-app", "the component cannot be read: %s",
                          inner.text);
    if (!rf_slice_to_str(app.version, load->version, sizeof(load->version)) ||
        !rf_slice_to_str(app.hardware, load->hardware, sizeof(load->hardware)))
        return rf_why_set(why, RF_ERR_BAD, "image-app",
                          "version or hardware id is longer than %zu bytes",
                          sizeof(load->version) - 1);
    bool fits = want->hardware.len == 0 || rf_slice_eq(want->hardware, app.hardware);
    if (!rf_fault_skips("image.hardware") && !fits)
        return rf_why_set(why, RF_ERR_DENIED, "image-hardware",
                          "the firmware is for %s hardware, not for this phone's", load->hardware);
    bool is_below =
        want->min_version.len != 0 && rf_image_version_order(app.version, want->min_version) < 0;
    if (!rf_fault_skips("image.version") && is_below)
        return rf_why_set(why, RF_ERR_DENIED, "image-version",
                          "version %s is below the lowest this phone takes", load->version);
    return RF_OK;
}

/* rfapp is small and used afterwards: it is read once, and what was verified is what is used. */
static enum rf_err verify_app(const char *path, const struct rf_loads_entry *entry,
                              const struct rf_cert_list *keys, const struct rf_load_want *want,
                              struct rf_load *load, struct rf_image_info *info, struct rf_why *why)
{
    if (load->app_file.p != NULL)
        return rf_why_set(why, RF_ERR_BAD, "image-app", "a second rfapp component in one load");
    struct rf_why inner = {0};
    enum rf_err err = rf_file_read(path, APP_BYTES_MAX, &load->app_file, &inner);
    if (err != RF_OK)
        return rf_why_set(why, err,
                          err == RF_ERR_LIMIT       ? "image-size"
                          : err == RF_ERR_NOT_FOUND ? "image-missing"
                                                    : "image-io",
                          "%s", inner.text);
    err = rf_image_verify(rf_buf_slice(&load->app_file), entry->name, keys, info, &load->app_body,
                          why);
    if (err == RF_OK)
        err = check_entry(entry, info, rf_slice_part(load->app_body, 0, RF_LOADS_MD5_LEN), why);
    return err == RF_OK ? check_app(want, load, why) : err;
}

static enum rf_err verify_component(const char *dir, const struct rf_loads_entry *entry,
                                    const struct rf_cert_list *keys,
                                    const struct rf_load_want *want, struct rf_load *load,
                                    struct rf_why *why)
{
    char name[RF_LOADS_NAME_MAX + 1];
    struct rf_why inner = {0};
    struct rf_image_info *info = &load->component[load->component_n];
    rf_bug_on(!rf_slice_to_str(entry->name, name, sizeof(name)));
    RF_AUTO(rf_freep) char *path = rf_path_join(dir, name);
    enum rf_err err;
    if (rf_slice_starts_with(entry->name, RF_IMAGE_APP_PREFIX)) {
        err = verify_app(path, entry, keys, want, load, info, &inner);
    } else {
        struct rf_image_head head = {0};
        err = rf_image_stream(path, entry->name, keys, info, &head, &inner);
        if (err == RF_OK)
            err = check_entry(entry, info, rf_slice_of(head.bytes, head.len), &inner);
    }
    /* Not there: not the same as there and not to be read. */
    if (err == RF_ERR_NOT_FOUND && entry->is_optional)
        return RF_OK;
    if (err == RF_ERR_NOT_FOUND)
        err =
            rf_why_set(&inner, err, "image-missing", "the list names it, but it is not in %s", dir);
    if (err != RF_OK)
        return rf_why_set(why, err, inner.code, "%s: %s", name, inner.text);
    load->component_n++;
    return RF_OK;
}

static enum rf_err verify_all(const char *dir, const struct rf_cert_list *keys,
                              const struct rf_load_want *want, struct rf_load *load,
                              struct rf_why *why)
{
    for (size_t i = 0; i < load->loads.entry_n; i++) {
        enum rf_err err = verify_component(dir, &load->loads.entry[i], keys, want, load, why);
        if (err != RF_OK)
            return err;
    }
    if (load->app_file.p == NULL)
        return rf_why_set(why, RF_ERR_BAD, "image-app",
                          "%s: no component " RF_IMAGE_APP_PREFIX "* in the load", load->name);
    return RF_OK;
}

static enum rf_err read_list(const char *dir, const struct rf_cert_list *keys, struct rf_load *load,
                             struct rf_why *why)
{
    struct rf_why inner = {0};
    RF_AUTO(rf_freep) char *path = rf_path_join(dir, load->name);
    enum rf_err err = rf_file_read(path, LIST_BYTES_MAX, &load->loads_file, &inner);
    if (err == RF_ERR_NOT_FOUND)
        return rf_why_set(why, err, "image-missing", "%s: the list is not in %s", load->name, dir);
    if (err == RF_ERR_LIMIT)
        return rf_why_set(why, err, "loads-size", "%s: longer than a load list can be", load->name);
    if (err == RF_OK)
        err = open_list(keys, load, &inner);
    return err == RF_OK ? RF_OK
                        : rf_why_set(why, err, inner.code, "%s: %s", load->name, inner.text);
}

enum rf_err rf_load_verify_dir(const char *dir, const char *loads_name,
                               const struct rf_cert_list *keys, const struct rf_load_want *want,
                               struct rf_load *load, struct rf_why *why)
{
    enum rf_err err = begin(loads_name, load, why);
    if (err == RF_OK)
        err = read_list(dir, keys, load, why);
    if (err == RF_OK)
        err = verify_all(dir, keys, want, load, why);
    if (err != RF_OK)
        rf_load_fini(load);
    return err;
}

/* --- order of versions --- */

static bool is_digit(uint8_t c)
{
    return c >= '0' && c <= '9';
}

/* The longest run of digits, or of other bytes, in front. */
static struct rf_slice take_run(struct rf_slice *rest, bool *is_number)
{
    struct rf_rd rd = rf_rd_of(*rest);
    uint8_t c = 0;
    size_t n = 0;
    *is_number = rf_rd_peek_u8(&rd, &c) && is_digit(c);
    while (rf_rd_u8(&rd, &c) && is_digit(c) == *is_number)
        n++;
    struct rf_slice run = rf_slice_part(*rest, 0, n);
    *rest = rf_slice_part(*rest, n, SIZE_MAX);
    return run;
}

static int order_of(size_t a, size_t b)
{
    return a < b ? -1 : a > b;
}

static int order_bytes(struct rf_slice a, struct rf_slice b)
{
    struct rf_rd ra = rf_rd_of(a), rb = rf_rd_of(b);
    uint8_t ca, cb;
    while (rf_rd_u8(&ra, &ca) && rf_rd_u8(&rb, &cb))
        if (ca != cb)
            return order_of(ca, cb);
    return order_of(a.len, b.len);
}

static struct rf_slice without_zeros(struct rf_slice digits)
{
    struct rf_rd rd = rf_rd_of(digits);
    uint8_t c;
    while (rf_rd_peek_u8(&rd, &c) && c == '0')
        (void)!rf_rd_u8(&rd, &c);
    return rf_rd_rest(&rd);
}

static int order_numbers(struct rf_slice a, struct rf_slice b)
{
    a = without_zeros(a);
    b = without_zeros(b);
    return a.len != b.len ? order_of(a.len, b.len) : order_bytes(a, b);
}

int rf_image_version_order(struct rf_slice a, struct rf_slice b)
{
    int order = 0;
    while (order == 0 && a.len != 0 && b.len != 0) {
        bool is_number_a, is_number_b;
        struct rf_slice x = take_run(&a, &is_number_a), y = take_run(&b, &is_number_b);
        order = is_number_a && is_number_b ? order_numbers(x, y) : order_bytes(x, y);
    }
    return order != 0 ? order : order_of(a.len != 0, b.len != 0);
}
