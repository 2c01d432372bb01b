"""The HTML report: whole, fetching nothing, readable by eye and by ear."""

import base64
import dataclasses
import io
import re
from html.parser import HTMLParser

import markupsafe
import numpy as np
import pytest
from PIL import Image

from colorgan.evaluation import baselines
from colorgan.evaluation.report import page, plots, tables, verdict


class Reader(HTMLParser):
    """What an HTML file holds: its tags with their attributes, and whether they close."""

    void = {"meta", "img", "input"}

    def __init__(self, text):
        super().__init__()
        self.tags, self._open = [], []
        self.feed(text)
        assert self._open == []

    def handle_starttag(self, tag, attrs):
        self.tags.append((tag, dict(attrs)))
        if tag not in self.void:
            self._open.append(tag)

    def handle_endtag(self, tag):
        assert self._open.pop() == tag

    def all(self, tag):
        return [attributes for name, attributes in self.tags if name == tag]


@pytest.fixture(scope="module")
def html_text(full):
    return page.page(full)


def test_the_page_fetches_nothing(html_text):
    reader = Reader(html_text)
    for tag, attributes in reader.tags:
        for name in ("src", "srcset", "href", "data", "action", "poster"):
            assert attributes.get(name, "#").startswith(("data:image/png;base64,", "#")), (tag, name)
    assert not {"link", "iframe", "object", "base"} & {tag for tag, _ in reader.tags}
    words = re.sub(r"base64,[^\"]+", "", html_text)
    assert not any(fetching in words for fetching in ("url(", "@import", "http", "//", "fetch(", "import("))


def test_the_page_can_be_read_on_a_phone_in_the_dark_and_by_ear(html_text):
    reader = Reader(html_text)
    assert reader.all("html")[0]["lang"] == "en"
    assert {"name": "viewport", "content": "width=device-width, initial-scale=1"} in reader.all("meta")
    assert "prefers-color-scheme: dark" in html_text
    assert all(image["alt"].strip() for image in reader.all("img"))
    for region in (a for tag, a in reader.tags if a.get("role") == "region"):
        assert region["tabindex"] == "0" and region["aria-label"]
    assert len(reader.all("caption")) == len(reader.all("table"))
    assert all(cell.get("scope") in ("col", "row") for cell in reader.all("th"))
    ids = [attributes["id"] for _, attributes in reader.tags if "id" in attributes]
    assert len(ids) == len(set(ids))
    assert {link["href"][1:] for link in reader.all("a")} == {title["id"] for title in reader.all("h2")}
    assert {label["for"] for label in reader.all("label")} <= set(ids)


def test_the_page_has_every_part(html_text, full):
    ids = {attributes["id"] for _, attributes in Reader(html_text).tags if "id" in attributes}
    sections = {"results", "comparison", "curves", "colours", "chroma", "pictures", "classes", "protocol"}
    filters = {"part", "metric", "model", "class", "find", "before", "after", "slider", "count"}
    assert ids == sections | filters
    assert "<warm>" not in html_text and "&lt;warm&gt;" in html_text and "cats &amp; dogs" in html_text
    for name in full.table["gray"]:
        assert f">{tables.label(name)}<" in html_text, name
    value, low, high = full.table["cold"]["psnr"]
    assert f"{value:.2f}</span>" in html_text and f"[{low:.2f}, {high:.2f}]" in html_text
    assert "<td>0.500</td>" in html_text  # what was desired
    assert "--fid-model efficientnet-lite2 asks for them" in html_text
    for model in full.traces.ab:
        assert f"{100 * full.traces.eps_curve(model).mean():.1f} %" in html_text


def test_the_page_opens_with_the_verdict(html_text, full):
    body = html_text[html_text.index("</h1>") :]
    places = [body.index(markupsafe.escape(sentence)) for sentence in verdict.sentences(full)]
    assert places == sorted(places) and places[-1] < body.index("<nav")


def test_the_best_is_bold_and_what_is_worse_than_gray_is_red(html_text, full):
    names = list(full.table)
    for row in page.results_rows(full):
        for model, cell in zip(names, row["cells"], strict=True):
            classes = f'class="{"best " * ("best" in cell["marks"])}{"lost" * ("gray wins" in cell["marks"])}"'
            assert f"<td {classes}><span>{cell['value']}<" in html_text, (row["label"], model)
    assert '"lost"' in html_text and '"best "' in html_text


def test_pictures_of_the_page_are_whole_and_each_is_there_once(html_text, full):
    images = [image for image in Reader(html_text).all("img") if "width" in image]
    assert len(images) == len(full.gallery) * 4 == 9 * 4  # gray, truth, two models
    assert [image["alt"].partition(" of ")[0] for image in images[:4]] == ["gray", "truth", "<warm>", "cold"]
    decoded = np.asarray(Image.open(io.BytesIO(base64.b64decode(images[1]["src"].partition(",")[2]))))
    np.testing.assert_array_equal(decoded, full.samples[0]["truth"])
    assert 'class="layers pixels"' in html_text  # nothing small is blurred


@pytest.fixture
def drawn_once(full, monkeypatch):
    """Within: every page has the plots of `full`, which take seconds to draw."""
    found = plots.drawn(full)
    monkeypatch.setattr(plots, "drawn", lambda evaluation: found)


def test_large_pictures_are_compressed_and_said_to_be(full, drawn_once):
    rng = np.random.default_rng(0)
    large = rng.integers(0, 256, (page.SMALL + 2, 140, 3)).astype(np.uint8)
    one = {**full.gallery[0], "truth": large, "gray": large, "results": {"m": large}}
    card = page.card(full, one)
    assert all(data.startswith("data:image/webp;base64,") for _, data in card["layers"]) and not card["pixels"]
    assert "Pictures are compressed for this page" in page.page(dataclasses.replace(full, gallery=[one]))


def test_what_the_script_reads(full):
    card = page.card(full, full.gallery[0])
    assert card["data"]["class"] == "cats & dogs" and "first||" in card["data"]["shown"]
    psnr = full.per_image["cold"]["psnr"][0]
    assert card["data"]["cost"]["cold"]["psnr"] == -psnr and card["data"]["text"]["cold"]["psnr"] == f"{psnr:.2f}"


def test_pictures_are_called_by_their_names(full, drawn_once):
    named = dataclasses.replace(full, picture_names={i: f"a & b/{i}.jpg" for i in range(9)})
    assert "<h3>a &amp; b/1.jpg</h3>" in page.page(named)
    assert "<h3>image 1, x</h3>" in page.page(full)


def test_baselines_are_plotted_only_where_there_is_nothing_else(full):
    assert baselines.own(full.table) == ["<warm>", "cold"]
    assert baselines.own(["gray"]) == ["gray"]
