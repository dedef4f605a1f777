// SPDX-License-Identifier: MIT
// Paths made absolute, for processes that run in another directory.
#ifndef GV_SIM_CORE_PATH_H
#define GV_SIM_CORE_PATH_H

// The caller frees the results.

// The absolute path; NULL if the current directory is unknown (errno).
char *gv_path_absolute(const char *path);

// The absolute path of a program: the file of this name, else, if the name has no slash, a file in
// a directory of $PATH. NULL: there is no such executable file.
char *gv_path_program(const char *name);

#endif
