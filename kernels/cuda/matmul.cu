// Dense layers: three matrix products that differ in which factor is transposed.
//
// Launch, tiling and memory traffic: tiles.cuh. A transposed factor is read along its own rows all the same, so that
// every load of a warp is of neighbours.
#include "tiles.cuh"

// x (rows, depth) @ w (depth, columns) + b (columns,) -> y (rows, columns); b may be null. With `relu`, max(y, 0).
extern "C" __global__ void dense(const Real *x, const Real *w, const Real *b, Real *y, long long rows, long long depth,
                                 long long columns, int relu) {
    auto store = [&](long long m, long long n, Real sum) {
        Real value = b ? sum + b[n] : sum;
        y[m * columns + n] = relu && value < Real(0) ? Real(0) : value;
    };
    product_tile(MatrixLeft<true>{x, depth, 1}, MatrixRight<false>{w, columns, 1}, store, rows, columns, 0, depth);
}

// dy (rows, depth) @ w.T, w (columns, depth) -> dx (rows, columns).
extern "C" __global__ void dense_input_gradient(const Real *dy, const Real *w, Real *dx, long long rows,
                                                long long depth, long long columns) {
    auto store = [&](long long m, long long n, Real sum) { dx[m * columns + n] = sum; };
    product_tile(MatrixLeft<true>{dy, depth, 1}, MatrixRight<true>{w, 1, depth}, store, rows, columns, 0, depth);
}

// x.T, x (depth, rows) @ dy (depth, columns) -> dw (rows, columns).
extern "C" __global__ void dense_weight_gradient(const Real *x, const Real *dy, Real *dw, long long rows,
                                                 long long depth, long long columns) {
    auto store = [&](long long m, long long n, Real sum) { dw[m * columns + n] = sum; };
    product_tile(MatrixLeft<false>{x, 1, rows}, MatrixRight<false>{dy, columns, 1}, store, rows, columns, 0, depth);
}

// y (rows, columns) += b (columns,) in every row; b may be null. With `relu`, max(y, 0). For a product that another
// library has computed, which is read and written once more here: one thread an element, blocks of 256.
extern "C" __global__ void bias_and_relu(const Real *b, int columns, int relu, Real *y, long long n) {
    long long i = thread_number();
    if (i >= n) return;
    Real value = b ? y[i] + b[i % columns] : y[i];
    y[i] = relu && value < Real(0) ? Real(0) : value;
}
