/* gs3-warm SOCKET ARGUMENT...: a client of the tests in a process that has its modules loaded.
 *
 * Hands descriptors 0 to 2, the directory, the umask, the arguments and the environment to the
 * server at SOCKET (lib/warm.py, which has the message) and ends with the client's status: 126 when
 * there is no server, 128 and the signal's number when one ended it. */
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

enum { DESCRIPTORS = 4, NO_SERVER = 126 };

static void fail(const char *what)
{
    perror(what);
    exit(NO_SERVER);
}

static int connect_to(const char *path)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (fd < 0 || !path || strlen(path) >= sizeof address.sun_path)
        fail("gs3-warm: a socket");
    memcpy(address.sun_path, path, strlen(path));
    if (connect(fd, (const struct sockaddr *)&address, sizeof address))
        fail("gs3-warm: connect");
    return fd;
}

static uint32_t words_bytes(char *const *words)
{
    uint32_t bytes = 0;
    for (; *words; words++)
        bytes += (uint32_t)strlen(*words) + 1;
    return bytes;
}

static char *words_copy(char *to, char *const *words)
{
    for (; *words; words++)
        to = stpcpy(to, *words) + 1;
    return to;
}

static void send_head(int fd, uint32_t *head, size_t head_bytes)
{
    const int handed[DESCRIPTORS] = {0, 1, 2, open(".", O_RDONLY | O_DIRECTORY | O_CLOEXEC)};
    union {
        struct cmsghdr align;
        char bytes[CMSG_SPACE(sizeof handed)];
    } control = {0};
    struct iovec vector = {.iov_base = head, .iov_len = head_bytes};
    struct msghdr message = {.msg_iov = &vector,
                             .msg_iovlen = 1,
                             .msg_control = control.bytes,
                             .msg_controllen = sizeof control.bytes};
    struct cmsghdr *rights = CMSG_FIRSTHDR(&message);
    rights->cmsg_level = SOL_SOCKET;
    rights->cmsg_type = SCM_RIGHTS;
    rights->cmsg_len = CMSG_LEN(sizeof handed);
    memcpy(CMSG_DATA(rights), handed, sizeof handed);
    if (sendmsg(fd, &message, MSG_NOSIGNAL) != (ssize_t)head_bytes)
        fail("gs3-warm: send");
}

static void send_all(int fd, const char *bytes, size_t length_bytes)
{
    while (length_bytes > 0) {
        ssize_t sent = send(fd, bytes, length_bytes, MSG_NOSIGNAL);
        if (sent < 0)
            fail("gs3-warm: send");
        bytes += sent;
        length_bytes -= (size_t)sent;
    }
}

int main(int argc, char **argv)
{
    while (fcntl(2, F_GETFD) < 0)
        if (open("/dev/null", O_RDWR) < 0)
            return NO_SERVER;
    int fd = connect_to(argc > 1 ? argv[1] : NULL);
    mode_t mask = umask(0);
    uint32_t head[] = {(uint32_t)(argc - 2), words_bytes(argv + 2) + words_bytes(environ),
                       (uint32_t)mask};
    char *words = malloc(head[1] + 1);
    if (!words)
        fail("gs3-warm");
    words_copy(words_copy(words, argv + 2), environ);
    send_head(fd, head, sizeof head);
    send_all(fd, words, head[1]);
    free(words);
    int32_t status = 0;
    if (recv(fd, &status, sizeof status, MSG_WAITALL) != sizeof status)
        fail("gs3-warm: the server went");
    return status < 0 ? 128 - status : status;
}
