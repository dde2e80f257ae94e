"""libcst on one piece: parse, visit, positions."""

from __future__ import annotations

from portlint.extract.python.base import Found, ReadText, ReadWords
from portlint.extract.python.fast_libcst import Places, cst
from portlint.extract.python.flow import Flow
from portlint.extract.python.libraries import Imports
from portlint.extract.python.pieces import Piece
from portlint.extract.python.visitor import PortVisitor


def visit(
    piece: Piece,
    imports: Imports,
    flow: Flow,
    read_text: ReadText,
    read_words: ReadWords,
) -> list[Found]:
    """The port literals of a piece, with byte offsets into its code. Raises ValueError where libcst refuses it."""
    code = piece.code
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

    visitor = PortVisitor(offset, source, piece.scope, imports, flow.signatures, flow.sinks, read_text, read_words)
    try:
        visitor.walk(module, comments=b"#" in code)
    except SyntaxError as error:  # an integer of more digits than Python converts
        raise ValueError(str(error.msg)) from None
    return [f for f in visitor.found if piece.skip <= f.start]
