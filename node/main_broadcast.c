// SPDX-License-Identifier: MIT
// gv-broadcast: delivers every value to every node.
#include "program.h"

int main(int argc, char **argv) {
    return gv_program_main(&gv_broadcast_workload, &gv_store_lmdb_ops, argc, argv);
}
