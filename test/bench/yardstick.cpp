// SPDX-License-Identifier: MIT
// Ordered sets of C++ as functions that C can call. Without a C++ compiler this file is compiled as
// C, and the table is empty.
#ifdef __cplusplus
#include <cstdint>
#include <set>
#ifdef HAVE_ABSL
#include <absl/container/btree_set.h>
#endif

extern "C" {
#include "../../merkle/tree.h"
#include "bench.h"
}

namespace {

struct by_position {
    bool operator()(const gv_item &a, const gv_item &b) const {
        return a.position < b.position;
    }
};

uint64_t key_of(const gv_item &item, const uint64_t *) {
    return item.position;
}

[[maybe_unused]] gv_item key_of(const gv_item &item, const gv_item *) {
    return item;
}

template <typename Set> void *fill(const gv_item *items, size_t count) {
    auto *set = new Set;
    const typename Set::key_type *kind = nullptr;
    for (size_t i = 0; i < count; i++) set->insert(key_of(items[i], kind));
    return set;
}

template <typename Set> size_t discard(void *set) {
    auto *all = static_cast<Set *>(set);
    size_t size = all->size();
    delete all;
    return size;
}

template <typename Set> constexpr bench_yardstick yardstick(const char *name) {
    return {name, fill<Set>, discard<Set>};
}

} // namespace

extern "C" const bench_yardstick bench_yardsticks[] = {
    yardstick<std::set<uint64_t>>("std::set of positions"),
#ifdef HAVE_ABSL
    yardstick<absl::btree_set<uint64_t>>("absl::btree_set of positions"),
    yardstick<absl::btree_set<gv_item, by_position>>("absl::btree_set of items"),
#endif
    {nullptr, nullptr, nullptr},
};
#else
#include "bench.h"

const struct bench_yardstick bench_yardsticks[] = {{0}};
#endif
