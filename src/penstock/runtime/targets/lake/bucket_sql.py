"""SQL of Iceberg's `bucket` transform: Murmur3 (x86, 32 bit) of a value, modulo the buckets.

https://iceberg.apache.org/spec/#appendix-b-32-bit-hash-requirements says which bytes are hashed:
of whole numbers, dates and times the eight bytes of a long, of a text its UTF-8 bytes.
"""

from __future__ import annotations

_M = "4294967295::UBIGINT"


def bucket(value: str, buckets: int, *, text: bool) -> str:
    """SQL expression: the number of the bucket; NULL of NULL.

    Args:
        value: SQL of the value: text, or a whole number.
    """
    hashed = _of_text(value) if text else _of_long(value)
    return f"CAST(({hashed} & 2147483647::UBIGINT) % {buckets} AS INTEGER)"


def _of_long(value: str) -> str:
    low = f"CAST((CAST({value} AS BIGINT) & 4294967295) AS UBIGINT)"
    high = f"CAST(((CAST({value} AS BIGINT) >> 32) & 4294967295) AS UBIGINT)"
    return _finished(_folded(f"[{low}, {high}]"), "8")


def _of_text(value: str) -> str:
    data = f"hex(encode({value}))"
    size = f"(strlen({value}))"
    words = f"list_transform(range({size} // 4), lambda i: {_word(data, 'i * 8', 4)})"
    # The bytes that are left make a word of their own, which is not rotated into the hash.
    at = f"({size} // 4) * 8"
    rest = f"CASE {size} % 4 " + " ".join(
        f"WHEN {n} THEN {_mixed(_word(data, at, n))}" for n in (1, 2, 3)
    )
    return _finished(f"xor({_folded(words)}, {rest} ELSE 0::UBIGINT END)", size)


def _word(data: str, at: str, size: int) -> str:
    """The little-endian number of some bytes of a hexadecimal text."""
    digits = " || ".join(f"substr({data}, {at} + {2 * i + 1}, 2)" for i in reversed(range(size)))
    return f"CAST('0x' || {digits} AS UBIGINT)"


def _folded(words: str) -> str:
    turned = _rotated(f"xor(h, {_mixed('k')})", 13)
    step = f"({turned} * 5 + 3864292196) & {_M}"
    return f"list_reduce({words}, lambda h, k: {step}, 0::UBIGINT)"


def _mixed(word: str) -> str:
    turned = _rotated(f"(({word} * 3432918353) & {_M})", 15)
    return f"(({turned} * 461845907) & {_M})"


def _rotated(value: str, by: int) -> str:
    """Rotated to the left within 32 bits, by multiplication: `<<` minds the sign."""
    return f"((({value} * {2**by}) & {_M}) | ({value} // {2 ** (32 - by)}))"


def _finished(hashed: str, size: str) -> str:
    """The final mix; each step needs its value twice, so it is named by a list of one."""
    found = f"xor({hashed}, CAST({size} AS UBIGINT))"
    for shift, factor in ((16, 2246822507), (13, 3266489909), (16, 1)):
        step = f"(xor(v, v // {2**shift}) * {factor}) & {_M}"
        found = f"list_transform([{found}], lambda v: {step})[1]"
    return found
