/* transfer/tree and its listing: pages from a scripted store, names that cannot be, overlaps. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/mem.h"
#include "base/str.h"
#include "transfer/plan.h"
#include "transfer/tree.h"

struct page {
    struct gs3_s3_entry entries[8];
    const char *next; /* its token is the number of the page */
    bool fails;
};

/* A store that lists, and does nothing else. */
struct lister {
    struct gs3_s3_transport transport; /* first: the seam hands this back */
    const struct page *pages;
    unsigned started, waited, cancelled;
    char prefix[64];
    unsigned page_size;
};

struct gs3_s3_call {
    const struct page *page;
    struct gs3_s3_request request;
};

static struct gs3_s3_call *start(struct gs3_s3_transport *transport,
                                 const struct gs3_s3_request *request)
{
    struct lister *lister = (struct lister *)transport;
    assert_int_equal(request->op, GS3_S3_LIST_OBJECTS);
    assert_string_equal(request->object.bucket, "b");
    snprintf(lister->prefix, sizeof lister->prefix, "%s", request->prefix);
    lister->page_size = request->page_size;
    lister->started++;
    struct gs3_s3_call *call = gs3_xcalloc(1, sizeof *call);
    call->request = *request;
    call->page = lister->pages;
    if (request->continuation_token)
        call->page += request->continuation_token[0] - '0';
    return call;
}

static int wait_for(struct gs3_s3_transport *transport, struct gs3_s3_call *call,
                    struct gs3_s3_result *result, struct gs3_err *err)
{
    ((struct lister *)transport)->waited++;
    int failed = 0;
    for (const struct gs3_s3_entry *entry = call->page->entries; entry->key && !failed; entry++) {
        struct gs3_s3_entry whole = *entry;
        whole.etag = entry->etag ? entry->etag : "\"e\"";
        whole.storage_class = entry->storage_class ? entry->storage_class : "";
        failed = call->request.entry(call->request.entry_context, &whole, err);
    }
    *result = (struct gs3_s3_result){.next_token = gs3_xstrdup_or_null(call->page->next)};
    if (!failed && call->page->fails)
        failed = gs3_fail(err, GS3_ESERVICE, "An error occurred (NoSuchBucket)");
    free(call);
    return failed;
}

static void cancel(struct gs3_s3_transport *transport, struct gs3_s3_call *call)
{
    ((struct lister *)transport)->cancelled++;
    free(call);
}

static const struct gs3_s3_transport_ops lister_ops = {.name = "lister",
                                                       .start = start,
                                                       .wait = wait_for,
                                                       .cancel = cancel};

static struct gs3_location parse(const char *text)
{
    struct gs3_location location;
    struct gs3_err err = GS3_ERR_INIT;
    assert_int_equal(gs3_location_parse(text, &location, &err), 0);
    return location;
}

static struct gs3_tree *open_tree(struct lister *lister, const char *source,
                                  const char *destination, struct gs3_tree_opts opts,
                                  struct gs3_err *err)
{
    struct gs3_location from = parse(source), to = parse(destination);
    lister->transport.ops = &lister_ops;
    opts.transport = &lister->transport;
    struct gs3_tree *tree = gs3_tree_open(&from, &to, &opts, err);
    gs3_location_release(&from);
    gs3_location_release(&to);
    return tree;
}

static void describe(const struct gs3_tree_found *found, struct gs3_buf *out)
{
    if (found->kind == GS3_TREE_WARNING) {
        gs3_buf_printf(out, "! %s\n", found->message);
        return;
    }
    gs3_auto_free char *from = gs3_location_format(&found->source, NULL);
    gs3_auto_free char *to = gs3_location_format(&found->destination, NULL);
    if (found->kind == GS3_TREE_FAILURE)
        gs3_buf_printf(out, "x %s: %s\n", from, found->message);
    else
        gs3_buf_printf(out, "%s %s\n", from, to);
}

/* All of a tree, a line each: "source destination", "! warning" or "x source: failure". */
static char *list_all(const struct page *pages, const char *source, const char *destination,
                      struct gs3_tree_opts opts)
{
    struct lister lister = {.pages = pages};
    struct gs3_err err = GS3_ERR_INIT;
    struct gs3_tree *tree = open_tree(&lister, source, destination, opts, &err);
    if (!tree)
        fail_msg("%s", err.message);
    struct gs3_buf out = GS3_BUF_INIT(1 << 20);
    struct gs3_tree_found found;
    int status;
    while ((status = gs3_tree_next(tree, &found, &err)) == 1) {
        describe(&found, &out);
        gs3_tree_found_release(&found);
    }
    assert_int_equal(status, 0);
    gs3_tree_close(tree);
    return gs3_buf_take(&out);
}

#define KEYS(...)                                                                                  \
    (const struct page[])                                                                          \
    {                                                                                              \
        {                                                                                          \
            .entries = { __VA_ARGS__ }                                                             \
        }                                                                                          \
    }
#define KEY(name)                                                                                  \
    {                                                                                              \
        .key = (name), .size_bytes = 5                                                             \
    }

static void assert_tree(const struct page *pages, const char *source, const char *destination,
                        bool is_move, const char *expected)
{
    gs3_auto_free char *found =
        list_all(pages, source, destination, (struct gs3_tree_opts){.is_move = is_move});
    assert_string_equal(found, expected);
}

static void gs3_tree_open_refuses_streams_and_two_local_ends(void **state)
{
    (void)state;
    static const char *const rows[][2] = {{"-", "s3://b/p"},
                                          {"s3://b/p", "-"},
                                          {"/tmp", "/var/tmp"}};
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct lister lister = {.pages = NULL};
        struct gs3_err err = GS3_ERR_INIT;
        assert_null(open_tree(&lister, rows[i][0], rows[i][1], (struct gs3_tree_opts){0}, &err));
        assert_int_equal(err.class, GS3_EUSAGE);
    }
}

static void gs3_tree_next_keys_that_no_file_can_have_fail(void **state)
{
    (void)state;
    char wide[300];
    snprintf(wide, sizeof wide, "p/%0256d", 0);
    gs3_auto_free char *expected = gs3_xasprintf(
        "! Skipping file s3://b/p/../up. File references a parent directory.\n"
        "x s3://b/p//abs: its key has an empty part or a part \".\": no file can have that name\n"
        "! Skipping file s3://b/p/a/../../up. File references a parent directory.\n"
        "x s3://b/p/a//b: its key has an empty part or a part \".\": no file can have that name\n"
        "x s3://b/p/a/./b: its key has an empty part or a part \".\": no file can have that name\n"
        "x s3://b/p/full/: its key has an empty part or a part \".\": no file can have that name\n"
        "x s3://b/%s: a part of its key has over 255 bytes: no file can have that name\n"
        "s3://b/p/..a/b.. ../out/..a/b..\n",
        wide);
    assert_int_equal(chdir("/tmp"), 0);
    assert_tree(KEYS(KEY("p/../up"), KEY("p//abs"), KEY("p/a/../../up"), KEY("p/a//b"),
                     KEY("p/a/./b"), KEY("p/full/"), KEY(wide), KEY("p/..a/b..")),
                "s3://b/p", "/out", false, expected);
}

static void gs3_tree_next_keys_that_S3_cannot_have_fail(void **state)
{
    (void)state;
    char longest[1100], prefix[64];
    snprintf(longest, sizeof longest, "p/%01020d", 0);
    snprintf(prefix, sizeof prefix, "s3://other/%s", "0123456789");
    gs3_auto_free char *expected =
        gs3_xasprintf("x s3://b/%s: its key would have over 1024 bytes, more than S3 takes\n",
                      longest);
    assert_tree(KEYS(KEY(longest)), "s3://b/p", prefix, false, expected);
    gs3_auto_free char *shorter = gs3_xasprintf("s3://b/%s s3://other/%s\n", longest, longest + 2);
    assert_tree(KEYS(KEY(longest)), "s3://b/p/", "s3://other", false, shorter);
    /* "p/" with content, into a whole bucket: a request without a key would hit the bucket. */
    assert_tree(KEYS(KEY("p/")), "s3://b/p/", "s3://other", false,
                "x s3://b/p/: its key would be empty: name a prefix in the destination\n");
}

static void gs3_tree_next_local_name_that_is_not_utf8_fails(void **state)
{
    (void)state;
    char directory[] = "/tmp/gs3-tree-XXXXXX";
    assert_non_null(mkdtemp(directory));
    assert_int_equal(chdir(directory), 0);
    fclose(fopen("a", "w"));
    fclose(fopen("b\xff", "w"));
    gs3_auto_free char *found =
        list_all(NULL, ".", "s3://b/p", (struct gs3_tree_opts){.follow_symlinks = true});
    assert_string_equal(found,
                        "./a s3://b/p/a\n"
                        "x ./b\xff: its name is not UTF-8, which S3's keys are: rename it\n");
    unlink("a");
    unlink("b\xff");
    assert_int_equal(chdir("/"), 0);
    rmdir(directory);
}

static void gs3_tree_next_leaves_markers_out(void **state)
{
    (void)state;
    static const struct page pages[] = {
        {.entries = {{.key = "p/"}, {.key = "p/d/"}, {.key = "p/d/empty"}, KEY("p/d/full/")}}};
    assert_tree(pages, "s3://b/p", "s3://c/q/", true,
                "s3://b/p/d/empty s3://c/q/d/empty\ns3://b/p/d/full/ s3://c/q/d/full/\n");
}

static void gs3_tree_next_onto_itself_fails_a_move_only(void **state)
{
    (void)state;
    static const struct page pages[] = {{.entries = {KEY("p/a"), KEY("p/p/a")}}};
    assert_tree(pages, "s3://b/p/", "s3://b/p", true,
                "x s3://b/p/a: an object cannot be moved onto itself: it would be deleted\n"
                "x s3://b/p/p/a: an object cannot be moved onto itself: it would be deleted\n");
    assert_tree(pages, "s3://b/p/", "s3://b/p", false,
                "s3://b/p/a s3://b/p/a\ns3://b/p/p/a s3://b/p/p/a\n");
}

static void gs3_tree_next_destination_in_the_source_is_left_out(void **state)
{
    (void)state;
    static const struct page pages[] = {
        {.entries = {KEY("p/a"), KEY("p/q/a"), KEY("p/q/q/a"), KEY("p/qq"), KEY("p/z")}}};
    assert_tree(pages, "s3://b/p", "s3://b/p/q", true,
                "s3://b/p/a s3://b/p/q/a\n"
                "! Skipping what lies under s3://b/p/q/: it is the destination.\n"
                "s3://b/p/qq s3://b/p/q/qq\n"
                "s3://b/p/z s3://b/p/q/z\n");
    static const struct gs3_filter filter = {.pattern = "q/*"};
    static const struct gs3_filters filters = {.items = &filter, .count = 1};
    gs3_auto_free char *found =
        list_all(pages, "s3://b/p", "s3://b/p/q", (struct gs3_tree_opts){.filters = &filters});
    assert_null(strstr(found, "Skipping"));
}

static void gs3_tree_next_source_in_the_destination_is_not_overwritten(void **state)
{
    (void)state;
    static const struct page pages[] = {{.entries = {KEY("p/a"), KEY("p/p/a")}}};
    assert_tree(pages, "s3://b/p", "s3://b", true,
                "s3://b/p/a s3://b/a\n"
                "x s3://b/p/p/a: its destination lies inside of the source, where it could "
                "overwrite what is still to be transferred\n");
    /* Another bucket, or a prefix that only looks alike, is no overlap. */
    assert_tree(pages, "s3://b/p", "s3://c", true,
                "s3://b/p/a s3://c/a\ns3://b/p/p/a s3://c/p/a\n");
    assert_tree(pages, "s3://b/p", "s3://b/pp", true,
                "s3://b/p/a s3://b/pp/a\ns3://b/p/p/a s3://b/pp/p/a\n");
}

static void gs3_tree_next_filters_keys_below_the_prefix(void **state)
{
    (void)state;
    static const struct page pages[] = {
        {.entries = {KEY("p/a.txt"), KEY("p/b.csv"), KEY("p/d/c.txt")}}};
    static const struct gs3_filter items[] = {{.pattern = "*"},
                                              {.includes = true, .pattern = "d/*"}};
    static const struct gs3_filters filters = {.items = items, .count = 2};
    gs3_auto_free char *found =
        list_all(pages, "s3://b/p", "s3://c", (struct gs3_tree_opts){.filters = &filters});
    assert_string_equal(found, "s3://b/p/d/c.txt s3://c/d/c.txt\n");
}

static void gs3_tree_open_appends_the_slash_to_both_prefixes(void **state)
{
    (void)state;
    static const char *const rows[][4] = {
        {"s3://b/p", "s3://c", "p/", ""},
        {"s3://b/p/", "s3://c/q", "p/", "q/"},
        {"s3://b", "s3://c/q/", "", "q/"},
        {"s3://b/", "/tmp/x", "", NULL},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct lister lister = {.pages = KEYS({.key = NULL})};
        struct gs3_err err = GS3_ERR_INIT;
        struct gs3_tree_found found;
        struct gs3_tree *tree = open_tree(&lister, rows[i][0], rows[i][1],
                                          (struct gs3_tree_opts){.page_size = 7}, &err);
        assert_non_null(tree);
        assert_string_equal(gs3_tree_source_prefix(tree), rows[i][2]);
        assert_true(gs3_str_equal(gs3_tree_destination_prefix(tree), rows[i][3]));
        assert_int_equal(gs3_tree_next(tree, &found, &err), 0);
        assert_int_equal(gs3_tree_next(tree, &found, &err), 0);
        assert_string_equal(lister.prefix, rows[i][2]);
        assert_int_equal(lister.page_size, 7);
        assert_int_equal(lister.started, 1);
        gs3_tree_close(tree);
    }
}

static void gs3_tree_next_asks_for_the_next_page_ahead(void **state)
{
    (void)state;
    static const struct page pages[] = {
        {.entries = {KEY("a"), KEY("b")}, .next = "1"},
        {.entries = {{.key = NULL}}, .next = "2"},
        {.entries = {KEY("c")}, .next = "3"},
        {.entries = {KEY("d")}},
    };
    struct lister lister = {.pages = pages};
    struct gs3_err err = GS3_ERR_INIT;
    struct gs3_tree_found found;
    struct gs3_tree *tree = open_tree(&lister, "s3://b", "s3://c", (struct gs3_tree_opts){0}, &err);
    assert_int_equal(lister.started, 0);
    for (const char *key = "abc"; *key; key++) {
        assert_int_equal(gs3_tree_next(tree, &found, &err), 1);
        assert_int_equal(found.source.key[0], *key);
        assert_int_equal(found.size_bytes, 5);
        assert_string_equal(found.etag, "\"e\"");
        assert_int_equal(lister.started, lister.waited + 1);
        gs3_tree_found_release(&found);
    }
    gs3_tree_close(tree);
    assert_int_equal(lister.started, 4);
    assert_int_equal(lister.cancelled, 1);
}

static void gs3_tree_next_of_a_listing_that_fails_keeps_what_came_before(void **state)
{
    (void)state;
    static const struct page pages[] = {{.entries = {KEY("a")}, .next = "1"}, {.fails = true}};
    struct lister lister = {.pages = pages};
    struct gs3_err err = GS3_ERR_INIT;
    struct gs3_tree_found found;
    struct gs3_tree *tree = open_tree(&lister, "s3://b", "s3://c", (struct gs3_tree_opts){0}, &err);
    assert_int_equal(gs3_tree_next(tree, &found, &err), 1);
    gs3_tree_found_release(&found);
    assert_int_equal(gs3_tree_next(tree, &found, &err), -1);
    assert_int_equal(err.class, GS3_ESERVICE);
    assert_int_equal(lister.started, 2);
    gs3_tree_close(tree);
    assert_int_equal(lister.cancelled, 0);
}

static void gs3_tree_next_of_a_listing_that_lies_fails(void **state)
{
    (void)state;
    static const struct page circle[] = {{.entries = {KEY("p/a")}, .next = "1"},
                                         {.entries = {KEY("p/a")}, .next = "1"}};
    static const struct page elsewhere[] = {{.entries = {KEY("p/a"), KEY("other")}}};
    const struct page *const rows[] = {circle, elsewhere};
    for (size_t i = 0; i < 2; i++) {
        struct lister lister = {.pages = rows[i]};
        struct gs3_err err = GS3_ERR_INIT;
        struct gs3_tree_found found;
        struct gs3_tree *tree =
            open_tree(&lister, "s3://b/p", "s3://c", (struct gs3_tree_opts){0}, &err);
        assert_int_equal(gs3_tree_next(tree, &found, &err), 1);
        gs3_tree_found_release(&found);
        assert_int_equal(gs3_tree_next(tree, &found, &err), -1);
        assert_int_equal(err.class, GS3_ESERVICE);
        gs3_tree_close(tree);
    }
}

static void plan_one(const struct page *pages, const char *destination,
                     enum gs3_operation operation, struct gs3_plan *plan, int expected)
{
    static const struct gs3_plan_opts opts;
    struct lister lister = {.pages = pages};
    struct gs3_err err = GS3_ERR_INIT;
    struct gs3_tree_found found;
    struct gs3_tree *tree =
        open_tree(&lister, "s3://b/p", destination, (struct gs3_tree_opts){0}, &err);
    assert_int_equal(gs3_tree_next(tree, &found, &err), 1);
    assert_int_equal(gs3_plan_init_found(plan, operation, &found, &opts, &err), expected);
    if (expected)
        assert_int_equal(err.class, GS3_EUSAGE);
    gs3_tree_found_release(&found);
    gs3_tree_close(tree);
}

static void gs3_plan_init_found_refuses_what_the_operation_cannot(void **state)
{
    (void)state;
    struct gs3_plan plan;
    plan_one(KEYS(KEY("p/a")), "s3://c", GS3_OPERATION_PUT, &plan, -1);
    gs3_plan_release(&plan, NULL);
    plan_one(KEYS(KEY("p/a")), "s3://b/p", GS3_OPERATION_MOVE, &plan, -1);
    gs3_plan_release(&plan, NULL);
}

/* The lister would fail the test at a HEAD. */
static void gs3_plan_look_at_a_listed_download_asks_nothing(void **state)
{
    (void)state;
    struct gs3_plan plan;
    struct lister lister = {.transport.ops = &lister_ops};
    struct gs3_err err = GS3_ERR_INIT;
    plan_one(KEYS({.key = "p/a", .size_bytes = 5, .last_modified_s = 9}), "/tmp/x",
             GS3_OPERATION_COPY, &plan, 0);
    assert_int_equal(gs3_plan_look(&plan, &lister.transport, &err), 0);
    assert_string_equal(plan.head.etag, "\"e\"");
    assert_int_equal(plan.head.last_modified_s, 9);
    assert_int_equal(plan.size_bytes, 5);
    assert_string_equal(plan.destination.path, "/tmp/x/a");
    gs3_plan_release(&plan, NULL);
}

/* Whether it was restored is not in the listing. */
static void gs3_plan_init_found_knows_what_is_archived(void **state)
{
    (void)state;
    static const struct {
        const char *class;
        bool is_archived;
    } rows[] = {{"GLACIER", true}, {"DEEP_ARCHIVE", true}, {"GLACIER_IR", false}, {"", false}};
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct gs3_plan plan;
        plan_one(KEYS({.key = "p/a", .size_bytes = 5, .storage_class = rows[i].class}), "/tmp/x",
                 GS3_OPERATION_COPY, &plan, 0);
        assert_int_equal(plan.listed_is_archived, rows[i].is_archived);
        gs3_plan_release(&plan, NULL);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(gs3_tree_open_refuses_streams_and_two_local_ends),
        cmocka_unit_test(gs3_tree_next_keys_that_no_file_can_have_fail),
        cmocka_unit_test(gs3_tree_next_keys_that_S3_cannot_have_fail),
        cmocka_unit_test(gs3_tree_next_local_name_that_is_not_utf8_fails),
        cmocka_unit_test(gs3_tree_next_leaves_markers_out),
        cmocka_unit_test(gs3_tree_next_onto_itself_fails_a_move_only),
        cmocka_unit_test(gs3_tree_next_destination_in_the_source_is_left_out),
        cmocka_unit_test(gs3_tree_next_source_in_the_destination_is_not_overwritten),
        cmocka_unit_test(gs3_tree_next_filters_keys_below_the_prefix),
        cmocka_unit_test(gs3_tree_open_appends_the_slash_to_both_prefixes),
        cmocka_unit_test(gs3_tree_next_asks_for_the_next_page_ahead),
        cmocka_unit_test(gs3_tree_next_of_a_listing_that_fails_keeps_what_came_before),
        cmocka_unit_test(gs3_tree_next_of_a_listing_that_lies_fails),
        cmocka_unit_test(gs3_plan_init_found_refuses_what_the_operation_cannot),
        cmocka_unit_test(gs3_plan_look_at_a_listed_download_asks_nothing),
        cmocka_unit_test(gs3_plan_init_found_knows_what_is_archived),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
