#include "crypto/secret.h"

#include <openssl/crypto.h>
#include <string.h>

#include "base/mem.h"

void gs3_secret_set(struct gs3_secret *secret, const char *text, size_t length_bytes)
{
    char *copy = NULL;
    if (text) {
        copy = gs3_xmalloc(length_bytes + 1);
        memcpy(copy, text, length_bytes);
        copy[length_bytes] = '\0';
    }
    gs3_secret_release(secret); /* only now: `text` may lie in the old value */
    secret->text = copy;
    secret->length_bytes = copy ? length_bytes : 0;
}

void gs3_secret_copy(struct gs3_secret *to, const struct gs3_secret *from)
{
    gs3_secret_set(to, from->text, from->length_bytes);
}

bool gs3_secret_equal(const struct gs3_secret *a, const struct gs3_secret *b)
{
    if (!a->text || !b->text || a->length_bytes != b->length_bytes)
        return false;
    return CRYPTO_memcmp(a->text, b->text, a->length_bytes) == 0;
}

void gs3_secret_release(struct gs3_secret *secret)
{
    gs3_secret_wipe(secret->text, secret->length_bytes);
    free(secret->text);
    *secret = (struct gs3_secret)GS3_SECRET_INIT;
}

void gs3_secret_wipe(void *data, size_t length_bytes)
{
    if (data && length_bytes > 0)
        OPENSSL_cleanse(data, length_bytes);
}
