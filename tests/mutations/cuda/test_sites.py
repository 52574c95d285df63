"""The places that mutants are made of are found, and only those."""

from __future__ import annotations

from tests.mutations.cuda.planting import mutants
from tests.mutations.cuda.sites import render, sites

KERNEL = """// Real(0) < [i]; __syncthreads(); is no code
#define HALF(x) x[0] < 1
template <int SIZE>
__global__ void rows(const Real *x, Real *y, int n) {
    __shared__ Real part[SIZE][33];
    Real kept[4] = {}, sum = 0;
    static const bool LONG = SIZE < 8;
    int i = blockIdx.x;
    if (i < 0 || i >= n) return;
    for (int k = threadIdx.x; k < n; k += 32) sum += x[i * n + k] * kept[k % 4];
    part[threadIdx.y][threadIdx.x] = sum;
    __syncthreads();
    y[i] = n > 1 && sum != sum ? Real(0) : part[0][i];
}
"""


def test_what_is_found() -> None:
    assert [site.what for site in sites(KERNEL)] == [
        "1 for 0 in sum",
        *("never i < 0", "always i < 0", "never i >= n", "always i >= n"),
        *("a loop begins with threadIdx.x + 1", "a loop ends at < n + 1", "a loop steps by 32 + 1"),
        *("x[i * n + k] + 1", "kept[k % 4] + 1"),
        *("part[threadIdx.y] + 1", "part[threadIdx.x] + 1"),
        "without __syncthreads();",
        "y[i] + 1",
        *("never n > 1", "always n > 1", "1 for 0 in y"),
        *("part[0] + 1", "part[i] + 1"),
    ]
    assert {site.function for site in sites(KERNEL)} == {"rows"}


def test_what_is_planted_is_off_until_its_number_is_on() -> None:
    numbered = list(enumerate(sites(KERNEL), start=1))
    planted = render(KERNEL, numbered).splitlines()
    assert len(planted) == len(KERNEL.splitlines())
    assert planted[8].strip() == (
        "if ((!planted(2) && ((planted(3) || (i < 0)))) || (!planted(4) && ((planted(5) || (i >= n))))) return;"
    )
    assert planted[11].strip() == "if (!planted(13)) __syncthreads();"
    assert planted[12].strip().startswith("y[(i) + planted(14)] = ")


def test_no_two_mutants_have_the_same_name() -> None:
    assert len({mutant.name for mutant in mutants()}) == len(mutants()) > 30
