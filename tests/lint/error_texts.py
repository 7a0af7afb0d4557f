"""docs/troubleshooting.md has each public error with the very words of the error pages."""
import re
import sys

from tree import ROOT

WORDS = "common/http/error_words.cc"
PAGE = "docs/troubleshooting.md"
# The admin API's, which answers problem details with a sentence of its own.
ADMIN_ONLY = {"invalid_argument", "conflict", "not_found"}


def snake(name):
    return re.sub(r"(?<!^)([A-Z])", r"_\1", name).lower()


def texts_of(source):
    """{code: sentence}; what is said of all others belongs to internal_error."""
    found = {snake(name): text for name, text in re.findall(r'case ErrorCode::k(\w+):\s*return "([^"]*)";', source)}
    found["internal_error"] = re.search(r'default:\s*return "([^"]*)";', source).group(1)
    return {code: text for code, text in found.items() if code not in ADMIN_ONLY}


def complaints(source, page):
    for code, text in texts_of(source).items():
        if f"| `{code}` | {text} |" not in page:
            yield f"{PAGE}: no row `{code}` with the words of {WORDS}: {text}"


def problems():
    return list(complaints((ROOT / WORDS).read_text(), (ROOT / PAGE).read_text()))


if __name__ == "__main__":
    found_problems = problems()
    print("\n".join(found_problems) if found_problems else "error texts: good")
    sys.exit(1 if found_problems else 0)
