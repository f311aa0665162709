// Linear layers: y [N, R] = x [K, R] W [K, N] + b [N] for each of R rows, with what comes before and after them in
// a decoder.
//
// DESIGN. A block of 128 threads computes 8 columns for up to 8 rows. Of the K inputs a thread takes every 128th
// step (of 1, 4 or 8 inputs, by the format), in order, for all its rows: a weight is read once and used for each.
// Sums of a warp's threads are added up as a tree over lanes, the four warps as (0 + 1) + (2 + 3). So the order of
// a sum depends on K alone. Of 16 rows two neighbouring blocks have 8 each: the second finds the weights in the L2
// cache, and there are twice as many blocks, each with registers to spare for reads under way.
//
// Weights lie in groups of 8 columns, [N / 8, steps]: what a warp reads at once lies in one piece. What a
// thread reads first does not depend on the kernel before, so it is asked for before the norm is computed.
//
// Compiled once for each FORMAT: 0 f32, 1 f16, 2 bf16, 3 q8_0, 4 q4k. DEPTH is how many steps a thread asks for
// at once: as many as its accumulators leave registers for.

#include "common.cuh"

#define CLASSES 128

// What a thread reads at once, and the inputs that it holds.
#if FORMAT == 0
#define INPUTS 1
#define DEPTH(ROWS) (ROWS <= 4 ? 4 : 2)
struct Step {
    uint4 low, high;
};
#elif FORMAT == 1 || FORMAT == 2
#define INPUTS 1
#define DEPTH(ROWS) (ROWS <= 4 ? 5 : 3)
struct Step {
    uint4 numbers;
};
#elif FORMAT == 3
#define INPUTS 4
#define DEPTH(ROWS) (ROWS <= 4 ? 3 : 1)
#define BLOCK_BYTES 272
struct Step {
    uint4 scales, low, high;
};
#else
#define INPUTS 8
#define DEPTH(ROWS) (ROWS <= 2 ? 2 : 1)
#define BLOCK_BYTES 160
struct Step {
    uint4 scales, offsets, low, high;
};
#endif

__device__ __forceinline__ uint4 read(const u8 *at) {
    uint4 v;
    asm volatile("ld.global.nc.v4.u32 {%0, %1, %2, %3}, [%4];"
                 : "=r"(v.x), "=r"(v.y), "=r"(v.z), "=r"(v.w)
                 : "l"(at));
    return v;
}

// Step `step` of the 8 columns whose weights begin at `columns`.
__device__ __forceinline__ Step read_step(const u8 *columns, int step) {
    Step s;
#if FORMAT == 0
    s.low = read(columns + (size_t)step * 32);
    s.high = read(columns + (size_t)step * 32 + 16);
#elif FORMAT == 1 || FORMAT == 2
    s.numbers = read(columns + (size_t)step * 16);
#elif FORMAT == 3
    // 32 inputs: 8 scales as f16; for each input 8 numbers + 128.
    const u8 *block = columns + (size_t)(step / 8) * BLOCK_BYTES;
    s.scales = read(block);
    s.low = read(block + 16 + step % 8 * 32);
    s.high = read(block + 32 + step % 8 * 32);
#else
    // 32 inputs: 8 scales and 8 offsets as f16; for each input 8 numbers of 4 bits.
    const u8 *block = columns + (size_t)(step / 4) * BLOCK_BYTES;
    s.scales = read(block);
    s.offsets = read(block + 16);
    s.low = read(block + 32 + step % 4 * 32);
    s.high = read(block + 48 + step % 4 * 32);
#endif
    return s;
}

__device__ __forceinline__ Step no_step() {
    Step s;
    memset(&s, 0, sizeof s);
    return s;
}

// An input of all rows.
template <int R> __device__ __forceinline__ void read_rows(const float *at, float *to) {
    if (R == 1) {
        to[0] = *at;
    } else if (R == 2) {
        const float2 two = *reinterpret_cast<const float2 *>(at);
        to[0] = two.x, to[1] = two.y;
    } else {
#pragma unroll
        for (int i = 0; i < R / 4; i++) {
            const float4 four = reinterpret_cast<const float4 *>(at)[i];
            to[4 * i] = four.x, to[4 * i + 1] = four.y, to[4 * i + 2] = four.z, to[4 * i + 3] = four.w;
        }
    }
}

__device__ __forceinline__ void eight_halves(uint4 from, float *to) {
    const u32 pairs[4] = {from.x, from.y, from.z, from.w};
#pragma unroll
    for (int i = 0; i < 4; i++) {
        const float2 pair = from_halves(pairs[i]);
        to[2 * i] = pair.x, to[2 * i + 1] = pair.y;
    }
}

// The 8 columns' weights of input `input` of a step.
__device__ __forceinline__ void weights_of(const Step &s, int input, float *w) {
#if FORMAT == 0
    w[0] = __uint_as_float(s.low.x), w[1] = __uint_as_float(s.low.y);
    w[2] = __uint_as_float(s.low.z), w[3] = __uint_as_float(s.low.w);
    w[4] = __uint_as_float(s.high.x), w[5] = __uint_as_float(s.high.y);
    w[6] = __uint_as_float(s.high.z), w[7] = __uint_as_float(s.high.w);
#elif FORMAT == 1
    eight_halves(s.numbers, w);
#elif FORMAT == 2
    const u32 pairs[4] = {s.numbers.x, s.numbers.y, s.numbers.z, s.numbers.w};
#pragma unroll
    for (int i = 0; i < 4; i++) {
        w[2 * i] = __uint_as_float(pairs[i] << 16);
        w[2 * i + 1] = __uint_as_float(pairs[i] & 0xffff0000u);
    }
#elif FORMAT == 3
    const u32 words[8] = {s.low.x, s.low.y, s.low.z, s.low.w, s.high.x, s.high.y, s.high.z, s.high.w};
    float scales[8];
    eight_halves(s.scales, scales);
#pragma unroll
    for (int i = 0; i < 8; i++) {
        // A byte under the exponent of 2^23: no conversion is needed.
        const u32 bits = __byte_perm(words[2 * input + i / 4], 0x4b000000u, 0x7440 | (i % 4));
        w[i] = (__uint_as_float(bits) - 8388736.0f) * scales[i];
    }
#else
    const u32 words[8] = {s.low.x, s.low.y, s.low.z, s.low.w, s.high.x, s.high.y, s.high.z, s.high.w};
    float scales[8], offsets[8];
    eight_halves(s.scales, scales);
    eight_halves(s.offsets, offsets);
#pragma unroll
    for (int i = 0; i < 8; i++) {
        const u32 bits = (words[input] >> (4 * i) & 15u) | 0x4b000000u;
        w[i] = fmaf(__uint_as_float(bits) - 8388608.0f, scales[i], -offsets[i]);
    }
#endif
}

// Adds up v[N] over the lanes of a warp. Of N >= 32 values a lane is left with N / 32, else with one; `first`
// becomes the index of the first of them. Whoever keeps a sum, its order is that of a tree over lanes.
template <int N> __device__ __forceinline__ void reduce(float *v, int &first) {
    const int lane = threadIdx.x % 32;
    first = 0;
    int left = N;
#pragma unroll
    for (int offset = 16; offset > 0; offset /= 2) {
        const bool upper = lane & offset;
        if (left > 1) {
            left /= 2;
#pragma unroll
            for (int i = 0; i < N; i++) {
                if (i < left) {
                    const float send = upper ? v[i] : v[i + left];
                    const float keep = upper ? v[i + left] : v[i];
                    v[i] = keep + __shfl_xor_sync(FULL, send, offset);
                }
            }
            first += upper ? left : 0;
        } else {
            v[0] += __shfl_xor_sync(FULL, v[0], offset);
        }
    }
}

// What becomes of y, the sums without the bias.
#define STORE 0 // out [R, N] = y
#define ADD 1   // out += y + b
#define GELU 2  // out = gelu(y + b)
#define SPLIT 3 // of y + b: query to out [R, N / 3], key and value to the cache

// Keys and values: [slots, layers, 2, heads, positions, 64], f16 or f32.
struct Cache {
    void *numbers;
    const Row *rows;
    int layer, layers, positions, is_f16;
};

// R of ALL rows. With NORM, x is normed first.
template <int R, int ALL, bool NORM>
__device__ __forceinline__ void linear(const float *x, const float *norm_weight, const float *norm_bias,
                                       const u8 *weights, const float *bias, float *out, int K, int N,
                                       int then, Cache cache) {
    constexpr int DEEP = DEPTH(R);
    constexpr int VALUES = 8 * R, LEFT = VALUES >= 32 ? VALUES / 32 : 1;
    __shared__ float sums[4][VALUES];
    __shared__ float2 norms[R];

    constexpr int PARTS = ALL / R;
    const int steps = K / INPUTS, thread = threadIdx.x;
    const int eight = blockIdx.x / PARTS, first_row = blockIdx.x % PARTS * R;
    // Bytes of 8 columns.
#if FORMAT == 0
    const size_t bytes = (size_t)K * 32;
#elif FORMAT == 1 || FORMAT == 2
    const size_t bytes = (size_t)K * 16;
#else
    const size_t bytes = (size_t)(K / 32) * BLOCK_BYTES;
#endif
    const u8 *columns = weights + eight * bytes;

    // What is beyond the last step weighs nothing.
    const auto ask = [&](Step *chunk, int first) {
#pragma unroll
        for (int i = 0; i < DEEP; i++) {
            const int step = first + i * CLASSES;
            chunk[i] = step < steps ? read_step(columns, step) : no_step();
        }
    };
    Step one[DEEP], other[DEEP];
    ask(one, thread);

    if (NORM) {
        for (int row = threadIdx.x / 32; row < R; row += 4) {
            const float2 norm = mean_and_scale(x, K, R, row);
            if (threadIdx.x % 32 == 0) norms[row] = norm;
        }
        __syncthreads();
    }
    float2 of_row[R];
#pragma unroll
    for (int row = 0; row < R; row++) {
        if (NORM) of_row[row] = norms[row];
    }

    float acc[VALUES];
#pragma unroll
    for (int i = 0; i < VALUES; i++) acc[i] = 0;
    const auto multiply = [&](const Step *chunk, int first) {
#pragma unroll
        for (int i = 0; i < DEEP; i++) {
            const int step = min(first + i * CLASSES, steps - 1);
#pragma unroll
            for (int input = 0; input < INPUTS; input++) {
                const int k = step * INPUTS + input;
                float w[8], numbers[R];
                weights_of(chunk[i], input, w);
                read_rows<R>(x + k * ALL + first_row, numbers);
                if (NORM) {
                    const float scale = norm_weight[k], offset = norm_bias[k];
#pragma unroll
                    for (int row = 0; row < R; row++) {
                        numbers[row] = (numbers[row] - of_row[row].x) * of_row[row].y * scale + offset;
                    }
                }
#pragma unroll
                for (int column = 0; column < 8; column++) {
#pragma unroll
                    for (int row = 0; row < R; row++) {
                        float &sum = acc[column * R + row];
                        sum = fmaf(numbers[row], w[column], sum);
                    }
                }
            }
        }
    };
    // While one chunk is multiplied, the other is on its way.
#pragma unroll 1
    for (int first = thread;;) {
        ask(other, first + DEEP * CLASSES);
        multiply(one, first);
        first += DEEP * CLASSES;
        if (first - thread >= steps) break;
        ask(one, first + DEEP * CLASSES);
        multiply(other, first);
        first += DEEP * CLASSES;
        if (first - thread >= steps) break;
    }

    int first;
    reduce<VALUES>(acc, first);
    // Lanes that differ in the bits that no halving used hold the same sum.
    const int same = VALUES >= 32 ? 0 : 32 / VALUES - 1;
    if ((threadIdx.x & same) == 0) {
#pragma unroll
        for (int i = 0; i < LEFT; i++) sums[threadIdx.x / 32][first + i] = acc[i];
    }
    __syncthreads();

    if (threadIdx.x >= VALUES) return;
    const int value = threadIdx.x, row = first_row + value % R, column = eight * 8 + value / R;
    float y = (sums[0][value] + sums[1][value]) + (sums[2][value] + sums[3][value]);
    if (then != STORE) y += bias[column];
    if (then == STORE) {
        out[row * N + column] = y;
    } else if (then == ADD) {
        out[column * ALL + row] += y;
    } else if (then == GELU) {
        // x/2 (1 + tanh u) is x / (1 + exp(-2u)), with u = sqrt(2/pi) (x + 0.044715 x^3).
        const float twice_u = 1.5957692f * (y + 0.044715f * (y * y * y));
        out[column * ALL + row] = y / (1.0f + power_of_e(-twice_u));
    } else {
        const int width = N / 3;
        if (column < width) {
            out[row * width + column] = y;
            return;
        }
        const Row at = cache.rows[row];
        if (at.slot < 0) return;
        const int which = column / width - 1, number = column % width, heads = width / 64;
        const size_t head = (((size_t)at.slot * cache.layers + cache.layer) * 2 + which) * heads + number / 64;
        const size_t place = (head * cache.positions + at.position) * 64 + number % 64;
        if (cache.is_f16) {
            static_cast<u16 *>(cache.numbers)[place] = to_half(y);
        } else {
            static_cast<float *>(cache.numbers)[place] = y;
        }
    }
}

// Few rows: the norm comes with the layer, which saves a launch.
#define FEW(ROWS)                                                                                            \
    extern "C" __global__ void __launch_bounds__(CLASSES)                                                    \
        normed_##ROWS(const float *x, const float *norm_weight, const float *norm_bias, const u8 *weights,   \
                      const float *bias, float *out, int inputs, int outputs, int then, void *cache,         \
                      const Row *rows, int layer, int layers, int positions, int is_f16) {                   \
        const Cache into = {cache, rows, layer, layers, positions, is_f16};                                  \
        linear<ROWS, ROWS, true>(x, norm_weight, norm_bias, weights, bias, out, inputs, outputs, then, into); \
    }                                                                                                        \
    PLAIN(ROWS, ROWS)

// Many rows: each block would norm all of them again, so that is done beforehand.
#define PLAIN(ROWS, ALL)                                                                                     \
    extern "C" __global__ void __launch_bounds__(CLASSES)                                                    \
        plain_##ALL(const float *x, const u8 *weights, const float *bias, float *out, int inputs,            \
                     int outputs, int then, void *cache, const Row *rows, int layer, int layers,             \
                     int positions, int is_f16) {                                                            \
        const Cache into = {cache, rows, layer, layers, positions, is_f16};                                  \
        linear<ROWS, ALL, false>(x, 0, 0, weights, bias, out, inputs, outputs, then, into);                  \
    }

FEW(1)
FEW(2)
PLAIN(4, 4)
PLAIN(8, 8)
PLAIN(8, 16)
