/* SPDX-License-Identifier: Apache-2.0 */
/* Prints one frame per message and version that our encoder writes, for a dissector to judge:
 *     to_server|to_phone  id  header version  name  hex
 */
#include "sccp_samples.h"

#include "base/text.h"

#include <stdio.h>

/* Below version 16 CallInfoV2 has twelve texts for phones, and thirteen for the dissector. */
static bool is_disputed(uint32_t id, unsigned agreed)
{
    return id == RF_SCCP_CALL_INFO_V2 && agreed < 16;
}

static int print_frame(const struct rf_sccp_msg *m, unsigned agreed)
{
    static uint8_t buf[RF_SCCP_LENGTH_MAX + 8];
    static char hex[2 * sizeof buf + 1];
    struct rf_wr wr = rf_wr_of(buf, sizeof buf);
    struct rf_slice out;
    struct rf_why why = {0};
    enum rf_sccp_dir dir;
    if (rf_sccp_encode(m, agreed, &wr, &why) != RF_OK || rf_wr_done(&wr, &out) != RF_OK ||
        !rf_sccp_dir_of(m->id, &dir)) {
        fprintf(stderr, "%s at %u: %s\n", rf_sccp_id_name(m->id), agreed, rf_why_text(&why));
        return 1;
    }
    printf("%s 0x%04x %u %s %s\n", dir == RF_SCCP_TO_SERVER ? "to_server" : "to_phone",
           (unsigned)m->id, rf_sccp_version_header(m->id, agreed), rf_sccp_id_name(m->id),
           rf_hex(out, hex, sizeof hex));
    return 0;
}

int main(void)
{
    int bad = 0;
    for (size_t v = 0; v < sccp_sample_versions_n; v++)
        for (size_t i = 0; i < sccp_sample_ids_n; i++) {
            struct rf_sccp_msg m;
            unsigned agreed = sccp_sample_versions[v];
            if (!sccp_sample(sccp_sample_ids[i], &m) || is_disputed(m.id, agreed))
                continue;
            if (m.id == RF_SCCP_OPEN_RECEIVE_CHANNEL)
                sccp_sample_key(&m.open_receive_channel.key, 0xa0, 0x50);
            if (m.id == RF_SCCP_START_MEDIA_TRANSMISSION)
                sccp_sample_key(&m.start_media_transmission.key, 0xc0, 0x60);
            bad |= print_frame(&m, agreed);
        }
    return bad;
}
