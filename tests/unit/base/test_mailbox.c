/* SPDX-License-Identifier: Apache-2.0 */
/* Messages between threads, on real ones; the thread sanitizer looks on in `./check slow`. */
#include "unit.h"

#include "base/mailbox.h"

#include <pthread.h>
#include <stdatomic.h>

struct note {
    struct rf_msg msg;
    unsigned number;
};

struct reader {
    unsigned next;
    unsigned out_of_turn;
};

static void take(struct rf_msg *msg, void *arg)
{
    struct note *note = (struct note *)msg;
    struct reader *reader = arg;
    if (reader != NULL) {
        reader->out_of_turn += note->number != reader->next;
        reader->next = note->number + 1;
    }
    rf_free(note);
}

static struct note *note_new(unsigned number)
{
    struct note *note = rf_new(struct note);
    note->msg.run = take;
    note->number = number;
    return note;
}

#define NOTES 20000u

static void *write_all(void *arg)
{
    struct rf_mailbox *mailbox = arg;
    for (unsigned i = 0; i < NOTES; i++)
        rf_mailbox_post_answer(mailbox, &note_new(i)->msg);
    return NULL;
}

static void they_come_in_order_and_none_is_slept_over(void **state)
{
    struct rf_mailbox *mailbox = rf_mailbox_new("order", 1);
    struct reader reader = {0};
    pthread_t writer;
    assert_int_equal(pthread_create(&writer, NULL, write_all, mailbox), 0);
    while (reader.next < NOTES) {
        assert_true(rf_mailbox_wait(mailbox, 10000));
        rf_mailbox_run(mailbox, &reader);
    }
    pthread_join(writer, NULL);
    assert_int_equal(reader.out_of_turn, 0);
    assert_false(rf_mailbox_wait(mailbox, 0) && rf_mailbox_run(mailbox, &reader) > 0);
    rf_mailbox_free(mailbox);
}

#define MAILBOXES 3000

struct turns {
    _Atomic(struct rf_mailbox *) mailbox; /* the writer takes it out, and writes one message */
    atomic_bool is_over;
};

static void *write_one_each(void *arg)
{
    struct turns *turns = arg;
    while (!atomic_load(&turns->is_over)) {
        struct rf_mailbox *mailbox = atomic_exchange(&turns->mailbox, NULL);
        if (mailbox != NULL)
            rf_mailbox_post_answer(mailbox, &note_new(0)->msg);
    }
    return NULL;
}

/* The reader does not know when the writer is out of its call: what it may do with the message in
 * hand, it may do at once. */
static void it_may_be_freed_as_soon_as_the_message_is_there(void **state)
{
    struct turns turns = {NULL};
    pthread_t writer;
    assert_int_equal(pthread_create(&writer, NULL, write_one_each, &turns), 0);
    for (int i = 0; i < MAILBOXES; i++) {
        struct rf_mailbox *mailbox = rf_mailbox_new("freed", 1);
        atomic_store(&turns.mailbox, mailbox);
        while (rf_mailbox_run(mailbox, NULL) == 0)
            continue; /* without waiting for the signal: the message is there before it */
        rf_mailbox_free(mailbox);
    }
    atomic_store(&turns.is_over, true);
    pthread_join(writer, NULL);
}

static void when_it_is_full_the_sender_keeps_the_message(void **state)
{
    struct rf_mailbox *mailbox = rf_mailbox_new("full", 2);
    struct reader reader = {0};
    struct note *third = note_new(2);
    assert_err(rf_mailbox_post(mailbox, &note_new(0)->msg), RF_OK);
    assert_err(rf_mailbox_post(mailbox, &note_new(1)->msg), RF_OK);
    assert_err(rf_mailbox_post(mailbox, &third->msg), RF_ERR_AGAIN);
    assert_int_equal(rf_mailbox_run(mailbox, &reader), 2);
    assert_err(rf_mailbox_post(mailbox, &third->msg), RF_OK);
    rf_mailbox_free(mailbox); /* what waits releases itself */
    assert_int_equal(reader.next, 2);
}

static void who_posts_asleep_wakes_once(void **state)
{
    struct rf_mailbox *mailbox = rf_mailbox_new("asleep", 3);
    struct reader reader = {0};
    assert_err(rf_mailbox_post_asleep(mailbox, &note_new(0)->msg), RF_OK);
    rf_mailbox_post_answer_asleep(mailbox, &note_new(1)->msg);
    assert_false(rf_mailbox_wait(mailbox, 0));
    rf_mailbox_wake(mailbox);
    assert_true(rf_mailbox_wait(mailbox, 0));
    assert_int_equal(rf_mailbox_run(mailbox, &reader), 2);
    rf_mailbox_wake(mailbox);
    assert_false(rf_mailbox_wait(mailbox, 0));
    rf_mailbox_free(mailbox);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(they_come_in_order_and_none_is_slept_over),
        cmocka_unit_test(it_may_be_freed_as_soon_as_the_message_is_there),
        cmocka_unit_test(when_it_is_full_the_sender_keeps_the_message),
        cmocka_unit_test(who_posts_asleep_wakes_once),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
