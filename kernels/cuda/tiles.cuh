// One tile of a matrix product, by a block of threads: shared memory between them, registers within each.
//
// A product C = A B reads every number of A once for each column of C if done naively. A block of 128 threads instead
// takes a tile of results: step by step along the depth it brings a piece of A and one of B into shared memory, where
// all its threads find them; so A is read once for all columns of the tile, B once for all rows. Each thread sums a
// corner in registers, of 4 x 4 or 8 x 8 results: for 64 multiplications it reads 16 numbers from shared memory, in
// loads of 16 bytes. Source: Volkov and Demmel, Benchmarking GPUs to tune dense linear algebra (SC 2008).
//
// Shared memory holds two pieces of each factor: while one is multiplied, the next is on its way from memory into
// registers, and one barrier a step is enough. Source: Tan et al., Fast implementation of DGEMM on Fermi GPU (SC 2011).
//
// Three constants, which whoever compiles this puts in front of it, choose the form (see VARIANTS in __init__.py):
//   VECTORS  factors are read, and results written, by 16 bytes: their lines must lie, and end, at multiples of that
//   LARGE    tiles of 128 x 64 (64 x 64 in double) instead of 64 x 32: half the reading for each multiplication
//   TENSOR_CORES  large tiles in TF32 (see tensor_cores.cuh): quicker, and off by up to a thousandth
//
// What A and B are is up to the factors, so that a convolution is the same product over a matrix that never exists
// (implicit GEMM). A line is a row of A or a column of B. No index is divided in the loop: a place in the depth is
// carried along from step to step. Source: Chetlur et al., cuDNN: Efficient Primitives for Deep Learning (2014).
//
//   Factor::ALONG_DEPTH        whether neighbours in depth are neighbours in memory, or neighbouring lines are
//   Factor::Line, line(n)      what is known of a line before the depth is
//   Factor::Depth, depth(k)    what is known of a place in the depth before the line is; as a distance, too
//   advance(depth, distance)   goes on in depth
//   at(line, depth)            WIDTH neighbours from there on
//   finish(m, n, results)      called for each four rows from m and WIDTH columns from n; those beyond the last row are
//                              for the callee to leave out
//
// Launch: 128 threads; blockIdx.x is the tile, those of the same rows one after another, so that blocks that run at
// the same time read the same rows. The sums run from the first to the last in depth, in one register each: the same
// bits in every run and, but for TF32, in every form.
#include "common.cuh"
#include "tensor_cores.cuh"

const int TILE_THREADS = 128, THREADS_DOWN = 16, THREADS_ACROSS = 8;
const int TILE_ROWS = LARGE && sizeof(Real) == 4 ? 128 : 64;  // doubles take twice the registers
const int TILE_COLUMNS = LARGE ? 64 : 32, TILE_DEPTH = LARGE ? 8 : 16;
const int CORNER_ROWS = TILE_ROWS / THREADS_DOWN, CORNER_COLUMNS = TILE_COLUMNS / THREADS_ACROSS;
const int UNROLLED = VECTORS && !LARGE ? 4 : 2;  // steps in depth; with more some architectures lack registers
const int WIDTH = VECTORS ? SIXTEEN_BYTES : 1;  // numbers of a load
const int SECTOR = 32 / sizeof(Real);           // numbers that memory moves at least
#define TILE_BOUNDS __launch_bounds__(TILE_THREADS, sizeof(Real) == 4 ? 3 : 2)  // blocks that fit on a multiprocessor
const int FOUR = 4;                             // rows that a thread has next to one another
const int PADDING = 4;  // numbers behind each line of a piece: see AlongDepth

// As a factor's numbers are stored: for tensor cores rounded.
__device__ inline Real prepared(Real number) {
#if TENSOR_CORES
    return to_tf32(number);
#else
    return number;
#endif
}

// A piece of a factor in shared memory: a number for each depth and line.
template <int LINES> struct Piece {
    alignas(16) Real number[TILE_DEPTH][LINES + PADDING];
};

// How the threads bring pieces of a factor that lies along the depth. Neighbouring lanes take the sectors of
// neighbouring lines, so that memory moves nothing that is not needed. They store number by number, turned; the padding
// makes lines 4 banks longer than a multiple of 32, so that a sector's depths and a warp's lines all meet other banks.
template <class Factor, int LINES> struct AlongDepth {
    static const int LANES = SECTOR / WIDTH, SECTORS = TILE_DEPTH / SECTOR;
    static const int AT_ONCE = TILE_THREADS / (LANES * SECTORS), COUNT = LINES / AT_ONCE;
    const Factor factor;
    const int own_line, own_depth;
    typename Factor::Line lines[COUNT];
    bool inside[COUNT];
    typename Factor::Depth depth;
    const typename Factor::Depth distance;
    int left;  // in depth, from its own place to the end
    Pack<Real, WIDTH> fetched[COUNT];

    __device__ AlongDepth(const Factor &from, int first, int lines_in_all, int begin, int end)
        : factor(from),
          own_line(threadIdx.x / LANES % AT_ONCE),
          own_depth(threadIdx.x / (LANES * AT_ONCE) * SECTOR + threadIdx.x % LANES * WIDTH),
          depth(from.depth(begin + own_depth)),
          distance(from.depth(TILE_DEPTH)),
          left(end - begin - own_depth) {
#pragma unroll
        for (int i = 0; i < COUNT; ++i) {
            int line = first + own_line + i * AT_ONCE;
            inside[i] = line < lines_in_all;
            lines[i] = factor.line(line);
        }
    }
    // From memory to registers; goes on to the next piece.
    __device__ void fetch() {
#pragma unroll
        for (int i = 0; i < COUNT; ++i)
            fetched[i] = inside[i] && left > 0 ? factor.at(lines[i], depth) : Pack<Real, WIDTH>{};
        factor.advance(depth, distance);
        left -= TILE_DEPTH;
    }
    // From registers to shared memory.
    __device__ void put(Piece<LINES> &piece) const {
#pragma unroll
        for (int i = 0; i < COUNT; ++i)
#pragma unroll
            for (int j = 0; j < WIDTH; ++j)
                piece.number[own_depth + j][own_line + i * AT_ONCE] = prepared(fetched[i].number[j]);
    }
};

// The same for a factor whose lines are neighbours: a warp takes neighbouring lines, and stores them as they come.
template <class Factor, int LINES> struct AlongLines {
    static const int LANES = LINES / WIDTH;
    static const int AT_ONCE = TILE_THREADS / LANES, COUNT = TILE_DEPTH / AT_ONCE;
    const Factor factor;
    const int own_line, own_depth;
    const typename Factor::Line line;
    const bool inside;
    typename Factor::Depth depth;
    const typename Factor::Depth distance;
    int left;  // in depth, from its own place to the end
    Pack<Real, WIDTH> fetched[COUNT];

    __device__ AlongLines(const Factor &from, int first, int lines_in_all, int begin, int end)
        : factor(from),
          own_line(threadIdx.x % LANES * WIDTH),
          own_depth(threadIdx.x / LANES),
          line(from.line(first + own_line)),
          inside(first + own_line < lines_in_all),
          depth(from.depth(begin + own_depth)),
          distance(from.depth(AT_ONCE)),
          left(end - begin - own_depth) {}
    __device__ void fetch() {
#pragma unroll
        for (int i = 0; i < COUNT; ++i) {
            fetched[i] = inside && left > 0 ? factor.at(line, depth) : Pack<Real, WIDTH>{};
            factor.advance(depth, distance);
            left -= AT_ONCE;
        }
    }
    __device__ void put(Piece<LINES> &piece) const {
#pragma unroll
        for (int i = 0; i < COUNT; ++i) {
            Pack<Real, WIDTH> pack;
#pragma unroll
            for (int j = 0; j < WIDTH; ++j) pack.number[j] = prepared(fetched[i].number[j]);
            store(&piece.number[own_depth + i * AT_ONCE][own_line], pack);
        }
    }
};

template <bool ALONG_DEPTH, class Factor, int LINES> struct LoaderOf {
    typedef AlongLines<Factor, LINES> Type;
};
template <class Factor, int LINES> struct LoaderOf<true, Factor, LINES> {
    typedef AlongDepth<Factor, LINES> Type;
};

// What a block has in shared memory.
struct Pieces {
    Piece<TILE_ROWS> a[2];
    Piece<TILE_COLUMNS> b[2];
};

#if !TENSOR_CORES
// What a thread sums: rows in fours, columns in packs. Neighbouring threads have neighbouring packs: a warp's loads
// from shared memory meet no bank twice, and its stores fill whole sectors.
struct Corner {
    Real sum[CORNER_ROWS][CORNER_COLUMNS] = {};
    const int down = threadIdx.x / THREADS_ACROSS, across = threadIdx.x % THREADS_ACROSS;

    __device__ int row(int i) const { return (i / FOUR * THREADS_DOWN + down) * FOUR; }
    __device__ int column(int j) const { return (j / WIDTH * THREADS_ACROSS + across) * WIDTH; }

    __device__ void add_products(const Piece<TILE_ROWS> &a, const Piece<TILE_COLUMNS> &b) {
#pragma unroll UNROLLED
        for (int k = 0; k < TILE_DEPTH; ++k) {
            Pack<Real, SIXTEEN_BYTES> left[CORNER_ROWS / SIXTEEN_BYTES];
            Pack<Real, WIDTH> right[CORNER_COLUMNS / WIDTH];
#pragma unroll
            for (int i = 0; i < CORNER_ROWS; i += SIXTEEN_BYTES)
                left[i / SIXTEEN_BYTES] = load<SIXTEEN_BYTES>(&a.number[k][row(i) + i % FOUR]);
#pragma unroll
            for (int j = 0; j < CORNER_COLUMNS; j += WIDTH) right[j / WIDTH] = load<WIDTH>(&b.number[k][column(j)]);
#pragma unroll
            for (int i = 0; i < CORNER_ROWS; ++i)
#pragma unroll
                for (int j = 0; j < CORNER_COLUMNS; ++j)
                    sum[i][j] = multiply_add(left[i / SIXTEEN_BYTES].number[i % SIXTEEN_BYTES],
                                             right[j / WIDTH].number[j % WIDTH], sum[i][j]);
        }
    }
    template <class Finish>
    __device__ void finish_each(Finish finish, int first_row, int first_column, int rows, int columns,
                                Pieces &) const {
#pragma unroll
        for (int i = 0; i < CORNER_ROWS; i += FOUR)
#pragma unroll
            for (int j = 0; j < CORNER_COLUMNS; j += WIDTH) {
                int m = first_row + row(i), n = first_column + column(j);
                if (m >= rows || n >= columns) continue;
                Pack<Real, WIDTH> results[FOUR];
#pragma unroll
                for (int r = 0; r < FOUR; ++r)
#pragma unroll
                    for (int c = 0; c < WIDTH; ++c) results[r].number[c] = sum[i + r][j + c];
                finish(m, n, results);
            }
    }
};

#else
// What a thread sums on tensor cores: its share of 4 x 4 matrices of 16 x 8, which are a quarter of the tile, a warp's.
// A sum has no order, so depths 2·t and 2·t + 1 stand for columns t and t + 4 of a matrix: lines are 4 banks longer
// than a multiple of 32, and so the lanes of a warp all read from other banks.
struct Corner {
    Real sum[4][4][4] = {};
    const int lane = threadIdx.x % 32, group = lane / 4, pair = lane % 4 * 2;
    const int warp_row = threadIdx.x / 64 * 64, warp_column = threadIdx.x / 32 % 2 * 32;

    __device__ void add_products(const Piece<TILE_ROWS> &a, const Piece<TILE_COLUMNS> &b) {
        Real right[4][2];
#pragma unroll
        for (int j = 0; j < 4; ++j)
#pragma unroll
            for (int k = 0; k < 2; ++k) right[j][k] = b.number[pair + k][warp_column + j * 8 + group];
#pragma unroll
        for (int i = 0; i < 4; ++i) {
            Real left[4];
#pragma unroll
            for (int k = 0; k < 4; ++k) left[k] = a.number[pair + k / 2][warp_row + i * 16 + k % 2 * 8 + group];
#pragma unroll
            for (int j = 0; j < 4; ++j) multiply_matrices(sum[i][j], left, right[j]);
        }
    }
    // Through shared memory, 32 rows at a time, to where each thread has four rows and a pack of columns.
    template <class Finish>
    __device__ void finish_each(Finish finish, int first_row, int first_column, int rows, int columns,
                                Pieces &pieces) const {
        typedef Real Line[TILE_COLUMNS + 8];  // 8 banks longer than a multiple of 32, for stores of pairs
        static_assert(sizeof(Line) * 32 <= sizeof(Pieces), "the results do not fit where the pieces were");
        Line *staged = reinterpret_cast<Line *>(&pieces);
        int own_row = threadIdx.x / 16 * FOUR, own_column = threadIdx.x % 16 * WIDTH;
#pragma unroll
        for (int part = 0; part < 4; ++part) {
            if (warp_row == part / 2 * 64)
#pragma unroll
                for (int i = 0; i < 2; ++i)
#pragma unroll
                    for (int half = 0; half < 2; ++half)
#pragma unroll
                        for (int j = 0; j < 4; ++j) {
                            const Real *own = sum[part % 2 * 2 + i][j] + half * 2;
                            store(&staged[i * 16 + half * 8 + group][warp_column + j * 8 + pair],
                                  Pack<Real, 2>{own[0], own[1]});
                        }
            __syncthreads();  // the rows are complete
            Pack<Real, WIDTH> results[FOUR];
#pragma unroll
            for (int r = 0; r < FOUR; ++r) results[r] = load<WIDTH>(&staged[own_row + r][own_column]);
            __syncthreads();  // the next may overwrite them
            int m = first_row + part * 32 + own_row, n = first_column + own_column;
            if (m < rows && n < columns) finish(m, n, results);
        }
    }
};
#endif

// Tile blockIdx.x of the sums over the depth from `begin` to `end`.
template <class Left, class Right, class Finish>
__device__ void product_tile(const Left &left, const Right &right, Finish finish, int rows, int columns, int begin,
                             int end) {
    __shared__ Pieces pieces;
    int tiles_across = (columns + TILE_COLUMNS - 1) / TILE_COLUMNS;
    int tile = blockIdx.x, first_row = tile / tiles_across * TILE_ROWS;
    int first_column = tile % tiles_across * TILE_COLUMNS;
    if (first_row >= rows) return;  // all threads of the block

    typename LoaderOf<Left::ALONG_DEPTH, Left, TILE_ROWS>::Type from_a(left, first_row, rows, begin, end);
    typename LoaderOf<Right::ALONG_DEPTH, Right, TILE_COLUMNS>::Type from_b(right, first_column, columns, begin, end);
    Corner corner;
    from_a.fetch();
    from_b.fetch();
    from_a.put(pieces.a[0]);
    from_b.put(pieces.b[0]);
    __syncthreads();  // the first pieces are complete
    int now = 0;
    for (int start = begin; start < end; start += TILE_DEPTH) {
        from_a.fetch();  // beyond the end these are zeros, which nobody reads
        from_b.fetch();
        corner.add_products(pieces.a[now], pieces.b[now]);
        now ^= 1;
        from_a.put(pieces.a[now]);
        from_b.put(pieces.b[now]);
        __syncthreads();  // the next pieces are complete, and nobody needs the last ones any more
    }
    corner.finish_each(finish, first_row, first_column, rows, columns, pieces);
}

// A plain matrix as a factor. `stride` is the distance of its rows in memory: of lines if it lies along the depth, else
// of depths.
template <bool CONTIGUOUS_DEPTH> struct Matrix {
    static const bool ALONG_DEPTH = CONTIGUOUS_DEPTH;
    typedef long long Line;
    typedef long long Depth;
    const Real *numbers;
    long long stride;
    __device__ Line line(int n) const { return ALONG_DEPTH ? n * stride : n; }
    __device__ Depth depth(int k) const { return ALONG_DEPTH ? k : k * stride; }
    __device__ void advance(Depth &depth, Depth distance) const { depth += distance; }
    __device__ Pack<Real, WIDTH> at(Line line, Depth depth) const { return load<WIDTH>(numbers + line + depth); }
};

// What a thread has of four rows, as a `finish` gets it.

// Adds b[n], ..., to the columns from n on; b may be null.
__device__ inline void add_bias(Pack<Real, WIDTH> *results, const Real *b, int n) {
    if (!b) return;
    Pack<Real, WIDTH> bias = load<WIDTH>(b + n);
#pragma unroll
    for (int r = 0; r < FOUR; ++r)
#pragma unroll
        for (int c = 0; c < WIDTH; ++c) results[r].number[c] += bias.number[c];
}

// Writes them from (m, n) on into a matrix whose rows are `stride` apart, as far as it has rows.
__device__ inline void store_rows(const Pack<Real, WIDTH> *results, Real *matrix, long long stride, int rows, int m,
                                  int n) {
#pragma unroll
    for (int r = 0; r < FOUR; ++r)
        if (m + r < rows) store(matrix + (m + r) * stride + n, results[r]);
}
