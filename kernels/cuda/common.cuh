// What all kernels share: who am I, and mathematics in the width of its argument.
//
// Real is float or double: whoever loads a file puts one of them in its place. Kernels that work on each element by
// itself are launched with one thread an element, in blocks of 256; neighbouring threads touch neighbouring addresses,
// so that a warp's 32 loads are 4 sectors of 32 bytes (8 for double) and nothing is fetched that is not used.

// The number of this thread in a launch of one dimension. 64 bits: an activation may have more than 2^31 numbers.
__device__ inline long long thread_number() { return blockIdx.x * (long long)blockDim.x + threadIdx.x; }

// One name for both widths. A bare exp(x) of a float would be a float's in one compiler, a double's in another.
__device__ inline float exponential(float x) { return expf(x); }
__device__ inline double exponential(double x) { return exp(x); }
__device__ inline float logarithm(float x) { return logf(x); }
__device__ inline double logarithm(double x) { return log(x); }
__device__ inline float square_root(float x) { return sqrtf(x); }
__device__ inline double square_root(double x) { return sqrt(x); }
__device__ inline float hyperbolic_tangent(float x) { return tanhf(x); }
__device__ inline double hyperbolic_tangent(double x) { return tanh(x); }
__device__ inline float multiply_add(float x, float y, float z) { return fmaf(x, y, z); }  // x · y + z, rounded once
__device__ inline double multiply_add(double x, double y, double z) { return fma(x, y, z); }
__device__ inline float magnitude(float x) { return fabsf(x); }
__device__ inline double magnitude(double x) { return fabs(x); }
__device__ inline float exponential_less_one(float x) { return expm1f(x); }
__device__ inline double exponential_less_one(double x) { return expm1(x); }
__device__ inline float logarithm_of_one_more(float x) { return log1pf(x); }
__device__ inline double logarithm_of_one_more(double x) { return log1p(x); }
__device__ inline float error_function_complement(float x) { return erfcf(x); }
__device__ inline double error_function_complement(double x) { return erfc(x); }

__device__ inline Real infinity() { return Real(__int_as_float(0x7f800000)); }

// N neighbours that one instruction moves, where they lie at a multiple of their size. 16 bytes are the most it can.
template <class T, int N> struct alignas(N * sizeof(T)) Pack {
    T number[N];
};
const int SIXTEEN_BYTES = 16 / sizeof(Real);  // as many numbers

template <int N, class T> __device__ inline Pack<T, N> load(const T *address) {
    return *reinterpret_cast<const Pack<T, N> *>(address);
}
template <class T, int N> __device__ inline void store(T *address, const Pack<T, N> &pack) {
    *reinterpret_cast<Pack<T, N> *>(address) = pack;
}
