"""Malformed and ambiguous requests (RFC 9112 and 9110). `@H` stands for a good Host value.

HEADS: refused whole, before anything is forwarded. BODIES: the head is good, the body is not; the origin may have seen
the head, but never a complete request."""

LINE = "GET / HTTP/1.1\r\n"
END = "Host: @H\r\n\r\n"


def line(text):
    return text + "\r\n" + END


def field(text):
    return LINE + "Host: @H\r\n" + text + "\r\n\r\n"


def post(fields, body="hello"):
    return "POST / HTTP/1.1\r\nHost: @H\r\n" + fields + "\r\n\r\n" + body


REQUEST_LINES = {
    "two spaces after the method": line("GET  / HTTP/1.1"),
    "two spaces before the version": line("GET /  HTTP/1.1"),
    "a leading space": line(" GET / HTTP/1.1"),
    "a leading tab": line("\tGET / HTTP/1.1"),
    "a trailing space": line("GET / HTTP/1.1 "),
    "a trailing tab": line("GET / HTTP/1.1\t"),
    "a tab for a space": line("GET\t/ HTTP/1.1"),
    "a tab before the version": line("GET /\tHTTP/1.1"),
    "a vertical tab for a space": line("GET\x0b/ HTTP/1.1"),
    "no version": line("GET /"),
    "no target": line("GET HTTP/1.1"),
    "only a method": line("GET"),
    "HTTP/0.9": "GET /\r\n\r\n",
    "HTTP/2.0": line("GET / HTTP/2.0"),
    "HTTP/3.0": line("GET / HTTP/3.0"),
    "HTTP/0.9 by name": line("GET / HTTP/0.9"),
    "HTTP/1.10": line("GET / HTTP/1.10"),
    "HTTP/01.1": line("GET / HTTP/01.1"),
    "HTTP/1.01": line("GET / HTTP/1.01"),
    "HTTP/1": line("GET / HTTP/1"),
    "HTTP/1.": line("GET / HTTP/1."),
    "HTTP/.1": line("GET / HTTP/.1"),
    "HTTP/1,1": line("GET / HTTP/1,1"),
    "a lower-case protocol": line("GET / http/1.1"),
    "a mixed-case protocol": line("GET / Http/1.1"),
    "another protocol": line("GET / HTTPS/1.1"),
    "ICY": line("GET / ICY/1.1"),
    "RTSP": line("GET / RTSP/1.0"),
    "a space inside the version": line("GET / HTTP /1.1"),
    "a space after the slash": line("GET / HTTP/ 1.1"),
    "letters behind the version": line("GET / HTTP/1.1x"),
    "a sign in the version": line("GET / HTTP/+1.1"),
    "NUL in the method": line("G\x00T / HTTP/1.1"),
    "a brace in the method": line("G{T / HTTP/1.1"),
    "a colon in the method": line("GET: / HTTP/1.1"),
    "DEL in the method": line("G\x7fT / HTTP/1.1"),
    "a high byte in the method": line("G\xe4T / HTTP/1.1"),
    "NUL in the target": line("GET /a\x00b HTTP/1.1"),
    "a control in the target": line("GET /a\x01b HTTP/1.1"),
    "DEL in the target": line("GET /a\x7fb HTTP/1.1"),
    "a space in the target": line("GET /a b HTTP/1.1"),
    "a target without slash": line("GET foo HTTP/1.1"),
    "a target that is a query": line("GET ?a=1 HTTP/1.1"),
    "an asterisk for GET": line("GET * HTTP/1.1"),
    "an absolute target without host": line("GET http:///a HTTP/1.1"),
    "an absolute target with a user": line("GET http://user@@H/ HTTP/1.1"),
    "bare LF behind the request line": "GET / HTTP/1.1\nHost: @H\r\n\r\n",
    "bare CR behind the request line": "GET / HTTP/1.1\rHost: @H\r\n\r\n",
    "two CR behind the request line": "GET / HTTP/1.1\r\r\nHost: @H\r\n\r\n",
    "a TLS hello": "\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + "a" * 64 + "\r\n\r\n",
    "the preface of HTTP/2": "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
    "a line of an SSH client": "SSH-2.0-OpenSSH_9.2\r\n\r\n",
    "a PROXY line": "PROXY TCP4 1.2.3.4 5.6.7.8 1 2\r\n" + LINE + END,
}

HOSTS = {
    "no Host": LINE + "X: y\r\n\r\n",
    "two Hosts": LINE + "Host: @H\r\nHost: @H\r\n\r\n",
    "two Hosts that differ": LINE + "Host: @H\r\nHost: other.iterate.app\r\n\r\n",
    "two Hosts in other cases": LINE + "Host: @H\r\nhOsT: @H\r\n\r\n",
    "an empty Host": LINE + "Host:\r\n\r\n",
    "a Host of blanks": LINE + "Host:   \r\n\r\n",
    "a space in the Host": LINE + "Host: a @H\r\n\r\n",
    "a list of Hosts": LINE + "Host: @H, other.iterate.app\r\n\r\n",
    "a user in the Host": LINE + "Host: user@@H\r\n\r\n",
    "a path in the Host": LINE + "Host: @H/x\r\n\r\n",
    "a scheme in the Host": LINE + "Host: http://@H\r\n\r\n",
    "a Host port of letters": LINE + "Host: @H:abc\r\n\r\n",
    "two Host ports": LINE + "Host: @H:80:80\r\n\r\n",
    "a query in the Host": LINE + "Host: @H?x\r\n\r\n",
    "NUL in the Host": LINE + "Host: @H\x00.x\r\n\r\n",
    "an empty label": LINE + "Host: a..iterate.app\r\n\r\n",
    "a leading dot": LINE + "Host: .@H\r\n\r\n",
    "two trailing dots": LINE + "Host: @H..\r\n\r\n",
    "a label of 64 bytes": LINE + "Host: " + "a" * 64 + ".iterate.app\r\n\r\n",
    "a percent in the Host": LINE + "Host: mis%68a.iterate.app\r\n\r\n",
}

FIELDS = {
    "a blank before the colon": field("X : y"),
    "a tab before the colon": field("X\t: y"),
    "a blank before the colon of Host": LINE + "Host : @H\r\n\r\n",
    "a blank in a name": field("X y: z"),
    "no name": field(": y"),
    "no colon": field("novalue"),
    "NUL in a name": field("X\x00y: z"),
    "NUL in a value": field("X: y\x00z"),
    "a bracket in a name": field("X(y): z"),
    "a quote in a name": field('"X": z'),
    "a slash in a name": field("X/y: z"),
    "a high byte in a name": field("X\xff: z"),
    "DEL in a name": field("X\x7f: z"),
    "a control in a value": field("X: y\x01z"),
    "a vertical tab in a value": field("X: y\x0bz"),
    "a form feed in a value": field("X: y\x0cz"),
    "a backspace in a value": field("X: y\x08z"),
    "ESC in a value": field("X: y\x1bz"),
    "DEL in a value": field("X: y\x7fz"),
    "bare CR in a value": field("X: y\rz"),
    "bare CR before a field": field("X: y\rContent-Length: 5"),
    "two CR behind a field": field("X: y\r"),
    "bare LF behind a field": field("X: y\nZ: z"),
    "bare LF before a framing field": field("X: y\nTransfer-Encoding: chunked"),
    "bare LF behind Host": LINE + "Host: @H\n\r\n",
    "bare LF for the empty line": LINE + "Host: @H\r\n\n",
    "two bare LF": LINE + "Host: @H\n\n",
    "bare LF everywhere": "GET / HTTP/1.1\nHost: @H\n\n",
    "bare CR everywhere": "GET / HTTP/1.1\rHost: @H\r\r\r\n\r\n",
    "a fold by a blank": field("X: y\r\n z"),
    "a fold by a tab": field("X: y\r\n\tz"),
    "a fold of Host": LINE + "Host: @H\r\n .x\r\n\r\n",
    "a fold that is empty": field("X: y\r\n "),
    "a fold before the first field": LINE + " X: y\r\n" + END,
    "a blank before Host": LINE + " Host: @H\r\n\r\n",
    "a fold of Transfer-Encoding": post("Transfer-Encoding:\r\n chunked", "0\r\n\r\n"),
    "a fold of Content-Length": post("Content-Length:\r\n 5"),
}

LENGTHS = {
    "a negative length": post("Content-Length: -5"),
    "a signed length": post("Content-Length: +5"),
    "a hexadecimal length": post("Content-Length: 0x5"),
    "letters behind the length": post("Content-Length: 5a"),
    "letters for a length": post("Content-Length: five"),
    "an empty length": post("Content-Length:"),
    "a blank length": post("Content-Length:  "),
    "a length with a blank inside": post("Content-Length: 5 5"),
    "a length with a separator": post("Content-Length: 5_0"),
    "a length with a point": post("Content-Length: 5.0"),
    "a length with an exponent": post("Content-Length: 5e0"),
    "a quoted length": post('Content-Length: "5"'),
    "a length with a parameter": post("Content-Length: 5;x"),
    "a list of lengths that differ": post("Content-Length: 5, 6"),
    "a list of lengths that ends early": post("Content-Length: 5,"),
    "two lengths that differ": post("Content-Length: 5\r\nContent-Length: 6"),
    "two lengths, one of them bad": post("Content-Length: 5\r\nContent-Length: x"),
    "two lengths in other cases": post("Content-Length: 5\r\ncontent-length: 0"),
    "a length of 2^64": post("Content-Length: 18446744073709551616"),
    "a length of 2^64 + 5": post("Content-Length: 18446744073709551621"),
    "a length of 30 digits": post("Content-Length: " + "9" * 30),
    "NUL in the length": post("Content-Length: 5\x00"),
    "a vertical tab before the length": post("Content-Length: \x0b5"),
    "a length and chunked": post("Content-Length: 5\r\nTransfer-Encoding: chunked", "0\r\n\r\n"),
    "chunked and a length": post("Transfer-Encoding: chunked\r\nContent-Length: 5", "0\r\n\r\n"),
    "chunked and a length of 0": post("Transfer-Encoding: chunked\r\nContent-Length: 0", "0\r\n\r\n"),
    "chunked and a bad length": post("Transfer-Encoding: chunked\r\nContent-Length: x", "0\r\n\r\n"),
    "a second request behind a doubtful length":
        post("Content-Length: 5\r\nTransfer-Encoding: chunked", "0\r\n\r\nGET /smuggled HTTP/1.1\r\nHost: @H\r\n\r\n"),
}

CODINGS = {
    "gzip alone": post("Transfer-Encoding: gzip"),
    "identity": post("Transfer-Encoding: identity"),
    "identity and a length": post("Transfer-Encoding: identity\r\nContent-Length: 5"),
    "chunked twice": post("Transfer-Encoding: chunked, chunked", "0\r\n\r\n"),
    "chunked in two fields": post("Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked", "0\r\n\r\n"),
    "chunked and then gzip": post("Transfer-Encoding: chunked, gzip", "0\r\n\r\n"),
    "chunked and then identity in two fields":
        post("Transfer-Encoding: chunked\r\nTransfer-Encoding: identity", "0\r\n\r\n"),
    "an unknown coding": post("Transfer-Encoding: xchunked", "0\r\n\r\n"),
    "a longer word": post("Transfer-Encoding: chunkedx", "0\r\n\r\n"),
    "a shorter word": post("Transfer-Encoding: chunke", "0\r\n\r\n"),
    "a quoted coding": post('Transfer-Encoding: "chunked"', "0\r\n\r\n"),
    "a coding with a control before it": post("Transfer-Encoding: \x0bchunked", "0\r\n\r\n"),
    "a coding with a control behind it": post("Transfer-Encoding: chunked\x0b", "0\r\n\r\n"),
    "a coding with NUL": post("Transfer-Encoding: chunked\x00", "0\r\n\r\n"),
    "an empty coding": post("Transfer-Encoding:", "0\r\n\r\n"),
    "a coding with a blank inside": post("Transfer-Encoding: chun ked", "0\r\n\r\n"),
    "a coding with a colon": post("Transfer-Encoding:: chunked", "0\r\n\r\n"),
    "a blank before the coding's colon": post("Transfer-Encoding : chunked", "0\r\n\r\n"),
    "a coding in HTTP/1.0": "POST / HTTP/1.0\r\nHost: @H\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
}


def chunked(body):
    return post("Transfer-Encoding: chunked", body)


BODIES = {
    "a chunk size of letters": chunked("g\r\nhello\r\n0\r\n\r\n"),
    "an empty chunk size": chunked("\r\nhello\r\n0\r\n\r\n"),
    "a hexadecimal prefix": chunked("0x5\r\nhello\r\n0\r\n\r\n"),
    "a negative chunk size": chunked("-5\r\nhello\r\n0\r\n\r\n"),
    "a signed chunk size": chunked("+5\r\nhello\r\n0\r\n\r\n"),
    "a blank before the chunk size": chunked(" 5\r\nhello\r\n0\r\n\r\n"),
    "a tab before the chunk size": chunked("\t5\r\nhello\r\n0\r\n\r\n"),
    "a chunk size with a separator": chunked("0_5\r\nhello\r\n0\r\n\r\n"),
    "a chunk size of 2^64": chunked("10000000000000000\r\nhello\r\n0\r\n\r\n"),
    "a chunk size of 2^64 + 5": chunked("10000000000000005\r\nhello\r\n0\r\n\r\n"),
    "a chunk size of 20 digits": chunked("F" * 20 + "\r\nhello\r\n0\r\n\r\n"),
    "bare LF behind the chunk size": chunked("5\nhello\r\n0\r\n\r\n"),
    "bare CR behind the chunk size": chunked("5\rhello\r\n0\r\n\r\n"),
    "two CR behind the chunk size": chunked("5\r\r\nhello\r\n0\r\n\r\n"),
    "bare LF behind the chunk": chunked("5\r\nhello\n0\r\n\r\n"),
    "nothing behind the chunk": chunked("5\r\nhello0\r\n\r\n"),
    "a chunk longer than its size": chunked("3\r\nhello\r\n0\r\n\r\n"),
    "a chunk shorter than its size": chunked("7\r\nhello\r\n0\r\n\r\n"),
    "NUL in the chunk size": chunked("5\x00\r\nhello\r\n0\r\n\r\n"),
    "bare LF in an extension": chunked("5;a=b\nc\r\nhello\r\n0\r\n\r\n"),
    "bare LF behind an extension": chunked("5;a\nhello\r\n0\r\n\r\n"),
    "bare CR in an extension": chunked("5;a\rb\r\nhello\r\n0\r\n\r\n"),
    "NUL in an extension": chunked("5;a=\x00\r\nhello\r\n0\r\n\r\n"),
    "an extension without semicolon": chunked("5 a=b\r\nhello\r\n0\r\n\r\n"),
    "bare LF behind the last chunk": chunked("5\r\nhello\r\n0\n\r\n"),
    "bare LF at the end": chunked("5\r\nhello\r\n0\r\n\n"),
    "bare LF behind a trailer": chunked("5\r\nhello\r\n0\r\nX: y\n\r\n"),
    "a fold in the trailers": chunked("5\r\nhello\r\n0\r\nX: y\r\n z\r\n\r\n"),
    "a blank before a trailer's colon": chunked("5\r\nhello\r\n0\r\nX : y\r\n\r\n"),
    "a trailer without colon": chunked("5\r\nhello\r\n0\r\nXy\r\n\r\n"),
    "NUL in a trailer": chunked("5\r\nhello\r\n0\r\nX: y\x00\r\n\r\n"),
    "a bad second chunk": chunked("5\r\nhello\r\nzz\r\nhello\r\n0\r\n\r\n"),
    "a second request in a bad chunk": chunked("5\r\nhello\r\n0x0\r\n\r\nGET /smuggled HTTP/1.1\r\nHost: @H\r\n\r\n"),
}

HEADS = {f"{group}: {name}": text for group, cases in (
    ("request line", REQUEST_LINES), ("host", HOSTS), ("field", FIELDS), ("length", LENGTHS), ("coding", CODINGS))
         for name, text in cases.items()}


def wire(text, host):
    return text.replace("@H", host).encode("latin-1")
