"""The arithmetic of the table."""

import pytest

from tests.bench.table import Row, at_least, at_most, line, percentile, rate, ratios


def test_percentile_is_a_value_that_was_measured() -> None:
    values = [float(n) for n in range(100, 0, -1)]
    assert [percentile(values, p) for p in (1, 50, 95, 99, 100)] == [1, 50, 95, 99, 100]
    assert percentile([3.0], 99) == 3.0
    with pytest.raises(ValueError, match="no values"):
        percentile([], 50)


def test_ratios_are_taken_round_by_round() -> None:
    assert ratios([2.0, 9.0], [1.0, 3.0]) == (2.0, 3.0)
    with pytest.raises(ValueError, match="shorter"):
        ratios([1.0, 2.0], [1.0])


def test_rate_is_calls_per_second() -> None:
    assert rate([0.1, 0.3]) == 5.0


def test_goals_count_their_own_value_as_met() -> None:
    assert (at_most(2).met(2), at_most(2).met(2.01)) == (True, False)
    assert (at_least(2).met(2), at_least(2).met(1.99)) == (True, False)


def test_a_line_shows_median_spread_goal_and_verdict() -> None:
    assert line(Row("queue", (1.1, 1.5, 1.3), at_most(1.2), note="5 ms")).split() == (
        ["queue", "1.30", "1.10", "1.50", "≤", "1.2", "MISSED", "5", "ms"]
    )
    assert line(Row("queue", (1.1, 1.5, 1.0), at_most(1.2))).split() == (
        ["queue", "1.10", "1", "1.50", "≤", "1.2", "met"]
    )
    assert line(Row("rules", (78.0,))).split() == ["rules", "78", "78", "78"]
    assert line(Row("start", (0.0123,), unit="s")).split() == ["start", "s", "0.0123", "0.0123", "0.0123"]


def test_a_line_says_why_a_row_was_left_out() -> None:
    assert line(Row("lag", skipped="no redis-server program")).endswith(" skipped: no redis-server program")
