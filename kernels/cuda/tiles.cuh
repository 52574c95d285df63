// One tile of a matrix product, by a block of threads: shared memory between them, registers within each.
//
// A product C = A B reads every number of A once for each column of C if done naively. A block of 128 threads instead
// takes a tile of 64 x 32 results: step by step along the depth it brings 64 x 16 of A and 16 x 32 of B into shared
// memory, where all its threads find them; so A is read from memory once for 32 columns, B once for 64 rows. Each
// thread sums a 4 x 4 corner in registers: for 16 multiplications it reads 8 numbers from shared memory, as two loads
// of 16 bytes. Source: Volkov and Demmel, Benchmarking GPUs to tune dense linear algebra (SC 2008).
//
// What A and B are is up to Left and Right, so that a convolution is the same product over a matrix that never exists
// (implicit GEMM). Source: Chetlur et al., cuDNN: Efficient Primitives for Deep Learning (2014), section 3.
//
//   Left::ALONG_DEPTH   whether neighbours in depth are neighbours in memory: then a warp loads along the depth
//   Left::Row           what is known of a row before the depth is; computed once a tile, kept in registers
//   left.row(m)         that, of row m
//   left.at(row, k)     A[m][k]
//   right.at(k, n)      B[k][n], and Right::ALONG_DEPTH
//   store(m, n, value)  called once for each result
//
// Launch: 128 threads; grid (tiles of 64 rows, tiles of 32 columns, whatever the caller makes of blockIdx.z). The sums
// run from the first to the last in depth, in one register each: the same bits in every run.
#include "common.cuh"

const int TILE_ROWS = 64, TILE_COLUMNS = 32, TILE_DEPTH = 16, TILE_THREADS = 128;
const int CORNER = 4;  // each thread's results, down and across

struct alignas(16) Quad {
    Real number[CORNER];
};

// Which element of a (lines x depth) tile is this thread's number i to load.
template <int LINES, bool ALONG_DEPTH>
struct Load {
    static const int COUNT = LINES * TILE_DEPTH / TILE_THREADS;
    static __device__ int line(int i) {
        return ALONG_DEPTH ? threadIdx.x / TILE_DEPTH + i * (TILE_THREADS / TILE_DEPTH) : threadIdx.x % LINES;
    }
    static __device__ int depth(int i) {
        return ALONG_DEPTH ? threadIdx.x % TILE_DEPTH : threadIdx.x / LINES + i * (TILE_THREADS / LINES);
    }
};

// The tile (blockIdx.x, blockIdx.y) of the sums over the depth from `begin` to `end`.
template <class Left, class Right, class Store>
__device__ void product_tile(Left left, Right right, Store store, long long rows, long long columns, long long begin,
                             long long end) {
    typedef Load<TILE_ROWS, Left::ALONG_DEPTH> LoadLeft;
    typedef Load<TILE_COLUMNS, Right::ALONG_DEPTH> LoadRight;
    // One quad of padding: lines stay aligned to 16 bytes, and a warp that stores along the depth meets a bank twice
    // instead of sixteen times.
    __shared__ Quad a[TILE_DEPTH][TILE_ROWS / CORNER + 1];
    __shared__ Quad b[TILE_DEPTH][TILE_COLUMNS / CORNER + 1];
    long long first_row = blockIdx.x * (long long)TILE_ROWS, first_column = blockIdx.y * (long long)TILE_COLUMNS;
    int corner_row = threadIdx.x / (TILE_COLUMNS / CORNER), corner_column = threadIdx.x % (TILE_COLUMNS / CORNER);

    typename Left::Row row[LoadLeft::COUNT];
    for (int i = 0; i < LoadLeft::COUNT; ++i) row[i] = left.row(first_row + LoadLeft::line(i));

    Real sum[CORNER][CORNER] = {};
    for (long long start = begin; start < end; start += TILE_DEPTH) {
        for (int i = 0; i < LoadLeft::COUNT; ++i) {
            int line = LoadLeft::line(i), depth = LoadLeft::depth(i);
            bool inside = first_row + line < rows && start + depth < end;
            Real number = inside ? left.at(row[i], start + depth) : Real(0);
            a[depth][line / CORNER].number[line % CORNER] = number;
        }
        for (int i = 0; i < LoadRight::COUNT; ++i) {
            int line = LoadRight::line(i), depth = LoadRight::depth(i);
            bool inside = first_column + line < columns && start + depth < end;
            Real number = inside ? right.at(start + depth, first_column + line) : Real(0);
            b[depth][line / CORNER].number[line % CORNER] = number;
        }
        __syncthreads();  // the tiles are complete
        for (int k = 0; k < TILE_DEPTH; ++k) {
            Quad down = a[k][corner_row], across = b[k][corner_column];
            for (int i = 0; i < CORNER; ++i)
                for (int j = 0; j < CORNER; ++j) sum[i][j] += down.number[i] * across.number[j];
        }
        __syncthreads();  // nobody needs these any more: the next may overwrite them
    }

    for (int i = 0; i < CORNER; ++i)
        for (int j = 0; j < CORNER; ++j) {
            long long m = first_row + corner_row * CORNER + i, n = first_column + corner_column * CORNER + j;
            if (m < rows && n < columns) store(m, n, sum[i][j]);
        }
}

// A plain matrix as a factor. `across` is the distance of its columns in memory, `down` that of its rows: a transposed
// matrix is the same numbers with both exchanged.
template <bool CONTIGUOUS_DEPTH>
struct MatrixLeft {
    static const bool ALONG_DEPTH = CONTIGUOUS_DEPTH;
    const Real *numbers;
    long long down, across;
    struct Row {
        const Real *start;
    };
    __device__ Row row(long long m) const { return {numbers + m * down}; }
    __device__ Real at(Row row, long long k) const { return row.start[k * across]; }
};

template <bool CONTIGUOUS_DEPTH>
struct MatrixRight {
    static const bool ALONG_DEPTH = CONTIGUOUS_DEPTH;
    const Real *numbers;
    long long down, across;
    __device__ Real at(long long k, long long n) const { return numbers[k * down + n * across]; }
};
