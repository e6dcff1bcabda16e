from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from config.secrets import kept


def test_a_key_is_made_once_and_only_its_owner_reads_it(tmp_path: Path) -> None:
    path = tmp_path / "state" / "suppression.key"

    with ThreadPoolExecutor(8) as several:
        keys = set(several.map(lambda _: kept(path), range(8)))

    assert len(keys) == 1
    assert len(keys.pop()) >= 32
    assert path.stat().st_mode & 0o777 == 0o600
    assert [file.name for file in path.parent.iterdir()] == ["suppression.key"]
