"""How many lines of each decoder the committed corpus reaches, from llvm-cov's lcov files (one a target), over which a
line counts as reached where any target reaches it. Exits 1 where a decoder is at or under the floor."""
import argparse
import pathlib
import sys

ROOT = pathlib.Path(__file__).resolve().parents[2]
FLOOR = 95.0
# What reads bytes of a client, an origin or a tunnel's other end. `*` is every line of the folder's other sources.
DECODERS = {
    "common/base": ("byte_block", "token"),
    "common/http": ("authority", "body_reader", "chars", "chunk_header", "field_section", "host_peek",
                    "http1_request_reader", "http1_response_reader", "list", "llhttp_fields", "message_facts", "nominated",
                    "request_target", "section_scanner", "start_line"),
    "common/proxies": ("proxy_header", "proxy_tlvs", "trusted_proxies"),
    "common/tls": ("client_hello", "post_handshake", "record_layer"),
    "common/tunnel": ("frame_decoder", "head_bytes", "head_codec", "session_control", "session_core"),
    "broker/routing": ("host_grammar", "host_name", "resolver"),
}


def read_lcov(path, lines_of):
    """Headers come under two names (the include path is made of links); they are one file."""
    file = None
    for line in path.read_text().splitlines():
        kind, _, rest = line.partition(":")
        if kind == "SF":
            file = lines_of.setdefault(pathlib.Path(rest).resolve(), {})
        elif kind == "DA":
            number, count = rest.split(",")[:2]
            file[int(number)] = file.get(int(number), False) or int(count) > 0


def decoder_of(path):
    """common/http/chunk_header.cc and .h are one decoder; None for other sources."""
    if ROOT not in path.parents:
        return None
    folder = path.relative_to(ROOT).parent.as_posix()
    return f"{folder}/{path.stem}" if path.stem in DECODERS.get(folder, ()) else None


def table(lines_of):
    rows = {f"{folder}/{name}": [] for folder, names in DECODERS.items() for name in names}
    for path, lines in lines_of.items():
        decoder = decoder_of(path)
        if decoder:
            rows[decoder] += [(path, number, reached) for number, reached in sorted(lines.items())]
    return rows


def percent(lines):
    return 100.0 * sum(reached for _, _, reached in lines) / len(lines) if lines else 0.0


def show(rows, missed):
    for decoder, lines in rows.items():
        print(f"{decoder:40} {sum(reached for _, _, reached in lines):4} of {len(lines):4} lines {percent(lines):6.1f} %")
        for path, number, reached in lines:
            if missed and not reached:
                print(f"    {path.name}:{number}: {path.read_text().splitlines()[number - 1]}")


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--missed", action="store_true", help="print the lines that no input reaches")
    parser.add_argument("lcov", nargs="+", type=pathlib.Path)
    options = parser.parse_args()
    lines_of = {}
    for path in options.lcov:
        read_lcov(path, lines_of)
    rows = table(lines_of)
    show(rows, options.missed)
    low = [decoder for decoder, lines in rows.items() if percent(lines) <= FLOOR]
    if low:
        print(f"dev: fuzz coverage: {FLOOR:.0f} % or less of {', '.join(low)}")
    return 1 if low else 0


if __name__ == "__main__":
    sys.exit(main())
