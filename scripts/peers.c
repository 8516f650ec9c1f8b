/* Training with Adam in plain C: ReLU layers, softmax cross-entropy, weighted rows.
 *
 * Products use the cblas_sgemm at the given address, with 32- or 64-bit integers. The rest are
 * loops in one thread. Arrays are row-major. params, m and v hold w [d, h] and b [h] of each layer,
 * one layer after another.
 */

#include <math.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

enum { ROW_MAJOR = 101, NO_TRANSPOSE = 111, TRANSPOSE = 112 };

typedef void (*gemm32)(int, int, int, int, int, int, float, const float *, int, const float *, int,
                       float, float *, int);
typedef void (*gemm64)(int, int, int, int64_t, int64_t, int64_t, float, const float *, int64_t,
                       const float *, int64_t, float, float *, int64_t);

static void *gemm;
static int use_int64;

/* c [m, n] = a [m, k] @ b [k, n], where a and b may be stored transposed. */
static void product(int trans_a, int trans_b, int m, int n, int k, const float *a, const float *b,
                    float *c) {
    int lda = trans_a == TRANSPOSE ? m : k, ldb = trans_b == TRANSPOSE ? k : n;
    if (use_int64)
        ((gemm64)gemm)(ROW_MAJOR, trans_a, trans_b, m, n, k, 1, a, lda, b, ldb, 0, c, n);
    else
        ((gemm32)gemm)(ROW_MAJOR, trans_a, trans_b, m, n, k, 1, a, lda, b, ldb, 0, c, n);
}

static float *floats(size_t count) {
    return aligned_alloc(64, (count * sizeof(float) + 63) / 64 * 64);
}

/* Replaces z by its gradient, weight * (softmax(z) - y); returns the weighted loss of the batch. */
static double softmax_cross_entropy(float *z, const float *y, const float *weight, int rows, int k) {
    double loss = 0;
    for (int r = 0; r < rows; r++, z += k, y += k) {
        float max = z[0], sum = 0, dot = 0;
        for (int j = 1; j < k; j++) max = fmaxf(max, z[j]);
        for (int j = 0; j < k; j++) dot += y[j] * (z[j] - max);
        for (int j = 0; j < k; j++) sum += z[j] = expf(z[j] - max);
        for (int j = 0; j < k; j++) z[j] = weight[r] * (z[j] / sum - y[j]);
        loss += weight[r] * (logf(sum) - dot);
    }
    return loss;
}

static void adam(float *restrict p, float *restrict m, float *restrict v, const float *restrict g,
                 int count, double learning_rate, int64_t t) {
    const float b1 = 0.9f, b2 = 0.999f, epsilon = 1e-7f;
    const float step_size = learning_rate * sqrt(1 - pow(0.999, t)) / (1 - pow(0.9, t));
    for (int i = 0; i < count; i++) {
        m[i] += (1 - b1) * (g[i] - m[i]);
        v[i] += (1 - b2) * (g[i] * g[i] - v[i]);
        p[i] -= step_size * m[i] / (sqrtf(v[i]) + epsilon);
    }
}

/* Trains on `steps` batches of `width` rows, given as indices with normalized weights; returns the
 * loss of the last batch. */
double train(void *sgemm, int int64, int layers, const int *sizes, float *params, const float *x,
             const float *y, const int *rows, const float *weights, int width, int64_t steps,
             double learning_rate) {
    int count = 0, widest = 0, out = sizes[layers];
    gemm = sgemm, use_int64 = int64;
    float **a = malloc((layers + 1) * sizeof *a);
    for (int i = 0; i <= layers; i++) {
        a[i] = floats((size_t)width * sizes[i]);
        if (i) count += (sizes[i - 1] + 1) * sizes[i];
        if (sizes[i] > widest) widest = sizes[i];
    }
    float *m = floats(count), *v = floats(count), *g = floats(count);
    float *y_batch = floats((size_t)width * out), *buffer = floats((size_t)width * widest);
    memset(m, 0, count * sizeof *m), memset(v, 0, count * sizeof *v);
    double loss = 0;

    for (int64_t t = 1; t <= steps; t++, rows += width, weights += width) {
        for (int r = 0; r < width; r++) {
            memcpy(a[0] + (size_t)r * sizes[0], x + (size_t)rows[r] * sizes[0], sizes[0] * sizeof *x);
            memcpy(y_batch + (size_t)r * out, y + (size_t)rows[r] * out, out * sizeof *y);
        }

        float *w = params;
        for (int i = 0; i < layers; i++) {
            int d = sizes[i], h = sizes[i + 1];
            const float *restrict b = w + d * h;
            product(NO_TRANSPOSE, NO_TRANSPOSE, width, h, d, a[i], w, a[i + 1]);
            for (int r = 0; r < width; r++) {
                float *restrict z = a[i + 1] + (size_t)r * h;
                if (i + 1 < layers)
                    for (int j = 0; j < h; j++) z[j] = z[j] + b[j] > 0 ? z[j] + b[j] : 0;
                else
                    for (int j = 0; j < h; j++) z[j] += b[j];
            }
            w += (d + 1) * h;
        }

        float *grads = a[layers], *g_w = g + count;
        loss = softmax_cross_entropy(grads, y_batch, weights, width, out);
        for (int i = layers - 1; i >= 0; i--) {
            int d = sizes[i], h = sizes[i + 1];
            w -= (d + 1) * h, g_w -= (d + 1) * h;
            float *restrict g_b = g_w + d * h;
            product(TRANSPOSE, NO_TRANSPOSE, d, h, width, a[i], grads, g_w);
            memset(g_b, 0, h * sizeof *g_b);
            for (int r = 0; r < width; r++)
                for (int j = 0; j < h; j++) g_b[j] += grads[(size_t)r * h + j];
            if (!i) break;
            product(NO_TRANSPOSE, TRANSPOSE, width, d, h, grads, w, buffer);
            for (size_t j = 0; j < (size_t)width * d; j++) a[i][j] = a[i][j] > 0 ? buffer[j] : 0;
            grads = a[i];
        }
        adam(params, m, v, g, count, learning_rate, t);
    }

    for (int i = 0; i <= layers; i++) free(a[i]);
    free(a), free(m), free(v), free(g), free(y_batch), free(buffer);
    return loss;
}
