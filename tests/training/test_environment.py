import json
import subprocess

import tensorflow as tf

from colorgan.training import environment


def recorded(place, **values):
    options = {"version": "1.2.3", "command": ["python", "train.py"], "iteration": 0, "data": {"training": "x"}}
    environment.record(place, **options | values)
    return environment.read(place)


def test_each_start_is_an_entry(tmp_path):
    (first,) = recorded(tmp_path)
    assert first["version"] == "1.2.3" and first["packages"]["tensorflow"] == tf.__version__
    assert first["devices"][0].endswith("cores, " + first["devices"][0].rpartition(" ")[2])
    entries = recorded(tmp_path, iteration=20)
    assert [one["iteration"] for one in entries] == [0, 20] and entries[0] == first


def test_a_damaged_record_keeps_no_run_from_going_on(tmp_path):
    (tmp_path / "environment.json").write_text("[{")
    assert len(recorded(tmp_path)) == 1


def test_the_commit_is_of_our_own_checkout(tmp_path, monkeypatch):
    def git(*words):
        identity = ["-c", "user.name=a", "-c", "user.email=a@b.example"]
        return subprocess.run(
            ["git", *identity, *words], cwd=tmp_path, check=True, capture_output=True, text=True
        ).stdout

    monkeypatch.setattr(environment, "ROOT", tmp_path)
    monkeypatch.setenv("GIT_CEILING_DIRECTORIES", str(tmp_path.parent))
    assert environment.commit() is None
    (tmp_path / "package").mkdir()
    (tmp_path / "package" / "a.py").write_text("1")
    git("init")
    git("add", ".")
    git("commit", "-m", "first")
    head = git("rev-parse", "HEAD").strip()
    assert environment.commit() == head
    (tmp_path / "package" / "a.py").write_text("2")
    assert environment.commit() == head + "+"
    monkeypatch.setattr(environment, "ROOT", tmp_path / "package")  # installed in somebody else's checkout
    assert environment.commit() is None


def test_it_is_json_that_people_can_read(tmp_path):
    recorded(tmp_path, command=["python", "train.py", "--dataset-path", "caf\u00e9"])
    text = (tmp_path / environment.NAME).read_text(encoding="utf-8")
    assert "caf\u00e9" in text and text.count("\n") > 10 and json.loads(text)
