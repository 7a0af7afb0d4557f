"""The rules of the tree as tests, and that each rule can fail."""
import os
import sys

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import error_texts
import hosts
import includes
import sizes


def test_no_file_and_no_function_is_too_long():
    assert sizes.problems() == []


def test_includes_point_one_way():
    assert includes.problems() == []


def test_no_registry_host_name_is_in_the_tree():
    assert hosts.problems() == []


def test_the_troubleshooting_page_has_the_words_of_the_error_pages():
    assert error_texts.problems() == []


def test_an_error_without_its_row_is_found():
    source = 'case ErrorCode::kBadRequest:\n return "Bad.";\n default:\n return "Ours.";'
    assert len(list(error_texts.complaints(source, "| `internal_error` | Ours. |"))) == 1


def body(lines):
    return "".join(f"  call({number});\n" for number in range(lines))


def test_a_function_over_the_limit_is_found():
    text = "namespace a {\nint short_one() { return 1; }\nint long_one(int x) {\n" + body(80) + "}\n}\n"
    assert list(sizes.too_big("a.cc", text)) == ["a.cc:3: a function of 82 lines (at most 80)"]


def test_a_function_at_the_limit_passes():
    text = "int one() {\n" + body(78) + "}\n"
    assert list(sizes.too_big("a.cc", text)) == []


def test_a_constructor_with_braces_in_its_initialisers_is_a_function():
    text = "A::A(int x) : a_{x}, b_{x} {\n" + body(80) + "}\n"
    assert len(list(sizes.too_big("a.cc", text))) == 1


def test_a_class_is_no_function_and_its_members_are():
    members = "".join(f"  int m{number}() const {{ return {number}; }}\n" for number in range(90))
    assert list(sizes.too_big("a.h", "class A : public B<int(int)> {\n" + members + "};\n")) == []
    text = "class A {\n  void run() {\n" + body(80) + "  }\n};\n"
    assert list(sizes.too_big("a.h", text)) == ["a.h:2: a function of 82 lines (at most 80)"]


def test_braces_in_literals_and_comments_do_not_count():
    text = 'int one() {\n  const char c = \'{\'; const auto* t = "{{"; // {\n  /* { */\n  return 1\'000;\n}\n' + body(90)
    assert list(sizes.cpp_functions(text)) == [(1, 5)]


def test_long_python_and_shell_functions_are_found():
    python = "def one():\n" + "    x = 1\n" * 80
    assert list(sizes.too_big("a.py", python)) == ["a.py:1: a function of 81 lines (at most 80)"]
    shell = "one() {\n" + "  true\n" * 80 + "}\n"
    assert list(sizes.too_big("a.sh", shell)) == ["a.sh:1: a function of 82 lines (at most 80)"]


def test_a_long_file_is_found():
    assert list(sizes.too_big("a.md", "x\n" * 801)) == ["a.md: 801 lines (at most 800)"]


def test_an_include_across_programs_is_found():
    assert list(includes.complaints_of("agent/main.cc", '#include "broker/app.h"\n')) != []
    assert list(includes.complaints_of("common/http/a.cc", '#include "agent/app.h"\n')) != []
    assert list(includes.complaints_of("common/http/a.cc", '#include "common/uv/loop.h"\n')) != []
    assert list(includes.complaints_of("broker/a.cc", "#include <uv.h>\n")) != []
    assert list(includes.complaints_of("broker/a.cc", '#include "common/uv/loop.h"\n')) == []


def test_a_registry_host_name_is_found():
    assert list(hosts.complaints_of("a.json", ("https://registry.npm" + "js.org/x").encode())) != []
