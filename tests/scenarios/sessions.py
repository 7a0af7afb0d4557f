"""Sessions of a portal: a token (JWT, HS256) that says whose workspace its holder may reach."""
import base64
import hashlib
import hmac
import json
import time

KEY = "a-secret-of-the-portal-32-bytes!"


def b64(data):
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def session_of(user, project="genome"):
    signed = ".".join(b64(json.dumps(part).encode()) for part in ({"alg": "HS256"}, {
        "project": project, "user": user, "exp": int(time.time()) + 600}))
    return signed + "." + b64(hmac.new(KEY.encode(), signed.encode(), hashlib.sha256).digest())


def cookie_of(user, **words):
    return ("Cookie", f"session={session_of(user, **words)}; theme=dark")
