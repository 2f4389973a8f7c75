/* SPDX-License-Identifier: Apache-2.0 */
/* A configuration that decodes is written, and what is written decodes to the same (a stub leaves
 * out what may not be clear) and is written alike; a full one has a stub. */
#include "wire/phonexml/phonexml_leaves.h"

#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_stub(struct rf_slice doc, const struct rf_phonexml *full)
{
    RF_AUTO(rf_phonexml_freep) struct rf_phonexml *stub = NULL;
    RF_AUTO(rf_buf_fini) struct rf_buf text = RF_BUF(RF_PHONEXML_BYTES_MAX);
    const char *hash = "00112233445566778899aabbccddeeff";
    bool is_wanted = full->is_full && !full->is_default;
    rf_bug_on((rf_phonexml_stub(doc, hash, &text, NULL) == RF_OK) != is_wanted);
    if (!is_wanted)
        return;
    rf_bug_on(rf_phonexml_decode(rf_buf_slice(&text), &stub, NULL) != RF_OK);
    rf_bug_on(stub->is_full || !stub->is_encrypted || strcmp(stub->cert_hash, hash) != 0);
    rf_bug_on(strcmp(stub->load_information, full->load_information) != 0);
    rf_bug_on(stub->capf_n != full->capf_n || stub->cm_n != 0 || stub->tvs_n != 0);
}

static void count(void *arg, const char *path, struct rf_slice value)
{
    rf_bug_on(path[0] == '\0' && value.len == 0);
    ++*(size_t *)arg;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    size_t leaves = 0;
    struct rf_why left = {0};
    if (rf_phonexml_leaves(rf_slice_of(data, size), count, &leaves, &left) != RF_OK)
        rf_bug_on(left.code[0] == '\0');
    RF_AUTO(rf_phonexml_freep) struct rf_phonexml *one = NULL;
    RF_AUTO(rf_phonexml_freep) struct rf_phonexml *two = NULL;
    RF_AUTO(rf_buf_fini) struct rf_buf first = RF_BUF(RF_PHONEXML_BYTES_MAX);
    RF_AUTO(rf_buf_fini) struct rf_buf second = RF_BUF(RF_PHONEXML_BYTES_MAX);
    struct rf_why why = {0};
    if (rf_phonexml_decode(rf_slice_of(data, size), &one, &why) != RF_OK) {
        rf_bug_on(one != NULL || why.code[0] == '\0');
        return 0;
    }
    check_stub(rf_slice_of(data, size), one);
    rf_bug_on(rf_phonexml_encode(one, &first, &why) != RF_OK);
    rf_bug_on(rf_phonexml_decode(rf_buf_slice(&first), &two, &why) != RF_OK);
    rf_bug_on(two->unknown_n != 0);
    one->unknown_n = 0;
    if (one->is_full)
        rf_bug_on(memcmp(one, two, sizeof *one) != 0);
    rf_bug_on(rf_phonexml_encode(two, &second, &why) != RF_OK);
    rf_bug_on(!rf_slice_eq(rf_buf_slice(&first), rf_buf_slice(&second)));
    return 0;
}
