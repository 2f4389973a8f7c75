/* SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>

#include "app/ringfence/commands.h"
#include "app/ringfence/image.h"
#include "base/text.h"
#include "wire/fwpart/fwpart.h"
#include "wire/loads/loads.h"

/* One more than a list or an rfapp can have: a longer body is neither. */
#define HEAD_BYTES ((size_t)RF_LOADS_BYTES_MAX + 1)
_Static_assert(RF_FWPART_APP_BYTES_MAX <= RF_LOADS_BYTES_MAX, "the head holds an rfapp whole");

static struct rf_json *entry_json(const struct rf_loads_entry *e)
{
    struct rf_json *one = rf_json_obj();
    rf_json_set_slice(one, "name", e->name);
    rf_json_set_bool(one, "optional", e->is_optional);
    if (e->has_digest) {
        rf_json_set_int(one, "size", e->size_bytes);
        rf_json_set_slice(one, "md5", e->md5);
    }
    return one;
}

static void set_pairs(struct rf_json *j, const char *key, const struct rf_loads_pair *pair,
                      size_t n)
{
    struct rf_json *obj = rf_json_arr();
    for (size_t i = 0; i < n; i++) {
        struct rf_json *one = rf_json_obj();
        rf_json_set_slice(one, "name", pair[i].name);
        rf_json_set_slice(one, "value", pair[i].value);
        rf_json_arr_add_take(obj, one);
    }
    if (n > 0)
        rf_json_set_take(j, key, obj);
    else
        rf_json_free(obj);
}

/* A list whose lines are not understood: the names seen in it, said to be no more than that. */
static void add_opaque(struct rf_json *j, struct rf_slice body, const struct rf_why *why)
{
    struct rf_loads_names names;
    struct rf_json *arr = rf_json_arr();
    rf_loads_scan(body, &names);
    for (size_t i = 0; i < names.n; i++) {
        struct rf_json *one = rf_json_obj();
        rf_json_set_slice(one, "name", names.name[i]);
        rf_json_arr_add_take(arr, one);
    }
    rf_json_set_str(j, "list_form",
                    "opaque: the components are names seen in it, not a list that "
                    "was understood");
    rf_json_set_str(j, "list_reason", rf_why_text(why));
    rf_json_set_bool(j, "components_cut", names.is_cut);
    rf_json_set_take(j, "components", arr);
}

static void add_components(struct rf_json *j, struct rf_slice body)
{
    struct rf_loads loads;
    struct rf_why why = {0};
    if (rf_loads_decode(body, &loads, &why) != RF_OK) {
        add_opaque(j, body, &why);
        return;
    }
    struct rf_json *arr = rf_json_arr();
    for (size_t i = 0; i < loads.entry_n; i++)
        rf_json_arr_add_take(arr, entry_json(&loads.entry[i]));
    rf_json_set_str(j, "list_form", "text");
    if (loads.has_hardware_comp)
        rf_json_set_int(j, "hardware_comp", loads.hardware_comp);
    set_pairs(j, "conditions", loads.condition, loads.condition_n);
    set_pairs(j, "variables", loads.variable, loads.variable_n);
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

static struct rf_json *report(const struct container *c, const struct container_pass *pass,
                              const struct rf_cert *signer)
{
    const struct rf_signedfile *sf = container_sf(c);
    struct rf_json *j = rf_json_obj();
    struct rf_slice head = rf_buf_slice(pass->head);
    container_header(j, sf, c->in.len);
    container_digests(j, pass);
    if (rf_slice_ends_with(sf->file_name, ".loads") || rf_slice_ends_with(sf->file_name, ".LOADS"))
        add_components(j, head);
    else
        add_app(j, head);
    container_warnings(j, sf, false);
    if (signer != NULL)
        rf_json_set_take(j, "verified_by", container_cert(signer));
    rf_json_set_str(j, "verified",
                    signer != NULL ? "yes: signed by the certificate of --cert"
                                   : "no: " IMAGE_UNKNOWN);
    return j;
}

static int run(struct cmd_ctx *ctx)
{
    RF_AUTO(container_fini) struct container c = CONTAINER;
    RF_AUTO(rf_cert_list_fini) struct rf_cert_list keys = {0};
    RF_AUTO(rf_buf_fini) struct rf_buf head = RF_BUF(HEAD_BYTES);
    struct container_pass pass = {.wants_sha256 = true, .head = &head};
    const struct rf_cert *signer = NULL;
    struct rf_sigfile_info info;
    struct rf_why why = {0};
    enum rf_err err = image_keys(ctx, &keys, &why);
    if (err == RF_OK)
        err = image_open(ctx->args[0], &c, &why);
    if (err == RF_OK && image_find_signer(container_sf(&c), &keys, &signer, NULL) == RF_OK)
        err = image_judge(&c, &pass, signer, NULL, &info, &why);
    else if (err == RF_OK)
        err = container_pass(&c, &pass, &why);
    if (err != RF_OK)
        return container_refuse(ctx, ctx->args[0], &why, container_sf(&c), signer);
    return cmd_show(ctx, report(&c, &pass, signer));
}

static const struct cmd_option options[] = {
    {.name = "cert",
     .arg = "PEM",
     .help = "certificates of image keys: verify, when one of them is the signer's",
     .repeats = true},
};

const struct cmd cmd_image_show = {
    .name = "image show",
    .args = "FILE",
    .args_min = 1,
    .args_max = 1,
    .options = options,
    .n_options = sizeof options / sizeof *options,
    .summary = "Show a firmware image or load list, whoever signed it",
    .help = "Reads .loads lists and images of every family (.sbn, .SBN, .sbin, .zz.sgn,\n"
            ".binN.sgn). Manufacturers do not publish their keys: without a fitting --cert an\n"
            "image is \"" IMAGE_UNKNOWN "\".",
    .has_json = true,
    .run = run,
};
