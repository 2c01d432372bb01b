# The service in a container: docs/deployment.md.
ARG PYTHON=3.12

FROM python:${PYTHON}-slim AS build
WORKDIR /src
COPY . .
RUN python -m venv /opt/colorgan && /opt/colorgan/bin/pip install --no-cache-dir .

FROM python:${PYTHON}-slim
RUN useradd --system --uid 10001 --no-create-home --home-dir /tmp colorgan
COPY --from=build /opt/colorgan /opt/colorgan
# Threads of many photographs would each keep memory of their own.
ENV PATH=/opt/colorgan/bin:$PATH HOME=/tmp MALLOC_ARENA_MAX=2 PYTHONUNBUFFERED=1 TF_CPP_MIN_LOG_LEVEL=2
USER 10001
WORKDIR /tmp
EXPOSE 8000
HEALTHCHECK --interval=15s --timeout=5s --start-period=60s \
    CMD ["python", "-c", "from urllib.request import urlopen; urlopen('http://127.0.0.1:8000/health', timeout=4)"]
ENTRYPOINT ["colorgan", "app", "--host", "0.0.0.0", "--gpu-ids", "-1"]
CMD ["--api", "--log-format", "json"]
