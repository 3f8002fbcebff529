"""What the operator does about schools."""

from pathlib import Path

import pytest

from deploy.schools import School, make, rotate_keys
from edge import identity
from edge.queries import sql
from schemas.settings import Settings, SettingsError


async def test_an_operator_makes_schools_gives_domains_and_changes_keys(
    database: str, tmp_path: Path
) -> None:
    """Repeating is safe; a domain is one school's."""
    await identity.migrate(database)
    keys = str(tmp_path / "keys.json")
    settings = Settings(postgres=database, secret_file=keys, public_url="https://class.example")
    hill = School("hill", "Hillside", ["Hill.example", "hillside.example"], "head@hill.example")
    for _ in range(2):
        link = await make(settings, hill)
        assert link is not None
        assert link.startswith("https://class.example/signin#token=")
    with pytest.raises(SettingsError, match="another"):
        await make(settings, School("dale", "Dale", ["hill.example"]))
    for wrong in (School("a.b", "x"), School("dale", "x", ["localhost"]), School("dale", "x", ["-.example"])):
        with pytest.raises(SettingsError):
            await make(settings, wrong)
    async with identity.open_pool(database, connections_max=2) as pool:
        row = await pool.fetchrow(sql("tenant"), "hill")
        assert row is not None
        assert row["domains"] == ["hill.example", "hillside.example"]
    first = await rotate_keys(settings)
    second = await rotate_keys(settings)
    assert second != first
    assert await rotate_keys(settings) == second  # It is announced and does not sign yet.
