// SPDX-License-Identifier: MIT
// gv-gset: a set that only grows.
#include "program.h"

int main(int argc, char **argv) {
    return gv_program_main(&gv_gset_workload, &gv_store_lmdb_ops, argc, argv);
}
