#include "aws/endpoint.h"
#include "text/bucket.h"
#include "text/utf8.h"

enum { SHOWN_BYTES = 200 };

int gs3_bucket_check(const char *bucket, struct gs3_err *err)
{
    const char *problem = gs3_bucket_problem(bucket);
    if (!problem)
        return 0;
    gs3_auto_buf struct gs3_buf shown = GS3_BUF_INIT(SHOWN_BYTES);
    if (gs3_utf8_append_printable(&shown, bucket))
        gs3_buf_puts(&shown, "...");
    return gs3_fail(err, GS3_EUSAGE, "bucket \"%s\": %s", gs3_buf_string(&shown), problem);
}
