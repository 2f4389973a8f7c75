/* SPDX-License-Identifier: Apache-2.0 */
/* ringfenced: the server. Options, then the site, then server.c. */
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "app/ringfenced/server_int.h"
#include "base/file.h"
#include "base/log.h"
#include "base/secret.h"
#include "trust/provider.h"

#define EXIT_USAGE 2

static void help(FILE *out)
{
    fputs("Usage: ringfenced --config FILE | --site DIR [--user NAME]\n"
          "\n"
          "Serves a site that `ringfence init` made: call manager (SCCP over TLS), CAPF, TFTP and\n"
          "the admin API; or, of a survivable router (role = srst), the call manager for phones "
          "whose\n"
          "own is out of reach. Logs to standard error.\n"
          "\n"
          "  --config FILE  the site's ringfence.conf; its folder is the site\n"
          "  --site DIR     the site's folder\n"
          "  --user NAME    started as root: run as this user, to whom the site belongs\n"
          "  --version      the version\n"
          "  --help         this text\n"
          "\n"
          "SIGTERM, SIGINT: end.  SIGHUP: read the configuration again.  SIGUSR1: log counts.\n",
          out);
}

static int usage(const char *text, const char *what)
{
    fprintf(stderr, "ringfenced: %s%s (--help tells)\n", text, what);
    return EXIT_USAGE;
}

/* The folder of FILE, which has to have the name that the site knows it by. */
static char *site_of(const char *file)
{
    const char *slash = strrchr(file, '/');
    const char *name = slash != NULL ? slash + 1 : file;
    if (strcmp(name, rf_site_item_path(RF_SITE_CONF)) != 0)
        return NULL;
    if (slash == NULL)
        return rf_strdup(".");
    return slash == file ? rf_strdup("/") : rf_strf("%.*s", (int)(slash - file), file);
}

static void tell_weak(void *arg, const char *name, const char *value)
{
    if (strcmp(name, "keylog") == 0)
        rf_warn(RF_CAT_MAIN,
                "THE SECRETS OF ALL TLS CONNECTIONS ARE WRITTEN TO %s: whoever reads that file "
                "reads every call's keys. Remove keylog from the configuration when done",
                value);
    else
        rf_warn(RF_CAT_MAIN, "weak choice in force: %s = %s", name, value);
}

static enum rf_err open_site(struct server *s, const char *dir, struct rf_why *why)
{
    enum rf_err err = rf_site_open(dir, &s->site, why);
    if (err != RF_OK)
        return err;
    rf_log_setup(2, (enum rf_log_level)s->site->conf->log_level);
    rf_site_conf_weak(s->site->conf, tell_weak, NULL);
    RF_AUTO(rf_freep) char *run = rf_site_path(s->site, RF_SITE_RUN);
    /* A site out of a backup has none: what lies in it is of the moment. */
    err = rf_dir_make(run, 0755, why);
    return err == RF_OK ? site_lock_take(run, &s->lock, why) : err;
}

static int serve(const char *dir, const char *user_name)
{
    struct server *s = rf_new(struct server);
    struct user user;
    struct rf_why why = {0};
    s->lock.fd = s->signer_fd = -1;
    process_confine();
    enum rf_err err = user_become(user_name, &user, &why);
    if (err == RF_OK)
        err = open_site(s, dir, &why);
    if (err == RF_OK)
        err = server_start(s, &user, &why);
    if (err == RF_OK)
        server_run(s);
    else
        rf_error(RF_CAT_MAIN, "not started: %s code=%s", why.text, why.code);
    server_stop(s);
    rf_site_free(s->site);
    site_lock_release(&s->lock);
    rf_free(s);
    return err == RF_OK ? EXIT_SUCCESS : EXIT_FAILURE;
}

int main(int argc, char **argv)
{
    static const struct option options[] = {
        {"config", required_argument, NULL, 'c'}, {"site", required_argument, NULL, 's'},
        {"user", required_argument, NULL, 'u'},   {"version", no_argument, NULL, 'V'},
        {"help", no_argument, NULL, 'h'},         {0}};
    RF_AUTO(rf_freep) char *dir = NULL;
    const char *user = NULL;
    rf_no_core_file();
    rf_provider_start();
    opterr = 0;
    for (int c; (c = getopt_long(argc, argv, ":h", options, NULL)) != -1;) {
        if (c == 'h') {
            help(stdout);
            return EXIT_SUCCESS;
        }
        if (c == 'V') {
            puts("ringfenced " RF_VERSION);
            return EXIT_SUCCESS;
        }
        if (c == 'u')
            user = optarg;
        else if (c != 'c' && c != 's')
            return usage(argv[optind - 1], c == ':' ? " wants a value" : " is no option");
        else if (dir != NULL)
            return usage("one of --config and --site, once", "");
        else if ((dir = c == 's' ? rf_strdup(optarg) : site_of(optarg)) == NULL)
            return usage(optarg, " is no ringfence.conf: the file of a site has that name");
    }
    if (optind < argc)
        return usage(argv[optind], " is one argument too many");
    if (dir == NULL || dir[0] == '\0') /* "" were the folder / */
        return usage("--config FILE or --site DIR is missing", "");
    return serve(dir, user);
}
