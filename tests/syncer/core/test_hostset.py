"""Sets of hosts that a rule lets through."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from syncer.core.hostset import EVERY, Evaluation, HostSet, Leaf, evaluate_program, list_members
from syncer.core.ruleparser import Operator

BITS = st.integers(0, 2**20 - 1)


def named_among(matched: int, named: int) -> HostSet:
    return HostSet(matched, matched & named)


HOSTS = st.builds(named_among, BITS, BITS)


@given(st.sets(st.integers(0, 200)))
def test_members_are_the_numbers_of_the_bits_that_are_set(numbers: set[int]) -> None:
    assert list_members(sum(1 << number for number in numbers)) == sorted(numbers)


def test_either_rule_lets_through_and_names_what_one_of_them_does() -> None:
    assert HostSet(0b0011, 0b0001) | HostSet(0b0110, 0b0100) == HostSet(0b0111, 0b0101)


def test_both_rules_let_through_what_each_does_and_one_of_them_is_enough_to_name_it() -> None:
    assert HostSet(0b0111, 0b0001) & HostSet(0b1011, 0b1010) == HostSet(0b0011, 0b0011)
    assert HostSet(0b01, 0b01) & HostSet(0b10, 0b10) == HostSet(0)


@given(HOSTS, HOSTS)
def test_no_rule_names_what_it_does_not_let_through(one: HostSet, other: HostSet) -> None:
    for result in (one | other, one & other):
        assert result.named & ~result.matched == 0


def test_a_rule_is_evaluated_in_postfix_order() -> None:
    one, other = Leaf(("a.x", "b.x")), Leaf(("b.x",), negated=True)
    assert evaluate_program([one, other, "&&"], wildcards=True) == Evaluation({"a.x"}, possible=True)
    assert evaluate_program([one, other, "||"], wildcards=True) == Evaluation({"a.x", "b.x"}, possible=True)
    assert evaluate_program([Leaf(("b.x",)), other, "&&"], wildcards=True) == Evaluation(set(), possible=False)


def test_a_wildcard_takes_along_the_names_one_label_below_it() -> None:
    program: list[Leaf | Operator] = [Leaf(("*.x",)), Leaf(("a.x", "b.a.x")), "&&"]
    assert evaluate_program(program, wildcards=True) == Evaluation({"a.x"}, possible=True)
    assert evaluate_program(program, wildcards=False) == Evaluation(set(), possible=False)


def test_hosts_that_nothing_names_are_hosts_too() -> None:
    assert evaluate_program([Leaf(("a.x",), negated=True)], wildcards=True).possible
    assert not evaluate_program([Leaf()], wildcards=True).possible
    assert not evaluate_program([Leaf((EVERY,), every=True, negated=True)], wildcards=True).possible
