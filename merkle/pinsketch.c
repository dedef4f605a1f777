// SPDX-License-Identifier: MIT
#include "pinsketch.h"

#if defined(__x86_64__) && defined(__GNUC__)
#include <cpuid.h>
#include <wmmintrin.h>
#define CLMUL __attribute__((target("pclmul,sse4.1")))
#endif
// Marks a function that takes the multiplication as an argument and is inlined into both callers.
#if defined(__GNUC__)
#define GENERIC static inline __attribute__((always_inline))
#else
#define GENERIC static inline
#endif

enum {
    BITS = 32,
    CAP = GV_PINSKETCH_CAPACITY,
    // The field is GF(2)[x] modulo x^32 + x^7 + x^3 + x^2 + 1.
    X64_REDUCED = 0x4051, // x^64 modulo this polynomial: x^14 + x^6 + x^4 + 1
};

// Returns the unreduced product, up to 63 bits. Callers add several products and reduce the sum.
typedef uint64_t multiply(uint32_t a, uint32_t b);

// --- the field ---------------------------------------------------------------------------------

// The remainder of a polynomial of 64 bits modulo the field polynomial.
static inline uint32_t reduce(uint64_t product) {
    uint64_t high = product >> BITS;
    product ^= high << 7 ^ high << 3 ^ high << 2 ^ high; // the shift overflows by at most 7 bits
    high = (product ^ (high << BITS)) >> BITS;
    return (uint32_t)(product ^ high << 7 ^ high << 3 ^ high << 2 ^ high);
}

// The products of b and the 16 polynomials of four bits.
static inline void find_multiples(uint64_t multiples[16], uint32_t b) {
    multiples[0] = 0;
    multiples[1] = b;
    for (int i = 2; i < 16; i += 2) {
        multiples[i] = multiples[i / 2] << 1;
        multiples[i + 1] = multiples[i] ^ b;
    }
}

static inline uint64_t multiply_by(const uint64_t multiples[16], uint32_t a) {
    uint64_t product = 0;
    for (int at = BITS - 4; at >= 0; at -= 4) product = product << 4 ^ multiples[a >> at & 15];
    return product;
}

static inline uint64_t multiply_portable(uint32_t a, uint32_t b) {
    uint64_t multiples[16];
    find_multiples(multiples, b);
    return multiply_by(multiples, a);
}

#ifdef CLMUL
CLMUL static inline uint64_t multiply_clmul(uint32_t a, uint32_t b) {
    __m128i product = _mm_clmulepi64_si128(_mm_cvtsi64_si128(a), _mm_cvtsi64_si128(b), 0);
    return (uint64_t)_mm_cvtsi128_si64(product);
}

bool gv_pinsketch_has_clmul(void) {
    unsigned a, b, c, d;
    return __get_cpuid(1, &a, &b, &c, &d) != 0 && (c & bit_PCLMUL) != 0 && (c & bit_SSE4_1) != 0;
}
#else
bool gv_pinsketch_has_clmul(void) {
    return false;
}
#endif

GENERIC uint32_t times(uint32_t a, uint32_t b, multiply *mul) {
    return reduce(mul(a, b));
}

// 1 / a = a^(2^32 − 2); a is not 0.
GENERIC uint32_t invert(uint32_t a, multiply *mul) {
    // `ones` becomes a^(2^n − 1) for n = 1, 2, 4, 8, 16. The exponent is 2 · (2^31 − 1).
    uint32_t ones = a, all = a;
    for (int n = 1; n < BITS / 2; n *= 2) {
        uint32_t high = ones;
        for (int i = 0; i < n; i++) high = times(high, high, mul);
        ones = times(high, ones, mul);
        for (int i = 0; i < 2 * n; i++) all = times(all, all, mul);
        all = times(all, ones, mul);
    }
    return times(all, all, mul);
}

// A solution z of z^2 + z = c for each c with one set bit. The c with bit 25 has no solution,
// because its trace is 1. pinsketch_test derives the table.
static const uint32_t quadratic_roots[BITS] = {
    0x54fd1264, 0xc26fcd64, 0xc26fcd66, 0x238a7462, 0xc26fcd62, 0x973bccaa, 0x238a746a, 0x77766712,
    0xc26fcd72, 0xc1bdd556, 0x973bcc8a, 0x572a094c, 0x238a742a, 0xb693be84, 0x77766792, 0x9555c03e,
    0xc26fcc72, 0x568419f8, 0xc1bdd756, 0x96c3d2ca, 0x973bc88a, 0x54861fdc, 0x572a014c, 0xb79badc4,
    0x238a642a, 0x00000000, 0xb6939e84, 0xc519fa86, 0x77762792, 0xb9b99fe0, 0x9555403e, 0x377627ba,
};

// --- polynomials ---------------------------------------------------------------------------------

struct poly {
    int degree;           // -1: the zero polynomial
    uint32_t of[CAP + 1]; // coefficients, from the lowest
};

GENERIC void make_monic(struct poly *f, multiply *mul) {
    uint32_t by = invert(f->of[f->degree], mul);
    for (int i = 0; i < f->degree; i++) f->of[i] = times(f->of[i], by, mul);
    f->of[f->degree] = 1;
}

// Replaces `f` by a multiple of its remainder modulo g, whose leading coefficient is not 0.
GENERIC void remainder_by(struct poly *f, const struct poly *g, multiply *mul) {
    uint32_t lead = g->of[g->degree];
    while (f->degree >= g->degree) {
        uint32_t top = f->of[f->degree];
        int shift = f->degree - g->degree;
        for (int i = 0; i < f->degree; i++) {
            uint64_t value = mul(f->of[i], lead);
            if (i >= shift) value ^= mul(g->of[i - shift], top);
            f->of[i] = reduce(value);
        }
        do f->degree--;
        while (f->degree >= 0 && f->of[f->degree] == 0);
    }
}

// The monic greatest common divisor; a is not zero.
GENERIC struct poly common_divisor(struct poly a, struct poly b, multiply *mul) {
    while (b.degree >= 0) {
        struct poly rest = a;
        remainder_by(&rest, &b, mul);
        a = b;
        b = rest;
    }
    make_monic(&a, mul);
    return a;
}

// f / g; both are monic, and g divides f.
GENERIC struct poly quotient(struct poly f, const struct poly *g, multiply *mul) {
    struct poly out = {.degree = f.degree - g->degree};
    for (int at = out.degree; at >= 0; at--) {
        out.of[at] = f.of[at + g->degree];
        for (int i = 0; i < g->degree; i++) f.of[at + i] ^= times(g->of[i], out.of[at], mul);
    }
    return out;
}

// --- the locator polynomial, whose roots are the elements ----------------------------------------

// a = by · a - of_b · x^shift · b.
GENERIC void combine(uint32_t a[CAP + 1], uint32_t by, const uint32_t b[CAP + 1], uint32_t of_b,
                     int shift, multiply *mul) {
    for (int i = CAP; i >= 0; i--) {
        uint64_t value = a[i] != 0 ? mul(a[i], by) : 0;
        if (i >= shift && b[i - shift] != 0) value ^= mul(b[i - shift], of_b);
        a[i] = reduce(value);
    }
}

// Berlekamp-Massey without divisions. In characteristic 2 every second discrepancy is zero, so
// those steps are skipped. Returns false if there are more than `cap` elements.
GENERIC bool find_locator(const struct gv_pinsketch *sketch, int cap, struct poly *out,
                          multiply *mul) {
    uint32_t sums[2 * CAP] = {0}; // sums[i]: sum of all x^(i + 1)
    for (int i = 0; i < cap; i++) sums[2 * i] = sketch->syndrome[i];
    for (int i = 1; i < 2 * cap; i += 2) sums[i] = times(sums[i / 2], sums[i / 2], mul);
    uint32_t now[CAP + 1] = {1}, before[CAP + 1] = {1}, scale = 1;
    int length = 0, gap = 1;
    for (int n = 0; n < 2 * cap; n += 2, gap += 2) {
        uint64_t sum = 0;
        for (int i = 0; i <= length && i <= n; i++) sum ^= mul(now[i], sums[n - i]);
        uint32_t discrepancy = reduce(sum);
        if (discrepancy == 0) continue;
        uint32_t kept[CAP + 1];
        memcpy(kept, now, sizeof kept);
        combine(now, scale, before, discrepancy, gap, mul);
        if (2 * length > n) continue;
        length = n + 1 - length;
        memcpy(before, kept, sizeof before);
        scale = discrepancy;
        gap = 0;
        if (length > cap) return false;
    }
    out->degree = length;
    for (int i = 0; i <= length; i++) out->of[i] = now[length - i];
    if (out->of[length] == 0 || out->of[0] == 0) return false;
    make_monic(out, mul);
    return true;
}

// --- roots ---------------------------------------------------------------------------------------

// The two roots of a monic quadratic polynomial that has two distinct roots.
GENERIC void solve_quadratic(const struct poly *f, uint32_t out[2], multiply *mul) {
    uint32_t by = f->of[1], inverse = invert(by, mul), root = 0;
    uint32_t rest =
        times(f->of[0], times(inverse, inverse, mul), mul); // x = by · z, and z^2 + z = rest
    for (int i = 0; i < BITS; i++) root ^= quadratic_roots[i] & (0 - (rest >> i & 1));
    out[0] = times(root, by, mul);
    out[1] = out[0] ^ by;
}

// Writes x^(2^i) modulo f for all i below BITS. Returns false if x^(2^BITS) is not x; f is then not
// a product of distinct linear factors.
GENERIC bool frobenius_powers(const struct poly *f, uint32_t out[BITS][CAP], multiply *mul) {
    int degree = f->degree;
    uint32_t even[CAP][CAP] = {{0}}, power[CAP] = {1}; // even[j] is x^(2j)
    for (int j = 0; j < 2 * degree; j++) {
        if (j % 2 == 0) memcpy(even[j / 2], power, sizeof power);
        uint32_t top = power[degree - 1];
        for (int i = degree - 1; i > 0; i--) power[i] = power[i - 1] ^ times(f->of[i], top, mul);
        power[0] = times(f->of[0], top, mul);
    }
    uint32_t x[CAP] = {0, 1};
    for (int i = 0; i < BITS; i++) {
        memcpy(out[i], x, sizeof x);
        uint64_t next[CAP] = {0};
        for (int j = 0; j < degree; j++) {
            uint64_t square = mul(x[j], x[j]);
            if (2 * j < degree) {
                next[2 * j] ^= square;
                continue;
            }
            uint32_t short_square = reduce(square);
            for (int k = 0; k < degree; k++) next[k] ^= mul(even[j][k], short_square);
        }
        for (int k = 0; k < degree; k++) x[k] = reduce(next[k]);
    }
    for (int i = 0; i < degree; i++)
        if (x[i] != (i == 1)) return false;
    return true;
}

// The trace polynomial of beta · x modulo f. Its value is 0 or 1 at each root of f.
GENERIC struct poly trace(uint32_t beta, uint32_t powers[BITS][CAP], int degree, multiply *mul) {
    struct poly out = {.degree = degree - 1};
    uint64_t sums[CAP] = {0};
    for (int i = 0; i < BITS; i++) {
        for (int k = 0; k < degree; k++) sums[k] ^= mul(powers[i][k], beta);
        beta = times(beta, beta, mul);
    }
    for (int k = 0; k < degree; k++) out.of[k] = reduce(sums[k]);
    while (out.degree >= 0 && out.of[out.degree] == 0) out.degree--;
    return out;
}

GENERIC int find_roots(const struct poly *f, uint32_t *out, multiply *mul) {
    struct poly factors[CAP] = {*f}; // factors still to be split
    int count = 1, found = 0;
    uint32_t powers[BITS][CAP];
    if (f->degree > 1 && !frobenius_powers(f, powers, mul)) return GV_ERANGE;
    for (int bit = 0; count > 0; bit++) {
        int todo = 0;
        for (int i = 0; i < count; i++) {
            if (factors[i].degree == 1) out[found++] = factors[i].of[0];
            if (factors[i].degree == 2) solve_quadratic(&factors[i], out + found, mul), found += 2;
            if (factors[i].degree > 2) factors[todo++] = factors[i];
        }
        count = todo;
        if (count == 0 || bit == BITS) break;
        struct poly traced = trace(UINT32_C(1) << bit, powers, f->degree, mul);
        for (int i = 0; i < todo; i++) {
            struct poly half = common_divisor(factors[i], traced, mul);
            if (half.degree == 0 || half.degree == factors[i].degree) continue;
            factors[count++] = quotient(factors[i], &half, mul);
            factors[i] = half;
        }
    }
    GV_ASSERT(found == f->degree && count == 0); // the traces with some bit separate any two roots
    return found;
}

GENERIC int decode(const struct gv_pinsketch *sketch, int cap, uint32_t *out, multiply *mul) {
    struct poly f;
    if (!find_locator(sketch, cap, &f, mul)) return GV_ERANGE;
    return f.degree == 0 ? 0 : find_roots(&f, out, mul);
}

// --- portable and carry-less multiplication ------------------------------------------------------

static void add_portable(struct gv_pinsketch *sketch, uint32_t element) {
    uint64_t multiples[16];
    find_multiples(multiples, reduce(multiply_portable(element, element)));
    sketch->syndrome[0] ^= element;
    for (int i = 1; i < CAP; i++) {
        element = reduce(multiply_by(multiples, element));
        sketch->syndrome[i] ^= element;
    }
}

static int decode_portable(const struct gv_pinsketch *sketch, int cap, uint32_t *out) {
    return decode(sketch, cap, out, multiply_portable);
}

#ifdef CLMUL
// The elements at the even indices of eight elements, and those at the odd indices.
CLMUL static inline __m128i evens(__m128i a, __m128i b) {
    return _mm_castps_si128(_mm_shuffle_ps(_mm_castsi128_ps(a), _mm_castsi128_ps(b), 0x88));
}
CLMUL static inline __m128i odds(__m128i a, __m128i b) {
    return _mm_castps_si128(_mm_shuffle_ps(_mm_castsi128_ps(a), _mm_castsi128_ps(b), 0xdd));
}

CLMUL static inline __m128i sum(__m128i a, __m128i b) {
    return _mm_xor_si128(a, b);
}

// The squares of four elements. The carry-less square of a 64-bit word consists of the squares of
// its halves, so one multiplication serves two elements, and one reduction serves all four.
CLMUL static inline __m128i square_each(__m128i x) {
    __m128i two = _mm_clmulepi64_si128(x, x, 0x00), more = _mm_clmulepi64_si128(x, x, 0x11);
    __m128i low = evens(two, more), high = odds(two, more);
    high = sum(high, sum(_mm_srli_epi32(high, 25),
                         sum(_mm_srli_epi32(high, 29), _mm_srli_epi32(high, 30))));
    return sum(sum(low, high),
               sum(_mm_slli_epi32(high, 7), sum(_mm_slli_epi32(high, 3), _mm_slli_epi32(high, 2))));
}

// The product of half i of a and half j of b.
#define TIMES(a, i, b, j) _mm_clmulepi64_si128(a, b, (i) | (j) << 4)
#define TIMES_BOTH(a, b) sum(TIMES(a, 0, b, 0), TIMES(a, 1, b, 1))

// Adds the odd powers of two elements, given their powers 1, 2, 4 and 8. Products have up to 125
// bits; only the sum over all items is reduced.
CLMUL static inline void add_two(__m128i sums[CAP], __m128i x1, __m128i x2, __m128i x4,
                                 __m128i x8) {
    __m128i a3 = TIMES(x1, 0, x2, 0), a12 = TIMES(x4, 0, x8, 0);
    __m128i b3 = TIMES(x1, 1, x2, 1), b12 = TIMES(x4, 1, x8, 1);
    sums[0] = sum(sums[0], x1);
    sums[1] = sum(sums[1], sum(a3, b3));
    sums[2] = sum(sums[2], TIMES_BOTH(x1, x4));
    sums[3] = sum(sums[3], sum(TIMES(a3, 0, x4, 0), TIMES(b3, 0, x4, 1)));
    sums[4] = sum(sums[4], TIMES_BOTH(x1, x8));
    sums[5] = sum(sums[5], sum(TIMES(a3, 0, x8, 0), TIMES(b3, 0, x8, 1)));
    sums[6] = sum(sums[6], sum(TIMES(x1, 0, a12, 0), TIMES(x1, 1, b12, 0)));
    sums[7] = sum(sums[7], sum(TIMES(a3, 0, a12, 0), TIMES(b3, 0, b12, 0)));
}

CLMUL static inline void add_four(__m128i sums[CAP], __m128i x1) {
    __m128i mask = _mm_set1_epi64x(UINT32_MAX);
    __m128i x2 = square_each(x1), x4 = square_each(x2), x8 = square_each(x4);
    add_two(sums, _mm_and_si128(x1, mask), _mm_and_si128(x2, mask), _mm_and_si128(x4, mask),
            _mm_and_si128(x8, mask));
    add_two(sums, _mm_srli_epi64(x1, BITS), _mm_srli_epi64(x2, BITS), _mm_srli_epi64(x4, BITS),
            _mm_srli_epi64(x8, BITS));
}

// The remainder of a polynomial of 128 bits modulo the field polynomial.
CLMUL static inline uint32_t reduce_long(__m128i product) {
    __m128i rest = _mm_cvtsi32_si128(X64_REDUCED);
    __m128i mid = _mm_clmulepi64_si128(product, rest, 0x01);
    __m128i last = _mm_clmulepi64_si128(mid, rest, 0x01);
    return reduce((uint64_t)_mm_cvtsi128_si64(sum(product, sum(mid, last))));
}

CLMUL static void add_clmul(struct gv_pinsketch *sketch, const uint64_t *hashes, size_t count) {
    __m128i sums[CAP];
    for (int k = 0; k < CAP; k++) sums[k] = _mm_setzero_si128();
    size_t i = 0;
    for (; i + 4 <= count; i += 4) {
        const __m128i *at = (const __m128i *)(hashes + i);
        __m128i x = evens(_mm_loadu_si128(at), _mm_loadu_si128(at + 1));
        // Element 0 becomes 1.
        add_four(sums, _mm_sub_epi32(x, _mm_cmpeq_epi32(x, _mm_setzero_si128())));
    }
    if (i < count) {
        uint32_t few[4] = {0}; // zeros add nothing
        for (size_t k = 0; i + k < count; k++) few[k] = gv_pinsketch_element(hashes[i + k]);
        add_four(sums, _mm_loadu_si128((const __m128i *)few));
    }
    sums[0] = sum(sums[0], _mm_srli_si128(sums[0], 8));
    sums[0] = _mm_move_epi64(sums[0]);
    for (int k = 0; k < CAP; k++) sketch->syndrome[k] ^= reduce_long(sums[k]);
}

CLMUL static int decode_clmul(const struct gv_pinsketch *sketch, int cap, uint32_t *out) {
    return decode(sketch, cap, out, multiply_clmul);
}
#endif

void gv_pinsketch_add(struct gv_pinsketch *sketch, const uint64_t *hashes, size_t count,
                      bool clmul) {
    GV_ASSERT(sketch != NULL);
    GV_ASSERT(count == 0 || hashes != NULL);
#ifdef CLMUL
    if (clmul) {
        add_clmul(sketch, hashes, count);
        return;
    }
#endif
    (void)clmul;
    for (size_t i = 0; i < count; i++) add_portable(sketch, gv_pinsketch_element(hashes[i]));
}

int gv_pinsketch_decode(const struct gv_pinsketch *sketch, int cap, bool clmul, uint32_t out[CAP]) {
    GV_ASSERT(sketch != NULL && out != NULL);
    GV_ASSERT(cap > 0 && cap <= CAP);
#ifdef CLMUL
    if (clmul) return decode_clmul(sketch, cap, out);
#endif
    (void)clmul;
    return decode_portable(sketch, cap, out);
}
