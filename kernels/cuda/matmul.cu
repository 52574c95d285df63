// Dense layers: three matrix products that differ in which factor is transposed.
//
// Launch, tiling and memory traffic: tiles.cuh. A transposed factor is read along its own rows all the same, so that
// every load of a warp is of neighbours.
#include "tiles.cuh"

// x (rows, depth) @ w (depth, columns) + b (columns,) -> y (rows, columns); b may be null. With `relu`, max(y, 0).
extern "C" TILE_BOUNDS __global__ void dense(
    const Real *__restrict__ x, const Real *__restrict__ w, const Real *__restrict__ b, Real *__restrict__ y,
    long long rows, long long depth, long long columns, int relu) {
    auto finish = [&](int m, int n, Pack<Real, WIDTH> *results) {
        add_bias(results, b, n);
        for (int r = 0; relu && r < FOUR; ++r)
            for (int c = 0; c < WIDTH; ++c)
                if (results[r].number[c] < Real(0)) results[r].number[c] = 0;  // a NaN stays
        store_rows(results, y, columns, rows, m, n);
    };
    product_tile(Matrix<true>{x, depth}, Matrix<false>{w, columns}, finish, rows, columns, 0, depth);
}

// dy (rows, depth) @ w.T, w (columns, depth) -> dx (rows, columns).
extern "C" TILE_BOUNDS __global__ void dense_input_gradient(
    const Real *__restrict__ dy, const Real *__restrict__ w, Real *__restrict__ dx, long long rows, long long depth,
    long long columns) {
    auto finish = [&](int m, int n, const Pack<Real, WIDTH> *results) {
        store_rows(results, dx, columns, rows, m, n);
    };
    product_tile(Matrix<true>{dy, depth}, Matrix<true>{w, depth}, finish, rows, columns, 0, depth);
}

// x.T, x (depth, rows) @ dy (depth, columns) -> dw (rows, columns).
extern "C" TILE_BOUNDS __global__ void dense_weight_gradient(
    const Real *__restrict__ x, const Real *__restrict__ dy, Real *__restrict__ dw, long long rows, long long depth,
    long long columns) {
    auto finish = [&](int m, int n, const Pack<Real, WIDTH> *results) {
        store_rows(results, dw, columns, rows, m, n);
    };
    product_tile(Matrix<false>{x, rows}, Matrix<false>{dy, columns}, finish, rows, columns, 0, depth);
}
