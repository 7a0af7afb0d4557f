"""total.py FOLDER PART...: adds up the JUnit files FOLDER/PART.xml and ends with the line "N passed, N failed".

A part without a readable file (its build failed, or its runner died) counts as one failure. Skipped tests are neither
passed nor failed, and are named."""
import os
import sys
import xml.etree.ElementTree as ElementTree


def outcome_of(case):
    """pytest says failure, error or skipped by a child; ctest by failure or skipped, and the status attribute."""
    tags = {child.tag for child in case}
    if "failure" in tags or "error" in tags or case.get("status") == "fail":
        return "failed"
    if "skipped" in tags or case.get("status") in ("notrun", "disabled"):
        return "skipped"
    return "passed"


def name_of(case):
    return "::".join(part for part in (case.get("classname"), case.get("name")) if part)


def read_part(path):
    names = {"passed": [], "failed": [], "skipped": []}
    for case in ElementTree.parse(path).iter("testcase"):
        names[outcome_of(case)].append(name_of(case))
    return names


def add_part(folder, part, totals):
    path = os.path.join(folder, part + ".xml")
    try:
        names = read_part(path)
    except (OSError, ElementTree.ParseError) as problem:
        print(f"{part}: no result ({problem})")
        totals["failed"] += 1
        return
    if not names["passed"] and not names["failed"]:
        print(f"{part}: no test ran")
        totals["failed"] += 1
    for outcome, list_ in names.items():
        totals[outcome] += len(list_)
    print(f"{part}: {len(names['passed'])} passed, {len(names['failed'])} failed, {len(names['skipped'])} skipped")
    for outcome in ("failed", "skipped"):
        for name in names[outcome]:
            print(f"  {outcome}: {name}")


def main():
    folder, parts = sys.argv[1], sys.argv[2:]
    totals = {"passed": 0, "failed": 0, "skipped": 0}
    for part in parts:
        add_part(folder, part, totals)
    print(f"{totals['passed']} passed, {totals['failed']} failed")
    sys.exit(1 if totals["failed"] or not totals["passed"] else 0)


main()
