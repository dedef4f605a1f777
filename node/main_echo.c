// SPDX-License-Identifier: MIT
// gv-echo: replies with the value that it received.
#include "program.h"

int main(int argc, char **argv) {
    return gv_program_main(&gv_echo_workload, NULL, argc, argv);
}
