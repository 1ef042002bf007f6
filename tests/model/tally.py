"""How far the model got: steps, what became of every move, and which edges were taken."""

from collections import Counter
from dataclasses import dataclass, field

from tests.model.design import DELIVERY_EDGES, EDGES


@dataclass
class Tally:
    examples: int = 0
    steps: int = 0
    done: Counter[str] = field(default_factory=Counter)
    refused: Counter[str] = field(default_factory=Counter)
    reasons: Counter[str] = field(default_factory=Counter)
    edges: Counter[tuple[str, str, str]] = field(default_factory=Counter)
    delivery_edges: Counter[tuple[str, str]] = field(default_factory=Counter)
    accepted: int = 0

    def missing(self) -> list[tuple[str, str, str]]:
        return sorted(EDGES - set(self.edges))

    def report(self) -> str:
        """Lines for the terminal."""
        lines = [
            f"model: {self.steps} steps in {self.examples} examples; {sum(self.done.values())} moves done, "
            f"{sum(self.refused.values())} refused; {self.accepted} posts accepted by networks",
            f"{'move':<28}{'done':>7}{'refused':>9}",
        ]
        names = sorted({*self.done, *self.refused})
        lines += [f"{name:<28}{self.done[name]:>7}{self.refused[name]:>9}" for name in names]
        lines.append(f"edges of the design taken: {len(EDGES) - len(self.missing())} of {len(EDGES)}")
        lines += [
            f"  {name:<18}{start:>19} -> {to:<19}{self.edges[name, start, to]:>6}" for name, start, to in sorted(EDGES)
        ]
        seen = [edge for edge in sorted(DELIVERY_EDGES) if self.delivery_edges[edge]]
        lines.append(f"delivery edges seen as a step of their own: {len(seen)} of {len(DELIVERY_EDGES)}")
        lines += [f"  {start:>12} -> {to:<12}{self.delivery_edges[start, to]:>6}" for start, to in seen]
        lines.append("refused because: " + ", ".join(f"{code} {n}" for code, n in self.reasons.most_common()))
        return "\n".join(lines)
