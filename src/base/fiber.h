/* A stack of its own for straight-line code that has to wait: made, resumed, suspended.
 *
 * With a guard page below each stack; the sanitizers are told of every switch. A fiber belongs to
 * the thread that made it. Knows nothing of what it waits for: net schedules. Depends on mem,
 * switch. */
#ifndef GS3_BASE_FIBER_H
#define GS3_BASE_FIBER_H

#include <stdbool.h>
#include <stddef.h>

struct gs3_fiber;

/* Never NULL; out of memory ends the process as everywhere. The stack is reserved, not touched. */
struct gs3_fiber *gs3_fiber_new(void (*run)(void *context), void *context);
/* A fiber that has ended can run something else on the same stack. */
void gs3_fiber_reuse(struct gs3_fiber *fiber, void (*run)(void *context), void *context);
/* Only one that has ended or was never resumed. */
void gs3_fiber_free(struct gs3_fiber *fiber);

/* From outside: runs it until it suspends itself or ends. */
void gs3_fiber_resume(struct gs3_fiber *fiber);
/* From inside: back to who resumed it. */
void gs3_fiber_suspend(struct gs3_fiber *fiber);
bool gs3_fiber_has_ended(const struct gs3_fiber *fiber);

#endif
