// Dropout by a counter-based generator: the mask of minicnn.random, bit by bit, so that a network drops the same units
// on every backend, and backwards the same as forwards without anything being kept.
//
// Source: Salmon, Moraes, Dror and Shaw, Parallel random numbers: as easy as 1, 2, 3 (SC 2011): Philox4x32-10.
//
// Launch: one thread for four elements (a call of Philox gives four numbers), blocks of 256. Memory: x is read once
// and y written once, four neighbours a thread by 16 bytes; the random numbers never leave the registers.
#include "common.cuh"

struct Four {
    unsigned word[4];
};

// Ten rounds of multiplying, swapping and mixing in a key that steps on. Integers of 32 bits wrap, as they should.
__device__ inline Four philox(Four counter, unsigned key_0, unsigned key_1) {
    unsigned a = counter.word[0], b = counter.word[1], c = counter.word[2], d = counter.word[3];
    for (int round = 0; round < 10; ++round) {
        unsigned long long left = 0xD2511F53ull * a, right = 0xCD9E8D57ull * c;
        a = (unsigned)(right >> 32) ^ b ^ key_0;
        c = (unsigned)(left >> 32) ^ d ^ key_1;
        b = (unsigned)right;
        d = (unsigned)left;
        key_0 += 0x9E3779B9u;
        key_1 += 0xBB67AE85u;
    }
    return Four{{a, b, c, d}};
}

// y = scale · x where random number i is at least `threshold`, else 0.
// Number i is word i % 4 of Philox at counter (i / 4, step), with the seed as its key.
extern "C" __global__ void dropout(const Real *__restrict__ x, unsigned threshold, Real scale, unsigned seed_low,
                                   unsigned seed_high, unsigned step, Real *__restrict__ y, long long n) {
    long long quad = thread_number();
    if (4 * quad >= n) return;
    Four counter = {{(unsigned)quad, (unsigned)(quad >> 32), step, 0}};
    Four random = philox(counter, seed_low, seed_high);
    long long i = 4 * quad;
    bool whole = i + 4 <= n && reinterpret_cast<unsigned long long>(x) % 16 == 0 &&
                 reinterpret_cast<unsigned long long>(y) % 16 == 0;
    if (!whole) {
        for (int j = 0; j < 4 && i + j < n; ++j) y[i + j] = random.word[j] >= threshold ? x[i + j] * scale : Real(0);
        return;
    }
    for (int j = 0; j < 4; j += SIXTEEN_BYTES) {
        Pack<Real, SIXTEEN_BYTES> pack = load<SIXTEEN_BYTES>(x + i + j);
        for (int k = 0; k < SIXTEEN_BYTES; ++k)
            pack.number[k] = random.word[j + k] >= threshold ? pack.number[k] * scale : Real(0);
        store(y + i + j, pack);
    }
}
