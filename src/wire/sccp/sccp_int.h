/* SPDX-License-Identifier: Apache-2.0 */
/* Inside the SCCP codec: a walk over a body. Each message has one walk function that names its
 * fields in order; the walk reads them from a body or writes them into one, so decoding and
 * encoding cannot drift apart.
 *
 *     static void walk_keypad(struct sccp_walk *w, struct rf_sccp_msg *m)
 *     {
 *         sw_u32(w, &m->keypad_button.button);
 *         sw_u32(w, &m->keypad_button.line_instance);
 *         sw_u32(w, &m->keypad_button.call_reference);
 *     }
 *
 * Reading behind the end gives zeros and empty texts: what must be there is said by the
 * descriptor's min, or by sw_need() where it depends on the version. The first error stays, and
 * nothing is read after it. */
#ifndef WIRE_SCCP_SCCP_INT_H
#define WIRE_SCCP_SCCP_INT_H

#include "wire/sccp/sccp.h"

struct sccp_walk {
    bool is_writing;
    bool is_respelled;   /* reading: encoding will not give these bytes again */
    unsigned version;    /* of the layout: 0, 10, 11, 15..22 */
    size_t body_len;     /* reading: all of the body */
    const char *message; /* its name, for reasons */
    struct rf_rd rd;     /* reading */
    struct rf_wr *wr;    /* writing */
    enum rf_err err;
    struct rf_why *why;
};

/** A message that the codec knows. */
struct sccp_desc {
    enum rf_sccp_id id;
    size_t min; /* bytes of body that must be there, in every version */
    void (*walk)(struct sccp_walk *w, struct rf_sccp_msg *m); /* NULL: no body */
};

struct sccp_family {
    const struct sccp_desc *descs;
    size_t n;
};

extern const struct sccp_family sccp_family_register;
extern const struct sccp_family sccp_family_buttons;
extern const struct sccp_family sccp_family_status;
extern const struct sccp_family sccp_family_media;
extern const struct sccp_family sccp_family_display;
extern const struct sccp_family sccp_family_data;

/** The first n descriptors of an array, as a family. */
#define SCCP_FAMILY(array)                                                                         \
    {                                                                                              \
        (array), sizeof(array) / sizeof((array)[0])                                                \
    }

void sw_fail(struct sccp_walk *w, enum rf_err err, const char *code, const char *text);
/** Reading: the body must have n bytes. */
void sw_need(struct sccp_walk *w, size_t n);
/** Reading: bytes not read yet. Writing: 0. */
size_t sw_left(const struct sccp_walk *w);
void sw_u8(struct sccp_walk *w, uint8_t *v);
void sw_u16(struct sccp_walk *w, uint16_t *v);
void sw_u32(struct sccp_walk *w, uint32_t *v);
/** n raw bytes. */
void sw_raw(struct sccp_walk *w, uint8_t *v, size_t n);
/** n bytes that mean nothing: skipped, or zeros. */
void sw_pad(struct sccp_walk *w, size_t n);
/** n bytes nobody looks into: a view; written as zeros when it is empty. */
void sw_opaque(struct sccp_walk *w, struct rf_slice *v, size_t n);
/** A fixed text field of n bytes, at least one of them NUL when written. */
void sw_text(struct sccp_walk *w, struct rf_slice *v, size_t n);
/** A text with its NUL; written with at most max bytes and the NUL. */
void sw_z(struct sccp_walk *w, struct rf_slice *v, size_t max);
/** All that is left, as it is. */
void sw_rest(struct sccp_walk *w, struct rf_slice *v);
void sw_ip4(struct sccp_walk *w, struct rf_sccp_addr *v);
void sw_ipu(struct sccp_walk *w, struct rf_sccp_addr *v);
/** The number of entries to walk: when reading cut to max and to entries of `size` bytes that are
 * there; when writing more than max is refused. Returns it. */
uint32_t sw_count(struct sccp_walk *w, uint32_t *count, size_t size, uint32_t max);

/** The header version by which a message is read; above 22 gives false. */
bool sccp_version_normal(uint32_t header, unsigned *out);

#endif
