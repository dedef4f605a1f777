// SPDX-License-Identifier: MIT
// engine/examples/reconcile.c on negentropy's C++ interface: the same items, transport and checks.
// negentropy finds differing ids of 32 bytes, here the item and 24 zeros; the items that the
// responder lacks follow in a last message.
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <ctime>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "negentropy.h"
#include "negentropy/storage/BTreeMem.h"

using Storage = negentropy::storage::BTreeMem;
struct Side {
    FILE *in, *out;
    Storage storage;
    std::string message;
    size_t messages = 0, sent = 0;
};

static void check(bool condition, const char *what) {
    if (!condition) fprintf(stderr, "%s failed\n", what), exit(1);
}

static std::string id_of(uint64_t item) {
    std::string id(negentropy::ID_SIZE, '\0');
    for (int i = 0; i < 8; i++) id[i] = static_cast<char>(item >> (56 - 8 * i));
    return id;
}

static void transmit(Side &side, const std::string &bytes) {
    uint32_t len = static_cast<uint32_t>(bytes.size());
    fwrite(&len, sizeof len, 1, side.out);
    check(fwrite(bytes.data(), 1, len, side.out) == len && fflush(side.out) == 0, "writing");
    side.messages++;
    side.sent += sizeof len + len;
}

static bool receive(Side &side) {
    uint32_t len;
    if (fread(&len, sizeof len, 1, side.in) != 1) return false;
    check(len <= 64 << 20, "a length");
    side.message.resize(len);
    return fread(&side.message[0], 1, len, side.in) == len;
}

static void open_exchange(Side &side) {
    negentropy::Negentropy<Storage> ne(side.storage, 65536);
    std::vector<std::string> have, need;
    std::optional<std::string> next = ne.initiate();
    for (; next; next = ne.reconcile(side.message, have, need)) {
        transmit(side, *next);
        check(receive(side), "reading");
    }
    std::string items = "items"; // no message of negentropy begins with an i
    for (auto &id : have) items += id.substr(0, 8);
    transmit(side, items);
    for (auto &id : need) side.storage.insert(0, id);
}

static void respond(Side &side) {
    negentropy::Negentropy<Storage> ne(side.storage, 65536);
    while (receive(side) && side.message[0] != 'i') transmit(side, ne.reconcile(side.message));
    for (size_t i = 5; i + 8 <= side.message.size(); i += 8)
        side.storage.insert(0, side.message.substr(i, 8) + std::string(24, '\0'));
}

int main(int argc, char **argv) {
    static Side side;
    uint64_t both = argc > 1 ? strtoull(argv[1], nullptr, 10) : 1000000;
    uint64_t all = both + (argc > 2 ? strtoull(argv[2], nullptr, 10) : 1000), rank = 0;
    int fd[2];
    check(socketpair(AF_UNIX, SOCK_STREAM, 0, fd) == 0, "socketpair");
    bool opens = fork() != 0;
    close(fd[!opens]);
    side.in = fdopen(fd[opens], "r"), side.out = fdopen(dup(fd[opens]), "w");
    for (uint64_t i = 1; i <= all; i++) {
        uint64_t item = (i ^ i << 32) * UINT64_C(0x9e3779b97f4a7c15);
        if (i <= both || i % 2 == opens) side.storage.insert(0, id_of(item ^ item >> 32));
    }
    clock_t start = clock();
    if (opens)
        open_exchange(side);
    else
        respond(side);
    printf("%s: %zu messages, %zu bytes, %.1f ms\n", opens ? "opener" : "responder", side.messages,
           side.sent, static_cast<double>(clock() - start) * 1000 / CLOCKS_PER_SEC);
    if (opens) shutdown(fd[1], SHUT_WR);
    check(side.storage.size() == all, "the number of items");
    side.storage.iterate(0, all, [&](const negentropy::Item &item, size_t) {
        char other[8];
        if (!opens) return fwrite(item.id, 8, 1, side.out) == 1;
        check(fread(other, 8, 1, side.in) == 1 && memcmp(item.id, other, 8) == 0, "an item");
        return ++rank <= all;
    });
    check(!opens || rank == all, "the number of items");
    fclose(side.out);
    if (opens) wait(nullptr);
    return 0;
}
