// SPDX-License-Identifier: MIT
#include "net.h"

#include "memory.h"

enum { PRNG_STREAM = 1, LINKS_MIN = 64, DELAY_MAX = 1 << 30 };
#define MILLION 1000000

const char *const gv_net_latency_names[] = {"constant", "uniform", "exponential", NULL};

static bool before(const struct gv_net_message *a, const struct gv_net_message *b) {
    return a->due != b->due ? a->due < b->due : a->seq < b->seq;
}

static void inbox_put(struct gv_net_inbox *inbox, struct gv_net_message *message) {
    GV_MEMORY_GROW(inbox->heap, &inbox->cap, inbox->len + 1);
    size_t at = inbox->len++;
    while (at > 0 && before(message, inbox->heap[(at - 1) / 2])) {
        inbox->heap[at] = inbox->heap[(at - 1) / 2];
        at = (at - 1) / 2;
    }
    inbox->heap[at] = message;
}

static struct gv_net_message *inbox_take(struct gv_net_inbox *inbox) {
    if (inbox->len == 0) return NULL;
    struct gv_net_message *first = inbox->heap[0];
    struct gv_net_message *last = inbox->heap[--inbox->len];
    size_t at = 0;
    for (size_t child = 1; child < inbox->len; child = 2 * at + 1) {
        if (child + 1 < inbox->len && before(inbox->heap[child + 1], inbox->heap[child])) child++;
        if (!before(inbox->heap[child], last)) break;
        inbox->heap[at] = inbox->heap[child];
        at = child;
    }
    inbox->heap[at] = last;
    return first;
}

// ---- Links ----

static struct gv_net_link *place_of(struct gv_net *net, uint32_t src, uint32_t dest) {
    uint64_t hash = ((uint64_t)src << 32 | dest) * UINT64_C(0x9e3779b97f4a7c15);
    size_t at = (size_t)(hash >> 32);
    for (;; at++) {
        struct gv_net_link *link = &net->links[at & (net->links_cap - 1)];
        if (link->state == 0 || (link->src == src && link->dest == dest)) return link;
    }
}

static void grow_links(struct gv_net *net) {
    struct gv_net_link *old = net->links;
    size_t cap = net->links_cap;
    net->links_cap = cap > 0 ? 2 * cap : LINKS_MIN;
    GV_MEMORY_ARRAY(net->links, net->links_cap);
    for (size_t i = 0; i < cap; i++) {
        if (old[i].state != 0) *place_of(net, old[i].src, old[i].dest) = old[i];
    }
    free(old);
}

// A link, created at first use. The pointer is valid until another is created.
static struct gv_net_link *link_of(struct gv_net *net, uint32_t src, uint32_t dest) {
    if (4 * (net->links_len + 1) > 3 * net->links_cap) grow_links(net);
    struct gv_net_link *link = place_of(net, src, dest);
    if (link->state == 0) {
        struct gv_prng prng;
        gv_prng_init(&prng, net->config.seed,
                     PRNG_STREAM + (((uint64_t)src + 1) << 32) + (uint64_t)dest);
        *link = (struct gv_net_link){.src = src, .dest = dest, .state = gv_prng_next(&prng) | 1};
        net->links_len++;
    }
    return link;
}

// SplitMix64 (Steele, Lea, Flood, OOPSLA 2014): 8 bytes of state a link.
static uint64_t draw(struct gv_net_link *link) {
    uint64_t z = link->state += UINT64_C(0x9e3779b97f4a7c15);
    if (z == 0) z = link->state = 1; // 0 marks a free slot
    z = (z ^ z >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
    z = (z ^ z >> 27) * UINT64_C(0x94d049bb133111eb);
    return z ^ z >> 31;
}

// Uniform in [0, bound), for a bound far below 2^32; the bias is no larger than bound / 2^32.
static uint64_t draw_below(struct gv_net_link *link, uint64_t bound) {
    return (draw(link) >> 32) * bound >> 32;
}

// −ln of a number uniform in (0, 1], in units of 2^-24. Integer arithmetic, since libm differs
// between systems. Squaring yields the binary logarithm bit by bit.
static uint64_t draw_logarithm(struct gv_net_link *link) {
    uint64_t x = draw(link) >> 32; // the number is (x + 1) / 2^32
    uint64_t mantissa = x + 1;
    uint64_t log2 = 32;
    while (mantissa < UINT64_C(1) << 31) {
        mantissa <<= 1;
        log2--;
    }
    // mantissa / 2^31 is in [1, 2], and x + 1 is that times 2^(log2 − 1).
    uint64_t bits = (log2 - 1) << 24;
    for (uint64_t bit = UINT64_C(1) << 23; bit > 0; bit >>= 1) {
        if (mantissa >= UINT64_C(1) << 32) mantissa = (UINT64_C(1) << 32) - 1;
        mantissa = mantissa * mantissa >> 31;
        if (mantissa < UINT64_C(1) << 32) continue;
        mantissa >>= 1;
        bits += bit;
    }
    uint64_t minus = (UINT64_C(32) << 24) - bits;
    return minus * UINT64_C(2977044472) >> 32; // times ln 2
}

// Draws a delay with this mean, at most 2^30, in the units of the mean.
static uint64_t draw_delay(struct gv_net_link *link, enum gv_net_latency dist, uint64_t mean) {
    switch (dist) {
    case GV_NET_UNIFORM:
        return draw_below(link, 2 * mean);
    case GV_NET_EXPONENTIAL:
        return draw_logarithm(link) * mean >> 24;
    case GV_NET_CONSTANT:
        break;
    }
    return mean;
}

// Draws a delay in microseconds, so that a mean of minutes is below 2^30.
static gv_time draw_fine(struct gv_net_link *link, enum gv_net_latency dist, gv_time mean) {
    uint64_t us = mean / 1000 < DELAY_MAX ? mean / 1000 : DELAY_MAX;
    if (us == 0 || dist == GV_NET_CONSTANT) return us * 1000;
    return draw_delay(link, dist, us) * 1000;
}

static bool has_service(const struct gv_net *net, uint32_t src, uint32_t dest) {
    return (src != GV_NET_CLIENT && src >= net->config.nodes) || dest >= net->config.nodes;
}

static const struct gv_wan_path *path_of(const struct gv_net *net, const struct gv_net_link *link) {
    if (has_service(net, link->src, link->dest)) return NULL;
    return net->config.wan != NULL ? gv_wan_between(net->config.wan, link->src, link->dest) : NULL;
}

static gv_time latency_of(const struct gv_net *net, struct gv_net_link *link) {
    uint64_t mean = net->config.latency_ms;
    const struct gv_wan_path *path = path_of(net, link);
    if (path != NULL && path->measured) return draw_fine(link, net->config.latency, path->rtt / 2);
    if (mean == 0 || net->config.latency == GV_NET_CONSTANT) return mean * GV_MS;
    return draw_delay(link, net->config.latency, mean) * GV_MS;
}

gv_time gv_net_latency(struct gv_net *net, uint32_t src, uint32_t dest) {
    return latency_of(net, link_of(net, src, dest));
}

// ---- Rules ----

void gv_net_rules(struct gv_net *net, const struct gv_net_rule *rules, size_t count) {
    GV_ASSERT(rules != NULL || count == 0);
    net->rules = rules;
    net->rules_len = count;
}

static bool applies_to(const struct gv_net *net, const struct gv_net_rule *rule,
                       const struct gv_net_link *link) {
    if (rule->sides == NULL) return true;
    if (has_service(net, link->src, link->dest)) return false;
    uint8_t from = rule->sides[link->src], to = rule->sides[link->dest];
    if ((from & GV_NET_LEFT) != 0 && (to & GV_NET_RIGHT) != 0) return true;
    return rule->both_ways && (from & GV_NET_RIGHT) != 0 && (to & GV_NET_LEFT) != 0;
}

// The number of copies of a message that arrive; 0: it is lost.
static unsigned copies_of(const struct gv_net *net, struct gv_net_link *link) {
    unsigned copies = 1;
    for (size_t i = 0; i < net->rules_len; i++) {
        const struct gv_net_rule *rule = &net->rules[i];
        if (rule->kind != GV_NET_LOSE && rule->kind != GV_NET_DUPLICATE) continue;
        if (!applies_to(net, rule, link) || draw_below(link, MILLION) >= rule->ppm) continue;
        if (rule->kind == GV_NET_LOSE) return 0;
        copies++;
    }
    return copies;
}

static gv_time delay_of(const struct gv_net *net, struct gv_net_link *link) {
    gv_time delay = latency_of(net, link);
    for (size_t i = 0; i < net->rules_len; i++) {
        const struct gv_net_rule *rule = &net->rules[i];
        if (rule->kind != GV_NET_DELAY || !applies_to(net, rule, link)) continue;
        bool chosen = rule->ppm >= MILLION || draw_below(link, MILLION) < rule->ppm;
        if (chosen) delay += draw_fine(link, rule->dist, rule->delay);
    }
    return delay;
}

// Computes how long a message waits for a link and takes to pass it. False: the wait is too long.
static bool take_link(const struct gv_net *net, gv_time now, struct gv_net_link *link, size_t size,
                      gv_time *takes) {
    const struct gv_wan_path *path = path_of(net, link);
    uint64_t bandwidth = path != NULL ? path->bandwidth : 0;
    gv_time wait_max = GV_NET_WAIT_MAX;
    for (size_t i = 0; i < net->rules_len; i++) {
        const struct gv_net_rule *rule = &net->rules[i];
        if (rule->kind != GV_NET_LIMIT || !applies_to(net, rule, link)) continue;
        if (bandwidth == 0 || rule->bandwidth < bandwidth) {
            bandwidth = rule->bandwidth;
            wait_max = rule->delay;
        }
    }
    *takes = 0;
    if (bandwidth == 0) return true;
    gv_time free_at = link->busy_until > now ? link->busy_until : now;
    if (free_at - now > wait_max) return false;
    GV_ASSERT(size <= UINT32_MAX);
    link->busy_until = free_at + (uint64_t)size * (1000 * GV_MS) / bandwidth;
    *takes = link->busy_until - now;
    return true;
}

// ---- Messages ----

static void drop(struct gv_net *net, gv_time now, struct gv_slice line, const char *why) {
    net->dropped++;
    gv_trace_line(net->config.trace, now, GV_TRACE_DROP, line, why);
}

static bool is_cut(struct gv_net *net, gv_time now, const struct gv_net_message *message) {
    if (message->src == GV_NET_CLIENT || net->config.cut == NULL) return false;
    if (has_service(net, message->src, message->dest)) return false;
    if (!net->config.cut(net->config.cut_ctx, message)) return false;
    drop(net, now, gv_slice_of(message->bytes, message->len), "cut");
    return true;
}

static void schedule(struct gv_net *net, gv_time due, struct gv_net_message *message) {
    gv_event_queue_schedule(net->config.queue, due, net->config.event_kind, message->dest,
                            message->seq, message);
}

// The counter of bytes in flight that includes this message. NULL: none.
static size_t *bytes_of(struct gv_net *net, const struct gv_net_message *message) {
    if (message->src == GV_NET_CLIENT) return NULL;
    // A service's reply counts for the node that receives it.
    uint32_t node = message->src < net->config.nodes ? message->src : message->dest;
    return &net->in_flight_bytes[node];
}

// Notes that a node's message is in flight, until arrive() notes that it is delivered or cut.
static void depart(struct gv_net *net, struct gv_net_link *link, gv_time takes) {
    link->in_flight++;
    if (link->in_flight > net->busiest.in_flight) net->busiest = *link;
    if (takes > net->longest_flight) net->longest_flight = takes;
}

static void arrive(struct gv_net *net, gv_time now, const struct gv_net_message *message) {
    size_t *bytes = bytes_of(net, message);
    if (bytes != NULL) *bytes -= message->len + GV_NET_OVERHEAD;
    if (!message->original) return;
    struct gv_net_link *link = place_of(net, message->src, message->dest);
    GV_ASSERT(link->in_flight > 0);
    link->in_flight--;
    // The message may have waited for the inbound thread.
    if (now - message->sent > net->longest_flight) net->longest_flight = now - message->sent;
}

// Makes the idle inbound thread of a node take the next message that is not cut.
static void wake(struct gv_net *net, gv_time now, struct gv_net_inbox *inbox) {
    GV_ASSERT(inbox->current == NULL);
    struct gv_net_message *message;
    while ((message = inbox_take(inbox)) != NULL) {
        if (is_cut(net, now, message)) {
            arrive(net, now, message);
            free(message);
            continue;
        }
        inbox->current = message;
        schedule(net, message->due > now ? message->due : now, message);
        return;
    }
}

// The length of the character or escape at this offset in a JSON string; a surrogate pair counts as
// one.
static size_t unit_len(struct gv_slice text, size_t at) {
    size_t len = 1;
    if (text.data[at] == '\\') {
        bool code = at + 1 < text.len && text.data[at + 1] == 'u';
        bool high = code && at + 3 < text.len && (text.data[at + 2] | 0x20) == 'd' &&
                    strchr("89abAB", text.data[at + 3]) != NULL;
        len = high ? 12 : code ? 6 : 2;
    } else {
        while (at + len < text.len && (text.data[at + len] & 0xc0) == 0x80) len++;
    }
    return len < text.len - at ? len : text.len - at;
}

static void copy_type(char name[GV_NET_TYPE_MAX + 1], struct gv_slice type) {
    static const char more[] = "…";
    bool whole = type.len <= GV_NET_TYPE_MAX;
    size_t len = 0, room = whole ? type.len : GV_NET_TYPE_MAX - (sizeof more - 1);
    while (len < room && len + unit_len(type, len) <= room) len += unit_len(type, len);
    if (len > 0) memcpy(name, type.data, len);
    strcpy(name + len, whole ? "" : more);
}

// The index of a type's count, created at its first message.
static uint32_t type_index(struct gv_net *net, struct gv_slice type) {
    char name[GV_NET_TYPE_MAX + 1];
    copy_type(name, type);
    for (size_t i = 0; i < net->types; i++) {
        if (strcmp(net->counts[i].type, name) == 0) return (uint32_t)i;
    }
    if (net->types >= GV_NET_TYPES_MAX) {
        strcpy(net->counts[GV_NET_TYPES_MAX].type, "(other)");
        net->types = GV_NET_TYPES_MAX + 1;
        return GV_NET_TYPES_MAX;
    }
    strcpy(net->counts[net->types].type, name);
    return (uint32_t)net->types++;
}

void gv_net_init(struct gv_net *net, const struct gv_net_config *config) {
    GV_ASSERT(config->nodes > 0);
    *net = (struct gv_net){.config = *config};
    GV_MEMORY_ARRAY(net->inboxes, config->nodes + config->services);
    GV_MEMORY_ARRAY(net->in_flight_bytes, config->nodes);
    GV_MEMORY_ARRAY(net->sent_by, config->nodes + config->services);
}

void gv_net_fini(struct gv_net *net) {
    for (uint32_t end = 0; end < net->config.nodes + net->config.services; end++) {
        struct gv_net_inbox *inbox = &net->inboxes[end];
        for (size_t i = 0; i < inbox->len; i++) free(inbox->heap[i]);
        free(inbox->current);
        free(inbox->heap);
    }
    gv_adversary_fini(&net->adversary);
    free(net->links);
    free(net->inboxes);
    free(net->in_flight_bytes);
    free(net->sent_by);
    if (net->config.delivery != GV_NET_EXACT) return; // inboxes were freed above
    gv_event_queue_drop(net->config.queue, net->config.event_kind, free);
}

static void count(struct gv_net *net, uint32_t src, uint32_t dest, uint32_t type, size_t size) {
    net->messages++;
    net->service_messages += has_service(net, src, dest);
    net->sent_by[src]++;
    net->bytes += size;
    net->counts[type].messages++;
    net->counts[type].bytes += size;
}

// Sends a message: `head` with a sequence number and these bytes added.
static void enqueue(struct gv_net *net, gv_time now, const struct gv_net_message *head,
                    struct gv_slice bytes) {
    struct gv_net_message *message = gv_memory_raw(sizeof *message + bytes.len);
    *message = *head;
    message->seq = net->sent++;
    message->len = bytes.len;
    size_t *in_flight = bytes_of(net, message);
    if (in_flight != NULL) *in_flight += bytes.len + GV_NET_OVERHEAD;
    if (bytes.len > 0) memcpy(message->bytes, bytes.data, bytes.len);
    if (net->config.delivery == GV_NET_EXACT) {
        schedule(net, message->due, message);
        return;
    }
    struct gv_net_inbox *inbox = &net->inboxes[message->dest];
    inbox_put(inbox, message);
    if (inbox->current == NULL) wake(net, now, inbox);
}

static bool is_forged(const struct gv_net *net, struct gv_net_link *link) {
    if (has_service(net, link->src, link->dest)) return false;
    for (size_t i = 0; i < net->rules_len; i++) {
        const struct gv_net_rule *rule = &net->rules[i];
        if (rule->kind != GV_NET_FORGE || !applies_to(net, rule, link)) continue;
        if (draw_below(link, MILLION) < rule->ppm) return true;
    }
    return false;
}

// Passes a line to the adversary, and sends the adversary's line. False: that line replaces the
// original.
static bool forge(struct gv_net *net, gv_time now, struct gv_net_link *link, uint32_t type,
                  size_t size, struct gv_slice bytes) {
    struct gv_adversary_action action = gv_adversary_act(
        &net->adversary, draw(link), net->config.nodes, link->src, link->dest, bytes);
    net->forged++;
    if (action.replaces) drop(net, now, bytes, "altered");
    if (action.replayed) {
        gv_trace_line(net->config.trace, now, GV_TRACE_DUPLICATE, action.line, NULL);
    } else {
        gv_trace_send(net->config.trace, now, action.line, gv_slice_text(net->counts[type].type),
                      size);
    }
    struct gv_net_message head = {
        .src = action.src,
        .dest = action.dest,
        .type = type,
        .due = now + delay_of(net, link),
    };
    enqueue(net, now, &head, action.line);
    return !action.replaces;
}

// Sends the copies of a message that the rules do not drop.
static void transmit(struct gv_net *net, gv_time now, struct gv_net_link *link, uint32_t type,
                     size_t size, struct gv_slice bytes) {
    unsigned copies = copies_of(net, link);
    if (copies > net->copies) net->copies = copies;
    if (copies == 0) drop(net, now, bytes, "lost");
    for (unsigned i = 1; i < copies; i++)
        gv_trace_line(net->config.trace, now, GV_TRACE_DUPLICATE, bytes, NULL);
    for (unsigned i = 0; i < copies; i++) {
        gv_time takes;
        if (!take_link(net, now, link, size, &takes)) {
            drop(net, now, bytes, "full");
            continue;
        }
        takes += delay_of(net, link);
        struct gv_net_message head = {
            .src = link->src,
            .dest = link->dest,
            .type = type,
            .original = i == 0,
            .sent = now,
            .due = now + takes,
        };
        if (head.original) depart(net, link, takes);
        enqueue(net, now, &head, bytes);
    }
}

void gv_net_send(struct gv_net *net, gv_time now, uint32_t src, uint32_t dest, struct gv_slice type,
                 size_t size, struct gv_slice bytes) {
    uint32_t nodes = net->config.nodes, ends = nodes + net->config.services;
    GV_ASSERT(dest < (src == GV_NET_CLIENT ? nodes : ends));
    GV_ASSERT(src < (dest < nodes ? ends : nodes) || src == GV_NET_CLIENT);
    struct gv_net_message head = {.src = src, .dest = dest, .type = GV_NET_TYPES_MAX, .due = now};
    if (src == GV_NET_CLIENT) {
        enqueue(net, now, &head, bytes);
        return;
    }
    uint32_t index = type_index(net, type);
    count(net, src, dest, index, size);
    struct gv_net_link *link = link_of(net, src, dest);
    if (is_forged(net, link) && !forge(net, now, link, index, size, bytes)) return;
    transmit(net, now, link, index, size, bytes);
}

struct gv_net_message *gv_net_take(struct gv_net *net, gv_time now, const struct gv_event *event) {
    GV_ASSERT(event->kind == net->config.event_kind);
    struct gv_net_message *message = event->item;
    arrive(net, now, message);
    if (net->config.delivery == GV_NET_EXACT) {
        if (!is_cut(net, now, message)) return message;
        free(message);
        return NULL;
    }
    struct gv_net_inbox *inbox = &net->inboxes[message->dest];
    GV_ASSERT(inbox->current == message);
    inbox->current = NULL;
    wake(net, now, inbox);
    return message;
}
