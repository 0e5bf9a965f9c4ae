#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>

#include "base/buf.h"
#include "base/mem.h"
#include "base/str.h"
#include "cli/doctor_internal.h"

enum { LIST_BYTES = 1000 };

struct clocks {
    struct gs3_buf seen;
    int64_t worst_s;
    size_t count, off_count;
};

static void add_clock(struct clocks *clocks, const char *name, bool is_known, int64_t offset_s)
{
    if (!is_known)
        return;
    int64_t magnitude_s = offset_s < 0 ? -offset_s : offset_s;
    int64_t worst_s = clocks->worst_s < 0 ? -clocks->worst_s : clocks->worst_s;
    gs3_buf_printf(&clocks->seen, "%s%s %+lld s", clocks->count ? ", " : "", name,
                   (long long)offset_s);
    clocks->count++;
    clocks->off_count += magnitude_s > GS3_DOCTOR_CLOCK_S;
    if (magnitude_s > worst_s)
        clocks->worst_s = offset_s;
}

/* Windows are judged by the ticketing system's clock; one that is over 5 minutes from ours leaves
 * them undecided. */
void gs3_doctor_check_clock(struct gs3_doctor *doctor)
{
    struct clocks clocks = {.seen = GS3_BUF_INIT(LIST_BYTES)};
    struct gs3_check check = {.name = "clock"};
    add_clock(&clocks, "STS", doctor->sts_clock.is_known, doctor->sts_clock.offset_s);
    add_clock(&clocks, "S3", doctor->probe.clock.is_known, doctor->probe.clock.offset_s);
    for (size_t i = 0; i < doctor->ticket_count; i++) {
        const struct gs3_doctor_ticket *ticket = &doctor->tickets[i];
        add_clock(&clocks, ticket->system->name, ticket->probe.has_server_time,
                  ticket->probe.offset_s);
    }
    const char *seen = gs3_buf_string(&clocks.seen);
    if (clocks.count == 0) {
        gs3_doctor_skip(doctor, check.name, "no server said what time it is");
    } else if (clocks.off_count == 0) {
        gs3_doctor_note(doctor, &check, "servers are off by: %s", seen);
    } else {
        check.status = GS3_CHECK_FAILED;
        check.class = GS3_EUNDECIDED;
        check.remedy = clocks.off_count == clocks.count
                           ? "set this machine's clock (NTP)"
                           : "have the clock of the one that differs set right (NTP)";
        gs3_doctor_note(doctor, &check,
                        "this machine's clock is %s a server's by %lld minutes, and by more than "
                        "5 no window can be judged (%s)",
                        clocks.worst_s > 0 ? "behind" : "ahead of",
                        (long long)(clocks.worst_s > 0 ? clocks.worst_s : -clocks.worst_s) / 60,
                        seen);
    }
    gs3_buf_release(&clocks.seen);
}

/* The first part of `path` from its end that is there; the caller frees. */
static char *find_existing(const char *path)
{
    struct stat info;
    char *at = gs3_xstrdup(path);
    while (stat(at, &info) && errno == ENOENT && strrchr(at, '/') > at)
        *strrchr(at, '/') = '\0';
    if (stat(at, &info) && errno == ENOENT)
        at[1] = '\0';
    return at;
}

static void check_directory(struct gs3_doctor *doctor, const char *name, const char *path,
                            const char *use)
{
    gs3_auto_free char *existing = find_existing(path);
    struct stat info;
    struct gs3_check check = {.name = name, .source = path};
    bool is_there = strcmp(existing, path) == 0;
    bool is_directory = stat(existing, &info) == 0 && S_ISDIR(info.st_mode);
    bool is_usable = is_directory && faccessat(AT_FDCWD, existing, W_OK | X_OK, AT_EACCESS) == 0;
    if (is_usable) {
        gs3_doctor_note(doctor, &check, is_there ? "writable" : "made when it is needed");
        return;
    }
    check.status = GS3_CHECK_WARNING;
    check.remedy = use;
    gs3_doctor_note(doctor, &check, "%s %s", existing,
                    is_directory ? "is not writable" : "is not a directory");
}

static void check_state(struct gs3_doctor *doctor)
{
    static const char use[] = "make it writable: without it an interrupted upload cannot be "
                              "resumed or cleaned up";
    const char *base = gs3_env_get(doctor->env, "XDG_STATE_HOME");
    const char *home = gs3_env_get(doctor->env, "HOME");
    gs3_auto_free char *path = NULL;
    if (base && *base == '/')
        path = gs3_xasprintf("%s/gs3/uploads", base);
    else if (home && *home == '/')
        path = gs3_xasprintf("%s/.local/state/gs3/uploads", home);
    if (path) {
        check_directory(doctor, "state", path, use);
        return;
    }
    const struct gs3_check check = {.name = "state",
                                    .status = GS3_CHECK_WARNING,
                                    .remedy = "set HOME or XDG_STATE_HOME"};
    gs3_doctor_note(doctor, &check, "there is no place for it, so no upload can be resumed");
}

static void check_mime(struct gs3_doctor *doctor)
{
    static const char *const tables[] = {"/etc/mime.types", "/usr/share/mime/globs2"};
    gs3_auto_buf struct gs3_buf found = GS3_BUF_INIT(LIST_BYTES);
    struct gs3_check check = {.name = "mime"};
    for (size_t i = 0; i < sizeof tables / sizeof *tables; i++)
        if (faccessat(AT_FDCWD, tables[i], R_OK, AT_EACCESS) == 0)
            gs3_buf_printf(&found, "%s%s", found.length_bytes ? ", " : "", tables[i]);
    if (found.length_bytes > 0) {
        gs3_doctor_note(doctor, &check, "%s", gs3_buf_string(&found));
        return;
    }
    check.status = GS3_CHECK_WARNING;
    check.remedy = "install mime-support (media-types) or shared-mime-info, or use --content-type";
    gs3_doctor_note(doctor, &check, "no table of types: uploads have no guessed Content-Type");
}

void gs3_doctor_check_local(struct gs3_doctor *doctor)
{
    const char *temporary = gs3_env_get(doctor->env, "TMPDIR");
    check_state(doctor);
    check_directory(doctor, "temporary", temporary ? temporary : "/tmp",
                    "make it writable, or set TMPDIR: standard input is kept there");
    check_mime(doctor);
}
