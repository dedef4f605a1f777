// SPDX-License-Identifier: MIT
// gv-txn: transactions over registers.
#include "program.h"

int main(int argc, char **argv) {
    return gv_program_main(&gv_txn_workload, &gv_store_lmdb_ops, argc, argv);
}
