// Activations that bend instead of breaking: ELU, GELU, SiLU, softplus, and their slopes.
//
// Launch: one thread an element, blocks of 256. Memory: every array is read or written once, in order. The gradients
// take x: y does not tell it, where a function falls before it rises.
#include "common.cuh"

// By an exponential of a number that is never positive: it cannot overflow.
__device__ inline Real logistic(Real x) {
    Real e = exponential(-magnitude(x));
    return (x >= Real(0) ? Real(1) : e) / (Real(1) + e);
}

extern "C" __global__ void elu(const Real *__restrict__ x, Real alpha, Real scale, Real *__restrict__ y, long long n) {
    long long i = thread_number();
    if (i < n) y[i] = scale * (x[i] > Real(0) ? x[i] : alpha * exponential_less_one(x[i]));
}

extern "C" __global__ void elu_gradient(const Real *__restrict__ dy, const Real *__restrict__ x, Real alpha,
                                        Real scale, Real *__restrict__ dx,
                                        long long n) {
    long long i = thread_number();
    if (i < n) dx[i] = dy[i] * scale * (x[i] > Real(0) ? Real(1) : alpha * exponential(x[i]));
}

// x times the part of a normal distribution below x.
extern "C" __global__ void gelu(const Real *__restrict__ x, Real *__restrict__ y, long long n) {
    long long i = thread_number();
    if (i < n) y[i] = Real(0.5) * x[i] * error_function_complement(-x[i] * Real(0.7071067811865476));
}

extern "C" __global__ void gelu_gradient(const Real *__restrict__ dy, const Real *__restrict__ x,
                                         Real *__restrict__ dx, long long n) {
    long long i = thread_number();
    if (i >= n) return;
    Real below = Real(0.5) * error_function_complement(-x[i] * Real(0.7071067811865476));
    Real density = Real(0.3989422804014327) * exponential(Real(-0.5) * x[i] * x[i]);
    dx[i] = dy[i] * (below + x[i] * density);
}

// The same by a hyperbolic tangent. Source: Hendrycks and Gimpel, Gaussian error linear units (2016), section 2.
extern "C" __global__ void gelu_approximate(const Real *__restrict__ x, Real *__restrict__ y, long long n) {
    long long i = thread_number();
    if (i >= n) return;
    Real u = Real(0.7978845608028654) * (x[i] + Real(0.044715) * x[i] * x[i] * x[i]);
    y[i] = Real(0.5) * x[i] * (Real(1) + hyperbolic_tangent(u));
}

extern "C" __global__ void gelu_approximate_gradient(const Real *__restrict__ dy, const Real *__restrict__ x,
                                                     Real *__restrict__ dx, long long n) {
    long long i = thread_number();
    if (i >= n) return;
    Real square = x[i] * x[i];
    Real t = hyperbolic_tangent(Real(0.7978845608028654) * (x[i] + Real(0.044715) * square * x[i]));
    Real slope = Real(0.7978845608028654) * (Real(1) + Real(3) * Real(0.044715) * square);
    dx[i] = dy[i] * (Real(0.5) * (Real(1) + t) + Real(0.5) * x[i] * (Real(1) - t * t) * slope);
}

extern "C" __global__ void silu(const Real *__restrict__ x, Real *__restrict__ y, long long n) {
    long long i = thread_number();
    if (i < n) y[i] = x[i] * logistic(x[i]);
}

extern "C" __global__ void silu_gradient(const Real *__restrict__ dy, const Real *__restrict__ x,
                                         Real *__restrict__ dx, long long n) {
    long long i = thread_number();
    if (i >= n) return;
    Real s = logistic(x[i]);
    dx[i] = dy[i] * s * (Real(1) + x[i] * (Real(1) - s));
}

// log(1 + exp(x)), without overflow.
extern "C" __global__ void softplus(const Real *__restrict__ x, Real *__restrict__ y, long long n) {
    long long i = thread_number();
    if (i >= n) return;
    Real above = x[i] > Real(0) ? x[i] : Real(0);
    y[i] = above + logarithm_of_one_more(exponential(-magnitude(x[i])));
}

extern "C" __global__ void softplus_gradient(const Real *__restrict__ dy, const Real *__restrict__ x,
                                             Real *__restrict__ dx, long long n) {
    long long i = thread_number();
    if (i < n) dx[i] = dy[i] * logistic(x[i]);
}
