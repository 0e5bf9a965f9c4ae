#include "base/fiber.h"

#include <stdint.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/mem.h"
#include "base/switch.h"

#if defined __SANITIZE_ADDRESS__
#include <sanitizer/common_interface_defs.h>
#endif
#if defined __SANITIZE_THREAD__
#include <sanitizer/tsan_interface.h>
#endif

/* Sanitized frames are several times as large. */
#if defined __SANITIZE_ADDRESS__ || defined __SANITIZE_THREAD__
enum { STACK_BYTES = 1024 * 1024 };
#else
enum { STACK_BYTES = 128 * 1024 };
#endif

struct gs3_fiber {
    struct gs3_switch inside, outside;
    char *memory; /* the guard page, then the stack */
    size_t memory_bytes, guard_bytes;
    void (*run)(void *context);
    void *context;
    bool has_ended;
    /* What the address sanitizer has to know of both stacks. */
    void *fake_inside, *fake_outside;
    const void *outside_bottom;
    size_t outside_bytes;
    /* And the thread sanitizer, to which a fiber is a thread. */
    void *thread_inside, *thread_outside;
};

#if defined __SANITIZE_ADDRESS__
static void leave(void **fake, const void *bottom, size_t bytes)
{
    __sanitizer_start_switch_fiber(fake, bottom, bytes);
}

static void arrive(void *fake, const void **bottom, size_t *bytes)
{
    __sanitizer_finish_switch_fiber(fake, bottom, bytes);
}
#else
static void leave(void **fake, const void *bottom, size_t bytes)
{
    (void)fake;
    (void)bottom;
    (void)bytes;
}

static void arrive(void *fake, const void **bottom, size_t *bytes)
{
    (void)fake;
    (void)bottom;
    (void)bytes;
}
#endif

#if defined __SANITIZE_THREAD__
static void begin_thread(struct gs3_fiber *fiber)
{
    fiber->thread_inside = __tsan_create_fiber(0);
}

static void end_thread(struct gs3_fiber *fiber)
{
    __tsan_destroy_fiber(fiber->thread_inside);
}

static void enter_thread(struct gs3_fiber *fiber)
{
    fiber->thread_outside = __tsan_get_current_fiber();
    __tsan_switch_to_fiber(fiber->thread_inside, 0);
}

static void leave_thread(struct gs3_fiber *fiber)
{
    __tsan_switch_to_fiber(fiber->thread_outside, 0);
}
#else
static void begin_thread(struct gs3_fiber *fiber)
{
    (void)fiber;
}

static void end_thread(struct gs3_fiber *fiber)
{
    (void)fiber;
}

static void enter_thread(struct gs3_fiber *fiber)
{
    (void)fiber;
}

static void leave_thread(struct gs3_fiber *fiber)
{
    (void)fiber;
}
#endif

static void enter(void *argument)
{
    struct gs3_fiber *fiber = argument;
    arrive(NULL, &fiber->outside_bottom, &fiber->outside_bytes);
    for (;;) {
        fiber->run(fiber->context);
        fiber->has_ended = true;
        /* Reused, it goes on from here. */
        gs3_fiber_suspend(fiber);
    }
}

struct gs3_fiber *gs3_fiber_new(void (*run)(void *context), void *context)
{
    struct gs3_fiber *fiber = gs3_xcalloc(1, sizeof *fiber);
    fiber->guard_bytes = (size_t)sysconf(_SC_PAGESIZE);
    fiber->memory_bytes = fiber->guard_bytes + STACK_BYTES;
    fiber->memory = mmap(NULL, fiber->memory_bytes, PROT_READ | PROT_WRITE,
                         MAP_PRIVATE | MAP_ANONYMOUS | MAP_STACK | MAP_NORESERVE, -1, 0);
    /* Stacks grow downward, into the page that nobody may touch. */
    if (fiber->memory == MAP_FAILED || mprotect(fiber->memory, fiber->guard_bytes, PROT_NONE))
        gs3_out_of_memory();
    gs3_switch_init(&fiber->inside, fiber->memory + fiber->guard_bytes, STACK_BYTES, enter, fiber);
    begin_thread(fiber);
    gs3_fiber_reuse(fiber, run, context);
    return fiber;
}

void gs3_fiber_reuse(struct gs3_fiber *fiber, void (*run)(void *context), void *context)
{
    fiber->run = run;
    fiber->context = context;
    fiber->has_ended = false;
}

void gs3_fiber_free(struct gs3_fiber *fiber)
{
    if (!fiber)
        return;
    end_thread(fiber);
    munmap(fiber->memory, fiber->memory_bytes);
    free(fiber);
}

void gs3_fiber_resume(struct gs3_fiber *fiber)
{
    leave(&fiber->fake_outside, fiber->memory + fiber->guard_bytes, STACK_BYTES);
    enter_thread(fiber);
    gs3_switch_to(&fiber->outside, &fiber->inside);
    arrive(fiber->fake_outside, NULL, NULL);
}

void gs3_fiber_suspend(struct gs3_fiber *fiber)
{
    leave(&fiber->fake_inside, fiber->outside_bottom, fiber->outside_bytes);
    leave_thread(fiber);
    gs3_switch_to(&fiber->inside, &fiber->outside);
    arrive(fiber->fake_inside, &fiber->outside_bottom, &fiber->outside_bytes);
}

bool gs3_fiber_has_ended(const struct gs3_fiber *fiber)
{
    return fiber->has_ended;
}
