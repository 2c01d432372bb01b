"""The HTML report: whole, fetching nothing, readable by eye and by ear."""

import base64
import dataclasses
import io
import re
from html.parser import HTMLParser

import numpy as np
import pytest
from PIL import Image

from colorgan.evaluation import baselines, statistics
from colorgan.evaluation.report import page, tables


class Reader(HTMLParser):
    """What an HTML file holds: its tags with their attributes, and whether they close."""

    void = {"meta", "img"}

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
    return page.page(full, [statistics.compare(full, "gray", "<warm>", resamples=20)])


def test_the_page_fetches_nothing(html_text):
    reader = Reader(html_text)
    for tag, attributes in reader.tags:
        for name in ("src", "srcset", "href", "data", "action", "poster"):
            assert attributes.get(name, "#").startswith(("data:image/png;base64,", "#")), (tag, name)
    assert not {"link", "script", "iframe", "object", "base"} & {tag for tag, _ in reader.tags}
    words = re.sub(r"base64,[^\"]+", "", html_text)
    assert not any(fetching in words for fetching in ("url(", "@import", "http", "//"))


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
    assert {link["href"][1:] for link in reader.all("a")} == set(ids)


def test_the_page_has_every_part(html_text, full):
    ids = {attributes["id"] for _, attributes in Reader(html_text).tags if "id" in attributes}
    expected = {"results", "comparison", "curves", "colours", "chroma", "pictures", "samples", "classes", "protocol"}
    assert ids == expected
    assert "<warm>" not in html_text and "&lt;warm&gt;" in html_text and "cats &amp; dogs" in html_text
    for name in full.table["gray"]:
        assert f">{tables.label(name)}<" in html_text, name
    value, low, high = full.table["cold"]["psnr"]
    assert f"{value:.2f} [{low:.2f}, {high:.2f}]" in html_text
    assert "<td>0.500</td>" in html_text  # what was desired
    assert "fid, kid: no feature network was named" in html_text
    for model in full.traces.ab:
        assert f"{100 * full.traces.eps_curve(model).mean():.1f} %" in html_text


def test_pictures_of_the_page_are_whole_and_at_their_own_size(html_text, full):
    images = [image for image in Reader(html_text).all("img") if "width" in image]
    # two models by two metrics, three parts of three, and two samples: gray, truth and result, or the two models,
    # because the gray baseline is the gray picture again
    assert len(images) == 2 * 2 * 9 * 3 + 2 * 4
    assert [image["alt"].partition(" of ")[0] for image in images[-4:]] == ["gray", "truth", "<warm>", "cold"]
    decoded = np.asarray(Image.open(io.BytesIO(base64.b64decode(images[-4 + 1]["src"].partition(",")[2]))))
    np.testing.assert_array_equal(decoded, full.samples[1]["truth"])
    assert (images[-1]["width"], images[-1]["height"], images[-1]["class"]) == ("120", "96", "pixels")  # 12 times 10x8


def test_pictures_are_called_by_their_names(full):
    named = dataclasses.replace(full, picture_names={i: f"a & b/{i}.jpg" for i in range(9)})
    assert "<h3>a &amp; b/1.jpg</h3>" in page.page(named)
    assert "<h3>image 1, x</h3>" in page.page(full)


def test_baselines_are_plotted_only_where_there_is_nothing_else(full):
    assert baselines.own(full.table) == ["<warm>", "cold"]
    assert baselines.own(["gray"]) == ["gray"]
