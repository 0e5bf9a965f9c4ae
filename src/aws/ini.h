/* The INI dialect of the AWS CLI's files: sections, settings, one level of nesting.
 *
 * Reads what botocore reads with Python's RawConfigParser: "=" or ":" after the name, names in
 * lower case, comments only on lines of their own (# or ;), indented lines continue a value, and
 * an empty value followed by indented "name = value" lines is a nested block. Like botocore it
 * refuses duplicate sections and settings, and lines that are neither. Stricter than it: control
 * characters, and one name with two values in one nested block, are errors. Depends on base,
 * text/utf8, crypto (values may be secrets: they are zeroed). Never opens a file. */
#ifndef GS3_AWS_INI_H
#define GS3_AWS_INI_H

#include <stddef.h>

#include "base/err.h"

enum {
    GS3_INI_BYTES = 1 << 20,
    GS3_INI_SECTIONS = 5000,
    GS3_INI_SETTINGS = 200,       /* in one section */
    GS3_INI_VALUE_BYTES = 1 << 16 /* of a value over several lines */
};

struct gs3_ini_setting {
    char *parent; /* the block's name ("s3") for a nested setting, else NULL */
    char *name;   /* lower case, but for nested ones, which stay as written */
    char *value;  /* NULL for a block: its settings follow */
    unsigned line;
};

struct gs3_ini_section {
    char *name; /* between the brackets, as written */
    unsigned line;
    struct gs3_ini_setting *settings;
    size_t count, capacity;
};

struct gs3_ini {
    struct gs3_ini_section *sections;
    size_t count, capacity;
};

/* Reads one file's text into `ini` (zero-initialised; the caller releases it, after a failure
 * too). GS3_ECONFIG, "NAME:LINE: what is wrong". */
int gs3_ini_parse(const char *name, const char *data, size_t length_bytes, struct gs3_ini *ini,
                  struct gs3_err *err);
void gs3_ini_release(struct gs3_ini *ini);

/* By exact name; NULL when there is none. Owned by `ini`. */
const struct gs3_ini_section *gs3_ini_section(const struct gs3_ini *ini, const char *name);
/* `parent` NULL: not nested. */
const struct gs3_ini_setting *gs3_ini_setting(const struct gs3_ini_section *section,
                                              const char *parent, const char *name);

/* The second word of a section's name that has exactly two, the first being `kind` ("profile x",
 * profile "x y"), with the quotes and backslashes of a shell. NULL otherwise; caller frees. */
char *gs3_ini_section_word(const char *section_name, const char *kind);

/* Reads one word with the quoting of a shell, as Python's shlex does, and moves `text`, which is at
 * the word's first character, behind it. NULL: an open quote or a last backslash. Caller frees. */
char *gs3_ini_read_word(const char **text);

#define gs3_auto_ini __attribute__((cleanup(gs3_ini_release)))

#endif
