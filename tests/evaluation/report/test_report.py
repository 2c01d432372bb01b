"""The report's files."""

import numpy as np
import pytest
from PIL import Image

from colorgan.evaluation import compare, evaluate, report
from colorgan.evaluation.report import sheets


def test_the_picture_of_the_report(full, tmp_path):
    path = tmp_path / "new" / "report.png"
    report.write_png(path, full, [compare.compare(full, "gray", "cold", resamples=20)])
    with Image.open(path) as image:
        picture = np.asarray(image.convert("RGB"))
    assert picture.shape[1] > 800
    sheet = sheets.sample_sheet(full)
    bottom = picture.shape[0] - report.MARGIN
    found = picture[bottom - sheet.shape[0] : bottom, report.MARGIN : report.MARGIN + sheet.shape[1]]
    np.testing.assert_array_equal(found, sheet)


def test_an_evaluation_without_curves_has_no_report(evaluation, tmp_path):
    for write in (report.write_html, report.write_png):
        with pytest.raises(ValueError, match="for_report=True"):
            write(tmp_path / "x", evaluation)
    assert list(tmp_path.iterdir()) == []


def test_a_report_of_few_metrics_and_no_samples(tmp_path):
    rgb = np.random.default_rng(9).integers(0, 256, (2, 8, 8, 3)).astype(np.uint8)
    batch = {"rgb": rgb, "label": np.array([-1, -1]), "index": np.arange(2)}
    options = {"names": ["psnr"], "sample_size": 0, "resamples": 5, "for_report": True}
    few = evaluate.evaluate({"gray": evaluate.gray_baseline}, [batch], description="noise", **options)
    report.write_html(tmp_path / "report.html", few)
    report.write_png(tmp_path / "report.png", few)
    text = (tmp_path / "report.html").read_text(encoding="utf-8")
    assert 'id="curves"' in text and 'id="pictures"' not in text and 'id="samples"' not in text
    with Image.open(tmp_path / "report.png") as image:
        assert image.width > 800
