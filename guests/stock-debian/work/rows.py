"""Prints SQL for a shop's orders."""
import random

random.seed(11)
cities = ["Aachen", "Bremen", "Celle", "Dresden", "Emden"]
print("create table orders(id integer primary key, city text, price real, amount integer, note text);")
print("begin;")
for n in range(8000):
    price = random.expovariate(1 / 40)
    print(f"insert into orders values({n}, '{random.choice(cities)}', {price!r}, {n % 9 + 1}, '{'*' * (n % 23)}');")
print("commit;")
print("create index by_price on orders(city, price);")
print("delete from orders where length(note) = 22 and price < 10;")
print("select count(*), min(price), max(price) from orders;")
