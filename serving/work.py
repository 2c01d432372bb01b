"""Where photographs and films are colorized. `Local`: in this process; `cluster.Cluster`: by workers of a Ray cluster.

Both take jobs from the call that plans and records them, and give them back when something has become of them; see
`batch`. Imports `serving.pipeline`, `serving.photos`, `serving.video` and the room `files`.
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
    """How all jobs of a call are colorized.

    Attributes:
        settings, wishes: of photographs and films.
        film: of films beside these, by the names that `video.colorize_film` has.
    """

    settings: Settings
    wishes: Wishes = AUTOMATIC
    film: dict = field(default_factory=dict)


class Local:
    """This process and its threads.

    `photographs` and `films` take what a call has to do, `call.photographs()` or `call.films()`, and return when there
    is no more. Each job is given to `call.finish` when it is made, has its `problem`, or is `stopped`. While a film is
    in hand, `call.stop` is asked.

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
        """Colorize a call's films, one after the other."""
        for job in call.films():
            film(self._colorizer, job, self._how, stop=call.stop, say=call.say_of_film)
            call.finish(job)


def film(colorizer, job: Job, how: How, *, stop: Callable[[], bool], say: Callable[[str], None]) -> None:
    """Colorize a film; what becomes of it, the job says. One by URL begins anew when it was stopped."""
    options = {"settings": how.settings, "wishes": how.wishes, **how.film}
    try:
        with remote.local(job.source) as source, remote.written(job.target) as target:
            names = {str(source): str(job.source), str(target): str(job.target)}
            told = lambda text: say(_renamed(text, names))  # noqa: E731
            made = video.colorize_film(colorizer, source, target, stop=stop, say=told, **options)
    except video.Stopped:  # what is done of it is kept
        job.stopped = True
    except Exception as error:  # decoders, encoders and networks raise what comes up
        job.fail(error)
    else:
        job.seconds, job.made = made.seconds, asdict(made)


def _renamed(text, names):
    for here, there in names.items():
        text = text.replace(here, there)
    return text
