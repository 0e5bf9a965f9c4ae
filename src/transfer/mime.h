/* Content-Type from a file's name, by the system's tables: mime.types, then shared-mime-info. */
#ifndef GS3_TRANSFER_MIME_H
#define GS3_TRANSFER_MIME_H

struct gs3_mime_tables {
    const char *mime_types; /* NULL: /etc/mime.types */
    const char *globs2;     /* NULL: /usr/share/mime/globs2 */
};

/* The type for the last part of `path`, by its longest extension that a table knows, ASCII
 * case-insensitively; NULL when none does. Content-Encoding is never guessed. Caller frees. */
char *gs3_mime_guess(const struct gs3_mime_tables *tables, const char *path);

/* The tables read once, for many names: the same answers, and no file is opened for each. */
struct gs3_mime;
struct gs3_mime *gs3_mime_read(const struct gs3_mime_tables *tables);
void gs3_mime_free(struct gs3_mime *mime); /* NULL is fine */
/* As gs3_mime_guess; the string is the tables'. */
const char *gs3_mime_find(const struct gs3_mime *mime, const char *path);

#endif
