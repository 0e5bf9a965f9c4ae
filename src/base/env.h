/* The process environment as a value: `cli` reads it, everyone else is handed this.
 * Tests hand in their own. */
#ifndef GS3_BASE_ENV_H
#define GS3_BASE_ENV_H

struct gs3_env {
    const char *(*get)(void *context, const char *name); /* NULL: not set */
    void *context;
};

/* The value, or NULL when it is not set or empty: no variable of gs3's contract gives an
 * empty value a meaning of its own. Owned by the environment. */
const char *gs3_env_get(const struct gs3_env *env, const char *name);

#endif
