#include "base/log.h"

#include <stdarg.h>
#include <stdio.h>

void gs3_log_debug(const struct gs3_log *log, const char *format, ...)
{
    if (!log || !log->write)
        return;
    char line[2048];
    va_list args;
    va_start(args, format);
    vsnprintf(line, sizeof line, format, args);
    va_end(args);
    log->write(log->context, line);
}
