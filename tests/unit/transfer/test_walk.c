/* transfer/walk: the local side of a tree, its order and what it leaves out. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/buf.h"
#include "base/mem.h"
#include "transfer/tree_internal.h"

/* Every test has a directory of its own and works in it. */
static int enter_directory(void **state)
{
    char template[] = "/tmp/gs3-walk-XXXXXX";
    assert_non_null(mkdtemp(template));
    assert_int_equal(chdir(template), 0);
    *state = gs3_xstrdup(template);
    return 0;
}

static void run(const char *command)
{
    int status = system(command); /* NOLINT(cert-env33-c) */
    assert_int_equal(status, 0);
}

static int leave_directory(void **state)
{
    gs3_auto_free char *command =
        gs3_xasprintf("chmod -R u+rwX %s; rm -rf %s", (char *)*state, (char *)*state);
    assert_int_equal(chdir("/"), 0);
    run(command);
    free(*state);
    return 0;
}

static void make_file(const char *path)
{
    FILE *file = fopen(path, "w");
    assert_non_null(file);
    fputs("12345", file);
    fclose(file);
}

/* All that the walk says, a line each: a name, or "! " and the warning with the directory's own
 * name taken out. */
static char *walk_all(const char *root, bool follows, const struct gs3_filters *filters)
{
    struct gs3_err err = GS3_ERR_INIT;
    struct gs3_walk *walk = gs3_walk_open(root, follows, filters, &err);
    if (!walk)
        fail_msg("%s", err.message);
    struct gs3_buf out = GS3_BUF_INIT(1 << 22);
    gs3_auto_free char *absolute = gs3_location_absolute(root);
    struct gs3_tree_name name;
    int status;
    while ((status = gs3_walk_next(walk, &name, &err)) == 1) {
        char *own = name.warning ? strstr(name.warning, absolute) : NULL;
        if (own)
            memmove(own, own + strlen(absolute), strlen(own + strlen(absolute)) + 1);
        gs3_buf_printf(&out, "%s%s\n", name.warning ? "! " : "",
                       name.warning ? name.warning : name.relative);
        if (!name.warning)
            assert_int_equal(name.size_bytes, 5);
        free(name.warning);
    }
    assert_int_equal(status, 0);
    assert_int_equal(gs3_walk_next(walk, &name, &err), 0);
    gs3_walk_close(walk);
    return gs3_buf_take(&out);
}

static void assert_walk(const char *root, bool follows, const char *expected)
{
    gs3_auto_free char *found = walk_all(root, follows, NULL);
    assert_string_equal(found, expected);
}

static void gs3_walk_open_of_no_directory_fails(void **state)
{
    (void)state;
    struct gs3_err err = GS3_ERR_INIT;
    assert_null(gs3_walk_open("gone", true, NULL, &err));
    assert_int_equal(err.class, GS3_EGENERAL);
    assert_string_equal(err.message, "The user-provided path gone does not exist.");
    make_file("file");
    assert_null(gs3_walk_open("file", true, NULL, &err));
    assert_int_equal(err.class, GS3_EGENERAL);
}

static void gs3_walk_next_of_special_files_warns(void **state)
{
    (void)state;
    assert_int_equal(mkfifo("fifo", 0600), 0);
    assert_int_equal(symlink("gone", "dangling"), 0);
    assert_int_equal(symlink("self", "self"), 0);
    assert_int_equal(symlink("/dev/null", "device"), 0);
    make_file("file");
    assert_walk(".", true,
                "! Skipping file /dangling. File does not exist.\n"
                "! Skipping file /device. File is character special device, block special device, "
                "FIFO, or socket.\n"
                "! Skipping file /fifo. File is character special device, block special device, "
                "FIFO, or socket.\n"
                "file\n"
                "! Skipping file /self. File does not exist.\n");
    assert_walk(".", false,
                "! Skipping file /fifo. File is character special device, block special device, "
                "FIFO, or socket.\n"
                "file\n");
}

/* As somebody who is not root: nothing is unreadable to root. */
static void walk_unreadable_as_nobody(void)
{
    const uid_t nobody = 65534;
    if (geteuid() == 0 && setresuid(nobody, nobody, nobody))
        _exit(2);
    gs3_auto_free char *found = walk_all(".", true, NULL);
    const char *expected = "! Skipping file /directory. File/Directory is not readable.\n"
                           "file\n"
                           "! Skipping file /secret. File/Directory is not readable.\n";
    if (strcmp(found, expected) != 0)
        fputs(found, stderr);
    _exit(strcmp(found, expected) != 0);
}

static void gs3_walk_next_of_unreadable_files_warns(void **state)
{
    make_file("file");
    make_file("secret");
    run("mkdir directory && touch directory/x && chmod 0 secret directory");
    assert_int_equal(chmod(*state, 0755), 0);
    pid_t child = fork();
    if (child == 0)
        walk_unreadable_as_nobody();
    int status = 0;
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_true(WIFEXITED(status));
    assert_int_equal(WEXITSTATUS(status), 0);
}

static void gs3_walk_next_of_a_loop_warns_and_ends(void **state)
{
    (void)state;
    run("mkdir -p a/b other && ln -s .. a/b/up && ln -s ../../other a/b/over");
    make_file("a/b/file");
    make_file("other/file");
    assert_walk(".", true,
                "a/b/file\n"
                "a/b/over/file\n"
                "! Skipping file /a/b/up. It is a symbolic link to a directory that it is in.\n"
                "other/file\n");
    assert_walk(".", false, "a/b/file\nother/file\n");
}

static void gs3_walk_next_gives_the_byte_order_of_keys(void **state)
{
    (void)state;
    run("mkdir -p a b 'a b' empty/deeper");
    const char *const names[] = {"a/x", "a.txt", "a-",       "a b/x", "B",
                                 "b/x", "b0",    "\xc3\xa9", "\xff",  ".hidden"};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        make_file(names[i]);
    assert_walk("./", true, ".hidden\nB\na b/x\na-\na.txt\na/x\nb/x\nb0\n\xc3\xa9\n\xff\n");
}

static void gs3_walk_next_follows_links_to_files_and_directories(void **state)
{
    (void)state;
    run("mkdir d");
    make_file("d/f");
    assert_int_equal(symlink("d", "l"), 0);
    assert_int_equal(symlink("d/f", "lf"), 0);
    assert_walk(".", true, "d/f\nl/f\nlf\n");
    assert_walk(".", false, "d/f\n");
    assert_walk("l", true, "f\n");
}

static void gs3_walk_next_goes_deep(void **state)
{
    (void)state;
    struct gs3_buf path = GS3_BUF_INIT(4096);
    for (size_t i = 0; i < 1500; i++) {
        gs3_buf_puts(&path, i ? "/d" : "d");
        assert_int_equal(mkdir(gs3_buf_string(&path), 0700), 0);
    }
    gs3_buf_puts(&path, "/f");
    make_file(gs3_buf_string(&path));
    gs3_buf_puts(&path, "\n");
    assert_walk(".", true, gs3_buf_string(&path));
    gs3_buf_release(&path);
}

static void gs3_walk_next_filters_on_the_absolute_path(void **state)
{
    (void)state;
    make_file("a.txt");
    make_file("b.csv");
    make_file("c.md");
    assert_int_equal(symlink("gone", "dangling.log"), 0);
    gs3_auto_free char *directory = gs3_location_absolute(".");
    gs3_auto_free char *pattern = gs3_xasprintf("%s/*.csv", directory);
    const struct gs3_filter items[] = {{.pattern = "*.txt"},
                                       {.pattern = pattern},
                                       {.pattern = "*.log"}};
    const struct gs3_filters filters = {.items = items, .count = 3};
    gs3_auto_free char *found = walk_all(".", true, &filters);
    assert_string_equal(found, "c.md\n");
}

static void gs3_walk_next_of_many_files_keeps_order(void **state)
{
    (void)state;
    run("seq -f 'f%05g' 3000 | xargs touch");
    struct gs3_err err = GS3_ERR_INIT;
    struct gs3_walk *walk = gs3_walk_open(".", true, NULL, &err);
    assert_non_null(walk);
    struct gs3_tree_name name;
    for (unsigned i = 1; i <= 3000; i++) {
        char expected[16];
        snprintf(expected, sizeof expected, "f%05u", i);
        assert_int_equal(gs3_walk_next(walk, &name, &err), 1);
        assert_string_equal(name.relative, expected);
    }
    assert_int_equal(gs3_walk_next(walk, &name, &err), 0);
    gs3_walk_close(walk);
}

#define IN_DIRECTORY(test) cmocka_unit_test_setup_teardown(test, enter_directory, leave_directory)

int main(void)
{
    const struct CMUnitTest tests[] = {
        IN_DIRECTORY(gs3_walk_open_of_no_directory_fails),
        IN_DIRECTORY(gs3_walk_next_of_special_files_warns),
        IN_DIRECTORY(gs3_walk_next_of_unreadable_files_warns),
        IN_DIRECTORY(gs3_walk_next_of_a_loop_warns_and_ends),
        IN_DIRECTORY(gs3_walk_next_gives_the_byte_order_of_keys),
        IN_DIRECTORY(gs3_walk_next_follows_links_to_files_and_directories),
        IN_DIRECTORY(gs3_walk_next_goes_deep),
        IN_DIRECTORY(gs3_walk_next_filters_on_the_absolute_path),
        IN_DIRECTORY(gs3_walk_next_of_many_files_keeps_order),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
