/* From one stack to another and back: what a fiber is made of.
 *
 * On x86-64 in a few instructions of our own: swapcontext asks the kernel for the signal mask at
 * every switch, which nobody changes here, and the address sanitizer complains about it on standard
 * error. On ucontext elsewhere. Not for processes with a shadow stack (CET, which Linux turns on
 * for those alone that ask for it). Depends on nothing. */
#ifndef GS3_BASE_SWITCH_H
#define GS3_BASE_SWITCH_H

#include <stddef.h>

#if defined __x86_64__ && defined __LP64__
struct gs3_switch {
    void *stack_pointer;
};
#else
#include <ucontext.h>
struct gs3_switch {
    ucontext_t context;
};
#endif

/* `state` becomes a stack whose first turn is enter(argument), which must not return. */
void gs3_switch_init(struct gs3_switch *state, void *stack, size_t stack_bytes,
                     void (*enter)(void *argument), void *argument);
/* Goes on where `to` was left, and leaves this turn in `from`. */
void gs3_switch_to(struct gs3_switch *from, struct gs3_switch *to);

#endif
