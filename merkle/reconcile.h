// SPDX-License-Identifier: MIT
// Set reconciliation: two sides, each with a set of items, find and exchange the items that only
// one side has. The number of bytes is proportional to the number of differences, not to the size
// of the sets: ten differences in a million items take a few hundred bytes. The library does no I/O
// and uses no threads and no clock; it reads and writes messages in memory.
//
//     // Both sides: a set and a session. The items of this example are 64-bit numbers.
//     struct gv_reconcile_config config;
//     gv_reconcile_config_init(&config);
//     config.secret = gv_slice_text("a secret of both sides");
//     struct gv_reconcile *set;
//     gv_reconcile_new(&set, &config);
//     for (size_t i = 0; i < count; i++) gv_reconcile_add(set, numbers[i], gv_slice_of(0, 0), 0);
//     struct gv_reconcile_session_config options;
//     gv_reconcile_session_config_init(&options);
//     options.send = send_number; // appends `position` to the message that is being written
//     struct gv_reconcile_session *session;
//     gv_reconcile_session_new(&session, set, &options);
//     // One side opens: transmit(bytes, len) sends the numbers, then the bytes.
//     int opening = gv_reconcile_open(session, a_random_number, bytes, sizeof bytes);
//     transmit(bytes, (size_t)opening);
//     // Both sides: receive() adds the numbers of the message by gv_reconcile_add.
//     int status = GV_RECONCILE_WAIT;
//     while (status == GV_RECONCILE_WAIT) {
//         struct gv_slice message = receive();
//         status = gv_reconcile_answer(session, message, bytes, sizeof bytes, &len);
//         if (status >= 0 && len > 0) transmit(bytes, len);
//     }
//
// Terms
//   item      a position and bytes. Two items are the same if both are equal. The set stores the
//             position, a 64-bit hash and the caller's handle; the caller keeps the bytes.
//   position  a number from 0 to 2^64 - 2 that orders the set. Differences at adjacent positions
//             cost less than scattered ones. So use a time or a serial number if the item has
//             one, its own value if that has 64 bits, otherwise gv_reconcile_position. Items may
//             share a position, but add, remove and find are fast only if few items do.
//   bytes     what identifies the item besides its position: its content, or a cryptographic hash
//             of the content. Empty if the position is the whole item; messages are then shorter.
//             A changed value is another item: remove the old item and add the new one.
//   ref       the caller's handle of the item, such as an index in a table. It is not sent.
//   set       struct gv_reconcile. A set may have any number of sessions.
//   session   struct gv_reconcile_session: one side's state of the exchanges with one peer. A
//             session runs one exchange after the other.
//   exchange  the messages from an opening to the end. The side that opens is the opener, the other
//             side the responder. Each message of the opener gets exactly one reply, so blocking
//             pipes cannot deadlock, and an exchange fits a request-response protocol.
//
// Transport. The transport keeps the bounds of messages. The library says which items the peer
// lacks (`send`), and the caller transmits them with the message, in a form of its own. Add the
// items that come with a message before you pass the message to gv_reconcile_answer. The two sides
// need the same secret; their options may differ.
//
// Loss. If messages can be lost, duplicated or reordered, only the opener needs a timer. When the
// timer expires, the opener sends its last message again, with the items of that message; the
// responder then gets GV_RECONCILE_REPEAT and sends its own last message again. If several
// repetitions get no reply, for example because the responder has restarted, the opener opens
// another exchange. A later exchange finds whatever an earlier one has not transmitted.
//
// Secret. Hashes are keyed by the secret. Without the secret, nobody can choose items whose hashes
// collide, which an exchange would overlook. Use 16 random bytes or more. The secret neither
// encrypts nor authenticates: an attacker who can alter messages can end an exchange, make it
// useless, or make this side send items. Use an authenticated transport against that. No message
// changes the set.
//
// Collisions. Messages describe items by 32 bits of their hashes and ranges by sums of hashes, so
// an exchange can miss an item. Among d differences this happens with a probability of about d^2 /
// 2^33. At the end the opener compares 64-bit digests of the whole sets. If the digests differ, the
// opener gets GV_RECONCILE_AGAIN and opens another exchange, which uses other short hashes and
// bounds. Two different sets have equal digests with a probability of 2^-64.
//
// Cost. An item takes 22 to 27 bytes. Each call except gv_reconcile_load takes O(log n) time; a
// call with a position that k items share takes O(k) more. An answer takes time in proportion to
// the message and to the items in the ranges that the message describes, at most two passes over
// the set, and 16 KiB of stack. An answer allocates nothing.
//
// Method. Range-based set reconciliation: A. Meyer, SRDS 2023, sections III and IV, as in
// negentropy (github.com/hoytech/negentropy). Ranges are described by sums from which a single
// difference can be decoded, and by PinSketch (Dodis, Ostrovsky, Reyzin, Smith, "Fuzzy Extractors",
// SIAM Journal on Computing 38, 2008). SUMMARIES.md specifies the bytes.
//
// Errors. A negative result is a GV_E* code; each function's comment gives the causes. After an
// error nothing has changed, unless stated otherwise. A NULL argument is GV_EINVAL, except where
// NULL is allowed. No input ends the process. While `send` runs, functions that change its set, the
// sessions of the set or their exchanges return GV_EINVAL.
//
// Threads. A set and its sessions are used by one thread at a time. Sets share no state.
#ifndef GV_MERKLE_RECONCILE_H
#define GV_MERKLE_RECONCILE_H

#include "types.h"

#ifdef __cplusplus
extern "C" {
#endif

struct gv_reconcile;         // a set of items
struct gv_reconcile_session; // one side of the exchanges with one peer

enum {
    GV_RECONCILE_MESSAGE_MIN = 256,      // smallest message_max and buffer, bytes
    GV_RECONCILE_MESSAGE_MAX = 16 << 20, // largest message_max, bytes
};

// --- the set -----------------------------------------------------------------------------------

// Fields may be added at the end; programs compiled with older versions of this header keep
// working.
struct gv_reconcile_config {
    size_t size;            // size of this struct, set by gv_reconcile_config_init
    struct gv_slice secret; // any bytes, the same on both sides; default: empty. Not kept
    struct gv_alloc alloc;  // default: malloc. Copied; its context must outlive the set
};

// Sets the size and the defaults. NULL has no effect.
GV_API void gv_reconcile_config_init(struct gv_reconcile_config *config);

// Creates an empty set, which gv_reconcile_free releases. If `config` is NULL, the defaults apply.
// GV_EINVAL: `size` does not match a known version, the secret is NULL with a length other than 0,
// or `resize` is NULL; GV_ENOMEM.
GV_API int gv_reconcile_new(struct gv_reconcile **out, const struct gv_reconcile_config *config);
// Frees the set. NULL has no effect. GV_EINVAL: the set still has sessions.
GV_API int gv_reconcile_free(struct gv_reconcile *set);

// Adds an item. Returns 1, or 0 if the set already has the item; its ref then does not change.
// GV_ERANGE: the position is 2^64 - 1; GV_EINVAL: the bytes are NULL with a length other than 0;
// GV_ENOMEM.
GV_API int gv_reconcile_add(struct gv_reconcile *set, uint64_t position, struct gv_slice bytes,
                            uint32_t ref);

// Removes an item. Returns 1, or 0 if the set does not have the item. Allocates nothing. Errors as
// gv_reconcile_add, except GV_ENOMEM. The next exchange with a peer that has the item brings it
// back.
GV_API int gv_reconcile_remove(struct gv_reconcile *set, uint64_t position, struct gv_slice bytes);

// Finds an item. Returns 1 and sets *ref, which may be NULL, or 0 if the set does not have it.
// Errors as gv_reconcile_remove.
GV_API int gv_reconcile_find(const struct gv_reconcile *set, uint64_t position,
                             struct gv_slice bytes, uint32_t *ref);

struct gv_reconcile_item {
    uint64_t position;
    struct gv_slice bytes;
    uint32_t ref;
};

// Adds many items to an empty set, in ascending order of position. O(count), several times as fast
// as gv_reconcile_add, and the set takes less memory. Allocates 24 bytes for each item until it
// returns. `items` may be NULL if `count` is 0. GV_EINVAL: the set is not empty, the items are not
// in order, two of them are the same, or bytes are NULL with a length other than 0; GV_ERANGE: a
// position is 2^64 - 1; GV_ENOMEM. After an error the set has the items that it had before.
GV_API int gv_reconcile_load(struct gv_reconcile *set, const struct gv_reconcile_item *items,
                             size_t count);

// Finds the item that has `rank` items before it, in order of position. Returns 1 and sets
// *position and *ref, each of which may be NULL, or 0 if there is no such item.
GV_API int gv_reconcile_at(const struct gv_reconcile *set, uint64_t rank, uint64_t *position,
                           uint32_t *ref);

// The number of items; 0 if `set` is NULL.
GV_API uint64_t gv_reconcile_count(const struct gv_reconcile *set);

// A digest of the items; 0 if `set` is NULL. Equal sets have equal digests under the same secret,
// in every version that reads the same messages. Different sets have equal digests with a
// probability of 2^-64.
GV_API uint64_t gv_reconcile_digest(const struct gv_reconcile *set);

// A position for an item that has no natural position: a keyed hash of its bytes, the same on both
// sides. GV_EINVAL: the bytes are NULL with a length other than 0.
GV_API int gv_reconcile_position(const struct gv_reconcile *set, struct gv_slice bytes,
                                 uint64_t *position);

// The number of bytes that the set has allocated, without its sessions; 0 if `set` is NULL.
GV_API size_t gv_reconcile_memory(const struct gv_reconcile *set);

// --- a session ---------------------------------------------------------------------------------

// Fields may be added at the end, as in gv_reconcile_config.
struct gv_reconcile_session_config {
    size_t size; // size of this struct, set by gv_reconcile_session_config_init

    // Required. Called within gv_reconcile_answer for an item that the peer lacks. Return true to
    // transmit the item with the message that is being written. Return false if the message is
    // full; the same item is then passed for a later message. At least one item must fit into each
    // message. An item may be passed more than once in an exchange if it is added or removed
    // meanwhile, or if the peer has not added it.
    bool (*send)(void *ctx, uint64_t position, uint32_t ref);
    void *ctx; // passed to `send`; optional

    // Longest message to read and to write, without the items, bytes: GV_RECONCILE_MESSAGE_MIN to
    // GV_RECONCILE_MESSAGE_MAX; default 32,768. A session allocates eight times this number.
    // Smaller messages need more round trips. The peer's messages must not be longer.
    size_t message_max;
    // Round-trip time of the transport, ns; default 0. From 2 ms on, ranges are described by
    // sketches, which save bytes and messages and cost CPU time. From 20 ms on, messages are saved
    // at the cost of a few more bytes.
    gv_time round_trip;
    uint32_t expected; // expected number of differences in the first exchange; default 0: unknown
};

// Sets the size and the defaults. NULL has no effect.
GV_API void gv_reconcile_session_config_init(struct gv_reconcile_session_config *config);

// Creates a session of the set, which must outlive the session; gv_reconcile_session_free releases
// it. GV_EINVAL: `size` does not match a known version, or `send` is NULL; GV_ERANGE: message_max
// is out of range; GV_ENOMEM.
GV_API int gv_reconcile_session_new(struct gv_reconcile_session **out, struct gv_reconcile *set,
                                    const struct gv_reconcile_session_config *config);
// Frees the session, even if its exchange is not done. NULL has no effect. GV_EINVAL: called within
// `send`.
GV_API int gv_reconcile_session_free(struct gv_reconcile_session *session);

// Opens an exchange. An exchange of this session that is not done is abandoned. Writes the opening
// to `buf`, which has space for `cap` bytes, and returns its length, at most 64 bytes. `nonce` is a
// random number, drawn anew for each exchange. GV_ESPACE: `cap` is less than
// GV_RECONCILE_MESSAGE_MIN. If both sides open at the same time, one of the two exchanges proceeds.
GV_API int gv_reconcile_open(struct gv_reconcile_session *session, uint64_t nonce, void *buf,
                             size_t cap);

enum gv_reconcile_status {
    // Opener: the exchange is done, and the digests of both sides are equal.
    GV_RECONCILE_DONE = 0,
    // Transmit the *len bytes, then wait for the peer's next message. If *len is 0, the message was
    // dropped as useless, for example because it was a duplicate.
    GV_RECONCILE_WAIT = 1,
    // The peer has not received this side's last message, or has sent its own last message twice.
    // If messages can be lost, transmit this side's last message again. Then wait.
    GV_RECONCILE_REPEAT = 2,
    // Opener: the exchange is done, but the digests differ, because items changed meanwhile, items
    // were not added, or hashes collided. Open another exchange.
    GV_RECONCILE_AGAIN = 3,
    // Responder: transmit the *len bytes; the exchange is then done, and this side has all items
    // that the peer had at the end. Only the opener knows whether the peer has all of this side's
    // items; if not, the opener opens another exchange.
    GV_RECONCILE_ANSWERED = 4,
};

// Answers a message of the peer: calls `send` for items, writes at most `cap` bytes to `buf`, and
// sets *len to their number. Returns a gv_reconcile_status. The message is not kept.
//   GV_EINVAL   also: the message is NULL with a length, overlaps `buf`, is the session's own, or
//               opens an exchange with the same nonce as this side's
//   GV_ESPACE   `cap` is less than GV_RECONCILE_MESSAGE_MIN, or the message exceeds message_max
//   GV_ESYNTAX  the message is malformed. If its header was valid, the exchange is over, and the
//               items passed to `send` in this call need not be transmitted
//   GV_EVERSION a later version of the library wrote the message
//   GV_EAUTH    the peer has another secret
//   GV_ENOENT   the message belongs to no exchange of this session: the exchange was abandoned,
//               or this side has restarted
//   GV_EFULL    `send` accepted no item for an empty message; the exchange is over
// GV_EVERSION, GV_EAUTH and GV_ENOENT do not end the exchange of this session.
GV_API int gv_reconcile_answer(struct gv_reconcile_session *session, struct gv_slice message,
                               void *buf, size_t cap, size_t *len);

#ifdef __cplusplus
}
#endif
#endif
