// SPDX-License-Identifier: MIT
#include "entry.h"

#include "../merkle/pack.h"
#include "json_string.h"

const struct gv_entry_traits gv_entry_lattices[GV_LATTICES] = {
    [GV_LATTICE_SET] = {"set", 0},
    [GV_LATTICE_COUNTER] = {"counter", GV_ENTRY_COUNT},
    [GV_LATTICE_REGISTER] = {"register", GV_ENTRY_VALUE | GV_ENTRY_LAMPORT | GV_ENTRY_NODE},
    [GV_LATTICE_LOG] = {"log", GV_ENTRY_VALUE},
    [GV_LATTICE_PROMISE] = {"promise", GV_ENTRY_LAMPORT | GV_ENTRY_COUNT},
};

// --- canonical text --------------------------------------------------------------------------

// The state of a check. The text before `at` has been found canonical (json.h).
struct scan {
    const char *text;
    size_t at, len;
    unsigned depth, depth_max;                 // number of open containers, and its maximum
    uint64_t objects;                          // bit d: the container at depth d + 1 is an object
    struct gv_slice names[GV_ENTRY_DEPTH_SET]; // the last name in each open object
};
_Static_assert(GV_ENTRY_DEPTH_SET <= 64, "a bit for each level");

static bool is_at(const struct scan *scan, char c) {
    return scan->at < scan->len && scan->text[scan->at] == c;
}

// Whether eight bytes contain no quote and nothing to check; see gv_json_string_plain_word.
static bool is_plain_word(const char *text) {
    const uint64_t ones = UINT64_MAX / 255;
    uint64_t word;
    memcpy(&word, text, sizeof word);
    bool quote = (((word ^ ones * '"') - ones) & ones * 0x80) != 0;
    return !quote && gv_json_string_plain_word(word);
}

// The length of the canonical escape at the start of the text, or 0 if there is none.
static size_t escape(const char *text, size_t len) {
    if (len >= 2 && text[1] != '\0' && strchr("\"\\bfnrt", text[1]) != NULL) return 2;
    if (len < 6 || memcmp(text, "\\u00", 4) != 0 || (text[4] != '0' && text[4] != '1')) return 0;
    if (text[5] == '\0' || strchr("0123456789abcdef", text[5]) == NULL) return 0;
    // The canonical escapes of these five characters are \b \t \n \f \r.
    return text[4] == '0' && strchr("89acd", text[5]) != NULL ? 0 : 6;
}

static int scan_string(struct scan *scan, struct gv_slice *raw) {
    const char *text = scan->text;
    size_t at = scan->at + 1, len = scan->len, start = at, size;
    for (; at < len; at += size) {
        size = 8;
        if (len - at >= 8 && is_plain_word(text + at)) continue;
        uint8_t c = (uint8_t)text[at];
        if (c == '"') {
            *raw = gv_slice_of(text + start, at - start);
            scan->at = at + 1;
            return 0;
        }
        size = c == '\\'  ? escape(text + at, len - at)
               : c < 0x20 ? 0
               : c < 0x80 ? 1
                          : gv_json_string_utf8((const uint8_t *)text + at, len - at);
        if (size == 0) return GV_ESYNTAX;
    }
    return GV_ESYNTAX;
}

// Skips digits. Returns false if there are none.
static bool scan_digits(struct scan *scan) {
    size_t start = scan->at;
    while (scan->at < scan->len && (uint8_t)(scan->text[scan->at] - '0') <= 9) scan->at++;
    return scan->at > start;
}

static bool scan_number(struct scan *scan) {
    bool negative = is_at(scan, '-');
    scan->at += negative;
    size_t start = scan->at;
    if (!scan_digits(scan)) return false;
    bool zero = scan->text[start] == '0';
    if (zero && scan->at - start > 1) return false;
    bool integer = true;
    if (is_at(scan, '.')) {
        integer = false;
        scan->at++;
        if (!scan_digits(scan)) return false;
    }
    if (is_at(scan, 'e') || is_at(scan, 'E')) {
        integer = false;
        scan->at++;
        scan->at += is_at(scan, '+') || is_at(scan, '-');
        if (!scan_digits(scan)) return false;
    }
    return !(zero && integer && negative);
}

static bool scan_literal(struct scan *scan) {
    static const struct gv_slice literals[] = {
        {(const uint8_t *)"true", 4}, {(const uint8_t *)"false", 5}, {(const uint8_t *)"null", 4}};
    for (size_t i = 0; i < GV_COUNT(literals); i++) {
        size_t len = literals[i].len;
        if (scan->len - scan->at < len || memcmp(scan->text + scan->at, literals[i].data, len) != 0)
            continue;
        scan->at += len;
        return true;
    }
    return false;
}

static bool in_object(const struct scan *scan) {
    return (scan->objects >> (scan->depth - 1) & 1) != 0;
}

// Whether a name sorts before another one. Usually the first bytes decide.
static bool is_before(struct gv_slice a, struct gv_slice b) {
    bool plain = a.len > 0 && b.len > 0 && a.data[0] != '\\' && b.data[0] != '\\';
    if (plain && a.data[0] != b.data[0]) return a.data[0] < b.data[0];
    return gv_json_string_compare(a, b) < 0;
}

// Scans a name and its colon. Names are sorted by their bytes, with escapes resolved.
static int scan_name(struct scan *scan, bool first) {
    if (!is_at(scan, '"')) return GV_ESYNTAX;
    struct gv_slice name, *last = &scan->names[scan->depth - 1];
    int error = scan_string(scan, &name);
    if (error) return error;
    if (!first && !is_before(*last, name)) return GV_ESYNTAX;
    *last = name;
    if (!is_at(scan, ':')) return GV_ESYNTAX;
    scan->at++;
    return 0;
}

// Scans an opening bracket, then the first name of an object, or the closing bracket of an empty
// container. Sets *inside if a value follows.
static int scan_open(struct scan *scan, bool *inside) {
    bool object = is_at(scan, '{');
    if (scan->depth == scan->depth_max) return GV_ERANGE;
    scan->at++;
    *inside = !is_at(scan, object ? '}' : ']');
    if (!*inside) {
        scan->at++;
        return 0;
    }
    uint64_t bit = UINT64_C(1) << scan->depth++;
    scan->objects = object ? scan->objects | bit : scan->objects & ~bit;
    return object ? scan_name(scan, true) : 0;
}

// Scans from the end of a value to the next value. Sets *inside if there is a next value.
static int scan_after_value(struct scan *scan, bool *inside) {
    *inside = false;
    while (scan->depth > 0) {
        bool object = in_object(scan);
        if (is_at(scan, ',')) {
            scan->at++;
            *inside = true;
            return object ? scan_name(scan, false) : 0;
        }
        if (!is_at(scan, object ? '}' : ']')) return GV_ESYNTAX;
        scan->at++;
        scan->depth--;
    }
    return 0;
}

// Whether the text is a positive integer, as most keys are.
static bool is_positive_integer(struct gv_slice text) {
    if (text.data[0] == '0') return false;
    for (size_t i = 0; i < text.len; i++) {
        if ((uint8_t)(text.data[i] - '0') > 9) return false;
    }
    return true;
}

// Returns 0, GV_ESYNTAX, or GV_ERANGE if the text is nested deeper than depth_max.
static int check_text(struct gv_slice text, unsigned depth_max) {
    if (is_positive_integer(text)) return 0;
    struct scan scan;
    scan.text = (const char *)text.data; // `names` stays uninitialised: only open levels are read
    scan.at = 0;
    scan.len = text.len;
    scan.depth = 0;
    scan.depth_max = depth_max;
    scan.objects = 0;
    bool inside = true;
    while (inside) {
        if (scan.at == scan.len) return GV_ESYNTAX;
        char c = scan.text[scan.at];
        struct gv_slice raw;
        int error = 0;
        if (c == '[' || c == '{') {
            error = scan_open(&scan, &inside);
            if (error == 0 && inside) continue;
        } else if (c == '"') {
            error = scan_string(&scan, &raw);
        } else if (!((uint8_t)c < 'A' ? scan_number(&scan) : scan_literal(&scan))) {
            error = GV_ESYNTAX;
        }
        if (error == 0) error = scan_after_value(&scan, &inside);
        if (error != 0) return error;
    }
    return scan.at == scan.len ? 0 : GV_ESYNTAX;
}

// --- entries ---------------------------------------------------------------------------------

static bool is_missing(struct gv_slice text) {
    return text.data == NULL || text.len == 0;
}

static int check_shape(const struct gv_entry *entry, const char **fault) {
    *fault = "the lattice is unknown";
    if ((unsigned)entry->lattice >= GV_LATTICES) return GV_EINVAL;
    *fault = "the key is missing";
    if (is_missing(entry->key)) return GV_EINVAL;
    bool has = gv_entry_has(entry, GV_ENTRY_VALUE);
    *fault = has ? "the value is missing" : "an entry of this lattice has no value";
    if (has ? is_missing(entry->value) : entry->value.len > 0) return GV_EINVAL;
    has = gv_entry_has(entry, GV_ENTRY_NODE);
    *fault = has ? "the node is missing" : "an entry of this lattice has no node";
    if (has ? is_missing(entry->node) : entry->node.len > 0) return GV_EINVAL;
    *fault = "the node is longer than the limit";
    if (entry->node.len > GV_ENTRY_NODE_MAX) return GV_ESPACE;
    *fault = "key, value and node together are longer than the limit";
    // Each length is checked first, because the sum might wrap.
    size_t most = GV_ENTRY_SIZE_MAX;
    bool fits = entry->key.len <= most && entry->value.len <= most;
    return fits && gv_entry_size(entry) <= most ? 0 : GV_ESPACE;
}

static unsigned depth_of(const struct gv_entry *entry) {
    return entry->lattice == GV_LATTICE_SET ? GV_ENTRY_DEPTH_SET : GV_ENTRY_DEPTH;
}

// Whether canonical text is a single value, not several values with commas between them.
static bool is_one_value(struct gv_slice text) {
    bool string = false;
    unsigned depth = 0;
    for (size_t i = 0; i < text.len; i++) {
        uint8_t c = text.data[i];
        if (c == '"') string = !string;
        if (string && c == '\\') i++;
        if (string) continue;
        if (c == ',' && depth == 0) return false;
        depth += c == '[' || c == '{';
        depth -= c == ']' || c == '}';
    }
    return text.len > 0;
}

int gv_entry_log_key(struct gv_slice key, struct gv_slice *name, uint64_t *offset) {
    if (key.len < 2 || key.data[0] != '[') return GV_ETYPE;
    size_t end = key.len - 1, digits = end; // `end`: offset of the closing bracket
    while (digits > 0 && (uint8_t)(key.data[digits - 1] - '0') <= 9) digits--;
    if (digits == end || digits < 2 || key.data[digits - 1] != ',') return GV_ETYPE;
    *name = (struct gv_slice){key.data + 1, digits - 2};
    if (!is_one_value(*name)) return GV_ETYPE;
    uint64_t number = 0;
    for (size_t i = digits; i < end; i++) {
        number = number * 10 + (uint64_t)(key.data[i] - '0');
        if (number > GV_ENTRY_OFFSET_MAX) return GV_ERANGE;
    }
    *offset = number;
    return 0;
}

int gv_entry_log_key_put(char *buf, size_t cap, struct gv_slice name, uint64_t offset) {
    GV_ASSERT(offset <= GV_ENTRY_OFFSET_MAX);
    struct gv_writer out = {.data = (uint8_t *)buf, .cap = cap};
    gv_pack_put_u8(&out, '[');
    gv_pack_put_bytes(&out, name.data, name.len);
    gv_pack_put_u8(&out, ',');
    gv_pack_put_decimal(&out, offset);
    gv_pack_put_u8(&out, ']');
    return out.full ? GV_ESPACE : (int)out.len;
}

int gv_entry_promise_slot(struct gv_slice key, uint32_t *slot) {
    uint32_t number = 0;
    if (key.len == 0 || (key.len > 1 && key.data[0] == '0')) return GV_ETYPE;
    for (size_t i = 0; i < key.len; i++) {
        uint32_t digit = (uint32_t)(key.data[i] - '0');
        if (digit > 9) return GV_ETYPE;
        if (number < GV_ENTRY_SLOTS) number = number * 10 + digit;
    }
    *slot = number;
    return number < GV_ENTRY_SLOTS ? 0 : GV_ERANGE;
}

// Checks the keys of lattices that do not take every JSON value.
static int check_key(const struct gv_entry *entry, const char **fault) {
    struct gv_slice name;
    uint64_t offset;
    uint32_t slot;
    if (entry->lattice == GV_LATTICE_PROMISE) {
        int error = gv_entry_promise_slot(entry->key, &slot);
        *fault = error == GV_ERANGE ? "the slot is greater than 2^14 - 1"
                                    : "the key is not a slot in plain digits";
        return error;
    }
    if (entry->lattice != GV_LATTICE_LOG) return 0;
    int error = gv_entry_log_key(entry->key, &name, &offset);
    *fault = error == GV_ERANGE ? "the offset is greater than 2^53 - 1"
                                : "the key is not [NAME,OFFSET], the offset in plain digits";
    return error;
}

int gv_entry_check(const struct gv_entry *entry, const char **fault) {
    int error = check_shape(entry, fault);
    if (error != 0) return error;
    error = check_text(entry->key, depth_of(entry));
    *fault = error == GV_ERANGE ? "the key is nested too deep" : "the key is not canonical JSON";
    if (error == 0) error = check_key(entry, fault);
    if (error != 0 || !gv_entry_has(entry, GV_ENTRY_VALUE)) return error;
    error = check_text(entry->value, depth_of(entry));
    *fault =
        error == GV_ERANGE ? "the value is nested too deep" : "the value is not canonical JSON";
    if (error != 0 || !gv_entry_has(entry, GV_ENTRY_NODE)) return error;
    *fault = "the node is not a JSON string";
    return entry->node.data[0] == '"' ? check_text(entry->node, 0) : GV_ETYPE;
}

// Whether a canonical text is nested at most depth_max levels.
static bool is_nested_within(struct gv_slice text, unsigned depth_max) {
    bool string = false;
    unsigned depth = 0;
    if (text.data[0] != '[' && text.data[0] != '{') return true;
    for (size_t i = 0; i < text.len; i++) {
        uint8_t c = text.data[i];
        if (c == '"') string = !string;
        if (string && c == '\\') i++;
        if (string) continue;
        if ((c == '[' || c == '{') && ++depth > depth_max) return false;
        if (c == ']' || c == '}') depth--;
    }
    return true;
}

int gv_entry_check_canonical(const struct gv_entry *entry, const char **fault) {
    int error = check_shape(entry, fault);
    if (error != 0) return error;
    *fault = "the key is nested too deep";
    if (!is_nested_within(entry->key, depth_of(entry))) return GV_ERANGE;
    error = check_key(entry, fault);
    if (error != 0 || !gv_entry_has(entry, GV_ENTRY_VALUE)) return error;
    *fault = "the value is nested too deep";
    if (!is_nested_within(entry->value, depth_of(entry))) return GV_ERANGE;
    if (!gv_entry_has(entry, GV_ENTRY_NODE)) return 0;
    *fault = "the node is not a JSON string";
    return entry->node.data[0] == '"' ? 0 : GV_ETYPE;
}
