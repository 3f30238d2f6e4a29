"""Secrets go, in whatever form; the rest of a text stays."""

from __future__ import annotations

import base64
import json
from pathlib import Path
from urllib.parse import quote

import pytest

from salesnb.errors import ContractError
from salesnb.run.redact import MASK, Redactor

PASSWORD = 'pä"ss w/rd\\42'


@pytest.fixture
def redactor() -> Redactor:
    return Redactor.of({"PG": PASSWORD, "HOME": "/home/ann"}, ["postgresql://ann:env:PG@db/sales"])


@pytest.mark.parametrize(
    "form",
    [
        PASSWORD,
        quote(PASSWORD),
        quote(PASSWORD, safe=""),
        json.dumps(PASSWORD)[1:-1],
        json.dumps(PASSWORD, ensure_ascii=False)[1:-1],
        repr(PASSWORD)[1:-1],
    ],
)
def test_a_secret_is_hidden_in_every_form(redactor: Redactor, form: str) -> None:
    assert redactor.text(f"could not connect as ann with {form}!") == f"could not connect as ann with {MASK}!"


@pytest.mark.parametrize("before", ["", "a", "ab", "user:"])
def test_a_secret_is_hidden_inside_base64(redactor: Redactor, before: str) -> None:
    coded = base64.b64encode(f"{before}{PASSWORD}@db".encode()).decode()
    shown = redactor.text(f"Basic {coded}").removeprefix("Basic ")
    head, mask, tail = shown.partition(MASK)
    assert mask == MASK
    assert len(head) <= -(-len(before) * 8 // 6)  # the letters before the secret, and not one that is of it alone
    assert len(tail.rstrip("=")) <= 4 + 1  # the four letters of "@db", and one that holds the secret's last bits too


def test_what_reads_like_the_name_of_a_secret_is_one() -> None:
    redactor = Redactor.of(
        {"CRM_API_KEY": "k-12345678", "TOKENIZERS_PARALLELISM": "false", "NAME": "long-enough-value"}
    )
    assert redactor.text("k-12345678 false long-enough-value") == f"{MASK} false long-enough-value"


def test_a_short_value_is_left() -> None:
    assert Redactor.of({"PG": "abc"}, ["env:PG"]).text("abc") == "abc"


def test_a_password_in_a_url_is_hidden_without_being_known() -> None:
    assert Redactor().text("at postgresql://ann:hunter2@db:5432/x") == f"at postgresql://ann:{MASK}@db:5432/x"


def test_a_mapping_file_names_secrets(tmp_path: Path) -> None:
    mapping = tmp_path / "crm.yml"
    mapping.write_text("source: postgresql://ann:env:CRM@db\n")
    assert Redactor.for_source({"CRM": "hunter2"}, str(mapping)).text("hunter2") == MASK


def test_a_tree_is_redacted_and_not_changed(redactor: Redactor) -> None:
    tree = {"a": [PASSWORD, 1, None], PASSWORD: True}
    assert redactor.tree(tree) == {"a": [MASK, 1, None], MASK: True}
    assert tree == {"a": [PASSWORD, 1, None], PASSWORD: True}


def test_an_error_loses_its_secrets(redactor: Redactor) -> None:
    error = redactor.error(ContractError(f"no login with {PASSWORD}", where=PASSWORD, mend="check it"))
    assert str(error) == f"no login with {MASK}\n  where: {MASK}\n  mend:  check it"
    assert PASSWORD not in repr(error)
