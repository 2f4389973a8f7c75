/* SPDX-License-Identifier: Apache-2.0 */
#include "base/mem.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void *rf_new_bytes(size_t n)
{
    void *p = calloc(1, n > 0 ? n : 1);
    rf_bug_on(p == NULL);
    return p;
}

void *rf_try_alloc(size_t n, size_t limit)
{
    return n <= limit ? calloc(1, n > 0 ? n : 1) : NULL;
}

void rf_free(void *p)
{
    free(p);
}

void rf_freep(void *pp)
{
    void **p = pp;
    free(*p);
    *p = NULL;
}

char *rf_strdup(const char *s)
{
    if (s == NULL)
        return NULL;
    size_t n = strlen(s) + 1;
    char *copy = rf_new_bytes(n);
    memcpy(copy, s, n);
    return copy;
}

char *rf_strf(const char *fmt, ...)
{
    va_list ap;
    va_start(ap, fmt);
    char *s = NULL;
    int n = vasprintf(&s, fmt, ap);
    va_end(ap);
    rf_bug_on(n < 0 || n > 65536);
    return s;
}

uint8_t *rf_buf_room(struct rf_buf *b, size_t n)
{
    if (n > b->max || b->len > b->max - n)
        return NULL;
    size_t need = b->len + n;
    if (need > b->cap) {
        size_t cap = b->cap * 2 > need ? b->cap * 2 : need;
        if (cap < 256)
            cap = 256;
        if (cap > b->max)
            cap = b->max;
        uint8_t *p = realloc(b->p, cap);
        if (p == NULL)
            return NULL;
        b->p = p;
        b->cap = cap;
    }
    return b->p != NULL ? b->p + b->len : (uint8_t *)"";
}

enum rf_err rf_buf_add(struct rf_buf *b, const void *p, size_t n)
{
    if (n > b->max || b->len > b->max - n)
        return RF_ERR_LIMIT;
    uint8_t *to = rf_buf_room(b, n);
    if (to == NULL)
        return RF_ERR_NOMEM;
    if (n > 0)
        memcpy(to, p, n);
    b->len += n;
    return RF_OK;
}

enum rf_err rf_buf_add_slice(struct rf_buf *b, struct rf_slice s)
{
    return rf_buf_add(b, s.p, s.len);
}

enum rf_err rf_buf_addf(struct rf_buf *b, const char *fmt, ...)
{
    va_list ap;
    va_start(ap, fmt);
    char small[512];
    int n = vsnprintf(small, sizeof small, fmt, ap);
    va_end(ap);
    if (n < 0)
        return RF_ERR_BAD;
    if ((size_t)n < sizeof small)
        return rf_buf_add(b, small, (size_t)n);
    uint8_t *to = rf_buf_room(b, (size_t)n + 1);
    if (to == NULL)
        return RF_ERR_LIMIT;
    va_start(ap, fmt);
    vsnprintf((char *)to, (size_t)n + 1, fmt, ap);
    va_end(ap);
    b->len += (size_t)n;
    return RF_OK;
}

void rf_buf_drop(struct rf_buf *b, size_t n)
{
    if (n > b->len)
        n = b->len;
    if (n > 0 && n < b->len)
        memmove(b->p, b->p + n, b->len - n);
    b->len -= n;
}

struct rf_slice rf_buf_slice(const struct rf_buf *b)
{
    return rf_slice_of(b->p, b->len);
}

void rf_buf_fini(struct rf_buf *b)
{
    free(b->p);
    b->p = NULL;
    b->len = b->cap = 0;
}
