// SPDX-License-Identifier: MIT
// Random bytes as fields and as base64. The writer must write exactly the bytes that the reader
// accepts.
#include "../../merkle/pack.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

// A byte selects the kind of the field after it.
static void read_fields(const uint8_t *data, size_t size, struct gv_writer *out) {
    struct gv_reader in = {.data = data, .len = size};
    while (in.at < in.len && in.error == 0) {
        uint8_t kind = gv_pack_get_u8(&in);
        size_t mark = in.at, from = out->len;
        uint64_t value = 0;
        const uint8_t *bytes = NULL;
        switch (kind % 4) {
        case 0:
            gv_pack_put_u8(out, gv_pack_get_u8(&in));
            break;
        case 1:
            gv_pack_put_u64(out, gv_pack_get_u64(&in));
            break;
        case 2:
            value = gv_pack_get_varint(&in);
            gv_pack_put_varint(out, value);
            break;
        default:
            bytes = gv_pack_get_bytes(&in, kind / 4);
            gv_pack_put_bytes(out, bytes, bytes != NULL ? kind / 4 : 0);
        }
        GV_ASSERT(!out->full && in.at <= in.len);
        if (in.error != 0) {
            GV_ASSERT(in.error == GV_ESYNTAX && value == 0 && bytes == NULL);
            break;
        }
        GV_ASSERT(out->len - from == in.at - mark);
        GV_ASSERT(memcmp(out->data + from, data + mark, in.at - mark) == 0);
    }
}

static void read_base64(const uint8_t *data, size_t size, struct gv_writer *out) {
    size_t cap = GV_BASE64_BYTES(size);
    uint8_t *bytes = malloc(cap + 1);
    GV_ASSERT(bytes != NULL);
    int len = gv_pack_get_base64((struct gv_slice){data, size}, bytes, cap);
    if (len >= 0) {
        out->len = 0;
        gv_pack_put_base64(out, (struct gv_slice){bytes, (size_t)len});
        GV_ASSERT(!out->full && out->len == size);
        GV_ASSERT(size == 0 || memcmp(out->data, data, size) == 0);
    } else {
        GV_ASSERT(len == GV_ESYNTAX);
    }
    free(bytes);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    // After an error, up to ten bytes of a field may be written although fewer were read.
    struct gv_writer out = {.data = malloc(size + GV_PACK_VARINT_MAX)};
    GV_ASSERT(out.data != NULL);
    out.cap = size + GV_PACK_VARINT_MAX;
    read_fields(data, size, &out);
    read_base64(data, size, &out);
    free(out.data);
    return 0;
}
