// SPDX-License-Identifier: MIT
#include "watermark.h"

#include "file.h"

enum { MAGIC, DIRECTORY, EPOCH, COUNT, HASH, WORDS };

static const char magic[8] = {'g', 'v', 'w', 'i', 't', 'n', 's', '1'};

void gv_watermark_write(int fd, const struct gv_digest_key *key,
                        const struct gv_watermark *watermark) {
    GV_ASSERT(fd >= 0);
    uint64_t words[WORDS] = {0, watermark->directory, watermark->epoch, watermark->count, 0};
    uint8_t bytes[sizeof words];
    memcpy(words, magic, sizeof magic);
    words[HASH] = gv_digest_words(key, words, HASH);
    memcpy(bytes, words, sizeof words);
    (void)gv_file_write(fd, bytes, sizeof bytes, 0);
}

bool gv_watermark_read(int fd, const struct gv_digest_key *key, struct gv_watermark *out) {
    GV_ASSERT(fd >= 0);
    uint64_t words[WORDS];
    uint8_t bytes[sizeof words];
    if (gv_file_read(fd, bytes, sizeof bytes, 0) != 0) return false;
    memcpy(words, bytes, sizeof words);
    *out = (struct gv_watermark){words[DIRECTORY], words[EPOCH], words[COUNT]};
    return memcmp(words, magic, sizeof magic) == 0 &&
           words[HASH] == gv_digest_words(key, words, HASH);
}
