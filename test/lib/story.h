// SPDX-License-Identifier: MIT
// Tells what a message says in words, for traces that people read.
#ifndef GV_TEST_LIB_STORY_H
#define GV_TEST_LIB_STORY_H

#include "../../codec/message.h"

#include <stdio.h>

// Writes one line without its newline, such as
//   gossip #1 up, acks: set 17 18
//   sync: digests of 6+6+7+6 / list of 4 / request 1
// Numbers of messages count from `first_id`. The message must be well-formed.
void gv_story_tell(FILE *out, struct gv_json *json, uint64_t first_id);

#endif
