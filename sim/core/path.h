// SPDX-License-Identifier: MIT
// Paths made absolute, for processes that run in another directory.
#ifndef GV_SIM_CORE_PATH_H
#define GV_SIM_CORE_PATH_H

// All return memory for the caller to free.

// The path as seen from anywhere; NULL if the current directory cannot be told (errno).
char *gv_path_absolute(const char *path);

// The program of this name: the file at this path, else, if the name has no slash, one in a
// directory of $PATH. NULL: there is no such file that may be executed.
char *gv_path_program(const char *name);

#endif
