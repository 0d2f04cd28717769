"""Profiles: a part of the pipeline file that is laid over the rest."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from penstock.diagnostics import did_you_mean
from penstock.errors import UsageError
from penstock.spec.tree import Entry, Node

if TYPE_CHECKING:
    from collections.abc import Mapping


def profiles_of(root: Node) -> Mapping[str, Entry]:
    """Name → profile."""
    found = root.get("profiles")
    return found.entries if found else {}


def with_profile(root: Node, name: str | None) -> Node:
    """The definition with a profile laid over it, and without the section `profiles`.

    Raises:
        UsageError: there is no such profile.
    """
    base = root.with_entry("profiles", None)
    if name is None:
        return base
    profiles = profiles_of(root)
    if name not in profiles:
        hint = did_you_mean(name, profiles, noun="profiles") or "the definition has no profiles"
        raise UsageError(f"no profile named `{name}`", code="PSK-REF-036", hint=hint)
    profile = profiles[name].node
    return merge(base, profile) if profile.is_mapping else base


def merge(base: Node, over: Node) -> Node:
    """`over` laid over `base`: mappings are merged, everything else is replaced.

    A merged mapping stands where the base stands; each value stands where it was written.
    """
    if not (base.is_mapping and over.is_mapping):
        return over
    entries = dict(base.entries)
    for key, entry in over.entries.items():
        known = entries.get(key)
        if known and known.node.is_mapping and entry.node.is_mapping:
            entries[key] = Entry(known.key, merge(known.node, entry.node))
        else:
            entries[key] = entry
    return replace(base, value=entries)
