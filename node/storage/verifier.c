// SPDX-License-Identifier: MIT
#include "verifier.h"

#include "file.h"

#include <stdlib.h>

enum {
    PAGE_MIN = 256, // sizes in bytes, powers of two
    PAGE_MAX = 32768,
    MAGIC = (int)0xbeefc0de,
    VERSION = 1,
    META_PAGES = 2, // pages 0 and 1
    DEPTH_MAX = 32, // levels of a tree
    UNIT = 2,       // alignment of nodes, bytes
};

// Kinds of pages. LMDB has more flags, which are never set on disk.
enum kind { BRANCH = 1, LEAF = 2, OVERFLOW = 4, META = 8 };
// Flags of a leaf's node whose value is the number of an overflow page, or a named database.
enum { BIGDATA = 1, SUBDATA = 2 };
// Flag of a database whose keys are ordered as machine words; keys are ordered as bytes without it.
enum { INTEGERKEY = 8 };
// A flag in the free list's database, if the file was created with MDB_NOSUBDIR.
enum { NOSUBDIR = 0x4000 };

// Structures as they are in the file.
struct page_header {
    size_t number;
    uint16_t padding, kind;
    uint16_t lower, upper; // end of the offsets, start of the nodes; or one 32-bit count of pages
};

struct node_header {
    uint16_t half[2]; // the halves of the value's length, in the machine's byte order
    uint16_t flags;
    uint16_t key_len;
};

struct database {
    uint32_t page_size; // valid in the free list's database only
    uint16_t flags, depth;
    size_t branch_pages, leaf_pages, overflow_pages, entries;
    size_t root; // NONE: empty
};

struct meta_page {
    uint32_t magic, version;
    void *address;
    size_t map_size;
    struct database free, main;
    size_t last; // largest page number in use
    size_t txn;
};

#define NONE SIZE_MAX
enum { PAGE_HEADER = sizeof(struct page_header), NODE_HEADER = sizeof(struct node_header) };
_Static_assert(NODE_HEADER == 8 && sizeof(struct database) == 8 + 5 * sizeof(size_t),
               "as in the file");

struct node {
    struct gv_slice key, value; // as they are in the page
    size_t len;                 // length of the value, which may be on overflow pages
    size_t child;               // if the node is in a branch: page number of its child
    unsigned flags;             // flags, in a leaf
};

struct verifier {
    int fd;
    const struct gv_verifier_visitor *visitor;
    size_t page_size;
    size_t last, txn;
    struct gv_verifier_damage *damage;
    uint8_t *claimed; // one bit a page: it is in use or in the free list
    uint8_t *value;   // the last overflow value
    size_t value_cap;
    // Page buffers in use: one for each page of the path from the root, in the main tree and then
    // in the tree of a named database.
    unsigned level;
    uint8_t *buffers[2 * DEPTH_MAX];
    size_t number[2 * DEPTH_MAX];
};

// What a database is: the free list, the list of named databases, or a named database.
enum use { FREE, MAIN, NAMED };

// A database being read, and its counts so far.
struct tree {
    enum use use;
    struct database found;
};

// ---- Reading ------------------------------------------------------------------------------------

static int damaged(struct verifier *it, size_t page, const char *what) {
    *it->damage = (struct gv_verifier_damage){(uint64_t)page * it->page_size, what};
    return GV_ECORRUPT;
}

// Claims pages. False: a page is already claimed, or outside the file.
static bool claim(struct verifier *it, size_t page, size_t count) {
    if (page < META_PAGES || page > it->last || count > it->last - page + 1) return false;
    for (; count > 0; count--, page++) {
        uint8_t bit = (uint8_t)(1 << page % 8);
        if ((it->claimed[page / 8] & bit) != 0) return false;
        it->claimed[page / 8] |= bit;
    }
    return true;
}

static struct page_header header_of(const uint8_t *page) {
    struct page_header head;
    memcpy(&head, page, sizeof head);
    return head;
}

static uint16_t offset_of(const uint8_t *page, size_t index) {
    uint16_t offset;
    memcpy(&offset, page + PAGE_HEADER + index * sizeof offset, sizeof offset);
    return offset;
}

static size_t count_of(const uint8_t *page) {
    return (header_of(page).lower - PAGE_HEADER) / sizeof(uint16_t);
}

// Decodes a node whose header is in the page; check_nodes() checks the rest.
static struct node node_of(const uint8_t *page, size_t index) {
    static const union {
        uint16_t word;
        uint8_t low; // 1: little-endian
    } order = {1};
    const uint8_t *at = page + offset_of(page, index);
    struct node_header head;
    memcpy(&head, at, sizeof head);
    size_t low = head.half[!order.low], high = head.half[order.low];
    struct node node = {.key = {at + NODE_HEADER, head.key_len}, .flags = head.flags};
    node.len = low | high << 16;
    node.child = node.len;
    if (sizeof(size_t) > 4) node.child |= (size_t)((uint64_t)head.flags << 32);
    bool leaf = header_of(page).kind == LEAF;
    node.value.data = node.key.data + node.key.len;
    node.value.len = !leaf ? 0 : node.flags & BIGDATA ? sizeof(size_t) : node.len;
    return node;
}

// ---- Pages --------------------------------------------------------------------------------------

// Largest node, bytes. A page has space for at least two.
static size_t node_max(const struct verifier *it) {
    return (((it->page_size - PAGE_HEADER) / 2) & ~(size_t)1) - sizeof(uint16_t);
}

// Checks that each node is within the page, and that no two overlap.
static bool check_nodes(const struct verifier *it, const uint8_t *page) {
    uint8_t used[PAGE_MAX / UNIT / 8]; // one bit a unit
    memset(used, 0, it->page_size / UNIT / 8);
    struct page_header head = header_of(page);
    if (head.lower < PAGE_HEADER + sizeof(uint16_t) || head.lower % 2 != 0) return false;
    if (head.upper < head.lower || head.upper > it->page_size) return false;
    for (size_t i = 0; i < count_of(page); i++) {
        size_t at = offset_of(page, i);
        if (at % UNIT != 0 || at < head.upper || at + NODE_HEADER > it->page_size) return false;
        struct node node = node_of(page, i);
        size_t len = NODE_HEADER + node.key.len + node.value.len;
        if (node.value.len > it->page_size || len > it->page_size - at) return false;
        if (len > node_max(it)) return false;
        for (size_t unit = at / UNIT; unit < (at + len + UNIT - 1) / UNIT; unit++) {
            uint8_t bit = (uint8_t)(1 << unit % 8);
            if ((used[unit / 8] & bit) != 0) return false;
            used[unit / 8] |= bit;
        }
    }
    return true;
}

static int damaged_here(struct verifier *it, const char *what) {
    return damaged(it, it->level > 0 ? it->number[it->level - 1] : 0, what);
}

// Reads a page of a tree into a buffer, which is valid until drop_page().
static int read_page(struct verifier *it, size_t number, enum kind kind, uint8_t **out) {
    GV_ASSERT(it->level < GV_COUNT(it->buffers));
    if (number < META_PAGES || number > it->last)
        return damaged_here(it, "a page with a page number outside of the file");
    if (!claim(it, number, 1)) return damaged(it, number, "a page that is used twice, or is free");
    uint8_t **page = &it->buffers[it->level];
    if (*page == NULL) *page = malloc(it->page_size);
    if (*page == NULL) return GV_ENOMEM;
    int error = gv_file_read(it->fd, *page, it->page_size, (uint64_t)number * it->page_size);
    if (error == GV_ECORRUPT) return damaged(it, number, "a page that ends early");
    if (error != 0) return error;
    struct page_header head = header_of(*page);
    if (head.number != number || head.kind != kind)
        return damaged(it, number, "another page than the tree expects");
    if (!check_nodes(it, *page)) return damaged(it, number, "a page whose nodes overlap");
    it->number[it->level++] = number;
    *out = *page;
    return 0;
}

static void drop_page(struct verifier *it) {
    GV_ASSERT(it->level > 0);
    it->level--;
}

// Reads a value from its overflow pages, which have one header.
static int read_overflow(struct verifier *it, struct tree *tree, struct node *node) {
    size_t number, need = (PAGE_HEADER - 1 + node->len) / it->page_size + 1;
    uint8_t head[PAGE_HEADER];
    memcpy(&number, node->value.data, sizeof number);
    if (number < META_PAGES || number > it->last)
        return damaged_here(it, "an overflow value outside of the file");
    uint64_t at = (uint64_t)number * it->page_size;
    int error = gv_file_read(it->fd, head, PAGE_HEADER, at);
    if (error == GV_ECORRUPT) return damaged(it, number, "a page that ends early");
    if (error != 0) return error;
    struct page_header declared = header_of(head);
    uint32_t count;
    memcpy(&count, head + offsetof(struct page_header, lower), sizeof count);
    if (declared.number != number || declared.kind != OVERFLOW || count < need)
        return damaged(it, number, "another page than the overflow value that is expected");
    if (!claim(it, number, count))
        return damaged(it, number, "pages of an overflow value that are used twice, or are free");
    tree->found.overflow_pages += count;
    if (it->value_cap < node->len) {
        free(it->value);
        it->value_cap = 0;
        it->value = malloc(node->len);
        if (it->value == NULL) return GV_ENOMEM;
        it->value_cap = node->len;
    }
    node->value = (struct gv_slice){it->value, node->len};
    error = gv_file_read(it->fd, it->value, node->len, at + PAGE_HEADER);
    return error == GV_ECORRUPT ? damaged(it, number, "an overflow value that ends early") : error;
}

// ---- Trees --------------------------------------------------------------------------------------

static int read_tree(struct verifier *it, const struct database *declared, enum use use);

static size_t word_of(struct gv_slice bytes) {
    size_t word;
    memcpy(&word, bytes.data, sizeof word);
    return word;
}

static bool is_less(const struct tree *tree, struct gv_slice a, struct gv_slice b) {
    if (tree->use == FREE) return word_of(a) < word_of(b);
    int order = memcmp(a.data, b.data, a.len < b.len ? a.len : b.len);
    return order != 0 ? order < 0 : a.len < b.len;
}

// Checks a record of the free list. The key is a transaction; the value is the number of pages that
// it freed, then their numbers in descending order.
static bool check_free(struct verifier *it, struct gv_slice key, struct gv_slice value) {
    size_t txn = word_of(key), words = value.len / sizeof(size_t), before = NONE;
    if (txn == 0 || txn > it->txn || words == 0 || value.len % sizeof(size_t) != 0) return false;
    size_t count = word_of(value);
    if (count >= words) return false;
    for (size_t i = 1; i <= count; i++) {
        size_t page = word_of((struct gv_slice){value.data + i * sizeof page, sizeof page});
        if (page >= before || !claim(it, page, 1)) return false;
        before = page;
    }
    return true;
}

static int read_record(struct verifier *it, struct tree *tree, struct node node) {
    unsigned allowed = tree->use == MAIN ? SUBDATA : BIGDATA;
    if ((node.flags & ~allowed) != 0) return damaged_here(it, "a node of an unknown kind");
    if (tree->use == MAIN) {
        struct database named;
        if (node.flags != SUBDATA || node.len != sizeof named)
            return damaged_here(it, "a node that is not a database");
        memcpy(&named, node.value.data, sizeof named);
        it->visitor->database(it->visitor->ctx, node.key);
        return read_tree(it, &named, NAMED);
    }
    int error = node.flags & BIGDATA ? read_overflow(it, tree, &node) : 0;
    if (error != 0) return error;
    if (tree->use == FREE)
        return check_free(it, node.key, node.value)
                   ? 0
                   : damaged_here(it, "an invalid list of free pages");
    it->visitor->record(it->visitor->ctx, node.key, node.value);
    return 0;
}

// The keys of a subtree are at least `lo` and below `hi`; length 0: unbounded.
struct bounds {
    struct gv_slice lo, hi;
};

static bool is_key(const struct tree *tree, struct gv_slice key) {
    return tree->use == FREE ? key.len == sizeof(size_t) : key.len > 0;
}

static int read_leaf(struct verifier *it, struct tree *tree, const uint8_t *page,
                     struct bounds bounds) {
    struct gv_slice before = {0};
    int error = 0;
    for (size_t i = 0; error == 0 && i < count_of(page); i++) {
        struct node node = node_of(page, i);
        bool first = before.len == 0, good = is_key(tree, node.key);
        if (good && first && bounds.lo.len > 0) good = !is_less(tree, node.key, bounds.lo);
        if (good && !first) good = is_less(tree, before, node.key);
        if (good && bounds.hi.len > 0) good = is_less(tree, node.key, bounds.hi);
        if (!good) return damaged_here(it, "a page whose keys are out of order");
        tree->found.entries++;
        before = node.key;
        error = read_record(it, tree, node);
    }
    return error;
}

static int read_node(struct verifier *it, struct tree *tree, size_t number, unsigned depth,
                     struct bounds bounds);

// A branch's first key is ignored: LMDB follows the first child for every key below the second.
static int read_branch(struct verifier *it, struct tree *tree, const uint8_t *page, unsigned depth,
                       struct bounds bounds) {
    size_t count = count_of(page);
    if (count < 2) return damaged_here(it, "a branch page with fewer than two children");
    struct gv_slice lo = bounds.lo;
    int error = 0;
    for (size_t i = 0; error == 0 && i < count; i++) {
        struct gv_slice hi = i + 1 < count ? node_of(page, i + 1).key : bounds.hi;
        if (i + 1 < count && !is_key(tree, hi))
            return damaged_here(it, "a page whose keys are out of order");
        error = read_node(it, tree, node_of(page, i).child, depth, (struct bounds){lo, hi});
        lo = hi;
    }
    return error;
}

static int read_node(struct verifier *it, struct tree *tree, size_t number, unsigned depth,
                     struct bounds bounds) {
    bool leaf = depth == 1;
    uint8_t *page;
    int error = read_page(it, number, leaf ? LEAF : BRANCH, &page);
    if (error != 0) return error;
    *(leaf ? &tree->found.leaf_pages : &tree->found.branch_pages) += 1;
    error =
        leaf ? read_leaf(it, tree, page, bounds) : read_branch(it, tree, page, depth - 1, bounds);
    drop_page(it);
    return error;
}

static int read_tree(struct verifier *it, const struct database *declared, enum use use) {
    struct tree tree = {.use = use};
    unsigned flags = use == FREE ? declared->flags & ~(unsigned)NOSUBDIR : declared->flags;
    if (flags != (use == FREE ? INTEGERKEY : 0) || declared->depth > DEPTH_MAX ||
        (declared->root == NONE) != (declared->depth == 0))
        return damaged_here(it, "a database with an invalid description");
    int error = 0;
    if (declared->depth > 0)
        error = read_node(it, &tree, declared->root, declared->depth, (struct bounds){0});
    if (error != 0) return error;
    const struct database *found = &tree.found;
    bool same = found->branch_pages == declared->branch_pages &&
                found->leaf_pages == declared->leaf_pages &&
                found->overflow_pages == declared->overflow_pages &&
                found->entries == declared->entries;
    return same ? 0 : damaged_here(it, "a database whose counts are wrong");
}

// ---- The file -----------------------------------------------------------------------------------

static int read_meta_page(struct verifier *it, size_t number, struct meta_page *out) {
    uint8_t bytes[PAGE_HEADER + sizeof *out];
    int error = gv_file_read(it->fd, bytes, sizeof bytes, number * it->page_size);
    if (error != 0) return error == GV_ECORRUPT ? GV_ENOENT : error;
    memcpy(out, bytes + PAGE_HEADER, sizeof *out);
    struct page_header head = header_of(bytes);
    if (head.kind != META || out->magic != (uint32_t)MAGIC) return GV_ENOENT;
    if (out->version != VERSION) return GV_EVERSION;
    return head.number == number ? 0 : damaged(it, number, "another page than the meta page");
}

// Chooses the younger of the two meta pages, which transactions write alternately.
static int choose_meta_page(struct verifier *it, uint64_t size, struct meta_page *out) {
    struct meta_page meta_pages[META_PAGES];
    int error = read_meta_page(it, 0, &meta_pages[0]);
    if (error != 0) return error;
    size_t page_size = meta_pages[0].free.page_size;
    if (page_size < PAGE_MIN || page_size > PAGE_MAX || (page_size & (page_size - 1)) != 0)
        return damaged(it, 0, "a meta page with an impossible page size");
    it->page_size = page_size;
    error = read_meta_page(it, 1, &meta_pages[1]);
    if (error != 0) return error;
    size_t young = meta_pages[0].txn < meta_pages[1].txn;
    *out = meta_pages[young];
    it->last = out->last;
    it->txn = out->txn;
    if (out->last > 0 && out->last >= size / page_size)
        return damaged(it, size / page_size,
                       "the end of the file, but its meta page counts more pages");
    bool good = meta_pages[1].free.page_size == page_size && out->txn % META_PAGES == young &&
                out->last > 0;
    return good ? 0 : damaged(it, young, "an invalid meta page");
}

static void release(struct verifier *it) {
    for (size_t i = 0; i < GV_COUNT(it->buffers); i++) free(it->buffers[i]);
    free(it->claimed);
    free(it->value);
}

bool gv_verifier_unfinished(int fd, uint64_t size) {
    struct gv_verifier_damage damage;
    struct verifier it = {.fd = fd, .damage = &damage};
    struct meta_page meta;
    if (size == 0) return true;
    if (read_meta_page(&it, 0, &meta) != 0 || meta.txn != 0 || meta.main.root != NONE) return false;
    return size < META_PAGES * (uint64_t)meta.free.page_size;
}

int gv_verifier_run(int fd, uint64_t size, const struct gv_verifier_visitor *visitor, uint64_t *txn,
                    struct gv_verifier_damage *damage) {
    GV_ASSERT(fd >= 0 && visitor->database != NULL && visitor->record != NULL);
    *damage = (struct gv_verifier_damage){0};
    struct verifier it = {.fd = fd, .visitor = visitor, .damage = damage};
    struct meta_page meta;
    int error = choose_meta_page(&it, size, &meta);
    if (error != 0) return error;
    *txn = meta.txn;
    it.claimed = calloc(it.last / 8 + 1, 1);
    if (it.claimed == NULL) return GV_ENOMEM;
    error = read_tree(&it, &meta.free, FREE);
    if (error == 0) error = read_tree(&it, &meta.main, MAIN);
    release(&it);
    return error;
}
