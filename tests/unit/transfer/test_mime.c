/* Content-Type by the system's tables. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/mem.h"
#include "base/str.h"
#include "transfer/mime.h"

static char mime_types[] = "/tmp/gs3-mime-XXXXXX";
static char globs2[] = "/tmp/gs3-globs-XXXXXX";

static void write_file(char *path, const char *text)
{
    int fd = mkstemp(path);
    assert_true(fd >= 0);
    assert_int_equal(write(fd, text, strlen(text)), (ssize_t)strlen(text));
    close(fd);
}

static int make_tables(void **state)
{
    (void)state;
    write_file(mime_types, "# comment\n"
                           "application/json json map\n"
                           "application/gzip gz\n"
                           "text/first twice\n"
                           "text/second twice\n"
                           "no-type bad\n"
                           "application/x-gtar tar.gz\n");
    write_file(globs2, "# comment\n"
                       "80:text/heavy:*.weighed\n"
                       "50:text/light:*.weighed\n"
                       "50:text/other:*.json\n"
                       "50:text/x-make:makefile*\n"
                       "50:text/flagged:*.flag:cs\n");
    return 0;
}

static int remove_tables(void **state)
{
    (void)state;
    unlink(mime_types);
    unlink(globs2);
    return 0;
}

static void guess_each_name_gives_its_type(void **state)
{
    (void)state;
    static const struct {
        const char *path, *type;
    } rows[] = {
        {"a.json", "application/json"},
        {"d.d/A.JSON", "application/json"},
        {"a.tar.gz", "application/x-gtar"},
        {"a.txt.gz", "application/gzip"},
        {"a.twice", "text/second"},
        {"a.weighed", "text/heavy"},
        {"a.flag", "text/flagged"},
        {"a.bad", NULL},
        {"a.unknown", NULL},
        {"json", NULL},
        {".json", NULL},
        {"d.json/plain", NULL},
        {"a.", NULL},
        {"", NULL},
        {"makefile.x", NULL},
    };
    const struct gs3_mime_tables tables = {.mime_types = mime_types, .globs2 = globs2};
    struct gs3_mime *mime = gs3_mime_new(&tables);
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        gs3_auto_free char *type = gs3_mime_guess(mime, rows[i].path);
        if (!gs3_str_equal(type, rows[i].type))
            fail_msg("%s: %s", rows[i].path, type ? type : "none");
    }
    gs3_mime_free(mime);
}

static void guess_without_tables_gives_none(void **state)
{
    (void)state;
    const struct gs3_mime_tables tables = {.mime_types = "/none/a", .globs2 = "/none/b"};
    struct gs3_mime *mime = gs3_mime_new(&tables);
    assert_null(gs3_mime_guess(mime, "a.json"));
    gs3_mime_free(mime);
}

static void guess_more_extensions_than_slots_finds_all(void **state)
{
    (void)state;
    char path[] = "/tmp/gs3-mime-XXXXXX";
    gs3_auto_free char *text = gs3_xcalloc(5000, 32);
    size_t length = 0;
    for (int i = 0; i < 5000; i++)
        length += (size_t)snprintf(text + length, 32, "text/t%d e%d\n", i, i);
    write_file(path, text);
    const struct gs3_mime_tables tables = {.mime_types = path, .globs2 = "/none"};
    struct gs3_mime *mime = gs3_mime_new(&tables);
    for (int i = 0; i < 5000; i += 7) {
        char name[32], type[32];
        snprintf(name, sizeof name, "f.e%d", i);
        snprintf(type, sizeof type, "text/t%d", i);
        gs3_auto_free char *found = gs3_mime_guess(mime, name);
        assert_string_equal(found, type);
    }
    gs3_mime_free(mime);
    unlink(path);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(guess_each_name_gives_its_type),
        cmocka_unit_test(guess_without_tables_gives_none),
        cmocka_unit_test(guess_more_extensions_than_slots_finds_all),
    };
    return cmocka_run_group_tests(tests, make_tables, remove_tables);
}
