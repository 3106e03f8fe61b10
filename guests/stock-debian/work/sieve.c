/* Counts primes, and computes with them as integers, floats, doubles and long doubles. */
#include <math.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

int main(int argc, char **argv)
{
    size_t limit = argc > 1 ? strtoul(argv[1], NULL, 10) : 1000;
    unsigned char *composite = calloc(limit + 1, 1);
    uint64_t mixed = 1;
    double logs = 0;
    long double inverse = 0;
    float roots = 0;
    int count = 0;
    if (composite == NULL)
        return 1;
    for (size_t n = 2; n <= limit; n++) {
        if (composite[n])
            continue;
        count++;
        mixed = mixed * 6364136223846793005u + n;
        logs += log((double)n);
        inverse += 1.0L / n;
        roots += sqrtf((float)n);
        for (size_t m = n * n; m <= limit && n <= limit / n; m += n)
            composite[m] = 1;
    }
    printf("%d primes, mixed %016llx\n", count, (unsigned long long)mixed);
    printf("logs %.12g of %zu, inverse %.18Lg, roots %.8g\n", logs, limit, inverse, roots);
    free(composite);
    return 0;
}
