/* transfer/state: a record is its user's alone, is locked while its run lives, and may be garbage.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/mem.h"
#include "transfer/state.h"

static const char match[] = "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef";

struct place {
    char root[32];
    struct gs3_states states;
    struct gs3_state state;
    struct gs3_err err;
};

static void place_init(struct place *place)
{
    *place = (struct place){.state = {.fd = -1}};
    snprintf(place->root, sizeof place->root, "/tmp/gs3-test-XXXXXX");
    assert_non_null(mkdtemp(place->root));
    place->states = (struct gs3_states){.directory = gs3_xasprintf("%s/a/b", place->root),
                                        .scope = "https://s3.example.com"};
}

/* Whatever was recorded is gone. */
static void place_release(struct place *place)
{
    gs3_auto_free char *above = gs3_xasprintf("%s/a", place->root);
    assert_int_equal(rmdir(place->states.directory), 0);
    rmdir(above);
    assert_int_equal(rmdir(place->root), 0);
    free(place->states.directory);
}

static int open_state(struct place *place)
{
    gs3_err_clear(&place->err);
    return gs3_state_open(&place->states, "bucket", "a/key", &place->state, &place->err);
}

static void write_record(struct place *place)
{
    gs3_auto_pairs struct gs3_pairs metadata = GS3_PAIRS_INIT;
    gs3_pairs_add(&metadata, "purpose", "a \"b\" \\ \xC3\xA9");
    gs3_pairs_add(&metadata, "ticket", "CHG0030001");
    if (gs3_state_write(&place->state, match, "an id/+", &metadata, &place->err))
        fail_msg("%s", place->err.message);
}

static mode_t mode_of(const char *path)
{
    struct stat info;
    assert_int_equal(lstat(path, &info), 0);
    return info.st_mode & 07777;
}

static void gs3_state_open_makes_a_private_directory_and_file(void **state)
{
    (void)state;
    struct place place;
    place_init(&place);
    mode_t before = umask(0);
    assert_int_equal(open_state(&place), 0);
    umask(before);
    assert_null(place.state.upload_id);
    assert_int_equal(mode_of(place.states.directory), 0700);
    assert_int_equal(mode_of(place.state.path), 0600);
    gs3_state_release(&place.state); /* nothing was recorded: nothing stays */
    place_release(&place);
}

static void gs3_state_write_is_read_by_the_next(void **state)
{
    (void)state;
    struct place place;
    place_init(&place);
    assert_int_equal(open_state(&place), 0);
    write_record(&place);
    gs3_state_release(&place.state);
    assert_int_equal(place.state.fd, -1);
    for (int i = 0; i < 2; i++) {
        assert_int_equal(open_state(&place), 0);
        assert_string_equal(place.state.upload_id, "an id/+");
        assert_string_equal(place.state.match, match);
        assert_int_equal(place.state.metadata.count, 2);
        assert_string_equal(gs3_pairs_get(&place.state.metadata, "purpose"), "a \"b\" \\ \xC3\xA9");
        gs3_state_release(&place.state);
    }
    assert_int_equal(open_state(&place), 0);
    static const struct gs3_pairs none;
    assert_int_equal(gs3_state_write(&place.state, match, "2", &none, &place.err), 0);
    gs3_state_release(&place.state);
    assert_int_equal(open_state(&place), 0);
    assert_string_equal(place.state.upload_id, "2"); /* nothing of the longer one is left */
    assert_int_equal(place.state.metadata.count, 0);
    gs3_state_remove(&place.state);
    assert_int_equal(open_state(&place), 0);
    assert_null(place.state.upload_id);
    gs3_state_remove(&place.state);
    place_release(&place);
}

static void gs3_state_open_tells_destinations_apart(void **state)
{
    (void)state;
    struct place place;
    place_init(&place);
    struct gs3_state others[3];
    struct gs3_states elsewhere = place.states;
    elsewhere.scope = "";
    assert_int_equal(open_state(&place), 0);
    assert_int_equal(gs3_state_open(&place.states, "bucket", "a/key2", &others[0], &place.err), 0);
    assert_int_equal(gs3_state_open(&place.states, "bucket\na", "key", &others[1], &place.err), 0);
    assert_int_equal(gs3_state_open(&elsewhere, "bucket", "a/key", &others[2], &place.err), 0);
    for (size_t i = 0; i < 3; i++) {
        assert_string_not_equal(others[i].path, place.state.path);
        gs3_state_remove(&others[i]);
    }
    gs3_state_remove(&place.state);
    place_release(&place);
}

static void gs3_state_open_of_a_record_that_is_held_fails(void **state)
{
    (void)state;
    struct place place;
    place_init(&place);
    assert_int_equal(open_state(&place), 0);
    write_record(&place);
    struct gs3_state second;
    gs3_err_clear(&place.err);
    assert_int_equal(gs3_state_open(&place.states, "bucket", "a/key", &second, &place.err), -1);
    assert_non_null(strstr(place.err.message, "another run"));
    assert_int_equal(second.fd, -1);
    gs3_state_release(&second); /* takes nothing away from the first */
    assert_int_equal(access(place.state.path, F_OK), 0);
    gs3_state_remove(&place.state);
    place_release(&place);
}

/* Where the record would be; caller frees. */
static char *record_path(struct place *place)
{
    assert_int_equal(open_state(place), 0);
    char *path = gs3_xstrdup(place->state.path);
    gs3_state_remove(&place->state);
    return path;
}

static void gs3_state_open_refuses_what_is_not_ours_alone(void **state)
{
    (void)state;
    struct place place;
    place_init(&place);
    gs3_auto_free char *path = record_path(&place);
    gs3_auto_free char *target = gs3_xasprintf("%s/target", place.root);
    close(open(target, O_CREAT | O_WRONLY | O_CLOEXEC, 0600));
    assert_int_equal(symlink(target, path), 0);
    assert_int_equal(open_state(&place), -1);
    assert_int_equal(place.err.class, GS3_EIO);
    unlink(path);

    static const mode_t modes[] = {0640, 0604, 0622, 0666};
    for (size_t i = 0; i < sizeof modes / sizeof modes[0]; i++) {
        close(open(path, O_CREAT | O_WRONLY | O_CLOEXEC, 0600));
        assert_int_equal(chmod(path, modes[i]), 0);
        assert_int_equal(open_state(&place), -1);
        assert_non_null(strstr(place.err.message, "this user alone"));
        unlink(path);
    }
    assert_int_equal(mkfifo(path, 0600), 0); /* and does not hang */
    assert_int_equal(open_state(&place), -1);
    unlink(path);
    assert_int_equal(mkdir(path, 0700), 0);
    assert_int_equal(open_state(&place), -1);
    rmdir(path);
    unlink(target);
    place_release(&place);
}

static void put_text(const char *path, const char *text, size_t length)
{
    int fd = open(path, O_CREAT | O_WRONLY | O_TRUNC | O_CLOEXEC, 0600);
    assert_true(fd >= 0);
    assert_int_equal(write(fd, text, length), length);
    close(fd);
}

static void gs3_state_open_of_garbage_is_as_none(void **state)
{
    (void)state;
    static const char *const texts[] = {
        "{",
        "[]",
        "\"a\"",
        "null",
        "{\"version\": 1}",
        "{\"version\": 1, \"upload_id\": \"x\"}",
        "{\"version\": 1, \"upload_id\": \"x\", \"match\": \"short\", \"metadata\": {}}",
        "{\"version\": 1, \"upload_id\": \"\", \"match\": "
        "\"0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef\"}",
        "{\"version\": 1, \"upload_id\": 7, \"match\": "
        "\"0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef\"}",
        "{\"version\": 2, \"upload_id\": \"x\", \"match\": "
        "\"0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef\", \"metadata\": {}}",
        "{\"upload_id\": \"x\", \"match\": "
        "\"0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef\", \"metadata\": {}}",
    };
    struct place place;
    place_init(&place);
    gs3_auto_free char *path = record_path(&place);
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
        put_text(path, texts[i], strlen(texts[i]));
        assert_int_equal(open_state(&place), 0);
        if (place.state.upload_id)
            fail_msg("%s", texts[i]);
        write_record(&place);
        gs3_state_release(&place.state);
        assert_int_equal(open_state(&place), 0);
        assert_string_equal(place.state.upload_id, "an id/+");
        gs3_state_release(&place.state);
    }
    gs3_auto_free char *large = gs3_xmalloc(100000);
    memset(large, ' ', 100000);
    put_text(path, large, 100000);
    assert_int_equal(open_state(&place), 0);
    assert_null(place.state.upload_id);
    gs3_state_remove(&place.state);
    put_text(path, "\0\0\0", 3);
    assert_int_equal(open_state(&place), 0);
    assert_null(place.state.upload_id);
    gs3_state_remove(&place.state);
    place_release(&place);
}

static void gs3_state_open_without_a_directory_fails(void **state)
{
    (void)state;
    struct place place;
    place_init(&place);
    gs3_auto_free char *above = gs3_xasprintf("%s/a", place.root);
    put_text(above, "", 0);
    assert_int_equal(open_state(&place), -1);
    assert_int_equal(place.err.class, GS3_EIO);
    assert_int_equal(place.state.fd, -1);
    unlink(above);
    mkdir(above, 0700);
    mkdir(place.states.directory, 0700);
    place_release(&place);
}

static void gs3_state_write_of_too_much_fails_and_keeps_what_was(void **state)
{
    (void)state;
    struct place place;
    place_init(&place);
    assert_int_equal(open_state(&place), 0);
    write_record(&place);
    gs3_auto_free char *value = gs3_xcalloc(70001, 1);
    memset(value, 'v', 70000);
    gs3_auto_pairs struct gs3_pairs metadata = GS3_PAIRS_INIT;
    gs3_pairs_add(&metadata, "k", value);
    assert_int_equal(gs3_state_write(&place.state, match, "2", &metadata, &place.err), -1);
    gs3_state_release(&place.state);
    assert_int_equal(open_state(&place), 0);
    assert_string_equal(place.state.upload_id, "an id/+");
    gs3_state_remove(&place.state);
    place_release(&place);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(gs3_state_open_makes_a_private_directory_and_file),
        cmocka_unit_test(gs3_state_write_is_read_by_the_next),
        cmocka_unit_test(gs3_state_open_tells_destinations_apart),
        cmocka_unit_test(gs3_state_open_of_a_record_that_is_held_fails),
        cmocka_unit_test(gs3_state_open_refuses_what_is_not_ours_alone),
        cmocka_unit_test(gs3_state_open_of_garbage_is_as_none),
        cmocka_unit_test(gs3_state_open_without_a_directory_fails),
        cmocka_unit_test(gs3_state_write_of_too_much_fails_and_keeps_what_was),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
