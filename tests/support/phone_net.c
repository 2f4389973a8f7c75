/* SPDX-License-Identifier: Apache-2.0 */
#include "phone_net.h"

#include "unit.h"

static enum rf_err link_open(void *arg, const struct rf_phone_link_conf *conf, void **out,
                             struct rf_why *why)
{
    struct net *net = arg;
    if (net->refuse_open != NULL)
        return rf_why_set(why, RF_ERR_BAD, net->refuse_open, "refused by the test");
    assert_true(net->n < NET_LINKS);
    struct net_link *l = rf_new(struct net_link);
    net->links[net->n++] = l;
    l->net = net;
    snprintf(l->name, sizeof l->name, "%s", conf->name);
    snprintf(l->host, sizeof l->host, "%s", conf->host);
    l->port = conf->port;
    l->has_tls = conf->has_tls;
    l->wants_no_encryption = conf->wants_no_encryption;
    if (conf->id != NULL && conf->id->cert != NULL) {
        l->own = rf_cert_ref(conf->id->cert);
        l->own_chain_n = conf->id->chain.n;
        assert_true(rf_key_matches(conf->id->key, l->own));
    }
    l->calls = conf->calls;
    l->arg = conf->arg;
    l->in = RF_BUF((size_t)64 * 1024);
    l->out = RF_BUF((size_t)256 * 1024);
    *out = l;
    return RF_OK;
}

static enum rf_err link_write(void *link, struct rf_slice bytes)
{
    struct net_link *l = link;
    assert_false(l->is_gone);
    if (!l->is_open || l->is_closing)
        return RF_ERR_IO;
    if (l->net->is_full)
        return RF_ERR_LIMIT;
    assert_err(rf_buf_add_slice(&l->out, bytes), RF_OK);
    l->writes++;
    return RF_OK;
}

static void link_close(void *link, const struct rf_why *why)
{
    struct net_link *l = link;
    assert_false(l->is_gone || l->is_closing);
    l->is_closing = true;
    rf_why_set(&l->close_why, RF_OK, "closed-here", "closed here");
    if (why != NULL)
        l->close_why = *why;
}

static void link_forget(void *link)
{
    struct net_link *l = link;
    assert_false(l->is_gone);
    l->is_gone = true;
}

const struct rf_phone_link_ops *net_ops(void)
{
    static const struct rf_phone_link_ops ops = {
        .open = link_open, .write = link_write, .close = link_close, .forget = link_forget};
    return &ops;
}

void net_fini(struct net *net)
{
    for (size_t i = 0; i < net->n; i++) {
        assert_true(net->links[i]->is_gone); /* nothing is left behind */
        rf_cert_unref(net->links[i]->own);
        rf_buf_fini(&net->links[i]->in);
        rf_buf_fini(&net->links[i]->out);
        rf_free(net->links[i]);
    }
    *net = (struct net){0};
}

struct net_link *net_last(struct net *net)
{
    assert_true(net->n > 0);
    return net->links[net->n - 1];
}

static void end(struct net_link *l, const struct rf_why *why)
{
    l->is_gone = true;
    l->is_open = false;
    l->calls->on_close(l->arg, why);
}

void net_break(struct net_link *l, const char *code)
{
    struct rf_why why = {0};
    rf_why_set(&why, RF_ERR_IO, code, "the link ended");
    assert_false(l->is_gone);
    end(l, &why);
}

void net_accept(struct net_link *l, const struct rf_cert *cert, const char *suite)
{
    struct rf_why why = {0};
    assert_false(l->is_gone || l->is_open);
    if (l->is_closing)
        return;
    if (l->has_tls && l->calls->verify(l->arg, cert, &why) != RF_OK) {
        end(l, &why);
        return;
    }
    l->is_open = true;
    struct rf_phone_link_info info = {.local = l->net->local != NULL ? l->net->local : "10.1.2.3",
                                      .has_tls = l->has_tls,
                                      .is_encrypted = l->has_tls && suite != NULL,
                                      .tls_version = l->has_tls ? "TLSv1.3" : "",
                                      .suite = !l->has_tls     ? ""
                                               : suite != NULL ? suite
                                                               : "NULL-SHA",
                                      .cert = l->has_tls ? cert : NULL};
    l->calls->on_open(l->arg, &info);
}

void net_give(struct net_link *l, struct rf_slice bytes)
{
    assert_true(l->is_open && !l->is_gone);
    assert_err(rf_buf_add_slice(&l->in, bytes), RF_OK);
    if (l->is_closing)
        return;
    size_t used = l->calls->on_data(l->arg, rf_buf_slice(&l->in));
    assert_true(used <= l->in.len);
    rf_buf_drop(&l->in, used);
}

struct rf_slice net_taken(const struct net_link *l)
{
    return rf_buf_slice(&l->out);
}

void net_drop(struct net_link *l, size_t n)
{
    rf_buf_drop(&l->out, n);
}

bool net_settle(struct net *net)
{
    bool any = false;
    for (size_t i = 0; i < net->n; i++) {
        struct net_link *l = net->links[i];
        if (!l->is_closing || l->is_gone)
            continue;
        any = true;
        end(l, &l->close_why);
    }
    return any;
}
