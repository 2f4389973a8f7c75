/* SPDX-License-Identifier: Apache-2.0 */
/* Our path check against the certificates of NIST's PKITS, as Debian has them. */
#include "pki.h"
#include "pkits.h"

#include "base/faults.h"
#include "base/text.h"
#include "trust/path.h"

/* python3-cryptography-vectors, in tools/packages */
#define PKITS "/usr/lib/python3/dist-packages/cryptography_vectors/x509/PKITS_data"

#define CASES_N (sizeof pkits_cases / sizeof *pkits_cases)

static enum rf_err read_cert(const char *name, struct rf_cert **out, struct rf_why *why)
{
    RF_AUTO(rf_freep) char *path = rf_strf("%s/certs/%s.crt", PKITS, name);
    RF_AUTO(rf_buf_fini) struct rf_buf der = {0};
    assert_err(rf_file_read(path, RF_CERT_DER_MAX, &der, NULL), RF_OK);
    return rf_cert_from_der(rf_buf_slice(&der), out, why);
}

static enum rf_err read_between(const struct pkits_case *c, struct rf_cert_list *list,
                                struct rf_why *why)
{
    struct rf_slice rest = rf_slice_str(c->between), name;
    enum rf_err err = RF_OK;
    while (err == RF_OK && rest.len > 0 && rf_next_piece(&rest, ' ', &name)) {
        RF_AUTO(rf_cert_freep) struct rf_cert *cert = NULL;
        char text[128];
        assert_true(rf_slice_to_str(name, text, sizeof text));
        err = read_cert(text, &cert, why);
        assert_true(err != RF_OK || rf_cert_list_add(list, cert));
    }
    return err;
}

/* All lists of the suite at once, as they are: which of them counts, and for whom, is what the path
 * check has to find out. Those of delta CRLs and distribution points name issuers of their own. */
static struct rf_revocation *lists;

struct reading {
    struct rf_crl *crl[RF_REVOCATION_CRLS_MAX];
    size_t n;
};

static enum rf_err read_list(void *arg, const char *name)
{
    struct reading *all = arg;
    RF_AUTO(rf_freep) char *path = rf_strf("%s/crls/%s", PKITS, name);
    RF_AUTO(rf_buf_fini) struct rf_buf der = {0};
    assert_err(rf_file_read(path, RF_CRL_BYTES_MAX, &der, NULL), RF_OK);
    assert_true(all->n < RF_REVOCATION_CRLS_MAX);
    assert_err(rf_crl_parse(rf_buf_slice(&der), &all->crl[all->n++], NULL), RF_OK);
    return RF_OK;
}

static int read_lists(void **state)
{
    (void)state;
    struct reading all = {.n = 0};
    lists = rf_revocation_new(NULL, NULL);
    assert_err(rf_dir_each(PKITS "/crls", read_list, &all, NULL), RF_OK);
    assert_int_equal(all.n, 173);
    const struct rf_revocation_conf conf = {
        .mode = RF_REVOCATION_STRICT, .crls = all.crl, .n_crls = all.n};
    assert_err(rf_revocation_set(lists, &conf, NULL), RF_OK);
    for (size_t i = 0; i < all.n; i++)
        rf_crl_unref(all.crl[i]);
    return 0;
}

static int free_lists(void **state)
{
    (void)state;
    rf_revocation_free(lists);
    return 0;
}

/* What a peer's certificates go through: each is parsed, then the path is checked. */
static enum rf_err judge(const struct pkits_case *c, struct rf_why *why)
{
    RF_AUTO(rf_cert_freep) struct rf_cert *root = NULL, *leaf = NULL;
    RF_AUTO(rf_anchors_freep) struct rf_anchors *anchors = rf_anchors_new(RF_PURPOSE_SIGNALLING);
    RF_AUTO(rf_cert_list_fini) struct rf_cert_list between = {0};
    RF_AUTO(rf_freep) char *name = rf_strf("%sEE", c->leaf);
    const struct rf_path_policy policy = {
        .now_s = TEST_NOW, .is_lsc_purpose = true, .revocation = lists};
    assert_err(read_cert("TrustAnchorRootCertificate", &root, NULL), RF_OK);
    assert_err(rf_anchors_add(anchors, root, NULL), RF_OK);
    enum rf_err err = read_between(c, &between, why);
    if (err == RF_OK)
        err = read_cert(name, &leaf, why);
    return err == RF_OK ? rf_path_check(anchors, leaf, &between, &policy, NULL, why) : err;
}

static const char *answer(const struct pkits_case *c)
{
    static char code[sizeof((struct rf_why *)NULL)->code];
    struct rf_why why = {0};
    if (judge(c, &why) == RF_OK)
        return NULL;
    snprintf(code, sizeof code, "%s", why.code);
    return code;
}

static bool is_same(const char *got, const char *want)
{
    return (got == NULL) == (want == NULL) && (got == NULL || strcmp(got, want) == 0);
}

static const struct pkits_case *case_of(const char *number)
{
    for (size_t i = 0; i < CASES_N; i++)
        if (strcmp(pkits_cases[i].number, number) == 0)
            return &pkits_cases[i];
    fail_msg("no case %s", number);
    return NULL;
}

static void every_case_gets_its_answer(void **state)
{
    (void)state;
    size_t wrong_n = 0;
    for (size_t i = 0; i < CASES_N; i++) {
        const struct pkits_case *c = &pkits_cases[i];
        const char *got = answer(c);
        if (is_same(got, c->code))
            continue;
        print_error("%s %s: %s, want %s\n", c->number, c->leaf, got != NULL ? got : "accepted",
                    c->code != NULL ? c->code : "accepted");
        wrong_n++;
    }
    assert_int_equal(wrong_n, 0);
}

/* The table itself: where we differ from PKITS the row says so, and it says so nowhere else. */
static void each_difference_is_named(void **state)
{
    (void)state;
    for (size_t i = 0; i < CASES_N; i++) {
        const struct pkits_case *c = &pkits_cases[i];
        bool is_accepted = c->code == NULL, is_valid = c->verdict == VALID;
        /* Nothing that PKITS refuses is accepted. */
        bool is_known = is_accepted == is_valid || is_valid;
        enum pkits_relation want = is_accepted == is_valid ? AGREES : STRICTER;
        if (!is_known || c->relation != want)
            fail_msg("%s: the row's relation is not what its answer says", c->number);
        assert_int_equal(rf_slice_starts_with(rf_slice_str(c->leaf), "Valid"), is_valid);
    }
}

static void no_case_is_left_out(void **state)
{
    (void)state;
    static const struct {
        unsigned section;
        unsigned n;
    } sections[] = {{1, 6}, {2, 8}, {3, 11}, {4, 21}, {5, 8}, {6, 17}, {7, 5}, {13, 38}, {16, 2}};
    size_t n = 0;
    for (size_t i = 0; i < sizeof sections / sizeof *sections; i++)
        for (unsigned k = 1; k <= sections[i].n; k++, n++) {
            char number[16];
            snprintf(number, sizeof number, "4.%u.%u", sections[i].section, k);
            const struct pkits_case *c = case_of(number);
            RF_AUTO(rf_freep) char *tail = rf_strf("Test%u", k);
            assert_true(rf_slice_ends_with(rf_slice_str(c->leaf), tail));
        }
    assert_int_equal(n, CASES_N);
}

/* Our own rules that refuse what PKITS would look at. */
#define OWN_RULES "path.leaf-not-ca,cert.key-type,path.digest"

/* Without them the path is judged as PKITS does. */
static void below_our_own_rules_the_path_is_judged_the_same(void **state)
{
    (void)state;
    static const struct {
        const char *number, *code;
    } rows[] = {
        {"4.1.4", NULL},           {"4.6.6", "path-length"},  {"4.6.8", NULL},
        {"4.6.10", "path-length"}, {"4.6.12", "path-length"}, {"4.6.14", NULL},
        {"4.13.20", "path-other"},
    };
    const char *before = getenv("RINGFENCE_SKIP_CHECKS");
    RF_AUTO(rf_freep) char *kept = before != NULL ? rf_strdup(before) : NULL;
    setenv("RINGFENCE_SKIP_CHECKS", OWN_RULES, 1);
    /* Builds without the hooks have no way to put a rule off. */
    bool is_off = rf_fault_skips("path.leaf-not-ca");
    for (size_t i = 0; is_off && i < sizeof rows / sizeof *rows; i++) {
        const char *got = answer(case_of(rows[i].number));
        if (!is_same(got, rows[i].code))
            fail_msg("%s: %s", rows[i].number, got != NULL ? got : "accepted");
    }
    if (kept != NULL)
        setenv("RINGFENCE_SKIP_CHECKS", kept, 1);
    else
        unsetenv("RINGFENCE_SKIP_CHECKS");
}

/* The names of 4.13.12 alone fill the text of a refusal. */
static void the_reason_is_told_however_long_the_names_are(void **state)
{
    (void)state;
    struct rf_why why = {0};
    assert_refused(judge(case_of("4.13.12"), &why), RF_ERR_DENIED, why, "path-other");
    assert_non_null(strstr(why.text, "permitted subtree violation"));
    why = (struct rf_why){0};
    assert_refused(judge(case_of("4.16.2"), &why), RF_ERR_DENIED, why, "path-other");
    assert_non_null(strstr(why.text, "critical extension"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_case_gets_its_answer),
        cmocka_unit_test(each_difference_is_named),
        cmocka_unit_test(no_case_is_left_out),
        cmocka_unit_test(below_our_own_rules_the_path_is_judged_the_same),
        cmocka_unit_test(the_reason_is_told_however_long_the_names_are),
    };
    return cmocka_run_group_tests(tests, read_lists, free_lists);
}
