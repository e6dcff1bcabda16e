"""A database of its own for the second pass, on a server that others use too.

database.py create SERVER_URL REDIS_URL    prints the address of the new database
database.py drop SERVER_URL OWN_URL        drops it, and the test databases named after it
"""

import secrets
import sys
from urllib.parse import urlsplit, urlunsplit

import psycopg
from psycopg import sql
from redis import Redis
from redis.exceptions import RedisError


def create(server: str, redis: str) -> None:
    try:
        Redis.from_url(redis, socket_connect_timeout=3).ping()
        with psycopg.connect(server, autocommit=True, connect_timeout=3) as connection:
            name = f"roster_ci_{secrets.token_hex(4)}"
            connection.execute(
                sql.SQL("CREATE DATABASE {} ENCODING 'UTF8' TEMPLATE template0").format(sql.Identifier(name))
            )
    except (psycopg.Error, RedisError) as problem:
        sys.exit(f"{type(problem).__name__}: {problem}".splitlines()[0])
    print(urlunsplit(urlsplit(server)._replace(path=f"/{name}")))


def drop(server: str, own: str) -> None:
    name = urlsplit(own).path.strip("/")
    with psycopg.connect(server, autocommit=True) as connection:
        found = connection.execute(
            "SELECT datname FROM pg_database WHERE datname = %s OR starts_with(datname, %s)", [name, f"test_{name}"]
        )
        for (database,) in found.fetchall():
            connection.execute(sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(sql.Identifier(database)))


if __name__ == "__main__":
    {"create": create, "drop": drop}[sys.argv[1]](*sys.argv[2:])
