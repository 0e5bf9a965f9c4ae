/* transfer/mime: the type of a name, read for one or once for many: the same answer. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/mem.h"
#include "base/str.h"
#include "transfer/mime.h"

static const char mime_types[] = "# a comment\n"
                                 "application/json json map\n"
                                 "text/first  twice\n"
                                 "text/last\ttwice\n"
                                 "no-slash broken\n"
                                 "text/bad;x broken\n"
                                 "application/gzip gz\n"
                                 "application/x-tar-gz tar.gz\n"
                                 "text/upper UPPER\n"
                                 "text/none\n";
static const char globs2[] = "# a comment\n"
                             "80:text/heavy:*.weight\n"
                             "50:text/light:*.weight\n"
                             "50:text/other:*.json\n"
                             "50:text/globbed:*.gl[o]b\n"
                             "50:text/whole:Makefile\n"
                             "50:text/plain:*.txt:cs\n"
                             "garbage\n";

struct tables {
    char directory[32];
    char *paths[2];
    struct gs3_mime_tables tables;
    struct gs3_mime *mime;
};

static void tables_init(struct tables *tables)
{
    const char *const texts[] = {mime_types, globs2};
    snprintf(tables->directory, sizeof tables->directory, "/tmp/gs3-test-XXXXXX");
    assert_non_null(mkdtemp(tables->directory));
    for (int i = 0; i < 2; i++) {
        tables->paths[i] = gs3_xasprintf("%s/%d", tables->directory, i);
        gs3_auto_fclose FILE *file = fopen(tables->paths[i], "we");
        assert_non_null(file);
        fputs(texts[i], file);
    }
    tables->tables =
        (struct gs3_mime_tables){.mime_types = tables->paths[0], .globs2 = tables->paths[1]};
    tables->mime = gs3_mime_read(&tables->tables);
}

static void tables_release(struct tables *tables)
{
    for (int i = 0; i < 2; i++) {
        unlink(tables->paths[i]);
        free(tables->paths[i]);
    }
    gs3_mime_free(tables->mime);
    rmdir(tables->directory);
}

static void assert_type(const struct tables *tables, const char *path, const char *type)
{
    gs3_auto_free char *guessed = gs3_mime_guess(&tables->tables, path);
    const char *found = gs3_mime_find(tables->mime, path);
    if (!gs3_str_equal(guessed, type) || !gs3_str_equal(found, type))
        fail_msg("%s: %s and %s, not %s", path, guessed ? guessed : "none", found ? found : "none",
                 type ? type : "none");
}

static void gs3_mime_guess_and_find_agree(void **state)
{
    (void)state;
    static const struct {
        const char *path, *type;
    } cases[] = {
        {"a.json", "application/json"}, /* mime.types comes first */
        {"/x.y/a.map", "application/json"},
        {"A.JSON", "application/json"},
        {"a.twice", "text/last"},
        {"a.weight", "text/heavy"},
        {"a.tar.gz", "application/x-tar-gz"}, /* the longest extension */
        {"a.b.gz", "application/gzip"},
        {"tar.gz", "application/gzip"},
        {".tar.gz", "application/gzip"}, /* a name that is all extension has none */
        {".json", NULL},
        {"json", NULL},
        {"a.json.", NULL},
        {"a.json.unknown", NULL},
        {"a.json/b", NULL},
        {"a.upper", "text/upper"},
        {"a.broken", NULL},
        {"a.glob", NULL},
        {"Makefile", NULL},
        {"a.txt", "text/plain"},
        {"", NULL},
        {"/", NULL},
        {".", NULL},
        {"..", NULL},
        {"..json", "application/json"},
        {"a..json", "application/json"},
    };
    struct tables tables;
    tables_init(&tables);
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++)
        assert_type(&tables, cases[i].path, cases[i].type);
    tables_release(&tables);
}

static void gs3_mime_without_tables_knows_nothing(void **state)
{
    (void)state;
    struct tables tables;
    tables_init(&tables);
    for (int i = 0; i < 2; i++)
        unlink(tables.paths[i]);
    gs3_mime_free(tables.mime);
    tables.mime = gs3_mime_read(&tables.tables);
    assert_type(&tables, "a.json", NULL);
    tables_release(&tables);
    gs3_mime_free(NULL);
}

/* Whatever this system's tables hold. */
static void gs3_mime_of_the_system_agrees_with_itself(void **state)
{
    (void)state;
    static const char *const names[] = {"a.json",    "a.html", "a.tar.gz", "a.csv",  "a.parquet",
                                        "a.JPEG",    "a.md",   "a.c",      "a.so.1", "a.yaml",
                                        "a.unknown", "a.xml",  "a.ts",     "a.mp4",  "a.tar.xz"};
    struct tables tables = {.mime = gs3_mime_read(NULL)};
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        gs3_auto_free char *guessed = gs3_mime_guess(NULL, names[i]);
        assert_type(&tables, names[i], guessed);
    }
    gs3_mime_free(tables.mime);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(gs3_mime_guess_and_find_agree),
        cmocka_unit_test(gs3_mime_without_tables_knows_nothing),
        cmocka_unit_test(gs3_mime_of_the_system_agrees_with_itself),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
