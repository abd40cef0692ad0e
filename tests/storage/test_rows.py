"""The tables on disk and the kinds in code say the same columns."""

import pytest

from somalink.storage import panels, rows


@pytest.mark.parametrize("kind", [*rows.ROWS, rows.RAW, panels.HRV], ids=lambda kind: kind.name)
def test_a_kind_has_the_columns_of_its_table(store, kind) -> None:
    columns = {name for _, name, *_ in store._database.rows(f"PRAGMA table_info({kind.name})")}
    assert columns == {*kind.columns, "change"}
    assert set(kind.key) <= columns
