// Tensor cores: a warp multiplies whole little matrices, of numbers that are rounded to TF32 first.
//
// TF32 is float32 with 10 bits behind the point instead of 23: products are off by up to a thousandth, sums are kept in
// float32. In exchange a multiprocessor adds up some eight times as many of them in the same time. Source: NVIDIA, PTX
// ISA, mma.sync.aligned.m16n8k8 with .tf32; Markidis et al., NVIDIA tensor core programmability, performance and
// precision (2018).

// The nearest number with 10 bits behind the point; of two equally near the one farther from 0, as cvt.rna does.
__device__ inline float to_tf32(float x) {
    if (x != x) return x;
    return __uint_as_float((__float_as_uint(x) + 0x1000u) & 0xffffe000u);
}

// sum (16 x 8) += a (16 x 8) · b (8 x 8), by a warp. Of lane 4·g + t: a[0], a[2] are row g, columns t and t + 4; a[1],
// a[3] the same of row g + 8; b[0], b[1] are column g, rows t and t + 4; sum[0], sum[1] are row g, columns 2·t and
// 2·t + 1; sum[2], sum[3] the same of row g + 8.
__device__ inline void multiply_matrices(float *sum, const float *a, const float *b) {
#if __CUDA_ARCH__ >= 800
    asm volatile("mma.sync.aligned.m16n8k8.row.col.f32.tf32.tf32.f32 {%0, %1, %2, %3}, {%4, %5, %6, %7}, {%8, %9}, "
                 "{%0, %1, %2, %3};"
                 : "+f"(sum[0]), "+f"(sum[1]), "+f"(sum[2]), "+f"(sum[3])
                 : "r"(__float_as_uint(a[0])), "r"(__float_as_uint(a[1])), "r"(__float_as_uint(a[2])),
                   "r"(__float_as_uint(a[3])), "r"(__float_as_uint(b[0])), "r"(__float_as_uint(b[1])));
#else  // no tensor cores for TF32: the same by exchange of registers
    const unsigned everybody = 0xffffffffu;
    int lane = threadIdx.x % 32, row = lane / 4 * 4, column = lane % 4 * 8;  // first lanes of a's row, of b's column
    for (int k = 0; k < 8; ++k) {
        float up = __shfl_sync(everybody, a[k / 4 * 2], row + k % 4);
        float down = __shfl_sync(everybody, a[k / 4 * 2 + 1], row + k % 4);
        float left = __shfl_sync(everybody, b[k / 4], column + k % 4);
        float right = __shfl_sync(everybody, b[k / 4], column + 4 + k % 4);
        sum[0] = multiply_add(up, left, sum[0]);
        sum[1] = multiply_add(up, right, sum[1]);
        sum[2] = multiply_add(down, left, sum[2]);
        sum[3] = multiply_add(down, right, sum[3]);
    }
#endif
}
