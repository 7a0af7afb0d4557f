"""A form, a page that fails, and Flask's debugger: app.py PORT"""
import sys

from flask import Flask, redirect, request, session, url_for

app = Flask(__name__)
app.secret_key = "of the test"


@app.get("/")
def form():
    said = session.get("said", "nothing")
    return f"<p id=said>said {said}</p><form method=post action=/said><input name=name><button id=send>send</button></form>"


@app.post("/said")
def take():
    session["said"] = request.form["name"]
    return redirect(url_for("form"))


@app.get("/fails")
def fails():
    answer = 6 * 7
    raise RuntimeError(f"of the test: {answer}")


app.run(port=int(sys.argv[1]), debug=True, use_reloader=False)
