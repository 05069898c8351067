# The API alone, on port 8000.
#   docker build -t ml-app . && docker run -p 8000:8000 ml-app
# With `--build-arg ENGINE=sklearn` it also holds what a model needs that could not be compiled.

FROM python:3.13-slim-trixie AS build
ARG ENGINE=compiled
WORKDIR /app
COPY scripts/install requirements-api-*.txt /build/
RUN --mount=type=cache,target=/root/.cache/pip \
    sh /build/install /opt/venv "/build/requirements-api-$ENGINE.txt"
COPY src src
COPY models models
RUN chmod -R u=rwX,go=rX . \
 && python3 -m compileall -q --invalidation-mode unchecked-hash src

FROM python:3.13-slim-trixie AS sbom
COPY scripts/install scripts/sbom scripts/licences.toml requirements-sbom.txt /build/
RUN --mount=type=cache,target=/root/.cache/pip \
    sh /build/install /opt/sbom /build/requirements-sbom.txt

FROM python:3.13-slim-trixie AS api
RUN apt-get update \
 && apt-get install -y --no-install-recommends tini \
 && rm -rf /var/lib/apt/lists/* /var/cache/debconf/*-old /var/log/* \
 && useradd --uid 1000 --create-home appuser \
# For any user that the container is started as.
 && mkdir --mode 1777 /run/riskspace
COPY --from=build /opt/venv /opt/venv
COPY --from=build /app /app
WORKDIR /app
# The list of what is in this image, made by a tool that stays out of it.
RUN --mount=from=sbom,target=/mnt PYTHONDONTWRITEBYTECODE=1 \
    /mnt/opt/sbom/bin/python /mnt/build/sbom /usr/share/riskspace/sbom.cdx.json
USER 1000
ENV PATH=/opt/venv/bin:$PATH \
    PYTHONPATH=/app/src \
    RUN_DIR=/run/riskspace \
    ENV=production \
    API_HOST=0.0.0.0 \
    API_PORT=8000
EXPOSE 8000
HEALTHCHECK --interval=5s --timeout=5s --start-period=30s --retries=3 \
    CMD ["sh", "-c", "exec python -m riskspace.probe http://127.0.0.1:${API_PORT:-8000}/readyz"]
# Ended by SIGTERM, as `docker stop` asks, is a success.
ENTRYPOINT ["tini", "-e", "143", "--"]
CMD ["python", "-m", "riskspace.api"]
