/* Reading a policy from disk, strictly. Errors are GS3_EPOLICY with file:line:column, what is
 * wrong and what to do. Reads files; no network, no clock, no environment, no `${…}` expansion. */
#ifndef GS3_POLICY_LOAD_H
#define GS3_POLICY_LOAD_H

#include "base/err.h"
#include "policy/model.h"

/* `path` is a file or a directory: its *.yaml and *.yml in byte order, without dot files and
 * subdirectories; none may define a name twice, each carries apiVersion, exactly one `serial`.
 * `is_system`: loaded from $sysconfdir. Then `locked` is allowed, a loopback ticket system is
 * refused, and `{file:}` and `{command:}` credentials are allowed where root alone can write the
 * file (and the directory). err->sys_errno is ENOENT when `path` is not there. Free with
 * gs3_policy_free. */
struct gs3_policy *gs3_policy_load(const char *path, bool is_system, struct gs3_err *err);

/* The same for one text in memory (tests, fuzzing), never root's; `name` stands in
 * messages. */
struct gs3_policy *gs3_policy_parse(const char *name, const char *data, size_t length_bytes,
                                    bool is_system, struct gs3_err *err);

#endif
