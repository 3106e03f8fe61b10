# Ordinary programs, one after the other; leaves a file "worked" behind when none failed.
set -e
cd "$(dirname "$0")"
export TZ=UTC LC_ALL=C.UTF-8
step() { echo "--- $1"; }

step packages
dpkg -l | tail -n +6 | wc -l
apt-cache policy python3 | head -n 3

step python3
python3 figures.py

step sqlite3
python3 rows.py | sqlite3 shop.db
sqlite3 shop.db 'select city, count(*), round(avg(price), 3), total(price * amount) from orders group by city order by city;'
sqlite3 shop.db "with recursive n(i) as (values(1) union all select i + 1 from n where i < 20000) select sum(sqrt(i)), max(exp(i / 5000.0)) from n;"

step perl
perl words.pl /usr/share/common-licenses/GPL-3

step gcc
gcc -Wall -O2 -g -o sieve sieve.c -lm
./sieve 200000
gcc -O1 -g -o heap heap.c
./heap short
./heap "$(printf 'A%.0s' $(seq 24))" && echo "no crash" || echo "status $?"

step openssl
openssl dgst -sha256 sieve
openssl enc -aes-256-cbc -pbkdf2 -pass pass:secret -in figures.py -out figures.enc
openssl enc -d -aes-256-cbc -pbkdf2 -pass pass:secret -in figures.enc | cmp - figures.py
openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -subj /CN=guest -keyout key.pem -out cert.pem 2> /dev/null
openssl x509 -in cert.pem -noout -subject
ssh-keygen -q -t ed25519 -N '' -f id && ssh-keygen -l -f id.pub | cut -d ' ' -f 1,4

step archives
tar -cf src.tar -C /usr/lib/python3.11 encodings
gzip -k src.tar && gunzip -c src.tar.gz | cmp - src.tar
xz -1 -k src.tar && unxz -c src.tar.xz | cmp - src.tar
wc -c src.tar src.tar.gz src.tar.xz

step git
git init -q -b main repository
cd repository
git config user.name guest
git config user.email guest@localhost
cp ../*.py ../*.c . && git add . && git commit -q -m first
sed -i 's/primes/prime numbers/' sieve.c && git commit -q -a -m second
git log --format=%s --stat | cat
git gc -q && git fsck
cd ..

step curl
ip link set lo up
python3 -m http.server --bind 127.0.0.1 8000 > /dev/null 2>&1 &
server=$!
for _ in 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20; do
  curl -sf -o fetched http://127.0.0.1:8000/src.tar.gz && break
  sleep 0.5
done
kill $server
cmp fetched src.tar.gz && echo "fetched $(wc -c < fetched) bytes"

sync
echo "all of it" > worked
