"""The report as one picture."""

import io

import numpy as np
from PIL import Image

from colorgan.evaluation import baselines, evaluate
from colorgan.evaluation.report import page, picture, sheets


def drawn(evaluation):
    return np.asarray(Image.open(io.BytesIO(picture.png(evaluation))))


def test_the_picture_of_the_report(full):
    pixels = drawn(full)
    assert pixels.shape[1] > 800
    sheet = sheets.sample_sheet(full)
    bottom = pixels.shape[0] - picture.MARGIN
    found = pixels[bottom - sheet.shape[0] : bottom, picture.MARGIN : picture.MARGIN + sheet.shape[1]]
    np.testing.assert_array_equal(found, sheet)


def test_a_report_of_few_metrics_and_no_samples():
    rgb = np.random.default_rng(9).integers(0, 256, (2, 8, 8, 3)).astype(np.uint8)
    batch = {"rgb": rgb, "label": np.array([-1, -1]), "index": np.arange(2)}
    options = {"names": ["psnr"], "sample_size": 0, "resamples": 5, "for_report": True}
    few = evaluate.evaluate({"gray": baselines.gray_baseline}, [batch], description="noise", **options)
    text = page.page(few)
    assert 'id="curves"' in text and "<option" in text
    few.gallery = []
    without = page.page(few)
    assert 'id="pictures"' not in without and "<script" not in without
    assert "Chroma ratios: gray not measured." in text
    assert drawn(few).shape[1] > 800
