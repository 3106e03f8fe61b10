/*
 * Number crunching in x87 and SSE2: planets (n-body), a picture of the Mandelbrot set, a product of matrices. Prints
 * results that are the same everywhere. About 250 million instructions with the default of 1 round.
 *
 * The parts in x87 are compiled as such; those in SSE2 say so with the target attribute and intrinsics.
 */
#include <emmintrin.h>
#include <math.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

typedef struct {
  double place[3], speed[3], mass;
} body;

/* Sun, Jupiter, Saturn, Uranus, Neptune; astronomical units, days, solar masses times 4 pi squared. */
static body bodies[5] = {{{0, 0, 0}, {0, 0, 0}, 39.47841760435743},
                         {{4.841431442464721, -1.1603200440274284, -0.10362204447112311},
                          {0.606326392995832, 2.81198684491626, -0.02521836165988763},
                          0.03769367487038949},
                         {{8.34336671824458, 4.124798564124305, -0.4035234171143214},
                          {-1.0107743461787924, 1.8256623712304119, 0.008415761376584154},
                          0.011286326131968767},
                         {{12.894369562139131, -15.111151401698631, -0.22330757889265573},
                          {1.0827910064415354, 0.8687130181696082, -0.010832637401363636},
                          0.0017237240570597112},
                         {{15.379697114850917, -25.919314609987964, 0.17925877295037118},
                          {0.979090732243898, 0.5946989986476762, -0.034755955504078104},
                          0.0020336868699246304}};

static double energy(void) {
  double sum = 0;
  for (int i = 0; i < 5; i++) {
    const body* b = &bodies[i];
    for (int k = 0; k < 3; k++) sum += b->mass * b->speed[k] * b->speed[k] / 2;
    for (int j = i + 1; j < 5; j++) {
      double square = 0;
      for (int k = 0; k < 3; k++) square += (b->place[k] - bodies[j].place[k]) * (b->place[k] - bodies[j].place[k]);
      sum -= b->mass * bodies[j].mass / sqrt(square);
    }
  }
  return sum;
}

static void advance(double step) {
  for (int i = 0; i < 5; i++) {
    for (int j = i + 1; j < 5; j++) {
      double apart[3], square = 0;
      for (int k = 0; k < 3; k++) {
        apart[k] = bodies[i].place[k] - bodies[j].place[k];
        square += apart[k] * apart[k];
      }
      double pull = step / (square * sqrt(square));
      for (int k = 0; k < 3; k++) {
        bodies[i].speed[k] -= apart[k] * bodies[j].mass * pull;
        bodies[j].speed[k] += apart[k] * bodies[i].mass * pull;
      }
    }
  }
  for (int i = 0; i < 5; i++) {
    for (int k = 0; k < 3; k++) bodies[i].place[k] += step * bodies[i].speed[k];
  }
}

static void planets(int steps) {
  printf("planets: %.9f", energy());
  for (int i = 0; i < steps; i++) advance(0.01);
  printf(" %.9f\n", energy());
}

/* Two points at a time. Prints how many points stay bounded. */
static void __attribute__((target("sse2"))) mandelbrot(int size) {
  uint32_t inside = 0, steps = 0;
  for (int y = 0; y < size; y++) {
    __m128d ci = _mm_set1_pd(2.4 * y / size - 1.2);
    for (int x = 0; x < size; x += 2) {
      __m128d cr = _mm_set_pd(3.0 * (x + 1) / size - 2.1, 3.0 * x / size - 2.1);
      __m128d zr = cr, zi = ci;
      int bounded = 3;
      for (int i = 0; i < 100 && bounded != 0; i++, steps++) {
        __m128d rr = _mm_mul_pd(zr, zr), ii = _mm_mul_pd(zi, zi), ri = _mm_mul_pd(zr, zi);
        bounded &= _mm_movemask_pd(_mm_cmple_pd(_mm_add_pd(rr, ii), _mm_set1_pd(4)));
        zr = _mm_add_pd(_mm_sub_pd(rr, ii), cr);
        zi = _mm_add_pd(_mm_add_pd(ri, ri), ci);
      }
      inside += (uint32_t)(bounded & 1) + (uint32_t)(bounded >> 1);
    }
  }
  printf("mandelbrot: %u points, %u steps\n", (unsigned)inside, (unsigned)steps);
}

enum { SIZE = 128 };
static float left[SIZE][SIZE] __attribute__((aligned(16))), right[SIZE][SIZE] __attribute__((aligned(16)));
static float product[SIZE][SIZE] __attribute__((aligned(16)));

static void __attribute__((target("sse2"))) multiply(void) {
  for (int i = 0; i < SIZE; i++) {
    for (int j = 0; j < SIZE; j += 4) {
      __m128 sum = _mm_setzero_ps();
      for (int k = 0; k < SIZE; k++)
        sum = _mm_add_ps(sum, _mm_mul_ps(_mm_set1_ps(left[i][k]), _mm_load_ps(&right[k][j])));
      _mm_store_ps(&product[i][j], sum);
    }
  }
}

static void matrices(int rounds) {
  for (int i = 0; i < SIZE; i++) {
    for (int j = 0; j < SIZE; j++) {
      left[i][j] = (float)((i * 7 + j * 3) % 16) / 16;
      right[i][j] = (float)((i * 5 + j * 11) % 32) / 32;
    }
  }
  double trace = 0;
  for (int round = 0; round < rounds; round++) {
    multiply();
    for (int i = 0; i < SIZE; i++) trace += (double)product[i][(i + round) % SIZE];
  }
  printf("matrices: %.6f\n", trace);
}

int main(int argc, char** argv) {
  int rounds = argc > 1 ? atoi(argv[1]) : 1;
  planets(100000 * rounds);
  mandelbrot(160);
  matrices(20 * rounds);
  printf("ok numbers\n");
  return 0;
}
