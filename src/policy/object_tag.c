#include "policy/object_tag.h"

#include <string.h>

#include "base/str.h"
#include "text/utf8.h"

static bool is_allowed(uint32_t character)
{
    if (character > 0x7F)
        return !gs3_utf8_is_unsafe(character);
    return character &&
           (gs3_ascii_is_alnum((char)character) || strchr(" +-=._:/@", (int)character));
}

int gs3_object_tag_length(const char *text)
{
    int count = 0;
    size_t left_bytes = strlen(text);
    while (left_bytes > 0) {
        uint32_t character;
        size_t used = gs3_utf8_decode(text, left_bytes, &character);
        if (used == 0 || !is_allowed(character))
            return -1;
        text += used;
        left_bytes -= used;
        count++;
    }
    return count;
}
