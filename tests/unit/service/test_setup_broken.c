/* SPDX-License-Identifier: Apache-2.0 */
/* Every step of every change of a key, killed before each file that it renames or removes, or
 * that file refused by the disc; after that the administrator goes on, and goes back:
 * both come to an end at which the site is whole and no phone is lost. */
#include "setup_town.h"

#include <errno.h>

/* ---- what is cut ---- */

/* The functions of this program are taken before those of the C library. */
static struct {
    long left; /* so many renames and removals are made yet; then it is cut */
    bool is_on, is_error, was_reached;
} cut;

static bool is_cut(const char *path)
{
    struct stat st;
    if (!cut.is_on || strstr(path, "/db/") != NULL || lstat(path, &st) != 0 || cut.left-- != 0)
        return false;
    if (!cut.is_error)
        kill(getpid(), SIGKILL);
    cut.was_reached = true;
    errno = EIO;
    return true;
}

int rename(const char *from, const char *to)
{
    return is_cut(from) ? -1 : renameat(AT_FDCWD, from, AT_FDCWD, to);
}

int unlink(const char *path)
{
    return is_cut(path) ? -1 : unlinkat(AT_FDCWD, path, 0);
}

/* The processes end here, not the machine. */
int fsync(int fd)
{
    (void)fd;
    return 0;
}

int fdatasync(int fd)
{
    (void)fd;
    return 0;
}

/* Done in a child. False: it came to its end before it could be cut. */
static bool does_cut(deed what, long at, bool is_error)
{
    int status = 0;
    rf_store_close(t.store);
    t.store = NULL;
    fflush(NULL);
    pid_t child = fork();
    assert_true(child >= 0);
    if (child == 0) {
        cut.left = at;
        cut.is_error = is_error;
        cut.is_on = true;
        what();
        _exit(cut.was_reached);
    }
    assert_int_equal(waitpid(child, &status, 0), child);
    open_store();
    if (!is_error && WIFSIGNALED(status)) {
        assert_int_equal(WTERMSIG(status), SIGKILL);
        return true;
    }
    assert_true(WIFEXITED(status));
    return WEXITSTATUS(status) == 1;
}

/* ---- the site as it was ---- */

static const enum rf_site_item kept[] = {RF_SITE_KEYS,   RF_SITE_CERTS, RF_SITE_LISTS,
                                         RF_SITE_DB_DIR, RF_SITE_TRUST, RF_SITE_LSC_ISSUERS};

struct stage {
    char *dir;
    struct rf_lists lists[PHONES];
    struct rf_cert *ccm, *tftp, *capf;
};

static void copy_site(const char *from, const char *to)
{
    assert_err(rf_site_make(to, NULL), RF_OK);
    for (size_t i = 0; i < sizeof kept / sizeof *kept; i++) {
        RF_AUTO(rf_freep) char *a = rf_site_path_in(from, kept[i]);
        RF_AUTO(rf_freep) char *b = rf_site_path_in(to, kept[i]);
        if (rf_file_exists(a))
            copy_dir(a, b);
    }
}

static void replace_cert(struct rf_cert **to, struct rf_cert *with)
{
    struct rf_cert *before = *to;
    *to = rf_cert_ref(with);
    rf_cert_unref(before);
}

static void replace_lists(struct rf_lists *to, const struct rf_lists *with)
{
    rf_lists_install(to, RF_LIST_CTL, with->ctl);
    rf_lists_install(to, RF_LIST_ITL, with->itl);
}

static struct stage stage_keep(void)
{
    struct stage s = {.dir = new_dir()};
    rf_store_close(t.store);
    t.store = NULL;
    copy_site(t.dir, s.dir);
    open_store();
    for (size_t i = 0; i < t.n; i++)
        replace_lists(&s.lists[i], &t.phones[i].lists);
    replace_cert(&s.ccm, t.ccm);
    replace_cert(&s.tftp, t.tftp);
    replace_cert(&s.capf, t.capf);
    return s;
}

static void stage_bring_back(const struct stage *s)
{
    rf_store_close(t.store);
    t.store = NULL;
    remove_tree(t.dir);
    assert_err(rf_dir_make(t.dir, 0755, NULL), RF_OK);
    copy_site(s->dir, t.dir);
    open_store();
    for (size_t i = 0; i < t.n; i++)
        replace_lists(&t.phones[i].lists, &s->lists[i]);
    replace_cert(&t.ccm, s->ccm);
    replace_cert(&t.tftp, s->tftp);
    replace_cert(&t.capf, s->capf);
}

static void stage_fini(struct stage *s)
{
    remove_tree(s->dir);
    rf_free(s->dir);
    for (size_t i = 0; i < PHONES; i++)
        rf_lists_fini(&s->lists[i]);
    rf_cert_unref(s->ccm);
    rf_cert_unref(s->tftp);
    rf_cert_unref(s->capf);
}

/* ---- deeds ---- */

static enum rf_setup_what subject;
static struct rf_cert *other_site;

static enum rf_err begin_any(bool is_forced, struct rf_why *why)
{
    struct rf_setup_run run = run_of(is_forced);
    RF_AUTO(rf_setup_rotation_fini) struct rf_setup_rotation r = {0};
    RF_AUTO(rf_secret_fini) struct rf_secret passphrase = {.len = 0};
    assert_err(rf_secret_set(&passphrase, rf_slice_str(PASSPHRASE)), RF_OK);
    return subject == RF_SETUP_MOVE ? rf_setup_rotation_move(&run, other_site, &r, why)
                                    : rf_setup_rotation_begin(&run, subject, &passphrase, &r, why);
}

static void do_begin(void)
{
    struct rf_why why = {0};
    (void)!begin_any(false, &why);
}

static void do_next(void)
{
    enum rf_setup_step step;
    struct rf_why why = {0};
    (void)!next(&step, false, &why);
}

static void do_abort(void)
{
    enum rf_setup_step step;
    struct rf_why why = {0};
    (void)!give_up(&step, &why);
}

static void load(struct rf_setup_rotation *out)
{
    struct rf_setup_run run = run_of(false);
    struct rf_why why = {0};
    enum rf_err err = rf_setup_rotation_load(&run, out, &why);
    assert_string_equal(why.text, "");
    assert_err(err, RF_OK);
}

static enum rf_setup_step step_now(bool *is_broken_off)
{
    RF_AUTO(rf_setup_rotation_fini) struct rf_setup_rotation r = {0};
    load(&r);
    if (is_broken_off != NULL)
        *is_broken_off = r.is_broken_off;
    return r.step;
}

/* ---- what has to be at the end ---- */

static enum rf_err must_be_none(void *arg, const char *name)
{
    const char *of = arg;
    bool is_ours = of[0] == '\0'
                       ? strncmp(name, "next-", 5) == 0 || strncmp(name, "old-", 4) == 0 ||
                             strcmp(name, "rotation") == 0
                       : true;
    /* Files of which a kill left the unfinished copy are the file layer's. */
    if (is_ours && strstr(name, ".new.") == NULL)
        fail_msg("%s%s is left", of, name);
    return RF_OK;
}

static void assert_pair(enum rf_site_item key_item, enum rf_site_item cert_item,
                        bool has_passphrase)
{
    RF_AUTO(rf_freep) char *path = rf_site_path_in(t.dir, key_item);
    RF_AUTO(rf_secret_fini) struct rf_secret passphrase = {.len = 0};
    RF_AUTO(rf_cert_freep) struct rf_cert *cert = cert_at(cert_item);
    RF_AUTO(rf_key_freep) struct rf_key *key = NULL;
    assert_err(rf_secret_set(&passphrase, rf_slice_str(PASSPHRASE)), RF_OK);
    if (key_item == RF_SITE_KEY_SAST2 && !rf_file_exists(path))
        return; /* taken away */
    assert_err(rf_key_load(path, has_passphrase ? &passphrase : NULL, &key, NULL), RF_OK);
    assert_true(rf_key_matches(key, cert));
}

static void assert_whole(void)
{
    static const enum rf_site_item folders[] = {RF_SITE_KEYS, RF_SITE_CERTS, RF_SITE_TRUST};
    struct rf_setup_run run = run_of(false);
    RF_AUTO(rf_setup_lists_fini) struct rf_setup_lists lists = {0};
    RF_AUTO(rf_freep) char *issuers = rf_site_path_in(t.dir, RF_SITE_LSC_ISSUERS);
    for (size_t i = 0; i < sizeof folders / sizeof *folders; i++) {
        RF_AUTO(rf_freep) char *folder = rf_site_path_in(t.dir, folders[i]);
        assert_err(rf_dir_each(folder, must_be_none, (char[]){""}, NULL), RF_OK);
    }
    if (rf_file_exists(issuers))
        assert_err(rf_dir_each(issuers, must_be_none, (char[]){"lsc-issuers/"}, NULL), RF_OK);
    assert_pair(RF_SITE_KEY_TFTP, RF_SITE_CERT_TFTP, false);
    assert_pair(RF_SITE_KEY_TVS, RF_SITE_CERT_TVS, false);
    assert_pair(RF_SITE_KEY_SAST1, RF_SITE_CERT_SAST1, false);
    assert_pair(RF_SITE_KEY_SAST2, RF_SITE_CERT_SAST2, true);
    assert_pair(RF_SITE_KEY_LSC_ISSUER, RF_SITE_CERT_LSC_ISSUER, false);
    assert_err(rf_setup_publish(&run, &lists, NULL), RF_OK);
    assert_false(lists.is_new[RF_LIST_CTL] || lists.is_new[RF_LIST_ITL]);
    server_starts();
    all_boot();
    for (size_t i = 0; i < t.n; i++) { /* each took what lies there */
        assert_string_equal(rf_list_fingerprint(t.phones[i].lists.ctl),
                            rf_list_fingerprint(lists.list[RF_LIST_CTL]));
        assert_string_equal(rf_list_fingerprint(t.phones[i].lists.itl),
                            rf_list_fingerprint(lists.list[RF_LIST_ITL]));
    }
}

/* The administrator does what the refusals say, until there is no rotation any more. Phones that
 * nobody resets believe the server all the while. */
static void settle(bool goes_on)
{
    bool is_broken_off = false;
    for (int tries = 0; step_now(&is_broken_off) != RF_SETUP_NONE; tries++) {
        enum rf_setup_step step;
        struct rf_why why = {0};
        assert_in_range(tries, 0, 7);
        enum rf_err err = goes_on ? next(&step, false, &why) : give_up(&step, &why);
        all_register();
        if (strcmp(why.code, "rotation-waits") == 0)
            all_boot();
        else if (strcmp(why.code, "rotation-restart") == 0)
            server_starts();
        else if (strcmp(why.code, "rotation-forgotten") == 0 || strcmp(why.code, "move-last") == 0)
            goes_on = !goes_on;
        else if (err != RF_OK)
            fail_msg("%s: %s", why.code, why.text);
    }
    assert_false(is_broken_off);
    assert_whole();
}

/* ---- the walk ---- */

/* As `./check slow` asks for: every walk, and in it every cut. Else a few, other ones for each
 * step. */
static bool walks_all(void)
{
    const char *walk = getenv("RINGFENCE_WALK");
    return walk != NULL && strcmp(walk, "all") == 0;
}

static long stride(void)
{
    return walks_all() ? 1 : 12;
}

static long first_cut(void)
{
    static long n;
    return n++ % stride();
}

static void walk_deed(const char *name, deed what, bool with_errors)
{
    struct stage before = stage_keep();
    for (int mode = 0; mode <= with_errors; mode++) {
        bool was_cut = true;
        for (long at = first_cut(); was_cut; at += stride()) {
            stage_bring_back(&before);
            was_cut = does_cut(what, at, mode == 1);
            assert_true(was_cut || at > 2); /* else nothing was cut at all */
            struct stage after = stage_keep();
            for (int way = 0; way < 2; way++) {
                print_message("%s of %s, %s at %ld, then %s\n", name, rf_setup_what_name(subject),
                              mode == 0 ? "killed" : "refused", at, way == 0 ? "next" : "abort");
                stage_bring_back(&after);
                all_register();
                assert_true(boots(&t.phones[0])); /* the other one keeps what it has */
                settle(way == 0);
            }
            stage_fini(&after);
        }
    }
    stage_bring_back(&before);
    stage_fini(&before);
}

static void walk(enum rf_setup_what what, bool with_errors)
{
    enum rf_setup_step step;
    struct rf_why why = {0};
    subject = what;
    add_phone();
    add_phone();
    all_boot();
    walk_deed("begin", do_begin, with_errors);
    assert_err(begin_any(false, &why), RF_OK);
    bool has_two = what != RF_SETUP_MOVE && what != RF_SETUP_LSC_ISSUER;
    for (int i = 0; i <= has_two && step_now(NULL) != RF_SETUP_NONE; i++) {
        all_boot();
        server_starts();
        if (what != RF_SETUP_MOVE)
            walk_deed(i == 0 ? "first next" : "second next", do_next, with_errors);
        walk_deed(i == 0 ? "first abort" : "second abort", do_abort, with_errors);
        if (i == 0 && has_two)
            assert_err(next(&step, false, NULL), RF_OK);
    }
}

static void a_signer_of_files(void **state)
{
    (void)state;
    walk(RF_SETUP_TFTP, false);
}

static void the_signer_of_lists(void **state)
{
    (void)state;
    walk(RF_SETUP_SAST, true);
}

static void the_spare_whose_key_lies_there_still(void **state)
{
    (void)state;
    walk(RF_SETUP_SAST2, true);
}

static void the_spare_whose_key_was_taken_away(void **state)
{
    (void)state;
    RF_AUTO(rf_freep) char *path = rf_site_path_in(t.dir, RF_SITE_KEY_SAST2);
    assert_err(rf_file_remove(path, NULL), RF_OK);
    walk(RF_SETUP_SAST2, false);
}

static void the_issuer(void **state)
{
    (void)state;
    walk(RF_SETUP_LSC_ISSUER, false);
}

static void a_move(void **state)
{
    (void)state;
    RF_AUTO(rf_vault_freep) struct rf_vault_key *vault = NULL;
    RF_AUTO(rf_cert_freep) struct rf_cert *theirs = another_sast(&vault);
    other_site = theirs;
    walk(RF_SETUP_MOVE, false);
}

/* ---- the second SAST takes over ---- */

static struct rf_key *second; /* as the administrator has it, elsewhere */

static struct rf_key *second_there(void)
{
    RF_AUTO(rf_freep) char *path = rf_site_path_in(t.dir, RF_SITE_KEY_SAST2);
    RF_AUTO(rf_secret_fini) struct rf_secret passphrase = {.len = 0};
    struct rf_key *key = NULL;
    assert_err(rf_secret_set(&passphrase, rf_slice_str(PASSPHRASE)), RF_OK);
    assert_err(rf_key_load(path, &passphrase, &key, NULL), RF_OK);
    return key;
}

static enum rf_err recover(const struct rf_key *key, struct rf_why *why)
{
    struct rf_setup_run run = run_of(false);
    RF_AUTO(rf_setup_lists_fini) struct rf_setup_lists lists = {0};
    RF_AUTO(rf_secret_fini) struct rf_secret passphrase = {.len = 0};
    assert_err(rf_secret_set(&passphrase, rf_slice_str(PASSPHRASE)), RF_OK);
    return rf_setup_recover(&run, key, &passphrase, &lists, why);
}

static void do_recover(void)
{
    struct rf_why why = {0};
    (void)!recover(second, &why);
}

static void lose_first_sast(void)
{
    RF_AUTO(rf_freep) char *path = rf_site_path_in(t.dir, RF_SITE_KEY_SAST1);
    assert_err(rf_file_remove(path, NULL), RF_OK);
}

static void a_recovery_is_begun_again_with_the_same_key(void **state)
{
    (void)state;
    RF_AUTO(rf_key_freep) struct rf_key *key = second_there();
    second = key;
    add_phone();
    add_phone();
    all_boot();
    lose_first_sast();
    struct stage before = stage_keep();
    for (int mode = 0; mode < 2; mode++) {
        bool was_cut = true;
        for (long at = first_cut(); was_cut; at += stride()) {
            struct rf_why why = {0};
            stage_bring_back(&before);
            was_cut = does_cut(do_recover, at, mode == 1);
            print_message("recovery %s at %ld\n", mode == 0 ? "killed" : "refused", at);
            assert_true(boots(&t.phones[0]));
            enum rf_err err = recover(key, &why);
            if (was_cut || err == RF_OK)
                assert_string_equal(why.text, "");
            else /* it was done */
                assert_non_null(strstr(why.text, "rotate begin sast2"));
            assert_whole();
        }
    }
    stage_fini(&before);
}

/* Which of two spares phones know is not decided by what lies in certs/. */
static void recovery_after_a_change_of_the_spare_that_broke_off(void **state)
{
    (void)state;
    RF_AUTO(rf_key_freep) struct rf_key *key = second_there();
    RF_AUTO(rf_freep) char *path = rf_site_path_in(t.dir, RF_SITE_KEY_SAST2);
    subject = RF_SETUP_SAST2;
    add_phone();
    all_boot();
    assert_err(rf_file_remove(path, NULL), RF_OK);
    struct stage before = stage_keep();
    bool was_cut = true;
    for (long at = first_cut(); was_cut; at += stride()) {
        struct rf_why why = {0};
        stage_bring_back(&before);
        was_cut = does_cut(do_begin, at, false);
        print_message("begin of sast2 killed at %ld, then recovery\n", at);
        lose_first_sast();
        if (recover(key, &why) != RF_OK) { /* phones shall have the new one, and its key is known */
            RF_AUTO(rf_key_freep) struct rf_key *made = second_there();
            assert_true(strcmp(why.code, "recover-key") == 0 ||
                        strcmp(why.code, "list-strands") == 0);
            all_boot();
            assert_err(recover(made, NULL), RF_OK);
        }
        assert_whole();
    }
    stage_fini(&before);
}

/* What the recovery took is not brought back into the second's place. */
static void a_recovery_that_breaks_off_as_well(void **state)
{
    (void)state;
    RF_AUTO(rf_key_freep) struct rf_key *key = second_there();
    RF_AUTO(rf_cert_freep) struct rf_cert *cert = cert_at(RF_SITE_CERT_SAST2);
    bool was_cut = true;
    second = key;
    subject = RF_SETUP_SAST2;
    add_phone();
    all_boot();
    assert_true(does_cut(do_begin, 5, false));
    assert_true(step_now(NULL) != RF_SETUP_NONE);
    lose_first_sast();
    struct stage before = stage_keep();
    for (long at = first_cut(); was_cut; at += stride()) {
        struct rf_why why = {0};
        stage_bring_back(&before);
        was_cut = does_cut(do_recover, at, false);
        print_message("recovery killed at %ld\n", at);
        if (recover(key, &why) != RF_OK) /* it was done */
            assert_non_null(strstr(why.text, "rotate begin sast2"));
        settle(true);
        RF_AUTO(rf_cert_freep) struct rf_cert *first = cert_at(RF_SITE_CERT_SAST1);
        RF_AUTO(rf_cert_freep) struct rf_cert *spare = cert_at(RF_SITE_CERT_SAST2);
        assert_true(rf_cert_eq(first, cert));
        assert_false(rf_cert_eq(spare, cert));
    }
    stage_fini(&before);
}

int main(void)
{
    const struct CMUnitTest some[] = {
        AT_TOWN(a_signer_of_files),
        AT_TOWN(the_issuer),
        AT_TOWN(a_recovery_is_begun_again_with_the_same_key),
    };
    const struct CMUnitTest others[] = {
        AT_TOWN(the_signer_of_lists),
        AT_TOWN(the_spare_whose_key_lies_there_still),
        AT_TOWN(the_spare_whose_key_was_taken_away),
        AT_TOWN(a_move),
        AT_TOWN(recovery_after_a_change_of_the_spare_that_broke_off),
        AT_TOWN(a_recovery_that_breaks_off_as_well),
    };
    int failed = cmocka_run_group_tests(some, group_setup, group_teardown);
    if (failed == 0 && walks_all())
        failed = cmocka_run_group_tests(others, group_setup, group_teardown);
    return failed;
}
