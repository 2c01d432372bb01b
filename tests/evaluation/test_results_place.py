"""Where results go, which trainings differ in what, and which judges are kin: what `--mode eval` decides for itself."""

import json
from types import SimpleNamespace

import numpy as np
import pytest

from colorgan.commands import networks, results, settings
from colorgan.settings import flags
from colorgan.weights import pretrained
from colorgan.weights.stored import WEIGHTS

NAMES = ["result.json", "report.html", "report.png", "report.md"]


def model(*words, file=WEIGHTS, packed=False):
    config = flags.parse(["--dataset", "shapes", *words], mode="train").config
    weights = SimpleNamespace(name=file)
    return SimpleNamespace(stored=SimpleNamespace(config=config, packed=packed, weights=weights))


def told(n, weights="run/generator.weights.h5, sha256 0123, working size 8", dataset="shapes"):
    return {"n": n, "dataset": dataset, "weights": {"run": weights}}


def test_nothing_is_overwritten_but_the_same(tmp_path, capsys):
    def names(protocol):
        files = results.Place(tmp_path).files(protocol)
        files[0].write_text(json.dumps({"protocol": protocol}))
        return [file.name for file in files]

    assert names(told(10)) == names(told(12)) == NAMES
    assert names(told(12, "run/generator.weights.h5, sha256 4567, working size 8")) == NAMES  # trained on
    assert capsys.readouterr().out == ""
    assert names(told(5)) == ["result-5.json", "report-5.html", "report-5.png", "report-5.md"]
    assert "has results of more images, and is kept" in capsys.readouterr().out
    assert names(told(12, dataset="other"))[0] == "result-12.json"
    assert "has results of other photographs, and is kept" in capsys.readouterr().out
    assert names(told(12, "best.weights.h5, sha256 89"))[0] == "result-12-2.json"
    assert names(told(12, "best.weights.h5, sha256 89"))[0] == "result-12-2.json"  # its own
    assert names(told(12, "third.weights.h5, sha256 89"))[0] == "result-12-3.json"


def test_other_weights_of_a_run_and_other_splits_have_results_of_their_own(tmp_path):
    def place(models, split="test"):
        found = results.place(tmp_path, models, split)
        return str(found.folder.relative_to(tmp_path)), found.part

    run, best = model(), model(file="best.weights.h5")
    assert place({"run": run}) == (".", "") and place({"run": run}, "validation") == (".", "-validation")
    assert place({"run": best}) == (".", "-best")
    assert place({"run": best}, "validation") == (".", "-best-validation")
    assert place({"mine": model(file="mine.weights.h5", packed=True)}) == (".", "")
    assert place({"a": run, "x/b.weights.h5": run}) == ("compared-with-b", "")
    assert place({name: run for name in "abcdef"})[0] == "compared-with-b-c-d-and-2-more"


def test_settings_that_differ_are_named():
    models = {"a": model("--lr", "0.1", "--seed", "1"), "b": model("--lr", "0.2", "--name", "b", "--log-interval", "5")}
    assert settings.different(models) == {"--lr": {"a": "0.1", "b": "0.2"}, "--seed": {"a": "1", "b": "0"}}
    short = {"a": model("--epochs", "2"), "b": model("--epochs", "3")}
    assert list(settings.different(short)) == ["--epochs"]
    short["b"].stored.packed = True  # packed weights do not say how long they were trained
    assert settings.different(short) == {}


def test_groups_are_of_runs_that_differ_in_their_seed_alone():
    seeds = {f"a-{seed}": model("--seed", str(seed)) for seed in (1, 2)}
    other = {"b": model("--lr", "0.1")}
    assert settings.groups(seeds | other) == {"a": ("a-1", "a-2"), "b": ("b",)}
    unlike = {"x1": seeds["a-1"], "y1": seeds["a-2"], "x": other["b"]}
    assert settings.groups(unlike) == {"x1 and others": ("x1", "y1"), "x": ("x",)}
    with pytest.raises(
        ValueError, match="no two of these runs differ only in their seed. They differ in --lr, --batch-size"
    ):
        settings.groups({"a": model("--lr", "0.1"), "b": model("--batch-size", "3", "--lr", "0.2")})


def test_a_judge_that_is_kin_is_named(tmp_path):
    judge = SimpleNamespace(
        name="efficientnet-lite2", sha256="0", of_sets={"fid": "FID-lite2", "kid": "KID-lite2"}, distance="LPIPS-lite2"
    )
    photo = {"--preset": "photo", "--dataset": "shapes"}
    words = [word for pair in photo.items() for word in pair]
    own, kin = model(*words), model(*words, "--encoder-name", "efficientnet-lite0")
    said = networks.notes(judge, {"own": own, "kin": kin, "plain": model()})
    assert said == [
        "own was built on efficientnet-lite2, which judges it here: FID-lite2, KID-lite2, LPIPS-lite2 may favour it.",
        "kin was built on efficientnet-lite0, of the same family and data as the judge: FID-lite2, KID-lite2, "
        "LPIPS-lite2 may favour it.",
    ]
    file = tmp_path / "features.keras"
    file.write_bytes(b"x")
    trained = model("--feature-model", str(file), "--adversarial", "non-saturating")
    of_file = SimpleNamespace(name="features.keras", sha256="", of_sets={"fid": "fid", "kid": "kid"}, distance="")
    assert networks.notes(of_file, {"m": trained})[0].startswith(
        f"m was trained against {file}; if it is related to the judge"
    )
    of_file.sha256 = "2d711642b726b04401627ca9fbac32f5c8530fb1903cc4db02258717921a4881"  # of "x", by sha256sum
    assert networks.notes(of_file, {"m": trained}) == [
        "m was trained against the very network that judges it here: fid, kid may favour it."
    ]
    assert networks.notes(None, {"own": own}) == []


def test_a_network_by_name_comes_out_of_its_package(monkeypatch):
    network = networks.find("efficientnet-lite0")
    rgb = np.random.default_rng(0).integers(0, 256, (1, 224, 224, 3)).astype(np.uint8)
    features, maps = network(rgb)
    assert features.shape == (1, 1280) and [one.shape[1] for one in maps] == [112, 56, 28, 14, 7]
    assert networks.find("") is None
    with pytest.raises(FileNotFoundError, match="`--fid-model`: nope is not there. Give efficientnet-lite0 or"):
        networks.find("nope")
    monkeypatch.setitem(pretrained.PACKAGES, "efficientnet-lite2", "efficientnet_lite2_that_nobody_has")
    with pytest.raises(FileNotFoundError, match="`--fid-model efficientnet-lite2`: the package .* extra `pretrained`"):
        networks.find("efficientnet-lite2")
