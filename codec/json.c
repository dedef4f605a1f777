// SPDX-License-Identifier: MIT
#include "json.h"

#include "../merkle/pack.h"
#include "text.h"

#include <limits.h>

#define JSMN_STATIC
#define JSMN_STRICT
#define JSMN_PARENT_LINKS
#include <jsmn.h>

// What a token's fields mean once the walk has passed them, where it is not what jsmn means:
//   containers   parent  the token behind the container and all its children; while it is open,
//                        the container around it, or -1
//   strings      type    ESCAPED if the string has escapes, else JSMN_STRING
//   names        parent  once they are sorted, the next name in order, or -1
//                size    in an object's first name: once they are sorted, the first name in order
// Names are sorted where somebody wants to know the order: for the canonical text, or where one of
// them may be repeated. What tells that is a set of the hashes of an object's names, in the `size`
// of its first; all bits set mean that some are alike, or that it cannot tell.
enum { ESCAPED = JSMN_UNDEFINED }; // which jsmn leaves in no token

// To find what a bracket closes jsmn climbs from the last token, which would make deep nesting
// quadratic; and it goes on behind the root, where brackets may climb in vain. So it is given few
// tokens and bytes at a time, and in between it is looked at how high it is and whether it is done.
enum { TOKENS_STEP = 64, BYTES_STEP = 1 << 16 };
enum { DEPTH_LIMIT = 1024, TOKENS_LIMIT = INT_MAX / (int)sizeof(jsmntok_t) };
enum { INSERTION_MAX = 16 }; // most names sorted by insertion

void gv_json_init(struct gv_json *json, struct gv_alloc alloc, size_t tokens_max,
                  unsigned depth_max) {
    GV_ASSERT(json != NULL);
    GV_ASSERT(alloc.resize != NULL);
    if (tokens_max == 0) tokens_max = GV_JSON_TOKENS_DEFAULT;
    if (depth_max == 0) depth_max = GV_JSON_DEPTH_DEFAULT;
    *json = (struct gv_json){
        .alloc = alloc,
        .tokens_max = tokens_max < TOKENS_LIMIT ? tokens_max : TOKENS_LIMIT,
        .depth_max = depth_max < DEPTH_LIMIT ? depth_max : DEPTH_LIMIT,
    };
}

void gv_json_fini(struct gv_json *json) {
    GV_ASSERT(json != NULL);
    if (json->tokens_cap > 0)
        json->alloc.resize(json->alloc.ctx, json->tokens, json->tokens_cap * sizeof(jsmntok_t), 0);
    *json = (struct gv_json){0};
}

static int refuse(struct gv_json *json, int code, const char *fault, size_t offset) {
    GV_ASSERT(code < 0 && fault != NULL);
    GV_ASSERT(offset <= json->len);
    json->error = fault;
    json->error_offset = offset;
    return code;
}

// ---- Tokenising ---------------------------------------------------------------------------------

static int grow(struct gv_json *json) {
    GV_ASSERT(json->tokens_cap < json->tokens_max);
    size_t cap = json->tokens_cap > 0 ? json->tokens_cap * 2 : TOKENS_STEP;
    if (cap > json->tokens_max) cap = json->tokens_max;
    void *tokens =
        json->alloc.resize(json->alloc.ctx, json->tokens, json->tokens_cap * sizeof(jsmntok_t),
                           cap * sizeof(jsmntok_t));
    if (tokens == NULL) return GV_ENOMEM;
    json->tokens = tokens;
    json->tokens_cap = cap;
    return 0;
}

// Whether the last token has more ancestors than JSON of the allowed depth can give it: a
// container and a name for each level.
static bool too_high(const struct gv_json *json, unsigned count) {
    const jsmntok_t *tokens = json->tokens;
    unsigned left = 2 * json->depth_max;
    for (int token = (int)count - 1; token >= 0; token = tokens[token].parent) {
        if (left-- == 0) return tokens[token].parent >= 0;
    }
    return false;
}

static bool root_ended(const struct gv_json *json, const jsmn_parser *parser) {
    const jsmntok_t *tokens = json->tokens;
    return parser->toknext > 0 && tokens[0].end >= 0;
}

// Splits the text as far as jsmn follows it; *count becomes the number of tokens. What jsmn
// refuses is left to the walk, which knows why.
static int tokenise(struct gv_json *json, unsigned *count) {
    jsmn_parser parser;
    jsmn_init(&parser);
    size_t tokens = 0, bytes = json->len < BYTES_STEP ? json->len : BYTES_STEP;
    for (int status = JSMN_ERROR_NOMEM; !too_high(json, parser.toknext);) {
        if (status == JSMN_ERROR_NOMEM) {
            tokens += TOKENS_STEP;
            if (tokens > json->tokens_cap && json->tokens_cap < json->tokens_max && grow(json) < 0)
                return refuse(json, GV_ENOMEM, "out of memory", parser.pos);
            if (tokens > json->tokens_cap) tokens = json->tokens_cap;
            if (parser.toknext == tokens)
                return refuse(json, GV_EFULL, "too many tokens", parser.pos);
        } else if (status == JSMN_ERROR_INVAL || bytes == json->len || root_ended(json, &parser)) {
            break;
        } else {
            // A string that is cut will be read again from its beginning: give twice as much.
            size_t more = bytes - parser.pos > BYTES_STEP ? bytes - parser.pos : BYTES_STEP;
            bytes = more < json->len - bytes ? bytes + more : json->len;
        }
        jsmntok_t *pool = json->tokens;
        GV_ASSERT(pool != NULL); // or jsmn would only count, for which it looks at each token
        status = jsmn_parse(&parser, json->text, bytes, pool, (unsigned)tokens);
    }
    *count = parser.toknext;
    return 0;
}

// ---- Names --------------------------------------------------------------------------------------

static bool is_string(const jsmntok_t *token) {
    return token->type == JSMN_STRING || (int)token->type == ESCAPED;
}

static bool is_container(const jsmntok_t *token) {
    return token->type == JSMN_ARRAY || token->type == JSMN_OBJECT;
}

static int next_of(const jsmntok_t *tokens, int token) {
    return is_container(&tokens[token]) ? tokens[token].parent : token + 1;
}

// A token's bytes; a string's, without its quotes.
static struct gv_slice bytes_of(const struct gv_json *json, const jsmntok_t *token) {
    return (struct gv_slice){(const uint8_t *)json->text + token->start,
                             (size_t)(token->end - token->start)};
}

static int compare_names(const struct gv_json *json, int a, int b) {
    const jsmntok_t *tokens = json->tokens;
    struct gv_slice name_a = bytes_of(json, &tokens[a]), name_b = bytes_of(json, &tokens[b]);
    if ((int)tokens[a].type == ESCAPED || (int)tokens[b].type == ESCAPED)
        return gv_text_compare(name_a, name_b);
    size_t len = name_a.len < name_b.len ? name_a.len : name_b.len;
    // Mostly the first byte decides, which is worth sparing a call.
    if (len > 0 && name_a.data[0] != name_b.data[0]) return name_a.data[0] - name_b.data[0];
    int order = memcmp(name_a.data, name_b.data, len);
    if (order != 0) return order;
    return name_a.len < name_b.len ? -1 : name_a.len > name_b.len;
}

// Merges two sorted lists of names into *first. This and what follows return 0, or a name that is
// there before.
static int merge(const struct gv_json *json, int a, int b, int *first) {
    jsmntok_t *tokens = json->tokens;
    int *end = first;
    while (a >= 0 && b >= 0) {
        int order = compare_names(json, a, b);
        if (order == 0) return a > b ? a : b;
        int *smaller = order < 0 ? &a : &b;
        *end = *smaller;
        end = &tokens[*end].parent;
        *smaller = *end;
    }
    *end = a >= 0 ? a : b;
    return 0;
}

// Sorts an object's names into *first: lists of 1, 2, 4, … names, merged as they come in pairs.
static int merge_names(const struct gv_json *json, int object, int *first) {
    jsmntok_t *tokens = json->tokens;
    int lists[32], repeated = 0;
    for (int i = 0; i < 32; i++) lists[i] = -1;
    for (int name = object + 1; name < tokens[object].parent && repeated == 0;) {
        int list = name;
        name = next_of(tokens, name + 1);
        tokens[list].parent = -1;
        int i = 0;
        for (; lists[i] >= 0 && repeated == 0; i++) {
            repeated = merge(json, lists[i], list, &list);
            lists[i] = -1;
        }
        lists[i] = list;
    }
    *first = -1;
    for (int i = 0; i < 32 && repeated == 0; i++) repeated = merge(json, lists[i], *first, first);
    return repeated;
}

static int insert_names(const struct gv_json *json, int object, int *first) {
    jsmntok_t *tokens = json->tokens;
    *first = -1;
    for (int name = object + 1; name < tokens[object].parent; name = next_of(tokens, name + 1)) {
        int *link = first;
        while (*link >= 0) {
            int order = compare_names(json, name, *link);
            if (order == 0) return name;
            if (order < 0) break;
            link = &tokens[*link].parent;
        }
        tokens[name].parent = *link;
        *link = name;
    }
    return 0;
}

// Links a closed object's names in sorted order. The object ends where its `parent` says: jsmn's
// `size` is right only if all that follows is valid too.
static int sort_names(const struct gv_json *json, int object) {
    jsmntok_t *tokens = json->tokens;
    GV_ASSERT(tokens[object].type == JSMN_OBJECT);
    GV_ASSERT(tokens[object].parent > object);
    if (tokens[object].parent == object + 1) return 0;
    int first, repeated = tokens[object].size <= INSERTION_MAX ? insert_names(json, object, &first)
                                                               : merge_names(json, object, &first);
    tokens[object + 1].size = first;
    return repeated;
}

// An object's first name in order, or -1.
static int first_name(const struct gv_json *json, int object) {
    const jsmntok_t *tokens = json->tokens;
    if (tokens[object].parent == object + 1) return -1;
    // As jsmn has left it, the name's parent is the object, which no name comes before.
    bool sorted = tokens[object + 1].parent != object;
    int repeated = sorted ? 0 : sort_names(json, object);
    GV_ASSERT(repeated == 0);
    return tokens[object + 1].size;
}

#define NAMES_UNSURE UINT32_MAX

// Adds a name to the set of those seen in its object.
static inline uint32_t see_name(uint32_t seen, const jsmntok_t *name, const char *text) {
    // By which no two names of one object are alike in the lines that nodes and clients exchange.
    // (An empty name has its closing quote for a letter.)
    uint32_t len = (uint32_t)(name->end - name->start);
    const uint8_t *letters = (const uint8_t *)text + name->start;
    uint32_t hash = 19 * letters[len / 2] + len - letters[0];
    uint32_t bit = (uint32_t)1 << hash % 32;
    return (seen & bit) != 0 || (int)name->type == ESCAPED ? NAMES_UNSURE : seen | bit;
}

// Checks the names of an object that has been closed.
static int check_names(struct gv_json *json, int object) {
    const jsmntok_t *tokens = json->tokens;
    int repeated = sort_names(json, object);
    if (repeated == 0) return 0;
    return refuse(json, GV_ESYNTAX, "repeated member name", (size_t)tokens[repeated].start - 1);
}

// ---- The walk: tokens and the bytes between them ------------------------------------------------

// Everything before `at` is valid, and its tokens, those before `used`, are in their final form.
// It is passed around by address among inline functions only, which lets compilers keep it in
// registers: whoever is called, to say what is wrong for instance, gets what he needs as values.
struct walk {
    struct gv_json *json;
    const char *text;
    size_t at, len;
    jsmntok_t *tokens;
    int used, count;
    int open;    // the innermost container that is open, or -1
    bool object; // it is an object
    bool fresh;  // nothing in it yet
    unsigned depth;
};

static int unclosed(struct gv_json *json, int open) {
    const jsmntok_t *tokens = json->tokens;
    bool object = tokens[open].type == JSMN_OBJECT;
    return refuse(json, GV_ESYNTAX, object ? "object not closed" : "array not closed", json->len);
}

// Something else than what is expected stands at `at`, or the text ends there.
static int unexpected(struct gv_json *json, int open, size_t at, const char *fault) {
    return at == json->len ? unclosed(json, open) : refuse(json, GV_ESYNTAX, fault, at);
}

static bool is_space(char c) {
    return c == ' ' || c == '\n' || c == '\r' || c == '\t';
}

static size_t skip_spaces(const char *text, size_t at, size_t len) {
    while (at < len && is_space(text[at])) at++;
    return at;
}

// Skips white space, which messages do not have as a rule. Returns what stands behind it; at the
// end, 0, which JSON does not have anywhere.
static inline char look(struct walk *w) {
    if (w->at < w->len && (uint8_t)w->text[w->at] > ' ') return w->text[w->at];
    w->at = skip_spaces(w->text, w->at, w->len);
    return w->at < w->len ? w->text[w->at] : '\0';
}

// A string that needs a closer look, or that jsmn refused (`token` is NULL).
static int check_text(struct gv_json *json, jsmntok_t *token, size_t at) {
    size_t end;
    bool escaped;
    const char *fault = gv_text_scan(json->text, json->len, at + 1, &end, &escaped);
    if (fault != NULL) return refuse(json, GV_ESYNTAX, fault, end);
    if (token == NULL) return refuse(json, GV_ESYNTAX, "not JSON", at);
    GV_ASSERT((size_t)token->end == end);
    if (escaped) token->type = (jsmntype_t)ESCAPED;
    return 0;
}

static inline int walk_string(struct walk *w) {
    if (w->used == w->count) return check_text(w->json, NULL, w->at);
    jsmntok_t *token = &w->tokens[w->used++];
    size_t start = w->at + 1, end = (size_t)token->end;
    GV_ASSERT((size_t)token->start == start);
    if (!gv_text_plain(w->text + start, end - start)) {
        int status = check_text(w->json, token, w->at);
        if (status < 0) return status;
    }
    w->at = end + 1;
    return 0;
}

static inline bool is_digit(char c) {
    return (uint8_t)(c - '0') <= 9;
}

static inline size_t skip_digits(const char *text, size_t at, size_t end) {
    while (at < end && is_digit(text[at])) at++;
    return at;
}

// Checks what should be a number from `at` to `end`. Returns NULL, or the fault and its *offset.
static const char *check_number(const char *text, size_t at, size_t end, size_t *offset) {
    if (text[at] == '-') at++;
    size_t digits = at;
    *offset = at = skip_digits(text, at, end);
    if (at == digits) return "digit expected";
    if (at - digits > 1 && text[digits] == '0') return *offset = digits, "leading zero";
    if (at < end && text[at] == '.') {
        digits = at + 1;
        *offset = at = skip_digits(text, digits, end);
        if (at == digits) return "digit expected";
    }
    if (at < end && (text[at] | 0x20) == 'e') {
        digits = at + 1;
        if (digits < end && (text[digits] == '+' || text[digits] == '-')) digits++;
        *offset = at = skip_digits(text, digits, end);
        if (at == digits) return "digit expected";
    }
    return at < end ? "stray character in a number" : NULL;
}

static const char *check_literal(const char *text, size_t len) {
    bool known = (len == 4 && (memcmp(text, "true", 4) == 0 || memcmp(text, "null", 4) == 0)) ||
                 (len == 5 && memcmp(text, "false", 5) == 0);
    return known ? NULL : "unknown literal";
}

static int check_primitive(struct gv_json *json, size_t at, size_t end) {
    const char *text = json->text;
    size_t offset = at;
    const char *fault = (uint8_t)text[at] < 'A' ? check_number(text, at, end, &offset)
                                                : check_literal(text + at, end - at);
    return fault != NULL ? refuse(json, GV_ESYNTAX, fault, offset) : 0;
}

// One that jsmn refused, for it wants a delimiter behind it. At the end of the text only a root is
// without one. Returns its length.
static int last_primitive(struct gv_json *json, int open, jsmntok_t *token, size_t at) {
    size_t end = at;
    while (end < json->len && !is_space(json->text[end]) &&
           memchr(",]}", json->text[end], 3) == NULL) {
        end++;
    }
    int status = check_primitive(json, at, end);
    if (status < 0) return status;
    if (open >= 0) return unclosed(json, open);
    *token = (jsmntok_t){JSMN_PRIMITIVE, (int)at, (int)end, 0, -1};
    return (int)(end - at);
}

static inline int walk_primitive(struct walk *w) {
    jsmntok_t *token = &w->tokens[w->used];
    if (w->used == w->count) {
        int len = last_primitive(w->json, w->open, token, w->at);
        if (len < 0) return len;
        w->count++;
    }
    GV_ASSERT((size_t)token->start == w->at);
    size_t end = (size_t)token->end;
    // Mostly a whole number; "0" and what is negative takes the longer way.
    if (w->text[w->at] == '0' || skip_digits(w->text, w->at, end) < end) {
        int status = check_primitive(w->json, w->at, end);
        if (status < 0) return status;
    }
    w->at = end;
    w->used++;
    return 0;
}

static inline int walk_open(struct walk *w, bool object) {
    if (w->used == w->count) return refuse(w->json, GV_ESYNTAX, "not JSON", w->at);
    if (w->depth == w->json->depth_max) return refuse(w->json, GV_EFULL, "nested too deep", w->at);
    GV_ASSERT((size_t)w->tokens[w->used].start == w->at);
    w->tokens[w->used].parent = w->open;
    w->open = w->used++;
    w->object = object;
    w->fresh = true;
    w->depth++;
    w->at++;
    return 0;
}

static inline int walk_close(struct walk *w) {
    int container = w->open;
    jsmntok_t *token = &w->tokens[container];
    w->at++;
    w->depth--;
    w->fresh = false;
    w->open = token->parent;
    GV_ASSERT((size_t)token->end == w->at);
    token->parent = w->used;
    bool names = w->object && w->used > container + 1;
    w->object = w->open >= 0 && w->tokens[w->open].type == JSMN_OBJECT;
    bool sure = !names || (uint32_t)w->tokens[container + 1].size != NAMES_UNSURE;
    return sure ? 0 : check_names(w->json, container);
}

static int no_value(struct gv_json *json, int open, size_t at) {
    if (at == json->len && open < 0) return refuse(json, GV_ESYNTAX, "empty input", at);
    if (at == json->len) return unclosed(json, open);
    uint8_t c = (uint8_t)json->text[at], letter = c | 0x20;
    const char *fault = c == '+'   ? "number with a plus sign"
                        : c == '.' ? "number without an integer part"
                                   : "value expected";
    if (letter >= 'a' && letter <= 'z') fault = "unknown literal";
    return refuse(json, GV_ESYNTAX, fault, at);
}

// Takes the value that begins with this byte, of a container only what opens it.
static inline int walk_value(struct walk *w, char c) {
    if (c == '"') return walk_string(w);
    if (c == '{' || c == '[') return walk_open(w, c == '{');
    if (is_digit(c) || c == '-' || c == 'f' || c == 'n' || c == 't') return walk_primitive(w);
    return no_value(w->json, w->open, w->at);
}

static inline int walk_name(struct walk *w) {
    if (look(w) != '"') return unexpected(w->json, w->open, w->at, "member name expected");
    jsmntok_t *first = &w->tokens[w->open + 1], *name = &w->tokens[w->used];
    int status = walk_string(w);
    if (status < 0) return status;
    first->size = (int)see_name(name == first ? 0 : (uint32_t)first->size, name, w->text);
    if (look(w) != ':') return unexpected(w->json, w->open, w->at, "':' expected");
    w->at++;
    return 0;
}

// Closes all containers that end here, and takes the comma before what follows in the next.
static inline int walk_on(struct walk *w) {
    while (w->open >= 0) {
        char c = look(w);
        if (c == ',' && !w->fresh) {
            w->at++;
            return 0;
        }
        if (c == (w->object ? '}' : ']')) {
            int status = walk_close(w);
            if (status < 0) return status;
            continue;
        }
        if (w->fresh) return 0;
        return unexpected(w->json, w->open, w->at,
                          w->object ? "',' or '}' expected" : "',' or ']' expected");
    }
    return 0;
}

static inline int walk(struct walk *w) {
    do {
        int status = w->object ? walk_name(w) : 0;
        w->fresh = false;
        if (status == 0) status = walk_value(w, look(w));
        if (status == 0) status = walk_on(w);
        if (status < 0) return status;
    } while (w->open >= 0);
    look(w);
    if (w->at < w->len) return refuse(w->json, GV_ESYNTAX, "text after the value", w->at);
    GV_ASSERT(w->used == w->count && w->depth == 0);
    return 0;
}

int gv_json_parse(struct gv_json *json, const char *text, size_t len) {
    GV_ASSERT(json != NULL && json->alloc.resize != NULL);
    GV_ASSERT(text != NULL || len == 0);
    json->text = text;
    json->len = len;
    json->count = 0;
    json->error = NULL;
    json->error_offset = 0;
    if (len > INT_MAX) return refuse(json, GV_EFULL, "2 GiB or longer", 0);

    unsigned count = 0;
    int status = tokenise(json, &count);
    if (status < 0) return status;
    struct walk w = {
        .json = json,
        .text = text,
        .len = len,
        .tokens = json->tokens,
        .count = (int)count,
        .open = -1,
    };
    status = walk(&w);
    if (status < 0) return status;
    return json->count = w.count;
}

// ---- Accessors ----------------------------------------------------------------------------------

static const jsmntok_t *token_at(const struct gv_json *json, int token) {
    GV_ASSERT(json != NULL);
    GV_ASSERT(token >= 0 && token < json->count);
    return (const jsmntok_t *)json->tokens + token;
}

enum gv_json_type gv_json_type(const struct gv_json *json, int token) {
    const jsmntok_t *t = token_at(json, token);
    if (t->type == JSMN_OBJECT) return GV_JSON_OBJECT;
    if (t->type == JSMN_ARRAY) return GV_JSON_ARRAY;
    if (is_string(t)) return GV_JSON_STRING;
    switch (json->text[t->start]) {
    case 'n':
        return GV_JSON_NULL;
    case 'f':
        return GV_JSON_FALSE;
    case 't':
        return GV_JSON_TRUE;
    default:
        return GV_JSON_NUMBER;
    }
}

int gv_json_size(const struct gv_json *json, int token) {
    const jsmntok_t *t = token_at(json, token);
    return is_container(t) ? t->size : 0;
}

int gv_json_next(const struct gv_json *json, int token) {
    token_at(json, token);
    return next_of(json->tokens, token);
}

// Names are short, and most of them differ in length or letters: a call would cost more than this.
static inline bool same_bytes(const uint8_t *a, const uint8_t *b, size_t len) {
    if (len > 8) return memcmp(a, b, len) == 0;
    if (len >= 4) {
        uint32_t heads[2], tails[2];
        memcpy(&heads[0], a, 4);
        memcpy(&heads[1], b, 4);
        memcpy(&tails[0], a + len - 4, 4);
        memcpy(&tails[1], b + len - 4, 4);
        return heads[0] == heads[1] && tails[0] == tails[1];
    }
    return len == 0 || (a[0] == b[0] && a[len / 2] == b[len / 2] && a[len - 1] == b[len - 1]);
}

static inline bool string_is(const struct gv_json *json, const jsmntok_t *token,
                             struct gv_slice bytes) {
    struct gv_slice raw = bytes_of(json, token);
    if ((int)token->type == ESCAPED) return gv_text_equals(raw, bytes);
    return raw.len == bytes.len && same_bytes(raw.data, bytes.data, raw.len);
}

int gv_json_member(const struct gv_json *json, int object, const char *name) {
    const jsmntok_t *tokens = json->tokens, *t = token_at(json, object);
    GV_ASSERT(name != NULL);
    if (t->type != JSMN_OBJECT) return GV_ETYPE;
    struct gv_slice wanted = {(const uint8_t *)name, strlen(name)};
    int end = next_of(tokens, object);
    for (int token = object + 1; token < end; token = next_of(tokens, token + 1)) {
        if (string_is(json, &tokens[token], wanted)) return token + 1;
    }
    return GV_ENOENT;
}

// Which of the names this token is, looked for from `first` on and then from the beginning; `count`
// if it is none.
static inline size_t name_of(const struct gv_json *json, const jsmntok_t *token,
                             const struct gv_slice *names, size_t count, size_t first) {
    struct gv_slice raw = bytes_of(json, token);
    bool escaped = (int)token->type == ESCAPED;
    for (size_t tried = 0, i = first; tried < count; tried++, i++) {
        if (i == count) i = 0;
        if (escaped ? gv_text_equals(raw, names[i])
                    : raw.len == names[i].len && same_bytes(raw.data, names[i].data, raw.len))
            return i;
    }
    return count;
}

void gv_json_members(const struct gv_json *json, int object, const struct gv_slice *names,
                     size_t count, int *tokens) {
    const jsmntok_t *all = json->tokens, *t = token_at(json, object);
    GV_ASSERT(names != NULL && tokens != NULL);
    bool is_object = t->type == JSMN_OBJECT;
    for (size_t i = 0; i < count; i++) tokens[i] = is_object ? GV_ENOENT : GV_ETYPE;
    if (!is_object) return;
    size_t first = 0;
    for (int token = object + 1, end = next_of(all, object); token < end;) {
        size_t found = name_of(json, &all[token], names, count, first);
        if (found < count) {
            tokens[found] = token + 1;
            first = found + 1;
        }
        token = next_of(all, token + 1);
    }
}

struct gv_slice gv_json_raw(const struct gv_json *json, int token) {
    const jsmntok_t *t = token_at(json, token);
    struct gv_slice raw = bytes_of(json, t);
    return is_string(t) ? (struct gv_slice){raw.data - 1, raw.len + 2} : raw;
}

struct gv_slice gv_json_string(const struct gv_json *json, int token) {
    const jsmntok_t *t = token_at(json, token);
    GV_ASSERT(is_string(t));
    return bytes_of(json, t);
}

bool gv_json_equals(const struct gv_json *json, int token, const char *text) {
    const jsmntok_t *t = token_at(json, token);
    GV_ASSERT(text != NULL);
    if (!is_string(t)) return false;
    // Mostly the first byte decides, before it is known how long the text is.
    bool plain = (int)t->type != ESCAPED && t->end > t->start;
    if (plain && json->text[t->start] != text[0]) return false;
    return string_is(json, t, (struct gv_slice){(const uint8_t *)text, strlen(text)});
}

int gv_json_unescape(const struct gv_json *json, int token, char *buf, size_t cap) {
    const jsmntok_t *t = token_at(json, token);
    GV_ASSERT(buf != NULL || cap == 0);
    if (!is_string(t)) return GV_ETYPE;
    struct gv_slice raw = bytes_of(json, t);
    if ((int)t->type == ESCAPED) return gv_text_unescape(raw, buf, cap);
    if (raw.len > cap) return GV_ESPACE;
    if (raw.len > 0) memcpy(buf, raw.data, raw.len);
    return (int)raw.len;
}

// An integer's sign and magnitude. -0 has no sign.
static int get_integer(const struct gv_json *json, int token, bool *negative, uint64_t *out) {
    const jsmntok_t *t = token_at(json, token);
    if (t->type != JSMN_PRIMITIVE) return GV_ETYPE;
    struct gv_slice raw = bytes_of(json, t);
    size_t sign = raw.data[0] == '-', digits = raw.len - sign;
    uint64_t value = 0;
    for (size_t i = sign; i < raw.len; i++) {
        unsigned digit = raw.data[i] - (unsigned)'0';
        if (digit > 9) return GV_ETYPE;
        value = value * 10 + digit;
    }
    // There are no leading zeros: 19 digits always fit; of 20, those that begin with 1 and did not
    // go beyond 2^64, which would have left less than 10^19.
    if (digits > 20) return GV_ERANGE;
    if (digits == 20 && (raw.data[sign] != '1' || value < UINT64_C(10000000000000000000)))
        return GV_ERANGE;
    *negative = raw.data[0] == '-' && value != 0;
    *out = value;
    return 0;
}

int gv_json_u64(const struct gv_json *json, int token, uint64_t *out) {
    GV_ASSERT(out != NULL);
    bool negative;
    uint64_t value;
    int status = get_integer(json, token, &negative, &value);
    if (status < 0) return status;
    if (negative) return GV_ERANGE;
    *out = value;
    return 0;
}

int gv_json_i64(const struct gv_json *json, int token, int64_t *out) {
    GV_ASSERT(out != NULL);
    bool negative;
    uint64_t value;
    int status = get_integer(json, token, &negative, &value);
    if (status < 0) return status;
    if (value > (uint64_t)INT64_MAX + negative) return GV_ERANGE;
    // Written so that the lowest number, which has no positive counterpart, is reached too.
    *out = negative ? -(int64_t)(value - 1) - 1 : (int64_t)value;
    return 0;
}

// ---- Canonical text -----------------------------------------------------------------------------

static void put_string(const struct gv_json *json, const jsmntok_t *token, struct gv_writer *out) {
    struct gv_slice raw = bytes_of(json, token);
    if ((int)token->type != ESCAPED) {
        gv_pack_put_bytes(out, raw.data - 1, raw.len + 2);
        return;
    }
    int len = out->full ? GV_ESPACE
                        : gv_text_canonical(raw, (char *)out->data + out->len, out->cap - out->len);
    if (len < 0) {
        out->full = true;
    } else {
        out->len += (size_t)len;
    }
}

// Recurses no deeper than the parser's depth_max.
static void put_value(const struct gv_json *json, int token, struct gv_writer *out) {
    const jsmntok_t *tokens = json->tokens, *t = token_at(json, token);
    if (is_string(t)) {
        put_string(json, t, out);
    } else if (t->type == JSMN_ARRAY) {
        gv_pack_put_u8(out, '[');
        for (int i = token + 1, end = next_of(tokens, token); i < end; i = next_of(tokens, i)) {
            if (i > token + 1) gv_pack_put_u8(out, ',');
            put_value(json, i, out);
        }
        gv_pack_put_u8(out, ']');
    } else if (t->type == JSMN_OBJECT) {
        gv_pack_put_u8(out, '{');
        int name = first_name(json, token);
        for (bool first = true; name >= 0; first = false, name = tokens[name].parent) {
            if (!first) gv_pack_put_u8(out, ',');
            put_string(json, &tokens[name], out);
            gv_pack_put_u8(out, ':');
            put_value(json, name + 1, out);
        }
        gv_pack_put_u8(out, '}');
    } else {
        struct gv_slice raw = bytes_of(json, t);
        size_t sign = raw.len == 2 && memcmp(raw.data, "-0", 2) == 0;
        gv_pack_put_bytes(out, raw.data + sign, raw.len - sign);
    }
}

// Whether a value stands in the line as its canonical text would, which most do: without objects,
// escapes and -0 that is so if nothing but brackets and commas stands around its tokens.
static bool is_canonical(const struct gv_json *json, int token, size_t len) {
    const jsmntok_t *tokens = json->tokens;
    size_t taken = 0;
    for (int i = token, end = next_of(tokens, token); i < end; i++) {
        const jsmntok_t *t = &tokens[i];
        if (t->type == JSMN_ARRAY) {
            taken += t->size > 0 ? (size_t)t->size + 1 : 2;
            continue;
        }
        struct gv_slice raw = bytes_of(json, t);
        if (t->type == JSMN_STRING) {
            taken += raw.len + 2;
        } else if (t->type == JSMN_PRIMITIVE && (raw.len != 2 || raw.data[0] != '-')) {
            taken += raw.len;
        } else {
            return false; // or not for certain
        }
    }
    return taken == len;
}

int gv_json_canonical(const struct gv_json *json, int token, char *buf, size_t cap) {
    GV_ASSERT(buf != NULL || cap == 0);
    struct gv_slice raw = gv_json_raw(json, token);
    if (is_canonical(json, token, raw.len)) {
        if (raw.len > cap) return GV_ESPACE;
        memcpy(buf, raw.data, raw.len);
        return (int)raw.len;
    }
    struct gv_writer out = {.data = (uint8_t *)buf, .cap = cap};
    put_value(json, token, &out);
    if (out.full) return GV_ESPACE;
    GV_ASSERT(out.len > 0 && out.len <= raw.len);
    return (int)out.len;
}

int gv_json_quote(struct gv_slice text, char *buf, size_t cap) {
    GV_ASSERT(text.data != NULL || text.len == 0);
    GV_ASSERT(buf != NULL || cap == 0);
    return gv_text_quote(text, buf, cap);
}
