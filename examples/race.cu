// One step of gradient descent for a straight line, y = w[0] · x + w[1], by one block of 128 threads. It has a bug.
//
//   minicnn cuda check examples/race.cu --grid 1 --block 128 --size 128 w=2 loss=1
//
// finds it. Lesson 10 tells the story.
const int THREADS = 128;

// The sum of what all threads have, known to all of them.
__device__ float sum_of_block(float own) {
    __shared__ float part[THREADS];
    part[threadIdx.x] = own;
    __syncthreads();
    float total = 0;
    for (int t = 0; t < THREADS; ++t) total += part[t];
    return total;
}

// x, y (128,), w (2,): changed in place, loss (1,): before the step.
extern "C" __global__ void train_step(const float *x, const float *y, float *w, float *loss, float rate) {
    int i = threadIdx.x;
    float error = w[0] * x[i] + w[1] - y[i];
    float squares = sum_of_block(error * error);
    float slope = sum_of_block(error * x[i]);
    float offset = sum_of_block(error);
    if (i == 0) {
        loss[0] = squares / THREADS;
        w[0] -= rate * 2 / THREADS * slope;
        w[1] -= rate * 2 / THREADS * offset;
    }
}
