"""No file over 800 lines, no function over 80. Prints what is over and exits 1.

Functions of C++ are found by their braces, after comments, literals and preprocessor lines are blanked: a brace whose
head holds a parameter list, at the level of a namespace or class, opens a function; what is inside belongs to it
(lambdas too). Python is asked for its own tree, shell functions are `name() {` to `}` at the line's start."""
import ast
import re
import sys

from tree import ROOT, tracked

FILE_LINES = 800
FUNCTION_LINES = 80
TEXT = (".cc", ".h", ".py", ".sh", ".cmake", ".proto", ".md", ".conf", ".txt", ".js", ".toml", "dev", "run")

LITERAL = re.compile(
    r'R"([^()\\ ]{0,16})\(.*?\)\1"'  # raw string
    r'|"(?:\\.|[^"\\\n])*"'
    r"|(?<![0-9a-fA-F])'(?:\\.|[^'\\\n])*'"  # not the separator in 1'000
    r"|//[^\n]*|/\*.*?\*/",
    re.DOTALL,
)
PREPROCESSOR = re.compile(r"^[ \t]*#(?:[^\n\\]|\\.|\\\n)*", re.MULTILINE)
# A name, perhaps `final`, perhaps base classes (which may hold parentheses), and nothing else before the brace.
NOT_A_FUNCTION = re.compile(
    r"\b(namespace|class|struct|union|enum|extern)\b\s*[\w:]*(\s*<[^{}]*>)?(\s+final)?\s*(:[^:].*)?$", re.DOTALL)


def blank(text):
    """The same text with comments, literals and preprocessor lines as spaces; lines stay where they are."""
    def spaces(match):
        return re.sub(r"[^\n]", " ", match.group())

    return PREPROCESSOR.sub(spaces, LITERAL.sub(spaces, text))


def opens_function(head, after_initialiser):
    """`head` is the text between the last `;`, `{` or `}` and this brace. A constructor's `: a_{1}, b_(2) {` comes in
    pieces: the last has no parameter list of its own."""
    if NOT_A_FUNCTION.search(head):
        return False
    return ")" in head or (after_initialiser and not head.strip(" \n,"))


def cpp_functions(text):
    """(first line, last line) of every function body, with its head."""
    stack = []  # (is a function, line of its head)
    head_start, after_initialiser = 0, False
    text = blank(text)
    for match in re.finditer(r"[{};]", text):
        inside_function = any(is_function for is_function, _ in stack)
        head = text[head_start : match.start()]
        if match.group() == "{":
            is_function = not inside_function and opens_function(head, after_initialiser)
            first = head_start + len(head) - len(head.lstrip())
            stack.append((is_function, text.count("\n", 0, first) + 1))
        elif match.group() == "}" and stack:
            is_function, first_line = stack.pop()
            after_initialiser = not is_function
            if is_function:
                yield first_line, text.count("\n", 0, match.start()) + 1
        if match.group() == ";":
            after_initialiser = False
        head_start = match.end()


def python_functions(text):
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)):
            yield node.lineno, node.end_lineno


def shell_functions(text):
    first = None
    for number, line in enumerate(text.splitlines(), 1):
        if re.match(r"\w+\(\) \{", line):
            first = number
        elif line == "}" and first:
            yield first, number
            first = None


def functions_of(path, text):
    if path.endswith((".cc", ".h")):
        return list(cpp_functions(text))
    if path.endswith(".py"):
        return list(python_functions(text))
    return list(shell_functions(text)) if path.endswith((".sh", "dev")) else []


def too_big(path, text):
    lines = text.count("\n")
    if lines > FILE_LINES:
        yield f"{path}: {lines} lines (at most {FILE_LINES})"
    for first, last in functions_of(path, text):
        if last - first + 1 > FUNCTION_LINES:
            yield f"{path}:{first}: a function of {last - first + 1} lines (at most {FUNCTION_LINES})"


def problems():
    found = []
    for path in tracked():
        if path.endswith(TEXT):
            found += too_big(path, (ROOT / path).read_text())
    return found


if __name__ == "__main__":
    complaints = problems()
    print("\n".join(complaints) if complaints else "sizes: good")
    sys.exit(1 if complaints else 0)
