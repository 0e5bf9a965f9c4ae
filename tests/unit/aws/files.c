#include "aws/files.h"

#include <errno.h>
#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/mem.h"

/* Variables differ by case, which gs3_pairs_get does not see. */
static struct gs3_pair *find(struct gs3_pairs *variables, const char *name)
{
    for (size_t i = 0; i < variables->count; i++)
        if (strcmp(variables->items[i].name, name) == 0)
            return &variables->items[i];
    return NULL;
}

static const char *get(void *context, const char *name)
{
    const struct gs3_pair *pair = find(context, name);
    return pair ? pair->value : NULL;
}

static void fail(const char *what)
{
    perror(what);
    abort();
}

void files_init(struct files *files)
{
    *files = (struct files){.directory = "/tmp/gs3-aws-XXXXXX"};
    if (!mkdtemp(files->directory))
        fail(files->directory);
    gs3_auto_free char *path = gs3_xasprintf("%s/.aws", files->directory);
    if (mkdir(path, 0700))
        fail(path);
    files->env = (struct gs3_env){.get = get, .context = &files->variables};
    files_set(files, "HOME", files->directory);
}

void files_set(struct files *files, const char *variable, const char *value)
{
    struct gs3_pair *pair = find(&files->variables, variable);
    if (!pair) {
        gs3_pairs_add(&files->variables, variable, value);
        return;
    }
    /* A new pair's strings are the list's, and stay when the pair goes. */
    size_t at = (size_t)(pair - files->variables.items);
    gs3_pairs_add(&files->variables, variable, value);
    files->variables.items[at].value = files->variables.items[--files->variables.count].value;
}

void files_write(struct files *files, const char *name, const char *text)
{
    gs3_auto_free char *path = gs3_xasprintf("%s/.aws/%s", files->directory, name);
    for (char *slash = strchr(path + 1, '/'); slash; slash = strchr(slash + 1, '/')) {
        *slash = '\0';
        if (mkdir(path, 0700) && errno != EEXIST)
            fail(path);
        *slash = '/';
    }
    gs3_auto_fclose FILE *file = fopen(path, "w");
    if (!file || fwrite(text, 1, strlen(text), file) != strlen(text))
        fail(path);
}

static int delete_entry(const char *path, const struct stat *info, int kind, struct FTW *where)
{
    (void)info;
    (void)kind;
    (void)where;
    return remove(path);
}

void files_release(struct files *files)
{
    if (nftw(files->directory, delete_entry, 16, FTW_DEPTH | FTW_PHYS))
        fail(files->directory);
    gs3_pairs_release(&files->variables);
}

int files_load(const struct files *files, const char *profile, struct gs3_aws_config *config,
               struct gs3_err *err)
{
    const struct gs3_aws_config_opts opts = {.profile = profile};
    return gs3_aws_config_load(&files->env, &opts, config, err);
}
