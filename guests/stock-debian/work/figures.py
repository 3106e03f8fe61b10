"""Floating-point and big numbers, text, threads, and modules in C."""
import bisect
import collections
import decimal
import fractions
import hashlib
import json
import math
import queue
import random
import re
import statistics
import struct
import threading
import zlib

random.seed(7)
samples = [random.gauss(10, 3) for _ in range(4000)]
samples.sort()
print("mean", repr(statistics.fmean(samples)), "deviation", repr(statistics.pstdev(samples)))
print("place", bisect.bisect(samples, 10.0), "order", samples[0] < samples[-1], float("nan") == float("nan"))

waves = [math.sin(i / 50) * math.exp(-i / 900) + math.atan2(i, 7) for i in range(6000)]
print("waves", repr(math.fsum(waves)), repr(math.lgamma(33.3)), repr(math.fmod(1e17, 7.25)), repr(math.hypot(3, 4)))
print("rounded", [round(x * 1.5) for x in (-1.5, 0.5, 2.25)], "sum", "%.17g" % (0.1 + 0.2), (1.0 / 3).hex())
packed = struct.pack("<%df" % len(waves), *waves)
print("narrow", hashlib.sha256(packed).hexdigest()[:16], zlib.crc32(packed))

print("big", pow(3, 4000) % (2**89 - 1), math.factorial(200) // 10**350, math.isqrt(10**60 + 7))
harmonic = sum(fractions.Fraction(1, n) for n in range(1, 150))
print("fraction", harmonic.numerator % 10**9, float(harmonic))
decimal.getcontext().prec = 60
print("decimal", decimal.Decimal(2).sqrt(), decimal.Decimal(1).exp())

records = [{"id": n, "name": "n%04d" % (n * n % 9973), "value": waves[n]} for n in range(1500)]
text = json.dumps(records, sort_keys=True)
assert json.loads(text) == records
words = collections.Counter(re.findall(r'"n(\d{2})\d+"', text))
print("json", len(text), words.most_common(3), hashlib.blake2s(text.encode()).hexdigest()[:16])
squeezed = zlib.compress(text.encode(), 9)
assert zlib.decompress(squeezed).decode() == text
print("squeezed", len(squeezed))

# Two threads hand one another numbers; two more compute.
there, back = queue.Queue(), queue.Queue()
sums = collections.Counter()


def answer():
    while (number := there.get()) is not None:
        back.put(number * 3 + 1)


def add(name, step):
    for n in range(0, 60000, step):
        sums[name] += n ^ step


threads = [threading.Thread(target=answer)]
threads += [threading.Thread(target=add, args=(step, step)) for step in (3, 5)]
for thread in threads:
    thread.start()
total = 0
for n in range(300):
    there.put(n)
    total += back.get()
there.put(None)
for thread in threads:
    thread.join()
print("threads", total, dict(sorted(sums.items())))
