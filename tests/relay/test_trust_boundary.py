"""Nothing under relay/ can decrypt: the package boundary is the trust boundary."""

from __future__ import annotations

import ast
import subprocess
import sys
from pathlib import Path

import pytest

import cryptpad_relay

ROOT = Path(cryptpad_relay.__file__).parent
MODULES = sorted(ROOT.rglob("*.py"))
ALLOWED_FROM_NACL = {"crypto_sign", "crypto_sign_open", "crypto_sign_seed_keypair", "CryptoError"}
FORBIDDEN = ("cryptpad_tui", "pycrdt", "textual", "apsw", "cryptography")
SHELLS = {
    *("cli.py", "__main__.py", "server.py", "connection.py", "committer.py"),
    *("data_dir.py", "diagnostics.py", "sqlite.py"),
}
PURE_FORBIDDEN = ("asyncio", "sqlite3", "socket", "websockets", "time", "random", "os")


def imports(path: Path) -> list[tuple[str, str]]:
    """(module, name) of each import of a file; the name is empty for a plain import."""
    found = []
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            found += [(alias.name, "") for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            found += [(node.module or "", alias.name) for alias in node.names]
    return found


@pytest.mark.parametrize("path", MODULES, ids=lambda path: str(path.relative_to(ROOT)))
def test_no_module_imports_a_client_a_document_or_a_cipher(path: Path) -> None:
    for module, name in imports(path):
        assert module.split(".")[0] not in FORBIDDEN
        if module.split(".")[0] == "nacl":
            assert name in ALLOWED_FROM_NACL


@pytest.mark.parametrize("path", MODULES, ids=lambda path: str(path.relative_to(ROOT)))
def test_what_decides_touches_no_clock_no_socket_and_no_chance(path: Path) -> None:
    shells = {
        "cli.py",
        "server.py",
        "connection.py",
        "handshake.py",
        "committer.py",
        "data_dir.py",
        "diagnostics.py",
        "__main__.py",
    }
    if path.name in shells or path.name == "sqlite.py":
        return
    assert not [module for module, _ in imports(path) if module.split(".")[0] in PURE_FORBIDDEN]


@pytest.mark.parametrize("path", MODULES, ids=lambda path: str(path.relative_to(ROOT)))
def test_modules_are_short_and_say_what_they_are_for(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    assert ast.get_docstring(ast.parse(text))
    if "protocol" not in path.parts:
        assert len(text.splitlines()) <= 310


def test_a_running_relay_has_loaded_none_of_them() -> None:
    code = (
        "import sys, cryptpad_relay.cli; "
        f"print([name for name in sys.modules if name.split('.')[0] in {FORBIDDEN!r} "
        "or name in ('nacl.secret', 'nacl.public', 'nacl.pwhash')])"
    )
    result = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert result.stdout.strip() == "[]"
