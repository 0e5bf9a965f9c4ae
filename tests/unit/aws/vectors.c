#include "aws/vectors.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/file.h"

bool vectors_find(const char *name, char *path, size_t room_bytes)
{
    const char *root = getenv("GS3_VECTORS");
    if (root && (size_t)snprintf(path, room_bytes, "%s/%s", root, name) < room_bytes &&
        access(path, R_OK) == 0)
        return true;
    printf("# skipped: %s is not there (set GS3_VECTORS)\n", name);
    return false;
}

char *vectors_read(const char *path)
{
    gs3_auto_buf struct gs3_buf text = GS3_BUF_INIT(1);
    const struct gs3_file_read_opts opts = {.maximum_bytes = 4 << 20};
    if (gs3_file_read(path, &opts, &text, NULL))
        return NULL;
    if (text.length_bytes > 0 && text.data[text.length_bytes - 1] == '\n')
        text.data[--text.length_bytes] = '\0';
    return gs3_buf_take(&text);
}
