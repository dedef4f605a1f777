// SPDX-License-Identifier: MIT
#include "envelope.h"

#include "../../node/escape.h"

#include <inttypes.h>
#include <stdio.h>

enum { HEAD_MAX = 128 }; // longest line without its body, bytes

static char *put_text(char *to, const char *text, size_t len) {
    memcpy(to, text, len);
    return to + len;
}

#define PUT(to, literal) put_text(to, literal, sizeof(literal) - 1)

static char *put_number(char *to, uint64_t number) {
    char digits[20];
    size_t at = sizeof digits;
    do {
        digits[--at] = (char)('0' + number % 10);
        number /= 10;
    } while (number > 0);
    memcpy(to, digits + at, sizeof digits - at);
    return to + sizeof digits - at;
}

void gv_envelope_open(struct gv_envelope *envelope, char letter, uint32_t src, uint32_t dest) {
    // printf is avoided, as it would take a tenth of all CPU time.
    char head[HEAD_MAX];
    char *to = put_number(PUT(head, "{\"id\":"), envelope->next_id++);
    to = put_number(put_text(PUT(to, ",\"src\":\""), &letter, 1), src);
    to = put_number(PUT(to, "\",\"dest\":\"n"), dest);
    to = PUT(to, "\",\"body\":");
    GV_ASSERT(to - head < HEAD_MAX);
    envelope->line.len = 0;
    gv_memory_append(&envelope->line, head, (size_t)(to - head));
}

void gv_envelope_open_names(struct gv_envelope *envelope, const char *src, const char *dest) {
    char head[HEAD_MAX];
    int len =
        snprintf(head, sizeof head, "{\"id\":%" PRIu64 ",\"src\":\"%s\",\"dest\":\"%s\",\"body\":",
                 envelope->next_id++, src, dest);
    GV_ASSERT(len > 0 && len < HEAD_MAX);
    envelope->line.len = 0;
    gv_memory_append(&envelope->line, head, (size_t)len);
}

bool gv_envelope_begins(struct gv_slice line, char letter) {
    GV_ASSERT(line.len > 0);
    const uint8_t *comma = memchr(line.data, ',', line.len);
    const char src[] = {',', '"', 's', 'r', 'c', '"', ':', '"', letter};
    size_t left = comma == NULL ? 0 : line.len - (size_t)(comma - line.data);
    return left >= sizeof src && memcmp(comma, src, sizeof src) == 0;
}

const char *gv_envelope_excerpt(struct gv_slice line, char buf[GV_ENVELOPE_EXCERPT_MAX + 8]) {
    // A few bytes more than fit, so that the last character is complete.
    char shown[4 * (GV_ENVELOPE_EXCERPT_MAX + 4) + 1];
    size_t most = GV_ENVELOPE_EXCERPT_MAX + 4, len = line.len < most ? line.len : most;
    size_t size = gv_escape_copy(shown, sizeof shown, line.data, len), end = size;
    if (end > GV_ENVELOPE_EXCERPT_MAX) {
        end = GV_ENVELOPE_EXCERPT_MAX;
        while (end > 0 && (shown[end] & 0xc0) == 0x80) end--;
    }
    memcpy(buf, shown, end);
    strcpy(buf + end, end < size ? " …" : "");
    return buf;
}
