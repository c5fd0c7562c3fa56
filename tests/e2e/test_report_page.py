#!/usr/bin/python3
"""The report's page in a browser: on a screen, by night, on a phone, on paper; without script and without anything loaded."""
import html
import http.server
import json
import os
import re
import struct
import subprocess
import threading
import zlib

from sipwarden_env import run
from test_report import DAY, MONDAY, PERIOD, Place, asterisk

# A page around ours that measures it and writes what it found into the title.
AROUND = """<!DOCTYPE html><title>waiting</title><iframe id="f" style="width:{width}px;height:4000px;border:0" srcdoc="{page}"></iframe>
<script>document.getElementById('f').onload = function () {{
 const d = this.contentDocument, e = d.documentElement, out = [];
 for (const x of d.querySelectorAll('section, .tile, table, svg, li'))
  if (!x.closest('.wide') && x.getBoundingClientRect().right > {width} + 1) out.push(x.tagName + '.' + x.getAttribute('class'));
 const box = q => {{ const b = d.querySelector(q).getBoundingClientRect(); return [b.width, b.height]; }};
 document.title = JSON.stringify({{ wide: e.scrollWidth, out: out, days: box('.days-chart'), hours: box('.hours-chart'),
  back: d.defaultView.getComputedStyle(d.body).backgroundColor, text: d.defaultView.getComputedStyle(d.body).color,
  bars: d.querySelectorAll('.days-chart .now').length, scripts: d.scripts.length, images: d.images.length,
  findings: d.querySelectorAll('.findings li').length, heading: d.querySelector('h1').textContent,
  mode: d.compatMode }}) }}</script>"""


def records():
    lines = [asterisk(MONDAY + n * DAY + 36000, "100", "0043151515", 600) for n in range(-20, 28)]
    lines += [asterisk(MONDAY + 8 * DAY + 3 * 3600 + n, "117", f"0025261544{n:04}", 300, source="203.0.113.9:5060") for n in range(40)]
    lines += [asterisk(MONDAY + 40000, "<script>document.title='owned'</script>", "005371234567")]
    lines += [asterisk(MONDAY + 40000, "x" * 60, "0043151515").replace("PJSIP/" + "x" * 60, "PJSIP/<img src='http://127.0.0.1:{port}/x'>"),
              "broken\n"]
    return lines


def chromium(place, *arguments):
    done = subprocess.run(["chromium", "--headless", "--no-sandbox", "--disable-gpu", "--hide-scrollbars", "--disable-dev-shm-usage",
                           f"--user-data-dir={place.path('profile')}", *arguments], stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                          env=dict(os.environ, HOME=place.dir, XDG_CONFIG_HOME=place.dir, XDG_CACHE_HOME=place.dir), timeout=120)
    return done.stdout.decode("utf-8", "replace")


def measure(place, page, width, *arguments):
    place.write("around.html", AROUND.format(width=width, page=html.escape(page)))
    dom = chromium(place, *arguments, "--virtual-time-budget=10000", "--dump-dom", "file://" + place.path("around.html"))
    title = re.search(r"<title>(.*?)</title>", dom, re.S)
    assert title and title.group(1).startswith("{"), dom[:2000]
    return json.loads(html.unescape(title.group(1)))


def make(place, port=1):
    return place.report("--format", "html", "--input", place.write("records", "".join(records()).replace("{port}", str(port))), *PERIOD,
                        "--rates", place.path("rates.csv"))


def brightness(color):
    return sum(int(n) for n in re.findall(r"\d+", color)[:3])


def test_the_page_fits_screens_and_phones_and_shows_its_charts():
    with Place() as p:
        page = make(p)
        for width in (1200, 390, 320):
            m = measure(p, page, width)
            assert m["wide"] <= width and m["out"] == [], (width, m)
            assert m["days"][0] > width * 0.4 and m["days"][1] > 100 and m["hours"][1] > 100 and m["bars"] > 20, m
            assert m["findings"] >= 3 and m["heading"] == "Calls of Example" and m["mode"] == "CSS1Compat", m
            assert m["scripts"] == 0 and m["images"] == 0, m


def test_the_page_is_dark_where_that_is_wanted():
    with Place() as p:
        page = make(p)
        day = measure(p, page, 800, "--blink-settings=preferredColorScheme=1")
        night = measure(p, page, 800, "--blink-settings=preferredColorScheme=0")
        assert brightness(day["back"]) > 600 > brightness(day["text"]) and brightness(night["back"]) < 150 < brightness(night["text"]), (day, night)


def png_colors(data):
    """How many pixels of each of the first colours there are: of what a screenshot writes, 8 bits, RGB or RGBA."""
    width, _, depth, kind = struct.unpack(">IIBB", data[16:26])
    assert depth == 8 and kind in (2, 6)
    size, at, packed = 3 if kind == 2 else 4, 8, b""
    while at < len(data):
        length, = struct.unpack(">I", data[at:at + 4])
        if data[at + 4:at + 8] == b"IDAT":
            packed += data[at + 8:at + 8 + length]
        at += 12 + length
    raw, line = zlib.decompress(packed), 1 + width * size
    return len(set(raw[n:n + line] for n in range(0, len(raw), line)))


def test_it_is_drawn_and_printed():
    with Place() as p:
        file = p.write("page.html", make(p))
        chromium(p, "--window-size=1100,2400", f"--screenshot={p.path('page.png')}", "file://" + file)
        with open(p.path("page.png"), "rb") as f:
            assert png_colors(f.read()) > 300
        chromium(p, "--no-pdf-header-footer", f"--print-to-pdf={p.path('page.pdf')}", "file://" + file)
        with open(p.path("page.pdf"), "rb") as f:
            pdf = f.read()
        pages = len(re.findall(rb"/Type\s*/Page\b", pdf))
        assert pdf.startswith(b"%PDF") and 1 <= pages <= 12, pages


class Counting(http.server.BaseHTTPRequestHandler):
    asked = []

    def do_GET(self):
        Counting.asked.append(self.path)
        self.send_response(204)
        self.end_headers()

    def log_message(self, *_):
        pass


def test_nothing_is_loaded_and_no_record_becomes_an_element():
    subprocess.run(["ip", "link", "set", "lo", "up"], check=True)
    server = http.server.HTTPServer(("127.0.0.1", 0), Counting)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        with Place() as p:
            page = make(p, server.server_port)
            assert "&lt;script&gt;" in page and "127.0.0.1" in page
            file = p.write("page.html", page)
            dom = chromium(p, "--virtual-time-budget=5000", "--dump-dom", "file://" + file)
            assert "<title>Calls of Example" in dom and Counting.asked == [], (dom[:300], Counting.asked)
    finally:
        server.shutdown()
        server.server_close()


if __name__ == "__main__":
    run(globals())
