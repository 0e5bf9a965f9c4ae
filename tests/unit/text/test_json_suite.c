/* Every file of JSONTestSuite (github.com/nst/JSONTestSuite), which is not part of this tree:
 * y_ must be read, n_ must be refused, i_ may go either way but must not crash. */
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
#include "text/json.h"

/* What RFC 8259 allows and gs3 refuses on purpose: a key that is there twice can be read two
 * ways, and U+0000 ends a C string early. */
static const char *const REFUSED[] = {
    "y_object_duplicated_key.json",
    "y_object_duplicated_key_and_value.json",
    "y_object_escaped_null_in_key.json",
    "y_string_null_escape.json",
};

static bool is_refused_on_purpose(const char *name)
{
    for (size_t i = 0; i < sizeof REFUSED / sizeof *REFUSED; i++)
        if (gs3_str_equal(name, REFUSED[i]))
            return true;
    return false;
}

static void check_file(const char *directory, const char *name)
{
    char path[PATH_MAX];
    struct gs3_err err = GS3_ERR_INIT;
    gs3_auto_buf struct gs3_buf text = GS3_BUF_INIT(GS3_JSON_BYTES);
    const struct gs3_file_read_opts opts = {.maximum_bytes = GS3_JSON_BYTES};
    snprintf(path, sizeof path, "%s/%s", directory, name);
    assert_int_equal(gs3_file_read(path, &opts, &text, &err), 0);
    /* A copy without the NUL that a buffer adds: reading beyond the end must show. */
    gs3_auto_free char *copy = gs3_xmalloc(text.length_bytes);
    if (text.length_bytes > 0)
        memcpy(copy, text.data, text.length_bytes);
    gs3_auto_json cJSON *json = gs3_json_parse(copy, text.length_bytes, &err);
    bool is_checked = gs3_json_check(copy, text.length_bytes, NULL) == 0;
    if (is_checked != (json != NULL))
        fail_msg("%s: scan and cJSON differ: %s", name, err.message);
    bool is_wanted = name[0] == 'y' && !is_refused_on_purpose(name);
    if (name[0] != 'i' && is_wanted != is_checked)
        fail_msg("%s: %s", name, is_checked ? "was accepted" : err.message);
}

static void json_suite_every_file_is_judged_right(void **state)
{
    const char *root = getenv("GS3_VECTORS");
    char directory[PATH_MAX / 2];
    (void)state;
    snprintf(directory, sizeof directory, "%s/vectors/json/test_parsing", root ? root : "");
    DIR *files = root ? opendir(directory) : NULL;
    if (!files) {
        print_message("# skipped: JSONTestSuite is not there (set GS3_VECTORS)\n");
        skip();
    }
    size_t count = 0;
    for (const struct dirent *entry; (entry = readdir(files));) {
        if (!gs3_str_has_suffix(entry->d_name, ".json"))
            continue;
        check_file(directory, entry->d_name);
        count++;
    }
    closedir(files);
    assert_true(count > 300);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(json_suite_every_file_is_judged_right),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
