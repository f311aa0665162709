// Everything but the linear layers: embeddings, attention, the last norm, drawing.

#include "common.cuh"

// x [width, rows] = bias + the 16 characters' vectors, in order, + that of the position. Grid: rows.
//
// A row of padding begins as zeros, so that it never becomes anything strange.
extern "C" __global__ void __launch_bounds__(128)
    embed_patches(const Row *rows, const u8 *patches, const float *table, const float *bias,
                  const float *positions, float *x, int width) {
    const int row = blockIdx.x, count = gridDim.x;
    const Row at = rows[row];
    for (int i = threadIdx.x; i < width; i += 128) {
        float sum = 0;
        if (at.slot >= 0) {
            sum = bias[i];
#pragma unroll
            for (int character = 0; character < 16; character++) {
                const int kind = character * 128 + patches[row * 16 + character];
                sum += table[(size_t)kind * width + i];
            }
            sum += positions[(size_t)at.position * width + i];
        }
        x[i * count + row] = sum;
    }
}

// x [width, rows] = the vector of the character before, or the hidden state, + that of the position. Grid: rows.
extern "C" __global__ void __launch_bounds__(128)
    embed_characters(const Row *rows, const float *table, const float *hidden, const float *positions,
                     float *x, int width) {
    const int row = blockIdx.x, count = gridDim.x;
    const Row at = rows[row];
    const float *vector = at.before < 0 ? hidden + (size_t)at.slot * width : table + (size_t)at.before * width;
    for (int i = threadIdx.x; i < width; i += 128) {
        x[i * count + row] = at.slot < 0 ? 0 : vector[i] + positions[(size_t)at.position * width + i];
    }
}

// out = norm(x [width, rows]): [width, rows] again, or the rows at their slots, [slots, width]. Grid: rows.
extern "C" __global__ void __launch_bounds__(128)
    norm(const Row *rows, const float *x, const float *weight, const float *bias, float *out, int width,
         int by_slot) {
    __shared__ float2 of_row;
    const int row = blockIdx.x, count = gridDim.x, slot = rows[row].slot;
    if (threadIdx.x < 32) {
        const float2 found = mean_and_scale(x, width, count, row);
        if (threadIdx.x == 0) of_row = found;
    }
    __syncthreads();
    if (by_slot && slot < 0) return;
    for (int i = threadIdx.x; i < width; i += 128) {
        const float number = (x[i * count + row] - of_row.x) * of_row.y * weight[i] + bias[i];
        out[by_slot ? (size_t)slot * width + i : (size_t)i * count + row] = number;
    }
}

// Numbers of the cache, eight at a time.
__device__ __forceinline__ void eight(const u16 *from, float *to) {
    const uint4 halves = *reinterpret_cast<const uint4 *>(from);
    const u32 pairs[4] = {halves.x, halves.y, halves.z, halves.w};
#pragma unroll
    for (int i = 0; i < 4; i++) {
        const float2 pair = from_halves(pairs[i]);
        to[2 * i] = pair.x, to[2 * i + 1] = pair.y;
    }
}

__device__ __forceinline__ void eight(const float *from, float *to) {
    const float4 low = reinterpret_cast<const float4 *>(from)[0];
    const float4 high = reinterpret_cast<const float4 *>(from)[1];
    to[0] = low.x, to[1] = low.y, to[2] = low.z, to[3] = low.w;
    to[4] = high.x, to[5] = high.y, to[6] = high.z, to[7] = high.w;
}

// A part of the positions that one block attends to: the same whatever the length of the context.
#define SPLIT 256
// Positions that a thread asks for at once.
#define AT_ONCE 4
// What a block leaves of its part: 64 sums, their largest score, the sum of weights.
#define PARTIAL 66

// attended [width, rows] of query [rows, width] over a slot's cache. Grid: heads, rows, parts.
//
// 8 threads share a position, of which each has 8 numbers; a block of 128 threads has 16 positions at a time.
// Which block of a row comes to its end last puts the parts together, in their order.
template <class Number>
__device__ __forceinline__ void attend(const Row *rows, const float *query, const Number *cache, int layer,
                                       int layers, int positions, float *partial, u32 *arrived,
                                       float *attended) {
    __shared__ float weights[SPLIT];
    __shared__ float of_warp[4];
    __shared__ float sums[4][64];
    __shared__ bool is_last;

    const int heads = gridDim.x, head = blockIdx.x, row = blockIdx.y, part = blockIdx.z;
    const int width = heads * 64;
    const Row at = rows[row];
    const int seen = at.position + 1;
    if (at.slot < 0 || part * SPLIT >= seen) return;
    const int count = min(SPLIT, seen - part * SPLIT);

    const size_t of_layer = ((size_t)at.slot * layers + layer) * 2 * heads;
    const Number *keys = cache + ((of_layer + head) * positions + part * SPLIT) * 64;
    const Number *values = keys + (size_t)heads * positions * 64;

    const int group = threadIdx.x / 8, from = threadIdx.x % 8 * 8;
    const int lane = threadIdx.x % 32, warp = threadIdx.x / 32;
    float of_query[8];
    eight(query + (size_t)row * width + head * 64 + from, of_query);
    // Several keys are asked for before the first is used.
    for (int first = group; first < SPLIT; first += 16 * AT_ONCE) {
        if (first - group >= count) break;
        float key[AT_ONCE][8];
#pragma unroll
        for (int i = 0; i < AT_ONCE; i++) eight(keys + min(first + 16 * i, count - 1) * 64 + from, key[i]);
#pragma unroll
        for (int i = 0; i < AT_ONCE; i++) {
            const int position = first + 16 * i;
            float score = 0;
#pragma unroll
            for (int j = 0; j < 8; j++) score = fmaf(of_query[j], key[i][j], score);
            score += __shfl_xor_sync(FULL, score, 4);
            score += __shfl_xor_sync(FULL, score, 2);
            score += __shfl_xor_sync(FULL, score, 1);
            // 1 / sqrt(64)
            if (position < count && from == 0) weights[position] = score * 0.125f;
        }
    }
    __syncthreads();

    const float none = __uint_as_float(0xff800000u);
    const int one = threadIdx.x, other = threadIdx.x + 128;
    const float a = one < count ? weights[one] : none, b = other < count ? weights[other] : none;
    float most = most_of_warp(fmaxf(a, b));
    if (lane == 0) of_warp[warp] = most;
    __syncthreads();
    most = fmaxf(fmaxf(of_warp[0], of_warp[1]), fmaxf(of_warp[2], of_warp[3]));
    const float weight_a = one < count ? power_of_e(a - most) : 0;
    const float weight_b = other < count ? power_of_e(b - most) : 0;
    if (one < count) weights[one] = weight_a;
    if (other < count) weights[other] = weight_b;
    float total = sum_of_warp(weight_a + weight_b);
    __syncthreads();
    if (lane == 0) of_warp[warp] = total;
    __syncthreads();
    total = (of_warp[0] + of_warp[1]) + (of_warp[2] + of_warp[3]);

    float sum[8] = {0, 0, 0, 0, 0, 0, 0, 0};
    for (int first = group; first < count; first += 16 * AT_ONCE) {
        float value[AT_ONCE][8];
#pragma unroll
        for (int i = 0; i < AT_ONCE; i++) eight(values + min(first + 16 * i, count - 1) * 64 + from, value[i]);
#pragma unroll
        for (int i = 0; i < AT_ONCE; i++) {
            const int position = first + 16 * i;
            if (position < count) {
                const float weight = weights[position];
#pragma unroll
                for (int j = 0; j < 8; j++) sum[j] = fmaf(weight, value[i][j], sum[j]);
            }
        }
    }
#pragma unroll
    for (int i = 0; i < 8; i++) {
        sum[i] += __shfl_xor_sync(FULL, sum[i], 8);
        sum[i] += __shfl_xor_sync(FULL, sum[i], 16);
        if (lane < 8) sums[warp][from + i] = sum[i];
    }
    __syncthreads();

    const int number = threadIdx.x;
    const float of_part =
        number < 64 ? (sums[0][number] + sums[1][number]) + (sums[2][number] + sums[3][number]) : 0;
    float *to = attended + (head * 64 + number) * gridDim.y + row;
    const int parts = (seen + SPLIT - 1) / SPLIT;
    if (parts == 1) {
        if (number < 64) *to = of_part / total;
        return;
    }

    float *all = partial + ((size_t)row * heads + head) * gridDim.z * PARTIAL;
    float *mine = all + part * PARTIAL;
    if (number < 64) mine[number] = of_part;
    if (number == 64) mine[64] = most;
    if (number == 65) mine[65] = total;
    __threadfence();
    __syncthreads();
    if (threadIdx.x == 0) is_last = atomicInc(arrived + row * heads + head, parts - 1) == parts - 1;
    __syncthreads();
    if (!is_last || number >= 64) return;
    __threadfence();
    // Others have written these: not from this processor's own cache.
    const volatile float *read = all;
    float largest = read[64];
    for (int i = 1; i < parts; i++) largest = fmaxf(largest, read[i * PARTIAL + 64]);
    float above = 0, below = 0;
    for (int i = 0; i < parts; i++) {
        const float scale = power_of_e(read[i * PARTIAL + 64] - largest);
        above = fmaf(read[i * PARTIAL + number], scale, above);
        below = fmaf(read[i * PARTIAL + 65], scale, below);
    }
    *to = above / below;
}

extern "C" __global__ void __launch_bounds__(128)
    attend_f16(const Row *rows, const float *query, const u16 *cache, int layer, int layers, int positions,
               float *partial, u32 *arrived, float *attended) {
    attend(rows, query, cache, layer, layers, positions, partial, arrived, attended);
}

extern "C" __global__ void __launch_bounds__(128)
    attend_f32(const Row *rows, const float *query, const float *cache, int layer, int layers, int positions,
               float *partial, u32 *arrived, float *attended) {
    attend(rows, query, cache, layer, layers, positions, partial, arrived, attended);
}

// How the characters of a piece are drawn.
struct __align__(16) Draw {
    u64 seed, patch;
    u32 top_k;
    float top_p, temperature;
    u32 unused;
};

// A number in [0, 1): Philox4x32-10, the same numbers as notagen::uniform, rounded to f32.
__device__ float uniform(u64 seed, u64 patch, u32 character) {
    u32 counter[4] = {(u32)patch, (u32)(patch >> 32), character, 0};
    u32 key[2] = {(u32)seed, (u32)(seed >> 32)};
    for (int round = 0; round < 10; round++) {
        const u64 even = (u64)0xD2511F53u * counter[0], odd = (u64)0xCD9E8D57u * counter[2];
        counter[0] = (u32)(odd >> 32) ^ counter[1] ^ key[0];
        counter[1] = (u32)odd;
        counter[2] = (u32)(even >> 32) ^ counter[3] ^ key[1];
        counter[3] = (u32)even;
        key[0] += 0x9E3779B9u, key[1] += 0xBB67AE85u;
    }
    return (counter[0] >> 8) * (1.0f / 16777216.0f);
}

#define EOS 2
#define NOTHING 255

// Draws the character after each of the rows, and writes down where the piece stands then. The host draws
// again from the same logits, with all that may be drawn, and has the last word; this only lets the decoder run
// ahead of it. So f32 is exact enough. Grid: rows; a thread for each character.
//
// Reference: sampler.rs.
extern "C" __global__ void __launch_bounds__(128)
    draw(const Row *rows, const float *logits, const Draw *pieces, Row *next, u8 *drawn) {
    __shared__ float all[128];
    __shared__ u8 ranks[128];
    __shared__ u32 found;
    const int row = blockIdx.x, id = threadIdx.x;
    const Row at = rows[row];
    if (at.slot < 0) {
        if (id == 0) next[row] = at, drawn[row] = NOTHING;
        return;
    }
    const Draw how = pieces[at.piece];
    const float logit = logits[row * 128 + id];
    all[id] = logit;
    if (id == 0) found = 127;
    __syncthreads();
    // Of equals the larger id comes first.
    int rank = 0;
    for (int other = 0; other < 128; other++) {
        const float of_other = all[other];
        rank += of_other > logit || (of_other == logit && other > id);
    }
    ranks[id] = rank;
    __syncthreads();
    const int kept = min(how.top_k, 128u);
    float most = 0, sum = 0, before = 0;
    for (int other = 0; other < 128; other++)
        if (ranks[other] == 0) most = all[other];
    for (int other = 0; other < 128; other++) {
        const float weight = ranks[other] < kept ? power_of_e(all[other] - most) : 0;
        sum += weight;
        before += ranks[other] < rank ? weight : 0;
    }
    float weight = 0;
    if (rank == 0) {
        weight = 1;
    } else if (rank < kept && before <= how.top_p * sum && how.temperature > 0) {
        weight = power_of_e((logit - most) / how.temperature);
    }
    __syncthreads();
    all[id] = weight;
    __syncthreads();
    float below = 0, total = 0;
    for (int other = 0; other < 128; other++) {
        total += all[other];
        below += other <= id ? all[other] : 0;
    }
    if (weight > 0 && below > uniform(how.seed, how.patch, at.position) * total) atomicMin(&found, (u32)id);
    __syncthreads();
    if (id == 0) {
        Row then = at;
        then.position += 1;
        then.before = found;
        if (found == EOS || then.position == 16) then.slot = -1;
        next[row] = then;
        drawn[row] = found;
    }
}
