"""Narrow: a query without the columns that nothing in it reads.

A definition adds columns to whole tables, which reads well and costs nothing in the database, but writing the SQL takes
time for every column at every step. Before a measure is executed, its expression is built again with those columns
alone that its result needs. The result is the same.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

import ibis.expr.operations as ops
import ibis.expr.types as ir

_SHRINKING = (ops.Project, ops.JoinChain)


def narrowed(table: ir.Table, replaced: Callable[[ops.Node], ops.Node] = lambda leaf: leaf) -> ir.Table:
    """Return a table of the same rows and columns, whose steps carry only the columns that later ones read.

    Steps that give the columns of their input as they are (a filter, an order, one side of a join) are followed; the
    input of any other step, as of a union, keeps all its columns.

    Parameters
    ----------
    replaced
        What stands for each literal and for each table that is not made of others.
    """
    root = table.op()
    needed: dict[ops.Relation, set[str]] = {root: set(root.schema.names)}
    for relation in reversed([node for node in in_order(root) if isinstance(node, ops.Relation)]):
        if relation not in needed:
            continue
        if isinstance(relation, _SHRINKING) and not needed[relation]:
            # A step must have a column, though none of it may be read: to count the rows.
            needed[relation] = {next(iter(relation.values))}
        _ask(relation, needed[relation], needed)
    return _Builder(needed, replaced).build(root).to_expr()


def in_order(root: ops.Node) -> list[ops.Node]:
    """Return every node, what it is made of before itself."""
    order: dict[ops.Node, None] = {}
    stack: list[tuple[ops.Node, bool]] = [(root, False)]
    while stack:
        node, is_done = stack.pop()
        if is_done:
            order[node] = None
        elif node not in order:
            stack.append((node, True))
            stack.extend((child, False) for child in node.__children__ if child not in order)
    return list(order)


def _ask(relation: ops.Relation, names: set[str], needed: dict[ops.Relation, set[str]]) -> None:
    """Add the columns that a relation reads of those below it, where only some of its own are needed."""
    if isinstance(relation, _SHRINKING):
        read: list[Any] = [value for name, value in relation.values.items() if name in names]
        if isinstance(relation, ops.JoinChain):
            read += [predicate for link in relation.rest for predicate in link.predicates]
            sides = [relation.first, *(link.table for link in relation.rest)]
        else:
            sides = [relation.parent]
        for side in sides:
            needed.setdefault(side, set())
        _ask_values(read, needed)
    elif isinstance(relation, ops.Aggregate):
        needed.setdefault(relation.parent, set())
        _ask_values([*relation.groups.values(), *relation.metrics.values()], needed)
    elif isinstance(relation, ops.Filter | ops.Sort):
        needed.setdefault(relation.parent, set()).update(names)
        _ask_values(relation.predicates if isinstance(relation, ops.Filter) else relation.keys, needed)
    elif isinstance(relation, ops.JoinReference | ops.SelfReference):
        needed.setdefault(relation.parent, set()).update(names)
    else:
        _ask_values(relation.__children__, needed)


def _ask_values(values: Iterable[Any], needed: dict[ops.Relation, set[str]]) -> None:
    seen: set[Any] = set()
    stack = list(values)
    while stack:
        node = stack.pop()
        if node in seen:
            continue
        seen.add(node)
        if isinstance(node, ops.Field):
            needed.setdefault(node.rel, set()).add(node.name)
        elif isinstance(node, ops.Relation):
            needed.setdefault(node, set()).update(node.schema.names)
        else:
            stack.extend(node.__children__)


class _Builder:
    """Builds nodes again with the columns that are needed, each once."""

    def __init__(self, needed: dict[ops.Relation, set[str]], replaced: Callable[[ops.Node], ops.Node]) -> None:
        self.needed = needed
        self.replaced = replaced
        self.built: dict[ops.Node, Any] = {}

    def build(self, node: Any) -> Any:
        """Return a node, or what holds nodes, made of narrowed relations."""
        if isinstance(node, ops.Node):
            if node not in self.built:
                self.built[node] = self._made(node)
            return self.built[node]
        if isinstance(node, tuple):
            return tuple(self.build(each) for each in node)
        if hasattr(node, "items"):
            return {name: self.build(each) for name, each in node.items()}
        return node

    def _made(self, node: ops.Node) -> ops.Node:
        if not node.__children__:
            return self.replaced(node)
        args = dict(zip(node.argnames, node.args, strict=True))
        if isinstance(node, _SHRINKING):
            names = self.needed[node]
            args["values"] = {name: value for name, value in node.values.items() if name in names}
        made = {name: self.build(value) for name, value in args.items()}
        if all(made[name] is value for name, value in args.items()):
            return node
        again: ops.Node = node.__recreate__(made)
        return again
