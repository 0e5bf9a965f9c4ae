#include "cli/prompt.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <string.h>
#include <termios.h>
#include <unistd.h>

#include "base/mem.h"

enum { ANSWER_BYTES = 128, LOOK_MS = 200 };

static int say(int tty, const char *text)
{
    size_t length = strlen(text);
    return write(tty, text, length) == (ssize_t)length ? 0 : -1;
}

/* A line, of which all is read however long it is; true at its end. */
static bool take(char *line, size_t *length, const char *bytes, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        if (bytes[i] == '\n' || bytes[i] == '\r')
            return true;
        if (*length <= ANSWER_BYTES)
            line[(*length)++] = bytes[i];
    }
    return false;
}

/* Looks at the flag now and then: the signal's handler lets a read go on. */
static int read_line(int tty, const volatile int *interrupted, char *line, size_t *length,
                     struct gs3_err *err)
{
    char bytes[64];
    for (*length = 0;;) {
        struct pollfd look = {.fd = tty, .events = POLLIN};
        int ready = poll(&look, 1, LOOK_MS);
        if (interrupted && *interrupted)
            return gs3_fail(err, GS3_EINTERRUPT, "interrupted");
        if (ready == 0 || (ready < 0 && errno == EINTR))
            continue;
        ssize_t got = ready < 0 ? -1 : read(tty, bytes, sizeof bytes);
        if (got < 0)
            return gs3_fail_errno(err, GS3_ECONFIG, errno, "the terminal gives no answer");
        bool is_whole = got == 0 || take(line, length, bytes, (size_t)got);
        gs3_secret_wipe(bytes, sizeof bytes);
        if (is_whole)
            return 0;
    }
}

static int ask(int tty, const char *question, const volatile int *interrupted,
               struct gs3_secret *answer, struct gs3_err *err)
{
    char line[ANSWER_BYTES + 1];
    size_t length = 0;
    if (say(tty, question))
        return gs3_fail_errno(err, GS3_ECONFIG, errno, "the terminal cannot be written to");
    int failed = read_line(tty, interrupted, line, &length, err);
    say(tty, "\n");
    if (!failed && length == 0)
        failed = gs3_fail(err, GS3_ECONFIG, "no answer was given");
    else if (!failed && length > ANSWER_BYTES)
        failed = gs3_fail(err, GS3_ECONFIG, "the answer is longer than %d bytes", ANSWER_BYTES);
    if (!failed)
        gs3_secret_set(answer, line, length);
    gs3_secret_wipe(line, sizeof line);
    return failed ? -1 : 0;
}

int gs3_prompt(const char *question, const volatile int *interrupted, struct gs3_secret *answer,
               struct gs3_err *err)
{
    gs3_auto_close int tty = open("/dev/tty", O_RDWR | O_CLOEXEC | O_NOCTTY);
    struct termios old;
    if (tty < 0 || tcgetattr(tty, &old))
        return gs3_fail(err, GS3_ECONFIG, "a code has to be asked for, and there is no terminal");
    struct termios silent = old;
    silent.c_lflag &= ~(tcflag_t)(ECHO | ECHOE | ECHOK | ECHONL);
    /* What was typed ahead is no answer. */
    if (tcsetattr(tty, TCSAFLUSH, &silent))
        return gs3_fail_errno(err, GS3_ECONFIG, errno, "the terminal's echo cannot be turned off");
    int status = ask(tty, question, interrupted, answer, err);
    tcsetattr(tty, TCSAFLUSH, &old);
    return status;
}
