/* A secret is a type of its own: zeroed on release, never printed, compared in constant time. */
#ifndef GS3_CRYPTO_SECRET_H
#define GS3_CRYPTO_SECRET_H

#include <stdbool.h>
#include <stddef.h>

struct gs3_secret {
    char *text; /* NULL: not set */
    size_t length_bytes;
};

#define GS3_SECRET_INIT                                                                            \
    {                                                                                              \
        .text = NULL                                                                               \
    }

void gs3_secret_set(struct gs3_secret *secret, const char *text, size_t length_bytes); /* copies */
void gs3_secret_copy(struct gs3_secret *to, const struct gs3_secret *from);
static inline bool gs3_secret_is_set(const struct gs3_secret *secret)
{
    return secret->text != NULL;
}
/* Whether both are set and the same; the time depends on the length alone. */
bool gs3_secret_equal(const struct gs3_secret *a, const struct gs3_secret *b);
void gs3_secret_release(struct gs3_secret *secret);
/* Zeroes memory that held a secret (OPENSSL_cleanse). */
void gs3_secret_wipe(void *data, size_t length_bytes);

#define gs3_auto_secret __attribute__((cleanup(gs3_secret_release)))

#endif
