"""Workers for photographs and films. `Local`: this process; `cluster.Cluster`: workers of a Ray cluster.

Both take jobs from the call that plans and records them, and return them finished or failed; see `batch`. Imports
`serving.pipeline`, `serving.photos`, `serving.video` and the room `files`.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict, dataclass, field

from colorgan.files import remote
from colorgan.serving import pipeline, video
from colorgan.serving.photos import AUTOMATIC, Settings
from colorgan.serving.plan import Job
from colorgan.serving.steering import Wishes


@dataclass(frozen=True)
class How:
    """The settings for all jobs of a call.

    Attributes:
        settings, wishes: for photographs and films.
        film: further arguments of `video.colorize_film`.
    """

    settings: Settings
    wishes: Wishes = AUTOMATIC
    film: dict = field(default_factory=dict)


class Local:
    """This process and its threads.

    `photographs` and `films` take the jobs of `call.photographs()` or `call.films()`, and return when there are no
    more. Each job goes to `call.finish` when it is made, has a `problem`, or is `stopped`. During a film, `call.stop`
    is called.

    Args:
        colorizer: anything with `Colorizer.predict_small`.
        how: see `How`.
    """

    def __init__(self, colorizer, how: How):
        self._colorizer, self._how = colorizer, how

    def __enter__(self):
        return self

    def __exit__(self, *_):
        pass

    def photographs(self, call) -> None:
        """Colorize a call's photographs."""
        pipeline.run(self._colorizer, call.photographs(), self._how.settings, self._how.wishes, call.finish)

    def films(self, call) -> None:
        """Colorize a call's films, one by one."""
        for job in call.films():
            film(self._colorizer, job, self._how, stop=call.stop, say=call.say_of_film)
            call.finish(job)


def film(colorizer, job: Job, how: How, *, stop: Callable[[], bool], say: Callable[[str], None]) -> None:
    """Colorize a film; the job holds the result. A stopped film by URL restarts."""
    options = {"settings": how.settings, "wishes": how.wishes, **how.film}
    try:
        with remote.local(job.source) as source, remote.written(job.target) as target:
            names = {str(source): str(job.source), str(target): str(job.target)}
            told = lambda text: say(_renamed(text, names))  # noqa: E731
            made = video.colorize_film(colorizer, source, target, stop=stop, say=told, **options)
    except video.Stopped:  # its finished part is kept
        job.stopped = True
    except Exception as error:  # decoders, encoders and networks raise many types
        job.fail(error)
    else:
        job.seconds, job.made = made.seconds, asdict(made)


def _renamed(text, names):
    for here, there in names.items():
        text = text.replace(here, there)
    return text
