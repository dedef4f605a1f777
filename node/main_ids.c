// SPDX-License-Identifier: MIT
// gv-ids: hands out unique ids.
#include "program.h"

int main(int argc, char **argv) {
    return gv_program_main(&gv_ids_workload, &gv_store_lmdb_ops, argc, argv);
}
