"""What is said about the product is true and whole."""

import argparse
import importlib
import re
from collections.abc import Iterator
from pathlib import Path

import app

ROOT = Path(__file__).parents[2]
VARIABLE = re.compile(r"PPA_[A-Z_]+[A-Z]")
WORDS = (
    "顧客",
    "契約",
    "基本料金",
    "発電量",
    "売電量",
    "利用量",
    "利用料金",
    "売電料金",
    "利用料金合計",
    "請求",
    "認証コード",
    "発電所長HOME",
    "積算値",
    "検針値",
    "利用月",
    "要確認",
    "請求番号",
    "顧客番号",
    "氏名",
    "状態",
    "品質",
    "利用日",
    "区分",
    "製造番号",
    "契約開始日",
    "契約終了日",
    "売電単価",
    "利用単価",
    "メールアドレス",
)


def read(name: str) -> str:
    """Return a file of the tree."""
    return (ROOT / name).read_text(encoding="utf-8")


def test_every_setting_of_the_environment_is_in_the_example() -> None:
    assert set(VARIABLE.findall(read("shared/config.py"))) <= set(
        VARIABLE.findall(read(".env.example"))
    )


def test_the_example_names_no_setting_that_does_not_exist() -> None:
    assert set(VARIABLE.findall(read(".env.example"))) <= set(
        VARIABLE.findall(read("shared/config.py"))
    )


def test_every_command_and_option_is_documented() -> None:
    commands = read("docs/commands.md")
    missing = [words for words in every_command() if not all(word in commands for word in words)]
    assert missing == []


def test_every_setting_of_the_database_is_documented() -> None:
    settings = importlib.import_module("shared.settings")
    commands = read("docs/commands.md")
    assert [key for key in settings.KEYS if f"`{key}`" not in commands] == []


def test_the_glossary_binds_every_heading_of_the_screens() -> None:
    glossary = read("docs/architecture.md")
    assert [word for word in WORDS if word not in glossary] == []


def every_command() -> Iterator[list[str]]:
    """Yield each command's words and its long options."""
    for family in app.FAMILIES:
        parser = argparse.ArgumentParser(prog="ppa")
        importlib.import_module(family.module).register(parser.add_subparsers())
        yield from leaves(parser)


def leaves(parser: argparse.ArgumentParser) -> Iterator[list[str]]:
    """Yield the commands under a parser that take no further action word."""
    below = [action for action in parser._actions if isinstance(action, argparse._SubParsersAction)]
    if not below:
        options = [action.option_strings[-1] for action in parser._actions if action.option_strings]
        yield [parser.prog, *(option for option in options if option != "--help")]
    for action in below:
        for child in action.choices.values():
            yield from leaves(child)
