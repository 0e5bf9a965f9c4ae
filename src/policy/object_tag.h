/* Object tags by S3's own rules: what --tags may say, and what a policy may inject. Pure; depends
 * on text. */
#ifndef GS3_POLICY_OBJECT_TAG_H
#define GS3_POLICY_OBJECT_TAG_H

enum {
    GS3_OBJECT_TAGS = 10,
    GS3_OBJECT_TAG_KEY_CHARACTERS = 128,
    GS3_OBJECT_TAG_VALUE_CHARACTERS = 256
};

/* How many characters `text` has; -1 when one of them may not stand in a tag. Of ASCII, S3 takes
 * letters, digits, the blank and + - = . _ : / @; of the rest of Unicode, letters and digits, which
 * is left to S3 to say. */
int gs3_object_tag_length(const char *text);

#endif
