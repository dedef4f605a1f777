// SPDX-License-Identifier: MIT
// gv-counter: a replicated counter with increments and decrements.
#include "program.h"

int main(int argc, char **argv) {
    return gv_program_main(&gv_counter_workload, &gv_store_lmdb_ops, argc, argv);
}
