// SPDX-License-Identifier: MIT
// Statistics of a node, and their text: a JSON object that the node logs, and that tools read.
//
//   {"client":{"in":…,"in_bytes":…,"out":…,"out_bytes":…},"updates":{…},…,"lines":…,…}
//
// Members that were renamed in version 0.2.0 are written under both names until 0.3.0.
#ifndef GV_NODE_STATS_H
#define GV_NODE_STATS_H

#include "../codec/json.h"

// Classes of traffic: X(name, former name). `client` counts lines. The others count message bodies
// without MACs; a message with parts of several classes counts in the last one.
#define GV_STATS_CLASSES(X)                                \
    X(client, )      /* requests and replies */            \
    X(ack, )         /* acknowledgements and pings */      \
    X(updates, news) /* pushed updates */                  \
    X(summary, )     /* steps of syncs, without entries */ \
    X(entries, )     /* steps of syncs, with entries */

struct gv_stats_class {
    uint64_t in, in_bytes, out, out_bytes;
};

// Numbers: X(name, former name, how gv_stats_add combines the numbers of several nodes). Those with
// MAX are current values or maxima; those with SUM count since the start.
#define GV_STATS_NUMBERS(X)                                                                      \
    X(lines, , SUM)                        /* lines received */                                  \
    X(errors, , SUM)                       /* requests that got an error */                      \
    X(limited, , SUM)                      /* errors because of a client's rate */               \
    X(input_errors, faults, SUM)           /* lines neither used nor replied to */               \
    X(unauthenticated, forged, SUM)        /* messages dropped: MAC wrong or missing */          \
    X(replayed, repeated, SUM)             /* authenticated duplicates, dropped */               \
    X(opened, , SUM)                       /* syncs opened */                                    \
    X(rounds, , SUM)                       /* steps of syncs sent */                             \
    X(retries, , SUM)                      /* messages declared lost; updates sent again */      \
    X(missing, , SUM)                      /* entries that syncs found missing here */           \
    X(redundant, known, SUM)               /* entries received that were already here */         \
    X(refused, , SUM)                      /* entries received and dropped for a limit */        \
    X(batches, held, SUM)                  /* batches of updates sent */                         \
    X(batch_wait_us, held_us, SUM)         /* waits of the first update in each, microseconds */ \
    X(batch_wait_max_us, held_max_us, MAX) /* the longest wait */                                \
    X(staleness_ms, , MAX)                 /* staleness to expect from the links, ms */          \
    X(suspected, , MAX)                    /* peers suspected */                                 \
    X(replica_entries, entries_held, MAX)  /* entries in the replica */                          \
    X(memory_bytes, , MAX)                 /* memory of the replica */                           \
    X(cut_held_ms, , MAX) /* time for which the stable cut has not moved, though entries wait */ \
    X(cut_holder, , MAX)  /* node that it waits for: 1 plus its place in the names' order */     \
    X(cut_late, , SUM)    /* entries that came below the cut */                                  \
    X(recovering, , MAX)  /* 1: the node asks others which offsets it has given */               \
    X(queued_replies, , MAX)            /* longest queue: bytes of replies */                    \
    X(queued_reads, , MAX)              /* most replies with a list queued */                    \
    X(queued_updates, queued_news, MAX) /* most changes that a peer lacks */                     \
    X(queued_syncs, , MAX)              /* most summaries to answer */                           \
    X(queued_store, , MAX)              /* most bytes of writes not stored */

struct gv_stats {
#define X(name, former) struct gv_stats_class name;
    GV_STATS_CLASSES(X)
#undef X
    struct gv_stats_numbers {
#define X(name, former, fold) uint64_t name;
        GV_STATS_NUMBERS(X)
#undef X
    } numbers;
};

enum { GV_STATS_TEXT_MAX = 3072 };

// Writes the statistics as a JSON object and a NUL; buf has GV_STATS_TEXT_MAX bytes. Returns the
// length without the NUL.
size_t gv_stats_write(const struct gv_stats *stats, char *buf);

// Reads such an object, written by any version. A missing member is 0. False: it is not an object,
// or a member has the wrong type.
bool gv_stats_read(struct gv_stats *stats, const struct gv_json *json, int object);

// Adds the statistics of another node to a total.
void gv_stats_add(struct gv_stats *total, const struct gv_stats *stats);

#endif
