"""The set-up of a clone, as far as it can be seen without a network."""

import subprocess
import sys
from pathlib import Path

import pytest

from deploy import setup


@pytest.fixture
def pip_configuration(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """A pip that has this file for its only configuration."""
    for name in ("PIP_INDEX_URL", "PIP_EXTRA_INDEX_URL", "PIP_FIND_LINKS", "PIP_CERT", "SSL_CERT_FILE"):
        monkeypatch.delenv(name, raising=False)
    for name in ("UV_DEFAULT_INDEX", "UV_INDEX", "UV_FIND_LINKS", "UV_INSECURE_HOST"):
        monkeypatch.delenv(name, raising=False)
    file = tmp_path / "pip.conf"
    monkeypatch.setenv("PIP_CONFIG_FILE", str(file))
    monkeypatch.setattr(setup, "PYTHON", Path(sys.executable))
    return file


def test_uv_is_told_the_way_that_pip_knows(pip_configuration: Path, tmp_path: Path) -> None:
    pip_configuration.write_text(
        "[global]\nindex-url = https://mirror.test/simple\n"
        f"trusted-host = mirror.test\ncert = /certs.pem\nfind-links = {tmp_path} /no/such/place\n"
    )
    told = setup.uv_environment()
    assert told["UV_DEFAULT_INDEX"] == "https://mirror.test/simple"
    assert told["UV_INSECURE_HOST"] == "mirror.test"
    assert told["SSL_CERT_FILE"] == "/certs.pem"
    assert told["UV_FIND_LINKS"] == str(tmp_path)


def test_what_a_variable_says_wins_over_the_file(
    pip_configuration: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pip_configuration.write_text("[global]\nindex-url = https://file.test/simple\n")
    monkeypatch.setenv("PIP_INDEX_URL", "https://variable.test/simple")
    assert setup.uv_environment()["UV_DEFAULT_INDEX"] == "https://variable.test/simple"


def test_index_of_its_own_is_left_to_uv(pip_configuration: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pip_configuration.write_text("[global]\nindex-url = https://file.test/simple\n")
    monkeypatch.setenv("UV_DEFAULT_INDEX", "https://own.test/simple")
    assert setup.uv_environment()["UV_DEFAULT_INDEX"] == "https://own.test/simple"


def test_full_disk_is_named_before_anything_is_installed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(setup, "DISK_FREE_BYTES_MIN", 1 << 60)
    monkeypatch.setattr(setup, "PYTHON", Path("/no/such/python"))
    with pytest.raises(setup.SetupError, match=r"Only .* GB are free"):
        setup.check_machine()


def test_failed_step_shows_what_the_step_said() -> None:
    with pytest.raises(setup.SetupError, match=r"(?s)the reason.*Failed while trying: `sh -c"):
        setup.run(["sh", "-c", "echo the reason; exit 3"], "trying")


def test_old_python_reads_far_enough_to_be_told() -> None:
    """The file must parse with the grammar of Pythons that are too old."""
    import ast  # noqa: PLC0415

    ast.parse(Path(setup.__file__).read_text(), feature_version=(3, 7))


def test_setup_needs_nothing_but_the_standard_library() -> None:
    done = subprocess.run(
        (sys.executable, "-I", "-S", setup.__file__, "--help"), capture_output=True, text=True, check=False
    )
    assert done.returncode == 0
    assert "--tests" in done.stdout


def test_locks_name_no_index_and_hash_everything() -> None:
    for lock in setup.HERE.glob("requirements*.lock"):
        text = lock.read_text()
        assert "://" not in text
        pins = [line for line in text.splitlines() if "==" in line and not line.startswith("#")]
        assert pins
        assert text.count("--hash=sha256:") >= len(pins)
