"""libcst on one piece: parse, visit, positions."""

from __future__ import annotations

from msgspec.structs import replace

from portlint.extract.python.base import Found, ReadText, ReadWords
from portlint.extract.python.fast_libcst import Places, cst
from portlint.extract.python.flow import may_be_used
from portlint.extract.python.pieces import Piece
from portlint.extract.python.surroundings import Surroundings
from portlint.extract.python.visitor import PortVisitor


def visit(piece: Piece, around: Surroundings, read_text: ReadText, read_words: ReadWords) -> list[Found]:
    """The port literals of a piece, with byte offsets into its code. Raises ValueError where libcst refuses it.

    Whatever else the result may depend on must be part of `around`, or the cache would keep what is no longer right.
    """
    code = piece.code
    if not may_be_used(code):
        around = replace(around, sinks={})
    try:
        # As a module, not a statement: what libcst prints (and so the positions) follows the file's own line ends.
        module = cst.parse_module(code.decode("utf-8"))
    except (cst.ParserSyntaxError, cst.CSTValidationError, UnicodeDecodeError) as error:
        raise ValueError(f"libcst does not read it: {str(error).splitlines()[0]}") from error
    places: Places | None = None

    def span(node: cst.CSTNode) -> tuple[int, int]:
        nonlocal places
        if places is None:
            places = Places(module)
        return places.spans[id(node)]

    def offset(node: cst.CSTNode) -> int:
        # A number or a string that is written once stands where it is found; libcst would print the piece to know.
        if places is None and isinstance(text := getattr(node, "value", None), str):
            written = text.encode()
            at = code.find(written)
            if at >= 0 and code.find(written, at + 1) < 0:
                return at
        return span(node)[0]

    def source(node: cst.BaseExpression) -> str:
        if places is None and not node.lpar:
            return module.code_for_node(node)
        start, end = span(node)
        return code[start:end].decode("utf-8", "replace")

    visitor = PortVisitor(offset, source, piece.scope, around, read_text, read_words)
    try:
        visitor.walk(module, comments=b"#" in code)
    except SyntaxError as error:  # an integer of more digits than Python converts
        raise ValueError(str(error.msg)) from None
    return [f for f in visitor.found if piece.skip <= f.start]
