/* SPDX-License-Identifier: Apache-2.0 */
/* What is known, and what fails, for those who look. */
#include "service/revocation/revocation_int.h"

#include "base/text.h"

static void set_state(struct rf_json *one, const struct url_state *state)
{
    if (state->last_s != 0)
        rf_json_set_int(one, "last_s", state->last_s);
    else
        rf_json_set_null(one, "last_s");
    rf_json_set_str(one, "code", state->code[0] != '\0' ? state->code : NULL);
    rf_json_set_str(one, "reason", state->code[0] != '\0' ? state->text : NULL);
}

static struct rf_json *lists_json(const struct rf_crl_book *book)
{
    struct rf_json *arr = rf_json_arr();
    for (size_t i = 0; book != NULL && i < book->n; i++) {
        const struct rf_crl_held *h = &book->held[i];
        struct rf_json *one = rf_json_obj();
        rf_json_set_str(one, "file", h->file);
        rf_json_set_str(one, "issuer", h->crl != NULL ? rf_crl_issuer(h->crl) : NULL);
        if (h->crl != NULL) {
            rf_json_set_int(one, "revoked", (int64_t)rf_crl_n(h->crl));
            rf_json_set_int(one, "this_update_s", rf_crl_this_update(h->crl));
            rf_json_set_int(one, "next_update_s", rf_crl_next_update(h->crl));
        }
        rf_json_set_bool(one, "used", h->is_used);
        rf_json_set_str(one, "code", h->why.code[0] != '\0' ? h->why.code : NULL);
        rf_json_arr_add_take(arr, one);
    }
    return arr;
}

static struct rf_json *sources_json(const struct rf_revocation_service *svc)
{
    struct rf_json *arr = rf_json_arr();
    for (size_t i = 0; i < svc->n_sources; i++) {
        struct rf_json *one = rf_json_obj();
        rf_json_set_str(one, "url", svc->sources[i].url);
        set_state(one, &svc->sources[i].state);
        rf_json_arr_add_take(arr, one);
    }
    return arr;
}

static struct rf_json *responders_json(const struct rf_revocation_service *svc)
{
    struct rf_json *arr = rf_json_arr();
    for (size_t i = 0; i < svc->n_responders; i++) {
        const struct responder *r = &svc->responders[i];
        struct rf_json *one = rf_json_obj();
        rf_json_set_str(one, "url", r->url);
        if (r->is_for_all)
            rf_json_set_null(one, "issuer");
        else
            rf_json_set_hex(one, "issuer", rf_slice_of(r->issuer, sizeof r->issuer));
        set_state(one, &r->state);
        rf_json_arr_add_take(arr, one);
    }
    return arr;
}

static struct rf_json *answers_json(const struct rf_revocation_service *svc)
{
    int64_t n[RF_OCSP_UNKNOWN + 1] = {0};
    struct rf_json *one = rf_json_obj();
    for (size_t i = 0; i < ASKED_BUCKETS; i++)
        for (const struct asked *a = svc->asked[i]; a != NULL; a = a->next)
            n[a->answer.status]++;
    for (int status = 0; status <= RF_OCSP_UNKNOWN; status++)
        rf_json_set_int(one, rf_ocsp_status_name((enum rf_ocsp_status)status), n[status]);
    return one;
}

void rf_revocation_service_show(const struct rf_revocation_service *svc, struct rf_json *out)
{
    rf_json_set_str(out, "mode", rf_revocation_mode_name(svc->mode));
    rf_json_set_take(out, "lists", lists_json(svc->book));
    rf_json_set_take(out, "sources", sources_json(svc));
    rf_json_set_take(out, "responders", responders_json(svc));
    rf_json_set_take(out, "answers", answers_json(svc));
}
