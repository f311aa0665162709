// What all kernels share. No header of CUDA's is needed: NVRTC compiles this as it is.
//
// A row is one token on its way through a decoder. What goes from layer to layer lies [width, rows]: a thread takes
// its input of all rows in one piece. How many rows share a launch changes no bit of any of
// them: every sum has a fixed order (DESIGN in linear.cu), all arithmetic is IEEE with rounding to nearest,
// and multiply-adds are fused where it says fmaf and nowhere else (--fmad=false).

typedef unsigned char u8;
typedef unsigned short u16;
typedef unsigned int u32;
typedef unsigned long long u64;

#define FULL 0xffffffffu

// Where a row stands. Of a row of padding the slot is -1: it is computed, and leaves no trace.
struct __align__(16) Row {
    int slot;
    int position;
    // The character before it, or -1: the hidden state of its slot.
    int before;
    // Whose random numbers it is drawn with: an index into Draw[].
    int piece;
};

// e^x within 2 units in the last place: ex2.approx is the same on all cards that we know, but nothing
// promises it; a piece depends on the kind of card.
__device__ __forceinline__ float power_of_e(float x) {
    float y;
    asm("ex2.approx.ftz.f32 %0, %1;" : "=f"(y) : "f"(x * 1.442695041f));
    return y;
}

__device__ __forceinline__ float sum_of_warp(float x) {
#pragma unroll
    for (int offset = 16; offset > 0; offset /= 2) x += __shfl_xor_sync(FULL, x, offset);
    return x;
}

__device__ __forceinline__ float most_of_warp(float x) {
#pragma unroll
    for (int offset = 16; offset > 0; offset /= 2) x = fmaxf(x, __shfl_xor_sync(FULL, x, offset));
    return x;
}

// Mean of row `row` of x [width, rows] and 1 / sqrt(variance + 1e-5), by one warp; width is a multiple of 64.
__device__ __forceinline__ float2 mean_and_scale(const float *x, int width, int rows, int row) {
    const float *from = x + (threadIdx.x % 32) * rows + row;
    const int lane = threadIdx.x % 32;
    float even = 0, odd = 0;
    for (int i = lane; i < width; i += 64) {
        even += from[(i - lane) * rows];
        odd += from[(i - lane + 32) * rows];
    }
    const float mean = sum_of_warp(even + odd) / width;
    even = 0, odd = 0;
    for (int i = lane; i < width; i += 64) {
        const float a = from[(i - lane) * rows] - mean, b = from[(i - lane + 32) * rows] - mean;
        even += a * a, odd += b * b;
    }
    const float variance = sum_of_warp(even + odd) / width;
    return make_float2(mean, 1.0f / sqrtf(variance + 1e-5f));
}

__device__ __forceinline__ float2 from_halves(u32 halves) {
    float2 floats;
    asm("{ .reg .b16 low, high; mov.b32 {low, high}, %2; cvt.f32.f16 %0, low; cvt.f32.f16 %1, high; }"
        : "=f"(floats.x), "=f"(floats.y)
        : "r"(halves));
    return floats;
}

__device__ __forceinline__ u16 to_half(float number) {
    u16 half;
    asm("cvt.rn.f16.f32 %0, %1;" : "=h"(half) : "f"(number));
    return half;
}
