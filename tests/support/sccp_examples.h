/* SPDX-License-Identifier: Apache-2.0 */
/* The frames of tests/data/sccp/examples.txt, one after the other.
 *
 *     struct sccp_examples all = sccp_examples_open();
 *     while (sccp_examples_next(&all))
 *         look(all.name, all.bytes);
 *     sccp_examples_close(&all); */
#ifndef SUPPORT_SCCP_EXAMPLES_H
#define SUPPORT_SCCP_EXAMPLES_H

#include "codec.h"

#include "base/text.h"
#include "wire/sccp/sccp.h"

#define SCCP_EXAMPLES_N 160

struct sccp_examples {
    struct rf_slice file;
    struct rf_slice rest;
    struct rf_slice name;
    struct rf_slice bytes; /* until the next one */
    uint8_t buf[RF_SCCP_LENGTH_MAX + 8];
};

static inline struct sccp_examples sccp_examples_open(void)
{
    struct rf_slice file = codec_data_file("sccp/examples.txt");
    return (struct sccp_examples){.file = file, .rest = file};
}

static inline bool sccp_examples_next(struct sccp_examples *e)
{
    struct rf_slice line;
    while (rf_next_piece(&e->rest, '\n', &line)) {
        struct rf_slice hex = rf_trim(line);
        size_t n;
        if (!rf_next_piece(&hex, ':', &e->name) || e->name.len == 0)
            continue;
        assert_err(rf_unhex(rf_trim(hex), e->buf, sizeof e->buf, &n), RF_OK);
        e->bytes = rf_slice_of(e->buf, n);
        return true;
    }
    return false;
}

static inline void sccp_examples_close(struct sccp_examples *e)
{
    free((void *)e->file.p);
}

#endif
