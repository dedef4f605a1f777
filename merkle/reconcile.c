// SPDX-License-Identifier: MIT
#include "reconcile.h"

#include "rbsr.h"

enum {
    VERSION = 1,      // version of the message format, in the high half of the first byte
    FLAG_REPLY = 1,   // the responder wrote the message
    FLAG_OPENING = 2, // the message opens an exchange: key check and root follow
    FLAG_PENDING = 4, // the sender has summaries whose answers are incomplete
    FLAG_IDLE = 8,    // with FLAG_PENDING: the peer continues first; alone: nothing to say
    ID_SIZE = 4,      // exchange number
    SEQ_MAX = 5,      // longest message number, a varint of 32 bits
    CHECK_SIZE = 4,   // key check of an opening
    DIGEST_SIZE = 8,  // digest of an idle message
    HEADER_MAX = 1 + ID_SIZE + SEQ_MAX,
    PENDING_MAX = 24,     // maximum number of received summaries whose answers are incomplete
    PENDING_MESSAGES = 8, // space for their bytes, in messages of message_max
    NEAR_MS = 2,          // from this round trip on sketches save time
    FAR_MS = 20,          // from this round trip on messages cost more than bytes
    DEFAULT_MESSAGE = 32768,
};
_Static_assert((int)HEADER_MAX + (int)GV_RBSR_CAPACITY_MIN <= (int)GV_RECONCILE_MESSAGE_MIN &&
                   (int)HEADER_MAX + (int)CHECK_SIZE + (int)GV_RBSR_ROOT_MAX <= 64,
               "a shortest buffer holds any range, and an opening has at most 64 bytes");

struct gv_reconcile {
    struct gv_alloc alloc;
    struct gv_digest_key key;
    struct gv_tree tree;
    size_t sessions; // number of sessions of the set
    bool busy;       // a `send` callback is running
};

// A session answers the latest summary first (depth first), so few summaries are pending, and an
// exchange proceeds even if the oldest pending summaries are dropped.
struct gv_reconcile_session {
    struct gv_reconcile *set;
    struct gv_reconcile_session_config config;
    uint32_t opened; // number of exchanges that this side has opened
    uint32_t id;     // id of the exchange
    uint32_t seq;    // number of the opener's last message
    bool opener;     // this side has opened the exchange
    bool known;      // there is, or was, an exchange
    bool over;       // the exchange is done
    int status;      // result of the last answer
    uint32_t depth;  // number of pending summaries; the latest is last
    size_t used;     // bytes of the pending summaries
    struct gv_rbsr pending[PENDING_MAX];
    uint8_t bytes[]; // bytes of the pending summaries: PENDING_MESSAGES · message_max
};

// A parsed message.
struct message {
    uint8_t flags;
    uint32_t id, seq, check;
    uint64_t digest;
    struct gv_slice summary;
};

// --- the set -----------------------------------------------------------------------------------

void gv_reconcile_config_init(struct gv_reconcile_config *config) {
    if (config == NULL) return;
    *config = (struct gv_reconcile_config){.size = sizeof *config, .alloc = gv_base_malloc()};
}

static bool is_slice(struct gv_slice bytes) {
    return bytes.data != NULL || bytes.len == 0;
}

int gv_reconcile_new(struct gv_reconcile **out, const struct gv_reconcile_config *config) {
    struct gv_reconcile_config defaults;
    gv_reconcile_config_init(&defaults);
    if (config == NULL) config = &defaults;
    if (out == NULL || config->size != sizeof *config) return GV_EINVAL;
    if (!is_slice(config->secret) || config->alloc.resize == NULL) return GV_EINVAL;
    struct gv_reconcile *set = gv_alloc_new(config->alloc, sizeof *set);
    if (set == NULL) return GV_ENOMEM;
    *set = (struct gv_reconcile){.alloc = config->alloc};
    gv_digest_key_init(&set->key, config->secret);
    gv_tree_init(&set->tree, config->alloc);
    *out = set;
    return 0;
}

int gv_reconcile_free(struct gv_reconcile *set) {
    if (set == NULL) return 0;
    if (set->sessions > 0 || set->busy) return GV_EINVAL;
    gv_tree_fini(&set->tree);
    gv_alloc_free(set->alloc, set, sizeof *set);
    return 0;
}

static int check_item(const struct gv_reconcile *set, uint64_t position, struct gv_slice bytes) {
    if (set == NULL || !is_slice(bytes)) return GV_EINVAL;
    return position == GV_POSITION_END ? GV_ERANGE : 0;
}

// The hash covers the position, so that items with equal bytes have different elements in a sketch.
static uint64_t hash_of(const struct gv_reconcile *set, uint64_t position, struct gv_slice bytes) {
    if (bytes.len == 0) return gv_singlediff_permute(&set->key, position);
    uint64_t words[2] = {position, gv_digest_hash2(&set->key, bytes.data, bytes.len)};
    return gv_digest_words(&set->key, words, 2);
}

// Sets the cursor to the item with this position and hash. Returns false if there is none.
static bool seek(const struct gv_reconcile *set, uint64_t position, uint64_t hash,
                 struct gv_tree_cursor *at) {
    for (bool more = gv_tree_seek(&set->tree, position, at); more; more = gv_tree_next(at)) {
        struct gv_item item = gv_tree_get(at);
        if (item.position != position) return false;
        if (item.hash == hash) return true;
    }
    return false;
}

int gv_reconcile_add(struct gv_reconcile *set, uint64_t position, struct gv_slice bytes,
                     uint32_t ref) {
    int error = check_item(set, position, bytes);
    if (error) return error;
    if (set->busy) return GV_EINVAL;
    struct gv_item item = {position, hash_of(set, position, bytes), ref};
    struct gv_tree_cursor at;
    if (seek(set, position, item.hash, &at)) return 0;
    error = gv_tree_insert(&set->tree, item);
    return error ? error : 1;
}

int gv_reconcile_remove(struct gv_reconcile *set, uint64_t position, struct gv_slice bytes) {
    int error = check_item(set, position, bytes);
    if (error) return error;
    if (set->busy) return GV_EINVAL;
    struct gv_tree_cursor at;
    if (!seek(set, position, hash_of(set, position, bytes), &at)) return 0;
    gv_tree_erase(&set->tree, &at);
    return 1;
}

int gv_reconcile_find(const struct gv_reconcile *set, uint64_t position, struct gv_slice bytes,
                      uint32_t *ref) {
    int error = check_item(set, position, bytes);
    if (error) return error;
    struct gv_tree_cursor at;
    if (!seek(set, position, hash_of(set, position, bytes), &at)) return 0;
    if (ref != NULL) *ref = gv_tree_get(&at).ref;
    return 1;
}

// Hashes the items into `to`. Checks that they are in order and that no two are the same.
static int hash_items(const struct gv_reconcile *set, const struct gv_reconcile_item *items,
                      size_t count, struct gv_item *to) {
    for (size_t i = 0; i < count; i++) {
        uint64_t position = items[i].position;
        int error = check_item(set, position, items[i].bytes);
        if (error) return error;
        if (i > 0 && position < to[i - 1].position) return GV_EINVAL;
        to[i] = (struct gv_item){position, hash_of(set, position, items[i].bytes), items[i].ref};
        for (size_t k = i; k > 0 && to[k - 1].position == position; k--)
            if (to[k - 1].hash == to[i].hash) return GV_EINVAL;
    }
    return 0;
}

int gv_reconcile_load(struct gv_reconcile *set, const struct gv_reconcile_item *items,
                      size_t count) {
    if (set == NULL || set->busy || (items == NULL && count > 0)) return GV_EINVAL;
    if (gv_tree_root(&set->tree).count > 0) return GV_EINVAL;
    if (count == 0) return 0;
    if (count > SIZE_MAX / sizeof(struct gv_item)) return GV_ENOMEM;
    struct gv_item *hashed = gv_alloc_new(set->alloc, count * sizeof *hashed);
    if (hashed == NULL) return GV_ENOMEM;
    int error = hash_items(set, items, count, hashed);
    if (!error) error = gv_tree_load(&set->tree, hashed, count);
    gv_alloc_free(set->alloc, hashed, count * sizeof *hashed);
    return error;
}

int gv_reconcile_at(const struct gv_reconcile *set, uint64_t rank, uint64_t *position,
                    uint32_t *ref) {
    if (set == NULL) return GV_EINVAL;
    struct gv_tree_cursor at;
    if (!gv_tree_select(&set->tree, rank, &at)) return 0;
    struct gv_item item = gv_tree_get(&at);
    if (position != NULL) *position = item.position;
    if (ref != NULL) *ref = item.ref;
    return 1;
}

uint64_t gv_reconcile_count(const struct gv_reconcile *set) {
    return set == NULL ? 0 : gv_tree_root(&set->tree).count;
}

uint64_t gv_reconcile_digest(const struct gv_reconcile *set) {
    if (set == NULL) return 0;
    struct gv_digest root = gv_tree_root(&set->tree);
    uint64_t words[3] = {root.count, root.sum, root.weighted_sum};
    return gv_digest_words(&set->key, words, 3);
}

int gv_reconcile_position(const struct gv_reconcile *set, struct gv_slice bytes,
                          uint64_t *position) {
    if (set == NULL || position == NULL || !is_slice(bytes)) return GV_EINVAL;
    *position = gv_digest_hash(&set->key, bytes.data, bytes.len) % GV_POSITION_END;
    return 0;
}

size_t gv_reconcile_memory(const struct gv_reconcile *set) {
    return set == NULL ? 0 : sizeof *set + gv_tree_memory(&set->tree);
}

// --- a session ---------------------------------------------------------------------------------

void gv_reconcile_session_config_init(struct gv_reconcile_session_config *config) {
    if (config == NULL) return;
    *config = (struct gv_reconcile_session_config){.size = sizeof *config,
                                                   .message_max = DEFAULT_MESSAGE};
}

static size_t session_size(size_t message_max) {
    return sizeof(struct gv_reconcile_session) + PENDING_MESSAGES * message_max;
}

int gv_reconcile_session_new(struct gv_reconcile_session **out, struct gv_reconcile *set,
                             const struct gv_reconcile_session_config *config) {
    if (out == NULL || set == NULL || set->busy || config == NULL) return GV_EINVAL;
    if (config->size != sizeof *config || config->send == NULL) return GV_EINVAL;
    size_t most = config->message_max;
    if (most < GV_RECONCILE_MESSAGE_MIN || most > GV_RECONCILE_MESSAGE_MAX) return GV_ERANGE;
    struct gv_reconcile_session *session = gv_alloc_new(set->alloc, session_size(most));
    if (session == NULL) return GV_ENOMEM;
    *session = (struct gv_reconcile_session){.set = set, .config = *config};
    set->sessions++;
    *out = session;
    return 0;
}

int gv_reconcile_session_free(struct gv_reconcile_session *session) {
    if (session == NULL) return 0;
    struct gv_reconcile *set = session->set;
    if (set->busy) return GV_EINVAL;
    set->sessions--;
    gv_alloc_free(set->alloc, session, session_size(session->config.message_max));
    return 0;
}

// Forgets the exchange and starts another one.
static void start(struct gv_reconcile_session *session, uint32_t id, bool opener) {
    session->id = id;
    session->seq = 0;
    session->opener = opener;
    session->known = true;
    session->over = false;
    session->status = GV_RECONCILE_WAIT;
    session->depth = 0;
    session->used = 0;
}

// Ends the exchange; returns `status`.
static int finish(struct gv_reconcile_session *session, int status) {
    session->over = true;
    session->depth = 0;
    session->used = 0;
    return session->status = status;
}

// --- messages ----------------------------------------------------------------------------------

// A 32-bit check of the key: a different key gives a different value, except with a chance of
// 2^-32.
static uint32_t key_check(const struct gv_reconcile *set, uint32_t id) {
    return (uint32_t)gv_digest_fingerprint(&set->key, (struct gv_digest){0}, id);
}

static void put_header(const struct gv_reconcile_session *session, uint8_t flags,
                       struct gv_writer *out) {
    if (!session->opener) flags |= FLAG_REPLY;
    gv_pack_put_u8(out, (uint8_t)(VERSION << 4 | flags));
    gv_pack_put_u32(out, session->id);
    gv_pack_put_varint(out, session->seq);
}

// Whether the sender has neither pending summaries nor a summary in the message; the message then
// carries a digest.
static bool is_idle(uint8_t flags) {
    return (flags & (FLAG_PENDING | FLAG_IDLE)) == FLAG_IDLE;
}

// Whether this combination of flags is valid.
static bool are_flags(const struct message *message) {
    if (message->flags & FLAG_OPENING) return message->flags == FLAG_OPENING && message->seq == 0;
    if (is_idle(message->flags)) return message->summary.len == 0;
    return (message->flags & FLAG_PENDING) != 0 || message->summary.len > 0;
}

static int parse(struct gv_slice bytes, struct message *out) {
    struct gv_reader in = {.data = bytes.data, .len = bytes.len};
    uint8_t first = gv_pack_get_u8(&in);
    if (in.error) return in.error;
    if (first >> 4 != VERSION) return first >> 4 > VERSION ? GV_EVERSION : GV_ESYNTAX;
    *out = (struct message){.flags = first & 15, .id = gv_pack_get_u32(&in)};
    uint64_t seq = gv_pack_get_varint(&in);
    if (out->flags & FLAG_OPENING) out->check = gv_pack_get_u32(&in);
    if (is_idle(out->flags)) out->digest = gv_pack_get_u64(&in);
    if (in.error || seq > UINT32_MAX) return GV_ESYNTAX;
    out->seq = (uint32_t)seq;
    out->summary = gv_slice_of(bytes.data + in.at, bytes.len - in.at);
    if (!are_flags(out)) return GV_ESYNTAX;
    bool opening = out->flags & FLAG_OPENING;
    return opening && !gv_rbsr_is_opening(out->summary) ? GV_ESYNTAX : 0;
}

int gv_reconcile_open(struct gv_reconcile_session *session, uint64_t nonce, void *buf, size_t cap) {
    if (session == NULL || buf == NULL || session->set->busy) return GV_EINVAL;
    if (cap < GV_RECONCILE_MESSAGE_MIN) return GV_ESPACE;
    // The counter makes the exchanges of this session differ even if their nonces are equal.
    uint64_t id = (nonce ^ nonce >> 32) + ++session->opened * UINT64_C(0x9e3779b1);
    start(session, (uint32_t)id, true);
    struct gv_writer out = {.data = buf, .cap = cap};
    put_header(session, FLAG_OPENING, &out);
    gv_pack_put_u32(&out, key_check(session->set, session->id));
    struct gv_writer root = {.data = out.data + out.len, .cap = cap - out.len};
    gv_rbsr_open(&session->set->tree, (uint8_t)(session->id >> 24), &root);
    GV_ASSERT(!out.full && !root.full);
    return (int)(out.len + root.len);
}

// --- answering ---------------------------------------------------------------------------------

// A message that is being written.
struct writing {
    struct gv_reconcile_session *session;
    struct gv_rbsr_out out;
    uint64_t sent; // number of items sent
    bool kept;     // the summary that was received is pending
};

static bool send_item(void *ctx, const struct gv_item *item, size_t summary_len) {
    (void)summary_len;
    struct writing *writing = ctx;
    const struct gv_reconcile_session_config *config = &writing->session->config;
    if (!config->send(config->ctx, item->position, item->ref)) return false;
    writing->sent++;
    return true;
}

static int answer_summary(struct writing *writing, struct gv_rbsr *state) {
    struct gv_reconcile *set = writing->session->set;
    writing->out.wrote = 0;
    set->busy = true;
    int more = gv_rbsr_answer(state, &set->tree, &set->key, &writing->out);
    set->busy = false;
    return more;
}

static void drop_oldest(struct gv_reconcile_session *session) {
    size_t len = session->pending[0].summary.len;
    session->used -= len;
    session->depth--;
    memmove(session->bytes, session->bytes + len, session->used);
    memmove(session->pending, session->pending + 1, session->depth * sizeof *session->pending);
    for (uint32_t i = 0; i < session->depth; i++) session->pending[i].summary.data -= len;
}

// Keeps a summary whose answer is incomplete. If there is no space, drops the oldest pending
// summaries; the digests then differ at the end, and the next exchange finds the missing items.
static void keep(struct gv_reconcile_session *session, struct gv_rbsr state) {
    size_t cap = PENDING_MESSAGES * session->config.message_max, len = state.summary.len;
    while (session->depth == PENDING_MAX || cap - session->used < len) drop_oldest(session);
    uint8_t *to = session->bytes + session->used;
    memcpy(to, state.summary.data, len);
    state.summary.data = to;
    session->used += len;
    session->pending[session->depth++] = state;
}

static struct gv_rbsr_options options_of(const struct gv_reconcile_session *session, bool opening) {
    const struct gv_reconcile_session_config *config = &session->config;
    return (struct gv_rbsr_options){
        .expected = opening ? config->expected : 0,
        .fewer_rounds = config->round_trip >= FAR_MS * GV_MS,
        .use_sketches = config->round_trip >= NEAR_MS * GV_MS,
    };
}

// Whether the peer keeps the latest pending summary of both sides. It then continues first, so that
// both sides together work depth first, and few summaries are pending.
static bool goes_on(const struct message *message) {
    return (message->flags & (FLAG_PENDING | FLAG_IDLE)) == FLAG_PENDING;
}

// Answers the received summary, then pending ones, until the message holds a summary or is full. A
// message holds one summary. Returns 0; GV_ESYNTAX; or GV_EFULL if no item fits.
static int answer_summaries(struct writing *writing, const struct message *message) {
    struct gv_reconcile_session *session = writing->session;
    int more = 0;
    if (message->summary.len > 0) {
        struct gv_rbsr state;
        struct gv_rbsr_options options = options_of(session, message->flags & FLAG_OPENING);
        int error = gv_rbsr_begin(&state, message->summary, &options);
        if (error) return error;
        more = answer_summary(writing, &state);
        if (more < 0) return more;
        if (more == 1) keep(session, state);
        writing->kept = more == 1;
    }
    while (more == 0 && !goes_on(message) && session->depth > 0 && writing->out.summary.len == 0) {
        struct gv_rbsr *top = &session->pending[session->depth - 1];
        more = answer_summary(writing, top);
        if (more < 0) return more;
        if (more == 1) break;
        session->used -= top->summary.len;
        session->depth--;
    }
    bool progress = writing->out.summary.len > 0 || writing->sent > 0;
    return more == 1 && !progress ? GV_EFULL : 0;
}

// Writes the next message of this side. Returns its flags, or an error.
static int write_message(struct gv_reconcile_session *session, const struct message *message,
                         struct gv_writer *out) {
    size_t most = session->config.message_max;
    if (out->cap > most) out->cap = most;
    put_header(session, 0, out);
    struct writing writing = {.session = session};
    writing.out = (struct gv_rbsr_out){
        .summary = {.data = out->data + out->len, .cap = out->cap - out->len},
        .send = send_item,
        .ctx = &writing,
    };
    int error = answer_summaries(&writing, message);
    if (error) return error;
    uint8_t flags = session->depth > 0 ? FLAG_PENDING : 0;
    out->len += writing.out.summary.len;
    if (flags == 0 && writing.out.summary.len == 0) flags = FLAG_IDLE;
    if (flags == FLAG_PENDING && goes_on(message) && !writing.kept) flags |= FLAG_IDLE;
    if (flags == FLAG_IDLE) gv_pack_put_u64(out, gv_reconcile_digest(session->set));
    GV_ASSERT(!out->full && !writing.out.summary.full);
    out->data[0] |= flags;
    return flags;
}

// Handles a reply, as the opener.
static int answer_reply(struct gv_reconcile_session *session, const struct message *message,
                        struct gv_writer *out) {
    if (session->over || message->seq != session->seq) return session->status;
    if (is_idle(message->flags) && session->depth == 0) {
        bool equal = message->digest == gv_reconcile_digest(session->set);
        return finish(session, equal ? GV_RECONCILE_DONE : GV_RECONCILE_AGAIN);
    }
    session->seq++;
    int flags = write_message(session, message, out);
    return flags < 0 ? flags : GV_RECONCILE_WAIT;
}

// Writes a reply, as the responder.
static int write_reply(struct gv_reconcile_session *session, const struct message *message,
                       struct gv_writer *out) {
    int flags = write_message(session, message, out);
    if (flags < 0) return flags;
    // The opener stops if neither side has more to say.
    bool last = flags == FLAG_IDLE && (message->flags & FLAG_PENDING) == 0;
    return last ? finish(session, GV_RECONCILE_ANSWERED) : GV_RECONCILE_WAIT;
}

// Handles a message after the opening, as the responder.
static int answer_request(struct gv_reconcile_session *session, const struct message *message,
                          struct gv_writer *out) {
    if (message->seq == session->seq) return GV_RECONCILE_REPEAT;
    if (session->over || message->seq - session->seq != 1) return session->status;
    session->seq = message->seq;
    return write_reply(session, message, out);
}

// Handles an opening of the peer.
static int answer_opening(struct gv_reconcile_session *session, const struct message *message,
                          struct gv_writer *out) {
    if (message->check != key_check(session->set, message->id)) return GV_EAUTH;
    bool same = session->known && session->id == message->id;
    if (same && session->opener) return GV_EINVAL;
    if (same) return session->seq == 0 ? GV_RECONCILE_REPEAT : session->status;
    // Two openings have crossed. The peer accepts this side's opening, which may have been lost.
    bool crossed = session->known && session->opener && !session->over && session->seq == 0;
    if (crossed && session->id > message->id) return GV_RECONCILE_REPEAT;
    start(session, message->id, false);
    return write_reply(session, message, out);
}

static int answer(struct gv_reconcile_session *session, const struct message *message,
                  struct gv_writer *out) {
    if (message->flags & FLAG_OPENING) return answer_opening(session, message, out);
    if (!session->known) return GV_ENOENT;
    if (message->id != session->id) return session->over ? GV_ENOENT : GV_RECONCILE_WAIT;
    bool reply = message->flags & FLAG_REPLY;
    if (reply != session->opener) return GV_EINVAL;
    return reply ? answer_reply(session, message, out) : answer_request(session, message, out);
}

static bool overlap(struct gv_slice message, const void *buf, size_t cap) {
    uintptr_t a = (uintptr_t)message.data, b = (uintptr_t)buf;
    return a < b + cap && b < a + message.len;
}

int gv_reconcile_answer(struct gv_reconcile_session *session, struct gv_slice message, void *buf,
                        size_t cap, size_t *len) {
    if (session == NULL || buf == NULL || len == NULL) return GV_EINVAL;
    *len = 0;
    if (!is_slice(message) || session->set->busy || overlap(message, buf, cap)) return GV_EINVAL;
    if (cap < GV_RECONCILE_MESSAGE_MIN) return GV_ESPACE;
    if (message.len > session->config.message_max) return GV_ESPACE;
    struct message parsed;
    int error = parse(message, &parsed);
    if (error) return error;
    struct gv_writer out = {.data = buf, .cap = cap};
    int result = answer(session, &parsed, &out);
    if (result == GV_ESYNTAX || result == GV_EFULL) session->known = false; // the exchange is over
    if (result >= 0) *len = out.len;
    return result;
}
