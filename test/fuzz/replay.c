// SPDX-License-Identifier: MIT
// `NAME_fuzz FILE|DIRECTORY…` runs a fuzz target on kept inputs, without libFuzzer. Each input is
// in a heap block of its exact size, so valgrind and the sanitizers detect reads beyond its end.
#include <dirent.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static int replay_file(const char *path, size_t size) {
    FILE *file = fopen(path, "rb");
    uint8_t *data = malloc(size ? size : 1);
    int status = -1;
    if (file != NULL && data != NULL && fread(data, 1, size, file) == size) {
        // Printed first: if the target crashes, the last line names the input.
        printf("%s\n", path);
        fflush(stdout);
        status = LLVMFuzzerTestOneInput(data, size);
    } else {
        perror(path);
    }
    if (file != NULL) fclose(file);
    free(data);
    return status;
}

// Replays a file, or all files below a directory. Returns the number of inputs, or -1.
static int replay(const char *path) {
    struct stat info;
    if (stat(path, &info) != 0) {
        perror(path);
        return -1;
    }
    if (!S_ISDIR(info.st_mode)) return replay_file(path, (size_t)info.st_size) == 0 ? 1 : -1;

    DIR *directory = opendir(path);
    if (directory == NULL) {
        perror(path);
        return -1;
    }
    int total = 0;
    struct dirent *entry;
    while (total >= 0 && (entry = readdir(directory)) != NULL) {
        if (entry->d_name[0] == '.') continue;
        char child[4096];
        int len = snprintf(child, sizeof child, "%s/%s", path, entry->d_name);
        int count = len > 0 && (size_t)len < sizeof child ? replay(child) : -1;
        total = count < 0 ? -1 : total + count;
    }
    closedir(directory);
    return total;
}

int main(int argc, char **argv) {
    int total = 0;
    for (int i = 1; i < argc; i++) {
        int count = replay(argv[i]);
        if (count < 0) return 1;
        total += count;
    }
    printf("%d inputs\n", total);
    return total > 0 ? 0 : 1; // an empty corpus tests nothing
}
