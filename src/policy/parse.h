/* Private to the policy room: what the parsers of a policy share.
 *
 * A load reads every file into a tree first, then parses: ticket systems, templates and
 * environments may refer to each other across files. Every parser returns 0, or -1 with an error
 * of class GS3_EPOLICY that starts with FILE:LINE:COLUMN. What is parsed into the model is freed
 * with the model, also after an error. Depends on model and text/yaml. */
#ifndef GS3_POLICY_PARSE_H
#define GS3_POLICY_PARSE_H

#include <stdbool.h>
#include <stddef.h>

#include "base/err.h"
#include "policy/model.h"
#include "text/yaml.h"

enum {
    GS3_POLICY_FILES = 64,         /* in one directory */
    GS3_POLICY_ENVIRONMENTS = 128, /* templates counted apart */
    GS3_POLICY_SYSTEMS = 64,
    GS3_POLICY_RULES = 1024, /* ticket and metadata rules: each may hold a compiled pattern */
    GS3_POLICY_PATTERN_COST = 65536, /* estimated nodes of all patterns: about 100 MB at worst */
    GS3_POLICY_MATCHES = 2048,
    GS3_POLICY_MAPPED = 4096, /* entries of one identity.map */
    GS3_POLICY_TEXT_BYTES = 1024,
    GS3_POLICY_ID_BYTES = 64, /* of a ticket */
};

struct gs3_policy_document {
    const char *file;
    struct gs3_yaml_node *root;
    bool is_trusted; /* a system policy that only root can change */
};

/* A node and the file it is in. */
struct gs3_at {
    const struct gs3_policy_document *document;
    const struct gs3_yaml_node *node; /* NULL: the key is not there */
};

struct gs3_template {
    const char *name;
    struct gs3_at at, key;
};

struct gs3_parse {
    struct gs3_policy *policy;
    struct gs3_policy_document *documents;
    size_t document_count;
    struct gs3_template *templates;
    size_t template_count;
    size_t rule_count, match_count;
    unsigned long pattern_cost;
    regex_t typed_scalar; /* what YAML 1.1 would take for something else than text */
    struct gs3_err *err;
};

/* Text for a message: at most 60 bytes of it, unsafe characters as \xHH. The result lives as long
 * as the expression it is used in. */
struct gs3_shown {
    char text[256];
};
struct gs3_shown gs3_show(const char *text);

/* parse.c: one node */
int gs3_parse_fail(struct gs3_parse *parse, struct gs3_at at, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
struct gs3_place gs3_parse_place(struct gs3_at at);
struct gs3_at gs3_at_get(struct gs3_at mapping, const char *key);
struct gs3_at gs3_at_key(struct gs3_at mapping, size_t index);
struct gs3_at gs3_at_item(struct gs3_at parent, size_t index);

/* A mapping (or sequence) with at least one entry; `what` names it in messages. */
int gs3_parse_mapping(struct gs3_parse *parse, struct gs3_at at, const char *what);
int gs3_parse_sequence(struct gs3_parse *parse, struct gs3_at at, const char *what);

/* A mapping whose keys are all among `keys`; an unknown one gets the nearest as a hint. */
int gs3_parse_keys(struct gs3_parse *parse, struct gs3_at at, const char *what,
                   const char *const *keys, size_t key_count);
int gs3_parse_required(struct gs3_parse *parse, struct gs3_at mapping, const char *what,
                       const char *key);

/* Text: one line, not empty, quoted where YAML 1.1 would read something else. Caller frees. */
int gs3_parse_string(struct gs3_parse *parse, struct gs3_at at, const char *what, char **out);
int gs3_parse_bool(struct gs3_parse *parse, struct gs3_at at, const char *what, bool *out);
int gs3_parse_u64(struct gs3_parse *parse, struct gs3_at at, const char *what, uint64_t maximum,
                  uint64_t *out);
/* One of `words`; `index` is its place among them. */
int gs3_parse_word(struct gs3_parse *parse, struct gs3_at at, const char *what,
                   const char *const *words, size_t word_count, size_t *index);
/* A name that the policy defines: ^[a-z][a-z0-9-]{0,62}$. `out` is borrowed from the tree. */
int gs3_parse_name(struct gs3_parse *parse, struct gs3_at at, const char *what, const char **out);
/* A list of text, not empty and without doubles; of `words` when those are given. */
int gs3_parse_strings(struct gs3_parse *parse, struct gs3_at at, const char *what,
                      const char *const *words, size_t word_count, struct gs3_strings *out);

/* parse_pattern.c: a POSIX ERE that must match a whole text, kept from what makes matching or
 * compiling slow, and from what other dialects would mean by it. */
int gs3_parse_pattern(struct gs3_parse *parse, struct gs3_at at, const char *what, bool is_for_id,
                      char **pattern, regex_t *regex);

/* parse_document.c: everything, once the trees are there */
int gs3_parse_documents(struct gs3_parse *parse);

/* parse_system.c */
int gs3_parse_system(struct gs3_parse *parse, struct gs3_at key, struct gs3_at at);
int gs3_parse_endpoints(struct gs3_parse *parse, struct gs3_at at, struct gs3_origin **origins,
                        size_t *count);
void gs3_system_free(struct gs3_system *system);

/* parse_environment.c: `template` NULL, or the mapping whose keys stand in for missing ones. With
 * `is_template` the environment is a template that is only checked. */
int gs3_parse_environment(struct gs3_parse *parse, struct gs3_at at,
                          const struct gs3_template *template, bool is_template,
                          struct gs3_environment *environment);
void gs3_environment_release(struct gs3_environment *environment);

/* parse_identity.c */
int gs3_parse_identity(struct gs3_parse *parse, struct gs3_at at,
                       struct gs3_environment *environment);

/* parse_session.c: the role of a transfer, and the tags. Which keys may be tags is known only of a
 * whole environment, with its template. */
int gs3_parse_session(struct gs3_parse *parse, struct gs3_at at,
                      struct gs3_environment *environment);
int gs3_parse_tags(struct gs3_parse *parse, struct gs3_at at, struct gs3_environment *environment);
int gs3_parse_tags_check(struct gs3_parse *parse, struct gs3_at at,
                         const struct gs3_environment *environment);

/* parse_ticket_rule.c, parse_metadata.c */
int gs3_parse_tickets(struct gs3_parse *parse, struct gs3_at at,
                      struct gs3_environment *environment);
int gs3_parse_metadata(struct gs3_parse *parse, struct gs3_at at,
                       struct gs3_environment *environment);

/* model.c: the contract's table of governance keys, any case. */
bool gs3_is_table_key(const char *key);

#endif
