// SPDX-License-Identifier: MIT
#include "superblock.h"

#include "../../merkle/pack.h"
#include "verifier.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>

static const char magic[] = "grapevine";

void gv_superblock_init(struct gv_superblock *superblock, const char *workload) {
    GV_ASSERT(strlen(workload) <= GV_SUPERBLOCK_WORKLOAD_MAX);
    *superblock = (struct gv_superblock){.format = GV_SUPERBLOCK_FORMAT};
    snprintf(superblock->workload, sizeof superblock->workload, "%s", workload);
}

size_t gv_superblock_write(const struct gv_superblock *superblock, const struct gv_digest_key *key,
                           uint8_t bytes[GV_SUPERBLOCK_MAX]) {
    GV_ASSERT(superblock->format == GV_SUPERBLOCK_FORMAT);
    struct gv_writer out = {.data = bytes, .cap = GV_SUPERBLOCK_MAX};
    size_t len = strlen(superblock->workload);
    gv_pack_put_bytes(&out, magic, sizeof magic - 1);
    gv_pack_put_varint(&out, superblock->format);
    gv_pack_put_u8(&out, (uint8_t)len);
    gv_pack_put_bytes(&out, superblock->workload, len);
    gv_pack_put_u64(&out, superblock->incarnation);
    gv_pack_put_u8(&out, superblock->all_persisted);
    gv_pack_put_u64(&out, superblock->txn);
    gv_pack_put_u64(&out, superblock->checksum.count);
    gv_pack_put_u64(&out, superblock->checksum.sum);
    gv_pack_put_u64(&out, superblock->epoch);
    gv_pack_put_u8(&out, (uint8_t)superblock->journal);
    gv_pack_put_u64(&out, superblock->directory);
    gv_pack_put_u64(&out, gv_digest_hash(key, bytes, out.len));
    GV_ASSERT(!out.full);
    return out.len;
}

int gv_superblock_read(struct gv_superblock *out, const struct gv_digest_key *key,
                       struct gv_slice bytes) {
    *out = (struct gv_superblock){0};
    struct gv_reader in = {.data = bytes.data, .len = bytes.len};
    const uint8_t *word = gv_pack_get_bytes(&in, sizeof magic - 1);
    if (word == NULL || memcmp(word, magic, sizeof magic - 1) != 0) return GV_ECORRUPT;
    out->format = gv_pack_get_varint(&in);
    bool legacy = out->format == GV_SUPERBLOCK_FORMAT_LEGACY;
    if (in.error == 0 && out->format != GV_SUPERBLOCK_FORMAT && !legacy) return GV_EVERSION;
    size_t len = gv_pack_get_u8(&in);
    const uint8_t *workload = gv_pack_get_bytes(&in, len);
    if (workload == NULL || len > GV_SUPERBLOCK_WORKLOAD_MAX) return GV_ECORRUPT;
    memcpy(out->workload, workload, len);
    out->incarnation = gv_pack_get_u64(&in);
    out->all_persisted = gv_pack_get_u8(&in) == 1;
    out->txn = gv_pack_get_u64(&in);
    out->checksum.count = gv_pack_get_u64(&in);
    out->checksum.sum = gv_pack_get_u64(&in);
    out->epoch = gv_pack_get_u64(&in);
    unsigned journal = gv_pack_get_u8(&in);
    if (journal > (legacy ? GV_SUPERBLOCK_JOURNAL_REQUIRED : GV_SUPERBLOCK_JOURNAL_OBSOLETE))
        return GV_ECORRUPT;
    out->journal = (enum gv_superblock_journal)journal;
    out->directory = legacy ? 0 : gv_pack_get_u64(&in);
    uint64_t fresh = gv_digest_hash(key, bytes.data, in.at);
    if (gv_pack_get_u64(&in) != fresh) return GV_ECORRUPT;
    return in.error != 0 || in.at != in.len ? GV_ECORRUPT : 0;
}

uint64_t gv_superblock_record_hash(const struct gv_digest_key *key, struct gv_slice name,
                                   struct gv_slice value) {
    uint64_t words[3] = {gv_digest_hash(key, name.data, name.len),
                         gv_digest_hash(key, value.data, value.len), value.len};
    return gv_digest_words(key, words, 3);
}

// ---- Verification -------------------------------------------------------------------------------

// The contents of a file, gathered while the verifier reads it.
struct contents {
    const struct gv_digest_key *key;
    uint64_t txn;
    bool any, entries; // whether any database was found; whether "entries" was
    bool in_meta, in_entries;
    int superblock_error; // error of decoding the superblock; GV_ENOENT: there is none
    struct gv_superblock superblock;
    struct gv_superblock_checksum checksum;
};

static bool is_named(struct gv_slice name, const char *text) {
    return name.len == strlen(text) && memcmp(name.data, text, name.len) == 0;
}

static void on_database(void *ctx, struct gv_slice name) {
    struct contents *contents = ctx;
    contents->any = true;
    contents->in_meta = is_named(name, "meta");
    contents->in_entries = is_named(name, "entries");
    contents->entries |= contents->in_entries;
}

static void on_record(void *ctx, struct gv_slice name, struct gv_slice value) {
    struct contents *contents = ctx;
    if (contents->in_meta && is_named(name, "head"))
        contents->superblock_error =
            gv_superblock_read(&contents->superblock, contents->key, value);
    if (!contents->in_entries) return;
    contents->checksum.count++;
    contents->checksum.sum += gv_superblock_record_hash(contents->key, name, value);
}

static int damaged(const char *what, char *reason, size_t cap) {
    snprintf(reason, cap, "data.mdb is damaged: %s", what);
    return GV_ECORRUPT;
}

static int explain_error(int error, const struct gv_verifier_damage *found, char *reason,
                         size_t cap) {
    switch (error) {
    case GV_EVERSION:
        snprintf(reason, cap, "data.mdb was written by another version of LMDB");
        return error;
    case GV_ENOENT:
        return damaged("it does not begin like a file of LMDB", reason, cap);
    case GV_EIO:
        snprintf(reason, cap, "data.mdb cannot be read: %s", strerror(errno));
        return error;
    case GV_ENOMEM:
        snprintf(reason, cap, "out of memory");
        return error;
    default:
        snprintf(reason, cap, "data.mdb is damaged at byte %" PRIu64 ": there is %s", found->at,
                 found->what);
        return GV_ECORRUPT;
    }
}

static int check_contents(const struct contents *contents, const char *workload, char *reason,
                          size_t cap) {
    if (!contents->any) return 0; // the process ended before its first transaction
    const struct gv_superblock *superblock = &contents->superblock;
    if (contents->superblock_error == GV_EVERSION) {
        snprintf(reason, cap, "data.mdb is in format %" PRIu64 ", this version reads %d and %d",
                 superblock->format, GV_SUPERBLOCK_FORMAT_LEGACY, GV_SUPERBLOCK_FORMAT);
        return GV_EVERSION;
    }
    if (contents->superblock_error != 0)
        return damaged("its superblock is missing or damaged", reason, cap);
    if (superblock->txn != contents->txn)
        return damaged("its superblock and its meta page are of different transactions", reason,
                       cap);
    bool good = contents->entries && superblock->checksum.count == contents->checksum.count &&
                superblock->checksum.sum == contents->checksum.sum;
    if (!good)
        return damaged("its records do not match the checksum in its superblock", reason, cap);
    if (strcmp(superblock->workload, workload) == 0) return 0;
    snprintf(reason, cap, "it belongs to the workload %s, not to %s", superblock->workload,
             workload);
    return GV_EINVAL;
}

int gv_superblock_verify(int fd, uint64_t size, const char *workload,
                         const struct gv_digest_key *key, struct gv_superblock *out, char *reason,
                         size_t cap) {
    GV_ASSERT(workload != NULL && cap > 0);
    *out = (struct gv_superblock){0};
    struct contents contents = {.key = key, .superblock_error = GV_ENOENT};
    struct gv_verifier_damage found;
    const struct gv_verifier_visitor visitor = {on_database, on_record, &contents};
    int error = gv_verifier_run(fd, size, &visitor, &contents.txn, &found);
    error = error != 0 ? explain_error(error, &found, reason, cap)
                       : check_contents(&contents, workload, reason, cap);
    if (error == 0 && contents.any) *out = contents.superblock;
    return error;
}
