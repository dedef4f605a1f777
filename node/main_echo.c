// SPDX-License-Identifier: MIT
// gv-echo: says back what it is told.
#include "program.h"

int main(int argc, char **argv) {
    return gv_program_main(&gv_echo_workload, NULL, argc, argv);
}
