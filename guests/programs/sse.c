/* SSE and SSE2: arithmetic, conversions, comparisons, shuffles, MXCSR, and saving it all. Built with -msse2. */
#include "check.h"

#include <emmintrin.h>
#include <math.h>

static uint32_t word(__m128i value, int index) {
  uint32_t all[4];
  memcpy(all, &value, 16);
  return all[index];
}

static uint64_t wide(__m128d value, int index) {
  uint64_t all[2];
  memcpy(all, &value, 16);
  return all[index];
}

static void check_words(int line, __m128i got, uint32_t w3, uint32_t w2, uint32_t w1, uint32_t w0) {
  uint32_t wanted[4] = {w0, w1, w2, w3};
  for (int i = 0; i < 4; i++) {
    if (word(got, i) != wanted[i]) fail("line %d: word %d is %08x, not %08x", line, i, word(got, i), wanted[i]);
  }
}

#define CHECK_WORDS(got, w3, w2, w1, w0) check_words(__LINE__, (got), (w3), (w2), (w1), (w0))

/* Keeps the compiler from computing at build time. */
#define HIDE(x) __asm__ volatile("" : "+x"(x))

static __m128 singles(float f3, float f2, float f1, float f0) {
  __m128 value = _mm_set_ps(f3, f2, f1, f0);
  HIDE(value);
  return value;
}

static __m128d doubles(double d1, double d0) {
  __m128d value = _mm_set_pd(d1, d0);
  HIDE(value);
  return value;
}

static __m128i words(uint32_t w3, uint32_t w2, uint32_t w1, uint32_t w0) {
  __m128i value = _mm_set_epi32((int)w3, (int)w2, (int)w1, (int)w0);
  HIDE(value);
  return value;
}

static void test_single(void) {
  __m128 a = singles(1.0f, -2.5f, 3e38f, 0.1f), b = singles(3.0f, 0.0f, 3e38f, 0.2f);
  CHECK_WORDS(_mm_castps_si128(_mm_add_ps(a, b)), 0x40800000, 0xc0200000, 0x7f800000, 0x3e99999a);
  CHECK_WORDS(_mm_castps_si128(_mm_div_ps(a, b)), 0x3eaaaaab, 0xff800000, 0x3f800000, 0x3f000000);
  CHECK_WORDS(_mm_castps_si128(_mm_mul_ps(a, b)), 0x40400000, 0x80000000, 0x7f800000, 0x3ca3d70b);
  CHECK_WORDS(_mm_castps_si128(_mm_sqrt_ps(singles(2, 4, -1, 0))), 0x3fb504f3, 0x40000000, 0xffc00000, 0);
  CHECK_WORDS(_mm_castps_si128(_mm_sub_ss(a, b)), 0x3f800000, 0xc0200000, 0x7f61b1e6, 0xbdcccccd);
  /* min and max give the second operand for two zeros and for not-a-number. */
  __m128 c = singles(0.0f, NAN, 1.0f, -0.0f), d = singles(-0.0f, 1.0f, NAN, 0.0f);
  CHECK_WORDS(_mm_castps_si128(_mm_min_ps(c, d)), 0x80000000, 0x3f800000, 0x7fc00000, 0);
  CHECK_WORDS(_mm_castps_si128(_mm_max_ps(c, d)), 0x80000000, 0x3f800000, 0x7fc00000, 0);
  CHECK_WORDS(_mm_castps_si128(_mm_cmplt_ps(a, b)), ~0u, ~0u, 0, ~0u);
  CHECK_WORDS(_mm_castps_si128(_mm_cmpunord_ps(c, d)), 0, ~0u, ~0u, 0);
  CHECK_WORDS(_mm_castps_si128(_mm_cmpneq_ps(c, d)), 0, ~0u, ~0u, 0);
  CHECK_EQUAL(_mm_movemask_ps(a), 4);
  CHECK_EQUAL(_mm_comilt_ss(a, b), 1);
  CHECK_WORDS(_mm_castps_si128(_mm_shuffle_ps(a, b, 0x1b)), 0x3e4ccccd, 0x7f61b1e6, 0xc0200000, 0x3f800000);
  CHECK_WORDS(_mm_castps_si128(_mm_unpacklo_ps(a, b)), 0x7f61b1e6, 0x7f61b1e6, 0x3e4ccccd, 0x3dcccccd);
}

static void test_double(void) {
  __m128d a = doubles(1.0, -7.0), b = doubles(3.0, 0.5);
  CHECK(wide(_mm_div_pd(a, b), 1) == 0x3fd5555555555555ull && wide(_mm_div_pd(a, b), 0) == 0xc02c000000000000ull);
  CHECK(wide(_mm_mul_pd(a, b), 0) == 0xc00c000000000000ull && wide(_mm_add_sd(a, b), 1) == 0x3ff0000000000000ull);
  CHECK(wide(_mm_sqrt_pd(doubles(2.0, 1e-320)), 1) == 0x3ff6a09e667f3bcdull);
  CHECK(wide(_mm_cmple_pd(a, b), 1) == ~0ull && wide(_mm_cmpgt_pd(a, b), 0) == 0);
  CHECK_EQUAL(_mm_movemask_pd(a), 1);
  CHECK(wide(_mm_shuffle_pd(a, b, 1), 0) == 0x3ff0000000000000ull);
  CHECK(wide(_mm_xor_pd(a, a), 0) == 0);
}

static void test_conversions(void) {
  __m128 f = singles(2.5f, -2.5f, 3e9f, NAN);
  CHECK_WORDS(_mm_cvtps_epi32(f), 2, (uint32_t)-2, 0x80000000, 0x80000000);
  CHECK_WORDS(_mm_cvttps_epi32(singles(2.9f, -2.9f, -3e9f, 0.99f)), 2, (uint32_t)-2, 0x80000000, 0);
  CHECK_WORDS(_mm_castps_si128(_mm_cvtepi32_ps(words(0x7fffffff, 16777217, ~0u, 3))), 0x4f000000, 0x4b800000,
              0xbf800000, 0x40400000);
  CHECK(wide(_mm_cvtepi32_pd(words(0, 0, 0x80000000, 7)), 1) == 0xc1e0000000000000ull);
  CHECK_WORDS(_mm_cvtpd_epi32(doubles(-1.5, 4e9)), 0, 0, (uint32_t)-2, 0x80000000);
  CHECK_WORDS(_mm_cvttpd_epi32(doubles(-1.9, 1.9)), 0, 0, (uint32_t)-1, 1);
  CHECK_WORDS(_mm_castps_si128(_mm_cvtpd_ps(doubles(0.1, 1e300))), 0, 0, 0x3dcccccd, 0x7f800000);
  CHECK(wide(_mm_cvtps_pd(singles(0, 0, 0.1f, -1.0f)), 1) == 0x3fb99999a0000000ull);
  CHECK_EQUAL(_mm_cvtsd_si32(doubles(0, 3.5)), 4);
  CHECK_EQUAL(_mm_cvttsd_si32(doubles(0, -3.99)), -3);
  CHECK_EQUAL(_mm_cvtss_si32(singles(0, 0, 0, -0.5f)), 0);
  CHECK(wide(_mm_cvtsi32_sd(doubles(2.0, 0), -9), 0) == 0xc022000000000000ull);
}

static void test_integers(void) {
  __m128i a = words(0x80007fff, 0xffff0001, 0x12345678, 0x00ff80fe);
  __m128i b = words(0x00010001, 0x00020003, 0x9abcdef0, 0x01020304);
  CHECK_WORDS(_mm_add_epi16(a, b), 0x80018000, 0x00010004, 0xacf03568, 0x02018402);
  CHECK_WORDS(_mm_adds_epi16(a, b), 0x80017fff, 0x00010004, 0xacf03568, 0x02018402);
  CHECK_WORDS(_mm_subs_epu8(a, b), 0x80007ffe, 0xfffd0000, 0x00000000, 0x00fd7dfa);
  CHECK_WORDS(_mm_mullo_epi16(a, b), 0x80007fff, 0xfffe0003, 0xa6302080, 0x00fefdf8);
  CHECK_WORDS(_mm_mulhi_epi16(a, b), 0xffff0000, 0xffff0000, 0xf8ccf4d5, 0x0001fe80);
  CHECK_WORDS(_mm_mulhi_epu16(a, b), 0x00000000, 0x00010000, 0x0b004b4d, 0x00010184);
  CHECK_WORDS(_mm_madd_epi16(a, b), 0xffffffff, 0x00000001, 0xeda1c6b0, 0xfe81fef6);
  CHECK_WORDS(_mm_mul_epu32(a, b), 0x00020000, 0xffff0003, 0x00010183, 0x027cfdf8);
  CHECK_WORDS(_mm_sad_epu8(a, b), 0x00000000, 0x000003fc, 0x00000000, 0x00000485);
  CHECK_WORDS(_mm_packs_epi32(a, b), 0x7fff7fff, 0x80007fff, 0x80008000, 0x7fff7fff);
  CHECK_WORDS(_mm_packs_epi16(a, b), 0x01010203, 0x80807f7f, 0x807fff01, 0x7f7f7f80);
  CHECK_WORDS(_mm_packus_epi16(a, b), 0x01010203, 0x0000ffff, 0x00ff0001, 0xffffff00);
  CHECK_WORDS(_mm_unpackhi_epi8(a, b), 0x00800100, 0x007f01ff, 0x00ff02ff, 0x00000301);
  CHECK_WORDS(_mm_unpacklo_epi16(a, b), 0x9abc1234, 0xdef05678, 0x010200ff, 0x030480fe);
  CHECK_WORDS(_mm_sll_epi32(a, words(0, 0, 0, 4)), 0x0007fff0, 0xfff00010, 0x23456780, 0x0ff80fe0);
  CHECK_WORDS(_mm_srai_epi32(a, 31), 0xffffffff, 0xffffffff, 0x00000000, 0x00000000);
  CHECK_WORDS(_mm_srl_epi64(a, words(0, 0, 0, 64)), 0x00000000, 0x00000000, 0x00000000, 0x00000000);
  CHECK_WORDS(_mm_sra_epi16(a, words(0, 0, 0, 99)), 0xffff0000, 0xffff0000, 0x00000000, 0x0000ffff);
  CHECK_WORDS(_mm_slli_si128(a, 5), 0xff000112, 0x34567800, 0xff80fe00, 0x00000000);
  CHECK_WORDS(_mm_srli_si128(a, 3), 0x00000080, 0x007fffff, 0xff000112, 0x34567800);
  CHECK_WORDS(_mm_shuffle_epi32(a, 0x93), 0xffff0001, 0x12345678, 0x00ff80fe, 0x80007fff);
  CHECK_WORDS(_mm_shufflelo_epi16(a, 0x1b), 0x80007fff, 0xffff0001, 0x80fe00ff, 0x56781234);
  CHECK_WORDS(_mm_shufflehi_epi16(a, 0x1b), 0x0001ffff, 0x7fff8000, 0x12345678, 0x00ff80fe);
  CHECK_WORDS(_mm_cmpgt_epi16(a, b), 0x0000ffff, 0x00000000, 0xffffffff, 0x00000000);
  CHECK_WORDS(_mm_cmpeq_epi8(a, b), 0x00000000, 0x0000ff00, 0x00000000, 0x00000000);
  CHECK_WORDS(_mm_max_epu8(a, b), 0x80017fff, 0xffff0003, 0x9abcdef0, 0x01ff80fe);
  CHECK_WORDS(_mm_min_epi16(a, b), 0x80000001, 0xffff0001, 0x9abcdef0, 0x00ff80fe);
  CHECK_WORDS(_mm_avg_epu16(a, b), 0x40014000, 0x80010002, 0x56789ab4, 0x01014201);
  CHECK_WORDS(_mm_avg_epu8(a, b), 0x40014080, 0x80810002, 0x56789ab4, 0x01814281);
  CHECK_WORDS(_mm_add_epi64(a, b), 0x80018001, 0x00010004, 0xacf13568, 0x02018402);
  CHECK_WORDS(_mm_sub_epi64(a, b), 0x7fff7ffe, 0xfffcfffe, 0x77777787, 0xfffd7dfa);
  CHECK_WORDS(_mm_andnot_si128(a, b), 0x00010000, 0x00000002, 0x88888880, 0x01000300);
  CHECK_WORDS(_mm_insert_epi16(a, 0xabcd, 1), 0x80007fff, 0xffff0001, 0x12345678, 0xabcd80fe);
  CHECK_EQUAL(_mm_movemask_epi8(a), 0x9c07);
  CHECK_EQUAL(_mm_extract_epi16(a, 6), 0x7fff);
}

static void test_memory(void) {
  unsigned char* area = pages(2, PROT_READ | PROT_WRITE);
  __m128i value = words(4, 3, 2, 1);
  _mm_storeu_si128((__m128i*)(void*)(area + PAGE - 7), value); /* over the border of two pages */
  CHECK_WORDS(_mm_loadu_si128((__m128i*)(void*)(area + PAGE - 7)), 4, 3, 2, 1);
  _mm_maskmoveu_si128(words(~0u, 0, 0x80, 0), words(0x55555555, 0, 0x66, 0), (char*)area);
  CHECK_EQUAL(area[4], 0);
  _mm_maskmoveu_si128(words(0x11223344, 0x55667788, 0x99aabbcc, 0xddeeff00), words(0x80000000, 0, 0x80, 0x8000),
                      (char*)area);
  CHECK(area[15] == 0x11 && area[14] == 0 && area[4] == 0xcc && area[1] == 0xff && area[0] == 0);
  _mm_stream_si128((__m128i*)(void*)area, value);
  _mm_storeh_pd((double*)(void*)(area + 16), _mm_castsi128_pd(value));
  CHECK(area[0] == 1 && area[16] == 3);
  munmap(area, 2 * PAGE);
}

/* Approximations: good to 12 bits, whichever way the processor makes them. */
static void test_approximations(void) {
  for (int i = 1; i < 60; i++) {
    float x = (float)i * 0.37f;
    __m128 value = singles(x, x, x, x);
    float reciprocal = _mm_cvtss_f32(_mm_rcp_ps(value)), root = _mm_cvtss_f32(_mm_rsqrt_ps(value));
    if (fabsf(reciprocal * x - 1) > 0.000367f) fail("rcpps of %d", i);
    if (fabsf(root * sqrtf(x) - 1) > 0.000367f) fail("rsqrtps of %d", i);
  }
}

static void set_control(uint32_t value) { __asm__ volatile("ldmxcsr %0" : : "m"(value)); }

static uint32_t get_control(void) {
  uint32_t value;
  __asm__ volatile("stmxcsr %0" : "=m"(value));
  return value;
}

/* Rounding is that of conversions to integers; what else there is to MXCSR is in differences.c. */
static void test_control(void) {
  enum { DEFAULT = 0x1f80, DOWN = 0x2000, UP = 0x4000, ZERO = 0x6000 };
  CHECK_EQUAL(get_control() & 0xffc0, DEFAULT);
  static const uint32_t modes[] = {DEFAULT, DEFAULT | DOWN, DEFAULT | UP, DEFAULT | ZERO};
  static const int32_t halves[] = {2, 2, 3, 2}, negative[] = {-2, -3, -2, -2};
  for (int i = 0; i < 4; i++) {
    set_control(modes[i]);
    __m128i converted = _mm_cvtpd_epi32(doubles(-2.5, 2.5));
    set_control(DEFAULT);
    CHECK_EQUAL(word(converted, 0), halves[i]);
    CHECK_EQUAL(word(converted, 1), negative[i]);
  }
  catch_all();
  CHECK_EQUAL(CATCH(set_control(0x10000)), SIGSEGV);
}

static void test_save(void) {
  static unsigned char saved[512] __attribute__((aligned(16))), again[512] __attribute__((aligned(16)));
  uint32_t value = 0x13579bdf;
  uint16_t control;
  __asm__ volatile(
      "fninit\n\tfldpi\n\tmovd %2, %%xmm5\n\tpshufd $0, %%xmm5, %%xmm5\n\tfxsave %0\n\t"
      "fninit\n\tpxor %%xmm5, %%xmm5\n\tfxrstor %0\n\tfxsave %1\n\tfnstcw %3\n\tfninit"
      : "=m"(saved), "=m"(again), "+r"(value), "=m"(control)
      :
      : "xmm5", "st", "st(1)", "st(2)", "st(3)", "st(4)", "st(5)", "st(6)", "st(7)", "memory");
  CHECK_EQUAL(*(uint16_t*)(void*)saved, 0x37f);
  CHECK_EQUAL(saved[4], 0x80); /* one bit a register: number 7 is in use */
  CHECK_EQUAL(*(uint32_t*)(void*)(saved + 24) & 0xffc0, 0x1f80);
  CHECK_EQUAL(*(uint32_t*)(void*)(saved + 36), 0xc90fdaa2);
  CHECK_EQUAL(*(uint32_t*)(void*)(saved + 160 + 5 * 16 + 12), 0x13579bdf);
  CHECK(memcmp(saved + 32, again + 32, 128 + 128) == 0);
  CHECK_EQUAL(control, 0x37f);
}

int main(void) {
  test_single();
  test_double();
  test_conversions();
  test_integers();
  test_memory();
  test_approximations();
  test_control();
  test_save();
  return finish("sse");
}
