/* Content-Type from a file's name, by the system's tables: mime.types, then shared-mime-info.
 *
 * The tables are read once, when the first name is asked about, whichever thread asks: reading them
 * for each of ten thousand files would take longer than sending these. Depends on base. */
#ifndef GS3_TRANSFER_MIME_H
#define GS3_TRANSFER_MIME_H

struct gs3_mime_tables {
    const char *mime_types; /* NULL: /etc/mime.types */
    const char *globs2;     /* NULL: /usr/share/mime/globs2 */
};

struct gs3_mime;

/* `tables` NULL: the system's. Opens nothing yet. */
struct gs3_mime *gs3_mime_new(const struct gs3_mime_tables *tables);
void gs3_mime_free(struct gs3_mime *mime); /* NULL is fine */

/* The type for the last part of `path`, by its longest extension that a table knows, ASCII
 * case-insensitively; NULL when none does. Content-Encoding is never guessed. Caller frees. */
char *gs3_mime_guess(struct gs3_mime *mime, const char *path);

#endif
