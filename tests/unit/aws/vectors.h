/* Finds the third-party vectors, which are not part of this tree. */
#ifndef GS3_TESTS_AWS_VECTORS_H
#define GS3_TESTS_AWS_VECTORS_H

#include <stdbool.h>
#include <stddef.h>

/* Writes the path of `name` under $GS3_VECTORS; false, with a line that says so, when it is not
 * there. */
bool vectors_find(const char *name, char *path, size_t room_bytes);
/* The file's text (caller frees), a last line feed dropped; NULL when it is not there. */
char *vectors_read(const char *path);

#endif
