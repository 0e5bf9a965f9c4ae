/* What a piece of work runs on: one worker's connections. Never shared between threads. */
#ifndef GS3_TRANSFER_LANE_H
#define GS3_TRANSFER_LANE_H

#include "net/http.h"
#include "s3/transport.h"

struct gs3_lane {
    struct gs3_http *http;
    struct gs3_s3_transport *destination; /* and of a download's source */
    struct gs3_s3_transport *source;      /* of a copy; the same one unless --source-region */
    void *own;                            /* of whoever opened it; nobody else looks at it */
};

#endif
