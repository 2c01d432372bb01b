"""Names of metrics, their sets, and their directions."""

import pytest

from colorgan.evaluation import definitions, metrics


def test_names():
    assert definitions.all_names((2, 2.5))[:3] == ("mae_ab", "eps2", "eps2.5")
    assert definitions.validation_names(5.0) == ("mae_ab", "eps5", "psnr", "colorfulness_ratio")
    for name in ("lpips", "eps", "epsx", "eps0", "eps-1", "epsnan", "epsinf"):
        with pytest.raises(ValueError, match=f"Unknown metric {name!r}. Known: mae_ab, .*chroma_ratio, .*and epsE"):
            metrics.Measurement([name])


def test_cost_is_smaller_for_better():
    assert definitions.cost("mae_ab", 8.0) < definitions.cost("mae_ab", 9.0)
    assert definitions.cost("psnr", 25.0) < definitions.cost("psnr", 24.0)
    assert definitions.cost("eps2", 0.3) < definitions.cost("eps2", 0.2)
    assert definitions.cost("colorfulness_ratio", 0.9) < definitions.cost("colorfulness_ratio", 1.2)
    with pytest.raises(ValueError, match="`colorfulness_truth` has no best value"):
        definitions.cost("colorfulness_truth", 1.0)
    with pytest.raises(ValueError, match="Unknown metric 'nope'"):
        definitions.cost("nope", 1.0)
    assert definitions.cost("FID-lite2", 1.0) == 1


def test_what_a_feature_network_gives_is_named_after_it():
    for kind in ("FID", "KID"):
        assert definitions.metric(f"{kind}-lite2") == definitions.metric(kind.lower())
    assert definitions.metric("LPIPS-lite2").columns == ("LPIPS-lite2",)
    for name in ("FID", "LPIPS", "FID-"):  # never alone
        with pytest.raises(ValueError, match=f"Unknown metric {name!r}"):
            definitions.metric(name)
    for name in ("fid", "FID-lite2", "LPIPS-lite2"):
        with pytest.raises(ValueError, match=f"`{name}` needs a feature network"):
            definitions.check_measured(name)
    definitions.check_measured("psnr")


def test_definitions_say_what_values_must_not_be_compared_with():
    assert "Not comparable with published values" in definitions.metric("auc_rebalanced").definition
    assert "no result is compared with its own truth" in definitions.metric("kid").definition


def test_controls_join_only_when_asked_for():
    assert not set(definitions.CONTROLS) & set(definitions.all_names())
    assert definitions.all_names(controls=("hue", "red"))[-2:] == ("hue", "red")
    assert definitions.table_names(controls=("saturation",))[-1] == "saturation"
    assert not {"fid", "kid"} & set(definitions.all_names())


def test_every_metric_says_what_it_is():
    for name in (*definitions.METRICS, "eps5"):
        known = definitions.metric(name)
        assert known.definition and known.better in ("", "low", "high", "one"), name
        assert len(known.columns) == {"mean": 1, "ratio": 2, "angle": 2}[known.reduction] or name in ("fid", "kid"), (
            name
        )
