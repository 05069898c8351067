from __future__ import annotations

import os
import re
from concurrent.futures import ThreadPoolExecutor

from riskspace.ids import new_id, new_ids


def test_ids_are_128_bits_in_hexadecimal_and_never_the_same() -> None:
    with ThreadPoolExecutor(4) as threads:
        alone = list(threads.map(lambda _: new_id(), range(5000)))
    given = alone + new_ids(1000)
    assert len(set(given)) == 6000
    assert all(re.fullmatch(r"[0-9a-f]{32}", one) for one in given)


def test_a_forked_process_gives_none_of_its_parent_s() -> None:
    new_id()  # more are ready now
    reading, writing = os.pipe()
    child = os.fork()
    if child == 0:
        os.write(writing, new_id().encode())
        os._exit(0)
    os.waitpid(child, 0)
    assert os.read(reading, 32).decode() not in {new_id() for _ in range(500)}
