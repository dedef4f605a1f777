// SPDX-License-Identifier: MIT
// Describes a message in words, for traces that people read.
#ifndef GV_TEST_LIB_STORY_H
#define GV_TEST_LIB_STORY_H

#include "../../codec/message.h"

#include <stdio.h>

// Writes one line without its newline, for example
//   push #1 to parent, with ack: set 17 18
//   sync #2: digests of 6+6+7+6 entries
// The line has the kind of the message, its flags, its entries, and the content of each range of
// its summary. If the receiver must acknowledge the message, the line also has its number, counted
// from `first_id`. The message must be well-formed.
void gv_story_write(FILE *out, struct gv_json *json, uint64_t first_id);

#endif
