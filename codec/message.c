// SPDX-License-Identifier: MIT
#include "message.h"

_Static_assert(GV_ENTRY_SIZE_MAX + GV_MESSAGE_HEADER_MAX + GV_MESSAGE_ENTRY_MAX +
                       GV_MESSAGE_RANGES(0) + GV_MESSAGE_TAIL + GV_MESSAGE_MAC_MAX <=
                   GV_MESSAGE_LIMIT,
               "every entry fits alone into a message");
_Static_assert(GV_ENTRY_DEPTH_SET - GV_ENTRY_DEPTH == 1,
               "other keys and values are in a tuple, too");

bool gv_message_is_type(const struct gv_json *json, int type) {
    return gv_json_equals(json, type, "gossip") || gv_json_equals(json, type, "sync");
}

// --- decoding --------------------------------------------------------------------------------

// The members of a message, in the order in which they are written.
#define FIELDS(X) \
    X(type) X(v) X(id) X(ask) X(up) X(next) X(ack) X(life) X(recover) X(told) X(entries) X(ranges)
enum field {
#define X(name) FIELD_##name,
    FIELDS(X)
#undef X
        FIELD_COUNT
};
static const struct gv_slice field_names[] = {
#define X(name) {(const uint8_t *)#name, sizeof #name - 1},
    FIELDS(X)
#undef X
};

// Decodes an optional unsigned member; *out is 0 if its token is negative.
static int optional_u64(const struct gv_json *json, int token, uint64_t max, uint64_t *out) {
    *out = 0;
    if (token < 0) return 0;
    int error = gv_json_u64(json, token, out);
    if (error) return error;
    return *out <= max ? 0 : GV_ERANGE;
}

// Decodes an optional array of three numbers.
static int optional_three(const struct gv_json *json, int token, bool *has, uint64_t out[3]) {
    *has = token >= 0;
    if (!*has) return 0;
    if (gv_json_type(json, token) != GV_JSON_ARRAY || gv_json_size(json, token) != 3)
        return GV_ETYPE;
    int element = token + 1;
    for (int i = 0; i < 3; i++) {
        int error = gv_json_u64(json, element, &out[i]);
        if (error) return error;
        element = gv_json_next(json, element);
    }
    return 0;
}

static int decode_ack(struct gv_message *out, const struct gv_json *json, int token) {
    uint64_t numbers[3] = {0};
    int error = optional_three(json, token, &out->has_ack, numbers);
    out->ack = (struct gv_message_ack){numbers[0], numbers[1], numbers[2]};
    return error;
}

static int decode_told(struct gv_message *out, const struct gv_json *json, int token) {
    uint64_t numbers[3] = {0};
    int error = optional_three(json, token, &out->has_told, numbers);
    if (error == 0 && numbers[0] > UINT32_MAX) error = GV_ERANGE;
    out->told = (struct gv_message_told){(uint32_t)numbers[0], numbers[1], numbers[2]};
    return error;
}

static int decode_ranges(struct gv_message *out, const struct gv_json *json, int token) {
    if (token < 0) return 0;
    if (gv_json_type(json, token) != GV_JSON_STRING) return GV_ETYPE;
    out->ranges = gv_json_string(json, token);
    return 0;
}

static int decode_entries(struct gv_message *out, const struct gv_json *json, int token) {
    if (token < 0) return 0;
    if (gv_json_type(json, token) != GV_JSON_ARRAY) return GV_ETYPE;
    out->entries = token;
    return 0;
}

// Decodes the members that are numbers; `at` has the tokens of all members.
static int decode_numbers(struct gv_message *out, const struct gv_json *json, const int *at,
                          const char **fault) {
    uint64_t number;
    *fault = "v";
    int error = optional_u64(json, at[FIELD_v], UINT64_MAX, &out->version);
    if (error) return error;
    if (out->version != GV_MESSAGE_VERSION) return GV_EVERSION;
    *fault = "id";
    out->has_id = at[FIELD_id] >= 0;
    error = optional_u64(json, at[FIELD_id], UINT64_MAX, &out->id);
    if (error) return error;
    *fault = "ask";
    error = optional_u64(json, at[FIELD_ask], 1, &number);
    if (error) return error;
    out->immediate_ack = number != 0;
    *fault = "up";
    error = optional_u64(json, at[FIELD_up], 1, &number);
    if (error) return error;
    out->to_parent = number != 0;
    *fault = "next";
    error = optional_u64(json, at[FIELD_next], UINT32_MAX, &number);
    out->next_flush_ms = (uint32_t)number;
    if (error) return error;
    *fault = "life";
    error = optional_u64(json, at[FIELD_life], UINT32_MAX, &number);
    if (error) return error;
    out->life = (uint32_t)number;
    *fault = "recover";
    error = optional_u64(json, at[FIELD_recover], 1, &number);
    out->recover = number != 0;
    return error;
}

static int decode(struct gv_message *out, struct gv_json *json, int body, const char **fault) {
    *out = (struct gv_message){.json = json, .bytes = gv_json_raw(json, body).len};
    *fault = "body";
    if (gv_json_type(json, body) != GV_JSON_OBJECT) return GV_ETYPE;
    int at[FIELD_COUNT];
    gv_json_members(json, body, field_names, FIELD_COUNT, at);
    out->sync = at[FIELD_type] >= 0 && gv_json_equals(json, at[FIELD_type], "sync");
    int error = decode_numbers(out, json, at, fault);
    if (error) return error;
    *fault = "ack";
    error = decode_ack(out, json, at[FIELD_ack]);
    if (error) return error;
    *fault = "told";
    error = decode_told(out, json, at[FIELD_told]);
    if (error) return error;
    *fault = "ranges";
    error = decode_ranges(out, json, at[FIELD_ranges]);
    if (error) return error;
    *fault = "entries";
    return decode_entries(out, json, at[FIELD_entries]);
}

int gv_message_decode(struct gv_message *out, struct gv_json *json, int body, const char **fault) {
    GV_ASSERT(out != NULL && fault != NULL);
    int error = decode(out, json, body, fault);
    if (error) out->json = NULL; // so that gv_message_entries finds no entries
    return error;
}

void gv_message_entries(const struct gv_message *message, struct gv_message_cursor *out) {
    *out = (struct gv_message_cursor){.json = message->json};
    if (message->entries == 0 || message->json == NULL) return;
    out->group = message->entries + 1;
    out->groups = gv_json_size(message->json, message->entries);
}

static int group_lattice(const struct gv_json *json, int name) {
    for (int i = 0; i < GV_LATTICES; i++) {
        if (gv_json_equals(json, name, gv_entry_lattices[i].name)) return i;
    }
    return GV_ETYPE;
}

// Enters the next group: an object whose only member has a lattice's name and an array as its
// value.
static int open_group(struct gv_message_cursor *cursor) {
    const struct gv_json *json = cursor->json;
    int group = cursor->group;
    cursor->groups--;
    if (cursor->groups > 0) cursor->group = gv_json_next(json, group);
    if (gv_json_type(json, group) != GV_JSON_OBJECT || gv_json_size(json, group) != 1)
        return GV_ETYPE;
    int lattice = group_lattice(json, group + 1);
    int array = group + 2; // the token after the name is its value
    if (lattice < 0 || gv_json_type(json, array) != GV_JSON_ARRAY) return GV_ETYPE;
    cursor->lattice = (enum gv_lattice)lattice;
    cursor->items = gv_json_size(json, array);
    cursor->item = array + 1;
    return 0;
}

// The free part of the scratch buffer.
struct scratch {
    char *at;
    size_t left;
};

// Appends the canonical text of a value to the scratch buffer, unless it can be borrowed.
static int canonicalise(struct gv_json *json, int token, struct scratch *scratch,
                        struct gv_slice *out) {
    if (json->canonical) {
        *out = gv_json_raw(json, token);
        if (out->len > scratch->left) return GV_ESPACE;
    } else {
        int len = gv_json_canonical(json, token, scratch->at, scratch->left);
        if (len < 0) return len;
        *out = gv_slice_of(scratch->at, (size_t)len);
    }
    scratch->at += out->len;
    scratch->left -= out->len;
    return 0;
}

// Decodes a field of an entry other than its key.
static int decode_field(struct gv_json *json, unsigned field, int token, struct gv_entry *out,
                        struct scratch *scratch) {
    if (field == GV_ENTRY_VALUE) return canonicalise(json, token, scratch, &out->value);
    if (field == GV_ENTRY_LAMPORT) return gv_json_u64(json, token, &out->lamport);
    if (field == GV_ENTRY_COUNT) return gv_json_u64(json, token, &out->count);
    if (gv_json_type(json, token) != GV_JSON_STRING) return GV_ETYPE;
    return canonicalise(json, token, scratch, &out->node);
}

// Decodes [key, …]: the key and the fields of the lattice, in their order.
static int decode_tuple(struct gv_message_cursor *cursor, int item, struct gv_entry *out,
                        struct scratch *scratch) {
    struct gv_json *json = cursor->json;
    if (gv_json_type(json, item) != GV_JSON_ARRAY) return GV_ETYPE;
    int left = gv_json_size(json, item) - 1, token = item + 1;
    if (left < 0) return GV_ETYPE;
    int error = canonicalise(json, token, scratch, &out->key);
    for (unsigned field = 1; error == 0 && field <= GV_ENTRY_COUNT; field *= 2) {
        if (!gv_entry_has(out, field)) continue;
        if (left-- == 0) return GV_ETYPE;
        token = gv_json_next(json, token);
        error = decode_field(json, field, token, out, scratch);
    }
    if (error) return error;
    return left == 0 ? 0 : GV_ETYPE;
}

int gv_message_next(struct gv_message_cursor *cursor, struct gv_entry *out, char *scratch,
                    size_t cap) {
    GV_ASSERT(out != NULL && (scratch != NULL || cap == 0));
    while (cursor->items == 0) {
        if (cursor->groups == 0) return 0;
        int error = open_group(cursor);
        if (error) return error;
    }
    int item = cursor->item;
    cursor->items--;
    if (cursor->items > 0) cursor->item = gv_json_next(cursor->json, item);
    *out = (struct gv_entry){.lattice = cursor->lattice};
    struct scratch left = {scratch, cap};
    int error = cursor->lattice == GV_LATTICE_SET
                    ? canonicalise(cursor->json, item, &left, &out->key)
                    : decode_tuple(cursor, item, out, &left);
    return error ? error : 1;
}

// --- encoding --------------------------------------------------------------------------------

// Writes a text that is known to fit. Inlined, for speed.
static inline void put(struct gv_writer *out, const char *text, size_t len) {
    GV_ASSERT(len <= out->cap - out->len);
    memcpy(out->data + out->len, text, len);
    out->len += len;
}

#define PUT(out, text) put(out, text, sizeof(text) - 1)
#define PUT_MEMBER(out, name, value) (PUT(out, ",\"" name "\":"), gv_pack_put_decimal(out, value))

static void put_three(struct gv_writer *out, uint64_t a, uint64_t b, uint64_t c) {
    gv_pack_put_decimal(out, a);
    PUT(out, ",");
    gv_pack_put_decimal(out, b);
    PUT(out, ",");
    gv_pack_put_decimal(out, c);
    PUT(out, "]");
}

static void put_ack(struct gv_writer *out, const struct gv_message_ack *ack) {
    PUT(out, ",\"ack\":[");
    put_three(out, ack->largest, ack->mask, ack->ack_delay_us);
}

static void put_told(struct gv_writer *out, const struct gv_message_told *told) {
    PUT(out, ",\"told\":[");
    put_three(out, told->life, told->count, told->sum);
}

void gv_message_begin(struct gv_message_writer *writer, const struct gv_message *header, char *buf,
                      size_t cap) {
    GV_ASSERT(writer != NULL && header != NULL && buf != NULL);
    GV_ASSERT(cap >= GV_MESSAGE_HEADER_MAX + GV_MESSAGE_TAIL);
    *writer =
        (struct gv_message_writer){.out = {.data = (uint8_t *)buf, .cap = cap - GV_MESSAGE_TAIL}};
    struct gv_writer *out = &writer->out;
    if (header->sync) {
        PUT(out, "{\"type\":\"sync\"");
    } else {
        PUT(out, "{\"type\":\"gossip\"");
    }
    PUT_MEMBER(out, "v", GV_MESSAGE_VERSION);
    if (header->has_id) PUT_MEMBER(out, "id", header->id);
    if (header->immediate_ack) PUT_MEMBER(out, "ask", 1);
    if (header->to_parent) PUT_MEMBER(out, "up", 1);
    if (header->next_flush_ms) PUT_MEMBER(out, "next", header->next_flush_ms);
    if (header->has_ack) put_ack(out, &header->ack);
    if (header->life) PUT_MEMBER(out, "life", header->life);
    if (header->recover) PUT_MEMBER(out, "recover", 1);
    if (header->has_told) put_told(out, &header->told);
    GV_ASSERT(!out->full && out->len <= GV_MESSAGE_HEADER_MAX);
}

static void begin_group(struct gv_message_writer *writer, enum gv_lattice lattice) {
    struct gv_writer *out = &writer->out;
    gv_pack_put_text(out, writer->open ? "]},{\"" : ",\"entries\":[{\"");
    gv_pack_put_text(out, gv_entry_lattices[lattice].name);
    gv_pack_put_text(out, "\":[");
}

static void put_text_field(struct gv_writer *out, struct gv_slice text) {
    gv_pack_put_u8(out, ',');
    gv_pack_put_bytes(out, text.data, text.len);
}

static void put_number_field(struct gv_writer *out, uint64_t number) {
    gv_pack_put_u8(out, ',');
    gv_pack_put_decimal(out, number);
}

static void put_entry(struct gv_writer *out, const struct gv_entry *entry) {
    if (entry->lattice != GV_LATTICE_SET) gv_pack_put_u8(out, '[');
    gv_pack_put_bytes(out, entry->key.data, entry->key.len);
    if (entry->lattice == GV_LATTICE_SET) return;
    if (gv_entry_has(entry, GV_ENTRY_VALUE)) put_text_field(out, entry->value);
    if (gv_entry_has(entry, GV_ENTRY_LAMPORT)) put_number_field(out, entry->lamport);
    if (gv_entry_has(entry, GV_ENTRY_NODE)) put_text_field(out, entry->node);
    if (gv_entry_has(entry, GV_ENTRY_COUNT)) put_number_field(out, entry->count);
    gv_pack_put_u8(out, ']');
}

bool gv_message_put(struct gv_message_writer *writer, const struct gv_entry *entry,
                    size_t reserve) {
    GV_ASSERT((int)entry->lattice < GV_LATTICES && entry->key.len > 0);
    struct gv_writer *out = &writer->out;
    size_t before = out->len;
    if (reserve > out->cap - before) return false;
    out->cap -= reserve;
    if (writer->open && writer->lattice == entry->lattice) {
        gv_pack_put_u8(out, ',');
    } else {
        begin_group(writer, entry->lattice);
    }
    put_entry(out, entry);
    out->cap += reserve;
    if (out->full) {
        out->len = before;
        out->full = false;
        return false;
    }
    writer->open = true;
    writer->lattice = entry->lattice;
    return true;
}

size_t gv_message_end(struct gv_message_writer *writer, struct gv_slice ranges) {
    struct gv_writer *out = &writer->out;
    GV_ASSERT(!out->full);
    out->cap += GV_MESSAGE_TAIL;
    if (writer->open) PUT(out, "]}]");
    if (ranges.len > 0) {
        PUT(out, ",\"ranges\":\"");
        gv_pack_put_base64(out, ranges);
        gv_pack_put_u8(out, '"');
    }
    gv_pack_put_u8(out, '}');
    GV_ASSERT(!out->full);
    return out->len;
}

// --- canonical text --------------------------------------------------------------------------

int gv_message_canonical(struct gv_json *json, int body, char *buf, size_t cap,
                         struct gv_json *out) {
    int at[FIELD_COUNT];
    gv_json_members(json, body, field_names, FIELD_COUNT, at);
    return gv_json_select(json, body, at, FIELD_COUNT, buf, cap, out);
}
