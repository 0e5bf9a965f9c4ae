#include "base/switch.h"

#include <stdint.h>

#if defined __x86_64__ && defined __LP64__

/* The registers that a function has to preserve (System V ABI), with the control words of both
 * floating point units, go onto the stack that is left. */
void gs3_switch_stacks(void **from, void *to) __attribute__((visibility("hidden")));
void gs3_switch_begin(void) __attribute__((visibility("hidden")));
__asm__(".text\n"
        ".p2align 4\n"
        ".globl gs3_switch_stacks\n"
        ".hidden gs3_switch_stacks\n"
        ".type gs3_switch_stacks, @function\n"
        "gs3_switch_stacks:\n"
        "    endbr64\n"
        "    pushq %rbp\n"
        "    pushq %rbx\n"
        "    pushq %r12\n"
        "    pushq %r13\n"
        "    pushq %r14\n"
        "    pushq %r15\n"
        "    subq $8, %rsp\n"
        "    stmxcsr (%rsp)\n"
        "    fnstcw 4(%rsp)\n"
        "    movq %rsp, (%rdi)\n"
        "    movq %rsi, %rsp\n"
        "    ldmxcsr (%rsp)\n"
        "    fldcw 4(%rsp)\n"
        "    addq $8, %rsp\n"
        "    popq %r15\n"
        "    popq %r14\n"
        "    popq %r13\n"
        "    popq %r12\n"
        "    popq %rbx\n"
        "    popq %rbp\n"
        "    ret\n"
        ".size gs3_switch_stacks, . - gs3_switch_stacks\n"
        /* The first return leads here: r12 holds the function, rbx its argument. */
        ".p2align 4\n"
        ".globl gs3_switch_begin\n"
        ".hidden gs3_switch_begin\n"
        ".type gs3_switch_begin, @function\n"
        "gs3_switch_begin:\n"
        "    endbr64\n"
        "    movq %rbx, %rdi\n"
        "    xorl %ebp, %ebp\n"
        "    call *%r12\n"
        "    ud2\n"
        ".size gs3_switch_begin, . - gs3_switch_begin\n");

/* What gs3_switch_stacks takes off a stack, lowest address first. */
struct frame {
    uint32_t mxcsr;
    uint16_t x87_control, unused;
    uint64_t r15, r14, r13, r12, rbx, rbp, address;
};

void gs3_switch_init(struct gs3_switch *state, void *stack, size_t stack_bytes,
                     void (*enter)(void *argument), void *argument)
{
    /* Behind the return the stack pointer is a multiple of 16, as a call wants it. */
    uintptr_t top = ((uintptr_t)stack + stack_bytes) & ~(uintptr_t)15;
    struct frame *frame = (struct frame *)(top - sizeof *frame);
    *frame = (struct frame){
        .r12 = (uintptr_t)enter,
        .rbx = (uintptr_t)argument,
        .address = (uintptr_t)gs3_switch_begin,
    };
    __asm__("stmxcsr %0\n\tfnstcw %1" : "=m"(frame->mxcsr), "=m"(frame->x87_control));
    state->stack_pointer = frame;
}

void gs3_switch_to(struct gs3_switch *from, struct gs3_switch *to)
{
    gs3_switch_stacks(&from->stack_pointer, to->stack_pointer);
}

#else

#include "base/mem.h"

/* makecontext hands on integers: each pointer comes in two halves. */
static void begin(unsigned enter_high, unsigned enter_low, unsigned high, unsigned low)
{
    void (*enter)(void *) =
        (void (*)(void *))(((uintptr_t)enter_high << 16 << 16) | (uintptr_t)enter_low);
    enter((void *)(((uintptr_t)high << 16 << 16) | (uintptr_t)low));
}

void gs3_switch_init(struct gs3_switch *state, void *stack, size_t stack_bytes,
                     void (*enter)(void *argument), void *argument)
{
    uintptr_t function = (uintptr_t)enter, value = (uintptr_t)argument;
    if (getcontext(&state->context))
        gs3_out_of_memory();
    state->context.uc_stack.ss_sp = stack;
    state->context.uc_stack.ss_size = stack_bytes;
    makecontext(&state->context, (void (*)(void))(uintptr_t)begin, 4,
                (unsigned)(function >> 16 >> 16), (unsigned)(function & UINT32_MAX),
                (unsigned)(value >> 16 >> 16), (unsigned)(value & UINT32_MAX));
}

void gs3_switch_to(struct gs3_switch *from, struct gs3_switch *to)
{
    swapcontext(&from->context, &to->context);
}

#endif
