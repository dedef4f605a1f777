// SPDX-License-Identifier: MIT
// The public interface: converts texts to entries, computes counters as sums of entries, and
// authenticates messages. engine.c does everything else.
#include "grapevine.h"

#include "../codec/auth.h"
#include "../codec/crypto.h"
#include "../codec/json_string.h"
#include "admit.h"
#include "sum.h"

#include <limits.h>

enum {
    TOKENS_MAX = GV_MESSAGE_MAX / 2 + 2, // maximum number of tokens in a text: one in two bytes
    MEMORY_FOR_ENTRIES = 1 << 20,        // gv_memory_min leaves this for entries, bytes
    MESSAGE_MIN = 1200,                  // least message_max, a datagram that any path carries
    PENDING_MAX = 1 << 20,               // maximum size of the writes within on_change, bytes
    TOKEN_SIZE = 32,                     // at least the bytes of a token
    REASON_MAX = 160,                    // longest text of gv_last_error, bytes
    GENERATIONS_MAX = 64, // maximum number of entries per incarnation, counter and sign
    OWN_KEY_MAX = GV_ENTRY_SIZE_MAX,
    STALENESS_DEFAULT_MS = 500,
};

_Static_assert((int)GV_MESSAGE_MAX == (int)GV_MESSAGE_LIMIT,
               "GV_MESSAGE_MAX is the limit of the protocol");
_Static_assert((int)MESSAGE_MIN >= (int)GV_ENGINE_MESSAGE_MIN + (int)GV_AUTH_OVERHEAD,
               "the engine's least message and its authentication fit");
_Static_assert((int)GV_NAME_MAX == (int)GV_ENGINE_NAME_MAX, "GV_NAME_MAX is the engine's limit");
_Static_assert((int)GV_NODES_MAX == (int)GV_ENGINE_PEERS_MAX, "GV_NODES_MAX is the engine's limit");
_Static_assert((int)GV_TEXT_MAX + 6 * (int)GV_NAME_MAX + 64 <= (int)GV_ENTRY_SIZE_MAX,
               "name, incarnation and sign fit beside a counter's key");

// A write within on_change, followed by key and value.
struct pending {
    enum gv_kind kind;
    int64_t delta;
    size_t key_len, value_len;
};

struct grapevine {
    struct gv_alloc heap;  // the configured allocator
    struct gv_alloc alloc; // counts what it allocates from `heap`
    uint64_t allocated;    // bytes
    struct gv_engine *engine;
    struct gv_auth auth;
    struct gv_json texts, messages; // parsers of keys and values, and of messages
    char *text;                     // canonical key and value of a call
    char *scratch;                  // of authentication
    char *own_key;                  // key of an entry of a counter
    char *record;                   // record of a change; NULL: there is no on_change
    struct gv_tree counters; // the entries of all counters, at the positions of the counters' keys
    struct gv_slice name;    // name of this node, a canonical JSON string in `quoted`
    char quoted[6 * GV_NAME_MAX + 2];
    uint8_t plain[GV_NAME_MAX]; // the name as it was configured
    size_t plain_len;
    uint64_t incarnation, memory_max;
    uint32_t nodes; // number of nodes in the cluster; 0: not joined
    uint64_t refused_messages;
    void (*on_change)(void *ctx, struct grapevine *gv, const struct gv_change *change);
    void *on_change_ctx;
    bool in_callback, loading, index_failed;
    char *pending; // writes within on_change
    size_t pending_len, pending_cap;
    char reason[REASON_MAX];
};

// --- errors --------------------------------------------------------------------------------------

// Stores the description of an error for gv_last_error, "WHAT" or "WHAT: DETAIL"; returns `error`.
static int fail(struct grapevine *gv, int error, const char *what, const char *detail) {
    const char *parts[] = {what, detail != NULL ? ": " : "", detail != NULL ? detail : ""};
    size_t len = 0;
    for (size_t i = 0; i < GV_COUNT(parts); i++) {
        for (const char *at = parts[i]; *at != '\0' && len + 1 < REASON_MAX; at++)
            gv->reason[len++] = *at;
    }
    gv->reason[len] = '\0';
    return error;
}

static int fail_by_code(struct grapevine *gv, int error, const char *what) {
    return error < 0 ? fail(gv, error, what, gv_base_error(error)) : error;
}

const char *gv_last_error(const struct grapevine *gv) {
    return gv != NULL ? gv->reason : gv_base_error(GV_EINVAL);
}

// --- memory --------------------------------------------------------------------------------------

static void *count_resize(void *ctx, void *block, size_t old_size, size_t new_size) {
    struct grapevine *gv = ctx;
    void *resized = gv_alloc_resize(gv->heap, block, old_size, new_size);
    if (resized == NULL && new_size > 0) return NULL;
    gv->allocated += new_size;
    gv->allocated -= old_size;
    return resized;
}

// The memory that a node of a cluster of this size may need besides its entries.
static uint64_t memory_besides(const struct grapevine *gv, uint64_t count) {
    uint64_t peers =
        count * (sizeof(struct gv_peer) + sizeof(struct gv_auth_peer) + 64 + GV_ENGINE_NAME_MAX);
    // While a ring or a pool grows, its former memory is still allocated.
    uint64_t changelog = (uint64_t)GV_CHANGELOG_MAX * sizeof(struct gv_changelog_slot) * 3 / 2;
    uint64_t tokens = 2 * (uint64_t)TOKENS_MAX * TOKEN_SIZE * 3 / 2;
    uint64_t summaries = (GV_ANTIENTROPY_SLOTS + 2) * (uint64_t)(2 * GV_MESSAGE_MAX);
    uint64_t buffers = 6 * (uint64_t)GV_MESSAGE_MAX + PENDING_MAX;
    return sizeof *gv + sizeof *gv->engine + peers + changelog + tokens + summaries + buffers;
}

uint64_t gv_memory_min(const struct grapevine *gv, size_t count) {
    return gv != NULL ? memory_besides(gv, count) + MEMORY_FOR_ENTRIES : 0;
}

// Gives the replica the rest of memory_max. The index of counters grows by at most one step before
// the next call.
static void bound_memory(struct grapevine *gv) {
    if (gv->memory_max == 0) return;
    uint64_t besides = memory_besides(gv, gv->nodes > 0 ? gv->nodes : 1) +
                       gv_tree_memory(&gv->counters) + gv_tree_growth(&gv->counters);
    gv->engine->memory_max = gv->memory_max > besides ? gv->memory_max - besides : 1;
}

// --- counters ------------------------------------------------------------------------------------
//
// A counter is the sum of entries with the keys [KEY,"NODE",INCARNATION,SIGN], in which SIGN is "+"
// or "-". Each incarnation of each node writes only to its own entries.

// The position of a counter in the index, which is the position of its key.
static uint64_t counter_position(const struct grapevine *gv, struct gv_slice key) {
    const struct gv_entry entry = {.lattice = GV_LATTICE_SET, .key = key};
    return gv_lattice_position(&gv->engine->replica.key, &entry);
}

// The counter's key in the key of an entry, or an empty slice if the entry does not belong to a
// counter.
static struct gv_slice counter_key(struct grapevine *gv, struct gv_slice key) {
    const struct gv_slice none = {NULL, 0};
    struct gv_json *json = &gv->texts;
    if (gv_json_parse(json, (const char *)key.data, key.len) < 0) return none;
    if (gv_json_type(json, 0) != GV_JSON_ARRAY || gv_json_size(json, 0) != 4) return none;
    int first = 1, name = gv_json_next(json, first), number = gv_json_next(json, name);
    int sign = gv_json_next(json, number);
    uint64_t incarnation;
    bool valid = gv_json_type(json, name) == GV_JSON_STRING &&
                 gv_json_u64(json, number, &incarnation) == 0 &&
                 (gv_json_equals(json, sign, "+") || gv_json_equals(json, sign, "-"));
    return valid ? gv_json_raw(json, first) : none;
}

// Whether an entry of some counter belongs to the counter `key`. A canonical text that begins with
// "[KEY," has KEY as its first element.
static bool is_part_of(struct gv_slice entry_key, struct gv_slice key) {
    GV_ASSERT(key.data != NULL);
    return entry_key.len > key.len + 2 && entry_key.data[1 + key.len] == ',' &&
           memcmp(entry_key.data + 1, key.data, key.len) == 0;
}

static bool is_decrement(struct gv_slice entry_key) {
    return entry_key.data[entry_key.len - 3] == '-';
}

static struct gv_sum sum_of(const struct grapevine *gv, struct gv_slice key) {
    struct gv_sum sum = {0, 0};
    struct gv_tree_cursor at;
    uint64_t position = counter_position(gv, key);
    bool more = gv_tree_seek(&gv->counters, position, &at);
    for (; more && gv_tree_get(&at).position == position; more = gv_tree_next(&at)) {
        struct gv_entry entry = gv_replica_get(&gv->engine->replica, gv_tree_get(&at).ref);
        if (is_part_of(entry.key, key)) gv_sum_add(&sum, entry.count, is_decrement(entry.key));
    }
    return sum;
}

// Adds a new entry of a counter to the index.
static void index_entry(struct grapevine *gv, struct gv_slice key, uint32_t ref) {
    struct gv_item item = {.position = counter_position(gv, key), .hash = ref, .ref = ref};
    // If memory is exhausted, the value is wrong until the next start. Later calls return
    // GV_ENOMEM.
    if (gv_tree_insert(&gv->counters, item) != 0) gv->index_failed = true;
}

// --- changes -------------------------------------------------------------------------------------

// Writes an entry as a record: a message with this entry only. Returns its length, or GV_ESPACE.
static int write_record(const struct gv_entry *entry, char *buf, size_t cap) {
    struct gv_message_writer out;
    size_t least = GV_MESSAGE_HEADER_MAX + GV_MESSAGE_TAIL;
    if (cap < least) return GV_ESPACE;
    gv_message_begin(&out, &(struct gv_message){0}, buf, cap);
    if (!gv_message_put(&out, entry, GV_MESSAGE_TAIL)) return GV_ESPACE;
    return (int)gv_message_end(&out, (struct gv_slice){NULL, 0});
}

static void describe_counter(const struct grapevine *gv, const struct gv_engine_change *from,
                             struct gv_change *change) {
    struct gv_sum after = sum_of(gv, change->key), before = after;
    uint64_t old = from->old != NULL ? from->old->count : 0;
    gv_sum_add(&before, from->entry->count - old, !is_decrement(from->entry->key));
    change->old_count = gv_sum_saturated(before);
    change->count = gv_sum_saturated(after);
}

static void on_change(void *ctx, const struct gv_engine_change *from) {
    struct grapevine *gv = ctx;
    struct gv_entry entry = gv_replica_get(&gv->engine->replica, from->at);
    struct gv_change change = {.key = entry.key, .is_local = from->origin < 0};
    if (entry.lattice > GV_LATTICE_REGISTER) change.kind = GV_OTHER;
    if (entry.lattice == GV_LATTICE_COUNTER) {
        struct gv_slice key = counter_key(gv, entry.key);
        change.kind = key.len > 0 ? GV_COUNTER : GV_OTHER;
        if (key.len > 0) change.key = key;
        if (key.len > 0 && from->old == NULL) index_entry(gv, key, from->at);
        bound_memory(gv);
    }
    if (gv->on_change == NULL || gv->loading) return;
    if (change.kind == GV_COUNTER) describe_counter(gv, from, &change);
    if (entry.lattice == GV_LATTICE_REGISTER) {
        change.kind = GV_REGISTER;
        change.value = entry.value;
        if (from->old != NULL) change.old_value = from->old->value;
    }
    int len = write_record(&entry, gv->record, GV_MESSAGE_MAX);
    GV_ASSERT(len > 0);
    change.record = gv_slice_of(gv->record, (size_t)len);
    gv->in_callback = true;
    gv->on_change(gv->on_change_ctx, gv, &change);
    gv->in_callback = false;
}

// --- creating and joining ------------------------------------------------------------------------

void gv_config_init(struct gv_config *config) {
    if (config == NULL) return;
    *config = (struct gv_config){
        .size = sizeof *config,
        .staleness_ms = STALENESS_DEFAULT_MS,
        .message_max = GV_MESSAGE_MAX,
        .alloc = gv_base_malloc(),
    };
}

// Whether the slice is invalid: it has a length but no bytes, or a negative length.
static bool is_dangling(struct gv_slice slice) {
    return (slice.data == NULL && slice.len > 0) || slice.len > PTRDIFF_MAX;
}

static int check_config(const struct gv_config *config) {
    if (config == NULL || config->size != sizeof *config || config->alloc.resize == NULL)
        return GV_EINVAL;
    if (config->incarnation == 0 || config->name.len == 0) return GV_EINVAL;
    if (is_dangling(config->name) || is_dangling(config->secret)) return GV_EINVAL;
    if (config->name.len > GV_NAME_MAX) return GV_ERANGE;
    bool valid = config->message_max >= MESSAGE_MIN && config->message_max <= GV_MESSAGE_MAX;
    return valid ? 0 : GV_ERANGE;
}

static int new_buffers(struct grapevine *gv) {
    gv->text = gv_alloc_new(gv->alloc, GV_MESSAGE_MAX);
    gv->scratch = gv_alloc_new(gv->alloc, GV_MESSAGE_MAX);
    gv->own_key = gv_alloc_new(gv->alloc, OWN_KEY_MAX);
    if (gv->on_change != NULL) gv->record = gv_alloc_new(gv->alloc, GV_MESSAGE_MAX);
    bool all = gv->text != NULL && gv->scratch != NULL && gv->own_key != NULL &&
               (gv->on_change == NULL || gv->record != NULL);
    return all ? 0 : GV_ENOMEM;
}

static int new_engine(struct grapevine *gv, const struct gv_config *config) {
    uint8_t digest_key[GV_AUTH_KEY];
    if (config->secret.len > 0) gv_auth_init(&gv->auth, gv->alloc, config->secret, digest_key);
    size_t overhead = config->secret.len > 0 ? GV_AUTH_OVERHEAD : 0;
    struct gv_engine_config engine = {
        .alloc = gv->alloc,
        .seed = config->seed,
        .secret = {digest_key, overhead > 0 ? sizeof digest_key : 0},
        .staleness_ms = config->staleness_ms,
        .message_max = config->message_max - overhead,
        .entries_max = config->entries_max,
        .on_change = on_change,
        .on_change_ctx = gv,
        .track_old = true,
    };
    int error = gv_engine_new(&gv->engine, &engine);
    gv_crypto_wipe(digest_key, sizeof digest_key);
    return error;
}

int gv_new(struct grapevine **out, const struct gv_config *config) {
    int error = check_config(config);
    if (out == NULL) return GV_EINVAL;
    *out = NULL;
    if (error != 0) return error;
    struct grapevine *gv = gv_alloc_new(config->alloc, sizeof *gv);
    if (gv == NULL) return GV_ENOMEM;
    *gv = (struct grapevine){
        .heap = config->alloc,
        .alloc = {count_resize, gv},
        .allocated = sizeof *gv,
        .plain_len = config->name.len,
        .incarnation = config->incarnation,
        .memory_max = config->memory_max,
        .on_change = config->on_change,
        .on_change_ctx = config->on_change_ctx,
    };
    memcpy(gv->plain, config->name.data, config->name.len);
    int len = gv_json_quote(config->name, gv->quoted, sizeof gv->quoted);
    gv->name = gv_slice_of(gv->quoted, len > 0 ? (size_t)len : 0);
    gv_json_init(&gv->texts, gv->alloc, TOKENS_MAX, GV_ENTRY_DEPTH);
    gv_json_init(&gv->messages, gv->alloc, TOKENS_MAX, GV_MESSAGE_DEPTH);
    gv_tree_init(&gv->counters, gv->alloc);
    error = len < 0 ? GV_EINVAL : new_buffers(gv);
    if (error == 0) error = new_engine(gv, config);
    if (error != 0) {
        gv_free(gv);
        return error;
    }
    bound_memory(gv);
    *out = gv;
    return 0;
}

void gv_free(struct grapevine *gv) {
    if (gv == NULL || gv->in_callback) return;
    gv_engine_free(gv->engine);
    gv_auth_fini(&gv->auth);
    gv_tree_fini(&gv->counters);
    gv_json_fini(&gv->texts);
    gv_json_fini(&gv->messages);
    gv_alloc_free(gv->alloc, gv->text, GV_MESSAGE_MAX);
    gv_alloc_free(gv->alloc, gv->scratch, GV_MESSAGE_MAX);
    gv_alloc_free(gv->alloc, gv->own_key, OWN_KEY_MAX);
    gv_alloc_free(gv->alloc, gv->record, GV_MESSAGE_MAX);
    gv_alloc_free(gv->alloc, gv->pending, gv->pending_cap);
    GV_ASSERT(gv->allocated == sizeof *gv);
    gv_alloc_free(gv->heap, gv, sizeof *gv);
}

int gv_join(struct grapevine *gv, gv_time now, const struct gv_slice *names, size_t count) {
    if (gv == NULL || names == NULL || gv->in_callback) return GV_EINVAL;
    if (gv->nodes > 0) return fail(gv, GV_EINVAL, "the node has joined already", NULL);
    if (gv->memory_max > 0 && count <= GV_NODES_MAX && gv->memory_max < gv_memory_min(gv, count))
        return fail(gv, GV_ESPACE, "memory_max is below gv_memory_min", NULL);
    struct gv_slice self = {gv->plain, gv->plain_len};
    bool valid = count > 0 && count <= GV_NODES_MAX;
    int error = 0;
    // This may fail, so it precedes gv_engine_join, which cannot be undone.
    if (valid && gv_auth_enabled(&gv->auth))
        error = gv_auth_join(&gv->auth, gv->incarnation, count);
    if (error == 0) error = gv_engine_join(gv->engine, now, self, names, count);
    if (error != 0) return fail_by_code(gv, error, "joining the cluster");
    gv->nodes = (uint32_t)count;
    bound_memory(gv);
    return 0;
}

// --- texts ---------------------------------------------------------------------------------------

// Appends the canonical form of a text to gv->text at *len. `what` names the text in errors.
static int canonical(struct grapevine *gv, const char *what, struct gv_slice from, size_t *len,
                     struct gv_slice *out) {
    if (is_dangling(from)) return fail(gv, GV_EINVAL, what, "NULL, or a negative length");
    if (from.len == 0) return fail(gv, GV_ESYNTAX, what, "empty");
    int tokens = gv_json_parse(&gv->texts, (const char *)from.data, from.len);
    if (tokens == GV_EFULL)
        return fail(gv, from.len > GV_TEXT_MAX ? GV_ESPACE : GV_ERANGE, what, gv->texts.error);
    if (tokens < 0) return fail(gv, tokens, what, gv->texts.error);
    int size = gv_json_canonical(&gv->texts, 0, gv->text + *len, GV_TEXT_MAX - *len);
    if (size < 0) return fail(gv, size, what, "longer than GV_TEXT_MAX");
    *out = gv_slice_of(gv->text + *len, (size_t)size);
    *len += (size_t)size;
    return 0;
}

enum { DIGITS_MAX = 20 }; // longest number of 64 bits, sign included

static int write_number(uint64_t number, bool minus, char *buf, size_t cap) {
    char digits[DIGITS_MAX];
    size_t len = 0;
    do {
        digits[len++] = (char)('0' + number % 10);
        number /= 10;
    } while (number > 0);
    if (minus) digits[len++] = '-';
    if (len > cap) return GV_ESPACE;
    for (size_t i = 0; i < len; i++) buf[i] = digits[len - 1 - i];
    return (int)len;
}

int gv_text_integer(int64_t number, char *buf, size_t cap) {
    if (buf == NULL && cap > 0) return GV_EINVAL;
    bool minus = number < 0;
    return write_number(minus ? 0 - (uint64_t)number : (uint64_t)number, minus, buf, cap);
}

int gv_text_string(struct gv_slice bytes, char *buf, size_t cap) {
    if (is_dangling(bytes) || (buf == NULL && cap > 0)) return GV_EINVAL;
    return gv_json_quote(bytes, buf, cap);
}

// The text without white space around it.
static struct gv_slice trim(struct gv_slice text) {
    const char *space = " \t\n\r";
    for (; text.len > 0 && strchr(space, text.data[0]) != NULL && text.data[0] != 0; text.len--)
        text.data++;
    while (text.len > 0 && text.data[text.len - 1] != 0 &&
           strchr(space, text.data[text.len - 1]) != NULL)
        text.len--;
    return text;
}

int gv_text_to_integer(struct gv_slice text, int64_t *number) {
    if (is_dangling(text) || number == NULL) return GV_EINVAL;
    text = trim(text);
    bool minus = text.len > 0 && text.data[0] == '-';
    size_t at = minus;
    uint64_t size = 0, most = (uint64_t)INT64_MAX + minus;
    bool is_long = false;
    if (at == text.len || (text.data[at] == '0' && text.len > at + 1)) return GV_ETYPE;
    for (; at < text.len; at++) {
        unsigned digit = text.data[at] - (unsigned)'0';
        if (digit > 9) return GV_ETYPE;
        is_long = is_long || size > (most - digit) / 10;
        if (!is_long) size = size * 10 + digit;
    }
    if (is_long) return GV_ERANGE;
    *number = minus && size > 0 ? -(int64_t)(size - 1) - 1 : (int64_t)size;
    return 0;
}

int gv_text_to_string(struct gv_slice text, char *buf, size_t cap) {
    if (is_dangling(text) || (buf == NULL && cap > 0)) return GV_EINVAL;
    text = trim(text);
    size_t end;
    bool escaped;
    if (text.len == 0 || text.data[0] != '"') return GV_ETYPE;
    if (text.len > INT_MAX) return GV_ESPACE;
    const char *fault = gv_json_string_scan((const char *)text.data, text.len, 1, &end, &escaped);
    if (fault != NULL || end + 1 != text.len) return GV_ESYNTAX;
    return gv_json_string_unescape(gv_slice_of(text.data + 1, end - 1), buf, cap);
}

// --- writing -------------------------------------------------------------------------------------

static int put(struct grapevine *gv, gv_time now, const struct gv_entry *entry) {
    int changed = gv_admit_local(gv->engine, now, entry);
    if (changed == GV_EFULL) {
        struct gv_engine_stats stats;
        gv_engine_stats(gv->engine, &stats);
        bool is_long = gv_entry_size(entry) > stats.entry_max;
        bool many = stats.entries_max > 0 && stats.entries >= stats.entries_max;
        fail(gv, changed,
             is_long ? "too long for message_max"
             : many  ? "entries_max is reached"
                     : "memory_max is reached",
             NULL);
    } else if (changed == GV_ERANGE) {
        fail(gv, changed, "nested too deep", NULL);
    } else {
        fail_by_code(gv, changed, "the write");
    }
    return changed;
}

// The key of this incarnation's entry for a counter. The key of generation 0 contains the
// incarnation. If a hostile peer sends the largest count for that entry, further generations
// follow, whose keys contain numbers derived from the incarnation.
static struct gv_entry own_entry(struct grapevine *gv, struct gv_slice key, bool minus,
                                 uint64_t generation) {
    uint64_t number = gv->incarnation;
    struct gv_prng prng;
    gv_prng_init(&prng, gv->incarnation, generation);
    if (generation > 0) number = gv_prng_next(&prng);
    char digits[DIGITS_MAX];
    int len = write_number(number, false, digits, sizeof digits);
    struct gv_writer out = {.data = (uint8_t *)gv->own_key, .cap = OWN_KEY_MAX};
    gv_pack_put_bytes(&out, (const uint8_t *)"[", 1);
    gv_pack_put_bytes(&out, key.data, key.len);
    gv_pack_put_bytes(&out, (const uint8_t *)",", 1);
    gv_pack_put_bytes(&out, gv->name.data, gv->name.len);
    gv_pack_put_bytes(&out, (const uint8_t *)",", 1);
    gv_pack_put_bytes(&out, (const uint8_t *)digits, (size_t)len);
    gv_pack_put_bytes(&out, (const uint8_t *)(minus ? ",\"-\"]" : ",\"+\"]"), 5);
    GV_ASSERT(!out.full);
    return (struct gv_entry){.lattice = GV_LATTICE_COUNTER, .key = {out.data, out.len}};
}

static int add_to_counter(struct grapevine *gv, gv_time now, struct gv_slice key, int64_t delta) {
    uint64_t size = delta < 0 ? 0 - (uint64_t)delta : (uint64_t)delta;
    if (size == 0) return 0;
    for (uint64_t generation = 0; generation < GENERATIONS_MAX; generation++) {
        struct gv_entry entry = own_entry(gv, key, delta < 0, generation), found;
        uint64_t before = gv_engine_get(gv->engine, &entry, &found) ? found.count : 0;
        if (before > (uint64_t)INT64_MAX || size > (uint64_t)INT64_MAX - before) continue;
        entry.count = before + size;
        return put(gv, now, &entry);
    }
    return fail(gv, GV_ERANGE, "the counter's total of this node would exceed 2^63 - 1", NULL);
}

static int set_register(struct grapevine *gv, gv_time now, struct gv_slice key,
                        struct gv_slice value) {
    struct gv_entry entry = {.lattice = GV_LATTICE_REGISTER, .key = key, .value = value}, found;
    entry.node = gv->name;
    uint64_t seen = gv_engine_get(gv->engine, &entry, &found) ? found.lamport : 0;
    if (seen == UINT64_MAX) return fail(gv, GV_ERANGE, "the register's clock has ended", NULL);
    entry.lamport = seen + 1;
    return put(gv, now, &entry);
}

static int write(struct grapevine *gv, gv_time now, const struct pending *write,
                 struct gv_slice key, struct gv_slice value) {
    const struct gv_entry entry = {.lattice = GV_LATTICE_SET, .key = key};
    if (write->kind == GV_COUNTER) return add_to_counter(gv, now, key, write->delta);
    if (write->kind == GV_REGISTER) return set_register(gv, now, key, value);
    return put(gv, now, &entry);
}

// Keeps a write until the end of the call that runs on_change.
static int keep(struct grapevine *gv, const struct pending *write, struct gv_slice key,
                struct gv_slice value) {
    GV_ASSERT(key.data != NULL);
    size_t need = gv->pending_len + sizeof *write + key.len + value.len;
    if (need > PENDING_MAX) return fail(gv, GV_ENOMEM, "too many writes within on_change", NULL);
    if (need > gv->pending_cap) {
        size_t cap = 2 * need < PENDING_MAX ? 2 * need : PENDING_MAX;
        char *grown = gv_alloc_resize(gv->alloc, gv->pending, gv->pending_cap, cap);
        if (grown == NULL) return fail_by_code(gv, GV_ENOMEM, "a write within on_change");
        gv->pending = grown;
        gv->pending_cap = cap;
    }
    char *at = gv->pending + gv->pending_len;
    memcpy(at, write, sizeof *write);
    memcpy(at + sizeof *write, key.data, key.len);
    if (value.len > 0) memcpy(at + sizeof *write + key.len, value.data, value.len);
    gv->pending_len = need;
    return 0;
}

// Applies the writes that on_change has made, and the writes that on_change makes for those.
static void run_pending(struct grapevine *gv, gv_time now) {
    for (size_t at = 0; at < gv->pending_len;) {
        struct pending next;
        memcpy(&next, gv->pending + at, sizeof next);
        // on_change may reallocate the buffer, so the texts are copied.
        size_t len = next.key_len + next.value_len;
        memcpy(gv->text, gv->pending + at + sizeof next, len);
        at += sizeof next + len;
        struct gv_slice key = gv_slice_of(gv->text, next.key_len);
        struct gv_slice value = gv_slice_of(gv->text + next.key_len, next.value_len);
        if (at == gv->pending_len) at = gv->pending_len = 0;
        write(gv, now, &next, key, value);
    }
}

static int start_write(struct grapevine *gv, gv_time now, struct pending next, struct gv_slice key,
                       struct gv_slice value) {
    if (gv == NULL) return GV_EINVAL;
    size_t len = 0;
    struct gv_slice texts[2] = {{NULL, 0}, {NULL, 0}};
    int error = canonical(gv, "the key", key, &len, &texts[0]);
    if (error == 0 && next.kind == GV_REGISTER)
        error = canonical(gv, "the value", value, &len, &texts[1]);
    if (error != 0) return error;
    next.key_len = texts[0].len;
    next.value_len = texts[1].len;
    if (gv->in_callback) return keep(gv, &next, texts[0], texts[1]);
    int changed = write(gv, now, &next, texts[0], texts[1]);
    run_pending(gv, now);
    return changed;
}

int gv_set_add(struct grapevine *gv, gv_time now, struct gv_slice key) {
    return start_write(gv, now, (struct pending){.kind = GV_SET}, key, (struct gv_slice){0});
}

int gv_counter_add(struct grapevine *gv, gv_time now, struct gv_slice key, int64_t delta) {
    return start_write(gv, now, (struct pending){.kind = GV_COUNTER, .delta = delta}, key,
                       (struct gv_slice){0});
}

int gv_register_set(struct grapevine *gv, gv_time now, struct gv_slice key, struct gv_slice value) {
    return start_write(gv, now, (struct pending){.kind = GV_REGISTER}, key, value);
}

// --- reading -------------------------------------------------------------------------------------

// Finds an entry. Returns 1 if it exists, 0 if not, or an error.
static int find(struct grapevine *gv, enum gv_lattice lattice, struct gv_slice key,
                struct gv_entry *out) {
    if (gv == NULL) return GV_EINVAL;
    size_t len = 0;
    struct gv_entry wanted = {.lattice = lattice};
    int error = canonical(gv, "the key", key, &len, &wanted.key);
    return error != 0 ? error : gv_engine_get(gv->engine, &wanted, out);
}

int gv_set_has(struct grapevine *gv, struct gv_slice key) {
    struct gv_entry found;
    return find(gv, GV_LATTICE_SET, key, &found);
}

int gv_counter_value(struct grapevine *gv, struct gv_slice key, int64_t *value) {
    if (gv == NULL || value == NULL) return GV_EINVAL;
    size_t len = 0;
    struct gv_slice text;
    *value = 0;
    int error = canonical(gv, "the key", key, &len, &text);
    if (error != 0) return error;
    if (gv->index_failed) return fail_by_code(gv, GV_ENOMEM, "a counter's entry is not indexed");
    *value = gv_sum_saturated(sum_of(gv, text));
    return 0;
}

int gv_register_get(struct grapevine *gv, struct gv_slice key, struct gv_slice *value) {
    if (value == NULL) return GV_EINVAL;
    *value = (struct gv_slice){NULL, 0};
    struct gv_entry found;
    int known = find(gv, GV_LATTICE_REGISTER, key, &found);
    if (known > 0) *value = found.value;
    return known;
}

// The state of an iteration in gv_iterator.internal.
enum { POSITION, PASSED, STARTED };

static enum gv_lattice lattice_of(enum gv_kind kind) {
    return kind == GV_SET       ? GV_LATTICE_SET
           : kind == GV_COUNTER ? GV_LATTICE_COUNTER
                                : GV_LATTICE_REGISTER;
}

// The bounds of an iteration.
struct bounds {
    enum { ANY_KEY, INTEGER_KEYS, STRING_KEYS } type;
    int64_t first, last;                              // integers, both included
    bool has_first, has_end;                          // of strings
    struct gv_slice first_string, end_string, prefix; // canonical, without quotes; in gv->text
    bool is_empty;                                    // no key is within the bounds
};

static bool is_set(struct gv_slice bound) {
    return bound.data != NULL || bound.len > 0;
}

// A canonical string without its quotes.
static struct gv_slice unquoted(struct gv_slice text) {
    GV_ASSERT(text.len >= 2 && text.data[0] == '"');
    return gv_slice_of(text.data + 1, text.len - 2);
}

// Reads a bound, if it is set, and appends its text to gv->text at *len. Sets *number or *string to
// its value.
static int read_bound(struct grapevine *gv, const char *what, struct gv_slice bound, size_t *len,
                      struct bounds *bounds, int64_t *number, struct gv_slice *string) {
    struct gv_slice text = {NULL, 0};
    int error = is_set(bound) ? canonical(gv, what, bound, len, &text) : 0;
    if (error != 0 || !is_set(bound)) return error;
    bool is_string = gv_json_type(&gv->texts, 0) == GV_JSON_STRING;
    bool is_integer = gv_json_i64(&gv->texts, 0, number) == 0;
    int type = is_string ? STRING_KEYS : INTEGER_KEYS;
    if (!is_string && !is_integer)
        return fail(gv, GV_ETYPE, what, "neither an integer of 64 bits nor a string");
    if (bounds->type != ANY_KEY && (int)bounds->type != type)
        return fail(gv, GV_ETYPE, what, "of another type than the other bound");
    bounds->type = is_string ? STRING_KEYS : INTEGER_KEYS;
    if (is_string) *string = unquoted(text);
    return 0;
}

static int read_bounds(struct grapevine *gv, const struct gv_iterator *it, struct bounds *out) {
    *out = (struct bounds){.first = INT64_MIN, .last = INT64_MAX};
    size_t len = 0;
    int64_t none;
    int error = read_bound(gv, "first", it->first, &len, out, &out->first, &out->first_string);
    if (error == 0) error = read_bound(gv, "end", it->end, &len, out, &out->last, &out->end_string);
    if (error == 0) error = read_bound(gv, "prefix", it->prefix, &len, out, &none, &out->prefix);
    if (error != 0) return error;
    if (is_set(it->prefix) && out->type == INTEGER_KEYS)
        return fail(gv, GV_ETYPE, "prefix", "not a string");
    out->has_first = is_set(it->first);
    out->has_end = is_set(it->end);
    bool inverted = false;
    if (out->has_first && out->has_end)
        inverted = out->type == STRING_KEYS
                       ? gv_json_string_compare(out->first_string, out->end_string) > 0
                       : out->first > out->last;
    if (inverted) return fail(gv, GV_EINVAL, "first", "greater than end");
    if (out->type != INTEGER_KEYS || !out->has_end) return 0;
    out->is_empty = out->last == INT64_MIN;
    if (!out->is_empty) out->last--;
    return 0;
}

// The position of an integer key. Positions are in the order of the integers.
static uint64_t integer_position(const struct grapevine *gv, int64_t number) {
    char text[DIGITS_MAX];
    int len = gv_text_integer(number, text, sizeof text);
    return counter_position(gv, gv_slice_of(text, (size_t)len));
}

static bool is_within(struct grapevine *gv, const struct bounds *bounds, struct gv_slice key) {
    int64_t number;
    GV_ASSERT(key.data != NULL);
    bool is_string = key.data[0] == '"';
    if (bounds->type == ANY_KEY) return true;
    if (bounds->type == INTEGER_KEYS) {
        bool integer = !is_string &&
                       gv_json_parse(&gv->texts, (const char *)key.data, key.len) == 1 &&
                       gv_json_i64(&gv->texts, 0, &number) == 0;
        return integer && number >= bounds->first && number <= bounds->last;
    }
    if (!is_string) return false;
    // No escape is a prefix of another escape, so prefixes are compared without unescaping.
    struct gv_slice string = unquoted(key), prefix = bounds->prefix;
    if (string.len < prefix.len) return false;
    if (prefix.len > 0 && memcmp(string.data, prefix.data, prefix.len) != 0) return false;
    if (bounds->has_first && gv_json_string_compare(string, bounds->first_string) < 0) return false;
    return !bounds->has_end || gv_json_string_compare(string, bounds->end_string) < 0;
}

// Whether one of the first `passed` items at this position belongs to the same counter.
static bool is_repeated(const struct grapevine *gv, struct gv_slice key, uint64_t position,
                        uint64_t passed) {
    struct gv_tree_cursor at;
    bool more = gv_tree_seek(&gv->counters, position, &at);
    for (; more && passed > 0; more = gv_tree_next(&at), passed--) {
        uint32_t ref = gv_tree_get(&at).ref;
        if (is_part_of(gv_replica_get(&gv->engine->replica, ref).key, key)) return true;
    }
    return false;
}

// Returns whether the iteration returns this item, and if so fills in the view.
static bool view(struct grapevine *gv, enum gv_kind kind, const struct bounds *bounds,
                 struct gv_item found, uint64_t passed, struct gv_item_view *out) {
    struct gv_entry entry = gv_replica_get(&gv->engine->replica, found.ref);
    if (entry.lattice != lattice_of(kind)) return false;
    *out = (struct gv_item_view){.key = entry.key, .value = entry.value};
    if (kind == GV_COUNTER) out->key = counter_key(gv, entry.key);
    if (!is_within(gv, bounds, out->key)) return false;
    if (kind != GV_COUNTER) return true;
    if (is_repeated(gv, out->key, found.position, passed)) return false;
    out->count = gv_sum_saturated(sum_of(gv, out->key));
    return true;
}

int gv_next(struct grapevine *gv, struct gv_iterator *it, struct gv_item_view *item) {
    if (gv == NULL || it == NULL || item == NULL) return GV_EINVAL;
    if ((unsigned)it->kind > GV_REGISTER) return fail(gv, GV_EINVAL, "unknown kind", NULL);
    *item = (struct gv_item_view){0};
    struct bounds bounds;
    int error = read_bounds(gv, it, &bounds);
    if (error != 0 || bounds.is_empty) return error;
    bool integers = bounds.type == INTEGER_KEYS;
    const struct gv_tree *tree = it->kind == GV_COUNTER ? &gv->counters : &gv->engine->replica.tree;
    uint64_t last = integers ? integer_position(gv, bounds.last) : GV_POSITION_END;
    if (it->internal[STARTED]++ == 0 && integers)
        it->internal[POSITION] = integer_position(gv, bounds.first);
    uint64_t *position = &it->internal[POSITION], *passed = &it->internal[PASSED], skip = *passed;
    struct gv_tree_cursor at;
    bool more = gv_tree_seek(tree, *position, &at);
    for (; more; more = gv_tree_next(&at)) {
        struct gv_item found = gv_tree_get(&at);
        if (found.position > last) break;
        if (found.position == *position && skip > 0) {
            skip--;
            continue;
        }
        if (found.position != *position) *passed = 0;
        *position = found.position;
        if (view(gv, it->kind, &bounds, found, (*passed)++, item)) return 1;
        skip = 0;
    }
    *item = (struct gv_item_view){0};
    return 0;
}

// --- storing -------------------------------------------------------------------------------------

// Puts the entries of a record into the replica. Returns 0 or an error.
static int load_record(struct grapevine *gv, struct gv_slice record) {
    struct gv_message message;
    struct gv_message_cursor cursor;
    const char *fault = NULL;
    int error = gv_json_parse(&gv->messages, (const char *)record.data, record.len);
    if (error < 0) return fail(gv, error, "a record", gv->messages.error);
    error = gv_message_decode(&message, &gv->messages, 0, &fault);
    if (error < 0) return fail(gv, error, "a record", fault);
    gv_message_entries(&message, &cursor);
    struct gv_entry entry;
    int more;
    while ((more = gv_message_next(&cursor, &entry, gv->text, GV_MESSAGE_MAX)) > 0) {
        error = gv_entry_check_canonical(&entry, &fault);
        if (error < 0) return fail(gv, error, "a record", fault);
        error = gv_admit_put(gv->engine, 0, &entry, GV_CHANGELOG_LOCAL, false);
        if (error < 0) return fail_by_code(gv, error, "a record");
    }
    return more < 0 ? fail_by_code(gv, more, "a record") : 0;
}

int gv_load(struct grapevine *gv, struct gv_slice records) {
    if (gv == NULL || is_dangling(records) || gv->in_callback) return GV_EINVAL;
    if (gv->nodes > 0) return fail(gv, GV_EINVAL, "the node has joined already", NULL);
    int count = 0, error = 0;
    gv->loading = true;
    while (error == 0 && records.len > 0) {
        const uint8_t *end = memchr(records.data, '\n', records.len);
        size_t len = end != NULL ? (size_t)(end - records.data) : records.len;
        if (len > 0) error = load_record(gv, gv_slice_of(records.data, len));
        count += error == 0 && len > 0;
        len += end != NULL;
        records = gv_slice_of(records.data + len, records.len - len);
    }
    gv->loading = false;
    return error != 0 ? error : count;
}

int gv_record(struct grapevine *gv, uint64_t *cursor, char *buf, size_t cap) {
    if (gv == NULL || cursor == NULL || (buf == NULL && cap > 0)) return GV_EINVAL;
    if (*cursor > UINT32_MAX) return fail(gv, GV_EINVAL, "not a cursor of gv_record", NULL);
    uint32_t at = (uint32_t)*cursor;
    struct gv_entry entry;
    if (!gv_engine_next(gv->engine, &at, gv_engine_end(gv->engine), &entry)) return 0;
    int len = write_record(&entry, buf, cap);
    if (len < 0) return fail_by_code(gv, len, "a record");
    *cursor = at;
    return len;
}

// --- messages and time ---------------------------------------------------------------------------

// Checks the message's MAC. Sets *body to a parser of the message's body. Returns 0, 1 if the
// message was received before, or an error.
static int authenticate(struct grapevine *gv, gv_time now, int peer, size_t len,
                        struct gv_json *body) {
    struct gv_json *json = &gv->messages;
    struct gv_auth_endpoints endpoints = {
        peer, gv_engine_name(gv->engine, peer), {gv->plain, gv->plain_len}};
    struct gv_auth_message message = {json, 0, gv_json_member(json, 0, "seal")};
    GV_ASSERT(len <= GV_MESSAGE_MAX);
    enum gv_auth_status status =
        gv_auth_verify(&gv->auth, endpoints, message, gv->scratch, GV_MESSAGE_MAX, body);
    if (status == GV_AUTH_VALID || status == GV_AUTH_DUPLICATE) return status == GV_AUTH_DUPLICATE;
    if (status == GV_AUTH_OLD && gv_auth_announce(&gv->auth, now, peer))
        gv_engine_ping(gv->engine, now, peer);
    const char *reason = status == GV_AUTH_MISSING      ? "it has no MAC"
                         : status == GV_AUTH_INVALID    ? "its MAC is not valid"
                         : status == GV_AUTH_UNEXPECTED ? "it has a MAC, but there is no secret"
                                                        : "it is too old, or a replay";
    return fail(gv, GV_EAUTH, "the message", reason);
}

static int receive(struct grapevine *gv, gv_time now, int peer, const char *bytes, size_t len) {
    if (!gv_core_is_peer(gv->engine, peer)) return fail(gv, GV_ENOENT, "no such peer", NULL);
    if (len > GV_MESSAGE_MAX) return fail(gv, GV_ESPACE, "the message is too long", NULL);
    struct gv_json body;
    struct gv_message message;
    const char *fault = NULL;
    int error = gv_json_parse(&gv->messages, bytes, len);
    if (error < 0) return fail(gv, error, "the message", gv->messages.error);
    if (gv_json_type(&gv->messages, 0) != GV_JSON_OBJECT)
        return fail(gv, GV_ETYPE, "the message", "not an object");
    error = authenticate(gv, now, peer, len, &body);
    if (error != 0) return error < 0 ? error : 0;
    error = gv_message_decode(&message, &body, 0, &fault);
    if (error < 0) return fail(gv, error, "the message", fault);
    bool ready = gv_ready(gv);
    error = gv_engine_receive(gv->engine, now, peer, &message);
    if (error == GV_EFULL && !ready)
        return fail(gv, error, "a summary cannot be accepted before gv_send", NULL);
    return fail_by_code(gv, error, "an entry");
}

int gv_receive(struct grapevine *gv, gv_time now, int peer, const void *bytes, size_t len) {
    if (gv == NULL || is_dangling(gv_slice_of(bytes, len)) || gv->in_callback) return GV_EINVAL;
    int error = receive(gv, now, peer, bytes, len);
    gv->refused_messages += error < 0;
    run_pending(gv, now);
    return error;
}

bool gv_ready(const struct grapevine *gv) {
    return gv != NULL && gv_engine_ready(gv->engine);
}

int gv_send(struct grapevine *gv, gv_time now, void *buf, size_t cap, int *peer) {
    if (gv == NULL || buf == NULL || peer == NULL || gv->in_callback) return GV_EINVAL;
    if (cap < GV_MESSAGE_MAX) return fail(gv, GV_ESPACE, "the buffer is too small", NULL);
    int len = gv_engine_send(gv->engine, now, buf, cap, peer);
    if (len <= 0 || !gv_auth_enabled(&gv->auth)) return len;
    struct gv_auth_endpoints endpoints = {
        *peer, {gv->plain, gv->plain_len}, gv_engine_name(gv->engine, *peer)};
    return (int)gv_auth_append_mac(&gv->auth, endpoints, buf, (size_t)len);
}

int gv_set_writable(struct grapevine *gv, gv_time now, int peer, bool writable) {
    if (gv == NULL || gv->in_callback) return GV_EINVAL;
    int error = gv_engine_set_writable(gv->engine, now, peer, writable);
    return fail_by_code(gv, error, "a peer's writability");
}

gv_time gv_deadline(const struct grapevine *gv) {
    return gv != NULL ? gv_engine_deadline(gv->engine) : GV_TIME_NEVER;
}

void gv_advance(struct grapevine *gv, gv_time now) {
    if (gv != NULL && !gv->in_callback) gv_engine_advance(gv->engine, now);
}

void gv_flush(struct grapevine *gv, gv_time now) {
    if (gv != NULL && !gv->in_callback) gv_engine_flush(gv->engine, now);
}

// --- peers and statistics ------------------------------------------------------------------------

int gv_peer_number(const struct grapevine *gv, struct gv_slice name) {
    return gv != NULL ? gv_engine_peer(gv->engine, name) : GV_EINVAL;
}

int gv_self(const struct grapevine *gv) {
    if (gv == NULL) return GV_EINVAL;
    return gv->nodes > 0 ? (int)gv->engine->peers.self : GV_ENOENT;
}

struct gv_slice gv_peer_name(const struct grapevine *gv, int peer) {
    return gv != NULL ? gv_engine_name(gv->engine, peer) : (struct gv_slice){NULL, 0};
}

// Zeroes *out, of `size` bytes, and copies as many bytes of `from` as it has room for.
static void copy_struct(void *out, size_t size, const void *from, size_t from_size) {
    memset(out, 0, size);
    memcpy(out, from, size < from_size ? size : from_size);
}

static struct gv_peer_info describe_peer(const struct gv_engine *engine, int peer) {
    struct gv_peer_info info = {.is_writable = true, .received_at = GV_TIME_NEVER};
    info.name = gv_engine_name(engine, peer);
    const struct gv_peer *at = engine->peers.at[peer];
    if (at == NULL) return info;
    info.is_suspected = gv_health_is_suspected(&at->health);
    info.is_writable = at->health.is_writable;
    info.received_at = at->health.received_at;
    info.round_trip = at->ack.measured ? at->ack.srtt : 0;
    const struct gv_changelog *log = &engine->changelog;
    uint64_t acked = at->ack.acked_seq > log->tail ? at->ack.acked_seq : log->tail;
    if (gv_push_is_target(&engine->push, &engine->peers, peer))
        info.backlog = (uint32_t)(log->head - acked);
    return info;
}

int gv_get_peer(const struct grapevine *gv, int peer, struct gv_peer_info *out, size_t size) {
    if (gv == NULL || out == NULL) return GV_EINVAL;
    if (!gv_core_is_peer(gv->engine, peer)) return GV_ENOENT;
    const struct gv_peer_info info = describe_peer(gv->engine, peer);
    copy_struct(out, size, &info, sizeof info);
    return 0;
}

int gv_ping(struct grapevine *gv, gv_time now, int peer) {
    if (gv == NULL || gv->in_callback) return GV_EINVAL;
    return gv_engine_ping(gv->engine, now, peer);
}

void gv_get_stats(const struct grapevine *gv, struct gv_stats *out, size_t size) {
    if (out == NULL || size == 0) return;
    memset(out, 0, size);
    if (gv == NULL) return;
    struct gv_engine_stats from;
    gv_engine_stats(gv->engine, &from);
    struct gv_digest root = gv_engine_root(gv->engine);
    const struct gv_stats stats = {
        .entries = from.entries,
        .memory_bytes = gv->allocated,
        .sent_messages = from.sent_messages,
        .sent_bytes = from.sent_bytes,
        .received_messages = from.received_messages,
        .received_bytes = from.received_bytes,
        .refused_messages = gv->refused_messages,
        .sent_entries = from.sent_entries,
        .received_entries = from.received_entries,
        .redundant_entries = from.redundant_entries,
        .refused_entries = from.refused_entries,
        .opened_syncs = from.opened_syncs,
        .lost_messages = from.lost_messages,
        .peers = from.peers,
        .suspected = from.suspected,
        .staleness_ms = from.staleness_ms,
        .digest = gv_digest_fingerprint(&gv->engine->replica.key, root, 0),
    };
    copy_struct(out, size, &stats, sizeof stats);
}
