#include "base/mem.h"
#include "net/internal.h"

static void push(struct gs3_http_tasks *tasks, struct gs3_http_task *task)
{
    task->next = NULL;
    *tasks->last = task;
    tasks->last = &task->next;
}

static void empty(struct gs3_http_tasks *tasks)
{
    tasks->first = NULL;
    tasks->last = &tasks->first;
}

static struct gs3_http_task *pop(struct gs3_http_tasks *tasks)
{
    struct gs3_http_task *task = tasks->first;
    if (!task)
        return NULL;
    tasks->first = task->next;
    if (!tasks->first)
        tasks->last = &tasks->first;
    return task;
}

/* Puts the tasks of `from` behind those of `to`. */
static void move_all(struct gs3_http_tasks *to, struct gs3_http_tasks *from)
{
    if (!from->first)
        return;
    *to->last = from->first;
    to->last = from->last;
    empty(from);
}

void gs3_http_tasks_init(struct gs3_http *http)
{
    empty(&http->ready);
    empty(&http->yielded);
    empty(&http->unparked);
    pthread_mutex_init(&http->lock, NULL);
}

static void free_task(struct gs3_http_task *task)
{
    gs3_fiber_free(task->fiber);
    free(task);
}

void gs3_http_tasks_release(struct gs3_http *http)
{
    for (struct gs3_http_task *task = http->idle_tasks, *next; task; task = next) {
        next = task->next;
        free_task(task);
    }
    pthread_mutex_destroy(&http->lock);
}

void gs3_http_task_ready(struct gs3_http *http, struct gs3_http_task *task)
{
    push(&http->ready, task);
}

static void run_task(void *context)
{
    struct gs3_http_task *task = context;
    task->run(task->context);
}

static void resume(struct gs3_http *http, struct gs3_http_task *task)
{
    http->current = task;
    gs3_fiber_resume(task->fiber);
    http->current = NULL;
    if (!gs3_fiber_has_ended(task->fiber))
        return;
    http->task_count--;
    task->next = http->idle_tasks;
    http->idle_tasks = task;
}

/* Each task that is ready now runs once: one that yields waits for the next turn. */
void gs3_http_tasks_run(struct gs3_http *http)
{
    struct gs3_http_tasks now;
    empty(&now);
    pthread_mutex_lock(&http->lock);
    move_all(&http->ready, &http->unparked);
    pthread_mutex_unlock(&http->lock);
    move_all(&http->ready, &http->yielded);
    move_all(&now, &http->ready);
    for (struct gs3_http_task *task; (task = pop(&now));)
        resume(http, task);
}

void gs3_http_spawn(struct gs3_http *http, void (*run)(void *context), void *context)
{
    struct gs3_http_task *task = http->idle_tasks;
    if (task) {
        http->idle_tasks = task->next;
        gs3_fiber_reuse(task->fiber, run_task, task);
    } else {
        task = gs3_xcalloc(1, sizeof *task);
        task->http = http;
        task->fiber = gs3_fiber_new(run_task, task);
    }
    task->run = run;
    task->context = context;
    /* What was meant for the task that ran on this stack before is not for this one. */
    pthread_mutex_lock(&http->lock);
    task->was_unparked = false;
    pthread_mutex_unlock(&http->lock);
    http->task_count++;
    push(&http->ready, task);
}

size_t gs3_http_task_count(const struct gs3_http *http)
{
    return http->task_count;
}

bool gs3_http_is_in_task(const struct gs3_http *http)
{
    return http->current != NULL;
}

struct gs3_http_task *gs3_http_self(const struct gs3_http *http)
{
    return http->current;
}

void gs3_http_yield(struct gs3_http *http)
{
    struct gs3_http_task *task = http->current;
    push(&http->yielded, task);
    gs3_fiber_suspend(task->fiber);
}

void gs3_http_task_wait(struct gs3_http *http, struct gs3_http_call *call)
{
    struct gs3_http_task *task = http->current;
    call->waiter = task;
    gs3_fiber_suspend(task->fiber);
}

void gs3_http_park(struct gs3_http *http)
{
    struct gs3_http_task *task = http->current;
    pthread_mutex_lock(&http->lock);
    task->is_parked = !task->was_unparked;
    task->was_unparked = false;
    bool waits = task->is_parked;
    pthread_mutex_unlock(&http->lock);
    if (waits)
        gs3_fiber_suspend(task->fiber);
}

void gs3_http_unpark(struct gs3_http_task *task)
{
    struct gs3_http *http = task->http;
    pthread_mutex_lock(&http->lock);
    bool waits = task->is_parked;
    task->is_parked = false;
    task->was_unparked = !waits;
    /* Woken under the lock: once the task goes on, its thread may end and free `http`. */
    if (waits) {
        push(&http->unparked, task);
        gs3_http_wake(http);
    }
    pthread_mutex_unlock(&http->lock);
}
