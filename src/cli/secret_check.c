#include "cli/secret_check.h"

#include <string.h>

/* Shorter ones would be found in words; AWS's have 40 characters and more. */
enum { SECRET_MINIMUM_BYTES = 12 };

static int refuse(const char *place, const char *where, struct gs3_err *err)
{
    return gs3_fail(err, GS3_EUSAGE,
                    "%s%s holds an AWS secret: take it out, and replace the secret, which the "
                    "shell's history has now",
                    place, where);
}

int gs3_secret_check(const struct gs3_args *args, const struct gs3_env *env, const char *secret,
                     struct gs3_err *err)
{
    if (!secret || strlen(secret) < SECRET_MINIMUM_BYTES)
        return 0;
    for (size_t i = 0; i < args->positional_count; i++)
        if (strstr(args->positional[i], secret))
            return refuse("an argument", "", err);
    /* Every value that was given, also where a later one counts. */
    for (size_t i = 0; i < args->given_count; i++)
        if (strstr(args->given[i].value, secret))
            return refuse(args->given[i].option->name, "", err);
    for (size_t i = 0; i < GS3_OPTION_COUNT; i++) {
        const char *variable = gs3_options[i].variable;
        const char *value = variable ? gs3_env_get(env, variable) : NULL;
        if (value && strstr(value, secret))
            return refuse("the variable ", variable, err);
    }
    return 0;
}

int gs3_secret_check_environment(const struct gs3_args *args, const struct gs3_env *env,
                                 struct gs3_err *err)
{
    static const char *const names[] = {"AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN",
                                        "AWS_SECURITY_TOKEN"};
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++)
        if (gs3_secret_check(args, env, gs3_env_get(env, names[i]), err))
            return -1;
    return 0;
}
