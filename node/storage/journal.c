// SPDX-License-Identifier: MIT
#include "journal.h"

#include "file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

// Words of a frame's header, and of the file's header.
enum { EPOCH, NUMBER, LENGTH, HASH, FRAME_HEADER_HASH, WORDS, FRAME_HEADER = WORDS * 8 };
enum { H_MAGIC, H_FORMAT, H_DIRECTORY, H_EPOCH, H_COUNT, H_PREVIOUS, H_HASH, H_WORDS };
enum { PATH_CAP = 4200 };

static const char magic[8] = {'g', 'v', 'j', 'o', 'u', 'r', 'n', 'l'};

// ---- The file -----------------------------------------------------------------------------------

static int sync_data(int fd) {
#ifdef F_FULLFSYNC
    if (fcntl(fd, F_FULLFSYNC) == 0) return 0;
#endif
    return fdatasync(fd) == 0 ? 0 : gv_file_error(errno);
}

static int reserve(struct gv_journal *journal, size_t len) {
    if (len <= journal->cap) return 0;
    uint8_t *frame = realloc(journal->frame, len);
    if (frame == NULL) return GV_ENOMEM;
    journal->frame = frame;
    journal->cap = len;
    return 0;
}

static int damaged(struct gv_journal *journal, uint64_t at, const char *what) {
    journal->damage = (struct gv_journal_damage){at, what};
    return GV_ECORRUPT;
}

static size_t first_frame(const struct gv_journal *journal) {
    return journal->legacy ? 0 : GV_JOURNAL_BLOCK;
}

static void restart(struct gv_journal *journal, uint64_t epoch) {
    journal->epoch = epoch;
    journal->number = journal->count = 0;
    journal->at = first_frame(journal);
    journal->prepared = false;
}

struct gv_journal_state gv_journal_state(const struct gv_journal *journal) {
    return (struct gv_journal_state){
        .open = journal->fd >= 0,
        .prepared = journal->prepared,
        .epoch = journal->epoch,
        .number = journal->number,
        .count = journal->count,
        .damage = journal->damage,
    };
}

static void init(struct gv_journal *journal, uint64_t directory, uint64_t epoch) {
    *journal = (struct gv_journal){.fd = -1, .directory = directory};
    gv_digest_key_init(&journal->hash, (struct gv_slice){0});
    restart(journal, epoch);
}

static int write_header(const struct gv_journal *journal, uint64_t epoch, uint64_t count,
                        uint64_t previous) {
    uint64_t words[H_WORDS] = {0, GV_JOURNAL_FORMAT, journal->directory, epoch, count, previous, 0};
    memcpy(words, magic, sizeof magic);
    words[H_HASH] = gv_digest_words(&journal->hash, words, H_HASH);
    uint8_t bytes[sizeof words];
    memcpy(bytes, words, sizeof words);
    return gv_file_write(journal->fd, bytes, sizeof bytes, 0);
}

// Writes zeros, which allocates all blocks, and the header.
static int fill(struct gv_journal *journal) {
    enum { CHUNK = GV_JOURNAL_SIZE / 16 };
    int error = reserve(journal, CHUNK);
    if (error == 0) memset(journal->frame, 0, CHUNK);
    for (size_t at = 0; error == 0 && at < GV_JOURNAL_SIZE; at += CHUNK)
        error = gv_file_write(journal->fd, journal->frame, CHUNK, at);
    if (error == 0) error = write_header(journal, journal->epoch, 0, 0);
    if (error == 0 && fsync(journal->fd) != 0) error = gv_file_error(errno);
    return error;
}

// Creates the file under a temporary name first, so that a file with the final name is complete.
int gv_journal_make(struct gv_journal *journal, const char *path, uint64_t directory,
                    uint64_t epoch) {
    GV_ASSERT(path != NULL);
    char fresh[PATH_CAP];
    int len = snprintf(fresh, sizeof fresh, "%s.new", path);
    init(journal, directory, epoch);
    if (len < 0 || (size_t)len >= sizeof fresh) errno = ENAMETOOLONG;
    if (len < 0 || (size_t)len >= sizeof fresh) return GV_EIO;
    journal->fd = open(fresh, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
    if (journal->fd < 0) return gv_file_error(errno);
    int error = fill(journal);
    free(journal->frame); // frames rarely need a buffer that long
    journal->frame = NULL;
    journal->cap = 0;
    if (error == 0 && rename(fresh, path) != 0) error = gv_file_error(errno);
    if (error == 0) return 0;
    int number = errno;
    unlink(fresh);
    gv_journal_close(journal);
    errno = number;
    return error;
}

static int check_size(struct gv_journal *journal) {
    struct stat found;
    if (fstat(journal->fd, &found) != 0) return gv_file_error(errno);
    if (!S_ISREG(found.st_mode)) return damaged(journal, 0, "it is not a plain file");
    uint64_t size = (uint64_t)found.st_size;
    if (size == GV_JOURNAL_SIZE) return 0;
    bool less = size < GV_JOURNAL_SIZE;
    return damaged(journal, less ? size : GV_JOURNAL_SIZE,
                   less ? "it ends there instead of at byte 4194304" : "it is longer than that");
}

// The header must have journal->epoch, which is the database's, or announce the next one.
static int check_header(struct gv_journal *journal) {
    uint64_t words[H_WORDS];
    uint8_t bytes[sizeof words];
    int error = gv_file_read(journal->fd, bytes, sizeof bytes, 0);
    if (error != 0) return error;
    memcpy(words, bytes, sizeof words);
    if (words[H_HASH] != gv_digest_words(&journal->hash, words, H_HASH) ||
        memcmp(words, magic, sizeof magic) != 0)
        return damaged(journal, 0, "its header is damaged, or it is not a journal");
    if (words[H_FORMAT] != GV_JOURNAL_FORMAT)
        return damaged(journal, 8, "it is in another format than this version reads");
    if (words[H_DIRECTORY] != journal->directory)
        return damaged(journal, 16, "it and data.mdb belong to different directories");
    if (words[H_EPOCH] == journal->epoch) {
        journal->count = words[H_COUNT];
        return 0;
    }
    bool next = words[H_EPOCH] == journal->epoch + 1;
    if (!next || words[H_PREVIOUS] == 0) {
        bool later = words[H_EPOCH] - journal->epoch < UINT64_MAX / 2;
        return damaged(journal, 24,
                       later ? "data.mdb is an older copy, since this file is newer"
                             : "it is an older copy, since data.mdb is newer");
    }
    journal->prepared = true;
    journal->count = words[H_PREVIOUS] - 1;
    return 0;
}

// The legacy format does not count frames, but a file begins with a frame or has only zeros.
static int check_legacy(struct gv_journal *journal, bool written) {
    uint64_t words[WORDS];
    uint8_t block[GV_JOURNAL_BLOCK];
    int error = gv_file_read(journal->fd, block, FRAME_HEADER, 0);
    if (error != 0) return error;
    memcpy(words, block, FRAME_HEADER);
    bool frame =
        words[FRAME_HEADER_HASH] == gv_digest_words(&journal->hash, words, FRAME_HEADER_HASH);
    if (!frame && written) return damaged(journal, 0, "it does not begin with a frame");
    for (size_t at = 0; !frame && at < GV_JOURNAL_SIZE; at += sizeof block) {
        error = gv_file_read(journal->fd, block, sizeof block, at);
        if (error != 0) return error;
        for (size_t i = 0; i < sizeof block; i++)
            if (block[i] != 0) return damaged(journal, at + i, "it does not begin with a frame");
    }
    return 0;
}

static int open_file(struct gv_journal *journal, const char *path, int flags) {
    GV_ASSERT(path != NULL);
    journal->fd = open(path, flags | O_CLOEXEC);
    if (journal->fd < 0) return errno == ENOENT ? GV_ENOENT : gv_file_error(errno);
    return check_size(journal);
}

// The last step of opening: after an error, closes the file, but keeps errno and the damage found.
static int opened(struct gv_journal *journal, int error) {
    if (error == 0) return 0;
    struct gv_journal_damage damage = journal->damage;
    int number = errno;
    gv_journal_close(journal);
    journal->damage = damage;
    errno = number;
    return error;
}

int gv_journal_open(struct gv_journal *journal, const char *path, uint64_t directory,
                    uint64_t epoch) {
    init(journal, directory, epoch);
    int error = open_file(journal, path, O_RDWR | O_NONBLOCK);
    if (error == 0) error = check_header(journal);
    return opened(journal, error);
}

int gv_journal_open_legacy(struct gv_journal *journal, const char *path, uint64_t epoch,
                           bool written) {
    init(journal, 0, epoch);
    journal->legacy = true;
    restart(journal, epoch);
    int error = open_file(journal, path, O_RDONLY | O_NONBLOCK);
    if (error == 0) error = check_legacy(journal, written);
    return opened(journal, error);
}

void gv_journal_close(struct gv_journal *journal) {
    if (journal->fd >= 0) close(journal->fd);
    free(journal->frame);
    gv_journal_init(journal);
}

// ---- Epochs -------------------------------------------------------------------------------------

int gv_journal_prepare(struct gv_journal *journal) {
    GV_ASSERT(journal->fd >= 0 && !journal->legacy);
    int error = write_header(journal, journal->epoch + 1, 0, journal->number + 1);
    if (error == 0) error = sync_data(journal->fd);
    if (error != 0) return error;
    journal->prepared = true;
    journal->count = journal->number;
    return 0;
}

// The next append syncs this header. If a crash loses it, the file keeps the header that announced
// this epoch, which also counts no frames.
void gv_journal_begin(struct gv_journal *journal) {
    GV_ASSERT(journal->prepared);
    restart(journal, journal->epoch + 1);
    (void)write_header(journal, journal->epoch, 0, 0);
}

// ---- Frames -------------------------------------------------------------------------------------

// The size of the frame's blocks for a batch of this length, in bytes.
static size_t span(size_t len) {
    return (FRAME_HEADER + len + GV_JOURNAL_BLOCK - 1) / GV_JOURNAL_BLOCK * GV_JOURNAL_BLOCK;
}

static uint64_t hash_words(const struct gv_journal *journal,
                           const uint64_t words[FRAME_HEADER_HASH]) {
    uint64_t all[FRAME_HEADER_HASH + 1];
    memcpy(all, words, FRAME_HEADER_HASH * sizeof *all);
    all[FRAME_HEADER_HASH] = journal->directory;
    return gv_digest_words(&journal->hash, all,
                           journal->legacy ? FRAME_HEADER_HASH : FRAME_HEADER_HASH + 1);
}

static uint64_t hash_of(const struct gv_journal *journal, const uint64_t words[WORDS],
                        struct gv_slice batch) {
    uint64_t all[] = {words[EPOCH], words[NUMBER], words[LENGTH],
                      gv_digest_hash(&journal->hash, batch.data, batch.len)};
    return hash_words(journal, all);
}

// Reads the header of the frame at `at`. Returns 1 if it is valid, 0 if it is not, or an error.
static int read_frame_header(const struct gv_journal *journal, size_t at, uint64_t words[WORDS]) {
    uint8_t header[FRAME_HEADER];
    int error = gv_file_read(journal->fd, header, FRAME_HEADER, at);
    if (error != 0) return error;
    memcpy(words, header, FRAME_HEADER);
    if (words[LENGTH] > GV_JOURNAL_SIZE - at - FRAME_HEADER) return 0;
    return words[FRAME_HEADER_HASH] == hash_words(journal, words);
}

// Reads the frame at `at`. Returns 1 if it is complete and of this epoch, 0 if not, or an error.
static int read_frame(struct gv_journal *journal, size_t at, uint64_t *number,
                      struct gv_slice *batch) {
    uint64_t words[WORDS] = {0};
    int found = read_frame_header(journal, at, words);
    if (found < 0) return found;
    if (found == 0 || words[EPOCH] != journal->epoch) return 0;
    size_t len = (size_t)words[LENGTH];
    int error = reserve(journal, len > 0 ? len : 1);
    if (error == 0) error = gv_file_read(journal->fd, journal->frame, len, at + FRAME_HEADER);
    if (error != 0) return error;
    *batch = (struct gv_slice){journal->frame, len};
    *number = words[NUMBER];
    return words[HASH] == hash_of(journal, words, *batch);
}

// Checks the file behind the first incomplete frame, `number`, at `at`. A header of a later frame
// shows damage, as a frame is written after the previous one is durable; a header of the next epoch
// shows an older database. Batches may imitate frames, except for the directory in a header's hash.
static int check_rest(struct gv_journal *journal, size_t at, uint64_t number) {
    for (size_t block = at; block < GV_JOURNAL_SIZE; block += GV_JOURNAL_BLOCK) {
        uint64_t words[WORDS] = {0};
        int found = read_frame_header(journal, block, words);
        if (found < 0) return found;
        bool mine = found > 0 && words[EPOCH] == journal->epoch;
        if (mine && words[NUMBER] > number)
            return damaged(journal, at, "a frame is damaged, and others follow it");
        if (found > 0 && words[EPOCH] == journal->epoch + 1)
            return damaged(journal, block, "data.mdb is an older copy, since this file is newer");
    }
    if (number < journal->count) return damaged(journal, at, "a durable frame is damaged");
    return 0;
}

// After an error the end of the journal must stay: gv_journal_prepare announces the number of
// frames before the end, so any frames behind it would be lost.
int gv_journal_read(struct gv_journal *journal, int (*take)(void *ctx, struct gv_slice batch),
                    void *ctx) {
    GV_ASSERT(journal->fd >= 0 && take != NULL);
    uint64_t count = 0;
    size_t at = first_frame(journal);
    while (at < GV_JOURNAL_SIZE) {
        if (journal->prepared && count == journal->count) break; // only failed appends follow
        uint64_t number = 0;
        struct gv_slice batch = {0};
        int found = read_frame(journal, at, &number, &batch);
        if (found < 0) return found;
        if (found == 0 || number != count) break;
        int taken = take(ctx, batch);
        if (taken != 0) return taken;
        at += span(batch.len);
        count++;
    }
    int error = check_rest(journal, at, count);
    if (error != 0) return error;
    journal->at = at;
    journal->number = count;
    return 0;
}

bool gv_journal_fits(const struct gv_journal *journal, size_t len) {
    return len < GV_JOURNAL_SIZE && span(len) <= GV_JOURNAL_SIZE - journal->at;
}

int gv_journal_append(struct gv_journal *journal, struct gv_slice batch) {
    GV_ASSERT(journal->fd >= 0 && !journal->legacy && !journal->prepared);
    GV_ASSERT(gv_journal_fits(journal, batch.len));
    size_t len = span(batch.len);
    int error = reserve(journal, len);
    if (error != 0) return error;
    uint64_t words[WORDS] = {journal->epoch, journal->number, batch.len};
    words[HASH] = hash_of(journal, words, batch);
    words[FRAME_HEADER_HASH] = hash_words(journal, words);
    memcpy(journal->frame, words, FRAME_HEADER);
    if (batch.len > 0) memcpy(journal->frame + FRAME_HEADER, batch.data, batch.len);
    memset(journal->frame + FRAME_HEADER + batch.len, 0, len - FRAME_HEADER - batch.len);
    error = write_header(journal, journal->epoch, journal->number, 0);
    if (error == 0) error = gv_file_write(journal->fd, journal->frame, len, journal->at);
    if (error == 0) error = sync_data(journal->fd);
    if (error != 0) { // erases the frame, which may have reached the file
        int number = errno;
        memset(journal->frame, 0, FRAME_HEADER);
        if (gv_file_write(journal->fd, journal->frame, FRAME_HEADER, journal->at) == 0)
            (void)sync_data(journal->fd);
        errno = number;
        return error;
    }
    journal->at += len;
    journal->count = ++journal->number;
    return 0;
}

int gv_journal_probe(struct gv_journal *journal, size_t len) {
    GV_ASSERT(journal->fd >= 0 && !journal->prepared && gv_journal_fits(journal, len));
    int error = reserve(journal, span(len));
    if (error != 0) return error;
    memset(journal->frame, 0, span(len));
    error = gv_file_write(journal->fd, journal->frame, span(len), journal->at);
    return error == 0 ? sync_data(journal->fd) : error;
}
