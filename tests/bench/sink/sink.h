/*
 * gs3-sink: a fast S3 endpoint for measuring clients, a sink for uploads and a source for downloads
 * and listings. What its files share.
 *
 * It costs as little as it can, so that a client's figures are the client's own: bodies are thrown
 * away inside the kernel, downloads are zeros from sendfile, signatures are not checked. An index
 * of what was written (length, ETag, properties, metadata) answers HEAD, lists, copies and deletes
 * as S3 would. It depends on OpenSSL and on Linux (epoll, sendfile, memfd). Of gs3 it has the
 * checks' arithmetic alone (crypto/crc.h, for --checksums; gs3's tests hold that against its
 * definition), writes no file but the port file and the request log, and is a server for loopback.
 *
 * Threads: each has a loop with its own listener and connections. The index and the uploads have
 * locks, the counts are atomic; all else belongs to one loop.
 */
#ifndef GS3_TESTS_BENCH_SINK_H
#define GS3_TESTS_BENCH_SINK_H

#include "crypto/crc.h"

#include <openssl/ssl.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <time.h>

#define SINK_HEAD_MAX_BYTES    ((size_t)64 << 10) /* request line and headers */
#define SINK_PATH_MAX_BYTES    1100 /* bucket, slash, key: S3's limits are 63 and 1024 */
#define SINK_ANSWER_MAX_BYTES  ((size_t)16 << 20)  /* a page of 1000 escaped keys has under 4 MiB */
#define SINK_LIST_MAX_BYTES    ((size_t)8 << 20)   /* the body of one DeleteObjects */
#define SINK_KEEP_MAX_BYTES    ((size_t)1 << 30)   /* a body kept by --keep-bodies */
#define SINK_ONE_MAX_BYTES     ((uint64_t)5 << 30) /* S3: one PUT, one copy */
#define SINK_ZEROS_BYTES       ((size_t)8 << 20)
#define SINK_PARTS_MAX         10000
#define SINK_THREADS_MAX       64
#define SINK_ETAG_CHARS        48
#define SINK_PRINTF(fmt, args) __attribute__((format(printf, fmt, args)))

/* A growing byte string, NUL-terminated whenever data is not NULL. What does not fit below max is
 * dropped and is_full says so. */
struct sink_buf {
    char *data;
    size_t len;
    size_t cap;
    size_t max;
    bool is_full;
};

/* Bytes of an object that was kept: shared by the index and by the answers that send it. */
struct sink_blob {
    _Atomic unsigned users;
    size_t len;
    char *data;
};

enum sink_op {
    SINK_PUT_OBJECT,
    SINK_UPLOAD_PART,
    SINK_COPY_OBJECT,
    SINK_COPY_PART,
    SINK_CREATE_UPLOAD,
    SINK_COMPLETE_UPLOAD,
    SINK_ABORT_UPLOAD,
    SINK_LIST_PARTS,
    SINK_GET_OBJECT,
    SINK_HEAD_OBJECT,
    SINK_DELETE_OBJECT,
    SINK_DELETE_OBJECTS,
    SINK_LIST_V1,
    SINK_LIST_V2,
    SINK_HEAD_BUCKET,
    SINK_BUCKET_LOCATION,
    SINK_CREATE_BUCKET,
    SINK_DELETE_BUCKET,
    SINK_LIST_BUCKETS,
    SINK_TAGGING,
    SINK_OTHER,
    SINK_OP_COUNT
};

enum sink_counter {
    SINK_BYTES_IN,
    SINK_BYTES_OUT,
    SINK_CONNECTIONS,
    SINK_EXPECT_100,
    SINK_ANSWERED_404,
    SINK_ANSWERED_412,
    SINK_ANSWERED_503,
    SINK_ANSWERED_RESET,
    SINK_PAYLOAD_SHA256,
    SINK_PAYLOAD_UNSIGNED,
    SINK_PAYLOAD_STREAMING,
    SINK_CONTENT_MD5,
    SINK_CHECKSUM_HEADER,
    SINK_CHUNKED,
    SINK_KEYS_DELETED,
    SINK_COUNTER_COUNT
};

struct sink_stats {
    _Atomic uint64_t ops[SINK_OP_COUNT];
    _Atomic uint64_t counters[SINK_COUNTER_COUNT];
    _Atomic uint64_t part_min_bytes, part_max_bytes;
    _Atomic uint64_t connections, connections_peak, in_flight, in_flight_peak;
    _Atomic uint64_t requests, draws;
    _Atomic uint64_t cpu_base_us; /* spent before the last reset */
};

struct sink_options {
    const char *address;
    const char *port_file;   /* NULL: none */
    const char *pem;         /* key and certificate; NULL: plain http */
    const char *request_log; /* NULL: none */
    uint64_t port;           /* 0: a free one */
    uint64_t threads;
    uint64_t latency_us;             /* before every answer, 100 Continue too */
    uint64_t connect_trips;          /* latencies charged for a new connection */
    uint64_t rate_mbps;              /* MB/s of one connection and direction; 0: no cap */
    uint64_t slow_down;              /* 503 SlowDown to each such request; 0: never */
    uint64_t fault_503, fault_reset; /* of a million requests */
    uint64_t seed;
    bool has_md5;       /* real ETags */
    bool has_checksums; /* what comes is checked, and what is there says what it has */
    bool keeps_bodies;
    bool is_quiet;
    bool dies_with_parent;
};

/* What a checksum header or a whole object says: CRC64NVME, CRC32 or CRC32C; others are not known
 * here. */
struct sink_checksum {
    bool is_there;
    enum gs3_crc_kind kind;
    uint64_t value;
};

/* An object as the index hands it out; headers and blob are the receiver's to give back. */
struct sink_object {
    uint64_t size_bytes;
    time_t modified;
    char etag[SINK_ETAG_CHARS];    /* without quotes */
    struct sink_checksum checksum; /* of its bytes; with has_checksums */
    char *headers;                 /* "Name: value\r\n"…; NULL: none */
    struct sink_blob *blob;        /* NULL: zeros */
};

struct sink_entry {
    struct sink_entry *next;
    char *path;
    struct sink_object object;
};

struct sink_index {
    pthread_mutex_t lock;
    struct sink_entry **slots;
    struct sink_entry **sorted; /* by path, valid while is_sorted */
    size_t sorted_count;
    size_t count;
    bool is_sorted;
};

struct sink_upload {
    struct sink_upload *next;
    uint64_t id;
    char *headers;
    uint64_t part_count;
    unsigned char (*digests)[16];
    struct sink_part {
        struct sink_checksum checksum;
        uint64_t size_bytes;
    } * parts; /* as many as digests */
    uint64_t digest_cap;
    enum gs3_crc_kind checksum_kind;
};

struct sink_uploads {
    pthread_mutex_t lock;
    struct sink_upload *first;
    uint64_t last_id;
};

/* Everything that the loops share. */
struct sink {
    struct sink_options options;
    struct sink_stats stats;
    struct sink_index index;
    struct sink_uploads uploads;
    _Atomic uint64_t writes; /* makes each ETag another one */
    SSL_CTX *tls;            /* NULL: plain http */
    int log_fd;              /* -1: no request log */
    int zeros_fd;
    const char *zeros;
    int stop_fd; /* readable once the loops have to end */
};

/* A bucket "n<COUNT>-<SIZE>" holds COUNT keys p/00000000… without an upload. */
struct sink_synthetic {
    uint64_t count;
    uint64_t size_bytes;
};

/* One request's head. The text is that of head, decoded in place. */
struct sink_request {
    struct sink_buf head;
    struct sink_buf kept; /* the headers that the object will answer with */
    enum sink_op op;
    const char *method;
    const char *path; /* "bucket/key" */
    size_t bucket_len;
    const char *key;         /* within path; "": none */
    const char *query;       /* still encoded; "": none */
    const char *copy_source; /* "bucket/key"; NULL: no copy */
    const char *if_match, *if_none_match, *copy_if_match;
    uint64_t length_bytes;
    uint64_t decoded_bytes; /* of an aws-chunked body */
    uint64_t part;
    uint64_t range_first, range_last; /* UINT64_MAX: not given */
    enum gs3_crc_kind checksum_kind;  /* what is computed of the body: CRC64NVME unless it says */
    char checksum_text[GS3_CRC_TEXT_BYTES]; /* of a header or the trailer; "": none */
    bool wants_checksum;                    /* x-amz-checksum-mode */
    bool has_range;
    bool has_decoded;
    bool is_chunked;
    bool is_streaming;
    bool is_replace; /* x-amz-metadata-directive */
    bool expects;
    bool keeps_alive;
};

/* The texts of the current second, so that a busy loop does not format them for each request. */
struct sink_dates {
    time_t http_second, iso_second;
    char http[40], iso[32];
};

/* What follows the answer's head: bytes of the blob, or zeros. */
struct sink_payload {
    struct sink_blob *blob;
    uint64_t offset;
    uint64_t left_bytes;
};

enum sink_fault {
    SINK_FAULT_NONE,
    SINK_FAULT_503,
    SINK_FAULT_RESET, /* instead of the operation */
    SINK_FAULT_CUT,   /* the operation is done, its answer lost; a payload ends half-way */
};

/* A complete request, and where its answer goes. */
struct sink_exchange {
    struct sink *sink;
    struct sink_dates *dates;
    struct sink_request *request;
    struct sink_buf *body; /* what was kept of it */
    uint64_t body_bytes;
    enum sink_fault fault;
    unsigned char md5[16];         /* with has_md5 */
    struct sink_checksum checksum; /* with has_checksums */
    struct sink_buf *answer;
    struct sink_payload *payload;
};

enum sink_state { SINK_HEAD, SINK_BODY, SINK_CHUNKS, SINK_WAIT, SINK_WRITE };
enum sink_chunk { SINK_CHUNK_SIZE, SINK_CHUNK_DATA, SINK_CHUNK_TRAILER };

/* Where a body in the aws-chunked form is: it may come in HTTP's own chunks besides. */
struct sink_frames {
    enum sink_chunk state;
    uint64_t left_bytes; /* of the chunk */
    char line[160];
    size_t line_len;
};

struct sink_loop;

struct sink_conn {
    struct sink_loop *loop;
    struct sink_conn *next_free;
    int fd; /* -1: not in use */
    uint32_t generation;
    SSL *tls;
    EVP_MD_CTX *digest;
    enum sink_state state, after;
    enum sink_chunk chunk;
    bool is_shaking, is_fresh, is_counted, is_digested, is_wanted, is_summed, is_framed;
    bool is_cut; /* reset where the payload ends */
    uint64_t crc;
    struct sink_frames frames;
    char *input;
    size_t input_len, input_pos;
    struct sink_request request;
    struct sink_buf body;
    uint64_t body_bytes, left_bytes;
    struct sink_buf answer;
    struct sink_buf log; /* the request's line, so far */
    size_t answer_pos;
    struct sink_payload payload;
    uint64_t allowed_ns; /* when the cap lets more through */
};

struct sink_timer {
    uint64_t due_ns;
    struct sink_conn *conn;
    uint32_t generation;
};

struct sink_loop {
    struct sink *sink;
    pthread_t thread;
    int listener, epoll;
    struct sink_timer *timers; /* a heap, earliest first */
    size_t timer_count, timer_cap;
    struct sink_conn *free_conns;
    struct sink_conn **conns; /* all of them */
    size_t conn_count, conn_cap;
    char *scratch;
    struct sink_dates dates;
};

/* util.c: allocation ends the program with 70 when there is no memory. */
void *sink_alloc(size_t bytes);
void *sink_realloc(void *p, size_t bytes);
char *sink_strdup(const char *text);
uint64_t sink_now_ns(void);
void sink_buf_add(struct sink_buf *buf, const void *data, size_t len);
void sink_buf_text(struct sink_buf *buf, const char *text);
void sink_buf_number(struct sink_buf *buf, uint64_t value);
SINK_PRINTF(2, 3) void sink_buf_printf(struct sink_buf *buf, const char *format, ...);
/* Drops the contents, and the memory when there is much of it. */
void sink_buf_reset(struct sink_buf *buf);
void sink_buf_release(struct sink_buf *buf);
/* Takes data, which has len bytes. */
struct sink_blob *sink_blob_new(char *data, size_t len);
struct sink_blob *sink_blob_take(struct sink_blob *blob);
void sink_blob_give(struct sink_blob *blob);

/* text.c */
/* Reads decimal digits; *end is the first character after them. False: no digit, or too large. */
bool sink_number_read(const char *text, uint64_t *value, const char **end);
/* Decodes %XX in place, and + as a space when asked. */
void sink_percent_decode(char *text, bool has_plus);
/* Undoes XML's five entities in place. */
void sink_xml_decode(char *text);
void sink_buf_xml(struct sink_buf *buf, const char *text);
/* As encoding-type=url wants it. */
void sink_buf_percent(struct sink_buf *buf, const char *text);
/* 32 hexadecimal digits and -1, as of an object that was put in one part. */
void sink_etag_format(uint64_t high, uint64_t low, char etag[SINK_ETAG_CHARS]);
void sink_hex(char *out, const unsigned char *bytes, size_t count);

/* stats.c */
void sink_count(struct sink_stats *stats, enum sink_counter counter, uint64_t more);
void sink_peak(_Atomic uint64_t *now, _Atomic uint64_t *peak);
void sink_stats_part(struct sink_stats *stats, uint64_t bytes);
const char *sink_op_name(enum sink_op op);
void sink_stats_print(struct sink_stats *stats, struct sink_buf *out);
void sink_stats_reset(struct sink_stats *stats);

/* synthetic.c */
bool sink_synthetic_read(const char *path, size_t bucket_len, struct sink_synthetic *out);
/* The key with that number: at most 15 characters. */
void sink_synthetic_key(uint64_t number, char key[32]);
bool sink_synthetic_find(const char *path, struct sink_object *out);
void sink_synthetic_object(const struct sink_synthetic *bucket, const char *key,
                           struct sink_object *out);

/* index.c: paths are "bucket/key". */
void sink_index_init(struct sink_index *index);
void sink_index_clear(struct sink_index *index);
void sink_index_release(struct sink_index *index);
/* Takes object's headers and blob. */
void sink_index_put(struct sink_index *index, const char *path, const struct sink_object *object);
/* True: out is filled, synthetic buckets included. */
bool sink_index_find(struct sink_index *index, const char *path, struct sink_object *out);
void sink_index_delete(struct sink_index *index, const char *path);
/* With the lock held: fills sorted. */
void sink_index_sort(struct sink_index *index);
/* How many objects have a path that begins so, and their bytes. */
void sink_index_total(struct sink_index *index, const char *prefix, uint64_t *count,
                      uint64_t *bytes);
void sink_object_release(struct sink_object *object);
uint64_t sink_hash(const char *text);
void sink_etag_make(struct sink *sink, const char *path, uint64_t size_bytes, char *etag);

/* request.c, route.c */
/* Reads what head holds, from the request line to the blank line. False: not a request. */
bool sink_request_read(struct sink_request *request, struct sink_stats *stats);
void sink_request_reset(struct sink_request *request);
void sink_request_route(struct sink_request *request);
/* The decoded value of a parameter. False: it is absent or too long, out is "" then. */
bool sink_query_get(const struct sink_request *request, const char *name, char *out, size_t size);
bool sink_query_has(const struct sink_request *request, const char *name);

/* checksum.c */
/* Takes what the line of a header or a trailer says of checksums. */
void sink_checksum_read(struct sink_request *request, const char *line);
/* True: what came has the checksum that was sent along, or none was. Else the answer is written. */
bool sink_checksum_check(struct sink_exchange *x, const struct sink_checksum *computed);
/* A whole header line, "" for none. */
#define SINK_CHECKSUM_LINE 64
void sink_checksum_line(const struct sink_checksum *checksum, char line[SINK_CHECKSUM_LINE]);
/* Its name in XML: "ChecksumCRC32". */
const char *sink_checksum_element(enum gs3_crc_kind kind);
/* Takes the frames of an aws-chunked body off, and reads its trailer. */
void sink_frames_take(struct sink_conn *conn, const char *data, size_t len);
struct sink_checksum sink_checksum_zeros(enum gs3_crc_kind kind, uint64_t size_bytes);

/* answer.c: status is "200 OK"; extra is whole header lines, or "". */
#define SINK_XML       "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n"
#define SINK_NAMESPACE " xmlns=\"http://s3.amazonaws.com/doc/2006-03-01/\""
void sink_answer_head(struct sink_exchange *x, const char *status, const char *extra);
/* Ends the head of an answer with a body of that length. */
void sink_answer_length(struct sink_exchange *x, uint64_t length_bytes);
void sink_answer(struct sink_exchange *x, const char *status, const char *extra, const char *body);
void sink_answer_empty(struct sink_exchange *x, const char *status, const char *extra);
void sink_answer_error(struct sink_exchange *x, const char *status, const char *code,
                       const char *message);
void sink_answer_missing(struct sink_exchange *x, const char *code);
void sink_dates_http(time_t when, char out[40]);

/* serve.c, object.c, upload.c, list.c: the operations. */
void sink_serve(struct sink_exchange *x);
/* The conditions on the object that is written over: true when they hold, else it is answered. */
bool sink_check_write(struct sink_exchange *x);
/* wanted is an If-Match value; NULL: no condition. */
bool sink_check_match(struct sink_exchange *x, const char *wanted, const char *etag);
void sink_put_object(struct sink_exchange *x);
void sink_copy_object(struct sink_exchange *x);
void sink_get_object(struct sink_exchange *x);
void sink_delete_object(struct sink_exchange *x);
void sink_delete_objects(struct sink_exchange *x);
void sink_create_upload(struct sink_exchange *x);
void sink_put_part(struct sink_exchange *x);
void sink_end_upload(struct sink_exchange *x);
void sink_uploads_clear(struct sink_uploads *uploads);
void sink_list_objects(struct sink_exchange *x);

/* io.c: bytes read or written (> 0), 0 at the end, or one of these. */
#define SINK_AGAIN  (-1)
#define SINK_BROKEN (-2)
ssize_t sink_read(struct sink_conn *conn, void *data, size_t len);
/* Reads and forgets, without a copy where the kernel can. */
ssize_t sink_skip(struct sink_conn *conn, void *scratch, size_t len);
ssize_t sink_write(struct sink_conn *conn, const void *data, size_t len, bool has_more);
ssize_t sink_send_zeros(struct sink_conn *conn, size_t len);
/* 1: done, 0: it goes on later, -1: refused. */
int sink_shake(struct sink_conn *conn);

/* log.c */
void sink_log_open(struct sink *sink);
/* Before the head is read, which changes it; then when the answer is made. */
void sink_log_head(struct sink_conn *conn);
void sink_log_end(struct sink_conn *conn, enum sink_fault fault, uint64_t body_bytes);

/* fault.c */
enum sink_fault sink_fault_draw(struct sink *sink);
/* Ends the connection with a reset. */
void sink_fault_reset(struct sink_conn *conn);

/* conn.c */
struct sink_conn *sink_conn_open(struct sink_loop *loop, int fd);
void sink_conn_drop(struct sink_conn *conn);
void sink_conn_free(struct sink_conn *conn);
/* Runs the connection until it has to wait for the socket or the clock. */
void sink_conn_run(struct sink_conn *conn);
/* body.c: true when the whole body is there; *outcome is as of sink_read else, > 0: go on. */
bool sink_body_step(struct sink_conn *conn, size_t *slice, ssize_t *outcome);
void sink_body_begin(struct sink_conn *conn);
/* Bytes of the object. */
void sink_body_take(struct sink_conn *conn, const char *data, size_t len);
bool sink_conn_is_capped(struct sink_conn *conn, size_t bytes);

/* loop.c */
/* Wakes the connection at that time. */
void sink_loop_later(struct sink_loop *loop, struct sink_conn *conn, uint64_t due_ns);
int sink_listen(const struct sink_options *options, uint16_t *port);
void sink_loop_start(struct sink_loop *loop, struct sink *sink, int listener);
void sink_loop_end(struct sink_loop *loop);

/* options.c: -1, or the status to exit with. */
int sink_options_read(struct sink_options *options, int argc, char **argv);

#endif
