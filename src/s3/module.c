#include "s3/module.h"

#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>

#include "base/mem.h"

/* Whose files are trusted as much as the program itself. */
static uid_t owner_of_program(void)
{
    struct stat program;
    return stat("/proc/self/exe", &program) == 0 ? program.st_uid : 0;
}

static int check_file(const char *path, bool is_directory, struct gs3_err *err)
{
    struct stat found;
    if (lstat(path, &found))
        return gs3_fail_errno(err, GS3_ECONFIG, errno, "%s", path);
    if (is_directory ? !S_ISDIR(found.st_mode) : !S_ISREG(found.st_mode))
        return gs3_fail(err, GS3_ECONFIG, "%s is not a %s", path,
                        is_directory ? "directory" : "regular file");
    if (found.st_uid != 0 && found.st_uid != owner_of_program())
        return gs3_fail(err, GS3_ECONFIG, "%s belongs neither to root nor to the owner of gs3",
                        path);
    if (found.st_mode & (S_IWGRP | S_IWOTH))
        return gs3_fail(err, GS3_ECONFIG, "%s can be written by others than its owner: chmod go-w",
                        path);
    return 0;
}

static int check(const struct gs3_s3_module *module, const char *path, struct gs3_err *err)
{
    if (!module)
        return gs3_fail(err, GS3_ECONFIG, "%s is not a module of gs3", path);
    if (module->abi != GS3_S3_MODULE_ABI || module->send_bytes != sizeof(struct gs3_v2_send) ||
        module->settings_bytes != sizeof(struct gs3_v2_settings) || !module->release ||
        strcmp(module->release, PACKAGE_VERSION) != 0)
        return gs3_fail(err, GS3_ECONFIG,
                        "%s is the module of another gs3 than this one, " PACKAGE_VERSION, path);
    return 0;
}

static const struct gs3_s3_module *load(const char *directory, const char *path,
                                        struct gs3_err *err)
{
    if (check_file(directory, true, err) || check_file(path, false, err))
        return NULL;
    void *handle = dlopen(path, RTLD_NOW | RTLD_LOCAL);
    if (!handle) {
        const char *reason = dlerror();
        gs3_fail(err, GS3_ECONFIG, "%s", reason ? reason : path);
        return NULL;
    }
    const struct gs3_s3_module *module = dlsym(handle, GS3_S3_MODULE_SYMBOL);
    if (!check(module, path, err))
        return module; /* loaded for good: libcurl's threads and handlers do not like to go */
    dlclose(handle);
    return NULL;
}

const struct gs3_s3_module *gs3_s3_module_load(const char *directory, struct gs3_err *err)
{
    gs3_auto_free char *path = gs3_xasprintf("%s/libs3.so", directory);
    const struct gs3_s3_module *module = load(directory, path, err);
    if (!module && err && err->sys_errno == ENOENT)
        gs3_fail(err, GS3_ECONFIG, "%s is not there: install it with a gs3 built --with-libs3",
                 path);
    if (!module)
        gs3_wrap(err, "signature_version = s3 needs gs3's libs3 module");
    return module;
}
