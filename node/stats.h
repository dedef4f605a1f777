// SPDX-License-Identifier: MIT
// What a node has done and how it is, in numbers, and their text: one JSON object, written by the
// node and read by whoever watches it.
//
//   {"client":{"in":…,"in_bytes":…,"out":…,"out_bytes":…},"news":{…},…,"lines":…,…}
#ifndef GV_NODE_STATS_H
#define GV_NODE_STATS_H

#include "../codec/json.h"

// Traffic by what it is for. Of clients: whole lines; between nodes: bodies without their
// MACs, a message being of the last class in this list that it serves.
#define GV_STATS_CLASSES(X)                                            \
    X(client)  /* requests and their answers */                        \
    X(ack)     /* acknowledgements, and questions whether one lives */ \
    X(news)    /* push */                                              \
    X(summary) /* steps of syncs without entries */                    \
    X(entries) /* and with them */

struct gv_stats_class {
    uint64_t in, in_bytes, out, out_bytes;
};

// Numbers, and how those of several nodes are put together.
#define GV_STATS_NUMBERS(X)                                                               \
    X(lines, SUM)          /* taken */                                                    \
    X(errors, SUM)         /* requests answered by an error … */                        \
    X(limited, SUM)        /* … of these: for a client's rate */                        \
    X(faults, SUM)         /* lines that could not be used or answered */                 \
    X(forged, SUM)         /* messages dropped for their MACs, or for the lack of them */ \
    X(repeated, SUM)       /* likewise, as they had come before */                        \
    X(opened, SUM)         /* syncs begun */                                              \
    X(rounds, SUM)         /* steps of syncs sent */                                      \
    X(retries, SUM)        /* messages given up as lost, to be told anew */               \
    X(missing, SUM)        /* entries that syncs found to be missing here */              \
    X(known, SUM)          /* entries received for nothing */                             \
    X(refused, SUM)        /* entries received that a bound kept out */                   \
    X(held, SUM)           /* batches of news that left … */                            \
    X(held_us, SUM)        /* … how long the first in each had waited, in all … */    \
    X(held_max_us, MAX)    /* … and the longest of these: staleness that arose here */  \
    X(staleness_ms, MAX)   /* what can be kept, by the links as they are */               \
    X(suspected, MAX)      /* peers that seem to be gone, now */                          \
    X(entries_held, MAX)   /* entries in the replica, now */                              \
    X(memory_bytes, MAX)   /* of the replica, now */                                      \
    X(queued_replies, MAX) /* bytes of replies that waited, at the most */                \
    X(queued_reads, MAX)   /* likewise long replies */                                    \
    X(queued_news, MAX)    /* changes that somebody had not acknowledged */               \
    X(queued_syncs, MAX)   /* summaries to be answered */                                 \
    X(queued_store, MAX)   /* bytes of writes on their way to the disk */

struct gv_stats {
#define X(name) struct gv_stats_class name;
    GV_STATS_CLASSES(X)
#undef X
    struct {
#define X(name, fold) uint64_t name;
        GV_STATS_NUMBERS(X)
#undef X
    } numbers;
};

enum { GV_STATS_TEXT_MAX = 3072 };

// Writes the object, a NUL behind it; returns its length, below GV_STATS_TEXT_MAX, for which there
// must be room.
size_t gv_stats_write(const struct gv_stats *stats, char *buf);

// Reads one. What is missing is 0; false: it is no object, or something in it is of a wrong type.
bool gv_stats_read(struct gv_stats *stats, const struct gv_json *json, int object);

// Adds another node's to a total.
void gv_stats_add(struct gv_stats *total, const struct gv_stats *stats);

#endif
