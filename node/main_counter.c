// SPDX-License-Identifier: MIT
// gv-counter: a counter that goes up and down.
#include "program.h"

int main(int argc, char **argv) {
    return gv_program_main(&gv_counter_workload, &gv_store_lmdb_ops, argc, argv);
}
