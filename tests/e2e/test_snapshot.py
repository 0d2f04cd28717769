"""What checking gave is recalled while nothing was changed, and never after something was."""

from __future__ import annotations

import json

import pytest

KEPT = ".penstock/cache/checked"


def compiled(shop, *args, env=None):
    """What `compile` prints: recalled if it may be, and made anew; the two have to be the same."""
    told = shop("compile", "--json", *args, env=env)
    for path in (shop.root / KEPT).glob("*.json"):
        path.unlink()
    fresh = shop("compile", "--json", *args, env=env)
    assert (told.code, told.out, told.err) == (fresh.code, fresh.out, fresh.err)
    return fresh.document


def spoil(shop):
    """Change what is kept, so that it shows where it is recalled."""
    for kept in (shop.root / KEPT).glob("*.json"):
        document = json.loads(kept.read_text())
        document["name"] = "recalled"
        kept.write_text(json.dumps(document))


def recalled(shop, *args, env=None):
    return shop("validate", *args, env=env).out.startswith("recalled ")


def test_it_is_recalled_while_nothing_changes(shop):
    first = shop("validate", "--json")
    again = shop("validate", "--json")
    assert (first.out, first.err, first.code) == (again.out, again.err, again.code)
    plain = shop("validate")
    assert not recalled(shop)
    spoil(shop)
    assert recalled(shop)
    assert shop("validate").err == plain.err


CHANGES = {
    "the pipeline file": lambda shop: shop.edit("least: 0", "least: 4"),
    "a model": lambda shop: shop.edit("count(*)", "count(id)", "models/totals.sql"),
    "a source's file": lambda shop: shop.write("data/orders.csv", "id,customer,amount,at,new\n"),
    "another file of a source": lambda shop: shop.write("data/orders2.csv", "id,more\n1,2\n"),
    "a recorded schema": lambda shop: shop.write(
        "schemas/customers.yaml", "schema: {customer: varchar, name: varchar, age: integer}\n"
    ),
}


@pytest.mark.parametrize("what", CHANGES)
def test_what_was_changed_is_seen(shop, what):
    shop.edit("    schema: {customer: varchar, name: varchar}\n", "")
    before = compiled(shop)
    shop("validate")
    spoil(shop)
    CHANGES[what](shop)
    assert not recalled(shop), what
    assert compiled(shop) != before, what


def test_an_error_is_told_each_time_and_nothing_is_recalled_over_it(shop):
    shop("validate")
    shop.edit("amount > $least", "amont > $least")
    for _ in range(2):
        told = shop("validate", "--json")
        assert (told.code, told.codes.count("PSK-SQL-102")) == (3, 1)
    shop.edit("amont > $least", "amount > $least")
    assert shop("validate").code == 0


def test_the_environment_variables_and_the_engine_are_part_of_the_question(shop):
    shop.edit("least: 0", 'least: 0\n  word: "${env.SHOP_WORD}"')
    shop.edit("FROM clean", "FROM clean WHERE customer <> $word", "models/totals.sql")
    one = compiled(shop, env={"SHOP_WORD": "x"})
    assert compiled(shop, env={"SHOP_WORD": "y"}) != one
    shop("validate", env={"SHOP_WORD": "x"})
    spoil(shop)
    assert recalled(shop, env={"SHOP_WORD": "x"})
    assert not recalled(shop, env={"SHOP_WORD": "y"})
    assert not recalled(shop, "--var", "least=3", env={"SHOP_WORD": "x"})
    assert shop("validate", "--var", "leest=3", env={"SHOP_WORD": "x"}).code == 2


def test_a_python_file_that_a_step_imports_is_part_of_it(shop):
    shop.write("steps/add.py", "from steps.by import much\n\n\ndef add(rows):\n    return rows\n")
    shop.write("steps/by.py", "much = 1\n")
    shop.edit("  totals: models/totals.sql", "  totals: {from: clean, python: 'steps/add.py:add'}")
    before = compiled(shop)
    shop("validate")
    spoil(shop)
    assert recalled(shop)
    shop.write("steps/by.py", "much = 2\n")
    assert not recalled(shop)
    assert compiled(shop)["digest"] != before["digest"]


@pytest.mark.parametrize("text", ["", "{", "[]", "{}", '{"made_by": 1}'])
def test_a_damaged_snapshot_is_passed_over(shop, text):
    plain = shop("validate")
    (kept,) = (shop.root / KEPT).glob("*.json")
    kept.write_text(text)
    again = shop("validate")
    assert (again.out, again.code) == (plain.out, 0)


def test_a_run_with_a_snapshot_is_like_one_without(shop):
    shop("validate")
    ran = shop("run", "--json")
    assert ran.code == 0, ran.err
    assert ran.document["datasets"]["clean"]["rows_out"] == 2
    assert shop("run", "--json").document["status"] == "skipped"
