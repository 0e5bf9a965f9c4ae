/* Every case of yaml-test-suite (github.com/yaml/yaml-test-suite), which is not part of this tree:
 * no crash, no hang, nothing that the suite marks as an error is read, and none of it is a policy.
 *
 * libyaml 0.2.5 alone reads sixteen of the marked ones: 9C9N 9HCY 9JBA CVW2 DK95/01 EB22 G5U8
 * MUS6/00 MUS6/01 QB6E RHX7 S98Z SU5Z X4QW Y79Y/003 YJV2. The token pass refuses them all. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <dirent.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>

#include "base/file.h"
#include "base/str.h"
#include "policy/load.h"
#include "text/yaml.h"

struct tally {
    size_t valid, errors, read;
};

static void check_case(const char *directory, struct tally *tally)
{
    char path[PATH_MAX];
    struct gs3_err err = GS3_ERR_INIT;
    gs3_auto_buf struct gs3_buf text = GS3_BUF_INIT(GS3_YAML_BYTES);
    const struct gs3_file_read_opts opts = {.maximum_bytes = GS3_YAML_BYTES};
    snprintf(path, sizeof path, "%s/in.yaml", directory);
    assert_int_equal(gs3_file_read(path, &opts, &text, &err), 0);
    gs3_auto_free char *copy = gs3_xmalloc(text.length_bytes);
    if (text.length_bytes > 0)
        memcpy(copy, text.data, text.length_bytes);
    snprintf(path, sizeof path, "%s/error", directory);
    bool is_error = access(path, F_OK) == 0;
    struct gs3_yaml_node *node = gs3_yaml_parse("in.yaml", copy, text.length_bytes, &err);
    if (node && is_error)
        fail_msg("%s: is an error and was read", directory);
    tally->valid += !is_error;
    tally->errors += is_error;
    tally->read += node != NULL;
    gs3_yaml_free(node);
    struct gs3_policy *policy = gs3_policy_parse("in.yaml", copy, text.length_bytes, false, &err);
    if (policy)
        fail_msg("%s: became a policy", directory);
    assert_int_equal(err.class, GS3_EPOLICY);
}

/* Cases are directories with in.yaml, some of them numbered inside the case's own. */
static void check_directory(const char *directory, unsigned depth, struct tally *tally)
{
    char path[PATH_MAX];
    snprintf(path, sizeof path, "%s/in.yaml", directory);
    if (access(path, F_OK) == 0)
        check_case(directory, tally);
    DIR *entries = depth < 2 ? opendir(directory) : NULL;
    for (const struct dirent *entry; entries && (entry = readdir(entries));) {
        if (entry->d_name[0] == '.')
            continue;
        snprintf(path, sizeof path, "%.2000s/%s", directory, entry->d_name);
        check_directory(path, depth + 1, tally);
    }
    if (entries)
        closedir(entries);
}

static void yaml_suite_errors_are_refused_and_nothing_is_a_policy(void **state)
{
    const char *root = getenv("GS3_VECTORS");
    char directory[PATH_MAX / 2];
    struct tally tally = {0};
    (void)state;
    snprintf(directory, sizeof directory, "%s/vectors/yaml", root ? root : "");
    if (!root || access(directory, F_OK) != 0) {
        print_message("# skipped: yaml-test-suite is not there (set GS3_VECTORS)\n");
        skip();
    }
    check_directory(directory, 0, &tally);
    print_message("# %zu valid, %zu errors, %zu of the valid are within gs3's subset\n",
                  tally.valid, tally.errors, tally.read);
    assert_true(tally.errors >= 94);
    assert_true(tally.valid >= 300);
    assert_true(tally.read >= 100);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(yaml_suite_errors_are_refused_and_nothing_is_a_policy),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
