/* SPDX-License-Identifier: Apache-2.0 */
/* Actions of the boot machine that stand beside its table: boot_files.c has them; private to the
 * folder. */
#ifndef SERVICE_PHONE_BOOT_INT_H
#define SERVICE_PHONE_BOOT_INT_H

#include "service/phone/phone_int.h"

/** Before a file is asked for, and when one has come. */
void phone_tell_fetcher(struct rf_phone *p);
void phone_note_way(struct rf_phone *p);
/** Ask for a file of a load, where the configuration says firmware comes from. */
void phone_get_image(struct rf_phone *p, const char *name, size_t max);
/** Ask for a file beside the configuration, with the suffix that the lists demand. */
void phone_get_file(struct rf_phone *p, const char *name, size_t max);
/** The files are through: forget those that nothing names any more. */
void phone_files_end(struct rf_phone *p);
/** Trouble on the way, in the words of a phone; never for a file that was refused. */
void phone_tell_transport(struct rf_phone *p, const char *too_long);
/** Is there a CAPF server, a string where one is wanted, and a try left? */
bool phone_may_enrol(const struct rf_phone *p, const struct rf_phonexml *c);

void phone_act_get_ctl(void *self, const void *data);
void phone_act_check_ctl(void *self, const void *data);
void phone_act_check_itl(void *self, const void *data);
void phone_act_get_itl(void *self, const void *data);
void phone_act_no_ctl(void *self, const void *data);
void phone_act_ctl_unfetched(void *self, const void *data);
void phone_act_ask_tvs(void *self, const void *data);
void phone_act_ctl_refused(void *self, const void *data);
void phone_act_lists_done(void *self, const void *data);
void phone_act_other_itl(void *self, const void *data);
void phone_act_itl_unfetched(void *self, const void *data);
void phone_act_itl_refused(void *self, const void *data);
void phone_act_get_config(void *self, const void *data);
void phone_act_check_config(void *self, const void *data);
void phone_act_other_config(void *self, const void *data);
void phone_act_config_unfetched(void *self, const void *data);
void phone_act_config_refused(void *self, const void *data);
void phone_act_get_stub(void *self, const void *data);
void phone_act_full_or_stub(void *self, const void *data);
void phone_act_enc_refused(void *self, const void *data);
void phone_act_enc_missing(void *self, const void *data);
void phone_act_files_begin(void *self, const void *data);
void phone_act_get_file(void *self, const void *data);
void phone_act_check_file(void *self, const void *data);
void phone_act_file_missing(void *self, const void *data);
void phone_act_file_refused(void *self, const void *data);
void phone_act_file_unfetched(void *self, const void *data);
void phone_act_next_file(void *self, const void *data);
void phone_act_file_unjudged(void *self, const void *data);

#endif
