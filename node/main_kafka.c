// SPDX-License-Identifier: MIT
// gv-kafka: append-only logs.
#include "program.h"

int main(int argc, char **argv) {
    return gv_program_main(&gv_kafka_workload, &gv_store_lmdb_ops, argc, argv);
}
