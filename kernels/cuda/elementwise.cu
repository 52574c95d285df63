// Activations, element by element.
//
// Launch: one thread an element, blocks of 256. Memory: every array is read or written once, in order; there is no
// arithmetic to speak of, so the time is that of the memory. The gradients take y where y is enough, which saves
// keeping x.
#include "rows.cuh"

// max_value above it, x from threshold on, slope · (x - threshold) below. Every comparison is such that NaN stays NaN.
extern "C" __global__ void relu(const Real *__restrict__ x, Real slope, Real max_value, Real threshold,
                                Real *__restrict__ y, long long n) {
    long long i = thread_number();
    if (i >= n) return;
    Real below = slope != Real(0) ? slope * (x[i] - threshold) : Real(0);  // 0 · infinity would be NaN
    Real value = x[i] < threshold ? below : x[i];
    y[i] = value > max_value ? max_value : value;
}

// max(x + y, 0); NaN stays NaN.
extern "C" __global__ void add_relu(const Real *__restrict__ x, const Real *__restrict__ y, Real *__restrict__ z,
                                    long long n) {
    long long i = thread_number();
    if (i >= n) return;
    Real sum = x[i] + y[i];
    z[i] = sum < Real(0) ? Real(0) : sum;
}

// dy between threshold and max_value, slope · dy up to threshold, 0 from max_value on; dy at NaN.
extern "C" __global__ void relu_gradient(const Real *__restrict__ dy, const Real *__restrict__ x, Real slope,
                                         Real max_value, Real threshold, Real *__restrict__ dx, long long n) {
    long long i = thread_number();
    if (i >= n) return;
    Real upstream = dy[i];
    Real below = slope != Real(0) ? slope * upstream : Real(0);
    Real value = x[i] <= threshold ? below : upstream;
    dx[i] = x[i] >= max_value ? Real(0) : value;
}

// 1 / (1 + exp(-x)), by an exponential of a number that is never positive: it cannot overflow.
extern "C" __global__ void sigmoid(const Real *__restrict__ x, Real *__restrict__ y, long long n) {
    long long i = thread_number();
    if (i >= n) return;
    Real e = exponential(-magnitude(x[i]));
    y[i] = (x[i] >= Real(0) ? Real(1) : e) / (Real(1) + e);
}

extern "C" __global__ void sigmoid_gradient(const Real *__restrict__ dy, const Real *__restrict__ y,
                                            Real *__restrict__ dx, long long n) {
    long long i = thread_number();
    if (i < n) dx[i] = dy[i] * y[i] * (Real(1) - y[i]);
}

extern "C" __global__ void tanh_forward(const Real *__restrict__ x, Real *__restrict__ y, long long n) {
    long long i = thread_number();
    if (i < n) y[i] = hyperbolic_tangent(x[i]);
}

extern "C" __global__ void tanh_gradient(const Real *__restrict__ dy, const Real *__restrict__ y, Real *__restrict__ dx,
                                         long long n) {
    long long i = thread_number();
    if (i < n) dx[i] = dy[i] * (Real(1) - y[i] * y[i]);
}

// y (rows, columns) += b (columns,) in every row; b may be null. With `relu`, max(y, 0). For a product that a library
// has computed, which is read and written once more here. Launch: rows.cuh.
extern "C" __global__ void bias_and_relu(const Real *__restrict__ b, int relu, Real *y, int columns, long long n) {
    for_own_rows(columns, n, [&](long long i, int, int c) {
        Real value = b ? y[i] + b[c] : y[i];
        y[i] = relu && value < Real(0) ? Real(0) : value;
    });
}
