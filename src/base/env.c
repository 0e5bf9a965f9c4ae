#include "base/env.h"

#include <stddef.h>

const char *gs3_env_get(const struct gs3_env *env, const char *name)
{
    if (!env || !env->get)
        return NULL;
    const char *value = env->get(env->context, name);
    return value && *value ? value : NULL;
}
