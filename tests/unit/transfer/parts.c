#include "parts.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/mem.h"

void world_init(struct world *world)
{
    memset(world, 0, sizeof *world);
    depot_init(&world->depot);
    world->lane.destination = world->lane.source = depot_connect(&world->depot, NULL);
    world->policy = depot_policy();
    world->permit = depot_permit(world->policy, "CHG0000001");
    snprintf(world->root, sizeof world->root, "/tmp/gs3-test-XXXXXX");
    assert_non_null(mkdtemp(world->root));
    world->file = gs3_xasprintf("%s/file.bin", world->root);
    world->states =
        (struct gs3_states){.directory = gs3_xasprintf("%s/states", world->root), .scope = ""};
    int fd = open(world->file, O_CREAT | O_WRONLY | O_CLOEXEC, 0600);
    assert_true(fd >= 0);
    assert_int_equal(ftruncate(fd, (off_t)OBJECT), 0);
    close(fd);
    world->opts.part_bytes = 5 * MIB;
    world->opts.no_guess_mime_type = true; /* the depot keeps no properties */
}

size_t count_records(const struct world *world)
{
    size_t count = 0;
    DIR *directory = opendir(world->states.directory);
    for (struct dirent *entry; directory && (entry = readdir(directory));)
        count += entry->d_name[0] != '.';
    if (directory)
        closedir(directory);
    return count;
}

void world_release(struct world *world)
{
    gs3_report_release(&world->report);
    gs3_s3_transport_free(world->lane.destination);
    depot_release(&world->depot);
    gs3_permit_free(world->permit);
    gs3_policy_free(world->policy);
    unlink(world->file);
    rmdir(world->states.directory);
    assert_int_equal(rmdir(world->root), 0); /* no record stays that no test expected */
    free(world->file);
    free(world->states.directory);
}

int move_object(struct world *world, enum gs3_operation operation, const char *from, const char *to)
{
    struct gs3_location source, destination;
    struct gs3_plan plan;
    gs3_err_clear(&world->err);
    gs3_report_release(&world->report);
    atomic_store(&world->moved, 0);
    assert_int_equal(gs3_location_parse(from, &source, &world->err), 0);
    assert_int_equal(gs3_location_parse(to, &destination, &world->err), 0);
    int failed =
        gs3_plan_init(&plan, operation, &source, &destination, &world->opts, &world->err) ||
        gs3_plan_look(&plan, world->lane.destination, &world->err);
    const struct gs3_transfer transfer = {.states = &world->states, .moved_bytes = &world->moved};
    failed = failed || gs3_transfer_object(&transfer, &world->lane, world->permit, &plan,
                                           &world->report, &world->err);
    gs3_plan_release(&plan, world->lane.destination);
    return failed ? -1 : 0;
}

int upload(struct world *world)
{
    return move_object(world, GS3_OPERATION_COPY, world->file, "s3://bucket/big");
}

static void forget_calls(struct world *world)
{
    memset(world->depot.counts, 0, sizeof world->depot.counts);
}

void assert_whole(struct world *world, const char *ticket)
{
    const struct depot_object *object = depot_find(&world->depot, "bucket", "big");
    if (!object)
        fail_msg("%s", world->err.message);
    assert_int_equal(object->size_bytes, OBJECT);
    assert_string_equal(gs3_pairs_get(&object->metadata, "change-request-id"), ticket);
    assert_int_equal(depot_open_uploads(&world->depot), 0);
    assert_int_equal(count_records(world), 0);
}

void assert_says(const struct world *world, const char *text)
{
    if (!strstr(world->err.message, text))
        fail_msg("\"%s\" is not in \"%s\"", text, world->err.message);
}

static enum depot_fault meet(void *context, const struct gs3_s3_request *request, unsigned number)
{
    const struct fault *fault = context;
    bool is_hit = request->op == fault->op &&
                  (number == fault->at || (fault->is_for_good && number > fault->at));
    return is_hit ? fault->fault : DEPOT_WELL;
}

void set_fault(struct world *world, struct fault *fault)
{
    forget_calls(world);
    world->depot.judge = fault ? meet : NULL;
    world->depot.context = fault;
}

void leave_two_parts(struct world *world)
{
    struct fault fault = {GS3_S3_UPLOAD_PART, 3, true, DEPOT_FAIL};
    world->opts.resumes = true;
    set_fault(world, &fault);
    assert_int_equal(upload(world), -1);
    assert_says(world, "not finished, and kept for --resume");
    assert_int_equal(depot_open_uploads(&world->depot), 1);
    assert_int_equal(count_records(world), 1);
    assert_int_equal(world->depot.counts[GS3_S3_ABORT_UPLOAD], 0);
    set_fault(world, NULL);
}
