// For sources that #include <cuda_runtime.h>: all of it is there already.
#include "cuda.h"
