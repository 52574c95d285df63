// Optimizer updates of all parameters of a network in one launch, in place.
//
// A network has dozens of parameters, most of them small: a launch for each would cost more than its work. So a kernel
// gets the addresses of all arrays and a table that cuts them into pieces, and each block takes one piece. Launch: one
// block of 256 a piece. Memory: parameters and state are read and written once, gradients read once, all in order. The
// formulas are Keras 3's.
#include "common.cuh"

// Piece `blockIdx.x` is numbers [first, last) of array `array`; pieces (blocks, 3) holds the three.
struct Piece {
    long long array, first, last;
};

__device__ inline Piece piece_of(const long long *pieces) {
    const long long *own = pieces + 3LL * blockIdx.x;
    return {own[0], own[1], own[2]};
}

// List number `list` of addresses (lists, arrays).
__device__ inline Real *array_of(Real *const *addresses, int list, int arrays, const Piece &piece) {
    return addresses[(long long)list * arrays + piece.array];
}

// addresses: parameters, gradients, velocities (if `moving`).
// Source: Sutskever, Martens, Dahl and Hinton, On the importance of initialization and momentum (2013).
extern "C" __global__ void sgd(Real *const *addresses, const long long *pieces, int arrays,
                               Real learning_rate, Real momentum, int moving, int nesterov) {
    Piece piece = piece_of(pieces);
    Real *parameter = array_of(addresses, 0, arrays, piece);
    const Real *gradient = array_of(addresses, 1, arrays, piece);
    Real *velocity = moving ? array_of(addresses, 2, arrays, piece) : nullptr;
    for (long long i = piece.first + threadIdx.x; i < piece.last; i += blockDim.x) {
        Real step = learning_rate * gradient[i];
        if (!moving) {
            parameter[i] -= step;
            continue;
        }
        Real moved = momentum * velocity[i] - step;
        velocity[i] = moved;
        parameter[i] += nesterov ? momentum * moved - step : moved;
    }
}

// addresses: parameters, gradients, first and second moments, largest second moments (if `amsgrad`). rate holds the
// correction of both moments, weight_1 and weight_2 how far each moves towards the new.
// Source: Kingma and Ba, Adam (2015), the efficient form at the end of section 2 (epsilon is its ε̂); Reddi, Kale and
// Kumar, On the convergence of Adam and beyond (2018), algorithm 2.
extern "C" __global__ void adam(Real *const *addresses, const long long *pieces, int arrays, Real rate,
                                Real weight_1, Real weight_2, Real epsilon, int amsgrad) {
    Piece piece = piece_of(pieces);
    Real *parameter = array_of(addresses, 0, arrays, piece);
    const Real *gradient = array_of(addresses, 1, arrays, piece);
    Real *first = array_of(addresses, 2, arrays, piece), *second = array_of(addresses, 3, arrays, piece);
    Real *largest = amsgrad ? array_of(addresses, 4, arrays, piece) : nullptr;
    for (long long i = piece.first + threadIdx.x; i < piece.last; i += blockDim.x) {
        Real m = first[i] + weight_1 * (gradient[i] - first[i]);
        Real v = second[i] + weight_2 * (gradient[i] * gradient[i] - second[i]);
        first[i] = m;
        second[i] = v;
        if (amsgrad) {
            v = largest[i] > v ? largest[i] : v;
            largest[i] = v;
        }
        parameter[i] -= rate * m / (square_root(v) + epsilon);
    }
}

// addresses: parameters, gradients, first and second moments. correction: of the root of the second moment.
// Source: Dozat, Incorporating Nesterov momentum into Adam (2016).
extern "C" __global__ void nadam(Real *const *addresses, const long long *pieces, int arrays, Real rate_of_mean,
                                 Real rate_of_gradient, Real weight_1, Real weight_2, Real correction, Real epsilon) {
    Piece piece = piece_of(pieces);
    Real *parameter = array_of(addresses, 0, arrays, piece);
    const Real *gradient = array_of(addresses, 1, arrays, piece);
    Real *first = array_of(addresses, 2, arrays, piece), *second = array_of(addresses, 3, arrays, piece);
    for (long long i = piece.first + threadIdx.x; i < piece.last; i += blockDim.x) {
        Real m = first[i] + weight_1 * (gradient[i] - first[i]);
        Real v = second[i] + weight_2 * (gradient[i] * gradient[i] - second[i]);
        first[i] = m;
        second[i] = v;
        Real step = rate_of_mean * m + rate_of_gradient * gradient[i];
        parameter[i] -= step / (correction * square_root(v) + epsilon);
    }
}

// addresses: parameters, gradients, first moments, norms. rate holds the correction of the moment.
// Source: Kingma and Ba, Adam (2015), section 7.1.
extern "C" __global__ void adamax(Real *const *addresses, const long long *pieces, int arrays, Real rate,
                                  Real weight, Real beta_2, Real epsilon) {
    Piece piece = piece_of(pieces);
    Real *parameter = array_of(addresses, 0, arrays, piece);
    const Real *gradient = array_of(addresses, 1, arrays, piece);
    Real *first = array_of(addresses, 2, arrays, piece), *norm = array_of(addresses, 3, arrays, piece);
    for (long long i = piece.first + threadIdx.x; i < piece.last; i += blockDim.x) {
        Real m = first[i] + weight * (gradient[i] - first[i]);
        Real kept = beta_2 * norm[i], size = magnitude(gradient[i]);
        Real largest = kept > size ? kept : size;
        first[i] = m;
        norm[i] = largest;
        parameter[i] -= rate * m / (largest + epsilon);
    }
}

// addresses: parameters, gradients, mean squares of gradients and of steps.
// Source: Zeiler, ADADELTA (2012), algorithm 1.
extern "C" __global__ void adadelta(Real *const *addresses, const long long *pieces, int arrays, Real learning_rate,
                                    Real rho, Real weight, Real epsilon) {
    Piece piece = piece_of(pieces);
    Real *parameter = array_of(addresses, 0, arrays, piece);
    const Real *gradient = array_of(addresses, 1, arrays, piece);
    Real *square = array_of(addresses, 2, arrays, piece), *step_square = array_of(addresses, 3, arrays, piece);
    for (long long i = piece.first + threadIdx.x; i < piece.last; i += blockDim.x) {
        Real spread = rho * square[i] + weight * (gradient[i] * gradient[i]);
        Real step = gradient[i] * square_root(step_square[i] + epsilon) / square_root(spread + epsilon);
        square[i] = spread;
        step_square[i] = rho * step_square[i] + weight * (step * step);
        parameter[i] -= learning_rate * step;
    }
}

// addresses: parameters, gradients, mean squares, velocities (if `moving`), means (if `centred`).
// Source: Tieleman and Hinton, Neural networks for machine learning, lecture 6.5 (2012).
extern "C" __global__ void rmsprop(Real *const *addresses, const long long *pieces, int arrays,
                                   Real learning_rate, Real rho, Real weight, Real momentum, Real epsilon, int moving,
                                   int centred) {
    Piece piece = piece_of(pieces);
    Real *parameter = array_of(addresses, 0, arrays, piece);
    const Real *gradient = array_of(addresses, 1, arrays, piece);
    Real *square = array_of(addresses, 2, arrays, piece);
    Real *velocity = moving ? array_of(addresses, 3, arrays, piece) : nullptr;
    Real *mean = centred ? array_of(addresses, 3 + moving, arrays, piece) : nullptr;
    for (long long i = piece.first + threadIdx.x; i < piece.last; i += blockDim.x) {
        Real spread = rho * square[i] + weight * (gradient[i] * gradient[i]);
        square[i] = spread;
        if (centred) {
            Real center = rho * mean[i] + weight * gradient[i];
            mean[i] = center;
            spread -= center * center;
        }
        Real step = learning_rate * gradient[i] / square_root(spread + epsilon);
        if (moving) {
            step += momentum * velocity[i];
            velocity[i] = step;
        }
        parameter[i] -= step;
    }
}
