// SPDX-License-Identifier: MIT
#define JSMN_STATIC
#include "token.h"

#include "json_string.h"

#include <limits.h>

// When a bracket closes a container, jsmn climbs from the last token to that container, which is
// quadratic in the depth. It also continues after the root. So jsmn gets few tokens and bytes at a
// time; in between, tokenise checks the depth and whether the root is complete.
enum { TOKENS_STEP = 64, BYTES_STEP = 1 << 16 };
enum { INSERTION_MAX = 16 }; // maximum number of names sorted by insertion

// Records an error and returns its code.
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
    void *tokens = gv_alloc_resize(json->alloc, json->tokens, json->tokens_cap * sizeof(jsmntok_t),
                                   cap * sizeof(jsmntok_t));
    if (tokens == NULL) return GV_ENOMEM;
    json->tokens = tokens;
    json->tokens_cap = cap;
    return 0;
}

// Whether the last token has more ancestors than depth_max allows. Each level has two: a container
// and a name.
static bool too_deep(const struct gv_json *json, unsigned count) {
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

// Splits the text into tokens until jsmn rejects the text; *count becomes the number of tokens. The
// pass over the tokens finds the reason for the rejection.
static int tokenise(struct gv_json *json, unsigned *count) {
    jsmn_parser parser;
    jsmn_init(&parser);
    size_t tokens = 0, bytes = json->len < BYTES_STEP ? json->len : BYTES_STEP;
    for (int status = JSMN_ERROR_NOMEM; !too_deep(json, parser.toknext);) {
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
            // jsmn rereads a truncated string from its beginning, so the step doubles.
            size_t more = bytes - parser.pos > BYTES_STEP ? bytes - parser.pos : BYTES_STEP;
            bytes = more < json->len - bytes ? bytes + more : json->len;
        }
        jsmntok_t *pool = json->tokens;
        GV_ASSERT(pool != NULL); // given NULL, jsmn would only count tokens
        status = jsmn_parse(&parser, json->text, bytes, pool, (unsigned)tokens);
    }
    *count = parser.toknext;
    return 0;
}

// ---- Names --------------------------------------------------------------------------------------

static int compare_names(const struct gv_json *json, int a, int b) {
    const jsmntok_t *tokens = json->tokens;
    struct gv_slice name_a = gv_token_bytes(json, &tokens[a]),
                    name_b = gv_token_bytes(json, &tokens[b]);
    if (gv_token_is_escaped(&tokens[a]) || gv_token_is_escaped(&tokens[b]))
        return gv_json_string_compare(name_a, name_b);
    size_t len = name_a.len < name_b.len ? name_a.len : name_b.len;
    // Usually the first byte decides without a call.
    if (len > 0 && name_a.data[0] != name_b.data[0]) return name_a.data[0] - name_b.data[0];
    int order = memcmp(name_a.data, name_b.data, len);
    if (order != 0) return order;
    return name_a.len < name_b.len ? -1 : name_a.len > name_b.len;
}

// Merges two sorted lists of names into *first. This function and the next ones return 0, or the
// token of a repeated name.
static int merge(struct gv_json *json, int a, int b, int *first) {
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

// Sorts the names of an object into *first by a bottom-up merge sort: lists[i] has 2^i names.
static int merge_names(struct gv_json *json, int object, int *first) {
    jsmntok_t *tokens = json->tokens;
    int lists[32], repeated = 0;
    for (int i = 0; i < 32; i++) lists[i] = -1;
    for (int name = object + 1; name < tokens[object].parent && repeated == 0;) {
        int list = name;
        name = gv_token_next(tokens, name + 1);
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

static int insert_names(struct gv_json *json, int object, int *first) {
    jsmntok_t *tokens = json->tokens;
    *first = -1;
    for (int name = object + 1; name < tokens[object].parent;
         name = gv_token_next(tokens, name + 1)) {
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

// Links the names of an object in sorted order. The closing brace has been read: `parent` of the
// object is now the token after it. jsmn's `size` is correct only if the rest of the text is valid,
// so here it selects the algorithm and nothing else.
static int sort_names(struct gv_json *json, int object) {
    jsmntok_t *tokens = json->tokens;
    GV_ASSERT(tokens[object].type == JSMN_OBJECT);
    GV_ASSERT(tokens[object].parent > object);
    if (tokens[object].parent == object + 1) return 0;
    int first, repeated = tokens[object].size <= INSERTION_MAX ? insert_names(json, object, &first)
                                                               : merge_names(json, object, &first);
    tokens[object + 1].size = first;
    return repeated;
}

int gv_token_first_name(struct gv_json *json, int object) {
    const jsmntok_t *tokens = json->tokens;
    GV_ASSERT(object >= 0 && object < json->count);
    GV_ASSERT(tokens[object].type == JSMN_OBJECT);
    if (tokens[object].parent == object + 1) return -1;
    // jsmn sets the parent of a name to the object; sorting replaces it.
    bool sorted = tokens[object + 1].parent != object;
    int repeated = sorted ? 0 : sort_names(json, object);
    GV_ASSERT(repeated == 0);
    return tokens[object + 1].size;
}

// A filter for repeated names: a bit set of the hashes of an object's names, in the `size` of its
// first name. NAMES_UNSURE means that two hashes are equal or a name has escapes; the names are
// then sorted to find a repeated one.
#define NAMES_UNSURE UINT32_MAX

// Adds a name to the filter of its object.
static inline uint32_t add_name(uint32_t seen, const jsmntok_t *name, const char *text) {
    // This hash has no collision within any object that nodes and clients exchange. If the name is
    // empty, the closing quote is read instead of the first byte.
    uint32_t len = (uint32_t)(name->end - name->start);
    const uint8_t *letters = (const uint8_t *)text + name->start;
    uint32_t hash = 19 * letters[len / 2] + len - letters[0];
    uint32_t bit = (uint32_t)1 << hash % 32;
    return (seen & bit) != 0 || gv_token_is_escaped(name) ? NAMES_UNSURE : seen | bit;
}

static int check_names(struct gv_json *json, int object) {
    const jsmntok_t *tokens = json->tokens;
    int repeated = sort_names(json, object);
    if (repeated == 0) return 0;
    return refuse(json, GV_ESYNTAX, "repeated member name", (size_t)tokens[repeated].start - 1);
}

// ---- The pass over the tokens and the bytes between them ----------------------------------------

// The state of the pass. The text before `at` is valid, and the tokens before `used` are final.
// Only inline functions take a pointer to the state, so that compilers keep it in registers.
struct walk {
    struct gv_json *json;
    const char *text;
    size_t at, len;
    jsmntok_t *tokens;
    int used, count;
    int open;    // the innermost open container, or -1
    bool object; // the innermost open container is an object
    bool empty;  // the innermost open container has no children yet
    unsigned depth;
};

static int unclosed(struct gv_json *json, int open) {
    const jsmntok_t *tokens = json->tokens;
    bool object = tokens[open].type == JSMN_OBJECT;
    return refuse(json, GV_ESYNTAX, object ? "object not closed" : "array not closed", json->len);
}

// Reports that the byte at `at` is wrong, or that the text ends at `at`.
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

// Skips white space, which messages usually lack. Returns the next byte, or at the end 0, which is
// valid nowhere.
static inline char peek(struct walk *w) {
    if (w->at < w->len && (uint8_t)w->text[w->at] > ' ') return w->text[w->at];
    w->at = skip_spaces(w->text, w->at, w->len);
    return w->at < w->len ? w->text[w->at] : '\0';
}

// Validates a string that is not plain, or that jsmn rejected (`token` is NULL).
static int check_text(struct gv_json *json, jsmntok_t *token, size_t at) {
    size_t end;
    bool escaped;
    const char *fault = gv_json_string_scan(json->text, json->len, at + 1, &end, &escaped);
    if (fault != NULL) return refuse(json, GV_ESYNTAX, fault, end);
    if (token == NULL) return refuse(json, GV_ESYNTAX, "not JSON", at);
    GV_ASSERT((size_t)token->end == end);
    if (escaped) token->type = (jsmntype_t)GV_TOKEN_ESCAPED;
    return 0;
}

static inline int walk_string(struct walk *w) {
    if (w->used == w->count) return check_text(w->json, NULL, w->at);
    jsmntok_t *token = &w->tokens[w->used++];
    size_t start = w->at + 1, end = (size_t)token->end;
    GV_ASSERT((size_t)token->start == start);
    if (!gv_json_string_plain(w->text + start, end - start)) {
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

// Validates a number from `at` to `end`. Returns NULL, or the error and its *offset.
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
    bool valid = (len == 4 && (memcmp(text, "true", 4) == 0 || memcmp(text, "null", 4) == 0)) ||
                 (len == 5 && memcmp(text, "false", 5) == 0);
    return valid ? NULL : "unknown literal";
}

static int check_primitive(struct gv_json *json, size_t at, size_t end) {
    const char *text = json->text;
    size_t offset = at;
    const char *fault = (uint8_t)text[at] < 'A' ? check_number(text, at, end, &offset)
                                                : check_literal(text + at, end - at);
    return fault != NULL ? refuse(json, GV_ESYNTAX, fault, offset) : 0;
}

// Validates a primitive at the end of the text, where jsmn misses a delimiter and rejects it. The
// primitive is valid only as the root. Returns its length.
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
    // Most primitives are positive integers; others take the slower check.
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
    w->empty = true;
    w->depth++;
    w->at++;
    return 0;
}

static inline int walk_close(struct walk *w) {
    int container = w->open;
    jsmntok_t *token = &w->tokens[container];
    w->at++;
    w->depth--;
    w->empty = false;
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

// Reads the value that begins with this byte; of a container, only the opening bracket.
static inline int walk_value(struct walk *w, char c) {
    if (c == '"') return walk_string(w);
    if (c == '{' || c == '[') return walk_open(w, c == '{');
    if (is_digit(c) || c == '-' || c == 'f' || c == 'n' || c == 't') return walk_primitive(w);
    return no_value(w->json, w->open, w->at);
}

static inline int walk_name(struct walk *w) {
    if (peek(w) != '"') return unexpected(w->json, w->open, w->at, "member name expected");
    jsmntok_t *first = &w->tokens[w->open + 1], *name = &w->tokens[w->used];
    int status = walk_string(w);
    if (status < 0) return status;
    first->size = (int)add_name(name == first ? 0 : (uint32_t)first->size, name, w->text);
    if (peek(w) != ':') return unexpected(w->json, w->open, w->at, "':' expected");
    w->at++;
    return 0;
}

// Closes all containers that end here, and skips the comma before the next value.
static inline int walk_after_value(struct walk *w) {
    while (w->open >= 0) {
        char c = peek(w);
        if (c == ',' && !w->empty) {
            w->at++;
            return 0;
        }
        if (c == (w->object ? '}' : ']')) {
            int status = walk_close(w);
            if (status < 0) return status;
            continue;
        }
        if (w->empty) return 0;
        return unexpected(w->json, w->open, w->at,
                          w->object ? "',' or '}' expected" : "',' or ']' expected");
    }
    return 0;
}

static inline int walk(struct walk *w) {
    do {
        int status = w->object ? walk_name(w) : 0;
        w->empty = false;
        if (status == 0) status = walk_value(w, peek(w));
        if (status == 0) status = walk_after_value(w);
        if (status < 0) return status;
    } while (w->open >= 0);
    peek(w);
    if (w->at < w->len) return refuse(w->json, GV_ESYNTAX, "text after the value", w->at);
    GV_ASSERT(w->used == w->count && w->depth == 0);
    return 0;
}

int gv_token_parse(struct gv_json *json) {
    GV_ASSERT(json != NULL && json->count == 0);
    GV_ASSERT(json->text != NULL || json->len == 0);
    if (json->len > INT_MAX) return refuse(json, GV_EFULL, "2 GiB or longer", 0);

    unsigned count = 0;
    int status = tokenise(json, &count);
    if (status < 0) return status;
    struct walk w = {
        .json = json,
        .text = json->text,
        .len = json->len,
        .tokens = json->tokens,
        .count = (int)count,
        .open = -1,
    };
    status = walk(&w);
    if (status < 0) return status;
    return json->count = w.count;
}
