/* base: stacks of their own for straight-line code. */
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/fiber.h"

struct walker {
    struct gs3_fiber *fiber;
    char *trace;
    char name;
    int steps;
};

static void note(struct walker *walker, char c)
{
    size_t length = strlen(walker->trace);
    walker->trace[length] = c;
    walker->trace[length + 1] = '\0';
}

static void walk(void *context)
{
    struct walker *walker = context;
    for (int i = 0; i < walker->steps; i++) {
        note(walker, walker->name);
        gs3_fiber_suspend(walker->fiber);
    }
    note(walker, (char)(walker->name - 'a' + 'A'));
}

static void fibers_that_suspend_run_in_turn(void **state)
{
    (void)state;
    char trace[32] = "";
    struct walker walkers[] = {{.trace = trace, .name = 'a', .steps = 2},
                               {.trace = trace, .name = 'b', .steps = 1}};
    for (size_t i = 0; i < 2; i++)
        walkers[i].fiber = gs3_fiber_new(walk, &walkers[i]);
    for (int round = 0; round < 3; round++)
        for (size_t i = 0; i < 2; i++)
            if (!gs3_fiber_has_ended(walkers[i].fiber))
                gs3_fiber_resume(walkers[i].fiber);
    assert_string_equal(trace, "abaBA");
    for (size_t i = 0; i < 2; i++) {
        assert_true(gs3_fiber_has_ended(walkers[i].fiber));
        gs3_fiber_free(walkers[i].fiber);
    }
}

static void fiber_that_has_ended_runs_something_else(void **state)
{
    (void)state;
    char trace[32] = "";
    struct walker first = {.trace = trace, .name = 'a'};
    struct walker second = {.trace = trace, .name = 'b', .steps = 1};
    struct gs3_fiber *fiber = gs3_fiber_new(walk, &first);
    gs3_fiber_resume(fiber);
    assert_true(gs3_fiber_has_ended(fiber));
    second.fiber = fiber;
    gs3_fiber_reuse(fiber, walk, &second);
    assert_false(gs3_fiber_has_ended(fiber));
    gs3_fiber_resume(fiber);
    assert_false(gs3_fiber_has_ended(fiber));
    gs3_fiber_resume(fiber);
    assert_true(gs3_fiber_has_ended(fiber));
    assert_string_equal(trace, "AbB");
    gs3_fiber_free(fiber);
}

static void fiber_that_never_ran_is_freed(void **state)
{
    (void)state;
    char trace[32] = "";
    struct walker walker = {.trace = trace, .name = 'a'};
    gs3_fiber_free(gs3_fiber_new(walk, &walker));
    gs3_fiber_free(NULL);
    assert_string_equal(trace, "");
}

static void resume_another(void *context)
{
    struct walker *walker = context;
    note(walker, '(');
    gs3_fiber_resume(walker->fiber);
    note(walker, ')');
}

static void fiber_that_resumes_another_gets_control_back(void **state)
{
    (void)state;
    char trace[32] = "";
    struct walker inner = {.trace = trace, .name = 'a', .steps = 1};
    inner.fiber = gs3_fiber_new(walk, &inner);
    struct walker outer = {.fiber = inner.fiber, .trace = trace};
    struct gs3_fiber *fiber = gs3_fiber_new(resume_another, &outer);
    gs3_fiber_resume(fiber);
    assert_true(gs3_fiber_has_ended(fiber));
    gs3_fiber_resume(inner.fiber); /* from elsewhere than the first time */
    assert_true(gs3_fiber_has_ended(inner.fiber));
    assert_string_equal(trace, "(a)A");
    gs3_fiber_free(fiber);
    gs3_fiber_free(inner.fiber);
}

/* Frames smaller than a page: none jumps over the guard. */
__attribute__((noinline)) static int descend(int depth)
{
    volatile char frame[2048];
    memset((char *)(uintptr_t)frame, depth, sizeof frame);
    return depth == 0 ? frame[0] : descend(depth - 1) + frame[1];
}

static void use_most_of_the_stack(void *context)
{
    *(int *)context = descend(40);
}

static void overflow_the_stack(void *context)
{
    *(int *)context = descend(1000 * 1000);
}

static void fiber_has_room_for_deep_frames(void **state)
{
    (void)state;
    int sum = -1;
    struct gs3_fiber *fiber = gs3_fiber_new(use_most_of_the_stack, &sum);
    gs3_fiber_resume(fiber);
    assert_int_equal(sum, 40 * 41 / 2);
    gs3_fiber_free(fiber);
}

static void stack_that_overflows_ends_the_process(void **state)
{
    (void)state;
    pid_t child = fork();
    assert_true(child >= 0);
    if (child == 0) {
        int sum = 0;
        close(STDERR_FILENO); /* a sanitizer has much to say of it */
        signal(SIGSEGV, SIG_DFL);
        gs3_fiber_resume(gs3_fiber_new(overflow_the_stack, &sum));
        _exit(0);
    }
    int status = 0;
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_true(WIFSIGNALED(status) || WEXITSTATUS(status) != 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(fibers_that_suspend_run_in_turn),
        cmocka_unit_test(fiber_that_has_ended_runs_something_else),
        cmocka_unit_test(fiber_that_never_ran_is_freed),
        cmocka_unit_test(fiber_that_resumes_another_gets_control_back),
        cmocka_unit_test(fiber_has_room_for_deep_frames),
        cmocka_unit_test(stack_that_overflows_ends_the_process),
    };
    return cmocka_run_group_tests_name("base/fiber", tests, NULL, NULL);
}
